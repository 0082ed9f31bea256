// SPDX-License-Identifier: MIT
#include "fake.h"

#include <uv.h>

struct actor_transport_config opened;

int fake_open(struct actor_transport **transport, const struct actor_transport_config *config,
              char *why, size_t why_size)
{
    (void)transport;
    (void)why;
    (void)why_size;
    opened = *config;
    return 0;
}

int fake_join(struct actor_transport *transport, const char *group)
{
    (void)transport;
    (void)group;
    return 0;
}

void fake_leave(struct actor_transport *transport, const char *group)
{
    (void)transport;
    (void)group;
}

int fake_send(struct actor_transport *transport, const char *group, const void *bytes, size_t len)
{
    (void)transport;
    (void)group;
    (void)bytes;
    (void)len;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    opened.host_ops->closed(opened.host);
}

void fake_close(struct actor_transport *transport, bool orderly)
{
    static uv_idle_t handle;
    (void)transport;
    (void)orderly;
    uv_idle_init(opened.loop, &handle);
    uv_close((uv_handle_t *)&handle, on_closed);
}
