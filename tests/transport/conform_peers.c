// SPDX-License-Identifier: MIT
// The example of a transport of a user's own, built as he would, before the suite for all.
#include "conformance.h"
#include "examples/peers.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int port;
static char addresses[CONFORMANCE_ENDS_MAX][16], others[CONFORMANCE_ENDS_MAX][64];
static struct actor_transport_option options[CONFORMANCE_ENDS_MAX][2];

// Each end has a loopback address of its own, and names all others.
static void choose_addresses(void)
{
    port = free_port(SOCK_DGRAM);
    for (int end = 0; end < CONFORMANCE_ENDS_MAX; end++) {
        size_t used = 0;
        snprintf(addresses[end], sizeof addresses[end], "127.0.0.%d", end + 1);
        for (int other = 0; other < CONFORMANCE_ENDS_MAX; other++) {
            if (other != end) {
                used += (size_t)snprintf(others[end] + used, sizeof others[end] - used,
                                         "%s127.0.0.%d", used > 0 ? "," : "", other + 1);
            }
        }
        options[end][0] = (struct actor_transport_option){"to", others[end]};
    }
}

static void write_address(int end, struct actor_transport_config *config)
{
    config->address = addresses[end];
    config->port = port;
    config->options = options[end];
}

// --- Whoever reaches the port can be hostile ---------------------------------------------------

static int hostile_fd;

static void become_hostile(struct host *host)
{
    write_address(0, &host->config);
    hostile_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(hostile_fd, 0);
}

static void send_hostile(const void *bytes, size_t len)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sendto(hostile_fd, bytes, len, 0, (const struct sockaddr *)&to, sizeof to);
}

static size_t write_datagram(const char *group, const char *payload, void *out, size_t size)
{
    return (size_t)snprintf(out, size, "actor/%s%c%s", group, 0, payload);
}

static void end_hostility(void)
{
    close(hostile_fd);
}

static const struct conformance fixture = {
    .name = "peers",
    .ops = &peers_transport,
    .set_up = choose_addresses,
    .address = write_address,
    .hostile_begin = become_hostile,
    .hostile_send = send_hostile,
    .hostile_message = write_datagram,
    .hostile_end = end_hostility,
    .reorders = true, // UDP may do all of this, though it seldom does on a loopback
    .repeats = true,
    .window = 32,
    .burst_loss = LOSES_UNTOLD,
    .reader_keeps = 32,
    .reader_loss = LOSES_UNTOLD,
    .delivery_ms = 500,
    .up_ms = 1000,
};

int main(void)
{
    return conformance_run(&fixture);
}
