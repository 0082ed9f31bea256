// SPDX-License-Identifier: MIT
// Memory, or the end: a simulation without memory has nothing to say.
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

void *make(size_t count, size_t size); // zeroed
void *grow(void *block, size_t count, size_t size);
void release(void *block); // NULL is allowed

#endif
