// SPDX-License-Identifier: MIT
// The settled roster (S1 to S3): views of who is there, numbered, published by the holder; and this
// node's index, which it has for as long as nothing speaks against it.
#include "state.h"

#include <string.h>

// What a view has besides the names in it, and what each of them has before it; a list of numbers
// without them, and what the longest wish has, and one who is not away or waited for,
// and one who is away.
enum {
    VIEW_BYTES = 57,
    NAME_BYTES = 2,
    LIST_BYTES = 10,
    WISH_BYTES = 2,
    HERE_BYTES = 1,
    AWAY_BYTES = 5,
};

void roster_init(struct engine *e)
{
    e->roster.due_ns = e->roster.answer_ns = e->roster.index_end_ns = NEVER;
    e->roster.drained_ns = NEVER;
    e->roster.sent_ns = e->roster.drained_sent_ns = e->last_sent_ns; // long ago
    e->roster.stale_until_ns = e->last_sent_ns;
    e->roster.seen = 1;
    nodes_get(&e->nodes, SELF)->seen = true;
}

// --- The index (S3) ------------------------------------------------------------------------------

static int64_t settle_ns(const struct engine *e)
{
    const struct params *params = &e->params;
    int64_t least_ns = params->cycle_ns + params->gap_ns * 9 / 2 + 2 * params_slack_ns(params);
    return e->config.settle_ns > least_ns ? e->config.settle_ns : least_ns;
}

static struct name publisher(const struct engine *e)
{
    return (struct name){e->roster.publisher, e->roster.publisher_len};
}

static struct members name_members(struct engine *e)
{
    struct roster *roster = &e->roster;
    for (uint32_t i = 0; i < roster->count; i++) {
        roster->room.names[i] = nodes_name(&e->nodes, roster->ids[i]);
    }
    return (struct members){.count = roster->count, .names = roster->room.names};
}

static struct event *emit_view(struct engine *e, struct effects *fx, enum event_type type)
{
    struct event *event = emit_event(fx, type);
    event->view = e->roster.view;
    event->who = publisher(e);
    event->roster = name_members(e);
    return event;
}

static void give_up(struct engine *e, struct effects *fx)
{
    if (e->roster.index_end_ns != NEVER) {
        e->roster.index_end_ns = NEVER;
        e->roster.gave_up_ns = e->now_ns;
        e->roster.told_settling = true;
        emit_event(fx, EVENT_SETTLING);
    }
}

void roster_link_up(struct engine *e, struct effects *fx)
{
    e->roster.heard_ns = e->now_ns;
    roster_doubt(e, fx);
    if (e->config.has_roster && !e->roster.told_settling) {
        e->roster.told_settling = true;
        emit_event(fx, EVENT_SETTLING);
    }
}

void roster_tell_soon(struct engine *e)
{
    if (e->config.has_roster && holds_tag(e)) {
        int64_t again_ns = e->roster.sent_ns + e->params.gap_ns;
        e->roster.due_ns = again_ns > e->now_ns ? again_ns : e->now_ns;
    }
}

void roster_doubt(struct engine *e, struct effects *fx)
{
    give_up(e, fx);
    e->roster.changed_ns = e->now_ns;
    roster_tell_soon(e);
}

void roster_expire(struct engine *e, struct effects *fx)
{
    if (e->now_ns >= e->roster.index_end_ns) {
        give_up(e, fx);
    }
}

// Whether the view names those that this node sees, and nobody else.
static bool is_true(const struct engine *e)
{
    const struct roster *roster = &e->roster;
    return roster->view > 0 && roster->named == roster->count && roster->seen == roster->count;
}

// How long an index is had without being confirmed.
static int64_t lapse_ns(const struct engine *e)
{
    return e->params.cycle_ns + e->params.gap_ns * 7 / 2;
}

// Something is heard. A link that was held up delivers at once all that waited in it, and so does
// the queue of one that slept and had no timer to notice it by.
void roster_hears(struct engine *e)
{
    struct roster *roster = &e->roster;
    int64_t alive_ns = e->config.lease_ns > 0 ? e->proof_ns : e->last_sent_ns;
    if (e->now_ns - alive_ns > lapse_ns(e) && e->now_ns - roster->heard_ns > lapse_ns(e)) {
        roster->stale_until_ns = e->now_ns + e->params.gap_ns;
    }
    roster->heard_ns = e->now_ns;
}

// Whether what is heard now may have been said long ago: after a sleep (J4), or a silence.
static bool may_be_stale(const struct engine *e)
{
    return e->now_ns < e->woke_until_ns || e->now_ns < e->roster.stale_until_ns;
}

// The view is said to be settled. Where islands meet it is so for one of them only.
static void have_index(struct engine *e, struct effects *fx)
{
    if (!is_true(e) || e->now_ns < e->roster.usable_ns || may_be_stale(e)) {
        return;
    }
    bool is_new = e->roster.index_end_ns == NEVER;
    if (is_new && drain_works_otherwise(e)) {
        return;
    }
    e->roster.index_end_ns = e->now_ns + lapse_ns(e);
    if (is_new) {
        e->roster.told_settling = false;
        drain_owes(e);
        emit_view(e, fx, EVENT_SETTLED)->index = nodes_get(&e->nodes, SELF)->place;
    }
}

// --- Views (S1, S2) ------------------------------------------------------------------------------

static void leave_places(struct engine *e)
{
    for (uint32_t i = 0; i < e->roster.count; i++) {
        node_id id = e->roster.ids[i];
        if (id != NODE_ABSENT) {
            places_leave(e, id);
            places_look_at(e, id);
        }
    }
}

static void begin_view(struct engine *e, int64_t view, struct name by, size_t count)
{
    struct roster *roster = &e->roster;
    drain_new_view(e);
    leave_places(e);
    roster->usable_ns = roster->view > 0 ? e->now_ns + lapse_ns(e) : e->now_ns;
    roster->view = view;
    roster->publisher_len = by.len;
    memmove(roster->publisher, by.text, by.len); // it may be the same
    roster->count = (uint32_t)count;
    roster->said = false;
}

// Negative: what the message has is lower than the present view.
static int compare_view(const struct engine *e, const struct message *m)
{
    if (m->view != e->roster.view) {
        return m->view < e->roster.view ? -1 : 1;
    }
    return name_compare(m->node, publisher(e));
}

static bool names_the_same(const struct engine *e, const struct members *members)
{
    const struct roster *roster = &e->roster;
    bool same = members->count == roster->count;
    for (uint32_t i = 0; i < roster->count && same; i++) {
        same = roster->ids[i] != NODE_ABSENT &&
               name_equal(nodes_name(&e->nodes, roster->ids[i]), members->names[i]);
    }
    return same;
}

static void deny_unnamed(struct engine *e)
{
    for (uint32_t rank = 0; rank < e->nodes.count; rank++) {
        node_id id = e->nodes.order[rank];
        nodes_get(&e->nodes, id)->denied = nodes_get(&e->nodes, id)->place == 0;
        places_look_at(e, id);
    }
}

// To be named by another is no sign of life: it keeps nobody from being forgotten.
static void take_view(struct engine *e, const struct message *m)
{
    begin_view(e, m->view, m->node, m->members.count);
    for (uint32_t i = 0; i < e->roster.count; i++) {
        e->roster.ids[i] = NODE_ABSENT;
    }
    for (uint32_t i = 0; i < e->roster.count; i++) {
        node_id id = nodes_find(&e->nodes, m->members.names[i]);
        places_take(e, id == NODE_UNKNOWN ? intern(e, m->members.names[i]) : id, i + 1);
    }
    deny_unnamed(e);
}

// The holder tells its own at once; another when it is heard that the holder does not know of it.
static void arm_answer(struct engine *e)
{
    int place = ring_find(&e->ring, SELF);
    int64_t at_ns = e->now_ns + stagger_ns(e, place < 0 ? (int)e->ring.count : place);
    int64_t again_ns = e->roster.sent_ns + 2 * e->params.gap_ns;
    if (e->enabled && !holds_tag(e) && e->roster.answer_ns == NEVER) {
        e->roster.answer_ns = at_ns > again_ns ? at_ns : again_ns;
    }
}

// J6: who has no turns, since it is not ready, would be forgotten where no transport tells of it.
static bool is_silent_for_long(const struct engine *e)
{
    int64_t said_ns = e->last_sent_ns > e->last_vers_ns ? e->last_sent_ns : e->last_vers_ns;
    int64_t turns = ((int64_t)e->roster.count + 2) * params_ring_size(&e->params);
    return (e->now_ns - said_ns) / e->params.cycle_ns > turns;
}

// Who is left out by mistake says that it is there. The same number by the same publisher with
// other members comes of one that began anew: what was heard last stands.
void roster_heard(struct engine *e, const struct message *m, struct effects *fx)
{
    int order = compare_view(e, m);
    if (!e->config.has_roster) {
        return;
    }
    if (order != 0 || !names_the_same(e, &m->members)) {
        emit_note(fx, order < 0 ? NOTE_VIEW_OTHER : NOTE_VIEW_NEW, m->node);
        roster_doubt(e, fx);
        if (order < 0) {
            drain_new_view(e);
            arm_answer(e);
            return;
        }
        take_view(e, m);
    }
    e->roster.answer_ns = NEVER;
    e->roster.said = true;
    e->roster.said_settled = m->settled;
    if (m->settled || m->shared) {
        drain_settled(e);
    }
    drain_take(e, &m->members);
    away_take(e, &m->members, fx);
    bool is_left_out = nodes_get(&e->nodes, SELF)->place == 0;
    if (wishes_take(e, &m->members) || is_left_out || is_silent_for_long(e)) {
        join_introduce(e);
    }
    if (m->settled) {
        have_index(e, fx);
    }
}

static bool is_whole(const struct engine *e)
{
    uint32_t i = 0;
    while (i < e->roster.count && e->roster.ids[i] != NODE_ABSENT) {
        i++;
    }
    return i > 0 && i == e->roster.count;
}

static void insert_by_name(const struct engine *e, node_id *ids, uint32_t count, node_id id)
{
    struct name name = nodes_name(&e->nodes, id);
    while (count > 0 && name_compare(nodes_name(&e->nodes, ids[count - 1]), name) > 0) {
        ids[count] = ids[count - 1];
        count--;
    }
    ids[count] = id;
}

// S1: those that the present view names in its order, without those who left; then the others.
static uint32_t list_members(const struct engine *e, node_id ids[MEMBERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->roster.count; i++) {
        node_id id = e->roster.ids[i];
        if (id != NODE_ABSENT && nodes_get(&e->nodes, id)->seen) {
            ids[count++] = id;
        }
    }
    uint32_t kept = count;
    for (uint32_t rank = 0; rank < e->nodes.count && count < e->roster.seen; rank++) {
        node_id id = e->nodes.order[rank];
        const struct node *node = nodes_get(&e->nodes, id);
        if (node->seen && node->place == 0) {
            insert_by_name(e, ids + kept, count - kept, id);
            count++;
        }
    }
    return count;
}

// Whether a view of these fits into a message.
static bool fits(const struct engine *e, struct name by, const node_id *ids, uint32_t count)
{
    size_t bytes = VIEW_BYTES + by.len, wishes = 0, away = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct node *node = nodes_get(&e->nodes, ids[i]);
        bytes += NAME_BYTES + node->len;
        wishes |= wishes_any(node) ? LIST_BYTES + WISH_BYTES * count : 0;
        away += node->is_away ? AWAY_BYTES - HERE_BYTES : 0;
    }
    away += away > 0 ? LIST_BYTES + HERE_BYTES * count : 0;
    size_t waits = e->config.drain_ns > 0 ? LIST_BYTES + HERE_BYTES * (count + 1) : 0;
    return bytes + wishes + away + waits <= e->config.view_max;
}

// S1: no number is above the highest, so its view gets other members then, as of one that began
// anew; under a name that sorts before it would be a lower one.
static struct name next_publisher(const struct engine *e)
{
    bool is_last = e->roster.view == VIEW_MAX && name_compare(publisher(e), e->config.name) > 0;
    return is_last ? publisher(e) : e->config.name;
}

// S2, S5: why there can be no view.
static void note_none(struct engine *e, enum note why, struct effects *fx)
{
    if (!e->roster.none_noted) {
        emit_note(fx, why, NAME_NONE);
    }
    e->roster.none_noted = true;
}

// S1, S5: who will be named, in their places; 0: nobody.
static uint32_t choose_members(struct engine *e, node_id ids[MEMBERS_MAX], struct effects *fx)
{
    const struct roster *roster = &e->roster;
    uint32_t count = roster->seen <= MEMBERS_MAX ? list_members(e, ids) : 0;
    if (count == 0 || !fits(e, next_publisher(e), ids, count)) {
        note_none(e, NOTE_VIEW_TOO_LONG, fx);
        return 0;
    }
    bool is_led = roster->view > 0 && roster->ids[0] == ids[0];
    uint32_t first = wishes_first(e, ids, count, is_led);
    if (first == count) {
        note_none(e, NOTE_VIEW_HEADLESS, fx);
        return 0;
    }
    node_id id = ids[first];
    memmove(ids + 1, ids, first * sizeof *ids);
    ids[0] = id;
    e->roster.none_noted = false;
    return count;
}

// Whether there is a new view.
static bool make_view(struct engine *e, struct effects *fx)
{
    struct roster *roster = &e->roster;
    node_id ids[MEMBERS_MAX];
    uint32_t count = choose_members(e, ids, fx);
    if (count == 0) {
        return false;
    }
    begin_view(e, roster->view < VIEW_MAX ? roster->view + 1 : VIEW_MAX, next_publisher(e), count);
    for (uint32_t i = 0; i < count; i++) {
        places_take(e, ids[i], i + 1);
        places_look_at(e, ids[i]);
    }
    roster_doubt(e, fx);
    return true;
}

static void send_view(struct engine *e, bool settled, struct effects *fx)
{
    struct message *m = emit_send(e, fx, MESSAGE_VIEW);
    m->node = publisher(e);
    m->view = e->roster.view;
    m->settled = settled;
    m->members = name_members(e);
    m->members.wishes = wishes_tell(e);
    m->members.away_s = away_tell(e);
    m->members.waits = settled ? NULL : drain_waits(e);
    m->shared = !settled && e->roster.was_settled && e->config.drain_ns > 0;
    e->roster.sent_ns = e->now_ns;
    e->roster.answer_ns = NEVER;
}

static void publish(struct engine *e, bool settled, struct effects *fx)
{
    struct roster *roster = &e->roster;
    send_view(e, settled, fx);
    if (!roster->said || settled != roster->said_settled) {
        emit_view(e, fx, EVENT_ROSTER)->settled = settled;
    }
    roster->said = true;
    roster->said_settled = settled;
    if (settled) {
        drain_settled(e);
    }
}

// What an effect of this step quotes would be changed under its hands.
static bool is_quoted(const struct effects *fx)
{
    bool quoted = false;
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct effect *effect = &fx->items[i];
        quoted |= effect->type == EFFECT_EVENT && effect->event.type == EVENT_SETTLED;
    }
    return quoted;
}

void roster_tagged(struct engine *e)
{
    e->roster.due_ns = e->config.has_roster ? e->now_ns : NEVER;
}

void roster_untagged(struct engine *e)
{
    e->roster.due_ns = NEVER;
}

// S2, S6: if nothing changes until then.
static int64_t settles_ns(struct engine *e)
{
    int64_t drain_ns = drain_waits(e) != NULL ? e->config.drain_ns : 0;
    return e->roster.changed_ns + settle_ns(e) + drain_ns;
}

// For itself, or as another has said since.
static bool is_settled(struct engine *e)
{
    return e->roster.index_end_ns != NEVER || e->now_ns >= settles_ns(e);
}

void roster_drained(struct engine *e)
{
    struct roster *roster = &e->roster;
    if (roster->due_ns != NEVER && is_true(e) && settles_ns(e) < roster->due_ns) {
        roster->due_ns = settles_ns(e);
    }
}

// One that was forgotten meanwhile cannot be named.
void roster_answer_due(struct engine *e, struct effects *fx)
{
    if (e->now_ns < e->roster.answer_ns) {
        return;
    }
    e->roster.answer_ns = NEVER;
    if (e->enabled && is_whole(e) && fits(e, publisher(e), e->roster.ids, e->roster.count)) {
        send_view(e, false, fx);
    }
}

// The view may be repeated: it is true, and its place 1 is right (S5).
static bool stands(const struct engine *e)
{
    const struct roster *roster = &e->roster;
    return is_true(e) && wishes_first(e, roster->ids, roster->count, true) == 0 &&
           fits(e, publisher(e), roster->ids, roster->count);
}

// S2. Once more when it settles while this node is tagged, so that nobody waits for the next tag.
void roster_due(struct engine *e, struct effects *fx)
{
    struct roster *roster = &e->roster;
    if (e->now_ns < roster->due_ns || (!stands(e) && is_quoted(fx))) {
        return;
    }
    bool there_is_one = stands(e) || make_view(e, fx);
    roster->due_ns = NEVER;
    if (!there_is_one) {
        return;
    }
    bool settled = is_settled(e);
    publish(e, settled, fx);
    if (settled) {
        have_index(e, fx);
    } else {
        roster->due_ns = settles_ns(e);
    }
}
