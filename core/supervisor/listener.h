/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: opened once by the supervisor, held for ever, lent to every front. */
#ifndef MINOTOR_SUPERVISOR_LISTENER_H
#define MINOTOR_SUPERVISOR_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define LISTENER_TEXT_BYTES 64 /* "[ffff:...:ffff]:65535" with room */

/* What the words of an address mean. */
struct listener_address {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    bool any; /* no host was given: all addresses, of IPv6 and IPv4 */
};

/*
 * "127.0.0.1:9806", "[::1]:9806", "localhost:9806" (127.0.0.1), ":9806" (all addresses); port 0 lets the
 * kernel choose. No name is looked up: the answer could change, and could take long. 0, or -1 when it is none
 * of these.
 */
int listener_parse(const char *text, struct listener_address *address);

/* Whether only this host can reach it. */
bool listener_is_loopback(const struct listener_address *address);

/* Binds and listens; a close-on-exec, non-blocking descriptor that the caller owns, or -1 and errno. */
int listener_open(const struct listener_address *address);

/* The address that a socket is bound to, with its true port: "127.0.0.1:41234". 0, or -1 and errno. */
int listener_describe(int socket, char *out, size_t out_bytes);

#endif
