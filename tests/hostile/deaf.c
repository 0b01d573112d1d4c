/* SPDX-License-Identifier: Apache-2.0 */
/* Computes for ever, and does not hear the signals that would end that. */
#include <signal.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static volatile int forever = 1;
    (void)state;
    signal(SIGPROF, SIG_IGN);
    signal(SIGALRM, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    while (forever) {
    }
    return hostile_emit(host);
}

HOSTILE("deaf", NULL, collect, NULL, NULL)
