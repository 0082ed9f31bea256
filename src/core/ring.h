// SPDX-License-Identifier: MIT
// The ring: the recent senders, newest first. Its first is the head.
#ifndef CORE_RING_H
#define CORE_RING_H

#include "nodes.h"
#include "params.h"

struct ring {
    uint32_t count;
    node_id ids[RING_MAX];
};

// The id at a place; NODE_ABSENT beyond the end.
node_id ring_at(const struct ring *ring, uint32_t place);

// The place of a node, or -1.
int ring_find(const struct ring *ring, node_id id);

// A node has taken a turn: it moves to the front of a ring of at most `size`. One that was on the
// ring already, and not the last, drops one more from the end, so that nodes that are gone fade
// out (R8).
void ring_turn(struct ring *ring, node_id id, uint32_t size);

// Puts nodes that are not on the ring yet at its end, in order, while there is room.
void ring_fill(struct ring *ring, const struct ring *from, uint32_t size);

void ring_truncate(struct ring *ring, uint32_t size);

#endif
