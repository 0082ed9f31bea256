// SPDX-License-Identifier: MIT
// What only the local bus has (conform_local.c has the rest), in a directory of its own.
#include "host.h"
#include "transports/transports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

static char top[] = "/tmp/a-XXXXXX"; // all of a test is in here
static char bus[64];                 // not made yet when a test starts
static const char *prefix;
static uint64_t incarnations;
static uint64_t untaken; // messages, as the log says

// --- Tools -------------------------------------------------------------------------------------

// Handles all that is there already.
static void drain(void)
{
    for (int i = 0; i < 8; i++) {
        hosts_turn(0);
    }
}

static void count_untaken(struct host *host, const char *line)
{
    const char *count = strstr(line, "not taken by a reader: ");
    (void)host;
    if (count != NULL) {
        untaken += strtoull(strchr(count, ':') + 1, NULL, 10);
    }
}

static int try_open(struct host *n, const char *dir, char *why, size_t size)
{
    host_prepare(n, &transport_local, "node");
    n->in_log = count_untaken;
    n->config.address = dir;
    n->config.prefix = prefix;
    n->config.incarnation = ++incarnations;
    return host_try_open(n, why, size);
}

static void start(struct host *n, const char *dir, const char *group)
{
    char why[256];
    ck_assert_int_eq(try_open(n, dir, why, sizeof why), 0);
    host_join(n, group);
}

static void start_up(struct host *n, const char *group)
{
    start(n, bus, group);
    RUN_UNTIL(n->ups == 1, SOON_MS);
    ck_assert_int_eq(n->downs, 0);
}

static void end_all(struct host *nodes, int count)
{
    for (int i = 0; i < count; i++) {
        host_stop(&nodes[i]);
    }
}

static const char *path_of(const char *dir, const char *group, uint64_t member)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s/%016" PRIx64, dir, group, member);
    return path;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    return address;
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

static void set_up(void)
{
    snprintf(top, sizeof top, "/tmp/a-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(bus, sizeof bus, "%s/bus", top);
    prefix = "actor";
    incarnations = 0;
    untaken = 0;
    ck_assert_ptr_eq(actor_transport_find("local"), &transport_local);
    ck_assert(!transport_local.proves && !transport_local.echoes); // L1: no lease
}

static void tear_down(void)
{
    ck_assert(remove_tree(top));
}

// --- Delivery ----------------------------------------------------------------------------------

START_TEST(joins_a_group_once)
{
    struct host n;
    start_up(&n, "g");
    ck_assert_int_eq(host_try_join(&n, "g"), -EALREADY);
    host_leave(&n, "g");
    host_leave(&n, "never joined");
    ck_assert_int_eq(entries(bus), 1);
    ck_assert_int_eq(entries(group_path("actor.g")), 0);
    host_stop(&n);
}
END_TEST

static void write_to(const char *path, const void *bytes, size_t len)
{
    const struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(sendto(fd, bytes, len, 0, (const struct sockaddr *)&address, sizeof address),
                     (ssize_t)len);
    close(fd);
}

// M2: the decoder must see that a packet is too long.
START_TEST(hands_on_a_long_packet_as_too_long)
{
    static const char bytes[8192];
    struct host n;
    start_up(&n, "g");
    write_to(path_of(bus, "actor.g", 1), bytes, sizeof bytes);
    drain();
    ck_assert_int_eq(n.messages, 1);
    ck_assert_uint_eq(n.length, 4097);
    host_stop(&n);
}
END_TEST

// --- Those that do not read --------------------------------------------------------------------

// M4. Enough frozen readers to fill one sending socket's buffer with what they do not read.
START_TEST(frozen_readers_cost_the_others_nothing)
{
    enum { FROZEN = 5, MESSAGES = 600 };
    static const char bytes[4096];
    struct host nodes[3];
    int frozen[FROZEN];
    for (int i = 0; i < 3; i++) {
        start_up(&nodes[i], "g");
    }
    for (int i = 0; i < FROZEN; i++) {
        const struct sockaddr_un address =
            address_of(path_of(bus, "actor.g", 0x1000 + (uint64_t)i));
        frozen[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
        ck_assert_int_eq(bind(frozen[i], (const struct sockaddr *)&address, sizeof address), 0);
    }
    for (int i = 0; i < MESSAGES; i++) {
        ck_assert_int_eq(host_send(&nodes[0], "g", bytes, sizeof bytes), 0);
        drain();
    }
    ck_assert_int_eq(nodes[1].messages, MESSAGES);
    ck_assert_int_eq(nodes[2].messages, MESSAGES);
    ck_assert_uint_eq(untaken, 1); // M3: one line a minute
    ck_assert_ptr_nonnull(strstr(nodes[0].logs, "queue is full"));
    end_all(nodes, 3);
    ck_assert_uint_gt(untaken, FROZEN);
    for (int i = 0; i < FROZEN; i++) {
        close(frozen[i]);
    }
}
END_TEST

static void ask_again(struct host *host, const char *group, const void *bytes, size_t len)
{
    ck_assert_int_eq(host_send(host->data, group, bytes, len), 0);
}

START_TEST(a_flood_leaves_time_for_others)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    drain();
    nodes[1].in_message = ask_again; // its queue is never empty
    nodes[1].data = &nodes[0];
    host_say(&nodes[0], "g", "x");
    uv_run(&nodes[1].loop, UV_RUN_NOWAIT);
    ck_assert_int_ge(nodes[1].messages, 10);
    ck_assert_int_le(nodes[1].messages, 64);
    nodes[1].in_message = NULL;
    end_all(nodes, 2);
}
END_TEST

// Takes part until it is killed. The loops of other hosts are the parent's.
static void live_as_child(int ready)
{
    struct host n;
    incarnations = 0xdead0;
    start(&n, bus, "g");
    while (!n.is_up) {
        uv_run(&n.loop, UV_RUN_ONCE);
    }
    ck_assert_int_eq(write(ready, "!", 1), 1);
    uv_run(&n.loop, UV_RUN_DEFAULT);
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
    struct host n;
    start_up(&n, "g");
    pid_t child = spawn_member();
    host_say(&n, "g", "x");
    ck_assert(exists(path_of(bus, "actor.g", 0xdead1)));
    kill_member(child);
    host_say(&n, "g", "x");
    ck_assert(!exists(path_of(bus, "actor.g", 0xdead1)));
    ck_assert_uint_eq(untaken, 0);
    host_stop(&n);
}
END_TEST

START_TEST(joining_clears_away_a_dead_members_socket_and_nothing_else)
{
    struct host nodes[2];
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
    ck_assert_int_eq(nodes[0].messages, 0); // the probe is not seen
    end_all(nodes, 2);
    ck_assert_int_eq(entries(group_path("actor.g")), 1);
}
END_TEST

// --- Directories -------------------------------------------------------------------------------

START_TEST(makes_private_directories)
{
    struct host n;
    mode_t old = umask(0);
    start_up(&n, "g");
    umask(old);
    ck_assert_uint_eq(mode_of(bus), 0700);
    ck_assert_uint_eq(mode_of(group_path("actor.g")), 0700);
    ck_assert_uint_eq(mode_of(path_of(bus, "actor.g", 1)), 0600);
    host_stop(&n);
    ck_assert(!exists(path_of(bus, "actor.g", 1)));
}
END_TEST

START_TEST(shares_what_its_owner_shares_with_a_group)
{
    struct host n;
    ck_assert_int_eq(mkdir(bus, 0700), 0);
    ck_assert_int_eq(chmod(bus, 02770), 0);
    start_up(&n, "g");
    ck_assert_uint_eq(mode_of(group_path("actor.g")), 02770);
    ck_assert_uint_eq(mode_of(path_of(bus, "actor.g", 1)), 0660);
    host_stop(&n);
}
END_TEST

// The reason is told once, though it is tried again after 1 s and after 3 s.
START_TEST(tells_why_it_is_down_and_comes_up_by_itself)
{
    struct host n;
    char dir[128], parent[64];
    snprintf(parent, sizeof parent, "%s/parent", top);
    snprintf(dir, sizeof dir, "%s/bus", parent);
    start(&n, dir, "g");
    RUN_UNTIL(n.downs == 1, SOON_MS);
    ck_assert_ptr_nonnull(strstr(n.reasons, "/parent/bus: cannot be created: No such file"));
    ck_assert_ptr_nonnull(strstr(n.reasons, "use local:DIR"));
    ck_assert_int_eq(host_send(&n, "g", "x", 1), -ENOTCONN);
    hosts_run_for(1500);
    ck_assert_int_eq(mkdir(parent, 0700), 0);
    RUN_UNTIL(n.ups == 1, SOON_MS);
    ck_assert_int_eq(n.downs, 1);
    host_stop(&n);
}
END_TEST

START_TEST(tells_each_new_reason)
{
    struct host n;
    start_up(&n, "g");
    ck_assert(remove_tree(bus));
    make_file(bus);
    RUN_UNTIL(n.downs == 2, SOON_MS);
    ck_assert_ptr_nonnull(strstr(n.reasons, "was removed"));
    ck_assert_ptr_nonnull(strstr(n.reasons, "is not a directory"));
    host_stop(&n);
}
END_TEST

static void check_refused(const char *dir, const char *sentence)
{
    struct host n;
    start(&n, dir, "g");
    RUN_UNTIL(n.downs == 1, SOON_MS);
    ck_assert_ptr_nonnull(strstr(n.reasons, sentence));
    ck_assert_int_eq(strncmp(n.reasons, top, strlen(top)), 0);
    ck_assert_int_eq(n.ups, 0);
    host_stop(&n);
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
    struct host n;
    char why[512];
    // DIR + "/actor.g" + "/." + 16 digits = 107 bytes
    ck_assert_int_eq(try_open(&n, long_dir(81), why, sizeof why), 0);
    ck_assert_int_eq(host_try_join(&n, "gg"), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(n.logs, "108 bytes, at most 107"));
    host_join(&n, "g");
    RUN_UNTIL(n.ups == 1, SOON_MS);
    host_stop(&n);
    ck_assert_int_eq(try_open(&n, long_dir(82), why, sizeof why), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(why, "108 bytes, at most 107"));
    host_stop(&n);
    ck_assert_int_eq(try_open(&n, long_dir(180), why, sizeof why), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(why, "206 bytes, at most 107"));
    host_stop(&n);
}
END_TEST

START_TEST(chooses_a_directory_by_the_environment)
{
    struct host n;
    char expected[64];
    snprintf(expected, sizeof expected, "%s/actord", top);
    setenv("XDG_RUNTIME_DIR", top, 1);
    start(&n, "", "g");
    RUN_UNTIL(n.ups == 1, SOON_MS);
    ck_assert(exists(path_of(expected, "actor.g", 1)));
    host_stop(&n);
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
    struct host nodes[2];
    prefix = _i == 0 ? "actor" : "";
    start_up(&nodes[0], odd_names[0]);
    start_up(&nodes[1], odd_names[0]);
    for (int i = 1; i < NAMES; i++) {
        host_join(&nodes[0], odd_names[i]);
        host_join(&nodes[1], odd_names[i]);
    }
    for (int i = 0; i < NAMES; i++) {
        host_say(&nodes[0], odd_names[i], odd_names[i]);
        drain();
        ck_assert_int_eq(nodes[1].messages, i + 1);
        ck_assert_str_eq(nodes[1].group, odd_names[i]);
    }
    ck_assert_int_eq(entries(bus), NAMES);
    ck_assert_int_eq(entries(top), 1);
    end_all(nodes, 2);
}
END_TEST

START_TEST(keeps_prefixes_apart)
{
    struct host nodes[2];
    prefix = "a.b";
    start_up(&nodes[0], "c");
    prefix = "a";
    start_up(&nodes[1], "b.c");
    host_say(&nodes[0], "c", "x");
    drain();
    ck_assert_int_eq(nodes[1].messages, 0);
    ck_assert(exists(path_of(bus, "a.b.c", 2)));
    end_all(nodes, 2);
}
END_TEST

// --- Changes while it runs ---------------------------------------------------------------------

static void check_rebuilt(struct host nodes[2], int ups_of_other)
{
    RUN_UNTIL(nodes[0].ups == 2, SOON_MS);
    ck_assert_int_eq(nodes[0].downs, 1);
    ck_assert_ptr_nonnull(strstr(nodes[0].reasons, "was removed"));
    RUN_UNTIL(nodes[1].ups == ups_of_other, SOON_MS);
    host_say(&nodes[1], "g", "back");
    drain();
    ck_assert_str_eq(nodes[0].first, "back");
    end_all(nodes, 2);
}

START_TEST(rebuilds_a_socket_that_was_removed)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    ck_assert_int_eq(unlink(path_of(bus, "actor.g", 1)), 0);
    check_rebuilt(nodes, 1);
}
END_TEST

START_TEST(rebuilds_a_directory_that_was_removed)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "g");
    host_join(&nodes[0], "h");
    ck_assert(remove_tree(bus));
    check_rebuilt(nodes, 2);
}
END_TEST

// A watch does not see that a directory above it moves; the next message does.
START_TEST(notices_at_a_message_that_its_directory_has_moved)
{
    struct host n;
    char moved[64];
    snprintf(moved, sizeof moved, "%s/moved", top);
    start_up(&n, "g");
    host_join(&n, "h");
    drain();
    ck_assert_int_eq(rename(bus, moved), 0);
    ck_assert_int_eq(host_send(&n, "g", "x", 1), -ENOENT);
    ck_assert_int_eq(n.downs, 0); // news come from the loop alone
    RUN_UNTIL(n.ups == 2, SOON_MS);
    ck_assert_int_eq(n.downs, 1);
    ck_assert(exists(path_of(bus, "actor.g", 1)));
    ck_assert(exists(path_of(bus, "actor.h", 1)));
    host_stop(&n);
}
END_TEST

START_TEST(a_group_that_cannot_be_joined_takes_the_link_down)
{
    struct host n;
    start_up(&n, "g");
    make_file(group_path("actor.h"));
    host_join(&n, "h");
    ck_assert_int_eq(n.downs, 0);
    RUN_UNTIL(n.downs == 1, SOON_MS);
    ck_assert_ptr_nonnull(strstr(n.reasons, "/actor.h: is not a directory"));
    unlink(group_path("actor.h"));
    RUN_UNTIL(n.ups == 2, SOON_MS);
    host_say(&n, "h", "x");
    host_stop(&n);
}
END_TEST

START_TEST(never_takes_the_place_of_a_living_member)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    incarnations--;
    start(&nodes[1], bus, "g");
    RUN_UNTIL(nodes[1].downs == 1, SOON_MS);
    ck_assert_ptr_nonnull(strstr(nodes[1].reasons, "File exists"));
    host_close(&nodes[1], true);
    drain();
    ck_assert_int_eq(nodes[1].closeds, 1);
    ck_assert(exists(path_of(bus, "actor.g", 1)));
    ck_assert_int_eq(nodes[0].downs, 0);
    end_all(nodes, 2);
}
END_TEST

// --- Who is there ------------------------------------------------------------------------------

// A member by hand, until its socket, which is returned, is closed.
static int make_member(const char *group, uint64_t member, const char *name)
{
    char ready[300], unready[300];
    const struct sockaddr_un address = address_of(path_of(bus, group, member));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    snprintf(ready, sizeof ready, "%s.about", address.sun_path);
    snprintf(unready, sizeof unready, "%s.unready", address.sun_path);
    FILE *about = fopen(unready, "w");
    ck_assert_ptr_nonnull(about);
    fprintf(about, "%s\n{}", name);
    fclose(about);
    ck_assert_int_eq(rename(unready, ready), 0);
    return fd;
}

START_TEST(a_send_that_finds_a_dead_member_leaves_the_news_to_the_loop)
{
    struct host n;
    start_up(&n, "g");
    int fd = make_member("actor.g", 0xa, "a");
    RUN_UNTIL(strcmp(n.peers, "+g/a {}\n") == 0, SOON_MS);
    close(fd);
    host_say(&n, "g", "x");
    ck_assert(!exists(path_of(bus, "actor.g", 0xa)));
    RUN_UNTIL(strcmp(n.peers, "+g/a {}\n-g/a \n") == 0, SOON_MS);
    host_stop(&n);
}
END_TEST

START_TEST(a_join_leaves_it_to_the_loop_who_is_there)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    start_up(&nodes[1], "h");
    ck_assert_int_eq(host_announce(&nodes[1], "{}"), 0);
    host_join(&nodes[0], "h");
    RUN_UNTIL(strcmp(nodes[0].peers, "+h/node {}\n") == 0, SOON_MS);
    end_all(nodes, 2);
}
END_TEST

// More news than the kernel keeps for this process; each rename is two.
static void overflow_news(const char *group)
{
    char first[128], second[128], digits[16];
    FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    ck_assert_ptr_nonnull(limit);
    ck_assert_ptr_nonnull(fgets(digits, sizeof digits, limit));
    fclose(limit);
    const unsigned long most = strtoul(digits, NULL, 10);
    ck_assert_uint_gt(most, 0);
    snprintf(first, sizeof first, "%s/%s/x", bus, group);
    snprintf(second, sizeof second, "%s/%s/y", bus, group);
    fclose(fopen(first, "w"));
    for (unsigned long i = 0; i <= most / 4; i++) {
        ck_assert_int_eq(rename(first, second), 0);
        ck_assert_int_eq(rename(second, first), 0);
    }
    unlink(first);
}

START_TEST(finds_who_came_while_the_kernel_dropped_the_news)
{
    struct host n;
    start_up(&n, "g");
    hosts_run_for(10);
    overflow_news("actor.g");
    int fd = make_member("actor.g", 0xa, "a");
    RUN_UNTIL(strcmp(n.peers, "+g/a {}\n") == 0, SOON_MS);
    close(fd);
    host_stop(&n);
}
END_TEST

static void send_inside_peer(struct host *host)
{
    host_say(host, "g", "x");
}

static void leave_inside_peer(struct host *host)
{
    host_leave(host, "g");
}

// Two are dead at once, and when the first is told of, the host finds or forgets the second.
static void check_two_dead(void (*in_peer)(struct host *host), int told)
{
    struct host n;
    char about[300];
    start_up(&n, "g");
    int one = make_member("actor.g", 0xa, "a"), other = make_member("actor.g", 0xb, "b");
    RUN_UNTIL(contains(n.peers, "+g/a {}\n") && contains(n.peers, "+g/b {}\n"), SOON_MS);
    n.peers[0] = '\0';
    n.in_peer = in_peer;
    close(one);
    close(other);
    snprintf(about, sizeof about, "%s.about", path_of(bus, "actor.g", 0xa));
    unlink(about);
    RUN_UNTIL(contains(n.peers, "-g/a") + contains(n.peers, "-g/b") == told, SOON_MS);
    drain();
    ck_assert_uint_eq(strlen(n.peers), strlen("-g/a \n") * (size_t)told);
    host_stop(&n);
}

START_TEST(may_be_sent_to_inside_peer)
{
    check_two_dead(send_inside_peer, 2);
}
END_TEST

START_TEST(may_be_left_inside_peer)
{
    check_two_dead(leave_inside_peer, 1);
}
END_TEST

// --- The end -----------------------------------------------------------------------------------

static void close_orderly(struct host *host)
{
    host_close(host, true);
}

START_TEST(may_be_closed_inside_down_and_before_the_first_news)
{
    struct host n;
    make_file(bus);
    start(&n, bus, "g");
    n.in_down = close_orderly;
    RUN_UNTIL(n.closeds == 1, SOON_MS);
    ck_assert_int_eq(n.downs, 1);
    host_stop(&n);
    start(&n, bus, "g");
    host_stop(&n);
    ck_assert_int_eq(n.ups + n.downs, 0);
}
END_TEST

START_TEST(may_be_closed_inside_peer)
{
    struct host nodes[2];
    start_up(&nodes[0], "g");
    int one = make_member("actor.g", 0xa, "a"), other = make_member("actor.g", 0xb, "b");
    start(&nodes[1], bus, "g");
    nodes[1].in_peer = close_orderly;
    RUN_UNTIL(nodes[1].closeds == 1, SOON_MS);
    ck_assert_uint_eq(strlen(nodes[1].peers), strlen("+g/a {}\n"));
    ck_assert_int_eq(nodes[1].ups, 0);
    close(one);
    close(other);
    end_all(nodes, 2);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("local");
    TCase *tests = tcase_create("local");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, joins_a_group_once);
    tcase_add_test(tests, hands_on_a_long_packet_as_too_long);
    tcase_add_test(tests, frozen_readers_cost_the_others_nothing);
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
    tcase_add_test(tests, a_send_that_finds_a_dead_member_leaves_the_news_to_the_loop);
    tcase_add_test(tests, a_join_leaves_it_to_the_loop_who_is_there);
    tcase_add_test(tests, finds_who_came_while_the_kernel_dropped_the_news);
    tcase_add_test(tests, may_be_sent_to_inside_peer);
    tcase_add_test(tests, may_be_left_inside_peer);
    tcase_add_test(tests, may_be_closed_inside_down_and_before_the_first_news);
    tcase_add_test(tests, may_be_closed_inside_peer);
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
