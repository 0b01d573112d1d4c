/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect[], exclude[] and name[] of a scrape, which may come several times each. The first two name collectors, as
 * the node exporter has them; name[] names families, as client_golang has it. Our own families, which are of no
 * collector, are left out by names only. What else a query says is not ours.
 */
#ifndef MINOTOR_FRONT_FILTER_H
#define MINOTOR_FRONT_FILTER_H

#include "front/http_request.h"
#include "front/page.h"

/* Valid as long as the request is. */
struct filter {
    const struct http_request *request;
    struct page_filter page;
    char fault[128]; /* why there is none: the text of a 400; else "" */
};

/* Returns whether there is anything to filter, or something wrong with it. */
bool filter_read(struct filter *filter, const struct http_request *request, const struct store *store);

#endif
