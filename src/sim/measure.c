// SPDX-License-Identifier: MIT
#include "measure.h"

#include "memory.h"
#include "slots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct samples {
    double *items;
    uint64_t count, room;
};

struct seat {
    bool tagged;
    int64_t until_ns;
    uint64_t turns;
    uint64_t head; // of its last slot event, hashed
    bool full;
    size_t total; // S3: of the members among whom it has an index; 0: it has none
};

// One run.
struct run {
    const struct world *world;
    struct params params;
    struct slots slots; // since the rings are full; before, since the start
    uint64_t ring_full_slots;
    struct seat *seats;
    int seat_count;
    int *tagged; // nodes
    int tagged_count;
    int64_t started_ns, first_tag_ns; // NEVER: not yet
    int64_t counted_ns;               // tagged_ns is right until then
    int64_t orphaned_ns;              // the holder has ended; NEVER: it has not
    int64_t healed_ns;  // islands have met, and are not one ring yet; NEVER: nothing of the kind
    int64_t changed_ns; // who is there; NEVER: all have had an index since
};

struct measure {
    struct run run;
    int64_t tagged_ns[3];
    uint64_t slots, beacons, collided, bytes, deliveries;
    uint64_t ring_full_slots; // the most; UINT64_MAX: in some run it never was
    double node_seconds, virtual_s;
    struct samples first_tags, takeovers, heals, settled, turns;
};

// --- Samples -------------------------------------------------------------------------------------

static void add_sample(struct samples *samples, double sample)
{
    if (samples->count == samples->room) {
        samples->room = samples->room * 2 + 16;
        samples->items = grow(samples->items, samples->room, sizeof sample);
    }
    samples->items[samples->count++] = sample;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double rank(const double *sorted, uint64_t count, double share)
{
    uint64_t index = (uint64_t)ceil(share * (double)count);
    return sorted[index > 0 ? index - 1 : 0];
}

static struct spread spread_of(const struct samples *samples)
{
    double *items = samples->items;
    uint64_t count = samples->count;
    if (count == 0) {
        return (struct spread){0};
    }
    qsort(items, count, sizeof *items, by_size);
    return (struct spread){count, items[0], rank(items, count, 0.5), rank(items, count, 0.99),
                           items[count - 1]};
}

// --- Bytes (M1) ----------------------------------------------------------------------------------

static uint64_t head_bytes(uint64_t argument)
{
    return argument < 24 ? 1 : argument < 256 ? 2 : argument < 65536 ? 3 : 5;
}

static uint64_t text_bytes(size_t len)
{
    return head_bytes(len) + len;
}

// Numbers of members, without the zeros at the end.
static uint64_t list_bytes(const char *key, const uint32_t *numbers, size_t count)
{
    while (count > 0 && (numbers == NULL || numbers[count - 1] == 0)) {
        count--;
    }
    uint64_t bytes = numbers != NULL ? text_bytes(strlen(key)) + head_bytes(count) : 0;
    for (size_t i = 0; i < count; i++) {
        bytes += head_bytes(numbers[i]);
    }
    return bytes;
}

// Of a view: its number, whether it is settled, its members.
static uint64_t view_bytes(const struct message *m)
{
    uint64_t bytes = 5 + head_bytes((uint64_t)m->view) + 9 + 8 + head_bytes(m->members.count);
    for (size_t i = 0; i < m->members.count; i++) {
        bytes += text_bytes(m->members.names[i].len);
    }
    const struct members *members = &m->members;
    return bytes + list_bytes("wishes", members->wishes, members->count) +
           list_bytes("waits", members->waits, members->count + 1) + (m->shared ? 8 : 0) +
           list_bytes("away", members->away_s, members->count);
}

static uint64_t wish_bytes(const struct wish *wish)
{
    return (wish->prefer > 0 ? 7 + head_bytes(wish->prefer) : 0) + (wish->never ? 7 : 0) +
           (wish->preempt ? 9 : 0);
}

// What a message takes as CBOR: keys as PROTOCOL.md has them, `t` and its type in 7 bytes.
static uint64_t message_bytes(const struct message *m)
{
    uint64_t bytes = 1 + 7, node = 5 + text_bytes(m->node.len);
    uint64_t turn = 6 + (m->value.len > 0 ? m->value.len : 1) + 8 + head_bytes(m->history.count);
    for (size_t i = 0; i < m->history.count; i++) {
        turn += text_bytes(m->history.names[i].len);
    }
    switch (m->type) {
    case MESSAGE_INIT:
        return bytes + node;
    case MESSAGE_VERS:
        return bytes + node + 8 + head_bytes((uint64_t)m->params.version) + 6 +
               (uint64_t)params_float_bytes((double)m->params.cycle_ns / 1e9) + 1 + 4 +
               (uint64_t)params_float_bytes((double)m->params.gap_ns / 1e9) + 1 + 7 + 8 + 8 + 2 +
               10 + 15 + (m->unready ? 7 : 0) + (m->left ? 6 : 0) +
               (m->heir.len > 0 ? 5 + text_bytes(m->heir.len) : 0) + wish_bytes(&m->wish) +
               (m->away_s > 0 ? 5 + head_bytes(m->away_s) : 0);
    case MESSAGE_PING:
        return bytes + node + turn;
    case MESSAGE_HIST:
        return bytes + turn;
    case MESSAGE_VIEW:
        return bytes + node + view_bytes(m);
    case MESSAGE_DRAINED:
        return bytes + 3 + node + 5 + head_bytes((uint64_t)m->view);
    case MESSAGE_TELL:
        break; // never of an engine
    }
    return 0;
}

// --- Who is tagged -------------------------------------------------------------------------------

static void make_seats(struct run *run)
{
    int count = world_count(run->world);
    if (count > run->seat_count) {
        size_t added = (size_t)(count - run->seat_count);
        run->seats = grow(run->seats, (size_t)count, sizeof *run->seats);
        run->tagged = grow(run->tagged, (size_t)count, sizeof *run->tagged);
        memset(run->seats + run->seat_count, 0, added * sizeof *run->seats);
        run->seat_count = count;
    }
}

static void count_span(struct measure *m, int64_t until_ns)
{
    struct run *run = &m->run;
    if (run->first_tag_ns != NEVER && until_ns > run->counted_ns) {
        m->tagged_ns[run->tagged_count < 2 ? run->tagged_count : 2] += until_ns - run->counted_ns;
    }
    run->counted_ns = until_ns > run->counted_ns ? until_ns : run->counted_ns;
}

static void drop_tagged(struct run *run, int place)
{
    run->seats[run->tagged[place]].tagged = false;
    run->tagged[place] = run->tagged[--run->tagged_count];
}

static int first_to_end(const struct run *run)
{
    int first = 0;
    for (int i = 1; i < run->tagged_count; i++) {
        if (run->seats[run->tagged[i]].until_ns < run->seats[run->tagged[first]].until_ns) {
            first = i;
        }
    }
    return first;
}

// A tag ends by the clock, whether its holder says so or is frozen.
static void count_time(struct measure *m, int64_t now_ns)
{
    struct run *run = &m->run;
    while (run->tagged_count > 0) {
        int first = first_to_end(run);
        int64_t until_ns = run->seats[run->tagged[first]].until_ns;
        if (until_ns > now_ns) {
            break;
        }
        count_span(m, until_ns);
        drop_tagged(run, first);
    }
    count_span(m, now_ns);
}

static void end_tag(struct run *run, int node)
{
    for (int i = 0; i < run->tagged_count; i++) {
        if (run->tagged[i] == node) {
            drop_tagged(run, i);
            return;
        }
    }
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void begin_tag(struct measure *m, const struct news *news)
{
    struct run *run = &m->run;
    struct seat *seat = &run->seats[news->node];
    if (run->first_tag_ns == NEVER) {
        run->first_tag_ns = run->counted_ns = news->now_ns;
        add_sample(&m->first_tags, seconds(news->now_ns - run->started_ns));
    }
    if (run->orphaned_ns != NEVER) {
        add_sample(&m->takeovers, seconds(news->now_ns - run->orphaned_ns));
        run->orphaned_ns = NEVER;
    }
    if (!seat->tagged) {
        seat->tagged = true;
        run->tagged[run->tagged_count++] = news->node;
    }
    seat->turns++;
    seat->until_ns = world_time_of(run->world, news->node, news->effect->event.until_ns);
}

// --- Rings ---------------------------------------------------------------------------------------

// Whether all that are there follow this head.
static bool is_one_ring(const struct run *run, uint64_t head)
{
    for (int i = 0; i < run->seat_count; i++) {
        bool there = world_is_up(run->world, i) && !world_is_frozen(run->world, i);
        if (there && run->seats[i].head != head) {
            return false;
        }
    }
    return true;
}

static bool are_all_full(const struct run *run)
{
    for (int i = 0; i < run->seat_count; i++) {
        if (world_is_up(run->world, i) && !run->seats[i].full) {
            return false;
        }
    }
    return true;
}

static bool is_full(const struct run *run, const struct history *ring)
{
    size_t size = (size_t)params_ring_size(&run->params), ready = 0;
    for (int i = 0; i < run->seat_count; i++) {
        ready += world_is_ready(run->world, i);
    }
    return ring->count >= (ready < size ? ready : size);
}

static void see_slot(struct measure *m, const struct news *news)
{
    struct run *run = &m->run;
    const struct event *event = &news->effect->event;
    struct seat *seat = &run->seats[news->node];
    seat->head = name_hash(event->ring.names[0]);
    if (run->ring_full_slots == 0) {
        seat->full = is_full(run, &event->ring);
        if (seat->full && are_all_full(run)) {
            run->ring_full_slots = run->slots.count;
            run->slots = (struct slots){0};
        }
    }
    if (run->healed_ns != NEVER && is_one_ring(run, seat->head)) {
        add_sample(&m->heals, seconds(news->now_ns - run->healed_ns));
        run->healed_ns = NEVER;
    }
}

// --- Indexes -------------------------------------------------------------------------------------

static size_t count_up(const struct run *run, int island)
{
    size_t count = 0;
    for (int i = 0; i < run->seat_count; i++) {
        count += world_is_up(run->world, i) && world_island(run->world, i) == island;
    }
    return count;
}

// Whether everybody who runs has one, among those who run.
static bool have_all_an_index(const struct run *run)
{
    int island = -1;
    size_t count = 0;
    for (int i = 0; i < run->seat_count; i++) {
        if (!world_is_up(run->world, i)) {
            continue;
        }
        if (world_island(run->world, i) != island) {
            island = world_island(run->world, i);
            count = count_up(run, island);
        }
        if (run->seats[i].total != count) {
            return false;
        }
    }
    return true;
}

static void see_settled(struct measure *m, const struct news *news)
{
    struct run *run = &m->run;
    run->seats[news->node].total = news->effect->event.roster.count;
    if (run->changed_ns != NEVER && have_all_an_index(run)) {
        add_sample(&m->settled, seconds(news->now_ns - run->changed_ns));
        run->changed_ns = NEVER;
    }
}

// --- News ----------------------------------------------------------------------------------------

static void see_event(struct measure *m, const struct news *news)
{
    switch (news->effect->event.type) {
    case EVENT_TAG:
    case EVENT_RENEW:
        begin_tag(m, news);
        break;
    case EVENT_UNTAG:
    case EVENT_DETAG:
        end_tag(&m->run, news->node);
        break;
    case EVENT_SLOT:
        see_slot(m, news);
        break;
    case EVENT_SETTLED:
        see_settled(m, news);
        break;
    case EVENT_SETTLING:
        m->run.seats[news->node].total = 0;
        break;
    case EVENT_SETUP:
    case EVENT_PING:
    case EVENT_GOOD_NODE:
    case EVENT_RECOVER:
    case EVENT_JOIN:
    case EVENT_LEAVE:
    case EVENT_ROSTER:
    case EVENT_NAME_TAKEN:
        break;
    }
}

static void see_end(struct run *run, const struct news *news)
{
    run->seats[news->node].total = 0;
    if (run->seats[news->node].tagged) {
        run->orphaned_ns = news->now_ns;
        slots_end(&run->slots);
        end_tag(run, news->node);
    }
}

void measure_news(struct measure *m, const struct news *news)
{
    struct run *run = &m->run;
    make_seats(run);
    count_time(m, news->now_ns);
    if (news->type == NEWS_KILLED || news->type == NEWS_STARTED || news->type == NEWS_MOVED) {
        run->changed_ns = news->now_ns;
    }
    if (news->type == NEWS_KILLED) {
        see_end(run, news);
    } else if (news->type == NEWS_STARTED && run->started_ns == NEVER) {
        run->started_ns = news->now_ns;
    }
    if (news->type != NEWS_EFFECT) {
        return;
    }
    if (news->effect->type == EFFECT_EVENT) {
        see_event(m, news);
    } else if (news->effect->type == EFFECT_SEND) {
        m->bytes += message_bytes(&news->effect->send);
        if (news->effect->send.type == MESSAGE_PING) {
            slots_beacon(&run->slots, &run->params, news->now_ns);
        }
    }
}

void measure_heal(struct measure *m, int64_t now_ns)
{
    m->run.healed_ns = now_ns;
}

// --- Runs and figures ----------------------------------------------------------------------------

void measure_begin(struct measure *m, const struct world *world, const struct params *params)
{
    m->run = (struct run){
        .world = world,
        .params = *params,
        .started_ns = NEVER,
        .first_tag_ns = NEVER,
        .orphaned_ns = NEVER,
        .healed_ns = NEVER,
        .changed_ns = NEVER,
    };
}

void measure_end(struct measure *m, int64_t now_ns)
{
    struct run *run = &m->run;
    double virtual_s = run->started_ns != NEVER ? seconds(now_ns - run->started_ns) : 0;
    uint64_t full = run->ring_full_slots > 0 ? run->ring_full_slots : UINT64_MAX;
    count_time(m, now_ns);
    for (int i = 0; i < run->seat_count; i++) {
        if (world_is_ready(run->world, i)) {
            add_sample(&m->turns, (double)run->seats[i].turns);
        }
    }
    m->slots += run->slots.count;
    m->beacons += run->slots.beacons;
    m->collided += run->slots.collided;
    m->ring_full_slots = full > m->ring_full_slots ? full : m->ring_full_slots;
    m->virtual_s += virtual_s;
    m->deliveries += world_deliveries(run->world);
    m->node_seconds += virtual_s * run->seat_count;
    release(run->seats);
    release(run->tagged);
    *run = (struct run){0};
}

void measure_figures(struct measure *m, struct figures *f)
{
    int64_t led_ns = m->tagged_ns[0] + m->tagged_ns[1] + m->tagged_ns[2];
    *f = (struct figures){
        .slots = m->slots,
        .beacons = m->beacons,
        .collided = m->collided,
        .first_tag_s = spread_of(&m->first_tags),
        .ring_full_slots = m->ring_full_slots < UINT64_MAX ? m->ring_full_slots : 0,
        .takeover_s = spread_of(&m->takeovers),
        .heal_s = spread_of(&m->heals),
        .settled_s = spread_of(&m->settled),
        .turns = spread_of(&m->turns),
        .deliveries = m->deliveries,
        .virtual_s = m->virtual_s,
    };
    for (int i = 0; i < 3 && led_ns > 0; i++) {
        f->tagged_share[i] = (double)m->tagged_ns[i] / (double)led_ns;
    }
    if (m->node_seconds > 0) {
        f->bytes_per_day = (double)m->bytes * 86400 / m->node_seconds;
    }
}

struct measure *measure_new(void)
{
    return make(1, sizeof(struct measure));
}

void measure_free(struct measure *m)
{
    if (m != NULL) {
        release(m->run.seats);
        release(m->run.tagged);
        release(m->first_tags.items);
        release(m->takeovers.items);
        release(m->heals.items);
        release(m->settled.items);
        release(m->turns.items);
    }
    release(m);
}
