// SPDX-License-Identifier: MIT
// Where an item of MessagePack ends: each form, cut off at each byte, nested, lying about its size.
#include <check.h>

#include "msgpack/scan.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH = 4, ITEM_MAX = 256 };

struct bytes {
    uint8_t bytes[ITEM_MAX];
    size_t len;
};

// Scans a copy with nothing behind it, so that a sanitizer sees each step too far.
static enum msgpack_found scan(const uint8_t *bytes, size_t len, unsigned depth_max, size_t *size)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    *size = 0;
    enum msgpack_found found = msgpack_scan(copy, len, depth_max, size);
    free(copy);
    return found;
}

// It is a whole item, with anything behind it or nothing, and a part when anything is missing.
static void expect_item(const uint8_t *bytes, size_t len)
{
    uint8_t more[2 * ITEM_MAX];
    size_t size;
    ck_assert_int_eq(scan(bytes, len, DEPTH, &size), MSGPACK_WHOLE);
    ck_assert_uint_eq(size, len);
    memset(more, 0xc1, sizeof more);
    memcpy(more, bytes, len);
    ck_assert_int_eq(scan(more, sizeof more, DEPTH, &size), MSGPACK_WHOLE);
    ck_assert_uint_eq(size, len);
    for (size_t part = 0; part < len; part++) {
        ck_assert_int_eq(scan(bytes, part, DEPTH, &size), MSGPACK_PART);
        ck_assert_uint_gt(size, part);
        ck_assert_uint_le(size, len);
    }
}

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})
#define EXPECT_ITEM(...) expect_item(BYTES(__VA_ARGS__), sizeof BYTES(__VA_ARGS__))
#define SCAN(depth, size, ...) scan(BYTES(__VA_ARGS__), sizeof BYTES(__VA_ARGS__), depth, size)

START_TEST(finds_the_end_of_numbers)
{
    EXPECT_ITEM(0x00);
    EXPECT_ITEM(0x7f);
    EXPECT_ITEM(0xe0);
    EXPECT_ITEM(0xff);
    EXPECT_ITEM(0xc0); // nil
    EXPECT_ITEM(0xc2); // false
    EXPECT_ITEM(0xc3); // true
    for (int signs = 0; signs < 2; signs++) {
        uint8_t first = signs ? 0xd0 : 0xcc;
        expect_item((uint8_t[3]){first}, 2);
        expect_item((uint8_t[3]){first + 1}, 3);
        expect_item((uint8_t[5]){first + 2}, 5);
        expect_item((uint8_t[9]){first + 3}, 9);
    }
    expect_item((uint8_t[5]){0xca}, 5);
    expect_item((uint8_t[9]){0xcb}, 9);
}
END_TEST

START_TEST(finds_the_end_of_bytes_and_text)
{
    EXPECT_ITEM(0xa0);
    expect_item((uint8_t[32]){0xbf}, 32);
    for (uint8_t form = 0; form < 2; form++) {
        uint8_t first = form == 0 ? 0xc4 : 0xd9;
        expect_item((uint8_t[2]){first, 0}, 2);
        expect_item((uint8_t[202]){first, 200}, 202);
        expect_item((uint8_t[203]){first + 1, 0, 200}, 203);
        expect_item((uint8_t[205]){first + 2, 0, 0, 0, 200}, 205);
    }
    // Extensions, which have a byte for their type.
    expect_item((uint8_t[203]){0xc7, 200}, 203);
    expect_item((uint8_t[204]){0xc8, 0, 200}, 204);
    expect_item((uint8_t[206]){0xc9, 0, 0, 0, 200}, 206);
    for (uint8_t power = 0; power < 5; power++) {
        expect_item((uint8_t[18]){0xd4 + power}, 2 + ((size_t)1 << power));
    }
}
END_TEST

START_TEST(finds_the_end_of_arrays_and_maps)
{
    EXPECT_ITEM(0x90);
    EXPECT_ITEM(0x80);
    EXPECT_ITEM(0x92, 0x01, 0xa1, 'x');
    EXPECT_ITEM(0x81, 0xa1, 'k', 0x92, 0xcd, 1, 0, 0xc4, 1, 7);
    expect_item((uint8_t[16]){0x9f}, 16);
    expect_item((uint8_t[31]){0x8f}, 31);
    expect_item((uint8_t[203]){0xdc, 0, 200}, 203);
    expect_item((uint8_t[205]){0xdd, 0, 0, 0, 200}, 205);
    expect_item((uint8_t[203]){0xde, 0, 100}, 203);
    expect_item((uint8_t[205]){0xdf, 0, 0, 0, 100}, 205);
    EXPECT_ITEM(0x93, 0x91, 0x91, 0x01, 0x80, 0x92, 0x90, 0x02);
}
END_TEST

START_TEST(stops_at_a_depth)
{
    size_t size;
    ck_assert_int_eq(SCAN(0, &size, 0x91, 1), MSGPACK_BAD);
    ck_assert_int_eq(SCAN(1, &size, 0x91, 1), MSGPACK_WHOLE);
    ck_assert_int_eq(SCAN(1, &size, 0x91, 0x90), MSGPACK_WHOLE);
    ck_assert_int_eq(SCAN(1, &size, 0x91, 0x91), MSGPACK_BAD); // though cut off
    ck_assert_int_eq(SCAN(1, &size, 0x81, 1, 0x91), MSGPACK_BAD);
    ck_assert_int_eq(SCAN(2, &size, 0x92, 0x91, 1, 0x91, 1), MSGPACK_WHOLE);
    ck_assert_int_eq(SCAN(2, &size, 0x92, 0x91, 1, 0x91, 0x91, 1), MSGPACK_BAD);
}
END_TEST

START_TEST(stops_at_the_deepest_that_there_is)
{
    uint8_t nested[MSGPACK_DEPTH_MAX + 2];
    size_t size;
    memset(nested, 0x91, sizeof nested);
    nested[MSGPACK_DEPTH_MAX] = 1;
    ck_assert_int_eq(scan(nested, sizeof nested, MSGPACK_DEPTH_MAX, &size), MSGPACK_WHOLE);
    nested[MSGPACK_DEPTH_MAX] = 0x91;
    ck_assert_int_eq(scan(nested, sizeof nested, MSGPACK_DEPTH_MAX, &size), MSGPACK_BAD);
}
END_TEST

START_TEST(refuses_the_byte_that_means_nothing)
{
    size_t size;
    ck_assert_int_eq(SCAN(DEPTH, &size, 0xc1), MSGPACK_BAD);
    ck_assert_int_eq(SCAN(DEPTH, &size, 0x92, 1, 0xc1), MSGPACK_BAD);
}
END_TEST

// Known at once, so that nobody waits for it.
START_TEST(tells_how_much_a_header_promises)
{
    size_t size;
    ck_assert_int_eq(SCAN(DEPTH, &size, 0xdd, 0xff, 0xff, 0xff, 0xff), MSGPACK_PART);
    ck_assert_uint_eq(size, 5 + UINT64_C(0xffffffff));
    ck_assert_int_eq(SCAN(DEPTH, &size, 0xdf, 0xff, 0xff, 0xff, 0xff), MSGPACK_PART);
    ck_assert_uint_eq(size, 5 + 2 * UINT64_C(0xffffffff));
    ck_assert_int_eq(SCAN(DEPTH, &size, 0xc6, 0xff, 0xff, 0xff, 0xff), MSGPACK_PART);
    ck_assert_uint_eq(size, 5 + UINT64_C(0xffffffff));
    ck_assert_int_eq(SCAN(DEPTH, &size, 0xdc, 1, 0, 0xda, 1, 0), MSGPACK_PART);
    ck_assert_uint_eq(size, 3 + 3 + 256 + 255);
    ck_assert_int_eq(SCAN(DEPTH, &size, 0x93, 0xda, 1), MSGPACK_PART);
    ck_assert_uint_eq(size, 1 + 3 + 2);
}
END_TEST

static void draw_bytes(struct bytes *drawn)
{
    static uint64_t state = 1;
    for (size_t i = 0; i < sizeof drawn->bytes; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        // Half of them heads, so that there is something to nest.
        uint8_t byte = (uint8_t)(state >> 56);
        drawn->bytes[i] = state >> 40 & 1 ? byte : 0x80 | (byte & 0x5f);
    }
    drawn->len = state >> 32 & 127;
}

START_TEST(is_right_about_anything)
{
    int whole = 0;
    for (int i = 0; i < 100000; i++) {
        struct bytes drawn;
        size_t size;
        draw_bytes(&drawn);
        switch (scan(drawn.bytes, drawn.len, DEPTH, &size)) {
        case MSGPACK_WHOLE:
            ck_assert_uint_le(size, drawn.len);
            expect_item(drawn.bytes, size);
            whole++;
            break;
        case MSGPACK_PART:
            ck_assert_uint_gt(size, drawn.len);
            break;
        case MSGPACK_BAD:
            break;
        }
    }
    ck_assert_int_gt(whole, 10000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scan");
    TCase *tests = tcase_create("scan");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, finds_the_end_of_numbers);
    tcase_add_test(tests, finds_the_end_of_bytes_and_text);
    tcase_add_test(tests, finds_the_end_of_arrays_and_maps);
    tcase_add_test(tests, stops_at_a_depth);
    tcase_add_test(tests, stops_at_the_deepest_that_there_is);
    tcase_add_test(tests, refuses_the_byte_that_means_nothing);
    tcase_add_test(tests, tells_how_much_a_header_promises);
    tcase_add_test(tests, is_right_about_anything);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
