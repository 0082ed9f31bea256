// SPDX-License-Identifier: MIT
// Who was tagged when, as a picture made of letters.
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

#include "world.h"

#include <stdio.h>

struct plot;

struct plot *plot_new(const struct params *params);
void plot_free(struct plot *plot);
void plot_begin(struct plot *plot, const struct world *world); // of a run; forgets the last one
void plot_news(struct plot *plot, const struct news *news);
// The last cycles of the run, a line for each node, and one for the whole group.
void plot_print(struct plot *plot, FILE *out);

#endif
