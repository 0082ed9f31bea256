// SPDX-License-Identifier: MIT
// The local bus before the suite for all transports.
#include "local_fixture.h"

int main(void)
{
    return conformance_run(&local_fixture);
}
