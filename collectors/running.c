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

/* When something was last created or deleted, as far as this server knows; 1: never. */
static int read_newest(const struct minotor_host *host, const struct running_source *source, int64_t *newest_ms)
{
    int64_t created_ms = 1, deleted_ms = 1;
    int result = cell_query(host, &source->newest, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    if (result == MINOTOR_OK)
        result = cell_number_or(host, 0, 1, &created_ms);
    if (result == MINOTOR_OK)
        result = cell_number_or(host, 1, 1, &deleted_ms);
    *newest_ms = created_ms > deleted_ms ? created_ms : deleted_ms;
    return result;
}

static int64_t lag_of(const struct running_source *source, const struct running_settings *settings)
{
    return settings->lag_ms + source->delay_ms;
}

/* Up to where nothing more can come. 1 where there is nothing yet: all that ever comes is after it. */
static int64_t settled_at(int64_t newest_ms, int64_t now_ms, int64_t lag_ms)
{
    int64_t present_ms = newest_ms < now_ms ? newest_ms : now_ms;
    return present_ms > lag_ms ? present_ms - lag_ms : 1;
}

/* The count can do without them: marks that cannot be read are those of the baseline, which nothing has changed. */
static int read_marks(const struct minotor_host *host, const struct running_source *source,
                      const struct running *running, int64_t oldest_ms, int64_t *marks)
{
    int result = cell_query(host, &source->marks, &oldest_ms, 1);
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
 * All that it reads is of one transaction's snapshot: a failure in between would have ended it, and this function
 * with it. What a failure has cost is added to what those before it have: one that never succeeds becomes rare.
 */
static int take_baseline(const struct minotor_host *host, const struct running_source *source, struct running *running,
                         const struct running_settings *settings, const int64_t *marks, struct running_value *value)
{
    int64_t left_ms = minotor_remaining_ms(host), lost_ms = running->pace.lost_ms;
    int64_t newest_ms = 0, watermark_ms = 0, anew[RUNNING_MARKS];
    struct window open;
    int result = read_total(host, source, &value->rows, &value->sum);
    if (result == MINOTOR_OK)
        result = read_newest(host, source, &newest_ms);
    if (result == MINOTOR_OK) {
        watermark_ms = settled_at(newest_ms, minotor_now_ms(host), lag_of(source, settings));
        result = read_window(host, source, watermark_ms, FOREVER, &open);
    }
    if (result != MINOTOR_OK) {
        pace_failed(&running->pace, host, left_ms);
        running->pace.lost_ms += lost_ms;
        return result;
    }
    running->watermark_ms = watermark_ms;
    running->rows = value->rows - open.created + open.deleted;
    running->sum = value->sum - open.created_sum + open.deleted_sum;
    running->created_sum = -open.created_sum;
    int is_from_beginning = running->marks[0] <= 0;
    memcpy(running->marks, marks, sizeof running->marks);
    /* What was imported may be older than the oldest so far: once in a while it is looked for from the beginning. */
    if (!is_from_beginning && read_marks(host, source, running, 0, anew) == MINOTOR_OK)
        memcpy(running->marks, anew, sizeof running->marks);
    pace_succeeded(&running->pace, host, left_ms);
    value->created_sum = 0;
    value->is_baseline = 1;
    return MINOTOR_OK;
}

/* By a whole lag at a time: the window that is counted anew in each round is never longer than two. */
static int move_watermark(const struct minotor_host *host, const struct running_source *source, struct running *running,
                          int64_t settled_ms, int64_t lag_ms)
{
    int64_t time_ms = minotor_remaining_ms(host);
    for (int64_t step_ms = RUNNING_STEP_MS, steps = 0; settled_ms - running->watermark_ms >= lag_ms; steps++) {
        struct window window;
        int64_t left_ms = settled_ms - running->watermark_ms;
        int64_t to_ms = left_ms > step_ms ? running->watermark_ms + step_ms : settled_ms;
        if (steps > 0 && minotor_remaining_ms(host) < time_ms / 2)
            return minotor_fail(host, "%s: what came while nobody looked is still being added up", source->window.name);
        int result = read_window(host, source, running->watermark_ms, to_ms, &window);
        if (result != MINOTOR_OK)
            return result;
        running->watermark_ms = to_ms;
        running->rows += window.created - window.deleted;
        running->sum += window.created_sum - window.deleted_sum;
        running->created_sum += window.created_sum;
        if (window.created + window.deleted < RUNNING_STEP_ROWS)
            step_ms *= 2;
    }
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

static int count_exactly(const struct minotor_host *host, const struct running_source *source, struct running *running,
                         struct running_value *value)
{
    int64_t left_ms = minotor_remaining_ms(host);
    int result = read_total(host, source, &value->rows, &value->sum);
    memset(running, 0, sizeof *running);
    if (result == MINOTOR_OK)
        pace_succeeded(&running->pace, host, left_ms);
    value->is_baseline = 1;
    return result;
}

/* A baseline when there was none, or when the one that there was has become too old to be counted on from. */
static int begin_anew(const struct minotor_host *host, const struct running_source *source, struct running *running,
                      const struct running_settings *settings, const int64_t *marks, struct running_value *value)
{
    if (running->pace.failed_ms != 0 && !pace_is_due(&running->pace, minotor_now_ms(host), 0))
        return minotor_fail(host, "%s failed or took too long and will be tried again; a longer timeout may help",
                            source->total.name);
    return take_baseline(host, source, running, settings, marks, value);
}

/* A baseline while another one is there; that one is gone on from when it fails. */
static int renew(const struct minotor_host *host, const struct running_source *source, struct running *running,
                 const struct running_settings *settings, const int64_t *marks, struct running_value *value)
{
    struct running_value known = *value;
    int is_first_try = running->pace.failed_ms == 0;
    int result = take_baseline(host, source, running, settings, marks, value);
    if (result == MINOTOR_OK)
        return MINOTOR_OK;
    *value = known;
    if (is_first_try)
        minotor_log(host, MINOTOR_NOTICE, "%s; the last full count is gone on from", minotor_error(host));
    return MINOTOR_OK;
}

/* Whether rows may have escaped; and up to where they are settled now. */
static int look_ahead(const struct minotor_host *host, const struct running_source *source,
                      const struct running *running, int64_t now_ms, int64_t lag_ms, int64_t *settled_ms, int *suspect)
{
    int64_t newest_ms;
    *settled_ms = running->watermark_ms;
    /* A clock was put back. If it was ours alone, nothing is lost but one baseline. */
    *suspect |= running->watermark_ms > now_ms;
    if (now_ms - lag_ms - running->watermark_ms < lag_ms)
        return MINOTOR_OK;
    int result = read_newest(host, source, &newest_ms);
    if (result != MINOTOR_OK)
        return result;
    *settled_ms = settled_at(newest_ms, now_ms, lag_ms);
    *suspect |= newest_ms < running->watermark_ms;
    return MINOTOR_OK;
}

static int count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                 const struct running_settings *settings, int suspect, const int64_t *marks, struct running_value *value)
{
    int64_t now_ms = minotor_now_ms(host), lag_ms = lag_of(source, settings), settled_ms;
    if (running->watermark_ms == 0)
        return begin_anew(host, source, running, settings, marks, value);
    int result = look_ahead(host, source, running, now_ms, lag_ms, &settled_ms, &suspect);
    if (result != MINOTOR_OK)
        return result;
    suspect |= memcmp(marks, running->marks, sizeof running->marks) != 0;
    int is_due = is_overdue(running, settings, now_ms) ||
                 (suspect && pace_is_due(&running->pace, now_ms, settings->repair_interval_ms));
    if (is_due && settled_ms - running->watermark_ms > RUNNING_STEP_MS)
        return begin_anew(host, source, running, settings, marks, value);
    result = move_watermark(host, source, running, settled_ms, lag_ms);
    if (result == MINOTOR_OK)
        result = count_on(host, source, running, value);
    if (result != MINOTOR_OK)
        return result;
    if (value->rows >= 0 && (!source->has_sum || value->sum >= 0))
        return is_due ? renew(host, source, running, settings, marks, value) : MINOTOR_OK;
    if (is_due || pace_is_due(&running->pace, now_ms, settings->repair_interval_ms))
        return take_baseline(host, source, running, settings, marks, value);
    return minotor_fail(host, "%s: rows have vanished; they will be counted anew", source->total.name);
}

int running_count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                  const struct running_settings *settings, int suspect, struct running_value *value)
{
    int64_t marks[RUNNING_MARKS];
    char reason[MINOTOR_TEXT_MAX] = "";
    memset(value, 0, sizeof *value);
    if (settings->exact)
        return count_exactly(host, source, running, value);
    int result = read_marks(host, source, running, running->marks[0], marks);
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

void running_resume(struct running *running)
{
    running->pace.failed_ms = running->pace.lost_ms = 0;
}
