# SPDX-License-Identifier: Apache-2.0
"""A worker's way out: it reaches what its slot is configured for, by whatever name, and nothing beside it; names that
are not known do not stop it; and its broker lives exactly as long as it does."""

import errno
import itertools
import os
import re
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time

import pytest

import database
import installations
import minotor as programs
import processes
from conftest import FAST, hostile

LOST = r"exit code \d+: lost its broker"
GAI_NONAME, GAI_AGAIN = 1002, 1003
SETTLE = 40
ACCOUNTS = ["root", "plain"] if programs.AS_ROOT else ["plain"]
needs_root = pytest.mark.skipif(not programs.AS_ROOT, reason="needs root: mounts another /etc")
needs_filter = pytest.mark.skipif(programs.sanitized(), reason="the sanitizers bear no filter of system calls")

# Way out -> what comes of it when all layers stand. Without them the broker refuses with EACCES what comes to it.
ALL_LAYERS = {
    "allowed": 0, "allowed tcp": 0, "name": 0, "unix": 0,
    "other port": errno.EACCES, "other host": errno.EACCES, "other unix": errno.EACCES, "abstract": errno.EACCES,
    "name, other port": errno.EACCES, "other name": GAI_NONAME,
    "udp": errno.EAFNOSUPPORT, "udp sendto": errno.EAFNOSUPPORT, "mptcp": errno.ENOSYS, "fast open": errno.ENOSYS,
    "raw": errno.EACCES, "raw unix": errno.EACCES,
}
PAST_THE_LIBRARY = ("udp sendto", "fast open", "raw", "raw unix")  # only the kernel's layers stop these


def listener(address="127.0.0.1"):
    return socket.create_server((address, 0), backlog=1000)


def slot_settings(one, made, unix_path):
    """A target whose database is at a number, its API at a name, and its local mode on a socket."""
    port = made.getsockname()[1]
    one.settings["targets"] = [{
        "name": "mattermost",
        "database": {"driver": "postgresql", "host": "127.0.0.1", "port": port, "name": "none", "user": "none",
                     "password_file": one.password_file},
        "api": {"url": f"http://localhost:{port}/", "local_socket": unix_path}}]
    own = {"address": "127.0.0.1", "port": str(port), "path": unix_path, "name": "localhost", "name_port": str(port)}
    one.write_collector("reach", {**hostile("reach", interval="1s"), "secrets": ["database", "api"], "settings": own})


@pytest.fixture
def reaching(minotor):
    """reaching(account, **settings): a Minotor whose collector tries everything; and the listener that it may reach."""
    opened = []

    def make(account="root", **settings):
        one = minotor({"good": hostile("good")}, settings=settings)
        unix_path = os.path.join(one.directory, "allowed.socket")
        local = socket.socket(socket.AF_UNIX)
        local.bind(unix_path)
        os.chmod(unix_path, 0o777)
        local.listen(1000)
        opened.extend([listener(), local])
        slot_settings(one, opened[-2], unix_path)
        one.write_config()
        if account == "plain" and programs.AS_ROOT:
            one.give_to(programs.UNPRIVILEGED)
        return one

    yield make
    for made in opened:
        made.close()


def ways(one):
    """What the latest round shows."""
    page = one.wait_for(lambda page: page.collector("success", "reach") == 1, SETTLE, "a round of reach")
    return {dict(labels)["way"]: int(number) for labels, number in page.series("hostile_reach_error").items()}


def broker(one, slot):
    return one.children().get("minotor: broker " + slot)


def wait_until(predicate, what, seconds=SETTLE):
    deadline = time.monotonic() + seconds
    while not (found := predicate()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)
    return found


# ---------------------------------------------------------------------------------------------- what is reached

@needs_filter
@pytest.mark.parametrize("account", ACCOUNTS)
def test_only_what_is_configured_is_reached(reaching, account):
    one = reaching(account, sandbox="strict").start()
    assert ways(one) == ALL_LAYERS
    assert not [count for count in one.scrape().series("minotor_collector_restarts_total").values() if count]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_broker_alone_refuses_what_comes_to_it(reaching, account):
    """Without the kernel's layers a call past the C library gets out, which is why these exist; the others do not."""
    one = reaching(account, sandbox_without=["network", "landlock", "seccomp"]).start()
    found = ways(one)
    for way, error in ALL_LAYERS.items():
        if way not in PAST_THE_LIBRARY:
            expected = errno.EACCES if way in ("udp", "mptcp") else error
            assert found[way] == expected, way


@pytest.mark.parametrize("account", ACCOUNTS)
def test_each_refusal_is_one_line_that_says_what_is_allowed(reaching, account):
    one = reaching(account).start()
    ways(one)
    one.next_round("reach", SETTLE)
    lines = one.log_lines("refused: ")
    assert len(lines) == len(set(re.search(r"refused: ([^;]*);", line).group(1) for line in lines))
    assert all("reach broker" in line and "allowed is: 127.0.0.1 port" in line for line in lines)
    for what in ("to look up other.test", "127.99.99.99 port", "/run/dbus/system_bus_socket", "@minotor-test"):
        assert any(what in line for line in lines), what


@pytest.mark.parametrize("settings", [{"sandbox": "off"}, {"sandbox_without": ["broker"]}], ids=["off", "without"])
def test_without_a_broker_connections_are_made_directly(reaching, settings):
    one = reaching(**settings).start()
    found = ways(one)
    assert found["allowed"] == found["unix"] == found["name"] == 0
    assert found["other port"] != errno.EACCES or "sandbox_without" in settings  # there by Landlock
    assert not [title for title in one.children() if "broker" in title]


def test_secrets_open_doors(minotor, reaching):
    """No secret of the database, no way to it; no token, no local mode."""
    one = reaching()
    path = one.settings["targets"][0]["api"]["local_socket"]
    port = one.settings["targets"][0]["database"]["port"]
    del one.settings["targets"][0]["api"]["url"]
    one.write_config()
    own = {"address": "127.0.0.1", "port": str(port), "path": path, "name": "localhost", "name_port": str(port)}
    one.write_collector("reach", {**hostile("reach"), "secrets": [], "settings": own})
    one.start()
    found = ways(one)
    assert found["allowed"] == found["unix"] == errno.EACCES and found["name"] == GAI_NONAME
    assert one.log_lines("allowed is: nothing")


# ---------------------------------------------------------------------------------------------------- its life

def test_it_lives_with_its_worker(reaching):
    one = reaching().start()
    ways(one)
    worker, own = one.worker("reach"), broker(one, "reach")
    assert own and processes.status(own)["Uid"] == processes.status(worker)["Uid"]
    assert processes.status(own)["NoNewPrivs"] == "1"
    processes.send(worker, signal.SIGKILL)
    processes.wait_gone(own, SETTLE)
    one.wait_for_child("reach", other_than=worker)
    wait_until(lambda: broker(one, "reach"), "the next broker")
    assert broker(one, "reach") != own
    assert not one.log_lines("left behind by a child")
    assert not one.log_lines("reach broker.*level=error|level=error.*reach broker")


def test_one_that_dies_is_told_of_once_and_its_worker_comes_back(reaching):
    one = reaching().start()
    ways(one)
    worker, own, other = one.worker("reach"), broker(one, "reach"), broker(one, "good")
    processes.send(own, signal.SIGKILL)
    one.wait_for_log(rf"reach\[{worker}\]: generation 1 failed .* {LOST}", SETTLE)
    one.wait_for_log(r"reach broker\[\d+\]: ended after .*SIGKILL")
    one.wait_for_child("reach", other_than=worker)
    wait_until(lambda: ways(one)["allowed"] == 0, "a connection by the next one")
    assert len(one.log_lines(r"reach broker\[\d+\]: ended after .*SIGKILL")) == 1
    assert broker(one, "good") == other and one.worker("good")


def test_one_that_is_stopped_costs_its_slot_only(reaching):
    """The worker notices that it is owed an answer, and nobody is killed for being late."""
    one = reaching().start()
    ways(one)
    worker, own = one.worker("reach"), broker(one, "reach")
    processes.send(own, signal.SIGSTOP)
    one.wait_for_log(rf"reach\[{worker}\]: generation 1 failed .* {LOST}", SETTLE)
    processes.wait_gone(own, SETTLE)
    one.wait_for_child("reach", other_than=worker)
    wait_until(lambda: ways(one)["allowed"] == 0, "a connection by the next one")
    page = one.wait_until_good("good")
    restarts = {(dict(labels)["collector"], dict(labels)["cause"]): count
                for labels, count in page.series("minotor_collector_restarts_total").items() if count}
    assert restarts == {("reach", "exit"): 1}


@pytest.mark.skipif(not programs.AS_ROOT, reason="only root can give it an account that no other test has")
def test_descriptors_that_a_neighbour_keeps_on_their_way(reaching):
    """The kernel counts them for the account: a collector must not use up what the brokers of others need."""
    # Others of the account could not send descriptors meanwhile.
    one = reaching(user="games")
    one.write_collector("hoarder", hostile("hoarder"))
    one.start()
    one.wait_until_good("hoarder")
    one.next_round("hoarder")
    one.next_round("reach", SETTLE)
    assert ways(one)["allowed"] == ways(one)["unix"] == 0


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_descriptor_for_a_connection_is_no_lost_broker(reaching, account):
    """What was hit is a limit of the worker, and it is named; the broker has done its part."""
    one = reaching(account)
    port = one.settings["targets"][0]["database"]["port"]
    one.write_collector("cornered", {**hostile("cornered"), "settings": {"port": str(port)}})
    one.start()
    one.wait_for_log(r"cornered.*no descriptor for a connection", SETTLE)
    one.wait_for_log(r"cornered\[\d+\]: generation 1 failed .*no descriptor left: reached limits\.descriptors", SETTLE)
    assert not one.log_lines(f"cornered.*{LOST}")
    one.wait_for(lambda page: any(dict(labels)["limit"] == "descriptors" and number
                                  for labels, number in page.series("minotor_collector_limit_hits_total").items()),
                 SETTLE, "the limit's count")


def test_a_dead_minotord_takes_them_along(reaching):
    one = reaching().start()
    ways(one)
    family = list(one.children().values())
    assert len(family) == 5
    one.process.kill()
    one.process.wait()
    for pid in family:
        processes.wait_gone(pid, SETTLE)


def test_a_reload_and_an_orderly_end_leave_none(reaching):
    one = reaching().start()
    ways(one)
    seen = {broker(one, "reach")}
    for interval in ("210ms", "220ms", "230ms"):
        one.write_collector("good", hostile("good", interval=interval))
        before = one.worker("good")
        one.reload()
        one.wait_for_child("good", other_than=before)
    seen.add(broker(one, "reach"))
    assert len(seen) == 1, "a slot that has not changed keeps its broker"
    wait_until(lambda: sum("broker" in title for title in map(processes.title, processes.children(one.pid))) == 2,
               "two brokers, and no dead one")
    status, seconds = one.stop()
    assert status == 0 and seconds < 5
    assert one.leftovers() == []


def test_an_end_during_a_hung_connection(minotor):
    """A server that has no room for more and takes none."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    crowd = [socket.socket() for _ in range(4)]
    for one in crowd:
        one.setblocking(False)
        one.connect_ex(full.getsockname())
    daemon = minotor({"kpi": FAST})
    daemon.settings["targets"][0]["database"].update({"host": "127.0.0.1", "port": full.getsockname()[1]})
    daemon.write_config()
    daemon.start()
    wait_until(lambda: broker(daemon, "kpi"), "a broker")
    daemon.wait_for(lambda page: page.collector("success", "kpi") is not None, SETTLE, "a round that hangs")
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 5
    for one in [full, *crowd]:
        one.close()


def test_a_program_that_is_no_broker(minotor):
    """What cannot be started is the slot's trouble, and is tried again."""
    one = minotor({"good": hostile("good")})
    one.settings["paths"] = {**programs.PATHS, "broker": "/bin/false"}
    one.write_config()
    one.start()
    one.wait_for_log(r"good broker\[\d+\]: ended after .* exit code 1", SETTLE)
    one.wait_for_log(rf"good\[\d+\]: generation \d+ failed .* {LOST}", SETTLE)


def test_a_check_has_them_too(reaching):
    one = reaching()
    done = one.run("--check")
    assert "refused: to look up other.test" in done.stderr
    assert "reach: round ok" in done.stdout, done.stdout + done.stderr


# --------------------------------------------------------------------------------------------------------- names

class NameServer:
    """A name server of its own, on an address of the loopback.

    names     {name: [addresses]}
    delay     seconds before each answer; None: there is none
    """

    numbers = itertools.count(1)

    def __init__(self, names=None, delay=0):
        self.address = f"127.53.{os.getpid() & 255}.{next(self.numbers)}"
        self.names, self.delay, self.asked = names or {}, delay, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            self.asked += 1
            if self.delay is not None:
                threading.Timer(self.delay, self.answer, (query, client)).start()

    def answer(self, query, client):
        labels, place = [], 12
        while query[place]:
            labels.append(query[place + 1:place + 1 + query[place]].decode())
            place += 1 + query[place]
        kind = struct.unpack(">H", query[place + 1:place + 3])[0]
        known = self.names.get(".".join(labels))
        found = [socket.inet_aton(address) for address in known or []] if kind == 1 else []
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + address for address in found)
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0)
        try:
            self.socket.sendto(head + query[12:place + 5] + records, client)
        except OSError:
            pass

    def close(self):
        self.socket.close()


@pytest.fixture
def etc():
    """A copy of /etc that one minotord sees in its place; files in it can be replaced."""
    folder = tempfile.mkdtemp(prefix="minotor-etc-", dir="/tmp")
    copy = os.path.join(folder, "etc")
    shutil.copytree("/etc", copy, symlinks=True, ignore=shutil.ignore_patterns("shadow*", "gshadow*", "ssh"))
    for path in (folder, copy):
        os.chmod(path, 0o755)
    replace(os.path.join(copy, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")
    yield copy
    shutil.rmtree(folder)


def replace(path, text):
    """By another file, as resolvconf and NetworkManager do."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)


def ask(etc, *servers):
    replace(os.path.join(etc, "resolv.conf"), "".join(f"nameserver {server.address}\n" for server in servers))


def behind(one, etc):
    """It sees that /etc."""
    command = one.arguments

    def arguments(*more):
        script = f'mount --bind "{etc}" /etc && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh", *command(*more)]
    one.arguments = arguments
    return one


@pytest.fixture
def name_servers():
    made = []

    def make(**more):
        made.append(NameServer(**more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def named(minotor, etc):
    """A minotord whose API is at a name, with `reach`, and a listener on all of the loopback."""
    opened = []

    def make(name="api.test"):
        opened.append(socket.create_server(("0.0.0.0", 0), backlog=1000))
        port = opened[-1].getsockname()[1]
        one = behind(minotor({"good": hostile("good")}), etc)
        one.settings["targets"][0]["api"] = {"url": f"http://{name}:{port}"}
        one.write_config()
        own = {"address": "127.0.0.1", "port": "9", "path": "/none", "name": name, "name_port": str(port)}
        one.write_collector("reach", {**hostile("reach", interval="6s", stale_after="60s"), "settings": own})
        one.listener = opened[-1]
        return one

    yield make
    for one in opened:
        one.close()


@needs_root
def test_a_dead_name_server(named, etc, name_servers):
    """Costs the lookup's bound, not the worker."""
    silent = name_servers(delay=None)
    ask(etc, silent)
    one = named().start()
    assert ways(one)["name"] == GAI_AGAIN
    assert silent.asked > 0
    page = one.wait_until_good("good")
    assert not [count for count in page.series("minotor_collector_restarts_total").values() if count]


@needs_root
def test_a_late_answer_serves_the_next_round(named, etc, name_servers):
    """Two servers that are silent for a second each, and a third that takes nearly one: later than the bound."""
    silent = [name_servers(delay=None) for _ in range(2)]
    late = name_servers(names={"api.test": ["127.0.0.1"]}, delay=0.8)
    ask(etc, *silent, late)
    one = named().start()
    assert ways(one)["name"] == GAI_AGAIN
    wait_until(lambda: ways(one)["name"] == 0, "the answer")


@needs_root
def test_a_name_server_that_goes_away_is_not_missed(named, etc, name_servers):
    one_server = name_servers(names={"api.test": ["127.0.0.1"]})
    ask(etc, one_server)
    one = named().start()
    assert ways(one)["name"] == 0
    one_server.delay = None
    one.wait_for_log("api.test: .*; its addresses from before are used", SETTLE)
    one.next_round("reach", SETTLE)
    assert ways(one)["name"] == 0
    one_server.delay = 0
    one.wait_for_log("api.test: the name service knows its addresses again", SETTLE)


@needs_root
def test_resolv_conf_that_is_replaced_is_read(named, etc, name_servers):
    """By rename: a rule about the file would be about the old one."""
    ask(etc, name_servers())
    one = named().start()
    assert ways(one)["name"] == GAI_NONAME
    worker = one.worker("reach")
    ask(etc, name_servers(names={"api.test": ["127.0.0.1"]}))
    wait_until(lambda: ways(one)["name"] == 0, "the new name server")
    assert one.worker("reach") == worker


@needs_root
def test_a_name_that_moves(minotor, etc, name_servers):
    """Old sessions stay where they are; new ones go to the new address, and nothing else opens by it."""
    first, second = (f"127.54.{os.getpid() & 255}.{number}" for number in (1, 2))
    name_server = name_servers(names={"db.test": [first]})
    ask(etc, name_server)
    with database.PrivatePostgreSQL(settings=f"listen_addresses = '{first}, {second}'\n") as server:
        server._write("pg_hba.conf", "host all all 127.0.0.0/8 scram-sha-256\n", mode="a")
        server.psql("SELECT pg_reload_conf()")
        source = database.generated(server, "mattermost", "11.6")
        installations.grant(server, "postgresql", "mattermost")
        one = behind(minotor({"kpi": FAST}, database=lambda file: source.settings(file, host="db.test"),
                             password=database.PASSWORD), etc)
        one.start()
        one.wait_until_good("kpi")
        sessions = "SELECT pid FROM pg_stat_activity WHERE usename = 'minotor'"
        session = server.psql(sessions)
        assert peers(one.worker("kpi")) == {first}
        name_server.names["db.test"] = [second]
        one.next_round("kpi")
        assert server.psql(sessions) == session
        assert peers(one.worker("kpi")) == {first}

        def moved():
            """What a lookup gave serves for a moment longer."""
            server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'minotor'")
            one.next_round("kpi")
            return peers(one.worker("kpi")) == {second}
        wait_until(moved, "a session at the new address")
        one.next_round("kpi")
        one.wait_until_good("kpi")


def peers(pid):
    """Addresses of the other ends of a process's TCP connections; the sockets are the host network's."""
    inodes = {re.search(r"\d+", what).group() for what in processes.descriptors(pid).values() if what.startswith("socket:")}
    found = set()
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == "01":
                found.add(socket.inet_ntoa(bytes.fromhex(fields[2].split(":")[0])[::-1]))
    return found
