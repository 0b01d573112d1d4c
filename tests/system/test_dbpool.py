# SPDX-License-Identifier: Apache-2.0
"""The collector dbpool on both engines: every value as the server itself has it, and what a role may not see."""

import os
import time

import pytest

import database
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


# -- PostgreSQL -------------------------------------------------------------------------------------------------


@pytest.fixture
def on_postgresql(worker, mattermost):
    def make(**settings):
        return worker(place_of(mattermost, "postgresql", database.PASSWORD, database.ROLE), **settings)
    return make


@pytest.fixture
def all_seeing(postgresql):
    postgresql.psql(f"GRANT pg_read_all_stats TO {database.ROLE}")
    yield
    postgresql.psql(f"REVOKE pg_read_all_stats FROM {database.ROLE}")


def test_postgresql_counts_sessions_by_what_they_do(on_postgresql, mattermost, all_seeing):
    with mattermost.session() as idle, mattermost.session() as open_one:
        idle("SELECT 1")
        began = float(open_one("BEGIN; SELECT extract(epoch FROM now())")[0])
        one = on_postgresql(target__database__max_open_conns=300)
        found = one.round(lambda one: one.status == "ok").samples
        assert found[("mattermost_db_open_connections", "mattermost")] == 2
        assert found[("mattermost_db_connections_idle", "mattermost")] == 1
        assert found[("mattermost_db_connections_in_use", "mattermost")] == 1
        assert found[("mattermost_db_max_open_connections", "mattermost")] == 300
        assert found[("mattermost_database_connections", "idle_in_transaction")] == 1
        assert found[("mattermost_database_connections", "active")] >= 1
        assert found[("mattermost_database_max_connections",)] == mattermost.number("SHOW max_connections")
        assert abs(found[("mattermost_database_oldest_transaction_timestamp_seconds",)] - began) < 0.01
        assert found[("mattermost_database_lock_waits",)] == 0
        assert {key: value for key, value in found.items() if key[1:] == ("minotor",)} == OURS
        for name in OWN[4:]:
            assert ("mattermost_db_" + name, "mattermost") not in found  # only Mattermost knows
        open_one("COMMIT")
        one.round(lambda one: ("mattermost_database_oldest_transaction_timestamp_seconds",) not in one.samples)


def test_postgresql_without_the_privilege_shows_what_is_known(on_postgresql, mattermost):
    with mattermost.session() as other:
        other("BEGIN; SELECT 1")
        one = on_postgresql()
        found = one.round(lambda one: one.status == "ok").samples
        assert found[("mattermost_db_open_connections", "mattermost")] == 1
        assert found[("mattermost_database_connections", "unknown")] >= 1
        for absent in (("mattermost_db_connections_idle", "mattermost"),
                       ("mattermost_db_connections_in_use", "mattermost"),
                       ("mattermost_db_max_open_connections", "mattermost"),
                       ("mattermost_database_oldest_transaction_timestamp_seconds",)):
            assert absent not in found
        one.round()
        assert one.log_text.count("GRANT pg_read_all_stats") == 1


def test_postgresql_lock_waits_and_dead_rows(on_postgresql, mattermost, all_seeing):
    mattermost.sql("DELETE FROM reactions; ANALYZE reactions; VACUUM posts")
    holder, waiter = mattermost.session(), mattermost.session()
    with holder, waiter:
        holder("BEGIN; LOCK TABLE posts")
        waiter.process.stdin.write("SELECT count(*) FROM posts;\n")
        waiter.process.stdin.flush()
        one = on_postgresql()
        found = one.round(lambda one: one.samples.get(("mattermost_database_lock_waits",)) == 1).samples
        assert ("mattermost_database_table_dead_rows", "posts") in found
        vacuumed = one.round(
            lambda one: ("mattermost_database_table_last_vacuum_timestamp_seconds", "posts") in one.samples).samples
        assert abs(vacuumed[("mattermost_database_table_last_vacuum_timestamp_seconds", "posts")] - time.time()) < 60
        assert not [key for key in found if key[0] == "mattermost_database_replication_lag_seconds"]
        holder("COMMIT")


def test_only_the_named_account_is_mattermosts(on_postgresql, mattermost, all_seeing):
    with mattermost.session() as other:
        other("SELECT 1")
        one = on_postgresql(setting__mattermost_user="somebody_else")
        found = one.round(lambda one: one.status == "ok").samples
        assert found[("mattermost_db_open_connections", "mattermost")] == 0


# -- MariaDB ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mariadb():
    with mysql_database.PrivateMariaDB() as server:
        yield mysql_database.generated(server, "mattermost", "9.9")


@pytest.fixture
def on_mariadb(worker, mariadb):
    def make(**settings):
        return worker(place_of(mariadb, "mysql", mysql_database.PASSWORD, mysql_database.ROLE), **settings)
    return make


@pytest.fixture
def process_privilege(mariadb):
    account = f"'{mysql_database.ROLE}'@'localhost'"
    mariadb.sql(f"GRANT PROCESS ON *.* TO {account}")
    yield
    mariadb.sql(f"REVOKE PROCESS ON *.* FROM {account}")


def test_mariadb_counts_sessions(on_mariadb, mariadb, process_privilege):
    with mariadb.session() as idle, mariadb.session() as open_one:
        idle("SELECT 1")
        began = float(open_one("BEGIN; UPDATE Posts SET UpdateAt = UpdateAt + 1; SELECT UNIX_TIMESTAMP()")[-1])
        one = on_mariadb(target__database__max_open_conns=300)
        found = one.round(lambda one: one.status == "ok").samples
        assert found[("mattermost_db_open_connections", "mattermost")] == 2
        assert found[("mattermost_db_connections_idle", "mattermost")] == 1
        assert found[("mattermost_db_connections_in_use", "mattermost")] == 1
        assert found[("mattermost_db_max_open_connections", "mattermost")] == 300
        assert found[("mattermost_database_connections", "active")] >= 1
        assert found[("mattermost_database_connections", "active")] + found[
            ("mattermost_database_connections", "idle")] >= 3
        assert found[("mattermost_database_max_connections",)] == mariadb.number("SELECT @@GLOBAL.max_connections")
        assert abs(found[("mattermost_database_oldest_transaction_timestamp_seconds",)] - began) < 5
        assert found[("mattermost_database_lock_waits",)] == 0
        assert {key: value for key, value in found.items() if key[1:] == ("minotor",)} == OURS
        with mariadb.session() as waiter:
            waiter.process.stdin.write("UPDATE Posts SET UpdateAt = UpdateAt + 1;\n")
            waiter.process.stdin.flush()
            one.round(lambda one: one.samples.get(("mattermost_database_lock_waits",)) == 1)
            open_one("ROLLBACK")
            one.round(lambda one: ("mattermost_database_oldest_transaction_timestamp_seconds",) not in one.samples)


def test_mariadb_without_the_privilege_shows_what_is_known(on_mariadb):
    one = on_mariadb()
    found = one.round(lambda one: one.status == "ok").samples
    assert ("mattermost_database_max_connections",) in found
    assert ("mattermost_database_connections", "active") in found
    for absent in (("mattermost_db_open_connections", "mattermost"), ("mattermost_database_lock_waits",),
                   ("mattermost_database_oldest_transaction_timestamp_seconds",)):
        assert absent not in found
    assert {key: value for key, value in found.items() if key[1:] == ("minotor",)} == OURS
    one.round()
    assert one.log_text.count("GRANT PROCESS") == 1


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


def test_mariadb_shows_what_may_be_read(worker, mariadb):
    one = worker({**place_of(mariadb, "mysql", mysql_database.PASSWORD, mysql_database.ROLE), **ASKER})
    said = answers(one)
    assert said["Posts.*"] == said["Posts.DeleteAt"] == said["information_schema.TABLES.TABLE_NAME"] == (OK, "")
    for absent in ("Posts.NoSuchColumn", "NoSuchTable.*", "NoSuchTable.DeleteAt", "Posts.Message", "Users.Password",
                   "Tokens.*"):
        assert said[absent] == (NO_DATA, ""), absent
    assert said["Posts; DROP TABLE Posts.*"][0] == FAILED
    assert said["engine"][1] == "mysql"


# -- the budget -------------------------------------------------------------------------------------------------


def test_a_supervisor_that_does_not_answer_costs_minotors_own_pool_only(on_mariadb):
    one = on_mariadb()
    one.pool = None
    found = one.round(lambda one: one.status == "partial")
    assert ("mattermost_database_max_connections",) in found.samples
    assert not [key for key in found.samples if key[1:] == ("minotor",)]
    assert "minotord does not answer" in found.error
