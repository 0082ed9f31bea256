// SPDX-License-Identifier: MIT
#include "publish.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void publisher_init(struct publisher *publisher, struct actor_link *link, const char *group)
{
    const char *prefix = actor_link_prefix(link);
    *publisher = (struct publisher){.link = link};
    snprintf(publisher->group_topic, TOPIC_MAX, "%s/%s/event", prefix, group);
    snprintf(publisher->leader_topic, TOPIC_MAX, "%s/%s/leader", prefix, group);
    snprintf(publisher->roster_topic, TOPIC_MAX, "%s/%s/roster", prefix, group);
    snprintf(publisher->node_topic, TOPIC_MAX, "%s/%s/event/%s", prefix, group,
             actor_link_name(link));
}

static void publish(struct publisher *publisher, const char *topic, const char *text, bool retain)
{
    if (!publisher->off) {
        int error = actor_link_publish(publisher->link, topic, text, strlen(text), retain);
        publisher->off = error == ACTOR_EUNSUPPORTED;
    }
}

static void publish_leader(struct publisher *publisher, const struct actor_event *event)
{
    char since[40];
    time_t seconds = (time_t)(event->time_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(since + len, sizeof since - len, ".%03dZ", (int)(event->time_ms % 1000));

    json_t *leader = json_pack("{s:s, s:I, s:s}", "node", event->node, "slot",
                               (json_int_t)event->slot, "since", since);
    char *text = json_dumps(leader, 0);
    if (text != NULL) {
        publish(publisher, publisher->leader_topic, text, true);
    }
    free(text);
    json_decref(leader);
}

static json_t *members_of(const struct actor_event *event)
{
    json_t *members = json_array();
    for (size_t i = 0; i < event->roster.count; i++) {
        json_array_append_new(members, json_pack("{s:s, s:I}", "node", event->roster.names[i],
                                                 "index", (json_int_t)i + 1));
    }
    return members;
}

static void publish_roster(struct publisher *publisher, const struct actor_event *event)
{
    json_t *roster = json_pack("{s:I, s:b, s:o}", "view", (json_int_t)event->view, "settled",
                               event->settled, "members", members_of(event));
    char *text = json_dumps(roster, 0);
    if (text != NULL) {
        publish(publisher, publisher->roster_topic, text, true);
    }
    free(text);
    json_decref(roster);
}

static void note_leader(struct publisher *publisher, const struct actor_event *event)
{
    if (event->type == ACTOR_EVENT_TAG) {
        publisher->leads = true;
        publish_leader(publisher, event);
    } else if (event->type == ACTOR_EVENT_PING || event->type == ACTOR_EVENT_DETAG) {
        publisher->leads = false;
    }
}

// --- Who comes and goes ------------------------------------------------------------------------

// How long another leads after it is told: the cycle without the pending gap and the slack (D1).
static int64_t turn_ns(const struct actor_event *setup)
{
    return setup->cycle_ns - setup->gap_ns - setup->gap_ns / 20 - setup->cycle_ns / 1000;
}

// Who leads, and so tells of it, as far as this node knows.
static void note_watch(struct publisher *publisher, const struct actor_event *event)
{
    if (event->type == ACTOR_EVENT_SETUP) {
        publisher->turn_ns = turn_ns(event);
    } else if (event->type == ACTOR_EVENT_TAG || event->type == ACTOR_EVENT_RENEW) {
        publisher->holds = true;
    } else if (event->type == ACTOR_EVENT_UNTAG || event->type == ACTOR_EVENT_DETAG) {
        publisher->holds = false;
        publisher->watched_until_ns = 0;
    } else if (event->type == ACTOR_EVENT_PING) {
        publisher->watched_until_ns = event->mono_ns + publisher->turn_ns;
        snprintf(publisher->leader, sizeof publisher->leader, "%s", event->leader);
    } else if (event->type == ACTOR_EVENT_LEAVE && strcmp(publisher->leader, event->member) == 0) {
        publisher->watched_until_ns = 0;
    }
}

static void forget_pending(struct publisher *publisher)
{
    while (publisher->pending_count > 0) {
        free(publisher->pending[--publisher->pending_count]);
    }
}

// The next leader tells of what nobody has told.
static void keep_pending(struct publisher *publisher, const char *json)
{
    char *copy = publisher->pending_count < PENDING_MAX ? strdup(json) : NULL;
    if (copy != NULL) {
        publisher->pending[publisher->pending_count++] = copy;
    }
}

static void publish_pending(struct publisher *publisher)
{
    for (int i = 0; i < publisher->pending_count; i++) {
        publish(publisher, publisher->group_topic, publisher->pending[i], false);
    }
    forget_pending(publisher);
}

static void tell_group(struct publisher *publisher, const struct actor_event *event,
                       const char *json)
{
    if (publisher->holds) {
        publish(publisher, publisher->group_topic, json, false);
    } else if (event->mono_ns >= publisher->watched_until_ns) {
        keep_pending(publisher, json);
    }
}

// --- All events --------------------------------------------------------------------------------

// Those of the group come from whoever leads, so that a subscriber sees each once.
void publisher_event(struct publisher *publisher, const struct actor_event *event, const char *json)
{
    note_leader(publisher, event);
    note_watch(publisher, event);
    if (event->type == ACTOR_EVENT_ROSTER) {
        publish_roster(publisher, event);
        publish(publisher, publisher->group_topic, json, false);
    } else if (event->type == ACTOR_EVENT_JOIN || event->type == ACTOR_EVENT_LEAVE) {
        tell_group(publisher, event, json);
    } else if (event->type != ACTOR_EVENT_SLOT) {
        publish(publisher, publisher->node_topic, json, false);
    } else if (event->leader != NULL && strcmp(event->leader, event->node) == 0) {
        publish(publisher, publisher->group_topic, json, false);
    }
    if (event->type == ACTOR_EVENT_TAG) {
        publish_pending(publisher);
    } else if (event->type == ACTOR_EVENT_PING) {
        forget_pending(publisher); // that one tells
    }
}

void publisher_leave(struct publisher *publisher)
{
    forget_pending(publisher);
    if (publisher->leads) {
        publish(publisher, publisher->leader_topic, "", true);
        publisher->leads = false;
    }
}
