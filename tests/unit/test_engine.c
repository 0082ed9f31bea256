// SPDX-License-Identifier: MIT
// The engine's door: what each event says, the one deadline, waking late (J4), what is known and
// forgotten (J6), and that no sequence of inputs breaks what the door promises (I5, I7).
#include <check.h>

#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script *s;

// An engine without a transcript: node m, which is ready.
static struct {
    struct engine_config config;
    void *memory;
    struct engine *engine;
    int64_t now_ns;
    struct effects effects;
} bare;

static uint32_t draw_nothing(void *context)
{
    (void)context;
    return 0;
}

static void set_up(void)
{
    s = script_new();
    bare.config = *script_config(s);
    bare.config.value = (struct value){(const uint8_t[]){7}, 1};
    bare.config.draw = draw_nothing;
    bare.memory = malloc(engine_bytes(ENGINE_NODES_MIN));
    bare.engine = engine_init(bare.memory, &bare.config);
    bare.now_ns = NS_PER_S;
}

static void tear_down(void)
{
    free(bare.memory);
    script_free(s);
}

// --- Helpers -----------------------------------------------------------------------------------

static void step(struct input input)
{
    input.now_ns = bare.now_ns;
    engine_step(bare.engine, &input, &bare.effects);
}

static void step_at(double seconds, enum input_type type)
{
    bare.now_ns = (int64_t)(seconds * 1e9);
    step((struct input){.type = type});
}

static void hear_at(double seconds, struct message message)
{
    bare.now_ns = (int64_t)(seconds * 1e9);
    step((struct input){.type = INPUT_MESSAGE, .message = &message});
}

static const uint8_t nine[] = {9};

// A beacon of a, after b, with the value 9.
static struct message beacon(void)
{
    return (struct message){
        .type = MESSAGE_PING,
        .node = name_of("a"),
        .value = {nine, 1},
        .history = {2, {name_of("a"), name_of("b")}},
    };
}

// Runs all timers until then.
static void run_until(double seconds)
{
    int64_t until_ns = (int64_t)(seconds * 1e9);
    while (engine_deadline_ns(bare.engine) <= until_ns) {
        bare.now_ns = engine_deadline_ns(bare.engine);
        step((struct input){.type = INPUT_TIMER});
    }
    bare.now_ns = until_ns;
}

// What the last step said of this type.
static const struct event *event_of(enum event_type type)
{
    for (uint32_t i = 0; i < bare.effects.count; i++) {
        const struct effect *effect = &bare.effects.items[i];
        if (effect->type == EFFECT_EVENT && effect->event.type == type) {
            return &effect->event;
        }
    }
    ck_abort_msg("no event of type %d", type);
    return NULL;
}

#define ck_deadline(seconds)                                                                       \
    ck_assert_int_eq(engine_deadline_ns(bare.engine), (int64_t)((seconds) * 1000) * 1000000)

#define ck_name(name, text) ck_assert(name_equal(name, name_of(text)))

// Alone: spoke at 4.75, tagged since 6.25.
static void lead(void)
{
    step_at(1, INPUT_LINK_UP);
    run_until(4.75);
    step_at(6.25, INPUT_TIMER);
}

// --- What events say ---------------------------------------------------------------------------

START_TEST(the_first_step_reports_the_parameters)
{
    step_at(1, INPUT_TIMER);
    ck_assert_uint_eq(bare.effects.count, 1);
    ck_name(event_of(EVENT_SETUP)->who, "m");
    ck_assert_ptr_eq(event_of(EVENT_SETUP)->params, engine_params(bare.engine));
    step_at(1, INPUT_TIMER);
    ck_assert_uint_eq(bare.effects.count, 0);
}
END_TEST

START_TEST(a_tag_says_slot_end_and_value)
{
    lead();
    const struct event *tag = event_of(EVENT_TAG);
    ck_assert_uint_eq(tag->slot, 1);
    ck_assert_int_eq(tag->until_ns, INT64_C(14665000000));
    ck_assert_mem_eq(tag->value.cbor, "\x07", tag->value.len);
}
END_TEST

START_TEST(a_tag_has_the_value_of_its_beacon)
{
    step_at(1, INPUT_LINK_UP);
    run_until(5);
    step((struct input){.type = INPUT_VALUE, .value = {nine, 1}});
    step_at(6.25, INPUT_TIMER);
    ck_assert_mem_eq(event_of(EVENT_TAG)->value.cbor, "\x07", 1);
}
END_TEST

START_TEST(an_untag_says_the_slot_of_its_tag)
{
    lead();
    run_until(14.58); // renewed
    step_at(14.6, INPUT_DISABLE);
    ck_assert_uint_eq(event_of(EVENT_UNTAG)->slot, 2);
    ck_assert_int_eq(event_of(EVENT_UNTAG)->reason, UNTAG_DISABLED);
}
END_TEST

START_TEST(a_detag_says_the_slot_of_its_tag)
{
    lead();
    hear_at(8, beacon());
    ck_assert_uint_eq(event_of(EVENT_DETAG)->slot, 1);
    ck_name(event_of(EVENT_DETAG)->who, "a");
}
END_TEST

START_TEST(a_ping_says_who_leads_with_what)
{
    step_at(1, INPUT_LINK_UP);
    hear_at(2, beacon());
    step_at(3.5, INPUT_TIMER);
    ck_name(event_of(EVENT_PING)->who, "a");
    ck_assert_mem_eq(event_of(EVENT_PING)->value.cbor, "\x09", 1);
}
END_TEST

static const struct {
    int nodes;
    bool full;
} sizes[] = {{1, true}, {2, true}, {3, false}, {-1, false}};

START_TEST(a_slot_says_slot_leader_ring_and_how_many_are_known)
{
    bare.config.params.nodes = sizes[_i].nodes;
    bare.engine = engine_init(bare.memory, &bare.config);
    step_at(1, INPUT_LINK_UP);
    hear_at(2, beacon());
    step_at(3.5, INPUT_TIMER);
    const struct event *slot = event_of(EVENT_SLOT);
    ck_assert_uint_eq(slot->slot, 1);
    ck_name(slot->who, "a");
    ck_assert_uint_eq(slot->ring.count, 2);
    ck_name(slot->ring.names[1], "b");
    ck_assert_int_eq(slot->full, sizes[_i].full);
    ck_assert_uint_eq(slot->members, 3); // with m
}
END_TEST

START_TEST(a_copy_of_a_beacon_is_reported_once)
{
    at(s, 1);
    link_up(s);
    at(s, 2);
    hear_ping(s, 0, "a b");
    at(s, 3);
    hear_ping(s, 0, "a b");
    forget(s);
    at(s, 10);
    expect(s, "3.500 ping a\n"
              "3.500 slot a: a b\n");
}
END_TEST

START_TEST(good_nodes_are_reported_when_they_change_while_there_is_no_value)
{
    script_value(s, -1);
    at(s, 1);
    link_up(s);
    at(s, 2);
    hear_ping(s, 0, "a b");
    at(s, 9);
    hear_ping(s, 0, "b a");
    at(s, 16);
    hear_ping(s, 0, "a b"); // the same two, in another order
    at(s, 23);
    hear_ping(s, -1, "b a");
    forget(s);
    at(s, 29);
    expect(s, "24.500 slot -: b a\n"
              "24.500 good-node a\n");
    hear_ping(s, 0, "a b");
    set_value(s, 1);
    forget(s);
    at(s, 31);
    expect(s, "30.500 ping a\n"
              "30.500 slot a: a b\n");
}
END_TEST

START_TEST(good_nodes_are_those_that_are_known_to_be_ready)
{
    script_value(s, -1);
    at(s, 1);
    link_up(s);
    at(s, 2);
    hear_ping(s, 0, "a b");
    at(s, 9);
    hear_ping(s, 0, "b a");
    at(s, 16);
    hear_ping(s, 0, "a b");
    forget(s);
    at(s, 20);
    expect(s, "17.500 ping a\n"
              "17.500 slot a: a b\n");
}
END_TEST

// --- The deadline ------------------------------------------------------------------------------

START_TEST(nothing_is_due_without_a_link)
{
    step_at(1, INPUT_TIMER);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
    lead();
    step_at(7, INPUT_LINK_DOWN);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
}
END_TEST

START_TEST(nothing_is_due_after_stop)
{
    lead();
    step_at(7, INPUT_STOP);
    ck_assert_int_eq(event_of(EVENT_UNTAG)->reason, UNTAG_STOP);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
    step_at(500, INPUT_LINK_UP);
    ck_assert_uint_eq(bare.effects.count, 0);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
}
END_TEST

START_TEST(nothing_is_due_for_a_disabled_node_but_to_report_another_turn)
{
    bare.config.enabled = false;
    bare.engine = engine_init(bare.memory, &bare.config);
    step_at(1, INPUT_LINK_UP);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
    hear_at(2, beacon());
    ck_deadline(3.5);
    step_at(3.5, INPUT_TIMER);
    ck_assert_int_eq(engine_deadline_ns(bare.engine), NEVER);
}
END_TEST

START_TEST(the_deadline_is_the_next_thing_due)
{
    step_at(1, INPUT_LINK_UP);
    ck_deadline(4.75); // listened
    step_at(4.75, INPUT_TIMER);
    ck_deadline(6.25); // the beacon stands
    step_at(6.25, INPUT_TIMER);
    ck_deadline(13.08); // the renewal
    step_at(13.08, INPUT_TIMER);
    ck_deadline(14.58);
    hear_at(14, (struct message){.type = MESSAGE_INIT, .node = name_of("x")});
    ck_deadline(14.58);
    step_at(14.58, INPUT_TIMER);
    step_at(21.41, INPUT_TIMER);
    step_at(22.91, INPUT_TIMER);
    ck_deadline(31.325); // the end of the tag, as it isn't alone
    step_at(31.325, INPUT_TIMER);
    ck_deadline(35.46); // it speaks again
}
END_TEST

START_TEST(a_timer_that_is_early_does_nothing)
{
    step_at(1, INPUT_LINK_UP);
    step_at(4.7, INPUT_TIMER);
    ck_assert_uint_eq(bare.effects.count, 0);
    ck_deadline(4.75);
}
END_TEST

START_TEST(tagged_until_is_the_end_of_the_tag_or_of_the_lease)
{
    bare.config.lease_ns = 8 * NS_PER_S;
    bare.engine = engine_init(bare.memory, &bare.config);
    lead();
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine), 9 * NS_PER_S);
    bare.now_ns = 7 * NS_PER_S;
    step((struct input){.type = INPUT_PROOF, .sent_ns = bare.now_ns});
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine), INT64_C(14665000000));
    step_at(8, INPUT_DISABLE);
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine), 0);
}
END_TEST

START_TEST(nobody_is_tagged_while_pending)
{
    step_at(1, INPUT_LINK_UP);
    run_until(5);
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine), 0);
}
END_TEST

START_TEST(a_full_table_is_aligned_and_fits_its_memory)
{
    ck_assert_uint_eq(engine_bytes(ENGINE_NODES_MIN) % sizeof(void *), 0);
    ck_assert_uint_gt(engine_bytes(ENGINE_NODES_MAX), engine_bytes(ENGINE_NODES_MIN));
}
END_TEST

// --- J4: waking late ---------------------------------------------------------------------------

static void listening(void)
{
    at(s, 1);
    link_up(s);
}

// On the ring of a, who spoke at 2.
static void on_ring(void)
{
    listening();
    hear_vers(s, "a", 5);
    at(s, 2);
    hear_ping(s, 0, "a m b");
}

START_TEST(j4_listens_for_one_gap_after_waking)
{
    listening();
    forget(s);
    sleep_until(s, 8);
    timer(s);
    at(s, 10);
    expect(s, "8.000   J4\n"
              "9.500   J1\n"
              "9.500 > ping m\n");
}
END_TEST

START_TEST(j4_says_nothing_for_one_gap)
{
    on_ring();
    sleep_until(s, 40);
    timer(s);
    forget(s);
    hear_ping(s, 0, "b a");
    hear_ping(s, 0, "c b a");
    hear_init(s, "x");
    hear_params(s, "y", &(struct params){.version = 0, // an older set than any
                                         .cycle_ns = 9 * NS_PER_S,
                                         .gap_ns = NS_PER_S,
                                         .nodes = 5,
                                         .splits = 4,
                                         .n_hosts = 10});
    at(s, 41.499);
    expect(s, "40.000   R3: b\n");
}
END_TEST

START_TEST(j4_speaks_after_that_gap_when_nobody_did)
{
    on_ring();
    sleep_until(s, 40);
    timer(s);
    forget(s);
    at(s, 42);
    expect(s, "41.500 > ping m a b\n");
}
END_TEST

START_TEST(j4_drops_answers_that_waited)
{
    on_ring();
    hear_init(s, "x"); // to be answered at 2.75
    forget(s);
    sleep_until(s, 4);
    timer(s);
    at(s, 10);
    expect(s, "4.000   J4\n");
}
END_TEST

static const struct {
    double late, speaks;
} lates[] = {{0.08, 11.58}, {0.09, 11.74}, {0.74, 12.39}, {0.76, 13.76}};

START_TEST(j4_how_late_says_how_long_it_reads_first)
{
    on_ring();
    at(s, 4);
    hear_ping(s, 0, "a m b"); // another turn of a: place 0 speaks at 12.5
    at(s, 7);
    forget(s);
    sleep_until(s, 11.5 + lates[_i].late + 1);
    timer(s);
    at(s, 16);
    ck_assert_double_eq_tol(atof(strstr(transcript(s), "1")), lates[_i].speaks + 1, 0.001);
}
END_TEST

START_TEST(j4_without_anything_due_nobody_is_late)
{
    listening();
    link_down(s);
    forget(s);
    sleep_until(s, 500);
    timer(s);
    expect(s, "");
}
END_TEST

// --- J6: known and forgotten -------------------------------------------------------------------

// Many nodes say that they start.
static void flood(int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%03d", i);
        hear_init(s, name);
    }
}

START_TEST(j6_a_full_table_forgets_those_unseen_for_longest)
{
    script_config(s)->params.nodes = 2;
    listening();
    meet_all();
}
END_TEST
