// SPDX-License-Identifier: MIT
// No memory is allocated between a beacon's bytes and the answer's: decode, step and encode. The
// linker puts the functions below in the place of malloc() and its kin.
#include <check.h>
#include <stdlib.h>

#include "core/engine.h"
#include "lib/codec.h"

enum { NODES = 5, NAMES = 4, BEACONS = 1000 };

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static volatile unsigned allocations;

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    allocations++;
    return __real_realloc(block, size);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

static const char *const names[NODES] = {"gw-01", "gw-02", "gw-03", "gw-04", "gw-05"};

static uint32_t draw(void *context)
{
    (void)context;
    return 0;
}

static struct engine *new_engine(void *memory, struct effects *fx)
{
    const struct engine_config config = {
        .name = name_of("gw-06"),
        .nonce = 1,
        .params = params_default,
        .enabled = true,
        .value = {(const uint8_t *)"\x01", 1},
        .capacity = ENGINE_NODES_MIN,
        .draw = draw,
    };
    struct engine *engine = engine_init(memory, &config);
    engine_step(engine, &(struct input){.type = INPUT_LINK_UP}, fx);
    return engine;
}

// The next turn of five that take turns in order.
static size_t make_beacon(int turn, uint8_t *packet)
{
    struct message m = {.type = MESSAGE_PING, .node = name_of(names[turn % NODES])};
    m.value = (struct value){(const uint8_t *)"\x00", 1};
    m.history.count = NAMES;
    for (int i = 0; i < NAMES; i++) {
        m.history.names[i] = name_of(names[(turn - i + NODES) % NODES]);
    }
    return codec_encode(&m, packet, MESSAGE_MAX_BYTES);
}

// What it sends of its own, encoded; how many messages. Check's assertions allocate, so there are
// none before the count is read.
static unsigned encode_sends(const struct effects *fx)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    unsigned sends = 0;
    for (uint32_t i = 0; i < fx->count; i++) {
        bool sent = fx->items[i].type == EFFECT_SEND;
        sends += sent && codec_encode(&fx->items[i].send, packet, sizeof packet) > 0;
    }
    return sends;
}

static unsigned run_timers(struct engine *engine, int64_t until_ns, struct effects *fx)
{
    unsigned sends = 0;
    while (engine_deadline_ns(engine) < until_ns) {
        struct input input = {.type = INPUT_TIMER, .now_ns = engine_deadline_ns(engine)};
        engine_step(engine, &input, fx);
        sends += encode_sends(fx);
    }
    return sends;
}

START_TEST(a_beacon_allocates_nothing)
{
    static struct effects fx;
    static struct message m;
    const int64_t pause_ns = params_default.cycle_ns + 3 * params_default.gap_ns;
    uint8_t packet[MESSAGE_MAX_BYTES];
    void *memory = malloc(engine_bytes(ENGINE_NODES_MIN));
    struct engine *engine = new_engine(memory, &fx);
    unsigned decoded = 0, sends = 0;

    allocations = 0;
    for (int turn = 0; turn < BEACONS; turn++) {
        // The listener takes a turn of its own in each pause.
        int64_t now_ns = turn * pause_ns;
        struct input input = {.type = INPUT_MESSAGE, .now_ns = now_ns, .message = &m};
        decoded += codec_decode(packet, make_beacon(turn, packet), &m) == DROP_NONE;
        engine_step(engine, &input, &fx);
        sends += encode_sends(&fx);
        sends += run_timers(engine, now_ns + pause_ns, &fx);
    }
    unsigned counted = allocations;
    ck_assert_uint_eq(counted, 0);
    ck_assert_uint_eq(decoded, BEACONS);
    ck_assert_uint_gt(sends, BEACONS / 2);
    free(memory);
}
END_TEST

// The counter counts, so that the test above can fail.
START_TEST(an_allocation_is_counted)
{
    allocations = 0;
    void *volatile blocks[] = {malloc(1), calloc(1, 1), realloc(NULL, 1)};
    ck_assert_uint_eq(allocations, 3);
    for (size_t i = 0; i < 3; i++) {
        free(blocks[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alloc");
    TCase *tcase = tcase_create("alloc");
    tcase_add_test(tcase, a_beacon_allocates_nothing);
    tcase_add_test(tcase, an_allocation_is_counted);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
