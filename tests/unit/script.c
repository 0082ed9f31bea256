// SPDX-License-Identifier: MIT
#include "script.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRANSCRIPT_MAX = 65536, DRAWS_MAX = 16 };

struct script {
    struct engine_config config;
    void *memory;
    struct engine *engine; // NULL before the first step
    int64_t now_ns;
    double draws[DRAWS_MAX];
    size_t draw_count, draws_used;
    uint8_t value[2];
    int sent_value;
    struct effects effects;
    size_t used;
    char text[TRANSCRIPT_MAX], shown[TRANSCRIPT_MAX];
};

static uint32_t draw(void *context)
{
    struct script *s = context;
    double share = s->draws_used < s->draw_count ? s->draws[s->draws_used++] : 0;
    return (uint32_t)(share * 4294967296.0);
}

static struct value encode(uint8_t bytes[2], int value)
{
    bytes[0] = value < 0 ? 0xf6 : value < 24 ? (uint8_t)value : 0x18;
    bytes[1] = (uint8_t)value;
    return (struct value){bytes, bytes[0] == 0x18 ? 2 : 1};
}

struct script *script_new(void)
{
    struct script *s = calloc(1, sizeof *s);
    s->memory = malloc(engine_bytes(ENGINE_NODES_MIN));
    s->config = (struct engine_config){
        .name = name_of("m"),
        .nonce = 1000,
        .params = params_default,
        .enabled = true,
        .capacity = ENGINE_NODES_MIN,
        .draw = draw,
        .draw_context = s,
    };
    script_value(s, 0);
    return s;
}

void script_free(struct script *s)
{
    free(s->memory);
    free(s);
}

struct engine_config *script_config(struct script *s)
{
    return &s->config;
}

void script_value(struct script *s, int value)
{
    s->config.value = encode(s->value, value);
}

void script_draws(struct script *s, const double *shares, size_t count)
{
    memcpy(s->draws, shares, count * sizeof *shares);
    s->draw_count = count;
    s->draws_used = 0;
}

// --- The transcript ----------------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static void put(struct script *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(s->text + s->used, sizeof s->text - s->used, format, args);
    va_end(args);
    s->used += (size_t)len;
}

static void put_history(struct script *s, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        put(s, " %.*s", (int)history->names[i].len, history->names[i].text);
    }
}

static int decode(struct value value)
{
    return value.cbor[0] == 0xf6 ? -1 : value.cbor[value.len - 1];
}

static void put_send(struct script *s, const struct message *m)
{
    static const char *const types[] = {"init", "vers", "ping", "hist"};
    put(s, "> %s", types[m->type]);
    put_history(s, &m->history);
    if (m->type == MESSAGE_PING || m->type == MESSAGE_HIST) {
        s->sent_value = decode(m->value);
    }
    if (m->type == MESSAGE_VERS && m->params.version != 0) {
        put(s, " %lld", (long long)m->params.version);
    }
}

static void put_tag(struct script *s, const char *word, const struct event *event)
{
    put(s, "%s slot=%llu until=%.3f", word, (unsigned long long)event->slot,
        (double)event->until_ns / 1e9);
}

static void put_event(struct script *s, const struct event *event)
{
    static const char *const reasons[] = {"end",     "handover", "disabled", "lease",
                                          "suspend", "link",     "stop"};
    struct name who = event->who;
    switch (event->type) {
    case EVENT_SETUP:
        put(s, "setup %lld by %.*s", (long long)event->params->version, (int)who.len, who.text);
        break;
    case EVENT_TAG:
        put_tag(s, "tag", event);
        break;
    case EVENT_RENEW:
        put_tag(s, "renew", event);
        break;
    case EVENT_UNTAG:
        put(s, "untag %s", reasons[event->reason]);
        break;
    case EVENT_DETAG:
        put(s, "detag by %.*s", (int)who.len, who.text);
        break;
    case EVENT_PING:
        put(s, "ping %.*s", (int)who.len, who.text);
        break;
    case EVENT_SLOT:
        put(s, "slot %.*s:", who.len > 0 ? (int)who.len : 1, who.len > 0 ? who.text : "-");
        put_history(s, &event->ring);
        put(s, "%s", event->full ? " full" : "");
        break;
    case EVENT_GOOD_NODE:
        put(s, "good-node");
        put_history(s, &event->ring);
        break;
    case EVENT_RECOVER:
        put(s, "recover prio=%d replace=%d local:", event->prio, event->replace);
        put_history(s, &event->ring);
        put(s, " remote:");
        put_history(s, &event->remote);
        break;
    case EVENT_NAME_TAKEN:
        put(s, "name-taken");
        break;
    }
}

// The rule alone: the words may change.
static void put_note(struct script *s, const struct effect *effect)
{
    struct name who = effect->noted.who;
    put(s, "  %.2s", note_text(effect->noted.note));
    if (who.len > 0) {
        put(s, ": %.*s", (int)who.len, who.text);
    }
}

static void put_effect(struct script *s, const struct effect *effect)
{
    put(s, "%.3f ", (double)s->now_ns / 1e9);
    switch (effect->type) {
    case EFFECT_SEND:
        put_send(s, &effect->send);
        break;
    case EFFECT_EVENT:
        put_event(s, &effect->event);
        break;
    case EFFECT_NOTE:
        put_note(s, effect);
        break;
    case EFFECT_DROP:
        put(s, "! %s", drop_text(effect->drop));
        break;
    case EFFECT_PROVE:
        put(s, "prove");
        break;
    }
    put(s, "\n");
}

const char *transcript(struct script *s)
{
    memcpy(s->shown, s->text, s->used);
    s->shown[s->used] = '\0';
    s->used = 0;
    return s->shown;
}

void forget(struct script *s)
{
    s->used = 0;
}

bool is_tagged(const struct script *s)
{
    return s->engine != NULL && engine_tagged_until_ns(s->engine) != 0;
}

int sent_value(const struct script *s)
{
    return s->sent_value;
}

// --- Steps -------------------------------------------------------------------------------------

static void step(struct script *s, struct input input)
{
    if (s->engine == NULL) {
        s->engine = engine_init(s->memory, &s->config);
    }
    input.now_ns = s->now_ns;
    engine_step(s->engine, &input, &s->effects);
    for (uint32_t i = 0; i < s->effects.count; i++) {
        put_effect(s, &s->effects.items[i]);
    }
}

void timer(struct script *s)
{
    step(s, (struct input){.type = INPUT_TIMER});
}

void at(struct script *s, double seconds)
{
    int64_t until_ns = llround(seconds * 1e9);
    while (s->engine != NULL && engine_deadline_ns(s->engine) <= until_ns) {
        int64_t due_ns = engine_deadline_ns(s->engine);
        s->now_ns = due_ns > s->now_ns ? due_ns : s->now_ns;
        timer(s);
    }
    s->now_ns = until_ns;
}

void sleep_until(struct script *s, double seconds)
{
    s->now_ns = llround(seconds * 1e9);
}

void link_up(struct script *s)
{
    step(s, (struct input){.type = INPUT_LINK_UP});
}

void link_down(struct script *s)
{
    step(s, (struct input){.type = INPUT_LINK_DOWN});
}

void proof(struct script *s, double sent_seconds)
{
    step(s, (struct input){.type = INPUT_PROOF, .sent_ns = llround(sent_seconds * 1e9)});
}

void set_value(struct script *s, int value)
{
    uint8_t bytes[2];
    step(s, (struct input){.type = INPUT_VALUE, .value = encode(bytes, value)});
}

void enable(struct script *s, bool enabled)
{
    step(s, (struct input){.type = enabled ? INPUT_ENABLE : INPUT_DISABLE});
}

void stop(struct script *s)
{
    step(s, (struct input){.type = INPUT_STOP});
}

void set_params(struct script *s, const struct params *params)
{
    step(s, (struct input){.type = INPUT_PARAMS, .params = params});
}

static void hear(struct script *s, const struct message *m)
{
    step(s, (struct input){.type = INPUT_MESSAGE, .message = m});
}

static void read_names(const char *names, struct history *history)
{
    history->count = 0;
    while (*names != '\0') {
        size_t len = strcspn(names, " ");
        history->names[history->count++] = (struct name){names, len};
        names += len + (names[len] == ' ');
    }
}

static void hear_head(struct script *s, enum message_type type, int value, const char *history)
{
    uint8_t bytes[2];
    struct message m = {.type = type, .value = encode(bytes, value)};
    read_names(history, &m.history);
    m.node = m.history.names[0];
    hear(s, &m);
}

void hear_ping(struct script *s, int value, const char *history)
{
    hear_head(s, MESSAGE_PING, value, history);
}

void hear_hist(struct script *s, int value, const char *history)
{
    hear_head(s, MESSAGE_HIST, value, history);
}

void hear_init(struct script *s, const char *name)
{
    hear(s, &(struct message){.type = MESSAGE_INIT, .node = name_of(name)});
}

void hear_vers(struct script *s, const char *name, uint64_t nonce)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = nonce});
}

void hear_params(struct script *s, const char *name, const struct params *params)
{
    hear(s, &(struct message){
                .type = MESSAGE_VERS, .node = name_of(name), .params = *params, .nonce = 77});
}

// --- What several tests need -------------------------------------------------------------------

void join(struct script *s, const char *ours, hear_turn *hear, int value, const char *ring)
{
    at(s, 1);
    link_up(s);
    for (; *ours != '\0'; ours++) {
        hear_vers(s, (char[]){*ours, '\0'}, 5);
    }
    at(s, 2);
    hear(s, value, ring);
    forget(s);
}

bool has_line(const char *transcript, const char *line)
{
    size_t len = strlen(line);
    for (const char *found = transcript; (found = strstr(found, line)) != NULL; found++) {
        if (found > transcript && found[-1] == ' ' && found[len] == '\n') {
            return true;
        }
    }
    return false;
}
