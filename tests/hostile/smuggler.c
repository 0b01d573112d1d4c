/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends its supervisor descriptors that nobody asked for: with an empty datagram, with one that means nothing, and as
 * the socket of a session, which is a file first and then a socket whose close() would wait for twenty seconds.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

#define CONTROL 3
#define REST 14 /* of common/control.h */
#define SESSION 22

static void smuggle(unsigned char type, size_t size, int descriptor)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } space;
    struct iovec vector = { &type, size };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space.bytes,
                              .msg_controllen = sizeof space.bytes };
    memset(&space, 0, sizeof space);
    space.head.cmsg_level = SOL_SOCKET;
    space.head.cmsg_type = SCM_RIGHTS;
    space.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&space.head), &descriptor, sizeof descriptor);
    sendmsg(CONTROL, &message, MSG_DONTWAIT);
}

/* Full of bytes that nobody reads; the listener stays open as long as this process. */
static int lingering_socket(void)
{
    static char bytes[65536];
    const struct linger linger = { .l_onoff = 1, .l_linger = 20 };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(client, (struct sockaddr *)&address, size) != 0)
        return -1;
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    while (send(client, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    return client;
}

static int collect(const struct minotor_host *host, void *state)
{
    static int rounds;
    int file = open("/dev/zero", O_RDONLY | O_CLOEXEC), client;
    (void)state;
    switch (rounds++ % 4) {
    case 0:
        smuggle(SESSION, 1, file);
        break;
    case 1:
        client = lingering_socket();
        smuggle(SESSION, 1, client);
        smuggle(SESSION, 1, file); /* refused: the one before is kept, and closed when this process ends */
        close(client);
        break;
    case 2:
        client = lingering_socket();
        smuggle(REST, 1, client);
        close(client);
        break;
    default:
        smuggle(0, 0, file); /* an end, so to speak */
        break;
    }
    close(file);
    return hostile_emit(host);
}

HOSTILE("smuggler", NULL, collect, NULL, NULL)
