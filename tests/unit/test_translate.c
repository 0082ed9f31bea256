// SPDX-License-Identifier: MIT
// Packets as MessagePack: what Python nodes sent over Serf is understood, what we send is what they
// read, and whatever breaks a rule is refused for the reason for which it is in CBOR.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"
#include "lib/translate.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static enum drop decode(const uint8_t *bytes, size_t len, struct message *m)
{
    static uint8_t cbor[TRANSLATE_CBOR_MAX];
    // In memory of its own, for the address sanitizer.
    uint8_t *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, bytes, len);
    enum drop drop = translate_to_cbor(copy, len, cbor, &len);
    free(copy);
    return drop == DROP_NONE ? codec_decode(cbor, len, m) : drop;
}

static size_t encode(const struct message *m, uint8_t *packet, size_t size)
{
    uint8_t cbor[MESSAGE_MAX_BYTES];
    return translate_from_cbor(cbor, codec_encode(m, cbor, sizeof cbor), packet, size);
}

// --- What Python nodes of asyncactor 0.24 sent, as Serf agents passed it on ---------------------
// -----------------------------

#define PYTHON_INIT "\x82\xa1t\xa4init\xa4node\xa1\x61"
#define PYTHON_VERS                                                                     \
    "\x89\xa1t\xa4vers\xa4node\xa1\x61\xa5"                                             \
    "cycle\xcb\x40\0\0\0\0\0\0\0\xa3gap\xcb\x3f\xe0\0\0\0\0\0\0\xa5nodes\x05\xa6splits" \
    "\x04\xa7n_hosts\x0a\xa7version\0\xa8"                                              \
    "force_in\0"
#define PYTHON_PING "\x84\xa1t\xa4ping\xa4node\xa1\x62\xa5value\0\xa7history\x91\xa1\x62"
#define PYTHON_HIST "\x83\xa1t\xa4hist\xa5value\0\xa7history\x92\xa1\x62\xa1\x61"

static const struct {
    const uint8_t *bytes;
    size_t len;
} recorded[] = {
    {BYTES(PYTHON_INIT)}, {BYTES(PYTHON_VERS)}, {BYTES(PYTHON_PING)}, {BYTES(PYTHON_HIST)}};
enum { RECORDED = sizeof recorded / sizeof *recorded };

START_TEST(what_python_nodes_said_is_understood)
{
    struct message m;
    ck_assert_int_eq(decode(BYTES(PYTHON_INIT), &m), DROP_NONE);
    ck_assert(m.type == MESSAGE_INIT && name_equal(m.node, name_of("a")));
    ck_assert_int_eq(decode(BYTES(PYTHON_VERS), &m), DROP_NONE);
    ck_assert_int_eq(m.params.cycle_ns, 2000000000);
    ck_assert_int_eq(m.params.gap_ns, 500000000);
    ck_assert_int_eq(m.params.n_hosts, 10);
    ck_assert(!m.params.force_in);
    ck_assert_int_eq(decode(BYTES(PYTHON_PING), &m), DROP_NONE);
    ck_assert(m.type == MESSAGE_PING && m.value.len == 1 && m.value.cbor[0] == 0);
    ck_assert_int_eq(decode(BYTES(PYTHON_HIST), &m), DROP_NONE);
    ck_assert_uint_eq(m.history.count, 2);
    ck_assert(name_equal(m.history.names[1], name_of("a")));
}
END_TEST

START_TEST(what_is_cut_short_is_refused)
{
    struct message m;
    for (size_t len = 0; len < recorded[_i].len; len++) {
        ck_assert_int_eq(decode(recorded[_i].bytes, len, &m), DROP_MALFORMED);
    }
}
END_TEST

// M3: a byte that is changed leads to a refusal, or to a message that could have been sent.
START_TEST(any_byte_changed_does_no_harm)
{
    struct message m, again;
    uint8_t packet[MESSAGE_MAX_BYTES], changed[128];
    memcpy(changed, recorded[_i].bytes, recorded[_i].len);
    for (size_t at = 0; at < recorded[_i].len; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            changed[at] = (uint8_t)byte;
            if (decode(changed, recorded[_i].len, &m) == DROP_NONE) {
                size_t len = encode(&m, packet, sizeof packet);
                ck_assert_uint_gt(len, 0);
                ck_assert_int_eq(decode(packet, len, &again), DROP_NONE);
            }
        }
        changed[at] = recorded[_i].bytes[at];
    }
}
END_TEST

// --- What we send --------------------------------------------------------------------------------

// The keys are in the order of M1, which Python nodes do not mind; the rest is as they write it.
START_TEST(a_beacon_is_written_as_messagepack)
{
    static const char want[] =
        "\x84\xa4node\xa1\x62\xa5value\x2a\xa7history\x92\xa1\x62\xa1\x61\xa1t\xa4ping";
    const struct message m = {.type = MESSAGE_PING,
                              .node = name_of("b"),
                              .value = {(const uint8_t *)"\x18\x2a", 2},
                              .history = {2, {name_of("b"), name_of("a")}}};
    uint8_t packet[64];
    ck_assert_uint_eq(encode(&m, packet, sizeof packet), sizeof want - 1);
    ck_assert_mem_eq(packet, want, sizeof want - 1);
    for (size_t size = 0; size < sizeof want - 1; size++) {
        ck_assert_uint_eq(encode(&m, packet, size), 0);
    }
}
END_TEST

START_TEST(seconds_are_doubles_and_force_in_is_a_boolean)
{
    const struct message m = {
        .type = MESSAGE_VERS, .node = name_of("a"), .params = params_default, .nonce = NONCE_MAX};
    struct message again;
    uint8_t packet[MESSAGE_MAX_BYTES];
    size_t len = encode(&m, packet, sizeof packet);
    ck_assert_ptr_nonnull(memmem(packet, len, BYTES("\xa3gap\xcb\x3f\xf8")));
    ck_assert_ptr_nonnull(memmem(packet, len, BYTES("force_in\xc2")));
    ck_assert_int_eq(decode(packet, len, &again), DROP_NONE);
    ck_assert_uint_eq(again.nonce, NONCE_MAX);
    ck_assert_int_eq(params_compare(&again.params, &m.params), 0);
}
END_TEST

// Of every kind, and at the edges of each: as CBOR, and there and back.
static const struct {
    const uint8_t *cbor;
    size_t len;
} values[] = {
    {BYTES("\xf6")},
    {BYTES("\xf5")},
    {BYTES("\x17")},
    {BYTES("\x1b\xff\xff\xff\xff\xff\xff\xff\xff")},
    {BYTES("\x20")},
    {BYTES("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff")},
    {BYTES("\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a")},
    {BYTES("\x43\x01\x02\x03")},
    {BYTES("\x78\x1f"
           "0123456789012345678901234567890")},
    {BYTES("\x84\x01\x82\x61x\xf4\x80\x40")},
};

START_TEST(a_value_stays_what_it_is)
{
    const struct message m = {.type = MESSAGE_HIST,
                              .value = {values[_i].cbor, values[_i].len},
                              .history = {1, {name_of("a")}}};
    struct message again;
    uint8_t packet[MESSAGE_MAX_BYTES];
    size_t len = encode(&m, packet, sizeof packet);
    ck_assert_int_eq(decode(packet, len, &again), DROP_NONE);
    ck_assert_uint_eq(again.value.len, m.value.len);
    ck_assert_mem_eq(again.value.cbor, m.value.cbor, m.value.len);
}
END_TEST

START_TEST(a_number_below_what_messagepack_has_is_not_written)
{
    const struct message m = {.type = MESSAGE_HIST,
                              .value = {(const uint8_t *)"\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9},
                              .history = {1, {name_of("a")}}};
    uint8_t packet[MESSAGE_MAX_BYTES];
    ck_assert_uint_eq(encode(&m, packet, sizeof packet), 0);
}
END_TEST

// --- What is refused
// -------------------------------------------------------------------------------

#define HIST(value) "\x83\xa1t\xa4hist\xa5value" value "\xa7history\x91\xa1\x61"

static const struct {
    const uint8_t *bytes;
    size_t len;
    enum drop reason;
} refused[] = {
    {BYTES(""), DROP_MALFORMED},
    {BYTES("\xc1"), DROP_MALFORMED},
    {BYTES("\xc0"), DROP_NOT_A_MAP},
    {BYTES(PYTHON_INIT "\0"), DROP_TRAILING},
    {BYTES("\xdd\xff\xff\xff\xff"), DROP_MALFORMED}, // 4 billion items
    {BYTES("\xdf\xff\xff\xff\xff"), DROP_MALFORMED},
    {BYTES("\xdb\xff\xff\xff\xff"), DROP_MALFORMED},
    {BYTES(HIST("\xd4\x01\x01")), DROP_ENCODING}, // a type of somebody's own
    {BYTES(HIST("\xa1\xff")), DROP_ENCODING},     // not UTF-8
    {BYTES(HIST("\xcb\x7f\xf8\0\0\0\0\0\0")), DROP_VALUE},
    {BYTES(HIST("\x80")), DROP_VALUE},
    {BYTES(HIST("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01")), DROP_TOO_DEEP},
    {BYTES("\x82\xa1t\xa4init\x01\x02"), DROP_KEY},
    {BYTES("\x82\xa1t\xa4init\xa1t\xa4init"), DROP_KEY},
};

START_TEST(what_breaks_a_rule_is_refused_for_it)
{
    struct message m;
    ck_assert_int_eq(decode(refused[_i].bytes, refused[_i].len, &m), refused[_i].reason);
}
END_TEST

START_TEST(more_than_4_KiB_are_refused)
{
    static const uint8_t nothing[MESSAGE_MAX_BYTES + 1];
    struct message m;
    ck_assert_int_eq(decode(nothing, sizeof nothing - 1, &m), DROP_TRAILING);
    ck_assert_int_eq(decode(nothing, sizeof nothing, &m), DROP_TOO_LONG);
}
END_TEST

// Everything is a byte longer in CBOR at most.
START_TEST(the_longest_packet_has_room_as_cbor)
{
    static uint8_t packet[MESSAGE_MAX_BYTES] = "\xdc\x0f\xfd", cbor[TRANSLATE_CBOR_MAX];
    size_t len = 0;
    memset(packet + 3, 0x7f, sizeof packet - 3); // 24 to 127 take two bytes there
    ck_assert_int_eq(translate_to_cbor(packet, sizeof packet, cbor, &len), DROP_NONE);
    ck_assert_uint_eq(len, 3 + 2 * (sizeof packet - 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("translate");
    TCase *tests = tcase_create("translate");
    tcase_add_test(tests, what_python_nodes_said_is_understood);
    tcase_add_loop_test(tests, what_is_cut_short_is_refused, 0, RECORDED);
    tcase_add_loop_test(tests, any_byte_changed_does_no_harm, 0, RECORDED);
    tcase_add_test(tests, a_beacon_is_written_as_messagepack);
    tcase_add_test(tests, seconds_are_doubles_and_force_in_is_a_boolean);
    tcase_add_loop_test(tests, a_value_stays_what_it_is, 0, sizeof values / sizeof *values);
    tcase_add_test(tests, a_number_below_what_messagepack_has_is_not_written);
    tcase_add_loop_test(tests, what_breaks_a_rule_is_refused_for_it, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tests, more_than_4_KiB_are_refused);
    tcase_add_test(tests, the_longest_packet_has_room_as_cbor);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
