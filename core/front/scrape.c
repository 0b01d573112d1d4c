/* SPDX-License-Identifier: Apache-2.0 */
#include "front/scrape.h"

#include <string.h>

#include "common/clock.h"
#include "front/body.h"

/* What one scrape packs itself: less than half a millisecond's work. */
#define PACK_AT_ONCE_BYTES (32 * 1024)

static const char no_memory[] = "500 no memory for an answer\n";
static const char no_page[] = "503 no page yet\n";

static void forget(struct scrapes *scrapes)
{
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        for (unsigned gzip = 0; gzip < 2; gzip++)
            for (unsigned k = 0; k < ESCAPING_COUNT; k++) {
                http_forget(scrapes->ready[i][gzip][k]);
                scrapes->ready[i][gzip][k] = NULL;
            }
}

static void release_own(struct scrapes *scrapes)
{
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        for (unsigned gap = 0; gap < OWN_GAP_COUNT; gap++) {
            piece_release(scrapes->own[i].texts[gap]);
            scrapes->own[i].texts[gap] = NULL;
        }
}

void scrapes_set_page(struct scrapes *scrapes, struct page *page)
{
    forget(scrapes);
    page_release(scrapes->page);
    scrapes->page = page;
    memset(scrapes->packed_links, 0, sizeof scrapes->packed_links);
}

void scrapes_free(struct scrapes *scrapes)
{
    forget(scrapes);
    release_own(scrapes);
    page_release(scrapes->page);
    *scrapes = (struct scrapes){0};
}

/* Takes a text in both formats. False: no memory. */
static bool take_own(struct scrapes *scrapes, unsigned gap, struct buffer *text)
{
    struct buffer openmetrics = {0};
    if (!text->failed)
        render_openmetrics_of(&openmetrics, text->bytes, text->size);
    scrapes->own[RENDER_TEXT].texts[gap] = piece_of(text);
    scrapes->own[RENDER_OPENMETRICS].texts[gap] = piece_of(&openmetrics);
    return scrapes->own[RENDER_TEXT].texts[gap] && scrapes->own[RENDER_OPENMETRICS].texts[gap];
}

/* Formats our own numbers, unless that was done often enough just now. False: no memory. */
static bool refresh_own(struct scrapes *scrapes, struct self_metrics *self, bool head)
{
    int64_t now_ms = clock_monotonic_ms();
    bool some = scrapes->own[RENDER_TEXT].texts[OWN_GAP_PROCESS] && scrapes->own[RENDER_TEXT].texts[OWN_GAP_PROMHTTP];
    if (now_ms - scrapes->fresh_since_ms >= SCRAPES_FRESH_MS) {
        scrapes->fresh_since_ms = now_ms;
        scrapes->fresh = 0;
    }
    if (some && (head || scrapes->fresh >= SCRAPES_FRESH))
        return true;
    struct buffer process = {.max_bytes = SELF_METRICS_MAX_BYTES};
    struct buffer answers = {.max_bytes = SELF_METRICS_MAX_BYTES};
    scrapes->fresh++;
    forget(scrapes);
    release_own(scrapes);
    self_metrics_render_process(self, &process);
    self_metrics_render_answers(self, &answers);
    bool good = take_own(scrapes, OWN_GAP_PROCESS, &process);
    return take_own(scrapes, OWN_GAP_PROMHTTP, &answers) && good;
}

static void pack_small(const struct pieces *body)
{
    size_t left = PACK_AT_ONCE_BYTES;
    for (size_t i = 0; i < body->count; i++) {
        struct piece *piece = body->items[i];
        if (piece->packed || piece->size > left)
            continue;
        left -= piece->size;
        piece_pack(piece);
    }
}

static bool make_answer(struct scrapes *scrapes, struct negotiated negotiated, bool gzip,
                        const struct page_filter *filter, struct http_answer *answer)
{
    const struct page_own *own = &scrapes->own[negotiated.format];
    struct pieces body = {0};
    bool good = filter ? page_filtered(scrapes->page, negotiated.format, own, filter, &body)
                       : page_body(scrapes->page, negotiated.format, own, &body);
    if (!good) {
        pieces_free(&body);
        return false;
    }
    if (gzip)
        pack_small(&body);
    if (!body_answer(answer, &body, gzip))
        return false;
    answer->content_type = negotiated_content_type(negotiated);
    http_answer_add_header(answer, "Vary", "Accept, Accept-Encoding");
    if (gzip)
        http_answer_add_header(answer, "Content-Encoding", "gzip");
    return true;
}

static void note_gzip(struct scrapes *scrapes, enum render_format format)
{
    scrapes->gzip_asked[format] = true;
    scrapes->gzip_asked_ms[format] = clock_monotonic_ms();
}

void scrapes_answer(struct scrapes *scrapes, struct self_metrics *self, const struct http_request *request,
                    const struct page_filter *filter, struct http_answer *answer)
{
    struct negotiated negotiated = negotiate_format(request->accept);
    bool gzip = negotiate_gzip(request->accept_encoding);
    if (!scrapes->page) {
        self->answers_refused++;
        http_answer_text(answer, 503, no_page);
        return;
    }
    bool good = refresh_own(scrapes, self, request->head);
    struct MHD_Response **ready = &scrapes->ready[negotiated.format][gzip][negotiated.escaping];
    size_t *ready_bytes = &scrapes->ready_bytes[negotiated.format][gzip][negotiated.escaping];
    if (gzip)
        note_gzip(scrapes, negotiated.format);
    if (good && (filter || !*ready))
        good = make_answer(scrapes, negotiated, gzip, filter, answer);
    if (good && !filter && !*ready) {
        *ready_bytes = http_answer_bytes(answer);
        good = (*ready = http_prepare(answer)) != NULL;
    }
    if (!good) {
        self->answers_failed++;
        self->errors[SELF_ERROR_ENCODING]++;
        *answer = (struct http_answer){0};
        http_answer_text(answer, 500, no_memory);
        return;
    }
    self->answers_ok++;
    answer->status = 200;
    answer->prepared = filter ? NULL : *ready;
    answer->prepared_bytes = *ready_bytes;
}

bool scrapes_pack(struct scrapes *scrapes, int64_t now_ms)
{
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT && scrapes->page; i++) {
        const struct chain *chain = &scrapes->page->families->chains[i];
        if (!scrapes->gzip_asked[i] || now_ms - scrapes->gzip_asked_ms[i] > SCRAPES_PACK_MS)
            continue;
        while (scrapes->packed_links[i] < chain->link_count) {
            struct piece *text = chain->links[scrapes->packed_links[i]++].text;
            if (text->packed)
                continue;
            scrapes->packed_some = piece_pack(text) || scrapes->packed_some;
            return true;
        }
    }
    if (scrapes->packed_some)
        forget(scrapes); /* they still have what was not packed then */
    scrapes->packed_some = false;
    return false;
}
