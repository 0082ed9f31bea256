// SPDX-License-Identifier: MIT
// How long a node waits after a beacon (D1): the table of the paper as numbers, d in gaps after
// the end of the cycle.
#include <check.h>

#include "core/delay.h"

#include <stdlib.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { S = 1000000000 };

// With a gap of 2 s: d of a delay.
static const struct params params = {.cycle_ns = 10 * NS_PER_S, .gap_ns = 2 * NS_PER_S};

#define ck_d(delay_ns, d) ck_assert_int_eq(delay_ns, 10 * NS_PER_S + (int64_t)((d)*2 * S))

// --- The line ----------------------------------------------------------------------------------

static const struct {
    uint32_t place;
    bool willing, python_in_line;
    double d;
} places[] = {
    // all ours
    {0, true, false, -1},
    {1, true, false, 1.5},
    {2, true, false, 2},
    {3, true, false, 2.25},
    {4, true, false, 2.35},
    {5, true, false, 2.35},
    {UINT32_MAX, true, false, 2.35},
    // a Python node leads: it ends its tag late
    {0, false, true, 0},
    {1, false, true, 2},
    {2, false, true, 2.2},
    {3, false, true, 2.3},
    {4, false, true, 2.35},
    {63, false, true, 2.35},
    // one of ours leads, and a Python node is in the line
    {0, true, true, -1},
    {1, true, true, 2},
    // each of the two has its own effect
    {0, false, false, 0},
    {1, false, false, 1.5},
};

START_TEST(d1_the_line)
{
    struct delay_line line = {places[_i].place, places[_i].willing, places[_i].python_in_line};
    ck_d(delay_in_line(&params, &line), places[_i].d);
}
END_TEST

START_TEST(d1_no_rounding_piles_up)
{
    struct params odd = {.cycle_ns = 1000000007, .gap_ns = 100000999};
    struct delay_line line = {.place = 1};
    ck_assert_int_eq(delay_in_line(&odd, &line), 1000000007 + 150001498); // 1.5 gap
    ck_assert_int_eq(delay_again(&odd), 1000000007 + 270002697);          // 2.7 gap
}
END_TEST

START_TEST(d1_the_longest_gap_does_not_overflow)
{
    struct params longest = {.cycle_ns = 86400 * NS_PER_S, .gap_ns = 3600 * NS_PER_S};
    ck_assert_int_eq(delay_again(&longest), (86400 + 9720) * NS_PER_S);
}
END_TEST

// --- The others --------------------------------------------------------------------------------

START_TEST(d1_the_last_resort)
{
    ck_d(delay_last_resort(&params, 0, false), 2.4);
    ck_d(delay_last_resort(&params, 0, true), 2.4 + 5); // and one cycle
}
END_TEST

START_TEST(d1_the_sender_of_the_last_beacon)
{
    ck_d(delay_again(&params), 2.7);
}
END_TEST

START_TEST(d1_not_ready)
{
    ck_d(delay_not_ready(&params, delay_again(&params)), 2.7 + 4.6);
}
END_TEST

START_TEST(e1_a_turn_is_late_between_the_times_of_places_0_and_1)
{
    ck_d(delay_silence(&params, true), 0.25);
    ck_d(delay_silence(&params, false), 1);
}
END_TEST

START_TEST(d3_a_renewal_stands_two_slacks_before_the_tag_ends)
{
    // -1, and slack = gap/20 + cycle/1000 = 0.11 s
    ck_assert_int_eq(delay_renewal(&params), 8 * NS_PER_S - 220000000);
}
END_TEST

// --- Spread ------------------------------------------------------------------------------------

static int64_t last_resort(uint64_t spread)
{
    return delay_last_resort(&params, spread, false);
}

static const struct {
    int64_t (*delay)(uint64_t spread);
    int64_t from_ns, to_ns;
} spreads[] = {
    {last_resort, 14800000000, 15200000000}, // d = 2.4 to 2.6
};

START_TEST(d1_spread_evenly_and_not_over_its_bounds)
{
    int64_t width_ns = spreads[_i].to_ns - spreads[_i].from_ns;
    ck_assert_int_eq(spreads[_i].delay(0), spreads[_i].from_ns);
    ck_assert_int_eq(spreads[_i].delay((uint64_t)width_ns), spreads[_i].to_ns);
    ck_assert_int_eq(spreads[_i].delay((uint64_t)width_ns + 1), spreads[_i].from_ns);
    ck_assert_int_eq(spreads[_i].delay((uint64_t)width_ns / 2), spreads[_i].from_ns + width_ns / 2);
    ck_assert_int_ge(spreads[_i].delay(UINT64_MAX), spreads[_i].from_ns);
    ck_assert_int_le(spreads[_i].delay(UINT64_MAX), spreads[_i].to_ns);
}
END_TEST

// --- What follows from the table ---------------------------------------------------------------

START_TEST(d1_whoever_stands_further_back_waits_longer)
{
    struct delay_line line = {.willing = _i & 1, .python_in_line = _i & 2};
    int64_t before_ns = 0;
    for (line.place = 0; line.place < 5; line.place++) {
        int64_t delay_ns = delay_in_line(&params, &line);
        ck_assert_int_gt(delay_ns, before_ns);
        before_ns = delay_ns;
    }
    ck_assert_int_gt(delay_last_resort(&params, 0, false), before_ns);
    ck_assert_int_gt(delay_again(&params), delay_last_resort(&params, 400000000, false));
    struct delay_line first = {.place = 0};
    ck_assert_int_ge(delay_not_ready(&params, delay_in_line(&params, &first)),
                     delay_last_resort(&params, 400000000, false) + 2 * params.gap_ns);
}
END_TEST

// The head's beacon and that of the next may each come a gap earlier or later than another's.
START_TEST(e1_no_latency_makes_a_turn_of_place_0_late_or_one_of_place_1_early)
{
    struct delay_line line = {.place = 0, .willing = _i > 0, .python_in_line = _i == 0};
    int64_t silence_ns = delay_silence(&params, line.willing);
    ck_assert_int_le(delay_in_line(&params, &line) + params.gap_ns, silence_ns);
    line.place = 1;
    ck_assert_int_ge(delay_in_line(&params, &line) - params.gap_ns, silence_ns);
}
END_TEST

// --- The suite --------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_the_line(Suite *suite)
{
    TCase *tcase = add_case(suite, "The line");
    tcase_add_loop_test(tcase, d1_the_line, 0, COUNT(places));
    tcase_add_test(tcase, d1_no_rounding_piles_up);
    tcase_add_test(tcase, d1_the_longest_gap_does_not_overflow);
}

static void add_the_others(Suite *suite)
{
    TCase *tcase = add_case(suite, "The others");
    tcase_add_test(tcase, d1_the_last_resort);
    tcase_add_test(tcase, d1_the_sender_of_the_last_beacon);
    tcase_add_test(tcase, d1_not_ready);
    tcase_add_test(tcase, e1_a_turn_is_late_between_the_times_of_places_0_and_1);
    tcase_add_test(tcase, d3_a_renewal_stands_two_slacks_before_the_tag_ends);
}

static void add_spread(Suite *suite)
{
    TCase *tcase = add_case(suite, "Spread");
    tcase_add_loop_test(tcase, d1_spread_evenly_and_not_over_its_bounds, 0, COUNT(spreads));
}

static void add_what_follows_from_the_table(Suite *suite)
{
    TCase *tcase = add_case(suite, "What follows from the table");
    tcase_add_loop_test(tcase, d1_whoever_stands_further_back_waits_longer, 0, 4);
    tcase_add_loop_test(tcase, e1_no_latency_makes_a_turn_of_place_0_late_or_one_of_place_1_early,
                        0, 2);
}

int main(void)
{
    Suite *suite = suite_create("delay");
    add_the_line(suite);
    add_the_others(suite);
    add_spread(suite);
    add_what_follows_from_the_table(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
