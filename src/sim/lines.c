// SPDX-License-Identifier: MIT
#include "lines.h"

#include "core/name.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// --- Lines -------------------------------------------------------------------------------------

static void make_blank(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\t') {
            text[i] = ' ';
        }
    }
}

// Cuts a line into words.
static const char *cut(struct lines *lines, char *text)
{
    text[strcspn(text, "#")] = '\0';
    lines->count = 0;
    char *rest, *word = strtok_r(text, " ", &rest);
    for (; word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (lines->count == WORDS_MAX) {
            return "a line has at most 72 words";
        }
        lines->words[lines->count++] = word;
    }
    return NULL;
}

static const char *read_line(struct lines *lines, char *text, size_t len)
{
    if (++lines->number > LINES_MAX) {
        return "a file has at most 1000 lines";
    }
    make_blank(text, len);
    if (len > 0 && !text_is_plain(text, len)) {
        return "only UTF-8 without control characters is allowed";
    }
    return cut(lines, text);
}

bool lines_next(struct lines *lines)
{
    lines->count = 0;
    while (lines->count == 0 && lines->at < lines->end && lines->fault == NULL) {
        char *text = lines->at, *stop = memchr(text, '\n', (size_t)(lines->end - text));
        stop = stop != NULL ? stop : lines->end;
        *stop = '\0';
        lines->at = stop < lines->end ? stop + 1 : stop;
        lines->fault = read_line(lines, text, (size_t)(stop - text));
    }
    return lines->count > 0 && lines->fault == NULL;
}

char *lines_join(struct lines *lines, int first)
{
    char *to = lines->words[first];
    for (int i = first; i < lines->count; i++) {
        size_t len = strlen(lines->words[i]);
        memmove(to, lines->words[i], len);
        to += len;
        *to++ = i + 1 < lines->count ? ' ' : '\0';
    }
    return lines->words[first];
}

// --- Words -------------------------------------------------------------------------------------

bool word_is_count(const char *word, uint64_t most, uint64_t *count)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(word, &end, 10);
    *count = value;
    return *word >= '0' && *word <= '9' && *end == '\0' && errno == 0 && value <= most;
}

static bool read_time(const char *word, char **end, int64_t *ns)
{
    double seconds = strtod(word, end);
    bool valid = *end != word && seconds >= 0 && seconds < 1e6;
    *ns = valid ? (int64_t)llround(seconds * 1e9) : 0;
    return valid;
}

bool word_is_time(const char *word, int64_t *ns)
{
    char *end;
    return read_time(word, &end, ns) && *end == '\0';
}

bool word_is_range(const char *word, int64_t *shortest_ns, int64_t *longest_ns)
{
    char *end;
    if (!read_time(word, &end, shortest_ns)) {
        return false;
    }
    *longest_ns = *shortest_ns;
    return *end == '\0' ||
           (*end == ':' && word_is_time(end + 1, longest_ns) && *longest_ns >= *shortest_ns);
}
