/* SPDX-License-Identifier: Apache-2.0 */
/* Has its result at once, and leaves a thread behind that computes between rounds. */
#include <pthread.h>

#include "hostile.h"

static void *compute(void *nothing)
{
    static volatile int forever = 1;
    while (forever) {
    }
    return nothing;
}

static int collect(const struct minotor_host *host, void *state)
{
    static int begun;
    pthread_t thread;
    (void)state;
    if (!begun && pthread_create(&thread, NULL, compute, NULL) == 0)
        begun = 1;
    return hostile_emit(host);
}

HOSTILE("lurker", NULL, collect, NULL, NULL)
