// SPDX-License-Identifier: MIT
// The four messages of the wire (M1), decoded. Everything in one is borrowed: from the packet that
// it was read from, or from the engine that wants it sent.
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "name.h"
#include "params.h"
#include "value.h"

// M2: bounds before anything is stored.
enum { MESSAGE_MAX_BYTES = 4096, MESSAGE_MAX_DEPTH = 8, HISTORY_MAX = RING_MAX };

// Of a nonce: what a double still tells apart.
#define NONCE_MAX ((UINT64_C(1) << 53) - 1)

enum message_type { MESSAGE_INIT, MESSAGE_VERS, MESSAGE_PING, MESSAGE_HIST };

struct history {
    size_t count;
    struct name names[HISTORY_MAX]; // newest first
};

struct message {
    enum message_type type;
    struct name node;       // init, vers, ping
    struct params params;   // vers
    uint64_t nonce;         // vers of one of ours: 1 to NONCE_MAX; 0: none
    bool unready;           // vers of one of ours: it cannot lead now
    bool asks;              // the same: whether there are Python nodes (J1); the version is 0 then
    bool left;              // the same: its last word
    struct name heir;       // the same: H8, the turn goes to this one; or none
    struct value value;     // ping, hist
    struct history history; // ping, hist: at least one
};

// M3: why a packet changed nothing.
enum drop {
    DROP_NONE,
    DROP_TOO_LONG,  // over 4 KiB
    DROP_MALFORMED, // not one whole item of the encoding
    DROP_TRAILING,  // bytes after the map
    DROP_NOT_A_MAP, //
    DROP_KEY,       // a key that is not text, or stands twice; or over 64
    DROP_ENCODING,  // an item of indefinite length, with a tag, or not UTF-8
    DROP_TOO_DEEP,  // nested deeper than 8
    DROP_TYPE,      // `t` missing or unknown
    DROP_MISSING,   // a key that the type needs
    DROP_KIND,      // a value of a kind that the key cannot have
    DROP_BOUNDS,    // a number or a set of parameters out of bounds
    DROP_NAME,      // not a node's name
    DROP_VALUE,     // over 256 bytes, a map, or not finite
    DROP_HISTORY,   // empty, over 64, a name twice, or not headed by the sender
    DROP_LOCKED,    // parameters, while ours are locked
    DROP_OWN_NAME,  // from another node of this node's name
    DROP_OVERRUN,   // not read in time
    DROP_COUNT
};

const char *drop_text(enum drop reason);

#endif
