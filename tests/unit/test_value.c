// SPDX-License-Identifier: MIT
// Values: the total order of P1, over all kinds and all encodings.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/value.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ENCODINGS_MAX = 8 };

struct bytes {
    size_t len;
    uint8_t at[VALUE_MAX_BYTES];
};

static struct bytes from_hex(const char *hex)
{
    struct bytes bytes = {strlen(hex) / 2, {0}};
    for (size_t i = 0; i < bytes.len; i++) {
        char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes.at[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return bytes;
}

static int compare_bytes(const struct bytes *a, const struct bytes *b)
{
    return value_compare((struct value){a->at, a->len}, (struct value){b->at, b->len});
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

// Ascending; what stands in one line is the same value.
static const char *const ordered[][ENCODINGS_MAX] = {
    {"f6", ""},                                                 // null
    {"f4"},                                                     // false
    {"f5"},                                                     // true
    {"fbfe37e43c8800759c"},                                     // -10^300
    {"fbc3f0000000000001"},                                     // below -2^64
    {"3bffffffffffffffff", "fbc3f0000000000000", "fadf800000"}, // -2^64
    {"3bfffffffffffffffe"},                                     // -2^64 + 1
    {"3b0020000000000000"},                                     // -2^53 - 1
    {"3b001fffffffffffff", "fbc340000000000000", "fada000000"}, // -2^53
    {"f9be00", "fabfc00000", "fbbff8000000000000"},             // -1.5
    {"20", "3800", "390000", "3a00000000", "3b0000000000000000", "f9bc00", "fabf800000"}, // -1
    {"f9b800"},                                                                           // -0.5
    {"f98001"},                                                                           // -2^-24
    {"00", "1800", "190000", "1b0000000000000000", "f90000", "f98000", "fa80000000"},     // 0
    {"f90001", "fa33800000", "fb3e70000000000000"}, // 2^-24, the least half float
    {"f903ff"},                                     // the greatest half without a lead
    {"f90400", "fa38800000"},                       // 2^-14
    {"fb3fb999999999999a"},                         // 0.1
    {"fa3dcccccd"},                                 // 0.1 as a single, a little more
    {"01", "1801", "f93c00", "fa3f800000", "fb3ff0000000000000"}, // 1
    {"f93e00", "fa3fc00000"},                                     // 1.5
    {"17", "1817"},                                               // 23
    {"1818", "190018"},                                           // 24
    {"19ffe0", "f97bff"},                                         // 65504, the greatest half float
    {"1b0020000000000000", "fb4340000000000000"},                 // 2^53
    {"1b0020000000000001"},                                       // 2^53 + 1
    {"1b0020000000000002", "fb4340000000000001"},                 // 2^53 + 2
    {"1bfffffffffffff800", "fb43efffffffffffff"},                 // 2^64 - 2^11
    {"1bffffffffffffffff"},                                       // 2^64 - 1
    {"fb43f0000000000000", "fa5f800000"},                         // 2^64
    {"fb43f0000000000001"},                                       // above 2^64
    {"fb7e37e43c8800759c"},                                       // 10^300
    {"40", "5800"},                                               // bytes
    {"4100"},
    {"420000"},
    {"4101", "580101", "59000101"},
    {"41ff"},
    {"60", "7800"},                   // ""
    {"6141"},                         // "A"
    {"6161"},                         // "a"
    {"626161"},                       // "aa"
    {"6162"},                         // "b"
    {"62c3a4"},                       // "ä"
    {"80", "9800"},                   // []
    {"81f6"},                         // [null]
    {"82f6f6"},                       // [null, null]
    {"8100"},                         // [0]
    {"8200f6"},                       // [0, null]
    {"820001", "82f90000fa3f800000"}, // [0, 1]
    {"8101", "81f93c00", "980101"},   // [1]
    {"82014100"},                     // [1, h'00']
    {"820161ff"},                     // [1, text]
    {"82410000"},                     // [h'00', 0]
    {"82410001"},                     // [h'00', 1]
    {"8261610a"},                     // ["a", 10]
    {"8261610b"},                     // ["a", 11]
    {"828000"},                       // [[], 0]
    {"8282010203"},                   // [[1, 2], 3]
    {"8282010204"},                   // [[1, 2], 4]
    {"8281810100"},                   // [[[1]], 0]
    {"8281810101"},                   // [[[1]], 1]
    {"8181818181818100"},             // 0 in seven arrays
    {"8181818181818101"},             // 1 in seven arrays
    {"828181818181810100"},           // [that, 0]
    {"828181818181810101"},           // [that, 1]
};

static void compare_lines(int line, const struct bytes *a, int other)
{
    for (int i = 0; i < ENCODINGS_MAX && ordered[other][i] != NULL; i++) {
        struct bytes b = from_hex(ordered[other][i]);
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it takes line for out of bounds
        ck_assert_msg(sign(compare_bytes(a, &b)) == sign(line - other), "%s, %s", ordered[line][0],
                      ordered[other][i]);
    }
}

// Every pair in both directions: so it is total, transitive and the same from either side.
START_TEST(p1_values_are_in_one_order_whatever_their_encoding)
{
    for (int i = 0; i < ENCODINGS_MAX && ordered[_i][i] != NULL; i++) {
        struct bytes a = from_hex(ordered[_i][i]);
        for (int other = 0; other < (int)COUNT(ordered); other++) {
            compare_lines(_i, &a, other);
        }
    }
}
END_TEST

// The first line of the order is null, no other is.
START_TEST(null_alone_is_not_ready)
{
    for (int i = 0; i < ENCODINGS_MAX && ordered[_i][i] != NULL; i++) {
        struct bytes value = from_hex(ordered[_i][i]);
        ck_assert_int_eq(value_is_null((struct value){value.at, value.len}), _i == 0);
    }
}
END_TEST

START_TEST(no_value_at_all_is_null)
{
    const struct value one = {(const uint8_t *)"\x01", 1};
    ck_assert(value_is_null(VALUE_NULL));
    ck_assert_int_eq(value_compare(VALUE_NULL, VALUE_NULL), 0);
    ck_assert_int_lt(value_compare(VALUE_NULL, one), 0);
    ck_assert_int_gt(value_compare(one, VALUE_NULL), 0);
}
END_TEST

START_TEST(a_value_may_have_256_bytes)
{
    struct bytes a = {VALUE_MAX_BYTES, {0x58, VALUE_MAX_BYTES - 2}}, b = a;
    b.at[VALUE_MAX_BYTES - 1] = 1;
    ck_assert_int_eq(compare_bytes(&a, &a), 0);
    ck_assert_int_lt(compare_bytes(&a, &b), 0);
}
END_TEST

// What no codec lets through: cut off, of a length that is not there, reserved, a tag, a map.
static const char *const unreadable[] = {
    "18",
    "19ff",
    "fa3f80",
    "fb3ff00000000000",
    "1c0000000000000000000000000000000000",
    "1f",
    "ff",
    "f7",
    "f8ff",
    "42ff",
    "5bffffffffffffffff00",
    "7bffffffffffffffff61",
    "a1616101",
    "c101",
};

// Arrays that end too soon, or are nested without end.
static const char *const broken[] = {
    "81",
    "8200",
    "9bffffffffffffffff",
    "9bffffffffffffffff00",
    "8181818181818181818181",
    "82818181818181818100",
};

// Compares in a block of exactly its size, so that a sanitizer sees a byte too many.
static void compare_alone(const struct bytes *a, const struct bytes *b)
{
    uint8_t *block = malloc(a->len);
    struct value value = {block, a->len}, other = {b->at, b->len};
    memcpy(block, a->at, a->len);
    ck_assert_int_eq(value_compare(value, value), 0);
    ck_assert_int_eq(sign(value_compare(value, other)), -sign(value_compare(other, value)));
    free(block);
}

START_TEST(what_cannot_be_read_is_null)
{
    struct bytes value = from_hex(unreadable[_i]), null = from_hex("f6");
    compare_alone(&value, &null);
    ck_assert_int_eq(compare_bytes(&value, &null), 0);
    ck_assert(value_is_null((struct value){value.at, value.len}));
}
END_TEST

START_TEST(what_is_broken_inside_has_its_place_too)
{
    struct bytes value = from_hex(broken[_i]), text = from_hex("60");
    ck_assert_int_gt(compare_bytes(&value, &text), 0); // it is an array all the same
    for (size_t i = 0; i < COUNT(ordered); i++) {
        struct bytes other = from_hex(ordered[i][0]);
        compare_alone(&value, &other);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value");
    TCase *tests = tcase_create("value");
    tcase_add_loop_test(tests, p1_values_are_in_one_order_whatever_their_encoding, 0,
                        COUNT(ordered));
    tcase_add_loop_test(tests, null_alone_is_not_ready, 0, COUNT(ordered));
    tcase_add_test(tests, no_value_at_all_is_null);
    tcase_add_test(tests, a_value_may_have_256_bytes);
    tcase_add_loop_test(tests, what_cannot_be_read_is_null, 0, COUNT(unreadable));
    tcase_add_loop_test(tests, what_is_broken_inside_has_its_place_too, 0, COUNT(broken));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
