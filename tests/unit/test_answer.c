// SPDX-License-Identifier: MIT
// The hists that a node sends: who answers a newcomer (J1) or the other side of a healed split
// (R7), when, and when not; and how often it defends its own turn (R4).
#include <check.h>

#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static struct script *s;

static void set_up(void)
{
    s = script_new();
}

static void tear_down(void)
{
    script_free(s);
}

// --- Situations to begin with ------------------------------------------------------------------

// It is 4; h spoke at 2, with value 5, after k. They are Python nodes, and m would speak at 15.
// Of what m says only its hists are looked at.
static void follows_h(void)
{
    join(s, "", hear_ping, 5, "h k m n");
    at(s, 4);
    forget(s);
}

// m spoke at 10.5, and is tagged until 20.415.
static void tagged(void)
{
    join(s, "hk", hear_ping, 0, "h k m");
    at(s, 13);
    forget(s);
}

// A stranger that is worse than anybody here: two islands have met (R7).
static void meet(void)
{
    hear_ping(s, 0, "x y");
}

static void newcomer(void)
{
    hear_init(s, "z");
}

// The hists sent until then.
static const char *hists(double until)
{
    static char sent[1024];
    size_t used = 0;
    at(s, until);
    const char *line = transcript(s);
    for (sent[0] = '\0'; *line != '\0'; line = strchr(line, '\n') + 1) {
        int len = (int)strcspn(line, "\n");
        if (strncmp(line + strcspn(line, " "), " > hist", 7) == 0) {
            used += (size_t)snprintf(sent + used, sizeof sent - used, "%.*s\n", len, line);
        }
    }
    return sent;
}

#define ck_hists(until, text) ck_assert_str_eq(hists(until), text)

// What may be a reason for a hist.
static const struct {
    void (*happens)(void);
} either[] = {{meet}, {newcomer}};

// --- Staggering --------------------------------------------------------------------------------

// gap * (1 - 1/2^p)
static const struct place {
    const char *ring;
    double seconds;
} places[] = {
    {"h m k n", 0.75},
    {"h k m n", 1.125},
    {"h k n m", 1.3125},
    {"h k n o m", 1.40625},
};

static void ck_answers_by_place(void (*happens)(void), const struct place *place)
{
    join(s, "", hear_ping, 0, place->ring);
    at(s, 4);
    happens();
    char expected[64];
    snprintf(expected, sizeof expected, "%.3f > hist %s\n", 4 + place->seconds, place->ring);
    ck_hists(6, expected);
}

START_TEST(r7_the_ring_answers_one_after_the_other)
{
    ck_answers_by_place(meet, &places[_i]);
}
END_TEST

START_TEST(j1_the_ring_answers_one_after_the_other)
{
    ck_answers_by_place(newcomer, &places[_i]);
}
END_TEST

START_TEST(the_head_answers_at_once)
{
    tagged();
    either[_i].happens();
    ck_hists(13, "13.000 > hist m h k\n");
}
END_TEST

START_TEST(a_hist_names_the_whole_ring_however_small_splits_is)
{
    script_config(s)->params.nodes = 8;
    script_config(s)->params.splits = 1;
    join(s, "", hear_ping, 0, "h m k n o p q");
    at(s, 4);
    either[_i].happens();
    ck_hists(5, "4.750 > hist h m k n o p q\n");
}
END_TEST

// It is not sent at once, since h has just said it; what h says again may be as old as the
// newcomer.
// A frame of 36, the value, and three bytes a name: what does not fit is left out from its end, but
// never the head.
START_TEST(a_hist_leaves_out_what_does_not_fit)
{
    static const struct {
        size_t packet_max;
        const char *hist;
    } rows[] = {{36 + 1 + 12, "4.750 > hist h m k n\n"},
                {36 + 1 + 11, "4.750 > hist h m k\n"},
                {1, "4.750 > hist h\n"}};
    script_config(s)->packet_max = rows[_i].packet_max;
    join(s, "", hear_ping, 0, "h m k n");
    at(s, 4);
    newcomer();
    ck_hists(5, rows[_i].hist);
}
END_TEST

START_TEST(j1_the_head_answers_whatever_others_say)
{
    tagged();
    hear_hist(s, 0, "m h k");
    newcomer();
    at(s, 13.5);
    hear_hist(s, 0, "m h k");
    at(s, 16);
    expect(s, "14.500 > vers\n"
              "14.500 > hist m h k\n");
}
END_TEST

START_TEST(j1_the_answer_has_the_value_of_the_head)
{
    follows_h();
    newcomer();
    ck_hists(6, "5.125 > hist h k m n\n");
    ck_assert_int_eq(sent_value(s), 5);
}
END_TEST

static const struct {
    hear_turn *hear;
} turns[] = {{hear_ping}, {hear_hist}};

START_TEST(r7_the_side_that_lost_tells_of_its_old_head_and_of_its_value)
{
    follows_h();
    turns[_i].hear(s, 9, "a y");
    ck_hists(6, "5.125 > hist h k m n\n");
    ck_assert_int_eq(sent_value(s), 5);
}
END_TEST

START_TEST(r7_after_which_newcomers_are_told_of_the_new_ring)
{
    follows_h();
    hear_ping(s, 9, "a m");
    ck_hists(6, "5.125 > hist h k m n\n");
    newcomer();
    ck_hists(8, "6.750 > hist a m\n");
    ck_assert_int_eq(sent_value(s), 9);
}
END_TEST

START_TEST(an_answer_that_waits_is_not_put_off_by_a_newcomer)
{
    follows_h();
    either[_i].happens();
    at(s, 4.5);
    newcomer();
    ck_hists(8, "5.125 > hist h k m n\n");
}
END_TEST

START_TEST(r7_nor_replaced_by_the_answer_to_one)
{
    follows_h();
    hear_ping(s, 9, "a m");
    newcomer();
    ck_hists(8, "5.125 > hist h k m n\n");
}
END_TEST

// --- An answer that is dropped -----------------------------------------------------------------

static void hear_a_turn(void)
{
    hear_ping(s, 0, "n h k m");
}

static void hear_the_head_again(void)
{
    hear_ping(s, 6, "h k m n");
}

static void hear_the_answer(void)
{
    hear_hist(s, 5, "h k m n");
}

static void become_disabled(void)
{
    enable(s, false);
    enable(s, true);
}

static void lose_the_link(void)
{
    link_down(s);
    link_up(s);
}

static const struct {
    void (*happens)(void);
} drops[] = {
    {hear_a_turn}, {hear_the_head_again}, {hear_the_answer}, {become_disabled}, {lose_the_link},
};

// It would answer at 9.625; from 9 on the next turn may be heard.
static void ck_drops(void (*reason)(void), void (*happens)(void))
{
    follows_h();
    at(s, 8.5);
    reason();
    at(s, 9.5);
    happens();
    ck_hists(13, "");
}

START_TEST(j1_an_answer_is_not_needed_any_more)
{
    ck_drops(newcomer, drops[_i].happens);
}
END_TEST

START_TEST(r7_an_answer_is_not_needed_any_more)
{
    ck_drops(meet, drops[_i].happens);
}
END_TEST

START_TEST(an_own_turn_is_an_answer)
{
    follows_h();
    at(s, 14.5);
    either[_i].happens();
    ck_hists(18, "");
}
END_TEST

START_TEST(j4_a_node_that_woke_late_drops_its_answer)
{
    follows_h();
    either[_i].happens();
    sleep_until(s, 5.125 + 0.751);
    ck_hists(10, "");
}
END_TEST

START_TEST(r7_somebody_of_the_old_ring_has_answered)
{
    follows_h();
    hear_ping(s, 9, "a y");
    hear_hist(s, 5, "h k m n");
    ck_hists(8, "");
}
END_TEST

START_TEST(r7_a_hist_about_the_new_head_is_no_answer_for_the_old_one)
{
    follows_h();
    hear_ping(s, 9, "a y");
    hear_hist(s, 9, "a y");
    ck_hists(8, "5.125 > hist h k m n\n");
}
END_TEST

START_TEST(a_hist_about_another_head_is_no_answer)
{
    follows_h();
    either[_i].happens();
    hear_hist(s, 0, "k m"); // R6
    ck_hists(8, "5.125 > hist h k m n\n");
}
END_TEST

START_TEST(a_copy_of_the_heads_beacon_is_no_answer)
{
    join(s, "", hear_ping, 5, "h k m n");
    either[_i].happens();
    at(s, 3);
    hear_ping(s, 5, "h k m n"); // R1
    ck_hists(8, "3.125 > hist h k m n\n");
}
END_TEST

// --- How often ---------------------------------------------------------------------------------

// Whether m tells two islands of h, if it met one then; a hist about h was heard at 4.
static const struct {
    double met;
    const char *hists;
} met[] = {
    {4, ""},
    {6.999, ""},
    {7, "8.125 > hist h k m n\n"},
};

START_TEST(r7_once_in_two_gap_about_a_head_whoever_told)
{
    follows_h();
    hear_the_answer();
    at(s, met[_i].met);
    meet();
    ck_hists(14, met[_i].hists);
}
END_TEST

START_TEST(r7_once_in_two_gap_myself)
{
    follows_h();
    meet();
    at(s, 8.124);
    meet();
    ck_hists(8.124, "5.125 > hist h k m n\n");
    at(s, 8.125);
    meet();
    ck_hists(14, "9.250 > hist h k m n\n");
}
END_TEST

// However often the strangers speak.
START_TEST(r7_is_not_put_off_by_more_of_the_same)
{
    follows_h();
    for (int t = 4; t < 9; t++) {
        at(s, t);
        meet();
    }
    ck_hists(9, "5.125 > hist h k m n\n");
}
END_TEST

START_TEST(r7_one_that_is_not_ready_any_longer_says_nothing)
{
    follows_h();
    either[_i].happens();
    set_value(s, -1);
    ck_hists(9, "");
}
END_TEST

START_TEST(r7_each_head_counts_by_itself)
{
    follows_h();
    at(s, 9);
    hear_the_answer();
    hear_ping(s, 0, "n h k m");
    meet();
    ck_hists(14, "10.312 > hist n h k m\n");
}
END_TEST

// When m answers one who started then; a hist about h was heard at 4.
static const struct {
    double started;
    const char *hists;
} started[] = {
    {4, "5.500 > hist h k m n\n"}, // one gap later
    {4.25, "5.500 > hist h k m n\n"},
    {4.5, "5.625 > hist h k m n\n"},
};

START_TEST(j1_once_in_a_gap_since_the_newcomer_listens_from_now_on)
{
    follows_h();
    hear_the_answer();
    at(s, started[_i].started);
    newcomer();
    ck_hists(8, started[_i].hists);
}
END_TEST

static void collide(void)
{
    hear_ping(s, 0, "x h k"); // R4
}

static void hear_of_me(void)
{
    hear_hist(s, 0, "m h k");
}

static const struct {
    void (*happens)(void);
    const char *hists;
} told[] = {
    {collide, "13.000 > hist m h k\n"},
    {newcomer, "13.000 > hist m h k\n"},
    {meet, "13.000 > hist m h k\n"},
    {hear_of_me, ""},
};

START_TEST(r4_the_head_defends_its_turn_once_in_two_gap)
{
    tagged();
    told[_i].happens();
    at(s, 15.999);
    collide();
    ck_hists(15.999, told[_i].hists);
    at(s, 16);
    collide();
    ck_hists(16, "16.000 > hist m h k\n");
}
END_TEST

// --- Quiet -------------------------------------------------------------------------------------

// J5: another of my name, so that m is quiet until 7, or 16.
static void fall_quiet(void)
{
    hear_ping(s, 0, "m y");
}

START_TEST(an_answer_waits_until_i_may_speak)
{
    follows_h();
    fall_quiet();
    either[_i].happens();
    ck_hists(10, "7.000 > hist h k m n\n");
}
END_TEST

START_TEST(r4_a_head_that_must_not_speak_defends_nothing)
{
    tagged();
    fall_quiet();
    at(s, 15.999);
    collide();
    ck_hists(15.999, "");
    at(s, 16);
    collide();
    ck_hists(16, "16.000 > hist m h k\n");
}
END_TEST

// --- The suite --------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_staggering(Suite *suite)
{
    TCase *tcase = add_case(suite, "Staggering");
    tcase_add_loop_test(tcase, r7_the_ring_answers_one_after_the_other, 0, COUNT(places));
    tcase_add_loop_test(tcase, j1_the_ring_answers_one_after_the_other, 0, COUNT(places));
    tcase_add_loop_test(tcase, the_head_answers_at_once, 0, COUNT(either));
    tcase_add_loop_test(tcase, a_hist_names_the_whole_ring_however_small_splits_is, 0,
                        COUNT(either));
    tcase_add_loop_test(tcase, a_hist_leaves_out_what_does_not_fit, 0, 3);
    tcase_add_test(tcase, j1_the_answer_has_the_value_of_the_head);
    tcase_add_test(tcase, j1_the_head_answers_whatever_others_say);
    tcase_add_loop_test(tcase, r7_the_side_that_lost_tells_of_its_old_head_and_of_its_value, 0,
                        COUNT(turns));
    tcase_add_test(tcase, r7_after_which_newcomers_are_told_of_the_new_ring);
    tcase_add_loop_test(tcase, an_answer_that_waits_is_not_put_off_by_a_newcomer, 0, COUNT(either));
    tcase_add_test(tcase, r7_nor_replaced_by_the_answer_to_one);
}

static void add_an_answer_that_is_dropped(Suite *suite)
{
    TCase *tcase = add_case(suite, "An answer that is dropped");
    tcase_add_loop_test(tcase, j1_an_answer_is_not_needed_any_more, 0, COUNT(drops));
    tcase_add_loop_test(tcase, r7_an_answer_is_not_needed_any_more, 0, COUNT(drops));
    tcase_add_loop_test(tcase, an_own_turn_is_an_answer, 0, COUNT(either));
    tcase_add_loop_test(tcase, j4_a_node_that_woke_late_drops_its_answer, 0, COUNT(either));
    tcase_add_test(tcase, r7_somebody_of_the_old_ring_has_answered);
    tcase_add_test(tcase, r7_a_hist_about_the_new_head_is_no_answer_for_the_old_one);
    tcase_add_loop_test(tcase, a_hist_about_another_head_is_no_answer, 0, COUNT(either));
    tcase_add_loop_test(tcase, a_copy_of_the_heads_beacon_is_no_answer, 0, COUNT(either));
}

static void add_how_often(Suite *suite)
{
    TCase *tcase = add_case(suite, "How often");
    tcase_add_loop_test(tcase, r7_once_in_two_gap_about_a_head_whoever_told, 0, COUNT(met));
    tcase_add_test(tcase, r7_once_in_two_gap_myself);
    tcase_add_test(tcase, r7_each_head_counts_by_itself);
    tcase_add_test(tcase, r7_is_not_put_off_by_more_of_the_same);
    tcase_add_loop_test(tcase, r7_one_that_is_not_ready_any_longer_says_nothing, 0, COUNT(either));
    tcase_add_loop_test(tcase, j1_once_in_a_gap_since_the_newcomer_listens_from_now_on, 0,
                        COUNT(started));
    tcase_add_loop_test(tcase, r4_the_head_defends_its_turn_once_in_two_gap, 0, COUNT(told));
}

static void add_quiet(Suite *suite)
{
    TCase *tcase = add_case(suite, "Quiet");
    tcase_add_loop_test(tcase, an_answer_waits_until_i_may_speak, 0, COUNT(either));
    tcase_add_test(tcase, r4_a_head_that_must_not_speak_defends_nothing);
}

int main(void)
{
    Suite *suite = suite_create("answer");
    add_staggering(suite);
    add_an_answer_that_is_dropped(suite);
    add_how_often(suite);
    add_quiet(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
