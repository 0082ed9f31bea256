// SPDX-License-Identifier: MIT
// Everybody that a node has heard of: a bounded table that forgets those unseen for longest (J6).
#ifndef CORE_NODES_H
#define CORE_NODES_H

#include "message.h"

typedef uint32_t node_id;

// Not ids of nodes: nobody stands there; a name that the table does not hold.
#define NODE_ABSENT UINT32_MAX
#define NODE_UNKNOWN (UINT32_MAX - 1)

enum readiness { READY_UNKNOWN, READY_YES, READY_NO };

struct node {
    uint64_t hash;
    int64_t seen_ns; // when it last sent something, or was named
    int64_t hist_ns; // when a hist about it as the head was last heard or sent
    int64_t gone_ns;
    int64_t back_by_ns;   // S7: when it is to be back, if it goes; 0: it said nothing of that
    int64_t drained_view; // S6: it has nothing left of views up to this one
    int64_t owned_view;   // and may have had a share in this one; 0: none that is known of
    uint64_t incarnation; // H2: of its process; 0: not known
    uint64_t known_slot;  // the slot in which it was first heard
    uint64_t sent_slot;   // the slot in which it last sent a beacon
    node_id older, newer; // the order of seen_ns; of free places: the next one in `older`
    enum readiness ready;
    uint16_t place;          // in the present view (S1), from 1; 0: it is not named
    bool is_away;            // S7: it has gone, and is to come back
    bool seen;               // counts as a member for the roster
    bool denied;             // a view did not name it, and it was not heard since
    uint8_t missed;          // times it was expected and stayed silent, since it was heard
    bool ours;               // known to follow PROTOCOL.md
    bool gone;               // H1: a transport, or itself, has said so, and it was not heard since
    bool present;            // H1: the transport has said that it is there
    bool member, was_member; // as was reported
    bool heard;              // has sent something itself
    struct wish wish;        // S5: as was heard last
    uint8_t len;
    char text[NAME_MAX_BYTES + 1]; // ends in NUL
};

struct nodes {
    struct node *places;
    node_id *order; // by (hash, name): for look-ups, and for E1
    uint32_t capacity;
    uint32_t count;
    node_id used; // places ever used; those freed since hang on `free`
    node_id free;
    node_id oldest, newest;
};

// The memory that a table of `capacity` needs; only touched as nodes come to be known.
size_t nodes_bytes(uint32_t capacity);
// `memory` is aligned as for any object, and lives as long as the table.
void nodes_init(struct nodes *nodes, void *memory, uint32_t capacity);

// NODE_UNKNOWN when it isn't there.
node_id nodes_find(const struct nodes *nodes, struct name name);

// Adds a name that is not there; the table must not be full.
node_id nodes_add(struct nodes *nodes, struct name name, int64_t now_ns);
void nodes_remove(struct nodes *nodes, node_id id);

// Makes a node the last to be forgotten.
void nodes_see(struct nodes *nodes, node_id id, int64_t now_ns);

struct node *nodes_get(const struct nodes *nodes, node_id id);
struct name nodes_name(const struct nodes *nodes, node_id id); // ends in NUL

// Where a node stands in `order`.
uint32_t nodes_rank(const struct nodes *nodes, node_id id);

#endif
