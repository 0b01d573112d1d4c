/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/contract.h"

/*
 * Length of the valid character at `bytes`, or 0. The table is that of the Unicode standard (well-formed UTF-8
 * byte sequences): the second byte's range depends on the first, which keeps out overlong forms and surrogates.
 */
static size_t character_bytes(const unsigned char *bytes, size_t size)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        { 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high)
            continue;
        size_t length = forms[i].length;
        if (length > size)
            return 0;
        if (length > 1 && (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < length; k++)
            if (bytes[k] < 0x80 || bytes[k] > 0xbf)
                return 0;
        return length;
    }
    return 0;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    size_t length;
    for (size_t i = 0; i < size; i += length) {
        length = character_bytes((const unsigned char *)bytes + i, size - i);
        if (length == 0)
            return false;
    }
    return true;
}

size_t text_sanitize(char *out, size_t out_bytes, const char *bytes, size_t size)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t written = 0;
    for (size_t i = 0; i < size;) {
        size_t length = character_bytes((const unsigned char *)bytes + i, size - i);
        const char *source = length == 0 ? replacement : bytes + i;
        size_t source_bytes = length == 0 ? sizeof replacement - 1 : length;
        if (written + source_bytes + 1 > out_bytes)
            break;
        memcpy(out + written, source, source_bytes);
        written += source_bytes;
        i += length == 0 ? 1 : length;
    }
    if (out_bytes > 0)
        out[written] = '\0';
    return written;
}

size_t text_one_line(char *out, size_t out_bytes, const char *text)
{
    size_t written = text_sanitize(out, out_bytes, text, strlen(text));
    for (size_t i = 0; i < written; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
            out[i] = ' ';
    while (written > 0 && out[written - 1] == ' ')
        out[--written] = '\0';
    return written;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_metric_name(const char *bytes, size_t size)
{
    if (size == 0 || size > METRIC_NAME_MAX_BYTES || !is_letter(bytes[0]))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!is_letter(bytes[i]) && !is_digit(bytes[i]))
            return false;
    return true;
}

bool text_is_label_name(const char *bytes, size_t size)
{
    return text_is_metric_name(bytes, size) && !(size >= 2 && bytes[0] == '_' && bytes[1] == '_');
}

bool text_is_reserved_label(const char *text)
{
    static const char *const reserved[] = { "le", "quantile", "target" };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(text, reserved[i]) == 0)
            return true;
    return false;
}

bool text_is_word(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > NAME_MAX_BYTES || !(text[0] >= 'a' && text[0] <= 'z'))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && !is_digit(text[i]) && text[i] != '_')
            return false;
    return true;
}

long long text_parse_duration_ms(const char *text)
{
    static const struct {
        const char *suffix;
        long long factor_ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    long long number = 0;
    size_t digits = 0;
    while (is_digit(text[digits])) {
        if (digits == 12) /* beyond any bound of contract.h, and far from overflow with the largest factor */
            return -1;
        number = number * 10 + (text[digits] - '0');
        digits++;
    }
    if (digits == 0)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text + digits, units[i].suffix) == 0)
            return number > LLONG_MAX / units[i].factor_ms ? -1 : number * units[i].factor_ms;
    return -1;
}

const char *text_duration(long long value_ms, char out[32])
{
    static const struct {
        long long ms;
        const char *unit;
    } units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
    size_t i = value_ms == 0 ? 2 : 0;
    while (value_ms % units[i].ms != 0)
        i++;
    snprintf(out, 32, "%lld%s", value_ms / units[i].ms, units[i].unit);
    return out;
}

bool text_format(char *out, size_t out_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(out, out_bytes, format, arguments);
    va_end(arguments);
    return size >= 0 && (size_t)size < out_bytes;
}
