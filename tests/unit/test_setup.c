// SPDX-License-Identifier: MIT
// The parameters on the wire (V1): which set stands, who answers an older one and when, and what
// follows from a new one at once. This node has version 5; in "> vers 5" it is shown.
#include <check.h>

#include "script.h"

#include <stdlib.h>
#include <string.h>

static struct script *s;
static struct params mine; // of the start

static void set_up(void)
{
    s = script_new();
    script_config(s)->params.version = 5;
    mine = script_config(s)->params;
}

static void tear_down(void)
{
    script_free(s);
}

// --- Helpers -----------------------------------------------------------------------------------

static void listening(void)
{
    at(s, 1);
    link_up(s);
    forget(s);
}

// a spoke at 2 with this ring, a and b are ours, and it is 5.
static void on_ring(const char *ring)
{
    listening();
    hear_vers(s, "a", 5);
    hear_vers(s, "b", 5);
    at(s, 2);
    hear_ping(s, 0, ring);
    at(s, 5);
    forget(s);
}

// Mine, but for the version and the cycle.
static struct params set_of(int64_t version, int cycle_s)
{
    struct params params = mine;
    params.version = version;
    params.cycle_ns = cycle_s * NS_PER_S;
    return params;
}

static void hear_set(int64_t version, int cycle_s)
{
    struct params params = set_of(version, cycle_s);
    hear_params(s, "y", &params);
}

// --- Which set stands --------------------------------------------------------------------------

static const struct {
    int64_t version;
    int cycle_s;
    const char *outcome;
} sets[] = {
    {6, 10, "5.000 setup 6 by y\n"},
    {4, 10, "5.000   V1: y\n5.750 > vers 5\n"},
    {5, 10, ""},
    {5, 11, "5.000 setup 5 by y\n"}, // equal versions: the higher encoding
    {5, 9, "5.000   V1: y\n5.750 > vers 5\n"},
};

START_TEST(v1_the_higher_set_stands)
{
    on_ring("a m b");
    hear_set(sets[_i].version, sets[_i].cycle_s);
    at(s, 9);
    expect(s, sets[_i].outcome);
}
END_TEST

START_TEST(v1_what_was_taken_is_mine_from_then_on)
{
    on_ring("a m b");
    hear_set(6, 9);
    hear_set(5, 20);
    at(s, 9);
    expect(s, "5.000 setup 6 by y\n"
              "5.000   V1: y\n"
              "5.750 > vers 6\n");
}
END_TEST

START_TEST(v1_a_locked_node_refuses_and_says_so)
{
    script_config(s)->locked = true;
    on_ring("a m b");
    hear_set(6, 9);
    at(s, 9);
    expect(s, "5.000 ! new parameters, while ours are locked\n");
}
END_TEST

START_TEST(v1_a_locked_node_answers_an_older_set)
{
    script_config(s)->locked = true;
    on_ring("a m b");
    hear_set(4, 9);
    at(s, 9);
    expect(s, "5.000   V1: y\n"
              "5.750 > vers 5\n");
}
END_TEST

// --- Who answers an older set ------------------------------------------------------------------

static const struct {
    const char *ring, *answer;
} staggers[] = {
    {"a m b", "5.750 > vers 5\n"},   // 1/2 gap
    {"a b m", "6.125 > vers 5\n"},   // 3/4
    {"a b c m", "6.312 > vers 5\n"}, // 7/8
    {"a b", "6.125 > vers 5\n"},     // after the ring
};

START_TEST(v1_one_after_the_other_answers_an_older_set)
{
    on_ring(staggers[_i].ring);
    hear_set(4, 9);
    forget(s);
    at(s, 9);
    expect(s, staggers[_i].answer);
}
END_TEST

static const double leading[] = {5, 7}; // pending, tagged

START_TEST(v1_the_holder_answers_at_once)
{
    at(s, 1);
    link_up(s);
    at(s, leading[_i]);
    forget(s);
    hear_set(4, 9);
    at(s, leading[_i] + 0.01);
    expect(s, _i == 0 ? "5.000   V1: y\n5.000 > vers 5\n" : "7.000   V1: y\n7.000 > vers 5\n");
}
END_TEST

START_TEST(v1_the_holder_answers_at_once_beside_the_next_turn)
{
    on_ring("a b m");
    at(s, 19.1);
    hear_ping(s, 0, "b m a"); // R2: willing
    forget(s);
    hear_set(4, 9);
    expect(s, "19.100   V1: y\n"
              "19.100 > vers 5\n");
}
END_TEST

START_TEST(v1_whoever_hears_the_answer_is_silent)
{
    on_ring("a m b");
    hear_set(4, 9);
    at(s, 5.7);
    hear_vers(s, "a", 5);
    at(s, 9);
    expect(s, "5.000   V1: y\n");
}
END_TEST

START_TEST(v1_a_higher_set_makes_the_answer_void)
{
    on_ring("a m b");
    hear_set(4, 9);
    at(s, 5.7);
    hear_set(6, 9);
    at(s, 9);
    expect(s, "5.000   V1: y\n"
              "5.700 setup 6 by y\n");
}
END_TEST

START_TEST(v1_older_sets_are_answered_at_most_once_in_two_gap)
{
    on_ring("a m b");
    hear_set(4, 9);
    at(s, 5.5);
    hear_set(4, 9); // the same answer
    at(s, 6);
    hear_set(3, 9);
    at(s, 8.749);
    expect(s, "5.000   V1: y\n"
              "5.500   V1: y\n"
              "5.750 > vers 5\n"
              "6.000   V1: y\n");
    at(s, 11);
    expect(s, "8.750 > vers 5\n");
}
END_TEST

START_TEST(v1_a_listening_node_answers_nobody)
{
    listening();
    hear_set(4, 9);
    at(s, 4.7);
    expect(s, "1.000   V1: y\n"
              "2.500 > vers asks\n"); // J1
}
END_TEST

START_TEST(v1_a_disabled_node_answers_nobody)
{
    on_ring("a m b");
    enable(s, false);
    forget(s);
    hear_set(4, 9);
    at(s, 9);
    expect(s, "5.000   V1: y\n");
}
END_TEST

// --- What follows from a new set ---------------------------------------------------------------

START_TEST(v1_the_deadline_moves_at_once)
{
    on_ring("a b m"); // to speak at 10.5
    hear_set(6, 8);
    at(s, 8.5);
    expect(s, "5.000 setup 6 by y\n"
              "8.500 > ping m a b\n");
}
END_TEST

START_TEST(v1_a_turn_that_is_overdue_by_the_new_set_begins_at_once)
{
    on_ring("a b m");
    at(s, 9);
    hear_set(6, 5);
    expect(s, "9.000 setup 6 by y\n"
              "9.000 > ping m a b\n");
}
END_TEST

// m speaks at 10.5, and a new cycle would have it speak again before that turn stands.
START_TEST(v1_a_turn_that_pends_is_not_overtaken_by_a_shorter_cycle)
{
    struct params shorter = set_of(6, 1);
    shorter.gap_ns = NS_PER_S / 10;
    on_ring("a b m");
    at(s, 10.6);
    forget(s);
    hear_params(s, "y", &shorter);
    at(s, 12.05);
    expect(s, "10.600 setup 6 by y\n"
              "12.000 slot -: m a b\n"
              "12.000 > ping m a\n");
}
END_TEST

START_TEST(v1_the_ring_is_cut_at_once)
{
    struct params smaller = set_of(6, 10);
    smaller.nodes = 2;
    on_ring("a b m");
    hear_params(s, "y", &smaller);
    forget(s);
    hear_init(s, "x");
    at(s, 9);
    expect(s, ""); // m is an outsider now
}
END_TEST

// R4: and the one that it may become again, when a's next turn crosses x's.
START_TEST(v1_the_ring_before_is_cut_as_well)
{
    struct params smaller = set_of(6, 10);
    smaller.nodes = 2;
    on_ring("a b c d");
    at(s, 10.4);
    hear_ping(s, 0, "x a b c");
    hear_params(s, "y", &smaller);
    at(s, 10.6);
    hear_ping(s, 1, "a b");
    at(s, 13);
    expect_line(s, "slot a: a b full");
}
END_TEST

static const struct {
    int cycle_s;
    const char *end;
} tags[] = {
    {8, "18.417 untag end\n"},  // 10.5 + 8 - slack
    {12, "20.415 untag end\n"}, // as it was reported
};

START_TEST(v1_a_shorter_cycle_shortens_the_tag_that_runs)
{
    on_ring("a b m");
    at(s, 13);
    hear_set(6, tags[_i].cycle_s);
    forget(s);
    at(s, 21);
    expect(s, tags[_i].end);
}
END_TEST

START_TEST(v1_a_tag_to_come_follows_the_new_cycle)
{
    at(s, 1);
    link_up(s);
    at(s, 5);
    hear_set(6, 8);
    forget(s);
    at(s, 7);
    expect(s, "6.250 tag slot=1 until=12.667\n"
              "6.250 slot m: m\n");
}
END_TEST

// --- A set of the host's -----------------------------------------------------------------------

START_TEST(v1_a_set_of_my_own_is_sent)
{
    struct params own = set_of(6, 9);
    on_ring("a m b");
    set_params(s, &own);
    expect(s, "5.000 setup 6 by m\n"
              "5.000 > vers 6\n");
}
END_TEST

START_TEST(v1_a_locked_node_takes_its_own_set)
{
    struct params own = set_of(6, 9);
    script_config(s)->locked = true;
    on_ring("a m b");
    set_params(s, &own);
    expect(s, "5.000 setup 6 by m\n"
              "5.000 > vers 6\n");
}
END_TEST

START_TEST(v1_a_disabled_node_keeps_its_own_set_to_itself)
{
    struct params own = set_of(6, 9);
    on_ring("a m b");
    enable(s, false);
    forget(s);
    set_params(s, &own);
    at(s, 9);
    expect(s, "5.000 setup 6 by m\n");
}
END_TEST

START_TEST(v1_without_a_link_a_set_is_said_when_it_is_up)
{
    struct params own = set_of(6, 9);
    on_ring("a m b");
    link_down(s);
    set_params(s, &own);
    expect(s, "5.000 setup 6 by m\n");
    link_up(s);
    expect(s, "5.000 > init\n"
              "5.000 > vers 6\n"
              "5.000   J1\n");
}
END_TEST

// --- The suite ----------------------------------------------------------------------------------

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_which_set_stands(Suite *suite)
{
    TCase *tcase = add_case(suite, "Which set stands");
    tcase_add_loop_test(tcase, v1_the_higher_set_stands, 0, COUNT(sets));
    tcase_add_test(tcase, v1_what_was_taken_is_mine_from_then_on);
    tcase_add_test(tcase, v1_a_locked_node_refuses_and_says_so);
    tcase_add_test(tcase, v1_a_locked_node_answers_an_older_set);
}

static void add_who_answers_an_older_set(Suite *suite)
{
    TCase *tcase = add_case(suite, "Who answers an older set");
    tcase_add_loop_test(tcase, v1_one_after_the_other_answers_an_older_set, 0, COUNT(staggers));
    tcase_add_loop_test(tcase, v1_the_holder_answers_at_once, 0, COUNT(leading));
    tcase_add_test(tcase, v1_the_holder_answers_at_once_beside_the_next_turn);
    tcase_add_test(tcase, v1_whoever_hears_the_answer_is_silent);
    tcase_add_test(tcase, v1_a_higher_set_makes_the_answer_void);
    tcase_add_test(tcase, v1_older_sets_are_answered_at_most_once_in_two_gap);
    tcase_add_test(tcase, v1_a_listening_node_answers_nobody);
    tcase_add_test(tcase, v1_a_disabled_node_answers_nobody);
}

static void add_what_follows_from_a_new_set(Suite *suite)
{
    TCase *tcase = add_case(suite, "What follows from a new set");
    tcase_add_test(tcase, v1_the_deadline_moves_at_once);
    tcase_add_test(tcase, v1_a_turn_that_is_overdue_by_the_new_set_begins_at_once);
    tcase_add_test(tcase, v1_a_turn_that_pends_is_not_overtaken_by_a_shorter_cycle);
    tcase_add_test(tcase, v1_the_ring_is_cut_at_once);
    tcase_add_test(tcase, v1_the_ring_before_is_cut_as_well);
    tcase_add_loop_test(tcase, v1_a_shorter_cycle_shortens_the_tag_that_runs, 0, COUNT(tags));
    tcase_add_test(tcase, v1_a_tag_to_come_follows_the_new_cycle);
}

static void add_a_set_of_the_host_s(Suite *suite)
{
    TCase *tcase = add_case(suite, "A set of the host's");
    tcase_add_test(tcase, v1_a_set_of_my_own_is_sent);
    tcase_add_test(tcase, v1_a_locked_node_takes_its_own_set);
    tcase_add_test(tcase, v1_a_disabled_node_keeps_its_own_set_to_itself);
    tcase_add_test(tcase, v1_without_a_link_a_set_is_said_when_it_is_up);
}

int main(void)
{
    Suite *suite = suite_create("setup");
    add_which_set_stands(suite);
    add_who_answers_an_older_set(suite);
    add_what_follows_from_a_new_set(suite);
    add_a_set_of_the_host_s(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
