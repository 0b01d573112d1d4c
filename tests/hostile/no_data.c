/* SPDX-License-Identifier: Apache-2.0 */
/* From its fifth round on the target cannot give what it gave before. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds >= 5)
        return MINOTOR_NO_DATA;
    return hostile_emit(host);
}

HOSTILE("no_data", NULL, collect, NULL, NULL)
