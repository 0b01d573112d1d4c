# SPDX-License-Identifier: Apache-2.0
"""What collectors do for a living, under the strictest confinement: each collector of the build reads both engines over
each way that leads to them, and the HTTP API over each, started by root and by a plain user. A system call that the
filter does not know kills (sandbox_unknown), so nothing is overlooked."""

import os
import pwd
import socket
import tempfile
import threading
import time

import pytest

import database
import every_collector
import fake_mattermost
import installations
import minotor as programs
import mysql_database
from fake_mattermost import TOKEN

pytestmark = pytest.mark.skipif(programs.sanitized(), reason="the sanitizers bear no filter of system calls")

PATIENCE = 60
PORT = 5432
ACCOUNTS = ["root", "plain"] if programs.AS_ROOT else ["plain"]
WAYS = ["socket", "address", "name", "tls"]
API_WAYS = ["http", "https", "local"]
HEADS = {"postgresql": "11.6", "mysql": "9.9"}


class Relay:
    """A port of 127.0.0.1 in front of a server that listens elsewhere: psql knows no other port than the usual."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
            except OSError:
                return
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def own_address():
    """One of this host's that no other test listens at."""
    return f"127.{os.getpid() >> 8 & 127}.{os.getpid() & 255}.77"


class PostgreSQL:
    engine = "postgresql"

    def __init__(self, identity):
        self.address, self.authority = own_address(), identity[1]
        self.server = database.PrivatePostgreSQL(settings=f"""
listen_addresses = '{self.address}'
ssl = on
ssl_key_file = 'key.pem'
ssl_cert_file = 'certificate.pem'
""")
        self.server._initialise()
        for name, path in (("key.pem", identity[0]), ("certificate.pem", identity[1])):
            with open(path, encoding="utf-8") as file:
                self.server._write(name, file.read())
            os.chmod(os.path.join(self.server.data_dir, name), 0o600)
        self.server._write("pg_hba.conf", "host all all 127.0.0.0/8 scram-sha-256\n", mode="a")
        self.server.start()
        self.relay = Relay(self.address, PORT)

    def way(self, way):
        return {"socket": {},
                "address": {"host": self.address, "sslmode": "disable"},
                "name": {"host": "localhost", "port": self.relay.port},
                "tls": {"host": "localhost", "port": self.relay.port, "sslmode": "verify-full",
                        "sslrootcert": self.authority}}[way]

    def close(self):
        self.relay.close()
        self.server.remove()


class MariaDB:
    engine = "mysql"

    def __init__(self, identity):
        key, self.authority = identity
        self.server = mysql_database.PrivateMariaDB(
            tcp=True, settings=[f"--ssl-cert={self.authority}", f"--ssl-key={key}"]).start()

    def grant_over_tcp(self, name):
        """The server does not look up names: over TCP the account has another host."""
        there = "minotor@`127.0.0.1`"
        self.server.sql(installations.role_script("mysql").replace("minotor@localhost", there), name)
        self.server.sql(f"ALTER USER {there} IDENTIFIED BY {mysql_database.quoted(mysql_database.PASSWORD)}"
                        " WITH MAX_USER_CONNECTIONS 50 ACCOUNT UNLOCK")

    def way(self, way):
        port = {"port": self.server.port}
        return {"socket": {},
                "address": {"host": "127.0.0.1", "sslmode": "disable", **port},
                "name": {"host": "localhost", **port},
                "tls": {"host": "localhost", "sslmode": "verify-full", "sslrootcert": self.authority, **port}}[way]

    def close(self):
        self.server.remove()


@pytest.fixture(scope="module")
def trusted():
    """(key, certificate) of localhost, where servers and workers of other accounts can read them."""
    with tempfile.TemporaryDirectory(prefix="minotor-trusted-", dir="/tmp") as folder:
        found = fake_mattermost.certificate(folder)
        for path, mode in ((folder, 0o755), (found[0], 0o644), (found[1], 0o644)):
            os.chmod(path, mode)
        yield found


@pytest.fixture(scope="module")
def engines(trusted):
    """engines(name): (the server with all its ways, an installation on it); made when first wanted."""
    made = {}

    def get(engine):
        if engine not in made:
            one = PostgreSQL(trusted) if engine == "postgresql" else MariaDB(trusted)
            made[engine] = one, installations.generated(one.server, engine, HEADS[engine], "mattermost")
            if engine == "mysql":
                one.grant_over_tcp("mattermost")
        return made[engine]

    yield get
    for one, _ in made.values():
        one.close()


def confine(one, account):
    one.settings.update({"sandbox": "strict", "sandbox_unknown": "kill"})
    one.write_config()
    if account == "plain" and programs.AS_ROOT:
        one.give_to(programs.UNPRIVILEGED)


def check(one, names):
    """Every collector is good, in one life, all of its walls stand, and nothing that it wanted was refused."""
    one.start()
    for name in names:
        one.wait_until_good(name, PATIENCE)
    page = one.next_round(names[0], PATIENCE)
    for name in names:
        assert page.collector("success", name) == 1, one.log_tail()
    info = {(labels["slot"], labels["layer"]): labels["state"]
            for labels in map(dict, page.series("minotor_sandbox_info"))}
    for name in names:
        for layer in ("network", "landlock", "seccomp", "broker"):
            assert info[name, layer] == "applied", (name, layer, info)
    assert one.log_lines("refused|SIGSYS") == []
    assert {label: count for label, count in page.series("minotor_collector_restarts_total").items() if count} == {}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_databases(minotor, engines, server, engine, way, account):
    one_server, source = engines(engine)
    one = every_collector.prepare(minotor, source, engine, server("11.6"), limits=one_server.way(way),
                                  interval="1s")
    confine(one, account)
    check(one, every_collector.NAMES)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("way", API_WAYS)
def test_http(minotor, server, trusted, way, account):
    """`health` and nothing else: its target has no database that anybody would reach."""
    one = minotor({"health": {"interval": "1s", "stale_after": "60s", "plugin": installations.module("health"),
                              "secrets": ["api"]}})
    installations.with_drivers(one)
    api = {"token_file": one.write("token", TOKEN + "\n", 0o600)}
    if way == "local":
        path = os.path.join(one.directory, "local.socket")
        server("11.6", unix_path=path)
        os.chmod(path, 0o777)
        api = {"local_socket": path}
    elif way == "https":
        site = server("11.6", tls=trusted)
        api.update({"url": f"https://localhost:{site.port}", "ca_file": trusted[1]})
    else:
        api["url"] = server("11.6").url
    one.settings["targets"][0]["api"] = api
    confine(one, account)
    check(one, ["health"])


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_server_sees_the_account_of_the_worker(minotor, server, account):
    """Over a unix socket it asks the kernel who connects: that is the broker, which is no other account's."""
    worker = programs.UNPRIVILEGED if programs.AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
    with database.PrivatePostgreSQL() as one_server:
        hba = os.path.join(one_server.data_dir, "pg_hba.conf")
        with open(hba, encoding="utf-8") as file:
            rules = file.read()
        one_server._write("pg_hba.conf", f"local all minotor peer map=worker\n{rules}")
        one_server._write("pg_ident.conf", f'worker "{worker}" minotor\n', mode="a")
        one_server.psql("SELECT pg_reload_conf()")
        source = installations.generated(one_server, "postgresql", "11.6", "mattermost")
        one = every_collector.prepare(minotor, source, "postgresql", server("11.6"), names=("kpi",), interval="1s")
        del one.settings["targets"][0]["database"]["password_file"]
        confine(one, account)
        check(one, ["kpi"])


# -- a worker that has to leave ends its query, over a connection of its own

LOCKS = {"postgresql": ["BEGIN", "LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"], "mysql": ["LOCK TABLES Posts WRITE"]}
WAITING = {"postgresql": "SELECT count(*) FROM pg_locks WHERE NOT granted",
           "mysql": "SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = 'minotor' AND STATE LIKE 'Waiting for %lock'"}


def cancelled(one_server):
    """How many queries the server has ended because somebody asked for it."""
    if one_server.engine == "mysql":
        return int(one_server.server.sql("SHOW GLOBAL STATUS LIKE 'Com_kill'").split()[1])
    with open(one_server.server.log_path, encoding="utf-8") as file:
        return file.read().count("canceling statement due to user request")


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_cancels(minotor, engines, server, engine, way, account):
    one_server, source = engines(engine)
    one = every_collector.prepare(minotor, source, engine, server("11.6"), names=("kpi",), interval="100s",
                                  limits=one_server.way(way))
    confine(one, account)
    before = cancelled(one_server)
    with source.session() as lock:
        for statement in LOCKS[engine]:
            lock(statement)
        one.start()
        deadline = time.monotonic() + PATIENCE
        while source.number(WAITING[engine]) == 0:
            assert time.monotonic() < deadline, one.log_tail()
            time.sleep(0.02)
        status, seconds = one.stop()
        assert status == 0 and seconds < 5
        assert cancelled(one_server) == before + 1
    assert one.log_lines("refused|SIGSYS") == []
