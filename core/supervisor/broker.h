/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brokers: each generation of a worker has one of its own, born just before it and killed when it is reaped. A
 * broker makes the worker's connections; it has no life of its own, so that the pair is up or down as one. Nobody
 * waits for a broker: one that dies is told of, and its worker leaves and comes back with another.
 *
 * Slots whose layers do without a broker have none.
 */
#ifndef MINOTOR_SUPERVISOR_BROKER_H
#define MINOTOR_SUPERVISOR_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/contract.h"
#include "supervisor/child.h"

/* One that was killed is gone in a moment, unless the kernel holds it; a slot leaves one behind with each worker. */
#define DEPARTED_MAX (4 * SLOTS_MAX)

struct slot;

/* Brokers that were killed and not reaped yet. */
struct departed {
    unsigned count;
    struct departed_one {
        pid_t pid;
        int pidfd;
        int64_t born_ms;
        int64_t killed_ms;
        char name[sizeof(((struct child *)0)->name)]; /* "": its end is no news, we have brought it about */
    } one[DEPARTED_MAX];
};

/* slot->broker, without a process. */
void broker_init(struct slot *slot);

/*
 * For the next generation of the slot's worker: starts its broker, if it is to have one. 0, and `client` is the end of
 * the socket that becomes the worker's, which the caller closes, or -1; or -1 with the worker's error set.
 */
int broker_spawn(struct slot *slot, int *client);

/* Kills it, if there is one. */
void broker_end(struct slot *slot);

/* Reaps those that have died, and tells of those that did so by themselves. */
void departed_turn(struct departed *departed, int64_t now_ms);
bool departed_has(const struct departed *departed, pid_t pid);
/* Whether some are waited for: not those that KILL has not ended in STUCK_AFTER_KILL_MS. */
bool departed_is_awaited(const struct departed *departed, int64_t now_ms);
void departed_release(struct departed *departed);

#endif
