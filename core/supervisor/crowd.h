/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many processes the account of minotord has already, when all children are to share it: the kernel counts them by
 * account, so a limit for a worker is one for whatever else the account does.
 */
#ifndef MINOTOR_SUPERVISOR_CROWD_H
#define MINOTOR_SUPERVISOR_CROWD_H

#include <stdbool.h>

/* Whether it has so many that workers limited to WORKER_PROCESSES_MAX would get no threads. Root is not counted. */
bool crowd_is_there(void);

#endif
