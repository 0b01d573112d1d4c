# SPDX-License-Identifier: Apache-2.0
"""The worker and its MySQL driver on a MariaDB, seen from where supervisor and front would be; last, with these."""

import contextlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import lone_worker
import mysql_database
import processes
import truth
from minotor import PATHS, SOURCE
from mysql_database import PASSWORD, PASSWORD_MARK, ROLE, PrivateMariaDB, PrivateMariaDBError, quoted

EXIT_DONE = 0
ROLE_FILE = os.path.join(SOURCE, "etc", "sql", "mysql-role.sql")
POSTS_FAMILIES = {"mattermost_kpi_posts_total", "mattermost_kpi_last_post_date",
                  "mattermost_kpi_last_post_timestamp_seconds"}
SESSIONS_FAMILY = "mattermost_kpi_sessions_total"
VERSIONS = ("5.37", "9.9", "real")


@pytest.fixture(scope="module")
def mariadb():
    # Since 11.4 a server without a certificate makes one; this one does without TLS.
    with PrivateMariaDB(tcp=True, settings=["--performance-schema=ON", "--skip-ssl"]) as server:
        yield server


@pytest.fixture(scope="module")
def databases(mariadb):
    """databases(version): made when first wanted; a test that changes one changes it back."""
    made = {}

    def get(version):
        if version not in made:
            name = "mattermost_" + version.replace(".", "_")
            if version == "real":
                if not os.path.exists(mysql_database.REAL_DUMP):
                    pytest.skip("no ../shared/real/mattermost-5.37-mariadb.sql.gz beside the source tree")
                made[version] = mysql_database.real(mariadb, name)
            else:
                made[version] = mysql_database.generated(mariadb, name, version)
        return made[version]

    return get


@pytest.fixture
def mattermost(databases):
    return databases("9.9")


@pytest.fixture
def worker(mariadb):
    """worker(source, **settings): a worker with kpi on that database; ends with the test and leaves no session."""
    made = []

    def make(source, **settings):
        place = {"slot": "kpi", "collector": "kpi", "target": "mattermost",
                 "plugin": os.path.join(PATHS["collectors"], "kpi.so"), "drivers": PATHS["drivers"],
                 "setting.exact": "true", "interval_ms": 200, "timeout_ms": 5000, "first_delay_ms": 0,
                 "database.driver": "mysql", "database.host": mariadb.socket_dir, "database.port": 3306,
                 "database.name": source.name, "database.user": ROLE, "database.password": PASSWORD,
                 "database.sslmode": "prefer"}
        place.update({name.replace("__", "."): value for name, value in settings.items()})
        made.append(lone_worker.LoneWorker(place))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)
        assert PASSWORD_MARK not in one.log_text


@pytest.fixture
def over_tcp(mattermost, mariadb):
    """Settings of a worker that come by the network, as a user who may."""
    mattermost.sql(f"CREATE USER {ROLE}@'127.0.0.1' IDENTIFIED BY {quoted(PASSWORD)};"
                   f"GRANT SELECT ON `{mattermost.name}`.* TO {ROLE}@'127.0.0.1'")
    yield {"database__host": "127.0.0.1", "database__port": mariadb.port}
    mattermost.sql(f"DROP USER {ROLE}@'127.0.0.1'")


def comparable(samples):
    return truth.comparable(samples, "mattermost_messages_posted_total")


def wait_for_sessions(source, count):
    end = time.monotonic() + 10
    while source.our_sessions() != count:
        assert time.monotonic() < end, f"not {count} sessions but {source.our_sessions()}"
        time.sleep(0.05)


def idle(one):
    one.wait(lambda: one.messages[-1][0] == lone_worker.IDLE and one.messages[-1][2] == 0)


# -- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_every_value_is_a_plain_count(worker, databases, version):
    source = databases(version)
    found = worker(source).round()
    assert (found.status, found.error, found.unknown) == ("ok", "", [])
    assert comparable(found.samples) == truth.kpi(source)


@pytest.mark.parametrize("version", VERSIONS)
def test_rounds_follow_the_database(worker, databases, version):
    source = databases(version)
    one = worker(source)
    one.round()
    before = source.number("SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0")
    source.sql("UPDATE Posts SET DeleteAt = UpdateAt + 1 WHERE DeleteAt = 0 AND OriginalId = '' ORDER BY Id LIMIT 3;"
               "UPDATE Channels SET DeleteAt = 5 WHERE DeleteAt = 0 AND Type = 'O' ORDER BY Id LIMIT 1")
    found = one.round(lambda later: later.samples[("mattermost_kpi_posts_total",)] == before - 3)
    assert comparable(found.samples) == truth.kpi(source)
    assert source.our_sessions() == 1


def test_values_over_tcp(worker, mattermost, over_tcp):
    assert comparable(worker(mattermost, **over_tcp).round().samples) == truth.kpi(mattermost)


def test_the_file_of_the_socket_is_a_host_too(worker, mattermost, mariadb):
    assert worker(mattermost, database__host=mariadb.socket).round().status == "ok"


def test_a_session_is_modest(worker, mattermost, mariadb):
    """Named, read-only, without a transaction between rounds."""
    one = worker(mattermost, interval_ms=5000)
    one.round()
    idle(one)
    rows = mattermost.rows(f"SELECT ID, COMMAND FROM information_schema.PROCESSLIST WHERE USER = '{ROLE}'")
    assert [command for _, command in rows] == ["Sleep"]
    name = mattermost.sql("SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs "
                          f"WHERE PROCESSLIST_ID = {rows[0][0]} AND ATTR_NAME = 'program_name'")
    assert name == "minotor/kpi"
    assert mattermost.number("SELECT COUNT(*) FROM information_schema.INNODB_TRX") == 0


def test_the_role_of_the_file_is_enough(worker, mattermost):
    """The file may be run again, and the account is closed until it has a password."""
    with open(ROLE_FILE, encoding="utf-8") as file:
        text = file.read()
    mattermost.sql(f"DROP USER {ROLE}@localhost")
    try:
        mattermost.sql(text)
        locked = worker(mattermost, database__password="").round()
        assert locked.status == "failed" and "Access denied, this account is locked" in locked.error
        mattermost.sql(f"ALTER USER {ROLE}@localhost IDENTIFIED BY {quoted(PASSWORD)} ACCOUNT UNLOCK")
        mattermost.sql(text)
        found = worker(mattermost).round()
        assert (found.status, comparable(found.samples)) == ("ok", truth.kpi(mattermost))
        for query in ("SELECT Message FROM Posts", "SELECT Password FROM Users", "SELECT Token FROM Sessions",
                      "SELECT Value FROM Systems"):
            with pytest.raises(PrivateMariaDBError, match="ERROR 114[23]"):
                mattermost.server.sql(query, mattermost.name, user=ROLE, password=PASSWORD)
    finally:
        mattermost.sql(f"DROP USER IF EXISTS {ROLE}@localhost")
        mysql_database.with_role(mattermost.server, mattermost.name, "9.9")


# -- trouble -----------------------------------------------------------------------------------------------------


def test_a_locked_table_costs_its_families_and_comes_back(worker, mattermost):
    one = worker(mattermost)
    good = one.round()
    with mattermost.session() as other:
        other("LOCK TABLES Posts WRITE")
        locked = one.round(lambda found: found.status != "ok")
        assert locked.status == "partial" and set(locked.unknown) == POSTS_FAMILIES
        assert locked.error.endswith(": ERROR 1205: Lock wait timeout exceeded; try restarting transaction")
        assert comparable(locked.samples) == {key: value for key, value in comparable(good.samples).items() if key[0] not in POSTS_FAMILIES}
        assert mattermost.our_sessions() == 1
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth.kpi(mattermost)
    assert mattermost.our_sessions() == 1


def test_a_missing_table_costs_its_families(worker, mattermost):
    one = worker(mattermost)
    one.round()
    mattermost.sql("RENAME TABLE Sessions TO SessionsGone")
    try:
        found = one.round(lambda later: later.status != "ok")
        assert (found.status, found.unknown) == ("partial", [SESSIONS_FAMILY])
        assert found.error.startswith("sessions: ERROR 1") and "\n" not in found.error
    finally:
        mattermost.sql("RENAME TABLE SessionsGone TO Sessions")
    assert comparable(one.round(lambda later: later.status == "ok").samples) == truth.kpi(mattermost)


def test_a_query_without_end_is_ended_at_the_server(worker, mattermost):
    """A view in the place of a table: nothing to lock, only time that passes."""
    mattermost.sql("RENAME TABLE Sessions TO SessionsBefore;"
                   "CREATE VIEW Sessions AS SELECT * FROM SessionsBefore WHERE SLEEP(60) = 0")
    try:
        one = worker(mattermost, timeout_ms=500, interval_ms=2000)
        late = one.round()
        assert late.error == "sessions: not done within the round's 500 ms"
        assert late.seconds < 1.5
        states = mattermost.rows(f"SELECT COMMAND FROM information_schema.PROCESSLIST WHERE USER = '{ROLE}'")
        assert states in ([["Sleep"]], [])
    finally:
        mattermost.sql("DROP VIEW Sessions; RENAME TABLE SessionsBefore TO Sessions")
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth.kpi(mattermost)


def test_a_wrong_password_is_one_line(worker, mattermost, mariadb):
    found = worker(mattermost, database__password=PASSWORD_MARK + "-wrong").round()
    assert (found.status, found.samples) == ("failed", {})
    assert found.error == (f"cannot connect to database {mattermost.name} on {mariadb.socket} as minotor: "
                           "Access denied for user 'minotor'@'localhost' (using password: YES)")


@pytest.mark.parametrize("host, reason", [
    ("/nonexistent", "No such file or directory"),
    ("/" + "x" * 120, "the path of the unix socket is too long"),
    ("127.0.0.1", "Connection refused"),
    ("minotor.invalid", "the host's name is not known"),
])
def test_no_server_there(worker, mattermost, host, reason):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = worker(mattermost, database__host=host, database__port=free.getsockname()[1]).round()
    assert found.status == "failed" and found.error.endswith("as minotor: " + reason)


def test_server_stopped_and_started_again(worker, mattermost, mariadb):
    one = worker(mattermost)
    one.round()
    mariadb.stop()
    try:
        down = one.round(lambda found: found.status == "failed")
        assert "cannot connect" in down.error or "lost" in down.error
        one.round(lambda found: found.status == "failed" and "cannot connect" in found.error)
    finally:
        mariadb.start()
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth.kpi(mattermost)
    assert mattermost.our_sessions() == 1


def test_session_killed_between_rounds_costs_no_round(worker, mattermost):
    one = worker(mattermost, interval_ms=1000)
    one.round()
    idle(one)
    number = mattermost.number(f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{ROLE}'")
    mattermost.sql(f"KILL {number}")
    assert one.round().status == "ok"
    assert mattermost.our_sessions() == 1


@pytest.mark.parametrize("over", ["socket", "tcp"])
def test_frozen_server(worker, mattermost, mariadb, over_tcp, over):
    """Not even the request to cancel is answered: the worker lives on, and one connection is all it ever has."""
    one = worker(mattermost, timeout_ms=400, interval_ms=400, **(over_tcp if over == "tcp" else {}))
    one.round(lambda found: found.status == "ok")
    files = processes.descriptor_count(one.process.pid)
    mariadb.sigstop()
    try:
        for _ in range(8):
            frozen = one.round(lambda found: found.status != "ok")
            assert frozen.status in ("timeout", "failed")
            assert frozen.seconds < 1.4 and frozen.samples == {}
    finally:
        mariadb.sigcont()
    one.round(lambda found: found.status == "ok")
    wait_for_sessions(mattermost, 1)
    assert one.process.poll() is None
    if files is None:
        pytest.skip("all well, but workers keep /proc/PID/fd to root; run as root to see that none is left over")
    one.wait(lambda: processes.descriptor_count(one.process.pid) <= files)


def test_drain_is_an_orderly_end(worker, mattermost):
    one = worker(mattermost, interval_ms=5000)
    one.round()
    one.drain()
    assert one.exit_status() == EXIT_DONE
    wait_for_sessions(mattermost, 0)


def test_drain_ends_a_query_under_way(worker, mattermost):
    with mattermost.session() as other:
        other("LOCK TABLES Posts WRITE, Channels WRITE, Reactions WRITE, Sessions WRITE")
        one = worker(mattermost, timeout_ms=60000, interval_ms=60000)
        one.wait(lambda: one.said(lone_worker.WANT))
        wait_for_sessions(mattermost, 1)
        began = time.monotonic()
        one.drain()
        assert one.exit_status() == EXIT_DONE
        assert time.monotonic() - began < 3
        wait_for_sessions(mattermost, 0)


def test_killed_worker_leaves_no_query_behind(worker, mattermost):
    with mattermost.session() as other:
        other("LOCK TABLES Posts WRITE, Channels WRITE, Reactions WRITE, Sessions WRITE")
        one = worker(mattermost, timeout_ms=2000, interval_ms=60000)
        one.wait(lambda: one.said(lone_worker.WANT))
        wait_for_sessions(mattermost, 1)
        processes.send(one.process.pid, signal.SIGKILL)
        one.pump(0.1)  # as its supervisor: the socket of the session lies in the channel
        wait_for_sessions(mattermost, 0)


# -- passwords ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [*"#%?&@/:'\"\\ ü", "", "\U0001f511" * 10, "x" * 200, "%40%2F+&amp;", "${HOME}`id`"])
def test_any_password(worker, mattermost, password):
    name = "person"
    secret = PASSWORD_MARK + password + "end" if password else ""
    mattermost.sql(f"CREATE OR REPLACE USER {name}@localhost IDENTIFIED BY {quoted(secret)};"
                   f"GRANT SELECT ON `{mattermost.name}`.* TO {name}@localhost")
    one = worker(mattermost, database__user=name, database__password=secret, interval_ms=5000)
    found = one.round()
    assert (found.status, found.error) == ("ok", "")
    if secret:
        for file in ("environ", "cmdline"):
            assert PASSWORD_MARK not in processes.read(one.process.pid, file)
    mattermost.sql(f"DROP USER {name}@localhost")


# -- TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates():
    """Paths of an authority of our own, of another one, of a server's certificate for the name localhost, and of one
    for localhost and 127.0.0.1 that nobody but itself has signed."""
    # Not below pytest's own folder, which each pytest that starts closes to the server's account.
    with tempfile.TemporaryDirectory(prefix="minotor-certificates-") as folder:
        os.chmod(folder, 0o755)
        yield make_certificates(folder)


def make_certificates(folder):
    names = ("ca.pem", "other.pem", "server.pem", "server.key", "ca.key", "csr", "own.pem", "own.key")
    paths = {name: os.path.join(folder, name) for name in names}

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    for name in ("other.pem", "ca.pem"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                paths["ca.key"], "-out", paths[name], "-subj", "/CN=authority of the tests", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", paths["server.key"],
            "-out", paths["csr"], "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", paths["csr"], "-CA", paths["ca.pem"], "-CAkey", paths["ca.key"], "-CAcreateserial",
            "-out", paths["server.pem"], "-days", "2")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", paths["own.key"],
            "-out", paths["own.pem"], "-subj", "/CN=nobody's", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-days", "2")
    for path in paths.values():
        os.chmod(path, 0o644)
    return paths


@contextlib.contextmanager
def server_with(certificate, key, *settings):
    """A database on a MariaDB with that certificate; one of its users must come with TLS."""
    with PrivateMariaDB(tcp=True, settings=[f"--ssl-cert={certificate}", f"--ssl-key={key}", *settings]) as server:
        source = mysql_database.generated(server, "mattermost", "9.9")
        for name, require in (("secured", "REQUIRE SSL"), ("plain", "")):
            server.sql(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY {quoted(PASSWORD)} {require};"
                       f"GRANT SELECT ON mattermost.* TO {name}@'127.0.0.1'")
        yield source


@pytest.fixture(scope="module")
def secure(certificates):
    with server_with(certificates["server.pem"], certificates["server.key"],
                     f"--ssl-ca={certificates['ca.pem']}") as source:
        yield source


@pytest.fixture(scope="module")
def self_signed(certificates):
    with server_with(certificates["own.pem"], certificates["own.key"]) as source:
        yield source


@pytest.mark.parametrize("user, host, mode, authority, good", [
    ("secured", "127.0.0.1", "prefer", "", True),
    ("secured", "127.0.0.1", "allow", "", True),
    ("secured", "127.0.0.1", "require", "", True),
    ("secured", "localhost", "verify-full", "ca.pem", True),
    ("secured", "localhost", "verify-ca", "ca.pem", True),
    ("secured", "localhost", "verify-full", "other.pem", False),
    ("secured", "localhost", "verify-ca", "other.pem", False),
    ("secured", "localhost", "verify-full", "nowhere.pem", False),
    ("secured", "localhost", "verify-full", "", False),
    ("secured", "127.0.0.1", "verify-full", "ca.pem", False),
    ("secured", "127.0.0.1", "verify-ca", "ca.pem", False),
    ("secured", "127.0.0.1", "disable", "", False),
    ("plain", "127.0.0.1", "disable", "", True),
])
def test_tls(worker, secure, certificates, user, host, mode, authority, good):
    check_tls(worker, secure, certificates, user, host, mode, authority, good)


@pytest.mark.parametrize("host, mode, authority, good", [
    ("127.0.0.1", "require", "", True),
    ("localhost", "verify-full", "own.pem", True),
    ("localhost", "verify-ca", "own.pem", True),
    ("localhost", "verify-full", "", False),
    ("localhost", "verify-ca", "", False),
    ("127.0.0.1", "verify-full", "", False),
    ("127.0.0.1", "verify-ca", "", False),
    ("localhost", "verify-full", "ca.pem", False),
])
def test_tls_that_nobody_has_signed(worker, self_signed, certificates, host, mode, authority, good):
    """Neither does a server's knowing our password make it trusted, nor its being on this machine."""
    check_tls(worker, self_signed, certificates, "secured", host, mode, authority, good)


def check_tls(worker, source, certificates, user, host, mode, authority, good):
    authority = certificates.get(authority, "/nonexistent/" + authority) if authority else ""
    one = worker(source, database__host=host, database__port=source.server.port, database__user=user,
                 database__sslmode=mode, database__sslrootcert=authority)
    found = one.round()
    if good:
        assert (found.status, found.error, comparable(found.samples)) == ("ok", "", truth.kpi(source))
        ciphers = source.rows("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'")
        assert int(ciphers[0][1]) > 0 or mode == "disable"
    else:
        assert found.status == "failed" and found.error.startswith("cannot connect to database")
        assert "\n" not in found.error and ("TLS" in found.error or "SSL" in found.error or mode == "disable")


def test_a_frozen_server_behind_tls(worker, secure):
    one = worker(secure, database__host="127.0.0.1", database__port=secure.server.port, database__user="secured",
                 database__sslmode="require", timeout_ms=400, interval_ms=400)
    one.round(lambda found: found.status == "ok")
    secure.server.sigstop()
    try:
        for _ in range(6):
            assert one.round(lambda found: found.status != "ok").seconds < 1.4
    finally:
        secure.server.sigcont()
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth.kpi(secure)


# -- servers that are none ---------------------------------------------------------------------------------------


TLS_REQUEST_BYTES = 4 + 32
CLIENT_SSL, CAPABILITIES = 0x800, 0x81BFF7DF & ~0x20  # what a server of today says of itself, without compression


def greeting(capabilities):
    salt = b"a" * 20
    payload = (b"\x0a5.5.5-10.11.6-MariaDB\0" + struct.pack("<I", 7) + salt[:8] + b"\0"
               + struct.pack("<HBHHB", capabilities & 0xFFFF, 45, 2, capabilities >> 16, 21) + b"\0" * 10
               + salt[8:] + b"\0" + b"mysql_native_password\0")
    return struct.pack("<I", len(payload))[:3] + b"\0" + payload


class Impostor:
    """Listens on a loopback port, says `words` to whoever comes, keeps what it hears, answers nothing more.

    reply      what it says after each thing that it hears
    identity   (certificate, key): whoever has asked for TLS gets it; only what comes by TLS is kept then
    """

    def __init__(self, words, replies=(), identity=None):
        self.words, self.replies, self.heard, self.guests = words, list(replies), [], []
        self.tls, self.handshakes, self.stopped = None, 0, False
        if identity:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*identity)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                guest, _ = self.listener.accept()
                self.guests.append(guest)
                guest.sendall(self.words)
                if self.tls and len(guest.recv(TLS_REQUEST_BYTES, socket.MSG_WAITALL)) == TLS_REQUEST_BYTES:
                    self.handshakes += 1
                    guest = self.tls.wrap_socket(guest, server_side=True)
                    self.guests[-1] = guest
                for reply in self.replies:
                    self.heard.append(guest.recv(65536))
                    guest.sendall(reply)
                self.heard.append(guest.recv(65536))
            except OSError:
                if self.stopped:
                    return

    def close(self):
        self.stopped = True
        self.listener.shutdown(socket.SHUT_RDWR)
        for one in [self.listener, *self.guests]:
            one.close()


@pytest.fixture
def impostor():
    made = []

    def make(*arguments, **more):
        made.append(Impostor(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("words", [
    b"",  # a connection and no word
    greeting(CAPABILITIES & ~CLIENT_SSL),  # no answer to the login
    greeting(CAPABILITIES | CLIENT_SSL),  # no answer to the first words of TLS
], ids=["silence", "no answer to the login", "no answer to TLS"])
def test_a_server_that_stops_talking_costs_no_more_than_the_round(worker, mattermost, impostor, words):
    one = worker(mattermost, database__host="127.0.0.1", database__port=impostor(words).port, timeout_ms=500,
                 interval_ms=500)
    for _ in range(3):
        found = one.round()
        assert found.status in ("timeout", "failed") and found.seconds < 1.4
        assert "cannot connect to database" in found.error
    assert one.process.poll() is None


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_required_tls_is_not_done_without(worker, mattermost, over_tcp, mode):
    found = worker(mattermost, **over_tcp, database__sslmode=mode).round()
    assert found.status == "failed" and ("TLS" in found.error or "SSL" in found.error)


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
@pytest.mark.parametrize("authority", ["", "ca.pem"])
def test_no_login_before_the_certificate_is_good(worker, mattermost, impostor, certificates, mode, authority):
    """Not even the proof that we know the password."""
    thief = impostor(greeting(CAPABILITIES | CLIENT_SSL), identity=(certificates["own.pem"], certificates["own.key"]))
    one = worker(mattermost, database__host="localhost", database__port=thief.port, database__sslmode=mode,
                 database__sslrootcert=certificates.get(authority, ""))
    found = one.round()
    assert found.status == "failed" and "SSL" in found.error
    one.end()
    assert thief.handshakes > 0 and not any(thief.heard)


def test_the_password_is_not_sent_as_it_is(worker, mattermost, impostor):
    """A server may ask for another way to log in; one of those would give the password away."""
    payload = b"\xfemysql_clear_password\0"
    switch = struct.pack("<I", len(payload))[:3] + b"\x02" + payload
    thief = impostor(greeting(CAPABILITIES & ~CLIENT_SSL), [switch])
    one = worker(mattermost, database__host="127.0.0.1", database__port=thief.port, timeout_ms=1000, interval_ms=1000)
    assert one.round().status in ("failed", "timeout")
    one.end()
    assert thief.heard and not any(PASSWORD_MARK.encode() in words for words in thief.heard)


def test_the_server_gets_no_file(worker, mattermost, impostor):
    """A server may answer a query by asking for a file of ours."""
    fine = struct.pack("<I", 7)[:3] + b"\x02" + b"\0\0\0\2\0\0\0"
    request = b"\xfb/etc/hostname"
    asks = struct.pack("<I", len(request))[:3] + b"\x01" + request
    thief = impostor(greeting(CAPABILITIES & ~CLIENT_SSL), [fine, asks])
    one = worker(mattermost, database__host="127.0.0.1", database__port=thief.port, timeout_ms=1000, interval_ms=1000)
    one.round()
    one.round()
    one.end()
    with open("/etc/hostname", "rb") as file:
        secret = file.read().strip()
    assert len(thief.heard) >= 2 and b"SET SESSION" in thief.heard[1]
    assert not any(secret in words for words in thief.heard[2:])


# -- the whole of minotor ----------------------------------------------------------------------------------------


def test_minotord_shows_what_mariadb_holds(kpi, mattermost):
    """Without a port in its configuration: that of MySQL is the default."""
    daemon = kpi(mattermost, password=PASSWORD, interval="1s", timeout="1s").start()
    page = daemon.wait_until_good()
    for (family, *labels), value in mattermost.kpi().items():
        label = {"mattermost_kpi_reaction_total": "emoji"}.get(family, "type")
        shown = page.by_label(family, label)[labels[0]] if labels else page.value(family)
        assert shown == value, (family, labels)
    assert PASSWORD_MARK not in daemon.log_tail()
