/* SPDX-License-Identifier: Apache-2.0 */
/* The slots of the status page: one table for each target, and those that are set aside. */
#ifndef MINOTOR_FRONT_STATUS_SLOT_H
#define MINOTOR_FRONT_STATUS_SLOT_H

#include "front/buffer.h"
#include "front/store.h"

/* All slots of a target. `heading` is the id of the heading that names the table. */
void status_slots(struct buffer *out, const struct store *store, const char *target, const char *heading,
                  struct moment now);
/* Those that fail, apart from the many that do not; nothing when there are none. */
void status_quarantine(struct buffer *out, const struct store *store, struct moment now);

#endif
