// SPDX-License-Identifier: MIT
// Shares: who has which index, and since when (I10, I12 to I14).
#include "referee_state.h"

// --- I10: the roster -----------------------------------------------------------------------------

// What is left after a change: to find who holds, what must pass, and then one who is tagged.
static int64_t settling_ns(const struct referee *r)
{
    const struct params *params = &r->config.params;
    int64_t least_ns = params->cycle_ns + gaps_ns(r, 45) + 2 * params_slack_ns(params);
    int64_t settle_ns = r->config.settle_ns > least_ns ? r->config.settle_ns : least_ns;
    return settle_ns + r->config.drain_ns + pause_ns(r, 2) + gaps_ns(r, 40);
}

void expect_settled(struct referee *r, struct island *island)
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

void check_indices(struct referee *r)
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
void see_view(struct referee *r, int node, const struct message *view)
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
void see_leave(struct referee *r, struct name name)
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

void check_settled(struct referee *r, struct island *island)
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

void see_settled(struct referee *r, int node, const struct event *event)
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

void see_settling(struct referee *r, int node)
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
