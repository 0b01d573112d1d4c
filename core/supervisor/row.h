/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mattermost's configuration where it stands in a database (MM_CONFIG is a data source). minotord speaks no SQL, so
 * a worker of its own fetches it: it has a slot, a place in the target's budget and its backoff like every other, and
 * ends as soon as it has written what it read to its data pipe. The other slots of the target wait for its first try,
 * and are told anew when what it reads is another text than before.
 */
#ifndef MINOTOR_SUPERVISOR_ROW_H
#define MINOTOR_SUPERVISOR_ROW_H

#include <stdbool.h>

#include "supervisor/slot.h"

/* Whether the slot is such a reader. */
bool row_is_reader(const struct slot *slot);

/* Whether the slot is to wait until its target's configuration has been read, or could not be. */
bool row_is_awaited(const struct supervisor *supervisor, const struct slot *slot);

/* After each turn of the loop: takes what readers have written, and asks for a reload when it is news. */
void row_turn(struct supervisor *supervisor);

/* After a failed reload that an administrator asked for: what is in the way may be the row itself. */
void row_read_again(struct supervisor *supervisor);

/* Wipes and frees what was read; of targets that the configuration has no more, or everything. */
void row_forget_gone(struct config_rows *rows, const struct config *config);
void row_forget_all(struct config_rows *rows);

/* Keeps what was read. True when it is not what was known before; pure but for memory. */
bool row_store(struct config_rows *rows, const char *target, const char *text);

#endif
