// SPDX-License-Identifier: MIT
// In a build without libmicrohttpd nobody listens.
#include "bloc.h"

#include <errno.h>
#include <stdio.h>

int bloc_open(struct bloc **bloc, struct actor_link *link, const struct bloc_options *options,
              char *why, size_t why_size)
{
    (void)bloc;
    (void)link;
    (void)options;
    snprintf(why, why_size,
             "--bloc: this build has no HTTP (it was left out with "
             "--without-microhttpd)");
    return -EINVAL;
}

void bloc_prepare(struct bloc *bloc, struct actor_config *config)
{
    (void)bloc;
    (void)config;
}

void bloc_join(struct bloc *bloc, struct actor *actor)
{
    (void)bloc;
    (void)actor;
}

void bloc_event(struct bloc *bloc, const struct actor_event *event)
{
    (void)bloc;
    (void)event;
}

void bloc_stop(struct bloc *bloc)
{
    (void)bloc;
}

void bloc_free(struct bloc *bloc)
{
    (void)bloc;
}
