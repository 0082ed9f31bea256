// SPDX-License-Identifier: MIT
// Packets no longer than the transport takes: what cannot fit is refused with its sum before the
// node takes part.
#include "asyncactor/actor.h"
#include "asyncactor/transport.h"
#include "lib/packet.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

// --- A transport that is never up ----------------------------------------------------------------

static struct actor_transport_config opened;
static uv_timer_t only_handle;

static int never_open(struct actor_transport **transport, const struct actor_transport_config *to,
                      char *why, size_t why_size)
{
    (void)transport;
    (void)why;
    (void)why_size;
    opened = *to;
    return uv_timer_init(to->loop, &only_handle);
}

static int never_join(struct actor_transport *transport, const char *group)
{
    (void)transport;
    (void)group;
    return 0;
}

static void never_leave(struct actor_transport *transport, const char *group)
{
    (void)transport;
    (void)group;
}

static int never_send(struct actor_transport *transport, const char *group, const void *bytes,
                      size_t len)
{
    (void)transport;
    (void)group;
    (void)bytes;
    (void)len;
    return -1;
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    opened.host_ops->closed(opened.host);
}

static void never_close(struct actor_transport *transport, bool orderly)
{
    (void)transport;
    (void)orderly;
    uv_close((uv_handle_t *)&only_handle, on_closed);
}

static size_t room; // beside the group's name

static size_t never_packet_max(const struct actor_transport *transport, const char *group)
{
    (void)transport;
    return room - strlen(group);
}

static struct actor_transport_ops never = {
    .schemes = (const char *const[]){"never", NULL},
    .options = (const char *const[]){"iface", "ttl", NULL},
    .open = never_open,
    .join = never_join,
    .leave = never_leave,
    .packet_max = never_packet_max,
    .send = never_send,
    .close = never_close,
};

// --- Tools ---------------------------------------------------------------------------------------

static struct actor_link *node;
static struct actor_config *config;
static char logged[512];

static void on_log(void *context, enum actor_log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

// A link of this name, or why there is none.
static const char *open_link(const char *name, const char *url)
{
    static char why[512];
    struct actor_link_config *to = actor_link_config_new();
    ck_assert_int_eq(actor_link_config_set_transport(to, &never), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_name(to, name), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_url(to, url), ACTOR_OK);
    actor_link_config_set_log(to, ACTOR_LOG_ERROR, on_log, NULL);
    int error = actor_link_new(&node, to);
    snprintf(why, sizeof why, "%s", actor_link_config_why(to));
    actor_link_config_free(to);
    return error == ACTOR_OK ? NULL : why;
}

static struct actor *join(const char *value)
{
    struct actor *actor = NULL;
    ck_assert_int_eq(actor_config_set_value(config, value), ACTOR_OK);
    return actor_new(&actor, node, config, NULL, NULL) == ACTOR_OK ? actor : NULL;
}

static void setup(void)
{
    room = 460;
    config = actor_config_new();
    logged[0] = '\0';
    never.encoding = ACTOR_TRANSPORT_CBOR;
}

static void teardown(void)
{
    actor_config_free(config);
}

// --- The tests -----------------------------------------------------------------------------------

#define NAME_OF_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// A map of four with its keys and `ping` takes 28 bytes, five names of 64 two more each, which
// leaves 453 - 358 = 95; a text's head is two of them.
START_TEST(a_value_that_cannot_fit_is_refused_with_the_sum)
{
    char value[128] = "\"";
    memset(value + 1, 'x', 94);
    ck_assert_ptr_null(open_link(NAME_OF_64, "never://h"));
    value[95] = '"';
    ck_assert_ptr_null(join(value));
    const char *why = actor_config_why(config);
    ck_assert_msg(strstr(why, "454 bytes would not fit") != NULL, "%s", why);
    ck_assert_msg(strstr(why, "group default takes 453") != NULL, "%s", why);
    value[95] = '\0';
    value[94] = '"';
    struct actor *actor = join(value);
    ck_assert_msg(actor != NULL, "%s", actor_config_why(config));
    actor_free(actor);
    actor_link_free(node);
}
END_TEST

START_TEST(a_new_value_that_cannot_fit_leaves_the_old_one)
{
    char value[128] = "\"";
    memset(value + 1, 'x', 110);
    value[111] = '"';
    ck_assert_ptr_null(open_link(NAME_OF_64, "never://h"));
    struct actor *actor = join("1");
    ck_assert_int_eq(actor_set_value(actor, value), ACTOR_EINVAL);
    ck_assert_msg(strstr(logged, "shorten the name or the value") != NULL, "%s", logged);
    ck_assert_int_eq(actor_set_value(actor, "2"), ACTOR_OK);
    actor_free(actor);
    actor_link_free(node);
}
END_TEST

START_TEST(a_name_that_cannot_fit_is_refused)
{
    room = 200;
    ck_assert_ptr_null(open_link(NAME_OF_64, "never://h"));
    ck_assert_ptr_null(join("1"));
    ck_assert_ptr_nonnull(strstr(actor_config_why(config), "shorten the name"));
    actor_link_free(node);
}
END_TEST

START_TEST(an_option_that_a_transport_has_not_is_refused)
{
    ck_assert_ptr_null(open_link("a", "never://h?ttl=3&iface=eth0"));
    ck_assert_str_eq(opened.options[0].key, "ttl");
    ck_assert_str_eq(opened.options[1].value, "eth0");
    ck_assert_ptr_null(opened.options[2].key);
    actor_link_free(node);
    ck_assert_str_eq(open_link("a", "never://h?ttl=3&mtu=9"),
                     "URL never: there is no option mtu; allowed: iface ttl");
}
END_TEST

START_TEST(an_encoding_that_a_build_has_not_is_refused)
{
    never.encoding = ACTOR_TRANSPORT_MSGPACK;
    const char *why = open_link("a", "never://h");
    if (packet_can(ACTOR_TRANSPORT_MSGPACK)) {
        ck_assert_ptr_null(why);
        struct actor *actor = join("1.5");
        ck_assert_ptr_nonnull(actor);
        actor_free(actor);
        actor_link_free(node);
    } else {
        ck_assert_ptr_nonnull(strstr(why, "no MessagePack"));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packet");
    TCase *tests = tcase_create("packet");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_value_that_cannot_fit_is_refused_with_the_sum);
    tcase_add_test(tests, a_new_value_that_cannot_fit_leaves_the_old_one);
    tcase_add_test(tests, a_name_that_cannot_fit_is_refused);
    tcase_add_test(tests, an_option_that_a_transport_has_not_is_refused);
    tcase_add_test(tests, an_encoding_that_a_build_has_not_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
