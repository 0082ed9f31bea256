// SPDX-License-Identifier: MIT
// Which of Serf's user events come too late: those below a number that was seen 2 s before.
#include <check.h>

#include "transports/serf_late.h"

#include <stdlib.h>

static struct serf_late late;

static void set_up(void)
{
    late = (struct serf_late){0};
}

static bool is_late(uint64_t number, int64_t now_ms)
{
    return serf_late_is(&late, number, now_ms);
}

START_TEST(nothing_is_late_at_first)
{
    ck_assert(!is_late(7, 0));
    ck_assert(!is_late(3, 0));
    ck_assert(!is_late(9, 0));
    ck_assert(!is_late(1, 1999));
}
END_TEST

START_TEST(who_comes_below_what_was_seen_2_s_before_is_late)
{
    ck_assert(!is_late(7, 0));
    ck_assert(!is_late(6, 2000)); // it may have been seen up to a step later
    ck_assert(is_late(6, 2250));
    ck_assert(is_late(0, 2250));
    ck_assert(!is_late(8, 2250));
}
END_TEST

// It is of an agent that has missed the last event.
START_TEST(who_comes_with_the_same_number_is_not)
{
    ck_assert(!is_late(7, 0));
    ck_assert(!is_late(7, 5000));
    ck_assert(!is_late(7, 10000));
}
END_TEST

START_TEST(what_is_late_does_not_count)
{
    ck_assert(!is_late(7, 0));
    ck_assert(is_late(3, 3000));
    ck_assert(is_late(3, 6000));
    ck_assert(!is_late(8, 6000));
}
END_TEST

START_TEST(what_is_overtaken_is_late_2_s_after_that)
{
    ck_assert(!is_late(7, 0));
    for (int64_t now_ms = 100; now_ms <= 5000; now_ms += 100) {
        uint64_t number = 7 + (uint64_t)now_ms / 100;
        ck_assert(!is_late(number, now_ms));
        if (now_ms > 2500) {
            ck_assert(!is_late(number - 20, now_ms));
            ck_assert(is_late(number - 24, now_ms));
        }
    }
}
END_TEST

START_TEST(the_highest_of_a_step_counts)
{
    ck_assert(!is_late(7, 0));
    ck_assert(!is_late(9, 100));
    ck_assert(!is_late(8, 200));
    ck_assert(is_late(8, 2250));
    ck_assert(!is_late(9, 2250));
}
END_TEST

// After a split the side that has counted less takes over what the other one says next.
START_TEST(a_higher_number_is_never_late)
{
    for (int64_t now_ms = 0; now_ms < 30000; now_ms += 3000) {
        ck_assert(!is_late(1 + (uint64_t)now_ms * 1000, now_ms));
    }
}
END_TEST

START_TEST(a_foolish_number_is_forgotten)
{
    ck_assert(!is_late(7, 0));
    ck_assert(!is_late(UINT64_MAX, 1000));
    ck_assert(!is_late(8, 2000));
    ck_assert(is_late(9, 5000));
    ck_assert(is_late(10, 60000));
    ck_assert(!is_late(11, 61250));
    ck_assert(is_late(10, 63500));
}
END_TEST

START_TEST(any_pace_will_do)
{
    uint64_t number = 0;
    for (int64_t step_ms = 1; step_ms < 5000; step_ms = step_ms * 3 / 2 + 1) {
        set_up();
        for (int64_t i = 0; i < 10000; i++) {
            ck_assert(!is_late(++number, i * step_ms));
            ck_assert_int_le(late.count, SERF_LATE_STEPS);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("serf_late");
    TCase *tests = tcase_create("serf_late");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, nothing_is_late_at_first);
    tcase_add_test(tests, who_comes_below_what_was_seen_2_s_before_is_late);
    tcase_add_test(tests, who_comes_with_the_same_number_is_not);
    tcase_add_test(tests, what_is_late_does_not_count);
    tcase_add_test(tests, what_is_overtaken_is_late_2_s_after_that);
    tcase_add_test(tests, the_highest_of_a_step_counts);
    tcase_add_test(tests, a_higher_number_is_never_late);
    tcase_add_test(tests, a_foolish_number_is_forgotten);
    tcase_add_test(tests, any_pace_will_do);
    suite_add_tcase(suite, tests);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
