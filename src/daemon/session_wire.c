// SPDX-License-Identifier: MIT
#include "session_wire.h"

#include <string.h>

static const char magic[] = {'b', 'l', 'c', '1'};

enum {
    HEAD_BYTES = sizeof magic + 1,
    KEY_BYTES = 8,
    PIECE_BYTES = HEAD_BYTES + 8 + 2 + 2,
};

// --- Numbers -------------------------------------------------------------------------------------

struct cursor {
    uint8_t *at;
};

static void put(struct cursor *to, uint64_t number, int bytes)
{
    while (bytes-- > 0) {
        *to->at++ = (uint8_t)(number >> (8 * bytes));
    }
}

struct source {
    const uint8_t *at, *end;
    bool short_of;
};

static uint64_t get(struct source *from, int bytes)
{
    uint64_t number = 0;
    if (from->end - from->at < bytes) {
        from->short_of = true;
        return 0;
    }
    while (bytes-- > 0) {
        number = number << 8 | *from->at++;
    }
    return number;
}

// --- Packets -------------------------------------------------------------------------------------

uint32_t wire_keys_max(size_t room)
{
    size_t keys = room > PIECE_BYTES ? (room - PIECE_BYTES) / KEY_BYTES : 0;
    return keys < WIRE_KEYS_MAX ? (uint32_t)keys : WIRE_KEYS_MAX;
}

static void put_keys(struct cursor *to, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->key_count; i++) {
        put(to, wire->keys[i], KEY_BYTES);
    }
}

size_t wire_write(const struct wire *wire, uint8_t *bytes)
{
    struct cursor to = {bytes + HEAD_BYTES};
    memcpy(bytes, magic, sizeof magic);
    bytes[sizeof magic] = (uint8_t)wire->kind;
    switch (wire->kind) {
    case WIRE_ASKED:
    case WIRE_LEFT:
        put_keys(&to, wire);
        break;
    case WIRE_TABLE:
        put(&to, (uint64_t)wire->view, 8);
        put(&to, wire->timeout_ms, 4);
        put(&to, wire->settle_ms, 4);
        put(&to, wire->settled, 1);
        put(&to, wire->count, 2);
        put(&to, wire->digest, 8);
        break;
    case WIRE_PIECE:
        put(&to, wire->digest, 8);
        put(&to, wire->count, 2);
        put(&to, wire->first, 2);
        put_keys(&to, wire);
        break;
    case WIRE_WANT:
        put(&to, wire->digest, 8);
        break;
    }
    return (size_t)(to.at - bytes);
}

// All that is left; no key is 0.
static bool get_keys(struct source *from, struct wire *wire)
{
    wire->key_count = 0;
    while (from->at < from->end && wire->key_count < WIRE_KEYS_MAX) {
        session_key key = get(from, KEY_BYTES);
        if (key == 0) {
            return false;
        }
        wire->keys[wire->key_count++] = key;
    }
    return true;
}

static bool get_table(struct source *from, struct wire *wire)
{
    wire->view = (int64_t)get(from, 8);
    wire->timeout_ms = (uint32_t)get(from, 4);
    wire->settle_ms = (uint32_t)get(from, 4);
    wire->settled = get(from, 1) == 1;
    wire->count = (uint32_t)get(from, 2);
    wire->digest = get(from, 8);
    return true;
}

static bool get_piece(struct source *from, struct wire *wire)
{
    wire->digest = get(from, 8);
    wire->count = (uint32_t)get(from, 2);
    wire->first = (uint32_t)get(from, 2);
    return get_keys(from, wire);
}

bool wire_read(struct wire *wire, const void *bytes, size_t len)
{
    struct source from = {bytes, (const uint8_t *)bytes + len, false};
    bool is_one = false;
    if (len < HEAD_BYTES || memcmp(bytes, magic, sizeof magic) != 0) {
        return false;
    }
    from.at += sizeof magic;
    wire->count = 0;
    wire->kind = (enum wire_kind)get(&from, 1);
    switch (wire->kind) {
    case WIRE_ASKED:
    case WIRE_LEFT:
        is_one = get_keys(&from, wire);
        break;
    case WIRE_TABLE:
        is_one = get_table(&from, wire);
        break;
    case WIRE_PIECE:
        is_one = get_piece(&from, wire);
        break;
    case WIRE_WANT:
        wire->digest = get(&from, 8);
        is_one = true;
        break;
    }
    return is_one && !from.short_of && from.at == from.end && wire->count <= SESSIONS_MAX;
}
