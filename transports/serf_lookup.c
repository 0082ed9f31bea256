// SPDX-License-Identifier: MIT
#include "serf_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct serf_lookup {
    pthread_mutex_t lock; // of all but host and port
    uv_async_t *wake;     // NULL: abandoned
    bool done;
    int error;
    struct addrinfo *found;
    char port[8];
    char host[];
};

static void free_lookup(struct serf_lookup *lookup)
{
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *look_up(void *context)
{
    struct serf_lookup *lookup = context;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(lookup->host, lookup->port, &hints, &found);
    pthread_mutex_lock(&lookup->lock);
    bool wanted = lookup->wake != NULL;
    if (wanted) {
        lookup->error = error;
        lookup->found = found;
        lookup->done = true;
        uv_async_send(lookup->wake);
    }
    pthread_mutex_unlock(&lookup->lock);
    if (!wanted) {
        if (found != NULL) {
            freeaddrinfo(found);
        }
        free_lookup(lookup);
    }
    return NULL;
}

// Signals are for other threads.
static bool start_thread(struct serf_lookup *lookup)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, look_up, lookup) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_detach(thread);
    }
    return started;
}

struct serf_lookup *serf_lookup_start(const char *host, int port, uv_async_t *wake)
{
    size_t size = strlen(host) + 1;
    struct serf_lookup *lookup = calloc(1, sizeof *lookup + size);
    if (lookup == NULL) {
        return NULL;
    }
    memcpy(lookup->host, host, size);
    snprintf(lookup->port, sizeof lookup->port, "%d", port);
    lookup->wake = wake;
    pthread_mutex_init(&lookup->lock, NULL);
    if (!start_thread(lookup)) {
        free_lookup(lookup);
        return NULL;
    }
    return lookup;
}

int serf_lookup_take(struct serf_lookup *lookup, struct addrinfo **found)
{
    pthread_mutex_lock(&lookup->lock); // the thread may still hold it
    int error = lookup->error;
    *found = lookup->found;
    pthread_mutex_unlock(&lookup->lock);
    free_lookup(lookup);
    return error;
}

void serf_lookup_abandon(struct serf_lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    bool done = lookup->done;
    struct addrinfo *found = lookup->found;
    lookup->wake = NULL;
    pthread_mutex_unlock(&lookup->lock);
    if (done) {
        if (found != NULL) {
            freeaddrinfo(found);
        }
        free_lookup(lookup);
    }
}
