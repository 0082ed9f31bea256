// SPDX-License-Identifier: MIT
// An adversary: latencies that are the likeliest to break I1, not those that are likely. Each
// message, and each hint, reaches each receiver at once or after L, a little under one gap.
//
//   adversary [SECONDS]         all classes, in about that long (default: 60)
//   adversary -c CLASS [SECONDS]   that class alone
//   adversary -t CLASS CASE     the trace of one case, as a failure names it
//
// Classes of choices enumerate what can be decided in a situation: all strings of {0, L} for the
// first decisions, the rest by a habit. A case is NODES/L/MOMENT/VARIANT/CHOICES, L in percent of
// gap. Classes of chance draw latencies and deeds; a case is a seed.
//
// A run fails by I1, I5, I6 or I7; how often the others were broken is told beside it. In some
// classes of chance few runs fail, by I1: PROTOCOL.md says when ("What is not guaranteed"). Their
// share is bounded.
#include "sim/memory.h"
#include "sim/referee.h"
#include "sim/trace.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHOICES_MAX = 40,
    NODES_MAX = 20,
    RUNS_PER_SECOND = 4000,
    DRAWS_PER_SECOND = 400,
    DEFAULT_SECONDS = 60
};

static const enum invariant fatal[] = {INVARIANT_I1, INVARIANT_I5, INVARIANT_I6, INVARIANT_I7,
                                       INVARIANT_I10};
static const enum invariant told[] = {INVARIANT_I2, INVARIANT_I3, INVARIANT_I4, INVARIANT_I11,
                                      INVARIANT_I12};

// --- A trial: a world, its referee, and the adversary's state ------------------------------------

// What is decided in a situation.
struct path {
    int nodes, percent, moment, variant;
    int most;  // decisions enumerated
    int asked; // in the last run, at most `most`
    bool choices[CHOICES_MAX];
};

// How latencies are drawn by chance.
enum habit { HABIT_RECEIVER, HABIT_MESSAGE, HABIT_PAIR, HABIT_MOODS, HABITS };

struct trial {
    struct params params;
    struct world *world;
    struct referee *referee;
    FILE *out; // of the trace; NULL: nobody reads it
    struct trace *trace;
    enum message_type way; // what is sent now
    int speaker;           // who sent the last beacon
    int64_t long_ns;       // L
    struct path *path;     // NULL: by chance
    bool open;             // whether decisions are the path's by now
    struct chance chance;
    enum habit habit;
    uint64_t pairs;             // HABIT_PAIR
    double odds;                // of L
    bool lags;                  // HABIT_MESSAGE
    int64_t back_ns[NODES_MAX]; // when what was done to a node is undone; NEVER: nothing was
};

static void watch(void *context, const struct news *news)
{
    struct trial *t = context;
    if (news->type == NEWS_EFFECT && news->effect->type == EFFECT_SEND) {
        t->way = news->effect->send.type;
        t->speaker = t->way == MESSAGE_PING ? news->node : t->speaker;
        t->lags = chance_of(&t->chance, t->odds);
    }
    if (t->trace != NULL) {
        trace_news(t->trace, news);
    }
    referee_news(t->referee, news);
}

// Introductions and parameters cost decisions and change little.
static bool chooses_long(struct trial *t, int from)
{
    struct path *path = t->path;
    if (!t->open || t->way == MESSAGE_VERS) {
        return false;
    }
    if (path->asked < path->most) {
        return path->choices[path->asked++];
    }
    return path->variant % 3 == 1 || (path->variant % 3 == 2 && from % 2 == 1);
}

static double share_of(uint64_t bits)
{
    return (double)(uint32_t)hash_mix(bits) / 4294967296.0;
}

static bool draws_long(struct trial *t, int from, int to)
{
    switch (t->habit) {
    case HABIT_RECEIVER:
        return chance_of(&t->chance, t->odds);
    case HABIT_MESSAGE:
        return t->lags;
    case HABIT_PAIR:
        return share_of(t->pairs ^ (uint64_t)(from * NODES_MAX + to)) < t->odds;
    case HABIT_MOODS: // changes now and then
        if (chance_of(&t->chance, 0.02)) {
            t->pairs = chance_bits(&t->chance);
        }
        return share_of(t->pairs ^ (uint64_t)to) < t->odds;
    case HABITS:
        break;
    }
    return false;
}

static int64_t choose_latency(void *context, int from, int to)
{
    struct trial *t = context;
    bool is_long = t->path != NULL ? chooses_long(t, from) : draws_long(t, from, to);
    return is_long ? t->long_ns : 0;
}

static int64_t choose_hint(void *context, int about, int to)
{
    struct trial *t = context;
    t->way = MESSAGE_HIST; // worth a decision
    t->lags = chance_of(&t->chance, t->odds);
    return choose_latency(t, about, to);
}

static void begin_trial(struct trial *t, struct world_config *config, int percent)
{
    t->params = config->params;
    t->long_ns = config->params.gap_ns / 100 * percent;
    t->speaker = -1;
    config->choose_latency = choose_latency;
    config->choose_hint = choose_hint;
    config->choose_context = t;
    config->has_roster = true;
    config->watch = watch;
    config->watch_context = t;
    t->world = world_new(config);
    t->trace = t->out != NULL ? trace_new(t->world, t->out) : NULL;
    const struct referee_config rules = {
        .params = config->params,
        .latency_max_ns = config->params.gap_ns,
        .late_ns = config->late_ns,
        .lease_ns = config->lease_ns,
        .has_roster = true,
        .capacity = ENGINE_NODES_MIN,
    };
    t->referee = referee_new(t->world, &rules);
}

static void end_trial(struct trial *t)
{
    referee_free(t->referee);
    trace_free(t->trace);
    world_free(t->world);
}

static void pass(struct trial *t, int64_t span_ns)
{
    world_run(t->world, world_now_ns(t->world) + span_ns);
}

static int holder_of(const struct world *world)
{
    for (int i = 0; i < world_count(world); i++) {
        if (world_tagged_until_ns(world, i) > world_now_ns(world)) {
            return i;
        }
    }
    return -1;
}

static int add_node(struct trial *t, int value)
{
    char name[8];
    snprintf(name, sizeof name, "n%02d", world_count(t->world));
    return world_add(t->world, name, value);
}

// --- Classes of choices --------------------------------------------------------------------------

// The seed of the world is the moment as well, so that chances to listen differ.
struct scene {
    const char *name;
    void (*play)(struct trial *t);
    int moments;
    enum { NO_HINTS, HINTS, FALSE_HINTS } hints; // H1; false ones: at latencies up to gap/2
};

// Worth by number, or against it.
static int value_in(const struct trial *t, int node)
{
    return t->path->variant / 3 == 0 ? node : t->path->nodes - node;
}

static void start_nodes(struct trial *t, int count, int64_t pause_ns)
{
    for (int i = 0; i < count; i++) {
        world_start(t->world, add_node(t, value_in(t, i)));
        pass(t, pause_ns);
    }
}

static int64_t slot_ns(const struct trial *t)
{
    return t->params.cycle_ns + t->params.gap_ns * 4;
}

// A group that has found its order, just after somebody's turn has begun to stand.
static void start_steady(struct trial *t, int count)
{
    start_nodes(t, count, 0);
    pass(t, count * slot_ns(t));
    int before = holder_of(t->world);
    for (int i = 0; i < 200 && (holder_of(t->world) == before || holder_of(t->world) < 0); i++) {
        pass(t, t->params.gap_ns / 10);
    }
    t->open = true;
}

// Moments lie a little behind quarters of a gap, over a cycle and a gap.
static int64_t moment_ns(const struct trial *t, int moment)
{
    return t->params.gap_ns / 4 * moment + t->params.gap_ns / 50;
}

enum { MOMENTS = 30 };

static void play_together(struct trial *t)
{
    t->open = true;
    start_nodes(t, t->path->nodes, t->path->moment % 2 * t->params.gap_ns / 2);
    pass(t, 4 * slot_ns(t));
}

static void play_steady(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, 4 * slot_ns(t));
}

static void play_newcomer(struct trial *t)
{
    start_steady(t, t->path->nodes - 1);
    pass(t, moment_ns(t, t->path->moment));
    world_start(t->world, add_node(t, value_in(t, t->path->nodes - 1)));
    pass(t, 3 * slot_ns(t));
}

// The holder, or who is about to be.
static int victim_of(const struct trial *t)
{
    int holder = holder_of(t->world);
    return holder >= 0 ? holder : t->speaker;
}

static void play_killed(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment));
    world_kill(t->world, victim_of(t));
    pass(t, 3 * slot_ns(t));
}

static void play_restarted(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment));
    int victim = victim_of(t);
    world_kill(t->world, victim);
    world_start(t->world, victim);
    pass(t, 3 * slot_ns(t));
}

// From half a gap to more than two slots.
static void play_frozen(struct trial *t)
{
    static const int halves[] = {1, 2, 4, 6, 10, 14, 20, 32};
    enum { SPANS = sizeof halves / sizeof *halves };
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment / SPANS));
    int victim = victim_of(t);
    world_freeze(t->world, victim);
    pass(t, t->params.gap_ns / 2 * halves[t->path->moment % SPANS]);
    world_thaw(t->world, victim);
    pass(t, 3 * slot_ns(t));
}

static void play_stopped(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment));
    world_stop(t->world, victim_of(t));
    pass(t, 3 * slot_ns(t));
}

static void play_given(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment));
    int holder = victim_of(t);
    world_give(t->world, holder, (holder + 1) % t->path->nodes);
    pass(t, 3 * slot_ns(t));
}

// A hint to all others, or to one of them, that is not true.
static void play_lied(struct trial *t)
{
    start_steady(t, t->path->nodes);
    pass(t, moment_ns(t, t->path->moment));
    int holder = victim_of(t), nodes = t->path->nodes;
    bool to_all = t->path->variant / 3 == 0;
    for (int i = 1; i < (to_all ? nodes : 2); i++) {
        world_hint(t->world, holder, (holder + i) % nodes, false);
    }
    pass(t, 3 * slot_ns(t));
}

static const struct scene scenes[] = {
    {"together", play_together, 16, NO_HINTS},
    {"steady", play_steady, 1, NO_HINTS},
    {"newcomer", play_newcomer, MOMENTS, NO_HINTS},
    {"killed", play_killed, MOMENTS, NO_HINTS},
    {"frozen", play_frozen, MOMENTS * 8, NO_HINTS},
    {"restarted", play_restarted, MOMENTS, NO_HINTS},
    {"hinted", play_killed, MOMENTS, HINTS},
    {"hinted-restart", play_restarted, MOMENTS, HINTS},
    {"stopped", play_stopped, MOMENTS, NO_HINTS},
    {"given", play_given, MOMENTS, NO_HINTS},
    {"lied", play_lied, MOMENTS, FALSE_HINTS},
};
enum { SCENES = sizeof scenes / sizeof *scenes, VARIANTS = 6 };

static void run_scene(const struct scene *scene, struct path *path, struct trial *t)
{
    struct world_config config = {
        .seed = (uint64_t)path->moment + 1,
        .params = params_default,
        .hints = {.given = scene->hints == HINTS},
    };
    t->path = path;
    path->asked = 0;
    begin_trial(t, &config, path->percent);
    scene->play(t);
}

// The last decision that was for "at once" is for L the next time, those after it are open again.
static bool next_path(struct path *path)
{
    int last = path->asked;
    while (last > 0 && path->choices[last - 1]) {
        last--;
    }
    if (last == 0) {
        return false;
    }
    path->choices[last - 1] = true;
    memset(path->choices + last, 0, (size_t)(CHOICES_MAX - last) * sizeof *path->choices);
    return true;
}

// --- Classes of chance ---------------------------------------------------------------------------

enum deed {
    DEED_KILL = 1 << 0,
    DEED_RESTART = 1 << 1,
    DEED_FREEZE = 1 << 2,
    DEED_DISABLE = 1 << 3,
    DEED_VALUE = 1 << 4,
    DEED_CUT = 1 << 5,
    DEED_START = 1 << 6,
    DEEDS = 7,
    DEED_ALL = (1 << DEEDS) - 1 - DEED_CUT,
    DEED_STOP = 1 << 7, // these are drawn where there are hints
    DEED_GIVE = 1 << 8,
    DEEDS_HINTED = 9,
};

struct weather {
    const char *name;
    unsigned deeds;
    int late_share; // of gap: timers come up to gap / this late; -1: of slack / 4; 0: in time
    int skew_ppm;
    bool leases, short_cycles, hints;
    double rare; // share of the runs that may fail
};

#define RARE 0.008

static const struct weather weathers[] = {
    {.name = "latencies", .deeds = DEED_START, .rare = 0.0001},
    {.name = "deaths", .deeds = DEED_KILL | DEED_RESTART | DEED_START, .rare = RARE},
    {.name = "freezes", .deeds = DEED_FREEZE | DEED_START, .rare = RARE},
    {.name = "requests", .deeds = DEED_DISABLE | DEED_VALUE | DEED_START, .rare = RARE},
    {.name = "drift", .deeds = DEED_ALL, .late_share = -1, .skew_ppm = 200, .rare = RARE},
    {.name = "late", .deeds = DEED_ALL, .late_share = 4, .skew_ppm = 200, .rare = RARE},
    {.name = "leases", .deeds = DEED_ALL | DEED_CUT, .skew_ppm = 200, .leases = true, .rare = RARE},
    {.name = "short", .deeds = DEED_ALL, .short_cycles = true, .rare = RARE},
    {.name = "hints",
     .deeds = DEED_KILL | DEED_RESTART | DEED_FREEZE | DEED_START | DEED_STOP | DEED_GIVE,
     .hints = true,
     .rare = RARE},
};
enum { WEATHERS = sizeof weathers / sizeof *weathers };

static int64_t draw_span(struct trial *t, int64_t low_ns, int64_t high_ns)
{
    return chance_between(&t->chance, low_ns, high_ns);
}

static int draw_value(struct trial *t)
{
    return (int)chance_below(&t->chance, 4) - (chance_of(&t->chance, 0.2) ? 4 : 0);
}

static void draw_config(struct trial *t, const struct weather *weather, struct world_config *config)
{
    static const double odds[] = {0.05, 0.2, 0.5, 0.8, 0.95};
    struct params *params = &config->params;
    *params = params_default;
    params->nodes = (int32_t)chance_between(&t->chance, 1, 6);
    params->splits = (int32_t)chance_between(&t->chance, 1, 6);
    if (weather->short_cycles) {
        params->cycle_ns = draw_span(t, 3 * params->gap_ns, 6 * params->gap_ns);
    }
    int64_t quarter_slack_ns = params_slack_ns(params) / 4;
    config->seed = chance_bits(&t->chance);
    config->skew_ppm = weather->skew_ppm;
    config->late_ns = weather->late_share < 0   ? quarter_slack_ns
                      : weather->late_share > 0 ? params->gap_ns / weather->late_share
                                                : 0;
    if (weather->leases) {
        config->lease_ns = draw_span(t, 2 * params->gap_ns, 3 * params->cycle_ns);
    }
    if (weather->hints) {
        config->hints.given = true;
        config->hints.silence_ns = draw_span(t, 0, 2 * params->cycle_ns);
    }
    t->habit = (enum habit)chance_below(&t->chance, HABITS);
    t->pairs = chance_bits(&t->chance);
    t->odds = odds[chance_below(&t->chance, sizeof odds / sizeof *odds)];
}

static void undo(struct trial *t, int node)
{
    struct world *world = t->world;
    if (!world_runs(world, node)) {
        world_start(world, node);
    } else if (world_is_frozen(world, node)) {
        world_thaw(world, node);
    } else if (world_is_cut(world, node)) {
        world_cut(world, node, false);
    } else {
        world_enable(world, node, true);
    }
    t->back_ns[node] = NEVER;
}

// The holder, the last speaker, or anybody.
static int draw_victim(struct trial *t)
{
    int holder = holder_of(t->world);
    switch (chance_below(&t->chance, 4)) {
    case 0:
        return holder >= 0 ? holder : 0;
    case 1:
        return t->speaker >= 0 ? t->speaker : 0;
    default:
        return (int)chance_below(&t->chance, (uint64_t)world_count(t->world));
    }
}

static void do_to(struct trial *t, enum deed deed, int node)
{
    struct world *world = t->world;
    int64_t cycle_ns = t->params.cycle_ns, gap_ns = t->params.gap_ns;
    int64_t back_ns = world_now_ns(world) + draw_span(t, cycle_ns / 10, 4 * cycle_ns);
    switch (deed) {
    case DEED_KILL:
        world_kill(world, node);
        break;
    case DEED_RESTART:
        world_kill(world, node);
        back_ns = world_now_ns(world) + draw_span(t, 0, 2 * gap_ns);
        break;
    case DEED_STOP:
        world_stop(world, node);
        break;
    case DEED_GIVE:
        world_give(world, node, (int)chance_below(&t->chance, (uint64_t)world_count(world)));
        back_ns = NEVER;
        break;
    case DEED_FREEZE:
        world_freeze(world, node);
        break;
    case DEED_DISABLE:
        world_enable(world, node, false);
        break;
    case DEED_VALUE:
        world_set_value(world, node, draw_value(t));
        back_ns = NEVER;
        break;
    case DEED_CUT:
        world_cut(world, node, true);
        break;
    case DEED_START:
    case DEEDS:
    case DEED_ALL:
    case DEEDS_HINTED:
        back_ns = NEVER;
        break;
    }
    t->back_ns[node] = back_ns;
}

static void do_something(struct trial *t, const struct weather *weather)
{
    uint64_t deeds = weather->hints ? DEEDS_HINTED : DEEDS;
    enum deed deed = (enum deed)(1U << chance_below(&t->chance, deeds));
    if ((weather->deeds & deed) == 0) {
        return;
    }
    if (deed == DEED_START) {
        if (world_count(t->world) < NODES_MAX) {
            world_start(t->world, add_node(t, draw_value(t)));
        }
        return;
    }
    int victim = draw_victim(t);
    if (t->back_ns[victim] == NEVER && world_runs(t->world, victim)) {
        do_to(t, deed, victim);
    }
}

static void live(struct trial *t, const struct weather *weather, int cycles)
{
    int64_t end_ns = world_now_ns(t->world) + cycles * t->params.cycle_ns;
    bool busy = chance_of(&t->chance, 0.5);
    while (world_now_ns(t->world) < end_ns) {
        pass(t, draw_span(t, 0, t->params.gap_ns));
        for (int i = 0; i < world_count(t->world); i++) {
            if (t->back_ns[i] <= world_now_ns(t->world)) {
                undo(t, i);
            }
        }
        if (chance_of(&t->chance, busy ? 0.6 : 0.15)) {
            do_something(t, weather);
        }
    }
}

static void run_weather(const struct weather *weather, uint64_t seed, struct trial *t)
{
    static const int percents[] = {50, 90, 98};
    struct world_config config = {0};
    t->chance.state = seed;
    draw_config(t, weather, &config);
    begin_trial(t, &config, percents[chance_below(&t->chance, 3)]);
    int nodes = 2 + (int)chance_below(&t->chance, chance_of(&t->chance, 0.5) ? 4 : NODES_MAX - 1);
    bool at_once = chance_of(&t->chance, 0.5);
    for (int i = 0; i < NODES_MAX; i++) {
        t->back_ns[i] = NEVER;
    }
    for (int i = 0; i < nodes; i++) {
        world_start(t->world, add_node(t, draw_value(t)));
        pass(t, at_once ? 0 : draw_span(t, 0, t->params.gap_ns));
    }
    live(t, weather, 30);
}

// --- Telling -------------------------------------------------------------------------------------

struct tally {
    const char *name;
    uint64_t runs, failed;
    double rare;               // share of them that may
    char first[512];           // of those that failed
    uint64_t told[INVARIANTS]; // runs in which it was broken
};

static char now_running[256]; // for the last words

static void tell_last_words(int sig)
{
    ssize_t ignored = write(STDOUT_FILENO, now_running, strlen(now_running));
    (void)ignored;
    signal(sig, SIG_DFL);
    raise(sig);
}

static void name_path(const char *class, const struct path *path)
{
    int used = snprintf(now_running, sizeof now_running, "%s: %d/%d/%d/%d/", class, path->nodes,
                        path->percent, path->moment, path->variant);
    int last = path->most;
    while (last > 0 && !path->choices[last - 1]) {
        last--;
    }
    for (int i = 0; i < last; i++) {
        now_running[used++] = path->choices[i] ? '1' : '0';
    }
    now_running[used] = '\0';
}

static void name_seed(const char *class, uint64_t seed)
{
    snprintf(now_running, sizeof now_running, "%s: %" PRIu64, class, seed);
}

static const struct violation *first_fatal(const struct trial *t)
{
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        const struct violation *violation = referee_first_of(t->referee, fatal[i]);
        if (violation != NULL) {
            return violation;
        }
    }
    return NULL;
}

// True when the run has failed.
static bool count_run(struct tally *tally, struct trial *t)
{
    referee_settle(t->referee, world_now_ns(t->world));
    const struct violation *violation = first_fatal(t);
    tally->runs++;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        tally->told[told[i]] += referee_violations_of(t->referee, told[i]) > 0;
    }
    if (violation != NULL && tally->failed++ == 0) {
        snprintf(tally->first, sizeof tally->first, "%s at %.3f s: %.200s", now_running,
                 (double)violation->at_ns / 1e9, violation->text);
    }
    return violation != NULL;
}

static bool tell_class(const struct tally *tally)
{
    bool ok = (double)tally->failed <= tally->rare * (double)tally->runs;
    printf("%s adversary %s (%" PRIu64 " runs", ok ? "ok" : "not ok", tally->name, tally->runs);
    if (tally->failed > 0) {
        printf(", %" PRIu64 " failed, the first by %s", tally->failed, tally->first);
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (tally->told[told[i]] > 0) {
            printf(", %s broken in %" PRIu64, invariant_name(told[i]), tally->told[told[i]]);
        }
    }
    puts(")");
    fflush(stdout);
    return ok;
}

// --- Running -------------------------------------------------------------------------------------

static void enumerate(const struct scene *scene, struct path *path, struct tally *tally)
{
    memset(path->choices, 0, sizeof path->choices);
    do {
        struct trial t = {0};
        name_path(scene->name, path);
        run_scene(scene, path, &t);
        count_run(tally, &t);
        end_trial(&t);
    } while (next_path(path));
}

// So many decisions that all situations together take about so many runs.
static int decisions_for(uint64_t situations, double runs)
{
    int decisions = 1;
    while (decisions < CHOICES_MAX && (double)(situations << (decisions + 1)) <= runs) {
        decisions++;
    }
    return decisions;
}

static bool try_scene(const struct scene *scene, double seconds)
{
    enum { PERCENTS = 3 };
    static const int all_percents[][PERCENTS] = {{98, 90, 50}, {49, 40, 20}};
    const int *percents = all_percents[scene->hints == FALSE_HINTS];
    struct tally tally = {.name = scene->name};
    uint64_t situations = 3 * PERCENTS * (uint64_t)scene->moments * VARIANTS;
    struct path path = {.most = decisions_for(situations, seconds * RUNS_PER_SECOND)};
    for (path.nodes = 2; path.nodes <= 4; path.nodes++) {
        for (int i = 0; i < PERCENTS; i++) {
            path.percent = percents[i];
            for (path.moment = 0; path.moment < scene->moments; path.moment++) {
                for (path.variant = 0; path.variant < VARIANTS; path.variant++) {
                    enumerate(scene, &path, &tally);
                }
            }
        }
    }
    return tell_class(&tally);
}

static bool try_weather(const struct weather *weather, double seconds)
{
    struct tally tally = {.name = weather->name, .rare = weather->rare};
    for (uint64_t seed = 1; (double)seed <= seconds * DRAWS_PER_SECOND; seed++) {
        struct trial t = {0};
        name_seed(weather->name, seed);
        run_weather(weather, seed, &t);
        count_run(&tally, &t);
        end_trial(&t);
    }
    return tell_class(&tally);
}

// Beyond a gap nothing is promised, and I1 must be seen to break.
static bool try_fault(void)
{
    struct tally tally = {.name = "fault"};
    struct path path = {.nodes = 3, .percent = 130, .most = 8};
    for (path.moment = 0; path.moment < scenes[0].moments && tally.failed == 0; path.moment++) {
        memset(path.choices, 0, sizeof path.choices);
        do {
            struct trial t = {0};
            run_scene(&scenes[0], &path, &t);
            count_run(&tally, &t);
            end_trial(&t);
        } while (tally.failed == 0 && next_path(&path));
    }
    printf("%s the adversary finds two that are tagged at once at 1.3 gap (run %" PRIu64 ")\n",
           tally.failed > 0 ? "ok" : "not ok", tally.runs);
    return tally.failed > 0;
}

static bool try_all(const char *class, double seconds)
{
    double each_s = class != NULL ? seconds : seconds / (SCENES + WEATHERS);
    bool ok = class != NULL || try_fault();
    for (int i = 0; i < SCENES; i++) {
        if (class == NULL || strcmp(class, scenes[i].name) == 0) {
            ok = try_scene(&scenes[i], each_s) && ok;
        }
    }
    for (int i = 0; i < WEATHERS; i++) {
        if (class == NULL || strcmp(class, weathers[i].name) == 0) {
            ok = try_weather(&weathers[i], each_s) && ok;
        }
    }
    return ok;
}

// --- One case again ------------------------------------------------------------------------------

static bool read_path(const char *text, struct path *path)
{
    int *const fields[] = {&path->nodes, &path->percent, &path->moment, &path->variant};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char *end;
        *fields[i] = (int)strtol(text, &end, 10);
        if (end == text || *end != '/') {
            return false;
        }
        text = end + 1;
    }
    path->most = (int)strlen(text);
    for (int i = 0; i < path->most && i < CHOICES_MAX; i++) {
        path->choices[i] = text[i] == '1';
    }
    return path->nodes >= 2 && path->nodes <= NODES_MAX && path->most <= CHOICES_MAX;
}

// The trace, and what was broken.
static int end_show(struct trial *t)
{
    struct tally tally = {0};
    bool failed = count_run(&tally, t);
    end_trial(t);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int usage(void)
{
    fputs("usage: adversary [SECONDS] | -c CLASS [SECONDS] | -t CLASS CASE\nclasses:", stderr);
    for (int i = 0; i < SCENES; i++) {
        fprintf(stderr, " %s", scenes[i].name);
    }
    for (int i = 0; i < WEATHERS; i++) {
        fprintf(stderr, " %s", weathers[i].name);
    }
    fputs("\n", stderr);
    return 2;
}

static int show_case(const char *class, const char *text)
{
    struct trial t = {.out = stdout};
    struct path path = {0};
    for (int i = 0; i < SCENES; i++) {
        if (strcmp(class, scenes[i].name) == 0 && read_path(text, &path)) {
            name_path(class, &path);
            run_scene(&scenes[i], &path, &t);
            return end_show(&t);
        }
    }
    for (int i = 0; i < WEATHERS; i++) {
        if (strcmp(class, weathers[i].name) == 0) {
            uint64_t seed = strtoull(text, NULL, 10);
            name_seed(class, seed);
            run_weather(&weathers[i], seed, &t);
            return end_show(&t);
        }
    }
    return usage();
}

int main(int argc, char **argv)
{
    const char *class = NULL;
    double seconds = DEFAULT_SECONDS;
    signal(SIGABRT, tell_last_words);
    if (argc == 4 && strcmp(argv[1], "-t") == 0) {
        return show_case(argv[2], argv[3]);
    }
    if (argc >= 3 && strcmp(argv[1], "-c") == 0) {
        class = argv[2];
        argc -= 2;
        argv += 2;
    }
    if (argc > 1) {
        seconds = strtod(argv[1], NULL);
    }
    if (argc > 2 || !(seconds > 0)) {
        return usage();
    }
    return try_all(class, seconds) ? EXIT_SUCCESS : EXIT_FAILURE;
}
