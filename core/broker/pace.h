/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a worker is connected to one and the same place. A server counts connections long before it knows whose
 * they are, so the limits of a role do not bound them. Each place has a pace of its own: of several servers, those that
 * are down must not use up what is left for the one that is there. Pure.
 */
#ifndef MINOTOR_BROKER_PACE_H
#define MINOTOR_BROKER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/reach.h"

struct pace {
    struct reach_place where;
    int64_t rested_ms; /* from then on CONNECTIONS_AT_ONCE_MAX are allowed again */
};

struct paces {
    struct pace pace[PACES_MAX];
    unsigned count;
};

/* True, and it is counted: CONNECTIONS_AT_ONCE_MAX at once, and one more after each pause. */
bool paces_take(struct paces *paces, const struct reach_place *where, int64_t pause_ms, int64_t now_ms);

#endif
