// SPDX-License-Identifier: MIT
// Who is there: as a transport hints (H1, H2), as nodes say when they go, and as they are heard.
#include "state.h"

static void join_member(struct engine *e, node_id id, struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    if (node->member || id == SELF) {
        return;
    }
    struct event *event = emit_event(fx, EVENT_JOIN);
    event->who = nodes_name(&e->nodes, id);
    event->member_reason = node->was_member ? MEMBER_RETURNED : MEMBER_NEW;
    node->member = node->was_member = true;
}

static void leave_member(struct engine *e, node_id id, enum member_reason reason,
                         struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    if (!node->member) {
        return;
    }
    struct event *event = emit_event(fx, EVENT_LEAVE);
    event->who = nodes_name(&e->nodes, id);
    event->member_reason = reason;
    node->member = false;
}

// H2: of another process than the one that is known.
static bool is_outdated(const struct node *node, uint64_t incarnation)
{
    return incarnation != 0 && node->incarnation != 0 && node->incarnation != incarnation;
}

static void go(struct engine *e, node_id id, enum member_reason reason, struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    if (!node->gone) {
        node->gone = true;
        node->gone_ns = e->now_ns;
    }
    node->present = false;
    if (!away_begins(e, id)) {
        leave_member(e, id, reason, fx);
    }
    places_watch(e, id, fx);
    if (ring_at(&e->ring, 0) == id) {
        handover_start(e, reason == MEMBER_LEFT, fx);
    }
}

void presence_gone(struct engine *e, const struct peer *peer, struct effects *fx)
{
    node_id id = nodes_find(&e->nodes, peer->name);
    if (id == NODE_UNKNOWN || id == SELF ||
        is_outdated(nodes_get(&e->nodes, id), peer->incarnation)) {
        return;
    }
    go(e, id, MEMBER_LOST, fx);
}

// It lives, whatever was said.
static void come_back(struct engine *e, node_id id, struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    if (node->gone && ring_at(&e->ring, 0) == id) {
        e->handover_ns = NEVER;
    }
    node->gone = node->denied = node->is_away = false;
    join_member(e, id, fx);
    places_watch(e, id, fx);
}

void presence_defended(struct engine *e, node_id id, struct effects *fx)
{
    if (id != NODE_UNKNOWN && nodes_get(&e->nodes, id)->gone) {
        come_back(e, id, fx);
    }
}

// H7: two islands have met, and this one has a holder.
static void greet(struct engine *e, const struct node *node, struct effects *fx)
{
    bool was_away = node->gone && e->now_ns - node->gone_ns > 2 * e->params.gap_ns;
    if (was_away && e->hold != HOLD_NONE) {
        answer_at_once(e, fx);
    }
}

void presence_here(struct engine *e, const struct peer *peer, struct effects *fx)
{
    node_id id = intern(e, peer->name);
    if (id == SELF) {
        return;
    }
    struct node *node = nodes_get(&e->nodes, id);
    greet(e, node, fx);
    node->present = true;
    node->incarnation = peer->incarnation;
    come_back(e, id, fx);
}

// H4: a beacon that comes less than a gap after its sender was reported gone was in flight. All
// else that is heard of it shows that it lives.
void presence_heard(struct engine *e, node_id id, const struct message *m, struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    bool in_flight = node->gone && !is_outdated(node, m->nonce) && m->type != MESSAGE_INIT &&
                     e->now_ns - node->gone_ns < e->params.gap_ns;
    if (in_flight) {
        return;
    }
    if (m->nonce != 0) {
        node->incarnation = m->nonce;
    }
    if (m->type == MESSAGE_VERS) {
        away_heard(e, id, m->away_s);
    } else if (node->is_away) {
        away_heard(e, id, 0);
    }
    come_back(e, id, fx);
}

// It has said good-bye. What an earlier process of its name said has come late.
void presence_left(struct engine *e, const struct message *m, struct effects *fx)
{
    node_id id = nodes_find(&e->nodes, m->node);
    if (id != NODE_UNKNOWN && !is_outdated(nodes_get(&e->nodes, id), m->nonce)) {
        away_heard(e, id, m->away_s);
        drain_left(e, id);
        go(e, id, MEMBER_LEFT, fx);
    }
}

void presence_expired(struct engine *e, node_id id, struct effects *fx)
{
    go(e, id, MEMBER_EXPIRED, fx);
}

void presence_silent(struct engine *e, node_id id, struct effects *fx)
{
    if (!nodes_get(&e->nodes, id)->present && !away_begins(e, id)) {
        leave_member(e, id, MEMBER_EXPIRED, fx);
        places_watch(e, id, fx);
    }
}
