// SPDX-License-Identifier: MIT
#include "chance.h"

#include "core/name.h"

// SplitMix64: a counter with the golden ratio for its step, and a mixer.
uint64_t chance_bits(struct chance *chance)
{
    chance->state += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(chance->state);
}

uint64_t chance_below(struct chance *chance, uint64_t below)
{
    return chance_bits(chance) % below;
}

int64_t chance_between(struct chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)chance_below(chance, (uint64_t)(high - low) + 1);
}

bool chance_of(struct chance *chance, double share)
{
    return (double)(chance_bits(chance) >> 11) / 9007199254740992.0 < share;
}
