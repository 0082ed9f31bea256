// SPDX-License-Identifier: MIT
// Who is there for the roster (S1), and who has which place in the present view.
#include "state.h"

// A Python node has no use for an index. The view's word is taken of those who are not known to
// have left, and who were not heard since: a newcomer hears the others one by one, and whoever has
// slept does not know who died meanwhile.
static bool is_member(const struct node *node)
{
    if (node->is_away) {
        return !node->denied;
    }
    if (node->member) {
        return (node->ours || node->present || node->place > 0) && !node->denied;
    }
    return node->place > 0 && !node->was_member && !node->gone;
}

// Whether it changed what this node sees.
bool places_look_at(struct engine *e, node_id id)
{
    struct node *node = nodes_get(&e->nodes, id);
    bool seen = id == SELF || is_member(node), changed = seen != node->seen;
    if (changed) {
        node->seen = seen;
        e->roster.seen += seen ? 1 : UINT32_MAX;
        e->roster.named += node->place == 0 ? 0 : seen ? 1 : UINT32_MAX;
    }
    return changed;
}

void places_watch(struct engine *e, node_id id, struct effects *fx)
{
    if (places_look_at(e, id)) {
        roster_doubt(e, fx);
    }
}

void places_take(struct engine *e, node_id id, uint32_t place)
{
    struct node *node = nodes_get(&e->nodes, id);
    node->place = (uint16_t)place;
    e->roster.ids[place - 1] = id;
    e->roster.named += node->seen;
}

void places_leave(struct engine *e, node_id id)
{
    struct node *node = nodes_get(&e->nodes, id);
    e->roster.ids[node->place - 1] = NODE_ABSENT;
    node->place = 0;
    e->roster.named -= node->seen;
}

void places_forget(struct engine *e, node_id id)
{
    struct node *node = nodes_get(&e->nodes, id);
    drain_forget(e, id);
    if (node->place > 0) {
        places_leave(e, id);
    }
    e->roster.seen -= node->seen;
    node->seen = false;
}
