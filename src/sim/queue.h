// SPDX-License-Identifier: MIT
// What is going to happen, by time; what is due at the same time comes in the order in which it was
// put in.
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct packet;

struct entry {
    int64_t at_ns;
    uint64_t order;
    struct packet *packet; // NULL: a timer
    uint32_t node;
    uint32_t life; // of the node: an earlier one is over
};

struct queue {
    struct entry *entries; // a binary heap
    size_t count, room;
    uint64_t order;
};

void queue_put(struct queue *queue, struct entry entry);
struct entry queue_take(struct queue *queue); // the next one; there must be one
void queue_free(struct queue *queue);

#endif
