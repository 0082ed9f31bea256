// SPDX-License-Identifier: MIT
// UDP multicast: agents on one LAN meet at an address, with no server.
//
// A message is one datagram, to udp://ADDRESS[:PORT][?iface=NAME&ttl=N]:
//
//   4 bytes  "actr"
//   1        1, the version of this header
//   8        who sends: its incarnation, big-endian
//   1 and n  how long the prefix is, and the prefix
//   1 and n  the same of the group
//   the rest the packet
//
// So several groups share an address, and a node can be spared what it sent itself, which the
// kernel gives back for the sake of the others on the host. Whoever can put a datagram on the LAN
// may take part: nothing here is secret or signed, and the address of a sender can be forged.
//
// Packets of up to 4 KiB (M2) travel in up to four fragments; one that is lost loses all. Beacons
// have a few hundred bytes and go in one.
#include "transports.h"
#include "udp_lan.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "asyncactor/actor.h"

static const uint8_t magic[] = {'a', 'c', 't', 'r'};

enum {
    DEFAULT_PORT = 7777,
    DEFAULT_TTL = 1, // stays on the LAN
    HEADER_VERSION = 1,
    INCARNATION_BYTES = 8,
    NAME_BYTES = 255, // of a prefix or a group: its length is one byte
    FIXED_BYTES = sizeof magic + 1 + INCARNATION_BYTES,
    HEADER_BYTES = FIXED_BYTES + 2 * (1 + NAME_BYTES), // at most
    PACKET_BYTES = 4096,                               // PROTOCOL.md M2
    DATAGRAMS_AT_ONCE = 64, // a wake-up, so that a flood leaves time for the others
    NEWS_AT_ONCE = 64,
    RETRY_MS = 1000,      // doubled after each failure ...
    RETRY_MAX_MS = 10000, // ... up to here; news of interfaces come at once
    LOOK_PAUSE_MS = 100,  // between two looks at the interfaces, however much news there is
    LOG_PAUSE_MS = 60000, // PROTOCOL.md M3: at most once a minute
    LINE_BYTES = 512,
};

struct group {
    struct group *next;
    size_t header_len;
    uint8_t header[HEADER_BYTES]; // of what we send
    char name[];
};

// One socket, joined on one interface.
struct channel {
    struct actor_transport *transport;
    uv_poll_t poll;
    int fd;
    // The kernel counts what it does not queue: what we sent, and what there was no room for.
    uint32_t sent, missed;
};

// Something that may happen often.
struct complaint {
    uint64_t count; // since the last line about it
    uint64_t log_ms;
};

// Why a datagram is not taken.
enum verdict { WELCOME, TOO_LONG, FROM_AFAR, NOT_OURS, OTHER_VERSION, BROKEN, VERDICTS };

static const char *const verdict_text[VERDICTS] = {
    [WELCOME] = "",
    [TOO_LONG] = "longer than a packet may be",
    [FROM_AFAR] = "the sender has no address of this network, and ttl is 1",
    [NOT_OURS] = "not from an actord",
    [OTHER_VERSION] = "of another version of actord",
    [BROKEN] = "cut off or badly written",
};

struct actor_transport {
    struct actor_transport_config config;
    struct udp_meeting meeting;
    struct udp_place place; // where `channel` is joined
    struct channel *channel;
    struct group *groups;
    uv_timer_t timer;      // the next look at the interfaces
    uv_poll_t news;        // of interfaces
    unsigned open_handles; // all of them; the last one to close frees
    int news_fd;
    bool up;
    unsigned retry_ms;
    uint64_t looked_ms;
    struct complaint refused[VERDICTS], unsent;
    char reason[UDP_WHY_BYTES]; // the last one told
};

// --- Complaints --------------------------------------------------------------------------------

static void log_complaint(const struct actor_transport *t, struct complaint *c, const char *what,
                          const char *why)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s: %s: %" PRIu64 " (%s)", t->meeting.text, what, c->count, why);
    c->count = 0;
    c->log_ms = uv_now(t->config.loop);
    t->config.host_ops->log(t->config.host, ACTOR_LOG_WARNING, line);
}

// Counts one more; whether it is time for a line.
static bool complain(const struct actor_transport *t, struct complaint *c)
{
    c->count++;
    return c->log_ms == 0 || uv_now(t->config.loop) - c->log_ms >= LOG_PAUSE_MS;
}

static void log_refused(struct actor_transport *t, enum verdict verdict,
                        const union udp_address *from)
{
    char sender[INET6_ADDRSTRLEN + IF_NAMESIZE] = "?", why[LINE_BYTES / 2];
    getnameinfo(&from->any, sizeof *from, sender, sizeof sender, NULL, 0, NI_NUMERICHOST);
    snprintf(why, sizeof why, "%s; the last from %s", verdict_text[verdict], sender);
    log_complaint(t, &t->refused[verdict], "datagrams refused", why);
}

static void count_unsent(struct actor_transport *t, int error)
{
    if (complain(t, &t->unsent)) {
        log_complaint(t, &t->unsent, "messages not sent",
                      error == EPERM ? "a firewall on this host forbids it" : strerror(error));
    }
}

static void log_rest(struct actor_transport *t)
{
    for (size_t i = 0; i < VERDICTS; i++) {
        if (t->refused[i].count > 0) {
            log_complaint(t, &t->refused[i], "datagrams refused up to the end", verdict_text[i]);
        }
    }
    if (t->unsent.count > 0) {
        log_complaint(t, &t->unsent, "messages not sent up to the end", t->place.name);
    }
}

// --- Datagrams ---------------------------------------------------------------------------------

// What a datagram says, as pieces of it.
struct letter {
    const uint8_t *prefix, *group, *packet;
    size_t prefix_len, group_len, packet_len;
};

static void put_text(struct group *g, const char *text)
{
    size_t len = strlen(text);
    g->header[g->header_len++] = (uint8_t)len;
    memcpy(g->header + g->header_len, text, len);
    g->header_len += len;
}

// Both names are of at most NAME_BYTES.
static void write_header(struct group *g, uint64_t incarnation, const char *prefix)
{
    memcpy(g->header, magic, sizeof magic);
    g->header[sizeof magic] = HEADER_VERSION;
    for (int i = 0; i < INCARNATION_BYTES; i++) {
        g->header[FIXED_BYTES - 1 - i] = (uint8_t)(incarnation >> 8 * i);
    }
    g->header_len = FIXED_BYTES;
    put_text(g, prefix);
    put_text(g, g->name);
}

// Takes a text from the front of *rest.
static bool take_text(const uint8_t **rest, size_t *left, const uint8_t **text, size_t *len)
{
    if (*left == 0 || *left - 1 < (*rest)[0]) {
        return false;
    }
    *len = (*rest)[0];
    *text = *rest + 1;
    *rest += 1 + *len;
    *left -= 1 + *len;
    return true;
}

static enum verdict read_letter(const uint8_t *bytes, size_t len, struct letter *letter)
{
    if (len < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0) {
        return NOT_OURS;
    }
    if (len > sizeof magic && bytes[sizeof magic] != HEADER_VERSION) {
        return OTHER_VERSION;
    }
    if (len < FIXED_BYTES) {
        return BROKEN;
    }
    letter->packet = bytes + FIXED_BYTES;
    letter->packet_len = len - FIXED_BYTES;
    if (!take_text(&letter->packet, &letter->packet_len, &letter->prefix, &letter->prefix_len) ||
        !take_text(&letter->packet, &letter->packet_len, &letter->group, &letter->group_len)) {
        return BROKEN;
    }
    return letter->packet_len > PACKET_BYTES ? TOO_LONG : WELCOME;
}

static bool is_text(const char *text, const uint8_t *bytes, size_t len)
{
    return strlen(text) == len && memcmp(text, bytes, len) == 0;
}

// Hands it over, if it is of a group that we are in. Its name outlives a leave() in there.
static void deliver(const struct actor_transport *t, const struct letter *letter)
{
    const struct actor_transport_config *config = &t->config;
    char name[NAME_BYTES + 1] = "";
    if (!is_text(config->prefix, letter->prefix, letter->prefix_len)) {
        return;
    }
    for (const struct group *g = t->groups; g != NULL; g = g->next) {
        if (is_text(g->name, letter->group, letter->group_len)) {
            memcpy(name, letter->group, letter->group_len);
            config->host_ops->message(config->host, name, letter->packet, letter->packet_len);
            return;
        }
    }
}

// --- Receiving ---------------------------------------------------------------------------------

// A datagram, and what the kernel says of it.
struct arrival {
    union udp_address from;
    unsigned index; // of the interface
    bool cut_off;
    size_t len;
    uint8_t bytes[HEADER_BYTES + PACKET_BYTES];
};

static void read_note(struct arrival *a, const struct cmsghdr *note)
{
    struct in_pktinfo v4;
    struct in6_pktinfo v6;
    if (note->cmsg_level == IPPROTO_IP && note->cmsg_type == IP_PKTINFO) {
        memcpy(&v4, CMSG_DATA(note), sizeof v4);
        a->index = (unsigned)v4.ipi_ifindex;
    } else if (note->cmsg_level == IPPROTO_IPV6 && note->cmsg_type == IPV6_PKTINFO) {
        memcpy(&v6, CMSG_DATA(note), sizeof v6);
        a->index = v6.ipi6_ifindex;
    }
}

static bool receive(const struct channel *channel, struct arrival *a)
{
    _Alignas(struct cmsghdr) char notes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct iovec room = {.iov_base = a->bytes, .iov_len = sizeof a->bytes};
    struct msghdr message = {
        .msg_name = &a->from,
        .msg_namelen = sizeof a->from,
        .msg_iov = &room,
        .msg_iovlen = 1,
        .msg_control = notes,
        .msg_controllen = sizeof notes,
    };
    ssize_t len = recvmsg(channel->fd, &message, MSG_DONTWAIT);
    if (len < 0) {
        return false;
    }
    a->len = (size_t)len;
    a->cut_off = (message.msg_flags & MSG_TRUNC) != 0;
    a->index = 0;
    for (struct cmsghdr *note = CMSG_FIRSTHDR(&message); note != NULL;
         note = CMSG_NXTHDR(&message, note)) {
        read_note(a, note);
    }
    return true;
}

// Those of another interface, where somebody else on this host has joined, are no fault of anybody.
static void judge(struct actor_transport *t, const struct arrival *a)
{
    struct letter letter = {0};
    enum verdict verdict = FROM_AFAR;
    if (a->index != t->place.index) {
        return;
    }
    if (t->meeting.ttl > 1 || udp_is_neighbour(&t->place, &a->from)) {
        verdict = a->cut_off ? TOO_LONG : read_letter(a->bytes, a->len, &letter);
    }
    if (verdict == WELCOME) {
        deliver(t, &letter);
    } else if (complain(t, &t->refused[verdict])) {
        log_refused(t, verdict, &a->from);
    }
}

// Not by SO_RXQ_OVFL, which tells of a loss with the next datagram only.
static uint32_t count_drops(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof info;
    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
    return info[SK_MEMINFO_DROPS];
}

// What was sent may not have come back yet: then there seem to be less than none.
static void tell_missed(struct actor_transport *t)
{
    struct channel *channel = t->channel;
    int32_t missed = (int32_t)(count_drops(channel->fd) - channel->sent - channel->missed);
    if (missed > 0) {
        channel->missed += (uint32_t)missed;
        t->config.host_ops->overrun(t->config.host, (uint64_t)missed);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct channel *channel = poll->data;
    struct actor_transport *t = channel->transport;
    struct arrival a;
    (void)events;
    if (status < 0) {
        uv_poll_start(poll, UV_READABLE, on_readable); // as on_news() does
    }
    // The host may close in its functions; the memory stays until the handles are closed.
    for (int i = 0; i < DATAGRAMS_AT_ONCE && t->channel == channel && receive(channel, &a); i++) {
        judge(t, &a);
    }
    if (t->channel == channel) {
        tell_missed(t);
    }
}

// --- Up and down -------------------------------------------------------------------------------

static void release(struct actor_transport *t)
{
    if (--t->open_handles == 0) {
        struct actor_transport_config config = t->config;
        free(t);
        config.host_ops->closed(config.host);
    }
}

static void on_channel_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;
    release(channel->transport);
    free(channel);
}

static void close_channel(struct actor_transport *t)
{
    if (t->channel != NULL) {
        uv_close((uv_handle_t *)&t->channel->poll, on_channel_closed);
        close(t->channel->fd);
        t->channel = NULL;
    }
}

// Lets the kernel drop what has our incarnation: it wakes nobody and takes no place in the queue.
static bool refuse_own(int fd, uint64_t incarnation)
{
    enum { FIRST = sizeof(struct udphdr) + FIXED_BYTES - INCARNATION_BYTES, SECOND = FIRST + 4 };
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SECOND + 4, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIRST),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(incarnation >> 32), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SECOND),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)incarnation, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof lines / sizeof *lines, .filter = lines};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

static int new_channel(struct actor_transport *t, int fd)
{
    struct channel *channel = calloc(1, sizeof *channel);
    int result = channel == NULL ? -ENOMEM
                 : !refuse_own(fd, t->config.incarnation)
                     ? -errno
                     : uv_poll_init(t->config.loop, &channel->poll, fd);
    if (result != 0) {
        free(channel);
        return result;
    }
    channel->transport = t;
    channel->fd = fd;
    channel->poll.data = channel;
    uv_poll_start(&channel->poll, UV_READABLE, on_readable);
    t->open_handles++;
    t->channel = channel;
    return 0;
}

static bool open_channel(struct actor_transport *t, char why[UDP_WHY_BYTES])
{
    int fd = udp_open_socket(&t->meeting, &t->place, why);
    if (fd < 0) {
        return false;
    }
    int result = new_channel(t, fd);
    if (result != 0) {
        close(fd);
        snprintf(why, UDP_WHY_BYTES, "%s: no socket can be used: %s", t->place.name,
                 strerror(-result));
    }
    return result == 0;
}

// Looks at the interfaces; whether there is one that works, and we are joined there.
static bool work(struct actor_transport *t, char why[UDP_WHY_BYTES])
{
    unsigned joined = t->channel != NULL ? t->place.index : 0;
    if (!udp_find_place(&t->meeting, &t->place, why)) {
        return false;
    }
    if (joined != 0 && joined != t->place.index) {
        snprintf(why, UDP_WHY_BYTES, "%s: has taken the place of another interface", t->place.name);
        return false;
    }
    return joined != 0 || open_channel(t, why);
}

// These two and on_timer() call the host last: it may close in there.
static void go_down(struct actor_transport *t, const char *reason)
{
    if (t->up || strcmp(t->reason, reason) != 0) {
        t->up = false;
        snprintf(t->reason, sizeof t->reason, "%s", reason);
        t->config.host_ops->down(t->config.host, t->reason);
    }
}

static void go_up(struct actor_transport *t)
{
    t->retry_ms = RETRY_MS;
    if (!t->up) {
        t->up = true;
        t->config.host_ops->up(t->config.host);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct actor_transport *t = timer->data;
    char why[UDP_WHY_BYTES];
    t->looked_ms = uv_now(t->config.loop);
    if (work(t, why)) {
        go_up(t);
        return;
    }
    close_channel(t);
    uv_timer_start(&t->timer, on_timer, t->retry_ms, 0);
    t->retry_ms = t->retry_ms * 2 < RETRY_MAX_MS ? t->retry_ms * 2 : RETRY_MAX_MS;
    go_down(t, why);
}

static void look_soon(struct actor_transport *t)
{
    uint64_t since_ms = uv_now(t->config.loop) - t->looked_ms;
    uv_timer_start(&t->timer, on_timer, since_ms < LOOK_PAUSE_MS ? LOOK_PAUSE_MS - since_ms : 0, 0);
}

// That there is news is enough. When the queue was full some is lost, which is an error of the
// socket; libuv watches it no longer then, and reading clears it.
static void on_news(uv_poll_t *poll, int status, int events)
{
    struct actor_transport *t = poll->data;
    char byte;
    (void)events;
    if (status < 0) {
        uv_poll_start(poll, UV_READABLE, on_news);
    }
    for (int i = 0; i < NEWS_AT_ONCE && recv(t->news_fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0;
         i++) {
    }
    look_soon(t);
}

// --- The face ----------------------------------------------------------------------------------

static const char *option_of(const struct actor_transport_config *config, const char *key)
{
    for (const struct actor_transport_option *option = config->options;
         option != NULL && option->key != NULL; option++) {
        if (strcmp(option->key, key) == 0) {
            return option->value;
        }
    }
    return NULL;
}

static bool read_ttl(const char *text, int *ttl)
{
    *ttl = DEFAULT_TTL;
    if (text == NULL) {
        return true;
    }
    size_t len = strlen(text);
    if (len == 0 || len > 3 || strspn(text, "0123456789") < len) {
        return false;
    }
    *ttl = (int)strtol(text, NULL, 10);
    return *ttl >= 1 && *ttl <= 255;
}

// NULL, or what is wrong.
static const char *read_config(const struct actor_transport_config *config, struct udp_meeting *m)
{
    int port = config->port != 0 ? config->port : DEFAULT_PORT;
    m->iface = option_of(config, "iface");
    if (config->user != NULL || config->password != NULL) {
        return "there is no user and no password; allowed: udp://ADDRESS[:PORT]";
    }
    if (!udp_parse_address(m, config->address, port)) {
        return "the address must be of multicast, 224.0.0.0 to 239.255.255.255 or [ff..::..]";
    }
    if (m->iface != NULL && (m->iface[0] == '\0' || strlen(m->iface) >= IF_NAMESIZE)) {
        return "iface must be the name of an interface, 1 to 15 bytes";
    }
    if (m->iface == NULL && udp_needs_iface(m)) {
        return "this address is another group on each interface; one must be named: ?iface=NAME";
    }
    if (!read_ttl(option_of(config, "ttl"), &m->ttl)) {
        return "ttl must be 1 to 255";
    }
    return strlen(config->prefix) > NAME_BYTES ? "a prefix must be under 256 bytes" : NULL;
}

static int start(struct actor_transport *t)
{
    t->news_fd = udp_open_news(&t->meeting);
    if (t->news_fd < 0) {
        return -errno;
    }
    int result = uv_poll_init(t->config.loop, &t->news, t->news_fd);
    if (result != 0) {
        close(t->news_fd);
        return result;
    }
    uv_timer_init(t->config.loop, &t->timer);
    t->timer.data = t->news.data = t;
    t->open_handles = 2;
    uv_poll_start(&t->news, UV_READABLE, on_news);
    return uv_timer_start(&t->timer, on_timer, 0, 0);
}

static int udp_open(struct actor_transport **transport, const struct actor_transport_config *config,
                    char *why, size_t why_size)
{
    struct actor_transport *t = calloc(1, sizeof *t);
    if (t == NULL) {
        snprintf(why, why_size, "no memory");
        return -ENOMEM;
    }
    t->config = *config;
    t->retry_ms = RETRY_MS;
    const char *wrong = read_config(config, &t->meeting);
    int result = wrong != NULL ? -EINVAL : start(t);
    if (wrong != NULL) {
        snprintf(why, why_size, "URL udp: %s", wrong);
    } else if (result != 0) {
        snprintf(why, why_size, "the kernel tells no news of interfaces (rtnetlink): %s",
                 strerror(-result));
    }
    if (result != 0) {
        free(t);
        return result;
    }
    *transport = t;
    return 0;
}

static struct group **find_group(struct actor_transport *t, const char *name)
{
    struct group **place = &t->groups;
    while (*place != NULL && strcmp((*place)->name, name) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static int udp_join(struct actor_transport *t, const char *name)
{
    struct group **place = find_group(t, name);
    size_t len = strlen(name);
    if (*place != NULL) {
        return -EALREADY;
    }
    if (len > NAME_BYTES) {
        return -ENAMETOOLONG;
    }
    struct group *g = calloc(1, sizeof *g + len + 1);
    if (g == NULL) {
        return -ENOMEM;
    }
    memcpy(g->name, name, len + 1);
    write_header(g, t->config.incarnation, t->config.prefix);
    *place = g;
    return 0;
}

static void udp_leave(struct actor_transport *t, const char *name)
{
    struct group **place = find_group(t, name);
    struct group *g = *place;
    if (g != NULL) {
        *place = g->next;
        free(g);
    }
}

static int udp_send(struct actor_transport *t, const char *name, const void *bytes, size_t len)
{
    struct group *g = *find_group(t, name);
    if (!t->up || g == NULL) {
        return -ENOTCONN;
    }
    if (len > PACKET_BYTES) {
        return -EMSGSIZE;
    }
    struct iovec parts[] = {{g->header, g->header_len}, {(void *)bytes, len}};
    union udp_address to = t->meeting.address;
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(t->channel->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        t->channel->sent++;
        return 0;
    }
    int error = errno;
    count_unsent(t, error);
    return -error; // when it is the interface's, news of it will come
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
}

// What was sent is with the kernel already, so an orderly end takes no longer.
static void udp_close(struct actor_transport *t, bool orderly)
{
    (void)orderly;
    log_rest(t);
    while (t->groups != NULL) {
        udp_leave(t, t->groups->name);
    }
    close_channel(t);
    uv_close((uv_handle_t *)&t->timer, on_handle_closed);
    uv_close((uv_handle_t *)&t->news, on_handle_closed);
    close(t->news_fd);
}

const struct actor_transport_ops transport_udp = {
    .schemes = (const char *const[]){"udp", NULL},
    .options = (const char *const[]){"iface", "ttl", NULL},
    .proves = false,
    .echoes = false,
    .open = udp_open,
    .join = udp_join,
    .leave = udp_leave,
    .send = udp_send,
    .close = udp_close,
};
