// SPDX-License-Identifier: MIT
// What both fuzz targets ask of messages.
#ifndef FUZZ_SAME_H
#define FUZZ_SAME_H

#include "core/message.h"

// Reads a packet of whichever channel: what the group's own refuses may be for what goes beside it.
enum drop decode_any(const uint8_t *bytes, size_t len, struct members_room *room,
                     struct message *message);

// Whether two messages say the same: what their type does not carry is not looked at.
bool same_message(const struct message *a, const struct message *b);

// Whether an accepted message, or one to be sent, keeps all that the decoder promises (M2).
bool legal_message(const struct message *message);

// A copy on the heap of exactly this length, so that the sanitizer sees each byte beyond it.
uint8_t *exact_copy(const uint8_t *bytes, size_t len);

#endif
