// SPDX-License-Identifier: MIT
// What only the Serf transport has (conform_serf.c has the rest), against real agents, and against
// one of a few bytes where they cannot be made to misbehave.
#include "asyncactor/actor.h"
#include "fake_agent.h"
#include "host.h"
#include "serf_agents.h"
#include "transports/transports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct serf_agents agents;

static void setup(void)
{
    serf_agents_init(&agents, "local");
}

static void teardown(void)
{
    serf_agents_remove(&agents);
}

// --- Hosts -------------------------------------------------------------------------------------

static void prepare_host(struct host *host, const char *name, int port)
{
    host_prepare(host, &transport_serf, name);
    host->config.address = "127.0.0.1";
    host->config.port = port;
    host->config.keepalive_ns = INT64_C(1000000000);
}

// At a real agent, in the group "g", not up yet.
static void open_host(struct host *host, int agent, const char *key)
{
    prepare_host(host, "a", agents.all[agent].rpc_port);
    host->config.password = key;
    host_open(host);
    host_join(host, "g");
}

static void start_host(struct host *host, int agent)
{
    open_host(host, agent, SERF_KEY);
    RUN_UNTIL(host->is_up, SOON_MS);
}

// A host that is yet to be opened, and its agent on the same loop.
static void prepare_fake(struct host *host, struct fake_agent *fake)
{
    prepare_host(host, "a", 0);
    fake_agent_start(fake, &host->loop);
    host->config.port = fake->port;
}

static void start_fake(struct host *host, struct fake_agent *fake)
{
    prepare_fake(host, fake);
    host_open(host);
    host_join(host, "g");
    RUN_UNTIL(host->is_up, SOON_MS);
}

static void stop_fake(struct host *host, struct fake_agent *fake)
{
    host_close(host, false);
    RUN_UNTIL(host->closeds == 1, 2000);
    fake_agent_stop(fake);
    host_stop(host);
}

// Waits until the agent has answered what this host asked so far.
static void settle(struct host *host)
{
    int64_t asked_ns = now_ns();
    host_prove(host);
    RUN_UNTIL(host->proved_ns >= asked_ns, SOON_MS);
}

// --- Name lookups, which a test can hold up ------------------------------------------------------

static pthread_mutex_t lookup_gate = PTHREAD_MUTEX_INITIALIZER;

static struct addrinfo *make_address(const struct sockaddr *address, size_t size)
{
    struct addrinfo *made = calloc(1, sizeof *made + size);
    ck_assert_ptr_nonnull(made);
    made->ai_family = address->sa_family;
    made->ai_addrlen = (socklen_t)size;
    made->ai_addr = (struct sockaddr *)(made + 1);
    memcpy(made->ai_addr, address, size);
    return made;
}

// "localhost" is of IPv6 first, where nobody listens.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    struct sockaddr_in6 first;
    struct sockaddr_in second;
    int port = (int)strtol(service, NULL, 10);
    (void)hints;
    pthread_mutex_lock(&lookup_gate);
    pthread_mutex_unlock(&lookup_gate);
    if (strcmp(host, "localhost") != 0) {
        return strcmp(host, "slow.invalid") == 0 ? EAI_AGAIN : EAI_NONAME;
    }
    uv_ip6_addr("::1", port, &first);
    uv_ip4_addr("127.0.0.1", port, &second);
    *found = make_address((struct sockaddr *)&first, sizeof first);
    (*found)->ai_next = make_address((struct sockaddr *)&second, sizeof second);
    return 0;
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
void freeaddrinfo(struct addrinfo *found)
{
    while (found != NULL) {
        struct addrinfo *next = found->ai_next;
        free(found);
        found = next;
    }
}

// --- Keys ----------------------------------------------------------------------------------------

START_TEST(says_that_a_key_is_wanted)
{
    struct host a;
    serf_agents_run(&agents, 0, "");
    prepare_host(&a, "a", agents.all[0].rpc_port);
    host_open(&a); // also without a group
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, "the agent wants a key: its rpc_auth belongs into the URL, "
                                "serf://:KEY@HOST\n");
    host_stop(&a);
}
END_TEST

START_TEST(says_that_the_key_is_wrong)
{
    struct host a, b;
    serf_agents_run(&agents, 0, "");
    open_host(&a, 0, "wrong");
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, "the agent refuses the key (\"Invalid authentication token\"): it "
                                "must be its rpc_auth, and none where it has none\n");
    start_host(&b, 0);
    ck_assert_int_eq(a.downs, 1);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

START_TEST(needs_no_key_where_there_is_none)
{
    struct host a, b;
    agents.apart = true; // nobody asks whom it knows, with a key
    serf_agents_run(&agents, 0, ", \"rpc_auth\": \"\"");
    open_host(&a, 0, NULL);
    RUN_UNTIL(a.is_up, SOON_MS);
    open_host(&b, 0, SERF_KEY);
    RUN_UNTIL(contains(b.reasons, "and none where it has none\n"), SOON_MS);
    host_stop(&a);
    host_stop(&b);
}
END_TEST

// What comes behind that answer is of no use (the agent reads on in the wrong place), and nothing
// changes until somebody changes a setting.
START_TEST(leaves_at_once_when_a_key_is_wanted)
{
    struct host a;
    struct fake_agent fake;
    prepare_fake(&a, &fake);
    fake.refused = "stop";
    fake.words = "Authentication required";
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.downs == 1, SOON_MS);
    RUN_UNTIL(fake.last == NULL, 1000);
    hosts_run_for(2000);
    ck_assert_int_eq(fake.connections, 1);
    fake.refused = NULL;
    RUN_UNTIL(a.is_up, SOON_MS);
    stop_fake(&a, &fake);
}
END_TEST

// --- Others that are no agent for this -----------------------------------------------------------

static void expect_refusal(const char *refused, const char *words, const char *reason)
{
    struct host a;
    struct fake_agent fake;
    prepare_fake(&a, &fake);
    fake.refused = refused;
    fake.words = words;
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, reason);
    ck_assert_int_eq(a.ups, 0);
    fake.refused = NULL;
    RUN_UNTIL(a.is_up, SOON_MS); // patiently
    stop_fake(&a, &fake);
}

START_TEST(says_that_the_agent_is_too_old)
{
    expect_refusal("handshake", "Unsupported IPC version",
                   "the agent does not speak version 1 of Serf's RPC protocol (\"Unsupported IPC "
                   "version\"): it must be of another version\n");
}
END_TEST

// The agent's words are not trusted.
START_TEST(says_that_a_stream_is_refused)
{
    expect_refusal(
        "stream", "no\nsuch \x1b[31mthing\xff",
        "the agent refuses to stream the user event actor.g (\"no?such ?[31mthing?\")\n");
    expect_refusal("stop", "never heard of it",
                   "the agent refuses what Serf agents do (\"never heard of it\")\n");
}
END_TEST

static void expect_nonsense(const char *nonsense, const char *end_of_reason)
{
    struct host a;
    struct fake_agent fake;
    char reason[128];
    prepare_fake(&a, &fake);
    fake.nonsense = nonsense;
    host_open(&a);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    snprintf(reason, sizeof reason, "127.0.0.1 port %d: %s\n", fake.port, end_of_reason);
    ck_assert_str_eq(a.reasons, reason);
    stop_fake(&a, &fake);
}

START_TEST(says_what_is_no_agent)
{
    static const char no_agent[] = "what answers is no Serf agent";
    expect_nonsense("HTTP/1.1 400 Bad Request\r\n\r\n", no_agent);
    expect_nonsense("\x82\xa5"
                    "Error\xc0\xa3"
                    "Seq\x02",
                    no_agent);
    expect_nonsense("\x81\xa5"
                    "Error\xa0",
                    no_agent);
    expect_nonsense("\x91\x01", no_agent);
    expect_nonsense("\xc1", no_agent);
    expect_nonsense("\xdd\xff\xff\xff\xff", no_agent);
    expect_nonsense("", "the connection was closed before an answer came");
}
END_TEST

START_TEST(says_that_nobody_answers)
{
    struct host a;
    struct fake_agent fake;
    char reason[128];
    prepare_fake(&a, &fake);
    fake.ignored = "handshake";
    host_open(&a);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    snprintf(reason, sizeof reason, "127.0.0.1 port %d: the agent does not answer\n", fake.port);
    ck_assert_str_eq(a.reasons, reason);
    fake.ignored = NULL;
    RUN_UNTIL(a.is_up, SOON_MS);
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(says_that_nobody_listens)
{
    struct host a;
    char reason[128];
    prepare_host(&a, "a", free_port(SOCK_STREAM));
    host_open(&a);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    snprintf(reason, sizeof reason, "127.0.0.1 port %d: connection refused\n", a.config.port);
    ck_assert_str_eq(a.reasons, reason);
    hosts_run_for(1000);
    ck_assert_int_eq(a.downs, 1); // one a reason, not one a try
    host_stop(&a);
}
END_TEST

START_TEST(says_how_the_agent_was_lost)
{
    struct host a;
    serf_agents_run(&agents, 0, "");
    start_host(&a, 0);
    serf_agents_signal(&agents, 0, SIGSTOP);
    RUN_UNTIL(contains(a.reasons, "the agent does not answer\n"), 3000);
    serf_agents_signal(&agents, 0, SIGCONT);
    RUN_UNTIL(a.is_up, SOON_MS);
    serf_agents_kill(&agents, 0);
    RUN_UNTIL(contains(a.reasons, "the connection to the agent is lost\n"), 2000);
    host_stop(&a);
}
END_TEST

// --- What an agent should not send ---------------------------------------------------------------

static void expect_loss(const void *bytes, size_t len, const char *reason)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    fake_agent_send(&fake, bytes, len);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, reason);
    RUN_UNTIL(a.is_up, SOON_MS);
    stop_fake(&a, &fake);
}

START_TEST(leaves_an_agent_that_talks_nonsense)
{
    static const char no_answer[] = "the agent sends what is no answer\n";
    expect_loss("\xc1", 1, no_answer);
    expect_loss("\x05", 1, no_answer);
    expect_loss("\x91\x91\x91\x91\x91\x01", 6, no_answer);
    expect_loss("\x82\xa5"
                "Error\xa0\xa3"
                "Seq\x08",
                13, "the agent answers what was not asked\n");
    expect_loss("\x82\xa5"
                "Error\xa0\xa3"
                "Seq\x03\x81\xa4"
                "Name\xa1g",
                21, "the agent sends what is no user event\n");
}
END_TEST

START_TEST(takes_no_more_than_64_kib_at_once)
{
    static const char reason[] = "the agent sends a message of over 64 KiB\n";
    expect_loss("\xdd\xff\xff\xff\xff", 5, reason);
    expect_loss("\xdf\xff\xff\xff\xff", 5, reason);
    expect_loss("\xc6\x00\x01\x00\x00", 5, reason);
    expect_loss("\x81\x01\xdc\xff\xff", 5, reason);
}
END_TEST

// A stream that was ended may have something left to say.
START_TEST(passes_over_what_comes_late_of_a_group_that_was_left)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    host_leave(&a, "g");
    RUN_UNTIL(fake.stopped == fake.stream, SOON_MS);
    fake_agent_send_event(&fake, "actor.g", 1, "left");
    settle(&a);
    ck_assert_int_eq(a.messages, 0);
    ck_assert_int_eq(a.downs, 0);
    host_join(&a, "g");
    RUN_UNTIL(fake.stream != fake.stopped, SOON_MS);
    settle(&a);
    fake_agent_send_event(&fake, "actor.g", 2, "joined");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    stop_fake(&a, &fake);
}
END_TEST

// --- Names ---------------------------------------------------------------------------------------

// As Python nodes name their events.
START_TEST(has_dots_for_the_slashes_of_a_prefix)
{
    struct host a;
    struct fake_agent fake;
    prepare_fake(&a, &fake);
    a.config.prefix = "fleet/north";
    host_open(&a);
    host_join(&a, "g");
    RUN_UNTIL(a.is_up, SOON_MS);
    ck_assert_str_eq(fake.types, "user:fleet.north.g\n");
    fake_agent_send_event(&fake, "fleet.north.g", 1, "x");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    ck_assert_str_eq(a.group, "g");
    stop_fake(&a, &fake);
}
END_TEST

// An agent would take it for two names; so the stream is of all events.
START_TEST(hears_only_its_own_of_a_name_with_a_comma)
{
    struct host a;
    struct fake_agent fake;
    prepare_fake(&a, &fake);
    host_open(&a);
    host_join(&a, "g,h");
    RUN_UNTIL(a.is_up, SOON_MS);
    ck_assert_str_eq(fake.types, "user\n");
    fake_agent_send_event(&fake, "actor.g", 1, "not mine");
    fake_agent_send_event(&fake, "actor.g,h2", 1, "not mine");
    fake_agent_send_event(&fake, "actor.g,h", 1, "mine");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    ck_assert_str_eq(a.last, "mine");
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(refuses_a_name_that_leaves_no_room)
{
    struct host a;
    struct fake_agent fake;
    char prefix[512];
    memset(prefix, 'p', sizeof prefix);
    prefix[394] = '\0'; // with ".g" 396
    prepare_fake(&a, &fake);
    a.config.prefix = prefix;
    host_open(&a);
    ck_assert_int_eq(host_try_join(&a, "gg"), -ENAMETOOLONG);
    ck_assert(contains(a.logs,
                       "the name of a user event has 397 bytes and may have 396, since name "
                       "and packet share 460 with Serf, and a packet needs 64: ppp"));
    host_join(&a, "g");
    ck_assert_uint_eq(transport_serf.packet_max(a.transport, "g"), 64);
    RUN_UNTIL(a.is_up, SOON_MS);
    stop_fake(&a, &fake);
}
END_TEST

// --- Sending -------------------------------------------------------------------------------------

START_TEST(tells_that_an_event_is_refused)
{
    struct host a;
    char packet[200] = "x";
    serf_agents_run(&agents, 0, ", \"user_event_size_limit\": 100");
    start_host(&a, 0);
    int64_t sent_ns = now_ns();
    ck_assert_int_eq(host_send(&a, "g", packet, sizeof packet), 0);
    RUN_UNTIL(contains(a.logs, "the agent refuses an event (\"user event exceeds configured limit "
                               "of 100 bytes before encoding\") -> lost: 1 so far\n"),
              SOON_MS);
    ck_assert_int_lt(a.proved_ns, sent_ns);
    host_say(&a, "g", "short");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    ck_assert_str_eq(a.last, "short");
    ck_assert_int_eq(a.downs, 0);
    host_stop(&a);
}
END_TEST

// An agent crashes when a stream ends that it is about to tell of an event.
START_TEST(waits_for_its_last_event_before_it_closes)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    host_say(&a, "g", "good");
    host_say(&a, "g", "bye");
    settle(&a);
    host_close(&a, true);
    fake_agent_send_event(&fake, "actor.g", 1, "good");
    hosts_run_for(300);
    ck_assert_int_eq(a.closeds, 0);
    fake_agent_send_event(&fake, "actor.g", 2, "bye");
    RUN_UNTIL(a.closeds == 1, 300);
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(waits_for_its_last_event_before_it_leaves)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    uint64_t first = fake.stream;
    host_say(&a, "g", "bye");
    host_leave(&a, "g");
    settle(&a);
    ck_assert_uint_eq(fake.stopped, 0);
    ck_assert_int_eq(host_send(&a, "g", "x", 1), -EINVAL);
    fake_agent_send_event(&fake, "actor.g", 1, "bye");
    RUN_UNTIL(fake.stopped == first, SOON_MS);
    host_join(&a, "g");
    RUN_UNTIL(fake.stream != first, SOON_MS);
    settle(&a);
    fake_agent_send_event(&fake, "actor.g", 2, "again");
    RUN_UNTIL(a.messages == 1, SOON_MS);
    ck_assert_str_eq(a.last, "again");
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(waits_for_no_event_that_was_refused)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    fake.refused = "event";
    fake.words = "no";
    host_say(&a, "g", "bye");
    host_leave(&a, "g");
    RUN_UNTIL(fake.stopped == fake.stream, SOON_MS);
    fake.refused = NULL;
    stop_fake(&a, &fake);
}
END_TEST

static void send_many(struct host *host, int count)
{
    char text[65];
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%064d", i);
        host_say(host, "g", text);
    }
}

// An agent confirms at once what gossip cannot carry.
START_TEST(leaves_gossip_the_time_that_it_needs)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    int64_t start_ns = now_ns();
    send_many(&a, 150);
    settle(&a);
    ck_assert_int_lt(fake.events, 75);
    RUN_UNTIL(fake.events == 150, SOON_MS);
    ck_assert_int_gt(now_ns() - start_ns, INT64_C(1500000000));
    ck_assert_str_eq(a.logs, "");
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(drops_the_oldest_that_waits_to_be_sent)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    send_many(&a, 10000);
    ck_assert_str_eq(a.logs, "");
    send_many(&a, 10000);
    ck_assert(contains(a.logs, "gossip is too slow -> the oldest of what waits to be sent is "
                               "dropped: 1 so far\n"));
    settle(&a);
    ck_assert_int_eq(a.downs, 0);
    stop_fake(&a, &fake);
}
END_TEST

// --- The link ------------------------------------------------------------------------------------

START_TEST(asks_by_itself_whether_the_agent_is_there)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    int questions = fake.questions;
    RUN_UNTIL(fake.questions >= questions + 3, 2500);
    ck_assert_int_eq(a.downs, 0);
    fake.ignored = "stop";
    RUN_UNTIL(a.downs == 1, 2000);
    ck_assert_str_eq(a.reasons, "the agent does not answer\n");
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(tries_all_addresses_of_a_name)
{
    struct host a;
    struct fake_agent fake;
    prepare_fake(&a, &fake);
    a.config.address = "localhost";
    host_open(&a);
    RUN_UNTIL(a.is_up, SOON_MS);
    ck_assert_int_eq(a.downs, 0);
    stop_fake(&a, &fake);
}
END_TEST

START_TEST(says_that_a_host_is_unknown)
{
    struct host a;
    prepare_host(&a, "a", 7373);
    a.config.address = "nosuchhost.invalid";
    host_open(&a);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert_str_eq(a.reasons, "nosuchhost.invalid port 7373: host not found\n");
    host_stop(&a);
}
END_TEST

START_TEST(runs_on_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 7373);
    a.config.address = "slow.invalid";
    host_open(&a);
    hosts_run_for(500);
    ck_assert_int_lt(a.stall_ns, INT64_C(200000000));
    ck_assert_int_eq(a.downs, 0);
    pthread_mutex_unlock(&lookup_gate);
    RUN_UNTIL(a.downs == 1, SOON_MS);
    ck_assert(contains(a.reasons, "slow.invalid port 7373: the name lookup failed: "));
    host_stop(&a);
}
END_TEST

START_TEST(closes_while_a_lookup_blocks)
{
    struct host a;
    pthread_mutex_lock(&lookup_gate);
    prepare_host(&a, "a", 7373);
    a.config.address = "slow.invalid";
    host_open(&a);
    hosts_run_for(100);
    host_close(&a, true);
    RUN_UNTIL(a.closeds == 1, 1000);
    host_stop(&a);
    pthread_mutex_unlock(&lookup_gate); // its thread ends by itself
}
END_TEST

static void refuse_to_open(struct host *host, const char *expected)
{
    char why[128] = "";
    ck_assert_int_eq(host_try_open(host, why, sizeof why), -EINVAL);
    ck_assert_str_eq(why, expected);
}

START_TEST(refuses_what_can_never_work)
{
    struct host a;
    prepare_host(&a, "a", 70000);
    refuse_to_open(&a, "a port is 1 to 65535");
    a.config.port = 0;
    a.config.address = "";
    refuse_to_open(&a, "a Serf URL needs a host");
    a.config.address = "127.0.0.1";
    a.config.user = "me";
    refuse_to_open(&a, "a Serf agent has a key, and no users: serf://:KEY@HOST");
    host_stop(&a);
}
END_TEST

// --- Late events ---------------------------------------------------------------------------------

START_TEST(drops_what_comes_too_late)
{
    struct host a;
    struct fake_agent fake;
    start_fake(&a, &fake);
    fake_agent_send_event(&fake, "actor.g", 10, "new");
    for (int sent = 0; a.logs[0] == '\0'; sent++) {
        ck_assert_int_lt(sent, 100);
        fake_agent_send_event(&fake, "actor.g", 9, "old");
        hosts_run_for(50);
    }
    ck_assert_str_eq(a.logs, "an event of actor.g came too late -> dropped: 1 so far\n");
    int messages = a.messages;
    ck_assert_int_gt(messages, 5); // those of the first 2 s
    fake_agent_send_event(&fake, "actor.g", 8, "old");
    fake_agent_send_event(&fake, "actor.g", 10, "of one who has missed the first");
    fake_agent_send_event(&fake, "actor.g", 11, "newer");
    RUN_UNTIL(a.messages == messages + 2, SOON_MS);
    ck_assert_str_eq(a.last, "newer");
    stop_fake(&a, &fake);
}
END_TEST

static void say_until(struct host *from, const struct host *to, const char *text)
{
    for (int said = 0; strcmp(to->last, text) != 0; said++) {
        int64_t again_ns = now_ns() + 100000000;
        ck_assert_int_lt(said, 50);
        host_say(from, "g", text);
        RUN_UNTIL(strcmp(to->last, text) == 0 || now_ns() > again_ns, 1000);
    }
}

// Two agents that have never met, each with a past; then one takes the other's over, as after a
// split. What is said from then on comes through.
START_TEST(drops_the_past_of_agents_that_are_met_again)
{
    struct host a, b;
    agents.apart = true;
    serf_agents_run(&agents, 0, "");
    serf_agents_run(&agents, 1, "");
    start_host(&a, 0);
    start_host(&b, 1);
    for (int i = 0; i < 30; i++) {
        host_say(&a, "g", "past of a");
        if (i < 20) {
            host_say(&b, "g", "past of b");
        }
    }
    RUN_UNTIL(a.messages == 30 && b.messages == 20, SOON_MS); // their own
    hosts_run_for(2500);
    serf_agents_join(&agents, 1, 0);
    RUN_UNTIL(contains(a.logs, "came too late"), SOON_MS);
    say_until(&b, &a, "new of b");
    say_until(&a, &b, "new of a");
    ck_assert_str_eq(a.first, "past of a");
    host_stop(&a);
    host_stop(&b);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("serf");
    TCase *tests = add_case(suite, "keys");
    tcase_add_test(tests, says_that_a_key_is_wanted);
    tcase_add_test(tests, says_that_the_key_is_wrong);
    tcase_add_test(tests, needs_no_key_where_there_is_none);
    tcase_add_test(tests, leaves_at_once_when_a_key_is_wanted);
    tests = add_case(suite, "no agents");
    tcase_add_test(tests, says_that_the_agent_is_too_old);
    tcase_add_test(tests, says_that_a_stream_is_refused);
    tcase_add_test(tests, says_what_is_no_agent);
    tcase_add_test(tests, says_that_nobody_answers);
    tcase_add_test(tests, says_that_nobody_listens);
    tcase_add_test(tests, says_how_the_agent_was_lost);
    tests = add_case(suite, "nonsense");
    tcase_add_test(tests, leaves_an_agent_that_talks_nonsense);
    tcase_add_test(tests, takes_no_more_than_64_kib_at_once);
    tcase_add_test(tests, passes_over_what_comes_late_of_a_group_that_was_left);
    tests = add_case(suite, "names");
    tcase_add_test(tests, has_dots_for_the_slashes_of_a_prefix);
    tcase_add_test(tests, hears_only_its_own_of_a_name_with_a_comma);
    tcase_add_test(tests, refuses_a_name_that_leaves_no_room);
    tests = add_case(suite, "sending");
    tcase_add_test(tests, tells_that_an_event_is_refused);
    tcase_add_test(tests, waits_for_its_last_event_before_it_closes);
    tcase_add_test(tests, waits_for_its_last_event_before_it_leaves);
    tcase_add_test(tests, waits_for_no_event_that_was_refused);
    tcase_add_test(tests, leaves_gossip_the_time_that_it_needs);
    tcase_add_test(tests, drops_the_oldest_that_waits_to_be_sent);
    tests = add_case(suite, "link");
    tcase_add_test(tests, asks_by_itself_whether_the_agent_is_there);
    tcase_add_test(tests, tries_all_addresses_of_a_name);
    tcase_add_test(tests, says_that_a_host_is_unknown);
    tcase_add_test(tests, runs_on_while_a_lookup_blocks);
    tcase_add_test(tests, closes_while_a_lookup_blocks);
    tcase_add_test(tests, refuses_what_can_never_work);
    tests = add_case(suite, "late events");
    tcase_add_test(tests, drops_what_comes_too_late);
    tcase_add_test(tests, drops_the_past_of_agents_that_are_met_again);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
