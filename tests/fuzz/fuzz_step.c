// SPDX-License-Identifier: MIT
// Fuzzes decode, then step (I5, I7): the input is a small program for one engine. Its first bytes
// configure the engine; then each record is a byte, the kind of thing that happens in its high half
// and an argument in the low one, and what that kind needs. What must always hold is judged from
// what goes in and comes out.
//
// Each program runs twice, on memory filled with different bytes, and the second time without the
// packets that the decoder refused: both must come out the same (I7, I9).
#include "core/engine.h"
#include "lib/codec.h"
#include "same.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_AT_ONCE = 4,   // the deadline must lie in the future after so many timers
    STEPS_A_RECORD = 64, // when time passes
    STRANGERS_MAX = 2 * ENGINE_NODES_MIN, // made up in one program: more are slow, and nothing new
};

// The nodes of the short records, the engine's own among them.
static const char node_names[] = "abcdefghijklmnop";
static const struct name own_name = {node_names + 12, 1};

struct packet {
    size_t len;
    uint8_t bytes[MESSAGE_MAX_BYTES];
};

struct run {
    const uint8_t *at, *end; // what is left of the program
    bool again;              // the second run, which leaves out what is refused
    struct engine *engine;
    struct engine_config config;
    int64_t now_ns;
    uint64_t draws;
    uint64_t strangers; // names made up so far
    struct params params;
    struct message message;   // the one that is read into, again and again
    struct members_room room; // of its members
    struct packet sent;       // the last one
    size_t turn_count;        // the last history that was sent or heard, as letters
    char turns[HISTORY_MAX];

    // What must hold is told by these, which follow what comes out.
    bool up, enabled, has_value, silent;
    bool leaves;      // it has just been disabled or stopped, and may say so
    uint64_t members; // of the short records: those that have joined
    bool tagged;
    uint64_t tag_slot;
    int64_t until_ns;      // of the tag
    int64_t proof_ns;      // when what was sent last and confirmed was sent
    int64_t beacon_ns;     // the last own beacon; valid when there was one
    int64_t beacon_gap_ns; // the gap then
    bool has_beaconed;

    bool settled;  // it has an index
    bool settling; // and has said that it has none

    uint64_t trace; // all that came out, hashed
    struct effects effects;
};

// --- Reading the program -----------------------------------------------------------------------

static uint8_t read_byte(struct run *r)
{
    return r->at < r->end ? *r->at++ : 0;
}

static size_t left(const struct run *r)
{
    return (size_t)(r->end - r->at);
}

static struct name node_name(uint8_t number)
{
    return (struct name){node_names + number % 16, 1};
}

static struct params read_params(struct run *r)
{
    static const int64_t gaps_ms[] = {10, 300, 1500, 20000};
    static const int32_t sizes[] = {-1, 1, 2, 3, 5, 8, 20, 64};
    static const int32_t splits[] = {1, 4, 20, 64};
    uint8_t times = read_byte(r), numbers = read_byte(r);
    struct params params = {.version = r->params.version};
    params.gap_ns = gaps_ms[times & 3] * (NS_PER_S / 1000);
    params.cycle_ns = params.gap_ns * (3 + (times >> 2 & 15));
    params.nodes = sizes[numbers & 7];
    params.splits = splits[numbers >> 3 & 3];
    params.n_hosts = 1 + (numbers >> 5) * 10;
    params.force_in = times >> 7 != 0;
    if (params.cycle_ns < NS_PER_S / 10) {
        params.cycle_ns = NS_PER_S / 10;
    }
    return params;
}

// --- What comes out ----------------------------------------------------------------------------

static void trace_bits(struct run *r, uint64_t bits)
{
    r->trace = hash_mix(r->trace ^ bits) + 1;
}

static void trace_name(struct run *r, struct name name)
{
    trace_bits(r, name_hash(name));
}

static void trace_history(struct run *r, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        trace_name(r, history->names[i]);
    }
}

static void remember_turns(struct run *r, const struct history *history)
{
    r->turn_count = 0;
    for (size_t i = 0; i < history->count; i++) {
        if (history->names[i].len == 1) {
            r->turns[r->turn_count++] = history->names[i].text[0];
        }
    }
}

static void check_beacon(struct run *r, const struct message *m)
{
    const struct params *params = engine_params(r->engine);
    assert(name_equal(m->node, own_name));
    assert(!r->has_beaconed || r->now_ns - r->beacon_ns >= params->gap_ns); // D4
    r->has_beaconed = true;
    r->beacon_ns = r->now_ns;
    r->beacon_gap_ns = params->gap_ns;
}

// What is sent, everybody can read.
static void check_send(struct run *r, const struct message *m)
{
    static struct members_room room;
    struct message read;
    bool farewell = m->type == MESSAGE_VERS && (r->leaves || m->left);
    bool may = r->enabled || farewell || m->type == MESSAGE_DRAINED;
    assert(r->up && may && !r->silent); // J2, J3, J5
    assert(m->type != MESSAGE_DRAINED || (!r->settled && name_equal(m->node, own_name))); // S6
    assert(m->type != MESSAGE_VERS || m->left || m->unready == !(r->enabled && r->has_value));
    r->leaves &= !farewell; // once
    r->sent.len = codec_encode(m, r->sent.bytes, sizeof r->sent.bytes);
    assert(r->sent.len > 0);
    assert(decode_any(r->sent.bytes, r->sent.len, &room, &read) == DROP_NONE);
    assert(same_message(m, &read));
    if (m->type == MESSAGE_PING) {
        check_beacon(r, m);
    }
    if (m->type == MESSAGE_PING || m->type == MESSAGE_HIST) {
        remember_turns(r, &m->history);
    }
    trace_name(r, (struct name){(const char *)r->sent.bytes, r->sent.len});
}

// A turn stands: one gap after the beacon, and for no longer than the cycle (D1, D3).
static void check_tag(struct run *r, const struct event *event)
{
    const struct params *params = engine_params(r->engine);
    assert(r->up && r->enabled && !r->silent && r->has_beaconed);
    assert(event->slot > r->tag_slot); // I5: nothing is reported twice
    assert(r->now_ns >= r->beacon_ns + r->beacon_gap_ns);
    assert(event->until_ns <= r->beacon_ns + params->cycle_ns - params_slack_ns(params));
    assert(event->until_ns > r->now_ns);
    r->tagged = true;
    r->tag_slot = event->slot;
    r->until_ns = event->until_ns;
}

static void check_tag_end(struct run *r, const struct event *event)
{
    assert(r->tagged && event->slot == r->tag_slot); // I5
    r->tagged = false;
}

static void check_slot(const struct run *r, const struct event *event)
{
    assert(event->members >= 1 && event->members <= r->config.capacity); // J6
    assert((int)event->ring.count <= params_ring_size(engine_params(r->engine)));
}

// H9: who leaves has joined. (Who joins may have been forgotten for others, J6.)
static void check_member(struct run *r, const struct event *event)
{
    assert(!name_equal(event->who, own_name));
    trace_bits(r, event->member_reason);
    if (event->who.len == 1) {
        uint64_t bit = UINT64_C(1) << (*event->who.text & 63);
        assert(event->type == EVENT_JOIN || (r->members & bit) != 0);
        r->members = event->type == EVENT_JOIN ? r->members | bit : r->members & ~bit;
    }
}

// S3: a place of its own, and nobody's twice; had while the link is up, and told once.
static void check_settled(struct run *r, const struct event *event)
{
    const struct members *members = &event->roster;
    assert(r->up && !r->settled && event->index >= 1 && event->index <= members->count);
    assert(members->count <= MEMBERS_MAX);
    for (size_t i = 0; i < members->count; i++) {
        assert(name_equal(members->names[i], own_name) == (i + 1 == event->index));
    }
    r->settled = true;
    r->settling = false;
}

static void check_event(struct run *r, const struct event *event)
{
    assert(!r->silent);
    switch (event->type) {
    case EVENT_SETUP:
        assert(params_fault(event->params) == NULL);
        break;
    case EVENT_TAG:
        assert(!r->tagged); // I5
        check_tag(r, event);
        break;
    case EVENT_RENEW:
        assert(r->tagged);
        check_tag(r, event);
        break;
    case EVENT_UNTAG:
    case EVENT_DETAG:
        check_tag_end(r, event);
        break;
    case EVENT_PING:
        assert(!name_equal(event->who, own_name) && !value_is_null(event->value));
        break;
    case EVENT_SLOT:
        check_slot(r, event);
        break;
    case EVENT_GOOD_NODE:
        assert(event->ring.count > 0);
        break;
    case EVENT_RECOVER:
        assert(event->prio >= 0 && event->ring.count > 0 && event->remote.count > 0);
        break;
    case EVENT_SETTLING:
        assert(!r->settling); // I5
        r->settling = true;
        r->settled = false;
        break;
    case EVENT_SETTLED:
        check_settled(r, event);
        break;
    case EVENT_ROSTER:
        assert(r->tagged && event->roster.count > 0 && event->view > 0 && event->view <= VIEW_MAX);
        break;
    case EVENT_JOIN:
    case EVENT_LEAVE:
        check_member(r, event);
        break;
    case EVENT_NAME_TAKEN:
        assert(!r->tagged && !r->settled);
        r->silent = true;
        break;
    }
    trace_bits(r, (uint64_t)event->type ^ event->slot << 8);
    trace_name(r, event->who);
    trace_history(r, &event->ring);
    trace_history(r, &event->remote);
}

static void check_effect(struct run *r, const struct effect *effect)
{
    trace_bits(r, effect->type);
    switch (effect->type) {
    case EFFECT_SEND:
        check_send(r, &effect->send);
        break;
    case EFFECT_EVENT:
        check_event(r, &effect->event);
        break;
    case EFFECT_NOTE:
        assert(note_text(effect->noted.note) != NULL);
        trace_bits(r, effect->noted.note);
        trace_name(r, effect->noted.who);
        break;
    case EFFECT_DROP:
        assert(effect->drop < DROP_COUNT && drop_text(effect->drop) != NULL);
        trace_bits(r, effect->drop);
        break;
    case EFFECT_PROVE:
        assert(r->tagged && r->config.lease_ns > 0); // L1
        break;
    }
}

// I6: the end of a tag that has run out comes before anything else.
static void check_end_comes_first(const struct run *r)
{
    uint32_t first = 0;
    while (first < r->effects.count && r->effects.items[first].type == EFFECT_NOTE) {
        first++;
    }
    assert(first < r->effects.count);
    const struct effect *effect = &r->effects.items[first];
    assert(effect->type == EFFECT_EVENT && effect->event.type == EVENT_UNTAG);
}

// V1: within bounds, never of a lower version, and those that are locked only change by request.
static void check_params(struct run *r, enum input_type cause)
{
    const struct params *params = engine_params(r->engine);
    assert(params_fault(params) == NULL);
    assert(params->version >= r->params.version);
    assert(!r->config.locked || cause == INPUT_PARAMS || params_compare(params, &r->params) == 0);
    r->params = *params;
}

static void check_tagged_until(const struct run *r)
{
    int64_t until_ns = engine_tagged_until_ns(r->engine);
    assert((until_ns != 0) == r->tagged);
    assert(until_ns <= r->until_ns);
    assert(!r->tagged || r->config.lease_ns == 0 || until_ns <= r->proof_ns + r->config.lease_ns);
}

// --- Steps -------------------------------------------------------------------------------------

static void step_once(struct run *r, struct input input)
{
    bool overdue = r->tagged && r->now_ns >= engine_tagged_until_ns(r->engine);
    input.now_ns = r->now_ns;
    engine_step(r->engine, &input, &r->effects);
    assert(r->effects.count <= EFFECTS_MAX);
    if (overdue) {
        check_end_comes_first(r);
    }
    for (uint32_t i = 0; i < r->effects.count; i++) {
        check_effect(r, &r->effects.items[i]);
    }
    check_params(r, input.type);
    check_tagged_until(r);
    trace_bits(r, (uint64_t)engine_deadline_ns(r->engine));
}

// One input, and the timers that it makes due at once, as a driver would.
static void step(struct run *r, struct input input)
{
    step_once(r, input);
    for (int i = 0; engine_deadline_ns(r->engine) <= r->now_ns; i++) {
        assert(i < STEPS_AT_ONCE);
        step_once(r, (struct input){.type = INPUT_TIMER});
    }
    assert(!r->tagged || engine_tagged_until_ns(r->engine) > r->now_ns);
    assert((r->up && !r->silent) || engine_deadline_ns(r->engine) == NEVER);
}

static void step_timer(struct run *r)
{
    step(r, (struct input){.type = INPUT_TIMER});
}

// Time passes, and each deadline on the way is kept.
static void pass(struct run *r, int64_t span_ns)
{
    int64_t end_ns = r->now_ns + span_ns;
    for (int i = 0; i < STEPS_A_RECORD && engine_deadline_ns(r->engine) <= end_ns; i++) {
        r->now_ns = engine_deadline_ns(r->engine);
        step_timer(r);
    }
    r->now_ns = end_ns;
}

// To the deadline, and `late_ns` beyond it.
static void pass_deadline(struct run *r, int64_t late_ns)
{
    int64_t deadline_ns = engine_deadline_ns(r->engine);
    r->now_ns = (deadline_ns != NEVER ? deadline_ns : r->now_ns) + late_ns;
    step_timer(r);
}

static void hear(struct run *r, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = exact_copy(bytes, len);
    struct message first;
    bool refused = r->again && decode_any(copy, len, &r->room, &first) != DROP_NONE;
    if (!refused && decode_any(copy, len, &r->room, &r->message) == DROP_NONE) {
        if (r->message.type == MESSAGE_PING) {
            remember_turns(r, &r->message.history);
        }
        step(r, (struct input){.type = INPUT_MESSAGE, .message = &r->message});
    }
    free(copy);
}

static void hear_message(struct run *r, const struct message *m)
{
    uint8_t bytes[MESSAGE_MAX_BYTES + 1];
    hear(r, bytes, codec_encode(m, bytes, sizeof bytes));
}

// --- The records -------------------------------------------------------------------------------

static void do_packet(struct run *r, uint8_t arg)
{
    size_t len = (size_t)arg << 8 | read_byte(r);
    len = len < left(r) ? len : left(r);
    const uint8_t *bytes = r->at;
    r->at += len;
    hear(r, bytes, len);
}

static struct value small_value(uint8_t byte[static 1], uint8_t number)
{
    *byte = number < 24 ? number : 0xf6;
    return (struct value){byte, 1};
}

// A history of a few nodes: a beacon, or a hist.
static void do_turn(struct run *r, enum message_type type, uint8_t who)
{
    uint8_t value, shape = read_byte(r);
    struct message m = {.type = type, .node = node_name(who)};
    m.value = small_value(&value, shape & 31);
    m.history.names[m.history.count++] = m.node;
    for (int more = shape >> 5; more > 0; more--) {
        m.history.names[m.history.count++] = node_name(read_byte(r));
    }
    hear_message(r, &m);
}

// The turn after the last one that was sent or heard.
static void do_next_turn(struct run *r, uint8_t who)
{
    uint8_t value, shape = read_byte(r);
    struct message m = {.type = shape >> 7 ? MESSAGE_HIST : MESSAGE_PING, .node = node_name(who)};
    size_t skip = shape >> 5 & 3; // so many that nobody knows of
    m.value = small_value(&value, shape & 31);
    m.history.names[m.history.count++] = m.node;
    for (size_t i = skip; i < r->turn_count && m.history.count < HISTORY_MAX; i++) {
        if (r->turns[i] != *m.node.text) {
            m.history.names[m.history.count++] = (struct name){r->turns + i, 1};
        }
    }
    hear_message(r, &m);
}

static struct wish read_wish(struct run *r)
{
    uint8_t byte = read_byte(r);
    uint8_t prefer = byte & 63;
    return (struct wish){.prefer = prefer, .never = byte >> 6 == 3, .preempt = byte >> 6 == 1};
}

static void do_vers(struct run *r, uint8_t who)
{
    uint8_t shape = read_byte(r);
    struct message m = {.type = MESSAGE_VERS, .node = node_name(who), .nonce = shape & 7};
    m.unready = (shape & 32) != 0;
    m.left = (shape & 64) != 0;
    m.params = shape & 8 ? read_params(r) : r->params;
    m.params.version += (shape & 16) != 0;
    m.heir = shape & 128 ? node_name(read_byte(r)) : NAME_NONE;
    if (m.nonce == 5) {
        m.wish = read_wish(r);
    } else if (m.nonce == 6) {
        m.away_s = read_byte(r);
    }
    hear_message(r, &m);
}

// S1: by anybody, of anybody; or, of nobody, the timer alone. Half of them have numbers.
static void do_view(struct run *r, uint8_t who)
{
    uint8_t shape = who > 0 ? read_byte(r) : 0;
    struct name names[8];
    uint32_t wishes[8] = {0}, waits[9] = {0}, away_s[8] = {0};
    struct message m = {.type = MESSAGE_VIEW, .node = node_name(who)};
    m.settled = (shape & 1) != 0;
    m.view = (shape & 31) == 31 ? VIEW_MAX : 1 + (shape >> 1 & 15);
    m.members = (struct members){.count = 1 + (shape >> 5), .names = names};
    if (who == 0) {
        step_timer(r);
        return;
    }
    for (size_t i = 0; i < m.members.count; i++) {
        uint8_t byte = read_byte(r);
        names[i] = node_name(byte);
        wishes[i] = byte;
        waits[i] = byte >> 4 & 1;
        away_s[i] = byte >> 5;
    }
    if (who >= 8) {
        m.members.wishes = wishes;
        m.members.waits = waits;
        m.members.away_s = away_s;
        m.shared = wishes[0] >> 7 != 0;
    }
    hear_message(r, &m); // with a name twice it is refused
}

static void do_drained(struct run *r)
{
    uint8_t byte = read_byte(r);
    hear_message(r, &(struct message){
                        .type = MESSAGE_DRAINED, .node = node_name(byte), .view = 1 + (byte >> 4)});
}

static void do_init(struct run *r, uint8_t who)
{
    hear_message(r, &(struct message){.type = MESSAGE_INIT, .node = node_name(who)});
}

// A name that nobody has heard of yet.
static struct name stranger(struct run *r, char text[static NAME_MAX_BYTES], size_t len)
{
    memset(text, 'X', len);
    for (int digit = 0; digit < 4; digit++) {
        text[digit] = (char)('A' + (r->strangers >> (4 * digit) & 15));
    }
    r->strangers++;
    return (struct name){text, len};
}

// J6: as many strangers as a history holds, or as many of the longest names as a packet holds;
// together in one history, or each alone.
static void do_strangers(struct run *r, uint8_t arg)
{
    char names[HISTORY_MAX][NAME_MAX_BYTES];
    uint8_t value;
    struct message m = {.type = arg & 1 ? MESSAGE_HIST : MESSAGE_PING};
    size_t count = arg & 2 ? HISTORY_MAX - 8 : HISTORY_MAX;
    if (r->strangers >= STRANGERS_MAX) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        m.history.names[i] = stranger(r, names[i], arg & 2 ? NAME_MAX_BYTES : 4);
        if (arg & 4) {
            m.node = m.history.names[i];
            m.type = MESSAGE_INIT;
            hear_message(r, &m);
        }
    }
    m.history.count = count;
    m.node = m.history.names[0];
    m.value = small_value(&value, arg);
    if (m.type != MESSAGE_INIT) {
        hear_message(r, &m);
    }
}

static void do_link(struct run *r, bool up)
{
    r->up = up;
    r->proof_ns = up ? r->now_ns : r->proof_ns;
    step(r, (struct input){.type = up ? INPUT_LINK_UP : INPUT_LINK_DOWN});
    assert(up || !r->tagged); // J3
    assert(!r->settled);      // S3
}

static void do_enable(struct run *r, bool enabled)
{
    r->leaves = r->enabled && !enabled;
    r->enabled = enabled;
    step(r, (struct input){.type = enabled ? INPUT_ENABLE : INPUT_DISABLE});
    r->leaves = false;
    assert(enabled || !r->tagged); // J2
}

static void do_value(struct run *r, uint8_t arg)
{
    uint8_t small;
    struct input input = {.type = INPUT_VALUE, .value = small_value(&small, arg)};
    uint8_t *copy = NULL;
    if (arg == 14) {
        input.value = small_value(&small, UINT8_MAX);
    } else if (arg == 15) {
        size_t len = read_byte(r);
        len = len < left(r) ? len : left(r);
        copy = exact_copy(r->at, len);
        input.value = (struct value){copy, len};
        r->at += len;
    }
    if (codec_check_value(input.value.cbor, input.value.len) == DROP_NONE) {
        r->has_value = !value_is_null(input.value);
        step(r, input);
        assert(r->has_value || !r->tagged);
    }
    free(copy);
}

static void do_params(struct run *r)
{
    struct params params = read_params(r);
    params.version++;
    if (params_fault(&params) == NULL) {
        step(r, (struct input){.type = INPUT_PARAMS, .params = &params});
        assert(r->silent || params_compare(engine_params(r->engine), &params) == 0);
    }
}

static void do_proof(struct run *r, uint8_t arg)
{
    int64_t sent_ns = r->now_ns - arg * (r->params.gap_ns / 4);
    r->proof_ns = sent_ns > r->proof_ns ? sent_ns : r->proof_ns;
    step(r, (struct input){.type = INPUT_PROOF, .sent_ns = sent_ns});
}

// H1, H2: a hint about one of the processes that say `vers`, or about whichever it is.
static void do_hint(struct run *r, enum input_type type)
{
    uint8_t byte = read_byte(r);
    step(r, (struct input){.type = type, .peer = {node_name(byte), byte >> 4 & 7}});
}

// H8
static void do_give(struct run *r)
{
    struct name heir = node_name(read_byte(r));
    bool gives = r->tagged && engine_tagged_until_ns(r->engine) > r->now_ns &&
                 engine_may_give(r->engine, heir);
    step(r, (struct input){.type = INPUT_GIVE, .name = heir});
    assert(!gives || !r->tagged);
}

// S7: whoever is disabled may say so too.
static void do_away(struct run *r)
{
    r->leaves = true;
    step(r, (struct input){.type = INPUT_AWAY, .span_ns = read_byte(r) * NS_PER_S});
    r->leaves = false;
}

static void do_stop(struct run *r)
{
    r->leaves = true;
    step(r, (struct input){.type = INPUT_STOP});
    assert(!r->tagged && !r->settled);
    r->silent = true;
}

static void do_control(struct run *r, uint8_t arg)
{
    switch (arg) {
    case 0:
    case 1:
        do_link(r, arg & 1);
        break;
    case 2:
    case 3:
        do_enable(r, arg & 1);
        break;
    case 4:
        do_params(r);
        break;
    case 5:
        do_away(r);
        break;
    case 6:
        do_hint(r, INPUT_GONE);
        break;
    case 7:
        do_hint(r, INPUT_HERE);
        break;
    case 8:
        do_give(r);
        break;
    case 9:
        step(r, (struct input){.type = INPUT_DRAINED});
        break;
    case 10:
        do_drained(r);
        break;
    case 15:
        do_stop(r);
        break;
    default: // what was sent last comes back
        hear(r, r->sent.bytes, r->sent.len);
        break;
    }
}

static void do_record(struct run *r)
{
    uint8_t byte = read_byte(r), arg = byte & 15;
    int64_t gap_ns = r->params.gap_ns, cycle_ns = r->params.cycle_ns;
    switch (byte >> 4) {
    case 0:
        pass(r, arg * (gap_ns / 8));
        break;
    case 1:
        pass(r, (arg + 1) * (cycle_ns / 4));
        break;
    case 2: // frozen
        r->now_ns += arg < 8 ? arg * (gap_ns / 4) : (1 << arg) * (cycle_ns / 256);
        break;
    case 3:
        pass_deadline(r, arg * (gap_ns / 20));
        break;
    case 4:
        do_view(r, arg);
        break;
    case 5:
        do_packet(r, arg);
        break;
    case 6:
        do_turn(r, MESSAGE_PING, arg);
        break;
    case 7:
        do_turn(r, MESSAGE_HIST, arg);
        break;
    case 8:
    case 9:
        do_next_turn(r, arg);
        break;
    case 10:
        do_vers(r, arg);
        break;
    case 11:
        do_init(r, arg);
        break;
    case 12:
        do_strangers(r, arg);
        break;
    case 13:
        do_value(r, arg);
        break;
    case 14:
        do_proof(r, arg);
        break;
    default:
        do_control(r, arg);
        break;
    }
}

// --- One program -------------------------------------------------------------------------------

static uint32_t draw(void *context)
{
    struct run *r = context;
    return (uint32_t)hash_mix(++r->draws);
}

static void configure(struct run *r, uint8_t value[static 1])
{
    uint8_t flags = read_byte(r);
    r->params = params_default;
    r->params = read_params(r);
    r->now_ns = flags & 16 ? INT64_C(1) << 58 : 0;
    r->enabled = (flags & 1) == 0;
    r->config = (struct engine_config){
        .name = own_name,
        .nonce = 4, // the others' are 0 to 7
        .params = r->params,
        .locked = (flags & 2) != 0,
        .enabled = r->enabled,
        .value = small_value(value, flags >> 5 == 7 ? UINT8_MAX : flags >> 5),
        .lease_ns = flags & 4 ? 2 * r->params.cycle_ns / 3 : 0,
        .echoes = (flags & 8) != 0,
        .takeover = (enum takeover)((flags >> 5) % 3), // each with some of the values
        .has_roster = true,
        .drain_ns = flags & 32 ? 2 * r->params.cycle_ns : 0,
        .wish = {.prefer = flags >> 5, .preempt = (flags & 8) != 0, .never = flags >> 3 == 31},
        .capacity = ENGINE_NODES_MIN,
        .draw = draw,
        .draw_context = r,
    };
    r->has_value = !value_is_null(r->config.value);
}

// Runs it and returns the hash of all that came out.
static uint64_t run(const uint8_t *bytes, size_t len, bool again)
{
    int junk = again ? 0xff : 0;
    size_t size = engine_bytes(ENGINE_NODES_MIN);
    void *memory = malloc(size);
    struct run *r = calloc(1, sizeof *r);
    uint8_t value;

    assert(memory != NULL && r != NULL);
    memset(memory, junk, size);
    memset(&r->message, junk, sizeof r->message);
    memset(&r->effects, junk, sizeof r->effects);
    r->at = bytes;
    r->end = bytes + len;
    r->again = again;
    configure(r, &value);
    r->engine = engine_init(memory, &r->config);
    while (r->at < r->end) {
        do_record(r);
    }
    uint64_t trace = r->trace;
    free(r);
    free(memory);
    return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint64_t first = run(bytes, len, false);
    assert(run(bytes, len, true) == first);
    return 0;
}
