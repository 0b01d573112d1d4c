/* SPDX-License-Identifier: Apache-2.0 */
/* The families of the collector, and how an engine is asked for them. */
#ifndef DBPOOL_H
#define DBPOOL_H

#include <minotor/collector.h>

#include <stddef.h>
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
#define POOL_FAMILIES (CLOSED_LIFETIME + 1) /* the first ones, of Go's sql.DBStats */
#define FAMILIES_PER_READING 6
#define PARAMETERS_MAX 2
#define ACCOUNT_BYTES 400 /* 'user'@'host': at most 80 and 255 characters, of which only the first may be long */
#define MATTERMOST "mattermost" /* values of the label `pool` */
#define MINOTOR "minotor"

/* What is found out at the beginning of a round, as bits. A query that needs what is not there is not sent. */
enum finding {
    POOL_IS_TOLD = 1,     /* Mattermost's own metrics tell of its pool */
    POOL_IS_WANTED = 2,   /* they do not; neither: these families are unknown already */
    SEES_ALL = 4,         /* MySQL: this account may see other accounts' sessions */
    SHOWS_REPLICA = 8,    /* these three are how a server of MySQL's kind is asked for its replication */
    SHOWS_SLAVE = 16,
    SHOWS_ALL_SLAVES = 32,
    TELLS_APART = 64,     /* MySQL: this account is not Mattermost's, too */
};

/* What the log has a line on, as bits: what this role may not see. */
enum tale {
    TOLD_OF_SESSIONS = 1,
    TOLD_OF_REPLICATION = 2,
};

/* What Mattermost's own metrics were good for when they were last asked. */
enum page_news {
    PAGE_NOT_ASKED = 0,
    PAGE_TELLS,
    PAGE_SILENT,
};

/* From round to round. */
struct dbpool {
    unsigned tales;
    unsigned found; /* of this round */
    enum page_news page_news;
    int64_t replication_refused_ms; /* when; 0: it was not */
    char account[ACCOUNT_BYTES];    /* MySQL: ours, as GRANT wants it */
};

/* One query and what becomes of its rows. */
struct reading {
    struct minotor_query query;
    const char *parameters[PARAMETERS_MAX]; /* MATTERMOST_USER stands for that setting */
    int (*read)(const struct minotor_host *host, struct dbpool *dbpool);
    unsigned needs; /* findings without which its families are absent */
    /* Whether the server's refusal, in minotor_error(), is one that costs no more than the values. NULL: none is. */
    int (*excuses)(const struct minotor_host *host, struct dbpool *dbpool);
    enum family families[FAMILIES_PER_READING]; /* unknown when it fails; rest NO_FAMILY */
};

struct engine {
    const struct reading *readings;
    size_t count;
};

extern const char MATTERMOST_USER[];
extern const struct engine dbpool_postgresql;
extern const struct engine dbpool_mysql;

/* Of both engines: the only number of the only row. */
int read_max_connections(const struct minotor_host *host, struct dbpool *dbpool);
/* Shows Mattermost's pool as far as it is known without the database, and finds POOL_IS_TOLD or POOL_IS_WANTED. */
void mattermost_pool(const struct minotor_host *host, struct dbpool *dbpool);
/* Says once what grant is missing for what is absent. */
void tell_once(struct dbpool *dbpool, enum tale tale, const struct minotor_host *host, const char *text);

#endif
