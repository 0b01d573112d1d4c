/* SPDX-License-Identifier: Apache-2.0 */
/* A slot: one collector on one target, and the worker that is kept alive for it. */
#ifndef MINOTOR_SUPERVISOR_SLOT_H
#define MINOTOR_SUPERVISOR_SLOT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "supervisor/child.h"
#include "supervisor/config.h"
#include "supervisor/pool.h"
#include "supervisor/state_record.h"
#include "supervisor/target_settings.h"

struct supervisor;

struct slot {
    struct supervisor *supervisor;
    struct child child;                       /* its worker */
    struct child broker;                      /* the worker's way out (broker.h); without a life of its own */
    struct control_slot description;          /* as the front knows it; generation is that of the last pipe */
    const struct config_collector *collector; /* in supervisor->config; NULL once it is removed */
    const struct config_target *target;       /* likewise */
    struct target_status target_status;       /* of the files that the running generation was given */
    struct stat plugin_status;
    struct pool *pool;          /* of the target; shared */
    uint32_t session_request;   /* of the worker's last WANT */
    int session;                /* socket of its session at the database, the worker's too; -1: none, or not known */
    bool session_ends;          /* nobody holds it any more; closed when the server has closed its end */
    int64_t held_since_ms;      /* its worker has had a place in the pool, not idle, ever since; -1: it has none */
    bool started;               /* it has been told to run */
    bool is_described;          /* the front that is connected now has heard of it */
    bool reads_row;             /* it has no collector, and reads a configuration of Mattermost's (row.h) */
    int row_pipe;               /* of a reader of a configuration (row.h): what it writes, or -1 */
    bool row_tried;             /* likewise: it has ended once, well or not */
    struct control_state state; /* what its collector keeps from generation to generation */
    uint64_t state_place;       /* config_target_place() of what it is about */
    uint64_t place;             /* that of the running generation */
    unsigned barren_lives;      /* generations in a row that it was given to and that had no good round */
    struct control_login login; /* how the last generation's login at Mattermost stood */
    bool forgets_login;         /* the next generation begins anew */
    int64_t renewed_ms;         /* when a worker last got the successor that it asked for */
};

/* A new slot, not started. `id` is its place in the supervisor's table. NULL: no memory. The caller frees it.
 */
struct slot *slot_new(struct supervisor *supervisor, unsigned id, const struct config_collector *collector,
                      const struct config_target *target);
void slot_free(struct slot *slot);

/* Takes on what a new configuration says; the next generation is told. */
void slot_configure(struct slot *slot, const struct config_collector *collector,
                    const struct config_target *target);

/* Whether the running generation would be told something else by this configuration, or its files have
 * changed. */
bool slot_differs(const struct slot *slot, const struct config *config,
                  const struct config_collector *collector, const struct config_target *target);

/* Whether it is the slot of these two. */
bool slot_is(const struct slot *slot, const struct config_collector *collector,
             const struct config_target *target);

/* The configuration was read again: an administrator may have put right what a login was refused for. */
void slot_forget_login(struct slot *slot);

/* A fresh data pipe between a running worker and a front that has just become ready. */
void slot_connect(struct slot *slot);

/* Takes over what its collector has kept in an earlier life of minotord. False: that is another slot's. */
bool slot_restore(struct slot *slot, const struct state_record *record);
/* What its collector keeps, for a later life of minotord. False: nothing. */
bool slot_record(const struct slot *slot, struct state_record *record);

/* The configuration has it no more: ends it in good order; the loop forgets it when it is down. */
void slot_remove(struct slot *slot, int64_t now_ms);
bool slot_is_gone(const struct slot *slot);

#endif
