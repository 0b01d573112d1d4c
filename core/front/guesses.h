/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often passwords may be tried: each address has a few tries that come back slowly, and so have all together.
 * The table is bounded: the address that was quiet for longest makes room. Pure; the caller says what time it is.
 */
#ifndef MINOTOR_FRONT_GUESSES_H
#define MINOTOR_FRONT_GUESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

struct sockaddr;

struct guesses_bucket {
    uint8_t address[9];  /* family, then the IPv4 address or the /64 of IPv6 that one client has */
    int64_t empty_at_ms; /* the tries that are used up come back until then; 0: never used */
};

/* All zero is the beginning. */
struct guesses {
    struct guesses_bucket table[GUESS_ADDRESSES_MAX];
    int64_t all_at_ms;
};

/* Whether one more may be tried now; if so it is counted. `address` may be NULL or of any family. */
bool guesses_take(struct guesses *guesses, const struct sockaddr *address, int64_t now_ms);

#endif
