/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MySQL and MariaDB show an account with the privilege PROCESS all sessions and transactions, another only its own.
 * Dead rows and vacuum are PostgreSQL's. How far a replica is behind is told by no view that all servers have.
 */
#include "dbpool.h"

#include <string.h>

static int read_privilege(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t count = 0;
    int result = only_row(host);
    if (result != MINOTOR_OK)
        return result;
    dbpool->sees_all = cell_number(host, 0, &count) && count > 0;
    if (!dbpool->sees_all)
        tell_once(dbpool, host,
                  "this account sees its own sessions only; for Mattermost's connections, the oldest transaction and "
                  "waits for locks: GRANT PROCESS ON *.* TO it");
    return MINOTOR_OK;
}

static int read_status(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t connected = -1, running = -1, number;
    int result;
    (void)dbpool;
    while ((result = minotor_next_row(host)) == MINOTOR_OK) {
        const char *name = minotor_cell(host, 0);
        if (name == NULL || !cell_number(host, 1, &number))
            continue;
        if (strcmp(name, "Threads_connected") == 0)
            connected = number;
        else if (strcmp(name, "Threads_running") == 0)
            running = number;
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

static int read_max_connections(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t number;
    int result = only_row(host);
    (void)dbpool;
    if (result == MINOTOR_OK && cell_number(host, 0, &number))
        minotor_set_u64(host, MAX_CONNECTIONS, (uint64_t)number);
    return result;
}

/* One account for both: then nobody can say whose a session is. */
static int shares_account(const struct minotor_host *host)
{
    const char *user = minotor_setting_text(host, "mattermost_user");
    return user[0] != '\0' && strcmp(user, minotor_target(host, "database.user")) == 0;
}

static int read_sessions(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t open, idle;
    int result = only_row(host);
    if (result != MINOTOR_OK)
        return result;
    if (shares_account(host)) {
        tell_once(dbpool, host,
                  "minotor uses the account of Mattermost, so that their connections cannot be told apart");
        return MINOTOR_OK;
    }
    if (!cell_number(host, 0, &open) || !cell_number(host, 1, &idle))
        return minotor_fail(host, "the database gave something else than numbers");
    minotor_label_u64(host, OPEN, MATTERMOST, (uint64_t)open);
    minotor_label_u64(host, IDLE, MATTERMOST, (uint64_t)idle);
    minotor_label_u64(host, IN_USE, MATTERMOST, (uint64_t)(open - idle));
    return MINOTOR_OK;
}

static int read_transactions(const struct minotor_host *host, struct dbpool *dbpool)
{
    int64_t waits, oldest_s;
    int result = only_row(host);
    (void)dbpool;
    if (result != MINOTOR_OK)
        return result;
    if (!cell_number(host, 0, &waits))
        return minotor_fail(host, "the database gave something else than a number");
    minotor_set_u64(host, LOCK_WAITS, (uint64_t)waits);
    if (cell_number(host, 1, &oldest_s)) /* NULL: nobody has one open */
        minotor_set_u64(host, OLDEST_TRANSACTION, (uint64_t)oldest_s);
    return MINOTOR_OK;
}

#define OWN_USER "SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"

/* A role may have the privilege for us: then other accounts are seen. */
#define PRIVILEGE                                                                                                \
    "SELECT (SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'PROCESS' AND"       \
    " GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), ''''))"                                      \
    " + (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER <> " OWN_USER ")"

/* A session that sleeps within a transaction is one that Mattermost has in use. */
#define SESSIONS                                                                                                 \
    "SELECT COUNT(*), COUNT(CASE WHEN COMMAND = 'Sleep' AND ID NOT IN (SELECT trx_mysql_thread_id FROM"          \
    " information_schema.INNODB_TRX) THEN 1 END) FROM information_schema.PROCESSLIST"                            \
    " WHERE DB = DATABASE() AND USER <> " OWN_USER " AND COMMAND <> 'Daemon' AND (? = '' OR USER = ?)"

/* InnoDB tells its times by the clock of the server's zone. */
#define TRANSACTIONS                                                                                             \
    "SELECT COUNT(CASE WHEN trx_state = 'LOCK WAIT' THEN 1 END),"                                                \
    " FLOOR(UNIX_TIMESTAMP(CONVERT_TZ(MIN(trx_started), 'SYSTEM', '+00:00')))"                                   \
    " FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id NOT IN"                                       \
    " (SELECT ID FROM information_schema.PROCESSLIST WHERE USER = " OWN_USER ")"

static const struct reading readings[] = {
    { .query = { .name = "privileges", .mysql = PRIVILEGE },
      .read = read_privilege,
      .families = { OPEN, IN_USE, IDLE, NO_FAMILY } },
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
      .needs_all = 1,
      .families = { OPEN, IN_USE, IDLE, NO_FAMILY } },
    { .query = { .name = "transactions", .mysql = TRANSACTIONS },
      .read = read_transactions,
      .needs_all = 1,
      .families = { LOCK_WAITS, OLDEST_TRANSACTION, NO_FAMILY } },
};

const struct engine dbpool_mysql = { readings, sizeof readings / sizeof readings[0] };
