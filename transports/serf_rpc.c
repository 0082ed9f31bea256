// SPDX-License-Identifier: MIT
#include "serf_rpc.h"

#include "msgpack/scan.h"
#include "serf_lookup.h"

#include <msgpack.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <uv.h>

enum {
    DEPTH_MAX = 4,
    REASON_MAX = 512,
    WORDS_MAX = 128, // of the agent's that are repeated
};

struct question {
    STAILQ_ENTRY(question) entry;
    uint64_t seq;
    enum serf_question kind;
    int64_t asked_ns;
    uint64_t asked_ms; // of the loop's clock
};

struct serf_rpc {
    struct serf_rpc_config config;
    struct serf_lookup *lookup; // NULL: none is under way
    uv_async_t lookup_done;
    struct addrinfo *found;  // by the lookup
    struct addrinfo numeric; // what needs none, and where it points to
    struct sockaddr_storage numeric_address;
    const struct addrinfo *address; // that is tried next
    int connect_error;              // of the one before
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_timer_t timer; // until when something should have happened
    bool tcp_open;
    int parts; // handles, which have to be closed before this can be freed
    bool connected;
    bool has_answered; // something that was understood
    bool closing;
    const char *broken; // why it will fail, as the timer will tell
    // Down.
    STAILQ_HEAD(questions, question) questions; // that are not answered
    uint64_t seq;                               // the last number, without the 1 of streams
    uint64_t probe;                             // the number of one that is under way; 0: none is
    bool probe_again;
    uv_write_t write;
    bool writing;
    msgpack_sbuffer unsent, flying;
    msgpack_packer packer; // into the first
    // Up.
    uint64_t heard_ms;  // when anything came
    uint64_t record_of; // the stream whose record comes next; 0: a header does
    bool list_comes;    // next, of the members
    uint64_t watch;     // the stream of their changes; 0: none
    size_t wanted;      // bytes, before it is worth looking again
    size_t len;
    uint8_t bytes[]; // message_max
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

// --- The end -----------------------------------------------------------------------------------

static void part_has_ended(struct serf_rpc *rpc)
{
    const struct serf_rpc_config config = rpc->config;
    struct question *question;
    if (--rpc->parts > 0) {
        return;
    }
    while ((question = STAILQ_FIRST(&rpc->questions)) != NULL) {
        STAILQ_REMOVE_HEAD(&rpc->questions, entry);
        free(question);
    }
    if (rpc->found != NULL) {
        freeaddrinfo(rpc->found);
    }
    msgpack_sbuffer_destroy(&rpc->unsent);
    msgpack_sbuffer_destroy(&rpc->flying);
    free(rpc);
    config.ops->closed(config.context);
}

static void on_closed(uv_handle_t *handle)
{
    part_has_ended(handle->data);
}

void serf_rpc_close(struct serf_rpc *rpc)
{
    rpc->closing = true;
    if (rpc->lookup != NULL) {
        serf_lookup_abandon(rpc->lookup);
    }
    uv_close((uv_handle_t *)&rpc->lookup_done, on_closed);
    uv_close((uv_handle_t *)&rpc->timer, on_closed);
    if (rpc->tcp_open) {
        rpc->tcp_open = false;
        uv_close((uv_handle_t *)&rpc->tcp, on_closed);
    }
}

static void fail(struct serf_rpc *rpc, const char *reason)
{
    char text[REASON_MAX];
    if (rpc->has_answered) {
        snprintf(text, sizeof text, "%s", reason);
    } else {
        snprintf(text, sizeof text, "%s port %d: %s", rpc->config.host, rpc->config.port, reason);
    }
    if (!rpc->closing) {
        rpc->config.ops->failed(rpc->config.context, text);
    }
}

// --- The timer: silence, and what could not be told before ---------------------------------------

static void on_timer(uv_timer_t *timer);

static void set_timer(struct serf_rpc *rpc, uint64_t at_ms)
{
    uv_update_time(rpc->config.loop);
    uint64_t now_ms = uv_now(rpc->config.loop);
    uv_timer_start(&rpc->timer, on_timer, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

// From within a call nothing may be told.
static void fail_soon(struct serf_rpc *rpc, const char *reason)
{
    rpc->broken = reason;
    set_timer(rpc, 0);
}

static void give_up_address(struct serf_rpc *rpc, int error);

// A question that is asked while this is set has its time later.
static void watch_answers(struct serf_rpc *rpc, uint64_t now_ms)
{
    const struct question *oldest = STAILQ_FIRST(&rpc->questions);
    uint64_t patience_ms = rpc->config.patience_ms;
    if (oldest == NULL && now_ms - rpc->heard_ms >= patience_ms / 2) {
        serf_rpc_probe(rpc);
        set_timer(rpc, now_ms + patience_ms);
    } else if (oldest == NULL) {
        set_timer(rpc, rpc->heard_ms + patience_ms / 2);
    } else if (now_ms - oldest->asked_ms >= patience_ms) {
        fail(rpc, "the agent does not answer");
    } else {
        set_timer(rpc, oldest->asked_ms + patience_ms);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct serf_rpc *rpc = timer->data;
    if (rpc->broken != NULL) {
        fail(rpc, rpc->broken);
    } else if (!rpc->connected) {
        give_up_address(rpc, UV_ETIMEDOUT);
    } else {
        watch_answers(rpc, uv_now(rpc->config.loop));
    }
}

// --- Down: questions -----------------------------------------------------------------------------

static void flush(struct serf_rpc *rpc);

static void on_written(uv_write_t *write, int status)
{
    struct serf_rpc *rpc = write->data;
    rpc->writing = false;
    msgpack_sbuffer_clear(&rpc->flying);
    if (status == 0) { // else reading tells
        flush(rpc);
    }
}

// One buffer is written while the next one fills.
static void flush(struct serf_rpc *rpc)
{
    if (rpc->writing || rpc->unsent.size == 0 || rpc->broken != NULL) {
        return;
    }
    msgpack_sbuffer full = rpc->unsent;
    rpc->unsent = rpc->flying;
    rpc->flying = full;
    uv_buf_t buffer = uv_buf_init(full.data, (unsigned)full.size);
    rpc->writing = uv_write(&rpc->write, (uv_stream_t *)&rpc->tcp, &buffer, 1, on_written) == 0;
    if (!rpc->writing) {
        fail_soon(rpc, "nothing can be written to the connection");
    }
}

// For the packer, which does not say what could not be written.
static int write_bytes(void *data, const char *bytes, size_t len)
{
    struct serf_rpc *rpc = data;
    if (msgpack_sbuffer_write(&rpc->unsent, bytes, len) != 0) {
        fail_soon(rpc, "no memory");
        return -1;
    }
    return 0;
}

static void pack_text(struct serf_rpc *rpc, const char *text)
{
    msgpack_pack_str_with_body(&rpc->packer, text, strlen(text));
}

// Streams have odd numbers, so that what comes of one that was stopped is still known as such.
static uint64_t next_seq(struct serf_rpc *rpc, enum serf_question kind)
{
    rpc->seq += 2;
    return rpc->seq + (kind == SERF_STREAM);
}

// The first map of a question; `pairs` are in the second one.
static uint64_t ask(struct serf_rpc *rpc, enum serf_question kind, const char *command,
                    unsigned pairs)
{
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        fail_soon(rpc, "no memory");
        return 0;
    }
    uv_update_time(rpc->config.loop);
    question->kind = kind;
    question->seq = next_seq(rpc, kind);
    question->asked_ns = now_ns();
    question->asked_ms = uv_now(rpc->config.loop);
    STAILQ_INSERT_TAIL(&rpc->questions, question, entry);
    msgpack_pack_map(&rpc->packer, 2);
    pack_text(rpc, "Command");
    pack_text(rpc, command);
    pack_text(rpc, "Seq");
    msgpack_pack_uint64(&rpc->packer, question->seq);
    msgpack_pack_map(&rpc->packer, pairs);
    return question->seq;
}

void serf_rpc_handshake(struct serf_rpc *rpc)
{
    ask(rpc, SERF_HANDSHAKE, "handshake", 1);
    pack_text(rpc, "Version");
    msgpack_pack_int(&rpc->packer, 1);
    flush(rpc);
}

void serf_rpc_auth(struct serf_rpc *rpc, const char *key)
{
    ask(rpc, SERF_AUTH, "auth", 1);
    pack_text(rpc, "AuthKey");
    pack_text(rpc, key);
    flush(rpc);
}

// A comma would end the name.
uint64_t serf_rpc_stream(struct serf_rpc *rpc, const char *name)
{
    static const char type[] = "user:";
    uint64_t stream = ask(rpc, SERF_STREAM, "stream", 1);
    pack_text(rpc, "Type");
    if (strchr(name, ',') != NULL) {
        pack_text(rpc, "user");
    } else {
        msgpack_pack_str(&rpc->packer, strlen(type) + strlen(name));
        msgpack_pack_str_body(&rpc->packer, type, strlen(type));
        msgpack_pack_str_body(&rpc->packer, name, strlen(name));
    }
    flush(rpc);
    return stream;
}

static uint64_t stop(struct serf_rpc *rpc, uint64_t stream)
{
    uint64_t seq = ask(rpc, SERF_STOP, "stop", 1);
    pack_text(rpc, "Stop");
    msgpack_pack_uint64(&rpc->packer, stream);
    flush(rpc);
    return seq;
}

void serf_rpc_stop(struct serf_rpc *rpc, uint64_t stream)
{
    stop(rpc, stream);
}

void serf_rpc_watch(struct serf_rpc *rpc)
{
    rpc->watch = ask(rpc, SERF_STREAM, "stream", 1);
    pack_text(rpc, "Type");
    pack_text(rpc, "member-join,member-leave,member-failed,member-update,member-reap");
    flush(rpc);
}

void serf_rpc_members(struct serf_rpc *rpc)
{
    ask(rpc, SERF_MEMBERS, "members-filtered", 1);
    pack_text(rpc, "Status");
    pack_text(rpc, "alive");
    flush(rpc);
}

void serf_rpc_tag(struct serf_rpc *rpc, const char *key, const char *text)
{
    ask(rpc, SERF_TAGS, "tags", 1);
    if (text != NULL) {
        pack_text(rpc, "Tags");
        msgpack_pack_map(&rpc->packer, 1);
        pack_text(rpc, key);
        pack_text(rpc, text);
    } else {
        pack_text(rpc, "DeleteTags");
        msgpack_pack_array(&rpc->packer, 1);
        pack_text(rpc, key);
    }
    flush(rpc);
}

void serf_rpc_event(struct serf_rpc *rpc, const char *name, const void *payload, size_t len)
{
    ask(rpc, SERF_EVENT, "event", 3);
    pack_text(rpc, "Name");
    pack_text(rpc, name);
    pack_text(rpc, "Payload");
    msgpack_pack_bin_with_body(&rpc->packer, payload, len);
    pack_text(rpc, "Coalesce");
    msgpack_pack_false(&rpc->packer);
    flush(rpc);
}

void serf_rpc_probe(struct serf_rpc *rpc)
{
    rpc->probe_again = rpc->probe != 0;
    if (rpc->probe == 0) {
        rpc->probe = stop(rpc, 0);
    }
}

// --- Up: answers and events ----------------------------------------------------------------------

// Of a map with text keys; NULL when there is none of that kind.
static const msgpack_object *find(const msgpack_object *map, const char *key,
                                  msgpack_object_type type)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        const msgpack_object_str *name = &pair->key.via.str;
        if (pair->key.type == MSGPACK_OBJECT_STR && pair->val.type == type &&
            name->size == strlen(key) && memcmp(name->ptr, key, name->size) == 0) {
            return &pair->val;
        }
    }
    return NULL;
}

static void take_answer(struct serf_rpc *rpc, const char *error)
{
    struct question *question = STAILQ_FIRST(&rpc->questions);
    const struct serf_answer answer = {question->kind, question->seq, question->asked_ns, error};
    STAILQ_REMOVE_HEAD(&rpc->questions, entry);
    free(question);
    rpc->has_answered = true;
    if (STAILQ_EMPTY(&rpc->questions) && rpc->broken == NULL) {
        set_timer(rpc, rpc->heard_ms + rpc->config.patience_ms / 2);
    }
    if (answer.seq == rpc->probe) {
        rpc->probe = 0;
        if (rpc->probe_again) {
            serf_rpc_probe(rpc);
        }
    }
    rpc->config.ops->answered(rpc->config.context, &answer);
}

// The agent's words go into logs and JSON.
static void copy_words(char *words, size_t size, const msgpack_object_str *from)
{
    size_t len = from->size < size ? from->size : size - 1;
    memcpy(words, from->ptr, len);
    for (size_t i = 0; i < len; i++) {
        if (words[i] < ' ' || words[i] > '~') {
            words[i] = '?';
        }
    }
    words[len] = '\0';
}

static void fail_of_sense(struct serf_rpc *rpc)
{
    fail(rpc,
         rpc->has_answered ? "the agent sends what is no answer" : "what answers is no Serf agent");
}

// Records of a stream have the stream's number, and a second map unless there is an error.
static void take_header(struct serf_rpc *rpc, const msgpack_object *header)
{
    char words[WORDS_MAX];
    const msgpack_object *error = find(header, "Error", MSGPACK_OBJECT_STR);
    const msgpack_object *seq = find(header, "Seq", MSGPACK_OBJECT_POSITIVE_INTEGER);
    const struct question *asked = STAILQ_FIRST(&rpc->questions);
    if (error == NULL || seq == NULL) {
        fail_of_sense(rpc);
    } else if (asked != NULL && seq->via.u64 == asked->seq) {
        rpc->list_comes = asked->kind == SERF_MEMBERS && error->via.str.size == 0;
        if (rpc->list_comes) {
            return;
        }
        copy_words(words, sizeof words, &error->via.str);
        take_answer(rpc, words);
    } else if (seq->via.u64 % 2 == 1 && seq->via.u64 < rpc->seq + 2) {
        rpc->record_of = error->via.str.size == 0 ? seq->via.u64 : 0;
    } else {
        fail(rpc, "the agent answers what was not asked");
    }
}

static void tell_tags(struct serf_rpc *rpc, const msgpack_object_str *agent,
                      const msgpack_object_map *tags)
{
    for (uint32_t i = 0; i < tags->size; i++) {
        const msgpack_object *key = &tags->ptr[i].key, *text = &tags->ptr[i].val;
        if (key->type == MSGPACK_OBJECT_STR && text->type == MSGPACK_OBJECT_STR) {
            const struct serf_tag tag = {
                .agent = agent->ptr,
                .agent_len = agent->size,
                .key = key->via.str.ptr,
                .key_len = key->via.str.size,
                .text = text->via.str.ptr,
                .text_len = text->via.str.size,
            };
            rpc->config.ops->tag(rpc->config.context, &tag);
        }
    }
}

static bool tell_member(struct serf_rpc *rpc, const msgpack_object *member)
{
    if (member->type != MSGPACK_OBJECT_MAP) {
        return false;
    }
    const msgpack_object *name = find(member, "Name", MSGPACK_OBJECT_STR);
    const msgpack_object *tags = find(member, "Tags", MSGPACK_OBJECT_MAP);
    if (name != NULL && tags != NULL) {
        tell_tags(rpc, &name->via.str, &tags->via.map);
    }
    return name != NULL;
}

static void take_list(struct serf_rpc *rpc, const msgpack_object *answer)
{
    const msgpack_object *members = find(answer, "Members", MSGPACK_OBJECT_ARRAY);
    bool good = members != NULL;
    rpc->list_comes = false;
    for (uint32_t i = 0; good && i < members->via.array.size; i++) {
        good = tell_member(rpc, &members->via.array.ptr[i]);
    }
    if (good) {
        take_answer(rpc, "");
    } else {
        fail(rpc, "the agent sends what is no list of members");
    }
}

static void take_record(struct serf_rpc *rpc, const msgpack_object *record)
{
    if (rpc->record_of == rpc->watch) {
        rpc->record_of = 0;
        rpc->config.ops->changed(rpc->config.context);
        return;
    }
    struct serf_event event = {.stream = rpc->record_of};
    const msgpack_object *name = find(record, "Name", MSGPACK_OBJECT_STR);
    const msgpack_object *time = find(record, "LTime", MSGPACK_OBJECT_POSITIVE_INTEGER);
    const msgpack_object *payload = find(record, "Payload", MSGPACK_OBJECT_BIN);
    if (payload == NULL) {
        payload = find(record, "Payload", MSGPACK_OBJECT_STR); // as older agents write it
    }
    rpc->record_of = 0;
    if (name == NULL || time == NULL || payload == NULL) {
        fail(rpc, "the agent sends what is no user event");
        return;
    }
    event.name = name->via.str.ptr;
    event.name_len = name->via.str.size;
    event.time = time->via.u64;
    event.payload = payload->via.bin.ptr; // of a str it is in the same place
    event.len = payload->via.bin.size;
    rpc->config.ops->event(rpc->config.context, &event);
}

static void take_item(struct serf_rpc *rpc, const uint8_t *bytes, size_t len)
{
    msgpack_unpacked item;
    msgpack_unpacked_init(&item);
    if (msgpack_unpack_next(&item, (const char *)bytes, len, NULL) != MSGPACK_UNPACK_SUCCESS) {
        fail(rpc, "no memory");
    } else if (item.data.type != MSGPACK_OBJECT_MAP) {
        fail_of_sense(rpc);
    } else if (rpc->list_comes) {
        take_list(rpc, &item.data);
    } else if (rpc->record_of != 0) {
        take_record(rpc, &item.data);
    } else {
        take_header(rpc, &item.data);
    }
    msgpack_unpacked_destroy(&item);
}

static void take_items(struct serf_rpc *rpc)
{
    size_t at = 0, size = 0;
    enum msgpack_found found = MSGPACK_WHOLE;
    while (found == MSGPACK_WHOLE && !rpc->closing) {
        found = msgpack_scan(rpc->bytes + at, rpc->len - at, DEPTH_MAX, &size);
        if (found == MSGPACK_WHOLE) {
            take_item(rpc, rpc->bytes + at, size);
            at += size;
        }
    }
    rpc->len -= at;
    memmove(rpc->bytes, rpc->bytes + at, rpc->len);
    rpc->wanted = size;
    if (found == MSGPACK_BAD || (size > rpc->config.message_max && !rpc->has_answered)) {
        fail_of_sense(rpc);
    } else if (size > rpc->config.message_max) {
        char reason[REASON_MAX];
        snprintf(reason, sizeof reason, "the agent sends a message of over %zu KiB",
                 rpc->config.message_max / 1024);
        fail(rpc, reason);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct serf_rpc *rpc = handle->data;
    (void)suggested;
    *buffer =
        uv_buf_init((char *)rpc->bytes + rpc->len, (unsigned)(rpc->config.message_max - rpc->len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct serf_rpc *rpc = stream->data;
    (void)buffer;
    if (count < 0) {
        fail(rpc, rpc->has_answered ? "the connection to the agent is lost"
                                    : "the connection was closed before an answer came");
        return;
    }
    rpc->heard_ms = uv_now(rpc->config.loop);
    rpc->len += (size_t)count;
    if (rpc->len >= rpc->wanted) {
        take_items(rpc);
    }
}

// --- The beginning -------------------------------------------------------------------------------

static void on_connect(uv_connect_t *connect, int status)
{
    struct serf_rpc *rpc = connect->data;
    if (status == UV_ECANCELED) {
        return;
    }
    if (status < 0) {
        give_up_address(rpc, status);
        return;
    }
    rpc->connected = true;
    rpc->heard_ms = uv_now(rpc->config.loop);
    set_timer(rpc, rpc->heard_ms + rpc->config.patience_ms / 2);
    uv_read_start((uv_stream_t *)&rpc->tcp, on_alloc, on_read);
    rpc->config.ops->connected(rpc->config.context);
}

static void try_next_address(struct serf_rpc *rpc)
{
    const struct addrinfo *address = rpc->address;
    if (address == NULL) {
        fail(rpc,
             rpc->connect_error == UV_ETIMEDOUT ? "no answer" : uv_strerror(rpc->connect_error));
        return;
    }
    rpc->address = address->ai_next;
    uv_tcp_init(rpc->config.loop, &rpc->tcp);
    rpc->tcp_open = true;
    rpc->parts++;
    uv_tcp_nodelay(&rpc->tcp, 1);
    uv_update_time(rpc->config.loop);
    set_timer(rpc, uv_now(rpc->config.loop) + rpc->config.patience_ms);
    int error = uv_tcp_connect(&rpc->connect, &rpc->tcp, address->ai_addr, on_connect);
    if (error != 0) {
        give_up_address(rpc, error);
    }
}

static void on_attempt_closed(uv_handle_t *handle)
{
    struct serf_rpc *rpc = handle->data;
    if (!rpc->closing) {
        try_next_address(rpc);
    }
    part_has_ended(rpc);
}

static void give_up_address(struct serf_rpc *rpc, int error)
{
    rpc->connect_error = error;
    rpc->tcp_open = false;
    uv_timer_stop(&rpc->timer);
    uv_close((uv_handle_t *)&rpc->tcp, on_attempt_closed);
}

static void on_lookup_done(uv_async_t *async)
{
    struct serf_rpc *rpc = async->data;
    char reason[REASON_MAX];
    if (rpc->lookup == NULL) {
        return;
    }
    int error = serf_lookup_take(rpc->lookup, &rpc->found);
    rpc->lookup = NULL;
    rpc->address = rpc->found;
    if (error == EAI_NONAME) {
        fail(rpc, "host not found");
    } else if (error != 0) {
        snprintf(reason, sizeof reason, "the name lookup failed: %s", gai_strerror(error));
        fail(rpc, reason);
    } else {
        try_next_address(rpc);
    }
}

static bool is_numeric(struct serf_rpc *rpc)
{
    const char *host = rpc->config.host;
    struct sockaddr_storage *address = &rpc->numeric_address;
    rpc->numeric.ai_addr = (struct sockaddr *)address;
    return uv_ip4_addr(host, rpc->config.port, (struct sockaddr_in *)address) == 0 ||
           uv_ip6_addr(host, rpc->config.port, (struct sockaddr_in6 *)address) == 0;
}

static void find_address(struct serf_rpc *rpc)
{
    if (is_numeric(rpc)) {
        rpc->address = &rpc->numeric;
        try_next_address(rpc);
        return;
    }
    rpc->lookup = serf_lookup_start(rpc->config.host, rpc->config.port, &rpc->lookup_done);
    if (rpc->lookup == NULL) {
        fail_soon(rpc, "no memory, or no thread");
    }
}

// libuv writes to connections that the other side has closed, which ends a process by default.
static void survive_writing(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        signal(SIGPIPE, SIG_IGN);
    }
}

struct serf_rpc *serf_rpc_open(const struct serf_rpc_config *config)
{
    struct serf_rpc *rpc = calloc(1, sizeof *rpc + config->message_max);
    if (rpc == NULL || uv_async_init(config->loop, &rpc->lookup_done, on_lookup_done) != 0) {
        free(rpc);
        return NULL;
    }
    survive_writing();
    rpc->config = *config;
    STAILQ_INIT(&rpc->questions);
    msgpack_sbuffer_init(&rpc->unsent);
    msgpack_sbuffer_init(&rpc->flying);
    msgpack_packer_init(&rpc->packer, rpc, write_bytes);
    rpc->lookup_done.data = rpc->tcp.data = rpc->connect.data = rpc->timer.data = rpc;
    rpc->write.data = rpc;
    uv_timer_init(config->loop, &rpc->timer);
    rpc->parts = 2;
    find_address(rpc);
    return rpc;
}
