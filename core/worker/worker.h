/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a worker after its birth: load, introduce, and then round after round. */
#ifndef MINOTOR_WORKER_WORKER_H
#define MINOTOR_WORKER_WORKER_H

#include "worker/settings.h"

/* `state` is what an earlier generation has saved, size 0: nothing. Does not return; leaves through birth_exit(). Uses FD_CONTROL and FD_DATA. */
_Noreturn void worker_run(const struct worker_settings *settings, const struct control_state *state);

#endif
