// SPDX-License-Identifier: MIT
// Who is there, as the Serf transport tells it (PROTOCOL.md H1; conform_serf.c has what all
// promise): what becomes of tags, against real agents, and against one that lists what a test says.
#include "asyncactor/actor.h"
#include "fake_agent.h"
#include "host.h"
#include "serf_agents.h"
#include "transports/transports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MS = 8000, GONE_MS = 15000, SEEN_MAX = 1024, ABOUT_MAX = 4096 };

#define ABOUT \
    "{\"incarnation\":5,\"groups\":[\"g\"],\"tags\":{\"k\":\"t, {\\\\\\\"\"},\"version\":\"1\"}"

// --- Hosts -------------------------------------------------------------------------------------

static void prepare_host(struct host *host, const char *name, int port)
{
    host_prepare(host, &transport_serf, name);
    host->config.address = "127.0.0.1";
    host->config.port = port;
}

static void announce(struct host *host, const char *about)
{
    ck_assert_int_eq(host_announce(host, about), 0);
}

static int count_lines(const char *text, const char *line)
{
    int count = 0;
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at += len) {
        count++;
    }
    return count;
}

// --- Real agents -------------------------------------------------------------------------------

static struct serf_agents agents;

static void make_agents(void)
{
    serf_agents_init(&agents, "local");
}

static void remove_agents(void)
{
    serf_agents_remove(&agents);
}

static void start_host(struct host *host, const char *name, int agent)
{
    prepare_host(host, name, agents.all[agent].rpc_port);
    host->config.password = SERF_KEY;
    host_open(host);
    RUN_UNTIL(host->is_up, SOON_MS);
}

// An agent may keep one of two tags that are set at once.
START_TEST(many_share_an_agent)
{
    enum { HOSTS = 5 };
    static const char *const names[HOSTS] = {"a", "b", "c", "d", "e"};
    static struct host hosts[HOSTS];
    serf_agents_run(&agents, 0, "");
    for (int i = 0; i < HOSTS; i++) {
        start_host(&hosts[i], names[i], 0);
    }
    for (int i = 0; i < HOSTS; i++) {
        announce(&hosts[i], "{}");
    }
    for (int i = 0; i < HOSTS; i++) {
        for (int of = 0; of < HOSTS; of++) {
            char line[16];
            snprintf(line, sizeof line, "+%s {}\n", names[of]);
            RUN_UNTIL(i == of || contains(hosts[i].peers, line), 4 * TOLD_MS);
        }
    }
    for (int i = 0; i < HOSTS; i++) {
        host_stop(&hosts[i]);
    }
}
END_TEST

START_TEST(takes_what_its_agent_has_room_for)
{
    struct host a, b;
    char long_tag[600], about[1024];
    serf_agents_run(&agents, 0, ", \"tags\": {\"role\": \"the host's own\"}");
    memset(long_tag, 'x', sizeof long_tag);
    long_tag[sizeof long_tag - 1] = '\0';
    snprintf(about, sizeof about, "{\"incarnation\":5,\"groups\":[\"g\"],\"tags\":\"%s\"}",
             long_tag);
    start_host(&a, "a", 0);
    start_host(&b, "b", 0);
    announce(&a, about);
    RUN_UNTIL(contains(b.peers, "+a {\"incarnation\":5,\"groups\":[\"g\"]}\n"), TOLD_MS);
    RUN_UNTIL(contains(a.logs, "the agent's tags have room for 32 of the 641 bytes that this node "
                               "announces -> the end is left out\n"),
              TOLD_MS);
    announce(&a, "{\"incarnation\":5}");
    RUN_UNTIL(contains(b.peers, "+a {\"incarnation\":5}\n"), TOLD_MS);
    ck_assert_int_eq(count_lines(b.peers, "-a "), 0);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// Its tags are gone with it; the others hear of it again when it is back.
START_TEST(announces_again_when_its_agent_is_back)
{
    struct host a, b;
    serf_agents_run(&agents, 0, "");
    serf_agents_run(&agents, 1, "");
    start_host(&a, "a", 0);
    start_host(&b, "b", 1);
    announce(&a, "{}");
    RUN_UNTIL(contains(b.peers, "+a {}\n"), TOLD_MS);
    serf_agents_kill(&agents, 0);
    RUN_UNTIL(contains(b.peers, "-a \n"), GONE_MS);
    serf_agents_run(&agents, 0, "");
    RUN_UNTIL(count_lines(b.peers, "+a {}\n") == 2, GONE_MS);
    host_stop(&a);
    RUN_UNTIL(count_lines(b.peers, "-a \n") == 2, TOLD_MS);
    ck_assert_str_eq(b.logs, "");
    host_stop(&b);
}
END_TEST

// --- An agent that lists what a test says ------------------------------------------------------

static struct fake_agent fake;

// A host that is yet to be opened, and its agent on the same loop.
static void prepare_fake(struct host *host)
{
    prepare_host(host, "a", 0);
    fake_agent_start(&fake, &host->loop);
    host->config.port = fake.port;
}

static void open_fake(struct host *host)
{
    host_open(host);
    RUN_UNTIL(host->is_up, SOON_MS);
}

static void start_fake(struct host *host)
{
    prepare_fake(host);
    open_fake(host);
}

static void await_list(int lists)
{
    RUN_UNTIL(fake.lists >= lists, TOLD_MS);
    hosts_run_for(50);
}

static void list_again(void)
{
    int lists = fake.lists;
    fake_agent_tell(&fake);
    await_list(lists + 1);
}

static void stop_fake(struct host *host)
{
    host_close(host, false);
    RUN_UNTIL(host->closeds == 1, 2000);
    fake_agent_stop(&fake);
    host_stop(host);
}

static void set_tag(int number, const char *agent, const char *key, const char *text)
{
    fake.tags[number] = (struct fake_tag){agent, key, text};
}

START_TEST(removes_its_tag_at_the_end)
{
    struct host a;
    start_fake(&a);
    announce(&a, ABOUT);
    RUN_UNTIL(contains(fake.set, "actor/@/a " ABOUT "\n"), SOON_MS);
    host_close(&a, _i != 0);
    RUN_UNTIL(contains(fake.set, "-actor/@/a\n"), SOON_MS);
    stop_fake(&a);
}
END_TEST

// An agent that does not answer holds nobody up.
START_TEST(ends_though_its_agent_does_not)
{
    struct host a;
    start_fake(&a);
    announce(&a, "{}");
    RUN_UNTIL(fake.set[0] != '\0', SOON_MS);
    fake.ignored = "tags";
    host_close(&a, true);
    RUN_UNTIL(a.closeds == 1, 1000);
    stop_fake(&a);
}
END_TEST

START_TEST(nothing_announced_is_nothing_to_remove)
{
    struct host a;
    start_fake(&a);
    await_list(1);
    host_close(&a, true);
    RUN_UNTIL(a.closeds == 1, 400);
    ck_assert_str_eq(fake.set, "");
    stop_fake(&a);
}
END_TEST

START_TEST(leaves_out_what_stands_last)
{
    struct host a;
    start_fake(&a);
    fake.tag_max = (int)strlen(ABOUT) - 1;
    announce(&a, ABOUT);
    RUN_UNTIL(contains(fake.set, "actor/@/a {\"incarnation\":5,\"groups\":[\"g\"],\"tags\":{\"k\":"
                                 "\"t, {\\\\\\\"\"}}\n"),
              SOON_MS);
    fake.tag_max = 20;
    announce(&a, ABOUT);
    RUN_UNTIL(contains(fake.set, "actor/@/a {\"incarnation\":5}\n"), SOON_MS);
    fake.tag_max = 5;
    announce(&a, ABOUT);
    RUN_UNTIL(contains(a.logs,
                       "the agent refuses the tag that tells others of this node (\"Encoded "
                       "length of tags exceeds limit of 512 bytes\")\n"),
              SOON_MS);
    fake.tag_max = 0;
    announce(&a, "no object");
    RUN_UNTIL(contains(fake.set, "actor/@/a no object\n"), SOON_MS);
    ck_assert_int_eq(a.downs, 0);
    stop_fake(&a);
}
END_TEST

START_TEST(what_is_too_long_is_not_announced)
{
    struct host a;
    char about[ABOUT_MAX + 2];
    start_fake(&a);
    memset(about, 'x', ABOUT_MAX + 1);
    about[ABOUT_MAX + 1] = '\0';
    ck_assert_int_eq(host_announce(&a, about), -EMSGSIZE);
    ck_assert_str_eq(fake.set, "");
    stop_fake(&a);
}
END_TEST

START_TEST(sets_a_tag_again_that_is_missing)
{
    struct host a;
    start_fake(&a);
    announce(&a, "{}");
    RUN_UNTIL(fake.set[0] != '\0', SOON_MS);
    list_again();
    RUN_UNTIL(count_lines(fake.set, "actor/@/a {}\n") == 2, 5000);
    set_tag(0, "agent", "actor/@/a", "of another process of this name");
    list_again();
    hosts_run_for(4500);
    ck_assert_int_eq(count_lines(fake.set, "actor/@/a {}\n"), 2);
    stop_fake(&a);
}
END_TEST

// --- What an agent lists -----------------------------------------------------------------------

START_TEST(tells_each_change_once)
{
    struct host a;
    prepare_fake(&a);
    set_tag(0, "first", "actor/@/b", "{\"n\":1}");
    set_tag(1, "first", "actor/@/c", "{\"n\":2}");
    open_fake(&a);
    await_list(1);
    list_again();
    ck_assert_str_eq(a.peers, "+c {\"n\":2}\n+b {\"n\":1}\n");
    a.peers[0] = '\0';
    fake.tags[0].text = "{\"n\":3}";
    list_again();
    ck_assert_str_eq(a.peers, "+b {\"n\":3}\n");
    a.peers[0] = '\0';
    fake.tags[1].agent = NULL;
    list_again();
    list_again();
    ck_assert_str_eq(a.peers, "-c \n");
    stop_fake(&a);
}
END_TEST

// As when a node was started again elsewhere, and its tag was left behind.
START_TEST(who_has_two_agents_is_gone_with_the_last)
{
    struct host a;
    prepare_fake(&a);
    set_tag(0, "first", "actor/@/b", "{\"n\":1}");
    set_tag(1, "second", "actor/@/b", "{\"n\":2}");
    open_fake(&a);
    await_list(1);
    a.peers[0] = '\0';
    fake.tags[1].agent = NULL;
    list_again();
    ck_assert_str_eq(a.peers, "+b {\"n\":1}\n");
    fake.tags[0].agent = NULL;
    list_again();
    ck_assert_str_eq(a.peers, "+b {\"n\":1}\n-b \n");
    stop_fake(&a);
}
END_TEST

START_TEST(passes_over_tags_that_are_none_of_these)
{
    struct host a;
    static char long_text[ABOUT_MAX + 2], long_key[128] = "actor/@/";
    prepare_fake(&a);
    memset(long_text, 'x', ABOUT_MAX + 1);
    memset(long_key + strlen("actor/@/"), 'n', 65);
    set_tag(0, "agent", "role", "b");
    set_tag(1, "agent", "actor/@/", "{}");
    set_tag(2, "agent", "actor/@", "{}");
    set_tag(3, "agent", "fleet/@/b", "{}");
    set_tag(4, "agent", "actor/@/b", long_text);
    set_tag(5, "agent", long_key, "{}");
    set_tag(6, "agent", "actor/@/a", "{}");
    set_tag(7, "agent", "", "");
    set_tag(8, "agent", "actor/@/c", "");
    open_fake(&a);
    await_list(1);
    ck_assert_str_eq(a.peers, "+c \n");
    stop_fake(&a);
}
END_TEST

static int told; // lines of one host

static void count_told(struct host *host)
{
    host->peers[0] = '\0';
    told++;
}

START_TEST(keeps_so_many_and_no_more)
{
    enum { TAGS = FAKE_TAGS_MAX - 1 };
    static char keys[TAGS][16];
    struct host a;
    prepare_fake(&a);
    for (int i = 0; i < TAGS; i++) {
        snprintf(keys[i], sizeof keys[i], "actor/@/n%d", i);
        set_tag(i, "agent", keys[i], "{}");
    }
    a.in_peer = count_told;
    host_open(&a);
    RUN_UNTIL(told == SEEN_MAX, TOLD_MS);
    list_again();
    ck_assert_int_eq(told, SEEN_MAX);
    fake.tags[0].agent = NULL;
    list_again();
    ck_assert_int_eq(told, 2 * SEEN_MAX);
    stop_fake(&a);
}
END_TEST

static void close_it(struct host *host)
{
    host_close(host, true);
}

START_TEST(may_be_closed_while_it_tells)
{
    struct host a;
    prepare_fake(&a);
    set_tag(0, "agent", "actor/@/b", "{}");
    set_tag(1, "agent", "actor/@/c", "{}");
    a.in_peer = close_it;
    host_open(&a);
    announce(&a, "{}");
    RUN_UNTIL(a.closeds == 1, SOON_MS);
    ck_assert_str_eq(a.peers, "+c {}\n");
    stop_fake(&a);
}
END_TEST

// --- Agents that are of no use for this --------------------------------------------------------

static void expect_loss(struct host *host, const char *reason)
{
    char line[256];
    snprintf(line, sizeof line, "who is there is not known, and nobody told of this node: %s\n",
             reason);
    RUN_UNTIL(contains(host->logs, line), 12000);
    ck_assert_int_eq(host->downs, 0);
}

// Beacons go on, and it tries again.
START_TEST(goes_on_without_a_list)
{
    struct host a;
    static const char reason[] = "the agent refuses what Serf agents do (\"Unsupported command\")";
    prepare_fake(&a);
    fake.refused = "members-filtered";
    fake.words = "Unsupported command";
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.is_up, SOON_MS);
    expect_loss(&a, reason);
    fake_agent_send_event(&fake, "actor.g", 1, "a beacon");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    set_tag(0, "agent", "actor/@/b", "{}");
    fake.refused = NULL;
    RUN_UNTIL(contains(a.peers, "+b {}\n"), 12000);
    ck_assert_int_eq(count_lines(a.logs, reason), 1);
    stop_fake(&a);
}
END_TEST

START_TEST(goes_on_without_a_tag)
{
    struct host a;
    prepare_fake(&a);
    fake.refused = "tags";
    fake.words = "the file is read-only";
    host_open(&a);
    announce(&a, ABOUT);
    RUN_UNTIL(contains(a.logs,
                       "the agent refuses the tag that tells others of this node (\"the file "
                       "is read-only\")\n"),
              SOON_MS);
    list_again();
    hosts_run_for(4500);
    ck_assert_int_eq(count_lines(a.logs, "read-only"), 1);
    ck_assert_int_eq(a.downs, 0);
    fake.refused = NULL;
    list_again();
    RUN_UNTIL(contains(fake.set, ABOUT), 5000);
    stop_fake(&a);
}
END_TEST

static const struct nonsense {
    const char *bytes;
    size_t len;
    const char *reason;
} nonsense[] = {
    {"\xc1", 1, "the agent sends what is no answer"},
    {"\xdd\xff\xff\xff\xff", 5, "the agent sends a message of over 512 KiB"},
    {"\x82\xa5"
     "Error\xa0\xa3"
     "Seq\x08",
     13, "the agent answers what was not asked"},
};

START_TEST(leaves_an_agent_that_talks_nonsense)
{
    struct host a;
    start_fake(&a);
    await_list(1);
    fake_agent_send_presence(&fake, nonsense[_i].bytes, nonsense[_i].len);
    expect_loss(&a, nonsense[_i].reason);
    await_list(2);
    stop_fake(&a);
}
END_TEST

static const struct nonsense no_lists[] = {
    {"\x80", 1, ""},
    {"\x81\xa7"
     "Members\x80",
     10, ""},
    {"\x81\xa7"
     "Members\x91\x80",
     11, ""},
    {"\x81\xa7"
     "Members\x91\xc0",
     11, ""},
};

START_TEST(leaves_an_agent_that_lists_nonsense)
{
    struct host a;
    start_fake(&a);
    await_list(1);
    fake.ignored = "members-filtered";
    list_again();
    fake_agent_answer(&fake, no_lists[_i].bytes, no_lists[_i].len);
    fake.ignored = NULL;
    expect_loss(&a, "the agent sends what is no list of members");
    stop_fake(&a);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("serf presence");
    TCase *tests = add_case(suite, "real agents");
    tcase_add_checked_fixture(tests, make_agents, remove_agents);
    tcase_add_test(tests, many_share_an_agent);
    tcase_add_test(tests, takes_what_its_agent_has_room_for);
    tcase_add_test(tests, announces_again_when_its_agent_is_back);
    tests = add_case(suite, "its own tag");
    tcase_add_loop_test(tests, removes_its_tag_at_the_end, 0, 2);
    tcase_add_test(tests, ends_though_its_agent_does_not);
    tcase_add_test(tests, nothing_announced_is_nothing_to_remove);
    tcase_add_test(tests, leaves_out_what_stands_last);
    tcase_add_test(tests, what_is_too_long_is_not_announced);
    tcase_add_test(tests, sets_a_tag_again_that_is_missing);
    tests = add_case(suite, "the list");
    tcase_add_test(tests, tells_each_change_once);
    tcase_add_test(tests, who_has_two_agents_is_gone_with_the_last);
    tcase_add_test(tests, passes_over_tags_that_are_none_of_these);
    tcase_add_test(tests, keeps_so_many_and_no_more);
    tcase_add_test(tests, may_be_closed_while_it_tells);
    tests = add_case(suite, "of no use");
    tcase_add_test(tests, goes_on_without_a_list);
    tcase_add_test(tests, goes_on_without_a_tag);
    tcase_add_loop_test(tests, leaves_an_agent_that_talks_nonsense, 0,
                        sizeof nonsense / sizeof *nonsense);
    tcase_add_loop_test(tests, leaves_an_agent_that_lists_nonsense, 0,
                        sizeof no_lists / sizeof *no_lists);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
