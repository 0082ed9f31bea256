// SPDX-License-Identifier: MIT
#include "peers.h"
#include "link.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What strangers can make us keep.
enum { PEERS_MAX = 4096 };

// What is known of a node: what it announced, as text, since 4 KiB of it may take 66 as values; its
// incarnation, of that; after which down it was told (-1: it is in doubt); and whether another
// process of its name was told of before, and not that it is gone.
#define TEXT_KEY "text"
#define INCARNATION_KEY "incarnation"
#define LINK_KEY "link"
#define TWICE_KEY "twice"

// By then whoever is there has been told of, after a link has come up or there was doubt.
enum { TOLD_WITHIN_MS = 5000 };

// --- What this one announces -------------------------------------------------------------------

static json_t *tags_of(const struct actor_link *link)
{
    json_t *tags = json_object();
    for (int i = 0; i < link->config.tag_count; i++) {
        const struct tag *tag = &link->config.tags[i];
        json_object_set_new(tags, tag->key, json_string(tag->text));
    }
    return tags;
}

static json_t *groups_of(const struct actor_link *link)
{
    json_t *list = json_array();
    for (const struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        json_array_append_new(list, json_string(actor_group(actor)));
    }
    return list;
}

static void tell_fault(const struct actor_link *link, const char *text, int error)
{
    if (error == -EMSGSIZE) {
        link_log(
            link, ACTOR_LOG_WARNING,
            "this node cannot be announced: its groups, addresses and tags take %zu bytes, and "
            "4096 are allowed",
            strlen(text));
    } else if (error != 0) {
        link_log(link, ACTOR_LOG_WARNING, "this node cannot be announced: %s", strerror(-error));
    }
}

// What others need most stands first.
void peers_announce(struct actor_link *link)
{
    if (link->ops->announce == NULL || link->state == LINK_CLOSING || link->state == LINK_CLOSED) {
        return;
    }
    json_t *about = json_pack("{s:I, s:o, s:o, s:o, s:s}", "incarnation", (json_int_t)link->nonce,
                              "groups", groups_of(link), "tags", tags_of(link), "addresses",
                              addresses_list(), "version", PACKAGE_VERSION);
    char *text = about != NULL ? json_dumps(about, JSON_COMPACT) : NULL;
    json_decref(about);
    bool same =
        text != NULL && link->peers.announced != NULL && strcmp(text, link->peers.announced) == 0;
    int error = text == NULL ? -ENOMEM : same ? 0 : link->ops->announce(link->transport, text);
    tell_fault(link, text, error);
    free(link->peers.announced);
    link->peers.announced = text;
}

static void on_addresses_changed(void *context)
{
    peers_announce(context);
}

// --- What others announce ----------------------------------------------------------------------

// A new reference; NULL: it is no JSON object.
static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *about = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!json_is_object(about)) {
        json_decref(about);
        return NULL;
    }
    return about;
}

// What it announced, of what is known of a node.
static json_t *about_of(const json_t *known)
{
    return parse(json_string_value(json_object_get(known, TEXT_KEY)));
}

// Of what is known, or was announced.
static uint64_t incarnation_of(const json_t *about)
{
    json_int_t number = json_integer_value(json_object_get(about, INCARNATION_KEY));
    return number > 0 && (uint64_t)number <= NONCE_MAX ? (uint64_t)number : 0;
}

static bool takes_part(const json_t *about, const char *group)
{
    size_t index;
    const json_t *name;
    json_array_foreach(json_object_get(about, "groups"), index, name)
    {
        if (json_is_string(name) && strcmp(json_string_value(name), group) == 0) {
            return true;
        }
    }
    return false;
}

static void hint(struct actor *actor, const char *name, uint64_t incarnation, bool here)
{
    seat_step(actor, &(struct input){.type = here ? INPUT_HERE : INPUT_GONE,
                                     .now_ns = link_now_ns(),
                                     .peer = {name_of(name), incarnation}});
}

// A node that has left a group stays in the others.
static void hint_here(struct actor_link *link, const char *name, const json_t *about)
{
    if (link->ops->ghosts) {
        return;
    }
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        if (takes_part(about, actor_group(actor))) {
            hint(actor, name, incarnation_of(about), true);
        }
    }
}

static void hint_gone(struct actor_link *link, const char *name, uint64_t incarnation)
{
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        hint(actor, name, incarnation, false);
    }
}

static void hint_one(struct actor_link *link, const char *group,
                     const struct actor_transport_peer *peer)
{
    for (struct actor *actor = link->actors; actor != NULL; actor = seat_next(actor)) {
        if (strcmp(actor_group(actor), group) == 0) {
            hint(actor, peer->name, peer->incarnation, peer->here);
        }
    }
}

static void forget(struct actor_link *link, const char *name)
{
    uint64_t incarnation = incarnation_of(json_object_get(link->peers.known, name));
    json_object_del(link->peers.known, name);
    hint_gone(link, name, incarnation);
}

static bool was_told(const struct actor_link *link, const json_t *known)
{
    return json_integer_value(json_object_get(known, LINK_KEY)) == (json_int_t)link->peers.downs;
}

static const char *find_untold(const struct actor_link *link)
{
    const char *name;
    json_t *known;
    json_object_foreach(link->peers.known, name, known)
    {
        if (!was_told(link, known)) {
            return name;
        }
    }
    return NULL;
}

static void on_told(uv_timer_t *timer)
{
    struct actor_link *link = timer->data;
    char name[NAME_MAX_BYTES + 1];
    const char *untold;
    while ((untold = find_untold(link)) != NULL) {
        snprintf(name, sizeof name, "%s", untold); // it goes with its entry
        forget(link, name);
    }
    link_settle(link);
}

// H2: who tells that a node is gone may not tell which process. If there is another of its name,
// that one says so again.
static void forget_or_doubt(struct actor_link *link, const char *name)
{
    json_t *known = json_object_get(link->peers.known, name);
    if (!json_is_true(json_object_get(known, TWICE_KEY))) {
        forget(link, name);
        return;
    }
    json_object_set_new(known, LINK_KEY, json_integer(-1));
    if (!uv_is_active((uv_handle_t *)&link->peers.timer)) {
        uv_timer_start(&link->peers.timer, on_told, TOLD_WITHIN_MS, 0);
    }
}

// What went while this link was down was told then, or never.
static bool is_twice(const struct actor_link *link, const json_t *old, const json_t *new)
{
    uint64_t before = incarnation_of(old), now = incarnation_of(new);
    if (old == NULL || !was_told(link, old) || link->ops->ghosts) {
        return false;
    }
    return (before != 0 && now != 0 && before != now) ||
           json_is_true(json_object_get(old, TWICE_KEY));
}

// A new reference to what was announced; NULL: it is no JSON object, or there are too many.
static json_t *keep(struct actor_link *link, const char *name, const char *text)
{
    json_t *about = parse(text);
    const json_t *old = json_object_get(link->peers.known, name);
    if (about == NULL || (old == NULL && json_object_size(link->peers.known) >= PEERS_MAX)) {
        json_decref(about);
        return NULL;
    }
    json_object_set_new(link->peers.known, name,
                        json_pack("{s:s, s:I, s:I, s:b}", TEXT_KEY, text, INCARNATION_KEY,
                                  (json_int_t)incarnation_of(about), LINK_KEY,
                                  (json_int_t)link->peers.downs, TWICE_KEY,
                                  is_twice(link, old, about)));
    return about;
}

static void remember(struct actor_link *link, const char *name, const char *text)
{
    json_t *about = keep(link, name, text);
    if (about != NULL) {
        hint_here(link, name, about);
        json_decref(about);
    }
}

// What is told of one group counts for that one alone.
static void keep_about(struct actor_link *link, const struct actor_transport_peer *peer)
{
    json_t *about = keep(link, peer->name, peer->about);
    if (about == NULL) {
        json_object_del(link->peers.known, peer->name);
    }
    json_decref(about);
}

void peers_told(struct actor_link *link, const char *group, const struct actor_transport_peer *peer)
{
    if (!name_is_valid(name_of(peer->name)) || strcmp(peer->name, link->config.name) == 0) {
        return;
    }
    if (link->peers.known == NULL) {
        link->peers.known = json_object();
    }
    if (group != NULL) {
        keep_about(link, peer);
        hint_one(link, group, peer);
    } else if (!peer->here) {
        forget_or_doubt(link, peer->name);
    } else if (peer->about != NULL) {
        remember(link, peer->name, peer->about);
    }
}

void peers_introduce(struct actor_link *link, struct actor *actor)
{
    const char *name;
    json_t *known;
    if (link->ops->ghosts) {
        return;
    }
    json_object_foreach(link->peers.known, name, known)
    {
        json_t *about = about_of(known);
        if (takes_part(about, actor_group(actor))) {
            hint(actor, name, incarnation_of(about), true);
        }
        json_decref(about);
    }
}

int actor_peer_about(const struct actor_link *link, const char *node, char *json, size_t size)
{
    json_t *about = about_of(json_object_get(link->peers.known, node));
    char *text = about != NULL ? json_dumps(about, JSON_COMPACT) : NULL;
    size_t len = text != NULL ? strlen(text) : size;
    if (len < size) {
        memcpy(json, text, len + 1);
    }
    free(text);
    json_decref(about);
    return len < size ? (int)len : ACTOR_EINVAL;
}

// --- A link that comes back ----------------------------------------------------------------------

void peers_link_up(struct actor_link *link)
{
    uv_timer_start(&link->peers.timer, on_told, TOLD_WITHIN_MS, 0);
}

void peers_link_down(struct actor_link *link)
{
    link->peers.downs++;
    uv_timer_stop(&link->peers.timer);
}

void peers_open(struct actor_link *link)
{
    uv_timer_init(&link->loop, &link->peers.timer);
    link->peers.timer.data = link;
    addresses_watch(&link->peers.addresses, &link->loop, on_addresses_changed, link);
}

void peers_close(struct actor_link *link)
{
    uv_close((uv_handle_t *)&link->peers.timer, NULL);
    addresses_unwatch(&link->peers.addresses);
    json_decref(link->peers.known);
    free(link->peers.announced);
}
