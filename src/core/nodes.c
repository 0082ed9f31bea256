// SPDX-License-Identifier: MIT
#include "nodes.h"

#include <assert.h>
#include <string.h>

size_t nodes_bytes(uint32_t capacity)
{
    return capacity * (sizeof(struct node) + sizeof(node_id));
}

void nodes_init(struct nodes *nodes, void *memory, uint32_t capacity)
{
    *nodes = (struct nodes){
        .places = memory,
        .order = (node_id *)((struct node *)memory + capacity),
        .capacity = capacity,
        .free = NODE_ABSENT,
        .oldest = NODE_ABSENT,
        .newest = NODE_ABSENT,
    };
}

struct node *nodes_get(const struct nodes *nodes, node_id id)
{
    assert(id < nodes->used);
    return &nodes->places[id];
}

struct name nodes_name(const struct nodes *nodes, node_id id)
{
    const struct node *node = nodes_get(nodes, id);
    return (struct name){node->text, node->len};
}

// The first rank that sorts not before (hash, name).
static uint32_t lower_bound(const struct nodes *nodes, uint64_t hash, struct name name)
{
    uint32_t low = 0, high = nodes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        node_id id = nodes->order[middle];
        uint64_t other = nodes->places[id].hash;
        if (other < hash || (other == hash && name_compare(nodes_name(nodes, id), name) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

node_id nodes_find(const struct nodes *nodes, struct name name)
{
    uint32_t rank = lower_bound(nodes, name_hash(name), name);
    if (rank == nodes->count || !name_equal(nodes_name(nodes, nodes->order[rank]), name)) {
        return NODE_UNKNOWN;
    }
    return nodes->order[rank];
}

uint32_t nodes_rank(const struct nodes *nodes, node_id id)
{
    return lower_bound(nodes, nodes_get(nodes, id)->hash, nodes_name(nodes, id));
}

static void unlink_age(struct nodes *nodes, node_id id)
{
    struct node *node = nodes_get(nodes, id);
    *(node->older == NODE_ABSENT ? &nodes->oldest : &nodes_get(nodes, node->older)->newer) =
        node->newer;
    *(node->newer == NODE_ABSENT ? &nodes->newest : &nodes_get(nodes, node->newer)->older) =
        node->older;
}

static void link_newest(struct nodes *nodes, node_id id)
{
    struct node *node = nodes_get(nodes, id);
    node->older = nodes->newest;
    node->newer = NODE_ABSENT;
    *(nodes->newest == NODE_ABSENT ? &nodes->oldest : &nodes_get(nodes, nodes->newest)->newer) = id;
    nodes->newest = id;
}

static node_id take_place(struct nodes *nodes)
{
    node_id id = nodes->free;
    if (id == NODE_ABSENT) {
        return nodes->used++;
    }
    nodes->free = nodes_get(nodes, id)->older;
    return id;
}

node_id nodes_add(struct nodes *nodes, struct name name, int64_t now_ns)
{
    assert(nodes->count < nodes->capacity);
    uint64_t hash = name_hash(name);
    uint32_t rank = lower_bound(nodes, hash, name);
    node_id id = take_place(nodes);
    struct node *node = nodes_get(nodes, id);

    *node = (struct node){
        .hash = hash, .seen_ns = now_ns, .hist_ns = INT64_MIN, .len = (uint8_t)name.len};
    memcpy(node->text, name.text, name.len);
    memmove(nodes->order + rank + 1, nodes->order + rank,
            (nodes->count - rank) * sizeof *nodes->order);
    nodes->order[rank] = id;
    nodes->count++;
    link_newest(nodes, id);
    return id;
}

void nodes_remove(struct nodes *nodes, node_id id)
{
    uint32_t rank = nodes_rank(nodes, id);
    nodes->count--;
    memmove(nodes->order + rank, nodes->order + rank + 1,
            (nodes->count - rank) * sizeof *nodes->order);
    unlink_age(nodes, id);
    nodes_get(nodes, id)->older = nodes->free;
    nodes->free = id;
}

void nodes_see(struct nodes *nodes, node_id id, int64_t now_ns)
{
    nodes_get(nodes, id)->seen_ns = now_ns;
    if (nodes->newest != id) {
        unlink_age(nodes, id);
        link_newest(nodes, id);
    }
}
