/* SPDX-License-Identifier: Apache-2.0 */
/* Emits one series twice. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    minotor_label_u64(host, 0, "a", 1);
    minotor_label_u64(host, 0, "a", 2);
    minotor_label_u64(host, 0, "b", 3);
    return MINOTOR_OK;
}

HOSTILE("duplicate", NULL, collect, NULL, "letter")
