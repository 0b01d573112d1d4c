/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/contract.h"
#include "common/text.h"

static const struct {
    const char *name;
    char letter;
} levels[] = {
    [LOG_LEVEL_ERROR] = { "error", 'E' },
    [LOG_LEVEL_WARNING] = { "warning", 'W' },
    [LOG_LEVEL_INFO] = { "info", 'I' },
    [LOG_LEVEL_DEBUG] = { "debug", 'D' },
};

/* One write per line: lines up to PIPE_BUF from one child never mix. */
static void write_to_stderr(enum log_level level, const char *text, void *context)
{
    char line[LOG_LINE_MAX_BYTES + 4];
    (void)context;
    int size = snprintf(line, sizeof line, "%c %s\n", levels[level].letter, text);
    if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
        return; /* nobody is left to be told */
}

static log_sink current_sink = write_to_stderr;
static void *current_context;
static enum log_level current_level = LOG_LEVEL_INFO;

void log_set_sink(log_sink sink, void *context)
{
    current_sink = sink;
    current_context = context;
}

void log_set_level(enum log_level level)
{
    current_level = level;
}

enum log_level log_get_level(void)
{
    return current_level;
}

static void log_arguments(enum log_level level, const char *format, va_list arguments)
{
    int saved_errno = errno;
    if (level <= current_level) {
        char raw[LOG_LINE_MAX_BYTES];
        char text[LOG_LINE_MAX_BYTES];
        vsnprintf(raw, sizeof raw, format, arguments);
        text_one_line(text, sizeof text, raw);
        current_sink(level, text, current_context);
    }
    errno = saved_errno;
}

#define LOG_WITH(level)                                                                                          \
    do {                                                                                                         \
        va_list arguments;                                                                                       \
        va_start(arguments, format);                                                                             \
        log_arguments(level, format, arguments);                                                                 \
        va_end(arguments);                                                                                       \
    } while (0)

void log_error(const char *format, ...)
{
    LOG_WITH(LOG_LEVEL_ERROR);
}

void log_warning(const char *format, ...)
{
    LOG_WITH(LOG_LEVEL_WARNING);
}

void log_info(const char *format, ...)
{
    LOG_WITH(LOG_LEVEL_INFO);
}

void log_debug(const char *format, ...)
{
    LOG_WITH(LOG_LEVEL_DEBUG);
}

void log_at(enum log_level level, const char *format, ...)
{
    LOG_WITH(level);
}

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

int log_level_parse(const char *word, enum log_level *level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(word, levels[i].name) == 0 || (i == LOG_LEVEL_WARNING && strcmp(word, "warn") == 0)) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

char log_level_letter(enum log_level level)
{
    return levels[level].letter;
}
