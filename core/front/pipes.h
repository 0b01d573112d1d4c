/* SPDX-License-Identifier: Apache-2.0 */
/* The data pipes of all slots: who is read, what becomes of those that end or break. */
#ifndef MINOTOR_FRONT_PIPES_H
#define MINOTOR_FRONT_PIPES_H

#include <poll.h>

#include "front/intake.h"

/* All zero is a table without pipes. */
struct pipes {
    struct intake *intakes[SLOTS_MAX]; /* by slot; NULL: no pipe now */
    uint32_t first;                    /* whose turn it is to be read first */
    bool unreported[SLOTS_MAX];        /* reports[slot] has to be sent yet */
    struct control_bad_frame reports[SLOTS_MAX];
};

/* The slot's new pipe, or with -1 none; what the old one still holds is read first. Takes the descriptor
 * over. */
void pipes_replace(struct pipes *pipes, struct store *store, const struct control_slot *slot, int descriptor,
                   struct moment now);
/* Appends what has to be polled; returns how many. `polled` has room for SLOTS_MAX. */
size_t pipes_poll(const struct pipes *pipes, struct pollfd *polled);
/*
 * Reads those among the `count` that are ready, a bounded amount of each, until all together had
 * READ_ALL_PER_TURN_BYTES; who had no turn comes first next time.
 */
void pipes_read(struct pipes *pipes, const struct pollfd *polled, size_t count, struct moment now);
/* Tells the supervisor of bad frames, as far as it takes them without blocking. */
void pipes_report(struct pipes *pipes, int control);
void pipes_close(struct pipes *pipes);

#endif
