/* SPDX-License-Identifier: Apache-2.0 */
/* Cannot open now; perhaps later. */
#include "hostile.h"

static int open_collector(const struct minotor_host *host, void **state)
{
    (void)state;
    return minotor_fail(host, "no key for the door");
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("open_fails", open_collector, collect, NULL, NULL)
