/* SPDX-License-Identifier: Apache-2.0 */
#include "front/staging.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/render.h"

void block_free(struct block *block)
{
    pieces_free(&block->lines);
    *block = (struct block){0};
}

/* Where a line's labels begin, or its value: after the name. */
static size_t name_bytes(const char *line)
{
    return strcspn(line, "{ ");
}

/* Copies one line: without its first label, which is the target, if it `had` one; with another if one is given. */
static void put_line(struct buffer *out, const char *line, size_t size, bool had, const char *target)
{
    size_t name = name_bytes(line);
    const char *rest = line + name;
    bool more = *rest == '{';
    if (more && had) {
        rest += strcspn(rest, ",}"); /* the names of targets hold neither */
        more = *rest == ',';
        rest += 1;
    } else if (more) {
        rest += 1;
    }
    buffer_put(out, line, name);
    if (target || more)
        buffer_put_char(out, '{');
    if (target) {
        render_label(out, "target", target);
        buffer_put_char(out, more ? ',' : '}');
    }
    buffer_put(out, rest, size - (size_t)(rest - line));
}

bool block_retarget(struct block *block, const char *target)
{
    struct pieces lines = {0};
    for (size_t i = 0; i < block->lines.count; i++) {
        const struct piece *piece = block->lines.items[i];
        struct buffer out = {0};
        for (size_t offset = 0; offset < piece->size;) {
            const char *line = piece->bytes + offset;
            const char *feed = memchr(line, '\n', piece->size - offset);
            assert(feed);
            size_t size = (size_t)(feed - line) + 1;
            put_line(&out, line, size, block->with_target, target);
            offset += size;
        }
        if (!pieces_add(&lines, piece_of(&out))) {
            pieces_free(&lines);
            return false;
        }
    }
    pieces_free(&block->lines);
    block->lines = lines;
    block->size = pieces_size(&lines);
    block->with_target = target != NULL;
    return true;
}

void staging_set_target(struct staging *staging, const char *target)
{
    snprintf(staging->target, sizeof staging->target, "%s", target ? target : "");
}

/* name{target="t",a="b",c="d"}  The values were bounded by the reader. Returns where the labels' text begins. */
static size_t render_series(struct buffer *out, const struct staging *staging, const struct reader_point *point)
{
    const struct family *family = point->family;
    bool with_target = staging->target[0] != '\0';
    buffer_put_string(out, family->name);
    size_t labels = out->size;
    if (with_target || family->label_count > 0)
        buffer_put_char(out, '{');
    if (with_target)
        render_label(out, "target", staging->target);
    for (unsigned i = 0; i < family->label_count; i++) {
        if (i > 0 || with_target)
            buffer_put_char(out, ',');
        buffer_put_string(out, family->labels[i]);
        buffer_put(out, "=\"", 2);
        render_label_value(out, point->labels[i].bytes, point->labels[i].size);
        buffer_put_char(out, '"');
    }
    if (with_target || family->label_count > 0)
        buffer_put_char(out, '}');
    return labels;
}

/* A worker keeps its limits itself; this is for one whose plugin writes frames of its own. */
static const char *refusal(const struct staging *staging)
{
    static char reason[96];
    if (staging->count > staging->samples_max)
        snprintf(reason, sizeof reason, "too many samples in a round: limits.samples is %zu", staging->samples_max);
    else if (staging->bytes > staging->bytes_max)
        snprintf(reason, sizeof reason, "too many bytes in a round: limits.bytes is %zu KiB", staging->bytes_max / 1024);
    else
        return NULL;
    return reason;
}

const char *staging_add(struct staging *staging, const struct reader_point *point)
{
    struct staging_family *family = &staging->families[point->id];
    struct buffer *out = &family->open;
    size_t before = out->size;
    if (staging->family_count <= point->id)
        staging->family_count = point->id + 1;
    if (!buffer_reserve(out, 64)) /* then there are bytes, also for a series without labels */
        return "no memory for a sample";
    size_t labels = render_series(out, staging, point);
    if (out->failed)
        return "no memory for a sample";
    switch (series_set_add(&staging->series, point->id, out->bytes + labels, out->size - labels)) {
    case SERIES_DUPLICATE:
        return "the same series twice in a round";
    case SERIES_NO_MEMORY:
        return "no memory for a sample";
    case SERIES_NEW:
        break;
    }
    buffer_put_char(out, ' ');
    if (point->kind == FRAME_VALUE_U64)
        render_u64(out, point->u64);
    else
        render_f64(out, point->f64);
    buffer_put_char(out, '\n');
    if (out->failed)
        return "no memory for a sample";
    family->samples++;
    staging->bytes += out->size - before;
    staging->count++;
    if (out->size >= PIECE_BYTES && !pieces_add(&family->closed, piece_of(out)))
        return "no memory for a sample";
    return refusal(staging);
}

bool staging_seal(struct staging *staging, unsigned id, struct block *block)
{
    struct staging_family *family = &staging->families[id];
    if (family->open.size > 0 && !pieces_add(&family->closed, piece_of(&family->open)))
        return false;
    *block = (struct block){
        .lines = family->closed,
        .size = pieces_size(&family->closed),
        .samples = family->samples,
        .with_target = staging->target[0] != '\0',
    };
    *family = (struct staging_family){0};
    return true;
}

void staging_clear(struct staging *staging)
{
    for (size_t i = 0; i < staging->family_count; i++) {
        buffer_free(&staging->families[i].open);
        pieces_free(&staging->families[i].closed);
        staging->families[i].samples = 0;
    }
    staging->family_count = 0;
    staging->bytes = 0;
    staging->count = 0;
    series_set_clear(&staging->series);
}

void staging_free(struct staging *staging)
{
    staging_clear(staging);
    series_set_free(&staging->series);
}
