/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of the cells of a row. Shared by the collectors that ask the database. */
#ifndef COLLECTORS_CELL_H
#define COLLECTORS_CELL_H

#include <minotor/collector.h>

/* A count, a size or a time: a whole number that is not negative. MINOTOR_FAILED, after minotor_fail(): it is not. */
int cell_number(const struct minotor_host *host, uint32_t column, int64_t *number);

/* The same, with `otherwise` where the database has NULL. */
int cell_number_or(const struct minotor_host *host, uint32_t column, int64_t otherwise, int64_t *number);

/* The cell as text, "" where the database has NULL. */
const char *cell_text(const struct minotor_host *host, uint32_t column);

/* Moves to the row of a query that always has one. Else what minotor_next_row() said; no row is MINOTOR_FAILED. */
int cell_only_row(const struct minotor_host *host);

/* Sends a query whose parameters are numbers. Returns as minotor_query(). */
#define CELL_PARAMETERS_MAX 4
int cell_query(const struct minotor_host *host, const struct minotor_query *query, const int64_t *numbers, uint32_t count);

#endif
