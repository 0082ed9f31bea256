// SPDX-License-Identifier: MIT
// Where a group meets, as a URL.
#ifndef LIB_URL_H
#define LIB_URL_H

#include <stddef.h>

struct url {
    char scheme[16];
    char user[128]; // "": none
    char password[128];
    char address[256]; // host name, or path; "": none
    int port;          // 0: none
};

// Reads "SCHEME:[PATH]" or "SCHEME://[USER[:PASSWORD]@]HOST[:PORT]". 0, or -1 with a sentence.
int url_parse(const char *text, struct url *url, char *why, size_t why_size);

// The same without the password, for logs and events.
void url_print(const struct url *url, char *buffer, size_t size);

#endif
