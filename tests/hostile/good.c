/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is wrong with this one: it must not notice its neighbours. */
#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("good", NULL, collect, NULL, NULL)
