// SPDX-License-Identifier: MIT
// CBOR read one item at a time (libcbor's stream decoder), without allocation. What no packet of
// ours may have, items of indefinite length, tags, text that is not UTF-8, is refused here (M2).
#ifndef LIB_ITEM_H
#define LIB_ITEM_H

#include "core/message.h"

enum kind {
    KIND_UINT,
    KIND_NINT,
    KIND_FLOAT,
    KIND_BYTES,
    KIND_TEXT,
    KIND_ARRAY,
    KIND_MAP,
    KIND_BOOL,
    KIND_NULL
};

struct item {
    enum kind kind;
    bool refused;    // indefinite, a tag, undefined
    uint64_t number; // KIND_UINT; KIND_NINT: -1 - number; counts of arrays and maps
    double real;     // KIND_FLOAT
    const uint8_t *bytes;
    size_t len;
    bool truth;
};

struct reader {
    const uint8_t *at, *end;
    struct item item; // the last one read
};

// Reads the next one; what is in an array or a map are items of their own.
enum drop read_item(struct reader *reader);

#endif
