/* SPDX-License-Identifier: Apache-2.0 */
/* The host of test_dbpool.c: its database, Mattermost and minotord answer what the test has put there. */
#ifndef TESTS_UNIT_FAKE_DBPOOL_H
#define TESTS_UNIT_FAKE_DBPOOL_H

#include "tests/tap/cunit_tap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "minotor/collector.h"
#include "worker/plugin.h"

#define COLUMNS_MAX 36 /* SHOW REPLICA STATUS is wide */
#define ROWS_MAX_HERE 8
#define SAMPLES_MAX_HERE 64
#define QUERIES_MAX 10

/* What the database says to a query: rows, or an error. */
struct answer {
    const char *query_name;
    int result;
    const char *rows[ROWS_MAX_HERE][COLUMNS_MAX]; /* until the first row that begins with NULL */
};

struct sample {
    uint32_t family;
    char label[40];
    double value;
};

static struct {
    const char *engine;
    const char *max_open_conns;
    const char *mattermost_user;
    struct answer answers[QUERIES_MAX];
    const char *refusal; /* what the server says to a query that fails */
    const struct answer *current;
    const char *const *row;
    size_t next_row;
    char asked[QUERIES_MAX * 2][32];
    size_t queries;
    int pool_result;
    int http_result; /* MINOTOR_NO_DATA: the target has no such address */
    int http_status;
    const char *page;
    bool asks_no_metrics;
    unsigned requests;
    int64_t remaining_ms;
    uint32_t timeout_ms; /* of the last request */
    int64_t now_ms;
    char last_line[MINOTOR_TEXT_MAX];
    char error[MINOTOR_TEXT_MAX];
    struct sample samples[SAMPLES_MAX_HERE];
    size_t sample_count;
    bool unknown[32];
    unsigned logged;
} fake;

static void *state;

static void fake_log(const struct minotor_host *host, int level, const char *text)
{
    (void)host;
    CU_ASSERT_EQUAL(level, MINOTOR_NOTICE);
    snprintf(fake.last_line, sizeof fake.last_line, "%s", text);
    fake.logged++;
}

static int64_t fake_now_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.now_ms;
}

static int64_t fake_remaining_ms(const struct minotor_host *host)
{
    (void)host;
    return fake.remaining_ms;
}

static const char *fake_setting_text(const struct minotor_host *host, const char *name)
{
    (void)host;
    CU_ASSERT_STRING_EQUAL(name, "mattermost_user");
    return fake.mattermost_user;
}

static int fake_setting_integer(const struct minotor_host *host, const char *name, int64_t *value)
{
    (void)host;
    CU_ASSERT_STRING_EQUAL(name, "mattermost_metrics");
    *value = !fake.asks_no_metrics;
    return MINOTOR_OK;
}

static int keep(uint32_t family, const char *const *label_values, uint32_t label_count, double value)
{
    struct sample *sample = &fake.samples[fake.sample_count++];
    CU_ASSERT_FATAL(fake.sample_count < SAMPLES_MAX_HERE);
    sample->family = family;
    sample->value = value;
    snprintf(sample->label, sizeof sample->label, "%s", label_count > 0 ? label_values[0] : "");
    return MINOTOR_OK;
}

static int fake_emit_u64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, uint64_t value)
{
    (void)host;
    return keep(family, label_values, label_count, (double)value);
}

static int fake_emit_f64(const struct minotor_host *host, uint32_t family, const char *const *label_values,
                         uint32_t label_count, double value)
{
    (void)host;
    return keep(family, label_values, label_count, value);
}

static void fake_unknown(const struct minotor_host *host, uint32_t family, const char *reason)
{
    (void)host;
    CU_ASSERT_NOT_EQUAL(reason[0], '\0');
    fake.unknown[family] = true;
}

static void fake_set_error(const struct minotor_host *host, const char *text)
{
    (void)host;
    snprintf(fake.error, sizeof fake.error, "%s", text);
}

static const char *fake_error(const struct minotor_host *host)
{
    (void)host;
    return fake.error;
}

static int fake_query(const struct minotor_host *host, const struct minotor_query *query)
{
    (void)host;
    bool is_mysql = strcmp(fake.engine, "mysql") == 0;
    CU_ASSERT_EQUAL(query->size, sizeof *query);
    CU_ASSERT_PTR_NOT_NULL_FATAL(is_mysql ? query->mysql : query->postgresql);
    CU_ASSERT_FATAL(fake.queries < QUERIES_MAX * 2);
    snprintf(fake.asked[fake.queries++], sizeof fake.asked[0], "%s", is_mysql ? query->mysql : query->name);
    fake.next_row = 0;
    fake.row = NULL;
    for (fake.current = fake.answers; strcmp(fake.current->query_name, query->name) != 0; fake.current++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(fake.current[1].query_name);
    if (fake.current->result != MINOTOR_OK)
        fake_set_error(host, fake.refusal != NULL ? fake.refusal : "the view is gone");
    return fake.current->result;
}

static int fake_next_row(const struct minotor_host *host)
{
    (void)host;
    fake.row = fake.next_row < ROWS_MAX_HERE ? fake.current->rows[fake.next_row] : NULL;
    if (fake.row == NULL || fake.row[0] == NULL)
        return MINOTOR_END;
    fake.next_row++;
    return MINOTOR_OK;
}

static const char *fake_cell(const struct minotor_host *host, uint32_t column)
{
    (void)host;
    return fake.row != NULL && column < COLUMNS_MAX ? fake.row[column] : NULL;
}

static const char *fake_engine(const struct minotor_host *host)
{
    (void)host;
    return fake.engine;
}

static const char *fake_target(const struct minotor_host *host, const char *key)
{
    (void)host;
    if (strcmp(key, "database.user") == 0)
        return "minotor";
    if (strcmp(key, "database.mattermost_user") == 0)
        return "";
    CU_ASSERT_STRING_EQUAL(key, "database.max_open_conns");
    return fake.max_open_conns;
}

static int fake_http(const struct minotor_host *host, const struct minotor_request *request, int *status)
{
    CU_ASSERT_EQUAL(request->size, sizeof *request);
    CU_ASSERT_EQUAL(request->flags, MINOTOR_REQUEST_METRICS); /* never with a token */
    CU_ASSERT_EQUAL(fake.queries, 0);                         /* nothing idles in a transaction meanwhile */
    CU_ASSERT_TRUE(request->max_bytes > 0 && request->max_bytes <= 8U << 20);
    CU_ASSERT_TRUE(strncmp(request->path, "/metrics?name%5B%5D=go_sql_max_open_connections&name%5B%5D=", 58) == 0);
    const char *last = strrchr(request->path, '=');
    CU_ASSERT_STRING_EQUAL(last, "=go_sql_max_lifetime_closed_total");
    fake.timeout_ms = request->timeout_ms;
    fake.requests++;
    *status = fake.http_status;
    if (fake.http_result != MINOTOR_OK)
        fake_set_error(host, "GET http://127.0.0.1:8067/metrics: connection refused");
    return fake.http_result;
}

static const char *fake_http_body(const struct minotor_host *host, size_t *size)
{
    (void)host;
    *size = strlen(fake.page);
    return fake.page;
}

static int fake_pool(const struct minotor_host *host, struct minotor_pool *pool)
{
    CU_ASSERT_EQUAL(pool->size, sizeof *pool);
    if (fake.pool_result != MINOTOR_OK) {
        fake_set_error(host, "minotord does not answer");
        return fake.pool_result;
    }
    *pool = (struct minotor_pool){ .size = sizeof *pool, .max_open = 2, .open = 2, .in_use = 1, .idle = 1,
                                   .wait_count = 4, .wait_duration_us = 1500000, .closed_max_idle = 5,
                                   .closed_idle_time = 6, .closed_lifetime = 7 };
    return MINOTOR_OK;
}

static const struct minotor_host host = {
    .size = sizeof host,
    .abi_major = MINOTOR_ABI_MAJOR,
    .abi_minor = MINOTOR_ABI_MINOR,
    .log = fake_log,
    .now_ms = fake_now_ms,
    .remaining_ms = fake_remaining_ms,
    .setting_integer = fake_setting_integer,
    .setting_text = fake_setting_text,
    .emit_u64 = fake_emit_u64,
    .emit_f64 = fake_emit_f64,
    .unknown = fake_unknown,
    .set_error = fake_set_error,
    .error = fake_error,
    .query = fake_query,
    .next_row = fake_next_row,
    .cell = fake_cell,
    .http = fake_http,
    .http_body = fake_http_body,
    .engine = fake_engine,
    .target = fake_target,
    .pool = fake_pool,
};

#endif
