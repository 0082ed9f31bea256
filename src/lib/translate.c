// SPDX-License-Identifier: MIT
#include "translate.h"
#include "item.h"
#include "msgpack/scan.h"

#include <cbor.h>
#include <msgpack.h>
#include <string.h>

// --- To CBOR -----------------------------------------------------------------------------------

struct writer {
    uint8_t *at;
    size_t room;
};

// The encoders of libcbor return 0 when there is no room, which there always is.
static void advance(struct writer *w, size_t written)
{
    w->at += written;
    w->room -= written;
}

static void write_bytes(struct writer *w, const void *bytes, size_t len)
{
    if (len > 0 && len <= w->room) {
        memcpy(w->at, bytes, len);
        advance(w, len);
    }
}

static bool write_object(struct writer *w, const msgpack_object *object);

static bool write_array(struct writer *w, const msgpack_object_array *array)
{
    advance(w, cbor_encode_array_start(array->size, w->at, w->room));
    for (uint32_t i = 0; i < array->size; i++) {
        if (!write_object(w, &array->ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool write_map(struct writer *w, const msgpack_object_map *map)
{
    advance(w, cbor_encode_map_start(map->size, w->at, w->room));
    for (uint32_t i = 0; i < map->size; i++) {
        if (!write_object(w, &map->ptr[i].key) || !write_object(w, &map->ptr[i].val)) {
            return false;
        }
    }
    return true;
}

// False for what CBOR packets may not have either: a type of somebody's own.
static bool write_object(struct writer *w, const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        advance(w, cbor_encode_null(w->at, w->room));
        return true;
    case MSGPACK_OBJECT_BOOLEAN:
        advance(w, cbor_encode_bool(object->via.boolean, w->at, w->room));
        return true;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        advance(w, cbor_encode_uint(object->via.u64, w->at, w->room));
        return true;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        advance(w, cbor_encode_negint((uint64_t)(-1 - object->via.i64), w->at, w->room));
        return true;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        advance(w, cbor_encode_double(object->via.f64, w->at, w->room));
        return true;
    case MSGPACK_OBJECT_STR:
        advance(w, cbor_encode_string_start(object->via.str.size, w->at, w->room));
        write_bytes(w, object->via.str.ptr, object->via.str.size);
        return true;
    case MSGPACK_OBJECT_BIN:
        advance(w, cbor_encode_bytestring_start(object->via.bin.size, w->at, w->room));
        write_bytes(w, object->via.bin.ptr, object->via.bin.size);
        return true;
    case MSGPACK_OBJECT_ARRAY:
        return write_array(w, &object->via.array);
    case MSGPACK_OBJECT_MAP:
        return write_map(w, &object->via.map);
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return false;
}

enum drop translate_to_cbor(const uint8_t *bytes, size_t len, uint8_t *cbor, size_t *cbor_len)
{
    if (len > MESSAGE_MAX_BYTES) {
        return DROP_TOO_LONG;
    }
    size_t size = 0;
    if (msgpack_scan(bytes, len, MSGPACK_DEPTH_MAX, &size) != MSGPACK_WHOLE) {
        return DROP_MALFORMED;
    }
    if (size != len) {
        return DROP_TRAILING;
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    enum drop drop = DROP_MALFORMED;
    if (msgpack_unpack_next(&unpacked, (const char *)bytes, len, &offset) ==
        MSGPACK_UNPACK_SUCCESS) {
        struct writer w = {cbor, TRANSLATE_CBOR_MAX};
        drop = write_object(&w, &unpacked.data) ? DROP_NONE : DROP_ENCODING;
        *cbor_len = (size_t)(w.at - cbor);
    }
    msgpack_unpacked_destroy(&unpacked);
    return drop;
}

// --- From CBOR ---------------------------------------------------------------------------------

struct packet {
    uint8_t *bytes;
    size_t len, size;
};

// For the packer: -1 ends it.
static int add(void *context, const char *bytes, size_t len)
{
    struct packet *packet = context;
    if (len > packet->size - packet->len) {
        return -1;
    }
    memcpy(packet->bytes + packet->len, bytes, len);
    packet->len += len;
    return 0;
}

static int pack_item(msgpack_packer *packer, const struct item *item)
{
    switch (item->kind) {
    case KIND_UINT:
        return msgpack_pack_uint64(packer, item->number);
    case KIND_NINT:
        // Less than int64_t holds cannot be told in MessagePack.
        return item->number > INT64_MAX ? -1
                                        : msgpack_pack_int64(packer, -1 - (int64_t)item->number);
    case KIND_FLOAT:
        return msgpack_pack_double(packer, item->real);
    case KIND_BYTES:
        return msgpack_pack_bin_with_body(packer, item->bytes, item->len);
    case KIND_TEXT:
        return msgpack_pack_str_with_body(packer, item->bytes, item->len);
    case KIND_ARRAY:
        return msgpack_pack_array(packer, item->number);
    case KIND_MAP:
        return msgpack_pack_map(packer, item->number);
    case KIND_BOOL:
        return item->truth ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
    case KIND_NULL:
        break;
    }
    return msgpack_pack_nil(packer);
}

size_t translate_from_cbor(const uint8_t *cbor, size_t len, uint8_t *bytes, size_t size)
{
    struct reader r = {.at = cbor, .end = cbor + len};
    struct packet packet = {bytes, 0, size};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &packet, add);
    while (r.at < r.end) {
        if (read_item(&r) != DROP_NONE || pack_item(&packer, &r.item) != 0) {
            return 0;
        }
    }
    return packet.len;
}
