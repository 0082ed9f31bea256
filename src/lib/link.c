// SPDX-License-Identifier: MIT
// A link: the transport below, the actors above, one loop and one timer for all.
#include "link.h"
#include "packet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define KEEPALIVE_MIN_NS NS_PER_S
#define KEEPALIVE_MAX_NS (3600 * NS_PER_S)

// --- Configuration -----------------------------------------------------------------------------

static void set_host_name(struct actor_link_config *config)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    host[strcspn(host, ".")] = '\0';
    if (!name_is_valid(name_of(host))) {
        strcpy(host, "localhost");
    }
    memcpy(config->name, host, strlen(host) + 1);
}

struct actor_link_config *actor_link_config_new(void)
{
    struct actor_link_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        return NULL;
    }
    set_host_name(config);
    strcpy(config->prefix, "actor");
    strcpy(config->url.scheme, "local");
    config->keepalive_ns = 5 * NS_PER_S;
    config->log_level = ACTOR_LOG_NOTICE;
    return config;
}

void actor_link_config_free(struct actor_link_config *config)
{
    if (config != NULL) {
        explicit_bzero(config->url.password, sizeof config->url.password);
    }
    free(config);
}

const char *actor_link_config_why(const struct actor_link_config *config)
{
    return config->why;
}

__attribute__((format(printf, 2, 3))) static int refuse(struct actor_link_config *config,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(config->why, sizeof config->why, format, args);
    va_end(args);
    return ACTOR_EINVAL;
}

int actor_link_config_set_name(struct actor_link_config *config, const char *name)
{
    if (!name_is_valid(name_of(name))) {
        return refuse(config, "a node's name must be 1 to 64 bytes of UTF-8, without control "
                              "characters and without any of / + #");
    }
    memcpy(config->name, name, strlen(name) + 1);
    return ACTOR_OK;
}

int actor_link_config_set_url(struct actor_link_config *config, const char *text)
{
    struct url url;
    if (url_parse(text, &url, config->why, sizeof config->why) != 0) {
        return ACTOR_EINVAL;
    }
    if (config->ops == NULL && actor_transport_find(url.scheme) == NULL) {
        return refuse(config, "URL %s: this build has no such transport", url.scheme);
    }
    config->url = url;
    return ACTOR_OK;
}

int actor_link_config_set_prefix(struct actor_link_config *config, const char *prefix)
{
    size_t len = strlen(prefix);
    bool bad = len == 0 || len > PREFIX_MAX || strpbrk(prefix, "+#") != NULL || prefix[0] == '/' ||
               prefix[0] == '$' || prefix[len - 1] == '/' || !text_is_plain(prefix, len);
    if (bad) {
        return refuse(config,
                      "a prefix must be 1 to %d bytes of UTF-8, without control characters "
                      "and + #, not begin with / or $ and not end with /",
                      PREFIX_MAX);
    }
    memcpy(config->prefix, prefix, len + 1);
    return ACTOR_OK;
}

int actor_link_config_set_login(struct actor_link_config *config, const char *user,
                                const char *password)
{
    struct url *url = &config->url;
    user = user != NULL ? user : "";
    password = password != NULL ? password : "";
    if (strlen(user) >= sizeof url->user || strlen(password) >= sizeof url->password) {
        return refuse(config, "user and password must be under %zu bytes each", sizeof url->user);
    }
    memcpy(url->user, user, strlen(user) + 1);
    memcpy(url->password, password, strlen(password) + 1);
    return ACTOR_OK;
}

int actor_link_config_set_keepalive(struct actor_link_config *config, int64_t keepalive_ns)
{
    if (keepalive_ns < KEEPALIVE_MIN_NS || keepalive_ns > KEEPALIVE_MAX_NS) {
        return refuse(config, "keepalive must be 1 to 3600 s");
    }
    config->keepalive_ns = keepalive_ns;
    return ACTOR_OK;
}

int actor_link_config_set_tag(struct actor_link_config *config, const char *key, const char *text)
{
    size_t key_len = strlen(key), text_len = strlen(text);
    int i = 0;
    if (key_len == 0 || key_len > TAG_KEY_MAX || !text_is_plain(key, key_len) ||
        text_len > TAG_TEXT_MAX || !text_is_plain(text, text_len)) {
        return refuse(config,
                      "a tag's key must be 1 to %d bytes and its text at most %d, of UTF-8 "
                      "without control characters",
                      TAG_KEY_MAX, TAG_TEXT_MAX);
    }
    while (i < config->tag_count && strcmp(config->tags[i].key, key) != 0) {
        i++;
    }
    if (i == TAGS_MAX) {
        return refuse(config, "a node has at most %d tags", TAGS_MAX);
    }
    memcpy(config->tags[i].key, key, key_len + 1);
    memcpy(config->tags[i].text, text, text_len + 1);
    config->tag_count += i == config->tag_count;
    return ACTOR_OK;
}

int actor_link_config_set_transport(struct actor_link_config *config,
                                    const struct actor_transport_ops *ops)
{
    if (ops->open == NULL || ops->join == NULL || ops->leave == NULL || ops->send == NULL ||
        ops->close == NULL) {
        return refuse(config, "a transport needs open, join, leave, send and close");
    }
    config->ops = ops;
    return ACTOR_OK;
}

void actor_link_config_set_log(struct actor_link_config *config, enum actor_log_level level,
                               actor_log_fn *log, void *context)
{
    config->log_level = level;
    config->log = log;
    config->log_context = context;
}

// --- Small things ------------------------------------------------------------------------------

int64_t link_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void link_log(const struct actor_link *link, enum actor_log_level level, const char *format, ...)
{
    if (link->config.log == NULL || level > link->config.log_level) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    link->config.log(link->config.log_context, level, line);
}

uint32_t link_draw(void *context)
{
    struct actor_link *link = context;
    link->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix(link->random) >> 32);
}

// --- The timer ---------------------------------------------------------------------------------

void link_arm(struct actor_link *link)
{
    int64_t at_ns = NEVER;
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        int64_t deadline_ns = seat_deadline_ns(actor);
        at_ns = deadline_ns < at_ns ? deadline_ns : at_ns;
    }
    if (at_ns == link->timer_ns) {
        return;
    }
    link->timer_ns = at_ns;
    struct itimerspec spec = {0};
    if (at_ns != NEVER) {
        // Zero would disarm it.
        int64_t set_ns = at_ns > 0 ? at_ns : 1;
        spec.it_value.tv_sec = set_ns / NS_PER_S;
        spec.it_value.tv_nsec = set_ns % NS_PER_S;
    }
    timerfd_settime(link->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct actor_link *link = poll->data;
    uint64_t expirations;
    (void)status;
    (void)events;
    if (read(link->timer_fd, &expirations, sizeof expirations) != sizeof expirations) {
        return;
    }
    link->timer_ns = NEVER;
    int64_t now_ns = link_now_ns();
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        if (seat_deadline_ns(actor) <= now_ns) {
            seat_step(actor, &(struct input){.type = INPUT_TIMER, .now_ns = now_ns});
        }
    }
    link_settle(link);
}

// --- What the transport tells ------------------------------------------------------------------

static bool is_open(const struct actor_link *link)
{
    return link->state == LINK_DOWN || link->state == LINK_UP;
}

static void close_transport(struct actor_link *link, bool orderly)
{
    link->state = LINK_CLOSING;
    link->ops->close(link->transport, orderly);
}

static void shut_down(struct actor_link *link)
{
    int64_t now_ns = link_now_ns();
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        seat_step(actor, &(struct input){.type = INPUT_STOP, .now_ns = now_ns});
    }
    close_transport(link, true);
}

// Tells the actors of a change; its own callbacks may cause the next one.
static void spread_news(struct actor_link *link)
{
    while (link->news && is_open(link)) {
        link->news = false;
        link->state = link->is_up ? LINK_UP : LINK_DOWN;
        for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
            seat_link_changed(actor, link->is_up);
        }
    }
}

void link_settle(struct actor_link *link)
{
    if (link->busy) {
        return;
    }
    bool again = true;
    if (link->shutdown && is_open(link)) {
        shut_down(link);
    }
    while (again) {
        again = link->news && is_open(link);
        spread_news(link);
        for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
            again |= seat_run_requests(actor);
        }
    }
    link_arm(link);
}

static void on_up(void *host)
{
    struct actor_link *link = host;
    link->is_up = link->news = true;
    peers_link_up(link);
    link_log(link, ACTOR_LOG_NOTICE, "link is up: %s", link->url_text);
    link_settle(link);
}

static void on_down(void *host, const char *reason)
{
    struct actor_link *link = host;
    link->is_up = false;
    link->news = true;
    peers_link_down(link);
    snprintf(link->down_reason, sizeof link->down_reason, "%s", reason);
    link_log(link, ACTOR_LOG_WARNING, "link is down: %s: %s", link->url_text, reason);
    link_settle(link);
}

static void on_message(void *host, const char *group, const void *bytes, size_t len)
{
    struct actor_link *link = host;
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        seat_hear(actor, group, bytes, len);
    }
    link_settle(link);
}

static void on_proof(void *host, int64_t sent_ns)
{
    struct actor_link *link = host;
    int64_t now_ns = link_now_ns();
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        seat_step(actor,
                  &(struct input){.type = INPUT_PROOF, .now_ns = now_ns, .sent_ns = sent_ns});
    }
    link_settle(link);
}

static void on_overrun(void *host, uint64_t count)
{
    struct actor_link *link = host;
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        seat_overrun(actor, count);
    }
}

static void on_closed(void *host)
{
    struct actor_link *link = host;
    link->state = LINK_CLOSED;
    uv_stop(&link->loop);
}

static void on_log(void *host, int level, const char *line)
{
    link_log(host, (enum actor_log_level)level, "%s", line);
}

static void on_peer(void *host, const char *group, const struct actor_transport_peer *peer)
{
    struct actor_link *link = host;
    peers_told(link, group, peer);
    link_settle(link);
}

static const struct actor_transport_host_ops host_ops = {
    .up = on_up,
    .down = on_down,
    .message = on_message,
    .proof = on_proof,
    .overrun = on_overrun,
    .closed = on_closed,
    .log = on_log,
    .peer = on_peer,
};

// --- Opening and closing -----------------------------------------------------------------------

static bool has_option(const struct actor_transport_ops *ops, const char *key)
{
    for (const char *const *known = ops->options; known != NULL && *known != NULL; known++) {
        if (strcmp(*known, key) == 0) {
            return true;
        }
    }
    return false;
}

static int refuse_option(const struct actor_transport_ops *ops, const char *key, char *why,
                         size_t why_size)
{
    char allowed[256] = "";
    size_t used = 0;
    for (const char *const *known = ops->options; known != NULL && *known != NULL; known++) {
        if (used < sizeof allowed) {
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, " %s", *known);
        }
    }
    snprintf(why, why_size, "URL %s: there is no option %s; allowed:%s", ops->schemes[0], key,
             used > 0 ? allowed : " none");
    return ACTOR_EINVAL;
}

static int open_transport(struct actor_link *link, char *why, size_t why_size)
{
    const struct actor_link_config *config = &link->config;
    struct actor_transport_config to = {
        .loop = &link->loop,
        .host_ops = &host_ops,
        .host = link,
        .scheme = config->url.scheme,
        .address = config->url.address,
        .port = config->url.port,
        .options = link->options,
        .user = config->url.user[0] != '\0' ? config->url.user : NULL,
        .password = config->url.password[0] != '\0' ? config->url.password : NULL,
        .name = config->name,
        .prefix = config->prefix,
        .incarnation = link->nonce,
        .keepalive_ns = config->keepalive_ns,
    };
    link->ops = config->ops != NULL ? config->ops : actor_transport_find(config->url.scheme);
    if (link->ops == NULL) {
        snprintf(why, why_size, "URL %s: this build has no such transport", config->url.scheme);
        return ACTOR_EINVAL;
    }
    if (!packet_can(link->ops->encoding)) {
        snprintf(why, why_size,
                 "URL %s: this build has no MessagePack (it was left out with "
                 "--without-serf)",
                 config->url.scheme);
        return ACTOR_EINVAL;
    }
    for (size_t i = 0; i < config->url.option_count; i++) {
        const struct url_option *option = &config->url.options[i];
        link->options[i] = (struct actor_transport_option){option->key, option->value};
        if (!has_option(link->ops, option->key)) {
            return refuse_option(link->ops, option->key, why, why_size);
        }
    }
    return link->ops->open(&link->transport, &to, why, why_size) == 0 ? ACTOR_OK : ACTOR_EIO;
}

static int open_timer(struct actor_link *link)
{
    link->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (link->timer_fd < 0) {
        return ACTOR_EIO;
    }
    link->timer_ns = NEVER;
    link->timer.data = link;
    uv_poll_init(&link->loop, &link->timer, link->timer_fd);
    uv_poll_start(&link->timer, UV_READABLE, on_timer);
    return ACTOR_OK;
}

static void close_loop(struct actor_link *link)
{
    peers_close(link);
    if (link->timer_fd >= 0) {
        uv_close((uv_handle_t *)&link->timer, NULL);
    }
    uv_run(&link->loop, UV_RUN_NOWAIT);
    uv_loop_close(&link->loop);
    if (link->timer_fd >= 0) {
        close(link->timer_fd);
    }
}

static int open_all(struct actor_link *link, char *why, size_t why_size)
{
    uint64_t seed[2];
    peers_open(link);
    if (getrandom(seed, sizeof seed, 0) != sizeof seed) {
        snprintf(why, why_size, "no random numbers: %s", strerror(errno));
        return ACTOR_EIO;
    }
    link->nonce = (seed[0] & NONCE_MAX) | 1;
    link->random = seed[1];
    int error = open_timer(link);
    if (error != ACTOR_OK) {
        snprintf(why, why_size, "no timer: %s", strerror(errno));
        return error;
    }
    return open_transport(link, why, why_size);
}

int actor_link_new(struct actor_link **result, struct actor_link_config *config)
{
    struct actor_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return ACTOR_ENOMEM;
    }
    link->config = *config;
    link->timer_fd = -1;
    strcpy(link->down_reason, "not connected yet");
    url_print(&config->url, link->url_text, sizeof link->url_text);
    if (uv_loop_init(&link->loop) != 0) {
        free(link);
        return ACTOR_ENOMEM;
    }
    int error = open_all(link, config->why, sizeof config->why);
    if (error != ACTOR_OK) {
        close_loop(link);
        free(link);
        return error;
    }
    *result = link;
    return ACTOR_OK;
}

void actor_link_free(struct actor_link *link)
{
    if (link == NULL) {
        return;
    }
    if (is_open(link)) {
        close_transport(link, false);
    }
    while (link->state != LINK_CLOSED) {
        uv_run(&link->loop, UV_RUN_ONCE);
    }
    close_loop(link);
    explicit_bzero(link->config.url.password, sizeof link->config.url.password);
    free(link);
}

void actor_link_shutdown(struct actor_link *link)
{
    link->shutdown = true;
    link_settle(link);
}

// --- The loop ----------------------------------------------------------------------------------

int actor_link_run(struct actor_link *link)
{
    if (link->state != LINK_CLOSED) {
        uv_run(&link->loop, UV_RUN_DEFAULT);
    }
    return ACTOR_OK;
}

void actor_link_stop(struct actor_link *link)
{
    uv_stop(&link->loop);
}

int actor_link_fd(const struct actor_link *link)
{
    return uv_backend_fd(&link->loop);
}

int actor_link_timeout_ms(struct actor_link *link)
{
    // Handles that were started outside the loop are not watched before it has run once.
    uv_update_time(&link->loop);
    uv_run(&link->loop, UV_RUN_NOWAIT);
    return uv_backend_timeout(&link->loop);
}

int actor_link_dispatch(struct actor_link *link)
{
    uv_run(&link->loop, UV_RUN_NOWAIT);
    return ACTOR_OK;
}

void *actor_link_loop(struct actor_link *link)
{
    return &link->loop;
}

// --- Questions, and what goes beside the beacons -----------------------------------------------

const char *actor_link_name(const struct actor_link *link)
{
    return link->config.name;
}

const char *actor_link_url(const struct actor_link *link)
{
    return link->url_text;
}

const char *actor_link_prefix(const struct actor_link *link)
{
    return link->config.prefix;
}

bool actor_link_is_up(const struct actor_link *link)
{
    return link->state == LINK_UP;
}

int actor_link_publish(struct actor_link *link, const char *topic, const void *payload, size_t len,
                       bool retain)
{
    if (link->ops->publish == NULL) {
        return ACTOR_EUNSUPPORTED;
    }
    if (link->state != LINK_UP) {
        return ACTOR_ESTATE;
    }
    return link->ops->publish(link->transport, topic, payload, len, retain) == 0 ? ACTOR_OK
                                                                                 : ACTOR_ESTATE;
}
