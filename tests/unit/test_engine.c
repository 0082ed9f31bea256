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

static const uint8_t seven[] = {7}, nine[] = {9};

static uint32_t draw_nothing(void *context)
{
    (void)context;
    return 0;
}

static void set_up(void)
{
    s = script_new();
    bare.config = *script_config(s);
    bare.config.value = (struct value){seven, 1};
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

#define ck_deadline(seconds) \
    ck_assert_int_eq(engine_deadline_ns(bare.engine), (int64_t)((seconds)*1000) * 1000000)

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
    at(s, 30);
    expect(s, "24.500 slot -: b a\n"
              "24.500 good-node a\n");
    hear_ping(s, 0, "a b");
    set_value(s, 1);
    forget(s);
    at(s, 32);
    expect(s, "31.500 ping a\n"
              "31.500 slot a: a b\n");
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
    ck_deadline(2.5); // asks
    step_at(2.5, INPUT_TIMER);
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
    step_at(2.4, INPUT_TIMER);
    ck_assert_uint_eq(bare.effects.count, 0);
    ck_deadline(2.5);
}
END_TEST

START_TEST(tagged_until_is_the_end_of_the_tag_or_of_the_lease)
{
    bare.config.lease_ns = 8 * NS_PER_S;
    bare.engine = engine_init(bare.memory, &bare.config);
    step_at(1, INPUT_LINK_UP);
    run_until(4.75);
    bare.now_ns = 5 * NS_PER_S;
    step((struct input){.type = INPUT_PROOF, .sent_ns = bare.now_ns});
    step_at(6.25, INPUT_TIMER);
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine), 13 * NS_PER_S);
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

// a speaks at 2; a and b are ours.
static void on_ring(const char *ring)
{
    listening();
    hear_vers(s, "a", 5);
    hear_vers(s, "b", 5);
    at(s, 2);
    hear_ping(s, 0, ring);
}

START_TEST(j4_listens_for_one_gap_after_waking)
{
    listening();
    forget(s);
    sleep_until(s, 8);
    timer(s);
    at(s, 13);
    expect(s, "8.000   J4\n"
              "9.500 > vers asks\n" // J1
              "12.500   J1\n"
              "12.500 > ping m\n");
}
END_TEST

START_TEST(j4_says_nothing_for_one_gap)
{
    struct params old = params_default;
    script_config(s)->params.version = 1;
    on_ring("a m b");
    sleep_until(s, 40);
    timer(s);
    forget(s);
    hear_ping(s, 0, "b a m");
    hear_init(s, "x");
    hear_params(s, "y", &old);
    at(s, 41.3); // the answers would have been due
    timer(s);
    at(s, 41.499);
    expect(s, "40.000   R2: b\n"
              "40.000   V1: y\n");
}
END_TEST

START_TEST(j4_speaks_after_that_gap_when_nobody_did)
{
    on_ring("a m b");
    sleep_until(s, 40);
    timer(s);
    forget(s);
    at(s, 42);
    expect(s, "41.500 > vers\n" // M1
              "41.500 > ping m a\n");
}
END_TEST

// More than twice the longest slot.
static const struct {
    double at;
    bool says_vers;
} wakings[] = {{3.5 + 27.4, false}, {3.5 + 27.6, true}};

START_TEST(m1_who_slept_for_long_says_who_it_is)
{
    on_ring("a b m"); // the next timer is at 3.5
    forget(s);
    sleep_until(s, wakings[_i].at);
    hear_ping(s, 0, "b a m");
    at(s, wakings[_i].at + 5);
    ck_assert_int_eq(has_line(transcript(s), "> vers"), wakings[_i].says_vers);
}
END_TEST

START_TEST(j4_drops_answers_that_waited)
{
    struct params old = params_default;
    script_config(s)->params.version = 1;
    on_ring("a m b");
    at(s, 4);
    hear_init(s, "x"); // both to be answered at 4.75
    hear_params(s, "y", &old);
    forget(s);
    sleep_until(s, 6);
    timer(s);
    at(s, 10);
    expect(s, "6.000   J4\n");
}
END_TEST

static const struct {
    double wakes; // to speak at 10.5
    const char *says;
} lates[] = {
    {10.58, "10.580 > ping m a b\n"}, // within the slack
    {10.59, "10.740 > ping m a b\n"}, // a tenth of a gap
    {11.24, "11.390 > ping m a b\n"},
    {11.26, "11.260   J4\n12.760 > ping m a b\n"}, // later than gap/2: a gap
};

START_TEST(j4_how_late_says_how_long_it_reads_before_it_speaks)
{
    on_ring("a b m");
    at(s, 4);
    forget(s);
    sleep_until(s, lates[_i].wakes);
    timer(s);
    at(s, 14.2);
    const char *text = transcript(s);
    ck_assert_msg(strncmp(text, lates[_i].says, strlen(lates[_i].says)) == 0, "%s", text);
}
END_TEST

START_TEST(j4_late_again_it_does_not_wait_again)
{
    on_ring("a b m");
    at(s, 4);
    forget(s);
    sleep_until(s, 10.7); // quiet until 10.85
    timer(s);
    sleep_until(s, 11);
    timer(s);
    expect(s, "11.000 > ping m a b\n");
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
static void flood(int first, int last)
{
    for (int i = first; i <= last; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%03d", i);
        hear_init(s, name);
    }
}

static const bool seen_meanwhile[] = {false, true};

START_TEST(j6_a_full_table_forgets_those_unseen_for_longest)
{
    on_ring("a b");
    hear_vers(s, "z", 5);
    at(s, 9);
    hear_ping(s, 0, "b a");
    flood(1, 200);
    if (seen_meanwhile[_i]) {
        hear_vers(s, "z", 5);
    }
    flood(201, 400);
    at(s, 17);
    hear_ping(s, 0, "a b"); // E1: in slot 3 z is expected, if it is known; else m
    forget(s);
    at(s, 30);
    ck_assert_int_eq(strstr(transcript(s), "25.500 > ping m a b") == NULL, seen_meanwhile[_i]);
}
END_TEST

START_TEST(j6_nobody_on_the_ring_is_forgotten)
{
    on_ring("a b m");
    forget(s);
    flood(1, 2 * ENGINE_NODES_MIN);
    at(s, 10.5);
    ck_assert_ptr_nonnull(strstr(transcript(s), "10.500 > ping m a b\n"));
}
END_TEST

START_TEST(j6_the_table_is_bounded)
{
    step_at(1, INPUT_LINK_UP);
    for (int i = 0; i < 2 * ENGINE_NODES_MIN; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%03d", i);
        hear_at(2, (struct message){.type = MESSAGE_INIT, .node = name_of(name)});
    }
    run_until(4.75);
    step_at(6.25, INPUT_TIMER);
    ck_assert_uint_eq(event_of(EVENT_SLOT)->members, ENGINE_NODES_MIN);
}
END_TEST

// Alone, how many are known in the slot that stands next after that time.
static uint32_t members_after(double seconds)
{
    uint32_t members = 0;
    for (run_until(seconds); members == 0; run_until((double)bare.now_ns / 1e9 + 0.01)) {
        for (uint32_t i = 0; i < bare.effects.count; i++) {
            const struct effect *effect = &bare.effects.items[i];
            bool slot = effect->type == EFFECT_EVENT && effect->event.type == EVENT_SLOT;
            members = slot ? effect->event.members : members;
        }
    }
    return members;
}

// Two are known, so for 2 * (2 + 2) * 5 turns of up to 13.75.
START_TEST(j6_who_is_unseen_for_as_long_as_the_ring_could_need_is_forgotten)
{
    lead();
    hear_at(7, (struct message){.type = MESSAGE_INIT, .node = name_of("x")});
    ck_assert_uint_eq(members_after(7 + 40 * 13.75), 2);
    ck_assert_uint_eq(members_after(7 + 41 * 13.75 + 10), 1); // a slot later
}
END_TEST

// --- Any sequence of inputs --------------------------------------------------------------------

static const char *const names[] = {"a", "b", "c", "d", "e", "m", "x", "y"};
enum { NAMES = sizeof names / sizeof *names };

static struct {
    uint64_t random;
    bool up, enabled, has_value, tagged;
    bool leaves; // J2: it may still say so
    int64_t beacon_ns;
    bool members[NAMES];
} any;

static uint32_t below(uint32_t bound)
{
    any.random = any.random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(any.random >> 33) % bound;
}

static uint32_t draw_any(void *context)
{
    (void)context;
    return below(UINT32_MAX);
}

static const uint8_t values[][1] = {{0xf6}, {0}, {1}, {7}};

static struct value any_value(void)
{
    return (struct value){values[below(4)], 1};
}

// A history without doubles: a few names from some place on.
static void fill_history(struct message *m)
{
    uint32_t first = below(NAMES), stride = 1 + 2 * below(NAMES / 2);
    m->history.count = 1 + below(NAMES);
    for (uint32_t i = 0; i < m->history.count; i++) {
        m->history.names[i] = name_of(names[(first + i * stride) % NAMES]);
    }
    m->node = m->history.names[0];
}

static struct params any_params(void)
{
    struct params params = params_default;
    params.version = below(3);
    params.cycle_ns = (5 + below(5)) * NS_PER_S;
    params.gap_ns = (1 + below(4)) * NS_PER_S / 4;
    params.nodes = (int32_t)below(6) - 1;
    params.nodes += params.nodes == 0;
    return params;
}

static void hear_any(void)
{
    struct message m = {.type = (enum message_type)below(4), .value = any_value()};
    fill_history(&m);
    m.params = any_params();
    m.nonce = below(2) * (1 + below(2000));
    m.unready = m.type == MESSAGE_VERS && below(2) > 0;
    m.left = m.type == MESSAGE_VERS && below(8) == 0;
    m.heir = m.type == MESSAGE_VERS && below(4) == 0 ? name_of(names[below(NAMES)]) : NAME_NONE;
    if (m.type == MESSAGE_VERS && name_equal(m.node, name_of("m"))) {
        return; // J5: it would be silent for good
    }
    step((struct input){.type = INPUT_MESSAGE, .message = &m});
}

static void enable_any(void)
{
    bool was_enabled = any.enabled;
    any.enabled = below(3) > 0;
    any.leaves = was_enabled && !any.enabled;
    step((struct input){.type = any.enabled ? INPUT_ENABLE : INPUT_DISABLE});
}

static void set_any_value(void)
{
    struct value value = any_value();
    any.has_value = !value_is_null(value);
    step((struct input){.type = INPUT_VALUE, .value = value});
}

// What the host may ask for, with a higher version.
static void set_any_params(void)
{
    struct params params = any_params();
    params.version += engine_params(bare.engine)->version + 1;
    step((struct input){.type = INPUT_PARAMS, .params = &params});
}

static void hint_anything(void)
{
    step((struct input){.type = below(2) > 0 ? INPUT_GONE : INPUT_HERE,
                        .peer = {name_of(names[below(NAMES)]), below(3) * 1000}});
}

static void do_any(void)
{
    switch (below(20)) {
    case 0:
        any.up = !any.up;
        step((struct input){.type = any.up ? INPUT_LINK_UP : INPUT_LINK_DOWN});
        break;
    case 1:
        enable_any();
        break;
    case 2:
        set_any_value();
        break;
    case 3:
        step((struct input){.type = INPUT_PROOF, .sent_ns = bare.now_ns - below(9) * NS_PER_S});
        break;
    case 4:
        set_any_params();
        break;
    case 5:
    case 6:
    case 7:
        step((struct input){.type = INPUT_TIMER});
        break;
    case 8:
    case 9:
        hint_anything();
        break;
    case 10:
        step((struct input){.type = INPUT_GIVE, .name = name_of(names[below(NAMES)])});
        break;
    default:
        hear_any();
        break;
    }
}

// H9: who joins was not there, who leaves was.
static void watch_member(const struct event *event)
{
    bool joins = event->type == EVENT_JOIN;
    for (int i = 0; i < NAMES; i++) {
        if (name_equal(event->who, name_of(names[i]))) {
            ck_assert_msg(any.members[i] != joins, "H9: %s", names[i]);
            any.members[i] = joins;
        }
    }
}

static void watch_event(const struct event *event)
{
    bool begins = event->type == EVENT_TAG;
    bool ends = event->type == EVENT_UNTAG || event->type == EVENT_DETAG;
    if (begins || ends || event->type == EVENT_RENEW) {
        ck_assert_msg(any.tagged != begins, "I5: event %d while %d", event->type, any.tagged);
        any.tagged = !ends;
    } else if (event->type == EVENT_JOIN || event->type == EVENT_LEAVE) {
        watch_member(event);
    }
}

static void watch_send(const struct message *m)
{
    bool farewell = any.leaves && m->type == MESSAGE_VERS;
    ck_assert_msg(any.up && (any.enabled || farewell), "J2, J3: sent %d", m->type);
    any.leaves &= !farewell; // once
    if (m->type == MESSAGE_VERS) {
        ck_assert_msg(m->unready == !(any.enabled && any.has_value), "J2: %d", m->unready);
    } else if (m->type == MESSAGE_PING) {
        ck_assert_msg(bare.now_ns - any.beacon_ns >= engine_params(bare.engine)->gap_ns, "D4");
        ck_name(m->history.names[0], "m");
        any.beacon_ns = bare.now_ns;
    }
}

static void watch(void)
{
    ck_assert_uint_le(bare.effects.count, EFFECTS_MAX);
    for (uint32_t i = 0; i < bare.effects.count; i++) {
        const struct effect *effect = &bare.effects.items[i];
        if (effect->type == EFFECT_EVENT) {
            watch_event(&effect->event);
        } else if (effect->type == EFFECT_SEND) {
            watch_send(&effect->send);
        }
    }
    bare.effects.count = 0;
    any.leaves = false;
    ck_assert_int_eq(engine_tagged_until_ns(bare.engine) != 0, any.tagged);
}

// Whatever was due at this time is over and done with after a few steps.
static void settle(void)
{
    for (int i = 0; i < 4 && engine_deadline_ns(bare.engine) <= bare.now_ns; i++) {
        step((struct input){.type = INPUT_TIMER});
        watch();
    }
    ck_assert_int_gt(engine_deadline_ns(bare.engine), bare.now_ns);
}

// Mostly to the very deadline, now and then late.
static void let_time_pass(void)
{
    int64_t due_ns = engine_deadline_ns(bare.engine);
    uint32_t how = below(8);
    if (how < 4 && due_ns != NEVER && due_ns > bare.now_ns) {
        bare.now_ns = due_ns;
    } else if (how < 7) {
        bare.now_ns += below(1000) * (NS_PER_S / 1000);
    } else {
        bare.now_ns += below(30) * NS_PER_S;
    }
}

enum { SEEDS = 40 };

START_TEST(i7_no_sequence_of_inputs_breaks_the_promises_of_the_door)
{
    memset(any.members, 0, sizeof any.members);
    any.random = (uint64_t)_i;
    any.up = any.tagged = any.leaves = false;
    any.enabled = any.has_value = true;
    any.beacon_ns = INT64_MIN / 2;
    bare.config.draw = draw_any;
    bare.config.echoes = _i % 2 == 0;
    bare.config.lease_ns = _i % 3 * 6 * NS_PER_S;
    bare.engine = engine_init(bare.memory, &bare.config);
    for (int i = 0; i < 3000; i++) {
        let_time_pass();
        do_any();
        watch();
        settle();
    }
}
END_TEST

// --- The suite ----------------------------------------------------------------------------------

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60); // under sanitizers and valgrind
    suite_add_tcase(suite, tcase);
    return tcase;
}

static void add_what_events_say(Suite *suite)
{
    TCase *tcase = add_case(suite, "What events say");
    tcase_add_test(tcase, the_first_step_reports_the_parameters);
    tcase_add_test(tcase, a_tag_says_slot_end_and_value);
    tcase_add_test(tcase, a_tag_has_the_value_of_its_beacon);
    tcase_add_test(tcase, an_untag_says_the_slot_of_its_tag);
    tcase_add_test(tcase, a_detag_says_the_slot_of_its_tag);
    tcase_add_test(tcase, a_ping_says_who_leads_with_what);
    tcase_add_loop_test(tcase, a_slot_says_slot_leader_ring_and_how_many_are_known, 0,
                        COUNT(sizes));
    tcase_add_test(tcase, a_copy_of_a_beacon_is_reported_once);
    tcase_add_test(tcase, good_nodes_are_reported_when_they_change_while_there_is_no_value);
    tcase_add_test(tcase, good_nodes_are_those_that_are_known_to_be_ready);
}

static void add_the_deadline(Suite *suite)
{
    TCase *tcase = add_case(suite, "The deadline");
    tcase_add_test(tcase, nothing_is_due_without_a_link);
    tcase_add_test(tcase, nothing_is_due_after_stop);
    tcase_add_test(tcase, nothing_is_due_for_a_disabled_node_but_to_report_another_turn);
    tcase_add_test(tcase, the_deadline_is_the_next_thing_due);
    tcase_add_test(tcase, a_timer_that_is_early_does_nothing);
    tcase_add_test(tcase, tagged_until_is_the_end_of_the_tag_or_of_the_lease);
    tcase_add_test(tcase, nobody_is_tagged_while_pending);
    tcase_add_test(tcase, a_full_table_is_aligned_and_fits_its_memory);
}

static void add_j4_waking_late(Suite *suite)
{
    TCase *tcase = add_case(suite, "J4: waking late");
    tcase_add_test(tcase, j4_listens_for_one_gap_after_waking);
    tcase_add_test(tcase, j4_says_nothing_for_one_gap);
    tcase_add_test(tcase, j4_speaks_after_that_gap_when_nobody_did);
    tcase_add_loop_test(tcase, m1_who_slept_for_long_says_who_it_is, 0, COUNT(wakings));
    tcase_add_test(tcase, j4_drops_answers_that_waited);
    tcase_add_loop_test(tcase, j4_how_late_says_how_long_it_reads_before_it_speaks, 0,
                        COUNT(lates));
    tcase_add_test(tcase, j4_late_again_it_does_not_wait_again);
    tcase_add_test(tcase, j4_without_anything_due_nobody_is_late);
}

static void add_j6_known_and_forgotten(Suite *suite)
{
    TCase *tcase = add_case(suite, "J6: known and forgotten");
    tcase_add_loop_test(tcase, j6_a_full_table_forgets_those_unseen_for_longest, 0,
                        COUNT(seen_meanwhile));
    tcase_add_test(tcase, j6_nobody_on_the_ring_is_forgotten);
    tcase_add_test(tcase, j6_the_table_is_bounded);
    tcase_add_test(tcase, j6_who_is_unseen_for_as_long_as_the_ring_could_need_is_forgotten);
}

static void add_any_sequence_of_inputs(Suite *suite)
{
    TCase *tcase = add_case(suite, "Any sequence of inputs");
    tcase_add_loop_test(tcase, i7_no_sequence_of_inputs_breaks_the_promises_of_the_door, 0, SEEDS);
}

int main(void)
{
    Suite *suite = suite_create("engine");
    add_what_events_say(suite);
    add_the_deadline(suite);
    add_j4_waking_late(suite);
    add_j6_known_and_forgotten(suite);
    add_any_sequence_of_inputs(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
