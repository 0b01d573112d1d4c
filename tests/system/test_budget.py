# SPDX-License-Identifier: Apache-2.0
"""The connections of a target are never more than its budget, whoever dies, waits or hangs; and what a collector keeps."""

import os
import random
import signal
import threading
import time

import pytest

import database
import lone_worker
import mysql_database
import processes
from conftest import hostile
from minotor import BUILD, PATHS
from test_dbpool import PLUGIN as DBPOOL

OURS_ON_MYSQL = mysql_database.SESSIONS_OF_ROLE
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'minotor/%'"
FORCED_RESTARTS = 16


class Sampler(threading.Thread):
    """Counts our sessions over one connection of its own that stays."""

    def __init__(self, source, query=OURS):
        super().__init__(daemon=True)
        self.session, self.query, self.over = source.session(), query, threading.Event()
        self.counts = []

    def run(self):
        while not self.over.wait(0.02):
            self.counts.append(int(self.session(self.query)[0]))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(20)
        self.session.__exit__()


@pytest.fixture
def two_collectors(kpi):
    """two_collectors(source, max_connections=1, ...): kpi and dbpool on one target."""
    def make(source, interval="300ms", **limits):
        dbpool = {"interval": interval, "stale_after": "30s", "plugin": DBPOOL}
        return kpi(source, collectors={"dbpool": dbpool}, database_settings=limits, interval=interval, stale_after="30s")
    return make


def own(page, name):
    """-1: not there yet."""
    found = page.value("mattermost_db_" + name, pool="minotor")
    return -1 if found is None else found


def test_two_collectors_share_one_connection(two_collectors, mattermost, figure):
    daemon = two_collectors(mattermost, max_connections=1).start()
    with Sampler(mattermost) as sampler:
        for name in ("kpi", "dbpool"):
            daemon.wait_until_good(name)
        for _ in range(4):
            for name in ("kpi", "dbpool"):
                daemon.next_round(name)
    assert max(sampler.counts) == 1
    page = daemon.wait_for(lambda page: own(page, "wait_count") > 0 and own(page, "idle_connections_closed_total") > 0)
    assert own(page, "max_open_connections") == 1 and own(page, "open_connections") <= 1
    assert own(page, "wait_duration_seconds") >= 0
    figure(f"{len(sampler.counts)} samples, waited {own(page, 'wait_count'):.0f} times")


def test_a_connection_may_change_hands_in_every_round(two_collectors, mattermost):
    """The pace at which a broker connects is that of the rounds, where those are short."""
    daemon = two_collectors(mattermost, max_connections=1).start()
    daemon.wait_for(lambda page: own(page, "idle_connections_closed_total") > 60, 60, "hand-overs")
    assert not daemon.log_lines("at once, then every")


def torment(daemon, server, other, lock, unlock):
    """Kills workers, while a table is locked, while the server is frozen, and in between. When it thaws, it finds what
    was opened and given up meanwhile, so that also this must have had a place."""
    dice = random.Random(4)
    for turn in range(FORCED_RESTARTS):
        if turn == FORCED_RESTARTS // 3:
            other(lock)
        if turn == FORCED_RESTARTS // 2:
            other(unlock)
            server.sigstop()
            time.sleep(1)
        victim = daemon.worker(dice.choice(["kpi", "dbpool"]))
        if victim:
            processes.send(victim, signal.SIGKILL)
        time.sleep(dice.uniform(0.1, 0.7))
        if turn == FORCED_RESTARTS * 3 // 4:
            server.sigcont()
    for name in ("kpi", "dbpool"):
        daemon.wait_until_good(name, timeout=40)


@pytest.mark.parametrize("limit", [1, 2])
def test_deaths_locks_and_a_frozen_server(two_collectors, mattermost, postgresql, figure, limit):
    daemon = two_collectors(mattermost, max_connections=limit).start()
    for name in ("kpi", "dbpool"):
        daemon.wait_until_good(name)
    with Sampler(mattermost) as sampler, mattermost.session() as other:
        torment(daemon, postgresql, other, "BEGIN; LOCK TABLE posts", "COMMIT")
    assert max(sampler.counts) <= limit, sampler.counts
    figure(f"{len(sampler.counts)} samples, the most was {max(sampler.counts)} of {limit}")
    daemon.stop()
    assert mattermost.number(OURS) == 0


@pytest.mark.parametrize("limit", [1, 2])
def test_deaths_locks_and_a_frozen_mariadb(minotor, figure, limit):
    with mysql_database.PrivateMariaDB() as server:
        source = mysql_database.generated(server, "mattermost", "9.9")
        schedule = {"interval": "300ms", "stale_after": "30s"}
        daemon = minotor({"kpi": schedule, "dbpool": {**schedule, "plugin": DBPOOL}},
                         database=lambda file: source.settings(file, max_connections=limit),
                         password=mysql_database.PASSWORD).start()
        for name in ("kpi", "dbpool"):
            daemon.wait_until_good(name)
        with Sampler(source, OURS_ON_MYSQL) as sampler, source.session() as other:
            torment(daemon, server, other, "LOCK TABLES Posts WRITE", "UNLOCK TABLES")
        assert max(sampler.counts) <= limit, sampler.counts
        figure(f"{len(sampler.counts)} samples, the most was {max(sampler.counts)} of {limit}")
        daemon.stop()
        for _ in range(50):
            if source.our_sessions() == 0:
                return
            time.sleep(0.1)
        raise AssertionError("sessions are left")


def knocks(server):
    """Connections to the server's socket, also those that it has not accepted."""
    with open("/proc/net/unix", encoding="utf-8") as file:
        return sum(line.rstrip().endswith(f"{server.socket_dir}/.s.PGSQL.5432") for line in file) - 1


def test_a_frozen_server_is_not_knocked_at_again_and_again(two_collectors, mattermost, postgresql, figure):
    """What was given up keeps its place until the server has ended it, so that nothing piles up before its door: at most
    the sessions, and for each worker one request to cancel."""
    daemon = two_collectors(mattermost).start()
    for name in ("kpi", "dbpool"):
        daemon.wait_until_good(name)
    before, most = knocks(postgresql), 0
    postgresql.sigstop()
    try:
        wanted = {name: daemon.rounds(daemon.scrape(), name) + 8 for name in ("kpi", "dbpool")}

        def are_over(page):
            nonlocal most
            most = max(most, knocks(postgresql))
            return all(daemon.rounds(page, name) >= number for name, number in wanted.items())

        page = daemon.wait_for(are_over, 60, "failed rounds")
    finally:
        postgresql.sigcont()
    assert own(page, "open_connections") <= 2 and most <= 2 + 2, (before, most)
    assert daemon.log_lines("the server has not ended them")
    for name in ("kpi", "dbpool"):
        daemon.wait_until_good(name)
    figure(f"{before} connections before, at most {most} while the server was frozen for 8 rounds of two collectors")


def test_an_unused_connection_is_closed(two_collectors, mattermost):
    daemon = two_collectors(mattermost, interval="4s", max_idle_time="1s").start()
    daemon.wait_until_good("dbpool")
    page = daemon.wait_for(lambda page: own(page, "idle_time_connections_closed_total") >= 1, timeout=20)
    assert own(page, "max_open_connections") == 2


def test_an_old_connection_is_closed(two_collectors, mattermost):
    daemon = two_collectors(mattermost, max_lifetime="1s").start()
    daemon.wait_for(lambda page: own(page, "lifetime_connections_closed_total") >= 2, timeout=20)


def test_a_limit_that_is_lowered_needs_no_restart(two_collectors, mattermost):
    daemon = two_collectors(mattermost, max_connections=3).start()
    pids = {name: daemon.wait_for_child(name)[0] for name in ("kpi", "dbpool")}
    daemon.wait_for(lambda page: own(page, "open_connections") == 2)
    daemon.settings["targets"][0]["database"]["max_connections"] = 1
    daemon.write_config()
    daemon.reload()
    daemon.wait_for(lambda page: own(page, "max_open_connections") == 1 and own(page, "open_connections") == 1)
    assert {name: daemon.worker(name) for name in pids} == pids


def test_a_stopped_supervisor_stops_no_round(two_collectors, mattermost):
    """Workers that have a session go on with it."""
    daemon = two_collectors(mattermost).start()
    for name in ("kpi", "dbpool"):
        daemon.wait_until_good(name)
    processes.send(daemon.pid, signal.SIGSTOP)
    try:
        before = daemon.rounds(daemon.scrape())
        daemon.wait_for(lambda page: daemon.rounds(page) >= before + 5)
    finally:
        processes.send(daemon.pid, signal.SIGCONT)
    daemon.wait_until_good("dbpool")


# -- one worker, the test is its supervisor ---------------------------------------------------------------------


@pytest.fixture
def lone(mattermost):
    """lone(settings, ...): a worker with kpi on a database, ends with the test."""
    made = []

    def make(settings, **more):
        place = {"slot": "kpi", "collector": "kpi", "plugin": os.path.join(PATHS["collectors"], "kpi.so"),
                 "drivers": PATHS["drivers"], "timeout_ms": 1000, "interval_ms": 1500, "database.driver": "postgresql",
                 "database.host": mattermost.server.socket_dir, "database.port": 5432,
                 "database.name": mattermost.name, "database.user": database.ROLE,
                 "database.password": database.PASSWORD, **settings}
        made.append(lone_worker.LoneWorker(place, **more))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_nothing_is_opened_before_it_is_granted(lone, mattermost):
    one = lone({}, grants=False)
    late = one.round()
    assert late.status == "timeout" and "max_connections" in late.error
    assert mattermost.number(OURS) == 0
    given_up = one.wanted
    one.wait(lambda: one.wanted != given_up)
    one.grant(given_up)  # an answer to a request that was given up
    assert one.round().status == "timeout"
    assert mattermost.number(OURS) == 0
    one.grants = True
    one.round(lambda one: one.status == "ok")
    assert mattermost.number(OURS) == 1


def test_a_recall_closes_an_idle_session_at_once(lone, mattermost):
    one = lone({"interval_ms": 60000})
    one.wait(lambda: one.said(lone_worker.REST) == 1)
    one.recall()
    one.wait(lambda: one.said(lone_worker.RELEASED) == 1)
    for _ in range(100):
        if mattermost.number(OURS) == 0:
            return
    raise AssertionError("the session is still there")


def test_a_recall_waits_for_the_end_of_the_round(lone, mattermost):
    with mattermost.session() as other:
        other("BEGIN; LOCK TABLE posts")
        one = lone({"timeout_ms": 20000, "interval_ms": 60000})
        one.wait(lambda: mattermost.number(OURS) == 1)
        one.recall()
        one.pump(0.3)
        assert one.said(lone_worker.RELEASED) == 0
        other("COMMIT")
        assert one.round(seconds=30)
        one.wait(lambda: one.said(lone_worker.RELEASED) == 1)
        assert one.said(lone_worker.REST) <= 1


# -- state ------------------------------------------------------------------------------------------------------

KEEPER = {"collector": "keeper", "slot": "keeper", "plugin": os.path.join(BUILD, "tests", "hostile", "keeper.so"),
          "interval_ms": 200, "timeout_ms": 200}


def first_value(one):
    return one.wait(lambda: one.pipe.rounds)[0].samples[("hostile_keeper_value",)]


def test_state_survives_the_workers_crash(minotor):
    daemon = minotor({"keeper": hostile("keeper", stale_after="20s")}).start()
    page = daemon.wait_for(lambda page: page.value("hostile_keeper_value") and page.value("hostile_keeper_value") >= 7,
                           timeout=20)
    assert page.value("minotor_collector_restarts_total", collector="keeper", cause="signal") >= 2


def test_state_is_handed_over(lone):
    one = lone(KEEPER, state=(7, (41).to_bytes(8, "little")))
    assert first_value(one) == 42
    one.wait(lambda: one.state)
    assert one.state[0] == 7 and int.from_bytes(one.state[1], "little") >= 42


@pytest.mark.parametrize("version, content, checksum", [(9, (41).to_bytes(8, "little"), None),
                                                        (7, bytes(9), None),
                                                        (7, (41).to_bytes(8, "little"), 12345)],
                         ids=["other version", "too large", "damaged"])
def test_state_that_cannot_be_used_is_not_given(lone, version, content, checksum):
    one = lone(KEEPER, state=(version, content, checksum))
    assert first_value(one) == 1
    if checksum is not None:
        one.wait(lambda: "is damaged" in one.log_text)  # the log has a pipe of its own
    assert ("is damaged" in one.log_text) == (checksum is not None)
