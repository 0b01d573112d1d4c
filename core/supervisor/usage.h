/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time and memory of a process and of those that had its place before. What the kernel does not show, say where
 * /proc hides the processes of others, stays unknown: that is no error.
 */
#ifndef MINOTOR_SUPERVISOR_USAGE_H
#define MINOTOR_SUPERVISOR_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "common/control.h"

/* CPU time over all generations. All zero is one that has not been looked at. */
struct usage {
    pid_t pid; /* of the generation that was looked at last */
    uint64_t past_us;
    uint64_t own_us; /* of that generation */
};

/* Looks at the CPU time of a process that lives, or is dead and not reaped yet. */
void usage_note(struct usage *usage, pid_t pid);
/* The same, and what there is to tell; of no process (0): what those before it have used. */
struct control_process usage_read(struct usage *usage, pid_t pid);

#endif
