// SPDX-License-Identifier: MIT
// The views that were told in a world, for the referee: to whom each gave index 1, and after whom.
#ifndef SIM_VIEWS_H
#define SIM_VIEWS_H

#include "world.h"

struct views;

struct views *views_new(const struct world *world);
void views_free(struct views *views); // NULL is allowed

// A view is told. The node from whom it takes index 1 though that one is there and may have it
// (I13), or -1; `since_ns` is then when that one was given it.
int views_see(struct views *views, const struct message *view, int64_t now_ns, int64_t *since_ns);

#endif
