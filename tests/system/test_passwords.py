# SPDX-License-Identifier: Apache-2.0
"""Passwords of any characters open the database, on both engines, from a file of their own and from Mattermost's
configuration; and nobody sees them: not in a log, an argument, an environment, a page or an error of any kind."""

import json
import socket
import socketserver
import threading
import urllib.parse

import pytest

import database
import mysql_database
import processes
import test_worker_mysql
from minotor import AS_ROOT
from mysql_database import quoted

SPECIAL = "#%?&@/:'\"\\ \u00fc"
# Letters on both sides: what is cut at a character, or spelled in another way, is found by one of them.
BEFORE, AFTER = "Hush7f3a", "Dark9c1e"
MARKED = [one + BEFORE + one + AFTER + one for one in SPECIAL] + [BEFORE + SPECIAL + AFTER + SPECIAL[::-1]]
ALONE = list(SPECIAL)  # too short to be looked for
POSTS = "mattermost_kpi_posts_total"
KPI = {"interval": "1s", "timeout": "1s", "stale_after": "60s"}

WRONG = {"postgresql": "password authentication failed", "mysql": "Access denied"}
DEAD = "Connection refused"
NO_TLS = {"postgresql": "SSL", "mysql": "TLS|SSL"}


NOT_TLS = b"nothing that is TLS\r\n"


class BrokenTLS(socketserver.ThreadingTCPServer):
    """Says `words` to whoever comes, and one reply after each thing that it hears; keeps what it hears."""

    daemon_threads, block_on_close, request_queue_size = True, False, 32

    def __init__(self, words, replies):
        self.words, self.replies, self.heard = words, replies, []
        super().__init__(("127.0.0.1", 0), None)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def finish_request(self, request, client_address):
        try:
            request.settimeout(10)
            request.sendall(self.words)
            for reply in self.replies:
                self.heard.append(request.recv(65536))
                request.sendall(reply)
            self.heard.append(request.recv(65536))
        except OSError:
            pass  # the client has left

    def close(self):
        self.shutdown()
        self.server_close()


def account(number):
    return f"account{number}"


class OnPostgreSQL:
    engine = "postgresql"

    def __init__(self):
        self.server = database.PrivatePostgreSQL().start()
        self.source = database.generated(self.server, "mattermost", "11.6")
        self.server.psql("".join(f"CREATE ROLE {account(number)} LOGIN; GRANT {database.ROLE} TO {account(number)};"
                                 for number in range(len(MARKED))))
        self.place = (self.server.socket_dir, 5432, "disable")

    def set_passwords(self, passwords):
        self.server.psql("".join("ALTER ROLE {} PASSWORD '{}';".format(account(number), password.replace("'", "''"))
                                 for number, password in enumerate(passwords)))
        self.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'account%'")

    def data_source(self, number, password, host, port, sslmode):
        """As an administrator has to write it for Go."""
        query = urllib.parse.urlencode({"host": host, "sslmode": sslmode, "connect_timeout": 10, "binary_parameters": "yes"}
                                       if host.startswith("/") else {"sslmode": sslmode, "binary_parameters": "yes"})
        where = "" if host.startswith("/") else f"{host}:{port}"
        return f"postgres://{account(number)}:{urllib.parse.quote(password, safe='')}@{where}/mattermost?{query}"

    @staticmethod
    def broken_tls():
        """It would speak TLS, and then does not."""
        return BrokenTLS(b"", [b"S", NOT_TLS])


class OnMariaDB:
    engine = "mysql"

    def __init__(self):
        self.server = mysql_database.PrivateMariaDB().start()
        self.source = mysql_database.generated(self.server, "mattermost", "9.9")
        self.server.sql("".join(f"CREATE USER {account(number)}@localhost; GRANT SELECT ON mattermost.* TO {account(number)}@localhost;"
                                for number in range(len(MARKED))))
        self.place = (self.server.socket, 3306, "disable")

    def set_passwords(self, passwords):
        self.server.sql("".join(f"ALTER USER {account(number)}@localhost IDENTIFIED BY {quoted(password)};"
                                for number, password in enumerate(passwords)))
        for number in self.server.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE USER LIKE 'account%'").split():
            self.server.sql(f"KILL {number}")

    def data_source(self, number, password, host, port, sslmode):
        """As Go's driver wants it: nothing is escaped."""
        where = f"unix({host})" if host.startswith("/") else f"tcp({host}:{port})"
        tls = {"disable": "false", "require": "skip-verify"}[sslmode]
        return f"{account(number)}:{password}@{where}/mattermost?charset=utf8mb4,utf8&writeTimeout=30s&tls={tls}"

    @staticmethod
    def broken_tls():
        words = test_worker_mysql.greeting(test_worker_mysql.CAPABILITIES | test_worker_mysql.CLIENT_SSL)
        return BrokenTLS(words, [NOT_TLS])


@pytest.fixture(scope="module", params=[OnPostgreSQL, OnMariaDB], ids=lambda one: one.engine)
def site(request):
    made = request.param()
    yield made
    made.server.remove()


class Watcher:
    """One minotord with a target for each password.

    way   where the passwords come from: "file" or "config"
    """

    def __init__(self, minotor, site, way):
        self.site, self.way = site, way
        self.one = minotor({"kpi": KPI})
        self.configure(MARKED, site.place)

    def target(self, number, password, place):
        if self.way == "config":
            config = {"SqlSettings": {"DriverName": "postgres" if self.site.engine == "postgresql" else "mysql",
                                      "DataSource": self.site.data_source(number, password, *place)}}
            # Go writes an & like this.
            text = json.dumps(config, ensure_ascii=number % 2 == 0).replace("&", "\\u0026")
            return {"mattermost_config": self.one.write(f"config{number}.json", text, 0o600)}
        host, port, sslmode = place
        return {"database": {"driver": self.site.engine, "host": host, "port": port, "name": "mattermost",
                             "user": account(number), "sslmode": sslmode,
                             "password_file": self.one.write(f"password{number}", password + "\n", 0o600)}}

    def configure(self, passwords, place):
        self.one.settings["targets"] = [{"name": f"t{number}", **self.target(number, password, place)}
                                        for number, password in enumerate(passwords)]
        self.one.write_config()

    def successes(self, page):
        return [page.collector("success", target=target["name"]) for target in self.one.settings["targets"]]

    def wait_for(self, value, what):
        return self.one.wait_for(lambda page: set(self.successes(page)) == {value}, 60, what)

    def reload(self, what):
        """Until no target is what it was: each has a worker of its own."""
        before = set(self.one.children().values()) - {self.one.front()}
        self.one.reload()
        self.one.wait_for(lambda page: not before & set(self.one.children().values()), 60, f"new workers for {what}")

    def assert_told(self, pattern, offset):
        """Each target has said so since."""
        for target in self.one.settings["targets"]:
            self.one.wait_for_log(rf"process=kpi@{target['name']} [^\n]*(?:{pattern})", 60, offset)

    def assert_nothing_is_seen(self):
        """Neither half of a password, in whatever spelling."""
        places = {"the log": self.one.log()}
        for path in ("/metrics", "/", "/-/ready"):
            places[path] = self.one.get(path).text
        for pid in [self.one.pid, *processes.children(self.one.pid)]:
            if AS_ROOT:
                seen = processes.read(pid, "environ") or not processes.alive(pid)  # who has died has nothing to show
                assert seen, f"/proc/{pid}/environ cannot be read, so nothing is shown by it"
            for name in ("cmdline", "environ", "comm"):
                places[f"{name} of {processes.title(pid)}"] = processes.read(pid, name)
        done = self.one.run("--check")
        places["--check"] = done.stdout + done.stderr
        for place, text in places.items():
            assert BEFORE not in text and AFTER not in text, f"{place}:\n{text}"
        return done


@pytest.fixture(params=["file", "config"])
def watcher(request, minotor, site):
    site.set_passwords(MARKED)
    return Watcher(minotor, site, request.param)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_passwords_work_and_are_seen_nowhere(watcher, site):
    posts = site.source.number("SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0")
    one = watcher.one.start()
    page = watcher.wait_for(1, "the right passwords")
    assert page.by_label(POSTS, "target") == {target["name"]: posts for target in one.settings["targets"]}
    assert watcher.assert_nothing_is_seen().returncode == 0

    offset = len(one.log())
    site.set_passwords(["another"] * len(MARKED))
    watcher.wait_for(0, "wrong passwords")
    watcher.assert_told(WRONG[site.engine], offset)
    watcher.assert_nothing_is_seen()

    offset = len(one.log())
    watcher.configure(MARKED, ("127.0.0.1", free_port(), "disable"))
    watcher.reload("a server that is not there")
    watcher.assert_told(DEAD, offset)
    watcher.assert_nothing_is_seen()

    offset, impostor = len(one.log()), site.broken_tls()
    try:
        watcher.configure(MARKED, ("127.0.0.1", impostor.port, "require"))
        watcher.reload("a server with bad TLS")
        watcher.assert_told(NO_TLS[site.engine], offset)
        watcher.assert_nothing_is_seen()
        assert not any(half.encode() in words for half in (BEFORE, AFTER) for words in impostor.heard)
    finally:
        impostor.close()


def test_one_character_is_a_password(watcher, site):
    watcher.configure(ALONE, site.place)
    site.set_passwords(ALONE)
    watcher.one.start()
    watcher.wait_for(1, "passwords of one character")


def test_a_password_in_the_environment_of_minotord_stays_there(minotor, site, monkeypatch):
    """Whoever starts it may give it Mattermost's variables; no child of its inherits them."""
    site.set_passwords(MARKED)
    monkeypatch.setenv("MM_SQLSETTINGS_DATASOURCE", site.data_source(len(MARKED) - 1, MARKED[-1], *site.place))
    one = minotor({"kpi": KPI})
    name = "postgres" if site.engine == "postgresql" else "mysql"
    config = one.write("config.json", json.dumps({"SqlSettings": {"DriverName": name}}), 0o600)
    one.settings["targets"] = [{"name": "mattermost", "mattermost_config": config}]
    one.write_config()
    one.start()
    one.wait_until_good()
    places = {"the log": one.log(), "/": one.get("/").text, "/metrics": one.get("/metrics").text,
              "arguments": processes.read(one.pid, "cmdline")}
    for pid in processes.children(one.pid):
        for name in ("cmdline", "environ"):
            places[f"{name} of {processes.title(pid)}"] = processes.read(pid, name)
    for place, text in places.items():
        assert BEFORE not in text and AFTER not in text, place
