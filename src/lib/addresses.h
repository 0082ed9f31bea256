// SPDX-License-Identifier: MIT
// The addresses of this host, and when they change.
#ifndef LIB_ADDRESSES_H
#define LIB_ADDRESSES_H

#include <uv.h>

struct json_t;

// Those that others may reach: of interfaces that are up, no loopback, none that a link alone
// knows.
struct json_t *addresses_list(void);

struct addresses {
    uv_poll_t poll;
    uv_timer_t settle; // changes come several at a time
    int fd;            // -1: the kernel does not tell
    void (*changed)(void *context);
    void *context;
};

void addresses_watch(struct addresses *addresses, uv_loop_t *loop, void (*changed)(void *context),
                     void *context);
void addresses_unwatch(struct addresses *addresses);

#endif
