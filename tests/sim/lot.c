// SPDX-License-Identifier: MIT
#include "lot.h"

#include <stdlib.h>

enum { CYCLES = 60 }; // how long it lasts, about

// --- Drawing -----------------------------------------------------------------------------------

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void draw_channel(struct chance *chance, const struct climate *climate, struct lot *lot)
{
    int64_t gap_ns = lot->params.gap_ns;
    int64_t percent =
        climate->lossy ? chance_between(chance, 2, 300) : chance_between(chance, 2, 98);
    lot->latency.max_ns = gap_ns * percent / 100;
    lot->latency.min_ns = chance_of(chance, 0.3) ? lot->latency.max_ns / 2 : 0;
    lot->latency.tailed = chance_of(chance, 0.3);
    if (climate->lossy) {
        lot->loss = (double)chance_below(chance, 10) / 100;
        lot->duplicates = (double)chance_below(chance, 10) / 100;
    }
}

static void draw_params(struct chance *chance, const struct climate *climate, struct lot *lot)
{
    struct params *p = &lot->params;
    *p = params_default;
    p->gap_ns = chance_between(chance, 300, 2000) * 1000000;
    p->cycle_ns = p->gap_ns * chance_between(chance, 30, 100) / 10;
    p->nodes = (int32_t)chance_between(chance, 2, 7);
    p->splits = (int32_t)chance_between(chance, 1, 5);
    draw_channel(chance, climate, lot);
    lot->skew_ppm = chance_of(chance, 0.3) ? 200 : 0;
    lot->late_ns = chance_of(chance, 0.3) ? params_slack_ns(p) / 4 : 0;
    lot->begin_ns =
        chance_of(chance, 0.5) ? NS_PER_S : chance_between(chance, 1, 1000000) * NS_PER_S;
    lot->lease_ns = climate->leases ? p->cycle_ns * chance_between(chance, 5, 40) / 10 : 0;
}

// H1. Whoever is silent is noticed when its lease has run out.
static void draw_hints(struct chance *chance, const struct climate *climate, struct lot *lot)
{
    int64_t latency_ns = lot->latency.max_ns;
    switch (climate->hints) {
    case HINTS_NONE:
        return;
    case HINTS_PROMPT:
        break;
    case HINTS_BAD:
        latency_ns = lot->params.cycle_ns * chance_between(chance, 1, 20) / 10;
        lot->hints.loss = (double)chance_below(chance, 50) / 100;
        break;
    case HINTS_FALSE:
        lot->latency.max_ns = latency_ns = earlier(latency_ns, lot->params.gap_ns / 2);
        break;
    }
    lot->latency.min_ns = earlier(lot->latency.min_ns, latency_ns);
    lot->hints.given = true;
    lot->hints.latency = (struct latency){.min_ns = 0, .max_ns = latency_ns};
    lot->hints.silence_ns = lot->lease_ns * 3 / 2;
    lot->takeover =
        chance_of(chance, 0.8) ? TAKEOVER_AT_ONCE : (enum takeover)chance_below(chance, 3);
}

static void add_act(struct lot *lot, int64_t at_ns, enum deed deed, int node, int value)
{
    lot->act[lot->acts++] = (struct act){at_ns, deed, node, 0, value};
}

static void draw_starts(struct chance *chance, struct lot *lot)
{
    bool together = chance_of(chance, 0.5);
    for (int i = 0; i < lot->nodes; i++) {
        int64_t later_ns = together ? 0 : chance_between(chance, 0, 3 * lot->params.cycle_ns);
        if (i == 0 || chance_of(chance, 0.8)) {
            add_act(lot, lot->begin_ns + later_ns, DEED_START, i, 0);
        }
    }
}

static void draw_acts(struct chance *chance, const struct climate *climate, struct lot *lot)
{
    int64_t now_ns = lot->begin_ns;
    int count = (int)chance_between(chance, 1, LOT_DEEDS_MAX - LOT_NODES_MAX);
    for (int i = 0; i < count; i++) {
        now_ns += chance_between(chance, 0, CYCLES * lot->params.cycle_ns / count);
        uint64_t deeds = climate->hints == HINTS_NONE ? DEED_STOP : DEEDS;
        enum deed deed = (enum deed)chance_below(chance, deeds);
        int node = (int)chance_below(chance, (uint64_t)lot->nodes);
        int value = chance_of(chance, 0.2) ? -1 : (int)chance_below(chance, 5);
        if (deed == DEED_GIVE) {
            value = (int)chance_below(chance, (uint64_t)lot->nodes);
        } else if (deed == DEED_SPLIT || deed == DEED_LIE) {
            value = (int)chance_below(chance, 1u << lot->nodes);
        }
        if ((climate->deeds & DEED_BIT(deed)) != 0) {
            add_act(lot, now_ns, deed, node, value);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct act *first = a, *second = b;
    if (first->at_ns != second->at_ns) {
        return first->at_ns < second->at_ns ? -1 : 1;
    }
    return first->node - second->node;
}

static void draw_wishes(struct chance *chance, struct lot *lot)
{
    for (int i = 0; i < lot->nodes; i++) {
        struct wish *wish = &lot->wishes[i];
        wish->prefer = chance_of(chance, 0.5) ? 0 : (uint8_t)chance_below(chance, PREFER_MAX + 1);
        wish->never = chance_of(chance, 0.1);
        wish->preempt = chance_of(chance, 0.3);
    }
}

// S5 to S7, each in a half of the worlds. A chance of its own: all else is the same without them.
static void draw_roster(struct lot *lot)
{
    struct chance chance = {.state = ~lot->seed * 3};
    int64_t cycle_ns = lot->params.cycle_ns;
    if (chance_of(&chance, 0.5)) {
        draw_wishes(&chance, lot);
    }
    if (chance_of(&chance, 0.5)) {
        lot->drain_ns = cycle_ns * chance_between(&chance, 1, 40) / 10;
        lot->work.given = true;
        lot->work.span.max_ns = lot->drain_ns * chance_between(&chance, 0, 15) / 10;
        lot->work.silent = chance_of(&chance, 0.5) ? 0 : 0.1;
    }
    bool go_away = chance_of(&chance, 0.5);
    for (int i = 0; i < lot->acts && go_away; i++) {
        struct act *act = &lot->act[i];
        if ((act->deed == DEED_KILL || act->deed == DEED_STOP) && chance_of(&chance, 0.5)) {
            act->away_ns = cycle_ns * chance_between(&chance, 1, 200) / 10;
        }
    }
}

void lot_draw(struct lot *lot, const struct climate *climate, uint64_t seed)
{
    struct chance chance = {.state = seed};
    *lot = (struct lot){.seed = seed};
    draw_params(&chance, climate, lot);
    lot->nodes = (int)chance_between(&chance, 2, LOT_NODES_MAX);
    for (int i = 0; i < lot->nodes; i++) {
        lot->values[i] = chance_of(&chance, 0.1) ? -1 : (int)chance_below(&chance, 5);
    }
    draw_hints(&chance, climate, lot);
    draw_starts(&chance, lot);
    draw_acts(&chance, climate, lot);
    qsort(lot->act, (size_t)lot->acts, sizeof *lot->act, by_time);
    draw_roster(lot);
}

// --- Living ------------------------------------------------------------------------------------

void lot_populate(const struct lot *lot, struct world *world)
{
    char name[8];
    for (int i = 0; i < lot->nodes; i++) {
        snprintf(name, sizeof name, "n%02d", i);
        world_add(world, name, lot->values[i]);
        world_set_wish(world, i, lot->wishes[i]);
    }
}

static bool is_possible(const struct lot_state *s, const struct act *act)
{
    int node = act->node;
    bool awake = s->up[node] && !s->frozen[node];
    switch (act->deed) {
    case DEED_START:
        return !s->up[node] && !s->brokerless;
    case DEED_KILL:
    case DEED_STOP:
    case DEED_GIVE:
    case DEED_FREEZE:
        return awake;
    case DEED_LIE:
        return s->up[node];
    case DEED_THAW:
        return s->frozen[node];
    case DEED_VALUE:
        return !s->frozen[node];
    case DEED_DISABLE:
        return !s->disabled[node] && !s->frozen[node];
    case DEED_ENABLE:
        return s->disabled[node] && !s->frozen[node];
    case DEED_CUT:
        return awake && !s->cut[node] && !s->brokerless;
    case DEED_BACK:
        return s->cut[node];
    case DEED_BROKER_DIES:
        return !s->brokerless;
    case DEED_BROKER_BACK:
        return s->brokerless;
    case DEED_SPLIT:
        return !s->apart;
    case DEED_HEAL:
        return s->apart;
    case DEEDS:
        break;
    }
    return false;
}

static void split(const struct lot *lot, int moved, struct world *world)
{
    for (int i = 0; i < lot->nodes; i++) {
        if (world_island(world, i) != (moved >> i & 1)) {
            world_move(world, i, moved >> i & 1);
        }
    }
}

static void link_all(const struct lot *lot, const struct lot_state *s, bool up, struct world *world)
{
    for (int i = 0; i < lot->nodes; i++) {
        if (s->up[i] && !s->frozen[i]) {
            world_link(world, i, up);
        }
    }
}

static void lie(const struct lot *lot, const struct lot_state *s, const struct act *act,
                struct world *world)
{
    for (int i = 0; i < lot->nodes; i++) {
        if ((act->value >> i & 1) != 0 && i != act->node && s->up[i] && world_is_up(world, i)) {
            world_hint(world, act->node, i, false);
        }
    }
}

static void carry_out(const struct lot *lot, struct lot_state *s, const struct act *act,
                      struct world *world)
{
    int node = act->node;
    switch (act->deed) {
    case DEED_START:
        s->up[node] = true;
        world_start(world, node);
        break;
    case DEED_KILL:
    case DEED_STOP:
        s->up[node] = false;
        if (act->away_ns > 0) {
            world_away(world, node, act->away_ns);
        }
        (act->deed == DEED_KILL ? world_kill : world_stop)(world, node);
        break;
    case DEED_GIVE:
        world_give(world, node, act->value);
        break;
    case DEED_LIE:
        lie(lot, s, act, world);
        break;
    case DEED_FREEZE:
    case DEED_THAW:
        s->frozen[node] = act->deed == DEED_FREEZE;
        (s->frozen[node] ? world_freeze : world_thaw)(world, node);
        break;
    case DEED_VALUE:
        world_set_value(world, node, act->value);
        break;
    case DEED_DISABLE:
    case DEED_ENABLE:
        s->disabled[node] = act->deed == DEED_DISABLE;
        world_enable(world, node, !s->disabled[node]);
        break;
    case DEED_CUT:
    case DEED_BACK:
        s->cut[node] = act->deed == DEED_CUT;
        world_cut(world, node, s->cut[node]);
        break;
    case DEED_BROKER_DIES:
    case DEED_BROKER_BACK:
        s->brokerless = act->deed == DEED_BROKER_DIES;
        link_all(lot, s, !s->brokerless, world);
        break;
    case DEED_SPLIT:
    case DEED_HEAL:
        s->apart = act->deed == DEED_SPLIT;
        split(lot, s->apart ? act->value : 0, world);
        break;
    case DEEDS:
        break;
    }
}

void lot_act(const struct lot *lot, struct lot_state *state, const struct act *act,
             struct world *world)
{
    if (is_possible(state, act)) {
        carry_out(lot, state, act, world);
    }
}

void lot_mend(const struct lot *lot, struct lot_state *state, struct world *world)
{
    static const enum deed mends[] = {DEED_THAW, DEED_BACK, DEED_BROKER_BACK, DEED_HEAL};
    for (size_t i = 0; i < sizeof mends / sizeof *mends; i++) {
        for (int node = 0; node < lot->nodes; node++) {
            const struct act act = {0, mends[i], node, 0, 0};
            lot_act(lot, state, &act, world);
        }
    }
}

// --- Telling -----------------------------------------------------------------------------------

static const char *const deed_names[] = {
    "start", "kill",        "freeze",      "thaw",  "set",  "disable", "enable", "cut",
    "back",  "broker-dies", "broker-back", "split", "heal", "stop",    "give",   "lie"};

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void tell_act(const struct lot *lot, const struct act *act, FILE *out)
{
    fprintf(out, "  at %.6f %s", seconds(act->at_ns), deed_names[act->deed]);
    if (act->deed >= DEED_STOP) {
        fprintf(out, " n%02d", act->node);
    }
    if (act->deed == DEED_GIVE) {
        fprintf(out, " n%02d", act->value);
    } else if (act->deed == DEED_SPLIT || act->deed == DEED_LIE) {
        for (int i = 0; i < lot->nodes; i++) {
            if ((act->value >> i & 1) != 0) {
                fprintf(out, " n%02d", i);
            }
        }
    } else if (act->deed < DEED_BROKER_DIES) {
        fprintf(out, " n%02d", act->node);
    }
    if (act->away_ns > 0) {
        fprintf(out, " away for %.3f", seconds(act->away_ns));
    }
    if (act->deed == DEED_VALUE) {
        fprintf(out, act->value < 0 ? " null" : " %d", act->value);
    }
    fputc('\n', out);
}

void lot_tell(const struct lot *lot, FILE *out)
{
    const struct params *p = &lot->params;
    fprintf(out, "  cycle %.3f, gap %.3f, ring %d, splits %d\n", seconds(p->cycle_ns),
            seconds(p->gap_ns), (int)p->nodes, (int)p->splits);
    fprintf(out, "  latency %.3f to %.3f%s, loss %.2f, copies %.2f\n", seconds(lot->latency.min_ns),
            seconds(lot->latency.max_ns), lot->latency.tailed ? " with a tail" : "", lot->loss,
            lot->duplicates);
    fprintf(out, "  skew %d ppm, timers up to %.4f late, lease %.3f\n", lot->skew_ppm,
            seconds(lot->late_ns), seconds(lot->lease_ns));
    fprintf(out, "  drain %.3f, programs take up to %.3f, silent %.2f\n", seconds(lot->drain_ns),
            seconds(lot->work.span.max_ns), lot->work.silent);
    if (lot->hints.given) {
        fprintf(out, "  hints up to %.3f, loss %.2f, silence %.3f, takeover %d\n",
                seconds(lot->hints.latency.max_ns), lot->hints.loss, seconds(lot->hints.silence_ns),
                (int)lot->takeover);
    }
    for (int i = 0; i < lot->nodes; i++) {
        fprintf(out, lot->values[i] < 0 ? "  node n%02d null\n" : "  node n%02d %d\n", i,
                lot->values[i]);
    }
    for (int i = 0; i < lot->acts; i++) {
        tell_act(lot, &lot->act[i], out);
    }
}
