/* SPDX-License-Identifier: Apache-2.0 */
/* Has more to do than time for it, and stops when it is told to: not hostile at all. */
#include <time.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    hostile_emit(host);
    while (!minotor_cancelled(host))
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    return MINOTOR_CANCELLED;
}

HOSTILE("cancelled", NULL, collect, NULL, NULL)
