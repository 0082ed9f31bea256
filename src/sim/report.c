// SPDX-License-Identifier: MIT
#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

static double per_slot(const struct figures *f)
{
    return f->slots > 0 ? (double)f->beacons / (double)f->slots : 0;
}

static double collision_share(const struct figures *f)
{
    return f->slots > 0 ? (double)f->collided / (double)f->slots : 0;
}

// --- For people --------------------------------------------------------------------------------

static void print_spread(FILE *out, const char *label, const struct spread *spread,
                         const char *unit)
{
    if (spread->count > 0) {
        fprintf(out, "%-28s %.2f / %.2f / %.2f / %.2f%s (%" PRIu64 ")\n", label, spread->min,
                spread->median, spread->p99, spread->max, unit, spread->count);
    }
}

void report_table(const struct result *result, FILE *out)
{
    const struct plan *plan = result->plan;
    const struct figures *f = &result->figures;
    fprintf(out, "%d nodes, %" PRIu64 " cycles of %g s, gap %g s, latency %g to %g s", plan->nodes,
            plan->cycles, (double)plan->params.cycle_ns / 1e9, (double)plan->params.gap_ns / 1e9,
            (double)plan->latency.min_ns / 1e9, (double)plan->latency.max_ns / 1e9);
    fprintf(out, ", seed %" PRIu64 ", %" PRIu64 " run%s\n", result->seed, result->runs,
            result->runs > 1 ? "s" : "");
    fprintf(out, "%-28s %" PRIu64 "\n", "promises broken", result->violations);
    fprintf(out, "%-28s %.4f\n", "beacons a slot", per_slot(f));
    fprintf(out, "%-28s %.3f %%\n", "slots with a collision", 100 * collision_share(f));
    fprintf(out, "%-28s %.3f / %.3f / %.3f %%\n", "0 / 1 / more tagged", 100 * f->tagged_share[0],
            100 * f->tagged_share[1], 100 * f->tagged_share[2]);
    fprintf(out, "%-28s %" PRIu64 "\n", "slots until rings are full", f->ring_full_slots);
    fprintf(out, "%-28s %.0f\n", "bytes a day and node", f->bytes_per_day);
    fprintf(out, "%-28s min / median / 99 %% / max (how many)\n", "");
    print_spread(out, "first tag", &f->first_tag_s, " s");
    print_spread(out, "take-over", &f->takeover_s, " s");
    print_spread(out, "one ring after a heal", &f->heal_s, " s");
    print_spread(out, "all have an index", &f->settled_s, " s");
    print_spread(out, "turns of a node", &f->turns, "");
}

// --- For programs ------------------------------------------------------------------------------

static json_t *spread_json(const struct spread *spread)
{
    if (spread->count == 0) {
        return json_null();
    }
    return json_pack("{s:f, s:f, s:f, s:f}", "min", spread->min, "median", spread->median, "p99",
                     spread->p99, "max", spread->max);
}

static json_t *count_or_null(uint64_t count)
{
    return count > 0 ? json_integer((json_int_t)count) : json_null();
}

void report_json(const struct result *result, FILE *out)
{
    const struct figures *f = &result->figures;
    json_t *object =
        json_pack("{s:i, s:I, s:I, s:I, s:I}", "nodes", result->plan->nodes, "cycles",
                  (json_int_t)result->plan->cycles, "seed", (json_int_t)result->seed, "runs",
                  (json_int_t)result->runs, "violations", (json_int_t)result->violations);
    json_object_set_new(object, "beacons_per_slot", json_real(per_slot(f)));
    json_object_set_new(object, "collision_share", json_real(collision_share(f)));
    json_object_set_new(object, "tagged0", json_real(f->tagged_share[0]));
    json_object_set_new(object, "tagged1", json_real(f->tagged_share[1]));
    json_object_set_new(object, "tagged2", json_real(f->tagged_share[2]));
    json_object_set_new(object, "first_tag_s", spread_json(&f->first_tag_s));
    json_object_set_new(object, "ring_full_slots", count_or_null(f->ring_full_slots));
    json_object_set_new(object, "takeover_s", spread_json(&f->takeover_s));
    json_object_set_new(object, "heal_s", spread_json(&f->heal_s));
    json_object_set_new(object, "settled_s", spread_json(&f->settled_s));
    json_object_set_new(object, "turns", spread_json(&f->turns));
    json_object_set_new(object, "bytes_per_day", json_real(f->bytes_per_day));
    json_object_set_new(object, "deliveries", json_integer((json_int_t)f->deliveries));
    json_object_set_new(object, "virtual_s", json_real(f->virtual_s));
    json_object_set_new(object, "trace_sha256", json_string(result->hash));
    json_dumpf(object, out, JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}
