/* SPDX-License-Identifier: Apache-2.0 */
/* The socket between a worker's threads and its broker: each thread gets the answer to its own request. */
#ifndef MINOTOR_WORKER_REACH_LINK_H
#define MINOTOR_WORKER_REACH_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/reach.h"

/* -1: there is no broker. Before any other thread is there. */
void reach_link_init(int descriptor);
bool reach_link_is_there(void);
/* -1: there is none, or it is lost. */
int reach_link_descriptor(void);

/*
 * Sends the request and waits until `until_ms` for its answer. `descriptor` is -1 or becomes the caller's. False: the
 * broker is gone (errno ENETDOWN) or has not answered (ETIMEDOUT).
 */
bool reach_link_ask(struct reach_request *request, int64_t until_ms, struct reach_answer *answer, int *descriptor);

/* Whether the broker has yet to answer somebody, even if nobody waits any more: it may have connected. */
bool reach_link_is_owed(void);

/* Takes answers that nobody waits for. True: the broker is gone, or owes an answer for REACH_SILENCE_MS. */
bool reach_link_is_lost(void);

/* Whether a socket could not be taken: this process had no descriptor left. Who asked for it was told EMFILE. */
bool reach_link_lacked_descriptor(void);

#endif
