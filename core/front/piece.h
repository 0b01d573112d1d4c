/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that blocks, pages and answers share. Immutable once made, counted references. What does change is
 * invisible to who reads it: the same text in deflate's form is made when somebody wants it, and kept.
 *
 * That form is a row of whole deflate blocks, none of them the last, which begins and ends at a byte and looks
 * back at nothing before it. So any pieces can be put in a row, and make one gzip member (gzip.h).
 */
#ifndef MINOTOR_FRONT_PIECE_H
#define MINOTOR_FRONT_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front/buffer.h"

struct piece {
    unsigned references;
    uint32_t crc; /* of the text, as gzip wants it */
    size_t size;
    char *bytes;
    size_t packed_size;
    char *packed; /* NULL: nobody has made it yet */
};

/* Takes the buffer's memory, and clears it. NULL: the buffer has failed, or there is no memory. */
struct piece *piece_of(struct buffer *buffer);
struct piece *piece_hold(struct piece *piece);
void piece_release(struct piece *piece); /* may be NULL */
/* Makes the packed form if there is none. False: no memory; the text can be sent as it is. */
bool piece_pack(struct piece *piece);

/* Pieces in a row, each held once. All zero is an empty one. */
struct pieces {
    struct piece **items;
    size_t count;
    size_t capacity;
};

/* Takes the caller's reference, also when it fails: no memory, or the piece is NULL. */
bool pieces_add(struct pieces *pieces, struct piece *piece);
size_t pieces_size(const struct pieces *pieces);
void pieces_free(struct pieces *pieces);

#endif
