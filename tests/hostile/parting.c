/* SPDX-License-Identifier: Apache-2.0 */
/* Shows how many workers before it have said farewell: each saves its last word when it closes. */
#include <stdint.h>

#include "hostile.h"

static uint64_t farewells;

static int open_parting(const struct minotor_host *host, void **state)
{
    (void)state;
    if (minotor_state_load(host, 1, &farewells, sizeof farewells) != sizeof farewells)
        farewells = 0;
    return MINOTOR_OK;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return minotor_set_u64(host, 0, farewells);
}

static void close_parting(const struct minotor_host *host, void *state)
{
    (void)state;
    farewells++;
    minotor_state_save(host, 1, &farewells, sizeof farewells);
}

HOSTILE("parting", open_parting, collect, close_parting, NULL)
