// SPDX-License-Identifier: MIT
// Absence that was announced (S7): who has gone keeps its place, and the others theirs, until it is
// to be back.
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
    script_show_members(s);
}

static void tear_down(void)
{
    script_free(s);
}

// a spoke at 2, b before it, and both are ours; since 3 this node has place 2 of 3. It is 4, and b
// may be away for a minute.
static void settled(void)
{
    join(s, "ab", hear_ping, 0, "a b");
    at(s, 3);
    hear_view(s, 7, "a", true, "a m b");
    at(s, 4);
    hear_away(s, "b", 60);
    forget(s);
}

static bool happened(const char *what)
{
    return strstr(transcript(s), what) != NULL;
}

static void b_says_good_bye(void)
{
    hear_left_for(s, "b", 60);
}

static void b_is_lost(void)
{
    gone(s, "b");
}

static void (*const ways_out[])(void) = {b_says_good_bye, b_is_lost};

START_TEST(s7_who_goes_meanwhile_is_told_of_to_nobody)
{
    settled();
    ways_out[_i]();
    expect(s, "");
}
END_TEST

START_TEST(s7_the_others_keep_their_index_and_it_is_named_in_its_place)
{
    settled();
    ways_out[_i]();
    at(s, 12); // it holds
    expect_line(s, "> view 7 by a settled: a m b away 0 0 52");
}
END_TEST

START_TEST(s7_it_has_no_turn_meanwhile)
{
    join(s, "ab", hear_ping, 0, "b a");
    hear_away(s, "b", 60);
    forget(s);
    ways_out[_i](); // b was the head
    at(s, 7);
    ck_assert(happened("> ping m b a"));
}
END_TEST

START_TEST(s7_it_expires_when_its_time_has_passed)
{
    settled();
    ways_out[_i]();
    at(s, 63.9);
    ck_assert(!happened("leave"));
    at(s, 64);
    expect_line(s, "leave b expired");
    at(s, 80);
    ck_assert(happened(" by m: a m\n"));
}
END_TEST

START_TEST(s7_then_the_index_is_given_up)
{
    settled();
    enable(s, false);
    at(s, 5);
    hear_left_for(s, "b", 3);
    forget(s);
    at(s, 7.9);
    expect(s, "");
    at(s, 8);
    expect(s, "8.000 leave b expired\n"
              "8.000 settling\n");
}
END_TEST

static void b_says_init(void)
{
    hear_init(s, "b");
}

static void b_says_vers(void)
{
    hear_vers(s, "b", 6);
}

static void b_takes_a_turn(void)
{
    hear_ping(s, 0, "b a m");
}

static void b_is_connected(void)
{
    here(s, "b", 6);
}

static void (*const ways_in[])(void) = {b_says_init, b_says_vers, b_takes_a_turn, b_is_connected};

START_TEST(s7_when_it_is_heard_again_nothing_is_told)
{
    settled();
    b_says_good_bye();
    at(s, 8);
    forget(s);
    ways_in[_i]();
    at(s, 9);
    const char *text = transcript(s);
    ck_assert_msg(strstr(text, "join") == NULL && strstr(text, "settling") == NULL, "%s", text);
    at(s, 70);
    ck_assert(!happened("leave b"));
}
END_TEST

START_TEST(s7_and_it_is_over)
{
    settled();
    b_says_good_bye();
    at(s, 8);
    ways_in[_i]();
    b_says_vers();
    forget(s);
    gone(s, "b");
    expect_line(s, "leave b lost");
}
END_TEST

START_TEST(s7_what_was_in_flight_when_it_left_is_no_return)
{
    settled();
    b_says_good_bye();
    at(s, 5);
    hear_ping(s, 0, "b a m");
    at(s, 70);
    expect_line(s, "leave b expired");
}
END_TEST

START_TEST(s7_who_takes_it_back_leaves_when_it_goes)
{
    settled();
    at(s, 9);
    hear_vers(s, "b", 5);
    forget(s);
    b_is_lost();
    expect_line(s, "leave b lost");
}
END_TEST

START_TEST(s7_who_does_not_go_is_not_away)
{
    settled();
    at(s, 70);
    forget(s);
    b_is_lost();
    expect_line(s, "leave b lost");
}
END_TEST

START_TEST(s7_the_last_word_counts)
{
    settled();
    hear_left_for(s, "b", 0);
    expect_line(s, "leave b left");
}
END_TEST

START_TEST(s7_of_several_each_expires_at_its_own_time)
{
    settled();
    hear_left_for(s, "b", 60);
    hear_left_for(s, "a", 60);
    hear_left_for(s, "a", 30);
    at(s, 33.9);
    ck_assert(!happened("leave"));
    at(s, 63.9);
    const char *text = transcript(s);
    ck_assert(strstr(text, "34.000 leave a expired") != NULL && strstr(text, "leave b") == NULL);
    at(s, 64);
    expect_line(s, "leave b expired");
}
END_TEST

START_TEST(s7_who_sleeps_reads_first_what_waits)
{
    settled();
    b_says_good_bye();
    sleep_until(s, 100);
    timer(s);
    hear_vers(s, "b", 6);
    at(s, 110);
    ck_assert(!happened("leave b"));
}
END_TEST

START_TEST(s7_without_a_link_nobody_expires)
{
    settled();
    b_says_good_bye();
    at(s, 5);
    link_down(s);
    at(s, 100);
    ck_assert(!happened("leave"));
    link_up(s);
    expect_line(s, "leave b expired");
}
END_TEST

// b enters, and from then on z is expected in every other slot, where there are no hints.
START_TEST(s7_who_is_silent_is_away_as_well)
{
    join(s, "abz", hear_ping, 0, "a");
    hear_away(s, "z", 60);
    at(s, 10);
    hear_ping(s, 0, "b a");
    forget(s);
    for (int slot = 3; slot <= 5; slot++) {
        at(s, 10 + 10.4 * (slot - 2));
        hear_ping(s, 0, slot % 2 == 0 ? "b a" : "a b");
    }
    at(s, 61.9);
    ck_assert(!happened("leave z"));
    at(s, 62);
    expect_line(s, "leave z expired");
}
END_TEST

// J6: whoever takes no turns expects nobody, and so misses nobody.
START_TEST(s7_who_is_unseen_for_long_is_away_as_well)
{
    at(s, 1);
    link_up(s);
    enable(s, false);
    hear_away(s, "b", 2000);
    for (int i = 1; i < 20; i++) {
        at(s, 100 * i);
        hear_vers(s, "c", 6);
    }
    at(s, 2000.9);
    ck_assert(!happened("leave b"));
    at(s, 2001);
    expect_line(s, "leave b expired");
}
END_TEST

// --- By a view -----------------------------------------------------------------------------------

static void hear_b_away(int64_t view, uint32_t away_s)
{
    hear_view_of(s, view, "a", true, "a m b",
                 &(struct members){.away_s = (const uint32_t[]){0, 0, away_s}});
}

START_TEST(s7_a_newcomer_takes_the_views_word)
{
    join(s, "a", hear_ping, 0, "a");
    at(s, 3);
    forget(s);
    hear_b_away(7, 40);
    expect_line(s, "settled 2/3 7 by a: a m b");
    enable(s, false);
    at(s, 18);
    hear_b_away(7, 25);
    at(s, 30);
    hear_b_away(7, 13);
    forget(s);
    at(s, 42.9);
    ck_assert(!happened("settling"));
    at(s, 43);
    expect_line(s, "settling");
}
END_TEST

// Also when its host has run for less than 2 gap.
START_TEST(s7_who_has_seen_it_go_takes_it_too)
{
    join(s, "ab", hear_ping, 0, "a b");
    hear_left(s, "b", 5);
    at(s, _i == 0 ? 2.5 : 4);
    forget(s);
    hear_b_away(7, 40);
    hear_b_away(7, 40);
    expect_line(s, "settled 2/3 7 by a: a m b");
}
END_TEST

START_TEST(s7_but_not_of_one_that_is_there)
{
    settled();
    hear_b_away(7, 40);
    hear_vers(s, "b", 5);
    forget(s);
    hear_b_away(7, 40);
    gone(s, "b");
    expect_line(s, "leave b lost");
}
END_TEST

// Or no view would ever be without it: others count a little longer.
START_TEST(s7_what_is_over_for_one_is_over)
{
    settled();
    hear_left_for(s, "b", 3);
    at(s, 8);
    forget(s);
    hear_b_away(7, 1);
    ck_assert(!happened("settled"));
    at(s, 12);
    expect_line(s, "> view 8 by m: a m");
}
END_TEST

START_TEST(s7_a_view_changes_no_time_that_is_known)
{
    settled();
    hear_left_for(s, "b", 10);
    hear_b_away(7, _i == 0 ? 40 : 4);
    at(s, 13.9);
    ck_assert(!happened("leave b"));
    at(s, 14);
    expect_line(s, "leave b expired");
}
END_TEST

// --- Oneself -------------------------------------------------------------------------------------

START_TEST(s7_every_vers_tells_what_is_left)
{
    settled();
    away(s, 90);
    expect_line(s, "> vers away 90");
    at(s, 20.5);
    forget(s);
    stop(s);
    expect_line(s, "> vers left away 74");
}
END_TEST

START_TEST(s7_until_it_is_taken_back_or_over)
{
    settled();
    away(s, 90);
    away(s, 0);
    expect_line(s, "> vers");
    away(s, 1);
    at(s, 6);
    forget(s);
    stop(s);
    expect_line(s, "> vers left");
}
END_TEST

START_TEST(s7_who_ends_gives_its_index_up)
{
    settled();
    away(s, 90);
    stop(s);
    expect_line(s, "settling");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *away_suite(void)
{
    Suite *suite = suite_create("away");
    TCase *tests = add_case(suite, "S7: away");
    tcase_add_loop_test(tests, s7_who_goes_meanwhile_is_told_of_to_nobody, 0, COUNT(ways_out));
    tcase_add_loop_test(tests, s7_the_others_keep_their_index_and_it_is_named_in_its_place, 0,
                        COUNT(ways_out));
    tcase_add_loop_test(tests, s7_it_has_no_turn_meanwhile, 0, COUNT(ways_out));
    tcase_add_loop_test(tests, s7_it_expires_when_its_time_has_passed, 0, COUNT(ways_out));
    tcase_add_test(tests, s7_then_the_index_is_given_up);
    tcase_add_loop_test(tests, s7_when_it_is_heard_again_nothing_is_told, 0, COUNT(ways_in));
    tcase_add_loop_test(tests, s7_and_it_is_over, 0, COUNT(ways_in));
    tcase_add_test(tests, s7_what_was_in_flight_when_it_left_is_no_return);
    tcase_add_test(tests, s7_who_takes_it_back_leaves_when_it_goes);
    tcase_add_test(tests, s7_who_does_not_go_is_not_away);
    tcase_add_test(tests, s7_the_last_word_counts);
    tcase_add_test(tests, s7_of_several_each_expires_at_its_own_time);
    tcase_add_test(tests, s7_who_sleeps_reads_first_what_waits);
    tcase_add_test(tests, s7_without_a_link_nobody_expires);
    tcase_add_test(tests, s7_who_is_silent_is_away_as_well);
    tcase_add_test(tests, s7_who_is_unseen_for_long_is_away_as_well);
    tcase_add_test(tests, s7_a_newcomer_takes_the_views_word);
    tcase_add_loop_test(tests, s7_who_has_seen_it_go_takes_it_too, 0, 2);
    tcase_add_test(tests, s7_but_not_of_one_that_is_there);
    tcase_add_test(tests, s7_what_is_over_for_one_is_over);
    tcase_add_loop_test(tests, s7_a_view_changes_no_time_that_is_known, 0, 2);
    tcase_add_test(tests, s7_every_vers_tells_what_is_left);
    tcase_add_test(tests, s7_until_it_is_taken_back_or_over);
    tcase_add_test(tests, s7_who_ends_gives_its_index_up);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(away_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
