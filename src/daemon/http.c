// SPDX-License-Identifier: MIT
#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

// What others may make us spend: connections, memory of each, silence, bytes of a body that nobody
// reads, and how long it takes from one answer to the next.
enum {
    CONNECTIONS_MAX = 512,
    CONNECTION_BYTES = 16384,
    SILENCE_MAX_S = 30,
    BODY_MAX_BYTES = 65536,
    UNANSWERED_MAX_MS = 60000,
    LOOK_MS = 5000,
    BACKLOG = 128,
    PLACE_MAX = 256,
};

struct connection {
    struct connection *next;
    int fd;
    uint64_t answered_ms; // or began
    size_t body_bytes;    // of the present request
};

struct http {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    struct connection *connections;
    http_answer_fn *answer;
    void *context;
};

struct http_request {
    struct MHD_Connection *connection;
};

// --- Requests ------------------------------------------------------------------------------------

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static struct connection *connection_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   const struct http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(answer->body), (void *)answer->body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (answer->allow != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    }
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

// Called once when the headers are there, then with each part of a body, then to answer. A body is
// read, so that the connection can go on, but not for long.
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_len, void **begun)
{
    struct http *http = context;
    struct connection *ours = connection_of(connection);
    struct http_request request = {connection};
    struct http_answer answer = {.status = MHD_HTTP_OK};
    (void)version;
    (void)body;
    if (ours == NULL) {
        return MHD_NO;
    }
    if (*begun == NULL) {
        *begun = http;
        ours->body_bytes = 0;
        return MHD_YES;
    }
    if (*body_len > 0) {
        ours->body_bytes += *body_len;
        *body_len = 0;
        return ours->body_bytes <= BODY_MAX_BYTES ? MHD_YES : MHD_NO;
    }
    http->answer(http->context, &request, method, path, &answer);
    return send_answer(connection, &answer);
}

static void on_answered(void *context, struct MHD_Connection *connection, void **begun,
                        enum MHD_RequestTerminationCode how)
{
    struct http *http = context;
    struct connection *ours = connection_of(connection);
    (void)begun;
    (void)how;
    if (ours != NULL) {
        ours->answered_ms = uv_now(http->timer.loop);
    }
}

// --- Connections ---------------------------------------------------------------------------------

static void remember(struct http *http, struct MHD_Connection *connection, void **socket_context)
{
    struct connection *ours = malloc(sizeof *ours);
    if (ours != NULL) {
        *ours = (struct connection){
            .next = http->connections,
            .fd =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            .answered_ms = uv_now(http->timer.loop),
        };
        http->connections = ours;
    }
    *socket_context = ours;
}

static void forget(struct http *http, struct connection *ours)
{
    struct connection **at = &http->connections;
    while (*at != NULL && *at != ours) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = ours->next;
        free(ours);
    }
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        remember(http, connection, socket_context);
    } else {
        forget(http, *socket_context);
        *socket_context = NULL;
    }
}

// Who sends a byte now and then is never silent, and never answered.
static void end_slow_ones(const struct http *http)
{
    uint64_t now_ms = uv_now(http->timer.loop);
    for (struct connection *one = http->connections; one != NULL; one = one->next) {
        if (now_ms - one->answered_ms > UNANSWERED_MAX_MS) {
            shutdown(one->fd, SHUT_RDWR);
        }
    }
}

// --- The loop ------------------------------------------------------------------------------------

static void run(struct http *http);

static void on_timer(uv_timer_t *timer)
{
    struct http *http = timer->data;
    end_slow_ones(http);
    run(http);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = LOOK_MS;
    MHD_run(http->daemon);
    bool waits = MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES;
    if (http->connections != NULL && (!waits || wait_ms > LOOK_MS)) {
        wait_ms = LOOK_MS;
        waits = true;
    }
    if (waits) {
        uv_timer_start(&http->timer, on_timer, wait_ms, 0);
    } else {
        uv_timer_stop(&http->timer);
    }
}

// --- Opening and closing -------------------------------------------------------------------------

static bool split_place(const char *place, char host[PLACE_MAX], char port[PLACE_MAX])
{
    const char *colon = strrchr(place, ':');
    if (colon == NULL || colon == place || colon[1] == '\0' ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return false;
    }
    size_t len = (size_t)(colon - place);
    if (place[0] == '[' && place[len - 1] == ']') {
        place++;
        len -= 2;
    }
    memcpy(host, place, len);
    host[len] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    long number = strtol(port, NULL, 10);
    return len > 0 && strlen(port) <= 5 && number > 0 && number <= 65535;
}

static int listen_on(const struct addrinfo *found)
{
    const int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int open_socket(const char *place, char *why, size_t why_size)
{
    char host[PLACE_MAX], port[PLACE_MAX];
    struct addrinfo *found = NULL;
    if (strlen(place) >= PLACE_MAX || !split_place(place, host, port)) {
        snprintf(why, why_size, "must be HOST:PORT or [ADDRESS]:PORT, with a port of 1 to 65535");
        return -EINVAL;
    }
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int error = getaddrinfo(host, port, &wanted, &found);
    if (error != 0) {
        snprintf(why, why_size, "there is no address %s: %s", host, gai_strerror(error));
        return -EIO;
    }
    int fd = listen_on(found);
    if (fd < 0) {
        snprintf(why, why_size, "cannot listen there: %s", strerror(errno));
    }
    freeaddrinfo(found);
    return fd < 0 ? -EIO : fd;
}

// It would write to standard error of what is no news here: clients that go away.
static void ignore_line(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

// It closes the socket when it stops.
static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http,
                            MHD_OPTION_EXTERNAL_LOGGER, ignore_line, NULL, MHD_OPTION_LISTEN_SOCKET,
                            fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_MAX_S,
                            MHD_OPTION_NOTIFY_COMPLETED, on_answered, http,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
}

static void watch(struct http *http, uv_loop_t *loop)
{
    int fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_timer_init(loop, &http->timer);
    uv_poll_init(loop, &http->poll, fd);
    http->timer.data = http->poll.data = http;
    http->open_handles = 2;
    uv_poll_start(&http->poll, UV_READABLE, on_readable);
}

int http_open(struct http **result, uv_loop_t *loop, const char *place, http_answer_fn *answer,
              void *context, char *why, size_t why_size)
{
    int fd = open_socket(place, why, why_size);
    if (fd < 0) {
        return fd;
    }
    struct http *http = calloc(1, sizeof *http);
    if (http != NULL) {
        http->answer = answer;
        http->context = context;
        http->daemon = start_daemon(http, fd);
    }
    if (http == NULL || http->daemon == NULL) {
        snprintf(why, why_size, "the HTTP server does not start: %s", strerror(errno));
        free(http);
        close(fd);
        return -EIO;
    }
    watch(http, loop);
    *result = http;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http *http = handle->data;
    if (--http->open_handles == 0) {
        free(http);
    }
}

void http_close(struct http *http)
{
    if (http != NULL) {
        uv_close((uv_handle_t *)&http->timer, on_handle_closed);
        uv_close((uv_handle_t *)&http->poll, on_handle_closed);
        MHD_stop_daemon(http->daemon);
    }
}
