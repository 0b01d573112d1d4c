/* SPDX-License-Identifier: Apache-2.0 */
/* What MySQL, MariaDB and their client library say, as one presentable line. Pure. */
#ifndef MINOTOR_DATABASE_MYSQL_ERROR_H
#define MINOTOR_DATABASE_MYSQL_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Why a query failed: "ERROR 1205: Lock wait timeout exceeded", never a piece of the query. */
void mysql_error_of_query(char *out, size_t out_bytes, unsigned number, const char *message,
                          const char *secret);

/* Why a connection could not be made: "No such file or directory", "Access denied for user ..." */
void mysql_error_of_connect(char *out, size_t out_bytes, unsigned number, const char *message,
                            const char *secret);

/* After this error the session is of no more use: the client library's own, and what a server says as it
 * leaves. */
bool mysql_error_ends_session(unsigned number);

/* The server ended the query because of the timeout that its session has set. */
bool mysql_error_is_timeout(unsigned number);

/* Somebody asked the server to end the query. */
bool mysql_error_is_interruption(unsigned number);

#endif
