// SPDX-License-Identifier: MIT
// The command line of actor-sim, from one table that also prints the help.
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "run.h"

struct options {
    struct plan plan;
    uint64_t seed; // of the first run
    uint64_t runs;
    bool seeded; // by the command line
    bool json, trace, plot, help, version;
    const char *scenario; // NULL: none
    const char *planned;  // the last option that is of the plan; NULL: none
    char why[256];
};

// 0, or -1 with a sentence in `why`.
int options_read(struct options *options, int argc, char **argv);
void options_print_help(void);

#endif
