// SPDX-License-Identifier: MIT
// A message on its way, with all that it borrows, shared by those who will hear it.
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include "core/message.h"

struct packet;

struct packet *packet_new(const struct message *message); // one reference: the caller's
struct packet *packet_take(struct packet *packet);        // one more
void packet_drop(struct packet *packet);                  // NULL is allowed
const struct message *packet_message(const struct packet *packet);

#endif
