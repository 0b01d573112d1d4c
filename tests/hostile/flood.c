/* SPDX-License-Identifier: Apache-2.0 */
/* Talks without end on its error output and in the log. */
#include <stdio.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        fprintf(stderr, "flood %d\n", i);
        minotor_log(host, MINOTOR_ERROR, "more flood %d", i);
    }
    return hostile_emit(host);
}

HOSTILE("flood", NULL, collect, NULL, NULL)
