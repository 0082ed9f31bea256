// SPDX-License-Identifier: MIT
// The suite: up and down, in time and in words.
#include "ends.h"

#include <errno.h>
#include <string.h>

enum { STALE = 50, QUIET_MS = 1000 };

// A URL could show a password.
static void check_reason(const struct host *end)
{
    ck_assert_msg(strlen(end->reason) > 10 && contains(end->reason, " ") &&
                      !contains(end->reason, "://") && !contains(end->reason, "\n"),
                  "no sentence: %s", end->reason);
}

static void start_server(void)
{
    for (int i = 0; i < (fixture->own_servers ? 3 : 1); i++) {
        fixture->start(i);
    }
}

START_TEST(comes_up_in_time)
{
    struct host *end = prepare_end();
    host_open(end);
    host_join(end, "g");
    ck_assert_int_eq(try_say(0, "g", MESSAGE_BYTES), -ENOTCONN); // news come from the loop
    RUN_UNTIL(end->is_up, fixture->up_ms);
    ck_assert_int_eq(end->downs, 0);
}
END_TEST

START_TEST(comes_up_though_its_group_was_left)
{
    struct host *end = prepare_end();
    host_open(end);
    host_join(end, "g");
    host_leave(end, "g");
    RUN_UNTIL(end->is_up, fixture->up_ms);
}
END_TEST

START_TEST(comes_up_without_a_group)
{
    struct host *end = prepare_end();
    host_open(end);
    start_ends(1, "g");
    RUN_UNTIL(end->is_up, fixture->up_ms);
    host_join(end, "g");
    get_through(0, 1, "g");
}
END_TEST

START_TEST(sends_nothing_from_before_it_was_up)
{
    host_open(prepare_end());
    host_join(&ends[0], "g");
    for (int i = 0; i < STALE; i++) {
        ck_assert_int_eq(host_send(&ends[0], "g", "stale", 5), -ENOTCONN);
    }
    start_ends(1, "g");
    RUN_UNTIL(ends[0].is_up, fixture->up_ms);
    get_through(0, 1, "g"); // one that is stale has no number, and fails the test
}
END_TEST

START_TEST(waits_for_a_server_that_starts_later)
{
    for (int i = 0; i < 2; i++) {
        struct host *end = prepare_end();
        fixture->kill(i);
        host_open(end);
        host_join(end, "g");
    }
    for (int i = 0; i < 2; i++) {
        RUN_UNTIL(ends[i].downs > 0, fixture->down_ms);
        check_reason(&ends[i]);
        ck_assert_int_eq(ends[i].ups, 0);
    }
    for (int i = 0; i < 2; i++) {
        fixture->start(i);
        RUN_UNTIL(ends[i].is_up, fixture->return_ms);
    }
    get_through(0, 1, "g");
    get_through(1, 0, "g");
}
END_TEST

// A host fails when the same reason is told again. Others go on, where they can.
START_TEST(tells_that_its_server_is_gone)
{
    start_ends(3, "g");
    fixture->kill(0);
    RUN_UNTIL(!ends[0].is_up, fixture->down_ms);
    check_reason(&ends[0]);
    ck_assert_int_eq(try_say(0, "g", MESSAGE_BYTES), -ENOTCONN);
    hosts_run_for(QUIET_MS);
    check_reason(&ends[0]);
    ck_assert_int_eq(try_say(0, "g", MESSAGE_BYTES), -ENOTCONN);
    if (fixture->own_servers) {
        get_through(1, 2, "g");
        get_through(2, 1, "g");
        ck_assert_int_eq(ends[1].downs + ends[2].downs, 0);
    }
}
END_TEST

static void return_all(void)
{
    start_server();
    for (int i = 0; i < 3; i++) {
        RUN_UNTIL(ends[i].is_up, fixture->return_ms);
    }
}

START_TEST(returns_with_its_server)
{
    start_ends(3, "g");
    host_join(&ends[0], "left");
    host_join(&ends[1], "left");
    host_join(&ends[1], "later");
    get_through(1, 0, "left");
    fixture->kill(0);
    RUN_UNTIL(!ends[0].is_up, fixture->down_ms);
    host_join(&ends[0], "later");
    host_leave(&ends[0], "left");
    return_all();
    ck_assert_int_eq(ends[0].ups, 2);
    get_through(0, 1, "g");
    get_through(2, 0, "g");
    get_through(1, 0, "later");
    int left = say(1, "left");
    get_through(1, 0, "g");
    ck_assert(!heard(0, 1, left));
}
END_TEST

// What was taken for the lost connection is not sent on the next one.
START_TEST(sends_nothing_stale)
{
    start_ends(3, "g");
    fixture->freeze(0);
    int first = say(0, "g");
    for (int i = 1; i < STALE; i++) {
        say(0, "g");
    }
    hosts_turn(0);
    fixture->kill(0);
    RUN_UNTIL(!ends[0].is_up, fixture->down_ms);
    return_all();
    get_through(0, 1, "g");
    get_through(0, 2, "g");
    for (int i = 0; i < STALE; i++) {
        ck_assert(!heard(1, 0, first + i) && !heard(2, 0, first + i));
    }
}
END_TEST

START_TEST(notices_a_frozen_server)
{
    struct host *end = prepare_end();
    end->config.keepalive_ns = 1000000000;
    host_open(end);
    host_join(end, "g");
    start_ends(1, "g");
    RUN_UNTIL(end->is_up, fixture->up_ms);
    fixture->freeze(0);
    RUN_UNTIL(!end->is_up, fixture->frozen_ms);
    check_reason(end);
    ck_assert_int_eq(try_say(0, "g", MESSAGE_BYTES), -ENOTCONN);
    fixture->thaw(0);
    RUN_UNTIL(end->is_up && ends[1].is_up, fixture->return_ms);
    get_through(0, 1, "g");
}
END_TEST

void add_link_tests(Suite *suite)
{
    add_test(suite, comes_up_in_time);
    add_test(suite, comes_up_though_its_group_was_left);
    add_test(suite, comes_up_without_a_group);
    add_test(suite, sends_nothing_from_before_it_was_up);
    if (fixture->kill != NULL) {
        add_test(suite, waits_for_a_server_that_starts_later);
        add_test(suite, tells_that_its_server_is_gone);
        add_test(suite, returns_with_its_server);
    }
    if (fixture->freeze != NULL) {
        add_test(suite, sends_nothing_stale);
        add_test(suite, notices_a_frozen_server);
    }
}
