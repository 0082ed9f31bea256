// SPDX-License-Identifier: MIT
// The tag: pending, tagged, renewing, and every way out. Only this file writes `hold`.
#include "state.h"

#include <assert.h>

bool holds_tag(const struct engine *e)
{
    return e->hold == HOLD_TAGGED || e->hold == HOLD_RENEWING;
}

bool hold_is_pending(const struct engine *e)
{
    return e->hold == HOLD_PENDING || e->hold == HOLD_RENEWING;
}

static void set_hold(struct engine *e, enum hold hold)
{
    e->hold = hold;
    if (!hold_is_pending(e)) {
        e->pending_end_ns = NEVER;
    }
    if (!holds_tag(e)) {
        e->tag_end_ns = NEVER;
        e->prove_ns = NEVER;
        roster_untagged(e);
    }
}

// L1: being tagged is worth nothing to a node that nobody hears.
static bool proof_is_stale(const struct engine *e)
{
    return e->config.lease_ns > 0 && e->now_ns - e->proof_ns >= e->config.lease_ns;
}

// L1: nor is a turn that nobody heard of; an older proof may be of the time before the link was
// cut.
static bool beacon_is_proven(const struct engine *e)
{
    return e->config.lease_ns == 0 || e->proof_ns >= e->head.heard_ns;
}

// Late, since each proof wakes a small box several times, but with a gap left for the answer.
int64_t lease_renewal_ns(const struct engine *e)
{
    int64_t lease_ns = e->config.lease_ns;
    int64_t spare_ns = e->params.gap_ns > lease_ns / 4 ? e->params.gap_ns : lease_ns / 4;
    if (lease_ns == 0) {
        return NEVER;
    }
    return e->proof_ns + lease_ns - (spare_ns < lease_ns / 2 ? spare_ns : lease_ns / 2);
}

void hold_pend(struct engine *e, int64_t end_ns)
{
    assert(!hold_is_pending(e));
    set_hold(e, holds_tag(e) ? HOLD_RENEWING : HOLD_PENDING);
    e->pending_end_ns = end_ns;
}

static void emit_slot_event(struct engine *e, struct effects *fx, enum event_type type)
{
    struct event *event = emit_event(fx, type);
    event->slot = e->tag_slot;
    event->until_ns = e->tag_end_ns;
    event->value = head_value(e);
}

// When a tag of the present turn has to end.
static int64_t turn_end_ns(const struct engine *e)
{
    return e->head.heard_ns + e->params.cycle_ns - params_slack_ns(&e->params);
}

// The turn stands: tag, or renew.
static void become_tagged(struct engine *e, struct effects *fx)
{
    bool renewed = e->hold == HOLD_RENEWING;

    set_hold(e, HOLD_TAGGED);
    e->tag_slot = e->slot;
    e->tag_end_ns = turn_end_ns(e);
    e->prove_ns = lease_renewal_ns(e);
    emit_slot_event(e, fx, renewed ? EVENT_RENEW : EVENT_TAG);
    roster_tagged(e);
}

void hold_resolve(struct engine *e, struct effects *fx)
{
    if (!hold_is_pending(e) || e->now_ns < e->pending_end_ns) {
        return;
    }
    assert(head_is_me(e));
    if (e->now_ns < e->quiet_until_ns) {
        e->pending_end_ns = e->quiet_until_ns; // J4: read first
        return;
    }
    if (value_is_null(head_value(e))) {
        hold_give_up(e, UNTAG_DISABLED, fx);
    } else if (e->now_ns >= turn_end_ns(e)) {
        hold_give_up(e, UNTAG_END, fx); // timers were late again and again, or the cycle shrank
    } else if (proof_is_stale(e) || !beacon_is_proven(e)) {
        emit_note(fx, NOTE_NO_PROOF, NAME_NONE);
        hold_give_up(e, UNTAG_LEASE, fx);
    } else {
        become_tagged(e, fx);
    }
    emit_slot(e, fx, holds_tag(e));
}

void hold_expire(struct engine *e, struct effects *fx)
{
    if (!holds_tag(e)) {
        return;
    }
    if (proof_is_stale(e)) {
        hold_give_up(e, UNTAG_LEASE, fx);
    } else if (e->now_ns >= e->tag_end_ns) {
        bool renewing = e->hold == HOLD_RENEWING;
        int64_t pending_end_ns = e->pending_end_ns;
        // Later than the slack another may lead already: that is no orderly end.
        bool overslept = e->now_ns - e->tag_end_ns > params_slack_ns(&e->params);
        hold_give_up(e, overslept ? UNTAG_SUSPEND : UNTAG_END, fx);
        if (renewing) {
            // A renewal that stands only now is a tag of its own.
            set_hold(e, HOLD_PENDING);
            e->pending_end_ns = pending_end_ns;
        }
    }
}

void hold_give_up(struct engine *e, enum untag_reason reason, struct effects *fx)
{
    if (holds_tag(e)) {
        struct event *event = emit_event(fx, EVENT_UNTAG);
        event->slot = e->tag_slot;
        event->reason = reason;
    }
    set_hold(e, HOLD_NONE);
}

void hold_lose(struct engine *e, struct name by, struct effects *fx)
{
    if (holds_tag(e)) {
        struct event *event = emit_event(fx, EVENT_DETAG);
        event->slot = e->tag_slot;
        event->who = by;
    }
    set_hold(e, HOLD_NONE);
}

void hold_forget_pending(struct engine *e, struct effects *fx)
{
    if (holds_tag(e) && (e->now_ns >= e->tag_end_ns || proof_is_stale(e))) {
        hold_give_up(e, UNTAG_SUSPEND, fx);
    } else if (hold_is_pending(e)) {
        int64_t end_ns = e->tag_end_ns;
        set_hold(e, holds_tag(e) ? HOLD_TAGGED : HOLD_NONE);
        e->tag_end_ns = end_ns;
    }
}
