/* SPDX-License-Identifier: Apache-2.0 */
#include "front/site.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "front/status_page.h"
#include "front/status_style.h"

#define STATUS_OK          200
#define STATUS_UNAVAILABLE 503

static const char no_memory[] = "500 no memory for an answer\n";
static const char no_page[] = "503 no page yet\n";

/* An answer's own memory: texts made for it, and the page that it shows. */
struct scrape {
    struct page *page;
    struct buffer process;
    struct buffer answers;
};

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

static void scrape_free(void *owner)
{
    struct scrape *scrape = owner;
    page_release(scrape->page);
    buffer_free(&scrape->process);
    buffer_free(&scrape->answers);
    free(scrape);
}

/* The page with our own few families in its gaps; nothing of it is copied. */
static void add_page(struct http_answer *answer, const struct scrape *scrape)
{
    const struct page *page = scrape->page;
    const struct {
        const char *bytes;
        size_t size;
    } fillings[PAGE_GAP_COUNT] = {
        [PAGE_GAP_MINOTOR] = {page->collectors->bytes, page->collectors->size},
        [PAGE_GAP_PROCESS] = {scrape->process.bytes, scrape->process.size},
        [PAGE_GAP_PROMHTTP] = {scrape->answers.bytes, scrape->answers.size},
    };
    size_t offset = 0;
    for (size_t i = 0; i < PAGE_GAP_COUNT; i++) {
        if (page->gaps[i] > offset)
            http_answer_add_piece(answer, page->families->bytes + offset, page->gaps[i] - offset);
        http_answer_add_piece(answer, fillings[i].bytes, fillings[i].size);
        offset = page->gaps[i];
    }
    if (page->families->size > offset)
        http_answer_add_piece(answer, page->families->bytes + offset, page->families->size - offset);
}

static void answer_metrics(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    struct site *site = context;
    if (!site->page) {
        site->self.answers_refused++;
        http_answer_text(answer, STATUS_UNAVAILABLE, no_page);
        return;
    }
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (scrape) {
        scrape->page = page_hold(site->page);
        scrape->process.max_bytes = scrape->answers.max_bytes = SELF_METRICS_MAX_BYTES;
        self_metrics_render_process(&site->self, &scrape->process);
        self_metrics_render_answers(&site->self, &scrape->answers);
    }
    if (!scrape || scrape->process.failed || scrape->answers.failed) {
        if (scrape)
            scrape_free(scrape);
        site->self.answers_failed++;
        site->self.errors[SELF_ERROR_ENCODING]++;
        http_answer_text(answer, 500, no_memory);
        return;
    }
    site->self.answers_ok++;
    answer->status = STATUS_OK;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    add_page(answer, scrape);
    answer->release = scrape_free;
    answer->owner = scrape;
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
    http_answer_add_header(answer, "Content-Security-Policy", status_policy);
    http_answer_add_header(answer, "X-Content-Type-Options", "nosniff");
    http_answer_add_header(answer, "Referrer-Policy", "no-referrer");
    http_answer_add_header(answer, "Cache-Control", "no-store");
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
    if (site->page && !site->store.families_changed && !site->store.collectors_changed)
        return;
    struct page *page = page_compose(&site->store, site->page, &site->build);
    if (!page) {
        log_error("no memory for a new page; the one before stays");
        site->self.errors[SELF_ERROR_GATHERING]++;
        return;
    }
    page_release(site->page);
    site->page = page;
}

void site_free(struct site *site)
{
    page_release(site->page);
    store_free(&site->store);
    self_metrics_close(&site->self);
}
