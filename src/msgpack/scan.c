// SPDX-License-Identifier: MIT
#include "scan.h"

#include <assert.h>

// What an item begins with.
struct head {
    uint64_t size;  // of the head itself
    uint64_t body;  // bytes that follow
    uint64_t items; // and items
};

// The heads 0xc0 to 0xdf: bytes of the count that follows, bytes besides, items for each count (0:
// it counts bytes).
static const struct {
    uint8_t count_size, body, items;
} forms[32] = {
    [0x04] = {1, 0, 0}, [0x05] = {2, 0, 0},  [0x06] = {4, 0, 0},                     // bin
    [0x07] = {1, 1, 0}, [0x08] = {2, 1, 0},  [0x09] = {4, 1, 0},                     // ext
    [0x0a] = {0, 4, 0}, [0x0b] = {0, 8, 0},                                          // float
    [0x0c] = {0, 1, 0}, [0x0d] = {0, 2, 0},  [0x0e] = {0, 4, 0}, [0x0f] = {0, 8, 0}, // uint
    [0x10] = {0, 1, 0}, [0x11] = {0, 2, 0},  [0x12] = {0, 4, 0}, [0x13] = {0, 8, 0}, // int
    [0x14] = {0, 2, 0}, [0x15] = {0, 3, 0},  [0x16] = {0, 5, 0},                     // fixext
    [0x17] = {0, 9, 0}, [0x18] = {0, 17, 0},                                         //
    [0x19] = {1, 0, 0}, [0x1a] = {2, 0, 0},  [0x1b] = {4, 0, 0},                     // str
    [0x1c] = {2, 0, 1}, [0x1d] = {4, 0, 1},                                          // array
    [0x1e] = {2, 0, 2}, [0x1f] = {4, 0, 2},                                          // map
};

static struct head read_form(const uint8_t *bytes, size_t len)
{
    unsigned form = bytes[0] - 0xc0U;
    unsigned count_size = forms[form].count_size;
    uint64_t count = 0;
    for (unsigned i = 1; i <= count_size && i < len; i++) {
        count = count << 8 | bytes[i];
    }
    return (struct head){
        .size = 1 + count_size,
        .body = forms[form].body + (forms[form].items == 0 ? count : 0),
        .items = forms[form].items * count,
    };
}

// There is one byte at least. Of a head that is cut off only the size counts.
static struct head read_head(const uint8_t *bytes, size_t len)
{
    uint8_t first = bytes[0];
    if (first < 0x80 || first >= 0xe0) { // a small number
        return (struct head){.size = 1};
    }
    if (first < 0x90) {
        return (struct head){.size = 1, .items = 2 * (first & 15U)};
    }
    if (first < 0xa0) {
        return (struct head){.size = 1, .items = first & 15U};
    }
    if (first < 0xc0) {
        return (struct head){.size = 1, .body = first & 31U};
    }
    return read_form(bytes, len);
}

static enum msgpack_found is_part(uint64_t needed, size_t *size)
{
    *size = needed < SIZE_MAX ? (size_t)needed : SIZE_MAX;
    return MSGPACK_PART;
}

enum msgpack_found msgpack_scan(const uint8_t *bytes, size_t len, unsigned depth_max, size_t *size)
{
    uint64_t missing[MSGPACK_DEPTH_MAX + 1] = {1}; // items, on each level
    uint64_t missing_sum = 1;                      // each is a byte at least
    uint64_t at = 0;
    unsigned depth = 0;
    assert(depth_max <= MSGPACK_DEPTH_MAX);
    while (missing_sum > 0) {
        if (at >= len) {
            return is_part(at + missing_sum, size);
        }
        while (missing[depth] == 0) {
            depth--;
        }
        struct head head = read_head(bytes + at, len - (size_t)at);
        if (bytes[at] == 0xc1 || (head.items > 0 && depth == depth_max)) {
            return MSGPACK_BAD;
        }
        missing[depth]--;
        missing_sum--;
        if (head.size > len - at) {
            return is_part(at + head.size + missing_sum, size);
        }
        if (head.items > 0) {
            missing[++depth] = head.items;
            missing_sum += head.items;
        }
        at += head.size + head.body;
    }
    if (at > len) {
        return is_part(at, size);
    }
    *size = (size_t)at;
    return MSGPACK_WHOLE;
}
