/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: one thread, one loop, everything it owns. */
#ifndef MINOTOR_SUPERVISOR_SUPERVISOR_H
#define MINOTOR_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/broker.h"
#include "supervisor/child.h"
#include "supervisor/config.h"
#include "supervisor/options.h"
#include "supervisor/rehearsal.h"
#include "supervisor/slot.h"
#include "supervisor/trial.h"

struct supervisor {
    const struct options *options;
    struct config *config;
    struct trial *trial; /* NULL: the ordinary life */
    struct config_rows rows; /* configurations of Mattermost out of databases */
    int null;           /* /dev/null */
    int signals;        /* signalfd */
    int worker_program; /* O_PATH */
    int front_program;
    int broker_program;
    int listeners[LISTENERS_MAX]; /* open for as long as the supervisor lives */
    unsigned listener_count;
    struct child front;
    bool front_connected; /* a front is ready and knows the slots */
    struct slot *slots[SLOTS_MAX];
    unsigned next_slot; /* where a free place is looked for: those that were used last are used again last */
    struct departed departed; /* brokers whose workers are gone */
    bool is_crowded; /* the account that all share has too many processes for a limit of ours */
    bool slots_started;
    bool orphans; /* a child may have died that is not ours by name */
    bool reload;      /* SIGHUP came, or a configuration out of a database */
    bool reread_rows; /* SIGHUP came: those, too */
    struct rehearsal rehearsal;
    unsigned end_requests;
    int64_t now_ms; /* of this turn of the loop */
    int64_t started_wall_ms;
    struct usage usage;             /* its own */
    int64_t usage_due_ms;           /* when the front is to be told what all processes use */
    bool reload_ok;                 /* the configuration was read and taken the last time that it was to be */
    int64_t reload_success_wall_ms; /* when that last was so */
};

/* Runs until it is told to end. Returns the exit status of minotord; everything has been logged. */
enum minotord_status supervisor_run(const struct options *options);

/*
 * Lets every collector of the configuration do one round and prints what came of it. MINOTORD_OK, _UNAVAILABLE when
 * something could not be read, _CONFIG when a collector refused its settings, or _OS. The configuration is freed.
 */
enum minotord_status supervisor_try(const struct options *options, struct config *config);

/*
 * Starts the slots that were not started yet and wait for nothing any more: when the first front is ready or has
 * failed, and when a configuration of Mattermost has been read.
 */
void supervisor_start_slots(struct supervisor *supervisor);

/* Makes a slot in a free place of the table; NULL after logging. */
struct slot *supervisor_add_slot(struct supervisor *supervisor, const struct config_collector *collector,
                                 const struct config_target *target);

/* The settings that every child needs for its birth. `number`: of the slot whose worker it is (or who works for that
 * worker, under the same account), or -1. */
void supervisor_send_birth_settings(const struct supervisor *supervisor, struct child *child,
                                    const struct sandbox_choice *choice, int number);

/* Makes logging follow the configuration. */
void supervisor_configure_log(const struct config *config);

#endif
