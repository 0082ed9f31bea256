// SPDX-License-Identifier: MIT
// A few bytes of MQTT: what a broker answers that is older, stricter or ruder than mosquitto.
#include "fake_broker.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    uv_tcp_t tcp; // first
    struct fake_broker *broker;
    int version;
    size_t len;
    unsigned char bytes[8192];
};

static void on_peer_closed(uv_handle_t *handle)
{
    free(handle);
}

static void drop(struct peer *peer)
{
    if (!uv_is_closing((uv_handle_t *)&peer->tcp)) {
        if (peer->broker->last == &peer->tcp) {
            peer->broker->last = NULL;
        }
        uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
    }
}

static void answer(struct peer *peer, const unsigned char *bytes, size_t len)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)len);
    if (len == 0 || uv_try_write((uv_stream_t *)&peer->tcp, &buffer, 1) != (int)len) {
        drop(peer);
    }
}

static void on_connect(struct peer *peer, const unsigned char *body)
{
    struct fake_broker *broker = peer->broker;
    int number = broker->connections++ % FAKE_CONNECTIONS_MAX;
    peer->version = broker->versions[number] = body[6]; // after "MQTT" and its length
    ck_assert_msg((body[7] & 2) != 0, "not a clean start");
    broker->keepalives[number] = body[8] << 8 | body[9];
    if (peer->version == 5) {
        answer(peer, broker->connack5, broker->connack5_len);
    } else {
        answer(peer, broker->connack4, broker->connack4_len);
    }
}

static void on_packet(struct peer *peer, unsigned char type, const unsigned char *body)
{
    struct fake_broker *broker = peer->broker;
    bool v5 = peer->version == 5;
    unsigned char suback = (unsigned char)broker->suback, puback = (unsigned char)broker->puback;
    switch (type >> 4) {
    case 1:
        on_connect(peer, body);
        break;
    case 3: { // PUBLISH
        const unsigned char *id = body + 2 + (body[0] << 8 | body[1]);
        answer(peer, (unsigned char[]){0x40, v5 ? 3 : 2, id[0], id[1], puback}, v5 ? 5 : 4);
        break;
    }
    case 8: // SUBSCRIBE
        if (v5) {
            answer(peer, (unsigned char[]){0x90, 4, body[0], body[1], 0, suback}, 6);
        } else {
            answer(peer, (unsigned char[]){0x90, 3, body[0], body[1], suback}, 5);
        }
        break;
    case 10: // UNSUBSCRIBE
        answer(peer, (unsigned char[]){0xb0, v5 ? 4 : 2, body[0], body[1], 0, 0x11}, v5 ? 6 : 4);
        break;
    case 12: // PINGREQ
        answer(peer, (unsigned char[]){0xd0, 0}, 2);
        break;
    case 14: // DISCONNECT
        broker->disconnected = true;
        drop(peer);
        break;
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct peer *peer = (struct peer *)stream;
    (void)buffer;
    if (count < 0) {
        drop(peer);
        return;
    }
    peer->len += (size_t)count;
    while (peer->len >= 2) {
        size_t header = peer->bytes[1] < 0x80 ? 2 : 3;
        size_t body = peer->bytes[1] & 0x7f;
        body += header == 3 ? (size_t)peer->bytes[2] << 7 : 0;
        if (peer->len < header + body || uv_is_closing((uv_handle_t *)stream)) {
            break;
        }
        on_packet(peer, peer->bytes[0], peer->bytes + header);
        peer->len -= header + body;
        memmove(peer->bytes, peer->bytes + header + body, peer->len);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct peer *peer = (struct peer *)handle;
    (void)suggested;
    *buffer =
        uv_buf_init((char *)peer->bytes + peer->len, (unsigned)(sizeof peer->bytes - peer->len));
}

static void on_accept(uv_stream_t *server, int status)
{
    struct peer *peer = calloc(1, sizeof *peer);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(peer);
    peer->broker = server->data;
    uv_tcp_init(server->loop, &peer->tcp);
    ck_assert_int_eq(uv_accept(server, (uv_stream_t *)&peer->tcp), 0);
    uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_read);
    peer->broker->last = &peer->tcp;
}

void fake_broker_start(struct fake_broker *broker, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof address;
    *broker = (struct fake_broker){.connack5 = {0x20, 3, 0, 0, 0},
                                   .connack5_len = 5,
                                   .connack4 = {0x20, 2, 0, 0},
                                   .connack4_len = 4};
    uv_tcp_init(loop, &broker->server);
    broker->server.data = broker;
    uv_ip4_addr("127.0.0.1", 0, &address);
    ck_assert_int_eq(uv_tcp_bind(&broker->server, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&broker->server, 8, on_accept), 0);
    uv_tcp_getsockname(&broker->server, (struct sockaddr *)&address, &size);
    broker->port = ntohs(address.sin_port);
}

void fake_broker_send(struct fake_broker *broker, const unsigned char *bytes, size_t len)
{
    answer((struct peer *)broker->last, bytes, len);
}

void fake_broker_drop(struct fake_broker *broker)
{
    if (broker->last != NULL) {
        drop((struct peer *)broker->last);
    }
}

void fake_broker_stop(struct fake_broker *broker)
{
    fake_broker_drop(broker);
    uv_close((uv_handle_t *)&broker->server, NULL);
}
