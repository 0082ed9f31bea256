// SPDX-License-Identifier: MIT
// The suite: what is sent reaches whom it is for, and only them.
#include "ends.h"

#include <errno.h>
#include <string.h>

enum { EXCHANGED = 200 };

static size_t packet_max(int end, const char *group)
{
    const struct actor_transport_ops *ops = fixture->ops;
    return ops->packet_max != NULL ? ops->packet_max(ends[end].transport, group) : 4096;
}

// The last of those that may be said must come.
static void say_to_all(int from)
{
    for (int misses = fixture->misses; misses > 0; misses--) {
        int number = say(from, "g");
        int64_t end_ns = now_ns() + patience_ns(fixture->delivery_ms);
        RUN_UNTIL(all_heard(from, number) || now_ns() > end_ns, fixture->delivery_ms + SOON_MS);
        if (all_heard(from, number)) {
            return;
        }
    }
    int number = say(from, "g");
    RUN_UNTIL(all_heard(from, number), fixture->delivery_ms);
}

START_TEST(delivers_to_all_others)
{
    start_ends(CONFORMANCE_ENDS_MAX, "g");
    for (int from = 0; from < CONFORMANCE_ENDS_MAX; from++) {
        say_to_all(from);
        ck_assert_str_eq(ends[(from + 1) % CONFORMANCE_ENDS_MAX].group, "g");
    }
}
END_TEST

START_TEST(does_not_hear_itself)
{
    start_ends(2, "g");
    for (int i = 0; i < 5; i++) {
        int number = say(0, "g");
        RUN_UNTIL(heard(1, 0, number), fixture->delivery_ms);
    }
    get_through(1, 0, "g"); // what would have come before
    ck_assert_int_eq(heard_count(0, 0), 0);
}
END_TEST

// Three that speak at the same time.
static void exchange(void)
{
    start_ends(3, "g");
    for (int i = 0; i < EXCHANGED; i += fixture->window) {
        for (int from = 0; from < 3; from++) {
            say_paced(from, "g", fixture->window);
        }
    }
}

START_TEST(keeps_the_order)
{
    exchange();
    for (int pair = 0; pair < 9; pair++) {
        ck_assert_int_eq(disorder_count(pair / 3, pair % 3), 0);
    }
}
END_TEST

START_TEST(delivers_nothing_twice)
{
    exchange();
    for (int pair = 0; pair < 9; pair++) {
        ck_assert_int_eq(heard_again_count(pair / 3, pair % 3), 0);
    }
}
END_TEST

START_TEST(delivers_equal_messages)
{
    start_ends(3, "g");
    for (int at = 0; at < 3; at++) {
        ends[at].in_message = NULL; // these have no numbers
    }
    host_say(&ends[0], "g", "equal");
    host_say(&ends[1], "g", "equal");
    RUN_UNTIL(ends[2].messages >= 2, fixture->delivery_ms);
    host_say(&ends[0], "g", "equal");
    RUN_UNTIL(ends[2].messages >= 3, fixture->delivery_ms);
}
END_TEST

// --- Groups and names --------------------------------------------------------------------------

START_TEST(keeps_groups_apart)
{
    start_ends(3, "one");
    host_join(&ends[0], "two");
    host_join(&ends[1], "two");
    get_through(0, 1, "two");
    int two = say(0, "two");
    int one = say(0, "one");
    RUN_UNTIL(heard(1, 0, two) && heard(1, 0, one) && heard(2, 0, one), fixture->delivery_ms);
    get_through(0, 2, "one");
    ck_assert(!heard(2, 0, two));
    ck_assert_int_lt(try_say(2, "two", MESSAGE_BYTES), 0); // not joined
}
END_TEST

START_TEST(keeps_prefixes_apart)
{
    for (int i = 0; i < 4; i++) {
        struct host *end = prepare_end();
        end->config.prefix = i % 2 == 0 ? "actor" : "actor2";
        host_open(end);
        host_join(end, "g");
    }
    for (int i = 0; i < 4; i++) {
        RUN_UNTIL(ends[i].is_up, fixture->up_ms);
    }
    int of_even = say(0, "g"), of_odd = say(1, "g");
    RUN_UNTIL(heard(2, 0, of_even) && heard(3, 1, of_odd), fixture->delivery_ms);
    get_through(2, 0, "g");
    get_through(3, 1, "g");
    ck_assert_int_eq(heard_count(0, 1) + heard_count(1, 0), 0);
    ck_assert_int_eq(heard_count(2, 1) + heard_count(3, 0), 0);
}
END_TEST

// 64 bytes
static const char longest[] = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f";

// Legal ones: 1 to 64 bytes of UTF-8 without control characters and without any of "/+#".
static const char *const names[] = {
    ".",
    "..",
    "a.b",
    "-",
    " ",
    "two words",
    "%",
    "%s%n",
    "a%2Fb",
    "$x",
    "a\\b",
    "'\"`;&",
    "*?[]",
    "@",
    "=,",
    "g:h",
    "...",
    "~",
    "\xf0\x9f\x90\xa7",
    longest,
};

START_TEST(takes_any_name_of_a_group)
{
    for (int i = 0; i < 2; i++) {
        host_open(prepare_end());
        for (size_t name = 0; name < sizeof names / sizeof *names; name++) {
            host_join(&ends[i], names[name]);
        }
    }
    RUN_UNTIL(ends[0].is_up && ends[1].is_up, fixture->up_ms);
    for (size_t name = 0; name < sizeof names / sizeof *names; name++) {
        int number = say(0, names[name]);
        RUN_UNTIL(heard(1, 0, number), fixture->delivery_ms);
    }
}
END_TEST

START_TEST(lets_two_of_one_name_be)
{
    for (int i = 0; i < 3; i++) {
        struct host *end = prepare_end();
        end->config.name = "same";
        host_open(end);
        host_join(end, "g");
    }
    for (int i = 0; i < 3; i++) {
        RUN_UNTIL(ends[i].is_up, fixture->up_ms);
    }
    for (int i = 0; i < 15; i++) {
        int number = say(i % 3, "g");
        RUN_UNTIL(all_heard(i % 3, number), fixture->delivery_ms);
    }
    ck_assert_int_eq(ends[0].downs + ends[1].downs + ends[2].downs, 0);
}
END_TEST

START_TEST(joins_and_leaves_while_up)
{
    start_ends(3, "g");
    for (int round = 0; round < 3; round++) {
        host_join(&ends[1], "other");
        host_join(&ends[2], "other");
        get_through(1, 2, "other");
        get_through(2, 1, "other");
        host_leave(&ends[1], "other");
        ck_assert_int_lt(try_say(1, "other", MESSAGE_BYTES), 0);
        int number = say(2, "other");
        get_through(2, 0, "g");
        get_through(0, 1, "g");
        ck_assert(!heard(1, 2, number));
        host_leave(&ends[2], "other");
    }
    ck_assert_int_eq(ends[0].downs + ends[1].downs + ends[2].downs, 0);
}
END_TEST

static void leave(struct host *end, const char *group, const void *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    host_leave(end, group);
    ck_assert_str_eq(group, "g"); // lasts for the call
}

START_TEST(may_be_left_inside_message)
{
    start_ends(2, "g");
    host_join(&ends[1], "other");
    ends[1].in_message = leave;
    for (int i = 0; i < fixture->window; i++) {
        say(0, "g");
    }
    RUN_UNTIL(ends[1].messages == 1, fixture->delivery_ms);
    host_join(&ends[0], "other");
    ends[1].in_message = NULL;
    int64_t again_ns = 0;
    while (ends[1].messages == 1) { // in the other group
        if (now_ns() > again_ns) {
            again_ns = now_ns() + 50000000;
            say(0, "other");
        }
        hosts_turn(10);
    }
    ck_assert_str_eq(ends[1].group, "other");
}
END_TEST

// --- Sizes -------------------------------------------------------------------------------------

START_TEST(carries_packets_of_any_length)
{
    start_ends(2, "g");
    size_t most = packet_max(0, "g");
    for (size_t len = 10; len < most; len += 1 + len / 2) {
        int number = try_say(0, "g", len);
        ck_assert_int_gt(number, 0);
        RUN_UNTIL(heard(1, 0, number), fixture->delivery_ms);
    }
    int number = try_say(0, "g", most);
    ck_assert_int_gt(number, 0);
    RUN_UNTIL(heard(1, 0, number), fixture->delivery_ms);
    ck_assert_uint_eq(ends[1].length, most);
}
END_TEST

START_TEST(refuses_a_longer_packet)
{
    start_ends(2, "g");
    size_t most = packet_max(0, "g");
    ck_assert_int_eq(try_say(0, "g", most + 1), -EMSGSIZE);
    ck_assert_int_eq(try_say(0, "g", 1 << 16), -EMSGSIZE);
    ck_assert_int_eq(try_say(0, "g", 1 << 20), -EMSGSIZE);
    int number = say(0, "g");
    RUN_UNTIL(heard(1, 0, number), fixture->delivery_ms);
    ck_assert_int_eq(heard_count(1, 0), 1);
    ck_assert_int_eq(ends[0].downs, 0);
}
END_TEST

// --- Proofs (L1) -------------------------------------------------------------------------------

START_TEST(proves_what_was_sent)
{
    start_ends(2, "g");
    for (int i = 0; i < 10; i++) {
        int64_t asked_ns = now_ns();
        if (i % 2 == 0) {
            host_prove(&ends[0]);
        } else {
            say(0, "g");
        }
        RUN_UNTIL(ends[0].proved_ns >= asked_ns, fixture->delivery_ms);
    }
    ck_assert(!ends[0].unordered);
    RUN_UNTIL(heard_count(1, 0) == 5, fixture->delivery_ms);
    ck_assert_int_eq(ends[1].messages, 5); // prove() is not seen
}
END_TEST

START_TEST(proves_nothing_while_its_server_is_frozen)
{
    start_ends(1, "g");
    fixture->freeze(0);
    int64_t frozen_ns = now_ns();
    say(0, "g");
    host_prove(&ends[0]);
    hosts_run_for(300);
    ck_assert_int_lt(ends[0].proved_ns, frozen_ns);
    fixture->thaw(0);
    RUN_UNTIL(ends[0].proved_ns >= frozen_ns, fixture->delivery_ms);
    ck_assert(!ends[0].unordered);
}
END_TEST

void add_message_tests(Suite *suite)
{
    add_test(suite, delivers_to_all_others);
    if (!fixture->ops->echoes) {
        add_test(suite, does_not_hear_itself);
    }
    if (!fixture->reorders) {
        add_test(suite, keeps_the_order);
    }
    if (!fixture->repeats) {
        add_test(suite, delivers_nothing_twice);
    }
    if (!fixture->merges_equal) {
        add_test(suite, delivers_equal_messages);
    }
    add_test(suite, keeps_groups_apart);
    add_test(suite, keeps_prefixes_apart);
    add_test(suite, takes_any_name_of_a_group);
    add_test(suite, lets_two_of_one_name_be);
    add_test(suite, joins_and_leaves_while_up);
    add_test(suite, may_be_left_inside_message);
    add_test(suite, carries_packets_of_any_length);
    add_test(suite, refuses_a_longer_packet);
    if (fixture->ops->proves) {
        add_test(suite, proves_what_was_sent);
        if (fixture->freeze != NULL) {
            add_test(suite, proves_nothing_while_its_server_is_frozen);
        }
    }
}
