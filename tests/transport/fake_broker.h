// SPDX-License-Identifier: MIT
// A broker that refuses what it is told to refuse, on the test's loop.
#ifndef TESTS_FAKE_BROKER_H
#define TESTS_FAKE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum { FAKE_CONNECTIONS_MAX = 16 };

struct fake_broker {
    uv_tcp_t server;
    int port;
    // What it answers: to CONNECT by version, bytes and their number (0: closes instead), ...
    unsigned char connack5[16], connack4[16];
    size_t connack5_len, connack4_len;
    int suback, puback; // ... reason codes
    // What it has seen.
    int connections;
    int versions[FAKE_CONNECTIONS_MAX];
    int keepalives[FAKE_CONNECTIONS_MAX];
    bool disconnected; // in order
    uv_tcp_t *last;    // the connection
};

// Listens, and accepts everything.
void fake_broker_start(struct fake_broker *broker, uv_loop_t *loop);
// Sends this on the connection that there is.
void fake_broker_send(struct fake_broker *broker, const unsigned char *bytes, size_t len);
// Closes it.
void fake_broker_drop(struct fake_broker *broker);
void fake_broker_stop(struct fake_broker *broker);

#endif
