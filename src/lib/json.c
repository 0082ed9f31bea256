// SPDX-License-Identifier: MIT
#include "json.h"

#include "asyncactor/actor.h"
#include "core/value.h"

#include <cbor.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// --- JSON to CBOR ------------------------------------------------------------------------------

struct writer {
    uint8_t *at, *end;
};

static bool write_item(struct writer *w, const json_t *item, int depth);

static bool wrote(struct writer *w, size_t bytes)
{
    w->at += bytes;
    return bytes > 0;
}

static size_t room(const struct writer *w)
{
    return (size_t)(w->end - w->at);
}

static bool write_string(struct writer *w, const json_t *item)
{
    size_t len = json_string_length(item);
    if (!wrote(w, cbor_encode_string_start(len, w->at, room(w))) || len > room(w)) {
        return false;
    }
    memcpy(w->at, json_string_value(item), len);
    w->at += len;
    return true;
}

static bool write_array(struct writer *w, const json_t *item, int depth)
{
    size_t index;
    const json_t *element;
    if (depth >= VALUE_MAX_DEPTH ||
        !wrote(w, cbor_encode_array_start(json_array_size(item), w->at, room(w)))) {
        return false;
    }
    json_array_foreach(item, index, element)
    {
        if (!write_item(w, element, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool write_integer(struct writer *w, json_int_t number)
{
    return wrote(w, number < 0 ? cbor_encode_negint((uint64_t)(-1 - number), w->at, room(w))
                               : cbor_encode_uint((uint64_t)number, w->at, room(w)));
}

// As Python nodes do; and MessagePack makes it no longer.
static bool write_real(struct writer *w, double real)
{
    return wrote(w, cbor_encode_double(real, w->at, room(w)));
}

static bool write_item(struct writer *w, const json_t *item, int depth)
{
    switch (json_typeof(item)) {
    case JSON_NULL:
        return wrote(w, cbor_encode_null(w->at, room(w)));
    case JSON_TRUE:
        return wrote(w, cbor_encode_bool(true, w->at, room(w)));
    case JSON_FALSE:
        return wrote(w, cbor_encode_bool(false, w->at, room(w)));
    case JSON_INTEGER:
        return write_integer(w, json_integer_value(item));
    case JSON_REAL:
        return write_real(w, json_real_value(item));
    case JSON_STRING:
        return write_string(w, item);
    case JSON_ARRAY:
        return write_array(w, item, depth);
    case JSON_OBJECT:
        break;
    }
    return false;
}

int json_value_to_cbor(const char *json, uint8_t *buffer, size_t size, size_t *len, char *why,
                       size_t why_size)
{
    json_error_t error;
    json_t *item = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (item == NULL) {
        snprintf(why, why_size, "a value must be JSON: %s", error.text);
        return -1;
    }
    struct writer w = {buffer, buffer + size};
    bool done = write_item(&w, item, 0);
    json_decref(item);
    if (!done) {
        snprintf(why, why_size,
                 "a value must be null, true, false, a number, a string, or an array of these, not "
                 "nested deeper than %d, at most %zu bytes as CBOR",
                 VALUE_MAX_DEPTH, size);
        return -1;
    }
    *len = (size_t)(w.at - buffer);
    return 0;
}

// --- CBOR to JSON ------------------------------------------------------------------------------

// Where the items that are read go: the innermost array that is not complete, or the whole.
struct builder {
    json_t *whole;
    int depth;
    struct {
        json_t *array;
        size_t missing;
    } open[VALUE_MAX_DEPTH + 1];
};

static void close_complete(struct builder *b)
{
    while (b->depth > 0 && b->open[b->depth - 1].missing == 0) {
        b->depth--;
    }
}

static void add(struct builder *b, json_t *item)
{
    if (b->depth == 0) {
        b->whole = item;
    } else {
        b->open[b->depth - 1].missing--;
        json_array_append_new(b->open[b->depth - 1].array, item);
    }
}

static void add_scalar(void *builder, json_t *item)
{
    add(builder, item);
    close_complete(builder);
}

static void add_uint(void *b, uint64_t number)
{
    add_scalar(b,
               number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number));
}

static void add_nint(void *b, uint64_t number)
{
    add_scalar(b, number <= INT64_MAX ? json_integer(-1 - (json_int_t)number)
                                      : json_real(-1 - (double)number));
}

static void add_uint8(void *b, uint8_t number)
{
    add_uint(b, number);
}

static void add_uint16(void *b, uint16_t number)
{
    add_uint(b, number);
}

static void add_uint32(void *b, uint32_t number)
{
    add_uint(b, number);
}

static void add_nint8(void *b, uint8_t number)
{
    add_nint(b, number);
}

static void add_nint16(void *b, uint16_t number)
{
    add_nint(b, number);
}

static void add_nint32(void *b, uint32_t number)
{
    add_nint(b, number);
}

static void add_text(void *b, cbor_data text, size_t len)
{
    add_scalar(b, json_stringn((const char *)text, len));
}

static void add_bytes(void *b, cbor_data bytes, size_t len)
{
    char text[2 * VALUE_MAX_BYTES + 4] = "h'";
    size_t used = 2;
    for (size_t i = 0; i < len && i < VALUE_MAX_BYTES; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%02x", bytes[i]);
    }
    text[used++] = '\'';
    add_scalar(b, json_stringn(text, used));
}

// What is larger, 15 digits would round to more than a double holds.
#define REAL_MAX 1.79769313486231e308

static void add_double(void *b, double real)
{
    add_scalar(b, json_real(fmin(fmax(real, -REAL_MAX), REAL_MAX)));
}

static void add_float(void *b, float real)
{
    add_double(b, (double)real);
}

static void add_null(void *b)
{
    add_scalar(b, json_null());
}

static void add_bool(void *b, bool truth)
{
    add_scalar(b, json_boolean(truth));
}

static void add_array(void *context, size_t count)
{
    struct builder *b = context;
    json_t *array = json_array();
    add(b, array);
    if (b->depth <= VALUE_MAX_DEPTH) {
        b->open[b->depth].array = array;
        b->open[b->depth].missing = count;
        b->depth++;
    }
    close_complete(b);
}

static json_t *build(const uint8_t *cbor, size_t len)
{
    struct cbor_callbacks callbacks = cbor_empty_callbacks;
    struct builder b = {0};
    callbacks.uint8 = add_uint8;
    callbacks.uint16 = add_uint16;
    callbacks.uint32 = add_uint32;
    callbacks.uint64 = add_uint;
    callbacks.negint8 = add_nint8;
    callbacks.negint16 = add_nint16;
    callbacks.negint32 = add_nint32;
    callbacks.negint64 = add_nint;
    callbacks.string = add_text;
    callbacks.byte_string = add_bytes;
    callbacks.float2 = callbacks.float4 = add_float;
    callbacks.float8 = add_double;
    callbacks.null = add_null;
    callbacks.boolean = add_bool;
    callbacks.array_start = add_array;
    while (len > 0) {
        struct cbor_decoder_result result = cbor_stream_decode(cbor, len, &callbacks, &b);
        if (result.status != CBOR_DECODER_FINISHED) {
            break;
        }
        cbor += result.read;
        len -= result.read;
    }
    return b.whole;
}

// Real numbers with 15 digits: what was written as 0.1 is shown as 0.1.
static int dump(json_t *item, char *buffer, size_t size)
{
    size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15);
    size_t len = json_dumpb(item, buffer, size, flags);
    json_decref(item);
    if (len == 0 || len >= size) {
        return -1;
    }
    buffer[len] = '\0';
    return (int)len;
}

int json_value_from_cbor(const uint8_t *cbor, size_t len, char *buffer, size_t size)
{
    json_t *item = build(cbor, len);
    return item != NULL && dump(item, buffer, size) >= 0 ? 0 : -1;
}

// --- Events ------------------------------------------------------------------------------------

struct out {
    char *buffer;
    size_t size, used; // `used` beyond `size`: it did not fit
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *format, ...)
{
    size_t left = out->used < out->size ? out->size - out->used : 0;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(left > 0 ? out->buffer + out->used : NULL, left, format, args);
    va_end(args);
    out->used += len > 0 ? (size_t)len : 0;
}

static void put_string(struct out *out, const char *text)
{
    char quoted[8 * 512];
    if (text == NULL || dump(json_string(text), quoted, sizeof quoted) < 0) {
        put(out, "null");
    } else {
        put(out, "%s", quoted);
    }
}

static void put_text(struct out *out, const char *key, const char *text)
{
    put(out, ", \"%s\": ", key);
    put_string(out, text);
}

static void put_bool(struct out *out, const char *key, bool truth)
{
    put(out, ", \"%s\": %s", key, truth ? "true" : "false");
}

static void put_int(struct out *out, const char *key, int64_t number)
{
    put(out, ", \"%s\": %" PRId64, key, number);
}

// Exactly: a double would lose digits.
static void put_seconds(struct out *out, const char *key, int64_t ns)
{
    put(out, ", \"%s\": %" PRId64 ".%09" PRId64, key, ns / 1000000000, ns % 1000000000);
}

// Parameters, without the zeros at the end.
static void put_parameter(struct out *out, const char *key, int64_t ns)
{
    put(out, ", \"%s\": %.15g", key, (double)ns / 1e9);
}

static void put_names(struct out *out, const char *key, const struct actor_names *names)
{
    put(out, ", \"%s\": [", key);
    for (size_t i = 0; i < names->count; i++) {
        put(out, "%s", i > 0 ? ", " : "");
        put_string(out, names->names[i]);
    }
    put(out, "]");
}

static void put_time(struct out *out, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    put(out, ", \"time\": \"%s.%03dZ\"", text, (int)(time_ms % 1000));
}

static void put_setup(struct out *out, const struct actor_event *event)
{
    put_int(out, "version", event->version);
    put_parameter(out, "cycle", event->cycle_ns);
    put_parameter(out, "gap", event->gap_ns);
    put_int(out, "nodes", event->nodes);
    put_int(out, "splits", event->splits);
    put_int(out, "n_hosts", event->n_hosts);
    put_bool(out, "force_in", event->force_in);
    put_text(out, "by", event->by);
}

static void put_value(struct out *out, const char *json)
{
    put(out, ", \"value\": %s", json != NULL ? json : "null");
}

static void put_slot(struct out *out, const struct actor_event *event)
{
    put_int(out, "slot", (int64_t)event->slot);
    put_text(out, "leader", event->leader);
    put_names(out, "ring", &event->ring);
    put_bool(out, "full", event->full);
    put_int(out, "members", event->members);
}

static void put_recover(struct out *out, const struct actor_event *event)
{
    put_int(out, "prio", event->prio);
    put_bool(out, "replace", event->replace);
    put_names(out, "local", &event->ring);
    put_names(out, "remote", &event->remote);
}

static void put_settled(struct out *out, const struct actor_event *event)
{
    put_int(out, "index", event->index);
    put_int(out, "total", event->total);
    put_int(out, "view", event->view);
    put_names(out, "members", &event->roster);
}

static void put_roster(struct out *out, const struct actor_event *event)
{
    put_int(out, "view", event->view);
    put_bool(out, "settled", event->settled);
    put_names(out, "members", &event->roster);
}

static void put_details(struct out *out, const struct actor_event *event)
{
    switch (event->type) {
    case ACTOR_EVENT_LINK_UP:
    case ACTOR_EVENT_LINK_DOWN:
        put_text(out, "url", event->url);
        put_text(out, "reason", event->reason);
        break;
    case ACTOR_EVENT_SETUP:
        put_setup(out, event);
        break;
    case ACTOR_EVENT_TAG:
        put_value(out, event->value);
        put_int(out, "slot", (int64_t)event->slot);
        put_seconds(out, "until", event->until_ns);
        break;
    case ACTOR_EVENT_RENEW:
        put_int(out, "slot", (int64_t)event->slot);
        put_seconds(out, "until", event->until_ns);
        break;
    case ACTOR_EVENT_UNTAG:
        put_int(out, "slot", (int64_t)event->slot);
        put_text(out, "reason", event->reason);
        break;
    case ACTOR_EVENT_DETAG:
        put_int(out, "slot", (int64_t)event->slot);
        put_text(out, "by", event->by);
        break;
    case ACTOR_EVENT_PING:
        put_text(out, "leader", event->leader);
        put_value(out, event->value);
        break;
    case ACTOR_EVENT_SLOT:
        put_slot(out, event);
        break;
    case ACTOR_EVENT_GOOD_NODE:
        put_names(out, "nodes", &event->ring);
        break;
    case ACTOR_EVENT_RECOVER:
        put_recover(out, event);
        break;
    case ACTOR_EVENT_JOIN:
    case ACTOR_EVENT_LEAVE:
        put_text(out, "member", event->member);
        put_text(out, "reason", event->reason);
        break;
    case ACTOR_EVENT_SETTLED:
        put_settled(out, event);
        break;
    case ACTOR_EVENT_ROSTER:
        put_roster(out, event);
        break;
    case ACTOR_EVENT_SETTLING:
    case ACTOR_EVENT_NAME_TAKEN:
        break;
    }
}

const char *actor_event_name(enum actor_event_type type)
{
    switch (type) {
    case ACTOR_EVENT_LINK_UP:
        return "link-up";
    case ACTOR_EVENT_LINK_DOWN:
        return "link-down";
    case ACTOR_EVENT_SETUP:
        return "setup";
    case ACTOR_EVENT_TAG:
        return "tag";
    case ACTOR_EVENT_RENEW:
        return "renew";
    case ACTOR_EVENT_UNTAG:
        return "untag";
    case ACTOR_EVENT_DETAG:
        return "detag";
    case ACTOR_EVENT_PING:
        return "ping";
    case ACTOR_EVENT_SLOT:
        return "slot";
    case ACTOR_EVENT_GOOD_NODE:
        return "good-node";
    case ACTOR_EVENT_RECOVER:
        return "recover";
    case ACTOR_EVENT_JOIN:
        return "join";
    case ACTOR_EVENT_LEAVE:
        return "leave";
    case ACTOR_EVENT_SETTLING:
        return "settling";
    case ACTOR_EVENT_SETTLED:
        return "settled";
    case ACTOR_EVENT_ROSTER:
        return "roster";
    case ACTOR_EVENT_NAME_TAKEN:
        return "name-taken";
    }
    return "?";
}

int actor_event_json(const struct actor_event *event, char *buffer, size_t size)
{
    struct out out = {buffer, size, 0};
    put(&out, "{\"event\": \"%s\"", actor_event_name(event->type));
    put_text(&out, "group", event->group);
    put_text(&out, "node", event->node);
    put_time(&out, event->time_ms);
    put_seconds(&out, "mono", event->mono_ns);
    put_details(&out, event);
    put(&out, "}");
    return out.used < size ? (int)out.used : ACTOR_EINVAL;
}
