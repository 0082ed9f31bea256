// SPDX-License-Identifier: MIT
// Packets as MessagePack, which Python nodes speak over Serf: the same maps, item by item. What a
// packet may be is decided in one place, by codec.h, of the CBOR that it is turned into.
#ifndef LIB_TRANSLATE_H
#define LIB_TRANSLATE_H

#include "core/message.h"

// Some items are a byte longer in CBOR.
enum { TRANSLATE_CBOR_MAX = 2 * MESSAGE_MAX_BYTES };

// One item of MessagePack, all of `bytes`, as CBOR in TRANSLATE_CBOR_MAX bytes of room.
enum drop translate_to_cbor(const uint8_t *bytes, size_t len, uint8_t *cbor, size_t *cbor_len);

// A packet of ours as MessagePack. Returns its length, or 0 when `size` is too small.
size_t translate_from_cbor(const uint8_t *cbor, size_t len, uint8_t *bytes, size_t size);

#endif
