// SPDX-License-Identifier: MIT
// Messages: every reason to drop one can be told from all others in a log (M3).
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/message.h"

START_TEST(m3_each_reason_has_a_text_of_its_own)
{
    const char *text = drop_text((enum drop)_i);
    ck_assert_uint_gt(strlen(text), strlen("?"));
    ck_assert_str_eq(drop_text(DROP_COUNT), "?"); // and no reason at all has none
    for (int other = 0; other < _i; other++) {
        ck_assert_str_ne(text, drop_text((enum drop)other));
    }
}
END_TEST

START_TEST(m2_the_bounds_are_those_of_the_paper)
{
    ck_assert_int_eq(MESSAGE_MAX_BYTES, 4096);
    ck_assert_int_eq(MESSAGE_MAX_DEPTH, 8);
    ck_assert_int_eq(HISTORY_MAX, 64);
    ck_assert_int_eq(VALUE_MAX_BYTES, 256);
    ck_assert_int_eq(VALUE_MAX_DEPTH, MESSAGE_MAX_DEPTH - 1);
    ck_assert_int_eq(NAME_MAX_BYTES, 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message");
    TCase *tests = tcase_create("message");
    tcase_add_loop_test(tests, m3_each_reason_has_a_text_of_its_own, 0, DROP_COUNT);
    tcase_add_test(tests, m2_the_bounds_are_those_of_the_paper);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
