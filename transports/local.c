// SPDX-License-Identifier: MIT
// The local bus: agents on one host meet in a directory, with no server.
//
// DIR/PREFIX.GROUP holds one datagram socket for each member, named by its incarnation. To send is
// to list that directory and to write to each other socket once, without waiting: who does not read
// in time loses the message, and only he. Who may write DIR may take part; nothing else is checked.
// local_members.h says how those that are there become known.
#include "local_members.h"
#include "transports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "asyncactor/actor.h"

enum {
    PATH_BYTES = sizeof((struct sockaddr_un *)NULL)->sun_path,
    PACKET_BYTES = 4096,   // PROTOCOL.md M2
    PACKETS_AT_ONCE = 64,  // a wake-up, so that a flood leaves time for the others
    WHY_BYTES = 512,       // a sentence with two paths
    RETRY_MS = 1000,       // doubled after each failure ...
    RETRY_MAX_MS = 10000,  // ... up to here
    LOG_PAUSE_MS = 60000,  // PROTOCOL.md M3: at most once a minute
    RECHECK_FIRST_MS = 5,  // a process that ends closes its file first, maybe: its socket is
    RECHECK_LAST_MS = 320, // looked at again, after 5, 20, 80 and 320 ms
    OWN_MODE = 0700,       // of a directory that we make
    SHARED_MODE = 0002770, // of the groups in a directory that its owner shares with a group
};

#define WATCHED \
    (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF)

// One group: a directory, and in it our socket while `bound`.
struct group {
    struct group *next;
    struct actor_transport *transport;
    uv_poll_t poll; // of fd
    int fd;         // the same number all its life: a new socket is put in its place
    int watch;      // of dir, in the transport's inotify; -1: none
    struct members members;
    bool bound;
    uint64_t untaken; // messages that a reader did not take, since the last line about it
    uint64_t untaken_log_ms;
    struct sockaddr_un address;
    char dir[PATH_BYTES];
    char name[];
};

struct actor_transport {
    struct actor_transport_config config;
    struct group *groups;
    uv_timer_t timer;   // the next attempt, or news that must not be told inside a call
    uv_timer_t recheck; // of those that may have ended, and who is in a group that was joined
    unsigned recheck_ms;
    uv_poll_t changes;     // of inotify
    int inotify;           // -1: changes are noticed at the next message
    char *about;           // what this node announces; NULL: nothing yet
    unsigned open_handles; // all of them; the last one to close frees
    int sender;            // unbound
    bool up;
    unsigned retry_ms;
    mode_t group_mode;       // of directories for groups
    char removed[WHY_BYTES]; // news to tell: why we are down
    char reason[WHY_BYTES];  // the last one told
    char dir[PATH_MAX];
};

// Writes a sentence; false, for the functions that fail with one.
__attribute__((format(printf, 2, 3))) static bool say(char why[WHY_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, WHY_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

static void log_line(const struct actor_transport *t, enum actor_log_level level, const char *line)
{
    t->config.host_ops->log(t->config.host, (int)level, line);
}

// --- Names -------------------------------------------------------------------------------------

// Appends as snprintf() would; returns the length that all of it has or would have had.
static size_t append(char *out, size_t size, size_t length, const char *text)
{
    size_t at = length < size ? length : size;
    return length + (size_t)snprintf(out + at, size - at, "%s", text);
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '%';
}

// A dot ends the prefix, so there is none in it; nor does one start a group, to be no "..".
static size_t append_escaped(char *out, size_t size, size_t length, const char *text, bool dots)
{
    for (const char *byte = text; *byte != '\0'; byte++) {
        char piece[sizeof "%00"] = {*byte};
        bool plain = *byte == '.' ? dots && byte != text : is_plain((unsigned char)*byte);
        if (!plain) {
            snprintf(piece, sizeof piece, "%%%02X", (unsigned char)*byte);
        }
        length = append(out, size, length, piece);
    }
    return length;
}

// The directory of a group. Returns its length, also where it does not fit.
static size_t group_dir(const struct actor_transport *t, const char *group, char *out, size_t size)
{
    size_t length = append(out, size, 0, t->dir);
    length = append(out, size, length, "/");
    length = append_escaped(out, size, length, t->config.prefix, false);
    length = append(out, size, length, ".");
    return append_escaped(out, size, length, group, true);
}

// Whether the sockets of a group can have names: '/', a '.' before it is ready, the digits, NUL.
static bool group_fits(const struct actor_transport *t, const char *group, char why[WHY_BYTES])
{
    char dir[PATH_BYTES];
    size_t length = group_dir(t, group, dir, sizeof dir) + 2 + MEMBER_DIGITS;
    return length < PATH_BYTES ||
           say(why, "socket names would have %zu bytes, at most %d are allowed, in %s", length,
               PATH_BYTES - 1, t->dir);
}

static const char *member_of(const struct group *g)
{
    return strrchr(g->address.sun_path, '/') + 1;
}

// --- Directories -------------------------------------------------------------------------------

static bool make_directory(const char *path, mode_t mode, char why[WHY_BYTES])
{
    if (mkdir(path, OWN_MODE) == 0) {
        return mode == OWN_MODE || chmod(path, mode) == 0 ||
               say(why, "%s: cannot be shared: %s", path, strerror(errno));
    }
    return errno == EEXIST || say(why,
                                  "%s: cannot be created: %s (use local:DIR with a directory "
                                  "that this user may write)",
                                  path, strerror(errno));
}

static bool check_directory(const char *path, struct stat *found, char why[WHY_BYTES])
{
    if (lstat(path, found) != 0) {
        return say(why, "%s: cannot be used: %s", path, strerror(errno));
    }
    if (!S_ISDIR(found->st_mode)) {
        return say(why, "%s: is not a directory (a symbolic link to one is not allowed)", path);
    }
    if ((found->st_mode & S_IWOTH) != 0) {
        return say(why, "%s: may be written by everybody (allowed: by its owner and his group)",
                   path);
    }
    return true;
}

// DIR: ours or root's, because its owner decides who may take part.
static bool prepare_bus(struct actor_transport *t, char why[WHY_BYTES])
{
    struct stat found;
    if (!make_directory(t->dir, OWN_MODE, why) || !check_directory(t->dir, &found, why)) {
        return false;
    }
    if (found.st_uid != geteuid() && found.st_uid != 0) {
        return say(why, "%s: belongs to user %u (allowed: this user, %u, and root)", t->dir,
                   (unsigned)found.st_uid, (unsigned)geteuid());
    }
    bool shared = (found.st_mode & S_IWGRP) != 0;
    t->group_mode = shared ? found.st_mode & SHARED_MODE : OWN_MODE;
    return true;
}

// A group's directory may belong to anyone who may write DIR.
static bool prepare_group(const struct group *g, char why[WHY_BYTES])
{
    struct stat found;
    return make_directory(g->dir, g->transport->group_mode, why) &&
           check_directory(g->dir, &found, why);
}

// --- Sending -----------------------------------------------------------------------------------

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool renew_sender(struct actor_transport *t)
{
    int fresh = new_socket();
    if (fresh < 0) {
        return false;
    }
    if (t->sender >= 0) {
        close(t->sender);
    }
    t->sender = fresh;
    return true;
}

static void log_untaken(struct group *g, const char *cause)
{
    char line[WHY_BYTES];
    snprintf(line, sizeof line, "%s: messages not taken by a reader: %" PRIu64 " (%s)", g->dir,
             g->untaken, cause);
    log_line(g->transport, ACTOR_LOG_WARNING, line);
    g->untaken = 0;
    g->untaken_log_ms = uv_now(g->transport->config.loop);
}

static void count_untaken(struct group *g, int error)
{
    bool first = g->untaken_log_ms == 0;
    g->untaken++;
    if (first || uv_now(g->transport->config.loop) - g->untaken_log_ms >= LOG_PAUSE_MS) {
        log_untaken(g, error == EAGAIN ? "its queue is full" : strerror(error));
    }
}

static int send_to(struct actor_transport *t, const struct sockaddr_un *to, const void *bytes,
                   size_t len)
{
    ssize_t sent = sendto(t->sender, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)to, sizeof *to);
    return sent < 0 ? errno : 0;
}

// What readers have not read yet counts against the buffer of the socket that sent it, so a few
// frozen ones could fill it for all. A new socket has an empty buffer; if that one fails too, it is
// the reader's queue.
static int deliver(struct actor_transport *t, const struct sockaddr_un *to, const void *bytes,
                   size_t len)
{
    int error = send_to(t, to, bytes, len);
    return error == EAGAIN && renew_sender(t) ? send_to(t, to, bytes, len) : error;
}

static void recheck_soon(struct actor_transport *t);

// That a dead one is gone is told from the loop, and not inside this call.
static void reach_member(struct group *g, const char *member, const void *bytes, size_t len)
{
    struct sockaddr_un to = member_address(g->dir, "", member);
    int error =
        bytes == NULL ? member_probe(g->dir, member) : deliver(g->transport, &to, bytes, len);
    if (error == ECONNREFUSED) {
        members_clear_away(&g->members, member);
        recheck_soon(g->transport);
    } else if (bytes != NULL && error != 0 && error != ENOENT) {
        count_untaken(g, error);
    }
}

// Sends to every other member once; without `bytes` only clears away the dead. 0 or a negative
// errno.
static int reach_all(struct group *g, const void *bytes, size_t len)
{
    DIR *listing = opendir(g->dir);
    if (listing == NULL) {
        return -errno;
    }
    const struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        bool own = g->bound && strcmp(entry->d_name, member_of(g)) == 0;
        if (is_member(entry->d_name) && !own) {
            reach_member(g, entry->d_name, bytes, len);
        }
    }
    closedir(listing);
    return 0;
}

// --- Receiving ---------------------------------------------------------------------------------

static void arm(struct actor_transport *t, unsigned delay_ms);

static bool is_present(const struct group *g)
{
    return access(g->address.sun_path, F_OK) == 0;
}

static void unwatch(struct group *g)
{
    if (g->watch >= 0) {
        inotify_rm_watch(g->transport->inotify, g->watch);
        g->watch = -1;
    }
}

static void unbind(struct group *g)
{
    uv_poll_stop(&g->poll);
    unwatch(g);
    members_hide(&g->members);
    members_forget(&g->members);
    if (g->bound) {
        unlink(g->address.sun_path);
        g->bound = false;
    }
}

static void lose(struct group *g, const char *what)
{
    unbind(g);
    say(g->transport->removed, "%s: %s", g->address.sun_path, what);
    arm(g->transport, 0);
}

// A longer packet than allowed stays too long, for the decoder to drop. The host may leave or close
// meanwhile; the memory stays until the handles are closed.
static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct group *g = poll->data;
    const struct actor_transport_config *config = &g->transport->config;
    (void)events;
    if (status < 0) {
        lose(g, uv_strerror(status));
        return;
    }
    for (int i = 0; i < PACKETS_AT_ONCE && uv_is_active((uv_handle_t *)poll); i++) {
        char packet[PACKET_BYTES + 1];
        ssize_t len = recv(g->fd, packet, sizeof packet, MSG_DONTWAIT);
        if (len < 0) {
            return;
        }
        config->host_ops->message(config->host, g->name, packet, (size_t)len);
    }
}

// Bound under a name that is no member's, and renamed when it works: nobody takes it for a dead
// one. 0 or a negative errno.
static int bind_socket(const struct group *g)
{
    struct sockaddr_un unready = member_address(g->dir, ".", member_of(g));
    mode_t mode = g->transport->group_mode & (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
    if (bind(g->fd, (const struct sockaddr *)&unready, sizeof unready) == 0 &&
        chmod(unready.sun_path, mode) == 0 &&
        renameat2(AT_FDCWD, unready.sun_path, AT_FDCWD, g->address.sun_path, RENAME_NOREPLACE) ==
            0) {
        return 0;
    }
    int error = errno;
    unlink(unready.sun_path);
    return -error;
}

static int renew_socket(const struct group *g)
{
    int fresh = new_socket();
    if (fresh < 0) {
        return -errno;
    }
    int result = dup3(fresh, g->fd, O_CLOEXEC) < 0 ? -errno : bind_socket(g);
    close(fresh);
    return result;
}

static void watch_group(struct group *g)
{
    struct actor_transport *t = g->transport;
    g->watch = t->inotify < 0 ? -1 : inotify_add_watch(t->inotify, g->dir, WATCHED);
    if (g->watch < 0) {
        char line[WHY_BYTES];
        say(line, "%s: cannot be watched: %s; a removal is noticed at the next message", g->dir,
            strerror(errno));
        log_line(g->transport, ACTOR_LOG_WARNING, line);
    }
}

static void show(struct group *g)
{
    const struct actor_transport *t = g->transport;
    if (t->about != NULL && g->bound) {
        members_show(&g->members, t->about,
                     t->group_mode & (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP));
    }
}

static bool bind_group(struct group *g, char why[WHY_BYTES])
{
    if (g->bound && is_present(g)) {
        return true;
    }
    unbind(g);
    if (!prepare_group(g, why)) {
        return false;
    }
    watch_group(g);
    reach_all(g, NULL, 0);
    int result = renew_socket(g);
    if (result < 0) {
        unbind(g);
        return say(why, "%s: a socket cannot be made there: %s", g->dir, strerror(-result));
    }
    g->bound = true;
    uv_poll_start(&g->poll, UV_READABLE, on_readable);
    show(g);
    return true;
}

// --- Changes of the directories ------------------------------------------------------------------

static struct group *group_of_watch(const struct actor_transport *t, int watch)
{
    struct group *g = t->groups;
    while (g != NULL && g->watch != watch) {
        g = g->next;
    }
    return g;
}

static struct group *find_unlooked(const struct actor_transport *t)
{
    struct group *g = t->groups;
    while (g != NULL && (g->members.looked || !g->bound)) {
        g = g->next;
    }
    return g;
}

// The host may leave or close in there.
static void look_around(struct actor_transport *t)
{
    struct group *g;
    while (t->up && (g = find_unlooked(t)) != NULL) {
        members_look_at_all(&g->members);
    }
}

static void on_recheck(uv_timer_t *timer)
{
    struct actor_transport *t = timer->data;
    look_around(t);
    for (struct group *g = t->groups; g != NULL; g = g->next) {
        members_bury_the_dead(&g->members);
    }
    if (t->recheck_ms < RECHECK_LAST_MS) {
        t->recheck_ms *= 4;
        uv_timer_start(&t->recheck, on_recheck, t->recheck_ms, 0);
    }
}

static void recheck_soon(struct actor_transport *t)
{
    t->recheck_ms = RECHECK_FIRST_MS;
    uv_timer_start(&t->recheck, on_recheck, t->recheck_ms, 0);
}

// The kernel has dropped news.
static void look_anew(struct actor_transport *t)
{
    for (struct group *g = t->groups; g != NULL; g = g->next) {
        g->members.looked = false;
    }
    recheck_soon(t);
}

static void on_change(struct actor_transport *t, const struct inotify_event *event)
{
    char member[MEMBER_DIGITS + 1];
    struct group *g = group_of_watch(t, event->wd);
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        look_anew(t);
        return;
    }
    if (g == NULL) {
        return;
    }
    if (g->bound && !is_present(g)) {
        lose(g, "was removed");
    } else if (event->len > 0 && members_is_about(&g->members, event->name, member)) {
        if ((event->mask & IN_MOVED_TO) != 0) {
            members_look_at(&g->members, member);
        } else {
            members_bury_the_dead(&g->members);
            recheck_soon(t);
        }
    }
}

// The host may leave or close in there; the loop looks again.
static void on_changes(uv_poll_t *poll, int status, int events)
{
    struct actor_transport *t = poll->data;
    _Alignas(struct inotify_event) char news[4096];
    ssize_t len = status == 0 && events != 0 ? read(t->inotify, news, sizeof news) : 0;
    for (ssize_t at = 0; at < len && uv_is_active((uv_handle_t *)poll);) {
        const struct inotify_event *event = (const struct inotify_event *)(news + at);
        on_change(t, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

// --- Up and down -------------------------------------------------------------------------------

static bool work(struct actor_transport *t, char why[WHY_BYTES])
{
    if (!prepare_bus(t, why)) {
        return false;
    }
    if (t->sender < 0 && !renew_sender(t)) {
        return say(why, "%s: no socket to send from: %s", t->dir, strerror(errno));
    }
    for (struct group *g = t->groups; g != NULL; g = g->next) {
        if (!bind_group(g, why)) {
            return false;
        }
    }
    return true;
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
    bool was_up = t->up;
    t->retry_ms = RETRY_MS;
    t->up = true;
    look_around(t);
    if (!was_up && !uv_is_closing((uv_handle_t *)&t->timer)) {
        t->config.host_ops->up(t->config.host);
    }
}

static void try_again_later(struct actor_transport *t)
{
    arm(t, t->retry_ms);
    t->retry_ms = t->retry_ms * 2 < RETRY_MAX_MS ? t->retry_ms * 2 : RETRY_MAX_MS;
}

static void on_timer(uv_timer_t *timer)
{
    struct actor_transport *t = timer->data;
    char why[WHY_BYTES];
    if (t->removed[0] != '\0') {
        memcpy(why, t->removed, sizeof why);
        t->removed[0] = '\0';
        arm(t, 0);
        go_down(t, why);
    } else if (work(t, why)) {
        go_up(t);
    } else {
        try_again_later(t);
        go_down(t, why);
    }
}

static void arm(struct actor_transport *t, unsigned delay_ms)
{
    uv_timer_start(&t->timer, on_timer, delay_ms, 0);
}

// --- The face ----------------------------------------------------------------------------------

static void choose_dir(char *out, size_t size, const char *address)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    size_t length = 0;
    if (address[0] != '\0') {
        length = append(out, size, 0, address);
    } else {
        length = append(out, size, 0, runtime != NULL && runtime[0] != '\0' ? runtime : "/run");
        length = append(out, size, length, "/actord");
    }
    // A slash at the end would make lstat() follow a symbolic link.
    while (length > 1 && length < size && out[length - 1] == '/') {
        out[--length] = '\0';
    }
}

static void open_inotify(struct actor_transport *t)
{
    t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (t->inotify >= 0 && uv_poll_init(t->config.loop, &t->changes, t->inotify) == 0) {
        t->changes.data = t;
        t->open_handles++;
        uv_poll_start(&t->changes, UV_READABLE, on_changes);
    } else if (t->inotify >= 0) {
        close(t->inotify);
        t->inotify = -1;
    }
}

static int local_open(struct actor_transport **transport,
                      const struct actor_transport_config *config, char *why, size_t why_size)
{
    struct actor_transport *t = calloc(1, sizeof *t);
    if (t == NULL) {
        snprintf(why, why_size, "no memory");
        return -ENOMEM;
    }
    t->config = *config;
    t->sender = -1;
    t->retry_ms = RETRY_MS;
    choose_dir(t->dir, sizeof t->dir, config->address);
    char sentence[WHY_BYTES];
    if (!group_fits(t, "g", sentence)) {
        snprintf(why, why_size, "%s", sentence);
        free(t);
        return -ENAMETOOLONG;
    }
    uv_timer_init(config->loop, &t->timer);
    uv_timer_init(config->loop, &t->recheck);
    t->timer.data = t->recheck.data = t;
    t->open_handles = 2;
    open_inotify(t);
    arm(t, 0);
    *transport = t;
    return 0;
}

static struct group *new_group(struct actor_transport *t, const char *name)
{
    size_t size = strlen(name) + 1;
    struct group *g = calloc(1, sizeof *g + size);
    if (g == NULL) {
        return NULL;
    }
    char member[MEMBER_DIGITS + 1];
    snprintf(member, sizeof member, "%016" PRIx64, t->config.incarnation);
    g->transport = t;
    g->watch = -1;
    memcpy(g->name, name, size);
    group_dir(t, name, g->dir, sizeof g->dir);
    g->address = member_address(g->dir, "", member);
    g->members = (struct members){
        .config = &t->config,
        .group = g->name,
        .dir = g->dir,
        .own = member_of(g),
        .about_fd = -1,
    };
    return g;
}

static int init_handles(struct group *g)
{
    struct actor_transport *t = g->transport;
    g->fd = new_socket();
    if (g->fd < 0) {
        return -errno;
    }
    int result = uv_poll_init(t->config.loop, &g->poll, g->fd);
    if (result < 0) {
        close(g->fd);
        return result;
    }
    g->poll.data = g;
    t->open_handles++;
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

static int local_join(struct actor_transport *t, const char *name)
{
    char why[WHY_BYTES];
    struct group **place = find_group(t, name);
    if (*place != NULL) {
        return -EALREADY;
    }
    if (!group_fits(t, name, why)) {
        log_line(t, ACTOR_LOG_ERROR, why);
        return -ENAMETOOLONG;
    }
    struct group *g = new_group(t, name);
    int result = g == NULL ? -ENOMEM : init_handles(g);
    if (result < 0) {
        free(g);
        return result;
    }
    *place = g;
    if (t->up && !bind_group(g, why)) {
        arm(t, 0); // fails again there, and tells
    } else if (t->up) {
        recheck_soon(t); // tells who is there
    }
    return 0;
}

static void release(struct actor_transport *t)
{
    if (--t->open_handles == 0) {
        struct actor_transport_config config = t->config;
        if (t->sender >= 0) {
            close(t->sender);
        }
        free(t->about);
        free(t);
        config.host_ops->closed(config.host);
    }
}

static void on_group_handle_closed(uv_handle_t *handle)
{
    struct group *g = handle->data;
    struct actor_transport *t = g->transport;
    free(g);
    release(t);
}

static void on_handle_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void local_leave(struct actor_transport *t, const char *name)
{
    struct group **place = find_group(t, name);
    struct group *g = *place;
    if (g == NULL) {
        return;
    }
    *place = g->next;
    if (g->untaken > 0) {
        log_untaken(g, "up to the end");
    }
    unbind(g);
    uv_close((uv_handle_t *)&g->poll, on_group_handle_closed);
    close(g->fd);
}

static int local_send(struct actor_transport *t, const char *name, const void *bytes, size_t len)
{
    struct group *g = *find_group(t, name);
    if (!t->up || g == NULL || !g->bound) {
        return -ENOTCONN;
    }
    if (len > PACKET_BYTES) {
        return -EMSGSIZE;
    }
    int result = reach_all(g, bytes, len);
    if (!is_present(g)) {
        lose(g, "was removed");
    }
    return result;
}

static int local_announce(struct actor_transport *t, const char *about)
{
    if (strlen(about) > MEMBER_ABOUT_BYTES) {
        return -EMSGSIZE;
    }
    char *copy = strdup(about);
    if (copy == NULL) {
        return -ENOMEM;
    }
    free(t->about);
    t->about = copy;
    for (struct group *g = t->groups; g != NULL; g = g->next) {
        show(g);
    }
    return 0;
}

// What was sent is with its readers already, so an orderly end takes no longer.
static void local_close(struct actor_transport *t, bool orderly)
{
    (void)orderly;
    while (t->groups != NULL) {
        local_leave(t, t->groups->name);
    }
    uv_close((uv_handle_t *)&t->timer, on_handle_closed);
    uv_close((uv_handle_t *)&t->recheck, on_handle_closed);
    if (t->inotify >= 0) {
        uv_close((uv_handle_t *)&t->changes, on_handle_closed);
        close(t->inotify);
    }
}

const struct actor_transport_ops transport_local = {
    .schemes = (const char *const[]){"local", NULL},
    .proves = false,
    .echoes = false,
    .open = local_open,
    .join = local_join,
    .leave = local_leave,
    .send = local_send,
    .announce = local_announce,
    .close = local_close,
};
