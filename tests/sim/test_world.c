// SPDX-License-Identifier: MIT
// Whole groups in virtual time: steady ones, and through deaths, freezes, splits, floods and loss.
// The referee watches the invariants of PROTOCOL.md in each; what is claimed beyond is counted
// here.
#include <check.h>

#include "sim/measure.h"
#include "sim/referee.h"
#include "sim/trace.h"
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { NODES_MAX = 32 };

// What was seen since the last reset.
struct counts {
    uint64_t events[NODES_MAX][EVENT_NAME_TAKEN + 1];
    uint64_t beacons, hists, collisions;
    int64_t longest_pause_ns; // from the end of one tag to the next
};

// Who looks on, and what of the tags outlives a reset.
struct watcher {
    struct referee *referee;
    struct measure *measure;
    struct trace *trace; // NULL: nobody wants it
    struct counts counts;
    int64_t until_ns[NODES_MAX]; // of a tag; 0: none
    int64_t ended_ns;            // the last tag; 0: there was none
    int last;                    // who reported a tag or a renewal last; -1: nobody
};

static struct world *w;
static struct world_config config;
static struct watcher watcher;

// --- What is seen ------------------------------------------------------------------------------

static void end_tag(int node, int64_t now_ns)
{
    int64_t until_ns = watcher.until_ns[node];
    int64_t end_ns = until_ns < now_ns ? until_ns : now_ns;
    watcher.ended_ns = end_ns > watcher.ended_ns ? end_ns : watcher.ended_ns;
    watcher.until_ns[node] = 0;
}

// Before a tag begins. One whose holder is frozen has ended by the clock.
static void see_pause(int64_t now_ns)
{
    for (int i = 0; i < NODES_MAX; i++) {
        if (watcher.until_ns[i] > now_ns) {
            return;
        }
        end_tag(i, now_ns);
    }
    int64_t pause_ns = now_ns - watcher.ended_ns;
    if (watcher.ended_ns > 0 && pause_ns > watcher.counts.longest_pause_ns) {
        watcher.counts.longest_pause_ns = pause_ns;
    }
}

static void see_event(const struct news *news, const struct event *event)
{
    watcher.counts.events[news->node][event->type]++;
    if (event->type == EVENT_TAG || event->type == EVENT_RENEW) {
        see_pause(news->now_ns);
        watcher.until_ns[news->node] = world_time_of(w, news->node, event->until_ns);
        watcher.last = news->node;
    } else if (event->type == EVENT_UNTAG || event->type == EVENT_DETAG) {
        end_tag(news->node, news->now_ns);
    }
}

static void see_effect(const struct news *news)
{
    const struct effect *effect = news->effect;
    struct counts *counts = &watcher.counts;
    if (effect->type == EFFECT_EVENT) {
        see_event(news, &effect->event);
    } else if (effect->type == EFFECT_SEND) {
        counts->beacons += effect->send.type == MESSAGE_PING;
        counts->hists += effect->send.type == MESSAGE_HIST;
    } else if (effect->type == EFFECT_NOTE) {
        enum note note = effect->noted.note;
        counts->collisions += note == NOTE_COLLISION_WON || note == NOTE_COLLISION_LOST;
    }
}

static void watch(void *context, const struct news *news)
{
    (void)context;
    referee_news(watcher.referee, news);
    measure_news(watcher.measure, news);
    if (watcher.trace != NULL) {
        trace_news(watcher.trace, news);
    }
    if (news->type == NEWS_EFFECT) {
        see_effect(news);
    } else if (news->type == NEWS_KILLED) {
        end_tag(news->node, news->now_ns);
    }
}

static void reset_counts(void)
{
    measure_free(watcher.measure);
    watcher.measure = measure_new();
    measure_begin(watcher.measure, w, &config.params);
    watcher.counts = (struct counts){0};
}

static uint64_t events_of(int node, enum event_type type)
{
    return watcher.counts.events[node][type];
}

static uint64_t tags_of(int node)
{
    return events_of(node, EVENT_TAG);
}

static uint64_t events_of_all(enum event_type type)
{
    uint64_t events = 0;
    for (int i = 0; i < world_count(w); i++) {
        events += events_of(i, type);
    }
    return events;
}

// Of the time since the first tag that was seen: with `count` tagged, 2 for more.
static double tagged_share(int count)
{
    struct figures figures;
    measure_end(watcher.measure, world_now_ns(w));
    measure_figures(watcher.measure, &figures);
    measure_begin(watcher.measure, w, &config.params);
    return figures.tagged_share[count];
}

// --- Worlds ------------------------------------------------------------------------------------

#define SECONDS(n) ((int64_t)((n)*1000) * (NS_PER_S / 1000))

static void tear_down(void)
{
    if (w != NULL) {
        referee_free(watcher.referee);
        measure_free(watcher.measure);
        trace_free(watcher.trace);
        world_free(w);
    }
    w = NULL;
    watcher = (struct watcher){.last = -1};
}

static void set_up(void)
{
    w = NULL;
    config = (struct world_config){.params = params_default, .watch = watch};
    tear_down();
}

static void set_latency(double share_of_gap)
{
    config.latency.max_ns = (int64_t)(share_of_gap * (double)config.params.gap_ns);
}

static struct referee *new_referee(void)
{
    const struct referee_config rules = {
        .params = config.params,
        .latency_max_ns = config.latency.max_ns,
        .capacity = ENGINE_NODES_MIN,
        .lossy = config.loss > 0,
    };
    return referee_new(w, &rules);
}

// Makes the world of this seed anew.
static void begin(uint64_t seed)
{
    tear_down();
    config.seed = seed;
    w = world_new(&config);
    watcher.referee = new_referee();
    reset_counts();
}

static void run_for(int64_t for_ns)
{
    world_run(w, world_now_ns(w) + for_ns);
}

static void add_nodes(int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%02d", i);
        world_start(w, world_add(w, name, 0));
    }
}

static int64_t cycle_ns(void)
{
    return config.params.cycle_ns;
}

// So many gaps.
static int64_t gaps_ns(double count)
{
    return (int64_t)(count * (double)config.params.gap_ns);
}

// The longest slot of a steady group.
static int64_t slot_max_ns(void)
{
    return cycle_ns() + gaps_ns(2.6) + config.latency.max_ns;
}

// A group that has found its order.
static void steady_group(uint64_t seed, int count)
{
    begin(seed);
    add_nodes(count);
    run_for((count + 4) * slot_max_ns());
    reset_counts();
}

static void ck_no_violation(const char *when)
{
    referee_settle(watcher.referee, world_now_ns(w));
    const struct violation *first = referee_first(watcher.referee);
    ck_assert_msg(
        first == NULL, "seed %llu, %s, at %.3f s: %s: %s", (unsigned long long)config.seed, when,
        first != NULL ? (double)first->at_ns / 1e9 : 0,
        first != NULL ? invariant_name(first->invariant) : "", first != NULL ? first->text : "");
}

// Runs on until somebody is tagged, to a millisecond; who.
static int next_holder(int64_t for_ns)
{
    int64_t end_ns = world_now_ns(w) + for_ns;
    watcher.last = -1;
    while (watcher.last < 0 && world_now_ns(w) < end_ns) {
        run_for(SECONDS(0.001));
    }
    ck_assert_msg(watcher.last >= 0, "seed %llu: nobody was tagged in %lld ms",
                  (unsigned long long)config.seed, (long long)(for_ns / 1000000));
    return watcher.last;
}

// --- Steady groups -----------------------------------------------------------------------------

static const struct {
    double latency; // in gaps
    int count;
    bool echoes;
    int64_t begin_s; // what clocks show at first: that of a host goes on from its start
} groups[] = {
    {0.05, 1, false, 0}, {0.05, 2, false, 1000000}, {0.5, 2, true, 0},   {0.98, 2, false, 0},
    {0.05, 5, true, 0},  {0.5, 5, false, 1000000},  {0.98, 5, false, 0}, {0, 20, false, 0},
    {0.5, 20, false, 0}, {0.98, 20, true, 1000000},
};

static void begin_group(int group)
{
    config.echoes = groups[group].echoes;
    config.begin_ns = groups[group].begin_s * NS_PER_S;
    set_latency(groups[group].latency);
    steady_group(1, groups[group].count);
}

// I11: 2 * N * nodes slots; twice.
START_TEST(i11_everybody_has_a_turn)
{
    int count = groups[_i].count;
    begin_group(_i);
    for (int round = 0; round < 2; round++) {
        reset_counts();
        run_for(2 * count * config.params.nodes * slot_max_ns());
        for (int i = 0; count > 1 && i < count; i++) {
            ck_assert_msg(tags_of(i) > 0, "node %d had no turn", i);
        }
        ck_assert_uint_gt(events_of_all(EVENT_TAG) + events_of_all(EVENT_RENEW), 0);
        ck_no_violation("steady");
    }
}
END_TEST

START_TEST(i3_one_beacon_a_slot)
{
    begin_group(_i);
    run_for(SECONDS(3000));
    const struct counts *counts = &watcher.counts;
    uint64_t slots = events_of(0, EVENT_SLOT);
    ck_assert_uint_ge(slots, 250);
    ck_assert_uint_le(counts->beacons, slots + 1); // one may be under way
    ck_assert_uint_ge(counts->beacons + 1, slots);
    ck_assert_uint_eq(counts->hists, 0);
    ck_assert_uint_eq(counts->collisions, 0);
}
END_TEST

// Willing hand-over: nobody leads for a latency and the slack.
START_TEST(i2_the_next_is_tagged_one_latency_after_the_last)
{
    begin_group(_i);
    run_for(SECONDS(3000));
    int64_t pause_ns = watcher.counts.longest_pause_ns;
    ck_assert_int_le(pause_ns, config.latency.max_ns + params_slack_ns(&config.params));
    ck_assert_int_eq(pause_ns > 0, groups[_i].count > 1); // a lone node renews: no pause at all
}
END_TEST

START_TEST(d3_a_lone_node_is_tagged_without_a_pause)
{
    steady_group(1, 1);
    run_for(SECONDS(1000));
    ck_assert_double_eq(tagged_share(1), 1);
    ck_assert_uint_eq(events_of(0, EVENT_TAG), 0);
    ck_assert_uint_ge(events_of(0, EVENT_RENEW), 100);
}
END_TEST

// --- Starting ----------------------------------------------------------------------------------

START_TEST(j1_all_that_start_together_agree)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 50; seed++) {
        begin(seed);
        add_nodes(8);
        next_holder(SECONDS(3.5 * 1.5 + 1.5 + 3 * 1.5));
        run_for(SECONDS(300));
        ck_no_violation("started together");
    }
}
END_TEST

// The newcomer has the highest value, and the group is in the middle of a slot.
START_TEST(j1_a_newcomer_does_not_cut_the_slot)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 3);
        int newcomer = world_add(w, "zz", 9);
        int holder = next_holder(slot_max_ns());
        run_for((int64_t)seed * SECONDS(0.3)); // somewhere in its 8.4 s
        world_start(w, newcomer);
        run_for(SECONDS(8.3) - (int64_t)seed * SECONDS(0.3));
        ck_assert_int_gt(world_tagged_until_ns(w, holder), world_now_ns(w));
        run_for(2 * 4 * 5 * slot_max_ns());
        ck_assert_uint_gt(tags_of(newcomer), 0);
        ck_assert_uint_eq(events_of_all(EVENT_DETAG), 0);
        ck_no_violation("a newcomer");
    }
}
END_TEST

START_TEST(who_has_no_value_never_leads_until_it_has_one)
{
    set_latency(0.5);
    begin(1);
    add_nodes(4);
    world_set_value(w, 2, -1);
    run_for(SECONDS(1000));
    ck_assert_uint_eq(tags_of(2), 0);
    ck_assert_uint_gt(events_of(2, EVENT_GOOD_NODE), 0);
    world_set_value(w, 2, 0);
    run_for(2 * 4 * 5 * slot_max_ns());
    ck_assert_uint_gt(tags_of(2), 0);
    ck_no_violation("values change");
}
END_TEST

START_TEST(j2_a_disabled_node_is_passed_over)
{
    set_latency(0.5);
    steady_group(1, 4);
    world_enable(w, 2, false);
    run_for(SECONDS(1000));
    ck_assert_uint_eq(tags_of(2), 0);
    ck_assert_int_le(watcher.counts.longest_pause_ns, cycle_ns() + gaps_ns(3.7));
    world_enable(w, 2, true);
    run_for(2 * 4 * 5 * slot_max_ns());
    ck_assert_uint_gt(tags_of(2), 0);
    ck_no_violation("disabled and enabled");
}
END_TEST

START_TEST(v1_new_parameters_reach_everybody)
{
    set_latency(0.5);
    steady_group(1, 5);
    struct params faster = config.params;
    faster.version = 1;
    faster.cycle_ns = SECONDS(9);
    world_set_params(w, 3, &faster);
    run_for(SECONDS(30));
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(events_of(i, EVENT_SETUP), 1);
    }
    reset_counts();
    run_for(SECONDS(500)); // slots of 7.5 and a latency; they were of 8.5
    ck_assert_uint_ge(events_of_all(EVENT_TAG), 60);
    ck_no_violation("new parameters");
}
END_TEST

// --- Deaths ------------------------------------------------------------------------------------

static const int sizes[] = {2, 5, 20};

START_TEST(i2_the_holder_dies_and_the_next_takes_over)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, sizes[_i]);
        int holder = next_holder(slot_max_ns());
        run_for((int64_t)seed * SECONDS(0.4));
        world_kill(w, holder);
        ck_assert_int_ne(next_holder(cycle_ns() + gaps_ns(2.6)), holder);
        ck_no_violation("the holder died");
    }
}
END_TEST

// The last `nodes` holders are the ring.
START_TEST(i2_the_whole_ring_dies_and_an_outsider_takes_over)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 20);
        int ring[5];
        for (int i = 0; i < 5; i++) {
            ring[i] = next_holder(slot_max_ns());
        }
        for (int i = 0; i < 5; i++) {
            world_kill(w, ring[i]);
        }
        next_holder(2 * cycle_ns() + gaps_ns(3.7) + config.latency.max_ns);
        ck_no_violation("the ring died");
    }
}
END_TEST

START_TEST(one_is_left_and_comes_to_renew)
{
    steady_group(1, 5);
    for (int i = 1; i < 5; i++) {
        world_kill(w, i);
    }
    run_for(SECONDS(200));
    reset_counts();
    run_for(SECONDS(200));
    ck_assert_double_eq(tagged_share(1), 1);
}
END_TEST

START_TEST(j3_the_holder_loses_its_link_and_comes_back)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        world_link(w, holder, false);
        ck_assert_uint_eq(events_of(holder, EVENT_UNTAG), 1);
        next_holder(slot_max_ns());
        world_link(w, holder, true);
        reset_counts();
        run_for(2 * 5 * 5 * slot_max_ns());
        ck_assert_uint_gt(tags_of(holder), 0);
        ck_no_violation("the link is back");
    }
}
END_TEST

// --- H: hints ----------------------------------------------------------------------------------

static void set_hints(double share_of_gap)
{
    config.hints.given = true;
    config.hints.latency.max_ns = (int64_t)(share_of_gap * (double)config.params.gap_ns);
    config.hints.silence_ns = SECONDS(2);
}

static const double hint_latencies[] = {0, 0.05, 0.5, 0.9}; // in gaps

// One speaks when the first hint has come, and holds a gap later.
START_TEST(h3_a_holder_that_dies_is_followed_at_once)
{
    set_latency(0.5);
    set_hints(hint_latencies[_i]);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        run_for(gaps_ns(0.5) + (int64_t)seed * SECONDS(0.1)); // a gap after all have heard it
        world_kill(w, holder);
        ck_assert_int_ne(next_holder(gaps_ns(1.01 + hint_latencies[_i])), holder);
        run_for(SECONDS(100));
        ck_no_violation("the holder died");
    }
}
END_TEST

START_TEST(h3_so_is_one_that_stops_in_order)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        world_stop(w, holder);
        ck_assert_int_ne(next_holder(gaps_ns(1.51)), holder);
        ck_no_violation("the holder stopped");
        for (int i = 0; i < 5; i++) {
            ck_assert_uint_eq(events_of(i, EVENT_LEAVE), i == holder ? 0 : 1);
        }
    }
}
END_TEST

START_TEST(h1_hints_that_are_lost_only_cost_time)
{
    set_latency(0.5);
    set_hints(0.05);
    config.hints.loss = 1;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        world_kill(w, holder);
        ck_assert_int_ne(next_holder(cycle_ns() + gaps_ns(2.6)), holder);
        ck_no_violation("the holder died");
        ck_assert_uint_eq(events_of_all(EVENT_LEAVE), 0);
    }
}
END_TEST

START_TEST(h1_who_is_silent_is_noticed_later_and_finds_its_link_lost)
{
    set_hints(0.05);
    steady_group(1, 3);
    world_freeze(w, 1);
    run_for(SECONDS(2));
    ck_assert_uint_eq(events_of(0, EVENT_LEAVE), 0);
    run_for(gaps_ns(0.05));
    ck_assert_uint_eq(events_of(0, EVENT_LEAVE), 1);
    ck_assert_uint_eq(events_of(2, EVENT_LEAVE), 1);
    world_thaw(w, 1);
    run_for(gaps_ns(0.05));
    ck_assert_uint_eq(events_of(0, EVENT_JOIN), 1);
    ck_assert_uint_eq(events_of(2, EVENT_JOIN), 1);
    run_for(SECONDS(100));
    ck_no_violation("thawed");
}
END_TEST

START_TEST(h1_a_newcomer_is_told_who_is_there)
{
    set_hints(0.05);
    steady_group(1, 3);
    world_start(w, world_add(w, "n03", 0));
    run_for(gaps_ns(0.05));
    ck_assert_uint_eq(events_of(3, EVENT_JOIN), 3);
}
END_TEST

START_TEST(h1_a_hint_that_is_false_is_only_for_those_that_get_it)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        run_for(SECONDS(3));
        world_hint(w, holder, (holder + 1) % 5, false);
        run_for(1);
        ck_assert_uint_eq(events_of_all(EVENT_LEAVE), 1);
        run_for(SECONDS(100));
        ck_no_violation("nobody has died");
        ck_assert_uint_eq(events_of_all(EVENT_JOIN), 1);
    }
}
END_TEST

START_TEST(h8_a_holder_gives_its_turn_to_another)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns()), heir = (holder + 1 + (int)(seed % 4)) % 5;
        world_give(w, holder, heir);
        ck_assert_int_eq(next_holder(gaps_ns(1.51)), heir);
        ck_no_violation("the turn was given away");
    }
}
END_TEST

// --- I6: frozen --------------------------------------------------------------------------------

static const double freezes[] = {0.5, 3, 9, 12, 40, 300};

START_TEST(i6_a_holder_that_freezes_is_replaced_and_harms_nobody)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        int holder = next_holder(slot_max_ns());
        world_freeze(w, holder);
        run_for(SECONDS(freezes[_i]));
        world_thaw(w, holder);
        ck_assert_uint_eq(events_of(holder, EVENT_UNTAG), freezes[_i] > 8.5 ? 1 : 0);
        run_for(SECONDS(100));
        ck_no_violation("thawed");
        ck_assert_int_le(watcher.counts.longest_pause_ns, cycle_ns() + gaps_ns(3.7));
    }
}
END_TEST

START_TEST(i6_all_freeze_and_wake_together)
{
    set_latency(0.5);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        steady_group(seed, 5);
        next_holder(slot_max_ns());
        for (int i = 0; i < 5; i++) {
            world_freeze(w, i);
        }
        run_for(SECONDS(60));
        for (int i = 0; i < 5; i++) {
            world_thaw(w, i);
        }
        next_holder(5 * cycle_ns()); // I8: after the end of trouble
        run_for(SECONDS(100));
        ck_no_violation("all thawed");
    }
}
END_TEST

// --- I4: islands -------------------------------------------------------------------------------

// Nodes 0, 2, 4 on one island, 1, 3, 5 on the other.
static void split(void)
{
    steady_group(config.seed, 6);
    for (int i = 1; i < 6; i += 2) {
        world_move(w, i, 1);
    }
    run_for(SECONDS(200));
}

static void heal(void)
{
    for (int i = 1; i < 6; i += 2) {
        world_move(w, i, 0);
    }
}

static uint64_t events_of_side(int side, enum event_type type)
{
    return events_of(side, type) + events_of(side + 2, type) + events_of(side + 4, type);
}

START_TEST(i4_each_island_has_its_own_turns)
{
    set_latency(0.5);
    for (config.seed = 1; config.seed <= 20; config.seed++) {
        split();
        ck_assert_uint_ge(events_of_side(0, EVENT_TAG), 15);
        ck_assert_uint_ge(events_of_side(1, EVENT_TAG), 15);
        ck_assert_uint_eq(events_of_all(EVENT_RECOVER), 0);
        ck_no_violation("split");
    }
}
END_TEST

static const double meetings[] = {0, 0.5}; // latencies, in gaps

START_TEST(i4_islands_that_meet_are_one_again_and_both_report_it)
{
    set_latency(meetings[_i]);
    for (config.seed = 1; config.seed <= 20; config.seed++) {
        split();
        heal();
        run_for(2 * cycle_ns() + gaps_ns(2.5));
        ck_assert_uint_ge(events_of_side(0, EVENT_RECOVER), 1);
        ck_assert_uint_ge(events_of_side(1, EVENT_RECOVER), 1);
        reset_counts();
        run_for(SECONDS(500));
        ck_no_violation("healed");
        ck_assert_uint_eq(events_of_all(EVENT_RECOVER), 0);
        ck_assert_int_le(watcher.counts.longest_pause_ns, cycle_ns() + gaps_ns(3.7));
    }
}
END_TEST

// --- I7: floods --------------------------------------------------------------------------------

static void inject_init(int number)
{
    char name[16];
    snprintf(name, sizeof name, "x%04d", number);
    world_inject(w, &(struct message){.type = MESSAGE_INIT, .node = name_of(name)});
}

// A ring of strangers, worse than any node here.
static void inject_ring(int number)
{
    char texts[HISTORY_MAX][16];
    struct message m = {.type = MESSAGE_HIST, .history.count = HISTORY_MAX};
    for (int i = 0; i < HISTORY_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "y%04d", (number + i) % 10000);
        m.history.names[i] = name_of(texts[i]);
    }
    world_inject(w, &m);
}

static void (*const floods[])(int) = {inject_init, inject_ring};

START_TEST(i7_a_flood_of_names_changes_nothing)
{
    set_latency(0.5);
    steady_group(1, 5);
    for (int i = 0; i < 5000; i++) {
        floods[_i](i);
        run_for(SECONDS(0.01));
    }
    run_for(SECONDS(200));
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_gt(tags_of(i), 2);
    }
    ck_assert_int_le(watcher.counts.longest_pause_ns, cycle_ns() + gaps_ns(3.7));
    ck_no_violation("flooded");
}
END_TEST

// --- I8: a bad network -------------------------------------------------------------------------

static const struct {
    double loss, overlap; // at most so much of the time
    int count;
} losses[] = {{0.01, 0.0015, 5}, {0.01, 0.0015, 20}, {0.05, 0.01, 5}, {0.05, 0.01, 20}};

START_TEST(i8_lost_messages_do_little_harm)
{
    config.loss = losses[_i].loss;
    set_latency(0.5);
    steady_group(1, losses[_i].count);
    run_for(SECONDS(20000));
    const struct counts *counts = &watcher.counts;
    ck_assert_double_le(tagged_share(2), losses[_i].overlap);
    ck_no_violation("loss");             // two are tagged for a cycle at most
    ck_assert_uint_gt(counts->hists, 0); // it was felt
}
END_TEST

// --- I1: trouble ---------------------------------------------------------------------------------

static uint64_t trouble; // where its random sequence stands

static int64_t below(int64_t bound)
{
    trouble = hash_mix(trouble + 1);
    return (int64_t)(trouble % (uint64_t)bound);
}

// What may befall a node. Freezing has its own tests: a node that freezes while a collision is
// being decided does not hear that it lost.
static void befall(int node, bool *alive)
{
    trouble = hash_mix(trouble + 1);
    if (!*alive) {
        world_start(w, node);
        *alive = true;
    } else if (trouble % 3 == 0) {
        world_kill(w, node);
        *alive = false;
    } else {
        world_set_value(w, node, (int)(trouble % 5) - 1);
    }
}

// A world of its own for each seed: size, ring, names in a beacon, latency.
static int begin_any(uint64_t seed)
{
    trouble = seed;
    int count = 2 + (int)below(7);
    config.params.nodes = 1 + (int32_t)below(6);
    config.params.splits = 1 + (int32_t)below(5);
    config.latency.max_ns = below(gaps_ns(0.98));
    config.latency.min_ns = config.latency.max_ns * below(3) / 2;
    begin(seed);
    add_nodes(count);
    return count;
}

START_TEST(i1_no_trouble_of_single_nodes_makes_two_holders)
{
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        bool alive[8] = {true, true, true, true, true, true, true, true};
        int count = begin_any(seed);
        for (int i = 0; i < 30; i++) {
            int64_t node = below(count);
            befall((int)node, &alive[node]);
            run_for(below(SECONDS(20)));
        }
        ck_no_violation("troubled");
    }
}
END_TEST

// --- I9: the same again ------------------------------------------------------------------------

static void trace_of(uint64_t seed, char hex[TRACE_HASH_HEX])
{
    set_latency(0.9);
    begin(seed);
    watcher.trace = trace_new(w, NULL);
    add_nodes(5);
    run_for(SECONDS(200));
    trace_hash(watcher.trace, hex);
}

START_TEST(i9_one_seed_has_one_trace)
{
    char seven[TRACE_HASH_HEX], again[TRACE_HASH_HEX], eight[TRACE_HASH_HEX];
    trace_of(7, seven);
    trace_of(7, again);
    trace_of(8, eight);
    ck_assert_str_eq(seven, again);
    ck_assert_str_ne(seven, eight);
}
END_TEST

// --- The suite ----------------------------------------------------------------------------------

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60); // under sanitizers and valgrind
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_steady_groups(Suite *suite)
{
    TCase *tcase = add_case(suite, "Steady groups");
    tcase_add_loop_test(tcase, i11_everybody_has_a_turn, 0, COUNT(groups));
    tcase_add_loop_test(tcase, i3_one_beacon_a_slot, 0, COUNT(groups));
    tcase_add_loop_test(tcase, i2_the_next_is_tagged_one_latency_after_the_last, 0, COUNT(groups));
    tcase_add_test(tcase, d3_a_lone_node_is_tagged_without_a_pause);
}

static void add_starting(Suite *suite)
{
    TCase *tcase = add_case(suite, "Starting");
    tcase_add_test(tcase, j1_all_that_start_together_agree);
    tcase_add_test(tcase, j1_a_newcomer_does_not_cut_the_slot);
    tcase_add_test(tcase, who_has_no_value_never_leads_until_it_has_one);
    tcase_add_test(tcase, j2_a_disabled_node_is_passed_over);
    tcase_add_test(tcase, v1_new_parameters_reach_everybody);
}

static void add_deaths(Suite *suite)
{
    TCase *tcase = add_case(suite, "Deaths");
    tcase_add_loop_test(tcase, i2_the_holder_dies_and_the_next_takes_over, 0, COUNT(sizes));
    tcase_add_test(tcase, i2_the_whole_ring_dies_and_an_outsider_takes_over);
    tcase_add_test(tcase, one_is_left_and_comes_to_renew);
    tcase_add_test(tcase, j3_the_holder_loses_its_link_and_comes_back);
}

static void add_h_hints(Suite *suite)
{
    TCase *tcase = add_case(suite, "H: hints");
    tcase_add_loop_test(tcase, h3_a_holder_that_dies_is_followed_at_once, 0, COUNT(hint_latencies));
    tcase_add_test(tcase, h3_so_is_one_that_stops_in_order);
    tcase_add_test(tcase, h1_hints_that_are_lost_only_cost_time);
    tcase_add_test(tcase, h1_who_is_silent_is_noticed_later_and_finds_its_link_lost);
    tcase_add_test(tcase, h1_a_newcomer_is_told_who_is_there);
    tcase_add_test(tcase, h1_a_hint_that_is_false_is_only_for_those_that_get_it);
    tcase_add_test(tcase, h8_a_holder_gives_its_turn_to_another);
}

static void add_i6_frozen(Suite *suite)
{
    TCase *tcase = add_case(suite, "I6: frozen");
    tcase_add_loop_test(tcase, i6_a_holder_that_freezes_is_replaced_and_harms_nobody, 0,
                        COUNT(freezes));
    tcase_add_test(tcase, i6_all_freeze_and_wake_together);
}

static void add_i4_islands(Suite *suite)
{
    TCase *tcase = add_case(suite, "I4: islands");
    tcase_add_test(tcase, i4_each_island_has_its_own_turns);
    tcase_add_loop_test(tcase, i4_islands_that_meet_are_one_again_and_both_report_it, 0,
                        COUNT(meetings));
}

static void add_i7_floods(Suite *suite)
{
    TCase *tcase = add_case(suite, "I7: floods");
    tcase_add_loop_test(tcase, i7_a_flood_of_names_changes_nothing, 0, COUNT(floods));
}

static void add_i8_a_bad_network(Suite *suite)
{
    TCase *tcase = add_case(suite, "I8: a bad network");
    tcase_add_loop_test(tcase, i8_lost_messages_do_little_harm, 0, COUNT(losses));
}

static void add_i1_trouble(Suite *suite)
{
    TCase *tcase = add_case(suite, "I1: trouble");
    tcase_add_test(tcase, i1_no_trouble_of_single_nodes_makes_two_holders);
}

static void add_i9_the_same_again(Suite *suite)
{
    TCase *tcase = add_case(suite, "I9: the same again");
    tcase_add_test(tcase, i9_one_seed_has_one_trace);
}

int main(void)
{
    Suite *suite = suite_create("world");
    add_steady_groups(suite);
    add_starting(suite);
    add_deaths(suite);
    add_h_hints(suite);
    add_i6_frozen(suite);
    add_i4_islands(suite);
    add_i7_floods(suite);
    add_i8_a_bad_network(suite);
    add_i1_trouble(suite);
    add_i9_the_same_again(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
