// SPDX-License-Identifier: MIT
// The parameters on the wire (V1).
#include "state.h"

static struct message *emit_vers(struct engine *e, struct effects *fx)
{
    struct message *m = emit_send(e, fx, MESSAGE_VERS);
    m->params = e->params;
    m->nonce = e->config.nonce;
    m->unready = !is_ready(e);
    m->wish = e->config.wish;
    m->away_s = away_announced_s(e);
    return m;
}

void setup_bequeath(struct engine *e, struct name heir, struct effects *fx)
{
    emit_vers(e, fx)->heir = heir;
}

void setup_leave(struct engine *e, struct effects *fx)
{
    struct message *m = emit_vers(e, fx);
    m->left = m->unready = true;
}

void setup_ask(struct engine *e, struct effects *fx)
{
    struct message *m = emit_vers(e, fx);
    m->asks = true;
    m->params.version = 0;
    e->ask_ns = NEVER;
}

void setup_send(struct engine *e, struct effects *fx)
{
    emit_vers(e, fx);
    e->last_vers_ns = e->now_ns;
    e->vers_ns = NEVER;
    e->introduce_ns = NEVER;
    e->introduce = false;
}

void setup_report(struct engine *e, struct name by, struct effects *fx)
{
    struct event *event = emit_event(fx, EVENT_SETUP);
    event->params = &e->params;
    event->who = by;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void setup_adopt(struct engine *e, const struct params *params, struct name by, struct effects *fx)
{
    e->params = *params;
    e->vers_ns = NEVER;
    ring_truncate(&e->ring, (uint32_t)params_ring_size(params));
    ring_truncate(&e->before, (uint32_t)params_ring_size(params));
    if (holds_tag(e)) {
        // Others count the new cycle from the same beacon.
        e->tag_end_ns =
            earlier(e->tag_end_ns, e->head.heard_ns + params->cycle_ns - params_slack_ns(params));
    }
    setup_report(e, by, fx);
    roster_doubt(e, fx); // the others may still count with the old ones
}

// "At once by the holder, by others after gap * (1 - 1/2^p), silent if heard."
static void arm_answer(struct engine *e)
{
    int place = ring_find(&e->ring, SELF);
    if (place < 0) {
        place = (int)e->ring.count;
    }
    int64_t at_ns = e->now_ns + (e->hold != HOLD_NONE ? 0 : stagger_ns(e, place));
    int64_t again_ns = e->last_vers_ns + 2 * e->params.gap_ns;
    e->vers_ns = earlier(e->vers_ns, at_ns > again_ns ? at_ns : again_ns);
}

void setup_heard(struct engine *e, const struct message *m, struct effects *fx)
{
    int order = params_compare(&e->params, &m->params);
    if (m->asks) {
        e->ask_ns = NEVER; // the answer is for all
    } else if (order == 0) {
        e->vers_ns = NEVER;
    } else if (order > 0) {
        emit_note(fx, NOTE_PARAMS_OLD, m->node);
        if (e->enabled && e->phase == PHASE_RUNNING) {
            arm_answer(e);
        }
    } else if (e->config.locked) {
        emit_drop(fx, DROP_LOCKED);
    } else {
        setup_adopt(e, &m->params, m->node, fx);
    }
}
