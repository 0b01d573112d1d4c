/* SPDX-License-Identifier: Apache-2.0 */
/* A host for collectors whose database answers what the test has put there, and whose clock is the test's. */
#ifndef TESTS_UNIT_FAKE_DATABASE_H
#define TESTS_UNIT_FAKE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minotor/collector.h"

#define FAKE_NOW_MS INT64_C(1700000000123)
#define FAKE_COLUMNS 7
#define FAKE_ROWS 8

/* What the database says to the queries of a name. The second of a name is for the second query, the last for all
 * others. A row whose cells are all NULL is there when `rows_count` says so. */
struct fake_answer {
    const char *name;
    int result;      /* of minotor_query() */
    int last_result; /* of the minotor_next_row() after the rows; 0 stands for MINOTOR_END */
    size_t row_count;
    const char *rows[FAKE_ROWS][FAKE_COLUMNS];
};

extern const struct minotor_host fake_host;

/* Everything as it is at the beginning: no answers, no samples, nothing kept, settings as the collector's defaults. */
void fake_reset(void);
/* Answers for all queries from now on; until fake_reset() or the next call. Copied. */
void fake_answers(const struct fake_answer *answers, size_t count);
/* Changes one cell of the first row of the first answer of that name; makes the row where there is none. */
void fake_cell_is(const char *name, uint32_t column, const char *text);
void fake_result_is(const char *name, int result, int last_result);
void fake_no_rows(const char *name);
void fake_setting(const char *name, int64_t value);
void fake_advance(int64_t ms);
/* How long each query takes from now on, by the clock. */
void fake_query_takes(int64_t ms);
/* minotor_has() says no for this "Table" or "Table.Column". */
void fake_lacks(const char *name);

/* What was kept so far was kept under this one. */
void fake_state_is_of_version(uint32_t version);

/* A round; open() is called before the first, and after fake_restart(), which is the death of the worker. */
int fake_collect(void);
void fake_restart(void);
void fake_close(void);

/* Of the last round. Labels in one string with commas; -1: there is no such sample. */
double fake_value(const char *family, const char *labels);
size_t fake_count(const char *family);
bool fake_unknown_is(const char *family);
size_t fake_unknown_count(void);
const char *fake_error(void);
/* The queries of the last round: how many of that name, and the parameters of one, with commas. */
size_t fake_queries(const char *name);
const char *fake_parameters(const char *name, size_t index);

#endif
