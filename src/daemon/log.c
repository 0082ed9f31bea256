// SPDX-License-Identifier: MIT
#include "log.h"

#include <stdio.h>
#include <unistd.h>

void log_line(void *context, enum actor_log_level level, const char *line)
{
    (void)context;
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "actord: %s\n", line);
    } else {
        fprintf(stderr, "<%d>%s\n", (int)level, line); // as the journal reads it
    }
}
