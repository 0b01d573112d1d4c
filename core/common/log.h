/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines. A child writes "<level letter> text\n" to stderr, which is its log pipe; the supervisor adds time
 * and source and writes them, and its own, in logfmt or JSON. Nothing is ever logged that held a secret.
 */
#ifndef MINOTOR_COMMON_LOG_H
#define MINOTOR_COMMON_LOG_H

#include <stdarg.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* Where log lines go: a child's letter and text, or the supervisor's formatter. */
typedef void (*log_sink)(enum log_level level, const char *text, void *context);

/* Replaces the sink; the default one writes a child's line to stderr. */
void log_set_sink(log_sink sink, void *context);
/* Lines above this level are dropped. Default: info. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* One line; control characters become spaces, what exceeds LOG_LINE_MAX_BYTES is cut. errno is kept. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_at(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "error", "warning", "info", "debug"; static. */
const char *log_level_name(enum log_level level);
/* 0 and *level, or -1 for a word that is none of them. */
int log_level_parse(const char *word, enum log_level *level);
/* 'E', 'W', 'I', 'D' at the start of a child's line. */
char log_level_letter(enum log_level level);

#endif
