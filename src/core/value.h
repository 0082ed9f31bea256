// SPDX-License-Identifier: MIT
// What a node attaches to its beacon, and the order in which values win (P1).
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// M2: a value's encoding, and how deep arrays may nest in it (a message nests one map around).
enum { VALUE_MAX_BYTES = 256, VALUE_MAX_DEPTH = 7 };

// One borrowed CBOR item (RFC 8949) that a codec has checked: definite lengths, no tags, no maps,
// finite numbers, UTF-8 text. Length 0 reads as null.
struct value {
    const uint8_t *cbor;
    size_t len;
};

#define VALUE_NULL ((struct value){NULL, 0})

bool value_is_null(struct value value); // "not ready"

// P1: null < false < true < numbers < byte strings < text < arrays; numbers by numeric value
// whatever their encoding, arrays element by element. <0, 0, >0; total.
int value_compare(struct value a, struct value b);

#endif
