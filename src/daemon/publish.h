// SPDX-License-Identifier: MIT
// The event topics of a group, where the transport has topics.
#ifndef DAEMON_PUBLISH_H
#define DAEMON_PUBLISH_H

#include "asyncactor/actor.h"

enum { TOPIC_MAX = 320, PENDING_MAX = 64 };

struct publisher {
    struct actor_link *link;
    bool off;                          // this transport has no topics
    bool leads;                        // the retained leader is this node, as far as it knows
    bool holds;                        // it is tagged
    int64_t turn_ns, watched_until_ns; // another leads until then, and tells who comes and goes
    char leader[65];
    char *pending[PENDING_MAX]; // who came and went while nobody led
    int pending_count;
    char node_topic[TOPIC_MAX];  // PREFIX/GROUP/event/NODE
    char group_topic[TOPIC_MAX]; // PREFIX/GROUP/event
    char leader_topic[TOPIC_MAX];
    char roster_topic[TOPIC_MAX];
};

void publisher_init(struct publisher *publisher, struct actor_link *link, const char *group);

// Publishes what an event calls for; `json` is the event's.
void publisher_event(struct publisher *publisher, const struct actor_event *event,
                     const char *json);

// The node leaves: if it is the one that is named as the leader, nobody is.
void publisher_leave(struct publisher *publisher);

#endif
