/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a worker after its birth: load, introduce, and then round after round. */
#ifndef MINOTOR_WORKER_WORKER_H
#define MINOTOR_WORKER_WORKER_H

#include "common/control.h"
#include "common/sandbox_rules.h"
#include "worker/settings.h"

/* What an earlier generation has left. */
struct heritage {
    struct control_state state; /* of its collector; size 0: nothing */
    struct control_login login; /* all zero: nothing */
};

/* Does not return; leaves through birth_exit(). Uses FD_CONTROL and FD_DATA. `rules` are those in force. */
_Noreturn void worker_run(const struct worker_settings *settings, const struct heritage *heritage,
                          const struct sandbox_rules *rules);

#endif
