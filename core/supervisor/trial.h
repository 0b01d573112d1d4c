/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second half of `minotord --check`: every collector does one round on its target, in a worker as confined as
 * ever, and what that round gave and did not give is printed. There is no front, and nobody is started twice. With
 * --check=files there is no round: the collectors only take their settings.
 */
#ifndef MINOTOR_SUPERVISOR_TRIAL_H
#define MINOTOR_SUPERVISOR_TRIAL_H

#include <stdbool.h>
#include <stdio.h>

#include "common/contract.h"
#include "common/log.h"
#include "supervisor/options.h"

struct slot;
struct supervisor;

struct trial {
    struct {
        int report; /* read end of its worker's data pipe, or -1 */
        bool ended;
        bool has_said_why; /* its worker logged an error */
    } slots[SLOTS_MAX];
    enum minotord_status status; /* of the worst so far */
};

void trial_init(struct trial *trial);
void trial_destroy(struct trial *trial);

/* A worker was born, and will write its report there. The descriptor is the trial's now. */
void trial_began(struct trial *trial, unsigned slot, int report);

/* A line that a worker logged. */
void trial_line(struct trial *trial, const struct slot *slot, enum log_level level, const char *text);

/* The worker of a slot is dead: prints what it reported, or how it ended. */
void trial_ended(struct trial *trial, const struct slot *slot);

/* A mistake in what was read of the configuration meanwhile. */
void trial_fault(struct trial *trial, const char *line);

/* A slot that could not even begin: prints why. */
void trial_failed(struct trial *trial, const struct slot *slot);

/* After each turn of the loop: whoever has ended stays down, and with the last of them the loop ends. */
void trial_turn(struct supervisor *supervisor);

/*
 * Prints a report: what is good to one stream, what is not to the other. Takes it apart; it may be anything that a
 * plugin chose to write. MINOTORD_OK, or MINOTORD_UNAVAILABLE when something could not be read.
 */
enum minotord_status trial_print(const char *name, char *report, FILE *good, FILE *bad);

#endif
