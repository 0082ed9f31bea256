// SPDX-License-Identifier: MIT
// The referee can fail: for each invariant news in which it alone is broken, and their twin that is
// the same but for that. The nodes are real, so that the referee can ask who is there; what they
// report is made up, and no time passes in their world.
#include <check.h>

#include "sim/referee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *w;
static struct referee *referee;
static struct referee_config rules;
static struct world_config config;
static int64_t now_ns;

static void set_up(void)
{
    w = NULL;
    referee = NULL;
    config = (struct world_config){.seed = 1, .params = params_default};
    rules = (struct referee_config){
        .params = params_default,
        .latency_max_ns = NS_PER_S / 10,
        .capacity = 256,
    };
}

static void tear_down(void)
{
    referee_free(referee);
    if (w != NULL) {
        world_free(w);
    }
}

// --- News --------------------------------------------------------------------------------------

static int64_t ns(double seconds)
{
    return llround(seconds * 1e9);
}

static void pass(double seconds)
{
    now_ns += ns(seconds);
    referee_settle(referee, now_ns);
}

static void tell(enum news_type type, int node, const struct effect *effect)
{
    const struct news news = {type, now_ns, node, effect};
    referee_news(referee, &news);
}

static void report(int node, const struct event *event)
{
    const struct effect effect = {.type = EFFECT_EVENT, .event = *event};
    tell(NEWS_EFFECT, node, &effect);
}

static void report_plain(int node, enum event_type type)
{
    report(node, &(struct event){.type = type});
}

static void lead(int node, enum event_type type)
{
    report(node, &(struct event){.type = type, .until_ns = now_ns + ns(8.415)});
}

static void tag(int node)
{
    lead(node, EVENT_TAG);
}

static void renew(int node)
{
    lead(node, EVENT_RENEW);
}

static void untag(int node)
{
    report_plain(node, EVENT_UNTAG);
}

static void beacon(int node)
{
    const struct effect effect = {.type = EFFECT_SEND, .send.type = MESSAGE_PING};
    tell(NEWS_EFFECT, node, &effect);
}

// The ring is names with blanks between them.
static void slot(int node, uint64_t number, const char *ring)
{
    struct event event = {.type = EVENT_SLOT, .slot = number, .members = 2};
    for (size_t len; *ring != '\0'; ring += len + (ring[len] == ' ')) {
        len = strcspn(ring, " ");
        event.ring.names[event.ring.count++] = (struct name){ring, len};
    }
    report(node, &event);
}

static void start(int node)
{
    world_start(w, node);
    tell(NEWS_STARTED, node, NULL);
}

static void end(int node)
{
    world_kill(w, node);
    tell(NEWS_KILLED, node, NULL);
}

static void move(int node, int island)
{
    world_move(w, node, island);
    tell(NEWS_MOVED, node, NULL);
}

// So many nodes, "n0" and so on, under `rules`.
static void begin(int count)
{
    w = world_new(&config);
    referee = referee_new(w, &rules);
    now_ns = world_now_ns(w);
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        start(world_add(w, name, 0));
    }
}

// After the beacon.
static void hold(int node)
{
    pass(1.5);
    tag(node);
    pass(8.415);
    untag(node);
    pass(0.1);
}

// The next turn of a healthy group, to the end of its tag.
static void take_turn(int node)
{
    beacon(node);
    hold(node);
}

// Of nodes 0 to `count` - 1, one after the other.
static void take_turns(int count, int turns)
{
    for (int i = 0; i < turns; i++) {
        take_turn(i % count);
    }
}

// --- I1, I2, I3 --------------------------------------------------------------------------------

static void i1_while_another_is_tagged(bool broken)
{
    begin(2);
    take_turns(2, 2);
    tag(0);
    pass(1);
    if (!broken) {
        untag(0);
    }
    tag(1);
    pass(1);
}

static void i1_on_one_island(bool broken)
{
    begin(2);
    if (!broken) {
        move(1, 1);
    }
    pass(15);
    tag(0);
    tag(1);
    pass(0.1); // what lasts no time counts for nothing
}

// What it held ended with it.
static void i1_a_holder_that_is_killed(bool broken)
{
    begin(2);
    take_turns(2, 2);
    tag(0);
    if (!broken) {
        end(0);
    }
    tag(1);
    pass(0.1);
}

static void i2_a_long_pause(bool broken)
{
    begin(2);
    take_turns(2, 4);
    pass(broken ? 6 : 5.5); // from tag to tag 15.82
    take_turn(0);
}

// When nobody can lead, nobody has to.
static void i2_a_ready_node(bool broken)
{
    begin(2);
    take_turns(2, 2);
    for (int i = 0; i < 2 && !broken; i++) {
        world_set_value(w, i, -1);
        tell(NEWS_VALUE, i, NULL);
    }
    pass(26);
}

static void i3_two_beacons_in_a_slot(bool broken)
{
    begin(2);
    beacon(1); // no steady group yet
    take_turns(2, 4);
    beacon(0);
    pass(0.05);
    if (broken) {
        beacon(1);
    }
}

// Beyond half a gap of latency, 3 slots of 100 are too many.
static void i3_three_of_a_hundred(bool broken)
{
    rules.latency_max_ns = NS_PER_S;
    begin(2);
    take_turns(2, 3); // until two islands would know of each other
    for (int i = 1; i <= 100; i++) {
        beacon(i % 2);
        if (i == 10 || i == 20 || (i == 100 && broken)) {
            beacon((i + 1) % 2);
        }
        hold(i % 2);
    }
}

static void collide(int first, int second)
{
    beacon(first);
    pass(0.05);
    beacon(second);
}

// Somebody kept silent before a slot that begins late, and those behind may collide.
static void i3_in_a_slot_that_begins_in_time(bool broken)
{
    begin(2);
    take_turns(2, 4);
    pass(broken ? 0.2 : 0.3); // beyond 10.015; allowed are 10, a latency and two slacks
    collide(0, 1);
}

// Until 2 * 3 * 2 slots later it may be expected in vain.
static void i3_long_after_a_node_was_killed(bool broken)
{
    rules.params.nodes = 2;
    begin(3);
    take_turns(3, 6);
    end(2);
    take_turns(2, broken ? 12 : 10);
    collide(0, 1);
}

// --- I4: islands -------------------------------------------------------------------------------

// Both islands, at the same time.
static void take_turns_apart(int turns)
{
    for (int i = 0; i < turns; i++) {
        tag(i % 2);
        tag(2 + i % 2);
        pass(8.415);
        untag(i % 2);
        untag(2 + i % 2);
        pass(1.6);
    }
}

// Nodes 0 and 1, and 2 and 3, with a ring each, have been apart for so many turns, and meet.
static void meet(int turns)
{
    static const char *const rings[] = {"n0 n1", "n1 n0", "n2 n3", "n3 n2"};
    begin(4);
    move(2, 1);
    move(3, 1);
    for (int i = 0; i < 4; i++) {
        slot(i, 7, rings[i / 2 * 2]);
    }
    take_turns_apart(turns);
    move(2, 0);
    move(3, 0);
    pass(2);
}

static void see_one_ring(int first, int count)
{
    for (int i = first; i < first + count; i++) {
        slot(i, 8, "n2 n3 n0 n1");
    }
}

// One that follows the same head may have another ring behind it.
static void i4_one_keeps_its_head(bool broken)
{
    meet(5);
    report_plain(1, EVENT_RECOVER);
    report_plain(3, EVENT_RECOVER);
    see_one_ring(1, 3);
    slot(0, 8, broken ? "n0 n2 n3 n1" : "n2 n0 n1");
    pass(22.5); // it should be one ring after 23.75, a latency, and some
}

static void i4_one_side_does_not_report(bool broken)
{
    meet(5);
    report_plain(1, EVENT_RECOVER);
    if (!broken) {
        report_plain(2, EVENT_RECOVER);
    }
    see_one_ring(0, 4);
    pass(22.5);
}

// With no more turns than a beacon has names, it looks as if they were missed.
static void i4_after_turns_enough(bool broken)
{
    rules.params.splits = 1; // four, all the same
    meet(broken ? 5 : 4);
    see_one_ring(0, 4);
    pass(22.5);
}

static void i4_after_as_many_turns_as_a_beacon_has_names(bool broken)
{
    rules.params.splits = broken ? 5 : 6;
    meet(6);
    see_one_ring(0, 4);
    pass(22.5);
}

// One that has reported may lose its place before all agree.
static void i4_a_report_of_one_that_left_the_ring(bool broken)
{
    meet(5);
    report_plain(1, EVENT_RECOVER);
    if (!broken) {
        report_plain(3, EVENT_RECOVER);
    }
    slot(3, 8, "n2 n0 n1");
    see_one_ring(0, 3);
    pass(22.5);
}

// They have 24.02 to agree, and then a pause of 15.82.
static void i2_after_a_meeting(bool broken)
{
    meet(5);
    report_plain(1, EVENT_RECOVER);
    report_plain(3, EVENT_RECOVER);
    see_one_ring(0, 4);
    pass(broken ? 38 : 37.5); // and 2 since they met
    tag(0);
}

// --- I5, I6, I7 --------------------------------------------------------------------------------

static void i5_a_tag_twice(bool broken)
{
    begin(2);
    tag(0);
    pass(1);
    lead(0, broken ? EVENT_TAG : EVENT_RENEW);
}

static void i5_a_renewal_of_nothing(bool broken)
{
    begin(2);
    take_turn(0);
    lead(0, broken ? EVENT_RENEW : EVENT_TAG);
}

static void i5_an_untag_twice(bool broken)
{
    begin(2);
    take_turn(0);
    if (broken) {
        untag(0);
    }
}

static void i5_a_tag_and_a_detag_twice(bool broken)
{
    begin(2);
    tag(0);
    report_plain(0, EVENT_DETAG);
    if (broken) {
        report_plain(0, EVENT_DETAG);
    }
}

// A new process begins anew.
static void i5_a_restart(bool broken)
{
    begin(1);
    tag(0);
    if (!broken) {
        end(0);
        start(0);
    }
    tag(0);
}

// With another ring it is a correction.
static void i5_a_slot_twice(bool broken)
{
    begin(2);
    slot(0, 7, "n0 n1");
    slot(0, 7, broken ? "n0 n1" : "n1 n0");
}

static void i5_a_slot_of_the_past(bool broken)
{
    begin(2);
    slot(0, 7, "n0 n1");
    slot(0, broken ? 6 : 8, "n1 n0");
}

static void i6_asleep_past_the_end(bool broken)
{
    begin(2);
    tag(0);
    pass(1);
    world_freeze(w, 0);
    tell(NEWS_FROZEN, 0, NULL);
    pass(20);
    world_thaw(w, 0);
    tell(NEWS_THAWED, 0, NULL);
    if (broken) {
        report_plain(0, EVENT_PING);
    }
    untag(0);
    report_plain(0, EVENT_PING);
}

static void i6_a_lease_that_ran_out(bool broken)
{
    rules.lease_ns = 5 * NS_PER_S;
    begin(2);
    tag(0);
    world_cut(w, 0, true);
    tell(NEWS_CUT, 0, NULL);
    pass(5);
    if (!broken) {
        untag(0);
    }
    pass(1);
}

// It says so when it has woken, after what it has decided.
static void i6_a_lease_that_ran_out_asleep(bool broken)
{
    rules.lease_ns = 5 * NS_PER_S;
    begin(2);
    tag(0);
    world_cut(w, 0, true);
    tell(NEWS_CUT, 0, NULL);
    world_freeze(w, 0);
    tell(NEWS_FROZEN, 0, NULL);
    pass(7);
    world_thaw(w, 0);
    tell(NEWS_THAWED, 0, NULL);
    tell(NEWS_EFFECT, 0, &(struct effect){.type = EFFECT_NOTE});
    if (!broken) {
        untag(0);
    }
    pass(1);
}

static void i7_a_name_twice_on_the_ring(bool broken)
{
    begin(2);
    slot(0, 7, broken ? "n0 n1 n0" : "n0 n1 x");
}

static void i7_a_ring_of_nobody(bool broken)
{
    begin(2);
    slot(0, 7, broken ? "" : "n0");
}

static void i7_more_nodes_than_can_be_known(bool broken)
{
    begin(2);
    struct event event = {.type = EVENT_SLOT, .slot = 1, .members = broken ? 257 : 256};
    event.ring = (struct history){1, {name_of("n0")}};
    report(0, &event);
}

// --- I10, I12: the roster ------------------------------------------------------------------------

static const struct name n0_n1[] = {{"n0", 2}, {"n1", 2}}, n1_n0[] = {{"n1", 2}, {"n0", 2}};

static void settled_in(int node, uint32_t index, const struct name *members)
{
    report(node, &(struct event){.type = EVENT_SETTLED,
                                 .index = index,
                                 .roster = {.count = 2, .names = members}});
}

static void settled(int node, uint32_t index)
{
    settled_in(node, index, n0_n1);
}

static void begin_roster(void)
{
    rules.has_roster = rules.has_presence = true;
    begin(2);
}

static void i5_an_index_twice(bool broken)
{
    begin_roster();
    settled(0, 1);
    if (!broken) {
        report_plain(0, EVENT_SETTLING);
    }
    settled(0, 1);
}

static void i5_settling_twice(bool broken)
{
    begin_roster();
    report_plain(0, EVENT_SETTLING);
    if (!broken) {
        settled(0, 1);
    }
    report_plain(0, EVENT_SETTLING);
}

static void i5_an_index_beyond_the_last(bool broken)
{
    begin_roster();
    settled(0, broken ? 3 : 2);
}

static void i10_one_index_twice(bool broken)
{
    begin_roster();
    settled(0, 1);
    settled(1, broken ? 1 : 2);
    pass(0.1);
}

static void i10_of_one_that_has_woken(bool broken)
{
    begin_roster();
    settled(0, 1);
    world_freeze(w, 0);
    tell(NEWS_FROZEN, 0, NULL);
    settled(1, 1);
    pass(1);
    world_thaw(w, 0);
    tell(NEWS_THAWED, 0, NULL);
    if (!broken) {
        report_plain(0, EVENT_SETTLING);
    }
    pass(0.1);
}

static void i10_long_after_two_islands_met(bool broken)
{
    begin_roster();
    move(1, 1);
    settled(0, 1);
    settled(1, 1);
    pass(20);
    tag(0);
    tag(1);
    untag(0);
    untag(1);
    move(1, 0);
    pass(10);
    if (!broken) {
        report_plain(1, EVENT_SETTLING);
    }
    tag(0);
    untag(0);
    pass(5);
    pass(0.1);
}

static void i12_no_index_in_time(bool broken)
{
    begin_roster();
    settled(0, 1);
    if (!broken) {
        settled(1, 2);
    }
    for (int i = 0; i < 6; i++) {
        tag(0);
        pass(9);
        untag(0);
        pass(1);
    }
}

// --- I13, I14: whose the first place is, and the drain step --------------------------------------

static void tell_view(int node, int64_t view, const struct name *members)
{
    const struct effect effect = {
        .type = EFFECT_SEND,
        .send = {.type = MESSAGE_VIEW,
                 .node = name_of(world_name(w, node)),
                 .view = view,
                 .members = {.count = 2, .names = members}},
    };
    tell(NEWS_EFFECT, node, &effect);
}

static void i13_who_is_first_makes_way(bool broken)
{
    begin_roster();
    world_set_wish(w, 1, (struct wish){.prefer = 9, .preempt = !broken});
    pass(1);
    tell_view(0, 4, n0_n1);
    pass(1);
    tell_view(1, 5, n1_n0);
}

static void i13_for_one_that_wants_it_less(bool broken)
{
    begin_roster();
    world_set_wish(w, 0, (struct wish){.prefer = broken ? 9 : 8});
    world_set_wish(w, 1, (struct wish){.prefer = 9, .preempt = true});
    pass(1);
    tell_view(0, 4, n0_n1);
    pass(1);
    tell_view(1, 5, n1_n0);
}

static void i13_but_who_is_never_to_be_stays(bool broken)
{
    begin_roster();
    world_set_wish(w, 0, (struct wish){.never = broken});
    settled(0, 1);
    settled(1, 2);
    for (int i = 0; i < 6; i++) {
        tag(0);
        pass(9);
        untag(0);
        pass(1);
    }
}

static void begin_drain(void)
{
    rules.drain_ns = ns(8);
    begin_roster();
    settled_in(0, 1, n0_n1);
    settled_in(1, 2, n0_n1);
    pass(1);
    report_plain(0, EVENT_SETTLING);
    report_plain(1, EVENT_SETTLING);
    tell(NEWS_DRAINED, 0, NULL);
}

static void i14_before_another_has_stopped(bool broken)
{
    begin_drain();
    pass(5);
    if (!broken) {
        tell(NEWS_DRAINED, 1, NULL);
    }
    settled_in(0, 2, n1_n0);
}

static void i14_or_has_had_its_time(bool broken)
{
    begin_drain();
    pass(broken ? 7 : 9);
    settled_in(0, 2, n1_n0);
}

static void i14_in_other_places(bool broken)
{
    begin_drain();
    pass(5);
    settled_in(0, broken ? 2 : 1, broken ? n1_n0 : n0_n1);
}

static void i14_after_a_death(bool broken)
{
    rules.drain_ns = ns(8);
    begin_roster();
    settled_in(1, 2, n0_n1);
    pass(1);
    world_kill(w, 1);
    tell(NEWS_KILLED, 1, NULL);
    pass(broken ? 7 : 9);
    settled_in(0, 2, n1_n0);
}

// --- I8, I11 -----------------------------------------------------------------------------------

// For a while two may be tagged.
static void i8_two_for_more_than_a_cycle(bool broken)
{
    rules.lossy = true;
    begin(2);
    tag(0);
    tag(1);
    pass(8);
    if (broken) {
        renew(0);
    } else {
        untag(0);
    }
    renew(1);
    pass(2.1);
    pass(0.1);
}

// 2 rounds of 3 * 2 slots in a steady group.
static void i11_left_out(bool broken)
{
    rules.params.nodes = 2;
    begin(3);
    take_turns(3, 3);
    take_turns(2, 12);
    if (!broken) {
        take_turn(2);
    }
    take_turns(2, 3);
}

// One that the others may not know of yet: 6 rounds.
static void i11_never_let_in(bool broken)
{
    rules.params.nodes = 2;
    begin(3);
    take_turns(2, 37);
    if (!broken) {
        take_turn(2);
    }
    take_turns(2, 3);
}

// --- All of them -------------------------------------------------------------------------------

static const struct {
    enum invariant invariant;
    void (*play)(bool broken);
} plays[] = {
    {INVARIANT_I1, i1_while_another_is_tagged},
    {INVARIANT_I1, i1_on_one_island},
    {INVARIANT_I1, i1_a_holder_that_is_killed},
    {INVARIANT_I2, i2_a_long_pause},
    {INVARIANT_I2, i2_a_ready_node},
    {INVARIANT_I2, i2_after_a_meeting},
    {INVARIANT_I3, i3_two_beacons_in_a_slot},
    {INVARIANT_I3, i3_three_of_a_hundred},
    {INVARIANT_I3, i3_in_a_slot_that_begins_in_time},
    {INVARIANT_I3, i3_long_after_a_node_was_killed},
    {INVARIANT_I4, i4_one_keeps_its_head},
    {INVARIANT_I4, i4_one_side_does_not_report},
    {INVARIANT_I4, i4_after_turns_enough},
    {INVARIANT_I4, i4_after_as_many_turns_as_a_beacon_has_names},
    {INVARIANT_I4, i4_a_report_of_one_that_left_the_ring},
    {INVARIANT_I5, i5_a_tag_twice},
    {INVARIANT_I5, i5_a_renewal_of_nothing},
    {INVARIANT_I5, i5_an_untag_twice},
    {INVARIANT_I5, i5_a_tag_and_a_detag_twice},
    {INVARIANT_I5, i5_a_restart},
    {INVARIANT_I5, i5_a_slot_twice},
    {INVARIANT_I5, i5_a_slot_of_the_past},
    {INVARIANT_I6, i6_asleep_past_the_end},
    {INVARIANT_I6, i6_a_lease_that_ran_out},
    {INVARIANT_I6, i6_a_lease_that_ran_out_asleep},
    {INVARIANT_I7, i7_a_name_twice_on_the_ring},
    {INVARIANT_I7, i7_a_ring_of_nobody},
    {INVARIANT_I7, i7_more_nodes_than_can_be_known},
    {INVARIANT_I8, i8_two_for_more_than_a_cycle},
    {INVARIANT_I5, i5_an_index_twice},
    {INVARIANT_I5, i5_settling_twice},
    {INVARIANT_I5, i5_an_index_beyond_the_last},
    {INVARIANT_I10, i10_one_index_twice},
    {INVARIANT_I10, i10_of_one_that_has_woken},
    {INVARIANT_I10, i10_long_after_two_islands_met},
    {INVARIANT_I12, i12_no_index_in_time},
    {INVARIANT_I13, i13_who_is_first_makes_way},
    {INVARIANT_I13, i13_for_one_that_wants_it_less},
    {INVARIANT_I13, i13_but_who_is_never_to_be_stays},
    {INVARIANT_I14, i14_before_another_has_stopped},
    {INVARIANT_I14, i14_or_has_had_its_time},
    {INVARIANT_I14, i14_in_other_places},
    {INVARIANT_I14, i14_after_a_death},
    {INVARIANT_I11, i11_left_out},
    {INVARIANT_I11, i11_never_let_in},
};

enum { PLAYS = sizeof plays / sizeof *plays };

static const char *first_text(void)
{
    return referee_first(referee) != NULL ? referee_first(referee)->text : "nothing";
}

START_TEST(what_is_broken_is_named)
{
    plays[_i].play(true);
    ck_assert_msg(referee_first(referee) != NULL, "the referee sees nothing");
    ck_assert_str_eq(invariant_name(referee_first(referee)->invariant),
                     invariant_name(plays[_i].invariant));
    ck_assert_msg(referee_violations(referee) == 1, "more than once, first: %s", first_text());
}
END_TEST

START_TEST(the_healthy_twin_is_let_alone)
{
    plays[_i].play(false);
    ck_assert_msg(referee_violations(referee) == 0, "%s", first_text());
    ck_assert_ptr_null(referee_first(referee));
}
END_TEST

START_TEST(every_invariant_is_broken_here)
{
    bool is_broken[INVARIANTS] = {false};
    for (int i = 0; i < PLAYS; i++) {
        is_broken[plays[i].invariant] = true;
    }
    for (int i = 0; i < INVARIANTS; i++) {
        ck_assert_msg(is_broken[i], "%s is not", invariant_name((enum invariant)i));
    }
}
END_TEST

START_TEST(the_first_violation_is_kept_with_its_time)
{
    i1_while_another_is_tagged(true);
    int64_t at_ns = NS_PER_S + 2 * ns(10.015) + NS_PER_S;
    ck_assert_str_eq(first_text(), "n0 and n1 are tagged at once");
    ck_assert_int_eq(referee_first(referee)->at_ns, at_ns);
    untag(1);
    untag(1);
    ck_assert_uint_eq(referee_violations(referee), 2);
    ck_assert_int_eq(referee_first(referee)->at_ns, at_ns);
}
END_TEST

START_TEST(invariants_have_names)
{
    ck_assert_str_eq(invariant_name(INVARIANT_I1), "I1");
    ck_assert_str_eq(invariant_name(INVARIANT_I8), "I8");
    ck_assert_str_eq(invariant_name(INVARIANT_I11), "I11");
    ck_assert_str_eq(invariant_name(INVARIANT_I12), "I12");
}
END_TEST

// --- Channels that are worse than the rules assume -----------------------------------------------

static void watch(void *context, const struct news *news)
{
    (void)context;
    referee_news(referee, news);
}

static void live(int count, double seconds)
{
    config.watch = watch;
    w = world_new(&config);
    referee = referee_new(w, &rules);
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        world_start(w, world_add(w, name, 0));
    }
    world_run(w, ns(seconds));
    referee_settle(referee, world_now_ns(w));
}

static const struct {
    double latency; // in gaps
    bool breaks;
} latencies[] = {{0.5, false}, {0.98, false}, {4, true}};

START_TEST(messages_slower_than_a_gap_break_i1)
{
    config.latency.max_ns = ns(latencies[_i].latency * 1.5);
    rules.latency_max_ns = config.latency.max_ns;
    live(5, 1000);
    if (latencies[_i].breaks) {
        ck_assert_uint_gt(referee_violations(referee), 10);
        ck_assert_str_eq(invariant_name(referee_first(referee)->invariant), "I1");
    } else {
        ck_assert_msg(referee_first(referee) == NULL, "%s", first_text());
    }
}
END_TEST

static int64_t hear_nobody(void *context, int from, int to)
{
    (void)context, (void)from, (void)to;
    return -1;
}

static int64_t hear_all(void *context, int from, int to)
{
    (void)context, (void)from, (void)to;
    return NS_PER_S / 100;
}

static const struct {
    world_latency_fn *channel;
    bool lossy;
    const char *name; // of the invariant that breaks first; NULL: none
} channels[] = {
    {hear_all, false, NULL},
    {hear_all, true, NULL},
    {hear_nobody, false, "I1"},
    {hear_nobody, true, "I8"},
};

START_TEST(nodes_that_do_not_hear_each_other_break_i1_or_i8)
{
    config.choose_latency = channels[_i].channel;
    rules.lossy = channels[_i].lossy;
    live(2, 300);
    const struct violation *first = referee_first(referee);
    ck_assert_pstr_eq(first != NULL ? invariant_name(first->invariant) : NULL, channels[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("referee");
    TCase *tests = tcase_create("referee");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_is_broken_is_named, 0, PLAYS);
    tcase_add_loop_test(tests, the_healthy_twin_is_let_alone, 0, PLAYS);
    tcase_add_test(tests, every_invariant_is_broken_here);
    tcase_add_test(tests, the_first_violation_is_kept_with_its_time);
    tcase_add_test(tests, invariants_have_names);
    tcase_add_loop_test(tests, messages_slower_than_a_gap_break_i1, 0,
                        sizeof latencies / sizeof *latencies);
    tcase_add_loop_test(tests, nodes_that_do_not_hear_each_other_break_i1_or_i8, 0,
                        sizeof channels / sizeof *channels);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
