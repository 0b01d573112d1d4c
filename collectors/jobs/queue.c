/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cell.h"
#include "jobs.h"

#define WAITING "'pending', 'in_progress', 'cancel_requested'"
#define HEARD "GREATEST(COALESCE(StartAt, 0), COALESCE(LastActivityAt, 0))"
/* A job that was put back into the queue may have kept the -1 of a failure. */
#define QUEUE_SQL(group)                                                                                         \
    "SELECT Type, Status, COUNT(*), MIN(CreateAt), MIN(" HEARD "), MAX(" HEARD "),"                              \
    " MIN(CASE WHEN Progress BETWEEN 0 AND 100 THEN Progress END) FROM Jobs WHERE Status IN (" WAITING ")"       \
    " GROUP BY " group

int is_waiting(const char *status)
{
    return strcmp(status, "pending") == 0 || strcmp(status, "in_progress") == 0 ||
           strcmp(status, "cancel_requested") == 0;
}

static int read_row(const struct minotor_host *host, struct waiting *waiting)
{
    memset(waiting, 0, sizeof *waiting); /* rows are compared as bytes */
    snprintf(waiting->type, sizeof waiting->type, "%s", cell_text(host, 0));
    snprintf(waiting->status, sizeof waiting->status, "%s", cell_text(host, 1));
    int result = cell_number(host, 2, &waiting->count);
    if (result == MINOTOR_OK)
        result = cell_number_or(host, 3, -1, &waiting->created_ms);
    if (result == MINOTOR_OK)
        result = cell_number(host, 4, &waiting->stalest_ms);
    if (result == MINOTOR_OK)
        result = cell_number(host, 5, &waiting->heard_ms);
    return result == MINOTOR_OK ? cell_number_or(host, 6, -1, &waiting->progress) : result;
}

/* What has left the queue is in the history now. Rows come in any order; a needless look at the history is cheap. */
static int has_changed(const struct jobs *jobs, const struct waiting *now, size_t count)
{
    if (count != jobs->waiting_count)
        return 1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(now[i].type, jobs->waiting[i].type) != 0 || strcmp(now[i].status, jobs->waiting[i].status) != 0 ||
            now[i].count != jobs->waiting[i].count || now[i].created_ms != jobs->waiting[i].created_ms)
            return 1;
    return 0;
}

int queue_run(const struct minotor_host *host, void *state)
{
    static const struct minotor_query query = { .name = "waiting jobs",
                                                .postgresql = QUEUE_SQL("Type, Status"),
                                                .mysql = QUEUE_SQL(JOBS_MYSQL_GROUP) };
    struct jobs *jobs = state;
    struct waiting rows[QUEUE_MAX];
    size_t count = 0;
    int result = cell_query(host, &query, NULL, 0);
    if (result != MINOTOR_OK)
        return result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        if (count == QUEUE_MAX)
            return minotor_fail(host, "jobs of more than %d types are waiting", QUEUE_MAX);
        if (read_row(host, &rows[count]) != MINOTOR_OK)
            return MINOTOR_FAILED;
        count += (size_t)is_waiting(rows[count].status); /* MySQL also finds what only looks like it */
    }
    if (result != MINOTOR_END)
        return result;
    if (has_changed(jobs, rows, count))
        jobs->tasks[HISTORY].is_stale = 1;
    memcpy(jobs->waiting, rows, count * sizeof rows[0]);
    jobs->waiting_count = count;
    return MINOTOR_OK;
}

static void emit_time(const struct minotor_host *host, enum family family, const char *type, int64_t ms)
{
    if (ms > 0)
        minotor_label_f64(host, family, type, (double)ms / 1000);
}

void queue_emit(const struct minotor_host *host, const void *state)
{
    const struct jobs *jobs = state;
    for (size_t i = 0; i < jobs->waiting_count; i++) {
        const struct waiting *waiting = &jobs->waiting[i];
        if (strcmp(waiting->status, "pending") == 0) {
            emit_time(host, OLDEST_PENDING, waiting->type, waiting->created_ms);
        } else if (strcmp(waiting->status, "in_progress") == 0) {
            emit_time(host, LAST_ACTIVITY, waiting->type, waiting->stalest_ms);
            if (waiting->progress >= 0)
                minotor_label_f64(host, PROGRESS, waiting->type, (double)waiting->progress / 100);
        } else {
            emit_time(host, OLDEST_CANCEL_REQUEST, waiting->type, waiting->stalest_ms);
        }
    }
}
