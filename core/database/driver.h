/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker and a database driver have agreed on. A driver is one module in lib/minotor/drivers that exports
 * minotor_database_driver() and is the only thing that links its client library. It is built with the worker and
 * of the same version; it is no interface for others.
 *
 * One connection object is one session at the server, made when the first query of a round wants it and kept
 * between rounds. No call blocks longer than its deadline and the graces of contract.h. A round is one read-only
 * transaction; a query that fails ends it, and the next query of the round begins another, so that one missing
 * or locked table costs one query.
 */
#ifndef MINOTOR_DATABASE_DRIVER_H
#define MINOTOR_DATABASE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATABASE_DRIVER_VERSION 2
#define DATABASE_DRIVER_SYMBOL "minotor_database_driver"

/* Which text of a query the engine understands. */
enum database_engine {
    DATABASE_POSTGRESQL,
    DATABASE_MYSQL,
};

enum database_result {
    DATABASE_OK = 0,    /* done; for next_row: a row is there */
    DATABASE_END,       /* next_row only: no more rows, all went well */
    DATABASE_FAILED,    /* error() says why */
    DATABASE_CANCELLED, /* the deadline passed or the worker was told to stop; the server works no longer for us */
};

/* Where and as whom to connect. Strings are copied by open(); "" means the client library's default. */
struct database_settings {
    const char *host; /* name, address, or folder of a unix socket */
    const char *port;
    const char *name;
    const char *user;
    const char *password;
    const char *sslmode;
    const char *sslrootcert;
    const char *sslcert;     /* this and the next two are PostgreSQL's; NULL is "" */
    const char *sslkey;
    const char *search_path; /* schemas, for every transaction */
    const char *application_name; /* how the server's statistics name the session */
};

/*
 * While a driver waits for the server it also watches `descriptor` (-1: none). When that becomes readable it
 * calls should_stop(), which reads what came; true means: give up, as if the deadline had passed.
 * The others may be NULL.
 */
struct database_watch {
    int descriptor;
    bool (*should_stop)(void *context);
    void *context;
    /* A connection is being opened: first -1, when there is no socket yet, then its socket, and any other that takes its
     * place. May be called by any thread. */
    void (*opened)(void *context, int socket);
    /* Whether a connection more may be opened to cancel a query: asks, and waits so long at the most. */
    bool (*may_cancel)(void *context, int64_t timeout_ms);
    /* That connection is closed; `lingers`: the server may not know. */
    void (*cancelled)(void *context, bool lingers);
};

struct database_query {
    const char *name; /* for error texts */
    const char *sql;
    const char *const *parameters; /* values as text; NULL is SQL NULL */
    size_t parameter_count;
};

struct database_connection;

struct database_driver {
    uint32_t size; /* sizeof(struct database_driver) */
    uint32_t version; /* DATABASE_DRIVER_VERSION */
    enum database_engine engine;

    /* Makes the object, connects nothing. NULL: no memory. The caller closes it. */
    struct database_connection *(*open)(const struct database_settings *settings,
                                        const struct database_watch *watch);

    /* Queries from here to end_round() belong together and must be done by `deadline_ms` of the monotonic clock. */
    void (*begin_round)(struct database_connection *connection, int64_t timeout_ms, int64_t deadline_ms);

    /*
     * Sends a query, connecting first where necessary, and waits for its first row. Rows of the query before
     * that were not read are dropped. FAILED: this query only; CANCELLED: the round is over.
     */
    enum database_result (*query)(struct database_connection *connection, const struct database_query *query);

    /* Moves to the next row. After END, FAILED and CANCELLED there is no row. */
    enum database_result (*next_row)(struct database_connection *connection);

    /* A cell of the row as text, NULL for SQL NULL or no such column; valid until the next call of the driver. */
    const char *(*cell)(struct database_connection *connection, size_t column);

    /* Ends the transaction, so that nothing idles in one; drops the session when the server does not answer. */
    void (*end_round)(struct database_connection *connection);

    /* One line: severity and message of the server, or why it could not be reached. Never a secret, never SQL. */
    const char *(*error)(const struct database_connection *connection);

    /*
     * Whether a table, or a column of one, is there: queries with the parameters schema (NULL: where unqualified
     * names are looked for), table and column. A row says in its cells "1" or "0": it is there; may be read.
     */
    const char *has_table;
    const char *has_column;

    bool (*is_connected)(const struct database_connection *connection);
    /* Sessions so far that the server has opened for us, or may have while we gave up waiting for it. */
    uint32_t (*sessions)(const struct database_connection *connection);
    /* Closes the session, without waiting; the next query opens another. Only between rounds. */
    void (*disconnect)(struct database_connection *connection);

    /* Closes the session and frees the object. */
    void (*close)(struct database_connection *connection);
};

/* The one symbol of a driver. Static. */
typedef const struct database_driver *(*database_driver_entry)(void);

#endif
