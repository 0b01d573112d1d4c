/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MySQL and MariaDB show an account with the privilege PROCESS all sessions and transactions, another only its own.
 * Dead rows and vacuum are PostgreSQL's. How far a replica is behind is told by no view, but by a statement, which
 * has another name on each kind of server and wants a privilege that no view shows reliably.
 */
#include "cell.h"
#include "dbpool.h"

#include <stdio.h>
#include <string.h>

/* Asked for its replication again after so long: a refusal in each round would fill the server's audit log. */
#define REFUSAL_LASTS_MS (10 * 60 * 1000)

#define VERSION_OF(major, minor, patch) (10000 * (major) + 100 * (minor) + (patch))

/* How this server is asked for its replication. MariaDB can have several sources, each with a name. */
static unsigned replication_of(const char *version)
{
    unsigned major = 0, minor = 0, patch = 0;
    if (strstr(version, "MariaDB") != NULL)
        return SHOWS_ALL_SLAVES;
    if (sscanf(version, "%2u.%2u.%2u", &major, &minor, &patch) != 3)
        return 0;
    return VERSION_OF(major, minor, patch) >= VERSION_OF(8, 0, 22) ? SHOWS_REPLICA : SHOWS_SLAVE;
}

/* A clock that was set back must not silence the question. */
static int refusal_lasts(const struct minotor_host *host, const struct dbpool *dbpool)
{
    int64_t now_ms = minotor_now_ms(host), refused_ms = dbpool->replication_refused_ms;
    return refused_ms != 0 && now_ms >= refused_ms && now_ms - refused_ms < REFUSAL_LASTS_MS;
}

static void tell_of_grant(const struct minotor_host *host, struct dbpool *dbpool, enum tale tale, const char *grant,
                          const char *more)
{
    char text[MINOTOR_TEXT_MAX + ACCOUNT_BYTES];
    snprintf(text, sizeof text, "%s %s%s", grant, dbpool->account, more);
    tell_once(dbpool, tale, host, text);
}

/* Whether Mattermost has this account, too: then nobody can say whose a session is. */
static int shares_account(const struct minotor_host *host, int64_t others, int64_t own)
{
    struct minotor_pool pool = { .size = sizeof pool };
    const char *user = minotor_setting_text(host, "mattermost_user");
    if (user[0] == '\0')
        user = minotor_target(host, "database.mattermost_user");
    if (strcmp(user, minotor_target(host, "database.user")) == 0)
        return 1;
    /* Nobody has said whose the account is, and somebody uses it: an empty pool of Mattermost's is not believed. */
    return others == 0 && minotor_pool(host, &pool) == MINOTOR_OK && own > (int64_t)pool.open;
}

static int read_server(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t seen, others, own;
    int result = cell_only_row(host);
    if (result != MINOTOR_OK)
        return result;
    if (cell_number(host, 0, &seen) != MINOTOR_OK || cell_number(host, 2, &others) != MINOTOR_OK ||
        cell_number(host, 3, &own) != MINOTOR_OK)
        return MINOTOR_FAILED;
    if (seen > 0)
        dbpool->found |= SEES_ALL;
    if (!refusal_lasts(host, dbpool))
        dbpool->found |= replication_of(cell_text(host, 1));
    if (!shares_account(host, others, own))
        dbpool->found |= TELLS_APART;
    else
        tell_once(dbpool, TOLD_OF_SESSIONS, host,
                  "minotor uses the account of Mattermost, so that their sessions cannot be told apart; for "
                  "Mattermost's connections, the oldest transaction and waits for locks: give it one of its own");
    snprintf(dbpool->account, sizeof dbpool->account, "%s", cell_text(host, 4));
    if (seen == 0)
        tell_of_grant(host, dbpool, TOLD_OF_SESSIONS,
                      "this account sees its own sessions only; for Mattermost's connections, the oldest transaction "
                      "and waits for locks: GRANT PROCESS ON *.* TO", "");
    return MINOTOR_OK;
}

static int read_status(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t connected = -1, running = -1;
    int result;
    (void)dbpool;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        int64_t *number = strcmp(cell_text(host, 0), "Threads_connected") == 0 ? &connected : &running;
        if (cell_number(host, 1, number) != MINOTOR_OK)
            return MINOTOR_FAILED;
    }
    if (result != MINOTOR_END)
        return result;
    if (connected < 0 || running < 0)
        return minotor_fail(host, "the server does not say how many threads it has");
    if (running > connected)
        running = connected; /* threads of the server's own */
    minotor_label_u64(host, CONNECTIONS, "active", (uint64_t)running);
    minotor_label_u64(host, CONNECTIONS, "idle", (uint64_t)(connected - running));
    return MINOTOR_OK;
}

static int read_sessions(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t open, idle;
    int result = cell_only_row(host);
    (void)dbpool;
    if (result != MINOTOR_OK)
        return result;
    if (cell_number(host, 0, &open) != MINOTOR_OK || cell_number(host, 1, &idle) != MINOTOR_OK)
        return MINOTOR_FAILED;
    minotor_label_u64(host, OPEN, MATTERMOST, (uint64_t)open);
    minotor_label_u64(host, IDLE, MATTERMOST, (uint64_t)idle);
    minotor_label_u64(host, IN_USE, MATTERMOST, (uint64_t)(open - idle));
    return MINOTOR_OK;
}

static int read_transactions(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t waits, oldest_s;
    int result = cell_only_row(host);
    (void)dbpool;
    if (result != MINOTOR_OK)
        return result;
    if (cell_number(host, 0, &waits) != MINOTOR_OK || cell_number_or(host, 1, 0, &oldest_s) != MINOTOR_OK)
        return MINOTOR_FAILED;
    minotor_set_u64(host, LOCK_WAITS, (uint64_t)waits);
    if (oldest_s > 0) /* else nobody has one open */
        minotor_set_u64(host, OLDEST_TRANSACTION, (uint64_t)oldest_s);
    return MINOTOR_OK;
}

/* Of a row; MariaDB's statement for all sources has two columns more at the beginning. */
#define SECONDS_BEHIND 32
#define SECONDS_BEHIND_OF_ALL 34

/* One row for each source: the furthest behind counts. One that stands still is behind by nobody knows how much. */
static int read_replication(const struct minotor_host *host, struct dbpool *dbpool)
{
    uint32_t column = (dbpool->found & SHOWS_ALL_SLAVES) != 0 ? SECONDS_BEHIND_OF_ALL : SECONDS_BEHIND;
    int64_t furthest = -1, seconds;
    int is_known = 1, result;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        if (cell_number_or(host, column, -1, &seconds) != MINOTOR_OK)
            return MINOTOR_FAILED;
        is_known &= seconds >= 0;
        furthest = seconds > furthest ? seconds : furthest;
    }
    if (result != MINOTOR_END)
        return result;
    if (is_known && furthest >= 0)
        minotor_label_u64(host, REPLICATION_LAG, "local", (uint64_t)furthest);
    return MINOTOR_OK;
}

/* Error 1227 says that a privilege is missing. */
static int excuse_replication(const struct minotor_host *host, struct dbpool *dbpool)
{
    if (strstr(minotor_error(host), "ERROR 1227:") == NULL)
        return 0;
    dbpool->replication_refused_ms = minotor_now_ms(host);
    int is_mariadb = (dbpool->found & SHOWS_ALL_SLAVES) != 0;
    tell_of_grant(host, dbpool, TOLD_OF_REPLICATION,
                  is_mariadb ? "whether this server is a replica is not shown to this account; for how far it is "
                               "behind: GRANT SLAVE MONITOR ON *.* TO"
                             : "whether this server is a replica is not shown to this account; for how far it is "
                               "behind: GRANT REPLICATION CLIENT ON *.* TO",
                  is_mariadb ? ", before MariaDB 10.5 REPLICATION CLIENT" : "");
    return 1;
}

#define OWN_USER "SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"

#define OWN_ACCOUNT "CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"

/* A role may have the privilege for us: then other accounts are seen. */
#define SERVER                                                                                                   \
    "SELECT (SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'PROCESS' AND"       \
    " GRANTEE = " OWN_ACCOUNT ")"                                                                                \
    " + COUNT(CASE WHEN USER <> " OWN_USER " THEN 1 END), VERSION(),"                                            \
    " COUNT(CASE WHEN USER <> " OWN_USER " AND DB = DATABASE() AND COMMAND <> 'Daemon' THEN 1 END),"             \
    " COUNT(CASE WHEN USER = " OWN_USER " AND DB = DATABASE() THEN 1 END), " OWN_ACCOUNT                         \
    " FROM information_schema.PROCESSLIST"

/* One that sleeps within a transaction is in use. */
#define SESSIONS                                                                                                 \
    "SELECT COUNT(*), COUNT(CASE WHEN COMMAND = 'Sleep' AND ID NOT IN"                                           \
    " (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX) THEN 1 END)"                               \
    " FROM information_schema.PROCESSLIST"                                                                       \
    " WHERE DB = DATABASE() AND USER <> " OWN_USER " AND COMMAND <> 'Daemon' AND (? = '' OR USER = ?)"

/* InnoDB tells its times by the clock of the server's zone. */
#define TRANSACTIONS                                                                                             \
    "SELECT COUNT(CASE WHEN trx_state = 'LOCK WAIT' THEN 1 END),"                                                \
    " FLOOR(UNIX_TIMESTAMP(CONVERT_TZ(MIN(trx_started), 'SYSTEM', '+00:00')))"                                   \
    " FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id NOT IN"                                       \
    " (SELECT ID FROM information_schema.PROCESSLIST WHERE USER = " OWN_USER ")"

#define REPLICATION_READING(statement, finding)                                                                  \
    { .query = { .name = "replication", .mysql = (statement) },                                                  \
      .read = read_replication,                                                                                  \
      .needs = (finding),                                                                                        \
      .excuses = excuse_replication,                                                                             \
      .families = { REPLICATION_LAG, NO_FAMILY } }

/* Replication comes last: its statement waits for a STOP REPLICA that is under way. */
static const struct reading readings[] = {
    { .query = { .name = "server and privileges", .mysql = SERVER },
      .read = read_server,
      .families = { OPEN, IN_USE, IDLE, LOCK_WAITS, OLDEST_TRANSACTION, REPLICATION_LAG } },
    { .query = { .name = "threads",
                 .mysql = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Threads_running')" },
      .read = read_status,
      .families = { CONNECTIONS, NO_FAMILY } },
    { .query = { .name = "limit of connections", .mysql = "SELECT @@GLOBAL.max_connections" },
      .read = read_max_connections,
      .families = { MAX_CONNECTIONS, NO_FAMILY } },
    { .query = { .name = "sessions", .mysql = SESSIONS },
      .parameters = { MATTERMOST_USER, MATTERMOST_USER },
      .read = read_sessions,
      .needs = SEES_ALL | TELLS_APART | POOL_IS_WANTED,
      .families = { OPEN, IN_USE, IDLE, NO_FAMILY } },
    { .query = { .name = "transactions", .mysql = TRANSACTIONS },
      .read = read_transactions,
      .needs = SEES_ALL | TELLS_APART,
      .families = { LOCK_WAITS, OLDEST_TRANSACTION, NO_FAMILY } },
    REPLICATION_READING("SHOW ALL SLAVES STATUS", SHOWS_ALL_SLAVES),
    REPLICATION_READING("SHOW REPLICA STATUS", SHOWS_REPLICA),
    REPLICATION_READING("SHOW SLAVE STATUS", SHOWS_SLAVE),
};

const struct engine dbpool_mysql = { readings, sizeof readings / sizeof readings[0] };
