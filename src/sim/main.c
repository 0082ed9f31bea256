// SPDX-License-Identifier: MIT
// actor-sim: what a group's settings promise, found out before it is rolled out.
#include "options.h"
#include "play.h"
#include "plot.h"
#include "report.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_OK = 0, STATUS_BROKEN = 1, STATUS_USAGE = 2, PROGRESS_AFTER_S = 2 };

// A line on a terminal that waits, renewed once a second.
static void show_progress(const struct options *options, uint64_t done)
{
    static time_t started, shown;
    time_t now = time(NULL);
    if (started == 0) {
        started = shown = now;
    }
    if (isatty(STDERR_FILENO) && now - started >= PROGRESS_AFTER_S && now > shown) {
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " runs ", done, options->runs);
        shown = now;
    }
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

static void run_all(const struct options *options, const struct onlookers *onlookers,
                    struct result *result)
{
    crypto_hash_sha256_state hashes;
    struct outcome outcome = {0};
    crypto_hash_sha256_init(&hashes);
    for (uint64_t i = 0; i < options->runs; i++) {
        show_progress(options, i);
        run(&options->plan, options->seed + i, onlookers, &outcome);
        result->violations += outcome.violations;
        crypto_hash_sha256_update(&hashes, (const unsigned char *)outcome.hash,
                                  strlen(outcome.hash));
    }
    end_progress();
    memcpy(result->hash, outcome.hash, sizeof result->hash);
    if (options->runs > 1) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        crypto_hash_sha256_final(&hashes, hash);
        sodium_bin2hex(result->hash, sizeof result->hash, hash, sizeof hash);
    }
}

static int simulate(const struct options *options)
{
    struct result result = {.plan = &options->plan, .seed = options->seed, .runs = options->runs};
    const struct onlookers onlookers = {
        .measure = measure_new(),
        .plot = options->plot ? plot_new(&options->plan.params) : NULL,
        .trace = options->trace ? stdout : NULL,
    };
    run_all(options, &onlookers, &result);
    measure_figures(onlookers.measure, &result.figures);
    if (onlookers.plot != NULL) {
        plot_print(onlookers.plot, stdout);
    }
    (options->json ? report_json : report_table)(&result, stdout);
    measure_free(onlookers.measure);
    plot_free(onlookers.plot);
    return result.violations == 0 ? STATUS_OK : STATUS_BROKEN;
}

// --- A scenario --------------------------------------------------------------------------------

static void report_play(const struct options *options, const struct scenario *scenario,
                        const struct onlookers *onlookers, const struct outcome *outcome)
{
    const struct plan plan = {
        .nodes = scenario->node_count,
        .cycles = (uint64_t)(scenario->until_ns / scenario->params.cycle_ns),
        .params = scenario->params,
        .latency = scenario->latency,
    };
    struct result result = {.plan = &plan, .seed = scenario->seed, .runs = 1};
    result.violations = outcome->violations;
    memcpy(result.hash, outcome->hash, sizeof result.hash);
    measure_figures(onlookers->measure, &result.figures);
    if (onlookers->plot != NULL) {
        plot_print(onlookers->plot, stdout);
    }
    if (options->json) {
        report_json(&result, stdout);
    } else if (!options->trace && !options->plot) {
        report_table(&result, stdout);
    }
}

static int play_scenario(const struct options *options)
{
    struct scenario scenario;
    if (scenario_read_file(&scenario, options->scenario) != 0) {
        fprintf(stderr, "actor-sim: %s: %s\n", options->scenario, scenario.why);
        scenario_free(&scenario);
        return STATUS_USAGE;
    }
    if (options->seeded) {
        scenario.seed = options->seed;
    }
    const struct onlookers onlookers = {
        .measure = measure_new(),
        .plot = options->plot ? plot_new(&scenario.params) : NULL,
        .trace = options->trace ? stdout : NULL,
    };
    struct outcome outcome;
    bool kept = play(&scenario, options->scenario, &onlookers, stderr, &outcome);
    report_play(options, &scenario, &onlookers, &outcome);
    measure_free(onlookers.measure);
    plot_free(onlookers.plot);
    scenario_free(&scenario);
    return kept ? STATUS_OK : STATUS_BROKEN;
}

int main(int argc, char **argv)
{
    struct options options;
    if (options_read(&options, argc, argv) != 0) {
        fprintf(stderr, "actor-sim: %s\n", options.why);
        return STATUS_USAGE;
    }
    if (options.help) {
        options_print_help();
        return STATUS_OK;
    }
    if (options.version) {
        printf("actor-sim %s\n", PACKAGE_VERSION);
        return STATUS_OK;
    }
    return options.scenario != NULL ? play_scenario(&options) : simulate(&options);
}
