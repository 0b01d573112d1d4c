/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control messages on their way to one child. A message that the socket has no room for waits here, in order,
 * so the supervisor never blocks on a child that does not read. Messages may hold secrets and are wiped.
 */
#ifndef MINOTOR_SUPERVISOR_OUTBOX_H
#define MINOTOR_SUPERVISOR_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/control.h"

struct outbox_item;

struct outbox {
    struct outbox_item *first;
    struct outbox_item *last;
    size_t count;
};

enum outbox_result {
    OUTBOX_OK = 0, /* sent, or waiting */
    OUTBOX_FULL,   /* CONTROL_WAITING_MAX wait already: the child does not read; or no memory for one more */
    OUTBOX_CLOSED, /* the child is gone, or the socket is broken */
};

void outbox_init(struct outbox *outbox);
/* Forgets, wipes and closes everything that waits. */
void outbox_clear(struct outbox *outbox);
/* Sends a message after those that wait. `descriptor` is -1 or is duplicated; the caller keeps it. */
enum outbox_result outbox_send(struct outbox *outbox, int socket, const struct control_message *message,
                               int descriptor);
/* Sends what waits, as far as there is room. */
enum outbox_result outbox_flush(struct outbox *outbox, int socket);
/* Whether something waits, so that the loop watches for room. */
bool outbox_waiting(const struct outbox *outbox);

#endif
