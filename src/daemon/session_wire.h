// SPDX-License-Identifier: MIT
// What actords tell each other of sessions, as bytes: numbers are big-endian.
//
//   "blc1" 'a' key...                                  these have asked here
//   "blc1" 'l' key...                                  these have left here
//   "blc1" 't' view timeout_ms settle_ms settled count digest     the leader's table
//   "blc1" 'p' digest count first key...               a piece of it
//   "blc1" 'w' digest                                  I want it
#ifndef DAEMON_SESSION_WIRE_H
#define DAEMON_SESSION_WIRE_H

#include "session_table.h"

// A packet without keys is shorter than WIRE_BYTES_MIN, and one may have that many keys at most.
enum { WIRE_BYTES_MAX = 4096, WIRE_BYTES_MIN = 40, WIRE_KEYS_MAX = (WIRE_BYTES_MAX - 17) / 8 };

enum wire_kind {
    WIRE_ASKED = 'a',
    WIRE_LEFT = 'l',
    WIRE_TABLE = 't',
    WIRE_PIECE = 'p',
    WIRE_WANT = 'w',
};

struct wire {
    int64_t view;    // table
    uint64_t digest; // table, piece, want
    enum wire_kind kind;
    uint32_t timeout_ms, settle_ms; // table
    uint32_t count, first;          // table, piece: of the table; piece: where it begins, from 0
    uint32_t key_count;             // asked, left, piece
    session_key keys[WIRE_KEYS_MAX];
    bool settled; // table
};

// How many keys fit into so many bytes.
uint32_t wire_keys_max(size_t room);

// Returns the length, at most WIRE_BYTES_MAX.
size_t wire_write(const struct wire *wire, uint8_t *bytes);

// False: it is not one of these.
bool wire_read(struct wire *wire, const void *bytes, size_t len);

#endif
