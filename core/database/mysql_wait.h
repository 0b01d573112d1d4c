/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a server, as long as there is time and nobody wants us to stop. */
#ifndef MINOTOR_DATABASE_MYSQL_WAIT_H
#define MINOTOR_DATABASE_MYSQL_WAIT_H

#include <mysql.h>
#include <stdint.h>

#include "database/driver.h"

/* What became of waiting. */
enum session_outcome {
    SESSION_ARRIVED, /* it answered: what was asked for, or an error that leaves the session as it is */
    SESSION_LATE,    /* the deadline passed; what was waited for is still under way */
    SESSION_STOPPED, /* the worker was told to leave; likewise */
    SESSION_LOST,    /* the session is dead */
};

/* Until when, and whether the worker's own wishes count. */
struct session_patience {
    int64_t deadline_ms;
    const struct database_watch *watch; /* NULL: nothing else counts */
};

/* Until the descriptor can be read. */
enum session_outcome session_wait_readable(int descriptor, const struct session_patience *patience);

/* Until a suspended call of the library has what it `wanted`: ARRIVED, and *ready is to be given to its
 * _cont(). */
enum session_outcome session_wait_call(MYSQL *handle, int wanted, int *ready,
                                       const struct session_patience *patience);

#endif
