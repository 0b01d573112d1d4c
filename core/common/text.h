/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for names and texts that end up on the page. Pure functions. */
#ifndef MINOTOR_COMMON_TEXT_H
#define MINOTOR_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Valid UTF-8 without NUL, overlong forms and surrogates. */
bool text_is_utf8(const char *bytes, size_t size);
/* Copies with each bad sequence replaced by U+FFFD and NUL by U+FFFD; cut at a character's border to fit. Returns bytes written, terminated. */
size_t text_sanitize(char *out, size_t out_bytes, const char *bytes, size_t size);
/* Copies as one printable line: control characters become spaces, bad UTF-8 U+FFFD; cut to fit. */
size_t text_one_line(char *out, size_t out_bytes, const char *text);
/* [a-zA-Z_][a-zA-Z0-9_]* of at most METRIC_NAME_MAX_BYTES; colons belong to recording rules. */
bool text_is_metric_name(const char *bytes, size_t size);
/* The same, and not beginning with "__". */
bool text_is_label_name(const char *bytes, size_t size);
/* le, quantile, target: labels that belong to the exposition formats and to the page, not to a collector. */
bool text_is_reserved_label(const char *text);
/* [a-z][a-z0-9_]* of at most NAME_MAX_BYTES: collectors, targets. */
bool text_is_word(const char *text);
/* "250ms", "15s", "5m", "1h", "1d" to milliseconds; -1 when it is not a duration. */
long long text_parse_duration_ms(const char *text);
/* The shortest such text, "15s", into `out`, which is returned. */
const char *text_duration(long long value_ms, char out[32]);
/* snprintf for fixed buffers that says whether all fitted. */
bool text_format(char *out, size_t out_bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
