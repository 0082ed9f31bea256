// SPDX-License-Identifier: MIT
#include "udp_lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netpacket/packet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 4 * 1024 * 1024, // of the kernel's queue; it grants net.core.rmem_max at most
    IPV6_MTU_BYTES = 1280,           // what every link carries
};

// Writes a sentence; false, for the functions that fail with one.
__attribute__((format(printf, 2, 3))) static bool say(char why[UDP_WHY_BYTES], const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, UDP_WHY_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

// --- Addresses ---------------------------------------------------------------------------------

static bool is_ipv6(const struct udp_meeting *m)
{
    return m->address.any.sa_family == AF_INET6;
}

static socklen_t address_len(const struct udp_meeting *m)
{
    return is_ipv6(m) ? sizeof m->address.v6 : sizeof m->address.v4;
}

bool udp_parse_address(struct udp_meeting *m, const char *text, int port)
{
    union udp_address *to = &m->address;
    memset(to, 0, sizeof *to);
    snprintf(m->text, sizeof m->text, "%s", text);
    if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons((uint16_t)port);
        return IN_MULTICAST(ntohl(to->v4.sin_addr.s_addr));
    }
    if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons((uint16_t)port);
        return IN6_IS_ADDR_MULTICAST(&to->v6.sin6_addr);
    }
    return false;
}

bool udp_needs_iface(const struct udp_meeting *m)
{
    return is_ipv6(m) && (IN6_IS_ADDR_MC_LINKLOCAL(&m->address.v6.sin6_addr) ||
                          IN6_IS_ADDR_MC_NODELOCAL(&m->address.v6.sin6_addr));
}

// The bytes of an IP address, and how many; NULL when it is none.
static const unsigned char *bytes_of(const struct sockaddr *address, size_t *len)
{
    if (address != NULL && address->sa_family == AF_INET) {
        *len = sizeof(struct in_addr);
        return (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr;
    }
    if (address != NULL && address->sa_family == AF_INET6) {
        *len = sizeof(struct in6_addr);
        return (const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    }
    return NULL;
}

static bool is_same(const struct sockaddr *one, const struct sockaddr *other)
{
    size_t len, other_len;
    const unsigned char *bytes = bytes_of(one, &len);
    const unsigned char *other_bytes = bytes_of(other, &other_len);
    return bytes != NULL && other_bytes != NULL && len == other_len &&
           memcmp(bytes, other_bytes, len) == 0;
}

// --- Interfaces --------------------------------------------------------------------------------

// An address may have a label, "eth0:1".
static bool is_of(const struct ifaddrs *entry, const char *name)
{
    size_t len = strcspn(entry->ifa_name, ":");
    return strlen(name) == len && strncmp(entry->ifa_name, name, len) == 0;
}

static bool is_family(const struct ifaddrs *entry, int family)
{
    return entry->ifa_addr != NULL && entry->ifa_addr->sa_family == family;
}

static const struct ifaddrs *find_entry(const struct ifaddrs *all, const char *name, int family)
{
    while (all != NULL && !(is_family(all, family) && is_of(all, name))) {
        all = all->ifa_next;
    }
    return all;
}

static bool choose_interface(const struct ifaddrs *all, const char *name, struct udp_place *place,
                             char why[UDP_WHY_BYTES])
{
    const struct ifaddrs *link = find_entry(all, name, AF_PACKET);
    if (link == NULL) {
        return say(why, "%s: there is no such interface", name);
    }
    if ((link->ifa_flags & IFF_UP) == 0) {
        return say(why, "%s is down", name);
    }
    if ((link->ifa_flags & IFF_RUNNING) == 0) {
        return say(why, "%s has no carrier: is it plugged in?", name);
    }
    place->index = (unsigned)((const struct sockaddr_ll *)link->ifa_addr)->sll_ifindex;
    snprintf(place->name, sizeof place->name, "%s", name);
    return true;
}

// For an address whose meaning depends on the interface. 0 lets the routing table decide.
static union udp_address address_at(const struct udp_meeting *m, unsigned index)
{
    union udp_address address = m->address;
    if (udp_needs_iface(m)) {
        address.v6.sin6_scope_id = index;
    }
    return address;
}

static bool send_from(int fd, const struct udp_meeting *m, unsigned index)
{
    struct ip_mreqn request = {.imr_ifindex = (int)index};
    return is_ipv6(m) ? setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0
                      : setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0;
}

// The address that a datagram would be sent from; 0 or an errno.
static int ask_source(const struct udp_meeting *m, unsigned index, union udp_address *source)
{
    int fd = socket(m->address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    union udp_address to = address_at(m, index);
    socklen_t len = sizeof *source;
    memset(source, 0, sizeof *source);
    bool answered = fd >= 0 && (index == 0 || send_from(fd, m, index)) &&
                    connect(fd, &to.any, address_len(m)) == 0 &&
                    getsockname(fd, &source->any, &len) == 0;
    int error = answered ? 0 : errno;
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

// Whose address it is; one of that name only, if there is a name.
static const struct ifaddrs *find_owner(const struct ifaddrs *all, const union udp_address *source,
                                        const char *name)
{
    while (all != NULL &&
           !(is_same(all->ifa_addr, &source->any) && (name == NULL || is_of(all, name)))) {
        all = all->ifa_next;
    }
    return all;
}

static bool choose_named(const struct udp_meeting *m, const struct ifaddrs *all,
                         struct udp_place *place, char why[UDP_WHY_BYTES])
{
    union udp_address source;
    if (!choose_interface(all, m->iface, place, why)) {
        return false;
    }
    int error = ask_source(m, place->index, &source);
    // Without one of its own, IPv4 would take another interface's address, IPv6 has one to wait
    // for.
    if (find_entry(all, m->iface, m->address.any.sa_family) == NULL || error == EADDRNOTAVAIL ||
        (error == 0 && find_owner(all, &source, m->iface) == NULL)) {
        return say(why, "%s has no IPv%c address that can be used", m->iface,
                   is_ipv6(m) ? '6' : '4');
    }
    return error == 0 ||
           say(why, "%s cannot be reached by %s: %s", m->text, m->iface, strerror(error));
}

static bool choose_by_route(const struct udp_meeting *m, const struct ifaddrs *all,
                            struct udp_place *place, char why[UDP_WHY_BYTES])
{
    union udp_address source;
    int error = ask_source(m, 0, &source);
    if (error != 0) {
        return say(why, "no interface leads to %s: %s (a default route does, or ?iface=NAME)",
                   m->text, strerror(error));
    }
    const struct ifaddrs *owner = find_owner(all, &source, NULL);
    if (owner == NULL) {
        return say(why, "the interface that leads to %s has gone", m->text);
    }
    char name[IF_NAMESIZE];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(owner->ifa_name, ":"), owner->ifa_name);
    return choose_interface(all, name, place, why);
}

static void add_network(struct udp_place *place, const struct sockaddr *address,
                        const struct sockaddr *mask)
{
    size_t len, mask_len;
    const unsigned char *bytes = bytes_of(address, &len);
    const unsigned char *mask_bytes = bytes_of(mask, &mask_len);
    if (bytes != NULL && mask_bytes != NULL && place->network_count < UDP_NETWORKS_MAX) {
        struct udp_network *network = &place->networks[place->network_count++];
        memcpy(network->address, bytes, len);
        memcpy(network->mask, mask_bytes, len);
    }
}

static void list_networks(const struct udp_meeting *m, const struct ifaddrs *all,
                          struct udp_place *place)
{
    place->network_count = 0;
    for (; all != NULL; all = all->ifa_next) {
        if (is_of(all, place->name) && is_family(all, m->address.any.sa_family)) {
            add_network(place, all->ifa_addr, all->ifa_netmask);
            if ((all->ifa_flags & IFF_POINTOPOINT) != 0) {
                add_network(place, all->ifa_dstaddr, all->ifa_netmask);
            }
        }
    }
}

bool udp_find_place(const struct udp_meeting *m, struct udp_place *place, char why[UDP_WHY_BYTES])
{
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) {
        return say(why, "the interfaces cannot be listed: %s", strerror(errno));
    }
    bool found =
        m->iface != NULL ? choose_named(m, all, place, why) : choose_by_route(m, all, place, why);
    if (found) {
        list_networks(m, all, place);
    }
    freeifaddrs(all);
    return found;
}

bool udp_is_neighbour(const struct udp_place *place, const union udp_address *from)
{
    size_t len;
    const unsigned char *bytes = bytes_of(&from->any, &len);
    for (size_t i = 0; bytes != NULL && i < place->network_count; i++) {
        const struct udp_network *network = &place->networks[i];
        size_t at = 0;
        while (at < len && ((bytes[at] ^ network->address[at]) & network->mask[at]) == 0) {
            at++;
        }
        if (at == len) {
            return true;
        }
    }
    return false;
}

// --- Sockets -----------------------------------------------------------------------------------

struct option {
    int level, name, value;
};

static bool set_options(int fd, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                       sizeof options[i].value) != 0) {
            return false;
        }
    }
    return true;
}

// A packet that is too long for a link is cut into fragments, since nobody is told of a multicast
// one that does not fit: by routers in IPv4, by the sender in IPv6.
static bool set_up_socket(int fd, const struct udp_meeting *m)
{
    const struct option both[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1}, // for several agents on a host; each hears all
        {SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES},
    };
    const struct option v4[] = {
        {IPPROTO_IP, IP_MULTICAST_ALL, 0}, // what others on this host have joined is not for us
        {IPPROTO_IP, IP_MULTICAST_TTL, m->ttl},
        {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT},
        {IPPROTO_IP, IP_PKTINFO, 1},
    };
    const struct option v6[] = {
        {IPPROTO_IPV6, IPV6_V6ONLY, 1},
        {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
        {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, m->ttl},
        {IPPROTO_IPV6, IPV6_MTU, IPV6_MTU_BYTES},
        {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
    };
    return set_options(fd, both, sizeof both / sizeof *both) &&
           (is_ipv6(m) ? set_options(fd, v6, sizeof v6 / sizeof *v6)
                       : set_options(fd, v4, sizeof v4 / sizeof *v4));
}

static bool join(int fd, const struct udp_meeting *m, unsigned index)
{
    struct group_req request = {.gr_interface = index};
    memcpy(&request.gr_group, &m->address, sizeof m->address);
    return setsockopt(fd, is_ipv6(m) ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request,
                      sizeof request) == 0;
}

// Bound to the group's address, so that the kernel itself refuses what is sent to one of the
// host's.
int udp_open_socket(const struct udp_meeting *m, const struct udp_place *place,
                    char why[UDP_WHY_BYTES])
{
    union udp_address at = address_at(m, place->index);
    int fd = socket(m->address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !set_up_socket(fd, m) || !send_from(fd, m, place->index)) {
        say(why, "%s: no socket can be made: %s", place->name, strerror(errno));
    } else if (bind(fd, &at.any, address_len(m)) != 0) {
        say(why, "%s: port %d cannot be used: %s", place->name, ntohs(m->address.v4.sin_port),
            strerror(errno));
    } else if (!join(fd, m, place->index)) {
        say(why, "%s: %s cannot be joined: %s", place->name, m->text, strerror(errno));
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int udp_open_news(const struct udp_meeting *m)
{
    unsigned routes = is_ipv6(m) ? RTMGRP_IPV6_ROUTE : RTMGRP_IPV4_ROUTE;
    unsigned addresses = is_ipv6(m) ? RTMGRP_IPV6_IFADDR : RTMGRP_IPV4_IFADDR;
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | addresses | (m->iface == NULL ? routes : 0),
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}
