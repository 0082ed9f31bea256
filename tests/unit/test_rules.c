// SPDX-License-Identifier: MIT
// What a node does with a beacon or hist from another (R1 to R8), and which of two is better (P1).
// All values are 0 unless said otherwise, so that of two nodes the one is better whose name sorts
// first.
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

// The transcript since the last look holds this line, after its time.
static void ck_says(const char *line)
{
    char ending[256];
    snprintf(ending, sizeof ending, " %s\n", line);
    const char *text = transcript(s);
    ck_assert_msg(strstr(text, ending) != NULL, "no \"%s\" in:\n%s", line, text);
}

// hear_ping or hear_hist.
typedef void hear_turn(struct script *, int, const char *);

// --- Situations to begin with ------------------------------------------------------------------

// Joins at 2 by this turn.
static void join(hear_turn *hear, int value, const char *ring)
{
    at(s, 1);
    link_up(s);
    at(s, 2);
    hear(s, value, ring);
    forget(s);
}

// h took its turn at 2, after k. They are Python nodes, and m is the second in the line: it speaks
// at 15, if nothing is heard.
static void follows_h(void)
{
    join(hear_ping, 0, "h k m n");
}

// The same when h's turn stands.
static void follows_h_at(double now)
{
    follows_h();
    at(s, now);
    forget(s);
}

// In a group with h and k, which are ours, m spoke at 10.5: pending until 12, tagged until 20.415.
static void spoke_at_10_5(double now)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "h", 5);
    hear_vers(s, "k", 5);
    at(s, 2);
    hear_ping(s, 0, "h k m");
    at(s, now);
    forget(s);
}

static void pending(void)
{
    spoke_at_10_5(11);
}

static void tagged(void)
{
    spoke_at_10_5(13);
}

// Nobody else is there: tagged since 6.25 until 14.665, and m spoke again at 13.08.
static void renewing(void)
{
    at(s, 1);
    link_up(s);
    at(s, 14);
    forget(s);
}

// --- R1: the sender is my head -----------------------------------------------------------------

START_TEST(r1_a_hist_about_my_head_is_nothing)
{
    follows_h_at(4);
    hear_hist(s, 7, "h x y");
    at(s, 15);
    expect(s, "15.000 > ping m h k\n");
}
END_TEST

START_TEST(r1_a_hist_about_me_is_nothing)
{
    tagged();
    hear_hist(s, 7, "m x y");
    at(s, 21);
    expect(s, "20.415 untag end\n");
}
END_TEST

START_TEST(r1_a_copy_in_less_than_a_gap_starts_the_timers_anew)
{
    follows_h();
    at(s, 3.499);
    hear_ping(s, 0, "h k m n");
    at(s, 18);
    expect(s, "3.499   R1: h\n"
              "3.500 ping h\n"
              "3.500 slot h: h k m n\n"
              "16.499 > ping m h k\n"
              "17.999 tag slot=2 until=26.414\n"
              "17.999 slot m: m h k\n");
}
END_TEST

START_TEST(r1_the_same_contents_one_gap_later_are_another_turn)
{
    follows_h_at(3.5);
    hear_ping(s, 0, "h k m n");
    at(s, 18);
    expect(s, "3.500   R1: h\n"
              "5.000 ping h\n"
              "5.000 slot h: h k m n\n"
              "16.500 > ping m h k\n"
              "18.000 tag slot=3 until=26.415\n"
              "18.000 slot m: m h k\n");
}
END_TEST

static const struct {
    int value;
    const char *history;
} other_contents[] = {{1, "h k m n"}, {0, "h k m"}, {0, "h k"}};

START_TEST(r1_other_contents_are_another_turn)
{
    follows_h();
    at(s, 3);
    hear_ping(s, other_contents[_i].value, other_contents[_i].history);
    at(s, 5);
    expect(s, "3.000   R1: h\n"
              "4.500 ping h\n"
              "4.500 slot h: h k m n\n");
}
END_TEST

START_TEST(r1_the_first_beacon_of_a_head_told_of_by_a_hist_is_no_copy)
{
    join(hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "h k m n");
    at(s, 5);
    expect(s, "3.000   R1: h\n"
              "4.500 ping h\n"
              "4.500 slot h: h k m n\n");
}
END_TEST

static const struct {
    const char *history, *slot;
} other_turns[] = {
    {"h", "slot h: h k m n"},                                   // how my ring begins
    {"h k m n", "slot h: h k m n"}, {"h m k", "slot h: h k m"}, // not so; R8
    {"h k x", "slot h: h k m"},     {"h k m n x", "slot h: h k m"},
};

START_TEST(r1_the_head_moves_to_the_front_unless_its_history_is_how_my_ring_begins)
{
    follows_h_at(12);
    hear_ping(s, 0, other_turns[_i].history);
    at(s, 13.5);
    ck_says(other_turns[_i].slot);
}
END_TEST

START_TEST(r1_another_turn_of_a_willing_successor_ends_the_tag)
{
    tagged();
    at(s, 19.1);
    hear_ping(s, 0, "h m k");
    at(s, 20);
    hear_ping(s, 1, "h m k");
    at(s, 21);
    expect(s, "19.100   R2: h\n"
              "20.000   R1: h\n"
              "20.000 untag handover\n");
}
END_TEST

START_TEST(r1_a_copy_of_a_willing_successor_leaves_the_tag_alone)
{
    tagged();
    at(s, 19.1);
    hear_ping(s, 0, "h m k");
    at(s, 20);
    hear_ping(s, 0, "h m k");
    at(s, 20.5);
    expect(s, "19.100   R2: h\n"
              "20.000   R1: h\n"
              "20.415 untag end\n");
}
END_TEST

// --- R2: the turn has passed on ----------------------------------------------------------------

static const struct {
    hear_turn *hear;
    double at;
} passed_on[] = {{hear_ping, 2.5}, {hear_ping, 5}, {hear_ping, 14}, {hear_hist, 5}};

START_TEST(r2_who_follows_my_head_is_the_head_early_or_late)
{
    follows_h();
    at(s, passed_on[_i].at);
    passed_on[_i].hear(s, 0, "n h");
    at(s, passed_on[_i].at + 1.5);
    ck_says("slot n: n h k m");
}
END_TEST

START_TEST(r2_the_turn_of_another_is_reported_when_it_stands)
{
    follows_h_at(12);
    hear_ping(s, 0, "n h k m");
    at(s, 26);
    expect(s, "12.000   R2: n\n"
              "13.500 ping n\n"
              "13.500 slot n: n h k m\n"
              "22.000 > ping m n h k\n"
              "23.500 tag slot=3 until=31.915\n"
              "23.500 slot m: m n h k\n");
}
END_TEST

START_TEST(r2_a_newcomer_pushes_the_last_one_off_a_full_ring)
{
    join(hear_ping, 0, "h k m n o");
    at(s, 12);
    forget(s);
    hear_ping(s, 0, "x h");
    at(s, 13.5);
    expect(s, "12.000   R2: x\n"
              "13.500 ping x\n"
              "13.500 slot x: x h k m n full\n");
}
END_TEST

START_TEST(r8_one_that_skips_others_drops_one_from_the_end)
{
    follows_h_at(12);
    hear_ping(s, 0, "k h");
    at(s, 13.5);
    expect(s, "12.000   R2: k\n"
              "13.500 ping k\n"
              "13.500 slot k: k h m\n");
}
END_TEST

static const struct {
    hear_turn *hear;
    double at;
    const char *history, *transcript;
} successors[] = {
    // a beacon of one of ours, cycle - gap after mine or later: willing
    {hear_ping, 19, "h m k", "19.000   R2: h\n20.415 untag end\n"},
    {hear_ping, 20.4, "h m k", "20.400   R2: h\n20.415 untag end\n"},
    {hear_ping, 18.999, "h m k", "18.999   R2: h\n18.999 untag handover\n"},
    {hear_hist, 19, "h m k", "19.000   R2: h\n19.000 untag handover\n"},
    {hear_ping, 19, "x m h k", "19.000   R2: x\n19.000 untag handover\n"}, // a Python node
    // early
    {hear_ping, 13, "h m k", "13.000   R2: h\n13.000 untag handover\n"},
    {hear_hist, 13, "x m h k", "13.000   R2: x\n13.000 untag handover\n"},
    // late
    {hear_ping, 20.415, "h m k", "20.415 untag end\n20.415   R2: h\n"},
};

START_TEST(r2_a_tag_is_kept_beside_a_willing_successor_alone)
{
    tagged();
    at(s, successors[_i].at);
    successors[_i].hear(s, 0, successors[_i].history);
    at(s, successors[_i].at + 1.45);
    expect(s, successors[_i].transcript);
}
END_TEST

START_TEST(r2_the_turn_after_a_willing_successor_ends_the_tag)
{
    tagged();
    at(s, 19.1);
    hear_ping(s, 0, "h m k");
    at(s, 19.2);
    hear_ping(s, 0, "k h m");
    at(s, 20.5);
    expect(s, "19.100   R2: h\n"
              "19.200   R2: k\n"
              "19.200 untag handover\n");
}
END_TEST

START_TEST(r2_a_hist_that_names_me_passes_my_pending_turn_on)
{
    pending();
    hear_hist(s, 0, "x m h k");
    at(s, 13);
    expect(s, "11.000   R2: x\n"
              "12.500 ping x\n"
              "12.500 slot x: x m h k\n");
}
END_TEST

START_TEST(r2_a_kept_tag_answers_as_the_new_heads)
{
    tagged();
    at(s, 19);
    hear_ping(s, 0, "h m k");
    hear_init(s, "x"); // J1
    at(s, 20.4);
    expect(s, "19.000   R2: h\n"
              "19.750 > hist h m k\n");
}
END_TEST

// --- R3: I missed beacons ------------------------------------------------------------------------

static const struct {
    hear_turn *hear;
    double at;
    const char *history, *decided, *then;
} missed[] = {
    {hear_ping, 9, "x y h k", "  R3: x", "slot x: x y h k m full"},
    {hear_ping, 9, "x y h", "  R3: x", "slot x: x y h k m full"},
    {hear_ping, 9, "x n h k", "  R3: x", "slot x: x n h k m full"},
    {hear_ping, 9, "x m h k", "  R3: x", "slot x: x m h k"}, // R8: n fell off at m's turn
    {hear_ping, 9, "x y z h k", "  R3: x", "slot x: x y z h k full"},
    {hear_hist, 4, "x y h k", "  R3: x", "slot x: x y h k m full"},
    {hear_ping, 8.999, "x y h k", "  R7: x", "> ping m h k"}, // too early for two turns
    {hear_ping, 9, "x y h z", "  R7: x", "> ping m h k"},     // before h I saw another
    {hear_ping, 9, "x y z k m", "  R7: x", "> ping m h k"},   // h isn't there
    {hear_ping, 9, "x k h", "  R4: x", "slot x: x k m n"},    // in h's place
};

START_TEST(r3_beacons_that_were_missed_are_made_up_for)
{
    follows_h();
    at(s, missed[_i].at);
    missed[_i].hear(s, 0, missed[_i].history);
    ck_says(missed[_i].decided);
    at(s, 15);
    ck_says(missed[_i].then);
}
END_TEST

START_TEST(r3_the_turn_stands_after_one_gap_and_is_one_slot)
{
    follows_h_at(9);
    hear_ping(s, 0, "x y h k");
    at(s, 26);
    expect(s, "9.000   R3: x\n"
              "10.500 ping x\n"
              "10.500 slot x: x y h k m full\n"
              "19.000 > ping m x y h k\n"
              "20.500 tag slot=3 until=28.915\n"
              "20.500 slot m: m x y h k full\n");
}
END_TEST

START_TEST(r3_ends_a_tag)
{
    tagged();
    at(s, 17.5);
    hear_ping(s, 0, "x y m h");
    expect(s, "17.500   R3: x\n"
              "17.500 untag handover\n");
}
END_TEST

START_TEST(r3_ends_a_tag_even_at_the_time_of_a_willing_successor)
{
    tagged();
    at(s, 19.5);
    hear_ping(s, 0, "h k m");
    expect(s, "19.500   R3: h\n"
              "19.500 untag handover\n");
}
END_TEST

// --- R4: a collision in one slot -----------------------------------------------------------------

static const struct {
    hear_turn *hear;
    double at;
    const char *history, *then;
} strong[] = {
    // the better one is the head, after the ring before h's turn
    {hear_ping, 2.5, "a k m n", "slot a: a k m n"},
    {hear_ping, 4, "a k m n", "slot a: a k m n"},
    {hear_hist, 4, "a k", "slot a: a k m n"},
    {hear_ping, 4, "a k z", "slot a: a k m n"},
    // h is better
    {hear_ping, 4, "x k m n", "> ping m h k"},
    {hear_hist, 4, "x k", "> ping m h k"},
    {hear_ping, 8.999, "x k", "> ping m h k"},
    {hear_hist, 9, "x k", "> ping m h k"},
    // late enough to be the next turn, better or not
    {hear_ping, 9, "x k m n", "slot x: x k m n"},
    {hear_ping, 9, "a k m n", "slot a: a k m n"},
};

START_TEST(r4_of_two_that_follow_the_same_node_the_better_one_wins)
{
    follows_h();
    at(s, strong[_i].at);
    forget(s);
    strong[_i].hear(s, 0, strong[_i].history);
    ck_says(strong[_i].history[0] == 'a' ? "  R4: a" : "  R4: x");
    at(s, 15);
    ck_says(strong[_i].then);
}
END_TEST

// --- The suite
// -------------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_r1(Suite *suite)
{
    TCase *tcase = add_case(suite, "R1: the sender is my head");
    tcase_add_test(tcase, r1_a_hist_about_my_head_is_nothing);
    tcase_add_test(tcase, r1_a_hist_about_me_is_nothing);
    tcase_add_test(tcase, r1_a_copy_in_less_than_a_gap_starts_the_timers_anew);
    tcase_add_test(tcase, r1_the_same_contents_one_gap_later_are_another_turn);
    tcase_add_loop_test(tcase, r1_other_contents_are_another_turn, 0, COUNT(other_contents));
    tcase_add_test(tcase, r1_the_first_beacon_of_a_head_told_of_by_a_hist_is_no_copy);
    tcase_add_loop_test(tcase,
                        r1_the_head_moves_to_the_front_unless_its_history_is_how_my_ring_begins, 0,
                        COUNT(other_turns));
    tcase_add_test(tcase, r1_another_turn_of_a_willing_successor_ends_the_tag);
    tcase_add_test(tcase, r1_a_copy_of_a_willing_successor_leaves_the_tag_alone);
}

static void add_r2(Suite *suite)
{
    TCase *tcase = add_case(suite, "R2: the turn has passed on");
    tcase_add_loop_test(tcase, r2_who_follows_my_head_is_the_head_early_or_late, 0,
                        COUNT(passed_on));
    tcase_add_test(tcase, r2_the_turn_of_another_is_reported_when_it_stands);
    tcase_add_test(tcase, r2_a_newcomer_pushes_the_last_one_off_a_full_ring);
    tcase_add_test(tcase, r8_one_that_skips_others_drops_one_from_the_end);
    tcase_add_loop_test(tcase, r2_a_tag_is_kept_beside_a_willing_successor_alone, 0,
                        COUNT(successors));
    tcase_add_test(tcase, r2_the_turn_after_a_willing_successor_ends_the_tag);
    tcase_add_test(tcase, r2_a_hist_that_names_me_passes_my_pending_turn_on);
    tcase_add_test(tcase, r2_a_kept_tag_answers_as_the_new_heads);
}

static void add_r3(Suite *suite)
{
    TCase *tcase = add_case(suite, "R3: I missed beacons");
    tcase_add_loop_test(tcase, r3_beacons_that_were_missed_are_made_up_for, 0, COUNT(missed));
    tcase_add_test(tcase, r3_the_turn_stands_after_one_gap_and_is_one_slot);
    tcase_add_test(tcase, r3_ends_a_tag);
    tcase_add_test(tcase, r3_ends_a_tag_even_at_the_time_of_a_willing_successor);
}

static void add_r4(Suite *suite)
{
    TCase *tcase = add_case(suite, "R4: a collision in one slot");
    tcase_add_loop_test(tcase, r4_of_two_that_follow_the_same_node_the_better_one_wins, 0,
                        COUNT(strong));
}

int main(void)
{
    Suite *suite = suite_create("rules");
    add_r1(suite);
    add_r2(suite);
    add_r3(suite);
    add_r4(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
