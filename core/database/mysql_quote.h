/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts parameters into the text of a query for MySQL and MariaDB. Pure.
 *
 * Why text and no prepared statements: a query costs one round trip instead of three, nothing stays at the
 * server when we are killed, max_prepared_stmt_count is not ours to use up, and poolers need no care. It is
 * safe without knowing the session's character set or sql_mode, because a value is either printable ASCII
 * without quote and backslash, between quotes, or a hexadecimal literal. Nothing is ever escaped.
 *
 * A value stands in the query as text, also a number: comparing a column of numbers with it works as expected
 * and uses indexes. Where its type decides (GREATEST, COALESCE, CASE), the query says CAST(? AS SIGNED).
 * After LIMIT and OFFSET, where the grammar wants a number, digits are put in bare.
 */
#ifndef MINOTOR_DATABASE_MYSQL_QUOTE_H
#define MINOTOR_DATABASE_MYSQL_QUOTE_H

#include <stddef.h>

/*
 * `sql` with each ? outside of strings, names and comments replaced by the next of the values; a value that
 * is NULL is SQL NULL. The caller frees it. NULL: *fault says why in words that hold no value.
 */
char *mysql_quote(const char *sql, const char *const *values, size_t count, const char **fault);

#endif
