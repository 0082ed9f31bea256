// SPDX-License-Identifier: MIT
// A message on its way, with all that it borrows, shared by those who will hear it.
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include "core/engine.h"

struct packet;

struct packet *packet_new(const struct message *message);           // one reference: the caller's
struct packet *packet_new_hint(const struct peer *peer, bool here); // the same: a hint, no message
// S6: no message either, but a program's word that it has stopped what so many indices gave it to
// do.
struct packet *packet_new_word(uint64_t works);
uint64_t packet_words(const struct packet *packet); // how many; 0: it is none
struct packet *packet_take(struct packet *packet);  // one more
void packet_drop(struct packet *packet);            // NULL is allowed
// As an engine is to get it.
struct input packet_input(const struct packet *packet);

#endif
