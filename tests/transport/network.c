// SPDX-License-Identifier: MIT
#include "network.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static int here = -1, far = -1; // namespaces

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    close(fd);
}

// An ordinary user becomes root of a namespace of users as well. 0 or an errno.
static int leave_network(void)
{
    char users[32], groups[32];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (geteuid() == 0) {
        return unshare(CLONE_NEWNET) == 0 ? 0 : errno;
    }
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return errno;
    }
    write_file("/proc/self/uid_map", users);
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/gid_map", groups);
    return 0;
}

void network_need(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        _exit(leave_network());
    }
    if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 0) {
        printf("skipped: network namespaces are not allowed here: %s\n",
               child < 0 ? strerror(errno) : strerror(WEXITSTATUS(status)));
        exit(SKIPPED);
    }
}

// --- Commands ----------------------------------------------------------------------------------

static void run_in(int network, const char *line)
{
    int status = -1;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        if (setns(network, CLONE_NEWNET) == 0) {
            execlp("sh", "sh", "-ec", line, (char *)NULL);
        }
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "status %d of: %s", status, line);
}

void network_run(const char *line)
{
    run_in(here, line);
}

void network_run_far(const char *line)
{
    run_in(far, line);
}

int network_far_socket(int family)
{
    ck_assert_int_eq(setns(far, CLONE_NEWNET), 0);
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(setns(here, CLONE_NEWNET), 0);
    ck_assert_int_ge(fd, 0);
    return fd;
}

// --- Interfaces --------------------------------------------------------------------------------

static int open_network(void)
{
    ck_assert_int_eq(leave_network(), 0);
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void add_addresses(int network, int host, int number)
{
    char lines[512];
    snprintf(lines, sizeof lines,
             "ip link set eth%d addrgenmode none up\n"
             "ip address add 10.7%d.0.%d/24 dev eth%d\n"
             "ip address add fd7%d::%d/64 dev eth%d nodad\n"
             "ip address add fe80::%d/64 dev eth%d nodad\n",
             number, 7 + number, host, number, 7 + number, host, number, host, number);
    run_in(network, lines);
}

void network_plug(void)
{
    char line[128];
    for (int number = 0; number < 2; number++) {
        snprintf(line, sizeof line,
                 "ip link add eth%d type veth peer name eth%d netns /proc/%d/fd/%d", number, number,
                 (int)getpid(), far);
        run_in(here, line);
        add_addresses(far, 2, number);
        add_addresses(here, 1, number);
    }
    // The kernel may take a second to see that they are plugged in.
    run_in(here, "for i in eth0 eth1; do\n"
                 "until ip link show $i | grep -q 'state UP'; do sleep 0.01; done\n"
                 "done");
}

void network_set_up(void)
{
    far = open_network();
    here = open_network();
    // Else the kernel itself drops what comes from an address to which no route leads back.
    run_in(here,
           "ip link set lo up\n"
           "cd /proc/sys/net/ipv4/conf && echo 0 >all/rp_filter && echo 0 >default/rp_filter");
    network_plug();
}

void network_tear_down(void)
{
    close(here);
    close(far);
}
