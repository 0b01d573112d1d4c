/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The brokers: each generation of a worker has one of its own, born just before it and let go when it is reaped. A
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

/* One that was let go is gone in a moment, unless the kernel holds it; a slot leaves one behind with each worker. */
#define DEPARTED_MAX (4 * SLOTS_MAX)

struct slot;

/* Brokers that nobody needs any more, until they are reaped. */
struct departed {
    unsigned count;
    struct departed_one {
        pid_t pid;
        int pidfd;
        int64_t born_ms;
        int64_t kill_ms; /* when it is killed, or was */
        bool is_killed;
        char name[sizeof(((struct child *)0)->name)];
    } one[DEPARTED_MAX];
};

/* slot->broker, without a process. */
void broker_init(struct slot *slot);

/*
 * For the next generation of the slot's worker: starts its broker, if it is to have one. 0, and `client` is the end of
 * the socket that becomes the worker's, which the caller closes, or -1; or -1 with the worker's error set.
 */
int broker_spawn(struct slot *slot, int *client);

/* Lets it go, if there is one: it ends with its worker, or is killed in a moment. */
void broker_end(struct slot *slot);

/* Reaps those that have died, tells of those that had not because of their worker, and kills those who linger. */
void departed_turn(struct departed *departed, int64_t now_ms);
bool departed_has(const struct departed *departed, pid_t pid);
/* When departed_turn() has to be called next; INT64_MAX: not before one dies. */
int64_t departed_due_ms(const struct departed *departed);
/* Whether some are waited for: not those that KILL has not ended in SHUTDOWN_STUCK_MS. */
bool departed_is_awaited(const struct departed *departed, int64_t now_ms);
void departed_release(struct departed *departed);

#endif
