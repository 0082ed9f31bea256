// SPDX-License-Identifier: MIT
#include "serf_late.h"

#include <string.h>

static void settle_first(struct serf_late *late)
{
    late->settled = late->steps[0].highest;
    late->settled_ms = late->steps[0].end_ms;
    late->count--;
    memmove(late->steps, late->steps + 1, (size_t)late->count * sizeof *late->steps);
}

static void settle(struct serf_late *late, int64_t now_ms)
{
    while (late->count > 0 && now_ms - late->steps[0].end_ms >= SERF_LATE_MS) {
        settle_first(late);
    }
    if (now_ms - late->settled_ms >= SERF_LATE_FORGET_MS) {
        late->settled = 0;
    }
}

// A step holds what was seen until its end, so it is never taken for older than it is.
static void see(struct serf_late *late, uint64_t number, int64_t now_ms)
{
    struct serf_late_step *last = late->count > 0 ? &late->steps[late->count - 1] : NULL;
    if (last != NULL && now_ms < last->end_ms) {
        last->highest = number > last->highest ? number : last->highest;
    } else if (last == NULL || number > last->highest) {
        late->steps[late->count++] = (struct serf_late_step){now_ms + SERF_LATE_STEP_MS, number};
    }
}

bool serf_late_is(struct serf_late *late, uint64_t number, int64_t now_ms)
{
    settle(late, now_ms);
    if (number < late->settled) {
        return true;
    }
    see(late, number, now_ms);
    return false;
}
