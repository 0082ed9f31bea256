// SPDX-License-Identifier: MIT
#include "name.h"

#include <string.h>

struct name name_of(const char *text)
{
    return (struct name){text, strlen(text)};
}

bool name_is_none(struct name name)
{
    return name.len == 0;
}

bool name_equal(struct name a, struct name b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

int name_compare(struct name a, struct name b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.text, b.text, common) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

uint64_t hash_mix(uint64_t bits)
{
    bits = (bits ^ bits >> 33) * UINT64_C(0xff51afd7ed558ccd);
    bits = (bits ^ bits >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return bits ^ bits >> 33;
}

uint64_t name_hash(struct name name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (uint8_t)name.text[i]) * UINT64_C(0x100000001b3);
    }
    return hash_mix(hash);
}

// The length of the character at text[0], or 0 when it is none (RFC 3629: shortest form only, no
// surrogates, nothing beyond U+10FFFF).
static size_t character_length(const uint8_t *text, size_t len)
{
    uint8_t first = text[0];
    size_t want = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (want == 0 || want > len || first > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < want; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
               (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f);
    return bad ? 0 : want;
}

bool utf8_is_valid(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        size_t step = character_length((const uint8_t *)text + at, len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

// U+0000 to U+001F, U+007F, and U+0080 to U+009F, which brokers refuse in a topic as well.
static bool begins_control(const char *text, size_t len)
{
    uint8_t first = (uint8_t)text[0], second = len > 1 ? (uint8_t)text[1] : 0;
    return first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0);
}

bool text_is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (begins_control(text + i, len - i)) {
            return false;
        }
    }
    return utf8_is_valid(text, len);
}

bool name_is_valid(struct name name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.text[i] == '/' || name.text[i] == '+' || name.text[i] == '#') {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_MAX_BYTES && text_is_plain(name.text, name.len);
}
