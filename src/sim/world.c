// SPDX-License-Identifier: MIT
#include "world.h"

#include "memory.h"
#include "packet.h"
#include "queue.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// Lives count from 1.
enum { LIFE_OF_CHECKS = 0 };

struct member {
    char name[NAME_MAX_BYTES + 1];
    uint64_t nonce;
    bool *told; // H1: by node: it was told last that this one is there
    int told_room;
    bool dropped;          // H1: the channel has given it up, and it will find its link down
    void *memory;          // of the engine
    struct engine *engine; // NULL: not running
    uint8_t value[2];
    struct wish wish;
    bool has_index;
    uint64_t works; // S6: how many indices it has lost
    bool enabled, frozen, cut, up;
    int island;
    int skew_ppm;
    uint32_t life;           // what was on its way to an earlier one is lost
    int64_t timer_ns;        // of the queue's earliest timer for this life; NEVER: none
    struct packet **waiting; // while frozen
    size_t waiting_count, waiting_room;
};

struct world {
    struct world_config config;
    struct chance chance, view_chance; // of views: what else happens is the same without them
    struct queue queue;
    int64_t now_ns;
    struct member *nodes;
    int count, room;
    uint64_t deliveries;
    struct effects effects; // of the last step; too large for a stack that is deep
};

static void tell(struct world *w, enum news_type type, int node, const struct effect *effect)
{
    if (w->config.watch != NULL) {
        const struct news news = {type, w->now_ns, node, effect};
        w->config.watch(w->config.watch_context, &news);
    }
}

// --- Clocks ------------------------------------------------------------------------------------

static int64_t local_ns(const struct member *member, int64_t world_ns)
{
    return world_ns + world_ns / 1000000 * member->skew_ppm +
           world_ns % 1000000 * member->skew_ppm / 1000000;
}

// The first moment at which the node's clock shows at least `wanted_ns`.
static int64_t world_ns(const struct member *member, int64_t wanted_ns)
{
    int64_t at_ns = wanted_ns;
    for (int i = 0; i < 3; i++) {
        at_ns += wanted_ns - local_ns(member, at_ns); // to a nanosecond or two
    }
    while (local_ns(member, at_ns) >= wanted_ns) {
        at_ns--;
    }
    while (local_ns(member, at_ns) < wanted_ns) {
        at_ns++;
    }
    return at_ns;
}

int64_t world_time_of(const struct world *w, int node, int64_t ns)
{
    return world_ns(&w->nodes[node], ns);
}

// --- Steps -------------------------------------------------------------------------------------

static int64_t draw_latency(struct world *w, struct chance *chance, int from, int to)
{
    const struct latency *latency = &w->config.latency;
    if (w->config.choose_latency != NULL) {
        return w->config.choose_latency(w->config.choose_context, from, to);
    }
    if (from >= 0 && from != to && chance_of(chance, w->config.loss)) {
        return -1;
    }
    int64_t span_ns = latency->max_ns - latency->min_ns;
    if (latency->tailed) {
        // Halved again and again: half of all within 1/16 of the span, one in 16 beyond a half.
        span_ns >>= (int)chance_below(chance, 5);
    }
    return latency->min_ns + chance_between(chance, 0, span_ns);
}

static void deliver(struct world *w, struct chance *chance, int from, int to, struct packet *packet)
{
    int64_t latency_ns = draw_latency(w, chance, from, to);
    if (latency_ns < 0) {
        return;
    }
    w->deliveries++;
    queue_put(&w->queue, (struct entry){.at_ns = w->now_ns + latency_ns,
                                        .packet = packet_take(packet),
                                        .node = (uint32_t)to,
                                        .life = w->nodes[to].life});
}

// Not in the group's own channel.
static bool is_beside(enum message_type type)
{
    return type == MESSAGE_VIEW || type == MESSAGE_DRAINED;
}

static void broadcast(struct world *w, int from, int island, const struct message *message)
{
    struct packet *packet = packet_new(message);
    struct chance *chance = is_beside(message->type) ? &w->view_chance : &w->chance;
    for (int to = 0; to < w->count; to++) {
        const struct member *member = &w->nodes[to];
        bool hears = member->engine != NULL && member->up && !member->cut &&
                     member->island == island && (to != from || w->config.echoes);
        if (!hears) {
            continue;
        }
        deliver(w, chance, from, to, packet);
        if (w->config.duplicates > 0 && chance_of(chance, w->config.duplicates)) {
            deliver(w, chance, from, to, packet);
        }
    }
    packet_drop(packet);
}

static void arm(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    int64_t deadline_ns = engine_deadline_ns(member->engine);
    if (deadline_ns == NEVER) {
        return;
    }
    int64_t at_ns = world_ns(member, deadline_ns);
    at_ns = at_ns > w->now_ns ? at_ns : w->now_ns;
    if (w->config.late_ns > 0) {
        at_ns += chance_between(&w->chance, 0, w->config.late_ns);
    }
    if (at_ns >= member->timer_ns) {
        return; // when the earlier one has come, this one is armed
    }
    member->timer_ns = at_ns;
    queue_put(&w->queue,
              (struct entry){.at_ns = at_ns, .node = (uint32_t)index, .life = member->life});
}

static void step(struct world *w, int index, struct input input);

// What was sent is confirmed at once: the round trip is short beside a lease.
static void prove(struct world *w, int index)
{
    const struct member *member = &w->nodes[index];
    if (w->config.lease_ns > 0 && !member->cut && member->up) {
        int64_t sent_ns = local_ns(member, w->now_ns);
        step(w, index, (struct input){.type = INPUT_PROOF, .sent_ns = sent_ns});
    }
}

// S6: the program of one that has lost its index stops.
static void stop_work(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    const struct work *work = &w->config.work;
    member->works++;
    if (!work->given || chance_of(&w->view_chance, work->silent)) {
        return;
    }
    int64_t span_ns = chance_between(&w->view_chance, work->span.min_ns, work->span.max_ns);
    queue_put(&w->queue, (struct entry){.at_ns = w->now_ns + span_ns,
                                        .packet = packet_new_word(member->works),
                                        .node = (uint32_t)index,
                                        .life = member->life});
}

static void see_event(struct world *w, int index, const struct event *event)
{
    struct member *member = &w->nodes[index];
    bool had_index = member->has_index;
    if (event->type == EVENT_SETTLED || event->type == EVENT_SETTLING) {
        member->has_index = event->type == EVENT_SETTLED;
    }
    if (had_index && !member->has_index) {
        stop_work(w, index);
    }
}

static void carry(struct world *w, int index, const struct effect *effect, bool *proves)
{
    const struct member *member = &w->nodes[index];
    tell(w, NEWS_EFFECT, index, effect);
    switch (effect->type) {
    case EFFECT_SEND:
        if (member->up && !member->cut) {
            broadcast(w, index, member->island, &effect->send);
        }
        *proves = true;
        break;
    case EFFECT_PROVE:
        *proves = true;
        break;
    case EFFECT_EVENT:
        see_event(w, index, &effect->event);
        break;
    case EFFECT_NOTE:
    case EFFECT_DROP:
        break;
    }
}

static void step(struct world *w, int index, struct input input)
{
    struct member *member = &w->nodes[index];
    struct effects *effects = &w->effects;
    bool proves = false;
    assert(!member->frozen);
    input.now_ns = local_ns(member, w->now_ns);
    engine_step(member->engine, &input, effects);
    for (uint32_t i = 0; i < effects->count; i++) {
        carry(w, index, &effects->items[i], &proves);
    }
    if (proves) {
        prove(w, index);
    }
    arm(w, index);
}

// --- Hints (H1) ----------------------------------------------------------------------------------

static bool has_hints(const struct world *w)
{
    return w->config.hints.given;
}

static bool *told(struct world *w, int about, int to)
{
    struct member *member = &w->nodes[about];
    if (to >= member->told_room) {
        bool *more = make((size_t)w->room, sizeof *more);
        if (member->told_room > 0) {
            memcpy(more, member->told, (size_t)member->told_room * sizeof *more);
        }
        release(member->told);
        member->told = more;
        member->told_room = w->room;
    }
    return &member->told[to];
}

static int64_t draw_hint(struct world *w, int about, int to)
{
    const struct hints *hints = &w->config.hints;
    if (w->config.choose_hint != NULL) {
        return w->config.choose_hint(w->config.choose_context, about, to);
    }
    if (chance_of(&w->chance, hints->loss)) {
        return -1;
    }
    return chance_between(&w->chance, hints->latency.min_ns, hints->latency.max_ns);
}

static void hint(struct world *w, int about, int to, bool is_here)
{
    struct member *member = &w->nodes[to];
    *told(w, about, to) = is_here;
    int64_t under_way_ns = draw_hint(w, about, to);
    if (under_way_ns < 0) {
        return;
    }
    const struct peer peer = {name_of(w->nodes[about].name), w->nodes[about].nonce};
    queue_put(&w->queue, (struct entry){.at_ns = w->now_ns + under_way_ns,
                                        .packet = packet_new_hint(&peer, is_here),
                                        .node = (uint32_t)to,
                                        .life = member->life});
}

static bool is_connected(const struct member *member)
{
    return member->engine != NULL && member->up && !member->dropped;
}

// Tells of one node what has changed, and, to it, of the others; a fresh link knows nothing.
static void hint_changes(struct world *w, int index)
{
    const struct member *member = &w->nodes[index];
    for (int other = 0; has_hints(w) && other < w->count; other++) {
        const struct member *peer = &w->nodes[other];
        bool here = is_connected(member) && peer->island == member->island;
        if (other == index) {
            continue;
        }
        if (is_connected(peer) && *told(w, index, other) != here) {
            hint(w, index, other, here);
        }
        if (is_connected(member)) {
            bool peer_is_here = here && is_connected(peer);
            if (peer_is_here || *told(w, other, index)) {
                hint(w, other, index, peer_is_here);
            }
        } else {
            *told(w, other, index) = false;
        }
    }
}

// Silence is noticed later, and not at all where there are no hints.
static void look_later(struct world *w, int index)
{
    if (has_hints(w)) {
        queue_put(&w->queue, (struct entry){.at_ns = w->now_ns + w->config.hints.silence_ns,
                                            .node = (uint32_t)index,
                                            .life = LIFE_OF_CHECKS});
    }
}

// The channel looks whether a node is still silent, or where it has moved to.
static void look(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    if (member->cut || member->frozen) {
        member->dropped = true;
    }
    hint_changes(w, index);
}

// It finds that the channel has given it up meanwhile, and comes again.
static void find_dropped(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    if (member->dropped && member->engine != NULL && !member->cut && !member->frozen) {
        world_link(w, index, false);
        world_link(w, index, true);
    }
}

void world_hint(struct world *w, int about, int to, bool here)
{
    tell(w, NEWS_HINTED, about, NULL);
    hint(w, about, to, here);
}

// --- Nodes -------------------------------------------------------------------------------------

struct world *world_new(const struct world_config *config)
{
    struct world *w = make(1, sizeof *w);
    w->config = *config;
    w->chance.state = config->seed;
    w->view_chance.state = ~config->seed;
    w->now_ns = config->begin_ns > 0 ? config->begin_ns : NS_PER_S;
    if (w->config.capacity == 0) {
        w->config.capacity = ENGINE_NODES_MIN;
    }
    return w;
}

static void forget_waiting(struct member *member)
{
    for (size_t i = 0; i < member->waiting_count; i++) {
        packet_drop(member->waiting[i]);
    }
    member->waiting_count = 0;
}

void world_free(struct world *w)
{
    while (w->queue.count > 0) {
        packet_drop(queue_take(&w->queue).packet);
    }
    for (int i = 0; i < w->count; i++) {
        forget_waiting(&w->nodes[i]);
        release(w->nodes[i].waiting);
        release(w->nodes[i].told);
        release(w->nodes[i].memory);
    }
    queue_free(&w->queue);
    release(w->nodes);
    release(w);
}

int world_add(struct world *w, const char *name, int value)
{
    if (w->count == w->room) {
        w->room = w->room * 2 + 8;
        w->nodes = grow(w->nodes, (size_t)w->room, sizeof *w->nodes);
    }
    struct member *member = &w->nodes[w->count];
    *member = (struct member){.enabled = true, .timer_ns = NEVER};
    snprintf(member->name, sizeof member->name, "%s", name);
    if (w->config.skew_ppm > 0) {
        member->skew_ppm = (int)chance_between(&w->chance, -w->config.skew_ppm, w->config.skew_ppm);
    }
    world_set_value(w, w->count, value);
    return w->count++;
}

static struct value value_of(const struct member *member)
{
    return (struct value){member->value, member->value[0] == 0x18 ? 2 : 1};
}

void world_set_value(struct world *w, int index, int value)
{
    struct member *member = &w->nodes[index];
    member->value[0] = value < 0 ? 0xf6 : value < 24 ? (uint8_t)value : 0x18;
    member->value[1] = (uint8_t)value;
    if (member->engine != NULL) {
        tell(w, NEWS_VALUE, index, NULL);
        step(w, index, (struct input){.type = INPUT_VALUE, .value = value_of(member)});
    }
}

void world_set_wish(struct world *w, int index, struct wish wish)
{
    w->nodes[index].wish = wish;
}

static uint32_t draw(void *world)
{
    struct world *w = world;
    return (uint32_t)(chance_bits(&w->chance) >> 32);
}

static void begin_life(struct member *member)
{
    member->life++;
    member->timer_ns = NEVER;
    member->frozen = member->has_index = false;
    forget_waiting(member);
}

void world_start(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    member->nonce = chance_below(&w->chance, NONCE_MAX) + 1;
    const struct engine_config config = {
        .name = name_of(member->name),
        .nonce = member->nonce,
        .params = w->config.params,
        .enabled = member->enabled,
        .value = value_of(member),
        .lease_ns = w->config.lease_ns,
        .echoes = w->config.echoes,
        .takeover = w->config.takeover,
        .has_roster = w->config.has_roster,
        .settle_ns = w->config.settle_ns,
        .wish = member->wish,
        .drain_ns = w->config.drain_ns,
        .capacity = w->config.capacity,
        .draw = draw,
        .draw_context = w,
    };
    if (member->memory == NULL) {
        member->memory = make(1, engine_bytes(w->config.capacity));
    }
    begin_life(member);
    member->engine = engine_init(member->memory, &config);
    member->up = true;
    member->dropped = false;
    tell(w, NEWS_STARTED, index, NULL);
    step(w, index, (struct input){.type = INPUT_LINK_UP});
    hint_changes(w, index);
}

void world_kill(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    begin_life(member);
    member->engine = NULL;
    tell(w, NEWS_KILLED, index, NULL);
    hint_changes(w, index);
}

void world_stop(struct world *w, int index)
{
    step(w, index, (struct input){.type = INPUT_STOP});
    world_kill(w, index);
}

void world_freeze(struct world *w, int index)
{
    w->nodes[index].frozen = true;
    tell(w, NEWS_FROZEN, index, NULL);
    look_later(w, index);
}

// What waited is there at once; whether it or the timer is seen first is a matter of chance.
void world_thaw(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    size_t count = member->waiting_count, timer_at = chance_below(&w->chance, 2) * count;
    member->frozen = false;
    member->waiting_count = 0;
    tell(w, NEWS_THAWED, index, NULL);
    for (size_t i = 0; i <= count; i++) {
        if (i == timer_at) {
            step(w, index, (struct input){.type = INPUT_TIMER});
        }
        if (i < count) {
            step(w, index, packet_input(member->waiting[i]));
            packet_drop(member->waiting[i]);
        }
    }
    find_dropped(w, index);
}

void world_cut(struct world *w, int index, bool cut)
{
    w->nodes[index].cut = cut;
    tell(w, cut ? NEWS_CUT : NEWS_BACK, index, NULL);
    if (cut) {
        look_later(w, index);
    } else {
        find_dropped(w, index);
    }
}

void world_link(struct world *w, int index, bool up)
{
    struct member *member = &w->nodes[index];
    begin_life(member); // nothing is kept for it meanwhile
    member->up = up;
    member->dropped = false;
    tell(w, up ? NEWS_LINK_UP : NEWS_LINK_DOWN, index, NULL);
    step(w, index, (struct input){.type = up ? INPUT_LINK_UP : INPUT_LINK_DOWN});
    hint_changes(w, index);
}

void world_move(struct world *w, int index, int island)
{
    w->nodes[index].island = island;
    tell(w, NEWS_MOVED, index, NULL);
    look_later(w, index);
}

void world_enable(struct world *w, int index, bool enabled)
{
    w->nodes[index].enabled = enabled;
    if (w->nodes[index].engine != NULL) {
        tell(w, enabled ? NEWS_ENABLED : NEWS_DISABLED, index, NULL);
        step(w, index, (struct input){.type = enabled ? INPUT_ENABLE : INPUT_DISABLE});
    }
}

void world_away(struct world *w, int index, int64_t span_ns)
{
    tell(w, NEWS_AWAY, index, NULL);
    step(w, index, (struct input){.type = INPUT_AWAY, .span_ns = span_ns});
}

void world_drained(struct world *w, int index)
{
    tell(w, NEWS_DRAINED, index, NULL);
    step(w, index, (struct input){.type = INPUT_DRAINED});
}

void world_give(struct world *w, int index, int heir)
{
    const struct name name = name_of(w->nodes[heir].name);
    if (engine_may_give(w->nodes[index].engine, name)) {
        tell(w, NEWS_GIVES, index, NULL);
    }
    step(w, index, (struct input){.type = INPUT_GIVE, .name = name});
}

void world_set_params(struct world *w, int index, const struct params *params)
{
    tell(w, NEWS_PARAMS, index, NULL);
    step(w, index, (struct input){.type = INPUT_PARAMS, .params = params});
}

void world_set_latency(struct world *w, const struct latency *latency)
{
    w->config.latency = *latency;
}

void world_inject(struct world *w, const struct message *message)
{
    broadcast(w, -1, 0, message);
}

// --- What happens ------------------------------------------------------------------------------

static void keep_waiting(struct member *member, struct packet *packet)
{
    if (member->waiting_count == member->waiting_room) {
        member->waiting_room = member->waiting_room * 2 + 16;
        member->waiting = grow(member->waiting, member->waiting_room, sizeof *member->waiting);
    }
    member->waiting[member->waiting_count++] = packet_take(packet);
}

// A program that has an index again, or is frozen, does not say so.
static void say_drained(struct world *w, int index, uint64_t works)
{
    const struct member *member = &w->nodes[index];
    if (!member->frozen && !member->has_index && works == member->works) {
        world_drained(w, index);
    }
}

static void hear(struct world *w, int index, struct packet *packet)
{
    struct member *member = &w->nodes[index];
    if (packet_words(packet) > 0) {
        say_drained(w, index, packet_words(packet));
    } else if (member->frozen) {
        keep_waiting(member, packet);
    } else if (!member->cut) {
        step(w, index, packet_input(packet));
    }
}

static void run_timer(struct world *w, int index)
{
    struct member *member = &w->nodes[index];
    member->timer_ns = NEVER;
    if (member->frozen) {
        return; // its thaw runs it
    }
    if (engine_deadline_ns(member->engine) > local_ns(member, w->now_ns)) {
        arm(w, index); // put off meanwhile
        return;
    }
    step(w, index, (struct input){.type = INPUT_TIMER});
}

static void happen(struct world *w, struct entry entry)
{
    const struct member *member = &w->nodes[entry.node];
    if (entry.packet == NULL && entry.life == LIFE_OF_CHECKS) {
        w->now_ns = entry.at_ns;
        look(w, (int)entry.node);
        return;
    }
    bool counts = member->engine != NULL && entry.life == member->life;
    w->now_ns = entry.at_ns;
    if (counts && entry.packet != NULL) {
        hear(w, (int)entry.node, entry.packet);
    } else if (counts && entry.at_ns == member->timer_ns) {
        run_timer(w, (int)entry.node);
    }
    packet_drop(entry.packet);
}

void world_run(struct world *w, int64_t until_ns)
{
    assert(until_ns >= w->now_ns);
    while (w->queue.count > 0 && w->queue.entries[0].at_ns <= until_ns) {
        happen(w, queue_take(&w->queue));
    }
    w->now_ns = until_ns;
}

// --- What can be seen --------------------------------------------------------------------------

int64_t world_now_ns(const struct world *w)
{
    return w->now_ns;
}

int world_count(const struct world *w)
{
    return w->count;
}

const char *world_name(const struct world *w, int node)
{
    return w->nodes[node].name;
}

int world_island(const struct world *w, int node)
{
    return w->nodes[node].island;
}

bool world_runs(const struct world *w, int node)
{
    return w->nodes[node].engine != NULL;
}

bool world_is_frozen(const struct world *w, int node)
{
    return w->nodes[node].frozen;
}

bool world_is_cut(const struct world *w, int node)
{
    return w->nodes[node].cut;
}

bool world_is_up(const struct world *w, int node)
{
    return w->nodes[node].engine != NULL && w->nodes[node].up;
}

bool world_is_ready(const struct world *w, int node)
{
    return world_is_up(w, node) && w->nodes[node].enabled && w->nodes[node].value[0] != 0xf6;
}

struct wish world_wish(const struct world *w, int node)
{
    return wish_normal(w->nodes[node].wish);
}

int64_t world_tagged_until_ns(const struct world *w, int node)
{
    const struct engine *engine = w->nodes[node].engine;
    int64_t until_ns = engine != NULL ? engine_tagged_until_ns(engine) : 0;
    return until_ns > 0 ? world_ns(&w->nodes[node], until_ns) : 0;
}

uint64_t world_deliveries(const struct world *w)
{
    return w->deliveries;
}

struct chance *world_chance(struct world *w)
{
    return &w->chance;
}

bool takeover_of(const char *name, enum takeover *takeover)
{
    static const char *const names[] = {"at-once", "after-lease", "slot"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *takeover = (enum takeover)i;
            return true;
        }
    }
    return false;
}
