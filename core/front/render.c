/* SPDX-License-Identifier: Apache-2.0 */
#include "front/render.h"

#include <math.h>
#include <stdbool.h>
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

const char render_end[] = "# EOF\n";

/* How many bytes of a family's name are left without the suffix, or all of them when it has another. */
static size_t without(const char *name, size_t size, const char *suffix, bool *had)
{
    size_t length = strlen(suffix);
    *had = size > length && memcmp(name + size - length, suffix, length) == 0;
    return *had ? size - length : size;
}

/*
 * What OpenMetrics calls a family of that type, and how much of its name: counters and infos are named without
 * their suffix, and are unknown where they lack it.
 */
static const char *openmetrics_type(const char *type, const char *name, size_t *size)
{
    bool had = true;
    if (strcmp(type, "counter") == 0)
        *size = without(name, *size, "_total", &had);
    else if (strcmp(type, "info") == 0)
        *size = without(name, *size, "_info", &had);
    else if (strcmp(type, "untyped") == 0)
        return "unknown";
    return had ? type : "unknown";
}

static void put_openmetrics_line(struct buffer *out, const char *word, const char *name, size_t name_size)
{
    buffer_put_string(out, word);
    buffer_put(out, name, name_size);
    buffer_put_char(out, ' ');
}

/* TYPE, UNIT, HELP. `unit` is "" where there is none, or where the format does not allow it. */
static void put_openmetrics_head(struct buffer *out, const char *name, size_t size, const char *type, const char *unit)
{
    bool fits;
    put_openmetrics_line(out, "# TYPE ", name, size);
    buffer_put_string(out, type);
    buffer_put_char(out, '\n');
    size_t rest = without(name, size, unit, &fits);
    if (unit[0] && fits && name[rest - 1] == '_' && strcmp(type, "info") != 0 && strcmp(type, "stateset") != 0) {
        put_openmetrics_line(out, "# UNIT ", name, size);
        buffer_put_string(out, unit);
        buffer_put_char(out, '\n');
    }
    put_openmetrics_line(out, "# HELP ", name, size);
}

/* What each type is called in OpenMetrics, before openmetrics_type() looks at the name. */
static const char *const openmetrics_names[] = {
    [FRAME_FAMILY_GAUGE] = "gauge",
    [FRAME_FAMILY_COUNTER] = "counter",
    [FRAME_FAMILY_INFO] = "info",
    [FRAME_FAMILY_UNTYPED] = "untyped",
};

void render_head_of(struct buffer *out, enum render_format format, const struct family *family)
{
    if (format == RENDER_TEXT) {
        render_head(out, family->name, family->type, family->help);
        return;
    }
    size_t size = strlen(family->name);
    const char *type = openmetrics_type(openmetrics_names[family->type], family->name, &size);
    put_openmetrics_head(out, family->name, size, type, family->unit ? family->unit : "");
    put_escaped(out, family->help, strlen(family->help), "\\\n\"");
    buffer_put_char(out, '\n');
}

/* The end of the line that begins there, after its line feed. */
static const char *line_end(const char *line, const char *end)
{
    const char *feed = memchr(line, '\n', (size_t)(end - line));
    return feed ? feed + 1 : end;
}

/* The help is escaped already, but for the quote. */
static void put_quoted_help(struct buffer *out, const char *help, const char *end)
{
    for (; help < end; help++) {
        if (*help == '"')
            buffer_put_char(out, '\\');
        buffer_put_char(out, *help);
    }
}

/* "# HELP name help", "# TYPE name type" at `help`; returns what follows them. */
static const char *turn_head(struct buffer *out, const char *help, const char *end)
{
    static const size_t word = sizeof "# HELP " - 1;
    char type[16] = "";
    bool is_info;
    const char *type_line = line_end(help, end);
    const char *next = line_end(type_line, end);
    const char *name = help + word;
    size_t size = strcspn(name, " \n");
    size_t type_size = (size_t)(next - type_line) - word - size - 2;
    memcpy(type, type_line + word + size + 1, type_size < sizeof type ? type_size : sizeof type - 1);
    size_t bare = without(name, size, "_info", &is_info);
    if (is_info && strcmp(type, "gauge") == 0)
        put_openmetrics_head(out, name, bare, "info", "");
    else {
        const char *called = openmetrics_type(type, name, &size);
        put_openmetrics_head(out, name, size, called, "");
    }
    put_quoted_help(out, help + word + strcspn(help + word, " ") + 1, type_line);
    return next;
}

void render_openmetrics_of(struct buffer *out, const char *text, size_t size)
{
    const char *end = text + size;
    for (const char *line = text; line < end;) {
        if (*line == '#') {
            line = turn_head(out, line, end);
            continue;
        }
        const char *next = line_end(line, end);
        buffer_put(out, line, (size_t)(next - line));
        line = next;
    }
}
