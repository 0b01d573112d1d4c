/* SPDX-License-Identifier: Apache-2.0 */
#include "front/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers below this are exact in a double and have no more than 15 digits. */
#define WHOLE_MAX 1e15

/* What each type is called in 0.0.4, which has neither info nor unknown. */
static const char *const type_names[] = {
    [FRAME_FAMILY_GAUGE] = "gauge",
    [FRAME_FAMILY_COUNTER] = "counter",
    [FRAME_FAMILY_INFO] = "gauge",
    [FRAME_FAMILY_UNTYPED] = "untyped",
};

void render_u64(struct buffer *out, uint64_t value)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buffer_put(out, digits + first, sizeof digits - first);
}

void render_f64(struct buffer *out, double value)
{
    if (isnan(value)) {
        buffer_put_string(out, "NaN");
        return;
    }
    if (isinf(value)) {
        buffer_put_string(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (value >= 0 && value < WHOLE_MAX && !signbit(value) && value == trunc(value)) {
        render_u64(out, (uint64_t)value);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_put_string(out, text);
}

/* Copies, with a backslash before each byte of `special`; a line feed becomes \n. */
static void put_escaped(struct buffer *out, const char *bytes, size_t size, const char *special)
{
    size_t copied = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\0' || !strchr(special, bytes[i]))
            continue;
        buffer_put(out, bytes + copied, i - copied);
        buffer_put_char(out, '\\');
        buffer_put_char(out, bytes[i] == '\n' ? 'n' : bytes[i]);
        copied = i + 1;
    }
    buffer_put(out, bytes + copied, size - copied);
}

void render_label_value(struct buffer *out, const char *bytes, size_t size)
{
    put_escaped(out, bytes, size, "\\\n\"");
}

void render_label(struct buffer *out, const char *name, const char *value)
{
    buffer_put_string(out, name);
    buffer_put(out, "=\"", 2);
    render_label_value(out, value, strlen(value));
    buffer_put_char(out, '"');
}

void render_head(struct buffer *out, const char *name, enum frame_family_type type, const char *help)
{
    buffer_put_string(out, "# HELP ");
    buffer_put_string(out, name);
    buffer_put_char(out, ' ');
    put_escaped(out, help, strlen(help), "\\\n");
    buffer_put_string(out, "\n# TYPE ");
    buffer_put_string(out, name);
    buffer_put_char(out, ' ');
    buffer_put_string(out, type_names[type]);
    buffer_put_char(out, '\n');
}
