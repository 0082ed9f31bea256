// SPDX-License-Identifier: MIT
#include "ends.h"

#include <stdlib.h>
#include <string.h>

enum {
    NUMBERS_MAX = 1 << 14,
    PACKET_BYTES_MAX = 1 << 21,
    ASK_AGAIN_MS = 50,
};

// What one end has heard of another.
struct record {
    int count, again, disordered, highest;
    unsigned char times[NUMBERS_MAX];
};

const struct conformance *fixture;
struct host ends[CONFORMANCE_ENDS_MAX];
static int end_count;
static int said[CONFORMANCE_ENDS_MAX]; // the last number of each
static struct record records[CONFORMANCE_ENDS_MAX][CONFORMANCE_ENDS_MAX];
static uint64_t lost_in_logs;

// --- Messages ----------------------------------------------------------------------------------

static size_t write_message(unsigned char *out, size_t len, int from, int number,
                            const char *prefix, const char *group)
{
    char head[256];
    size_t used = (size_t)snprintf(head, sizeof head, "%d %d %s/%s|", from, number, prefix, group);
    len = len > used ? len : used;
    memcpy(out, head, used);
    for (size_t i = used; i < len; i++) {
        out[i] = (unsigned char)((size_t)number + i * 7);
    }
    return len;
}

static void check_message(const struct host *end, const char *group, const void *bytes, size_t len,
                          int *from, int *number)
{
    static unsigned char expected[PACKET_BYTES_MAX];
    char head[32] = "", *rest;
    memcpy(head, bytes, len < sizeof head ? len : sizeof head - 1);
    *from = (int)strtol(head, &rest, 10);
    *number = (int)strtol(rest, NULL, 10);
    ck_assert_msg(*from >= 0 && *from<end_count && * number> 0 && *number <= said[*from],
                  "nobody has sent this: %s", head);
    ck_assert_uint_le(len, sizeof expected);
    size_t expected_len = write_message(expected, len, *from, *number, end->config.prefix, group);
    ck_assert_msg(expected_len == len && memcmp(expected, bytes, len) == 0,
                  "altered, or of another group: %s", head);
}

static void record(struct host *end, const char *group, const void *bytes, size_t len)
{
    int from, number;
    check_message(end, group, bytes, len, &from, &number);
    struct record *of = &records[end - ends][from];
    of->disordered += number < of->highest;
    of->highest = number > of->highest ? number : of->highest;
    of->count += of->times[number] == 0;
    of->again += of->times[number] > 0;
    of->times[number] = 1;
}

static void note_loss(struct host *end, const char *line)
{
    (void)end;
    lost_in_logs += fixture->lost_in_line != NULL ? fixture->lost_in_line(line) : 0;
}

// --- The ends ----------------------------------------------------------------------------------

struct host *prepare_end_alone(void)
{
    static const char *const names[CONFORMANCE_ENDS_MAX] = {"a", "b", "c", "d", "e"};
    ck_assert_int_lt(end_count, CONFORMANCE_ENDS_MAX);
    int number = end_count++;
    struct host *end = &ends[number];
    host_prepare(end, fixture->ops, names[number]);
    fixture->address(number, &end->config);
    end->in_message = record;
    end->in_log = note_loss;
    return end;
}

struct host *prepare_end(void)
{
    if (fixture->start != NULL) {
        fixture->start(end_count);
    }
    return prepare_end_alone();
}

void remove_end(void)
{
    host_stop(&ends[--end_count]);
}

void start_ends(int count, const char *group)
{
    int first = end_count;
    for (int i = 0; i < count; i++) {
        struct host *end = prepare_end();
        host_open(end);
        host_join(end, group);
    }
    for (int i = first; i < end_count; i++) {
        RUN_UNTIL(ends[i].is_up, fixture->up_ms);
    }
}

// --- Saying ------------------------------------------------------------------------------------

int try_say(int from, const char *group, size_t len)
{
    static unsigned char bytes[PACKET_BYTES_MAX];
    int number = said[from] + 1;
    ck_assert_int_lt(number, NUMBERS_MAX);
    len = write_message(bytes, len, from, number, ends[from].config.prefix, group);
    int result = host_send(&ends[from], group, bytes, len);
    said[from] += result == 0;
    return result == 0 ? number : result;
}

int say(int from, const char *group)
{
    int number = try_say(from, group, MESSAGE_BYTES);
    ck_assert_int_gt(number, 0);
    return number;
}

static bool listens(int at, int from)
{
    return at != from && ends[at].transport != NULL && !ends[at].frozen;
}

static int least_heard(int from)
{
    int least = said[from];
    for (int at = 0; at < end_count; at++) {
        int count = records[at][from].count;
        least = listens(at, from) && count < least ? count : least;
    }
    return least;
}

void say_paced(int from, const char *group, int count)
{
    int missed = said[from] - least_heard(from);
    for (int i = 0; i < count; i++) {
        say(from, group);
        RUN_UNTIL(said[from] - least_heard(from) - missed < fixture->window, fixture->delivery_ms);
    }
    RUN_UNTIL(said[from] - least_heard(from) == missed, fixture->delivery_ms);
}

void get_through(int from, int to, const char *group)
{
    int64_t end_ns = now_ns() + patience_ns(SOON_MS);
    int before = said[from];
    while (records[to][from].highest <= before) {
        int64_t again_ns = now_ns() + ASK_AGAIN_MS * INT64_C(1000000);
        say(from, group);
        RUN_UNTIL(records[to][from].highest > before || now_ns() > again_ns, SOON_MS);
        ck_assert_msg(now_ns() < end_ns, "nothing comes through:%s", hosts_report());
    }
}

// --- Hearing -----------------------------------------------------------------------------------

bool heard(int at, int from, int number)
{
    return records[at][from].times[number] > 0;
}

bool all_heard(int from, int number)
{
    for (int at = 0; at < end_count; at++) {
        if (listens(at, from) && !heard(at, from, number)) {
            return false;
        }
    }
    return true;
}

int heard_count(int at, int from)
{
    return records[at][from].count;
}

int heard_again_count(int at, int from)
{
    return records[at][from].again;
}

int disorder_count(int at, int from)
{
    return records[at][from].disordered;
}

uint64_t told_lost(void)
{
    uint64_t lost = lost_in_logs;
    for (int i = 0; i < end_count; i++) {
        lost += ends[i].overrun;
    }
    return lost;
}

// --- Tests -------------------------------------------------------------------------------------

static void set_up(void)
{
    end_count = 0;
    lost_in_logs = 0;
    memset(said, 0, sizeof said);
    memset(records, 0, sizeof records);
    if (fixture->set_up != NULL) {
        fixture->set_up();
    }
}

// What still is under way does not count.
static void tear_down(void)
{
    for (int i = 0; i < end_count; i++) {
        ends[i].in_message = NULL;
    }
    while (end_count > 0) {
        remove_end();
    }
    if (fixture->tear_down != NULL) {
        fixture->tear_down();
    }
}

void add_test(Suite *suite, const TTest *test)
{
    TCase *one = tcase_create(test->name);
    tcase_set_timeout(one, 60);
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_add_test(one, test);
    suite_add_tcase(suite, one);
}
