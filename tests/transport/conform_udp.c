// SPDX-License-Identifier: MIT
// UDP multicast before the suite for all transports. There is no server; its place is taken by the
// interface, which is switched off and on.
#include "transport/conformance.h"
#include "transport/network.h"
#include "transports/transports.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7777 };

static const char group[] = "239.255.77.77";
static bool is_on;

static void make_network(void)
{
    network_set_up();
    is_on = true;
}

static void write_address(int end, struct actor_transport_config *config)
{
    static const struct actor_transport_option options[] = {{"iface", "eth0"}, {NULL, NULL}};
    (void)end;
    config->address = group;
    config->options = options;
}

static void switch_on(int end)
{
    (void)end;
    if (!is_on) {
        network_run("ip link set eth0 up");
        is_on = true;
    }
}

static void switch_off(int end)
{
    (void)end;
    if (is_on) {
        network_run("ip link set eth0 down");
        is_on = false;
    }
}

// --- A host of this network that means harm ----------------------------------------------------

static int hostile = -1;

static void become_hostile(struct host *host)
{
    hostile = network_far_socket(AF_INET);
    ck_assert_int_eq(setsockopt(hostile, SOL_SOCKET, SO_BINDTODEVICE, "eth0", sizeof "eth0"), 0);
    write_address(0, &host->config);
}

static void send_hostile(const void *bytes, size_t len)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(PORT),
                                   .sin_addr.s_addr = htonl(0xefff4d4d)}; // 239.255.77.77
    ck_assert_int_eq(sendto(hostile, bytes, len, 0, (const struct sockaddr *)&to, sizeof to),
                     (ssize_t)len);
}

static size_t write_letter(const char *its_group, const char *payload, void *out, size_t size)
{
    int len = snprintf(out, size, "actr%cstranger%cactor%c%s%s", 1, 5, (int)strlen(its_group),
                       its_group, payload);
    return (size_t)len;
}

static void end_hostility(void)
{
    close(hostile);
}

static const struct conformance fixture = {
    .name = "udp",
    .ops = &transport_udp,
    .set_up = make_network,
    .tear_down = network_tear_down,
    .address = write_address,
    .start = switch_on,
    .kill = switch_off,
    .hostile_begin = become_hostile,
    .hostile_send = send_hostile,
    .hostile_message = write_letter,
    .hostile_end = end_hostility,
    .window = 64, // a queue of Debian's default size has room for five times as many
    .burst_loss = LOSES_COUNTED,
    .reader_keeps = 256,
    .reader_loss = LOSES_COUNTED,
    .delivery_ms = 2000, // a queue may be long
    .up_ms = 1000,
    .down_ms = 1000,
    .return_ms = 3000, // the kernel tells of cables once a second
};

int main(void)
{
    network_need();
    return conformance_run(&fixture);
}
