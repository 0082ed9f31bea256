// SPDX-License-Identifier: MIT
// Who is there: hints and what they change (H1), of which process they are (H2), the events (H9),
// the good-bye (J7), and who is forgotten although a transport knows of it (J6).
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

// h took its turn at 2, after k, which is ours as well. m is the last of the ring: it speaks
// at 10.5.
static void follows_h(double now)
{
    join(s, "hk", hear_ping, 0, "h k m");
    at(s, now);
    forget(s);
}

// Alone since 4.75, and members are shown.
static void alone_at(double now)
{
    at(s, 1);
    link_up(s);
    script_show_members(s);
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

// --- H1: hints ---------------------------------------------------------------------------------

// m is at place 2 of the line, k and n are before it.
static const struct {
    const char *gone;
    double at;
} lines[] = {
    {"", 15},     // 2 gap after the cycle
    {"k", 14.25}, // 1.5 gap
    {"kn", 10.5}, // cycle - gap
};

START_TEST(h1_who_is_gone_has_no_place_in_the_line)
{
    join(s, "hkn", hear_ping, 0, "h m k n");
    at(s, 4);
    for (const char *name = lines[_i].gone; *name != '\0'; name++) {
        gone(s, (char[]){*name, '\0'});
    }
    ck_speaks_at(lines[_i].at);
}
END_TEST

START_TEST(h1_who_is_back_has_its_place_again)
{
    join(s, "hk", hear_ping, 0, "h m k");
    gone(s, "k");
    at(s, 4);
    here(s, "k", 5);
    ck_speaks_at(14.25);
}
END_TEST

// z would be expected before m, which stands on the ring's end.
static const struct {
    bool before, within; // the slot
    double at;
} expected[] = {{false, false, 14.25}, {true, false, 10.5}, {false, true, 10.5}};

START_TEST(h1_who_is_gone_is_not_expected)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    hear_vers(s, "z", 5);
    if (expected[_i].before) {
        gone(s, "z");
    }
    at(s, 2);
    hear_ping(s, 0, "a m");
    at(s, 8);
    if (expected[_i].within) {
        gone(s, "z");
    }
    ck_speaks_at(expected[_i].at);
}
END_TEST

START_TEST(h1_nor_are_those_behind_it_kept_waiting)
{
    at(s, 1);
    link_up(s);
    hear_vers(s, "a", 5);
    hear_vers(s, "z", 5);
    hear_vers(s, "v", 5); // by their hashes: a z v m
    gone(s, "z");
    gone(s, "v");
    at(s, 2);
    hear_ping(s, 0, "a");
    ck_speaks_at(10.5);
}
END_TEST

// x is heard at 7, and m, which spoke at 4.75 and 13.08, goes on early only when it is alone.
static const struct {
    bool gone;
    double at;
} alone[] = {{false, 27.13}, {true, 21.41}};

START_TEST(h1_who_is_gone_does_not_keep_a_node_from_being_alone)
{
    alone_at(7);
    hear_vers(s, "x", 5);
    at(s, 9);
    if (alone[_i].gone) {
        gone(s, "x");
    }
    at(s, 14);
    forget(s);
    ck_speaks_at(alone[_i].at);
}
END_TEST

// A slot that nobody opens is noticed by its missing beacon.
START_TEST(h1_without_a_hint_all_is_as_ever)
{
    join(s, "hk", hear_ping, 0, "h m k");
    ck_speaks_at(14.25);
}
END_TEST

// It comes when h has been followed already.
START_TEST(h1_a_hint_about_a_former_head_hands_nothing_over)
{
    join(s, "hk", hear_ping, 0, "h m k");
    script_show_members(s);
    at(s, 4);
    hear_ping(s, 0, "k h m");
    at(s, 6);
    forget(s);
    gone(s, "h");
    at(s, 8);
    expect(s, "6.000 leave h lost\n");
}
END_TEST

START_TEST(h1_of_one_that_nobody_has_heard_of_it_is_nothing)
{
    follows_h(4);
    script_show_members(s);
    gone(s, "q");
    hear_left(s, "q", 7);
    gone(s, "m"); // itself
    here(s, "m", 1000);
    at(s, 10);
    expect(s, "");
}
END_TEST

// --- H2: of which process ----------------------------------------------------------------------

static void it_says_who_it_is(void)
{
    hear_vers(s, "h", 6);
}

static void it_is_hinted_of(void)
{
    here(s, "h", 6);
}

static void nothing_is_known(void)
{
    here(s, "h", 0);
}

static void nothing_happens(void)
{
}

static const struct {
    void (*know)(void);
    uint64_t gone;
    bool counts;
} processes[] = {
    {nothing_happens, 5, true},    {nothing_happens, 6, false},  {nothing_happens, 0, true},
    {it_says_who_it_is, 5, false}, {it_says_who_it_is, 6, true}, {it_is_hinted_of, 5, false},
    {it_is_hinted_of, 6, true},    {nothing_is_known, 6, true},
};

// h is known by its nonce 5 at first.
START_TEST(h2_a_hint_about_another_process_is_dropped)
{
    follows_h(3);
    script_show_members(s);
    processes[_i].know();
    at(s, 4);
    forget(s);
    gone_process(s, "h", processes[_i].gone);
    ck_assert(has_line(transcript(s), "leave h lost") == processes[_i].counts);
    ck_assert_double_eq(beacon_by(4.1), 0); // it was in that step, or is not at all
    ck_assert_double_eq_tol(beacon_by(12), processes[_i].counts ? 0 : 10.5, 0.0005);
}
END_TEST

START_TEST(h2_so_is_the_good_bye_of_another)
{
    follows_h(3);
    script_show_members(s);
    processes[_i].know();
    at(s, 4);
    forget(s);
    hear_left(s, "h", processes[_i].gone);
    bool counts = processes[_i].counts && processes[_i].gone != 0; // M1: a set and nothing else
    ck_assert(has_line(transcript(s), "leave h left") == counts);
}
END_TEST

START_TEST(h2_of_a_python_node_every_hint_counts)
{
    join(s, "k", hear_ping, 0, "h k m");
    hear_init(s, "h");
    script_show_members(s);
    at(s, 9.5);
    forget(s);
    gone_process(s, "h", 6);
    expect(s, "9.500 leave h lost\n");
}
END_TEST

// Its `vers` is on the way before it has gone, and counts as in flight (H4); that of the process
// that comes in its place does not.
static const struct {
    uint64_t nonce;
    const char *said;
} in_flight[] = {{5, ""}, {6, "4.500 join k returned\n"}};

START_TEST(h2_a_process_that_comes_in_its_place_is_there)
{
    follows_h(4);
    script_show_members(s);
    gone_process(s, "k", 5);
    at(s, 4.5);
    forget(s);
    hear_vers(s, "k", in_flight[_i].nonce);
    expect(s, in_flight[_i].said);
}
END_TEST

// --- H9: members -------------------------------------------------------------------------------

static void hear_its_vers(void)
{
    hear_vers(s, "x", 5);
}

static void hear_its_init(void)
{
    hear_init(s, "x");
}

static void hear_its_beacon(void)
{
    hear_ping(s, 0, "x m");
}

static void be_hinted_of(void)
{
    here(s, "x", 5);
}

static void hear_a_hist_about_it(void)
{
    hear_hist(s, 0, "x m");
}

static void hear_it_named(void)
{
    hear_ping(s, 0, "a x m");
}

static void hear_its_good_bye(void)
{
    hear_left(s, "x", 5);
}

static void be_told_that_it_is_gone(void)
{
    gone(s, "x");
}

static const struct {
    void (*know)(void);
    bool joins;
} ways_in[] = {
    {hear_its_vers, true},         {hear_its_init, true},
    {hear_its_beacon, true},       {be_hinted_of, true},
    {hear_a_hist_about_it, false}, {hear_it_named, false},
    {hear_its_good_bye, false},    {be_told_that_it_is_gone, false},
};

START_TEST(h9_a_member_is_who_was_heard_or_hinted_of)
{
    alone_at(7);
    ways_in[_i].know();
    const char *text = transcript(s);
    ck_assert_msg(has_line(text, "join x new") == ways_in[_i].joins, "%s", text);
}
END_TEST

START_TEST(h9_it_joins_once)
{
    alone_at(7);
    hear_vers(s, "x", 5);
    forget(s);
    hear_vers(s, "x", 5);
    here(s, "x", 5);
    expect(s, "");
}
END_TEST

static const struct {
    void (*go)(void);
    const char *leaves;
} ways_out[] = {
    {hear_its_good_bye, "9.000 leave x left\n"},
    {be_told_that_it_is_gone, "9.000 leave x lost\n"},
};

START_TEST(h9_it_leaves_for_a_reason_once_and_may_return)
{
    alone_at(7);
    hear_vers(s, "x", 5);
    at(s, 9);
    forget(s);
    ways_out[_i].go();
    expect(s, ways_out[_i].leaves);
    hear_its_good_bye();
    be_told_that_it_is_gone();
    expect(s, "");
    at(s, 10.5); // a gap later
    here(s, "x", 5);
    expect(s, "10.500 join x returned\n");
}
END_TEST

// b enters, and from then on z is expected in every other slot.
static void let_z_be_silent(bool is_hinted_of)
{
    at(s, 1);
    link_up(s);
    script_show_members(s);
    hear_vers(s, "a", 5);
    hear_vers(s, "b", 5);
    hear_vers(s, "z", 5);
    if (is_hinted_of) {
        here(s, "z", 5);
    }
    at(s, 2);
    hear_ping(s, 0, "a");
    at(s, 10);
    hear_ping(s, 0, "b a");
    forget(s);
    for (int slot = 3; slot <= 5; slot++) {
        at(s, 10 + 10.4 * (slot - 2));
        hear_ping(s, 0, slot % 2 == 0 ? "b a" : "a b");
    }
}

static const bool hinted_of[] = {false, true};

START_TEST(h9_who_was_expected_twice_in_vain_expires_unless_a_transport_knows_of_it)
{
    let_z_be_silent(hinted_of[_i]);
    ck_assert(has_line(transcript(s), "leave z expired") == !hinted_of[_i]);
}
END_TEST

START_TEST(h9_who_has_expired_returns_when_it_is_heard)
{
    let_z_be_silent(false);
    forget(s);
    hear_vers(s, "z", 5);
    expect_line(s, "join z returned");
}
END_TEST

static void hear_that_it_cannot_lead(void)
{
    hear_unready(s, "x"); // so that it is never expected
}

// Two are known: after 2 * (2 + 2) * 5 turns of up to 13.75.
static const struct {
    void (*know)(void);
    bool leaves;
} forgotten[] = {{hear_that_it_cannot_lead, true}, {be_hinted_of, false}};

START_TEST(h9_so_does_who_is_forgotten)
{
    alone_at(7);
    forgotten[_i].know();
    at(s, 7 + 40 * 13.75);
    ck_assert_ptr_null(strstr(transcript(s), "leave"));
    at(s, 7 + 41 * 13.75 + 10);
    ck_assert(has_line(transcript(s), "leave x expired") == forgotten[_i].leaves);
}
END_TEST

// --- J6: who is remembered ----------------------------------------------------------------------

// For as long as the transport knows of it.
START_TEST(j6_who_is_hinted_of_is_not_forgotten)
{
    alone_at(7);
    here(s, "x", 5);
    at(s, 2000);
    forget(s);
    gone(s, "x");
    expect(s, "2000.000 leave x lost\n");
    at(s, 4000);
    here(s, "x", 5);
    at(s, 4000.1);
    expect_line(s, "join x new"); // forgotten meanwhile
}
END_TEST

// --- J7: the good-bye --------------------------------------------------------------------------

START_TEST(j7_a_node_that_ends_says_so)
{
    alone_at(7);
    stop(s);
    expect(s, "7.000 untag stop\n"
              "7.000 > vers left\n");
    ck_assert(!sent_ready(s));
}
END_TEST

static void listen(void)
{
    at(s, 1);
    link_up(s);
}

static void listen_only(void)
{
    listen();
    at(s, 6);
    enable(s, false);
}

static void have_no_link(void)
{
    listen();
    at(s, 6);
    link_down(s);
}

static void have_no_name(void)
{
    listen();
    hear_vers(s, "m", 5);
}

static void be_stopped(void)
{
    listen();
    stop(s);
}

static void never_have_had_a_link(void)
{
}

static const struct {
    void (*be)(void);
    bool says;
} endings[] = {
    {listen, true},        {listen_only, true},
    {have_no_link, false}, {have_no_name, false}, // J5
    {be_stopped, false},   {never_have_had_a_link, false},
};

START_TEST(j7_whoever_has_a_link_and_a_name_does)
{
    endings[_i].be();
    forget(s);
    stop(s);
    ck_assert(has_line(transcript(s), "> vers left") == endings[_i].says);
    at(s, 100);
    expect(s, "");
}
END_TEST

// J5: its nonce tells it apart from my own.
START_TEST(j7_the_good_bye_of_a_rival_is_not_mine)
{
    alone_at(7);
    hear_left(s, "m", 2000);
    at(s, 8);
    expect(s, "7.000 ! from another node of this node's name\n"
              "7.000   J5: m\n"
              "7.000 > vers\n");
    ck_assert(is_tagged(s));
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

static void add_h1_hints(Suite *suite)
{
    TCase *tcase = add_case(suite, "H1: hints");
    tcase_add_loop_test(tcase, h1_who_is_gone_has_no_place_in_the_line, 0, COUNT(lines));
    tcase_add_test(tcase, h1_who_is_back_has_its_place_again);
    tcase_add_loop_test(tcase, h1_who_is_gone_is_not_expected, 0, COUNT(expected));
    tcase_add_test(tcase, h1_nor_are_those_behind_it_kept_waiting);
    tcase_add_loop_test(tcase, h1_who_is_gone_does_not_keep_a_node_from_being_alone, 0,
                        COUNT(alone));
    tcase_add_test(tcase, h1_without_a_hint_all_is_as_ever);
    tcase_add_test(tcase, h1_a_hint_about_a_former_head_hands_nothing_over);
    tcase_add_test(tcase, h1_of_one_that_nobody_has_heard_of_it_is_nothing);
}

static void add_h2_of_which_process(Suite *suite)
{
    TCase *tcase = add_case(suite, "H2: of which process");
    tcase_add_loop_test(tcase, h2_a_hint_about_another_process_is_dropped, 0, COUNT(processes));
    tcase_add_loop_test(tcase, h2_so_is_the_good_bye_of_another, 0, COUNT(processes));
    tcase_add_test(tcase, h2_of_a_python_node_every_hint_counts);
    tcase_add_loop_test(tcase, h2_a_process_that_comes_in_its_place_is_there, 0, COUNT(in_flight));
}

static void add_h9_members(Suite *suite)
{
    TCase *tcase = add_case(suite, "H9: members");
    tcase_add_loop_test(tcase, h9_a_member_is_who_was_heard_or_hinted_of, 0, COUNT(ways_in));
    tcase_add_test(tcase, h9_it_joins_once);
    tcase_add_loop_test(tcase, h9_it_leaves_for_a_reason_once_and_may_return, 0, COUNT(ways_out));
    tcase_add_loop_test(tcase,
                        h9_who_was_expected_twice_in_vain_expires_unless_a_transport_knows_of_it, 0,
                        COUNT(hinted_of));
    tcase_add_test(tcase, h9_who_has_expired_returns_when_it_is_heard);
    tcase_add_loop_test(tcase, h9_so_does_who_is_forgotten, 0, COUNT(forgotten));
}

static void add_j6_who_is_remembered(Suite *suite)
{
    TCase *tcase = add_case(suite, "J6: who is remembered");
    tcase_add_test(tcase, j6_who_is_hinted_of_is_not_forgotten);
}

static void add_j7_the_good_bye(Suite *suite)
{
    TCase *tcase = add_case(suite, "J7: the good-bye");
    tcase_add_test(tcase, j7_a_node_that_ends_says_so);
    tcase_add_loop_test(tcase, j7_whoever_has_a_link_and_a_name_does, 0, COUNT(endings));
    tcase_add_test(tcase, j7_the_good_bye_of_a_rival_is_not_mine);
}

int main(void)
{
    Suite *suite = suite_create("presence");
    add_h1_hints(suite);
    add_h2_of_which_process(suite);
    add_h9_members(suite);
    add_j6_who_is_remembered(suite);
    add_j7_the_good_bye(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
