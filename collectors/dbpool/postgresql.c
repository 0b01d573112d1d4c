/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL shows every role who is connected, and a member of pg_read_all_stats also what they do. */
#include "cell.h"
#include "dbpool.h"

#include <stdio.h>
#include <string.h>

#define STATE_BYTES 40
#define STATES_MAX 10

/* Those that are shown even if nobody is in them. */
static const char *const usual_states[] = { "active", "idle", "idle_in_transaction" };

struct states {
    char name[STATES_MAX][STATE_BYTES];
    int64_t count[STATES_MAX];
    size_t size;
};

static void add_state(struct states *states, const char *name, int64_t count)
{
    size_t i = 0;
    while (i < states->size && strcmp(states->name[i], name) != 0)
        i++;
    if (i == STATES_MAX)
        i--; /* servers have seven */
    if (i == states->size)
        snprintf(states->name[states->size++], STATE_BYTES, "%s", name);
    states->count[i] += count;
}

/* What the rows of the query "sessions" come to. */
struct sessions {
    struct states states;
    int64_t hidden;
    int64_t mattermost, mattermost_idle, mattermost_hidden;
    int64_t oldest_ms; /* 0: none */
};

/* Columns: whether they are Mattermost's, state or NULL for what is hidden, how many, oldest transaction. */
static int add_row(const struct minotor_host *host, struct sessions *sessions)
{
    const char *state = minotor_cell(host, 1);
    int64_t is_mattermost, count, oldest_ms;
    if (cell_number_or(host, 0, 0, &is_mattermost) != MINOTOR_OK || cell_number(host, 2, &count) != MINOTOR_OK ||
        cell_number_or(host, 3, 0, &oldest_ms) != MINOTOR_OK)
        return MINOTOR_FAILED;
    add_state(&sessions->states, state != NULL ? state : "unknown", count);
    if (state == NULL)
        sessions->hidden += count;
    if (oldest_ms > 0 && (sessions->oldest_ms == 0 || oldest_ms < sessions->oldest_ms))
        sessions->oldest_ms = oldest_ms;
    if (!is_mattermost)
        return MINOTOR_OK;
    sessions->mattermost += count;
    if (state == NULL)
        sessions->mattermost_hidden += count;
    else if (strcmp(state, "idle") == 0)
        sessions->mattermost_idle += count;
    return MINOTOR_OK;
}

static void emit_pool(const struct minotor_host *host, const struct sessions *sessions)
{
    minotor_label_u64(host, OPEN, MATTERMOST, (uint64_t)sessions->mattermost);
    if (sessions->mattermost_hidden > 0)
        return;
    minotor_label_u64(host, IDLE, MATTERMOST, (uint64_t)sessions->mattermost_idle);
    minotor_label_u64(host, IN_USE, MATTERMOST, (uint64_t)(sessions->mattermost - sessions->mattermost_idle));
}

static void tell_what_is_hidden(const struct minotor_host *host, struct dbpool *dbpool)
{
    char text[MINOTOR_TEXT_MAX];
    snprintf(text, sizeof text,
             "this role does not see what other sessions do; for connections in use, the oldest transaction and "
             "the lag of replicas: GRANT pg_read_all_stats TO \"%s\"",
             minotor_target(host, "database.user"));
    tell_once(dbpool, TOLD_OF_SESSIONS, host, text);
}

static int read_sessions(const struct minotor_host *host, struct dbpool *dbpool)
{
    struct sessions sessions = { .hidden = 0 };
    int result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK)
        if (add_row(host, &sessions) != MINOTOR_OK)
            return MINOTOR_FAILED;
    if (result != MINOTOR_END)
        return result;
    for (size_t i = 0; sessions.hidden == 0 && i < sizeof usual_states / sizeof usual_states[0]; i++)
        add_state(&sessions.states, usual_states[i], 0);
    for (size_t i = 0; i < sessions.states.size; i++)
        minotor_label_u64(host, CONNECTIONS, sessions.states.name[i], (uint64_t)sessions.states.count[i]);
    if ((dbpool->found & POOL_IS_WANTED) != 0)
        emit_pool(host, &sessions);
    if (sessions.hidden > 0)
        tell_what_is_hidden(host, dbpool);
    else if (sessions.oldest_ms > 0)
        minotor_set_f64(host, OLDEST_TRANSACTION, (double)sessions.oldest_ms / 1000);
    return MINOTOR_OK;
}

static int read_lock_waits(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t number;
    int result = cell_only_row(host);
    (void)dbpool;
    if (result == MINOTOR_OK)
        result = cell_number(host, 0, &number);
    if (result == MINOTOR_OK)
        minotor_set_u64(host, LOCK_WAITS, (uint64_t)number);
    return result;
}

/* Columns: name, microseconds or NULL for what is not known, whether they are hidden from this role. */
static int read_replication(const struct minotor_host *host, struct dbpool *dbpool)
{
    int result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        int64_t lag_us, is_hidden;
        if (cell_number_or(host, 1, -1, &lag_us) != MINOTOR_OK || cell_number(host, 2, &is_hidden) != MINOTOR_OK)
            return MINOTOR_FAILED;
        if (is_hidden)
            tell_what_is_hidden(host, dbpool);
        else if (lag_us >= 0)
            minotor_label_f64(host, REPLICATION_LAG, cell_text(host, 0), (double)lag_us / 1e6);
    }
    return result == MINOTOR_END ? MINOTOR_OK : result;
}

static int read_tables(const struct minotor_host *host, struct dbpool *dbpool)
{
    int result;
    (void)dbpool;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        int64_t dead, vacuumed_ms;
        if (cell_number(host, 1, &dead) != MINOTOR_OK || cell_number_or(host, 2, -1, &vacuumed_ms) != MINOTOR_OK)
            return MINOTOR_FAILED;
        minotor_label_u64(host, DEAD_ROWS, cell_text(host, 0), (uint64_t)dead);
        if (vacuumed_ms >= 0)
            minotor_label_f64(host, LAST_VACUUM, cell_text(host, 0), (double)vacuumed_ms / 1000);
    }
    return result == MINOTOR_END ? MINOTOR_OK : result;
}

/* Of sessions that it may not look into a role sees neither state nor kind; those of no database are no clients. */
#define SESSIONS                                                                                                 \
    "SELECT (here AND NOT ours AND ($1::text = '' OR usename = $1::text))::int,"                                 \
    " translate(replace(state, ' (aborted)', '_aborted'), ' ', '_'), COUNT(*),"                                  \
    " floor(extract(epoch FROM MIN(xact_start) FILTER (WHERE here AND NOT ours)) * 1000)::bigint"                \
    " FROM (SELECT usename, state, xact_start, datname = current_database() AS here,"                            \
    " usename = current_user AND application_name LIKE 'minotor/%' AS ours FROM pg_catalog.pg_stat_activity"     \
    " WHERE datid IS NOT NULL AND COALESCE(backend_type, 'client backend') = 'client backend') AS clients"       \
    " GROUP BY 1, 2"

#define LOCK_WAITS_SQL                                                                                           \
    "SELECT COUNT(DISTINCT pid) FROM pg_catalog.pg_locks WHERE NOT granted AND pid IN"                           \
    " (SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = current_database())"

/*
 * One that has replayed all that it was sent is not behind, however long nothing was written. A replica that receives
 * nothing cannot say that of itself: it may be behind by all the time since its last transaction.
 */
#define REPLICATION                                                                                              \
    "SELECT application_name || CASE WHEN COUNT(*) OVER (PARTITION BY application_name) > 1"                     \
    " THEN '-' || pid ELSE '' END, CASE WHEN sent_lsn = replay_lsn THEN 0"                                       \
    " ELSE floor(extract(epoch FROM replay_lag) * 1000000)::bigint END, (state IS NULL)::int"                    \
    " FROM pg_catalog.pg_stat_replication"                                                                       \
    " UNION ALL SELECT 'local', CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"                  \
    " AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0"                                           \
    " WHEN pg_last_xact_replay_timestamp() > clock_timestamp() THEN 0"                                           \
    " ELSE floor(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint END" \
    ", 0 WHERE pg_is_in_recovery()"

#define TABLES                                                                                                   \
    "SELECT lower(relname), n_dead_tup,"                                                                         \
    " floor(extract(epoch FROM GREATEST(last_vacuum, last_autovacuum)) * 1000)::bigint"                          \
    " FROM pg_catalog.pg_stat_all_tables WHERE relid IN"                                                         \
    " (SELECT to_regclass(name)::oid FROM unnest(string_to_array($1::text, ',')) AS name)"

/* Those that grow with use; the rest of the schema is small. */
#define BIG_TABLES                                                                                               \
    "Posts,Reactions,FileInfo,Channels,ChannelMembers,ChannelMemberHistory,Threads,ThreadMemberships,Users,"     \
    "Sessions,Status,Preferences,Audits,Jobs,Drafts,PluginKeyValueStore"

static const struct reading readings[] = {
    { .query = { .name = "sessions", .postgresql = SESSIONS },
      .parameters = { MATTERMOST_USER },
      .read = read_sessions,
      .families = { OPEN, IN_USE, IDLE, CONNECTIONS, OLDEST_TRANSACTION, NO_FAMILY } },
    { .query = { .name = "limit of connections",
                 .postgresql = "SELECT current_setting('max_connections')::bigint" },
      .read = read_max_connections,
      .families = { MAX_CONNECTIONS, NO_FAMILY } },
    { .query = { .name = "waits for locks", .postgresql = LOCK_WAITS_SQL },
      .read = read_lock_waits,
      .families = { LOCK_WAITS, NO_FAMILY } },
    { .query = { .name = "replication", .postgresql = REPLICATION },
      .read = read_replication,
      .families = { REPLICATION_LAG, NO_FAMILY } },
    { .query = { .name = "dead rows", .postgresql = TABLES },
      .parameters = { BIG_TABLES },
      .read = read_tables,
      .families = { DEAD_ROWS, LAST_VACUUM, NO_FAMILY } },
};

const struct engine dbpool_postgresql = { readings, sizeof readings / sizeof readings[0] };
