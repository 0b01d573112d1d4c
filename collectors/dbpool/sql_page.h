/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Mattermost says of its own pools: the families go_sql_* of its Prometheus page, each with one sample for each
 * of its databases: db_name is "master", "replica-0", "searchreplica-0" and so on.
 *
 * A page that ends too early can look like a whole one, so nothing is taken from it unless it ends with a line end
 * and each pool that the first family names has all nine values. Then nothing that could follow would change a sum.
 */
#ifndef DBPOOL_SQL_PAGE_H
#define DBPOOL_SQL_PAGE_H

#include "dbpool.h"

#include <stddef.h>

#define SQL_PAGE_POOLS_MAX 64 /* data sources of one installation; large ones have a handful of replicas */

struct sql_page {
    size_t pools;
    double sums[POOL_FAMILIES]; /* over all pools; whole numbers, but for WAIT_DURATION */
};

/* Mattermost's name of a family of pools: "go_sql_open_connections". Static. */
const char *sql_page_name(enum family family);

/* Pure. NULL, or why `page` holds nothing: what is to be said after "the page", static. */
const char *sql_page_read(struct sql_page *page, const char *text, size_t size);

#endif
