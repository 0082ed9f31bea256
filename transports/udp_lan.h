// SPDX-License-Identifier: MIT
// The network under the udp transport: multicast addresses of both families, the interface that
// leads to one, and a socket there.
#ifndef TRANSPORTS_UDP_LAN_H
#define TRANSPORTS_UDP_LAN_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { UDP_WHY_BYTES = 256, UDP_NETWORKS_MAX = 64, UDP_ADDRESS_BYTES = 16 };

union udp_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Where a transport's nodes meet, as its URL says.
struct udp_meeting {
    union udp_address address;
    char text[INET6_ADDRSTRLEN]; // of the address
    const char *iface;           // NULL: the one that the routing table says
    int ttl;
};

// A network that an interface is on: those addresses that are the same under the mask.
struct udp_network {
    unsigned char address[UDP_ADDRESS_BYTES], mask[UDP_ADDRESS_BYTES];
};

// An interface that works.
struct udp_place {
    unsigned index;
    char name[IF_NAMESIZE];
    size_t network_count;
    struct udp_network networks[UDP_NETWORKS_MAX];
};

// Whether it is a multicast address of either family; sets meeting->address and its text.
bool udp_parse_address(struct udp_meeting *meeting, const char *text, int port);

// Whether the address means another group on each interface.
bool udp_needs_iface(const struct udp_meeting *meeting);

// The interface that leads there. False, with a sentence, while none works.
bool udp_find_place(const struct udp_meeting *meeting, struct udp_place *place,
                    char why[UDP_WHY_BYTES]);

// A socket that is joined there, and hears what is sent to that address and port, nothing else.
// -1, with a sentence, when there can be none.
int udp_open_socket(const struct udp_meeting *meeting, const struct udp_place *place,
                    char why[UDP_WHY_BYTES]);

// Tells news of interfaces, addresses and, when the routing table decides, routes; what they are is
// found by udp_find_place(). -1 and errno when it cannot.
int udp_open_news(const struct udp_meeting *meeting);

// Whether the sender is on one of the interface's networks.
bool udp_is_neighbour(const struct udp_place *place, const union udp_address *from);

#endif
