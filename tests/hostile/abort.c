/* SPDX-License-Identifier: Apache-2.0 */
/* Its second round aborts, as a failed assertion would. */
#include <stdlib.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds == 2)
        abort();
    return hostile_emit(host);
}

HOSTILE("abort", NULL, collect, NULL, NULL)
