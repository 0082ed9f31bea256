// SPDX-License-Identifier: MIT
// The parts of the simulator: chance, the queue, slots, the measure and the trace.
#include <check.h>

#include "sim/chance.h"
#include "sim/measure.h"
#include "sim/queue.h"
#include "sim/slots.h"
#include "sim/trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t ns(double seconds)
{
    return llround(seconds * 1e9);
}

// --- Chance ------------------------------------------------------------------------------------

START_TEST(chance_of_a_seed_is_always_the_same)
{
    static const uint64_t of_1[] = {UINT64_C(0xe5fdc025e13eeed5), UINT64_C(0xe85028e6b31f8e7a),
                                    UINT64_C(0xa288ccdc266474e3)};
    struct chance chance = {1};
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(chance_bits(&chance), of_1[i]);
    }
    struct chance other = {2};
    ck_assert_uint_ne(chance_bits(&other), of_1[0]);
}
END_TEST

START_TEST(chance_keeps_its_bounds_and_reaches_them)
{
    struct chance chance = {1};
    bool below[6] = {false}, between[7] = {false};
    for (int i = 0; i < 1000; i++) {
        uint64_t number = chance_below(&chance, 6);
        int64_t place = chance_between(&chance, -3, 3) + 3;
        ck_assert(number < 6 && place >= 0 && place < 7);
        below[number] = between[place] = true;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert(between[i] && (i == 6 || below[i]));
    }
    ck_assert_uint_eq(chance_below(&chance, 1), 0);
    ck_assert_int_eq(chance_between(&chance, 5, 5), 5);
}
END_TEST

static int times_of(double share)
{
    struct chance chance = {1};
    int times = 0;
    for (int i = 0; i < 10000; i++) {
        times += chance_of(&chance, share);
    }
    return times;
}

START_TEST(chance_comes_true_its_share_of_the_time)
{
    ck_assert_int_eq(times_of(0), 0);
    ck_assert_int_eq(times_of(1), 10000);
    ck_assert_int_ge(times_of(0.25), 2400);
    ck_assert_int_le(times_of(0.25), 2600);
}
END_TEST

// --- The queue -----------------------------------------------------------------------------------

START_TEST(the_queue_goes_by_time_then_by_insertion)
{
    static const int64_t times[] = {5, 3, 5, 1, 3, 5};
    static const uint32_t order[] = {3, 1, 4, 0, 2, 5};
    struct queue queue = {0};
    for (uint32_t i = 0; i < 6; i++) {
        queue_put(&queue, (struct entry){.at_ns = times[i], .node = i});
    }
    for (int i = 0; i < 6; i++) {
        ck_assert_uint_eq(queue_take(&queue).node, order[i]);
    }
    ck_assert_uint_eq(queue.count, 0);
    queue_free(&queue);
}
END_TEST

static struct entry take_after(struct queue *queue, const struct entry *last)
{
    struct entry next = queue_take(queue);
    ck_assert_int_ge(next.at_ns, last->at_ns);
    ck_assert(next.at_ns > last->at_ns || next.order > last->order || last->at_ns == 0);
    return next;
}

// Two in, one out, then all out: many of the same time.
START_TEST(the_queue_stays_in_order_while_it_is_used)
{
    struct queue queue = {0};
    struct chance chance = {1};
    struct entry last = {0};
    for (int i = 0; i < 1000; i++) {
        for (int j = 0; j < 2; j++) {
            int64_t wait_ns = chance_between(&chance, 1, 20);
            queue_put(&queue, (struct entry){.at_ns = last.at_ns + wait_ns});
        }
        last = take_after(&queue, &last);
    }
    ck_assert_uint_eq(queue.count, 1000);
    while (queue.count > 0) {
        last = take_after(&queue, &last);
    }
    queue_free(&queue);
}
END_TEST

// --- Slots -------------------------------------------------------------------------------------

// A cycle of 10 and a gap of 1.5: a slot begins 7 s after the last at the earliest.
START_TEST(slots_begin_long_after_each_other)
{
    struct slots slots = {0};
    ck_assert(slots_beacon(&slots, &params_default, ns(1)));
    ck_assert(!slots_beacon(&slots, &params_default, ns(7.999)));
    ck_assert(slots_beacon(&slots, &params_default, ns(8)));
    ck_assert(slots_beacon(&slots, &params_default, ns(18)));
    ck_assert_uint_eq(slots.count, 3);
    ck_assert_uint_eq(slots.beacons, 4);
    ck_assert_uint_eq(slots.collided, 1);
    ck_assert(!slots.is_collided);
}
END_TEST

START_TEST(a_slot_that_has_ended_before_its_time_is_followed_by_the_next)
{
    struct slots slots = {0};
    slots_beacon(&slots, &params_default, ns(1));
    slots_end(&slots);
    ck_assert(slots_beacon(&slots, &params_default, ns(2)));
    ck_assert(!slots_beacon(&slots, &params_default, ns(3)));
    ck_assert_uint_eq(slots.count, 2);
    ck_assert_uint_eq(slots.collided, 1);
}
END_TEST

START_TEST(slots_collide_once)
{
    struct slots slots = {0};
    for (int i = 0; i < 4; i++) {
        slots_beacon(&slots, &params_default, ns(1 + 0.1 * i));
    }
    ck_assert_uint_eq(slots.count, 1);
    ck_assert_uint_eq(slots.collided, 1);
    ck_assert_int_eq(slots.begun_ns, ns(1));
}
END_TEST

// --- The measure: nodes are real, what they report is made up ----------------------------------

static struct world *w;
static struct measure *measure;
static struct figures figures;

static void set_up(void)
{
    const struct world_config config = {.seed = 1, .params = params_default};
    w = world_new(&config);
    measure = measure_new();
    figures = (struct figures){0};
}

static void tear_down(void)
{
    measure_free(measure);
    world_free(w);
}

static void tell(double at, enum news_type type, int node, const struct effect *effect)
{
    const struct news news = {type, ns(at), node, effect};
    measure_news(measure, &news);
}

static void report(double at, int node, const struct event *event)
{
    const struct effect effect = {.type = EFFECT_EVENT, .event = *event};
    tell(at, NEWS_EFFECT, node, &effect);
}

static void lead(double at, int node, double until)
{
    report(at, node, &(struct event){.type = EVENT_TAG, .until_ns = ns(until)});
}

static void untag(double at, int node)
{
    report(at, node, &(struct event){.type = EVENT_UNTAG});
}

static void transmit(double at, int node, const struct message *message)
{
    const struct effect effect = {.type = EFFECT_SEND, .send = *message};
    tell(at, NEWS_EFFECT, node, &effect);
}

static void beacon(double at, int node)
{
    static const uint8_t zero[] = {0};
    static const char *const names[] = {"n0", "n1"};
    struct message m = {.type = MESSAGE_PING, .value = {zero, 1}, .node = name_of(names[node])};
    m.history = (struct history){2, {name_of(names[node]), name_of(names[1 - node])}};
    transmit(at, node, &m);
}

static void slot(double at, int node, const char *first, const char *second)
{
    struct event event = {.type = EVENT_SLOT, .ring = {1, {name_of(first)}}};
    if (second != NULL) {
        event.ring.names[event.ring.count++] = name_of(second);
    }
    report(at, node, &event);
}

// "n0" and so on, started at second 1.
static void begin(int count)
{
    measure_begin(measure, w, &params_default);
    while (world_count(w) < count) {
        char name[16];
        snprintf(name, sizeof name, "n%d", world_count(w));
        world_start(w, world_add(w, name, 0));
    }
    for (int i = 0; i < count; i++) {
        tell(1, NEWS_STARTED, i, NULL);
    }
}

static void end(double at)
{
    measure_end(measure, ns(at));
    measure_figures(measure, &figures);
}

static void ck_spread(const struct spread *spread, struct spread wanted)
{
    ck_assert_uint_eq(spread->count, wanted.count);
    ck_assert_double_eq_tol(spread->min, wanted.min, 1e-9);
    ck_assert_double_eq_tol(spread->median, wanted.median, 1e-9);
    ck_assert_double_eq_tol(spread->p99, wanted.p99, 1e-9);
    ck_assert_double_eq_tol(spread->max, wanted.max, 1e-9);
}

// 3 to 5 one, to 7 both, to 11 one whose holder says nothing when its time is over, to 13 nobody.
START_TEST(the_measure_shares_the_time_out)
{
    begin(2);
    lead(3, 0, 11);
    lead(5, 1, 12);
    untag(7, 1);
    end(13);
    ck_assert_double_eq_tol(figures.tagged_share[0], 0.2, 1e-9);
    ck_assert_double_eq_tol(figures.tagged_share[1], 0.6, 1e-9);
    ck_assert_double_eq_tol(figures.tagged_share[2], 0.2, 1e-9);
    ck_assert_double_eq_tol(figures.virtual_s, 12, 1e-9);
}
END_TEST

// Takeovers of 1 to 200 hundredths of a second, in no order.
START_TEST(the_measure_spreads_its_samples)
{
    begin(2);
    for (int i = 0; i < 200; i++) {
        double at = 10 * i + 10;
        lead(at, 0, at + 8);
        tell(at + 1, NEWS_KILLED, 0, NULL);
        lead(at + 1 + (i * 7 % 200 + 1) / 100.0, 1, at + 8);
        untag(at + 5, 1);
    }
    end(2010);
    ck_spread(&figures.takeover_s, (struct spread){200, 0.01, 1, 1.98, 2});
    ck_spread(&figures.first_tag_s, (struct spread){1, 9, 9, 9, 9});
    ck_spread(&figures.turns, (struct spread){2, 200, 200, 200, 200});
    ck_assert_uint_eq(figures.heal_s.count, 0);
}
END_TEST

START_TEST(the_measure_gathers_runs)
{
    for (int i = 0; i < 3; i++) {
        begin(1);
        lead(2 + i, 0, 10);
        untag(6, 0);
        end(11);
    }
    ck_spread(&figures.first_tag_s, (struct spread){3, 1, 2, 3, 3});
    ck_assert_double_eq_tol(figures.virtual_s, 30, 1e-9);
    ck_assert_double_eq_tol(figures.tagged_share[1], (4 + 3 + 2) / 24.0, 1e-9);
}
END_TEST

START_TEST(the_measure_counts_slots_when_the_rings_are_full)
{
    begin(2);
    beacon(2, 0);
    beacon(2.5, 1);
    slot(4, 0, "n0", NULL);
    beacon(11, 1);
    slot(13, 0, "n1", "n0");
    slot(13, 1, "n1", "n0");
    beacon(20, 0);
    beacon(29, 1);
    beacon(29.1, 0);
    end(38);
    ck_assert_uint_eq(figures.ring_full_slots, 2);
    ck_assert_uint_eq(figures.slots, 2);
    ck_assert_uint_eq(figures.beacons, 3);
    ck_assert_uint_eq(figures.collided, 1);
}
END_TEST

START_TEST(the_measure_says_never_when_one_ring_is_not_full)
{
    begin(2);
    beacon(2, 0);
    slot(4, 0, "n0", "n1");
    slot(4, 1, "n0", NULL);
    end(10);
    ck_assert_uint_eq(figures.ring_full_slots, 0);
}
END_TEST

// They follow one head; their rings may differ further back.
START_TEST(the_measure_sees_islands_heal)
{
    begin(2);
    slot(4, 0, "n0", NULL);
    slot(4, 1, "n1", NULL);
    measure_heal(measure, ns(5));
    slot(8, 0, "n0", "n1");
    slot(9.5, 0, "n1", "n0");
    slot(12, 1, "n1", "n0");
    end(20);
    ck_spread(&figures.heal_s, (struct spread){1, 4.5, 4.5, 4.5, 4.5});
}
END_TEST

static void settle(double at, int node, size_t total)
{
    report(at, node, &(struct event){.type = EVENT_SETTLED, .index = 1, .roster.count = total});
}

// From the last change until all who run have one among those who run.
START_TEST(the_measure_sees_all_have_an_index)
{
    begin(3);
    settle(15, 0, 3);
    settle(16, 1, 3);
    settle(18, 2, 3);
    settle(19, 2, 3); // nothing has changed
    world_kill(w, 2);
    tell(20, NEWS_KILLED, 2, NULL);
    settle(30, 0, 2); // the other one has still that of before
    report(31, 1, &(struct event){.type = EVENT_SETTLING});
    settle(41, 1, 2);
    end(50);
    ck_spread(&figures.settled_s, (struct spread){2, 17, 17, 21, 21});
}
END_TEST

START_TEST(the_measure_counts_the_members_of_each_island)
{
    begin(2);
    settle(15, 0, 2);
    settle(15, 1, 2);
    world_move(w, 1, 1);
    tell(20, NEWS_MOVED, 1, NULL);
    settle(32, 0, 1);
    settle(34, 1, 1);
    end(50);
    ck_spread(&figures.settled_s, (struct spread){2, 14, 14, 14, 14});
}
END_TEST

START_TEST(an_index_that_is_given_up_counts_no_more)
{
    begin(2);
    settle(15, 0, 2);
    report(16, 0, &(struct event){.type = EVENT_SETTLING});
    settle(17, 1, 2);
    end(50);
    ck_assert_uint_eq(figures.settled_s.count, 0);
}
END_TEST

// As the codec writes them: 16 bytes, 91 and 38.
START_TEST(the_measure_counts_bytes)
{
    struct message vers = {.type = MESSAGE_VERS, .node = name_of("n0"), .params = params_default};
    vers.params.n_hosts = 100;
    begin(2);
    transmit(2, 0, &(struct message){.type = MESSAGE_INIT, .node = name_of("n0")});
    transmit(2, 0, &vers);
    beacon(3, 0);
    end(86401);
    ck_assert_double_eq_tol(figures.bytes_per_day, (16 + 91 + 38) / 2.0, 1e-9);
}
END_TEST

START_TEST(without_a_run_there_is_nothing_to_tell)
{
    measure_figures(measure, &figures);
    ck_assert_uint_eq(figures.first_tag_s.count, 0);
    ck_assert_uint_eq(figures.slots, 0);
    ck_assert_double_eq(figures.tagged_share[0], 0);
    ck_assert_double_eq(figures.bytes_per_day, 0);
}
END_TEST

// --- The trace ---------------------------------------------------------------------------------

static void watch(void *context, const struct news *news)
{
    struct trace **trace = context;
    trace_news(*trace, news);
}

// Of two nodes that live for a while.
static void trace_of(uint64_t seed, FILE *out, char hex[TRACE_HASH_HEX])
{
    struct trace *trace = NULL;
    const struct world_config config = {.seed = seed,
                                        .params = params_default,
                                        .latency.max_ns = NS_PER_S / 10,
                                        .watch = watch,
                                        .watch_context = &trace};
    struct world *world = world_new(&config);
    trace = trace_new(world, out);
    world_start(world, world_add(world, "a", 0));
    world_start(world, world_add(world, "b", 0));
    world_run(world, 100 * NS_PER_S);
    trace_hash(trace, hex);
    trace_free(trace);
    world_free(world);
}

START_TEST(equal_worlds_have_equal_traces)
{
    char one[TRACE_HASH_HEX], same[TRACE_HASH_HEX], other[TRACE_HASH_HEX];
    trace_of(1, NULL, one);
    trace_of(1, NULL, same);
    trace_of(2, NULL, other);
    ck_assert_uint_eq(strlen(one), TRACE_HASH_HEX - 1);
    ck_assert_str_eq(one, same);
    ck_assert_str_ne(one, other);
}
END_TEST

// Whoever reads along changes nothing.
START_TEST(a_trace_can_be_read_while_it_grows)
{
    char hex[TRACE_HASH_HEX], quiet[TRACE_HASH_HEX], *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    trace_of(1, out, hex);
    trace_of(1, NULL, quiet);
    fclose(out);
    ck_assert_str_eq(hex, quiet);
    static const char begin[] =
        "1.000000 a * started\n1.000000 a setup 0 by a\n1.000000 a > init\n";
    ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "%.100s", text);
    ck_assert_ptr_nonnull(strstr(text, " a tag slot="));
    free(text);
}
END_TEST

// What is printed at last; to be freed.
static char *last_lines(const struct trace *trace)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    trace_print_last(trace, out);
    fclose(out);
    return text;
}

static void ck_last_lines(const struct trace *trace, const char *wanted)
{
    char *text = last_lines(trace);
    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(the_last_50_lines_are_kept)
{
    struct trace *trace = trace_new(w, NULL);
    char wanted[50 * 32], text[16];
    size_t used = 0;
    ck_last_lines(trace, "");
    for (int i = 1; i <= 62; i++) {
        snprintf(text, sizeof text, "line %d", i);
        trace_say(trace, ns(i + 0.25), "-", text);
        if (i == 1) {
            ck_last_lines(trace, "1.250000 - line 1\n");
        }
        if (i > 62 - TRACE_KEPT) {
            used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%d.250000 - line %d\n",
                                     i, i);
        }
    }
    ck_last_lines(trace, wanted);
    trace_free(trace);
}
END_TEST

START_TEST(of_a_long_line_the_begin_is_kept)
{
    struct trace *trace = trace_new(w, NULL);
    char text[1001] = {0};
    memset(text, 'x', sizeof text - 1);
    trace_say(trace, 0, "-", text);
    char *last = last_lines(trace);
    ck_assert_uint_eq(strlen(last), 511 + 1);
    ck_assert_int_eq(strncmp(last, "0.000000 - xxx", 14), 0);
    free(last);
    trace_free(trace);
}
END_TEST

START_TEST(what_is_done_to_nodes_is_traced)
{
    struct trace *trace = trace_new(w, NULL);
    world_add(w, "a", 0);
    world_move(w, 0, 3);
    for (int type = NEWS_STARTED; type <= NEWS_HINTED; type++) {
        trace_news(trace, &(struct news){(enum news_type)type, 0, 0, NULL});
    }
    ck_last_lines(trace, "0.000000 a * started\n0.000000 a * killed\n0.000000 a * frozen\n"
                         "0.000000 a * thawed\n0.000000 a * cut off\n0.000000 a * back\n"
                         "0.000000 a * link up\n0.000000 a * link down\n0.000000 a * island 3\n"
                         "0.000000 a * value\n0.000000 a * enabled\n0.000000 a * disabled\n"
                         "0.000000 a * parameters\n0.000000 a * gives\n"
                         "0.000000 a * away\n0.000000 a * drained\n"
                         "0.000000 a * hinted\n");
    trace_free(trace);
}
END_TEST

// --- The suite ----------------------------------------------------------------------------------

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_chance_queue_and_slots(Suite *suite)
{
    TCase *tests = add_case(suite, "Chance, queue, slots");
    tcase_add_test(tests, chance_of_a_seed_is_always_the_same);
    tcase_add_test(tests, chance_keeps_its_bounds_and_reaches_them);
    tcase_add_test(tests, chance_comes_true_its_share_of_the_time);
    tcase_add_test(tests, the_queue_goes_by_time_then_by_insertion);
    tcase_add_test(tests, the_queue_stays_in_order_while_it_is_used);
    tcase_add_test(tests, slots_begin_long_after_each_other);
    tcase_add_test(tests, a_slot_that_has_ended_before_its_time_is_followed_by_the_next);
    tcase_add_test(tests, slots_collide_once);
}

static void add_the_measure(Suite *suite)
{
    TCase *tests = add_case(suite, "The measure");
    tcase_add_test(tests, the_measure_shares_the_time_out);
    tcase_add_test(tests, the_measure_spreads_its_samples);
    tcase_add_test(tests, the_measure_gathers_runs);
    tcase_add_test(tests, the_measure_counts_slots_when_the_rings_are_full);
    tcase_add_test(tests, the_measure_says_never_when_one_ring_is_not_full);
    tcase_add_test(tests, the_measure_sees_islands_heal);
    tcase_add_test(tests, the_measure_sees_all_have_an_index);
    tcase_add_test(tests, the_measure_counts_the_members_of_each_island);
    tcase_add_test(tests, an_index_that_is_given_up_counts_no_more);
    tcase_add_test(tests, the_measure_counts_bytes);
    tcase_add_test(tests, without_a_run_there_is_nothing_to_tell);
}

static void add_the_trace(Suite *suite)
{
    TCase *tests = add_case(suite, "The trace");
    tcase_add_test(tests, equal_worlds_have_equal_traces);
    tcase_add_test(tests, a_trace_can_be_read_while_it_grows);
    tcase_add_test(tests, the_last_50_lines_are_kept);
    tcase_add_test(tests, of_a_long_line_the_begin_is_kept);
    tcase_add_test(tests, what_is_done_to_nodes_is_traced);
}

int main(void)
{
    Suite *suite = suite_create("parts");
    add_chance_queue_and_slots(suite);
    add_the_measure(suite);
    add_the_trace(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
