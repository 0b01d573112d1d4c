/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 24

static int parse_number(const char *cell, int64_t *number)
{
    char *end = NULL;
    if (cell == NULL || *cell < '0' || *cell > '9')
        return 0;
    errno = 0;
    long long value = strtoll(cell, &end, 10);
    *number = value;
    return errno == 0 && *end == '\0';
}

int cell_number(const struct minotor_host *host, uint32_t column, int64_t *number)
{
    const char *cell = minotor_cell(host, column);
    if (parse_number(cell, number))
        return MINOTOR_OK;
    return minotor_fail(host, "the database gave `%.40s' instead of a number", cell != NULL ? cell : "NULL");
}

int cell_number_or(const struct minotor_host *host, uint32_t column, int64_t otherwise, int64_t *number)
{
    *number = otherwise;
    return minotor_cell(host, column) == NULL ? MINOTOR_OK : cell_number(host, column, number);
}

const char *cell_text(const struct minotor_host *host, uint32_t column)
{
    const char *cell = minotor_cell(host, column);
    return cell != NULL ? cell : "";
}

int cell_only_row(const struct minotor_host *host)
{
    int result = minotor_next_row(host);
    return result == MINOTOR_END ? minotor_fail(host, "the database gave no row") : result;
}

int cell_query(const struct minotor_host *host, const struct minotor_query *query, const int64_t *numbers, uint32_t count)
{
    char texts[CELL_PARAMETERS_MAX][NUMBER_BYTES];
    const char *parameters[CELL_PARAMETERS_MAX];
    struct minotor_query sent = *query;
    if (count > CELL_PARAMETERS_MAX)
        return minotor_fail(host, "a query with %u parameters", (unsigned)count);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%lld", (long long)numbers[i]);
        parameters[i] = texts[i];
    }
    sent.size = sizeof sent;
    sent.parameters = parameters;
    sent.parameter_count = count;
    return minotor_query(host, &sent);
}
