/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's one connection to its target's database, through a driver that is loaded on demand. */
#ifndef MINOTOR_WORKER_DATABASE_H
#define MINOTOR_WORKER_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"
#include "database/driver.h"
#include "minotor/collector.h"
#include "worker/settings.h"

struct database {
    const struct database_driver *driver;
    struct database_connection *connection;
    const struct database_place *place; /* for its password, which no text may contain */
    size_t rows;
    bool has_row;
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/*
 * Loads the driver and makes the connection object; connects nothing yet. `settings` must outlive it. False
 * after logging one line.
 */
bool database_open(struct database *database, const struct worker_settings *settings,
                   const struct database_watch *watch);
void database_close(struct database *database);

/* Every query stands between these two. The second ends the transaction. */
void database_begin_round(struct database *database, int64_t timeout_ms, int64_t deadline_ms);
void database_end_round(struct database *database);

/* As minotor_query(), minotor_next_row() and minotor_cell(); the text of a failure is in `error`. */
enum minotor_result database_query(struct database *database, const struct minotor_query *query);
enum minotor_result database_next_row(struct database *database);
const char *database_cell(struct database *database, uint32_t column);

/* One line into `out`, which has ERROR_TEXT_MAX_BYTES + 1; withheld when it holds the secret. Pure. */
void database_clean_error(char *out, const char *text, const char *secret);

#endif
