/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/host.h"

#include <stddef.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

static struct host *host_of(const struct minotor_host *table)
{
    return (struct host *)(void *)((char *)(uintptr_t)table - offsetof(struct host, table));
}

static void set_text(char *out, const char *text)
{
    text_one_line(out, ERROR_TEXT_MAX_BYTES + 1, text != NULL ? text : "");
}

static void host_log(const struct minotor_host *table, int level, const char *text)
{
    (void)table;
    switch (level) {
    case MINOTOR_ERROR:
        log_error("%s", text);
        break;
    case MINOTOR_WARNING:
        log_warning("%s", text);
        break;
    case MINOTOR_NOTICE:
        log_info("%s", text);
        break;
    default:
        log_debug("%s", text);
        break;
    }
}

static int64_t host_now_ms(const struct minotor_host *table)
{
    (void)table;
    return clock_wall_ms();
}

static int64_t host_remaining_ms(const struct minotor_host *table)
{
    const struct host *host = host_of(table);
    if (!host->in_round || *host->stopping)
        return 0;
    int64_t left_ms = host->deadline_ms - clock_monotonic_ms();
    return left_ms > 0 ? left_ms : 0;
}

static int host_setting_integer(const struct minotor_host *table, const char *name, int64_t *value)
{
    uint32_t type = 0;
    const struct plugin_setting_value *found = plugin_settings_find(host_of(table)->settings, name, &type);
    *value = 0;
    if (found == NULL || type == MINOTOR_SETTING_TEXT) {
        log_warning("the collector asks for the number of a setting `%s' that it has not declared so", name);
        return MINOTOR_FAILED;
    }
    *value = found->integer;
    return MINOTOR_OK;
}

static const char *host_setting_text(const struct minotor_host *table, const char *name)
{
    uint32_t type = 0;
    const struct plugin_setting_value *found = plugin_settings_find(host_of(table)->settings, name, &type);
    if (found == NULL || type != MINOTOR_SETTING_TEXT) {
        log_warning("the collector asks for the text of a setting `%s' that it has not declared so", name);
        return "";
    }
    return found->text;
}

static int refuse_outside_round(struct host *host)
{
    set_text(host->error, "this is possible inside collect() only");
    return MINOTOR_FAILED;
}

static int emitted(struct host *host, enum sample_verdict verdict)
{
    if (verdict == SAMPLE_TAKEN)
        return MINOTOR_OK;
    samples_explain(host->samples, verdict, host->error);
    if (sample_verdict_is_limit(verdict) && host->unknown_reason[0] == '\0')
        set_text(host->unknown_reason, host->error);
    return MINOTOR_FAILED;
}

static int host_emit_u64(const struct minotor_host *table, uint32_t family, const char *const *label_values,
                         uint32_t label_count, uint64_t value)
{
    struct host *host = host_of(table);
    if (!host->in_round)
        return refuse_outside_round(host);
    return emitted(host, samples_add_u64(host->samples, family, label_values, label_count, value));
}

static int host_emit_f64(const struct minotor_host *table, uint32_t family, const char *const *label_values,
                         uint32_t label_count, double value)
{
    struct host *host = host_of(table);
    if (!host->in_round)
        return refuse_outside_round(host);
    return emitted(host, samples_add_f64(host->samples, family, label_values, label_count, value));
}

static void host_unknown(const struct minotor_host *table, uint32_t family, const char *reason)
{
    struct host *host = host_of(table);
    if (reason == NULL)
        reason = host->error;
    if (!host->in_round || !samples_set_unknown(host->samples, family)) {
        log_warning("the collector declares a family %u unknown that it has not, or outside collect()", family);
        return;
    }
    /* Of a round's reasons the page shows the first, and the log has it with the round's outcome. */
    bool is_first = host->unknown_reason[0] == '\0';
    if (is_first)
        set_text(host->unknown_reason, reason);
    if (host->report != NULL)
        report_unknown(host->report, host->samples->plugin->families[family].family.name, reason);
    else if (reasons_are_news(&host->reasons, host->rounds, reason) && !is_first)
        log_warning("family %s is unknown: %s", host->samples->plugin->families[family].family.name, reason);
}

static void host_set_error(const struct minotor_host *table, const char *text)
{
    set_text(host_of(table)->error, text);
}

static const char *host_error(const struct minotor_host *table)
{
    return host_of(table)->error;
}

static int queried(struct host *host, enum minotor_result result)
{
    if (result == MINOTOR_FAILED || result == MINOTOR_CANCELLED)
        set_text(host->error, host->database->error);
    return (int)result;
}

static int host_query(const struct minotor_host *table, const struct minotor_query *query)
{
    struct host *host = host_of(table);
    if (host->database == NULL) {
        set_text(host->error, "the collector has not declared that it needs a database");
        return MINOTOR_FAILED;
    }
    if (!host->in_round)
        return refuse_outside_round(host);
    return queried(host, database_query(host->database, query));
}

static int host_next_row(const struct minotor_host *table)
{
    struct host *host = host_of(table);
    if (host->database == NULL || !host->in_round)
        return refuse_outside_round(host);
    return queried(host, database_next_row(host->database));
}

static const char *host_cell(const struct minotor_host *table, uint32_t column)
{
    struct host *host = host_of(table);
    return host->database == NULL ? NULL : database_cell(host->database, column);
}

static int host_http(const struct minotor_host *table, const struct minotor_request *request, int *status)
{
    struct host *host = host_of(table);
    *status = 0;
    if (host->api == NULL) {
        set_text(host->error, "the collector has not declared that it needs the HTTP API");
        return MINOTOR_FAILED;
    }
    if (!host->in_round)
        return refuse_outside_round(host);
    if (*host->stopping) {
        set_text(host->error, "stopped, because the worker leaves");
        return MINOTOR_CANCELLED;
    }
    enum minotor_result result = api_get(host->api, request, status);
    if (result != MINOTOR_OK)
        set_text(host->error, host->api->error);
    return (int)result;
}

/* What has the last answer; NULL: there can be none. */
static const struct api *answering(const struct minotor_host *table)
{
    const struct api *api = host_of(table)->api;
    return api != NULL && api->client != NULL ? api : NULL;
}

static const char *host_http_header(const struct minotor_host *table, const char *name)
{
    const struct api *api = answering(table);
    return api == NULL ? NULL : api->driver->header(api->client, name);
}

static const char *host_http_body(const struct minotor_host *table, size_t *size)
{
    const struct api *api = answering(table);
    *size = 0;
    return api == NULL ? "" : api->driver->body(api->client, size);
}

static int64_t host_http_duration_us(const struct minotor_host *table)
{
    const struct api *api = answering(table);
    return api == NULL ? 0 : api->driver->duration_us(api->client);
}

static const char *host_json(const struct minotor_host *table, const char *pointer)
{
    const struct api *api = answering(table);
    return api == NULL ? NULL : api->driver->json(api->client, pointer);
}

static uint32_t host_json_count(const struct minotor_host *table, const char *pointer)
{
    const struct api *api = answering(table);
    return api == NULL ? 0 : (uint32_t)api->driver->json_count(api->client, pointer);
}

/* The target ------------------------------------------------------------------------------------------------- */

static const char *host_engine(const struct minotor_host *table)
{
    return host_of(table)->worker->database.driver;
}

static const char *host_target(const struct minotor_host *table, const char *key)
{
    const struct worker_settings *worker = host_of(table)->worker;
    if (strcmp(key, "database.name") == 0)
        return worker->database.name;
    if (strcmp(key, "database.user") == 0)
        return worker->database.user;
    return worker_settings_fact(worker, key);
}

static int host_has(const struct minotor_host *table, const char *name, const char *column)
{
    struct host *host = host_of(table);
    if (host->database == NULL) {
        set_text(host->error, "the collector has not declared that it needs a database");
        return MINOTOR_FAILED;
    }
    if (!host->in_round)
        return refuse_outside_round(host);
    return queried(host, database_has(host->database, name, column));
}

/* What minotord keeps ---------------------------------------------------------------------------------------- */

static size_t host_state_load(const struct minotor_host *table, uint32_t version, void *state, size_t size)
{
    return kept_state_load(host_of(table)->kept, version, state, size);
}

static int host_state_save(const struct minotor_host *table, uint32_t version, const void *state, size_t size)
{
    struct host *host = host_of(table);
    if (kept_state_save(host->kept, version, state, size))
        return MINOTOR_OK;
    set_text(host->error, size > STATE_MAX_BYTES ? "the state is larger than MINOTOR_STATE_MAX bytes"
                                                 : "minotord is gone");
    return MINOTOR_FAILED;
}

/* What minotor_pool had in ABI 1.0. */
#define POOL_BYTES_1_0 (offsetof(struct minotor_pool, closed_lifetime) + sizeof(uint64_t))

static int host_pool(const struct minotor_host *table, struct minotor_pool *pool)
{
    struct host *host = host_of(table);
    struct control_pool counters;
    if (!host->in_round)
        return refuse_outside_round(host);
    if (pool->size < POOL_BYTES_1_0) {
        set_text(host->error, "the size of the pool is not sizeof(struct minotor_pool)");
        return MINOTOR_FAILED;
    }
    switch (claim_ask_pool(host->claim, host->deadline_ms, &counters)) {
    case CLAIM_OK:
        break;
    case CLAIM_LATE:
        set_text(host->error, "minotord does not answer");
        return MINOTOR_FAILED;
    default:
        set_text(host->error, "stopped, because the worker leaves");
        return MINOTOR_CANCELLED;
    }
    pool->max_open = counters.max_open;
    pool->open = counters.open;
    pool->in_use = counters.in_use;
    pool->idle = counters.idle;
    pool->reserved = 0;
    pool->wait_count = counters.wait_count;
    pool->wait_duration_us = counters.wait_duration_ms * 1000;
    pool->closed_max_idle = counters.closed_max_idle;
    pool->closed_idle_time = counters.closed_idle_time;
    pool->closed_lifetime = counters.closed_lifetime;
    return MINOTOR_OK;
}

void host_init(struct host *host, const struct plugin_settings *settings, struct samples *samples,
               struct database *database, const bool *stopping)
{
    memset(host, 0, sizeof *host);
    host->settings = settings;
    host->samples = samples;
    host->database = database;
    host->stopping = stopping;
    host->table = (struct minotor_host){
        .size = sizeof host->table,
        .abi_major = MINOTOR_ABI_MAJOR,
        .abi_minor = MINOTOR_ABI_MINOR,
        .log = host_log,
        .now_ms = host_now_ms,
        .remaining_ms = host_remaining_ms,
        .setting_integer = host_setting_integer,
        .setting_text = host_setting_text,
        .emit_u64 = host_emit_u64,
        .emit_f64 = host_emit_f64,
        .unknown = host_unknown,
        .set_error = host_set_error,
        .error = host_error,
        .query = host_query,
        .next_row = host_next_row,
        .cell = host_cell,
        .http = host_http,
        .http_header = host_http_header,
        .http_body = host_http_body,
        .http_duration_us = host_http_duration_us,
        .json = host_json,
        .json_count = host_json_count,
        .engine = host_engine,
        .target = host_target,
        .has = host_has,
        .state_load = host_state_load,
        .state_save = host_state_save,
        .pool = host_pool,
    };
}

void host_begin_round(struct host *host, int64_t timeout_ms, int64_t deadline_ms)
{
    host->deadline_ms = deadline_ms;
    host->error[0] = host->unknown_reason[0] = '\0';
    host->rounds++;
    samples_reset(host->samples);
    if (host->database != NULL)
        database_begin_round(host->database, timeout_ms, deadline_ms);
    if (host->api != NULL)
        api_begin_round(host->api, deadline_ms);
    host->in_round = true;
}

void host_end_round(struct host *host)
{
    host->in_round = false;
    if (host->database != NULL)
        database_end_round(host->database);
}
