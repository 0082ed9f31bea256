// SPDX-License-Identifier: MIT
// The messages of the wire (M1, S1), decoded. Everything in one is borrowed: from the packet that
// it was read from, or from the engine that wants it sent.
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "name.h"
#include "params.h"
#include "value.h"

// M2: bounds before anything is stored.
enum {
    MESSAGE_MAX_BYTES = 4096,
    MESSAGE_MAX_DEPTH = 8,
    HISTORY_MAX = RING_MAX,
    MEMBERS_MAX = 512, // of a view
};

// Of a nonce: what a double still tells apart.
#define NONCE_MAX ((UINT64_C(1) << 53) - 1)

// The most that the number of a view may be.
#define VIEW_MAX (INT64_C(1) << 53)

enum message_type {
    MESSAGE_INIT,
    MESSAGE_VERS,
    MESSAGE_PING,
    MESSAGE_HIST,
    // In a channel of their own, since a Python node ends when it hears one:
    MESSAGE_VIEW,    // S1
    MESSAGE_DRAINED, // S6
    MESSAGE_TELL,    // S8: of programs to each other, and not for the engine
};

struct history {
    size_t count;
    struct name names[HISTORY_MAX]; // newest first
};

// S5: what a node wishes of index 1. Who is never to have it prefers nothing.
struct wish {
    uint8_t prefer; // 0 to PREFER_MAX
    bool never;
    bool preempt;
};

enum { PREFER_MAX = 100 };

// The members of a view, in their places, and numbers of each of them; NULL: there are none.
struct members {
    size_t count;
    const struct name *names;
    const uint32_t *wishes; // S5
    // S6, 0 or 1: its word is waited for. One more, the first, stands for all who are not named.
    const uint32_t *waits;
    const uint32_t *away_s; // S7: how long it may still be away
};

enum { AWAY_MAX_S = 604800 }; // a week

// Room for what a message has of each member.
struct members_room {
    struct name names[MEMBERS_MAX];
    uint32_t wishes[MEMBERS_MAX];
    uint32_t waits[MEMBERS_MAX + 1];
    uint32_t away_s[MEMBERS_MAX];
};

struct message {
    enum message_type type;
    struct name node;       // but of hist; view: who has published it, whoever repeats it
    struct params params;   // vers
    uint64_t nonce;         // vers of one of ours, tell: 1 to NONCE_MAX; 0: none
    bool unready;           // vers of one of ours: it cannot lead now
    bool asks;              // the same: whether there are Python nodes (J1); the version is 0 then
    bool left;              // the same: its last word
    struct name heir;       // the same: H8, the turn goes to this one; or none
    struct wish wish;       // the same
    uint32_t away_s;        // the same: S7, it may be away for so long; 0: not
    struct value value;     // ping, hist
    struct history history; // ping, hist: at least one
    int64_t view;           // view: its number, 1 to VIEW_MAX; drained: up to this one
    bool settled;           // view
    bool shared;            // view: S6, it was settled before
    struct members members; // view: at least one
    const uint8_t *data;    // tell: what it says
    size_t data_len;
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
    DROP_TYPE,      // `t` missing or unknown, or in the wrong channel
    DROP_MISSING,   // a key that the type needs
    DROP_KIND,      // a value of a kind that the key cannot have
    DROP_BOUNDS,    // a number or a set of parameters out of bounds
    DROP_NAME,      // not a node's name
    DROP_VALUE,     // over 256 bytes, a map, or not finite
    DROP_HISTORY,   // empty, over 64, a name twice, or not headed by the sender
    DROP_MEMBERS,   // none, over 512, a name twice, or more numbers than names
    DROP_LOCKED,    // parameters, while ours are locked
    DROP_OWN_NAME,  // from another node of this node's name
    DROP_OVERRUN,   // not read in time
    DROP_COUNT
};

const char *drop_text(enum drop reason);

#endif
