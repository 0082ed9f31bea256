// SPDX-License-Identifier: MIT
#include "serf_presence.h"
#include "asyncactor/actor.h"
#include "serf_rpc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

enum {
    LIST_MAX = 512 * 1024, // bytes: some 1000 agents
    PATIENCE_MS = 60000,   // the beacons' connection notices sooner
    RETRY_MS = 2000,
    // Of two tags that are set at once an agent may keep one only: so each has a time of its own.
    SPREAD_MS = 500,
    MISSING_MS = 2000, // until one that is missing is set again, ...
    MISSING_MORE_MS = 2000,
    ORDERLY_MS = 500,
    ABOUT_MAX = 4096, // bytes
    SEEN_MAX = 1024,
    NAME_MAX_BYTES = 64,
    KEY_MAX = 512,
    WORDS_MAX = 512,
};

// A tag of an agent that is alive.
struct seen {
    struct seen *next;
    bool here; // in the last list
    bool told;
    const char *name, *about;
    char agent[]; // and those two
};

struct serf_presence {
    const struct actor_transport_config *config;
    void (*closed)(void *context);
    void *context;
    struct serf_rpc *rpc; // NULL: none
    uv_timer_t retry;     // or, at the end, until when it waits
    uv_timer_t due;       // until the tag is set
    int parts;            // that have to end before this can be freed: timers, connections
    bool is_up;           // the link
    bool closing;
    bool greeted;  // the agent takes questions
    bool listing;  // it is asked who is there, ...
    bool relist;   // ... and something has changed since
    int tagging;   // tags that it has not answered
    bool retag;    // another one is due then
    bool unset;    // what is announced is to be set yet
    bool cut;      // there was no room for all of it, as told last
    bool own_seen; // in the list that comes
    bool missing;  // in the last one
    // Why the connection was lost, as told last too, and why a tag is not set.
    char reason[WORDS_MAX], told[WORDS_MAX], words[WORDS_MAX];
    char *about; // what is announced; NULL: nothing yet
    char *shown; // as much of it as the agent has room for
    struct seen *seen;
    int seen_count;
    size_t prefix_len; // of the key, up to the name
    char key[KEY_MAX];
};

__attribute__((format(printf, 3, 4))) static void
host_log(const struct serf_presence *p, enum actor_log_level level, const char *format, ...)
{
    char line[2 * WORDS_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    p->config->host_ops->log(p->config->host, (int)level, line);
}

static uint64_t some_of(uint64_t most_ms)
{
    uint16_t draw = 0;
    if (getrandom(&draw, sizeof draw, GRND_NONBLOCK) != sizeof draw) {
        draw = UINT16_MAX / 2;
    }
    return most_ms * draw / UINT16_MAX;
}

// --- This node -----------------------------------------------------------------------------------

static void set_tag(struct serf_presence *p)
{
    if (p->tagging > 0) {
        p->retag = true;
        return;
    }
    p->tagging++;
    serf_rpc_tag(p->rpc, p->key, p->shown);
}

static bool show_all(struct serf_presence *p)
{
    char *copy = strdup(p->about);
    if (copy != NULL) {
        free(p->shown);
        p->shown = copy;
    }
    return copy != NULL;
}

static void on_due(uv_timer_t *timer)
{
    struct serf_presence *p = timer->data;
    if ((p->unset || p->missing) && show_all(p)) {
        p->unset = false;
        set_tag(p);
    }
}

static void set_tag_soon(struct serf_presence *p)
{
    if (p->greeted && p->about != NULL) {
        p->unset = true;
        uv_timer_start(&p->due, on_due, some_of(SPREAD_MS), 0);
    }
}

static void look_for_own(struct serf_presence *p)
{
    p->missing = !p->own_seen && p->about != NULL;
    if (p->missing && !uv_is_active((uv_handle_t *)&p->due)) {
        uv_timer_start(&p->due, on_due, MISSING_MS + some_of(MISSING_MORE_MS), 0);
    }
}

int serf_presence_announce(struct serf_presence *p, const char *about)
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
    set_tag_soon(p);
    return 0;
}

// Of a JSON object. False: it has one pair at most.
static bool cut_last_pair(char *object)
{
    char *comma = NULL;
    bool quoted = false;
    int depth = 0;
    for (char *at = object; *at != '\0'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
            comma = *at == ',' && depth == 1 ? at : comma;
        }
    }
    if (comma != NULL) {
        memcpy(comma, "}", 2);
    }
    return comma != NULL;
}

static void on_tag_refused(struct serf_presence *p, const char *words)
{
    if (strstr(words, "limit") != NULL && cut_last_pair(p->shown)) {
        set_tag(p);
    } else if (strcmp(p->words, words) != 0) {
        snprintf(p->words, sizeof p->words, "%s", words);
        host_log(p, ACTOR_LOG_WARNING,
                 "the agent refuses the tag that tells others of this node (\"%s\")", words);
    }
}

static void on_tag_set(struct serf_presence *p)
{
    size_t all = strlen(p->about), shown = strlen(p->shown);
    p->words[0] = '\0';
    if (p->unset) {
        return; // that was the one before
    }
    if (shown < all && !p->cut) {
        host_log(p, ACTOR_LOG_NOTICE,
                 "the agent's tags have room for %zu of the %zu bytes that this node announces -> "
                 "the end is left out",
                 shown, all);
    }
    p->cut = shown < all;
}

static void finish(struct serf_presence *p);

static void on_tag_answered(struct serf_presence *p, const char *error)
{
    p->tagging--;
    if (p->closing) {
        if (p->tagging == 0) {
            finish(p);
        }
    } else if (p->retag) {
        p->retag = false;
        set_tag(p);
    } else if (error[0] != '\0') {
        on_tag_refused(p, error);
    } else {
        on_tag_set(p);
    }
}

// --- The others ----------------------------------------------------------------------------------

static void tell(const struct serf_presence *p, const char *name, const char *about)
{
    const struct actor_transport_peer peer = {.name = name, .here = about != NULL, .about = about};
    p->config->host_ops->peer(p->config->host, NULL, &peer);
}

static void forget(struct serf_presence *p, struct seen **place)
{
    struct seen *seen = *place;
    *place = seen->next;
    p->seen_count--;
    free(seen);
}

static void forget_all(struct serf_presence *p)
{
    while (p->seen != NULL) {
        forget(p, &p->seen);
    }
}

static struct seen *make_seen(const struct serf_tag *tag, const char *name, size_t name_len)
{
    struct seen *seen =
        calloc(1, sizeof *seen + tag->agent_len + 1 + name_len + 1 + tag->text_len + 1);
    if (seen != NULL) {
        char *at = seen->agent + tag->agent_len + 1;
        memcpy(seen->agent, tag->agent, tag->agent_len);
        memcpy(at, name, name_len);
        memcpy(at + name_len + 1, tag->text, tag->text_len);
        seen->name = at;
        seen->about = at + name_len + 1;
        seen->here = true;
    }
    return seen;
}

static bool is_same(const struct seen *one, const struct seen *other)
{
    return strcmp(one->agent, other->agent) == 0 && strcmp(one->name, other->name) == 0 &&
           strcmp(one->about, other->about) == 0;
}

static void see(struct serf_presence *p, struct seen *seen)
{
    struct seen *known = p->seen;
    while (known != NULL && !is_same(known, seen)) {
        known = known->next;
    }
    if (known == NULL && p->seen_count < SEEN_MAX) {
        seen->next = p->seen;
        p->seen = seen;
        p->seen_count++;
        return;
    }
    if (known != NULL) {
        known->here = true;
    }
    free(seen);
}

static void on_tag(void *context, const struct serf_tag *tag)
{
    struct serf_presence *p = context;
    if (tag->key_len <= p->prefix_len || memcmp(tag->key, p->key, p->prefix_len) != 0) {
        return;
    }
    const char *name = tag->key + p->prefix_len, *own = p->key + p->prefix_len;
    size_t name_len = tag->key_len - p->prefix_len;
    if (name_len == strlen(own) && memcmp(name, own, name_len) == 0) {
        p->own_seen = true;
    } else if (name_len <= NAME_MAX_BYTES && tag->text_len <= ABOUT_MAX) {
        struct seen *seen = make_seen(tag, name, name_len);
        if (seen != NULL) {
            see(p, seen);
        }
    }
}

static struct seen **find_vanished(struct serf_presence *p)
{
    struct seen **place = &p->seen;
    while (*place != NULL && (*place)->here) {
        place = &(*place)->next;
    }
    return place;
}

static struct seen *find_untold(const struct serf_presence *p)
{
    struct seen *seen = p->seen;
    while (seen != NULL && seen->told) {
        seen = seen->next;
    }
    return seen;
}

// A name may stand in the tags of two agents: whoever is left has it, and nobody is gone.
static void tell_vanished(struct serf_presence *p, struct seen **place)
{
    struct seen *left = p->seen;
    while (left != NULL && (!left->here || strcmp(left->name, (*place)->name) != 0)) {
        left = left->next;
    }
    if (left != NULL) {
        left->told = false;
        forget(p, place);
    } else {
        char name[NAME_MAX_BYTES + 1];
        snprintf(name, sizeof name, "%s", (*place)->name);
        forget(p, place);
        tell(p, name, NULL);
    }
}

// The host may close in there.
static void tell_changes(struct serf_presence *p)
{
    struct seen **vanished, *untold;
    while (p->is_up && *(vanished = find_vanished(p)) != NULL) {
        tell_vanished(p, vanished);
    }
    while (p->is_up && (untold = find_untold(p)) != NULL) {
        untold->told = true;
        tell(p, untold->name, untold->about);
    }
}

static void ask_who_is_there(struct serf_presence *p)
{
    p->relist = p->listing;
    if (p->listing) {
        return;
    }
    p->listing = true;
    p->own_seen = false;
    for (struct seen *seen = p->seen; seen != NULL; seen = seen->next) {
        seen->here = false;
    }
    serf_rpc_members(p->rpc);
}

static void on_listed(struct serf_presence *p)
{
    p->listing = false;
    p->told[0] = '\0';
    look_for_own(p);
    tell_changes(p);
    if (p->is_up && p->relist) {
        ask_who_is_there(p);
    }
}

static void on_changed(void *context)
{
    struct serf_presence *p = context;
    if (p->is_up) {
        ask_who_is_there(p);
    }
}

// --- The connection ------------------------------------------------------------------------------

static void connect_rpc(struct serf_presence *p);

static void hang_up(struct serf_presence *p)
{
    if (p->rpc != NULL) {
        serf_rpc_close(p->rpc);
        p->rpc = NULL;
    }
    p->greeted = p->listing = p->relist = p->retag = p->missing = false;
    p->tagging = 0;
    uv_timer_stop(&p->due);
}

// Perhaps the link is lost too; else there is something to tell.
static void on_retry(uv_timer_t *timer)
{
    struct serf_presence *p = timer->data;
    if (p->closing) {
        finish(p);
        return;
    }
    if (strcmp(p->told, p->reason) != 0) {
        memcpy(p->told, p->reason, sizeof p->told);
        host_log(p, ACTOR_LOG_WARNING,
                 "who is there is not known, and nobody told of this node: %s", p->reason);
    }
    connect_rpc(p);
}

static void give_up(struct serf_presence *p, const char *reason)
{
    hang_up(p);
    if (p->closing) {
        finish(p);
        return;
    }
    snprintf(p->reason, sizeof p->reason, "%s", reason);
    uv_timer_start(&p->retry, on_retry, RETRY_MS + some_of(RETRY_MS / 2), 0);
}

static void on_connected(void *context)
{
    struct serf_presence *p = context;
    serf_rpc_handshake(p->rpc);
}

static void begin(struct serf_presence *p)
{
    p->greeted = true;
    serf_rpc_watch(p->rpc);
    ask_who_is_there(p);
    set_tag_soon(p);
}

static void on_accepted(struct serf_presence *p, enum serf_question question)
{
    switch (question) {
    case SERF_HANDSHAKE:
        if (p->config->password != NULL) {
            serf_rpc_auth(p->rpc, p->config->password);
        } else {
            begin(p);
        }
        break;
    case SERF_AUTH:
        begin(p);
        break;
    case SERF_MEMBERS:
        on_listed(p);
        break;
    case SERF_STREAM:
    case SERF_STOP:
    case SERF_EVENT:
    case SERF_TAGS:
        break;
    }
}

static void on_answered(void *context, const struct serf_answer *answer)
{
    struct serf_presence *p = context;
    if (answer->question == SERF_TAGS) {
        on_tag_answered(p, answer->error);
    } else if (p->closing) {
        return;
    } else if (answer->error[0] == '\0') {
        on_accepted(p, answer->question);
    } else {
        char reason[WORDS_MAX];
        snprintf(reason, sizeof reason, "the agent refuses what Serf agents do (\"%s\")",
                 answer->error);
        give_up(p, reason);
    }
}

static void on_failed(void *context, const char *reason)
{
    give_up(context, reason);
}

// --- From the start to the end -------------------------------------------------------------------

static void part_has_ended(struct serf_presence *p)
{
    void (*closed)(void *) = p->closed;
    void *context = p->context;
    if (--p->parts > 0) {
        return;
    }
    forget_all(p);
    free(p->about);
    free(p->shown);
    free(p);
    closed(context);
}

static void on_rpc_closed(void *context)
{
    part_has_ended(context);
}

static void on_timer_closed(uv_handle_t *timer)
{
    part_has_ended(timer->data);
}

static void finish(struct serf_presence *p)
{
    if (!uv_is_closing((uv_handle_t *)&p->retry)) {
        hang_up(p);
        uv_close((uv_handle_t *)&p->retry, on_timer_closed);
        uv_close((uv_handle_t *)&p->due, on_timer_closed);
    }
}

static const struct serf_rpc_ops rpc_ops = {
    .connected = on_connected,
    .answered = on_answered,
    .changed = on_changed,
    .tag = on_tag,
    .failed = on_failed,
    .closed = on_rpc_closed,
};

static void connect_rpc(struct serf_presence *p)
{
    const struct serf_rpc_config to = {
        .loop = p->config->loop,
        .ops = &rpc_ops,
        .context = p,
        .host = p->config->address,
        .port = p->config->port != 0 ? p->config->port : SERF_PORT,
        .patience_ms = PATIENCE_MS,
        .message_max = LIST_MAX,
    };
    p->rpc = serf_rpc_open(&to);
    if (p->rpc == NULL) {
        give_up(p, "no memory");
        return;
    }
    p->parts++;
}

void serf_presence_up(struct serf_presence *p)
{
    p->is_up = true;
    p->told[0] = p->words[0] = '\0';
    p->cut = false;
    connect_rpc(p);
}

// What is found when the link is back is told anew.
void serf_presence_down(struct serf_presence *p)
{
    p->is_up = false;
    if (!p->closing) {
        uv_timer_stop(&p->retry);
        hang_up(p);
        forget_all(p);
    }
}

void serf_presence_close(struct serf_presence *p, bool orderly)
{
    bool told = p->greeted && p->about != NULL;
    p->is_up = false;
    p->closing = true;
    uv_timer_stop(&p->due);
    if (told) {
        p->tagging++;
        serf_rpc_tag(p->rpc, p->key, NULL);
    }
    if (told && orderly) {
        uv_timer_start(&p->retry, on_retry, ORDERLY_MS, 0);
    } else {
        finish(p);
    }
}

struct serf_presence *serf_presence_new(const struct actor_transport_config *config,
                                        void (*closed)(void *context), void *context)
{
    struct serf_presence *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->config = config;
    p->closed = closed;
    p->context = context;
    snprintf(p->key, sizeof p->key, "%s/@/%s", config->prefix, config->name);
    p->prefix_len = strlen(config->prefix) + strlen("/@/");
    p->retry.data = p->due.data = p;
    uv_timer_init(config->loop, &p->retry);
    uv_timer_init(config->loop, &p->due);
    p->parts = 2;
    return p;
}
