// SPDX-License-Identifier: MIT
// Who is there, on the local bus (PROTOCOL.md H1). Beside each socket DIR/MEMBER stands a file,
// DIR/MEMBER.about, with its node's name and what it announces. It is kept open for writing, so
// that the kernel tells whoever watches DIR when its process ends.
#ifndef TRANSPORTS_LOCAL_MEMBERS_H
#define TRANSPORTS_LOCAL_MEMBERS_H

#include "asyncactor/transport.h"

#include <sys/types.h>
#include <sys/un.h>

enum {
    MEMBER_DIGITS = 16,       // an incarnation in hexadecimal
    MEMBER_ABOUT_BYTES = 4096 // that one may announce
};

struct seen;

// Of one group.
struct members {
    const struct actor_transport_config *config;
    const char *group, *dir, *own; // borrowed; `own` is this node's member
    int about_fd;                  // our file, kept open; -1: none
    bool looked;                   // at all that were there, since the last members_forget()
    struct seen *seen;             // the others that were told of
    int seen_count;
};

// DIR/[DOT]MEMBER; `dir` leaves room for it.
struct sockaddr_un member_address(const char *dir, const char *dot, const char *member);
bool is_member(const char *file);
int member_probe(const char *dir, const char *member); // whether anybody is there: 0, or an errno

// Shows what this node announces, in a file of this mode.
void members_show(struct members *members, const char *about, mode_t mode);
void members_hide(struct members *members);

// Whether it is the file of another, which `member` becomes.
bool members_is_about(const struct members *members, const char *file,
                      char member[MEMBER_DIGITS + 1]);

// The files of one whose process is dead, without a word.
void members_clear_away(const struct members *members, const char *member);

// These tell the host, so they are for the loop alone; it may leave, close or send in there.
void members_look_at(struct members *members, const char *member);
void members_look_at_all(struct members *members);
void members_bury_the_dead(struct members *members);

void members_forget(struct members *members); // without a word

#endif
