/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP over inherited listeners, in one thread and without ever blocking: connections and their
 * requests. Besides it only http_request.c knows libmicrohttpd. One daemon per listener, each an epoll descriptor that the caller polls. What is answered
 * comes from a table of routes.
 */
#ifndef MINOTOR_FRONT_HTTP_H
#define MINOTOR_FRONT_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/contract.h"
#include "front/http_request.h"
#include "front/visitors.h"

/* Fills in the answer to GET or HEAD of a route. Must not block. */
typedef void (*http_handler)(void *context, const struct http_request *request, struct http_answer *answer);

/* Asked before a route's handler, which is called if it says true. False: it has filled in the answer, say a 401. */
typedef bool (*http_gate)(void *context, const struct http_request *request, struct http_answer *answer);

struct http_route {
    const char *path;
    http_handler handler;
    bool open; /* to everybody: the gate is not asked */
};

/* What became of clients who did not get what they came for, beside answers of their own fault. */
enum http_refusal {
    HTTP_REFUSAL_CONNECTIONS, /* no room: closed at once, or an older one for a newer one */
    HTTP_REFUSAL_IN_FLIGHT,   /* 503, or a reader who was slow gave way to the next answer */
    HTTP_REFUSAL_HEAD_TIME,   /* no whole request in time: 408 */
    HTTP_REFUSAL_WRITE_TIME,  /* the answer was not read in time */
    HTTP_REFUSAL_COUNT
};

struct MHD_Daemon;

/* All zero but visitors is one without listeners. */
struct http {
    struct MHD_Daemon *daemons[LISTENERS_MAX];
    int epolls[LISTENERS_MAX];
    size_t daemon_count;
    const struct http_route *routes; /* ends with a path of NULL */
    void *context;
    http_gate gate; /* NULL: everybody may come */
    void *gate_context;
    struct visitors visitors;
    uint64_t refused[HTTP_REFUSAL_COUNT];
    unsigned answering;  /* answers under way */
    bool draining;
};

/* How refused[] is called as a label's value. */
extern const char *const http_refusal_names[HTTP_REFUSAL_COUNT];

/* Starts to accept on a listener, which is taken over. -1 after logging why. `http` must not move afterwards.
 */
int http_listen(struct http *http, int listener);
/* Appends what has to be polled, at most LISTENERS_MAX; returns how many. */
size_t http_poll(const struct http *http, struct pollfd *polled);
/* How long poll() may wait before http_run() has to be called anyway; -1: for ever. */
int http_timeout_ms(const struct http *http);
/* Does what can be done without waiting. */
void http_run(struct http *http);
/* Accepts no more; the listeners stay open for those who share them. */
void http_drain(struct http *http);
/* Whether no answer is under way. */
bool http_is_idle(const struct http *http);
/* Whether everybody who was let in has asked for something: who has not may have connected only just now. */
bool http_is_heard(const struct http *http);
/* Closes all connections. */
void http_stop(struct http *http);

#endif
