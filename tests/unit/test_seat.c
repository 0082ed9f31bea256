// SPDX-License-Identifier: MIT
// What a program may ask of its seat in a group, by the public calls: its wishes, its index, that
// it has stopped, that it will be away, and to hand its turn over; also from inside a callback. The
// transport is a fake one, which writes down what is sent.
#include "asyncactor/actor.h"
#include "fake.h"
#include "lib/codec.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define MS INT64_C(1000000)
#define S (1000 * MS)

// --- A transport that writes down what it is given -----------------------------------------------

static char sent[4096]; // "g vers prefer 70", each in a line of its own

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, sizeof sent - used, format, args);
    va_end(args);
}

static void add_vers(const struct message *m)
{
    add(sent, " vers");
    if (m->wish.prefer > 0) {
        add(sent, " prefer %d", m->wish.prefer);
    }
    if (m->away_s > 0) {
        add(sent, " away %u", m->away_s);
    }
    if (m->heir.len > 0) {
        add(sent, " heir %.*s", (int)m->heir.len, m->heir.text);
    }
    add(sent, "%s%s%s\n", m->wish.never ? " never" : "", m->wish.preempt ? " preempt" : "",
        m->left ? " left" : "");
}

static int noting_send(struct actor_transport *transport, const char *group, const void *bytes,
                       size_t len)
{
    struct members_room room;
    struct message m;
    bool is_beside = strchr(group, '/') != NULL;
    enum drop drop =
        is_beside ? codec_decode_view(bytes, len, &room, &m) : codec_decode(bytes, len, &m);
    (void)transport;
    ck_assert_int_eq(drop, DROP_NONE);
    add(sent, "%s", group);
    if (m.type == MESSAGE_VERS) {
        add_vers(&m);
    } else if (m.type == MESSAGE_DRAINED) {
        add(sent, " drained %d\n", (int)m.view);
    } else {
        add(sent, " %s\n", m.type == MESSAGE_INIT ? "init" : m.type == MESSAGE_PING ? "ping" : "?");
    }
    return 0;
}

static const struct actor_transport_ops noting = {
    .schemes = (const char *const[]){"noting", NULL},
    .open = fake_open,
    .join = fake_join,
    .leave = fake_leave,
    .send = noting_send,
    .close = fake_close,
};

// --- A clock that may be put ahead ---------------------------------------------------------------

static int64_t ahead_ns;

// In place of libc's, for the library as well.
int clock_gettime(clockid_t clock, struct timespec *now)
{
    long status = syscall(SYS_clock_gettime, clock, now);
    int64_t ns = now->tv_nsec + ahead_ns;
    now->tv_sec += ns / S;
    now->tv_nsec = ns % S;
    return (int)status;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * S + now.tv_nsec;
}

// --- Tools ---------------------------------------------------------------------------------------

static struct actor_link *node; // its name is "a"
static struct actor_config *config;
static struct actor *actor; // in the group "g", once it is joined
static struct actor *second;
static char told[sizeof sent]; // "g settled 2/2 view 1 by b: b a", each in a line of its own
static void (*on_settling)(void);
static int64_t until_ns; // as a callback of `settled` is told

static void add_event(const struct actor_event *event)
{
    add(told, "%s %s", event->group, actor_event_name(event->type));
    if (event->type == ACTOR_EVENT_SETTLED) {
        add(told, " %u/%u view %d by %s:", event->index, event->total, (int)event->view, event->by);
        for (size_t i = 0; i < event->roster.count; i++) {
            add(told, " %s", event->roster.names[i]);
        }
    } else if (event->reason != NULL) {
        add(told, " %s", event->reason);
    }
    add(told, "\n");
}

static void on_event(void *context, struct actor *of, const struct actor_event *event)
{
    (void)context;
    add_event(event);
    if (event->type == ACTOR_EVENT_SETTLED) {
        until_ns = actor_settled_until(of);
    }
    if (event->type == ACTOR_EVENT_SETTLING && on_settling != NULL) {
        on_settling();
    }
    if (event->type == ACTOR_EVENT_TAG) {
        actor_link_stop(node);
    }
}

static void set_up(void)
{
    struct actor_link_config *to = actor_link_config_new();
    ck_assert_int_eq(actor_link_config_set_transport(to, &noting), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_name(to, "a"), ACTOR_OK);
    ck_assert_int_eq(actor_link_config_set_url(to, "noting://h"), ACTOR_OK);
    ck_assert_int_eq(actor_link_new(&node, to), ACTOR_OK);
    actor_link_config_free(to);
    config = actor_config_new();
    ck_assert_int_eq(actor_config_set_group(config, "g"), ACTOR_OK);
    actor = second = NULL;
    sent[0] = told[0] = '\0';
    on_settling = NULL;
    until_ns = ahead_ns = 0;
}

static void tear_down(void)
{
    actor_free(second);
    actor_free(actor);
    actor_config_free(config);
    actor_link_free(node);
}

static void join_group(void)
{
    ck_assert_int_eq(actor_new(&actor, node, config, on_event, NULL), ACTOR_OK);
}

// In its group, with the link up, and what was sent and told by then set aside.
static void come_up(void)
{
    join_group();
    opened.host_ops->up(opened.host);
    sent[0] = told[0] = '\0';
}

static const char *taken(char *text)
{
    static char copy[sizeof sent];
    memcpy(copy, text, sizeof copy);
    text[0] = '\0';
    return copy;
}

static void hear(const char *channel, const struct message *m)
{
    uint8_t packet[MESSAGE_MAX_BYTES];
    size_t len = codec_encode(m, packet, sizeof packet);
    ck_assert_uint_gt(len, 0);
    opened.host_ops->message(opened.host, channel, packet, len);
}

// Of a node "b", with the parameters that this one has.
static struct message vers_of_b(void)
{
    struct message m = {.type = MESSAGE_VERS, .nonce = 7, .params = params_default};
    m.node = name_of("b");
    return m;
}

static void hear_view(int64_t view, bool settled, const uint32_t *waits)
{
    struct name names[] = {name_of("b"), name_of("a")};
    struct message m = {.type = MESSAGE_VIEW, .view = view, .settled = settled};
    m.node = name_of("b");
    m.members = (struct members){.count = 2, .names = names, .waits = waits};
    hear("g/@", &m);
}

static void b_is(bool here)
{
    const struct actor_transport_peer peer = {
        .name = "b", .here = here, .about = here ? "{\"groups\":[\"g\",\"h\"]}" : NULL};
    opened.host_ops->peer(opened.host, NULL, &peer);
}

// --- Configuration -------------------------------------------------------------------------------

static int set_prefer(int64_t amount)
{
    return actor_config_set_prefer(config, (int)amount);
}

static int set_drain(int64_t amount)
{
    return actor_config_set_drain(config, amount);
}

static int set_settle(int64_t amount)
{
    return actor_config_set_settle(config, amount);
}

#define WHY_PREFER "prefer must be 0 to 100"
#define WHY_DRAIN "drain must be 0 to 86400 s"
#define WHY_SETTLE "settle must be above 0 and at most 604800 s"

static const struct {
    int (*set)(int64_t amount);
    int64_t amount;
    const char *why; // NULL: it is allowed
} amounts[] = {
    {set_prefer, 0, NULL},
    {set_prefer, 100, NULL},
    {set_prefer, -1, WHY_PREFER},
    {set_prefer, 101, WHY_PREFER},
    {set_prefer, 256, WHY_PREFER},
    {set_drain, 0, NULL},
    {set_drain, 86400 * S, NULL},
    {set_drain, -1, WHY_DRAIN},
    {set_drain, 86400 * S + 1, WHY_DRAIN},
    {set_settle, 1, NULL},
    {set_settle, 604800 * S, NULL},
    {set_settle, 0, WHY_SETTLE},
    {set_settle, -1, WHY_SETTLE},
    {set_settle, 604800 * S + 1, WHY_SETTLE},
};

START_TEST(an_amount_has_bounds)
{
    bool is_allowed = amounts[_i].why == NULL;
    ck_assert_int_eq(amounts[_i].set(amounts[_i].amount), is_allowed ? ACTOR_OK : ACTOR_EINVAL);
    ck_assert_str_eq(actor_config_why(config), is_allowed ? "" : amounts[_i].why);
}
END_TEST

START_TEST(to_settle_takes_a_slot)
{
    int64_t least_ns = 10 * S + 1500 * MS * 9 / 2; // of the default parameters
    ck_assert_int_eq(actor_config_set_settle(config, least_ns - 1), ACTOR_OK);
    ck_assert_int_eq(actor_new(&actor, node, config, NULL, NULL), ACTOR_EINVAL);
    ck_assert_str_eq(actor_config_why(config), "settle must be at least cycle + 4.5 gap");
    ck_assert_int_eq(actor_config_set_settle(config, least_ns), ACTOR_OK);
    join_group();
}
END_TEST

START_TEST(what_is_refused_changes_nothing)
{
    ck_assert_int_eq(actor_config_set_prefer(config, 70), ACTOR_OK);
    ck_assert_int_eq(actor_config_set_prefer(config, 101), ACTOR_EINVAL);
    ck_assert_int_eq(actor_config_set_preempt(config, true), ACTOR_OK);
    join_group();
    opened.host_ops->up(opened.host);
    ck_assert_str_eq(taken(sent), "g init\ng vers prefer 70 preempt\n");
}
END_TEST

// Its views would travel where presences do.
START_TEST(no_group_is_called_at)
{
    ck_assert_int_eq(actor_config_set_group(config, "@"), ACTOR_EINVAL);
    ck_assert_ptr_nonnull(strstr(actor_config_why(config), "not @"));
    ck_assert_int_eq(actor_config_set_group(config, "@2"), ACTOR_OK);
}
END_TEST

START_TEST(one_that_is_never_index_1_prefers_nothing)
{
    ck_assert_int_eq(actor_config_set_prefer(config, 70), ACTOR_OK);
    ck_assert_int_eq(actor_config_set_preempt(config, true), ACTOR_OK);
    ck_assert_int_eq(actor_config_set_never(config, true), ACTOR_OK);
    join_group();
    opened.host_ops->up(opened.host);
    ck_assert_str_eq(taken(sent), "g init\ng vers never\n");
}
END_TEST

// --- The index -----------------------------------------------------------------------------------

START_TEST(an_index_counts_until_it_is_given_up)
{
    come_up();
    ck_assert_int_eq(actor_settled_until(actor), 0);
    hear_view(1, false, NULL);
    ck_assert_int_eq(actor_settled_until(actor), 0);
    int64_t before_ns = now_ns();
    hear_view(1, true, NULL);
    ck_assert_str_eq(taken(told), "g settled 2/2 view 1 by b: b a\n");
    int64_t lapse_ns = 10 * S + 1500 * MS * 7 / 2; // of the default parameters
    ck_assert_int_ge(actor_settled_until(actor), before_ns + lapse_ns);
    ck_assert_int_le(actor_settled_until(actor), now_ns() + lapse_ns);
    ck_assert_int_eq(until_ns, actor_settled_until(actor));
    opened.host_ops->down(opened.host, "a cable");
    ck_assert_str_eq(taken(told), "g settling\ng link-down a cable\n");
    ck_assert_int_eq(actor_settled_until(actor), 0);
}
END_TEST

START_TEST(a_confirmation_lets_it_count_for_longer)
{
    come_up();
    hear_view(1, true, NULL);
    int64_t first_ns = actor_settled_until(actor);
    hear_view(1, true, NULL);
    ck_assert_int_gt(actor_settled_until(actor), first_ns);
    ck_assert_str_eq(taken(told), "g settled 2/2 view 1 by b: b a\n");
}
END_TEST

// The loop does not run: it is over all the same.
START_TEST(an_index_is_over_by_the_clock)
{
    come_up();
    hear_view(1, true, NULL);
    ck_assert_int_gt(actor_settled_until(actor), 0);
    ahead_ns = 10 * S + 1500 * MS * 7 / 2; // of the default parameters
    ck_assert_int_eq(actor_settled_until(actor), 0);
    ck_assert_str_eq(taken(told), "g settled 2/2 view 1 by b: b a\n");
}
END_TEST

// --- That it has stopped -------------------------------------------------------------------------

static const uint32_t all_wait[] = {0, 1, 1};

START_TEST(that_it_has_stopped_is_told_once)
{
    ck_assert_int_eq(actor_config_set_drain(config, 60 * S), ACTOR_OK);
    come_up();
    hear_view(1, true, NULL);
    ck_assert_int_eq(actor_drained(actor), ACTOR_OK); // of nothing: it has an index
    ck_assert_str_eq(taken(sent), "");
    hear_view(2, false, all_wait);
    ck_assert_str_eq(taken(told), "g settled 2/2 view 1 by b: b a\ng settling\n");
    ck_assert_str_eq(taken(sent), "");
    ck_assert_int_eq(actor_drained(actor), ACTOR_OK);
    ck_assert_str_eq(taken(sent), "g/@ drained 1\n");
    ck_assert_int_eq(actor_drained(actor), ACTOR_OK);
    ck_assert_str_eq(taken(sent), "");
}
END_TEST

static void say_drained(void)
{
    ck_assert_int_eq(actor_drained(actor), ACTOR_OK);
}

START_TEST(it_may_say_so_where_it_is_told_to_stop)
{
    ck_assert_int_eq(actor_config_set_drain(config, 60 * S), ACTOR_OK);
    come_up();
    hear_view(1, true, NULL);
    on_settling = say_drained;
    hear_view(2, false, all_wait);
    ck_assert_str_eq(taken(sent), "g/@ drained 1\n");
}
END_TEST

START_TEST(where_nobody_waits_nothing_is_told)
{
    come_up();
    hear_view(1, true, NULL);
    hear_view(2, false, NULL);
    ck_assert_int_eq(actor_drained(actor), ACTOR_OK);
    ck_assert_str_eq(taken(sent), "");
}
END_TEST

// --- Absence -------------------------------------------------------------------------------------

static const struct {
    int64_t span_ns;
    const char *sent; // NULL: it is refused
} spans[] = {
    {0, "g vers\n"},
    {1, "g vers away 1\n"},
    {60 * S, "g vers away 60\n"},
    {60 * S + 1, "g vers away 61\n"},
    {604800 * S, "g vers away 604800\n"},
    {604800 * S + 1, NULL},
    {-1, NULL},
    {INT64_MIN, NULL},
};

START_TEST(absence_is_announced_in_whole_seconds)
{
    const char *expected = spans[_i].sent;
    come_up();
    ck_assert_int_eq(actor_away(actor, spans[_i].span_ns),
                     expected != NULL ? ACTOR_OK : ACTOR_EINVAL);
    ck_assert_str_eq(taken(sent), expected != NULL ? expected : "");
}
END_TEST

START_TEST(absence_may_be_announced_before_the_link_is_up)
{
    join_group();
    ck_assert_int_eq(actor_away(actor, 3600 * S), ACTOR_OK);
    ck_assert_str_eq(taken(sent), "");
    opened.host_ops->up(opened.host);
    static const char begin[] = "g init\ng vers away ";
    ck_assert_int_eq(strncmp(sent, begin, strlen(begin)), 0);
    long left_s = strtol(sent + strlen(begin), NULL, 10);
    ck_assert(left_s > 3500 && left_s <= 3600);
}
END_TEST

START_TEST(absence_may_be_taken_back)
{
    come_up();
    ck_assert_int_eq(actor_away(actor, 60 * S), ACTOR_OK);
    taken(sent);
    ck_assert_int_eq(actor_away(actor, 0), ACTOR_OK);
    ck_assert_str_eq(taken(sent), "g vers\n");
}
END_TEST

static const struct {
    uint32_t away_s;
    const char *told;
} absences[] = {
    {0, "g settling\ng leave lost\n"},
    {60, ""},
};

START_TEST(one_that_is_away_is_no_loss_to_the_others)
{
    struct message vers = vers_of_b();
    vers.away_s = absences[_i].away_s;
    come_up();
    b_is(true);
    hear("g", &vers);
    hear_view(1, true, NULL);
    ck_assert_str_eq(taken(told), "g join new\ng settled 2/2 view 1 by b: b a\n");
    b_is(false);
    bool stays = absences[_i].told[0] == '\0';
    ck_assert_int_eq(actor_settled_until(actor) != 0, stays);
    ck_assert_int_eq(strstr(told, "g settling\n") == NULL, stays);
    ck_assert_int_eq(strstr(told, "g leave lost\n") == NULL, stays);
    ck_assert_uint_eq(strlen(told), strlen(absences[_i].told));
}
END_TEST

// --- The turn ------------------------------------------------------------------------------------

static void give_up(uv_timer_t *timer)
{
    (void)timer;
    actor_link_stop(node);
}

// Alone, it is tagged when it has listened and nobody has spoken.
static void wait_for_tag(void)
{
    uv_timer_t timer;
    uv_timer_init(actor_link_loop(node), &timer);
    uv_timer_start(&timer, give_up, 20000, 0);
    ck_assert_int_eq(actor_link_run(node), ACTOR_OK);
    uv_close((uv_handle_t *)&timer, NULL);
    actor_link_dispatch(node);
    ck_assert_int_gt(actor_tagged_until(actor), 0);
}

static void come_up_and_lead(void)
{
    ck_assert_int_eq(actor_config_set_gap(config, 20 * MS), ACTOR_OK);
    come_up();
    ck_assert_int_eq(actor_hand_over(actor, "b"), ACTOR_ESTATE);
    wait_for_tag();
}

static struct message vers_of_b_here(void)
{
    struct message m = vers_of_b();
    m.params.gap_ns = 20 * MS;
    return m;
}

START_TEST(a_turn_goes_to_one_that_was_heard)
{
    struct message vers = vers_of_b_here();
    come_up_and_lead();
    hear("g", &vers);
    sent[0] = told[0] = '\0';
    ck_assert_int_eq(actor_hand_over(actor, "b"), ACTOR_OK);
    ck_assert_int_eq(actor_tagged_until(actor), 0);
    ck_assert_str_eq(taken(told), "g untag handover\n");
    ck_assert_str_eq(taken(sent), "g vers heir b\n");
    ck_assert_int_eq(actor_hand_over(actor, "b"), ACTOR_ESTATE);
}
END_TEST

static void hear_b(bool unready, bool left)
{
    struct message vers = vers_of_b_here();
    vers.unready = unready;
    vers.left = left;
    hear("g", &vers);
}

START_TEST(a_turn_goes_to_nobody_that_cannot_lead)
{
    static const char *const strangers[] = {"b", "a", "", "b/c", "b\n"};
    come_up_and_lead();
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        ck_assert_int_eq(actor_hand_over(actor, strangers[i]), ACTOR_EINVAL);
    }
    hear_b(true, false);
    ck_assert_int_eq(actor_hand_over(actor, "b"), ACTOR_EINVAL);
    hear_b(true, true);
    ck_assert_int_eq(actor_hand_over(actor, "b"), ACTOR_EINVAL);
    ck_assert_int_gt(actor_tagged_until(actor), 0);
}
END_TEST

// --- From inside a callback ----------------------------------------------------------------------

static void join_another(void)
{
    on_settling = NULL;
    ck_assert_int_eq(actor_config_set_group(config, "h"), ACTOR_OK);
    ck_assert_int_eq(actor_new(&second, node, config, on_event, NULL), ACTOR_OK);
}

// What the first group's step has still to do is not lost, and is not done twice.
START_TEST(a_group_may_be_joined_in_a_callback)
{
    join_group();
    b_is(true);
    ck_assert_str_eq(taken(told), "g setup\ng join new\n");
    on_settling = join_another;
    opened.host_ops->up(opened.host);
    ck_assert_str_eq(taken(told), "g link-up\ng settling\n"
                                  "h setup\nh join new\nh link-up\nh settling\n");
    ck_assert_str_eq(taken(sent), "g init\ng vers\nh init\nh vers\n");
}
END_TEST

static void join_another_at_link_up(void *context, struct actor *of,
                                    const struct actor_event *event)
{
    on_event(context, of, event);
    if (event->type == ACTOR_EVENT_LINK_UP) {
        join_another();
    }
}

START_TEST(a_group_that_is_joined_when_the_link_comes_up_is_told_so_once)
{
    ck_assert_int_eq(actor_new(&actor, node, config, join_another_at_link_up, NULL), ACTOR_OK);
    taken(told);
    opened.host_ops->up(opened.host);
    ck_assert_str_eq(taken(told), "g link-up\ng settling\nh setup\nh link-up\nh settling\n");
    ck_assert_str_eq(taken(sent), "g init\ng vers\nh init\nh vers\n");
}
END_TEST

static TCase *instant_tests(void)
{
    TCase *tests = tcase_create("instant");
    tcase_add_loop_test(tests, an_amount_has_bounds, 0, sizeof amounts / sizeof *amounts);
    tcase_add_test(tests, to_settle_takes_a_slot);
    tcase_add_test(tests, what_is_refused_changes_nothing);
    tcase_add_test(tests, no_group_is_called_at);
    tcase_add_test(tests, one_that_is_never_index_1_prefers_nothing);
    tcase_add_test(tests, an_index_counts_until_it_is_given_up);
    tcase_add_test(tests, a_confirmation_lets_it_count_for_longer);
    tcase_add_test(tests, an_index_is_over_by_the_clock);
    tcase_add_test(tests, that_it_has_stopped_is_told_once);
    tcase_add_test(tests, it_may_say_so_where_it_is_told_to_stop);
    tcase_add_test(tests, where_nobody_waits_nothing_is_told);
    tcase_add_loop_test(tests, absence_is_announced_in_whole_seconds, 0,
                        sizeof spans / sizeof *spans);
    tcase_add_test(tests, absence_may_be_announced_before_the_link_is_up);
    tcase_add_test(tests, absence_may_be_taken_back);
    tcase_add_loop_test(tests, one_that_is_away_is_no_loss_to_the_others, 0,
                        sizeof absences / sizeof *absences);
    tcase_add_test(tests, a_group_may_be_joined_in_a_callback);
    tcase_add_test(tests, a_group_that_is_joined_when_the_link_comes_up_is_told_so_once);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    return tests;
}

// By the clock, though not at any time in particular.
static TCase *timed_tests(void)
{
    TCase *tests = tcase_create("timed");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_turn_goes_to_one_that_was_heard);
    tcase_add_test(tests, a_turn_goes_to_nobody_that_cannot_lead);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("seat");
    suite_add_tcase(suite, instant_tests());
    suite_add_tcase(suite, timed_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
