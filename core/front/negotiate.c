/* SPDX-License-Identifier: Apache-2.0 */
#include "front/negotiate.h"

#include <string.h>
#include <strings.h>

/* A part of a header's text. */
struct word {
    const char *bytes;
    size_t size;
};

#define QUALITY_ONE 1000 /* qualities have three decimals */

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static struct word trim(struct word word)
{
    while (word.size > 0 && is_blank(word.bytes[0])) {
        word.bytes++;
        word.size--;
    }
    while (word.size > 0 && is_blank(word.bytes[word.size - 1]))
        word.size--;
    return word;
}

/* Takes off what comes before the next separator outside of quotes, which it takes off too. False: nothing is left. */
static bool next_word(struct word *rest, char separator, struct word *word)
{
    bool quoted = false;
    size_t size = 0;
    if (!rest->bytes)
        return false;
    for (; size < rest->size && (quoted || rest->bytes[size] != separator); size++) {
        if (rest->bytes[size] == '"')
            quoted = !quoted;
        else if (quoted && rest->bytes[size] == '\\' && size + 1 < rest->size)
            size++;
    }
    *word = trim((struct word){rest->bytes, size});
    bool last = size == rest->size;
    rest->bytes = last ? NULL : rest->bytes + size + 1;
    rest->size = last ? 0 : rest->size - size - 1;
    return true;
}

static bool is(struct word word, const char *text)
{
    return word.size == strlen(text) && strncasecmp(word.bytes, text, word.size) == 0;
}

/* "name=value", the value without its quotes. False: there is no "=". */
static bool split(struct word parameter, struct word *name, struct word *value)
{
    const char *equals = memchr(parameter.bytes, '=', parameter.size);
    if (!equals)
        return false;
    size_t size = (size_t)(equals - parameter.bytes);
    *name = trim((struct word){parameter.bytes, size});
    *value = trim((struct word){equals + 1, parameter.size - size - 1});
    if (value->size >= 2 && value->bytes[0] == '"' && value->bytes[value->size - 1] == '"')
        *value = (struct word){value->bytes + 1, value->size - 2};
    return true;
}

/* "0.75" as 750; -1: it is no quality, which are 0 to 1 with at most three decimals (more are cut off). */
static int quality_of(struct word text)
{
    int quality = 0;
    if (text.size == 0 || (text.bytes[0] != '0' && text.bytes[0] != '1') || (text.size > 1 && text.bytes[1] != '.'))
        return -1;
    quality = (text.bytes[0] - '0') * QUALITY_ONE;
    for (size_t i = 2, unit = QUALITY_ONE / 10; i < text.size; i++, unit /= 10) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return -1;
        quality += (text.bytes[i] - '0') * (int)unit;
    }
    return quality <= QUALITY_ONE ? quality : -1;
}

static const char *const escapings[ESCAPING_COUNT] = {
    [ESCAPING_NONE] = "",
    [ESCAPING_ALLOW_UTF8] = "allow-utf-8",
    [ESCAPING_UNDERSCORES] = "underscores",
    [ESCAPING_DOTS] = "dots",
    [ESCAPING_VALUES] = "values",
};

static enum escaping escaping_of(struct word value)
{
    for (unsigned i = ESCAPING_NONE + 1; i < ESCAPING_COUNT; i++)
        if (is(value, escapings[i]))
            return (enum escaping)i;
    return ESCAPING_NONE;
}

/* One clause of Accept. */
struct clause {
    struct word type;
    struct word version; /* empty: none */
    enum escaping escaping;
    int quality;
};

static struct clause read_clause(struct word text)
{
    struct clause clause = {.quality = QUALITY_ONE};
    struct word parameter;
    struct word name;
    struct word value;
    next_word(&text, ';', &clause.type);
    while (next_word(&text, ';', &parameter)) {
        if (!split(parameter, &name, &value))
            continue;
        if (is(name, "q"))
            clause.quality = quality_of(value);
        else if (is(name, "version"))
            clause.version = value;
        else if (is(name, "escaping"))
            clause.escaping = escaping_of(value);
    }
    return clause;
}

/* Whether we have what the clause asks for. Of OpenMetrics without a version ours is as good as any. */
static bool can_serve(const struct clause *clause, enum render_format *format)
{
    bool any = clause->version.size == 0;
    if (is(clause->type, "application/openmetrics-text")) {
        *format = RENDER_OPENMETRICS;
        return any || is(clause->version, "1.0.0");
    }
    *format = RENDER_TEXT;
    if (is(clause->type, "text/plain"))
        return any || is(clause->version, "0.0.4");
    return is(clause->type, "*/*") || is(clause->type, "text/*");
}

struct negotiated negotiate_format(const char *accept)
{
    struct negotiated best = {RENDER_TEXT, ESCAPING_NONE};
    struct word rest = {accept, accept ? strlen(accept) : 0};
    struct word text;
    int best_quality = 0;
    while (next_word(&rest, ',', &text)) {
        struct clause clause = read_clause(text);
        enum render_format format;
        if (clause.quality <= best_quality || !can_serve(&clause, &format))
            continue;
        best_quality = clause.quality;
        best = (struct negotiated){format, clause.escaping};
    }
    return best;
}

bool negotiate_gzip(const char *accept_encoding)
{
    struct word rest = {accept_encoding, accept_encoding ? strlen(accept_encoding) : 0};
    struct word text;
    int gzip = -1; /* not mentioned, like the next two */
    int identity = -1;
    int any = -1;
    while (next_word(&rest, ',', &text)) {
        struct clause clause = read_clause(text);
        if (is(clause.type, "gzip") || is(clause.type, "x-gzip"))
            gzip = clause.quality > gzip ? clause.quality : gzip;
        else if (is(clause.type, "identity"))
            identity = clause.quality;
        else if (is(clause.type, "*"))
            any = clause.quality;
    }
    if (gzip < 0)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TEXT_TYPE        "text/plain; version=0.0.4; charset=utf-8"

const char *negotiated_content_type(struct negotiated negotiated)
{
    static const char *const types[RENDER_FORMAT_COUNT][ESCAPING_COUNT] = {
        [RENDER_TEXT] =
            {
                TEXT_TYPE,
                TEXT_TYPE "; escaping=allow-utf-8",
                TEXT_TYPE "; escaping=underscores",
                TEXT_TYPE "; escaping=dots",
                TEXT_TYPE "; escaping=values",
            },
        [RENDER_OPENMETRICS] =
            {
                OPENMETRICS_TYPE,
                OPENMETRICS_TYPE "; escaping=allow-utf-8",
                OPENMETRICS_TYPE "; escaping=underscores",
                OPENMETRICS_TYPE "; escaping=dots",
                OPENMETRICS_TYPE "; escaping=values",
            },
    };
    return types[negotiated.format][negotiated.escaping];
}
