// SPDX-License-Identifier: MIT
// Coming in quietly (J1), and two nodes of one name (J5).
#include "state.h"

// So that those who start together do not speak together.
int64_t some_of(const struct engine *e, int64_t most_ns)
{
    uint32_t chance = e->config.draw(e->config.draw_context);
    return (int64_t)((double)most_ns * (chance / 4294967296.0));
}

// J1: listen for 2.5 gap, and up to one more; ask when those of ours should have answered.
void join_start(struct engine *e, struct effects *fx)
{
    e->phase = PHASE_LISTENING;
    e->said_init = e->enabled;
    e->spoke = false;
    e->rival_starts = false;
    e->turns.count = 0; // whoever has joined again may speak after the same one as before (R6)
    e->handover_ns = NEVER;
    e->listen_end_ns = NEVER;
    if (!e->enabled) {
        return;
    }
    emit_send(e, fx, MESSAGE_INIT);
    e->init_echoes += e->config.echoes;
    setup_send(e, fx);
    e->waits_for_pythons = false;
    int64_t gap_ns = e->params.gap_ns, more_ns = some_of(e, gap_ns);
    e->ask_ns = e->now_ns + gap_ns + more_ns / 2;
    e->listen_end_ns = e->now_ns + gap_ns * 5 / 2 + more_ns;
    emit_note(fx, NOTE_JOIN_LISTEN, NAME_NONE);
}

// They answer no `init`, but an older version: their next beacon is to be waited for.
void join_python_heard(struct engine *e)
{
    if (e->phase == PHASE_LISTENING && e->listen_end_ns != NEVER && !e->waits_for_pythons) {
        e->waits_for_pythons = true;
        e->listen_end_ns = e->now_ns + cycle_max_ns(e);
    }
}

void join_listened(struct engine *e, struct effects *fx)
{
    e->phase = PHASE_RUNNING;
    e->listen_end_ns = e->ask_ns = NEVER;
    // Whoever was on the ring before has had its time: speak now.
    e->head.heard_ns = INT64_MIN / 4;
    emit_note(fx, NOTE_JOIN_FIRST, NAME_NONE);
}

static void introduce_soon(struct engine *e)
{
    if (e->introduce_ns == NEVER) {
        int64_t from_ns = e->now_ns > e->quiet_until_ns ? e->now_ns : e->quiet_until_ns;
        e->introduce_ns = from_ns + some_of(e, e->params.gap_ns);
    }
}

// M1: a newcomer has to learn who is one of ours. It is told before the next beacon or answer; by
// those that will not have a turn, and those that listen as well, at a time of their own. More
// would be a storm.
static void arm_introduction(struct engine *e)
{
    bool listens = e->phase == PHASE_LISTENING && e->listen_end_ns != NEVER;
    bool has_no_turn = e->enabled && !is_ready(e) && ring_find(&e->ring, SELF) >= 0;
    if (listens || has_no_turn) {
        introduce_soon(e);
    }
    e->introduce = true;
}

// Those who hear me now may never have heard of me, or have forgotten me.
void join_introduce(struct engine *e)
{
    if (e->enabled && e->now_ns - e->last_vers_ns >= 2 * e->params.gap_ns) {
        introduce_soon(e);
    }
}

// It takes itself for alone, and would go on for ever before anybody's turn comes (D2).
void join_renewal_heard(struct engine *e)
{
    bool has_place = e->expected == SELF || ring_find(&e->ring, SELF) >= 0;
    if (has_place && is_ready(e) && e->phase == PHASE_RUNNING) {
        introduce_soon(e);
    }
}

void join_init_heard(struct engine *e)
{
    arm_introduction(e);
    int place = ring_find(&e->ring, SELF);
    if (e->phase == PHASE_RUNNING && is_ready(e) && place >= 0) {
        answer_newcomer(e, place);
    }
}

static void say_who_i_am(struct engine *e, struct effects *fx)
{
    emit_note(fx, NOTE_OWN_NAME, e->config.name);
    if (e->enabled && e->now_ns - e->last_vers_ns >= e->params.gap_ns) {
        setup_send(e, fx);
    }
}

static void fall_silent(struct engine *e, struct effects *fx)
{
    hold_give_up(e, UNTAG_STOP, fx);
    roster_doubt(e, fx);
    drop_timers(e);
    e->phase = PHASE_SILENT;
    emit_event(fx, EVENT_NAME_TAKEN);
}

static void rival_starts(struct engine *e, struct effects *fx)
{
    if (e->init_echoes > 0) {
        e->init_echoes--;
        return;
    }
    emit_drop(fx, DROP_OWN_NAME);
    e->rival_starts = true;
    say_who_i_am(e, fx);
}

// Whether the other has been seen taking turns: then both are established, and one must go.
static bool rival_is_established(const struct engine *e)
{
    return e->now_ns - e->rival_ns < 2 * cycle_max_ns(e);
}

static void rival_says_who(struct engine *e, const struct message *m, struct effects *fx)
{
    if (m->nonce == e->config.nonce) {
        return; // my own echo
    }
    emit_drop(fx, DROP_OWN_NAME);
    bool i_am_later = !e->spoke && !e->rival_starts;
    bool i_lose = rival_is_established(e) && m->nonce < e->config.nonce;
    if (i_am_later || i_lose) {
        fall_silent(e, fx);
    } else {
        say_who_i_am(e, fx);
    }
}

static void rival_beacons(struct engine *e, const struct message *m, struct effects *fx)
{
    bool echo = e->config.echoes && contents_of(m) == e->sent_contents &&
                e->now_ns - e->last_sent_ns < 3 * e->params.gap_ns;
    if (echo) {
        return;
    }
    emit_drop(fx, DROP_OWN_NAME);
    e->rival_ns = e->now_ns;
    hold_lose(e, e->config.name, fx);
    say_who_i_am(e, fx);
    // Time for the other one to answer, and for one of the two to go.
    e->quiet_until_ns = e->now_ns + 2 * e->params.gap_ns;
}

bool join_own_name(struct engine *e, const struct message *m, struct effects *fx)
{
    bool is_its_own = m->type == MESSAGE_INIT || m->type == MESSAGE_VERS || m->type == MESSAGE_PING;
    if (!is_its_own || is_python_set(m) || !name_equal(m->node, e->config.name)) {
        return false;
    }
    switch (m->type) {
    case MESSAGE_INIT:
        rival_starts(e, fx);
        break;
    case MESSAGE_VERS:
        rival_says_who(e, m, fx);
        break;
    case MESSAGE_PING:
        rival_beacons(e, m, fx);
        break;
    case MESSAGE_HIST:
    case MESSAGE_VIEW:
    case MESSAGE_DRAINED:
    case MESSAGE_TELL:
        break;
    }
    return true;
}
