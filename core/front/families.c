/* SPDX-License-Identifier: Apache-2.0 */
#include "front/families.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/chain.h"

static const char *const gap_prefixes[OWN_GAP_COUNT] = {
    [OWN_GAP_MINOTOR] = "minotor_",
    [OWN_GAP_PROCESS] = "process_",
    [OWN_GAP_PROMHTTP] = "promhttp_",
};

/* One family of one slot, on its way to the page. */
struct contribution {
    struct slot *slot;
    struct slot_family *family;
};

struct families *families_hold(struct families *families)
{
    families->references++;
    return families;
}

void families_release(struct families *families)
{
    if (!families || --families->references > 0)
        return;
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT; i++)
        chain_free(&families->chains[i]);
    for (size_t i = 0; i < families->part_count; i++) {
        for (unsigned k = 0; k < RENDER_FORMAT_COUNT; k++)
            piece_release(families->parts[i].heads[k]);
        pieces_free(&families->parts[i].lines);
    }
    free(families->parts);
    free(families);
}

const char *part_name(const struct part *part, size_t *size)
{
    const char *name = part->heads[RENDER_TEXT]->bytes + sizeof "# HELP " - 1;
    *size = strcspn(name, " ");
    return name;
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

/* The part of a line that makes it a series: all up to the value. */
static size_t series_bytes(const char *line, size_t size)
{
    const char *space = memrchr(line, ' ', size);
    return space ? (size_t)(space - line) : 0;
}

/* Copies the lines of a piece whose series are new. False: no memory. */
static bool copy_new_lines(struct buffer *out, const struct piece *piece, struct series_set *seen, unsigned *duplicates)
{
    for (size_t offset = 0; offset < piece->size && !out->failed;) {
        const char *line = piece->bytes + offset;
        const char *feed = memchr(line, '\n', piece->size - offset);
        assert(feed);
        size_t size = (size_t)(feed - line) + 1;
        switch (series_set_add(seen, 0, line, series_bytes(line, size))) {
        case SERIES_NEW:
            buffer_put(out, line, size);
            break;
        case SERIES_DUPLICATE:
            ++*duplicates;
            break;
        case SERIES_NO_MEMORY:
            out->failed = true;
            break;
        }
        offset += size;
    }
    return !out->failed;
}

/* The lines that no slot before it has. False: no memory. */
static bool add_new_lines(struct part *part, const struct contribution *item, struct series_set *seen)
{
    const struct pieces *lines = &item->family->block.lines;
    unsigned duplicates = 0;
    for (size_t i = 0; i < lines->count; i++) {
        struct buffer out = {0};
        if (!copy_new_lines(&out, lines->items[i], seen, &duplicates)) {
            buffer_free(&out);
            return false;
        }
        if (out.size == lines->items[i]->size) {
            buffer_free(&out);
            if (!pieces_add(&part->lines, piece_hold(lines->items[i])))
                return false;
        } else if (out.size > 0 && !pieces_add(&part->lines, piece_of(&out))) {
            return false;
        }
        buffer_free(&out);
    }
    reject(item, REJECT_DUPLICATE, duplicates);
    return true;
}

static bool add_lines(struct part *part, const struct contribution *item)
{
    const struct pieces *lines = &item->family->block.lines;
    for (size_t i = 0; i < lines->count; i++)
        if (!pieces_add(&part->lines, piece_hold(lines->items[i])))
            return false;
    return true;
}

/* Series of different targets cannot clash: they have a label that differs. */
static bool may_clash(const struct contribution *items, size_t count, size_t which)
{
    for (size_t i = 0; i < count; i++)
        if (i != which && strcmp(items[i].slot->identity.target, items[which].slot->identity.target) == 0)
            return true;
    return false;
}

/* One family, to which `count` slots contribute. False: no memory. */
static bool add_family(struct families *families, const struct store *store, const struct contribution *items,
                       size_t count, struct series_set *seen)
{
    const struct slot_family *first = items[0].family;
    series_set_clear(seen);
    for (size_t i = 0; i < count; i++) {
        struct slot_family *family = items[i].family;
        const char *target = store_target_label(store, items[i].slot);
        if (strcmp(family->head, first->head) != 0 || strcmp(family->label_names, first->label_names) != 0) {
            reject(&items[i], REJECT_CONFLICT, family->block.samples);
            continue;
        }
        if (family->block.with_target != (target != NULL) && !block_retarget(&family->block, target))
            return false;
        struct part *part = &families->parts[families->part_count++];
        snprintf(part->collector, sizeof part->collector, "%s", items[i].slot->identity.collector);
        snprintf(part->target, sizeof part->target, "%s", items[i].slot->identity.target);
        for (unsigned k = 0; k < RENDER_FORMAT_COUNT; k++)
            part->heads[k] = piece_hold(family->heads[k]);
        part->first = i == 0;
        if (!(may_clash(items, count, i) ? add_new_lines(part, &items[i], seen) : add_lines(part, &items[i])))
            return false;
    }
    return true;
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < OWN_GAP_COUNT; i++)
        if (strncmp(name, gap_prefixes[i], strlen(gap_prefixes[i])) == 0)
            return true;
    return false;
}

/* Notes the gaps that lie before `name`, or all that are left when it is NULL. Returns the next gap. */
static size_t pass_gaps(struct families *families, size_t gap, const char *name)
{
    while (gap < OWN_GAP_COUNT && (!name || strcmp(name, gap_prefixes[gap]) > 0))
        families->gaps[gap++] = families->part_count;
    return gap;
}

/* Makes the parts and finds the gaps between them. False: no memory. */
static bool make_parts(struct families *families, const struct store *store, struct contribution *list, size_t count)
{
    struct series_set seen = {0};
    size_t gap = 0;
    bool good = true;
    for (size_t i = 0, next = 0; i < count && good; i = next) {
        const char *name = list[i].family->name;
        for (next = i + 1; next < count && strcmp(list[next].family->name, name) == 0;)
            next++;
        gap = pass_gaps(families, gap, name);
        if (!is_reserved(name)) {
            good = add_family(families, store, list + i, next - i, &seen);
            continue;
        }
        for (size_t k = i; k < next; k++)
            reject(&list[k], REJECT_RESERVED, list[k].family->block.samples);
    }
    pass_gaps(families, gap, NULL);
    for (size_t i = 0; i < count && good; i++)
        list[i].family->block.judged = true;
    series_set_free(&seen);
    return good;
}

struct families *families_compose(struct store *store, const struct families *before)
{
    size_t count = 0;
    struct contribution *list = list_contributions(store, &count);
    struct families *families = calloc(1, sizeof *families);
    bool good = list && families;
    if (families) {
        families->references = 1;
        families->parts = calloc(count + 1, sizeof *families->parts);
        good = good && families->parts && make_parts(families, store, list, count);
    }
    for (unsigned i = 0; i < RENDER_FORMAT_COUNT && good; i++)
        good = chain_compose(families, (enum render_format)i, before);
    free(list);
    if (!good) {
        families_release(families);
        return NULL;
    }
    return families;
}
