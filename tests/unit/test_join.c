// SPDX-License-Identifier: MIT
// Coming in quietly (J1), telling newcomers who is one of ours (M1), and equal names (J5).
#include <check.h>

#include "script.h"

#include <stdlib.h>
#include <string.h>

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

// The link is up since 1.
static void listening(void)
{
    at(s, 1);
    link_up(s);
    forget(s);
}

// Nobody spoke: tagged from 6.25 on, and it is 7.
static void alone_and_tagged(void)
{
    listening();
    at(s, 7);
    forget(s);
}

// a spoke at 2 with this ring, and it is 4.
static void on_ring(const char *ring)
{
    listening();
    at(s, 2);
    hear_ping(s, 0, ring);
    at(s, 4);
    forget(s);
}

// --- J1: the newcomer --------------------------------------------------------------------------

START_TEST(j1_says_init_and_vers_then_listens)
{
    at(s, 1);
    link_up(s);
    at(s, 4.7);
    expect(s, "1.000 setup 0 by m\n"
              "1.000 > init\n"
              "1.000 > vers\n"
              "1.000   J1\n"
              "2.500 > vers asks\n");
}
END_TEST

START_TEST(j1_one_question_is_enough)
{
    listening();
    at(s, 2);
    hear_question(s, "a");
    at(s, 4.7);
    expect(s, "");
}
END_TEST

START_TEST(j1_nobody_asks_who_has_been_answered)
{
    listening();
    at(s, 2);
    hear_hist(s, 0, "a b");
    forget(s);
    at(s, 3.4);
    expect(s, "");
}
END_TEST

// A Python node answers what is older than its own set, with what it once heard of anybody.
START_TEST(j1_waits_for_the_next_beacon_where_there_are_python_nodes)
{
    listening();
    at(s, 2.6);
    hear_vers(s, "x", 0);
    forget(s);
    at(s, 4);
    hear_vers(s, "x", 0); // once
    at(s, 16.5);
    expect(s, "16.350   J1\n" // cycle + 2.5 gap later
              "16.350 > ping m\n");
}
END_TEST

START_TEST(j1_waits_for_as_long_as_their_cycle_is)
{
    struct params params = script_config(s)->params;
    params.version = 4;
    params.cycle_ns = 60 * NS_PER_S;
    listening();
    at(s, 2.6);
    hear_python_set(s, "x", &params);
    forget(s);
    at(s, 66.3);
    expect(s, "");
    at(s, 66.4);
    expect_line(s, "> ping m");
}
END_TEST

START_TEST(j1_takes_the_ring_of_that_beacon)
{
    listening();
    at(s, 2.6);
    hear_vers(s, "x", 0);
    at(s, 12);
    forget(s);
    hear_ping(s, 0, "a b");
    at(s, 14);
    expect(s, "12.000   J1: a\n"
              "13.500 ping a\n"
              "13.500 slot a: a b\n");
}
END_TEST

START_TEST(j1_begins_when_nobody_spoke)
{
    listening();
    at(s, 7);
    expect(s, "2.500 > vers asks\n"
              "4.750   J1\n"
              "4.750 > ping m\n"
              "6.250 tag slot=1 until=14.665\n"
              "6.250 slot m: m\n");
}
END_TEST

static const struct {
    double draw;
    const char *begin;
} listen_times[] = {
    {0, "2.500 > vers asks\n4.750   J1\n4.750 > ping m\n"},
    {0.5, "2.875 > vers asks\n5.500   J1\n5.500 > ping m\n"},
    {0.999, "3.249 > vers asks\n6.248   J1\n6.248 > ping m\n"},
};

START_TEST(j1_listens_two_and_a_half_gap_and_up_to_one_more_by_chance)
{
    script_draws(s, &listen_times[_i].draw, 1);
    listening();
    at(s, 6.2485);
    expect(s, listen_times[_i].begin);
}
END_TEST

START_TEST(j1_only_a_beacon_or_hist_counts_as_heard)
{
    listening();
    at(s, 2);
    hear_init(s, "a");
    hear_vers(s, "a", 5);
    at(s, 5);
    expect(s, "2.000 > vers\n"
              "2.500 > vers asks\n"
              "4.750   J1\n"
              "4.750 > ping m\n");
}
END_TEST

START_TEST(j1_a_beacon_ends_listening_and_gives_the_ring)
{
    listening();
    at(s, 2);
    hear_vers(s, "a", 5);
    hear_ping(s, 0, "a b");
    at(s, 4.8);
    expect(s, "2.000   J1: a\n"
              "3.500 ping a\n"
              "3.500 slot a: a b\n");
    at(s, 12); // the expected newcomer, at a willing hand-over: one gap before the cycle's end
    expect(s, "10.500 > ping m a b\n"
              "12.000 tag slot=2 until=20.415\n"
              "12.000 slot m: m a b\n");
}
END_TEST

START_TEST(j1_a_newcomer_by_hist_is_not_expected_in_that_slot)
{
    listening();
    at(s, 2);
    hear_vers(s, "b", 5);
    hear_hist(s, 0, "a b");
    expect(s, "2.000   J1: a\n");
    at(s, 13);
    hear_ping(s, 0, "b a");
    at(s, 21.5); // but in the next
    expect(s, "3.500 ping a\n"
              "3.500 slot a: a b\n"
              "13.000   R2: b\n"
              "14.500 ping b\n"
              "14.500 slot b: b a\n"
              "21.500 > ping m b a\n");
}
END_TEST

START_TEST(j1_a_ring_that_is_longer_than_mine_may_be_is_cut)
{
    listening();
    at(s, 2);
    hear_hist(s, 0, "a b c d e f g");
    at(s, 4);
    expect(s, "2.000   J1: a\n"
              "3.500 ping a\n"
              "3.500 slot a: a b c d e full\n");
}
END_TEST

START_TEST(j1_a_disabled_node_is_quiet_and_learns_the_ring)
{
    script_config(s)->enabled = false;
    at(s, 1);
    link_up(s);
    at(s, 10);
    hear_ping(s, 0, "a b");
    at(s, 100);
    expect(s, "1.000 setup 0 by m\n"
              "10.000   J1: a\n"
              "11.500 ping a\n"
              "11.500 slot a: a b\n");
}
END_TEST

START_TEST(j2_enabling_a_node_whose_ring_is_long_silent_begins_to_listen)
{
    script_config(s)->enabled = false;
    join(s, "", hear_ping, 0, "a b m");
    at(s, 15.8); // more than cycle + 2.5 gap after 2
    forget(s);
    enable(s, true);
    at(s, 20);
    expect(s, "15.800 > init\n"
              "15.800 > vers\n"
              "15.800   J1\n"
              "17.300 > vers asks\n"
              "19.550   J1\n"
              "19.550 > ping m a b\n");
}
END_TEST

START_TEST(j2_enabled_for_the_first_time_it_says_init)
{
    script_config(s)->enabled = false;
    join(s, "", hear_ping, 0, "a b");
    at(s, 5);
    forget(s);
    enable(s, true);
    expect(s, "5.000 > init\n"
              "5.000 > vers\n"
              "5.000   J1\n");
}
END_TEST

START_TEST(j1_enabling_a_node_that_heard_nobody_begins_to_listen)
{
    script_config(s)->enabled = false;
    listening();
    at(s, 10);
    enable(s, true);
    at(s, 14);
    expect(s, "10.000 > init\n"
              "10.000 > vers\n"
              "10.000   J1\n"
              "11.500 > vers asks\n"
              "13.750   J1\n"
              "13.750 > ping m\n");
}
END_TEST

START_TEST(j1_joins_quietly_again_when_the_link_is_back)
{
    on_ring("a m b");
    link_down(s);
    hear_ping(s, 0, "b a m");
    at(s, 20);
    expect(s, "");
    link_up(s);
    at(s, 21);
    hear_ping(s, 0, "c a");
    at(s, 23);
    expect(s, "20.000 > init\n"
              "20.000 > vers\n"
              "20.000   J1\n"
              "21.000   J1: c\n"
              "22.500 ping c\n"
              "22.500 slot c: c a\n");
}
END_TEST

START_TEST(j1_begins_at_once_on_its_old_ring_when_nobody_is_left)
{
    on_ring("a m b");
    link_down(s);
    link_up(s);
    forget(s);
    at(s, 8); // although a's turn, which began at 2, would not be over
    expect(s, "5.500 > vers asks\n"
              "7.750   J1\n"
              "7.750 > ping m a\n");
}
END_TEST

START_TEST(j1_nobody_waits_for_its_own_echo)
{
    script_config(s)->echoes = true;
    listening();
    at(s, 1.5);
    hear_init(s, "m");
    hear_vers(s, "m", 1000);
    at(s, 5);
    hear_ping(s, 0, "m");
    at(s, 7);
    expect(s, "2.500 > vers asks\n"
              "4.750   J1\n"
              "4.750 > ping m\n"
              "6.250 tag slot=1 until=14.665\n"
              "6.250 slot m: m\n");
}
END_TEST

// --- J1: those that are there ------------------------------------------------------------------

static const struct {
    const char *ring, *answer;
} answers[] = {
    {"a m b", "4.750 > vers\n4.750 > hist a m b\n"}, // M1
    {"a b m", "5.125 > vers\n5.125 > hist a b m\n"},
    {"a b c m", "5.312 > vers\n5.312 > hist a b c m\n"},
    {"a b", ""}, // an outsider
};

START_TEST(j1_a_newcomer_is_answered_by_the_ring_one_after_the_other)
{
    on_ring(answers[_i].ring);
    hear_init(s, "x");
    at(s, 9);
    expect(s, answers[_i].answer);
}
END_TEST

START_TEST(j1_the_holder_answers_at_once)
{
    alone_and_tagged();
    hear_init(s, "x");
    expect(s, "7.000 > vers\n"
              "7.000 > hist m\n");
}
END_TEST

START_TEST(j1_a_node_that_is_not_ready_answers_nobody)
{
    script_value(s, -1);
    on_ring("a m b");
    hear_init(s, "x");
    at(s, 9);
    expect(s, "4.000 > vers\n"); // M1
}
END_TEST

START_TEST(j1_a_node_that_listens_answers_nobody)
{
    on_ring("a m b");
    link_down(s);
    link_up(s);
    forget(s);
    hear_init(s, "x");
    at(s, 7);
    expect(s, "4.000 > vers\n" // M1
              "5.500 > vers asks\n");
}
END_TEST

START_TEST(j1_one_answer_is_enough)
{
    on_ring("a m b");
    hear_init(s, "x");
    at(s, 4.7);
    hear_hist(s, 0, "a m b");
    at(s, 9);
    expect(s, "");
}
END_TEST

START_TEST(j1_a_turn_is_an_answer_too)
{
    on_ring("a m b");
    at(s, 8.5);
    hear_init(s, "x"); // to be answered at 9.25
    at(s, 9.2);
    hear_ping(s, 0, "b a m");
    at(s, 14);
    expect(s, "9.200   R2: b\n"
              "10.700 ping b\n"
              "10.700 slot b: b a m\n");
}
END_TEST

START_TEST(j1_many_newcomers_share_an_answer)
{
    on_ring("a m b");
    hear_init(s, "x");
    at(s, 4.5);
    hear_init(s, "y");
    at(s, 9);
    expect(s, "4.750 > vers\n"
              "4.750 > hist a m b\n");
}
END_TEST

START_TEST(j1_the_next_newcomer_is_answered_one_gap_after_the_last)
{
    on_ring("a m b");
    hear_init(s, "x");
    at(s, 4.8);
    hear_init(s, "y");
    at(s, 9);
    expect(s, "4.750 > vers\n"
              "4.750 > hist a m b\n"
              "6.250 > vers\n"
              "6.250 > hist a m b\n");
}
END_TEST

// --- M1: who is one of ours --------------------------------------------------------------------

START_TEST(m1_a_ring_node_introduces_itself_once_right_before_its_next_beacon)
{
    on_ring("a b m");
    hear_init(s, "x");
    hear_hist(s, 0, "a b m"); // J1: another has answered
    forget(s);
    at(s, 12);
    expect(s, "12.000 > vers\n"
              "12.000 > ping m a b\n");
    at(s, 28);
    ck_assert(!has_line(transcript(s), "> vers"));
}
END_TEST

START_TEST(m1_who_answers_a_newcomer_has_introduced_itself)
{
    alone_and_tagged();
    hear_init(s, "x");
    expect(s, "7.000 > vers\n"
              "7.000 > hist m\n");
    at(s, 14);
    expect(s, "13.080 > ping m\n");
}
END_TEST

// It may not have a turn for long, and would be taken for a Python node.
START_TEST(m1_who_is_on_the_ring_and_not_ready_introduces_itself_within_a_gap)
{
    script_value(s, -1);
    script_draws(s, (double[]){0, 0.5}, 2);
    on_ring("a m b");
    hear_init(s, "x");
    forget(s);
    at(s, 9);
    expect(s, "4.750 > vers\n");
}
END_TEST

START_TEST(m1_an_outsider_stays_silent)
{
    on_ring("a b");
    hear_init(s, "x");
    at(s, 10);
    expect(s, "");
}
END_TEST

// Who of a ring hears that a goes on, as one that takes itself for alone: it would renew its tag
// for ever.
static const struct {
    const char *ours, *ring;
    hear_turn *hear; // by a hist nobody is expected at first
    double again;    // after its first beacon
    int value;
    bool says;
} renewals[] = {
    {"a", "a", hear_ping, 8.33, 0, true},   // expected
    {"a", "a", hear_hist, 8.33, 0, false},  // not yet
    {"az", "a", hear_ping, 8.33, 0, false}, // z is
    {"a", "a m", hear_ping, 8.33, 0, true}, // the next in the line
    {"abc", "a m b c", hear_ping, 8.33, 0, true},
    {"abc", "a m b c", hear_ping, 9.249, 0, true}, // half a gap before the cycle's end
    {"abc", "a m b c", hear_ping, 9.251, 0, false},
    {"a", "a m", hear_ping, 8.33, -1, false}, // it cannot lead
};

START_TEST(m1_who_has_a_place_tells_one_that_renews_that_it_is_there)
{
    script_draws(s, (double[]){0, 0.5}, 2);
    script_value(s, renewals[_i].value);
    join(s, renewals[_i].ours, renewals[_i].hear, 0, renewals[_i].ring);
    double again = 2 + renewals[_i].again;
    at(s, again);
    hear_ping(s, 0, renewals[_i].ring);
    expect_line(s, "  R1: a");
    at(s, again + 0.749);
    ck_assert(!has_line(transcript(s), "> vers"));
    at(s, again + 8);
    const char *text = transcript(s);
    ck_assert_msg(has_line(text, "> vers") == renewals[_i].says, "%s", text);
}
END_TEST

START_TEST(m1_it_says_so_once_for_each_renewal)
{
    script_draws(s, (double[]){0, 0.5, 0.25}, 3);
    join(s, "abc", hear_ping, 0, "a m b c");
    for (int renewal = 1; renewal <= 2; renewal++) {
        at(s, 2 + renewal * 8.33);
        hear_ping(s, 0, "a m b c");
    }
    at(s, 26);
    expect(s, "3.500 ping a\n"
              "3.500 slot a: a m b c\n"
              "10.330   R1: a\n"
              "11.080 > vers\n"
              "11.830 ping a\n"
              "11.830 slot a: a m b c\n"
              "18.660   R1: a\n"
              "19.035 > vers\n"
              "20.160 ping a\n"
              "20.160 slot a: a m b c\n");
}
END_TEST

// Those of the other island may never have heard of it.
START_TEST(m1_who_reports_recover_says_who_it_is_within_a_gap)
{
    script_draws(s, (double[]){0, 0.5}, 2);
    on_ring("a m b");
    hear_ping(s, 0, "x y");
    at(s, 7);
    expect(s, "4.000   R7: x\n"
              "4.000 recover prio=1 replace=0 local: a m b remote: x y\n"
              "4.750 > hist a m b\n"
              "4.750 > vers\n");
}
END_TEST

START_TEST(m1_those_who_listen_introduce_themselves_at_a_random_time_in_one_gap)
{
    script_draws(s, (double[]){0, 0.5}, 2);
    listening();
    at(s, 2);
    hear_init(s, "x");
    at(s, 2.5);
    hear_init(s, "y"); // one answer does for both
    at(s, 4.7);
    expect(s, "2.500 > vers asks\n"
              "2.750 > vers\n");
}
END_TEST

START_TEST(m1_a_disabled_node_introduces_itself_to_nobody)
{
    script_config(s)->enabled = false;
    listening();
    hear_init(s, "x");
    at(s, 10);
    expect(s, "");
}
END_TEST

// --- J5: the later one -------------------------------------------------------------------------

static const uint64_t other_nonces[] = {999, 1001};

START_TEST(j5_a_listening_node_stops_when_its_name_is_taken)
{
    listening();
    at(s, 2);
    hear_vers(s, "m", other_nonces[_i]);
    expect(s, "2.000 ! from another node of this node's name\n"
              "2.000 name-taken\n");
}
END_TEST

START_TEST(j5_a_node_that_has_not_spoken_yet_stops_too)
{
    on_ring("a b");
    hear_vers(s, "m", 2000);
    expect(s, "4.000 ! from another node of this node's name\n"
              "4.000 name-taken\n");
}
END_TEST

START_TEST(j5_a_node_that_comes_back_is_the_later_one_again)
{
    listening();
    hear_init(s, "m");
    at(s, 7);
    link_down(s);
    link_up(s);
    forget(s);
    hear_vers(s, "m", 2000);
    expect(s, "7.000 ! from another node of this node's name\n"
              "7.000 name-taken\n");
}
END_TEST

// Both at once: the message is read before the timer.
START_TEST(j5_stops_even_when_listening_ends_in_the_same_step)
{
    listening();
    at(s, 4.7);
    sleep_until(s, 4.75);
    forget(s);
    hear_vers(s, "m", 5);
    expect(s, "4.750 ! from another node of this node's name\n"
              "4.750 name-taken\n");
}
END_TEST

START_TEST(j5_one_that_has_stopped_wants_no_more_timers)
{
    listening();
    at(s, 2);
    hear_vers(s, "m", 5);
    forget(s);
    at(s, 100); // would never come back with a deadline that stays
    expect(s, "");
}
END_TEST

// A Python node answers with the set as it heard it, under the name of whoever sent it then.
START_TEST(j5_a_python_echo_of_my_name_is_a_set_and_nothing_else)
{
    struct params params = script_config(s)->params;
    params.version = 4;
    listening();
    at(s, 2);
    hear_python_set(s, "m", &params);
    expect(s, "2.000 setup 4 by m\n");
    at(s, 20);
    expect_line(s, "> ping m");
}
END_TEST

START_TEST(j5_its_own_vers_takes_no_name)
{
    listening();
    hear_vers(s, "m", 1000);
    expect(s, "");
}
END_TEST

// --- J5: the older one -------------------------------------------------------------------------

START_TEST(j5_of_two_that_start_the_older_one_stays)
{
    listening();
    at(s, 3);
    forget(s);
    hear_init(s, "m");
    hear_vers(s, "m", 5);
    at(s, 5);
    expect(s, "3.000 ! from another node of this node's name\n"
              "3.000   J5: m\n"
              "3.000 > vers\n"
              "3.000 ! from another node of this node's name\n"
              "3.000   J5: m\n"
              "4.750   J1\n"
              "4.750 > ping m\n");
}
END_TEST

START_TEST(j5_only_one_init_can_be_the_echo)
{
    script_config(s)->echoes = true;
    listening();
    at(s, 3);
    forget(s);
    hear_init(s, "m");
    expect(s, "");
    hear_init(s, "m");
    expect(s, "3.000 ! from another node of this node's name\n"
              "3.000   J5: m\n"
              "3.000 > vers\n");
}
END_TEST

START_TEST(j5_the_established_one_answers_at_most_once_a_gap)
{
    alone_and_tagged();
    hear_init(s, "m");
    at(s, 8.4);
    hear_vers(s, "m", 5);
    at(s, 8.5);
    hear_vers(s, "m", 5);
    expect(s, "7.000 ! from another node of this node's name\n"
              "7.000   J5: m\n"
              "7.000 > vers\n"
              "8.400 ! from another node of this node's name\n"
              "8.400   J5: m\n"
              "8.500 ! from another node of this node's name\n"
              "8.500   J5: m\n"
              "8.500 > vers\n");
}
END_TEST

START_TEST(j5_a_disabled_node_says_nothing)
{
    script_config(s)->enabled = false;
    listening();
    at(s, 3);
    hear_init(s, "m");
    expect(s, "3.000 ! from another node of this node's name\n"
              "3.000   J5: m\n");
}
END_TEST

// --- J5: both established ----------------------------------------------------------------------

START_TEST(j5_a_beacon_of_my_name_ends_the_tag_and_i_say_who_i_am)
{
    alone_and_tagged();
    hear_ping(s, 0, "m b");
    expect(s, "7.000 ! from another node of this node's name\n"
              "7.000 detag by m\n"
              "7.000   J5: m\n"
              "7.000 > vers\n");
}
END_TEST

START_TEST(j5_a_beacon_of_my_name_ends_a_pending_turn_unheard)
{
    listening();
    at(s, 5);
    hear_ping(s, 0, "m b");
    forget(s);
    at(s, 12);
    expect(s, "");
}
END_TEST

START_TEST(j5_is_silent_for_two_gap_after_a_beacon_of_its_name)
{
    alone_and_tagged();
    at(s, 12);
    hear_ping(s, 0, "m b");
    forget(s);
    at(s, 16);
    expect(s, "15.000 > ping m\n");
}
END_TEST

static const struct {
    uint64_t nonce; // of the other; mine is 1000
    const char *end;
} nonces[] = {
    {999, "8.000 ! from another node of this node's name\n8.000 name-taken\n"},
    {1001, "8.000 ! from another node of this node's name\n8.000   J5: m\n"},
};

START_TEST(j5_of_two_established_the_higher_nonce_stops)
{
    alone_and_tagged();
    hear_ping(s, 0, "m b");
    at(s, 8);
    forget(s);
    hear_vers(s, "m", nonces[_i].nonce);
    expect(s, nonces[_i].end);
}
END_TEST

START_TEST(j5_a_name_counts_as_shared_for_two_longest_slots)
{
    alone_and_tagged();
    hear_ping(s, 0, "m b");
    at(s, 34.4);
    forget(s);
    at(s, 34.49); // 7 + 2 * (10 + 2.5 * 1.5) = 34.5
    hear_vers(s, "m", 5);
    expect(s, "34.490 ! from another node of this node's name\n"
              "34.490 untag stop\n"
              "34.490 name-taken\n");
}
END_TEST

START_TEST(j5_later_a_lower_nonce_alone_stops_nobody)
{
    alone_and_tagged();
    hear_ping(s, 0, "m b");
    at(s, 34.5);
    forget(s);
    hear_vers(s, "m", 5);
    expect(s, "34.500 ! from another node of this node's name\n"
              "34.500   J5: m\n"
              "34.500 > vers\n");
}
END_TEST

START_TEST(j5_one_that_stopped_is_silent_for_good)
{
    alone_and_tagged();
    hear_ping(s, 0, "m b");
    hear_vers(s, "m", 5);
    forget(s);
    link_down(s);
    link_up(s);
    hear_ping(s, 0, "a b");
    enable(s, false);
    enable(s, true);
    set_value(s, 3);
    stop(s);
    at(s, 100);
    expect(s, "");
}
END_TEST

// --- J5: echoes --------------------------------------------------------------------------------

static const struct {
    bool echoes;
    double at;
    const char *history, *drop;
} echoes[] = {
    {true, 9.24, "m", ""},                                                  // within 3 gap
    {true, 9.25, "m", "9.250 ! from another node of this node's name\n"},   // too late
    {true, 8.00, "m b", "8.000 ! from another node of this node's name\n"}, // other contents
    {false, 8.00, "m", "8.000 ! from another node of this node's name\n"},  // no echoes here
};

START_TEST(j5_a_known_beacon_in_time_is_my_own_echo)
{
    script_config(s)->echoes = echoes[_i].echoes;
    alone_and_tagged();
    at(s, echoes[_i].at);
    hear_ping(s, 0, echoes[_i].history);
    const char *text = transcript(s);
    ck_assert_msg(strncmp(text, echoes[_i].drop, strlen(echoes[_i].drop)) == 0, "%s", text);
    ck_assert_int_eq(*text == '\0', *echoes[_i].drop == '\0');
}
END_TEST

START_TEST(j5_a_hist_that_speaks_for_me_is_no_rival)
{
    alone_and_tagged();
    hear_hist(s, 0, "m b");
    expect(s, "");
}
END_TEST

START_TEST(j5_a_hist_that_speaks_for_me_gives_me_my_ring_back)
{
    listening();
    hear_hist(s, 0, "m b");
    expect(s, "1.000   J1: m\n");
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

static void add_j1_the_newcomer(Suite *suite)
{
    TCase *tcase = add_case(suite, "J1: the newcomer");
    tcase_add_test(tcase, j1_says_init_and_vers_then_listens);
    tcase_add_test(tcase, j1_one_question_is_enough);
    tcase_add_test(tcase, j1_nobody_asks_who_has_been_answered);
    tcase_add_test(tcase, j1_waits_for_the_next_beacon_where_there_are_python_nodes);
    tcase_add_test(tcase, j1_waits_for_as_long_as_their_cycle_is);
    tcase_add_test(tcase, j1_takes_the_ring_of_that_beacon);
    tcase_add_test(tcase, j1_begins_when_nobody_spoke);
    tcase_add_loop_test(tcase, j1_listens_two_and_a_half_gap_and_up_to_one_more_by_chance, 0,
                        COUNT(listen_times));
    tcase_add_test(tcase, j1_only_a_beacon_or_hist_counts_as_heard);
    tcase_add_test(tcase, j1_a_beacon_ends_listening_and_gives_the_ring);
    tcase_add_test(tcase, j1_a_newcomer_by_hist_is_not_expected_in_that_slot);
    tcase_add_test(tcase, j1_a_ring_that_is_longer_than_mine_may_be_is_cut);
    tcase_add_test(tcase, j1_a_disabled_node_is_quiet_and_learns_the_ring);
    tcase_add_test(tcase, j2_enabled_for_the_first_time_it_says_init);
    tcase_add_test(tcase, j2_enabling_a_node_whose_ring_is_long_silent_begins_to_listen);
    tcase_add_test(tcase, j1_enabling_a_node_that_heard_nobody_begins_to_listen);
    tcase_add_test(tcase, j1_joins_quietly_again_when_the_link_is_back);
    tcase_add_test(tcase, j1_begins_at_once_on_its_old_ring_when_nobody_is_left);
    tcase_add_test(tcase, j1_nobody_waits_for_its_own_echo);
}

static void add_j1_those_that_are_there(Suite *suite)
{
    TCase *tcase = add_case(suite, "J1: those that are there");
    tcase_add_loop_test(tcase, j1_a_newcomer_is_answered_by_the_ring_one_after_the_other, 0,
                        COUNT(answers));
    tcase_add_test(tcase, j1_the_holder_answers_at_once);
    tcase_add_test(tcase, j1_a_node_that_is_not_ready_answers_nobody);
    tcase_add_test(tcase, j1_a_node_that_listens_answers_nobody);
    tcase_add_test(tcase, j1_one_answer_is_enough);
    tcase_add_test(tcase, j1_a_turn_is_an_answer_too);
    tcase_add_test(tcase, j1_many_newcomers_share_an_answer);
    tcase_add_test(tcase, j1_the_next_newcomer_is_answered_one_gap_after_the_last);
}

static void add_m1_who_is_one_of_ours(Suite *suite)
{
    TCase *tcase = add_case(suite, "M1: who is one of ours");
    tcase_add_test(tcase, m1_a_ring_node_introduces_itself_once_right_before_its_next_beacon);
    tcase_add_test(tcase, m1_who_answers_a_newcomer_has_introduced_itself);
    tcase_add_test(tcase, m1_who_is_on_the_ring_and_not_ready_introduces_itself_within_a_gap);
    tcase_add_test(tcase, m1_an_outsider_stays_silent);
    tcase_add_loop_test(tcase, m1_who_has_a_place_tells_one_that_renews_that_it_is_there, 0,
                        COUNT(renewals));
    tcase_add_test(tcase, m1_it_says_so_once_for_each_renewal);
    tcase_add_test(tcase, m1_who_reports_recover_says_who_it_is_within_a_gap);
    tcase_add_test(tcase, m1_those_who_listen_introduce_themselves_at_a_random_time_in_one_gap);
    tcase_add_test(tcase, m1_a_disabled_node_introduces_itself_to_nobody);
}

static void add_j5_the_later_one(Suite *suite)
{
    TCase *tcase = add_case(suite, "J5: the later one");
    tcase_add_loop_test(tcase, j5_a_listening_node_stops_when_its_name_is_taken, 0,
                        COUNT(other_nonces));
    tcase_add_test(tcase, j5_a_node_that_has_not_spoken_yet_stops_too);
    tcase_add_test(tcase, j5_a_node_that_comes_back_is_the_later_one_again);
    tcase_add_test(tcase, j5_stops_even_when_listening_ends_in_the_same_step);
    tcase_add_test(tcase, j5_one_that_has_stopped_wants_no_more_timers);
    tcase_add_test(tcase, j5_a_python_echo_of_my_name_is_a_set_and_nothing_else);
    tcase_add_test(tcase, j5_its_own_vers_takes_no_name);
}

static void add_j5_the_older_one(Suite *suite)
{
    TCase *tcase = add_case(suite, "J5: the older one");
    tcase_add_test(tcase, j5_of_two_that_start_the_older_one_stays);
    tcase_add_test(tcase, j5_only_one_init_can_be_the_echo);
    tcase_add_test(tcase, j5_the_established_one_answers_at_most_once_a_gap);
    tcase_add_test(tcase, j5_a_disabled_node_says_nothing);
}

static void add_j5_both_established(Suite *suite)
{
    TCase *tcase = add_case(suite, "J5: both established");
    tcase_add_test(tcase, j5_a_beacon_of_my_name_ends_the_tag_and_i_say_who_i_am);
    tcase_add_test(tcase, j5_a_beacon_of_my_name_ends_a_pending_turn_unheard);
    tcase_add_test(tcase, j5_is_silent_for_two_gap_after_a_beacon_of_its_name);
    tcase_add_loop_test(tcase, j5_of_two_established_the_higher_nonce_stops, 0, COUNT(nonces));
    tcase_add_test(tcase, j5_a_name_counts_as_shared_for_two_longest_slots);
    tcase_add_test(tcase, j5_later_a_lower_nonce_alone_stops_nobody);
    tcase_add_test(tcase, j5_one_that_stopped_is_silent_for_good);
}

static void add_j5_echoes(Suite *suite)
{
    TCase *tcase = add_case(suite, "J5: echoes");
    tcase_add_loop_test(tcase, j5_a_known_beacon_in_time_is_my_own_echo, 0, COUNT(echoes));
    tcase_add_test(tcase, j5_a_hist_that_speaks_for_me_is_no_rival);
    tcase_add_test(tcase, j5_a_hist_that_speaks_for_me_gives_me_my_ring_back);
}

int main(void)
{
    Suite *suite = suite_create("join");
    add_j1_the_newcomer(suite);
    add_j1_those_that_are_there(suite);
    add_m1_who_is_one_of_ours(suite);
    add_j5_the_later_one(suite);
    add_j5_the_older_one(suite);
    add_j5_both_established(suite);
    add_j5_echoes(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
