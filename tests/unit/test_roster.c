// SPDX-License-Identifier: MIT
// The settled roster: views (S1, S2), the index (S3), and what gives it up. With the defaults the
// settle time is 16.92 s, and an index lapses 15.25 s after it was last confirmed.
#include <check.h>

#include "script.h"

#include <stdlib.h>
#include <string.h>

static struct script *s;

static void set_up(void)
{
    s = script_new();
    script_config(s)->has_roster = true;
}

static void tear_down(void)
{
    script_free(s);
}

// --- Situations to begin with ------------------------------------------------------------------

// a spoke at 2, b before it, and both are ours. It is 3.
static void with_a_and_b(void)
{
    join(s, "ab", hear_ping, 0, "a b");
    at(s, 3);
    forget(s);
}

// The same, and since 3 this node has place 2 of 3.
static void settled(void)
{
    with_a_and_b();
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "3.000   S1: a\n"
              "3.000 settled 2/3 7 by a: a m b\n");
}

// Nobody spoke: tagged from 6.25 on, and it is 7.
static void alone_and_tagged(void)
{
    at(s, 1);
    link_up(s);
    at(s, 7);
    forget(s);
}

// --- S1: views -----------------------------------------------------------------------------------

// A view of m, b, a that comes after (7, a), which has a, m, b; and the next one, without b.
static const struct {
    int64_t view;
    const char *publisher;
    const char *next;
} second[] = {
    {8, "a", "> view 9 by m: m a"}, {8, "Z", "> view 9 by m: m a"}, {7, "b", "> view 8 by m: m a"},
    {6, "z", "> view 8 by m: a m"}, {7, "Z", "> view 8 by m: a m"}, {1, "a", "> view 8 by m: a m"},
};

START_TEST(s1_the_higher_number_stands_and_of_equal_ones_the_name_that_sorts_last)
{
    settled();
    hear_view(s, second[_i].view, second[_i].publisher, false, "m b a");
    hear_left(s, "b", 5);
    at(s, 12);
    expect_line(s, second[_i].next);
}
END_TEST

START_TEST(s1_the_first_number_of_one_who_heard_of_no_view_is_1)
{
    at(s, 1);
    link_up(s);
    at(s, 7);
    expect_line(s, "> view 1 by m: m");
}
END_TEST

START_TEST(s1_the_next_number_is_one_above_the_highest_heard)
{
    alone_and_tagged();
    hear_view(s, 41, "q", false, "q");
    at(s, 9);
    expect_line(s, "> view 42 by m: q m");
}
END_TEST

START_TEST(s1_a_member_keeps_its_place_and_new_ones_are_appended_by_name)
{
    alone_and_tagged();
    hear_view(s, 4, "z", false, "z m y");
    hear_vers(s, "x", 5);
    hear_vers(s, "b", 5);
    hear_left(s, "z", 5);
    at(s, 9);
    expect_line(s, "> view 5 by m: m y b x");
}
END_TEST

// One that began anew counts from 1 again.
START_TEST(s1_a_view_of_the_same_number_with_other_members_is_another_view)
{
    settled();
    hear_view(s, 7, "a", true, "m a b");
    expect(s, "3.000   S1: a\n"
              "3.000 settling\n");
}
END_TEST

START_TEST(s1_a_lower_view_is_answered_with_mine_once_in_two_gap)
{
    with_a_and_b();
    hear_view(s, 7, "a", false, "a m b");
    forget(s);
    hear_view(s, 6, "b", false, "b");
    at(s, 4.5);
    expect_line(s, "> view 7 by a: a m b");
    hear_view(s, 6, "b", false, "b");
    at(s, 6);
    ck_assert(strstr(transcript(s), "> view") == NULL);
    at(s, 8);
    expect_line(s, "> view 7 by a: a m b");
}
END_TEST

START_TEST(s1_who_hears_the_answer_of_another_is_silent)
{
    with_a_and_b();
    hear_view(s, 7, "a", false, "a m b");
    hear_view(s, 6, "b", false, "b");
    at(s, 3.2);
    hear_view(s, 7, "a", false, "a m b");
    forget(s);
    at(s, 8);
    ck_assert(strstr(transcript(s), "> view") == NULL);
}
END_TEST

// Or one message would leave a group without a roster for good.
static const struct {
    const char *publisher, *next;
} highest[] = {
    {"b", "> view 9007199254740992 by m: b m"},
    {"q", "> view 9007199254740992 by q: q m"},
};

START_TEST(s1_the_highest_number_of_all_is_not_exceeded_and_its_view_is_no_lower)
{
    alone_and_tagged();
    hear_view(s, VIEW_MAX, highest[_i].publisher, false, highest[_i].publisher);
    at(s, 9);
    expect_line(s, highest[_i].next);
}
END_TEST

// --- S2: the holder publishes --------------------------------------------------------------------

START_TEST(s2_at_its_tag_and_when_it_has_settled_and_at_every_renewal)
{
    alone_and_tagged();
    at(s, 32);
    expect(s, "13.080 > ping m\n"
              "14.580 renew slot=2 until=22.995\n"
              "14.580 slot m: m\n"
              "14.580 > view 1 by m: m\n"
              "21.410 > ping m\n"
              "22.910 renew slot=3 until=31.325\n"
              "22.910 slot m: m\n"
              "22.910 > view 1 by m: m\n"
              "23.170 > view 1 by m settled: m\n"
              "23.170 roster 1 by m settled: m\n"
              "23.170 settled 1/1 1 by m: m\n"
              "29.740 > ping m\n"
              "31.240 renew slot=4 until=39.655\n"
              "31.240 slot m: m\n"
              "31.240 > view 1 by m settled: m\n");
}
END_TEST

START_TEST(s2_who_comes_or_goes_makes_a_new_view_at_once)
{
    alone_and_tagged();
    at(s, 9);
    hear_vers(s, "a", 5);
    expect_line(s, "> view 2 by m: m a");
    at(s, 11);
    gone(s, "a");
    expect_line(s, "> view 3 by m: m");
}
END_TEST

START_TEST(s2_but_not_more_than_one_in_a_gap)
{
    alone_and_tagged(); // it published at 6.25
    hear_vers(s, "a", 5);
    hear_vers(s, "b", 5);
    at(s, 7.7);
    expect(s, "");
    at(s, 7.8);
    expect(s, "7.750 > view 2 by m: m a b\n"
              "7.750 roster 2 by m: m a b\n");
}
END_TEST

START_TEST(s2_it_repeats_the_view_of_another_that_is_true)
{
    with_a_and_b();
    hear_view(s, 7, "a", false, "a m b");
    at(s, 12);
    expect_line(s, "> view 7 by a: a m b");
}
END_TEST

START_TEST(s2_it_says_settled_while_it_has_its_index)
{
    settled(); // another has said so, though this node has come a moment ago
    at(s, 12);
    expect_line(s, "> view 7 by a settled: a m b");
}
END_TEST

START_TEST(s2_who_does_not_hold_publishes_nothing)
{
    with_a_and_b();
    hear_vers(s, "c", 5);
    hear_left(s, "b", 5);
    at(s, 9);
    ck_assert(strstr(transcript(s), "> view") == NULL);
}
END_TEST

START_TEST(s2_a_longer_settle_time_is_kept)
{
    script_config(s)->settle_ns = 30 * NS_PER_S;
    alone_and_tagged();
    at(s, 36.2);
    ck_assert(strstr(transcript(s), "settled") == NULL);
    at(s, 36.3);
    expect_line(s, "settled 1/1 1 by m: m");
}
END_TEST

START_TEST(s2_a_settle_time_that_is_too_short_is_not)
{
    script_config(s)->settle_ns = NS_PER_S;
    alone_and_tagged();
    at(s, 23.1);
    ck_assert(strstr(transcript(s), "settled") == NULL);
}
END_TEST

START_TEST(s2_a_view_that_does_not_fit_is_not_published_and_noted_once)
{
    script_config(s)->packet_max = 61;
    alone_and_tagged();
    at(s, 9);
    hear_vers(s, "a", 5);
    expect(s, "9.000   S2\n");
    at(s, 22.95);
    const char *text = transcript(s);
    ck_assert(strstr(text, "S2") == NULL && strstr(text, "> view") == NULL);
}
END_TEST

// The name of whoever published it first is the longer one.
START_TEST(s2_a_view_that_does_not_fit_any_longer_is_followed_by_one_that_does)
{
    script_config(s)->view_max = 80;
    join(s, "ab", hear_ping, 0, "a b");
    hear_view(s, 7, "0123456789abcdef0123456789abcdef", false, "a m b");
    at(s, 14);
    expect_line(s, "> view 8 by m: a m b");
}
END_TEST

START_TEST(s2_python_nodes_are_no_members)
{
    alone_and_tagged();
    hear_init(s, "p");
    at(s, 9);
    ck_assert(strstr(transcript(s), "> view") == NULL);
}
END_TEST

START_TEST(without_a_roster_nothing_is_sent_or_told)
{
    script_config(s)->has_roster = false;
    alone_and_tagged();
    hear_view(s, 7, "a", true, "m");
    at(s, 40);
    const char *text = transcript(s);
    ck_assert(strstr(text, "view") == NULL && strstr(text, "settl") == NULL);
}
END_TEST

// --- S3: the index -------------------------------------------------------------------------------

START_TEST(s3_settling_is_told_once_at_the_start)
{
    at(s, 1);
    link_up(s);
    expect_line(s, "settling");
    at(s, 2);
    link_down(s);
    at(s, 3);
    link_up(s);
    ck_assert(strstr(transcript(s), "settling") == NULL);
}
END_TEST

START_TEST(s3_a_view_that_is_not_settled_gives_none)
{
    with_a_and_b();
    hear_view(s, 7, "a", false, "a m b");
    expect(s, "3.000   S1: a\n");
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "3.000 settled 2/3 7 by a: a m b\n");
}
END_TEST

START_TEST(s3_nor_one_that_names_somebody_who_has_left)
{
    with_a_and_b();
    hear_left(s, "b", 5);
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "3.000   S1: a\n");
}
END_TEST

START_TEST(s3_nor_one_that_leaves_out_somebody_who_was_heard_since)
{
    with_a_and_b();
    hear_view(s, 7, "a", false, "a m");
    hear_vers(s, "b", 5);
    forget(s);
    hear_view(s, 7, "a", true, "a m");
    expect(s, "");
}
END_TEST

START_TEST(s3_nor_one_without_me_who_then_say_that_i_am_there)
{
    with_a_and_b();
    at(s, 5);
    forget(s);
    hear_view(s, 7, "a", true, "a b");
    at(s, 6.6);
    expect(s, "5.000   S1: a\n"
              "5.000 > vers\n");
}
END_TEST

START_TEST(s3_a_newcomer_takes_the_views_word_for_those_whom_it_has_not_heard)
{
    with_a_and_b();
    hear_view(s, 7, "a", true, "z a m b");
    expect(s, "3.000   S1: a\n"
              "3.000 settled 3/4 7 by a: z a m b\n");
    hear_vers(s, "z", 5); // as was said
    ck_assert(strstr(transcript(s), "settling") == NULL);
}
END_TEST

START_TEST(s3_who_slept_takes_the_views_word_for_those_who_left)
{
    with_a_and_b();
    hear_view(s, 7, "a", true, "a m");
    expect(s, "3.000   S1: a\n"
              "3.000 settled 2/2 7 by a: a m\n");
}
END_TEST

START_TEST(s3_the_place_in_a_new_view_counts_when_nobody_has_one_in_the_old_one)
{
    settled();
    at(s, 4);
    hear_view(s, 8, "b", true, "b a m");
    expect_line(s, "settling");
    at(s, 12); // it holds
    hear_ping(s, 0, "a m b");
    at(s, 19.2);
    hear_view(s, 8, "b", true, "b a m");
    ck_assert(strstr(transcript(s), "settled 3/3") == NULL);
    at(s, 19.3);
    hear_view(s, 8, "b", true, "b a m");
    expect_line(s, "settled 3/3 8 by b: b a m");
}
END_TEST

START_TEST(s3_it_lapses_when_nobody_confirms_it)
{
    settled();
    enable(s, false);
    at(s, 18.2);
    ck_assert(strstr(transcript(s), "settling") == NULL);
    at(s, 18.3);
    expect_line(s, "settling");
}
END_TEST

START_TEST(s3_it_is_confirmed_without_a_word)
{
    settled();
    enable(s, false);
    at(s, 18);
    forget(s);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 33.2);
    ck_assert(strstr(transcript(s), "settl") == NULL);
    at(s, 33.3);
    expect_line(s, "settling");
}
END_TEST

START_TEST(s3_what_is_said_without_settled_does_not_confirm_it)
{
    settled();
    enable(s, false);
    at(s, 10);
    hear_view(s, 7, "a", false, "a m b");
    at(s, 18.2);
    ck_assert(strstr(transcript(s), "settling") == NULL);
    at(s, 18.3);
    expect_line(s, "settling");
}
END_TEST

static void link_falls(void)
{
    link_down(s);
}

static void somebody_joins(void)
{
    hear_vers(s, "c", 5);
}

static void somebody_leaves(void)
{
    hear_left(s, "b", 5);
}

static void somebody_is_lost(void)
{
    gone(s, "b");
}

static void another_view(void)
{
    hear_view(s, 8, "b", true, "a m b");
}

static void a_lower_view(void)
{
    hear_view(s, 6, "b", true, "a m b");
}

static void it_stops(void)
{
    stop(s);
}

static void new_parameters(void)
{
    struct params params = params_default;
    params.version = 1;
    params.cycle_ns = 6 * NS_PER_S;
    hear_params(s, "a", &params);
}

static void (*const doubts[])(void) = {
    link_falls,   somebody_joins, somebody_leaves, somebody_is_lost,
    another_view, a_lower_view,   it_stops,        new_parameters,
};

START_TEST(s3_the_first_doubt_ends_it)
{
    settled();
    at(s, 4);
    forget(s);
    doubts[_i]();
    expect_line(s, "settling");
    doubts[_i]();
    ck_assert(strstr(transcript(s), "settling") == NULL);
}
END_TEST

static void is_disabled(void)
{
    enable(s, false);
}

static void has_no_value(void)
{
    set_value(s, -1);
}

static void hears_of_itself(void)
{
    hear_view(s, 7, "a", true, "a m b");
}

static void hears_a_stranger(void)
{
    hear_init(s, "p"); // a Python node, for all that is known
}

static void (*const certainties[])(void) = {
    is_disabled,
    has_no_value,
    hears_of_itself,
    hears_a_stranger,
};

START_TEST(s3_but_not_this)
{
    settled();
    at(s, 4);
    forget(s);
    certainties[_i]();
    at(s, 10);
    ck_assert(strstr(transcript(s), "settl") == NULL);
}
END_TEST

START_TEST(s3_who_wakes_after_its_end_gives_it_up_before_anything_else)
{
    settled();
    sleep_until(s, 30);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 31);
    expect(s, "30.000   J4\n"
              "30.000 settling\n");
}
END_TEST

START_TEST(s3_what_waited_while_it_slept_confirms_nothing)
{
    settled();
    sleep_until(s, 16);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 18.2);
    ck_assert(strstr(transcript(s), "settling") == NULL);
    at(s, 18.3);
    expect_line(s, "settling");
}
END_TEST

// With a lease, and without.
START_TEST(s3_what_comes_after_a_long_silence_may_have_waited)
{
    script_config(s)->lease_ns = _i * NS_PER_S;
    settled();
    enable(s, false);
    at(s, 18.3);
    expect_line(s, "settling");
    forget(s);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 19.7);
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "");
    at(s, 19.9);
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "19.900 settled 2/3 7 by a: a m b\n");
}
END_TEST

START_TEST(s3_nothing_has_waited_in_a_link_that_was_proven_meanwhile)
{
    script_config(s)->lease_ns = 5 * NS_PER_S;
    settled();
    enable(s, false);
    at(s, 10);
    proof(s, 9.9);
    at(s, 18.3);
    forget(s);
    hear_view(s, 7, "a", true, "a m b");
    expect(s, "18.300 settled 2/3 7 by a: a m b\n");
}
END_TEST

// Of three, in a ring of five, by the 26th turn of ten seconds after its last word.
START_TEST(j6_a_member_without_turns_says_now_and_then_that_it_is_there)
{
    settled();
    set_value(s, -1);
    at(s, 4);
    forget(s);
    for (int turn = 1; turn <= 25; turn++) {
        at(s, 3 + 10 * turn);
        hear_ping(s, 0, turn % 2 == 0 ? "a b" : "b a");
        hear_view(s, 7, "a", true, "a m b");
    }
    ck_assert_ptr_null(strstr(transcript(s), "> vers"));
    at(s, 264);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 266);
    expect_line(s, "> vers");
}
END_TEST

static Suite *roster_suite(void)
{
    Suite *suite = suite_create("roster");
    TCase *s1 = tcase_create("S1: views");
    TCase *s2 = tcase_create("S2: the holder publishes");
    TCase *s3 = tcase_create("S3: the index");
    TCase *const cases[] = {s1, s2, s3};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcase_add_checked_fixture(cases[i], set_up, tear_down);
        suite_add_tcase(suite, cases[i]);
    }
    tcase_add_loop_test(s1, s1_the_higher_number_stands_and_of_equal_ones_the_name_that_sorts_last,
                        0, sizeof second / sizeof *second);
    tcase_add_test(s1, s1_the_first_number_of_one_who_heard_of_no_view_is_1);
    tcase_add_test(s1, s1_the_next_number_is_one_above_the_highest_heard);
    tcase_add_test(s1, s1_a_member_keeps_its_place_and_new_ones_are_appended_by_name);
    tcase_add_test(s1, s1_a_view_of_the_same_number_with_other_members_is_another_view);
    tcase_add_test(s1, s1_a_lower_view_is_answered_with_mine_once_in_two_gap);
    tcase_add_test(s1, s1_who_hears_the_answer_of_another_is_silent);
    tcase_add_loop_test(s1, s1_the_highest_number_of_all_is_not_exceeded_and_its_view_is_no_lower,
                        0, sizeof highest / sizeof *highest);
    tcase_add_test(s2, s2_at_its_tag_and_when_it_has_settled_and_at_every_renewal);
    tcase_add_test(s2, s2_who_comes_or_goes_makes_a_new_view_at_once);
    tcase_add_test(s2, s2_but_not_more_than_one_in_a_gap);
    tcase_add_test(s2, s2_it_repeats_the_view_of_another_that_is_true);
    tcase_add_test(s2, s2_it_says_settled_while_it_has_its_index);
    tcase_add_test(s2, s2_who_does_not_hold_publishes_nothing);
    tcase_add_test(s2, s2_a_longer_settle_time_is_kept);
    tcase_add_test(s2, s2_a_settle_time_that_is_too_short_is_not);
    tcase_add_test(s2, s2_a_view_that_does_not_fit_is_not_published_and_noted_once);
    tcase_add_test(s2, s2_a_view_that_does_not_fit_any_longer_is_followed_by_one_that_does);
    tcase_add_test(s2, s2_python_nodes_are_no_members);
    tcase_add_test(s2, without_a_roster_nothing_is_sent_or_told);
    tcase_add_test(s3, s3_settling_is_told_once_at_the_start);
    tcase_add_test(s3, s3_a_view_that_is_not_settled_gives_none);
    tcase_add_test(s3, s3_nor_one_that_names_somebody_who_has_left);
    tcase_add_test(s3, s3_nor_one_that_leaves_out_somebody_who_was_heard_since);
    tcase_add_test(s3, s3_nor_one_without_me_who_then_say_that_i_am_there);
    tcase_add_test(s3, s3_a_newcomer_takes_the_views_word_for_those_whom_it_has_not_heard);
    tcase_add_test(s3, s3_who_slept_takes_the_views_word_for_those_who_left);
    tcase_add_test(s3, s3_the_place_in_a_new_view_counts_when_nobody_has_one_in_the_old_one);
    tcase_add_test(s3, s3_it_lapses_when_nobody_confirms_it);
    tcase_add_test(s3, s3_it_is_confirmed_without_a_word);
    tcase_add_test(s3, s3_what_is_said_without_settled_does_not_confirm_it);
    tcase_add_loop_test(s3, s3_the_first_doubt_ends_it, 0, sizeof doubts / sizeof *doubts);
    tcase_add_loop_test(s3, s3_but_not_this, 0, sizeof certainties / sizeof *certainties);
    tcase_add_test(s3, s3_who_wakes_after_its_end_gives_it_up_before_anything_else);
    tcase_add_test(s3, s3_what_waited_while_it_slept_confirms_nothing);
    tcase_add_loop_test(s3, s3_what_comes_after_a_long_silence_may_have_waited, 0, 2);
    tcase_add_test(s3, j6_a_member_without_turns_says_now_and_then_that_it_is_there);
    tcase_add_test(s3, s3_nothing_has_waited_in_a_link_that_was_proven_meanwhile);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(roster_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
