// SPDX-License-Identifier: MIT
#include "local_fixture.h"
#include "transports/transports.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char top[] = "a-XXXXXX", bus[32];

// A relative one, because the names of sockets are short.
static void make_directory(void)
{
    const char *place = getenv("TMPDIR");
    ck_assert_int_eq(chdir(place != NULL ? place : "/tmp"), 0);
    snprintf(top, sizeof top, "a-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(bus, sizeof bus, "%s/bus", top);
}

static void remove_directory(void)
{
    ck_assert(remove_tree(top));
}

static void write_address(int end, struct actor_transport_config *config)
{
    (void)end;
    config->address = bus;
}

// What stands for its server is the directory. It is gone when a file has its place.
static void allow_directory(int end)
{
    (void)end;
    unlink(bus);
}

static void put_file_there(int end)
{
    (void)end;
    if (access(bus, F_OK) == 0) {
        ck_assert(remove_tree(bus));
    }
    int fd = open(bus, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

// The sender tells, since a reader cannot know what it missed.
static uint64_t lost_in_line(const char *line)
{
    const char *count = strstr(line, "not taken by a reader: ");
    return count != NULL ? strtoull(strchr(count, ':') + 1, NULL, 10) : 0;
}

// --- Anybody who may write the directory can be hostile ----------------------------------------

static int hostile_fd;
static struct sockaddr_un victim_address;

static void become_hostile(struct host *host)
{
    write_address(0, &host->config);
    victim_address.sun_family = AF_UNIX;
    snprintf(victim_address.sun_path, sizeof victim_address.sun_path, "%s/actor.g/%016" PRIx64, bus,
             host->config.incarnation);
    hostile_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(hostile_fd, 0);
}

static void send_hostile(const void *bytes, size_t len)
{
    sendto(hostile_fd, bytes, len, MSG_DONTWAIT, (const struct sockaddr *)&victim_address,
           sizeof victim_address);
}

static size_t write_plain(const char *group, const char *payload, void *out, size_t size)
{
    (void)group;
    return (size_t)snprintf(out, size, "%s", payload);
}

static void end_hostility(void)
{
    close(hostile_fd);
}

const struct conformance local_fixture = {
    .name = "local",
    .ops = &transport_local,
    .set_up = make_directory,
    .tear_down = remove_directory,
    .address = write_address,
    .start = allow_directory,
    .kill = put_file_there,
    .hostile_begin = become_hostile,
    .hostile_send = send_hostile,
    .hostile_message = write_plain,
    .hostile_end = end_hostility,
    .window = 8, // the kernel queues ten
    .burst_loss = LOSES_COUNTED,
    .reader_keeps = 10,
    .reader_loss = LOSES_COUNTED,
    .lost_in_line = lost_in_line,
    .delivery_ms = 2000,
    .up_ms = 2000,
    .down_ms = 2000,
    .return_ms = 6000, // it is tried again after 1, 2 and 4 s
    .told_ms = 1000,
};
