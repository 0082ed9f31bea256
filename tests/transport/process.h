// SPDX-License-Identifier: MIT
// Programs that tests start; they end with the test at the latest.
#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

// What it says goes to the file `output`; NULL: nowhere.
pid_t spawn(const char *const arguments[], const char *output);
// Runs a program to its end; whether that was a good one.
bool try_program(const char *const arguments[], const char *output);
void run_program(const char *const arguments[]); // which must have a good one
// Whether somebody listens to that TCP port of the loopback.
bool is_listening(int port);

#endif
