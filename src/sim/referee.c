// SPDX-License-Identifier: MIT
#include "referee.h"

#include "memory.h"
#include "slots.h"
#include "views.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ISLANDS_MAX = 64, STEADY_SLOTS = 100 };

// What is known of a node from outside.
struct seat {
    bool tagged;
    int64_t until_ns;    // of the tag, by the world's clock
    uint64_t slot;       // of its last slot event
    int64_t counts_ns;   // since when it counts for I1: after it woke,
    int64_t met_ns;      // and after it has met the others of its island
    int64_t ready_ns;    // since when it could lead; NEVER: it cannot
    bool unable;         // it runs, and cannot lead
    int64_t cut_ns;      // since when it is cut off; NEVER: it is not
    bool owes_untag;     // it slept past the end of its tag
    uint64_t ring, head; // of its last slot event, hashed; 0: none yet
    uint64_t slots_seen; // of its island when it led last, or might first have
    int64_t led_ns;      // its last tag
    bool on_ring;        // in its own view
    int at, side;        // its island, and the one before
    bool recovered;      // since it came there
    uint32_t index;      // S3; 0: it has none
    bool settling;       // as it has said last
    uint64_t shares;     // S6: in which it had its last index, hashed
    int64_t settled_ns;  // when it got that
    int64_t began_ns;    // its process
    int64_t linked_ns;   // when its link came back
    int64_t frozen_ns, thawed_ns;
    int64_t left_ns;    // when somebody last said that it has
    int64_t touched_ns; // when something was done to it last
    int64_t owes_ns;    // since when it has to stop what that gave it to do; NEVER: it need not
};

// Nodes that hear each other.
struct island {
    int64_t turn_ns;      // the last tag or renewal; NEVER: none yet
    int64_t disturbed_ns; // the last time that something happened to a node
    int64_t check_ns;     // I2: when to look
    int64_t met_by_ns;    // I4: when it has to be one ring; NEVER: nothing is expected
    int64_t moved_ns;     // when nodes came or went last
    uint64_t turns;       // since then
    bool tells;           // I4: both sides have taken so many turns that their rings tell of it
    int64_t overlap_ns;   // I8: since when two are tagged; NEVER: they are not
    uint64_t left_slot;   // when a node was gone last
    struct slots slots;   // all of them
    struct slots steady;  // of the present time without disturbance
    bool is_late;         // the present slot is: somebody kept silent before it
    int64_t settles_ns;   // I10: by when everybody has an index
};

struct referee {
    const struct world *world;
    struct referee_config config;
    struct seat *seats;
    int seat_count;
    struct island islands[ISLANDS_MAX];
    int island_count;
    int64_t look_ns; // I10: when to look whether two have one index
    struct views *views;
    int *holders; // of each index, while looking
    int *tagged;  // nodes
    int tagged_count;
    int64_t now_ns;
    uint64_t violations;
    struct violation first;
    uint64_t violations_of[INVARIANTS];
    struct violation first_of[INVARIANTS];
};

const char *invariant_name(enum invariant invariant)
{
    static const char *const names[] = {"I1", "I2",  "I3",  "I4",  "I5",  "I6", "I7",
                                        "I8", "I10", "I11", "I12", "I13", "I14"};
    return names[invariant];
}

__attribute__((format(printf, 3, 4))) static void blame(struct referee *r, enum invariant invariant,
                                                        const char *format, ...)
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

static const char *name_at(const struct referee *r, int node)
{
    return world_name(r->world, node);
}

static struct island *island_of(struct referee *r, int node)
{
    return &r->islands[world_island(r->world, node)];
}

// --- How long things may take --------------------------------------------------------------------

// Late timers of two nodes, and clocks that differ.
static int64_t spare_ns(const struct referee *r)
{
    return 4 * r->config.late_ns + 2 * params_slack_ns(&r->config.params);
}

static int64_t gaps_ns(const struct referee *r, int tenths)
{
    return r->config.params.gap_ns / 10 * tenths;
}

// I2
static int64_t pause_ns(const struct referee *r, int cycles)
{
    return cycles * r->config.params.cycle_ns + gaps_ns(r, 37) + r->config.latency_max_ns +
           spare_ns(r);
}

// Without presence: how long two islands need to know of each other, and all to agree.
static int64_t meeting_ns(const struct referee *r)
{
    int cycles = r->config.latency_max_ns <= r->config.params.gap_ns / 2 ? 1 : 2;
    return cycles * r->config.params.cycle_ns + gaps_ns(r, 25) + r->config.latency_max_ns +
           spare_ns(r);
}

// A node that was frozen knows all that was said meanwhile as soon as it has read it; that it is
// tagged others may first learn from its answer, for which it waits one gap (J4).
static int64_t answer_ns(const struct referee *r)
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
static bool is_present(const struct referee *r, int node)
{
    return world_is_up(r->world, node) && !world_is_frozen(r->world, node) &&
           !world_is_cut(r->world, node);
}

static bool is_on(const struct referee *r, int node, const struct island *island)
{
    return r->seats[node].at == island - r->islands;
}

static int count_ready(const struct referee *r, const struct island *island)
{
    int count = 0;
    for (int i = 0; i < r->seat_count; i++) {
        count += is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i);
    }
    return count;
}

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

static void check_tagged(struct referee *r)
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

static void add_tagged(struct referee *r, int node)
{
    r->seats[node].tagged = true;
    r->tagged[r->tagged_count++] = node;
}

static void remove_tagged(struct referee *r, int node)
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
static void check_ready(struct referee *r)
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

static void expect_turn(struct referee *r, struct island *island)
{
    bool quiet = island->turn_ns != NEVER && island->turn_ns > island->disturbed_ns;
    island->check_ns =
        quiet ? island->turn_ns + pause_ns(r, 1) : island->disturbed_ns + pause_ns(r, 2);
    if (island->met_by_ns != NEVER && island->check_ns < island->met_by_ns + pause_ns(r, 1)) {
        island->check_ns = island->met_by_ns + pause_ns(r, 1); // I4 comes first
    }
}

// Somebody has been able to lead for all of that time.
static bool had_leader(const struct referee *r, const struct island *island, int64_t since_ns)
{
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island) && is_present(r, i) && r->seats[i].ready_ns <= since_ns) {
            return true;
        }
    }
    return false;
}

static void check_pause(struct referee *r, struct island *island)
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
static bool is_steady(const struct referee *r, const struct island *island)
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

static void hear_beacon(struct referee *r, struct island *island)
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
static bool has_ring(const struct referee *r, int node)
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

static void end_meeting(struct referee *r, struct island *island)
{
    island->met_by_ns = NEVER;
    for (int i = 0; i < r->seat_count; i++) {
        if (is_on(r, i, island)) {
            r->seats[i].side = r->seats[i].at;
        }
    }
}

static void check_meeting(struct referee *r, struct island *island)
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

static void check_turns(struct referee *r, const struct island *island)
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

static void check_lease(struct referee *r, int node)
{
    const struct seat *seat = &r->seats[node];
    if (r->config.lease_ns > 0 && seat->cut_ns != NEVER && is_awake(r, node) &&
        seat->until_ns > r->now_ns && r->now_ns - seat->cut_ns > r->config.lease_ns + spare_ns(r)) {
        blame(r, INVARIANT_I6, "%s is tagged, and its link has long been cut", name_at(r, node));
        r->seats[node].until_ns = r->now_ns;
    }
}

static void check_first_word(struct referee *r, int node, const struct event *event)
{
    struct seat *seat = &r->seats[node];
    bool gives_up = event->type == EVENT_UNTAG || event->type == EVENT_DETAG;
    if (seat->owes_untag && !gives_up) {
        blame(r, INVARIANT_I6, "%s slept past its tag, and reports something else first",
              name_at(r, node));
    }
    seat->owes_untag = false;
}

// --- I10: the roster -----------------------------------------------------------------------------

// What is left after a change: to find who holds, what must pass, and then one who is tagged.
static int64_t settling_ns(const struct referee *r)
{
    const struct params *params = &r->config.params;
    int64_t least_ns = params->cycle_ns + gaps_ns(r, 45) + 2 * params_slack_ns(params);
    int64_t settle_ns = r->config.settle_ns > least_ns ? r->config.settle_ns : least_ns;
    return settle_ns + r->config.drain_ns + pause_ns(r, 2) + gaps_ns(r, 40);
}

static void expect_settled(struct referee *r, struct island *island)
{
    if (r->config.has_roster && !r->config.lossy) {
        island->settles_ns = r->now_ns + settling_ns(r);
    }
}

// Whether its index is one among those of its island: not while it is away or frozen, or has just
// come.
static bool shares(const struct referee *r, int node)
{
    const struct seat *seat = &r->seats[node];
    return seat->index > 0 && seat->cut_ns == NEVER && seat->counts_ns != NEVER &&
           r->now_ns >= seat->met_ns;
}

static void check_indices_on(struct referee *r, const struct island *island)
{
    for (int i = 0; i < r->seat_count; i++) {
        r->holders[i] = -1;
    }
    for (int i = 0; i < r->seat_count; i++) {
        uint32_t index = r->seats[i].index;
        if (!shares(r, i) || !is_on(r, i, island) || index > (uint32_t)r->seat_count) {
            continue;
        }
        int other = r->holders[index - 1];
        if (other >= 0) {
            blame(r, INVARIANT_I10, "%s and %s both have index %u", name_at(r, other),
                  name_at(r, i), index);
            r->seats[i].index = 0; // once is enough
        }
        r->holders[index - 1] = i;
    }
}

static void check_indices(struct referee *r)
{
    if (r->config.lossy || r->now_ns < r->look_ns) {
        return;
    }
    r->look_ns = NEVER;
    for (int i = 0; i < r->island_count; i++) {
        check_indices_on(r, &r->islands[i]);
    }
}

// --- I13, I14: whose the first place is, and the drain step --------------------------------------

// All have an index, and nothing changes.
static void check_first(struct referee *r, const struct island *island, int64_t since_ns)
{
    int first = 0;
    while (first < r->seat_count &&
           !(is_on(r, first, island) && is_present(r, first) && r->seats[first].index == 1)) {
        first++;
    }
    if (first == r->seat_count || !world_is_ready(r->world, first)) {
        return; // it is away, or may never have said what it wishes
    }
    struct wish leader = world_wish(r->world, first);
    for (int i = 0; i < r->seat_count; i++) {
        struct wish wish = world_wish(r->world, i);
        bool outranks = wish.preempt && wish.prefer > leader.prefer;
        bool told = is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i) &&
                    r->seats[i].ready_ns <= since_ns;
        if (told && r->seats[i].index > 0 && (leader.never || outranks)) {
            blame(r, INVARIANT_I13, "%s has index 1, and wishes are not heeded", name_at(r, first));
            return;
        }
    }
}

// Whoever had no link may have been forgotten meanwhile, and have forgotten; and one that is
// disabled may never have said what it wishes.
static void see_view(struct referee *r, int node, const struct message *view)
{
    int64_t since_ns = 0;
    int robbed = views_see(r->views, view, r->now_ns, &since_ns);
    if (robbed < 0 || !world_is_ready(r->world, robbed)) {
        return;
    }
    const struct seat *seat = &r->seats[robbed];
    if (seat->touched_ns < since_ns && seat->left_ns < since_ns &&
        r->seats[node].touched_ns < since_ns) {
        blame(r, INVARIANT_I13, "%s tells a view that takes index 1 from %s", name_at(r, node),
              name_at(r, robbed));
    }
}

// Somebody says that another has left.
static void see_leave(struct referee *r, struct name name)
{
    for (int i = 0; i < r->seat_count; i++) {
        if (name_equal(name_of(name_at(r, i)), name)) {
            r->seats[i].left_ns = r->now_ns;
        }
    }
}

// The same members in the same places have the same shares.
static uint64_t shares_hash(const struct members *members)
{
    uint64_t hash = 1;
    for (size_t i = 0; i < members->count; i++) {
        hash = hash_mix(hash ^ name_hash(members->names[i]));
    }
    return hash;
}

// Whether islands have met since then, or one came back to this one.
static bool has_met_since(const struct referee *r, const struct island *island, int64_t since_ns)
{
    bool met = island->moved_ns != NEVER && island->moved_ns >= since_ns;
    for (int i = 0; i < r->seat_count; i++) {
        const struct seat *seat = &r->seats[i];
        met |= is_on(r, i, island) && (seat->met_ns > since_ns || seat->linked_ns > since_ns);
    }
    return met;
}

// Where they have met since it got its index, what is waited for may have begun before; and who has
// come later than somebody died may know nothing of it, nor of one that is disabled.
static bool knows_of(const struct referee *r, int node, int owner)
{
    const struct seat *seat = &r->seats[owner], *knower = &r->seats[node];
    bool was_there = world_is_ready(r->world, owner) || seat->settled_ns > knower->began_ns ||
                     (!world_is_up(r->world, owner) && seat->owes_ns > knower->began_ns);
    return seat->at == knower->at && knower->cut_ns == NEVER && was_there &&
           !has_met_since(r, &r->islands[seat->at], seat->settled_ns);
}

// Whoever is frozen or cut off gives its index up by the clock.
static void check_drained(struct referee *r, int node, const struct event *event)
{
    bool is_claimed = !r->config.lossy && r->now_ns > r->seats[node].thawed_ns;
    for (int i = 0; i < r->seat_count && is_claimed; i++) {
        const struct seat *seat = &r->seats[i];
        bool owes = seat->owes_ns != NEVER && seat->cut_ns == NEVER && seat->counts_ns != NEVER &&
                    seat->shares != shares_hash(&event->roster);
        if (owes && knows_of(r, node, i) &&
            r->now_ns - seat->owes_ns < r->config.drain_ns - spare_ns(r)) {
            blame(r, INVARIANT_I14, "%s gets an index, and %s has not stopped since %.3f",
                  name_at(r, node), name_at(r, i), (double)seat->owes_ns / 1e9);
            return;
        }
    }
}

// --- I12: an index in time -----------------------------------------------------------------------

// Where nobody may be index 1, nobody has any; and one that is not ready may be forgotten (J6).
static bool may_lead_any(const struct referee *r, const struct island *island)
{
    bool any = false;
    for (int i = 0; i < r->seat_count; i++) {
        any |= is_on(r, i, island) && is_present(r, i) && world_is_ready(r->world, i) &&
               !world_wish(r->world, i).never;
    }
    return any;
}

// One that was never enabled says nothing; without presence nobody knows of it.
static bool lacks_index(const struct referee *r, int node, const struct island *island,
                        int64_t since_ns)
{
    return is_on(r, node, island) && is_present(r, node) && r->seats[node].ready_ns <= since_ns &&
           r->seats[node].index == 0;
}

static void check_settled(struct referee *r, struct island *island)
{
    if (r->now_ns <= island->settles_ns) {
        return;
    }
    int64_t since_ns = island->settles_ns - settling_ns(r);
    if (!r->config.has_presence && !is_steady(r, island)) {
        expect_settled(r, island); // not all know yet who is there
        return;
    }
    island->settles_ns = NEVER;
    if (!had_leader(r, island, since_ns) || !may_lead_any(r, island)) {
        return;
    }
    for (int i = 0; i < r->seat_count; i++) {
        if (lacks_index(r, i, island, since_ns)) {
            blame(r, INVARIANT_I12, "%s has no index, though nothing changed since %.3f",
                  name_at(r, i), (double)since_ns / 1e9);
            return;
        }
    }
    check_first(r, island, since_ns);
}

static void see_settled(struct referee *r, int node, const struct event *event)
{
    struct seat *seat = &r->seats[node];
    check_drained(r, node, event);
    seat->shares = shares_hash(&event->roster);
    seat->owes_ns = NEVER; // it has an index
    seat->settled_ns = r->now_ns;
    if (seat->index > 0 || event->index == 0 || event->index > event->roster.count) {
        blame(r, INVARIANT_I5, "%s reports index %u of %d, and had %u", name_at(r, node),
              event->index, (int)event->roster.count, seat->index);
    }
    seat->index = event->index;
    seat->settling = false;
    r->look_ns = r->now_ns;
}

static void see_settling(struct referee *r, int node)
{
    if (r->seats[node].settling) {
        blame(r, INVARIANT_I5, "%s reports twice that it is settling", name_at(r, node));
    }
    if (r->seats[node].index > 0) {
        bool slept = r->seats[node].thawed_ns == r->now_ns; // and did nothing meanwhile
        r->seats[node].owes_ns = slept ? r->seats[node].frozen_ns : r->now_ns;
    }
    r->seats[node].settling = true;
    r->seats[node].index = 0;
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
