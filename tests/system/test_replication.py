# SPDX-License-Identifier: Apache-2.0
"""How far a replica is behind, on a pair of servers of each engine: right, absent when it is not known, never 0 then."""

import subprocess
import time

import pytest

import database
import installations
import mysql_database
from test_dbpool import expect, labelled

LAG = "mattermost_database_replication_lag_seconds"
LOCAL = (LAG, "local")
PATIENCE = 30  # seconds in which a server of a pair notices what happens at the other


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def is_behind(found):
    return found.samples.get(LOCAL, 0) >= 2


def is_not_behind(found):
    return found.status == "ok" and found.samples.get(LOCAL) == 0


def is_absent(found):
    return found.status == "ok" and LOCAL not in found.samples and found.unknown == []


# -- MariaDB ----------------------------------------------------------------------------------------------------

COPIER, COPIER_PASSWORD = "copier", "Copy-and-hush"


@pytest.fixture(scope="module")
def mariadb_pair():
    """(an installation, the same on a replica that follows it)."""
    primary = mysql_database.PrivateMariaDB(settings=["--log-bin=binary", "--server-id=1"], tcp=True)
    replica = mysql_database.PrivateMariaDB(settings=["--server-id=2", "--slave-net-timeout=5"])
    with primary, replica:
        primary.create_role(COPIER, COPIER_PASSWORD, "127.0.0.1")
        primary.sql(f"GRANT REPLICATION SLAVE ON *.* TO {COPIER}@127.0.0.1")
        replica.sql(f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {primary.port}, MASTER_USER = '{COPIER}',"
                    f" MASTER_PASSWORD = '{COPIER_PASSWORD}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos;"
                    " START SLAVE")
        source = installations.generated(primary, "mysql", "9.9", "mattermost", posts=50)
        copy = mysql_database.Mattermost(replica, "mattermost")
        # 0 seconds behind is also who has not heard yet that there is more.
        wait_for(lambda: behind(copy) == 0 and primary.sql("SELECT @@gtid_binlog_pos") == replica.sql("SELECT @@gtid_slave_pos"),
                 "the replica does not follow")
        yield source, copy


def behind(copy):
    """Seconds_Behind_Master by its name, as the server itself says it; None for NULL."""
    shown = subprocess.run(
        [part for part in copy.server.client_command() if part != "--skip-column-names"], check=True, text=True,
        input="SHOW SLAVE STATUS", stdout=subprocess.PIPE).stdout.rstrip("\n").split("\n")
    said = dict(zip(shown[0].split("\t"), shown[1].split("\t")))["Seconds_Behind_Master"]
    return None if said == "NULL" else int(said)


@pytest.fixture
def granted(request):
    """granted(source): the role may see the replication, until the test ends; replicas take over what they are told."""
    def give(source):
        given, taken = installations.optional_grants("mysql")
        source.server.sql("SET sql_log_bin = 0; " + " ".join(given))
        request.addfinalizer(lambda: source.server.sql("SET sql_log_bin = 0; " + " ".join(taken)))
    return give


def test_mariadb_replica_tells_how_far_it_is_behind(dbpool, mariadb_pair, granted):
    source, copy = mariadb_pair
    granted(copy)
    one = dbpool(copy, "mysql")
    one.round(is_not_behind)
    with copy.session() as holder:
        # Its thread waits for the table, and the clock goes on.
        holder("LOCK TABLES Posts READ")
        source.sql("UPDATE Posts SET UpdateAt = UpdateAt + 1")
        one.round(is_behind)
        expect(one, lambda: behind(copy), lambda found: found.samples[LOCAL])
        holder("UNLOCK TABLES")
    one.round(is_not_behind)


@pytest.mark.parametrize("thread", ["SQL_THREAD", "IO_THREAD"])
def test_mariadb_replica_that_stands_still_is_not_0_behind(dbpool, mariadb_pair, granted, thread):
    _, copy = mariadb_pair
    granted(copy)
    one = dbpool(copy, "mysql")
    one.round(is_not_behind)
    copy.sql("STOP SLAVE " + thread)
    try:
        one.round(is_absent)
        assert behind(copy) is None
        assert is_absent(one.round()) and is_absent(one.round())
    finally:
        copy.sql("START SLAVE")
    one.round(is_not_behind)


def test_mariadb_replica_with_a_second_source(dbpool, mariadb_pair, granted):
    """One of two that does not run is enough not to know; the default one alone would not tell of it."""
    _, copy = mariadb_pair
    granted(copy)
    one = dbpool(copy, "mysql")
    one.round(is_not_behind)
    copy.sql("CHANGE MASTER 'other' TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'x', MASTER_PASSWORD = 'y'")
    try:
        one.round(is_absent)
        assert behind(copy) == 0
    finally:
        copy.sql("RESET SLAVE 'other' ALL")
    one.round(is_not_behind)


def test_mariadb_primary_and_missing_grant(dbpool, mariadb_pair, granted):
    source, copy = mariadb_pair
    refused = dbpool(copy, "mysql")
    for _ in range(4):
        assert is_absent(refused.round())
    assert refused.log_text.count("GRANT SLAVE MONITOR ON *.* TO 'minotor'@'localhost', before") == 1
    assert "ERROR" not in refused.log_text
    granted(copy)
    dbpool(copy, "mysql").round(is_not_behind)
    granted(source)
    primary = dbpool(source, "mysql")
    assert is_absent(primary.round()) and is_absent(primary.round())
    assert "GRANT SLAVE" not in primary.log_text


# -- PostgreSQL -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgresql_pair():
    """(an installation, the same on a standby that follows it)."""
    primary = database.PrivatePostgreSQL(settings="wal_level = replica\nmax_wal_senders = 5\nautovacuum = off")
    with primary:
        source = installations.generated(primary, "postgresql", "11.6", "mattermost", posts=50)
        source.sql("CREATE TABLE beats (beat int)")
        with database.PrivatePostgreSQL(standby_of=primary, settings="wal_receiver_status_interval = '1s'") as standby:
            yield source, database.Mattermost(standby, "mattermost")


@pytest.fixture
def all_seeing(postgresql_pair):
    given, taken = installations.optional_grants("postgresql")
    installations.run_all(postgresql_pair[0].server, "postgresql", given)
    yield
    installations.run_all(postgresql_pair[0].server, "postgresql", taken)


def write(source):
    """A transaction in whose way no reader of the standby can be."""
    source.sql("INSERT INTO beats VALUES (1)")


def write_and_replay(source, copy):
    write(source)
    wait_for(lambda: int(copy.sql("SELECT COUNT(*) FROM beats")) == int(source.sql("SELECT COUNT(*) FROM beats")),
             "the standby does not follow")


def local_lag(copy):
    """By the time of the last transaction that it has replayed."""
    return float(copy.sql("SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"))


def test_postgresql_replica_tells_how_far_it_is_behind(dbpool, postgresql_pair):
    """Of itself it does so without the grant."""
    source, copy = postgresql_pair
    one = dbpool(copy, "postgresql")
    write_and_replay(source, copy)  # one that has replayed no transaction yet cannot tell
    one.round(is_not_behind)
    copy.sql("SELECT pg_wal_replay_pause()")  # which is a request
    try:
        wait_for(lambda: copy.sql("SELECT pg_get_wal_replay_pause_state()") == "paused", "the standby does not pause")
        write(source)
        found = one.round(is_behind)
        assert abs(found.samples[LOCAL] - local_lag(copy)) < 5
    finally:
        copy.sql("SELECT pg_wal_replay_resume()")
    one.round(is_not_behind)
    assert "GRANT pg_read_all_stats" not in one.log_text


def test_postgresql_primary_tells_of_its_replicas(dbpool, postgresql_pair, all_seeing):
    source, copy = postgresql_pair
    one = dbpool(source, "postgresql")
    write(source)
    one.round(lambda found: labelled(found, LAG) == {"walreceiver": 0})
    copy.sql("ALTER SYSTEM SET recovery_min_apply_delay = '2s'")
    copy.sql("SELECT pg_reload_conf()")
    try:
        # What is written all the time arrives two seconds late. The server measures that from one of the moments in
        # which it looked, so it may never say two.
        end = time.monotonic() + PATIENCE
        lag = 0
        while lag < 1:
            assert time.monotonic() < end, (lag, one.log_text)
            write(source)
            lag = labelled(one.round(lambda found: found.status == "ok"), LAG).get("walreceiver", 0)
        assert abs(lag - float(source.sql("SELECT extract(epoch FROM replay_lag) FROM pg_stat_replication"))) < 5
    finally:
        copy.sql("ALTER SYSTEM RESET recovery_min_apply_delay")
        copy.sql("SELECT pg_reload_conf()")
    one.round(lambda found: labelled(found, LAG) == {"walreceiver": 0})


def test_postgresql_primary_without_the_grant(dbpool, postgresql_pair):
    source, _ = postgresql_pair
    one = dbpool(source, "postgresql")
    found = one.round()
    assert (found.status, found.unknown, labelled(found, LAG)) == ("ok", [], {})
    one.round()
    assert one.log_text.count("GRANT ") == one.log_text.count("GRANT pg_read_all_stats") == 1


def test_postgresql_replica_that_receives_nothing_is_not_0_behind(dbpool, postgresql_pair):
    """The primary goes: nothing says that there was nothing new."""
    source, copy = postgresql_pair
    one = dbpool(copy, "postgresql")
    write_and_replay(source, copy)  # one that has replayed no transaction yet cannot tell
    one.round(is_not_behind)
    source.server.stop()
    try:
        found = one.round(is_behind)
        assert abs(found.samples[LOCAL] - local_lag(copy)) < 5
    finally:
        source.server.start()
