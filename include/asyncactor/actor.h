// SPDX-License-Identifier: MIT
// libasyncactor: a node's seats in groups that take turns leading.
//
// In order of use: describe the link (name, transport), open it, describe a group, join it, get
// events by callback, let the loop run. All calls on one link and its actors belong to one thread;
// different links may live in different threads. Strings are UTF-8 and end in NUL; the library
// copies what it is given. Times are nanoseconds; absolute ones are readings of CLOCK_BOOTTIME.
#ifndef ASYNCACTOR_ACTOR_H
#define ASYNCACTOR_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What calls return: 0, or one of these. What happens to a running group (collisions, splits, bad
// peers, lost links) is never an error but an event.
enum actor_error {
    ACTOR_OK = 0,
    ACTOR_EINVAL = -1,       // an argument is not allowed; the config's *_why() says what is
    ACTOR_ENOMEM = -2,       // no memory
    ACTOR_ESTATE = -3,       // not now: the link is down, the group is joined already, ...
    ACTOR_EIO = -4,          // the transport can never work like this; the log says why
    ACTOR_EUNSUPPORTED = -5, // this transport cannot do that
};

// A sentence for an error; never NULL, static.
const char *actor_strerror(int error);

// The library's version, "major.minor.patch"; static.
const char *actor_version(void);

// Levels are those of syslog(3): 3 error, 4 warning, 5 notice, 6 info, 7 debug.
enum actor_log_level {
    ACTOR_LOG_ERROR = 3,
    ACTOR_LOG_WARNING = 4,
    ACTOR_LOG_NOTICE = 5,
    ACTOR_LOG_INFO = 6,
    ACTOR_LOG_DEBUG = 7,
};

// Receives one line, without a newline, valid for the call. Runs in the link's thread.
typedef void actor_log_fn(void *context, enum actor_log_level level, const char *line);

// --- The link: one node's connection to its transport, and the event loop --------------------

struct actor_link;
struct actor_link_config;
struct actor_transport_ops; // transport.h

// A configuration with all defaults, or NULL without memory. Freed by the caller, any time after
// actor_link_new().
struct actor_link_config *actor_link_config_new(void);
void actor_link_config_free(struct actor_link_config *config);

// What the last setter that returned ACTOR_EINVAL found wrong and what is allowed; owned by config.
const char *actor_link_config_why(const struct actor_link_config *config);

// The node's name: 1 to 64 bytes, no control characters, none of "/+#". Default: the first label of
// the host name. It must be unlike all others in the group.
int actor_link_config_set_name(struct actor_link_config *config, const char *name);

// Where the group meets: "local:[DIR]", "mqtt://[USER[:PASSWORD]@]HOST[:PORT]", "mqtts://...",
// "serf://[:KEY@]HOST[:PORT]", "udp://ADDRESS[:PORT][?iface=NAME&ttl=N]".
// Default: "local:", a bus for this host.
int actor_link_config_set_url(struct actor_link_config *config, const char *url);

// What names of groups start with on a shared transport. Default: "actor".
int actor_link_config_set_prefix(struct actor_link_config *config, const char *prefix);

// User and password (NULL: none) for the transport; they beat those in the URL.
int actor_link_config_set_login(struct actor_link_config *config, const char *user,
                                const char *password);

// How long a link may go without proof that the other end still hears us; a leader whose proof is
// older gives up (PROTOCOL.md L1). 1 s to 1 h; default 5 s.
int actor_link_config_set_keepalive(struct actor_link_config *config, int64_t keepalive_ns);

// Something that this node announces of itself, for the others to read (actor_peer_about()). A key
// that was set before is replaced; at most 16 of them. Texts of up to 256 bytes of UTF-8.
int actor_link_config_set_tag(struct actor_link_config *config, const char *key, const char *text);

// A transport of your own for the schemes that it names, instead of a built-in one. `ops` must
// outlive the link.
int actor_link_config_set_transport(struct actor_link_config *config,
                                    const struct actor_transport_ops *ops);

// Where log lines go, from `level` on. Default: nowhere.
void actor_link_config_set_log(struct actor_link_config *config, enum actor_log_level level,
                               actor_log_fn *log, void *context);

// Opens the link. It connects, and reconnects after a loss, while the loop runs; only what can
// never work is an error here: ACTOR_EINVAL, ACTOR_ENOMEM, ACTOR_EIO (with `why` in config).
int actor_link_new(struct actor_link **link, struct actor_link_config *config);

// Closes the link at once: nothing more is sent. Its actors must be freed before. NULL is allowed.
void actor_link_free(struct actor_link *link);

const char *actor_link_name(const struct actor_link *link);
const char *actor_link_url(const struct actor_link *link); // without a password
const char *actor_link_prefix(const struct actor_link *link);
bool actor_link_is_up(const struct actor_link *link);

// What another node has announced of itself, as a JSON object: "incarnation", "groups",
// "addresses", "tags", "version"; over Serf some may lack. It ends in NUL. Returns its length, or
// ACTOR_EINVAL when `size` is too small for both or nothing is known of such a node.
int actor_peer_about(const struct actor_link *link, const char *node, char *json, size_t size);

// Publishes beside the beacons, where the transport has topics (MQTT). `retain` keeps the payload
// for later subscribers; an empty retained one clears it. ACTOR_ESTATE while the link is down
// (nothing is queued), ACTOR_EUNSUPPORTED where there are no topics.
int actor_link_publish(struct actor_link *link, const char *topic, const void *payload, size_t len,
                       bool retain);

// The loop, either run here ...
// Runs until actor_link_stop(); returns 0, or the error that ended it.
int actor_link_run(struct actor_link *link);
// Ends actor_link_run() after the present round. Allowed in callbacks and signal handlers'
// watchers.
void actor_link_stop(struct actor_link *link);

// ... or in a loop of the caller: wait until fd is readable or the time is over, then dispatch.
// Ask for the time anew before each wait (-1: no limit).
int actor_link_fd(const struct actor_link *link);
int actor_link_timeout_ms(struct actor_link *link);
int actor_link_dispatch(struct actor_link *link);

// The libuv loop (struct uv_loop_s) that all this runs on, for the caller's own handles; they must
// be closed before actor_link_free().
void *actor_link_loop(struct actor_link *link);

// Leaves in order: every actor gives up its tag and says so, what was sent is delivered, then the
// loop ends. Takes at most 2 s.
void actor_link_shutdown(struct actor_link *link);

// --- A group: the parameters, then the seat ---------------------------------------------------

struct actor;
struct actor_config;

struct actor_config *actor_config_new(void);
void actor_config_free(struct actor_config *config);
const char *actor_config_why(const struct actor_config *config);

// 1 to 64 bytes, as a node's name, but not "@". Default: "default".
int actor_config_set_group(struct actor_config *config, const char *group);

// The parameters of PROTOCOL.md, with its defaults and bounds; checked as a set by actor_new().
int actor_config_set_version(struct actor_config *config, int64_t version);
int actor_config_set_cycle(struct actor_config *config, int64_t cycle_ns);
int actor_config_set_gap(struct actor_config *config, int64_t gap_ns);
int actor_config_set_nodes(struct actor_config *config, int nodes);
int actor_config_set_splits(struct actor_config *config, int splits);
int actor_config_set_n_hosts(struct actor_config *config, int n_hosts);
int actor_config_set_force_in(struct actor_config *config, bool force_in);

// When others may follow a leader that its transport reports as gone (PROTOCOL.md H6). Default: at
// once.
enum actor_takeover {
    ACTOR_TAKEOVER_AT_ONCE,
    ACTOR_TAKEOVER_AFTER_LEASE, // one keepalive later
    ACTOR_TAKEOVER_SLOT         // when its turn has ended
};
int actor_config_set_takeover(struct actor_config *config, enum actor_takeover takeover);

// For how long nothing may have changed before members are told their places (PROTOCOL.md S2).
// Default: cycle + 4.5 gap and a little; what is less than that is refused by actor_new().
int actor_config_set_settle(struct actor_config *config, int64_t settle_ns);

// How long whoever has lost its index has to say, by actor_drained(), that its work has stopped,
// before the others get new ones (PROTOCOL.md S6); one that says nothing costs all of it. The same
// for the whole group, or that of the leader counts. 0 to 86400 s; default: 0, nobody is waited
// for.
int actor_config_set_drain(struct actor_config *config, int64_t drain_ns);

// What this node wishes of index 1, the steady leader (PROTOCOL.md S5). It stays with the one who
// has it, or goes to the one that prefers it most, 0 to 100 (default 0); with `preempt` it is taken
// from one that prefers it less; `never`: not this node.
int actor_config_set_prefer(struct actor_config *config, int prefer);
int actor_config_set_never(struct actor_config *config, bool never);
int actor_config_set_preempt(struct actor_config *config, bool preempt);

// Refuse parameters that other nodes ask for, and log who asked. Default: accept.
int actor_config_set_locked(struct actor_config *config, bool locked);

// The value, as JSON: null (not ready), true, false, a number, a string or an array of these; at
// most 256 bytes encoded. Default: 0. In a group with Python nodes: integers.
int actor_config_set_value(struct actor_config *config, const char *json);

// Start disabled: listen only. Default: enabled.
int actor_config_set_enabled(struct actor_config *config, bool enabled);

// Another node's program has told something (actor_tell()); `who` and `payload` last for the call.
// Runs in the link's thread, and may call what an actor_event_fn may.
typedef void actor_told_fn(void *context, struct actor *actor, const char *who, const void *payload,
                           size_t len);
// Who hears what is told. Default: nobody.
void actor_config_set_told(struct actor_config *config, actor_told_fn *on_told, void *context);

enum actor_event_type {
    ACTOR_EVENT_LINK_UP,
    ACTOR_EVENT_LINK_DOWN, // reason
    ACTOR_EVENT_SETUP,     // params, by
    ACTOR_EVENT_TAG,       // value, slot, until_ns: it is me, until then
    ACTOR_EVENT_RENEW,     // slot, until_ns: it is me, without a break
    ACTOR_EVENT_UNTAG,     // slot, reason: it is not me any longer
    ACTOR_EVENT_DETAG,     // slot, by: a better node's beacon took it from me
    ACTOR_EVENT_PING,      // leader, value: it is another
    ACTOR_EVENT_SLOT,      // slot, leader, ring, full, members
    ACTOR_EVENT_GOOD_NODE, // ring: ready nodes, while I have no value
    ACTOR_EVENT_RECOVER,   // prio, replace, ring (mine), remote: two islands have met
    ACTOR_EVENT_JOIN,      // member, reason: another node is there
    ACTOR_EVENT_LEAVE,     // member, reason: it is not, any longer
    ACTOR_EVENT_SETTLING,  // this node has no index, or no longer: stop what it gave it to do
    ACTOR_EVENT_SETTLED,   // index, total, view, by, roster: my place among the members, until
                           // settling
    ACTOR_EVENT_ROSTER,    // view, by, settled, roster: this node tells the others who is there
    ACTOR_EVENT_NAME_TAKEN // another process has my name and stays; this actor is silent for good
};

// The name of an event as in JSON: "link-up", "tag", ...; static.
const char *actor_event_name(enum actor_event_type type);

struct actor_names {
    size_t count;
    const char *const *names;
};

// What happened. The library alone makes these (so members may be added); all of it is valid for
// the duration of the callback.
struct actor_event {
    enum actor_event_type type;
    const char *group;
    const char *node; // who reports: this node
    int64_t time_ms;  // CLOCK_REALTIME, milliseconds since 1970
    int64_t mono_ns;  // CLOCK_BOOTTIME
    uint64_t slot;    // a count of this node's
    int64_t until_ns; // CLOCK_BOOTTIME; act no longer than this
    const char *url;  // link-up, link-down; without a password
    // untag: end, handover, disabled, lease, suspend, link, stop; join: new, returned; leave: left
    // (it said so), lost (its connection is), expired (not heard for too long, or away for longer
    // than it announced); link-down: a sentence.
    const char *reason;
    const char *member; // join, leave: which node
    const char *by;     // detag, setup: which node; settled, roster: who published that view
    const char *leader; // slot, ping
    const char *value;  // JSON
    struct actor_names ring;
    struct actor_names remote;
    bool full;                         // all places of the ring are taken
    uint32_t members;                  // how many nodes are known, this one included
    struct actor_names roster;         // settled, roster: the members in their places
    uint32_t index, total;             // settled: 1 to total, which is how many members there are
    int64_t view;                      // settled, roster: its number
    bool settled;                      // roster
    int prio;                          // recover: my place in my ring, 0 is the head
    bool replace;                      // recover: my ring was replaced by the other one
    int64_t version, cycle_ns, gap_ns; // setup
    int nodes, splits, n_hosts;
    bool force_in;
};

// Called after each step, in the link's thread. May call anything here but actor_free(),
// actor_link_free() and the loop's functions; what it asks for is done after it returns.
typedef void actor_event_fn(void *context, struct actor *actor, const struct actor_event *event);

// Room for any event as JSON: two rings of a packet's length each, with every character escaped.
enum { ACTOR_EVENT_JSON_MAX = 20480 };

// Writes an event as one JSON object, without a newline; the keys are those of actord(8). Returns
// its length, or ACTOR_EINVAL if `size` is too small.
int actor_event_json(const struct actor_event *event, char *buffer, size_t size);

// Joins a group. `on_event` may be NULL. Errors: ACTOR_EINVAL (with `why` in config), ACTOR_ENOMEM,
// ACTOR_ESTATE (this link has joined the group already).
int actor_new(struct actor **actor, struct actor_link *link, struct actor_config *config,
              actor_event_fn *on_event, void *context);

// Leaves the group at once and frees the actor; a tag is given up (untag is reported first). NULL
// is allowed.
void actor_free(struct actor *actor);

const char *actor_group(const struct actor *actor);
struct actor_link *actor_get_link(const struct actor *actor);

// Hands the turn over to another node, if this one is tagged and the other may lead: the tag ends
// (untag, reason "handover") after this call. ACTOR_ESTATE: not tagged; ACTOR_EINVAL: no such node
// is known, or it cannot lead now.
int actor_hand_over(struct actor *actor, const char *node);

// As actor_config_set_value(), for the next beacon on. null: not ready any longer.
int actor_set_value(struct actor *actor, const char *json);
// Take part again, or listen only; a tag ends at once with reason "disabled".
int actor_enable(struct actor *actor);
int actor_disable(struct actor *actor);
// Says that what the last index gave to do has stopped, after settling; see
// actor_config_set_drain(). Nothing while there is an index. To leave the group says so too: stop
// the work before.
int actor_drained(struct actor *actor);
// Announces that this node may be away for so long, from now on: if it ends meanwhile, or is lost,
// it keeps its place among the members until then, and the others keep theirs (PROTOCOL.md S7). 0
// to 604800 s; 0: no longer.
int actor_away(struct actor *actor, int64_t away_ns);
// Asks the whole group to use the parameters in `config`; the version must be higher than the
// present one (ACTOR_EINVAL otherwise).
int actor_set_params(struct actor *actor, struct actor_config *config);

// Tells the programs of all other nodes of ours something, once: nothing is queued, repeated or
// confirmed, and Python nodes do not hear it. Anybody in the group may tell anything, so begin with
// something that is your own, and take nothing for granted. ACTOR_EINVAL: more than
// actor_tell_max(); ACTOR_ESTATE: the link is down, or the name is taken; ACTOR_EUNSUPPORTED: the
// transport has no channel for it.
int actor_tell(struct actor *actor, const void *payload, size_t len);
// How many bytes one may have: 300 at least where a packet has 460, about 3900 elsewhere; 0: none.
size_t actor_tell_max(const struct actor *actor);

// Until when this node holds the tag, as it would be found by the clock now; 0 when it does not.
int64_t actor_tagged_until(const struct actor *actor);

// The same of its index (settled): until when it counts if nobody confirms it.
int64_t actor_settled_until(const struct actor *actor);

// How many messages were dropped for a reason, 0 to actor_drop_reasons() - 1, since the start.
unsigned actor_drop_reasons(void);
const char *actor_drop_reason(unsigned reason);
uint64_t actor_dropped(const struct actor *actor, unsigned reason);

#ifdef __cplusplus
}
#endif
#endif
