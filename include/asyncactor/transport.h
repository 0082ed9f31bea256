// SPDX-License-Identifier: MIT
// What a transport implements: a broadcast channel for groups, and its news.
//
// A transport is a table of functions. All of them are called in the link's thread, and a transport
// calls its host back in that thread only (one with threads of its own hands over through
// uv_async_t). No function blocks. The built-in ones are peers of a user's own; doc/transports.md
// tells how to write one, and how to test it.
#ifndef ASYNCACTOR_TRANSPORT_H
#define ASYNCACTOR_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
struct actor_transport; // a transport's own; it embeds nothing of ours

// What a transport knows of another node (PROTOCOL.md H1).
struct actor_transport_peer {
    const char *name;
    uint64_t incarnation; // of its link; 0: what it announced says it, or nobody knows
    bool here;            // or gone
    const char *about;    // what it announced, a JSON object; NULL: nothing known
};

// The way back: news for the host. `host` is the pointer from the configuration. News come from the
// loop, never from inside a function of the transport; only log() may be called there too. Inside
// any of them the host may call all of the transport's functions: it may leave the group of a
// message that it is being told, or close. After close() there are no news but closed().
struct actor_transport_host_ops {
    // The channel works: joined groups are subscribed. Called again after each down.
    void (*up)(void *host);
    // It does not, and why, as a sentence without the URL. Called before the first up as well; and
    // while it is down, once more for each reason unlike the last. The transport keeps trying.
    void (*down)(void *host, const char *reason);
    // A packet for a group that is joined. One that is too long is dropped, or told as too long.
    // `group` and `bytes` last for the call, and need not outlive it.
    void (*message)(void *host, const char *group, const void *bytes, size_t len);
    // The other end has confirmed a packet that was sent at sent_ns (CLOCK_BOOTTIME); each is later
    // than the one before.
    void (*proof)(void *host, int64_t sent_ns);
    // Messages that were dropped because this side did not read in time (M4).
    void (*overrun)(void *host, uint64_t count);
    // The close() that was asked for is complete; the transport is freed.
    void (*closed)(void *host);
    // A line for the log; levels as in actor.h.
    void (*log)(void *host, int level, const char *line);
    // Another node is there or not any longer, in this group; NULL: in all those that it announced.
    // May come before up(), and late, and twice. `peer` and what it points at last for the call.
    void (*peer)(void *host, const char *group, const struct actor_transport_peer *peer);
};

// One of the pairs after the '?' of a URL, decoded.
struct actor_transport_option {
    const char *key, *value;
};

// What a transport is opened with; strings and options live as long as the transport.
struct actor_transport_config {
    struct uv_loop_s *loop;
    const struct actor_transport_host_ops *host_ops;
    void *host;
    const char *scheme;  // of the URL, e.g. "mqtt"
    const char *address; // host name, or the path for "local:"; "" when the URL has none
    int port;            // 0 when the URL has none
    const struct actor_transport_option *options; // closed by a NULL key
    const char *user;                             // NULL: none
    const char *password;                         // NULL: none
    const char *name;                             // this node
    const char *prefix;                           // what the groups' names start with
    uint64_t incarnation; // random, of this process: tells it from others of its name
    int64_t keepalive_ns;
};

// How packets are written. Python nodes speak CBOR over MQTT, and MessagePack over Serf.
enum actor_transport_encoding { ACTOR_TRANSPORT_CBOR, ACTOR_TRANSPORT_MSGPACK };

struct actor_transport_ops {
    const char *const *schemes; // e.g. {"mqtt", "mqtts", NULL}
    const char *const *options; // keys that a URL may have after its '?', as schemes; NULL: none
    bool proves;                // proof() is called; without it there is no lease (L1)
    bool echoes;                // may deliver what this node sent
    bool ghosts; // what a node announced may be told of when it has died; so only that
                 // one is gone is a hint, and not that one is here
    enum actor_transport_encoding encoding;

    // Starts the transport, down. 0, or a negative errno with a sentence in `why`, for what can
    // never work (an unwritable directory is tried again, a bad port is not); then nothing is left
    // open, and closed() does not come.
    int (*open)(struct actor_transport **transport, const struct actor_transport_config *config,
                char *why, size_t why_size);
    // Takes part in a group from now on, over reconnects too. 0 or a negative errno. A group is any
    // name that PROTOCOL.md allows, or such a name and "/@", and is joined once until it is left.
    // While up it may take until the other end knows.
    int (*join)(struct actor_transport *transport, const char *group);
    // Of a group that is joined. It is not told of any longer.
    void (*leave)(struct actor_transport *transport, const char *group);
    // How many bytes a packet of this group may have at most; NULL: 4096, as PROTOCOL.md M2.
    size_t (*packet_max)(const struct actor_transport *transport, const char *group);
    // Broadcasts to a group that is joined. 0 or a negative errno: -ENOTCONN while down, -EMSGSIZE
    // for more than packet_max. Nothing stale is ever sent: what was taken for a connection is
    // forgotten when that is lost. What cannot be sent in time is dropped, and told of (M4).
    int (*send)(struct actor_transport *transport, const char *group, const void *bytes,
                size_t len);
    // Publishes to a topic; NULL where there are none. As send() otherwise.
    int (*publish)(struct actor_transport *transport, const char *topic, const void *bytes,
                   size_t len, bool retain);
    // Lets the others know of this node, as a JSON object, now and after each up, until it leaves
    // or its link is lost; what stands last in it may be left out where there is no room. NULL
    // where nobody can be told.
    int (*announce)(struct actor_transport *transport, const char *about);
    // Asks the other end for a confirmation soon, by something that others do not see. NULL where
    // `proves` is false.
    void (*prove)(struct actor_transport *transport);
    // Ends: delivers what was sent (`orderly`: for at most one second), then calls closed() from
    // the loop, within half a second more, whatever the other end does. No other call comes after
    // this.
    void (*close)(struct actor_transport *transport, bool orderly);
};

// The built-in transport for a URL's scheme, or NULL when this build has none.
const struct actor_transport_ops *actor_transport_find(const char *scheme);

#ifdef __cplusplus
}
#endif
#endif
