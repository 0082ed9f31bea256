// SPDX-License-Identifier: MIT
// The tag: from the beacon to the end of the turn, every way out (I5), renewal (D3), disabling
// (J2), a lost link (J3), waking late (J4) and the link lease (L1).
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

// Nobody else is there: this node spoke at 4.75, is tagged from 6.25 to 14.665, and renews
// at 13.08.
static void alone_at(double now)
{
    at(s, 1);
    link_up(s);
    at(s, now);
    forget(s);
}

// In a group with a and b, which are ours: spoke at 10.5, tagged from 12 to 20.415, and it is 13.
static void tagged(void)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    hear_vers(s, "b", 5);
    at(s, 2);
    hear_ping(s, 0, "a b m");
    at(s, 13);
    forget(s);
}

// --- A turn ------------------------------------------------------------------------------------

START_TEST(tagged_one_gap_after_its_beacon_until_slack_before_the_cycle_ends)
{
    alone_at(4.7);
    at(s, 10);
    expect(s, "4.750   J1\n"
              "4.750 > ping m\n"
              "6.250 tag slot=1 until=14.665\n" // 4.75 + 10 - 0.085
              "6.250 slot m: m\n");
}
END_TEST

START_TEST(the_tag_ends_by_itself)
{
    tagged();
    at(s, 22);
    expect(s, "20.415 untag end\n");
}
END_TEST

START_TEST(a_pending_turn_that_is_lost_was_never_reported)
{
    alone_at(5);
    hear_ping(s, 1, "a");
    at(s, 7);
    expect(s, "5.000   R4: a\n"
              "6.500 ping a\n"
              "6.500 slot a: a\n");
}
END_TEST

START_TEST(a_turn_of_a_node_that_is_not_ready_has_no_leader)
{
    script_value(s, -1);
    alone_at(5);
    at(s, 7);
    expect(s, "6.250 slot -: m\n");
}
END_TEST

START_TEST(a_value_that_comes_while_pending_counts_from_the_next_turn)
{
    script_value(s, -1);
    alone_at(5);
    set_value(s, 3);
    at(s, 15);
    expect(s, "5.000 > vers\n"
              "6.250 slot -: m\n"
              "13.080 > ping m\n"
              "14.580 tag slot=2 until=22.995\n"
              "14.580 slot m: m\n");
}
END_TEST

// The cycle has become so short meanwhile.
START_TEST(a_turn_that_is_over_before_it_could_stand_is_no_tag)
{
    struct params params = params_default;
    params.version = 1;
    params.cycle_ns = NS_PER_S;
    params.gap_ns = NS_PER_S / 10;
    alone_at(5);
    set_params(s, &params);
    at(s, 6.25);
    ck_assert(!is_tagged(s));
}
END_TEST

START_TEST(a_value_that_goes_while_pending_ends_the_turn_unheard)
{
    alone_at(5);
    set_value(s, -1);
    at(s, 13);
    expect(s, "5.000 > vers\n");
}
END_TEST

// --- I5: every way out -------------------------------------------------------------------------

static void let_it_end(void)
{
    at(s, 20.415);
}

static void hear_a_willing_successor(void)
{
    at(s, 19.1);
    hear_ping(s, 0, "b m a");
    at(s, 20.415);
}

// Earlier than anybody would be that hands over willingly.
static void hear_an_early_successor(void)
{
    at(s, 18);
    hear_ping(s, 0, "b m a");
}

static void hear_a_hist_of_the_next_turn(void)
{
    at(s, 18);
    hear_hist(s, 0, "b m a");
}

static void hear_a_collision(void)
{
    hear_ping(s, 1, "b a m");
}

static void hear_a_better_island(void)
{
    hear_ping(s, 1, "x y z");
}

static void hear_its_own_name(void)
{
    hear_ping(s, 0, "m x");
}

static void be_disabled(void)
{
    enable(s, false);
}

static void lose_its_value(void)
{
    set_value(s, -1);
}

static void lose_its_link(void)
{
    link_down(s);
}

static void be_stopped(void)
{
    stop(s);
}

static void sleep_past_its_end(void)
{
    sleep_until(s, 40);
    timer(s);
}

static const struct {
    void (*leave)(void);
    const char *end;
    const char *rest; // what it says when it is disabled and stopped then
} ways_out[] = {
    {let_it_end, "20.415 untag end\n", "20.415 > vers\n20.415 > vers left\n"},
    {hear_a_willing_successor, "20.415 untag end\n", "20.415 > vers\n20.415 > vers left\n"}, // R2
    {hear_an_early_successor, "18.000 untag handover\n", "18.000 > vers\n18.000 > vers left\n"},
    {hear_a_hist_of_the_next_turn, "18.000 untag handover\n",
     "18.000 > vers\n18.000 > vers left\n"},
    {hear_a_collision, "13.000 detag by b\n", "13.000 > vers\n13.000 > vers left\n"},     // R4
    {hear_a_better_island, "13.000 detag by x\n", "13.000 > vers\n13.000 > vers left\n"}, // R7
    {hear_its_own_name, "13.000 detag by m\n", "13.000 > vers\n13.000 > vers left\n"},    // J5
    {be_disabled, "13.000 untag disabled\n", "13.000 > vers left\n"},                     // J2
    {lose_its_value, "13.000 untag disabled\n", "13.000 > vers left\n"},
    {lose_its_link, "13.000 untag link\n", ""}, // J3
    {be_stopped, "13.000 untag stop\n", ""},
    {sleep_past_its_end, "40.000 untag suspend\n", "40.000 > vers\n40.000 > vers left\n"}, // J4
};

static int count(const char *text, const char *word)
{
    int found = 0;
    for (const char *c = strstr(text, word); c != NULL; c = strstr(c + 1, word)) {
        found++;
    }
    return found;
}

START_TEST(i5_each_way_out_of_the_tag_is_reported_once)
{
    tagged();
    ways_out[_i].leave();
    const char *text = transcript(s);
    ck_assert_msg(strstr(text, ways_out[_i].end) != NULL, "%s", text);
    ck_assert_int_eq(count(text, "untag ") + count(text, "detag "), 1);
}
END_TEST

START_TEST(i5_and_never_again)
{
    tagged();
    ways_out[_i].leave();
    forget(s);
    enable(s, false);
    stop(s);
    at(s, 100);
    expect(s, ways_out[_i].rest);
}
END_TEST

// --- D3: renewal -------------------------------------------------------------------------------

START_TEST(d3_a_renewal_extends_the_tag)
{
    alone_at(13);
    at(s, 20);
    expect(s, "13.080 > ping m\n"
              "14.580 renew slot=2 until=22.995\n"
              "14.580 slot m: m\n");
}
END_TEST

START_TEST(d3_a_renewal_that_loses_ends_the_tag_at_once)
{
    alone_at(14);
    hear_ping(s, 1, "a m");
    at(s, 15);
    expect(s, "14.000   R4: a\n"
              "14.000 detag by a\n");
}
END_TEST

START_TEST(d3_a_renewal_that_wins_goes_on)
{
    alone_at(14);
    hear_ping(s, 0, "x");
    at(s, 15);
    expect(s, "14.000   R7: x\n"
              "14.000 recover prio=0 replace=0 local: m remote: x\n"
              "14.000 > hist m\n"
              "14.000 > vers\n"
              "14.580 renew slot=2 until=22.995\n"
              "14.580 slot m: m\n");
}
END_TEST

START_TEST(d3_a_renewal_that_stands_after_the_old_end_is_a_tag_of_its_own)
{
    alone_at(13);
    sleep_until(s, 13.5); // late, and then J4's tenth of a gap
    timer(s);
    at(s, 16);
    expect(s, "13.650 > ping m\n"
              "14.665 untag end\n"
              "15.150 tag slot=2 until=23.565\n"
              "15.150 slot m: m\n");
}
END_TEST

// --- J2: disabled ------------------------------------------------------------------------------

START_TEST(j2_a_disabled_node_follows_and_sends_nothing)
{
    tagged();
    enable(s, false);
    forget(s);
    at(s, 19);
    hear_ping(s, 0, "b m a");
    hear_init(s, "x");
    at(s, 100);
    expect(s, "19.000   R2: b\n"
              "20.500 ping b\n"
              "20.500 slot b: b m a\n");
}
END_TEST

START_TEST(j2_disabling_drops_answers_but_not_the_turn_that_runs)
{
    tagged();
    at(s, 21);
    hear_ping(s, 0, "b m a");
    hear_init(s, "x");
    enable(s, false);
    forget(s);
    at(s, 100);
    expect(s, "22.500 ping b\n"
              "22.500 slot b: b m a\n");
}
END_TEST

START_TEST(j2_disabled_while_pending_it_is_never_tagged)
{
    alone_at(5);
    enable(s, false);
    at(s, 100);
    expect(s, "5.000 > vers\n");
}
END_TEST

static const struct {
    void (*cease)(void);
} ceasings[] = {{be_disabled}, {lose_its_value}};

START_TEST(j2_who_cannot_lead_any_longer_says_so_once)
{
    tagged();
    ceasings[_i].cease();
    expect(s, "13.000 untag disabled\n"
              "13.000 > vers\n");
    ck_assert(!sent_ready(s));
    ceasings[_i].cease();
    ceasings[1 - _i].cease(); // neither is news then
    expect(s, "");
}
END_TEST

START_TEST(j2_who_becomes_ready_says_so_once)
{
    script_value(s, -1);
    join(s, "ab", hear_ping, 0, "a b m");
    set_value(s, 3);
    set_value(s, 4);
    expect(s, "2.000 > vers\n");
    ck_assert(sent_ready(s));
}
END_TEST

START_TEST(j2_a_value_makes_a_disabled_node_no_readier)
{
    tagged();
    enable(s, false);
    set_value(s, -1);
    forget(s);
    set_value(s, 3);
    expect(s, "");
    enable(s, true);
    expect(s, "13.000 > vers\n");
    ck_assert(sent_ready(s));
}
END_TEST

START_TEST(j2_enabled_without_a_value_it_says_that_it_cannot_lead)
{
    script_value(s, -1);
    tagged();
    enable(s, false);
    expect(s, ""); // nobody waits for it
    enable(s, true);
    expect(s, "13.000 > vers\n");
    ck_assert(!sent_ready(s));
}
END_TEST

START_TEST(j2_a_node_that_listens_says_it_too)
{
    at(s, 2);
    link_up(s);
    forget(s);
    ceasings[_i].cease();
    expect(s, "2.000 > vers\n");
    ck_assert(!sent_ready(s));
}
END_TEST

START_TEST(j2_enabled_again_it_says_vers_and_takes_its_place_in_the_line)
{
    tagged();
    enable(s, false);
    at(s, 19);
    hear_ping(s, 0, "b m a");
    at(s, 21);
    forget(s);
    enable(s, true);
    at(s, 32); // place 1: 1.5 gap after the cycle
    expect(s, "21.000 > vers\n"
              "31.250 > ping m b\n");
}
END_TEST

START_TEST(j2_enabling_an_enabled_node_says_nothing)
{
    tagged();
    enable(s, true);
    expect(s, "");
}
END_TEST

// --- J3: the link ------------------------------------------------------------------------------

START_TEST(j3_without_a_link_nothing_is_said_or_heard)
{
    tagged();
    link_down(s);
    forget(s);
    hear_ping(s, 0, "b m a");
    set_value(s, 3);
    enable(s, false);
    enable(s, true);
    at(s, 100);
    expect(s, "");
}
END_TEST

START_TEST(j3_what_was_due_is_not_made_up_for)
{
    tagged();
    hear_init(s, "x");
    link_down(s);
    at(s, 30);
    forget(s);
    link_up(s);
    at(s, 33);
    expect(s, "30.000 > init\n"
              "30.000 > vers\n"
              "30.000   J1\n"
              "31.500 > vers asks\n");
}
END_TEST

// --- J4: waking late ---------------------------------------------------------------------------

static const struct {
    double wake;
    const char *end;
} wakes[] = {
    {20.499, "20.499 untag end\n"}, // within the slack
    {20.501, "20.501 untag suspend\n"},
    {21.100, "21.100 untag suspend\n"},
    {21.170, "21.170   J4\n21.170 untag suspend\n"}, // more than gap/2
};

START_TEST(j4_who_wakes_after_the_end_was_suspended)
{
    tagged();
    sleep_until(s, wakes[_i].wake);
    timer(s);
    expect(s, wakes[_i].end);
}
END_TEST

START_TEST(j4_gives_up_before_it_reads)
{
    tagged();
    sleep_until(s, 30);
    hear_ping(s, 0, "b m a");
    at(s, 31.4);
    expect(s, "30.000   J4\n"
              "30.000 untag suspend\n"
              "30.000   R2: b\n");
}
END_TEST

START_TEST(j4_a_pending_turn_that_was_slept_through_is_dropped)
{
    alone_at(5);
    sleep_until(s, 7.01);
    timer(s);
    at(s, 13);
    expect(s, "7.010   J4\n");
}
END_TEST

START_TEST(j4_a_renewal_that_was_slept_through_is_dropped_with_the_tag)
{
    alone_at(13.1);
    sleep_until(s, 15.4);
    timer(s);
    at(s, 20);
    expect(s, "15.400   J4\n"
              "15.400 untag suspend\n");
}
END_TEST

START_TEST(j4_a_little_late_it_reads_for_a_tenth_of_a_gap_before_it_leads)
{
    alone_at(5);
    sleep_until(s, 6.34);
    timer(s);
    at(s, 7);
    expect(s, "6.490 tag slot=1 until=14.665\n"
              "6.490 slot m: m\n");
}
END_TEST

START_TEST(j4_what_it_read_in_that_time_counts)
{
    alone_at(5);
    sleep_until(s, 6.34);
    timer(s);
    hear_ping(s, 1, "a");
    at(s, 7);
    expect(s, "6.340   R4: a\n");
}
END_TEST

// --- L1: the lease -----------------------------------------------------------------------------

static void leased(int seconds)
{
    script_config(s)->lease_ns = seconds * NS_PER_S;
    alone_at(4.8);
    proof(s, 4.75);
}

START_TEST(l1_without_a_lease_no_proof_is_needed)
{
    alone_at(7);
    at(s, 14);
    expect(s, "13.080 > ping m\n");
}
END_TEST

START_TEST(l1_the_tag_ends_with_its_proof)
{
    leased(8);
    at(s, 13);
    expect(s, "6.250 tag slot=1 until=14.665\n"
              "6.250 slot m: m\n"
              "10.750 prove\n"
              "12.750 untag lease\n"); // 4.75 + 8
}
END_TEST

static const struct {
    int lease;
    const char *proves;
} renewals[] = {
    {2, "6.250 prove\n6.750 untag lease\n"},  // half a lease before the end
    {4, "7.250 prove\n8.250 prove\n"},        // a gap before, and again after a quarter
    {6, "9.250 prove\n10.750 untag lease\n"}, // a gap
    {12, "13.750 prove\n"},                   // a quarter of the lease
};

START_TEST(l1_a_proof_is_asked_for_in_time)
{
    leased(renewals[_i].lease);
    at(s, 14);
    const char *text = transcript(s);
    ck_assert_msg(strstr(text, renewals[_i].proves) != NULL, "%s", text);
}
END_TEST

START_TEST(l1_a_short_lease_is_renewed_after_half_of_it)
{
    leased(2);
    at(s, 6.3);
    proof(s, 6.2);
    forget(s);
    at(s, 7.6);
    expect(s, "7.200 prove\n");
}
END_TEST

START_TEST(l1_a_proof_counts_from_when_it_was_sent)
{
    leased(8);
    at(s, 10.8);
    proof(s, 10.5);
    at(s, 14);
    proof(s, 13.1);
    proof(s, 9); // an older one changes nothing
    forget(s);
    at(s, 21.2);
    expect(s, "14.580 renew slot=2 until=22.995\n"
              "14.580 slot m: m\n"
              "19.100 prove\n"
              "21.100 untag lease\n");
}
END_TEST

START_TEST(l1_none_is_asked_for_without_the_tag)
{
    leased(8);
    at(s, 6.3);
    enable(s, false);
    forget(s);
    at(s, 20);
    expect(s, "");
}
END_TEST

START_TEST(l1_a_node_whose_link_is_not_proven_is_not_tagged)
{
    leased(8);
    at(s, 13);
    forget(s);
    at(s, 15);
    expect(s, "13.080 > ping m\n"
              "14.580   L1\n"
              "14.580 slot -: m\n");
}
END_TEST

// Its beacon was sent at 4.75.
static const struct {
    double proven;
    const char *stands;
} beacons[] = {
    {4.74, "6.250   L1\n6.250 slot -: m\n"},
    {4.75, "6.250 tag slot=1 until=14.665\n6.250 slot m: m\n"},
    {5.5, "6.250 tag slot=1 until=14.665\n6.250 slot m: m\n"},
};

START_TEST(l1_a_turn_stands_only_if_its_beacon_was_confirmed)
{
    script_config(s)->lease_ns = 8 * NS_PER_S;
    alone_at(6);
    proof(s, beacons[_i].proven);
    at(s, 7);
    expect(s, beacons[_i].stands);
}
END_TEST

START_TEST(l1_who_wakes_late_with_an_old_proof_was_suspended)
{
    leased(8);
    at(s, 7);
    forget(s);
    sleep_until(s, 12.8);
    timer(s);
    expect(s, "12.800   J4\n"
              "12.800 untag suspend\n");
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

static void add_a_turn(Suite *suite)
{
    TCase *tcase = add_case(suite, "A turn");
    tcase_add_test(tcase, tagged_one_gap_after_its_beacon_until_slack_before_the_cycle_ends);
    tcase_add_test(tcase, the_tag_ends_by_itself);
    tcase_add_test(tcase, a_pending_turn_that_is_lost_was_never_reported);
    tcase_add_test(tcase, a_turn_of_a_node_that_is_not_ready_has_no_leader);
    tcase_add_test(tcase, a_value_that_comes_while_pending_counts_from_the_next_turn);
    tcase_add_test(tcase, a_turn_that_is_over_before_it_could_stand_is_no_tag);
    tcase_add_test(tcase, a_value_that_goes_while_pending_ends_the_turn_unheard);
}

static void add_i5_every_way_out(Suite *suite)
{
    TCase *tcase = add_case(suite, "I5: every way out");
    tcase_add_loop_test(tcase, i5_each_way_out_of_the_tag_is_reported_once, 0, COUNT(ways_out));
    tcase_add_loop_test(tcase, i5_and_never_again, 0, COUNT(ways_out));
}

static void add_d3_renewal(Suite *suite)
{
    TCase *tcase = add_case(suite, "D3: renewal");
    tcase_add_test(tcase, d3_a_renewal_extends_the_tag);
    tcase_add_test(tcase, d3_a_renewal_that_loses_ends_the_tag_at_once);
    tcase_add_test(tcase, d3_a_renewal_that_wins_goes_on);
    tcase_add_test(tcase, d3_a_renewal_that_stands_after_the_old_end_is_a_tag_of_its_own);
}

static void add_j2_disabled(Suite *suite)
{
    TCase *tcase = add_case(suite, "J2: disabled");
    tcase_add_test(tcase, j2_a_disabled_node_follows_and_sends_nothing);
    tcase_add_test(tcase, j2_disabling_drops_answers_but_not_the_turn_that_runs);
    tcase_add_test(tcase, j2_disabled_while_pending_it_is_never_tagged);
    tcase_add_test(tcase, j2_enabled_again_it_says_vers_and_takes_its_place_in_the_line);
    tcase_add_test(tcase, j2_enabling_an_enabled_node_says_nothing);
    tcase_add_loop_test(tcase, j2_who_cannot_lead_any_longer_says_so_once, 0, COUNT(ceasings));
    tcase_add_test(tcase, j2_who_becomes_ready_says_so_once);
    tcase_add_test(tcase, j2_a_value_makes_a_disabled_node_no_readier);
    tcase_add_test(tcase, j2_enabled_without_a_value_it_says_that_it_cannot_lead);
    tcase_add_loop_test(tcase, j2_a_node_that_listens_says_it_too, 0, COUNT(ceasings));
}

static void add_j3_the_link(Suite *suite)
{
    TCase *tcase = add_case(suite, "J3: the link");
    tcase_add_test(tcase, j3_without_a_link_nothing_is_said_or_heard);
    tcase_add_test(tcase, j3_what_was_due_is_not_made_up_for);
}

static void add_j4_waking_late(Suite *suite)
{
    TCase *tcase = add_case(suite, "J4: waking late");
    tcase_add_loop_test(tcase, j4_who_wakes_after_the_end_was_suspended, 0, COUNT(wakes));
    tcase_add_test(tcase, j4_gives_up_before_it_reads);
    tcase_add_test(tcase, j4_a_pending_turn_that_was_slept_through_is_dropped);
    tcase_add_test(tcase, j4_a_renewal_that_was_slept_through_is_dropped_with_the_tag);
    tcase_add_test(tcase, j4_a_little_late_it_reads_for_a_tenth_of_a_gap_before_it_leads);
    tcase_add_test(tcase, j4_what_it_read_in_that_time_counts);
}

static void add_l1_the_lease(Suite *suite)
{
    TCase *tcase = add_case(suite, "L1: the lease");
    tcase_add_test(tcase, l1_without_a_lease_no_proof_is_needed);
    tcase_add_test(tcase, l1_the_tag_ends_with_its_proof);
    tcase_add_loop_test(tcase, l1_a_proof_is_asked_for_in_time, 0, COUNT(renewals));
    tcase_add_test(tcase, l1_a_short_lease_is_renewed_after_half_of_it);
    tcase_add_test(tcase, l1_a_proof_counts_from_when_it_was_sent);
    tcase_add_test(tcase, l1_none_is_asked_for_without_the_tag);
    tcase_add_test(tcase, l1_a_node_whose_link_is_not_proven_is_not_tagged);
    tcase_add_loop_test(tcase, l1_a_turn_stands_only_if_its_beacon_was_confirmed, 0,
                        sizeof beacons / sizeof *beacons);
    tcase_add_test(tcase, l1_who_wakes_late_with_an_old_proof_was_suspended);
}

int main(void)
{
    Suite *suite = suite_create("hold");
    add_a_turn(suite);
    add_i5_every_way_out(suite);
    add_d3_renewal(suite);
    add_j2_disabled(suite);
    add_j3_the_link(suite);
    add_j4_waking_late(suite);
    add_l1_the_lease(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
