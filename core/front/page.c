/* SPDX-License-Identifier: Apache-2.0 */
#include "front/page.h"

#include <stdlib.h>
#include <string.h>

#include "front/collector_metrics.h"

struct page *page_hold(struct page *page)
{
    page->references++;
    return page;
}

void page_release(struct page *page)
{
    if (!page || --page->references > 0)
        return;
    families_release(page->families);
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        piece_release(page->collectors[i]);
    free(page);
}

static void compose_collectors(struct page *page, const struct store *store, const struct page_build *build)
{
    struct buffer text = {0};
    struct buffer openmetrics = {0};
    collector_metrics_render(&text, store, build);
    if (!text.failed)
        render_openmetrics_of(&openmetrics, text.bytes, text.size);
    page->collectors[RENDER_TEXT] = piece_of(&text);
    page->collectors[RENDER_OPENMETRICS] = piece_of(&openmetrics);
}

struct page *page_compose(struct store *store, const struct page *before, const struct page_build *build)
{
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->references = 1;
    if (before && !store->families_changed) {
        page->families = families_hold(before->families);
    } else {
        page->families = families_compose(store, before ? before->families : NULL);
        store->collectors_changed = true; /* composing counts rejected samples */
    }
    if (before && !store->collectors_changed)
        for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
            page->collectors[i] = piece_hold(before->collectors[i]);
    else
        compose_collectors(page, store, build);
    if (!page->families || !page->collectors[RENDER_TEXT] || !page->collectors[RENDER_OPENMETRICS]) {
        page_release(page);
        return NULL;
    }
    store->families_changed = store->collectors_changed = false;
    return page;
}

static struct piece *own_text(const struct page *page, enum render_format format, const struct page_own *own,
                              unsigned gap)
{
    return gap == OWN_GAP_MINOTOR ? page->collectors[format] : own->texts[gap];
}

static bool add_end(enum render_format format, struct pieces *body)
{
    struct buffer out = {0};
    if (format != RENDER_OPENMETRICS)
        return true;
    buffer_put_string(&out, render_end);
    return pieces_add(body, piece_of(&out));
}

bool page_body(const struct page *page, enum render_format format, const struct page_own *own, struct pieces *body)
{
    const struct chain *chain = &page->families->chains[format];
    size_t link = 0;
    for (unsigned gap = 0; gap <= OWN_GAP_COUNT; gap++) {
        size_t until = gap < OWN_GAP_COUNT ? chain->gaps[gap] : chain->link_count;
        for (; link < until; link++)
            if (!pieces_add(body, piece_hold(chain->links[link].text)))
                return false;
        if (gap < OWN_GAP_COUNT && !pieces_add(body, piece_hold(own_text(page, format, own, gap))))
            return false;
    }
    return add_end(format, body);
}

/* Whether a family, as a head in either format names it, is wanted. */
static bool wants_name(const struct page_filter *filter, const char *name, size_t size)
{
    return !filter->wants_family || filter->wants_family(filter->context, name, size);
}

/* Our own families are no collector's: only names choose among them. A family begins with its first line of #. */
static bool add_own(const struct piece *text, const struct page_filter *filter, struct pieces *body)
{
    struct buffer out = {0};
    const char *end = text->bytes + text->size;
    bool wanted = false;
    bool in_head = false;
    for (const char *line = text->bytes; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if (*line == '#' && !in_head) {
            const char *name = line + sizeof "# HELP " - 1;
            wanted = wants_name(filter, name, strcspn(name, " \n"));
        }
        in_head = *line == '#';
        if (wanted)
            buffer_put(&out, line, (size_t)(next - line));
        line = next;
    }
    return pieces_add(body, piece_of(&out));
}

/* `headed`: the family's head stands there already. */
static bool add_part(const struct part *part, enum render_format format, const struct page_filter *filter,
                     bool *headed, struct pieces *body)
{
    size_t size;
    const char *name = part_name(part, &size);
    if (part->first)
        *headed = false;
    if (part->lines.count == 0 || !wants_name(filter, name, size) ||
        (filter->wants_slot && !filter->wants_slot(filter->context, part->collector, part->target)))
        return true;
    if (!*headed && !pieces_add(body, piece_hold(part->heads[format])))
        return false;
    *headed = true;
    for (size_t i = 0; i < part->lines.count; i++)
        if (!pieces_add(body, piece_hold(part->lines.items[i])))
            return false;
    return true;
}

bool page_filtered(const struct page *page, enum render_format format, const struct page_own *own,
                   const struct page_filter *filter, struct pieces *body)
{
    const struct families *families = page->families;
    bool headed = false;
    size_t part = 0;
    for (unsigned gap = 0; gap <= OWN_GAP_COUNT; gap++) {
        size_t until = gap < OWN_GAP_COUNT ? families->gaps[gap] : families->part_count;
        for (; part < until; part++)
            if (!add_part(&families->parts[part], format, filter, &headed, body))
                return false;
        if (gap < OWN_GAP_COUNT && !add_own(own_text(page, format, own, gap), filter, body))
            return false;
    }
    return add_end(format, body);
}
