/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a frame of its own to the data pipe, right in every way, with more samples than its limit. */
#include <string.h>
#include <unistd.h>

#include "hostile.h"

#define SAMPLES 12

static void put(unsigned char **at, unsigned long value, int size)
{
    for (int i = 0; i < size; i++)
        *(*at)++ = (unsigned char)(value >> 8 * i);
}

static int collect(const struct minotor_host *host, void *state)
{
    unsigned char frame[16 + 2 + SAMPLES * (4 + 3 + 8)];
    unsigned char *at = frame;
    (void)host;
    (void)state;
    /* As in the first round of a generation: after HELLO, one DESC and BEGIN. */
    put(&at, 0x4d6e, 2); /* the magic number */
    put(&at, 1, 1);
    put(&at, 4, 1); /* POINTS */
    put(&at, sizeof frame - 16, 4);
    put(&at, 1, 4);
    put(&at, 3, 4);
    put(&at, SAMPLES, 2);
    for (int i = 0; i < SAMPLES; i++) {
        put(&at, 0, 2); /* the family */
        put(&at, 0, 1); /* an integer */
        put(&at, 1, 1); /* one label */
        put(&at, 1, 2);
        put(&at, (unsigned long)('a' + i), 1);
        put(&at, 1, 8);
    }
    if (write(4, frame, sizeof frame) != (ssize_t)sizeof frame)
        return MINOTOR_FAILED;
    return MINOTOR_OK;
}

HOSTILE("cheat", NULL, collect, NULL, "letter")
