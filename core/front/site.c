/* SPDX-License-Identifier: Apache-2.0 */
#include "front/site.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "front/filter.h"
#include "front/status_page.h"

#define STATUS_OK          200
#define STATUS_BAD_REQUEST 400
#define STATUS_UNAVAILABLE 503

static const char no_memory[] = "500 no memory for an answer\n";
/* Gives the buffer's text away as the whole answer; a buffer that has failed becomes a 500. */
static void answer_buffer(struct http_answer *answer, unsigned status, const char *content_type,
                          struct buffer *buffer)
{
    if (buffer->failed) {
        buffer_free(buffer);
        http_answer_text(answer, 500, no_memory);
        return;
    }
    answer->status = status;
    answer->content_type = content_type;
    size_t size;
    char *bytes = buffer_take(buffer, &size);
    http_answer_add_piece(answer, bytes, size);
    answer->release = free;
    answer->owner = bytes;
}

static void answer_metrics(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct site *site = context;
    struct filter filter;
    bool filtered = filter_read(&filter, request, &site->store);
    if (!filter.fault[0]) {
        scrapes_answer(&site->scrapes, &site->self, request, filtered ? &filter.page : NULL, answer);
        return;
    }
    struct buffer out = {0};
    buffer_put_string(&out, filter.fault);
    answer_buffer(answer, STATUS_BAD_REQUEST, "text/plain; charset=utf-8", &out);
}

static void answer_healthy(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    (void)context;
    http_answer_text(answer, STATUS_OK, "ok\n");
}

static void put_slot_name(struct buffer *out, const struct store *store, const struct slot *slot)
{
    buffer_put_string(out, slot->identity.collector);
    if (store->target_count > 1) {
        buffer_put_char(out, '@');
        buffer_put_string(out, slot->identity.target);
    }
}

static void answer_ready(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    const struct site *site = context;
    struct buffer out = {0};
    size_t slots = 0;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &site->store.slots[i];
        slots += slot->used;
        if (!slot->used || slot_is_settled(slot))
            continue;
        put_slot_name(&out, &site->store, slot);
        buffer_format(&out, ": no round has ended yet (worker %s)\n", child_state_name(slot->state.state));
    }
    if (slots == 0)
        buffer_put_string(&out, "no collector has been announced yet\n");
    if (out.size == 0 && !out.failed)
        http_answer_text(answer, STATUS_OK, "ready\n");
    else
        answer_buffer(answer, STATUS_UNAVAILABLE, "text/plain; charset=utf-8", &out);
}

static void answer_status(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    const struct site *site = context;
    struct moment now = {clock_monotonic_ms(), clock_wall_ms()};
    struct buffer out = {0};
    status_page_render(&out, &site->store, &site->build, now);
    answer_buffer(answer, STATUS_OK, "text/html; charset=utf-8", &out);
}

const struct http_route site_routes[] = {
    {"/", answer_status, false},
    {"/metrics", answer_metrics, false},
    {"/plugins/org.ebuildy.plugin-minotor/metrics", answer_metrics, false}, /* where the plugin had it */
    {"/-/healthy", answer_healthy, true},
    {"/-/ready", answer_ready, true},
    {NULL, NULL, false},
};

void site_refresh(struct site *site)
{
    const struct page *before = site->scrapes.page;
    if (before && !site->store.families_changed && !site->store.collectors_changed)
        return;
    struct page *page = page_compose(&site->store, before, &site->build);
    if (!page) {
        log_error("no memory for a new page; the one before stays");
        site->self.errors[SELF_ERROR_GATHERING]++;
        return;
    }
    scrapes_set_page(&site->scrapes, page);
}

bool site_work(struct site *site, int64_t now_ms)
{
    return scrapes_pack(&site->scrapes, now_ms);
}

void site_free(struct site *site)
{
    scrapes_free(&site->scrapes);
    store_free(&site->store);
    self_metrics_close(&site->self);
}
