// SPDX-License-Identifier: MIT
// Whose turn comes when: who may enter the ring (E1 to E3), and this node's own delay (D1).
#include "delay.h"
#include "state.h"

// E2: a Python node draws its own lots; one that stayed out for this many turns of the ring is
// given a place.
enum { PYTHON_WAITS_RINGS = 4 };

// How far the line is counted: further back all speak at about the same time.
enum { LINE_PLACES = 5 };

// Without presence, how often an expected node may stay silent before it counts as gone.
enum { MISSES_MAX = 2 };

static bool leads(const struct engine *e, node_id id)
{
    const struct node *node = nodes_get(&e->nodes, id);
    return id == SELF ? is_ready(e) : node->ready != READY_NO && !node->gone;
}

bool line_leads(const struct engine *e, node_id id)
{
    return leads(e, id);
}

static bool ring_has_leader(const struct engine *e)
{
    for (uint32_t i = 0; i < e->ring.count; i++) {
        if (leads(e, e->ring.ids[i])) {
            return true;
        }
    }
    return false;
}

// A ring of nodes that cannot lead keeps nobody out.
static bool ring_is_full(const struct engine *e)
{
    return e->ring.count >= (uint32_t)params_ring_size(&e->params) && ring_has_leader(e);
}

static bool is_candidate(const struct engine *e, node_id id)
{
    const struct node *node = nodes_get(&e->nodes, id);
    if (node->known_slot >= e->slot || !leads(e, id) || ring_find(&e->ring, id) >= 0) {
        return false;
    }
    if (id == SELF) {
        return true;
    }
    if (!node->heard || node->missed >= MISSES_MAX) {
        return false;
    }
    uint64_t ring_size = (uint64_t)params_ring_size(&e->params);
    return node->ours || e->slot - node->sent_slot > PYTHON_WAITS_RINGS * ring_size;
}

// E1: the (skip + 1)-th candidate after the one that entered last, in the order of (hash, name),
// round and round.
static node_id candidate_after_entry(const struct engine *e, uint64_t skip)
{
    uint32_t count = e->nodes.count;
    uint32_t start = nodes_rank(&e->nodes, e->entry.who);
    uint64_t found = 0;
    for (uint32_t step = 1; step <= count; step++) {
        node_id id = e->nodes.order[(start + step) % count];
        if (is_candidate(e, id) && found++ == skip) {
            return id;
        }
    }
    return found > 0 ? candidate_after_entry(e, skip % found) : NODE_ABSENT;
}

static bool is_only_candidate(const struct engine *e, node_id id)
{
    for (uint32_t rank = 0; rank < e->nodes.count; rank++) {
        node_id other = e->nodes.order[rank];
        if (other != id && is_candidate(e, other)) {
            return false;
        }
    }
    return true;
}

static bool python_in_line(const struct engine *e)
{
    for (uint32_t i = 0; i < e->ring.count; i++) {
        if (!nodes_get(&e->nodes, e->ring.ids[i])->ours) {
            return true;
        }
    }
    return e->expected != NODE_ABSENT && !nodes_get(&e->nodes, e->expected)->ours;
}

// E3: who else may want the place is unknown; draw with the odds 1 / (n_hosts - nodes), which
// rise with every slot spent outside when everybody must get in.
static bool draw_lot(const struct engine *e)
{
    int32_t candidates = e->params.n_hosts - params_ring_size(&e->params);
    if (candidates <= 1) {
        return true;
    }
    uint64_t tickets = 1;
    if (e->params.force_in) {
        tickets += e->slot - nodes_get(&e->nodes, SELF)->sent_slot;
    }
    return e->config.draw(e->config.draw_context) % (uint32_t)candidates < tickets;
}

// Turns since the last entry, those not counted in which a full ring stays as it is; -1: it is one.
static int64_t turns_open(const struct engine *e)
{
    int64_t turns = (int64_t)e->entry.turns_since;
    return ring_is_full(e) ? turns - params_ring_size(&e->params) : turns;
}

node_id line_expected(struct engine *e)
{
    int64_t turns = turns_open(e);
    bool full = ring_is_full(e);

    e->lot_lost = false;
    if (turns < 0) {
        return NODE_ABSENT;
    }
    node_id id = candidate_after_entry(e, (uint64_t)turns);
    if (id == SELF && full && python_in_line(e) && is_only_candidate(e, SELF)) {
        e->lot_lost = !draw_lot(e);
    }
    return id;
}

// The silent one becomes E: the next is the one behind it, as for those who still count it.
static void pass_over(struct engine *e, node_id silent)
{
    bool entered_now = e->entry.turns_since == 0;
    if (!entered_now) {
        e->entry.who = silent;
        e->entry.turns_since = ring_is_full(e) ? (uint64_t)params_ring_size(&e->params) : 0;
    }
}

// E2: a Python node is tried again later; it may never be heard before, where ours are always
// faster.
void line_count_silence(struct engine *e, struct effects *fx)
{
    if (!e->expects_surely || e->expected == NODE_ABSENT || e->expected == e->ring.ids[0] ||
        e->now_ns < e->expected_by_ns) {
        return;
    }
    struct node *silent = nodes_get(&e->nodes, e->expected);
    if (silent->missed < MISSES_MAX && ++silent->missed == MISSES_MAX) {
        pass_over(e, e->expected);
        presence_silent(e, e->expected, fx);
        if (!silent->ours) {
            silent->sent_slot = e->slot;
            silent->missed = 0;
        }
    }
}

// Not after the turn of a node that cannot lead: it is the last that speaks.
static bool two_live_on_ring(const struct engine *e)
{
    int live = 0;
    if (!leads(e, e->ring.ids[0])) {
        return false;
    }
    for (uint32_t i = 0; i < e->ring.count; i++) {
        live += leads(e, e->ring.ids[i]);
    }
    return live >= 2;
}

// How many would be expected before this node, after the one that is; -1: it would not be.
static int places_behind_expected(const struct engine *e)
{
    int64_t turns = turns_open(e);
    for (int behind = 1; behind < LINE_PLACES && turns >= 0 && is_candidate(e, SELF); behind++) {
        if (candidate_after_entry(e, (uint64_t)(turns + behind)) == SELF) {
            return behind - 1;
        }
    }
    return -1;
}

// Where this node stands in the line, or -1: the newcomer that is expected, then the ring from its
// end, without the head. Those that would not speak anyhow do not count. A turn that may be the
// ring's last has the next candidates behind it.
static int place_in_line(const struct engine *e, bool last_turn)
{
    int place = 0;
    bool led = ring_has_leader(e);

    if (e->expected == SELF) {
        return e->lot_lost ? -1 : 0;
    }
    if (e->expected != NODE_ABSENT && leads(e, e->expected)) {
        place++;
    }
    for (uint32_t i = e->ring.count; i-- > 1;) {
        node_id id = e->ring.ids[i];
        if (id == SELF) {
            return place;
        }
        if (leads(e, id) || !led) {
            place++;
        }
    }
    int behind = last_turn ? places_behind_expected(e) : -1;
    return behind >= 0 ? place + behind : -1;
}

static int places_on_ring(const struct engine *e)
{
    int places = e->expected != NODE_ABSENT && leads(e, e->expected);
    for (uint32_t i = 1; i < e->ring.count; i++) {
        places += leads(e, e->ring.ids[i]);
    }
    return places;
}

// The head is gone: those that lead count, and whom it gave its turn to comes first.
int line_handover_place(const struct engine *e, int *places)
{
    bool bequeathed = e->heir != NODE_ABSENT && leads(e, e->heir);
    *places = places_on_ring(e) + bequeathed + LINE_PLACES - 1; // and candidates behind them
    if (bequeathed && e->heir == SELF) {
        return 0;
    }
    int place = place_in_line(e, true);
    return place < 0 ? -1 : place + bequeathed;
}

int64_t line_silence_ns(const struct engine *e)
{
    return delay_silence(&e->params, nodes_get(&e->nodes, e->ring.ids[0])->ours);
}

static int64_t delay_by_place(const struct engine *e, uint64_t spread)
{
    bool ring_lives = two_live_on_ring(e);
    int place = place_in_line(e, !ring_lives);
    if (place < 0) {
        return delay_last_resort(&e->params, spread, ring_lives);
    }
    struct delay_line line = {
        .place = (uint32_t)place,
        .willing = nodes_get(&e->nodes, e->ring.ids[0])->ours && is_ready(e),
        .python_in_line = python_in_line(e),
    };
    return delay_in_line(&e->params, &line);
}

int64_t line_delay_ns(const struct engine *e, uint64_t spread)
{
    const struct params *params = &e->params;

    if (!is_ready(e) && ring_has_leader(e)) {
        return delay_not_ready(params, delay_last_resort(params, spread, true));
    }
    if (head_is_me(e) && is_ready(e)) {
        return e->renews ? delay_renewal(params) : delay_again(params);
    }
    int64_t delay_ns = head_is_me(e) ? delay_again(params) : delay_by_place(e, spread);
    return is_ready(e) ? delay_ns : delay_not_ready(params, delay_ns);
}
