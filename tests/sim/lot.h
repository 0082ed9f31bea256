// SPDX-License-Identifier: MIT
// A world drawn by lot: its parameters, its nodes, and what happens to them, all from one seed.
#ifndef TESTS_LOT_H
#define TESTS_LOT_H

#include "sim/world.h"

#include <stdio.h>

enum { LOT_NODES_MAX = 12, LOT_DEEDS_MAX = 36 };

enum deed {
    DEED_START,
    DEED_KILL,
    DEED_FREEZE,
    DEED_THAW,
    DEED_VALUE,
    DEED_DISABLE,
    DEED_ENABLE,
    DEED_CUT,
    DEED_BACK,
    DEED_BROKER_DIES, // every link goes down
    DEED_BROKER_BACK,
    DEED_SPLIT,
    DEED_HEAL,
    DEED_STOP, // these are drawn where there are hints
    DEED_GIVE,
    DEED_LIE, // a hint that is false
    DEEDS
};

#define DEED_BIT(deed) (1u << (deed))

struct act {
    int64_t at_ns;
    enum deed deed;
    int node;
    int64_t away_ns; // KILL, STOP: announced just before; 0: not
    int value; // VALUE; SPLIT: a bit for each node that is moved; GIVE: to whom; LIE: who hears it
};

// What may be drawn.
struct climate {
    const char *name;
    unsigned deeds;
    bool leases;
    bool lossy; // losses, copies, and latencies up to 3 gap
    enum { HINTS_NONE, HINTS_PROMPT, HINTS_BAD, HINTS_FALSE } hints; // BAD: late, or lost
};

struct lot {
    uint64_t seed;
    struct params params;
    struct latency latency;
    double loss, duplicates;
    int skew_ppm;
    int64_t begin_ns, late_ns, lease_ns;
    struct hints hints;
    enum takeover takeover;
    int nodes, acts;
    int values[LOT_NODES_MAX]; // below 0: none
    struct wish wishes[LOT_NODES_MAX];
    int64_t drain_ns;
    struct work work;
    struct act act[LOT_DEEDS_MAX];
};

// Acts are in the order of time. Some may be impossible when their time has come.
void lot_draw(struct lot *lot, const struct climate *climate, uint64_t seed);

// Who is what, for as long as acts are carried out.
struct lot_state {
    bool up[LOT_NODES_MAX], frozen[LOT_NODES_MAX], disabled[LOT_NODES_MAX], cut[LOT_NODES_MAX];
    bool apart, brokerless;
};

// Adds the nodes, not running yet.
void lot_populate(const struct lot *lot, struct world *world);
// Nothing when it is impossible.
void lot_act(const struct lot *lot, struct lot_state *state, const struct act *act,
             struct world *world);
// Everything that was done to nodes is over, but for their deaths.
void lot_mend(const struct lot *lot, struct lot_state *state, struct world *world);

// As the lines of a scenario, more or less.
void lot_tell(const struct lot *lot, FILE *out);

#endif
