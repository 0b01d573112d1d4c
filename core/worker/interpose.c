/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three functions that the worker's program exports. The dynamic linker looks there before the C library, so the
 * client libraries that drivers bring along use these. The C library itself does not: what it connects to, the system
 * log or a name server, it does not reach.
 */
#include "worker/reach.h"

int connect(int socket, const struct sockaddr *address, socklen_t size)
{
    return reach_connect(socket, address, size);
}

int getaddrinfo(const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    return reach_getaddrinfo(host, service, hints, found);
}

void freeaddrinfo(struct addrinfo *found)
{
    reach_freeaddrinfo(found);
}
