// SPDX-License-Identifier: MIT
// Values from JSON and back, and events as JSON: the keys that programs rely on, in lines that any
// reader of JSON takes.
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "asyncactor/actor.h"
#include "core/value.h"
#include "lib/codec.h"
#include "lib/json.h"

// --- Values ------------------------------------------------------------------------------------

#define BYTES(text) text, sizeof(text) - 1

// What people write, its encoding, and how it is shown.
static const struct {
    const char *json, *cbor;
    size_t len;
    const char *shown;
} values[] = {
    {"null", BYTES("\xf6"), "null"},
    {"true", BYTES("\xf5"), "true"},
    {" false ", BYTES("\xf4"), "false"},
    {"0", BYTES("\x00"), "0"},
    {"23", BYTES("\x17"), "23"},
    {"24", BYTES("\x18\x18"), "24"},
    {"-1", BYTES("\x20"), "-1"},
    {"9223372036854775807", BYTES("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), "9223372036854775807"},
    {"-9223372036854775808", BYTES("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), "-9223372036854775808"},
    {"1.5", BYTES("\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5"},
    {"0.1", BYTES("\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1"},
    {"\"\"", BYTES("\x60"), "\"\""},
    {"\"\\u00e4\\u0000b\"",
     BYTES("\x64\xc3\xa4\x00"
           "b"),
     "\"\xc3\xa4\\u0000b\""},
    {"[]", BYTES("\x80"), "[]"},
    {"[1, [\"a\", []], null]",
     BYTES("\x83\x01\x82\x61"
           "a\x80\xf6"),
     "[1,[\"a\",[]],null]"},
    {"[[[[[[[1]]]]]]]", BYTES("\x81\x81\x81\x81\x81\x81\x81\x01"), "[[[[[[[1]]]]]]]"},
};

START_TEST(a_value_is_written_as_cbor_and_shown_again)
{
    uint8_t cbor[VALUE_MAX_BYTES];
    size_t len = 0;
    char why[256] = "", shown[256];
    int error = json_value_to_cbor(values[_i].json, cbor, sizeof cbor, &len, why, sizeof why);
    ck_assert_msg(error == 0, "%s", why);
    ck_assert_uint_eq(len, values[_i].len);
    ck_assert_mem_eq(cbor, values[_i].cbor, len);
    ck_assert_int_eq(codec_check_value(cbor, len), DROP_NONE);
    ck_assert_int_eq(json_value_from_cbor(cbor, len, shown, sizeof shown), 0);
    ck_assert_str_eq(shown, values[_i].shown);
    ck_assert_int_eq(json_value_from_cbor(cbor, len, shown, strlen(values[_i].shown)), -1);
}
END_TEST

// What only others write.
static const struct {
    const char *cbor;
    size_t len;
    const char *shown;
} foreign[] = {
    {BYTES("\xf9\x3e\x00"), "1.5"},
    {BYTES("\xfb\xff\xef\xff\xff\xff\xff\xff\xff"), "-1.79769313486231e308"}, // -DBL_MAX
    {BYTES("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), "1.84467440737096e19"},
    {BYTES("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), "-1.84467440737096e19"},
    {BYTES("\x43\x00\x0a\xff"), "\"h'000aff'\""},
    {BYTES("\x82\x40\x40"), "[\"h''\",\"h''\"]"},
};

START_TEST(a_value_of_another_kind_of_node_is_shown)
{
    char shown[256];
    ck_assert_int_eq(json_value_from_cbor((const uint8_t *)foreign[_i].cbor, foreign[_i].len, shown,
                                          sizeof shown),
                     0);
    ck_assert_str_eq(shown, foreign[_i].shown);
}
END_TEST

static const struct {
    const char *json, *word;
} refused[] = {
    {"", "must be JSON"},      {"nul", "must be JSON"},         {"1 2", "must be JSON"},
    {"1e999", "must be JSON"}, {"\"\xff\"", "must be JSON"},    {"{}", "an array of these"},
    {"[{}]", "an array of"},   {"[[[[[[[[1]]]]]]]]", "deeper"}, {"18446744073709551616", "JSON"},
};

START_TEST(what_is_no_value_is_refused_in_words)
{
    uint8_t cbor[VALUE_MAX_BYTES];
    size_t len;
    char why[256] = "";
    ck_assert_int_eq(json_value_to_cbor(refused[_i].json, cbor, sizeof cbor, &len, why, sizeof why),
                     -1);
    ck_assert_msg(strstr(why, refused[_i].word) != NULL, "%s", why);
}
END_TEST

START_TEST(a_value_that_does_not_fit_is_refused)
{
    uint8_t cbor[VALUE_MAX_BYTES];
    size_t len;
    char why[256], json[300] = "\"", shown[4];
    memset(json + 1, 'x', VALUE_MAX_BYTES - 2);
    json[VALUE_MAX_BYTES - 1] = '"';
    ck_assert_int_eq(json_value_to_cbor(json, cbor, sizeof cbor, &len, why, sizeof why), 0);
    ck_assert_uint_eq(len, VALUE_MAX_BYTES);
    ck_assert_int_eq(json_value_from_cbor(cbor, len, shown, sizeof shown), -1);
    for (size_t room = 0; room < len; room++) {
        ck_assert_int_eq(json_value_to_cbor(json, cbor, room, &len, why, sizeof why), -1);
        len = VALUE_MAX_BYTES;
    }
    ck_assert_msg(strstr(why, "at most 255 bytes") != NULL, "%s", why);
}
END_TEST

// --- Events ------------------------------------------------------------------------------------

static const char *const names[] = {"b", "c\"\\"};

static struct actor_event make_event(enum actor_event_type type)
{
    return (struct actor_event){
        .type = type,
        .group = "g",
        .node = "a",
        .time_ms = 1700000000005,
        .mono_ns = 12000000034,
        .slot = 7,
        .until_ns = 13400000000,
        .url = "local:",
        .reason = "why",
        .by = "b",
        .leader = "c",
        .value = "[1]",
        .ring = {2, names},
        .remote = {1, names},
        .full = true,
        .members = 3,
        .prio = 1,
        .version = 2,
        .cycle_ns = 10000000000,
        .gap_ns = 333333333,
        .nodes = 5,
        .splits = 4,
        .n_hosts = 10,
    };
}

#define HEAD(event)                                                  \
    "{\"event\": \"" event "\", \"group\": \"g\", \"node\": \"a\", " \
    "\"time\": \"2023-11-14T22:13:20.005Z\", \"mono\": 12.000000034"

static const struct {
    enum actor_event_type type;
    const char *json;
} events[] = {
    {ACTOR_EVENT_LINK_UP, HEAD("link-up") ", \"url\": \"local:\", \"reason\": \"why\"}"},
    {ACTOR_EVENT_LINK_DOWN, HEAD("link-down") ", \"url\": \"local:\", \"reason\": \"why\"}"},
    {ACTOR_EVENT_SETUP, HEAD("setup") ", \"version\": 2, \"cycle\": 10, \"gap\": 0.333333333, "
                                      "\"nodes\": 5, \"splits\": 4, \"n_hosts\": 10, "
                                      "\"force_in\": false, \"by\": \"b\"}"},
    {ACTOR_EVENT_TAG, HEAD("tag") ", \"value\": [1], \"slot\": 7, \"until\": 13.400000000}"},
    {ACTOR_EVENT_RENEW, HEAD("renew") ", \"slot\": 7, \"until\": 13.400000000}"},
    {ACTOR_EVENT_UNTAG, HEAD("untag") ", \"slot\": 7, \"reason\": \"why\"}"},
    {ACTOR_EVENT_DETAG, HEAD("detag") ", \"slot\": 7, \"by\": \"b\"}"},
    {ACTOR_EVENT_PING, HEAD("ping") ", \"leader\": \"c\", \"value\": [1]}"},
    {ACTOR_EVENT_SLOT, HEAD("slot") ", \"slot\": 7, \"leader\": \"c\", \"ring\": [\"b\", "
                                    "\"c\\\"\\\\\"], \"full\": true, \"members\": 3}"},
    {ACTOR_EVENT_GOOD_NODE, HEAD("good-node") ", \"nodes\": [\"b\", \"c\\\"\\\\\"]}"},
    {ACTOR_EVENT_RECOVER, HEAD("recover") ", \"prio\": 1, \"replace\": false, \"local\": [\"b\", "
                                          "\"c\\\"\\\\\"], \"remote\": [\"b\"]}"},
    {ACTOR_EVENT_NAME_TAKEN, HEAD("name-taken") "}"},
};

START_TEST(an_event_has_its_keys)
{
    struct actor_event event = make_event(events[_i].type);
    char json[ACTOR_EVENT_JSON_MAX];
    int len = actor_event_json(&event, json, sizeof json);
    ck_assert_str_eq(json, events[_i].json);
    ck_assert_int_eq(len, (int)strlen(json));
    json_t *parsed = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(parsed);
    json_decref(parsed);
}
END_TEST

// What is not there, and the truth that the events above do not have.
static const struct {
    struct actor_event event;
    const char *end;
} bare[] = {
    {{.type = ACTOR_EVENT_SLOT},
     ", \"slot\": 0, \"leader\": null, \"ring\": [], \"full\": false, \"members\": 0}"},
    {{.type = ACTOR_EVENT_PING}, ", \"leader\": null, \"value\": null}"},
    {{.type = ACTOR_EVENT_SETTLED, .index = 2, .total = 3, .view = 7},
     ", \"index\": 2, \"total\": 3, \"view\": 7, \"members\": []}"},
    {{.type = ACTOR_EVENT_ROSTER, .view = 7, .settled = true},
     ", \"view\": 7, \"settled\": true, \"members\": []}"},
    {{.type = ACTOR_EVENT_SETUP, .force_in = true}, ", \"force_in\": true, \"by\": null}"},
    {{.type = ACTOR_EVENT_RECOVER, .replace = true},
     ", \"replace\": true, \"local\": [], \"remote\": []}"},
};

START_TEST(what_an_event_has_not_is_null)
{
    char json[ACTOR_EVENT_JSON_MAX];
    size_t len = (size_t)actor_event_json(&bare[_i].event, json, sizeof json);
    ck_assert_uint_gt(len, strlen(bare[_i].end));
    ck_assert_str_eq(json + len - strlen(bare[_i].end), bare[_i].end);
}
END_TEST

// Each character becomes six.
START_TEST(a_long_reason_is_not_lost)
{
    char reason[512] = "", json[ACTOR_EVENT_JSON_MAX];
    struct actor_event event = make_event(ACTOR_EVENT_LINK_DOWN);
    memset(reason, '\x01', sizeof reason - 1);
    event.reason = reason;
    ck_assert_int_gt(actor_event_json(&event, json, sizeof json), 6 * 511);
}
END_TEST

START_TEST(an_event_that_does_not_fit_is_refused)
{
    struct actor_event event = make_event(ACTOR_EVENT_RECOVER);
    char json[ACTOR_EVENT_JSON_MAX];
    size_t len = (size_t)actor_event_json(&event, json, sizeof json);
    for (size_t size = 0; size <= len; size++) {
        ck_assert_int_eq(actor_event_json(&event, json, size), ACTOR_EINVAL);
    }
    ck_assert_int_eq(actor_event_json(&event, json, len + 1), (int)len);
}
END_TEST

// Two rings as long as a packet, of names that are all escapes.
START_TEST(the_longest_event_fits)
{
    char name[65] = "", json[ACTOR_EVENT_JSON_MAX];
    const char *ring[62];
    memset(name, '"', 64);
    for (int i = 0; i < 62; i++) {
        ring[i] = name;
    }
    struct actor_event event = make_event(ACTOR_EVENT_RECOVER);
    event.node = event.group = name;
    event.ring = event.remote = (struct actor_names){62, ring};
    ck_assert_int_gt(actor_event_json(&event, json, sizeof json), 2 * 62 * 2 * 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_loop_test(tests, a_value_is_written_as_cbor_and_shown_again, 0,
                        sizeof values / sizeof *values);
    tcase_add_loop_test(tests, a_value_of_another_kind_of_node_is_shown, 0,
                        sizeof foreign / sizeof *foreign);
    tcase_add_loop_test(tests, what_is_no_value_is_refused_in_words, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tests, a_value_that_does_not_fit_is_refused);
    tcase_add_loop_test(tests, an_event_has_its_keys, 0, sizeof events / sizeof *events);
    tcase_add_loop_test(tests, what_an_event_has_not_is_null, 0, sizeof bare / sizeof *bare);
    tcase_add_test(tests, a_long_reason_is_not_lost);
    tcase_add_test(tests, an_event_that_does_not_fit_is_refused);
    tcase_add_test(tests, the_longest_event_fits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
