# SPDX-License-Identifier: Apache-2.0
"""Where the collectors of tests/hostile/attacks meet what they attack: a minotord with healthy slots, files, listeners."""

import errno
import os
import pwd
import re
import selectors
import shutil
import socket
import threading
import time

import minotor as programs
from conftest import hostile
from minotor import AS_ROOT, HOSTILE, Minotor
from test_hostile import Neighbour, restarts

# Another than that of the tests which run meanwhile: what is hoarded is counted per account. It owns nothing either.
ACCOUNT = "games"

SLOTS = 58  # of one minotord: it may have 64, and some are ours
PATIENCE = 60  # seconds until every attack has come to its end
EXIT_OF_A_SHELL = "42"  # which an attack has started


class Listeners:
    """All that an attacker may try to reach. Who comes to the unix socket is given a descriptor that he may not open."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "socket")
        self.selector = selectors.DefaultSelector()
        self.gift = os.open("/etc/shadow" if AS_ROOT else os.devnull, os.O_RDONLY)
        self.allowed = self.listen_twice((socket.AF_INET, socket.SOCK_STREAM, "127.0.0.2"))
        self.forbidden = self.listen_twice((socket.AF_INET6, socket.SOCK_STREAM, "::1"), (socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1"))
        self.add(socket.socket(socket.AF_UNIX), self.path)
        os.chmod(self.path, 0o777)
        self.add(socket.socket(socket.AF_UNIX), b"\0" + self.path.encode())
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def add(self, one, address):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        if one.type == socket.SOCK_STREAM:
            one.listen(64)
        one.setblocking(False)
        self.selector.register(one, selectors.EVENT_READ)
        return one

    def listen_twice(self, *others):
        """A port of 127.0.0.1 that is free in other places too; somebody may have one of them."""
        for _ in range(20):
            sockets = [(socket.socket(socket.AF_INET), "127.0.0.1")]
            sockets += [(socket.socket(family, kind), host) for family, kind, host in others]
            port = 0
            try:
                for one, host in sockets:
                    port = self.add(one, (host, port)).getsockname()[1]
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                for one, _ in sockets:
                    if one in self.selector.get_map():
                        self.selector.unregister(one)
                    one.close()
        raise OSError(errno.EADDRINUSE, "no port that is free everywhere")

    def serve(self):
        while not self.over.is_set():
            for key, _ in self.selector.select(0.2):
                try:
                    self.answer(key.fileobj)
                except OSError:
                    continue

    def answer(self, one):
        if one.type == socket.SOCK_DGRAM:
            one.recv(16)
            return
        client, _ = one.accept()
        with client:
            if one.family == socket.AF_UNIX:
                socket.send_fds(client, [b"x"], [self.gift])

    def close(self):
        self.over.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        os.close(self.gift)


class Stage:
    """One minotord and up to SLOTS attackers of one kind of confinement.

    settings   more for minotor.conf
    account    that starts it; None: the test's own
    outer      options of tests/hostile/outer
    user       whom the workers shall be when root starts it
    """

    def __init__(self, settings=None, account=None, outer=(), user=ACCOUNT):
        self.daemon = Minotor({"good": hostile("good")}, database=self.database, settings=dict(settings or {}))
        self.daemon.outer = list(outer)
        if AS_ROOT and account is None:
            self.daemon.settings["user"] = user
        self.owner = pwd.getpwnam(account or (user if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name))
        self.listeners = Listeners(self.daemon.directory)
        self.port = self.listeners.allowed
        self.daemon.settings["targets"] = [{"name": "mattermost", "database": self.database(self.daemon.password_file)}]
        self.daemon.write_config()
        self.secret = self.daemon.write("secret", "of the workers' account\n", 0o600)
        os.chmod(self.daemon.directory, 0o755)
        for name in ("sibling", "prey"):
            self.daemon.write_collector(name, self.attacker("attacks"))
        if account:
            self.daemon.give_to(account)
        self.own(self.secret)

    def database(self, password_file):
        return {"driver": "postgresql", "host": "127.0.0.1", "port": getattr(self, "port", 1), "name": "none",
                "user": "minotor", "password_file": password_file}

    def own(self, path):
        if AS_ROOT:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def place(self, name):
        """A folder of its own for that attack, in which it can do what its account can."""
        folder = os.path.join(self.daemon.directory, "places", name)
        os.makedirs(os.path.join(folder, "folder"))
        with open(os.path.join(folder, "file"), "w", encoding="utf-8") as file:
            file.write("written by the test\n")
        shutil.copy(os.path.join(HOSTILE, "good.so"), os.path.join(folder, "code.so"))
        for path in [folder] + [os.path.join(folder, entry) for entry in os.listdir(folder)]:
            self.own(path)
            os.chmod(path, 0o777 if os.path.isdir(path) else 0o644)
        return folder

    def attacker(self, plugin, interval="3s", **own):
        return {**hostile(plugin), "interval": interval, "stale_after": "60s", **own}

    def add(self, attacks):
        """attacks: {name: Attack}"""
        daemon = self.daemon
        common = {
            "supervisor": daemon.pid, "front": daemon.front(), "sibling": daemon.worker("sibling"),
            "prey": daemon.worker("prey"), "secret": self.secret, "config": daemon.password_file,
            "socket": self.listeners.path, "allowed": self.listeners.allowed, "forbidden": self.listeners.forbidden,
        }
        for name, attack in attacks.items():
            own = {"interval": attack.interval}
            if attack.plugin.startswith("attacks"):
                own["settings"] = {**common, "place": self.place(name)}
            daemon.write_collector(name, self.attacker(attack.plugin, **own))
        daemon.reload()

    def run(self, attacks):
        """{name: what came of it}. All else must be as it was."""
        daemon = self.daemon.start()
        for name in ("sibling", "prey"):
            daemon.wait_for(lambda page, name=name: page.collector("up", name) == 1, 20, f"a worker of {name}")
        with Neighbour(daemon, pause=0.2):
            before = daemon.worker("sibling")
            self.add(attacks)
            outcomes = self.wait(attacks)
            page = daemon.scrape()
            if outcomes.get("signal_by_socket") == "hit" and not restarts(page, "prey"):
                outcomes["signal_by_socket"] = "survived"
            assert daemon.worker("sibling") == before, "the sibling died"
        return outcomes

    def wait(self, attacks):
        deadline = time.monotonic() + PATIENCE
        while True:
            time.sleep(0.2)
            log, page = self.daemon.log(), self.daemon.scrape()
            outcomes = {name: outcome(name, log, page) for name in attacks}
            if None not in outcomes.values() or time.monotonic() > deadline:
                return {name: found or "nothing" for name, found in outcomes.items()}

    def end(self):
        complaints = self.daemon.end()
        self.listeners.close()
        return complaints


def outcome(name, log, page):
    """A word about what became of the attack, or None while it is not known."""
    causes = restarts(page, name)
    for cause in ("protocol", "bad_frame", "start"):  # it may have said that it worked before this came out
        if cause in causes:
            return cause
    lines = [line for line in re.findall(rf"^.*\b{name}\b.*$", log, re.MULTILINE) if f"{name} broker" not in line]
    said = re.search(r"outcome (\w+)", "\n".join(lines))
    if said:
        return said.group(1)
    if "deadline" in causes:
        return "deadline"
    for line in lines:
        died = re.search(r"(?:signal \d+ (SIG\w+)|exit code (\d+))", line)
        if died:
            return died.group(1) or ("hit" if died.group(2) == EXIT_OF_A_SHELL else "exit_" + died.group(2))
    return next(iter(causes), None)
