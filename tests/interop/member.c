// SPDX-License-Identifier: MIT
// A node of ours that obeys, by the library: what node.py is for the Python package. Prints its
// events as actord does; each line of standard input is an object with one key:
// {"set_value": 5}, {"enable": null}, {"disable": null},
// {"update_config": {"version": 2, "cycle": 2, "gap": 0.3, "nodes": 5}}.
//
//   member NAME URL PREFIX GROUP VALUE CYCLE GAP NODES
#include <asyncactor/actor.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static struct actor *actor;
static struct actor_config *config;
static char line[4096];
static size_t line_len;
static uv_signal_t term;
static uv_pipe_t input;

static void on_event(void *context, struct actor *self, const struct actor_event *event)
{
    (void)context;
    (void)self;
    static char json[ACTOR_EVENT_JSON_MAX];
    if (actor_event_json(event, json, sizeof json) > 0) {
        puts(json);
        fflush(stdout);
    }
}

static void on_log(void *context, enum actor_log_level level, const char *text)
{
    (void)context;
    fprintf(stderr, "<%d>%s\n", level, text);
}

// --- Commands ----------------------------------------------------------------------------------

static int64_t ns(double seconds)
{
    return (int64_t)(seconds * 1e9 + 0.5);
}

static int set_params(double cycle, double gap, int nodes)
{
    int error = actor_config_set_cycle(config, ns(cycle));
    error = error == 0 ? actor_config_set_gap(config, ns(gap)) : error;
    return error == 0 ? actor_config_set_nodes(config, nodes) : error;
}

static int update_config(json_t *wanted)
{
    double cycle, gap;
    int version, nodes;
    if (json_unpack(wanted, "{s:i, s:F, s:F, s:i}", "version", &version, "cycle", &cycle, "gap",
                    &gap, "nodes", &nodes) != 0) {
        return ACTOR_EINVAL;
    }
    int error = actor_config_set_version(config, version);
    error = error == 0 ? set_params(cycle, gap, nodes) : error;
    return error == 0 ? actor_set_params(actor, config) : error;
}

static int set_value(json_t *value)
{
    char *json = json_dumps(value, JSON_ENCODE_ANY);
    int error = json != NULL ? actor_set_value(actor, json) : ACTOR_ENOMEM;
    free(json);
    return error;
}

static int enable(json_t *ignored)
{
    (void)ignored;
    return actor_enable(actor);
}

static int disable(json_t *ignored)
{
    (void)ignored;
    return actor_disable(actor);
}

static int hand_over(json_t *name)
{
    return json_is_string(name) ? actor_hand_over(actor, json_string_value(name)) : ACTOR_EINVAL;
}

static const struct {
    const char *name;
    int (*obey)(json_t *argument);
} commands[] = {
    {"set_value", set_value},         {"enable", enable},       {"disable", disable},
    {"update_config", update_config}, {"hand_over", hand_over},
};

static void obey(const char *text)
{
    json_t *command = json_loads(text, 0, NULL);
    int error = ACTOR_EINVAL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        json_t *argument = json_object_get(command, commands[i].name);
        if (argument != NULL) {
            error = commands[i].obey(argument);
        }
    }
    if (error != 0) {
        fprintf(stderr, "refused: %s: %s\n", text, actor_strerror(error));
    }
    json_decref(command);
}

// What does not fit is given up; the lines are a test's.
static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
    (void)handle;
    (void)wanted;
    line_len = line_len < sizeof line - 1 ? line_len : 0;
    *room = uv_buf_init(line + line_len, (unsigned)(sizeof line - 1 - line_len));
}

static void on_input(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    (void)room;
    if (count < 0) {
        uv_read_stop(stream);
        return;
    }
    line_len += (size_t)count;
    line[line_len] = '\0';
    for (char *end; (end = strchr(line, '\n')) != NULL;) {
        *end = '\0';
        obey(line);
        line_len -= (size_t)(end + 1 - line);
        memmove(line, end + 1, line_len + 1);
    }
}

// --- The process -------------------------------------------------------------------------------

static void on_term(uv_signal_t *handle, int number)
{
    (void)number;
    uv_close((uv_handle_t *)handle, NULL);
    uv_close((uv_handle_t *)&input, NULL);
    actor_link_shutdown(handle->data);
}

static int watch(struct actor_link *link)
{
    uv_loop_t *loop = actor_link_loop(link);
    term.data = link;
    bool watched = uv_signal_init(loop, &term) == 0 &&
                   uv_signal_start(&term, on_term, SIGTERM) == 0 &&
                   uv_pipe_init(loop, &input, 0) == 0 && uv_pipe_open(&input, 0) == 0 &&
                   uv_read_start((uv_stream_t *)&input, give_room, on_input) == 0;
    return watched ? ACTOR_OK : ACTOR_EIO;
}

static int configure(struct actor_link_config *link_config, char **argv)
{
    actor_link_config_set_log(link_config, ACTOR_LOG_INFO, on_log, NULL);
    int error = actor_link_config_set_name(link_config, argv[1]);
    error = error == 0 ? actor_link_config_set_url(link_config, argv[2]) : error;
    error = error == 0 ? actor_link_config_set_prefix(link_config, argv[3]) : error;
    error = error == 0 ? actor_config_set_group(config, argv[4]) : error;
    error = error == 0 ? actor_config_set_value(config, argv[5]) : error;
    return error == 0 ? set_params(strtod(argv[6], NULL), strtod(argv[7], NULL),
                                   (int)strtol(argv[8], NULL, 10))
                      : error;
}

int main(int argc, char **argv)
{
    struct actor_link_config *link_config = actor_link_config_new();
    struct actor_link *link = NULL;
    config = actor_config_new();
    if (argc != 9 || link_config == NULL || config == NULL) {
        fputs("usage: member NAME URL PREFIX GROUP VALUE CYCLE GAP NODES\n", stderr);
        return 2;
    }
    int error = configure(link_config, argv);
    error = error == 0 ? actor_link_new(&link, link_config) : error;
    error = error == 0 ? actor_new(&actor, link, config, on_event, NULL) : error;
    error = error == 0 ? watch(link) : error;
    error = error == 0 ? actor_link_run(link) : error;
    if (error != 0) {
        fprintf(stderr, "member: %s\n", actor_strerror(error));
    }
    actor_free(actor);
    actor_link_free(link);
    actor_config_free(config);
    actor_link_config_free(link_config);
    return error == 0 ? 0 : 1;
}
