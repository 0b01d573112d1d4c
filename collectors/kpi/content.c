/* SPDX-License-Identifier: Apache-2.0 */
/* Posts and files: tables that grow without end, so they are counted on from a baseline. */
#include <string.h>

#include "cell.h"
#include "kpi.h"

/* These do not count as messages in Mattermost's own counters. */
#define UNCOUNTED_TYPES                                                                                          \
    "('system_join_leave', 'system_add_remove', 'system_join_channel', 'system_leave_channel',"                  \
    " 'system_join_team', 'system_leave_team', 'system_add_to_channel', 'system_remove_from_channel',"           \
    " 'system_add_to_team', 'system_remove_from_team', 'burn_on_read')"
#define MESSAGES_OF "COUNT(CASE WHEN Type IN " UNCOUNTED_TYPES " THEN NULL ELSE 1 END)"

#define BOTH(text) .postgresql = (text), .mysql = (text)

static const struct running_source posts_source = {
    .total = { .name = "count of posts", BOTH("SELECT COUNT(*), 0 FROM Posts WHERE DeleteAt = 0") },
    .window = { .name = "recent posts", RUNNING_WINDOW("Posts", MESSAGES_OF, RUNNING_NO_COPY) },
    .newest = { .name = "time of posts", RUNNING_NEWEST("Posts") },
    .marks = { .name = "signs of purged posts", RUNNING_MARKS_OF("Posts") },
};

#define SIZES "COALESCE(SUM(Size), 0)"

static const struct running_source files_source = {
    .total = { .name = "count of files", BOTH("SELECT COUNT(*), " SIZES " FROM FileInfo WHERE DeleteAt = 0") },
    .window = { .name = "recent files", RUNNING_WINDOW("FileInfo", SIZES, "") },
    .newest = { .name = "time of files", RUNNING_NEWEST("FileInfo") },
    .marks = { .name = "signs of purged files", RUNNING_MARKS_OF("FileInfo") },
    .delay_ms = RUNNING_UPLOAD_MS,
    .has_sum = 1,
};

/* Whether this round's figures, or those of the round before, speak of posts that the running count has missed. */
static int watch_imports(struct kpi *kpi, const struct running_value *value, int64_t now_ms)
{
    struct import_watch *imports = &kpi->saved.imports;
    if (value->is_baseline) {
        *imports = (struct import_watch){ .since_ms = now_ms };
        return 0;
    }
    if (kpi->messages_grown < 0)
        return imports->suspects != 0;
    imports->messages += kpi->messages_grown;
    int64_t difference = imports->messages - value->created_sum;
    if (difference > imports->highest)
        imports->highest = difference;
    if (now_ms < imports->since_ms || now_ms - imports->since_ms >= kpi->running.lag_ms) {
        imports->suspects |= imports->highest > imports->highest_before;
        imports->highest_before = imports->highest;
        imports->highest = difference;
        imports->since_ms = now_ms;
    }
    return imports->suspects != 0;
}

int posts_run(const struct minotor_host *host, void *state)
{
    struct kpi *kpi = state;
    struct running_value value;
    int suspect = kpi->saved.imports.suspects != 0 || kpi->saved.vanished_posts;
    int result = running_count(host, &posts_source, &kpi->saved.posts, &kpi->running, suspect, &value);
    if (result != MINOTOR_OK)
        return result;
    kpi->posts = value.rows;
    if (watch_imports(kpi, &value, minotor_now_ms(host)))
        kpi->saved.imports.suspects = 1;
    if (value.is_baseline)
        kpi->saved.vanished_posts = 0;
    return MINOTOR_OK;
}

void posts_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, POSTS, (uint64_t)kpi->posts);
    minotor_label_f64(host, COUNTED, "posts", (double)kpi->saved.posts.pace.done_ms / 1000);
}

int files_run(const struct minotor_host *host, void *state)
{
    struct kpi *kpi = state;
    struct running_value value;
    int suspect = kpi->saved.vanished_files != 0;
    int result = running_count(host, &files_source, &kpi->saved.files, &kpi->running, suspect, &value);
    if (result != MINOTOR_OK)
        return result;
    if (value.is_baseline)
        kpi->saved.vanished_files = 0;
    kpi->files = value.rows;
    kpi->files_size = value.sum;
    return MINOTOR_OK;
}

void files_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    minotor_set_u64(host, FILES, (uint64_t)kpi->files);
    minotor_set_u64(host, FILES_SIZE, (uint64_t)kpi->files_size);
    minotor_label_f64(host, COUNTED, "files", (double)kpi->saved.files.pace.done_ms / 1000);
}

/* Of no posts there is no newest: then the families are empty, not 1970. */
int newest_post_run(const struct minotor_host *host, void *state)
{
    /* MySQL would rather read all rows with DeleteAt = 0 than walk the other index back from its end. */
    static const struct minotor_query newest = {
        .name = "newest post",
        .postgresql = "SELECT MAX(CreateAt) FROM Posts WHERE DeleteAt = 0",
        .mysql = "SELECT (SELECT CreateAt FROM Posts FORCE INDEX (idx_posts_create_at) WHERE DeleteAt = 0"
                 " ORDER BY CreateAt DESC LIMIT 1)",
    };
    struct kpi *kpi = state;
    int result = cell_query(host, &newest, NULL, 0);
    if (result == MINOTOR_OK)
        result = cell_only_row(host);
    return result == MINOTOR_OK ? cell_number_or(host, 0, -1, &kpi->newest_post_ms) : result;
}

void newest_post_emit(const struct minotor_host *host, const void *state)
{
    const struct kpi *kpi = state;
    if (kpi->newest_post_ms < 0)
        return;
    minotor_set_u64(host, LAST_POST_DATE, (uint64_t)kpi->newest_post_ms);
    minotor_set_f64(host, LAST_POST_TIMESTAMP, (double)kpi->newest_post_ms / 1000);
}
