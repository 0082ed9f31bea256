// SPDX-License-Identifier: MIT
#include "sessions.h"

#include "session_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS INT64_C(1000000)
#define NEVER INT64_MAX
// From one telling of the table to the next, at least: what the least settle gives. Only where the
// group's gap has become too long for settle would it be less.
#define PERIOD_MIN_NS (200 * MS_NS)

// What is told of a session is told twice: one packet may be lost.
enum { TELL_TIMES = 2, NAME_BYTES = 64, MEMBERS_MAX = 512 };

struct session {
    session_key key;
    int64_t heard_ns; // when it last asked, here or elsewhere
    uint32_t place;   // in the table; 0: none
    uint32_t owed;    // in how many packets it is still to be told of
    bool left;        // kept only to be told of
    bool hearsay;     // known from a table alone
};

// What follows from timeout, settle and the group's gap.
struct sessions_times {
    int64_t timeout_ns, settle_ns, gap_ns;
    int64_t late_ns;   // later than this a step is not in time: the process has slept
    int64_t batch_ns;  // from one packet about who has asked to the next
    int64_t life_ns;   // of a session that is not heard of
    int64_t lapse_ns;  // of a table, as the leader has told it
    int64_t period_ns; // from one telling of it to the next
};

struct sessions {
    struct sessions_times times;
    int64_t step_ns;        // the last
    int64_t quiet_until_ns; // after a sleep: what is heard until then may be old
    uint32_t count;
    struct session_sum living;
    struct session all[SESSIONS_MAX]; // by key
    // The table, and the one that comes in pieces.
    struct session_table table, coming;
    bool told_settled;
    int64_t told_ns;
    // The roster.
    bool placed, leads;
    bool kept; // the table was good when the roster was lost, and nothing has changed since
    int64_t view;
    char leader[NAME_BYTES + 1];
    int64_t leader_told_ns; // or was found, or had nothing to tell of
    size_t member_count;
    uint64_t members[MEMBERS_MAX];
    int64_t settled_from_ns; // of one that leads
    // When each is to be told.
    int64_t batch_due_ns, batch_told_ns, table_due_ns, pieces_due_ns, pieces_told_ns, want_due_ns,
        wanted_ns;
};

// --- Times ---------------------------------------------------------------------------------------

static int64_t lateness_ns(int64_t gap_ns)
{
    return gap_ns > 250 * MS_NS ? gap_ns : 250 * MS_NS;
}

int64_t sessions_settle_min_ns(int64_t timeout_ns, int64_t gap_ns)
{
    return timeout_ns + 2 * gap_ns + lateness_ns(gap_ns) + 500 * MS_NS;
}

static bool times_fit(const struct sessions *s)
{
    return s->times.settle_ns >= sessions_settle_min_ns(s->times.timeout_ns, s->times.gap_ns);
}

// Who holds a place by the table has it for a lapse after the last telling, which is a gap under
// way and may be read late; and its client asks again within a timeout. All that is over when the
// leader has waited for settle.
bool sessions_set_gap(struct sessions *s, int64_t gap_ns)
{
    struct sessions_times *times = &s->times;
    times->gap_ns = gap_ns;
    times->late_ns = lateness_ns(gap_ns);
    times->batch_ns = times->timeout_ns / 12;
    times->life_ns = times->timeout_ns + TELL_TIMES * times->batch_ns + gap_ns + times->late_ns;
    times->lapse_ns = times->settle_ns - times->timeout_ns - gap_ns - times->late_ns;
    times->period_ns = (times->lapse_ns - gap_ns) * 2 / 5;
    if (times->period_ns > times->timeout_ns / 3) {
        times->period_ns = times->timeout_ns / 3;
    }
    if (times->period_ns < PERIOD_MIN_NS) {
        times->period_ns = PERIOD_MIN_NS;
    }
    return times_fit(s);
}

struct sessions *sessions_new(int64_t timeout_ns, int64_t settle_ns)
{
    struct sessions *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->times.timeout_ns = timeout_ns;
    s->times.settle_ns = settle_ns;
    s->batch_due_ns = s->table_due_ns = s->pieces_due_ns = s->want_due_ns = NEVER;
    session_table_seal(&s->table);
    return s;
}

void sessions_free(struct sessions *s)
{
    free(s);
}

// --- Who is there --------------------------------------------------------------------------------

// Where it stands, or would.
static uint32_t find(const struct sessions *s, session_key key)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (s->all[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct session *get(struct sessions *s, session_key key)
{
    uint32_t at = find(s, key);
    return at < s->count && s->all[at].key == key ? &s->all[at] : NULL;
}

// A change while the roster is not settled: then the table is not taken up again.
static void note_change(struct sessions *s)
{
    s->kept = false;
}

// NULL: there are too many.
static struct session *add(struct sessions *s, session_key key)
{
    uint32_t at = find(s, key);
    if (s->count == SESSIONS_MAX) {
        return NULL;
    }
    memmove(&s->all[at + 1], &s->all[at], (s->count - at) * sizeof *s->all);
    s->count++;
    s->all[at] = (struct session){.key = key, .place = session_table_place(&s->table, key)};
    session_sum_add(&s->living, key);
    note_change(s);
    return &s->all[at];
}

static void drop(struct sessions *s, struct session *session)
{
    uint32_t at = (uint32_t)(session - s->all);
    if (!session->left) {
        session_sum_take(&s->living, session->key);
        note_change(s);
    }
    s->count--;
    memmove(&s->all[at], &s->all[at + 1], (s->count - at) * sizeof *s->all);
}

static void expire(struct sessions *s, int64_t now_ns)
{
    for (uint32_t i = s->count; i-- > 0;) {
        if (!s->all[i].left && now_ns - s->all[i].heard_ns > s->times.life_ns) {
            drop(s, &s->all[i]);
        }
    }
}

// --- Time passes ---------------------------------------------------------------------------------

// Nobody could be heard meanwhile; and what was told is read only now.
static void note_time(struct sessions *s, int64_t now_ns)
{
    int64_t passed_ns = now_ns - s->step_ns;
    if (s->step_ns != 0 && passed_ns > s->times.late_ns) {
        for (uint32_t i = 0; i < s->count; i++) {
            s->all[i].heard_ns += passed_ns;
        }
        s->quiet_until_ns = now_ns + s->times.gap_ns;
    }
    s->step_ns = now_ns;
}

// Whether places are given by the table.
static bool is_good(const struct sessions *s, int64_t now_ns)
{
    return s->placed && s->told_settled && now_ns - s->told_ns <= s->times.lapse_ns &&
           now_ns >= s->quiet_until_ns && times_fit(s) &&
           session_sum_equal(&s->living, &s->table.sum);
}

// --- The roster ----------------------------------------------------------------------------------

static bool was_member(const struct sessions *s, uint64_t member)
{
    size_t i = 0;
    while (i < s->member_count && s->members[i] != member) {
        i++;
    }
    return i < s->member_count;
}

// Whether all of them were members before.
static bool take_members(struct sessions *s, const struct sessions_roster *roster)
{
    uint64_t members[MEMBERS_MAX] = {0};
    size_t count = 0;
    bool all_known = true;
    while (count < roster->count && count < MEMBERS_MAX) {
        members[count] = session_key_of(roster->names[count]);
        all_known &= was_member(s, members[count]);
        count++;
    }
    memcpy(s->members, members, count * sizeof *members);
    s->member_count = count;
    return all_known;
}

// A new leader goes on by the table that all have, if nothing but that somebody has gone happened
// since; else it waits, for another may have led elsewhere.
void sessions_placed(struct sessions *s, int64_t now_ns, const struct sessions_roster *roster)
{
    bool goes_on = take_members(s, roster) && s->kept;
    note_time(s, now_ns);
    s->placed = true;
    s->kept = s->told_settled = false;
    s->leads = roster->index == 1;
    s->view = roster->view;
    snprintf(s->leader, sizeof s->leader, "%s", roster->names[0]);
    s->leader_told_ns = now_ns;
    s->table_due_ns = s->leads ? now_ns : NEVER;
    s->settled_from_ns = goes_on ? now_ns : now_ns + s->times.settle_ns;
}

void sessions_settling(struct sessions *s, int64_t now_ns)
{
    s->kept = is_good(s, now_ns);
    s->placed = s->leads = s->told_settled = false;
    s->table_due_ns = s->pieces_due_ns = s->want_due_ns = NEVER;
}

// --- Clients -------------------------------------------------------------------------------------

static void tell_soon(struct sessions *s, int64_t now_ns, bool at_once)
{
    int64_t due_ns = s->batch_told_ns + s->times.batch_ns;
    if (at_once) {
        due_ns = s->batch_told_ns + 20 * MS_NS;
    }
    due_ns = due_ns > now_ns ? due_ns : now_ns;
    s->batch_due_ns = due_ns < s->batch_due_ns ? due_ns : s->batch_due_ns;
}

struct sessions_answer sessions_ask(struct sessions *s, int64_t now_ns, const char *id)
{
    struct sessions_answer answer = {SESSIONS_SETTLING, 0, 0};
    session_key key = session_key_of(id);
    note_time(s, now_ns);
    struct session *session = get(s, key);
    bool is_new = session == NULL || session->left;
    if (session == NULL) {
        session = add(s, key);
    } else if (session->left) {
        session->left = false;
        session_sum_add(&s->living, key);
        note_change(s);
    }
    if (session == NULL) {
        answer.state = SESSIONS_FULL;
        return answer;
    }
    session->heard_ns = now_ns;
    session->hearsay = false;
    session->owed = TELL_TIMES;
    tell_soon(s, now_ns, is_new);
    if (is_good(s, now_ns) && session->place > 0) {
        answer = (struct sessions_answer){SESSIONS_SETTLED, session->place, s->table.count};
    }
    return answer;
}

void sessions_leave(struct sessions *s, int64_t now_ns, const char *id)
{
    note_time(s, now_ns);
    struct session *session = get(s, session_key_of(id));
    if (session != NULL && !session->left) {
        session->left = true;
        session->owed = TELL_TIMES;
        session_sum_take(&s->living, session->key);
        note_change(s);
        tell_soon(s, now_ns, true);
    }
}

// --- The table -----------------------------------------------------------------------------------

static void set_places(struct sessions *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        s->all[i].place = 0;
    }
    for (uint32_t i = 0; i < s->table.count; i++) {
        struct session *session = get(s, s->table.keys[i]);
        if (session != NULL) {
            session->place = i + 1;
        }
    }
}

// Who is in it keeps its order; others come behind.
static void make_table(struct sessions *s)
{
    struct session_table *table = &s->table;
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct session *session = get(s, table->keys[i]);
        if (session != NULL && !session->left) {
            table->keys[count++] = table->keys[i];
        }
    }
    for (uint32_t i = 0; i < s->count; i++) {
        const struct session *session = &s->all[i];
        if (!session->left && session->place == 0) {
            table->keys[count++] = session->key;
        }
    }
    table->count = count;
    session_table_seal(table);
    set_places(s);
}

// Who is in it is there, and who was known from another table alone is not. They are learned so by
// an actord that has just come.
static void adopt_table(struct sessions *s, int64_t now_ns)
{
    s->table = s->coming;
    for (uint32_t i = 0; i < s->table.count; i++) {
        session_key key = s->table.keys[i];
        struct session *session = get(s, key) != NULL ? NULL : add(s, key);
        if (session != NULL) {
            session->heard_ns = now_ns;
            session->hearsay = true;
        }
    }
    set_places(s);
    for (uint32_t i = s->count; i-- > 0;) {
        if (s->all[i].hearsay && s->all[i].place == 0) {
            drop(s, &s->all[i]);
        }
    }
    s->want_due_ns = NEVER;
}

// --- What the others tell ------------------------------------------------------------------------

static void hear_asked(struct sessions *s, int64_t now_ns, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->key_count; i++) {
        struct session *session = get(s, wire->keys[i]);
        if (session == NULL) {
            session = add(s, wire->keys[i]);
        }
        // Of one that has left here this is older.
        if (session != NULL && !session->left) {
            session->heard_ns = now_ns;
            session->hearsay = false;
        }
    }
}

static void hear_left(struct sessions *s, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->key_count; i++) {
        struct session *session = get(s, wire->keys[i]);
        if (session != NULL) {
            drop(s, session);
        }
    }
}

static bool is_table(const struct session_table *table, const struct wire *wire)
{
    return table->count == wire->count && table->digest == wire->digest;
}

static void want_table(struct sessions *s, int64_t now_ns, const struct wire *wire)
{
    int64_t again_ns = s->wanted_ns + s->times.period_ns;
    if (!is_table(&s->coming, wire)) {
        session_table_begin(&s->coming, wire->count, wire->digest);
    }
    if (s->want_due_ns == NEVER) {
        s->want_due_ns = again_ns > now_ns ? again_ns : now_ns;
    }
}

static bool is_leader(const struct sessions *s, const char *who)
{
    return s->placed && !s->leads && strcmp(s->leader, who) == 0;
}

// Another leads elsewhere, or did, and clients may have places from it.
static void hear_rival(struct sessions *s, int64_t now_ns, const struct wire *wire)
{
    if (s->leads) {
        s->settled_from_ns = now_ns + s->times.settle_ns;
        s->told_settled = false;
        s->table_due_ns = now_ns;
    } else if (!s->placed && !(wire->settled && is_table(&s->table, wire))) {
        s->kept = false;
    }
}

static bool has_my_times(const struct sessions *s, const struct wire *wire)
{
    return wire->timeout_ms == (uint32_t)(s->times.timeout_ns / MS_NS) &&
           wire->settle_ms == (uint32_t)(s->times.settle_ns / MS_NS);
}

static bool hear_table(struct sessions *s, int64_t now_ns, const char *who, const struct wire *wire)
{
    if (!is_leader(s, who)) {
        hear_rival(s, now_ns, wire);
        return true;
    }
    s->leader_told_ns = now_ns;
    if (wire->view != s->view || now_ns < s->quiet_until_ns) {
        return true;
    }
    s->told_settled = wire->settled && is_table(&s->table, wire) && has_my_times(s, wire);
    s->told_ns = now_ns;
    if (is_table(&s->table, wire)) {
        s->want_due_ns = NEVER;
    } else {
        want_table(s, now_ns, wire);
    }
    return has_my_times(s, wire);
}

static void hear_piece(struct sessions *s, int64_t now_ns, const char *who, const struct wire *wire)
{
    if (is_leader(s, who) && s->want_due_ns != NEVER && is_table(&s->coming, wire) &&
        session_table_take(&s->coming, wire->first, wire->keys, wire->key_count)) {
        adopt_table(s, now_ns);
    }
}

static void hear_want(struct sessions *s, int64_t now_ns, const struct wire *wire)
{
    int64_t again_ns = s->pieces_told_ns + s->times.period_ns / 2;
    if (s->leads && wire->digest == s->table.digest && s->pieces_due_ns == NEVER) {
        s->pieces_due_ns = again_ns > now_ns ? again_ns : now_ns;
    }
}

bool sessions_heard(struct sessions *s, int64_t now_ns, const char *who, const void *bytes,
                    size_t len)
{
    struct wire wire;
    if (!wire_read(&wire, bytes, len)) {
        return true;
    }
    note_time(s, now_ns);
    switch (wire.kind) {
    case WIRE_ASKED:
        hear_asked(s, now_ns, &wire);
        break;
    case WIRE_LEFT:
        hear_left(s, &wire);
        break;
    case WIRE_TABLE:
        return hear_table(s, now_ns, who, &wire);
    case WIRE_PIECE:
        hear_piece(s, now_ns, who, &wire);
        break;
    case WIRE_WANT:
        hear_want(s, now_ns, &wire);
        break;
    }
    return true;
}

// --- Telling the others --------------------------------------------------------------------------

struct teller {
    size_t room;
    sessions_tell_fn *tell;
    void *context;
    struct wire wire; // the packet that is being filled
};

static void tell_wire(struct teller *to)
{
    uint8_t bytes[WIRE_BYTES_MAX];
    size_t len = wire_write(&to->wire, bytes);
    to->tell(to->context, bytes, len);
    to->wire.key_count = 0;
}

static void tell_key(struct teller *to, session_key key)
{
    to->wire.keys[to->wire.key_count++] = key;
    if (to->wire.key_count == wire_keys_max(to->room)) {
        tell_wire(to);
    }
}

static void tell_owed(struct sessions *s, struct teller *to, bool left)
{
    to->wire.kind = left ? WIRE_LEFT : WIRE_ASKED;
    to->wire.key_count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->all[i].owed > 0 && s->all[i].left == left) {
            tell_key(to, s->all[i].key);
        }
    }
    if (to->wire.key_count > 0) {
        tell_wire(to);
    }
}

static void tell_batch(struct sessions *s, int64_t now_ns, struct teller *to)
{
    bool again = false;
    tell_owed(s, to, false);
    tell_owed(s, to, true);
    for (uint32_t i = s->count; i-- > 0;) {
        struct session *session = &s->all[i];
        session->owed = session->owed > 0 ? session->owed - 1 : 0;
        again |= session->owed > 0;
        if (session->left && session->owed == 0) {
            drop(s, session);
        }
    }
    s->batch_told_ns = now_ns;
    s->batch_due_ns = again ? now_ns + s->times.batch_ns : NEVER;
}

static void tell_table(struct sessions *s, int64_t now_ns, struct teller *to)
{
    to->wire.kind = WIRE_TABLE;
    to->wire.view = s->view;
    to->wire.timeout_ms = (uint32_t)(s->times.timeout_ns / MS_NS);
    to->wire.settle_ms = (uint32_t)(s->times.settle_ns / MS_NS);
    to->wire.settled = s->told_settled;
    to->wire.count = s->table.count;
    to->wire.digest = s->table.digest;
    tell_wire(to);
    s->table_due_ns = s->table.count > 0 ? now_ns + s->times.period_ns : NEVER;
}

static void tell_pieces(struct sessions *s, int64_t now_ns, struct teller *to)
{
    to->wire.kind = WIRE_PIECE;
    to->wire.digest = s->table.digest;
    to->wire.count = s->table.count;
    to->wire.key_count = 0;
    for (uint32_t i = 0; i < s->table.count; i++) {
        if (to->wire.key_count == 0) {
            to->wire.first = i;
        }
        tell_key(to, s->table.keys[i]);
    }
    if (to->wire.key_count > 0 || s->table.count == 0) {
        to->wire.first = s->table.count - to->wire.key_count;
        tell_wire(to);
    }
    s->pieces_told_ns = now_ns;
    s->pieces_due_ns = NEVER;
}

static void tell_want(struct sessions *s, int64_t now_ns, struct teller *to)
{
    to->wire.kind = WIRE_WANT;
    to->wire.digest = s->coming.digest;
    tell_wire(to);
    s->wanted_ns = now_ns;
    s->want_due_ns = now_ns + s->times.period_ns;
}

// --- What is due ---------------------------------------------------------------------------------

static void lead(struct sessions *s, int64_t now_ns)
{
    if (!session_sum_equal(&s->living, &s->table.sum)) {
        make_table(s);
        s->settled_from_ns = now_ns + s->times.settle_ns;
        s->told_settled = false;
        s->table_due_ns = now_ns;
    }
    if (now_ns >= s->settled_from_ns) {
        s->table_due_ns = s->told_settled ? s->table_due_ns : now_ns;
        s->told_settled = times_fit(s);
        s->told_ns = now_ns;
    }
}

void sessions_step(struct sessions *s, int64_t now_ns, size_t room, sessions_tell_fn *tell,
                   void *context)
{
    struct teller to = {.room = room, .tell = tell, .context = context};
    note_time(s, now_ns);
    expire(s, now_ns);
    if (s->living.count == 0) {
        s->leader_told_ns = now_ns; // it has nothing to tell of
    }
    if (s->leads && now_ns >= s->quiet_until_ns) {
        lead(s, now_ns);
    }
    if (room < WIRE_BYTES_MIN) {
        return;
    }
    if (now_ns >= s->batch_due_ns) {
        tell_batch(s, now_ns, &to);
    }
    if (now_ns >= s->table_due_ns && now_ns >= s->quiet_until_ns) {
        tell_table(s, now_ns, &to);
    }
    if (now_ns >= s->pieces_due_ns) {
        tell_pieces(s, now_ns, &to);
    }
    if (now_ns >= s->want_due_ns) {
        tell_want(s, now_ns, &to);
    }
}

const char *sessions_silent_leader(const struct sessions *s, int64_t now_ns)
{
    bool should_tell = s->placed && !s->leads && s->living.count > 0;
    return should_tell && now_ns - s->leader_told_ns > s->times.settle_ns ? s->leader : NULL;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// Often enough to tell a sleep from a late step.
int64_t sessions_due_ns(const struct sessions *s)
{
    int64_t due_ns = earlier(s->batch_due_ns, s->table_due_ns);
    due_ns = earlier(due_ns, earlier(s->pieces_due_ns, s->want_due_ns));
    return earlier(due_ns, s->step_ns + s->times.late_ns / 2);
}
