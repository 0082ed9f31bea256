// SPDX-License-Identifier: MIT
// Names of nodes: what is allowed, how they sort, their hash.
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// PROTOCOL.md, Words: a node's name is 1 to 64 bytes of UTF-8.
enum { NAME_MAX_BYTES = 64 };

// A borrowed name; it need not end in NUL. Length 0 stands for "no node".
struct name {
    const char *text;
    size_t len;
};

#define NAME_NONE ((struct name){NULL, 0})

struct name name_of(const char *text); // of a string that ends in NUL

// UTF-8, no control characters, none of "/+#", 1 to 64 bytes.
bool name_is_valid(struct name name);
bool name_is_none(struct name name);
bool name_equal(struct name a, struct name b);
int name_compare(struct name a, struct name b); // bytewise: <0, 0, >0

// The hash of E1: 64-bit FNV-1a, then the finaliser of MurmurHash3, so that names that differ in
// their last digit alone spread as well.
uint64_t name_hash(struct name name);
uint64_t hash_mix(uint64_t bits);

bool utf8_is_valid(const char *text, size_t len);
bool text_is_plain(const char *text, size_t len); // UTF-8 without control characters

#endif
