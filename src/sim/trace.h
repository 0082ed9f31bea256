// SPDX-License-Identifier: MIT
// Everything that happens in a world, as lines: the last ones are kept, all are hashed, so that two
// runs can be compared, and printed if somebody wants to read them.
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "world.h"

#include <stdio.h>

enum { TRACE_KEPT = 50, TRACE_HASH_HEX = 65 };

struct trace;

struct trace *trace_new(const struct world *world, FILE *out); // out: NULL for nobody
void trace_free(struct trace *trace);

void trace_news(struct trace *trace, const struct news *news);
// A line of its own: who is "-" for nobody.
void trace_say(struct trace *trace, int64_t now_ns, const char *who, const char *text);

// SHA-256 of all lines so far, in hexadecimal digits.
void trace_hash(const struct trace *trace, char hex[TRACE_HASH_HEX]);
void trace_print_last(const struct trace *trace, FILE *out);

#endif
