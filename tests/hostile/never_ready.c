/* SPDX-License-Identifier: Apache-2.0 */
/* Never comes back from open(). */
#include <time.h>

#include "hostile.h"

static int open_collector(const struct minotor_host *host, void **state)
{
    static volatile int forever = 1;
    (void)host;
    (void)state;
    while (forever)
        nanosleep(&(struct timespec){ .tv_sec = 3600 }, NULL);
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("never_ready", open_collector, collect, NULL, NULL)
