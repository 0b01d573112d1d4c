/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's place in the connection budget of its target, which the supervisor keeps (supervisor/budget.h).
 * Asked for before a session is opened, kept with the session between rounds, given back when told to. A worker
 * that has a place goes on without the supervisor: only asking waits for an answer.
 */
#ifndef MINOTOR_WORKER_CLAIM_H
#define MINOTOR_WORKER_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"
#include "database/driver.h"

enum claim_hold {
    CLAIM_NONE,
    CLAIM_WAITING,
    CLAIM_WORKING,
    CLAIM_RESTING,
};

enum claim_result {
    CLAIM_OK = 0,
    CLAIM_LATE,    /* the deadline passed */
    CLAIM_STOPPED, /* the worker was told to leave */
};

struct claim {
    struct database_watch watch; /* the control channel, and who reads it */
    enum claim_hold hold;
    bool recalled;
    uint32_t request;         /* number of the last WANT */
    enum control_type unsent; /* what there was no room for; 0: nothing. The newest word replaces an older one. */
    bool unsent_lingers;
    bool has_pool;
    struct control_pool pool;
    bool may_cancel; /* the answer to the last question for it */
};

void claim_init(struct claim *claim, const struct database_watch *watch);

/* Takes a message of the supervisor that is about the claim; false when it is not. */
bool claim_take_message(struct claim *claim, const struct control_message *message);

/* Before work with the database: at once with a place, else when one is granted. */
enum claim_result claim_begin(struct claim *claim, int64_t deadline_ms);
/* After work: the session is kept. */
void claim_rest(struct claim *claim);
/* There is no session any more. `lingers`: the server may not have noticed. */
void claim_release(struct claim *claim, bool lingers);

/* A session is being opened, over this socket, whose end tells the supervisor when the place is free; -1: there is none
 * yet. May be called by any thread. */
void claim_announce(int control, int socket);

/* Asks for a place more, for a connection that cancels a query; claim_end_cancel() follows when it was given. */
bool claim_ask_cancel(struct claim *claim, int64_t timeout_ms);
void claim_end_cancel(struct claim *claim, bool lingers);

/* Asks for the counters of the target's budget. */
enum claim_result claim_ask_pool(struct claim *claim, int64_t deadline_ms, struct control_pool *pool);

/* Whether something waits for room in the control channel; tries again to send it. */
bool claim_is_unsent(const struct claim *claim);
void claim_flush(struct claim *claim);

#endif
