/* SPDX-License-Identifier: Apache-2.0 */
/* Its first rounds come before the source is up. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds < 5)
        return MINOTOR_NOT_READY;
    return hostile_emit(host);
}

HOSTILE("not_ready", NULL, collect, NULL, NULL)
