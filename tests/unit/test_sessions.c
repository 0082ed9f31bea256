// SPDX-License-Identifier: MIT
// Sessions and their places: actords and clients in virtual time, with messages that are late or
// lost. What must never be: two clients that believe in one place.
#include "daemon/session_wire.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)
#define S (1000 * MS)

// --- A world of actords and clients --------------------------------------------------------------

enum { NODES_MAX = 4, CLIENTS_MAX = 210, PACKETS_MAX = 4000, PACKET_MAX = 4096 };

#define TIMEOUT (2 * S)
#define SETTLE (INT64_C(3500) * MS)
#define GAP (150 * MS)
#define STEP (5 * MS)

struct packet {
    int64_t at_ns;
    int from, to;
    size_t len;
    uint8_t *bytes;
};

struct client {
    char id[16];
    bool asks;
    int64_t interval_ns, ask_ns;
    uint32_t index, total; // what it believes; 0: nothing
};

static int64_t now_ns;
static struct sessions *nodes[NODES_MAX];
static int64_t cut_until_ns[NODES_MAX];                      // nothing reaches it or leaves it
static int64_t settling_ns[NODES_MAX], placed_ns[NODES_MAX]; // when the roster says so; 0: not
static char names[NODES_MAX][2] = {"a", "b", "c", "d"};
static int order[NODES_MAX], node_count; // the roster's
static int64_t view;
static struct client clients[CLIENTS_MAX];
static int client_count, turn;
static struct packet packets[PACKETS_MAX];
static int packet_count;
static size_t room;
static unsigned loss_percent;
static int64_t latency_max_ns;
static uint64_t random_state;
static int told_count;

static unsigned below(unsigned limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((random_state >> 33) % limit);
}

static int64_t any_time(int64_t limit_ns)
{
    return limit_ns > 0 ? (int64_t)below((unsigned)(limit_ns / 1000)) * 1000 : 0;
}

static void on_tell(void *context, const uint8_t *bytes, size_t len)
{
    int from = *(int *)context;
    ck_assert_uint_le(len, room);
    told_count++;
    for (int to = 0; to < NODES_MAX; to++) {
        bool is_cut = now_ns < cut_until_ns[from] || now_ns < cut_until_ns[to];
        if (to == from || nodes[to] == NULL || is_cut || below(100) < loss_percent) {
            continue;
        }
        ck_assert_int_lt(packet_count, PACKETS_MAX);
        struct packet *packet = &packets[packet_count++];
        *packet = (struct packet){now_ns + any_time(latency_max_ns), from, to, len, malloc(len)};
        memcpy(packet->bytes, bytes, len);
    }
}

static void deliver_all(void)
{
    for (int i = 0; i < packet_count; i++) {
        struct packet packet = packets[i];
        if (packet.at_ns > now_ns) {
            continue;
        }
        packets[i--] = packets[--packet_count];
        if (nodes[packet.to] != NULL) {
            ck_assert(sessions_heard(nodes[packet.to], now_ns, names[packet.from], packet.bytes,
                                     packet.len));
        }
        free(packet.bytes);
    }
}

static void step_node(int node)
{
    sessions_step(nodes[node], now_ns, room, on_tell, &node);
}

static void tell_roster(int node)
{
    const char *roster[NODES_MAX];
    uint32_t index = 0;
    if (settling_ns[node] != 0 && now_ns >= settling_ns[node]) {
        settling_ns[node] = 0;
        sessions_settling(nodes[node], now_ns);
    }
    if (placed_ns[node] == 0 || now_ns < placed_ns[node]) {
        return;
    }
    placed_ns[node] = 0;
    for (int i = 0; i < node_count; i++) {
        roster[i] = names[order[i]];
        index = order[i] == node ? (uint32_t)i + 1 : index;
    }
    sessions_placed(nodes[node], now_ns,
                    &(struct sessions_roster){view, index, (size_t)node_count, roster});
    step_node(node);
}

// Somebody has come or gone: nobody has a place before all have given up theirs.
static void change_roster(void)
{
    view++;
    for (int i = 0; i < node_count; i++) {
        settling_ns[order[i]] = now_ns + any_time(100 * MS);
        placed_ns[order[i]] = now_ns + 1700 * MS + any_time(GAP);
    }
}

static void start_node(int node)
{
    nodes[node] = sessions_new(TIMEOUT, SETTLE);
    sessions_set_gap(nodes[node], GAP);
    order[node_count++] = node;
    change_roster();
}

static void kill_node(int node)
{
    int kept = 0;
    for (int i = 0; i < node_count; i++) {
        if (order[i] != node) {
            order[kept++] = order[i];
        }
    }
    node_count = kept;
    sessions_free(nodes[node]);
    nodes[node] = NULL;
    settling_ns[node] = placed_ns[node] = 0;
    change_roster();
}

static void check_exclusive(const struct client *client)
{
    for (int i = 0; i < client_count; i++) {
        const struct client *other = &clients[i];
        ck_assert_msg(other == client || other->index == 0 || other->index != client->index,
                      "at %.3f s %s and %s have place %u", (double)now_ns / 1e9, client->id,
                      other->id, client->index);
    }
}

static void ask(struct client *client, int node)
{
    struct sessions_answer answer = sessions_ask(nodes[node], now_ns, client->id);
    bool settled = answer.state == SESSIONS_SETTLED;
    client->index = settled ? answer.index : 0;
    client->total = settled ? answer.total : 0;
    if (settled) {
        ck_assert(client->index >= 1 && client->index <= client->total);
        check_exclusive(client);
    }
}

static void ask_all(void)
{
    for (int i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        if (client->asks && now_ns >= client->ask_ns && node_count > 0) {
            ask(client, order[turn++ % node_count]);
            client->ask_ns += client->interval_ns;
        }
    }
}

static void run_for(int64_t ns)
{
    for (int64_t end_ns = now_ns + ns; now_ns < end_ns; now_ns += STEP) {
        deliver_all();
        for (int node = 0; node < NODES_MAX; node++) {
            if (nodes[node] != NULL) {
                tell_roster(node);
            }
            if (nodes[node] != NULL && now_ns >= sessions_due_ns(nodes[node])) {
                step_node(node);
            }
        }
        ask_all();
    }
}

static struct client *start_client(void)
{
    ck_assert_int_lt(client_count, CLIENTS_MAX);
    struct client *client = &clients[client_count];
    *client = (struct client){.asks = true, .interval_ns = 500 * MS, .ask_ns = now_ns};
    snprintf(client->id, sizeof client->id, "client-%d", client_count++);
    return client;
}

static void start_clients(int count)
{
    while (count-- > 0) {
        start_client()->ask_ns += any_time(500 * MS);
    }
}

// A client that is dead believes nothing.
static void end_client(struct client *client)
{
    client->asks = false;
    client->index = client->total = 0;
}

static uint32_t asking(void)
{
    uint32_t count = 0;
    for (int i = 0; i < client_count; i++) {
        count += clients[i].asks;
    }
    return count;
}

// Each has a place, and check_exclusive() says that it is its own.
static bool all_have_places(void)
{
    uint32_t total = asking();
    bool all = true;
    for (int i = 0; i < client_count; i++) {
        all &= !clients[i].asks || (clients[i].index > 0 && clients[i].total == total);
    }
    return all;
}

static void set_up(void)
{
    now_ns = 1000 * S;
    view = node_count = client_count = turn = packet_count = told_count = 0;
    room = 3900;
    loss_percent = 0;
    latency_max_ns = 50 * MS;
    random_state = 1;
    memset(settling_ns, 0, sizeof settling_ns);
    memset(placed_ns, 0, sizeof placed_ns);
    memset(cut_until_ns, 0, sizeof cut_until_ns);
}

static void tear_down(void)
{
    for (int i = 0; i < NODES_MAX; i++) {
        sessions_free(nodes[i]);
        nodes[i] = NULL;
    }
    while (packet_count > 0) {
        free(packets[--packet_count].bytes);
    }
}

static void start_settled(int node_number, int client_number)
{
    for (int i = 0; i < node_number; i++) {
        start_node(i);
    }
    run_for(3 * S);
    start_clients(client_number);
    run_for(6 * S);
    ck_assert(all_have_places());
}

// --- Places --------------------------------------------------------------------------------------

START_TEST(a_place_is_given_when_nothing_has_changed_for_settle)
{
    start_node(0);
    run_for(2 * S);
    struct client *first = start_client();
    run_for(SETTLE - 100 * MS);
    ck_assert_uint_eq(first->index, 0);
    run_for(S);
    ck_assert(first->index == 1 && first->total == 1);
}
END_TEST

START_TEST(a_newcomer_takes_all_places_away_and_then_stands_last)
{
    start_settled(3, 4);
    uint32_t before[4];
    for (int i = 0; i < 4; i++) {
        before[i] = clients[i].index;
    }
    struct client *fifth = start_client();
    run_for(700 * MS);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(clients[i].index, 0);
    }
    run_for(SETTLE + S);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(clients[i].index, before[i]);
    }
    ck_assert(fifth->index == 5 && all_have_places());
}
END_TEST

START_TEST(who_does_not_ask_is_dropped_and_nobody_before)
{
    start_settled(3, 3);
    end_client(&clients[1]);
    run_for(TIMEOUT - 500 * MS);
    ck_assert(clients[0].total == 3 && clients[2].total == 3);
    run_for(S + TIMEOUT / 6 + 2 * GAP + 600 * MS); // and until they ask
    ck_assert(clients[0].index == 0 && clients[2].index == 0);
    run_for(SETTLE + 600 * MS);
    ck_assert(all_have_places());
}
END_TEST

START_TEST(who_leaves_is_gone_at_once)
{
    start_settled(3, 3);
    end_client(&clients[0]);
    sessions_leave(nodes[1], now_ns, clients[0].id);
    run_for(700 * MS);
    ck_assert(clients[1].index == 0 && clients[2].index == 0);
    run_for(SETTLE + 600 * MS);
    ck_assert(all_have_places());
}
END_TEST

START_TEST(an_interval_just_below_the_timeout_will_do)
{
    start_node(0);
    start_node(1);
    start_node(2);
    start_clients(5);
    loss_percent = 3;
    for (int i = 0; i < client_count; i++) {
        clients[i].interval_ns = TIMEOUT - 20 * MS;
    }
    run_for(10 * S);
    for (int i = 0; i < 20; i++) {
        run_for(S);
        ck_assert(all_have_places());
    }
}
END_TEST

START_TEST(there_is_an_end_to_sessions)
{
    char id[16];
    start_node(0);
    for (int i = 0; i < SESSIONS_MAX + 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        struct sessions_answer answer = sessions_ask(nodes[0], now_ns, id);
        ck_assert_int_eq(answer.state, i < SESSIONS_MAX ? SESSIONS_SETTLING : SESSIONS_FULL);
    }
    run_for(3 * TIMEOUT);
    ck_assert_int_eq(sessions_ask(nodes[0], now_ns, "more").state, SESSIONS_SETTLING);
}
END_TEST

// --- Actords come and go -------------------------------------------------------------------------

START_TEST(a_table_outlives_its_leader)
{
    start_settled(3, 4);
    uint32_t before[4];
    for (int i = 0; i < 4; i++) {
        before[i] = clients[i].index;
    }
    kill_node(0);
    run_for(S);
    ck_assert(!all_have_places());
    run_for(2 * S); // the roster's time, and until all are told and ask
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(clients[i].index, before[i]);
    }
}
END_TEST

START_TEST(with_a_change_meanwhile_a_new_leader_waits)
{
    start_settled(3, 4);
    kill_node(0);
    run_for(500 * MS);
    start_clients(1);
    run_for(SETTLE);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(clients[i].index, 0);
    }
    run_for(3 * S);
    ck_assert(all_have_places());
}
END_TEST

START_TEST(an_actord_that_comes_learns_the_table_and_changes_nothing)
{
    start_settled(2, 200);
    uint32_t before = clients[7].index;
    room = 300;
    start_node(2);
    run_for(2 * S + SETTLE - S);
    ck_assert_uint_eq(clients[7].index, 0); // it might come from an island with another table
    run_for(2 * S);
    ck_assert(all_have_places());
    ck_assert_uint_eq(clients[7].index, before);
}
END_TEST

START_TEST(what_has_changed_meanwhile_and_back_is_a_change)
{
    start_settled(1, 2);
    sessions_settling(nodes[0], now_ns);
    sessions_leave(nodes[0], now_ns, clients[0].id);
    sessions_ask(nodes[0], now_ns, clients[0].id);
    placed_ns[0] = now_ns + S;
    run_for(SETTLE);
    ck_assert(clients[0].index == 0 && clients[1].index == 0);
    run_for(2 * S);
    ck_assert(all_have_places());
}
END_TEST

START_TEST(one_that_is_cut_off_stops_in_time)
{
    start_settled(2, 1);
    cut_until_ns[1] = now_ns + 60 * S;
    run_for(600 * MS);
    ck_assert_int_eq(sessions_ask(nodes[1], now_ns, clients[0].id).state, SESSIONS_SETTLED);
    run_for(600 * MS); // settle - timeout - gap - 0.25 s after the last telling
    ck_assert_int_eq(sessions_ask(nodes[1], now_ns, clients[0].id).state, SESSIONS_SETTLING);
}
END_TEST

START_TEST(who_knows_of_one_more_gives_no_places)
{
    start_settled(2, 2);
    ck_assert_int_eq(sessions_ask(nodes[1], now_ns, clients[0].id).state, SESSIONS_SETTLED);
    sessions_ask(nodes[1], now_ns, "more");
    ck_assert_int_eq(sessions_ask(nodes[1], now_ns, clients[0].id).state, SESSIONS_SETTLING);
}
END_TEST

START_TEST(a_table_of_another_leader_counts_as_a_change)
{
    start_settled(2, 2);
    struct wire wire = {.kind = WIRE_TABLE, .settled = true};
    uint8_t bytes[WIRE_BYTES_MAX];
    size_t len = wire_write(&wire, bytes);
    sessions_heard(nodes[0], now_ns, "x", bytes, len);
    run_for(SETTLE - 500 * MS);
    ck_assert(clients[0].index == 0 && clients[1].index == 0);
    run_for(2 * S);
    ck_assert(all_have_places());
}
END_TEST

START_TEST(what_was_told_before_a_sleep_is_not_believed_after_it)
{
    start_settled(2, 2);
    int64_t asleep_ns = now_ns;
    struct sessions *sleeper = nodes[1];
    nodes[1] = NULL;
    node_count = 1; // the clients' balancer does not go there
    run_for(30 * S);
    ck_assert_int_gt(now_ns, asleep_ns);
    nodes[1] = sleeper;
    ck_assert_int_eq(sessions_ask(sleeper, now_ns, clients[0].id).state, SESSIONS_SETTLING);
    run_for(GAP / 2);
    ck_assert_int_eq(sessions_ask(sleeper, now_ns, clients[0].id).state, SESSIONS_SETTLING);
}
END_TEST

START_TEST(a_leader_that_sleeps_does_not_wake_as_one)
{
    start_settled(1, 1);
    now_ns += 30 * S; // before anything else is told
    ck_assert_int_eq(sessions_ask(nodes[0], now_ns, clients[0].id).state, SESSIONS_SETTLING);
    step_node(0);
    ck_assert_int_eq(sessions_ask(nodes[0], now_ns, clients[0].id).state, SESSIONS_SETTLING);
}
END_TEST

START_TEST(a_leader_that_has_other_times_is_not_followed)
{
    start_settled(2, 1);
    sessions_free(nodes[0]);
    nodes[0] = sessions_new(TIMEOUT, SETTLE + S);
    sessions_set_gap(nodes[0], GAP);
    struct wire wire = {.kind = WIRE_TABLE, .view = view, .timeout_ms = 2000, .settle_ms = 4500};
    uint8_t bytes[WIRE_BYTES_MAX];
    size_t len = wire_write(&wire, bytes);
    ck_assert(!sessions_heard(nodes[1], now_ns, "a", bytes, len));
    ck_assert_int_eq(sessions_ask(nodes[1], now_ns, clients[0].id).state, SESSIONS_SETTLING);
}
END_TEST

START_TEST(a_leader_without_sessions_is_found)
{
    start_settled(2, 1);
    ck_assert_ptr_null(sessions_silent_leader(nodes[1], now_ns));
    ck_assert_ptr_null(sessions_silent_leader(nodes[0], now_ns + 2 * SETTLE));
    ck_assert_str_eq(sessions_silent_leader(nodes[1], now_ns + 2 * SETTLE), "a");
}
END_TEST

START_TEST(a_leader_need_not_tell_of_no_sessions)
{
    start_node(0);
    start_node(1);
    run_for(10 * SETTLE);
    sessions_ask(nodes[1], now_ns, "first");
    step_node(1);
    ck_assert_ptr_null(sessions_silent_leader(nodes[1], now_ns));
    run_for(SETTLE / 2);
    ck_assert_ptr_null(sessions_silent_leader(nodes[1], now_ns));
}
END_TEST

START_TEST(nobody_needs_many_packets)
{
    start_settled(3, 200);
    told_count = 0;
    run_for(10 * S);
    // The table's three a second, and two batches of two tellings a second from each.
    ck_assert_int_lt(told_count, 10 * (14 + 3 * 8));
    ck_assert(all_have_places());
}
END_TEST

START_TEST(a_gap_that_is_too_long_for_settle_gives_no_places_and_no_more_packets)
{
    start_settled(3, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(sessions_set_gap(nodes[i], GAP));
        ck_assert(!sessions_set_gap(nodes[i], SETTLE / 2));
    }
    told_count = 0;
    run_for(10 * S);
    ck_assert_int_lt(told_count, 10 * (14 + 3 * 8));
    ck_assert(clients[0].index + clients[1].index + clients[2].index == 0);
    for (int i = 0; i < 3; i++) {
        ck_assert(sessions_set_gap(nodes[i], GAP));
    }
    run_for(6 * S);
    ck_assert(all_have_places());
}
END_TEST

// --- Whatever happens ----------------------------------------------------------------------------

static void change_something(void)
{
    int node = (int)below(NODES_MAX);
    struct client *client = &clients[below((unsigned)client_count)];
    switch (below(8)) {
    case 0:
        if (nodes[node] == NULL) {
            start_node(node);
        } else if (node_count > 1) {
            kill_node(node);
        }
        break;
    case 1:
        if (client_count < 40) {
            start_client();
        }
        break;
    case 2:
        if (asking() > 1) {
            end_client(client);
        }
        break;
    case 3:
        if (client->asks) {
            sessions_leave(nodes[order[0]], now_ns, client->id); // and asks again
        }
        break;
    case 4:
        change_roster();
        break;
    case 5:
        client->asks = true;
        client->ask_ns = now_ns;
        break;
    default:
        cut_until_ns[node] = now_ns + any_time(2 * SETTLE);
        break;
    }
}

START_TEST(never_do_two_believe_in_one_place)
{
    random_state = (uint64_t)_i * 7919 + 1;
    loss_percent = below(30);
    latency_max_ns = any_time(GAP - 20 * MS) + MS;
    room = below(2) == 0 ? 80 : 3900;
    start_node(0);
    start_node(1);
    start_node(2);
    start_clients(5);
    for (int i = 0; i < 30; i++) {
        run_for(any_time(below(3) == 0 ? 8 * S : S) + STEP);
        change_something();
    }
    loss_percent = 0;
    run_for(20 * S);
    ck_assert_msg(all_have_places(), "world %d ends without places", _i);
}
END_TEST

// --- Packets -------------------------------------------------------------------------------------

static struct wire wires[] = {
    {.kind = WIRE_ASKED, .key_count = 2, .keys = {1, UINT64_MAX}},
    {.kind = WIRE_LEFT, .key_count = 1, .keys = {77}},
    {.kind = WIRE_TABLE,
     .view = INT64_C(1) << 53,
     .timeout_ms = 3600000,
     .settle_ms = 1,
     .settled = true,
     .count = 4096,
     .digest = UINT64_MAX - 1},
    {.kind = WIRE_PIECE, .digest = 5, .count = 9, .first = 6, .key_count = 3, .keys = {4, 5, 6}},
    {.kind = WIRE_WANT, .digest = 5},
};

START_TEST(a_packet_is_read_as_it_was_written_and_no_part_of_it_is)
{
    struct wire again;
    uint8_t bytes[WIRE_BYTES_MAX + 1] = {0};
    size_t len = wire_write(&wires[_i], bytes);
    ck_assert_mem_eq(bytes, "blc1", 4);
    ck_assert(wire_read(&again, bytes, len));
    uint8_t rewritten[WIRE_BYTES_MAX];
    ck_assert_uint_eq(wire_write(&again, rewritten), len);
    ck_assert_mem_eq(bytes, rewritten, len);
    for (size_t part = 0; part < len; part++) {
        uint8_t *exact = malloc(part + 1);
        memcpy(exact, bytes, part);
        bool whole_keys = wires[_i].key_count > 0 && (len - part) % 8 == 0 &&
                          len - part <= 8 * wires[_i].key_count;
        ck_assert(wire_read(&again, exact, part) == whole_keys);
        free(exact);
    }
    ck_assert(!wire_read(&again, bytes, len + 1));
}
END_TEST

START_TEST(what_is_no_packet_is_not_read)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"", 0},
        {"blc1", 4},
        {"blc1x", 5},
        {"blc2a", 5},
        {"blc1a\0\0\0\0\0\0\0\0", 13},
        {"blc1t\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x01\0\0\0\0\0\0\0\0", 32},
    };
    struct wire wire;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert(!wire_read(&wire, bad[i].bytes, bad[i].len));
    }
}
END_TEST

START_TEST(a_table_comes_in_pieces_in_any_order)
{
    static struct session_table table, copy;
    table.count = 5;
    for (uint32_t i = 0; i < 5; i++) {
        table.keys[i] = i + 10;
    }
    session_table_seal(&table);
    session_table_begin(&copy, table.count, table.digest);
    ck_assert(!session_table_take(&copy, 3, &table.keys[3], 2));
    ck_assert(!session_table_take(&copy, 4, &table.keys[3], 2)); // beyond its end
    ck_assert(!session_table_take(&copy, 6, &table.keys[3], 0));
    ck_assert(!session_table_take(&copy, 0, &table.keys[1], 3)); // another's
    ck_assert(!session_table_take(&copy, 0, &table.keys[0], 3));
    ck_assert(session_table_take(&copy, 3, &table.keys[3], 2));
    ck_assert(session_sum_equal(&copy.sum, &table.sum));
    ck_assert_uint_eq(session_table_place(&copy, 12), 3);
    ck_assert_uint_eq(session_table_place(&copy, 15), 0);
}
END_TEST

START_TEST(nonsense_changes_nothing)
{
    start_settled(2, 2);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[64] = {'b', 'l', 'c', '1', (uint8_t) "altpw"[below(5)]};
        size_t len = 5 + below(60);
        for (size_t at = 5; at < sizeof bytes; at++) {
            bytes[at] = (uint8_t)(below(3) == 0 ? below(256) : 0);
        }
        sessions_heard(nodes[below(2)], now_ns, below(2) == 0 ? "a" : "x", bytes, len);
        if (i % 100 == 0) {
            run_for(STEP);
        }
    }
    run_for(6 * TIMEOUT + SETTLE);
    ck_assert(all_have_places());
}
END_TEST

static void add_places(TCase *tests)
{
    tcase_add_test(tests, a_place_is_given_when_nothing_has_changed_for_settle);
    tcase_add_test(tests, a_newcomer_takes_all_places_away_and_then_stands_last);
    tcase_add_test(tests, who_does_not_ask_is_dropped_and_nobody_before);
    tcase_add_test(tests, who_leaves_is_gone_at_once);
    tcase_add_test(tests, an_interval_just_below_the_timeout_will_do);
    tcase_add_test(tests, there_is_an_end_to_sessions);
    tcase_add_test(tests, a_table_outlives_its_leader);
    tcase_add_test(tests, with_a_change_meanwhile_a_new_leader_waits);
    tcase_add_test(tests, an_actord_that_comes_learns_the_table_and_changes_nothing);
    tcase_add_test(tests, what_has_changed_meanwhile_and_back_is_a_change);
    tcase_add_test(tests, one_that_is_cut_off_stops_in_time);
    tcase_add_test(tests, who_knows_of_one_more_gives_no_places);
    tcase_add_test(tests, a_table_of_another_leader_counts_as_a_change);
    tcase_add_test(tests, what_was_told_before_a_sleep_is_not_believed_after_it);
    tcase_add_test(tests, a_leader_that_sleeps_does_not_wake_as_one);
    tcase_add_test(tests, a_leader_that_has_other_times_is_not_followed);
    tcase_add_test(tests, a_leader_without_sessions_is_found);
    tcase_add_test(tests, a_leader_need_not_tell_of_no_sessions);
    tcase_add_test(tests, nobody_needs_many_packets);
    tcase_add_test(tests, a_gap_that_is_too_long_for_settle_gives_no_places_and_no_more_packets);
    tcase_add_loop_test(tests, never_do_two_believe_in_one_place, 0, 100);
}

int main(void)
{
    Suite *suite = suite_create("sessions");
    TCase *tests = tcase_create("sessions");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    add_places(tests);
    tcase_add_loop_test(tests, a_packet_is_read_as_it_was_written_and_no_part_of_it_is, 0,
                        sizeof wires / sizeof *wires);
    tcase_add_test(tests, what_is_no_packet_is_not_read);
    tcase_add_test(tests, a_table_comes_in_pieces_in_any_order);
    tcase_add_test(tests, nonsense_changes_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
