// SPDX-License-Identifier: MIT
// Serf agents of the test's own, on free loopback ports, encrypted among themselves and each with a
// key for its RPC port; they end with the test.
#ifndef TESTS_SERF_AGENTS_H
#define TESTS_SERF_AGENTS_H

#include <stdbool.h>
#include <sys/types.h>

enum { SERF_AGENTS_MAX = 5 };

#define SERF_KEY "the key, of \"this\" test"

struct serf_agents {
    char directory[64];
    // Of Serf's own, for how gossip goes: "local" is the quickest, and loses an event now and then
    // even of three agents, since it tells each but twice.
    const char *profile;
    bool apart; // they do not join each other by themselves
    struct serf_agent {
        int gossip_port, rpc_port;
        pid_t pid; // 0: not running
    } all[SERF_AGENTS_MAX];
};

// Makes the directory and the ports; nothing runs yet.
void serf_agents_init(struct serf_agents *agents, const char *profile);
// Runs one, with more of a configuration (JSON pairs, each behind a comma; ""). Returns when it
// listens, and, unless they are apart, all that run know of each other.
void serf_agents_run(struct serf_agents *agents, int number, const char *more);
void serf_agents_signal(const struct serf_agents *agents, int number, int signal);
// Ends it with SIGKILL.
void serf_agents_kill(struct serf_agents *agents, int number);
// Has one join another, as after a split: the other one gets to know all that this one has heard.
void serf_agents_join(const struct serf_agents *agents, int number, int other);
void serf_agents_remove(struct serf_agents *agents);

#endif
