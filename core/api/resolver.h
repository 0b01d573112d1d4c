/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of one host name, in libcurl's words. A lookup that is late goes on, and the next round asks for its
 * result instead of starting another. There is never more than one at a time.
 */
#ifndef MINOTOR_API_RESOLVER_H
#define MINOTOR_API_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/lookup.h"

#define RESOLVER_TEXT_BYTES (NAME_ADDRESSES_MAX * 48)

/* Said of a lookup that is not over in time and of one that its library gave up: to the reader they are one. */
#define RESOLVER_SILENT "the name service does not answer"

struct resolver {
    const char *host;      /* the caller's; outlives the resolver */
    struct lookup *lookup; /* under way; NULL: none */
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
