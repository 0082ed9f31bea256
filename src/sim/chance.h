// SPDX-License-Identifier: MIT
// Chance that comes from a seed: the same numbers everywhere, whatever the compiler.
#ifndef SIM_CHANCE_H
#define SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state; // the seed, to begin with
};

uint64_t chance_bits(struct chance *chance);
// Evenly, 0 to `below` - 1; `below` is over 0.
uint64_t chance_below(struct chance *chance, uint64_t below);
// Evenly, `low` to `high`.
int64_t chance_between(struct chance *chance, int64_t low, int64_t high);
// True `share` of the time.
bool chance_of(struct chance *chance, double share);

#endif
