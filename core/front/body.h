/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of an answer out of shared pieces, plain or as one gzip member. Nothing large is copied: a piece whose
 * packed form was not made yet goes into the member as it is, in stored blocks, so nobody waits for a compressor.
 */
#ifndef MINOTOR_FRONT_BODY_H
#define MINOTOR_FRONT_BODY_H

#include "front/http_request.h"
#include "front/piece.h"

/* Fills in the answer's pieces. Takes over the body, also when it fails: no memory. */
bool body_answer(struct http_answer *answer, struct pieces *body, bool gzip);

#endif
