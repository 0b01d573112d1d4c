/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A count of rows in a table that is too large to be counted in each round: counted exactly once in a while, the
 * baseline, and from there on by what was created and deleted since a watermark, which an index finds.
 *
 *     rows now = settled rows at the watermark + created after it - deleted after it
 *
 * The watermark follows the newest row that can be seen at a distance, the lag: by then the clocks of all servers of
 * Mattermost have passed it and every transaction has committed. It does not follow our clock, which may be ahead of
 * theirs, while the database may be a replica that lags behind; ours only says which rows are of the future. What
 * came after the watermark is counted anew in each round, so nothing is counted too early.
 *
 * Rows that vanish, and rows that come with an old time of creation, escape this. The marks of a source are values
 * that change when that happens; then the baseline is renewed early. Shared by the collectors that ask the database.
 */
#ifndef COLLECTORS_RUNNING_H
#define COLLECTORS_RUNNING_H

#include <minotor/collector.h>

#include "task.h"

#define RUNNING_MARKS 3
/*
 * So much is settled with one query, and twice as much with the next when that had few rows: a pause of days takes
 * several, each of which counts, and if need be several rounds.
 */
#define RUNNING_STEP_MS (INT64_C(6) * 3600 * 1000)
#define RUNNING_STEP_ROWS 10000

/* Kept across the life of a worker: plain numbers only. */
struct running {
    int64_t watermark_ms; /* 0: there is no baseline */
    int64_t rows;         /* that exist and were settled at the watermark; can be negative between corrections */
    int64_t sum;          /* of whatever the source sums up over these rows */
    int64_t created_sum;  /* of all rows created between baseline and watermark, deleted since or not */
    int64_t marks[RUNNING_MARKS]; /* at the baseline */
    int64_t is_blind;             /* marks cannot be read, and it was said so */
    struct pace pace;     /* of the baseline */
};

/*
 * Queries, each of one row. Tables without an index on CreateAt and DeleteAt cannot be sources.
 *   total   rows, sum                                                     no parameters
 *   window  rows and sum created, rows and sum deleted                    (from, to] of creation, (from, to] of deletion
 *   newest  times of the last creation and deletion, or NULLs             no parameters
 *   marks   RUNNING_MARKS numbers or NULLs                                the first of the marks at the baseline
 */
struct running_source {
    struct minotor_query total;
    struct minotor_query window;
    struct minotor_query newest;
    struct minotor_query marks;
    int64_t delay_ms; /* how long a row can take from its time of creation to being there, beyond the lag */
    int has_sum;      /* the sum is one that cannot be less than none */
};

/* Of files: they bear the time at which the upload began, and Mattermost waits five minutes for its end by default. */
#define RUNNING_UPLOAD_MS (10 * 60 * 1000)

/* Of posts: an edit leaves a copy of the old row, deleted from birth, with the time of creation of the original. */
#define RUNNING_NO_COPY " AND OriginalId = ''"

/* A window in both dialects, of the rows of a table that meet a condition. */
#define RUNNING_WINDOW_SQL(table, sum, condition, p1, p2, p3, p4)                                                \
    "SELECT c.n, c.s, d.n, d.s FROM (SELECT COUNT(*) AS n, " sum " AS s FROM " table " WHERE CreateAt > " p1     \
    " AND CreateAt <= " p2 condition ") c, (SELECT COUNT(*) AS n, " sum " AS s FROM " table                      \
    " WHERE DeleteAt > " p3 " AND DeleteAt <= " p4 condition ") d"
#define RUNNING_WINDOW(table, sum, condition)                                                                    \
    .postgresql = RUNNING_WINDOW_SQL(table, sum, condition, "$1::bigint", "$2::bigint", "$3::bigint", "$4::bigint"), \
    .mysql = RUNNING_WINDOW_SQL(table, sum, condition, "?", "?", "?", "?")

/* One step back from the end of each index. Whatever the row is, it shows what time it is for Mattermost. */
#define RUNNING_NEWEST_SQL(table) "SELECT MAX(CreateAt), MAX(DeleteAt) FROM " table
#define RUNNING_NEWEST(table) .postgresql = RUNNING_NEWEST_SQL(table), .mysql = RUNNING_NEWEST_SQL(table)

/*
 * Marks of a table. The oldest row is another when old ones went; a purge by retention and an import are jobs;
 * PostgreSQL counts deleted rows by itself, and tells everybody, but only where they are deleted, not on a replica.
 * The oldest is looked for from where it was: what was purged stays in the index until vacuum, and a replica has to
 * walk over it each time.
 */
#define RUNNING_OLDEST(table, p1) "(SELECT MIN(CreateAt) FROM " table " WHERE CreateAt >= " p1 ")"
#define RUNNING_JOBS_DONE                                                                                        \
    "(SELECT MAX(LastActivityAt) FROM Jobs WHERE Status = 'success'"                                             \
    " AND Type IN ('data_retention', 'import_process'))"
#define RUNNING_MARKS_OF(table)                                                                                  \
    .postgresql = "SELECT " RUNNING_OLDEST(table, "$1::bigint") ", " RUNNING_JOBS_DONE                           \
                  ", pg_stat_get_tuples_deleted(to_regclass('" table "'))",                                      \
    .mysql = "SELECT " RUNNING_OLDEST(table, "?") ", " RUNNING_JOBS_DONE ", NULL"

struct running_settings {
    int64_t lag_ms;
    int64_t baseline_interval_ms;
    int64_t repair_interval_ms; /* a suspicion is looked into so long after a baseline at the earliest */
    int exact;                  /* the total in each round */
    uint64_t salt;              /* not all targets are to have their baselines in the same minute */
};

struct running_value {
    int64_t rows;
    int64_t sum;
    int64_t created_sum; /* since the baseline */
    int is_baseline;     /* counted in full just now */
};

/* The settings of a collector that has a source. */
#define RUNNING_SETTINGS                                                                                         \
    { .name = "exact",                                                                                           \
      .type = MINOTOR_SETTING_BOOLEAN,                                                                           \
      .default_value = "false",                                                                                  \
      .help = "Count everything in full in each round, whatever it costs the database." },                       \
        { .name = "baseline_interval",                                                                           \
          .type = MINOTOR_SETTING_DURATION,                                                                      \
          .default_value = "24h",                                                                                \
          .minimum = 100,                                                                                        \
          .maximum = INT64_C(31) * 24 * 3600 * 1000,                                                             \
          .help = "How often large tables are counted in full; in between, values are counted on from there." }, \
        { .name = "repair_interval",                                                                             \
          .type = MINOTOR_SETTING_DURATION,                                                                      \
          .default_value = "1m",                                                                                 \
          .minimum = 0,                                                                                          \
          .maximum = INT64_C(31) * 24 * 3600 * 1000,                                                             \
          .help = "The shortest time from one full count to the next, when rows were purged or imported." },     \
    {                                                                                                            \
        .name = "lag", .type = MINOTOR_SETTING_DURATION, .default_value = "2m", .minimum = 100,                  \
        .maximum = 3600 * 1000, .help = "How far the clocks of Mattermost's servers may differ from each other."  \
    }

/* Tells databases from each other: counts of one must not be counted on with another. */
uint64_t running_identity(const struct minotor_host *host);

void running_read_settings(const struct minotor_host *host, struct running_settings *settings);

/* What a worker before this one has kept. This one may have more time: a baseline that failed is tried at once. */
void running_resume(struct running *running);

/*
 * The rows that exist now.
 * @param suspect  the caller has a reason of its own to doubt the baseline
 * @return MINOTOR_OK; else `running` is as good as it was before, and minotor_error() says why
 */
int running_count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                  const struct running_settings *settings, int suspect, struct running_value *value);

#endif
