// SPDX-License-Identifier: MIT
// Fuzzes the decoder (M2, I7). The input is read twice: as a packet, and as three values, whose
// lengths stand in its first two bytes.
#include "lib/codec.h"
#include "lib/json.h"
#include "same.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_MAX = 4096 }; // what the library gives a value's text

// --- The input as a packet ---------------------------------------------------------------------

// What stood in a message before it is read must not matter. Two of them may be looked at together.
static enum drop decode_over(int junk, const uint8_t *bytes, size_t len, struct message *message)
{
    static struct members_room rooms[2];
    struct members_room *room = &rooms[junk == 0];
    memset(message, junk, sizeof *message);
    memset(room, junk, sizeof *room);
    return decode_any(bytes, len, room, message);
}

static void check_refused(const uint8_t *bytes, size_t len, enum drop drop)
{
    struct message again;
    assert(drop < DROP_COUNT && drop_text(drop) != NULL);
    assert(decode_over(0xff, bytes, len, &again) == drop);
}

// No shorter buffer will do, and none is overrun.
static void check_short_buffers(const struct message *message, size_t needed)
{
    for (size_t size = needed < 16 ? 0 : needed - 16; size < needed; size++) {
        uint8_t *buffer = exact_copy((const uint8_t[MESSAGE_MAX_BYTES]){0}, size);
        assert(codec_encode(message, buffer, size) == 0);
        free(buffer);
    }
}

// One message is one packet: neither less nor more of it is.
static void check_whole(const uint8_t *bytes, size_t len)
{
    struct message message;
    static struct members_room room;
    uint8_t longer[MESSAGE_MAX_BYTES + 1];
    memcpy(longer, bytes, len);
    longer[len] = 0xf6;
    assert(decode_any(bytes, len - 1, &room, &message) != DROP_NONE);
    assert(decode_any(longer, len + 1, &room, &message) != DROP_NONE);
}

static void check_accepted(const uint8_t *bytes, size_t len, const struct message *message)
{
    struct message again;
    uint8_t written[MESSAGE_MAX_BYTES], rewritten[MESSAGE_MAX_BYTES];

    assert(legal_message(message));
    assert(decode_over(0xff, bytes, len, &again) == DROP_NONE && same_message(message, &again));
    size_t size = codec_encode(message, written, sizeof written);
    assert(size > 0);
    assert(decode_over(0x55, written, size, &again) == DROP_NONE && same_message(message, &again));
    assert(codec_encode(&again, rewritten, sizeof rewritten) == size);
    assert(memcmp(written, rewritten, size) == 0);
    check_short_buffers(message, size);
    check_whole(bytes, len);
}

static void check_packet(const uint8_t *bytes, size_t len)
{
    struct message message;
    enum drop drop = decode_over(0, bytes, len, &message);
    if (drop == DROP_NONE) {
        check_accepted(bytes, len, &message);
    } else {
        check_refused(bytes, len, drop);
    }
}

// --- The input as values -----------------------------------------------------------------------

// A value that was accepted has a text, and that text is JSON of a legal value.
static void check_json(struct value value)
{
    char json[JSON_MAX], why[256];
    uint8_t cbor[4 * VALUE_MAX_BYTES]; // a half float of 3 bytes comes back with 5 or 9
    size_t len;
    assert(json_value_from_cbor(value.cbor, value.len, json, sizeof json) == 0);
    assert(json_value_to_cbor(json, cbor, sizeof cbor, &len, why, sizeof why) == 0);
    enum drop drop = codec_check_value(cbor, len);
    assert(drop == DROP_NONE || (drop == DROP_VALUE && len > VALUE_MAX_BYTES));
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

// Of whatever bytes.
static void check_pairs(const struct value values[3])
{
    for (int i = 0; i < 3; i++) {
        struct value a = values[i], b = values[(i + 1) % 3];
        assert(value_compare(a, a) == 0);
        assert(sign(value_compare(a, b)) == -sign(value_compare(b, a)));
        (void)value_is_null(a);
    }
}

// P1: "The order is total."
static void check_order(const struct value values[3])
{
    const struct value a = values[0], b = values[1], c = values[2];
    int first = sign(value_compare(a, b)), second = sign(value_compare(b, c));
    if (first * second >= 0) { // in order, or one pair is equal
        assert(sign(value_compare(a, c)) == (first != 0 ? first : second));
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void check_values(const uint8_t *bytes, size_t len)
{
    if (len < 2) {
        return;
    }
    size_t first = smaller(bytes[0], len - 2), second = smaller(bytes[1], len - 2 - first);
    const size_t lengths[3] = {first, second, len - 2 - first - second};
    struct value values[3];
    uint8_t *copies[3];
    bool all = true;
    bytes += 2;
    for (int i = 0; i < 3; i++) {
        copies[i] = exact_copy(bytes, lengths[i]);
        values[i] = (struct value){copies[i], lengths[i]};
        bytes += lengths[i];
        bool accepted = codec_check_value(copies[i], lengths[i]) == DROP_NONE;
        if (accepted) {
            check_json(values[i]);
        }
        all = all && accepted;
    }
    check_pairs(values);
    if (all) {
        check_order(values);
    }
    for (int i = 0; i < 3; i++) {
        free(copies[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check_packet(bytes, len);
    check_values(bytes, len);
    return 0;
}
