/* SPDX-License-Identifier: Apache-2.0 */
/* Its second round crashes. */
#include <signal.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds == 2)
        raise(SIGSEGV);
    return hostile_emit(host);
}

HOSTILE("segv", NULL, collect, NULL, NULL)
