# SPDX-License-Identifier: Apache-2.0
"""Secrets are in the memory of the processes that need them, and nowhere else: of every process of minotor all memory is
read and searched, in every spelling; and so is what its account could read of the others in /proc, and what was written.
"""

import glob
import json
import os
import pwd
import subprocess
import sys
import time
import urllib.parse

import pytest

import installations
import memory
import mysql_database
import processes
from conftest import hostile
from fake_mattermost import TOKEN, USER, FakeMattermost
from minotor import AS_ROOT, UNPRIVILEGED

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="children keep their memory to themselves; run as root to search it")


def secret(name):
    """Letters on both sides, which every spelling leaves as they are, of all that a spelling may change."""
    before, after = f"Hush{name}7f3a", f"Dark{name}9c1e"
    return before + "%&@/:'\"\\ \u00fc" + after, (before, after)


SECRETS = {name: secret(name) for name in ("pg", "maria", "login", "dsn", "rowdsn", "row", "smtp")}
SECRETS["token"] = (TOKEN, (TOKEN[:10], TOKEN[-10:]))

# {target: {what a collector may be given: the secret}}; a row's data source is for its reader alone.
OF_TARGET = {
    "a": {"database": "pg", "api": "token"},
    "b": {"database": "maria", "api": "login"},
    "c": {"database": "dsn"},
    "d": {"database": "row"},
}
NEEDS = {"kpi": {"database"}, "dbpool": {"database"}, "health": {"api"}, "usage": {"database", "api"}, "good": set()}
GOOD_EVERYWHERE = ("good", "kpi", "dbpool")


def entitled(title):
    """What the process of that title may have."""
    if title == "minotord":
        return {"row"}  # what its reader has read; workers that are born later are given it from there
    kind, _, slot = title.removeprefix("minotor: ").partition(" ")
    if kind != "worker":
        return set()
    collector, _, target = slot.partition("@")
    return {name for what, name in OF_TARGET[target].items() if what in NEEDS[collector]}


class Site:
    """Four targets, whose secrets come from as many places."""

    def __init__(self, minotor, postgresql, mariadb, numbers):
        self.apis = {name: FakeMattermost() for name in "ab"}
        self.apis["b"].password = SECRETS["login"][0]
        self.role = f"scan{next(numbers)}"  # of this test alone, as are the databases
        self.postgresql = installations.generated(postgresql, "postgresql", "11.6", self.role)
        self.mariadb = installations.generated(mariadb, "mysql", "9.9", self.role)
        self.accounts(postgresql, mariadb)
        files = {name: {"interval": "2s", "stale_after": "60s", "plugin": installations.module(name), "secrets": sorted(needs)}
                 for name, needs in NEEDS.items() if name != "good"}
        files["health"]["targets"] = files["usage"]["targets"] = ["a", "b"]
        self.one = minotor({**files, "good": hostile("good", secrets=[])})
        installations.with_drivers(self.one)
        self.one.settings["targets"] = [self.target_a(), self.target_b(), self.target_c(), self.target_d()]
        self.one.write_config()

    def accounts(self, postgresql, mariadb):
        for name in ("pg", "dsn", "row", "rowdsn"):
            role = f"{self.role}_{name}"
            postgresql.create_role(role, SECRETS[name][0])
            postgresql.psql(f"GRANT minotor TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
                            f" GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}", self.postgresql.name)
        mariadb.sql(f"CREATE USER {self.role}@localhost IDENTIFIED BY {mysql_database.quoted(SECRETS['maria'][0])};"
                    f" GRANT SELECT ON {self.mariadb.name}.* TO {self.role}@localhost; GRANT PROCESS ON *.* TO {self.role}@localhost")

    def close(self):
        for api in self.apis.values():
            api.close()

    def file(self, name, text=None):
        return self.one.write(name, (text or SECRETS[name][0]) + "\n", 0o600)

    def target_a(self):
        return {"name": "a", "database": self.postgresql.settings(self.file("pg"), user=self.role + "_pg"),
                "api": {"url": self.apis["a"].url, "token_file": self.file("token")}}

    def target_b(self):
        return {"name": "b", "database": self.mariadb.settings(self.file("maria"), user=self.role),
                "api": {"url": self.apis["b"].url, "login": USER, "password_file": self.file("login")}}

    def data_source(self, name):
        query = urllib.parse.urlencode({"host": self.postgresql.server.socket_dir, "sslmode": "disable", "binary_parameters": "yes"})
        return f"postgres://{self.role}_{name}:{urllib.parse.quote(SECRETS[name][0], safe='')}@/{self.postgresql.name}?{query}"

    def document(self, name):
        return json.dumps({"SqlSettings": {"DriverName": "postgres", "DataSource": self.data_source(name),
                                           "DataSourceReplicas": []},
                           "EmailSettings": {"SMTPPassword": SECRETS["smtp"][0]}}).replace("&", "\\u0026")

    def target_c(self):
        return {"name": "c", "mattermost_config": self.one.write("config.json", self.document("dsn"), 0o600)}

    def target_d(self):
        literal = "'" + self.document("row").replace("'", "''") + "'"
        self.postgresql.sql("UPDATE Configurations SET Active = NULL; INSERT INTO Configurations (Id, Value, CreateAt, Active)"
                            f" VALUES ('{'s' * 26}', {literal}, 1700000000000, TRUE)")
        path = self.one.write("environment", f"MM_CONFIG=\"{self.data_source('rowdsn')}\"\n", 0o600)
        return {"name": "d", "mattermost_environment": path}

    def wait_until_good(self):
        def good(page):
            slots = [(name, target) for target in "abcd" for name in GOOD_EVERYWHERE]
            slots += [(name, target) for target in "ab" for name in ("health", "usage")]
            return all(page.collector("success", name, target=target) == 1 for name, target in slots)
        self.one.wait_for(good, 60, "all of them good")


@pytest.fixture(scope="module")
def mariadb():
    with mysql_database.PrivateMariaDB() as server:
        yield server


@pytest.fixture
def site(minotor, postgresql, mariadb, numbers):
    made = Site(minotor, postgresql, mariadb, numbers)
    yield made
    made.one.end()
    made.close()


def describe(places):
    return "\n".join(f"  {name}: {len(where)} times, first in {where[0][0]}: {where[0][1]!r}" for name, where in places.items())


def excess(pid, title):
    """What is found there and should not be."""
    places = memory.found(pid, SECRETS)
    return {name: where for name, where in places.items() if name not in entitled(title)}


def scan(site, figure, when):
    """Every process, and none may have what is not its own. A process that dies meanwhile is looked at in its next life."""
    complaints, sizes, seen = [], 0, set()
    family = [("minotord", site.one.pid), *site.one.children().items()]
    for title, pid in family:
        try:
            places = excess(pid, title)
            sizes += sum(end - start for start, end, _ in memory.regions(pid))
        except (ProcessLookupError, FileNotFoundError):
            continue
        seen |= {title}
        if places:
            complaints.append(f"{title} ({pid})\n{describe(places)}")
    assert all(f"minotor: worker kpi@{target}" in seen for target in OF_TARGET) and "minotor: front" in seen
    figure(f"{when}: {len(seen)} processes and {sizes / 1e6:.0f} MB searched for {len(SECRETS)} secrets of other processes:"
           f" {len(complaints)} have one")
    assert not complaints, when + ":\n" + "\n".join(complaints)


def owns(pid, name):
    return name in memory.found(pid, {name: SECRETS[name]})


def test_memory(site, figure):
    one = site.one.start()
    site.wait_until_good()
    # The search finds what is there: else nothing is shown by its finding nothing.
    assert owns(one.worker("kpi@a"), "pg") and owns(one.worker("kpi@b"), "maria") and owns(one.worker("health@b"), "login")
    scan(site, figure, "at first")

    for slot in ("kpi@a", "usage@b", "kpi@d"):
        old = one.worker(slot)
        processes.kill_now(old)
        one.wait_for_child(slot, old, 30)
    site.wait_until_good()
    scan(site, figure, "after deaths of workers")

    # Another password: all that was read for it is read again.
    path = os.path.join(one.directory, "maria")
    os.utime(path, (time.time() + 5, time.time() + 5))
    old = one.worker("kpi@b")
    one.reload()
    one.wait_for(lambda page: one.worker("kpi@b") not in (old, None), 30, "a new kpi@b")
    site.wait_until_good()
    scan(site, figure, "after a reload")

    front = one.front()
    processes.kill_now(front)
    one.wait_for_child("front", front, 30)
    site.wait_until_good()
    scan(site, figure, "after a death of the front")


# What a plain process of the workers' account can read of another: every file of its folder in /proc.
READER = """
import os, sys
for pid in sys.argv[1:]:
    for folder, folders, files in os.walk(f"/proc/{pid}"):
        folders[:] = [name for name in folders if name not in ("map_files", "ns", "net", "attr")]
        for name in files:
            path = os.path.join(folder, name)
            if name in ("clear_refs", "pagemap", "kpageflags"):
                continue
            try:
                with open(path, "rb") as file:
                    sys.stdout.buffer.write(path.encode() + b"\\n" + file.read(1 << 24) + b"\\n")
            except OSError:
                continue
"""


def test_what_their_account_can_read(site, figure):
    one = site.one.start()
    site.wait_until_good()
    account = pwd.getpwnam(UNPRIVILEGED)
    pids = [one.pid, *one.children().values()]
    done = subprocess.run([sys.executable, "-S", "-E", "-c", READER, *map(str, pids)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, user=account.pw_uid, group=account.pw_gid,
                          extra_groups=[], cwd="/", check=True, timeout=120)
    figure(f"as {UNPRIVILEGED}: {len(done.stdout)} bytes of {len(pids)} folders of /proc can be read")
    for name, (whole, marks) in SECRETS.items():
        for text in memory.spellings(whole) | {mark.encode() for mark in marks}:
            assert text not in done.stdout, name
    paths = {line.rpartition(b"/")[2] for line in done.stdout.splitlines() if line.startswith(b"/proc/")}
    assert b"stat" in paths, "nothing was read, so nothing is shown"
    assert not paths & {b"mem", b"environ", b"maps", b"smaps", b"auxv", b"stack", b"syscall"}, paths


def test_no_core(site):
    """Nobody's memory is written to a file when it crashes."""
    one = site.one.start()
    site.wait_until_good()
    for title, pid in [("minotord", one.pid), *one.children().items()]:
        assert processes.limits(pid)["Max core file size"][0] == "0", title
        # Of a process that may not be dumped the folder belongs to root, whoever it is.
        assert title == "minotord" or os.stat(f"/proc/{pid}/io").st_uid == 0, title


def test_what_is_written(site):
    """The log at its most talkative, with failures and deaths in it; pages; the state file."""
    one = site.one.start()
    site.wait_until_good()
    site.apis["b"].mode = "garbage"
    processes.send(one.worker("kpi@a"), 11)
    one.wait_for(lambda page: page.value("minotor_collector_restarts_total", collector="kpi", target="a", cause="signal") == 1, 20,
                 "a crash")
    one.wait_for(lambda page: page.collector("success", "health", target="b") == 0, 20, "a failure")
    places = {"/": one.get("/").body, "/metrics": one.get("/metrics").body, "/-/ready": one.get("/-/ready").body}
    status, _ = one.stop()
    assert status == 0
    own = {"pg", "token", "maria", "login", "config.json", "environment"}
    for path in glob.glob(os.path.join(one.directory, "**"), recursive=True):
        if os.path.isfile(path) and os.path.basename(path) not in own:
            with open(path, "rb") as file:
                places[path] = file.read()
    assert one.log_path in places and any(path.endswith("/state") for path in places)
    for place, content in places.items():
        for name, (whole, marks) in SECRETS.items():
            for text in memory.spellings(whole) | {mark.encode() for mark in marks}:
                assert text not in content, f"{name} in {place}"
