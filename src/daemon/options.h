// SPDX-License-Identifier: MIT
// The command line, from one table that also prints the help.
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "bloc.h"

enum { GROUPS_MAX = 64, OPTIONS_WHY_MAX = 1024 };

struct options {
    struct actor_link_config *link;
    struct actor_config *group;     // the same for all groups but for the name
    const char *groups[GROUPS_MAX]; // from argv
    int group_count;
    int64_t away_ns; // at its end; 0: it does not come back
    struct bloc_options bloc;
    bool events;
    enum actor_log_level log_level;
    bool help, version;
    char why[OPTIONS_WHY_MAX];
};

// Reads the command line. 0, or -1 with a sentence in `why`. options_free() in either case.
int options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);

// Prints the help on standard output.
void options_print_help(void);

#endif
