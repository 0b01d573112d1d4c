/* SPDX-License-Identifier: Apache-2.0 */
/* What our settings are to the client library: where it connects, and how. */
#ifndef MINOTOR_DATABASE_MYSQL_OPTIONS_H
#define MINOTOR_DATABASE_MYSQL_OPTIONS_H

#include <mysql.h>
#include <stdbool.h>
#include <sys/un.h>

#include "database/driver.h"

struct mysql_place {
    const char *host;        /* over TCP; "localhost" for a unix socket, as the library wants it */
    const char *authorities; /* a file of who may sign the server's certificate; NULL: anybody may */
    unsigned port;
    bool is_socket;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
};

/*
 * A host that begins with '/' is the file of a unix socket or the folder where it is mysqld.sock; "" is the
 * library's own default socket; all others, "localhost" too, are reached over TCP. Returns NULL or what is
 * wrong. `host` and `authorities` may be those of the settings.
 */
const char *mysql_place_of(struct mysql_place *place, const struct database_settings *settings);

/* All options of a handle that is not connected. False: no memory, or the library is too old for one of them.
 */
bool mysql_set_options(MYSQL *handle, const struct database_settings *settings,
                       const struct mysql_place *place);

/* Whether a session without TLS must not be used. The library itself sees to it only when it verifies. */
bool mysql_place_needs_tls(const struct mysql_place *place, const struct database_settings *settings);

/* While it connects: the library's TLS reads and writes with a socket that blocks, which then is not for
 * ever. */
void mysql_bound_socket(int descriptor);

/*
 * Of a session: never blocks, which the library leaves undone after TLS; notices a network that swallows
 * packets in seconds, not minutes. False: it could block.
 */
bool mysql_tune_socket(int descriptor, bool is_tcp);

#endif
