/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mattermost's data sources as separate fields. It hands them to two drivers of Go, lib/pq and go-sql-driver,
 * whose languages our client libraries do not speak. Pure functions.
 *
 * A fault is a sentence of ours and holds no byte of the data source: with a quote or an escape in the wrong
 * place, any part of it may be the password.
 */
#ifndef MINOTOR_SUPERVISOR_DSN_H
#define MINOTOR_SUPERVISOR_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract.h"

#define DSN_TEXT_BYTES     256 /* host, user, name of a database: servers allow less */
#define DSN_PATH_BYTES     1024
#define DSN_PASSWORD_BYTES SETTING_VALUE_MAX_BYTES

enum dsn_driver {
    DSN_POSTGRESQL,
    DSN_MYSQL,
};

/* "" and 0: not given. The caller wipes it with dsn_wipe(). */
struct dsn {
    enum dsn_driver driver;
    char host[DSN_TEXT_BYTES]; /* name or address; PostgreSQL: or folder of a socket; MySQL: or path of a
                                  socket */
    unsigned port;
    char name[DSN_TEXT_BYTES];
    char user[DSN_TEXT_BYTES];
    char password[DSN_PASSWORD_BYTES];
    char sslmode[16]; /* in libpq's words, for both engines */
    char sslrootcert[DSN_PATH_BYTES];
    char sslcert[DSN_PATH_BYTES];
    char sslkey[DSN_PATH_BYTES];
    char search_path[DSN_TEXT_BYTES];
    unsigned left_out; /* parameters that would set something at the server and are not for us */
};

/* Each returns NULL and fills `dsn`; or a fault, static, and `dsn` is wiped. */
const char *dsn_parse_postgresql(const char *text, struct dsn *dsn);
const char *dsn_parse_mysql(const char *text, struct dsn *dsn);
/* With the scheme in front that MM_CONFIG has for both engines. */
const char *dsn_parse_url(const char *text, struct dsn *dsn);

/* Whether MM_CONFIG names a database, not a file. */
bool dsn_is_url(const char *text);

void dsn_wipe(struct dsn *dsn);

/* ---- What the two parsers share. */

/* A piece of the text. */
struct dsn_piece {
    const char *begin;
    size_t size;
};

/* The piece with %XX decoded, and '+' as a space where asked for. False: a bad escape, or it does not fit. */
bool dsn_decode(struct dsn_piece piece, bool plus_is_space, char *out, size_t out_bytes);
/* The piece as it is. False: it does not fit. */
bool dsn_copy(struct dsn_piece piece, char *out, size_t out_bytes);
/* 1 to 65535 in decimal digits; 0 for anything else. */
unsigned dsn_port(const char *text);
/* Checks what is true of both engines' fields; NULL or a fault. */
const char *dsn_check(const struct dsn *dsn);

#endif
