// SPDX-License-Identifier: MIT
// The daemon as a whole.
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

// Runs until a signal. Returns the exit status: 0 after an orderly end, 1 trouble while running,
// 2 a bad command line.
int daemon_main(int argc, char **argv);

#endif
