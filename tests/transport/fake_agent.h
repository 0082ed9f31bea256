// SPDX-License-Identifier: MIT
// A Serf agent that answers what it is told to answer, on the test's loop.
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct fake_agent {
    uv_tcp_t server;
    int port;
    // What it answers.
    const char *refused, *words; // a command, and the error for it; NULL: none
    const char *ignored;         // a command that it does not answer; NULL: none
    const char *nonsense;        // what it says instead of any answer, and closes; NULL: none
    // What it has seen.
    int connections, questions, events;
    char types[256];  // of streams, each in a line of its own
    uint64_t stream;  // the number of the last one
    uint64_t stopped; // the number of the last one that was ended
    uv_tcp_t *last;   // the connection
};

// Listens, and accepts everything.
void fake_agent_start(struct fake_agent *agent, uv_loop_t *loop);
// Writes an event of the last stream, as it travels; returns its length.
size_t fake_agent_write_event(const struct fake_agent *agent, const char *name, uint64_t time,
                              const char *payload, void *out, size_t size);
// Sends this on the connection that there is.
void fake_agent_send(struct fake_agent *agent, const void *bytes, size_t len);
void fake_agent_send_event(struct fake_agent *agent, const char *name, uint64_t time,
                           const char *payload);
// Closes it.
void fake_agent_drop(struct fake_agent *agent);
void fake_agent_stop(struct fake_agent *agent);

#endif
