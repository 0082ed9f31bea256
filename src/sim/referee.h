// SPDX-License-Identifier: MIT
// The invariants of PROTOCOL.md, checked from outside: by what nodes report and send, never by what
// an engine has inside.
#ifndef SIM_REFEREE_H
#define SIM_REFEREE_H

#include "world.h"

enum invariant {
    INVARIANT_I1,  // two are tagged on one island
    INVARIANT_I2,  // nobody was tagged for too long
    INVARIANT_I3,  // more than one beacon a slot, in a steady group
    INVARIANT_I4,  // two islands have met, and are not one ring in time
    INVARIANT_I5,  // tag and untag do not alternate; something is told twice, or led by who cannot
    INVARIANT_I6,  // a node that slept or was cut off did not give up first, or in time
    INVARIANT_I7,  // what is known, or a ring, is out of bounds
    INVARIANT_I8,  // with losses: two are tagged for more than a cycle
    INVARIANT_I10, // two have one index at once
    INVARIANT_I11, // a node waits too long for its turn
    INVARIANT_I12, // a node waits too long for its index
    INVARIANT_I13, // index 1 is taken from one who may have it, or stays with one who may not
    INVARIANT_I14, // an index is given before who had one has stopped, or has had its time
    INVARIANTS
};

const char *invariant_name(enum invariant invariant); // "I1"

struct referee_config {
    struct params params; // with the longest cycle, gap and ring that will be in use
    int64_t latency_max_ns;
    int64_t late_ns; // how late timers come
    int64_t lease_ns;
    bool has_roster;   // I10
    bool has_presence; // what happens to a node is told, in time
    int64_t settle_ns; // S2; 0: by the parameters
    int64_t drain_ns;  // S6
    uint32_t capacity;
    bool lossy; // messages are lost, or later than gap: I8 instead of I1 to I4, I11
};

struct violation {
    enum invariant invariant;
    int64_t at_ns;
    char text[256];
};

struct referee;

struct referee *referee_new(const struct world *world, const struct referee_config *config);
void referee_free(struct referee *referee);

void referee_news(struct referee *referee, const struct news *news);
// What has become true by the passing of time alone; at the end of a run, or before a look.
void referee_settle(struct referee *referee, int64_t now_ns);

uint64_t referee_violations(const struct referee *referee);
const struct violation *referee_first(const struct referee *referee); // NULL: none
// For those whom one invariant concerns more than another.
uint64_t referee_violations_of(const struct referee *referee, enum invariant invariant);
const struct violation *referee_first_of(const struct referee *referee, enum invariant invariant);

#endif
