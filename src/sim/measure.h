// SPDX-License-Identifier: MIT
// What a run was like, in figures.
#ifndef SIM_MEASURE_H
#define SIM_MEASURE_H

#include "world.h"

struct spread { // of `count` samples; nothing else counts when there are none
    uint64_t count;
    double min, median, p99, max;
};

struct figures {
    // Since the rings were full. Collided: with more than one beacon.
    uint64_t slots, beacons, collided;
    double tagged_share[3];    // of the time since the first tag: with 0, 1, and more tagged
    struct spread first_tag_s; // from the first start on
    uint64_t ring_full_slots;  // at most, until all rings were full; 0: never
    struct spread takeover_s;  // from a holder's end to the next tag
    struct spread heal_s;      // from a heal until there is one ring
    struct spread settled_s;   // from the last change until all have an index
    struct spread turns;       // of each ready node
    double bytes_per_day;      // sent by one node, on the average
    uint64_t deliveries;
    double virtual_s;
};

struct measure;

struct measure *measure_new(void);
void measure_free(struct measure *measure);

// A run of its own; the figures are those of all runs.
void measure_begin(struct measure *measure, const struct world *world, const struct params *params);
void measure_end(struct measure *measure, int64_t now_ns);

void measure_news(struct measure *measure, const struct news *news);
void measure_heal(struct measure *measure, int64_t now_ns); // islands have met

void measure_figures(struct measure *measure, struct figures *figures);

#endif
