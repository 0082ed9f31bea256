// SPDX-License-Identifier: MIT
// Lines for people and for the journal, on standard error.
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "asyncactor/actor.h"

// As an actor_log_fn; `context` is not used.
void log_line(void *context, enum actor_log_level level, const char *line);

#endif
