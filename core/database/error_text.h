/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one presentable line of what servers and client libraries say. Pure. Their words are foreign: they may
 * hold line ends, other encodings and, in theory, the password, so that whoever holds it is withheld.
 */
#ifndef MINOTOR_DATABASE_ERROR_TEXT_H
#define MINOTOR_DATABASE_ERROR_TEXT_H

#include <stddef.h>

/* The first line of `foreign`, cleaned, into `out`. */
void error_text_first_line(char *out, size_t out_bytes, const char *foreign, const char *secret);

/*
 * Why a connection could not be made, out of libpq's lines, one or more for each address that it tried:
 *     connection to server on socket "..." failed: FATAL:  password authentication failed for user "minotor"
 * gives "password authentication failed". What a server said goes before what the system said.
 */
void error_text_connect_reason(char *out, size_t out_bytes, const char *foreign, const char *secret);

#endif
