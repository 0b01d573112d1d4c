/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mattermost's own pool. Only Mattermost knows it exactly, and tells it on the page of its own metrics, where these
 * are licensed. Elsewhere the database and Mattermost's configuration show some of it.
 */
#include "dbpool.h"
#include "sql_page.h"

#include <stdlib.h>

#define PAGE_MAX_BYTES (8U << 20) /* as much as can be asked for; pages of large servers have some MiB */
#define PAGE_TIMEOUT_MS 2000      /* Go writes such a page in some ten milliseconds */
#define PAGE_TIMEOUT_SHARE 4      /* of what is left of the round: the rest is the database's */
#define PAGE_PATH_BYTES 1024

/* A client library of late 2025 and newer then gives only these; an older one takes no notice and gives all. */
static void make_path(char *path, size_t path_bytes)
{
    size_t size = (size_t)snprintf(path, path_bytes, "/metrics");
    for (enum family family = 0; family < POOL_FAMILIES && size < path_bytes; family++)
        size += (size_t)snprintf(path + size, path_bytes - size, "%cname%%5B%%5D=%s", family == 0 ? '?' : '&',
                                 sql_page_name(family));
}

/* MINOTOR_FAILED: minotor_error() says why; NO_DATA: there is nobody to ask. */
static int ask(const struct minotor_host *host, struct sql_page *page)
{
    char path[PAGE_PATH_BYTES];
    int64_t timeout_ms = minotor_remaining_ms(host) / PAGE_TIMEOUT_SHARE;
    const struct minotor_request request = {
        .size = sizeof request,
        .flags = MINOTOR_REQUEST_METRICS,
        .max_bytes = PAGE_MAX_BYTES,
        .timeout_ms = timeout_ms < PAGE_TIMEOUT_MS ? (uint32_t)timeout_ms + 1 : PAGE_TIMEOUT_MS,
        .path = path,
    };
    int status = 0;
    size_t size = 0;
    make_path(path, sizeof path);
    int result = minotor_http(host, &request, &status);
    if (result != MINOTOR_OK)
        return result;
    if (status != 200)
        return minotor_fail(host, "GET /metrics: status %d", status);
    const char *body = minotor_http_body(host, &size);
    const char *fault = sql_page_read(page, body, size);
    return fault == NULL ? MINOTOR_OK : minotor_fail(host, "GET /metrics: the page %s", fault);
}

static void emit(const struct minotor_host *host, const struct sql_page *page)
{
    for (enum family family = 0; family < POOL_FAMILIES; family++) {
        if (family == WAIT_DURATION)
            minotor_label_f64(host, family, MATTERMOST, page->sums[family]);
        else
            minotor_label_u64(host, family, MATTERMOST, (uint64_t)page->sums[family]);
    }
}

/* What Mattermost's configuration says; what it does not say is absent. */
static void emit_limit(const struct minotor_host *host)
{
    const char *limit = minotor_target(host, "database.max_open_conns");
    char *end = NULL;
    unsigned long long number = strtoull(limit, &end, 10);
    if (limit[0] >= '0' && limit[0] <= '9' && *end == '\0')
        minotor_label_u64(host, MAX_OPEN, MATTERMOST, number);
}

/* Each change is told, and at the beginning only what an administrator may not expect. */
static void tell(const struct minotor_host *host, struct dbpool *dbpool, enum page_news news)
{
    if (news == PAGE_SILENT && dbpool->page_news != PAGE_SILENT)
        minotor_log(host, MINOTOR_NOTICE,
                    "Mattermost's own metrics do not tell of its connections, so they are shown as far as the database "
                    "and Mattermost's configuration tell: %s",
                    minotor_error(host));
    else if (news == PAGE_TELLS && dbpool->page_news == PAGE_SILENT)
        minotor_log(host, MINOTOR_NOTICE, "Mattermost's own metrics tell of its connections again");
    dbpool->page_news = news;
}

void mattermost_pool(const struct minotor_host *host, struct dbpool *dbpool)
{
    struct sql_page page;
    int is_asked = minotor_setting_integer(host, "mattermost_metrics") != 0;
    int result = is_asked ? ask(host, &page) : MINOTOR_NO_DATA;
    dbpool->found = result == MINOTOR_OK ? POOL_IS_TOLD : POOL_IS_WANTED;
    if (result == MINOTOR_OK) {
        emit(host, &page);
        tell(host, dbpool, PAGE_TELLS);
        return;
    }
    if (result == MINOTOR_FAILED)
        tell(host, dbpool, PAGE_SILENT);
    emit_limit(host);
}
