// SPDX-License-Identifier: MIT
// What a bloc server does, by all actords of a group together: clients ask over HTTP for their
// place among all clients.
#ifndef DAEMON_BLOC_H
#define DAEMON_BLOC_H

#include "asyncactor/actor.h"

struct bloc;

struct bloc_options {
    const char *place;  // where to listen; NULL: nowhere
    int64_t timeout_ns; // a session that has not asked for so long is dropped
    int64_t settle_ns;  // how long nothing may have changed; 0: what the others suggest
    int64_t gap_ns;     // of the group
};

// Listens. 0, or with a sentence in `why`, which begins with the option, -EINVAL: that is not
// allowed; -EIO: not now.
int bloc_open(struct bloc **bloc, struct actor_link *link, const struct bloc_options *options,
              char *why, size_t why_size);

// Before and after the group that the sessions belong to is joined.
void bloc_prepare(struct bloc *bloc, struct actor_config *config);
void bloc_join(struct bloc *bloc, struct actor *actor);

// An event of that group.
void bloc_event(struct bloc *bloc, const struct actor_event *event);

// No client is answered any longer; while the loop can still run. NULL is allowed, and twice.
void bloc_stop(struct bloc *bloc);
// After the link is gone.
void bloc_free(struct bloc *bloc);

#endif
