/* SPDX-License-Identifier: Apache-2.0 */
/* Calls itself until its stack is full. */
#include "hostile.h"

static volatile int bottom = 1 << 30;

static int fall(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < bottom ? room[0] + fall(depth + 1) + room[0] : 0;
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host) + fall(0);
}

HOSTILE("overflow", NULL, collect, NULL, NULL)
