/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker asks its broker, and what that answers: datagrams on a SOCK_SEQPACKET pair of at most
 * REACH_MESSAGE_MAX_BYTES. Each request has a number that its answer repeats; answers come in any order. An answer to
 * CONNECT has the socket with it, unless it failed.
 *
 * The worker's side (worker/reach.h) makes connect() and getaddrinfo() of it. Ports, hints and names of services stay
 * there: what the broker is asked for is a name's addresses, and a place.
 */
#ifndef MINOTOR_COMMON_REACH_H
#define MINOTOR_COMMON_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

#define REACH_PATH_BYTES 109 /* as much as the address of a unix socket holds, and an end */

enum reach_type {
    REACH_LOOKUP = 1,
    REACH_CONNECT,
};

/* The numbers are the versions of IP. */
enum reach_family {
    REACH_UNIX = 1,
    REACH_IPV4 = 4,
    REACH_IPV6 = 6,
};

/* What kind of socket is to be connected; all but the first are refused. */
enum reach_kind {
    REACH_STREAM, /* TCP, or a stream over a unix socket */
    REACH_DATAGRAM,
    REACH_OTHER, /* another protocol, such as MPTCP */
    REACH_KIND_COUNT
};

struct reach_address {
    uint8_t family; /* REACH_IPV4 or _IPV6, in a place also REACH_UNIX */
    uint8_t bytes[16]; /* in the network's order; of IPv4 the first four */
    uint32_t scope; /* of IPv6: index of an interface, or 0 */
};

struct reach_place {
    struct reach_address address;
    uint16_t port;
    char path[REACH_PATH_BYTES]; /* REACH_UNIX; one in the abstract namespace begins with '@' */
};

struct reach_request {
    uint32_t id;
    enum reach_type type;
    char host[CONFIG_TEXT_BYTES]; /* LOOKUP */
    enum reach_kind kind;         /* this and the next: CONNECT */
    struct reach_place place;
};

struct reach_answer {
    uint32_t id;
    enum reach_type type;
    int32_t error; /* LOOKUP: 0 or EAI_...; CONNECT: errno; 0 and EINPROGRESS have a socket with them */
    unsigned count;
    struct reach_address addresses[NAME_ADDRESSES_MAX]; /* LOOKUP */
};

/* Encodes into `bytes` (REACH_MESSAGE_MAX_BYTES). Returns the size. */
size_t reach_encode_request(const struct reach_request *request, uint8_t *bytes);
size_t reach_encode_answer(const struct reach_answer *answer, uint8_t *bytes);
/* False: it cannot be understood. */
bool reach_decode_request(const uint8_t *bytes, size_t size, struct reach_request *request);
bool reach_decode_answer(const uint8_t *bytes, size_t size, struct reach_answer *answer);

/* A number in place of a name: "192.0.2.1", "2001:db8::1", "fe80::1%eth0". False: it is a name. */
bool reach_parse_address(const char *text, struct reach_address *address);
bool reach_same_address(const struct reach_address *one, const struct reach_address *other);
/* "192.0.2.1 port 5432", "/run/postgresql/.s.PGSQL.5432": for people. */
void reach_describe_place(const struct reach_place *place, char *out, size_t out_bytes);

struct sockaddr;
/* False: a family that has no number here, or too short. */
bool reach_place_of(const struct sockaddr *address, size_t size, struct reach_place *place);
/* Writes the C library's form into `out` (sizeof(struct sockaddr_storage)). Returns its size. */
size_t reach_sockaddr_of(const struct reach_place *place, void *out);

#endif
