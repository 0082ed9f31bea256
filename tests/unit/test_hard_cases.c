// SPDX-License-Identifier: MIT
// The known hard cases of PROTOCOL.md, one scenario or two each, but for those that need presence
// or the roster. Values are 0 where nothing else is said: the name that sorts first is the better.
#include <check.h>

#include "script.h"

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

// Ours are h and k. m spoke at 10.5, and is tagged from 12 to 20.415.
static void tagged(double now)
{
    join(s, "hk", hear_ping, 0, "h k m");
    at(s, now);
    forget(s);
}

// Nobody else is there: tagged from 6.25 to 14.665, spoke again at 13.08.
static void renewing(void)
{
    at(s, 1);
    link_up(s);
    at(s, 13.08);
    forget(s);
}

// --- Frozen and thawed -------------------------------------------------------------------------

START_TEST(a_beacon_with_the_contents_of_the_last_one_read_in_one_instant_with_it_after_a_thaw)
{
    join(s, "h", hear_ping, 0, "h m");
    at(s, 10); // m would have spoken at 10.5
    forget(s);
    sleep_until(s, 30);
    hear_ping(s, 0, "h"); // of 16, since nobody answered
    hear_ping(s, 0, "h"); // of 30, or the same once more: who could tell?
    at(s, 40);
    expect(s, "30.000   J4\n"
              "30.000   R1: h\n"     // another turn
              "30.000   R1: h\n"     // a copy
              "31.500 ping h\n"      // once
              "31.500 slot h: h m\n" //
              "38.500 > ping m h\n"  // cycle - gap after the last of them
              "40.000 tag slot=3 until=48.415\n"
              "40.000 slot m: m h\n");
}
END_TEST

START_TEST(copies_judged_by_contents_after_a_thaw)
{
    join(s, "h", hear_ping, 0, "h m");
    at(s, 3);
    sleep_until(s, 13);
    hear_ping(s, 0, "h m"); // came at 3, and is no copy by the clock: that only costs time
    at(s, 23);
    expect(s, "13.000   J4\n"
              "13.000   R1: h\n"
              "14.500 ping h\n"
              "14.500 slot h: h m\n"
              "21.500 > ping m h\n"
              "23.000 tag slot=3 until=31.415\n"
              "23.000 slot m: m h\n");
}
END_TEST

START_TEST(a_tagged_node_reads_copies_after_a_thaw)
{
    tagged(13);
    sleep_until(s, 40);
    hear_ping(s, 0, "h m k");
    hear_ping(s, 0, "h m k");
    at(s, 43);
    expect(s, "40.000   J4\n"
              "40.000 untag suspend\n" // before anything else
              "40.000   R2: h\n"
              "40.000   R1: h\n"
              "41.500 ping h\n"
              "41.500 slot h: h m\n");
}
END_TEST

START_TEST(a_frozen_node_whose_own_deadline_passed)
{
    join(s, "hn", hear_ping, 0, "h n m");
    at(s, 10);
    forget(s);
    sleep_until(s, 14); // m's turn was at 10.5
    timer(s);
    hear_ping(s, 0, "n h"); // it has waited to be read since 11
    at(s, 22.4);
    expect(s, "14.000   J4\n"
              "14.000   R2: n\n"
              "15.500 ping n\n"
              "15.500 slot n: n h\n");
}
END_TEST

START_TEST(a_frozen_node_whose_own_deadline_passed_speaks_one_gap_later_when_nobody_did)
{
    join(s, "hn", hear_ping, 0, "h n m");
    at(s, 10);
    forget(s);
    sleep_until(s, 14);
    timer(s);
    at(s, 17);
    expect(s, "14.000   J4\n"
              "15.500 > ping m h n\n"
              "17.000 tag slot=2 until=25.415\n"
              "17.000 slot m: m h n\n");
}
END_TEST

START_TEST(a_frozen_node_that_was_pending_leads_nothing)
{
    tagged(11);
    sleep_until(s, 12.8);
    timer(s);
    at(s, 24);
    expect(s, "12.800   J4\n");
}
END_TEST

// --- A newcomer --------------------------------------------------------------------------------

// Sent before n spoke; h and k are better than n.
static const char *const older[] = {"h k f", "k f n h"};

START_TEST(an_answer_that_pulls_a_newcomer_back_to_an_older_head)
{
    join(s, "", hear_ping, 0, "n h k f");
    hear_hist(s, 0, older[_i]);
    at(s, 3.5);
    expect(s, _i == 0 ? "2.000   R6: h\n3.500 ping n\n3.500 slot n: n h k f\n"
                      : "2.000   R6: k\n3.500 ping n\n3.500 slot n: n h k f\n");
}
END_TEST

// What becomes of a renewal when one speaks that heard of nobody, and so is another island, or a
// newcomer that heard m's last beacon.
static const struct {
    const char *history, *transcript;
} newcomers[] = {
    {"a", "13.500   R7: a\n"
          "13.500 detag by a\n"
          "13.500 recover prio=0 replace=1 local: m remote: a\n"
          "13.500 > hist m\n"
          "13.500 > vers\n"},
    {"x", "13.500   R7: x\n"
          "13.500 recover prio=0 replace=0 local: m remote: x\n"
          "13.500 > hist m\n"
          "13.500 > vers\n"
          "14.580 renew slot=2 until=22.995\n"
          "14.580 slot m: m\n"},
    {"a m", "13.500   R4: a\n"
            "13.500 detag by a\n"},
    {"x m", "13.500   R4: x\n" // it knows of somebody, and m does not (P1)
            "13.500 detag by x\n"},
};

START_TEST(a_renewal_that_crosses_a_newcomer)
{
    renewing();
    at(s, 13.5);
    hear_ping(s, 0, newcomers[_i].history);
    at(s, 14.9);
    expect(s, newcomers[_i].transcript);
}
END_TEST

// The newcomer heard the first beacon of the lone one at once, and spoke at 13.25, before it heard
// the second one, of 13.08; these two beacons are under way for so long. Two are never tagged.
static void cross(const char *newcomer, double renewal_s, double beacon_s)
{
    struct script *n = script_new();
    script_config(n)->name = name_of(newcomer);
    char history[] = {newcomer[0], ' ', 'm', '\0'};
    bool n_heard = false, m_heard = false;

    at(n, 4);
    link_up(n);
    hear_vers(n, "m", 5);
    at(n, 4.75);
    hear_ping(n, 0, "m");
    renewing();
    for (int centiseconds = 1308; centiseconds < 1700; centiseconds++) {
        double now = centiseconds / 100.0;
        at(n, now);
        at(s, now);
        if (!n_heard && now >= 13.08 + renewal_s) {
            n_heard = true;
            hear_ping(n, 0, "m");
        }
        if (!m_heard && now >= 13.25 + beacon_s) {
            m_heard = true;
            hear_ping(s, 0, history);
        }
        ck_assert(!is_tagged(s) || !is_tagged(n));
    }
    ck_assert(has_line(transcript(n), strcmp(newcomer, "a") == 0 ? "> ping a m" : "> ping x m"));
    script_free(n);
}

static const char *const newcomer_names[] = {"a", "x"}; // the better one, and the worse

START_TEST(a_lone_nodes_renewal_that_crosses_a_newcomers_beacon)
{
    for (int renewal_ds = 2; renewal_ds < 15; renewal_ds++) {
        for (int beacon_ds = 0; beacon_ds < 15; beacon_ds++) {
            cross(newcomer_names[_i], renewal_ds / 10.0, beacon_ds / 10.0);
            tear_down();
            set_up();
        }
    }
}
END_TEST

// --- Who follows whom --------------------------------------------------------------------------

// Of h and k, which are on the ring, h follows m's turn: it may have been told that m is gone (H5).
// Where m and h take turns with each other, it may be the turn of m's before, which is old news: m
// has followed h's turn since; until there was the time to follow this one.
static const struct {
    const char *ours, *ring, *history;
    double at;
    const char *transcript;
} while_tagged[] = {
    {"hk", "h k m", "h m k", 12,
     "12.000   R2: h\n"
     "12.000 untag handover\n"
     "13.500 ping h\n"
     "13.500 slot h: h m\n"},
    {"h", "h m", "h m", 12, "12.000   R6: h\n20.415 untag end\n"},
    {"h", "h m", "h m", 17.499, "17.499   R6: h\n20.415 untag end\n"},
    {"h", "h m", "h m", 17.5,
     "17.500   R2: h\n"
     "17.500 untag handover\n"
     "19.000 ping h\n"
     "19.000 slot h: h m\n"},
    {"h", "h m", "h m", 19, "19.000   R2: h\n19.000 untag handover\n"},
    {"h", "h m", "h m", 20.4, "20.400   R2: h\n20.400 untag handover\n"},
};

START_TEST(a_hist_that_names_me_as_predecessor_while_i_am_tagged)
{
    join(s, while_tagged[_i].ours, hear_ping, 0, while_tagged[_i].ring);
    at(s, while_tagged[_i].at);
    forget(s);
    hear_hist(s, 0, while_tagged[_i].history);
    at(s, 20.415);
    expect(s, while_tagged[_i].transcript);
}
END_TEST

// k's turns are heard of by a beacon, or only by a hist: (k, h) is no old news either way.
static const struct {
    hear_turn *hear;
} k_by[] = {{hear_ping}, {hear_hist}};

START_TEST(a_ring_whose_contents_repeat_every_few_slots)
{
    join(s, "hk", hear_ping, 0, "h k");
    enable(s, false);
    for (int turn = 0; turn < 6; turn++) {
        double now = 10.5 + 17 * turn;
        at(s, now);
        forget(s);
        k_by[_i].hear(s, 0, "k h");
        expect_line(s, "  R2: k");
        at(s, now + 8.5);
        expect_line(s, "slot k: k h");
        hear_ping(s, 0, "h k");
        expect_line(s, "  R2: h");
    }
}
END_TEST

START_TEST(a_ring_whose_contents_repeat_every_few_slots_and_a_beacon_is_lost)
{
    join(s, "hk", hear_ping, 0, "h k");
    enable(s, false);
    at(s, 19); // k's beacon, at 10.5, was lost
    forget(s);
    hear_ping(s, 0, "h k");
    at(s, 20.5);
    expect(s, "19.000   R1: h\n"
              "20.500 ping h\n"
              "20.500 slot h: h k\n");
}
END_TEST

START_TEST(a_beacon_in_flight_when_its_sender_died)
{
    join(s, "hnk", hear_ping, 0, "h n m k");
    at(s, 10.5);
    forget(s);
    hear_ping(s, 0, "k h n m"); // k is dead already
    at(s, 20.5);
    expect(s, "10.500   R2: k\n"
              "12.000 ping k\n"
              "12.000 slot k: k h n m\n"
              "19.000 > ping m k h n\n"
              "20.500 tag slot=3 until=28.915\n"
              "20.500 slot m: m k h n\n");
}
END_TEST

// x spoke in h's place. It had h at the end of its ring, from h's turn before: that is no sign that
// beacons were missed since.
static const struct {
    hear_turn *hear;
    double at;
    const char *then;
} in_its_place[] = {
    {hear_ping, 4, "> ping m h k n"}, // the better one stays
    {hear_hist, 4, "> ping m h k n"},
    {hear_hist, 9, "> ping m h k n"},
    {hear_ping, 9, "slot x: x k n m"}, // the next turn; h's is void
};

START_TEST(n_just_above_nodes_where_my_head_stands_again_at_the_end_of_the_history)
{
    join(s, "", hear_ping, 0, "h k n m");
    at(s, in_its_place[_i].at);
    forget(s);
    in_its_place[_i].hear(s, 0, "x k n m h");
    expect_line(s, "  R4: x");
    at(s, 12);
    expect_line(s, in_its_place[_i].then);
}
END_TEST

START_TEST(one_lost_beacon_in_a_large_group)
{
    join(s, "abcdefghijkl", hear_ping, 0, "a b c d e");
    at(s, 19); // e spoke at 10.5, unheard by this outsider
    expect_line(s, "slot a: a b c d e full");
    hear_ping(s, 0, "d e a b");
    at(s, 20.5);
    expect(s, "19.000   R3: d\n"
              "20.500 ping d\n"
              "20.500 slot d: d e a b c full\n");
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

static void add_frozen_and_thawed(Suite *suite)
{
    TCase *tcase = add_case(suite, "Frozen and thawed");
    tcase_add_test(
        tcase, a_beacon_with_the_contents_of_the_last_one_read_in_one_instant_with_it_after_a_thaw);
    tcase_add_test(tcase, copies_judged_by_contents_after_a_thaw);
    tcase_add_test(tcase, a_tagged_node_reads_copies_after_a_thaw);
    tcase_add_test(tcase, a_frozen_node_whose_own_deadline_passed);
    tcase_add_test(tcase,
                   a_frozen_node_whose_own_deadline_passed_speaks_one_gap_later_when_nobody_did);
    tcase_add_test(tcase, a_frozen_node_that_was_pending_leads_nothing);
}

static void add_a_newcomer(Suite *suite)
{
    TCase *tcase = add_case(suite, "A newcomer");
    tcase_add_loop_test(tcase, an_answer_that_pulls_a_newcomer_back_to_an_older_head, 0,
                        COUNT(older));
    tcase_add_loop_test(tcase, a_renewal_that_crosses_a_newcomer, 0, COUNT(newcomers));
    tcase_add_loop_test(tcase, a_lone_nodes_renewal_that_crosses_a_newcomers_beacon, 0,
                        COUNT(newcomer_names));
}

static void add_who_follows_whom(Suite *suite)
{
    TCase *tcase = add_case(suite, "Who follows whom");
    tcase_add_loop_test(tcase, a_hist_that_names_me_as_predecessor_while_i_am_tagged, 0,
                        COUNT(while_tagged));
    tcase_add_loop_test(tcase, a_ring_whose_contents_repeat_every_few_slots, 0, COUNT(k_by));
    tcase_add_test(tcase, a_ring_whose_contents_repeat_every_few_slots_and_a_beacon_is_lost);
    tcase_add_test(tcase, a_beacon_in_flight_when_its_sender_died);
    tcase_add_loop_test(tcase,
                        n_just_above_nodes_where_my_head_stands_again_at_the_end_of_the_history, 0,
                        COUNT(in_its_place));
    tcase_add_test(tcase, one_lost_beacon_in_a_large_group);
}

int main(void)
{
    Suite *suite = suite_create("hard-cases");
    add_frozen_and_thawed(suite);
    add_a_newcomer(suite);
    add_who_follows_whom(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
