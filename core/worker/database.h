/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's one connection to its target's database, through a driver that is loaded on demand. */
#ifndef MINOTOR_WORKER_DATABASE_H
#define MINOTOR_WORKER_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/contract.h"
#include "database/driver.h"
#include "minotor/collector.h"
#include "worker/claim.h"
#include "worker/settings.h"

/* Answers of database_has() that are remembered; a collector asks for some twenty. */
#define DATABASE_KNOWN_MAX 64

struct database_known {
    char name[160]; /* "Posts.CreateAt" */
    bool is_there;
};

struct database {
    const struct database_driver *driver;
    struct database_connection *connection;
    const struct database_place *place; /* for its password, which no text may contain */
    struct claim *claim; /* before each session */
    bool in_round;
    int64_t timeout_ms;
    int64_t deadline_ms;
    uint32_t sessions_before; /* the driver's count when the claim was granted */
    struct database_known known[DATABASE_KNOWN_MAX];
    size_t known_count;
    uint32_t known_session; /* the driver's count when they were learned */
    size_t rows;
    bool has_row;
    char error[ERROR_TEXT_MAX_BYTES + 1];
};

/*
 * Loads the driver and makes the connection object; connects nothing yet. `settings` and `claim` must outlive
 * it. False after logging one line.
 */
bool database_open(struct database *database, const struct worker_settings *settings,
                   const struct database_watch *watch, struct claim *claim);
void database_close(struct database *database);

/* Every query stands between these two. The second ends the transaction. */
void database_begin_round(struct database *database, int64_t timeout_ms, int64_t deadline_ms);
void database_end_round(struct database *database);
/* The supervisor has recalled the session: closed now, or by the end of the round. */
void database_obey_recall(struct database *database);

/* As minotor_query(), minotor_next_row() and minotor_cell(); the text of a failure is in `error`. */
enum minotor_result database_query(struct database *database, const struct minotor_query *query);
enum minotor_result database_next_row(struct database *database);
const char *database_cell(struct database *database, uint32_t column);

/* As minotor_has(). */
enum minotor_result database_has(struct database *database, const char *table, const char *column);

/* One line into `out`, which has ERROR_TEXT_MAX_BYTES + 1; withheld when it holds the secret. Pure. */
void database_clean_error(char *out, const char *text, const char *secret);

#endif
