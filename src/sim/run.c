// SPDX-License-Identifier: MIT
#include "run.h"

#include "memory.h"
#include "plot.h"

#include <inttypes.h>

// More nodes than this do not all start at once: every start is heard by all.
enum { STARTS_AT_ONCE = 100, DOWN_CYCLES = 3 };

struct run {
    const struct plan *plan;
    uint64_t seed;
    const struct onlookers *onlookers;
    struct world *world;
    struct referee *referee;
    struct trace *trace;
    bool told; // of the first violation
};

static void tell_violation(struct run *r, const struct violation *violation)
{
    fprintf(stderr, "seed %" PRIu64 ", %.6f s: %s is broken: %s; the last lines:\n", r->seed,
            (double)violation->at_ns / 1e9, invariant_name(violation->invariant), violation->text);
    trace_print_last(r->trace, stderr);
    r->told = true;
}

static void watch(void *context, const struct news *news)
{
    struct run *r = context;
    trace_news(r->trace, news);
    referee_news(r->referee, news);
    if (r->onlookers->measure != NULL) {
        measure_news(r->onlookers->measure, news);
    }
    if (r->onlookers->plot != NULL) {
        plot_news(r->onlookers->plot, news);
    }
    if (!r->told && referee_first(r->referee) != NULL) {
        tell_violation(r, referee_first(r->referee));
    }
}

static int64_t after_cycles(const struct plan *plan, uint64_t cycles)
{
    return NS_PER_S + (int64_t)cycles * plan->params.cycle_ns;
}

// --- What is done to the group -------------------------------------------------------------------

static void start_all(struct run *r)
{
    const struct plan *plan = r->plan;
    char name[NAME_MAX_BYTES + 1];
    int64_t pause_ns = plan->nodes > STARTS_AT_ONCE ? plan->params.cycle_ns / STARTS_AT_ONCE : 0;
    for (int i = 0; i < plan->nodes; i++) {
        snprintf(name, sizeof name, plan->nodes < 1000 ? "n%03d" : "n%05d", i);
        int node = world_add(r->world, name, (int)chance_below(world_chance(r->world), 24));
        world_run(r->world, world_now_ns(r->world) + pause_ns);
        world_start(r->world, node);
    }
}

static int holder(const struct world *world)
{
    for (int i = 0; i < world_count(world); i++) {
        if (world_tagged_until_ns(world, i) > world_now_ns(world)) {
            return i;
        }
    }
    return -1;
}

// The holder, some time in the cycle that begins now; the node, or -1 when nobody holds.
static int kill_holder(struct run *r)
{
    int64_t cycle_ns = r->plan->params.cycle_ns;
    int64_t wait_ns = chance_between(world_chance(r->world), 0, cycle_ns - 1);
    world_run(r->world, world_now_ns(r->world) + wait_ns);
    int node = holder(r->world);
    if (node >= 0) {
        world_kill(r->world, node);
    }
    return node;
}

static void split(struct run *r, bool apart)
{
    for (int i = 1; i < r->plan->nodes; i += 2) {
        world_move(r->world, i, apart);
    }
    if (!apart && r->onlookers->measure != NULL) {
        measure_heal(r->onlookers->measure, world_now_ns(r->world));
    }
}

static void live(struct run *r)
{
    const struct plan *plan = r->plan;
    int killed = -1;
    for (uint64_t cycle = 1; cycle <= plan->cycles; cycle++) {
        if (plan->split_for > 0 && cycle == plan->split_at) {
            split(r, true);
        } else if (plan->split_for > 0 && cycle == plan->split_at + plan->split_for) {
            split(r, false);
        }
        if (plan->kill_every > 0 && cycle % plan->kill_every == 0) {
            killed = kill_holder(r);
        } else if (killed >= 0 && cycle % plan->kill_every == DOWN_CYCLES % plan->kill_every) {
            world_start(r->world, killed);
            killed = -1;
        }
        int64_t until_ns = after_cycles(plan, cycle);
        if (until_ns > world_now_ns(r->world)) {
            world_run(r->world, until_ns);
        }
    }
}

// --- A run ---------------------------------------------------------------------------------------

// As little as they need: each of them has so much, and they may be ten thousand.
static uint32_t capacity(const struct plan *plan)
{
    bool is_large = plan->has_roster && plan->nodes > ENGINE_NODES_MIN; // all are members
    return is_large ? (uint32_t)plan->nodes : ENGINE_NODES_MIN;
}

static struct referee *new_referee(const struct run *r)
{
    const struct plan *plan = r->plan;
    const struct referee_config config = {
        .params = plan->params,
        .latency_max_ns = plan->latency.max_ns,
        .has_roster = plan->has_roster,
        .settle_ns = plan->settle_ns,
        .drain_ns = plan->drain_ns,
        .capacity = capacity(plan),
        .lossy = plan->loss > 0 || plan->latency.max_ns > plan->params.gap_ns,
    };
    return referee_new(r->world, &config);
}

static void end(struct run *r, struct outcome *outcome)
{
    int64_t now_ns = world_now_ns(r->world);
    referee_settle(r->referee, now_ns);
    if (r->onlookers->measure != NULL) {
        measure_end(r->onlookers->measure, now_ns);
    }
    outcome->violations = referee_violations(r->referee);
    if (outcome->violations > 0) {
        outcome->first = *referee_first(r->referee);
    }
    trace_hash(r->trace, outcome->hash);
    referee_free(r->referee);
    trace_free(r->trace);
    world_free(r->world);
}

void run(const struct plan *plan, uint64_t seed, const struct onlookers *onlookers,
         struct outcome *outcome)
{
    struct run r = {.plan = plan, .seed = seed, .onlookers = onlookers};
    const struct world_config config = {
        .seed = seed,
        .params = plan->params,
        .latency = plan->latency,
        .loss = plan->loss,
        .duplicates = plan->duplicates,
        .hints = plan->hints,
        .takeover = plan->takeover,
        .has_roster = plan->has_roster,
        .settle_ns = plan->settle_ns,
        .drain_ns = plan->drain_ns,
        .capacity = capacity(plan),
        .watch = watch,
        .watch_context = &r,
    };
    r.world = world_new(&config);
    r.trace = trace_new(r.world, onlookers->trace);
    r.referee = new_referee(&r);
    if (onlookers->measure != NULL) {
        measure_begin(onlookers->measure, r.world, &plan->params);
    }
    if (onlookers->plot != NULL) {
        plot_begin(onlookers->plot, r.world);
    }
    start_all(&r);
    live(&r);
    end(&r, outcome);
}
