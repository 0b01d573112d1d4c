/* SPDX-License-Identifier: Apache-2.0 */
/* Closes the descriptors of its worker. */
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds == 2) {
        close(3);
        close(4);
    }
    return hostile_emit(host);
}

HOSTILE("closer", NULL, collect, NULL, NULL)
