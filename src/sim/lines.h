// SPDX-License-Identifier: MIT
// A text as lines of words, for files that people write: words stand between blanks, from # to the
// end of a line is a comment, lines without words do not count.
#ifndef SIM_LINES_H
#define SIM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINES_MAX = 1000, WORDS_MAX = 72 };

struct lines {
    char *at, *end; // of a text that ends in NUL, which is cut into words
    int number;     // of the present line, from 1 on
    char *words[WORDS_MAX];
    int count;
    const char *fault; // NULL: none
};

// To the next line that has words. False at the end, or at a fault.
bool lines_next(struct lines *lines);

// The words from the first one on as one text, with one blank between them; they are gone then.
char *lines_join(struct lines *lines, int first);

// What a word says; false when it says nothing of the kind.
bool word_is_count(const char *word, uint64_t most, uint64_t *count);
bool word_is_time(const char *word, int64_t *ns); // seconds below 1e6
bool word_is_range(const char *word, int64_t *shortest_ns, int64_t *longest_ns); // S or S:S

#endif
