/* SPDX-License-Identifier: Apache-2.0 */
#include "database/mysql_session.h"

#include <assert.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "database/mysql_connect.h"
#include "database/mysql_error.h"

/* Calls -------------------------------------------------------------------------------------------------- */

static int resume(struct mysql_session *s, int ready)
{
    switch (s->call) {
    case SESSION_QUERY:
        return mysql_real_query_cont(&s->failed, s->handle, ready);
    case SESSION_FETCH:
        return mysql_fetch_row_cont(&s->row, s->rows, ready);
    case SESSION_FREE:
        return mysql_free_result_cont(s->rows, ready);
    default:
        return 0;
    }
}

/* What a call that is done leaves in the object. */
static enum session_outcome conclude(struct mysql_session *s)
{
    enum session_call call = s->call;
    s->call = SESSION_NO_CALL;
    if (call == SESSION_QUERY) {
        free(s->sql);
        s->sql = NULL;
        s->rows = s->failed == 0 ? mysql_use_result(s->handle) : NULL;
    }
    if (call == SESSION_FREE)
        s->rows = NULL;
    else
        s->error = mysql_errno(s->handle);
    s->is_lost = mysql_error_ends_session(s->error);
    return s->is_lost ? SESSION_LOST : SESSION_ARRIVED;
}

/* Until the call under way is done; at once when there is none. */
static enum session_outcome finish(struct mysql_session *s, const struct session_patience *patience)
{
    if (s->call == SESSION_NO_CALL)
        return SESSION_ARRIVED;
    while (s->wanted != 0) {
        int ready = 0;
        enum session_outcome outcome = session_wait_call(s->handle, s->wanted, &ready, patience);
        if (outcome != SESSION_ARRIVED)
            return outcome;
        s->wanted = resume(s, ready);
    }
    return conclude(s);
}

enum session_outcome session_query(struct mysql_session *s, char *sql,
                                   const struct session_patience *patience)
{
    assert(s->call == SESSION_NO_CALL && s->rows == NULL);
    if (sql == NULL)
        return SESSION_LOST;
    s->sql = sql;
    s->error = 0;
    s->row = NULL;
    s->call = SESSION_QUERY;
    s->wanted = mysql_real_query_start(&s->failed, s->handle, sql, strlen(sql));
    return finish(s, patience);
}

enum session_outcome session_fetch(struct mysql_session *s, const struct session_patience *patience)
{
    assert(s->call == SESSION_NO_CALL && s->rows != NULL);
    s->call = SESSION_FETCH;
    s->wanted = mysql_fetch_row_start(&s->row, s->rows);
    return finish(s, patience);
}

enum session_outcome session_drain(struct mysql_session *s, const struct session_patience *patience)
{
    enum session_outcome outcome = finish(s, patience);
    if (outcome != SESSION_ARRIVED || s->rows == NULL)
        return outcome;
    s->row = NULL;
    s->call = SESSION_FREE;
    s->wanted = mysql_free_result_start(s->rows);
    return finish(s, patience);
}

bool session_is_busy(const struct mysql_session *s)
{
    return s->call != SESSION_NO_CALL || s->rows != NULL;
}

unsigned session_error(const struct mysql_session *s)
{
    return s->handle != NULL && s->fault == NULL ? mysql_errno(s->handle) : 0;
}

const char *session_message(const struct mysql_session *s)
{
    if (s->fault != NULL)
        return s->fault;
    return s->handle != NULL ? mysql_error(s->handle) : "";
}

/* Life --------------------------------------------------------------------------------------------------- */

static enum session_outcome refuse(struct mysql_session *s, const char *why)
{
    s->fault = why;
    return SESSION_LOST;
}

enum session_outcome session_connect(struct mysql_session *s, const struct database_settings *settings,
                                     const struct session_patience *patience)
{
    assert(s->handle == NULL);
    s->fault = mysql_place_of(&s->place, settings);
    if (s->fault != NULL)
        return SESSION_LOST;
    const struct mysql_place *place = &s->place;
    enum session_outcome outcome = mysql_connect_session(&s->handle, settings, place, patience, &s->fault);
    if (outcome != SESSION_ARRIVED)
        return outcome;
    if (mysql_place_needs_tls(place, settings) && mysql_get_ssl_cipher(s->handle) == NULL)
        return refuse(s, "the server does not speak TLS, which sslmode asks for");
    if (!mysql_tune_socket(mysql_get_socket(s->handle), !place->is_socket))
        return refuse(s, "the socket cannot be made non-blocking");
    return SESSION_ARRIVED;
}

/*
 * The library says goodbye and reads what is left of the rows, and both could wait: it gets a socket at whose other
 * end is nobody. A shutdown() of its own would look to the supervisor, who holds a copy, as if the server had ended.
 */
static void cut_off(int descriptor)
{
    int pair[2];
    if (descriptor < 0)
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        shutdown(descriptor, SHUT_RDWR);
        return;
    }
    if (dup3(pair[0], descriptor, O_CLOEXEC) < 0)
        shutdown(descriptor, SHUT_RDWR);
    close(pair[0]);
    close(pair[1]);
}

void session_close(struct mysql_session *s)
{
    if (s->handle != NULL) {
        if (session_is_busy(s) || s->is_lost)
            cut_off(mysql_get_socket(s->handle));
        if (s->rows != NULL)
            mysql_free_result(s->rows);
        mysql_close(s->handle);
    }
    free(s->sql);
    memset(s, 0, sizeof *s);
}

/* Cancelling --------------------------------------------------------------------------------------------- */

/* The other end of the session's connection, as a number: a name could lead to another server today. */
static bool peer_of(const struct mysql_session *s, char *host, size_t host_bytes)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (s->place.is_socket)
        return text_format(host, host_bytes, "%s", s->place.path);
    return getpeername(mysql_get_socket(s->handle), (struct sockaddr *)&peer, &size) == 0 &&
           getnameinfo((struct sockaddr *)&peer, size, host, (socklen_t)host_bytes, NULL, 0,
                       NI_NUMERICHOST) == 0;
}

/* `lingers`: a connection was begun that the server may not have seen to its end. */
static bool kill_query(struct mysql_session *s, const struct database_settings *settings, int64_t timeout_ms,
                       bool *lingers)
{
    struct mysql_session helper = {0};
    struct database_settings nearby = *settings;
    *lingers = false;
    const struct session_patience patience = {.deadline_ms = clock_monotonic_ms() + timeout_ms};
    char host[NI_MAXHOST], reached[NI_MAXHOST], sql[64];
    bool cancelled = false;
    if (s->handle == NULL || !peer_of(s, host, sizeof host))
        return false;
    /* A certificate is made out to a name: then we go by it, and look where it has led us. */
    nearby.host = s->place.authorities != NULL ? settings->host : host;
    nearby.name = ""; /* it is no session at the database, and not counted as one */
    text_format(sql, sizeof sql, "KILL QUERY %lu", mysql_thread_id(s->handle));
    if (session_connect(&helper, &nearby, &patience) == SESSION_ARRIVED &&
        peer_of(&helper, reached, sizeof reached) && strcmp(host, reached) == 0)
        cancelled = session_query(&helper, strdup(sql), &patience) == SESSION_ARRIVED && helper.error == 0;
    *lingers = !cancelled;
    session_close(&helper);
    return cancelled;
}

bool session_cancel(struct mysql_session *s, const struct database_settings *settings,
                    const struct database_watch *watch, int64_t timeout_ms)
{
    bool lingers;
    if (watch->may_cancel != NULL && !watch->may_cancel(watch->context, timeout_ms / 2))
        return false;
    bool cancelled = kill_query(s, settings, timeout_ms, &lingers);
    if (watch->cancelled != NULL)
        watch->cancelled(watch->context, lingers);
    return cancelled;
}
