// SPDX-License-Identifier: MIT
#include "host.h"

#include <dirent.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HOSTS_MAX = 32 };

static struct host *hosts; // that are prepared
static uint64_t incarnations;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t now_ns(void)
{
    return clock_ns(CLOCK_BOOTTIME);
}

int64_t patience_ns(int ms)
{
    const char *multiplier = getenv("CK_TIMEOUT_MULTIPLIER");
    double factor = multiplier != NULL ? strtod(multiplier, NULL) : 1;
    return (int64_t)(ms * 1e6 * (factor > 1 ? factor : 1));
}

bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

// --- What the transport tells ------------------------------------------------------------------

static void append_line(char *lines, size_t size, const char *line)
{
    size_t used = strlen(lines);
    snprintf(lines + used, size - used, "%s\n", line);
}

// All news but log lines come from the loop alone, and in its thread.
static struct host *check_news(void *context)
{
    struct host *host = context;
    ck_assert_msg(host->thread == gettid(), "told in another thread");
    ck_assert_msg(host->calls == 0, "told inside a call");
    ck_assert_msg(host->closeds == 0, "told after closed()");
    return host;
}

static struct host *check_open(void *context)
{
    struct host *host = check_news(context);
    ck_assert_msg(host->transport != NULL, "told after close()");
    return host;
}

static void on_up(void *context)
{
    struct host *host = check_open(context);
    ck_assert_msg(!host->is_up, "up twice");
    host->is_up = true;
    host->reason[0] = '\0';
    host->ups++;
    if (host->in_up != NULL) {
        host->in_up(host);
    }
}

static void on_down(void *context, const char *reason)
{
    struct host *host = check_open(context);
    ck_assert_msg(host->is_up || strcmp(host->reason, reason) != 0, "told twice: %s", reason);
    host->is_up = false;
    host->downs++;
    snprintf(host->reason, sizeof host->reason, "%s", reason);
    append_line(host->reasons, sizeof host->reasons, reason);
    if (host->in_down != NULL) {
        host->in_down(host);
    }
}

static void on_message(void *context, const char *group, const void *bytes, size_t len)
{
    struct host *host = check_open(context);
    snprintf(host->group, sizeof host->group, "%s", group);
    snprintf(host->last, sizeof host->last, "%.*s", (int)len, (const char *)bytes);
    host->length = len;
    if (host->messages++ == 0) {
        memcpy(host->first, host->last, sizeof host->first);
    }
    if (host->in_message != NULL) {
        host->in_message(host, group, bytes, len);
    }
}

static void on_proof(void *context, int64_t sent_ns)
{
    struct host *host = check_open(context);
    host->proofs++;
    host->unordered |=
        sent_ns <= host->proved_ns || sent_ns < host->opened_ns || sent_ns > now_ns();
    host->proved_ns = sent_ns;
}

static void on_overrun(void *context, uint64_t count)
{
    struct host *host = check_open(context);
    ck_assert_uint_gt(count, 0);
    host->overrun += count;
}

static void on_closed(void *context)
{
    struct host *host = check_news(context);
    ck_assert_msg(host->transport == NULL, "closed() without close()");
    host->closeds++;
}

static void on_log(void *context, int level, const char *line)
{
    struct host *host = context;
    ck_assert_msg(host->thread == gettid() && host->closeds == 0, "a line at a wrong time");
    ck_assert_msg(level >= 3 && level <= 7 && strchr(line, '\n') == NULL, "%d: %s", level, line);
    append_line(host->logs, sizeof host->logs, line);
    if (host->in_log != NULL) {
        host->in_log(host, line);
    }
}

static void on_peer(void *context, const char *group, const struct actor_transport_peer *peer)
{
    struct host *host = check_open(context);
    char line[1024];
    const char *about = peer->about != NULL ? peer->about : "";
    snprintf(line, sizeof line, "%c%s%s%s %s", peer->here ? '+' : '-', group != NULL ? group : "",
             group != NULL ? "/" : "", peer->name, about);
    append_line(host->peers, sizeof host->peers, line);
    if (host->in_peer != NULL) {
        host->in_peer(host);
    }
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

// --- Its calls ---------------------------------------------------------------------------------

// When something began, by three measures.
struct start {
    int64_t wall_ns, cpu_ns;
    long waits; // how often the thread has waited for something
};

static struct start start_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (struct start){
        .wall_ns = now_ns(), .cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), .waits = usage.ru_nvcsw};
}

// A thread that only had to leave the processor to others has not stood still.
static void note_stall(struct host *host, struct start start)
{
    struct start end = start_now();
    int64_t took_ns =
        end.waits > start.waits ? end.wall_ns - start.wall_ns : end.cpu_ns - start.cpu_ns;
    host->stall_ns = took_ns > host->stall_ns ? took_ns : host->stall_ns;
}

static struct start begin_call(struct host *host)
{
    host->calls++;
    return start_now();
}

static void end_call(struct host *host, struct start start)
{
    host->calls--;
    note_stall(host, start);
}

void host_prepare(struct host *host, const struct actor_transport_ops *ops, const char *name)
{
    *host = (struct host){.ops = ops, .next = hosts, .thread = gettid()};
    hosts = host;
    ck_assert_int_eq(uv_loop_init(&host->loop), 0);
    host->config = (struct actor_transport_config){
        .loop = &host->loop,
        .host_ops = &host_ops,
        .host = host,
        .scheme = ops->schemes[0],
        .address = "",
        .options = (const struct actor_transport_option[]){{NULL, NULL}},
        .name = name,
        .prefix = "actor",
        .incarnation = (uint64_t)getpid() << 32 | ++incarnations,
        .keepalive_ns = INT64_C(5000000000),
    };
}

int host_try_open(struct host *host, char *why, size_t why_size)
{
    struct start start = begin_call(host);
    host->opened_ns = start.wall_ns;
    int result = host->ops->open(&host->transport, &host->config, why, why_size);
    end_call(host, start);
    host->is_open = result == 0;
    return result;
}

void host_open(struct host *host)
{
    char why[512] = "";
    int result = host_try_open(host, why, sizeof why);
    ck_assert_msg(result == 0, "open: %d: %s", result, why);
}

int host_try_join(struct host *host, const char *group)
{
    struct start start = begin_call(host);
    int result = host->ops->join(host->transport, group);
    end_call(host, start);
    return result;
}

void host_join(struct host *host, const char *group)
{
    ck_assert_int_eq(host_try_join(host, group), 0);
}

void host_leave(struct host *host, const char *group)
{
    struct start start = begin_call(host);
    host->ops->leave(host->transport, group);
    end_call(host, start);
}

int host_send(struct host *host, const char *group, const void *bytes, size_t len)
{
    struct start start = begin_call(host);
    int result = host->ops->send(host->transport, group, bytes, len);
    end_call(host, start);
    return result;
}

void host_say(struct host *host, const char *group, const char *text)
{
    ck_assert_int_eq(host_send(host, group, text, strlen(text)), 0);
}

int host_publish(struct host *host, const char *topic, const char *text, bool retain)
{
    struct start start = begin_call(host);
    int result = host->ops->publish(host->transport, topic, text, strlen(text), retain);
    end_call(host, start);
    return result;
}

void host_prove(struct host *host)
{
    struct start start = begin_call(host);
    host->ops->prove(host->transport);
    end_call(host, start);
}

int host_announce(struct host *host, const char *about)
{
    struct start start = begin_call(host);
    int result = host->ops->announce(host->transport, about);
    end_call(host, start);
    return result;
}

void host_close(struct host *host, bool orderly)
{
    struct actor_transport *transport = host->transport;
    if (transport != NULL) {
        struct start start = begin_call(host);
        host->transport = NULL;
        host->ops->close(transport, orderly);
        end_call(host, start);
    }
}

void host_stop(struct host *host)
{
    struct host **place = &hosts;
    host->frozen = false;
    host_close(host, false);
    RUN_UNTIL(host->closeds == 1 || !host->is_open, 2000);
    while (*place != host) {
        place = &(*place)->next;
    }
    *place = host->next;
    uv_run(&host->loop, UV_RUN_NOWAIT); // for what the test itself has closed
    ck_assert_msg(uv_loop_close(&host->loop) == 0, "handles are left in the loop");
}

// --- Their loops -------------------------------------------------------------------------------

static int timeout_ms(struct host *host)
{
    uv_update_time(&host->loop);
    return uv_loop_alive(&host->loop) ? uv_backend_timeout(&host->loop) : -1;
}

static void wait_for_any(int wait_ms)
{
    struct pollfd polls[HOSTS_MAX];
    nfds_t count = 0;
    for (struct host *host = hosts; host != NULL; host = host->next) {
        if (!host->frozen) {
            int its_ms = timeout_ms(host);
            wait_ms = its_ms >= 0 && its_ms < wait_ms ? its_ms : wait_ms;
            ck_assert_uint_lt(count, HOSTS_MAX);
            polls[count++] = (struct pollfd){.fd = uv_backend_fd(&host->loop), .events = POLLIN};
        }
    }
    poll(polls, count, wait_ms);
}

void hosts_turn(int wait_ms)
{
    wait_for_any(wait_ms);
    for (struct host *host = hosts; host != NULL; host = host->next) {
        if (!host->frozen) {
            struct start start = start_now();
            uv_run(&host->loop, UV_RUN_NOWAIT);
            note_stall(host, start);
        }
    }
}

void hosts_run_for(int ms)
{
    int64_t until_ns = now_ns() + ms * INT64_C(1000000);
    RUN_UNTIL(now_ns() >= until_ns, ms + 1000);
}

const char *hosts_report(void)
{
    static char report[8192];
    size_t used = 0;
    report[0] = '\0';
    for (const struct host *host = hosts; host != NULL && used < sizeof report; host = host->next) {
        used += (size_t)snprintf(report + used, sizeof report - used,
                                 " [%s: %d up, %d down, %d messages, %d proofs, overrun %llu%s; "
                                 "reasons: %s; log: %s]",
                                 host->config.name, host->ups, host->downs, host->messages,
                                 host->proofs, (unsigned long long)host->overrun,
                                 host->frozen ? ", frozen" : "", host->reasons, host->logs);
    }
    return report;
}

// --- The system --------------------------------------------------------------------------------

int count_fds(void)
{
    int count = 0;
    DIR *listing = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(listing);
    while (readdir(listing) != NULL) {
        count++;
    }
    closedir(listing);
    return count - 3; // "." and "..", and the listing's own
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

bool remove_tree(const char *path)
{
    return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0;
}

static bool is_free(int port, int type)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    bool free = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return free;
}

// As long as this process lives no other test that runs just now is given it (tests/system has the
// same).
static bool claim_port(int port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX}; // of the abstract kind: no file
    int length =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "actord-test-port-%d", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    bool claimed = bind(fd, (const struct sockaddr *)&address, size) == 0;
    if (!claimed) {
        close(fd);
    }
    return claimed;
}

int free_port(int type)
{
    uint16_t draw;
    int port;
    do {
        ck_assert_int_eq(getrandom(&draw, sizeof draw, 0), sizeof draw);
        port = 10000 + draw % 22000;
    } while (!claim_port(port) || !is_free(port, type));
    return port;
}
