// SPDX-License-Identifier: MIT
// Plays a scenario: does to a world what is written, and looks whether what is expected is there.
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "run.h"
#include "scenario.h"

// True when all came as expected and no promise was broken. Otherwise it ends there, and why, the
// line and the end of the trace go to `complaints` (NULL: nobody), after `name`.
bool play(const struct scenario *scenario, const char *name, const struct onlookers *onlookers,
          FILE *complaints, struct outcome *outcome);

#endif
