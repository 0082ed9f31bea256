// SPDX-License-Identifier: MIT
#include "delay.h"

// D1, in thousandths of a gap. The second candidate is silent for certain only if it waits two
// latencies longer than the first, since each one's clock starts when it heard the last beacon.
static const int in_line[] = {0, 1500, 2000, 2250, 2350};
// A Python node on the ring speaks between 7/8 and 1.
static const int in_mixed_line[] = {0, 2000, 2200, 2300, 2350};

enum {
    PLACES = sizeof in_line / sizeof *in_line,
    WILLING = -1000,
    LAST_RESORT = 2400,
    LAST_RESORT_SPREAD = 200,
    AGAIN = 2700,
    // Between the latest beacon of place 0 and the earliest of place 1, each off by a latency.
    SILENCE = 250,
    SILENCE_OF_PYTHON = 1000,
    NOT_READY = 4600, // two latencies behind the last resort
};

static int64_t after_cycle(const struct params *params, int64_t thousandths)
{
    return params->cycle_ns + params->gap_ns / 1000 * thousandths +
           params->gap_ns % 1000 * thousandths / 1000;
}

static int64_t spread_over(const struct params *params, int64_t thousandths, uint64_t spread)
{
    return (int64_t)(spread % (uint64_t)(params->gap_ns / 1000 * thousandths + 1));
}

int64_t delay_in_line(const struct params *params, const struct delay_line *line)
{
    if (line->place == 0) {
        return after_cycle(params, line->willing ? WILLING : 0);
    }
    uint32_t place = line->place < PLACES ? line->place : PLACES - 1;
    return after_cycle(params, line->python_in_line ? in_mixed_line[place] : in_line[place]);
}

int64_t delay_last_resort(const struct params *params, uint64_t spread, bool ring_lives)
{
    return after_cycle(params, LAST_RESORT) + spread_over(params, LAST_RESORT_SPREAD, spread) +
           (ring_lives ? params->cycle_ns : 0);
}

int64_t delay_again(const struct params *params)
{
    return after_cycle(params, AGAIN);
}

int64_t delay_renewal(const struct params *params)
{
    return after_cycle(params, WILLING) - 2 * params_slack_ns(params);
}

int64_t delay_not_ready(const struct params *params, int64_t delay_ns)
{
    return delay_ns + after_cycle(params, NOT_READY) - params->cycle_ns;
}

int64_t delay_silence(const struct params *params, bool head_is_ours)
{
    return after_cycle(params, head_is_ours ? SILENCE : SILENCE_OF_PYTHON);
}
