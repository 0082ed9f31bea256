// SPDX-License-Identifier: MIT
// What only the MQTT transport has (conform_mqtt.c has the rest), against real mosquitto processes,
// and against a broker of a few bytes where mosquitto cannot be made to misbehave.
#include "asyncactor/actor.h"
#include "fake_broker.h"
#include "host.h"
#include "mosquitto.h"
#include "process.h"
#include "transports/transports.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

// --- Hosts -------------------------------------------------------------------------------------

static void prepare_host(struct host *host, const char *name, int port)
{
    host_prepare(host, &transport_mqtt, name);
    host->config.address = "127.0.0.1";
    host->config.port = port;
}

// Opens one in the group "g" and waits until it is up.
static void start_host(struct host *host, const char *name, int port)
{
    prepare_host(host, name, port);
    host_open(host);
    host_join(host, "g");
    RUN_UNTIL(host->is_up, SOON_MS);
}

// A host that is yet to be opened, and its broker on the same loop.
static void start_fake(struct host *host, struct fake_broker *fake)
{
    prepare_host(host, "a", 0);
    fake_broker_start(fake, &host->loop);
    host->config.port = fake->port;
}

// What is asked leaves with the next round of the loop.
static void send_text(struct host *host, const char *text)
{
    host_say(host, "g", text);
    hosts_turn(0);
}

// Waits until the broker has confirmed what this host asked so far.
static void settle(struct host *host)
{
    int64_t asked_ns = now_ns();
    host_prove(host);
    RUN_UNTIL(host->proved_ns >= asked_ns, SOON_MS);
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

START_TEST(hears_nothing_of_itself) // MQTT 5 no-local
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    for (int i = 0; i < 5; i++) {
        send_text(&a, "from a");
        settle(&a);
    }
    ck_assert_int_eq(a.messages, 0);
    host_stop(&a);
}
END_TEST

START_TEST(publishes_retained_and_ignores_it_in_a_group)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    ck_assert_int_eq(host_publish(&a, "actor/g", "kept", true), 0);
    settle(&a);
    start_host(&b, "b", broker.port);
    settle(&b);
    RUN_UNTIL(contains(b.logs, "retained message on actor/g"), SOON_MS);
    ck_assert_int_eq(b.messages, 0);
    host_stop(&b);
    ck_assert_int_eq(host_publish(&a, "actor/g", "", true), 0); // clears it
    settle(&a);
    start_host(&b, "b", broker.port);
    settle(&b);
    ck_assert_str_eq(b.logs, "");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

START_TEST(ignores_proxies_in_the_environment)
{
    struct host a;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    host_stop(&a);
}
END_TEST

// --- Bursts --------------------------------------------------------------------------------------

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
    RUN_UNTIL(strcmp(b.last, "999") == 0, SOON_MS);
    ck_assert_int_le(b.messages, 256 + 2 * 16);
    ck_assert_int_ge(b.messages, 256);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// --- Loss and return ----------------------------------------------------------------------------

START_TEST(says_how_the_broker_was_lost)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    mosquitto_kill(&broker);
    RUN_UNTIL(contains(a.reasons, "the connection to the broker is lost\n"), 2000);
    RUN_UNTIL(contains(a.reasons, "Connection refused"), SOON_MS);
    hosts_run_for(3000);
    ck_assert_int_eq(a.downs, 2); // one a reason, not one a try
    host_stop(&a);
}
END_TEST

START_TEST(says_why_the_broker_disconnected)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    host_open(&a);
    RUN_UNTIL(a.is_up, SOON_MS);
    fake_broker_send(&fake, (const unsigned char[]){0xe0, 2, 0x8b, 0}, 4);
    RUN_UNTIL(!a.is_up, 2000);
    ck_assert_str_eq(a.reasons, "disconnected by the broker: Server shutting down\n");
    RUN_UNTIL(a.is_up, SOON_MS);
    fake_broker_stop(&fake);
    host_stop(&a);
}
END_TEST

START_TEST(says_that_a_frozen_broker_does_not_answer)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    mosquitto_signal(&broker, SIGSTOP);
    prepare_host(&a, "a", broker.port);
    host_open(&a);
    RUN_UNTIL(contains(a.reasons, ": no answer"), 15000);
    host_stop(&a);
}
END_TEST

// --- Refusals -----------------------------------------------------------------------------------

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
    host_open(&a);
    RUN_UNTIL(contains(a.reasons, "the broker refuses the user \"me\" or the password\n"), SOON_MS);
    prepare_host(&b, "b", broker.port);
    host_open(&b);
    RUN_UNTIL(contains(b.reasons, "the broker wants a user and a password\n"), SOON_MS);
    host_stop(&b);
    prepare_host(&b, "b", broker.port);
    b.config.user = "me";
    b.config.password = "right";
    host_open(&b);
    RUN_UNTIL(b.is_up, SOON_MS);
    host_stop(&a);
    host_stop(&b);
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
        ck_assert_int_eq(host_publish(&a, "actor/g/event", "{}", false), 0);
    }
    settle(&a);
    ck_assert_str_eq(a.logs, "the broker does not allow publishing to actor/g/event "
                             "(Not authorized): 1 refused so far\n");
    ck_assert(a.is_up);
    send_text(&a, "beacon");
    RUN_UNTIL(!a.is_up, 2000);
    ck_assert_str_eq(a.reasons,
                     "the broker does not allow publishing to actor/g (Not authorized)\n");
    host_stop(&a);
}
END_TEST

static void refuse_subscription(int version, int code)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    fake.suback = code;
    fake.connack5[3] = version == 5 ? 0 : 0x84;
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "the broker does not allow subscribing to actor/g ("));
    ck_assert_int_eq(a.ups, 0);
    fake.suback = 0;
    RUN_UNTIL(a.is_up, SOON_MS); // patiently
    fake_broker_stop(&fake);
    host_stop(&a);
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
    host_open(&a);
    RUN_UNTIL(contains(a.reasons, ": the connection was closed before an answer came\n"), SOON_MS);
    fake_broker_stop(&fake);
    host_stop(&a);
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
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.is_up, SOON_MS);
    settle(&a);
    send_text(&a, "x");
    settle(&a);
    ck_assert_int_eq(fake.connections, 2);
    ck_assert_int_eq(fake.versions[0], 5);
    ck_assert_int_eq(fake.versions[1], 4);
    ck_assert_int_eq(a.downs, 0);
    fake_broker_drop(&fake); // perhaps it is another broker then
    RUN_UNTIL(a.ups == 2, SOON_MS);
    ck_assert_int_eq(fake.versions[2], 5);
    ck_assert_int_eq(fake.versions[3], 4);
    fake_broker_stop(&fake);
    host_stop(&a);
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
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.is_up, SOON_MS);
    settle(&a);
    ck_assert_int_eq(fake.connections, 2);
    ck_assert_int_eq(fake.keepalives[0], 5);
    ck_assert_int_eq(fake.keepalives[1], 2);
    ck_assert_int_eq(a.downs, 0);
    fake_broker_stop(&fake);
    host_stop(&a);
}
END_TEST

// --- Names --------------------------------------------------------------------------------------

START_TEST(says_that_a_host_is_unknown)
{
    struct host a;
    prepare_host(&a, "a", 1883);
    a.config.address = "nosuchhost.invalid";
    host_open(&a);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, "host not found: nosuchhost.invalid\n");
    host_stop(&a);
}
END_TEST

START_TEST(runs_on_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 1883);
    a.config.address = "slow.invalid";
    host_open(&a);
    hosts_run_for(500);
    ck_assert_int_lt(a.stall_ns, 200000000);
    ck_assert_int_eq(a.downs, 0);
    pthread_mutex_unlock(&lookup_gate);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "the name lookup of slow.invalid failed: "));
    host_stop(&a);
}
END_TEST

START_TEST(closes_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 1883);
    host_open(&a);
    hosts_turn(10);
    host_stop(&a);
    pthread_mutex_unlock(&lookup_gate); // the worker ends by itself
}
END_TEST

// --- TLS ----------------------------------------------------------------------------------------

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
    host_open(&a);
    RUN_UNTIL(contains(a.reasons, "TLS: certificate verify failed\n"), SOON_MS);
    host_stop(&a);
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
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.is_up, SOON_MS);
    prepare_host(&b, "b", broker.port);
    b.config.scheme = "mqtts";
    b.config.address = "127.0.0.1"; // which the certificate does not name
    host_open(&b);
    RUN_UNTIL(contains(b.reasons, "the certificate is for another name\n"), SOON_MS);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// --- Open and close -----------------------------------------------------------------------------

static void refuse_to_open(struct host *host, const char *expected)
{
    char why[128] = "";
    ck_assert_int_eq(host_try_open(host, why, sizeof why), -EINVAL);
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
    host_stop(&a);
}
END_TEST

START_TEST(says_good_bye)
{
    struct host a;
    struct fake_broker fake;
    start_fake(&a, &fake);
    host_open(&a);
    RUN_UNTIL(a.is_up, SOON_MS);
    host_close(&a, true);
    RUN_UNTIL(fake.disconnected && a.closeds == 1, SOON_MS);
    fake_broker_stop(&fake);
    host_stop(&a);
}
END_TEST

static int calls_noted;

static void note_call(enum MQTTASYNC_TRACE_LEVELS level, char *text)
{
    (void)text;
    calls_noted += level < MQTTASYNC_TRACE_ERROR;
}

// Paho's threads would write the last notes into memory that is being freed, or lose 125 kB.
START_TEST(has_paho_note_no_calls)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a", broker.port);
    MQTTAsync_setTraceCallback(note_call); // now that it has said its version
    host_stop(&a);
    MQTTAsync_setTraceCallback(NULL);
    ck_assert_int_eq(calls_noted, 0);
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
    tcase_add_test(tests, hears_nothing_of_itself);
    tcase_add_test(tests, publishes_retained_and_ignores_it_in_a_group);
    tcase_add_test(tests, ignores_proxies_in_the_environment);
    tcase_add_test(tests, drops_the_oldest_that_waits_to_be_sent);
    tests = add_case(suite, "loss");
    tcase_add_test(tests, says_how_the_broker_was_lost);
    tcase_add_test(tests, says_why_the_broker_disconnected);
    tcase_add_test(tests, says_that_a_frozen_broker_does_not_answer);
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
    tcase_add_test(tests, says_good_bye);
    tcase_add_test(tests, has_paho_note_no_calls);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
