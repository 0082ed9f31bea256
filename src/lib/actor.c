// SPDX-License-Identifier: MIT
// An actor: packets and requests in, the engine's effects out. The engine decides; this carries.
#include "json.h"
#include "link.h"
#include "packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// M3: a reason is logged at most this often.
#define DROP_LOG_NS (60 * NS_PER_S)

#define SETTLE_MAX_NS (604800 * NS_PER_S) // a week: more than any cycle needs

#define DRAIN_MAX_NS (86400 * NS_PER_S)

enum { VALUE_JSON_MAX = 4096 };

// Views travel beside the group's own channel, where a Python node would end when it hears one. No
// group can be of that name.
#define VIEWS_SUFFIX "/@"
enum { CHANNEL_MAX = NAME_MAX_BYTES + sizeof VIEWS_SUFFIX };

struct actor_config {
    char group[NAME_MAX_BYTES + 1];
    struct params params;
    bool locked, enabled;
    int64_t settle_ns; // 0: as the parameters have it
    struct wish wish;
    int64_t drain_ns;
    enum takeover takeover;
    actor_told_fn *on_told;
    void *told_context;
    size_t value_len;
    uint8_t value[VALUE_MAX_BYTES];
    char why[WHY_MAX];
};

// What was asked for and not done yet.
struct requests {
    bool first_step, value, enabled, params, give, away, drained;
    bool enable;
    size_t value_len;
    uint8_t value_cbor[VALUE_MAX_BYTES];
    struct params new_params;
    char heir[NAME_MAX_BYTES + 1];
    int64_t away_ns;
};

struct actor {
    struct actor *next;
    struct actor_link *link;
    struct engine *engine;
    char group[NAME_MAX_BYTES + 1];
    char views[CHANNEL_MAX]; // the channel of its views; "": it has none
    actor_event_fn *on_event;
    void *context;
    actor_told_fn *on_told;
    void *told_context;
    bool silent; // for good (J5)
    struct requests requests;
    uint64_t dropped[DROP_COUNT];
    int64_t drop_logged_ns[DROP_COUNT];
    int64_t name_logged_ns;
};

// --- Configuration -----------------------------------------------------------------------------

struct actor_config *actor_config_new(void)
{
    struct actor_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        return NULL;
    }
    strcpy(config->group, "default");
    config->params = params_default;
    config->enabled = true;
    config->value_len = 1; // the integer 0
    return config;
}

void actor_config_free(struct actor_config *config)
{
    free(config);
}

const char *actor_config_why(const struct actor_config *config)
{
    return config->why;
}

static int refuse(struct actor_config *config, const char *sentence)
{
    snprintf(config->why, sizeof config->why, "%s", sentence);
    return ACTOR_EINVAL;
}

int actor_config_set_group(struct actor_config *config, const char *group)
{
    if (!name_is_valid(name_of(group)) || strcmp(group, "@") == 0) {
        return refuse(config, "a group's name must be 1 to 64 bytes of UTF-8, without control "
                              "characters and without any of / + #, and not @");
    }
    memcpy(config->group, group, strlen(group) + 1);
    return ACTOR_OK;
}

// Takes a parameter over if it is within bounds by itself. Cycle and gap are compared with each
// other by actor_new(), since they may be set in any order.
static int set_params(struct actor_config *config, const struct params *changed)
{
    struct params alone = *changed;
    if (alone.cycle_ns != config->params.cycle_ns) {
        alone.gap_ns = NS_PER_S / 100;
    } else {
        alone.cycle_ns = 86400 * NS_PER_S;
    }
    const char *fault = params_fault(&alone);
    if (fault != NULL) {
        return refuse(config, fault);
    }
    config->params = *changed;
    return ACTOR_OK;
}

int actor_config_set_version(struct actor_config *config, int64_t version)
{
    struct params params = config->params;
    params.version = version;
    return set_params(config, &params);
}

int actor_config_set_cycle(struct actor_config *config, int64_t cycle_ns)
{
    struct params params = config->params;
    params.cycle_ns = cycle_ns;
    return set_params(config, &params);
}

int actor_config_set_gap(struct actor_config *config, int64_t gap_ns)
{
    struct params params = config->params;
    params.gap_ns = gap_ns;
    return set_params(config, &params);
}

int actor_config_set_nodes(struct actor_config *config, int nodes)
{
    struct params params = config->params;
    params.nodes = nodes;
    return set_params(config, &params);
}

int actor_config_set_splits(struct actor_config *config, int splits)
{
    struct params params = config->params;
    params.splits = splits;
    return set_params(config, &params);
}

int actor_config_set_n_hosts(struct actor_config *config, int n_hosts)
{
    struct params params = config->params;
    params.n_hosts = n_hosts;
    return set_params(config, &params);
}

int actor_config_set_force_in(struct actor_config *config, bool force_in)
{
    config->params.force_in = force_in;
    return ACTOR_OK;
}

int actor_config_set_settle(struct actor_config *config, int64_t settle_ns)
{
    if (settle_ns <= 0 || settle_ns > SETTLE_MAX_NS) {
        return refuse(config, "settle must be above 0 and at most 604800 s");
    }
    config->settle_ns = settle_ns;
    return ACTOR_OK;
}

int actor_config_set_drain(struct actor_config *config, int64_t drain_ns)
{
    if (drain_ns < 0 || drain_ns > DRAIN_MAX_NS) {
        return refuse(config, "drain must be 0 to 86400 s");
    }
    config->drain_ns = drain_ns;
    return ACTOR_OK;
}

int actor_config_set_prefer(struct actor_config *config, int prefer)
{
    if (prefer < 0 || prefer > PREFER_MAX) {
        return refuse(config, "prefer must be 0 to 100");
    }
    config->wish.prefer = (uint8_t)prefer;
    return ACTOR_OK;
}

int actor_config_set_never(struct actor_config *config, bool never)
{
    config->wish.never = never;
    return ACTOR_OK;
}

int actor_config_set_preempt(struct actor_config *config, bool preempt)
{
    config->wish.preempt = preempt;
    return ACTOR_OK;
}

int actor_config_set_locked(struct actor_config *config, bool locked)
{
    config->locked = locked;
    return ACTOR_OK;
}

int actor_config_set_value(struct actor_config *config, const char *json)
{
    return json_value_to_cbor(json, config->value, sizeof config->value, &config->value_len,
                              config->why, sizeof config->why) == 0
               ? ACTOR_OK
               : ACTOR_EINVAL;
}

int actor_config_set_enabled(struct actor_config *config, bool enabled)
{
    config->enabled = enabled;
    return ACTOR_OK;
}

int actor_config_set_takeover(struct actor_config *config, enum actor_takeover takeover)
{
    switch (takeover) {
    case ACTOR_TAKEOVER_AT_ONCE:
        config->takeover = TAKEOVER_AT_ONCE;
        return ACTOR_OK;
    case ACTOR_TAKEOVER_AFTER_LEASE:
        config->takeover = TAKEOVER_AFTER_LEASE;
        return ACTOR_OK;
    case ACTOR_TAKEOVER_SLOT:
        config->takeover = TAKEOVER_SLOT;
        return ACTOR_OK;
    }
    return refuse(config, "takeover must be at once, after the lease, or by slots");
}

void actor_config_set_told(struct actor_config *config, actor_told_fn *on_told, void *context)
{
    config->on_told = on_told;
    config->told_context = context;
}

// --- Events ------------------------------------------------------------------------------------

// Room for an event's strings: the engine's names need not end in NUL.
struct strings {
    size_t used;
    char text[(2 * HISTORY_MAX + 2) * (NAME_MAX_BYTES + 1)];
    const char *ring[HISTORY_MAX], *remote[HISTORY_MAX], *roster[MEMBERS_MAX];
    char value[VALUE_JSON_MAX];
};

static const char *keep(struct strings *strings, struct name name)
{
    if (name_is_none(name)) {
        return NULL;
    }
    char *text = strings->text + strings->used;
    memcpy(text, name.text, name.len);
    text[name.len] = '\0';
    strings->used += name.len + 1;
    return text;
}

static struct actor_names keep_all(struct strings *strings, const char **names,
                                   const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        names[i] = keep(strings, history->names[i]);
    }
    return (struct actor_names){history->count, names};
}

// All of a view fits into a packet.
static struct actor_names keep_members(struct strings *strings, const struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        strings->roster[i] = keep(strings, members->names[i]);
    }
    return (struct actor_names){members->count, strings->roster};
}

static const char *value_text(struct strings *strings, struct value value)
{
    if (value_is_null(value) ||
        json_value_from_cbor(value.cbor, value.len, strings->value, sizeof strings->value) != 0) {
        return "null";
    }
    return strings->value;
}

static struct actor_event new_event(const struct actor *actor, enum actor_event_type type)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct actor_event){
        .type = type,
        .group = actor->group,
        .node = actor->link->config.name,
        .time_ms = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000,
        .mono_ns = link_now_ns(),
    };
}

static void deliver(struct actor *actor, const struct actor_event *event)
{
    if (actor->on_event != NULL) {
        actor->on_event(actor->context, actor, event);
    }
}

static void set_params_of(struct actor_event *event, const struct params *params)
{
    event->version = params->version;
    event->cycle_ns = params->cycle_ns;
    event->gap_ns = params->gap_ns;
    event->nodes = params->nodes;
    event->splits = params->splits;
    event->n_hosts = params->n_hosts;
    event->force_in = params->force_in;
}

static enum actor_event_type public_type(enum event_type type)
{
    switch (type) {
    case EVENT_SETUP:
        return ACTOR_EVENT_SETUP;
    case EVENT_TAG:
        return ACTOR_EVENT_TAG;
    case EVENT_RENEW:
        return ACTOR_EVENT_RENEW;
    case EVENT_UNTAG:
        return ACTOR_EVENT_UNTAG;
    case EVENT_DETAG:
        return ACTOR_EVENT_DETAG;
    case EVENT_PING:
        return ACTOR_EVENT_PING;
    case EVENT_SLOT:
        return ACTOR_EVENT_SLOT;
    case EVENT_GOOD_NODE:
        return ACTOR_EVENT_GOOD_NODE;
    case EVENT_RECOVER:
        return ACTOR_EVENT_RECOVER;
    case EVENT_JOIN:
        return ACTOR_EVENT_JOIN;
    case EVENT_LEAVE:
        return ACTOR_EVENT_LEAVE;
    case EVENT_SETTLING:
        return ACTOR_EVENT_SETTLING;
    case EVENT_SETTLED:
        return ACTOR_EVENT_SETTLED;
    case EVENT_ROSTER:
        return ACTOR_EVENT_ROSTER;
    case EVENT_NAME_TAKEN:
        break;
    }
    return ACTOR_EVENT_NAME_TAKEN;
}

static void set_roster_of(struct actor_event *event, const struct event *from)
{
    event->view = from->view;
    event->total = (uint32_t)from->roster.count;
    if (from->type == EVENT_SETTLED) {
        event->index = from->index;
    } else {
        event->settled = from->settled;
    }
}

static void carry_event(struct actor *actor, const struct event *from)
{
    struct strings strings;
    strings.used = 0;
    struct actor_event event = new_event(actor, public_type(from->type));
    event.slot = from->slot;
    event.value = value_text(&strings, from->value);
    event.ring = keep_all(&strings, strings.ring, &from->ring);
    event.remote = keep_all(&strings, strings.remote, &from->remote);
    event.roster = keep_members(&strings, &from->roster);
    event.by = event.leader = event.member = keep(&strings, from->who);
    if (from->type == EVENT_TAG || from->type == EVENT_RENEW) {
        event.until_ns = from->until_ns;
    } else if (from->type == EVENT_UNTAG) {
        event.reason = untag_text(from->reason);
    } else if (from->type == EVENT_SLOT) {
        event.full = from->full;
        event.members = from->members;
    } else if (from->type == EVENT_RECOVER) {
        event.prio = from->prio;
        event.replace = from->replace;
    } else if (from->type == EVENT_JOIN || from->type == EVENT_LEAVE) {
        event.reason = member_text(from->member_reason);
    } else if (from->type == EVENT_SETUP) {
        set_params_of(&event, from->params);
    } else if (from->type == EVENT_SETTLED || from->type == EVENT_ROSTER) {
        set_roster_of(&event, from);
    } else if (from->type == EVENT_NAME_TAKEN) {
        actor->silent = true;
    }
    deliver(actor, &event);
}

// --- Effects -----------------------------------------------------------------------------------

static void count_drop(struct actor *actor, enum drop reason, uint64_t count)
{
    int64_t now_ns = link_now_ns();
    actor->dropped[reason] += count;
    int64_t *logged_ns = &actor->drop_logged_ns[reason];
    if (*logged_ns != 0 && now_ns - *logged_ns < DROP_LOG_NS) {
        return;
    }
    *logged_ns = now_ns;
    link_log(actor->link, ACTOR_LOG_NOTICE, "%s: dropped a message: %s (%llu so far)", actor->group,
             drop_text(reason), (unsigned long long)actor->dropped[reason]);
}

static enum actor_log_level note_level(enum note note)
{
    switch (note) {
    case NOTE_SUSPENDED:
    case NOTE_NO_PROOF:
    case NOTE_VIEW_TOO_LONG:
    case NOTE_VIEW_HEADLESS:
        return ACTOR_LOG_WARNING;
    case NOTE_ISLANDS_WON:
    case NOTE_ISLANDS_LOST:
        return ACTOR_LOG_INFO;
    case NOTE_OWN_NAME: // its drop is logged
    case NOTE_JOIN_LISTEN:
    case NOTE_JOIN_FIRST:
    case NOTE_JOIN_RING:
    case NOTE_COPY:
    case NOTE_AGAIN:
    case NOTE_NEXT:
    case NOTE_WILLING:
    case NOTE_MISSED:
    case NOTE_COLLISION_WON:
    case NOTE_COLLISION_LOST:
    case NOTE_LATE_TURN:
    case NOTE_OBEY:
    case NOTE_OLD_NEWS:
    case NOTE_PARAMS_OLD:
    case NOTE_VIEW_NEW:
    case NOTE_VIEW_OTHER:
        break;
    }
    return ACTOR_LOG_DEBUG;
}

static void carry_note(struct actor *actor, enum note note, struct name who)
{
    link_log(actor->link, note_level(note), "%s: %s%s%.*s%s", actor->group, note_text(note),
             name_is_none(who) ? "" : " (", (int)who.len, name_is_none(who) ? "" : who.text,
             name_is_none(who) ? "" : ")");
}

static void carry_send(struct actor *actor, const struct message *message)
{
    const struct actor_link *link = actor->link;
    uint8_t packet[MESSAGE_MAX_BYTES];
    size_t len = packet_encode(link, message, packet);
    if (len == 0) {
        link_log(link, ACTOR_LOG_ERROR, "%s: a message is too long to send", actor->group);
        return;
    }
    bool is_beside = message->type == MESSAGE_VIEW || message->type == MESSAGE_DRAINED;
    const char *channel = is_beside ? actor->views : actor->group;
    int error = link->ops->send(link->transport, channel, packet, len);
    if (error != 0) {
        link_log(link, ACTOR_LOG_INFO, "%s: not sent: %s", actor->group, strerror(-error));
    }
}

static void carry(struct actor *actor, const struct effect *effect)
{
    struct actor_link *link = actor->link;
    switch (effect->type) {
    case EFFECT_SEND:
        carry_send(actor, &effect->send);
        break;
    case EFFECT_EVENT:
        carry_event(actor, &effect->event);
        break;
    case EFFECT_NOTE:
        carry_note(actor, effect->noted.note, effect->noted.who);
        break;
    case EFFECT_DROP:
        count_drop(actor, effect->drop, 1);
        break;
    case EFFECT_PROVE:
        if (link->ops->prove != NULL) {
            link->ops->prove(link->transport);
        }
        break;
    }
}

void seat_step(struct actor *actor, const struct input *input)
{
    struct actor_link *link = actor->link;
    engine_step(actor->engine, input, &link->effects);
    link->busy = true;
    for (uint32_t i = 0; i < link->effects.count; i++) {
        carry(actor, &link->effects.items[i]);
    }
    link->busy = false;
}

// S8: what another program tells this one; not this node's own echo.
static void hear_tell(struct actor *actor, const struct message *tell)
{
    struct actor_link *link = actor->link;
    char who[NAME_MAX_BYTES + 1] = "";
    if (name_equal(tell->node, name_of(link->config.name))) {
        if (tell->nonce != link->nonce) {
            count_drop(actor, DROP_OWN_NAME, 1);
        }
        return;
    }
    memcpy(who, tell->node.text, tell->node.len);
    if (actor->on_told != NULL) {
        link->busy = true;
        actor->on_told(actor->told_context, actor, who, tell->data, tell->data_len);
        link->busy = false;
    }
}

void seat_hear(struct actor *actor, const char *channel, const void *bytes, size_t len)
{
    struct actor_link *link = actor->link;
    bool is_view = strcmp(actor->views, channel) == 0;
    if (!is_view && strcmp(actor->group, channel) != 0) {
        return;
    }
    enum drop drop = packet_decode(link, is_view, bytes, len, &link->message);
    if (drop != DROP_NONE) {
        count_drop(actor, drop, 1);
        return;
    }
    if (link->message.type == MESSAGE_TELL) {
        hear_tell(actor, &link->message);
        return;
    }
    seat_step(
        actor,
        &(struct input){.type = INPUT_MESSAGE, .now_ns = link_now_ns(), .message = &link->message});
}

void seat_overrun(struct actor *actor, uint64_t count)
{
    count_drop(actor, DROP_OVERRUN, count);
}

void seat_link_changed(struct actor *actor, bool up)
{
    enum actor_event_type type = up ? ACTOR_EVENT_LINK_UP : ACTOR_EVENT_LINK_DOWN;
    struct input input = {.type = up ? INPUT_LINK_UP : INPUT_LINK_DOWN, .now_ns = link_now_ns()};
    if (actor->requests.first_step) {
        return; // it begins with what the link is then
    }
    if (!up) {
        seat_step(actor, &input);
    }
    struct actor_event event = new_event(actor, type);
    event.url = actor->link->url_text;
    event.reason = up ? NULL : actor->link->down_reason;
    actor->link->busy = true;
    deliver(actor, &event);
    actor->link->busy = false;
    if (up) {
        seat_step(actor, &input);
    }
}

// Not within actor_new(), which may be called while the effects of another step are carried out.
static void begin(struct actor *actor)
{
    struct actor_link *link = actor->link;
    seat_step(actor, &(struct input){.type = INPUT_TIMER, .now_ns = link_now_ns()});
    peers_introduce(link, actor);
    if (link->state == LINK_UP) {
        seat_link_changed(actor, true);
    }
}

bool seat_run_requests(struct actor *actor)
{
    struct requests asked = actor->requests;
    actor->requests = (struct requests){0};
    if (asked.first_step) {
        begin(actor);
    }
    struct input input = {.now_ns = link_now_ns()};
    if (asked.value) {
        input.type = INPUT_VALUE;
        input.value = (struct value){asked.value_cbor, asked.value_len};
        seat_step(actor, &input);
    }
    if (asked.enabled) {
        input.type = asked.enable ? INPUT_ENABLE : INPUT_DISABLE;
        seat_step(actor, &input);
    }
    if (asked.params) {
        input.type = INPUT_PARAMS;
        input.params = &asked.new_params;
        seat_step(actor, &input);
    }
    if (asked.give) {
        input.type = INPUT_GIVE;
        input.name = name_of(asked.heir);
        seat_step(actor, &input);
    }
    if (asked.away) {
        input.type = INPUT_AWAY;
        input.span_ns = asked.away_ns;
        seat_step(actor, &input);
    }
    if (asked.drained) {
        input.type = INPUT_DRAINED;
        seat_step(actor, &input);
    }
    return asked.first_step || asked.value || asked.enabled || asked.params || asked.give ||
           asked.away || asked.drained;
}

struct actor *seat_next(const struct actor *actor)
{
    return actor->next;
}

int64_t seat_deadline_ns(const struct actor *actor)
{
    return engine_deadline_ns(actor->engine);
}

// --- The face ----------------------------------------------------------------------------------

static struct engine *new_engine(const struct actor *actor, const struct actor_config *config)
{
    struct actor_link *link = actor->link;
    bool has_roster = actor->views[0] != '\0';
    // Zeroed pages are not touched before nodes come to be known.
    void *memory = calloc(1, engine_bytes(ENGINE_NODES_MAX));
    if (memory == NULL) {
        return NULL;
    }
    struct engine_config to = {
        .name = name_of(link->config.name),
        .nonce = link->nonce,
        .params = config->params,
        .locked = config->locked,
        .enabled = config->enabled,
        .value = {config->value, config->value_len},
        .lease_ns = link->ops->proves ? link->config.keepalive_ns : 0,
        .echoes = link->ops->echoes,
        .takeover = config->takeover,
        .has_roster = has_roster,
        .settle_ns = config->settle_ns,
        .wish = config->wish,
        .drain_ns = config->drain_ns,
        .packet_max = packet_max(link, config->group),
        .view_max = has_roster ? packet_max(link, actor->views) : 0,
        .capacity = ENGINE_NODES_MAX,
        .draw = link_draw,
        .draw_context = link,
    };
    return engine_init(memory, &to);
}

static bool is_joined(const struct actor_link *link, const char *group)
{
    for (const struct actor *actor = link->actors; actor != NULL; actor = actor->next) {
        if (strcmp(actor->group, group) == 0) {
            return true;
        }
    }
    return false;
}

// Without a channel for views it takes part, and has no index.
static void join_views(struct actor *actor)
{
    struct actor_link *link = actor->link;
    snprintf(actor->views, sizeof actor->views, "%s" VIEWS_SUFFIX, actor->group);
    int joined = link->ops->join(link->transport, actor->views);
    if (joined != 0) {
        link_log(link, ACTOR_LOG_WARNING,
                 "%s: the transport has no channel for %s: %s -> no roster", actor->group,
                 actor->views, strerror(-joined));
        actor->views[0] = '\0';
    }
}

static void leave_channels(struct actor *actor)
{
    struct actor_link *link = actor->link;
    link->ops->leave(link->transport, actor->group);
    if (actor->views[0] != '\0') {
        link->ops->leave(link->transport, actor->views);
    }
}

// Whether it takes part; else nothing is left of that.
static int take_part(struct actor *actor, struct actor_config *config)
{
    struct actor_link *link = actor->link;
    int joined = link->ops->join(link->transport, actor->group);
    if (joined != 0) {
        snprintf(config->why, sizeof config->why, "the transport cannot take part in group %s: %s",
                 actor->group, strerror(-joined));
        return ACTOR_EINVAL;
    }
    join_views(actor);
    actor->engine = new_engine(actor, config);
    if (actor->engine == NULL) {
        leave_channels(actor);
        return ACTOR_ENOMEM;
    }
    return ACTOR_OK;
}

static const char *settle_fault(const struct actor_config *config)
{
    int64_t least_ns = config->params.cycle_ns + config->params.gap_ns * 9 / 2;
    return config->settle_ns != 0 && config->settle_ns < least_ns
               ? "settle must be at least cycle + 4.5 gap"
               : NULL;
}

int actor_new(struct actor **result, struct actor_link *link, struct actor_config *config,
              actor_event_fn *on_event, void *context)
{
    const char *fault = params_fault(&config->params);
    if (fault == NULL) {
        fault = settle_fault(config);
    }
    if (fault != NULL) {
        return refuse(config, fault);
    }
    if (is_joined(link, config->group)) {
        return ACTOR_ESTATE;
    }
    struct value value = {config->value, config->value_len};
    if (packet_check(link, config->group, value, config->why, sizeof config->why) != 0) {
        return ACTOR_EINVAL;
    }
    struct actor *actor = calloc(1, sizeof *actor);
    if (actor == NULL) {
        return ACTOR_ENOMEM;
    }
    actor->link = link;
    actor->on_event = on_event;
    actor->context = context;
    actor->on_told = config->on_told;
    actor->told_context = config->told_context;
    memcpy(actor->group, config->group, sizeof actor->group);
    int error = take_part(actor, config);
    if (error != ACTOR_OK) {
        free(actor);
        return error;
    }
    struct actor **last = &link->actors;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = actor;
    *result = actor;
    actor->requests.first_step = true;
    peers_announce(link);
    link_settle(link);
    return ACTOR_OK;
}

void actor_free(struct actor *actor)
{
    if (actor == NULL) {
        return;
    }
    struct actor_link *link = actor->link;
    seat_step(actor, &(struct input){.type = INPUT_STOP, .now_ns = link_now_ns()});
    struct actor **at = &link->actors;
    while (*at != actor) {
        at = &(*at)->next;
    }
    *at = actor->next;
    if (link->state != LINK_CLOSING && link->state != LINK_CLOSED) {
        leave_channels(actor);
    }
    peers_announce(link);
    link_arm(link);
    free(actor->engine);
    free(actor);
}

const char *actor_group(const struct actor *actor)
{
    return actor->group;
}

struct actor_link *actor_get_link(const struct actor *actor)
{
    return actor->link;
}

int actor_set_value(struct actor *actor, const char *json)
{
    struct requests *requests = &actor->requests;
    char why[WHY_MAX];
    uint8_t cbor[VALUE_MAX_BYTES];
    size_t len = 0;
    if (json_value_to_cbor(json, cbor, sizeof cbor, &len, why, sizeof why) != 0 ||
        packet_check(actor->link, actor->group, (struct value){cbor, len}, why, sizeof why) != 0) {
        link_log(actor->link, ACTOR_LOG_ERROR, "%s: %s", actor->group, why);
        return ACTOR_EINVAL;
    }
    memcpy(requests->value_cbor, cbor, len);
    requests->value_len = len;
    requests->value = true;
    link_settle(actor->link);
    return ACTOR_OK;
}

static int ask_enabled(struct actor *actor, bool enable)
{
    actor->requests.enabled = true;
    actor->requests.enable = enable;
    link_settle(actor->link);
    return ACTOR_OK;
}

int actor_enable(struct actor *actor)
{
    return ask_enabled(actor, true);
}

int actor_disable(struct actor *actor)
{
    return ask_enabled(actor, false);
}

int actor_hand_over(struct actor *actor, const char *node)
{
    struct requests *requests = &actor->requests;
    if (actor_tagged_until(actor) == 0) {
        return ACTOR_ESTATE;
    }
    if (!name_is_valid(name_of(node)) || !engine_may_give(actor->engine, name_of(node))) {
        return ACTOR_EINVAL;
    }
    requests->give = true;
    memcpy(requests->heir, node, strlen(node) + 1);
    link_settle(actor->link);
    return ACTOR_OK;
}

int actor_away(struct actor *actor, int64_t away_ns)
{
    if (away_ns < 0 || away_ns > AWAY_MAX_S * NS_PER_S) {
        return ACTOR_EINVAL;
    }
    actor->requests.away = true;
    actor->requests.away_ns = away_ns;
    link_settle(actor->link);
    return ACTOR_OK;
}

int actor_drained(struct actor *actor)
{
    actor->requests.drained = true;
    link_settle(actor->link);
    return ACTOR_OK;
}

int actor_set_params(struct actor *actor, struct actor_config *config)
{
    const char *fault = params_fault(&config->params);
    if (fault == NULL && config->params.version <= engine_params(actor->engine)->version) {
        fault = "the version must be higher than the present one";
    }
    if (fault != NULL) {
        return refuse(config, fault);
    }
    actor->requests.params = true;
    actor->requests.new_params = config->params;
    link_settle(actor->link);
    return ACTOR_OK;
}

size_t actor_tell_max(const struct actor *actor)
{
    return actor->views[0] != '\0' ? packet_tell_max(actor->link, actor->views) : 0;
}

int actor_tell(struct actor *actor, const void *payload, size_t len)
{
    struct actor_link *link = actor->link;
    struct message tell = {.type = MESSAGE_TELL, .nonce = link->nonce};
    uint8_t packet[MESSAGE_MAX_BYTES];
    if (actor->views[0] == '\0') {
        return ACTOR_EUNSUPPORTED;
    }
    if (len > actor_tell_max(actor)) {
        return ACTOR_EINVAL;
    }
    if (link->state != LINK_UP || actor->silent) {
        return ACTOR_ESTATE;
    }
    tell.node = name_of(link->config.name);
    tell.data = payload;
    tell.data_len = len;
    size_t size = packet_encode(link, &tell, packet);
    return link->ops->send(link->transport, actor->views, packet, size) == 0 ? ACTOR_OK
                                                                             : ACTOR_ESTATE;
}

int64_t actor_tagged_until(const struct actor *actor)
{
    int64_t until_ns = engine_tagged_until_ns(actor->engine);
    return link_now_ns() < until_ns ? until_ns : 0;
}

int64_t actor_settled_until(const struct actor *actor)
{
    int64_t until_ns = engine_settled_until_ns(actor->engine);
    return link_now_ns() < until_ns ? until_ns : 0;
}

unsigned actor_drop_reasons(void)
{
    return DROP_COUNT - 1;
}

const char *actor_drop_reason(unsigned reason)
{
    return reason < actor_drop_reasons() ? drop_text((enum drop)(reason + 1)) : "";
}

uint64_t actor_dropped(const struct actor *actor, unsigned reason)
{
    return reason < actor_drop_reasons() ? actor->dropped[reason + 1] : 0;
}
