// SPDX-License-Identifier: MIT
// The drain step (S6): a new view is usable when those who had a share of the one before have said
// that they have stopped, or have had their time.
#include <check.h>

#include "script.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static struct script *s;

static void set_up(void)
{
    s = script_new();
    script_config(s)->has_roster = true;
    script_config(s)->drain_ns = 30 * NS_PER_S;
}

static void tear_down(void)
{
    script_free(s);
}

static bool happened(const char *what)
{
    return strstr(transcript(s), what) != NULL;
}

// Nobody spoke: tagged from 6.25 on, and again from 14.58, 22.91, 31.24, ... It is 7. a is there,
// and a view of both is settled in which m has place 2: so there is something to stop.
static void holding(void)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    here(s, "a", 5);
    hear_view(s, 7, "a", true, "a m");
    at(s, 7);
    forget(s);
}

// The same, and c has come at 8: the view of the three is 8, and has changed then.
static void waiting(void)
{
    holding();
    at(s, 8);
    hear_vers(s, "c", 5);
    here(s, "c", 5);
    forget(s);
}

static const double waiting_since = 8, settle = 16.92, drain = 30;

// --- What is waited for --------------------------------------------------------------------------

START_TEST(s6_a_new_view_tells_who_is_waited_for)
{
    holding();
    at(s, 8);
    hear_vers(s, "c", 5);
    expect_line(s, "> view 8 by m: a m c waits 0 1 1 1");
}
END_TEST

START_TEST(s6_without_it_nobody_is)
{
    script_config(s)->drain_ns = 0;
    waiting();
    at(s, waiting_since + settle + 0.1);
    expect_line(s, "> view 8 by m settled: a m c");
}
END_TEST

START_TEST(s6_the_first_view_of_all_waits_for_nobody)
{
    at(s, 1);
    link_up(s);
    at(s, 32);
    const char *text = transcript(s);
    ck_assert_msg(has_line(text, "> view 1 by m: m") && has_line(text, "> view 1 by m settled: m"),
                  "%s", text);
}
END_TEST

static void a_says_so(void)
{
    hear_drained(s, "a", 7);
}

static void c_says_so(void)
{
    hear_drained(s, "c", 7);
}

static void m_says_so(void)
{
    drained(s);
}

static void (*const words[])(void) = {a_says_so, c_says_so, m_says_so};

START_TEST(s6_when_all_have_said_so_it_settles_as_soon_as_without)
{
    waiting();
    for (size_t i = 0; i < COUNT(words); i++) {
        words[i]();
    }
    at(s, waiting_since + settle - 0.1);
    ck_assert(!happened("> view 8 by m settled"));
    at(s, waiting_since + settle + 0.1);
    expect_line(s, "> view 8 by m settled: a m c");
}
END_TEST

START_TEST(s6_a_silent_one_costs_all_of_it_and_no_more)
{
    waiting();
    for (size_t i = 0; i < COUNT(words); i++) {
        if ((int)i != _i) {
            words[i]();
        }
    }
    at(s, waiting_since + settle + drain - 0.1);
    ck_assert(!happened("settled"));
    at(s, waiting_since + settle + drain + 0.1);
    expect_line(s, "> view 8 by m settled: a m c");
}
END_TEST

START_TEST(s6_the_last_word_settles_it)
{
    waiting();
    drained(s);
    a_says_so();
    at(s, 26);
    ck_assert(!happened("settled"));
    c_says_so();
    expect_line(s, "> view 8 by m settled: a m c");
}
END_TEST

START_TEST(s6_a_word_about_an_earlier_view_is_none)
{
    waiting();
    drained(s);
    a_says_so();
    hear_drained(s, "c", 6);
    at(s, waiting_since + settle + 0.1);
    ck_assert(!happened("settled"));
}
END_TEST

START_TEST(s6_nor_is_that_of_a_stranger)
{
    waiting();
    drained(s);
    a_says_so();
    hear_drained(s, "x", 7);
    hear_drained(s, "m", 7);
    at(s, waiting_since + settle + 0.1);
    ck_assert(!happened("settled"));
}
END_TEST

// --- Those who are not there any longer ----------------------------------------------------------

START_TEST(s6_who_has_died_costs_all_of_it)
{
    holding();
    at(s, 8);
    gone(s, "a");
    drained(s);
    expect_line(s, "> view 8 by m: m waits 1 1");
    at(s, waiting_since + settle + drain - 0.1);
    ck_assert(!happened("settled"));
    at(s, waiting_since + settle + drain + 0.1);
    expect_line(s, "> view 8 by m settled: m");
}
END_TEST

START_TEST(s6_who_says_good_bye_has_stopped)
{
    holding();
    at(s, 8);
    hear_left(s, "a", 5);
    drained(s);
    at(s, waiting_since + settle + 0.1);
    expect_line(s, "> view 8 by m settled: m");
}
END_TEST

START_TEST(s6_so_has_one_that_had_said_so_and_then_died)
{
    waiting();
    a_says_so();
    at(s, 10);
    gone(s, "a");
    drained(s);
    hear_drained(s, "c", 8);
    at(s, 10 + settle + 0.1);
    expect_line(s, "> view 9 by m settled: m c");
}
END_TEST

START_TEST(s6_one_that_came_and_died_before_the_view_was_settled_had_no_share)
{
    waiting();
    at(s, 10);
    gone(s, "c");
    drained(s);
    hear_drained(s, "a", 8);
    at(s, 10 + settle + 0.1);
    expect_line(s, "> view 9 by m settled: a m");
}
END_TEST

static void hear_waits(int64_t view, const char *members, const uint32_t *waits)
{
    hear_view_of(s, view, "a", false, members, &(struct members){.waits = waits});
}

START_TEST(s6_a_newcomer_learns_from_the_view_that_somebody_is_missing)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    here(s, "a", 5);
    hear_waits(7, "a m", (const uint32_t[]){1, 0, 0});
    at(s, 7);
    expect_line(s, "> view 7 by a: a m waits 1 1 0");
    hear_drained(s, "a", 6);
    at(s, 1 + settle + 0.1);
    ck_assert(!happened("settled"));
    at(s, 1 + settle + drain + 0.1);
    expect_line(s, "> view 7 by a settled: a m");
}
END_TEST

START_TEST(s6_a_member_that_is_away_is_not_asked_but_for_its_share)
{
    waiting();
    drained(s);
    a_says_so();
    c_says_so();
    hear_left_for(s, "a", 300);
    at(s, 9);
    hear_vers(s, "d", 5);
    hear_drained(s, "c", 8);
    hear_drained(s, "d", 8);
    at(s, 9.5 + settle + 0.1);
    expect_line(s, "> view 9 by m settled: a m c d away 281 0 0 0");
}
END_TEST

// --- To say so -----------------------------------------------------------------------------------

// a spoke at 2, b before it, and both are ours. Since 3 this node has place 2 of 3, and it is 4.
static void settled(void)
{
    join(s, "ab", hear_ping, 0, "a b");
    at(s, 3);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 4);
    forget(s);
}

START_TEST(s6_the_program_says_so_after_it_has_settled)
{
    settled();
    hear_vers(s, "c", 5);
    hear_view(s, 8, "a", false, "a m b c");
    forget(s);
    drained(s);
    expect(s, "4.000 > drained 7\n");
    drained(s);
    expect(s, "");
}
END_TEST

START_TEST(s6_with_an_index_it_has_something_to_do)
{
    settled();
    drained(s);
    expect(s, "");
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    at(s, 8);
    ck_assert(!happened("> drained"));
}
END_TEST

START_TEST(s6_whoever_never_had_one_says_so_when_it_is_asked)
{
    join(s, "ab", hear_ping, 0, "a b");
    drained(s);
    at(s, 4);
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 0, 0});
    at(s, 7);
    ck_assert(!happened("> drained"));
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    at(s, 8.6);
    expect_line(s, "> drained 7");
}
END_TEST

START_TEST(s6_and_who_waits_for_nobody_itself_says_so_too)
{
    script_config(s)->drain_ns = 0;
    settled();
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    at(s, 5.6);
    expect_line(s, "> drained 7");
}
END_TEST

START_TEST(s6_when_it_is_asked_again_it_says_so_again_once_in_two_gap)
{
    settled();
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    drained(s);
    expect_line(s, "> drained 7");
    at(s, 4.5);
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    at(s, 6.9);
    ck_assert(!happened("> drained"));
    at(s, 7.1);
    expect_line(s, "> drained 7");
    at(s, 8);
    ck_assert(!happened("> drained"));
}
END_TEST

START_TEST(s6_asked_or_not_without_a_link_nothing_is_said)
{
    settled();
    link_down(s);
    forget(s);
    drained(s);
    at(s, 9);
    expect(s, "");
}
END_TEST

START_TEST(s6_who_is_disabled_answers_as_well)
{
    settled();
    enable(s, false);
    hear_waits(8, "a m b", (const uint32_t[]){0, 0, 1, 0});
    drained(s);
    expect_line(s, "> drained 7");
}
END_TEST

// --- The same view again -------------------------------------------------------------------------

static void doubt(void)
{
    gone(s, "a");
    here(s, "a", 5);
}

START_TEST(s6_a_view_that_settles_again_waits_for_nobody)
{
    holding();
    doubt();
    at(s, 7 + settle + 0.1);
    expect_line(s, "> view 7 by a settled: a m");
}
END_TEST

START_TEST(s6_that_it_was_settled_is_told)
{
    holding();
    doubt();
    at(s, 9);
    expect_line(s, "> view 7 by a: a m shared");
}
END_TEST

// Some have had shares in that one.
START_TEST(s6_unless_a_lower_one_is_heard)
{
    holding();
    hear_view(s, 5, "a", true, "a");
    at(s, 9);
    expect_line(s, "> view 7 by a: a m waits 0 1 1");
    at(s, 7 + settle + drain - 0.1);
    ck_assert(!happened("settled"));
    at(s, 7 + settle + drain + 0.1);
    expect_line(s, "> view 7 by a settled: a m");
}
END_TEST

// a, which knows of another view, says that one is settled.
START_TEST(s6_who_works_by_another_view_takes_no_index_before_it_has_stopped_or_had_its_time)
{
    settled();
    hear_view(s, 8, "a", false, "m a b");
    at(s, 25);
    hear_view(s, 8, "a", true, "m a b");
    if (_i == 0) {
        at(s, 33.9);
        hear_view(s, 8, "a", true, "m a b");
        ck_assert(!happened("settled 1"));
        at(s, 34);
    } else {
        drained(s);
    }
    hear_view(s, 8, "a", true, "m a b");
    expect_line(s, "settled 1/3 8 by a: m a b");
}
END_TEST

// Who heard of the view after that, and of one in it that has died, holds.
START_TEST(s6_so_a_newcomer_waits_for_those_in_it)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    hear_shared_view(s, 7, "a", "a x m");
    gone(s, "x");
    hear_drained(s, "a", 7);
    at(s, 7);
    expect_line(s, "> view 8 by m: a m waits 1 0 0");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *drain_suite(void)
{
    Suite *suite = suite_create("drain");
    TCase *tests = add_case(suite, "S6: drain");
    tcase_add_test(tests, s6_a_new_view_tells_who_is_waited_for);
    tcase_add_test(tests, s6_without_it_nobody_is);
    tcase_add_test(tests, s6_the_first_view_of_all_waits_for_nobody);
    tcase_add_test(tests, s6_when_all_have_said_so_it_settles_as_soon_as_without);
    tcase_add_loop_test(tests, s6_a_silent_one_costs_all_of_it_and_no_more, 0, COUNT(words));
    tcase_add_test(tests, s6_the_last_word_settles_it);
    tcase_add_test(tests, s6_a_word_about_an_earlier_view_is_none);
    tcase_add_test(tests, s6_nor_is_that_of_a_stranger);
    tcase_add_test(tests, s6_who_has_died_costs_all_of_it);
    tcase_add_test(tests, s6_who_says_good_bye_has_stopped);
    tcase_add_test(tests, s6_so_has_one_that_had_said_so_and_then_died);
    tcase_add_test(tests, s6_one_that_came_and_died_before_the_view_was_settled_had_no_share);
    tcase_add_test(tests, s6_a_newcomer_learns_from_the_view_that_somebody_is_missing);
    tcase_add_test(tests, s6_a_member_that_is_away_is_not_asked_but_for_its_share);
    tcase_add_test(tests, s6_the_program_says_so_after_it_has_settled);
    tcase_add_test(tests, s6_with_an_index_it_has_something_to_do);
    tcase_add_test(tests, s6_whoever_never_had_one_says_so_when_it_is_asked);
    tcase_add_test(tests, s6_and_who_waits_for_nobody_itself_says_so_too);
    tcase_add_test(tests, s6_when_it_is_asked_again_it_says_so_again_once_in_two_gap);
    tcase_add_test(tests, s6_asked_or_not_without_a_link_nothing_is_said);
    tcase_add_test(tests, s6_who_is_disabled_answers_as_well);
    tcase_add_test(tests, s6_a_view_that_settles_again_waits_for_nobody);
    tcase_add_test(tests, s6_that_it_was_settled_is_told);
    tcase_add_test(tests, s6_unless_a_lower_one_is_heard);
    tcase_add_loop_test(
        tests, s6_who_works_by_another_view_takes_no_index_before_it_has_stopped_or_had_its_time, 0,
        2);
    tcase_add_test(tests, s6_so_a_newcomer_waits_for_those_in_it);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(drain_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
