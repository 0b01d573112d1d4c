/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/log_format.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/contract.h"

static enum log_format current_format;
static uint64_t lost; /* lines that stderr had no room for */

/* A growing line in a fixed buffer; the last two bytes are kept for what closes it. */
struct line {
    char *bytes;
    size_t size;
    size_t capacity;
};

static void put(struct line *line, const char *bytes, size_t size)
{
    if (line->size + size > line->capacity)
        return;
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Text is one clean line of UTF-8 already; only what ends a quoted string needs care. Cut characters are cut
 * whole. */
static void put_quoted(struct line *line, const char *text)
{
    put_text(line, "\"");
    for (const char *byte = text; *byte != '\0'; byte++) {
        char escaped[7];
        if (line->size + 8 > line->capacity && ((unsigned char)*byte & 0xc0) != 0x80)
            break;
        if (*byte == '"' || *byte == '\\') {
            put(line, (char[]){'\\', *byte}, 2);
        } else if ((unsigned char)*byte < 0x20 || *byte == 0x7f) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*byte);
            put_text(line, escaped);
        } else {
            put(line, byte, 1);
        }
    }
    put_text(line, "\"");
}

/* logfmt leaves quotes out where nothing needs them. */
static bool needs_quotes(const char *text)
{
    if (*text == '\0')
        return true;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || *text == 0x7f)
            return true;
    return false;
}

static void put_time(struct line *line, enum log_format format, int64_t wall_ms)
{
    char text[64];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + size, sizeof text - size, ".%03dZ", (int)(wall_ms % 1000));
    put_text(line, format == LOG_FORMAT_JSON ? "{\"time\":\"" : "time=");
    put_text(line, text);
    if (format == LOG_FORMAT_JSON)
        put_text(line, "\"");
}

size_t log_format_line(char *out, size_t out_bytes, enum log_format format, int64_t wall_ms,
                       const struct log_field *fields, size_t field_count)
{
    struct line line = {out, 0, out_bytes - 2};
    put_time(&line, format, wall_ms);
    for (size_t i = 0; i < field_count; i++) {
        if (format == LOG_FORMAT_JSON) {
            put_text(&line, ",");
            put_quoted(&line, fields[i].key);
            put_text(&line, ":");
            put_quoted(&line, fields[i].value);
            continue;
        }
        put_text(&line, " ");
        put_text(&line, fields[i].key);
        put_text(&line, "=");
        if (needs_quotes(fields[i].value))
            put_quoted(&line, fields[i].value);
        else
            put_text(&line, fields[i].value);
    }
    line.capacity = out_bytes;
    put_text(&line, format == LOG_FORMAT_JSON ? "}\n" : "\n");
    return line.size;
}

/* A terminal that is held, or a pipe that nobody empties, must not hold the supervisor: then the line is
 * lost. */
static bool room_on_stderr(void)
{
    struct pollfd stderr_room = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&stderr_room, 1, 0) == 1 && (stderr_room.revents & POLLOUT) != 0;
}

/* Looks for room before each line: the one before may have taken the last. */
static bool write_line(const struct log_field *fields, size_t field_count)
{
    char bytes[LOG_FORMATTED_MAX_BYTES];
    if (!room_on_stderr())
        return false;
    size_t size = log_format_line(bytes, sizeof bytes, current_format, clock_wall_ms(), fields, field_count);
    return write(STDERR_FILENO, bytes, size) >= 0;
}

static void emit(const struct log_field *fields, size_t field_count)
{
    if (lost > 0) {
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64 " log lines were lost: nobody read them", lost);
        const struct log_field words[] = {{"level", "warning"}, {"process", "minotord"}, {"msg", text}};
        if (write_line(words, 3))
            lost = 0;
    }
    if (lost > 0 || !write_line(fields, field_count))
        lost++;
}

static void own_line(enum log_level level, const char *text, void *context)
{
    (void)context;
    const struct log_field fields[] = {
        {"level", log_level_name(level)}, {"process", "minotord"}, {"msg", text}};
    emit(fields, 3);
}

void log_format_begin(enum log_format format)
{
    current_format = format;
    log_set_sink(own_line, NULL);
}

void log_format_child(enum log_level level, const char *name, pid_t pid, const char *text)
{
    char number[24];
    if (level > log_get_level())
        return;
    snprintf(number, sizeof number, "%ld", (long)pid);
    const struct log_field fields[] = {
        {"level", log_level_name(level)}, {"process", name}, {"pid", number}, {"msg", text}};
    emit(fields, 4);
}
