/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves in the middle of a round as if all were well. */
#include <stdlib.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    hostile_emit(host);
    exit(0);
}

HOSTILE("exit", NULL, collect, NULL, NULL)
