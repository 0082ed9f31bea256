// SPDX-License-Identifier: MIT
// What the referee's own files share: what is known of each node and island from outside, how long
// things may take, and the checks. Each is called when something has happened that it is about.
#ifndef SIM_REFEREE_STATE_H
#define SIM_REFEREE_STATE_H

#include "referee.h"
#include "slots.h"
#include "views.h"

enum { ISLANDS_MAX = 64 };

// What is known of a node from outside.
struct seat {
    bool tagged;
    int64_t until_ns;    // of the tag, by the world's clock
    uint64_t slot;       // of its last slot event
    int64_t counts_ns;   // since when it counts for I1: after it woke,
    int64_t met_ns;      // and after it has met the others of its island
    int64_t ready_ns;    // since when it could lead; NEVER: it cannot
    bool unable;         // it runs, and cannot lead
    int64_t cut_ns;      // since when it is cut off; NEVER: it is not
    bool owes_untag;     // it slept past the end of its tag
    uint64_t ring, head; // of its last slot event, hashed; 0: none yet
    uint64_t slots_seen; // of its island when it led last, or might first have
    int64_t led_ns;      // its last tag
    bool on_ring;        // in its own view
    int at, side;        // its island, and the one before
    bool recovered;      // since it came there
    uint32_t index;      // S3; 0: it has none
    bool settling;       // as it has said last
    uint64_t shares;     // S6: in which it had its last index, hashed
    int64_t settled_ns;  // when it got that
    int64_t began_ns;    // its process
    int64_t linked_ns;   // when its link came back
    int64_t frozen_ns, thawed_ns;
    int64_t left_ns;    // when somebody last said that it has
    int64_t touched_ns; // when something was done to it last
    int64_t owes_ns;    // since when it has to stop what that gave it to do; NEVER: it need not
};

// Nodes that hear each other.
struct island {
    int64_t turn_ns;      // the last tag or renewal; NEVER: none yet
    int64_t disturbed_ns; // the last time that something happened to a node
    int64_t check_ns;     // I2: when to look
    int64_t met_by_ns;    // I4: when it has to be one ring; NEVER: nothing is expected
    int64_t moved_ns;     // when nodes came or went last
    uint64_t turns;       // since then
    bool tells;           // I4: both sides have taken so many turns that their rings tell of it
    int64_t overlap_ns;   // I8: since when two are tagged; NEVER: they are not
    uint64_t left_slot;   // when a node was gone last
    struct slots slots;   // all of them
    struct slots steady;  // of the present time without disturbance
    bool is_late;         // the present slot is: somebody kept silent before it
    int64_t settles_ns;   // I10: by when everybody has an index
};

struct referee {
    const struct world *world;
    struct referee_config config;
    struct seat *seats;
    int seat_count;
    struct island islands[ISLANDS_MAX];
    int island_count;
    int64_t look_ns; // I10: when to look whether two have one index
    struct views *views;
    int *holders; // of each index, while looking
    int *tagged;  // nodes
    int tagged_count;
    int64_t now_ns;
    uint64_t violations;
    struct violation first;
    uint64_t violations_of[INVARIANTS];
    struct violation first_of[INVARIANTS];
};

// --- referee.c ---
__attribute__((format(printf, 3, 4))) void blame(struct referee *r, enum invariant invariant,
                                                 const char *format, ...);
const char *name_at(const struct referee *r, int node);
struct island *island_of(struct referee *r, int node);
int64_t spare_ns(const struct referee *r);
int64_t gaps_ns(const struct referee *r, int tenths);
int64_t pause_ns(const struct referee *r, int cycles);
int64_t meeting_ns(const struct referee *r);
int64_t answer_ns(const struct referee *r);
bool is_present(const struct referee *r, int node);
bool is_on(const struct referee *r, int node, const struct island *island);
int count_ready(const struct referee *r, const struct island *island);

// --- referee_turns.c ---
void add_tagged(struct referee *r, int node);
void remove_tagged(struct referee *r, int node);
void check_tagged(struct referee *r);
void check_ready(struct referee *r);
void expect_turn(struct referee *r, struct island *island);
bool had_leader(const struct referee *r, const struct island *island, int64_t since_ns);
void check_pause(struct referee *r, struct island *island);
bool is_steady(const struct referee *r, const struct island *island);
void hear_beacon(struct referee *r, struct island *island);
bool has_ring(const struct referee *r, int node);
void end_meeting(struct referee *r, struct island *island);
void check_meeting(struct referee *r, struct island *island);
void check_turns(struct referee *r, const struct island *island);
void check_lease(struct referee *r, int node);
void check_first_word(struct referee *r, int node, const struct event *event);

// --- referee_shares.c ---
void expect_settled(struct referee *r, struct island *island);
void check_indices(struct referee *r);
void see_view(struct referee *r, int node, const struct message *view);
void see_leave(struct referee *r, struct name name);
void check_settled(struct referee *r, struct island *island);
void see_settled(struct referee *r, int node, const struct event *event);
void see_settling(struct referee *r, int node);

#endif
