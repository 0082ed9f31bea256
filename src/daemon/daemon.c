// SPDX-License-Identifier: MIT
#include "daemon.h"

#include "bloc.h"
#include "log.h"
#include "options.h"
#include "publish.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { STATUS_OK = 0, STATUS_TROUBLE = 1, STATUS_USAGE = 2, SIGNALS = 3 };

struct daemon;

struct seat {
    struct daemon *daemon;
    struct actor *actor;
    struct publisher publisher;
};

struct daemon {
    struct options options;
    struct actor_link *link;
    struct seat seats[GROUPS_MAX];
    struct bloc *bloc; // of the first seat; NULL: none
    uv_signal_t signals[SIGNALS];
    int status;
    bool leaving;
    bool output_broken; // standard output: said so already
};

__attribute__((format(printf, 2, 3))) static void say(enum actor_log_level level,
                                                      const char *format, ...)
{
    char line[OPTIONS_WHY_MAX + 64];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_line(NULL, level, line);
}

static void leave(struct daemon *daemon)
{
    if (!daemon->leaving) {
        daemon->leaving = true;
        bloc_stop(daemon->bloc);
        actor_link_shutdown(daemon->link);
    }
}

// --- Events ------------------------------------------------------------------------------------

static void print_event(struct daemon *daemon, const char *json)
{
    bool broken = printf("%s\n", json) < 0;
    broken |= fflush(stdout) != 0;
    if (broken && !daemon->output_broken) {
        say(ACTOR_LOG_ERROR, "standard output: %s -> events are not printed", strerror(errno));
    }
    daemon->output_broken |= broken;
    clearerr(stdout);
}

static void on_event(void *context, struct actor *actor, const struct actor_event *event)
{
    struct seat *seat = context;
    struct daemon *daemon = seat->daemon;
    char json[ACTOR_EVENT_JSON_MAX];
    (void)actor;
    if (actor_event_json(event, json, sizeof json) < 0) {
        say(ACTOR_LOG_ERROR, "%s: an event is too long: %s", event->group,
            actor_event_name(event->type));
        return;
    }
    if (daemon->options.events) {
        print_event(daemon, json);
    }
    publisher_event(&seat->publisher, event, json);
    if (daemon->bloc != NULL && seat == &daemon->seats[0]) {
        bloc_event(daemon->bloc, event);
    }
    if (event->type == ACTOR_EVENT_NAME_TAKEN) {
        say(ACTOR_LOG_ERROR,
            "group %s: another process is node %s already -> this one ends (allowed: one process "
            "for each name; see --name)",
            event->group, event->node);
        daemon->status = STATUS_TROUBLE;
        leave(daemon);
    }
}

// --- Signals -----------------------------------------------------------------------------------

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (daemon->leaving) {
        _exit(STATUS_TROUBLE); // asked twice: at once
    }
    say(ACTOR_LOG_NOTICE, "%s -> leaving", strsignal(number));
    for (int i = 0; i < daemon->options.group_count; i++) {
        if (daemon->seats[i].actor != NULL && daemon->options.away_ns > 0) {
            actor_away(daemon->seats[i].actor, daemon->options.away_ns);
        }
        publisher_leave(&daemon->seats[i].publisher);
    }
    leave(daemon);
}

// What the indices gave to do has stopped: somebody who follows the events says so.
static void on_drained(uv_signal_t *handle, int number)
{
    const struct daemon *daemon = handle->data;
    (void)number;
    for (int i = 0; i < daemon->options.group_count && !daemon->leaving; i++) {
        if (daemon->seats[i].actor != NULL) {
            actor_drained(daemon->seats[i].actor);
        }
    }
}

static void watch_signals(struct daemon *daemon)
{
    static const struct {
        int number;
        uv_signal_cb on_signal;
    } watched[SIGNALS] = {{SIGTERM, on_signal}, {SIGINT, on_signal}, {SIGUSR1, on_drained}};
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SIGNALS; i++) {
        daemon->signals[i].data = daemon;
        uv_signal_init(actor_link_loop(daemon->link), &daemon->signals[i]);
        uv_signal_start(&daemon->signals[i], watched[i].on_signal, watched[i].number);
    }
}

static void unwatch_signals(struct daemon *daemon)
{
    for (int i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&daemon->signals[i], NULL);
    }
}

// --- From the start to the end -----------------------------------------------------------------

static int take_seat(struct daemon *daemon, int i)
{
    struct options *options = &daemon->options;
    struct seat *seat = &daemon->seats[i];
    seat->daemon = daemon;
    publisher_init(&seat->publisher, daemon->link, options->groups[i]);
    actor_config_set_group(options->group, options->groups[i]);
    int error = actor_new(&seat->actor, daemon->link, options->group, on_event, seat);
    if (error != ACTOR_OK) {
        say(ACTOR_LOG_ERROR, "group %s: %s", options->groups[i],
            error == ACTOR_EINVAL ? actor_config_why(options->group) : actor_strerror(error));
        return error == ACTOR_EINVAL ? STATUS_USAGE : STATUS_TROUBLE;
    }
    return STATUS_OK;
}

// The sessions belong to the first.
static int take_seats(struct daemon *daemon)
{
    struct options *options = &daemon->options;
    int status = STATUS_OK;
    if (daemon->bloc != NULL) {
        bloc_prepare(daemon->bloc, options->group);
    }
    for (int i = 0; i < options->group_count && status == STATUS_OK; i++) {
        status = take_seat(daemon, i);
        actor_config_set_told(options->group, NULL, NULL);
    }
    if (daemon->bloc != NULL && status == STATUS_OK) {
        bloc_join(daemon->bloc, daemon->seats[0].actor);
    }
    return status;
}

// An address that is taken, or not there yet, may be free later: systemd tries again.
static int listen_to_clients(struct daemon *daemon)
{
    char why[OPTIONS_WHY_MAX];
    const struct bloc_options *options = &daemon->options.bloc;
    int error = options->place == NULL
                    ? 0
                    : bloc_open(&daemon->bloc, daemon->link, options, why, sizeof why);
    if (error != 0) {
        say(ACTOR_LOG_ERROR, "%s", why);
        return error == -EINVAL ? STATUS_USAGE : STATUS_TROUBLE;
    }
    return STATUS_OK;
}

static int open_link(struct daemon *daemon)
{
    struct actor_link_config *config = daemon->options.link;
    actor_link_config_set_log(config, daemon->options.log_level, log_line, NULL);
    int error = actor_link_new(&daemon->link, config);
    if (error == ACTOR_ENOMEM) {
        say(ACTOR_LOG_ERROR, "%s", actor_strerror(error));
        return STATUS_TROUBLE;
    }
    if (error != ACTOR_OK) {
        say(ACTOR_LOG_ERROR, "%s", actor_link_config_why(config));
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static int run(struct daemon *daemon)
{
    int status = open_link(daemon);
    if (status != STATUS_OK) {
        return status;
    }
    watch_signals(daemon);
    status = listen_to_clients(daemon);
    if (status == STATUS_OK) {
        status = take_seats(daemon);
    }
    if (status == STATUS_OK) {
        status = actor_link_run(daemon->link) == ACTOR_OK ? daemon->status : STATUS_TROUBLE;
    }
    for (int i = 0; i < daemon->options.group_count; i++) {
        actor_free(daemon->seats[i].actor);
    }
    bloc_stop(daemon->bloc);
    unwatch_signals(daemon);
    actor_link_free(daemon->link);
    bloc_free(daemon->bloc);
    return status;
}

int daemon_main(int argc, char **argv)
{
    static struct daemon daemon;
    int status = STATUS_OK;
    if (options_read(&daemon.options, argc, argv) != 0) {
        say(ACTOR_LOG_ERROR, "%s", daemon.options.why);
        status = STATUS_USAGE;
    } else if (daemon.options.help) {
        options_print_help();
    } else if (daemon.options.version) {
        printf("actord %s\n", actor_version());
    } else {
        status = run(&daemon);
    }
    options_free(&daemon.options);
    return status;
}
