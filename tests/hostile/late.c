/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps past its deadline, then answers as if nothing had been. */
#include <time.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    nanosleep(&(struct timespec){ .tv_nsec = 700 * 1000 * 1000 }, NULL);
    return hostile_emit(host);
}

HOSTILE("late", NULL, collect, NULL, NULL)
