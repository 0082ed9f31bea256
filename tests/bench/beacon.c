// SPDX-License-Identifier: MIT
// What one beacon costs: decode, step and encode, in nanoseconds; and its bytes on the wire. Prints
// numbers for people; asserts nothing, since a busy machine says anything.
#include "core/engine.h"
#include "lib/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NODES = 5, NAMES = 4, ROUNDS = 200000, BLOCKS = 20 };

static const char *const names[NODES] = {"gw-01", "gw-02", "gw-03", "gw-04", "gw-05"};

static uint32_t draw(void *context)
{
    (void)context;
    return 0;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

// The beacon of one of five that take turns in order.
static size_t make_beacon(int sender, uint8_t *packet)
{
    static const uint8_t zero = 0;
    struct message m = {.type = MESSAGE_PING, .node = name_of(names[sender])};
    m.value = (struct value){&zero, 1};
    m.history.count = NAMES;
    for (int i = 0; i < NAMES; i++) {
        m.history.names[i] = name_of(names[(sender - i + NODES) % NODES]);
    }
    return codec_encode(&m, packet, MESSAGE_MAX_BYTES);
}

static struct engine *new_engine(struct effects *fx)
{
    struct engine_config config = {
        .name = name_of("listener"),
        .nonce = 1,
        .params = params_default,
        .capacity = ENGINE_NODES_MAX,
        .draw = draw,
    };
    struct engine *engine = engine_init(calloc(1, engine_bytes(ENGINE_NODES_MAX)), &config);
    engine_step(engine, &(struct input){.type = INPUT_LINK_UP}, fx);
    return engine;
}

int main(void)
{
    static struct effects fx;
    static struct message m;
    uint8_t packets[NODES][MESSAGE_MAX_BYTES], out[MESSAGE_MAX_BYTES];
    size_t lens[NODES];
    struct engine *engine = new_engine(&fx);
    int64_t best_ns = INT64_MAX, virtual_ns = 0;
    int turn = 0;

    for (int i = 0; i < NODES; i++) {
        lens[i] = make_beacon(i, packets[i]);
    }
    for (int block = 0; block < BLOCKS; block++) {
        int64_t start_ns = now_ns();
        for (int round = 0; round < ROUNDS; round++) {
            virtual_ns += params_default.cycle_ns;
            if (codec_decode(packets[turn], lens[turn], &m) != DROP_NONE) {
                return EXIT_FAILURE;
            }
            engine_step(engine,
                        &(struct input){.type = INPUT_MESSAGE, .now_ns = virtual_ns, .message = &m},
                        &fx);
            if (codec_encode(&m, out, sizeof out) != lens[turn]) {
                return EXIT_FAILURE;
            }
            turn = (turn + 1) % NODES;
        }
        int64_t took_ns = now_ns() - start_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    printf("a beacon of %d names: %zu bytes; as MQTT 5 PUBLISH on actor/default: %zu bytes\n",
           NAMES, lens[0], lens[0] + 2 + 2 + strlen("actor/default") + 2 + 1);
    printf("decode + step + encode: %.0f ns\n", (double)best_ns / ROUNDS);
    free(engine);
    return EXIT_SUCCESS;
}
