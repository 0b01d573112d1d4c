/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps for ever before anybody could look at it, and hears no signal that can be kept out. */
#include <signal.h>
#include <time.h>

#include "hostile.h"

__attribute__((constructor)) static void sleep_on(void)
{
    static volatile int forever = 1;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    while (forever)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("constructor_sleeps", NULL, collect, NULL, NULL)
