/* SPDX-License-Identifier: Apache-2.0 */
#include "running.h"

#include <string.h>

#include "cell.h"

#define FOREVER INT64_MAX

struct window {
    int64_t created, created_sum;
    int64_t deleted, deleted_sum;
};

/* FNV-1a. Counts of one database must not be counted on with another. */
static uint64_t hash(uint64_t sum, const char *text)
{
    for (; *text != '\0'; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return sum * UINT64_C(0x100000001b3);
}

uint64_t running_identity(const struct minotor_host *host)
{
    uint64_t sum = hash(UINT64_C(0xcbf29ce484222325), minotor_engine(host));
    sum = hash(sum, minotor_target(host, "database.name"));
    return hash(sum, minotor_target(host, "site_url"));
}

void running_read_settings(const struct minotor_host *host, struct running_settings *settings)
{
    settings->lag_ms = minotor_setting_integer(host, "lag");
    settings->baseline_interval_ms = minotor_setting_integer(host, "baseline_interval");
    settings->repair_interval_ms = minotor_setting_integer(host, "repair_interval");
    settings->exact = minotor_setting_integer(host, "exact") != 0;
}

static int read_total(const struct minotor_host *host, const struct running_source *source, int64_t *rows, int64_t *sum)
{
    int result = cell_query(host, &source->total, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    if (result == MINOTOR_OK)
        result = cell_number(host, 0, rows);
    return result == MINOTOR_OK ? cell_number(host, 1, sum) : result;
}

static int read_window(const struct minotor_host *host, const struct running_source *source, int64_t from_ms,
                       int64_t to_ms, struct window *window)
{
    const int64_t bounds[] = { from_ms, to_ms, from_ms, to_ms };
    int64_t *const cells[] = { &window->created, &window->created_sum, &window->deleted, &window->deleted_sum };
    int result = cell_query(host, &source->window, bounds, 4);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    for (uint32_t i = 0; i < 4 && result == MINOTOR_OK; i++)
        result = cell_number(host, i, cells[i]);
    return result;
}

/* The count can do without them: marks that cannot be read are those of the baseline, which nothing has changed. */
static int read_marks(const struct minotor_host *host, const struct running_source *source,
                      const struct running *running, int64_t *marks)
{
    int result = cell_query(host, &source->marks, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    for (uint32_t i = 0; i < RUNNING_MARKS && result == MINOTOR_OK; i++)
        result = cell_number_or(host, i, -1, &marks[i]);
    if (result != MINOTOR_OK)
        memcpy(marks, running->marks, sizeof running->marks);
    return result;
}

static int is_overdue(const struct running *running, const struct running_settings *settings, int64_t now_ms)
{
    int64_t tenth_ms = settings->baseline_interval_ms / 10;
    uint64_t chance = ((uint64_t)running->pace.done_ms ^ settings->salt) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    int64_t jitter_ms = (int64_t)(chance % (uint64_t)(tenth_ms + 1));
    return pace_is_due(&running->pace, now_ms, settings->baseline_interval_ms - jitter_ms);
}

/*
 * The total and the window are of one transaction's snapshot: a failure between them would have ended it, and this
 * function with it.
 */
static int take_baseline(const struct minotor_host *host, const struct running_source *source, struct running *running,
                         const struct running_settings *settings, const int64_t *marks, struct running_value *value)
{
    int64_t began_ms = minotor_now_ms(host);
    int64_t watermark_ms = began_ms - settings->lag_ms;
    struct window open;
    int result = read_total(host, source, &value->rows, &value->sum);
    if (result == MINOTOR_OK)
        result = read_window(host, source, watermark_ms, FOREVER, &open);
    if (result != MINOTOR_OK) {
        pace_failed(&running->pace, began_ms, minotor_now_ms(host));
        return result;
    }
    running->watermark_ms = watermark_ms;
    running->rows = value->rows - open.created + open.deleted;
    running->sum = value->sum - open.created_sum + open.deleted_sum;
    running->created_sum = -open.created_sum;
    memcpy(running->marks, marks, sizeof running->marks);
    pace_succeeded(&running->pace, began_ms, minotor_now_ms(host));
    value->created_sum = 0;
    value->is_baseline = 1;
    return MINOTOR_OK;
}

static int count_on(const struct minotor_host *host, const struct running_source *source, const struct running *running,
                    struct running_value *value)
{
    struct window open;
    int result = read_window(host, source, running->watermark_ms, FOREVER, &open);
    if (result != MINOTOR_OK)
        return result;
    value->rows = running->rows + open.created - open.deleted;
    value->sum = running->sum + open.created_sum - open.deleted_sum;
    value->created_sum = running->created_sum + open.created_sum;
    return MINOTOR_OK;
}

/* By a whole lag at a time: the window that is counted anew in each round is never longer than two. */
static int move_watermark(const struct minotor_host *host, const struct running_source *source, struct running *running,
                          int64_t to_ms, struct running_value *value)
{
    struct window settled;
    int result = read_window(host, source, running->watermark_ms, to_ms, &settled);
    if (result != MINOTOR_OK)
        return result;
    running->watermark_ms = to_ms;
    running->rows += settled.created - settled.deleted;
    running->sum += settled.created_sum - settled.deleted_sum;
    running->created_sum += settled.created_sum;
    value->has_moved = 1;
    return MINOTOR_OK;
}

static int count_exactly(const struct minotor_host *host, const struct running_source *source, struct running *running,
                         struct running_value *value)
{
    int64_t began_ms = minotor_now_ms(host);
    int result = read_total(host, source, &value->rows, &value->sum);
    memset(running, 0, sizeof *running);
    if (result == MINOTOR_OK)
        pace_succeeded(&running->pace, began_ms, minotor_now_ms(host));
    value->is_baseline = 1;
    return result;
}

static int count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                 const struct running_settings *settings, int suspect, const int64_t *marks, struct running_value *value)
{
    int64_t now_ms = minotor_now_ms(host);
    int result = MINOTOR_OK;
    int is_known = running->watermark_ms != 0;
    if (is_known) {
        result = count_on(host, source, running, value);
        if (result != MINOTOR_OK)
            return result;
    }
    int is_impossible = value->rows < 0 || (source->has_sum && value->sum < 0);
    suspect |= is_impossible || memcmp(marks, running->marks, sizeof running->marks) != 0;
    if (!is_known || is_overdue(running, settings, now_ms) ||
        (suspect && pace_is_due(&running->pace, now_ms, settings->repair_interval_ms))) {
        if (!is_known && !pace_is_due(&running->pace, now_ms, 0))
            return minotor_fail(host, "%s failed or took too long; it will be tried again", source->total.name);
        result = take_baseline(host, source, running, settings, marks, value);
        if (result == MINOTOR_OK || !is_known)
            return result;
        /* What was known before is still the best that there is. */
        return is_impossible ? result : MINOTOR_OK;
    }
    if (is_impossible)
        return minotor_fail(host, "%s: rows have vanished; they will be counted anew", source->total.name);
    if (now_ms - settings->lag_ms - running->watermark_ms >= settings->lag_ms)
        result = move_watermark(host, source, running, now_ms - settings->lag_ms, value);
    return result;
}

int running_count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                  const struct running_settings *settings, int suspect, struct running_value *value)
{
    int64_t marks[RUNNING_MARKS];
    char reason[MINOTOR_TEXT_MAX] = "";
    memset(value, 0, sizeof *value);
    if (settings->exact)
        return count_exactly(host, source, running, value);
    int result = read_marks(host, source, running, marks);
    if (result == MINOTOR_CANCELLED)
        return result;
    if (result != MINOTOR_OK)
        snprintf(reason, sizeof reason, "%s", minotor_error(host));
    result = count(host, source, running, settings, suspect, marks, value);
    if (result != MINOTOR_OK)
        return result;
    if (reason[0] != '\0' && !running->is_blind)
        minotor_log(host, MINOTOR_NOTICE, "%s; rows that vanish are noticed late", reason);
    running->is_blind = reason[0] != '\0';
    return MINOTOR_OK;
}
