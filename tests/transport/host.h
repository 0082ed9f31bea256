// SPDX-License-Identifier: MIT
// A host for the tests of transports: it writes down what its transport says, and fails the test
// when it is told what transport.h does not allow: from another thread, inside a call of its own,
// up twice, anything after close().
//
// Each host has a loop of its own. RUN_UNTIL() runs those of all hosts that are not frozen, until
// something is so, or fails at a deadline: nothing sleeps.
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include "asyncactor/transport.h"

#include <check.h>
#include <stdio.h>
#include <sys/types.h>
#include <uv.h>

enum { SOON_MS = 8000 }; // for what has no bound of its own

struct host {
    struct host *next;
    uv_loop_t loop;
    const struct actor_transport_ops *ops;
    struct actor_transport_config config; // may be changed until it is opened
    struct actor_transport *transport;    // NULL: not open yet, or close() was called
    pid_t thread;
    bool is_open;
    bool frozen; // its loop is not run
    // What it was told.
    bool is_up;
    bool unordered; // a proof was older than one before, or of no time that has been
    int ups, downs, messages, proofs, closeds;
    int calls; // of the transport that have not returned
    uint64_t overrun;
    int64_t proved_ns; // the last proof
    int64_t opened_ns;
    int64_t stall_ns;         // the longest time that a call, or a round of the loop, has taken
    size_t length;            // of the last message
    char group[80];           // of the last message
    char first[64], last[64]; // messages, as text
    char reason[512];         // why it is down
    char reasons[2048];       // each in a line of its own
    char logs[4096];          // as the reasons
    char peers[4096];         // as well: "+GROUP/NAME ABOUT" who is here, "-" who is gone
    // What it does when it is told; NULL: nothing.
    void (*in_up)(struct host *host);
    void (*in_down)(struct host *host);
    void (*in_message)(struct host *host, const char *group, const void *bytes, size_t len);
    void (*in_log)(struct host *host, const char *line);
    void (*in_peer)(struct host *host);
    void *data; // of the test
};

// CLOCK_BOOTTIME
int64_t now_ns(void);
// A time, stretched by CK_TIMEOUT_MULTIPLIER, for valgrind.
int64_t patience_ns(int ms);

// A host with a loop, and a configuration that lacks but scheme and address.
void host_prepare(struct host *host, const struct actor_transport_ops *ops, const char *name);
// As the transport's open(); host_open() wants it to work.
int host_try_open(struct host *host, char *why, size_t why_size);
void host_open(struct host *host);
// As the transport's functions.
int host_try_join(struct host *host, const char *group);
void host_join(struct host *host, const char *group); // which must work
void host_leave(struct host *host, const char *group);
int host_send(struct host *host, const char *group, const void *bytes, size_t len);
void host_say(struct host *host, const char *group, const char *text); // a send() that must work
int host_publish(struct host *host, const char *topic, const char *text, bool retain);
void host_prove(struct host *host);
int host_announce(struct host *host, const char *about);
// Does nothing the second time.
void host_close(struct host *host, bool orderly);
// Closes it, waits until that is complete, and sees that nothing is left in the loop.
void host_stop(struct host *host);

// Waits until something is due in one of the loops, at most so long, and runs what is due in each.
void hosts_turn(int wait_ms);
void hosts_run_for(int ms);
// What all hosts have been told, for a message.
const char *hosts_report(void);

#define RUN_UNTIL(condition, within_ms)                                                   \
    do {                                                                                  \
        int64_t end_ns_ = now_ns() + patience_ns(within_ms);                              \
        while (!(condition) && now_ns() < end_ns_) {                                      \
            hosts_turn(10);                                                               \
        }                                                                                 \
        ck_assert_msg(condition, "not within %d ms: %s;%s", (int)(within_ms), #condition, \
                      hosts_report());                                                    \
    } while (0)

bool contains(const char *text, const char *part);
// Open file descriptors of this process.
int count_fds(void);
// Removes a directory with all that is in it, or a file.
bool remove_tree(const char *path);
// A port that is free, and below those that the system gives to clients: it stays so while its
// server is down, and no other test that runs just now is given it. `type`: SOCK_STREAM or
// SOCK_DGRAM.
int free_port(int type);

#endif
