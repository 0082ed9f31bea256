// SPDX-License-Identifier: MIT
#include "url.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Shows no more of the URL than what is before its first colon: a password must not reach a log.
static int fail(char *why, size_t why_size, const char *text, const char *problem)
{
    snprintf(
        why, why_size,
        "URL %.*s: %s; allowed: local:[DIR], mqtt://[USER[:PASSWORD]@]HOST[:PORT], mqtts://..., "
        "serf://[:KEY@]HOST[:PORT], udp://ADDRESS[:PORT][?iface=NAME&ttl=N]",
        (int)strcspn(text, ":"), text, problem);
    return -1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Copies a part of a URL, with %XX decoded; -1 when it does not fit or ends in a broken %.
static int copy_part(char *to, size_t size, const char *from, size_t len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(from[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(from[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) {
                return -1;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= size) {
            return -1;
        }
        to[used++] = c;
    }
    to[used] = '\0';
    return 0;
}

static int parse_port(const char *text, size_t len, int *port)
{
    char digits[6];
    if (len == 0 || len >= sizeof digits || strspn(text, "0123456789") < len) {
        return -1;
    }
    memcpy(digits, text, len);
    digits[len] = '\0';
    *port = (int)strtol(digits, NULL, 10);
    return *port >= 1 && *port <= 65535 ? 0 : -1;
}

// "HOST[:PORT]", where HOST may be an IPv6 address in brackets.
static const char *parse_host(struct url *url, const char *text, size_t len)
{
    const char *end = text + len;
    const char *host_end = *text == '[' ? memchr(text, ']', len) : memchr(text, ':', len);
    const char *rest = end;

    if (*text == '[') {
        if (host_end == NULL) {
            return "']' is missing";
        }
        text++;
        rest = host_end + 1;
    } else if (host_end != NULL) {
        rest = host_end;
    } else {
        host_end = end;
    }
    if (host_end == text) {
        return "the host is missing";
    }
    if (copy_part(url->address, sizeof url->address, text, (size_t)(host_end - text)) != 0) {
        return "the host is too long or badly written";
    }
    if (rest == end) {
        return NULL;
    }
    if (*rest != ':' || parse_port(rest + 1, (size_t)(end - rest - 1), &url->port) != 0) {
        return "the port must be 1 to 65535";
    }
    return NULL;
}

static const char *parse_option(struct url *url, const char *text, size_t len)
{
    struct url_option *option = &url->options[url->option_count];
    const char *equals = memchr(text, '=', len);
    if (equals == NULL || equals == text) {
        return "an option must be KEY=VALUE";
    }
    if (url->option_count == URL_OPTIONS_MAX) {
        return "it has too many options";
    }
    size_t key = (size_t)(equals - text);
    if (copy_part(option->key, sizeof option->key, text, key) != 0 ||
        copy_part(option->value, sizeof option->value, equals + 1, len - key - 1) != 0) {
        return "an option is too long or badly written";
    }
    for (size_t i = 0; i < url->option_count; i++) {
        if (strcmp(url->options[i].key, option->key) == 0) {
            return "an option stands twice";
        }
    }
    url->option_count++;
    return NULL;
}

static const char *parse_options(struct url *url, const char *text)
{
    const char *problem = NULL;
    while (problem == NULL) {
        size_t len = strcspn(text, "&");
        problem = parse_option(url, text, len);
        if (text[len] == '\0') {
            break;
        }
        text += len + 1;
    }
    return problem;
}

static const char *parse_authority(struct url *url, const char *text)
{
    size_t len = strcspn(text, "/?#");
    const char *rest = text + len + (text[len] == '/');
    if (*rest == '?') {
        const char *problem = parse_options(url, rest + 1);
        if (problem != NULL) {
            return problem;
        }
    } else if (*rest != '\0') {
        return "nothing but ?OPTIONS may follow the host and port";
    }
    const char *at = NULL;
    for (size_t i = 0; i < len; i++) {
        at = text[i] == '@' ? text + i : at;
    }
    if (at != NULL) {
        size_t login = (size_t)(at - text);
        const char *colon = memchr(text, ':', login);
        size_t user = colon != NULL ? (size_t)(colon - text) : login;
        if (copy_part(url->user, sizeof url->user, text, user) != 0 ||
            (colon != NULL &&
             copy_part(url->password, sizeof url->password, colon + 1, login - user - 1) != 0)) {
            return "the user or password is too long or badly written";
        }
        len -= login + 1;
        text = at + 1;
    }
    return len == 0 ? "the host is missing" : parse_host(url, text, len);
}

int url_parse(const char *text, struct url *url, char *why, size_t why_size)
{
    size_t scheme = strcspn(text, ":");
    memset(url, 0, sizeof *url);
    if (text[scheme] == '\0' || scheme == 0 || scheme >= sizeof url->scheme) {
        return fail(why, why_size, text, "it must begin with a scheme and a colon");
    }
    memcpy(url->scheme, text, scheme);
    const char *rest = text + scheme + 1;
    const char *problem = NULL;
    if (strncmp(rest, "//", 2) == 0 && strcmp(url->scheme, "local") != 0) {
        problem = parse_authority(url, rest + 2);
    } else if (strcmp(url->scheme, "local") != 0) {
        problem = "'//' must follow the scheme";
    } else if (strlen(rest) >= sizeof url->address) {
        problem = "the path is too long";
    } else {
        memcpy(url->address, rest, strlen(rest) + 1);
    }
    return problem == NULL ? 0 : fail(why, why_size, text, problem);
}

struct printer {
    char *buffer;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void print(struct printer *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(p->buffer + p->used, p->size - p->used, format, arguments);
    va_end(arguments);
    p->used =
        length < 0 || (size_t)length >= p->size - p->used ? p->size - 1 : p->used + (size_t)length;
}

void url_print(const struct url *url, char *buffer, size_t size)
{
    if (strcmp(url->scheme, "local") == 0) {
        snprintf(buffer, size, "local:%s", url->address);
        return;
    }
    struct printer p = {buffer, size, 0};
    bool ipv6 = strchr(url->address, ':') != NULL;
    print(&p, "%s://%s%s%s%s%s", url->scheme, url->user, url->user[0] != '\0' ? "@" : "",
          ipv6 ? "[" : "", url->address, ipv6 ? "]" : "");
    if (url->port != 0) {
        print(&p, ":%d", url->port);
    }
    for (size_t i = 0; i < url->option_count; i++) {
        const struct url_option *option = &url->options[i];
        print(&p, "%c%s=%s", i == 0 ? '?' : '&', option->key, option->value);
    }
}
