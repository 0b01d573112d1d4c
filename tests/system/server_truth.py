# SPDX-License-Identifier: Apache-2.0
"""What dbpool, and usage of sizes, have to show: as the database server itself tells its administrator.

Each function takes an installations.Reader, whose own session is idle whenever minotor looks."""

from truth import is_postgresql, number

POOL = "mattermost_db_"
DATABASE = "mattermost_database_"
# Of those that grow with use.
WATCHED = ("posts reactions fileinfo channels channelmembers channelmemberhistory threads threadmemberships users sessions"
           " status preferences audits jobs drafts pluginkeyvaluestore").split()
MEASURED = WATCHED + "teams teammembers linkmetadata sidebarchannels".split()


def _names(tables):
    return ", ".join(f"'{table}'" for table in tables)


def _sizes_on_postgresql(reader):
    samples = {(DATABASE + "size_bytes",): number(reader, "SELECT pg_database_size(current_database())")}
    for table, size, rows in reader.rows(
            "SELECT relname, pg_table_size(oid) + pg_indexes_size(oid), reltuples::bigint FROM pg_class"
            f" WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname IN ({_names(MEASURED)})"):
        samples[(DATABASE + "table_size_bytes", table)] = int(size)
        if int(rows) >= 0:
            samples[(DATABASE + "table_rows", table)] = int(rows)
    return samples


def _sizes_on_mysql(reader):
    """The account sees the tables of which it may read something."""
    seen = ("SELECT TABLE_NAME FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = '''minotor''@''localhost'''"
            " AND TABLE_SCHEMA = DATABASE()")
    samples = {(DATABASE + "size_bytes",): number(
        reader, "SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
        f" AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME IN ({seen})")}
    for table, size, rows in reader.rows(
            "SELECT LOWER(TABLE_NAME), DATA_LENGTH + INDEX_LENGTH, TABLE_ROWS FROM information_schema.TABLES"
            f" WHERE TABLE_SCHEMA = DATABASE() AND LOWER(TABLE_NAME) IN ({_names(MEASURED)})"):
        samples[(DATABASE + "table_size_bytes", table)] = int(size)
        samples[(DATABASE + "table_rows", table)] = int(rows)
    return samples


def sizes(reader):
    return (_sizes_on_postgresql if is_postgresql(reader) else _sizes_on_mysql)(reader)


def _pool(samples, opened, idle):
    for name, value in (("open_connections", opened), ("connections_idle", idle), ("connections_in_use", opened - idle)):
        samples[(POOL + name, "mattermost")] = value


def _dbpool_on_postgresql(reader):
    samples = {}
    others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'minotor' AND datname = current_database()"
    opened, idle = map(int, reader.rows(
        f"SELECT COUNT(*), COUNT(CASE WHEN state = 'idle' OR pid = pg_backend_pid() THEN 1 END) {others}")[0])
    _pool(samples, opened, idle)
    samples[(DATABASE + "max_connections",)] = number(reader, "SHOW max_connections")
    samples[(DATABASE + "lock_waits",)] = number(
        reader, f"SELECT COUNT(*) {others} AND wait_event_type = 'Lock'")
    oldest = reader.rows(f"SELECT floor(extract(epoch FROM MIN(xact_start)) * 1000)::bigint {others} AND pid <> pg_backend_pid()")
    if oldest[0][0]:
        samples[(DATABASE + "oldest_transaction_timestamp_seconds",)] = int(oldest[0][0]) / 1000
    for table, dead, vacuumed in reader.rows(
            "SELECT relname, n_dead_tup, floor(extract(epoch FROM GREATEST(last_vacuum, last_autovacuum)) * 1000)::bigint"
            f" FROM pg_stat_user_tables WHERE relname IN ({_names(WATCHED)})"):
        samples[(DATABASE + "table_dead_rows", table)] = int(dead)
        if vacuumed:
            samples[(DATABASE + "table_last_vacuum_timestamp_seconds", table)] = int(vacuumed) / 1000
    return samples


def _dbpool_on_mysql(reader):
    samples = {}
    open_transactions = "ID IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX)"
    opened, idle = map(int, reader.rows(
        f"SELECT COUNT(*), COUNT(CASE WHEN (COMMAND = 'Sleep' AND NOT {open_transactions}) OR ID = CONNECTION_ID() THEN 1 END)"
        " FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND USER <> 'minotor'")[0])
    _pool(samples, opened, idle)
    samples[(DATABASE + "max_connections",)] = number(reader, "SELECT @@GLOBAL.max_connections")
    theirs = ("FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id NOT IN"
              " (SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'minotor')")
    samples[(DATABASE + "lock_waits",)] = number(reader, f"SELECT COUNT(*) {theirs} AND trx_state = 'LOCK WAIT'")
    reader.sql("SET time_zone = 'SYSTEM'")  # that of InnoDB's times
    oldest = number(reader, f"SELECT FLOOR(UNIX_TIMESTAMP(MIN(trx_started))) {theirs}")
    if oldest is not None:
        samples[(DATABASE + "oldest_transaction_timestamp_seconds",)] = oldest
    return samples


def dbpool(reader, max_open_connections=None):
    """Without minotor's own pool, and without the states of all connections, among which are those of minotor.

    max_open_connections   as Mattermost's configuration says
    """
    samples = (_dbpool_on_postgresql if is_postgresql(reader) else _dbpool_on_mysql)(reader)
    if max_open_connections is not None:
        samples[(POOL + "max_open_connections", "mattermost")] = max_open_connections
    return samples


def others_by_state(reader):
    """{state: number of sessions of others, on the whole server}."""
    if is_postgresql(reader):
        state = "CASE WHEN pid = pg_backend_pid() THEN 'idle' ELSE replace(state, ' ', '_') END"
        rows = reader.rows(f"SELECT {state}, COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                           " AND usename <> 'minotor' GROUP BY 1")
    else:
        state = "IF(COMMAND = 'Sleep' OR ID = CONNECTION_ID(), 'idle', 'active')"
        rows = reader.rows(f"SELECT {state}, COUNT(*) FROM information_schema.PROCESSLIST WHERE USER <> 'minotor'"
                           " AND COMMAND <> 'Daemon' GROUP BY 1")
    return {name: int(count) for name, count in rows}


def own_sessions(reader):
    """How many minotor has."""
    if is_postgresql(reader):
        return number(reader, "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'minotor'")
    return number(reader, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'minotor' AND DB IS NOT NULL")
