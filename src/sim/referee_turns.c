// SPDX-License-Identifier: MIT
// Turns: who is tagged, when, and for how long (I1 to I6, I8, I11).
#include "referee_state.h"

enum { STEADY_SLOTS = 100 }; // before a share of them counts

// --- I1, I8: who is tagged -----------------------------------------------------------------------

static bool counts(const struct referee *r, int node)
{
    return r->now_ns >= r->seats[node].counts_ns && r->now_ns >= r->seats[node].met_ns;
}

static bool overlaps(const struct referee *r, int a, int b)
{
    return a != b && r->seats[a].until_ns > r->now_ns && r->seats[b].until_ns > r->now_ns &&
           r->seats[a].at == r->seats[b].at && r->seats[a].cut_ns == NEVER &&
           r->seats[b].cut_ns == NEVER && (r->config.lossy || (counts(r, a) && counts(r, b)));
}

static void check_overlap(struct referee *r, int a, int b)
{
    struct island *island = island_of(r, a);
    if (!r->config.lossy) {
        blame(r, INVARIANT_I1, "%s and %s are tagged at once", name_at(r, a), name_at(r, b));
        r->seats[a].until_ns = r->now_ns; // once is enough
    } else if (island->overlap_ns == NEVER) {
        island->overlap_ns = r->now_ns;
    } else if (r->now_ns - island->overlap_ns > r->config.params.cycle_ns) {
        blame(r, INVARIANT_I8, "%s and %s have both been tagged for more than a cycle",
              name_at(r, a), name_at(r, b));
        island->overlap_ns = r->now_ns;
    }
}

void check_tagged(struct referee *r)
{
    bool found = false;
    for (int i = 0; i < r->tagged_count; i++) {
        for (int j = i + 1; j < r->tagged_count; j++) {
            if (overlaps(r, r->tagged[i], r->tagged[j])) {
                check_overlap(r, r->tagged[i], r->tagged[j]);
                found = true;
            }
        }
    }
    for (int i = 0; i < r->island_count && !found; i++) {
        r->islands[i].overlap_ns = NEVER;
    }
}

void add_tagged(struct referee *r, int node)
{
    r->seats[node].tagged = true;
    r->tagged[r->tagged_count++] = node;
}

void remove_tagged(struct referee *r, int node)
{
    int i = 0;
    while (i < r->tagged_count && r->tagged[i] != node) {
        i++;
    }
    if (i < r->tagged_count) {
        r->tagged[i] = r->tagged[--r->tagged_count];
    }
    r->seats[node].tagged = false;
}

// I5: J2 ends the tag of a node that cannot lead, in the same instant.
void check_ready(struct referee *r)
{
    for (int i = 0; i < r->tagged_count; i++) {
        int node = r->tagged[i];
        if (r->seats[node].unable) {
            blame(r, INVARIANT_I5, "%s is tagged, and cannot lead", name_at(r, node));
            r->seats[node].unable = false; // once is enough
        }
    }
}

// --- I2: from tag to tag -------------------------------------------------------------------------

void expect_turn(struct referee *r, struct island *island)
{
    bool quiet = island->turn_ns != NEVER && island->turn_ns > island->disturbed_ns;
    island->check_ns =
        quiet ? island->turn_ns + pause_ns(r, 1) : island->disturbed_ns + pause_ns(r, 2);
    if (island->met_by_ns != NEVER && island->check_ns < island->met_by_ns + pause_ns(r, 1)) {
        island->check_ns = island->met_by_ns + pause_ns(r, 1); // I4 comes first
    }
}

// Somebody has been able to lead for all of that time.
bool had_leader(const struct referee *r, const struct island *island, int64_t since_ns)
{
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island) && is_present(r, i) && r->seats[i].ready_ns <= since_ns) {
            return true;
        }
    }
    return false;
}

void check_pause(struct referee *r, struct island *island)
{
    if (r->config.lossy || r->now_ns <= island->check_ns) {
        return;
    }
    if (had_leader(r, island, r->now_ns - pause_ns(r, 2))) {
        blame(r, INVARIANT_I2, "nobody has been tagged on island %d since %.3f",
              (int)(island - r->islands),
              (double)(island->turn_ns != NEVER ? island->turn_ns : 0) / 1e9);
    }
    island->check_ns = r->now_ns + pause_ns(r, 2);
}

// --- I3: one beacon a slot -----------------------------------------------------------------------

// Collisions are allowed where latencies are longer than half a gap, in few slots.
static void check_steady(struct referee *r, const struct island *island)
{
    const struct slots *steady = &island->steady;
    bool quick = r->config.latency_max_ns <= r->config.params.gap_ns / 2;
    if (r->config.lossy || steady->collided == 0) {
        return;
    }
    if (quick || (steady->count >= STEADY_SLOTS && steady->collided * 100 >= steady->count * 3)) {
        blame(r, INVARIANT_I3, "%d slots of %d had more than one beacon in a steady group",
              (int)steady->collided, (int)steady->count);
    }
}

// Everybody has been heard by everybody: without presence, only a turn tells of an outsider; and
// whoever left without a word has been expected in vain, twice.
bool is_steady(const struct referee *r, const struct island *island)
{
    uint64_t ring_size = (uint64_t)params_ring_size(&r->config.params);
    uint64_t rounds = 2 * (uint64_t)r->seat_count * ring_size;
    if (count_ready(r, island) == 0 ||
        (island->left_slot > 0 && island->slots.count < island->left_slot + rounds)) {
        return false;
    }
    for (int i = 0; i < r->seat_count; i++) {
        bool leads = is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i);
        if (leads && r->seats[i].led_ns <= island->disturbed_ns) {
            return false;
        }
    }
    return r->now_ns - island->disturbed_ns > meeting_ns(r);
}

void hear_beacon(struct referee *r, struct island *island)
{
    int64_t late_ns =
        island->slots.begun_ns + r->config.params.cycle_ns + r->config.latency_max_ns + spare_ns(r);
    if (slots_beacon(&island->slots, &r->config.params, r->now_ns)) {
        island->is_late = r->now_ns > late_ns;
    }
    if (island->is_late || !is_steady(r, island)) {
        island->steady = (struct slots){0};
        return;
    }
    slots_beacon(&island->steady, &r->config.params, r->now_ns);
    check_steady(r, island);
    if (island->steady.count >= 10 * STEADY_SLOTS) {
        island->steady = (struct slots){0};
    }
}

// --- I4: two islands meet ------------------------------------------------------------------------

// All are in one rotation: they follow the same head.
static bool is_one_ring(const struct referee *r, const struct island *island)
{
    uint64_t head = 0;
    for (int i = 0; i < r->seat_count; i++) {
        if (!is_on(r, i, island) || !is_present(r, i) || r->seats[i].head == 0) {
            continue;
        }
        if (head != 0 && r->seats[i].head != head) {
            return false;
        }
        head = r->seats[i].head;
    }
    return true;
}

// A node that would tell of a meeting (R7).
bool has_ring(const struct referee *r, int node)
{
    return is_present(r, node) && world_is_ready(r->world, node) && r->seats[node].on_ring;
}

// One that has reported may have lost its place since.
static bool has_recovered(const struct referee *r, const struct island *island, int side)
{
    bool any = false;
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island) && r->seats[i].side == side) {
            any |= has_ring(r, i);
            if (r->seats[i].recovered) {
                return true;
            }
        }
    }
    return !any;
}

void end_meeting(struct referee *r, struct island *island)
{
    island->met_by_ns = NEVER;
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island)) {
            r->seats[i].side = r->seats[i].at;
        }
    }
}

void check_meeting(struct referee *r, struct island *island)
{
    if (island->met_by_ns == NEVER || r->config.lossy) {
        return;
    }
    if (r->now_ns > island->met_by_ns) {
        blame(r, INVARIANT_I4, "island %d is not one ring in time", (int)(island - r->islands));
        end_meeting(r, island);
    } else if (is_one_ring(r, island)) {
        for (int side = 0; side < r->island_count && island->tells; side++) {
            if (!has_recovered(r, island, side)) {
                return;
            }
        }
        end_meeting(r, island);
    }
}

// --- I11: everybody's turn -----------------------------------------------------------------------

void check_turns(struct referee *r, const struct island *island)
{
    uint64_t ready = (uint64_t)count_ready(r, island);
    // Those whom a newcomer has not heard yet wait longer.
    uint64_t rounds = is_steady(r, island) ? 2 : 6;
    uint64_t most = rounds * ready * (uint64_t)params_ring_size(&r->config.params) + 2;
    if (r->config.lossy) {
        return;
    }
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i) &&
            island->slots.count - r->seats[i].slots_seen > most) {
            blame(r, INVARIANT_I11, "%s had no turn for %d slots", name_at(r, i), (int)most);
            r->seats[i].slots_seen = island->slots.count;
        }
    }
}

// --- I6: giving up in time -----------------------------------------------------------------------

// Whether it is running, and has done so before this instant.
static bool is_awake(const struct referee *r, int node)
{
    int64_t counts_ns = r->seats[node].counts_ns;
    return counts_ns != NEVER && r->now_ns > counts_ns - answer_ns(r);
}

void check_lease(struct referee *r, int node)
{
    const struct seat *seat = &r->seats[node];
    if (r->config.lease_ns > 0 && seat->cut_ns != NEVER && is_awake(r, node) &&
        seat->until_ns > r->now_ns && r->now_ns - seat->cut_ns > r->config.lease_ns + spare_ns(r)) {
        blame(r, INVARIANT_I6, "%s is tagged, and its link has long been cut", name_at(r, node));
        r->seats[node].until_ns = r->now_ns;
    }
}

void check_first_word(struct referee *r, int node, const struct event *event)
{
    struct seat *seat = &r->seats[node];
    bool gives_up = event->type == EVENT_UNTAG || event->type == EVENT_DETAG;
    if (seat->owes_untag && !gives_up) {
        blame(r, INVARIANT_I6, "%s slept past its tag, and reports something else first",
              name_at(r, node));
    }
    seat->owes_untag = false;
}
