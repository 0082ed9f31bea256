// SPDX-License-Identifier: MIT
// The engine's inside, shared by its files: engine.c (the door, timers), hold.c (the tag), rules.c
// (R1 to R8), answer.c (hists), line.c (E, D), join.c (J), setup.c (V), presence.c and handover.c
// (H), roster.c, places.c, wishes.c, drain.c and away.c (S). Included by nobody else.
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "engine.h"
#include "ring.h"
#include "turns.h"

#define SELF ((node_id)0) // this node's own id: the first in the table, and never forgotten

enum phase {
    PHASE_DOWN,      // no link
    PHASE_LISTENING, // J1: quiet until it heard the ring, or that there is none
    PHASE_RUNNING,
    PHASE_SILENT, // J5, or stopped: for good
};

enum hold {
    HOLD_NONE,
    HOLD_PENDING,  // one gap after an own beacon
    HOLD_TAGGED,   // it is me
    HOLD_RENEWING, // it is me, and pending for the next turn (D3)
};

struct stored_value {
    size_t len;
    uint8_t cbor[VALUE_MAX_BYTES];
};

// Who entered the ring last, and how many turns ago (E1).
struct entry {
    node_id who;
    uint64_t turns_since;
    bool seen; // else taken to be so: others may count from another one
};

// What is known of the present turn. The head itself is the first of the ring.
struct head {
    int64_t heard_ns;
    bool by_beacon;    // else by a hist
    bool lone;         // it named nobody but itself (P1)
    bool in_time;      // when it was sent, not when a process woke
    bool again;        // its last turn was the one before
    uint64_t contents; // of its beacon (R1)
    struct stored_value value;
};

// A hist that waits (J1, R7).
struct answer {
    int64_t at_ns;
    bool old; // R7: of the ring that was mine; else of the present one
    struct ring ring;
    struct stored_value value;
};

// The present view, and what this node has of it (S1 to S3).
struct roster {
    int64_t view; // its number; 0: there is none yet
    char publisher[NAME_MAX_BYTES];
    size_t publisher_len;
    uint32_t count;
    node_id ids[MEMBERS_MAX]; // in their places; NODE_ABSENT: one that was forgotten
    uint32_t seen;            // members that this node sees, itself among them,
    uint32_t named;           // and how many of them the view names
    bool said, said_settled;  // there was a message of it, and the last one said so
    bool none_noted;          // S2, S5: why there is no view
    int64_t usable_ns;        // S3: since when nobody has an index of the view before
    int64_t changed_ns;       // when the view, or what this node sees, did so last
    int64_t sent_ns;          // when this node published last
    int64_t due_ns;           // when it is to; only while tagged
    int64_t answer_ns;        // when it is to tell the present view to one who has a lower one
    int64_t index_end_ns;     // S3; NEVER: it has no index
    int64_t heard_ns;         // anything, of anybody
    int64_t stale_until_ns;   // S3: what is heard before may have waited in the link
    bool told_settling;
    bool was_settled;         // S6: somebody said so of the present view
    int64_t settled_view;     // the last one of which it was said
    bool owes_unnamed;        // one is waited for that the view does not name, nor this node know
    bool undrained;           // the program has not stopped yet what an index gave it to do
    bool works_otherwise;     // the same, by another view than the present one
    int64_t gave_up_ns;       // when it gave up its last index
    int64_t drained_ns;       // when this node is to say that it has; NEVER: not asked
    int64_t drained_sent_ns;  // when it did last
    struct members_room room; // for effects
};

struct engine {
    struct engine_config config; // its value and params are those of the start
    struct nodes nodes;
    struct params params;
    int64_t now_ns;
    enum phase phase;
    bool enabled;
    bool said_init;         // at the last join
    bool spoke;             // since then
    bool waits_for_pythons; // J1: so that it listens for longer, once
    struct stored_value value;

    struct ring ring;
    struct ring before; // the ring before the head spoke (R4)
    struct entry entry, entry_before;
    struct head head;
    struct turns turns;
    uint64_t slot;       // turns begun in this node's view
    node_id expected;    // E1: who may enter in this slot; NODE_ABSENT: nobody
    bool expects_surely; // by an entry that was seen
    int64_t expected_by_ns;
    bool lot_lost; // E3: it would be me, but I drew a blank
    bool renews;   // D3: alone at the last own beacon

    enum hold hold;
    uint64_t tag_slot;
    int64_t tag_end_ns, pending_end_ns;
    int64_t proof_ns; // L1: when the last confirmed packet was sent

    int64_t handover_ns; // H3: since when the head is gone; NEVER: it is not
    struct {
        struct ring history; // count 0: none
        struct stored_value value;
    } early;          // H5: a beacon that my head has stood against, in this turn
    bool spoke_early; // H3: my last beacon was a hand-over
    node_id heir;     // H8: whom it gave its turn to; NODE_ABSENT: nobody

    int64_t due_ns;         // my next beacon
    int64_t stands_ns;      // another's turn: its pending gap is over
    int64_t listen_end_ns;  // J1
    int64_t vers_ns;        // V1: an answer to an older version
    int64_t introduce_ns;   // M1: say `vers` again, for a newcomer
    int64_t ask_ns;         // J1: ask whether there are Python nodes
    int64_t prove_ns;       // L1: ask for a proof
    int64_t away_ns;        // S7: when somebody's time may be over
    int64_t armed_ns;       // the deadline that the last step gave (J4)
    int64_t quiet_until_ns; // J4, J5: nothing is sent before
    int64_t woke_until_ns;  // J4: what is heard before may have waited
    struct answer answer;
    struct roster roster;

    int64_t last_sent_ns; // my last beacon (D4)
    int64_t last_vers_ns;
    int64_t recover_ns; // when the present gap of recover events began, and how many they are
    int recovers;
    bool introduce;         // with my next beacon
    uint64_t sent_contents; // of my last beacon, to know its echo (J5)
    int init_echoes;        // own init messages that may still come back
    int64_t rival_ns;       // J5: when a beacon of another node of my name was last heard
    bool rival_starts;      // J5: another node of my name started while I listened
    uint64_t good_nodes;    // what the last good-node event said, hashed
    uint64_t told_slot;     // what the last slot event said, hashed
};

// --- engine.c: effects, and what several files need ---
bool is_python_set(const struct message *m);
struct message *emit_send(struct engine *e, struct effects *fx, enum message_type type);
struct event *emit_event(struct effects *fx, enum event_type type);
void emit_note(struct effects *fx, enum note note, struct name who);
void emit_drop(struct effects *fx, enum drop reason);
void emit_ring(const struct engine *e, struct history *to, const struct ring *from);
// At most `limit` names, and no more than fit.
void send_ring(const struct engine *e, struct message *m, const struct ring *ring, uint32_t limit);
void drop_timers(struct engine *e); // nothing of this node's own is due any longer
void emit_slot(struct engine *e, struct effects *fx, bool led); // the turn stands
bool is_ready(const struct engine *e);                          // has a value and is enabled
bool head_is_me(const struct engine *e);
void store_value(struct stored_value *to, struct value from);
struct value stored_value(const struct stored_value *value);
struct value head_value(const struct engine *e);
uint64_t contents_of(const struct message *m);         // R1, J5: value and history, hashed
node_id intern(struct engine *e, struct name name);    // finds or adds; forgets somebody when full
int64_t cycle_max_ns(const struct engine *e);          // cycle + 2.5 gap
int64_t stagger_ns(const struct engine *e, int place); // gap * (1 - 1/2^place): J1, R7, V1

// --- hold.c: the only writers of `hold` ---
void hold_pend(struct engine *e, int64_t end_ns);
void hold_expire(struct engine *e, struct effects *fx);  // ends what has run out by the clock
void hold_resolve(struct engine *e, struct effects *fx); // the pending gap is over
void hold_give_up(struct engine *e, enum untag_reason reason, struct effects *fx);
void hold_lose(struct engine *e, struct name by, struct effects *fx);
void hold_forget_pending(struct engine *e, struct effects *fx); // J4
bool holds_tag(const struct engine *e);
bool hold_is_pending(const struct engine *e);
int64_t lease_renewal_ns(const struct engine *e); // L1: when to ask for the next proof

// --- line.c ---
node_id line_expected(struct engine *e);

// E1: a turn begins; if it comes so late that whoever was expected has been silent, that counts.
// One that comes in time is of somebody whom others expected.
void line_count_silence(struct engine *e, struct effects *fx);
int64_t line_delay_ns(const struct engine *e, uint64_t spread);
bool line_leads(const struct engine *e, node_id id); // it may, as far as is known
// H3: this node's place, or -1; and how many places there are.
int line_handover_place(const struct engine *e, int *places);
int64_t line_silence_ns(const struct engine *e); // after the head's beacon: nobody at place 0

// --- presence.c ---
void presence_gone(struct engine *e, const struct peer *peer, struct effects *fx);
void presence_here(struct engine *e, const struct peer *peer, struct effects *fx);
void presence_heard(struct engine *e, node_id id, const struct message *m, struct effects *fx);
void presence_defended(struct engine *e, node_id id, struct effects *fx); // against a false hint
void presence_left(struct engine *e, const struct message *m, struct effects *fx);
void presence_silent(struct engine *e, node_id id, struct effects *fx); // expected in vain (E1)

void presence_expired(struct engine *e, node_id id, struct effects *fx); // it is not back (S7)

// --- handover.c ---
void handover_start(struct engine *e, bool said,
                    struct effects *fx); // the head is gone; it has said so itself
void handover_new_turn(struct engine *e, struct effects *fx);
void handover_heard(struct engine *e, const struct message *m, struct effects *fx);
bool handover_may_go_to(const struct engine *e, struct name heir);
void handover_give(struct engine *e, struct name heir, struct effects *fx);
int64_t handover_due_ns(const struct engine *e, uint64_t spread); // NEVER: not before its time
int64_t handover_pending_end_ns(const struct engine *e, int64_t heard_ns);

// --- rules.c ---
void rules_beacon(struct engine *e, const struct message *m, struct effects *fx);
void rules_hist(struct engine *e, const struct message *m, struct effects *fx);
void rules_take_ring(struct engine *e, const struct message *m, struct effects *fx); // J1, R7
void rules_own_turn(struct engine *e, struct effects *fx);
void rules_follow_early(struct engine *e, struct effects *fx); // H5

// --- answer.c ---
void answer_newcomer(struct engine *e, int place); // J1
void answer_islands(struct engine *e, const struct ring *ring,
                    const struct stored_value *value);     // R7
void answer_at_once(struct engine *e, struct effects *fx); // R4
void answer_due(struct engine *e, struct effects *fx);
void answer_heard(struct engine *e, const struct message *m);
void answer_drop(struct engine *e);

// --- join.c ---
int64_t some_of(const struct engine *e, int64_t most_ns); // 0 to so much, by chance
void join_start(struct engine *e, struct effects *fx);
void join_listened(struct engine *e, struct effects *fx); // nobody spoke
void join_python_heard(struct engine *e);
void join_init_heard(struct engine *e);
void join_introduce(struct engine *e);
void join_renewal_heard(struct engine *e); // the head went on before anybody's turn
bool join_own_name(struct engine *e, const struct message *m, struct effects *fx); // J5: handled

// --- roster.c ---
void roster_init(struct engine *e);
void roster_link_up(struct engine *e, struct effects *fx);
void roster_doubt(struct engine *e, struct effects *fx);  // S3: something has changed
void roster_expire(struct engine *e, struct effects *fx); // ends what has run out by the clock
void roster_tell_soon(struct engine *e);                  // if it is for this node to tell
void roster_tagged(struct engine *e);                     // this node publishes
void roster_untagged(struct engine *e);
void roster_due(struct engine *e, struct effects *fx);
void roster_drained(struct engine *e);                        // S6: fewer are waited for
void roster_answer_due(struct engine *e, struct effects *fx); // S1: to a lower view
void roster_hears(struct engine *e);                          // anything
void roster_heard(struct engine *e, const struct message *m, struct effects *fx);

// --- places.c ---
bool places_look_at(struct engine *e, node_id id); // whether it changed what this node sees
void places_take(struct engine *e, node_id id, uint32_t place);
void places_leave(struct engine *e, node_id id);
void places_watch(struct engine *e, node_id id, struct effects *fx); // it may have come, or gone
void places_forget(struct engine *e, node_id id);                    // its place is given away

// --- wishes.c ---
void wishes_heard(struct engine *e, node_id id, struct wish wish);
bool wishes_take(struct engine *e, const struct members *members); // of the present view
const uint32_t *wishes_tell(struct engine *e);                     // the same
bool wishes_any(const struct node *node);
uint32_t wishes_first(const struct engine *e, const node_id *ids, uint32_t count, bool is_led);

// --- drain.c ---
void drain_settled(struct engine *e);
void drain_new_view(struct engine *e);
bool drain_works_otherwise(const struct engine *e);
const uint32_t *drain_waits(struct engine *e);                    // of the present view
void drain_take(struct engine *e, const struct members *members); // the same
void drain_forget(struct engine *e, node_id id);
void drain_heard(struct engine *e, const struct message *m);
void drain_left(struct engine *e, node_id id);
void drain_owes(struct engine *e);
void drain_done(struct engine *e);
void drain_due(struct engine *e, struct effects *fx);

// --- away.c ---
void away_announce(struct engine *e, int64_t span_ns, struct effects *fx);
uint32_t away_announced_s(const struct engine *e);
void away_heard(struct engine *e, node_id id, uint32_t away_s);
bool away_begins(struct engine *e, node_id id);
void away_take(struct engine *e, const struct members *members,
               struct effects *fx);          // of the present view
const uint32_t *away_tell(struct engine *e); // the same
int64_t away_due_ns(const struct engine *e);
void away_due(struct engine *e, struct effects *fx);

// --- setup.c ---
void setup_send(struct engine *e, struct effects *fx);
void setup_bequeath(struct engine *e, struct name heir, struct effects *fx); // H8
void setup_leave(struct engine *e, struct effects *fx);                      // good-bye
void setup_ask(struct engine *e, struct effects *fx); // J1: whether there are Python nodes
void setup_report(struct engine *e, struct name by, struct effects *fx);
void setup_heard(struct engine *e, const struct message *m, struct effects *fx);
void setup_adopt(struct engine *e, const struct params *params, struct name by, struct effects *fx);

#endif
