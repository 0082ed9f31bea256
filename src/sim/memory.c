// SPDX-License-Identifier: MIT
#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *check(void *block)
{
    if (block == NULL) {
        fprintf(stderr, "actor-sim: no memory left\n");
        exit(1);
    }
    return block;
}

void *make(size_t count, size_t size)
{
    return check(calloc(count > 0 ? count : 1, size));
}

void *grow(void *block, size_t count, size_t size)
{
    return check(reallocarray(block, count, size));
}

void release(void *block)
{
    free(block);
}
