// SPDX-License-Identifier: MIT
// MQTT before the suite for all transports, on a real mosquitto.
#include "conformance.h"
#include "fake_broker.h"
#include "mosquitto.h"
#include "transports/transports.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static struct mosquitto broker;

static void make_broker(void)
{
    mosquitto_init(&broker);
}

static void remove_broker(void)
{
    mosquitto_remove(&broker);
}

static void write_address(int end, struct actor_transport_config *config)
{
    (void)end;
    config->address = "127.0.0.1";
    config->port = broker.port;
}

// It keeps what a frozen reader does not take.
static void start_broker(int end)
{
    (void)end;
    if (broker.pid == 0) {
        mosquitto_run(&broker, "allow_anonymous true\nmax_queued_messages 0\n");
    }
}

static void kill_broker(int end)
{
    (void)end;
    mosquitto_kill(&broker);
}

static void freeze_broker(int end)
{
    (void)end;
    mosquitto_signal(&broker, SIGSTOP);
}

static void thaw_broker(int end)
{
    (void)end;
    mosquitto_signal(&broker, SIGCONT);
}

static uint64_t lost_in_line(const char *line)
{
    return contains(line, "the broker is too slow");
}

// --- A broker that means harm ------------------------------------------------------------------

static struct fake_broker hostile;

static void become_hostile(struct host *host)
{
    fake_broker_start(&hostile, &host->loop);
    host->config.address = "127.0.0.1";
    host->config.port = hostile.port;
}

static void send_hostile(const void *bytes, size_t len)
{
    if (hostile.last != NULL) {
        fake_broker_send(&hostile, bytes, len);
    }
}

// PUBLISH, QoS 0, without properties.
static size_t write_publish(const char *group, const char *payload, void *out, size_t size)
{
    char topic[128];
    int topic_len = snprintf(topic, sizeof topic, "actor/%s", group);
    int rest = 2 + topic_len + 1 + (int)strlen(payload);
    ck_assert_int_lt(rest, 128); // one byte of length
    int len = snprintf(out, size, "0%c%c%c%s%c%s", rest, 0, topic_len, topic, 0, payload);
    return (size_t)len;
}

static void end_hostility(void)
{
    fake_broker_stop(&hostile);
}

// Paho 1.3.12 loses some bytes for each packet that is badly formed. test_mqtt watches for leaks of
// ours in what it hands us.
const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier,cert-*)

const char *__lsan_default_suppressions(void) // NOLINT(bugprone-reserved-identifier,cert-*)
{
    return "leak:libpaho-mqtt3as";
}

static const struct conformance fixture = {
    .name = "mqtt",
    .ops = &transport_mqtt,
    .set_up = make_broker,
    .tear_down = remove_broker,
    .address = write_address,
    .start = start_broker,
    .kill = kill_broker,
    .freeze = freeze_broker,
    .thaw = thaw_broker,
    .hostile_begin = become_hostile,
    .hostile_send = send_hostile,
    .hostile_message = write_publish,
    .hostile_end = end_hostility,
    .window = 100,
    .burst_loss = LOSES_TOLD,
    .reader_keeps = 4096,
    .reader_loss = LOSES_COUNTED,
    .lost_in_line = lost_in_line,
    .delivery_ms = 1000,
    .up_ms = 4000,
    .down_ms = 2000,
    .frozen_ms = 7000,
    .return_ms = 2500,
    .told_ms = 2000,
};

int main(void)
{
    return conformance_run(&fixture);
}
