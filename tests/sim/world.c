// SPDX-License-Identifier: MIT
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// A message in flight, with all that it borrows.
struct packet {
    int references;
    struct message message;
    uint8_t value[VALUE_MAX_BYTES];
    char names[HISTORY_MAX + 1][NAME_MAX_BYTES];
};

struct node_state {
    struct world *world;
    char name[NAME_MAX_BYTES + 1];
    void *memory;
    struct engine *engine; // NULL: not running
    uint8_t value[2];
    bool enabled, frozen;
    int island;
    uint64_t life;  // events of an earlier one are void
    uint64_t timer; // the number of the timer that counts
    bool tagged;
    int64_t tag_until_ns;
    uint64_t tags;
    uint64_t events[EVENT_NAME_TAKEN + 1];
    struct packet **waiting; // while frozen
    size_t waiting_count;
};

struct entry {
    int64_t at_ns;
    uint64_t order;
    int node;
    uint64_t life;
    uint64_t timer;        // 0: a delivery
    struct packet *packet; // delivery
};

struct world {
    struct world_config config;
    int64_t now_ns;
    uint64_t random, order, hash;
    struct node_state nodes[WORLD_NODES_MAX];
    int count;
    struct entry *heap;
    size_t heap_count, heap_size;
    struct world_counts counts;
    int64_t counted_ns;     // tagged_ns is up to date until then
    int64_t last_tagged_ns; // when somebody was tagged last, or -1
    int64_t overlap_ns;     // since when two are tagged, or -1
    struct effects effects;
};

static uint64_t draw64(struct world *w)
{
    w->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(w->random);
}

static uint32_t draw32(void *context)
{
    return (uint32_t)(draw64(context) >> 32);
}

static double draw_share(struct world *w)
{
    return (double)(draw64(w) >> 11) / 9007199254740992.0;
}

__attribute__((format(printf, 3, 4))) static void trace(struct world *w, const char *node,
                                                        const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (const char *c = line; *c != '\0'; c++) {
        w->hash = (w->hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    w->hash ^= (uint64_t)w->now_ns;
    if (w->config.transcript != NULL) {
        fprintf(w->config.transcript, "%9.3f %-6s %s\n", (double)w->now_ns / 1e9, node, line);
    }
}

// --- The heap ----------------------------------------------------------------------------------

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void push(struct world *w, struct entry entry)
{
    if (w->heap_count == w->heap_size) {
        w->heap_size = w->heap_size * 2 + 64;
        w->heap = realloc(w->heap, w->heap_size * sizeof *w->heap);
    }
    entry.order = w->order++;
    size_t i = w->heap_count++;
    while (i > 0 && is_before(&entry, &w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = entry;
}

static struct entry pop(struct world *w)
{
    struct entry top = w->heap[0];
    struct entry last = w->heap[--w->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->heap_count) {
            break;
        }
        if (child + 1 < w->heap_count && is_before(&w->heap[child + 1], &w->heap[child])) {
            child++;
        }
        if (!is_before(&w->heap[child], &last)) {
            break;
        }
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

// --- Packets -----------------------------------------------------------------------------------

static struct name keep_name(struct packet *packet, size_t place, struct name name)
{
    if (name.len > 0) {
        memcpy(packet->names[place], name.text, name.len);
    }
    return (struct name){packet->names[place], name.len};
}

static struct packet *copy_message(const struct message *m)
{
    struct packet *packet = malloc(sizeof *packet);
    packet->references = 0;
    packet->message = *m;
    packet->message.node = keep_name(packet, HISTORY_MAX, m->node);
    for (size_t i = 0; i < m->history.count; i++) {
        packet->message.history.names[i] = keep_name(packet, i, m->history.names[i]);
    }
    if (m->value.len > 0) {
        memcpy(packet->value, m->value.cbor, m->value.len);
    }
    packet->message.value = (struct value){packet->value, m->value.len};
    return packet;
}

static void release(struct packet *packet)
{
    if (packet != NULL && --packet->references == 0) {
        free(packet);
    }
}

static void trace_send(struct world *w, const char *from, const struct message *m)
{
    static const char *const types[] = {"init", "vers", "ping", "hist"};
    char line[1024];
    int used = snprintf(line, sizeof line, "> %s", types[m->type]);
    for (size_t i = 0; i < m->history.count && used < 900; i++) {
        used += snprintf(line + used, sizeof line - (size_t)used, " %.*s",
                         (int)m->history.names[i].len, m->history.names[i].text);
    }
    trace(w, from, "%s", line);
}

static void broadcast(struct world *w, int from, int island, const struct message *m)
{
    struct packet *packet = copy_message(m);
    packet->references++;
    int64_t span_ns = w->config.latency_max_ns - w->config.latency_min_ns;
    for (int i = 0; i < w->count; i++) {
        struct node_state *to = &w->nodes[i];
        bool hears = to->engine != NULL && to->island == island && (i != from || w->config.echoes);
        if (!hears || (i != from && draw_share(w) < w->config.loss)) {
            continue;
        }
        int64_t latency_ns = w->config.latency_min_ns + (int64_t)(draw_share(w) * (double)span_ns);
        packet->references++;
        push(w, (struct entry){w->now_ns + latency_ns, 0, i, to->life, 0, packet});
    }
    release(packet);
}

// --- The referee -------------------------------------------------------------------------------

static int count_tagged(const struct world *w)
{
    // An island that was cut off is a world of its own: the most on one island.
    int most = 0;
    for (int i = 0; i < w->count; i++) {
        int here = 0;
        for (int j = 0; j < w->count && w->nodes[i].tagged; j++) {
            const struct node_state *other = &w->nodes[j];
            here += other->tagged && other->island == w->nodes[i].island;
        }
        most = here > most ? here : most;
    }
    return most;
}

static void count_time(struct world *w)
{
    int tagged = count_tagged(w);
    w->counts.tagged_ns[tagged > 2 ? 2 : tagged] += w->now_ns - w->counted_ns;
    w->counted_ns = w->now_ns;
    if (tagged > 0) {
        w->last_tagged_ns = w->now_ns;
    }
}

static void check_overlap(struct world *w)
{
    bool overlap = count_tagged(w) > 1;
    if (overlap && w->overlap_ns < 0) {
        w->overlap_ns = w->now_ns;
        w->counts.violations++;
        trace(w, "-", "VIOLATION I1: two are tagged");
    } else if (!overlap && w->overlap_ns >= 0) {
        int64_t length_ns = w->now_ns - w->overlap_ns;
        if (length_ns > w->counts.longest_overlap_ns) {
            w->counts.longest_overlap_ns = length_ns;
        }
        w->overlap_ns = -1;
    }
}

static void set_tagged(struct world *w, struct node_state *node, bool tagged)
{
    count_time(w);
    if (node->tagged == tagged) {
        w->counts.violations++;
        trace(w, node->name, "VIOLATION I5: reported twice");
    }
    if (tagged && w->last_tagged_ns >= 0) {
        int64_t pause_ns = w->now_ns - w->last_tagged_ns;
        if (pause_ns > w->counts.longest_pause_ns) {
            w->counts.longest_pause_ns = pause_ns;
        }
    }
    node->tagged = tagged;
    check_overlap(w);
}

// A tag ends by the clock even when its holder is frozen: the program reads in it until when.
static void end_frozen_tags(struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        struct node_state *node = &w->nodes[i];
        if (node->frozen && node->tagged && w->now_ns >= node->tag_until_ns) {
            set_tagged(w, node, false);
        }
    }
}

// --- Effects -----------------------------------------------------------------------------------

static void print_names(char *line, size_t size, const struct history *history)
{
    size_t used = strlen(line);
    for (size_t i = 0; i < history->count && used + 80 < size; i++) {
        used += (size_t)snprintf(line + used, size - used, " %.*s", (int)history->names[i].len,
                                 history->names[i].text);
    }
}

static void watch_event(struct world *w, struct node_state *node, const struct event *event)
{
    static const char *const types[] = {"setup", "tag",  "renew",     "untag",   "detag",
                                        "ping",  "slot", "good-node", "recover", "name-taken"};
    static const char *const reasons[] = {"end",     "handover", "disabled", "lease",
                                          "suspend", "link",     "stop"};
    char line[1024];
    snprintf(line, sizeof line, "%s%s%.*s%s%s", types[event->type], event->who.len > 0 ? " " : "",
             (int)event->who.len, event->who.len > 0 ? event->who.text : "",
             event->type == EVENT_UNTAG ? " " : "",
             event->type == EVENT_UNTAG ? reasons[event->reason] : "");
    if (event->type == EVENT_SLOT || event->type == EVENT_RECOVER) {
        snprintf(line + strlen(line), 8, " |");
        print_names(line, sizeof line, &event->ring);
    }
    if (event->type == EVENT_RECOVER) {
        snprintf(line + strlen(line), 8, " |");
        print_names(line, sizeof line, &event->remote);
    }
    trace(w, node->name, "%s", line);
    node->events[event->type]++;

    if (event->type == EVENT_TAG) {
        set_tagged(w, node, true);
        node->tag_until_ns = event->until_ns;
        node->tags++;
        w->counts.tags++;
    } else if (event->type == EVENT_RENEW) {
        node->tag_until_ns = event->until_ns;
        w->counts.tags++;
    } else if (event->type == EVENT_UNTAG || event->type == EVENT_DETAG) {
        // One that ran out while frozen ended by the clock already.
        if (node->tagged || w->now_ns < node->tag_until_ns) {
            set_tagged(w, node, false);
        }
    } else if (event->type == EVENT_RECOVER) {
        w->counts.recovers++;
    }
}

static void carry(struct world *w, int index, const struct effect *effect)
{
    struct node_state *node = &w->nodes[index];
    switch (effect->type) {
    case EFFECT_SEND:
        trace_send(w, node->name, &effect->send);
        w->counts.beacons += effect->send.type == MESSAGE_PING;
        w->counts.hists += effect->send.type == MESSAGE_HIST;
        broadcast(w, index, node->island, &effect->send);
        break;
    case EFFECT_EVENT:
        watch_event(w, node, &effect->event);
        break;
    case EFFECT_NOTE:
        w->counts.collisions +=
            effect->noted.note == NOTE_COLLISION_WON || effect->noted.note == NOTE_COLLISION_LOST;
        trace(w, node->name, "  %s%s%.*s", note_text(effect->noted.note),
              effect->noted.who.len > 0 ? ": " : "", (int)effect->noted.who.len,
              effect->noted.who.len > 0 ? effect->noted.who.text : "");
        break;
    case EFFECT_DROP:
    case EFFECT_PROVE:
        break;
    }
}

static void arm(struct world *w, int index)
{
    struct node_state *node = &w->nodes[index];
    int64_t at_ns = engine_deadline_ns(node->engine);
    node->timer++;
    if (at_ns != NEVER) {
        push(w, (struct entry){at_ns > w->now_ns ? at_ns : w->now_ns, 0, index, node->life,
                               node->timer, NULL});
    }
}

static void step(struct world *w, int index, struct input input)
{
    struct node_state *node = &w->nodes[index];
    input.now_ns = w->now_ns;
    engine_step(node->engine, &input, &w->effects);
    for (uint32_t i = 0; i < w->effects.count; i++) {
        carry(w, index, &w->effects.items[i]);
    }
    arm(w, index);
}

// --- The world ---------------------------------------------------------------------------------

struct world *world_new(const struct world_config *config)
{
    struct world *w = calloc(1, sizeof *w);
    w->config = *config;
    w->random = config->seed;
    w->now_ns = w->counted_ns = NS_PER_S;
    w->last_tagged_ns = w->overlap_ns = -1;
    return w;
}

static void drop_waiting(struct node_state *node)
{
    for (size_t i = 0; i < node->waiting_count; i++) {
        release(node->waiting[i]);
    }
    free(node->waiting);
    node->waiting = NULL;
    node->waiting_count = 0;
}

void world_free(struct world *w)
{
    for (size_t i = 0; i < w->heap_count; i++) {
        release(w->heap[i].packet);
    }
    for (int i = 0; i < w->count; i++) {
        drop_waiting(&w->nodes[i]);
        free(w->nodes[i].memory);
    }
    free(w->heap);
    free(w);
}

int world_add(struct world *w, const char *name, int value)
{
    struct node_state *node = &w->nodes[w->count];
    node->world = w;
    snprintf(node->name, sizeof node->name, "%s", name);
    node->memory = malloc(engine_bytes(ENGINE_NODES_MIN));
    node->enabled = true;
    w->count++;
    world_set_value(w, w->count - 1, value);
    return w->count - 1;
}

static struct value value_of(const struct node_state *node)
{
    return (struct value){node->value, node->value[0] == 0x18 ? 2 : 1};
}

void world_set_value(struct world *w, int index, int value)
{
    struct node_state *node = &w->nodes[index];
    node->value[0] = value < 0 ? 0xf6 : value < 24 ? (uint8_t)value : 0x18;
    node->value[1] = (uint8_t)value;
    if (node->engine != NULL) {
        step(w, index, (struct input){.type = INPUT_VALUE, .value = value_of(node)});
    }
}

void world_start(struct world *w, int index)
{
    struct node_state *node = &w->nodes[index];
    struct engine_config config = {
        .name = name_of(node->name),
        .nonce = (draw64(w) >> 12) | 1,
        .params = w->config.params,
        .enabled = node->enabled,
        .value = value_of(node),
        .echoes = w->config.echoes,
        .capacity = ENGINE_NODES_MIN,
        .draw = draw32,
        .draw_context = w,
    };
    node->engine = engine_init(node->memory, &config);
    node->life++;
    node->frozen = false;
    trace(w, node->name, "* start");
    step(w, index, (struct input){.type = INPUT_LINK_UP});
}

void world_kill(struct world *w, int index)
{
    struct node_state *node = &w->nodes[index];
    trace(w, node->name, "* killed");
    if (node->tagged) {
        set_tagged(w, node, false);
    }
    node->engine = NULL;
    node->life++;
    drop_waiting(node);
}

void world_freeze(struct world *w, int index)
{
    trace(w, w->nodes[index].name, "* frozen");
    w->nodes[index].frozen = true;
}

void world_thaw(struct world *w, int index)
{
    struct node_state *node = &w->nodes[index];
    struct packet **waiting = node->waiting;
    size_t count = node->waiting_count;
    trace(w, node->name, "* thawed");
    node->frozen = false;
    node->waiting = NULL;
    node->waiting_count = 0;
    step(w, index, (struct input){.type = INPUT_TIMER});
    for (size_t i = 0; i < count; i++) {
        step(w, index, (struct input){.type = INPUT_MESSAGE, .message = &waiting[i]->message});
        release(waiting[i]);
    }
    free(waiting);
}

void world_link(struct world *w, int index, bool up)
{
    struct node_state *node = &w->nodes[index];
    trace(w, node->name, up ? "* link up" : "* link down");
    node->island = up ? 0 : WORLD_NODES_MAX + index;
    node->life++;
    step(w, index, (struct input){.type = up ? INPUT_LINK_UP : INPUT_LINK_DOWN});
}

void world_enable(struct world *w, int index, bool enabled)
{
    w->nodes[index].enabled = enabled;
    if (w->nodes[index].engine != NULL) {
        step(w, index, (struct input){.type = enabled ? INPUT_ENABLE : INPUT_DISABLE});
    }
}

void world_set_params(struct world *w, int index, const struct params *params)
{
    step(w, index, (struct input){.type = INPUT_PARAMS, .params = params});
}

void world_move(struct world *w, int index, int island)
{
    count_time(w);
    trace(w, w->nodes[index].name, "* island %d", island);
    w->nodes[index].island = island;
    check_overlap(w);
}

void world_inject(struct world *w, const struct message *message)
{
    trace_send(w, "-", message);
    broadcast(w, -1, 0, message);
}

static void keep_waiting(struct node_state *node, struct packet *packet)
{
    node->waiting = realloc(node->waiting, (node->waiting_count + 1) * sizeof(struct packet *));
    node->waiting[node->waiting_count++] = packet;
}

static void happen(struct world *w, struct entry entry)
{
    struct node_state *node = &w->nodes[entry.node];
    w->now_ns = entry.at_ns;
    end_frozen_tags(w);
    if (entry.life != node->life || node->engine == NULL) {
        release(entry.packet);
    } else if (entry.packet == NULL) {
        if (entry.timer == node->timer && !node->frozen) {
            step(w, entry.node, (struct input){.type = INPUT_TIMER});
        }
    } else if (node->frozen) {
        keep_waiting(node, entry.packet);
    } else {
        step(w, entry.node,
             (struct input){.type = INPUT_MESSAGE, .message = &entry.packet->message});
        release(entry.packet);
    }
}

static int run(struct world *w, int64_t for_ns, bool until_tag)
{
    int64_t end_ns = w->now_ns + for_ns;
    uint64_t tags = w->counts.tags;
    while (w->heap_count > 0 && w->heap[0].at_ns <= end_ns) {
        happen(w, pop(w));
        if (until_tag && w->counts.tags > tags) {
            return world_tagged(w);
        }
    }
    w->now_ns = end_ns;
    end_frozen_tags(w);
    count_time(w);
    return -1;
}

void world_run(struct world *w, int64_t for_ns)
{
    run(w, for_ns, false);
}

int world_run_until_tag(struct world *w, int64_t for_ns)
{
    return run(w, for_ns, true);
}

int64_t world_now_ns(const struct world *w)
{
    return w->now_ns;
}

int world_tagged(const struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        if (w->nodes[i].tagged) {
            return i;
        }
    }
    return -1;
}

uint64_t world_tags_of(const struct world *w, int node)
{
    return w->nodes[node].tags;
}

uint64_t world_events_of(const struct world *w, int node, enum event_type type)
{
    return w->nodes[node].events[type];
}

const struct world_counts *world_counts(const struct world *w)
{
    return &w->counts;
}

void world_reset_counts(struct world *w)
{
    count_time(w);
    w->counts = (struct world_counts){0};
    for (int i = 0; i < w->count; i++) {
        w->nodes[i].tags = 0;
        memset(w->nodes[i].events, 0, sizeof w->nodes[i].events);
    }
}

uint64_t world_trace_hash(const struct world *w)
{
    return w->hash;
}
