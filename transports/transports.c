// SPDX-License-Identifier: MIT
// The one switch from a URL's scheme to a transport.
#include "transports.h"

#include <string.h>

static const struct actor_transport_ops *const built_in[] = {
    &transport_local,
#ifdef HAVE_MQTT
    &transport_mqtt,
#endif
#ifdef HAVE_SERF
    &transport_serf,
#endif
#ifdef HAVE_UDP
    &transport_udp,
#endif
};

const struct actor_transport_ops *actor_transport_find(const char *scheme)
{
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        for (const char *const *known = built_in[i]->schemes; *known != NULL; known++) {
            if (strcmp(*known, scheme) == 0) {
                return built_in[i];
            }
        }
    }
    return NULL;
}
