// SPDX-License-Identifier: MIT
// The transport over a Serf agent on this host: one state machine for the connection.
//
// A group is the user event PREFIX.GROUP, not coalesced, as Python nodes have it. The agent spreads
// an event by gossip; what it answers says that it has taken it, and no more. It comes back to its
// sender as well, may come in another order, seldom or never (see serf_late.h), and of two that are
// equal and sent at once by two nodes one may be missing. Who is there: see serf_presence.h.
#include "asyncactor/actor.h"
#include "serf_late.h"
#include "serf_presence.h"
#include "serf_rpc.h"
#include "transports.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

enum {
    RETRY_FIRST_MS = 100,    // doubled from try to try
    RETRY_LAST_MS = 1200,    // so that a node is back within 2 s of the agent's return
    RETRY_REFUSED_MS = 5000, // where somebody has to change a setting first
    STEADY_MS = 5000,        // a connection that lasted as long was a good one
    ORDERLY_MS = 1000,       // for the agent to confirm what was sent before a close
    // Of an event with its name: agents take 512 bytes, with up to 40 that they add, and more would
    // not fit into a packet of gossip for long (it may be raised in their configurations).
    EVENT_MAX = 460,
    PACKET_LEAST = 64, // that a name has to leave
    // Gossip carries some 5 KB a second without loss (three agents, profile "lan"), about 1 KB
    // every 200 ms. An agent takes and confirms more all the same, so it is counted out here.
    GOSSIP_BYTES_A_MS = 5,
    GOSSIP_AHEAD_MS = 200,
    GOSSIP_PAUSE_MS = 50,    // between two looks whether there is room again
    EVENT_EXTRA = 32,        // bytes around a name and a packet
    UNANSWERED_MAX = 256,    // of events
    PACKETS_MAX = 16384,     // that wait for their turn
    PACKET_BYTES = 4096,     // PROTOCOL.md M2
    MESSAGE_MAX = 64 * 1024, // a hundred times what an event may be
    REASON_MAX = 512,
};

static const int64_t second_ns = 1000000000;

enum state { WAITING, CONNECTING, GREETING, UP, CLOSING };

struct group {
    struct group *next;
    const char *name; // the end of its event's
    uint64_t stream;  // 0: not asked for on this connection
    bool streaming;   // as the agent says
    bool left;        // by the host
    char event[];
};

struct packet {
    STAILQ_ENTRY(packet) entry;
    const char *event;
    size_t len;
    char bytes[]; // and the event's name
};

// Something that may happen often, and is logged once a minute.
struct complaint {
    int64_t next_ns;
    uint64_t count;
};

struct actor_transport {
    struct actor_transport_config config;
    struct serf_rpc *rpc;           // NULL: none
    struct serf_presence *presence; // NULL: it has ended
    uv_timer_t timer;               // of the state
    uv_timer_t pause;               // until more may be sent
    int parts; // that have to end before this can be freed: timers, connections, presence
    enum state state;
    bool asked_for_streams; // on this connection
    bool probed;            // the agent has answered a question for which it wants its key
    uint64_t retry_ms;
    uint64_t up_since_ms; // of the loop's clock
    int64_t proved_ns;
    char told[REASON_MAX]; // the last reason for being down
    struct group *groups;
    STAILQ_HEAD(packets, packet) packets;
    int packet_count;
    // The last one sent, until it comes back: the agent crashes when a stream ends that it is about
    // to tell of an event ("send on closed channel").
    struct packet *last;
    int unanswered;     // events
    uint64_t gossip_ms; // when gossip will have carried what was sent, of the loop's clock
    struct serf_late late;
    struct complaint unsent, refused, late_ones;
};

// --- Small things --------------------------------------------------------------------------------

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * second_ns + now.tv_nsec;
}

// Counts, and says whether to write a line now.
static bool is_due(struct complaint *complaint)
{
    int64_t now = now_ns();
    complaint->count++;
    if (now < complaint->next_ns) {
        return false;
    }
    complaint->next_ns = now + 60 * second_ns;
    return true;
}

__attribute__((format(printf, 3, 4))) static void host_log(const struct actor_transport *transport,
                                                           enum actor_log_level level,
                                                           const char *format, ...)
{
    char line[REASON_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    transport->config.host_ops->log(transport->config.host, (int)level, line);
}

static void host_proof(struct actor_transport *transport, int64_t sent_ns)
{
    if (sent_ns > transport->proved_ns) {
        transport->proved_ns = sent_ns;
        transport->config.host_ops->proof(transport->config.host, sent_ns);
    }
}

static struct group *find_stream(const struct actor_transport *transport, uint64_t stream)
{
    struct group *group = transport->groups;
    while (group != NULL && group->stream != stream) {
        group = group->next;
    }
    return group;
}

// --- Sending -------------------------------------------------------------------------------------

static void on_pause_over(uv_timer_t *pause);

static void drop_first(struct actor_transport *transport)
{
    struct packet *packet = STAILQ_FIRST(&transport->packets);
    STAILQ_REMOVE_HEAD(&transport->packets, entry);
    transport->packet_count--;
    free(packet);
}

static void drop_all(struct actor_transport *transport)
{
    while (!STAILQ_EMPTY(&transport->packets)) {
        drop_first(transport);
    }
}

// What gossip has to carry counts for as long as it takes; at the end nobody waits for it.
static bool gossip_has_room(struct actor_transport *transport)
{
    uint64_t now_ms = uv_now(transport->config.loop);
    if (transport->gossip_ms < now_ms) {
        transport->gossip_ms = now_ms;
    }
    return transport->gossip_ms - now_ms < GOSSIP_AHEAD_MS || transport->state == CLOSING;
}

static void forget_last(struct actor_transport *transport)
{
    free(transport->last);
    transport->last = NULL;
}

static void send_first(struct actor_transport *transport)
{
    struct packet *packet = STAILQ_FIRST(&transport->packets);
    size_t size = EVENT_EXTRA + strlen(packet->event) + packet->len;
    serf_rpc_event(transport->rpc, packet->event, packet->bytes, packet->len);
    transport->unanswered++;
    transport->gossip_ms += size / GOSSIP_BYTES_A_MS;
    STAILQ_REMOVE_HEAD(&transport->packets, entry);
    transport->packet_count--;
    forget_last(transport);
    transport->last = packet;
}

static void send_what_may_go(struct actor_transport *transport)
{
    uv_update_time(transport->config.loop);
    while (!STAILQ_EMPTY(&transport->packets) && transport->unanswered < UNANSWERED_MAX) {
        if (!gossip_has_room(transport)) {
            uv_timer_start(&transport->pause, on_pause_over, GOSSIP_PAUSE_MS, 0);
            return;
        }
        send_first(transport);
    }
}

static void on_pause_over(uv_timer_t *pause)
{
    struct actor_transport *transport = pause->data;
    if (transport->rpc != NULL) {
        send_what_may_go(transport);
    }
}

static int add_packet(struct actor_transport *transport, const char *event, const void *bytes,
                      size_t len)
{
    size_t name_size = strlen(event) + 1;
    struct packet *packet = malloc(sizeof *packet + len + name_size);
    if (packet == NULL) {
        return -ENOMEM;
    }
    packet->event = packet->bytes + len;
    packet->len = len;
    memcpy(packet->bytes, bytes, len);
    memcpy(packet->bytes + len, event, name_size);
    STAILQ_INSERT_TAIL(&transport->packets, packet, entry);
    if (transport->packet_count++ == PACKETS_MAX) {
        drop_first(transport);
        if (is_due(&transport->unsent)) {
            host_log(
                transport, ACTOR_LOG_WARNING,
                "gossip is too slow -> the oldest of what waits to be sent is dropped: %" PRIu64
                " so far",
                transport->unsent.count);
        }
    }
    return 0;
}

// --- Groups that were left -----------------------------------------------------------------------

static void end_left(struct actor_transport *transport)
{
    struct group **place = &transport->groups, *group;
    while ((group = *place) != NULL) {
        if (!group->left) {
            place = &group->next;
            continue;
        }
        if (group->stream != 0) {
            serf_rpc_stop(transport->rpc, group->stream);
        }
        *place = group->next;
        free(group);
    }
}

// --- The state machine ---------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer);
static const struct serf_rpc_ops rpc_ops;

static void set_state(struct actor_transport *transport, enum state state)
{
    transport->state = state;
    uv_timer_stop(&transport->timer);
}

static void set_timer(struct actor_transport *transport, uint64_t timeout_ms)
{
    uv_update_time(transport->config.loop);
    uv_timer_start(&transport->timer, on_timer, timeout_ms, 0);
}

// A quarter more or less, so that a fleet does not come all at once.
static uint64_t with_jitter(uint64_t delay_ms)
{
    uint16_t draw = 0;
    if (getrandom(&draw, sizeof draw, GRND_NONBLOCK) != sizeof draw) {
        draw = UINT16_MAX / 2;
    }
    return delay_ms * 3 / 4 + delay_ms * draw / (2 * UINT16_MAX);
}

static uint64_t next_retry_ms(struct actor_transport *transport)
{
    uint64_t delay = transport->retry_ms;
    transport->retry_ms = delay * 2 < RETRY_LAST_MS ? delay * 2 : RETRY_LAST_MS;
    return delay;
}

static void start_connecting(struct actor_transport *transport)
{
    const struct actor_transport_config *config = &transport->config;
    int64_t patience_ms = config->keepalive_ns / 1000000;
    const struct serf_rpc_config to = {
        .loop = config->loop,
        .ops = &rpc_ops,
        .context = transport,
        .host = config->address,
        .port = config->port != 0 ? config->port : SERF_PORT,
        .patience_ms = patience_ms < 1000 ? 1000 : (uint64_t)patience_ms,
        .message_max = MESSAGE_MAX,
    };
    set_state(transport, CONNECTING);
    transport->rpc = serf_rpc_open(&to);
    if (transport->rpc == NULL) {
        set_state(transport, WAITING);
        set_timer(transport, RETRY_LAST_MS);
        return;
    }
    transport->parts++;
}

// What was not sent on this connection is forgotten, and so is what its agent has counted.
static void hang_up(struct actor_transport *transport)
{
    if (transport->rpc != NULL) {
        serf_rpc_close(transport->rpc);
        transport->rpc = NULL;
    }
    if (transport->presence != NULL) {
        serf_presence_down(transport->presence);
    }
    for (struct group *group = transport->groups; group != NULL; group = group->next) {
        group->stream = 0;
        group->streaming = false;
    }
    end_left(transport);
    drop_all(transport);
    forget_last(transport);
    transport->unanswered = 0;
    transport->asked_for_streams = transport->probed = false;
    transport->late = (struct serf_late){0};
    uv_timer_stop(&transport->pause);
}

static void go_waiting(struct actor_transport *transport, uint64_t delay_ms, const char *reason)
{
    hang_up(transport);
    set_state(transport, WAITING);
    set_timer(transport, with_jitter(delay_ms));
    if (strcmp(transport->told, reason) != 0) {
        snprintf(transport->told, sizeof transport->told, "%s", reason);
        transport->config.host_ops->down(transport->config.host, transport->told);
    }
}

static void go_up_when_all_stream(struct actor_transport *transport)
{
    for (const struct group *group = transport->groups; group != NULL; group = group->next) {
        if (!group->streaming && !group->left) {
            return;
        }
    }
    if (transport->state == GREETING && transport->probed) {
        set_state(transport, UP);
        transport->up_since_ms = uv_now(transport->config.loop);
        transport->told[0] = '\0';
        serf_presence_up(transport->presence);
        transport->config.host_ops->up(transport->config.host);
    }
}

static void on_rpc_connected(void *context)
{
    struct actor_transport *transport = context;
    set_state(transport, GREETING);
    serf_rpc_handshake(transport->rpc);
}

// The probe finds out whether a key is wanted, when there is no group yet.
static void ask_for_streams(struct actor_transport *transport)
{
    transport->asked_for_streams = true;
    serf_rpc_probe(transport->rpc);
    for (struct group *group = transport->groups; group != NULL; group = group->next) {
        group->stream = serf_rpc_stream(transport->rpc, group->event);
    }
}

static void on_streaming(struct actor_transport *transport, uint64_t stream)
{
    struct group *group = find_stream(transport, stream);
    if (group != NULL) { // else it was left meanwhile
        group->streaming = true;
    }
    go_up_when_all_stream(transport);
}

static void on_accepted(struct actor_transport *transport, const struct serf_answer *answer)
{
    switch (answer->question) {
    case SERF_HANDSHAKE:
        if (transport->config.password != NULL) {
            serf_rpc_auth(transport->rpc, transport->config.password);
        } else {
            ask_for_streams(transport);
        }
        break;
    case SERF_AUTH:
        ask_for_streams(transport);
        break;
    case SERF_STREAM:
        on_streaming(transport, answer->seq);
        break;
    case SERF_STOP:
        transport->probed = true;
        go_up_when_all_stream(transport);
        break;
    case SERF_EVENT:
    case SERF_MEMBERS:
    case SERF_TAGS:
        break;
    }
}

// After "required" the agent reads what follows wrongly, and after a wrong key nothing helps but
// another: the connection ends in any case.
static void on_refused(struct actor_transport *transport, const struct serf_answer *answer)
{
    char reason[REASON_MAX];
    const char *words = answer->error;
    if (strcmp(words, "Authentication required") == 0) {
        snprintf(reason, sizeof reason,
                 "the agent wants a key: its rpc_auth belongs into the URL, serf://:KEY@HOST");
    } else if (answer->question == SERF_AUTH) {
        snprintf(
            reason, sizeof reason,
            "the agent refuses the key (\"%s\"): it must be its rpc_auth, and none where it has "
            "none",
            words);
    } else if (answer->question == SERF_HANDSHAKE) {
        snprintf(
            reason, sizeof reason,
            "the agent does not speak version 1 of Serf's RPC protocol (\"%s\"): it must be of "
            "another version",
            words);
    } else if (answer->question == SERF_STREAM) {
        const struct group *group = find_stream(transport, answer->seq);
        snprintf(reason, sizeof reason, "the agent refuses to stream the user event %s (\"%s\")",
                 group != NULL ? group->event : "that was left", words);
    } else {
        snprintf(reason, sizeof reason, "the agent refuses what Serf agents do (\"%s\")", words);
    }
    go_waiting(transport, RETRY_REFUSED_MS, reason);
}

static void on_event_refused(struct actor_transport *transport, const char *words)
{
    if (is_due(&transport->refused)) {
        host_log(transport, ACTOR_LOG_WARNING,
                 "the agent refuses an event (\"%s\") -> lost: %" PRIu64 " so far", words,
                 transport->refused.count);
    }
}

static void finish(struct actor_transport *transport);

static void finish_when_all_is_sent(struct actor_transport *transport)
{
    if (transport->state == CLOSING && transport->unanswered == 0 &&
        STAILQ_EMPTY(&transport->packets) && transport->last == NULL) {
        finish(transport);
    }
}

static void look_for_last(struct actor_transport *transport, const struct serf_event *event)
{
    const struct packet *last = transport->last;
    if (last != NULL && last->len == event->len && strlen(last->event) == event->name_len &&
        memcmp(last->event, event->name, event->name_len) == 0 &&
        memcmp(last->bytes, event->payload, event->len) == 0) {
        forget_last(transport);
        end_left(transport);
        finish_when_all_is_sent(transport);
    }
}

static void on_event_answered(struct actor_transport *transport, const struct serf_answer *answer)
{
    transport->unanswered--;
    if (answer->error[0] != '\0') {
        on_event_refused(transport, answer->error);
        forget_last(transport);
        end_left(transport);
    }
    send_what_may_go(transport);
    finish_when_all_is_sent(transport);
}

static bool is_about_the_key(const char *words)
{
    return strstr(words, " required") != NULL;
}

static void on_rpc_answered(void *context, const struct serf_answer *answer)
{
    struct actor_transport *transport = context;
    bool accepted = answer->error[0] == '\0';
    if (answer->question == SERF_EVENT && !is_about_the_key(answer->error)) {
        on_event_answered(transport, answer);
    } else if (transport->state == CLOSING) {
        return;
    } else if (accepted) {
        on_accepted(transport, answer);
    } else {
        on_refused(transport, answer);
    }
    if (accepted && transport->state == UP) {
        host_proof(transport, answer->asked_ns);
    }
}

// A stream may be of all names.
static bool is_of(const struct serf_event *event, const struct group *group)
{
    return event->name_len == strlen(group->event) &&
           memcmp(event->name, group->event, event->name_len) == 0;
}

static void on_rpc_event(void *context, const struct serf_event *event)
{
    struct actor_transport *transport = context;
    const struct group *group = find_stream(transport, event->stream);
    uint64_t now_ms = uv_now(transport->config.loop);
    bool is_left = group != NULL && group->left;
    look_for_last(transport, event);
    if (transport->state != UP || group == NULL || is_left || !is_of(event, group) ||
        event->len > PACKET_BYTES) {
        return;
    }
    if (!serf_late_is(&transport->late, event->time, (int64_t)now_ms)) {
        char name[EVENT_MAX]; // the host may leave the group
        snprintf(name, sizeof name, "%s", group->name);
        transport->config.host_ops->message(transport->config.host, name, event->payload,
                                            event->len);
    } else if (is_due(&transport->late_ones)) {
        host_log(transport, ACTOR_LOG_NOTICE,
                 "an event of %s came too late -> dropped: %" PRIu64 " so far", group->event,
                 transport->late_ones.count);
    }
}

static void on_rpc_failed(void *context, const char *reason)
{
    struct actor_transport *transport = context;
    if (transport->state == CLOSING) {
        finish(transport);
        return;
    }
    if (transport->state == UP &&
        uv_now(transport->config.loop) - transport->up_since_ms >= STEADY_MS) {
        transport->retry_ms = RETRY_FIRST_MS;
    }
    go_waiting(transport, next_retry_ms(transport), reason);
}

// --- The end -------------------------------------------------------------------------------------

static void part_has_ended(struct actor_transport *transport)
{
    const struct actor_transport_config config = transport->config;
    if (--transport->parts > 0) {
        return;
    }
    while (transport->groups != NULL) {
        struct group *group = transport->groups;
        transport->groups = group->next;
        free(group);
    }
    free(transport);
    config.host_ops->closed(config.host);
}

static void on_rpc_closed(void *context)
{
    part_has_ended(context);
}

static void on_presence_closed(void *context)
{
    struct actor_transport *transport = context;
    transport->presence = NULL;
    part_has_ended(transport);
}

static void on_timer_closed(uv_handle_t *timer)
{
    part_has_ended(timer->data);
}

static void finish(struct actor_transport *transport)
{
    if (!uv_is_closing((uv_handle_t *)&transport->timer)) {
        hang_up(transport);
        uv_close((uv_handle_t *)&transport->timer, on_timer_closed);
        uv_close((uv_handle_t *)&transport->pause, on_timer_closed);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct actor_transport *transport = timer->data;
    switch (transport->state) {
    case WAITING:
        start_connecting(transport);
        break;
    case GREETING:
        go_up_when_all_stream(transport); // after a leave()
        break;
    case CLOSING:
        finish(transport);
        break;
    case CONNECTING:
    case UP:
        break;
    }
}

static const struct serf_rpc_ops rpc_ops = {
    .connected = on_rpc_connected,
    .answered = on_rpc_answered,
    .event = on_rpc_event,
    .failed = on_rpc_failed,
    .closed = on_rpc_closed,
};

// --- The table -----------------------------------------------------------------------------------

static const char *find_fault(const struct actor_transport_config *config)
{
    if (config->address[0] == '\0') {
        return "a Serf URL needs a host";
    }
    if (config->port < 0 || config->port > 65535) {
        return "a port is 1 to 65535";
    }
    if (config->user != NULL) {
        return "a Serf agent has a key, and no users: serf://:KEY@HOST";
    }
    return NULL;
}

static struct actor_transport *make_transport(const struct actor_transport_config *config)
{
    struct actor_transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) {
        return NULL;
    }
    transport->config = *config;
    transport->presence = serf_presence_new(&transport->config, on_presence_closed, transport);
    if (transport->presence == NULL) {
        free(transport);
        return NULL;
    }
    return transport;
}

static int open_transport(struct actor_transport **opened,
                          const struct actor_transport_config *config, char *why, size_t why_size)
{
    const char *fault = find_fault(config);
    if (fault != NULL) {
        snprintf(why, why_size, "%s", fault);
        return -EINVAL;
    }
    struct actor_transport *transport = make_transport(config);
    if (transport == NULL) {
        snprintf(why, why_size, "no memory");
        return -ENOMEM;
    }
    transport->retry_ms = RETRY_FIRST_MS;
    STAILQ_INIT(&transport->packets);
    transport->timer.data = transport->pause.data = transport;
    uv_timer_init(config->loop, &transport->timer);
    uv_timer_init(config->loop, &transport->pause);
    transport->parts = 3;
    start_connecting(transport);
    *opened = transport;
    return 0;
}

// PREFIX.GROUP, where Python nodes have dots for the slashes of a prefix too.
static struct group *make_group(const char *prefix, const char *name)
{
    size_t prefix_len = strlen(prefix), size = prefix_len + 1 + strlen(name) + 1;
    struct group *group = calloc(1, sizeof *group + size);
    if (group == NULL) {
        return NULL;
    }
    snprintf(group->event, size, "%s.%s", prefix, name);
    for (size_t i = 0; i < prefix_len; i++) {
        if (group->event[i] == '/') {
            group->event[i] = '.';
        }
    }
    group->name = group->event + prefix_len + 1;
    return group;
}

static size_t room_beside(size_t name_len)
{
    return name_len < EVENT_MAX ? EVENT_MAX - name_len : 0;
}

static bool leaves_room(const struct actor_transport *transport, const char *event)
{
    if (room_beside(strlen(event)) >= PACKET_LEAST) {
        return true;
    }
    host_log(transport, ACTOR_LOG_ERROR,
             "the name of a user event has %zu bytes and may have %d, since name and packet share "
             "%d with Serf, and a packet needs %d: %s",
             strlen(event), EVENT_MAX - PACKET_LEAST, EVENT_MAX, PACKET_LEAST, event);
    return false;
}

static int join(struct actor_transport *transport, const char *name)
{
    struct group *group = make_group(transport->config.prefix, name);
    if (group == NULL) {
        return -ENOMEM;
    }
    if (!leaves_room(transport, group->event)) {
        free(group);
        return -ENAMETOOLONG;
    }
    if (transport->asked_for_streams) {
        group->stream = serf_rpc_stream(transport->rpc, group->event);
    }
    group->next = transport->groups;
    transport->groups = group;
    return 0;
}

static struct group **find_place(struct actor_transport *transport, const char *name)
{
    struct group **place = &transport->groups;
    while (*place != NULL && ((*place)->left || strcmp((*place)->name, name) != 0)) {
        place = &(*place)->next;
    }
    return place;
}

static void leave(struct actor_transport *transport, const char *name)
{
    struct group *group = *find_place(transport, name);
    if (group == NULL) {
        return;
    }
    group->left = true;
    if (transport->last == NULL) {
        end_left(transport);
    }
    if (transport->state == GREETING) {
        set_timer(transport, 0); // it may have been the last one to be waited for
    }
}

static size_t packet_max(const struct actor_transport *transport, const char *name)
{
    return room_beside(strlen(transport->config.prefix) + 1 + strlen(name));
}

static int send_packet(struct actor_transport *transport, const char *name, const void *bytes,
                       size_t len)
{
    const struct group *group = *find_place(transport, name);
    if (group == NULL) {
        return -EINVAL;
    }
    if (transport->state != UP) {
        return -ENOTCONN;
    }
    if (len > room_beside(strlen(group->event))) {
        return -EMSGSIZE;
    }
    int error = add_packet(transport, group->event, bytes, len);
    send_what_may_go(transport);
    return error;
}

static int announce(struct actor_transport *transport, const char *about)
{
    return serf_presence_announce(transport->presence, about);
}

static void prove(struct actor_transport *transport)
{
    if (transport->state == UP) {
        serf_rpc_probe(transport->rpc);
    }
}

static void close_transport(struct actor_transport *transport, bool orderly)
{
    bool wait = orderly && transport->state == UP;
    set_state(transport, CLOSING);
    serf_presence_close(transport->presence, orderly);
    if (wait && (transport->unanswered > 0 || transport->last != NULL ||
                 !STAILQ_EMPTY(&transport->packets))) {
        send_what_may_go(transport);
        set_timer(transport, ORDERLY_MS);
    } else {
        finish(transport);
    }
}

static const char *const schemes[] = {"serf", NULL};

const struct actor_transport_ops transport_serf = {
    .schemes = schemes,
    .proves = true,
    .echoes = true, // nothing in an event tells who sent it
    .ghosts = true, // a tag is its agent's
    .encoding = ACTOR_TRANSPORT_MSGPACK,
    .open = open_transport,
    .join = join,
    .leave = leave,
    .packet_max = packet_max,
    .send = send_packet,
    .announce = announce,
    .prove = prove,
    .close = close_transport,
};
