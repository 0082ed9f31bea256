// SPDX-License-Identifier: MIT
// A transport of a user's own, as doc/transports.md tells it: UDP to a short list of peers. All use
// one port, and each names the others:
//
//     actor_link_config_set_transport(config, &peers_transport);
//     actor_link_config_set_url(config, "peers://10.0.0.1:7001?to=10.0.0.2,10.0.0.3");
//
// A datagram is "PREFIX/GROUP", NUL and the packet. Whoever reaches the port may take part.
#include "peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { NODES_MAX = 64, GROUPS_MAX = 64, GROUP_BYTES = 67, PACKET_MAX = 4096, HEAD_MAX = 256 };

struct actor_transport {
    struct actor_transport_config config;
    uv_poll_t poll; // of fd
    int fd;
    bool is_up;
    size_t node_count;
    struct sockaddr_in nodes[NODES_MAX];  // the first is our own
    char groups[GROUPS_MAX][GROUP_BYTES]; // "": a free place
};

static char *find_group(struct actor_transport *t, const char *name)
{
    size_t i = 0;
    while (i < GROUPS_MAX && strcmp(t->groups[i], name) != 0) {
        i++;
    }
    return i < GROUPS_MAX ? t->groups[i] : NULL;
}

// News come from the loop alone, and last: the host may leave or close inside them.
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct actor_transport *t = poll->data;
    if (!t->is_up) {
        t->is_up = uv_poll_start(poll, UV_READABLE, on_ready) == 0;
        t->config.host_ops->up(t->config.host);
        return;
    }
    char head[HEAD_MAX + PACKET_MAX + 1] = "";
    ssize_t len = recv(t->fd, head, sizeof head - 1, 0);
    char *group = head + strlen(t->config.prefix), *body = head + strlen(head) + 1;
    if (status == 0 && events != 0 && group < body && *group == '/' && group[1] != '\0' &&
        body <= head + len) {
        *group++ = '\0';
        if (strcmp(head, t->config.prefix) == 0 && find_group(t, group) != NULL) {
            t->config.host_ops->message(t->config.host, group, body, (size_t)(head + len - body));
        }
    }
}

// The parts of a URL are too short for more than 64 addresses.
static bool read_url(struct actor_transport *t, const struct actor_transport_config *config)
{
    char all[512], *rest = all;
    const char *to = config->options->key != NULL ? config->options->value : "";
    snprintf(all, sizeof all, "%s,%s", config->address, to);
    for (const char *host; (host = strsep(&rest, ",")) != NULL;) {
        if (uv_ip4_addr(host, config->port, &t->nodes[t->node_count++]) != 0) {
            return false;
        }
    }
    return config->port > 0;
}

static int peers_open(struct actor_transport **transport,
                      const struct actor_transport_config *config, char *why, size_t why_size)
{
    struct actor_transport *t = calloc(1, sizeof *t);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_read = t != NULL && read_url(t, config);
    if (!is_read || bind(fd, (struct sockaddr *)t->nodes, sizeof *t->nodes) != 0) {
        int error = is_read ? errno : EINVAL;
        snprintf(why, why_size, "%s; allowed: peers://HOST:PORT?to=HOST,... in IPv4 addresses",
                 strerror(error));
        close(fd);
        free(t);
        return -error;
    }
    t->config = *config;
    t->fd = fd;
    t->poll.data = *transport = t;
    uv_poll_init(config->loop, &t->poll, fd);
    return uv_poll_start(&t->poll, UV_WRITABLE, on_ready);
}

static int peers_join(struct actor_transport *t, const char *group)
{
    char *place = find_group(t, "");
    return place != NULL && snprintf(place, GROUP_BYTES, "%s", group) > 0 ? 0 : -ENOSPC;
}

static void peers_leave(struct actor_transport *t, const char *group)
{
    *find_group(t, group) = '\0';
}

static int peers_send(struct actor_transport *t, const char *group, const void *bytes, size_t len)
{
    char datagram[HEAD_MAX + PACKET_MAX];
    if (!t->is_up || find_group(t, group) == NULL) {
        return -ENOTCONN;
    }
    if (len > PACKET_MAX) {
        return -EMSGSIZE;
    }
    size_t head = (size_t)snprintf(datagram, HEAD_MAX, "%s/%s", t->config.prefix, group) + 1;
    memcpy(datagram + head, bytes, len);
    for (size_t i = 1; i < t->node_count; i++) {
        sendto(t->fd, datagram, head + len, 0, (struct sockaddr *)&t->nodes[i], sizeof *t->nodes);
    }
    return 0;
}

static void on_closed(uv_handle_t *poll)
{
    struct actor_transport *t = poll->data;
    const struct actor_transport_config config = t->config;
    close(t->fd);
    free(t);
    config.host_ops->closed(config.host);
}

static void peers_close(struct actor_transport *t, bool orderly)
{
    uv_close((uv_handle_t *)&t->poll, on_closed);
    (void)orderly; // what was sent is on its way already
}

const struct actor_transport_ops peers_transport = {
    .schemes = (const char *const[]){"peers", NULL},
    .options = (const char *const[]){"to", NULL},
    .open = peers_open,
    .join = peers_join,
    .leave = peers_leave,
    .send = peers_send,
    .close = peers_close,
};
