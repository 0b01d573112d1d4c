/* SPDX-License-Identifier: Apache-2.0 */
/* Takes descriptors and gives none back. */
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        if (dup(0) < 0)
            return minotor_fail(host, "no descriptor to be had");
    return hostile_emit(host);
}

HOSTILE("holder", NULL, collect, NULL, NULL)
