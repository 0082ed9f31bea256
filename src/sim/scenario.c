// SPDX-License-Identifier: MIT
#include "scenario.h"

#include "memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BEGIN_NS = NS_PER_S }; // of every world: its time when nothing has happened yet

// Of a node, while reading: deeds that cannot be done are found here.
enum {
    RUNNING = 1,
    FROZEN = 2,
    CUT_OFF = 4,
    UNLINKED = 8,
};

struct reader {
    struct scenario *scenario;
    struct lines lines;
    int next; // word
    unsigned states[SCENARIO_NODES];
    struct params params; // the last that were set
    int64_t cycle_min_ns;
    int64_t now_ns;    // of the last line that had a time; 0: none yet
    unsigned settings; // that stand already, by their places in the table
};

// What was found wrong; false, so that a reader can return it.
__attribute__((format(printf, 2, 3))) static bool fail(struct reader *r, const char *format, ...)
{
    va_list args;
    size_t room = sizeof r->scenario->why;
    int used = snprintf(r->scenario->why, room, "line %d: ", r->lines.number);
    va_start(args, format);
    vsnprintf(r->scenario->why + used, room - (size_t)used, format, args);
    va_end(args);
    return false;
}

// --- Words of a line ---------------------------------------------------------------------------

static char *take(struct reader *r)
{
    return r->next < r->lines.count ? r->lines.words[r->next++] : NULL;
}

static bool take_if(struct reader *r, const char *word)
{
    bool found = r->next < r->lines.count && strcmp(r->lines.words[r->next], word) == 0;
    r->next += found;
    return found;
}

static bool read_time(struct reader *r, int64_t *ns)
{
    const char *word = take(r);
    return (word != NULL && word_is_time(word, ns)) ||
           fail(r, "seconds are wanted, 0 to 1000000, not \"%.64s\"", word != NULL ? word : "");
}

static bool read_range(struct reader *r, struct latency *latency)
{
    const char *word = take(r);
    return (word != NULL && word_is_range(word, &latency->min_ns, &latency->max_ns)) ||
           fail(r, "seconds are wanted, or the shortest:the longest, not \"%.64s\"",
                word != NULL ? word : "");
}

static bool read_count(struct reader *r, uint64_t most, uint64_t *count)
{
    const char *word = take(r);
    return (word != NULL && word_is_count(word, most, count)) ||
           fail(r, "a whole number is wanted, at most %llu, not \"%.64s\"",
                (unsigned long long)most, word != NULL ? word : "");
}

static bool read_int(struct reader *r, int most, int *number)
{
    uint64_t count = 0;
    bool read = read_count(r, (uint64_t)most, &count);
    *number = (int)count;
    return read;
}

static bool read_value(struct reader *r, int *value)
{
    const char *word = take(r);
    uint64_t count = 0;
    if (word != NULL && strcmp(word, "null") == 0) {
        *value = -1;
        return true;
    }
    *value = word != NULL && word_is_count(word, UINT8_MAX, &count) ? (int)count : -1;
    return *value >= 0 ||
           fail(r, "a value is 0 to 255, or null, not \"%.64s\"", word != NULL ? word : "");
}

static int find_node(const struct scenario *s, const char *name)
{
    int i = 0;
    while (i < s->node_count && strcmp(s->nodes[i].name, name) != 0) {
        i++;
    }
    return i < s->node_count ? i : -1;
}

// One more node of the deed, that is not among them.
static bool read_node(struct reader *r, struct deed *deed)
{
    const char *word = take(r);
    int node = word != NULL ? find_node(r->scenario, word) : -1;
    if (node < 0) {
        return fail(r, "there is no node \"%.64s\"", word != NULL ? word : "");
    }
    for (int i = 0; i < deed->count; i++) {
        if (deed->nodes[i] == node) {
            return fail(r, "%s stands there twice", word);
        }
    }
    deed->nodes[deed->count++] = (uint8_t)node;
    return true;
}

// At least one, to the end of the line.
static bool read_nodes(struct reader *r, struct deed *deed)
{
    bool read = read_node(r, deed);
    while (read && r->next < r->lines.count) {
        read = read_node(r, deed);
    }
    return read;
}

// The names of a ring or history, which need not be nodes of the scenario.
static bool read_names(struct reader *r, struct deed *deed)
{
    char **words = r->lines.words;
    int first = r->next, count = r->lines.count - first;
    if (count < 1 || count > HISTORY_MAX) {
        return fail(r, "1 to 64 names are wanted");
    }
    for (int i = first; i < r->lines.count; i++) {
        if (!name_is_valid(name_of(words[i]))) {
            return fail(r, "\"%.64s\" is no name", words[i]);
        }
        for (int j = first; j < i; j++) {
            if (strcmp(words[i], words[j]) == 0) {
                return fail(r, "%s stands there twice", words[i]);
            }
        }
    }
    deed->text = lines_join(&r->lines, first);
    r->next = r->lines.count;
    return true;
}

// --- Settings ----------------------------------------------------------------------------------

static bool set_cycle(struct reader *r)
{
    return read_time(r, &r->scenario->params.cycle_ns);
}

static bool set_gap(struct reader *r)
{
    return read_time(r, &r->scenario->params.gap_ns);
}

static bool set_ring(struct reader *r)
{
    return read_int(r, RING_MAX, &r->scenario->params.nodes);
}

static bool set_splits(struct reader *r)
{
    return read_int(r, RING_MAX, &r->scenario->params.splits);
}

static bool set_latency(struct reader *r)
{
    return read_range(r, &r->scenario->latency);
}

static bool set_skew(struct reader *r)
{
    return read_int(r, SCENARIO_SKEW_PPM, &r->scenario->skew_ppm);
}

static bool set_late(struct reader *r)
{
    return read_time(r, &r->scenario->late_ns);
}

static bool set_lease(struct reader *r)
{
    return read_time(r, &r->scenario->lease_ns);
}

// At once, or after so long, when it has to be noticed.
static bool set_hints(struct reader *r)
{
    struct hints *hints = &r->scenario->hints;
    hints->given = true;
    hints->silence_ns = -1;
    return read_range(r, &hints->latency) &&
           (r->next == r->lines.count || read_time(r, &hints->silence_ns));
}

static bool set_takeover(struct reader *r)
{
    const char *word = take(r);
    return (word != NULL && takeover_of(word, &r->scenario->takeover)) ||
           fail(r, "takeover is at-once, after-lease or slot, not \"%.64s\"",
                word != NULL ? word : "");
}

// Whether views are told, and for how long nothing may have changed.
static bool set_roster(struct reader *r)
{
    r->scenario->has_roster = true;
    return r->next == r->lines.count || read_time(r, &r->scenario->settle_ns);
}

static bool set_drain(struct reader *r)
{
    return read_time(r, &r->scenario->drain_ns);
}

static bool set_seed(struct reader *r)
{
    return read_count(r, UINT64_C(1) << 53, &r->scenario->seed);
}

static const struct setting {
    const char *name, *usage;
    bool (*read)(struct reader *r);
} settings[] = {
    {"cycle", "cycle S", set_cycle},
    {"gap", "gap S", set_gap},
    {"ring", "ring N", set_ring},
    {"splits", "splits N", set_splits},
    {"latency", "latency S[:S]", set_latency},
    {"skew", "skew PPM", set_skew},
    {"late", "late S", set_late},
    {"lease", "lease S", set_lease},
    {"hints", "hints S[:S] [SILENCE]", set_hints},
    {"takeover", "takeover at-once|after-lease|slot", set_takeover},
    {"roster", "roster [SETTLE]", set_roster},
    {"drain", "drain S", set_drain},
    {"seed", "seed N", set_seed},
};

enum { SETTINGS = sizeof settings / sizeof *settings };

// The line is over.
static bool end_line(struct reader *r, const char *usage)
{
    return r->next == r->lines.count ||
           fail(r, "\"%.64s\" is too much: %s", r->lines.words[r->next], usage);
}

static bool read_setting(struct reader *r, int place)
{
    const struct setting *setting = &settings[place];
    if (r->now_ns > 0 || r->scenario->node_count > 0) {
        return fail(r, "%s: settings stand before the first node", setting->name);
    }
    if (r->settings >> place & 1) {
        return fail(r, "%s is set already", setting->name);
    }
    r->settings |= 1U << place;
    return setting->read(r) && end_line(r, setting->usage);
}

// A broker takes whoever is silent for dead after one and a half keepalives.
static bool check_hints(struct reader *r)
{
    struct scenario *s = r->scenario;
    struct hints *hints = &s->hints;
    int64_t most_ns = SCENARIO_DELAY_CYCLES * s->params.cycle_ns;
    if (hints->given && hints->silence_ns < 0) {
        hints->silence_ns = s->lease_ns > 0 ? s->lease_ns / 2 * 3 : s->params.cycle_ns;
    }
    return (hints->latency.max_ns <= most_ns && hints->silence_ns <= most_ns) ||
           fail(r, "the settings above: hints and their silence must be at most 10 cycles");
}

static bool check_settings(struct reader *r)
{
    struct scenario *s = r->scenario;
    const char *fault = params_fault(&s->params);
    if (fault != NULL) {
        return fail(r, "the settings above: %s", fault);
    }
    if (s->latency.max_ns < 0) {
        s->latency = (struct latency){.max_ns = s->params.gap_ns / 20};
    }
    if (s->latency.max_ns > SCENARIO_DELAY_CYCLES * s->params.cycle_ns) {
        return fail(r, "the settings above: latency must be at most 10 cycles");
    }
    if (s->late_ns > s->params.cycle_ns) {
        return fail(r, "the settings above: late must be at most a cycle");
    }
    if (s->lease_ns != 0 && s->lease_ns < 2 * s->params.gap_ns) {
        return fail(r, "the settings above: lease must be 0, or at least 2 gap");
    }
    int64_t most_ns = SCENARIO_DELAY_CYCLES * s->params.cycle_ns;
    if (s->settle_ns > most_ns || s->drain_ns > most_ns) {
        return fail(r, "the settings above: settle and drain must be at most 10 cycles");
    }
    r->params = s->params;
    r->cycle_min_ns = s->params.cycle_ns;
    return check_hints(r);
}

// S5: in any order, to the end of the line.
static bool read_wish(struct reader *r, struct wish *wish)
{
    while (r->next < r->lines.count) {
        int prefer = 0;
        if (take_if(r, "prefer")) {
            if (!read_int(r, PREFER_MAX, &prefer)) {
                return false;
            }
            wish->prefer = (uint8_t)prefer;
        } else if (take_if(r, "never")) {
            wish->never = true;
        } else if (take_if(r, "preempt")) {
            wish->preempt = true;
        } else {
            return true; // the line ends wrongly
        }
    }
    return true;
}

// Whether the next word is a value; else what stands there is about something else.
static bool value_is_next(const struct reader *r)
{
    static const char *const others[] = {"disabled", "prefer", "never", "preempt"};
    bool is_other = r->next == r->lines.count;
    for (size_t i = 0; i < sizeof others / sizeof *others && !is_other; i++) {
        is_other = strcmp(r->lines.words[r->next], others[i]) == 0;
    }
    return !is_other;
}

static bool add_node(struct reader *r)
{
    static const char usage[] = "node NAME [VALUE|null] [disabled] [prefer N] [never] [preempt]";
    struct scenario *s = r->scenario;
    const char *name = take(r);
    int value = 0;
    if (name == NULL || !name_is_valid(name_of(name))) {
        return fail(r, "\"%.64s\" is no name: %s", name != NULL ? name : "", usage);
    }
    if (r->now_ns > 0) {
        return fail(r, "%s: nodes stand before the first deed", name);
    }
    if (s->node_count == SCENARIO_NODES || find_node(s, name) >= 0) {
        return s->node_count == SCENARIO_NODES ? fail(r, "at most %d nodes", SCENARIO_NODES)
                                               : fail(r, "%s is there already", name);
    }
    struct wish wish = {0};
    if (value_is_next(r) && !read_value(r, &value)) {
        return false;
    }
    bool disabled = take_if(r, "disabled");
    if (!read_wish(r, &wish)) {
        return false;
    }
    snprintf(s->nodes[s->node_count].name, sizeof s->nodes->name, "%s", name);
    s->nodes[s->node_count].value = value;
    s->nodes[s->node_count].wish = wish;
    s->nodes[s->node_count++].enabled = !disabled;
    return end_line(r, usage);
}

// --- Deeds -------------------------------------------------------------------------------------

static bool read_nothing(struct reader *r, struct deed *deed)
{
    (void)r;
    (void)deed;
    return true;
}

static bool read_set(struct reader *r, struct deed *deed)
{
    return read_node(r, deed) && read_value(r, &deed->value);
}

// One more node, that nothing is done to.
static bool read_other(struct reader *r, struct deed *deed)
{
    bool read = read_node(r, deed);
    deed->value = read ? deed->nodes[--deed->count] : -1;
    return read;
}

static bool read_give(struct reader *r, struct deed *deed)
{
    return read_node(r, deed) && read_other(r, deed);
}

static bool read_away(struct reader *r, struct deed *deed)
{
    return read_node(r, deed) && read_time(r, &deed->span_ns) &&
           (deed->span_ns <= AWAY_MAX_S * NS_PER_S || fail(r, "that is over a week"));
}

static bool read_hint(struct reader *r, struct deed *deed)
{
    if (!take_if(r, "gone")) {
        deed->type = DEED_HINT_HERE;
        if (!take_if(r, "here")) {
            return fail(r, "which hint? There are gone and here");
        }
    }
    return read_other(r, deed) && read_nodes(r, deed);
}

static bool read_param(struct reader *r, struct deed *deed)
{
    struct params *params = &r->params;
    bool read = read_node(r, deed);
    if (read && take_if(r, "cycle")) {
        read = read_time(r, &params->cycle_ns);
    } else if (read && take_if(r, "gap")) {
        read = read_time(r, &params->gap_ns);
    } else if (read && take_if(r, "nodes")) {
        read = read_int(r, RING_MAX, &params->nodes);
    } else if (read) {
        return fail(r, "which parameter? There are cycle, gap and nodes");
    }
    const char *fault = params_fault(params);
    if (!read || fault != NULL) {
        return read && fail(r, "%s", fault);
    }
    params->version++;
    deed->params = *params;
    r->cycle_min_ns = params->cycle_ns < r->cycle_min_ns ? params->cycle_ns : r->cycle_min_ns;
    return true;
}

// The parameters are those that the group has by then; without a nonce it is of a Python node.
static bool read_hear_vers(struct reader *r, struct deed *deed)
{
    deed->message = MESSAGE_VERS;
    deed->params = r->params;
    bool of_ours = r->lines.count - r->next == 2;
    if (of_ours) {
        const char *nonce = r->lines.words[--r->lines.count]; // so the name is the last word
        if (!word_is_count(nonce, NONCE_MAX, &deed->nonce) || deed->nonce == 0) {
            return fail(r, "a nonce is 1 to 2^53 - 1, not \"%.64s\"", nonce);
        }
    }
    return r->lines.count - r->next == 1 ? read_names(r, deed) : fail(r, "hear vers NAME [NONCE]");
}

static bool read_hear(struct reader *r, struct deed *deed)
{
    if (take_if(r, "vers")) {
        return read_hear_vers(r, deed);
    }
    if (take_if(r, "init")) {
        deed->message = MESSAGE_INIT;
        return r->lines.count - r->next == 1 ? read_names(r, deed) : fail(r, "hear init NAME");
    }
    deed->message = MESSAGE_PING;
    if (!take_if(r, "ping")) {
        deed->message = MESSAGE_HIST;
        if (!take_if(r, "hist")) {
            return fail(r, "which message? There are init, vers, ping and hist");
        }
    }
    return read_value(r, &deed->value) && read_names(r, deed);
}

static bool check_delay(struct reader *r, const struct latency *latency)
{
    return latency->max_ns <= SCENARIO_DELAY_CYCLES * r->scenario->params.cycle_ns ||
           fail(r, "that is over 10 cycles");
}

static bool read_latency(struct reader *r, struct deed *deed)
{
    return read_range(r, &deed->latency) && check_delay(r, &deed->latency);
}

static bool read_path(struct reader *r, struct deed *deed)
{
    return read_node(r, deed) && read_nodes(r, deed);
}

static bool read_lose(struct reader *r, struct deed *deed)
{
    deed->latency.max_ns = -1;
    return read_path(r, deed);
}

static bool read_delay(struct reader *r, struct deed *deed)
{
    return read_time(r, &deed->latency.max_ns) && check_delay(r, &deed->latency) &&
           read_path(r, deed);
}

// --- Expectations ------------------------------------------------------------------------------

static bool read_tagged(struct reader *r, struct deed *deed)
{
    deed->type = DEED_EXPECT_TAGGED;
    return read_nodes(r, deed);
}

static bool read_ring(struct reader *r, struct deed *deed)
{
    deed->type = DEED_EXPECT_RING;
    return read_node(r, deed) && (take_if(r, "is") || fail(r, "expect ring NAME is NAME...")) &&
           read_names(r, deed);
}

static bool read_event(struct reader *r, struct deed *deed)
{
    deed->type = DEED_EXPECT_EVENT;
    if (!read_node(r, deed) || r->next == r->lines.count) {
        return deed->count > 0 && fail(r, "which event? expect event NAME TEXT");
    }
    deed->text = lines_join(&r->lines, r->next);
    r->next = r->lines.count;
    return true;
}

static bool read_expect(struct reader *r, struct deed *deed)
{
    if (take_if(r, "nobody")) {
        deed->type = DEED_EXPECT_TAGGED;
        return take_if(r, "tagged") || fail(r, "expect nobody tagged");
    }
    deed->not = take_if(r, "not");
    return take_if(r, "tagged")  ? read_tagged(r, deed)
           : take_if(r, "ring")  ? read_ring(r, deed)
           : take_if(r, "event") ? read_event(r, deed)
                                 : fail(r, "what? There are tagged, nobody tagged, ring and event");
}

// --- Lines with a time -------------------------------------------------------------------------

static const struct verb {
    const char *name, *usage;
    bool (*read)(struct reader *r, struct deed *deed);
    enum deed_type type;
    unsigned wanted, unwanted; // states of its nodes
    unsigned sets, clears;
} verbs[] = {
    {"start", "start NAME...", read_nodes, DEED_START, 0, RUNNING, RUNNING, 0},
    {"kill", "kill NAME...", read_nodes, DEED_KILL, RUNNING, 0, 0, RUNNING | FROZEN | UNLINKED},
    {"stop", "stop NAME...", read_nodes, DEED_STOP, RUNNING, FROZEN, 0, RUNNING | UNLINKED},
    {"freeze", "freeze NAME...", read_nodes, DEED_FREEZE, RUNNING, FROZEN, FROZEN, 0},
    {"thaw", "thaw NAME...", read_nodes, DEED_THAW, FROZEN, 0, 0, FROZEN},
    {"cut", "cut NAME...", read_nodes, DEED_CUT, 0, CUT_OFF, CUT_OFF, 0},
    {"back", "back NAME...", read_nodes, DEED_BACK, CUT_OFF, 0, 0, CUT_OFF},
    {"link-down", "link-down NAME...", read_nodes, DEED_LINK_DOWN, RUNNING, FROZEN | UNLINKED,
     UNLINKED, 0},
    {"link-up", "link-up NAME...", read_nodes, DEED_LINK_UP, UNLINKED, FROZEN, 0, UNLINKED},
    {"split", "split NAME...", read_nodes, DEED_SPLIT, 0, 0, 0, 0},
    {"heal", "heal", read_nothing, DEED_HEAL, 0, 0, 0, 0},
    {"set", "set NAME VALUE|null", read_set, DEED_SET, 0, FROZEN, 0, 0},
    {"enable", "enable NAME...", read_nodes, DEED_ENABLE, 0, FROZEN, 0, 0},
    {"disable", "disable NAME...", read_nodes, DEED_DISABLE, 0, FROZEN, 0, 0},
    {"param", "param NAME cycle|gap|nodes N", read_param, DEED_PARAM, RUNNING, FROZEN, 0, 0},
    {"give", "give NAME HEIR", read_give, DEED_GIVE, RUNNING, FROZEN, 0, 0},
    {"away", "away NAME S", read_away, DEED_AWAY, RUNNING, FROZEN, 0, 0},
    {"drained", "drained NAME...", read_nodes, DEED_DRAINED, RUNNING, FROZEN, 0, 0},
    {"hint", "hint gone|here ABOUT TO...", read_hint, DEED_HINT_GONE, RUNNING, UNLINKED, 0, 0},
    {"hear", "hear ping|hist VALUE NAME...", read_hear, DEED_HEAR, 0, 0, 0, 0},
    {"latency", "latency S[:S]", read_latency, DEED_LATENCY, 0, 0, 0, 0},
    {"delay", "delay S FROM TO...", read_delay, DEED_DELAY, 0, 0, 0, 0},
    {"lose", "lose FROM TO...", read_lose, DEED_DELAY, 0, 0, 0, 0},
    {"usual", "usual FROM TO...", read_path, DEED_USUAL, 0, 0, 0, 0},
    {"expect", "expect ...", read_expect, DEED_EXPECT_TAGGED, 0, 0, 0, 0},
};

enum { VERBS = sizeof verbs / sizeof *verbs };

// The lowest of the states, in words.
static const char *state_word(unsigned states)
{
    return states & RUNNING   ? "running"
           : states & FROZEN  ? "frozen"
           : states & CUT_OFF ? "cut off"
                              : "without a link";
}

static bool change_states(struct reader *r, const struct verb *verb, const struct deed *deed)
{
    for (int i = 0; i < deed->count; i++) {
        unsigned *state = &r->states[deed->nodes[i]];
        unsigned missing = verb->wanted & ~*state, unwanted = verb->unwanted & *state;
        const char *name = r->scenario->nodes[deed->nodes[i]].name;
        if (missing != 0 || unwanted != 0) {
            return fail(r, "%s: %s is %s%s", verb->name, name, missing != 0 ? "not " : "",
                        state_word(missing != 0 ? missing : unwanted));
        }
        *state = (*state | verb->sets) & ~verb->clears;
    }
    return true;
}

// The settings and nodes are complete, before the first line with a time.
static bool read_moment(struct reader *r)
{
    int64_t at_ns = 0;
    if (r->now_ns == 0 && !check_settings(r)) {
        return false;
    }
    if (!read_time(r, &at_ns)) {
        return false;
    }
    if (at_ns < BEGIN_NS) {
        return fail(r, "time begins at 1");
    }
    if (at_ns < r->now_ns) {
        return fail(r, "time does not go back: the line before has %g",
                    (double)r->now_ns / NS_PER_S);
    }
    r->now_ns = at_ns;
    return true;
}

static const struct verb *find_verb(const char *word)
{
    int i = 0;
    while (i < VERBS && (word == NULL || strcmp(verbs[i].name, word) != 0)) {
        i++;
    }
    return i < VERBS ? &verbs[i] : NULL;
}

static bool add_deed(struct reader *r)
{
    struct scenario *s = r->scenario;
    if (!read_moment(r)) {
        return false;
    }
    const char *word = take(r);
    const struct verb *verb = find_verb(word);
    if (verb == NULL) {
        return fail(r, "at S does not know \"%.64s\"; actor-sim(1) lists what it knows",
                    word != NULL ? word : "");
    }
    struct deed *deed = &s->deeds[s->deed_count++];
    *deed = (struct deed){.type = verb->type, .line = r->lines.number, .at_ns = r->now_ns};
    return verb->read(r, deed) && end_line(r, verb->usage) && change_states(r, verb, deed);
}

static bool end(struct reader *r)
{
    struct scenario *s = r->scenario;
    if (!read_moment(r) || !end_line(r, "until S")) {
        return false;
    }
    if (s->node_count == 0) {
        return fail(r, "there is no node");
    }
    if (r->now_ns > SCENARIO_CYCLES * r->cycle_min_ns) {
        return fail(r, "that is over %d cycles", SCENARIO_CYCLES);
    }
    s->until_ns = r->now_ns;
    return true;
}

// --- The file ----------------------------------------------------------------------------------

static bool read_line(struct reader *r)
{
    r->next = 0;
    const char *word = take(r);
    if (r->scenario->until_ns > 0) {
        return fail(r, "until is the last line");
    }
    if (strcmp(word, "at") == 0) {
        return add_deed(r);
    }
    if (strcmp(word, "node") == 0) {
        return add_node(r);
    }
    if (strcmp(word, "until") == 0) {
        return end(r);
    }
    for (int i = 0; i < SETTINGS; i++) {
        if (strcmp(word, settings[i].name) == 0) {
            return read_setting(r, i);
        }
    }
    return fail(r, "\"%.64s\" is no setting, and not node, at or until", word);
}

static bool read_lines(struct reader *r)
{
    while (lines_next(&r->lines)) {
        if (!read_line(r)) {
            return false;
        }
    }
    if (r->lines.fault != NULL) {
        return fail(r, "%s", r->lines.fault);
    }
    return r->scenario->until_ns > 0 || fail(r, "the end is missing: until S");
}

int scenario_read(struct scenario *s, const char *bytes, size_t len)
{
    *s = (struct scenario){.params = params_default, .latency.max_ns = -1, .seed = 1};
    if (len > SCENARIO_BYTES) {
        snprintf(s->why, sizeof s->why, "a scenario has at most %d bytes", SCENARIO_BYTES);
        return -1;
    }
    s->text = make(len + 1, 1);
    memcpy(s->text, bytes, len);
    s->deeds = make(LINES_MAX, sizeof *s->deeds);
    struct reader reader = {.scenario = s, .lines = {.at = s->text, .end = s->text + len}};
    return read_lines(&reader) ? 0 : -1;
}

int scenario_read_file(struct scenario *s, const char *path)
{
    FILE *file = fopen(path, "re");
    char *bytes = make(SCENARIO_BYTES + 1, 1);
    size_t len = file != NULL ? fread(bytes, 1, SCENARIO_BYTES + 1, file) : 0;
    bool read = file != NULL && !ferror(file);
    int result = -1;
    if (read) {
        result = scenario_read(s, bytes, len);
    } else {
        *s = (struct scenario){0};
        snprintf(s->why, sizeof s->why, "%s", strerror(errno));
    }
    if (file != NULL) {
        fclose(file);
    }
    release(bytes);
    return result;
}

void scenario_free(struct scenario *s)
{
    release(s->deeds);
    release(s->text);
    *s = (struct scenario){0};
}

bool deed_expects(const struct deed *deed)
{
    return deed->type == DEED_EXPECT_TAGGED || deed->type == DEED_EXPECT_RING ||
           deed->type == DEED_EXPECT_EVENT;
}
