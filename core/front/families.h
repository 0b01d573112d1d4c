/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of all slots as a page has them: sorted, a family of several slots once, what clashes left out and
 * counted. Immutable once made, counted references.
 *
 * Nothing of a block is copied here. But a family with a few lines would be a piece for its head and one for its
 * lines, and each piece costs every answer something: small neighbours are put together into links. Where one link
 * ends and the next begins depends on names only, so that a round changes the links with its own families in them,
 * and all the others are taken over from the page before.
 */
#ifndef MINOTOR_FRONT_FAMILIES_H
#define MINOTOR_FRONT_FAMILIES_H

#include "front/store.h"

/* Where our own families belong among the others; their names begin with these, and nobody else's may. */
enum own_gap { OWN_GAP_MINOTOR, OWN_GAP_PROCESS, OWN_GAP_PROMHTTP, OWN_GAP_COUNT };

/* One family of one slot. */
struct part {
    char collector[NAME_MAX_BYTES + 1];
    char target[NAME_MAX_BYTES + 1];
    struct piece *heads[RENDER_FORMAT_COUNT];
    struct pieces lines;
    bool first; /* of those with this name: its head is the family's */
};

/* A piece of the page, and the smaller ones that it was put together from, by which it is known again. */
struct link {
    struct piece *text;
    size_t part; /* with which it begins */
    size_t first, count; /* in chain.items */
};

struct chain {
    struct piece **items; /* borrowed from the parts */
    size_t item_count;
    struct link *links;
    size_t link_count;
    size_t gaps[OWN_GAP_COUNT]; /* before which link each lies */
};

struct families {
    unsigned references;
    struct part *parts;
    size_t part_count;
    size_t gaps[OWN_GAP_COUNT]; /* before which part each lies */
    struct chain chains[RENDER_FORMAT_COUNT];
};

/* Takes over links of `before` (may be NULL). NULL: no memory. */
struct families *families_compose(struct store *store, const struct families *before);
struct families *families_hold(struct families *families);
void families_release(struct families *families);
/* The family's name in the text format; not terminated. */
const char *part_name(const struct part *part, size_t *size);

#endif
