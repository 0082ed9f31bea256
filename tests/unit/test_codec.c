// SPDX-License-Identifier: MIT
// Packets and messages (M1, M2, M3): what Python nodes sent is read and written again to the byte,
// and whatever breaks a rule is refused for its reason, wherever it is broken.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"

// --- What Python nodes sent --------------------------------------------------------------------

enum { VECTORS_MAX = 64, VECTOR_BYTES = 256 };

static struct vector {
    size_t len;
    uint8_t bytes[VECTOR_BYTES];
} vectors[VECTORS_MAX];
static int vector_count;

static void read_vector(const char *line)
{
    struct vector *vector = &vectors[vector_count++];
    for (size_t digits = strcspn(line, "\t"); vector->len < digits / 2; vector->len++) {
        const char byte[] = {line[2 * vector->len], line[2 * vector->len + 1], '\0'};
        vector->bytes[vector->len] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

// Lines of hexadecimal digits, and comments.
static void read_vectors(void)
{
    const char *source = getenv("srcdir");
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/tests/vectors/python-asyncactor.tsv",
             source != NULL ? source : ".");
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#') {
            read_vector(line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

// M1: the same keys and types in the same order.
START_TEST(a_recorded_message_is_read_and_written_as_it_was)
{
    const struct vector *vector = &vectors[_i];
    struct message m;
    uint8_t written[VECTOR_BYTES];
    ck_assert_int_eq(codec_decode(vector->bytes, vector->len, &m), DROP_NONE);
    ck_assert_uint_eq(codec_encode(&m, written, sizeof written), vector->len);
    ck_assert_mem_eq(written, vector->bytes, vector->len);
}
END_TEST

START_TEST(a_recorded_message_that_is_cut_short_is_refused)
{
    const struct vector *vector = &vectors[_i];
    struct message m;
    for (size_t len = 0; len < vector->len; len++) {
        // In memory of its own, for the address sanitizer.
        uint8_t *cut = malloc(len > 0 ? len : 1);
        memcpy(cut, vector->bytes, len);
        ck_assert_int_eq(codec_decode(cut, len, &m), DROP_MALFORMED);
        free(cut);
    }
}
END_TEST

// M3: a byte that is changed leads to a refusal, or to a message that could have been sent.
START_TEST(a_recorded_message_with_any_byte_changed_does_no_harm)
{
    struct vector vector = vectors[_i];
    struct message m, again;
    uint8_t written[MESSAGE_MAX_BYTES];
    for (size_t at = 0; at < vector.len; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t before = vector.bytes[at];
            vector.bytes[at] = (uint8_t)byte;
            if (codec_decode(vector.bytes, vector.len, &m) == DROP_NONE) {
                size_t len = codec_encode(&m, written, sizeof written);
                ck_assert_uint_gt(len, 0);
                ck_assert_int_eq(codec_decode(written, len, &again), DROP_NONE);
            }
            vector.bytes[at] = before;
        }
    }
}
END_TEST

START_TEST(what_a_recorded_message_says_is_understood)
{
    static const char beacon[] = "\xa4\x64node\x63n01\x65value\x18\x1f\x67history\x82\x63n01\x63n02"
                                 "\x61t\x64ping";
    struct message m;
    ck_assert_int_eq(codec_decode((const uint8_t *)beacon, sizeof beacon - 1, &m), DROP_NONE);
    ck_assert_int_eq(m.type, MESSAGE_PING);
    ck_assert(name_equal(m.node, name_of("n01")));
    ck_assert_uint_eq(m.value.len, 2);
    ck_assert_int_eq(m.value.cbor[1], 31);
    ck_assert_uint_eq(m.history.count, 2);
    ck_assert(name_equal(m.history.names[1], name_of("n02")));
}
END_TEST

// --- Numbers, as any encoding writes them ------------------------------------------------------

#define NODE "\x64node\x61"
#define HISTORY "\x67history"
#define PING "\x61t\x64ping"
#define HIST "\x61t\x64hist"
#define VERS "\x61t\x64vers"
#define READY "\x65ready"
#define LEFT "\x64left"
#define HEIR "\x64heir"
#define PREFER "\x66prefer"
#define NEVER "\x65never"
#define PREEMPT "\x67preempt"
#define WISHES "\x66wishes"
#define WAITS "\x65waits"
#define AWAY \
    "\x64"   \
    "away"
#define INIT "\xa2" NODE "a\x61t\x64init"
// A vers from "a" but for three of its parameters.
#define VERS_OF(version, cycle, gap, more)                                       \
    "\xa9" NODE "a\x67version" version "\x65"                                    \
    "cycle" cycle "\x63gap" gap "\x65nodes\x05\x66splits\x04\x67n_hosts\x0a\x68" \
    "force_in\xf4" VERS more

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t len;
    int64_t version, cycle_ns, gap_ns;
} sets[] = {
    {BYTES(VERS_OF("\x00", "\x0a", "\xf9\x3e\x00", "")), 0, 10000000000, 1500000000},
    {BYTES(VERS_OF("\x18\x07", "\x1a\x00\x01\x51\x80", "\xfa\x3f\xc0\x00\x00", "")), 7,
     86400000000000, 1500000000},
    {BYTES(VERS_OF("\xf9\x3c\x00", "\xf9\x49\x00", "\xfb\x3f\xd3\x33\x33\x33\x33\x33\x33", "")), 1,
     10000000000, 300000000},
    {BYTES(VERS_OF("\x1b\x00\x20\x00\x00\x00\x00\x00\x00", "\x19\x00\x0a", "\x01", "")),
     INT64_C(1) << 53, 10000000000, 1000000000},
};

START_TEST(parameters_are_read_from_any_encoding_of_a_number)
{
    struct message m;
    ck_assert_int_eq(codec_decode((const uint8_t *)sets[_i].bytes, sets[_i].len, &m), DROP_NONE);
    ck_assert_int_eq(m.params.version, sets[_i].version);
    ck_assert_int_eq(m.params.cycle_ns, sets[_i].cycle_ns);
    ck_assert_int_eq(m.params.gap_ns, sets[_i].gap_ns);
    ck_assert_int_eq(m.params.nodes, 5);
    ck_assert_int_eq(m.params.splits, 4);
    ck_assert_int_eq(m.params.n_hosts, 10);
    ck_assert(!m.params.force_in);
    ck_assert_uint_eq(m.nonce, 0);
    ck_assert(!m.unready);
}
END_TEST

// --- What is refused, and why ------------------------------------------------------------------

#define ONE_NAME \
    "\x81\x61"   \
    "a"
#define VALUE "\x65value"
#define BEACON(value) "\xa4" NODE "a" VALUE value HISTORY ONE_NAME PING
#define BEACON_OF(history) "\xa4" NODE "a" VALUE "\x00" HISTORY history PING

static const struct {
    enum drop drop;
    const char *bytes;
    size_t len;
} refused[] = {
    {DROP_MALFORMED, BYTES("")},
    {DROP_MALFORMED, BYTES("\x1c")},      // a head that CBOR reserves
    {DROP_MALFORMED, BYTES("\xa1\x61t")}, // less than it promises
    {DROP_TRAILING, BYTES("\xa2" NODE "a\x61t\x64init\x00")},
    {DROP_TRAILING, BYTES(BEACON("\x00") BEACON("\x00"))},
    {DROP_NOT_A_MAP, BYTES("\x80")},
    {DROP_NOT_A_MAP, BYTES("\x64ping")},
    {DROP_KEY, BYTES("\xa3" NODE "a\x01\x02\x61t\x64init")}, // a number for a key
    {DROP_KEY, BYTES("\xa3" NODE "a" NODE "a\x61t\x64init")},
    {DROP_KEY, BYTES("\xa4" NODE "a\x61x\x00\x61x\x00\x61t\x64init")}, // unknown, and twice
    {DROP_KEY, BYTES("\xb8\x41")},                                     // 65 of them
    {DROP_ENCODING, BYTES("\xbf\x61t\x64init\xff")},                   // indefinite
    {DROP_ENCODING, BYTES(BEACON_OF("\x9f\x61"
                                    "a\xff"))},
    {DROP_ENCODING, BYTES(BEACON("\x7f\x61x\xff"))},
    {DROP_ENCODING, BYTES(BEACON("\xc1\x00"))}, // a tag
    {DROP_ENCODING, BYTES("\xd9\xd9\xf7" BEACON("\x00"))},
    {DROP_ENCODING, BYTES(BEACON("\xf7"))}, // undefined
    {DROP_ENCODING, BYTES(BEACON("\x5f"))}, // the begin of an indefinite one, alone
    {DROP_ENCODING, BYTES(BEACON("\x7f"))},
    {DROP_ENCODING, BYTES(BEACON("\xff"))},                  // and its end
    {DROP_ENCODING, BYTES("\xa2" NODE "\xff\x61t\x64init")}, // no UTF-8
    {DROP_ENCODING, BYTES(BEACON("\x62\xc0\x80"))},          // NUL in two bytes
    {DROP_ENCODING, BYTES(BEACON("\x63\xed\xa0\x80"))},      // half of a pair
    {DROP_TOO_DEEP, BYTES(BEACON("\x81\x81\x81\x81\x81\x81\x81\x81\x00"))},
    {DROP_TOO_DEEP, BYTES("\xa3" NODE "a\x61x\x81\x81\x81\x81\x81\x81\x81\x81\x00\x61t\x64init")},
    {DROP_TYPE, BYTES("\xa1" NODE "a")},
    {DROP_TYPE, BYTES("\xa2" NODE "a\x61t\x64pong")},
    {DROP_TYPE, BYTES("\xa2" NODE "a\x61t\x00")},
    {DROP_MISSING, BYTES("\xa1\x61t\x64init")},
    {DROP_MISSING, BYTES("\xa3" NODE "a" HISTORY ONE_NAME PING)},
    {DROP_MISSING, BYTES("\xa3" NODE "a" VALUE "\x00" PING)},
    {DROP_MISSING, BYTES("\xa2" NODE "a" VERS)},
    {DROP_KIND, BYTES("\xa2\x64node\x01\x61t\x64init")},
    {DROP_KIND, BYTES(BEACON_OF("\x61"
                                "a"))},
    {DROP_KIND, BYTES(BEACON_OF("\x81\x00"))},
    {DROP_KIND, BYTES(VERS_OF("\x61"
                              "1",
                              "\x0a", "\x01", ""))},
    {DROP_KIND, BYTES(VERS_OF("\x00", "\xf5", "\x01", ""))},
    {DROP_BOUNDS, BYTES(VERS_OF("\x21", "\x0a", "\x01", ""))},         // -2
    {DROP_BOUNDS, BYTES(VERS_OF("\xf9\x3e\x00", "\x0a", "\x01", ""))}, // 1.5
    {DROP_BOUNDS, BYTES(VERS_OF("\x1b\x00\x20\x00\x00\x00\x00\x00\x01", "\x0a", "\x01", ""))},
    {DROP_BOUNDS, BYTES(VERS_OF("\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "\x0a", "\x01", ""))},
    {DROP_BOUNDS, BYTES(VERS_OF("\x00", "\xf9\x7c\x00", "\x01", ""))},         // infinite
    {DROP_BOUNDS, BYTES(VERS_OF("\x00", "\xf9\x7e\x00", "\x01", ""))},         // no number
    {DROP_BOUNDS, BYTES(VERS_OF("\x00", "\x0a", "\x29", ""))},                 // -10
    {DROP_BOUNDS, BYTES(VERS_OF("\x00", "\x1a\x00\x01\x51\x81", "\x01", ""))}, // cycle over 86400
    {DROP_BOUNDS, BYTES(VERS_OF("\x00", "\x0a", "\x04", ""))},                 // cycle under 3 gap
    {DROP_BOUNDS, BYTES("\xa1\x65nodes\x1b\x00\x00\x00\x01\x00\x00\x00\x05")}, // 2^32 + 5
    {DROP_BOUNDS, BYTES("\xa1\x65nonce\x1b\x00\x20\x00\x00\x00\x00\x00\x00")}, // 2^53
    {DROP_KIND, BYTES("\xa1\x68"
                      "force_in\x02")},
    {DROP_KIND, BYTES("\xa1" READY "\x00")},
    {DROP_KIND, BYTES("\xa1" READY "\xf6")},
    {DROP_KEY, BYTES("\xa2" READY "\xf4" READY "\xf4")},
    {DROP_KIND, BYTES("\xa1" LEFT "\x01")},
    {DROP_KIND, BYTES("\xa1" HEIR "\xf5")},
    {DROP_NAME, BYTES("\xa1" HEIR "\x60")},
    {DROP_NAME, BYTES("\xa1" HEIR "\x61/")},
    {DROP_KIND, BYTES("\xa1" PREFER "\xf5")},
    {DROP_BOUNDS, BYTES("\xa1" PREFER "\x18\x65")}, // 101
    {DROP_BOUNDS, BYTES("\xa1" PREFER "\x20")},     // -1
    {DROP_BOUNDS, BYTES("\xa1" PREFER "\xf9\x3e\x00")},
    {DROP_KIND, BYTES("\xa1" NEVER "\x01")},
    {DROP_BOUNDS, BYTES("\xa1" AWAY "\x1a\x00\x09\x3a\x81")}, // 604801
    {DROP_BOUNDS, BYTES("\xa1" AWAY "\x20")},
    {DROP_KIND, BYTES("\xa1" AWAY "\x80")},
    {DROP_KIND, BYTES("\xa1" PREEMPT "\x01")},
    {DROP_NAME, BYTES("\xa2" NODE "/\x61t\x64init")},
    {DROP_NAME, BYTES("\xa2\x64node\x60\x61t\x64init")},
    {DROP_NAME, BYTES(BEACON_OF("\x82\x61"
                                "a\x61#"))},
    {DROP_VALUE, BYTES(BEACON("\xa0"))}, // a map
    {DROP_VALUE, BYTES(BEACON("\x81\xa0"))},
    {DROP_VALUE, BYTES(BEACON("\xf9\x7c\x00"))},
    {DROP_VALUE, BYTES(BEACON("\x81\xfa\x7f\xc0\x00\x00"))},
    {DROP_HISTORY, BYTES(BEACON_OF("\x80"))},
    {DROP_HISTORY, BYTES(BEACON_OF("\x82\x61"
                                   "a\x61"
                                   "a"))},
    {DROP_HISTORY, BYTES(BEACON_OF("\x83\x61"
                                   "a\x61"
                                   "b\x61"
                                   "b"))},
    {DROP_HISTORY, BYTES(BEACON_OF("\x81\x61"
                                   "b"))},        // not headed by its sender
    {DROP_HISTORY, BYTES(BEACON_OF("\x98\x41"))}, // 65 names
    {DROP_HISTORY, BYTES("\xa3" VALUE "\x00" HISTORY "\x80" HIST)},
};

START_TEST(what_breaks_a_rule_is_refused_for_its_reason)
{
    struct message m;
    uint8_t *bytes = malloc(refused[_i].len + 1);
    memcpy(bytes, refused[_i].bytes, refused[_i].len);
    enum drop drop = codec_decode(bytes, refused[_i].len, &m);
    ck_assert_msg(drop == refused[_i].drop, "%s, not: %s", drop_text(drop),
                  drop_text(refused[_i].drop));
    free(bytes);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
} taken[] = {
    {BYTES("\xa3" NODE "a\x61x\x81\xa1\x01\xf9\x7c\x00\x61t\x64init")}, // an unknown key
    {BYTES("\xa2\x61t\x64init" NODE "a")},                              // another order
    {BYTES("\xb8\x02" NODE "a\x61t\x78\x04init")},                      // longer heads
    {BYTES(BEACON("\xf6"))},
    {BYTES(BEACON("\x81\x81\x81\x81\x81\x81\x81\x00"))}, // as deep as may be
    {BYTES("\xa3" NODE "a\x61x\x81\x81\x81\x81\x81\x81\x81\x00\x61t\x64init")},
    {BYTES(BEACON("\x83\xf5\x41\xff\x62\xc3\xa4"))},
};

START_TEST(what_breaks_no_rule_is_taken)
{
    struct message m;
    ck_assert_int_eq(codec_decode((const uint8_t *)taken[_i].bytes, taken[_i].len, &m), DROP_NONE);
}
END_TEST

// --- Sizes -------------------------------------------------------------------------------------

// A byte string with a head of three bytes, and zeros in it.
static size_t put_bytes(uint8_t *to, size_t len)
{
    to[0] = 0x59;
    to[1] = (uint8_t)(len >> 8);
    to[2] = (uint8_t)len;
    memset(to + 3, 0, len);
    return len + 3;
}

// A beacon from "a" with byte strings: of `value` bytes for a value, and of `more` under an unknown
// key.
static size_t make_long(uint8_t *packet, size_t value, size_t more)
{
    static const uint8_t head[] = {"\xa5" NODE "a" HISTORY ONE_NAME PING VALUE};
    size_t len = sizeof head - 1;
    memcpy(packet, head, len);
    len += put_bytes(packet + len, value);
    packet[len++] = 0x61;
    packet[len++] = 'x';
    return len + put_bytes(packet + len, more);
}

// --- Views (S1) ----------------------------------------------------------------------------------

// {"node": "a", "view": 3, "settled": true, "members": ["b", "a"], "t": "view"}
static const char view[] = "\xa5\x64node\x61"
                           "a\x64view\x03\x67settled\xf5\x67members\x82\x61"
                           "b\x61"
                           "a\x61t\x64view";

START_TEST(s1_a_view_is_written_in_the_order_of_its_keys_and_read_again)
{
    const struct name names[] = {{"b", 1}, {"a", 1}};
    struct message m = {.type = MESSAGE_VIEW, .node = names[1], .view = 3, .settled = true}, again;
    struct members_room room;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.members = (struct members){.count = 2, .names = names};
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet), sizeof view - 1);
    ck_assert_mem_eq(packet, view, sizeof view - 1);
    ck_assert_int_eq(codec_decode_view(packet, sizeof view - 1, &room, &again), DROP_NONE);
    ck_assert(again.view == 3 && again.settled && again.members.count == 2);
    ck_assert(name_equal(again.node, names[1]) && name_equal(again.members.names[0], names[0]));
}
END_TEST

// {... "members": ["b", "a"], "wishes": [0, 228], "t": "view"}: zeros at the end are left out.
START_TEST(s5_the_wishes_of_a_view_are_written_before_the_type_and_read_again)
{
    static const char end[] = "\x61"
                              "a" WISHES "\x82\x00\x18\xe4\x61t\x64view";
    const struct name names[] = {{"b", 1}, {"a", 1}, {"c", 1}};
    const uint32_t wishes[] = {0, 228, 0};
    struct message m = {.type = MESSAGE_VIEW, .node = names[1], .view = 3}, again;
    struct members_room room;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.members = (struct members){.count = 2, .names = names, .wishes = wishes};
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_uint_gt(len, sizeof end);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    m.members.count = 3;
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_int_eq(codec_decode_view(packet, len, &room, &again), DROP_NONE);
    ck_assert_mem_eq(again.members.wishes, wishes, sizeof wishes);
    m.members.wishes = NULL;
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_int_eq(codec_decode_view(packet, len, &room, &again), DROP_NONE);
    ck_assert_ptr_null(again.members.wishes);
}
END_TEST

START_TEST(s6_who_is_waited_for_and_who_has_drained_is_written_and_read_again)
{
    static const char end[] = WAITS "\x83\x01\x00\x01\x66shared\xf5\x61t\x64view";
    static const char drained[] = "\xa3\x64node\x61"
                                  "a\x64view\x18\x2a\x61t\x67"
                                  "drained";
    const struct name names[] = {{"b", 1}, {"a", 1}};
    const uint32_t waits[] = {1, 0, 1};
    struct message m = {.type = MESSAGE_VIEW, .node = names[1], .view = 3}, read;
    struct members_room room;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.members = (struct members){.count = 2, .names = names, .waits = waits};
    m.shared = true;
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    ck_assert_int_eq(codec_decode_view(packet, len, &room, &read), DROP_NONE);
    ck_assert_mem_eq(read.members.waits, waits, sizeof waits);
    ck_assert(read.shared && !read.settled);
    m = (struct message){.type = MESSAGE_DRAINED, .node = names[1], .view = 42};
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_uint_eq(len, sizeof drained - 1);
    ck_assert_mem_eq(packet, drained, len);
    ck_assert_int_eq(codec_decode_view(packet, len, &room, &read), DROP_NONE);
    ck_assert(read.type == MESSAGE_DRAINED && read.view == 42 && name_equal(read.node, names[1]));
    ck_assert_int_eq(codec_decode(packet, len, &read), DROP_TYPE);
}
END_TEST

START_TEST(s7_absence_is_written_to_vers_as_a_number_and_to_a_view_as_a_list)
{
    static const char of_vers[] = AWAY "\x18\x3c" VERS;
    static const char of_view[] = AWAY "\x82\x00\x18\x3c\x61t\x64view";
    const struct name names[] = {{"b", 1}, {"a", 1}};
    const uint32_t away_s[] = {0, 60};
    struct message m = {.type = MESSAGE_VERS, .node = name_of("a"), .params = params_default}, read;
    struct members_room room;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.away_s = 60;
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof of_vers - 1), of_vers, sizeof of_vers - 1);
    ck_assert_int_eq(codec_decode(packet, len, &read), DROP_NONE);
    ck_assert_uint_eq(read.away_s, 60);
    m = (struct message){.type = MESSAGE_VIEW, .node = names[1], .view = 3};
    m.members = (struct members){.count = 2, .names = names, .away_s = away_s};
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof of_view - 1), of_view, sizeof of_view - 1);
    ck_assert_int_eq(codec_decode_view(packet, len, &room, &read), DROP_NONE);
    ck_assert_mem_eq(read.members.away_s, away_s, sizeof away_s);
    ck_assert_uint_eq(read.away_s, 0);
}
END_TEST

START_TEST(s1_each_channel_has_its_own_messages)
{
    struct members_room room;
    struct message m;
    static const char init[] = "\xa2\x64node\x61"
                               "a\x61t\x64init";
    ck_assert_int_eq(codec_decode((const uint8_t *)view, sizeof view - 1, &m), DROP_TYPE);
    ck_assert_int_eq(codec_decode_view((const uint8_t *)init, sizeof init - 1, &room, &m),
                     DROP_TYPE);
}
END_TEST

#define VIEW_OF(number, members) \
    "\xa5\x64node\x61"           \
    "a\x64view" number "\x67settled\xf4\x67members" members "\x61t\x64view"

#define VIEW_WITH(key, numbers)               \
    "\xa6" key numbers "\x64node\x61"         \
    "a\x64view\x01\x67settled\xf4\x67members" \
    "\x82\x61y\x61z\x61t\x64view"

static const struct {
    enum drop drop;
    const char *bytes;
    size_t len;
} views[] = {
    {DROP_NONE, BYTES(VIEW_OF("\x01", "\x81\x61z"))},
    {DROP_NONE, BYTES(VIEW_OF("\x1b\x00\x20\x00\x00\x00\x00\x00\x00", "\x81\x61z"))}, // 2^53
    {DROP_BOUNDS, BYTES(VIEW_OF("\x1b\x00\x20\x00\x00\x00\x00\x00\x01", "\x81\x61z"))},
    {DROP_BOUNDS, BYTES(VIEW_OF("\x00", "\x81\x61z"))},
    {DROP_KIND, BYTES(VIEW_OF("\x61z", "\x81\x61z"))},
    {DROP_KIND, BYTES(VIEW_OF("\x01", "\x61z"))},
    {DROP_KIND, BYTES(VIEW_OF("\x01", "\x81\x01"))},
    {DROP_MEMBERS, BYTES(VIEW_OF("\x01", "\x80"))},
    {DROP_MEMBERS, BYTES(VIEW_OF("\x01", "\x99\x02\x01"))}, // 513
    {DROP_MEMBERS, BYTES(VIEW_OF("\x01", "\x83\x61y\x61z\x61y"))},
    {DROP_NAME, BYTES(VIEW_OF("\x01", "\x81\x61/"))},
    {DROP_NAME, BYTES(VIEW_OF("\x01", "\x81\x60"))},
    {DROP_MISSING, BYTES("\xa1\x61t\x64view")},
    {DROP_NONE, BYTES(VIEW_WITH(WISHES, "\x80"))},
    {DROP_NONE, BYTES(VIEW_WITH(WISHES, "\x82\x00\x18\xff"))},
    {DROP_NONE, BYTES(VIEW_WITH(WISHES, "\x83\x00\x01\x00"))},
    {DROP_MEMBERS, BYTES(VIEW_WITH(WISHES, "\x83\x00\x00\x01"))}, // of a third one
    {DROP_MEMBERS, BYTES(VIEW_WITH(WISHES, "\x99\x02\x01"))},     // 513
    {DROP_BOUNDS, BYTES(VIEW_WITH(WISHES, "\x81\x19\x01\x00"))},  // 256
    {DROP_BOUNDS, BYTES(VIEW_WITH(WISHES, "\x81\x20"))},          // -1
    {DROP_KIND, BYTES(VIEW_WITH(WISHES, "\x81\x61z"))},
    {DROP_NONE, BYTES(VIEW_WITH(WAITS, "\x83\x01\x00\x01"))},
    {DROP_MEMBERS, BYTES(VIEW_WITH(WAITS, "\x84\x01\x00\x00\x01"))},
    {DROP_MEMBERS, BYTES(VIEW_WITH(WAITS, "\x99\x02\x02"))}, // 514
    {DROP_BOUNDS, BYTES(VIEW_WITH(WAITS, "\x81\x02"))},
    {DROP_KIND, BYTES(VIEW_WITH(WAITS, "\x81\xf5"))},
    {DROP_MISSING, BYTES("\xa2\x64node\x61z\x61t\x67"
                         "drained")},
    {DROP_BOUNDS, BYTES("\xa3\x64node\x61z\x64view\x00\x61t\x67"
                        "drained")},
    {DROP_NONE, BYTES(VIEW_WITH(AWAY, "\x82\x00\x1a\x00\x09\x3a\x80"))}, // 604800
    {DROP_BOUNDS, BYTES(VIEW_WITH(AWAY, "\x81\x1a\x00\x09\x3a\x81"))},
    {DROP_MEMBERS, BYTES(VIEW_WITH(AWAY, "\x83\x00\x00\x01"))},
    {DROP_KIND, BYTES(VIEW_WITH(AWAY, "\x01"))},
    {DROP_KIND, BYTES(VIEW_WITH(WISHES, "\x01"))},
};

START_TEST(s1_a_view_that_breaks_a_rule_is_refused_for_its_reason)
{
    struct members_room room;
    struct message m;
    uint8_t *bytes = malloc(views[_i].len);
    memcpy(bytes, views[_i].bytes, views[_i].len);
    enum drop drop = codec_decode_view(bytes, views[_i].len, &room, &m);
    ck_assert_msg(drop == views[_i].drop, "%s, not: %s", drop_text(drop),
                  drop_text(views[_i].drop));
    free(bytes);
}
END_TEST

START_TEST(s1_as_many_members_as_are_allowed)
{
    static char texts[MEMBERS_MAX + 1][6];
    static struct name names[MEMBERS_MAX + 1];
    struct members_room room;
    struct message m = {.type = MESSAGE_VIEW, .node = {"a", 1}, .view = 1}, again;
    uint8_t packet[MESSAGE_MAX_BYTES];
    for (size_t i = 0; i <= MEMBERS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "n%zu", i);
        names[i] = name_of(texts[i]);
    }
    for (size_t more = 0; more < 2; more++) {
        m.members = (struct members){.count = MEMBERS_MAX + more, .names = names};
        size_t len = codec_encode(&m, packet, sizeof packet);
        ck_assert_uint_gt(len, 0);
        ck_assert_int_eq(codec_decode_view(packet, len, &room, &again),
                         more == 0 ? DROP_NONE : DROP_MEMBERS);
    }
}
END_TEST

START_TEST(s1_the_keys_of_a_view_are_passed_over_elsewhere)
{
    static const char bytes[] = "\xa3\x64node\x61"
                                "a\x67members\x01\x61t\x64init";
    struct message m;
    ck_assert_int_eq(codec_decode((const uint8_t *)bytes, sizeof bytes - 1, &m), DROP_NONE);
    ck_assert_uint_eq(m.members.count, 0);
}
END_TEST

// --- Tells (S8) ----------------------------------------------------------------------------------

#define TELL_OF(nonce, data)  \
    "\xa4\x64node\x61"        \
    "a\x65nonce" nonce "\x64" \
    "data" data "\x61t\x64tell"

START_TEST(s8_a_tell_is_written_in_the_order_of_its_keys_and_read_again)
{
    static const char tell[] = TELL_OF("\x07", "\x43xyz");
    struct message m = {.type = MESSAGE_TELL, .node = {"a", 1}, .nonce = 7}, again;
    struct members_room room;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.data = (const uint8_t *)"xyz";
    m.data_len = 3;
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet), sizeof tell - 1);
    ck_assert_mem_eq(packet, tell, sizeof tell - 1);
    ck_assert_int_eq(codec_decode_view(packet, sizeof tell - 1, &room, &again), DROP_NONE);
    ck_assert(again.type == MESSAGE_TELL && again.nonce == 7 && name_equal(again.node, m.node));
    ck_assert_uint_eq(again.data_len, 3);
    ck_assert_mem_eq(again.data, "xyz", 3);
    ck_assert_int_eq(codec_decode(packet, sizeof tell - 1, &again), DROP_TYPE);
}
END_TEST

static const struct {
    enum drop drop;
    const char *bytes;
    size_t len;
} tells[] = {
    {DROP_NONE, BYTES(TELL_OF("\x01", "\x40"))},
    {DROP_NONE, BYTES(TELL_OF("\x1b\x00\x1f\xff\xff\xff\xff\xff\xff", "\x41\x00"))},
    {DROP_BOUNDS, BYTES(TELL_OF("\x1b\x00\x20\x00\x00\x00\x00\x00\x00", "\x40"))},
    {DROP_BOUNDS, BYTES(TELL_OF("\x00", "\x40"))},
    {DROP_KIND, BYTES(TELL_OF("\x01", "\x61x"))},
    {DROP_KIND, BYTES(TELL_OF("\x01", "\x81\x40"))},
    {DROP_MALFORMED, BYTES(TELL_OF("\x01", "\x59\xff\xff"))},
    {DROP_MISSING, BYTES("\xa3\x64node\x61"
                         "a\x64"
                         "data\x40\x61t\x64tell")},
    {DROP_MISSING, BYTES("\xa3\x64node\x61"
                         "a\x65nonce\x01\x61t\x64tell")},
    {DROP_MISSING, BYTES("\xa3\x65nonce\x01\x64"
                         "data\x40\x61t\x64tell")},
};

START_TEST(s8_a_tell_that_breaks_a_rule_is_refused_for_its_reason)
{
    struct members_room room;
    struct message m;
    uint8_t *bytes = malloc(tells[_i].len);
    memcpy(bytes, tells[_i].bytes, tells[_i].len);
    enum drop drop = codec_decode_view(bytes, tells[_i].len, &room, &m);
    ck_assert_msg(drop == tells[_i].drop, "%s, not: %s", drop_text(drop),
                  drop_text(tells[_i].drop));
    free(bytes);
}
END_TEST

START_TEST(a_value_has_256_bytes_at_most)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m;
    size_t len = make_long(packet, VALUE_MAX_BYTES - 3, 0);
    ck_assert_int_eq(codec_decode(packet, len, &m), DROP_NONE);
    len = make_long(packet, VALUE_MAX_BYTES - 2, 0);
    ck_assert_int_eq(codec_decode(packet, len, &m), DROP_VALUE);
}
END_TEST

START_TEST(a_message_has_4096_bytes_at_most)
{
    uint8_t packet[MESSAGE_MAX_BYTES + 1];
    struct message m;
    size_t rest = MESSAGE_MAX_BYTES - make_long(packet, 0, 0);
    size_t len = make_long(packet, 0, rest);
    ck_assert_uint_eq(len, MESSAGE_MAX_BYTES);
    ck_assert_int_eq(codec_decode(packet, len, &m), DROP_NONE);
    len = make_long(packet, 0, rest + 1);
    ck_assert_int_eq(codec_decode(packet, len, &m), DROP_TOO_LONG);
}
END_TEST

// The longest that is legal, and what happens with less room.
START_TEST(the_longest_message_has_room_and_none_is_written_in_part)
{
    static char names[HISTORY_MAX][4];
    uint8_t packet[MESSAGE_MAX_BYTES], value[VALUE_MAX_BYTES] = {0x59, 0, VALUE_MAX_BYTES - 3};
    struct message m = {.type = MESSAGE_PING, .value = {value, sizeof value}}, again;
    for (size_t i = 0; i < HISTORY_MAX; i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        m.history.names[m.history.count++] = name_of(names[i]);
    }
    m.node = m.history.names[0];
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert_uint_eq(again.history.count, HISTORY_MAX);
    for (size_t room = 0; room < len; room++) {
        ck_assert_uint_eq(codec_encode(&m, packet, room), 0);
    }
    ck_assert_uint_eq(codec_encode(&m, packet, len), len);
}
END_TEST

// --- Ours --------------------------------------------------------------------------------------

// M1: the nonce in `vers` is what a Python node skips.
START_TEST(a_nonce_is_written_before_the_type_and_read_again)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m = {.type = MESSAGE_VERS,
                        .node = name_of("a"),
                        .params = params_default,
                        .nonce = (UINT64_C(1) << 53) - 1},
                   again;
    static const char end[] = "\x65nonce\x1b\x00\x1f\xff\xff\xff\xff\xff\xff" VERS;
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    ck_assert_int_eq(packet[0], 0xaa);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert_uint_eq(again.nonce, m.nonce);
    packet[len - (sizeof end - 1) + 8] = 0x20; // 2^53 + ...
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_BOUNDS);
}
END_TEST

START_TEST(a_nonce_is_written_to_vers_alone)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m = {.type = MESSAGE_INIT, .node = name_of("a"), .nonce = 1};
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet), sizeof INIT - 1);
    ck_assert_mem_eq(packet, INIT, sizeof INIT - 1);
}
END_TEST

// M1: nor does it mind this one.
START_TEST(who_cannot_lead_says_so_before_the_type)
{
    static const char end[] = READY "\xf4" VERS;
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message again, m = {.type = MESSAGE_VERS,
                               .node = name_of("a"),
                               .params = params_default,
                               .nonce = 1,
                               .unready = true};
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    ck_assert_int_eq(packet[0], 0xab);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert(again.unready);
    for (size_t room = 0; room < len; room++) {
        ck_assert_uint_eq(codec_encode(&m, packet, room), 0);
    }
    m.unready = false;
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet),
                      len - sizeof READY); // the key, and a byte
}
END_TEST

// M1: nor those two.
START_TEST(the_last_word_and_the_heir_are_written_before_the_type)
{
    static const char end[] = READY "\xf4" LEFT "\xf5" HEIR "\x61"
                                    "b" VERS;
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message again, m = {.type = MESSAGE_VERS,
                               .node = name_of("a"),
                               .params = params_default,
                               .nonce = 1,
                               .unready = true,
                               .left = true,
                               .heir = name_of("b")};
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    ck_assert_int_eq(packet[0], 0xad);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert(again.left);
    ck_assert(name_equal(again.heir, name_of("b")));
    for (size_t room = 0; room < len; room++) {
        ck_assert_uint_eq(codec_encode(&m, packet, room), 0);
    }
}
END_TEST

static const struct {
    char truth;
    bool unready;
} readiness[] = {{'\xf4', true}, {'\xf5', false}};

START_TEST(whether_it_can_lead_is_read_from_true_and_false)
{
    char packet[MESSAGE_MAX_BYTES];
    struct message m;
    static const char vers[] = VERS_OF("\x00", "\x0a", "\x01", READY);
    memcpy(packet, vers, sizeof vers - 1);
    packet[0]++; // one more key
    packet[sizeof vers - 1] = readiness[_i].truth;
    ck_assert_int_eq(codec_decode((const uint8_t *)packet, sizeof vers, &m), DROP_NONE);
    ck_assert_int_eq(m.unready, readiness[_i].unready);
}
END_TEST

START_TEST(readiness_the_last_word_and_the_heir_are_written_to_vers_alone)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m = {.node = name_of("a"),
                        .history = {1, {name_of("a")}},
                        .unready = true,
                        .left = true,
                        .heir = name_of("b")};
    m.type = MESSAGE_INIT;
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet), sizeof INIT - 1);
    m.type = MESSAGE_PING;
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet), sizeof BEACON("\xf6") - 1);
    m.type = MESSAGE_HIST;
    ck_assert_uint_eq(codec_encode(&m, packet, sizeof packet),
                      sizeof("\xa3" VALUE "\xf6" HISTORY ONE_NAME HIST) - 1);
}
END_TEST

// Every number unlike its default; the cycle has a float of four bytes.
static const struct message unusual = {
    .type = MESSAGE_VERS,
    .node = {"a", 1},
    .nonce = UINT64_C(1) << 40,
    .params = {.version = 7,
               .cycle_ns = 86400 * NS_PER_S,
               .gap_ns = 33 * (NS_PER_S / 1000),
               .nodes = -1,
               .splits = 24,
               .n_hosts = 1000000,
               .force_in = true},
};

START_TEST(m1_every_parameter_is_written)
{
    static const char begin[] = "\xab" NODE "a\x67version\x07\x65"
                                "cycle\xfa\x47\xa8\xc0\x00\x63gap\xfb";
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message again;
    size_t len = codec_encode(&unusual, packet, sizeof packet);
    ck_assert_mem_eq(packet, begin, sizeof begin - 1);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert_int_eq(again.params.version, 7);
    ck_assert_int_eq(params_compare(&again.params, &unusual.params), 0);
    ck_assert_uint_eq(again.nonce, unusual.nonce);
    for (size_t room = 0; room < len; room++) {
        ck_assert_uint_eq(codec_encode(&unusual, packet, room), 0);
    }
}
END_TEST

// M1: with the gap of `unusual` it is one key more. A Python node takes 1 s and 0.1 s as they are.
static const struct {
    int64_t cycle_ns, gap_ns;
    bool overrides;
} short_times[] = {
    {NS_PER_S, NS_PER_S / 10, false},
    {NS_PER_S - 1, NS_PER_S / 10, true},
    {NS_PER_S, NS_PER_S / 10 - 1, true},
};

START_TEST(s5_a_wish_is_written_before_the_type_of_vers_alone)
{
    static const char end[] = PREFER "\x18\x64" PREEMPT "\xf5" VERS;
    static const char never[] = NEVER "\xf5" VERS;
    struct message m = {.type = MESSAGE_VERS, .node = name_of("a"), .params = params_default}, read;
    uint8_t packet[MESSAGE_MAX_BYTES];
    m.wish = (struct wish){.prefer = 100, .preempt = true};
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof end - 1), end, sizeof end - 1);
    ck_assert_int_eq(codec_decode(packet, len, &read), DROP_NONE);
    ck_assert(read.wish.prefer == 100 && read.wish.preempt && !read.wish.never);
    m.wish = (struct wish){.never = true};
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_mem_eq(packet + len - (sizeof never - 1), never, sizeof never - 1);
    ck_assert_int_eq(codec_decode(packet, len, &read), DROP_NONE);
    ck_assert(read.wish.never && read.wish.prefer == 0 && !read.wish.preempt);
    m.type = MESSAGE_INIT;
    len = codec_encode(&m, packet, sizeof packet);
    ck_assert_int_eq(codec_decode(packet, len, &read), DROP_NONE);
    ck_assert(!read.wish.never);
}
END_TEST

START_TEST(m1_python_nodes_are_told_to_override_their_bounds)
{
    static const char end[] = "\x68override\xf5\x65nonce";
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message again, m = unusual;
    m.params.cycle_ns = short_times[_i].cycle_ns;
    m.params.gap_ns = short_times[_i].gap_ns;
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_int_eq(memmem(packet, len, end, sizeof end - 1) != NULL, short_times[_i].overrides);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert_int_eq(params_compare(&again.params, &m.params), 0);
}
END_TEST

// J1: -1, so that it is older than any set.
START_TEST(a_question_has_the_oldest_version)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message again, m = unusual;
    m.asks = true;
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert(memmem(packet, len, "version\x20", 8) != NULL);
    ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
    ck_assert(again.asks);
    ck_assert_int_eq(again.params.version, 0);
    ck_assert_uint_eq(again.nonce, unusual.nonce);
}
END_TEST

START_TEST(seconds_are_whole_milliseconds_after_a_journey)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m = unusual, again;
    for (int ms = 10; ms < 2000; ms++) {
        m.params.gap_ns = ms * (NS_PER_S / 1000);
        size_t len = codec_encode(&m, packet, sizeof packet);
        ck_assert_int_eq(codec_decode(packet, len, &again), DROP_NONE);
        ck_assert_int_eq(again.params.gap_ns, m.params.gap_ns);
    }
}
END_TEST

START_TEST(no_value_is_written_as_null)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    struct message m = {.type = MESSAGE_PING, .node = name_of("a"), .history = {1, {name_of("a")}}};
    size_t len = codec_encode(&m, packet, sizeof packet);
    ck_assert_uint_eq(len, sizeof BEACON("\xf6") - 1);
    ck_assert_mem_eq(packet, BEACON("\xf6"), len);
}
END_TEST

// A message holds nothing of the one that was read into the same memory before.
START_TEST(a_message_is_read_afresh)
{
    struct message m;
    memset(&m, 0x55, sizeof m);
    ck_assert_int_eq(codec_decode((const uint8_t *)INIT, sizeof INIT - 1, &m), DROP_NONE);
    ck_assert_uint_eq(m.nonce, 0);
    ck_assert(!m.unready);
    ck_assert(!m.asks);
    ck_assert(!m.left);
    ck_assert(name_is_none(m.heir));
    ck_assert_uint_eq(m.value.len, 0);
    ck_assert_uint_eq(m.history.count, 0);
    static const char hist[] = "\xa3" VALUE "\x00" HISTORY ONE_NAME HIST;
    ck_assert_int_eq(codec_decode((const uint8_t *)hist, sizeof hist - 1, &m), DROP_NONE);
    ck_assert(name_is_none(m.node));
}
END_TEST

// M1: Python nodes on Serf write it as a number.
static const struct {
    char truth;
    bool force_in;
} forces[] = {{'\x00', false}, {'\x01', true}, {'\xf4', false}, {'\xf5', true}};

START_TEST(force_in_is_a_truth_or_a_number)
{
    char packet[] = VERS_OF("\x00", "\x0a", "\x01", "");
    struct message m;
    packet[sizeof packet - 1 - sizeof VERS] = forces[_i].truth; // before it
    ck_assert_int_eq(codec_decode((const uint8_t *)packet, sizeof packet - 1, &m), DROP_NONE);
    ck_assert_int_eq(m.params.force_in, forces[_i].force_in);
}
END_TEST

START_TEST(a_message_has_64_keys_at_most)
{
    uint8_t packet[MESSAGE_MAX_BYTES] = "\xb8\x40" NODE "a\x61t\x64init";
    struct message m;
    size_t len = strlen((const char *)packet);
    for (uint8_t key = 2; key < 64; key++) {
        const uint8_t member[] = {0x62, 'x', key, 0};
        memcpy(packet + len, member, sizeof member);
        len += sizeof member;
    }
    ck_assert_int_eq(codec_decode(packet, len, &m), DROP_NONE);
}
END_TEST

START_TEST(a_value_alone_is_checked_as_in_a_message)
{
    // Arrays around a 0, which is the NUL at the end.
    static const uint8_t deep[] = "\x81\x81\x81\x81\x81\x81\x81\x81";
    ck_assert_int_eq(codec_check_value(deep + 1, VALUE_MAX_DEPTH + 1), DROP_NONE);
    ck_assert_int_eq(codec_check_value(deep, VALUE_MAX_DEPTH + 2), DROP_TOO_DEEP);
    ck_assert_int_eq(codec_check_value((const uint8_t *)"\x00", 1), DROP_NONE);
    ck_assert_int_eq(codec_check_value((const uint8_t *)"\x00\x00", 2), DROP_TRAILING);
    ck_assert_int_eq(codec_check_value((const uint8_t *)"\xa0", 1), DROP_VALUE);
    ck_assert_int_eq(codec_check_value((const uint8_t *)"", 0), DROP_MALFORMED);
    ck_assert_int_eq(codec_check_value((const uint8_t *)"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9),
                     DROP_MALFORMED);
}
END_TEST

static void add_vectors(TCase *tests)
{
    tcase_add_loop_test(tests, a_recorded_message_is_read_and_written_as_it_was, 0, vector_count);
    tcase_add_loop_test(tests, a_recorded_message_that_is_cut_short_is_refused, 0, vector_count);
    tcase_add_loop_test(tests, a_recorded_message_with_any_byte_changed_does_no_harm, 0,
                        vector_count);
    tcase_add_test(tests, what_a_recorded_message_says_is_understood);
}

int main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tests = tcase_create("codec");
    read_vectors();
    if (vector_count == 0) {
        fprintf(stderr, "tests/vectors/python-asyncactor.tsv is not in srcdir\n");
        return EXIT_FAILURE;
    }
    add_vectors(tests);
    tcase_add_loop_test(tests, parameters_are_read_from_any_encoding_of_a_number, 0,
                        sizeof sets / sizeof *sets);
    tcase_add_loop_test(tests, what_breaks_a_rule_is_refused_for_its_reason, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, what_breaks_no_rule_is_taken, 0, sizeof taken / sizeof *taken);
    tcase_add_test(tests, s1_a_view_is_written_in_the_order_of_its_keys_and_read_again);
    tcase_add_test(tests, s5_the_wishes_of_a_view_are_written_before_the_type_and_read_again);
    tcase_add_test(tests, s6_who_is_waited_for_and_who_has_drained_is_written_and_read_again);
    tcase_add_test(tests, s7_absence_is_written_to_vers_as_a_number_and_to_a_view_as_a_list);
    tcase_add_test(tests, s5_a_wish_is_written_before_the_type_of_vers_alone);
    tcase_add_test(tests, s1_each_channel_has_its_own_messages);
    tcase_add_loop_test(tests, s1_a_view_that_breaks_a_rule_is_refused_for_its_reason, 0,
                        sizeof views / sizeof *views);
    tcase_add_test(tests, s1_as_many_members_as_are_allowed);
    tcase_add_test(tests, s1_the_keys_of_a_view_are_passed_over_elsewhere);
    tcase_add_test(tests, s8_a_tell_is_written_in_the_order_of_its_keys_and_read_again);
    tcase_add_loop_test(tests, s8_a_tell_that_breaks_a_rule_is_refused_for_its_reason, 0,
                        sizeof tells / sizeof *tells);
    tcase_add_test(tests, a_value_has_256_bytes_at_most);
    tcase_add_test(tests, a_message_has_4096_bytes_at_most);
    tcase_add_test(tests, the_longest_message_has_room_and_none_is_written_in_part);
    tcase_add_test(tests, a_nonce_is_written_before_the_type_and_read_again);
    tcase_add_test(tests, a_nonce_is_written_to_vers_alone);
    tcase_add_test(tests, who_cannot_lead_says_so_before_the_type);
    tcase_add_loop_test(tests, whether_it_can_lead_is_read_from_true_and_false, 0,
                        sizeof readiness / sizeof *readiness);
    tcase_add_test(tests, the_last_word_and_the_heir_are_written_before_the_type);
    tcase_add_test(tests, readiness_the_last_word_and_the_heir_are_written_to_vers_alone);
    tcase_add_loop_test(tests, m1_python_nodes_are_told_to_override_their_bounds, 0,
                        sizeof short_times / sizeof *short_times);
    tcase_add_test(tests, a_question_has_the_oldest_version);
    tcase_add_test(tests, m1_every_parameter_is_written);
    tcase_add_test(tests, seconds_are_whole_milliseconds_after_a_journey);
    tcase_add_test(tests, no_value_is_written_as_null);
    tcase_add_test(tests, a_message_is_read_afresh);
    tcase_add_loop_test(tests, force_in_is_a_truth_or_a_number, 0, sizeof forces / sizeof *forces);
    tcase_add_test(tests, a_message_has_64_keys_at_most);
    tcase_add_test(tests, a_value_alone_is_checked_as_in_a_message);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
