// SPDX-License-Identifier: MIT
// The parameters that a group shares: defaults, bounds, and which of two sets stands.
#ifndef CORE_PARAMS_H
#define CORE_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S INT64_C(1000000000)

enum { RING_MAX = 64 }; // the most that `nodes` and `splits` may be

struct params {
    int64_t version; // 0 to 2^53
    int64_t cycle_ns;
    int64_t gap_ns;
    int32_t nodes; // -1: all
    int32_t splits;
    int32_t n_hosts;
    bool force_in;
};

extern const struct params params_default;

// NULL when within bounds, else what is wrong and what is allowed.
const char *params_fault(const struct params *params);

// V1: <0 when b replaces a, >0 when a stands against b, 0 when they are the same. The higher
// version; at equal versions the content whose CBOR encoding sorts higher, bytewise.
int params_compare(const struct params *a, const struct params *b);

// How many bytes the shortest float of CBOR takes that keeps a number of seconds: 2, 4 or 8.
int params_float_bytes(double seconds);

int params_ring_size(const struct params *params); // 2 to RING_MAX

// For late timers and clocks that drift: a tag ends this long before the cycle does.
int64_t params_slack_ns(const struct params *params);

#endif
