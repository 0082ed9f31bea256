// SPDX-License-Identifier: MIT
// The transport over an MQTT broker: the loop's side, one state machine for the connection.
//
// A group is the topic PREFIX/GROUP, its packets are QoS 1 (the broker confirms that it has them)
// and not retained; what comes is QoS 0, since after a clean start nothing is sent again, and
// confirming it cost two packets for each one. MQTT 5 is asked for first, and 3.1.1 where the
// broker refuses that. Every attempt is a fresh connection with a clean start; what was not sent on
// the last one is forgotten.
#include "asyncactor/actor.h"
#include "mqtt_presence.h"
#include "mqtt_worker.h"
#include "transports.h"

#include <MQTTReasonCodes.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

enum {
    RETRY_FIRST_MS = 100,    // doubled from try to try
    RETRY_LAST_MS = 1200,    // so that a node is back within 2 s of the broker's return
    RETRY_REFUSED_MS = 5000, // where somebody has to change a setting first
    STEADY_MS = 5000,        // a connection that lasted as long was a good one
    KEEPALIVE_MIN_S = 2,     // the library looks once a second only, and brokers count whole ones
    SUBSCRIBE_MS = 10000,    // for the broker to confirm all subscriptions
    ORDERLY_MS = 1000,       // for it to confirm what was sent before a close
    CLEARING_MS = 200,       // or that this node is gone, at least: a part of the next
    PARTING_MS = 500,        // and for the library to end after that
    PACKET_MAX = 4096,       // PROTOCOL.md M2
    PUBLISH_MAX = 1024 * 1024,
    REASON_MAX = 512,
};

static const int64_t second_ns = 1000000000;

enum state { WAITING, CONNECTING, SUBSCRIBING, UP, CLOSING };

struct group {
    struct group *next;
    const char *name; // the end of its topic
    bool subscribed;
    char topic[];
};

// Something that may happen often, and is logged once a minute.
struct complaint {
    int64_t next_ns;
    uint64_t count;
};

struct actor_transport {
    struct actor_transport_config config;
    struct mqtt_worker *worker;
    uv_async_t news;
    uv_timer_t timer;   // of the state
    uv_idle_t requests; // in this round of the loop: the worker is to be woken for them
    int handles;        // open ones
    enum state state;
    unsigned generation;
    enum mqtt_version version;
    int keepalive_s;
    uint64_t retry_ms;
    uint64_t up_since_ms; // of the loop's clock
    int64_t proved_ns;
    char told[REASON_MAX]; // the last reason for being down
    struct group *groups;
    struct mqtt_presence *presence;
    struct complaint unsent, retained, refused;
};

// --- Words -------------------------------------------------------------------------------------

static const char *reason_name(int code)
{
    const char *name = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
    return name != NULL ? name : "unknown reason";
}

// CONNACK: 1 to 5 are those of MQTT 3.1.1, from 128 on those of MQTT 5.
static bool is_version_refusal(int code)
{
    return code == 1 || code == MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION;
}

static bool is_login_refusal(int code)
{
    return code == 4 || code == 5 || code == MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD ||
           code == MQTTREASONCODE_NOT_AUTHORIZED;
}

static void describe_refusal(const struct actor_transport *transport, int code, char *text,
                             size_t size)
{
    const char *user = transport->config.user;
    if (is_login_refusal(code) && user != NULL) {
        snprintf(text, size, "the broker refuses the user \"%s\" or the password", user);
    } else if (is_login_refusal(code)) {
        snprintf(text, size, "the broker wants a user and a password");
    } else if (is_version_refusal(code)) {
        snprintf(text, size, "the broker speaks neither MQTT 5 nor 3.1.1");
    } else if (code == 2 || code == MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID) {
        snprintf(text, size, "the broker does not accept the client identifier");
    } else if (code == 3) {
        snprintf(text, size, "the broker is not available");
    } else {
        snprintf(text, size, "the broker refuses the connection: %s", reason_name(code));
    }
}

// Counts, and says whether to write a line now.
static bool is_due(struct complaint *complaint)
{
    int64_t now = mqtt_now_ns();
    complaint->count++;
    if (now < complaint->next_ns) {
        return false;
    }
    complaint->next_ns = now + 60 * second_ns;
    return true;
}

// --- News for the host -------------------------------------------------------------------------

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
    if (transport->state != CLOSING && sent_ns > transport->proved_ns) {
        transport->proved_ns = sent_ns;
        transport->config.host_ops->proof(transport->config.host, sent_ns);
        mqtt_presence_proved(transport->presence, sent_ns);
    }
}

// --- The state machine -------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer);

static void set_state(struct actor_transport *transport, enum state state, uint64_t timeout_ms)
{
    transport->state = state;
    uv_timer_stop(&transport->timer);
    if (timeout_ms > 0) {
        uv_update_time(transport->config.loop);
        uv_timer_start(&transport->timer, on_timer, timeout_ms, 0);
    }
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

static void on_requests(uv_idle_t *idle)
{
    struct actor_transport *transport = idle->data;
    uv_idle_stop(idle);
    mqtt_worker_go(transport->worker);
}

// After every request to the worker.
static void hand_over_soon(struct actor_transport *transport)
{
    uv_idle_start(&transport->requests, on_requests);
}

static uint64_t next_retry_ms(struct actor_transport *transport)
{
    uint64_t delay = transport->retry_ms;
    transport->retry_ms = delay * 2 < RETRY_LAST_MS ? delay * 2 : RETRY_LAST_MS;
    return delay;
}

static void start_connecting(struct actor_transport *transport)
{
    transport->generation =
        mqtt_worker_connect(transport->worker, transport->version, transport->keepalive_s);
    if (transport->generation == 0) {
        set_state(transport, WAITING, RETRY_LAST_MS);
    } else {
        hand_over_soon(transport);
        set_state(transport, CONNECTING, 0);
    }
}

static void go_waiting(struct actor_transport *transport, uint64_t delay_ms, const char *reason)
{
    mqtt_worker_hang_up(transport->worker);
    transport->generation = 0; // what else it has told does not count
    mqtt_presence_down(transport->presence);
    for (struct group *group = transport->groups; group != NULL; group = group->next) {
        group->subscribed = false;
    }
    set_state(transport, WAITING, with_jitter(delay_ms));
    if (strcmp(transport->told, reason) != 0) {
        snprintf(transport->told, sizeof transport->told, "%s", reason);
        transport->config.host_ops->down(transport->config.host, transport->told);
    }
}

static void go_up_when_subscribed(struct actor_transport *transport)
{
    for (const struct group *group = transport->groups; group != NULL; group = group->next) {
        if (!group->subscribed) {
            return;
        }
    }
    if (transport->state == SUBSCRIBING) {
        set_state(transport, UP, 0);
        transport->up_since_ms = uv_now(transport->config.loop);
        transport->told[0] = '\0';
        mqtt_presence_up(transport->presence);
        transport->config.host_ops->up(transport->config.host);
    }
}

static void on_connected(struct actor_transport *transport, const struct mqtt_item *item)
{
    if (item->keepalive_s > 0 && item->keepalive_s < transport->keepalive_s) {
        // The library keeps to what it was told, and the broker would drop us.
        host_log(transport, ACTOR_LOG_INFO, "the broker wants a keepalive of %d s -> reconnecting",
                 item->keepalive_s);
        transport->keepalive_s = item->keepalive_s;
        mqtt_worker_hang_up(transport->worker);
        start_connecting(transport);
        return;
    }
    set_state(transport, SUBSCRIBING, SUBSCRIBE_MS);
    // A broker may refuse that.
    mqtt_worker_subscribe(transport->worker, mqtt_presence_filter(transport->presence));
    for (const struct group *group = transport->groups; group != NULL; group = group->next) {
        mqtt_worker_subscribe(transport->worker, group->topic); // else it times out
    }
    hand_over_soon(transport);
    go_up_when_subscribed(transport);
}

static void on_connect_failed(struct actor_transport *transport, const struct mqtt_item *item)
{
    char reason[REASON_MAX];
    if (transport->version == MQTT_5 && is_version_refusal(item->code)) {
        host_log(transport, ACTOR_LOG_INFO, "the broker refuses MQTT 5 -> trying MQTT 3.1.1");
        transport->version = MQTT_3_1_1;
        set_state(transport, WAITING, with_jitter(RETRY_FIRST_MS));
    } else if (item->code > 0) {
        describe_refusal(transport, item->code, reason, sizeof reason);
        transport->version = is_version_refusal(item->code) ? MQTT_5 : transport->version;
        go_waiting(transport, RETRY_REFUSED_MS, reason);
    } else {
        transport->version = MQTT_5; // it may be another broker when it is back
        go_waiting(transport, next_retry_ms(transport), item->text);
    }
}

static void on_lost(struct actor_transport *transport, const struct mqtt_item *item)
{
    char reason[REASON_MAX] = "the connection to the broker is lost";
    if (item->code > 0) {
        snprintf(reason, sizeof reason, "disconnected by the broker: %s", reason_name(item->code));
    }
    if (transport->state == UP &&
        uv_now(transport->config.loop) - transport->up_since_ms >= STEADY_MS) {
        transport->retry_ms = RETRY_FIRST_MS;
    }
    transport->version = MQTT_5;
    go_waiting(transport, next_retry_ms(transport), reason);
}

static struct group *find_group(const struct actor_transport *transport, const char *topic)
{
    struct group *group = transport->groups;
    while (group != NULL && strcmp(group->topic, topic) != 0) {
        group = group->next;
    }
    return group;
}

// A failure of the library's is followed by the connection's end, which has its own news.
static void on_subscribed(struct actor_transport *transport, const struct mqtt_item *item)
{
    struct group *group = find_group(transport, item->text);
    if (group == NULL || item->code < 0) {
        return;
    }
    if (item->code > 0) {
        char reason[REASON_MAX];
        snprintf(reason, sizeof reason, "the broker does not allow subscribing to %s (%s)",
                 item->text, reason_name(item->code));
        go_waiting(transport, RETRY_REFUSED_MS, reason);
        return;
    }
    group->subscribed = true;
    go_up_when_subscribed(transport);
}

static void on_published(struct actor_transport *transport, const struct mqtt_item *item)
{
    char reason[REASON_MAX];
    if (item->code == 0) {
        mqtt_presence_published(transport->presence, item->text);
    }
    if (item->code <= 0) {
        return;
    }
    snprintf(reason, sizeof reason, "the broker does not allow publishing to %s (%s)", item->text,
             reason_name(item->code));
    if (find_group(transport, item->text) != NULL) {
        go_waiting(transport, RETRY_REFUSED_MS, reason);
    } else if (is_due(&transport->refused)) {
        host_log(transport, ACTOR_LOG_WARNING, "%s: %" PRIu64 " refused so far", reason,
                 transport->refused.count);
    }
}

static void on_message(struct actor_transport *transport, const struct mqtt_item *item)
{
    if (mqtt_presence_heard(transport->presence, item->text, item->bytes, item->len,
                            item->retain)) {
        return;
    }
    const struct group *group = find_group(transport, item->text);
    if (group == NULL) {
        return; // left meanwhile
    }
    if (!item->retain) {
        const char *name = item->text + (group->name - group->topic); // the host may leave it
        transport->config.host_ops->message(transport->config.host, name, item->bytes, item->len);
    } else if (is_due(&transport->retained)) {
        host_log(transport, ACTOR_LOG_WARNING,
                 "a retained message on %s is no packet of a group -> ignored: %" PRIu64 " so far",
                 item->text, transport->retained.count);
    }
}

static void handle_item(struct actor_transport *transport, const struct mqtt_item *item)
{
    if (transport->state == CLOSING || item->generation != transport->generation) {
        return;
    }
    switch (item->kind) {
    case MQTT_CONNECT:
        (item->code == 0 ? on_connected : on_connect_failed)(transport, item);
        break;
    case MQTT_LOST:
        on_lost(transport, item);
        break;
    case MQTT_SUBSCRIBE:
        on_subscribed(transport, item);
        break;
    case MQTT_PUBLISH:
        on_published(transport, item);
        break;
    case MQTT_MESSAGE:
        on_message(transport, item);
        break;
    case MQTT_UNSUBSCRIBE:
        break;
    }
    if (item->code == 0 && item->sent_ns != 0) {
        host_proof(transport, item->sent_ns);
    }
}

static void on_part_closed(void *context)
{
    struct actor_transport *transport = context;
    const struct actor_transport_config config = transport->config;
    if (--transport->handles > 0) {
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

static void on_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static void finish(struct actor_transport *transport)
{
    if (transport->worker != NULL) {
        mqtt_worker_free(transport->worker);
        transport->worker = NULL;
        uv_close((uv_handle_t *)&transport->news, on_closed);
        mqtt_presence_close(transport->presence, on_part_closed);
        uv_close((uv_handle_t *)&transport->timer, on_closed);
        uv_close((uv_handle_t *)&transport->requests, on_closed);
    }
}

static void on_news(uv_async_t *async)
{
    struct actor_transport *transport = async->data;
    struct mqtt_items items = TAILQ_HEAD_INITIALIZER(items);
    struct mqtt_item *item;
    uint64_t overrun = 0;
    bool alive = mqtt_worker_take(transport->worker, &items, &overrun);
    if (overrun > 0 && transport->state != CLOSING) {
        transport->config.host_ops->overrun(transport->config.host, overrun);
    }
    while ((item = TAILQ_FIRST(&items)) != NULL) {
        TAILQ_REMOVE(&items, item, entry);
        handle_item(transport, item);
        free(item);
    }
    if (!alive) {
        finish(transport);
    } else if (transport->state == SUBSCRIBING) {
        go_up_when_subscribed(transport); // after a leave()
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct actor_transport *transport = timer->data;
    switch (transport->state) {
    case WAITING:
        start_connecting(transport);
        break;
    case SUBSCRIBING:
        go_waiting(transport, next_retry_ms(transport),
                   "the broker does not confirm subscriptions");
        break;
    case CLOSING:
        finish(transport);
        break;
    case CONNECTING:
    case UP:
        break;
    }
}

// --- The table ---------------------------------------------------------------------------------

static const char *find_fault(const struct actor_transport_config *config)
{
    if (config->address[0] == '\0') {
        return "an MQTT URL needs a host";
    }
    if (config->port < 0 || config->port > 65535) {
        return "a port is 1 to 65535";
    }
    if (strpbrk(config->prefix, "+#") != NULL) {
        return "with MQTT a prefix must not contain '+' or '#'";
    }
    return NULL;
}

// Not the bare name: two of one name would throw each other off the broker for ever (J5).
static struct mqtt_worker *start_worker(const struct actor_transport_config *config,
                                        const char *will, uv_async_t *news)
{
    bool tls = strcmp(config->scheme, "mqtts") == 0;
    char client_id[128];
    snprintf(client_id, sizeof client_id, "actord-%.64s-%016" PRIx64, config->name,
             config->incarnation);
    const struct mqtt_broker broker = {
        .host = config->address,
        .port = config->port != 0 ? config->port
                : tls             ? 8883
                                  : 1883,
        .tls = tls,
        .client_id = client_id,
        .user = config->user,
        .password = config->password,
        .will = will,
    };
    return mqtt_worker_start(&broker, news);
}

static int keepalive_in_s(int64_t keepalive_ns)
{
    int64_t seconds = (keepalive_ns + second_ns - 1) / second_ns;
    return seconds < KEEPALIVE_MIN_S ? KEEPALIVE_MIN_S
           : seconds > UINT16_MAX    ? UINT16_MAX
                                     : (int)seconds;
}

static void on_closed_unopened(uv_handle_t *news)
{
    free(news->data);
}

static void send_presence(void *context, const char *topic, const void *bytes, size_t len,
                          bool retain, unsigned expiry_s)
{
    struct actor_transport *transport = context;
    mqtt_worker_publish(transport->worker, topic, bytes, len, retain, expiry_s);
    hand_over_soon(transport);
}

// Ends a subscription that never was: the broker confirms it, and nobody else gets to know.
static void prove(struct actor_transport *transport)
{
    if (transport->state == UP) {
        char filter[REASON_MAX];
        snprintf(filter, sizeof filter, "%s/@/prove", transport->config.prefix);
        mqtt_worker_unsubscribe(transport->worker, filter);
        hand_over_soon(transport);
    }
}

static void prove_presence(void *context)
{
    prove(context);
}

static void on_unopened_part_closed(void *context)
{
    struct actor_transport *transport = context;
    uv_close((uv_handle_t *)&transport->news, on_closed_unopened);
}

static int open_transport(struct actor_transport **opened,
                          const struct actor_transport_config *config, char *why, size_t why_size)
{
    const char *fault = find_fault(config);
    if (fault != NULL) {
        snprintf(why, why_size, "%s", fault);
        return -EINVAL;
    }
    struct actor_transport *transport = calloc(1, sizeof *transport);
    snprintf(why, why_size, "no memory, or no thread");
    if (transport == NULL || uv_async_init(config->loop, &transport->news, on_news) != 0) {
        free(transport);
        return -ENOMEM;
    }
    transport->news.data = transport;
    transport->config = *config;
    transport->presence =
        mqtt_presence_new(&transport->config, send_presence, prove_presence, transport);
    if (transport->presence == NULL) {
        uv_close((uv_handle_t *)&transport->news, on_closed_unopened);
        return -ENOMEM;
    }
    transport->worker =
        start_worker(config, mqtt_presence_topic(transport->presence), &transport->news);
    if (transport->worker == NULL) {
        mqtt_presence_close(transport->presence, on_unopened_part_closed);
        return -ENOMEM;
    }
    transport->version = MQTT_5;
    transport->keepalive_s = keepalive_in_s(config->keepalive_ns);
    transport->retry_ms = RETRY_FIRST_MS;
    transport->handles = 4; // the presence counts as one
    transport->timer.data = transport;
    uv_timer_init(config->loop, &transport->timer);
    transport->requests.data = transport;
    uv_idle_init(config->loop, &transport->requests);
    start_connecting(transport);
    *opened = transport;
    return 0;
}

static int join(struct actor_transport *transport, const char *name)
{
    const char *prefix = transport->config.prefix;
    size_t size = strlen(prefix) + 1 + strlen(name) + 1;
    struct group *group = calloc(1, sizeof *group + size);
    if (group == NULL) {
        return -ENOMEM;
    }
    snprintf(group->topic, size, "%s/%s", prefix, name);
    group->name = group->topic + strlen(prefix) + 1;
    if ((transport->state == SUBSCRIBING || transport->state == UP) &&
        mqtt_worker_subscribe(transport->worker, group->topic) != 0) {
        free(group);
        return -ENOMEM;
    }
    hand_over_soon(transport);
    group->next = transport->groups;
    transport->groups = group;
    return 0;
}

static struct group **find_place(struct actor_transport *transport, const char *name)
{
    struct group **place = &transport->groups;
    while (*place != NULL && strcmp((*place)->name, name) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static void leave(struct actor_transport *transport, const char *name)
{
    struct group **place = find_place(transport, name);
    struct group *group = *place;
    if (group == NULL) {
        return;
    }
    if (transport->state == SUBSCRIBING || transport->state == UP) {
        mqtt_worker_unsubscribe(transport->worker, group->topic);
        hand_over_soon(transport);
    }
    *place = group->next;
    free(group);
    uv_async_send(&transport->news); // it may have been the last one to be waited for
}

static int publish(struct actor_transport *transport, const char *topic, const void *bytes,
                   size_t len, bool retain)
{
    if (transport->state != UP) {
        return -ENOTCONN;
    }
    if (len > PUBLISH_MAX) {
        return -EMSGSIZE;
    }
    int dropped = mqtt_worker_publish(transport->worker, topic, bytes, len, retain, 0);
    hand_over_soon(transport);
    if (dropped > 0 && is_due(&transport->unsent)) {
        host_log(
            transport, ACTOR_LOG_WARNING,
            "the broker is too slow -> the oldest of what waits to be sent is dropped: %" PRIu64
            " so far",
            transport->unsent.count);
    }
    return dropped < 0 ? dropped : 0;
}

static int send_packet(struct actor_transport *transport, const char *name, const void *bytes,
                       size_t len)
{
    const struct group *group = *find_place(transport, name);
    if (group == NULL) {
        return -EINVAL;
    }
    return len > PACKET_MAX ? -EMSGSIZE : publish(transport, group->topic, bytes, len, false);
}

static int announce(struct actor_transport *transport, const char *about)
{
    return mqtt_presence_announce(transport->presence, about);
}

static void close_transport(struct actor_transport *transport, bool orderly)
{
    uint64_t patience_ms = transport->state != UP ? 0 : orderly ? ORDERLY_MS : CLEARING_MS;
    mqtt_presence_take_back(transport->presence);
    set_state(transport, CLOSING, (orderly ? patience_ms : 0) + PARTING_MS);
    mqtt_worker_end(transport->worker, (int64_t)patience_ms * 1000000);
}

static const char *const schemes[] = {"mqtt", "mqtts", NULL};

const struct actor_transport_ops transport_mqtt = {
    .schemes = schemes,
    .proves = true,
    .echoes = true, // with MQTT 3.1.1
    .open = open_transport,
    .join = join,
    .leave = leave,
    .send = send_packet,
    .publish = publish,
    .announce = announce,
    .prove = prove,
    .close = close_transport,
};
