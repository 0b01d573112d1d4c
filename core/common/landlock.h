/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock, from the first version of its interface to those after the last that is known here. Constants and
 * structures are our own: a system's headers are as old as the system, its kernel may be newer or older.
 */
#ifndef MINOTOR_COMMON_LANDLOCK_H
#define MINOTOR_COMMON_LANDLOCK_H

#include "common/sandbox_rules.h"

/* From this one on TCP ports are bound too. */
#define LANDLOCK_ABI_PORTS 4
/* The first that does everything that this file asks for: also abstract sockets and signals. */
#define LANDLOCK_ABI_WHOLE 6

/*
 * Forbids this thread, and those that it will start, all files and TCP ports but those of the rules. Returns the
 * version of the kernel's interface; or -1 and errno, and then nothing was forbidden.
 */
int landlock_apply(struct sandbox_rules *rules);

#endif
