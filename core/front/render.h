/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Prometheus text format 0.0.4 and OpenMetrics 1.0.0, word by word. The only place that knows their
 * spelling. Samples are spelled alike in both; what differs is how a family is introduced.
 * Numbers are spelled in the C locale, which the front never leaves.
 */
#ifndef MINOTOR_FRONT_RENDER_H
#define MINOTOR_FRONT_RENDER_H

#include <stdint.h>

#include "front/buffer.h"
#include "front/family.h"

enum render_format { RENDER_TEXT, RENDER_OPENMETRICS, RENDER_FORMAT_COUNT };

/* The shortest of %.15g, %.16g and %.17g that reads back as the same number; NaN, +Inf, -Inf. */
void render_f64(struct buffer *out, double value);
void render_u64(struct buffer *out, uint64_t value);
/* Escapes backslash, line feed and the quote; everything else is legal as it is. */
void render_label_value(struct buffer *out, const char *bytes, size_t size);
/* name="value", escaped. */
void render_label(struct buffer *out, const char *name, const char *value);
/* "# HELP name help" and "# TYPE name type", each with its line feed. HELP escapes backslash and line feed
 * only. */
void render_head(struct buffer *out, const char *name, enum frame_family_type type, const char *help);
/* The head of a described family in either format. */
void render_head_of(struct buffer *out, enum render_format format, const struct family *family);
/*
 * Turns families in the text format, as render_head() and the rest of this file wrote them, into OpenMetrics:
 * another head, the same samples.
 */
void render_openmetrics_of(struct buffer *out, const char *text, size_t size);
/* What an OpenMetrics text ends with. */
extern const char render_end[];

#endif
