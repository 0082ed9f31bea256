// SPDX-License-Identifier: MIT
// The ring by itself: turns and what they drop (R8), filling up (R4), cutting short. A ring is
// written as letters, newest first.
#include <check.h>

#include "core/ring.h"

#include <stdlib.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static struct ring ring_of(const char *letters)
{
    struct ring ring = {0};
    for (; *letters != '\0'; letters++) {
        ring.ids[ring.count++] = (node_id)*letters;
    }
    return ring;
}

static const char *letters_of(const struct ring *ring)
{
    static char letters[RING_MAX + 1];
    for (uint32_t i = 0; i < ring->count; i++) {
        letters[i] = (char)ring->ids[i];
    }
    letters[ring->count] = '\0';
    return letters;
}

// --- Places ------------------------------------------------------------------------------------

START_TEST(beyond_the_end_nobody_stands)
{
    struct ring ring = ring_of("abc");
    ck_assert_uint_eq(ring_at(&ring, 0), 'a');
    ck_assert_uint_eq(ring_at(&ring, 2), 'c');
    ring_truncate(&ring, 2); // c's id is still in memory
    ck_assert_uint_eq(ring_at(&ring, 2), NODE_ABSENT);
    ck_assert_uint_eq(ring_at(&ring, RING_MAX), NODE_ABSENT);
}
END_TEST

START_TEST(a_node_is_found_at_its_place_or_not_at_all)
{
    struct ring ring = ring_of("abc");
    ck_assert_int_eq(ring_find(&ring, 'a'), 0);
    ck_assert_int_eq(ring_find(&ring, 'c'), 2);
    ck_assert_int_eq(ring_find(&ring, 'd'), -1);
    ring_truncate(&ring, 2);
    ck_assert_int_eq(ring_find(&ring, 'c'), -1);
}
END_TEST

// --- R8: turns ---------------------------------------------------------------------------------

static const struct {
    const char *ring;
    char sender;
    const char *becomes;
} turns[] = {
    // not on the ring: all move back, and the last one falls off when it is full
    {"", 'x', "x"},
    {"a", 'x', "xa"},
    {"abcd", 'x', "xabcd"},
    {"abcde", 'x', "xabcd"},
    // the last one moves to the front, and nobody is dropped
    {"a", 'a', "a"},
    {"ab", 'b', "ba"},
    {"abcde", 'e', "eabcd"},
    // from anywhere else, it takes one more from the end with it
    {"abcde", 'd', "dabc"},
    {"abcde", 'b', "bacd"},
    {"abc", 'a', "ab"},
    {"ab", 'a', "a"},
};

START_TEST(r8_a_turn_moves_the_sender_to_the_front)
{
    struct ring ring = ring_of(turns[_i].ring);
    ring_turn(&ring, (node_id)turns[_i].sender, 5);
    ck_assert_str_eq(letters_of(&ring), turns[_i].becomes);
}
END_TEST

START_TEST(r8_a_ring_longer_than_its_size_is_cut)
{
    struct ring ring = ring_of("abcdefg");
    ring_turn(&ring, 'x', 3);
    ck_assert_str_eq(letters_of(&ring), "xab");
}
END_TEST

START_TEST(r8_nodes_that_are_gone_fade_out)
{
    struct ring ring = ring_of("abcde"); // c, d and e are gone
    ring_turn(&ring, 'b', 5);
    ring_turn(&ring, 'a', 5);
    ring_turn(&ring, 'b', 5);
    ck_assert_str_eq(letters_of(&ring), "ba");
    ring_turn(&ring, 'a', 5);
    ck_assert_str_eq(letters_of(&ring), "ab");
}
END_TEST

static struct ring longest_ring(void)
{
    struct ring ring = {.count = RING_MAX};
    for (uint32_t i = 0; i < RING_MAX; i++) {
        ring.ids[i] = i;
    }
    return ring;
}

START_TEST(r8_the_longest_ring_drops_its_last_for_a_newcomer)
{
    struct {
        struct ring ring;
        node_id behind;
    } longest = {longest_ring(), 77};
    ring_turn(&longest.ring, 1000, RING_MAX);
    ck_assert_uint_eq(longest.ring.count, RING_MAX);
    ck_assert_uint_eq(longest.ring.ids[0], 1000);
    for (uint32_t i = 1; i < RING_MAX; i++) {
        ck_assert_uint_eq(longest.ring.ids[i], i - 1);
    }
    ck_assert_uint_eq(longest.behind, 77); // untouched
}
END_TEST

START_TEST(r8_the_last_of_the_longest_ring_drops_nobody)
{
    struct ring ring = longest_ring();
    ring_turn(&ring, RING_MAX - 1, RING_MAX);
    ck_assert_uint_eq(ring.count, RING_MAX);
    ck_assert_uint_eq(ring.ids[0], RING_MAX - 1);
    ck_assert_uint_eq(ring.ids[RING_MAX - 1], RING_MAX - 2);
}
END_TEST

// --- Filling up, cutting short -------------------------------------------------------------------

static const struct {
    const char *ring, *rest;
    uint32_t size;
    const char *becomes;
} fills[] = {
    {"ab", "cd", 5, "abcd"},   // in order
    {"ab", "bca", 5, "abc"},   // but for those that are on it
    {"ab", "cdef", 4, "abcd"}, // while there is room
    {"ab", "cd", 2, "ab"},     {"", "ab", 5, "ab"}, {"ab", "", 5, "ab"},
};

START_TEST(r4_a_ring_is_filled_up_with_the_rest_of_another)
{
    struct ring ring = ring_of(fills[_i].ring), rest = ring_of(fills[_i].rest);
    ring_fill(&ring, &rest, fills[_i].size);
    ck_assert_str_eq(letters_of(&ring), fills[_i].becomes);
}
END_TEST

START_TEST(a_ring_is_cut_from_its_end_only_when_too_long)
{
    struct ring ring = ring_of("abc");
    ring_truncate(&ring, 3);
    ck_assert_str_eq(letters_of(&ring), "abc");
    ring_truncate(&ring, 5);
    ck_assert_str_eq(letters_of(&ring), "abc");
    ring_truncate(&ring, 2);
    ck_assert_str_eq(letters_of(&ring), "ab");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *tcase = tcase_create("ring");
    tcase_add_test(tcase, beyond_the_end_nobody_stands);
    tcase_add_test(tcase, a_node_is_found_at_its_place_or_not_at_all);
    tcase_add_loop_test(tcase, r8_a_turn_moves_the_sender_to_the_front, 0, COUNT(turns));
    tcase_add_test(tcase, r8_a_ring_longer_than_its_size_is_cut);
    tcase_add_test(tcase, r8_nodes_that_are_gone_fade_out);
    tcase_add_test(tcase, r8_the_longest_ring_drops_its_last_for_a_newcomer);
    tcase_add_test(tcase, r8_the_last_of_the_longest_ring_drops_nobody);
    tcase_add_loop_test(tcase, r4_a_ring_is_filled_up_with_the_rest_of_another, 0, COUNT(fills));
    tcase_add_test(tcase, a_ring_is_cut_from_its_end_only_when_too_long);
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
