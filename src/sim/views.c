// SPDX-License-Identifier: MIT
#include "views.h"

#include "memory.h"

enum { KEPT = 64 }; // more than a group tells before all have heard of one

struct told {
    int64_t view; // 0: none
    uint64_t publisher;
    int first; // node
    int64_t at_ns;
};

struct views {
    const struct world *world;
    struct told told[KEPT];
    int next;
};

struct views *views_new(const struct world *world)
{
    struct views *views = make(1, sizeof *views);
    views->world = world;
    return views;
}

void views_free(struct views *views)
{
    release(views);
}

static int find_node(const struct views *views, struct name name)
{
    int node = world_count(views->world) - 1;
    while (node >= 0 && !name_equal(name_of(world_name(views->world, node)), name)) {
        node--;
    }
    return node;
}

static bool names(const struct views *views, const struct members *members, int node)
{
    bool found = false;
    for (size_t i = 0; i < members->count; i++) {
        found |= name_equal(name_of(world_name(views->world, node)), members->names[i]);
    }
    return found;
}

// S5: whether the second may follow the first, who is there as well.
static bool may_follow(const struct views *views, int first, int second)
{
    struct wish before = world_wish(views->world, first), after = world_wish(views->world, second);
    return first == second || before.never || (after.preempt && after.prefer > before.prefer);
}

// Which of those that were told before it follows is not known: one that allows it is enough.
static int find_robbed(const struct views *views, const struct message *view, int first,
                       int64_t *since_ns)
{
    int robbed = -1;
    for (int i = 0; i < KEPT; i++) {
        const struct told *told = &views->told[i];
        if (told->view == 0 || told->view != view->view - 1) {
            continue;
        }
        if (told->first < 0 || !names(views, &view->members, told->first) ||
            may_follow(views, told->first, first)) {
            return -1;
        }
        robbed = told->first;
        *since_ns = told->at_ns;
    }
    return robbed;
}

int views_see(struct views *views, const struct message *view, int64_t now_ns, int64_t *since_ns)
{
    const struct told now = {view->view, name_hash(view->node),
                             find_node(views, view->members.names[0]), now_ns};
    for (int i = 0; i < KEPT; i++) {
        const struct told *told = &views->told[i];
        if (told->view == now.view && told->publisher == now.publisher &&
            told->first == now.first) {
            return -1;
        }
    }
    int robbed = now.first >= 0 ? find_robbed(views, view, now.first, since_ns) : -1;
    views->told[views->next] = now;
    views->next = (views->next + 1) % KEPT;
    return robbed;
}
