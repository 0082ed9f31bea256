// SPDX-License-Identifier: MIT
// A Serf agent that answers what it is told to answer, on the test's loop. It has one connection
// for events, and while there is that one, others for tags.
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { FAKE_TAGS_MAX = 1200 };

struct fake_agent {
    uv_tcp_t server;
    int port;
    // What it answers.
    const char *refused, *words; // a command, and the error for it; NULL: none
    const char *ignored;         // a command that it does not answer; NULL: none
    const char *nonsense;        // what it says instead of any answer, and closes; NULL: none
    int tag_max;                 // bytes of a tag's text, where there is a limit; else 0
    // Of agents that are alive, as it lists them; closed by a NULL agent.
    struct fake_tag {
        const char *agent, *key, *text;
    } tags[FAKE_TAGS_MAX];
    // What it has seen of events.
    int connections, questions, events;
    char types[256];  // of streams, each in a line of its own
    uint64_t stream;  // the number of the last one
    uint64_t stopped; // the number of the last one that was ended
    uv_tcp_t *last;   // the connection
    // Of tags.
    uv_tcp_t *presence; // the connection
    uint64_t watch;     // the number of the stream; 0: none
    int lists;          // that it was asked for
    uint64_t asked;     // the number of the last question for one
    char set[8192];     // each in a line: "KEY TEXT", "-KEY" when it was removed
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
// Says that the members have changed.
void fake_agent_tell(struct fake_agent *agent);
// Sends this on the connection of tags.
void fake_agent_send_presence(struct fake_agent *agent, const void *bytes, size_t len);
// Answers the last question for a list with this.
void fake_agent_answer(struct fake_agent *agent, const void *bytes, size_t len);
// Closes that of events.
void fake_agent_drop(struct fake_agent *agent);
void fake_agent_stop(struct fake_agent *agent);

#endif
