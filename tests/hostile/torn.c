/* SPDX-License-Identifier: Apache-2.0 */
/* Puts half a frame before those of the host and lives on. */
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static const unsigned char head[16] = { 0x6e, 0x4d, 1, 4, 0x00, 0x10, 0, 0 };
    static int rounds;
    (void)state;
    if (++rounds == 2 && write(4, head, 7) < 0)
        return MINOTOR_FAILED;
    return hostile_emit(host);
}

HOSTILE("torn", NULL, collect, NULL, NULL)
