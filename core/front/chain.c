/* SPDX-License-Identifier: Apache-2.0 */
#include "front/chain.h"

#include <stdlib.h>
#include <string.h>

/* Smaller pieces are copied into a link with their neighbours; larger ones are shared as they are. */
#define SMALL_BYTES 4096
/* One name in so many begins a new link. */
#define LINK_NAMES 8

struct making {
    struct families *families;
    const struct families *before;
    const struct chain *old; /* NULL: none */
    size_t old_link;         /* those before it have earlier names */
    struct chain *chain;
    size_t capacity; /* of links */
};

void chain_free(struct chain *chain)
{
    for (size_t i = 0; i < chain->link_count; i++)
        piece_release(chain->links[i].text);
    free(chain->links);
    free(chain->items);
    *chain = (struct chain){0};
}

static int compare_parts(const struct part *a, const struct part *b)
{
    size_t a_size;
    size_t b_size;
    const char *a_name = part_name(a, &a_size);
    const char *b_name = part_name(b, &b_size);
    int order = memcmp(a_name, b_name, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* The same link of the page before, or NULL. Links are asked for in the order of their names. */
static struct piece *find_old(struct making *making, const struct link *link)
{
    const struct chain *old = making->old;
    if (!old)
        return NULL;
    const struct part *part = &making->families->parts[link->part];
    while (making->old_link < old->link_count &&
           compare_parts(&making->before->parts[old->links[making->old_link].part], part) < 0)
        making->old_link++;
    /* A large family has several links; they are few. */
    for (size_t i = making->old_link; i < old->link_count; i++) {
        const struct link *other = &old->links[i];
        if (other->count == link->count && memcmp(old->items + other->first, making->chain->items + link->first,
                                                  link->count * sizeof *old->items) == 0)
            return piece_hold(other->text);
        if (compare_parts(&making->before->parts[other->part], part) > 0)
            break;
    }
    return NULL;
}

static struct piece *put_together(const struct chain *chain, const struct link *link)
{
    struct buffer out = {0};
    for (size_t i = 0; i < link->count; i++)
        buffer_put(&out, chain->items[link->first + i]->bytes, chain->items[link->first + i]->size);
    return piece_of(&out);
}

/* Ends the link that began with that item and part. False: no memory. */
static bool end_link(struct making *making, size_t first, size_t part)
{
    struct chain *chain = making->chain;
    struct link link = {.part = part, .first = first, .count = chain->item_count - first};
    if (link.count == 0)
        return true;
    if (chain->link_count == making->capacity) {
        size_t capacity = making->capacity ? 2 * making->capacity : 16;
        struct link *links = realloc(chain->links, capacity * sizeof *links);
        if (!links)
            return false;
        chain->links = links;
        making->capacity = capacity;
    }
    if (link.count == 1)
        link.text = piece_hold(chain->items[first]);
    else
        link.text = find_old(making, &link);
    if (!link.text)
        link.text = put_together(chain, &link);
    if (!link.text)
        return false;
    chain->links[chain->link_count++] = link;
    return true;
}

static bool begins_link(const struct part *part)
{
    size_t size;
    const char *name = part_name(part, &size);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return part->first && (hash >> 16) % LINK_NAMES == 0;
}

/* Room for all items. False: no memory. */
static bool make_items(struct making *making)
{
    size_t count = 1;
    for (size_t i = 0; i < making->families->part_count; i++)
        count += 1 + making->families->parts[i].lines.count;
    making->chain->items = calloc(count, sizeof(struct piece *));
    return making->chain->items != NULL;
}

/* Adds a piece; a large one is a link of its own. `first` and `part` are those of the link under way. */
static bool add_item(struct making *making, struct piece *piece, size_t number, size_t *first, size_t *part)
{
    struct chain *chain = making->chain;
    bool large = piece->size >= SMALL_BYTES;
    if (large && !end_link(making, *first, *part))
        return false;
    if (large)
        *first = chain->item_count;
    if (*first == chain->item_count)
        *part = number;
    chain->items[chain->item_count++] = piece;
    if (large) {
        if (!end_link(making, *first, *part))
            return false;
        *first = chain->item_count;
    }
    return true;
}

bool chain_compose(struct families *families, enum render_format format, const struct families *before)
{
    struct making making = {
        .families = families,
        .before = before,
        .old = before ? &before->chains[format] : NULL,
        .chain = &families->chains[format],
    };
    struct chain *chain = making.chain;
    size_t first = 0;
    size_t begin = 0;
    size_t gap = 0;
    if (!make_items(&making))
        return false;
    for (size_t i = 0; i < families->part_count; i++) {
        const struct part *part = &families->parts[i];
        if ((gap < OWN_GAP_COUNT && families->gaps[gap] == i) || begins_link(part)) {
            if (!end_link(&making, first, begin))
                return false;
            first = chain->item_count;
        }
        for (; gap < OWN_GAP_COUNT && families->gaps[gap] == i; gap++)
            chain->gaps[gap] = chain->link_count;
        if (part->first && !add_item(&making, part->heads[format], i, &first, &begin))
            return false;
        for (size_t k = 0; k < part->lines.count; k++)
            if (!add_item(&making, part->lines.items[k], i, &first, &begin))
                return false;
    }
    if (!end_link(&making, first, begin))
        return false;
    for (; gap < OWN_GAP_COUNT; gap++)
        chain->gaps[gap] = chain->link_count;
    return true;
}
