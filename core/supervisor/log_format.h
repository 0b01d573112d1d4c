/* SPDX-License-Identifier: Apache-2.0 */
/* The log that people and collectors of logs read: one line per event on stderr, in logfmt or JSON. */
#ifndef MINOTOR_SUPERVISOR_LOG_FORMAT_H
#define MINOTOR_SUPERVISOR_LOG_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/log.h"

enum log_format {
    LOG_FORMAT_LOGFMT,
    LOG_FORMAT_JSON,
};

/* One more key of a line. */
struct log_field {
    const char *key;
    const char *value;
};

/* PIPE_BUF: what a pipe that polls as writable takes without blocking. Longer texts are cut. */
#define LOG_FORMATTED_MAX_BYTES 4096

/* Takes over the lines of log_info() and its like, as process "minotord". */
void log_format_begin(enum log_format format);

/* A line of a child. */
void log_format_child(enum log_level level, const char *name, pid_t pid, const char *text);

/* The line itself, with its newline. Returns its size; what exceeds `out_bytes` is cut off the text. Pure. */
size_t log_format_line(char *out, size_t out_bytes, enum log_format format, int64_t wall_ms,
                       const struct log_field *fields, size_t field_count);

#endif
