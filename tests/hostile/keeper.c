/* SPDX-License-Identifier: Apache-2.0 */
/* Counts its rounds over all its workers, each of which dies after a few: what it saves must survive them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

#define ROUNDS_OF_A_WORKER 4

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    uint64_t counted = 0;
    unsigned char large[MINOTOR_STATE_MAX + 1] = { 0 };
    (void)state;
    if (minotor_state_load(host, 7, &counted, sizeof counted) == 0)
        counted = 0;
    if (minotor_state_load(host, 8, &counted, sizeof counted) != 0)
        return minotor_fail(host, "the state of another version was given");
    if (minotor_state_save(host, 7, large, sizeof large) != MINOTOR_FAILED)
        return minotor_fail(host, "more than there is room for was kept");
    if (++rounds == ROUNDS_OF_A_WORKER)
        abort();
    counted++;
    if (minotor_state_save(host, 7, &counted, sizeof counted) != MINOTOR_OK)
        return MINOTOR_FAILED;
    return minotor_set_u64(host, 0, counted);
}

HOSTILE("keeper", NULL, collect, NULL, NULL)
