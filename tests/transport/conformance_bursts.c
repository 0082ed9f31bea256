// SPDX-License-Identifier: MIT
// The suite: more than can be taken at once, and readers that do not come (M4).
#include "ends.h"

enum {
    STALL_MS = 500, // nothing blocks; a busy machine may do so
    TURN = 1000,    // the loops run once in so many messages of a burst
    SLOW_TURN = 25, // a slow one's loop runs once in so many messages
};

static int burst_count(void)
{
    return fixture->burst_count > 0 ? fixture->burst_count : 10000;
}

static int beyond_count(void)
{
    return fixture->reader_beyond > 0 ? fixture->reader_beyond : 1000;
}

static void check_stalls(void)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_lt(ends[i].stall_ns, patience_ns(STALL_MS));
    }
}

// What readers have not got is as declared.
static void check_loss(enum conformance_loss loss, uint64_t missing)
{
    switch (loss) {
    case LOSES_NOTHING:
        ck_assert_uint_eq(missing, 0);
        break;
    case LOSES_COUNTED:
        ck_assert_uint_eq(missing, told_lost());
        break;
    case LOSES_TOLD:
        ck_assert_msg((missing > 0) == (told_lost() > 0), "missing: %d, told: %d", (int)missing,
                      (int)told_lost());
        break;
    case LOSES_UNTOLD:
        break;
    }
}

START_TEST(delivers_a_paced_burst)
{
    start_ends(3, "g");
    say_paced(0, "g", burst_count());
    ck_assert_int_eq(heard_count(1, 0), burst_count());
    ck_assert_int_eq(heard_count(2, 0), burst_count());
    ck_assert_uint_eq(told_lost(), 0);
    check_stalls();
}
END_TEST

// In order, as far as that is promised, and the rest accounted for; then all is as before. A sender
// may tell what it could not send when it is closed.
START_TEST(accounts_for_a_burst)
{
    start_ends(3, "g");
    for (int i = 0; i < burst_count(); i++) {
        say(0, "g");
        if (i % TURN == 0) {
            hosts_turn(0);
        }
    }
    get_through(0, 1, "g");
    get_through(0, 2, "g");
    int sent = say(0, "g");
    RUN_UNTIL(all_heard(0, sent), fixture->delivery_ms);
    check_stalls();
    host_close(&ends[0], true);
    RUN_UNTIL(ends[0].closeds == 1, 2000);
    for (int at = 1; at < 3; at++) {
        ck_assert_int_ge(heard_count(at, 0), fixture->window);
        ck_assert(fixture->reorders || disorder_count(at, 0) == 0);
    }
    check_loss(fixture->burst_loss,
               2 * (uint64_t)sent - (uint64_t)(heard_count(1, 0) + heard_count(2, 0)));
}
END_TEST

// The others get everything meanwhile; then it reads what was kept, and hears what is new.
START_TEST(a_frozen_reader_costs_the_others_nothing)
{
    int count = fixture->reader_keeps + beyond_count();
    start_ends(3, "g");
    ends[2].frozen = true;
    say_paced(0, "g", count);
    ck_assert_int_eq(heard_count(1, 0), count);
    check_stalls();
    ends[2].frozen = false;
    get_through(0, 2, "g");
    RUN_UNTIL(heard_count(2, 0) >= fixture->reader_keeps, fixture->delivery_ms);
    int sent = say(0, "g");
    RUN_UNTIL(all_heard(0, sent), fixture->delivery_ms);
    ck_assert(fixture->reorders || disorder_count(2, 0) == 0);
    host_close(&ends[0], true);
    RUN_UNTIL(ends[0].closeds == 1, 2000);
    ck_assert_int_eq(ends[2].downs, 0);
    check_loss(fixture->reader_loss, (uint64_t)(sent - heard_count(2, 0)));
}
END_TEST

START_TEST(a_slow_reader_costs_the_others_nothing)
{
    start_ends(3, "g");
    for (int i = 0; i < beyond_count(); i += SLOW_TURN) {
        ends[2].frozen = true;
        say_paced(0, "g", SLOW_TURN);
        ends[2].frozen = false;
        hosts_turn(0);
    }
    ck_assert_int_eq(heard_count(1, 0), beyond_count());
    get_through(0, 2, "g");
    int sent = say(0, "g");
    RUN_UNTIL(all_heard(0, sent), fixture->delivery_ms);
    check_stalls();
    host_close(&ends[0], true);
    RUN_UNTIL(ends[0].closeds == 1, 2000);
    check_loss(fixture->reader_loss, (uint64_t)(sent - heard_count(2, 0)));
}
END_TEST

void add_burst_tests(Suite *suite)
{
    add_test(suite, delivers_a_paced_burst);
    add_test(suite, accounts_for_a_burst);
    add_test(suite, a_frozen_reader_costs_the_others_nothing);
    add_test(suite, a_slow_reader_costs_the_others_nothing);
}
