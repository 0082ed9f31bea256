// SPDX-License-Identifier: MIT
// CBOR packets <-> messages (M1, M2): libcbor's stream decoder and encoders, no allocation.
#ifndef LIB_CODEC_H
#define LIB_CODEC_H

#include "core/message.h"

// Reads one packet. The message borrows from `bytes`. Anything but DROP_NONE leaves it unusable.
enum drop codec_decode(const uint8_t *bytes, size_t len, struct message *message);

// The same of the channel that views and tells travel in, where nothing else may come. The message
// borrows from `room` as well.
enum drop codec_decode_view(const uint8_t *bytes, size_t len, struct members_room *room,
                            struct message *message);

// Writes a message with the keys and the order of the Python nodes. Returns its length, or 0 when
// `size` is too small; MESSAGE_MAX_BYTES suffice for what is legal.
size_t codec_encode(const struct message *message, uint8_t *buffer, size_t size);

// Checks one CBOR item against the rules for values. DROP_NONE: it is all of `bytes`, and may be
// used as a struct value.
enum drop codec_check_value(const uint8_t *bytes, size_t len);

#endif
