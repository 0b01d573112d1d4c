/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what makes every worker after it crash. */
#include <stdlib.h>

#include "hostile.h"

static int open_poisoned(const struct minotor_host *host, void **state)
{
    char poison[16];
    (void)state;
    if (minotor_state_load(host, 1, poison, sizeof poison) > 0)
        abort();
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    minotor_state_save(host, 1, "poison", 6);
    return hostile_emit(host);
}

HOSTILE("poisoned", open_poisoned, collect, NULL, NULL)
