// SPDX-License-Identifier: MIT
// What a link makes of the others that its transport tells of (H1, H2, H9): who joins and leaves,
// what is known of them, and what strangers cannot do. The transport is a fake one.
#include "asyncactor/actor.h"
#include "fake.h"
#include "lib/link.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { ABOUT_MAX = 4096, PEERS_MAX = 4096 };

#define NAME_OF_65 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!"

// --- A transport that does what a test says ----------------------------------------------------

static char announced[16384]; // the last
static int announcements;

static int note_announced(struct actor_transport *transport, const char *about)
{
    (void)transport;
    announcements++;
    snprintf(announced, sizeof announced, "%s", about);
    return strlen(about) > ABOUT_MAX ? -EMSGSIZE : 0;
}

static struct actor_transport_ops fake = {
    .schemes = (const char *const[]){"fake", NULL},
    .open = fake_open,
    .join = fake_join,
    .leave = fake_leave,
    .send = fake_send,
    .announce = note_announced,
    .close = fake_close,
};

// --- Tools ---------------------------------------------------------------------------------------

static struct actor_link_config *link_config;
static struct actor_link *node; // its name is "a"
static struct actor *actor;     // in the group "g"
static char told[4096];         // "join b new", each in a line of its own
static int joins, leaves;
static char logged[512];

static void on_log(void *context, enum actor_log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

static void on_event(void *context, struct actor *of, const struct actor_event *event)
{
    size_t used = strlen(told);
    (void)context;
    joins += event->type == ACTOR_EVENT_JOIN;
    leaves += event->type == ACTOR_EVENT_LEAVE;
    if (event->type == ACTOR_EVENT_JOIN || event->type == ACTOR_EVENT_LEAVE) {
        const char *group = strcmp(actor_group(of), "g") == 0 ? "" : actor_group(of);
        snprintf(told + used, sizeof told - used, "%s%s%s %s %s\n", group, group[0] != 0 ? " " : "",
                 actor_event_name(event->type), event->member, event->reason);
    }
}

static struct actor *join_group(const char *group)
{
    struct actor *joined = NULL;
    struct actor_config *config = actor_config_new();
    ck_assert_int_eq(actor_config_set_group(config, group), ACTOR_OK);
    ck_assert_int_eq(actor_new(&joined, node, config, on_event, NULL), ACTOR_OK);
    actor_config_free(config);
    return joined;
}

static void open_node(void)
{
    ck_assert_int_eq(actor_link_new(&node, link_config), ACTOR_OK);
    actor = join_group("g");
    opened.host_ops->up(opened.host);
}

static void set_up(void)
{
    link_config = actor_link_config_new();
    ck_assert_int_eq(actor_link_config_set_transport(link_config, &fake), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_name(link_config, "a"), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_url(link_config, "fake://h"), ACTOR_OK);
    actor_link_config_set_log(link_config, ACTOR_LOG_WARNING, on_log, NULL);
    fake.ghosts = false;
    told[0] = logged[0] = announced[0] = '\0';
    joins = leaves = announcements = 0;
}

static void tear_down(void)
{
    actor_free(actor);
    actor_link_free(node);
    actor_link_config_free(link_config);
    actor = NULL;
    node = NULL;
}

static void tell(const char *name, const char *about)
{
    const struct actor_transport_peer peer = {.name = name, .here = about != NULL, .about = about};
    opened.host_ops->peer(opened.host, NULL, &peer);
}

// What was told since the last time.
static const char *news(void)
{
    static char taken[sizeof told];
    memcpy(taken, told, sizeof taken);
    told[0] = '\0';
    return taken;
}

static void link_returns(void)
{
    opened.host_ops->down(opened.host, "a cable");
    opened.host_ops->up(opened.host);
}

#define IN_G "{\"incarnation\":5,\"groups\":[\"g\"]}"
#define IN_G_LATER "{\"incarnation\":6,\"groups\":[\"g\"]}"

// --- What this one announces -------------------------------------------------------------------

static json_t *read_announced(void)
{
    json_t *about = json_loads(announced, 0, NULL);
    ck_assert_msg(json_is_object(about), "%s", announced);
    return about;
}

static size_t announced_groups(void)
{
    json_t *about = read_announced();
    size_t count = json_array_size(json_object_get(about, "groups"));
    json_decref(about);
    return count;
}

START_TEST(announces_what_it_is)
{
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "site", "north"), ACTOR_OK);
    open_node();
    json_t *about = read_announced();
    ck_assert_int_eq(json_integer_value(json_object_get(about, "incarnation")),
                     (json_int_t)opened.incarnation);
    ck_assert(json_is_array(json_object_get(about, "addresses")));
    ck_assert_str_eq(json_string_value(json_object_get(about, "version")), actor_version());
    json_t *tags = json_object_get(about, "tags"), *groups = json_object_get(about, "groups");
    ck_assert_str_eq(json_string_value(json_object_get(tags, "site")), "north");
    ck_assert_str_eq(json_string_value(json_array_get(groups, 0)), "g");
    ck_assert_uint_eq(json_array_size(groups), 1);
    json_decref(about);
}
END_TEST

START_TEST(announces_each_change_of_its_groups)
{
    open_node();
    ck_assert_int_eq(announcements, 1);
    struct actor *other = join_group("other");
    ck_assert_uint_eq(announced_groups(), 2);
    actor_free(other);
    ck_assert_uint_eq(announced_groups(), 1);
    link_returns(); // the transport says it again by itself
    ck_assert_int_eq(announcements, 3);
}
END_TEST

START_TEST(says_what_is_too_long_to_be_announced)
{
    char key[8], text[257];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 16; i++) {
        snprintf(key, sizeof key, "%d", i);
        ck_assert_int_eq(actor_link_config_set_tag(link_config, key, text), ACTOR_OK);
    }
    open_node();
    ck_assert_ptr_nonnull(strstr(logged, "this node cannot be announced: its groups, addresses and "
                                         "tags take 4"));
    ck_assert_ptr_nonnull(strstr(logged, "4096 are allowed"));
}
END_TEST

static const struct {
    size_t key_len, text_len;
    int result;
} tags[] = {
    {1, 0, ACTOR_OK},      {64, 256, ACTOR_OK},    {0, 1, ACTOR_EINVAL},
    {65, 1, ACTOR_EINVAL}, {1, 257, ACTOR_EINVAL},
};

START_TEST(a_tag_has_bounds)
{
    char key[80], text[300];
    memset(key, 'k', sizeof key);
    memset(text, 't', sizeof text);
    key[tags[_i].key_len] = text[tags[_i].text_len] = '\0';
    ck_assert_int_eq(actor_link_config_set_tag(link_config, key, text), tags[_i].result);
    if (tags[_i].result != ACTOR_OK) {
        ck_assert_str_eq(actor_link_config_why(link_config),
                         "a tag's key must be 1 to 64 bytes and its text at most 256, of UTF-8 "
                         "without control characters");
    }
    open_node();
}
END_TEST

START_TEST(a_tag_is_plain_text)
{
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "k", "a\nb"), ACTOR_EINVAL);
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "k\t", "a"), ACTOR_EINVAL);
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "k", "\xff"), ACTOR_EINVAL);
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "Ort", "K\xc3\xb6ln \"1\""), ACTOR_OK);
    open_node();
    json_t *about = read_announced();
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(about, "tags"), "Ort")),
                     "K\xc3\xb6ln \"1\"");
    json_decref(about);
}
END_TEST

START_TEST(there_are_sixteen_tags_at_most)
{
    char key[8];
    for (int i = 0; i < 16; i++) {
        snprintf(key, sizeof key, "%d", i);
        ck_assert_int_eq(actor_link_config_set_tag(link_config, key, "x"), ACTOR_OK);
    }
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "16", "x"), ACTOR_EINVAL);
    ck_assert_str_eq(actor_link_config_why(link_config), "a node has at most 16 tags");
    ck_assert_int_eq(actor_link_config_set_tag(link_config, "3", "y"), ACTOR_OK);
    open_node();
    ck_assert_ptr_nonnull(strstr(announced, "\"3\":\"y\""));
}
END_TEST

// --- Who is told of ------------------------------------------------------------------------------

START_TEST(who_is_told_of_joins_and_leaves)
{
    open_node();
    tell("b", IN_G);
    tell("b", IN_G);
    ck_assert_str_eq(news(), "join b new\n");
    tell("b", NULL);
    tell("b", NULL);
    ck_assert_str_eq(news(), "leave b lost\n");
    tell("b", IN_G);
    ck_assert_str_eq(news(), "join b returned\n");
}
END_TEST

START_TEST(who_is_told_of_joins_its_groups_alone)
{
    open_node();
    struct actor *other = join_group("h");
    tell("b", "{\"groups\":[\"h\",\"third\"]}");
    ck_assert_str_eq(news(), "h join b new\n");
    tell("b", "{\"groups\":[\"g\",\"h\"]}");
    ck_assert_str_eq(news(), "join b new\n");
    tell("b", NULL);
    ck_assert_str_eq(news(), "leave b lost\nh leave b lost\n");
    actor_free(other);
}
END_TEST

START_TEST(a_new_actor_is_told_of_those_that_are_there)
{
    open_node();
    tell("b", "{\"groups\":[\"h\"]}");
    tell("c", IN_G);
    tell("d", "{\"groups\":[\"h\"]}");
    tell("d", NULL);
    news();
    struct actor *other = join_group("h");
    ck_assert_str_eq(news(), "h join b new\n");
    actor_free(other);
}
END_TEST

START_TEST(one_may_be_told_of_in_one_group)
{
    struct actor_transport_peer peer = {.name = "b", .incarnation = 5, .here = true, .about = "{}"};
    char about[16];
    open_node();
    opened.host_ops->peer(opened.host, "g", &peer);
    opened.host_ops->peer(opened.host, "h", &peer); // of which nobody is here
    ck_assert_str_eq(news(), "join b new\n");
    ck_assert_int_eq(actor_peer_about(node, "b", about, sizeof about), 2);
    peer.here = false;
    peer.about = NULL;
    opened.host_ops->peer(opened.host, "g", &peer);
    ck_assert_str_eq(news(), "leave b lost\n");
    ck_assert_int_eq(actor_peer_about(node, "b", about, sizeof about), ACTOR_EINVAL);
}
END_TEST

// --- Which process (H2) --------------------------------------------------------------------------

// The timer, which would come five seconds later.
static void be_patient(void)
{
    uv_timer_t *timer = &node->peers.timer;
    ck_assert(uv_is_active((uv_handle_t *)timer));
    ck_assert_uint_le(uv_timer_get_due_in(timer), 5000);
    ck_assert_uint_ge(uv_timer_get_due_in(timer), 4000);
    uv_timer_stop(timer);
    timer->timer_cb(timer);
}

// As when one was cut off and is started again elsewhere, and its will comes late; or when a second
// one of the name finds that it is taken, and ends.
START_TEST(of_two_of_a_name_the_one_that_is_left_says_so)
{
    open_node();
    be_patient();
    tell("b", IN_G);
    tell("b", IN_G_LATER);
    tell("b", IN_G_LATER);
    tell("b", NULL);
    tell("b", _i == 0 ? IN_G : IN_G_LATER);
    be_patient();
    ck_assert_str_eq(news(), "join b new\n");
    tell("b", NULL);
    ck_assert_str_eq(news(), "leave b lost\n");
}
END_TEST

START_TEST(of_two_of_a_name_both_may_go)
{
    open_node();
    be_patient();
    tell("b", IN_G);
    tell("b", IN_G_LATER);
    tell("b", NULL);
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b new\n");
    be_patient();
    ck_assert_str_eq(news(), "leave b lost\n");
    tell("b", IN_G);
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b returned\nleave b lost\n");
}
END_TEST

START_TEST(what_went_while_the_link_was_down_is_not_waited_for)
{
    open_node();
    tell("b", IN_G);
    link_returns();
    tell("b", IN_G_LATER);
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b new\nleave b lost\n");
}
END_TEST

static void hear_from_b(void)
{
    static const char init[] = "\xa2\x64node\x61"
                               "b\x61t\x64init";
    opened.host_ops->message(opened.host, "g", init, sizeof init - 1);
}

// It may have died. When it is gone it is, and another of its name is not waited for.
START_TEST(what_may_be_a_ghost_is_known_and_no_member)
{
    char about[64];
    fake.ghosts = true;
    open_node();
    be_patient();
    tell("b", IN_G);
    ck_assert_int_gt(actor_peer_about(node, "b", about, sizeof about), 0);
    ck_assert_str_eq(about, IN_G);
    struct actor *other = join_group("h");
    tell("b", "{\"groups\":[\"g\",\"h\"]}");
    actor_free(other);
    other = join_group("h");
    ck_assert_str_eq(news(), "");
    hear_from_b();
    ck_assert_str_eq(news(), "join b new\n");
    tell("b", IN_G);
    tell("b", IN_G_LATER);
    tell("b", NULL);
    ck_assert_str_eq(news(), "leave b lost\n");
    ck_assert_int_eq(actor_peer_about(node, "b", about, sizeof about), ACTOR_EINVAL);
    tell("b", IN_G);
    ck_assert_str_eq(news(), "");
    actor_free(other);
}
END_TEST

// --- What is known of them -----------------------------------------------------------------------

START_TEST(what_another_has_announced_can_be_read)
{
    const char *about = "{\"incarnation\":5,\"groups\":[\"g\"],\"tags\":{\"k\":\"t\"}}";
    int len = (int)strlen(about);
    char json[128] = "untouched";
    open_node();
    ck_assert_int_eq(actor_peer_about(node, "b", json, sizeof json), ACTOR_EINVAL);
    tell("b", about);
    ck_assert_int_eq(actor_peer_about(node, "b", json, (size_t)len), ACTOR_EINVAL);
    ck_assert_int_eq(actor_peer_about(node, "b", json, 0), ACTOR_EINVAL);
    ck_assert_str_eq(json, "untouched");
    ck_assert_int_eq(actor_peer_about(node, "b", json, (size_t)len + 1), len);
    ck_assert_str_eq(json, about);
    tell("b", IN_G);
    ck_assert_int_eq(actor_peer_about(node, "b", json, sizeof json), (int)strlen(IN_G));
    ck_assert_str_eq(json, IN_G);
    tell("b", NULL);
    ck_assert_int_eq(actor_peer_about(node, "b", json, sizeof json), ACTOR_EINVAL);
    ck_assert_int_eq(actor_peer_about(node, "a", json, sizeof json), ACTOR_EINVAL);
}
END_TEST

START_TEST(nobody_can_say_what_is_kept_beside_it)
{
    const char *about = "{\"incarnation\":5,\"groups\":[\"g\"],\"link\":9,\"twice\":true,"
                        "\"text\":\"{}\"}";
    char json[256];
    open_node();
    tell("b", about);
    ck_assert_int_gt(actor_peer_about(node, "b", json, sizeof json), 0);
    ck_assert_str_eq(json, about);
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b new\nleave b lost\n");
}
END_TEST

// --- What strangers say --------------------------------------------------------------------------

static const char *const nonsense[] = {
    "",
    "no JSON",
    "{",
    "[]",
    "5",
    "null",
    "\"g\"",
    "[\"g\"]",
    "{}",
    "{\"groups\":5}",
    "{\"groups\":\"g\"}",
    "{\"groups\":{\"g\":\"g\"}}",
    "{\"groups\":[5,null,[\"g\"],{\"g\":1},\"\",\"other\",\"G\",\"g\\u0000\"]}",
    "{\"groups\":[\"g\"],\"groups\":[\"g\"]}",
    "{\"groups\":[\"g\"]} and more",
    "{\"groups\":[\"g\"],\"\xff\":1}",
    "{\"groups\":[\"g\"],\"n\":1e999}",
};

START_TEST(nonsense_is_nobody)
{
    open_node();
    tell("b", nonsense[_i]);
    ck_assert_str_eq(news(), "");
    tell("b", IN_G);
    tell("b", nonsense[_i]); // and says nothing against one that is there
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b new\nleave b lost\n");
}
END_TEST

START_TEST(deep_nonsense_is_nobody)
{
    char about[ABOUT_MAX + 1];
    open_node();
    memset(about, '[', ABOUT_MAX);
    about[ABOUT_MAX] = '\0';
    tell("b", about);
    memset(about + ABOUT_MAX / 2, ']', ABOUT_MAX / 2);
    memcpy(about, "{\"x\":", 5);
    about[ABOUT_MAX - 5] = '}';
    about[ABOUT_MAX - 4] = '\0';
    tell("b", about);
    ck_assert_str_eq(news(), "");
}
END_TEST

static const char *const incarnations[] = {
    "-1", "0",    "9007199254740992",   "1.5", "\"5\"", "[5]", "null", "true",
    "{}", "1e15", "1234567890123456789"};

// It is there, and no process in particular.
START_TEST(an_incarnation_that_is_none_does_not_count)
{
    char about[128];
    open_node();
    snprintf(about, sizeof about, "{\"groups\":[\"g\"],\"incarnation\":%s}", incarnations[_i]);
    tell("b", about);
    tell("b", NULL);
    ck_assert_str_eq(news(), "join b new\nleave b lost\n");
}
END_TEST

static const char *const bad_names[] = {"", "a", "b/c", "b+", "#", "b\n", "\xff", NAME_OF_65};

START_TEST(a_name_that_is_none_or_ones_own_is_nobody)
{
    char json[64];
    open_node();
    tell(bad_names[_i], IN_G);
    tell(bad_names[_i], NULL);
    ck_assert_str_eq(news(), "");
    ck_assert_int_eq(actor_peer_about(node, bad_names[_i], json, sizeof json), ACTOR_EINVAL);
}
END_TEST

START_TEST(of_many_so_many_are_known)
{
    char name[16], json[64];
    open_node();
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        tell(name, IN_G);
        tell(name, IN_G);
    }
    ck_assert_int_eq(joins, PEERS_MAX);
    ck_assert_int_gt(actor_peer_about(node, "n4095", json, sizeof json), 0);
    ck_assert_int_eq(actor_peer_about(node, "n4096", json, sizeof json), ACTOR_EINVAL);
    tell("n17", NULL); // makes room
    tell("n4999", IN_G);
    ck_assert_int_eq(joins, PEERS_MAX + 1);
    ck_assert_int_eq(leaves, 1);
}
END_TEST

static size_t held; // bytes, of JSON

static void *hold(size_t size)
{
    void *block = malloc(size);
    held += malloc_usable_size(block);
    return block;
}

static void let_go(void *block)
{
    held -= malloc_usable_size(block);
    free(block);
}

START_TEST(many_small_values_take_no_more_than_their_text)
{
    char name[16], about[ABOUT_MAX + 1] = "{\"x\":[0";
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(hold, let_go);
    for (size_t at = strlen(about); at < ABOUT_MAX - 4; at += 2) {
        memcpy(about + at, ",0]}", 5);
    }
    open_node();
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        tell(name, about);
    }
    ck_assert_int_eq(actor_peer_about(node, "n99", name, sizeof name), ACTOR_EINVAL); // no room
    ck_assert_uint_lt(held, 100 * (ABOUT_MAX + 1024));
    ck_assert_uint_gt(held, 100 * ABOUT_MAX / 2);
    json_set_alloc_funcs(allocate, release);
}
END_TEST

// --- A link that returns -------------------------------------------------------------------------

START_TEST(who_is_not_told_of_again_is_gone)
{
    char json[64];
    open_node();
    be_patient();
    tell("b", IN_G);
    tell("c", IN_G);
    tell("d", IN_G);
    news();
    link_returns();
    tell("c", IN_G);
    tell("e", IN_G);
    ck_assert_str_eq(news(), "join e new\n");
    be_patient();
    ck_assert_str_eq(news(), "leave b lost\nleave d lost\n");
    ck_assert_int_eq(actor_peer_about(node, "b", json, sizeof json), ACTOR_EINVAL);
    ck_assert_int_gt(actor_peer_about(node, "c", json, sizeof json), 0);
}
END_TEST

START_TEST(nobody_is_given_up_while_the_link_is_down)
{
    open_node();
    tell("b", IN_G);
    news();
    opened.host_ops->down(opened.host, "a cable");
    ck_assert(!uv_is_active((uv_handle_t *)&node->peers.timer));
    opened.host_ops->down(opened.host, "another");
    opened.host_ops->up(opened.host);
    tell("b", IN_G);
    be_patient();
    ck_assert_str_eq(news(), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peers");
    TCase *tests = tcase_create("peers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, announces_what_it_is);
    tcase_add_test(tests, announces_each_change_of_its_groups);
    tcase_add_test(tests, says_what_is_too_long_to_be_announced);
    tcase_add_loop_test(tests, a_tag_has_bounds, 0, sizeof tags / sizeof *tags);
    tcase_add_test(tests, a_tag_is_plain_text);
    tcase_add_test(tests, there_are_sixteen_tags_at_most);
    tcase_add_test(tests, who_is_told_of_joins_and_leaves);
    tcase_add_test(tests, who_is_told_of_joins_its_groups_alone);
    tcase_add_test(tests, a_new_actor_is_told_of_those_that_are_there);
    tcase_add_test(tests, one_may_be_told_of_in_one_group);
    tcase_add_loop_test(tests, of_two_of_a_name_the_one_that_is_left_says_so, 0, 2);
    tcase_add_test(tests, of_two_of_a_name_both_may_go);
    tcase_add_test(tests, what_went_while_the_link_was_down_is_not_waited_for);
    tcase_add_test(tests, what_may_be_a_ghost_is_known_and_no_member);
    tcase_add_test(tests, what_another_has_announced_can_be_read);
    tcase_add_test(tests, nobody_can_say_what_is_kept_beside_it);
    tcase_add_loop_test(tests, nonsense_is_nobody, 0, sizeof nonsense / sizeof *nonsense);
    tcase_add_test(tests, deep_nonsense_is_nobody);
    tcase_add_loop_test(tests, an_incarnation_that_is_none_does_not_count, 0,
                        sizeof incarnations / sizeof *incarnations);
    tcase_add_loop_test(tests, a_name_that_is_none_or_ones_own_is_nobody, 0,
                        sizeof bad_names / sizeof *bad_names);
    tcase_add_test(tests, of_many_so_many_are_known);
    tcase_add_test(tests, many_small_values_take_no_more_than_their_text);
    tcase_add_test(tests, who_is_not_told_of_again_is_gone);
    tcase_add_test(tests, nobody_is_given_up_while_the_link_is_down);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
