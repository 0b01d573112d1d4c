/* SPDX-License-Identifier: Apache-2.0 */
/* Fails, with a text. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    hostile_emit(host);
    return minotor_fail(host, "the kettle is cold");
}

HOSTILE("fails", NULL, collect, NULL, NULL)
