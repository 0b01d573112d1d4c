/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves a child of its own behind, holding all its descriptors, and dies. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    (void)state;
    if (++rounds == 2) {
        if (fork() == 0) {
            nanosleep(&(struct timespec){ .tv_sec = 3 }, NULL);
            _exit(0);
        }
        raise(SIGKILL);
    }
    return hostile_emit(host);
}

HOSTILE("forker", NULL, collect, NULL, NULL)
