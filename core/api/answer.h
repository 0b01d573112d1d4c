/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP answer as it comes in, within bounds. */
#ifndef MINOTOR_API_ANSWER_H
#define MINOTOR_API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/contract.h"

struct answer {
    int status; /* 0: none yet */
    size_t body_max_bytes;
    char *body; /* owned; body_bytes and a NUL; NULL while empty */
    size_t body_bytes;
    size_t body_room;
    size_t header_bytes_seen; /* of all lines, also those of interim answers and trailers */
    size_t header_count;
    size_t headers_bytes;
    char headers[API_HEADERS_MAX_BYTES + 2 * API_HEADERS_MAX]; /* name NUL value NUL ... of the last answer */
    const char *overflow; /* which bound was passed, static; NULL: none */
};

/* Empties it for the next answer, of whose body so much is taken. */
void answer_begin(struct answer *answer, size_t body_max_bytes);
/* Takes one line, with its end. False: too much; `overflow` says of what. */
bool answer_take_header(struct answer *answer, const char *line, size_t size);
/* Takes a piece of the body. False: too much, or no memory; `overflow` says which. */
bool answer_take_body(struct answer *answer, const char *bytes, size_t size);
/* The first header of that name, in any case; NULL when there is none. */
const char *answer_header(const struct answer *answer, const char *name);
/* Forgets an answer that held a secret: no byte of it stays. */
void answer_wipe(struct answer *answer);
/* Frees the body. */
void answer_destroy(struct answer *answer);

#endif
