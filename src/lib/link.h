// SPDX-License-Identifier: MIT
// The inside of a link and its actors, shared by link.c and actor.c.
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include "asyncactor/actor.h"
#include "asyncactor/transport.h"
#include "core/engine.h"
#include "peers.h"
#include "translate.h"
#include "url.h"

#include <uv.h>

enum { WHY_MAX = 512, PREFIX_MAX = 128, TAGS_MAX = 16, TAG_KEY_MAX = 64, TAG_TEXT_MAX = 256 };

// What this node announces of itself.
struct tag {
    char key[TAG_KEY_MAX + 1];
    char text[TAG_TEXT_MAX + 1];
};

struct actor_link_config {
    char name[NAME_MAX_BYTES + 1];
    char prefix[PREFIX_MAX + 1];
    struct url url;
    int64_t keepalive_ns;
    int tag_count;
    struct tag tags[TAGS_MAX];
    const struct actor_transport_ops *ops; // NULL: the built-in one for the scheme
    enum actor_log_level log_level;
    actor_log_fn *log;
    void *log_context;
    char why[WHY_MAX];
};

enum link_state { LINK_DOWN, LINK_UP, LINK_CLOSING, LINK_CLOSED };

struct actor_link {
    struct actor_link_config config;
    char url_text[1024];
    struct actor_transport_option options[URL_OPTIONS_MAX + 1]; // of the URL
    uv_loop_t loop;
    uv_poll_t timer; // of timer_fd: CLOCK_BOOTTIME, which goes on while the host sleeps
    int timer_fd;
    int64_t timer_ns; // what it is set to
    const struct actor_transport_ops *ops;
    struct actor_transport *transport;
    enum link_state state;
    char down_reason[WHY_MAX];
    uint64_t nonce;
    uint64_t random; // state of the draws
    struct actor *actors;
    struct peers peers;
    bool busy;     // effects are being carried out
    bool news;     // the transport's state changed meanwhile
    bool is_up;    // what the transport said last
    bool shutdown; // asked for
    struct effects effects;
    struct message message;                 // the one being read
    struct members_room room;               // of the view being read
    uint8_t translated[TRANSLATE_CBOR_MAX]; // the same as CBOR, where it came as MessagePack
};

// --- link.c ---
int64_t link_now_ns(void); // CLOCK_BOOTTIME
void link_log(const struct actor_link *link, enum actor_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint32_t link_draw(void *link);
void link_arm(struct actor_link *link);
void link_settle(struct actor_link *link); // after a step: what was asked for meanwhile

// --- actor.c ---
void seat_step(struct actor *actor, const struct input *input);
void seat_hear(struct actor *actor, const char *channel, const void *bytes, size_t len);
void seat_overrun(struct actor *actor, uint64_t count);
void seat_link_changed(struct actor *actor, bool up);
bool seat_run_requests(struct actor *actor); // whether there were any
struct actor *seat_next(const struct actor *actor);
int64_t seat_deadline_ns(const struct actor *actor);

#endif
