// SPDX-License-Identifier: MIT
#include "value.h"

#include <math.h>
#include <string.h>

// One item's head (RFC 8949), read.
struct item {
    uint8_t major;     // 0 unsigned, 1 negative, 2 bytes, 3 text, 4 array, 7 simple or float
    uint8_t info;      // the low five bits of the first byte
    uint64_t argument; // count, length, magnitude, or the bits of a float
    const uint8_t *rest;
    const uint8_t *end;
};

enum { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_SIMPLE = 7 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE, SIMPLE_NULL, FLOAT_HALF = 25, FLOAT_SINGLE, FLOAT_DOUBLE };

// The order of kinds (P1).
enum kind { KIND_NULL, KIND_FALSE, KIND_TRUE, KIND_NUMBER, KIND_BYTES, KIND_TEXT, KIND_ARRAY };

// What cannot be read counts as null: total, whatever comes.
static struct item read_item(const uint8_t *at, const uint8_t *end)
{
    struct item item = {MAJOR_SIMPLE, SIMPLE_NULL, 0, end, end};
    if (at == end) {
        return item;
    }
    uint8_t info = *at & 0x1f;
    size_t bytes = info < 24 ? 0 : info < 28 ? (size_t)1 << (info - 24) : SIZE_MAX;
    if (bytes == SIZE_MAX || (size_t)(end - at - 1) < bytes) {
        return item;
    }
    uint64_t argument = info < 24 ? info : 0;
    for (size_t i = 0; i < bytes; i++) {
        argument = argument << 8 | at[1 + i];
    }
    bool has_bytes = *at >> 5 == MAJOR_BYTES || *at >> 5 == MAJOR_TEXT;
    if (has_bytes && argument > (size_t)(end - at - 1) - bytes) {
        return item;
    }
    item.major = *at >> 5;
    item.info = info;
    item.argument = argument;
    item.rest = at + 1 + bytes;
    return item;
}

static enum kind kind_of(const struct item *item)
{
    switch (item->major) {
    case MAJOR_UINT:
    case MAJOR_NINT:
        return KIND_NUMBER;
    case MAJOR_BYTES:
        return KIND_BYTES;
    case MAJOR_TEXT:
        return KIND_TEXT;
    case MAJOR_ARRAY:
        return KIND_ARRAY;
    default:
        break;
    }
    if (item->info >= FLOAT_HALF) {
        return KIND_NUMBER;
    }
    return item->info == SIMPLE_FALSE  ? KIND_FALSE
           : item->info == SIMPLE_TRUE ? KIND_TRUE
                                       : KIND_NULL;
}

static double half_to_double(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 0x1f);
    double mantissa = (double)(bits & 0x3ff);
    double value = exponent == 0    ? ldexp(mantissa, -24)
                   : exponent == 31 ? INFINITY
                                    : ldexp(mantissa + 1024, exponent - 25);
    return (bits & 0x8000) != 0 ? -value : value;
}

static double float_of(const struct item *item)
{
    if (item->info == FLOAT_HALF) {
        return half_to_double(item->argument);
    }
    if (item->info == FLOAT_SINGLE) {
        uint32_t bits = (uint32_t)item->argument;
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &item->argument, sizeof value);
    return value;
}

// A number, exactly: integers go from -2^64 to 2^64 - 1, which no double holds all of. The whole
// part is magnitude with a sign where it fits, and `part` is what is left of a float.
struct number {
    bool negative;      // and not zero
    bool huge;          // a float beyond all integers; then `part` holds it
    uint64_t magnitude; // whole part of the absolute value; for -2^64: see `over`
    bool over;          // the magnitude is 2^64
    double part;        // the fraction of the absolute value
};

static struct number number_of(const struct item *item)
{
    struct number n = {0};
    if (item->major == MAJOR_UINT) {
        n.magnitude = item->argument;
        return n;
    }
    if (item->major == MAJOR_NINT) { // -1 - argument
        n.negative = true;
        n.over = item->argument == UINT64_MAX;
        n.magnitude = n.over ? 0 : item->argument + 1;
        return n;
    }
    double value = float_of(item);
    double size = fabs(value);
    n.negative = value < 0;
    if (!(size < 18446744073709551616.0)) {
        n.over = size == 18446744073709551616.0;
        n.huge = !n.over;
        n.part = n.huge ? size : 0;
        return n;
    }
    n.magnitude = (uint64_t)size;
    n.part = size - (double)n.magnitude;
    return n;
}

static int sign(bool greater, bool less)
{
    return (int)greater - (int)less;
}

static int compare_sizes(const struct number *a, const struct number *b)
{
    if (a->huge != b->huge) {
        return a->huge ? 1 : -1;
    }
    if (a->over != b->over) {
        return a->huge ? 0 : a->over ? 1 : -1;
    }
    if (a->magnitude != b->magnitude) {
        return a->magnitude > b->magnitude ? 1 : -1;
    }
    return sign(a->part > b->part, a->part < b->part);
}

static int compare_numbers(const struct item *a, const struct item *b)
{
    struct number x = number_of(a), y = number_of(b);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    int order = compare_sizes(&x, &y);
    return x.negative ? -order : order;
}

static int compare_bytes(const struct item *a, const struct item *b)
{
    size_t common = (size_t)(a->argument < b->argument ? a->argument : b->argument);
    int order = common > 0 ? memcmp(a->rest, b->rest, common) : 0;
    return order != 0 ? order : sign(a->argument > b->argument, a->argument < b->argument);
}

static const uint8_t *skip(const uint8_t *at, const uint8_t *end, int depth)
{
    struct item item = read_item(at, end);
    if (item.major == MAJOR_BYTES || item.major == MAJOR_TEXT) {
        return item.rest + item.argument;
    }
    if (item.major == MAJOR_ARRAY && depth < VALUE_MAX_DEPTH) {
        at = item.rest;
        for (uint64_t i = 0; i < item.argument && at < end; i++) {
            at = skip(at, end, depth + 1);
        }
        return at;
    }
    return item.rest;
}

static int compare(const uint8_t *a, const uint8_t *a_end, const uint8_t *b, const uint8_t *b_end,
                   int depth);

static int compare_arrays(const struct item *a, const struct item *b, int depth)
{
    const uint8_t *x = a->rest, *y = b->rest;
    uint64_t common = a->argument < b->argument ? a->argument : b->argument;
    for (uint64_t i = 0; i < common && x < a->end && y < b->end; i++) {
        int order = compare(x, a->end, y, b->end, depth + 1);
        if (order != 0) {
            return order;
        }
        x = skip(x, a->end, depth + 1);
        y = skip(y, b->end, depth + 1);
    }
    return sign(a->argument > b->argument, a->argument < b->argument);
}

static int compare(const uint8_t *a, const uint8_t *a_end, const uint8_t *b, const uint8_t *b_end,
                   int depth)
{
    struct item x = read_item(a, a_end), y = read_item(b, b_end);
    enum kind kind = kind_of(&x), other = kind_of(&y);
    if (kind != other) {
        return kind > other ? 1 : -1;
    }
    switch (kind) {
    case KIND_NULL:
    case KIND_FALSE:
    case KIND_TRUE:
        return 0;
    case KIND_NUMBER:
        return compare_numbers(&x, &y);
    case KIND_BYTES:
    case KIND_TEXT:
        return compare_bytes(&x, &y);
    case KIND_ARRAY:
        return depth < VALUE_MAX_DEPTH ? compare_arrays(&x, &y, depth) : 0;
    }
    return 0;
}

// Length 0 reads as null, and may come with no pointer at all.
static struct value readable(struct value value)
{
    static const uint8_t null = 0xf6;
    return value.len > 0 ? value : (struct value){&null, 1};
}

bool value_is_null(struct value value)
{
    value = readable(value);
    struct item item = read_item(value.cbor, value.cbor + value.len);
    return kind_of(&item) == KIND_NULL;
}

int value_compare(struct value a, struct value b)
{
    a = readable(a);
    b = readable(b);
    return compare(a.cbor, a.cbor + a.len, b.cbor, b.cbor + b.len, 0);
}
