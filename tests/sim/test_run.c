// SPDX-License-Identifier: MIT
// Whole runs, as actor-sim makes them from its options: what a plan asks for happens, and its
// figures say so.
#include <check.h>

#include "sim/run.h"

#include <stdlib.h>

static struct plan plan;
static struct figures figures;
static struct outcome outcome;

static void set_up(void)
{
    plan = (struct plan){
        .nodes = 3,
        .cycles = 20,
        .params = params_default,
        .latency.max_ns = params_default.gap_ns / 20,
    };
}

static void run_it(void)
{
    const struct onlookers onlookers = {.measure = measure_new()};
    run(&plan, 1, &onlookers, &outcome);
    measure_figures(onlookers.measure, &figures);
    measure_free(onlookers.measure);
    ck_assert_msg(outcome.violations == 0, "%s", outcome.first.text);
}

START_TEST(nodes_take_turns_for_so_many_cycles)
{
    run_it();
    ck_assert_uint_eq(figures.turns.count, 3);
    ck_assert_double_ge(figures.turns.min, 4);
    ck_assert_double_eq_tol(figures.virtual_s, 200, 1e-9);
    ck_assert_uint_eq(figures.takeover_s.count, 0);
    ck_assert_uint_eq(figures.heal_s.count, 0);
}
END_TEST

START_TEST(holders_are_killed)
{
    plan.kill_every = 5;
    run_it();
    ck_assert_uint_ge(figures.takeover_s.count, 3);
}
END_TEST

START_TEST(who_is_split_off_comes_back)
{
    plan.split_at = 5;
    plan.split_for = 5;
    run_it();
    ck_assert_uint_eq(figures.heal_s.count, 1);
}
END_TEST

START_TEST(without_settle_nobody_has_an_index)
{
    run_it();
    ck_assert_uint_eq(figures.settled_s.count, 0);
}
END_TEST

START_TEST(all_have_an_index_when_nothing_has_changed_for_so_long)
{
    plan.has_roster = true;
    plan.settle_ns = 40 * NS_PER_S;
    run_it();
    ck_assert_uint_eq(figures.settled_s.count, 1);
    ck_assert_double_ge(figures.settled_s.min, 40);
    ck_assert_double_lt(figures.settled_s.max, 40 + 10 + 1.5 * 3.5);
}
END_TEST

// Those who were split off say nothing to the others.
START_TEST(drain_is_waited_for_where_an_index_is_lost)
{
    plan.has_roster = plan.hints.given = true;
    plan.hints.silence_ns = plan.params.cycle_ns;
    plan.cycles = 18;
    plan.split_at = 7;
    plan.split_for = 10;
    run_it();
    const double without_s = figures.settled_s.max;
    plan.drain_ns = 10 * NS_PER_S;
    run_it();
    ck_assert_uint_eq(figures.settled_s.count, 2);
    ck_assert_double_eq_tol(figures.settled_s.max, without_s + 10, 1);
}
END_TEST

// Nobody forgets another then (J6).
START_TEST(there_may_be_as_many_members_as_a_view_has)
{
    plan.has_roster = true;
    plan.nodes = ENGINE_NODES_MIN + 10;
    plan.cycles = 6;
    run_it();
    ck_assert_uint_eq(figures.settled_s.count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, nodes_take_turns_for_so_many_cycles);
    tcase_add_test(tests, holders_are_killed);
    tcase_add_test(tests, who_is_split_off_comes_back);
    tcase_add_test(tests, without_settle_nobody_has_an_index);
    tcase_add_test(tests, all_have_an_index_when_nothing_has_changed_for_so_long);
    tcase_add_test(tests, drain_is_waited_for_where_an_index_is_lost);
    tcase_add_test(tests, there_may_be_as_many_members_as_a_view_has);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
