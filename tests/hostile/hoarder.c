/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps as many descriptors on their way as it can, between the ends of a socket of its own. The kernel counts them for
 * the account, and lets nobody of the account send one while there are more than he may have open.
 */
#include <string.h>
#include <sys/socket.h>

#include "hostile.h"

#define DESCRIPTORS 253 /* of one message: the kernel's bound */

static void hoard(int socket)
{
    union {
        char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
        struct cmsghdr head;
    } space;
    int descriptors[DESCRIPTORS];
    struct iovec vector = { "x", 1 };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes,
                              .msg_controllen = sizeof space.bytes };
    for (size_t i = 0; i < DESCRIPTORS; i++)
        descriptors[i] = 0;
    memset(&space, 0, sizeof space);
    space.head.cmsg_level = SOL_SOCKET;
    space.head.cmsg_type = SCM_RIGHTS;
    space.head.cmsg_len = CMSG_LEN(sizeof descriptors);
    memcpy(CMSG_DATA(&space.head), descriptors, sizeof descriptors);
    while (sendmsg(socket, &message, MSG_DONTWAIT) > 0)
        continue;
}

static int collect(const struct minotor_host *host, void *state)
{
    static int pair[2];
    (void)state;
    if (pair[0] == pair[1])
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    hoard(pair[0]);
    return hostile_emit(host);
}

HOSTILE("hoarder", NULL, collect, NULL, NULL)
