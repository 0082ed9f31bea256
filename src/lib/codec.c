// SPDX-License-Identifier: MIT
#include "codec.h"
#include "item.h"

#include <cbor.h>
#include <math.h>
#include <string.h>

// --- Reading: items ----------------------------------------------------------------------------

// Reads one item with all that is in it. `depth` is that of its surroundings.
static enum drop skip_item(struct reader *r, int depth)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE || (r->item.kind != KIND_ARRAY && r->item.kind != KIND_MAP)) {
        return drop;
    }
    if (depth + 1 > MESSAGE_MAX_DEPTH) {
        return DROP_TOO_DEEP;
    }
    bool is_map = r->item.kind == KIND_MAP;
    // More than the bytes that are left cannot be there; this bounds the loop.
    if (r->item.number > (uint64_t)(r->end - r->at)) {
        return DROP_MALFORMED;
    }
    for (uint64_t left = r->item.number << is_map; left > 0; left--) {
        drop = skip_item(r, depth + 1);
        if (drop != DROP_NONE) {
            return drop;
        }
    }
    return DROP_NONE;
}

// --- Reading: values ---------------------------------------------------------------------------

// One item that may be a value, at the reader.
static enum drop read_value(struct reader *r, int depth, struct value *value)
{
    const uint8_t *start = r->at;
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    bool finite = r->item.kind != KIND_FLOAT || isfinite(r->item.real);
    if (r->item.kind == KIND_MAP || !finite) {
        return DROP_VALUE;
    }
    if (r->item.kind == KIND_ARRAY) {
        if (depth + 1 > MESSAGE_MAX_DEPTH) {
            return DROP_TOO_DEEP;
        }
        if (r->item.number > (uint64_t)(r->end - r->at)) {
            return DROP_MALFORMED;
        }
        for (uint64_t left = r->item.number; left > 0; left--) {
            drop = read_value(r, depth + 1, value);
            if (drop != DROP_NONE) {
                return drop;
            }
        }
    }
    *value = (struct value){start, (size_t)(r->at - start)};
    return value->len <= VALUE_MAX_BYTES ? DROP_NONE : DROP_VALUE;
}

enum drop codec_check_value(const uint8_t *bytes, size_t len)
{
    struct reader r = {.at = bytes, .end = bytes + len};
    struct value value;
    enum drop drop = read_value(&r, 1, &value);
    return drop == DROP_NONE && r.at != r.end ? DROP_TRAILING : drop;
}

// --- Reading: the keys of a message ------------------------------------------------------------

enum key {
    KEY_TYPE,
    KEY_NODE,
    KEY_VALUE,
    KEY_HISTORY,
    KEY_VERSION,
    KEY_CYCLE,
    KEY_GAP,
    KEY_NODES,
    KEY_SPLITS,
    KEY_N_HOSTS,
    KEY_FORCE_IN,
    KEY_OVERRIDE,
    KEY_NONCE,
    KEY_READY,
    KEY_LEFT,
    KEY_HEIR,
    KEY_PREFER,
    KEY_NEVER,
    KEY_PREEMPT,
    KEY_AWAY,
    KEY_VIEW,
    KEY_SETTLED,
    KEY_MEMBERS,
    KEY_WISHES,
    KEY_WAITS,
    KEY_SHARED,
    KEY_DATA,
    KEY_COUNT
};

static const struct name key_names[KEY_COUNT] = {
    [KEY_TYPE] = {"t", 1},
    [KEY_NODE] = {"node", 4},
    [KEY_VALUE] = {"value", 5},
    [KEY_HISTORY] = {"history", 7},
    [KEY_VERSION] = {"version", 7},
    [KEY_CYCLE] = {"cycle", 5},
    [KEY_GAP] = {"gap", 3},
    [KEY_NODES] = {"nodes", 5},
    [KEY_SPLITS] = {"splits", 6},
    [KEY_N_HOSTS] = {"n_hosts", 7},
    [KEY_FORCE_IN] = {"force_in", 8},
    [KEY_NONCE] = {"nonce", 5},
    [KEY_LEFT] = {"left", 4},
    [KEY_HEIR] = {"heir", 4},
    [KEY_READY] = {"ready", 5},
    [KEY_PREFER] = {"prefer", 6},
    [KEY_NEVER] = {"never", 5},
    [KEY_PREEMPT] = {"preempt", 7},
    [KEY_AWAY] = {"away", 4},
    [KEY_OVERRIDE] = {"override", 8},
    [KEY_VIEW] = {"view", 4},
    [KEY_SETTLED] = {"settled", 7},
    [KEY_MEMBERS] = {"members", 7},
    [KEY_WISHES] = {"wishes", 6},
    [KEY_WAITS] = {"waits", 5},
    [KEY_SHARED] = {"shared", 6},
    [KEY_DATA] = {"data", 4},
};

static const struct name type_names[] = {
    [MESSAGE_INIT] = {"init", 4}, [MESSAGE_VERS] = {"vers", 4}, [MESSAGE_PING] = {"ping", 4},
    [MESSAGE_HIST] = {"hist", 4}, [MESSAGE_VIEW] = {"view", 4}, [MESSAGE_DRAINED] = {"drained", 7},
    [MESSAGE_TELL] = {"tell", 4},
};

enum { TYPES = sizeof type_names / sizeof *type_names };

// More keys than this are no message; it bounds the search for one that stands twice.
enum { KEYS_MAX = 64 };

// S5: of a number that stands for a wish.
enum { WISH_MAX = UINT8_MAX };

#define BIT(key) (1u << (key))

// Which keys a type needs, in the order in which they are written before `t` (M1).
static const enum key init_keys[] = {KEY_NODE, KEY_COUNT};
static const enum key vers_keys[] = {KEY_NODE,   KEY_VERSION, KEY_CYCLE,    KEY_GAP,  KEY_NODES,
                                     KEY_SPLITS, KEY_N_HOSTS, KEY_FORCE_IN, KEY_COUNT};
static const enum key ping_keys[] = {KEY_NODE, KEY_VALUE, KEY_HISTORY, KEY_COUNT};
static const enum key hist_keys[] = {KEY_VALUE, KEY_HISTORY, KEY_COUNT};
static const enum key view_keys[] = {KEY_NODE, KEY_VIEW, KEY_SETTLED, KEY_MEMBERS, KEY_COUNT};
static const enum key drained_keys[] = {KEY_NODE, KEY_VIEW, KEY_COUNT};
static const enum key tell_keys[] = {KEY_NODE, KEY_NONCE, KEY_DATA, KEY_COUNT};
static const enum key *const keys_of[TYPES] = {
    [MESSAGE_INIT] = init_keys, [MESSAGE_VERS] = vers_keys, [MESSAGE_PING] = ping_keys,
    [MESSAGE_HIST] = hist_keys, [MESSAGE_VIEW] = view_keys, [MESSAGE_DRAINED] = drained_keys,
    [MESSAGE_TELL] = tell_keys,
};

static struct name item_text(const struct item *item)
{
    return (struct name){(const char *)item->bytes, item->len};
}

static unsigned find_name(const struct name *names, unsigned count, struct name wanted)
{
    unsigned i = 0;
    while (i < count && !name_equal(names[i], wanted)) {
        i++;
    }
    return i;
}

static enum drop read_name(struct reader *r, struct name *name)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r->item.kind != KIND_TEXT) {
        return DROP_KIND;
    }
    *name = item_text(&r->item);
    return name_is_valid(*name) ? DROP_NONE : DROP_NAME;
}

static enum drop read_number(struct reader *r, double *number)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r->item.kind == KIND_UINT) {
        *number = (double)r->item.number;
    } else if (r->item.kind == KIND_NINT) {
        *number = -1 - (double)r->item.number;
    } else if (r->item.kind == KIND_FLOAT) {
        *number = r->item.real;
    } else {
        return DROP_KIND;
    }
    return isfinite(*number) ? DROP_NONE : DROP_BOUNDS;
}

// A whole number of at most 2^53 either way, up to which a double is exact.
static enum drop read_whole(struct reader *r, int64_t low, int64_t high, int64_t *whole)
{
    double number;
    enum drop drop = read_number(r, &number);
    if (drop != DROP_NONE) {
        return drop;
    }
    bool rounded = r->item.kind != KIND_FLOAT && r->item.number > UINT64_C(1) << 53;
    if (rounded || number < (double)low || number > (double)high || number != floor(number)) {
        return DROP_BOUNDS;
    }
    *whole = (int64_t)number;
    return DROP_NONE;
}

static enum drop read_small(struct reader *r, int32_t *small)
{
    int64_t whole = 0;
    enum drop drop = read_whole(r, INT32_MIN, INT32_MAX, &whole);
    *small = (int32_t)whole;
    return drop;
}

static enum drop read_seconds(struct reader *r, int64_t *ns)
{
    double seconds;
    enum drop drop = read_number(r, &seconds);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (seconds < 0 || seconds > 1e9) {
        return DROP_BOUNDS;
    }
    *ns = (int64_t)llround(seconds * (double)NS_PER_S);
    return DROP_NONE;
}

static enum drop read_bool(struct reader *r, bool *truth)
{
    enum drop drop = read_item(r);
    if (drop == DROP_NONE && r->item.kind != KIND_BOOL) {
        return DROP_KIND;
    }
    *truth = r->item.truth;
    return drop;
}

static enum drop read_history(struct reader *r, struct history *history)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r->item.kind != KIND_ARRAY) {
        return DROP_KIND;
    }
    if (r->item.number == 0 || r->item.number > HISTORY_MAX) {
        return DROP_HISTORY;
    }
    size_t count = (size_t)r->item.number;
    for (size_t i = 0; i < count; i++) {
        drop = read_name(r, &history->names[i]);
        if (drop != DROP_NONE) {
            return drop;
        }
        if (find_name(history->names, (unsigned)i, history->names[i]) < i) {
            return DROP_HISTORY;
        }
    }
    history->count = count;
    return DROP_NONE;
}

static enum drop read_type(struct reader *r, struct message *message)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    unsigned type =
        r->item.kind == KIND_TEXT ? find_name(type_names, TYPES, item_text(&r->item)) : TYPES;
    message->type = (enum message_type)type;
    return type < TYPES ? DROP_NONE : DROP_TYPE;
}

static enum drop read_nonce(struct reader *r, uint64_t *nonce)
{
    int64_t whole = 0;
    enum drop drop = read_whole(r, 0, NONCE_MAX, &whole);
    *nonce = (uint64_t)whole;
    return drop;
}

// J1: older than any set of parameters.
enum { VERSION_ASKS = -1 };

static enum drop read_version(struct reader *r, struct message *m)
{
    int64_t version = 0;
    enum drop drop = read_whole(r, VERSION_ASKS, INT64_C(1) << 53, &version);
    m->asks = version == VERSION_ASKS;
    m->params.version = m->asks ? 0 : version;
    return drop;
}

static enum drop read_ready(struct reader *r, bool *unready)
{
    bool ready = true;
    enum drop drop = read_bool(r, &ready);
    *unready = !ready;
    return drop;
}

// Python nodes on Serf send 0.
static enum drop read_force_in(struct reader *r, bool *truth)
{
    const struct reader at = *r;
    int64_t whole = 0;
    if (read_whole(r, 0, 1, &whole) == DROP_NONE) {
        *truth = whole != 0;
        return DROP_NONE;
    }
    *r = at;
    return read_bool(r, truth);
}

static enum drop read_view(struct reader *r, int64_t *view)
{
    return read_whole(r, 1, VIEW_MAX, view);
}

// Which names were there already, by their hash: a table that is never more than half full.
enum { NAMES_MET = 2 * MEMBERS_MAX };

// Whether it had not been met before.
static bool meet(uint16_t met[NAMES_MET], const struct name *names, size_t at)
{
    size_t place = name_hash(names[at]) % NAMES_MET;
    while (met[place] != 0 && !name_equal(names[met[place] - 1], names[at])) {
        place = (place + 1) % NAMES_MET;
    }
    bool is_new = met[place] == 0;
    met[place] = (uint16_t)(at + 1);
    return is_new;
}

// The begin of an array of something for each member.
static enum drop read_count_of(struct reader *r, size_t most, size_t *count)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r->item.kind != KIND_ARRAY) {
        return DROP_KIND;
    }
    *count = (size_t)r->item.number;
    return r->item.number <= most ? DROP_NONE : DROP_MEMBERS;
}

static enum drop read_members(struct reader *r, struct name *room, struct members *members)
{
    uint16_t met[NAMES_MET] = {0};
    enum drop drop = read_count_of(r, MEMBERS_MAX, &members->count);
    if (drop != DROP_NONE || members->count == 0) {
        return drop != DROP_NONE ? drop : DROP_MEMBERS;
    }
    members->names = room;
    for (size_t i = 0; i < members->count; i++) {
        drop = read_name(r, &room[i]);
        if (drop != DROP_NONE) {
            return drop;
        }
        if (!meet(met, room, i)) {
            return DROP_MEMBERS;
        }
    }
    return DROP_NONE;
}

// At most `most_count` numbers up to `most`; the zeros at the end may be left out.
static enum drop read_numbers(struct reader *r, uint32_t most, size_t most_count, uint32_t *room,
                              const uint32_t **numbers)
{
    size_t count = 0;
    enum drop drop = read_count_of(r, most_count, &count);
    memset(room, 0, most_count * sizeof *room);
    for (size_t i = 0; i < count && drop == DROP_NONE; i++) {
        int64_t number = 0;
        drop = read_whole(r, 0, most, &number);
        room[i] = (uint32_t)number;
    }
    *numbers = room;
    return drop;
}

static enum drop read_numbers_of_view(struct reader *r, enum key key, struct members_room *room,
                                      struct members *members)
{
    if (key == KEY_WISHES) {
        return read_numbers(r, WISH_MAX, MEMBERS_MAX, room->wishes, &members->wishes);
    }
    return key == KEY_WAITS
               ? read_numbers(r, 1, MEMBERS_MAX + 1, room->waits, &members->waits)
               : read_numbers(r, AWAY_MAX_S, MEMBERS_MAX, room->away_s, &members->away_s);
}

static enum drop read_data(struct reader *r, struct message *m)
{
    enum drop drop = read_item(r);
    if (drop == DROP_NONE && r->item.kind != KIND_BYTES) {
        return DROP_KIND;
    }
    m->data = r->item.bytes;
    m->data_len = r->item.len;
    return drop;
}

// Outside of the channel of views its keys are strange ones.
static enum drop read_beside(struct reader *r, enum key key, struct members_room *room,
                             struct message *m)
{
    if (room == NULL) {
        return skip_item(r, 1);
    }
    if (key == KEY_VIEW) {
        return read_view(r, &m->view);
    }
    if (key == KEY_SETTLED || key == KEY_SHARED) {
        return read_bool(r, key == KEY_SETTLED ? &m->settled : &m->shared);
    }
    if (key == KEY_DATA) {
        return read_data(r, m);
    }
    return key == KEY_MEMBERS ? read_members(r, room->names, &m->members)
                              : read_numbers_of_view(r, key, room, &m->members);
}

static enum drop read_prefer(struct reader *r, uint8_t *prefer)
{
    int64_t whole = 0;
    enum drop drop = read_whole(r, 0, PREFER_MAX, &whole);
    *prefer = (uint8_t)whole;
    return drop;
}

static enum drop read_away(struct reader *r, uint32_t *away_s)
{
    int64_t whole = 0;
    enum drop drop = read_whole(r, 0, AWAY_MAX_S, &whole);
    *away_s = (uint32_t)whole;
    return drop;
}

static enum drop read_member(struct reader *r, enum key key, struct members_room *room,
                             struct message *m)
{
    switch (key) {
    case KEY_TYPE:
        return read_type(r, m);
    case KEY_NODE:
        return read_name(r, &m->node);
    case KEY_VALUE:
        return read_value(r, 1, &m->value);
    case KEY_HISTORY:
        return read_history(r, &m->history);
    case KEY_VERSION:
        return read_version(r, m);
    case KEY_CYCLE:
        return read_seconds(r, &m->params.cycle_ns);
    case KEY_GAP:
        return read_seconds(r, &m->params.gap_ns);
    case KEY_NODES:
        return read_small(r, &m->params.nodes);
    case KEY_SPLITS:
        return read_small(r, &m->params.splits);
    case KEY_N_HOSTS:
        return read_small(r, &m->params.n_hosts);
    case KEY_FORCE_IN:
        return read_force_in(r, &m->params.force_in);
    case KEY_NONCE:
        return read_nonce(r, &m->nonce);
    case KEY_READY:
        return read_ready(r, &m->unready);
    case KEY_LEFT:
        return read_bool(r, &m->left);
    case KEY_HEIR:
        return read_name(r, &m->heir);
    case KEY_PREFER:
        return read_prefer(r, &m->wish.prefer);
    case KEY_NEVER:
        return read_bool(r, &m->wish.never);
    case KEY_PREEMPT:
        return read_bool(r, &m->wish.preempt);
    case KEY_AWAY:
        return room == NULL ? read_away(r, &m->away_s) : read_beside(r, key, room, m);
    case KEY_VIEW:
    case KEY_SETTLED:
    case KEY_MEMBERS:
    case KEY_WISHES:
    case KEY_WAITS:
    case KEY_SHARED:
    case KEY_DATA:
        return read_beside(r, key, room, m);
    case KEY_OVERRIDE:
    case KEY_COUNT:
        break;
    }
    return skip_item(r, 1);
}

// Whether an unknown key stands twice: the map is read again up to it. A packet's length bounds
// that.
static bool stood_before(const uint8_t *map, const uint8_t *key_at, struct name key)
{
    struct reader r = {.at = map, .end = key_at};
    while (r.at < key_at) {
        if (read_item(&r) != DROP_NONE || name_equal(item_text(&r.item), key)) {
            return true;
        }
        if (skip_item(&r, 1) != DROP_NONE) {
            return true;
        }
    }
    return false;
}

static enum drop read_map(struct reader *r, struct members_room *room, struct message *m,
                          unsigned *seen)
{
    enum drop drop = read_item(r);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r->item.kind != KIND_MAP) {
        return DROP_NOT_A_MAP;
    }
    if (r->item.number > KEYS_MAX) {
        return DROP_KEY;
    }
    const uint8_t *map = r->at;
    for (uint64_t left = r->item.number; left > 0; left--) {
        const uint8_t *key_at = r->at;
        drop = read_item(r);
        if (drop != DROP_NONE) {
            return drop;
        }
        if (r->item.kind != KIND_TEXT) {
            return DROP_KEY;
        }
        struct name name = item_text(&r->item);
        enum key key = (enum key)find_name(key_names, KEY_COUNT, name);
        if (key < KEY_COUNT ? (*seen & BIT(key)) != 0 : stood_before(map, key_at, name)) {
            return DROP_KEY;
        }
        *seen |= BIT(key);
        drop = read_member(r, key, room, m);
        if (drop != DROP_NONE) {
            return drop;
        }
    }
    return DROP_NONE;
}

// Without the zeros at the end.
static size_t count_numbers(const uint32_t *numbers, size_t count)
{
    while (count > 0 && (numbers == NULL || numbers[count - 1] == 0)) {
        count--;
    }
    return count;
}

// Of one that the view does not name.
static bool has_stray_number(const struct members *members)
{
    return count_numbers(members->wishes, MEMBERS_MAX) > members->count ||
           count_numbers(members->waits, MEMBERS_MAX + 1) > members->count + 1 ||
           count_numbers(members->away_s, MEMBERS_MAX) > members->count;
}

static enum drop check_message(const struct message *m, unsigned seen)
{
    if ((seen & BIT(KEY_TYPE)) == 0) {
        return DROP_TYPE;
    }
    for (const enum key *key = keys_of[m->type]; *key != KEY_COUNT; key++) {
        if ((seen & BIT(*key)) == 0) {
            return DROP_MISSING;
        }
    }
    if (m->type == MESSAGE_VERS && params_fault(&m->params) != NULL) {
        return DROP_BOUNDS;
    }
    if (m->type == MESSAGE_TELL && m->nonce == 0) {
        return DROP_BOUNDS;
    }
    if (m->type == MESSAGE_PING && !name_equal(m->node, m->history.names[0])) {
        return DROP_HISTORY;
    }
    return has_stray_number(&m->members) ? DROP_MEMBERS : DROP_NONE;
}

static bool is_beside(enum message_type type)
{
    return type == MESSAGE_VIEW || type == MESSAGE_DRAINED || type == MESSAGE_TELL;
}

// With `room` for members: what travels beside the group's channel. Without: anything else.
static enum drop decode(const uint8_t *bytes, size_t len, struct members_room *room,
                        struct message *message)
{
    struct reader r = {.at = bytes, .end = bytes + len};
    unsigned seen = 0;
    if (len > MESSAGE_MAX_BYTES) {
        return DROP_TOO_LONG;
    }
    message->node = NAME_NONE;
    message->nonce = 0;
    message->unready = message->asks = message->left = false;
    message->heir = NAME_NONE;
    message->wish = (struct wish){0};
    message->away_s = 0;
    message->shared = false;
    message->value = VALUE_NULL;
    message->history.count = 0;
    message->members = (struct members){0};
    message->data_len = 0;
    enum drop drop = read_map(&r, room, message, &seen);
    if (drop != DROP_NONE) {
        return drop;
    }
    if (r.at != r.end) {
        return DROP_TRAILING;
    }
    drop = check_message(message, seen);
    return drop == DROP_NONE && is_beside(message->type) != (room != NULL) ? DROP_TYPE : drop;
}

enum drop codec_decode(const uint8_t *bytes, size_t len, struct message *message)
{
    return decode(bytes, len, NULL, message);
}

enum drop codec_decode_view(const uint8_t *bytes, size_t len, struct members_room *room,
                            struct message *message)
{
    return decode(bytes, len, room, message);
}

// --- Writing -----------------------------------------------------------------------------------

struct writer {
    uint8_t *at, *end;
    bool full;
};

static size_t room(const struct writer *w)
{
    return (size_t)(w->end - w->at);
}

// The encoders of libcbor return 0 when there is no room.
static void advance(struct writer *w, size_t written)
{
    w->full |= written == 0;
    w->at += written;
}

static void write_bytes(struct writer *w, const void *bytes, size_t len)
{
    if (len > room(w)) {
        w->full = true;
    } else if (len > 0) {
        memcpy(w->at, bytes, len);
        w->at += len;
    }
}

static void write_text(struct writer *w, struct name text)
{
    advance(w, cbor_encode_string_start(text.len, w->at, room(w)));
    write_bytes(w, text.text, text.len);
}

static void write_int(struct writer *w, int64_t number)
{
    if (number < 0) {
        advance(w, cbor_encode_negint((uint64_t)(-1 - number), w->at, room(w)));
    } else {
        advance(w, cbor_encode_uint((uint64_t)number, w->at, room(w)));
    }
}

// The shortest float that keeps the value.
static void write_seconds(struct writer *w, int64_t ns)
{
    double seconds = (double)ns / (double)NS_PER_S;
    switch (params_float_bytes(seconds)) {
    case 2:
        advance(w, cbor_encode_half((float)seconds, w->at, room(w)));
        break;
    case 4:
        advance(w, cbor_encode_single((float)seconds, w->at, room(w)));
        break;
    default:
        advance(w, cbor_encode_double(seconds, w->at, room(w)));
        break;
    }
}

static void write_value(struct writer *w, struct value value)
{
    if (value.len == 0) {
        advance(w, cbor_encode_null(w->at, room(w)));
    } else {
        write_bytes(w, value.cbor, value.len);
    }
}

static void write_history(struct writer *w, const struct history *history)
{
    advance(w, cbor_encode_array_start(history->count, w->at, room(w)));
    for (size_t i = 0; i < history->count; i++) {
        write_text(w, history->names[i]);
    }
}

static void write_members_of(struct writer *w, const struct members *members)
{
    advance(w, cbor_encode_array_start(members->count, w->at, room(w)));
    for (size_t i = 0; i < members->count; i++) {
        write_text(w, members->names[i]);
    }
}

static void write_numbers(struct writer *w, const uint32_t *numbers, size_t count)
{
    count = count_numbers(numbers, count);
    advance(w, cbor_encode_array_start(count, w->at, room(w)));
    for (size_t i = 0; i < count; i++) {
        write_int(w, numbers[i]);
    }
}

static void write_bool(struct writer *w, bool value)
{
    advance(w, cbor_encode_bool(value, w->at, room(w)));
}

static void write_of_view(struct writer *w, enum key key, const struct message *m)
{
    const struct members *members = &m->members;
    if (key == KEY_VIEW) {
        write_int(w, m->view);
    } else if (key == KEY_SETTLED) {
        write_bool(w, m->settled);
    } else if (key == KEY_MEMBERS) {
        write_members_of(w, members);
    } else if (key == KEY_WISHES) {
        write_numbers(w, members->wishes, members->count);
    } else if (key == KEY_WAITS) {
        write_numbers(w, members->waits, members->count + 1);
    } else {
        write_numbers(w, members->away_s, members->count);
    }
}

static void write_param(struct writer *w, enum key key, const struct params *params)
{
    if (key == KEY_CYCLE || key == KEY_GAP) {
        write_seconds(w, key == KEY_CYCLE ? params->cycle_ns : params->gap_ns);
    } else if (key == KEY_FORCE_IN) {
        write_bool(w, params->force_in);
    } else {
        write_int(w, key == KEY_NODES    ? params->nodes
                     : key == KEY_SPLITS ? params->splits
                                         : params->n_hosts);
    }
}

static void write_member(struct writer *w, enum key key, const struct message *m)
{
    write_text(w, key_names[key]);
    switch (key) {
    case KEY_TYPE:
        write_text(w, type_names[m->type]);
        break;
    case KEY_NODE:
        write_text(w, m->node);
        break;
    case KEY_VALUE:
        write_value(w, m->value);
        break;
    case KEY_HISTORY:
        write_history(w, &m->history);
        break;
    case KEY_VERSION:
        write_int(w, m->asks ? VERSION_ASKS : m->params.version);
        break;
    case KEY_CYCLE:
    case KEY_GAP:
    case KEY_NODES:
    case KEY_SPLITS:
    case KEY_N_HOSTS:
    case KEY_FORCE_IN:
        write_param(w, key, &m->params);
        break;
    case KEY_NONCE:
        write_int(w, (int64_t)m->nonce);
        break;
    case KEY_READY:
        write_bool(w, !m->unready);
        break;
    case KEY_HEIR:
        write_text(w, m->heir);
        break;
    case KEY_PREFER:
        write_int(w, m->wish.prefer);
        break;
    case KEY_OVERRIDE:
    case KEY_LEFT:
    case KEY_NEVER:
    case KEY_PREEMPT:
    case KEY_SHARED:
        write_bool(w, true);
        break;
    case KEY_AWAY:
        if (m->type == MESSAGE_VERS) {
            write_int(w, m->away_s);
        } else {
            write_of_view(w, key, m);
        }
        break;
    case KEY_VIEW:
    case KEY_SETTLED:
    case KEY_MEMBERS:
    case KEY_WISHES:
    case KEY_WAITS:
        write_of_view(w, key, m);
        break;
    case KEY_DATA:
        advance(w, cbor_encode_bytestring_start(m->data_len, w->at, room(w)));
        write_bytes(w, m->data, m->data_len);
        break;
    case KEY_COUNT:
        break;
    }
}

// M1: a Python node ends when it hears of shorter times than these, unless it is told to override
// its bounds.
static bool needs_override(const struct params *p)
{
    return p->cycle_ns < NS_PER_S || p->gap_ns < NS_PER_S / 10;
}

enum { MORE_KEYS_MAX = 12 };

// What a message has beside the keys that its type needs, in this order; closed by KEY_COUNT.
static void find_more_keys(const struct message *m, enum key more[MORE_KEYS_MAX + 1])
{
    bool is_vers = m->type == MESSAGE_VERS, is_view = m->type == MESSAGE_VIEW;
    const struct {
        enum key key;
        bool is_there;
    } keys[MORE_KEYS_MAX] = {
        {KEY_OVERRIDE, is_vers && needs_override(&m->params)},
        {KEY_NONCE, is_vers && m->nonce != 0},
        {KEY_READY, is_vers && m->unready},
        {KEY_LEFT, is_vers && m->left},
        {KEY_HEIR, is_vers && !name_is_none(m->heir)},
        {KEY_PREFER, is_vers && m->wish.prefer > 0},
        {KEY_NEVER, is_vers && m->wish.never},
        {KEY_PREEMPT, is_vers && m->wish.preempt},
        {KEY_WISHES, is_view && m->members.wishes != NULL},
        {KEY_WAITS, is_view && m->members.waits != NULL},
        {KEY_SHARED, is_view && m->shared},
        {KEY_AWAY, is_vers ? m->away_s > 0 : is_view && m->members.away_s != NULL},
    };
    for (int i = 0; i < MORE_KEYS_MAX; i++) {
        if (keys[i].is_there) {
            *more++ = keys[i].key;
        }
    }
    *more = KEY_COUNT;
}

static size_t count_keys(const enum key *keys)
{
    size_t count = 0;
    while (keys[count] != KEY_COUNT) {
        count++;
    }
    return count;
}

static void write_members(struct writer *w, const enum key *keys, const struct message *m)
{
    for (; *keys != KEY_COUNT; keys++) {
        write_member(w, *keys, m);
    }
}

size_t codec_encode(const struct message *m, uint8_t *buffer, size_t size)
{
    struct writer w = {buffer, buffer + size, false};
    const enum key *keys = keys_of[m->type];
    enum key more[MORE_KEYS_MAX + 1];
    find_more_keys(m, more);
    size_t count = count_keys(keys) + count_keys(more) + 1;
    advance(&w, cbor_encode_map_start(count, w.at, room(&w)));
    write_members(&w, keys, m);
    write_members(&w, more, m);
    write_member(&w, KEY_TYPE, m);
    return w.full ? 0 : (size_t)(w.at - buffer);
}
