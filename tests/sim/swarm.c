// SPDX-License-Identifier: MIT
// A swarm of random worlds, each with the referee looking on. One in which a promise is broken is
// made as small as it can be, and told.
//
//   swarm [WORLDS [FIRST]]         so many worlds of each climate (2000), seeds from FIRST (1) on
//   swarm -s SECONDS [FIRST]       for so long
//   swarm -t CLIMATE SEED          the trace of one of them, as it was drawn
//   swarm -i INVARIANT CLIMATE [WORLDS [FIRST]]
//       tells the first of those worlds in which that promise is the first to be broken; fails if
//       there is none
//
// A climate says what may happen. In each some promises must never be broken; others may be, in few
// worlds, where PROTOCOL.md says so ("What is not guaranteed"): then the share is told, and
// bounded.
#include "lot.h"
#include "sim/referee.h"
#include "sim/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORLDS = 2000, AFTER_CYCLES = 8 };

#define PROMISE(invariant) (1u << (invariant))
#define SAFETY                                                                \
    (PROMISE(INVARIANT_I1) | PROMISE(INVARIANT_I5) | PROMISE(INVARIANT_I6) |  \
     PROMISE(INVARIANT_I7) | PROMISE(INVARIANT_I8) | PROMISE(INVARIANT_I10) | \
     PROMISE(INVARIANT_I13) | PROMISE(INVARIANT_I14))

#define ONE_NODE                                                                                \
    (DEED_BIT(DEED_START) | DEED_BIT(DEED_KILL) | DEED_BIT(DEED_FREEZE) | DEED_BIT(DEED_THAW) | \
     DEED_BIT(DEED_VALUE) | DEED_BIT(DEED_DISABLE) | DEED_BIT(DEED_ENABLE))

#define HINTED                                                                          \
    (ONE_NODE | DEED_BIT(DEED_CUT) | DEED_BIT(DEED_BACK) | DEED_BIT(DEED_BROKER_DIES) | \
     DEED_BIT(DEED_BROKER_BACK) | DEED_BIT(DEED_STOP) | DEED_BIT(DEED_GIVE))

struct kind {
    struct climate climate;
    unsigned kept; // promises that are never broken
    double rare;   // share of the worlds in which another may be
};

// Of two at once PROTOCOL.md says in which share of the worlds they were seen, 1 of 40,000; some
// thousand of them may hold one such.
#define OVERLAPS_MAX 1

static const struct kind kinds[] = {
    {{.name = "starts", .deeds = DEED_BIT(DEED_START)}, SAFETY, 0},
    {{.name = "nodes", .deeds = ONE_NODE}, SAFETY, 0.0003},
    {{.name = "links",
      .deeds = ONE_NODE | DEED_BIT(DEED_CUT) | DEED_BIT(DEED_BACK) | DEED_BIT(DEED_BROKER_DIES) |
               DEED_BIT(DEED_BROKER_BACK),
      .leases = true},
     SAFETY,
     0.01},
    {{.name = "islands", .deeds = ONE_NODE | DEED_BIT(DEED_SPLIT) | DEED_BIT(DEED_HEAL)},
     SAFETY,
     0.01},
    {{.name = "hints", .deeds = HINTED, .leases = true, .hints = HINTS_PROMPT}, SAFETY, 0.01},
    {{.name = "bad-hints", .deeds = HINTED, .leases = true, .hints = HINTS_BAD}, SAFETY, 0.01},
    {{.name = "false-hints",
      .deeds = HINTED | DEED_BIT(DEED_LIE),
      .leases = true,
      .hints = HINTS_FALSE},
     SAFETY,
     0.03},
    {{.name = "losses", .deeds = ONE_NODE, .lossy = true}, SAFETY, 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

// --- One world ---------------------------------------------------------------------------------

struct life {
    struct world *world;
    struct referee *referee;
    struct trace *trace;
};

static void watch(void *context, const struct news *news)
{
    struct life *life = context;
    if (life->trace != NULL) {
        trace_news(life->trace, news);
    }
    referee_news(life->referee, news);
}

static void begin(struct life *life, const struct lot *lot, FILE *out)
{
    const struct world_config config = {
        .seed = lot->seed,
        .begin_ns = lot->begin_ns,
        .params = lot->params,
        .latency = lot->latency,
        .loss = lot->loss,
        .duplicates = lot->duplicates,
        .skew_ppm = lot->skew_ppm,
        .late_ns = lot->late_ns,
        .lease_ns = lot->lease_ns,
        .hints = lot->hints,
        .takeover = lot->takeover,
        .has_roster = true,
        .drain_ns = lot->drain_ns,
        .work = lot->work,
        .watch = watch,
        .watch_context = life,
    };
    const struct referee_config rules = {
        .params = lot->params,
        .latency_max_ns = lot->latency.max_ns,
        .late_ns = lot->late_ns,
        .lease_ns = lot->lease_ns,
        .has_roster = true,
        .drain_ns = lot->drain_ns,
        .has_presence = lot->hints.latency.max_ns > 0 &&
                        lot->hints.latency.max_ns <= lot->latency.max_ns && lot->hints.loss == 0,
        .capacity = ENGINE_NODES_MIN,
        .lossy = lot->loss > 0 || lot->latency.max_ns >= lot->params.gap_ns,
    };
    life->world = world_new(&config);
    life->trace = out != NULL ? trace_new(life->world, out) : NULL;
    life->referee = referee_new(life->world, &rules);
    lot_populate(lot, life->world);
}

static void live(struct life *life, const struct lot *lot)
{
    struct lot_state state = {0};
    for (int i = 0; i < lot->acts && referee_violations(life->referee) == 0; i++) {
        world_run(life->world, lot->act[i].at_ns);
        lot_act(lot, &state, &lot->act[i], life->world);
    }
    if (referee_violations(life->referee) == 0) {
        lot_mend(lot, &state, life->world);
        world_run(life->world, world_now_ns(life->world) + AFTER_CYCLES * lot->params.cycle_ns);
    }
    referee_settle(life->referee, world_now_ns(life->world));
}

// The first promise that is broken; INVARIANTS: none is. What is told of it goes to `broken`.
static enum invariant try_lot(const struct lot *lot, FILE *out, struct violation *broken)
{
    struct life life;
    begin(&life, lot, out);
    live(&life, lot);
    const struct violation *first = referee_first(life.referee);
    enum invariant which = first != NULL ? first->invariant : INVARIANTS;
    if (first != NULL && broken != NULL) {
        *broken = *first;
    }
    referee_free(life.referee);
    trace_free(life.trace);
    world_free(life.world);
    return which;
}

// --- Making it small ---------------------------------------------------------------------------

// Keeps what is less if it breaks the same promise.
static bool keep_if_broken(struct lot *lot, const struct lot *less, enum invariant which)
{
    bool broken = try_lot(less, NULL, NULL) == which;
    if (broken) {
        *lot = *less;
    }
    return broken;
}

static bool drop_act(struct lot *lot, int index, enum invariant which)
{
    struct lot less = *lot;
    less.acts--;
    memmove(&less.act[index], &less.act[index + 1], (size_t)(less.acts - index) * sizeof *less.act);
    return keep_if_broken(lot, &less, which);
}

static bool is_plain(const struct lot *lot)
{
    return lot->skew_ppm == 0 && lot->late_ns == 0 && !lot->latency.tailed && lot->duplicates == 0;
}

static bool make_plain(struct lot *lot, enum invariant which)
{
    struct lot less = *lot;
    if (is_plain(lot)) {
        return false;
    }
    less.skew_ppm = 0;
    less.late_ns = 0;
    less.latency.tailed = false;
    less.duplicates = 0;
    return keep_if_broken(lot, &less, which);
}

// Nodes that nothing is done to are never started: what is left counts by acts alone.
static void minimise(struct lot *lot, enum invariant which)
{
    bool smaller = true;
    while (smaller) {
        smaller = make_plain(lot, which);
        for (int i = lot->acts; i-- > 0;) {
            smaller |= drop_act(lot, i, which);
        }
    }
}

// --- Many --------------------------------------------------------------------------------------

struct tally {
    uint64_t worlds, failed, rare, overlaps;
    uint64_t broken[INVARIANTS];
};

static void tell_broken(const struct kind *kind, struct lot *lot, enum invariant which)
{
    struct violation broken = {0};
    minimise(lot, which);
    try_lot(lot, NULL, &broken);
    printf("  %s %" PRIu64 ": %s at %.6f: %s; made small:\n", kind->climate.name, lot->seed,
           invariant_name(which), (double)broken.at_ns / 1e9, broken.text);
    lot_tell(lot, stdout);
}

static void count_world(const struct kind *kind, struct tally *tally, uint64_t seed)
{
    struct lot lot;
    lot_draw(&lot, &kind->climate, seed);
    enum invariant which = try_lot(&lot, NULL, NULL);
    tally->worlds++;
    if (which == INVARIANTS) {
        return;
    }
    tally->broken[which]++;
    if ((kind->kept & PROMISE(which)) == 0) {
        tally->rare++;
    } else if (which == INVARIANT_I1 && tally->overlaps++ < OVERLAPS_MAX) {
        return;
    } else if (tally->failed++ == 0) {
        tell_broken(kind, &lot, which);
    }
}

static bool tell_tally(const struct kind *kind, const struct tally *tally)
{
    bool ok = tally->failed == 0 && (double)tally->rare <= kind->rare * (double)tally->worlds;
    printf("%s swarm %s (%" PRIu64 " worlds", ok ? "ok" : "not ok", kind->climate.name,
           tally->worlds);
    for (int i = 0; i < INVARIANTS; i++) {
        if (tally->broken[i] > 0) {
            printf(", %s broken in %" PRIu64, invariant_name((enum invariant)i), tally->broken[i]);
        }
    }
    puts(")");
    fflush(stdout);
    return ok;
}

static bool swarm(uint64_t worlds, time_t seconds, uint64_t first)
{
    struct tally tallies[KINDS] = {0};
    time_t end = time(NULL) + seconds;
    bool ok = true;
    for (uint64_t seed = first; worlds > 0 ? seed < first + worlds : time(NULL) < end; seed++) {
        for (int i = 0; i < KINDS; i++) {
            count_world(&kinds[i], &tallies[i], seed);
        }
    }
    for (int i = 0; i < KINDS; i++) {
        ok = tell_tally(&kinds[i], &tallies[i]) && ok;
    }
    return ok;
}

// --- One that is asked for -----------------------------------------------------------------------

static const struct climate *find_climate(const char *name)
{
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].climate.name, name) == 0) {
            return &kinds[i].climate;
        }
    }
    fprintf(stderr, "swarm: no such climate: %s\n", name);
    exit(2);
}

static enum invariant find_invariant(const char *name)
{
    for (int i = 0; i < INVARIANTS; i++) {
        if (strcmp(invariant_name((enum invariant)i), name) == 0) {
            return (enum invariant)i;
        }
    }
    fprintf(stderr, "swarm: no such invariant: %s\n", name);
    exit(2);
}

static bool show(const struct climate *climate, uint64_t seed)
{
    struct lot lot;
    struct violation broken = {0};
    lot_draw(&lot, climate, seed);
    lot_tell(&lot, stdout);
    if (try_lot(&lot, stdout, &broken) == INVARIANTS) {
        return true;
    }
    printf("%s: %s\n", invariant_name(broken.invariant), broken.text);
    return false;
}

static bool seek(enum invariant wanted, const struct climate *climate, uint64_t worlds,
                 uint64_t first)
{
    for (uint64_t seed = first; seed < first + worlds; seed++) {
        struct lot lot;
        struct violation broken = {0};
        lot_draw(&lot, climate, seed);
        if (try_lot(&lot, NULL, &broken) == wanted) {
            printf("%s %" PRIu64 ": %s at %.6f: %s\n", climate->name, seed, invariant_name(wanted),
                   (double)broken.at_ns / 1e9, broken.text);
            return true;
        }
    }
    return false;
}

static uint64_t number(char **argv, int at, int argc, uint64_t otherwise)
{
    return at < argc ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    bool ok;
    if (argc == 4 && strcmp(argv[1], "-t") == 0) {
        ok = show(find_climate(argv[2]), number(argv, 3, argc, 0));
    } else if (argc >= 4 && strcmp(argv[1], "-i") == 0) {
        ok = seek(find_invariant(argv[2]), find_climate(argv[3]), number(argv, 4, argc, WORLDS),
                  number(argv, 5, argc, 1));
    } else if (argc >= 3 && strcmp(argv[1], "-s") == 0) {
        ok = swarm(0, (time_t)number(argv, 2, argc, 0), number(argv, 3, argc, 1));
    } else {
        ok = swarm(number(argv, 1, argc, WORLDS), 0, number(argv, 2, argc, 1));
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
