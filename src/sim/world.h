// SPDX-License-Identifier: MIT
// A world in virtual time: engines with clocks of their own, and the channel between them. It only
// lets things happen, and tells of each; referee.h, measure.h and trace.h watch.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "chance.h"
#include "core/engine.h"

// How long messages are under way, drawn anew for every receiver.
struct latency {
    int64_t min_ns, max_ns; // evenly between them,
    bool tailed;            // or mostly near `min_ns` with a long tail that ends at `max_ns`
};

// What the channel tells of who is there (H1): at once of those that start, end or lose their link.
struct hints {
    bool given; // else it tells nothing
    struct latency latency;
    double loss;        // share of them that never come
    int64_t silence_ns; // until it notices that one is frozen, cut off, or moved
};

// S6: what a program does when it has lost its index: it stops after so long, and says so, or not.
struct work {
    bool given; // else it does nothing
    struct latency span;
    double silent; // share of those that say nothing
};

enum news_type {
    NEWS_EFFECT, // effect, of a running engine
    NEWS_STARTED,
    NEWS_KILLED,
    NEWS_FROZEN,
    NEWS_THAWED,
    NEWS_CUT,  // nothing goes in or out any longer, and nobody was told
    NEWS_BACK, // the cut is over
    NEWS_LINK_UP,
    NEWS_LINK_DOWN,
    NEWS_MOVED, // to another island
    NEWS_VALUE,
    NEWS_ENABLED,
    NEWS_DISABLED,
    NEWS_PARAMS,
    NEWS_GIVES,   // its turn away
    NEWS_AWAY,    // S7: announced
    NEWS_DRAINED, // S6: its program has said so
    NEWS_HINTED,  // somebody is told of it, be it true or not
};

struct news {
    enum news_type type;
    int64_t now_ns; // of the world
    int node;
    const struct effect *effect;
};

typedef void world_watch_fn(void *context, const struct news *news);
// An adversary: how long a message is under way, or a negative number: it is lost.
typedef int64_t world_latency_fn(void *context, int from, int to);

struct world_config {
    uint64_t seed;
    int64_t begin_ns; // what clocks show at first; 0: one second
    struct params params;
    struct latency latency;
    double loss;       // share of deliveries that never come
    double duplicates; // share that come twice
    int skew_ppm;      // clocks run up to this much fast or slow
    int64_t late_ns;   // timers come up to this late
    int64_t lease_ns;  // 0: the channel proves nothing (L1)
    bool echoes;       // senders hear themselves
    struct hints hints;
    enum takeover takeover; // H6
    bool has_roster;        // S1
    int64_t settle_ns;      // S2
    int64_t drain_ns;       // S6
    struct work work;
    uint32_t capacity;                // nodes that one can know; 0: ENGINE_NODES_MIN
    world_latency_fn *choose_latency; // NULL: by chance
    world_latency_fn *choose_hint;    // the same of hints, from whom they are about
    void *choose_context;
    world_watch_fn *watch;
    void *watch_context;
};

struct world;

struct world *world_new(const struct world_config *config);
void world_free(struct world *world);

// Adds a node that is not running yet; its number counts from 0. A value below 0 is null.
int world_add(struct world *world, const char *name, int value);

void world_start(struct world *world, int node); // in a fresh process, link up
void world_kill(struct world *world, int node);
void world_stop(struct world *world, int node); // in order
void world_freeze(struct world *world, int node);
void world_thaw(struct world *world, int node);
void world_cut(struct world *world, int node, bool cut);
void world_link(struct world *world, int node, bool up);
// Nodes of different islands do not hear each other; all begin on island 0.
void world_move(struct world *world, int node, int island);
void world_set_value(struct world *world, int node, int value);
void world_set_wish(struct world *world, int node, struct wish wish); // S5: from its next start on
void world_enable(struct world *world, int node, bool enabled);
void world_away(struct world *world, int node, int64_t span_ns); // S7
void world_drained(struct world *world, int node);               // S6: its program says so
void world_give(struct world *world, int node, int heir);        // H8
// A hint, true or false, to one node.
void world_hint(struct world *world, int about, int to, bool here);
void world_set_params(struct world *world, int node, const struct params *params);
void world_set_latency(struct world *world, const struct latency *latency);
// A message from nowhere to everybody, after the usual latency; it is copied.
void world_inject(struct world *world, const struct message *message);

// Lets everything happen that happens until then.
void world_run(struct world *world, int64_t until_ns);

int64_t world_now_ns(const struct world *world);
int world_count(const struct world *world);
const char *world_name(const struct world *world, int node);
int world_island(const struct world *world, int node);
bool world_runs(const struct world *world, int node); // it may be frozen or cut off
bool world_is_frozen(const struct world *world, int node);
bool world_is_cut(const struct world *world, int node);
bool world_is_up(const struct world *world, int node); // runs, and its link is up
bool world_is_ready(const struct world *world, int node);
struct wish world_wish(const struct world *world, int node);
// Until when a node holds the tag, by the world's clock; 0: it does not.
int64_t world_tagged_until_ns(const struct world *world, int node);
// The world's time at which a node's clock shows `local_ns`.
int64_t world_time_of(const struct world *world, int node, int64_t local_ns);
uint64_t world_deliveries(const struct world *world); // messages times those who were to hear them
struct chance *world_chance(struct world *world);

// H6: a mode by its name there; false: there is none of that name.
bool takeover_of(const char *name, enum takeover *takeover);

#endif
