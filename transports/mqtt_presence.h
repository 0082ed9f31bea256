// SPDX-License-Identifier: MIT
// Who is there, on an MQTT broker (PROTOCOL.md H1): a retained message of each agent on
// PREFIX/@/NODE, which its will clears. A broker that was restored from its disk has lost the
// wills: so what it has kept is doubted, and whoever does not announce itself again is gone after
// 10 s.
#ifndef TRANSPORTS_MQTT_PRESENCE_H
#define TRANSPORTS_MQTT_PRESENCE_H

#include "asyncactor/transport.h"

struct mqtt_presence;

// Publishes to a topic, while up. `expiry_s`: until a broker with MQTT 5 forgets it; 0: never.
typedef void mqtt_presence_send_fn(void *context, const char *topic, const void *bytes, size_t len,
                                   bool retain, unsigned expiry_s);

// Asks the broker for a confirmation, while up; mqtt_presence_proved() tells of it.
typedef void mqtt_presence_prove_fn(void *context);

// NULL without memory. The configuration is borrowed; `context` is that of all the functions.
struct mqtt_presence *mqtt_presence_new(const struct actor_transport_config *config,
                                        mqtt_presence_send_fn *send, mqtt_presence_prove_fn *prove,
                                        void *context);
// Frees it, and then calls closed().
void mqtt_presence_close(struct mqtt_presence *presence, void (*closed)(void *context));

const char *mqtt_presence_topic(const struct mqtt_presence *presence); // this node's

const char *mqtt_presence_filter(const struct mqtt_presence *presence); // everybody's

// What this node announces. 0 or a negative errno.
int mqtt_presence_announce(struct mqtt_presence *presence, const char *about);

void mqtt_presence_up(struct mqtt_presence *presence);
void mqtt_presence_down(struct mqtt_presence *presence);
void mqtt_presence_take_back(struct mqtt_presence *presence); // while up: this node leaves

// The broker has taken what was published there.
void mqtt_presence_published(struct mqtt_presence *presence, const char *topic);
// It has confirmed what was sent then (CLOCK_BOOTTIME).
void mqtt_presence_proved(struct mqtt_presence *presence, int64_t sent_ns);

// Whether the topic is one of these; then that has been dealt with. `kept`: by the broker.
bool mqtt_presence_heard(struct mqtt_presence *presence, const char *topic, const void *bytes,
                         size_t len, bool kept);

#endif
