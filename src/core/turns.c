// SPDX-License-Identifier: MIT
#include "turns.h"

void turns_add(struct turns *turns, node_id sender, node_id before, int64_t now_ns)
{
    turns->kept[turns->next] = (struct turn){sender, before, now_ns};
    turns->next = (turns->next + 1) % TURNS_KEPT;
    if (turns->count < TURNS_KEPT) {
        turns->count++;
    }
}

bool turns_is_old_news(const struct turns *turns, node_id sender, node_id before, int64_t now_ns,
                       int64_t age_ns)
{
    // From the second newest on: the newest is the present turn.
    for (uint32_t back = 2; back <= turns->count; back++) {
        const struct turn *turn = &turns->kept[(turns->next + TURNS_KEPT - back) % TURNS_KEPT];
        if (turn->sender == sender && turn->before == before && now_ns - turn->heard_ns < age_ns) {
            return true;
        }
    }
    return false;
}

bool turns_names(const struct turns *turns, node_id id)
{
    for (uint32_t i = 0; i < turns->count; i++) {
        if (turns->kept[i].sender == id || turns->kept[i].before == id) {
            return true;
        }
    }
    return false;
}
