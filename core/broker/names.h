/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names among a slot's places, and the addresses that they had. A name is looked up anew for each connection, by
 * one thread at a time; a result that nobody waits for any more serves the next who asks. When the name service does
 * not answer, what it said before goes on being true.
 *
 * A place's address stays allowed for as long as this broker lives: a session that was opened before the name moved is
 * still there, and its query can be cancelled nowhere else.
 */
#ifndef MINOTOR_BROKER_NAMES_H
#define MINOTOR_BROKER_NAMES_H

#include "broker/places.h"
#include "common/lookup.h"

struct name {
    const char *host; /* the place's */
    struct reach_address now[NAME_ADDRESSES_MAX]; /* what a lookup gave last */
    unsigned now_count;
    int64_t fresh_until_ms; /* so long nobody looks again */
    bool is_stale; /* the last lookup gave nothing, or is late; `now` is from before, and nobody waits for better */
    struct lookup *lookup; /* under way; NULL: none */
    struct reach_address kept[NAME_ADDRESSES_KEPT_MAX]; /* all that it had, the newest first */
    unsigned kept_count;
};

struct names {
    struct name name[PLACES_MAX];
    unsigned count;
};

/* The places' names, each once. The places outlive them. */
void names_init(struct names *names, const struct places *places);

/* NULL: no place has it. Case does not matter. */
struct name *names_find(struct names *names, const char *host);

/* Whether it is an address that the name of a place had, with that place's port. */
bool names_allow(const struct names *names, const struct places *places, const struct reach_place *where);

/* Whether `now` may be used without looking again. */
bool name_is_fresh(const struct name *name, int64_t now_ms);
/* Nothing, or nothing in time, came of looking: `why` is for the log, which tells it once. */
void name_doubt(struct name *name, const char *why);
/* Starts a lookup unless one is under way. False and errno: it could not be started. */
bool name_look(struct name *name);
/* Its lookup is done. `is_awaited`: somebody waits for it. Returns 0 or EAI_...; 0, too, when `now` is from before. */
int name_take(struct name *name, bool is_awaited, int64_t now_ms);
/* The same with what a lookup gave; pure. */
int name_learn(struct name *name, int code, const struct reach_address *addresses, unsigned count, bool is_awaited,
               int64_t now_ms);

#endif
