// SPDX-License-Identifier: MIT
// The suite: who is there, for transports that can tell.
#include "ends.h"

#include <stdlib.h>
#include <string.h>

// The last that an end was told of another, in whatever group: "+ABOUT", "-", or "" for nothing.
static const char *told(int at, int of)
{
    static char last[sizeof ends[0].peers];
    char lines[sizeof ends[0].peers];
    const char *name = ends[of].config.name;
    char *rest = NULL;
    last[0] = '\0';
    memcpy(lines, ends[at].peers, sizeof lines);
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *about = strchr(line, ' ');
        ck_assert_ptr_nonnull(about);
        *about++ = '\0';
        const char *slash = strchr(line, '/'), *whom = slash != NULL ? slash + 1 : line + 1;
        if (strcmp(whom, name) == 0) {
            snprintf(last, sizeof last, "%c%s", line[0], about);
        }
    }
    return last;
}

static bool is_told(int at, int of, const char *expected)
{
    return strcmp(told(at, of), expected) == 0;
}

static void announce(int end, const char *about)
{
    ck_assert_int_eq(host_announce(&ends[end], about), 0);
}

static void await_told(int at, int of, const char *expected)
{
    RUN_UNTIL(is_told(at, of, expected), fixture->told_ms);
}

static const char *const abouts[] = {"{\"n\":0}", "{\"n\":1}", "{\"n\":2}"};
static const char *const heres[] = {"+{\"n\":0}", "+{\"n\":1}", "+{\"n\":2}"};

static void await_all_told(int count)
{
    for (int at = 0; at < count; at++) {
        for (int of = 0; of < count; of++) {
            await_told(at, of, at == of ? "" : heres[of]);
        }
    }
}

static void start_and_announce(int count)
{
    start_ends(count, "g");
    for (int i = 0; i < count; i++) {
        announce(i, abouts[i]);
    }
}

START_TEST(tells_each_of_the_others)
{
    start_and_announce(3);
    await_all_told(3);
}
END_TEST

START_TEST(tells_what_was_announced_before_up)
{
    host_open(prepare_end());
    host_join(&ends[0], "g");
    announce(0, abouts[0]);
    start_ends(1, "g");
    await_told(1, 0, heres[0]);
}
END_TEST

START_TEST(tells_who_comes_later)
{
    start_and_announce(2);
    await_all_told(2);
    start_ends(1, "g");
    await_told(2, 0, heres[0]);
    await_told(2, 1, heres[1]);
}
END_TEST

START_TEST(tells_what_has_changed)
{
    start_and_announce(2);
    await_all_told(2);
    announce(0, "{\"n\":{\"of\":[\"\\\"}\",7]}}");
    announce(0, "{\"n\":9}");
    await_told(1, 0, "+{\"n\":9}");
}
END_TEST

static void check_close(bool orderly)
{
    start_and_announce(3);
    await_all_told(3);
    host_close(&ends[0], orderly);
    await_told(1, 0, "-");
    await_told(2, 0, "-");
    ck_assert(is_told(1, 2, heres[2]));
}

START_TEST(tells_who_has_ended)
{
    check_close(true);
}
END_TEST

START_TEST(tells_who_was_closed_at_once)
{
    check_close(false);
}
END_TEST

START_TEST(tells_whose_server_is_gone)
{
    start_and_announce(3);
    await_all_told(3);
    fixture->kill(0);
    RUN_UNTIL(is_told(1, 0, "-") && is_told(2, 0, "-"), fixture->gone_ms);
    ck_assert(is_told(1, 2, heres[2]) && is_told(2, 1, heres[1]));
    fixture->start(0);
    RUN_UNTIL(is_told(1, 0, heres[0]) && is_told(2, 0, heres[0]),
              fixture->return_ms + fixture->told_ms);
}
END_TEST

static void close_it(struct host *host)
{
    host_close(host, true);
}

static void leave_it(struct host *host)
{
    host_leave(host, "g");
}

// Three of whom a fourth would be told, if it did not do that when it is told of the first.
static struct host *start_fourth(void (*in_peer)(struct host *host))
{
    start_and_announce(3);
    await_all_told(3);
    struct host *fourth = prepare_end();
    fourth->in_peer = in_peer;
    host_open(fourth);
    host_join(fourth, "g");
    return fourth;
}

// A host fails when it is told anything after close() but that it is complete.
START_TEST(may_be_closed_inside_peer)
{
    struct host *fourth = start_fourth(close_it);
    RUN_UNTIL(fourth->closeds == 1, fixture->up_ms + fixture->told_ms + SOON_MS);
    ck_assert_ptr_eq(strchr(fourth->peers, '\n'), strrchr(fourth->peers, '\n'));
}
END_TEST

// What is told of all groups may be told of still.
START_TEST(may_be_left_inside_peer)
{
    struct host *fourth = start_fourth(leave_it);
    RUN_UNTIL(fourth->is_up && fourth->peers[0] != '\0', fixture->up_ms + fixture->told_ms);
    fourth->in_peer = NULL;
    host_join(fourth, "g");
    announce(3, "{\"n\":3}");
    for (int of = 0; of < 3; of++) {
        await_told(3, of, heres[of]);
    }
    await_told(0, 3, "+{\"n\":3}");
}
END_TEST

void add_presence_tests(Suite *suite)
{
    if (fixture->told_ms == 0) {
        return;
    }
    add_test(suite, tells_each_of_the_others);
    add_test(suite, tells_what_was_announced_before_up);
    add_test(suite, tells_who_comes_later);
    add_test(suite, tells_what_has_changed);
    add_test(suite, tells_who_has_ended);
    add_test(suite, tells_who_was_closed_at_once);
    add_test(suite, may_be_closed_inside_peer);
    add_test(suite, may_be_left_inside_peer);
    if (fixture->own_servers) {
        add_test(suite, tells_whose_server_is_gone);
    }
}
