// SPDX-License-Identifier: MIT
#include "item.h"

#include <cbor.h>

static void on_uint(struct item *item, uint64_t number)
{
    item->kind = KIND_UINT;
    item->number = number;
}

static void on_nint(struct item *item, uint64_t number)
{
    item->kind = KIND_NINT;
    item->number = number;
}

static void on_uint8(void *item, uint8_t number)
{
    on_uint(item, number);
}

static void on_uint16(void *item, uint16_t number)
{
    on_uint(item, number);
}

static void on_uint32(void *item, uint32_t number)
{
    on_uint(item, number);
}

static void on_uint64(void *item, uint64_t number)
{
    on_uint(item, number);
}

static void on_nint8(void *item, uint8_t number)
{
    on_nint(item, number);
}

static void on_nint16(void *item, uint16_t number)
{
    on_nint(item, number);
}

static void on_nint32(void *item, uint32_t number)
{
    on_nint(item, number);
}

static void on_nint64(void *item, uint64_t number)
{
    on_nint(item, number);
}

static void on_string(struct item *item, enum kind kind, const uint8_t *bytes, size_t len)
{
    item->kind = kind;
    item->bytes = bytes;
    item->len = len;
}

static void on_bytes(void *item, cbor_data bytes, size_t len)
{
    on_string(item, KIND_BYTES, bytes, len);
}

static void on_text(void *item, cbor_data bytes, size_t len)
{
    on_string(item, KIND_TEXT, bytes, len);
}

static void on_array(void *item, size_t count)
{
    on_uint(item, count);
    ((struct item *)item)->kind = KIND_ARRAY;
}

static void on_map(void *item, size_t count)
{
    on_uint(item, count);
    ((struct item *)item)->kind = KIND_MAP;
}

static void on_double(void *item, double real)
{
    ((struct item *)item)->kind = KIND_FLOAT;
    ((struct item *)item)->real = real;
}

static void on_float(void *item, float real)
{
    on_double(item, (double)real);
}

static void on_bool(void *item, bool truth)
{
    ((struct item *)item)->kind = KIND_BOOL;
    ((struct item *)item)->truth = truth;
}

static void on_null(void *item)
{
    ((struct item *)item)->kind = KIND_NULL;
}

static void on_refused(void *item)
{
    ((struct item *)item)->refused = true;
}

static void on_tag(void *item, uint64_t tag)
{
    (void)tag;
    on_refused(item);
}

// Every member is set: the decoder calls them without asking.
static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_nint8,
    .negint16 = on_nint16,
    .negint32 = on_nint32,
    .negint64 = on_nint64,
    .byte_string_start = on_refused,
    .byte_string = on_bytes,
    .string_start = on_refused,
    .string = on_text,
    .indef_array_start = on_refused,
    .array_start = on_array,
    .indef_map_start = on_refused,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_refused,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_refused,
};

enum drop read_item(struct reader *r)
{
    r->item.refused = false;
    struct cbor_decoder_result result =
        cbor_stream_decode(r->at, (size_t)(r->end - r->at), &callbacks, &r->item);
    if (result.status != CBOR_DECODER_FINISHED) {
        return DROP_MALFORMED;
    }
    if (r->item.refused) {
        return DROP_ENCODING;
    }
    if (r->item.kind == KIND_TEXT && !utf8_is_valid((const char *)r->item.bytes, r->item.len)) {
        return DROP_ENCODING;
    }
    r->at += result.read;
    return DROP_NONE;
}
