// SPDX-License-Identifier: MIT
#include "slots.h"

void slots_end(struct slots *slots)
{
    slots->is_over = true;
}

bool slots_beacon(struct slots *slots, const struct params *params, int64_t now_ns)
{
    int64_t early_ns = params->cycle_ns - 2 * params->gap_ns;
    bool begins = slots->count == 0 || slots->is_over || now_ns - slots->begun_ns >= early_ns;
    slots->beacons++;
    if (begins) {
        slots->count++;
        slots->begun_ns = now_ns;
        slots->is_collided = slots->is_over = false;
    } else if (!slots->is_collided) {
        slots->collided++;
        slots->is_collided = true;
    }
    return begins;
}
