/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to the supervisor in the name of its worker. */
#include <sys/socket.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static const char noise[] = "all is well, trust me";
    static int rounds;
    (void)state;
    if (++rounds == 2)
        send(3, noise, sizeof noise, MSG_NOSIGNAL);
    return hostile_emit(host);
}

HOSTILE("liar", NULL, collect, NULL, NULL)
