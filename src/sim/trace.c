// SPDX-License-Identifier: MIT
#include "trace.h"

#include "memory.h"
#include "text.h"

#include <sodium.h>
#include <string.h>

enum { LINE_MAX_BYTES = TEXT_MAX + NAME_MAX_BYTES + 64, KEPT_BYTES = 512 };

struct trace {
    const struct world *world;
    FILE *out;
    crypto_hash_sha256_state hash;
    uint64_t lines;
    char kept[TRACE_KEPT][KEPT_BYTES]; // of a longer line its beginning
    char line[LINE_MAX_BYTES];
};

struct trace *trace_new(const struct world *world, FILE *out)
{
    struct trace *trace = make(1, sizeof *trace);
    trace->world = world;
    trace->out = out;
    crypto_hash_sha256_init(&trace->hash);
    return trace;
}

void trace_free(struct trace *trace)
{
    release(trace);
}

// The time in seconds with six digits, by hand: every line has one.
static size_t put_time(char *to, int64_t now_ns)
{
    uint64_t us = (uint64_t)now_ns / 1000;
    char digits[24];
    size_t used = sizeof digits;
    for (int i = 0; i < 7 || us > 0; i++) {
        if (i == 6) {
            digits[--used] = '.';
        }
        digits[--used] = (char)('0' + us % 10);
        us /= 10;
    }
    memcpy(to, digits + used, sizeof digits - used);
    return sizeof digits - used;
}

static size_t put_head(char *to, int64_t now_ns, const char *who)
{
    size_t used = put_time(to, now_ns), len = strlen(who);
    to[used++] = ' ';
    memcpy(to + used, who, len); // NOLINT(bugprone-not-null-terminated-result): more follows
    used += len;
    to[used++] = ' ';
    return used;
}

static void end_line(struct trace *trace, size_t len)
{
    char *kept = trace->kept[trace->lines++ % TRACE_KEPT];
    size_t keep = len < KEPT_BYTES - 1 ? len : KEPT_BYTES - 1;
    memcpy(kept, trace->line, keep);
    kept[keep] = '\0';
    trace->line[len] = '\n';
    crypto_hash_sha256_update(&trace->hash, (const unsigned char *)trace->line, len + 1);
    if (trace->out != NULL) {
        fwrite(trace->line, 1, len + 1, trace->out);
    }
}

void trace_say(struct trace *trace, int64_t now_ns, const char *who, const char *text)
{
    size_t used = put_head(trace->line, now_ns, who), len = strlen(text);
    if (len > TEXT_MAX) {
        len = TEXT_MAX;
    }
    memcpy(trace->line + used, text, len);
    end_line(trace, used + len);
}

static const char *words(enum news_type type)
{
    switch (type) {
    case NEWS_EFFECT:
        break;
    case NEWS_STARTED:
        return "* started";
    case NEWS_KILLED:
        return "* killed";
    case NEWS_FROZEN:
        return "* frozen";
    case NEWS_THAWED:
        return "* thawed";
    case NEWS_CUT:
        return "* cut off";
    case NEWS_BACK:
        return "* back";
    case NEWS_LINK_UP:
        return "* link up";
    case NEWS_LINK_DOWN:
        return "* link down";
    case NEWS_MOVED:
        return "* island";
    case NEWS_VALUE:
        return "* value";
    case NEWS_ENABLED:
        return "* enabled";
    case NEWS_DISABLED:
        return "* disabled";
    case NEWS_PARAMS:
        return "* parameters";
    case NEWS_GIVES:
        return "* gives";
    case NEWS_AWAY:
        return "* away";
    case NEWS_DRAINED:
        return "* drained";
    case NEWS_HINTED:
        return "* hinted";
    }
    return "";
}

void trace_news(struct trace *trace, const struct news *news)
{
    const char *who = world_name(trace->world, news->node);
    if (news->type == NEWS_EFFECT) {
        size_t used = put_head(trace->line, news->now_ns, who);
        end_line(trace, used + text_effect(trace->line + used, news->effect));
    } else if (news->type == NEWS_MOVED) {
        char text[32];
        snprintf(text, sizeof text, "* island %d", world_island(trace->world, news->node));
        trace_say(trace, news->now_ns, who, text);
    } else {
        trace_say(trace, news->now_ns, who, words(news->type));
    }
}

void trace_hash(const struct trace *trace, char hex[TRACE_HASH_HEX])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state = trace->hash;
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(hex, TRACE_HASH_HEX, hash, sizeof hash);
}

void trace_print_last(const struct trace *trace, FILE *out)
{
    uint64_t first = trace->lines > TRACE_KEPT ? trace->lines - TRACE_KEPT : 0;
    for (uint64_t i = first; i < trace->lines; i++) {
        fprintf(out, "%s\n", trace->kept[i % TRACE_KEPT]);
    }
}
