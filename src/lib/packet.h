// SPDX-License-Identifier: MIT
// Packets of a link: messages in the encoding of its transport, no longer than that takes.
#ifndef LIB_PACKET_H
#define LIB_PACKET_H

#include "link.h"

// Whether this build has the encoding.
bool packet_can(enum actor_transport_encoding encoding);

// How long a packet of this group may be.
size_t packet_max(const struct actor_link *link, const char *group);

// Reads one; from the channel of views, where nothing else may come, or from the group's own. The
// message borrows from `bytes` and the link until the next one is read.
enum drop packet_decode(struct actor_link *link, bool is_view, const uint8_t *bytes, size_t len,
                        struct message *message);

// Writes a message into MESSAGE_MAX_BYTES of room. Returns its length, or 0 where they are too few.
size_t packet_encode(const struct actor_link *link, const struct message *message, uint8_t *packet);

// How much a program may tell the others at once in this group.
size_t packet_tell_max(const struct actor_link *link, const char *group);

// Whether what a node must say fits: its `vers`, and a beacon with this value and as many names as
// it must have (R3), taken to be as long as its own. 0, or -1 with a sentence that has the sum.
int packet_check(const struct actor_link *link, const char *group, struct value value, char *why,
                 size_t why_size);

#endif
