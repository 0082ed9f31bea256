// SPDX-License-Identifier: MIT
// UDP multicast in a network of its own: who is heard and who is refused, what is said of the
// interface, and what is lost. What all transports have in common is in conform_udp.c.
#include "asyncactor/transport.h"
#include "transport/host.h"
#include "transport/network.h"
#include "transports/transports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORT = 7777,
    PACKET_MAX = 4096,
    LETTER_MAX = 8192,
    AT_ONCE_MS = 1000,
    CABLE_MS = 3000, // the kernel tells of cables once a second, of all in the system
};

static const char group_v4[] = "239.255.77.77", group_link[] = "ff02::4d4d",
                  group_site[] = "ff05::4d4d";

// --- Hosts -------------------------------------------------------------------------------------

// NULL: not in the URL.
static void prepare(struct host *host, const char *address, const char *iface, const char *ttl)
{
    static struct actor_transport_option options[16][3];
    static int used;
    struct actor_transport_option *its = options[used++ % 16];
    *its = (struct actor_transport_option){iface != NULL ? "iface" : NULL, iface};
    its[iface != NULL] = (struct actor_transport_option){ttl != NULL ? "ttl" : NULL, ttl};
    its[(iface != NULL) + (ttl != NULL)] = (struct actor_transport_option){NULL, NULL};
    host_prepare(host, &transport_udp, iface != NULL ? iface : "any");
    host->config.address = address;
    host->config.options = its;
}

static void start(struct host *host, const char *address, const char *iface, const char *group)
{
    prepare(host, address, iface, NULL);
    host_open(host);
    host_join(host, group);
}

static void start_up(struct host *host, const char *address, const char *iface)
{
    start(host, address, iface, "g");
    RUN_UNTIL(host->is_up, AT_ONCE_MS);
}

static void check_heard(struct host *host, struct host *from, const char *text)
{
    int before = host->messages;
    host_say(from, "g", text);
    RUN_UNTIL(host->messages > before, AT_ONCE_MS);
    ck_assert_str_eq(host->last, text);
}

// --- A stranger, far ---------------------------------------------------------------------------

static unsigned far_index(int fd, const char *iface)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", iface);
    ck_assert_int_eq(ioctl(fd, SIOCGIFINDEX, &request), 0);
    return (unsigned)request.ifr_ifindex;
}

static int far_open(int family)
{
    int fd = network_far_socket(family);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", sizeof "eth0"), 0);
    return fd;
}

static socklen_t fill(struct sockaddr_storage *to, const char *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(PORT);
        return sizeof *v4;
    }
    ck_assert_int_eq(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(PORT);
    return sizeof *v6;
}

static void far_send(int fd, const char *address, const void *bytes, size_t len)
{
    struct sockaddr_storage to;
    socklen_t to_len = fill(&to, address);
    ck_assert_int_eq(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, to_len), (ssize_t)len);
}

// Hears what goes over the cable.
static int far_listen(const char *address)
{
    struct sockaddr_storage at;
    socklen_t len = fill(&at, address);
    int level = at.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    int fd = far_open(at.ss_family);
    struct group_req request = {.gr_interface = far_index(fd, "eth0"), .gr_group = at};
    int one = 1;
    if (at.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&at)->sin6_scope_id = request.gr_interface;
    }
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof request), 0);
    ck_assert_int_eq(setsockopt(fd, level, level == IPPROTO_IP ? IP_RECVTTL : IPV6_RECVHOPLIMIT,
                                &one, sizeof one),
                     0);
    return fd;
}

// Waits for a datagram; returns with how many hops to go it came.
static int far_hear(int fd, size_t *len)
{
    struct timeval patience = {.tv_sec = patience_ns(SOON_MS) / 1000000000};
    _Alignas(struct cmsghdr) char notes[256];
    static char bytes[LETTER_MAX];
    struct iovec room = {bytes, sizeof bytes};
    struct msghdr message = {
        .msg_iov = &room, .msg_iovlen = 1, .msg_control = notes, .msg_controllen = sizeof notes};
    int hops = -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t result = recvmsg(fd, &message, 0);
    ck_assert_msg(result >= 0, "nothing came over the cable: %s", strerror(errno));
    *len = (size_t)result;
    const struct cmsghdr *note = CMSG_FIRSTHDR(&message);
    ck_assert_ptr_nonnull(note);
    memcpy(&hops, CMSG_DATA(note), sizeof hops);
    return hops;
}

// --- Letters, written by hand ------------------------------------------------------------------

// A good one.
static size_t write_letter(void *out, const char *prefix, const char *group, const char *packet)
{
    return (size_t)snprintf(out, LETTER_MAX, "actr%cstranger%c%s%c%s%s", 1, (int)strlen(prefix),
                            prefix, (int)strlen(group), group, packet);
}

// --- Who is heard ------------------------------------------------------------------------------

START_TEST(agents_of_one_host_and_those_of_others_hear_each_other)
{
    const char *address = _i == 0 ? group_v4 : _i == 1 ? group_link : group_site;
    static uint8_t letter[LETTER_MAX];
    size_t len = write_letter(letter, "actor", "g", "from afar"), heard_len;
    struct host hosts[2];
    int fd = far_listen(address);
    start_up(&hosts[0], address, "eth0");
    start_up(&hosts[1], address, "eth0");
    check_heard(&hosts[1], &hosts[0], "to one");
    check_heard(&hosts[0], &hosts[1], "to the other");
    ck_assert_int_eq(far_hear(fd, &heard_len), 1);
    ck_assert_uint_eq(heard_len, 13 + sizeof "actor" + sizeof "g" + strlen("to one"));
    far_send(fd, address, letter, len);
    for (int i = 0; i < 2; i++) {
        RUN_UNTIL(hosts[i].messages == 2, AT_ONCE_MS);
        ck_assert_str_eq(hosts[i].last, "from afar");
        host_stop(&hosts[i]);
    }
    close(fd);
}
END_TEST

// The kernel drops it: a burst takes no place in the queue, and is no loss.
START_TEST(nobody_hears_itself)
{
    enum { MESSAGES = 5000 };
    static const char packet[PACKET_MAX];
    static uint8_t letter[LETTER_MAX];
    size_t len = write_letter(letter, "actor", "g", "the end");
    struct host host;
    int fd = far_open(AF_INET);
    start_up(&host, group_v4, "eth0");
    host.frozen = true;
    for (int i = 0; i < MESSAGES; i++) {
        ck_assert_int_eq(host_send(&host, "g", packet, sizeof packet), 0);
    }
    host.frozen = false;
    far_send(fd, group_v4, letter, len);
    RUN_UNTIL(host.messages > 0, AT_ONCE_MS);
    ck_assert_str_eq(host.first, "the end");
    ck_assert_uint_eq(host.overrun, 0);
    host_stop(&host);
    close(fd);
}
END_TEST

START_TEST(groups_and_prefixes_of_any_length_are_apart)
{
    char longest[257];
    memset(longest, 'x', 256);
    longest[256] = '\0';
    struct host hosts[2];
    prepare(&hosts[0], group_v4, "eth0", NULL);
    prepare(&hosts[1], group_v4, "eth0", NULL);
    hosts[0].config.prefix = "ab";
    hosts[1].config.prefix = "a";
    for (int i = 0; i < 2; i++) {
        host_open(&hosts[i]);
        ck_assert_int_eq(host_try_join(&hosts[i], longest), -ENAMETOOLONG);
        host_join(&hosts[i], longest + 1);
        host_join(&hosts[i], i == 0 ? "c" : "bc");
        RUN_UNTIL(hosts[i].is_up, AT_ONCE_MS);
    }
    host_say(&hosts[0], "c", "x");
    host_say(&hosts[0], longest + 1, "x");
    host_stop(&hosts[0]);
    prepare(&hosts[0], group_v4, "eth0", NULL);
    hosts[0].config.prefix = "a";
    host_open(&hosts[0]);
    host_join(&hosts[0], longest + 1);
    RUN_UNTIL(hosts[0].is_up, AT_ONCE_MS);
    host_say(&hosts[0], longest + 1, "mine");
    RUN_UNTIL(hosts[1].messages == 1, AT_ONCE_MS);
    ck_assert_str_eq(hosts[1].first, "mine");
    host_stop(&hosts[0]);
    host_stop(&hosts[1]);
}
END_TEST

START_TEST(only_the_named_interface_counts)
{
    const char *address = _i == 0 ? group_v4 : _i == 1 ? group_link : group_site;
    struct host hosts[4];
    for (int i = 0; i < 4; i++) {
        start_up(&hosts[i], address, i % 2 == 0 ? "eth0" : "eth1");
    }
    check_heard(&hosts[2], &hosts[0], "on eth0");
    check_heard(&hosts[3], &hosts[1], "on eth1");
    check_heard(&hosts[0], &hosts[2], "on eth0");
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(hosts[i].messages, i == 1 ? 0 : 1);
        ck_assert_str_eq(hosts[i].logs, "");
        host_stop(&hosts[i]);
    }
}
END_TEST

START_TEST(a_packet_of_4_kib_comes_over_a_cable_for_1500_bytes)
{
    static const uint8_t packet[PACKET_MAX + 1];
    static uint8_t letter[LETTER_MAX];
    const char *address = _i == 0 ? group_v4 : group_link;
    size_t header = write_letter(letter, "actor", "g", ""), heard_len;
    struct host host;
    int fd = far_listen(address);
    start_up(&host, address, "eth0");
    ck_assert_int_eq(host_send(&host, "g", packet, PACKET_MAX), 0);
    far_hear(fd, &heard_len);
    ck_assert_uint_eq(heard_len, header + PACKET_MAX);
    ck_assert_int_eq(host_send(&host, "g", packet, PACKET_MAX + 1), -EMSGSIZE);
    far_send(fd, address, letter, header + PACKET_MAX);
    RUN_UNTIL(host.messages == 1, AT_ONCE_MS);
    ck_assert_uint_eq(host.length, PACKET_MAX);
    host_stop(&host);
    close(fd);
}
END_TEST

START_TEST(ttl_is_what_it_was_told)
{
    const char *address = _i == 0 ? group_v4 : group_site;
    struct host host;
    size_t len;
    int fd = far_listen(address);
    prepare(&host, address, "eth0", "7");
    host_open(&host);
    host_join(&host, "g");
    RUN_UNTIL(host.is_up, AT_ONCE_MS);
    host_say(&host, "g", "x");
    ck_assert_int_eq(far_hear(fd, &len), 7);
    host_stop(&host);
    close(fd);
}
END_TEST

// --- Who is refused ----------------------------------------------------------------------------

static void check_refused(struct host *host, int fd, const void *bytes, size_t len,
                          const char *sentence)
{
    host->logs[0] = '\0';
    far_send(fd, group_v4, bytes, len);
    RUN_UNTIL(host->logs[0] != '\0', AT_ONCE_MS);
    ck_assert_msg(contains(host->logs, sentence), "%s", host->logs);
    ck_assert_msg(contains(host->logs, "the last from 10.77.0.2"), "%s", host->logs);
    ck_assert_int_eq(host->messages, 0);
}

START_TEST(what_is_no_letter_is_refused_by_its_kind)
{
    static uint8_t good[LETTER_MAX], bad[LETTER_MAX];
    size_t len = write_letter(good, "actor", "g", "x");
    struct host host;
    int fd = far_open(AF_INET);
    start_up(&host, group_v4, "eth0");
    check_refused(&host, fd, "acts", 4,
                  "datagrams refused: 1 (not from an actord; the last from 10.77.0.2)");
    memcpy(bad, good, len);
    bad[4] = 2;
    check_refused(&host, fd, bad, len, "refused: 1 (of another version of actord");
    check_refused(&host, fd, good, 4, "refused: 1 (cut off or badly written");
    memcpy(bad, good, sizeof bad);
    check_refused(&host, fd, bad, len - 1 + PACKET_MAX + 1, "refused: 1 (longer than a packet");
    // Each has been told within this minute.
    host.logs[0] = '\0';
    for (size_t cut = 0; cut < len - 1; cut++) {
        far_send(fd, group_v4, good, cut);
    }
    for (size_t place = 13; place < len - 1; place += sizeof "actor") {
        memcpy(bad, good, len);
        bad[place] = 255;
        far_send(fd, group_v4, bad, len);
    }
    far_send(fd, group_v4, good, sizeof good);
    far_send(fd, group_v4, good, len);
    RUN_UNTIL(host.messages > 0, AT_ONCE_MS);
    ck_assert_int_eq(host.messages, 1);
    ck_assert_str_eq(host.first, "x");
    ck_assert_str_eq(host.logs, "");
    host_stop(&host);
    ck_assert_msg(contains(host.logs, "refused up to the end: 4 (not from"), "%s", host.logs);
    ck_assert_msg(contains(host.logs, "refused up to the end: 19 (cut off"), "%s", host.logs);
    ck_assert_msg(contains(host.logs, "refused up to the end: 1 (longer"), "%s", host.logs);
    close(fd);
}
END_TEST

// The kernel does it, and tells the sender.
START_TEST(what_is_sent_to_the_host_alone_is_refused)
{
    const char *address = _i == 0 ? group_v4 : group_site;
    static uint8_t letter[LETTER_MAX];
    size_t len = write_letter(letter, "actor", "g", "to you");
    struct sockaddr_storage to;
    socklen_t to_len = fill(&to, _i == 0 ? "10.77.0.1" : "fd77::1");
    struct host host;
    int fd = far_open(to.ss_family);
    start_up(&host, address, "eth0");
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, to_len), 0);
    ck_assert_int_eq(send(fd, letter, len, 0), (ssize_t)len);
    int fresh = far_open(to.ss_family);
    len = write_letter(letter, "actor", "g", "to all");
    far_send(fresh, address, letter, len);
    RUN_UNTIL(host.messages > 0, AT_ONCE_MS);
    ck_assert_str_eq(host.first, "to all");
    ck_assert_int_eq(recv(fd, letter, sizeof letter, MSG_DONTWAIT), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    ck_assert_int_eq(host.messages, 1);
    host_stop(&host);
    close(fd);
    close(fresh);
}
END_TEST

// A far host of another network on the same cable.
static int open_stranger(void)
{
    const struct sockaddr_in afar = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = inet_addr("10.99.0.1")};
    int fd = far_open(AF_INET);
    network_run_far("ip address add 10.99.0.1/32 dev lo");
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&afar, sizeof afar), 0);
    return fd;
}

static void stranger_says(int fd, const char *text)
{
    static uint8_t letter[LETTER_MAX];
    far_send(fd, group_v4, letter, write_letter(letter, "actor", "g", text));
}

// Joins his network, and waits until that is known.
static void meet_stranger(struct host *host, int fd)
{
    int64_t end_ns = now_ns() + patience_ns(AT_ONCE_MS);
    int before = host->messages;
    network_run("ip address add 10.99.0.9/24 dev eth0");
    while (host->messages == before && now_ns() < end_ns) {
        stranger_says(fd, "is it me?");
        hosts_turn(10);
    }
    ck_assert_str_eq(host->last, "is it me?");
}

START_TEST(with_a_ttl_of_1_senders_are_of_this_network)
{
    struct host strict, lenient;
    int fd = open_stranger();
    start_up(&strict, group_v4, "eth0");
    prepare(&lenient, group_v4, "eth0", "2");
    host_open(&lenient);
    host_join(&lenient, "g");
    RUN_UNTIL(lenient.is_up, AT_ONCE_MS);
    stranger_says(fd, "hello");
    RUN_UNTIL(lenient.messages == 1 && strict.logs[0] != '\0', AT_ONCE_MS);
    ck_assert_int_eq(strict.messages, 0);
    ck_assert_msg(contains(strict.logs, "no address of this network"), "%s", strict.logs);
    ck_assert_msg(contains(strict.logs, "10.99.0.1"), "%s", strict.logs);
    meet_stranger(&strict, fd);
    host_stop(&strict);
    host_stop(&lenient);
    close(fd);
}
END_TEST

static const struct {
    const char *address, *iface, *ttl, *user, *sentence;
} bad_urls[] = {
    {"10.77.0.1", NULL, NULL, NULL, "must be of multicast"},
    {"fd77::1", "eth0", NULL, NULL, "must be of multicast"},
    {"broker.example", NULL, NULL, NULL, "must be of multicast"},
    {"ff02::1%eth0", "eth0", NULL, NULL, "must be of multicast"},
    {"", NULL, NULL, NULL, "must be of multicast"},
    {"ff02::1", NULL, NULL, NULL, "?iface=NAME"},
    {"239.1.1.1", "", NULL, NULL, "name of an interface"},
    {"239.1.1.1", "sixteen-letters-", NULL, NULL, "name of an interface"},
    {"239.1.1.1", NULL, "0", NULL, "ttl must be 1 to 255"},
    {"239.1.1.1", NULL, "256", NULL, "ttl must be 1 to 255"},
    {"239.1.1.1", NULL, "", NULL, "ttl must be 1 to 255"},
    {"239.1.1.1", NULL, "-1", NULL, "ttl must be 1 to 255"},
    {"239.1.1.1", NULL, "1e2", NULL, "ttl must be 1 to 255"},
    {"239.1.1.1", NULL, NULL, "me", "no user"},
};

START_TEST(what_can_never_work_is_refused_in_words)
{
    for (size_t i = 0; i < sizeof bad_urls / sizeof *bad_urls; i++) {
        struct host host;
        char why[256] = "";
        prepare(&host, bad_urls[i].address, bad_urls[i].iface, bad_urls[i].ttl);
        host.config.user = bad_urls[i].user;
        ck_assert_int_eq(host_try_open(&host, why, sizeof why), -EINVAL);
        ck_assert_msg(contains(why, bad_urls[i].sentence), "%s: %s", bad_urls[i].address, why);
        host_stop(&host);
    }
}
END_TEST

// --- Interfaces --------------------------------------------------------------------------------

// What takes the link down and brings it back; what is said, with an address of IPv4 and of IPv6.
static const struct {
    const char *off, *on, *reasons[2];
} accidents[] = {
    {"ip link set eth0 down",
     "ip link set eth0 up; ip address replace fd77::1/64 dev eth0 nodad; "
     "ip address replace fe80::1/64 dev eth0 nodad",
     {"eth0 is down", "eth0 is down"}},
    {"ip link set eth0 name away",
     "ip link set away name eth0 up",
     {"eth0: there is no such interface", "eth0: there is no such interface"}},
    {"ip address flush dev eth0",
     "ip address add 10.77.0.7/24 dev eth0; ip address add fe80::7/64 dev eth0 nodad",
     {"eth0 has no IPv4 address that can be used", "eth0 has no IPv6 address that can be used"}},
    {"true", "true", {"eth0 has no carrier", "eth0 has no carrier"}}, // the far end does it
};

START_TEST(tells_at_once_what_is_wrong_with_its_interface)
{
    enum { ACCIDENTS = sizeof accidents / sizeof *accidents };
    int kind = _i % ACCIDENTS, version = _i / ACCIDENTS;
    bool cable = strcmp(accidents[kind].off, "true") == 0;
    const char *address = version == 0 ? group_v4 : group_link;
    struct host hosts[2];
    start_up(&hosts[0], address, "eth0");
    start_up(&hosts[1], address, "eth0");
    if (cable) {
        network_run_far("ip link set eth0 down");
    }
    network_run(accidents[kind].off);
    for (int i = 0; i < 2; i++) {
        RUN_UNTIL(!hosts[i].is_up, cable ? CABLE_MS : AT_ONCE_MS);
        RUN_UNTIL(contains(hosts[i].reasons, accidents[kind].reasons[version]), AT_ONCE_MS);
        ck_assert_int_eq(host_send(&hosts[i], "g", "x", 1), -ENOTCONN);
    }
    if (cable) {
        network_run_far("ip link set eth0 up");
    }
    network_run(accidents[kind].on);
    RUN_UNTIL(hosts[0].is_up && hosts[1].is_up, CABLE_MS);
    check_heard(&hosts[1], &hosts[0], "back");
    host_stop(&hosts[0]);
    host_stop(&hosts[1]);
}
END_TEST

// The switch at the other end of the cable must be told again who listens.
START_TEST(an_interface_that_comes_back_is_joined_again)
{
    static uint8_t letter[LETTER_MAX];
    size_t len = write_letter(letter, "actor", "g", "again");
    struct host host;
    network_run("ip link delete eth0; ip link delete eth1");
    start(&host, group_v4, "eth0", "g");
    RUN_UNTIL(contains(host.reasons, "eth0: there is no such interface"), AT_ONCE_MS);
    for (int round = 1; round <= 3; round++) {
        network_plug();
        RUN_UNTIL(host.ups == round, CABLE_MS);
        int fd = far_open(AF_INET);
        far_send(fd, group_v4, letter, len);
        RUN_UNTIL(host.messages == round, AT_ONCE_MS);
        network_run("ip link delete eth0; ip link delete eth1");
        RUN_UNTIL(!host.is_up, AT_ONCE_MS);
        close(fd);
    }
    host_stop(&host);
}
END_TEST

START_TEST(another_interface_of_the_name_is_another_link)
{
    struct host host;
    start_up(&host, group_v4, "eth0");
    host.frozen = true;
    network_run("ip link delete eth0; ip link delete eth1");
    network_plug();
    host.frozen = false;
    RUN_UNTIL(host.downs == 1, AT_ONCE_MS);
    ck_assert_msg(contains(host.reasons, "taken the place of another"), "%s", host.reasons);
    RUN_UNTIL(host.is_up, CABLE_MS);
    host_stop(&host);
}
END_TEST

START_TEST(an_ipv6_address_is_used_when_it_is_found_to_be_nobody_elses)
{
    struct host host;
    network_run("ip address flush dev eth0");
    start(&host, group_link, "eth0", "g");
    RUN_UNTIL(host.downs > 0, AT_ONCE_MS);
    int64_t start_ns = now_ns();
    network_run("ip address add fe80::77/64 dev eth0");
    RUN_UNTIL(host.is_up, 5000);
    ck_assert_int_gt(now_ns() - start_ns, 900000000); // a second, for others to object
    host_say(&host, "g", "x");
    ck_assert_int_eq(host.downs, 1);
    host_stop(&host);
}
END_TEST

START_TEST(ipv6_may_be_disabled)
{
    struct host host;
    network_run("echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6");
    start(&host, group_link, "eth0", "g");
    RUN_UNTIL(contains(host.reasons, "eth0 has no IPv6 address"), AT_ONCE_MS);
    network_run("echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6\n"
                "ip address add fe80::1/64 dev eth0 nodad");
    RUN_UNTIL(host.is_up, AT_ONCE_MS);
    host_stop(&host);
}
END_TEST

START_TEST(without_a_route_and_a_name_it_waits_for_one)
{
    struct host host;
    start(&host, group_v4, NULL, "g");
    RUN_UNTIL(contains(host.reasons, "no interface leads to 239.255.77.77"), AT_ONCE_MS);
    network_run("ip route add default dev eth1");
    RUN_UNTIL(host.is_up, AT_ONCE_MS);
    ck_assert_int_eq(host.downs, 1);
    host_stop(&host);
}
END_TEST

START_TEST(without_a_name_the_routing_table_decides)
{
    const char *address = _i == 0 ? group_v4 : group_site;
    const char *route = _i == 0 ? "ip route replace default dev %s"
                                : "ip -6 route replace table local multicast ff05::/16 dev %s";
    char line[128];
    struct host by_route, hosts[2];
    start_up(&hosts[0], address, "eth0");
    start_up(&hosts[1], address, "eth1");
    snprintf(line, sizeof line, route, "eth1");
    network_run(line);
    start_up(&by_route, address, NULL);
    check_heard(&hosts[1], &by_route, "first there");
    snprintf(line, sizeof line, route, "eth0");
    network_run(line);
    RUN_UNTIL(by_route.ups == 2, 4000);
    check_heard(&hosts[0], &by_route, "then here");
    ck_assert_int_eq(hosts[0].messages + hosts[1].messages, 2);
    host_stop(&by_route);
    host_stop(&hosts[0]);
    host_stop(&hosts[1]);
}
END_TEST

START_TEST(a_port_that_another_program_holds_is_waited_for)
{
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct host host;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&all, sizeof all), 0);
    start(&host, group_v4, "eth0", "g");
    RUN_UNTIL(contains(host.reasons, "port 7777 cannot be used: Address already in use"),
              AT_ONCE_MS);
    close(fd);
    RUN_UNTIL(host.is_up, 3000);
    ck_assert_int_eq(host.downs, 1);
    host_stop(&host);
}
END_TEST

// A lot of it, about an interface that is not ours.
START_TEST(news_of_others_costs_little)
{
    struct host hosts[2];
    start_up(&hosts[0], group_v4, "eth0");
    start_up(&hosts[1], group_v4, "eth0");
    network_run("for i in $(seq 250); do echo address add 10.1.$i.1/24 dev eth1; "
                "echo address del 10.1.$i.1/24 dev eth1; done | ip -batch -");
    check_heard(&hosts[1], &hosts[0], "still here");
    ck_assert_int_eq(hosts[0].downs + hosts[1].downs, 0);
    host_stop(&hosts[0]);
    host_stop(&hosts[1]);
}
END_TEST

// As much as there is no room for while the loop stands still.
START_TEST(news_comes_again_after_some_was_lost)
{
    struct host host;
    int fd = open_stranger();
    start_up(&host, group_v4, "eth0");
    host.frozen = true;
    network_run("for i in $(seq 1000); do echo address add 10.1.1.1/24 dev eth1; "
                "echo address del 10.1.1.1/24 dev eth1; done | ip -batch -");
    host.frozen = false;
    meet_stranger(&host, fd);
    ck_assert_int_eq(host.downs, 0);
    network_run("ip address flush dev eth0");
    RUN_UNTIL(host.downs == 1, AT_ONCE_MS);
    host_stop(&host);
    close(fd);
}
END_TEST

// --- What is lost ------------------------------------------------------------------------------

START_TEST(what_a_full_queue_loses_is_counted)
{
    enum { MESSAGES = 6000 };
    static const char packet[PACKET_MAX];
    struct host hosts[3];
    for (int i = 0; i < 3; i++) {
        start_up(&hosts[i], group_v4, "eth0");
    }
    hosts[1].frozen = true;
    for (int i = 0; i < MESSAGES; i++) {
        ck_assert_int_eq(host_send(&hosts[0], "g", packet, sizeof packet), 0);
        if (i % 16 == 15) {
            RUN_UNTIL(hosts[2].messages == i + 1, SOON_MS);
        }
    }
    hosts[1].frozen = false;
    RUN_UNTIL((uint64_t)hosts[1].messages + hosts[1].overrun == MESSAGES, SOON_MS);
    ck_assert_uint_gt(hosts[1].overrun, 0);
    ck_assert_int_gt(hosts[1].messages, 16);
    ck_assert_uint_eq(hosts[0].overrun + hosts[2].overrun, 0);
    for (int i = 0; i < 3; i++) {
        host_stop(&hosts[i]);
    }
}
END_TEST

START_TEST(a_firewall_that_forbids_to_send_is_told_once)
{
    struct host hosts[2];
    start_up(&hosts[0], group_v4, "eth0");
    start_up(&hosts[1], group_v4, "eth0");
    network_run(
        "nft 'table ip t { chain c { type filter hook output priority 0; policy drop; }; }'");
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(host_send(&hosts[0], "g", "x", 1), -EPERM);
    }
    ck_assert_str_eq(hosts[0].logs, "239.255.77.77: messages not sent: 1 (a firewall on this host "
                                    "forbids it)\n");
    network_run("nft delete table ip t");
    check_heard(&hosts[1], &hosts[0], "allowed again");
    host_stop(&hosts[0]);
    ck_assert_msg(contains(hosts[0].logs, "not sent up to the end: 4 (eth0)"), "%s", hosts[0].logs);
    ck_assert_int_eq(hosts[0].downs, 0);
    host_stop(&hosts[1]);
}
END_TEST

// Before the loop has heard of it.
START_TEST(what_is_sent_to_no_network_is_an_error)
{
    struct host host;
    start_up(&host, _i == 0 ? group_v4 : group_link, "eth0");
    network_run("ip link set eth0 down");
    ck_assert_int_lt(host_send(&host, "g", "x", 1), 0);
    ck_assert_int_eq(host.downs, 0);
    RUN_UNTIL(host.downs == 1, AT_ONCE_MS);
    host_stop(&host);
}
END_TEST

static Suite *make_suite(void)
{
    enum { ACCIDENTS = 2 * sizeof accidents / sizeof *accidents };
    Suite *suite = suite_create("udp");
    TCase *tests = tcase_create("udp");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, network_set_up, network_tear_down);
    tcase_add_loop_test(tests, agents_of_one_host_and_those_of_others_hear_each_other, 0, 3);
    tcase_add_test(tests, nobody_hears_itself);
    tcase_add_test(tests, groups_and_prefixes_of_any_length_are_apart);
    tcase_add_loop_test(tests, only_the_named_interface_counts, 0, 3);
    tcase_add_loop_test(tests, a_packet_of_4_kib_comes_over_a_cable_for_1500_bytes, 0, 2);
    tcase_add_loop_test(tests, ttl_is_what_it_was_told, 0, 2);
    tcase_add_test(tests, what_is_no_letter_is_refused_by_its_kind);
    tcase_add_loop_test(tests, what_is_sent_to_the_host_alone_is_refused, 0, 2);
    tcase_add_test(tests, with_a_ttl_of_1_senders_are_of_this_network);
    tcase_add_test(tests, what_can_never_work_is_refused_in_words);
    tcase_add_loop_test(tests, tells_at_once_what_is_wrong_with_its_interface, 0, ACCIDENTS);
    tcase_add_test(tests, an_interface_that_comes_back_is_joined_again);
    tcase_add_test(tests, another_interface_of_the_name_is_another_link);
    tcase_add_test(tests, an_ipv6_address_is_used_when_it_is_found_to_be_nobody_elses);
    tcase_add_test(tests, ipv6_may_be_disabled);
    tcase_add_test(tests, without_a_route_and_a_name_it_waits_for_one);
    tcase_add_loop_test(tests, without_a_name_the_routing_table_decides, 0, 2);
    tcase_add_test(tests, a_port_that_another_program_holds_is_waited_for);
    tcase_add_test(tests, news_of_others_costs_little);
    tcase_add_test(tests, news_comes_again_after_some_was_lost);
    tcase_add_test(tests, what_a_full_queue_loses_is_counted);
    tcase_add_test(tests, a_firewall_that_forbids_to_send_is_told_once);
    tcase_add_loop_test(tests, what_is_sent_to_no_network_is_an_error, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    network_need();
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
