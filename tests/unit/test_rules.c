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

// A hist may overtake it: only the timers start anew, m would have spoken at 14.
START_TEST(r1_the_beacon_of_a_head_told_of_by_a_hist_is_the_same_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, 3);
    hear_ping(s, 0, "h k m n");
    at(s, 5);
    expect(s, "3.000   R1: h\n"
              "3.500 ping h\n"
              "3.500 slot h: h k m n\n");
}
END_TEST

START_TEST(r1_late_or_with_another_ring_it_is_another_turn)
{
    join(s, "", hear_hist, 0, "h k m n");
    at(s, _i == 0 ? 9 : 3);
    forget(s);
    hear_ping(s, 0, _i == 0 ? "h k m n" : "h m n");
    at(s, _i == 0 ? 11 : 5);
    expect_line(s, _i == 0 ? "slot h: h k m n" : "slot h: h k m");
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
    expect_line(s, "slot n: n h k m");
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

// While I am pending, whoever follows me has followed my turn before this one: a hist crosses as
// its beacon does, and the better one stands.
START_TEST(r2_a_hist_that_follows_me_while_i_am_pending_has_crossed)
{
    pending();
    hear_hist(s, 0, _i == 0 ? "a m h k" : "z m h k");
    at(s, 13);
    expect(s, _i == 0 ? "11.000   R5: a\n"
                        "12.500 ping a\n"
                        "12.500 slot a: a m h k\n"
                      : "11.000   R4: z\n"
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
    forget(s);
    hear_hist(s, 0, "m a");
    at(s, 21.05);
    expect(s, "7.000   R2: m\n"
              "8.500 slot -: m a\n"
              "21.050 > ping m\n"); // D1: the sender of the last beacon; R8
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
    {hear_hist, 4, "x y h k", "  R3: x", "slot x: x y h k m n"},
    {hear_ping, 8.999, "x y h k", "  R7: x", "> ping m h k"}, // too early for two turns
    {hear_ping, 9, "x y h z", "  R7: x", "> ping m h k"},     // before h I saw another
    {hear_ping, 9, "x y z k m", "  R7: x", "> ping m h k"},   // h isn't there
    {hear_ping, 9, "x k h", "  R4: x", "slot x: x k m n"},    // in h's place
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

START_TEST(r4_after_another_turn_of_my_head_the_new_ones_history_is_filled_up)
{
    follows_h_at(4);
    hear_ping(s, 0, "h");
    hear_ping(s, 0, "a k x"); // h stood before h
    at(s, 5.5);
    expect(s, "4.000   R1: h\n"
              "4.000   R4: a\n"
              "5.500 ping a\n"
              "5.500 slot a: a k x h m full\n");
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
              "5.500 ping h\n"
              "5.500 slot h: h k m n\n");
}
END_TEST

START_TEST(r4_after_a_history_was_taken_the_ring_is_the_one_before_its_head)
{
    pending();
    hear_hist(s, 0, "d x"); // R5
    hear_ping(s, 0, "b x");
    at(s, 12.5);
    expect_line(s, "slot b: b x m h k full");
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

// k, or b, spoke before h, and now again after one that nobody knows.
static const struct {
    hear_turn *hear;
    double at;
    const char *ring, *history, *then;
} weak[] = {
    {hear_ping, 4, "h b m n", "b x", "slot b: b x h m n full"},
    {hear_hist, 4, "h b m n", "b x", "slot b: b x h m n full"},
    {hear_ping, 4, "h k m n", "k x", "> ping m h k"},
    {hear_hist, 4, "h k m n", "k x", "> ping m h k"},
    {hear_ping, 8.999, "h k m n", "k x", "> ping m h k"},
    {hear_ping, 9, "h k m n", "k x", "slot k: k x h m n full"},
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
    renewing();
    hear_ping(s, 0, "x m");
    at(s, 15);
    expect(s, "14.000   R4: x\n"
              "14.000 > hist m\n"
              "14.580 renew slot=2 until=22.995\n"
              "14.580 slot m: m\n");
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
              "13.000   R4: x\n");
}
END_TEST

// --- R5: a pending node obeys any hist whose head is better ------------------------------------

START_TEST(r5_a_pending_node_obeys_a_hist_about_a_better_head)
{
    pending();
    hear_hist(s, 0, "a x");
    at(s, 13);
    expect(s, "11.000   R5: a\n"
              "12.500 ping a\n"
              "12.500 slot a: a x m h k full\n");
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
    hear_hist(s, 0, "a b c d e f");
    at(s, 12.5);
    expect_line(s, "slot a: a b c d e full");
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
              "14.500 slot k: k f m h\n");
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

static const char *const not_that_turn[] = {"h x", "a k", "h"};

START_TEST(r5_any_other_turn_than_that_counts)
{
    pending();
    hear_hist(s, 0, not_that_turn[_i]);
    expect_line(s, not_that_turn[_i][0] == 'h' ? "  R5: h" : "  R5: a");
}
END_TEST

START_TEST(r5_a_renewal_obeys_as_well_and_the_tag_ends)
{
    renewing();
    hear_hist(s, 0, "a x");
    at(s, 16);
    expect(s, "14.000   R5: a\n"
              "14.000 detag by a\n"
              "15.500 ping a\n"
              "15.500 slot a: a x m\n");
}
END_TEST

// --- R6: old news ------------------------------------------------------------------------------

// A node that only listens: h spoke at 2, n at 3 and again every 7 seconds.
static void listens_to_n(double now)
{
    script_config(s)->enabled = false;
    follows_h();
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
    follows_h_at(3);
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

START_TEST(r6_the_turn_of_one_that_knew_nobody_is_kept)
{
    join(s, "", hear_ping, 0, "h");
    hear_ping(s, 0, "n h");
    hear_ping(s, 0, "h");
    expect_line(s, "  R6: h");
}
END_TEST

START_TEST(r6_another_turn_of_the_head_is_old_news_later)
{
    follows_h_at(4);
    hear_ping(s, 0, "h x");
    hear_ping(s, 0, "n h");
    forget(s);
    hear_ping(s, 0, "h x");
    expect_line(s, "  R6: h");
}
END_TEST

START_TEST(r6_so_is_my_own_turn)
{
    tagged();
    hear_ping(s, 0, "h m k");
    hear_ping(s, 0, "k h m");
    forget(s);
    hear_hist(s, 0, "m h k");
    expect_line(s, "  R6: m");
}
END_TEST

// --- R7: two islands have met ------------------------------------------------------------------

static const struct {
    hear_turn *hear;
} either[] = {{hear_ping}, {hear_hist}};

START_TEST(r7_mine_is_better_and_stays)
{
    follows_h_at(4);
    either[_i].hear(s, 0, "x y z");
    at(s, 15);
    expect(s, "4.000   R7: x\n"
              "4.000 recover prio=2 replace=0 local: h k m n remote: x y z\n"
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
              "13.000 > hist m h k\n");
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

// --- E1: who entered last, after a collision ---------------------------------------------------

static const char outsiders[] = "opqrstuvw";

// One of the outsiders joins by the first of these turns and follows the others, two seconds apart.
static void outsider_follows(char name, const char *const *turns)
{
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
    for (int i = 0; turns[i] != NULL; i++) {
        at(s, 2 * i + 2);
        hear_ping(s, 0, turns[i]);
        at(s, 2 * i + 3.9);
    }
}

// Which of the outsiders speaks at the end of the cycle; '-': none.
static char newcomer_after(const char *const *turns)
{
    int count = 0;
    while (turns[count] != NULL) {
        count++;
    }
    for (const char *name = outsiders; *name != '\0'; name++) {
        outsider_follows(*name, turns);
        forget(s);
        at(s, 2 * count + 10);
        if (strstr(transcript(s), " > ping ") != NULL) {
            return *name;
        }
    }
    return '-';
}

// After the one the same newcomer is expected as after the other, where nothing went wrong.
static const struct {
    const char *turns[5], *plain[5];
} same_newcomer[] = {
    {{"h k", "h k"}, {"h k", "k h"}},            // R1: a turn like any other
    {{"h k", "n h", "k h"}, {"h k", "k h"}},     // R4: n never entered
    {{"h k", "n h", "h x"}, {"h k", "h x"}},     // R4: nor did it here
    {{"h k f", "k h", "f h"}, {"h k f", "f h"}}, // R4: f was on the ring, but for k's turn
    {{"h k", "n h", "b h"}, {"h k", "b h"}},     // R4: b entered instead
    {{"h k", "f h", "n f", "h f"}, {"h k", "f h", "h f"}}, // R4: f entered, and n did not
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
    tcase_add_loop_test(tcase, r1_late_or_with_another_ring_it_is_another_turn, 0, 2);
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
    tcase_add_loop_test(tcase, r2_who_follows_my_head_is_the_head_early_or_late, 0,
                        COUNT(passed_on));
    tcase_add_test(tcase, r2_the_turn_of_another_is_reported_when_it_stands);
    tcase_add_test(tcase, r2_a_newcomer_pushes_the_last_one_off_a_full_ring);
    tcase_add_test(tcase, r8_one_that_skips_others_drops_one_from_the_end);
    tcase_add_loop_test(tcase, r2_a_tag_is_kept_beside_a_willing_successor_alone, 0,
                        COUNT(successors));
    tcase_add_test(tcase, r2_the_turn_after_a_willing_successor_ends_the_tag);
    tcase_add_loop_test(tcase, r2_a_hist_that_follows_me_while_i_am_pending_has_crossed, 0, 2);
    tcase_add_test(tcase, r2_a_hist_that_says_i_spoke_makes_me_the_head_and_no_more);
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
    tcase_add_test(tcase, r4_a_collision_is_no_new_slot_but_a_turn_begins_anew);
    tcase_add_test(tcase, r4_a_late_turn_is_a_new_slot);
    tcase_add_test(tcase, r4_two_that_knew_nobody_collide);
    tcase_add_test(tcase, r4_after_another_turn_of_my_head_the_new_ones_history_is_filled_up);
    tcase_add_test(tcase, r4_after_missed_beacons_the_ring_is_the_one_before_the_last);
    tcase_add_test(tcase, r4_by_its_strong_signs_even_if_it_is_old_news);
    tcase_add_test(tcase, r4_after_a_history_was_taken_the_ring_is_the_one_before_its_head);
    tcase_add_test(tcase, r4_the_head_before_a_collision_is_on_no_ring_any_more);
    tcase_add_loop_test(tcase, r4_the_one_before_my_head_collides_with_it, 0, COUNT(weak));
    tcase_add_loop_test(tcase, r4_a_better_one_takes_my_turn_and_of_a_worse_one_i_say_so, 0,
                        COUNT(against_me));
    tcase_add_test(tcase, r4_a_better_one_that_crossed_my_beacon_leads_its_own_ring_filled_up);
    tcase_add_test(tcase, r4_a_renewal_that_is_lost_to_one_that_crossed_it_ends_the_tag);
    tcase_add_test(tcase, r4_a_renewal_stands_against_a_worse_one_that_crossed_it);
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
    tcase_add_test(tcase, r5_a_renewal_obeys_as_well_and_the_tag_ends);
}

static void add_r6(Suite *suite)
{
    TCase *tcase = add_case(suite, "R6: old news");
    tcase_add_loop_test(tcase, r6_a_turn_i_followed_is_old_news_for_a_while, 0, COUNT(news));
    tcase_add_test(tcase, r6_old_news_change_nothing);
    tcase_add_loop_test(tcase, r6_what_i_followed_in_other_ways_is_old_news_as_well, 0,
                        COUNT(taken_over));
    tcase_add_test(tcase, r6_the_turn_of_one_that_knew_nobody_is_kept);
    tcase_add_test(tcase, r6_another_turn_of_the_head_is_old_news_later);
    tcase_add_test(tcase, r6_so_is_my_own_turn);
}

static void add_r7(Suite *suite)
{
    TCase *tcase = add_case(suite, "R7: two islands have met");
    tcase_add_loop_test(tcase, r7_mine_is_better_and_stays, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_the_other_is_better_and_its_history_is_my_ring, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_a_tagged_node_that_loses_is_detagged, 0, COUNT(either));
    tcase_add_loop_test(tcase, r7_a_tagged_node_that_wins_stays_tagged, 0, COUNT(either));
    tcase_add_test(tcase, r7_the_hist_has_the_value_of_the_head_it_speaks_for);
    tcase_add_test(tcase, r7_a_node_that_is_not_ready_says_nothing);
    tcase_add_test(tcase, r7_a_disabled_node_says_nothing);
    tcase_add_test(tcase, r7_an_outsider_says_nothing);
    tcase_add_test(tcase, r7_a_ring_that_is_taken_is_no_longer_than_mine_may_be);
    tcase_add_test(tcase, r7_a_ring_that_is_taken_begins_a_slot);
    tcase_add_test(tcase, r7_a_flood_of_strangers_is_reported_in_part);
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
    add_e1(suite);
    add_p1(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
