/* SPDX-License-Identifier: Apache-2.0 */
/* Takes all memory that it can get, and uses it. */
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    for (size_t taken = 0; taken < 512; taken++) {
        char *memory = malloc(1U << 20);
        if (memory == NULL)
            abort();
        memset(memory, 1, 1U << 20);
    }
    return hostile_emit(host);
}

HOSTILE("hog", NULL, collect, NULL, NULL)
