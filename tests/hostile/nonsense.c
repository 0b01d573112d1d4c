/* SPDX-License-Identifier: Apache-2.0 */
/* Ends its round with a result that does not exist. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    hostile_emit(host);
    return 4711;
}

HOSTILE("nonsense", NULL, collect, NULL, NULL)
