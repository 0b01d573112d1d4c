/* SPDX-License-Identifier: Apache-2.0 */
/* Wants a state to be kept whose checksum is wrong, past the host's functions. */
#include <sys/socket.h>

#include "hostile.h"

static int collect(const struct minotor_host *host, void *state)
{
    /* type, version, checksum, size, bytes */
    static const char forged[] = "\x14" "\1\0\0\0" "\1\2\3\4\5\6\7\10" "\4\0" "oops";
    static int rounds;
    (void)state;
    if (++rounds == 2)
        send(3, forged, sizeof forged - 1, MSG_NOSIGNAL);
    return hostile_emit(host);
}

HOSTILE("forger", NULL, collect, NULL, NULL)
