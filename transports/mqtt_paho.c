// SPDX-License-Identifier: MIT
// The calls of the Paho library (MQTTAsync), and its peculiarities.
#include "mqtt_paho.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_S = 3, // the library looks every 3 s
    PROBE_TIMEOUT_MS = 1000,
    RECEIVE_MAX = 65535, // unless the broker says less
};

// Around the making and ending of handles: the library starts its threads with the first and stops
// them with the last, and is not safe against the one during the other.
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

// --- What the library calls --------------------------------------------------------------------

static int property(MQTTProperties *properties, enum MQTTPropertyCodes code, int otherwise)
{
    return MQTTProperties_hasProperty(properties, code)
               ? MQTTProperties_getNumericValue(properties, code)
               : otherwise;
}

static void on_connected5(void *context, MQTTAsync_successData5 *data)
{
    MQTTProperties *properties = &data->properties;
    mqtt_worker_connected(context, property(properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE, 0),
                          property(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, RECEIVE_MAX));
}

static void on_connected3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    mqtt_worker_connected(context, 0, RECEIVE_MAX);
}

// The broker's reason is in `code` here, not in `reasonCode`.
static void on_connect_failed5(void *context, MQTTAsync_failureData5 *data)
{
    mqtt_worker_connect_failed(context, data->code);
}

static void on_connect_failed3(void *context, MQTTAsync_failureData *data)
{
    mqtt_worker_connect_failed(context, data->code);
}

static void on_lost(void *context, char *cause)
{
    (void)cause; // never set
    mqtt_worker_lost(context, MQTTASYNC_DISCONNECTED);
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    mqtt_worker_lost(context, (int)reason);
}

static void on_done5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    mqtt_worker_completed(context, 0);
}

static void on_done3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    mqtt_worker_completed(context, 0);
}

static void on_refused5(void *context, MQTTAsync_failureData5 *data)
{
    mqtt_worker_completed(context, data->code != 0 ? data->code : (int)data->reasonCode);
}

static void on_refused3(void *context, MQTTAsync_failureData *data)
{
    mqtt_worker_completed(context, data->code);
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    // A topic with a NUL in it is none of ours.
    if (topic_len == 0 || strlen(topic) == (size_t)topic_len) {
        mqtt_worker_arrived(context, topic, message->payload, (size_t)message->payloadlen,
                            message->retained != 0);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1; // it is dealt with
}

// `line` is "thread:error:number:library:function:reason:file:line:data".
static int on_tls_error(const char *line, size_t len, void *context)
{
    (void)len;
    for (int field = 0; field < 5 && line != NULL; field++) {
        line = strchr(line, ':');
        line = line != NULL ? line + 1 : NULL;
    }
    if (line != NULL) {
        mqtt_worker_tls_failed(context, line, (int)strcspn(line, ":\n"));
    }
    return 1; // go on
}

// --- Connecting --------------------------------------------------------------------------------

void mqtt_paho_prepare(void)
{
    // The library takes plain connections through HTTP proxies that the environment names.
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"};
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        unsetenv(proxies[i]);
    }
    signal(SIGPIPE, SIG_IGN); // it writes to connections that have ended
    options.do_openssl_init = 1;
    MQTTAsync_global_init(&options);
    // Else its threads note each call that they make, the last ones while the notes are being
    // freed.
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
}

// The library looks the name up again, but it holds a lock of all its users meanwhile: a lookup
// that takes long or fails had better do so here.
bool mqtt_paho_resolve(struct mqtt_paho *paho, struct mqtt_item *item)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    const struct mqtt_broker *broker = paho->broker;
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)(uint16_t)broker->port);
    int error = getaddrinfo(broker->host, port, &hints, &found);
    if (error == EAI_NONAME) {
        snprintf(item->text, MQTT_REASON_MAX, "host not found: %s", broker->host);
    } else if (error != 0) {
        snprintf(item->text, MQTT_REASON_MAX, "the name lookup of %s failed: %s", broker->host,
                 gai_strerror(error));
    }
    if (error != 0) {
        return false;
    }
    const struct addrinfo *choice = found; // as the library chooses
    while (choice->ai_family != AF_INET && choice->ai_next != NULL) {
        choice = choice->ai_next;
    }
    memcpy(&paho->address, choice->ai_addr, choice->ai_addrlen);
    paho->address_len = choice->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

// The system's trust store is the library's default, and TLS 1.2 the least that OpenSSL 3 speaks.
static MQTTAsync_SSLOptions tls_options(struct mqtt_worker *worker)
{
    MQTTAsync_SSLOptions options = MQTTAsync_SSLOptions_initializer;
    options.verify = 1; // the host's name, too
    options.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
    options.ssl_error_cb = on_tls_error;
    options.ssl_error_context = worker;
    return options;
}

static MQTTAsync_connectOptions connect_options(enum mqtt_version version)
{
    if (version == MQTT_5) {
        MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
        options.onSuccess5 = on_connected5;
        options.onFailure5 = on_connect_failed5;
        return options;
    }
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1; // by default it would try 3.1 as well
    options.onSuccess = on_connected3;
    options.onFailure = on_connect_failed3;
    return options;
}

static int begin_to_connect(struct mqtt_paho *paho, const struct mqtt_item *item)
{
    MQTTAsync_connectOptions options = connect_options(item->version);
    MQTTAsync_SSLOptions tls = tls_options(paho->worker);
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty packet_max = {.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE,
                               .value.integer4 = MQTT_MESSAGE_MAX};
    if (item->version == MQTT_5) {
        MQTTProperties_add(&properties, &packet_max);
        options.connectProperties = &properties;
    }
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = paho->broker->will;
    will.message = "";
    will.retained = 1;
    will.qos = 1;
    options.will = &will;
    options.context = paho->worker;
    options.keepAliveInterval = item->keepalive_s;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.username = paho->broker->user;
    options.password = paho->broker->password;
    options.ssl = paho->broker->tls ? &tls : NULL;
    int rc = MQTTAsync_connect(paho->handle, &options);
    MQTTProperties_free(&properties);
    return rc;
}

static int make_handle(struct mqtt_paho *paho)
{
    const struct mqtt_broker *broker = paho->broker;
    bool bare_ipv6 = strchr(broker->host, ':') != NULL;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char uri[512];
    int len = snprintf(uri, sizeof uri, bare_ipv6 ? "%s://[%s]:%d" : "%s://%s:%d",
                       broker->tls ? "ssl" : "tcp", broker->host, broker->port);
    if (len < 0 || (size_t)len >= sizeof uri) {
        return MQTTASYNC_FAILURE;
    }
    options.MQTTVersion = (int)paho->version;
    options.sendWhileDisconnected = 0;
    return MQTTAsync_createWithOptions(&paho->handle, uri, broker->client_id,
                                       MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
}

bool mqtt_paho_open(struct mqtt_paho *paho, struct mqtt_item *item)
{
    paho->version = item->version;
    item->sent_ns = mqtt_now_ns();
    pthread_mutex_lock(&library);
    int rc = make_handle(paho);
    if (rc == MQTTASYNC_SUCCESS) {
        MQTTAsync_setCallbacks(paho->handle, paho->worker, on_lost, on_message, NULL);
        MQTTAsync_setDisconnected(paho->handle, paho->worker, on_disconnected);
        rc = begin_to_connect(paho, item);
    }
    pthread_mutex_unlock(&library);
    if (rc != MQTTASYNC_SUCCESS) {
        snprintf(item->text, MQTT_REASON_MAX, "%s", MQTTAsync_strerror(rc));
    }
    return rc == MQTTASYNC_SUCCESS;
}

void mqtt_paho_close(struct mqtt_paho *paho)
{
    if (paho->handle != NULL) {
        pthread_mutex_lock(&library);
        MQTTAsync_destroy(&paho->handle);
        pthread_mutex_unlock(&library);
    }
}

// --- Why it did not connect --------------------------------------------------------------------

// Asks the system what the library does not tell: 0 (one can connect) or an errno.
static int probe(const struct mqtt_paho *paho)
{
    int fd = socket(paho->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    struct pollfd pending = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, (const struct sockaddr *)&paho->address, paho->address_len) != 0 &&
        errno != EINPROGRESS) {
        error = errno;
    } else if (poll(&pending, 1, PROBE_TIMEOUT_MS) == 0) {
        error = ETIMEDOUT;
    } else {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
    return error;
}

static const char *probed_reason(const struct mqtt_paho *paho)
{
    int error = probe(paho);
    if (error != 0) {
        return strerrordesc_np(error);
    }
    return paho->broker->tls ? "TLS failed, or the certificate is for another name"
                             : "the connection was closed before an answer came";
}

void mqtt_paho_explain(const struct mqtt_paho *paho, struct mqtt_item *item)
{
    const struct mqtt_broker *broker = paho->broker;
    if (item->code >= 0 || item->text[0] != '\0') {
        return; // the broker has said why, or it is explained already
    }
    bool in_time = mqtt_now_ns() - item->sent_ns < CONNECT_TIMEOUT_S * INT64_C(1000000000);
    snprintf(item->text, MQTT_REASON_MAX, "%s port %d: %s", broker->host, broker->port,
             in_time ? probed_reason(paho) : "no answer");
}

// --- Requests ----------------------------------------------------------------------------------

static MQTTAsync_responseOptions response_options(enum mqtt_version version, struct mqtt_item *item)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = item;
    if (version == MQTT_5) {
        options.onSuccess5 = on_done5;
        options.onFailure5 = on_refused5;
        options.subscribeOptions.noLocal = 1;
    } else {
        options.onSuccess = on_done3;
        options.onFailure = on_refused3;
    }
    return options;
}

static void set_expiry(enum mqtt_version version, const struct mqtt_item *item,
                       MQTTAsync_responseOptions *options)
{
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                           .value.integer4 = item->expiry_s};
    if (version == MQTT_5 && item->expiry_s > 0) {
        MQTTProperties_add(&options->properties, &expiry);
    }
}

void mqtt_paho_submit(const struct mqtt_paho *paho, struct mqtt_item *item)
{
    MQTTAsync_responseOptions options = response_options(paho->version, item);
    int rc = MQTTASYNC_FAILURE;
    item->sent_ns = mqtt_now_ns();
    switch (item->kind) {
    case MQTT_SUBSCRIBE:
        rc = MQTTAsync_subscribe(paho->handle, item->text, 0, &options);
        break;
    case MQTT_UNSUBSCRIBE:
        rc = MQTTAsync_unsubscribe(paho->handle, item->text, &options);
        break;
    case MQTT_PUBLISH:
        set_expiry(paho->version, item, &options);
        rc = MQTTAsync_send(paho->handle, item->text, (int)item->len, item->bytes, 1, item->retain,
                            &options);
        MQTTProperties_free(&options.properties);
        break;
    case MQTT_CONNECT:
    case MQTT_LOST:
    case MQTT_MESSAGE:
        break;
    }
    if (rc != MQTTASYNC_SUCCESS) { // otherwise `item` belongs to a callback
        mqtt_worker_completed(item, rc);
    }
}
