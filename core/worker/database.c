/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/database.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

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
                   const struct database_watch *watch)
{
    char application_name[sizeof "minotor/" + sizeof settings->slot];
    memset(database, 0, sizeof *database);
    database->place = &settings->database;
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
}

void database_begin_round(struct database *database, int64_t timeout_ms, int64_t deadline_ms)
{
    database->has_row = false;
    database->error[0] = '\0';
    database->driver->begin_round(database->connection, timeout_ms, deadline_ms);
}

void database_end_round(struct database *database)
{
    database->has_row = false;
    database->driver->end_round(database->connection);
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
    return result_of(database, database->driver->query(database->connection, &text));
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
