// SPDX-License-Identifier: MIT
// The local bus on a real loop, in a directory of its own. Tests wait for conditions, not for time.
#include "asyncactor/transport.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { DEADLINE_MS = 10000, KEPT = 64, PACKET_MAX = 4097 };

static const struct actor_transport_ops *local;

// What one transport has told its host.
struct node {
    struct actor_transport *transport;
    uv_loop_t *loop;
    bool is_up, closed, close_on_message, close_on_down;
    const char *leave_on_message;
    struct actor_transport *answer_from; // sends again for each message
    int ups, downs;
    size_t received, length; // `length` of the last packet
    uint64_t untaken;        // as the log says
    char reasons[1024], group[80], line[1024];
    char kept[KEPT][32]; // the first packets, as text
};

static uv_loop_t loop;
static char top[] = "/tmp/a-XXXXXX"; // all of a test is in here
static char bus[64];                 // not made yet when a test starts
static const char *prefix;
static uint64_t incarnations;

// --- The host ----------------------------------------------------------------------------------

static void on_up(void *host)
{
    struct node *n = host;
    ck_assert(!n->is_up && !n->closed);
    n->is_up = true;
    n->ups++;
    uv_stop(n->loop); // run_until() looks at once, not after a wait
}

static void on_down(void *host, const char *reason)
{
    struct node *n = host;
    ck_assert(!n->closed);
    n->is_up = false;
    n->downs++;
    uv_stop(n->loop);
    size_t length = strlen(n->reasons);
    snprintf(n->reasons + length, sizeof n->reasons - length, "%s\n", reason);
    if (n->close_on_down) {
        local->close(n->transport, true);
    }
}

static void on_message(void *host, const char *group, const void *bytes, size_t len)
{
    struct node *n = host;
    ck_assert(!n->closed);
    snprintf(n->group, sizeof n->group, "%s", group);
    if (n->received < KEPT) {
        snprintf(n->kept[n->received], sizeof n->kept[0], "%.*s", (int)len, (const char *)bytes);
    }
    n->received++;
    n->length = len;
    if (n->answer_from != NULL) {
        ck_assert_int_eq(local->send(n->answer_from, group, bytes, len), 0);
    }
    if (n->leave_on_message != NULL) {
        local->leave(n->transport, n->leave_on_message);
    }
    if (n->close_on_message) {
        local->close(n->transport, true);
    }
}

static void on_overrun(void *host, uint64_t count)
{
    (void)host;
    (void)count;
    ck_abort_msg("a reader cannot know what it missed");
}

static void on_closed(void *host)
{
    struct node *n = host;
    ck_assert(!n->closed);
    n->closed = true;
}

static void on_log(void *host, int level, const char *line)
{
    struct node *n = host;
    const char *count = strstr(line, "not taken by a reader: ");
    (void)level;
    snprintf(n->line, sizeof n->line, "%s", line);
    if (count != NULL) {
        n->untaken += strtoull(strchr(count, ':') + 1, NULL, 10);
    }
}

static const struct actor_transport_host_ops host_ops = {
    .up = on_up,
    .down = on_down,
    .message = on_message,
    .overrun = on_overrun,
    .closed = on_closed,
    .log = on_log,
};

// --- Tools -------------------------------------------------------------------------------------

static void on_deadline(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

// Runs the loop until *counter has reached `least`, or fails.
static void run_until(struct node *n, const int *counter, int least)
{
    bool late = false;
    uv_timer_t deadline;
    uv_timer_init(n->loop, &deadline);
    deadline.data = &late;
    uv_timer_start(&deadline, on_deadline, DEADLINE_MS, 0);
    while (*counter < least && !late) {
        uv_run(n->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&deadline, NULL);
    uv_run(n->loop, UV_RUN_NOWAIT);
    ck_assert_msg(!late, "nothing came; down because: %s", n->reasons);
}

// Handles all that is there already.
static void drain(void)
{
    for (int i = 0; i < 8; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static int try_open(struct node *n, uv_loop_t *its_loop, const char *dir, char *why, size_t size)
{
    memset(n, 0, sizeof *n);
    n->loop = its_loop;
    const struct actor_transport_config config = {
        .loop = its_loop,
        .host_ops = &host_ops,
        .host = n,
        .scheme = "local",
        .address = dir,
        .name = "node",
        .prefix = prefix,
        .incarnation = ++incarnations,
        .keepalive_ns = 5000000000,
    };
    return local->open(&n->transport, &config, why, size);
}

static void start(struct node *n, uv_loop_t *its_loop, const char *dir, const char *group)
{
    char why[256];
    ck_assert_int_eq(try_open(n, its_loop, dir, why, sizeof why), 0);
    ck_assert_int_eq(local->join(n->transport, group), 0);
    ck_assert_int_eq(n->ups + n->downs, 0); // news come from the loop alone
}

static void start_up(struct node *n, const char *group)
{
    start(n, &loop, bus, group);
    run_until(n, &n->ups, 1);
    ck_assert_int_eq(n->downs, 0);
}

static void end(struct node *n)
{
    if (!n->closed) {
        local->close(n->transport, true);
        ck_assert(!n->closed); // from the loop alone
        uv_run(n->loop, UV_RUN_DEFAULT);
    }
    ck_assert(n->closed);
}

static void end_all(struct node *nodes, int count)
{
    for (int i = 0; i < count; i++) {
        if (!nodes[i].closed) {
            local->close(nodes[i].transport, false);
        }
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < count; i++) {
        ck_assert(nodes[i].closed);
    }
}

static void say(struct node *n, const char *group, const char *text)
{
    ck_assert_int_eq(local->send(n->transport, group, text, strlen(text)), 0);
}

static const char *path_of(const char *dir, const char *group, uint64_t member)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s/%016" PRIx64, dir, group, member);
    return path;
}

static const char *group_path(const char *group)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", bus, group);
    return path;
}

static bool exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

static void make_file(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static mode_t mode_of(const char *path)
{
    struct stat found;
    ck_assert_int_eq(lstat(path, &found), 0);
    return found.st_mode & 07777;
}

// All but "." and "..".
static int entries(const char *path)
{
    int count = 0;
    DIR *listing = opendir(path);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(listing);
    return count;
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place)
{
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    ck_assert_int_eq(nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void set_up(void)
{
    snprintf(top, sizeof top, "/tmp/a-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(bus, sizeof bus, "%s/bus", top);
    prefix = "actor";
    incarnations = 0;
    uv_loop_init(&loop);
    local = actor_transport_find("local");
    ck_assert_ptr_nonnull(local);
    ck_assert(!local->proves && !local->echoes); // L1: no lease
}

static void tear_down(void)
{
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    remove_tree(top);
}

// --- Delivery ----------------------------------------------------------------------------------

START_TEST(reaches_all_others_and_not_itself)
{
    struct node nodes[3];
    for (int i = 0; i < 3; i++) {
        start_up(&nodes[i], "g");
    }
    say(&nodes[1], "g", "hello");
    drain();
    ck_assert_uint_eq(nodes[1].received, 0);
    for (int i = 0; i < 3; i += 2) {
        ck_assert_uint_eq(nodes[i].received, 1);
        ck_assert_str_eq(nodes[i].kept[0], "hello");
        ck_assert_str_eq(nodes[i].group, "g");
    }
    end_all(nodes, 3);
    ck_assert_int_eq(entries(bus), 1);
    ck_assert_int_eq(entries(group_path("actor.g")), 0);
}
END_TEST

START_TEST(keeps_groups_apart)
{
    struct node nodes[2];
    start_up(&nodes[0], "one");
    start_up(&nodes[1], "one");
    ck_assert_int_eq(local->join(nodes[0].transport, "two"), 0); // while up: works at once
    ck_assert_int_eq(local->join(nodes[0].transport, "two"), -EALREADY);
    ck_assert_int_eq(local->join(nodes[1].transport, "two"), 0);
    say(&nodes[0], "two", "2");
    drain();
    ck_assert_uint_eq(nodes[1].received, 1);
    ck_assert_str_eq(nodes[1].group, "two");
    local->leave(nodes[1].transport, "two");
    local->leave(nodes[1].transport, "never joined");
    say(&nodes[0], "two", "2");
    say(&nodes[0], "one", "1");
    drain();
    ck_assert_uint_eq(nodes[1].received, 2);
    ck_assert_str_eq(nodes[1].group, "one");
    ck_assert_int_eq(local->send(nodes[1].transport, "two", "x", 1), -ENOTCONN);
    end_all(nodes, 2);
}
END_TEST

START_TEST(keeps_the_order)
{
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    for (int i = 0; i < KEPT; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        say(&nodes[0], "g", text);
        if (i % 4 == 3) {
            drain();
        }
    }
    ck_assert_uint_eq(nodes[1].received, KEPT);
    for (int i = 0; i < KEPT; i++) {
        ck_assert_int_eq(strtol(nodes[1].kept[i], NULL, 10), i);
    }
    end_all(nodes, 2);
}
END_TEST

// M2: the decoder must see that a packet is too long.
START_TEST(hands_on_a_long_packet_as_too_long)
{
    static const char bytes[2 * PACKET_MAX];
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    ck_assert_int_eq(local->send(nodes[0].transport, "g", bytes, 4096), 0);
    drain();
    ck_assert_uint_eq(nodes[1].length, 4096);
    ck_assert_int_eq(local->send(nodes[0].transport, "g", bytes, sizeof bytes), 0);
    drain();
    ck_assert_uint_eq(nodes[1].received, 2);
    ck_assert_uint_gt(nodes[1].length, 4096);
    end_all(nodes, 2);
}
END_TEST

// --- Those that do not read --------------------------------------------------------------------

// M4. Enough frozen readers to fill one sending socket's buffer with what they do not read.
START_TEST(frozen_readers_cost_the_others_nothing)
{
    enum { FROZEN = 5, MESSAGES = 600 };
    static const char bytes[4096];
    struct node nodes[3];
    int frozen[FROZEN];
    for (int i = 0; i < 3; i++) {
        start_up(&nodes[i], "g");
    }
    for (int i = 0; i < FROZEN; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const char *path = path_of(bus, "actor.g", 0x1000 + (uint64_t)i);
        memcpy(address.sun_path, path, strlen(path));
        frozen[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        ck_assert_int_eq(bind(frozen[i], (struct sockaddr *)&address, sizeof address), 0);
    }
    for (int i = 0; i < MESSAGES; i++) {
        ck_assert_int_eq(local->send(nodes[0].transport, "g", bytes, sizeof bytes), 0);
        drain();
    }
    ck_assert_uint_eq(nodes[1].received, MESSAGES);
    ck_assert_uint_eq(nodes[2].received, MESSAGES);
    ck_assert_uint_eq(nodes[0].untaken, 1); // M3: one line a minute
    ck_assert_ptr_nonnull(strstr(nodes[0].line, "queue is full"));
    end_all(nodes, 3);
    ck_assert_uint_gt(nodes[0].untaken, FROZEN);
    for (int i = 0; i < FROZEN; i++) {
        close(frozen[i]);
    }
}
END_TEST

START_TEST(counts_every_loss_of_a_burst)
{
    enum { MESSAGES = 10000, BETWEEN_READS = 1000 };
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    for (int i = 0; i < MESSAGES; i++) {
        say(&nodes[0], "g", "x");
        if (i % BETWEEN_READS == 0) {
            uv_run(&loop, UV_RUN_NOWAIT);
        }
    }
    for (size_t before = 1; before != nodes[1].received;) {
        before = nodes[1].received;
        drain();
    }
    end_all(nodes, 2);
    ck_assert_uint_gt(nodes[1].received, 0);
    ck_assert_uint_gt(nodes[0].untaken, 0);
    ck_assert_uint_eq(nodes[1].received + nodes[0].untaken, MESSAGES);
}
END_TEST

START_TEST(a_flood_leaves_time_for_others)
{
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    drain();
    nodes[1].answer_from = nodes[0].transport; // its queue is never empty
    say(&nodes[0], "g", "x");
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_ge(nodes[1].received, 10);
    ck_assert_uint_le(nodes[1].received, 64);
    end_all(nodes, 2);
}
END_TEST

// Takes part until it is killed.
static void live_as_child(int ready)
{
    uv_loop_t own;
    struct node n;
    uv_loop_init(&own);
    incarnations = 0xdead0;
    start(&n, &own, bus, "g");
    run_until(&n, &n.ups, 1);
    ck_assert_int_eq(write(ready, "!", 1), 1);
    uv_run(&own, UV_RUN_DEFAULT);
}

static pid_t spawn_member(void)
{
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        live_as_child(ready[1]);
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void kill_member(pid_t child)
{
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert(exists(path_of(bus, "actor.g", 0xdead1)));
}

START_TEST(sending_clears_away_a_dead_members_socket)
{
    struct node n;
    start_up(&n, "g");
    pid_t child = spawn_member();
    say(&n, "g", "x");
    ck_assert(exists(path_of(bus, "actor.g", 0xdead1)));
    kill_member(child);
    say(&n, "g", "x");
    ck_assert(!exists(path_of(bus, "actor.g", 0xdead1)));
    ck_assert_uint_eq(n.untaken, 0);
    end(&n);
}
END_TEST

START_TEST(joining_clears_away_a_dead_members_socket_and_nothing_else)
{
    struct node nodes[2];
    char foreign[300];
    kill_member(spawn_member());
    snprintf(foreign, sizeof foreign, "%s.txt", path_of(bus, "actor.g", 1));
    make_file(foreign);
    start_up(&nodes[0], "g");
    ck_assert(!exists(path_of(bus, "actor.g", 0xdead1)));
    start_up(&nodes[1], "g");
    ck_assert(exists(path_of(bus, "actor.g", 1)));
    ck_assert(exists(path_of(bus, "actor.g", 2)));
    ck_assert(exists(foreign));
    ck_assert_uint_eq(nodes[0].received, 0); // the probe is not seen
    end_all(nodes, 2);
    ck_assert_int_eq(entries(group_path("actor.g")), 1);
}
END_TEST

// --- Directories -------------------------------------------------------------------------------

START_TEST(makes_private_directories)
{
    struct node n;
    mode_t old = umask(0);
    start_up(&n, "g");
    umask(old);
    ck_assert_uint_eq(mode_of(bus), 0700);
    ck_assert_uint_eq(mode_of(group_path("actor.g")), 0700);
    ck_assert_uint_eq(mode_of(path_of(bus, "actor.g", 1)), 0600);
    end(&n);
    ck_assert(!exists(path_of(bus, "actor.g", 1)));
}
END_TEST

START_TEST(shares_what_its_owner_shares_with_a_group)
{
    struct node n;
    ck_assert_int_eq(mkdir(bus, 0700), 0);
    ck_assert_int_eq(chmod(bus, 02770), 0);
    start_up(&n, "g");
    ck_assert_uint_eq(mode_of(group_path("actor.g")), 02770);
    ck_assert_uint_eq(mode_of(path_of(bus, "actor.g", 1)), 0660);
    end(&n);
}
END_TEST

static void on_tick(uv_timer_t *timer)
{
    ++*(int *)timer->data;
}

// The reason is told once, though it is tried again after 1 s and after 3 s.
START_TEST(tells_why_it_is_down_and_comes_up_by_itself)
{
    struct node n;
    char dir[128], parent[64];
    int ticks = 0;
    uv_timer_t after_a_retry = {.data = &ticks};
    snprintf(parent, sizeof parent, "%s/parent", top);
    snprintf(dir, sizeof dir, "%s/bus", parent);
    start(&n, &loop, dir, "g");
    uv_timer_init(&loop, &after_a_retry);
    uv_timer_start(&after_a_retry, on_tick, 1500, 0);
    run_until(&n, &n.downs, 1);
    ck_assert_ptr_nonnull(strstr(n.reasons, "/parent/bus: cannot be created: No such file"));
    ck_assert_ptr_nonnull(strstr(n.reasons, "use local:DIR"));
    ck_assert_int_eq(local->send(n.transport, "g", "x", 1), -ENOTCONN);
    run_until(&n, &ticks, 1);
    ck_assert_int_eq(mkdir(parent, 0700), 0);
    run_until(&n, &n.ups, 1);
    ck_assert_int_eq(n.downs, 1);
    uv_close((uv_handle_t *)&after_a_retry, NULL);
    end(&n);
}
END_TEST

START_TEST(tells_each_new_reason)
{
    struct node n;
    start_up(&n, "g");
    remove_tree(bus);
    make_file(bus);
    run_until(&n, &n.downs, 2);
    ck_assert_ptr_nonnull(strstr(n.reasons, "was removed"));
    ck_assert_ptr_nonnull(strstr(n.reasons, "is not a directory"));
    end(&n);
}
END_TEST

static void check_refused(const char *dir, const char *sentence)
{
    struct node n;
    start(&n, &loop, dir, "g");
    run_until(&n, &n.downs, 1);
    ck_assert_ptr_nonnull(strstr(n.reasons, sentence));
    ck_assert_int_eq(strncmp(n.reasons, top, strlen(top)), 0);
    ck_assert_int_eq(n.ups, 0);
    end(&n);
}

START_TEST(refuses_a_directory_that_is_not_safe)
{
    char link[64], slash[65];
    snprintf(link, sizeof link, "%s/link", top);
    snprintf(slash, sizeof slash, "%s/", link);
    ck_assert_int_eq(mkdir(bus, 0700), 0);
    ck_assert_int_eq(chmod(bus, 01777), 0);
    check_refused(bus, "may be written by everybody");
    ck_assert_int_eq(chmod(bus, 0700), 0);
    ck_assert_int_eq(symlink(bus, link), 0);
    check_refused(link, "symbolic link");
    check_refused(slash, "symbolic link");
    ck_assert_int_eq(symlink(top, group_path("actor.g")), 0);
    check_refused(bus, "symbolic link");
    unlink(group_path("actor.g"));
    ck_assert_int_eq(rmdir(bus), 0);
    make_file(bus);
    check_refused(bus, "is not a directory");
}
END_TEST

START_TEST(refuses_another_users_directory)
{
    if (geteuid() != 0) {
        return;
    }
    ck_assert_int_eq(mkdir(bus, 0700), 0);
    ck_assert_int_eq(chown(bus, 65534, 65534), 0);
    check_refused(bus, "belongs to user 65534");
    ck_assert_int_eq(chown(bus, 0, 0), 0);
    ck_assert_int_eq(chmod(top, 0755), 0);
    char root[64];
    snprintf(root, sizeof root, "%s/denied", top);
    ck_assert_int_eq(seteuid(65534), 0);
    check_refused(root, "cannot be created: Permission denied");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static const char *long_dir(size_t length)
{
    static char dir[256];
    size_t start = (size_t)snprintf(dir, sizeof dir, "%s", bus);
    memset(dir + start, 'd', length - start);
    dir[length] = '\0';
    return dir;
}

START_TEST(refuses_what_has_no_room_for_a_sockets_name)
{
    struct node n;
    char why[512];
    // DIR + "/actor.g" + "/." + 16 digits = 107 bytes
    ck_assert_int_eq(try_open(&n, &loop, long_dir(81), why, sizeof why), 0);
    ck_assert_int_eq(local->join(n.transport, "gg"), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(n.line, "108 bytes, at most 107"));
    ck_assert_int_eq(local->join(n.transport, "g"), 0);
    run_until(&n, &n.ups, 1);
    end(&n);
    ck_assert_int_eq(try_open(&n, &loop, long_dir(82), why, sizeof why), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(why, "108 bytes, at most 107"));
    ck_assert_int_eq(try_open(&n, &loop, long_dir(180), why, sizeof why), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(why, "206 bytes, at most 107"));
}
END_TEST

START_TEST(chooses_a_directory_by_the_environment)
{
    struct node n;
    char expected[64];
    snprintf(expected, sizeof expected, "%s/actord", top);
    setenv("XDG_RUNTIME_DIR", top, 1);
    start(&n, &loop, "", "g");
    run_until(&n, &n.ups, 1);
    ck_assert(exists(path_of(expected, "actor.g", 1)));
    end(&n);
}
END_TEST

// --- Names -------------------------------------------------------------------------------------

// 64 bytes
static const char longest[] = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
                              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f";

static const char *const odd_names[] = {
    "..", ".", "a/b", "../x", "%", "a%2Fb", "a b", "gw.example.org", "\x01", longest};

START_TEST(takes_any_name_and_stays_in_its_directory)
{
    enum { NAMES = sizeof odd_names / sizeof *odd_names };
    struct node nodes[2];
    prefix = _i == 0 ? "actor" : "";
    start_up(&nodes[0], odd_names[0]);
    start_up(&nodes[1], odd_names[0]);
    for (int i = 1; i < NAMES; i++) {
        ck_assert_int_eq(local->join(nodes[0].transport, odd_names[i]), 0);
        ck_assert_int_eq(local->join(nodes[1].transport, odd_names[i]), 0);
    }
    for (int i = 0; i < NAMES; i++) {
        say(&nodes[0], odd_names[i], odd_names[i]);
        drain();
        ck_assert_uint_eq(nodes[1].received, (size_t)i + 1);
        ck_assert_str_eq(nodes[1].group, odd_names[i]);
    }
    ck_assert_int_eq(entries(bus), NAMES);
    ck_assert_int_eq(entries(top), 1);
    end_all(nodes, 2);
}
END_TEST

START_TEST(keeps_prefixes_apart)
{
    struct node nodes[2];
    prefix = "a.b";
    start_up(&nodes[0], "c");
    prefix = "a";
    start_up(&nodes[1], "b.c");
    say(&nodes[0], "c", "x");
    drain();
    ck_assert_uint_eq(nodes[1].received, 0);
    ck_assert(exists(path_of(bus, "a.b.c", 2)));
    end_all(nodes, 2);
}
END_TEST

// --- Changes while it runs ---------------------------------------------------------------------

static void check_rebuilt(struct node nodes[2])
{
    run_until(&nodes[0], &nodes[0].ups, 2);
    ck_assert_int_eq(nodes[0].downs, 1);
    ck_assert_ptr_nonnull(strstr(nodes[0].reasons, "was removed"));
    run_until(&nodes[1], &nodes[1].ups, 1);
    say(&nodes[1], "g", "back");
    drain();
    ck_assert_str_eq(nodes[0].kept[0], "back");
    end_all(nodes, 2);
}

START_TEST(rebuilds_a_socket_that_was_removed)
{
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    ck_assert_int_eq(unlink(path_of(bus, "actor.g", 1)), 0);
    check_rebuilt(nodes);
}
END_TEST

START_TEST(rebuilds_a_directory_that_was_removed)
{
    struct node nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    ck_assert_int_eq(local->join(nodes[0].transport, "h"), 0);
    remove_tree(bus);
    check_rebuilt(nodes);
}
END_TEST

// A watch does not see that a directory above it moves; the next message does.
START_TEST(notices_at_a_message_that_its_directory_has_moved)
{
    struct node n;
    char moved[64];
    snprintf(moved, sizeof moved, "%s/moved", top);
    start_up(&n, "g");
    ck_assert_int_eq(local->join(n.transport, "h"), 0);
    drain();
    ck_assert_int_eq(rename(bus, moved), 0);
    ck_assert_int_eq(local->send(n.transport, "g", "x", 1), -ENOENT);
    ck_assert_int_eq(n.downs, 0); // news come from the loop alone
    run_until(&n, &n.ups, 2);
    ck_assert_int_eq(n.downs, 1);
    ck_assert(exists(path_of(bus, "actor.g", 1)));
    ck_assert(exists(path_of(bus, "actor.h", 1)));
    end(&n);
}
END_TEST

START_TEST(a_group_that_cannot_be_joined_takes_the_link_down)
{
    struct node n;
    start_up(&n, "g");
    make_file(group_path("actor.h"));
    ck_assert_int_eq(local->join(n.transport, "h"), 0);
    ck_assert_int_eq(n.downs, 0);
    run_until(&n, &n.downs, 1);
    ck_assert_ptr_nonnull(strstr(n.reasons, "/actor.h: is not a directory"));
    unlink(group_path("actor.h"));
    run_until(&n, &n.ups, 2);
    say(&n, "h", "x");
    end(&n);
}
END_TEST

START_TEST(never_takes_the_place_of_a_living_member)
{
    struct node nodes[2];
    start_up(&nodes[0], "g");
    incarnations--;
    start(&nodes[1], &loop, bus, "g");
    run_until(&nodes[1], &nodes[1].downs, 1);
    ck_assert_ptr_nonnull(strstr(nodes[1].reasons, "File exists"));
    local->close(nodes[1].transport, true);
    drain();
    ck_assert(nodes[1].closed);
    ck_assert(exists(path_of(bus, "actor.g", 1)));
    ck_assert_int_eq(nodes[0].downs, 0);
    end_all(nodes, 2);
}
END_TEST

// --- The end -----------------------------------------------------------------------------------

START_TEST(may_be_left_or_closed_inside_message)
{
    struct node nodes[3];
    for (int i = 0; i < 3; i++) {
        start_up(&nodes[i], "g");
    }
    nodes[1].close_on_message = true;
    nodes[2].leave_on_message = "g";
    for (int i = 0; i < 5; i++) {
        say(&nodes[0], "g", "x");
    }
    drain();
    ck_assert(nodes[1].closed);
    ck_assert_uint_eq(nodes[1].received, 1); // the rest is dropped
    ck_assert_uint_eq(nodes[2].received, 1);
    ck_assert_int_eq(local->join(nodes[2].transport, "g"), 0);
    say(&nodes[0], "g", "x");
    drain();
    ck_assert_uint_eq(nodes[2].received, 2);
    end_all(nodes, 3);
}
END_TEST

START_TEST(may_be_closed_inside_down_and_before_the_first_news)
{
    struct node n;
    make_file(bus);
    start(&n, &loop, bus, "g");
    n.close_on_down = true;
    run_until(&n, &n.downs, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(n.closed);
    start(&n, &loop, bus, "g");
    end(&n);
    ck_assert_int_eq(n.ups + n.downs, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("local");
    TCase *tests = tcase_create("local");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, reaches_all_others_and_not_itself);
    tcase_add_test(tests, keeps_groups_apart);
    tcase_add_test(tests, keeps_the_order);
    tcase_add_test(tests, hands_on_a_long_packet_as_too_long);
    tcase_add_test(tests, frozen_readers_cost_the_others_nothing);
    tcase_add_test(tests, counts_every_loss_of_a_burst);
    tcase_add_test(tests, a_flood_leaves_time_for_others);
    tcase_add_test(tests, sending_clears_away_a_dead_members_socket);
    tcase_add_test(tests, joining_clears_away_a_dead_members_socket_and_nothing_else);
    tcase_add_test(tests, makes_private_directories);
    tcase_add_test(tests, shares_what_its_owner_shares_with_a_group);
    tcase_add_test(tests, tells_why_it_is_down_and_comes_up_by_itself);
    tcase_add_test(tests, tells_each_new_reason);
    tcase_add_test(tests, refuses_a_directory_that_is_not_safe);
    tcase_add_test(tests, refuses_another_users_directory);
    tcase_add_test(tests, refuses_what_has_no_room_for_a_sockets_name);
    tcase_add_test(tests, chooses_a_directory_by_the_environment);
    tcase_add_loop_test(tests, takes_any_name_and_stays_in_its_directory, 0, 2);
    tcase_add_test(tests, keeps_prefixes_apart);
    tcase_add_test(tests, rebuilds_a_socket_that_was_removed);
    tcase_add_test(tests, rebuilds_a_directory_that_was_removed);
    tcase_add_test(tests, notices_at_a_message_that_its_directory_has_moved);
    tcase_add_test(tests, a_group_that_cannot_be_joined_takes_the_link_down);
    tcase_add_test(tests, never_takes_the_place_of_a_living_member);
    tcase_add_test(tests, may_be_left_or_closed_inside_message);
    tcase_add_test(tests, may_be_closed_inside_down_and_before_the_first_news);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
