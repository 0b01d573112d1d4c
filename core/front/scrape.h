/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to scrapes. All that is large was rendered before; what a scrape costs is a few numbers about ourselves,
 * and the row of pieces. An answer that is made stays ready for whoever asks for the same, until something changes.
 *
 * The numbers about ourselves are those of the moment of the scrape, for the first SCRAPES_FRESH scrapes within
 * SCRAPES_FRESH_MS. In a flood of more of them the others share the numbers of the last of these, which are at most
 * that old: no scraper that asks less than a hundred times a second ever sees the same numbers twice.
 *
 * Packing: a scrape for gzip packs what is small. The rest is packed by the loop, a piece in each turn, for the
 * formats that were asked for in gzip within the last SCRAPES_PACK_MS; until then it is sent in stored blocks.
 */
#ifndef MINOTOR_FRONT_SCRAPE_H
#define MINOTOR_FRONT_SCRAPE_H

#include "front/negotiate.h"
#include "front/page.h"
#include "front/http_request.h"
#include "front/self_metrics.h"

#define SCRAPES_FRESH    10
#define SCRAPES_FRESH_MS 100
#define SCRAPES_PACK_MS  (5 * 60 * 1000) /* longer than any interval that one scrapes at */

/* All zero is the beginning. */
struct scrapes {
    struct page *page; /* what is served; NULL: nothing yet */
    struct page_own own[RENDER_FORMAT_COUNT];
    int64_t fresh_since_ms;
    unsigned fresh; /* formatted since then */
    struct MHD_Response *ready[RENDER_FORMAT_COUNT][2][ESCAPING_COUNT]; /* second: as gzip */
    size_t ready_bytes[RENDER_FORMAT_COUNT][2][ESCAPING_COUNT];         /* of their bodies */
    bool gzip_asked[RENDER_FORMAT_COUNT];
    int64_t gzip_asked_ms[RENDER_FORMAT_COUNT];
    size_t packed_links[RENDER_FORMAT_COUNT]; /* so many of the page's are done */
    bool packed_some;
};

/* Serves this page from now on; takes the caller's reference. */
void scrapes_set_page(struct scrapes *scrapes, struct page *page);
/* Answers; `filter` may be NULL. Counts in `self`. */
void scrapes_answer(struct scrapes *scrapes, struct self_metrics *self, const struct http_request *request,
                    const struct page_filter *filter, struct http_answer *answer);
/* Packs one piece, if one has to be. True: there is more to do. */
bool scrapes_pack(struct scrapes *scrapes, int64_t now_ms);
void scrapes_free(struct scrapes *scrapes);

#endif
