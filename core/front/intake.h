/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one slot's bytes: data pipe, reader, staging, store. One intake lives as long as its pipe, that
 * is, at most as long as one generation of the worker.
 */
#ifndef MINOTOR_FRONT_INTAKE_H
#define MINOTOR_FRONT_INTAKE_H

#include "front/store.h"

enum intake_result {
    INTAKE_OPEN,      /* read all there was, or as much as one turn may */
    INTAKE_ENDED,     /* the worker has closed its end */
    INTAKE_BAD_FRAME, /* reader.fault tells; nothing more is read */
};

struct intake {
    struct store *store;
    uint32_t slot;
    uint32_t generation;
    int descriptor; /* owned, non-blocking; -1 in tests */
    struct moment now;
    size_t bytes_in_turn;
    unsigned rounds_in_turn; /* that ended; with the first the turn is over, for many small ones cost more
                                than a big one */
    struct reader reader;
    struct staging staging;
};

/* Takes the descriptor over. The slot must exist in the store as long as the intake. NULL: no memory; the
 * descriptor is closed. */
struct intake *intake_new(struct store *store, uint32_t slot, uint32_t generation, int descriptor);
/* Closes the pipe; a round under way is lost. */
void intake_free(struct intake *intake);
/* Reads at most READ_PER_TURN_BYTES without blocking. */
enum intake_result intake_read(struct intake *intake, struct moment now);
/* The same for bytes that are already here. Never INTAKE_ENDED. */
enum intake_result intake_feed(struct intake *intake, const uint8_t *bytes, size_t size, struct moment now);

#endif
