/* SPDX-License-Identifier: Apache-2.0 */
#include "front/staging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/render.h"

/* What the page adds to a line besides the family's name: {target="..."} with its comma. */
#define TARGET_LABEL_BYTES (sizeof "{target=\"\"," + NAME_MAX_BYTES)

void block_free(struct block *block)
{
    free(block->lines);
    *block = (struct block){0};
}

/* a="b",c="d"}  The values were bounded by the reader. */
static void render_labels(struct buffer *out, const struct reader_point *point)
{
    const struct family *family = point->family;
    for (unsigned i = 0; i < family->label_count; i++) {
        if (i > 0)
            buffer_put_char(out, ',');
        buffer_put_string(out, family->labels[i]);
        buffer_put(out, "=\"", 2);
        render_label_value(out, point->labels[i].bytes, point->labels[i].size);
        buffer_put_char(out, '"');
    }
    if (family->label_count > 0)
        buffer_put_char(out, '}');
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
    struct buffer *out = &staging->lines[point->id];
    size_t before = out->size;
    if (staging->families <= point->id)
        staging->families = point->id + 1;
    render_labels(out, point);
    if (out->failed)
        return "no memory for a sample";
    switch (series_set_add(&staging->series, point->id, out->bytes ? out->bytes + before : "",
                           out->size - before)) {
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
    staging->samples[point->id]++;
    staging->bytes += strlen(point->family->name) + TARGET_LABEL_BYTES + out->size - before;
    staging->count++;
    return refusal(staging);
}

struct block staging_seal(struct staging *staging, unsigned id)
{
    struct block block = {.samples = staging->samples[id]};
    block.lines = buffer_take(&staging->lines[id], &block.size);
    staging->samples[id] = 0;
    return block;
}

void staging_clear(struct staging *staging)
{
    for (size_t i = 0; i < staging->families; i++) {
        buffer_free(&staging->lines[i]);
        staging->samples[i] = 0;
    }
    staging->families = 0;
    staging->bytes = 0;
    staging->count = 0;
    series_set_clear(&staging->series);
}

void staging_free(struct staging *staging)
{
    staging_clear(staging);
    series_set_free(&staging->series);
}
