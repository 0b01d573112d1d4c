/* SPDX-License-Identifier: Apache-2.0 */
/* Mattermost's configuration where it stands in a database: the few keys that minotord wants of it, as JSON. */
#ifndef MINOTOR_WORKER_ROW_H
#define MINOTOR_WORKER_ROW_H

#include <stdint.h>

#include "worker/database.h"

/*
 * Reads it within ROW_TIMEOUT_MS. `text` is the driver's and lasts until the round ends. Not MINOTOR_OK: the reason
 * is in database->error.
 */
enum minotor_result row_read(struct database *database, const char **text);

#endif
