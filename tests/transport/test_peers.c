// SPDX-License-Identifier: MIT
// Three actors on the transport of examples/peers.c, through the public face of the library alone:
// each leads in its turn, and when the one that leads is gone, the next takes over.
#include "asyncactor/actor.h"
#include "examples/peers.h"
#include "host.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { NODES = 3, WITHIN_MS = 10000 };

struct node {
    struct actor_link *link; // NULL: it is gone
    struct actor *actor;
    int tags;
};

static struct node nodes[NODES];
static int port;

static void on_event(void *context, struct actor *actor, const struct actor_event *event)
{
    struct node *node = context;
    (void)actor;
    node->tags += event->type == ACTOR_EVENT_TAG;
}

static void join_group(struct node *node)
{
    struct actor_config *config = actor_config_new();
    ck_assert_int_eq(actor_config_set_cycle(config, 500000000), 0);
    ck_assert_int_eq(actor_config_set_gap(config, 100000000), 0);
    ck_assert_int_eq(actor_config_set_nodes(config, NODES), 0);
    ck_assert_int_eq(actor_new(&node->actor, node->link, config, on_event, node), 0);
    actor_config_free(config);
}

static void start_node(int number)
{
    char name[8], url[96];
    struct actor_link_config *config = actor_link_config_new();
    snprintf(name, sizeof name, "n%d", number);
    snprintf(url, sizeof url, "peers://127.0.0.%d:%d?to=127.0.0.%d,127.0.0.%d", number + 1, port,
             (number + 1) % NODES + 1, (number + 2) % NODES + 1);
    ck_assert_int_eq(actor_link_config_set_name(config, name), 0);
    ck_assert_int_eq(actor_link_config_set_transport(config, &peers_transport), 0);
    ck_assert_int_eq(actor_link_config_set_url(config, url), 0);
    ck_assert_int_eq(actor_link_new(&nodes[number].link, config), 0);
    actor_link_config_free(config);
    join_group(&nodes[number]);
}

static void stop_node(struct node *node)
{
    actor_free(node->actor);
    actor_link_free(node->link);
    *node = (struct node){0};
}

static void run_links(void)
{
    struct pollfd polls[NODES];
    nfds_t count = 0;
    int wait_ms = 10;
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].link != NULL) {
            int its_ms = actor_link_timeout_ms(nodes[i].link);
            wait_ms = its_ms >= 0 && its_ms < wait_ms ? its_ms : wait_ms;
            polls[count++] = (struct pollfd){.fd = actor_link_fd(nodes[i].link), .events = POLLIN};
        }
    }
    poll(polls, count, wait_ms);
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].link != NULL) {
            ck_assert_int_eq(actor_link_dispatch(nodes[i].link), 0);
        }
    }
}

// The one that is tagged now, or NULL; never two.
static struct node *holder(void)
{
    struct node *found = NULL;
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].link != NULL && actor_tagged_until(nodes[i].actor) > 0) {
            ck_assert_msg(found == NULL, "two are tagged");
            found = &nodes[i];
        }
    }
    return found;
}

#define RUN_LINKS_UNTIL(condition)                                           \
    do {                                                                     \
        int64_t end_ns = now_ns() + patience_ns(WITHIN_MS);                  \
        while (!(condition)) {                                               \
            ck_assert_msg(now_ns() < end_ns, "not in time: %s", #condition); \
            run_links();                                                     \
            holder();                                                        \
        }                                                                    \
    } while (0)

START_TEST(takes_turns_and_survives_its_leader)
{
    port = free_port(SOCK_DGRAM);
    for (int i = 0; i < NODES; i++) {
        start_node(i);
    }
    RUN_LINKS_UNTIL(nodes[0].tags > 0 && nodes[1].tags > 0 && nodes[2].tags > 0);
    RUN_LINKS_UNTIL(holder() != NULL);
    stop_node(holder());
    RUN_LINKS_UNTIL(holder() != NULL);
    for (int i = 0; i < NODES; i++) {
        stop_node(&nodes[i]);
    }
}
END_TEST

START_TEST(refuses_what_is_no_list_of_peers)
{
    static const char *const urls[] = {"peers://127.0.0.1:7001", "peers://127.0.0.1?to=127.0.0.2",
                                       "peers://127.0.0.1:7001?to=localhost",
                                       "peers://127.0.0.1:7001?to=127.0.0.2,"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct actor_link *link;
        struct actor_link_config *config = actor_link_config_new();
        ck_assert_int_eq(actor_link_config_set_transport(config, &peers_transport), 0);
        ck_assert_int_eq(actor_link_config_set_url(config, urls[i]), 0);
        ck_assert_int_eq(actor_link_new(&link, config), ACTOR_EIO);
        ck_assert(contains(actor_link_config_why(config), "allowed: peers://HOST:PORT?to=HOST"));
        actor_link_config_free(config);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peers");
    TCase *tests = tcase_create("peers");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, takes_turns_and_survives_its_leader);
    tcase_add_test(tests, refuses_what_is_no_list_of_peers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
