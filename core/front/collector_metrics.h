/* SPDX-License-Identifier: Apache-2.0 */
/* The families minotor_*: what the front knows of the slots. Made with the page, not per scrape. */
#ifndef MINOTOR_FRONT_COLLECTOR_METRICS_H
#define MINOTOR_FRONT_COLLECTOR_METRICS_H

#include "front/page.h"

/* Appends them all, sorted, in the text format. */
void collector_metrics_render(struct buffer *out, const struct store *store, const struct page_build *build);

#endif
