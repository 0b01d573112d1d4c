/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/relog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define SUMMARY_AFTER_MS    1000
#define LAST_WORDS_FRESH_MS 1000

void relog_begin(struct relog *relog, int64_t lines_per_second, relog_output output, void *context, int64_t now_ms)
{
    *relog = (struct relog){.output = output,
                            .context = context,
                            .lines_per_second = lines_per_second,
                            .budget_lines = lines_per_second * LOG_BURST_S * 1000,
                            .budget_at_ms = now_ms,
                            .dropped_total = relog->dropped_total,
                            .summaries_total = relog->summaries_total};
}

static void fill_budget(struct relog *relog, int64_t now_ms)
{
    const int64_t most = relog->lines_per_second * LOG_BURST_S * 1000;
    relog->budget_lines += (now_ms - relog->budget_at_ms) * relog->lines_per_second;
    if (relog->budget_lines > most)
        relog->budget_lines = most;
    relog->budget_at_ms = now_ms;
}

static void report_dropped(struct relog *relog)
{
    char text[96];
    if (relog->dropped == 0)
        return;
    snprintf(text, sizeof text, "%" PRIu64 " lines were dropped: more than limits.log_lines, %" PRId64 " in a second",
             relog->dropped, relog->lines_per_second);
    relog->dropped = 0;
    relog->summaries_total++;
    relog->output(LOG_LEVEL_WARNING, text, relog->context);
}

/* Keeps the line, and as many before it as there is room for. */
static void remember(struct relog *relog, const char *text, int64_t now_ms)
{
    relog->last_words_ms = now_ms;
    size_t size = strlen(text) + 1;
    size_t gone = 0;
    while (relog->last_words_bytes - gone + size > sizeof relog->last_words)
        gone += strlen(relog->last_words + gone) + 1;
    memmove(relog->last_words, relog->last_words + gone, relog->last_words_bytes - gone);
    relog->last_words_bytes -= gone;
    memcpy(relog->last_words + relog->last_words_bytes, text, size);
    relog->last_words_bytes += size;
}

const char *relog_last_words(const struct relog *relog, int64_t now_ms)
{
    if (relog->last_words_bytes == 0 || now_ms - relog->last_words_ms > LAST_WORDS_FRESH_MS)
        return "";
    size_t start = relog->last_words_bytes - 1;
    while (start > 0 && relog->last_words[start - 1] != '\0')
        start--;
    return relog->last_words + start;
}

/* A line of ours begins with its letter; what libraries and the C runtime say does not, and is worth a
 * warning. */
static enum log_level take_level(const char **line)
{
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
        if ((*line)[0] == log_level_letter((enum log_level)i) && (*line)[1] == ' ') {
            *line += 2;
            return (enum log_level)i;
        }
    }
    return LOG_LEVEL_WARNING;
}

static void finish_line(struct relog *relog, int64_t now_ms)
{
    char text[LOG_LINE_MAX_BYTES + 1];
    const char *line = relog->line;
    relog->line[relog->line_bytes] = '\0';
    relog->line_bytes = 0;
    enum log_level level = take_level(&line);
    text_one_line(text, sizeof text, line);
    if (text[0] == '\0')
        return;
    remember(relog, text, now_ms);
    if (level > log_get_level())
        return;
    fill_budget(relog, now_ms);
    if (relog->budget_lines < 1000) {
        relog->dropped_total++;
        if (relog->dropped++ == 0)
            relog->dropped_at_ms = now_ms;
        return;
    }
    relog->budget_lines -= 1000;
    report_dropped(relog);
    relog->output(level, text, relog->context);
}

void relog_feed(struct relog *relog, const char *bytes, size_t size, int64_t now_ms)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n')
            finish_line(relog, now_ms);
        else if (relog->line_bytes < LOG_LINE_MAX_BYTES)
            relog->line[relog->line_bytes++] = bytes[i] == '\0' ? ' ' : bytes[i];
    }
}

void relog_end(struct relog *relog, int64_t now_ms)
{
    if (relog->line_bytes > 0)
        finish_line(relog, now_ms);
    report_dropped(relog);
}

int64_t relog_tick_ms(const struct relog *relog)
{
    return relog->dropped == 0 ? INT64_MAX : relog->dropped_at_ms + SUMMARY_AFTER_MS;
}

void relog_tick(struct relog *relog, int64_t now_ms)
{
    if (now_ms >= relog_tick_ms(relog))
        report_dropped(relog);
}
