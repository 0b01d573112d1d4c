/* SPDX-License-Identifier: Apache-2.0 */
/* How a generation of a child ended, in one line for the log and a shorter one for the page. Pure. */
#ifndef MINOTOR_SUPERVISOR_OBITUARY_H
#define MINOTOR_SUPERVISOR_OBITUARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control.h"

struct obituary {
    bool signalled;           /* else it left with a code */
    int status;               /* the signal, or the code */
    bool core;                /* left a core file */
    enum restart_cause cause; /* RESTART_CAUSE_COUNT: the end was ordered */
    bool busy;                /* it was computing, not waiting */
    int64_t cpu_ms;           /* CPU time since its birth or its last round began */
    const char *last_words;   /* its newest log line, or "" */
};

/* "exit code 74: could not load the plugin; last words: ..." Returns whether all fitted. */
bool obituary_write(char *out, size_t out_bytes, const struct obituary *obituary);

#endif
