// SPDX-License-Identifier: MIT
#include "packet.h"

#include "memory.h"

#include <string.h>

struct packet {
    int references;
    enum input_type type;
    uint64_t incarnation; // of a hint
    uint64_t works;       // S6: after how many indices; 0: it is no such word
    struct message message;
    uint8_t value[VALUE_MAX_BYTES];
    struct name *members;              // of a view
    uint32_t *wishes, *waits, *away_s; // the same
    char names[]; // the node's, the heir's, and those of the history and the members
};

static struct name keep(char **at, struct name name)
{
    struct name kept = {*at, name.len};
    if (name.len > 0) {
        memcpy(*at, name.text, name.len);
    }
    *at += name.len;
    return kept;
}

static size_t names_len(const struct message *m)
{
    size_t len = m->node.len + m->heir.len;
    for (size_t i = 0; i < m->history.count; i++) {
        len += m->history.names[i].len;
    }
    for (size_t i = 0; i < m->members.count; i++) {
        len += m->members.names[i].len;
    }
    return len;
}

static uint32_t *keep_numbers(const uint32_t *numbers, size_t count)
{
    uint32_t *kept = numbers != NULL ? make(count, sizeof *kept) : NULL;
    if (kept != NULL) {
        memcpy(kept, numbers, count * sizeof *kept);
    }
    return kept;
}

static void keep_members(struct packet *packet, char **at)
{
    struct members *members = &packet->message.members;
    packet->members = members->count > 0 ? make(members->count, sizeof *packet->members) : NULL;
    for (size_t i = 0; i < members->count; i++) {
        packet->members[i] = keep(at, members->names[i]);
    }
    members->names = packet->members;
    members->wishes = packet->wishes = keep_numbers(members->wishes, members->count);
    members->waits = packet->waits = keep_numbers(members->waits, members->count + 1);
    members->away_s = packet->away_s = keep_numbers(members->away_s, members->count);
}

struct packet *packet_new(const struct message *m)
{
    struct packet *packet = make(1, sizeof *packet + names_len(m));
    char *at = packet->names;
    packet->references = 1;
    packet->type = INPUT_MESSAGE;
    packet->message = *m;
    packet->message.node = keep(&at, m->node);
    packet->message.heir = keep(&at, m->heir);
    for (size_t i = 0; i < m->history.count; i++) {
        packet->message.history.names[i] = keep(&at, m->history.names[i]);
    }
    keep_members(packet, &at);
    if (m->value.len > 0) {
        memcpy(packet->value, m->value.cbor, m->value.len);
    }
    packet->message.value = (struct value){packet->value, m->value.len};
    return packet;
}

struct packet *packet_new_hint(const struct peer *peer, bool here)
{
    struct packet *packet = packet_new(&(struct message){.node = peer->name});
    packet->type = here ? INPUT_HERE : INPUT_GONE;
    packet->incarnation = peer->incarnation;
    return packet;
}

struct packet *packet_new_word(uint64_t works)
{
    struct packet *packet = packet_new(&(struct message){0});
    packet->works = works;
    return packet;
}

uint64_t packet_words(const struct packet *packet)
{
    return packet->works;
}

struct packet *packet_take(struct packet *packet)
{
    packet->references++;
    return packet;
}

void packet_drop(struct packet *packet)
{
    if (packet != NULL && --packet->references == 0) {
        release(packet->members);
        release(packet->wishes);
        release(packet->waits);
        release(packet->away_s);
        release(packet);
    }
}

struct input packet_input(const struct packet *packet)
{
    struct input input = {.type = packet->type};
    if (packet->type == INPUT_MESSAGE) {
        input.message = &packet->message;
    } else {
        input.peer = (struct peer){packet->message.node, packet->incarnation};
    }
    return input;
}
