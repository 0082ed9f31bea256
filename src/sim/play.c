// SPDX-License-Identifier: MIT
#include "play.h"

#include "memory.h"
#include "plot.h"
#include "text.h"

#include <stdarg.h>
#include <string.h>

// News of a whole play; more than a thousand cycles of a sound group of 64 have.
#define NEWS_ENOUGH 20000000

enum { USUAL = -2, SLICES_A_CYCLE = 8, RING_TEXT = HISTORY_MAX * (NAME_MAX_BYTES + 1) };

struct play {
    const struct scenario *scenario;
    const char *name;
    const struct onlookers *onlookers;
    FILE *complaints;
    struct world *world;
    struct referee *referee;
    struct trace *trace;
    struct latency latency;
    int64_t delays_ns[SCENARIO_NODES][SCENARIO_NODES]; // from, to; USUAL, or below 0: lost
    char rings[SCENARIO_NODES][RING_TEXT];             // of the last slot events; "": none
    int done;                                          // deeds
    int first, last; // the next expectations, which look at the same events; last is behind them
    bool seen[LINES_MAX]; // by an expectation of an event
    uint64_t news;
    bool failed;
    char text[TEXT_MAX];
};

__attribute__((format(printf, 2, 3))) static void fail(struct play *p, const char *format, ...)
{
    int line = p->done > 0 ? p->scenario->deeds[p->done - 1].line : 1;
    p->failed = true;
    if (p->complaints != NULL) {
        va_list args;
        fprintf(p->complaints, "%s: line %d, %.6f s: ", p->name, line,
                (double)world_now_ns(p->world) / 1e9);
        va_start(args, format);
        vfprintf(p->complaints, format, args);
        va_end(args);
        fprintf(p->complaints, "; the last lines:\n");
        trace_print_last(p->trace, p->complaints);
    }
}

// --- What is seen ------------------------------------------------------------------------------

// The next deeds that are expectations at one time.
static void look_ahead(struct play *p)
{
    const struct deed *deeds = p->scenario->deeds;
    int count = p->scenario->deed_count, at = p->done;
    while (at < count && !deed_expects(&deeds[at])) {
        at++;
    }
    p->first = at;
    while (at < count && deed_expects(&deeds[at]) && deeds[at].at_ns == deeds[p->first].at_ns) {
        at++;
    }
    p->last = at;
}

// Whole words: "ping a" does not begin "ping ab".
static bool begins(const char *line, const char *text)
{
    size_t len = strlen(text);
    line += strspn(line, " ");
    return strncmp(line, text, len) == 0 && strchr(" :", line[len]) != NULL;
}

static void see_line(struct play *p, int node, const struct effect *effect)
{
    p->text[0] = '\0';
    for (int i = p->first; i < p->last; i++) {
        const struct deed *deed = &p->scenario->deeds[i];
        if (deed->type != DEED_EXPECT_EVENT || deed->nodes[0] != node || p->seen[i]) {
            continue;
        }
        if (p->text[0] == '\0') {
            text_effect(p->text, effect);
        }
        p->seen[i] = begins(p->text, deed->text);
    }
}

static void see_ring(struct play *p, int node, const struct history *ring)
{
    char *to = p->rings[node];
    for (size_t i = 0; i < ring->count; i++) {
        memcpy(to, ring->names[i].text, ring->names[i].len);
        to += ring->names[i].len;
        *to++ = i + 1 < ring->count ? ' ' : '\0';
    }
}

static void see(struct play *p, const struct news *news)
{
    const struct effect *effect = news->effect;
    if (news->type == NEWS_STARTED) {
        p->rings[news->node][0] = '\0';
    } else if (news->type == NEWS_EFFECT) {
        see_line(p, news->node, effect);
        if (effect->type == EFFECT_EVENT && effect->event.type == EVENT_SLOT) {
            see_ring(p, news->node, &effect->event.ring);
        }
    }
}

static void check_promises(struct play *p)
{
    const struct violation *violation = referee_first(p->referee);
    if (violation != NULL && !p->failed) {
        fail(p, "%s is broken: %s", invariant_name(violation->invariant), violation->text);
    }
}

static void watch(void *context, const struct news *news)
{
    struct play *p = context;
    p->news++;
    trace_news(p->trace, news);
    referee_news(p->referee, news);
    if (p->onlookers->measure != NULL) {
        measure_news(p->onlookers->measure, news);
    }
    if (p->onlookers->plot != NULL) {
        plot_news(p->onlookers->plot, news);
    }
    see(p, news);
    check_promises(p);
}

// --- What is expected --------------------------------------------------------------------------

static bool is_tagged(const struct play *p, int node)
{
    return world_tagged_until_ns(p->world, node) > world_now_ns(p->world);
}

static bool is_named(const struct deed *deed, int node)
{
    return memchr(deed->nodes, node, (size_t)deed->count) != NULL;
}

static void expect_tagged(struct play *p, const struct deed *deed)
{
    for (int i = 0; i < p->scenario->node_count; i++) {
        bool tagged = is_tagged(p, i), named = is_named(deed, i);
        bool right = deed->not ? !(tagged && named) : tagged == named;
        if (!right) {
            fail(p, "%s is %stagged", world_name(p->world, i), tagged ? "" : "not ");
            return;
        }
    }
}

static void expect_ring(struct play *p, const struct deed *deed)
{
    int node = deed->nodes[0];
    const char *ring = p->rings[node];
    if ((strcmp(ring, deed->text) == 0) == deed->not ) {
        fail(p, "the ring of %s is%s%s", world_name(p->world, node), *ring != '\0' ? " " : " none",
             ring);
    }
}

static void expect_event(struct play *p, const struct deed *deed)
{
    if (p->seen[deed - p->scenario->deeds] == deed->not ) {
        fail(p, "%s had %s \"%s\"", world_name(p->world, deed->nodes[0]),
             deed->not ? "the event" : "no event", deed->text);
    }
}

// --- What is done ------------------------------------------------------------------------------

static int64_t choose_latency(void *context, int from, int to)
{
    const struct play *p = context;
    if (from >= 0 && p->delays_ns[from][to] != USUAL) {
        return p->delays_ns[from][to];
    }
    return chance_between(world_chance(p->world), p->latency.min_ns, p->latency.max_ns);
}

static void set_delays(struct play *p, const struct deed *deed, int64_t delay_ns)
{
    for (int i = 1; i < deed->count; i++) {
        p->delays_ns[deed->nodes[0]][deed->nodes[i]] = delay_ns;
    }
}

static void heal(struct play *p)
{
    for (int i = 0; i < p->scenario->node_count; i++) {
        if (world_island(p->world, i) != 0) {
            world_move(p->world, i, 0);
        }
    }
    if (p->onlookers->measure != NULL) {
        measure_heal(p->onlookers->measure, world_now_ns(p->world));
    }
}

// From somebody who is in the world or not.
static void hear(struct play *p, const struct deed *deed)
{
    struct message message = {.type = deed->message, .params = deed->params, .nonce = deed->nonce};
    uint8_t head = deed->value < 0 ? 0xf6 : deed->value < 24 ? (uint8_t)deed->value : 0x18;
    const uint8_t value[] = {head, (uint8_t)deed->value};
    struct history *history = &message.history;
    for (const char *at = deed->text; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        history->names[history->count++] = (struct name){at, len};
        at += len;
    }
    message.node = history->names[0];
    if (message.type == MESSAGE_INIT || message.type == MESSAGE_VERS) {
        history->count = 0;
    } else {
        message.value = (struct value){value, head == 0x18 ? 2 : 1};
    }
    world_inject(p->world, &message);
}

// A deed on one node.
static void act_on(struct play *p, const struct deed *deed, int node)
{
    struct world *w = p->world;
    switch (deed->type) {
    case DEED_START:
        world_start(w, node);
        break;
    case DEED_KILL:
        world_kill(w, node);
        break;
    case DEED_STOP:
        world_stop(w, node);
        break;
    case DEED_FREEZE:
        world_freeze(w, node);
        break;
    case DEED_THAW:
        world_thaw(w, node);
        break;
    case DEED_CUT:
    case DEED_BACK:
        world_cut(w, node, deed->type == DEED_CUT);
        break;
    case DEED_LINK_DOWN:
    case DEED_LINK_UP:
        world_link(w, node, deed->type == DEED_LINK_UP);
        break;
    case DEED_SPLIT:
        world_move(w, node, 1);
        break;
    case DEED_SET:
        world_set_value(w, node, deed->value);
        break;
    case DEED_ENABLE:
    case DEED_DISABLE:
        world_enable(w, node, deed->type == DEED_ENABLE);
        break;
    case DEED_PARAM:
        world_set_params(w, node, &deed->params);
        break;
    case DEED_GIVE:
        world_give(w, node, deed->value);
        break;
    case DEED_AWAY:
        world_away(w, node, deed->span_ns);
        break;
    case DEED_DRAINED:
        world_drained(w, node);
        break;
    case DEED_HINT_GONE:
    case DEED_HINT_HERE:
        world_hint(w, deed->value, node, deed->type == DEED_HINT_HERE);
        break;
    case DEED_HEAL:
    case DEED_HEAR:
    case DEED_LATENCY:
    case DEED_DELAY:
    case DEED_USUAL:
    case DEED_EXPECT_TAGGED:
    case DEED_EXPECT_RING:
    case DEED_EXPECT_EVENT:
        break;
    }
}

static void act(struct play *p, const struct deed *deed)
{
    switch (deed->type) {
    case DEED_START:
    case DEED_KILL:
    case DEED_STOP:
    case DEED_FREEZE:
    case DEED_THAW:
    case DEED_CUT:
    case DEED_BACK:
    case DEED_LINK_DOWN:
    case DEED_LINK_UP:
    case DEED_SPLIT:
    case DEED_SET:
    case DEED_ENABLE:
    case DEED_DISABLE:
    case DEED_PARAM:
    case DEED_GIVE:
    case DEED_AWAY:
    case DEED_DRAINED:
    case DEED_HINT_GONE:
    case DEED_HINT_HERE:
        for (int i = 0; i < deed->count; i++) {
            act_on(p, deed, deed->nodes[i]);
        }
        break;
    case DEED_HEAL:
        heal(p);
        break;
    case DEED_HEAR:
        hear(p, deed);
        break;
    case DEED_LATENCY:
        p->latency = deed->latency;
        break;
    case DEED_DELAY:
        set_delays(p, deed, deed->latency.max_ns);
        break;
    case DEED_USUAL:
        set_delays(p, deed, USUAL);
        break;
    case DEED_EXPECT_TAGGED:
        expect_tagged(p, deed);
        break;
    case DEED_EXPECT_RING:
        expect_ring(p, deed);
        break;
    case DEED_EXPECT_EVENT:
        expect_event(p, deed);
        break;
    }
}

// --- A play ------------------------------------------------------------------------------------

// By slices, so that a group that does more and more comes to an end.
static void pass(struct play *p, int64_t until_ns)
{
    int64_t slice_ns = p->scenario->params.cycle_ns / SLICES_A_CYCLE;
    while (!p->failed && world_now_ns(p->world) < until_ns) {
        int64_t left_ns = until_ns - world_now_ns(p->world);
        world_run(p->world, world_now_ns(p->world) + (left_ns < slice_ns ? left_ns : slice_ns));
        referee_settle(p->referee, world_now_ns(p->world));
        check_promises(p);
        if (p->news > NEWS_ENOUGH && !p->failed) {
            fail(p, "too much happens");
        }
    }
}

static void live(struct play *p)
{
    const struct scenario *s = p->scenario;
    look_ahead(p);
    while (p->done < s->deed_count && !p->failed) {
        const struct deed *deed = &s->deeds[p->done];
        pass(p, deed->at_ns);
        if (p->failed) {
            return;
        }
        p->done++;
        act(p, deed);
        if (p->done == p->last) {
            look_ahead(p);
        }
    }
    pass(p, s->until_ns);
}

static int64_t longer_ns(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

// With the longest of everything that is ever in use.
static struct referee_config referee_config_of(const struct scenario *s)
{
    struct referee_config config = {
        .params = s->params,
        .latency_max_ns = s->latency.max_ns,
        .late_ns = s->late_ns,
        .lease_ns = s->lease_ns,
        .has_roster = s->has_roster,
        .settle_ns = s->settle_ns,
        .drain_ns = s->drain_ns,
        .capacity = ENGINE_NODES_MIN,
    };
    int64_t gap_min_ns = s->params.gap_ns;
    for (int i = 0; i < s->deed_count; i++) {
        const struct deed *deed = &s->deeds[i];
        config.latency_max_ns = longer_ns(config.latency_max_ns, deed->latency.max_ns);
        config.lossy |= deed->type == DEED_DELAY && deed->latency.max_ns < 0;
        if (deed->type == DEED_PARAM) {
            struct params *params = &config.params;
            params->cycle_ns = longer_ns(params->cycle_ns, deed->params.cycle_ns);
            params->gap_ns = longer_ns(params->gap_ns, deed->params.gap_ns);
            params->nodes = deed->params.nodes > params->nodes ? deed->params.nodes : params->nodes;
            gap_min_ns = deed->params.gap_ns < gap_min_ns ? deed->params.gap_ns : gap_min_ns;
        }
    }
    config.lossy |= config.latency_max_ns > gap_min_ns;
    return config;
}

static void begin(struct play *p)
{
    const struct scenario *s = p->scenario;
    const struct world_config config = {
        .seed = s->seed,
        .params = s->params,
        .skew_ppm = s->skew_ppm,
        .late_ns = s->late_ns,
        .lease_ns = s->lease_ns,
        .hints = s->hints,
        .takeover = s->takeover,
        .has_roster = s->has_roster,
        .settle_ns = s->settle_ns,
        .drain_ns = s->drain_ns,
        .choose_latency = choose_latency,
        .choose_context = p,
        .watch = watch,
        .watch_context = p,
    };
    const struct referee_config rules = referee_config_of(s);
    p->world = world_new(&config);
    p->trace = trace_new(p->world, p->onlookers->trace);
    p->referee = referee_new(p->world, &rules);
    p->latency = s->latency;
    for (int i = 0; i < s->node_count; i++) {
        world_add(p->world, s->nodes[i].name, s->nodes[i].value);
        world_enable(p->world, i, s->nodes[i].enabled);
        world_set_wish(p->world, i, s->nodes[i].wish);
        for (int to = 0; to < SCENARIO_NODES; to++) {
            p->delays_ns[i][to] = USUAL;
        }
    }
    if (p->onlookers->measure != NULL) {
        measure_begin(p->onlookers->measure, p->world, &s->params);
    }
    if (p->onlookers->plot != NULL) {
        plot_begin(p->onlookers->plot, p->world);
    }
}

static void end(struct play *p, struct outcome *outcome)
{
    if (p->onlookers->measure != NULL) {
        measure_end(p->onlookers->measure, world_now_ns(p->world));
    }
    outcome->violations = referee_violations(p->referee);
    if (outcome->violations > 0) {
        outcome->first = *referee_first(p->referee);
    }
    trace_hash(p->trace, outcome->hash);
    referee_free(p->referee);
    trace_free(p->trace);
    world_free(p->world);
}

bool play(const struct scenario *scenario, const char *name, const struct onlookers *onlookers,
          FILE *complaints, struct outcome *outcome)
{
    struct play *p = make(1, sizeof *p);
    p->scenario = scenario;
    p->name = name;
    p->onlookers = onlookers;
    p->complaints = complaints;
    begin(p);
    live(p);
    end(p, outcome);
    bool kept = !p->failed;
    release(p);
    return kept;
}
