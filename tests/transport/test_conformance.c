// SPDX-License-Identifier: MIT
// The suite for all transports, shown to fail where it should, and only there: on the local bus
// with one fault at a time.
#include "local_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct actor_transport_ops *sound;
static struct actor_transport_ops broken;
static const struct actor_transport_host_ops *host_ops; // the host's own
static struct actor_transport_host_ops bent;            // what the transport is given for them

// --- Faults in what it does --------------------------------------------------------------------

static int send_nine_in_ten(struct actor_transport *transport, const char *group, const void *bytes,
                            size_t len)
{
    static int count;
    return ++count % 10 == 0 ? 0 : sound->send(transport, group, bytes, len);
}

static int send_the_beginning(struct actor_transport *transport, const char *group,
                              const void *bytes, size_t len)
{
    return sound->send(transport, group, bytes, len < 4096 ? len : 4096);
}

static int send_or_forget(struct actor_transport *transport, const char *group, const void *bytes,
                          size_t len)
{
    int result = sound->send(transport, group, bytes, len);
    return result == -ENOTCONN ? 0 : result;
}

static int send_at_leisure(struct actor_transport *transport, const char *group, const void *bytes,
                           size_t len)
{
    static int count;
    poll(NULL, 0, ++count == 500 ? 700 : 0);
    return sound->send(transport, group, bytes, len);
}

static int open_and_leak(struct actor_transport **transport,
                         const struct actor_transport_config *config, char *why, size_t why_size)
{
    int leaked = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return leaked < 0 ? -errno : sound->open(transport, config, why, why_size);
}

// --- Faults in what it tells -------------------------------------------------------------------

static void message_twice(void *host, const char *group, const void *bytes, size_t len)
{
    host_ops->message(host, group, bytes, len);
    host_ops->message(host, group, bytes, len);
}

static void down_twice(void *host, const char *reason)
{
    host_ops->down(host, reason);
    host_ops->down(host, reason);
}

static bool was_down;

static void note_down(void *host, const char *reason)
{
    was_down = true;
    host_ops->down(host, reason);
}

static void up_once(void *host)
{
    if (!was_down) {
        host_ops->up(host);
    }
}

static void peer_here(void *host, const char *group, const struct actor_transport_peer *peer)
{
    if (peer->here) {
        host_ops->peer(host, group, peer);
    }
}

static int open_bent(struct actor_transport **transport,
                     const struct actor_transport_config *config, char *why, size_t why_size)
{
    struct actor_transport_config ours = *config;
    host_ops = config->host_ops;
    bent.proof = host_ops->proof;
    bent.overrun = host_ops->overrun;
    bent.closed = host_ops->closed;
    bent.log = host_ops->log;
    bent.peer = bent.peer != NULL ? bent.peer : host_ops->peer;
    bent.up = bent.up != NULL ? bent.up : host_ops->up;
    bent.down = bent.down != NULL ? bent.down : host_ops->down;
    bent.message = bent.message != NULL ? bent.message : host_ops->message;
    ours.host_ops = &bent;
    return sound->open(transport, &ours, why, why_size);
}

// --- Which tests find them ---------------------------------------------------------------------

static const struct fault {
    const char *name;
    struct actor_transport_ops ops;
    struct actor_transport_host_ops told;
    const char *found_by; // each followed by a space
} faults[] = {
    {.name = "none", .found_by = ""},
    {.name = "loses one packet in ten",
     .ops.send = send_nine_in_ten,
     .found_by = "keeps_the_order "
                 "delivers_nothing_twice "
                 "takes_any_name_of_a_group "
                 "lets_two_of_one_name_be "
                 "carries_packets_of_any_length "
                 "delivers_a_paced_burst "
                 "accounts_for_a_burst "
                 "a_frozen_reader_costs_the_others_nothing "
                 "a_slow_reader_costs_the_others_nothing "
                 "sends_nothing_from_before_it_was_up "},
    {.name = "takes packets that are too long",
     .ops.send = send_the_beginning,
     .found_by = "refuses_a_longer_packet "},
    {.name = "takes packets while it is down",
     .ops.send = send_or_forget,
     .found_by = "keeps_groups_apart "
                 "joins_and_leaves_while_up "
                 "comes_up_in_time "
                 "sends_nothing_from_before_it_was_up "
                 "tells_that_its_server_is_gone "},
    {.name = "waits in a call",
     .ops.send = send_at_leisure,
     .found_by = "delivers_a_paced_burst "
                 "accounts_for_a_burst "
                 "a_frozen_reader_costs_the_others_nothing "
                 "a_slow_reader_costs_the_others_nothing "},
    {.name = "leaks a descriptor",
     .ops.open = open_and_leak,
     .found_by = "leaves_no_descriptor_behind "},
    {.name = "delivers twice",
     .told.message = message_twice,
     .found_by = "delivers_nothing_twice "
                 "may_be_left_inside_message "
                 "may_be_closed_inside_message "},
    {.name = "tells a reason twice",
     .told.down = down_twice,
     .found_by = "waits_for_a_server_that_starts_later "
                 "tells_that_its_server_is_gone "
                 "returns_with_its_server "
                 "may_be_closed_inside_down "
                 "may_be_closed_between_two_attempts "},
    {.name = "never comes up again",
     .told = {.down = note_down, .up = up_once},
     .found_by = "waits_for_a_server_that_starts_later "
                 "returns_with_its_server "},
    {.name = "never tells who is gone",
     .told.peer = peer_here,
     .found_by = "tells_who_has_ended "
                 "tells_who_was_closed_at_once "},
};

static void break_it(const struct fault *fault)
{
    sound = local_fixture.ops;
    broken = *sound;
    bent = fault->told;
    broken.send = fault->ops.send != NULL ? fault->ops.send : sound->send;
    broken.open = fault->ops.open != NULL ? fault->ops.open : open_bent;
}

static void list_failures(TestResult **failures, int count, char *list, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < count && used < size; i++) {
        used += (size_t)snprintf(list + used, size - used, "%s ", tr_tcname(failures[i]));
    }
}

static bool judge(const struct fault *fault, TestResult **failures, int count)
{
    char found_by[4096] = "";
    list_failures(failures, count, found_by, sizeof found_by);
    bool same = strcmp(found_by, fault->found_by) == 0;
    printf("%s fault: %s\n", same ? "ok" : "not ok", fault->name);
    for (int i = 0; !same && i < count; i++) {
        printf("  %s: %.300s\n", tr_tcname(failures[i]), tr_msg(failures[i]));
    }
    if (!same) {
        printf("  expected: %s\n", fault->found_by);
    }
    fflush(stdout);
    return same;
}

static int run_suite(const struct fault *fault)
{
    struct conformance fixture = local_fixture;
    break_it(fault);
    fixture.ops = &broken;
    SRunner *runner = srunner_create(conformance_suite(&fixture));
    srunner_run_all(runner, CK_SILENT);
    TestResult **failures = srunner_failures(runner);
    bool same = judge(fault, failures, srunner_ntests_failed(runner));
    free(failures);
    srunner_free(runner);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

// All side by side, since the cases mostly wait. What fails leaves its directories behind.
int main(void)
{
    enum { FAULTS = sizeof faults / sizeof *faults };
    char scratch[] = "/tmp/test-conformance-XXXXXX";
    int failed = 0, status;
    if (mkdtemp(scratch) == NULL || setenv("TMPDIR", scratch, 1) != 0) {
        return EXIT_FAILURE;
    }
    for (int i = 0; i < FAULTS; i++) {
        if (fork() == 0) {
            exit(run_suite(&faults[i]));
        }
    }
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    return failed == 0 && remove_tree(scratch) ? EXIT_SUCCESS : EXIT_FAILURE;
}
