// SPDX-License-Identifier: MIT
// The MQTT transport against real mosquitto processes, and against a broker of a few bytes where
// mosquitto cannot be made to misbehave. Nothing sleeps: a loop runs until what is expected has
// come, or the test fails at a deadline.
#include "asyncactor/actor.h"
#include "fake_broker.h"
#include "mosquitto.h"
#include "transports/transports.h"

#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { TICK_MS = 10, SOON_MS = 8000 };

// --- A host, which writes down what its transport says -----------------------------------------

struct host {
    uv_loop_t loop;
    uv_timer_t ticker;
    uint64_t last_tick_ms;
    uint64_t worst_gap_ms; // between two ticks: how long the loop stood still
    struct actor_transport *transport;
    struct actor_transport_config config;
    int ups, downs, messages, proofs, closeds;
    bool is_up, unordered;
    uint64_t overrun;
    int64_t opened_ns, proved_ns;
    char reasons[1024]; // each in a line of its own
    char logs[1024];
    char group[32];
    char first[64], last[64]; // messages
    enum { CLOSE_NEVER, CLOSE_IN_UP, CLOSE_IN_DOWN, CLOSE_IN_MESSAGE } close_in;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void append_line(char *lines, size_t size, const char *line)
{
    size_t used = strlen(lines);
    snprintf(lines + used, size - used, "%s\n", line);
}

static void close_host(struct host *host, bool orderly)
{
    if (host->transport != NULL) {
        transport_mqtt.close(host->transport, orderly);
        host->transport = NULL;
    }
}

static void on_up(void *context)
{
    struct host *host = context;
    ck_assert(!host->is_up);
    host->is_up = true;
    host->ups++;
    if (host->close_in == CLOSE_IN_UP) {
        close_host(host, true);
    }
}

static void on_down(void *context, const char *reason)
{
    struct host *host = context;
    host->is_up = false;
    host->downs++;
    append_line(host->reasons, sizeof host->reasons, reason);
    if (host->close_in == CLOSE_IN_DOWN) {
        close_host(host, true);
    }
}

static void on_message(void *context, const char *group, const void *bytes, size_t len)
{
    struct host *host = context;
    ck_assert_ptr_nonnull(host->transport); // nothing after close()
    snprintf(host->group, sizeof host->group, "%s", group);
    snprintf(host->last, sizeof host->last, "%.*s", (int)len, (const char *)bytes);
    if (host->messages++ == 0) {
        memcpy(host->first, host->last, sizeof host->first);
    }
    if (host->close_in == CLOSE_IN_MESSAGE) {
        close_host(host, true);
    }
}

static void on_proof(void *context, int64_t sent_ns)
{
    struct host *host = context;
    host->proofs++;
    host->unordered |=
        sent_ns <= host->proved_ns || sent_ns < host->opened_ns || sent_ns > now_ns();
    host->proved_ns = sent_ns;
}

static void on_overrun(void *context, uint64_t count)
{
    struct host *host = context;
    host->overrun += count;
}

static void on_log(void *context, int level, const char *line)
{
    struct host *host = context;
    (void)level;
    append_line(host->logs, sizeof host->logs, line);
}

static void on_closed(void *context)
{
    struct host *host = context;
    host->closeds++;
}

static const struct actor_transport_host_ops host_ops = {
    .up = on_up,
    .down = on_down,
    .message = on_message,
    .proof = on_proof,
    .overrun = on_overrun,
    .closed = on_closed,
    .log = on_log,
};

static void on_tick(uv_timer_t *ticker)
{
    struct host *host = ticker->data;
    uint64_t now = uv_hrtime() / 1000000;
    uint64_t gap = now - host->last_tick_ms;
    host->worst_gap_ms = gap > host->worst_gap_ms ? gap : host->worst_gap_ms;
    host->last_tick_ms = now;
}

static void run_once(struct host *host)
{
    uv_run(&host->loop, UV_RUN_ONCE);
}

// Runs one host's loop until something is so.
#define RUN_UNTIL(host, condition, within_ms)                                                    \
    do {                                                                                         \
        int64_t end_ = now_ns() + (within_ms)*INT64_C(1000000);                                  \
        while (!(condition) && now_ns() < end_) {                                                \
            run_once(host);                                                                      \
        }                                                                                        \
        ck_assert_msg(condition, "not within %d ms: %s; reasons: %s; log: %s", (int)(within_ms), \
                      #condition, (host)->reasons, (host)->logs);                                \
    } while (0)

static void run_for(struct host *host, int ms)
{
    int64_t until_ns = now_ns() + ms * INT64_C(1000000);
    RUN_UNTIL(host, now_ns() >= until_ns, ms + 1000);
}

static void prepare_host(struct host *host, const char *name, int port)
{
    *host = (struct host){0};
    ck_assert_int_eq(uv_loop_init(&host->loop), 0);
    uv_timer_init(&host->loop, &host->ticker);
    host->ticker.data = host;
    host->last_tick_ms = uv_hrtime() / 1000000;
    uv_timer_start(&host->ticker, on_tick, 0, TICK_MS);
    host->config = (struct actor_transport_config){
        .loop = &host->loop,
        .host_ops = &host_ops,
        .host = host,
        .scheme = "mqtt",
        .address = "127.0.0.1",
        .port = port,
        .name = name,
        .prefix = "actor",
        .incarnation = (uint64_t)(uintptr_t)host,
        .keepalive_ns = INT64_C(5000000000),
    };
}

static void open_host(struct host *host)
{
    char why[128] = "";
    host->opened_ns = now_ns();
    ck_assert_int_eq(transport_mqtt.open(&host->transport, &host->config, why, sizeof why), 0);
}

static void join(struct host *host, const char *group)
{
    ck_assert_int_eq(transport_mqtt.join(host->transport, group), 0);
}

// Opens one in the group "g" and waits until it is up.
static void start_host(struct host *host, const char *name, int port)
{
    prepare_host(host, name, port);
    open_host(host);
    join(host, "g");
    RUN_UNTIL(host, host->is_up, SOON_MS);
}

static void stop_host(struct host *host)
{
    close_host(host, false);
    RUN_UNTIL(host, host->closeds == 1, 2000);
    uv_close((uv_handle_t *)&host->ticker, NULL);
    run_once(host);
    ck_assert_int_eq(uv_loop_close(&host->loop), 0); // nothing is left
}

// A host that is yet to be opened, and its broker on the same loop.
static void start_fake(struct host *host, struct fake_broker *fake)
{
    prepare_host(host, "a", 0);
    fake_broker_start(fake, &host->loop);
    host->config.port = fake->port;
}

static int try_send(struct host *host, const char *text)
{
    return transport_mqtt.send(host->transport, "g", text, strlen(text));
}

// What is asked leaves with the next round of the loop.
static void send_to(struct host *host, const char *group, const char *text)
{
    ck_assert_int_eq(transport_mqtt.send(host->transport, group, text, strlen(text)), 0);
    uv_run(&host->loop, UV_RUN_NOWAIT);
}

static void send_text(struct host *host, const char *text)
{
    send_to(host, "g", text);
}

static int publish(struct host *host, const char *topic, const char *text, bool retain)
{
    return transport_mqtt.publish(host->transport, topic, text, strlen(text), retain);
}

// Waits until the broker has confirmed what this host asked so far.
static void settle(struct host *host)
{
    int64_t asked_ns = now_ns();
    transport_mqtt.prove(host->transport);
    RUN_UNTIL(host, host->proved_ns >= asked_ns, SOON_MS);
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

// --- The broker --------------------------------------------------------------------------------

static struct mosquitto broker;

static void setup(void)
{
    mosquitto_init(&broker);
}

static void teardown(void)
{
    mosquitto_remove(&broker);
}

// --- Name lookups, which a test can hold up ------------------------------------------------------

static pthread_mutex_t lookup_gate = PTHREAD_MUTEX_INITIALIZER;

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    pthread_mutex_lock(&lookup_gate);
    pthread_mutex_unlock(&lookup_gate);
    if (strcmp(host, "127.0.0.1") != 0 && strcmp(host, "localhost") != 0) {
        return strcmp(host, "slow.invalid") == 0 ? EAI_AGAIN : EAI_NONAME;
    }
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)(service != NULL ? strtoul(service, NULL, 10) : 0)),
    };
    (void)hints;
    *found = calloc(1, sizeof **found + sizeof address);
    (*found)->ai_family = AF_INET;
    (*found)->ai_addrlen = sizeof address;
    (*found)->ai_addr = (struct sockaddr *)(*found + 1);
    memcpy((*found)->ai_addr, &address, sizeof address);
    return 0;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

// --- Up, messages --------------------------------------------------------------------------------

START_TEST(delivers_to_others_and_not_back)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    send_text(&a, "from a");
    RUN_UNTIL(&b, b.messages == 1, SOON_MS);
    ck_assert_str_eq(b.group, "g");
    ck_assert_str_eq(b.last, "from a");
    send_text(&b, "from b");
    RUN_UNTIL(&a, a.messages > 0, SOON_MS);
    settle(&a);
    ck_assert_str_eq(a.first, "from b"); // MQTT 5 no-local
    ck_assert_int_eq(a.messages, 1);
    ck_assert_int_eq(a.ups, 1);
    ck_assert_int_eq(a.downs, 0);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(joins_and_leaves_while_up)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    join(&a, "other");
    join(&b, "other");
    settle(&b);
    settle(&a);
    send_to(&a, "other", "x");
    RUN_UNTIL(&b, b.messages == 1, SOON_MS);
    ck_assert_str_eq(b.group, "other");
    transport_mqtt.leave(b.transport, "other");
    settle(&b);
    send_to(&a, "other", "y");
    send_text(&a, "z");
    RUN_UNTIL(&b, b.messages == 2, SOON_MS);
    ck_assert_str_eq(b.last, "z");
    ck_assert_int_eq(transport_mqtt.send(b.transport, "other", "x", 1), -EINVAL);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(comes_up_when_the_last_unconfirmed_group_leaves)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    prepare_host(&a, "a", broker.port);
    open_host(&a);
    join(&a, "g");
    transport_mqtt.leave(a.transport, "g");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    stop_host(&a);
}
END_TEST

START_TEST(publishes_retained_and_ignores_it_in_a_group)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    ck_assert_int_eq(publish(&a, "actor/g", "kept", true), 0);
    settle(&a);
    start_host(&b, "b", broker.port);
    settle(&b);
    RUN_UNTIL(&b, contains(b.logs, "retained message on actor/g"), SOON_MS);
    ck_assert_int_eq(b.messages, 0);
    stop_host(&b);
    ck_assert_int_eq(publish(&a, "actor/g", "", true), 0); // clears it
    settle(&a);
    start_host(&b, "b", broker.port);
    settle(&b);
    ck_assert_str_eq(b.logs, "");
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(two_of_one_name_coexist)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "same", broker.port);
    start_host(&b, "same", broker.port);
    for (int i = 0; i < 10; i++) {
        settle(&a);
        settle(&b);
    }
    ck_assert_int_eq(a.downs + b.downs, 0);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(proves_in_order) // L1
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    settle(&a); // by prove()
    int proofs = a.proofs;
    for (int i = 0; i < 10; i++) {
        int64_t sent_ns = now_ns();
        send_text(&a, "x");
        RUN_UNTIL(&a, a.proved_ns >= sent_ns, SOON_MS);
    }
    ck_assert_int_eq(a.proofs, proofs + 10);
    ck_assert(!a.unordered);
    stop_host(&a);
}
END_TEST

START_TEST(ignores_proxies_in_the_environment)
{
    struct host a;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    stop_host(&a);
}
END_TEST

// --- Bursts --------------------------------------------------------------------------------------

enum { BURST = 5000 };

// Not faster than the broker confirms, so that the sender loses nothing.
static void send_burst(struct host *host)
{
    int proofs = host->proofs;
    for (int i = 0; i < BURST; i++) {
        RUN_UNTIL(host, i - (host->proofs - proofs) < 200, SOON_MS);
        send_text(host, "burst");
    }
    RUN_UNTIL(host, host->proofs - proofs == BURST, SOON_MS);
}

START_TEST(loses_and_counts_only_what_the_loop_does_not_read) // M4
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\nmax_queued_messages 0\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    send_burst(&a); // while the loop of b stands still
    RUN_UNTIL(&b, b.messages + (int)b.overrun == BURST, SOON_MS);
    ck_assert_int_ge(b.messages, 4096);
    ck_assert_str_eq(a.logs, "");
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(drops_the_oldest_that_waits_to_be_sent)
{
    struct host a, b;
    char text[16];
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    mosquitto_signal(&broker, SIGSTOP);
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        send_text(&a, text);
    }
    ck_assert(contains(a.logs, "the broker is too slow"));
    mosquitto_signal(&broker, SIGCONT);
    RUN_UNTIL(&b, strcmp(b.last, "999") == 0, SOON_MS);
    ck_assert_int_le(b.messages, 256 + 2 * 16);
    ck_assert_int_ge(b.messages, 256);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

// --- Loss and return
// -------------------------------------------------------------------------------

START_TEST(returns_with_the_broker)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    mosquitto_kill(&broker);
    RUN_UNTIL(&a, !a.is_up, 2000);
    ck_assert(contains(a.reasons, "the connection to the broker is lost\n"));
    ck_assert_int_eq(try_send(&a, "lost"), -ENOTCONN);
    RUN_UNTIL(&a, contains(a.reasons, "Connection refused"), SOON_MS);
    run_for(&a, 3000);
    ck_assert_int_eq(a.downs, 2); // one a reason, not one a try
    mosquitto_run(&broker, "allow_anonymous true\n");
    RUN_UNTIL(&a, a.is_up, 2000);
    ck_assert_int_eq(a.ups, 2);
    ck_assert_uint_lt(a.worst_gap_ms, 200);
    stop_host(&a);
}
END_TEST

START_TEST(sends_nothing_stale)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    mosquitto_signal(&broker, SIGSTOP);
    for (int i = 0; i < 100; i++) { // more than are sent without a confirmation
        send_text(&a, "stale");
    }
    run_for(&a, 200); // the library leaks what it has accepted and not written
    mosquitto_kill(&broker);
    RUN_UNTIL(&a, !a.is_up, 2000);
    RUN_UNTIL(&b, !b.is_up, 2000);
    mosquitto_run(&broker, "allow_anonymous true\n");
    RUN_UNTIL(&b, b.is_up, SOON_MS);
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    send_text(&a, "fresh");
    RUN_UNTIL(&b, b.messages > 0, SOON_MS);
    ck_assert_str_eq(b.first, "fresh");
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(waits_for_a_broker_that_starts_later)
{
    struct host a;
    prepare_host(&a, "a", broker.port);
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "Connection refused"));
    mosquitto_run(&broker, "allow_anonymous true\n");
    RUN_UNTIL(&a, a.is_up, 2500);
    stop_host(&a);
}
END_TEST

START_TEST(says_why_the_broker_disconnected)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    open_host(&a);
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    fake_broker_send(&fake, (const unsigned char[]){0xe0, 2, 0x8b, 0}, 4);
    RUN_UNTIL(&a, !a.is_up, 2000);
    ck_assert_str_eq(a.reasons, "disconnected by the broker: Server shutting down\n");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    fake_broker_stop(&fake);
    stop_host(&a);
}
END_TEST

START_TEST(notices_a_frozen_broker)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    prepare_host(&a, "a", broker.port);
    a.config.keepalive_ns = 1; // rounded up to a second
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    mosquitto_signal(&broker, SIGSTOP);
    RUN_UNTIL(&a, !a.is_up, 5000);
    RUN_UNTIL(&a, contains(a.reasons, ": no answer"), 15000);
    mosquitto_signal(&broker, SIGCONT);
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    stop_host(&a);
}
END_TEST

// --- Refusals
// ----------------------------------------------------------------------------------------

START_TEST(says_that_the_login_is_refused)
{
    struct host a, b;
    char lines[256];
    const char *path = mosquitto_file(&broker, "passwords", "");
    run_program((const char *const[]){"mosquitto_passwd", "-b", path, "me", "right", NULL});
    snprintf(lines, sizeof lines, "allow_anonymous false\npassword_file %s\n", path);
    mosquitto_run(&broker, lines);
    prepare_host(&a, "a", broker.port);
    a.config.user = "me";
    a.config.password = "wrong";
    open_host(&a);
    RUN_UNTIL(&a, contains(a.reasons, "the broker refuses the user \"me\" or the password\n"),
              SOON_MS);
    prepare_host(&b, "b", broker.port);
    open_host(&b);
    RUN_UNTIL(&b, contains(b.reasons, "the broker wants a user and a password\n"), SOON_MS);
    stop_host(&b);
    prepare_host(&b, "b", broker.port);
    b.config.user = "me";
    b.config.password = "right";
    open_host(&b);
    RUN_UNTIL(&b, b.is_up, SOON_MS);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(says_that_publishing_is_refused)
{
    struct host a;
    char lines[256];
    const char *path = mosquitto_file(&broker, "acl", "topic read actor/#\n");
    snprintf(lines, sizeof lines, "allow_anonymous true\nacl_file %s\n", path);
    mosquitto_run(&broker, lines);
    start_host(&a, "a", broker.port);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(publish(&a, "actor/g/event", "{}", false), 0);
    }
    settle(&a);
    ck_assert_str_eq(a.logs, "the broker does not allow publishing to actor/g/event "
                             "(Not authorized): 1 refused so far\n");
    ck_assert(a.is_up);
    send_text(&a, "beacon");
    RUN_UNTIL(&a, !a.is_up, 2000);
    ck_assert_str_eq(a.reasons,
                     "the broker does not allow publishing to actor/g (Not authorized)\n");
    stop_host(&a);
}
END_TEST

static void refuse_subscription(int version, int code)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    fake.suback = code;
    fake.connack5[3] = version == 5 ? 0 : 0x84;
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "the broker does not allow subscribing to actor/g ("));
    ck_assert_int_eq(a.ups, 0);
    fake.suback = 0;
    RUN_UNTIL(&a, a.is_up, SOON_MS); // patiently
    fake_broker_stop(&fake);
    stop_host(&a);
}

START_TEST(says_that_subscribing_is_refused)
{
    refuse_subscription(5, 0x87);
    refuse_subscription(4, 0x80);
}
END_TEST

START_TEST(says_what_is_no_broker)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    fake.connack5_len = 0; // closes
    open_host(&a);
    RUN_UNTIL(&a, contains(a.reasons, ": the connection was closed before an answer came\n"),
              SOON_MS);
    fake_broker_stop(&fake);
    stop_host(&a);
}
END_TEST

// --- Versions, keepalive -------------------------------------------------------------------------

static void fall_back(const unsigned char *refusal, size_t len)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    memcpy(fake.connack5, refusal, len);
    fake.connack5_len = len;
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    settle(&a);
    send_text(&a, "x");
    settle(&a);
    ck_assert_int_eq(fake.connections, 2);
    ck_assert_int_eq(fake.versions[0], 5);
    ck_assert_int_eq(fake.versions[1], 4);
    ck_assert_int_eq(a.downs, 0);
    fake_broker_drop(&fake); // perhaps it is another broker then
    RUN_UNTIL(&a, a.ups == 2, SOON_MS);
    ck_assert_int_eq(fake.versions[2], 5);
    ck_assert_int_eq(fake.versions[3], 4);
    fake_broker_stop(&fake);
    stop_host(&a);
}

START_TEST(falls_back_to_mqtt_3_1_1)
{
    fall_back((const unsigned char[]){0x20, 3, 0, 0x84, 0}, 5); // as MQTT 5 says it
    fall_back((const unsigned char[]){0x20, 2, 0, 1}, 4);       // as brokers before MQTT 5
}
END_TEST

START_TEST(takes_the_keepalive_that_the_broker_wants)
{
    struct host a;
    struct fake_broker fake;
    const unsigned char connack[] = {0x20, 6, 0, 0, 3, 0x13, 0, 2}; // Server Keep Alive: 2 s
    start_fake(&a, &fake);
    memcpy(fake.connack5, connack, sizeof connack);
    fake.connack5_len = sizeof connack;
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    settle(&a);
    ck_assert_int_eq(fake.connections, 2);
    ck_assert_int_eq(fake.keepalives[0], 5);
    ck_assert_int_eq(fake.keepalives[1], 2);
    ck_assert_int_eq(a.downs, 0);
    fake_broker_stop(&fake);
    stop_host(&a);
}
END_TEST

// --- Names
// -----------------------------------------------------------------------------------------

START_TEST(says_that_a_host_is_unknown)
{
    struct host a;
    prepare_host(&a, "a", 1883);
    a.config.address = "nosuchhost.invalid";
    open_host(&a);
    RUN_UNTIL(&a, a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, "host not found: nosuchhost.invalid\n");
    stop_host(&a);
}
END_TEST

START_TEST(runs_on_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 1883);
    a.config.address = "slow.invalid";
    open_host(&a);
    run_for(&a, 500);
    ck_assert_uint_lt(a.worst_gap_ms, 200);
    ck_assert_int_eq(a.downs, 0);
    pthread_mutex_unlock(&lookup_gate);
    RUN_UNTIL(&a, a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "the name lookup of slow.invalid failed: "));
    stop_host(&a);
}
END_TEST

START_TEST(closes_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 1883);
    open_host(&a);
    run_once(&a);
    stop_host(&a);
    pthread_mutex_unlock(&lookup_gate); // the worker ends by itself
}
END_TEST

// --- TLS
// -------------------------------------------------------------------------------------------

// A mosquitto with a certificate of its own for "localhost".
static void run_with_tls(char *certificate, size_t size)
{
    char key[128], lines[512];
    snprintf(certificate, size, "%s", mosquitto_file(&broker, "cert.pem", ""));
    snprintf(key, sizeof key, "%s", mosquitto_file(&broker, "key.pem", ""));
    run_program((const char *const[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                      "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                                      "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                                      "-keyout", key, "-out", certificate, NULL});
    snprintf(lines, sizeof lines, "certfile %s\nkeyfile %s\nallow_anonymous true\n", certificate,
             key);
    mosquitto_run(&broker, lines);
}

START_TEST(refuses_a_certificate_that_nobody_vouches_for)
{
    struct host a;
    char certificate[128];
    run_with_tls(certificate, sizeof certificate);
    prepare_host(&a, "a", broker.port);
    a.config.scheme = "mqtts";
    a.config.address = "localhost";
    open_host(&a);
    RUN_UNTIL(&a, contains(a.reasons, "TLS: certificate verify failed\n"), SOON_MS);
    stop_host(&a);
}
END_TEST

START_TEST(trusts_what_the_system_trusts)
{
    struct host a, b;
    char certificate[128];
    run_with_tls(certificate, sizeof certificate);
    setenv("SSL_CERT_FILE", certificate, 1); // OpenSSL's default trust store
    prepare_host(&a, "a", broker.port);
    a.config.scheme = "mqtts";
    a.config.address = "localhost";
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    prepare_host(&b, "b", broker.port);
    b.config.scheme = "mqtts";
    b.config.address = "127.0.0.1"; // which the certificate does not name
    open_host(&b);
    RUN_UNTIL(&b, contains(b.reasons, "the certificate is for another name\n"), SOON_MS);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

// --- Open and close
// ----------------------------------------------------------------------------------

static void refuse_to_open(struct host *host, const char *expected)
{
    char why[128] = "";
    struct actor_transport *transport = NULL;
    ck_assert_int_eq(transport_mqtt.open(&transport, &host->config, why, sizeof why), -EINVAL);
    ck_assert_str_eq(why, expected);
}

START_TEST(refuses_what_can_never_work)
{
    struct host a;
    prepare_host(&a, "a", 70000);
    refuse_to_open(&a, "a port is 1 to 65535");
    a.config.port = 0;
    a.config.address = "";
    refuse_to_open(&a, "an MQTT URL needs a host");
    a.config.address = "127.0.0.1";
    a.config.prefix = "a/#";
    refuse_to_open(&a, "with MQTT a prefix must not contain '+' or '#'");
    a.closeds = 1;
    stop_host(&a);
}
END_TEST

START_TEST(an_orderly_close_delivers_everything)
{
    struct host a, b;
    char text[16];
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        send_text(&a, text);
    }
    close_host(&a, true);
    RUN_UNTIL(&a, a.closeds == 1, 1600);
    RUN_UNTIL(&b, b.messages == 100, SOON_MS);
    ck_assert_str_eq(b.last, "99");
    ck_assert_int_eq(a.downs, 0);
    stop_host(&a);
    stop_host(&b);
}
END_TEST

START_TEST(says_good_bye)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    open_host(&a);
    RUN_UNTIL(&a, a.is_up, SOON_MS);
    close_host(&a, true);
    RUN_UNTIL(&a, fake.disconnected && a.closeds == 1, SOON_MS);
    fake_broker_stop(&fake);
    stop_host(&a);
}
END_TEST

START_TEST(closes_within_callbacks)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    prepare_host(&a, "a", broker.port);
    a.close_in = CLOSE_IN_UP;
    open_host(&a);
    join(&a, "g");
    RUN_UNTIL(&a, a.closeds == 1, SOON_MS);
    stop_host(&a);

    start_host(&a, "a", broker.port);
    start_host(&b, "b", broker.port);
    b.close_in = CLOSE_IN_MESSAGE;
    send_text(&a, "1");
    send_text(&a, "2");
    RUN_UNTIL(&b, b.closeds == 1, SOON_MS);
    ck_assert_int_eq(b.messages, 1);
    stop_host(&b);

    a.close_in = CLOSE_IN_DOWN;
    mosquitto_kill(&broker);
    RUN_UNTIL(&a, a.closeds == 1, SOON_MS);
    ck_assert_int_eq(a.downs, 1);
    stop_host(&a);
}
END_TEST

START_TEST(closes_at_any_moment)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    // From the very beginning on to well after the first up, a little later every time.
    for (int rounds = 0; rounds < 24; rounds++) {
        prepare_host(&a, "a", broker.port);
        open_host(&a);
        join(&a, "g");
        for (int i = 0; i < rounds; i++) {
            run_once(&a);
        }
        close_host(&a, rounds % 2 == 0);
        stop_host(&a);
    }
    mosquitto_kill(&broker);
    for (int rounds = 0; rounds < 10; rounds++) { // between two attempts
        prepare_host(&a, "a", broker.port);
        open_host(&a);
        for (int i = 0; i < 4 * rounds; i++) {
            run_once(&a);
        }
        stop_host(&a);
    }
}
END_TEST

START_TEST(closes_though_the_broker_is_frozen)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    mosquitto_signal(&broker, SIGSTOP);
    send_text(&a, "never confirmed");
    close_host(&a, true);
    RUN_UNTIL(&a, a.closeds == 1, 1600);
    stop_host(&a);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("mqtt");
    TCase *tests = add_case(suite, "messages");
    tcase_add_test(tests, delivers_to_others_and_not_back);
    tcase_add_test(tests, joins_and_leaves_while_up);
    tcase_add_test(tests, comes_up_when_the_last_unconfirmed_group_leaves);
    tcase_add_test(tests, publishes_retained_and_ignores_it_in_a_group);
    tcase_add_test(tests, two_of_one_name_coexist);
    tcase_add_test(tests, proves_in_order);
    tcase_add_test(tests, ignores_proxies_in_the_environment);
    tcase_add_test(tests, loses_and_counts_only_what_the_loop_does_not_read);
    tcase_add_test(tests, drops_the_oldest_that_waits_to_be_sent);
    tests = add_case(suite, "loss");
    tcase_add_test(tests, returns_with_the_broker);
    tcase_add_test(tests, sends_nothing_stale);
    tcase_add_test(tests, waits_for_a_broker_that_starts_later);
    tcase_add_test(tests, says_why_the_broker_disconnected);
    tcase_add_test(tests, notices_a_frozen_broker);
    tests = add_case(suite, "refusals");
    tcase_add_test(tests, says_that_the_login_is_refused);
    tcase_add_test(tests, says_that_publishing_is_refused);
    tcase_add_test(tests, says_that_subscribing_is_refused);
    tcase_add_test(tests, says_what_is_no_broker);
    tcase_add_test(tests, falls_back_to_mqtt_3_1_1);
    tcase_add_test(tests, takes_the_keepalive_that_the_broker_wants);
    tests = add_case(suite, "names and TLS");
    tcase_add_test(tests, says_that_a_host_is_unknown);
    tcase_add_test(tests, runs_on_while_a_lookup_blocks);
    tcase_add_test(tests, closes_while_a_lookup_blocks);
    tcase_add_test(tests, refuses_a_certificate_that_nobody_vouches_for);
    tcase_add_test(tests, trusts_what_the_system_trusts);
    tests = add_case(suite, "open and close");
    tcase_add_test(tests, refuses_what_can_never_work);
    tcase_add_test(tests, an_orderly_close_delivers_everything);
    tcase_add_test(tests, says_good_bye);
    tcase_add_test(tests, closes_within_callbacks);
    tcase_add_test(tests, closes_at_any_moment);
    tcase_add_test(tests, closes_though_the_broker_is_frozen);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
