// SPDX-License-Identifier: MIT
// Bytes as a scenario: whatever somebody writes is refused with a sentence, or can be played, twice
// the same. Promises may be broken, since deeds may break them, but never I5 and I7.
#include "sim/play.h"

#include <assert.h>
#include <string.h>

// More than this is only read: a play should take milliseconds.
enum { NODES_MAX = 6, CYCLES_MAX = 24, GAPS_A_CYCLE_MAX = 40 };

static bool is_quick(const struct params *params, int64_t until_ns)
{
    return until_ns <= CYCLES_MAX * params->cycle_ns &&
           params->cycle_ns <= GAPS_A_CYCLE_MAX * params->gap_ns;
}

static bool is_short(const struct scenario *s)
{
    bool quick = s->node_count <= NODES_MAX && is_quick(&s->params, s->until_ns);
    for (int i = 0; i < s->deed_count; i++) {
        const struct deed *deed = &s->deeds[i];
        quick &= deed->type != DEED_PARAM || is_quick(&deed->params, s->until_ns);
    }
    return quick;
}

// What play.c relies on.
static void check_deeds(const struct scenario *s)
{
    int64_t last_ns = NS_PER_S;
    for (int i = 0; i < s->deed_count; i++) {
        const struct deed *deed = &s->deeds[i];
        assert(deed->at_ns >= last_ns);
        assert(deed->count <= s->node_count);
        for (int k = 0; k < deed->count; k++) {
            assert(deed->nodes[k] < s->node_count);
        }
        last_ns = deed->at_ns;
    }
    assert(s->until_ns >= last_ns && s->node_count > 0);
}

static void play_twice(const struct scenario *s)
{
    const struct onlookers nobody = {.measure = NULL};
    struct outcome first, again;
    bool kept = play(s, "", &nobody, NULL, &first);
    assert(play(s, "", &nobody, NULL, &again) == kept);
    assert(strcmp(first.hash, again.hash) == 0); // I9
    assert(first.violations == 0 || (!kept && first.first.invariant != INVARIANT_I5 &&
                                     first.first.invariant != INVARIANT_I7));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct scenario scenario;
    if (scenario_read(&scenario, (const char *)bytes, len) != 0) {
        assert(strncmp(scenario.why, "line ", 5) == 0 || len > SCENARIO_BYTES);
    } else {
        check_deeds(&scenario);
        if (is_short(&scenario)) {
            play_twice(&scenario);
        }
    }
    scenario_free(&scenario);
    return 0;
}
