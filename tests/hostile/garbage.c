/* SPDX-License-Identifier: Apache-2.0 */
/* Writes on the descriptor of the data pipe, which is not its own. */
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static const char noise[] = "GET / HTTP/1.1\r\nthis is no frame at all, but it is longer than a header\r\n";
    static int rounds;
    (void)state;
    if (++rounds == 2 && write(4, noise, sizeof noise) < 0)
        return MINOTOR_FAILED;
    return hostile_emit(host);
}

HOSTILE("garbage", NULL, collect, NULL, NULL)
