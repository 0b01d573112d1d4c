/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session at a MySQL or MariaDB server, of which nothing blocks: every call of the client library is one
 * that can be suspended, waited for with a deadline of ours, and taken up again; connecting is left to a
 * thread. The object belongs to the driver; all zeros is a session that is not connected.
 */
#ifndef MINOTOR_DATABASE_MYSQL_SESSION_H
#define MINOTOR_DATABASE_MYSQL_SESSION_H

#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>

#include "database/driver.h"
#include "database/mysql_options.h"
#include "database/mysql_wait.h"

/* The call of the client library that is under way. */
enum session_call {
    SESSION_NO_CALL,
    SESSION_QUERY,
    SESSION_FETCH,
    SESSION_FREE,
};

struct mysql_session {
    MYSQL *handle;   /* NULL: not connected */
    MYSQL_RES *rows; /* of the last query; NULL: it gives none, or all have been read */
    MYSQL_ROW row;   /* the current one */
    unsigned error;  /* number of the last query's error, 0: none */
    char *sql;       /* of the query under way */
    enum session_call call;
    int wanted; /* events that it waits for, as the library has them; 0: it is done */
    int failed; /* what the call of the query gave */
    bool is_lost;
    const char *fault; /* why there is no session, when the library does not know */
    struct mysql_place place;
};

/* Connects. With any outcome the caller ends with session_close(); before that, session_message() says why
 * not. */
enum session_outcome session_connect(struct mysql_session *session, const struct database_settings *settings,
                                     const struct session_patience *patience);

/* Sends a query and waits for the head of its answer. Frees `sql`; NULL, no memory for it, counts as LOST. */
enum session_outcome session_query(struct mysql_session *session, char *sql,
                                   const struct session_patience *patience);

/* Moves to the next row. ARRIVED without a row: there are no more, or `error` is set. */
enum session_outcome session_fetch(struct mysql_session *session, const struct session_patience *patience);

/* Waits for the call under way and drops all rows, so that another query can be sent. */
enum session_outcome session_drain(struct mysql_session *session, const struct session_patience *patience);

/* Whether a query or its rows are under way. */
bool session_is_busy(const struct mysql_session *session);

/*
 * Asks the server, over a short session of its own, to end the query of this one. True: the server will. False, too,
 * when the watch does not allow that session: then the server's own timeout has to do.
 */
bool session_cancel(struct mysql_session *session, const struct database_settings *settings,
                    const struct database_watch *watch, int64_t timeout_ms);

/* Closes without waiting and makes the object all zeros. */
void session_close(struct mysql_session *session);

/* Number and text of what went wrong last; 0 and "" when nothing did. */
unsigned session_error(const struct mysql_session *session);
const char *session_message(const struct mysql_session *session);

#endif
