/* SPDX-License-Identifier: Apache-2.0 */
/* PQcancel() with a bound: by itself it waits as long as a frozen server or a dead network likes. */
#ifndef MINOTOR_DATABASE_POSTGRESQL_CANCEL_H
#define MINOTOR_DATABASE_POSTGRESQL_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Asks the server to end what the session does, over a short connection of its own. Returns after `timeout_ms`
 * at the latest; a request that hangs is left to a thread that ends when the request does, and as long as it
 * hangs no other is made. True: the server took the request.
 */
bool postgresql_cancel(PGconn *session, int64_t timeout_ms);

#endif
