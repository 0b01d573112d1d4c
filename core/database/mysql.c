/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver for MySQL and MariaDB. These know no settings that end with the transaction, so all are the
 * session's: those that follow the round's time are sent with each transaction and each query, the others
 * after connecting.
 *
 * A query waits for a table that somebody has locked in whole seconds, at least one: with timeouts below 5 s
 * a locked table costs more than a fifth of the round.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/contract.h"
#include "common/text.h"
#include "database/driver.h"
#include "database/error_text.h"
#include "database/mysql_error.h"
#include "database/mysql_quote.h"
#include "database/mysql_session.h"

/* A round may lose its session once: a server that was restarted since the round before. */
#define CONNECTS_PER_ROUND 2

/* A consistent snapshot wants REPEATABLE READ. The sql_mode is ours, so that a query means the same
 * everywhere. Where the network is gone the server does not hear of our end: it is to wait ten minutes for
 * us, which is twice as long as we keep an idle session by default, and not eight hours. */
#define SET_CHARACTERISTICS "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
#define SET_MODES           "SET SESSION sql_mode = '', time_zone = '+00:00', wait_timeout = 600"
#define START_TRANSACTION   "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

#define UNKNOWN_VARIABLE 1193

/* How a server is told when to end a query by itself; tried in this order. */
enum statement_timeout {
    MARIADB_SECONDS,    /* max_statement_time: for every statement */
    MYSQL_MILLISECONDS, /* max_execution_time: for SELECT */
    NO_STATEMENT_TIMEOUT,
};

struct database_connection {
    struct database_settings settings; /* own copies */
    struct database_watch watch;
    struct mysql_session session;
    enum statement_timeout statement_timeout;
    bool in_transaction;
    bool has_first; /* the row that query() has fetched was not given out by next_row() yet */
    const char *query_name;
    int64_t timeout_ms;
    int64_t deadline_ms;
    int64_t retry_at_ms;
    unsigned connects_left;
    uint32_t sessions;
    char error[ERROR_TEXT_MAX_BYTES + 1];
    char connect_error[ERROR_TEXT_MAX_BYTES + 1];
};

static void set_error(struct database_connection *c, const char *what)
{
    text_format(c->error, sizeof c->error, "%s%s%s", c->query_name, c->query_name[0] != '\0' ? ": " : "",
                what);
}

static void set_late_error(struct database_connection *c)
{
    char text[ERROR_TEXT_MAX_BYTES];
    text_format(text, sizeof text, "not done within the round's %" PRId64 " ms", c->timeout_ms);
    set_error(c, text);
}

static bool is_connected(const struct database_connection *c)
{
    return c->session.handle != NULL;
}

static void disconnect(struct database_connection *c)
{
    session_close(&c->session);
    c->in_transaction = c->has_first = false;
}

static struct session_patience until_deadline(const struct database_connection *c)
{
    return (struct session_patience){.deadline_ms = c->deadline_ms, .watch = &c->watch};
}

/* For what has to be tidied up: somebody who wants us to stop wants that too. */
static struct session_patience for_grace(int64_t from_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    return (struct session_patience){.deadline_ms = (now_ms > from_ms ? now_ms : from_ms) + CANCEL_GRACE_MS};
}

/* Giving up ---------------------------------------------------------------------------------------------- */

static bool drains(struct database_connection *c, struct session_patience patience)
{
    c->has_first = false;
    return session_drain(&c->session, &patience) == SESSION_ARRIVED;
}

/*
 * The query under way has no more time. At the deadline its own timeout ends it at the server, of which we
 * hear in a moment; else we ask for its end. A session from which even then nothing comes is given up.
 */
static void abandon(struct database_connection *c, enum session_outcome why)
{
    if (why == SESSION_LOST || !is_connected(c)) {
        disconnect(c);
        return;
    }
    const struct session_patience own_timeout = {.deadline_ms = c->deadline_ms + CANCEL_GRACE_MS};
    if (why == SESSION_LATE && drains(c, own_timeout))
        return;
    /* The number of a session that is gone may be another's by now. */
    if (c->session.is_lost || !session_cancel(&c->session, &c->settings, &c->watch, CANCEL_GRACE_MS) ||
        !drains(c, for_grace(0)))
        disconnect(c);
}

static enum database_result give_up(struct database_connection *c, enum session_outcome why)
{
    char text[ERROR_TEXT_MAX_BYTES] = "stopped, because the worker leaves";
    if (why == SESSION_LOST) {
        char reason[128];
        error_text_first_line(reason, sizeof reason, session_message(&c->session), c->settings.password);
        text_format(text, sizeof text, "the connection was lost%s%s", reason[0] != '\0' ? ": " : "", reason);
    }
    if (why == SESSION_LATE)
        set_late_error(c);
    else
        set_error(c, text);
    abandon(c, why);
    return why == SESSION_LOST ? DATABASE_FAILED : DATABASE_CANCELLED;
}

/* What the server's refusal of the last query is to the round. */
static enum database_result refused(struct database_connection *c)
{
    char text[ERROR_TEXT_MAX_BYTES];
    unsigned number = c->session.error;
    if (mysql_error_is_timeout(number)) { /* which is ours, and a moment ahead of our own clock */
        set_late_error(c);
        return DATABASE_CANCELLED;
    }
    mysql_error_of_query(text, sizeof text, number, session_message(&c->session), c->settings.password);
    set_error(c, text);
    bool was_cancelled = mysql_error_is_interruption(number) && clock_monotonic_ms() >= c->deadline_ms;
    return was_cancelled ? DATABASE_CANCELLED : DATABASE_FAILED;
}

/* Runs SQL without rows. FAILED: `error` is set, and the session is still there unless it was lost. */
static enum database_result run(struct database_connection *c, const char *sql,
                                struct session_patience patience)
{
    enum session_outcome outcome = session_query(&c->session, strdup(sql), &patience);
    if (outcome == SESSION_ARRIVED && c->session.error == 0)
        return DATABASE_OK;
    return outcome == SESSION_ARRIVED ? refused(c) : give_up(c, outcome);
}

/* Connecting --------------------------------------------------------------------------------------------- */

static enum database_result refuse_connect(struct database_connection *c, const char *reason)
{
    const struct database_settings *s = &c->settings;
    const struct mysql_place *place = &c->session.place;
    char where[CONFIG_PATH_BYTES];
    if (place->is_socket)
        text_format(where, sizeof where, "%s", place->path);
    else
        text_format(where, sizeof where, "%s port %u", s->host[0] != '\0' ? s->host : "this host", place->port);
    text_format(c->connect_error, sizeof c->connect_error, "cannot connect to database %s on %s as %s: %s",
                s->name, where, s->user, reason);
    strcpy(c->error, c->connect_error);
    c->retry_at_ms = clock_monotonic_ms() + RETRY_AFTER_FAILURE_MS;
    disconnect(c);
    return DATABASE_FAILED;
}

static enum database_result refuse_outcome(struct database_connection *c, enum session_outcome outcome,
                                           int64_t started_ms)
{
    char reason[ERROR_TEXT_MAX_BYTES];
    switch (outcome) {
    case SESSION_LATE:
        text_format(reason, sizeof reason, "no answer within %" PRId64 " ms",
                    clock_monotonic_ms() - started_ms);
        refuse_connect(c, reason);
        return clock_monotonic_ms() >= c->deadline_ms ? DATABASE_CANCELLED : DATABASE_FAILED;
    case SESSION_STOPPED:
        refuse_connect(c, "stopped, because the worker leaves");
        return DATABASE_CANCELLED;
    default:
        mysql_error_of_connect(reason, sizeof reason, session_error(&c->session),
                               session_message(&c->session), c->settings.password);
        return refuse_connect(c, reason);
    }
}

static enum database_result connect_session(struct database_connection *c)
{
    int64_t started_ms = clock_monotonic_ms();
    struct session_patience patience = until_deadline(c);
    if (patience.deadline_ms > started_ms + CONNECT_TIMEOUT_MS)
        patience.deadline_ms = started_ms + CONNECT_TIMEOUT_MS;
    if (started_ms < c->retry_at_ms || c->connects_left == 0) {
        strcpy(c->error, c->connect_error[0] != '\0' ? c->connect_error : "the connection was lost");
        return DATABASE_FAILED;
    }
    c->connects_left--;
    enum session_outcome outcome = session_connect(&c->session, &c->settings, &patience);
    c->sessions += outcome != SESSION_LOST;
    if (outcome != SESSION_ARRIVED)
        return refuse_outcome(c, outcome, started_ms);
    c->retry_at_ms = 0;
    c->connect_error[0] = '\0';
    enum database_result result = run(c, SET_CHARACTERISTICS, patience);
    if (result == DATABASE_OK)
        result = run(c, SET_MODES, patience);
    if (result != DATABASE_OK)
        disconnect(c); /* a session with other modes or another zone would give other values */
    return result;
}

/* Transactions ------------------------------------------------------------------------------------------- */

/* Adds what ends a query at the server when the round has no more time. Nothing: this server has no such
 * thing. */
static void add_timeout(const struct database_connection *c, char *sql, size_t sql_bytes)
{
    size_t size = strlen(sql);
    int64_t left_ms = c->deadline_ms - clock_monotonic_ms();
    if (left_ms < 1)
        left_ms = 1; /* 0 would mean "for ever" to the server */
    if (c->statement_timeout == MARIADB_SECONDS)
        text_format(sql + size, sql_bytes - size, ", max_statement_time = %" PRId64 ".%03" PRId64,
                    left_ms / 1000, left_ms % 1000);
    else if (c->statement_timeout == MYSQL_MILLISECONDS)
        text_format(sql + size, sql_bytes - size, ", max_execution_time = %" PRId64, left_ms);
}

static enum database_result set_timeouts(struct database_connection *c)
{
    char sql[160];
    int64_t lock_seconds = c->timeout_ms / LOCK_TIMEOUT_SHARE / 1000;
    if (lock_seconds < 1)
        lock_seconds = 1;
    for (;;) {
        text_format(sql, sizeof sql,
                    "SET SESSION lock_wait_timeout = %" PRId64 ", innodb_lock_wait_timeout = %" PRId64,
                    lock_seconds, lock_seconds);
        add_timeout(c, sql, sizeof sql);
        enum database_result result = run(c, sql, until_deadline(c));
        if (result != DATABASE_FAILED || !is_connected(c) || c->session.error != UNKNOWN_VARIABLE ||
            c->statement_timeout == NO_STATEMENT_TIMEOUT)
            return result;
        c->statement_timeout++;
    }
}

/* Ends the transaction; a session that does not obey is given up. `error` stays as it is. */
static void end_transaction(struct database_connection *c, const char *sql)
{
    char kept[sizeof c->error];
    if (!is_connected(c) || !c->in_transaction)
        return;
    memcpy(kept, c->error, sizeof kept);
    if (run(c, sql, for_grace(c->deadline_ms)) != DATABASE_OK)
        disconnect(c);
    c->in_transaction = false;
    memcpy(c->error, kept, sizeof kept);
}

/* A session in a transaction whose statement timeout is what is left of the round. */
static enum database_result prepare(struct database_connection *c)
{
    for (;;) {
        bool was_connected = is_connected(c);
        enum database_result result = was_connected ? DATABASE_OK : connect_session(c);
        if (result == DATABASE_OK)
            result = set_timeouts(c);
        if (result == DATABASE_OK && !c->in_transaction) {
            result = run(c, START_TRANSACTION, until_deadline(c));
            c->in_transaction = result == DATABASE_OK;
        }
        if (result != DATABASE_FAILED || !was_connected || is_connected(c))
            return result;
        /* else the session had died since the round before: make a new one */
    }
}

/* Rows --------------------------------------------------------------------------------------------------- */

/*
 * The query failed. Its transaction could go on, but not always with what the next query needs: one that has
 * met a table altered since its snapshot fails again and again.
 */
static enum database_result fail_query(struct database_connection *c)
{
    enum database_result result = refused(c);
    if (drains(c, for_grace(c->deadline_ms)))
        end_transaction(c, "ROLLBACK");
    else
        disconnect(c);
    return result;
}

static enum database_result fetch(struct database_connection *c)
{
    const struct session_patience patience = until_deadline(c);
    if (c->session.rows == NULL)
        return DATABASE_END;
    enum session_outcome outcome = session_fetch(&c->session, &patience);
    if (outcome != SESSION_ARRIVED)
        return give_up(c, outcome);
    if (c->session.error != 0)
        return fail_query(c);
    if (c->session.row != NULL)
        return DATABASE_OK;
    return drains(c, patience) ? DATABASE_END : give_up(c, SESSION_LOST);
}

static enum database_result driver_query(struct database_connection *c, const struct database_query *query)
{
    const struct session_patience patience = until_deadline(c);
    const char *fault = NULL;
    c->query_name = query->name;
    c->has_first = false;
    if (is_connected(c)) {
        enum session_outcome outcome = session_drain(&c->session, &patience);
        if (outcome == SESSION_LATE || outcome == SESSION_STOPPED)
            return give_up(c, outcome);
        if (outcome == SESSION_LOST)
            disconnect(c);
    }
    if (clock_monotonic_ms() >= c->deadline_ms)
        return give_up(c, SESSION_LATE);
    enum database_result result = prepare(c);
    if (result != DATABASE_OK)
        return result;
    char *sql = mysql_quote(query->sql, query->parameters, query->parameter_count, &fault);
    if (sql == NULL) {
        set_error(c, fault);
        return DATABASE_FAILED;
    }
    enum session_outcome outcome = session_query(&c->session, sql, &patience);
    if (outcome != SESSION_ARRIVED)
        return give_up(c, outcome);
    if (c->session.error != 0)
        return fail_query(c);
    result = fetch(c);
    c->has_first = result == DATABASE_OK;
    return result == DATABASE_END ? DATABASE_OK : result;
}

static enum database_result driver_next_row(struct database_connection *c)
{
    if (!c->has_first)
        return fetch(c);
    c->has_first = false;
    return DATABASE_OK;
}

static const char *driver_cell(struct database_connection *c, size_t column)
{
    if (c->session.row == NULL || column >= mysql_num_fields(c->session.rows))
        return NULL;
    return c->session.row[column];
}

/* Life --------------------------------------------------------------------------------------------------- */

static void driver_begin_round(struct database_connection *c, int64_t timeout_ms, int64_t deadline_ms)
{
    c->timeout_ms = timeout_ms;
    c->deadline_ms = deadline_ms;
    c->connects_left = CONNECTS_PER_ROUND;
    c->error[0] = '\0';
}

static void driver_end_round(struct database_connection *c)
{
    if (is_connected(c) && !drains(c, for_grace(c->deadline_ms)))
        abandon(c, SESSION_STOPPED);
    end_transaction(c, "COMMIT");
    c->query_name = "";
}

static const char *driver_error(const struct database_connection *c)
{
    return c->error;
}

static void free_settings(struct database_settings *settings)
{
    char *password = (char *)(uintptr_t)settings->password;
    if (password != NULL)
        explicit_bzero(password, strlen(password));
    const char *const strings[] = {
        settings->host,     settings->port,    settings->name,        settings->user,
        settings->password, settings->sslmode, settings->sslrootcert, settings->application_name};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        free((void *)(uintptr_t)strings[i]);
}

static void driver_close(struct database_connection *c)
{
    disconnect(c);
    free_settings(&c->settings);
    free(c);
}

static struct database_connection *driver_open(const struct database_settings *settings,
                                               const struct database_watch *watch)
{
    struct database_connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->settings = (struct database_settings){
        .host = strdup(settings->host),
        .port = strdup(settings->port),
        .name = strdup(settings->name),
        .user = strdup(settings->user),
        .password = strdup(settings->password),
        .sslmode = strdup(settings->sslmode),
        .sslrootcert = strdup(settings->sslrootcert),
        .application_name = strdup(settings->application_name),
    };
    c->watch = *watch;
    c->query_name = "";
    const struct database_settings *s = &c->settings;
    if (s->host != NULL && s->port != NULL && s->name != NULL && s->user != NULL && s->password != NULL &&
        s->sslmode != NULL && s->sslrootcert != NULL && s->application_name != NULL)
        return c;
    driver_close(c);
    return NULL;
}

static uint32_t driver_sessions(const struct database_connection *c)
{
    return c->sessions;
}

/* These views show a role what it may read, and nothing else. */
#define FOUND "SELECT COUNT(*) > 0, COUNT(*) > 0 FROM information_schema."
#define IN_TABLE " WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?"

static const struct database_driver driver = {
    .size = sizeof driver,
    .version = DATABASE_DRIVER_VERSION,
    .engine = DATABASE_MYSQL,
    .open = driver_open,
    .begin_round = driver_begin_round,
    .query = driver_query,
    .next_row = driver_next_row,
    .cell = driver_cell,
    .end_round = driver_end_round,
    .error = driver_error,
    .has_table = FOUND "TABLES" IN_TABLE,
    .has_column = FOUND "COLUMNS" IN_TABLE " AND COLUMN_NAME = ?",
    .is_connected = is_connected,
    .sessions = driver_sessions,
    .disconnect = disconnect,
    .close = driver_close,
};

__attribute__((visibility("default"))) const struct database_driver *minotor_database_driver(void);

const struct database_driver *minotor_database_driver(void)
{
    return &driver;
}
