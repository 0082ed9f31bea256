// SPDX-License-Identifier: MIT
// The local bus before the suite for all transports.
#include "transport/conformance.h"
#include "transports/transports.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

static char bus[32];

static void make_directory(void)
{
    snprintf(bus, sizeof bus, "/tmp/a-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(bus));
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_directory(void)
{
    ck_assert_int_eq(nftw(bus, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void write_address(int end, struct actor_transport_config *config)
{
    (void)end;
    config->address = bus;
}

// The sender tells, since a reader cannot know what it missed.
static uint64_t lost_in_line(const char *line)
{
    const char *count = strstr(line, "not taken by a reader: ");
    return count != NULL ? strtoull(strchr(count, ':') + 1, NULL, 10) : 0;
}

static const struct conformance fixture = {
    .name = "local",
    .ops = &transport_local,
    .set_up = make_directory,
    .tear_down = remove_directory,
    .address = write_address,
    .window = 8, // the kernel queues ten
    .burst_loss = LOSES_COUNTED,
    .reader_keeps = 10,
    .reader_loss = LOSES_COUNTED,
    .lost_in_line = lost_in_line,
    .delivery_ms = 500,
    .up_ms = 1000,
};

int main(void)
{
    return conformance_run(&fixture);
}
