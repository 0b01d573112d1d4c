/* SPDX-License-Identifier: Apache-2.0 */
/* Computes for ever. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static volatile int forever = 1;
    (void)state;
    while (forever) {
    }
    return hostile_emit(host);
}

HOSTILE("loop", NULL, collect, NULL, NULL)
