/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "jobs.h"

/*
 * One pass over all jobs. The last cell is the greatest pair of end and start, as text with leading zeros, so that
 * the start is that of the job which ended last. Jobs that were cancelled before they began have no start.
 */
#define DIGITS 15
#define STARTED "StartAt > 0 AND LastActivityAt >= StartAt"
#define HISTORY_SQL(pair, group)                                                                                 \
    "SELECT Type, Status, COUNT(*), MAX(LastActivityAt), MAX(CASE WHEN " STARTED " THEN " pair " END)"           \
    " FROM Jobs GROUP BY " group

static const struct minotor_query query = {
    .name = "all jobs",
    .postgresql = HISTORY_SQL("(LPAD(LastActivityAt::text, 15, '0') || LPAD(StartAt::text, 15, '0')) COLLATE \"C\"",
                              "Type, Status"),
    .mysql = HISTORY_SQL("CONCAT(LPAD(LastActivityAt, 15, '0'), LPAD(StartAt, 15, '0'))", JOBS_MYSQL_GROUP),
};

static int64_t duration_of(const char *pair)
{
    char end[DIGITS + 1];
    if (strlen(pair) != 2 * DIGITS)
        return -1;
    snprintf(end, sizeof end, "%.*s", DIGITS, pair);
    return strtoll(end, NULL, 10) - strtoll(pair + DIGITS, NULL, 10);
}

static int read_row(const struct minotor_host *host, struct past *past)
{
    snprintf(past->type, sizeof past->type, "%s", cell_text(host, 0));
    snprintf(past->status, sizeof past->status, "%s", cell_text(host, 1));
    past->duration_ms = duration_of(cell_text(host, 4));
    int result = cell_number(host, 2, &past->count);
    return result == MINOTOR_OK ? cell_number_or(host, 3, 0, &past->last_ms) : result;
}

int history_run(const struct minotor_host *host, void *state)
{
    struct jobs *jobs = state;
    size_t count = 0;
    int result = cell_query(host, &query, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        if (count == HISTORY_MAX)
            return minotor_fail(host, "jobs have more than %d types and statuses", HISTORY_MAX);
        if (read_row(host, &jobs->past[count++]) != MINOTOR_OK)
            return MINOTOR_FAILED;
    }
    jobs->past_count = result == MINOTOR_END ? count : 0;
    return result == MINOTOR_END ? MINOTOR_OK : result;
}

static int is_success(const struct past *past)
{
    return strcmp(past->status, "success") == 0 || strcmp(past->status, "warning") == 0;
}

/* A success with warnings is a success; of the two the later one counts. */
static void emit_success(const struct minotor_host *host, const struct jobs *jobs, const struct past *past)
{
    for (size_t i = 0; i < jobs->past_count; i++) {
        const struct past *other = &jobs->past[i];
        if (other != past && is_success(other) && strcmp(other->type, past->type) == 0 &&
            (other->last_ms > past->last_ms || (other->last_ms == past->last_ms && other < past)))
            return;
    }
    minotor_label_f64(host, LAST_SUCCESS, past->type, (double)past->last_ms / 1000);
    if (past->duration_ms >= 0)
        minotor_label_f64(host, LAST_DURATION, past->type, (double)past->duration_ms / 1000);
}

static void emit_count(const struct minotor_host *host, const char *type, const char *status, int64_t count)
{
    const char *const labels[] = { type, status };
    minotor_emit_u64(host, JOB_TOTAL, labels, 2, (uint64_t)count);
}

/* Of jobs that are not done the queue knows better, if it is known. */
void history_emit(const struct minotor_host *host, const void *state)
{
    const struct jobs *jobs = state;
    int has_queue = jobs->tasks[QUEUE].knowledge == TASK_KNOWN;
    int64_t last_ms = 0;
    for (size_t i = 0; i < jobs->past_count; i++) {
        const struct past *past = &jobs->past[i];
        if (!has_queue || !is_waiting(past->status))
            emit_count(host, past->type, past->status, past->count);
        if (is_success(past) && past->last_ms > 0)
            emit_success(host, jobs, past);
        if (strcmp(past->status, "error") == 0 && past->last_ms > 0)
            minotor_label_f64(host, LAST_FAILURE, past->type, (double)past->last_ms / 1000);
        last_ms = past->last_ms > last_ms ? past->last_ms : last_ms;
    }
    for (size_t i = 0; has_queue && i < jobs->waiting_count; i++) {
        const struct waiting *waiting = &jobs->waiting[i];
        emit_count(host, waiting->type, waiting->status, waiting->count);
        last_ms = waiting->heard_ms > last_ms ? waiting->heard_ms : last_ms;
    }
    if (last_ms > 0)
        minotor_set_f64(host, JOB_LAST, (double)last_ms / 1000);
    minotor_set_f64(host, COUNTED, (double)jobs->tasks[HISTORY].pace.done_ms / 1000);
}
