/* SPDX-License-Identifier: Apache-2.0 */
/* Emits more samples than a round may have. */
#include <stdio.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    char number[16];
    (void)state;
    for (int i = 0; i < 30000; i++) {
        snprintf(number, sizeof number, "%d", i);
        minotor_label_u64(host, 0, number, (uint64_t)i);
    }
    return MINOTOR_OK;
}

HOSTILE("many", NULL, collect, NULL, "number")
