// SPDX-License-Identifier: MIT
#include "conformance.h"

#include <stdlib.h>

static const struct conformance *fixture;
static struct host ends[CONFORMANCE_ENDS_MAX];
static int end_count;

// --- The ends ----------------------------------------------------------------------------------

static struct host *prepare_end(void)
{
    static const char *const names[CONFORMANCE_ENDS_MAX] = {"a", "b", "c", "d", "e"};
    int number = end_count++;
    struct host *end = &ends[number];
    if (fixture->start != NULL) {
        fixture->start(number);
    }
    host_prepare(end, fixture->ops, names[number]);
    fixture->address(number, &end->config);
    return end;
}

static void start_ends(int count, const char *group)
{
    for (int i = 0; i < count; i++) {
        struct host *end = prepare_end();
        host_open(end);
        host_join(end, group);
    }
    for (int i = 0; i < count; i++) {
        RUN_UNTIL(ends[i].is_up, fixture->up_ms);
    }
}

static void set_up(void)
{
    end_count = 0;
    if (fixture->set_up != NULL) {
        fixture->set_up();
    }
}

static void tear_down(void)
{
    while (end_count > 0) {
        host_stop(&ends[--end_count]);
    }
    if (fixture->tear_down != NULL) {
        fixture->tear_down();
    }
}

// --- Delivery ----------------------------------------------------------------------------------

START_TEST(delivers_to_all_others)
{
    start_ends(3, "g");
    host_say(&ends[1], "g", "hello");
    for (int i = 0; i < 3; i += 2) {
        RUN_UNTIL(ends[i].messages == 1, fixture->delivery_ms);
        ck_assert_str_eq(ends[i].last, "hello");
        ck_assert_str_eq(ends[i].group, "g");
    }
    ck_assert_int_le(ends[1].messages, fixture->ops->echoes);
}
END_TEST

// --- The suite ---------------------------------------------------------------------------------

static void add(Suite *suite, const TTest *test)
{
    TCase *one = tcase_create(test->name);
    tcase_set_timeout(one, 60);
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_add_test(one, test);
    suite_add_tcase(suite, one);
}

Suite *conformance_suite(const struct conformance *its_fixture)
{
    fixture = its_fixture;
    Suite *suite = suite_create(fixture->name);
    add(suite, delivers_to_all_others);
    return suite;
}

int conformance_run(const struct conformance *its_fixture)
{
    SRunner *runner = srunner_create(conformance_suite(its_fixture));
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
