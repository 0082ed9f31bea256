// SPDX-License-Identifier: MIT
#include "script.h"

#include "sim/text.h"

#include <math.h>
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
    bool sent_ready;
    bool shows_members;
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

static int decode(struct value value)
{
    return value_is_null(value) ? -1 : value.cbor[value.len - 1];
}

static void remember_sent(struct script *s, const struct message *sent)
{
    if (sent->type == MESSAGE_PING || sent->type == MESSAGE_HIST) {
        s->sent_value = decode(sent->value);
    } else if (sent->type == MESSAGE_VERS) {
        s->sent_ready = !sent->unready;
    }
}

static bool is_hidden(const struct script *s, const struct effect *effect)
{
    return !s->shows_members && effect->type == EFFECT_EVENT &&
           (effect->event.type == EVENT_JOIN || effect->event.type == EVENT_LEAVE);
}

static void put_effect(struct script *s, const struct effect *effect)
{
    if (is_hidden(s, effect)) {
        return;
    }
    char line[TEXT_MAX];
    text_effect(line, effect);
    int len = snprintf(s->text + s->used, sizeof s->text - s->used, "%.3f %s\n",
                       (double)s->now_ns / 1e9, line);
    s->used += (size_t)len;
    if (effect->type == EFFECT_SEND) {
        remember_sent(s, &effect->send);
    }
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

bool may_give(const struct script *s, const char *name)
{
    return engine_may_give(s->engine, name_of(name));
}

int sent_value(const struct script *s)
{
    return s->sent_value;
}

bool sent_ready(const struct script *s)
{
    return s->sent_ready;
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

void gone(struct script *s, const char *name)
{
    step(s, (struct input){.type = INPUT_GONE, .peer = {name_of(name), 0}});
}

void here(struct script *s, const char *name, uint64_t incarnation)
{
    step(s, (struct input){.type = INPUT_HERE, .peer = {name_of(name), incarnation}});
}

void gone_process(struct script *s, const char *name, uint64_t incarnation)
{
    step(s, (struct input){.type = INPUT_GONE, .peer = {name_of(name), incarnation}});
}

void give(struct script *s, const char *name)
{
    step(s, (struct input){.type = INPUT_GIVE, .name = name_of(name)});
}

void away(struct script *s, double seconds)
{
    step(s, (struct input){.type = INPUT_AWAY, .span_ns = llround(seconds * 1e9)});
}

void drained(struct script *s)
{
    step(s, (struct input){.type = INPUT_DRAINED});
}

void script_show_members(struct script *s)
{
    s->shows_members = true;
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

void hear_unready(struct script *s, const char *name)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = 5,
                              .unready = true});
}

void hear_left(struct script *s, const char *name, uint64_t nonce)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = nonce,
                              .unready = true,
                              .left = true});
}

void hear_heir(struct script *s, const char *name, const char *heir)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = 5,
                              .heir = name_of(heir)});
}

void hear_wish(struct script *s, const char *name, struct wish wish)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = 5,
                              .wish = wish});
}

static void hear_last_word(struct script *s, const char *name, bool left, uint32_t away_s)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = 5,
                              .unready = left,
                              .left = left,
                              .away_s = away_s});
}

void hear_away(struct script *s, const char *name, uint32_t away_s)
{
    hear_last_word(s, name, false, away_s);
}

void hear_left_for(struct script *s, const char *name, uint32_t away_s)
{
    hear_last_word(s, name, true, away_s);
}

void hear_view_of(struct script *s, int64_t view, const char *publisher, bool settled,
                  const char *members, const struct members *numbers)
{
    struct history names;
    struct members all = *numbers;
    read_names(members, &names);
    all.count = names.count;
    all.names = names.names;
    hear(s, &(struct message){.type = MESSAGE_VIEW,
                              .node = name_of(publisher),
                              .view = view,
                              .settled = settled,
                              .members = all});
}

void hear_shared_view(struct script *s, int64_t view, const char *publisher, const char *members)
{
    struct history names;
    read_names(members, &names);
    hear(s, &(struct message){.type = MESSAGE_VIEW,
                              .node = name_of(publisher),
                              .view = view,
                              .shared = true,
                              .members = {.count = names.count, .names = names.names}});
}

void hear_drained(struct script *s, const char *name, int64_t view)
{
    hear(s, &(struct message){.type = MESSAGE_DRAINED, .node = name_of(name), .view = view});
}

void hear_view(struct script *s, int64_t view, const char *publisher, bool settled,
               const char *members)
{
    hear_view_of(s, view, publisher, settled, members, &(struct members){0});
}

void hear_question(struct script *s, const char *name)
{
    hear(s, &(struct message){.type = MESSAGE_VERS,
                              .node = name_of(name),
                              .params = s->config.params,
                              .nonce = 5,
                              .asks = true});
}

void hear_python_set(struct script *s, const char *name, const struct params *params)
{
    hear(s, &(struct message){.type = MESSAGE_VERS, .node = name_of(name), .params = *params});
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
