// SPDX-License-Identifier: MIT
// The ends of a test of the suite, and what each has heard of the others.
//
// A message says who sends it, its number, its prefix and group, and is filled with bytes that
// follow from these; so no two are equal, and one that is altered or astray fails the test.
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include "conformance.h"

enum { MESSAGE_BYTES = 64 }; // of an ordinary one

extern const struct conformance *fixture;
extern struct host ends[CONFORMANCE_ENDS_MAX];

// The next end, with its server running, not open yet.
struct host *prepare_end(void);
struct host *prepare_end_alone(void); // whether its server runs or not
// Closes the last one; the next one prepared has its number.
void remove_end(void);
// Opens that many in a group, and waits until they are up.
void start_ends(int count, const char *group);

// Sends the next message of an end, so long (at least 10 bytes and prefix and group). Returns its
// number, from 1 on, or what send() returned.
int try_say(int from, const char *group, size_t len);
// An ordinary one, which must be taken.
int say(int from, const char *group);
// Says that many, no more than the fixture's window ahead of the slowest listener that runs.
void say_paced(int from, const char *group, int count);

bool heard(int at, int from, int number);
// Whether all other ends, but those that are frozen or closed, have heard it.
bool all_heard(int from, int number);
int heard_count(int at, int from); // different ones
int heard_again_count(int at, int from);
int disorder_count(int at, int from); // those that came after a later one
// How many lost messages the ends have told of.
uint64_t told_lost(void);

// Says messages until one has come through to that end, however long that takes: for when nobody
// tells that it will.
void get_through(int from, int to, const char *group);

// The parts of the suite.
void add_test(Suite *suite, const TTest *test);
void add_message_tests(Suite *suite);
void add_burst_tests(Suite *suite);
void add_link_tests(Suite *suite);
void add_closing_tests(Suite *suite);
void add_hostile_tests(Suite *suite);
void add_presence_tests(Suite *suite);

#endif
