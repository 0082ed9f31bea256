// SPDX-License-Identifier: MIT
// What shall happen to a group, read from a file that somebody wrote; actor-sim(1) tells the
// language. What was read can be played: nothing in it is out of bounds or out of order.
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "core/params.h"
#include "lines.h"
#include "world.h"

enum {
    SCENARIO_NODES = 64,
    SCENARIO_BYTES = 65536,
    SCENARIO_CYCLES = 1000,     // the longest
    SCENARIO_DELAY_CYCLES = 10, // the longest time under way
    SCENARIO_SKEW_PPM = 10000,
};

enum deed_type {
    DEED_START, // nodes
    DEED_KILL,
    DEED_STOP,
    DEED_FREEZE,
    DEED_THAW,
    DEED_CUT,
    DEED_BACK,
    DEED_LINK_DOWN,
    DEED_LINK_UP,
    DEED_SPLIT,
    DEED_HEAL, // everybody
    DEED_SET,  // nodes[0], value
    DEED_ENABLE,
    DEED_DISABLE,
    DEED_PARAM,         // nodes[0], params
    DEED_HEAR,          // message, value, params, nonce, text: the names, newest first
    DEED_GIVE,          // nodes[0], value: the node that is the heir
    DEED_AWAY,          // nodes[0], span_ns
    DEED_DRAINED,       // nodes
    DEED_HINT_GONE,     // nodes, value: the node that it is about
    DEED_HINT_HERE,     // the same
    DEED_LATENCY,       // latency
    DEED_DELAY,         // from nodes[0] to the others, latency.max_ns; below 0: lost
    DEED_USUAL,         // the same, as for all others
    DEED_EXPECT_TAGGED, // nodes, and nobody else; with `not`: none of them
    DEED_EXPECT_RING,   // nodes[0], text: the names, newest first
    DEED_EXPECT_EVENT,  // nodes[0], text: how its line begins
};

struct deed {
    enum deed_type type;
    int line;
    int64_t at_ns;
    uint8_t nodes[SCENARIO_NODES];
    int count;
    int value; // below 0: null; or another node
    bool not ;
    enum message_type message;
    struct latency latency;
    int64_t span_ns;
    struct params params;
    uint64_t nonce;
    const char *text;
};

struct scenario {
    struct params params;
    struct latency latency;
    int skew_ppm;
    int64_t late_ns, lease_ns;
    struct hints hints;
    enum takeover takeover;
    bool has_roster; // else nobody tells views
    int64_t settle_ns, drain_ns;
    uint64_t seed;
    struct {
        char name[NAME_MAX_BYTES + 1];
        int value;
        bool enabled;
        struct wish wish;
    } nodes[SCENARIO_NODES];
    int node_count;
    struct deed *deeds;
    int deed_count;
    int64_t until_ns;
    char *text; // that the deeds borrow from
    char why[256];
};

// 0, or -1 with a sentence in `why`. scenario_free() is due in both cases.
int scenario_read(struct scenario *scenario, const char *bytes, size_t len);
int scenario_read_file(struct scenario *scenario, const char *path);
void scenario_free(struct scenario *scenario);

bool deed_expects(const struct deed *deed); // rather than does

#endif
