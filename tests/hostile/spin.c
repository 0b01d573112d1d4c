/* SPDX-License-Identifier: Apache-2.0 */
/* Computes in each round for longer than it may, and then has a result all the same. */
#include <time.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    struct timespec used;
    (void)state;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec < 5);
    return hostile_emit(host);
}

HOSTILE("spin", NULL, collect, NULL, NULL)
