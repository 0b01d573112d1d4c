/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps past its deadline and hears no signal that can be kept out. */
#include <signal.h>
#include <time.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static volatile int forever = 1;
    sigset_t all;
    (void)state;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    while (forever)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
    return hostile_emit(host);
}

HOSTILE("sleeper", NULL, collect, NULL, NULL)
