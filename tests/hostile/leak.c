/* SPDX-License-Identifier: Apache-2.0 */
/* Loses some memory in each round, and says so politely when there is no more. */
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static void *volatile lost;
    (void)state;
    for (int i = 0; i < 8; i++) {
        lost = malloc(1U << 20);
        if (lost == NULL)
            return minotor_fail(host, "nothing left to lose");
        memset(lost, 1, 1U << 20);
    }
    return hostile_emit(host);
}

HOSTILE("leak", NULL, collect, NULL, NULL)
