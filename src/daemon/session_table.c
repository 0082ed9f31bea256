// SPDX-License-Identifier: MIT
#include "session_table.h"

#include <string.h>

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

session_key session_key_of(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); // FNV-1a
    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    hash = mix(hash);
    return hash != 0 ? hash : 1;
}

void session_sum_add(struct session_sum *sum, session_key key)
{
    sum->count++;
    sum->sum += mix(key);
}

void session_sum_take(struct session_sum *sum, session_key key)
{
    sum->count--;
    sum->sum -= mix(key);
}

bool session_sum_equal(const struct session_sum *a, const struct session_sum *b)
{
    return a->count == b->count && a->sum == b->sum;
}

void session_table_seal(struct session_table *table)
{
    table->digest = table->count;
    table->sum = (struct session_sum){0};
    for (uint32_t i = 0; i < table->count; i++) {
        table->digest = mix(table->digest + table->keys[i]);
        session_sum_add(&table->sum, table->keys[i]);
    }
}

uint32_t session_table_place(const struct session_table *table, session_key key)
{
    uint32_t i = 0;
    while (i < table->count && table->keys[i] != key) {
        i++;
    }
    return i < table->count ? i + 1 : 0;
}

void session_table_begin(struct session_table *table, uint32_t count, uint64_t digest)
{
    table->count = count <= SESSIONS_MAX ? count : 0;
    table->digest = digest;
    memset(table->keys, 0, table->count * sizeof *table->keys);
}

bool session_table_take(struct session_table *table, uint32_t first, const session_key *keys,
                        uint32_t count)
{
    uint64_t digest = table->digest;
    if (first > table->count || count > table->count - first) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        table->keys[first + i] = keys[i];
    }
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->keys[i] == 0) {
            return false;
        }
    }
    session_table_seal(table);
    if (table->digest == digest) {
        return true;
    }
    session_table_begin(table, table->count, digest); // a piece of another, or a false one
    return false;
}
