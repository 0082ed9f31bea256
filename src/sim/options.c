// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// A number that every reader of JSON keeps.
#define SEED_MAX (UINT64_C(1) << 53)

enum { SPLIT_MAX = 9999999 }; // cycles

enum { SETTLE_MAX_S = 604800, DRAIN_MAX_S = 86400 }; // as for actord

// What a setter found wrong; NULL: nothing.
typedef const char *set_fn(struct options *options, const char *text);

// --- Reading what is written -------------------------------------------------------------------

static const char *read_count(const char *text, uint64_t most, uint64_t *count)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || *text == '-' || value > most) {
        return "must be a whole number within bounds";
    }
    *count = value;
    return NULL;
}

// Reads seconds up to `stop`, and goes on behind it.
static const char *read_seconds(const char **text, char stop, int64_t *ns)
{
    char *end;
    double seconds = strtod(*text, &end);
    if (end == *text || (*end != '\0' && *end != stop) || !(seconds >= 0 && seconds < 1e6)) {
        return "must be a number of seconds";
    }
    *ns = (int64_t)llround(seconds * 1e9);
    *text = *end == '\0' ? end : end + 1;
    return NULL;
}

static const char *read_share(const char *text, double *share)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value < 1)) {
        return "must be a share from 0 to 1";
    }
    *share = value;
    return NULL;
}

// --- One setter for each option ----------------------------------------------------------------

static const char *set_nodes(struct options *options, const char *text)
{
    uint64_t count = 0;
    const char *fault = read_count(text, 10000, &count);
    options->plan.nodes = (int)count;
    return fault != NULL || count == 0 ? "must be 1 to 10000" : NULL;
}

static const char *set_cycles(struct options *options, const char *text)
{
    const char *fault = read_count(text, 10000000, &options->plan.cycles);
    return fault != NULL || options->plan.cycles == 0 ? "must be 1 to 10000000" : NULL;
}

static const char *set_cycle(struct options *options, const char *text)
{
    return read_seconds(&text, '\0', &options->plan.params.cycle_ns);
}

static const char *set_gap(struct options *options, const char *text)
{
    return read_seconds(&text, '\0', &options->plan.params.gap_ns);
}

static const char *set_ring(struct options *options, const char *text)
{
    uint64_t size = 0;
    const char *fault = read_count(text, RING_MAX, &size);
    options->plan.params.nodes = (int32_t)size;
    return fault != NULL || size == 0 ? "must be 1 to 64" : NULL;
}

// One number alone is the only latency there is.
static const char *read_latency(const char *text, struct latency *latency)
{
    const char *fault = read_seconds(&text, ':', &latency->min_ns);
    latency->max_ns = latency->min_ns;
    if (fault == NULL && *text != '\0') {
        fault = read_seconds(&text, '\0', &latency->max_ns);
    }
    if (fault == NULL && latency->max_ns < latency->min_ns) {
        fault = "must be the shortest and the longest, in this order";
    }
    return fault;
}

static const char *set_latency(struct options *options, const char *text)
{
    return read_latency(text, &options->plan.latency);
}

static const char *set_loss(struct options *options, const char *text)
{
    return read_share(text, &options->plan.loss);
}

static const char *set_duplicates(struct options *options, const char *text)
{
    return read_share(text, &options->plan.duplicates);
}

static const char *set_hints(struct options *options, const char *text)
{
    options->plan.hints.given = true;
    return read_latency(text, &options->plan.hints.latency);
}

static const char *set_hint_loss(struct options *options, const char *text)
{
    return read_share(text, &options->plan.hints.loss);
}

static const char *set_takeover(struct options *options, const char *text)
{
    return takeover_of(text, &options->plan.takeover) ? NULL
                                                      : "must be at-once, after-lease or slot";
}

static const char *set_settle(struct options *options, const char *text)
{
    int64_t *settle_ns = &options->plan.settle_ns;
    const char *fault = read_seconds(&text, '\0', settle_ns);
    options->plan.has_roster = true;
    return fault != NULL || *settle_ns > SETTLE_MAX_S * NS_PER_S ? "must be 0 to 604800 s" : NULL;
}

static const char *set_drain(struct options *options, const char *text)
{
    int64_t *drain_ns = &options->plan.drain_ns;
    const char *fault = read_seconds(&text, '\0', drain_ns);
    return fault != NULL || *drain_ns > DRAIN_MAX_S * NS_PER_S ? "must be 0 to 86400 s" : NULL;
}

static const char *set_kill(struct options *options, const char *text)
{
    const char *fault = read_count(text, 1000000, &options->plan.kill_every);
    return fault != NULL || options->plan.kill_every == 0 ? "must be 1 to 1000000 cycles" : NULL;
}

static const char *set_split(struct options *options, const char *text)
{
    struct plan *plan = &options->plan;
    char at[8] = ""; // up to SPLIT_MAX
    size_t len = strcspn(text, ":");
    if (len < sizeof at && text[len] == ':') {
        memcpy(at, text, len);
    }
    if (read_count(at, SPLIT_MAX, &plan->split_at) != NULL || plan->split_at == 0 ||
        read_count(text + len + 1, SPLIT_MAX, &plan->split_for) != NULL || plan->split_for == 0) {
        return "must be AT:FOR, both in cycles from 1 on";
    }
    return NULL;
}

static const char *set_seed(struct options *options, const char *text)
{
    options->seeded = true;
    return read_count(text, SEED_MAX, &options->seed) != NULL ? "must be 0 to 2^53" : NULL;
}

static const char *set_runs(struct options *options, const char *text)
{
    const char *fault = read_count(text, 1000000000, &options->runs);
    return fault != NULL || options->runs == 0 ? "must be 1 to 1000000000" : NULL;
}

static const char *set_scenario(struct options *options, const char *text)
{
    options->scenario = text;
    return NULL;
}

static const char *set_json(struct options *options, const char *text)
{
    (void)text;
    options->json = true;
    return NULL;
}

static const char *set_trace(struct options *options, const char *text)
{
    (void)text;
    options->trace = true;
    return NULL;
}

static const char *set_plot(struct options *options, const char *text)
{
    (void)text;
    options->plot = true;
    return NULL;
}

static const char *set_version(struct options *options, const char *text)
{
    (void)text;
    options->version = true;
    return NULL;
}

static const char *set_help(struct options *options, const char *text)
{
    (void)text;
    options->help = true;
    return NULL;
}

// --- The table ---------------------------------------------------------------------------------

struct spec {
    const char *name;
    const char *argument; // NULL: none
    set_fn *set;
    const char *help; // what it is, bounds, default
    bool plans;       // what a scenario settles itself
};

static const struct spec specs[] = {
    {"nodes", "N", set_nodes, "how many nodes, 1 to 10000 (5)", true},
    {"cycles", "N", set_cycles, "how long, in cycles (500)", true},
    {"cycle", "S", set_cycle, "length of a turn, 0.1 to 86400 s, at least 3 gap (10)", true},
    {"gap", "S", set_gap, "longest time under way of a message, 0.01 to 3600 s (1.5)", true},
    {"ring", "N", set_ring, "size of the ring, 1 to 64 (5)", true},
    {"latency", "S[:S]", set_latency,
     "how long messages are under way: always, or evenly from : to (0:gap/20)", true},
    {"loss", "P", set_loss, "share of deliveries that never come (0)", true},
    {"dup", "P", set_duplicates, "share that come twice (0)", true},
    {"hints", "S[:S]", set_hints,
     "the channel tells who has come or gone, after so long (it does not)", true},
    {"hint-loss", "P", set_hint_loss, "share of these hints that never come (0)", true},
    {"takeover", "MODE", set_takeover,
     "a holder that has gone is followed at-once, after-lease or by slot (at-once)", true},
    {"settle", "S", set_settle,
     "members get an index when nothing has changed for S, or as long as it needs (none)", true},
    {"drain", "S", set_drain, "how long whoever loses an index may take to stop (0)", true},
    {"kill", "EVERY", set_kill,
     "the holder is killed every so many cycles, and is back three later", true},
    {"split", "AT:FOR", set_split, "every second node is cut off, from cycle AT for FOR cycles",
     true},
    {"seed", "N", set_seed, "of all chance; the same seed, the same run (by chance)", false},
    {"runs", "N", set_runs, "so many runs, with this seed and those that follow it (1)", true},
    {"scenario", "FILE", set_scenario, "do what a file says instead; see actor-sim(1)", false},
    {"json", NULL, set_json, "the figures as one JSON object", false},
    {"trace", NULL, set_trace, "print everything that happens", false},
    {"plot", NULL, set_plot, "show who was tagged when", false},
    {"version", NULL, set_version, "print the version", false},
    {"help", NULL, set_help, "print this", false},
};

enum { SPECS = sizeof specs / sizeof *specs, FIRST_LONG = 256 };

static int fail(struct options *options, const char *word, const char *fault)
{
    snprintf(options->why, sizeof options->why, "%s: %s", word, fault);
    return -1;
}

static int set_option(struct options *options, int option, const char *word)
{
    if (option == ':') {
        return fail(options, word, "an argument is missing (see --help)");
    }
    if (option < FIRST_LONG) {
        return fail(options, word, "no such option (see --help)");
    }
    const struct spec *spec = &specs[option - FIRST_LONG];
    const char *fault = spec->set(options, optarg);
    if (fault == NULL) {
        options->planned = spec->plans ? spec->name : options->planned;
        return 0;
    }
    char name[64];
    snprintf(name, sizeof name, "--%s %.40s", spec->name, optarg != NULL ? optarg : "");
    return fail(options, name, fault);
}

static int read_all(struct options *options, int argc, char **argv)
{
    struct option longs[SPECS + 1] = {0};
    for (int i = 0; i < SPECS; i++) {
        longs[i] = (struct option){specs[i].name,
                                   specs[i].argument != NULL ? required_argument : no_argument,
                                   NULL, FIRST_LONG + i};
    }
    opterr = 0;
    for (int at = 1, option; (option = getopt_long(argc, argv, ":", longs, NULL)) != -1;
         at = optind) {
        if (set_option(options, option, argv[at]) != 0) {
            return -1;
        }
    }
    return optind < argc ? fail(options, argv[optind], "only options are allowed (see --help)") : 0;
}

int options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .plan = {.nodes = 5, .cycles = 500, .params = params_default, .latency.max_ns = -1},
        .runs = 1,
    };
    struct plan *plan = &options->plan;
    if (getrandom(&options->seed, sizeof(uint32_t), 0) < 0) {
        options->seed = 1;
    }
    if (read_all(options, argc, argv) != 0) {
        return -1;
    }
    if (options->scenario != NULL && options->planned != NULL) {
        snprintf(options->why, sizeof options->why, "--%s: a scenario settles that itself",
                 options->planned);
        return -1;
    }
    if (plan->latency.max_ns < 0) {
        plan->latency.max_ns = plan->params.gap_ns / 20;
    }
    plan->hints.silence_ns = plan->params.cycle_ns; // as for a scenario without a lease
    if (plan->drain_ns > 0 && !plan->has_roster) {
        return fail(options, "--drain", "is of indexes, which --settle asks for");
    }
    if (plan->nodes > MEMBERS_MAX && plan->has_roster) {
        return fail(options, "--settle", "is for at most 512 nodes");
    }
    const char *fault = params_fault(&plan->params);
    return fault == NULL ? 0 : fail(options, "the parameters", fault);
}

void options_print_help(void)
{
    printf("Usage: actor-sim [OPTION]...\n"
           "Runs a group in virtual time, watches what PROTOCOL.md promises, and says what it was\n"
           "like. Defaults in brackets.\n\n");
    for (int i = 0; i < SPECS; i++) {
        char left[32];
        snprintf(left, sizeof left, "--%s%s%s", specs[i].name, specs[i].argument != NULL ? " " : "",
                 specs[i].argument != NULL ? specs[i].argument : "");
        printf("  %-18s %s\n", left, specs[i].help);
    }
    printf(
        "\nEnds with status 0 when all promises were kept, 1 when one was broken or an\n"
        "expectation not met, 2 when the command line or the scenario is bad. See actor-sim(1).\n");
}
