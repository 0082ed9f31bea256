// SPDX-License-Identifier: MIT
// Who is there, as Serf tells it (PROTOCOL.md H1): a tag PREFIX/@/NODE of each node's agent, and
// the list of the agents that are alive. An agent notices when another one has gone, and not when a
// node that it serves has died; so a tag tells what a node is, and only its end tells of the node.
//
// It has a connection of its own, beside that of the beacons: an agent answers nothing else while
// it tells the others of a tag.
#ifndef TRANSPORTS_SERF_PRESENCE_H
#define TRANSPORTS_SERF_PRESENCE_H

#include "asyncactor/transport.h"

enum { SERF_PORT = 7373 };

struct serf_presence;

// NULL without memory. The configuration is borrowed. closed(): it is freed, after a close.
struct serf_presence *serf_presence_new(const struct actor_transport_config *config,
                                        void (*closed)(void *context), void *context);

// What this node announces. 0 or a negative errno.
int serf_presence_announce(struct serf_presence *presence, const char *about);

void serf_presence_up(struct serf_presence *presence);
void serf_presence_down(struct serf_presence *presence);

// Takes back what was announced; `orderly`: waits a moment until the agent has done so.
void serf_presence_close(struct serf_presence *presence, bool orderly);

#endif
