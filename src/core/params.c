// SPDX-License-Identifier: MIT
#include "params.h"

#include <math.h>
#include <stddef.h>

const struct params params_default = {
    .version = 0,
    .cycle_ns = 10 * NS_PER_S,
    .gap_ns = 1500 * (NS_PER_S / 1000),
    .nodes = 5,
    .splits = 4,
    .n_hosts = 10,
    .force_in = false,
};

#define VERSION_MAX (INT64_C(1) << 53)

const char *params_fault(const struct params *p)
{
    if (p->version < 0 || p->version > VERSION_MAX) {
        return "version must be 0 to 2^53";
    }
    if (p->cycle_ns < NS_PER_S / 10 || p->cycle_ns > 86400 * NS_PER_S) {
        return "cycle must be 0.1 to 86400 s";
    }
    if (p->gap_ns < NS_PER_S / 100 || p->gap_ns > 3600 * NS_PER_S) {
        return "gap must be 0.01 to 3600 s";
    }
    if (p->cycle_ns < 3 * p->gap_ns) {
        return "cycle must be at least 3 gap";
    }
    if (p->nodes != -1 && (p->nodes < 1 || p->nodes > RING_MAX)) {
        return "nodes must be -1 (all), or 1 to 64";
    }
    if (p->splits < 1 || p->splits > RING_MAX) {
        return "splits must be 1 to 64";
    }
    if (p->n_hosts < 1 || p->n_hosts > 1000000) {
        return "n_hosts must be 1 to 1000000";
    }
    return NULL;
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int params_float_bytes(double seconds)
{
    if ((double)(float)seconds != seconds) {
        return 8;
    }
    int exponent;
    double mantissa = ldexp(frexp(seconds, &exponent), 11); // 11 bits, with the leading one
    bool half = exponent >= -13 && exponent <= 16 && mantissa == floor(mantissa);
    return half ? 2 : 4;
}

// As their encodings sort: a longer float has the higher first byte.
static int compare_seconds(int64_t a_ns, int64_t b_ns)
{
    double a = (double)a_ns / (double)NS_PER_S, b = (double)b_ns / (double)NS_PER_S;
    int order = compare(params_float_bytes(a), params_float_bytes(b));
    return order != 0 ? order : compare(a_ns, b_ns);
}

// Negative integers have the higher first byte; the only one is -1.
static int compare_nodes(int32_t a, int32_t b)
{
    return compare(a < 0 ? INT32_MAX : a, b < 0 ? INT32_MAX : b);
}

int params_compare(const struct params *a, const struct params *b)
{
    const int orders[] = {
        compare(a->version, b->version),       compare_seconds(a->cycle_ns, b->cycle_ns),
        compare_seconds(a->gap_ns, b->gap_ns), compare_nodes(a->nodes, b->nodes),
        compare(a->splits, b->splits),         compare(a->n_hosts, b->n_hosts),
        compare(a->force_in, b->force_in),
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

int params_ring_size(const struct params *p)
{
    // A ring of one would not tell who came before.
    return p->nodes < 0 ? RING_MAX : p->nodes < 2 ? 2 : p->nodes;
}

int64_t params_slack_ns(const struct params *p)
{
    return p->gap_ns / 20 + p->cycle_ns / 1000;
}
