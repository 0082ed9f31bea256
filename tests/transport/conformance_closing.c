// SPDX-License-Identifier: MIT
// The suite: the end, orderly or at any moment, and what is left after it.
#include "ends.h"

enum {
    CLOSED_MS = 1600, // an orderly one, which may take a second
    MOMENTS = 16,
    CYCLES = 5,
};

START_TEST(an_orderly_close_delivers_what_was_sent)
{
    start_ends(3, "g");
    for (int i = 0; i < fixture->window; i++) {
        say(0, "g");
    }
    host_close(&ends[0], true);
    RUN_UNTIL(ends[0].closeds == 1, CLOSED_MS);
    for (int i = 1; i <= fixture->window; i++) {
        RUN_UNTIL(all_heard(0, i), fixture->delivery_ms);
    }
    ck_assert_int_eq(ends[0].downs, 0);
    get_through(1, 2, "g"); // the others go on
}
END_TEST

static void close_it(struct host *end)
{
    host_close(end, true);
}

static void close_inside_message(struct host *end, const char *group, const void *bytes, size_t len)
{
    (void)group;
    (void)bytes;
    (void)len;
    host_close(end, true);
}

// A host fails when it is told anything after close() but that it is complete.
START_TEST(may_be_closed_inside_up)
{
    struct host *end = prepare_end();
    end->in_up = close_it;
    host_open(end);
    host_join(end, "g");
    RUN_UNTIL(end->closeds == 1, fixture->up_ms + CLOSED_MS);
    ck_assert_int_eq(end->ups, 1);
}
END_TEST

START_TEST(may_be_closed_inside_message)
{
    start_ends(3, "g");
    ends[1].in_message = close_inside_message;
    for (int i = 0; i < fixture->window; i++) {
        say(0, "g");
    }
    RUN_UNTIL(ends[1].closeds == 1, fixture->delivery_ms + CLOSED_MS);
    ck_assert_int_eq(ends[1].messages, 1);
    get_through(0, 2, "g");
}
END_TEST

START_TEST(may_be_closed_inside_down)
{
    start_ends(1, "g");
    ends[0].in_down = close_it;
    fixture->kill(0);
    RUN_UNTIL(ends[0].closeds == 1, fixture->down_ms + CLOSED_MS);
    ck_assert_int_eq(ends[0].downs, 1);
}
END_TEST

// After so many rounds of the loops.
static void close_after(struct host *end, int turns)
{
    host_open(end);
    host_join(end, "g");
    for (int i = 0; i < turns; i++) {
        hosts_turn(10);
    }
    host_close(end, turns % 2 == 0);
    RUN_UNTIL(end->closeds == 1, CLOSED_MS);
    remove_end();
}

START_TEST(may_be_closed_at_any_moment)
{
    start_ends(1, "g");
    for (int i = 0; i < MOMENTS; i++) {
        close_after(prepare_end(), i);
    }
    ck_assert_int_eq(ends[0].downs, 0);
}
END_TEST

START_TEST(may_be_closed_between_two_attempts)
{
    start_ends(1, "g");
    fixture->kill(0);
    remove_end();
    for (int i = 0; i < MOMENTS; i += 2) {
        close_after(prepare_end_alone(), 2 * i);
    }
}
END_TEST

START_TEST(closes_though_its_server_is_frozen)
{
    start_ends(1, "g");
    fixture->freeze(0);
    say(0, "g");
    host_close(&ends[0], true);
    RUN_UNTIL(ends[0].closeds == 1, CLOSED_MS);
}
END_TEST

static void live_and_end(bool orderly)
{
    struct host *end = prepare_end();
    host_open(end);
    host_join(end, "g");
    host_join(end, "other");
    RUN_UNTIL(end->is_up, fixture->up_ms);
    host_say(end, "other", "nobody hears this");
    host_leave(end, "other");
    host_close(end, orderly);
    remove_end();
}

// The first one may leave what a library keeps for ever.
START_TEST(leaves_no_descriptor_behind)
{
    live_and_end(true);
    int before = count_fds();
    for (int i = 0; i < CYCLES; i++) {
        live_and_end(i % 2 == 0);
    }
    RUN_UNTIL(count_fds() == before, 1000);
}
END_TEST

void add_closing_tests(Suite *suite)
{
    add_test(suite, an_orderly_close_delivers_what_was_sent);
    add_test(suite, may_be_closed_inside_up);
    add_test(suite, may_be_closed_inside_message);
    add_test(suite, may_be_closed_at_any_moment);
    add_test(suite, leaves_no_descriptor_behind);
    if (fixture->kill != NULL) {
        add_test(suite, may_be_closed_inside_down);
        add_test(suite, may_be_closed_between_two_attempts);
    }
    if (fixture->freeze != NULL) {
        add_test(suite, closes_though_its_server_is_frozen);
    }
}
