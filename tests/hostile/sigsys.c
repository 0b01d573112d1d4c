/* SPDX-License-Identifier: Apache-2.0 */
/* Dies as one does that the filter of system calls kills, whether there is a filter or not. */
#include <signal.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    raise(SIGSYS);
    return hostile_emit(host);
}

HOSTILE("sigsys", NULL, collect, NULL, NULL)
