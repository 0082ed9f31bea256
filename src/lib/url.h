// SPDX-License-Identifier: MIT
// Where a group meets, as a URL.
#ifndef LIB_URL_H
#define LIB_URL_H

#include <stddef.h>

enum { URL_OPTIONS_MAX = 8 };

// A pair after the '?'.
struct url_option {
    char key[16];
    char value[64];
};

struct url {
    char scheme[16];
    char user[128]; // "": none
    char password[128];
    char address[256]; // host name, or path; "": none
    int port;          // 0: none
    size_t option_count;
    struct url_option options[URL_OPTIONS_MAX];
};

// Reads "SCHEME:[PATH]" or "SCHEME://[USER[:PASSWORD]@]HOST[:PORT][?KEY=VALUE[&KEY=VALUE]...]".
// 0, or -1 with a sentence.
int url_parse(const char *text, struct url *url, char *why, size_t why_size);

// The same without the password, for logs and events.
void url_print(const struct url *url, char *buffer, size_t size);

#endif
