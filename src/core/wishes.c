// SPDX-License-Identifier: MIT
// Who is to be index 1 (S5): whoever has it, and may keep it, or else as the members wish.
#include "state.h"

// A wish as one number, for views: what is preferred, and more of it.
enum { NUMBER_PREEMPT = 128, NUMBER_NEVER = 255 };

static uint32_t number_of(struct wish wish)
{
    return wish.never ? NUMBER_NEVER : wish.prefer + (wish.preempt ? NUMBER_PREEMPT : 0U);
}

static struct wish wish_of(uint32_t number)
{
    uint32_t prefer = number % NUMBER_PREEMPT;
    if (number == NUMBER_NEVER) {
        return (struct wish){.never = true};
    }
    return (struct wish){.prefer = (uint8_t)(prefer < PREFER_MAX ? prefer : PREFER_MAX),
                         .preempt = number >= NUMBER_PREEMPT};
}

struct wish wish_normal(struct wish wish)
{
    return wish_of(number_of(wish));
}

// What was heard last stands, be it of itself or in a view.
void wishes_heard(struct engine *e, node_id id, struct wish wish)
{
    struct node *node = nodes_get(&e->nodes, id);
    uint32_t before = number_of(node->wish);
    node->wish = wish_normal(wish);
    if (number_of(node->wish) != before) {
        roster_tell_soon(e);
    }
}

// Whether this node is not told of as it wishes.
bool wishes_take(struct engine *e, const struct members *members)
{
    bool is_wrong = false;
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t number = members->wishes != NULL ? members->wishes[i] : 0;
        node_id id = e->roster.ids[i];
        if (id == SELF) {
            is_wrong = number != number_of(e->config.wish);
        } else if (id != NODE_ABSENT) {
            wishes_heard(e, id, wish_of(number));
        }
    }
    return is_wrong;
}

// NULL: nobody wishes anything.
const uint32_t *wishes_tell(struct engine *e)
{
    uint32_t *numbers = e->roster.room.wishes, any = 0;
    for (uint32_t i = 0; i < e->roster.count; i++) {
        numbers[i] = number_of(nodes_get(&e->nodes, e->roster.ids[i])->wish);
        any |= numbers[i];
    }
    return any != 0 ? numbers : NULL;
}

bool wishes_any(const struct node *node)
{
    return number_of(node->wish) != 0;
}

// Which of these is to be index 1, or `count`: nobody may be. With `is_led` the first one is.
uint32_t wishes_first(const struct engine *e, const node_id *ids, uint32_t count, bool is_led)
{
    struct wish leader = nodes_get(&e->nodes, ids[0])->wish;
    bool stays = is_led && !leader.never;
    uint32_t first = stays ? 0 : count;
    int most = stays ? leader.prefer : -1;
    for (uint32_t i = 0; i < count; i++) {
        struct wish wish = nodes_get(&e->nodes, ids[i])->wish;
        bool may = !wish.never && (!stays || wish.preempt);
        if (may && wish.prefer > most) {
            first = i;
            most = wish.prefer;
        }
    }
    return first;
}
