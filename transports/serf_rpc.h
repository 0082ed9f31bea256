// SPDX-License-Identifier: MIT
// One connection to the RPC port of a Serf agent: questions down, answers and events up.
//
// On the wire each message is a map in MessagePack, {Command, Seq} or {Error, Seq}, and most have a
// second map behind it, with nothing around them: whoever is wrong about that second map reads the
// rest wrongly. All is checked before it is unpacked, and what is no answer ends the connection.
// The connection keeps itself proven: an agent that does not answer within the patience is given
// up.
#ifndef TRANSPORTS_SERF_RPC_H
#define TRANSPORTS_SERF_RPC_H

#include <stddef.h>
#include <stdint.h>

struct uv_loop_s;
struct serf_rpc;

enum serf_question {
    SERF_HANDSHAKE,
    SERF_AUTH,
    SERF_STREAM,
    SERF_STOP,
    SERF_EVENT,
    SERF_MEMBERS,
    SERF_TAGS,
};

struct serf_answer {
    enum serf_question question;
    uint64_t seq;      // the question's number; SERF_STREAM: what the stream is called
    int64_t asked_ns;  // CLOCK_BOOTTIME
    const char *error; // "" or what the agent says, in plain ASCII
};

struct serf_event {
    uint64_t stream;
    const char *name; // without a NUL
    size_t name_len;
    uint64_t time; // Lamport's
    const void *payload;
    size_t len;
};

// One of those that an agent has set, and who is alive.
struct serf_tag {
    const char *agent, *key, *text; // without a NUL
    size_t agent_len, key_len, text_len;
};

// All are called from the loop, and none after serf_rpc_close() but closed().
struct serf_rpc_ops {
    void (*connected)(void *context);
    // To each question one, in the order of the questions.
    void (*answered)(void *context, const struct serf_answer *answer);
    void (*event)(void *context, const struct serf_event *event);
    // Of the agents one has come, has gone, or has other tags now; after serf_rpc_watch().
    void (*changed)(void *context);
    // Each one, before a serf_rpc_members() is answered; not to close the connection in.
    void (*tag)(void *context, const struct serf_tag *tag);
    // It has failed, and is to be closed.
    void (*failed)(void *context, const char *reason);
    // It is closed and freed.
    void (*closed)(void *context);
};

struct serf_rpc_config { // what it points to lives as long
    struct uv_loop_s *loop;
    const struct serf_rpc_ops *ops;
    void *context;
    const char *host;
    int port;
    uint64_t patience_ms; // for an answer; asks by itself after half of it
    size_t message_max;   // bytes, of the agent's; more ends the connection
};

// Begins to connect. NULL: no memory.
struct serf_rpc *serf_rpc_open(const struct serf_rpc_config *config);
// At once; closed() comes with one of the next rounds of the loop.
void serf_rpc_close(struct serf_rpc *rpc);

// The questions, once it is connected; they leave when the agent has taken those before. What
// cannot be asked for lack of memory ends the connection.
void serf_rpc_handshake(struct serf_rpc *rpc);
void serf_rpc_auth(struct serf_rpc *rpc, const char *key);
// User events of a name, or all of them, when it has a comma. Returns what the stream is called.
uint64_t serf_rpc_stream(struct serf_rpc *rpc, const char *name);
void serf_rpc_stop(struct serf_rpc *rpc, uint64_t stream);
// The agents' coming and going; once a connection.
void serf_rpc_watch(struct serf_rpc *rpc);
void serf_rpc_members(struct serf_rpc *rpc);
// Sets a tag of this agent, or removes it: NULL. The agent answers when it has told others, which
// may take it seconds, and answers nothing else until then.
void serf_rpc_tag(struct serf_rpc *rpc, const char *key, const char *text);
void serf_rpc_event(struct serf_rpc *rpc, const char *name, const void *payload, size_t len);
// Something that changes nothing: it ends a stream that never was. One of these is under way at a
// time; another one follows it then.
void serf_rpc_probe(struct serf_rpc *rpc);

#endif
