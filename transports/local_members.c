// SPDX-License-Identifier: MIT
#include "local_members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEEN_MAX = 1024, NAME_BYTES = 128 };

#define ABOUT_SUFFIX ".about"

struct seen {
    struct seen *next;
    bool probed; // by the members_bury_the_dead() that runs
    char member[MEMBER_DIGITS + 1];
    char name[];
};

// --- Paths -------------------------------------------------------------------------------------

struct sockaddr_un member_address(const char *dir, const char *dot, const char *member)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t dir_len = strlen(dir), room = sizeof address.sun_path - dir_len;
    memcpy(address.sun_path, dir, dir_len);
    snprintf(address.sun_path + dir_len, room, "/%s%s", dot, member);
    return address;
}

bool is_member(const char *file)
{
    return strlen(file) == MEMBER_DIGITS && strspn(file, "0123456789abcdef") == MEMBER_DIGITS;
}

static void about_path(const struct members *m, const char *dot, const char *member,
                       char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s%s%s", m->dir, dot, member, ABOUT_SUFFIX);
}

bool members_is_about(const struct members *m, const char *file, char member[MEMBER_DIGITS + 1])
{
    snprintf(member, MEMBER_DIGITS + 1, "%.*s", MEMBER_DIGITS, file);
    return is_member(member) && strcmp(file + MEMBER_DIGITS, ABOUT_SUFFIX) == 0 &&
           strcmp(member, m->own) != 0;
}

// The reader does not notice.
int member_probe(const char *dir, const char *member)
{
    const struct sockaddr_un to = member_address(dir, "", member);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

// --- This node ---------------------------------------------------------------------------------

static bool write_about(const struct members *m, int fd, const char *about)
{
    char text[NAME_BYTES + MEMBER_ABOUT_BYTES];
    int len = snprintf(text, sizeof text, "%s\n%s", m->config->name, about);
    return len < (int)sizeof text && write(fd, text, (size_t)len) == len;
}

// Written under a name that nobody looks at, and renamed when it is whole.
void members_show(struct members *m, const char *about, mode_t mode)
{
    char unready[PATH_MAX], path[PATH_MAX];
    about_path(m, ".", m->own, unready);
    about_path(m, "", m->own, path);
    int fd = open(unready, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd >= 0 && write_about(m, fd, about) && rename(unready, path) == 0) {
        int before = m->about_fd;
        m->about_fd = fd;
        if (before >= 0) {
            close(before);
        }
    } else if (fd >= 0) {
        unlink(unready);
        close(fd);
    }
}

void members_hide(struct members *m)
{
    if (m->about_fd >= 0) {
        char path[PATH_MAX];
        about_path(m, "", m->own, path);
        unlink(path);
        close(m->about_fd);
        m->about_fd = -1;
    }
}

// --- The others --------------------------------------------------------------------------------

static void tell(const struct members *m, const struct seen *seen, const char *about)
{
    const struct actor_transport_peer peer = {
        .name = seen->name,
        .incarnation = strtoull(seen->member, NULL, 16),
        .here = about != NULL,
        .about = about,
    };
    m->config->host_ops->peer(m->config->host, m->group, &peer);
}

static struct seen **find_seen(struct members *m, const char *member)
{
    struct seen **place = &m->seen;
    while (*place != NULL && strcmp((*place)->member, member) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static struct seen *add_seen(struct members *m, const char *member, const char *name)
{
    size_t size = strlen(name) + 1;
    struct seen *seen = m->seen_count < SEEN_MAX ? malloc(sizeof *seen + size) : NULL;
    if (seen != NULL) {
        memcpy(seen->member, member, sizeof seen->member);
        memcpy(seen->name, name, size);
        seen->probed = true; // it has just come
        seen->next = m->seen;
        m->seen = seen;
        m->seen_count++;
    }
    return seen;
}

// "NAME", a line's end, and a JSON object. Returns where that begins, or NULL.
static const char *read_about(const struct members *m, const char *member, char *text, size_t size)
{
    char path[PATH_MAX];
    about_path(m, "", member, path);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    text[len > 0 ? len : 0] = '\0';
    char *end = strchr(text, '\n');
    if (end == NULL || end == text) {
        return NULL;
    }
    *end = '\0';
    return end + 1;
}

void members_look_at(struct members *m, const char *member)
{
    char text[NAME_BYTES + MEMBER_ABOUT_BYTES];
    const char *about = read_about(m, member, text, sizeof text);
    struct seen *seen = *find_seen(m, member);
    if (about != NULL && seen == NULL) {
        seen = add_seen(m, member, text);
    }
    if (about != NULL && seen != NULL) {
        tell(m, seen, about);
    }
}

void members_look_at_all(struct members *m)
{
    DIR *listing = opendir(m->dir);
    const struct dirent *entry;
    char member[MEMBER_DIGITS + 1];
    m->looked = true;
    while (m->looked && listing != NULL && (entry = readdir(listing)) != NULL) {
        if (members_is_about(m, entry->d_name, member)) {
            members_look_at(m, member);
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
}

// Two processes may have had one name: whoever is left of them has it, and nobody is gone.
static void tell_gone(struct members *m, const struct seen *gone)
{
    const struct seen *left = m->seen;
    while (left != NULL && strcmp(left->name, gone->name) != 0) {
        left = left->next;
    }
    if (left != NULL) {
        members_look_at(m, left->member);
    } else {
        tell(m, gone, NULL);
    }
}

void members_clear_away(const struct members *m, const char *member)
{
    char path[PATH_MAX];
    const struct sockaddr_un socket = member_address(m->dir, "", member);
    about_path(m, "", member, path);
    unlink(socket.sun_path);
    unlink(path);
}

static void bury(struct members *m, struct seen *seen)
{
    members_clear_away(m, seen->member);
    *find_seen(m, seen->member) = seen->next;
    m->seen_count--;
    tell_gone(m, seen);
    free(seen);
}

static struct seen *find_unprobed(const struct members *m)
{
    struct seen *seen = m->seen;
    while (seen != NULL && seen->probed) {
        seen = seen->next;
    }
    return seen;
}

// From the start of the list each time: what the host does when it is told may change it.
void members_bury_the_dead(struct members *m)
{
    struct seen *seen;
    for (seen = m->seen; seen != NULL; seen = seen->next) {
        seen->probed = false;
    }
    while ((seen = find_unprobed(m)) != NULL) {
        int error = member_probe(m->dir, seen->member);
        seen->probed = true;
        if (error == ECONNREFUSED || error == ENOENT) {
            bury(m, seen);
        }
    }
}

void members_forget(struct members *m)
{
    while (m->seen != NULL) {
        struct seen *seen = m->seen;
        m->seen = seen->next;
        free(seen);
    }
    m->seen_count = 0;
    m->looked = false;
}
