// SPDX-License-Identifier: MIT
// The engine's door: inputs in, effects out, and the one deadline.
#include "state.h"

#include <assert.h>
#include <string.h>

// Further back than anything that is compared with the present, and safe to subtract.
#define LONG_AGO_NS (INT64_MIN / 4)

// J6: seen last longer ago than this many turns of the whole group, a node is forgotten. Every node
// has had its turn in 2 * nodes turns of each (I11).
enum { FORGET_TURNS_MAX = 1000000 };

// A beacon names this many, however small `splits` is: with fewer, a node that missed one cannot
// see how it follows (R3).
enum { BEACON_NAMES_MIN = 4 };

// What a message has besides its node, value and names.
enum { FRAME_BYTES = 36 };

// --- Effects -----------------------------------------------------------------------------------

static struct effect *emit(struct effects *fx, enum effect_type type)
{
    assert(fx->count < EFFECTS_MAX);
    struct effect *effect = &fx->items[fx->count++];
    effect->type = type;
    return effect;
}

struct message *emit_send(struct engine *e, struct effects *fx, enum message_type type)
{
    struct message *m = &emit(fx, EFFECT_SEND)->send;
    m->type = type;
    m->node = nodes_name(&e->nodes, SELF);
    m->nonce = 0;
    m->unready = m->asks = m->left = false;
    m->heir = NAME_NONE;
    m->wish = (struct wish){0};
    m->away_s = 0;
    m->shared = false;
    m->value = VALUE_NULL;
    m->history.count = 0;
    m->members = (struct members){0};
    if (type == MESSAGE_INIT || type == MESSAGE_VERS || type == MESSAGE_PING) {
        nodes_get(&e->nodes, SELF)->missed = 0; // as those that hear it count
    }
    return m;
}

struct event *emit_event(struct effects *fx, enum event_type type)
{
    struct event *event = &emit(fx, EFFECT_EVENT)->event;
    event->type = type;
    event->slot = 0;
    event->who = NAME_NONE;
    event->value = VALUE_NULL;
    event->ring.count = event->remote.count = 0;
    event->roster = (struct members){0};
    return event;
}

void emit_note(struct effects *fx, enum note note, struct name who)
{
    struct effect *effect = emit(fx, EFFECT_NOTE);
    effect->noted.note = note;
    effect->noted.who = who;
}

void emit_drop(struct effects *fx, enum drop reason)
{
    emit(fx, EFFECT_DROP)->drop = reason;
}

void emit_ring(const struct engine *e, struct history *to, const struct ring *from)
{
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        to->names[to->count++] = nodes_name(&e->nodes, from->ids[i]);
    }
}

// The end is left out where it would not fit; each name has up to two bytes before it.
void send_ring(const struct engine *e, struct message *m, const struct ring *ring, uint32_t limit)
{
    size_t bytes = FRAME_BYTES + m->value.len + (m->type == MESSAGE_PING ? m->node.len : 0);
    m->history.count = 0;
    for (uint32_t i = 0; i < ring->count && i < limit; i++) {
        struct name name = nodes_name(&e->nodes, ring->ids[i]);
        bytes += name.len + 2;
        if (i > 0 && bytes > e->config.packet_max) {
            break;
        }
        m->history.names[m->history.count++] = name;
    }
}

// I5: a collision may be decided one way and then back.
static bool slot_is_told(struct engine *e)
{
    uint64_t hash = hash_mix(e->slot);
    for (uint32_t i = 0; i < e->ring.count; i++) {
        hash = hash_mix(hash ^ nodes_get(&e->nodes, e->ring.ids[i])->hash);
    }
    bool told = hash == e->told_slot;
    e->told_slot = hash;
    return told;
}

void emit_slot(struct engine *e, struct effects *fx, bool led)
{
    if (slot_is_told(e)) {
        return;
    }
    struct event *event = emit_event(fx, EVENT_SLOT);
    event->slot = e->slot;
    event->who = led ? nodes_name(&e->nodes, e->ring.ids[0]) : NAME_NONE;
    emit_ring(e, &event->ring, &e->ring);
    event->full = e->ring.count >= (uint32_t)params_ring_size(&e->params);
    event->members = e->nodes.count;
}

// --- Small things that several files need -------------------------------------------------------

void store_value(struct stored_value *to, struct value from)
{
    assert(from.len <= sizeof to->cbor);
    to->len = from.len;
    if (from.len > 0) {
        memcpy(to->cbor, from.cbor, from.len);
    }
}

struct value stored_value(const struct stored_value *value)
{
    return (struct value){value->cbor, value->len};
}

struct value head_value(const struct engine *e)
{
    bool leads =
        head_is_me(e) ? is_ready(e) : nodes_get(&e->nodes, e->ring.ids[0])->ready != READY_NO;
    return leads ? stored_value(&e->head.value) : VALUE_NULL;
}

bool is_ready(const struct engine *e)
{
    return e->enabled && !value_is_null(stored_value(&e->value));
}

bool head_is_me(const struct engine *e)
{
    return ring_at(&e->ring, 0) == SELF;
}

int64_t cycle_max_ns(const struct engine *e)
{
    return e->params.cycle_ns + e->params.gap_ns * 5 / 2;
}

int64_t stagger_ns(const struct engine *e, int place)
{
    return e->params.gap_ns - (e->params.gap_ns >> (place < 62 ? place : 62));
}

uint64_t contents_of(const struct message *m)
{
    uint64_t hash = name_hash((struct name){(const char *)m->value.cbor, m->value.len});
    for (size_t i = 0; i < m->history.count; i++) {
        hash = hash_mix(hash ^ name_hash(m->history.names[i]));
    }
    return hash;
}

// --- Known nodes -------------------------------------------------------------------------------

static bool is_needed(const struct engine *e, node_id id)
{
    return id == SELF || id == e->expected || id == e->heir || id == e->entry.who ||
           id == e->entry_before.who || ring_find(&e->ring, id) >= 0 ||
           ring_find(&e->before, id) >= 0 || turns_names(&e->turns, id) ||
           ring_find(&e->early.history, id) >= 0 ||
           (e->answer.at_ns != NEVER && ring_find(&e->answer.ring, id) >= 0);
}

static void forget(struct engine *e, node_id id)
{
    places_forget(e, id);
    nodes_remove(&e->nodes, id);
}

static node_id oldest_not_needed(const struct engine *e)
{
    node_id id = e->nodes.oldest;
    while (is_needed(e, id)) {
        id = nodes_get(&e->nodes, id)->newer;
    }
    return id;
}

node_id intern(struct engine *e, struct name name)
{
    node_id id = nodes_find(&e->nodes, name);
    if (id != NODE_UNKNOWN) {
        nodes_see(&e->nodes, id, e->now_ns);
        return id;
    }
    if (e->nodes.count == e->nodes.capacity) {
        forget(e, oldest_not_needed(e));
    }
    return nodes_add(&e->nodes, name, e->now_ns);
}

// J6. One a step keeps up, since a step makes few known.
static void forget_unseen(struct engine *e, struct effects *fx)
{
    node_id id = e->nodes.oldest;
    uint64_t turns = 2 * ((uint64_t)e->nodes.count + 2) * (uint64_t)params_ring_size(&e->params);
    if (turns > FORGET_TURNS_MAX) {
        turns = FORGET_TURNS_MAX;
    }
    bool unseen =
        (e->now_ns - nodes_get(&e->nodes, id)->seen_ns) / cycle_max_ns(e) > (int64_t)turns;
    if (unseen && id == e->expected && id != SELF) {
        e->expected = NODE_ABSENT; // a lone node renews before anybody's silence could count
    }
    if (unseen && !is_needed(e, id) && !nodes_get(&e->nodes, id)->is_away) {
        presence_silent(e, id, fx); // it may only be away
    }
    bool has_place = nodes_get(&e->nodes, id)->present || nodes_get(&e->nodes, id)->is_away;
    if (unseen && !is_needed(e, id) && !has_place) {
        forget(e, id);
    } else if (unseen) {
        nodes_see(&e->nodes, id, nodes_get(&e->nodes, id)->seen_ns); // to the end of the queue
    }
}

static void note_readiness(struct node *node, const struct message *m)
{
    if (m->type == MESSAGE_PING || m->type == MESSAGE_HIST) {
        node->ready = value_is_null(m->value) ? READY_NO : READY_YES;
    } else if (m->type == MESSAGE_VERS && m->unready) {
        node->ready = READY_NO;
    } else if (node->ready == READY_NO && (m->type == MESSAGE_VERS || !node->ours)) {
        node->ready = READY_UNKNOWN; // it started anew, or has become ready
    } // an `init` of ours may have been overtaken by the `vers` that says more
}

// A Python node answers with the set as it heard it, under the name of whoever sent it then.
bool is_python_set(const struct message *m)
{
    return m->type == MESSAGE_VERS && m->nonce == 0;
}

// What a message tells of its sender, or of the head that a hist speaks for. A `vers` is of ours.
static void note_sender(struct engine *e, const struct message *m, struct effects *fx)
{
    bool is_hist = m->type == MESSAGE_HIST;
    node_id id = intern(e, is_hist ? m->history.names[0] : m->node);
    struct node *node = nodes_get(&e->nodes, id);
    bool gives_up = node->ready != READY_NO && ring_at(&e->ring, 0) == id;

    note_readiness(node, m);
    if (is_hist) {
        return;
    }
    if (gives_up && m->type == MESSAGE_VERS && m->unready) {
        handover_start(e, true, fx); // J2: it holds no longer
    }
    presence_heard(e, id, m, fx);
    if (!node->heard || m->type == MESSAGE_INIT) {
        node->known_slot = e->slot;
        node->sent_slot = e->slot;
    }
    node->heard = true;
    node->missed = 0;
    if (m->type == MESSAGE_VERS) {
        node->ours = true;
        wishes_heard(e, id, m->wish);
    }
    places_watch(e, id, fx);
}

// --- Inputs ------------------------------------------------------------------------------------

static void hear_turn(struct engine *e, const struct message *m, struct effects *fx)
{
    bool joins = e->phase == PHASE_LISTENING || e->ring.count == 0;
    if (joins) {
        emit_note(fx, NOTE_JOIN_RING, m->history.names[0]);
        e->phase = PHASE_RUNNING;
        e->listen_end_ns = e->ask_ns = NEVER;
        rules_take_ring(e, m, fx);
    } else if (m->type == MESSAGE_PING) {
        rules_beacon(e, m, fx);
    } else {
        rules_hist(e, m, fx);
    }
}

static void on_message(struct engine *e, const struct message *m, struct effects *fx)
{
    if (e->phase == PHASE_DOWN || join_own_name(e, m, fx)) {
        return;
    }
    roster_hears(e);
    if (m->type == MESSAGE_VIEW) {
        roster_heard(e, m, fx);
        return;
    }
    if (m->type == MESSAGE_DRAINED) {
        drain_heard(e, m);
        return;
    }
    bool python_set = is_python_set(m);
    if (m->type == MESSAGE_VERS && m->left && !python_set) {
        presence_left(e, m, fx);
        return;
    }
    if (!python_set) {
        note_sender(e, m, fx);
    }
    switch (m->type) {
    case MESSAGE_INIT:
        join_init_heard(e);
        break;
    case MESSAGE_VERS:
        setup_heard(e, m, fx);
        if (python_set) {
            join_python_heard(e); // with the cycle that it tells
        } else if (!name_is_none(m->heir)) {
            handover_heard(e, m, fx);
        }
        break;
    case MESSAGE_PING:
    case MESSAGE_HIST:
        hear_turn(e, m, fx);
        break;
    case MESSAGE_VIEW:
    case MESSAGE_DRAINED:
    case MESSAGE_TELL:
        break;
    }
}

void drop_timers(struct engine *e)
{
    answer_drop(e);
    e->due_ns = e->stands_ns = e->listen_end_ns = NEVER;
    e->vers_ns = e->introduce_ns = e->ask_ns = NEVER;
    e->roster.answer_ns = e->roster.drained_ns = NEVER;
}

static void on_link_down(struct engine *e, enum untag_reason reason, enum phase phase,
                         struct effects *fx)
{
    hold_give_up(e, reason, fx);
    roster_doubt(e, fx);
    drop_timers(e);
    e->phase = phase;
}

static void on_link_up(struct engine *e, struct effects *fx)
{
    on_link_down(e, UNTAG_LINK, PHASE_DOWN, fx); // it was, even if nobody said so
    e->proof_ns = e->now_ns;
    roster_link_up(e, fx);
    join_start(e, fx);
}

static void on_proof(struct engine *e, int64_t sent_ns)
{
    if (sent_ns > e->proof_ns) {
        e->proof_ns = sent_ns;
    }
    if (e->prove_ns != NEVER) {
        e->prove_ns = lease_renewal_ns(e);
    }
}

// J2: so that the others expect me, or do not wait for me.
static void say_readiness(struct engine *e, struct effects *fx)
{
    if (e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING) {
        setup_send(e, fx);
    }
}

static void on_value(struct engine *e, struct value value, struct effects *fx)
{
    bool was_ready = is_ready(e);
    store_value(&e->value, value);
    if (was_ready == is_ready(e)) {
        return;
    }
    if (was_ready) {
        hold_give_up(e, UNTAG_DISABLED, fx);
    }
    say_readiness(e, fx);
}

static void on_enable(struct engine *e, struct effects *fx)
{
    if (e->enabled) {
        return;
    }
    e->enabled = true;
    // With a ring that is long silent it would speak before it knows who has led meanwhile; and to
    // one that never said `init` nobody has told who is one of ours.
    bool stale = e->now_ns - e->head.heard_ns > cycle_max_ns(e);
    bool joins = stale || !e->said_init;
    if (e->phase == PHASE_LISTENING || (e->phase == PHASE_RUNNING && joins)) {
        join_start(e, fx);
    } else if (e->phase == PHASE_RUNNING) {
        nodes_get(&e->nodes, SELF)->known_slot = e->slot;
        setup_send(e, fx);
    }
}

static void on_disable(struct engine *e, struct effects *fx)
{
    int64_t stands_ns = e->stands_ns;
    bool was_ready = is_ready(e);
    e->enabled = false;
    hold_give_up(e, UNTAG_DISABLED, fx);
    if (was_ready) {
        say_readiness(e, fx);
    }
    drop_timers(e);
    e->stands_ns = stands_ns;
}

static void on_params(struct engine *e, const struct params *params, struct effects *fx)
{
    assert(params_fault(params) == NULL);
    setup_adopt(e, params, nodes_name(&e->nodes, SELF), fx);
    if (e->enabled && (e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING)) {
        setup_send(e, fx);
    }
}

// H3: the others need not wait for the end of the slot, nor for this node ever.
static void on_stop(struct engine *e, struct effects *fx)
{
    bool says_so = e->phase == PHASE_LISTENING || e->phase == PHASE_RUNNING;
    on_link_down(e, UNTAG_STOP, PHASE_SILENT, fx);
    if (says_so) {
        setup_leave(e, fx);
    }
}

// --- Time --------------------------------------------------------------------------------------

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool may_send(const struct engine *e)
{
    return e->now_ns >= e->quiet_until_ns;
}

// J4: "send nothing for one gap": those that are in front have spoken meanwhile, and what they said
// may still wait to be read.
static void wake_late(struct engine *e, struct effects *fx)
{
    emit_note(fx, NOTE_SUSPENDED, NAME_NONE);
    hold_forget_pending(e, fx);
    answer_drop(e);
    e->vers_ns = e->stands_ns = NEVER;
    e->quiet_until_ns = e->woke_until_ns = e->now_ns + e->params.gap_ns;
    if (e->now_ns - e->armed_ns > 2 * cycle_max_ns(e)) {
        join_introduce(e);
    }
    if (e->listen_end_ns != NEVER) {
        int64_t answer_ns = e->ask_ns != NEVER ? 2 * e->params.gap_ns : 0;
        e->listen_end_ns = latest(e->listen_end_ns, e->quiet_until_ns + answer_ns);
    }
}

// J4. A timer that is late by less may still have overtaken messages that wait to be read; then a
// tenth of a gap is given to them before anything is said or led.
static void notice_lateness(struct engine *e, struct effects *fx)
{
    int64_t late_ns = e->armed_ns != NEVER ? e->now_ns - e->armed_ns : 0;
    if (late_ns > e->params.gap_ns / 2) {
        wake_late(e, fx);
    } else if (late_ns > params_slack_ns(&e->params) && e->armed_ns != e->quiet_until_ns) {
        e->quiet_until_ns = latest(e->quiet_until_ns, e->now_ns + e->params.gap_ns / 10);
        e->woke_until_ns = latest(e->woke_until_ns, e->quiet_until_ns);
    }
}

// When this node speaks if nothing is heard before.
static void plan(struct engine *e)
{
    if (e->phase != PHASE_RUNNING || !e->enabled) {
        e->due_ns = NEVER;
        return;
    }
    uint64_t spread = hash_mix(nodes_get(&e->nodes, SELF)->hash ^ e->slot);
    int64_t due_ns = e->ring.count == 0 ? e->now_ns : e->head.heard_ns + line_delay_ns(e, spread);
    due_ns = earliest(due_ns, handover_due_ns(e, spread));
    due_ns = latest(due_ns, e->last_sent_ns + e->params.gap_ns); // D4
    due_ns = latest(due_ns, e->quiet_until_ns);
    if (e->pending_end_ns != NEVER) {
        due_ns = latest(due_ns, e->pending_end_ns); // the cycle may have become shorter
    }
    e->due_ns = latest(due_ns, e->now_ns);
}

// D2: nobody who might lead has been heard of for a while. What a Python node is up to is not
// known.
static bool leads_alone(const struct engine *e)
{
    int64_t since_ns = e->now_ns - 2 * cycle_max_ns(e);
    for (node_id id = e->nodes.newest; id != NODE_ABSENT; id = nodes_get(&e->nodes, id)->older) {
        const struct node *node = nodes_get(&e->nodes, id);
        bool counts = id != SELF && !node->gone && (!node->ours || node->ready != READY_NO);
        if (counts && node->seen_ns > since_ns) { // in no order: some are kept though old (J6)
            return false;
        }
    }
    return true;
}

// My turn.
static void speak(struct engine *e, struct effects *fx)
{
    uint32_t limit =
        e->params.splits > BEACON_NAMES_MIN ? (uint32_t)e->params.splits : BEACON_NAMES_MIN;

    if (e->introduce) {
        setup_send(e, fx); // first, so that they know by whom the turn is
    }
    int64_t stands_ns = e->now_ns + e->params.gap_ns;
    e->spoke_early = e->handover_ns != NEVER;
    if (e->spoke_early) {
        stands_ns = handover_pending_end_ns(e, e->head.heard_ns);
    }
    rules_own_turn(e, fx);
    struct message *m = emit_send(e, fx, MESSAGE_PING);
    m->value = stored_value(&e->value);
    send_ring(e, m, &e->ring, limit);
    e->sent_contents = contents_of(m);
    e->last_sent_ns = e->now_ns;
    e->spoke = true;
    e->renews = leads_alone(e);
    hold_pend(e, stands_ns);
}

// While this node has no value: who could tell it more.
static void report_good_nodes(struct engine *e, struct effects *fx)
{
    struct ring good = {0};
    uint64_t hash = 0;
    for (uint32_t i = 0; i < e->ring.count; i++) {
        const struct node *node = nodes_get(&e->nodes, e->ring.ids[i]);
        if (node->ready == READY_YES) {
            good.ids[good.count++] = e->ring.ids[i];
            hash += hash_mix(node->hash); // in whatever order
        }
    }
    if (good.count > 0 && hash != e->good_nodes) {
        struct event *event = emit_event(fx, EVENT_GOOD_NODE);
        emit_ring(e, &event->ring, &good);
    }
    e->good_nodes = hash;
}

// Another's turn stands.
static void report_standing(struct engine *e, struct effects *fx)
{
    if (e->now_ns < e->stands_ns) {
        return;
    }
    e->stands_ns = NEVER;
    bool led = !value_is_null(head_value(e)) && !head_is_me(e);
    if (led) {
        struct event *event = emit_event(fx, EVENT_PING);
        event->who = nodes_name(&e->nodes, e->ring.ids[0]);
        event->value = head_value(e);
    }
    emit_slot(e, fx, led);
    if (value_is_null(stored_value(&e->value))) {
        report_good_nodes(e, fx);
    }
}

// Whether what this step tells borrows the value of the present turn, which mine would overwrite.
static bool is_quoted(const struct engine *e, const struct effects *fx)
{
    const uint8_t *value = e->head.value.cbor;
    for (uint32_t i = 0; i < fx->count; i++) {
        const struct effect *effect = &fx->items[i];
        if ((effect->type == EFFECT_SEND && effect->send.value.cbor == value) ||
            (effect->type == EFFECT_EVENT && effect->event.value.cbor == value)) {
            return true;
        }
    }
    return false;
}

static void run_timers(struct engine *e, struct effects *fx)
{
    hold_resolve(e, fx);
    report_standing(e, fx);
    if (e->now_ns >= e->listen_end_ns) {
        join_listened(e, fx);
    }
    if (e->now_ns >= e->prove_ns) {
        emit(fx, EFFECT_PROVE);
        e->prove_ns = e->now_ns + e->config.lease_ns / 4;
    }
    away_due(e, fx);
    plan(e);
    if (!may_send(e)) {
        return;
    }
    answer_due(e, fx);
    roster_due(e, fx);
    roster_answer_due(e, fx);
    drain_due(e, fx);
    if (e->now_ns >= e->ask_ns) {
        setup_ask(e, fx);
    }
    if (e->now_ns >= e->vers_ns || e->now_ns >= e->introduce_ns) {
        setup_send(e, fx);
    }
    if (e->now_ns >= e->due_ns && !is_quoted(e, fx)) { // else in the next step, at once
        speak(e, fx);
        plan(e);
    }
}

static int64_t lease_end_ns(const struct engine *e)
{
    return e->config.lease_ns > 0 && holds_tag(e) ? e->proof_ns + e->config.lease_ns : NEVER;
}

static void arm(struct engine *e)
{
    int64_t send_ns = earliest(e->answer.at_ns, earliest(e->vers_ns, e->introduce_ns));
    send_ns = earliest(send_ns, e->ask_ns);
    send_ns = earliest(send_ns, earliest(e->roster.due_ns, e->roster.answer_ns));
    send_ns = earliest(send_ns, e->roster.drained_ns);
    int64_t at_ns = e->due_ns;
    at_ns = earliest(at_ns, latest(send_ns, e->quiet_until_ns));
    at_ns = earliest(at_ns, e->tag_end_ns);
    at_ns = earliest(at_ns, e->pending_end_ns);
    at_ns = earliest(at_ns, e->stands_ns);
    at_ns = earliest(at_ns, e->listen_end_ns);
    at_ns = earliest(at_ns, e->prove_ns);
    at_ns = earliest(at_ns, e->roster.index_end_ns);
    at_ns = earliest(at_ns, away_due_ns(e));
    e->armed_ns = earliest(at_ns, lease_end_ns(e));
}

// --- The door ----------------------------------------------------------------------------------

// Keeps what follows it aligned.
static size_t aligned(size_t bytes)
{
    size_t unit = sizeof(max_align_t);
    return (bytes + unit - 1) / unit * unit;
}

size_t engine_bytes(uint32_t capacity)
{
    return aligned(sizeof(struct engine)) + nodes_bytes(capacity);
}

static void check_config(const struct engine_config *config)
{
    assert(name_is_valid(config->name));
    assert(params_fault(&config->params) == NULL);
    assert(config->nonce > 0 && config->nonce <= NONCE_MAX);
    assert(config->capacity >= ENGINE_NODES_MIN && config->capacity <= ENGINE_NODES_MAX);
    assert(config->wish.prefer <= PREFER_MAX && config->drain_ns >= 0);
    assert(config->draw != NULL);
}

struct engine *engine_init(void *memory, const struct engine_config *config)
{
    struct engine *e = memory;
    check_config(config);
    *e = (struct engine){
        .config = *config,
        .params = config->params,
        .now_ns = INT64_MIN,
        .enabled = config->enabled,
        .expected = NODE_ABSENT,
        .heir = NODE_ABSENT,
        .handover_ns = NEVER,
        .last_sent_ns = LONG_AGO_NS,
        .last_vers_ns = LONG_AGO_NS,
        .recover_ns = LONG_AGO_NS,
        .rival_ns = LONG_AGO_NS,
        .quiet_until_ns = LONG_AGO_NS,
        .woke_until_ns = LONG_AGO_NS,
        .head.heard_ns = LONG_AGO_NS,
    };
    e->armed_ns = e->tag_end_ns = e->pending_end_ns = e->prove_ns = e->away_ns = NEVER;
    if (config->packet_max == 0) {
        e->config.packet_max = MESSAGE_MAX_BYTES;
    }
    if (config->view_max == 0) {
        e->config.view_max = e->config.packet_max;
    }
    drop_timers(e);
    store_value(&e->value, config->value);
    nodes_init(&e->nodes, (char *)memory + aligned(sizeof *e), config->capacity);
    struct node *self = nodes_get(&e->nodes, nodes_add(&e->nodes, config->name, 0));
    self->ours = self->heard = true;
    self->wish = e->config.wish = wish_normal(config->wish);
    e->config.name = nodes_name(&e->nodes, SELF);
    roster_init(e);
    return e;
}

static void handle(struct engine *e, const struct input *input, struct effects *fx)
{
    switch (input->type) {
    case INPUT_TIMER:
        break;
    case INPUT_MESSAGE:
        on_message(e, input->message, fx);
        break;
    case INPUT_LINK_UP:
        on_link_up(e, fx);
        break;
    case INPUT_LINK_DOWN:
        on_link_down(e, UNTAG_LINK, PHASE_DOWN, fx);
        break;
    case INPUT_PROOF:
        on_proof(e, input->sent_ns);
        break;
    case INPUT_VALUE:
        on_value(e, input->value, fx);
        break;
    case INPUT_ENABLE:
        on_enable(e, fx);
        break;
    case INPUT_DISABLE:
        on_disable(e, fx);
        break;
    case INPUT_PARAMS:
        on_params(e, input->params, fx);
        break;
    case INPUT_GONE:
        presence_gone(e, &input->peer, fx);
        break;
    case INPUT_HERE:
        presence_here(e, &input->peer, fx);
        break;
    case INPUT_GIVE:
        handover_give(e, input->name, fx);
        break;
    case INPUT_AWAY:
        away_announce(e, input->span_ns, fx);
        break;
    case INPUT_DRAINED:
        drain_done(e);
        break;
    case INPUT_STOP:
        on_stop(e, fx);
        break;
    }
}

void engine_step(struct engine *e, const struct input *input, struct effects *effects)
{
    assert(input->now_ns >= e->now_ns);
    bool is_first = e->now_ns == INT64_MIN;
    e->now_ns = input->now_ns;
    effects->count = 0;
    if (is_first) {
        setup_report(e, e->config.name, effects);
    }
    if (e->phase == PHASE_SILENT) {
        return;
    }
    notice_lateness(e, effects);
    hold_expire(e, effects);
    roster_expire(e, effects);
    handle(e, input, effects);
    run_timers(e, effects);
    forget_unseen(e, effects);
    arm(e);
}

int64_t engine_deadline_ns(const struct engine *e)
{
    return e->armed_ns;
}

int64_t engine_tagged_until_ns(const struct engine *e)
{
    return holds_tag(e) ? earliest(e->tag_end_ns, lease_end_ns(e)) : 0;
}

int64_t engine_settled_until_ns(const struct engine *e)
{
    return e->roster.index_end_ns != NEVER ? e->roster.index_end_ns : 0;
}

bool engine_may_give(const struct engine *e, struct name heir)
{
    return handover_may_go_to(e, heir);
}

const struct params *engine_params(const struct engine *e)
{
    return &e->params;
}
