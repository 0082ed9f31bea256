/* SPDX-License-Identifier: MIT */
/* The slot protocol (PROTOCOL.md) of three nodes in discrete time, for spin: at most one node is
   tagged (I1), and tag and untag alternate (I5), whatever the latencies within their bound, and
   whenever nodes start or are killed. README.md says what is left out; `run` checks it. */

#define N 3 /* of two nodes the one with the lower number is the better (P1) */

/* --- What a run chooses: -DNAME=VALUE ------------------------------------------------------- */

#ifndef GAP
#define GAP 2 /* in ticks, even */
#endif
#ifndef CYCLE
#define CYCLE (3 * GAP)
#endif
#ifndef LATENCY
#define LATENCY (GAP - 1) /* the longest */
#endif
#ifndef RING
#define RING N /* the parameter `nodes`, 2 or 3 */
#endif
#ifndef STEADY
#define STEADY 0 /* nodes that stand on one ring at the beginning, */
#endif
#ifndef OUTSIDERS
#define OUTSIDERS 0 /* and so many that know it, and are known to it; the others are down */
#endif
#ifndef STARTS
#define STARTS 0 /* how many nodes may be started, at any time, */
#endif
#ifndef KILLS
#define KILLS 0 /* and killed */
#endif
#ifndef BEACONS
#define BEACONS FOREVER /* the run is over when as many have been sent */
#endif

#ifdef TOGETHER /* all STARTS nodes are started in the first tick */
#define ALL_STARTED (starts == 0)
#else
#define ALL_STARTED true
#endif

/* A rule broken on purpose, to see that it is missed: -DBROKEN=NAME. */
#define NO_PENDING 1      /* the tag comes without the pending gap */
#define NO_R2 2           /* R2: a beacon after mine is not heeded */
#define ALWAYS_WILLING 3  /* R2: the tag is kept however early the next turn comes */
#define KEPT_TAG 4        /* R2: a tag that is kept beside the next turn does not end by itself */
#define OWN_IS_BETTER 5   /* P1: everybody finds its own beacon the better one */
#define PLACE_0_EARLY 6   /* D1: place 0 speaks half a gap too early */
#define NO_QUIET_JOIN 7   /* J1: a newcomer may speak before it has listened */
#define NO_SLACK 8        /* a tag ends after all else in its tick */
#define UNTAG_UNSAID 9    /* the end of a tag is not reported */
#define UNTAG_UNDUE 10    /* an end is reported though the node was only pending */
#define RENEWAL_IS_TAG 11 /* D3: a renewal is reported as a tag */
#define NO_LONE 12        /* P1: who knows of nobody gives way to no ring */
#ifndef BROKEN
#define BROKEN 0
#endif

/* --- Words ---------------------------------------------------------------------------------- */

#define NONE N /* no node; the end of a ring */
#define FOREVER 255
#define NEVER 255
#define UNDER_WAY 8 /* messages at once; asserted */
#define TURNS 3     /* remembered for R6, the present one among them */
#define LISTEN_MIN (BROKEN == NO_QUIET_JOIN -> 0 : 5 * GAP / 2)
#define LISTEN_MAX (7 * GAP / 2)
#define WILLING_WAIT (CYCLE - (BROKEN == PLACE_0_EARLY -> 3 * GAP / 2 : GAP))
#define PLACE_1 (CYCLE + 3 * GAP / 2)
#define LAST_RESORT (CYCLE + 5 * GAP / 2)
#define AGE_MAX (LAST_RESORT + CYCLE)
#define OVER (CYCLE - 2 * GAP)          /* R2 to R4, R6 */
#define PERIOD 2                        /* of E1's choice among up to two outsiders */
#define FULL_FOR (RING < N -> RING : 0) /* E1: turns without an entry; no outsiders, no need */
#define MISSES_MAX 2                    /* E1 */
#define NEVER_HEARD 3                   /* in the place of misses */

mtype:phase = { DOWN, LISTENING, RUNNING };
mtype:hold = { FREE, PENDING, TAGGED, RENEWING };
mtype:message = { EMPTY, INIT, BEACON, HIST };
mtype:verdict = { IGNORE, OVERTAKEN, DEFEND, JOIN, STANDS, STANDS_NEXT, FOLLOW, AGAIN, WILLING,
    MISSED, ISLANDS_WON, ISLANDS_LOST, ISLANDS_SILENT };
mtype:event = { START, START_DEAF, KILL, LISTENED, TIMERS, HEAR, TICK };

typedef Ring {
    byte id[N] /* filled up with NONE */
}

typedef Node {
    mtype:phase phase;
    mtype:hold hold;
    Ring ring, before;        /* `before`: before the head spoke (R4) */
    byte entry, entry_before; /* E1: who entered last, */
    byte turns, turns_before; /* and how many turns ago; */
    bit seen, seen_before;    /* not assumed */
    byte expected;            /* E1 */
    byte fresh;               /* E1: a set, those first heard in this slot */
    byte misses[N];           /* E1: how often an expected node kept silent */
    byte age;                 /* since the head was heard; since the listening began */
    bit by_beacon;            /* so it was heard (R1 to R3) */
    bit again;                /* its last turn was the one before (R4) */
    bit lone;                 /* it named nobody but itself (P1) */
    byte wait;                /* D1: this node speaks at this age */
    bit quiet;                /* D2: nothing heard since the last own beacon, or the start */
    byte tag_left;
    byte answer_left; /* a hist that waits, */
    Ring answer;      /* what it says, */
    bit answer_old;   /* of a ring that was mine (R7), or that is mine (J1) */
    byte hist_age;    /* since the last hist about the head */
    byte turn_of[TURNS], turn_after[TURNS], turn_age[TURNS] /* R6, the newest first */
}

typedef Message {
    mtype:message type;
    byte from, to, age; /* to: a set, those that have not heard it yet */
    Ring history
}

Node n[N];
Message msg[UNDER_WAY]; /* the oldest first, then by sender; no holes */
Ring nobody;
byte starts, kills, beacons;

/* What the programs were told: the set of those that lead. Only I1 and I5 look at it. */
byte led;

/* The message that is being heard, and what comes of it. Without meaning between two steps, as all
   that is hidden. */
hidden mtype:message type;
hidden mtype:verdict verdict;
hidden Ring h;
hidden byte sender, shared; /* shared: where my head stands in h */

hidden byte place, count, found, skipped, fades, was_on, stagger, by, prior, c, j, k;
hidden byte sure;    /* E1: in the turn that ends it is known whom all expected */
hidden byte goes_on; /* the turn that begins comes after one of the same node's own */
hidden byte young;   /* there was not the time for all the turns that are followed (R6) */
hidden byte came;    /* to COMES_TO */
hidden Ring rest;

/* --- I1 and I5 ------------------------------------------------------------------------------ */

inline report_tag(i)
{
    printf("node %d: tag\n", i);
    assert(!(led >> i & 1)); /* I5 */
    led = led | 1 << i;
    assert(led == 1 << i) /* I1 */
}

inline report_renew(i)
{
    printf("node %d: renew\n", i);
    assert(led >> i & 1); /* I5 */
    if
    :: BROKEN == RENEWAL_IS_TAG -> report_tag(i)
    :: else
    fi
}

inline report_untag(i)
{
    printf("node %d: untag\n", i);
    assert(led >> i & 1); /* I5 */
    led = (BROKEN == UNTAG_UNSAID -> led : led & ~(1 << i))
}

/* --- Rings ---------------------------------------------------------------------------------- */

#define AT(ring_, at) ((at) < N -> ring_.id[(at) % N] : NONE)

inline find(ring_, id_, at) /* its place, or NONE; NONE itself is found at the end */
{
    at = 0;
    do
    :: at < N && ring_.id[at] != id_ -> at++
    :: else -> break
    od
}

inline copy(to_, from_)
{
    for (k : 0 .. N - 1) {
        to_.id[k] = from_.id[k]
    }
}

inline move_to_front(ring_, id_)
{
    find(ring_, NONE, count);
    find(ring_, id_, place);
    fades = place + 1 < count; /* R8: it was on the ring, but not last */
    if
    :: place == NONE -> place = count; count++
    :: else
    fi;
    k = place;
    do
    :: k > 0 -> ring_.id[k] = ring_.id[k - 1]; k--
    :: else -> break
    od;
    ring_.id[0] = id_;
    count = (count - fades < RING -> count - fades : RING);
    for (k : 0 .. N - 1) {
        ring_.id[k] = (k < count -> ring_.id[k] : NONE)
    }
}

/* --- Messages ------------------------------------------------------------------------------- */

inline move_message(to_, from_)
{
    msg[to_].type = msg[from_].type;
    msg[to_].from = msg[from_].from;
    msg[to_].to = msg[from_].to;
    msg[to_].age = msg[from_].age;
    copy(msg[to_].history, msg[from_].history)
}

inline send(i, type_, ring_)
{
    assert(msg[UNDER_WAY - 1].type == EMPTY);
    j = UNDER_WAY - 1;
    do
    :: j > 0 && (msg[j - 1].type == EMPTY || (msg[j - 1].age == 0 && msg[j - 1].from > i)) ->
        move_message(j, j - 1);
        j--
    :: else -> break
    od;
    msg[j].type = type_;
    msg[j].from = i;
    msg[j].to = ((1 << N) - 1) & ~(1 << i);
    msg[j].age = 0;
    copy(msg[j].history, ring_);
    printf("node %d sends %e: %d %d %d\n", i, msg[j].type, ring_.id[0], ring_.id[1], ring_.id[2])
}

inline remove(m)
{
    j = m;
    do
    :: j + 1 < UNDER_WAY && msg[j + 1].type != EMPTY -> move_message(j, j + 1); j++
    :: else -> break
    od;
    msg[j].type = EMPTY;
    msg[j].from = 0;
    msg[j].to = 0;
    msg[j].age = 0;
    copy(msg[j].history, nobody)
}

inline was_heard(m, i) /* or never will be */
{
    msg[m].to = msg[m].to & ~(1 << i);
    if
    :: msg[m].type != EMPTY && msg[m].to == 0 -> remove(m)
    :: else
    fi
}

/* --- Whose turn comes when ------------------------------------------------------------------ */

#define HEAD(i) n[i].ring.id[0]
#define PENDS(i) (n[i].hold == PENDING || n[i].hold == RENEWING)
#define HOLDS(i) (n[i].hold == TAGGED || n[i].hold == RENEWING)
#define IS_CANDIDATE(i, id_) \
    (place == NONE && !(n[i].fresh >> id_ & 1) && (id_ == i || n[i].misses[id_] < MISSES_MAX))

inline next_outsider(i, passed) /* found: how many were passed, if there were not enough */
{
    found = 0;
    for (k : 1 .. N) {
        c = (n[i].entry + k) % N;
        find(n[i].ring, c, place);
        if
        :: IS_CANDIDATE(i, c) && found == passed -> n[i].expected = c; break
        :: IS_CANDIDATE(i, c) && found < passed -> found++
        :: else
        fi
    }
}

inline expect(i) /* E1 */
{
    n[i].expected = NONE;
    find(n[i].ring, NONE, count);
    skipped = n[i].turns;
    if
    :: count == RING && skipped < FULL_FOR
    :: else ->
        skipped = (count == RING -> skipped - FULL_FOR : skipped);
        next_outsider(i, skipped);
        if
        :: n[i].expected == NONE && found > 0 ->
            skipped = skipped % found;
            next_outsider(i, skipped)
        :: else
        fi
    fi
}

inline plan(i) /* D1 */
{
    find(n[i].ring, NONE, count);
    find(n[i].ring, i, place);
    c = (place < count -> count - 1 - place : 0) + (n[i].expected != NONE); /* in the line */
    if
    :: place == 0 -> n[i].wait = LAST_RESORT + 1
    :: n[i].expected == i || (place > 0 && place != NONE && c == 0) -> n[i].wait = WILLING_WAIT
    :: n[i].expected != i && place > 0 && place != NONE && c > 0 ->
        assert(c == 1);
        n[i].wait = PLACE_1
    :: n[i].expected != i && place == NONE && count == 1 && !(n[i].fresh >> i & 1) ->
        assert(n[i].expected != NONE);
        n[i].wait = PLACE_1 /* behind a ring that may be about to end */
    :: else -> n[i].wait = LAST_RESORT + (count >= 2 -> CYCLE : 0)
    fi
}

inline forget_answer(i)
{
    n[i].answer_left = NEVER;
    n[i].answer_old = 0;
    copy(n[i].answer, nobody)
}

#define IS_SILENCE(i) (4 * n[i].age >= 4 * CYCLE + GAP) /* E1: place 0 has let its time pass */

inline start_turn(i, is_next)
{
    c = n[i].expected;
    if
    :: is_next && sure && IS_SILENCE(i) && c != NONE && c != HEAD(i) &&
        n[i].misses[c] < MISSES_MAX -> n[i].misses[c]++
    :: else
    fi;
    if
    :: is_next && verdict == JOIN && type == HIST -> n[i].fresh = 1 << i /* E1 */
    :: is_next && (verdict != JOIN || type != HIST) -> n[i].fresh = 0
    :: else
    fi;
    n[i].age = 0;
    n[i].by_beacon = type == BEACON;
    n[i].again = goes_on && type == BEACON;
    n[i].lone = h.id[1] == NONE;
    n[i].hist_age = (type == HIST && verdict != JOIN -> 0 : 2 * GAP);
    forget_answer(i);
    expect(i);
    plan(i)
}

/* --- A turn is followed --------------------------------------------------------------------- */

inline note_entry(i, newest, on_ring) /* E1 */
{
    if
    :: on_ring ->
        n[i].turns++;
        n[i].turns = (n[i].turns == FULL_FOR + PERIOD -> FULL_FOR : n[i].turns)
    :: else ->
        n[i].entry = newest;
        n[i].seen = 1;
        n[i].turns = 0
    fi
}

inline remember_turn(i, who, whom, ago) /* R6: so many turns ago, each as short as can be */
{
    k = TURNS - 1;
    do
    :: k > 0 ->
        n[i].turn_of[k] = n[i].turn_of[k - 1];
        n[i].turn_after[k] = n[i].turn_after[k - 1];
        n[i].turn_age[k] = n[i].turn_age[k - 1];
        k--
    :: else -> break
    od;
    n[i].turn_of[0] = who;
    n[i].turn_after[0] = whom;
    n[i].turn_age[0] = (ago > 0 -> OVER : 0)
}

inline follow(i, speaker, predecessor, ago)
{
    copy(n[i].before, n[i].ring);
    n[i].entry_before = n[i].entry;
    n[i].turns_before = n[i].turns;
    n[i].seen_before = n[i].seen;
    find(n[i].ring, speaker, place);
    note_entry(i, speaker, place != NONE);
    if
    :: verdict == AGAIN
    :: else -> move_to_front(n[i].ring, speaker)
    fi;
    remember_turn(i, speaker, predecessor, ago)
}

inline forget_before_head(i)
{
    for (k : 0 .. N - 1) {
        n[i].before.id[k] = AT(n[i].ring, k + 1)
    }
}

inline take_ring(i) /* J1, R7 */
{
    copy(n[i].ring, h);
    n[i].entry = h.id[0];
    n[i].entry_before = h.id[0];
    n[i].turns = 0;
    n[i].turns_before = 0;
    n[i].seen = 0;
    n[i].seen_before = 0;
    forget_before_head(i);
    find(h, NONE, c);
    do
    :: c > 0 ->
        c--;
        prior = AT(h, c + 1);
        if
        :: prior != NONE || h.id[1] == NONE -> remember_turn(i, h.id[c], prior, c)
        :: else
        fi
    :: else -> break
    od
}

inline fill_up(ring_) /* from the rest */
{
    find(ring_, NONE, count);
    for (j : 0 .. N - 1) {
        c = rest.id[j];
        find(ring_, c, place);
        if
        :: c != NONE && place == NONE && count < RING -> ring_.id[count] = c; count++
        :: else
        fi
    }
}

#define IS_R1(i) (h.id[0] == HEAD(i))
#define BEGINS_MINE(i) \
    ((h.id[1] == NONE || h.id[1] == n[i].ring.id[1]) && \
        (h.id[2] == NONE || h.id[2] == n[i].ring.id[2]))

inline replace_head(i) /* R4, R5: the new one stands */
{
    find(n[i].before, h.id[0], place);
    was_on = place != NONE;
    n[i].entry = n[i].entry_before;
    n[i].turns = n[i].turns_before;
    n[i].seen = n[i].seen_before;
    copy(rest, n[i].ring);
    if
    :: h.id[0] == n[i].before.id[0] || h.id[1] == n[i].before.id[0] ->
        copy(n[i].ring, n[i].before);
        if
        :: IS_R1(i) && BEGINS_MINE(i) /* a renewal; the ring stays as it is */
        :: else -> move_to_front(n[i].ring, h.id[0])
        fi
    :: else ->
        copy(n[i].ring, h);
        if
        :: type == BEACON -> fill_up(n[i].ring)
        :: else
        fi;
        forget_before_head(i)
    fi;
    note_entry(i, h.id[0], was_on);
    remember_turn(i, h.id[0], h.id[1], 0)
}

inline give_up(i) /* untag by hand-over, or detag */
{
    if
    :: HOLDS(i) || (PENDS(i) && BROKEN == UNTAG_UNDUE) -> report_untag(i)
    :: else
    fi;
    n[i].hold = FREE;
    n[i].tag_left = 0
}

/* --- What is heard: first what to make of it ------------------------------------------------ */

#define IS_LONE (h.id[1] == NONE)
#define BY_LONE(i) (IS_LONE != n[i].lone && BROKEN != NO_LONE) /* P1: that settles it */
#define BETTER(i) \
    ((BY_LONE(i) -> n[i].lone : h.id[0] < HEAD(i)) && !(BROKEN == OWN_IS_BETTER && HEAD(i) == i))
#define FOLLOWS_THE_SAME(i) \
    (h.id[0] == n[i].ring.id[1] -> n[i].before.id[1] != HEAD(i) : AT(h, 2) == n[i].ring.id[1])
#define EARLY(i) /* H5: it may have been told that the head is gone */ \
    ((type == BEACON && n[i].age >= 2 * GAP) || \
        (n[i].age >= GAP && !n[i].again && FOLLOWS_THE_SAME(i)))
#define CROSSED(i) (h.id[1] == HEAD(i) && n[i].by_beacon && n[i].age < OVER && !EARLY(i))
#define IS_R2(i) (h.id[1] == HEAD(i) && !CROSSED(i))
#define IS_WILLING(i) \
    (HEAD(i) == i && !PENDS(i) && type == BEACON && \
        (n[i].age >= CYCLE - GAP || BROKEN == ALWAYS_WILLING))
#define IS_R3(i) \
    (shared >= 2 && shared < N && h.id[1] != n[i].ring.id[1] && \
        (AT(h, shared + 1) == NONE || AT(h, shared + 1) == n[i].ring.id[1]) && \
        (!n[i].by_beacon || n[i].age >= OVER))
#define SAME_BEFORE(i) (h.id[1] == n[i].ring.id[1] && !(h.id[1] == NONE && n[i].again))
#define STRONG(i) (SAME_BEFORE(i) || CROSSED(i))
#define WEAK(i) (SAME_BEFORE(i) || h.id[0] == n[i].ring.id[1])
#define BEGINS_ALONE(i) (IS_LONE && !n[i].lone && n[i].age <= CYCLE + 5 * GAP / 2)
#define IS_NEXT(i) (type == BEACON && n[i].age >= OVER && !BEGINS_ALONE(i))
#define WAS(i, back) \
    (n[i].turn_of[back] == h.id[0] && n[i].turn_after[back] == h.id[1] && \
        (type == HIST || n[i].turn_age[back] < OVER))
#define IS_R6(i) (WAS(i, 1) || WAS(i, 2) || (type == HIST && CROSSED(i) && !n[i].again))
#define IS_R5(i) \
    (PENDS(i) && BETTER(i) && (STRONG(i) || WEAK(i) || IS_R6(i)) && \
        !(h.id[0] == n[i].before.id[0] && h.id[1] == n[i].before.id[1]))
#define IS_SILENT(i) (n[i].age > CYCLE + 3 * GAP)

inline judge_r1(i)
{
    assert(!n[i].by_beacon || n[i].age >= GAP); /* nothing is delivered twice */
    if
    :: BEGINS_MINE(i) && !n[i].by_beacon && n[i].age < GAP -> verdict = OVERTAKEN
    :: BEGINS_MINE(i) && (n[i].by_beacon || n[i].age >= GAP) -> verdict = AGAIN
    :: else -> verdict = FOLLOW
    fi
}

inline judge_r2(i)
{
    if
    :: BROKEN == NO_R2 -> verdict = IGNORE
    :: BROKEN != NO_R2 && IS_WILLING(i) -> verdict = WILLING
    :: else -> verdict = FOLLOW
    fi
}

inline judge_r4(i)
{
    if
    :: IS_NEXT(i) -> verdict = STANDS_NEXT
    :: !IS_NEXT(i) && BETTER(i) -> verdict = STANDS
    :: else -> verdict = (type == BEACON && HEAD(i) == i -> DEFEND : IGNORE)
    fi
}

inline judge_r6_weak_r7(i)
{
    if
    :: IS_R6(i) -> verdict = IGNORE
    :: !IS_R6(i) && WEAK(i) -> judge_r4(i)
    :: !IS_R6(i) && !WEAK(i) && BETTER(i) -> verdict = ISLANDS_LOST
    :: else -> verdict = (type == BEACON && IS_SILENT(i) -> ISLANDS_SILENT : ISLANDS_WON)
    fi
}

inline judge_beacon(i)
{
    if
    :: IS_R1(i) ->
        judge_r1(i)
    :: !IS_R1(i) && IS_R2(i) -> judge_r2(i)
    :: !IS_R1(i) && !IS_R2(i) && IS_R3(i) -> verdict = MISSED
    :: !IS_R1(i) && !IS_R2(i) && !IS_R3(i) && STRONG(i) -> judge_r4(i)
    :: else -> judge_r6_weak_r7(i)
    fi
}

inline judge_hist(i)
{
    if
    :: IS_R1(i) -> verdict = IGNORE
    :: !IS_R1(i) && IS_R2(i) -> verdict = FOLLOW
    :: !IS_R1(i) && !IS_R2(i) && IS_R5(i) -> verdict = STANDS
    :: !IS_R1(i) && !IS_R2(i) && !IS_R5(i) && IS_R6(i) -> verdict = IGNORE
    :: !IS_R1(i) && !IS_R2(i) && !IS_R5(i) && !IS_R6(i) && IS_R3(i) -> verdict = MISSED
    :: !IS_R1(i) && !IS_R2(i) && !IS_R5(i) && !IS_R6(i) && !IS_R3(i) && STRONG(i) -> judge_r4(i)
    :: else -> judge_r6_weak_r7(i)
    fi
}

/* --- Then what it does ---------------------------------------------------------------------- */

#define KEEPS_HEAD \
    (verdict == IGNORE || verdict == OVERTAKEN || verdict == DEFEND || verdict == ISLANDS_WON)
#define ANSWERS_ALREADY(i) (n[i].answer_old && n[i].answer.id[0] == rest.id[0])
#define TAKES_RING (verdict == JOIN || verdict == ISLANDS_LOST || verdict == ISLANDS_SILENT)
#define REPLACES_HEAD (verdict == STANDS || verdict == STANDS_NEXT)
#define ISLANDS (verdict == ISLANDS_WON || (TAKES_RING && verdict != JOIN))

inline prepare_answer(i) /* R7: of the ring that is mine now */
{
    copy(rest, n[i].ring);
    find(rest, i, place);
    stagger =
        (place != NONE && n[i].hist_age >= 2 * GAP -> GAP - (GAP >> place) : NEVER)
}

inline change_ring(i)
{
    if
    :: TAKES_RING -> take_ring(i)
    :: REPLACES_HEAD -> replace_head(i)
    :: else ->
        shared = (verdict == MISSED -> shared : 1);
        young = n[i].by_beacon && n[i].age < shared * OVER;
        do
        :: shared > 0 ->
            shared--;
            by = h.id[shared];
            prior = AT(h, shared + 1);
            follow(i, by, prior, (young && shared > 0 -> shared - 1 : shared))
        :: else -> break
        od
    fi
}

inline carry_out(i)
{
    if
    :: KEEPS_HEAD || verdict == WILLING
    :: else -> give_up(i)
    fi;
    if
    :: ISLANDS -> prepare_answer(i)
    :: else -> stagger = NEVER
    fi;
    if
    :: verdict == OVERTAKEN -> n[i].age = 0; n[i].by_beacon = 1
    :: verdict == DEFEND && n[i].hist_age >= 2 * GAP ->
        n[i].hist_age = 0;
        send(i, HIST, n[i].ring)
    :: !KEEPS_HEAD ->
        sure = n[i].seen && verdict != MISSED;
        goes_on = h.id[0] == (REPLACES_HEAD -> n[i].before.id[0] : HEAD(i));
        change_ring(i);
        start_turn(i, verdict != STANDS)
    :: else
    fi;
    if
    :: stagger != NEVER && !ANSWERS_ALREADY(i) ->
        n[i].answer_left = stagger;
        n[i].answer_old = 1;
        copy(n[i].answer, rest)
    :: else
    fi
}

inline note_sender(i)
{
    n[i].quiet = 0;
    if
    :: type == INIT || n[i].misses[sender] == NEVER_HEARD ->
        n[i].fresh = (type == HIST -> n[i].fresh : n[i].fresh | 1 << sender)
    :: else
    fi;
    n[i].misses[sender] = (type == HIST -> n[i].misses[sender] : 0)
}

inline note_hist(i)
{
    if
    :: type == HIST && n[i].phase == RUNNING && h.id[0] == HEAD(i) -> n[i].hist_age = 0
    :: else
    fi;
    if
    :: type == HIST && h.id[0] == n[i].answer.id[0] && (n[i].answer_old || HEAD(i) != i) ->
        forget_answer(i)
    :: else
    fi
}

inline hear_init(i) /* J1: the newcomer is told of the ring */
{
    find(n[i].ring, i, place);
    if
    :: n[i].phase == RUNNING && place != NONE && n[i].answer_left == NEVER ->
        stagger = GAP - (GAP >> place);
        n[i].answer_left =
            (n[i].hist_age + stagger < GAP -> GAP - n[i].hist_age : stagger);
        copy(n[i].answer, n[i].ring)
    :: else
    fi
}

/* Cases that cut across the verdicts, for -DCOMES_TO=NAME. */
#define CROSSED_MINE (type == BEACON && HEAD(node) == node && CROSSED(node))
#define CROSSED_ANOTHERS (type == BEACON && HEAD(node) != node && CROSSED(node))
#define HIST_CROSSED (type == HIST && CROSSED(node))
#define TAKEN_FOR_EARLY \
    (h.id[1] == HEAD(node) && n[node].by_beacon && n[node].age < OVER && EARLY(node))
#define MISSED_YOUNG (verdict == MISSED && n[node].by_beacon && n[node].age < shared * OVER)
#define LONE_AFTER_TURN (type == BEACON && n[node].age >= OVER && BEGINS_ALONE(node))
#define BETTER_BUT_LONE \
    (type == BEACON && n[node].phase == RUNNING && IS_LONE && !n[node].lone && h.id[0] < HEAD(node))
#define RENEWAL_STANDS (REPLACES_HEAD && h.id[0] == n[node].before.id[0])
#define PENDING_LEFT_TO_R7 (type == HIST && PENDS(node) && verdict == ISLANDS_LOST)

inline hear(i, m)
{
    type = msg[m].type;
    sender = msg[m].from;
    copy(h, msg[m].history);
    was_heard(m, i);
    note_sender(i);
    note_hist(i);
    find(h, HEAD(i), shared);
    verdict = IGNORE;
    if
    :: type == INIT -> hear_init(i)
    :: type != INIT && n[i].phase == LISTENING ->
        n[i].phase = RUNNING;
        verdict = JOIN
    :: type == BEACON && n[i].phase == RUNNING -> judge_beacon(i)
    :: type == HIST && n[i].phase == RUNNING -> judge_hist(i)
    fi;
    printf("node %d hears %e of %d: %d %d %d, %e\n", i, type, sender, h.id[0], h.id[1], h.id[2],
        verdict);
#ifdef REACH /* not a rule: the counterexample shows that the model comes this far */
    assert(verdict != REACH);
#endif
#ifdef COMES_TO /* nor this */
    came = (COMES_TO -> 1 : 0);
    assert(came == 0);
#endif
    carry_out(i)
}

/* --- Timers --------------------------------------------------------------------------------- */

#define MUST_STAND(i) \
    (n[i].hold == PENDING && n[i].age >= (BROKEN == NO_PENDING -> 0 : GAP))
#define MUST_ANSWER(i) (n[i].answer_left == 0)
#define MUST_SPEAK(i) (n[i].phase == RUNNING && n[i].age >= n[i].wait)
#define MUST_END(i) (HOLDS(i) && n[i].tag_left == 0)
#define MUST(i) (MUST_STAND(i) || MUST_ANSWER(i) || MUST_SPEAK(i) || MUST_END(i))

inline speak(i)
{
    type = BEACON;
    verdict = FOLLOW;
    sure = n[i].seen;
    goes_on = HEAD(i) == i;
    prior = HEAD(i);
    follow(i, i, prior, 0);
    copy(h, n[i].ring);
    start_turn(i, true);
    n[i].wait = (n[i].quiet -> CYCLE - GAP : n[i].wait); /* D2 */
    n[i].quiet = 1;
    n[i].hold = (n[i].hold == TAGGED -> RENEWING : PENDING);
    beacons = beacons + (BEACONS != FOREVER);
    send(i, BEACON, n[i].ring)
}

inline end_tag(i)
{
    if
    :: MUST_END(i) ->
        n[i].hold = (n[i].hold == RENEWING -> PENDING : FREE);
        report_untag(i)
    :: else
    fi
}

inline timers(i) /* in the engine's order */
{
    end_tag(i);
    if
    :: MUST_STAND(i) ->
        n[i].hold = TAGGED;
        n[i].tag_left = CYCLE - n[i].age;
        report_tag(i)
    :: else
    fi;
    if
    :: MUST_ANSWER(i) ->
        send(i, HIST, n[i].answer);
        n[i].hist_age = (n[i].answer.id[0] == HEAD(i) -> 0 : n[i].hist_age);
        forget_answer(i)
    :: else
    fi;
    if
    :: MUST_SPEAK(i) -> speak(i)
    :: else
    fi
}

/* --- Time ----------------------------------------------------------------------------------- */

inline grow(clock, limit)
{
    clock = (clock < limit -> clock + 1 : clock)
}

inline tick_tag(i)
{
    n[i].tag_left =
        n[i].tag_left - (HOLDS(i) && !(BROKEN == KEPT_TAG && HEAD(i) != i));
    if
    :: n[i].hold == RENEWING && n[i].age == GAP ->
        n[i].hold = TAGGED;
        n[i].tag_left = CYCLE - GAP;
        report_renew(i)
    :: else
    fi;
    if
    :: BROKEN != NO_SLACK -> end_tag(i)
    :: else
    fi
}

inline tick_node(i)
{
    grow(n[i].age, AGE_MAX);
    grow(n[i].hist_age, 2 * GAP);
    for (k : 0 .. TURNS - 1) {
        grow(n[i].turn_age[k], OVER)
    }
    n[i].answer_left = (n[i].answer_left != NEVER -> n[i].answer_left - 1 : NEVER);
    /* That is what the slack is for: the end of a tag, and the renewal two slacks before it, come
       before all else in their tick. */
    tick_tag(i)
}

inline tick()
{
    printf("--\n");
    for (c : 0 .. N - 1) {
        if
        :: n[c].phase != DOWN -> tick_node(c)
        :: else
        fi
    }
    c = UNDER_WAY;
    do
    :: c > 0 ->
        c--;
        if
        :: msg[c].type != EMPTY && msg[c].age == LATENCY -> remove(c) /* to nodes that are down */
        :: msg[c].type != EMPTY && msg[c].age < LATENCY -> msg[c].age++
        :: else
        fi
    :: else -> break
    od
}

/* --- Coming and going ----------------------------------------------------------------------- */

inline forget_all(i)
{
    n[i].phase = DOWN;
    n[i].hold = FREE;
    copy(n[i].ring, nobody);
    copy(n[i].before, nobody);
    n[i].entry = 0;
    n[i].entry_before = 0;
    n[i].turns = 0;
    n[i].turns_before = 0;
    n[i].seen = 0;
    n[i].seen_before = 0;
    n[i].expected = NONE;
    n[i].fresh = 0;
    n[i].age = 0;
    n[i].by_beacon = 0;
    n[i].again = 0;
    n[i].lone = 0;
    n[i].wait = 0;
    n[i].quiet = 0;
    n[i].tag_left = 0;
    forget_answer(i);
    n[i].hist_age = 2 * GAP;
    for (k : 0 .. N - 1) {
        n[i].misses[k] = NEVER_HEARD
    }
    for (k : 0 .. TURNS - 1) {
        n[i].turn_of[k] = NONE;
        n[i].turn_after[k] = NONE;
        n[i].turn_age[k] = OVER
    }
}

inline start(i)
{
    printf("node %d starts\n", i);
    starts--;
    n[i].phase = LISTENING;
    n[i].quiet = 1;
    send(i, INIT, nobody)
}

inline be_deaf(i) /* to what is under way already */
{
    c = UNDER_WAY;
    do
    :: c > 0 -> c--; was_heard(c, i)
    :: else -> break
    od
}

inline kill(i)
{
    printf("node %d is killed\n", i);
    kills--;
    led = led & ~(1 << i);
    forget_all(i)
}

/* With a ring that all have in mind; node 0, its last, is about to speak. */
inline be_steady(i)
{
    n[i].phase = RUNNING;
    for (k : 0 .. N - 1) {
        n[i].ring.id[k] = (k < STEADY -> (k + 1) % STEADY : NONE);
        n[i].misses[k] = (k < STEADY + OUTSIDERS -> 0 : NEVER_HEARD)
    }
    n[i].entry = N - 1;
    n[i].seen = 1;
    n[i].age = AGE_MAX;
    n[i].lone = STEADY == 1;
    n[i].wait = (i == 0 -> 0 : NEVER)
}

inline begin()
{
    for (k : 0 .. N - 1) {
        nobody.id[k] = NONE
    }
    for (c : 0 .. UNDER_WAY - 1) {
        msg[c].type = EMPTY;
        copy(msg[c].history, nobody)
    }
    for (c : 0 .. N - 1) {
        forget_all(c);
        if
        :: c < STEADY + OUTSIDERS -> be_steady(c)
        :: else
        fi
    }
    starts = STARTS;
    kills = KILLS;
    beacons = 0;
    led = 0
}

/* --- The world: one event after the other, in any order that time allows --------------------- */

#define IS_UP(i) (n[i].phase != DOWN)
#define UP (IS_UP(0) | IS_UP(1) << 1 | IS_UP(2) << 2)
#define WAITS(i) (MUST(i) || (n[i].phase == LISTENING && n[i].age >= LISTEN_MAX))
#define LATE(m) (msg[m].age == LATENCY && (msg[m].to & UP) != 0)
#define TIME_MAY_PASS \
    (ALL_STARTED && !WAITS(0) && !WAITS(1) && !WAITS(2) && !LATE(0) && \
        !LATE(1) && !LATE(2) && !LATE(3) && !LATE(4) && !LATE(5) && !LATE(6) && !LATE(7))

#define EVENT(event_, i, m) -> d_step { event = event_; node = i; which = m }
#define OF_NODE(i) \
    :: !IS_UP(i) && starts > 0 EVENT(START, i, 0) \
    :: !IS_UP(i) && starts > 0 EVENT(START_DEAF, i, 0) \
    :: IS_UP(i) && kills > 0 EVENT(KILL, i, 0) \
    :: n[i].phase == LISTENING && n[i].age >= LISTEN_MIN EVENT(LISTENED, i, 0) \
    :: MUST(i) EVENT(TIMERS, i, 0)
#define ARRIVAL(i, m) :: (msg[m].to >> i & 1) && IS_UP(i) EVENT(HEAR, i, m)
#define OF_MESSAGE(m) ARRIVAL(0, m) ARRIVAL(1, m) ARRIVAL(2, m)

active proctype world()
{
    mtype:event event = TICK;
    byte node, which;

    d_step { begin() }
    do
    :: atomic {
        if
        OF_NODE(0) OF_NODE(1) OF_NODE(2)
        OF_MESSAGE(0) OF_MESSAGE(1) OF_MESSAGE(2) OF_MESSAGE(3)
        OF_MESSAGE(4) OF_MESSAGE(5) OF_MESSAGE(6) OF_MESSAGE(7)
        :: TIME_MAY_PASS && beacons < BEACONS EVENT(TICK, 0, 0)
        :: TIME_MAY_PASS && beacons >= BEACONS -> d_step { begin() }; break /* one end for all */
        fi;
        d_step {
            if
            :: event == START -> start(node)
            :: event == START_DEAF -> be_deaf(node); start(node)
            :: event == KILL -> kill(node)
            :: event == LISTENED -> n[node].phase = RUNNING; speak(node)
            :: event == TIMERS -> timers(node)
            :: event == HEAR -> hear(node, which)
            :: event == TICK -> tick()
            fi;
            event = TICK;
            node = 0;
            which = 0
        }
    }
    od
}
