// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AWAY_MAX_NS (INT64_C(604800) * 1000000000)

// What a setter found wrong; NULL: nothing.
typedef const char *set_fn(struct options *options, const char *text);

// --- Reading what is written -------------------------------------------------------------------

static const char *read_seconds(const char *text, int64_t *ns)
{
    char *end;
    errno = 0;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(fabs(seconds) < 1e9)) {
        return "must be a number of seconds";
    }
    *ns = (int64_t)llround(seconds * 1e9);
    return NULL;
}

static const char *read_int(const char *text, int *number)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < INT_MIN || value > INT_MAX) {
        return "must be a whole number";
    }
    *number = (int)value;
    return NULL;
}

static const char *link_fault(const struct options *options, int error)
{
    return error == ACTOR_OK ? NULL : actor_link_config_why(options->link);
}

static const char *group_fault(const struct options *options, int error)
{
    return error == ACTOR_OK ? NULL : actor_config_why(options->group);
}

static const char *set_time(struct options *options, const char *text,
                            int (*set)(struct actor_config *config, int64_t ns))
{
    int64_t ns = 0;
    const char *fault = read_seconds(text, &ns);
    return fault != NULL ? fault : group_fault(options, set(options->group, ns));
}

static const char *set_number(struct options *options, const char *text,
                              int (*set)(struct actor_config *config, int number))
{
    int number = 0;
    const char *fault = read_int(text, &number);
    return fault != NULL ? fault : group_fault(options, set(options->group, number));
}

// --- One setter for each option ----------------------------------------------------------------

static const char *set_name(struct options *options, const char *text)
{
    return link_fault(options, actor_link_config_set_name(options->link, text));
}

static const char *set_group(struct options *options, const char *text)
{
    for (int i = 0; i < options->group_count; i++) {
        if (strcmp(options->groups[i], text) == 0) {
            return "the group is named twice";
        }
    }
    if (options->group_count == GROUPS_MAX) {
        return "at most 64 groups are allowed";
    }
    options->groups[options->group_count++] = text;
    return group_fault(options, actor_config_set_group(options->group, text));
}

static const char *set_transport(struct options *options, const char *text)
{
    return link_fault(options, actor_link_config_set_url(options->link, text));
}

static const char *set_prefix(struct options *options, const char *text)
{
    return link_fault(options, actor_link_config_set_prefix(options->link, text));
}

static const char *set_cycle(struct options *options, const char *text)
{
    return set_time(options, text, actor_config_set_cycle);
}

static const char *set_gap(struct options *options, const char *text)
{
    int64_t ns = 0;
    const char *fault = read_seconds(text, &ns);
    options->bloc.gap_ns = ns;
    return fault != NULL ? fault : group_fault(options, actor_config_set_gap(options->group, ns));
}

static const char *set_settle(struct options *options, const char *text)
{
    return set_time(options, text, actor_config_set_settle);
}

static const char *set_drain(struct options *options, const char *text)
{
    return set_time(options, text, actor_config_set_drain);
}

static const char *set_prefer(struct options *options, const char *text)
{
    return set_number(options, text, actor_config_set_prefer);
}

static const char *set_never(struct options *options, const char *text)
{
    (void)text;
    return group_fault(options, actor_config_set_never(options->group, true));
}

static const char *set_preempt(struct options *options, const char *text)
{
    (void)text;
    return group_fault(options, actor_config_set_preempt(options->group, true));
}

static const char *set_away(struct options *options, const char *text)
{
    const char *fault = read_seconds(text, &options->away_ns);
    bool is_allowed = options->away_ns >= 0 && options->away_ns <= AWAY_MAX_NS;
    return fault != NULL || is_allowed ? fault : "away must be 0 to 604800 s";
}

static const char *set_keepalive(struct options *options, const char *text)
{
    int64_t ns = 0;
    const char *fault = read_seconds(text, &ns);
    return fault != NULL ? fault
                         : link_fault(options, actor_link_config_set_keepalive(options->link, ns));
}

static const char *set_nodes(struct options *options, const char *text)
{
    return set_number(options, text, actor_config_set_nodes);
}

static const char *set_splits(struct options *options, const char *text)
{
    return set_number(options, text, actor_config_set_splits);
}

static const char *set_hosts(struct options *options, const char *text)
{
    return set_number(options, text, actor_config_set_n_hosts);
}

static const char *set_value(struct options *options, const char *text)
{
    return group_fault(options, actor_config_set_value(options->group, text));
}

static const char *set_takeover(struct options *options, const char *text)
{
    static const struct {
        const char *name;
        enum actor_takeover takeover;
    } known[] = {
        {"at-once", ACTOR_TAKEOVER_AT_ONCE},
        {"after-lease", ACTOR_TAKEOVER_AFTER_LEASE},
        {"slot", ACTOR_TAKEOVER_SLOT},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, text) == 0) {
            return group_fault(options,
                               actor_config_set_takeover(options->group, known[i].takeover));
        }
    }
    return "must be at-once, after-lease or slot";
}

static const char *set_tag(struct options *options, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        return "must be KEY=TEXT";
    }
    char *key = strndup(text, (size_t)(equals - text));
    if (key == NULL) {
        return "no memory";
    }
    int error = actor_link_config_set_tag(options->link, key, equals + 1);
    free(key);
    return link_fault(options, error);
}

static const char *set_bloc(struct options *options, const char *text)
{
    options->bloc.place = text;
    return NULL;
}

static const char *read_bloc_time(const char *text, int64_t *ns)
{
    const char *fault = read_seconds(text, ns);
    if (fault == NULL && (*ns < 1000000000 || *ns > 3600000000000)) {
        fault = "must be 1 to 3600 s";
    }
    return fault;
}

static const char *set_bloc_timeout(struct options *options, const char *text)
{
    return read_bloc_time(text, &options->bloc.timeout_ns);
}

static const char *set_bloc_settle(struct options *options, const char *text)
{
    return read_bloc_time(text, &options->bloc.settle_ns);
}

static const char *set_events(struct options *options, const char *text)
{
    (void)text;
    options->events = true;
    return NULL;
}

static const char *set_log(struct options *options, const char *text)
{
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};
    for (int i = 0; i < (int)(sizeof levels / sizeof *levels); i++) {
        if (strcmp(levels[i], text) == 0) {
            options->log_level = (enum actor_log_level)(ACTOR_LOG_ERROR + i);
            return NULL;
        }
    }
    return "must be error, warning, notice, info or debug";
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
    char letter;          // '\0': none
    const char *argument; // NULL: none
    set_fn *set;
    const char *help; // what it is, bounds, default
};

static const struct spec specs[] = {
    {"name", 'n', "NAME", set_name,
     "this node, unlike all others of its groups; 1 to 64 bytes without / + #\n"
     "(the first label of the host name)"},
    {"group", 'g', "GROUP", set_group, "a group to take part in; may be given again (default)"},
    {"transport", 't', "URL", set_transport,
     "where the groups meet: local:[DIR], mqtt://[USER[:PASSWORD]@]HOST[:1883],\n"
     "mqtts://HOST[:8883], serf://[:KEY@]HOST[:7373],\n"
     "udp://ADDRESS[:7777][?iface=NAME&ttl=1] (local:)"},
    {"prefix", 'p', "PREFIX", set_prefix, "what topics start with (actor)"},
    {"cycle", '\0', "S", set_cycle, "length of a turn, 0.1 to 86400 s, at least 3 gap (10)"},
    {"gap", '\0', "S", set_gap, "longest time under way of a message, 0.01 to 3600 s (1.5)"},
    {"nodes", '\0', "N", set_nodes, "size of the ring, 1 to 64, or -1 for all (5)"},
    {"splits", '\0', "N", set_splits,
     "islands that the network may fall into, plus 1; 1 to 64 (4)"},
    {"hosts", '\0', "N", set_hosts, "rough number of nodes, 1 to 1000000 (10)"},
    {"settle", '\0', "S", set_settle,
     "how long nothing may have changed before each member is told its place, at least\n"
     "cycle + 4.5 gap, at most 604800 (as much and a little)"},
    {"drain", '\0', "S", set_drain,
     "how long members wait, before they are told new places, until those who lost theirs\n"
     "have stopped; 0 to 86400, the same for all (0)"},
    {"prefer", '\0', "N", set_prefer,
     "how much this node wants index 1 when it is given anew, 0 to 100 (0)"},
    {"never", '\0', NULL, set_never, "this node is never index 1"},
    {"preempt", '\0', NULL, set_preempt,
     "it takes index 1 from a member that wants it less (it waits until that one has left)"},
    {"away", '\0', "S", set_away,
     "at its end this node announces to be back within S, 0 to 604800, and keeps its place\n"
     "until then (0: it does not)"},
    {"value", '\0', "JSON", set_value,
     "what decides between two that speak at once: the higher; null: not ready (0)"},
    {"keepalive", '\0', "S", set_keepalive,
     "how long the link may be unproven while this node leads, 1 to 3600 s (5)"},
    {"takeover", '\0', "WHEN", set_takeover,
     "others follow a leader that is gone at-once, after-lease (one keepalive later),\n"
     "or by slot, when its turn has ended (at-once)"},
    {"tag", '\0', "KEY=TEXT", set_tag,
     "something that this node tells of itself; up to 16 may be given"},
    {"bloc", '\0', "HOST:PORT", set_bloc,
     "answer bloc's clients there, for the first group; all nodes of it need this (nowhere)"},
    {"bloc-timeout", '\0', "S", set_bloc_timeout,
     "a client that has not asked for so long is dropped, 1 to 3600 s; its interval must\n"
     "be shorter (4)"},
    {"bloc-settle", '\0', "S", set_bloc_settle,
     "how long no client may have come or gone before each is told its place, at most 3600 s,\n"
     "at least timeout + 2 gap + 0.5 and another gap or 0.25 (as much, a gap and 0.5)"},
    {"events", '\0', NULL, set_events, "print each event as a line of JSON"},
    {"log", '\0', "LEVEL", set_log, "error, warning, notice, info or debug (notice)"},
    {"version", '\0', NULL, set_version, "print the version"},
    {"help", '\0', NULL, set_help, "print this"},
};

enum { SPECS = sizeof specs / sizeof *specs, FIRST_LONG = 256 };

static void make_getopt(struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (int i = 0; i < SPECS; i++) {
        longs[i] = (struct option){specs[i].name,
                                   specs[i].argument != NULL ? required_argument : no_argument,
                                   NULL, FIRST_LONG + i};
        if (specs[i].letter != '\0') {
            *shorts++ = specs[i].letter;
            *shorts++ = ':';
        }
    }
    longs[SPECS] = (struct option){0};
    *shorts = '\0';
}

static const struct spec *find_spec(int option)
{
    for (int i = 0; i < SPECS; i++) {
        if (option == FIRST_LONG + i || (option != '\0' && option == specs[i].letter)) {
            return &specs[i];
        }
    }
    return NULL;
}

static int fail(struct options *options, const char *word, const char *argument, const char *fault)
{
    snprintf(options->why, sizeof options->why, "%s%s%s: %s", word, argument != NULL ? " " : "",
             argument != NULL ? argument : "", fault);
    return -1;
}

// A password in a URL must not reach a log.
static const char *shown_argument(const struct spec *spec, const char *argument)
{
    return spec->set == set_transport ? NULL : argument;
}

static int set_option(struct options *options, int option, const char *word)
{
    const struct spec *spec = find_spec(option);
    if (option == ':') {
        return fail(options, word, NULL, "an argument is missing (see --help)");
    }
    if (spec == NULL) {
        return fail(options, word, NULL, "no such option (see --help)");
    }
    char name[32];
    snprintf(name, sizeof name, "--%s", spec->name);
    const char *fault = spec->set(options, optarg);
    return fault == NULL ? 0 : fail(options, name, shown_argument(spec, optarg), fault);
}

static int read_all(struct options *options, int argc, char **argv)
{
    struct option longs[SPECS + 1];
    char shorts[2 * SPECS + 2];
    make_getopt(longs, shorts);
    opterr = 0;
    optind = 0; // glibc: start anew
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int option = getopt_long(argc, argv, shorts, longs, NULL);
        if (option == -1) {
            break;
        }
        if (set_option(options, option, argv[at]) != 0) {
            return -1;
        }
    }
    if (optind < argc) {
        return fail(options, argv[optind], NULL, "only options are allowed (see --help)");
    }
    return 0;
}

int options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .link = actor_link_config_new(),
        .group = actor_config_new(),
        .log_level = ACTOR_LOG_NOTICE,
        .bloc = {.timeout_ns = 4000000000, .gap_ns = 1500000000},
    };
    if (options->link == NULL || options->group == NULL) {
        return fail(options, argv[0], NULL, "no memory");
    }
    if (read_all(options, argc, argv) != 0) {
        return -1;
    }
    if (options->group_count == 0) {
        options->groups[options->group_count++] = "default";
    }
    return 0;
}

void options_free(struct options *options)
{
    actor_link_config_free(options->link);
    actor_config_free(options->group);
}

static void print_spec(const struct spec *spec)
{
    char left[64], letter[8] = "    ";
    if (spec->letter != '\0') {
        snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    }
    snprintf(left, sizeof left, "%s--%s%s%s", letter, spec->name, spec->argument != NULL ? " " : "",
             spec->argument != NULL ? spec->argument : "");
    printf("  %-24s", left);
    for (const char *c = spec->help; *c != '\0'; c++) {
        putchar(*c);
        if (*c == '\n') {
            printf("%26s", "");
        }
    }
    putchar('\n');
}

void options_print_help(void)
{
    printf("Usage: actord [OPTION]...\n"
           "Takes this node's turns in its groups, and tells who leads. Defaults in brackets.\n\n");
    for (int i = 0; i < SPECS; i++) {
        print_spec(&specs[i]);
    }
    printf("\nEnds with status 0 after SIGTERM or SIGINT, 1 after trouble, 2 when the command line "
           "is bad.\nSee actord(8).\n");
}
