// SPDX-License-Identifier: MIT
// Slots as an onlooker counts them, by beacons alone.
#ifndef SIM_SLOTS_H
#define SIM_SLOTS_H

#include "core/params.h"

#include <stdbool.h>
#include <stdint.h>

struct slots {
    uint64_t count, beacons, collided;
    int64_t begun_ns; // the present one, when count > 0
    bool is_collided;
    bool is_over; // before its time
};

// The holder has ended: whoever speaks next begins a slot.
void slots_end(struct slots *slots);

// A beacon is sent. True when it begins a slot: all others of one slot come long before the next.
bool slots_beacon(struct slots *slots, const struct params *params, int64_t now_ns);

#endif
