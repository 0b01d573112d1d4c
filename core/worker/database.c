/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/database.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "worker/reach.h"

/* What minotor_query had in ABI 1.0. */
#define QUERY_BYTES_1_0 (offsetof(struct minotor_query, parameters) + sizeof(void *))
#define PARAMETERS_MAX 64

void database_clean_error(char *out, const char *text, const char *secret)
{
    if (secret[0] != '\0' && strstr(text, secret) != NULL)
        text = "the server's message is withheld, because it contains the password";
    text_one_line(out, ERROR_TEXT_MAX_BYTES + 1, text);
}

static const struct database_driver *load_driver(const char *folder, const char *name)
{
    char path[SETTING_VALUE_MAX_BYTES + NAME_MAX_BYTES + 8];
    database_driver_entry entry = NULL;
    if (!text_is_word(name)) {
        log_error("`%s' is no name of a database driver", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = module != NULL ? dlsym(module, DATABASE_DRIVER_SYMBOL) : NULL;
    if (symbol == NULL) {
        log_error("database driver %s: %s", name, dlerror());
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    const struct database_driver *driver = entry();
    if (driver->size != sizeof *driver || driver->version != DATABASE_DRIVER_VERSION) {
        log_error("database driver %s is of another release: it has version %u, this worker wants %u", path,
                  driver->version, DATABASE_DRIVER_VERSION);
        return NULL;
    }
    return driver;
}

bool database_open(struct database *database, const struct worker_settings *settings,
                   const struct database_watch *watch, struct claim *claim)
{
    char application_name[sizeof "minotor/" + sizeof settings->slot];
    memset(database, 0, sizeof *database);
    database->place = &settings->database;
    database->claim = claim;
    if (settings->database.driver[0] == '\0') {
        log_error("collector %s needs a database, but its target has none", settings->collector);
        return false;
    }
    database->driver = load_driver(settings->drivers, settings->database.driver);
    if (database->driver == NULL)
        return false;
    snprintf(application_name, sizeof application_name, "minotor/%s", settings->slot);
    const struct database_settings place = {
        .host = settings->database.host,
        .port = settings->database.port,
        .name = settings->database.name,
        .user = settings->database.user,
        .password = settings->database.password,
        .sslmode = settings->database.sslmode,
        .sslrootcert = settings->database.sslrootcert,
        .sslcert = settings->database.sslcert,
        .sslkey = settings->database.sslkey,
        .search_path = settings->database.search_path,
        .application_name = application_name,
    };
    database->connection = database->driver->open(&place, watch);
    if (database->connection == NULL)
        log_error("out of memory");
    return database->connection != NULL;
}

void database_close(struct database *database)
{
    if (database->connection != NULL)
        database->driver->close(database->connection);
    database->connection = NULL;
    if (database->claim != NULL)
        claim_release(database->claim, false);
}

void database_begin_round(struct database *database, int64_t timeout_ms, int64_t deadline_ms)
{
    database->has_row = false;
    database->error[0] = '\0';
    database->in_round = true;
    database->timeout_ms = timeout_ms;
    database->deadline_ms = deadline_ms;
    database->driver->begin_round(database->connection, timeout_ms, deadline_ms);
}

void database_obey_recall(struct database *database)
{
    if (database->in_round || database->connection == NULL || !database->claim->recalled)
        return;
    database->driver->disconnect(database->connection);
    claim_release(database->claim, false);
}

void database_end_round(struct database *database)
{
    database->has_row = false;
    database->driver->end_round(database->connection);
    database->in_round = false;
    if (database->driver->is_connected(database->connection))
        claim_rest(database->claim);
    else
        claim_release(database->claim,
                      reach_is_owed() ||
                          database->driver->sessions(database->connection) != database->sessions_before);
    database_obey_recall(database);
}

static enum minotor_result fail(struct database *database, const char *text)
{
    database->has_row = false;
    database_clean_error(database->error, text, database->place->password);
    return MINOTOR_FAILED;
}

static enum minotor_result result_of(struct database *database, enum database_result result)
{
    switch (result) {
    case DATABASE_OK:
        return MINOTOR_OK;
    case DATABASE_END:
        return MINOTOR_END;
    case DATABASE_CANCELLED:
        fail(database, database->driver->error(database->connection));
        return MINOTOR_CANCELLED;
    default:
        return fail(database, database->driver->error(database->connection));
    }
}

/* No session without a place in the target's budget. */
static enum minotor_result take_place(struct database *database)
{
    char text[ERROR_TEXT_MAX_BYTES];
    bool had_place = database->claim->hold == CLAIM_RESTING || database->claim->hold == CLAIM_WORKING;
    switch (claim_begin(database->claim, database->deadline_ms)) {
    case CLAIM_OK:
        if (!had_place)
            database->sessions_before = database->driver->sessions(database->connection);
        return MINOTOR_OK;
    case CLAIM_LATE:
        text_format(text, sizeof text,
                    "no connection was free for the round's %" PRId64 " ms: all of the target's (max_connections) are in use, "
                    "or were and the server has not ended them",
                    database->timeout_ms);
        fail(database, text);
        return MINOTOR_CANCELLED;
    default:
        fail(database, "stopped, because the worker leaves");
        return MINOTOR_CANCELLED;
    }
}

static enum minotor_result send_query(struct database *database, const struct database_query *query)
{
    enum minotor_result result = take_place(database);
    if (result != MINOTOR_OK)
        return result;
    return result_of(database, database->driver->query(database->connection, query));
}

enum minotor_result database_query(struct database *database, const struct minotor_query *query)
{
    database->rows = 0;
    database->has_row = false;
    if (query->size < QUERY_BYTES_1_0 || query->name == NULL)
        return fail(database, "a query without a name, or whose size is not sizeof(struct minotor_query)");
    if (query->parameter_count > PARAMETERS_MAX || (query->parameter_count > 0 && query->parameters == NULL))
        return fail(database, "a query with too many parameters, or without their values");
    const struct database_query text = {
        .name = query->name,
        .sql = database->driver->engine == DATABASE_POSTGRESQL ? query->postgresql : query->mysql,
        .parameters = query->parameters,
        .parameter_count = query->parameter_count,
    };
    if (text.sql == NULL)
        return MINOTOR_NO_DATA;
    return send_query(database, &text);
}

enum minotor_result database_next_row(struct database *database)
{
    database->has_row = false;
    if (database->rows == ROWS_MAX)
        return fail(database, "a query gave too many rows");
    enum minotor_result result = result_of(database, database->driver->next_row(database->connection));
    database->has_row = result == MINOTOR_OK;
    database->rows += database->has_row;
    return result;
}

const char *database_cell(struct database *database, uint32_t column)
{
    return database->has_row ? database->driver->cell(database->connection, column) : NULL;
}

/* Tables and columns ------------------------------------------------------------------------------------------ */

/* Letters, digits and underscores: nothing that an engine would have to quote. */
static bool is_name(const char *text, size_t size)
{
    return text_is_metric_name(text, size);
}

static const struct database_known *find_known(struct database *database, const char *name)
{
    uint32_t session = database->driver->sessions(database->connection);
    if (!database->driver->is_connected(database->connection) || session != database->known_session)
        database->known_count = 0;
    database->known_session = session;
    for (size_t i = 0; i < database->known_count; i++)
        if (strcmp(database->known[i].name, name) == 0)
            return &database->known[i];
    return NULL;
}

static void remember(struct database *database, const char *name, bool is_there)
{
    uint32_t session = database->driver->sessions(database->connection);
    if (session != database->known_session)
        database->known_count = 0;
    database->known_session = session;
    if (database->known_count == DATABASE_KNOWN_MAX)
        return; /* it is asked for again each time */
    struct database_known *known = &database->known[database->known_count++];
    strcpy(known->name, name);
    known->is_there = is_there;
}

/* What the row of a driver's has_table or has_column says. */
static enum minotor_result judge_has(struct database *database, const char *name, const char *table,
                                     const char *column)
{
    char text[ERROR_TEXT_MAX_BYTES];
    enum minotor_result result = database_next_row(database);
    if (result != MINOTOR_OK)
        return result == MINOTOR_END ? fail(database, "the database gave no row") : result;
    const char *cell = database_cell(database, 0);
    bool is_there = cell != NULL && strcmp(cell, "1") == 0;
    cell = database_cell(database, 1);
    bool may_read = cell != NULL && strcmp(cell, "1") == 0;
    if (!is_there || may_read)
        remember(database, name, is_there);
    if (!is_there)
        return MINOTOR_NO_DATA;
    if (may_read)
        return MINOTOR_OK;
    text_format(text, sizeof text, column != NULL ? "no SELECT on %s(%s)" : "no SELECT on %s", table, column);
    return fail(database, text);
}

enum minotor_result database_has(struct database *database, const char *table, const char *column)
{
    char name[sizeof database->known[0].name], schema[sizeof name] = "";
    const char *dot = strchr(table, '.');
    const char *bare = dot != NULL ? dot + 1 : table;
    bool good = is_name(bare, strlen(bare)) && (dot == NULL || is_name(table, (size_t)(dot - table))) &&
                (column == NULL || is_name(column, strlen(column))) &&
                text_format(name, sizeof name, "%s(%s)", table, column != NULL ? column : "");
    database->rows = 0;
    if (!good)
        return fail(database, "a name of a table or column that is none");
    enum minotor_result result = take_place(database);
    if (result != MINOTOR_OK)
        return result;
    const struct database_known *known = find_known(database, name);
    if (known != NULL)
        return known->is_there ? MINOTOR_OK : MINOTOR_NO_DATA;
    if (dot != NULL)
        text_format(schema, sizeof schema, "%.*s", (int)(dot - table), table);
    const char *const parameters[] = { dot != NULL ? schema : NULL, bare, column };
    const struct database_query query = {
        .name = "table or column",
        .sql = column != NULL ? database->driver->has_column : database->driver->has_table,
        .parameters = parameters,
        .parameter_count = column != NULL ? 3 : 2,
    };
    database->has_row = false;
    result = send_query(database, &query);
    return result == MINOTOR_OK ? judge_has(database, name, table, column) : result;
}
