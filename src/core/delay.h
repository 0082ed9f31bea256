// SPDX-License-Identifier: MIT
// How long a node waits after a beacon before it speaks (D1): the table, as pure functions. Each
// returns the time from the last beacon on.
#ifndef CORE_DELAY_H
#define CORE_DELAY_H

#include "params.h"

struct delay_line {
    uint32_t place;      // in the line, from 0
    bool willing;        // after one of ours, which ends its tag before the cycle does
    bool python_in_line; // a Python node is on the ring or expected: keep clear of its times
};

// A node that stands in the line.
int64_t delay_in_line(const struct params *params, const struct delay_line *line);

// Anyone else, as the last resort; `spread` is evenly spread bits. One cycle more while two or more
// of the ring are believed alive.
int64_t delay_last_resort(const struct params *params, uint64_t spread, bool ring_lives);

// The node that sent the last beacon, when nobody took over.
int64_t delay_again(const struct params *params);

// The same when it knew that it is alone: early enough that the new turn stands before the old
// tag ends (D3).
int64_t delay_renewal(const struct params *params);

// A node that is not ready, of the delay that it would have: behind all that are.
int64_t delay_not_ready(const struct params *params, int64_t delay_ns);

int64_t delay_silence(const struct params *params, bool head_is_ours); // nobody was at place 0

#endif
