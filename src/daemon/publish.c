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

static void note_leader(struct publisher *publisher, const struct actor_event *event)
{
    if (event->type == ACTOR_EVENT_TAG) {
        publisher->leads = true;
        publish_leader(publisher, event);
    } else if (event->type == ACTOR_EVENT_PING || event->type == ACTOR_EVENT_DETAG) {
        publisher->leads = false;
    }
}

void publisher_event(struct publisher *publisher, const struct actor_event *event, const char *json)
{
    note_leader(publisher, event);
    if (event->type != ACTOR_EVENT_SLOT) {
        publish(publisher, publisher->node_topic, json, false);
    } else if (event->leader != NULL && strcmp(event->leader, event->node) == 0) {
        // By the holder alone, so that a subscriber sees each slot once.
        publish(publisher, publisher->group_topic, json, false);
    }
}

void publisher_leave(struct publisher *publisher)
{
    if (publisher->leads) {
        publish(publisher, publisher->leader_topic, "", true);
        publisher->leads = false;
    }
}
