// SPDX-License-Identifier: MIT
// A small HTTP server in the link's loop (libmicrohttpd). Requests have no bodies, and each is
// answered at once.
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <stddef.h>

struct http;
struct http_request; // for the duration of a call
struct uv_loop_s;

struct http_answer {
    unsigned status;
    const char *allow; // 405: the methods that are allowed; else NULL
    char body[256];    // JSON
};

// Fills in the answer, in the loop's thread.
typedef void http_answer_fn(void *context, const struct http_request *request, const char *method,
                            const char *path, struct http_answer *answer);

// The first header of that name, or NULL.
const char *http_header(const struct http_request *request, const char *name);

// Listens at "HOST:PORT" or "[ADDRESS]:PORT". 0, or with a sentence in `why` -EINVAL: that is no
// place; -EIO: not now.
int http_open(struct http **http, struct uv_loop_s *loop, const char *place, http_answer_fn *answer,
              void *context, char *why, size_t why_size);

// Ends all connections; its handles are closed when the loop runs next. NULL is allowed.
void http_close(struct http *http);

#endif
