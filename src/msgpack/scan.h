// SPDX-License-Identifier: MIT
// MessagePack, checked before it is unpacked: where its items end, and that there are no more of
// them than there are bytes. A library that unpacks takes a header's word for the count, and five
// bytes would have it ask for gigabytes.
#ifndef MSGPACK_SCAN_H
#define MSGPACK_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum { MSGPACK_DEPTH_MAX = 32 };

enum msgpack_found {
    MSGPACK_WHOLE, // an item: `size` is its length
    MSGPACK_PART,  // the beginning of one, which has `size` bytes at least, more than there are
    MSGPACK_BAD,   // no MessagePack, or nested too deeply
};

// Looks at the first item of `bytes`, which may be nested `depth_max` deep: 0 is a number or text,
// 1 an array of those; an empty array counts as a number. Keeps nothing, allocates nothing, looks
// at each byte once at most; strings are passed over unread.
enum msgpack_found msgpack_scan(const uint8_t *bytes, size_t len, unsigned depth_max, size_t *size);

#endif
