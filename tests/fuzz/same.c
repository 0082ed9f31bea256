// SPDX-License-Identifier: MIT
#include "same.h"

#include "lib/codec.h"

#include <stdlib.h>
#include <string.h>

enum drop decode_any(const uint8_t *bytes, size_t len, struct members_room *room,
                     struct message *message)
{
    enum drop drop = codec_decode(bytes, len, message);
    enum drop beside = drop;
    if (drop != DROP_NONE) { // its type may stand behind keys that are of another kind there
        beside = codec_decode_view(bytes, len, room, message);
    }
    return beside == DROP_TYPE ? drop : beside;
}

static bool same_history(const struct history *a, const struct history *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = name_equal(a->names[i], b->names[i]);
    }
    return same;
}

static bool same_value(struct value a, struct value b)
{
    if (value_is_null(a) || value_is_null(b)) {
        return value_is_null(a) && value_is_null(b); // no value is written as null
    }
    return a.len == b.len && memcmp(a.cbor, b.cbor, a.len) == 0;
}

static bool same_turn(const struct message *a, const struct message *b)
{
    return same_value(a->value, b->value) && same_history(&a->history, &b->history);
}

static bool same_numbers(const uint32_t *a, const uint32_t *b, size_t count)
{
    return a == NULL || b == NULL ? a == b : memcmp(a, b, count * sizeof *a) == 0;
}

static bool same_wish(struct wish a, struct wish b)
{
    return a.prefer == b.prefer && a.never == b.never && a.preempt == b.preempt;
}

static bool same_members(const struct members *a, const struct members *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = name_equal(a->names[i], b->names[i]);
    }
    return same && same_numbers(a->wishes, b->wishes, a->count) &&
           same_numbers(a->waits, b->waits, a->count + 1) &&
           same_numbers(a->away_s, b->away_s, a->count);
}

static bool same_view(const struct message *a, const struct message *b)
{
    return name_equal(a->node, b->node) && a->view == b->view && a->settled == b->settled &&
           a->shared == b->shared && same_members(&a->members, &b->members);
}

bool same_message(const struct message *a, const struct message *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case MESSAGE_INIT:
        return name_equal(a->node, b->node);
    case MESSAGE_VERS:
        return name_equal(a->node, b->node) && a->nonce == b->nonce && a->unready == b->unready &&
               a->asks == b->asks && a->left == b->left && name_equal(a->heir, b->heir) &&
               same_wish(a->wish, b->wish) && a->away_s == b->away_s &&
               params_compare(&a->params, &b->params) == 0;
    case MESSAGE_PING:
        return name_equal(a->node, b->node) && same_turn(a, b);
    case MESSAGE_HIST:
        return same_turn(a, b);
    case MESSAGE_VIEW:
        return same_view(a, b);
    case MESSAGE_DRAINED:
        return name_equal(a->node, b->node) && a->view == b->view;
    case MESSAGE_TELL:
        return name_equal(a->node, b->node) && a->nonce == b->nonce && a->data_len == b->data_len &&
               (a->data_len == 0 || memcmp(a->data, b->data, a->data_len) == 0);
    }
    return false;
}

static bool legal_history(const struct history *history)
{
    bool legal = history->count > 0 && history->count <= HISTORY_MAX;
    for (size_t i = 0; legal && i < history->count; i++) {
        legal = name_is_valid(history->names[i]);
        for (size_t j = 0; j < i; j++) {
            legal = legal && !name_equal(history->names[i], history->names[j]);
        }
    }
    return legal;
}

static bool legal_turn(const struct message *m)
{
    return legal_history(&m->history) && m->value.len <= VALUE_MAX_BYTES &&
           codec_check_value(m->value.cbor, m->value.len) == DROP_NONE;
}

static bool legal_view(const struct message *m)
{
    const struct members *members = &m->members;
    bool legal = name_is_valid(m->node) && m->view > 0 && m->view <= VIEW_MAX &&
                 members->count > 0 && members->count <= MEMBERS_MAX;
    for (size_t i = 0; legal && i < members->count; i++) {
        legal = name_is_valid(members->names[i]);
        for (size_t j = 0; j < i; j++) {
            legal = legal && !name_equal(members->names[i], members->names[j]);
        }
        legal = legal && (members->wishes == NULL || members->wishes[i] <= UINT8_MAX) &&
                (members->away_s == NULL || members->away_s[i] <= AWAY_MAX_S);
    }
    return legal;
}

bool legal_message(const struct message *m)
{
    switch (m->type) {
    case MESSAGE_INIT:
        return name_is_valid(m->node);
    case MESSAGE_VERS:
        return name_is_valid(m->node) && m->nonce < UINT64_C(1) << 53 &&
               (name_is_none(m->heir) || name_is_valid(m->heir)) && m->wish.prefer <= PREFER_MAX &&
               m->away_s <= AWAY_MAX_S && params_fault(&m->params) == NULL;
    case MESSAGE_PING:
        return name_equal(m->node, m->history.names[0]) && legal_turn(m);
    case MESSAGE_HIST:
        return legal_turn(m);
    case MESSAGE_VIEW:
        return legal_view(m);
    case MESSAGE_DRAINED:
        return name_is_valid(m->node) && m->view > 0 && m->view <= VIEW_MAX;
    case MESSAGE_TELL:
        return name_is_valid(m->node) && m->nonce > 0 && m->nonce <= NONCE_MAX;
    }
    return false;
}

uint8_t *exact_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len);
    if (copy == NULL && len > 0) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}
