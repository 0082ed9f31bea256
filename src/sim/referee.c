// SPDX-License-Identifier: MIT
// Who is where, and what each event and accident means for the checks.
#include "memory.h"
#include "referee_state.h"

#include <stdarg.h>
#include <stdio.h>

const char *invariant_name(enum invariant invariant)
{
    static const char *const names[] = {"I1", "I2",  "I3",  "I4",  "I5",  "I6", "I7",
                                        "I8", "I10", "I11", "I12", "I13", "I14"};
    return names[invariant];
}

void blame(struct referee *r, enum invariant invariant, const char *format, ...)
{
    struct violation *first = &r->first_of[invariant];
    if (r->violations_of[invariant]++ == 0) {
        va_list args;
        va_start(args, format);
        first->invariant = invariant;
        first->at_ns = r->now_ns;
        vsnprintf(first->text, sizeof first->text, format, args);
        va_end(args);
    }
    if (r->violations++ == 0) {
        r->first = *first;
    }
}

const char *name_at(const struct referee *r, int node)
{
    return world_name(r->world, node);
}

struct island *island_of(struct referee *r, int node)
{
    return &r->islands[world_island(r->world, node)];
}

// --- How long things may take --------------------------------------------------------------------

// Late timers of two nodes, and clocks that differ.
int64_t spare_ns(const struct referee *r)
{
    return 4 * r->config.late_ns + 2 * params_slack_ns(&r->config.params);
}

int64_t gaps_ns(const struct referee *r, int tenths)
{
    return r->config.params.gap_ns / 10 * tenths;
}

// I2
int64_t pause_ns(const struct referee *r, int cycles)
{
    return cycles * r->config.params.cycle_ns + gaps_ns(r, 37) + r->config.latency_max_ns +
           spare_ns(r);
}

// Without presence: how long two islands need to know of each other, and all to agree.
int64_t meeting_ns(const struct referee *r)
{
    int cycles = r->config.latency_max_ns <= r->config.params.gap_ns / 2 ? 1 : 2;
    return cycles * r->config.params.cycle_ns + gaps_ns(r, 25) + r->config.latency_max_ns +
           spare_ns(r);
}

// A node that was frozen knows all that was said meanwhile as soon as it has read it; that it is
// tagged others may first learn from its answer, for which it waits one gap (J4).
int64_t answer_ns(const struct referee *r)
{
    return r->config.params.gap_ns + r->config.latency_max_ns + spare_ns(r);
}

// --- Who is there --------------------------------------------------------------------------------

static void make_seats(struct referee *r)
{
    int count = world_count(r->world);
    if (count == r->seat_count) {
        return;
    }
    r->seats = grow(r->seats, (size_t)count, sizeof *r->seats);
    r->tagged = grow(r->tagged, (size_t)count, sizeof *r->tagged);
    r->holders = grow(r->holders, (size_t)count, sizeof *r->holders);
    for (; r->seat_count < count; r->seat_count++) {
        r->seats[r->seat_count] =
            (struct seat){.ready_ns = NEVER, .cut_ns = NEVER, .owes_ns = NEVER};
    }
}

static void make_islands(struct referee *r, int island)
{
    for (; r->island_count <= island && r->island_count < ISLANDS_MAX; r->island_count++) {
        r->islands[r->island_count] = (struct island){
            .turn_ns = NEVER,
            .disturbed_ns = r->now_ns,
            .moved_ns = NEVER,
            .check_ns = NEVER,
            .met_by_ns = NEVER,
            .overlap_ns = NEVER,
            .settles_ns = NEVER,
        };
    }
}

// One that takes part: it hears and is heard.
bool is_present(const struct referee *r, int node)
{
    return world_is_up(r->world, node) && !world_is_frozen(r->world, node) &&
           !world_is_cut(r->world, node);
}

bool is_on(const struct referee *r, int node, const struct island *island)
{
    return r->seats[node].at == island - r->islands;
}

int count_ready(const struct referee *r, const struct island *island)
{
    int count = 0;
    for (int i = 0; i < r->seat_count; i++) {
        count += is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i);
    }
    return count;
}

// --- Events --------------------------------------------------------------------------------------

static uint64_t ring_hash(const struct history *ring)
{
    uint64_t hash = 1;
    for (size_t i = 0; i < ring->count; i++) {
        hash = hash_mix(hash ^ name_hash(ring->names[i]));
    }
    return hash | 1;
}

static bool is_among(const struct history *ring, struct name name)
{
    size_t i = 0;
    while (i < ring->count && !name_equal(ring->names[i], name)) {
        i++;
    }
    return i < ring->count;
}

// I7
static void check_ring(struct referee *r, int node, const struct event *event)
{
    const struct history *ring = &event->ring;
    bool twice = false;
    for (size_t i = 0; i < ring->count; i++) {
        for (size_t j = 0; j < i; j++) {
            twice |= name_equal(ring->names[i], ring->names[j]);
        }
    }
    if (twice || ring->count == 0 || ring->count > (size_t)params_ring_size(&r->config.params) ||
        event->members > r->config.capacity) {
        blame(r, INVARIANT_I7, "%s has a ring of %d, and knows %u nodes", name_at(r, node),
              (int)ring->count, event->members);
    }
}

static void see_tag(struct referee *r, int node, const struct event *event)
{
    struct seat *seat = &r->seats[node];
    struct island *island = island_of(r, node);
    bool renews = event->type == EVENT_RENEW;
    if (seat->tagged != renews) {
        blame(r, INVARIANT_I5, "%s reports a %s while it is%s tagged", name_at(r, node),
              renews ? "renewal" : "tag", renews ? " not" : "");
    }
    if (!seat->tagged) {
        add_tagged(r, node);
    }
    seat->until_ns = world_time_of(r->world, node, event->until_ns);
    seat->slots_seen = island->slots.count;
    seat->led_ns = r->now_ns;
    island->turn_ns = r->now_ns;
    island->turns++;
    expect_turn(r, island);
}

static void see_untag(struct referee *r, int node)
{
    if (!r->seats[node].tagged) {
        blame(r, INVARIANT_I5, "%s gives up a tag that it does not hold", name_at(r, node));
    }
    remove_tagged(r, node);
}

static void see_slot(struct referee *r, int node, const struct event *event)
{
    struct seat *seat = &r->seats[node];
    struct island *island = island_of(r, node);
    uint64_t ring = ring_hash(&event->ring);
    // The same slot with another ring is a correction, after a collision that was late to be seen.
    if (event->slot < seat->slot || (event->slot == seat->slot && ring == seat->ring)) {
        blame(r, INVARIANT_I5, "%s reports a slot twice", name_at(r, node));
    }
    seat->slot = event->slot;
    seat->ring = ring;
    seat->head = name_hash(event->ring.names[0]) | 1;
    seat->on_ring = is_among(&event->ring, name_of(name_at(r, node)));
    check_ring(r, node, event);
    check_meeting(r, island);
}

static void see_event(struct referee *r, int node, const struct event *event)
{
    check_first_word(r, node, event);
    switch (event->type) {
    case EVENT_TAG:
    case EVENT_RENEW:
        see_tag(r, node, event);
        break;
    case EVENT_UNTAG:
    case EVENT_DETAG:
        see_untag(r, node);
        break;
    case EVENT_SLOT:
        see_slot(r, node, event);
        break;
    case EVENT_RECOVER:
        r->seats[node].recovered = true;
        check_meeting(r, island_of(r, node));
        break;
    case EVENT_SETTLING:
        see_settling(r, node);
        break;
    case EVENT_SETTLED:
        see_settled(r, node, event);
        break;
    case EVENT_LEAVE:
        see_leave(r, event->who);
        expect_settled(r, island_of(r, node));
        break;
    case EVENT_JOIN:
        expect_settled(r, island_of(r, node));
        break;
    case EVENT_SETUP:
    case EVENT_PING:
    case EVENT_GOOD_NODE:
    case EVENT_ROSTER:
    case EVENT_NAME_TAKEN:
        break;
    }
}

// --- What is done to nodes -----------------------------------------------------------------------

static void disturb(struct referee *r, struct island *island, bool moved)
{
    if (!moved && island->met_by_ns != NEVER) {
        end_meeting(r, island);
    }
    island->disturbed_ns = r->now_ns;
    expect_turn(r, island);
    expect_settled(r, island);
    for (int i = 0; i < r->seat_count; i++) {
        r->seats[i].slots_seen = island_of(r, i)->slots.count;
    }
}

// It may lead from now on, or not any longer.
static void see_readiness(struct referee *r, int node)
{
    bool ready = is_present(r, node) && world_is_ready(r->world, node);
    r->seats[node].ready_ns = ready ? r->now_ns : NEVER;
    r->seats[node].unable = world_is_up(r->world, node) && !world_is_ready(r->world, node) &&
                            !world_is_frozen(r->world, node);
}

static void begin_anew(struct referee *r, int node)
{
    struct seat *seat = &r->seats[node];
    int64_t cut_ns = world_is_cut(r->world, node) ? r->now_ns : NEVER;
    *seat = (struct seat){.counts_ns = r->now_ns,
                          .cut_ns = cut_ns,
                          .at = seat->at,
                          .side = seat->side,
                          .shares = seat->shares,
                          .owes_ns = seat->owes_ns,
                          .settled_ns = seat->settled_ns,
                          .began_ns = seat->began_ns,
                          .linked_ns = seat->linked_ns};
}

// Who dies stops at once, but nobody knows that.
static void see_process(struct referee *r, int node, bool starts)
{
    struct seat *seat = &r->seats[node];
    if (starts) {
        seat->owes_ns = NEVER;
        seat->began_ns = r->now_ns;
    } else if (seat->index > 0) {
        seat->owes_ns = r->now_ns;
    }
}

static void see_freeze(struct referee *r, int node, bool frozen)
{
    struct seat *seat = &r->seats[node];
    seat->owes_untag = !frozen && seat->tagged && seat->until_ns <= r->now_ns;
    *(frozen ? &seat->frozen_ns : &seat->thawed_ns) = r->now_ns;
    seat->counts_ns = frozen ? NEVER : r->now_ns + answer_ns(r);
    r->look_ns = r->now_ns;
}

static void see_cut(struct referee *r, int node, bool cut)
{
    r->seats[node].cut_ns = cut ? r->now_ns : NEVER;
    r->seats[node].met_ns = r->now_ns + meeting_ns(r);
    r->look_ns = r->seats[node].met_ns;
}

// With fewer turns of its own, a side looks as if it had missed those of the other.
static bool has_past(const struct referee *r, const struct island *island)
{
    return island->turns > 4 && island->turns > (uint64_t)r->config.params.splits;
}

// Nodes that move at the same time do so together.
static void change_members(struct referee *r, struct island *from, struct island *to)
{
    if (to->moved_ns != r->now_ns) {
        to->tells = has_past(r, from) && has_past(r, to);
    }
    if (from->moved_ns != r->now_ns) {
        end_meeting(r, from);
    }
    from->moved_ns = to->moved_ns = r->now_ns;
    from->turns = to->turns = 0;
    from->left_slot = from->slots.count + 1;
    to->left_slot = to->slots.count + 1;
    disturb(r, from, true);
}

// I4 is claimed for islands that each had a ring, met at once, and are left alone.
static void see_move(struct referee *r, int node)
{
    struct island *island = island_of(r, node);
    struct seat *seat = &r->seats[node];
    bool meets = false;
    change_members(r, &r->islands[seat->at], island);
    seat->met_ns = r->now_ns + meeting_ns(r);
    r->look_ns = seat->met_ns;
    seat->side = seat->at;
    seat->at = world_island(r->world, node);
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island)) {
            r->seats[i].recovered = false;
            meets |= i != node && has_ring(r, i) && r->seats[i].side != r->seats[node].side;
        }
    }
    island->met_by_ns = meets && has_ring(r, node)
                            ? r->now_ns + 2 * r->config.params.cycle_ns + gaps_ns(r, 25) +
                                  r->config.latency_max_ns + spare_ns(r)
                            : NEVER;
}

static void see_change(struct referee *r, const struct news *news)
{
    switch (news->type) {
    case NEWS_STARTED:
    case NEWS_KILLED:
        remove_tagged(r, news->node);
        see_process(r, news->node, news->type == NEWS_STARTED);
        begin_anew(r, news->node);
        break;
    case NEWS_LINK_UP:
        r->seats[news->node].linked_ns = r->now_ns;
        if (!r->seats[news->node].tagged) { // else it has still to say that it is not
            begin_anew(r, news->node);
        }
        break;
    case NEWS_LINK_DOWN:
        break;
    case NEWS_FROZEN:
    case NEWS_THAWED:
        see_freeze(r, news->node, news->type == NEWS_FROZEN);
        break;
    case NEWS_CUT:
    case NEWS_BACK:
        see_cut(r, news->node, news->type == NEWS_CUT);
        break;
    case NEWS_MOVED:
        make_islands(r, world_island(r->world, news->node));
        see_move(r, news->node);
        break;
    case NEWS_VALUE:
    case NEWS_ENABLED:
    case NEWS_DISABLED:
    case NEWS_PARAMS:
    case NEWS_GIVES:
    case NEWS_AWAY:
    case NEWS_DRAINED:
    case NEWS_HINTED:
    case NEWS_EFFECT:
        break;
    }
    if (!is_present(r, news->node) || !world_is_ready(r->world, news->node)) {
        island_of(r, news->node)->left_slot = island_of(r, news->node)->slots.count + 1;
    }
    r->seats[news->node].touched_ns = r->now_ns;
    see_readiness(r, news->node);
    disturb(r, island_of(r, news->node), news->type == NEWS_MOVED);
}

// --- The door ------------------------------------------------------------------------------------

struct referee *referee_new(const struct world *world, const struct referee_config *config)
{
    struct referee *r = make(1, sizeof *r);
    r->world = world;
    r->config = *config;
    make_islands(r, 0);
    r->islands[0].disturbed_ns = world_now_ns(world);
    r->look_ns = NEVER;
    r->views = views_new(world);
    return r;
}

void referee_free(struct referee *r)
{
    if (r != NULL) {
        release(r->seats);
        release(r->tagged);
        release(r->holders);
        views_free(r->views);
    }
    release(r);
}

void referee_settle(struct referee *r, int64_t now_ns)
{
    if (now_ns > r->now_ns) {
        check_indices(r);
        check_tagged(r); // what two messages of one instant tell lasted no time
        check_ready(r);
    }
    r->now_ns = now_ns;
    for (int i = 0; i < r->tagged_count; i++) {
        check_lease(r, r->tagged[i]);
    }
    for (int i = 0; i < r->island_count; i++) {
        check_pause(r, &r->islands[i]);
        check_settled(r, &r->islands[i]);
        if (now_ns > r->islands[i].met_by_ns) {
            check_meeting(r, &r->islands[i]);
        }
    }
}

static void see_send(struct referee *r, int node, const struct message *message)
{
    if (message->type == MESSAGE_PING) {
        hear_beacon(r, island_of(r, node));
        check_turns(r, island_of(r, node));
    } else if (message->type == MESSAGE_VIEW) {
        see_view(r, node, message);
    } else if (message->left) {
        r->seats[node].owes_ns = NEVER; // S6: its good-bye
    }
}

void referee_news(struct referee *r, const struct news *news)
{
    make_seats(r);
    referee_settle(r, news->now_ns);
    if (news->type == NEWS_DRAINED) {
        r->seats[news->node].owes_ns = NEVER; // nothing that others see
    } else if (news->type != NEWS_EFFECT) {
        see_change(r, news);
    } else if (news->effect->type == EFFECT_EVENT) {
        see_event(r, news->node, &news->effect->event);
    } else if (news->effect->type == EFFECT_SEND) {
        see_send(r, news->node, &news->effect->send);
    }
}

uint64_t referee_violations(const struct referee *r)
{
    return r->violations;
}

const struct violation *referee_first(const struct referee *r)
{
    return r->violations > 0 ? &r->first : NULL;
}

uint64_t referee_violations_of(const struct referee *r, enum invariant invariant)
{
    return r->violations_of[invariant];
}

const struct violation *referee_first_of(const struct referee *r, enum invariant invariant)
{
    return r->violations_of[invariant] > 0 ? &r->first_of[invariant] : NULL;
}
