// SPDX-License-Identifier: MIT
// The table of known nodes by itself: finding by name, the order of E1, and who is the next to be
// forgotten (J6). Ages are written as letters, the one unseen for longest first.
#include <check.h>

#include "core/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { CAPACITY = 512 };

static struct nodes nodes;
static void *memory;

static void set_up(void)
{
    memory = malloc(nodes_bytes(CAPACITY));
    nodes_init(&nodes, memory, CAPACITY);
}

static void tear_down(void)
{
    free(memory);
}

static node_id add(const char *text)
{
    return nodes_add(&nodes, name_of(text), 0);
}

static node_id find(const char *text)
{
    return nodes_find(&nodes, name_of(text));
}

static void add_letters(const char *letters)
{
    for (; *letters != '\0'; letters++) {
        add((char[]){*letters, '\0'});
    }
}

static void forget_letter(char letter)
{
    nodes_remove(&nodes, find((char[]){letter, '\0'}));
}

static void see(char letter)
{
    nodes_see(&nodes, find((char[]){letter, '\0'}), 1);
}

// That the queue reads so, from either end.
static void ck_ages(const char *letters)
{
    size_t count = strlen(letters);
    node_id id = nodes.oldest;
    for (size_t i = 0; i < count; i++, id = nodes_get(&nodes, id)->newer) {
        ck_assert_int_eq(nodes_name(&nodes, id).text[0], letters[i]);
    }
    ck_assert_uint_eq(id, NODE_ABSENT);
    id = nodes.newest;
    for (size_t i = count; i-- > 0; id = nodes_get(&nodes, id)->older) {
        ck_assert_int_eq(nodes_name(&nodes, id).text[0], letters[i]);
    }
    ck_assert_uint_eq(id, NODE_ABSENT);
    ck_assert_uint_eq(nodes.count, count);
}

// As many names as the table holds.
static const char *numbered(int number)
{
    static char text[16];
    snprintf(text, sizeof text, "node-%d", number);
    return text;
}

static void fill(void)
{
    for (int i = 0; i < CAPACITY; i++) {
        add(numbered(i));
    }
}

// --- Names and ids -----------------------------------------------------------------------------

START_TEST(an_empty_table_knows_nobody)
{
    ck_assert_uint_eq(find("a"), NODE_UNKNOWN);
    ck_ages("");
}
END_TEST

START_TEST(the_first_has_the_id_0_which_is_this_node)
{
    ck_assert_uint_eq(add("m"), 0);
    ck_assert_uint_eq(add("a"), 1);
}
END_TEST

START_TEST(a_name_is_found_and_no_other)
{
    node_id id = add("host.example");
    ck_assert_uint_eq(find("host.example"), id);
    ck_assert_uint_eq(find("host.exampl"), NODE_UNKNOWN);
    ck_assert_uint_eq(find("host.example2"), NODE_UNKNOWN);
}
END_TEST

START_TEST(a_name_is_kept_by_the_table)
{
    char text[] = "abc";
    node_id id = nodes_add(&nodes, (struct name){text, 2}, 0);
    memset(text, 'x', 3);
    ck_assert(name_equal(nodes_name(&nodes, id), name_of("ab")));
    ck_assert_str_eq(nodes_name(&nodes, id).text, "ab");
}
END_TEST

START_TEST(the_longest_name_ends_in_nul)
{
    char text[NAME_MAX_BYTES + 1];
    memset(text, 'a', NAME_MAX_BYTES);
    text[NAME_MAX_BYTES] = '\0';
    node_id id = add(text);
    ck_assert_str_eq(nodes_name(&nodes, id).text, text);
    ck_assert_uint_eq(find(text), id);
}
END_TEST

START_TEST(a_full_table_finds_everybody_by_name)
{
    node_id ids[CAPACITY];
    for (int i = 0; i < CAPACITY; i++) {
        ids[i] = add(numbered(i));
    }
    for (int i = 0; i < CAPACITY; i++) {
        ck_assert_uint_eq(find(numbered(i)), ids[i]);
    }
    ck_assert_uint_eq(find(numbered(CAPACITY)), NODE_UNKNOWN);
}
END_TEST

START_TEST(nothing_is_known_of_a_new_node)
{
    const struct node *node = nodes_get(&nodes, nodes_add(&nodes, name_of("a"), 77));
    ck_assert_int_eq(node->seen_ns, 77);
    ck_assert_int_eq(node->hist_ns, INT64_MIN); // never
    ck_assert_int_eq(node->ready, READY_UNKNOWN);
    ck_assert(!node->ours && !node->heard && node->missed == 0);
}
END_TEST

// --- E1: the order of (hash, name) -------------------------------------------------------------

static void ck_sorted(void)
{
    for (uint32_t rank = 0; rank < nodes.count; rank++) {
        node_id id = nodes.order[rank];
        ck_assert_uint_eq(nodes_rank(&nodes, id), rank);
        ck_assert_uint_eq(nodes_get(&nodes, id)->hash, name_hash(nodes_name(&nodes, id)));
        if (rank > 0) {
            node_id before = nodes.order[rank - 1];
            ck_assert_uint_lt(nodes_get(&nodes, before)->hash, nodes_get(&nodes, id)->hash);
        }
    }
}

START_TEST(e1_nodes_are_sorted_by_hash)
{
    fill();
    ck_assert_uint_eq(nodes.count, CAPACITY);
    ck_sorted();
}
END_TEST

START_TEST(e1_nodes_stay_sorted_when_some_are_forgotten)
{
    fill();
    for (int i = 0; i < CAPACITY; i += 3) {
        nodes_remove(&nodes, find(numbered(i)));
    }
    ck_assert_uint_eq(nodes.count, CAPACITY - (CAPACITY + 2) / 3);
    ck_sorted();
    for (int i = 0; i < CAPACITY; i++) {
        ck_assert((find(numbered(i)) == NODE_UNKNOWN) == (i % 3 == 0));
    }
}
END_TEST

START_TEST(e1_of_equal_hashes_the_name_decides)
{
    // As if the names had one hash: sorted in by hand, since nobody knows two such names.
    add_letters("bd");
    node_id b = find("b"), d = find("d");
    nodes_get(&nodes, b)->hash = nodes_get(&nodes, d)->hash = 1;
    nodes.order[0] = b;
    nodes.order[1] = d;
    ck_assert_uint_eq(nodes_rank(&nodes, b), 0);
    ck_assert_uint_eq(nodes_rank(&nodes, d), 1);
}
END_TEST

// --- J6: who is the next to be forgotten -------------------------------------------------------

START_TEST(j6_the_one_added_first_is_unseen_for_longest)
{
    add_letters("abc");
    ck_ages("abc");
}
END_TEST

static const struct {
    char seen;
    const char *ages;
} seen[] = {{'a', "bcda"}, {'b', "acdb"}, {'c', "abdc"}, {'d', "abcd"}};

START_TEST(j6_one_that_is_seen_is_the_last_to_be_forgotten)
{
    add_letters("abcd");
    see(seen[_i].seen);
    ck_ages(seen[_i].ages);
}
END_TEST

START_TEST(j6_when_a_node_was_seen_is_kept)
{
    add_letters("ab");
    nodes_see(&nodes, find("a"), 5);
    ck_assert_int_eq(nodes_get(&nodes, find("a"))->seen_ns, 5);
    nodes_see(&nodes, find("a"), 7); // it is the newest already
    ck_assert_int_eq(nodes_get(&nodes, find("a"))->seen_ns, 7);
    ck_assert_int_eq(nodes_get(&nodes, find("b"))->seen_ns, 0);
}
END_TEST

static const struct {
    char removed;
    const char *ages;
} removed[] = {{'a', "bcd"}, {'b', "acd"}, {'d', "abc"}};

START_TEST(j6_the_queue_closes_behind_one_that_is_forgotten)
{
    add_letters("abcd");
    forget_letter(removed[_i].removed);
    ck_ages(removed[_i].ages);
    ck_assert_uint_eq(find((char[]){removed[_i].removed, '\0'}), NODE_UNKNOWN);
    add_letters("e");
    see(removed[_i].ages[0]);
    char ages[8];
    snprintf(ages, sizeof ages, "%se%c", removed[_i].ages + 1, removed[_i].ages[0]);
    ck_ages(ages);
}
END_TEST

START_TEST(j6_the_last_one_can_be_forgotten)
{
    add_letters("a");
    forget_letter('a');
    ck_ages("");
    add_letters("bc");
    ck_ages("bc");
}
END_TEST

START_TEST(j6_the_places_of_the_forgotten_are_used_again)
{
    fill();
    for (int i = 0; i < 5 * CAPACITY; i++) {
        nodes_remove(&nodes, nodes.oldest);
        if (i % 2 == 0) {
            nodes_remove(&nodes, nodes.oldest);
            add(numbered(10000 + i));
        }
        add(numbered(CAPACITY + i));
        ck_assert_uint_eq(nodes.count, CAPACITY);
    }
    ck_assert_uint_eq(nodes.used, CAPACITY);
    ck_sorted();
}
END_TEST

START_TEST(j6_whoever_takes_a_place_inherits_nothing)
{
    node_id id = add("a");
    *nodes_get(&nodes, id) = (struct node){
        .hash = nodes_get(&nodes, id)->hash,
        .hist_ns = 5,
        .known_slot = 6,
        .sent_slot = 7,
        .older = NODE_ABSENT,
        .newer = NODE_ABSENT,
        .ready = READY_YES,
        .missed = 2,
        .ours = true,
        .heard = true,
        .len = 1,
        .text = "a",
    };
    forget_letter('a');
    ck_assert_uint_eq(add("b"), id);
    const struct node *node = nodes_get(&nodes, id);
    ck_assert_int_eq(node->hist_ns, INT64_MIN);
    ck_assert_uint_eq(node->known_slot + node->sent_slot, 0);
    ck_assert(node->ready == READY_UNKNOWN && node->missed == 0 && !node->ours && !node->heard);
    ck_assert_str_eq(node->text, "b");
}
END_TEST

// --- The suite --------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_names_and_ids(Suite *suite)
{
    TCase *tcase = add_case(suite, "Names and ids");
    tcase_add_test(tcase, an_empty_table_knows_nobody);
    tcase_add_test(tcase, the_first_has_the_id_0_which_is_this_node);
    tcase_add_test(tcase, a_name_is_found_and_no_other);
    tcase_add_test(tcase, a_name_is_kept_by_the_table);
    tcase_add_test(tcase, the_longest_name_ends_in_nul);
    tcase_add_test(tcase, a_full_table_finds_everybody_by_name);
    tcase_add_test(tcase, nothing_is_known_of_a_new_node);
}

static void add_e1(Suite *suite)
{
    TCase *tcase = add_case(suite, "E1: the order of (hash, name)");
    tcase_add_test(tcase, e1_nodes_are_sorted_by_hash);
    tcase_add_test(tcase, e1_nodes_stay_sorted_when_some_are_forgotten);
    tcase_add_test(tcase, e1_of_equal_hashes_the_name_decides);
}

static void add_j6(Suite *suite)
{
    TCase *tcase = add_case(suite, "J6: who is the next to be forgotten");
    tcase_add_test(tcase, j6_the_one_added_first_is_unseen_for_longest);
    tcase_add_loop_test(tcase, j6_one_that_is_seen_is_the_last_to_be_forgotten, 0, COUNT(seen));
    tcase_add_test(tcase, j6_when_a_node_was_seen_is_kept);
    tcase_add_loop_test(tcase, j6_the_queue_closes_behind_one_that_is_forgotten, 0, COUNT(removed));
    tcase_add_test(tcase, j6_the_last_one_can_be_forgotten);
    tcase_add_test(tcase, j6_the_places_of_the_forgotten_are_used_again);
    tcase_add_test(tcase, j6_whoever_takes_a_place_inherits_nothing);
}

int main(void)
{
    Suite *suite = suite_create("nodes");
    add_names_and_ids(suite);
    add_e1(suite);
    add_j6(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
