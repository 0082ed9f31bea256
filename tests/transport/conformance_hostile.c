// SPDX-License-Identifier: MIT
// The suite: bytes from one who means harm, or from one who is broken. They cost neither the
// process nor memory; the link works after them, or comes up again and then works.
//
// What is sent follows from a seed; CONFORMANCE_SEED=n in the environment is another one.
#include "ends.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    STRING_MAX = 60000,
    STRINGS = 1000,      // or as many as can be sent ...
    STRINGS_MS = 1000,   // ... in so long
    BETWEEN_CHECKS = 20, // strings
    GROWTH_MAX_KB = 64 * 1024,
};

static struct host victim;
static uint64_t seed, state;
static char awaited[32];
static bool has_come;

static uint32_t draw(uint32_t below)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed >> 33) % below);
}

// --- Strings of each kind ----------------------------------------------------------------------

static size_t write_good(unsigned char *out, const char *payload)
{
    return fixture->hostile_message("g", payload, out, 1024);
}

static size_t write_random(unsigned char *out, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        out[i] = (unsigned char)draw(256);
    }
    return len;
}

static size_t random_bytes(unsigned char *out)
{
    return write_random(out, 1 + draw(draw(2) == 0 ? 8 : 512));
}

static size_t truncated_message(unsigned char *out)
{
    return draw((uint32_t)write_good(out, "truncated"));
}

static size_t altered_message(unsigned char *out)
{
    uint32_t len = (uint32_t)write_good(out, "altered");
    for (uint32_t changes = 1 + draw(4); changes > 0; changes--) {
        out[draw(len)] = (unsigned char)draw(256);
    }
    return len;
}

// It perhaps claims to be longer still.
static size_t enormous_message(unsigned char *out)
{
    uint32_t len = (uint32_t)write_good(out, "enormous");
    if (draw(2) == 0) {
        memset(out + draw(len), 0xff, 1 + draw(4));
    }
    return len + write_random(out + len, STRING_MAX - 4096 - draw(30000));
}

static size_t garbage_between_messages(unsigned char *out)
{
    size_t len = write_good(out, "before");
    len += write_random(out + len, 1 + draw(64));
    return len + write_good(out + len, "behind");
}

static size_t write_string(unsigned char *out)
{
    static size_t (*const kinds[])(unsigned char *) = {random_bytes, truncated_message,
                                                       altered_message, enormous_message,
                                                       garbage_between_messages};
    return kinds[draw(sizeof kinds / sizeof *kinds)](out);
}

// --- Whoever brings them -----------------------------------------------------------------------

static void note_message(struct host *host, const char *group, const void *bytes, size_t len)
{
    (void)host;
    ck_assert_str_eq(group, "g");
    has_come |= len == strlen(awaited) && memcmp(bytes, awaited, len) == 0;
}

static bool brings_good_message(void)
{
    static int number;
    unsigned char good[1024];
    snprintf(awaited, sizeof awaited, "good %d", ++number);
    has_come = false;
    for (int tries = 0; tries < 5 && !has_come; tries++) {
        int64_t again_ns = now_ns() + patience_ns(20);
        fixture->hostile_send(good, write_good(good, awaited));
        RUN_UNTIL(has_come || now_ns() > again_ns, SOON_MS);
    }
    return has_come;
}

// Lets no bytes come for as long as it takes to notice that: a stream may wait for the rest of what
// it was promised.
static void keep_silent(void)
{
    int downs = victim.downs;
    int64_t end_ns = now_ns() + fixture->frozen_ms * INT64_C(1000000);
    RUN_UNTIL(victim.downs > downs || now_ns() > end_ns, fixture->frozen_ms + 1000);
    RUN_UNTIL(victim.is_up, fixture->return_ms + fixture->up_ms);
}

static void check_works(void)
{
    for (int tries = 0; !brings_good_message(); tries++) {
        ck_assert_msg(tries < 2, "it does not recover (CONFORMANCE_SEED=%llu):%s",
                      (unsigned long long)seed, hosts_report());
        keep_silent();
    }
}

static long resident_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void withstand(void)
{
    static unsigned char string[STRING_MAX];
    int recovery_ms = fixture->frozen_ms + fixture->return_ms + fixture->up_ms;
    long before_kb = resident_kb();
    int64_t end_ns = now_ns() + STRINGS_MS * INT64_C(1000000);
    for (int i = 1; i <= STRINGS && now_ns() < end_ns; i++) {
        RUN_UNTIL(victim.is_up, recovery_ms);
        fixture->hostile_send(string, write_string(string));
        hosts_turn(1);
        if (i % BETWEEN_CHECKS == 0) {
            check_works();
        }
    }
    check_works();
    ck_assert_int_lt(resident_kb() - before_kb, GROWTH_MAX_KB);
}

static void begin(void)
{
    const char *wish = getenv("CONFORMANCE_SEED");
    seed = state = wish != NULL ? strtoull(wish, NULL, 10) : 1;
    host_prepare(&victim, fixture->ops, "a");
    victim.config.keepalive_ns = 1000000000;
    victim.in_message = note_message;
    fixture->hostile_begin(&victim);
    host_open(&victim);
    host_join(&victim, "g");
    RUN_UNTIL(victim.is_up, fixture->up_ms);
    check_works();
}

static void end(void)
{
    host_close(&victim, false);
    RUN_UNTIL(victim.closeds == 1, 2000);
    fixture->hostile_end();
    host_stop(&victim);
}

START_TEST(withstands_hostile_bytes)
{
    begin();
    withstand();
    end();
}
END_TEST

void add_hostile_tests(Suite *suite)
{
    if (fixture->hostile_begin != NULL) {
        add_test(suite, withstands_hostile_bytes);
    }
}
