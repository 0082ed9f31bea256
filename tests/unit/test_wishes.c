// SPDX-License-Identifier: MIT
// Who is index 1 (S5): it stays with the one who has it, or goes to whom wishes it most.
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

static struct wish prefers(int prefer)
{
    return (struct wish){.prefer = (uint8_t)prefer};
}

static struct wish preempts(int prefer)
{
    return (struct wish){.prefer = (uint8_t)prefer, .preempt = true};
}

static const struct wish never = {.never = true};

// Nobody spoke, but these have said `vers`: tagged from 6.25 on, and it is 7.
static void tagged_beside(const char *names, const struct wish *wishes)
{
    at(s, 1);
    link_up(s);
    for (; *names != '\0'; names++) {
        hear_wish(s, (char[]){*names, '\0'}, *wishes++);
    }
    at(s, 7);
}

// The same, with the view that this makes of a view with z, m, a, b that a was heard to publish.
static void tagged_under_z(const struct wish wishes[3])
{
    at(s, 1);
    link_up(s);
    hear_view(s, 4, "a", false, "z m a b");
    for (int i = 0; i < 3; i++) {
        hear_wish(s, (const char *[]){"z", "a", "b"}[i], wishes[i]);
    }
    at(s, 6);
}

// --- Who is first --------------------------------------------------------------------------------

static const struct {
    int mine;
    struct wish of_a, of_b;
    const char *view;
} fresh[] = {
    {0, {0}, {0}, "> view 1 by m: a b m"},
    {0, {0}, {.prefer = 1}, "> view 1 by m: b a m wishes 1 0 0"},
    {7, {.prefer = 7}, {.prefer = 6}, "> view 1 by m: a b m wishes 7 6 7"},
    {8, {.prefer = 7}, {.prefer = 100}, "> view 1 by m: b a m wishes 100 7 8"},
    {9, {.prefer = 7}, {.prefer = 6}, "> view 1 by m: m a b wishes 9 7 6"},
    {0, {.never = true}, {0}, "> view 1 by m: b a m wishes 0 255 0"},
    {0, {.never = true}, {.prefer = 9, .never = true}, "> view 1 by m: m a b wishes 0 255 255"},
    {0, {0}, {.prefer = 3, .preempt = true}, "> view 1 by m: b a m wishes 131 0 0"},
};

START_TEST(s5_without_a_view_who_prefers_it_most_is_first)
{
    script_config(s)->wish = prefers(fresh[_i].mine);
    tagged_beside("ab", (const struct wish[]){fresh[_i].of_a, fresh[_i].of_b});
    expect_line(s, fresh[_i].view);
}
END_TEST

static const struct {
    struct wish of_z, of_a, of_b;
    const char *view;
} led[] = {
    {{0}, {0}, {.prefer = 100}, "> view 4 by a: z m a b wishes 0 0 0 100"},
    {{0}, {0}, {.prefer = 1, .preempt = true}, "> view 5 by m: b z m a wishes 129 0 0 0"},
    {{0},
     {.prefer = 9, .preempt = true},
     {.prefer = 9, .preempt = true},
     "> view 5 by m: a z m b wishes 137 0 0 137"},
    {{0}, {.prefer = 9}, {.prefer = 8, .preempt = true}, "> view 5 by m: b z m a wishes 136 0 0 9"},
    {{.prefer = 9}, {0}, {.prefer = 9, .preempt = true}, "> view 4 by a: z m a b wishes 9 0 0 137"},
    {{.never = true}, {0}, {0}, "> view 5 by m: m z a b wishes 0 255 0 0"},
    {{.never = true},
     {.prefer = 4},
     {.prefer = 3, .preempt = true},
     "> view 5 by m: a z m b wishes 4 255 0 131"},
};

START_TEST(s5_who_is_first_stays_so_but_for_one_that_preempts)
{
    tagged_under_z((const struct wish[]){led[_i].of_z, led[_i].of_a, led[_i].of_b});
    forget(s);
    at(s, 7);
    expect_line(s, led[_i].view);
}
END_TEST

START_TEST(s5_when_the_first_has_left_it_goes_to_the_one_who_prefers_it_most)
{
    tagged_under_z((const struct wish[]){{0}, {0}, {.prefer = 1}});
    hear_left(s, "z", 5);
    at(s, 7);
    expect_line(s, "> view 5 by m: b m a wishes 1 0 0");
}
END_TEST

START_TEST(s5_who_comes_is_not_first_however_much_it_prefers_it)
{
    tagged_beside("a", (const struct wish[]){{0}});
    hear_wish(s, "Z", prefers(100));
    at(s, 9);
    expect_line(s, "> view 2 by m: a m Z wishes 0 0 100");
}
END_TEST

START_TEST(s5_who_preempts_takes_it_when_it_comes)
{
    tagged_beside("a", (const struct wish[]){{0}});
    hear_wish(s, "Z", preempts(1));
    at(s, 9);
    expect_line(s, "> view 2 by m: Z a m wishes 129 0 0");
}
END_TEST

START_TEST(s5_a_wish_that_changes_is_heeded_at_once)
{
    tagged_beside("ab", (const struct wish[]){{0}, {0}});
    at(s, 9);
    forget(s);
    hear_wish(s, "b", preempts(100));
    expect(s, "9.000 > view 2 by m: b a m wishes 228 0 0\n"
              "9.000 roster 2 by m: b a m\n");
}
END_TEST

START_TEST(s5_whose_turn_it_is_not_leaves_that_to_others)
{
    join(s, "ab", hear_ping, 0, "a b");
    hear_view(s, 7, "a", true, "a m b");
    forget(s);
    hear_wish(s, "b", preempts(100));
    at(s, 9);
    ck_assert(strstr(transcript(s), "settling") == NULL);
    at(s, 12); // it is
    expect_line(s, "> view 8 by m: b a m wishes 228 0 0");
}
END_TEST

// --- Nobody --------------------------------------------------------------------------------------

START_TEST(s5_where_nobody_may_there_is_no_view_and_that_is_noted_once)
{
    script_config(s)->wish = never;
    tagged_beside("a", &never);
    expect_line(s, "S5");
    hear_wish(s, "b", never);
    at(s, 40);
    const char *text = transcript(s);
    ck_assert(strstr(text, "S5") == NULL && strstr(text, "> view") == NULL);
    ck_assert(strstr(text, "settled") == NULL);
}
END_TEST

START_TEST(s5_until_somebody_may)
{
    script_config(s)->wish = never;
    tagged_beside("a", &never);
    at(s, 9);
    hear_wish(s, "b", prefers(0));
    expect_line(s, "> view 1 by m: b a m wishes 0 255 255");
}
END_TEST

START_TEST(s5_a_view_that_does_not_fit_for_its_wishes_is_not_published)
{
    script_config(s)->packet_max = 75;
    tagged_beside("a", (const struct wish[]){{0}});
    expect_line(s, "> view 1 by m: a m");
    at(s, 9);
    hear_wish(s, "a", prefers(30));
    expect(s, "9.000   S2\n");
}
END_TEST

// --- Who knows what ------------------------------------------------------------------------------

START_TEST(s5_every_vers_tells_ones_own)
{
    script_config(s)->wish = preempts(30);
    at(s, 1);
    link_up(s);
    expect_line(s, "> vers prefer 30 preempt");
    stop(s);
    expect_line(s, "> vers left prefer 30 preempt");
}
END_TEST

START_TEST(s5_who_is_never_first_prefers_nothing)
{
    script_config(s)->wish = (struct wish){.prefer = 30, .never = true, .preempt = true};
    at(s, 1);
    link_up(s);
    expect_line(s, "> vers never");
}
END_TEST

START_TEST(s5_a_newcomer_takes_the_views_word_for_those_whom_it_has_not_heard)
{
    at(s, 1);
    link_up(s);
    hear_view_of(s, 4, "z", false, "z m y",
                 &(struct members){.wishes = (const uint32_t[]){255, 0, 128 + 30}});
    at(s, 7);
    expect_line(s, "> view 5 by m: y z m wishes 158 255 0");
}
END_TEST

START_TEST(s5_what_was_heard_last_stands)
{
    at(s, 1);
    link_up(s);
    hear_view_of(s, 4, "z", false, "z m y",
                 &(struct members){.wishes = (const uint32_t[]){0, 0, 158}});
    hear_wish(s, "y", prefers(2));
    hear_wish(s, "z", prefers(2));
    hear_view_of(s, 4, "z", false, "z m y",
                 &(struct members){.wishes = (const uint32_t[]){0, 0, 1}});
    at(s, 7);
    expect_line(s, "> view 4 by z: z m y wishes 0 0 1");
}
END_TEST

// More than what is told has no meaning, and does no harm.
START_TEST(s5_a_number_that_stands_for_nothing_is_the_nearest_that_does)
{
    at(s, 1);
    link_up(s);
    hear_view_of(s, 4, "z", false, "z m y",
                 &(struct members){.wishes = (const uint32_t[]){127, 0, 254}});
    at(s, 7);
    expect_line(s, "> view 4 by z: z m y wishes 100 0 228");
}
END_TEST

START_TEST(s5_whose_wish_stands_wrongly_in_a_view_says_vers)
{
    script_config(s)->wish = prefers(5);
    join(s, "ab", hear_ping, 0, "a b");
    at(s, 5);
    forget(s);
    hear_view_of(s, 4, "a", false, "a m b",
                 &(struct members){.wishes = (const uint32_t[]){0, 5, 0}});
    at(s, 6.6);
    ck_assert(strstr(transcript(s), "> vers") == NULL);
    hear_view(s, 4, "a", false, "a m b");
    at(s, 8.2);
    expect_line(s, "> vers prefer 5");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *wishes_suite(void)
{
    Suite *suite = suite_create("wishes");
    TCase *tests = add_case(suite, "S5: wishes");
    tcase_add_loop_test(tests, s5_without_a_view_who_prefers_it_most_is_first, 0,
                        sizeof fresh / sizeof *fresh);
    tcase_add_loop_test(tests, s5_who_is_first_stays_so_but_for_one_that_preempts, 0,
                        sizeof led / sizeof *led);
    tcase_add_test(tests, s5_when_the_first_has_left_it_goes_to_the_one_who_prefers_it_most);
    tcase_add_test(tests, s5_who_comes_is_not_first_however_much_it_prefers_it);
    tcase_add_test(tests, s5_who_preempts_takes_it_when_it_comes);
    tcase_add_test(tests, s5_a_wish_that_changes_is_heeded_at_once);
    tcase_add_test(tests, s5_whose_turn_it_is_not_leaves_that_to_others);
    tcase_add_test(tests, s5_where_nobody_may_there_is_no_view_and_that_is_noted_once);
    tcase_add_test(tests, s5_until_somebody_may);
    tcase_add_test(tests, s5_a_view_that_does_not_fit_for_its_wishes_is_not_published);
    tcase_add_test(tests, s5_every_vers_tells_ones_own);
    tcase_add_test(tests, s5_who_is_never_first_prefers_nothing);
    tcase_add_test(tests, s5_a_newcomer_takes_the_views_word_for_those_whom_it_has_not_heard);
    tcase_add_test(tests, s5_what_was_heard_last_stands);
    tcase_add_test(tests, s5_a_number_that_stands_for_nothing_is_the_nearest_that_does);
    tcase_add_test(tests, s5_whose_wish_stands_wrongly_in_a_view_says_vers);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(wishes_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
