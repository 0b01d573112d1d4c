/* SPDX-License-Identifier: Apache-2.0 */
#include "front/page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "front/collector_metrics.h"
#include "front/render.h"

static const char *const gap_prefixes[PAGE_GAP_COUNT] = {
    [PAGE_GAP_MINOTOR] = "minotor_",
    [PAGE_GAP_PROCESS] = "process_",
    [PAGE_GAP_PROMHTTP] = "promhttp_",
};

/* One family of one slot, on its way to the page. */
struct contribution {
    struct slot *slot;
    struct slot_family *family;
};

static void text_release(struct page_text *text)
{
    if (!text || --text->references > 0)
        return;
    free(text->bytes);
    free(text);
}

/* Takes the buffer's memory. NULL: the buffer has failed or there is no memory. */
static struct page_text *text_of(struct buffer *buffer)
{
    struct page_text *text = buffer->failed ? NULL : calloc(1, sizeof *text);
    if (text) {
        text->references = 1;
        text->bytes = buffer_take(buffer, &text->size);
    }
    buffer_free(buffer);
    return text;
}

struct page *page_hold(struct page *page)
{
    page->references++;
    return page;
}

void page_release(struct page *page)
{
    if (!page || --page->references > 0)
        return;
    text_release(page->families);
    text_release(page->collectors);
    free(page);
}

/* By name; of the same name the lower slot comes first, so that a conflict is always decided the same way. */
static int compare_contributions(const void *left, const void *right)
{
    const struct contribution *a = left;
    const struct contribution *b = right;
    int order = strcmp(a->family->name, b->family->name);
    if (order == 0)
        order = (a->slot->identity.slot > b->slot->identity.slot) -
                (a->slot->identity.slot < b->slot->identity.slot);
    return order;
}

/* All families that have samples, sorted. NULL: no memory. The caller frees it. */
static struct contribution *list_contributions(struct store *store, size_t *count)
{
    size_t total = 0;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        total += store->slots[i].family_count;
    struct contribution *list = calloc(total + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list && i < SLOTS_MAX; i++) {
        struct slot *slot = &store->slots[i];
        for (size_t k = 0; k < slot->family_count; k++)
            if (slot->families[k].block.samples > 0)
                list[(*count)++] = (struct contribution){slot, &slot->families[k]};
    }
    if (list && *count > 0)
        qsort(list, *count, sizeof *list, compare_contributions);
    return list;
}

/* Counts what the page leaves out, once for each round's block. */
static void reject(const struct contribution *item, enum reject_reason reason, unsigned samples)
{
    if (!item->family->block.judged)
        item->slot->rejected[reason] += samples;
}

/* Writes  name{target="...",  or name{  or  name  as it goes before a line of this slot's family. */
static void put_prefix(struct buffer *out, const struct contribution *item, bool with_target)
{
    bool labelled = item->family->label_names[0] != '\0';
    buffer_put_string(out, item->family->name);
    if (with_target || labelled)
        buffer_put_char(out, '{');
    if (with_target) {
        render_label(out, "target", item->slot->identity.target);
        buffer_put_char(out, labelled ? ',' : '}');
    }
}

/* The part of a line that makes it a series: its labels, up to the last brace. */
static size_t series_bytes(const char *line, size_t size)
{
    const char *brace = memrchr(line, '}', size);
    return brace ? (size_t)(brace - line) : 0;
}

/*
 * Writes the lines of one contribution. `seen` is NULL when no other slot has the family; else it has the
 * series that are already written. False: no memory.
 */
static bool put_lines(struct buffer *out, const struct contribution *item, bool with_target,
                      struct series_set *seen, uint64_t target)
{
    const struct block *block = &item->family->block;
    struct buffer prefix = {0};
    unsigned duplicates = 0;
    put_prefix(&prefix, item, with_target);
    buffer_reserve(out, block->size + block->samples * prefix.size);
    const char *line = block->lines;
    for (size_t left = block->size; left > 0 && !out->failed && !prefix.failed;) {
        const char *feed = memchr(line, '\n', left);
        assert(feed);
        size_t size = (size_t)(feed - line) + 1;
        enum series_result result = SERIES_NEW;
        if (seen)
            result = series_set_add(seen, target, line, series_bytes(line, size));
        if (result == SERIES_NO_MEMORY)
            out->failed = true;
        duplicates += result == SERIES_DUPLICATE;
        if (result == SERIES_NEW) {
            buffer_put(out, prefix.bytes, prefix.size);
            buffer_put(out, line, size);
        }
        line += size;
        left -= size;
    }
    reject(item, REJECT_DUPLICATE, duplicates);
    out->failed = out->failed || prefix.failed; /* else the page would have a family without its lines */
    buffer_free(&prefix);
    return !out->failed;
}

/* The first slot that has this one's target stands for it. */
static uint64_t target_number(const struct store *store, const struct slot *slot)
{
    uint64_t number = 0;
    while (!store->slots[number].used ||
           strcmp(store->slots[number].identity.target, slot->identity.target) != 0)
        number++;
    return number;
}

/* Writes one family, to which `count` slots contribute. */
static void put_family(struct buffer *out, const struct store *store, const struct contribution *items,
                       size_t count, struct series_set *seen)
{
    const struct slot_family *first = items[0].family;
    bool with_target = store->target_count > 1;
    buffer_put_string(out, first->head);
    series_set_clear(seen);
    for (size_t i = 0; i < count; i++) {
        const struct slot_family *family = items[i].family;
        uint64_t target = with_target ? target_number(store, items[i].slot) : 0;
        if (strcmp(family->head, first->head) != 0 || strcmp(family->label_names, first->label_names) != 0)
            reject(&items[i], REJECT_CONFLICT, family->block.samples);
        else if (!put_lines(out, &items[i], with_target, count > 1 ? seen : NULL, target))
            return;
    }
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < PAGE_GAP_COUNT; i++)
        if (strncmp(name, gap_prefixes[i], strlen(gap_prefixes[i])) == 0)
            return true;
    return false;
}

/* Notes the gaps that lie before `name`, or all that are left when it is NULL. Returns the next gap. */
static size_t pass_gaps(struct page *page, size_t gap, const char *name, size_t offset)
{
    while (gap < PAGE_GAP_COUNT && (!name || strcmp(name, gap_prefixes[gap]) > 0))
        page->gaps[gap++] = offset;
    return gap;
}

/* Makes the text of the families and finds the gaps. NULL: no memory. */
static struct page_text *compose_families(struct store *store, struct page *page)
{
    struct buffer out = {0};
    struct series_set seen = {0};
    size_t count = 0;
    size_t gap = 0;
    struct contribution *list = list_contributions(store, &count);
    if (!list)
        return NULL;
    for (size_t i = 0, next = 0; i < count; i = next) {
        const char *name = list[i].family->name;
        for (next = i + 1; next < count && strcmp(list[next].family->name, name) == 0;)
            next++;
        gap = pass_gaps(page, gap, name, out.size);
        if (!is_reserved(name)) {
            put_family(&out, store, list + i, next - i, &seen);
            continue;
        }
        for (size_t k = i; k < next; k++)
            reject(&list[k], REJECT_RESERVED, list[k].family->block.samples);
    }
    pass_gaps(page, gap, NULL, out.size);
    for (size_t i = 0; i < count && !out.failed; i++)
        list[i].family->block.judged = true;
    free(list);
    series_set_free(&seen);
    return text_of(&out);
}

static struct page_text *compose_collectors(const struct store *store, const struct page_build *build)
{
    struct buffer out = {0};
    collector_metrics_render(&out, store, build);
    return text_of(&out);
}

static struct page_text *text_hold(struct page_text *text)
{
    text->references++;
    return text;
}

struct page *page_compose(struct store *store, const struct page *before, const struct page_build *build)
{
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->references = 1;
    if (before && !store->families_changed) {
        page->families = text_hold(before->families);
        memcpy(page->gaps, before->gaps, sizeof page->gaps);
    } else {
        page->families = compose_families(store, page);
        store->collectors_changed = true; /* composing counts rejected samples */
    }
    if (before && !store->collectors_changed)
        page->collectors = text_hold(before->collectors);
    else
        page->collectors = compose_collectors(store, build);
    if (!page->families || !page->collectors) {
        page_release(page);
        return NULL;
    }
    store->families_changed = store->collectors_changed = false;
    return page;
}
