/* SPDX-License-Identifier: Apache-2.0 */
/* /probe?target=NAME: which families are those of one target. */
#ifndef MINOTOR_FRONT_PROBE_H
#define MINOTOR_FRONT_PROBE_H

#include "front/http_request.h"
#include "front/page.h"

/* Valid as long as the request is. */
struct probe {
    struct page_filter page;
    unsigned status;   /* 400: no target is named; 404: there is none of that name; else 200 */
    const char *fault; /* a line that says so */
};

/* Our own families, which are of minotor and no target's, are left out. */
void probe_read(struct probe *probe, const struct http_request *request, const struct store *store);

#endif
