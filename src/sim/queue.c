// SPDX-License-Identifier: MIT
#include "queue.h"

#include "memory.h"

static int is_before(const struct entry *a, const struct entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void queue_put(struct queue *queue, struct entry entry)
{
    if (queue->count == queue->room) {
        queue->room = queue->room * 2 + 64;
        queue->entries = grow(queue->entries, queue->room, sizeof entry);
    }
    entry.order = queue->order++;
    size_t i = queue->count++;
    while (i > 0 && is_before(&entry, &queue->entries[(i - 1) / 2])) {
        queue->entries[i] = queue->entries[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    queue->entries[i] = entry;
}

struct entry queue_take(struct queue *queue)
{
    struct entry *entries = queue->entries;
    struct entry top = entries[0], last = entries[--queue->count];
    size_t i = 0, child = 1;
    while (child < queue->count) {
        if (child + 1 < queue->count && is_before(&entries[child + 1], &entries[child])) {
            child++;
        }
        if (!is_before(&entries[child], &last)) {
            break;
        }
        entries[i] = entries[child];
        i = child;
        child = 2 * i + 1;
    }
    entries[i] = last;
    return top;
}

void queue_free(struct queue *queue)
{
    release(queue->entries);
}
