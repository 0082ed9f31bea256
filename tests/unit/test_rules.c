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

// --- Situations to begin with ------------------------------------------------------------------

// h took its turn at 2, after k. They are Python nodes, and m is the second in the line: it speaks
// at 15, if nothing is heard.
static void follows_h(void)
{
    join(s, "", hear_ping, 0, "h k m n");
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
    join(s, "hk", hear_ping, 0, "h k m");
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

// h and k are there, which are ours and cannot lead: tagged since 12 until 20.415, and m spoke
// again at 18.83.
static void renewing_beside_others(void)
{
    join(s, "hk", hear_hist, -1, "k m h");
    hear_ping(s, -1, "h k m");
    at(s, 19.5);
    expect_line(s, "> ping m h"); // R8
}

static const struct {
    hear_turn *hear;
} either[] = {{hear_ping}, {hear_hist}};

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
              "3.500 > vers\n" // M1
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
              "3.000 > vers\n" // M1
              "4.500 ping h\n"
              "4.500 slot h: h k m n\n");
}
END_TEST

// A hist may overtake it: only the timers start anew, m would have spoken at 14.
START_TEST(r1_the_beacon_of_a_head_told_of_by_a_hist_is_the_same_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
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

START_TEST(r1_one_gap_after_that_hist_it_is_another_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3.5);
    forget(s);
    hear_ping(s, 0, "h k m n");
    at(s, 18);
    expect(s, "3.500   R1: h\n"
              "3.500 > vers\n" // M1
              "5.000 ping h\n"
              "5.000 slot h: h k m n\n"
              "16.500 > ping m h k\n"
              "18.000 tag slot=3 until=26.415\n"
              "18.000 slot m: m h k\n");
}
END_TEST

START_TEST(r1_with_another_ring_than_that_hists_it_is_another_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "h m n");
    at(s, 5);
    expect_line(s, "slot h: h k m");
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
    expect_line(s, other_turns[_i].slot);
}
END_TEST

START_TEST(r1_a_history_longer_than_my_ring_is_not_how_it_begins)
{
    join(s, "", hear_ping, 0, "h k");
    hear_ping(s, 0, "h k m");
    at(s, 3.5);
    expect_line(s, "slot h: h");
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
              "20.000 untag handover\n"
              "20.000 > vers\n"); // M1
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
} passed_on[] = {{hear_ping, 9}, {hear_hist, 9}, {hear_ping, 14}, {hear_hist, 14}};

START_TEST(r2_who_follows_my_head_is_the_head)
{
    follows_h();
    at(s, passed_on[_i].at);
    passed_on[_i].hear(s, 0, "n h");
    expect_line(s, "  R2: n");
    at(s, passed_on[_i].at + 1.5);
    expect_line(s, "slot n: n h k m");
}
END_TEST

static const struct {
    hear_turn *hear;
    double at;
    const char *history, *decided, *then;
} crossed[] = {
    // the better one stands, and has followed an earlier turn of h
    {hear_ping, 2.5, "a h", "  R4: a", "slot a: a h k m n full"},
    {hear_ping, 3.499, "a h k", "  R4: a", "slot a: a h k m n full"},
    {hear_ping, 4.999, "a h", "  R4: a", "slot a: a h k m n full"},
    // h is better
    {hear_ping, 2.5, "n h", "  R4: n", "> ping m h k"},
    {hear_ping, 3.499, "n h k", "  R4: n", "> ping m h k"},
    {hear_ping, 4.999, "n h", "  R4: n", "> ping m h k"},
    // a hist: of a turn before h's, which somebody has followed
    {hear_hist, 2.5, "a h k m", "  R6: a", "> ping m h k"},
    {hear_hist, 3.499, "a h k m", "  R6: a", "> ping m h k"},
    {hear_hist, 8.999, "a h m", "  R6: a", "> ping m h k"},
    {hear_hist, 8.999, "n h", "  R6: n", "> ping m h k"},
};

START_TEST(r2_who_follows_my_head_too_early_to_have_heard_it_has_crossed_it)
{
    follows_h();
    at(s, crossed[_i].at);
    crossed[_i].hear(s, 0, crossed[_i].history);
    expect_line(s, crossed[_i].decided);
    at(s, 15);
    expect_line(s, crossed[_i].then);
}
END_TEST

// h has spoken at 2 and at 4, and nobody between: then a hist may well have crossed it.
static const struct {
    double at;
    const char *history, *decided, *then;
} crossed_again[] = {
    {5, "a h k m", "  R4: a", "slot a: a h k m n full"},
    {10.999, "a h k m", "  R4: a", "slot a: a h k m n full"},
    {10.999, "n h", "  R4: n", "> ping m h k"},
    {11, "n h", "  R2: n", "slot n: n h k m"},
};

START_TEST(r2_a_hist_crosses_a_head_that_has_gone_on_after_a_turn_of_its_own)
{
    follows_h_at(4);
    hear_ping(s, 0, "h k m n");
    at(s, crossed_again[_i].at);
    hear_hist(s, 0, crossed_again[_i].history);
    expect_line(s, crossed_again[_i].decided);
    at(s, 17);
    expect_line(s, crossed_again[_i].then);
}
END_TEST

// So it is when x has followed h's turn before, and one of the two has lost.
static const struct {
    const char *first, *second;
} gone_on[] = {{"h k m n", "x h"}, {"x h", "h k m n"}};

START_TEST(r2_a_hist_crosses_it_in_either_order_of_what_was_heard)
{
    follows_h_at(9.5);
    hear_ping(s, 0, gone_on[_i].first);
    at(s, 10);
    hear_ping(s, 0, gone_on[_i].second);
    hear_hist(s, 0, "a h k m");
    expect_line(s, "  R4: a");
}
END_TEST

// h was alone, goes on, and another has followed its turn before: whichever is heard first.
static const struct {
    const char *first, *second, *decided, *then;
} orders[] = {
    {"h", "a h", "  R4: a", "slot a: a h"},
    {"a h", "h", "  R4: h", "slot a: a h"},
    {"h", "x h", "  R4: x", "slot h: h"},
    {"x h", "h", "  R4: h", "slot h: h"},
};

START_TEST(r2_of_two_that_have_crossed_the_same_one_stands_in_either_order)
{
    join(s, "", hear_ping, 0, "h");
    at(s, 10);
    hear_ping(s, 0, orders[_i].first);
    at(s, 10.5);
    forget(s);
    hear_ping(s, 0, orders[_i].second);
    expect_line(s, orders[_i].decided);
    at(s, 12);
    expect_line(s, orders[_i].then);
}
END_TEST

// The history of h's new turn is how the ring begins that h led, so nobody moves (R1).
static const struct {
    const char *ours, *first, *second, *slot;
} renewals[] = {
    {"hx", "h m", "x h m", "slot h: h m"},
    {"hx", "x h m", "h m", "slot h: h m"},
    {"x", "h", "x h m", "slot h: h m"},
    {"x", "x h m", "h", "slot h: h m"},
    // P1: h of ours says that it knows of nobody
    {"hx", "h", "x h m", "slot x: x h m"},
    {"hx", "x h m", "h", "slot x: x h m"},
};

START_TEST(r4_the_last_one_stays_on_the_ring_of_a_head_that_goes_on_in_either_order)
{
    join(s, renewals[_i].ours, hear_ping, 0, "h m");
    at(s, 10.3);
    hear_ping(s, 0, renewals[_i].first);
    at(s, 10.4);
    forget(s);
    hear_ping(s, 0, renewals[_i].second);
    at(s, 12);
    expect_line(s, renewals[_i].slot);
}
END_TEST

START_TEST(r4_a_history_that_is_not_how_that_ring_begins_turns_it)
{
    join(s, "hx", hear_ping, 0, "h k m");
    at(s, 10.3);
    hear_ping(s, 0, "x h k m");
    hear_ping(s, 0, "h m");
    at(s, 12);
    expect_line(s, "slot h: h k"); // R8
}
END_TEST

// J5 makes silent, but what is read then is not late, be it a beacon or one that a hist overtook.
START_TEST(r2_who_follows_early_has_crossed_my_head_even_after_a_rivals_beacon)
{
    follows_h_at(9);
    hear_ping(s, 0, "m q");
    at(s, 10);
    either[_i].hear(s, 0, "n h k m");
    hear_ping(s, 0, "n h k m");
    at(s, 11.499);
    hear_ping(s, 0, "x n h");
    expect_line(s, "  R4: x");
}
END_TEST

START_TEST(r2_when_a_hist_told_of_my_head_nobody_has_crossed_it)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 2.5);
    (_i == 0 ? hear_ping : hear_hist)(s, 0, "n h");
    at(s, 4);
    expect(s, "2.500   R2: n\n"
              "4.000 ping n\n"
              "4.000 slot n: n h k m\n");
}
END_TEST

START_TEST(r2_when_that_turns_beacon_comes_as_well_who_follows_it_early_has_crossed_it)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "h k m n"); // R1: overtaken
    at(s, 4.499);
    hear_ping(s, 0, "n h k");
    expect_line(s, "  R4: n");
}
END_TEST

// J4: n's beacon waited to be read, nobody knows for how long; or it came when m was awake. A timer
// of 3.5 was late.
static const struct {
    double until, at;
    const char *decided;
} awake[] = {
    {13, 13, "  R2: x"},      {13, 14.499, "  R2: x"}, {13, 14.5, "  R4: x"},
    {3.7, 3.849, "  R2: x"},  {3.7, 3.85, "  R4: x"}, // gap/10
    {3.58, 3.581, "  R4: x"},                         // by less than slack
};

START_TEST(r2_what_was_read_late_has_been_followed)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    sleep_until(s, awake[_i].until);
    timer(s);
    at(s, awake[_i].at);
    hear_ping(s, 0, "n h k m");
    forget(s);
    hear_ping(s, 0, "x n h k");
    expect_line(s, awake[_i].decided);
}
END_TEST

// A copy of it (R1) may have waited as well.
static const struct {
    double at;
    const char *decided;
} awake_copy[] = {{14.3, "  R2: x"}, {14.499, "  R2: x"}, {14.5, "  R4: x"}};

START_TEST(r2_a_copy_that_comes_in_time_tells_that_its_turn_has_just_begun)
{
    follows_h_at(3);
    sleep_until(s, 13);
    timer(s);
    at(s, 14);
    either[_i % 2].hear(s, 0, "n h k m");
    at(s, awake_copy[_i / 2].at);
    hear_ping(s, 0, "n h k m");
    expect_line(s, "  R1: n");
    hear_ping(s, 0, "x n h k");
    expect_line(s, awake_copy[_i / 2].decided);
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
    join(s, "", hear_ping, 0, "h k m n o");
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
    // nobody's time
    {hear_ping, 17.5, "h m k", "17.500   R2: h\n17.500 untag handover\n"},
    {hear_ping, 17.5, "x m h k", "17.500   R2: x\n17.500 untag handover\n"},
    {hear_hist, 17.5, "x m h k", "17.500   R2: x\n17.500 untag handover\n"},
    // nor anybody's, but somebody has been told that m is gone (H5)
    {hear_ping, 17.499, "h m k", "17.499   R2: h\n17.499 untag handover\n"},
    {hear_ping, 17.499, "x m k", "17.499   R2: x\n17.499 untag handover\n"},
    {hear_hist, 17.499, "x m h k", "17.499   R2: x\n17.499 untag handover\n"},
    // or we have crossed
    {hear_ping, 13.499, "a m k", "13.499   R4: a\n13.499 detag by a\n"},
    {hear_ping, 13.499, "x m k", "13.499   R4: x\n13.499 > hist m h k\n"},
    {hear_hist, 17.499, "a m k", "17.499   R6: a\n"},
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

// Parameters that came meanwhile have made the turn that it is pending for that short.
START_TEST(r2_a_pending_node_has_nothing_to_hand_over_willingly)
{
    struct params quick = script_config(s)->params;
    quick.version = 1;
    quick.cycle_ns = INT64_C(1000000000);
    quick.gap_ns = INT64_C(300000000);
    pending();
    hear_params(s, "k", &quick);
    at(s, 11.4);
    forget(s);
    hear_ping(s, 0, "h m k");
    at(s, 12.04); // m's time after h's turn is 12.1
    expect(s, "11.400   R2: h\n"
              "11.700 ping h\n"
              "11.700 slot h: h m\n"); // R8
}
END_TEST

// Of two successors, the one that follows the other has crossed it.
static const struct {
    const char *history, *transcript;
} beside_successor[] = {
    {"a h m", "19.200   R4: a\n19.200 detag by a\n"},
    {"k h m", "19.200   R4: k\n20.415 untag end\n"},
};

START_TEST(r2_a_better_one_that_crosses_a_willing_successor_ends_the_tag)
{
    tagged();
    at(s, 19.1);
    hear_ping(s, 0, "h m k");
    expect(s, "19.100   R2: h\n");
    at(s, 19.2);
    hear_ping(s, 0, beside_successor[_i].history);
    at(s, 20.5);
    expect(s, beside_successor[_i].transcript);
}
END_TEST

// Only a pending node can have crossed what a hist tells of, and the better one stands.
START_TEST(r2_a_hist_that_follows_me_while_i_am_pending_has_crossed)
{
    pending();
    hear_hist(s, 0, _i == 0 ? "a m h k" : "z m h k");
    at(s, 13);
    expect(s, _i == 0 ? "11.000   R5: a\n"
                        "12.500 ping a\n"
                        "12.500 slot a: a m h k\n"
                      : "11.000   R6: z\n"
                        "12.000 tag slot=2 until=20.415\n"
                        "12.000 slot m: m h k\n");
}
END_TEST

START_TEST(r2_a_hist_that_says_i_spoke_makes_me_the_head_and_no_more)
{
    at(s, 1);
    link_up(s);
    at(s, 7); // alone, and tagged
    hear_ping(s, 0, "a m");
    at(s, 14);
    forget(s);
    hear_hist(s, 0, "m a");
    at(s, 28.05);
    expect(s, "14.000   R2: m\n"
              "15.500 slot -: m a\n"
              "28.050 > ping m\n"); // D1: the sender of the last beacon; R8
}
END_TEST

START_TEST(r2_a_kept_tag_answers_as_the_new_heads)
{
    tagged();
    at(s, 19);
    hear_ping(s, 0, "k m h");
    hear_init(s, "x"); // J1
    at(s, 20.4);
    expect(s, "19.000   R2: k\n"
              "19.750 > vers\n"
              "19.750 > hist k m h\n");
}
END_TEST

// --- R3: I missed beacons ----------------------------------------------------------------------

static const struct {
    hear_turn *hear;
    double at;
    const char *history, *decided, *then;
} missed[] = {
    {hear_ping, 9, "x y h k", "  R3: x", "slot x: x y h k m n"},
    {hear_ping, 9, "x y h", "  R3: x", "slot x: x y h k m n"},
    {hear_ping, 9, "x n h k", "  R3: x", "slot x: x n h k m"},
    {hear_ping, 9, "x m h k", "  R3: x", "slot x: x m h k"}, // R8: n fell off at m's turn
    {hear_ping, 9, "x y z h k", "  R3: x", "slot x: x y z h k m n"},
    {hear_hist, 9, "x y h k", "  R3: x", "slot x: x y h k m n"},
    {hear_ping, 8.999, "x y h k", "  R7: x", "> ping m h k"}, // too early for two turns
    {hear_hist, 8.999, "x y h k", "  R7: x", "> ping m h k"},
    {hear_ping, 9, "x y h z", "  R7: x", "> ping m h k"},   // before h I saw another
    {hear_ping, 9, "x y z k m", "  R7: x", "> ping m h k"}, // h isn't there
    {hear_ping, 9, "x k h", "  R4: x", "slot x: x k m n"},  // in h's place
};

START_TEST(r3_beacons_that_were_missed_are_made_up_for)
{
    script_config(s)->params.nodes = 8;
    follows_h();
    at(s, missed[_i].at);
    missed[_i].hear(s, 0, missed[_i].history);
    expect_line(s, missed[_i].decided);
    at(s, 15);
    expect_line(s, missed[_i].then);
}
END_TEST

// A hist does not tell when its head spoke.
static const struct {
    hear_turn *hear;
    double at;
} after_hist[] = {{hear_hist, 2.5}, {hear_ping, 2.5}, {hear_hist, 8.999}, {hear_ping, 8.999}};

START_TEST(r3_after_a_hist_it_is_no_matter_of_time)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, after_hist[_i].at);
    after_hist[_i].hear(s, 0, "x y h k");
    expect_line(s, "  R3: x");
    at(s, after_hist[_i].at + 1.5);
    expect_line(s, "slot x: x y h k m full");
}
END_TEST

static const struct {
    hear_turn *hear;
    double at;
    const char *decided;
} after_both[] = {
    {hear_hist, 9.999, "  R7: x"},
    {hear_ping, 9.999, "  R7: x"},
    {hear_hist, 10, "  R3: x"},
    {hear_ping, 10, "  R3: x"},
};

START_TEST(r3_when_that_turns_beacon_comes_as_well_it_is)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "h k m n"); // R1: overtaken
    at(s, after_both[_i].at);
    after_both[_i].hear(s, 0, "x y h k");
    expect_line(s, after_both[_i].decided);
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
              "19.000 > ping m x y h\n"
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

// --- R4: a collision in one slot ---------------------------------------------------------------

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
    expect_line(s, strong[_i].history[0] == 'a' ? "  R4: a" : "  R4: x");
    at(s, 15);
    expect_line(s, strong[_i].then);
}
END_TEST

START_TEST(r4_a_collision_is_no_new_slot_but_a_turn_begins_anew)
{
    follows_h_at(4);
    hear_ping(s, 0, "a k m n");
    at(s, 19);
    expect(s, "4.000   R4: a\n"
              "5.500 ping a\n"
              "5.500 slot a: a k m n\n"
              "17.000 > ping m a k\n"
              "18.500 tag slot=2 until=26.915\n"
              "18.500 slot m: m a k\n");
}
END_TEST

// J4: how long n's turn has lasted that was read at waking nobody knows, so what follows the same
// node is no collision; but while it is read, or when n is heard in time, it is.
static const struct {
    double n_at, x_at;
    const char *then;
} after_waking[] = {
    {13.5, 14.499, "> ping m n h k"},
    {13.5, 14.5, "slot x: x h k m n full"},
    {14.499, 14.5, "slot x: x h k m n full"},
    {14.5, 14.6, "> ping m n h k"},
};

START_TEST(r4_what_comes_after_a_head_that_was_read_late_is_the_next_turn)
{
    follows_h_at(3);
    sleep_until(s, 13);
    timer(s);
    at(s, after_waking[_i].n_at);
    hear_ping(s, 0, "n h k m");
    at(s, after_waking[_i].x_at);
    forget(s);
    hear_ping(s, 0, "x h");
    expect_line(s, "  R4: x");
    at(s, 26);
    expect_line(s, after_waking[_i].then);
}
END_TEST

START_TEST(r4_a_late_turn_is_a_new_slot)
{
    follows_h_at(9);
    hear_ping(s, 0, "x k m n");
    at(s, 24);
    expect(s, "9.000   R4: x\n"
              "10.500 ping x\n"
              "10.500 slot x: x k m n\n"
              "22.000 > ping m x k\n"
              "23.500 tag slot=3 until=31.915\n"
              "23.500 slot m: m x k\n");
}
END_TEST

START_TEST(r4_two_that_knew_nobody_collide)
{
    join(s, "", hear_ping, 0, "h");
    hear_ping(s, 0, "x");
    expect_line(s, "  R4: x");
    hear_ping(s, 0, "a");
    at(s, 3.5);
    expect(s, "2.000   R4: a\n"
              "3.500 ping a\n"
              "3.500 slot a: a\n");
}
END_TEST

// h stood before h, so nobody knows what a followed. A hist carries the whole ring.
static const struct {
    hear_turn *hear;
    const char *history, *slot;
} another_ring[] = {
    {hear_ping, "a k x", "slot a: a k x h m full"},
    {hear_hist, "a k x", "slot a: a k x"},
    {hear_ping, "k x", "slot k: k x h m n full"}, // by weak signs
    {hear_hist, "k x", "slot k: k x"},
};

START_TEST(r4_after_another_turn_of_my_head_a_beacons_history_is_filled_up_and_no_hists)
{
    join(s, "", hear_ping, 0, "h k m n");
    at(s, 4);
    hear_ping(s, 0, "h");
    hear_ping(s, -1, "h"); // which anybody beats
    forget(s);
    another_ring[_i].hear(s, 0, another_ring[_i].history);
    expect_line(s, another_ring[_i].history[0] == 'a' ? "  R4: a" : "  R4: k");
    at(s, 5.5);
    expect_line(s, another_ring[_i].slot);
}
END_TEST

START_TEST(r4_after_missed_beacons_the_ring_is_the_one_before_the_last)
{
    follows_h_at(9);
    hear_ping(s, 0, "x y h k");
    hear_ping(s, 0, "b y");
    at(s, 10.5);
    expect(s, "9.000   R3: x\n"
              "9.000   R4: b\n"
              "10.500 ping b\n"
              "10.500 slot b: b y h k m full\n");
}
END_TEST

START_TEST(r4_by_its_strong_signs_even_if_it_is_old_news)
{
    follows_h_at(4);
    hear_ping(s, 0, "f k");
    forget(s);
    hear_ping(s, 9, "h k"); // better than it was
    at(s, 5.5);
    expect(s, "4.000   R4: h\n"
              "5.500 ping h\n"); // the slot was told of at 3.5, with the same ring
}
END_TEST

// h spoke at 2 and f wins after it; h's beacon comes once more, and is better now, before f's turn
// stands. The head is told of anyhow, since its value may be another.
static const struct {
    double f_at, h_at;
    bool slot;
} told[] = {
    {4, 5.499, false}, // as at 3.5
    {3, 3.4, true},    // h's did not stand before
};

START_TEST(i5_a_slot_is_told_of_once_for_each_ring)
{
    follows_h();
    at(s, told[_i].f_at);
    forget(s);
    hear_ping(s, 0, "f k");
    at(s, told[_i].h_at);
    forget(s);
    hear_ping(s, 9, "h k");
    at(s, told[_i].h_at + 1.5);
    const char *text = transcript(s);
    ck_assert(has_line(text, "  R4: h"));
    ck_assert(has_line(text, "ping h"));
    ck_assert(has_line(text, "slot h: h k m n") == told[_i].slot);
}
END_TEST

START_TEST(r4_after_a_history_was_taken_the_ring_is_the_one_before_its_head)
{
    pending();
    hear_hist(s, 0, "d m x y"); // R5
    hear_ping(s, 0, "b m");
    at(s, 12.5);
    expect_line(s, "slot b: b m x y");
}
END_TEST

START_TEST(r4_the_head_before_a_collision_is_on_no_ring_any_more)
{
    follows_h_at(4);
    hear_ping(s, 0, "f k");
    hear_ping(s, 0, "b k");
    at(s, 5.5);
    expect_line(s, "slot b: b k m n");
}
END_TEST

// k, or b, spoke before h, and now again after one that nobody knows: it has gone on, and the ring
// is the one that it led; R8.
static const struct {
    hear_turn *hear;
    double at;
    const char *ring, *history, *then;
} weak[] = {
    {hear_ping, 4, "h b m n", "b x", "slot b: b m"},
    {hear_hist, 4, "h b m n", "b x", "slot b: b m"},
    {hear_ping, 4, "h k m n", "k x", "> ping m h k"},
    {hear_hist, 4, "h k m n", "k x", "> ping m h k"},
    {hear_ping, 8.999, "h k m n", "k x", "> ping m h k"},
    {hear_ping, 9, "h k m n", "k x", "slot k: k m"},
    {hear_hist, 9, "h k m n", "k x", "> ping m h k"},
};

START_TEST(r4_the_one_before_my_head_collides_with_it)
{
    join(s, "", hear_ping, 0, weak[_i].ring);
    at(s, weak[_i].at);
    forget(s);
    weak[_i].hear(s, 0, weak[_i].history);
    expect_line(s, weak[_i].history[0] == 'b' ? "  R4: b" : "  R4: k");
    at(s, 15);
    expect_line(s, weak[_i].then);
}
END_TEST

// What becomes of a tag when another has followed the same node as me.
static const struct {
    hear_turn *hear;
    double at;
    const char *history, *transcript;
} against_me[] = {
    {hear_ping, 13, "a h k", "13.000   R4: a\n13.000 detag by a\n"},
    {hear_hist, 13, "a h k", "13.000   R4: a\n13.000 detag by a\n"},
    {hear_ping, 17.5, "x h k", "17.500   R4: x\n17.500 detag by x\n"},
    // mine stays, and I say so
    {hear_ping, 13, "x h k", "13.000   R4: x\n13.000 > hist m h k\n"},
    {hear_ping, 17.499, "x h k", "17.499   R4: x\n17.499 > hist m h k\n"},
    {hear_hist, 13, "x h k", "13.000   R4: x\n"},
    // pending
    {hear_ping, 11, "a h k", "11.000   R4: a\n"},
    {hear_ping, 11, "x h k", "11.000   R4: x\n11.000 > hist m h k\n"},
    // and we have crossed
    {hear_ping, 11, "a m h", "11.000   R4: a\n"},
    {hear_ping, 11, "x m h", "11.000   R4: x\n11.000 > hist m h k\n"},
};

START_TEST(r4_a_better_one_takes_my_turn_and_of_a_worse_one_i_say_so)
{
    spoke_at_10_5(against_me[_i].at);
    against_me[_i].hear(s, 0, against_me[_i].history);
    at(s, against_me[_i].at + 0.9);
    expect(s, against_me[_i].transcript);
}
END_TEST

START_TEST(r4_a_better_one_that_crossed_my_beacon_leads_its_own_ring_filled_up)
{
    pending();
    hear_ping(s, 0, "a m");
    at(s, 12.5);
    expect(s, "11.000   R4: a\n"
              "12.500 ping a\n"
              "12.500 slot a: a m h k\n");
}
END_TEST

START_TEST(r4_a_renewal_that_is_lost_to_one_that_crossed_it_ends_the_tag)
{
    renewing();
    hear_ping(s, 0, "a m");
    at(s, 15.5);
    expect(s, "14.000   R4: a\n"
              "14.000 detag by a\n"
              "15.500 ping a\n"
              "15.500 slot a: a m\n");
}
END_TEST

START_TEST(r4_a_renewal_stands_against_a_worse_one_that_crossed_it)
{
    renewing_beside_others();
    hear_ping(s, 0, "x m h k");
    at(s, 21);
    expect(s, "19.500   R4: x\n"
              "19.500 > hist m h\n"
              "20.330 renew slot=4 until=28.745\n"
              "20.330 slot m: m h\n");
}
END_TEST

// m is on x's ring, but its own message says that it knows of nobody (P1).
START_TEST(r4_a_lone_nodes_renewal_is_worse_than_any_that_crossed_it)
{
    script_value(s, 9);
    renewing();
    hear_ping(s, 0, "x m");
    at(s, 15.5);
    expect(s, "14.000   R4: x\n"
              "14.000 detag by x\n"
              "15.500 ping x\n"
              "15.500 slot x: x m\n");
}
END_TEST

START_TEST(r4_for_another_head_nobody_speaks)
{
    follows_h_at(4);
    hear_ping(s, 0, "x k");
    at(s, 14);
    expect(s, "4.000   R4: x\n");
}
END_TEST

START_TEST(r4_a_disabled_head_does_not_defend_its_turn)
{
    tagged();
    enable(s, false);
    hear_ping(s, 0, "x h k");
    expect(s, "13.000 untag disabled\n"
              "13.000 > vers\n" // J2
              "13.000   R4: x\n");
}
END_TEST

// --- R5: a pending node obeys any hist whose head is better ------------------------------------

START_TEST(r5_a_pending_node_obeys_a_hist_about_a_better_head)
{
    pending();
    hear_hist(s, 0, "a m x");
    at(s, 13);
    expect(s, "11.000   R5: a\n"
              "12.500 ping a\n"
              "12.500 slot a: a m x\n"); // the whole ring: not filled up
}
END_TEST

START_TEST(r5_is_no_new_slot)
{
    pending();
    hear_hist(s, 0, "a h k");
    at(s, 24);
    expect(s, "11.000   R5: a\n"
              "12.500 ping a\n"
              "12.500 slot a: a h k m\n"
              "21.000 > ping m a h k\n"
              "22.500 tag slot=3 until=30.915\n"
              "22.500 slot m: m a h k\n");
}
END_TEST

START_TEST(r5_a_history_longer_than_the_ring_is_cut)
{
    pending();
    hear_hist(s, 0, "a m c d e f");
    expect_line(s, "  R5: a");
    at(s, 12.5);
    expect_line(s, "slot a: a m c d e full");
}
END_TEST

START_TEST(r5_not_when_the_head_is_worse)
{
    pending();
    hear_hist(s, 0, "x y");
    expect_line(s, "  R7: x");
}
END_TEST

START_TEST(r5_not_when_it_is_a_beacon)
{
    pending();
    hear_ping(s, 0, "a x");
    expect_line(s, "  R7: a");
}
END_TEST

START_TEST(r5_not_when_it_is_not_pending)
{
    tagged();
    hear_hist(s, 0, "a x");
    expect_line(s, "  R7: a");
}
END_TEST

START_TEST(r5_old_news_or_not)
{
    join(s, "", hear_ping, 0, "h k f m");
    at(s, 13); // m spoke at 12, and followed (k f) before (h k)
    forget(s);
    hear_hist(s, 0, "k f");
    at(s, 14.5);
    expect(s, "13.000   R5: k\n"
              "14.500 ping k\n"
              "14.500 slot k: k f\n");
}
END_TEST

START_TEST(r5_not_of_the_very_turn_that_its_beacon_followed)
{
    pending();
    hear_hist(s, 0, "h k m");
    at(s, 12);
    expect(s, "11.000   R6: h\n"
              "12.000 tag slot=2 until=20.415\n"
              "12.000 slot m: m h k\n");
}
END_TEST

static const char *const not_that_turn[] = {"h x", "a h"};

START_TEST(r5_any_other_turn_than_that_counts)
{
    pending();
    hear_hist(s, 0, not_that_turn[_i]);
    expect_line(s, not_that_turn[_i][0] == 'h' ? "  R5: h" : "  R5: a");
}
END_TEST

// A Python node that knows of nobody is as good as ever (P1).
static const struct {
    const char *ours;
    double at;
    const char *decided;
} knew_nobody[] = {{"hk", 11, "  R4: h"}, {"k", 13, "  R5: h"}};

START_TEST(r5_not_of_one_of_ours_that_knows_of_nobody)
{
    join(s, knew_nobody[_i].ours, hear_ping, 0, "h k m");
    at(s, knew_nobody[_i].at);
    expect_line(s, "> ping m h k");
    hear_hist(s, 9, "h");
    expect_line(s, knew_nobody[_i].decided);
    at(s, knew_nobody[_i].at + 1);
    ck_assert(is_tagged(s) == (_i == 0));
}
END_TEST

START_TEST(r5_old_news_of_another_that_followed_the_same_node_counts)
{
    join(s, "hk", hear_ping, 0, "a k m h");
    at(s, 9.5);
    hear_ping(s, 0, "k a m h");
    at(s, 17);
    hear_ping(s, 0, "h k a m");
    at(s, 26); // m spoke at 25.5
    expect_line(s, "> ping m h k a");
    hear_hist(s, 0, "a k m h");
    expect_line(s, "  R5: a");
}
END_TEST

START_TEST(r5_a_renewal_obeys_as_well_and_the_tag_ends)
{
    renewing();
    hear_hist(s, 0, "a m");
    at(s, 16);
    expect(s, "14.000   R5: a\n"
              "14.000 detag by a\n"
              "15.500 ping a\n"
              "15.500 slot a: a m\n");
}
END_TEST

START_TEST(r5_what_tells_of_another_island_is_reported_by_r7)
{
    pending();
    hear_hist(s, 0, "a x");
    at(s, 13);
    expect(s, "11.000   R7: a\n"
              "11.000 recover prio=0 replace=1 local: m h k remote: a x\n"
              "11.000 > hist m h k\n"
              "11.000 > vers\n"
              "12.500 ping a\n"
              "12.500 slot a: a x\n");
}
END_TEST

START_TEST(r5_so_it_is_when_a_lone_node_goes_on)
{
    renewing();
    hear_hist(s, 0, "a x");
    at(s, 16);
    expect(s, "14.000   R7: a\n"
              "14.000 detag by a\n"
              "14.000 recover prio=0 replace=1 local: m remote: a x\n"
              "14.000 > hist m\n"
              "14.000 > vers\n"
              "15.500 ping a\n"
              "15.500 slot a: a x\n");
}
END_TEST

// --- R6: old news ------------------------------------------------------------------------------

// A node that only listens: a hist told of h at 2, n spoke at 3 and again every 7 seconds.
static void listens_to_n(double now)
{
    script_config(s)->enabled = false;
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "n h k m");
    for (int turn = 1; 3 + 7 * turn < now; turn++) {
        at(s, 3 + 7 * turn);
        hear_ping(s, 0, "n h k m");
    }
    at(s, now);
    forget(s);
}

static const struct {
    hear_turn *hear;
    double at;
    const char *decided;
} news[] = {
    {hear_ping, 8.999, "  R6: h"}, // cycle - 2 gap
    {hear_ping, 9, "  R4: h"},      {hear_hist, 9, "  R6: h"},
    {hear_hist, 29.499, "  R6: h"}, // 2 (cycle + 2.5 gap)
    {hear_hist, 29.5, "  R4: h"},
};

START_TEST(r6_a_turn_i_followed_is_old_news_for_a_while)
{
    listens_to_n(news[_i].at);
    news[_i].hear(s, 0, "h k");
    expect_line(s, news[_i].decided);
}
END_TEST

START_TEST(r6_old_news_change_nothing)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "n h k m");
    at(s, 5);
    forget(s);
    hear_ping(s, 0, "h k m n");
    hear_hist(s, 0, "h k m n");
    at(s, 13);
    expect(s, "5.000   R6: h\n"
              "5.000   R6: h\n"
              "13.000 > ping m n h k\n");
}
END_TEST

// What is heard first, at 9, and what is old news then, at 9.5. m follows h and k as ever.
static const struct {
    hear_turn *hear;
    const char *first, *then, *decided;
} taken_over[] = {
    {hear_ping, "n h", "k m", "  R6: k"},     // the turns before h's, on joining
    {hear_ping, "x y h k", "y h", "  R6: y"}, // R3
    {hear_ping, "a c y z", "c y", "  R6: c"}, // R7
    {hear_ping, "a c y z", "y z", "  R6: y"}, //
    {hear_ping, "a c y z", "z", "  R7: z"},   // but who was before z?
    {hear_ping, "x k", "h k", "  R6: h"},     // R4: the next turn
    {hear_hist, "a k", "h k", "  R6: h"},     // R4: another in its place
};

START_TEST(r6_what_i_followed_in_other_ways_is_old_news_as_well)
{
    script_config(s)->enabled = false;
    follows_h_at(9);
    taken_over[_i].hear(s, 0, taken_over[_i].first);
    at(s, 9.5);
    forget(s);
    hear_hist(s, 0, taken_over[_i].then);
    expect_line(s, taken_over[_i].decided);
}
END_TEST

// A turn that was taken over is as old as it must be: each ended cycle - 2 gap before the next one,
// or, where there was not the time for that, was handed over early (H3). m only listens, and took
// over, at 2, "h k m n"; or later, by R3, y's turn before x's.
static const struct {
    double missed_at; // 0: no turn is
    hear_turn *hear;
    double at;
    const char *history, *decided;
} aged[] = {
    {0, hear_hist, 22.499, "k m", "  R6: k"}, // as if of -5
    {0, hear_hist, 22.5, "k m", "  R4: k"},
    {0, hear_hist, 15.499, "m n", "  R6: m"}, // as if of -12
    {0, hear_hist, 15.5, "m n", "  R7: m"},
    {0, hear_ping, 2, "k m", "  R4: k"},           // no beacon is of that turn
    {16, hear_hist, 36.499, "y h", "  R6: y"},     // as if of 9
    {16, hear_hist, 36.5, "y h", "  R4: y"},       //
    {16, hear_ping, 16, "y h", "  R4: y"},         //
    {15.999, hear_hist, 43.498, "y h", "  R6: y"}, // as if of 15.999
    {15.999, hear_hist, 43.499, "y h", "  R4: y"},
    {9, hear_ping, 15.999, "y h", "  R6: y"}, // as if of 9
    {9, hear_ping, 16, "y h", "  R4: y"},
};

START_TEST(r6_a_turn_that_was_taken_over_is_as_old_as_it_must_be)
{
    script_config(s)->enabled = false;
    follows_h();
    if (aged[_i].missed_at > 0) {
        at(s, aged[_i].missed_at);
        hear_ping(s, 0, "x y h k");
    }
    at(s, aged[_i].at);
    forget(s);
    aged[_i].hear(s, 0, aged[_i].history);
    expect_line(s, aged[_i].decided);
}
END_TEST

// J4: n's beacon is read after a sleep, or comes in time, and a's after it. Then comes one of n
// that follows h, as in the next round.
static const struct {
    double at;
    const char *decided;
} next_round[] = {{13, "  R4: n"}, {14.499, "  R4: n"}, {14.5, "  R6: n"}};

START_TEST(r6_no_beacon_is_that_of_a_turn_that_was_read_after_a_sleep)
{
    follows_h_at(3);
    sleep_until(s, 13);
    timer(s);
    at(s, next_round[_i].at);
    hear_ping(s, 0, "n h k m");
    hear_ping(s, 0, "a n h k");
    forget(s);
    hear_ping(s, 0, "n h");
    expect_line(s, next_round[_i].decided);
}
END_TEST

// J4: m slept from 4 to 100; n has taken turns all the while.
static const struct {
    hear_turn *hear;
    double at;
    const char *decided;
} long_ago[] = {
    {hear_hist, 100, "  R6: h"},
    {hear_hist, 101.499, "  R6: h"},
    {hear_hist, 101.5, "  R4: h"},
    {hear_ping, 100, "  R4: h"},
};

START_TEST(r6_a_hist_that_waited_while_i_slept_is_old_news_at_any_age)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "n h k m");
    at(s, 4);
    sleep_until(s, 100);
    hear_ping(s, 0, "n h k m");
    expect_line(s, "J4");
    at(s, long_ago[_i].at);
    forget(s);
    long_ago[_i].hear(s, 0, "h k");
    expect_line(s, long_ago[_i].decided);
}
END_TEST

START_TEST(r6_who_joins_has_followed_no_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "n h k m");
    at(s, 4);
    if (_i == 1) {
        link_up(s);
    }
    at(s, 5);
    hear_ping(s, 0, "n h k m");
    forget(s);
    hear_ping(s, 0, "h k"); // it was the head at 2
    expect_line(s, _i == 1 ? "  R4: h" : "  R6: h");
}
END_TEST

START_TEST(r6_the_turn_of_one_that_knew_nobody_is_kept)
{
    join(s, "", hear_hist, 0, "h");
    hear_ping(s, 0, "n h");
    hear_ping(s, 0, "h");
    expect_line(s, "  R6: h");
}
END_TEST

START_TEST(r6_another_turn_of_the_head_is_old_news_later)
{
    follows_h_at(4);
    hear_ping(s, 0, "h x");
    at(s, 11);
    hear_ping(s, 0, "n h");
    forget(s);
    hear_hist(s, 0, "h x");
    expect_line(s, "  R6: h");
}
END_TEST

START_TEST(r6_so_is_my_own_turn)
{
    tagged();
    at(s, 19);
    hear_ping(s, 0, "h m k");
    at(s, 27.5);
    hear_ping(s, 0, "k h m");
    expect_line(s, "  R2: k");
    hear_hist(s, 0, "m h k");
    expect_line(s, "  R6: m");
}
END_TEST

// At 10.5 and, since nobody followed, at 24.55: then its beacon said "m h".
START_TEST(r6_so_is_the_turn_that_i_took_after_my_own)
{
    spoke_at_10_5(25);
    hear_ping(s, 0, "h m");
    expect_line(s, "  R4: h");
    at(s, 34);
    hear_ping(s, 0, "k h m");
    at(s, 40); // the turn at 10.5 is no news either, but that was forgotten by 38
    forget(s);
    hear_hist(s, 0, "m h");
    expect_line(s, "  R6: m");
}
END_TEST

// --- R7: two islands have met ------------------------------------------------------------------

START_TEST(r7_mine_is_better_and_stays)
{
    follows_h_at(4);
    either[_i].hear(s, 0, "x y z");
    at(s, 15);
    expect(s, "4.000   R7: x\n"
              "4.000 recover prio=2 replace=0 local: h k m n remote: x y z\n"
              "4.000 > vers\n"         // M1
              "5.125 > hist h k m n\n" // 1.5 * (1 - 1/4)
              "15.000 > ping m h k\n");
}
END_TEST

START_TEST(r7_the_other_is_better_and_its_history_is_my_ring)
{
    follows_h_at(4);
    either[_i].hear(s, 0, "a y z");
    at(s, 6);
    expect(s, "4.000   R7: a\n"
              "4.000 recover prio=2 replace=1 local: h k m n remote: a y z\n"
              "4.000 > vers\n"
              "5.125 > hist h k m n\n"
              "5.500 ping a\n"
              "5.500 slot a: a y z\n");
}
END_TEST

START_TEST(r7_a_tagged_node_that_loses_is_detagged)
{
    tagged();
    either[_i].hear(s, 0, "a y z");
    expect(s, "13.000   R7: a\n"
              "13.000 detag by a\n"
              "13.000 recover prio=0 replace=1 local: m h k remote: a y z\n"
              "13.000 > hist m h k\n"
              "13.000 > vers\n");
}
END_TEST

START_TEST(r7_a_tagged_node_that_wins_stays_tagged)
{
    tagged();
    either[_i].hear(s, 0, "x y z");
    at(s, 21);
    expect(s, "13.000   R7: x\n"
              "13.000 recover prio=0 replace=0 local: m h k remote: x y z\n"
              "13.000 > hist m h k\n"
              "13.000 > vers\n"
              "20.415 untag end\n");
}
END_TEST

START_TEST(r7_the_hist_has_the_value_of_the_head_it_speaks_for)
{
    join(s, "", hear_ping, 5, "h k m n");
    hear_ping(s, 8, "x y z");
    at(s, 4);
    expect_line(s, "> hist h k m n");
    ck_assert_int_eq(sent_value(s), 5);
}
END_TEST

static void says_nothing_of_it(void)
{
    forget(s);
    hear_ping(s, 0, "x y z");
    hear_ping(s, 0, "a y z");
    expect(s, "4.000   R7: x\n"
              "4.000   R7: a\n");
    at(s, 5.4);
    expect(s, "");
}

START_TEST(r7_nor_has_a_head_that_cannot_lead_any_longer)
{
    join(s, "hk", hear_ping, 9, "h k m n");
    at(s, 4);
    hear_unready(s, "h");
    hear_ping(s, 1, "x y");
    at(s, 6);
    expect_line(s, "> hist h k m n");
    ck_assert_int_eq(sent_value(s), -1);
}
END_TEST

START_TEST(r7_a_node_that_is_not_ready_says_nothing)
{
    script_value(s, -1);
    follows_h_at(4);
    says_nothing_of_it();
}
END_TEST

START_TEST(r7_a_disabled_node_says_nothing)
{
    script_config(s)->enabled = false;
    follows_h_at(4);
    says_nothing_of_it();
}
END_TEST

START_TEST(r7_an_outsider_says_nothing)
{
    join(s, "", hear_ping, 0, "h k n");
    at(s, 4);
    says_nothing_of_it();
}
END_TEST

START_TEST(r7_a_ring_that_is_taken_is_no_longer_than_mine_may_be)
{
    follows_h_at(4);
    hear_ping(s, 0, "a b c d e f g");
    at(s, 5.5);
    expect_line(s, "slot a: a b c d e full");
}
END_TEST

START_TEST(r7_a_ring_that_is_taken_begins_a_slot)
{
    follows_h_at(4);
    hear_ping(s, 0, "a m");
    at(s, 18);
    expect_line(s, "tag slot=3 until=23.915");
}
END_TEST

// How many strangers are reported that speak now.
static int recovers(const char *strangers)
{
    int count = 0;
    forget(s);
    for (; *strangers != '\0'; strangers++) {
        hear_ping(s, 0, (char[]){*strangers, ' ', '1', '\0'});
        count += strstr(transcript(s), " recover ") != NULL;
    }
    return count;
}

START_TEST(r7_a_flood_of_strangers_is_reported_in_part)
{
    follows_h_at(4);
    ck_assert_int_eq(recovers("opqrstuvwxyz"), 8);
    at(s, 5.4);
    ck_assert_int_eq(recovers("opq"), 0);
    at(s, 5.5);
    ck_assert_int_eq(recovers("opq"), 3);
}
END_TEST

// One that is not ready does not speak when nobody of the ring does, nor does an outsider so soon.
static const struct {
    hear_turn *hear;
    int value;
    const char *ring;
    double at;
    const char *slot;
} silent_head[] = {
    {hear_ping, -1, "h k m n", 16.5, NULL}, // cycle + 3 gap
    {hear_ping, -1, "h k m n", 16.501, "slot x: x y z"},
    {hear_hist, -1, "h k m n", 16.501, NULL},
    {hear_ping, 0, "h k n o p", 16.5, NULL},
    {hear_ping, 0, "h k n o p", 16.501, "slot x: x y z"},
    {hear_hist, 0, "h k n o p", 16.501, NULL},
};

START_TEST(r7_a_worse_beacon_stands_against_a_head_that_nobody_followed)
{
    script_value(s, silent_head[_i].value);
    join(s, "", hear_ping, 0, silent_head[_i].ring);
    at(s, silent_head[_i].at);
    forget(s);
    silent_head[_i].hear(s, 0, "x y z");
    expect_line(s, "  R7: x");
    at(s, silent_head[_i].at + 1.5);
    if (silent_head[_i].slot == NULL) {
        expect(s, ""); // h is still the head
    } else {
        expect_line(s, silent_head[_i].slot);
    }
}
END_TEST

// h alone has spoken once, or twice, when another speaks that knows nobody.
static const struct {
    bool again;
    const char *other, *decided;
} lone[] = {
    {false, "a", "  R4: a"},
    {false, "x", "  R4: x"},
    {true, "a", "  R7: a"},
    {true, "x", "  R7: x"},
};

START_TEST(r7_a_lone_head_that_goes_on_meets_another_and_does_not_collide)
{
    join(s, "", hear_ping, 0, "h");
    at(s, 4);
    if (lone[_i].again) {
        hear_ping(s, 0, "h");
    }
    forget(s);
    hear_ping(s, 0, lone[_i].other);
    expect_line(s, lone[_i].decided);
}
END_TEST

START_TEST(r7_so_it_is_when_the_lone_head_is_me)
{
    at(s, 1);
    link_up(s);
    at(s, lone[_i].again ? 14 : 6); // pending for its first beacon of 4.75, or for that of 13.08
    forget(s);
    hear_ping(s, 0, lone[_i].other);
    const char *text = transcript(s);
    ck_assert(has_line(text, lone[_i].decided));
    ck_assert(has_line(text, "> hist m") == (lone[_i].again || lone[_i].other[0] == 'x'));
    ck_assert((strstr(text, " recover ") != NULL) == lone[_i].again);
}
END_TEST

// --- M1: who says `vers` so that it is known, and when -----------------------------------------

// The first draw is for how long it listens.
static const double half_a_gap[] = {0, 0.5};

START_TEST(m1_who_reports_recover_says_vers_within_one_gap_by_chance)
{
    script_draws(s, half_a_gap, COUNT(half_a_gap));
    follows_h_at(4);
    hear_ping(s, 0, "x y z");
    hear_ping(s, 0, "o y z");
    forget(s);
    at(s, 15);
    expect(s, "4.750 > vers\n" // once
              "5.125 > hist h k m n\n"
              "15.000 > ping m h k\n");
}
END_TEST

START_TEST(m1_who_has_a_place_says_vers_when_the_head_goes_on_early)
{
    script_draws(s, half_a_gap, COUNT(half_a_gap));
    join(s, "", hear_ping, 0, _i == 0 ? "h k m n" : "h k n"); // on the ring, or expected
    at(s, 4);
    forget(s);
    hear_ping(s, 0, "h");
    at(s, 5.4);
    expect(s, "4.000   R1: h\n"
              "4.750 > vers\n");
}
END_TEST

// Else h goes on as the last one may, or m would not be the next anyhow.
static const struct {
    const char *ring;
    double at;
    int value;
    bool enabled, says;
} early[] = {
    // until cycle - gap/2
    {"h k m n", 11.249, 0, true, true},
    {"h k m n", 11.25, 0, true, false},
    // disabled, not ready, without a place
    {"h k m n", 4, 0, false, false},
    {"h k m n", 4, -1, true, false},
    {"h k n o p", 4, 0, true, false},
};

START_TEST(m1_nobody_else_does_nor_when_the_head_goes_on_late)
{
    script_config(s)->enabled = early[_i].enabled;
    script_value(s, early[_i].value);
    join(s, "", hear_ping, 0, early[_i].ring);
    at(s, early[_i].at);
    forget(s);
    hear_ping(s, 0, "h");
    at(s, early[_i].at + 1.4);
    const char *text = transcript(s);
    ck_assert(has_line(text, "  R1: h"));
    ck_assert(has_line(text, "> vers") == early[_i].says);
}
END_TEST

START_TEST(m1_the_introduction_goes_before_the_beacon)
{
    follows_h_at(4);
    hear_init(s, "x");
    hear_hist(s, 0, "h k m n"); // J1: another has answered
    at(s, 15);
    expect(s, "15.000 > vers\n"
              "15.000 > ping m h k\n");
}
END_TEST

// --- E1: who entered last, after a collision ---------------------------------------------------

static const char outsiders[] = "opqrstuvw";

// A turn, so long after the one before: time enough to follow it, or not.
struct turn_after {
    double seconds;
    const char *history;
};

// One of the outsiders joins by the first of these turns and follows the others. Returns when the
// last one was.
static double outsider_follows(char name, const struct turn_after *turns)
{
    double now = 2;
    tear_down();
    set_up();
    script_config(s)->name = (struct name){strchr(outsiders, name), 1};
    at(s, 1);
    link_up(s);
    for (const char *other = outsiders; *other != '\0'; other++) {
        if (*other != name) {
            hear_vers(s, (char[]){*other, '\0'}, 5);
        }
    }
    for (; turns->history != NULL; turns++) {
        now += turns->seconds;
        at(s, now);
        hear_ping(s, 0, turns->history);
    }
    return now;
}

// Which of the outsiders speaks at the end of the cycle; '-': none.
static char newcomer_after(const struct turn_after *turns)
{
    for (const char *name = outsiders; *name != '\0'; name++) {
        double last = outsider_follows(*name, turns);
        forget(s);
        at(s, last + 10);
        if (strstr(transcript(s), " > ping ") != NULL) {
            return *name;
        }
    }
    return '-';
}

// After the one the same newcomer is expected as after the other, where nothing went wrong.
static const struct {
    struct turn_after turns[5], plain[5];
} same_newcomer[] = {
    // R1: a turn like any other
    {{{0, "h k"}, {8, "h k"}}, {{0, "h k"}, {8, "k h"}}},
    // R4: n never entered
    {{{0, "h k"}, {8, "n h"}, {2, "k h"}}, {{0, "h k"}, {8, "k h"}}},
    // R4: nor did it here
    {{{0, "h k"}, {8, "n h"}, {2, "h x"}}, {{0, "h k"}, {8, "h x"}}},
    // R4: f was on the ring, but for k's turn
    {{{0, "h k f"}, {8, "k h"}, {2, "f h"}}, {{0, "h k f"}, {8, "f h"}}},
    // R4: b entered instead
    {{{0, "h k"}, {8, "n h"}, {2, "b h"}}, {{0, "h k"}, {8, "b h"}}},
    // R4: f entered, and n did not
    {{{0, "h k"}, {8, "f h"}, {8, "n f"}, {2, "h f"}}, {{0, "h k"}, {8, "f h"}, {8, "h f"}}},
    // R2: n has crossed h, in either order
    {{{0, "h k"}, {8, "h k"}, {2, "n h"}}, {{0, "h k"}, {8, "h k"}}},
    {{{0, "h k"}, {8, "n h"}, {2, "h k"}}, {{0, "h k"}, {8, "h k"}}},
    // R2: so has b, and entered
    {{{0, "h k"}, {8, "h k"}, {2, "b h"}}, {{0, "h k"}, {8, "b h"}}},
    {{{0, "h k"}, {8, "b h"}, {2, "h k"}}, {{0, "h k"}, {8, "b h"}}},
};

START_TEST(e1_a_collision_leaves_no_trace_of_the_one_that_lost)
{
    char newcomer = newcomer_after(same_newcomer[_i].turns);
    ck_assert_int_ne(newcomer, '-');
    ck_assert_int_eq(newcomer, newcomer_after(same_newcomer[_i].plain));
}
END_TEST

// --- P1: which of two is better ----------------------------------------------------------------

static const struct {
    int mine, other;
    const char *name;
    bool other_is_better;
} priorities[] = {
    {5, 7, "x", true},   {5, 3, "a", false},   // the higher value
    {5, 5, "a", true},   {5, 5, "x", false},   // the name that sorts first
    {-1, 0, "x", true},  {0, -1, "a", false},  // any value beats none
    {-1, -1, "a", true}, {-1, -1, "x", false}, //
    {23, 24, "x", true}, {24, 23, "a", false}, // by number, not by bytes
    {5, 5, "ha", false}, {5, 5, "H", true},    //
};

START_TEST(p1_the_higher_value_then_the_name_that_sorts_first)
{
    join(s, "", hear_ping, priorities[_i].mine, "h k m n");
    char history[8];
    snprintf(history, sizeof history, "%s k", priorities[_i].name);
    hear_ping(s, priorities[_i].other, history);
    at(s, 15);
    bool mine_stays = strstr(transcript(s), "> ping m h k\n") != NULL;
    ck_assert(mine_stays != priorities[_i].other_is_better);
}
END_TEST

START_TEST(p1_what_my_beacon_said_counts_and_not_my_value_since)
{
    script_value(s, 5);
    pending();
    set_value(s, 1);
    hear_ping(s, 3, "a h k");
    expect(s, "11.000   R4: a\n"
              "11.000 > hist m h k\n");
    ck_assert_int_eq(sent_value(s), 5);
}
END_TEST

START_TEST(p1_a_head_is_judged_by_its_own_value)
{
    join(s, "", hear_ping, 5, "h k m n");
    hear_ping(s, 7, "x k");
    hear_ping(s, 6, "a k");
    at(s, 3.5);
    expect_line(s, "slot x: x k m n");
}
END_TEST

START_TEST(p1_a_head_that_cannot_lead_any_longer_has_no_value)
{
    script_config(s)->enabled = false;
    join(s, "h", hear_ping, 9, "h k m n");
    hear_unready(s, "h");
    hear_ping(s, 1, "a k");
    at(s, 3.5);
    expect_line(s, "ping a");
}
END_TEST

START_TEST(p1_neither_have_i)
{
    script_value(s, 9);
    pending();
    set_value(s, -1);
    hear_ping(s, 1, "a h k");
    at(s, 13);
    expect_line(s, "ping a");
}
END_TEST

// --- P1: who knows of nobody -------------------------------------------------------------------

static const struct {
    const char *ours, *ring;
    int head_value, value;
    const char *history;
    bool stands; // the head
} lone_nodes[] = {
    // one that has come to a ring
    {"a", "h k m n", 0, 9, "a", true},
    {"", "h k m n", 0, 9, "a", false}, // of Python
    {"a", "h k m n", 0, 9, "a k", false},
    {"k", "h k m n", 0, 9, "k", true}, // by weak signs
    {"", "h k m n", 0, 9, "k", false},
    // a ring that has come to one
    {"h", "h", 9, 0, "x y", false},
    {"x", "h", 9, 0, "x y", true}, // of Python
    {"h", "h m", 9, 0, "x y", true},
    // a ring whose head cannot lead
    {"a", "h k m n", -1, 9, "a", false},
    {"h", "h", 9, -1, "x y", true},
    // two that know of nobody
    {"hx", "h", 9, 0, "x", true},
    {"hx", "h", 0, 9, "x", false},
    {"ha", "h", 0, 0, "a", false},
};

static void meet(hear_turn *hear, int i)
{
    script_config(s)->enabled = false;
    join(s, lone_nodes[i].ours, hear_ping, lone_nodes[i].head_value, lone_nodes[i].ring);
    hear(s, lone_nodes[i].value, lone_nodes[i].history);
    at(s, 3.5);
    ck_assert(has_line(transcript(s), "ping h") == lone_nodes[i].stands);
}

START_TEST(p1_one_of_ours_that_knows_of_nobody_is_worse_than_a_ring)
{
    meet(hear_ping, _i);
}
END_TEST

START_TEST(p1_so_is_one_that_a_hist_tells_of)
{
    meet(hear_hist, _i);
}
END_TEST

START_TEST(p1_a_newcomer_of_ours_does_not_cut_a_turn)
{
    tagged();
    hear_vers(s, "a", 5);
    hear_ping(s, 9, "a");
    at(s, 20.5);
    expect(s, "13.000   R7: a\n"
              "13.000 recover prio=0 replace=0 local: m h k remote: a\n"
              "13.000 > hist m h k\n"
              "13.000 > vers\n"
              "20.415 untag end\n");
}
END_TEST

START_TEST(p1_a_newcomer_that_is_a_python_node_does)
{
    tagged();
    hear_ping(s, 9, "a");
    expect(s, "13.000   R7: a\n"
              "13.000 detag by a\n"
              "13.000 recover prio=0 replace=1 local: m h k remote: a\n"
              "13.000 > hist m h k\n"
              "13.000 > vers\n");
}
END_TEST

START_TEST(p1_a_lone_node_gives_way_to_a_ring)
{
    script_value(s, 9);
    at(s, 1);
    link_up(s);
    at(s, 7); // tagged
    forget(s);
    hear_ping(s, 0, "x y");
    expect(s, "7.000   R7: x\n"
              "7.000 detag by x\n"
              "7.000 recover prio=0 replace=1 local: m remote: x y\n"
              "7.000 > hist m\n"
              "7.000 > vers\n");
}
END_TEST

// R4's next turn, and R7's ring that is silent. m only listens.
static const struct {
    const char *ours, *ring, *newcomer;
    double at;
    bool leads;
} begins[] = {
    {"hk", "h k f n", "k", 8.999, false},
    {"hk", "h k f n", "k", 9, false},
    {"hk", "h k f n", "k", 15.75, false}, // cycle + 2.5 gap
    {"hk", "h k f n", "k", 15.751, true},
    {"h", "h k f n", "k", 8.999, false}, // a Python node
    {"h", "h k f n", "k", 9, true},
    {"hk", "h", "k", 8.999, false}, // neither knows of anybody
    {"hk", "h", "k", 9, true},
    {"hx", "h k f n", "x", 16.5, false}, // cycle + 3 gap
    {"hx", "h k f n", "x", 16.501, true},
};

START_TEST(p1_a_newcomer_of_ours_is_no_next_turn_until_nobody_can_be_tagged)
{
    script_config(s)->enabled = false;
    join(s, begins[_i].ours, hear_ping, 0, begins[_i].ring);
    at(s, begins[_i].at);
    forget(s);
    hear_ping(s, 0, begins[_i].newcomer);
    at(s, begins[_i].at + 1.5);
    const char *led = begins[_i].newcomer[0] == 'k' ? "ping k" : "ping x";
    ck_assert(has_line(transcript(s), led) == begins[_i].leads);
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

static void add_r1(Suite *suite)
{
    TCase *tcase = add_case(suite, "R1: the sender is my head");
    tcase_add_test(tcase, r1_a_hist_about_my_head_is_nothing);
    tcase_add_test(tcase, r1_a_hist_about_me_is_nothing);
    tcase_add_test(tcase, r1_a_copy_in_less_than_a_gap_starts_the_timers_anew);
    tcase_add_test(tcase, r1_the_same_contents_one_gap_later_are_another_turn);
    tcase_add_loop_test(tcase, r1_other_contents_are_another_turn, 0, COUNT(other_contents));
    tcase_add_test(tcase, r1_the_beacon_of_a_head_told_of_by_a_hist_is_the_same_turn);
    tcase_add_test(tcase, r1_one_gap_after_that_hist_it_is_another_turn);
    tcase_add_test(tcase, r1_with_another_ring_than_that_hists_it_is_another_turn);
    tcase_add_loop_test(tcase,
                        r1_the_head_moves_to_the_front_unless_its_history_is_how_my_ring_begins, 0,
                        COUNT(other_turns));
    tcase_add_test(tcase, r1_a_history_longer_than_my_ring_is_not_how_it_begins);
    tcase_add_test(tcase, r1_another_turn_of_a_willing_successor_ends_the_tag);
    tcase_add_test(tcase, r1_a_copy_of_a_willing_successor_leaves_the_tag_alone);
}

static void add_r2(Suite *suite)
{
    TCase *tcase = add_case(suite, "R2: the turn has passed on");
    tcase_add_loop_test(tcase, r2_who_follows_my_head_is_the_head, 0, COUNT(passed_on));
    tcase_add_loop_test(tcase, r2_who_follows_my_head_too_early_to_have_heard_it_has_crossed_it, 0,
                        COUNT(crossed));
    tcase_add_loop_test(tcase, r2_a_hist_crosses_a_head_that_has_gone_on_after_a_turn_of_its_own, 0,
                        COUNT(crossed_again));
    tcase_add_loop_test(tcase, r2_a_hist_crosses_it_in_either_order_of_what_was_heard, 0,
                        COUNT(gone_on));
    tcase_add_loop_test(tcase, r2_of_two_that_have_crossed_the_same_one_stands_in_either_order, 0,
                        COUNT(orders));
    tcase_add_loop_test(tcase,
                        r4_the_last_one_stays_on_the_ring_of_a_head_that_goes_on_in_either_order, 0,
                        COUNT(renewals));
    tcase_add_test(tcase, r4_a_history_that_is_not_how_that_ring_begins_turns_it);
    tcase_add_loop_test(tcase, r2_who_follows_early_has_crossed_my_head_even_after_a_rivals_beacon,
                        0, COUNT(either));
    tcase_add_loop_test(tcase, r2_when_a_hist_told_of_my_head_nobody_has_crossed_it, 0, 2);
    tcase_add_test(tcase,
                   r2_when_that_turns_beacon_comes_as_well_who_follows_it_early_has_crossed_it);
    tcase_add_loop_test(tcase, r2_what_was_read_late_has_been_followed, 0, COUNT(awake));
    tcase_add_loop_test(tcase, r2_a_copy_that_comes_in_time_tells_that_its_turn_has_just_begun, 0,
                        2 * COUNT(awake_copy));
    tcase_add_test(tcase, r2_the_turn_of_another_is_reported_when_it_stands);
    tcase_add_test(tcase, r2_a_newcomer_pushes_the_last_one_off_a_full_ring);
    tcase_add_test(tcase, r8_one_that_skips_others_drops_one_from_the_end);
    tcase_add_loop_test(tcase, r2_a_tag_is_kept_beside_a_willing_successor_alone, 0,
                        COUNT(successors));
    tcase_add_test(tcase, r2_a_pending_node_has_nothing_to_hand_over_willingly);
    tcase_add_loop_test(tcase, r2_a_better_one_that_crosses_a_willing_successor_ends_the_tag, 0,
                        COUNT(beside_successor));
    tcase_add_loop_test(tcase, r2_a_hist_that_follows_me_while_i_am_pending_has_crossed, 0, 2);
    tcase_add_test(tcase, r2_a_hist_that_says_i_spoke_makes_me_the_head_and_no_more);
    tcase_add_test(tcase, r2_a_kept_tag_answers_as_the_new_heads);
}

static void add_r3(Suite *suite)
{
    TCase *tcase = add_case(suite, "R3: I missed beacons");
    tcase_add_loop_test(tcase, r3_beacons_that_were_missed_are_made_up_for, 0, COUNT(missed));
    tcase_add_loop_test(tcase, r3_after_a_hist_it_is_no_matter_of_time, 0, COUNT(after_hist));
    tcase_add_loop_test(tcase, r3_when_that_turns_beacon_comes_as_well_it_is, 0, COUNT(after_both));
    tcase_add_test(tcase, r3_the_turn_stands_after_one_gap_and_is_one_slot);
    tcase_add_test(tcase, r3_ends_a_tag);
    tcase_add_test(tcase, r3_ends_a_tag_even_at_the_time_of_a_willing_successor);
}

static void add_r4(Suite *suite)
{
    TCase *tcase = add_case(suite, "R4: a collision in one slot");
    tcase_add_loop_test(tcase, r4_of_two_that_follow_the_same_node_the_better_one_wins, 0,
                        COUNT(strong));
    tcase_add_test(tcase, r4_a_collision_is_no_new_slot_but_a_turn_begins_anew);
    tcase_add_loop_test(tcase, r4_what_comes_after_a_head_that_was_read_late_is_the_next_turn, 0,
                        COUNT(after_waking));
    tcase_add_test(tcase, r4_a_late_turn_is_a_new_slot);
    tcase_add_test(tcase, r4_two_that_knew_nobody_collide);
    tcase_add_loop_test(
        tcase, r4_after_another_turn_of_my_head_a_beacons_history_is_filled_up_and_no_hists, 0,
        COUNT(another_ring));
    tcase_add_test(tcase, r4_after_missed_beacons_the_ring_is_the_one_before_the_last);
    tcase_add_test(tcase, r4_by_its_strong_signs_even_if_it_is_old_news);
    tcase_add_loop_test(tcase, i5_a_slot_is_told_of_once_for_each_ring, 0, COUNT(told));
    tcase_add_test(tcase, r4_after_a_history_was_taken_the_ring_is_the_one_before_its_head);
    tcase_add_test(tcase, r4_the_head_before_a_collision_is_on_no_ring_any_more);
    tcase_add_loop_test(tcase, r4_the_one_before_my_head_collides_with_it, 0, COUNT(weak));
    tcase_add_loop_test(tcase, r4_a_better_one_takes_my_turn_and_of_a_worse_one_i_say_so, 0,
                        COUNT(against_me));
    tcase_add_test(tcase, r4_a_better_one_that_crossed_my_beacon_leads_its_own_ring_filled_up);
    tcase_add_test(tcase, r4_a_renewal_that_is_lost_to_one_that_crossed_it_ends_the_tag);
    tcase_add_test(tcase, r4_a_renewal_stands_against_a_worse_one_that_crossed_it);
    tcase_add_test(tcase, r4_a_lone_nodes_renewal_is_worse_than_any_that_crossed_it);
    tcase_add_test(tcase, r4_for_another_head_nobody_speaks);
    tcase_add_test(tcase, r4_a_disabled_head_does_not_defend_its_turn);
}

static void add_r5(Suite *suite)
{
    TCase *tcase = add_case(suite, "R5: a pending node obeys any hist whose head is better");
    tcase_add_test(tcase, r5_a_pending_node_obeys_a_hist_about_a_better_head);
    tcase_add_test(tcase, r5_is_no_new_slot);
    tcase_add_test(tcase, r5_a_history_longer_than_the_ring_is_cut);
    tcase_add_test(tcase, r5_not_when_the_head_is_worse);
    tcase_add_test(tcase, r5_not_when_it_is_a_beacon);
    tcase_add_test(tcase, r5_not_when_it_is_not_pending);
    tcase_add_test(tcase, r5_old_news_or_not);
    tcase_add_test(tcase, r5_not_of_the_very_turn_that_its_beacon_followed);
    tcase_add_loop_test(tcase, r5_any_other_turn_than_that_counts, 0, COUNT(not_that_turn));
    tcase_add_loop_test(tcase, r5_not_of_one_of_ours_that_knows_of_nobody, 0, COUNT(knew_nobody));
    tcase_add_test(tcase, r5_old_news_of_another_that_followed_the_same_node_counts);
    tcase_add_test(tcase, r5_a_renewal_obeys_as_well_and_the_tag_ends);
    tcase_add_test(tcase, r5_what_tells_of_another_island_is_reported_by_r7);
    tcase_add_test(tcase, r5_so_it_is_when_a_lone_node_goes_on);
}

static void add_r6(Suite *suite)
{
    TCase *tcase = add_case(suite, "R6: old news");
    tcase_add_loop_test(tcase, r6_a_turn_i_followed_is_old_news_for_a_while, 0, COUNT(news));
    tcase_add_test(tcase, r6_old_news_change_nothing);
    tcase_add_loop_test(tcase, r6_what_i_followed_in_other_ways_is_old_news_as_well, 0,
                        COUNT(taken_over));
    tcase_add_loop_test(tcase, r6_a_turn_that_was_taken_over_is_as_old_as_it_must_be, 0,
                        COUNT(aged));
    tcase_add_loop_test(tcase, r6_no_beacon_is_that_of_a_turn_that_was_read_after_a_sleep, 0,
                        COUNT(next_round));
    tcase_add_loop_test(tcase, r6_a_hist_that_waited_while_i_slept_is_old_news_at_any_age, 0,
                        COUNT(long_ago));
    tcase_add_loop_test(tcase, r6_who_joins_has_followed_no_turn, 0, 2);
    tcase_add_test(tcase, r6_the_turn_of_one_that_knew_nobody_is_kept);
    tcase_add_test(tcase, r6_another_turn_of_the_head_is_old_news_later);
    tcase_add_test(tcase, r6_so_is_my_own_turn);
    tcase_add_test(tcase, r6_so_is_the_turn_that_i_took_after_my_own);
}

static void add_r7(Suite *suite)
{
    TCase *tcase = add_case(suite, "R7: two islands have met");
    tcase_add_loop_test(tcase, r7_mine_is_better_and_stays, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_the_other_is_better_and_its_history_is_my_ring, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_a_tagged_node_that_loses_is_detagged, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_a_tagged_node_that_wins_stays_tagged, 0, COUNT(either));
    tcase_add_test(tcase, r7_the_hist_has_the_value_of_the_head_it_speaks_for);
    tcase_add_test(tcase, r7_nor_has_a_head_that_cannot_lead_any_longer);
    tcase_add_test(tcase, r7_a_node_that_is_not_ready_says_nothing);
    tcase_add_test(tcase, r7_a_disabled_node_says_nothing);
    tcase_add_test(tcase, r7_an_outsider_says_nothing);
    tcase_add_test(tcase, r7_a_ring_that_is_taken_is_no_longer_than_mine_may_be);
    tcase_add_test(tcase, r7_a_ring_that_is_taken_begins_a_slot);
    tcase_add_test(tcase, r7_a_flood_of_strangers_is_reported_in_part);
    tcase_add_loop_test(tcase, r7_a_worse_beacon_stands_against_a_head_that_nobody_followed, 0,
                        COUNT(silent_head));
    tcase_add_loop_test(tcase, r7_a_lone_head_that_goes_on_meets_another_and_does_not_collide, 0,
                        COUNT(lone));
    tcase_add_loop_test(tcase, r7_so_it_is_when_the_lone_head_is_me, 0, COUNT(lone));
}

static void add_m1(Suite *suite)
{
    TCase *tcase = add_case(suite, "M1: who says vers so that it is known, and when");
    tcase_add_test(tcase, m1_who_reports_recover_says_vers_within_one_gap_by_chance);
    tcase_add_loop_test(tcase, m1_who_has_a_place_says_vers_when_the_head_goes_on_early, 0, 2);
    tcase_add_loop_test(tcase, m1_nobody_else_does_nor_when_the_head_goes_on_late, 0, COUNT(early));
    tcase_add_test(tcase, m1_the_introduction_goes_before_the_beacon);
}

static void add_e1(Suite *suite)
{
    TCase *tcase = add_case(suite, "E1: who entered last, after a collision");
    tcase_add_loop_test(tcase, e1_a_collision_leaves_no_trace_of_the_one_that_lost, 0,
                        COUNT(same_newcomer));
}

static void add_p1(Suite *suite)
{
    TCase *tcase = add_case(suite, "P1: which of two is better");
    tcase_add_loop_test(tcase, p1_the_higher_value_then_the_name_that_sorts_first, 0,
                        COUNT(priorities));
    tcase_add_test(tcase, p1_what_my_beacon_said_counts_and_not_my_value_since);
    tcase_add_test(tcase, p1_a_head_is_judged_by_its_own_value);
    tcase_add_test(tcase, p1_a_head_that_cannot_lead_any_longer_has_no_value);
    tcase_add_test(tcase, p1_neither_have_i);
}

static void add_p1_lone(Suite *suite)
{
    TCase *tcase = add_case(suite, "P1: who knows of nobody");
    tcase_add_loop_test(tcase, p1_one_of_ours_that_knows_of_nobody_is_worse_than_a_ring, 0,
                        COUNT(lone_nodes));
    tcase_add_loop_test(tcase, p1_so_is_one_that_a_hist_tells_of, 0, COUNT(lone_nodes));
    tcase_add_test(tcase, p1_a_newcomer_of_ours_does_not_cut_a_turn);
    tcase_add_test(tcase, p1_a_newcomer_that_is_a_python_node_does);
    tcase_add_test(tcase, p1_a_lone_node_gives_way_to_a_ring);
    tcase_add_loop_test(tcase, p1_a_newcomer_of_ours_is_no_next_turn_until_nobody_can_be_tagged, 0,
                        COUNT(begins));
}

int main(void)
{
    Suite *suite = suite_create("rules");
    add_r1(suite);
    add_r2(suite);
    add_r3(suite);
    add_r4(suite);
    add_r5(suite);
    add_r6(suite);
    add_r7(suite);
    add_m1(suite);
    add_e1(suite);
    add_p1(suite);
    add_p1_lone(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
