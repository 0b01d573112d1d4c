/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of Mattermost's own metrics, or what stands in its place. Whatever comes: sums that can be shown or none, and
 * if any beginning of it passes for a page, then for one that does not contradict the whole.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/dbpool/sql_page.h"

#define PREFIXES_MAX 64 /* the square of a long page would take all the time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void check(const struct sql_page *page, const char *fault)
{
    require((fault == NULL) == (page->pools > 0), "a page without pools, or pools of no page");
    require(page->pools <= SQL_PAGE_POOLS_MAX, "more pools than there is room for");
    for (size_t i = 0; i < POOL_FAMILIES; i++) {
        require(page->sums[i] >= 0 && page->sums[i] < 9007199254740992.0, "a sum that is no number of things");
        require(i == WAIT_DURATION || (double)(uint64_t)page->sums[i] == page->sums[i], "half a connection");
        require(fault == NULL || page->sums[i] == 0, "a sum of no page");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sql_page whole, part;
    /* Copies of exactly that size, so that a sanitizer sees the first byte beyond. */
    char *text = malloc(size > 0 ? size : 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    const char *fault = sql_page_read(&whole, text, size);
    check(&whole, fault);
    size_t tried = 0;
    for (size_t cut = size; cut > 0 && tried < PREFIXES_MAX; cut--) {
        if (cut < size && text[cut - 1] != '\n')
            continue;
        tried++;
        char *beginning = malloc(cut);
        if (beginning == NULL)
            break;
        memcpy(beginning, text, cut);
        const char *fault_of_part = sql_page_read(&part, beginning, cut);
        check(&part, fault_of_part);
        if (fault == NULL && fault_of_part == NULL)
            require(memcmp(&whole, &part, sizeof whole) == 0, "the beginning of a page says something else");
        free(beginning);
    }
    free(text);
    return 0;
}
