// SPDX-License-Identifier: MIT
// What programs of a group tell each other (S8): it reaches those of other nodes and nobody else,
// and never the engine. The transport is a fake one.
#include "asyncactor/actor.h"
#include "fake.h"
#include "lib/codec.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- A transport that keeps what it is given -----------------------------------------------------

static char sent_to[80]; // the channel of the last packet
static uint8_t sent[MESSAGE_MAX_BYTES];
static size_t sent_len, room;
static int join_result; // of the channel of views

static int keeping_join(struct actor_transport *transport, const char *group)
{
    (void)transport;
    return strchr(group, '/') != NULL ? join_result : 0;
}

static size_t keeping_packet_max(const struct actor_transport *transport, const char *group)
{
    (void)transport;
    (void)group;
    return room;
}

static int keeping_send(struct actor_transport *transport, const char *group, const void *bytes,
                        size_t len)
{
    (void)transport;
    snprintf(sent_to, sizeof sent_to, "%s", group);
    memcpy(sent, bytes, len);
    sent_len = len;
    return 0;
}

static const struct actor_transport_ops keeping = {
    .schemes = (const char *const[]){"keeping", NULL},
    .open = fake_open,
    .join = keeping_join,
    .leave = fake_leave,
    .packet_max = keeping_packet_max,
    .send = keeping_send,
    .close = fake_close,
};

// --- Tools ---------------------------------------------------------------------------------------

static struct actor_link *node; // its name is "a"
static struct actor *actor;     // in the group "g"
static char heard[256];         // who told what, the last time
static int heard_count;

static void on_told(void *context, struct actor *of, const char *who, const void *payload,
                    size_t len)
{
    ck_assert_ptr_eq(context, &heard);
    ck_assert_ptr_eq(of, actor);
    snprintf(heard, sizeof heard, "%s: %.*s", who, (int)len, (const char *)payload);
    heard_count++;
}

static void set_up(void)
{
    struct actor_link_config *to = actor_link_config_new();
    struct actor_config *config = actor_config_new();
    sent_len = 0;
    room = MESSAGE_MAX_BYTES;
    join_result = heard_count = 0;
    heard[0] = sent_to[0] = '\0';
    ck_assert_int_eq(actor_link_config_set_transport(to, &keeping), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_name(to, "a"), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_url(to, "keeping://h"), ACTOR_OK);
    ck_assert_int_eq(actor_link_new(&node, to), ACTOR_OK);
    actor_link_config_free(to);
    ck_assert_int_eq(actor_config_set_group(config, "g"), ACTOR_OK);
    actor_config_set_told(config, on_told, &heard);
    ck_assert_int_eq(actor_new(&actor, node, config, NULL, NULL), ACTOR_OK);
    actor_config_free(config);
}

static void tear_down(void)
{
    actor_free(actor);
    actor_link_free(node);
}

static void come_up(void)
{
    opened.host_ops->up(opened.host);
}

static void hear(const char *channel, const char *who, uint64_t nonce)
{
    struct message tell = {.type = MESSAGE_TELL, .nonce = nonce};
    uint8_t packet[MESSAGE_MAX_BYTES];
    tell.node = name_of(who);
    tell.data = (const uint8_t *)"hello";
    tell.data_len = 5;
    size_t len = codec_encode(&tell, packet, sizeof packet);
    opened.host_ops->message(opened.host, channel, packet, len);
}

static uint64_t dropped(enum drop drop)
{
    return actor_dropped(actor, (unsigned)drop - 1);
}

// --- The tests -----------------------------------------------------------------------------------

START_TEST(what_is_told_travels_beside_the_group)
{
    struct members_room members;
    struct message m;
    come_up();
    ck_assert_int_eq(actor_tell(actor, "hello", 5), ACTOR_OK);
    ck_assert_str_eq(sent_to, "g/@");
    ck_assert_int_eq(codec_decode_view(sent, sent_len, &members, &m), DROP_NONE);
    ck_assert(m.type == MESSAGE_TELL && name_equal(m.node, name_of("a")));
    ck_assert_uint_eq(m.data_len, 5);
    ck_assert_mem_eq(m.data, "hello", 5);
}
END_TEST

START_TEST(nothing_is_told_while_the_link_is_down)
{
    ck_assert_int_eq(actor_tell(actor, "hello", 5), ACTOR_ESTATE);
    come_up();
    opened.host_ops->down(opened.host, "for a test");
    sent_len = 0;
    ck_assert_int_eq(actor_tell(actor, "hello", 5), ACTOR_ESTATE);
    ck_assert_uint_eq(sent_len, 0);
}
END_TEST

START_TEST(another_node_is_heard)
{
    come_up();
    hear("g/@", "b", 7);
    ck_assert_str_eq(heard, "b: hello");
    hear("h/@", "b", 7);
    ck_assert_int_eq(heard_count, 1);
}
END_TEST

START_TEST(an_echo_is_not_heard_and_another_of_this_name_is_counted)
{
    come_up();
    ck_assert_int_eq(actor_tell(actor, "hello", 5), ACTOR_OK);
    opened.host_ops->message(opened.host, "g/@", sent, sent_len);
    ck_assert_uint_eq(dropped(DROP_OWN_NAME), 0);
    hear("g/@", "a", 7);
    ck_assert_uint_eq(dropped(DROP_OWN_NAME), 1);
    ck_assert_int_eq(heard_count, 0);
}
END_TEST

START_TEST(in_the_group_itself_a_tell_is_refused)
{
    come_up();
    hear("g", "b", 7);
    ck_assert_uint_eq(dropped(DROP_TYPE), 1);
    ck_assert_int_eq(heard_count, 0);
}
END_TEST

START_TEST(no_more_is_told_than_a_packet_takes)
{
    static const size_t rooms[] = {4096, 460, 60};
    uint8_t payload[MESSAGE_MAX_BYTES] = {0};
    come_up();
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        room = rooms[i];
        size_t max = actor_tell_max(actor);
        ck_assert_uint_ge(max + 60, room);
        ck_assert_int_eq(actor_tell(actor, payload, max), ACTOR_OK);
        ck_assert_uint_le(sent_len, room);
        ck_assert_uint_ge(sent_len + 4, room < 60 ? 0 : room - 10);
        ck_assert_int_eq(actor_tell(actor, payload, max + 1), ACTOR_EINVAL);
    }
    room = 20;
    ck_assert_uint_eq(actor_tell_max(actor), 0);
}
END_TEST

START_TEST(where_there_is_no_channel_for_it_nothing_can_be_told)
{
    struct actor_config *config = actor_config_new();
    struct actor *other = NULL;
    join_result = -ENOSYS;
    come_up();
    ck_assert_int_eq(actor_new(&other, node, config, NULL, NULL), ACTOR_OK);
    ck_assert_uint_eq(actor_tell_max(other), 0);
    ck_assert_int_eq(actor_tell(other, "hello", 5), ACTOR_EUNSUPPORTED);
    actor_free(other);
    actor_config_free(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tell");
    TCase *tests = tcase_create("tell");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_told_travels_beside_the_group);
    tcase_add_test(tests, nothing_is_told_while_the_link_is_down);
    tcase_add_test(tests, another_node_is_heard);
    tcase_add_test(tests, an_echo_is_not_heard_and_another_of_this_name_is_counted);
    tcase_add_test(tests, in_the_group_itself_a_tell_is_refused);
    tcase_add_test(tests, no_more_is_told_than_a_packet_takes);
    tcase_add_test(tests, where_there_is_no_channel_for_it_nothing_can_be_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
