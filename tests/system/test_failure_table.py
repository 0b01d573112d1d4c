# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, row by row: how soon it is noticed, how soon all is well again, and what a scrape saw meanwhile.

Each row prints one line of a table. Scrapes go on throughout; each has to be answered, and a neighbour to stay as it was.
Rows that have tests of their own for their details are here for the figures; those that take more than one process of
minotor to show are only named, with the test that shows them.
"""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

import processes
from conftest import hostile
from database import PASSWORD
from minotor import AS_ROOT, UNPRIVILEGED, sanitized
from test_death import Scraper, family

HERE = os.path.dirname(os.path.abspath(__file__))
POSTS = "mattermost_kpi_posts_total"
PATIENCE_S = 45

# (who, what): the file of tests, and one of them.
ELSEWHERE = {
    ("worker", "D state"): ("test_stuck.py", None),
    ("client", "a slow reader"): ("test_front_alone.py", "test_a_slow_reader_keeps_its_page"),
    ("front", "stops draining"): ("test_worker_alone.py", "test_front_that_does_not_read_gets_whole_rounds_later"),
    ("worker", "descriptors that nobody asked for"): ("test_hostile.py", "test_descriptors_that_nobody_asked_for"),
    ("operator", "bad configuration, each kind"): ("test_configuration.py", None),
    ("host", "clock step"): ("test_chaos.py", None),
    (".so", "writable for others"): ("test_plugin_file.py", None),
}


class Row:
    """One minotord in good health with kpi and a neighbour; what happens to it is timed."""

    def __init__(self, daemon, figure, who, what, slot="kpi"):
        self.daemon, self.figure, self.who, self.what, self.slot = daemon, figure, who, what, slot
        self.scraper, self.noticed, self.back, self.saw = Scraper(daemon), None, None, ""
        self.begin = None

    def __enter__(self):
        self.daemon.wait_until_good("good")
        self.neighbour = self.daemon.worker("good")
        self.scraper.start()
        self.begin = time.monotonic()
        return self

    def __exit__(self, kind, *_):
        self.scraper.__exit__()
        if kind is None:
            self.tell()

    def tell(self):
        def seconds(number):
            return "-" if number is None else f"{number:.2f} s"
        self.figure(f"| {self.who} | {self.what} | {seconds(self.noticed)} | {seconds(self.back)} | {self.saw}; {self.scraper} |")

    def start_clock(self):
        self.begin = time.monotonic()

    def is_noticed(self, predicate, what="a notice"):
        page = self.daemon.wait_for(predicate, PATIENCE_S, what)
        self.noticed = time.monotonic() - self.begin
        return page

    def is_back(self, predicate=None):
        predicate = predicate or (lambda page: page.collector("success", self.slot) == 1)
        page = self.daemon.wait_for(predicate, PATIENCE_S, "health")
        self.back = time.monotonic() - self.begin
        return page

    def restarts(self, page, cause):
        return page.value("minotor_collector_restarts_total", collector=self.slot, cause=cause) or 0

    def assert_untouched(self, front=True):
        """Nobody but the one concerned has noticed anything."""
        assert not self.scraper.bad, self.scraper.bad[:3]
        assert self.daemon.worker("good") == self.neighbour
        assert self.daemon.next_round("good").collector("success", "good") == 1


@pytest.fixture
def healthy(kpi, mattermost, figure):
    """healthy(who, what): a row about kpi."""
    def make(who, what, slot="kpi", collectors=None, settings=None, **schedule):
        schedule = {"stale_after": "30s", **schedule}
        daemon = kpi(mattermost, collectors={"good": hostile("good"), **(collectors or {})}, settings=settings, **schedule).start()
        daemon.wait_until_good("kpi")
        return Row(daemon, figure, who, what, slot)
    return make


# ---------------------------------------------------------------------------------------------------- the worker


@pytest.mark.parametrize("number", (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL), ids=lambda number: number.name)
def test_worker_dies(healthy, number):
    with healthy("worker", f"dies by {number.name}") as row:
        daemon = row.daemon
        posts, old = daemon.scrape().value(POSTS), daemon.worker()
        row.start_clock()
        os.kill(old, number)
        page = row.is_noticed(lambda page: row.restarts(page, "signal") == 1)
        assert page.value(POSTS) == posts
        row.is_back(lambda page: page.collector("success") == 1 and daemon.worker() not in (None, old)
                    and page.collector("last_success_timestamp_seconds") > time.time() - 0.5)
        row.saw = "last values until the next round; restarts_total{cause=\"signal\"} 1"
        row.assert_untouched()


def test_worker_hangs_in_a_query(healthy, mattermost):
    with healthy("worker", "hung query (LOCK TABLE)") as row, mattermost.session() as other:
        other("BEGIN; LOCK TABLE posts, channels, reactions, sessions IN ACCESS EXCLUSIVE MODE")
        row.start_clock()
        row.is_noticed(lambda page: page.collector("success") == 0)
        other("ROLLBACK")
        row.start_clock()
        page = row.is_back()
        assert sum(page.series("minotor_collector_restarts_total").values()) == 0
        row.saw = "last values, then stale; success 0, rounds_total{result} counts; nobody died"
        row.assert_untouched()


def test_worker_stopped(healthy):
    with healthy("worker", "stands still (SIGSTOP)") as row:
        daemon, old = row.daemon, row.daemon.worker()
        os.kill(old, signal.SIGSTOP)
        row.start_clock()
        row.is_noticed(lambda page: row.restarts(page, "deadline") == 1)
        row.is_back(lambda page: page.collector("success") == 1 and daemon.worker() not in (None, old))
        row.saw = "last values; restarts_total{cause=\"deadline\"} 1"
        row.assert_untouched()


# name: (cause of the restart or None, what is on the page of it, words of the log)
HOSTILE = {
    "loop": ("deadline", False, "for ever in a loop"),
    "sleeper": ("deadline", False, "sleeps and hears no signal"),
    "hog": ("memory|signal", False, "takes all memory"),
    "exit": ("exit", False, "leaves by exit(0)"),
    "constructor": ("exit", False, "leaves in a constructor"),
    "constructor_sleeps": ("start", False, "sleeps in a constructor"),
    "never_ready": ("start", False, "never READY"),
    "garbage": ("bad_frame", True, "garbage in its pipe"),
    "torn": ("bad_frame", True, "a torn frame"),
    "half": ("signal", True, "dies in the middle of a round"),
    "liar": ("protocol", True, "lies to the supervisor"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(minotor, figure, name):
    """It comes back by itself, to do the same again: back is when it was started anew."""
    causes, shows, what = HOSTILE[name]
    if name == "hog" and sanitized():
        pytest.skip("a sanitized worker has no limit of memory")
    daemon = minotor({"good": hostile("good")}).start()
    with Row(daemon, figure, "worker", what, name) as row:
        long = {"interval": "5s", "timeout": "5s", "stale_after": "15s"} if name == "hog" else {}
        daemon.write_collector(name, hostile(name, **long))
        daemon.reload()
        row.start_clock()
        page = row.is_noticed(lambda page: sum(row.restarts(page, cause) for cause in causes.split("|")) >= 1, "a restart")
        old = daemon.worker(name)
        value = page.value(f"hostile_{name}_value")
        assert value == (1 if shows else None)
        begin = time.monotonic()
        # One that leaves in its constructor is hardly ever seen alive; that it has left again tells as much.
        daemon.wait_for(lambda now: daemon.worker(name) not in (None, old) or any(
            row.restarts(now, cause) > row.restarts(page, cause) for cause in causes.split("|")), PATIENCE_S, "the next life")
        row.back = row.noticed + time.monotonic() - begin
        cause = next(cause for cause in causes.split("|") if row.restarts(page, cause))
        row.saw = ("values of its good rounds" if shows else "no value of it") + f"; restarts_total{{cause=\"{cause}\"}}"
        row.assert_untouched()


def test_too_many_samples(minotor, figure):
    daemon = minotor({"good": hostile("good")}).start()
    with Row(daemon, figure, "worker", "floods samples", "many") as row:
        daemon.write_collector("many", hostile("many", interval="2s"))
        daemon.reload()
        row.start_clock()
        daemon.wait_for_log("many.*too many samples", PATIENCE_S)
        row.noticed = time.monotonic() - row.begin
        page = daemon.scrape()
        assert page.collector("success", "many") != 1 and len(page.series("hostile_many_value")) <= 20000
        row.saw = "success 0; what is too much is cut off and said"
        row.assert_untouched()


def test_too_many_words(minotor, figure):
    daemon = minotor({"good": hostile("good")}).start()
    with Row(daemon, figure, "worker", "floods its log", "flood") as row:
        daemon.write_collector("flood", hostile("flood"))
        daemon.reload()
        row.start_clock()
        daemon.wait_for_log("(?i)flood.*(drop|suppress|left out|more lines)", PATIENCE_S)
        row.noticed = time.monotonic() - row.begin
        row.saw = f"nothing; {len(daemon.log_lines('flood'))} lines of log"
        row.assert_untouched()


def test_wrong_abi(minotor, figure):
    """Parked until somebody has replaced it."""
    daemon = minotor({"good": hostile("good")})
    path = os.path.join(daemon.directory, "keeper.so")
    folder = os.path.dirname(hostile("good")["plugin"])
    shutil.copy(os.path.join(folder, "descriptor_major.so"), path)
    os.chmod(path, 0o644)
    daemon.write_collector("late", hostile("late", plugin=path, interval="1s"))
    begin = time.monotonic()
    daemon.start()
    with Row(daemon, figure, "worker", "wrong ABI", "late") as row:
        row.begin = begin
        row.is_noticed(lambda page: page.collector("up", "late") == 0)
        daemon.wait_for_log("(?i)late.*ABI", PATIENCE_S)
        os.unlink(path)
        shutil.copy(os.path.join(folder, "late.so"), path)
        os.chmod(path, 0o644)
        daemon.reload()
        row.start_clock()
        row.is_back()
        row.saw = "up 0; parked until a reload finds another file"
        row.assert_untouched()


def test_replaced_plugin(healthy):
    """The file is replaced as a package manager does; whoever runs goes on, and the next life has the new one."""
    with healthy("disk", ".so is replaced", "late") as row:
        daemon = row.daemon
        path = os.path.join(daemon.directory, "late.so")
        source = hostile("late")["plugin"]
        shutil.copy(source, path)
        os.chmod(path, 0o644)
        daemon.write_collector("late", hostile("late", plugin=path, interval="1s"))
        daemon.reload()
        daemon.wait_until_good("late")
        old = daemon.worker("late")
        shutil.copy(source, path + ".new")
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)
        row.start_clock()
        daemon.reload()
        row.is_noticed(lambda _: daemon.worker("late") not in (old, None))
        row.is_back()
        row.saw = "the old generation until the new one has its first round"
        row.assert_untouched()


# ---------------------------------------------------------------------------------------------------- the front


def test_front_dies(healthy):
    with healthy("front", "dies (SIGKILL)") as row:
        daemon, old = row.daemon, row.daemon.front()
        os.kill(old, signal.SIGKILL)
        row.start_clock()
        _, row.noticed = daemon.wait_for_child("front", old, PATIENCE_S)
        row.is_back(lambda page: page.value(POSTS) is not None and page.collector("success", "good") == 1)
        row.saw = "queued clients are served by the next front, whose request was under way loses it"
        assert daemon.worker("good") == row.neighbour
        assert not [error for error in row.scraper.bad if "refused" in error]


def test_front_hangs(healthy):
    with healthy("front", "stands still (SIGSTOP)") as row:
        daemon, old = row.daemon, row.daemon.front()
        os.kill(old, signal.SIGSTOP)
        row.start_clock()
        _, row.noticed = daemon.wait_for_child("front", old, PATIENCE_S)
        row.is_back(lambda page: page.value(POSTS) is not None and page.collector("success", "good") == 1)
        row.saw = "queued clients wait for the next front"
        assert daemon.worker("good") == row.neighbour
        assert not [error for error in row.scraper.bad if "refused" in error]


def test_front_pauses(healthy):
    """Not for long enough to be killed: workers go on, and whole rounds come late."""
    with healthy("front", "stops draining for 2 s") as row:
        daemon, front = row.daemon, row.daemon.front()
        before = daemon.scrape()
        os.kill(front, signal.SIGSTOP)
        row.start_clock()
        time.sleep(2)
        os.kill(front, signal.SIGCONT)
        page = row.is_back(lambda page: page.collector("success") == 1 and daemon.rounds(page) >= daemon.rounds(before) + 3)
        assert sum(page.series("minotor_collector_restarts_total").values()) == 0
        row.saw = "clients waited; no round was torn, nobody died"
        assert daemon.front() == front
        row.assert_untouched()


# ---------------------------------------------------------------------------------------------------- clients


def test_bad_clients(healthy):
    """Fifty that never finish their request, one with a head without end, five that never read."""
    with healthy("client", "slowloris, huge head, never reads") as row:
        place = row.daemon.host_and_port
        idle = [socket.create_connection(place, 5) for _ in range(56)]
        for number, one in enumerate(idle):
            one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if number >= 51 else b""))
        huge = idle[50]
        huge.settimeout(10)
        row.start_clock()
        answer = b""
        try:
            for _ in range(4096):
                huge.sendall(b"X-Header: " + b"v" * 1000 + b"\r\n")
        except OSError:
            pass
        try:
            answer = huge.recv(100)
        except OSError:
            pass
        row.noticed = time.monotonic() - row.begin
        row.daemon.next_round()
        row.saw = f"others nothing; the head without end got {answer[9:12].decode() or 'an end'}"
        row.assert_untouched()
        for one in idle:
            one.close()


# ---------------------------------------------------------------------------------------------------- the supervisor


def test_supervisor_dies(kpi, mattermost, figure):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}, stale_after="30s").start()
    daemon.wait_until_good()
    everybody, address = family(daemon), daemon.address
    os.kill(daemon.pid, signal.SIGKILL)
    begin = time.monotonic()
    daemon.process.wait(PATIENCE_S)
    for pid, start in everybody:
        processes.wait_gone(pid, PATIENCE_S, start)
    noticed = time.monotonic() - begin
    daemon.launch("--web.listen-address=" + address)
    daemon.wait_for(lambda page: page.collector("success") == 1, PATIENCE_S, "a new minotord")
    figure(f"| supervisor | dies (SIGKILL) | {noticed:.2f} s | {time.monotonic() - begin:.2f} s | no answer between the two;"
           f" all {len(everybody)} processes ended by themselves, and a new one was started by the test |")


def limit_processes(daemon, number):
    """As the account of minotord itself: root may be one that is not allowed to."""
    identity = {"user": daemon.account.pw_uid, "group": daemon.account.pw_gid, "extra_groups": []} if daemon.account else {}
    code = ("import resource, sys; pid, number = map(int, sys.argv[1:]); hard = resource.prlimit(pid, resource.RLIMIT_NPROC)[1];"
            " resource.prlimit(pid, resource.RLIMIT_NPROC, (number if number >= 0 else hard, hard))")
    subprocess.run([sys.executable, "-S", "-E", "-c", code, str(daemon.pid), str(number)], check=True, cwd="/",
                   stdin=subprocess.DEVNULL, **identity)


def test_fork_fails(kpi, mattermost, figure):
    """The account may have no more processes: the worker that died has no successor until it may."""
    daemon = kpi(mattermost, collectors={"good": hostile("good")}, stale_after="30s", password=PASSWORD)
    if AS_ROOT:
        daemon.settings.pop("user")
        daemon.write_config()
        daemon.give_to(UNPRIVILEGED)
    daemon.start()
    daemon.wait_until_good("kpi")
    with Row(daemon, figure, "supervisor", "fork fails (no more processes)") as row:
        limit_processes(daemon, 1)
        row.start_clock()
        processes.kill_now(daemon.worker())
        row.is_noticed(lambda page: row.restarts(page, "spawn") >= 2)
        page = daemon.scrape()
        assert page.collector("up") == 0 and page.value(POSTS) is not None
        limit_processes(daemon, -1)
        row.start_clock()
        row.is_back(lambda page: page.collector("up") == 1 and page.collector("success") == 1)
        row.saw = "last values, up 0; restarts_total{cause=\"spawn\"}"
        row.assert_untouched()


# ---------------------------------------------------------------------------------------------------- the operator


def test_bad_reload(healthy):
    with healthy("operator", "reload of a bad configuration") as row:
        daemon, workers = row.daemon, row.daemon.children()
        offset = len(daemon.log())
        daemon.write("minotor.conf", "targets = (;\n")
        row.start_clock()
        daemon.reload()
        daemon.wait_for_log("minotor.conf:1", PATIENCE_S, offset)
        row.noticed = time.monotonic() - row.begin
        daemon.next_round()
        assert daemon.children() == workers
        daemon.write_config()
        row.start_clock()
        daemon.reload()
        row.is_back()
        row.saw = "nothing: the old configuration goes on; the log has file and line"
        row.assert_untouched()


def test_reload_storm(healthy):
    with healthy("operator", "100 reloads at once") as row:
        daemon, workers = row.daemon, row.daemon.children()
        for _ in range(100):
            daemon.reload()
            time.sleep(0.01)
        row.start_clock()
        daemon.next_round()
        row.is_back()
        assert daemon.children() == workers
        row.saw = "nothing: whoever did not change is not touched"
        row.assert_untouched()


# ---------------------------------------------------------------------------------------------------- rows of others


@pytest.mark.parametrize("who, what", ELSEWHERE, ids=["-".join(row).replace(" ", "_") for row in ELSEWHERE])
def test_elsewhere(who, what, figure):
    name, test = ELSEWHERE[who, what]
    path = os.path.join(HERE, name)
    if not glob.glob(path):
        pytest.skip(f"{name} is not in this tree")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert f"def {test}(" in text if test else "def test_" in text
    figure(f"| {who} | {what} | see {name}{': ' + test if test else ''} |")
