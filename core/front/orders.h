/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor tells the front once it runs: slots, their states and pipes, who may come in, and to leave. */
#ifndef MINOTOR_FRONT_ORDERS_H
#define MINOTOR_FRONT_ORDERS_H

#include "front/gate.h"
#include "front/pipes.h"

enum orders_result {
    ORDERS_READ,   /* all there were, or as many as one turn may */
    ORDERS_DRAIN,  /* leave in good order */
    ORDERS_ORPHAN, /* the supervisor is gone */
    ORDERS_BROKEN, /* something that is not an order, or makes no sense here; was logged */
};

/* Reads and obeys. Does not block. */
enum orders_result orders_read(int control, struct store *store, struct pipes *pipes, struct gate *gate, struct moment now);
/* The same for one message; takes the descriptor (or -1) over. */
enum orders_result orders_obey(struct store *store, struct pipes *pipes, struct gate *gate,
                               const struct control_message *message, int descriptor, struct moment now);

#endif
