# SPDX-License-Identifier: Apache-2.0
"""The collector dbpool on both engines: every value as the server itself has it, and what a role may not see."""

import contextlib
import os
import time

import pytest

import database
import installations
import lone_worker
import mysql_database
from minotor import BUILD, PATHS

PLUGIN = os.path.join(BUILD, "collectors", "dbpool", ".libs", "dbpool.so")
OWN = ["max_open_connections", "open_connections", "connections_in_use", "connections_idle", "wait_count",
       "wait_duration_seconds", "idle_connections_closed_total", "idle_time_connections_closed_total",
       "lifetime_connections_closed_total"]
OURS = {("mattermost_db_" + name, "minotor"): value
        for name, value in zip(OWN, (2, 1, 1, 0, 3, 0.04, 5, 6, 7))}  # what LoneWorker answers


@pytest.fixture
def worker():
    made = []

    def make(place, **settings):
        sent = {"slot": "dbpool", "collector": "dbpool", "target": "mattermost", "plugin": PLUGIN,
                "drivers": PATHS["drivers"], "interval_ms": 200, "timeout_ms": 5000, "first_delay_ms": 0, **place}
        sent.update({name.replace("__", "."): value for name, value in settings.items()})
        made.append(lone_worker.LoneWorker(sent))
        return made[-1]

    yield make
    for one in made:
        one.end()


def place_of(source, driver, password, role):
    return {"database.driver": driver, "database.host": source.server.socket_dir, "database.name": source.name,
            "database.port": 5432 if driver == "postgresql" else 3306, "database.user": role,
            "database.password": password, "database.sslmode": "prefer"}


@pytest.fixture(scope="module")
def own_postgresql():
    with database.PrivatePostgreSQL(settings="autovacuum = off") as server:
        yield server


@pytest.fixture(scope="module")
def own_mariadb():
    with mysql_database.PrivateMariaDB() as server:
        yield server


@pytest.fixture(scope="module")
def on_postgresql(own_postgresql):
    """An installation that is read with exactly the role of etc/sql; so is the next."""
    return installations.generated(own_postgresql, "postgresql", "11.6", "mattermost")


@pytest.fixture(scope="module")
def on_mariadb(own_mariadb):
    return installations.generated(own_mariadb, "mysql", "9.9", "mattermost")


@pytest.fixture
def granted(request):
    """granted(source, engine): the role has all that the script leaves to the administrator, until the test ends."""
    def give(source, engine):
        given, taken = installations.optional_grants(engine)
        installations.run_all(source.server, engine, given)
        request.addfinalizer(lambda: installations.run_all(source.server, engine, taken))
    return give


# Families and labels of the issue: what each engine has when nothing is going on.
STATE, TABLE = "mattermost_database_connections", "mattermost_database_table_dead_rows"
VACUUM = "mattermost_database_table_last_vacuum_timestamp_seconds"
MAX, OLDEST = ("mattermost_database_max_connections",), ("mattermost_database_oldest_transaction_timestamp_seconds",)
WAITS = ("mattermost_database_lock_waits",)
TABLES = """posts reactions fileinfo channels channelmembers channelmemberhistory threads threadmemberships users sessions
status preferences audits jobs drafts pluginkeyvaluestore""".split()


def pool(name):
    return ("mattermost_db_" + name, "mattermost")


def labelled(found, family):
    return {key[1]: value for key, value in found.samples.items() if key[0] == family}


def start(session, sql):
    """Sends what will not be answered for a while."""
    session.process.stdin.write(sql + ";\n")
    session.process.stdin.flush()


def check_own(found):
    assert {key: value for key, value in found.samples.items() if key[1:] == ("minotor",)} == OURS
    for name in OWN[4:]:
        assert pool(name) not in found.samples  # only Mattermost knows


def expect(one, truth, shown, seconds=60):
    """Waits for a round that shows what another client has seen just before; returns it."""
    end = time.monotonic() + seconds
    while True:
        true = truth()
        found = one.round(lambda found: found.status == "ok")
        if shown(found) == true:
            return found
        assert time.monotonic() < end, f"true: {true}, shown: {shown(found)}\n{one.log_text}"


# -- PostgreSQL -------------------------------------------------------------------------------------------------


def test_postgresql_counts_sessions_by_what_they_do(dbpool, on_postgresql, granted):
    granted(on_postgresql, "postgresql")
    elsewhere = database.Session(on_postgresql.server, "postgres")
    with on_postgresql.session() as idle, on_postgresql.session() as open_one, on_postgresql.session() as busy, elsewhere:
        idle("SELECT 1")
        elsewhere("SELECT 1")
        began = float(open_one("BEGIN; SELECT extract(epoch FROM now())")[0])
        start(busy, "SELECT pg_sleep(600)")
        one = dbpool(on_postgresql, "postgresql", target__database__max_open_conns=300)
        # Who looks is active and sees minotor rest; to minotor it is the other way round.
        found = expect(one, lambda: {state: int(count) for state, count in (line.split("|") for line in elsewhere(
            "SELECT replace(state, ' ', '_'), count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " GROUP BY 1"))}, lambda found: labelled(found, STATE))
        assert labelled(found, STATE)["active"] == labelled(found, STATE)["idle"] == 2
        samples = found.samples
        assert (samples[pool("open_connections")], samples[pool("connections_idle")],
                samples[pool("connections_in_use")], samples[pool("max_open_connections")]) == (3, 1, 2, 300)
        assert samples[MAX] == int(elsewhere("SELECT setting FROM pg_settings WHERE name = 'max_connections'")[0])
        assert abs(samples[OLDEST] - began) < 0.01
        assert samples[WAITS] == 0
        check_own(found)
        busy.process.kill()
        on_postgresql.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'"
                          " AND pid <> pg_backend_pid()")
        open_one("COMMIT")
        one.round(lambda one: OLDEST not in one.samples)


def test_postgresql_without_the_grant_shows_what_is_known(dbpool, on_postgresql):
    with on_postgresql.session() as other:
        other("BEGIN; SELECT 1")
        one = dbpool(on_postgresql, "postgresql")
        found = one.round(lambda one: one.status == "ok" and one.samples[pool("open_connections")] == 1)
        assert labelled(found, STATE)["unknown"] >= 1
        for absent in (pool("connections_idle"), pool("connections_in_use"), pool("max_open_connections"), OLDEST):
            assert absent not in found.samples
        assert found.samples[MAX] == on_postgresql.number("SHOW max_connections")
        assert found.samples[WAITS] == 0
        assert set(labelled(found, TABLE)) == set(TABLES)
        check_own(found)
        one.round()
        assert one.log_text.count("GRANT ") == one.log_text.count("GRANT pg_read_all_stats") == 1


def test_postgresql_lock_waits(dbpool, on_postgresql):
    """Also without the grant."""
    with on_postgresql.session() as holder, on_postgresql.session() as waiter, on_postgresql.session() as other:
        holder("BEGIN; LOCK TABLE posts")
        for session in (waiter, other):
            start(session, "SELECT count(*) FROM posts")
        one = dbpool(on_postgresql, "postgresql")
        found = expect(one, lambda: on_postgresql.number(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"),
            lambda found: found.samples[WAITS] or None)
        assert found.samples[WAITS] == 2
        holder("COMMIT")
        one.round(lambda one: one.samples[WAITS] == 0)


def test_postgresql_dead_rows_and_vacuum(dbpool, on_postgresql):
    """Of each big table, without the grant, as the server's own view has them; the same role may not read the tables."""
    on_postgresql.sql("DELETE FROM reactions; UPDATE posts SET updateat = updateat + 1; VACUUM channels, users")
    on_postgresql.sql("SELECT pg_stat_reset_single_table_counters('drafts'::regclass)")  # as if it had never been vacuumed

    def truth():
        rows = on_postgresql.rows(
            "SELECT relname, n_dead_tup, extract(epoch FROM date_trunc('milliseconds', greatest(last_vacuum,"
            " last_autovacuum))) FROM pg_stat_user_tables")
        return ({name: int(dead) for name, dead, _ in rows if name in TABLES},
                {name: float(vacuumed) for name, _, vacuumed in rows if name in TABLES and vacuumed})

    one = dbpool(on_postgresql, "postgresql")
    found = expect(one, truth, lambda found: (labelled(found, TABLE), labelled(found, VACUUM)))
    assert set(labelled(found, TABLE)) == set(TABLES)
    assert labelled(found, TABLE)["posts"] >= 400
    assert {"channels", "users"} <= set(labelled(found, VACUUM)) and "drafts" not in labelled(found, VACUUM)
    assert abs(labelled(found, VACUUM)["channels"] - time.time()) < 60
    on_postgresql.sql("VACUUM posts")
    expect(one, truth, lambda found: (labelled(found, TABLE), labelled(found, VACUUM)))


def test_only_the_named_account_is_mattermosts(dbpool, on_postgresql, granted):
    granted(on_postgresql, "postgresql")
    with on_postgresql.session() as other:
        other("SELECT 1")
        one = dbpool(on_postgresql, "postgresql", own={"mattermost_user": "somebody_else"})
        found = one.round(lambda one: one.status == "ok").samples
        assert found[pool("open_connections")] == 0
        one = dbpool(on_postgresql, "postgresql", own={"mattermost_user": "postgres"})
        one.round(lambda one: one.samples[pool("open_connections")] == 1)


# -- MariaDB ----------------------------------------------------------------------------------------------------


def sessions_of(observer, name):
    """(how many, how many of them sleep outside transactions) of that database but minotor's, by SHOW PROCESSLIST."""
    rows = [line.split("\t") for line in observer("SHOW PROCESSLIST")]
    mine = [row for row in rows if row[3] == name and row[1] != "minotor"]
    working = observer("SELECT trx_mysql_thread_id FROM INNODB_TRX")
    return len(mine), sum(row[4] == "Sleep" and row[0] not in working for row in mine)


def status_of(observer, name):
    return int(observer(f"SHOW GLOBAL STATUS LIKE '{name}'")[0].split("\t")[1])


def test_mariadb_counts_sessions(dbpool, on_mariadb, granted):
    granted(on_mariadb, "mysql")
    elsewhere = mysql_database.Session(on_mariadb.server, "information_schema")
    with on_mariadb.session() as idle, on_mariadb.session() as open_one, on_mariadb.session() as busy, elsewhere:
        idle("SELECT 1")
        began = float(open_one("BEGIN; UPDATE Posts SET UpdateAt = UpdateAt + 1; SELECT UNIX_TIMESTAMP()")[-1])
        start(busy, "SELECT SLEEP(600)")
        one = dbpool(on_mariadb, "mysql", target__database__max_open_conns=300)
        found = expect(one, lambda: sessions_of(elsewhere, on_mariadb.name), lambda found: (
            found.samples[pool("open_connections")], found.samples[pool("connections_idle")]))
        samples = found.samples
        assert (samples[pool("open_connections")], samples[pool("connections_idle")],
                samples[pool("connections_in_use")], samples[pool("max_open_connections")]) == (3, 1, 2, 300)
        # Who looks runs itself, and so did minotor when it looked.
        found = expect(one, lambda: (status_of(elsewhere, "Threads_connected"), status_of(elsewhere, "Threads_running")),
                       lambda found: (sum(labelled(found, STATE).values()), labelled(found, STATE)["active"]))
        assert set(labelled(found, STATE)) == {"active", "idle"}
        assert samples[MAX] == int(elsewhere("SHOW GLOBAL VARIABLES LIKE 'max_connections'")[0].split("\t")[1])
        assert abs(samples[OLDEST] - began) <= 1
        assert samples[OLDEST] == int(elsewhere("SELECT UNIX_TIMESTAMP(MIN(trx_started)) FROM INNODB_TRX"
                                                " WHERE trx_rows_modified > 0")[0])
        assert samples[WAITS] == 0
        check_own(found)
        with on_mariadb.session() as waiter:
            start(waiter, "UPDATE Posts SET UpdateAt = UpdateAt + 1")
            found = one.round(lambda one: one.samples.get(WAITS) == 1)
            assert int(elsewhere("SELECT COUNT(DISTINCT requesting_trx_id) FROM INNODB_LOCK_WAITS")[0]) == 1
            open_one("ROLLBACK")
            one.round(lambda one: OLDEST not in one.samples and one.samples[WAITS] == 0)
        for line in elsewhere("SELECT ID FROM PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(600)%'"):
            elsewhere("KILL QUERY " + line)


def test_mariadb_without_the_grants_shows_what_is_known(dbpool, on_mariadb):
    one = dbpool(on_mariadb, "mysql")
    found = one.round(lambda one: one.status == "ok")
    assert found.unknown == []
    assert found.samples[MAX] == on_mariadb.number("SELECT @@GLOBAL.max_connections")
    assert labelled(found, STATE)["active"] >= 1
    for absent in (pool("open_connections"), pool("connections_idle"), pool("connections_in_use"), WAITS, OLDEST,
                   ("mattermost_database_replication_lag_seconds", "local")):
        assert absent not in found.samples
    check_own(found)
    one.round()
    one.round()
    # One line for each grant.
    assert one.log_text.count("GRANT ") == 2
    assert one.log_text.count("GRANT PROCESS") == one.log_text.count("GRANT SLAVE MONITOR") == 1


SAME_ACCOUNT = {
    "as dbpool.conf says": {"own": {"mattermost_user": "minotor"}},
    "as Mattermost's configuration says": {"target__database__mattermost_user": "minotor"},
}


@pytest.mark.parametrize("source", SAME_ACCOUNT)
def test_mariadb_with_one_account_for_both(dbpool, on_mariadb, granted, source):
    granted(on_mariadb, "mysql")
    one = dbpool(on_mariadb, "mysql", **SAME_ACCOUNT[source])
    found = one.round(lambda one: one.status == "ok")
    for absent in (pool("open_connections"), pool("connections_idle"), pool("connections_in_use"), WAITS, OLDEST):
        assert absent not in found.samples
    check_own(found)
    one.round()
    assert one.log_text.count("cannot be told apart") == 1


def test_mariadb_does_not_believe_in_nobody_while_its_account_is_used(dbpool, on_mariadb, granted):
    """Mattermost has minotor's account, and nothing says so."""
    granted(on_mariadb, "mysql")
    account = ["--user=minotor", "--password=" + mysql_database.PASSWORD]
    one = dbpool(on_mariadb, "mysql")
    assert one.round(lambda one: one.status == "ok").samples[pool("open_connections")] == 0
    with contextlib.ExitStack() as stack:
        for _ in range(OURS[("mattermost_db_open_connections", "minotor")] + 1):
            session = stack.enter_context(mysql_database.Session(on_mariadb.server, on_mariadb.name, account))
            session("SELECT 1")
        found = one.round(lambda one: pool("open_connections") not in one.samples)
        assert WAITS not in found.samples and pool("connections_in_use") not in found.samples
    one.round(lambda one: one.samples.get(pool("open_connections")) == 0)
    assert one.log_text.count("cannot be told apart") == 1


# -- what any collector may ask ---------------------------------------------------------------------------------

OK, NO_DATA, FAILED = 0, 3, 4
ASKER = {"slot": "asker", "collector": "asker", "plugin": os.path.join(BUILD, "tests", "hostile", "asker.so")}


def answers(one):
    found = one.round(lambda one: one.status == "ok").samples
    return {key[1]: (int(value), key[2]) for key, value in found.items()}


def test_postgresql_tells_missing_columns_from_missing_grants(worker, mattermost):
    one = worker({**place_of(mattermost, "postgresql", database.PASSWORD, database.ROLE), **ASKER,
                  "target.site_url": "https://chat.example"})
    said = answers(one)
    assert said["Posts.*"] == said["Posts.DeleteAt"] == said["information_schema.TABLES.TABLE_NAME"] == (OK, "")
    assert said["Posts.NoSuchColumn"] == said["NoSuchTable.*"] == said["NoSuchTable.DeleteAt"] == (NO_DATA, "")
    assert said["Posts.Message"][0] == FAILED and said["Posts.Message"][1].endswith("no SELECT on Posts(Message)")
    assert said["Users.Password"][1].endswith("no SELECT on Users(Password)")
    assert said["Tokens.*"][1].endswith("no SELECT on Tokens")
    assert said["Posts; DROP TABLE Posts.*"][0] == FAILED
    assert {key: said[key][1] for key in ("engine", "database.name", "database.user", "database.password",
                                          "site_url")} == {
        "engine": "postgresql", "database.name": mattermost.name, "database.user": database.ROLE,
        "database.password": "", "site_url": "https://chat.example"}


def test_answers_are_kept_as_long_as_the_session(worker, mattermost):
    one = worker({**place_of(mattermost, "postgresql", database.PASSWORD, database.ROLE), **ASKER})
    assert answers(one)["NoSuchTable.*"][0] == NO_DATA
    mattermost.sql(f"CREATE TABLE nosuchtable (deleteat bigint); GRANT SELECT ON nosuchtable TO {database.ROLE}")
    assert answers(one)["NoSuchTable.*"][0] == NO_DATA
    mattermost.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'minotor/%'")
    one.round(lambda one: ("hostile_asker_value", "NoSuchTable.*", "") in one.samples
              and one.samples[("hostile_asker_value", "NoSuchTable.*", "")] == OK)


def test_mariadb_shows_what_may_be_read(worker, on_mariadb):
    one = worker({**place_of(on_mariadb, "mysql", mysql_database.PASSWORD, mysql_database.ROLE), **ASKER})
    said = answers(one)
    assert said["Posts.*"] == said["Posts.DeleteAt"] == said["information_schema.TABLES.TABLE_NAME"] == (OK, "")
    for absent in ("Posts.NoSuchColumn", "NoSuchTable.*", "NoSuchTable.DeleteAt", "Posts.Message", "Users.Password",
                   "Tokens.*"):
        assert said[absent] == (NO_DATA, ""), absent
    assert said["Posts; DROP TABLE Posts.*"][0] == FAILED
    assert said["engine"][1] == "mysql"


# -- the budget -------------------------------------------------------------------------------------------------


def test_a_supervisor_that_does_not_answer_costs_minotors_own_pool_only(dbpool, on_mariadb):
    one = dbpool(on_mariadb, "mysql")
    one.pool = None
    found = one.round(lambda one: one.status == "partial")
    assert ("mattermost_database_max_connections",) in found.samples
    assert not [key for key in found.samples if key[1:] == ("minotor",)]
    assert "minotord does not answer" in found.error
    assert "refused" not in one.log_text
