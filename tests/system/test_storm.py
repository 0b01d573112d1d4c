# SPDX-License-Identifier: Apache-2.0
"""All collectors, workers that are killed at any moment, a locked table, a frozen server, scrapes throughout: the
target never sees more connections than the budget allows, and nothing stays behind.

BUDGET_SECONDS=180 in the environment makes the storm longer than the 40 s of `make check`.
"""

import os
import random
import signal
import threading
import time

import pytest

import database
import every_collector
import installations
import mysql_database
import processes
from fake_mattermost import FakeMattermost
from minotor import GONE

SECONDS = float(os.environ.get("BUDGET_SECONDS", "40"))
FORCED_RESTARTS = 50
RELOAD_EVERY = 7  # the administrator's reload, so that workers which died often are not waited for
LOCKED, FROZEN = (0.15, 0.35), (0.5, 0.6)  # parts of the time
KILLS = (0.05, 0.85)
SEED = 20240229
BUDGET = 2
LOOK_PAUSE, SCRAPE_PAUSE = 0.1, 0.1
STUCK_S = 5  # nothing of ours takes so long when the storm is over


class OnPostgreSQL:
    ours = "application_name LIKE 'minotor%' OR usename = 'minotor'"
    count = f"SELECT count(*) FROM pg_stat_activity WHERE {ours}"
    stuck = f"SELECT count(*) FROM pg_stat_activity WHERE ({ours}) AND now() - xact_start > interval '{STUCK_S} s'"
    look = ("SELECT application_name || ' ' || backend_type || ' ' || COALESCE(state, '') || ' ' || COALESCE(wait_event, '') || ' '"
            f" || translate(left(query, 60), E'\\n', ' ') FROM pg_stat_activity WHERE {ours}")
    lock, unlock = "BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE", "ROLLBACK"


class OnMariaDB:
    count = mysql_database.SESSIONS_OF_ROLE
    stuck = count + f" AND COMMAND <> 'Sleep' AND TIME > {STUCK_S}"
    look = ("SELECT CONCAT_WS(' ', ID, DB, COMMAND, TIME, STATE, REPLACE(LEFT(INFO, 60), '\\n', ' '))"
            " FROM information_schema.PROCESSLIST WHERE USER = 'minotor'")
    lock, unlock = "LOCK TABLES Posts WRITE", "UNLOCK TABLES"


class Watcher(threading.Thread):
    """Calls `look` again and again; what it raised is raised at the end."""

    def __init__(self, look, pause):
        super().__init__(daemon=True)
        self.look, self.pause, self.over, self.error = look, pause, threading.Event(), None

    def run(self):
        try:
            while not self.over.wait(self.pause):
                self.look()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def end(self):
        self.over.set()
        self.join(30)
        assert not self.is_alive()
        if self.error:
            raise self.error


class Storm:
    """What happens when, and what is seen of it."""

    def __init__(self, daemon, source, engine, other):
        self.daemon, self.source, self.engine, self.other = daemon, source, engine, other
        self.dice = random.Random(SEED)
        self.counts, self.crowds, self.answers, self.bad = [], [], [], []
        self.killed = {}
        self.begin = time.monotonic()

    def count(self, session):
        sessions = session(self.engine.look)
        self.counts.append(len(sessions))
        if len(sessions) > BUDGET:
            self.crowds.append((time.monotonic() - self.begin, sessions))

    def scrape(self):
        try:
            answer = self.daemon.get(timeout=5)
            self.answers.append(answer.seconds)
            if answer.status != 200:
                self.bad.append(answer.status)
        except GONE as error:
            self.bad.append(error)

    def kill_one(self):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            workers = {title: pid for title, pid in self.daemon.children().items() if title.startswith("minotor: worker ")}
            if workers:
                title = self.dice.choice(sorted(workers))
                if processes.send(workers[title], signal.SIGKILL):
                    self.killed[title] = self.killed.get(title, 0) + 1
                    return
            time.sleep(0.02)
        raise AssertionError("no worker to be killed")

    def schedule(self):
        """(second, what to do) in order of time."""
        moments = sorted(self.dice.uniform(*KILLS) * SECONDS for _ in range(FORCED_RESTARTS))
        plan = [(moment, self.kill_one) for moment in moments]
        plan += [(moment + 0.01, self.daemon.reload) for moment in moments[RELOAD_EVERY - 1::RELOAD_EVERY]]
        server = self.source.server
        for (begin, end), start, finish in ((LOCKED, lambda: self.other(self.engine.lock), lambda: self.other(self.engine.unlock)),
                                            (FROZEN, server.sigstop, server.sigcont)):
            plan += [(begin * SECONDS, start), (end * SECONDS, finish)]
        plan += [(KILLS[1] * SECONDS + 1, self.daemon.reload), (SECONDS, lambda: None)]
        return sorted(plan, key=lambda item: item[0])

    def rage(self):
        self.begin = time.monotonic()
        for moment, action in self.schedule():
            time.sleep(max(0.0, self.begin + moment - time.monotonic()))
            action()


SERVERS = {"postgresql": (database.PrivatePostgreSQL, OnPostgreSQL, "11.6"),
           "mysql": (mysql_database.PrivateMariaDB, OnMariaDB, "9.9")}


@pytest.fixture
def stormy(request):
    """(source, name of the engine, how it is asked) of a server that nobody else uses."""
    name = request.param
    make, engine, version = SERVERS[name]
    with make() as server:
        yield installations.generated(server, name, version, "storm"), name, engine


@pytest.mark.parametrize("stormy", SERVERS, indirect=True)
def test_storm(stormy, minotor, figure):
    source, name, engine = stormy
    server = source.server
    with FakeMattermost() as api, source.session() as observer, source.session() as other:
        daemon = every_collector.prepare(minotor, source, name, api, limits={"max_connections": BUDGET})
        daemon.start()
        for one in every_collector.NAMES:
            daemon.wait_until_good(one, 20)
        storm = Storm(daemon, source, engine, other)
        watchers = [Watcher(lambda: storm.count(observer), LOOK_PAUSE), Watcher(storm.scrape, SCRAPE_PAUSE)]
        front = daemon.front()
        for watcher in watchers:
            watcher.start()
        try:
            storm.rage()
        finally:
            server.sigcont()
            for watcher in watchers:
                watcher.end()
        figure(f"{name}: {len(every_collector.NAMES)} collectors ({', '.join(every_collector.NAMES)}), {SECONDS:.0f} s,"
               f" killed {storm.killed}")
        figure(f"{name}: {len(storm.counts)} looks at the sessions, the most were {max(storm.counts)} of {BUDGET};"
               f" {len(storm.answers)} scrapes, the slowest {max(storm.answers) * 1000:.0f} ms")
        assert storm.crowds == []
        assert storm.bad == []
        assert sum(storm.killed.values()) == FORCED_RESTARTS
        assert daemon.front() == front
        begin = time.monotonic()
        for one in every_collector.NAMES:
            number = daemon.rounds(daemon.scrape(), one)
            daemon.wait_for(lambda page, one=one, number=number: page.collector("success", one) == 1
                            and daemon.rounds(page, one) > number, 40, f"good rounds of {one}")
        figure(f"{name}: all good again {time.monotonic() - begin:.1f} s after the storm")
        page = daemon.scrape()
        restarts = sum(page.series("minotor_collector_restarts_total").values())
        assert restarts >= FORCED_RESTARTS, restarts
        assert observer(engine.stuck) == ["0"], observer(engine.look)
        assert int(observer(engine.count)[0]) <= BUDGET
        family = processes.children(daemon.pid)
        status, _ = daemon.stop()
        assert status == 0
        deadline = time.monotonic() + 5
        while observer(engine.count) != ["0"]:
            assert time.monotonic() < deadline, observer(engine.look)
            time.sleep(0.05)
        assert [pid for pid in family if processes.alive(pid)] == []
