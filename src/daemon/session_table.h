// SPDX-License-Identifier: MIT
// A table: the sessions in their places. It travels in pieces, and is known by its digest.
#ifndef DAEMON_SESSION_TABLE_H
#define DAEMON_SESSION_TABLE_H

#include "sessions.h"

// A session travels as a hash of its id; none is 0.
typedef uint64_t session_key;

// Which sessions, whatever their order.
struct session_sum {
    uint32_t count;
    uint64_t sum;
};

struct session_table {
    uint32_t count;
    uint64_t digest; // of the sessions in their order
    struct session_sum sum;
    session_key keys[SESSIONS_MAX];
};

session_key session_key_of(const char *id);

void session_sum_add(struct session_sum *sum, session_key key);
void session_sum_take(struct session_sum *sum, session_key key);
bool session_sum_equal(const struct session_sum *a, const struct session_sum *b);

// After its keys have changed.
void session_table_seal(struct session_table *table);

// From 1 on; 0: it is not there.
uint32_t session_table_place(const struct session_table *table, session_key key);

// One that is heard of in pieces: begins; takes a piece; whether it is whole, and sealed then.
void session_table_begin(struct session_table *table, uint32_t count, uint64_t digest);
bool session_table_take(struct session_table *table, uint32_t first, const session_key *keys,
                        uint32_t count);

#endif
