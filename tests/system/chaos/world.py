# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong: two servers behind networks that can be cut, a Mattermost, minotord with the real
collectors and some hostile ones; and what is true of it at each moment."""

import bisect
import errno
import os
import shutil
import threading
import time

import database
import every_collector
import installations
import mysql_database
from chaos.points import Points
from chaos.proxy import Proxy
from fake_mattermost import TOKEN, FakeMattermost
from minotor import HOSTILE

BUDGET = 2
STALE_S = 12
# The interval is the timeout too: on a busy machine a round must not fail for want of time.
TIMEOUT_S = 4
SCHEDULE = {"interval": f"{TIMEOUT_S}s", "stale_after": f"{STALE_S}s"}
BRISK = {"interval": "1s", "stale_after": f"{STALE_S}s"}  # of those that ask nobody
DEADLY = ("segv", "garbage", "torn", "flood", "loop", "half")  # they die again and again, or should
WRITE_PAUSE_S = 0.15
RETRY_S = 0.2

# Crashes of a server lose nothing that it has called done: what a page may show is then known.
POSTGRESQL_SETTINGS = "synchronous_commit = on"
MARIADB_SETTINGS = ["--innodb-flush-log-at-trx-commit=2"]


class Questions:
    """A client of a server that may end at any time."""

    def __init__(self, source):
        self.source, self.session, self.over = source, None, False

    def __call__(self, sql):
        """Rows, or None when it did not work."""
        try:
            if self.session is None:
                self.session = self.source.session()
            return self.session(sql)
        except (AssertionError, OSError, ValueError):
            self.close()
            return None

    def close(self):
        session, self.session = self.session, None
        if session is None:
            return
        try:
            session.__exit__(None, None, None)
        except (OSError, ValueError):
            session.process.kill()
            session.process.wait()


class Truth(threading.Thread):
    """Writes posts, one by one, and knows how many there were at each moment."""

    def __init__(self, source, engine):
        super().__init__(daemon=True)
        self.source, self.engine = source, engine
        self.ask = Questions(source)
        self.over = threading.Event()
        self.table = "Posts" if engine == "mysql" else "posts"
        self.how_many = f"SELECT count(*) FROM {self.table} WHERE deleteat = 0"
        self.columns = self.read_columns()
        self.count = source.number(self.how_many)
        # The number was `counts[i]` at the latest from done[i], at the earliest from begun[i].
        now = time.monotonic()
        self.begun, self.done, self.counts = [now], [now], [self.count]
        self.number = 0
        self.error = None

    def read_columns(self):
        schema = "DATABASE()" if self.engine == "mysql" else "'public'"
        rows = self.source.sql("SELECT column_name FROM information_schema.columns"
                               f" WHERE table_schema = {schema} AND table_name = '{self.table}'").splitlines()
        return [row.strip() for row in rows]

    def statement(self):
        now = database.now_ms()
        new = {"id": f"'{database.new_id('chaos', self.number)}'", "createat": now, "updateat": now, "editat": 0,
               "deleteat": 0, "originalid": "''"}
        values = ", ".join(str(new.get(name.lower(), name)) for name in self.columns)
        return (f"INSERT INTO {self.table} ({', '.join(self.columns)}) SELECT {values} FROM {self.table}"
                " WHERE deleteat = 0 AND type = '' AND rootid = '' LIMIT 1")

    def run(self):
        try:
            while not self.over.wait(WRITE_PAUSE_S):
                self.write()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def write(self):
        self.number += 1
        begun = time.monotonic()
        answer = self.ask(self.statement())
        if answer is None:
            # It may have been done all the same; we know when the server answers again.
            self.append(begun, None, self.count + 1)
            while (answer := self.ask(self.how_many)) is None:
                if self.over.wait(RETRY_S):
                    return
            count = int(answer[0])
            assert self.count <= count <= self.count + 1, f"{count} posts after {self.count} and one more"
            if count == self.count:
                self.begun.pop(), self.done.pop(), self.counts.pop()
            else:
                self.done[-1], self.count = time.monotonic(), count
            return
        self.count += 1
        self.append(begun, time.monotonic(), self.count)

    def append(self, begun, done, count):
        # Readers look from other threads: the key that they search by comes last.
        self.counts.append(count)
        self.done.append(done if done is not None else float("inf"))
        self.begun.append(begun)

    def least(self, moment):
        """There were at least so many."""
        return self.counts[max(0, bisect.bisect_right(self.done, moment) - 1)]

    def most(self, moment):
        return self.counts[min(bisect.bisect_right(self.begun, moment), len(self.counts)) - 1]

    def end(self):
        self.over.set()
        self.join(60)
        alive = self.is_alive()
        self.ask.close()
        assert not alive, "the writer of posts hangs"
        if self.error:
            raise self.error


class Side:
    """One server, the network in front of it, the target's name."""

    def __init__(self, name, engine, server, version, socket_path):
        self.name, self.engine, self.server = name, engine, server
        self.source = installations.generated(server, engine, version, "chaos")
        self.proxy = Proxy(socket_path)
        self.truth = Truth(self.source, engine)

    def settings(self, password_file):
        return {**self.source.settings(password_file), "host": "127.0.0.1", "port": self.proxy.port, "sslmode": "disable",
                "max_connections": BUDGET}

    def end(self):
        self.proxy.end()
        self.server.remove()


class World:
    """What the faults do their work on. `start()` first."""

    def __init__(self, minotor):
        self.sides = {}
        self.api = None
        self.minotor = minotor
        self.daemon = self.points = None

    def __enter__(self):
        try:
            postgresql = database.PrivatePostgreSQL(settings=POSTGRESQL_SETTINGS).start()
            self.sides["pg"] = Side("pg", "postgresql", postgresql, "11.6",
                                    os.path.join(postgresql.socket_dir, ".s.PGSQL.5432"))
            mariadb = mysql_database.PrivateMariaDB(settings=MARIADB_SETTINGS).start()
            self.sides["maria"] = Side("maria", "mysql", mariadb, "9.9", mariadb.socket)
            self.api = FakeMattermost()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for side in self.sides.values():
            try:
                side.server.sigcont()
            except (OSError, AttributeError):
                pass
            side.end()
        if self.api:
            self.api.close()

    # -- minotord ------------------------------------------------------------------------------------------------

    def files(self):
        """{collector: its file}."""
        own = {"kpi": {}, "dbpool": {}, "jobs": {}, "usage": {}, "health": {}}
        files = {name: every_collector.settings_of(name, SCHEDULE, own.get(name)) for name in every_collector.NAMES}
        files["health"]["targets"] = ["pg"]
        for name in ("good",) + DEADLY:
            files[name] = {**BRISK, "plugin": os.path.join(HOSTILE, name + ".so"), "targets": ["pg"]}
        files["pair"] = {**BRISK, "interval": "400ms", "plugin": self.pair_plugin, "targets": ["pg"],
                         "settings": {"mood": "good"}}
        return files

    def prepare(self):
        one = self.daemon = self.minotor({}, password=database.PASSWORD)
        self.pair_plugin = os.path.join(one.directory, "pair.so")
        shutil.copy(os.path.join(HOSTILE, "pair.so"), self.pair_plugin)
        installations.with_drivers(one)
        maria_password = one.write("maria-password", mysql_database.PASSWORD + "\n", 0o600)
        one.settings["targets"] = [
            {"name": "pg", "database": self.sides["pg"].settings(one.password_file),
             "api": {"url": self.api.url, "token_file": one.write("token", TOKEN + "\n", 0o600)}},
            {"name": "maria", "database": self.sides["maria"].settings(maria_password)}]
        one.write_config()
        for name, file in self.files().items():
            one.write_collector(name, {**file, "enabled": name not in DEADLY})
        self.points = Points(os.path.join(one.directory, "faults"))
        one.environment = self.points.environment()

    def let_deadly(self, enabled):
        """Whether those that die again and again may."""
        for name in DEADLY:
            self.daemon.write_collector(name, {**self.files()[name], "enabled": enabled})
        self.daemon.reload()

    def slots(self, healthy=True):
        """(collector, target) of those that work when nobody disturbs them, or of all."""
        found = [(name, target) for name in every_collector.NAMES for target in self.sides
                 if name != "health" or target == "pg"]
        return found + [("good", "pg"), ("pair", "pg")] + ([] if healthy else [
            (name, "pg") for name in DEADLY])


def error_name(number):
    return errno.errorcode.get(number, str(number))
