// SPDX-License-Identifier: MIT
// The drain step (S6): before a new view becomes usable, whoever had a share of the one before has
// time to say that it has stopped. Who says so of a number has nothing left of any view up to it.
#include "state.h"

// --- Who is waited for ---------------------------------------------------------------------------

// The present view is said to be settled: those whom it names have their shares from now on.
void drain_settled(struct engine *e)
{
    struct roster *roster = &e->roster;
    if (roster->was_settled) {
        return;
    }
    roster->was_settled = true;
    roster->settled_view = roster->view;
    roster->owes_unnamed = false;
    for (uint32_t rank = 0; rank < e->nodes.count; rank++) {
        nodes_get(&e->nodes, e->nodes.order[rank])->owned_view = 0;
    }
}

// Another view takes its place; or one is heard that is lower, where islands have met: some have
// had shares in that one.
void drain_new_view(struct engine *e)
{
    struct roster *roster = &e->roster;
    for (uint32_t i = 0; i < roster->count && roster->was_settled; i++) {
        if (roster->ids[i] != NODE_ABSENT) {
            nodes_get(&e->nodes, roster->ids[i])->owned_view = roster->view;
        } else {
            roster->owes_unnamed = true;
        }
    }
    roster->was_settled = false;
    roster->works_otherwise = roster->undrained;
}

// Whether this node's own program has still to stop what another view gave it to do.
bool drain_works_otherwise(const struct engine *e)
{
    const struct roster *roster = &e->roster;
    return roster->undrained && roster->works_otherwise &&
           e->now_ns < roster->gave_up_ns + e->config.drain_ns;
}

static int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// As far as this node has heard.
static bool has_share(const struct node *node)
{
    return node->drained_view < node->owned_view;
}

// Whoever can answer is asked about every view before this one: some may have been settled where
// this node did not hear of it. Of the others only what it heard counts.
static bool owes(const struct engine *e, node_id id)
{
    const struct roster *roster = &e->roster;
    const struct node *node = nodes_get(&e->nodes, id);
    if (id == SELF) {
        return roster->undrained;
    }
    if (node->place > 0 && !node->gone) {
        return node->drained_view < higher(roster->view - 1, roster->settled_view);
    }
    return has_share(node);
}

static bool unnamed_owe(const struct engine *e)
{
    bool any = e->roster.owes_unnamed;
    for (uint32_t rank = 0; rank < e->nodes.count && !any; rank++) {
        node_id id = e->nodes.order[rank];
        any = nodes_get(&e->nodes, id)->place == 0 && owes(e, id);
    }
    return any;
}

// First whether somebody is waited for whom the present view does not name, then for each member.
// NULL: nobody is.
const uint32_t *drain_waits(struct engine *e)
{
    struct roster *roster = &e->roster;
    uint32_t *waits = roster->room.waits, any = 0;
    if (e->config.drain_ns == 0 || roster->was_settled) {
        return NULL;
    }
    waits[0] = any = unnamed_owe(e);
    for (uint32_t i = 0; i < roster->count; i++) {
        waits[i + 1] = owes(e, roster->ids[i]);
        any |= waits[i + 1];
    }
    return any != 0 ? waits : NULL;
}

void drain_forget(struct engine *e, node_id id)
{
    e->roster.owes_unnamed |= has_share(nodes_get(&e->nodes, id));
}

static void note_drained(struct engine *e, node_id id, int64_t view)
{
    struct node *node = nodes_get(&e->nodes, id);
    if (view > node->drained_view) {
        node->drained_view = view;
        roster_drained(e);
    }
}

void drain_heard(struct engine *e, const struct message *m)
{
    node_id id = nodes_find(&e->nodes, m->node);
    if (id != NODE_UNKNOWN && id != SELF) {
        note_drained(e, id, m->view);
    }
}

// J7: whoever says good-bye has stopped before.
void drain_left(struct engine *e, node_id id)
{
    note_drained(e, id, e->roster.view);
}

// --- Saying so -----------------------------------------------------------------------------------

// This node has an index.
void drain_owes(struct engine *e)
{
    e->roster.undrained = e->config.drain_ns > 0;
    e->roster.works_otherwise = false;
    e->roster.drained_ns = NEVER;
}

// The program has stopped what an index gave it to do. With one it has something to do again.
void drain_done(struct engine *e)
{
    bool is_linked = e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING;
    if (e->roster.index_end_ns != NEVER || !e->roster.undrained) {
        return;
    }
    e->roster.undrained = false;
    e->roster.drained_ns = is_linked ? e->now_ns : NEVER;
    roster_drained(e);
}

// A view is heard. Those whom it waits for all answer it, so not at once.
void drain_take(struct engine *e, const struct members *members)
{
    struct roster *roster = &e->roster;
    uint16_t place = nodes_get(&e->nodes, SELF)->place;
    if (members->waits == NULL) {
        return;
    }
    for (uint32_t i = 0; i < members->count && !roster->was_settled; i++) {
        if (members->waits[i + 1] != 0 && roster->ids[i] != NODE_ABSENT) {
            nodes_get(&e->nodes, roster->ids[i])->owned_view = roster->view - 1;
        }
    }
    roster->owes_unnamed |= members->waits[0] != 0 && !roster->was_settled;
    bool answers = place > 0 && members->waits[place] != 0 && !roster->undrained;
    if (answers && roster->drained_ns == NEVER && roster->index_end_ns == NEVER) {
        int64_t again_ns = roster->drained_sent_ns + 2 * e->params.gap_ns;
        roster->drained_ns = higher(e->now_ns + some_of(e, e->params.gap_ns), again_ns);
    }
}

void drain_due(struct engine *e, struct effects *fx)
{
    struct roster *roster = &e->roster;
    if (e->now_ns < roster->drained_ns) {
        return;
    }
    roster->drained_ns = NEVER;
    if (roster->view > 1) {
        struct message *m = emit_send(e, fx, MESSAGE_DRAINED);
        m->view = roster->view - 1;
        roster->drained_sent_ns = e->now_ns;
    }
}
