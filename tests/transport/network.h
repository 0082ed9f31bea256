// SPDX-License-Identifier: MIT
// Two networks for a test, in namespaces that end with its process: "here", where the test runs,
// and "far", a host at the other end of its cables. eth0 has 10.77.0.1 and fd77::1 here, 10.77.0.2
// and fd77::2 far; eth1 has 10.78.0 and fd78; link-local addresses end alike. There are no routes
// else.
#ifndef TESTS_NETWORK_H
#define TESTS_NETWORK_H

// Ends the process with status 77, "skipped", where it may not have networks of its own.
void network_need(void);

void network_set_up(void);
void network_tear_down(void);

// Makes the cables and their interfaces, which network_set_up() has done once, anew.
void network_plug(void);

// Runs a line of sh(1), which must work.
void network_run(const char *line);
void network_run_far(const char *line);

// A UDP socket of the far host.
int network_far_socket(int family);

#endif
