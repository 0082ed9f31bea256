// SPDX-License-Identifier: MIT
// A run from its plan: a group starts, lives for some cycles, loses holders, falls apart and meets
// again; the referee and the measure look on.
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "measure.h"
#include "referee.h"
#include "trace.h"

struct plot;

struct plan {
    int nodes;
    uint64_t cycles;
    struct params params;
    struct latency latency;
    double loss, duplicates;
    struct hints hints;
    enum takeover takeover;
    bool has_roster;
    int64_t settle_ns, drain_ns;
    uint64_t kill_every;          // cycles; 0: never
    uint64_t split_at, split_for; // cycles; 0: never
};

struct outcome {
    uint64_t violations;
    struct violation first; // when there are any
    char hash[TRACE_HASH_HEX];
};

// Who looks on; NULL: nobody.
struct onlookers {
    struct measure *measure;
    struct plot *plot;
    FILE *trace;
};

// The same plan and seed: the same outcome. At the first violation its last lines go to standard
// error.
void run(const struct plan *plan, uint64_t seed, const struct onlookers *onlookers,
         struct outcome *outcome);

#endif
