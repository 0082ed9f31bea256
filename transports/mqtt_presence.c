// SPDX-License-Identifier: MIT
#include "mqtt_presence.h"
#include "asyncactor/actor.h"
#include "mqtt_worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

enum {
    EXPIRY_S = 7200,      // of a presence that is not refreshed ...
    REFRESH_S = 3600,     // ... which it is after this time
    DOUBT_MS = 5000,      // until somebody asks those that nobody has confirmed,
    DOUBT_MORE_MS = 2000, // at a time of his own;
    ANSWER_MS = 500,      // those asked answer within this time,
    VERDICT_MS = 3000,    // and are given up after this one, if the broker confirms
    PROMPT_MS = 500,      // within this one that nobody is cut off
    ABOUT_MAX = 4096,     // bytes
    NAME_MAX_BYTES = 64,  // of a node
    DOUBTS_MAX = 4096,
    TOPIC_MAX = 512,
};

struct doubt {
    struct doubt *next;
    char name[];
};

// Of those in doubt: who asks must not be cut off meanwhile, and take the living for dead.
enum stage {
    WAITING,   // perhaps somebody else asks
    ASKING,    // the broker has not confirmed the question
    LISTENING, // for the answers
    PROVING    // that nothing is under way that the broker had to tell
};

struct mqtt_presence {
    const struct actor_transport_config *config;
    mqtt_presence_send_fn *send;
    mqtt_presence_prove_fn *prove;
    void *context;
    void (*closed)(void *context);
    uv_timer_t refresh, doubt, answer;
    int handles; // open ones
    bool is_up;
    enum stage stage;
    int64_t prove_ns;     // when that began
    struct doubt *doubts; // kept presences that nobody has confirmed
    int doubt_count;
    char *about;              // NULL: nothing yet
    size_t prefix_len;        // of the topic, up to the name
    char topic[TOPIC_MAX];    // this node's
    char all[TOPIC_MAX];      // PREFIX/@/+
    char question[TOPIC_MAX]; // PREFIX/@/, as of no node: there somebody asks for the others
};

static uint64_t some_of(uint64_t most_ms)
{
    uint16_t draw = 0;
    if (getrandom(&draw, sizeof draw, GRND_NONBLOCK) != sizeof draw) {
        draw = UINT16_MAX / 2;
    }
    return most_ms * draw / UINT16_MAX;
}

// --- This node -----------------------------------------------------------------------------------

static void announce(struct mqtt_presence *p)
{
    if (p->is_up && p->about != NULL) {
        p->send(p->context, p->topic, p->about, strlen(p->about), true, EXPIRY_S);
    }
}

static void on_refresh(uv_timer_t *timer)
{
    announce(timer->data);
}

int mqtt_presence_announce(struct mqtt_presence *p, const char *about)
{
    if (strlen(about) > ABOUT_MAX) {
        return -EMSGSIZE;
    }
    char *copy = strdup(about);
    if (copy == NULL) {
        return -ENOMEM;
    }
    free(p->about);
    p->about = copy;
    announce(p);
    return 0;
}

void mqtt_presence_take_back(struct mqtt_presence *p)
{
    if (p->is_up && p->about != NULL) {
        p->send(p->context, p->topic, "", 0, true, 0);
    }
    p->is_up = false; // not to be announced again, whoever asks
}

// --- The others ----------------------------------------------------------------------------------

static struct doubt **find_doubt(struct mqtt_presence *p, const char *name)
{
    struct doubt **place = &p->doubts;
    while (*place != NULL && strcmp((*place)->name, name) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static void drop_doubt(struct mqtt_presence *p, struct doubt **place)
{
    struct doubt *doubt = *place;
    if (doubt != NULL) {
        *place = doubt->next;
        p->doubt_count--;
        free(doubt);
    }
}

static void add_doubt(struct mqtt_presence *p, const char *name)
{
    size_t size = strlen(name) + 1;
    struct doubt *doubt = p->doubt_count < DOUBTS_MAX ? malloc(sizeof *doubt + size) : NULL;
    if (doubt != NULL) {
        memcpy(doubt->name, name, size);
        doubt->next = p->doubts;
        p->doubts = doubt;
        p->doubt_count++;
    }
}

static void tell(const struct mqtt_presence *p, const char *name, const char *about)
{
    const struct actor_transport_peer peer = {.name = name, .here = about != NULL, .about = about};
    p->config->host_ops->peer(p->config->host, NULL, &peer);
}

static void forget_kept(struct mqtt_presence *p, const char *name)
{
    char topic[TOPIC_MAX], line[TOPIC_MAX];
    snprintf(topic, sizeof topic, "%.*s%s", (int)p->prefix_len, p->topic, name);
    snprintf(line, sizeof line, "the broker kept a presence of %s, which is gone", name);
    p->config->host_ops->log(p->config->host, ACTOR_LOG_NOTICE, line);
    p->send(p->context, topic, "", 0, true, 0);
    tell(p, name, NULL);
}

static void give_verdict(struct mqtt_presence *p)
{
    while (p->is_up && p->doubts != NULL) { // the host may close in there
        struct doubt *doubt = p->doubts;
        p->doubts = doubt->next;
        p->doubt_count--;
        forget_kept(p, doubt->name);
        free(doubt);
    }
}

static void ask(struct mqtt_presence *p)
{
    p->stage = ASKING;
    p->send(p->context, p->question, "?", 1, false, 0);
}

static void on_doubt(uv_timer_t *timer)
{
    struct mqtt_presence *p = timer->data;
    if (p->doubts == NULL) {
        return;
    }
    if (p->stage == WAITING) {
        ask(p);
    } else {
        p->stage = PROVING;
        p->prove_ns = mqtt_now_ns();
        p->prove(p->context);
    }
}

void mqtt_presence_published(struct mqtt_presence *p, const char *topic)
{
    if (p->stage == ASKING && strcmp(topic, p->question) == 0) {
        p->stage = LISTENING;
        uv_timer_start(&p->doubt, on_doubt, VERDICT_MS, 0);
    }
}

void mqtt_presence_proved(struct mqtt_presence *p, int64_t sent_ns)
{
    if (p->stage != PROVING || sent_ns < p->prove_ns) {
        return;
    }
    if (mqtt_now_ns() - p->prove_ns < PROMPT_MS * INT64_C(1000000)) {
        p->stage = WAITING;
        give_verdict(p);
    } else {
        ask(p);
    }
}

// Whoever may publish there says what it likes, and a name is kept, and may get into a line of the
// log.
static bool may_be_name(const char *name)
{
    size_t len = 0;
    while ((unsigned char)name[len] >= ' ' && name[len] != '\177') {
        len++;
    }
    return len <= NAME_MAX_BYTES && name[len] == '\0';
}

static void hear_peer(struct mqtt_presence *p, const char *name, const void *bytes, size_t len,
                      bool kept)
{
    char about[ABOUT_MAX + 1] = "";
    if (len > ABOUT_MAX || !may_be_name(name)) {
        return;
    }
    memcpy(about, bytes, len);
    drop_doubt(p, find_doubt(p, name));
    if (kept && len > 0) {
        add_doubt(p, name);
    }
    tell(p, name, len > 0 ? about : NULL);
}

bool mqtt_presence_heard(struct mqtt_presence *p, const char *topic, const void *bytes, size_t len,
                         bool kept)
{
    if (strcmp(topic, p->question) == 0) {
        if (!uv_is_active((uv_handle_t *)&p->answer)) {
            uv_timer_start(&p->answer, on_refresh, some_of(ANSWER_MS), 0);
        }
        return true;
    }
    if (strncmp(topic, p->topic, p->prefix_len) != 0) {
        return false;
    }
    if (strcmp(topic, p->topic) != 0) {
        hear_peer(p, topic + p->prefix_len, bytes, len, kept);
    } else if (len == 0) {
        announce(p); // the will of an earlier process has cleared it
    }
    return true;
}

// --- From the start to the end -------------------------------------------------------------------

struct mqtt_presence *mqtt_presence_new(const struct actor_transport_config *config,
                                        mqtt_presence_send_fn *send, mqtt_presence_prove_fn *prove,
                                        void *context)
{
    struct mqtt_presence *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->config = config;
    p->send = send;
    p->prove = prove;
    p->context = context;
    snprintf(p->question, sizeof p->question, "%s/@/", config->prefix);
    snprintf(p->all, sizeof p->all, "%s/@/+", config->prefix);
    snprintf(p->topic, sizeof p->topic, "%s/@/%s", config->prefix, config->name);
    p->prefix_len = strlen(p->question);
    uv_timer_t *const timers[] = {&p->refresh, &p->doubt, &p->answer};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        uv_timer_init(config->loop, timers[i]);
        timers[i]->data = p;
        p->handles++;
    }
    return p;
}

static void on_closed(uv_handle_t *timer)
{
    struct mqtt_presence *p = timer->data;
    if (--p->handles == 0) {
        void (*closed)(void *) = p->closed;
        void *context = p->context;
        free(p->about);
        free(p);
        closed(context);
    }
}

void mqtt_presence_close(struct mqtt_presence *p, void (*closed)(void *context))
{
    mqtt_presence_down(p);
    p->closed = closed;
    uv_close((uv_handle_t *)&p->refresh, on_closed);
    uv_close((uv_handle_t *)&p->doubt, on_closed);
    uv_close((uv_handle_t *)&p->answer, on_closed);
}

const char *mqtt_presence_topic(const struct mqtt_presence *p)
{
    return p->topic;
}

const char *mqtt_presence_filter(const struct mqtt_presence *p)
{
    return p->all;
}

void mqtt_presence_up(struct mqtt_presence *p)
{
    p->is_up = true;
    announce(p);
    uv_timer_start(&p->refresh, on_refresh, REFRESH_S * UINT64_C(1000), REFRESH_S * UINT64_C(1000));
    uv_timer_start(&p->doubt, on_doubt, DOUBT_MS + some_of(DOUBT_MORE_MS), 0);
}

void mqtt_presence_down(struct mqtt_presence *p)
{
    p->is_up = false;
    p->stage = WAITING;
    uv_timer_stop(&p->refresh);
    uv_timer_stop(&p->doubt);
    uv_timer_stop(&p->answer);
    while (p->doubts != NULL) {
        drop_doubt(p, &p->doubts);
    }
}
