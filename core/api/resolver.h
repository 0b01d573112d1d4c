/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of one host name. The C library's lookup takes as long as it likes, so it runs in a thread that
 * nobody waits for longer than he wants to: a lookup that is late goes on, and the next round asks for its result
 * instead of starting another. There is never more than one thread.
 */
#ifndef MINOTOR_API_RESOLVER_H
#define MINOTOR_API_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "api/url.h"

#define RESOLVER_ADDRESSES_MAX 16
#define RESOLVER_TEXT_BYTES (RESOLVER_ADDRESSES_MAX * 48)

/* Said of a lookup that is not over in time and of one that its library gave up: to the reader they are one. */
#define RESOLVER_SILENT "the name service does not answer"

struct lookup;

struct resolver {
    const char *host;      /* the caller's; outlives the resolver */
    struct lookup *lookup; /* under way, shared with its thread; NULL: none */
    char addresses[RESOLVER_TEXT_BYTES]; /* "192.0.2.1,2001:db8::1"; "": none known */
    int64_t known_until_ms; /* monotonic */
    char error[128];        /* of the last lookup; "": it went well */
};

void resolver_init(struct resolver *resolver, const char *host);

/* Whether the addresses are there and not too old. */
bool resolver_is_fresh(const struct resolver *resolver, int64_t now_ms);

/*
 * Starts a lookup unless one is under way. Returns a descriptor that becomes readable at its end, -1 with `error`
 * set when it could not be started.
 */
int resolver_begin(struct resolver *resolver);

/* After the descriptor became readable: takes the result, into `addresses` or `error`. Old addresses stay. */
void resolver_take(struct resolver *resolver, int64_t now_ms);

/* The addresses were no good: the next request looks again. */
void resolver_distrust(struct resolver *resolver);

/* A thread that is still looking is left to end by itself. */
void resolver_destroy(struct resolver *resolver);

#endif
