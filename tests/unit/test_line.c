// SPDX-License-Identifier: MIT
// Whose turn comes when: the line and its places (D1), a node that is alone (D2, D3), two beacons
// of one node (D4), who may enter the ring (E1 to E3). Times are given as in the paper: d, in gaps
// after the end of the cycle.
#include <check.h>

#include "script.h"

#include <math.h>
#include <stdio.h>
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

// --- Helpers -----------------------------------------------------------------------------------

static void listening(void)
{
    at(s, 1);
    link_up(s);
}

// Each of the names, one letter long, is one of ours.
static void meet(const char *names)
{
    for (; *names != '\0'; names++) {
        hear_vers(s, (char[]){*names, '\0'}, 5);
    }
}

// The link is up, these are ours, and a begins slot 1 at 2.
static void on_ring(const char *ours, const char *ring)
{
    listening();
    meet(ours);
    at(s, 2);
    hear_ping(s, 0, ring);
}

// a and b take turns, too early for anyone else, until these slots have begun; when the last did.
static double take_turns(int from, int to)
{
    for (int slot = from; slot <= to; slot++) {
        at(s, slot * 8 - 6);
        hear_ping(s, 0, slot % 2 == 0 ? "b a" : "a b");
    }
    return to * 8 - 6;
}

// From the turn at `head` on, a and b take slots `from` to `to`, the first after `wait`, the second
// in time, and so on; when the last did.
static double let_wait(double head, int from, int to, double wait)
{
    for (int slot = from; slot <= to; slot++) {
        head += (slot - from) % 2 == 0 ? wait : 8;
        at(s, head);
        hear_ping(s, 0, slot % 2 == 0 ? "b a" : "a b");
    }
    return head;
}

// The times of this node's beacons until then.
static const char *beacons(double until)
{
    static char times[1024];
    size_t used = 0;
    times[0] = '\0';
    forget(s);
    at(s, until);
    for (const char *line = transcript(s); *line != '\0'; line = strchr(line, '\n') + 1) {
        int len = (int)strcspn(line, " ");
        if (strncmp(line + len, " > ping", 7) == 0) {
            used += (size_t)snprintf(times + used, sizeof times - used, " %.*s", len, line);
        }
    }
    return times;
}

// d of this node, if it hears nothing more in the cycle that began at `head`.
static double delay_after(double head)
{
    return (strtod(beacons(head + 35), NULL) - head - 10) / 1.5;
}

#define ck_delay(head, d) ck_assert_double_eq_tol(delay_after(head), d, 0.001)

#define ck_delay_between(head, low, high)       \
    do {                                        \
        double d = delay_after(head);           \
        ck_assert_double_ge(d, (low)-0.001);    \
        ck_assert_double_le(d, (high) + 0.001); \
    } while (0)

static const double one_more_cycle = 10 / 1.5;

// Not in the line, while the ring lives.
#define ck_last_resort(head) ck_delay_between(head, 2.4 + one_more_cycle, 2.6 + one_more_cycle)

// Whether this node, an outsider, is the expected newcomer after a beacon of one of ours.
static void ck_expected(double head, bool expected)
{
    if (expected) {
        ck_delay(head, -1);
    } else {
        ck_last_resort(head);
    }
}

// --- D1: places --------------------------------------------------------------------------------

static const struct {
    const char *ours, *ring;
    double d;
} places[] = {
    {"abcde", "a b c d e m", -1}, // place 0, and a hands over willingly
    {"abcde", "a b c d m e", 1.5},        {"abcde", "a b c m d e", 2},
    {"abcde", "a b m c d e", 2.25},       {"abcde", "a m b c d e", 2.35},
    {"bcde", "a b c d e m", 0},  // a is a Python node: it may lead until the cycle is over
    {"abde", "a b c d e m", -1}, // c is one, but does not lead
    {"abde", "a b c d m e", 2},           {"abde", "a b c m d e", 2.2},
    {"abde", "a b m c d e", 2.3},         {"abde", "a m b c d e", 2.35},
    {"abcdefg", "a m b c d e f g", 2.35}, // more places than delays
};

START_TEST(d1_each_place_has_its_delay)
{
    script_config(s)->params.nodes = 8;
    on_ring(places[_i].ours, places[_i].ring);
    ck_delay(2, places[_i].d);
}
END_TEST

START_TEST(d1_an_expected_newcomer_stands_before_the_ring)
{
    on_ring("abx", "a m");
    ck_delay(2, 1.5);
}
END_TEST

START_TEST(d1_an_expected_python_node_makes_the_line_keep_clear_of_its_times)
{
    listening();
    hear_init(s, "x");
    meet("ab");
    for (int slot = 1; slot <= 22; slot += 3) {
        at(s, slot * 8 - 6);
        hear_ping(s, 0, "a b m");
        if (slot < 22) {
            at(s, slot * 8 - 6 + 16); // m spoke in between
            hear_ping(s, 0, "b m a");
        }
    }
    ck_delay(22 * 8 - 6, 2); // E2: x has waited for 4 turns of the ring
}
END_TEST

START_TEST(d1_nodes_known_not_to_be_ready_do_not_count)
{
    listening();
    meet("ab");
    at(s, 2);
    hear_ping(s, -1, "b a m");
    at(s, 12);
    hear_ping(s, 0, "a m b");
    ck_delay(12, -1);
}
END_TEST

START_TEST(d1_anyone_else_waits_for_one_more_cycle_while_the_ring_lives)
{
    on_ring("abz", "a b");
    ck_last_resort(2);
}
END_TEST

// Heard of by a hist, in the middle of a slot: nobody can expect m.
START_TEST(d1_anyone_else_is_the_last_resort)
{
    join(s, "az", hear_hist, 0, "a");
    ck_delay_between(2, 2.4, 2.6);
}
END_TEST

// By their hashes: a z v d j ... m y x n ... b.
static const struct {
    const char *ours, *ring;
    double d;
} behind[] = {
    {"a", "a", -1}, // it is the one that is expected
    {"az", "a", 1.5},     {"azv", "a", 2},     {"azvd", "a", 2.25},
    {"azvdj", "a", 2.35}, {"azyxn", "a", 1.5}, // these would be expected later
};

START_TEST(d1_behind_a_ring_that_dies_stand_those_who_would_be_expected_next)
{
    on_ring(behind[_i].ours, behind[_i].ring);
    ck_delay(2, behind[_i].d);
}
END_TEST

// All of the ring but a have ceased to be ready: they have no place.
START_TEST(d1_a_ring_dies_when_fewer_than_two_of_it_may_lead)
{
    listening();
    meet("abcz");
    hear_unready(s, "b");
    if (_i == 0) {
        hear_unready(s, "c");
    }
    at(s, 2);
    hear_ping(s, 0, "a b c");
    if (_i == 0) {
        ck_delay(2, 1.5);
    } else {
        ck_last_resort(2);
    }
}
END_TEST

START_TEST(d1_behind_a_full_ring_that_dies_nobody_stands_until_it_opens)
{
    script_config(s)->params.nodes = 2;
    listening();
    meet("abz");
    hear_unready(s, "b");
    at(s, 2);
    hear_ping(s, 0, "a b");
    ck_delay_between(2, 2.4, 2.6);
}
END_TEST

START_TEST(d1_a_python_node_keeps_those_behind_the_ring_clear_of_its_times)
{
    on_ring("z", "a");
    ck_delay(2, 2);
}
END_TEST

START_TEST(d1_nodes_that_are_not_ready_keep_no_ring_alive)
{
    listening();
    meet("abz");
    at(s, 2);
    hear_ping(s, -1, "b a");
    at(s, 10);
    hear_ping(s, 0, "a b");
    at(s, 18);
    hear_ping(s, -1, "b a"); // E1: z is expected, as in slot 1; then a, then m
    ck_delay(18, 2);
}
END_TEST

static double last_resort_of(const char *name, int slot)
{
    tear_down();
    set_up();
    script_config(s)->name = name_of(name);
    on_ring("abz", "a b");
    return delay_after(take_turns(2, slot));
}

START_TEST(d1_the_last_resort_is_spread_by_name_and_slot)
{
    double d = last_resort_of("m", 1);
    ck_assert_double_gt(fabs(last_resort_of("o", 1) - d), 0.001);
    ck_assert_double_gt(fabs(last_resort_of("m", 3) - d), 0.001);
}
END_TEST

START_TEST(d1_the_sender_speaks_again_after_all_others)
{
    on_ring("a", "a m");
    ck_assert_str_eq(beacons(24), " 10.500");
    hear_init(s, "x"); // it isn't alone
    ck_delay(10.5, 2.7);
}
END_TEST

START_TEST(d1_a_node_that_is_not_ready_lets_all_others_speak)
{
    script_value(s, -1);
    on_ring("ab", "a b m");
    ck_delay_between(2, 4.6 + 2.4 + one_more_cycle, 4.6 + 2.6 + one_more_cycle);
}
END_TEST

START_TEST(d1_a_node_that_is_not_ready_is_the_last_resort_where_nobody_is)
{
    script_value(s, -1);
    listening();
    meet("ab");
    at(s, 2);
    hear_ping(s, -1, "b a");
    at(s, 10);
    hear_ping(s, -1, "a b");
    ck_delay_between(10, 4.6 + 2.4, 4.6 + 2.6);
}
END_TEST

// --- D2 to D4: alone ---------------------------------------------------------------------------

START_TEST(d3_a_node_that_is_alone_renews_before_its_tag_ends)
{
    listening();
    // cycle - gap - 2 slack, with slack = gap/20 + cycle/1000 = 0.085
    ck_assert_str_eq(beacons(25), " 4.750 13.080 21.410");
}
END_TEST

START_TEST(d2_a_node_that_heard_somebody_is_not_alone_for_two_longest_slots)
{
    listening();
    at(s, 7);
    hear_init(s, "x"); // 27.5 before 34.5; the renewal at 13.08 was planned before
    ck_assert_str_eq(beacons(60), " 13.080 27.130 41.180 49.510 57.840");
}
END_TEST

START_TEST(d2_after_two_longest_slots_it_is_alone_again)
{
    listening();
    at(s, 13.68);
    hear_init(s, "x"); // 27.5 before 41.18, but for what is 0.1 less
    ck_assert_str_eq(beacons(50), " 21.410 35.460 49.510");
}
END_TEST

// A node is old there that has not been heard since the clock began, like this one itself.
START_TEST(d2_it_is_the_same_on_a_host_that_has_been_up_for_long)
{
    at(s, 1000001);
    link_up(s);
    at(s, 1000007);
    hear_init(s, "x");
    ck_assert_str_eq(beacons(1000060),
                     " 1000013.080 1000027.130 1000041.180 1000049.510 1000057.840");
}
END_TEST

START_TEST(d2_and_beside_one_that_is_heard_it_never_goes_on_early)
{
    at(s, 1000001);
    link_up(s);
    meet("x");
    for (int i = 0; i < 5; i++) {
        at(s, 1000002 + 20 * i);
        hear_vers(s, "x", 5);
    }
    ck_assert_str_eq(beacons(1000110), " 1000089.050 1000103.100");
}
END_TEST

// One of ours that is not ready keeps nobody from going on; a Python node may be ready by now.
START_TEST(d2_beside_nodes_of_ours_that_are_not_ready_it_leads_alone)
{
    listening();
    if (_i == 0) {
        meet("x");
    }
    at(s, 6.5);
    hear_ping(s, -1, "x");
    ck_assert_str_eq(beacons(42), _i == 0 ? " 18.800 27.130 35.460" : " 13.080 27.130 41.180");
}
END_TEST

START_TEST(d3_a_renewal_is_off_once_another_has_spoken)
{
    listening();
    at(s, 7);
    hear_ping(s, 0, "a m");
    ck_delay(7, 0); // a Python node's successor
}
END_TEST

START_TEST(d4_no_two_beacons_in_one_gap)
{
    struct params slower = params_default;
    slower.version = 1;
    slower.gap_ns = 3 * NS_PER_S;
    script_config(s)->params.gap_ns = NS_PER_S / 100;
    listening();
    at(s, 1.03); // it spoke at 1.025, and is to speak after listening for 0.025 again
    link_down(s);
    link_up(s);
    hear_params(s, "a", &slower);
    ck_assert_str_eq(beacons(5), " 4.025");
}
END_TEST

// --- E1: who may enter -------------------------------------------------------------------------

// In the order of their hashes: a z v ... m y x n ... b.
static const struct {
    const char *outsiders;
    bool mine;
} after_a[] = {
    {"", true}, {"y", true}, {"xn", true}, {"z", false}, {"zy", false},
};

START_TEST(e1_expected_is_the_next_after_the_last_entry)
{
    listening();
    meet(after_a[_i].outsiders);
    meet("ab");
    at(s, 2);
    hear_ping(s, 0, "a b");
    ck_expected(2, after_a[_i].mine);
}
END_TEST

static const bool mine_of_three[] = {false, false, true, false, false, true}; // z, v, m

START_TEST(e1_in_each_slot_it_is_the_next_round_and_round)
{
    on_ring("abzv", "a b");
    ck_expected(take_turns(2, _i + 1), mine_of_three[_i]);
}
END_TEST

START_TEST(e1_an_entry_begins_anew)
{
    on_ring("abxn", "a b");
    take_turns(2, 2);
    at(s, 18);
    hear_ping(s, 0, "x b a");
    ck_expected(18, false); // n, m
}
END_TEST

static const bool mine_when_full[] = {false, false, true, true};

START_TEST(e1_a_full_ring_opens_after_a_turn_of_each)
{
    script_config(s)->params.nodes = 2;
    on_ring("ab", "a b");
    ck_expected(take_turns(2, _i + 1), mine_when_full[_i]);
}
END_TEST

static const bool mine_when_open[] = {false, false, false, false, true}; // z, v, m

START_TEST(e1_from_there_on_it_counts_from_the_last_entry)
{
    script_config(s)->params.nodes = 2;
    on_ring("abzv", "a b");
    ck_expected(take_turns(2, _i + 1), mine_when_open[_i]);
}
END_TEST

START_TEST(e1_a_ring_that_cannot_lead_keeps_nobody_out)
{
    script_config(s)->params.nodes = 2;
    listening();
    meet("ab");
    at(s, 2);
    hear_ping(s, -1, "b a");
    at(s, 10);
    hear_ping(s, -1, "a b");
    ck_expected(10, true);
}
END_TEST

START_TEST(e1_nobody_expects_a_node_first_heard_in_the_present_slot)
{
    on_ring("bc", "a c");
    meet("z");
    hear_ping(s, 1, "b c"); // a collision in slot 1
    ck_expected(2, true);
}
END_TEST

START_TEST(e1_it_is_expected_from_the_next_slot_on)
{
    on_ring("ab", "a b");
    meet("z");
    ck_expected(take_turns(2, 3), false);
}
END_TEST

static const bool says_it_is_ready[] = {false, true};

START_TEST(e1_an_outsider_that_is_not_ready_is_not_expected)
{
    script_config(s)->params.nodes = 2;
    listening();
    meet("abz");
    at(s, 2);
    hear_ping(s, -1, "z b");
    at(s, 10);
    hear_ping(s, 0, "b z");
    take_turns(3, 4); // a enters
    if (says_it_is_ready[_i]) {
        meet("z");
    }
    ck_expected(take_turns(5, 5), !says_it_is_ready[_i]);
}
END_TEST

static void init_of_z(void)
{
    hear_init(s, "z");
}

static void z_is_ready(void)
{
    hear_vers(s, "z", 5);
}

static void z_is_not(void)
{
    hear_unready(s, "z");
}

static void nothing(void)
{
}

// What z, which is one of ours, says in this order; whether it is ready then. Its `init` may have
// been overtaken.
static const struct {
    void (*first)(void), (*then)(void);
    bool ready;
} sayings[] = {
    {nothing, nothing, true},      {z_is_not, nothing, false},   {init_of_z, z_is_not, false},
    {z_is_not, init_of_z, false},  {z_is_not, z_is_ready, true}, {z_is_ready, z_is_not, false},
    {z_is_ready, init_of_z, true},
};

START_TEST(j2_who_says_that_it_is_not_ready_is_not_expected)
{
    on_ring("abz", "a b");
    take_turns(2, 2);
    sayings[_i].first();
    sayings[_i].then();
    ck_expected(take_turns(3, 3), !sayings[_i].ready); // as in slot 1: z, if it is ready
}
END_TEST

START_TEST(j2_who_says_that_it_is_not_ready_has_no_place)
{
    listening();
    meet("ab");
    at(s, 2);
    hear_ping(s, 0, "b a m");
    at(s, 10);
    hear_ping(s, 0, "a m b");
    hear_unready(s, "b");
    hear_init(s, "b");
    ck_delay(10, -1); // not behind b, although that was ready in its last turn
}
END_TEST

// Nothing is said of a Python node but by its beacons: it may have become ready.
START_TEST(e2_a_python_node_that_starts_anew_may_be_ready)
{
    listening();
    meet("a");
    at(s, 2);
    hear_ping(s, -1, "b a m");
    at(s, 10);
    hear_ping(s, 0, "a m b");
    hear_init(s, "b");
    ck_delay(10, 2);
}
END_TEST

static const struct {
    const char *ours; // b begins the slots in which z is expected
    double wait;
    bool counts;
} silences[] = {
    {"abz", 10.376, true}, // after one of ours: a quarter of a gap after the cycle
    {"abz", 10.374, false}, {"az", 11.501, true}, // after a Python node: a gap
    {"az", 11.499, false},  {"abz", 8, false},    // others expected somebody else
};

// b enters in slot 2; z is expected in slots 2, 4 and 6.
START_TEST(e1_who_stayed_silent_twice_is_not_expected)
{
    bool python = silences[_i].ours[1] != 'b';
    on_ring(silences[_i].ours, "a");
    double head = let_wait(take_turns(2, 2), 3, 6, silences[_i].wait);
    if (silences[_i].counts) {
        ck_delay(head, python ? 0 : -1);
    } else {
        ck_last_resort(head);
    }
}
END_TEST

// z, v, m and x are expected in slots 2 to 5, z again in slot 6, and then v: not x, as if nobody
// had been expected between.
START_TEST(e1_nobody_behind_a_silent_one_is_skipped)
{
    on_ring("abvxz", "a");
    double head = let_wait(take_turns(2, 2), 3, 3, 10.4);
    head = let_wait(let_wait(head, 4, 6, 8), 7, 7, 10.4);
    ck_expected(let_wait(head, 8, 8, 8), true);
}
END_TEST

START_TEST(e1_until_it_is_heard_again)
{
    on_ring("abz", "a");
    double head = let_wait(take_turns(2, 2), 3, 5, 10.4);
    meet("z");
    ck_expected(let_wait(head, 6, 6, 8), false);
}
END_TEST

// Others may expect other nodes as long as this one has seen nobody enter.
START_TEST(e1_silence_counts_only_after_an_entry_that_was_seen)
{
    on_ring("abz", "a b");
    ck_expected(let_wait(2, 2, 5, 10.4), false);
}
END_TEST

START_TEST(e1_silent_once_is_not_enough)
{
    on_ring("abz", "a");
    ck_expected(let_wait(take_turns(2, 2), 3, 4, 10.4), false);
}
END_TEST

// R3: in the first slot in which z is expected c may have been, too; and a has led since.
START_TEST(e1_whoever_was_expected_may_have_spoken_when_beacons_were_missed)
{
    on_ring("abcz", "a c");
    at(s, 10);
    hear_ping(s, 0, "b a c"); // enters: z is expected
    at(s, 28.4);
    hear_ping(s, 0, "a c b"); // two turns later: z again
    expect_line(s, "  R3: a");
    at(s, 38.8);
    hear_ping(s, 0, "b a c");
    at(s, 46.8);
    hear_ping(s, 0, "c b a");
    ck_expected(46.8, false);
}
END_TEST

// --- E2: a Python node -------------------------------------------------------------------------

static const struct {
    const char *ring;
    int heard; // in this slot; 0: never
    int slot;
    bool mine; // with z there, every other one
} waits[] = {
    {"a b", 1, 21, true}, {"a b", 1, 23, false}, // more than 4 * nodes slots
    {"a b", 5, 25, true}, {"a b", 5, 27, false}, {"a b z", 0, 23, true},
};

START_TEST(e2_a_python_node_is_expected_after_four_turns_of_the_ring)
{
    int heard = waits[_i].heard;
    on_ring("ab", waits[_i].ring);
    if (heard > 0) {
        take_turns(2, heard);
        hear_init(s, "z");
    }
    ck_expected(take_turns(heard > 1 ? heard + 1 : 2, waits[_i].slot), waits[_i].mine);
}
END_TEST

// b enters in slot 2. From slot 22 on z is expected in every other one, and silent in 22 and 24.
static const struct {
    int slot;
    bool mine;
} tries[] = {{26, true}, {27, true}, {44, true}, {45, true}, {46, false}, {47, true}};

START_TEST(e2_a_python_node_that_was_silent_is_tried_again_later)
{
    on_ring("ab", "a");
    hear_init(s, "z");
    double head = let_wait(take_turns(2, 22), 23, 25, 10.4);
    ck_expected(let_wait(head, 26, tries[_i].slot, 8), tries[_i].mine);
}
END_TEST

// --- E3: lots ----------------------------------------------------------------------------------

static const struct {
    int draw;
    int n_hosts; // candidates: as many, less the two on the ring
    bool force_in, mine;
} lots[] = {
    {0, 10, false, true},  {1, 10, false, false},
    {7, 10, false, false}, {8, 10, false, true}, // as 0
    {1, 3, false, true},                         // one candidate
    {1, 4, false, false},  {3, 10, true, true},  // one ticket, and one for each slot outside
    {4, 10, true, false},
};

// The first draw is J1's.
static void draw_lots(double draw)
{
    double share = draw / 4294967296.0;
    script_draws(s, (double[]){0, share, share, share, share}, 5);
}

START_TEST(e3_a_node_that_knows_no_other_outsider_draws_lots)
{
    struct params *params = &script_config(s)->params;
    params->nodes = 2;
    params->n_hosts = lots[_i].n_hosts;
    params->force_in = lots[_i].force_in;
    draw_lots(lots[_i].draw);
    on_ring("a", "a b");
    ck_expected(take_turns(2, 3), lots[_i].mine);
}
END_TEST

START_TEST(e3_tickets_count_from_its_last_turn_on)
{
    struct params *params = &script_config(s)->params;
    params->nodes = 2;
    params->force_in = true;
    script_draws(s, (double[]){0, 0, 5 / 4294967296.0}, 3); // for J1, in slot 3, in slot 8
    on_ring("", "a b");
    take_turns(2, 3);
    at(s, 29); // it speaks in slot 4
    hear_ping(s, 0, "a m");
    take_turns(6, 7);
    ck_expected(take_turns(8, 8), false); // 1 + 8 - 4 tickets
}
END_TEST

START_TEST(e3_among_ours_alone_the_place_is_its_own)
{
    script_config(s)->params.nodes = 2;
    draw_lots(1);
    on_ring("ab", "a b");
    ck_expected(take_turns(2, 3), true);
}
END_TEST

START_TEST(e3_a_ring_with_room_needs_no_lots)
{
    draw_lots(1);
    on_ring("a", "a b");
    ck_expected(2, true);
}
END_TEST

START_TEST(e3_an_outsider_among_others_needs_no_lots)
{
    script_config(s)->params.nodes = 2;
    draw_lots(1);
    on_ring("az", "a b");
    take_turns(2, 5);
    meet("z");
    ck_delay(take_turns(6, 6), 0); // z, m, z, m; after a Python node's beacon
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

static const int two_outsiders_slot[] = {3, 4};

START_TEST(e3_no_lots_while_another_outsider_is_known_whatever_the_slot)
{
    script_config(s)->params.nodes = 2;
    draw_lots(1); // a blank
    on_ring("a", "a b");
    meet(_i == 0 ? "y" : "z"); // slot 3: m, then y; slot 4: z, then m
    ck_assert(delay_after(take_turns(2, two_outsiders_slot[_i])) <= 0.001);
}
END_TEST

START_TEST(d1_where_nobody_is_ready_the_line_is_as_ever_but_later)
{
    script_value(s, -1);
    listening();
    meet("ab");
    at(s, 2);
    hear_ping(s, -1, "b m a");
    at(s, 10);
    hear_ping(s, -1, "a b m");
    ck_delay(10, 4.6);
}
END_TEST

static void add_d1_places(Suite *suite)
{
    TCase *tcase = add_case(suite, "D1: places");
    tcase_add_loop_test(tcase, d1_each_place_has_its_delay, 0, COUNT(places));
    tcase_add_test(tcase, d1_an_expected_newcomer_stands_before_the_ring);
    tcase_add_test(tcase, d1_an_expected_python_node_makes_the_line_keep_clear_of_its_times);
    tcase_add_test(tcase, d1_nodes_known_not_to_be_ready_do_not_count);
    tcase_add_test(tcase, d1_anyone_else_waits_for_one_more_cycle_while_the_ring_lives);
    tcase_add_test(tcase, d1_anyone_else_is_the_last_resort);
    tcase_add_loop_test(tcase, d1_behind_a_ring_that_dies_stand_those_who_would_be_expected_next, 0,
                        COUNT(behind));
    tcase_add_loop_test(tcase, d1_a_ring_dies_when_fewer_than_two_of_it_may_lead, 0, 2);
    tcase_add_test(tcase, d1_behind_a_full_ring_that_dies_nobody_stands_until_it_opens);
    tcase_add_test(tcase, d1_a_python_node_keeps_those_behind_the_ring_clear_of_its_times);
    tcase_add_test(tcase, d1_nodes_that_are_not_ready_keep_no_ring_alive);
    tcase_add_test(tcase, d1_the_last_resort_is_spread_by_name_and_slot);
    tcase_add_test(tcase, d1_the_sender_speaks_again_after_all_others);
    tcase_add_test(tcase, d1_a_node_that_is_not_ready_lets_all_others_speak);
    tcase_add_test(tcase, d1_a_node_that_is_not_ready_is_the_last_resort_where_nobody_is);
    tcase_add_test(tcase, d1_where_nobody_is_ready_the_line_is_as_ever_but_later);
}

static void add_d2_to_d4_alone(Suite *suite)
{
    TCase *tcase = add_case(suite, "D2 to D4: alone");
    tcase_add_test(tcase, d3_a_node_that_is_alone_renews_before_its_tag_ends);
    tcase_add_test(tcase, d2_a_node_that_heard_somebody_is_not_alone_for_two_longest_slots);
    tcase_add_test(tcase, d2_after_two_longest_slots_it_is_alone_again);
    tcase_add_test(tcase, d2_it_is_the_same_on_a_host_that_has_been_up_for_long);
    tcase_add_test(tcase, d2_and_beside_one_that_is_heard_it_never_goes_on_early);
    tcase_add_loop_test(tcase, d2_beside_nodes_of_ours_that_are_not_ready_it_leads_alone, 0, 2);
    tcase_add_test(tcase, d3_a_renewal_is_off_once_another_has_spoken);
    tcase_add_test(tcase, d4_no_two_beacons_in_one_gap);
}

static void add_e1_who_may_enter(Suite *suite)
{
    TCase *tcase = add_case(suite, "E1: who may enter");
    tcase_add_loop_test(tcase, e1_expected_is_the_next_after_the_last_entry, 0, COUNT(after_a));
    tcase_add_loop_test(tcase, e1_in_each_slot_it_is_the_next_round_and_round, 0,
                        COUNT(mine_of_three));
    tcase_add_test(tcase, e1_an_entry_begins_anew);
    tcase_add_loop_test(tcase, e1_a_full_ring_opens_after_a_turn_of_each, 0, COUNT(mine_when_full));
    tcase_add_loop_test(tcase, e1_from_there_on_it_counts_from_the_last_entry, 0,
                        COUNT(mine_when_open));
    tcase_add_test(tcase, e1_a_ring_that_cannot_lead_keeps_nobody_out);
    tcase_add_test(tcase, e1_nobody_expects_a_node_first_heard_in_the_present_slot);
    tcase_add_test(tcase, e1_it_is_expected_from_the_next_slot_on);
    tcase_add_loop_test(tcase, e1_an_outsider_that_is_not_ready_is_not_expected, 0,
                        COUNT(says_it_is_ready));
    tcase_add_loop_test(tcase, j2_who_says_that_it_is_not_ready_is_not_expected, 0, COUNT(sayings));
    tcase_add_test(tcase, j2_who_says_that_it_is_not_ready_has_no_place);
}

static void add_e1_silence(Suite *suite)
{
    TCase *tcase = add_case(suite, "E1: silence");
    tcase_add_loop_test(tcase, e1_who_stayed_silent_twice_is_not_expected, 0, COUNT(silences));
    tcase_add_test(tcase, e1_nobody_behind_a_silent_one_is_skipped);
    tcase_add_test(tcase, e1_until_it_is_heard_again);
    tcase_add_test(tcase, e1_silence_counts_only_after_an_entry_that_was_seen);
    tcase_add_test(tcase, e1_silent_once_is_not_enough);
    tcase_add_test(tcase, e1_whoever_was_expected_may_have_spoken_when_beacons_were_missed);
}

static void add_e2_a_python_node(Suite *suite)
{
    TCase *tcase = add_case(suite, "E2: a Python node");
    tcase_add_test(tcase, e2_a_python_node_that_starts_anew_may_be_ready);
    tcase_add_loop_test(tcase, e2_a_python_node_that_was_silent_is_tried_again_later, 0,
                        COUNT(tries));
    tcase_add_loop_test(tcase, e2_a_python_node_is_expected_after_four_turns_of_the_ring, 0,
                        COUNT(waits));
}

static void add_e3_lots(Suite *suite)
{
    TCase *tcase = add_case(suite, "E3: lots");
    tcase_add_loop_test(tcase, e3_a_node_that_knows_no_other_outsider_draws_lots, 0, COUNT(lots));
    tcase_add_test(tcase, e3_tickets_count_from_its_last_turn_on);
    tcase_add_test(tcase, e3_among_ours_alone_the_place_is_its_own);
    tcase_add_test(tcase, e3_a_ring_with_room_needs_no_lots);
    tcase_add_test(tcase, e3_an_outsider_among_others_needs_no_lots);
    tcase_add_loop_test(tcase, e3_no_lots_while_another_outsider_is_known_whatever_the_slot, 0,
                        COUNT(two_outsiders_slot));
}

int main(void)
{
    Suite *suite = suite_create("line");
    add_d1_places(suite);
    add_d2_to_d4_alone(suite);
    add_e1_who_may_enter(suite);
    add_e1_silence(suite);
    add_e2_a_python_node(suite);
    add_e3_lots(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
