// SPDX-License-Identifier: MIT
// Hand-over before the cycle has ended (H3 to H6, H8): when the head is gone, or has said that its
// turn is over.
#include "state.h"

// H3: a place each, so that a latency and the next hint fit in between.
static int64_t place_ns(const struct engine *e, int places)
{
    return places * e->params.gap_ns;
}

// H6: whoever says that it has stopped has stopped; of one that is only reported gone the lease may
// still run.
void handover_start(struct engine *e, bool said, struct effects *fx)
{
    int64_t wait_ns = 0;
    switch (e->config.takeover) {
    case TAKEOVER_AT_ONCE:
        break;
    case TAKEOVER_AFTER_LEASE:
        wait_ns = said ? 0 : e->config.lease_ns;
        break;
    case TAKEOVER_SLOT:
        return;
    }
    bool follows = e->phase == PHASE_RUNNING && !head_is_me(e); // else its ring may be long over
    if (follows && e->now_ns + wait_ns < e->handover_ns) {
        e->handover_ns = e->now_ns + wait_ns;
        rules_follow_early(e, fx);
    }
}

// H4: a turn has begun whose head is gone already.
void handover_new_turn(struct engine *e, struct effects *fx)
{
    e->early.history.count = 0;
    e->handover_ns = NEVER;
    e->heir = NODE_ABSENT;
    if (nodes_get(&e->nodes, e->ring.ids[0])->gone) {
        handover_start(e, false, fx);
    }
}

// H8: the head has given up its turn, to this one.
void handover_heard(struct engine *e, const struct message *m, struct effects *fx)
{
    node_id sender = nodes_find(&e->nodes, m->node), heir = nodes_find(&e->nodes, m->heir);
    if (e->ring.count > 0 && sender == e->ring.ids[0]) {
        e->heir = heir == NODE_UNKNOWN ? NODE_ABSENT : heir;
        handover_start(e, true, fx);
    }
}

bool handover_may_go_to(const struct engine *e, struct name heir)
{
    node_id id = nodes_find(&e->nodes, heir);
    return holds_tag(e) && id != NODE_UNKNOWN && id != SELF && nodes_get(&e->nodes, id)->heard &&
           line_leads(e, id);
}

void handover_give(struct engine *e, struct name heir, struct effects *fx)
{
    if (handover_may_go_to(e, heir)) {
        hold_give_up(e, UNTAG_HANDOVER, fx);
        setup_bequeath(e, heir, fx);
    }
}

// When place 0 may speak. Before a gap has passed not all may have heard of the turn that has
// ended; and to be pending for two gaps instead, as one would have to, takes no less time.
static int64_t first_due_ns(const struct engine *e)
{
    int64_t heard_by_ns = e->head.heard_ns + e->params.gap_ns;
    return e->handover_ns > heard_by_ns ? e->handover_ns : heard_by_ns;
}

// So near to the end of the slot the line speaks in time, and in its own order.
static bool is_too_late(const struct engine *e)
{
    return first_due_ns(e) >= e->head.heard_ns + e->params.cycle_ns - 2 * e->params.gap_ns;
}

// H3: place k of the line after k gaps, anyone else after the last place and up to a gap more.
int64_t handover_due_ns(const struct engine *e, uint64_t spread)
{
    if (e->handover_ns == NEVER || !is_ready(e) || head_is_me(e) || is_too_late(e)) {
        return NEVER;
    }
    int places;
    int place = line_handover_place(e, &places);
    if (place >= 0) {
        return first_due_ns(e) + place_ns(e, place);
    }
    return first_due_ns(e) + place_ns(e, places) +
           (int64_t)(spread % (uint64_t)(e->params.gap_ns + 1));
}

// H3: how long the beacon is pending that follows a head heard at `heard_ns` before its time: that
// one may take it for a willing hand-over, and keep its tag.
int64_t handover_pending_end_ns(const struct engine *e, int64_t heard_ns)
{
    int64_t cycle_ns = e->params.cycle_ns, gap_ns = e->params.gap_ns;
    int64_t since_ns = e->now_ns - heard_ns, end_ns = e->now_ns + gap_ns;
    bool may_seem_willing = since_ns >= cycle_ns - 3 * gap_ns && since_ns < cycle_ns - gap_ns;
    return may_seem_willing && heard_ns + cycle_ns > end_ns ? heard_ns + cycle_ns : end_ns;
}
