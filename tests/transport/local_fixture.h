// SPDX-License-Identifier: MIT
// The local bus for the suite: it is held to it, and so are transports made of it that have faults.
#ifndef TESTS_LOCAL_FIXTURE_H
#define TESTS_LOCAL_FIXTURE_H

#include "conformance.h"

extern const struct conformance local_fixture;

#endif
