// SPDX-License-Identifier: MIT
// The hand-over before the cycle has ended (H3 to H6, H8), and the holder's word to one that comes
// back (H7). All values are 0 unless said otherwise, so that of two nodes the one is better whose
// name sorts first.
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

// h took its turn at 2, after k, which is ours as well. m is the last of the ring: it would speak
// at 10.5, without a hint.
static void follows_h(double now)
{
    join(s, "hk", hear_ping, 0, "h k m");
    at(s, now);
    forget(s);
}

// m spoke at 10.5: pending until 12, tagged until 20.415.
static void spoke_at_10_5(double now)
{
    follows_h(now);
}

// h is reported gone at 4, and m has spoken then: pending until 5.5, tagged until 13.915.
static void handed_over(double now)
{
    follows_h(4);
    gone(s, "h");
    at(s, now);
    forget(s);
}

// When m speaks first, until then; 0: it does not.
static double beacon_by(double until)
{
    at(s, until);
    for (const char *line = transcript(s); *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncmp(line + strcspn(line, " "), " > ping", 7) == 0) {
            return strtod(line, NULL);
        }
    }
    return 0;
}

#define ck_speaks_at(seconds) ck_assert_double_eq_tol(beacon_by((seconds) + 2), seconds, 0.0005)

// --- H3: when each one speaks ------------------------------------------------------------------

START_TEST(h3_place_0_speaks_at_once)
{
    follows_h(4);
    gone(s, "h");
    at(s, 14);
    expect(s, "4.000 > ping m h k\n"
              "5.500 tag slot=2 until=13.915\n"
              "5.500 slot m: m h k\n"
              "13.915 untag end\n");
}
END_TEST

static const struct {
    const char *ours, *ring;
    double at;
} places[] = {
    {"h", "h m", 4},      // place 0
    {"hk", "h k m", 4},   // from the end of the ring
    {"hk", "h m k", 5.5}, // and a gap more for each place
    {"hkno", "h m k n o", 8.5},
    {"", "h m k", 5.5}, // the same with Python nodes
    {"hk", "h k", 4},   // the newcomer that is expected
    {"hx", "h m", 5.5}, // comes before the ring
};

START_TEST(h3_each_place_comes_a_gap_after_the_one_before)
{
    join(s, places[_i].ours, hear_ping, 0, places[_i].ring);
    at(s, 4);
    gone(s, "h");
    ck_speaks_at(places[_i].at);
}
END_TEST

// By their hashes: a z v d j r u ... m y x n ... b. z is expected, the next four stand behind the
// ring.
static const struct {
    const char *ours, *ring;
    double at;
} behind[] = {
    {"az", "a", 5.5}, {"azv", "a", 7}, {"azvdj", "a", 10}, {"abz", "a b", 7}, {"abzv", "a b", 8.5},
};

START_TEST(h3_behind_the_line_stand_those_who_would_be_expected_next)
{
    join(s, behind[_i].ours, hear_ping, 0, behind[_i].ring);
    at(s, 4);
    gone(s, "a");
    ck_speaks_at(behind[_i].at);
}
END_TEST

// Also when it is there, and has only said that its turn is over.
START_TEST(h3_so_they_do_when_the_head_goes_on_living)
{
    join(s, "abz", hear_ping, 0, "a b");
    at(s, 4);
    hear_heir(s, "a", "q");
    ck_speaks_at(7);
}
END_TEST

// Five places are before theirs.
START_TEST(h3_anybody_else_comes_after_those_spread_over_a_gap)
{
    join(s, "azvdjr", hear_ping, 0, "a");
    at(s, 4);
    gone(s, "a");
    double at_s = beacon_by(15);
    ck_assert_double_ge(at_s, 11.5);
    ck_assert_double_le(at_s, 13);
}
END_TEST

static double beacon_of(const char *name)
{
    tear_down();
    set_up();
    script_config(s)->name = name_of(name);
    join(s, "azvdjr", hear_ping, 0, "a");
    at(s, 4);
    gone(s, "a");
    return beacon_by(15);
}

START_TEST(h3_each_at_a_time_of_its_own)
{
    double difference = beacon_of("m") - beacon_of("y");
    ck_assert_double_ge(difference * difference, 0.01 * 0.01);
}
END_TEST

static void be_disabled(void)
{
    enable(s, false);
}

static void be_without_a_value(void)
{
    set_value(s, -1);
}

static void be_on_the_line(void)
{
}

static const struct {
    void (*become)(void);
    double at;
} readiness[] = {{be_on_the_line, 4}, {be_disabled, 0}, {be_without_a_value, 0}};

START_TEST(h3_only_who_may_lead_speaks)
{
    follows_h(3);
    readiness[_i].become();
    at(s, 4);
    gone(s, "h");
    ck_assert_double_eq_tol(beacon_by(20), readiness[_i].at, 0.0005);
}
END_TEST

static const struct {
    const char *unready, *gone;
    double at;
} absent[] = {{"", "", 7}, {"k", "", 5.5}, {"", "k", 5.5}, {"k", "n", 4}};

START_TEST(h3_who_cannot_lead_or_is_gone_has_no_place)
{
    join(s, "hkn", hear_ping, 0, "h m k n");
    if (*absent[_i].unready != '\0') {
        hear_unready(s, absent[_i].unready);
    }
    at(s, 4);
    if (*absent[_i].gone != '\0') {
        gone(s, absent[_i].gone);
    }
    gone(s, "h");
    ck_speaks_at(absent[_i].at);
}
END_TEST

static const struct {
    hear_turn *hear;
    double gone, at;
} first_gap[] = {
    {hear_ping, 2, 3.5}, {hear_ping, 3.499, 3.5}, {hear_ping, 3.5, 3.5},
    {hear_hist, 2, 3.5}, {hear_hist, 3.6, 3.6},
};

START_TEST(h3_nobody_speaks_within_one_gap_of_the_heads_beacon_or_hist)
{
    join(s, "hk", first_gap[_i].hear, 0, "h k m");
    at(s, first_gap[_i].gone);
    gone(s, "h");
    ck_speaks_at(first_gap[_i].at);
}
END_TEST

static const struct {
    const char *ring;
    double gone, at;
} last_gaps[] = {
    {"h k m", 8.999, 8.999},  {"h k m", 9, 10.5},  // cycle - gap after h's beacon: in its time
    {"h m k", 8.999, 10.499}, {"h m k", 9, 14.25}, // 1.5 gap after the cycle
    {"h k m", 10, 10.5},
};

START_TEST(h3_with_two_gaps_to_go_the_line_speaks_in_its_time)
{
    join(s, "hk", hear_ping, 0, last_gaps[_i].ring);
    at(s, last_gaps[_i].gone);
    gone(s, "h");
    ck_speaks_at(last_gaps[_i].at);
}
END_TEST

// The cycle after h's beacon ends at 12.
static const struct {
    const char *ours, *ring;
    double gone, tagged;
} pending[] = {
    {"hk", "h k m", 3, 5},                                   // m speaks at 3.5
    {"hk", "h k m", 7.499, 8.999}, {"hk", "h k m", 7.5, 12}, // cycle - 3 gap after h's
    {"hk", "h k m", 8.999, 12},    {"hk", "h m k", 7.5, 12}, // m speaks at 9
    {"hk", "h m k", 8.999, 12},                              // at 10.499
    {"hkn", "h m k n", 8.5, 13},                             // at 11.5: over cycle - gap after h's
};

START_TEST(h3_what_may_seem_a_willing_hand_over_is_pending_until_the_cycle_ends)
{
    join(s, pending[_i].ours, hear_ping, 0, pending[_i].ring);
    at(s, pending[_i].gone);
    gone(s, "h");
    at(s, pending[_i].tagged - 0.001);
    ck_assert(!is_tagged(s));
    at(s, pending[_i].tagged);
    ck_assert(is_tagged(s));
}
END_TEST

static void it_starts_anew(void)
{
    hear_init(s, "h");
}

static void it_cannot_lead(void)
{
    hear_unready(s, "h");
}

static void it_says_good_bye(void)
{
    hear_left(s, "h", 5);
}

static void it_gives_its_turn_away(void)
{
    hear_heir(s, "h", "m");
}

static void it_says_who_it_is(void)
{
    hear_vers(s, "h", 5);
}

static void it_asks(void)
{
    hear_question(s, "h");
}

static void another_starts_anew(void)
{
    hear_init(s, "k");
}

static void another_cannot_lead(void)
{
    hear_unready(s, "k");
}

static void another_says_good_bye(void)
{
    hear_left(s, "k", 5);
}

static void another_gives(void)
{
    hear_heir(s, "k", "m");
}

static void another_is_gone(void)
{
    gone(s, "k");
}

static const struct {
    void (*say)(void);
    double at;
} words[] = {
    {it_starts_anew, 10.5},      {it_cannot_lead, 4},         {it_says_good_bye, 4},
    {it_gives_its_turn_away, 4}, {it_says_who_it_is, 10.5},   {it_asks, 10.5},
    {another_starts_anew, 10.5}, {another_cannot_lead, 10.5}, {another_says_good_bye, 10.5},
    {another_gives, 10.5},       {another_is_gone, 10.5},
};

START_TEST(h3_the_head_may_say_itself_that_its_turn_is_over)
{
    follows_h(4);
    words[_i].say();
    ck_speaks_at(words[_i].at);
}
END_TEST

START_TEST(h3_who_could_not_lead_has_no_turn_to_end)
{
    join(s, "hk", hear_ping, -1, "h k m");
    at(s, 4);
    hear_unready(s, "h");
    ck_speaks_at(10.5);
}
END_TEST

START_TEST(h3_a_turn_that_was_given_up_stays_so)
{
    join(s, "hk", hear_ping, 0, "h m k"); // m is at place 1
    at(s, 4);
    hear_unready(s, "h");
    at(s, 5);
    hear_vers(s, "h", 5); // enabled again
    here(s, "h", 5);
    ck_speaks_at(5.5);
}
END_TEST

START_TEST(h3_my_own_turn_is_handed_over_by_others)
{
    spoke_at_10_5(13);
    gone(s, "m");
    at(s, 14);
    expect(s, "");
    ck_assert(is_tagged(s));
}
END_TEST

START_TEST(h3_who_hands_over_is_handed_over_from)
{
    handed_over(6);
    hear_ping(s, 0, "k m h"); // it was told that m is gone: a lie
    gone(s, "k");             // the truth
    at(s, 8);
    expect(s, "6.000   R2: k\n"
              "6.000 untag handover\n"
              "7.500 ping k\n"
              "7.500 slot k: k m h\n"
              "7.500 > ping m k\n"); // R8
}
END_TEST

// --- H3: while the link is down, or has come back ----------------------------------------------

// What is said of the head while a node listens is no news of the group that it will hear of.
START_TEST(h3_who_listens_hands_nothing_over)
{
    follows_h(3);
    hear_ping(s, 0, "x h n"); // it has crossed h's beacon: h stands, and x is remembered
    link_down(s);
    at(s, 5);
    link_up(s);
    forget(s);
    hear_init(s, "h");
    gone(s, "h");
    at(s, 8);
    expect(s, "5.000 > vers\n" // M1
              "6.500 > vers asks\n");
    hear_ping(s, 0, "k h m");
    expect(s, "8.000   J1: k\n");
}
END_TEST

START_TEST(h3_whoever_it_hears_of_may_be_gone_already)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "h", 5);
    gone(s, "h");
    at(s, 3);
    hear_hist(s, 0, "h m k");
    ck_speaks_at(6); // a gap after the hist, and k has a place before m's
}
END_TEST

// --- H4: what was in flight --------------------------------------------------------------------

static const struct {
    double gone, at;
} in_flight[] = {
    {10, 11.499 + 3},        // a gap after k's beacon, and n has a place before m's
    {9.999, 11.499 + 12.25}, // k lives: 1.5 gap after the cycle
};

START_TEST(h4_a_beacon_within_a_gap_was_in_flight_and_is_handed_over_from)
{
    join(s, "hkn", hear_ping, 0, "h m n k");
    at(s, in_flight[_i].gone);
    gone(s, "k");
    at(s, 11.499);
    hear_ping(s, 0, "k h m n");
    expect_line(s, "  R2: k");
    ck_speaks_at(in_flight[_i].at);
}
END_TEST

START_TEST(h4_so_was_a_turn_that_the_head_took_after_its_own)
{
    join(s, "hk", hear_ping, 0, "h m k");
    at(s, 4);
    gone(s, "h");
    at(s, 5.4);
    hear_ping(s, 1, "h m k");
    expect_line(s, "  R1: h");
    ck_speaks_at(5.4 + 3);
}
END_TEST

static void h_takes_another_turn(void)
{
    hear_ping(s, 1, "h m k");
}

static void h_says_who_it_is(void)
{
    hear_vers(s, "h", 5);
}

static void h_is_another_process(void)
{
    hear_vers(s, "h", 6);
}

static void h_is_hinted_to_be_there(void)
{
    here(s, "h", 5);
}

static void h_is_spoken_for(void)
{
    hear_hist(s, 0, "h m k");
}

// h is gone since 4, and m would speak at 5.5, or 1.5 gap after the cycle; at 8.5, when h begins
// anew at 7: a gap after k.
static const struct {
    double at;
    void (*say)(void);
    double beacon;
} signs_of_life[] = {
    {5.499, h_says_who_it_is, 5.5}, // it was in flight as well
    {5.499, h_is_spoken_for, 5.5},  // by whoever has heard it earlier
    {5.499, h_is_another_process, 14.25}, {5.499, h_is_hinted_to_be_there, 14.25},
    {4, h_is_hinted_to_be_there, 14.25},
};

START_TEST(h4_what_shows_that_the_head_lives)
{
    join(s, "hk", hear_ping, 0, "h m k");
    at(s, 4);
    gone_process(s, "h", 5);
    at(s, signs_of_life[_i].at);
    signs_of_life[_i].say();
    ck_speaks_at(signs_of_life[_i].beacon);
}
END_TEST

// m is at place 2, and would speak at 7.
static const struct {
    double at;
    void (*say)(void);
    double beacon;
} later_signs[] = {
    {5.499, h_says_who_it_is, 7},
    {5.5, h_says_who_it_is, 15},
    {5.5, h_takes_another_turn, 5.5 + 13},
    {6, h_is_spoken_for, 7},
};

START_TEST(h4_a_gap_after_the_hint_all_that_is_heard_of_the_head_does)
{
    join(s, "hkn", hear_ping, 0, "h m k n");
    at(s, 4);
    gone(s, "h");
    at(s, later_signs[_i].at);
    later_signs[_i].say();
    ck_speaks_at(later_signs[_i].beacon);
}
END_TEST

START_TEST(h4_a_head_that_starts_anew_lives)
{
    join(s, "hk", hear_ping, 0, "h m k");
    script_show_members(s);
    at(s, 4);
    forget(s);
    gone(s, "h");
    at(s, 4.5);
    hear_init(s, "h");
    at(s, 6.1);
    expect(s, "4.000 leave h lost\n"
              "4.500 join h returned\n"
              "5.250 > vers\n" // M1, J1
              "5.250 > hist h m k\n");
}
END_TEST

// m has handed over from h, which defends its turn.
START_TEST(h4_a_hist_that_is_obeyed_after_a_hand_over_shows_that_the_head_lives)
{
    handed_over(5);
    script_show_members(s);
    hear_hist(s, 0, "h k m");
    at(s, 14);
    expect(s, "5.000   R5: h\n"
              "5.000 join h returned\n"
              "6.500 ping h\n"
              "6.500 slot h: h k m\n"
              "13.500 > ping m h k\n"); // in its time
}
END_TEST

// --- H5: who has not had the hint --------------------------------------------------------------

// After h's beacon of 2, before which k had its turn.
static const struct {
    hear_turn *hear;
    double at;
    const char *history, *decided;
} early[] = {
    // within a gap: not all have heard h
    {hear_ping, 3.499, "x h k", "  R4: x"},
    {hear_hist, 3.499, "x h k m", "  R6: x"},
    // then it shows by what is named before h
    {hear_ping, 3.5, "x h k", "  R2: x"},
    {hear_ping, 3.5, "k h m", "  R2: k"}, // k itself was
    {hear_hist, 3.5, "x h k m", "  R2: x"},
    {hear_hist, 3.5, "k h m", "  R2: k"},
    {hear_ping, 4.999, "x h n", "  R4: x"},
    {hear_ping, 4.999, "x h", "  R4: x"},
    {hear_hist, 8.999, "x h n", "  R6: x"},
    {hear_hist, 8.999, "x h", "  R6: x"},
    // after two gaps its sender must have heard h
    {hear_ping, 5, "x h n", "  R2: x"},
    {hear_ping, 5, "x h", "  R2: x"},
    {hear_hist, 9, "x h n", "  R2: x"}, // that turn is over
};

START_TEST(h5_who_follows_my_head_early_was_told_that_it_is_gone)
{
    join(s, "hkx", hear_ping, 0, "h k m");
    at(s, early[_i].at);
    early[_i].hear(s, 0, early[_i].history);
    expect_line(s, early[_i].decided);
}
END_TEST

// h has gone on at 4, and nobody spoke between.
static const struct {
    hear_turn *hear;
    double at;
    const char *decided;
} early_again[] = {
    {hear_ping, 5.5, "  R4: x"},    {hear_ping, 6.999, "  R4: x"}, {hear_ping, 7, "  R2: x"},
    {hear_hist, 10.999, "  R4: x"}, {hear_hist, 11, "  R2: x"},
};

START_TEST(h5_of_a_head_that_has_gone_on_it_may_follow_the_turn_before)
{
    join(s, "hkx", hear_ping, 0, "h k m");
    at(s, 4);
    hear_ping(s, 1, "h k m");
    at(s, early_again[_i].at);
    early_again[_i].hear(s, 0, "x h k m");
    expect_line(s, early_again[_i].decided);
}
END_TEST

// h and k take turns with each other: k at 2, h at 10.5.
static const struct {
    hear_turn *hear;
    double at;
    const char *decided;
} early_two[] = {
    {hear_ping, 12, "  R4: k"},     {hear_ping, 13.499, "  R4: k"}, {hear_ping, 13.5, "  R2: k"},
    {hear_hist, 17.499, "  R6: k"}, {hear_hist, 17.5, "  R2: k"},
};

START_TEST(h5_of_two_that_take_turns_it_may_follow_the_turn_before)
{
    join(s, "hk", hear_ping, 0, "k h m");
    at(s, 10.4);
    hear_ping(s, 0, "h k m");
    at(s, 10.5);
    hear_ping(s, 0, "h k m"); // a copy
    at(s, early_two[_i].at);
    early_two[_i].hear(s, 0, "k h m");
    expect_line(s, early_two[_i].decided);
}
END_TEST

// x has spoken too early, and h is the better one.
static void x_lost(void)
{
    join(s, "hkx", hear_ping, 0, "h k m");
    at(s, 3);
    hear_ping(s, 0, "x h n");
    expect_line(s, "  R4: x");
    at(s, 4);
    forget(s);
}

START_TEST(h5_when_the_head_is_found_gone_who_lost_against_it_is_followed)
{
    x_lost();
    gone(s, "h");
    at(s, 13);
    expect(s, "4.000   R2: x\n"
              "5.500 ping x\n"
              "5.500 slot x: x h k m\n"
              "12.500 > ping m x h k\n");
}
END_TEST

static const struct {
    void (*say)(void);
    bool follows;
} found_gone[] = {
    {it_starts_anew, false},        {it_cannot_lead, true},     {it_says_good_bye, true},
    {it_gives_its_turn_away, true}, {it_says_who_it_is, false}, {another_is_gone, false},
};

START_TEST(h5_so_it_is_when_the_head_has_said_so)
{
    x_lost();
    found_gone[_i].say();
    ck_assert(has_line(transcript(s), "  R2: x") == found_gone[_i].follows);
}
END_TEST

START_TEST(h5_not_when_another_turn_has_begun_since)
{
    x_lost();
    hear_ping(s, 0, "k h m");
    forget(s);
    gone(s, "h");
    at(s, 5);
    expect(s, "");
}
END_TEST

START_TEST(h5_a_living_head_that_is_named_gives_way_when_it_shows)
{
    spoke_at_10_5(12.5);
    hear_ping(s, 0, "h m k");
    expect(s, "12.500   R2: h\n"
              "12.500 untag handover\n");
}
END_TEST

START_TEST(h5_or_it_defends_its_turn)
{
    spoke_at_10_5(12.5);
    hear_ping(s, 0, "x m k");
    expect(s, "12.500   R4: x\n"
              "12.500 > hist m h k\n");
    ck_assert(is_tagged(s));
}
END_TEST

// A regular turn of m's does not obey the head that it followed: that hist was on its way (R5).
START_TEST(h5_who_has_handed_over_from_it_obeys_that)
{
    if (_i == 0) {
        handed_over(5);
    } else {
        spoke_at_10_5(11);
    }
    hear_hist(s, 0, "h k m");
    expect_line(s, _i == 0 ? "  R5: h" : "  R6: h");
}
END_TEST

START_TEST(h5_but_not_a_worse_one)
{
    join(s, "kx", hear_ping, 0, "x k m");
    at(s, 4);
    gone(s, "x");
    at(s, 5);
    forget(s);
    hear_hist(s, 0, "x k m");
    at(s, 5.5);
    ck_assert(is_tagged(s));
}
END_TEST

// --- H6: the modes -----------------------------------------------------------------------------

static void it_is_reported_gone(void)
{
    gone(s, "h");
}

static void it_is_reported_gone_and_says_so(void)
{
    gone(s, "h");
    hear_left(s, "h", 5);
}

static const struct {
    enum takeover takeover;
    void (*say)(void);
    double at;
} modes[] = {
    {TAKEOVER_AT_ONCE, it_is_reported_gone, 4},
    {TAKEOVER_AT_ONCE, it_says_good_bye, 4},
    {TAKEOVER_AFTER_LEASE, it_is_reported_gone, 7}, // the keepalive is 3
    {TAKEOVER_AFTER_LEASE, it_is_reported_gone_and_says_so, 4},
    {TAKEOVER_AFTER_LEASE, it_starts_anew, 10.5},
    {TAKEOVER_AFTER_LEASE, it_cannot_lead, 4},
    {TAKEOVER_AFTER_LEASE, it_says_good_bye, 4},
    {TAKEOVER_AFTER_LEASE, it_gives_its_turn_away, 4},
    {TAKEOVER_SLOT, it_is_reported_gone, 10.5},
    {TAKEOVER_SLOT, it_starts_anew, 10.5},
    {TAKEOVER_SLOT, it_cannot_lead, 10.5},
    {TAKEOVER_SLOT, it_says_good_bye, 10.5},
    {TAKEOVER_SLOT, it_gives_its_turn_away, 10.5},
};

START_TEST(h6_when_the_line_may_follow_a_head_that_is_gone)
{
    script_config(s)->takeover = modes[_i].takeover;
    script_config(s)->lease_ns = 3 * NS_PER_S;
    follows_h(4);
    modes[_i].say();
    ck_speaks_at(modes[_i].at);
}
END_TEST

START_TEST(h6_a_lease_that_ends_with_the_slot_is_not_waited_for)
{
    script_config(s)->takeover = TAKEOVER_AFTER_LEASE;
    script_config(s)->lease_ns = 6 * NS_PER_S;
    follows_h(4);
    gone(s, "h");
    ck_speaks_at(10.5);
}
END_TEST

START_TEST(h6_slot_by_slot_nobody_is_followed_after_all)
{
    script_config(s)->takeover = TAKEOVER_SLOT;
    x_lost();
    gone(s, "h");
    expect(s, "");
}
END_TEST

// --- H7: one that comes back -------------------------------------------------------------------

static const struct {
    double gone, here, back; // m is pending from 10.5, tagged from 12 to 20.415
    const char *said;
} returns[] = {
    {12.5, 15.5, 0, ""}, // 2 gap later
    {12.5, 15.501, 0, "15.501 > hist m h k\n"},
    {8, 11.1, 0, "11.100 > hist m h k\n"},
    {18, 21.1, 0, ""}, // m holds no longer
};

START_TEST(h7_the_holder_tells_one_that_was_gone_of_its_ring)
{
    spoke_at_10_5(returns[_i].gone);
    gone(s, "x"); // unknown
    gone(s, "k");
    at(s, returns[_i].here);
    forget(s);
    here(s, "k", 9);
    expect(s, returns[_i].said);
}
END_TEST

START_TEST(h7_once_in_two_gaps)
{
    spoke_at_10_5(12.5);
    gone(s, "h");
    gone(s, "k");
    at(s, 15.6);
    here(s, "h", 9);
    here(s, "k", 9);
    expect(s, "15.600 > hist m h k\n");
}
END_TEST

START_TEST(h7_not_one_that_was_never_there)
{
    spoke_at_10_5(16);
    here(s, "x", 9);
    expect(s, "");
}
END_TEST

// --- H8: to another by name --------------------------------------------------------------------

START_TEST(h8_the_holder_ends_its_tag_and_names_its_heir)
{
    spoke_at_10_5(13);
    ck_assert(may_give(s, "h"));
    give(s, "h");
    expect(s, "13.000 untag handover\n"
              "13.000 > vers heir h\n");
    ck_assert(sent_ready(s));
    at(s, 13.1);
    hear_ping(s, 0, "h m k");
    at(s, 14.6);
    expect(s, "13.100   R2: h\n"
              "14.600 ping h\n"
              "14.600 slot h: h m\n");
}
END_TEST

START_TEST(h8_who_renews_gives_away_that_turn_as_well)
{
    at(s, 1);
    link_up(s);
    at(s, 13.5); // spoke again at 13.08
    hear_vers(s, "x", 5);
    forget(s);
    give(s, "x");
    at(s, 16);
    expect(s, "13.500 untag handover\n"
              "13.500 > vers heir x\n");
}
END_TEST

static void be_pending(void)
{
    at(s, 11);
}

static void have_ended(void)
{
    at(s, 20.415);
}

static void be_tagged(void)
{
    at(s, 13);
}

static void know_it_unready(void)
{
    at(s, 13);
    hear_unready(s, "h");
}

static void know_it_gone(void)
{
    at(s, 13);
    gone(s, "h");
}

static void have_heard_of_its_readiness(void)
{
    at(s, 13);
    hear_unready(s, "h");
    hear_vers(s, "h", 5);
}

static const struct {
    void (*become)(void);
    const char *heir;
    bool may;
} heirs[] = {
    {be_tagged, "h", true},
    {be_tagged, "x", true}, // an outsider
    {be_pending, "h", false},
    {have_ended, "h", false},
    {know_it_unready, "h", false},
    {know_it_gone, "h", false},
    {be_tagged, "m", false}, // itself
    {be_tagged, "q", false}, // unknown
    {be_tagged, "n", false}, // heard of, but never heard
    {have_heard_of_its_readiness, "h", true},
};

START_TEST(h8_only_a_holder_gives_and_only_to_one_that_may_lead)
{
    join(s, "hk", hear_ping, 0, "h k n m");
    hear_vers(s, "x", 5); // first heard in this slot: not expected
    heirs[_i].become();
    forget(s);
    ck_assert(may_give(s, heirs[_i].heir) == heirs[_i].may);
    give(s, heirs[_i].heir);
    ck_assert(has_line(transcript(s), "untag handover") == heirs[_i].may);
}
END_TEST

static const struct {
    const char *unready, *gone, *heir;
    double at;
} bequests[] = {
    {"", "", "m", 4},    // wherever it stands in the line
    {"", "", "k", 7},    // all others one further back
    {"", "", "x", 7},    // be it an outsider
    {"", "", "q", 5.5},  // nobody knows it
    {"k", "", "k", 4},   // it cannot lead: k has no place at all
    {"", "x", "x", 5.5}, // it is gone
};

START_TEST(h8_the_heir_is_place_0_and_all_others_stand_one_further_back)
{
    join(s, "hk", hear_ping, 0, "h m k");
    hear_vers(s, "x", 5); // first heard in this slot: not expected
    at(s, 4);
    if (*bequests[_i].unready != '\0') {
        hear_unready(s, bequests[_i].unready);
    }
    if (*bequests[_i].gone != '\0') {
        gone(s, bequests[_i].gone);
    }
    hear_heir(s, "h", bequests[_i].heir);
    ck_speaks_at(bequests[_i].at);
}
END_TEST

START_TEST(h8_an_outsider_can_be_the_heir)
{
    join(s, "azvdjr", hear_ping, 0, "a");
    at(s, 4);
    hear_heir(s, "a", "m");
    ck_speaks_at(4);
}
END_TEST

// J6: nor does another get its place in a table that is full.
START_TEST(h8_an_heir_is_not_forgotten)
{
    join(s, "hk", hear_ping, 0, "h m k");
    hear_vers(s, "x", 5);
    at(s, 4);
    hear_heir(s, "h", "x");
    for (int i = 0; i < 2 * ENGINE_NODES_MIN; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        hear_unready(s, name);
    }
    ck_speaks_at(7);
}
END_TEST

START_TEST(h8_an_heir_is_one_for_that_turn_alone)
{
    join(s, "hkn", hear_ping, 0, "h m k n");
    at(s, 3);
    hear_heir(s, "h", "m");
    at(s, 3.2);
    hear_ping(s, 0, "n h m k"); // it was faster
    gone(s, "n");
    ck_speaks_at(3.2 + 3); // a gap after n's beacon, and k has a place before m's
}
END_TEST

// --- The suite ----------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_h3_when_each_one_speaks(Suite *suite)
{
    TCase *tcase = add_case(suite, "H3: when each one speaks");
    tcase_add_test(tcase, h3_place_0_speaks_at_once);
    tcase_add_loop_test(tcase, h3_each_place_comes_a_gap_after_the_one_before, 0, COUNT(places));
    tcase_add_loop_test(tcase, h3_behind_the_line_stand_those_who_would_be_expected_next, 0,
                        COUNT(behind));
    tcase_add_test(tcase, h3_so_they_do_when_the_head_goes_on_living);
    tcase_add_test(tcase, h3_anybody_else_comes_after_those_spread_over_a_gap);
    tcase_add_test(tcase, h3_each_at_a_time_of_its_own);
    tcase_add_loop_test(tcase, h3_only_who_may_lead_speaks, 0, COUNT(readiness));
    tcase_add_loop_test(tcase, h3_who_cannot_lead_or_is_gone_has_no_place, 0, COUNT(absent));
    tcase_add_loop_test(tcase, h3_nobody_speaks_within_one_gap_of_the_heads_beacon_or_hist, 0,
                        COUNT(first_gap));
    tcase_add_loop_test(tcase, h3_with_two_gaps_to_go_the_line_speaks_in_its_time, 0,
                        COUNT(last_gaps));
    tcase_add_loop_test(tcase, h3_what_may_seem_a_willing_hand_over_is_pending_until_the_cycle_ends,
                        0, COUNT(pending));
    tcase_add_loop_test(tcase, h3_the_head_may_say_itself_that_its_turn_is_over, 0, COUNT(words));
    tcase_add_test(tcase, h3_who_could_not_lead_has_no_turn_to_end);
    tcase_add_test(tcase, h3_a_turn_that_was_given_up_stays_so);
    tcase_add_test(tcase, h3_my_own_turn_is_handed_over_by_others);
    tcase_add_test(tcase, h3_who_hands_over_is_handed_over_from);
}

static void add_h3_while_the_link_is_down_or_has_come_back(Suite *suite)
{
    TCase *tcase = add_case(suite, "H3: while the link is down, or has come back");
    tcase_add_test(tcase, h3_who_listens_hands_nothing_over);
    tcase_add_test(tcase, h3_whoever_it_hears_of_may_be_gone_already);
}

static void add_h4_what_was_in_flight(Suite *suite)
{
    TCase *tcase = add_case(suite, "H4: what was in flight");
    tcase_add_loop_test(tcase, h4_a_beacon_within_a_gap_was_in_flight_and_is_handed_over_from, 0,
                        COUNT(in_flight));
    tcase_add_test(tcase, h4_so_was_a_turn_that_the_head_took_after_its_own);
    tcase_add_loop_test(tcase, h4_what_shows_that_the_head_lives, 0, COUNT(signs_of_life));
    tcase_add_loop_test(tcase, h4_a_gap_after_the_hint_all_that_is_heard_of_the_head_does, 0,
                        COUNT(later_signs));
    tcase_add_test(tcase, h4_a_head_that_starts_anew_lives);
    tcase_add_loop_test(tcase, h4_a_hist_that_is_obeyed_after_a_hand_over_shows_that_the_head_lives,
                        0, 2);
}

static void add_h5_who_has_not_had_the_hint(Suite *suite)
{
    TCase *tcase = add_case(suite, "H5: who has not had the hint");
    tcase_add_loop_test(tcase, h5_who_follows_my_head_early_was_told_that_it_is_gone, 0,
                        COUNT(early));
    tcase_add_loop_test(tcase, h5_of_a_head_that_has_gone_on_it_may_follow_the_turn_before, 0,
                        COUNT(early_again));
    tcase_add_loop_test(tcase, h5_of_two_that_take_turns_it_may_follow_the_turn_before, 0,
                        COUNT(early_two));
    tcase_add_loop_test(tcase, h5_when_the_head_is_found_gone_who_lost_against_it_is_followed, 0,
                        2);
    tcase_add_loop_test(tcase, h5_so_it_is_when_the_head_has_said_so, 0, COUNT(found_gone));
    tcase_add_test(tcase, h5_not_when_another_turn_has_begun_since);
    tcase_add_test(tcase, h5_a_living_head_that_is_named_gives_way_when_it_shows);
    tcase_add_test(tcase, h5_or_it_defends_its_turn);
    tcase_add_loop_test(tcase, h5_who_has_handed_over_from_it_obeys_that, 0, 2);
    tcase_add_test(tcase, h5_but_not_a_worse_one);
}

static void add_h6_the_modes(Suite *suite)
{
    TCase *tcase = add_case(suite, "H6: the modes");
    tcase_add_loop_test(tcase, h6_when_the_line_may_follow_a_head_that_is_gone, 0, COUNT(modes));
    tcase_add_test(tcase, h6_a_lease_that_ends_with_the_slot_is_not_waited_for);
    tcase_add_test(tcase, h6_slot_by_slot_nobody_is_followed_after_all);
}

static void add_h7_one_that_comes_back(Suite *suite)
{
    TCase *tcase = add_case(suite, "H7: one that comes back");
    tcase_add_loop_test(tcase, h7_the_holder_tells_one_that_was_gone_of_its_ring, 0,
                        COUNT(returns));
    tcase_add_test(tcase, h7_once_in_two_gaps);
    tcase_add_test(tcase, h7_not_one_that_was_never_there);
}

static void add_h8_to_another_by_name(Suite *suite)
{
    TCase *tcase = add_case(suite, "H8: to another by name");
    tcase_add_test(tcase, h8_the_holder_ends_its_tag_and_names_its_heir);
    tcase_add_test(tcase, h8_who_renews_gives_away_that_turn_as_well);
    tcase_add_loop_test(tcase, h8_only_a_holder_gives_and_only_to_one_that_may_lead, 0,
                        COUNT(heirs));
    tcase_add_loop_test(tcase, h8_the_heir_is_place_0_and_all_others_stand_one_further_back, 0,
                        COUNT(bequests));
    tcase_add_test(tcase, h8_an_outsider_can_be_the_heir);
    tcase_add_test(tcase, h8_an_heir_is_not_forgotten);
    tcase_add_test(tcase, h8_an_heir_is_one_for_that_turn_alone);
}

int main(void)
{
    Suite *suite = suite_create("handover");
    add_h3_when_each_one_speaks(suite);
    add_h3_while_the_link_is_down_or_has_come_back(suite);
    add_h4_what_was_in_flight(suite);
    add_h5_who_has_not_had_the_hint(suite);
    add_h6_the_modes(suite);
    add_h7_one_that_comes_back(suite);
    add_h8_to_another_by_name(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
