/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections to one target's database: one budget that all slots of the target share. Turns what workers
 * say of their sessions into events of the budget, and its orders into messages.
 *
 * It holds a copy of the socket of each session. When the worker is dead or has given the session up, it closes our
 * direction of it, and sees when the server has closed the other: only then is the place free.
 */
#ifndef MINOTOR_SUPERVISOR_POOL_H
#define MINOTOR_SUPERVISOR_POOL_H

#include <stdint.h>

#include "common/control.h"
#include "supervisor/budget.h"

struct slot;
struct supervisor;

struct pool {
    unsigned slots; /* who share it; the last one frees it */
    struct budget budget;
};

/* The slot's share in the pool of its target, which is made for the first slot. 0, or -1: no memory. */
int pool_join(struct slot *slot);
void pool_leave(struct slot *slot);

/* What the slot's target now says of its connections; all slots of a target say the same. */
void pool_configure(struct slot *slot);

/* The slot's worker speaks of its session, or asks for the counters. */
void pool_message(struct slot *slot, const struct control_message *message, int *descriptor);
/* The slot's worker is dead. */
void pool_worker_died(struct slot *slot);

/* When pool_tick() wants to be called, or INT64_MAX; for all pools. */
int64_t pool_due_ms(const struct supervisor *supervisor);
void pool_tick(struct supervisor *supervisor);

#endif
