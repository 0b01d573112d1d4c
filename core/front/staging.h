/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round under construction: each sample is rendered as it arrives, so that the end of a round only has to
 * seal what is there. Bounded by the slot's limits, whatever its worker thinks of them, and refuses a series that came before.
 *
 * A family's lines are complete, with its name and, where targets are told apart, the label target in front:
 * name{target="east",a="b"} 12  . They are kept in pieces, so that no end of a round has to touch them again.
 */
#ifndef MINOTOR_FRONT_STAGING_H
#define MINOTOR_FRONT_STAGING_H

#include "front/piece.h"
#include "front/reader.h"
#include "front/series_set.h"

/* The sealed samples of one family. All zero: none. */
struct block {
    struct pieces lines;
    size_t size;
    unsigned samples;
    bool with_target; /* the lines have that label */
    bool judged; /* what was wrong with it was counted, by the page */
};

void block_free(struct block *block);
/* Makes the lines anew, with that target, or with none where it is NULL. False: no memory; nothing has changed. */
bool block_retarget(struct block *block, const char *target);

struct staging_family {
    struct buffer open; /* grows up to a piece */
    struct pieces closed;
    unsigned samples;
};

/* All zero but for the limits is an empty one. The owner calls staging_free(). */
struct staging {
    struct staging_family families[FAMILIES_MAX]; /* by id */
    size_t family_count; /* how many of these are in use */
    char target[NAME_MAX_BYTES + 1]; /* "": the lines get no such label */
    size_t bytes;    /* as they will be on the page */
    size_t count;    /* samples of all families */
    size_t samples_max; /* this and the next stay when the round is dropped */
    size_t bytes_max;
    struct series_set series;
};

/* Renders a point that the reader has checked. NULL, or why it is refused, which is valid until the next call. */
const char *staging_add(struct staging *staging, const struct reader_point *point);
/* What lines begin with from now on; NULL: no target. Between rounds only. */
void staging_set_target(struct staging *staging, const char *target);
/* Gives away what one family has; the caller owns the block. False: no memory. */
bool staging_seal(struct staging *staging, unsigned id, struct block *block);
/* Drops the round. */
void staging_clear(struct staging *staging);
void staging_free(struct staging *staging);

#endif
