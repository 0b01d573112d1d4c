/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

/* Kept for the last line. */
#define ROUND_LINE_MAX_BYTES (ERROR_TEXT_MAX_BYTES + 128)

__attribute__((format(printf, 3, 4))) static bool put(struct report *report, size_t limit_bytes, const char *format,
                                                      ...)
{
    va_list arguments;
    size_t room = limit_bytes - report->size;
    va_start(arguments, format);
    int size = vsnprintf(report->text + report->size, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) {
        report->text[report->size] = '\0';
        return false;
    }
    report->size += (size_t)size;
    return true;
}

static void put_family(struct report *report, const char *word, const char *family, const char *reason)
{
    const size_t limit_bytes = sizeof report->text - ROUND_LINE_MAX_BYTES;
    if (!report->is_cut)
        report->is_cut = !put(report, limit_bytes, "%s\t%s\t%s\n", word, family, reason);
}

void report_settings(struct report *report)
{
    put(report, sizeof report->text, REPORT_SETTINGS "\n");
}

void report_unknown(struct report *report, const char *family, const char *reason)
{
    char line[ERROR_TEXT_MAX_BYTES + 1];
    text_one_line(line, sizeof line, reason);
    put_family(report, REPORT_UNKNOWN, family, line);
}

/* `has_answer`: else nobody was asked what there is. */
static size_t put_absent(struct report *report, const struct samples *samples, bool has_answer)
{
    size_t given = 0;
    for (size_t i = 0; i < samples->plugin->family_count; i++) {
        if (samples->unknown[i])
            continue;
        if (samples->by_family[i] > 0)
            given++;
        else if (has_answer)
            put_family(report, REPORT_ABSENT, samples->plugin->families[i].family.name, "");
    }
    return given;
}

void report_round(struct report *report, enum round_status status, const char *error, int64_t duration_ms,
                  const struct samples *samples)
{
    bool good = status == ROUND_OK || status == ROUND_PARTIAL;
    size_t given = good ? put_absent(report, samples, status == ROUND_OK || samples_known_count(samples) > 0) : 0;
    if (report->is_cut)
        put(report, sizeof report->text, REPORT_CUT "\n");
    put(report, sizeof report->text, REPORT_ROUND "\t%s\t%zu\t%zu\t%" PRId64 "\t%s\n",
        round_status_name(status), given, good ? samples_known_count(samples) : 0, duration_ms, error);
}
