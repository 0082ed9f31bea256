// SPDX-License-Identifier: MIT
// Parameters: their bounds, and which of two sets stands (V1).
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MS (NS_PER_S / 1000)

START_TEST(the_defaults_are_those_of_the_paper)
{
    const struct params *p = &params_default;
    ck_assert_int_eq(p->version, 0);
    ck_assert_int_eq(p->cycle_ns, 10000 * MS);
    ck_assert_int_eq(p->gap_ns, 1500 * MS);
    ck_assert_int_eq(p->nodes, 5);
    ck_assert_int_eq(p->splits, 4);
    ck_assert_int_eq(p->n_hosts, 10);
    ck_assert(!p->force_in);
    ck_assert_ptr_null(params_fault(p));
}
END_TEST

// --- Bounds ------------------------------------------------------------------------------------

enum field { FIELD_VERSION, FIELD_CYCLE, FIELD_GAP, FIELD_NODES, FIELD_SPLITS, FIELD_N_HOSTS };

// A set in which one number alone can be at fault.
static struct params with(enum field field, int64_t number)
{
    struct params p = params_default;
    p.gap_ns = 10 * MS;
    switch (field) {
    case FIELD_VERSION:
        p.version = number;
        break;
    case FIELD_CYCLE:
        p.cycle_ns = number;
        break;
    case FIELD_GAP:
        p.gap_ns = number;
        p.cycle_ns = 86400 * NS_PER_S;
        break;
    case FIELD_NODES:
        p.nodes = (int32_t)number;
        break;
    case FIELD_SPLITS:
        p.splits = (int32_t)number;
        break;
    case FIELD_N_HOSTS:
        p.n_hosts = (int32_t)number;
        break;
    }
    return p;
}

static const struct {
    enum field field;
    int64_t low, high;
    const char *allowed;
} bounds[] = {
    {FIELD_VERSION, 0, INT64_C(1) << 53, "version must be 0 to 2^53"},
    {FIELD_CYCLE, 100 * MS, 86400 * NS_PER_S, "cycle must be 0.1 to 86400 s"},
    {FIELD_GAP, 10 * MS, 3600 * NS_PER_S, "gap must be 0.01 to 3600 s"},
    {FIELD_NODES, 1, 64, "nodes must be -1 (all), or 1 to 64"},
    {FIELD_SPLITS, 1, 64, "splits must be 1 to 64"},
    {FIELD_N_HOSTS, 1, 1000000, "n_hosts must be 1 to 1000000"},
};

START_TEST(each_number_has_its_bounds)
{
    struct params low = with(bounds[_i].field, bounds[_i].low);
    struct params high = with(bounds[_i].field, bounds[_i].high);
    struct params below = with(bounds[_i].field, bounds[_i].low - 1);
    struct params above = with(bounds[_i].field, bounds[_i].high + 1);
    ck_assert_ptr_null(params_fault(&low));
    ck_assert_ptr_null(params_fault(&high));
    ck_assert_pstr_eq(params_fault(&below), bounds[_i].allowed);
    ck_assert_pstr_eq(params_fault(&above), bounds[_i].allowed);
}
END_TEST

START_TEST(all_nodes_are_minus_1_and_no_other_number_below_1)
{
    struct params all = with(FIELD_NODES, -1), fewer = with(FIELD_NODES, -2);
    ck_assert_ptr_null(params_fault(&all));
    ck_assert_ptr_nonnull(params_fault(&fewer));
}
END_TEST

START_TEST(a_cycle_holds_three_gaps)
{
    struct params p = params_default;
    p.cycle_ns = 3 * p.gap_ns;
    ck_assert_ptr_null(params_fault(&p));
    p.cycle_ns--;
    ck_assert_pstr_eq(params_fault(&p), "cycle must be at least 3 gap");
}
END_TEST

// --- V1: which set stands ----------------------------------------------------------------------

START_TEST(v1_the_higher_version_stands_whatever_is_in_it)
{
    // 0.1 has the longer float, and so the higher encoding.
    struct params low = with(FIELD_CYCLE, 100 * MS), high = with(FIELD_CYCLE, 86400 * NS_PER_S);
    low.version = 7;
    high.version = 8;
    ck_assert_int_gt(params_compare(&high, &low), 0);
    ck_assert_int_lt(params_compare(&low, &high), 0);
}
END_TEST

// Numbers whose encodings are of each length: floats of 2, 4 and 8 bytes, integers of 1, 2, 3, 5.
static const int64_t cycles_ns[] = {100 * MS,         1500 * MS,        2000 * MS,       10001 * MS,
                                    65504 * NS_PER_S, 65537 * NS_PER_S, 86400 * NS_PER_S};
static const int64_t gaps_ns[] = {10 * MS, 31250000, 33 * MS};
static const int32_t nodes[] = {-1, 1, 23, 24, 64};
static const int32_t splits[] = {4, 24};
static const int32_t n_hosts[] = {23, 255, 256, 65536};

enum {
    SETS = 2 * COUNT(n_hosts) * COUNT(splits) * COUNT(nodes) * COUNT(gaps_ns) * COUNT(cycles_ns)
};

// The i-th of all sets that can be made of these.
static struct params make_set(size_t i)
{
    struct params p = params_default;
    p.force_in = i % 2 == 1;
    p.n_hosts = n_hosts[(i /= 2) % COUNT(n_hosts)];
    p.splits = splits[(i /= COUNT(n_hosts)) % COUNT(splits)];
    p.nodes = nodes[(i /= COUNT(splits)) % COUNT(nodes)];
    p.gap_ns = gaps_ns[(i /= COUNT(nodes)) % COUNT(gaps_ns)];
    p.cycle_ns = cycles_ns[i / COUNT(gaps_ns)];
    return p;
}

struct encoded {
    struct params params;
    uint8_t packet[160]; // and zeros behind
};

static struct encoded encode(size_t i)
{
    struct message vers = {.type = MESSAGE_VERS, .node = name_of("n"), .params = make_set(i)};
    struct encoded set = {.params = vers.params};
    ck_assert_uint_gt(codec_encode(&vers, set.packet, sizeof set.packet), 0);
    return set;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

START_TEST(v1_at_equal_versions_the_higher_encoding_stands)
{
    static struct encoded sets[SETS];
    for (size_t i = 0; i < SETS; i++) {
        sets[i] = encode(i);
    }
    for (size_t i = 0; i < SETS; i++) {
        for (size_t j = 0; j < SETS; j++) {
            int order = memcmp(sets[i].packet, sets[j].packet, sizeof sets[i].packet);
            if (sign(params_compare(&sets[i].params, &sets[j].params)) != sign(order)) {
                ck_abort_msg("sets %zu and %zu", i, j);
            }
        }
    }
}
END_TEST

static const struct {
    double seconds;
    int bytes;
} floats[] = {
    {0.01, 8},   {0.1, 8},          {0.3, 8},           {0.5, 2},        {1, 2},
    {1.5, 2},    {2047, 2},         {2048, 2},          {2049, 4},       {2050, 2},
    {65504, 2},  {65505, 4},        {65536, 4},         {86400, 4},      {0.125, 2},
    {10.001, 8}, {1.0009765625, 2}, {1.00048828125, 4}, {86400.0001, 8},
};

START_TEST(a_number_of_seconds_has_its_shortest_float)
{
    ck_assert_int_eq(params_float_bytes(floats[_i].seconds), floats[_i].bytes);
}
END_TEST

// --- What follows from them --------------------------------------------------------------------

START_TEST(a_ring_has_2_to_64_places)
{
    static const int places[][2] = {{-1, 64}, {1, 2}, {2, 2}, {3, 3}, {64, 64}};
    for (size_t i = 0; i < COUNT(places); i++) {
        struct params p = with(FIELD_NODES, places[i][0]);
        ck_assert_int_eq(params_ring_size(&p), places[i][1]);
    }
}
END_TEST

START_TEST(the_slack_is_a_20th_of_the_gap_and_a_1000th_of_the_cycle)
{
    ck_assert_int_eq(params_slack_ns(&params_default), 75 * MS + 10 * MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("params");
    TCase *tests = tcase_create("params");
    tcase_add_test(tests, the_defaults_are_those_of_the_paper);
    tcase_add_loop_test(tests, each_number_has_its_bounds, 0, COUNT(bounds));
    tcase_add_test(tests, all_nodes_are_minus_1_and_no_other_number_below_1);
    tcase_add_test(tests, a_cycle_holds_three_gaps);
    tcase_add_test(tests, v1_the_higher_version_stands_whatever_is_in_it);
    tcase_add_test(tests, v1_at_equal_versions_the_higher_encoding_stands);
    tcase_add_loop_test(tests, a_number_of_seconds_has_its_shortest_float, 0, COUNT(floats));
    tcase_add_test(tests, a_ring_has_2_to_64_places);
    tcase_add_test(tests, the_slack_is_a_20th_of_the_gap_and_a_1000th_of_the_cycle);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
