/* SPDX-License-Identifier: Apache-2.0 */
/* Begins a frame that it never ends, and dies. */
#include <signal.h>
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    /* magic, version, type POINTS, 4096 bytes to follow, second round, sequence after two rounds of one sample */
    static const unsigned char head[16] = { 0x6e, 0x4d, 1, 4, 0, 0x10, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0 };
    static int rounds;
    (void)state;
    if (++rounds == 2) {
        if (write(4, head, sizeof head) < 0)
            return MINOTOR_FAILED;
        raise(SIGKILL);
    }
    return hostile_emit(host);
}

HOSTILE("half", NULL, collect, NULL, NULL)
