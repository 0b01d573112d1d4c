/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's loop: waits for descriptors and deadlines and hands each to its child. */
#ifndef MINOTOR_SUPERVISOR_LOOP_H
#define MINOTOR_SUPERVISOR_LOOP_H

#include "supervisor/supervisor.h"

/* Returns MINOTORD_OK when an ordered end is complete, MINOTORD_OS when waiting itself fails. */
enum minotord_status loop_run(struct supervisor *supervisor);

/* How much longer a turn took than it was meant to, when that is more than STALL_MS; else 0. Pure. */
int64_t loop_stall_ms(int64_t turn_ms, int64_t meant_ms);

#endif
