/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves before anybody could look at it. */
#include <unistd.h>

#include "hostile.h"

__attribute__((constructor)) static void leave(void)
{
    _exit(0);
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("constructor", NULL, collect, NULL, NULL)
