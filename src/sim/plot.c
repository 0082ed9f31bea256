// SPDX-License-Identifier: MIT
#include "plot.h"

#include "memory.h"

#include <string.h>

enum { COLUMNS = 100, COLUMNS_A_CYCLE = 5, ROWS_MAX = 40 };

struct span {
    int node;
    bool open;
    int64_t from_ns, until_ns;
};

struct plot {
    const struct world *world;
    char (*names)[NAME_MAX_BYTES + 1]; // of the nodes: the world may be gone when it is printed
    int nodes;
    int64_t column_ns, end_ns;
    struct span *spans;
    size_t count, room;
};

struct plot *plot_new(const struct params *params)
{
    struct plot *plot = make(1, sizeof *plot);
    plot->column_ns = params->cycle_ns / COLUMNS_A_CYCLE;
    return plot;
}

void plot_free(struct plot *plot)
{
    if (plot != NULL) {
        release(plot->names);
        release(plot->spans);
    }
    release(plot);
}

void plot_begin(struct plot *plot, const struct world *world)
{
    plot->world = world;
    plot->nodes = 0;
    plot->count = 0;
}

static void know_nodes(struct plot *plot)
{
    int count = world_count(plot->world);
    if (count > plot->nodes) {
        plot->names = grow(plot->names, (size_t)count, sizeof *plot->names);
    }
    for (; plot->nodes < count; plot->nodes++) {
        snprintf(plot->names[plot->nodes], sizeof *plot->names, "%s",
                 world_name(plot->world, plot->nodes));
    }
}

static struct span *open_span(struct plot *plot, int node)
{
    for (size_t i = plot->count; i-- > 0;) {
        if (plot->spans[i].node == node) {
            return plot->spans[i].open ? &plot->spans[i] : NULL;
        }
    }
    return NULL;
}

static void begin_span(struct plot *plot, const struct news *news)
{
    struct span *span = open_span(plot, news->node);
    if (span == NULL) {
        if (plot->count == plot->room) {
            plot->room = plot->room * 2 + 64;
            plot->spans = grow(plot->spans, plot->room, sizeof *span);
        }
        span = &plot->spans[plot->count++];
        *span = (struct span){.node = news->node, .open = true, .from_ns = news->now_ns};
    }
    span->until_ns = world_time_of(plot->world, news->node, news->effect->event.until_ns);
}

static void end_span(struct plot *plot, const struct news *news)
{
    struct span *span = open_span(plot, news->node);
    if (span != NULL) {
        span->open = false;
        span->until_ns = news->now_ns < span->until_ns ? news->now_ns : span->until_ns;
    }
}

void plot_news(struct plot *plot, const struct news *news)
{
    plot->end_ns = news->now_ns;
    know_nodes(plot);
    if (news->type == NEWS_KILLED) {
        end_span(plot, news);
    } else if (news->type == NEWS_EFFECT && news->effect->type == EFFECT_EVENT) {
        enum event_type type = news->effect->event.type;
        if (type == EVENT_TAG || type == EVENT_RENEW) {
            begin_span(plot, news);
        } else if (type == EVENT_UNTAG || type == EVENT_DETAG) {
            end_span(plot, news);
        }
    }
}

// Whether a node was tagged in the middle of a column.
static void draw_node(const struct plot *plot, int node, int64_t first_ns, char line[COLUMNS + 1])
{
    memset(line, '.', COLUMNS);
    line[COLUMNS] = '\0';
    for (size_t i = 0; i < plot->count; i++) {
        const struct span *span = &plot->spans[i];
        for (int column = 0; column < COLUMNS && span->node == node; column++) {
            int64_t at_ns = first_ns + column * plot->column_ns + plot->column_ns / 2;
            if (span->from_ns <= at_ns && at_ns < span->until_ns) {
                line[column] = '#';
            }
        }
    }
}

void plot_print(struct plot *plot, FILE *out)
{
    int64_t first_ns = plot->end_ns - COLUMNS * plot->column_ns;
    char line[COLUMNS + 1], all[COLUMNS + 1];
    int nodes = plot->nodes, shown = nodes < ROWS_MAX ? nodes : ROWS_MAX;
    memset(all, '0', COLUMNS);
    all[COLUMNS] = '\0';
    fprintf(out, "tagged (#), %d columns a cycle, the last one at %.1f s:\n", COLUMNS_A_CYCLE,
            (double)plot->end_ns / 1e9);
    for (int node = 0; node < nodes; node++) {
        draw_node(plot, node, first_ns, line);
        for (int column = 0; column < COLUMNS; column++) {
            all[column] = (char)(all[column] + (line[column] == '#' && all[column] < '9'));
        }
        if (node < shown) {
            fprintf(out, "%8.8s %s\n", plot->names[node], line);
        }
    }
    if (shown < nodes) {
        fprintf(out, "%8s and %d more\n", "", nodes - shown);
    }
    fprintf(out, "%8s %s\n", "how many", all);
}
