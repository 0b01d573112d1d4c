/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round under construction: each sample is rendered as it arrives, so that the end of a round only has to
 * seal what is there. Bounded by the slot's limits, whatever its worker thinks of them, and refuses a series that came before.
 *
 * A sample's line is kept without the family's name, which is added when the page is composed, because only
 * then it is known whether a target label goes in front:  a="b",c="d"} 12  or, without labels,  12
 */
#ifndef MINOTOR_FRONT_STAGING_H
#define MINOTOR_FRONT_STAGING_H

#include "front/buffer.h"
#include "front/reader.h"
#include "front/series_set.h"

/* The sealed samples of one family: lines as above, each with its line feed. All zero: none. */
struct block {
    char *lines; /* owned */
    size_t size;
    unsigned samples;
    bool judged; /* what was wrong with it was counted, by the page */
};

void block_free(struct block *block);

/* All zero but for the limits is an empty one. The owner calls staging_free(). */
struct staging {
    struct buffer lines[FAMILIES_MAX]; /* by family id */
    unsigned samples[FAMILIES_MAX];
    size_t families; /* how many of these are in use */
    size_t bytes;    /* as they will be on the page */
    size_t count;    /* samples of all families */
    size_t samples_max; /* this and the next stay when the round is dropped */
    size_t bytes_max;
    struct series_set series;
};

/* Renders a point that the reader has checked. NULL, or why it is refused, which is valid until the next call. */
const char *staging_add(struct staging *staging, const struct reader_point *point);
/* Gives away what one family has; the caller owns the block. */
struct block staging_seal(struct staging *staging, unsigned id);
/* Drops the round. */
void staging_clear(struct staging *staging);
void staging_free(struct staging *staging);

#endif
