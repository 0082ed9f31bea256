// SPDX-License-Identifier: MIT
// A mosquitto of the test's own, on a free loopback port, which ends with the test.
#ifndef TESTS_MOSQUITTO_H
#define TESTS_MOSQUITTO_H

#include <sys/types.h>

struct mosquitto {
    char directory[64];
    int port;
    pid_t pid; // 0: not running
};

// Makes the directory and the port, and does not run yet.
void mosquitto_init(struct mosquitto *broker);
// Writes a file into its directory; returns the path, static.
const char *mosquitto_file(const struct mosquitto *broker, const char *name, const char *content);
// Runs it with these lines of configuration, besides the listener; returns when it listens.
void mosquitto_run(struct mosquitto *broker, const char *lines);
void mosquitto_signal(const struct mosquitto *broker, int signal);
// Ends it with SIGKILL.
void mosquitto_kill(struct mosquitto *broker);
void mosquitto_remove(struct mosquitto *broker);

#endif
