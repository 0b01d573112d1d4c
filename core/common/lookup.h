/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lookup of a host name. The C library's takes as long as it likes, so it runs in a thread that nobody waits for
 * longer than he wants to: one that is late goes on, and its result may be taken later.
 */
#ifndef MINOTOR_COMMON_LOOKUP_H
#define MINOTOR_COMMON_LOOKUP_H

#include "common/reach.h"

struct lookup;

/* Starts it. NULL and errno: it could not be started. */
struct lookup *lookup_begin(const char *host);

/* A descriptor that becomes readable at its end. It stays the lookup's. */
int lookup_descriptor(const struct lookup *lookup);

/* After that: 0, or EAI_...; then the addresses, valid until lookup_release(). */
int lookup_code(const struct lookup *lookup);
unsigned lookup_addresses(const struct lookup *lookup, const struct reach_address **addresses);

/* Under way or done; a thread that is still looking is left to end by itself. NULL is none. */
void lookup_release(struct lookup *lookup);

#endif
