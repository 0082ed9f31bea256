// SPDX-License-Identifier: MIT
// What a node does with a beacon or hist from another: rules R1 to R8 of PROTOCOL.md, in their
// order, one function each. A rule returns whether it has settled the matter.
#include "state.h"

#include <assert.h>
#include <string.h>

// Most recover events in one gap: a flood of strangers is not reported one by one.
enum { RECOVERS_MAX = 8 };

// A message, with its history as ids. Names that are not known yet are NODE_UNKNOWN, which equals
// nothing on a ring.
struct heard {
    const struct message *m;
    bool by_beacon;
    node_id sender, before;
    struct ring history;
};

static uint32_t ring_size(const struct engine *e)
{
    return (uint32_t)params_ring_size(&e->params);
}

static int64_t since_head_ns(const struct engine *e)
{
    return e->now_ns - e->head.heard_ns;
}

// Late enough for an early, willing successor of the next turn, seen through two latencies.
static bool turn_is_over(const struct engine *e)
{
    return since_head_ns(e) >= e->params.cycle_ns - 2 * e->params.gap_ns;
}

static bool is_lone(const struct message *m)
{
    return m->history.count == 1;
}

static bool is_ours(const struct engine *e, node_id id)
{
    return id != NODE_UNKNOWN && nodes_get(&e->nodes, id)->ours;
}

// P1: negative when the message's head is the better one.
static int against_head(const struct engine *e, const struct message *m)
{
    node_id lone = is_lone(m) ? nodes_find(&e->nodes, m->history.names[0]) : e->ring.ids[0];
    struct value with_a_ring = is_lone(m) ? head_value(e) : m->value;
    if (is_lone(m) != e->head.lone && is_ours(e, lone) && !value_is_null(with_a_ring)) {
        return is_lone(m) ? 1 : -1;
    }
    int order = value_compare(head_value(e), m->value);
    if (order != 0) {
        return order;
    }
    return name_compare(m->history.names[0], nodes_name(&e->nodes, e->ring.ids[0]));
}

static bool beats_head(const struct engine *e, const struct message *m)
{
    return against_head(e, m) < 0;
}

static void read_history(const struct engine *e, const struct message *m, struct heard *h)
{
    assert(m->history.count > 0);
    h->m = m;
    h->by_beacon = m->type == MESSAGE_PING;
    h->history.count = (uint32_t)m->history.count;
    for (uint32_t i = 0; i < h->history.count; i++) {
        h->history.ids[i] = nodes_find(&e->nodes, m->history.names[i]);
    }
    h->sender = h->history.ids[0];
    h->before = ring_at(&h->history, 1);
}

// Makes all its names known, before the history becomes a ring.
static void intern_history(struct engine *e, struct heard *h)
{
    for (uint32_t i = 0; i < h->history.count; i++) {
        h->history.ids[i] = intern(e, h->m->history.names[i]);
    }
    h->sender = h->history.ids[0];
    h->before = ring_at(&h->history, 1);
}

// --- What following a turn does --------------------------------------------------------------

static void note_entry(struct engine *e, node_id id, bool was_on_ring)
{
    if (was_on_ring) {
        e->entry.turns_since++;
    } else {
        e->entry = (struct entry){id, 0, true};
    }
}

static void move_to_front(struct engine *e, node_id id)
{
    note_entry(e, id, ring_find(&e->ring, id) >= 0);
    ring_turn(&e->ring, id, ring_size(e));
}

static void remember_ring(struct engine *e)
{
    e->before = e->ring;
    e->entry_before = e->entry;
}

// A new turn, or another node's in the present one.
static void start_turn(struct engine *e, bool new_slot, struct effects *fx)
{
    node_id head = e->ring.ids[0];
    if (new_slot) {
        line_count_silence(e, fx);
        e->slot++;
    }
    e->renews = false;
    e->head.heard_ns = e->now_ns;
    nodes_get(&e->nodes, head)->sent_slot = e->slot;
    e->expected = line_expected(e);
    e->expected_by_ns = e->now_ns + line_silence_ns(e);
    e->expects_surely = e->entry.seen;
    handover_new_turn(e, fx);
    answer_drop(e);
}

static void hear_head(struct engine *e, const struct message *m, bool again)
{
    e->head.by_beacon = m->type == MESSAGE_PING;
    e->head.lone = is_lone(m);
    e->head.in_time = e->head.by_beacon && e->now_ns >= e->woke_until_ns;
    e->head.again = again && e->head.by_beacon;
    e->head.contents = contents_of(m);
    store_value(&e->head.value, m->value);
    e->stands_ns = e->now_ns + e->params.gap_ns;
}

// R6: so many turns ago. What is read after a sleep (J4) may be older as well: no beacon that comes
// now is taken for that one again, for in a ring the same follow each other every round.
static int64_t shortest_turn_ns(const struct engine *e)
{
    return e->params.cycle_ns - 2 * e->params.gap_ns;
}

static void note_turn(struct engine *e, node_id sender, node_id before, uint32_t ago)
{
    if (e->now_ns < e->woke_until_ns) {
        ago++;
    }
    turns_add(&e->turns, sender, before, e->now_ns - ago * shortest_turn_ns(e));
}

// When only the head's own word tells what was before it.
static void forget_before_head(struct engine *e)
{
    e->before.count = e->ring.count - 1;
    memcpy(e->before.ids, e->ring.ids + 1, e->before.count * sizeof *e->before.ids);
}

// Its history becomes the ring: on joining, and when islands have met.
static void take_ring(struct engine *e, struct heard *h, struct effects *fx)
{
    intern_history(e, h);
    e->ring = h->history;
    ring_truncate(&e->ring, ring_size(e));
    e->entry = e->entry_before = (struct entry){h->sender, 0, false};
    forget_before_head(e);
    for (uint32_t i = h->history.count; i-- > 0;) {
        node_id before = ring_at(&h->history, i + 1);
        if (before != NODE_ABSENT || h->history.count == 1) {
            note_turn(e, h->history.ids[i], before, i);
        }
    }
    hear_head(e, h->m, false);
    start_turn(e, true, fx);
}

void rules_take_ring(struct engine *e, const struct message *m, struct effects *fx)
{
    struct heard h;
    read_history(e, m, &h);
    if (!h.by_beacon) {
        // In the middle of a turn nobody can be expecting me.
        nodes_get(&e->nodes, SELF)->known_slot = e->slot + 1;
    }
    take_ring(e, &h, fx);
}

void rules_own_turn(struct engine *e, struct effects *fx)
{
    bool again = ring_at(&e->ring, 0) == SELF;
    remember_ring(e);
    move_to_front(e, SELF);
    note_turn(e, SELF, ring_at(&e->ring, 1), 0); // as its beacon tells the others
    e->head.by_beacon = e->head.in_time = true;
    e->head.again = again;
    e->head.lone = e->ring.count == 1;
    e->head.value = e->value;
    e->stands_ns = NEVER;
    start_turn(e, true, fx);
}

// The sender and those before it, down to `depth`, have taken turns after my head.
static void follow(struct engine *e, struct heard *h, uint32_t depth, struct effects *fx)
{
    intern_history(e, h);
    e->expects_surely &= depth == 0; // whoever was expected may have spoken meanwhile
    // The last one of those that were missed may have been handed over early (H3).
    bool early = e->head.in_time && since_head_ns(e) < (depth + 1) * shortest_turn_ns(e);
    for (uint32_t i = depth + 1; i-- > 0;) {
        remember_ring(e);
        move_to_front(e, h->history.ids[i]);
        note_turn(e, h->history.ids[i], ring_at(&h->history, i + 1), early && i > 0 ? i - 1 : i);
    }
    hear_head(e, h->m, false);
    start_turn(e, true, fx);
}

// --- The rules -------------------------------------------------------------------------------

static bool begins_my_ring(const struct engine *e, const struct heard *h)
{
    return h->history.count <= e->ring.count &&
           memcmp(h->history.ids, e->ring.ids, h->history.count * sizeof *e->ring.ids) == 0;
}

// What my head has sent already is heard again; or for the first time, when a hist overtook it.
static bool is_copy(const struct engine *e, const struct heard *h)
{
    if (e->head.by_beacon) {
        return contents_of(h->m) == e->head.contents && since_head_ns(e) < e->params.gap_ns;
    }
    return begins_my_ring(e, h) && since_head_ns(e) < e->params.gap_ns;
}

// "The sender is my head."
static bool r1_same_head(struct engine *e, struct heard *h, struct effects *fx)
{
    if (h->sender != e->ring.ids[0]) {
        return false;
    }
    if (!h->by_beacon) {
        return true;
    }
    if (is_copy(e, h)) {
        e->head.heard_ns = e->now_ns;
        e->head.by_beacon = true;
        e->head.in_time = e->now_ns >= e->woke_until_ns;
        e->head.contents = contents_of(h->m);
        emit_note(fx, NOTE_COPY, h->m->node);
        return true;
    }
    emit_note(fx, NOTE_AGAIN, h->m->node);
    if (since_head_ns(e) < e->params.cycle_ns - e->params.gap_ns / 2) {
        join_renewal_heard(e);
    }
    hold_give_up(e, UNTAG_HANDOVER, fx);
    remember_ring(e);
    if (begins_my_ring(e, h)) {
        note_entry(e, h->sender, true);
    } else {
        move_to_front(e, h->sender);
    }
    note_turn(e, h->sender, h->before, 0);
    hear_head(e, h->m, true);
    start_turn(e, true, fx);
    return true;
}

// H5: the sender was told that my head is gone, and has followed this very turn. After two
// latencies it must have heard of it. Before that, it shows in what is named before my head: where
// my head has gone on after a turn of its own, or two take turns with each other, it may be the
// turn before.
static bool comes_early(const struct engine *e, const struct heard *h)
{
    node_id second = ring_at(&e->ring, 1);
    if (h->by_beacon && since_head_ns(e) >= 2 * e->params.gap_ns) {
        return true;
    }
    if (e->head.again || since_head_ns(e) < e->params.gap_ns) {
        return false;
    }
    return h->sender == second ? ring_at(&e->before, 1) != e->ring.ids[0]
                               : ring_at(&h->history, 2) == second;
}

// The crossing of R2: both have spoken before they heard each other, since nobody can have followed
// the present turn of my head yet. What the sender followed is an earlier one.
static bool have_crossed(const struct engine *e, const struct heard *h)
{
    return h->before == e->ring.ids[0] && e->head.in_time && !turn_is_over(e) &&
           e->handover_ns == NEVER && !comes_early(e, h);
}

// Whether my tag may run on to its own end beside the turn that begins: the beacon comes from one
// that will not be tagged before.
static bool is_willing(const struct engine *e, const struct heard *h)
{
    return head_is_me(e) && !hold_is_pending(e) && h->by_beacon && is_ours(e, h->sender) &&
           since_head_ns(e) >= e->params.cycle_ns - e->params.gap_ns;
}

// "history[1] is my head."
static bool r2_next_turn(struct engine *e, struct heard *h, struct effects *fx)
{
    if (h->before != e->ring.ids[0] || have_crossed(e, h)) {
        return false;
    }
    if (is_willing(e, h)) {
        emit_note(fx, NOTE_WILLING, h->m->history.names[0]);
    } else {
        emit_note(fx, NOTE_NEXT, h->m->history.names[0]);
        hold_give_up(e, UNTAG_HANDOVER, fx);
    }
    follow(e, h, 0, fx);
    return true;
}

// "I missed beacons."
static bool r3_missed(struct engine *e, struct heard *h, struct effects *fx)
{
    int depth = ring_find(&h->history, e->ring.ids[0]);
    if (depth < 2 || h->before == ring_at(&e->ring, 1)) {
        return false;
    }
    node_id beyond = ring_at(&h->history, (uint32_t)depth + 1);
    if (beyond != NODE_ABSENT && beyond != ring_at(&e->ring, 1)) {
        return false;
    }
    if (e->head.by_beacon && !turn_is_over(e)) {
        return false;
    }
    emit_note(fx, NOTE_MISSED, h->m->history.names[0]);
    hold_give_up(e, UNTAG_HANDOVER, fx);
    follow(e, h, (uint32_t)depth - 1, fx);
    return true;
}

// The new one stands, in my head's place or after it (R4, R5).
static void replace_head(struct engine *e, struct heard *h, bool next_turn, struct effects *fx)
{
    intern_history(e, h);
    bool was_on_ring = ring_find(&e->before, h->sender) >= 0;
    bool again = h->sender == ring_at(&e->before, 0);
    if (again || h->before == ring_at(&e->before, 0)) {
        e->ring = e->before;
        e->entry = e->entry_before;
        if (!begins_my_ring(e, h)) {
            ring_turn(&e->ring, h->sender, ring_size(e));
        }
    } else {
        struct ring rest = e->ring;
        e->ring = h->history;
        ring_truncate(&e->ring, ring_size(e));
        if (h->by_beacon) { // a hist carries the whole ring
            ring_fill(&e->ring, &rest, ring_size(e));
        }
        e->entry = e->entry_before;
        forget_before_head(e);
    }
    note_entry(e, h->sender, was_on_ring);
    note_turn(e, h->sender, h->before, 0);
    hear_head(e, h->m, again);
    start_turn(e, next_turn, fx);
}

// Two that know of nobody collide when both begin; a head that goes on alone has met an island.
static bool follows_the_same(const struct engine *e, const struct heard *h)
{
    return h->before == ring_at(&e->ring, 1) && (h->before != NODE_ABSENT || !e->head.again);
}

static bool has_strong_signs(const struct engine *e, const struct heard *h)
{
    return follows_the_same(e, h) || have_crossed(e, h);
}

static bool has_weak_sign(const struct engine *e, const struct heard *h)
{
    return h->sender == ring_at(&e->ring, 1);
}

// One of ours that has not heard of my ring, though its turn is not long over.
static bool begins_alone(const struct engine *e, const struct heard *h)
{
    return is_lone(h->m) && !e->head.lone && is_ours(e, h->sender) &&
           since_head_ns(e) <= cycle_max_ns(e);
}

// J4: my head was heard late; how long its turn has lasted is not known.
static bool woke_in_turn(const struct engine *e)
{
    return e->head.by_beacon && !e->head.in_time && e->now_ns >= e->woke_until_ns;
}

// It may have been told that my head is gone before I am (H5).
static void remember_early(struct engine *e, struct heard *h)
{
    intern_history(e, h);
    e->early.history = h->history;
    store_value(&e->early.value, h->m->value);
}

// "A collision in one slot."
static bool r4_collision(struct engine *e, struct heard *h, bool signs, struct effects *fx)
{
    struct name sender = h->m->history.names[0];
    if (!signs) {
        return false;
    }
    if (h->by_beacon && (turn_is_over(e) || woke_in_turn(e)) && !begins_alone(e, h)) {
        emit_note(fx, NOTE_LATE_TURN, sender);
        hold_lose(e, sender, fx);
        replace_head(e, h, true, fx);
    } else if (beats_head(e, h->m)) {
        emit_note(fx, NOTE_COLLISION_LOST, sender);
        hold_lose(e, sender, fx);
        replace_head(e, h, false, fx);
    } else {
        emit_note(fx, NOTE_COLLISION_WON, sender);
        if (h->by_beacon && h->before == e->ring.ids[0]) {
            remember_early(e, h);
        }
        if (h->by_beacon && head_is_me(e) && e->enabled) {
            answer_at_once(e, fx);
        }
    }
    return true;
}

static bool is_old_news(const struct engine *e, const struct heard *h)
{
    if (!h->by_beacon && have_crossed(e, h) && !e->head.again) {
        return true; // of a turn before my head's, which it followed in its turn
    }
    int64_t age_ns = h->by_beacon ? e->params.cycle_ns - 2 * e->params.gap_ns : 2 * cycle_max_ns(e);
    if (!h->by_beacon && e->now_ns < e->woke_until_ns) {
        age_ns = NEVER; // J4: it waited as long as I slept
    }
    return turns_is_old_news(&e->turns, h->sender, h->before, e->now_ns, age_ns);
}

// "A pending node obeys any hist whose head is better than itself, old news or not"; but not one of
// the very turn that its own beacon followed, which was on its way then. What tells of another
// island is R7's.
static bool r5_obey(struct engine *e, struct heard *h, struct effects *fx)
{
    bool followed = !e->spoke_early && h->sender == ring_at(&e->before, 0) &&
                    h->before == ring_at(&e->before, 1);
    bool islands = !has_strong_signs(e, h) && !has_weak_sign(e, h) && !is_old_news(e, h);
    if (!hold_is_pending(e) || followed || islands || !beats_head(e, h->m)) {
        return false;
    }
    emit_note(fx, NOTE_OBEY, h->m->history.names[0]);
    if (e->spoke_early) {
        presence_defended(e, h->sender, fx);
    }
    hold_lose(e, h->m->history.names[0], fx);
    replace_head(e, h, false, fx);
    return true;
}

static bool r6_old_news(const struct engine *e, const struct heard *h, struct effects *fx)
{
    if (is_old_news(e, h)) {
        emit_note(fx, NOTE_OLD_NEWS, h->m->history.names[0]);
        return true;
    }
    return false;
}

// Whether it is reported: not the ninth time in a gap.
static bool report_recover(struct engine *e, const struct heard *h, const struct ring *mine,
                           bool replace, struct effects *fx)
{
    if (e->now_ns - e->recover_ns >= e->params.gap_ns) {
        e->recover_ns = e->now_ns;
        e->recovers = 0;
    }
    if (++e->recovers > RECOVERS_MAX) {
        return false;
    }
    struct event *event = emit_event(fx, EVENT_RECOVER);
    event->prio = ring_find(mine, SELF);
    event->replace = replace;
    emit_ring(e, &event->ring, mine);
    event->remote.count = h->m->history.count;
    memcpy(event->remote.names, h->m->history.names, h->m->history.count * sizeof(struct name));
    return true;
}

// Nobody of my ring has taken the next turn: what my head was worth counts no longer.
static bool ring_is_silent(const struct engine *e)
{
    return since_head_ns(e) > e->params.cycle_ns + 3 * e->params.gap_ns;
}

// "Two islands have met."
static void r7_islands(struct engine *e, struct heard *h, struct effects *fx)
{
    struct name sender = h->m->history.names[0];
    struct ring mine = e->ring;
    struct stored_value value;
    store_value(&value, head_value(e));
    bool lost = beats_head(e, h->m) || (h->by_beacon && ring_is_silent(e));

    emit_note(fx, lost ? NOTE_ISLANDS_LOST : NOTE_ISLANDS_WON, sender);
    if (lost) {
        hold_lose(e, sender, fx);
        take_ring(e, h, fx);
    }
    if (is_ready(e) && ring_find(&mine, SELF) >= 0) {
        if (report_recover(e, h, &mine, lost, fx)) {
            join_introduce(e);
        }
        answer_islands(e, &mine, &value);
    }
}

void rules_beacon(struct engine *e, const struct message *m, struct effects *fx)
{
    struct heard h;
    assert(e->ring.count > 0);
    read_history(e, m, &h);
    if (r1_same_head(e, &h, fx) || r2_next_turn(e, &h, fx) || r3_missed(e, &h, fx) ||
        r4_collision(e, &h, has_strong_signs(e, &h), fx) || r6_old_news(e, &h, fx) ||
        r4_collision(e, &h, has_weak_sign(e, &h), fx)) {
        return;
    }
    r7_islands(e, &h, fx);
}

void rules_hist(struct engine *e, const struct message *m, struct effects *fx)
{
    struct heard h;
    assert(e->ring.count > 0);
    read_history(e, m, &h);
    answer_heard(e, m);
    if (r1_same_head(e, &h, fx) || r2_next_turn(e, &h, fx) || r5_obey(e, &h, fx) ||
        r6_old_news(e, &h, fx) || r3_missed(e, &h, fx) ||
        r4_collision(e, &h, has_strong_signs(e, &h) || has_weak_sign(e, &h), fx)) {
        return;
    }
    r7_islands(e, &h, fx);
}

void rules_follow_early(struct engine *e, struct effects *fx)
{
    const struct ring *history = &e->early.history;
    if (history->count == 0 || ring_find(history, SELF) == 0) {
        return;
    }
    struct message m = {.type = MESSAGE_PING, .value = stored_value(&e->early.value)};
    for (uint32_t i = 0; i < history->count; i++) {
        m.history.names[m.history.count++] = nodes_name(&e->nodes, history->ids[i]);
    }
    m.node = m.history.names[0];
    e->early.history.count = 0;
    rules_beacon(e, &m, fx);
}
