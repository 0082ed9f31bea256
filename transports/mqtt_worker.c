// SPDX-License-Identifier: MIT
// The thread beside the loop, and what passes between the two.
//
// Three kinds of threads meet here: the loop asks, the worker calls the library, and the library's
// own threads tell. They share the lists under `lock`, which nobody holds while calling the
// library, because its callbacks take it. A request goes requests -> in_flight -> news, and is then
// the loop's, with its outcome; so an outcome never needs memory.
#include "mqtt_worker.h"
#include "mqtt_paho.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum {
    PUBLISHES_MAX = 256,             // that wait for their turn
    MESSAGES_MAX = 4096,             // that wait for the loop
    MESSAGE_BYTES_MAX = 4096 * 1024, // and their bytes
    WINDOW = 16, // unconfirmed requests. Where the broker's limit is lower than ours, the library
                 // stops sending, and goes on after up to a second only.
};

enum phase { IDLE, CONNECTING, CONNECTED, BROKEN };

struct mqtt_worker {
    pthread_t thread;
    struct mqtt_broker broker;
    struct mqtt_paho paho; // of the thread alone

    pthread_mutex_t lock; // guards the rest
    pthread_cond_t changed;
    struct uv_async_s *wake;
    enum phase phase;
    unsigned asked;      // the generation that the loop is at,
    unsigned generation; // and the thread
    size_t window;
    size_t unconfirmed; // in in_flight
    size_t publishes;   // in requests
    size_t messages;    // in news
    size_t message_bytes;
    uint64_t overrun;
    struct mqtt_items requests;
    struct mqtt_items in_flight;
    struct mqtt_items news;
    struct mqtt_item *connect; // from its turn until its outcome is told
    struct mqtt_item *lost;    // kept ready for the connection's end
    int64_t end_by_ns;         // CLOCK_MONOTONIC; 0: nobody has asked for the end
    bool ended;
    bool abandoned;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t mqtt_now_ns(void)
{
    return clock_ns(CLOCK_BOOTTIME);
}

// --- Items and lists; the lock is held ---------------------------------------------------------

// Has room for `len` bytes, and copies them unless `bytes` is NULL.
static struct mqtt_item *item_new(struct mqtt_worker *worker, enum mqtt_kind kind, const char *text,
                                  const void *bytes, size_t len)
{
    size_t text_size = strlen(text) + 1;
    struct mqtt_item *item = calloc(1, sizeof *item + text_size + len);
    if (item == NULL) {
        return NULL;
    }
    item->worker = worker;
    item->kind = kind;
    item->text = (char *)(item + 1);
    item->bytes = (unsigned char *)item->text + text_size;
    item->len = len;
    memcpy(item->text, text, text_size);
    if (bytes != NULL) {
        memcpy(item->bytes, bytes, len);
    }
    return item;
}

static void free_all(struct mqtt_items *items)
{
    struct mqtt_item *item;
    while ((item = TAILQ_FIRST(items)) != NULL) {
        TAILQ_REMOVE(items, item, entry);
        free(item);
    }
}

static struct mqtt_item *remove_oldest(struct mqtt_items *items, enum mqtt_kind kind)
{
    struct mqtt_item *item = TAILQ_FIRST(items);
    while (item != NULL && item->kind != kind) {
        item = TAILQ_NEXT(item, entry);
    }
    if (item != NULL) {
        TAILQ_REMOVE(items, item, entry);
    }
    return item;
}

static void post(struct mqtt_worker *worker, struct mqtt_item *item)
{
    TAILQ_INSERT_TAIL(&worker->news, item, entry);
    if (!worker->abandoned) {
        uv_async_send(worker->wake);
    }
}

// A loop that does not come loses the oldest messages, and never anything else.
static void make_room(struct mqtt_worker *worker, size_t len)
{
    while (worker->messages >= MESSAGES_MAX ||
           (worker->messages > 0 && worker->message_bytes + len > MESSAGE_BYTES_MAX)) {
        struct mqtt_item *item = remove_oldest(&worker->news, MQTT_MESSAGE);
        worker->messages--;
        worker->message_bytes -= item->len;
        worker->overrun++;
        free(item);
    }
}

// --- What the library tells --------------------------------------------------------------------
// It tells of a connection's end several times, and in several ways; `phase` lets one through.

void mqtt_worker_connected(struct mqtt_worker *worker, int keepalive_s, int receive_max)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->phase == CONNECTING) {
        worker->phase = CONNECTED;
        worker->window = receive_max > 0 && receive_max < WINDOW ? (size_t)receive_max : WINDOW;
        worker->connect->keepalive_s = keepalive_s;
        post(worker, worker->connect);
        worker->connect = NULL;
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_tls_failed(struct mqtt_worker *worker, const char *reason, int len)
{
    pthread_mutex_lock(&worker->lock);
    struct mqtt_item *item = worker->connect;
    if (item != NULL && item->text[0] == '\0') { // the first reason is the cause of the others
        snprintf(item->text, MQTT_REASON_MAX, "TLS: %.*s", len, reason);
    }
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_connect_failed(struct mqtt_worker *worker, int code)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->phase == CONNECTING) {
        worker->phase = BROKEN;
        worker->connect->code = code;
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_lost(struct mqtt_worker *worker, int code)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->phase == CONNECTED) {
        worker->phase = BROKEN;
        worker->lost->code = code;
        post(worker, worker->lost);
        worker->lost = NULL;
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_completed(struct mqtt_item *item, int code)
{
    struct mqtt_worker *worker = item->worker;
    pthread_mutex_lock(&worker->lock);
    TAILQ_REMOVE(&worker->in_flight, item, entry);
    worker->unconfirmed--;
    item->code = code;
    post(worker, item);
    if (worker->end_by_ns != 0 || !TAILQ_EMPTY(&worker->requests)) {
        pthread_cond_signal(&worker->changed); // else there is nothing to do for it
    }
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_arrived(struct mqtt_worker *worker, const char *topic, const void *bytes,
                         size_t len, bool retained)
{
    struct mqtt_item *item =
        len <= MQTT_MESSAGE_MAX ? item_new(worker, MQTT_MESSAGE, topic, bytes, len) : NULL;
    pthread_mutex_lock(&worker->lock);
    if (item == NULL) {
        worker->overrun++;
    } else {
        make_room(worker, len);
        item->generation = worker->generation;
        item->retain = retained;
        worker->messages++;
        worker->message_bytes += len;
        post(worker, item);
    }
    pthread_mutex_unlock(&worker->lock);
}

// --- The thread; it holds the lock but for the work --------------------------------------------

// The next request whose turn it is. The requests of a connection that has ended stand before the
// one to connect anew, and are forgotten here: that is why nothing stale is ever sent.
static struct mqtt_item *next_request(struct mqtt_worker *worker)
{
    struct mqtt_item *item;
    while ((item = TAILQ_FIRST(&worker->requests)) != NULL) {
        bool connected = worker->phase == CONNECTED;
        if (connected && worker->unconfirmed >= worker->window) {
            return NULL;
        }
        TAILQ_REMOVE(&worker->requests, item, entry);
        worker->publishes -= item->kind == MQTT_PUBLISH;
        if (connected || item->kind == MQTT_CONNECT) {
            return item;
        }
        free(item);
    }
    return NULL;
}

static bool is_ending(struct mqtt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool ending = worker->end_by_ns != 0;
    pthread_mutex_unlock(&worker->lock);
    return ending;
}

static void run_connect(struct mqtt_worker *worker, struct mqtt_item *item)
{
    worker->phase = CONNECTING;
    worker->generation = item->generation;
    worker->connect = item;
    pthread_mutex_unlock(&worker->lock);
    bool resolved = mqtt_paho_resolve(&worker->paho, item);
    if (!is_ending(worker) && !(resolved && mqtt_paho_open(&worker->paho, item))) {
        mqtt_worker_connect_failed(worker, -1);
    }
    pthread_mutex_lock(&worker->lock);
}

static void run(struct mqtt_worker *worker, struct mqtt_item *item)
{
    if (item->kind == MQTT_CONNECT) {
        run_connect(worker, item);
        return;
    }
    TAILQ_INSERT_TAIL(&worker->in_flight, item, entry);
    worker->unconfirmed++;
    pthread_mutex_unlock(&worker->lock);
    mqtt_paho_submit(&worker->paho, item);
    pthread_mutex_lock(&worker->lock);
}

// A handle that has failed is done with: connecting anew on it would cost a second.
static void clean_up(struct mqtt_worker *worker)
{
    struct mqtt_item *failed = worker->connect;
    pthread_mutex_unlock(&worker->lock);
    mqtt_paho_close(&worker->paho);
    if (failed != NULL && !is_ending(worker)) {
        mqtt_paho_explain(&worker->paho, failed);
    }
    pthread_mutex_lock(&worker->lock);
    free_all(&worker->in_flight);
    worker->unconfirmed = 0;
    worker->phase = IDLE;
    worker->connect = NULL;
    if (failed != NULL) {
        post(worker, failed);
    }
}

static bool is_over(const struct mqtt_worker *worker)
{
    bool busy =
        worker->phase == CONNECTED && (worker->unconfirmed > 0 || !TAILQ_EMPTY(&worker->requests));
    return worker->end_by_ns != 0 && !(busy && clock_ns(CLOCK_MONOTONIC) < worker->end_by_ns);
}

static void wait_for_change(struct mqtt_worker *worker)
{
    if (worker->end_by_ns == 0) {
        pthread_cond_wait(&worker->changed, &worker->lock);
        return;
    }
    const struct timespec end_by = {.tv_sec = worker->end_by_ns / 1000000000,
                                    .tv_nsec = worker->end_by_ns % 1000000000};
    pthread_cond_timedwait(&worker->changed, &worker->lock, &end_by);
}

static void dispose(struct mqtt_worker *worker)
{
    free_all(&worker->requests);
    free_all(&worker->in_flight);
    free_all(&worker->news);
    free(worker->connect);
    free(worker->lost);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free((char *)worker->broker.host);
    free((char *)worker->broker.client_id);
    free((char *)worker->broker.user);
    free((char *)worker->broker.password);
    free((char *)worker->broker.will);
    free(worker);
}

static void *work(void *context)
{
    struct mqtt_worker *worker = context;
    pthread_mutex_lock(&worker->lock);
    while (!is_over(worker)) {
        struct mqtt_item *item;
        if (worker->phase == BROKEN) {
            clean_up(worker);
        } else if ((item = next_request(worker)) != NULL) {
            run(worker, item);
        } else {
            wait_for_change(worker);
        }
    }
    pthread_mutex_unlock(&worker->lock);
    mqtt_paho_close(&worker->paho);
    pthread_mutex_lock(&worker->lock);
    worker->ended = true;
    bool abandoned = worker->abandoned;
    if (!abandoned) {
        uv_async_send(worker->wake);
    }
    pthread_mutex_unlock(&worker->lock);
    if (abandoned) {
        dispose(worker);
    }
    return NULL;
}

// --- What the loop calls -----------------------------------------------------------------------

static bool copy_string(const char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *copy != NULL;
}

static bool copy_broker(struct mqtt_broker *copy, const struct mqtt_broker *broker)
{
    copy->port = broker->port;
    copy->tls = broker->tls;
    return copy_string(&copy->host, broker->host) &&
           copy_string(&copy->client_id, broker->client_id) &&
           copy_string(&copy->user, broker->user) &&
           copy_string(&copy->password, broker->password) && copy_string(&copy->will, broker->will);
}

// Signals stay with the program's threads; the library's threads inherit that from the worker.
static bool start_thread(struct mqtt_worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        pthread_setname_np(worker->thread, "actor-mqtt");
    }
    return error == 0;
}

static void init_lock(struct mqtt_worker *worker)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct mqtt_worker *mqtt_worker_start(const struct mqtt_broker *broker, struct uv_async_s *wake)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mqtt_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return NULL;
    }
    pthread_once(&once, mqtt_paho_prepare);
    init_lock(worker);
    TAILQ_INIT(&worker->requests);
    TAILQ_INIT(&worker->in_flight);
    TAILQ_INIT(&worker->news);
    worker->wake = wake;
    worker->paho.worker = worker;
    worker->paho.broker = &worker->broker;
    if (!copy_broker(&worker->broker, broker) || !start_thread(worker)) {
        dispose(worker);
        return NULL;
    }
    return worker;
}

static void ask(struct mqtt_worker *worker, struct mqtt_item *item)
{
    item->generation = worker->asked;
    TAILQ_INSERT_TAIL(&worker->requests, item, entry);
    worker->publishes += item->kind == MQTT_PUBLISH;
}

unsigned mqtt_worker_connect(struct mqtt_worker *worker, enum mqtt_version version, int keepalive_s)
{
    // Its text has the room of its bytes.
    struct mqtt_item *item = item_new(worker, MQTT_CONNECT, "", NULL, MQTT_REASON_MAX);
    struct mqtt_item *lost = item_new(worker, MQTT_LOST, "", NULL, 0);
    if (item == NULL || lost == NULL) {
        free(item);
        free(lost);
        return 0;
    }
    item->version = version;
    item->keepalive_s = keepalive_s;
    pthread_mutex_lock(&worker->lock);
    worker->asked = worker->asked == UINT_MAX ? 1 : worker->asked + 1;
    unsigned generation = lost->generation = worker->asked;
    free(worker->lost);
    worker->lost = lost;
    ask(worker, item);
    pthread_mutex_unlock(&worker->lock);
    return generation;
}

void mqtt_worker_hang_up(struct mqtt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->phase == CONNECTED) {
        worker->phase = BROKEN;
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
}

static int ask_about(struct mqtt_worker *worker, enum mqtt_kind kind, const char *filter)
{
    struct mqtt_item *item = item_new(worker, kind, filter, NULL, 0);
    if (item == NULL) {
        return -ENOMEM;
    }
    pthread_mutex_lock(&worker->lock);
    ask(worker, item);
    pthread_mutex_unlock(&worker->lock);
    return 0;
}

int mqtt_worker_subscribe(struct mqtt_worker *worker, const char *filter)
{
    return ask_about(worker, MQTT_SUBSCRIBE, filter);
}

int mqtt_worker_unsubscribe(struct mqtt_worker *worker, const char *filter)
{
    return ask_about(worker, MQTT_UNSUBSCRIBE, filter);
}

int mqtt_worker_publish(struct mqtt_worker *worker, const char *topic, const void *bytes,
                        size_t len, bool retain, unsigned expiry_s)
{
    struct mqtt_item *dropped = NULL;
    struct mqtt_item *item = item_new(worker, MQTT_PUBLISH, topic, bytes, len);
    if (item == NULL) {
        return -ENOMEM;
    }
    item->retain = retain;
    item->expiry_s = expiry_s;
    pthread_mutex_lock(&worker->lock);
    if (worker->publishes >= PUBLISHES_MAX) {
        dropped = remove_oldest(&worker->requests, MQTT_PUBLISH);
        worker->publishes--;
    }
    ask(worker, item);
    pthread_mutex_unlock(&worker->lock);
    free(dropped);
    return dropped != NULL;
}

void mqtt_worker_go(struct mqtt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool asked = !TAILQ_EMPTY(&worker->requests);
    pthread_mutex_unlock(&worker->lock);
    if (asked) {
        pthread_cond_signal(&worker->changed); // without the lock, which it would wait for at once
    }
}

bool mqtt_worker_take(struct mqtt_worker *worker, struct mqtt_items *items, uint64_t *overrun)
{
    pthread_mutex_lock(&worker->lock);
    TAILQ_CONCAT(items, &worker->news, entry);
    worker->messages = 0;
    worker->message_bytes = 0;
    *overrun = worker->overrun;
    worker->overrun = 0;
    bool alive = !worker->ended;
    pthread_mutex_unlock(&worker->lock);
    return alive;
}

void mqtt_worker_end(struct mqtt_worker *worker, int64_t patience_ns)
{
    pthread_mutex_lock(&worker->lock);
    worker->end_by_ns = clock_ns(CLOCK_MONOTONIC) + patience_ns;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void mqtt_worker_free(struct mqtt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool ended = worker->ended;
    if (!ended) {
        worker->abandoned = true;
        pthread_detach(worker->thread);
    }
    pthread_mutex_unlock(&worker->lock);
    if (ended) {
        pthread_join(worker->thread, NULL);
        dispose(worker);
    }
}
