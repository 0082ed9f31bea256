// SPDX-License-Identifier: MIT
// What a node announces of its addresses, through the public face of the library alone: one that
// changes is announced at once, and its node stays the same member.
#include "asyncactor/actor.h"
#include "host.h"
#include "network.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 2, ABOUT_BYTES = 4096 };

static struct actor_link *links[NODES]; // "a" and "b", on one bus
static struct actor *actors[NODES];
static char bus[64];
static int joins, leaves; // that they have told of each other

static void on_event(void *context, struct actor *actor, const struct actor_event *event)
{
    (void)context;
    (void)actor;
    joins += event->type == ACTOR_EVENT_JOIN;
    leaves += event->type == ACTOR_EVENT_LEAVE;
}

static void start_node(int number)
{
    char url[80], name[] = {(char)('a' + number), '\0'};
    struct actor_link_config *link_config = actor_link_config_new();
    struct actor_config *config = actor_config_new();
    snprintf(url, sizeof url, "local:%s", bus);
    ck_assert_int_eq(actor_link_config_set_name(link_config, name), 0);
    ck_assert_int_eq(actor_link_config_set_url(link_config, url), 0);
    ck_assert_int_eq(actor_link_new(&links[number], link_config), 0);
    ck_assert_int_eq(actor_new(&actors[number], links[number], config, on_event, NULL), 0);
    actor_config_free(config);
    actor_link_config_free(link_config);
}

static void set_up(void)
{
    network_set_up();
    strcpy(bus, "/tmp/test-addresses-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(bus));
    for (int i = 0; i < NODES; i++) {
        start_node(i);
    }
}

static void tear_down(void)
{
    char line[96];
    for (int i = 0; i < NODES; i++) {
        actor_free(actors[i]);
        actor_link_free(links[i]);
    }
    snprintf(line, sizeof line, "rm -r %s", bus);
    network_run(line);
    network_tear_down();
}

static void run_links(void)
{
    struct pollfd polls[NODES];
    for (int i = 0; i < NODES; i++) {
        polls[i] = (struct pollfd){.fd = actor_link_fd(links[i]), .events = POLLIN};
    }
    poll(polls, NODES, 10);
    for (int i = 0; i < NODES; i++) {
        ck_assert_int_eq(actor_link_dispatch(links[i]), 0);
    }
}

// Whether b knows of this address of a.
static bool knows(const char *address)
{
    char about[ABOUT_BYTES], quoted[80];
    snprintf(quoted, sizeof quoted, "\"%s\"", address);
    return actor_peer_about(links[1], "a", about, sizeof about) > 0 && contains(about, quoted);
}

#define RUN_LINKS_UNTIL(condition)                                           \
    do {                                                                     \
        int64_t end_ns = now_ns() + patience_ns(SOON_MS);                    \
        while (!(condition)) {                                               \
            ck_assert_msg(now_ns() < end_ns, "not in time: %s", #condition); \
            run_links();                                                     \
        }                                                                    \
    } while (0)

START_TEST(changes_are_announced_at_once)
{
    RUN_LINKS_UNTIL(joins == NODES && knows("10.77.0.1") && knows("fd77::1"));
    ck_assert(!knows("127.0.0.1"));
    network_run("ip address add 10.99.0.1/24 dev eth0");
    RUN_LINKS_UNTIL(knows("10.99.0.1"));
    network_run("ip address del 10.77.0.1/24 dev eth0; ip address add fd99::1/64 dev eth0 nodad");
    RUN_LINKS_UNTIL(!knows("10.77.0.1") && knows("fd99::1"));
    network_run("ip link set eth0 down");
    RUN_LINKS_UNTIL(!knows("10.99.0.1"));
    ck_assert_int_eq(joins, NODES);
    ck_assert_int_eq(leaves, 0);
}
END_TEST

// The kernel has dropped news that nobody read.
START_TEST(more_changes_than_wait_are_no_end_of_them)
{
    RUN_LINKS_UNTIL(joins == NODES && knows("10.77.0.1"));
    network_run("for i in $(seq 1000); do for what in add del; do "
                "echo address $what 10.88.0.1/24 dev eth0; done; done | ip -batch -; "
                "ip address add 10.88.0.2/24 dev eth0");
    RUN_LINKS_UNTIL(knows("10.88.0.2"));
    network_run("ip address add 10.99.0.1/24 dev eth0");
    RUN_LINKS_UNTIL(knows("10.99.0.1"));
}
END_TEST

int main(void)
{
    network_need();
    Suite *suite = suite_create("addresses");
    TCase *tests = tcase_create("addresses");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, changes_are_announced_at_once);
    tcase_add_test(tests, more_changes_than_wait_are_no_end_of_them);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
