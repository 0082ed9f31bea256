// SPDX-License-Identifier: MIT
// Who is there, as the MQTT transport tells it (PROTOCOL.md H1), with real mosquitto processes:
// what others announce, what the broker keeps of it, and what becomes of that when they go.
#include "fake_broker.h"
#include "host.h"
#include "mosquitto.h"
#include "transports/transports.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ABOUT_MAX = 4096, NAME_MAX_BYTES = 64, FORGOTTEN_MS = 12000 };

static struct mosquitto broker;

static void setup(void)
{
    mosquitto_init(&broker);
}

static void teardown(void)
{
    mosquitto_remove(&broker);
}

// --- Hosts -------------------------------------------------------------------------------------

static void start_host(struct host *host, const char *name)
{
    host_prepare(host, &transport_mqtt, name);
    host->config.address = "127.0.0.1";
    host->config.port = broker.port;
    host_open(host);
    RUN_UNTIL(host->is_up, SOON_MS);
}

static void announce(struct host *host, const char *about)
{
    ck_assert_int_eq(host_announce(host, about), 0);
    hosts_turn(0);
}

// Waits until the broker has confirmed what this host asked so far, and so has told what it knew.
static void settle(struct host *host)
{
    int64_t asked_ns = now_ns();
    host_prove(host);
    RUN_UNTIL(host->proved_ns >= asked_ns, SOON_MS);
}

static void publish(struct host *host, const char *topic, const char *text, bool retain)
{
    ck_assert_int_eq(host_publish(host, topic, text, retain), 0);
    settle(host);
}

static int count_lines(const struct host *host, const char *line)
{
    int count = 0;
    size_t len = strlen(line);
    for (const char *at = host->peers; (at = strstr(at, line)) != NULL; at += len) {
        count++;
    }
    return count;
}

// What a newcomer is told at once.
static const char *kept(void)
{
    static struct host host;
    start_host(&host, "newcomer");
    settle(&host); // the broker knows what it has asked for,
    settle(&host); // and has sent that
    host_stop(&host);
    return host.peers;
}

// Another process, which announces itself as `name` until it is killed.
static pid_t fork_host(const char *name)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct host host;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        start_host(&host, name);
        announce(&host, "{\"of\":\"another process\"}");
        for (;;) {
            hosts_turn(1000);
        }
    }
    return pid;
}

static void end_forked(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    waitpid(pid, NULL, 0);
}

// --- Coming --------------------------------------------------------------------------------------

START_TEST(tells_of_others_and_not_of_itself)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    announce(&a, "{\"n\":1}");
    settle(&a);
    start_host(&b, "b");
    RUN_UNTIL(contains(b.peers, "+a {\"n\":1}\n"), SOON_MS);
    announce(&b, "{\"n\":2}");
    RUN_UNTIL(contains(a.peers, "+b {\"n\":2}\n"), SOON_MS);
    announce(&a, "{\"n\":3}");
    RUN_UNTIL(contains(b.peers, "+a {\"n\":3}\n"), SOON_MS);
    settle(&a);
    settle(&b);
    ck_assert_str_eq(a.peers, "+b {\"n\":2}\n");
    ck_assert_str_eq(b.peers, "+a {\"n\":1}\n+a {\"n\":3}\n");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

START_TEST(what_is_announced_before_up_is_told_then)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    host_prepare(&a, &transport_mqtt, "a");
    a.config.address = "127.0.0.1";
    a.config.port = broker.port;
    host_open(&a);
    ck_assert_int_eq(host_announce(&a, "{\"n\":1}"), 0);
    RUN_UNTIL(a.is_up, SOON_MS);
    settle(&a);
    ck_assert_str_eq(kept(), "+a {\"n\":1}\n");
    host_stop(&a);
}
END_TEST

START_TEST(announces_again_when_the_broker_is_back)
{
    struct host a;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    announce(&a, "{\"n\":1}");
    settle(&a);
    mosquitto_kill(&broker);
    RUN_UNTIL(!a.is_up, SOON_MS);
    mosquitto_run(&broker, "allow_anonymous true\n");
    RUN_UNTIL(a.is_up, SOON_MS);
    settle(&a);
    ck_assert_str_eq(kept(), "+a {\"n\":1}\n");
    host_stop(&a);
}
END_TEST

START_TEST(what_is_too_long_is_not_announced)
{
    struct host a;
    char about[ABOUT_MAX + 2] = "";
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    announce(&a, "{}");
    memset(about, 'x', ABOUT_MAX + 1);
    ck_assert_int_eq(host_announce(&a, about), -EMSGSIZE);
    settle(&a);
    ck_assert_str_eq(kept(), "+a {}\n");
    about[ABOUT_MAX] = '\0';
    announce(&a, about);
    settle(&a);
    ck_assert_str_ne(kept(), "+a {}\n");
    host_stop(&a);
}
END_TEST

// --- Going ---------------------------------------------------------------------------------------

START_TEST(a_close_takes_back_what_was_announced)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&b, "b");
    for (int orderly = 0; orderly < 2; orderly++) {
        start_host(&a, "a");
        announce(&a, "{}");
        RUN_UNTIL(count_lines(&b, "+a {}\n") == orderly + 1, SOON_MS);
        host_close(&a, orderly);
        RUN_UNTIL(count_lines(&b, "-a \n") == orderly + 1, 1000);
        host_stop(&a);
        ck_assert_str_eq(kept(), "");
    }
    host_stop(&b);
}
END_TEST

START_TEST(the_will_of_a_killed_process_takes_it_back)
{
    struct host b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    pid_t pid = fork_host("a");
    start_host(&b, "b");
    RUN_UNTIL(contains(b.peers, "+a {\"of\":\"another process\"}\n"), SOON_MS);
    end_forked(pid);
    RUN_UNTIL(contains(b.peers, "-a \n"), 1000);
    ck_assert_str_eq(kept(), "");
    host_stop(&b);
}
END_TEST

// A process that is restarted may be up before its predecessor's connection is found dead.
START_TEST(the_will_of_another_of_its_name_is_contradicted)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    pid_t pid = fork_host("a");
    start_host(&b, "b");
    RUN_UNTIL(contains(b.peers, "+a {\"of\":\"another process\"}\n"), SOON_MS);
    start_host(&a, "a");
    announce(&a, "{\"n\":1}");
    RUN_UNTIL(contains(b.peers, "+a {\"n\":1}\n"), SOON_MS);
    end_forked(pid);
    RUN_UNTIL(contains(b.peers, "-a \n"), 1000);
    RUN_UNTIL(count_lines(&b, "+a {\"n\":1}\n") == 2, 1000);
    ck_assert_str_eq(kept(), "+a {\"n\":1}\n");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// --- What the broker kept of others --------------------------------------------------------------

START_TEST(whoever_is_asked_announces_itself_again)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    start_host(&b, "b");
    announce(&a, "{}");
    RUN_UNTIL(contains(b.peers, "+a {}\n"), SOON_MS);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(host_publish(&b, "actor/@/", "?", false), 0);
    }
    RUN_UNTIL(count_lines(&b, "+a {}\n") == 2, 1000);
    hosts_run_for(600);
    ck_assert_int_le(count_lines(&b, "+a {}\n"), 4); // not for each of them
    host_stop(&a);
    host_stop(&b);
}
END_TEST

START_TEST(whoever_leaves_is_not_announced_again)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    start_host(&b, "b");
    announce(&a, "{}");
    settle(&a);
    publish(&b, "actor/@/", "?", false);
    settle(&a); // it has heard that, and is about to answer
    mosquitto_signal(&broker, SIGSTOP);
    host_close(&a, true);
    hosts_run_for(600);
    mosquitto_signal(&broker, SIGCONT);
    RUN_UNTIL(a.closeds == 1, 2000);
    ck_assert_str_eq(kept(), "");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// A broker that was restored from its disk has no wills of those that died meanwhile.
START_TEST(who_does_not_answer_is_given_up)
{
    struct host a, b;
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    announce(&a, "{}");
    publish(&a, "actor/@/ghost", "{}", true);
    start_host(&b, "b");
    RUN_UNTIL(contains(b.peers, "+a {}\n") && contains(b.peers, "+ghost {}\n"), SOON_MS);
    RUN_UNTIL(contains(b.peers, "-ghost \n"), FORGOTTEN_MS);
    ck_assert_str_eq(b.logs, "the broker kept a presence of ghost, which is gone\n");
    ck_assert(!contains(b.peers, "-a "));
    ck_assert_str_eq(kept(), "+a {}\n");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// --- What is not as it should be -----------------------------------------------------------------

START_TEST(what_others_say_there_does_no_harm)
{
    struct host a, b;
    char about[ABOUT_MAX + 2] = "", topic[128];
    mosquitto_run(&broker, "allow_anonymous true\n");
    start_host(&a, "a");
    start_host(&b, "b");
    announce(&a, "{}");
    memset(about, 'x', ABOUT_MAX + 1);
    publish(&b, "actor/@/long", about, true);
    publish(&b, "actor/@/deep/er", "{}", true);
    memset(about, 'x', NAME_MAX_BYTES + 1);
    snprintf(topic, sizeof topic, "actor/@/%.*s", NAME_MAX_BYTES + 1, about);
    publish(&b, topic, "{}", true);
    publish(&b, "actor/@", "?", false);
    publish(&b, "actor/@/nobody", "", true);
    publish(&b, "actor/@/a", "{\"a\":\"lie\"}", true); // of its own name
    RUN_UNTIL(strcmp(a.peers, "-nobody \n") == 0, SOON_MS);
    settle(&a);
    ck_assert_str_eq(a.peers, "-nobody \n");
    ck_assert(a.is_up && a.downs == 0);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

static void send_kept(struct fake_broker *fake, const char *name)
{
    unsigned char bytes[64] = {0x31};
    size_t len = (size_t)snprintf((char *)bytes + 4, sizeof bytes - 4, "actor/@/%s", name);
    bytes[1] = (unsigned char)(2 + len + 1 + 2);
    bytes[3] = (unsigned char)len;
    bytes[4 + len + 1] = '{'; // behind no properties
    bytes[4 + len + 2] = '}';
    fake_broker_send(fake, bytes, 4 + len + 3);
}

// Not every broker refuses them.
START_TEST(a_name_with_control_characters_is_nobody)
{
    struct host a;
    struct fake_broker fake;
    host_prepare(&a, &transport_mqtt, "a");
    fake_broker_start(&fake, &a.loop);
    a.config.address = "127.0.0.1";
    a.config.port = fake.port;
    host_open(&a);
    RUN_UNTIL(a.is_up, SOON_MS);
    send_kept(&fake, "x\ny");
    send_kept(&fake, "\177");
    send_kept(&fake, "z");
    RUN_UNTIL(a.peers[0] != '\0', SOON_MS);
    ck_assert_str_eq(a.peers, "+z {}\n");
    ck_assert(a.is_up);
    fake_broker_stop(&fake);
    host_stop(&a);
}
END_TEST

START_TEST(a_broker_may_refuse_all_this)
{
    struct host a, b;
    char lines[256];
    const char *path =
        mosquitto_file(&broker, "acl", "topic readwrite actor/#\ntopic deny actor/@/#\n");
    snprintf(lines, sizeof lines, "allow_anonymous true\nacl_file %s\n", path);
    mosquitto_run(&broker, lines);
    start_host(&a, "a");
    start_host(&b, "b");
    host_join(&a, "g");
    host_join(&b, "g");
    announce(&a, "{}");
    RUN_UNTIL(contains(a.logs, "does not allow publishing to actor/@/a (Not authorized)"), SOON_MS);
    settle(&b);
    host_say(&a, "g", "heard");
    RUN_UNTIL(strcmp(b.last, "heard") == 0, SOON_MS);
    ck_assert_str_eq(b.peers, "");
    ck_assert_int_eq(a.downs + b.downs, 0);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// Each is a case of its own: CK_RUN_CASE=whoever_leaves_is_not_announced_again runs that one.
static void add(Suite *suite, const TTest *test)
{
    TCase *tests = tcase_create(test->name);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("presence");
    add(suite, tells_of_others_and_not_of_itself);
    add(suite, what_is_announced_before_up_is_told_then);
    add(suite, announces_again_when_the_broker_is_back);
    add(suite, what_is_too_long_is_not_announced);
    add(suite, a_close_takes_back_what_was_announced);
    add(suite, the_will_of_a_killed_process_takes_it_back);
    add(suite, the_will_of_another_of_its_name_is_contradicted);
    add(suite, whoever_is_asked_announces_itself_again);
    add(suite, whoever_leaves_is_not_announced_again);
    add(suite, who_does_not_answer_is_given_up);
    add(suite, what_others_say_there_does_no_harm);
    add(suite, a_name_with_control_characters_is_nobody);
    add(suite, a_broker_may_refuse_all_this);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
