// SPDX-License-Identifier: MIT
// The other thread of the MQTT transport: it makes all the calls of the Paho library, which may
// block, and gathers for the loop what they lead to. No connection is tried but by
// mqtt_worker_connect(), each on a fresh handle of the library.
#ifndef TRANSPORTS_MQTT_WORKER_H
#define TRANSPORTS_MQTT_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct mqtt_worker;
struct uv_async_s;

struct mqtt_broker { // strings are copied
    const char *host;
    int port;
    bool tls;
    const char *client_id;
    const char *user;     // NULL: none
    const char *password; // NULL: none
    const char *will;     // a topic that is cleared when the connection is lost
};

enum mqtt_version { MQTT_3_1_1 = 4, MQTT_5 = 5 }; // as on the wire

enum mqtt_kind {
    MQTT_CONNECT,
    MQTT_SUBSCRIBE,
    MQTT_UNSUBSCRIBE,
    MQTT_PUBLISH,
    MQTT_LOST,   // an established connection has ended
    MQTT_MESSAGE // has arrived
};

// A request, which comes back with its outcome, or news.
struct mqtt_item {
    TAILQ_ENTRY(mqtt_item) entry;
    struct mqtt_worker *worker;
    enum mqtt_kind kind;
    unsigned generation;       // of the connection
    int code;                  // 0: done; positive: the broker's reason; negative: the library's
    int64_t sent_ns;           // CLOCK_BOOTTIME just before the library got it
    enum mqtt_version version; // connect
    int keepalive_s;           // connect: ours to begin with, the broker's in the end (0: no wish)
    bool retain;               // publish, message
    unsigned expiry_s;         // publish: the broker forgets it then; 0: never
    char *text;           // the topic; of a connect that failed: why, or "" where `code` says it
    unsigned char *bytes; // publish, message
    size_t len;
};
TAILQ_HEAD(mqtt_items, mqtt_item);

// Starts the thread, which wakes the loop through `wake`. NULL: no memory, or no thread.
struct mqtt_worker *mqtt_worker_start(const struct mqtt_broker *broker, struct uv_async_s *wake);

// --- Requests: they wait for mqtt_worker_go() ---

// Connects; there must be no connection. Returns its generation, or 0 without memory. The outcome
// is the item MQTT_CONNECT; after a good one there will be one MQTT_LOST, unless hung up.
unsigned mqtt_worker_connect(struct mqtt_worker *worker, enum mqtt_version version,
                             int keepalive_s);

// On the present connection; forgotten when it ends. 0 or -ENOMEM.
int mqtt_worker_subscribe(struct mqtt_worker *worker, const char *filter);
int mqtt_worker_unsubscribe(struct mqtt_worker *worker, const char *filter);
// As above; returns 1 if the oldest one that waits had to go for it.
int mqtt_worker_publish(struct mqtt_worker *worker, const char *topic, const void *bytes,
                        size_t len, bool retain, unsigned expiry_s);

// Wakes the thread for what has been asked: once for all of it, since a wake-up is what costs most.
void mqtt_worker_go(struct mqtt_worker *worker);

// Ends the connection at once. All that was asked on it is forgotten.
void mqtt_worker_hang_up(struct mqtt_worker *worker);

// Moves all news to `items`, for the caller to free() each. Adds up the messages that were dropped
// because the loop did not come. False: the thread has ended, and nothing follows.
bool mqtt_worker_take(struct mqtt_worker *worker, struct mqtt_items *items, uint64_t *overrun);

// Asks the thread to end, at once or as soon as what was asked is done, at the latest after
// `patience_ns`.
void mqtt_worker_end(struct mqtt_worker *worker, int64_t patience_ns);
// Frees the worker. One that has not ended yet (the library blocks) does so itself, later.
void mqtt_worker_free(struct mqtt_worker *worker);

// CLOCK_BOOTTIME
int64_t mqtt_now_ns(void);

#endif
