/* SPDX-License-Identifier: Apache-2.0 */
/* Does not come back from close(). */
#include <time.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

static void close_collector(const struct minotor_host *host, void *state)
{
    (void)host;
    (void)state;
    for (;;)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
}

HOSTILE("close_hangs", NULL, collect, close_collector, NULL)
