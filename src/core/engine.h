// SPDX-License-Identifier: MIT
// The engine: one node's part in one group, as PROTOCOL.md has it. Pure: time and chance come in,
// effects go out as data, nothing is allocated and nobody is called but the injected draw.
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "message.h"
#include "nodes.h"

#define NEVER INT64_MAX // a deadline that is not set

struct engine;

// H6: when the line may follow a head that is reported gone.
enum takeover {
    TAKEOVER_AT_ONCE,
    TAKEOVER_AFTER_LEASE, // lease_ns later
    TAKEOVER_SLOT,        // not before its slot has ended
};

struct engine_config {
    struct name name;
    uint64_t nonce; // random, of this process: 1 to 2^53 - 1 (M1, J5)
    struct params params;
    bool locked;        // refuse parameters from others (V1)
    bool enabled;       // at the start
    struct value value; // at the start; checked by the codec
    int64_t lease_ns;   // give up a tag when the link's proof is older (L1); 0: no lease
    bool echoes;        // the transport may deliver what this node sent
    enum takeover takeover;
    bool has_roster;   // S1 to S4: views are sent and heard
    int64_t settle_ns; // S2; what is less than must be is taken for that (0: by the parameters)
    struct wish wish;  // S5
    int64_t drain_ns;  // S6; 0: nobody is waited for
    size_t packet_max; // bytes that a packet may have (M2); 0: MESSAGE_MAX_BYTES
    size_t view_max;   // the same of a view; 0: as any other
    uint32_t capacity; // nodes known at most, ENGINE_NODES_MIN to ENGINE_NODES_MAX
    // An even draw from 0 to 2^32 - 1; NULL is not allowed.
    uint32_t (*draw)(void *context);
    void *draw_context;
};

enum { ENGINE_NODES_MIN = 256, ENGINE_NODES_MAX = 65536 }; // J6

// --- In ----------------------------------------------------------------------------------------

enum input_type {
    INPUT_TIMER,   // the deadline has come; harmless when it has not
    INPUT_MESSAGE, // message
    INPUT_LINK_UP,
    INPUT_LINK_DOWN,
    INPUT_PROOF,   // the link was proven for what was sent at sent_ns (L1)
    INPUT_VALUE,   // value
    INPUT_ENABLE,  // take part
    INPUT_DISABLE, // listen only
    INPUT_PARAMS,  // params: ours from now on, for all; of a higher version than the present
    INPUT_GONE,    // peer: a hint that it is not there (any longer)
    INPUT_HERE,    // peer: a hint that it is
    INPUT_GIVE,    // name: hand the turn over to this one (H8)
    INPUT_AWAY,    // span_ns: so long it may be away if it goes (S7); 0: it may not
    INPUT_DRAINED, // the program has stopped what its last index gave it to do (S6)
    INPUT_STOP,    // give up everything and say so; the last input
};

// What a transport knows of a node.
struct peer {
    struct name name;
    uint64_t incarnation; // of its process (H2); 0: not known
};

struct input {
    enum input_type type;
    int64_t now_ns; // monotonic, and running on while the host sleeps
    union {
        const struct message *message;
        int64_t sent_ns;
        int64_t span_ns;
        struct value value;
        const struct params *params;
        struct peer peer;
        struct name name;
    };
};

// --- Out ---------------------------------------------------------------------------------------

enum untag_reason {
    UNTAG_END,      // the turn is over
    UNTAG_HANDOVER, // another has taken its turn
    UNTAG_DISABLED, // by request, or for want of a value
    UNTAG_LEASE,    // the link's proof is too old
    UNTAG_SUSPEND,  // this node slept past the end
    UNTAG_LINK,     // the link is down
    UNTAG_STOP,
};

enum event_type {
    EVENT_SETUP,      // params, who: by
    EVENT_TAG,        // value, slot, until_ns
    EVENT_RENEW,      // slot, until_ns
    EVENT_UNTAG,      // slot, reason
    EVENT_DETAG,      // slot, who: by
    EVENT_PING,       // who: leader, value
    EVENT_SLOT,       // slot, who: leader (none when it is not ready), ring, full, members
    EVENT_GOOD_NODE,  // ring
    EVENT_RECOVER,    // prio, replace, ring: mine, remote
    EVENT_JOIN,       // who, member_reason
    EVENT_LEAVE,      // who, member_reason
    EVENT_SETTLING,   // S3: this node has no index, or no longer
    EVENT_SETTLED,    // index, view, who: its publisher, roster
    EVENT_ROSTER,     // this node tells of a view: view, who, settled, roster
    EVENT_NAME_TAKEN, // J5: this node is silent for good
};

enum member_reason {
    MEMBER_NEW,
    MEMBER_RETURNED,
    MEMBER_LEFT,    // it said so
    MEMBER_LOST,    // its connection is
    MEMBER_EXPIRED, // it was not heard for too long
};

struct event {
    enum event_type type;
    enum untag_reason reason;
    enum member_reason member_reason;
    uint64_t slot;
    int64_t until_ns;
    struct name who;
    struct value value;
    const struct params *params;
    struct history ring, remote;
    uint32_t members;
    bool full, replace;
    int prio;
    uint32_t index; // 1 to the number of members
    int64_t view;
    bool settled;
    struct members roster; // in their places
};

// What was decided, for the log: "fact -> decision".
enum note {
    NOTE_JOIN_LISTEN,    // J1 -> listen
    NOTE_JOIN_FIRST,     // J1 nobody spoke -> begin
    NOTE_JOIN_RING,      // J1 heard `who` -> take that ring
    NOTE_COPY,           // R1 a copy of the head's beacon -> timers start anew
    NOTE_AGAIN,          // R1 the head took another turn
    NOTE_NEXT,           // R2 `who` took the turn
    NOTE_WILLING,        // R2 willing hand-over to `who` -> tag kept to its end
    NOTE_MISSED,         // R3 beacons were missed -> follow `who`
    NOTE_COLLISION_WON,  // R4 `who` against the head -> the head stays
    NOTE_COLLISION_LOST, // R4 `who` against the head -> `who` is the head
    NOTE_LATE_TURN,      // R4 `who` comes late enough to be the next turn
    NOTE_OBEY,           // R5 pending, a hist about `who`, which is better -> obey
    NOTE_OLD_NEWS,       // R6 from `who` -> nothing
    NOTE_ISLANDS_WON,    // R7 two islands -> mine stays
    NOTE_ISLANDS_LOST,   // R7 two islands -> `who`'s ring is mine
    NOTE_SUSPENDED,      // J4 woke late -> silent for one gap
    NOTE_OWN_NAME,       // J5 another node has my name -> say who I am
    NOTE_PARAMS_OLD,     // V1 `who` has older parameters -> answer
    NOTE_NO_PROOF,       // L1 the link is not proven -> no tag
    NOTE_VIEW_NEW,       // S1 a view by `who` -> it is the present one
    NOTE_VIEW_OTHER,     // S1 a lower view by `who` -> mine stays, and no index
    NOTE_VIEW_TOO_LONG,  // S2 more members than a message can name -> no view
    NOTE_VIEW_HEADLESS,  // S5 nobody may be index 1 -> no view
};

const char *note_text(enum note note);
const char *untag_text(enum untag_reason reason);
const char *member_text(enum member_reason reason);

enum effect_type { EFFECT_SEND, EFFECT_EVENT, EFFECT_NOTE, EFFECT_DROP, EFFECT_PROVE };

struct effect {
    enum effect_type type;
    union {
        struct message send;
        struct event event;
        struct {
            enum note note;
            struct name who;
        } noted;
        enum drop drop;
    };
};

// More than one step can cause; asserted.
enum { EFFECTS_MAX = 16 };

// Everything in it is borrowed from the engine and the input: use it before the next step.
struct effects {
    uint32_t count;
    struct effect items[EFFECTS_MAX];
};

// --- The door ----------------------------------------------------------------------------------

size_t engine_bytes(uint32_t capacity);

// Makes an engine in `memory` (zeroed or not, aligned as for any object, of engine_bytes()), link
// down. Its first step reports the setup. The engine needs no end: it owns nothing.
struct engine *engine_init(void *memory, const struct engine_config *config);

// One step. `now_ns` never goes back.
void engine_step(struct engine *engine, const struct input *input, struct effects *effects);

// As it is told: whoever is never to be index 1 prefers nothing (S5).
struct wish wish_normal(struct wish wish);

// When to step next at the latest; NEVER when nothing is due.
int64_t engine_deadline_ns(const struct engine *engine);

// Until when this node holds the tag, or 0: what the last step left.
int64_t engine_tagged_until_ns(const struct engine *engine);

// The same of its index (S3).
int64_t engine_settled_until_ns(const struct engine *engine);

// Whether INPUT_GIVE would be carried out: this node holds the tag, and the other may lead.
bool engine_may_give(const struct engine *engine, struct name heir);

const struct params *engine_params(const struct engine *engine);

#endif
