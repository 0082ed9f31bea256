// SPDX-License-Identifier: MIT
#include "ring.h"

#include <string.h>

node_id ring_at(const struct ring *ring, uint32_t place)
{
    return place < ring->count ? ring->ids[place] : NODE_ABSENT;
}

int ring_find(const struct ring *ring, node_id id)
{
    for (uint32_t i = 0; i < ring->count; i++) {
        if (ring->ids[i] == id) {
            return (int)i;
        }
    }
    return -1;
}

void ring_turn(struct ring *ring, node_id id, uint32_t size)
{
    int found = ring_find(ring, id);
    uint32_t place = found < 0 ? ring->count : (uint32_t)found;
    bool was_last = place + 1 >= ring->count;

    if (found < 0 && ring->count < RING_MAX) {
        ring->count++;
    }
    if (place >= RING_MAX) {
        place = RING_MAX - 1;
    }
    memmove(ring->ids + 1, ring->ids, place * sizeof *ring->ids);
    ring->ids[0] = id;
    if (found >= 0 && !was_last) {
        ring->count--;
    }
    ring_truncate(ring, size);
}

void ring_fill(struct ring *ring, const struct ring *from, uint32_t size)
{
    for (uint32_t i = 0; i < from->count && ring->count < size; i++) {
        if (ring_find(ring, from->ids[i]) < 0) {
            ring->ids[ring->count++] = from->ids[i];
        }
    }
}

void ring_truncate(struct ring *ring, uint32_t size)
{
    if (ring->count > size) {
        ring->count = size;
    }
}
