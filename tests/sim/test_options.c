// SPDX-License-Identifier: MIT
// The command line of actor-sim: every option is taken and checked, and what is wrong is said with
// the option and what is allowed.
#include <check.h>

#include "sim/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 40, LINE_MAX_BYTES = 256 };

// Reads "actor-sim" and the words of `line`, which live as long as `text`.
static int read_line(struct options *options, char text[LINE_MAX_BYTES], const char *line)
{
    char *argv[WORDS_MAX] = {(char[]){"actor-sim"}};
    int argc = 1;
    ck_assert_int_lt(snprintf(text, LINE_MAX_BYTES, "%s", line), LINE_MAX_BYTES);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    optind = 0; // a program reads its command line once, and tests without fork many
    return options_read(options, argc, argv);
}

static void ck_read(struct options *options, char text[LINE_MAX_BYTES], const char *line)
{
    ck_assert_msg(read_line(options, text, line) == 0, "%s", options->why);
}

START_TEST(without_options_five_nodes_live_for_500_cycles)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text, "");
    const struct plan *plan = &options.plan;
    ck_assert_int_eq(plan->nodes, 5);
    ck_assert_uint_eq(plan->cycles, 500);
    ck_assert_int_eq(params_compare(&plan->params, &params_default), 0);
    ck_assert_int_eq(plan->latency.min_ns, 0);
    ck_assert_int_eq(plan->latency.max_ns, params_default.gap_ns / 20);
    ck_assert(plan->loss == 0 && plan->duplicates == 0);
    ck_assert(plan->kill_every == 0 && plan->split_at == 0 && plan->split_for == 0);
    ck_assert(!plan->hints.given && plan->takeover == TAKEOVER_AT_ONCE);
    ck_assert(!plan->has_roster && plan->settle_ns == 0 && plan->drain_ns == 0);
    ck_assert_uint_eq(options.runs, 1);
    ck_assert_uint_le(options.seed, UINT32_MAX);
    ck_assert(!options.json && !options.trace && !options.plot && !options.help);
    ck_assert(!options.version && options.scenario == NULL);
}
END_TEST

START_TEST(the_plan_is_what_was_asked_for)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text,
            "--nodes 20 --cycles 7 --cycle 5 --gap 0.5 --ring 3 --latency 0.1:0.25 --loss 0.01 "
            "--dup 0.02 --kill 4 --split 2:3 --hints 0.2:0.3 --hint-loss 0.04 "
            "--takeover after-lease --settle 15 --drain 2.5");
    const struct plan *plan = &options.plan;
    ck_assert_int_eq(plan->nodes, 20);
    ck_assert_uint_eq(plan->cycles, 7);
    ck_assert_int_eq(plan->params.cycle_ns, 5 * NS_PER_S);
    ck_assert_int_eq(plan->params.gap_ns, NS_PER_S / 2);
    ck_assert_int_eq(plan->params.nodes, 3);
    ck_assert_int_eq(plan->latency.min_ns, NS_PER_S / 10);
    ck_assert_int_eq(plan->latency.max_ns, NS_PER_S / 4);
    ck_assert(plan->loss == 0.01 && plan->duplicates == 0.02);
    ck_assert_uint_eq(plan->kill_every, 4);
    ck_assert_uint_eq(plan->split_at, 2);
    ck_assert_uint_eq(plan->split_for, 3);
    ck_assert(plan->hints.given && plan->hints.loss == 0.04);
    ck_assert_int_eq(plan->hints.latency.min_ns, NS_PER_S / 5);
    ck_assert_int_eq(plan->hints.latency.max_ns, 3 * (NS_PER_S / 10));
    ck_assert_int_eq(plan->hints.silence_ns, 5 * NS_PER_S); // a cycle
    ck_assert_int_eq(plan->takeover, TAKEOVER_AFTER_LEASE);
    ck_assert(plan->has_roster);
    ck_assert_int_eq(plan->settle_ns, 15 * NS_PER_S);
    ck_assert_int_eq(plan->drain_ns, 5 * NS_PER_S / 2);
}
END_TEST

START_TEST(switches_are_seen)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text, "--seed 9 --json --trace --plot --help --version --scenario file");
    ck_assert_uint_eq(options.seed, 9);
    ck_assert(options.json && options.trace && options.plot && options.help && options.version);
    ck_assert_str_eq(options.scenario, "file");
}
END_TEST

START_TEST(runs_are_as_many_as_asked_for)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text, "--runs 3");
    ck_assert_uint_eq(options.runs, 3);
}
END_TEST

START_TEST(one_latency_is_the_only_one_there_is)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text, "--latency 0.2");
    ck_assert_int_eq(options.plan.latency.min_ns, NS_PER_S / 5);
    ck_assert_int_eq(options.plan.latency.max_ns, NS_PER_S / 5);
    ck_read(&options, text, "--gap 2");
    ck_assert_int_eq(options.plan.latency.max_ns, NS_PER_S / 10); // of the gap that was asked for
}
END_TEST

// The ends of what is allowed.
static const char *const good[] = {
    "--nodes 1",
    "--nodes 10000",
    "--cycles 1",
    "--cycles 10000000",
    "--cycle 0.1 --gap 0.033",
    "--cycle 86400",
    "--gap 0.01",
    "--cycle 10800 --gap 3600",
    "--ring 1",
    "--ring 64",
    "--latency 0",
    "--latency 1:1",
    "--loss 0",
    "--loss 0.999",
    "--dup 0",
    "--dup 0.999",
    "--hints 0",
    "--hints 0.5:0.5",
    "--hint-loss 0",
    "--hint-loss 0.999",
    "--takeover at-once",
    "--takeover slot",
    "--settle 0",
    "--settle 604800",
    "--settle 1 --drain 86400",
    "--settle 1 --nodes 512",
    "--kill 1",
    "--kill 1000000",
    "--split 1:1",
    "--split 9999999:9999999",
    "--seed 0",
    "--seed 9007199254740992",
    "--runs 1",
    "--runs 1000000000",
};

START_TEST(what_is_allowed_is_taken)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_read(&options, text, good[_i]);
}
END_TEST

#define NODES "must be 1 to 10000"
#define CYCLES "must be 1 to 10000000"
#define SECONDS "must be a number of seconds"
#define RING "must be 1 to 64"
#define SHARE "must be a share from 0 to 1"
#define SETTLE "must be 0 to 604800 s"
#define DRAIN "must be 0 to 86400 s"
#define KILL "must be 1 to 1000000 cycles"
#define SPLIT "must be AT:FOR, both in cycles from 1 on"
#define SEED "must be 0 to 2^53"
#define RUNS "must be 1 to 1000000000"

static const struct {
    const char *line, *why;
} bad[] = {
    {"--colour", "--colour: no such option (see --help)"},
    {"-x", "-x: no such option (see --help)"},
    {"--cycle", "--cycle: an argument is missing (see --help)"},
    {"fast", "fast: only options are allowed (see --help)"},
    {"--json -- fast", "fast: only options are allowed (see --help)"},
    {"--nodes 0", "--nodes 0: " NODES},
    {"--nodes 10001", "--nodes 10001: " NODES},
    {"--nodes -1", "--nodes -1: " NODES},
    {"--nodes 2.5", "--nodes 2.5: " NODES},
    {"--nodes=", "--nodes : " NODES},
    {"--cycles 0", "--cycles 0: " CYCLES},
    {"--cycles 10000001", "--cycles 10000001: " CYCLES},
    {"--cycle ten", "--cycle ten: " SECONDS},
    {"--cycle 10s", "--cycle 10s: " SECONDS},
    {"--cycle nan", "--cycle nan: " SECONDS},
    {"--cycle inf", "--cycle inf: " SECONDS},
    {"--cycle=", "--cycle : " SECONDS},
    {"--cycle -1", "--cycle -1: " SECONDS},
    {"--cycle 0.09 --gap 0.01", "the parameters: cycle must be 0.1 to 86400 s"},
    {"--cycle 86401", "the parameters: cycle must be 0.1 to 86400 s"},
    {"--gap one", "--gap one: " SECONDS},
    {"--gap 0.009", "the parameters: gap must be 0.01 to 3600 s"},
    {"--gap 3601", "the parameters: gap must be 0.01 to 3600 s"},
    {"--gap 3.4", "the parameters: cycle must be at least 3 gap"},
    {"--ring 0", "--ring 0: " RING},
    {"--ring 65", "--ring 65: " RING},
    {"--latency soon", "--latency soon: " SECONDS},
    {"--latency 1:late", "--latency 1:late: " SECONDS},
    {"--latency 1:2:3", "--latency 1:2:3: " SECONDS},
    {"--latency 2:1", "--latency 2:1: must be the shortest and the longest, in this order"},
    {"--loss 1", "--loss 1: " SHARE},
    {"--loss -0.1", "--loss -0.1: " SHARE},
    {"--loss 5%", "--loss 5%: " SHARE},
    {"--dup 1", "--dup 1: " SHARE},
    {"--dup some", "--dup some: " SHARE},
    {"--hints soon", "--hints soon: " SECONDS},
    {"--hints 2:1", "--hints 2:1: must be the shortest and the longest, in this order"},
    {"--hint-loss 1", "--hint-loss 1: " SHARE},
    {"--takeover never", "--takeover never: must be at-once, after-lease or slot"},
    {"--settle soon", "--settle soon: " SETTLE},
    {"--settle 604801", "--settle 604801: " SETTLE},
    {"--settle 1 --nodes 513", "--settle: is for at most 512 nodes"},
    {"--settle 1 --drain -1", "--drain -1: " DRAIN},
    {"--settle 1 --drain 86401", "--drain 86401: " DRAIN},
    {"--drain 1", "--drain: is of indexes, which --settle asks for"},
    {"--hints 1 --scenario file", "--hints: a scenario settles that itself"},
    {"--kill 0", "--kill 0: " KILL},
    {"--kill 1000001", "--kill 1000001: " KILL},
    {"--split 5", "--split 5: " SPLIT},
    {"--split 5:", "--split 5:: " SPLIT},
    {"--split :5", "--split :5: " SPLIT},
    {"--split 1:2:3", "--split 1:2:3: " SPLIT},
    {"--split 1:10000000", "--split 1:10000000: " SPLIT},
    {"--split 0:5", "--split 0:5: " SPLIT},
    {"--split 5:0", "--split 5:0: " SPLIT},
    {"--split 5:5x", "--split 5:5x: " SPLIT},
    {"--split 5:-1", "--split 5:-1: " SPLIT},
    {"--split 10000000:1", "--split 10000000:1: " SPLIT},
    {"--seed -1", "--seed -1: " SEED},
    {"--seed 9007199254740993", "--seed 9007199254740993: " SEED},
    {"--seed 99999999999999999999", "--seed 99999999999999999999: " SEED},
    {"--runs 3 --scenario file", "--runs: a scenario settles that itself"},
    {"--scenario file --nodes 3", "--nodes: a scenario settles that itself"},
    {"--runs 0", "--runs 0: " RUNS},
    {"--runs 1000000001", "--runs 1000000001: " RUNS},
};

START_TEST(what_is_wrong_is_said_with_the_option)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_assert_int_eq(read_line(&options, text, bad[_i].line), -1);
    ck_assert_str_eq(options.why, bad[_i].why);
}
END_TEST

START_TEST(a_long_argument_is_shown_in_part)
{
    struct options options;
    char text[LINE_MAX_BYTES];
    ck_assert_int_eq(
        read_line(&options, text, "--seed 0123456789012345678901234567890123456789012345"), -1);
    ck_assert_str_eq(options.why, "--seed 0123456789012345678901234567890123456789: " SEED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, without_options_five_nodes_live_for_500_cycles);
    tcase_add_test(tests, the_plan_is_what_was_asked_for);
    tcase_add_test(tests, switches_are_seen);
    tcase_add_test(tests, runs_are_as_many_as_asked_for);
    tcase_add_test(tests, one_latency_is_the_only_one_there_is);
    tcase_add_loop_test(tests, what_is_allowed_is_taken, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, what_is_wrong_is_said_with_the_option, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, a_long_argument_is_shown_in_part);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
