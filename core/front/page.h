/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of /metrics as all scrapes share it. It is made anew when a round was committed, something became
 * stale or late, or a slot changed, and never because of a scrape. Immutable once made, counted references.
 *
 * A page is a row of pieces for each format, of the slots' families in their order (families.h), and in the gaps
 * our own: those about the slots, which the page makes, and those that the site formats for scrapes.
 */
#ifndef MINOTOR_FRONT_PAGE_H
#define MINOTOR_FRONT_PAGE_H

#include "front/families.h"

struct page {
    unsigned references;
    struct families *families;
    struct piece *collectors[RENDER_FORMAT_COUNT]; /* the families minotor_* */
};

/* What minotor_build_info says. */
struct page_build {
    const char *version;
    const char *revision;
};

/* Our own families of each gap, in one format. */
struct page_own {
    struct piece *texts[OWN_GAP_COUNT];
};

/* Which families are wanted. A context that is asked; NULL for a function: all. */
struct page_filter {
    bool (*wants_slot)(const void *context, const char *collector, const char *target);
    bool (*wants_family)(const void *context, const char *name, size_t size);
    const void *context;
};

/*
 * Composes what the store has now, taking over from `before` (may be NULL) what has not changed, and clears
 * the store's marks of change. The caller holds the result. NULL: no memory; `before` stays good.
 */
struct page *page_compose(struct store *store, const struct page *before, const struct page_build *build);
struct page *page_hold(struct page *page);
void page_release(struct page *page);

/*
 * Appends the whole body, or what the filter wants of it; the gap for minotor_* is the page's own matter. False:
 * no memory.
 */
bool page_body(const struct page *page, enum render_format format, const struct page_own *own, struct pieces *body);
bool page_filtered(const struct page *page, enum render_format format, const struct page_own *own,
                   const struct page_filter *filter, struct pieces *body);

#endif
