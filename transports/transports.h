// SPDX-License-Identifier: MIT
// The built-in transports, one file each; transports.c chooses.
#ifndef TRANSPORTS_TRANSPORTS_H
#define TRANSPORTS_TRANSPORTS_H

#include "asyncactor/transport.h"

extern const struct actor_transport_ops transport_local;
extern const struct actor_transport_ops transport_mqtt;
extern const struct actor_transport_ops transport_serf;
extern const struct actor_transport_ops transport_udp;

#endif
