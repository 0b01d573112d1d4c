/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Scrapes are few; this is what may queue while a front is being restarted. */
#define LISTENER_BACKLOG 128

static int parse_port(const char *text, in_port_t *port)
{
    char *end = NULL;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return -1;
    unsigned long value = strtoul(text, &end, 10);
    if (value > 65535)
        return -1;
    *port = htons((in_port_t)value);
    return 0;
}

static void set_ipv4(struct listener_address *address, struct in_addr host, in_port_t port)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address->address;
    ipv4->sin_family = AF_INET;
    ipv4->sin_addr = host;
    ipv4->sin_port = port;
    address->address_bytes = sizeof *ipv4;
}

static void set_ipv6(struct listener_address *address, const struct in6_addr *host, in_port_t port)
{
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address->address;
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_addr = *host;
    ipv6->sin6_port = port;
    address->address_bytes = sizeof *ipv6;
}

int listener_parse(const char *text, struct listener_address *address)
{
    char host[LISTENER_TEXT_BYTES];
    struct in_addr ipv4 = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct in6_addr ipv6 = in6addr_any;
    in_port_t port;
    const char *colon = strrchr(text, ':');
    memset(address, 0, sizeof *address);
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || parse_port(colon + 1, &port) != 0)
        return -1;
    size_t host_bytes = (size_t)(colon - text);
    memcpy(host, text, host_bytes);
    host[host_bytes] = '\0';
    if (host_bytes == 0) {
        address->any = true;
        set_ipv6(address, &ipv6, port);
    } else if (host[0] == '[' && host[host_bytes - 1] == ']') {
        host[host_bytes - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &ipv6) != 1)
            return -1;
        set_ipv6(address, &ipv6, port);
    } else {
        if (strcmp(host, "localhost") != 0 && inet_pton(AF_INET, host, &ipv4) != 1)
            return -1;
        set_ipv4(address, ipv4, port);
    }
    return 0;
}

bool listener_is_loopback(const struct listener_address *address)
{
    if (address->address.ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address->address;
        return (ntohl(ipv4->sin_addr.s_addr) >> 24) == 127;
    }
    const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)&address->address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(ipv6) || (IN6_IS_ADDR_V4MAPPED(ipv6) && ipv6->s6_addr[12] == 127);
}

static int open_socket(const struct listener_address *address)
{
    int yes = 1;
    int only_ipv6 = !address->any;
    int family = address->address.ss_family;
    int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        (family != AF_INET6 ||
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6) == 0) &&
        bind(descriptor, (const struct sockaddr *)&address->address, address->address_bytes) == 0 &&
        listen(descriptor, LISTENER_BACKLOG) == 0)
        return descriptor;
    int saved_errno = errno;
    close(descriptor);
    errno = saved_errno;
    return -1;
}

int listener_open(const struct listener_address *address)
{
    int descriptor = open_socket(address);
    if (descriptor >= 0 || !address->any || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
        return descriptor;
    /* A host without IPv6. */
    struct listener_address ipv4;
    memset(&ipv4, 0, sizeof ipv4);
    set_ipv4(&ipv4, (struct in_addr){.s_addr = htonl(INADDR_ANY)},
             ((const struct sockaddr_in6 *)&address->address)->sin6_port);
    return open_socket(&ipv4);
}

int listener_describe(int socket, char *out, size_t out_bytes)
{
    struct sockaddr_storage address;
    socklen_t address_bytes = sizeof address;
    char host[INET6_ADDRSTRLEN];
    if (getsockname(socket, (struct sockaddr *)&address, &address_bytes) != 0)
        return -1;
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
        snprintf(out, out_bytes, "%s:%u", host, ntohs(ipv4->sin_port));
    } else {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
        snprintf(out, out_bytes, "[%s]:%u", host, ntohs(ipv6->sin6_port));
    }
    return 0;
}
