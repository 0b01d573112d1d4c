/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a data pipe, all the way to the page. The same stream is fed at once and in pieces of a size that
 * its first byte chooses: both must end alike, and whatever came, the page must be lines of a valid form.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "front/intake.h"
#include "front/page.h"
#include "front/status_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void be_silent(enum log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

static const struct page_build build = {"1.0.0", "abc"};
static const struct moment now = {1000000, 1700000000000};

/* What is left after a stream. */
struct outcome {
    struct store store;
    struct page *page;
    struct piece *families[RENDER_FORMAT_COUNT]; /* of the page, in a row */
    bool faulty;
    bool at_rest;
    struct reader_fault fault;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct piece *in_a_row(const struct chain *chain)
{
    struct buffer out = {0};
    for (size_t i = 0; i < chain->link_count; i++)
        buffer_put(&out, chain->links[i].text->bytes, chain->links[i].text->size);
    return piece_of(&out);
}

static void run(struct outcome *outcome, const uint8_t *data, size_t size, size_t piece_bytes)
{
    struct control_slot identity = {.slot = 3, .generation = 1, .interval_ms = 1000, .stale_after_ms = 3000, .samples_max = SAMPLES_MAX, .bytes_max = ROUND_MAX_BYTES};
    memcpy(identity.collector, "kpi", sizeof "kpi");
    memcpy(identity.target, "mattermost", sizeof "mattermost");
    *outcome = (struct outcome){0};
    require(store_set_slot(&outcome->store, &identity, now));
    struct intake *intake = intake_new(&outcome->store, 3, 1, -1);
    require(intake != NULL);
    for (size_t taken = 0; taken < size; taken += piece_bytes) {
        size_t piece = size - taken < piece_bytes ? size - taken : piece_bytes;
        if (intake_feed(intake, data + taken, piece, now) != INTAKE_OPEN)
            break;
    }
    outcome->faulty = intake->reader.faulty;
    outcome->fault = intake->reader.fault;
    outcome->at_rest = reader_at_rest(&intake->reader);
    intake_free(intake);
    outcome->page = page_compose(&outcome->store, NULL, &build);
    require(outcome->page != NULL);
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        require((outcome->families[i] = in_a_row(&outcome->page->families->chains[i])) != NULL);
}

static void require_same_text(const struct piece *a, const struct piece *b)
{
    require(a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0));
}

static void require_same(const struct outcome *a, const struct outcome *b)
{
    require(a->faulty == b->faulty && a->at_rest == b->at_rest);
    if (a->faulty)
        require(a->fault.offset == b->fault.offset && strcmp(a->fault.reason, b->fault.reason) == 0);
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++) {
        require_same_text(a->families[i], b->families[i]);
        require_same_text(a->page->collectors[i], b->page->collectors[i]);
    }
}

/* Each line is a comment of ours or begins with a name; all is UTF-8; the last line is whole. */
static void require_valid(const struct piece *text)
{
    require(text_is_utf8(text->bytes, text->size));
    const char *line = text->bytes;
    for (size_t left = text->size; left > 0;) {
        const char *feed = memchr(line, '\n', left);
        require(feed != NULL);
        size_t size = (size_t)(feed - line);
        bool comment = size > 7 && (memcmp(line, "# HELP ", 7) == 0 || memcmp(line, "# TYPE ", 7) == 0 || memcmp(line, "# UNIT ", 7) == 0);
        size_t name = 0;
        while (name < size && line[name] != ' ' && line[name] != '{')
            name++;
        require(comment || (name < size && text_is_metric_name(line, name)));
        left -= size + 1;
        line = feed + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole;
    static struct outcome pieces;
    struct buffer html = {0};
    if (size == 0)
        return 0;
    log_set_sink(be_silent, NULL);
    run(&whole, data + 1, size - 1, size);
    run(&pieces, data + 1, size - 1, (size_t)data[0] % 97 + 1);
    require_same(&whole, &pieces);
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++) {
        require_valid(whole.families[i]);
        require_valid(whole.page->collectors[i]);
        piece_release(whole.families[i]);
        piece_release(pieces.families[i]);
    }
    status_page_render(&html, &whole.store, &build, now);
    require(text_is_utf8(html.bytes, html.size));
    buffer_free(&html);
    page_release(whole.page);
    page_release(pieces.page);
    store_free(&whole.store);
    store_free(&pieces.store);
    return 0;
}
