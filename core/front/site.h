/* SPDX-License-Identifier: Apache-2.0 */
/* What is at which path. */
#ifndef MINOTOR_FRONT_SITE_H
#define MINOTOR_FRONT_SITE_H

#include "front/http.h"
#include "front/scrape.h"

struct site {
    struct store store;
    struct scrapes scrapes; /* without a page until the first site_refresh() */
    struct page_build build;
    struct self_metrics self;
};

/* For http.routes, with a struct site as its context. */
extern const struct http_route site_routes[];

/* Makes a new page if something has changed. Called by the loop, never by an answer. */
void site_refresh(struct site *site);
/* Does a little of what can wait. True: there is more of it. */
bool site_work(struct site *site, int64_t now_ms);
void site_free(struct site *site);

#endif
