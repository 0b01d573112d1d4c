/* SPDX-License-Identifier: Apache-2.0 */
/* The families of the collector, and how an engine is asked for them. */
#ifndef DBPOOL_H
#define DBPOOL_H

#include <minotor/collector.h>

#include <stdint.h>

enum family {
    MAX_OPEN,
    OPEN,
    IN_USE,
    IDLE,
    WAIT_COUNT,
    WAIT_DURATION,
    CLOSED_MAX_IDLE,
    CLOSED_IDLE_TIME,
    CLOSED_LIFETIME,
    CONNECTIONS,
    MAX_CONNECTIONS,
    OLDEST_TRANSACTION,
    LOCK_WAITS,
    REPLICATION_LAG,
    DEAD_ROWS,
    LAST_VACUUM,
    FAMILY_COUNT
};

#define NO_FAMILY FAMILY_COUNT
#define FAMILIES_PER_READING 5
#define PARAMETERS_MAX 2
#define MATTERMOST "mattermost" /* values of the label `pool` */
#define MINOTOR "minotor"

/* From round to round. */
struct dbpool {
    int told;     /* the log has a line on what this role may not see */
    int sees_all; /* MySQL: it may see other accounts' sessions; found out in each round */
};

/* One query and what becomes of its rows. */
struct reading {
    struct minotor_query query;
    const char *parameters[PARAMETERS_MAX]; /* MATTERMOST_USER stands for that setting */
    int (*read)(const struct minotor_host *host, struct dbpool *dbpool);
    int needs_all;                             /* not asked where sees_all is 0: its families are absent */
    enum family families[FAMILIES_PER_READING]; /* unknown when it fails; rest NO_FAMILY */
};

struct engine {
    const struct reading *readings;
    size_t count;
};

extern const char MATTERMOST_USER[];
extern const struct engine dbpool_postgresql;
extern const struct engine dbpool_mysql;

/* A whole number in a cell. 0: NULL, or not one. */
int cell_number(const struct minotor_host *host, uint32_t column, int64_t *number);
/* Moves to the row of a query that has one; MINOTOR_FAILED when it has none. */
int only_row(const struct minotor_host *host);
/* Says once what grant is missing for what is absent. */
void tell_once(struct dbpool *dbpool, const struct minotor_host *host, const char *text);

#endif
