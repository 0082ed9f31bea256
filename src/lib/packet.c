// SPDX-License-Identifier: MIT
#include "packet.h"
#include "codec.h"

#include <stdio.h>
#include <string.h>

// R3.
enum { NAMES_MIN = 4 };

// --- Encodings ---------------------------------------------------------------------------------

#ifdef HAVE_SERF
static const bool has_msgpack = true;
#else
static const bool has_msgpack = false;

// Never called: such a link is refused when it is opened.
enum drop translate_to_cbor(const uint8_t *bytes, size_t len, uint8_t *cbor, size_t *cbor_len)
{
    (void)bytes;
    (void)len;
    (void)cbor;
    *cbor_len = 0;
    return DROP_MALFORMED;
}

size_t translate_from_cbor(const uint8_t *cbor, size_t len, uint8_t *bytes, size_t size)
{
    (void)cbor;
    (void)len;
    (void)bytes;
    (void)size;
    return 0;
}
#endif

bool packet_can(enum actor_transport_encoding encoding)
{
    return encoding == ACTOR_TRANSPORT_CBOR || has_msgpack;
}

size_t packet_max(const struct actor_link *link, const char *group)
{
    size_t max = MESSAGE_MAX_BYTES;
    if (link->ops->packet_max != NULL) {
        max = link->ops->packet_max(link->transport, group);
    }
    return max < MESSAGE_MAX_BYTES ? max : MESSAGE_MAX_BYTES;
}

enum drop packet_decode(struct actor_link *link, bool is_view, const uint8_t *bytes, size_t len,
                        struct message *message)
{
    if (link->ops->encoding == ACTOR_TRANSPORT_MSGPACK) {
        enum drop drop = translate_to_cbor(bytes, len, link->translated, &len);
        if (drop != DROP_NONE) {
            return drop;
        }
        bytes = link->translated;
    }
    return is_view ? codec_decode_view(bytes, len, &link->room, message)
                   : codec_decode(bytes, len, message);
}

size_t packet_encode(const struct actor_link *link, const struct message *message, uint8_t *packet)
{
    size_t len = codec_encode(message, packet, MESSAGE_MAX_BYTES);
    if (link->ops->encoding == ACTOR_TRANSPORT_MSGPACK) {
        uint8_t cbor[MESSAGE_MAX_BYTES];
        memcpy(cbor, packet, len);
        len = translate_from_cbor(cbor, len, packet, MESSAGE_MAX_BYTES);
    }
    return len;
}

// --- What fits ---------------------------------------------------------------------------------

// The head of `data` grows with it, and is at most so long.
enum { DATA_HEAD_BYTES = 3 };

size_t packet_tell_max(const struct actor_link *link, const char *group)
{
    struct message tell = {.type = MESSAGE_TELL, .nonce = NONCE_MAX};
    uint8_t packet[MESSAGE_MAX_BYTES];
    tell.node = name_of(link->config.name);
    size_t max = packet_max(link, group), used = packet_encode(link, &tell, packet);
    used += DATA_HEAD_BYTES;
    return used < max ? max - used : 0;
}

static size_t longest_vers(const struct actor_link *link, uint8_t *packet)
{
    struct message vers = {.type = MESSAGE_VERS, .nonce = NONCE_MAX, .unready = true};
    vers.node = name_of(link->config.name);
    vers.heir = vers.node;
    vers.wish = (struct wish){.prefer = PREFER_MAX, .preempt = true};
    vers.away_s = AWAY_MAX_S;
    vers.params =
        (struct params){INT64_C(1) << 53, NS_PER_S / 3, NS_PER_S / 70, 64, 64, 1000000, 0};
    return packet_encode(link, &vers, packet);
}

int packet_check(const struct actor_link *link, const char *group, struct value value, char *why,
                 size_t why_size)
{
    struct message beacon = {.type = MESSAGE_PING, .value = value, .history.count = NAMES_MIN};
    uint8_t packet[MESSAGE_MAX_BYTES];
    size_t max = packet_max(link, group);
    beacon.node = name_of(link->config.name);
    for (size_t i = 0; i < NAMES_MIN; i++) {
        beacon.history.names[i] = beacon.node;
    }
    size_t len = packet_encode(link, &beacon, packet);
    if (len > max) {
        snprintf(why, why_size,
                 "a beacon of %zu bytes would not fit (the name with %zu, the value with %zu, %d "
                 "names like this one in its history with %zu, and what is between them); group %s "
                 "takes %zu on this transport: shorten the name or the value",
                 len, beacon.node.len, value.len, NAMES_MIN, NAMES_MIN * beacon.node.len, group,
                 max);
        return -1;
    }
    len = longest_vers(link, packet);
    if (len > max) {
        snprintf(why, why_size,
                 "an introduction of %zu bytes would not fit (the name has %zu of them); group %s "
                 "takes %zu on this transport: shorten the name",
                 len, beacon.node.len, group, max);
        return -1;
    }
    return 0;
}
