// SPDX-License-Identifier: MIT
// The last turns that a node followed, to know old news when it comes again (R6).
#ifndef CORE_TURNS_H
#define CORE_TURNS_H

#include "nodes.h"

enum { TURNS_KEPT = 12 }; // R6

struct turn {
    node_id sender, before; // `before`: NODE_ABSENT when the sender knew of nobody
    int64_t heard_ns;
};

struct turns {
    uint32_t next, count;
    struct turn kept[TURNS_KEPT];
};

void turns_add(struct turns *turns, node_id sender, node_id before, int64_t now_ns);

// Whether it is one of those kept, but for the newest, and heard less than `age_ns` ago.
bool turns_is_old_news(const struct turns *turns, node_id sender, node_id before, int64_t now_ns,
                       int64_t age_ns);

bool turns_names(const struct turns *turns, node_id id);

#endif
