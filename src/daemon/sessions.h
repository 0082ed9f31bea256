// SPDX-License-Identifier: MIT
// The sessions of bloc's clients, known to all actords of a group: which live, and which place each
// has. Each actord hears of its clients and tells the others; the steady leader of the group's
// roster makes a table of places, and the others answer by it. Pure: time is an argument, and what
// is to be told goes to a function. doc/bloc.md says why no two clients hold one place.
#ifndef DAEMON_SESSIONS_H
#define DAEMON_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SESSIONS_MAX = 4096 };

struct sessions;

// A session that has not asked for `timeout` is dropped; places are given out when nothing has
// changed for `settle`. NULL without memory.
struct sessions *sessions_new(int64_t timeout_ns, int64_t settle_ns);
void sessions_free(struct sessions *sessions);

// The least that `settle` may be with messages that are under way for a gap at most: whoever holds
// a place has asked again before another table counts.
int64_t sessions_settle_min_ns(int64_t timeout_ns, int64_t gap_ns);

// Before anything else, and when it changes. False: settle is too short for it, so there are no
// places.
bool sessions_set_gap(struct sessions *sessions, int64_t gap_ns);

// The group's roster is settled: these are the members in their places, and this is mine.
struct sessions_roster {
    int64_t view;
    uint32_t index;
    size_t count;
    const char *const *names;
};
void sessions_placed(struct sessions *sessions, int64_t now_ns,
                     const struct sessions_roster *roster);
// It is not any longer.
void sessions_settling(struct sessions *sessions, int64_t now_ns);

enum sessions_state { SESSIONS_SETTLING, SESSIONS_SETTLED, SESSIONS_FULL };

struct sessions_answer {
    enum sessions_state state;
    uint32_t index, total; // settled: 1 to total
};

// A client asks for its place, which keeps its session alive; or leaves.
struct sessions_answer sessions_ask(struct sessions *sessions, int64_t now_ns, const char *id);
void sessions_leave(struct sessions *sessions, int64_t now_ns, const char *id);

// Another actord has told something; whatever it is. False: it has other times than this one, so
// there are no places.
bool sessions_heard(struct sessions *sessions, int64_t now_ns, const char *who, const void *bytes,
                    size_t len);

// Who should tell of the table, and does not; or NULL.
const char *sessions_silent_leader(const struct sessions *sessions, int64_t now_ns);

// Does what is due, telling the others in packets of at most `room` bytes. Due again at
// sessions_due_ns(), or later if nothing else was called.
typedef void sessions_tell_fn(void *context, const uint8_t *bytes, size_t len);
void sessions_step(struct sessions *sessions, int64_t now_ns, size_t room, sessions_tell_fn *tell,
                   void *context);
int64_t sessions_due_ns(const struct sessions *sessions);

#endif
