// SPDX-License-Identifier: MIT
// The hists that this node sends: to a newcomer (J1), to the other side of a healed split (R7), in
// its own defence (R4). At most one about a head in 2 gap, whoever sends it.
#include "state.h"

static bool is_recent(const struct engine *e, node_id head)
{
    int64_t hist_ns = nodes_get(&e->nodes, head)->hist_ns;
    return hist_ns != INT64_MIN && e->now_ns - hist_ns < 2 * e->params.gap_ns;
}

static void send_hist(struct engine *e, const struct ring *ring, struct value value,
                      struct effects *fx)
{
    struct message *m = emit_send(e, fx, MESSAGE_HIST);
    m->value = value;
    send_ring(e, m, ring, ring->count);
    nodes_get(&e->nodes, ring->ids[0])->hist_ns = e->now_ns;
}

void answer_newcomer(struct engine *e, int place)
{
    if (e->answer.at_ns != NEVER) {
        return;
    }
    // What was said before the newcomer listened does not help it; but not for every init of a
    // storm.
    int64_t at_ns = e->now_ns + stagger_ns(e, place);
    int64_t hist_ns = nodes_get(&e->nodes, e->ring.ids[0])->hist_ns;
    if (hist_ns != INT64_MIN && at_ns < hist_ns + e->params.gap_ns) {
        at_ns = hist_ns + e->params.gap_ns;
    }
    e->answer.at_ns = at_ns;
    e->answer.old = false;
}

void answer_islands(struct engine *e, const struct ring *ring, const struct stored_value *value)
{
    int place = ring_find(ring, SELF);
    bool waits = e->answer.at_ns != NEVER && e->answer.old && e->answer.ring.ids[0] == ring->ids[0];
    if (place < 0 || waits || is_recent(e, ring->ids[0])) {
        return;
    }
    e->answer.at_ns = e->now_ns + stagger_ns(e, place);
    e->answer.old = true;
    e->answer.ring = *ring;
    e->answer.value = *value;
}

void answer_at_once(struct engine *e, struct effects *fx)
{
    if (e->now_ns >= e->quiet_until_ns && !is_recent(e, e->ring.ids[0])) {
        send_hist(e, &e->ring, head_value(e), fx);
    }
}

void answer_due(struct engine *e, struct effects *fx)
{
    if (e->now_ns < e->answer.at_ns) {
        return;
    }
    if (!is_ready(e)) {
        answer_drop(e); // not any longer
        return;
    }
    if (e->answer.old) {
        send_hist(e, &e->answer.ring, stored_value(&e->answer.value), fx);
    } else {
        if (e->introduce) {
            setup_send(e, fx); // M1: who answers a newcomer says who it is
        }
        send_hist(e, &e->ring, head_value(e), fx);
    }
    answer_drop(e);
}

void answer_heard(struct engine *e, const struct message *m)
{
    node_id head = nodes_find(&e->nodes, m->history.names[0]);
    if (head == NODE_UNKNOWN) {
        return;
    }
    nodes_get(&e->nodes, head)->hist_ns = e->now_ns;
    const struct ring *mine = e->answer.old ? &e->answer.ring : &e->ring;
    // What another says may have been under way before the newcomer listened; mine is not.
    bool keeps = !e->answer.old && head_is_me(e);
    if (e->answer.at_ns != NEVER && ring_at(mine, 0) == head && !keeps) {
        answer_drop(e);
    }
}

void answer_drop(struct engine *e)
{
    e->answer.at_ns = NEVER;
}
