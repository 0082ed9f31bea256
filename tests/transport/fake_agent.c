// SPDX-License-Identifier: MIT
#include "fake_agent.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    uv_tcp_t tcp; // first
    struct fake_agent *agent;
    msgpack_unpacker unpacker;
    char command[32]; // whose second map is to come
    uint64_t seq;
};

// --- Connections -------------------------------------------------------------------------------

static void on_peer_closed(uv_handle_t *handle)
{
    struct peer *peer = (struct peer *)handle;
    msgpack_unpacker_destroy(&peer->unpacker);
    free(peer);
}

static void drop(struct peer *peer)
{
    if (!uv_is_closing((uv_handle_t *)&peer->tcp)) {
        if (peer->agent->last == &peer->tcp) {
            peer->agent->last = NULL;
        } else if (peer->agent->presence == &peer->tcp) {
            peer->agent->presence = NULL;
            peer->agent->watch = 0;
        }
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
    }
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void say(struct peer *peer, const void *bytes, size_t len)
{
    uv_write_t *write = malloc(sizeof *write + len);
    ck_assert_ptr_nonnull(write);
    uv_buf_t buffer = uv_buf_init((char *)(write + 1), (unsigned)len);
    memcpy(buffer.base, bytes, len);
    if (uv_write(write, (uv_stream_t *)&peer->tcp, &buffer, 1, on_written) != 0) {
        free(write);
    }
}

// --- Answers -----------------------------------------------------------------------------------

static void pack_text(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str_with_body(packer, text, strlen(text));
}

static void pack_header(msgpack_packer *packer, uint64_t seq, const char *error)
{
    msgpack_pack_map(packer, 2);
    pack_text(packer, "Error");
    pack_text(packer, error);
    pack_text(packer, "Seq");
    msgpack_pack_uint64(packer, seq);
}

static bool is(const char *command, const char *wanted)
{
    return wanted != NULL && strcmp(command, wanted) == 0;
}

static void pack_tag(msgpack_packer *packer, const struct fake_tag *tag)
{
    msgpack_pack_map(packer, 3);
    pack_text(packer, "Name");
    pack_text(packer, tag->agent);
    pack_text(packer, "Status");
    pack_text(packer, "alive");
    pack_text(packer, "Tags");
    msgpack_pack_map(packer, 1);
    pack_text(packer, tag->key);
    pack_text(packer, tag->text);
}

static void pack_members(msgpack_packer *packer, const struct fake_agent *agent)
{
    size_t count = 0;
    while (agent->tags[count].agent != NULL) {
        count++;
    }
    msgpack_pack_map(packer, 1);
    pack_text(packer, "Members");
    msgpack_pack_array(packer, count);
    for (size_t i = 0; i < count; i++) {
        pack_tag(packer, &agent->tags[i]);
    }
}

static void answer(struct peer *peer, const char *error)
{
    const struct fake_agent *agent = peer->agent;
    msgpack_sbuffer out;
    msgpack_packer packer;
    msgpack_sbuffer_init(&out);
    msgpack_packer_init(&packer, &out, msgpack_sbuffer_write);
    pack_header(&packer, peer->seq, error);
    if (is(peer->command, "members-filtered") && error[0] == '\0') {
        pack_members(&packer, agent);
    }
    say(peer, out.data, out.size);
    msgpack_sbuffer_destroy(&out);
}

static const msgpack_object *find(const msgpack_object *map, const char *key)
{
    ck_assert_int_eq(map->type, MSGPACK_OBJECT_MAP);
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (pair->key.via.str.size == strlen(key) &&
            memcmp(pair->key.via.str.ptr, key, strlen(key)) == 0) {
            return &pair->val;
        }
    }
    return NULL;
}

static void take_stream(struct peer *peer, const msgpack_object_str *type)
{
    struct fake_agent *agent = peer->agent;
    size_t used = strlen(agent->types);
    if (type->size > 7 && memcmp(type->ptr, "member-", 7) == 0) {
        agent->presence = &peer->tcp;
        agent->watch = peer->seq;
    } else {
        snprintf(agent->types + used, sizeof agent->types - used, "%.*s\n", (int)type->size,
                 type->ptr);
        agent->stream = peer->seq;
    }
}

static const char *take_tags(struct fake_agent *agent, const msgpack_object *body)
{
    size_t used = strlen(agent->set);
    char *at = agent->set + used;
    const msgpack_object *tags = find(body, "Tags");
    if (tags == NULL) {
        const msgpack_object_str *key = &find(body, "DeleteTags")->via.array.ptr[0].via.str;
        snprintf(at, sizeof agent->set - used, "-%.*s\n", (int)key->size, key->ptr);
        return "";
    }
    const msgpack_object_str *key = &tags->via.map.ptr[0].key.via.str;
    const msgpack_object_str *text = &tags->via.map.ptr[0].val.via.str;
    if (agent->tag_max > 0 && (int)text->size > agent->tag_max) {
        return "Encoded length of tags exceeds limit of 512 bytes";
    }
    snprintf(at, sizeof agent->set - used, "%.*s %.*s\n", (int)key->size, key->ptr, (int)text->size,
             text->ptr);
    return "";
}

static void take_question(struct peer *peer, const msgpack_object *body)
{
    struct fake_agent *agent = peer->agent;
    const char *error = "";
    agent->questions += agent->last == &peer->tcp;
    if (is(peer->command, agent->refused)) {
        error = agent->words;
    } else if (is(peer->command, "stream")) {
        take_stream(peer, &find(body, "Type")->via.str);
    } else if (is(peer->command, "members-filtered")) {
        agent->lists++;
        agent->asked = peer->seq;
    } else if (is(peer->command, "tags")) {
        error = take_tags(agent, body);
    } else if (is(peer->command, "stop")) {
        uint64_t stream = find(body, "Stop")->via.u64;
        agent->stopped = stream != 0 ? stream : agent->stopped;
    } else if (is(peer->command, "event")) {
        ck_assert(!find(body, "Coalesce")->via.boolean);
        ck_assert_int_eq(find(body, "Payload")->type, MSGPACK_OBJECT_BIN);
        agent->events++;
    }
    if (!is(peer->command, agent->ignored)) {
        answer(peer, error);
    }
}

// Every question that is asked has a second map.
static void take_item(struct peer *peer, const msgpack_object *item)
{
    if (peer->command[0] != '\0') {
        take_question(peer, item);
        peer->command[0] = '\0';
        return;
    }
    const msgpack_object_str *command = &find(item, "Command")->via.str;
    snprintf(peer->command, sizeof peer->command, "%.*s", (int)command->size, command->ptr);
    peer->seq = find(item, "Seq")->via.u64;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct peer *peer = (struct peer *)stream;
    msgpack_unpacked item;
    (void)buffer;
    if (count < 0) {
        drop(peer);
        return;
    }
    if (peer->agent->nonsense != NULL) {
        say(peer, peer->agent->nonsense, strlen(peer->agent->nonsense));
        drop(peer);
        return;
    }
    msgpack_unpacker_buffer_consumed(&peer->unpacker, (size_t)count);
    msgpack_unpacked_init(&item);
    while (msgpack_unpacker_next(&peer->unpacker, &item) == MSGPACK_UNPACK_SUCCESS) {
        take_item(peer, &item.data);
    }
    msgpack_unpacked_destroy(&item);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct peer *peer = (struct peer *)handle;
    (void)suggested;
    ck_assert(msgpack_unpacker_reserve_buffer(&peer->unpacker, 4096));
    *buffer = uv_buf_init(msgpack_unpacker_buffer(&peer->unpacker), 4096);
}

static void on_accept(uv_stream_t *server, int status)
{
    struct peer *peer = calloc(1, sizeof *peer);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(peer);
    peer->agent = server->data;
    ck_assert(msgpack_unpacker_init(&peer->unpacker, 4096));
    uv_tcp_init(server->loop, &peer->tcp);
    ck_assert_int_eq(uv_accept(server, (uv_stream_t *)&peer->tcp), 0);
    uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_read);
    if (peer->agent->last == NULL) {
        peer->agent->last = &peer->tcp;
        peer->agent->connections++;
    }
}

// --- What tests ask of it ------------------------------------------------------------------------

void fake_agent_start(struct fake_agent *agent, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof address;
    *agent = (struct fake_agent){0};
    uv_tcp_init(loop, &agent->server);
    agent->server.data = agent;
    uv_ip4_addr("127.0.0.1", 0, &address);
    ck_assert_int_eq(uv_tcp_bind(&agent->server, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&agent->server, 8, on_accept), 0);
    uv_tcp_getsockname(&agent->server, (struct sockaddr *)&address, &size);
    agent->port = ntohs(address.sin_port);
}

size_t fake_agent_write_event(const struct fake_agent *agent, const char *name, uint64_t time,
                              const char *payload, void *out, size_t size)
{
    msgpack_sbuffer event;
    msgpack_packer packer;
    msgpack_sbuffer_init(&event);
    msgpack_packer_init(&packer, &event, msgpack_sbuffer_write);
    pack_header(&packer, agent->stream, "");
    msgpack_pack_map(&packer, 5);
    pack_text(&packer, "Coalesce");
    msgpack_pack_false(&packer);
    pack_text(&packer, "Event");
    pack_text(&packer, "user");
    pack_text(&packer, "LTime");
    msgpack_pack_uint64(&packer, time);
    pack_text(&packer, "Name");
    pack_text(&packer, name);
    pack_text(&packer, "Payload");
    msgpack_pack_bin_with_body(&packer, payload, strlen(payload));
    size_t len = event.size;
    ck_assert_uint_le(len, size);
    memcpy(out, event.data, len);
    msgpack_sbuffer_destroy(&event);
    return len;
}

void fake_agent_send(struct fake_agent *agent, const void *bytes, size_t len)
{
    if (agent->last != NULL) {
        say((struct peer *)agent->last, bytes, len);
    }
}

void fake_agent_send_event(struct fake_agent *agent, const char *name, uint64_t time,
                           const char *payload)
{
    char bytes[1024];
    fake_agent_send(agent, bytes,
                    fake_agent_write_event(agent, name, time, payload, bytes, sizeof bytes));
}

void fake_agent_send_presence(struct fake_agent *agent, const void *bytes, size_t len)
{
    if (agent->presence != NULL) {
        say((struct peer *)agent->presence, bytes, len);
    }
}

// What has changed is not looked at.
void fake_agent_tell(struct fake_agent *agent)
{
    msgpack_sbuffer event;
    msgpack_packer packer;
    msgpack_sbuffer_init(&event);
    msgpack_packer_init(&packer, &event, msgpack_sbuffer_write);
    pack_header(&packer, agent->watch, "");
    msgpack_pack_map(&packer, 2);
    pack_text(&packer, "Event");
    pack_text(&packer, "member-update");
    pack_text(&packer, "Members");
    msgpack_pack_array(&packer, 0);
    fake_agent_send_presence(agent, event.data, event.size);
    msgpack_sbuffer_destroy(&event);
}

void fake_agent_answer(struct fake_agent *agent, const void *bytes, size_t len)
{
    msgpack_sbuffer answer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&answer);
    msgpack_packer_init(&packer, &answer, msgpack_sbuffer_write);
    pack_header(&packer, agent->asked, "");
    fake_agent_send_presence(agent, answer.data, answer.size);
    fake_agent_send_presence(agent, bytes, len);
    msgpack_sbuffer_destroy(&answer);
}

void fake_agent_drop(struct fake_agent *agent)
{
    if (agent->last != NULL) {
        drop((struct peer *)agent->last);
    }
}

void fake_agent_stop(struct fake_agent *agent)
{
    fake_agent_drop(agent);
    if (agent->presence != NULL) {
        drop((struct peer *)agent->presence);
    }
    uv_close((uv_handle_t *)&agent->server, NULL);
}
