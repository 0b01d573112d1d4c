/* SPDX-License-Identifier: Apache-2.0 */
/* Finds in open() that it cannot work with its settings. */
#include "hostile.h"

static int open_collector(const struct minotor_host *host, void **state)
{
    (void)state;
    minotor_fail(host, "the moon is not a target");
    return MINOTOR_BAD_SETTING;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("bad_setting", open_collector, collect, NULL, NULL)
