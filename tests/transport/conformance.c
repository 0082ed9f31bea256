// SPDX-License-Identifier: MIT
#include "conformance.h"
#include "ends.h"

#include <stdlib.h>

Suite *conformance_suite(const struct conformance *its_fixture)
{
    fixture = its_fixture;
    Suite *suite = suite_create(fixture->name);
    add_message_tests(suite);
    add_burst_tests(suite);
    add_link_tests(suite);
    add_closing_tests(suite);
    add_hostile_tests(suite);
    add_presence_tests(suite);
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
