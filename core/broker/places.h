/* SPDX-License-Identifier: Apache-2.0 */
/* What a slot is configured to reach, as the supervisor says it. Nothing else is. Pure functions. */
#ifndef MINOTOR_BROKER_PLACES_H
#define MINOTOR_BROKER_PLACES_H

#include <stdbool.h>

#include "common/reach.h"

struct place {
    struct reach_place where; /* of a name only the port */
    char host[CONFIG_TEXT_BYTES]; /* a name that has to be looked up; "": `where` is all */
    bool is_database;
};

struct places {
    struct place place[PLACES_MAX];
    unsigned count;
};

/* Adds "tcp HOST PORT" or "unix PATH". False: it is neither, or there are too many. */
bool places_add(struct places *places, const char *text);

/* Whether this is one of those with a number or a path. */
bool places_has(const struct places *places, const struct reach_place *where);

/* Whether a database is there, by number or by name. */
bool places_is_database(const struct places *places, const struct reach_place *where);

bool places_are_same(const struct reach_place *one, const struct reach_place *other);

/* All of them, for a line of the log. */
void places_describe(const struct places *places, char *out, size_t out_bytes);

#endif
