// SPDX-License-Identifier: MIT
// Fuzzes packets that come as MessagePack (M2, I7): the input is turned into CBOR; what the decoder
// then accepts says the same after it was written as MessagePack and read again.
#include "lib/codec.h"
#include "lib/translate.h"
#include "same.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_whole(const uint8_t *bytes, size_t len)
{
    static uint8_t longer[MESSAGE_MAX_BYTES + 1], cbor[TRANSLATE_CBOR_MAX];
    size_t cbor_len;
    memcpy(longer, bytes, len);
    longer[len] = 0xc0;
    assert(translate_to_cbor(bytes, len - 1, cbor, &cbor_len) != DROP_NONE);
    assert(translate_to_cbor(longer, len + 1, cbor, &cbor_len) != DROP_NONE);
}

// Of a message that was read; a number below what MessagePack has cannot come from there.
static void check_written(const struct message *message)
{
    static uint8_t cbor[TRANSLATE_CBOR_MAX], packet[MESSAGE_MAX_BYTES];
    static struct members_room room;
    struct message again;
    size_t len = codec_encode(message, cbor, MESSAGE_MAX_BYTES);
    assert(len > 0);
    size_t packet_len = translate_from_cbor(cbor, len, packet, sizeof packet);
    assert(packet_len > 0 && packet_len <= sizeof packet);
    assert(translate_from_cbor(cbor, len, packet, packet_len - 1) == 0);
    assert(translate_from_cbor(cbor, len, packet, packet_len) == packet_len);
    assert(translate_to_cbor(packet, packet_len, cbor, &len) == DROP_NONE);
    assert(decode_any(cbor, len, &room, &again) == DROP_NONE && same_message(message, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t cbor[TRANSLATE_CBOR_MAX];
    static struct members_room room;
    struct message message;
    size_t len;
    uint8_t *packet = exact_copy(data, size);
    if (translate_to_cbor(packet, size, cbor, &len) == DROP_NONE) {
        assert(len > 0 && len <= sizeof cbor);
        check_whole(packet, size);
        if (decode_any(cbor, len, &room, &message) == DROP_NONE) {
            assert(legal_message(&message));
            check_written(&message);
        }
    }
    free(packet);
    return 0;
}
