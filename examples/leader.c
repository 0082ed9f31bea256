// SPDX-License-Identifier: MIT
// A whole program that takes its turns in a group: says when it is "it", and when it no longer is.
//
//     cc leader.c $(pkg-config --cflags --libs asyncactor) -o leader && ./leader my-name
#include <asyncactor/actor.h>

#include <stdio.h>

static void on_event(void *context, struct actor *actor, const struct actor_event *event)
{
    (void)context;
    (void)actor;
    if (event->type == ACTOR_EVENT_TAG || event->type == ACTOR_EVENT_RENEW) {
        printf("it is me, for %.1f s\n", (double)(event->until_ns - event->mono_ns) / 1e9);
    } else if (event->type == ACTOR_EVENT_UNTAG) {
        printf("it is not me any longer: %s\n", event->reason);
    } else if (event->type == ACTOR_EVENT_DETAG) {
        printf("%s took it from me\n", event->by);
    } else if (event->type == ACTOR_EVENT_PING) {
        printf("it is %s\n", event->leader);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct actor_link_config *link_config = actor_link_config_new();
    struct actor_config *config = actor_config_new();
    struct actor_link *link = NULL;
    struct actor *actor = NULL;
    int error = ACTOR_ENOMEM;

    if (link_config == NULL || config == NULL) {
        goto out;
    }
    error = argc > 1 ? actor_link_config_set_name(link_config, argv[1]) : ACTOR_OK;
    error = error == ACTOR_OK ? actor_link_new(&link, link_config) : error;
    error = error == ACTOR_OK ? actor_new(&actor, link, config, on_event, NULL) : error;
    error = error == ACTOR_OK ? actor_link_run(link) : error;
out:
    if (error != ACTOR_OK) {
        fprintf(stderr, "leader: %s\n", actor_strerror(error));
    }
    actor_free(actor);
    actor_link_free(link);
    actor_config_free(config);
    actor_link_config_free(link_config);
    return error == ACTOR_OK ? 0 : 1;
}
