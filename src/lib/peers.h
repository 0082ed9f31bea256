// SPDX-License-Identifier: MIT
// The other agents on a link, as its transport tells of them (H1), and what this one announces.
#ifndef LIB_PEERS_H
#define LIB_PEERS_H

#include "addresses.h"
#include "asyncactor/transport.h"

struct actor;
struct actor_link;
struct json_t;

struct peers {
    struct json_t *known; // by name: what each has announced, and when that was told
    uint64_t downs;
    uv_timer_t timer;
    char *announced; // the last that was
    struct addresses addresses;
};

void peers_open(struct actor_link *link);
void peers_close(struct actor_link *link);

// Tells the transport what this agent is and takes part in; after each change of that.
void peers_announce(struct actor_link *link);

// What the transport tells; passed on to the actors that it concerns.
void peers_told(struct actor_link *link, const char *group,
                const struct actor_transport_peer *peer);
// All that is known, to a new actor.
void peers_introduce(struct actor_link *link, struct actor *actor);

// A link that comes up tells of all that are there; soon after, the others are gone.
void peers_link_up(struct actor_link *link);
void peers_link_down(struct actor_link *link);

#endif
