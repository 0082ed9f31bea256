// SPDX-License-Identifier: MIT
// The command line: every option is taken and checked, and what is wrong is said with the option
// and what is allowed. What actord does with it is for the system tests.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"

enum { WORDS_MAX = 140, TEXT_MAX = 1024 };

// Reads "actord" and the words of `line`, which live as long as `text`.
static int read_line(struct options *options, char text[TEXT_MAX], const char *line)
{
    char *argv[WORDS_MAX] = {(char[]){"actord"}};
    int argc = 1;
    ck_assert_int_lt(snprintf(text, TEXT_MAX, "%s", line), TEXT_MAX);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return options_read(options, argc, argv);
}

START_TEST(without_options_there_is_one_group)
{
    struct options options;
    char text[TEXT_MAX];
    ck_assert_int_eq(read_line(&options, text, ""), 0);
    ck_assert_int_eq(options.group_count, 1);
    ck_assert_str_eq(options.groups[0], "default");
    ck_assert_int_eq(options.log_level, ACTOR_LOG_NOTICE);
    ck_assert(!options.events && !options.help && !options.version);
    options_free(&options);
}
END_TEST

START_TEST(groups_come_in_their_order)
{
    struct options options;
    char text[TEXT_MAX];
    ck_assert_int_eq(read_line(&options, text, "-g b --group=a --group c"), 0);
    ck_assert_int_eq(options.group_count, 3);
    ck_assert_str_eq(options.groups[0], "b");
    ck_assert_str_eq(options.groups[1], "a");
    ck_assert_str_eq(options.groups[2], "c");
    options_free(&options);
}
END_TEST

START_TEST(a_second_command_line_is_read_from_its_begin)
{
    struct options options;
    char text[TEXT_MAX];
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(read_line(&options, text, "--events --help"), 0);
        ck_assert(options.events && options.help && !options.version);
        options_free(&options);
    }
}
END_TEST

START_TEST(switches_are_seen)
{
    struct options options;
    char text[TEXT_MAX];
    ck_assert_int_eq(read_line(&options, text, "--events --log debug --help --version"), 0);
    ck_assert(options.events && options.help && options.version);
    ck_assert_int_eq(options.log_level, ACTOR_LOG_DEBUG);
    options_free(&options);
}
END_TEST

// The ends of what is allowed.
static const char *const good[] = {
    "-n x",
    "--name gw-03.example",
    "-t local:/tmp",
    "-p a/b",
    "--cycle 86400",
    "--cycle 0.1 --gap 0.033",
    "--gap 0.01",
    "--cycle 10800 --gap 3600",
    "--nodes -1",
    "--nodes 1",
    "--nodes 64",
    "--splits 1",
    "--splits 64",
    "--hosts 1",
    "--hosts 1000000",
    "--value null",
    "--value 3",
    "--value \"text\"",
    "--value [1,true]",
    "--keepalive 1",
    "--keepalive 3600",
    "--settle 17",
    "--settle 604800",
    "--drain 0",
    "--drain 86400",
    "--prefer 0",
    "--prefer 100 --preempt",
    "--never",
    "--away 0",
    "--away 604800",
    "--takeover at-once",
    "--takeover after-lease",
    "--takeover slot",
    "--bloc 127.0.0.1:8989",
    "--bloc-timeout 1 --bloc-settle 3600",
    "--tag site=north",
    "--tag site=",
    "--tag sum=1+1=2",
    "--tag a=1 --tag b=2 --tag a=3",
    "--log error",
    "--log warning",
};

START_TEST(what_is_allowed_is_taken)
{
    struct options options;
    char text[TEXT_MAX];
    ck_assert_msg(read_line(&options, text, good[_i]) == 0, "%s", options.why);
    options_free(&options);
}
END_TEST

static const struct {
    const char *line, *why; // its begin
} bad[] = {
    {"--colour", "--colour: no such option (see --help)"},
    {"-x", "-x: no such option"},
    {"--cycle", "--cycle: an argument is missing"},
    {"-g", "-g: an argument is missing"},
    {"backup", "backup: only options are allowed"},
    {"--events -- backup", "backup: only options are allowed"},
    {"-n a/b", "--name a/b: a node's name must be 1 to 64 bytes"},
    {"-g a -g a", "--group a: the group is named twice"},
    {"-g a/b", "--group a/b: "},
    {"-t mqtt://me:secret@", "--transport: URL mqtt: the host is missing"},
    {"-t smtp://host", "--transport: URL smtp: this build has no such transport"},
    {"-p /a", "--prefix /a: a prefix must be 1 to 128 bytes"},
    {"--cycle=", "--cycle : must be a number of seconds"},
    {"--nodes=", "--nodes : must be a whole number"},
    {"--cycle ten", "--cycle ten: must be a number of seconds"},
    {"--cycle 10s", "--cycle 10s: must be a number of seconds"},
    {"--cycle nan", "--cycle nan: must be a number of seconds"},
    {"--cycle inf", "--cycle inf: must be a number of seconds"},
    {"--cycle 0.09", "--cycle 0.09: cycle must be 0.1 to 86400 s"},
    {"--cycle 86401", "--cycle 86401: cycle must be 0.1 to 86400 s"},
    {"--gap 0.009", "--gap 0.009: gap must be 0.01 to 3600 s"},
    {"--gap 3601", "--gap 3601: gap must be 0.01 to 3600 s"},
    {"--nodes 0", "--nodes 0: nodes must be -1 (all), or 1 to 64"},
    {"--nodes 65", "--nodes 65: nodes must be -1 (all), or 1 to 64"},
    {"--nodes 2.5", "--nodes 2.5: must be a whole number"},
    {"--nodes 99999999999", "--nodes 99999999999: must be a whole number"},
    {"--splits 0", "--splits 0: splits must be 1 to 64"},
    {"--hosts 0", "--hosts 0: n_hosts must be 1 to 1000000"},
    {"--away -1", "--away -1: away must be 0 to 604800 s"},
    {"--away 604801", "--away 604801: away must be 0 to 604800 s"},
    {"--away soon", "--away soon: must be a number of seconds"},
    {"--drain -1", "--drain -1: drain must be 0 to 86400 s"},
    {"--drain 86401", "--drain 86401: drain must be 0 to 86400 s"},
    {"--prefer 101", "--prefer 101: prefer must be 0 to 100"},
    {"--prefer -1", "--prefer -1: prefer must be 0 to 100"},
    {"--prefer most", "--prefer most: must be a whole number"},
    {"--value {}", "--value {}: "},
    {"--value 1e999", "--value 1e999: "},
    {"--value nonsense", "--value nonsense: "},
    {"--keepalive 0.5", "--keepalive 0.5: keepalive must be 1 to 3600 s"},
    {"--settle 0", "--settle 0: settle must be above 0 and at most 604800 s"},
    {"--settle 604801", "--settle 604801: settle must be above 0"},
    {"--settle soon", "--settle soon: must be a number of seconds"},
    {"--takeover", "--takeover: an argument is missing"},
    {"--bloc", "--bloc: an argument is missing"},
    {"--bloc-timeout soon", "--bloc-timeout soon: must be a number of seconds"},
    {"--bloc-timeout 0.9", "--bloc-timeout 0.9: must be 1 to 3600 s"},
    {"--bloc-settle 3601", "--bloc-settle 3601: must be 1 to 3600 s"},
    {"--takeover never", "--takeover never: must be at-once, after-lease or slot"},
    {"--takeover=", "--takeover : must be at-once, after-lease or slot"},
    {"--tag site", "--tag site: must be KEY=TEXT"},
    {"--tag =north", "--tag =north: a tag's key must be 1 to 64 bytes"},
    {"--tag site=\1", "--tag site=\1: a tag's key must be 1 to 64 bytes and its text at most 256"},
    {"--log loud", "--log loud: must be error, warning, notice, info or debug"},
};

START_TEST(what_is_wrong_is_said_with_the_option)
{
    struct options options;
    char text[TEXT_MAX];
    ck_assert_int_eq(read_line(&options, text, bad[_i].line), -1);
    ck_assert_msg(strncmp(options.why, bad[_i].why, strlen(bad[_i].why)) == 0, "%s", options.why);
    ck_assert_msg(strlen(options.why) > strlen("--value {}: "), "%s", options.why);
    ck_assert_msg(strstr(options.why, "secret") == NULL, "%s", options.why);
    options_free(&options);
}
END_TEST

START_TEST(too_many_groups_are_refused)
{
    struct options options;
    char text[TEXT_MAX], line[TEXT_MAX];
    for (int i = 0, used = 0; i < GROUPS_MAX + 1; i++) {
        used += snprintf(line + used, sizeof line - (size_t)used, "-g%d ", i);
    }
    ck_assert_int_eq(read_line(&options, text, line), -1);
    ck_assert_str_eq(options.why, "--group 64: at most 64 groups are allowed");
    options_free(&options);
}
END_TEST

START_TEST(too_many_tags_are_refused)
{
    struct options options;
    char text[TEXT_MAX], line[TEXT_MAX];
    for (int i = 0, used = 0; i < 17; i++) {
        used += snprintf(line + used, sizeof line - (size_t)used, "--tag %d=x ", i);
    }
    ck_assert_int_eq(read_line(&options, text, line), -1);
    ck_assert_str_eq(options.why, "--tag 16=x: a node has at most 16 tags");
    options_free(&options);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, without_options_there_is_one_group);
    tcase_add_test(tests, groups_come_in_their_order);
    tcase_add_test(tests, a_second_command_line_is_read_from_its_begin);
    tcase_add_test(tests, switches_are_seen);
    tcase_add_loop_test(tests, what_is_allowed_is_taken, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, what_is_wrong_is_said_with_the_option, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, too_many_groups_are_refused);
    tcase_add_test(tests, too_many_tags_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
