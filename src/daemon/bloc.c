// SPDX-License-Identifier: MIT
#include "bloc.h"

#include "http.h"
#include "log.h"
#include "sessions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define S_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)

enum { ID_MAX_BYTES = 64, STEP_MIN_MS = 10, SAID_AGAIN_S = 60 };

struct bloc {
    struct http *http; // NULL: stopped
    struct sessions *sessions;
    struct actor *actor; // NULL: not joined yet, or stopped
    uv_timer_t timer;
    int64_t said_ns; // why there are no places
};

// --- Small things --------------------------------------------------------------------------------

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * S_NS + now.tv_nsec;
}

// Once a minute.
__attribute__((format(printf, 2, 3))) static void say(struct bloc *bloc, const char *format, ...)
{
    char line[320];
    va_list args;
    int64_t at_ns = now_ns();
    if (bloc->said_ns != 0 && at_ns - bloc->said_ns < SAID_AGAIN_S * S_NS) {
        return;
    }
    bloc->said_ns = at_ns;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_line(NULL, ACTOR_LOG_WARNING, line);
}

// --- Telling the others --------------------------------------------------------------------------

// What is not told now is told again, or with the next table.
static void on_tell(void *context, const uint8_t *bytes, size_t len)
{
    const struct bloc *bloc = context;
    (void)actor_tell(bloc->actor, bytes, len);
}

static void arm(struct bloc *bloc);

static void step(struct bloc *bloc)
{
    if (bloc->actor != NULL) {
        size_t room = actor_tell_max(bloc->actor);
        sessions_step(bloc->sessions, now_ns(), room, on_tell, bloc);
        const char *leader = sessions_silent_leader(bloc->sessions, now_ns());
        if (leader != NULL) {
            say(bloc,
                "bloc: %s has index 1 and tells of no sessions -> no places (allowed: groups "
                "in which all have --bloc)",
                leader);
        }
        arm(bloc);
    }
}

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

static void arm(struct bloc *bloc)
{
    int64_t wait_ns = sessions_due_ns(bloc->sessions) - now_ns();
    int64_t wait_ms = wait_ns / MS_NS + 1;
    uv_update_time(bloc->timer.loop);
    uv_timer_start(&bloc->timer, on_timer,
                   (uint64_t)(wait_ms > STEP_MIN_MS ? wait_ms : STEP_MIN_MS), 0);
}

static void on_told(void *context, struct actor *actor, const char *who, const void *payload,
                    size_t len)
{
    struct bloc *bloc = context;
    (void)actor;
    if (bloc->http == NULL) {
        return;
    }
    if (!sessions_heard(bloc->sessions, now_ns(), who, payload, len)) {
        say(bloc, "bloc: %s has another --bloc-timeout or --bloc-settle -> no places", who);
    }
    arm(bloc);
}

// --- Clients -------------------------------------------------------------------------------------

static void refuse(struct http_answer *answer, unsigned status, const char *sentence)
{
    answer->status = status;
    snprintf(answer->body, sizeof answer->body, "{\"error\": \"%s\"}", sentence);
}

static bool is_id(const char *id)
{
    size_t len = 0;
    while (id[len] > ' ' && id[len] <= '~' && len <= ID_MAX_BYTES) {
        len++;
    }
    return id[len] == '\0' && len >= 1 && len <= ID_MAX_BYTES;
}

// NULL: it was refused.
static const char *id_of(const struct http_request *request, struct http_answer *answer)
{
    const char *id = http_header(request, "Bloc-Session-ID");
    if (id == NULL || !is_id(id)) {
        refuse(answer, 400,
               "the header Bloc-Session-ID must be 1 to 64 bytes of visible ASCII, without blanks");
        return NULL;
    }
    return id;
}

static void get_index(struct bloc *bloc, const struct http_request *request,
                      struct http_answer *answer)
{
    const char *id = id_of(request, answer);
    if (id == NULL) {
        return;
    }
    struct sessions_answer place = sessions_ask(bloc->sessions, now_ns(), id);
    switch (place.state) {
    case SESSIONS_SETTLED:
        snprintf(answer->body, sizeof answer->body,
                 "{\"status\": \"SETTLED\", \"index\": %u, \"total\": %u}", place.index,
                 place.total);
        break;
    case SESSIONS_SETTLING:
        snprintf(answer->body, sizeof answer->body, "{\"status\": \"SETTLING\"}");
        break;
    case SESSIONS_FULL:
        refuse(answer, 503, "there are 4096 sessions already, and no more are allowed");
        break;
    }
}

static void delete_session(struct bloc *bloc, const struct http_request *request,
                           struct http_answer *answer)
{
    const char *id = id_of(request, answer);
    if (id != NULL) {
        sessions_leave(bloc->sessions, now_ns(), id);
        snprintf(answer->body, sizeof answer->body, "{}");
    }
}

typedef void serve_fn(struct bloc *bloc, const struct http_request *request,
                      struct http_answer *answer);

static const struct {
    const char *path, *method;
    serve_fn *serve;
} services[] = {
    {"/index", "GET", get_index},
    {"/session", "DELETE", delete_session},
};

static void on_request(void *context, const struct http_request *request, const char *method,
                       const char *path, struct http_answer *answer)
{
    struct bloc *bloc = context;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(services[i].path, path) != 0) {
            continue;
        }
        if (strcmp(services[i].method, method) != 0) {
            answer->allow = services[i].method;
            refuse(answer, 405, "this path takes another method");
            return;
        }
        services[i].serve(bloc, request, answer);
        arm(bloc);
        return;
    }
    refuse(answer, 404, "there are only /index and /session");
}

// --- The group -----------------------------------------------------------------------------------

static void set_gap(struct bloc *bloc, int64_t gap_ns)
{
    if (!sessions_set_gap(bloc->sessions, gap_ns)) {
        say(bloc, "bloc: --bloc-settle is too short for the group's gap, now %.2f s -> no places",
            (double)gap_ns / 1e9);
    }
}

void bloc_event(struct bloc *bloc, const struct actor_event *event)
{
    int64_t at_ns = now_ns();
    if (bloc->http == NULL) {
        return;
    }
    if (event->type == ACTOR_EVENT_SETUP) {
        set_gap(bloc, event->gap_ns);
    } else if (event->type == ACTOR_EVENT_SETTLING) {
        sessions_settling(bloc->sessions, at_ns);
    } else if (event->type == ACTOR_EVENT_SETTLED) {
        struct sessions_roster roster = {event->view, event->index, event->roster.count,
                                         event->roster.names};
        sessions_placed(bloc->sessions, at_ns, &roster);
        arm(bloc);
    }
}

void bloc_prepare(struct bloc *bloc, struct actor_config *config)
{
    actor_config_set_told(config, on_told, bloc);
}

void bloc_join(struct bloc *bloc, struct actor *actor)
{
    bloc->actor = actor;
    step(bloc);
}

// The rest is up to the user: what they must be is said in sessions.h.
static int64_t default_settle_ns(const struct bloc_options *options)
{
    return sessions_settle_min_ns(options->timeout_ns, options->gap_ns) + options->gap_ns +
           S_NS / 2;
}

static struct sessions *new_sessions(const struct bloc_options *options, char *why, size_t why_size)
{
    int64_t least_ns = sessions_settle_min_ns(options->timeout_ns, options->gap_ns);
    int64_t settle_ns = options->settle_ns != 0 ? options->settle_ns : default_settle_ns(options);
    if (settle_ns < least_ns) {
        snprintf(why, why_size,
                 "--bloc-settle: must be at least %.2f with this --bloc-timeout and --gap (timeout "
                 "+ 2 gap + 0.5 s, and a gap or 0.25 s more)",
                 (double)least_ns / 1e9);
        return NULL;
    }
    struct sessions *sessions = sessions_new(options->timeout_ns, settle_ns);
    if (sessions == NULL) {
        snprintf(why, why_size, "--bloc: no memory");
        return NULL;
    }
    sessions_set_gap(sessions, options->gap_ns);
    return sessions;
}

static int open_http(struct bloc *bloc, uv_loop_t *loop, const char *place, char *why,
                     size_t why_size)
{
    char fault[256];
    int error = http_open(&bloc->http, loop, place, on_request, bloc, fault, sizeof fault);
    if (error != 0) {
        snprintf(why, why_size, "--bloc %s: %s", place, fault);
    }
    return error;
}

int bloc_open(struct bloc **result, struct actor_link *link, const struct bloc_options *options,
              char *why, size_t why_size)
{
    uv_loop_t *loop = actor_link_loop(link);
    struct sessions *sessions = new_sessions(options, why, why_size);
    struct bloc *bloc = sessions != NULL ? calloc(1, sizeof *bloc) : NULL;
    int error = bloc == NULL ? -EINVAL : open_http(bloc, loop, options->place, why, why_size);
    if (error != 0) {
        sessions_free(sessions);
        free(bloc);
        return error;
    }
    bloc->sessions = sessions;
    uv_timer_init(loop, &bloc->timer);
    bloc->timer.data = bloc;
    *result = bloc;
    return 0;
}

void bloc_stop(struct bloc *bloc)
{
    if (bloc != NULL && bloc->http != NULL) {
        http_close(bloc->http);
        uv_close((uv_handle_t *)&bloc->timer, NULL);
        bloc->http = NULL;
        bloc->actor = NULL;
    }
}

void bloc_free(struct bloc *bloc)
{
    if (bloc != NULL) {
        sessions_free(bloc->sessions);
    }
    free(bloc);
}
