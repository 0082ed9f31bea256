// SPDX-License-Identifier: MIT
// The parts of a transport that do nothing, for tests of the library: each makes its table of them,
// with functions of its own for what it is about, and does to the library what a transport would.
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include "asyncactor/transport.h"

// What the last one was opened with, its host among it.
extern struct actor_transport_config opened;

int fake_open(struct actor_transport **transport, const struct actor_transport_config *config,
              char *why, size_t why_size);
int fake_join(struct actor_transport *transport, const char *group);
void fake_leave(struct actor_transport *transport, const char *group);
int fake_send(struct actor_transport *transport, const char *group, const void *bytes, size_t len);
// Says that it is closed, once the loop runs.
void fake_close(struct actor_transport *transport, bool orderly);

#endif
