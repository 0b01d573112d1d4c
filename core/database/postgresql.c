/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL driver. Nothing of libpq that blocks is called, but PQfinish and name resolution inside
 * PQconnectStart; the latter is bounded by RES_OPTIONS in the worker's environment.
 *
 * All settings of a session but one are SET LOCAL inside the round's transaction, so that they work through a pooler
 * and are left to nobody else; that one, that the server keeps an eye on the connection, is for whoever has it.
 */
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/contract.h"
#include "common/text.h"
#include "database/driver.h"
#include "database/error_text.h"
#include "database/postgresql_cancel.h"
#include "database/socket_news.h"

/* How often the server looks whether we still live while it works for us (PostgreSQL 14 and newer). */
#define CHECK_INTERVAL_MS 500
/* A round may lose its session once: a server that was restarted since the round before. */
#define CONNECTS_PER_ROUND 2

#define SQLSTATE_QUERY_CANCELED "57014"
#define SQLSTATE_NO_PRIVILEGE "42501"

struct database_connection {
    struct database_settings settings; /* own copies */
    struct database_watch watch;
    PGconn *session; /* NULL: not connected */
    bool streaming;  /* a query was sent and its last result has not been seen */
    bool in_transaction;
    bool no_check_interval; /* this server cannot do it */
    PGresult *first;        /* fetched by query(), not yet given out by next_row() */
    PGresult *row;          /* the current one */
    const char *query_name;
    int64_t timeout_ms;
    int64_t deadline_ms;
    int64_t retry_at_ms;
    unsigned connects_left;
    uint32_t sessions;
    char error[ERROR_TEXT_MAX_BYTES + 1];
    char connect_error[ERROR_TEXT_MAX_BYTES + 1];
};

/* What became of waiting for the server. */
enum outcome {
    ARRIVED,
    LATE,    /* the deadline passed */
    STOPPED, /* the worker was told to leave */
    LOST,    /* the session is dead */
};

static void set_error(struct database_connection *c, const char *what)
{
    text_format(c->error, sizeof c->error, "%s%s%s", c->query_name, c->query_name[0] != '\0' ? ": " : "", what);
}

static void set_late_error(struct database_connection *c)
{
    char text[64];
    text_format(text, sizeof text, "not done within the round's %" PRId64 " ms", c->timeout_ms);
    set_error(c, text);
}

static void drop_rows(struct database_connection *c)
{
    PQclear(c->first);
    PQclear(c->row);
    c->first = c->row = NULL;
}

static void disconnect(struct database_connection *c)
{
    drop_rows(c);
    PQfinish(c->session); /* does not wait: the session is in non-blocking mode */
    c->session = NULL;
    c->streaming = c->in_transaction = false;
}

/* Waiting ---------------------------------------------------------------------------------------------------- */

/* Waits for the socket; with `watched` also for the worker's own wishes. */
static enum outcome wait_socket(struct database_connection *c, short events, int64_t deadline_ms, bool watched)
{
    for (;;) {
        struct pollfd waiting[] = {
            { .fd = PQsocket(c->session), .events = events },
            { .fd = watched ? c->watch.descriptor : -1, .events = POLLIN },
        };
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        int ready = poll(waiting, 2, left_ms > 0 ? (int)left_ms : 0);
        if (ready < 0 && errno != EINTR)
            return LOST;
        if (ready > 0 && waiting[1].revents != 0 && c->watch.should_stop(c->watch.context))
            return STOPPED;
        if (ready > 0 && waiting[0].revents != 0)
            return ARRIVED;
        if (ready == 0 || left_ms <= 0)
            return LATE;
    }
}

/* Until PQgetResult() would not block. */
static enum outcome await_result(struct database_connection *c, int64_t deadline_ms, bool watched)
{
    for (;;) {
        int unsent = PQflush(c->session);
        if (unsent == 0 && !PQisBusy(c->session))
            return ARRIVED;
        enum outcome outcome =
            wait_socket(c, (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN), deadline_ms, watched);
        if (outcome != ARRIVED)
            return outcome;
        if (PQconsumeInput(c->session) == 0 && PQstatus(c->session) == CONNECTION_BAD)
            return LOST;
    }
}

/* Reads and drops whatever the query still gives. */
static enum outcome drain(struct database_connection *c, int64_t deadline_ms, bool watched)
{
    while (c->streaming) {
        enum outcome outcome = await_result(c, deadline_ms, watched);
        if (outcome != ARRIVED)
            return outcome;
        PGresult *result = PQgetResult(c->session);
        c->streaming = result != NULL;
        PQclear(result);
    }
    return PQstatus(c->session) == CONNECTION_OK ? ARRIVED : LOST;
}

/*
 * The query under way has no more time. At the deadline its own timeout ends it at the server, of which we hear
 * in a moment; else we ask for its end. A session from which even then nothing comes is given up.
 */
static void abandon(struct database_connection *c, enum outcome why)
{
    drop_rows(c);
    if (why == LOST || c->session == NULL) {
        disconnect(c);
        return;
    }
    if (why == LATE && drain(c, c->deadline_ms + CANCEL_GRACE_MS, false) == ARRIVED)
        return;
    int64_t until_ms = clock_monotonic_ms() + CANCEL_GRACE_MS;
    if (!postgresql_cancel(c->session, CANCEL_GRACE_MS) || drain(c, until_ms, false) != ARRIVED)
        disconnect(c);
}

static enum database_result give_up(struct database_connection *c, enum outcome why)
{
    char text[ERROR_TEXT_MAX_BYTES];
    if (why == LOST) {
        char reason[128];
        error_text_first_line(reason, sizeof reason, c->session != NULL ? PQerrorMessage(c->session) : "",
                              c->settings.password);
        text_format(text, sizeof text, "the connection was lost%s%s", reason[0] != '\0' ? ": " : "", reason);
        set_error(c, text);
    } else if (why == STOPPED) {
        set_error(c, "stopped, because the worker leaves");
    } else {
        set_late_error(c);
    }
    abandon(c, why);
    return why == LOST ? DATABASE_FAILED : DATABASE_CANCELLED;
}

/* Errors of the server --------------------------------------------------------------------------------------- */

/* Severity and first line of the server's message, without detail, hint or SQL. */
static void set_error_of(struct database_connection *c, const PGresult *result)
{
    char message[ERROR_TEXT_MAX_BYTES], text[ERROR_TEXT_MAX_BYTES];
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (primary == NULL)
        primary = PQresultErrorMessage(result);
    error_text_first_line(message, sizeof message, primary, c->settings.password);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool is_grant = state != NULL && strcmp(state, SQLSTATE_NO_PRIVILEGE) == 0;
    text_format(text, sizeof text, "%s%s%s%s", severity != NULL ? severity : "", severity != NULL ? ": " : "", message,
                is_grant ? " (see postgresql-role.sql)" : "");
    set_error(c, text);
}

/*
 * Sets `error` to what the server said. CANCELLED when it ended the query because the round has no more time,
 * which it notices in the same moment as we do: the text is the same.
 */
static enum database_result judge_error(struct database_connection *c, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state != NULL && strcmp(state, SQLSTATE_QUERY_CANCELED) == 0 && clock_monotonic_ms() >= c->deadline_ms) {
        set_late_error(c);
        return DATABASE_CANCELLED;
    }
    set_error_of(c, result);
    return DATABASE_FAILED;
}

/* Runs SQL without rows. FAILED: `error` is set, and the session is still there unless it was lost. */
static enum database_result run(struct database_connection *c, const char *sql, int64_t deadline_ms, bool watched)
{
    enum database_result answer = DATABASE_OK;
    if (PQsendQuery(c->session, sql) == 0)
        return give_up(c, LOST);
    c->streaming = true;
    while (c->streaming) {
        enum outcome outcome = await_result(c, deadline_ms, watched);
        if (outcome != ARRIVED)
            return give_up(c, outcome);
        PGresult *result = PQgetResult(c->session);
        c->streaming = result != NULL;
        ExecStatusType status = result == NULL ? PGRES_COMMAND_OK : PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && answer == DATABASE_OK)
            answer = judge_error(c, result);
        PQclear(result);
    }
    if (PQstatus(c->session) != CONNECTION_OK) {
        disconnect(c);
        return DATABASE_FAILED;
    }
    return answer;
}

/* Connecting ------------------------------------------------------------------------------------------------- */

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message; /* libpq would write it to stderr, raw */
}

static PGconn *start_session(const struct database_settings *settings)
{
    const struct {
        const char *keyword;
        const char *value;
    } parameters[] = {
        { "host", settings->host },
        { "port", settings->port },
        { "dbname", settings->name },
        { "user", settings->user },
        { "password", settings->password },
        { "sslmode", settings->sslmode },
        { "sslrootcert", settings->sslrootcert },
        { "sslcert", settings->sslcert },
        { "sslkey", settings->sslkey },
        { "application_name", settings->application_name },
        { "client_encoding", "UTF8" },
        { "gssencmode", "disable" }, /* would search the disk for Kerberos */
        { "connect_timeout", "5" },
        { "tcp_user_timeout", "30000" }, /* a network that swallows packets is noticed in seconds, not minutes */
        { "keepalives_idle", "15" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
    };
    const char *keywords[sizeof parameters / sizeof parameters[0] + 1];
    const char *values[sizeof parameters / sizeof parameters[0] + 1];
    size_t count = 0;
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (parameters[i].value[0] == '\0')
            continue;
        keywords[count] = parameters[i].keyword;
        values[count++] = parameters[i].value;
    }
    keywords[count] = values[count] = NULL;
    return PQconnectStartParams(keywords, values, 0); /* 0: the database's name is no connection string */
}

static enum outcome await_session(struct database_connection *c, int64_t deadline_ms)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    uint64_t known = 0;
    while (PQstatus(c->session) != CONNECTION_BAD) {
        socket_news(&c->watch, PQsocket(c->session), &known);
        short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        enum outcome outcome = wait_socket(c, events, deadline_ms, true);
        if (outcome != ARRIVED)
            return outcome;
        wanted = PQconnectPoll(c->session);
        if (wanted == PGRES_POLLING_OK)
            return ARRIVED;
        if (wanted == PGRES_POLLING_FAILED)
            return LOST;
    }
    return LOST;
}

static enum database_result refuse_connect(struct database_connection *c, const char *reason)
{
    const struct database_settings *s = &c->settings;
    bool is_socket = s->host[0] == '/';
    text_format(c->connect_error, sizeof c->connect_error, "cannot connect to database %s on %s%s%s as %s: %s", s->name,
                s->host[0] != '\0' ? s->host : "this host", is_socket ? "/.s.PGSQL." : " port ", s->port, s->user,
                reason);
    strcpy(c->error, c->connect_error);
    c->retry_at_ms = clock_monotonic_ms() + RETRY_AFTER_FAILURE_MS;
    disconnect(c);
    return DATABASE_FAILED;
}

static enum database_result connect_session(struct database_connection *c)
{
    char reason[ERROR_TEXT_MAX_BYTES];
    int64_t now_ms = clock_monotonic_ms();
    int64_t deadline_ms = now_ms + CONNECT_TIMEOUT_MS;
    bool till_the_end = deadline_ms >= c->deadline_ms;
    if (till_the_end)
        deadline_ms = c->deadline_ms;
    if (now_ms < c->retry_at_ms || c->connects_left == 0) {
        strcpy(c->error, c->connect_error[0] != '\0' ? c->connect_error : "the connection was lost");
        return DATABASE_FAILED;
    }
    c->connects_left--;
    socket_news_begin(&c->watch);
    c->session = start_session(&c->settings);
    if (c->session == NULL)
        return refuse_connect(c, "out of memory");
    PQsetNoticeProcessor(c->session, ignore_notice, NULL);
    enum outcome outcome = await_session(c, deadline_ms);
    c->sessions += outcome != LOST;
    switch (outcome) {
    case ARRIVED:
        c->retry_at_ms = 0;
        c->connect_error[0] = '\0';
        return PQsetnonblocking(c->session, 1) == 0 ? DATABASE_OK : refuse_connect(c, "out of memory");
    case LATE:
        text_format(reason, sizeof reason, "no answer within %s%" PRId64 " ms", till_the_end ? "the round's " : "",
                    till_the_end ? c->timeout_ms : (int64_t)CONNECT_TIMEOUT_MS);
        refuse_connect(c, reason);
        return till_the_end ? DATABASE_CANCELLED : DATABASE_FAILED;
    case STOPPED:
        refuse_connect(c, "stopped, because the worker leaves");
        return DATABASE_CANCELLED;
    default:
        error_text_connect_reason(reason, sizeof reason, PQerrorMessage(c->session), c->settings.password);
        return refuse_connect(c, reason);
    }
}

/* Transactions ----------------------------------------------------------------------------------------------- */

static int64_t left_ms(const struct database_connection *c)
{
    int64_t left = c->deadline_ms - clock_monotonic_ms();
    return left > 0 ? left : 1; /* 0 would mean "for ever" to the server */
}

/* The schemas that Mattermost's data source names, as a statement; "" when it names none. False: it cannot be. */
static bool quote_search_path(struct database_connection *c, char *sql, size_t sql_bytes)
{
    sql[0] = '\0';
    if (c->settings.search_path[0] == '\0')
        return true;
    char *literal = PQescapeLiteral(c->session, c->settings.search_path, strlen(c->settings.search_path));
    bool fits = literal != NULL &&
                text_format(sql, sql_bytes, "; SELECT pg_catalog.set_config('search_path', %s, true)", literal);
    PQfreemem(literal);
    return fits;
}

/*
 * Where the network is gone the server does not hear of our end, and by itself it asks whether we are still there after
 * two hours. Not LOCAL: the session idles between rounds. Through a pooler it is the pooler's session that is asked.
 */
#define KEEP_ALIVE "; SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"

static enum database_result send_begin(struct database_connection *c)
{
    char sql[1408], check[96] = "", schemas[768];
    bool checks = !c->no_check_interval && PQserverVersion(c->session) >= 140000;
    int64_t lock_ms = c->timeout_ms / LOCK_TIMEOUT_SHARE;
    if (checks)
        text_format(check, sizeof check, "; SET LOCAL client_connection_check_interval = %d", CHECK_INTERVAL_MS);
    if (!quote_search_path(c, schemas, sizeof schemas)) {
        text_format(c->error, sizeof c->error, "search_path cannot be quoted");
        return DATABASE_FAILED;
    }
    text_format(sql, sizeof sql,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = %" PRId64
                "; SET LOCAL lock_timeout = %" PRId64 "; SET LOCAL idle_in_transaction_session_timeout = %" PRId64
                "%s%s%s",
                left_ms(c), lock_ms > 0 ? lock_ms : 1, c->timeout_ms + ALARM_GRACE_MS,
                c->settings.host[0] == '/' ? "" : KEEP_ALIVE, check, schemas);
    enum database_result result = run(c, sql, c->deadline_ms, true);
    c->in_transaction = c->session != NULL && PQtransactionStatus(c->session) != PQTRANS_IDLE;
    return result;
}

/* Ends the transaction; a session that does not obey is given up. `error` stays as it is. */
static void end_transaction(struct database_connection *c, const char *sql, int64_t deadline_ms)
{
    char kept[sizeof c->error];
    if (c->session == NULL || !c->in_transaction)
        return;
    memcpy(kept, c->error, sizeof kept);
    if (run(c, sql, deadline_ms, false) != DATABASE_OK ||
        (c->session != NULL && PQtransactionStatus(c->session) != PQTRANS_IDLE))
        disconnect(c);
    c->in_transaction = false;
    memcpy(c->error, kept, sizeof kept);
}

static int64_t end_deadline_ms(const struct database_connection *c)
{
    int64_t now_ms = clock_monotonic_ms();
    return (now_ms > c->deadline_ms ? now_ms : c->deadline_ms) + CANCEL_GRACE_MS;
}

/* A session in a transaction whose statement timeout is what is left of the round. */
static enum database_result prepare(struct database_connection *c)
{
    char sql[64];
    if (c->in_transaction) {
        text_format(sql, sizeof sql, "SET LOCAL statement_timeout = %" PRId64, left_ms(c));
        return run(c, sql, c->deadline_ms, true);
    }
    for (;;) {
        bool was_connected = c->session != NULL;
        enum database_result result = was_connected ? DATABASE_OK : connect_session(c);
        if (result == DATABASE_OK)
            result = send_begin(c);
        if (result != DATABASE_FAILED)
            return result;
        if (c->session != NULL && !c->no_check_interval) {
            c->no_check_interval = true; /* a server on a system that has no such thing refuses the setting */
            end_transaction(c, "ROLLBACK", end_deadline_ms(c));
        } else if (!was_connected || c->session != NULL) {
            return result;
        } /* else the session had died since the round before: make a new one */
    }
}

/* Rows ------------------------------------------------------------------------------------------------------- */

/* The query failed: its transaction is over, so that the next query of the round can begin another. */
static enum database_result fail_query(struct database_connection *c, PGresult *result)
{
    enum database_result answer = judge_error(c, result);
    PQclear(result);
    enum outcome outcome = drain(c, end_deadline_ms(c), false);
    if (outcome != ARRIVED)
        disconnect(c);
    else
        end_transaction(c, "ROLLBACK", end_deadline_ms(c));
    return answer;
}

/* The next row of the query under way into *row. */
static enum database_result fetch(struct database_connection *c, PGresult **row)
{
    while (c->streaming) {
        enum outcome outcome = await_result(c, c->deadline_ms, true);
        if (outcome != ARRIVED)
            return give_up(c, outcome);
        PGresult *result = PQgetResult(c->session);
        switch (result != NULL ? PQresultStatus(result) : PGRES_TUPLES_OK) {
        case PGRES_SINGLE_TUPLE:
            *row = result;
            return DATABASE_OK;
        case PGRES_TUPLES_OK: /* the end of the rows; NULL: the end of the query */
        case PGRES_COMMAND_OK:
            c->streaming = result != NULL;
            PQclear(result);
            break;
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
        case PGRES_NONFATAL_ERROR:
            return fail_query(c, result);
        default: /* COPY and its like leave the session in a state of their own */
            PQclear(result);
            set_error(c, "not a query that gives rows");
            disconnect(c);
            return DATABASE_FAILED;
        }
    }
    return DATABASE_END;
}

static enum database_result driver_query(struct database_connection *c, const struct database_query *query)
{
    drop_rows(c);
    c->query_name = query->name;
    if (c->session != NULL) {
        enum outcome outcome = drain(c, c->deadline_ms, true);
        if (outcome == LATE || outcome == STOPPED)
            return give_up(c, outcome);
        if (outcome == LOST)
            disconnect(c);
        else if (PQtransactionStatus(c->session) == PQTRANS_INERROR) /* unread rows ended in an error */
            end_transaction(c, "ROLLBACK", end_deadline_ms(c));
    }
    if (clock_monotonic_ms() >= c->deadline_ms)
        return give_up(c, LATE);
    enum database_result result = prepare(c);
    if (result != DATABASE_OK)
        return result;
    if (PQsendQueryParams(c->session, query->sql, (int)query->parameter_count, NULL, query->parameters, NULL, NULL,
                          0) == 0)
        return give_up(c, LOST);
    c->streaming = true;
    PQsetSingleRowMode(c->session);
    result = fetch(c, &c->first);
    return result == DATABASE_END ? DATABASE_OK : result;
}

static enum database_result driver_next_row(struct database_connection *c)
{
    PQclear(c->row);
    c->row = c->first;
    c->first = NULL;
    if (c->row != NULL)
        return DATABASE_OK;
    return fetch(c, &c->row);
}

static const char *driver_cell(struct database_connection *c, size_t column)
{
    if (c->row == NULL || column >= (size_t)PQnfields(c->row) || PQgetisnull(c->row, 0, (int)column))
        return NULL;
    return PQgetvalue(c->row, 0, (int)column);
}

/* Life ------------------------------------------------------------------------------------------------------- */

static void driver_begin_round(struct database_connection *c, int64_t timeout_ms, int64_t deadline_ms)
{
    c->timeout_ms = timeout_ms;
    c->deadline_ms = deadline_ms;
    c->connects_left = CONNECTS_PER_ROUND;
    c->error[0] = '\0';
}

static void driver_end_round(struct database_connection *c)
{
    drop_rows(c);
    if (c->session != NULL && drain(c, end_deadline_ms(c), false) != ARRIVED)
        abandon(c, STOPPED);
    end_transaction(c, "COMMIT", end_deadline_ms(c));
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
    const char *const strings[] = { settings->host,     settings->port,        settings->name,
                                    settings->user,     settings->password,    settings->sslmode,
                                    settings->sslrootcert, settings->application_name, settings->sslcert,
                                    settings->sslkey,      settings->search_path };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        free((void *)(uintptr_t)strings[i]);
}

static void driver_close(struct database_connection *c)
{
    disconnect(c);
    free_settings(&c->settings);
    free(c);
}

static char *copy(const char *text)
{
    return strdup(text == NULL ? "" : text);
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
        .sslcert = copy(settings->sslcert),
        .sslkey = copy(settings->sslkey),
        .search_path = copy(settings->search_path),
        .application_name = strdup(settings->application_name),
    };
    c->watch = *watch;
    c->query_name = "";
    const struct database_settings *s = &c->settings;
    if (s->host != NULL && s->port != NULL && s->name != NULL && s->user != NULL && s->password != NULL &&
        s->sslmode != NULL && s->sslrootcert != NULL && s->application_name != NULL && s->sslcert != NULL &&
        s->sslkey != NULL && s->search_path != NULL)
        return c;
    driver_close(c);
    return NULL;
}

static bool driver_is_connected(const struct database_connection *c)
{
    return c->session != NULL;
}

static uint32_t driver_sessions(const struct database_connection *c)
{
    return c->sessions;
}

/* Names are folded as in queries, and looked for where queries look for them. */
#define FIND_TABLE "SELECT to_regclass(COALESCE($1::text || '.', '') || $2::text)::oid AS oid"
#define HAS_TABLE                                                                                                     \
    "SELECT (oid IS NOT NULL)::int, COALESCE(has_any_column_privilege(oid, 'SELECT'), false)::int FROM (" FIND_TABLE  \
    ") AS found"
#define HAS_COLUMN                                                                                                    \
    "SELECT (attnum IS NOT NULL)::int, COALESCE(has_column_privilege(oid, attnum, 'SELECT'), false)::int"             \
    " FROM (" FIND_TABLE ") AS found LEFT JOIN pg_catalog.pg_attribute ON attrelid = oid AND attname = lower($3::text)" \
    " AND attnum > 0 AND NOT attisdropped"

static const struct database_driver driver = {
    .size = sizeof driver,
    .version = DATABASE_DRIVER_VERSION,
    .engine = DATABASE_POSTGRESQL,
    .open = driver_open,
    .begin_round = driver_begin_round,
    .query = driver_query,
    .next_row = driver_next_row,
    .cell = driver_cell,
    .end_round = driver_end_round,
    .error = driver_error,
    .has_table = HAS_TABLE,
    .has_column = HAS_COLUMN,
    .is_connected = driver_is_connected,
    .sessions = driver_sessions,
    .disconnect = disconnect,
    .close = driver_close,
};

__attribute__((visibility("default"))) const struct database_driver *minotor_database_driver(void);

const struct database_driver *minotor_database_driver(void)
{
    return &driver;
}
