// SPDX-License-Identifier: MIT
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// By hand where it is often: simulations write millions of lines.
struct out {
    char *text;
    size_t used;
};

static void put_bytes(struct out *out, const char *bytes, size_t len)
{
    if (len < TEXT_MAX - out->used) {
        memcpy(out->text + out->used, bytes, len);
        out->used += len;
    }
}

static void put(struct out *out, const char *word)
{
    put_bytes(out, word, strlen(word));
}

static void put_name(struct out *out, const char *before, struct name name)
{
    put(out, before);
    put_bytes(out, name.text, name.len);
}

__attribute__((format(printf, 2, 3))) static void put_format(struct out *out, const char *format,
                                                             ...)
{
    char word[64];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(word, sizeof word, format, args);
    va_end(args);
    put_bytes(out, word, (size_t)len);
}

static void put_history(struct out *out, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        put_name(out, " ", history->names[i]);
    }
}

static void put_view(struct out *out, int64_t view, struct name publisher, bool settled,
                     const struct members *members)
{
    put_format(out, " %" PRId64, view);
    put_name(out, " by ", publisher);
    put(out, settled ? " settled:" : ":");
    for (size_t i = 0; i < members->count; i++) {
        put_name(out, " ", members->names[i]);
    }
}

// Of each member, as far as there are any.
static void put_numbers(struct out *out, const char *what, const uint32_t *numbers, size_t count)
{
    put(out, numbers != NULL ? what : "");
    for (size_t i = 0; i < count && numbers != NULL; i++) {
        put_format(out, " %" PRIu32, numbers[i]);
    }
}

static void put_number(struct out *out, const char *what, uint32_t number)
{
    if (number > 0) {
        put(out, what);
        put_format(out, " %" PRIu32, number);
    }
}

static void put_wish(struct out *out, const struct wish *wish)
{
    put_number(out, " prefer", wish->prefer);
    put(out, wish->never ? " never" : "");
    put(out, wish->preempt ? " preempt" : "");
}

static void put_send(struct out *out, const struct message *m)
{
    static const char *const types[] = {"> init", "> vers", "> ping",
                                        "> hist", "> view", "> drained"};
    put(out, types[m->type]);
    put_history(out, &m->history);
    if (m->type == MESSAGE_VIEW) {
        put_view(out, m->view, m->node, m->settled, &m->members);
        put_numbers(out, " wishes", m->members.wishes, m->members.count);
        put_numbers(out, " waits", m->members.waits, m->members.count + 1);
        put_numbers(out, " away", m->members.away_s, m->members.count);
        put(out, m->shared ? " shared" : "");
    } else if (m->type == MESSAGE_DRAINED) {
        put_format(out, " %" PRId64, m->view);
    } else if (m->type == MESSAGE_VERS && m->asks) {
        put(out, " asks");
    } else if (m->type == MESSAGE_VERS && m->left) {
        put(out, " left");
    } else if (m->type == MESSAGE_VERS && m->heir.len > 0) {
        put_name(out, " heir ", m->heir);
    } else if (m->type == MESSAGE_VERS && m->params.version != 0) {
        put_format(out, " %" PRId64, m->params.version);
    }
    if (m->type == MESSAGE_VERS) {
        put_wish(out, &m->wish);
        put_number(out, " away", m->away_s);
    }
}

static void put_tag(struct out *out, const char *word, const struct event *event)
{
    put_format(out, "%s slot=%" PRIu64 " until=%.3f", word, event->slot,
               (double)event->until_ns / 1e9);
}

static void put_slot(struct out *out, const struct event *event)
{
    put_name(out, "slot ", event->who.len > 0 ? event->who : (struct name){"-", 1});
    put(out, ":");
    put_history(out, &event->ring);
    put(out, event->full ? " full" : "");
}

static void put_recover(struct out *out, const struct event *event)
{
    put_format(out, "recover prio=%d replace=%d local:", event->prio, event->replace);
    put_history(out, &event->ring);
    put(out, " remote:");
    put_history(out, &event->remote);
}

static void put_member(struct out *out, const char *what, const struct event *event)
{
    put_name(out, what, event->who);
    put(out, " ");
    put(out, member_text(event->member_reason));
}

static void put_event(struct out *out, const struct event *event)
{
    switch (event->type) {
    case EVENT_SETUP:
        put_format(out, "setup %" PRId64, event->params->version);
        put_name(out, " by ", event->who);
        break;
    case EVENT_TAG:
        put_tag(out, "tag", event);
        break;
    case EVENT_RENEW:
        put_tag(out, "renew", event);
        break;
    case EVENT_UNTAG:
        put(out, "untag ");
        put(out, untag_text(event->reason));
        break;
    case EVENT_DETAG:
        put_name(out, "detag by ", event->who);
        break;
    case EVENT_PING:
        put_name(out, "ping ", event->who);
        break;
    case EVENT_SLOT:
        put_slot(out, event);
        break;
    case EVENT_GOOD_NODE:
        put(out, "good-node");
        put_history(out, &event->ring);
        break;
    case EVENT_RECOVER:
        put_recover(out, event);
        break;
    case EVENT_JOIN:
        put_member(out, "join ", event);
        break;
    case EVENT_LEAVE:
        put_member(out, "leave ", event);
        break;
    case EVENT_SETTLING:
        put(out, "settling");
        break;
    case EVENT_SETTLED:
        put_format(out, "settled %u/%zu", event->index, event->roster.count);
        put_view(out, event->view, event->who, false, &event->roster);
        break;
    case EVENT_ROSTER:
        put(out, "roster");
        put_view(out, event->view, event->who, event->settled, &event->roster);
        break;
    case EVENT_NAME_TAKEN:
        put(out, "name-taken");
        break;
    }
}

size_t text_effect(char text[TEXT_MAX], const struct effect *effect)
{
    struct out out = {text, 0};
    switch (effect->type) {
    case EFFECT_SEND:
        put_send(&out, &effect->send);
        break;
    case EFFECT_EVENT:
        put_event(&out, &effect->event);
        break;
    case EFFECT_NOTE: // the rule alone: its words may change
        put(&out, "  ");
        put_bytes(&out, note_text(effect->noted.note), 2);
        if (effect->noted.who.len > 0) {
            put_name(&out, ": ", effect->noted.who);
        }
        break;
    case EFFECT_DROP:
        put(&out, "! ");
        put(&out, drop_text(effect->drop));
        break;
    case EFFECT_PROVE:
        put(&out, "prove");
        break;
    }
    text[out.used] = '\0';
    return out.used;
}
