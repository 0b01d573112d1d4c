# SPDX-License-Identifier: Apache-2.0
"""All collectors of this build on servers that can be hung, each hang in one place: how it begins and how it ends."""

import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time

import database
import every_collector
import installations
import mysql_database
import network
from conftest import hostile
from fake_mattermost import FakeMattermost

BUDGET = 2
SCHEDULE = {"interval": "500ms", "timeout": "500ms", "stale_after": "3s"}
LOOK_PAUSE_S = 0.02

# A process of its own, so that what else the test does is not measured.
SCRAPER = """
import json, socket, sys, time
host, port, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
taken, bad = [], 0
for _ in range(count):
    begin = time.perf_counter()
    with socket.create_connection((host, port), 10) as one:
        one.sendall(b"GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
        answer = b""
        while True:
            piece = one.recv(1 << 20)
            if not piece:
                break
            answer += piece
    taken.append((time.perf_counter() - begin) * 1000)
    bad += not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"\\n")
    time.sleep(pause)
json.dump([taken, bad], sys.stdout)
"""


class Latency:
    """Of `count` scrapes in sequence, each by a connection of its own."""

    def __init__(self, daemon, count, pause=0.005):
        host, port = daemon.host_and_port
        done = subprocess.run([sys.executable, "-S", "-E", "-c", SCRAPER, host, str(port), str(count), str(pause)], check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60 + count)
        self.taken, self.bad = json.loads(done.stdout)
        self.taken.sort()
        self.median = statistics.median(self.taken)
        self.p99 = self.taken[min(len(self.taken) - 1, len(self.taken) * 99 // 100)]
        self.most = self.taken[-1]

    def __str__(self):
        return f"median {self.median:.2f} ms, p99 {self.p99:.2f} ms, maximum {self.most:.2f} ms"


class Looks(threading.Thread):
    """Calls `look` all the time, which gives a number or None; keeps what it gave."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look, self.seen, self.error, self.over = look, [], None, threading.Event()

    def run(self):
        try:
            while not self.over.wait(LOOK_PAUSE_S):
                found = self.look()
                if found is not None:
                    self.seen.append(found)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.join(30)
        if kind is None and self.error:
            raise self.error

    @property
    def most(self):
        return max(self.seen, default=0)


# ---------------------------------------------------------------------------------------------------- servers


class OnPostgreSQL:
    name, module, version, far_port = "postgresql", database, "11.6", 5432
    # The views of these functions join catalogs, and one of those is among what is locked.
    ours = "FROM pg_stat_get_activity(NULL) WHERE application_name LIKE 'minotor%'"
    count = f"SELECT count(*) {ours}"
    working = f"SELECT count(*) {ours} AND state = 'active'"

    @staticmethod
    def lock(source):
        tables = source.sql("SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'")
        return f"BEGIN; LOCK TABLE {tables}, pg_catalog.pg_authid IN ACCESS EXCLUSIVE MODE", "ROLLBACK"

    @staticmethod
    def socket(server):
        return server.socket_dir + "/.s.PGSQL.5432"

    @staticmethod
    def make(far):
        return database.PrivatePostgreSQL(settings=f"listen_addresses = '{network.FAR}'\n" if far else "")

    @staticmethod
    def end(source):
        source.sql(f"SELECT pg_terminate_backend(pid) {OnPostgreSQL.ours}")

    @staticmethod
    def let_in(source):
        with open(source.server.data_dir + "/pg_hba.conf", "a", encoding="utf-8") as file:
            file.write(f"host all all {network.NEAR}/32 scram-sha-256\n")
        source.server.psql("SELECT pg_reload_conf()")


class OnMariaDB:
    name, module, version, far_port = "mysql", mysql_database, "9.9", 3306
    count = mysql_database.SESSIONS_OF_ROLE
    working = count + " AND COMMAND <> 'Sleep'"

    @staticmethod
    def lock(source):
        tables = source.sql(f"SELECT table_name FROM information_schema.TABLES WHERE table_schema = '{source.name}'").split()
        return "LOCK TABLES " + ", ".join(f"{table} WRITE" for table in tables), "UNLOCK TABLES"

    @staticmethod
    def socket(server):
        return server.socket

    @staticmethod
    def make(far):
        server = mysql_database.PrivateMariaDB(settings=[f"--bind-address={network.FAR}"] if far else [], tcp=far)
        server.port = OnMariaDB.far_port if far else None
        return server

    @staticmethod
    def end(source):
        for number in source.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'minotor'").split():
            with contextlib.suppress(mysql_database.PrivateMariaDBError):  # it has left meanwhile
                source.sql(f"KILL {number}")

    @staticmethod
    def let_in(source):
        """The account has another name for who comes by the network; it may do the same."""
        role = installations.role_script("mysql").replace("minotor@localhost", f'minotor@"{network.NEAR}"')
        source.server.sql(role, source.name)
        source.server.sql(f"ALTER USER minotor@'{network.NEAR}' IDENTIFIED BY {mysql_database.quoted(mysql_database.PASSWORD)}"
                          " ACCOUNT UNLOCK")


ENGINES = {"postgresql": OnPostgreSQL, "mysql": OnMariaDB}


class Site:
    """A database server and a Mattermost of its own, and the roads that lead to them.

    far   at the other end of that network.Cable; else behind proxies
    """

    def __init__(self, engine, far=None):
        self.engine, self.far = ENGINES[engine], far
        self.stack = contextlib.ExitStack()
        try:
            self._make()
        except BaseException:
            self.stack.close()
            raise

    def _make(self):
        enter = self.stack.enter_context
        with self.far.at_far() if self.far else contextlib.nullcontext():
            self.server = enter(self.engine.make(bool(self.far)))
            listener = network.socket.create_server((network.FAR, 8065)) if self.far else None
        self.source = installations.generated(self.server, self.engine.name, self.engine.version, "mattermost")
        self.api = enter(FakeMattermost())
        self.api_road = enter(network.Proxy(("127.0.0.1", self.api.port), listener))
        self.observer = enter(self.source.session())
        if self.far:
            self.engine.let_in(self.source)
            self.road, self.place = None, (network.FAR, self.engine.far_port)
        else:
            self.road = enter(network.Proxy(self.engine.socket(self.server)))
            self.place = "127.0.0.1", self.road.port
        self.api_place = self.api_road.host, self.api_road.port
        self.frozen, self._lock = False, threading.Lock()

    def close(self):
        self.stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def daemon(self, minotor, host=None, api_host=None, **schedule):
        """All collectors, and one that asks nobody."""
        database_place = {"host": host or self.place[0], "port": self.place[1], "sslmode": "disable", "max_connections": BUDGET}
        one = every_collector.prepare(minotor, self.source, self.engine.name, self.api, limits=database_place,
                                      own={"jobs": {"queue_interval": "500ms"}}, **{**SCHEDULE, **schedule})
        one.settings["targets"][0]["api"]["url"] = f"http://{api_host or self.api_place[0]}:{self.api_place[1]}"
        one.write_config()
        one.write_collector("good", hostile("good"))
        return one

    def _count(self, query):
        """At the server; None while it says nothing. It shows a session for a moment after it has closed its connection: what
        would be too many is looked at twice."""
        with self._lock:
            if self.frozen:
                return None
            found = int(self.observer(query)[0])
            return found if found <= BUDGET else min(found, int(self.observer(query)[0]))

    def sessions(self):
        return self._count(self.engine.count)

    def working(self):
        """Sessions that a query of ours is under way in."""
        return self._count(self.engine.working)

    def freeze(self):
        with self._lock:
            self.frozen = True
            self.server.sigstop()

    def thaw(self):
        self.server.sigcont()
        self.frozen = False

    def end_sessions(self):
        self.engine.end(self.source)

    def open_roads(self):
        """Connections to the database, as the road sees them."""
        return self.road.open if self.road else None

    def wait_for_sessions(self, count, seconds=30):
        begin = time.monotonic()
        while self.sessions() > count:
            assert time.monotonic() - begin < seconds, f"{self.sessions()} sessions after {seconds} s, wanted {count}"
            time.sleep(0.02)
        return time.monotonic() - begin


# ---------------------------------------------------------------------------------------------------- hangs


class Hang:
    """begin() and end() may alternate. `hung` are the collectors that it hangs."""

    def __init__(self, site):
        self.site = site
        self.hung = list(every_collector.NAMES)

    def begin(self):
        self.site.api.mode = "silent"

    def end(self):
        self.site.api.mode = "healthy"

    def begin_again(self):
        self.begin()


class Lock(Hang):
    """On every table, and where dbpool looks."""

    def __init__(self, site):
        super().__init__(site)
        self.locker = site.stack.enter_context(site.source.session())
        self.lock, self.unlock = site.engine.lock(site.source)
        if site.engine is OnMariaDB:
            self.hung.remove("dbpool")  # what it reads is no table, and nobody can lock it

    def begin(self):
        super().begin()
        self.locker(self.lock)

    def end(self):
        super().end()
        self.locker(self.unlock)


class Stop(Hang):
    """SIGSTOP for the database server; the other one is silent, which is the same."""

    def begin(self):
        super().begin()
        self.site.freeze()

    def end(self):
        super().end()
        self.site.thaw()


class BlackHole(Hang):
    """Connections stay, new ones are taken, and nothing passes."""

    def begin(self):
        for road in (self.site.road, self.site.api_road):
            road.turn(True)

    def end(self):
        for road in (self.site.road, self.site.api_road):
            road.turn(False)


class Cut(Hang):
    """Packets are lost."""

    def begin(self):
        self.site.far.pull()

    def end(self):
        self.site.far.plug()


class DeadResolver(Hang):
    """From the start: a name that was known is not asked for."""

    def __init__(self, site, names):
        super().__init__(site)
        self.names = names

    def begin(self):
        self.names.address = None

    def end(self):
        self.names.address = "127.0.0.1"

    def begin_again(self):
        """Whoever has a connection needs no name."""
        self.begin()
        self.site.end_sessions()
