/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the end with the wish for a successor: peeks at what its worker is told, and speaks in its name. */
#include <pthread.h>
#include <sys/socket.h>

#include "hostile.h"

#define CONTROL 3
#define DRAIN 7 /* of common/control.h */
#define RENEW 27

static void *listen_in(void *nothing)
{
    char bytes[64];
    const char renew = RENEW;
    for (;;) {
        ssize_t size = recv(CONTROL, bytes, sizeof bytes, MSG_PEEK);
        if (size == 0)
            return nothing;
        if (size > 0 && bytes[0] == DRAIN)
            send(CONTROL, &renew, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static int open_collector(const struct minotor_host *host, void **state)
{
    pthread_t thread;
    *state = NULL;
    return pthread_create(&thread, NULL, listen_in, NULL) == 0 ? MINOTOR_OK : minotor_fail(host, "no thread");
}

static int collect(const struct minotor_host *host, void *state)
{
    (void)state;
    return hostile_emit(host);
}

HOSTILE("phoenix", open_collector, collect, NULL, NULL)
