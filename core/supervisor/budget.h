/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection budget of one target, as a pure function of what its workers say: never more than `max_open`
 * sessions at the database, however many collectors, scrapes or restarts. A worker asks before it opens one,
 * keeps it while it is idle, and gives it back when somebody else waits, when it has been idle for too long or
 * is too old. What was given back, or was a dead worker's, keeps its place until the server, too, has ended it:
 * until then the slot is given no other, so that one that dies again and again costs the others one place.
 *
 *   NONE -> WAITING -> IN_USE <-> IDLE -> RECALLED -> ENDING -> NONE
 *
 * Where a query can only be cancelled over a connection of its own, that one needs a place too, beside the slot's.
 *
 * Counters have the meaning of Go's sql.DBStats, which Mattermost's own pool metrics follow too.
 */
#ifndef MINOTOR_SUPERVISOR_BUDGET_H
#define MINOTOR_SUPERVISOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"

enum budget_hold {
    BUDGET_NONE,     /* no session, and none is wanted */
    BUDGET_WAITING,  /* wants one; all are taken */
    BUDGET_IN_USE,   /* has one, or may open one, and works with it */
    BUDGET_IDLE,     /* has one and does nothing with it */
    BUDGET_RECALLED, /* was told to give it back; still counts as open until it says that it did */
    BUDGET_ENDING,   /* nobody holds it any more, but the server may still see it */
};

enum budget_cancel {
    BUDGET_CANCEL_NONE,
    BUDGET_CANCEL_WAITING, /* wants to open a connection to cancel its query */
    BUDGET_CANCEL_OPEN,
    BUDGET_CANCEL_ENDING, /* closed, but the server may still see it: until `cancel_until_ms`, or its session ends */
};

struct budget_claim {
    enum budget_hold hold;
    int64_t since_ms;  /* of the hold */
    int64_t opened_ms; /* when the session was granted */
    int64_t until_ms;  /* ENDING: the latest that is waited for the server */
    bool wants;        /* ENDING: the next one is wanted already, */
    int64_t wants_since_ms; /* since then */
    enum budget_cancel cancel;
    int64_t cancel_until_ms; /* CANCEL_ENDING; INT64_MAX: with its session */
};

struct budget_counters {
    uint64_t wait_count;
    uint64_t wait_duration_ms;
    uint64_t closed_max_idle;  /* given back for somebody who waited */
    uint64_t closed_idle_time; /* idle for too long */
    uint64_t closed_lifetime;  /* too old */
};

struct budget_limits {
    unsigned max_open;
    int64_t idle_max_ms;
    int64_t lifetime_max_ms;
};

struct budget {
    struct budget_limits limits;
    struct budget_claim claims[SLOTS_MAX]; /* by slot id */
    struct budget_counters counters;
};

/* What has to be told to whom: bit i stands for slot i. */
struct budget_orders {
    uint64_t grant;  /* may open a session now */
    uint64_t recall; /* shall close its session as soon as it is idle, and say so */
    uint64_t cancel; /* may open a connection to cancel its query */
};

_Static_assert(SLOTS_MAX <= 64, "a set of slots is one word");

void budget_init(struct budget *budget, const struct budget_limits *limits);

/* The slot wants a session. One that holds or was granted one already is granted it again. */
struct budget_orders budget_want(struct budget *budget, unsigned slot, int64_t now_ms);
/* It works with the session that it holds. */
struct budget_orders budget_use(struct budget *budget, unsigned slot, int64_t now_ms);
/* It has stopped working with it and keeps it. */
struct budget_orders budget_rest(struct budget *budget, unsigned slot, int64_t now_ms);
/* It has closed it, and the server knows; or it waits no longer. */
struct budget_orders budget_release(struct budget *budget, unsigned slot, int64_t now_ms);
/* It is dead, or has closed its session; the server may see that for some time yet, at most for `patience_ms`. */
struct budget_orders budget_abandon(struct budget *budget, unsigned slot, int64_t patience_ms, int64_t now_ms);
/* The server has ended a session that nobody held any more. */
struct budget_orders budget_vanished(struct budget *budget, unsigned slot, int64_t now_ms);
/* It wants to cancel the query of its session over a connection of its own. */
struct budget_orders budget_want_cancel(struct budget *budget, unsigned slot, int64_t now_ms);
/* It has closed that connection, or waits for it no longer. `lingers`: the server may not have noticed. */
struct budget_orders budget_end_cancel(struct budget *budget, unsigned slot, bool lingers, int64_t now_ms);
/* Looks for sessions that are idle for too long, too old, or more than the limits allow, and for places that are
 * free again; due at budget_due_ms(). Limits may be changed at any time before. */
struct budget_orders budget_tick(struct budget *budget, int64_t now_ms);
/* When budget_tick() has something to do; INT64_MAX for never, 0 for at once. */
int64_t budget_due_ms(const struct budget *budget);

/* How many sessions there are or may be opened, and how many of them work or rest. */
unsigned budget_open(const struct budget *budget);
unsigned budget_in_use(const struct budget *budget);
unsigned budget_idle(const struct budget *budget);

#endif
