/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A count of rows in a table that is too large to be counted in each round: counted exactly once in a while, the
 * baseline, and from there on by what was created and deleted since a watermark, which an index finds.
 *
 *     rows now = settled rows at the watermark + created after it - deleted after it
 *
 * The watermark follows the clock at a distance, the lag: by then every server's clock has passed it and every
 * transaction has committed. What came after it is counted anew in each round, so nothing is counted too early.
 *
 * Rows that vanish, and rows that come with an old time of creation, escape this. The marks of a source are values
 * that change when that happens; then the baseline is renewed early. Shared by the collectors that ask the database.
 */
#ifndef COLLECTORS_RUNNING_H
#define COLLECTORS_RUNNING_H

#include <minotor/collector.h>

#include "task.h"

#define RUNNING_MARKS 3

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
 *   marks   RUNNING_MARKS numbers or NULLs                                no parameters
 */
struct running_source {
    struct minotor_query total;
    struct minotor_query window;
    struct minotor_query marks;
    int has_sum; /* the sum is one that cannot be less than none */
};

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

/*
 * Marks of a table. The oldest row is another when old ones went or came; a purge by retention and an import are
 * jobs; PostgreSQL counts deleted rows by itself, and tells everybody.
 */
#define RUNNING_JOBS_DONE                                                                                        \
    "(SELECT MAX(LastActivityAt) FROM Jobs WHERE Status = 'success'"                                             \
    " AND Type IN ('data_retention', 'import_process'))"
#define RUNNING_MARKS_OF(table)                                                                                  \
    .postgresql = "SELECT (SELECT MIN(CreateAt) FROM " table "), " RUNNING_JOBS_DONE                             \
                  ", pg_stat_get_tuples_deleted(to_regclass('" table "'))",                                      \
    .mysql = "SELECT (SELECT MIN(CreateAt) FROM " table "), " RUNNING_JOBS_DONE ", NULL"

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
    int has_moved;       /* the watermark has */
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
        .maximum = 3600 * 1000, .help = "How far the clocks of Mattermost's servers and ours may differ."        \
    }

/* Tells databases from each other: counts of one must not be counted on with another. */
uint64_t running_identity(const struct minotor_host *host);

void running_read_settings(const struct minotor_host *host, struct running_settings *settings);

/*
 * The rows that exist now.
 * @param suspect  the caller has a reason of its own to doubt the baseline
 * @return MINOTOR_OK; else `running` is as good as it was before, and minotor_error() says why
 */
int running_count(const struct minotor_host *host, const struct running_source *source, struct running *running,
                  const struct running_settings *settings, int suspect, struct running_value *value);

#endif
