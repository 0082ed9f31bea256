// SPDX-License-Identifier: MIT
// Absence that was announced (S7): a member that has gone keeps its place until it is to be back.
#include "state.h"

// This node itself, if it goes.
void away_announce(struct engine *e, int64_t span_ns, struct effects *fx)
{
    nodes_get(&e->nodes, SELF)->back_by_ns = span_ns > 0 ? e->now_ns + span_ns : 0;
    if (e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING) {
        setup_send(e, fx);
    }
}

static int64_t left_ns(const struct engine *e, node_id id)
{
    int64_t back_by_ns = nodes_get(&e->nodes, id)->back_by_ns;
    return back_by_ns > e->now_ns ? back_by_ns - e->now_ns : 0;
}

uint32_t away_announced_s(const struct engine *e)
{
    return (uint32_t)((left_ns(e, SELF) + NS_PER_S - 1) / NS_PER_S);
}

// Its own word.
void away_heard(struct engine *e, node_id id, uint32_t away_s)
{
    nodes_get(&e->nodes, id)->back_by_ns = away_s > 0 ? e->now_ns + away_s * NS_PER_S : 0;
}

static void begin(struct engine *e, struct node *node)
{
    node->is_away = true;
    if (node->back_by_ns < e->away_ns) {
        e->away_ns = node->back_by_ns;
    }
}

// One goes. Whether it is only away, and so still a member.
bool away_begins(struct engine *e, node_id id)
{
    struct node *node = nodes_get(&e->nodes, id);
    node->is_away = false;
    if (node->seen && node->back_by_ns > e->now_ns) {
        begin(e, node);
    }
    return node->is_away;
}

// By a view, of one that is not known to be there, nor away. What is over for this node is so,
// though another may count a little longer, or no view would ever be without it.
static void take_one(struct engine *e, node_id id, uint32_t away_s, struct effects *fx)
{
    struct node *node = nodes_get(&e->nodes, id);
    bool is_known = node->is_away || (node->member && !node->gone);
    bool is_over = node->back_by_ns != 0 && node->back_by_ns <= e->now_ns &&
                   node->back_by_ns > e->now_ns - 2 * e->params.gap_ns;
    if (id == SELF || is_known || is_over) {
        return;
    }
    away_heard(e, id, away_s);
    begin(e, node);
    places_watch(e, id, fx);
}

void away_take(struct engine *e, const struct members *members, struct effects *fx)
{
    for (uint32_t i = 0; i < members->count && members->away_s != NULL; i++) {
        if (members->away_s[i] > 0 && e->roster.ids[i] != NODE_ABSENT) {
            take_one(e, e->roster.ids[i], members->away_s[i], fx);
        }
    }
}

// In whole seconds, or what is told from one to the next would grow. NULL: nobody is away.
const uint32_t *away_tell(struct engine *e)
{
    uint32_t *seconds = e->roster.room.away_s, any = 0;
    for (uint32_t i = 0; i < e->roster.count; i++) {
        bool is_away = nodes_get(&e->nodes, e->roster.ids[i])->is_away;
        seconds[i] = is_away ? (uint32_t)(left_ns(e, e->roster.ids[i]) / NS_PER_S) : 0;
        any |= seconds[i];
    }
    return any != 0 ? seconds : NULL;
}

// When somebody's time may be over. After a sleep what waits is read first (J4).
int64_t away_due_ns(const struct engine *e)
{
    bool is_linked = e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING;
    if (!is_linked || e->away_ns == NEVER) {
        return NEVER;
    }
    return e->away_ns > e->woke_until_ns ? e->away_ns : e->woke_until_ns;
}

// One that is not back in time has gone. One a step: each is told.
void away_due(struct engine *e, struct effects *fx)
{
    if (e->now_ns < away_due_ns(e)) {
        return;
    }
    node_id over = NODE_ABSENT;
    e->away_ns = NEVER;
    for (uint32_t rank = 0; rank < e->nodes.count; rank++) {
        node_id id = e->nodes.order[rank];
        const struct node *node = nodes_get(&e->nodes, id);
        if (node->is_away && node->back_by_ns <= e->now_ns && over == NODE_ABSENT) {
            over = id;
        } else if (node->is_away && node->back_by_ns < e->away_ns) {
            e->away_ns = node->back_by_ns;
        }
    }
    if (over != NODE_ABSENT) {
        presence_expired(e, over, fx);
    }
}
