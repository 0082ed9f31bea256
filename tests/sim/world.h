// SPDX-License-Identifier: MIT
// A world in virtual time: engines, a network with latencies, cuts and losses, and a referee that
// watches the invariants of PROTOCOL.md from outside. Everything follows from one seed.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/engine.h"

#include <stdio.h>

enum { WORLD_NODES_MAX = 128 };

struct world_config {
    uint64_t seed;
    struct params params;
    int64_t latency_min_ns, latency_max_ns; // drawn evenly for every receiver
    double loss;                            // share of deliveries that are lost
    bool echoes;                            // senders hear themselves
    FILE *transcript;                       // events and packets as text, or NULL
};

struct world_counts {
    uint64_t beacons, hists, slots_won; // slots_won: turns that stood somewhere
    uint64_t collisions;                // NOTE_COLLISION_* seen
    uint64_t tags, recovers;
    uint64_t violations;        // of I1 and I5
    int64_t tagged_ns[3];       // time with 0, 1, and more tagged
    int64_t longest_overlap_ns; //
    int64_t longest_pause_ns;   // from the end of one tag to the next
};

struct world;

struct world *world_new(const struct world_config *config);
void world_free(struct world *world);

// Adds a node that is not running yet; its index counts from 0.
int world_add(struct world *world, const char *name, int value);
// Its link comes up, in a fresh process.
void world_start(struct world *world, int node);
void world_kill(struct world *world, int node);
void world_freeze(struct world *world, int node);
void world_thaw(struct world *world, int node);
void world_link(struct world *world, int node, bool up);
void world_set_value(struct world *world, int node, int value); // below 0: null
void world_enable(struct world *world, int node, bool enabled);
void world_set_params(struct world *world, int node, const struct params *params);
// Nodes of different islands do not hear each other; all begin on island 0.
void world_move(struct world *world, int node, int island);
// Delivers a message from outside to all, after the usual latency; it is copied.
void world_inject(struct world *world, const struct message *message);

void world_run(struct world *world, int64_t for_ns);
// Runs until a node is tagged, or the time is over; the node, or -1.
int world_run_until_tag(struct world *world, int64_t for_ns);

int64_t world_now_ns(const struct world *world);
int world_tagged(const struct world *world); // a node that is tagged now, or -1
uint64_t world_tags_of(const struct world *world, int node);
uint64_t world_events_of(const struct world *world, int node, enum event_type type);
const struct world_counts *world_counts(const struct world *world);
void world_reset_counts(struct world *world);
uint64_t world_trace_hash(const struct world *world); // of all events and packets so far

#endif
