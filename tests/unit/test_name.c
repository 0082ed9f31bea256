// SPDX-License-Identifier: MIT
// Names: what is allowed, and the order and the hash on which all nodes must agree (P1, E1).
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/name.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// The ends of what each length can hold, and both sides of the surrogates.
static const char *const good[] = {
    " ",
    "~",
    "gw-03.example",
    "\"\\'",
    "\xc2\xa0",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbd",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbd",
    "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z",
};

START_TEST(what_is_allowed_is_a_name)
{
    ck_assert(name_is_valid(name_of(good[_i])));
}
END_TEST

static const struct {
    const char *text;
    bool utf8; // it is only a name that it cannot be
} bad[] = {
    {"", true},
    {"a/b", true},
    {"+", true},
    {"a#", true},
    {"\x01", true},
    {"a\nb", true},
    {"\x1f", true},
    {"\x7f", true},
    {"\xc2\x80", true},
    {"\xc2\x9f", true},
    {"\x80", false},
    {"\xbf", false},
    {"\xc0\x80", false},
    {"\xc1\xbf", false},
    {"\xc3", false},
    {"\xc3(", false},
    {"\xc3\xc3", false},
    {"\xe0\x9f\xbf", false},
    {"\xed\xa0\x80", false},
    {"\xed\xbf\xbf", false},
    {"\xe2\x82", false},
    {"\xe2\x28\xa1", false},
    {"\xe2\x82\x28", false},
    {"\xf0\x8f\xbf\xbf", false},
    {"\xf0\x9f\x98", false},
    {"\xf0\x9f\x98z", false},
    {"\xf4\x90\x80\x80", false},
    {"\xf5\x80\x80\x80", false},
    {"\xff", false},
    {"a\xc3\xa4\xa4", false},
};

START_TEST(what_is_not_allowed_is_no_name)
{
    struct name name = name_of(bad[_i].text);
    ck_assert(!name_is_valid(name));
    ck_assert_int_eq(utf8_is_valid(name.text, name.len), bad[_i].utf8);
}
END_TEST

START_TEST(a_name_has_1_to_64_bytes)
{
    char text[NAME_MAX_BYTES + 1];
    memset(text, 'x', sizeof text);
    ck_assert(!name_is_valid(NAME_NONE));
    ck_assert(name_is_valid((struct name){text, 1}));
    ck_assert(name_is_valid((struct name){text, NAME_MAX_BYTES}));
    ck_assert(!name_is_valid((struct name){text, NAME_MAX_BYTES + 1}));
}
END_TEST

START_TEST(a_nul_is_a_control_character)
{
    ck_assert(!name_is_valid((struct name){"a\0b", 3}));
    ck_assert(utf8_is_valid("a\0b", 3));
}
END_TEST

// A character that the name's length cuts in two, though its rest stands in memory.
START_TEST(a_name_ends_where_its_length_says)
{
    ck_assert(name_is_valid((struct name){"a\xc3\xa4", 3}));
    ck_assert(!name_is_valid((struct name){"a\xc3\xa4", 2}));
    ck_assert(name_is_valid((struct name){"a/", 1}));
}
END_TEST

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

// Ascending: by unsigned bytes, and what is shorter first.
static const char *const ordered[] = {"", "A", "a", "a\x01", "a-10", "a-9", "b", "\xc3\xa4"};

START_TEST(p1_names_sort_bytewise)
{
    for (int i = 0; i < (int)COUNT(ordered); i++) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): it takes _i to be out of bounds
        struct name a = name_of(ordered[_i]), b = name_of(ordered[i]);
        ck_assert_int_eq(sign(name_compare(a, b)), sign(_i - i));
        ck_assert_int_eq(name_equal(a, b), _i == i);
    }
}
END_TEST

START_TEST(a_name_is_its_bytes_wherever_they_stand)
{
    char text[] = "gw-01";
    ck_assert(name_equal((struct name){text, 4}, (struct name){"gw-02", 4}));
    ck_assert_int_eq(name_compare((struct name){text, 4}, (struct name){"gw-02", 4}), 0);
}
END_TEST

START_TEST(no_node_is_none_and_no_other_is)
{
    ck_assert(name_is_none(NAME_NONE));
    ck_assert(name_is_none(name_of("")));
    ck_assert(!name_is_none(name_of("a")));
    ck_assert(name_equal(NAME_NONE, name_of("")));
    ck_assert(!name_equal(NAME_NONE, name_of("a")));
    ck_assert_int_lt(name_compare(NAME_NONE, name_of("a")), 0);
}
END_TEST

// Worked out from the definitions of the two functions, apart from this code: another hash would
// expect another newcomer than the rest of the group.
static const struct {
    const char *text;
    uint64_t hash;
} hashes[] = {
    {"", UINT64_C(0xefd01f60ba992926)},         {"a", UINT64_C(0x82a2a958a9bece5b)},
    {"gw-01", UINT64_C(0xb1fea24519a03de3)},    {"gw-02", UINT64_C(0x11b1d655682b7098)},
    {"\xc3\xa4", UINT64_C(0xd496e8b7a31c2b2e)},
};

START_TEST(e1_all_nodes_have_the_same_hash)
{
    ck_assert_uint_eq(name_hash(name_of(hashes[_i].text)), hashes[_i].hash);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("name");
    TCase *tests = tcase_create("name");
    tcase_add_loop_test(tests, what_is_allowed_is_a_name, 0, COUNT(good));
    tcase_add_loop_test(tests, what_is_not_allowed_is_no_name, 0, COUNT(bad));
    tcase_add_test(tests, a_name_has_1_to_64_bytes);
    tcase_add_test(tests, a_nul_is_a_control_character);
    tcase_add_test(tests, a_name_ends_where_its_length_says);
    tcase_add_loop_test(tests, p1_names_sort_bytewise, 0, COUNT(ordered));
    tcase_add_test(tests, a_name_is_its_bytes_wherever_they_stand);
    tcase_add_test(tests, no_node_is_none_and_no_other_is);
    tcase_add_loop_test(tests, e1_all_nodes_have_the_same_hash, 0, COUNT(hashes));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
