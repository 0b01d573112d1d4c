/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of /metrics as all scrapes share it. It is made anew when a round was committed, something became
 * stale or late, or a slot changed, and never because of a scrape. Immutable once made, counted references.
 *
 * The page has two texts: the families of the slots, sorted, and the families minotor_* about the slots. An
 * answer puts the latter, and what is formatted per scrape, into the gaps of the former, so all stays sorted.
 */
#ifndef MINOTOR_FRONT_PAGE_H
#define MINOTOR_FRONT_PAGE_H

#include "front/store.h"

/* Where our own families belong among the others; their names begin with these, and nobody else's may. */
enum page_gap { PAGE_GAP_MINOTOR, PAGE_GAP_PROCESS, PAGE_GAP_PROMHTTP, PAGE_GAP_COUNT };

/* A text that several pages may share. */
struct page_text {
    unsigned references;
    size_t size;
    char *bytes;
};

struct page {
    unsigned references;
    struct page_text *families;
    struct page_text *collectors;
    size_t gaps[PAGE_GAP_COUNT]; /* offsets in `families`, ascending */
};

/* What minotor_build_info says. */
struct page_build {
    const char *version;
    const char *revision;
};

/*
 * Composes what the store has now, taking over from `before` (may be NULL) what has not changed, and clears
 * the store's marks of change. The caller holds the result. NULL: no memory; `before` stays good.
 */
struct page *page_compose(struct store *store, const struct page *before, const struct page_build *build);
struct page *page_hold(struct page *page);
void page_release(struct page *page);

#endif
