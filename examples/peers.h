// SPDX-License-Identifier: MIT
#include <asyncactor/transport.h>

extern const struct actor_transport_ops peers_transport;
