/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the database, those of Mattermost and of minotor itself, and what ails the database beside them.
 * minotor-dbpool(7) says what each value means and what each query costs.
 */
#include "cell.h"
#include "dbpool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_GAUGE(text) .type = MINOTOR_GAUGE, .help = (text), .labels = { "pool" }
#define POOL_COUNTER(text) .type = MINOTOR_COUNTER, .help = (text), .labels = { "pool" }

static const struct minotor_family families[FAMILY_COUNT] = {
    [MAX_OPEN] = { .name = "mattermost_db_max_open_connections",
                   POOL_GAUGE("Most connections that the pool may have open; 0 when it has no limit.") },
    [OPEN] = { .name = "mattermost_db_open_connections",
               POOL_GAUGE("Connections of the pool that are open, in use or idle.") },
    [IN_USE] = { .name = "mattermost_db_connections_in_use",
                 POOL_GAUGE("Connections of the pool that are in use.") },
    [IDLE] = { .name = "mattermost_db_connections_idle", POOL_GAUGE("Connections of the pool that are idle.") },
    [WAIT_COUNT] = { .name = "mattermost_db_wait_count",
                     POOL_GAUGE("How often a connection of the pool had to be waited for.") },
    [WAIT_DURATION] = { .name = "mattermost_db_wait_duration_seconds",
                        .unit = "seconds",
                        POOL_GAUGE("How long connections of the pool were waited for altogether.") },
    [CLOSED_MAX_IDLE] = { .name = "mattermost_db_idle_connections_closed_total",
                          POOL_COUNTER("Connections that were closed because too many were idle.") },
    [CLOSED_IDLE_TIME] = { .name = "mattermost_db_idle_time_connections_closed_total",
                           POOL_COUNTER("Connections that were closed because they were idle for too long.") },
    [CLOSED_LIFETIME] = { .name = "mattermost_db_lifetime_connections_closed_total",
                          POOL_COUNTER("Connections that were closed because of their age.") },
    [CONNECTIONS] = { .name = "mattermost_database_connections",
                      .type = MINOTOR_GAUGE,
                      .help = "Client connections to the database server, to all its databases, by what they do.",
                      .labels = { "state" } },
    [MAX_CONNECTIONS] = { .name = "mattermost_database_max_connections",
                          .type = MINOTOR_GAUGE,
                          .help = "Most client connections that the database server accepts." },
    [OLDEST_TRANSACTION] = { .name = "mattermost_database_oldest_transaction_timestamp_seconds",
                             .type = MINOTOR_GAUGE,
                             .unit = "seconds",
                             .help = "When the oldest open transaction began, in seconds since the epoch; without "
                                     "those of minotor." },
    [LOCK_WAITS] = { .name = "mattermost_database_lock_waits",
                     .type = MINOTOR_GAUGE,
                     .help = "Sessions that wait for a lock." },
    [REPLICATION_LAG] = { .name = "mattermost_database_replication_lag_seconds",
                          .type = MINOTOR_GAUGE,
                          .unit = "seconds",
                          .help = "How far a replica is behind; `local' is the server that minotor asks.",
                          .labels = { "replica" } },
    [DEAD_ROWS] = { .name = "mattermost_database_table_dead_rows",
                    .type = MINOTOR_GAUGE,
                    .help = "Rows of a table that are dead and wait for a vacuum, as the server estimates them.",
                    .labels = { "table" } },
    [LAST_VACUUM] = { .name = "mattermost_database_table_last_vacuum_timestamp_seconds",
                      .type = MINOTOR_GAUGE,
                      .unit = "seconds",
                      .help = "When a table was last vacuumed, in seconds since the epoch.",
                      .labels = { "table" } },
};

static const struct minotor_setting settings[] = {
    { .name = "mattermost_user",
      .type = MINOTOR_SETTING_TEXT,
      .default_value = "",
      .minimum = 0,
      .maximum = 128,
      .help = "The account with which Mattermost connects; empty: all but minotor's." },
    { .name = "mattermost_metrics",
      .type = MINOTOR_SETTING_BOOLEAN,
      .default_value = "true",
      .minimum = 0,
      .maximum = 1,
      .help = "Ask Mattermost's own metrics for its connections, where the target has an address of them." },
};

const char MATTERMOST_USER[] = "";

void tell_once(struct dbpool *dbpool, enum tale tale, const struct minotor_host *host, const char *text)
{
    if ((dbpool->tales & tale) == 0)
        minotor_log(host, MINOTOR_NOTICE, "%s", text);
    dbpool->tales |= tale;
}

int read_max_connections(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t number;
    int result = cell_only_row(host);
    (void)dbpool;
    if (result == MINOTOR_OK)
        result = cell_number(host, 0, &number);
    if (result == MINOTOR_OK)
        minotor_set_u64(host, MAX_CONNECTIONS, (uint64_t)number);
    return result;
}

/* Queries ---------------------------------------------------------------------------------------------------- */

static int send_query(const struct minotor_host *host, const struct reading *reading)
{
    const char *parameters[PARAMETERS_MAX];
    struct minotor_query query = reading->query;
    query.size = sizeof query;
    query.parameter_count = 0;
    query.parameters = parameters;
    for (size_t i = 0; i < PARAMETERS_MAX && reading->parameters[i] != NULL; i++) {
        const char *value = reading->parameters[i];
        parameters[i] = value == MATTERMOST_USER ? minotor_setting_text(host, "mattermost_user") : value;
        query.parameter_count++;
    }
    return minotor_query(host, &query);
}

/* What Mattermost itself has told of its pool stays, whatever the database says, and what is unknown already is so. */
static void declare_unknown(const struct minotor_host *host, const struct dbpool *dbpool,
                            const struct reading *reading)
{
    char reason[MINOTOR_TEXT_MAX];
    snprintf(reason, sizeof reason, "%s", minotor_error(host));
    for (size_t i = 0; i < FAMILIES_PER_READING && reading->families[i] != NO_FAMILY; i++)
        if (reading->families[i] >= POOL_FAMILIES || (dbpool->found & POOL_IS_WANTED) != 0)
            minotor_unknown(host, reading->families[i], reason);
}

/* Each query that fails costs its own families. Returns CANCELLED when the round is over. */
static int ask_database(const struct minotor_host *host, struct dbpool *dbpool, const struct engine *engine,
                        size_t *failures)
{
    int result = MINOTOR_OK;
    *failures = 0;
    for (size_t i = 0; i < engine->count; i++) {
        const struct reading *reading = &engine->readings[i];
        if ((reading->needs & ~dbpool->found) != 0)
            continue;
        if (result != MINOTOR_CANCELLED)
            result = send_query(host, reading);
        if (result == MINOTOR_FAILED && reading->excuses != NULL && reading->excuses(host, dbpool))
            continue;
        if (result == MINOTOR_OK)
            result = reading->read(host, dbpool);
        if (result == MINOTOR_OK)
            continue;
        ++*failures;
        declare_unknown(host, dbpool, reading);
    }
    return result;
}

/* Pools ------------------------------------------------------------------------------------------------------ */

/* A family has samples of both pools: one that is unknown for the one is so for the other. */
static int emit_own_pool(const struct minotor_host *host)
{
    struct minotor_pool pool = { .size = sizeof pool };
    int result = minotor_pool(host, &pool);
    if (result != MINOTOR_OK) {
        char reason[MINOTOR_TEXT_MAX];
        snprintf(reason, sizeof reason, "%s", minotor_error(host));
        for (uint32_t family = 0; family < POOL_FAMILIES; family++)
            minotor_unknown(host, family, reason);
        return result;
    }
    minotor_label_u64(host, MAX_OPEN, MINOTOR, pool.max_open);
    minotor_label_u64(host, OPEN, MINOTOR, pool.open);
    minotor_label_u64(host, IN_USE, MINOTOR, pool.in_use);
    minotor_label_u64(host, IDLE, MINOTOR, pool.idle);
    minotor_label_u64(host, WAIT_COUNT, MINOTOR, pool.wait_count);
    minotor_label_f64(host, WAIT_DURATION, MINOTOR, (double)pool.wait_duration_us / 1e6);
    minotor_label_u64(host, CLOSED_MAX_IDLE, MINOTOR, pool.closed_max_idle);
    minotor_label_u64(host, CLOSED_IDLE_TIME, MINOTOR, pool.closed_idle_time);
    minotor_label_u64(host, CLOSED_LIFETIME, MINOTOR, pool.closed_lifetime);
    return MINOTOR_OK;
}

/* The collector ---------------------------------------------------------------------------------------------- */

static int dbpool_open(const struct minotor_host *host, void **state)
{
    *state = calloc(1, sizeof(struct dbpool));
    return *state != NULL ? MINOTOR_OK : minotor_fail(host, "out of memory");
}

static int dbpool_collect(const struct minotor_host *host, void *state)
{
    int is_mysql = strcmp(minotor_engine(host), "mysql") == 0;
    const struct engine *engine = is_mysql ? &dbpool_mysql : &dbpool_postgresql;
    size_t failures;
    struct dbpool *dbpool = state;
    /* First: it is of interest above all when no connection can be had. */
    int pool = emit_own_pool(host);
    dbpool->found = 0;
    /* Before the database: nothing is to idle in a transaction while another server takes its time. */
    if (pool == MINOTOR_OK)
        mattermost_pool(host, dbpool);
    int result = ask_database(host, dbpool, engine, &failures);
    if (pool == MINOTOR_OK || failures == 0)
        return MINOTOR_OK;
    return result == MINOTOR_CANCELLED ? MINOTOR_CANCELLED : MINOTOR_FAILED;
}

static void dbpool_close(const struct minotor_host *host, void *state)
{
    (void)host;
    free(state);
}

static const struct minotor_collector collector = {
    MINOTOR_DESCRIPTOR,
    .needs = MINOTOR_NEEDS_DATABASE | MINOTOR_NEEDS_API,
    .name = "dbpool",
    .version = "1.0",
    .summary = "Connections to Mattermost's database, and its health",
    .author = "the minotor authors",
    .license = "Apache-2.0",
    .families = families,
    .family_count = FAMILY_COUNT,
    .family_size = sizeof(struct minotor_family),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
    .setting_size = sizeof(struct minotor_setting),
    .open = dbpool_open,
    .collect = dbpool_collect,
    .close = dbpool_close,
};

const struct minotor_collector *minotor_collector(void)
{
    return &collector;
}
