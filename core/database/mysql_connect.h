/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a session in a thread: the client library's name lookup and TLS handshake block, whatever one asks of
 * it, and so would the worker. A thread whose time is over ends when the call that blocks it does, by the
 * library's own timeouts at the latest, and what it has connected is closed; until then no other is started.
 */
#ifndef MINOTOR_DATABASE_MYSQL_CONNECT_H
#define MINOTOR_DATABASE_MYSQL_CONNECT_H

#include <mysql.h>

#include "database/driver.h"
#include "database/mysql_options.h"
#include "database/mysql_wait.h"

/*
 * Connects within the patience. ARRIVED: *handle is the session. LOST: *handle knows why not, or *fault does;
 * the caller closes the handle if there is one. LATE, STOPPED: there is no handle.
 */
enum session_outcome mysql_connect_session(MYSQL **handle, const struct database_settings *settings,
                                           const struct mysql_place *place,
                                           const struct session_patience *patience, const char **fault);

#endif
