// SPDX-License-Identifier: MIT
// The lookup of a host's name, in a thread of its own: it may block for long, and nobody who has
// lost interest waits for it.
#ifndef TRANSPORTS_SERF_LOOKUP_H
#define TRANSPORTS_SERF_LOOKUP_H

struct addrinfo;
struct serf_lookup;
struct uv_async_s;

// Wakes the loop when it is done. NULL: no memory, or no thread.
struct serf_lookup *serf_lookup_start(const char *host, int port, struct uv_async_s *wake);
// Then: 0 and what was found, for freeaddrinfo(), or what getaddrinfo() returned. Frees the lookup.
int serf_lookup_take(struct serf_lookup *lookup, struct addrinfo **found);
// It wakes nobody, and frees itself when it is done.
void serf_lookup_abandon(struct serf_lookup *lookup);

#endif
