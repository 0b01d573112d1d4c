# SPDX-License-Identifier: Apache-2.0
"""What a session in the database is like: it only reads, whatever the account may do, the server itself ends what takes
too long, and a network that swallows everything is noticed."""

import contextlib
import ctypes
import os
import re
import socket

import pytest

import database
import installations
import mysql_database
import processes
from minotor import BUILD
from mysql_database import quoted

TIMEOUT_MS = 6000
ACCOUNT, PASSWORD = "mighty", "word"
WRITES = ("insert", "update", "delete", "create", "drop", "two at once")
SYS_PIDFD_GETFD = 438
TCP_USER_TIMEOUT = 18


class OnPostgreSQL:
    engine, port = "postgresql", 5432

    def __init__(self):
        # Any address of the loopback network is this host's: one that no other server of these tests has.
        pid = os.getpid()
        self.host = f"127.{64 + (pid >> 16) % 64}.{pid >> 8 & 255}.{pid & 255}"
        self.server = database.PrivatePostgreSQL(settings=f"listen_addresses = '{self.host}'").start()
        self.source = database.generated(self.server, "mattermost", "11.6", posts=200)
        self.server.psql(f"CREATE ROLE {ACCOUNT} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        with open(os.path.join(self.server.data_dir, "pg_hba.conf"), "a", encoding="utf-8") as file:
            file.write(f"host all {ACCOUNT} 127.0.0.0/8 scram-sha-256\n")
        self.server.psql("SELECT pg_reload_conf()")


class OnMariaDB:
    engine, host = "mysql", "127.0.0.1"

    def __init__(self):
        self.server = mysql_database.PrivateMariaDB(tcp=True).start()
        self.port = self.server.port
        self.source = mysql_database.generated(self.server, "mattermost", "9.9")
        self.server.sql("".join(f"CREATE USER {ACCOUNT}@{host} IDENTIFIED BY {quoted(PASSWORD)};"
                                f"GRANT ALL ON *.* TO {ACCOUNT}@{host};" for host in ("localhost", "'127.0.0.1'")))


@pytest.fixture(scope="module", params=[OnPostgreSQL, OnMariaDB], ids=lambda one: one.engine)
def site(request):
    made = request.param()
    yield made
    made.server.remove()


@pytest.fixture
def worker(site, tmp_path):
    made = []

    def make(collector, **settings):
        made.append(installations.worker(site.source, site.engine, collector, installations.drivers(str(tmp_path)),
                                         timeout_ms=TIMEOUT_MS, database__user=ACCOUNT, database__password=PASSWORD, **settings))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)


def contents(site):
    """What a write would change."""
    return [site.source.sql(f"SELECT COUNT(*) FROM {rows}") for rows in (
        "Jobs", "Posts WHERE DeleteAt = 0", "Reactions", "Threads",
        "information_schema.tables WHERE table_schema IN ('public', 'mattermost')")]


def test_it_only_reads(site, worker):
    before = contents(site)
    plugin = os.path.join(BUILD, "tests", "hostile", "writer.so")
    found = worker("writer", plugin=plugin).round()
    answers = {key[1]: key[2] for key in found.samples}
    for question in WRITES:
        wanted = "multiple commands|does not understand the query" if question == "two at once" else "read-only transaction|READ ONLY transaction"
        assert re.search(wanted, answers[question]), (question, answers[question])
    assert answers["read only"] in ("on", "1")
    assert answers["isolation"].lower().replace("-", " ") == "repeatable read"
    assert contents(site) == before
    # Of the round's time, and what is left of it.
    assert 0 < float(answers["statement timeout"]) <= TIMEOUT_MS / 1000
    assert 0 < float(answers["lock timeout"]) <= max(1, TIMEOUT_MS / 5000)
    assert answers["name"] == ("minotor/writer" if site.engine == "postgresql" else "none")


def stolen(process, number):
    """A descriptor of another process, as our own."""
    pidfd = os.pidfd_open(process)
    try:
        found = ctypes.CDLL(None, use_errno=True).syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
    finally:
        os.close(pidfd)
    if found < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return found


def test_a_black_hole_is_noticed(site, worker):
    one = worker("kpi", database__host=site.host, database__port=site.port, interval_ms=60000)
    assert one.round().status == "ok"
    seen = []
    try:
        numbers = [number for number, what in processes.descriptors(one.process.pid).items() if what.startswith("socket:")]
        copies = [stolen(one.process.pid, number) for number in numbers]
    except PermissionError:
        pytest.skip("children keep their descriptors to themselves; run as root to look at them")
    for descriptor in copies:
        with contextlib.closing(socket.socket(fileno=descriptor)) as connection:
            if connection.family == socket.AF_INET:
                seen.append((connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                             connection.getsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT)))
    assert len(seen) == 1
    keepalive, user_timeout_ms = seen[0]
    assert keepalive and 0 < user_timeout_ms <= 30000
