// SPDX-License-Identifier: MIT
// The figures of all runs, as a table for people or as one JSON object.
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "measure.h"
#include "run.h"

struct result {
    const struct plan *plan;
    uint64_t seed, runs;
    uint64_t violations;
    struct figures figures;
    char hash[TRACE_HASH_HEX]; // of the trace; of more runs than one, of their hashes
};

void report_table(const struct result *result, FILE *out);
void report_json(const struct result *result, FILE *out);

#endif
