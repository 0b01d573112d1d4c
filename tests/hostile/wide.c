/* SPDX-License-Identifier: Apache-2.0 */
/* Emits few samples with long labels. */
#include <stdio.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    char label[600];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(label, sizeof label, "%0500d", i);
        minotor_label_u64(host, 0, label, (uint64_t)i);
    }
    return MINOTOR_OK;
}

HOSTILE("wide", NULL, collect, NULL, "number")
