// SPDX-License-Identifier: MIT
// Scenario in, transcript out: one engine, named "m" unless said otherwise, with the default
// parameters (cycle 10, gap 1.5), hears what a test says when it says it. What it sends, reports
// and decides becomes text, which the test compares with a literal.
//
// Lines of a transcript: "TIME > TYPE NAMES" is sent, "TIME EVENT ..." reported, "TIME   RULE ..."
// decided, "TIME ! REASON" dropped.
#ifndef UNIT_SCRIPT_H
#define UNIT_SCRIPT_H

#include "core/engine.h"

struct script;

// Configuration may be changed until the first step.
struct script *script_new(void);
void script_free(struct script *script);
struct engine_config *script_config(struct script *script);
void script_show_members(struct script *script); // join and leave events, which are left out else
void script_value(struct script *script, int value); // of the start; below 0: null

// The draws to come, as shares of 2^32; 0 when there are no more.
void script_draws(struct script *script, const double *shares, size_t count);

// Lets time pass: steps at each deadline on the way, at exactly its time.
void at(struct script *script, double seconds);
// Lets time pass without a step: the process is frozen.
void sleep_until(struct script *script, double seconds);

void link_up(struct script *script);
void link_down(struct script *script);
void timer(struct script *script);
void proof(struct script *script, double sent_seconds);
void set_value(struct script *script, int value);
void enable(struct script *script, bool enabled);
void stop(struct script *script);
void gone(struct script *script, const char *name); // H1: a hint about whatever process
void gone_process(struct script *script, const char *name, uint64_t incarnation);
void here(struct script *script, const char *name, uint64_t incarnation);
void give(struct script *script, const char *name); // H8
void set_params(struct script *script, const struct params *params);

// Histories are names with blanks between them.
void hear_ping(struct script *script, int value, const char *history);
void hear_hist(struct script *script, int value, const char *history);
typedef void hear_turn(struct script *script, int value, const char *history); // one of them
void hear_init(struct script *script, const char *name);
void hear_vers(struct script *script, const char *name, uint64_t nonce);
void hear_question(struct script *script, const char *name); // J1, from one of ours
void hear_unready(struct script *script,
                  const char *name); // a `vers` of one of ours that cannot lead
void hear_left(struct script *script, const char *name, uint64_t nonce);   // its good-bye
void hear_heir(struct script *script, const char *name, const char *heir); // H8
void hear_view(struct script *script, int64_t view, const char *publisher, bool settled,
               const char *members); // names with blanks between them
void hear_wish(struct script *script, const char *name, struct wish wish); // S5: a `vers`
void hear_away(struct script *script, const char *name, uint32_t away_s);  // S7: the same
void hear_left_for(struct script *script, const char *name, uint32_t away_s);
// With the numbers of these.
void hear_view_of(struct script *script, int64_t view, const char *publisher, bool settled,
                  const char *members, const struct members *numbers);
void away(struct script *script, double seconds); // S7
void drained(struct script *script);              // S6: the program says so
void hear_shared_view(struct script *script, int64_t view, const char *publisher,
                      const char *members); // it was settled before
void hear_drained(struct script *script, const char *name, int64_t view);
void hear_python_set(struct script *script, const char *name, const struct params *params);
void hear_params(struct script *script, const char *name, const struct params *params);

// Joins: the link is up at 1, each of `ours`, one letter long, says `vers`, and at 2 this turn is
// heard. All that is forgotten.
void join(struct script *script, const char *ours, hear_turn *hear, int value, const char *ring);

// The transcript so far, and begins a new one. Valid until the next call.
const char *transcript(struct script *script);
void forget(struct script *script); // the transcript so far is of no interest

bool is_tagged(const struct script *script); // as of the last step
bool may_give(const struct script *script, const char *name);

// The value of the last beacon or hist that was sent, as in script_value().
int sent_value(const struct script *script);

// Whether the last `vers` that was sent says that its sender can lead.
bool sent_ready(const struct script *script);

// Asserts that the transcript since the last call is this, and shows both if not.
#define expect(script, text) ck_assert_str_eq(transcript(script), text)

// Asserts that it holds this line, after some time.
#define expect_line(script, line)                                               \
    do {                                                                        \
        const char *text = transcript(script);                                  \
        ck_assert_msg(has_line(text, line), "no \"%s\" in:\n%s", (line), text); \
    } while (0)

bool has_line(const char *transcript, const char *line);

#endif
