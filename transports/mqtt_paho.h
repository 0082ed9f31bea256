// SPDX-License-Identifier: MIT
// One connection by the Paho library, as the worker sees it: blocking calls down, the library's
// callbacks up.
#ifndef TRANSPORTS_MQTT_PAHO_H
#define TRANSPORTS_MQTT_PAHO_H

#include "mqtt_worker.h"

#include <sys/socket.h>

enum {
    MQTT_REASON_MAX = 256,        // bytes in the text of a connect
    MQTT_MESSAGE_MAX = 64 * 1024, // sixteen times what a beacon may be (M2)
};

struct mqtt_paho {
    struct mqtt_worker *worker;
    const struct mqtt_broker *broker;
    void *handle; // NULL: none
    enum mqtt_version version;
    struct sockaddr_storage address;
    socklen_t address_len;
};

// Once in a process, before the rest.
void mqtt_paho_prepare(void);

// The rest is for the worker's thread alone, which must not hold its lock.

// Looks the broker's name up. False: `item` says why.
bool mqtt_paho_resolve(struct mqtt_paho *paho, struct mqtt_item *item);
// Begins to connect; the outcome goes to the worker. False: it does not even begin, `item` says
// why.
bool mqtt_paho_open(struct mqtt_paho *paho, struct mqtt_item *item);
// Says DISCONNECT where there is a connection. No callback comes after it.
void mqtt_paho_close(struct mqtt_paho *paho);
// Finds words for a connect that has failed, where the broker has not said why.
void mqtt_paho_explain(const struct mqtt_paho *paho, struct mqtt_item *item);
// Sends a request; the outcome goes to the worker.
void mqtt_paho_submit(const struct mqtt_paho *paho, struct mqtt_item *item);

// What the worker is told, in threads of the library.
void mqtt_worker_connected(struct mqtt_worker *worker, int keepalive_s, int receive_max);
void mqtt_worker_tls_failed(struct mqtt_worker *worker, const char *reason, int len);
void mqtt_worker_connect_failed(struct mqtt_worker *worker, int code);
void mqtt_worker_lost(struct mqtt_worker *worker, int code);
void mqtt_worker_completed(struct mqtt_item *item, int code);
void mqtt_worker_arrived(struct mqtt_worker *worker, const char *topic, const void *bytes,
                         size_t len, bool retained);

#endif
