// SPDX-License-Identifier: MIT
// The last turns that a node followed (R6): what counts as old news, and for how long.
#include <check.h>

#include "core/turns.h"

#include <stdlib.h>

enum { AGE = 1000 };

static struct turns turns;

static void set_up(void)
{
    turns = (struct turns){0};
}

// Turn n: n after n - 1, heard at the time n.
static void follow_turns(node_id from, node_id to)
{
    for (node_id n = from; n <= to; n++) {
        turns_add(&turns, n, n - 1, n);
    }
}

// Whether turn n is old news right after the last of `count` turns.
static bool is_old(node_id n, node_id count)
{
    return turns_is_old_news(&turns, n, n - 1, count, AGE);
}

START_TEST(r6_nothing_is_old_news_at_first)
{
    ck_assert(!turns_is_old_news(&turns, 0, 0, 0, AGE));
    ck_assert(!turns_names(&turns, 0));
}
END_TEST

START_TEST(r6_the_present_turn_is_not_old_news)
{
    follow_turns(1, 3);
    ck_assert(!is_old(3, 3));
    ck_assert(is_old(2, 3));
    ck_assert(is_old(1, 3));
}
END_TEST

START_TEST(r6_the_only_turn_is_the_present_one)
{
    follow_turns(1, 1);
    ck_assert(!is_old(1, 1));
}
END_TEST

START_TEST(r6_the_last_twelve_turns_are_kept)
{
    follow_turns(1, 12);
    ck_assert(is_old(1, 12));
    follow_turns(13, 13);
    ck_assert(!is_old(1, 13));
    ck_assert(is_old(2, 13));
    follow_turns(14, 40);
    ck_assert(!is_old(28, 40));
    for (node_id n = 29; n <= 39; n++) {
        ck_assert(is_old(n, 40));
    }
    ck_assert(!is_old(40, 40));
}
END_TEST

START_TEST(r6_both_the_sender_and_the_one_before_it_count)
{
    follow_turns(1, 3);
    ck_assert(!turns_is_old_news(&turns, 2, 3, 3, AGE));
    ck_assert(!turns_is_old_news(&turns, 3, 1, 3, AGE));
    ck_assert(!turns_is_old_news(&turns, 2, NODE_ABSENT, 3, AGE));
}
END_TEST

START_TEST(r6_a_turn_of_one_that_knew_nobody_is_kept_as_such)
{
    turns_add(&turns, 7, NODE_ABSENT, 1);
    turns_add(&turns, 8, 7, 2);
    ck_assert(turns_is_old_news(&turns, 7, NODE_ABSENT, 3, AGE));
    ck_assert(!turns_is_old_news(&turns, 7, 8, 3, AGE));
}
END_TEST

START_TEST(r6_the_present_turn_is_old_news_when_it_came_before_as_well)
{
    turns_add(&turns, 1, 2, 1);
    turns_add(&turns, 2, 1, 2);
    turns_add(&turns, 1, 2, 3);
    ck_assert(turns_is_old_news(&turns, 1, 2, 4, AGE));
}
END_TEST

START_TEST(r6_news_grow_old_from_when_they_were_heard)
{
    turns_add(&turns, 1, 2, 100);
    turns_add(&turns, 3, 1, 200);
    ck_assert(turns_is_old_news(&turns, 1, 2, 100 + AGE - 1, AGE));
    ck_assert(!turns_is_old_news(&turns, 1, 2, 100 + AGE, AGE));
}
END_TEST

START_TEST(j6_turns_name_their_senders_and_those_before)
{
    turns_add(&turns, 1, 2, 1);
    turns_add(&turns, 3, 4, 2);
    for (node_id id = 1; id <= 4; id++) {
        ck_assert(turns_names(&turns, id));
    }
    ck_assert(!turns_names(&turns, 0)); // what an unused place would hold
    ck_assert(!turns_names(&turns, 5));
}
END_TEST

START_TEST(j6_turns_that_are_not_kept_name_nobody)
{
    follow_turns(1, 13);
    ck_assert(turns_names(&turns, 1)); // before 2
    follow_turns(14, 14);
    ck_assert(!turns_names(&turns, 1));
    ck_assert(turns_names(&turns, 2));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("turns");
    TCase *tcase = tcase_create("turns");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, r6_nothing_is_old_news_at_first);
    tcase_add_test(tcase, r6_the_present_turn_is_not_old_news);
    tcase_add_test(tcase, r6_the_only_turn_is_the_present_one);
    tcase_add_test(tcase, r6_the_last_twelve_turns_are_kept);
    tcase_add_test(tcase, r6_both_the_sender_and_the_one_before_it_count);
    tcase_add_test(tcase, r6_a_turn_of_one_that_knew_nobody_is_kept_as_such);
    tcase_add_test(tcase, r6_the_present_turn_is_old_news_when_it_came_before_as_well);
    tcase_add_test(tcase, r6_news_grow_old_from_when_they_were_heard);
    tcase_add_test(tcase, j6_turns_name_their_senders_and_those_before);
    tcase_add_test(tcase, j6_turns_that_are_not_kept_name_nobody);
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
