// SPDX-License-Identifier: MIT
#include "addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <jansson.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 16, SETTLE_MS = 200 };

// --- Which -------------------------------------------------------------------------------------

static json_t *address_of(const struct ifaddrs *interface)
{
    char text[INET6_ADDRSTRLEN];
    const struct sockaddr *address = interface->ifa_addr;
    if (address == NULL || (interface->ifa_flags & (IFF_LOOPBACK | IFF_UP)) != IFF_UP) {
        return NULL;
    }
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
        return json_string(text);
    }
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        inet_ntop(AF_INET6, ipv6, text, sizeof text);
        return IN6_IS_ADDR_LINKLOCAL(ipv6) ? NULL : json_string(text);
    }
    return NULL;
}

json_t *addresses_list(void)
{
    json_t *list = json_array();
    struct ifaddrs *interfaces = NULL;
    if (getifaddrs(&interfaces) == 0) {
        for (const struct ifaddrs *i = interfaces; i != NULL; i = i->ifa_next) {
            json_t *address = json_array_size(list) < ADDRESSES_MAX ? address_of(i) : NULL;
            if (address != NULL) {
                json_array_append_new(list, address);
            }
        }
        freeifaddrs(interfaces);
    }
    return list;
}

// --- When they change --------------------------------------------------------------------------

static void on_settled(uv_timer_t *timer)
{
    const struct addresses *addresses = timer->data;
    addresses->changed(addresses->context);
}

// What has changed does not matter: all are listed anew.
static void on_news(uv_poll_t *poll, int status, int events)
{
    struct addresses *addresses = poll->data;
    char news[8192];
    (void)events;
    while (status == 0 && recv(addresses->fd, news, sizeof news, MSG_DONTWAIT) > 0) {
    }
    uv_timer_start(&addresses->settle, on_settled, SETTLE_MS, 0);
}

// News that were dropped are no error, which would end the poll: those that wait are reason enough.
static bool open_for_news(int fd, const struct sockaddr_nl *groups)
{
    const int on = 1;
    return setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) == 0 &&
           bind(fd, (const struct sockaddr *)groups, sizeof *groups) == 0;
}

static int open_netlink(void)
{
    const struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
                                       .nl_groups =
                                           RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && !open_for_news(fd, &groups)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void addresses_watch(struct addresses *addresses, uv_loop_t *loop, void (*changed)(void *context),
                     void *context)
{
    addresses->changed = changed;
    addresses->context = context;
    addresses->fd = open_netlink();
    uv_timer_init(loop, &addresses->settle);
    addresses->settle.data = addresses->poll.data = addresses;
    if (addresses->fd >= 0) {
        uv_poll_init(loop, &addresses->poll, addresses->fd);
        uv_poll_start(&addresses->poll, UV_READABLE, on_news);
    }
}

void addresses_unwatch(struct addresses *addresses)
{
    uv_close((uv_handle_t *)&addresses->settle, NULL);
    if (addresses->fd >= 0) {
        uv_close((uv_handle_t *)&addresses->poll, NULL);
        close(addresses->fd);
    }
}
