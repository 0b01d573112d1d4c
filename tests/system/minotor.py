# SPDX-License-Identifier: Apache-2.0
"""Starts the programs of this build tree and looks at them from outside."""

import http.client
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time

import libconfig
import processes
from exposition import Page

SOURCE = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("top_builddir") or SOURCE
SHARED = os.path.join(SOURCE, "..", "shared")
MINOTORD = os.path.join(BUILD, "core/supervisor/minotord")
HOSTILE = os.path.join(BUILD, "tests/hostile")
PATHS = {
    "worker": os.path.join(BUILD, "core/worker/minotor-worker"),
    "front": os.path.join(BUILD, "core/front/minotor-front"),
    "broker": os.path.join(BUILD, "core/broker/minotor-broker"),
    "collectors": os.path.join(BUILD, "collectors/kpi/.libs"),
    "drivers": os.path.join(BUILD, "core/database/.libs"),
}
AS_ROOT = os.geteuid() == 0
UNPRIVILEGED = "nobody"  # Debian's account that owns nothing

START_TIMEOUT = 20
STOP_TIMEOUT = 10
POLL = 0.02
OURS = ("minotor: ", "minotord", "minotor-", BUILD)  # how the title of a process of ours begins, dead or alive
GONE = (OSError, http.client.HTTPException)  # what a scrape gets when nobody is there


def sanitized():
    """Whether the build carries AddressSanitizer: memory limits are then not applied."""
    if "MINOTOR_SANITIZED" in os.environ:
        return os.environ["MINOTOR_SANITIZED"] == "1"
    with open(PATHS["worker"], "rb") as program:
        return b"__asan_init" in program.read()


class Answer:
    def __init__(self, response, body, seconds):
        self.status, self.headers, self.body, self.seconds = response.status, response.headers, body, seconds
        self.text = body.decode("utf-8", "replace")


class Minotor:
    """One minotord with a configuration and a folder of its own.

    collectors   {name: settings of its file, or None for no file}
    database     what makes the target's database group out of the path of a password file
    password     what that file holds
    settings     more for minotor.conf; replaces what is there
    """

    def __init__(self, collectors, database=None, password="none", settings=None):
        self.directory = tempfile.mkdtemp(prefix="minotor-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.config_path = os.path.join(self.directory, "minotor.conf")
        self.collectors_directory = os.path.join(self.directory, "collectors.d")
        self.log_path = os.path.join(self.directory, "log")
        os.mkdir(self.collectors_directory)
        self.password_file = self.write("password", password + "\n", 0o600)
        self.settings = {
            "log": {"level": "debug", "format": "logfmt"},
            "web": {"listen": ["127.0.0.1:0"]},
            "paths": PATHS,
            "state_file": "state",
            "targets": [{"name": "mattermost", "database": (database or self.no_database)(self.password_file)}],
        }
        if AS_ROOT:
            self.settings["user"] = UNPRIVILEGED
        self.settings.update(settings or {})
        self.write_config()
        for name, own in collectors.items():
            self.write_collector(name, own)
        self.process = None
        self.account = None  # that starts it; None: the test's own
        self.before_exec = None  # called in its process
        self.outer = []  # options of tests/hostile/outer, a wall around it that takes layers of the sandbox away
        self.environment = None  # that it is started with; None: the test's own
        self.address = None
        self.sockets = set()  # that listen there
        self.bystanders = set(processes.children(os.getpid()))

    def no_database(self, password_file):
        """For collectors that ask for none."""
        return {"driver": "postgresql", "host": self.directory, "port": 5432, "name": "none", "user": "minotor",
                "password_file": password_file}

    # -- files ----------------------------------------------------------------------------------------------

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        return path

    def write_config(self):
        return self.write("minotor.conf", libconfig.document(self.settings))

    def write_collector(self, name, settings):
        if settings is None:
            os.unlink(os.path.join(self.collectors_directory, name + ".conf"))
            return None
        # Many tests have short deadlines, and others may be at work on the machine.
        limits = {"nice": 0, **settings.get("limits", {})}
        return self.write(f"collectors.d/{name}.conf", libconfig.document({"enabled": True, **settings, "limits": limits}))

    # -- life -----------------------------------------------------------------------------------------------

    def arguments(self, *more):
        wall = [os.path.join(HOSTILE, "outer"), *self.outer, "--"] if self.outer else []
        return [*wall, MINOTORD, "--config.file=" + self.config_path, *more]

    def run(self, *arguments, timeout=START_TIMEOUT):
        """For what ends by itself: --check, a configuration that is refused. Gives the finished process."""
        return subprocess.run(self.arguments(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout, check=False)

    def launch(self, *arguments):
        """Starts it, without waiting for anything."""
        self.sockets = set()
        identity = {}
        if self.account:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.arguments(*arguments), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, preexec_fn=self.before_exec,
                                            env=self.environment, **identity)
        return self

    def give_to(self, account):
        """From now on another account starts it, and owns its folder."""
        self.account = pwd.getpwnam(account)
        for folder, _, files in os.walk(self.directory):
            for path in [folder] + [os.path.join(folder, name) for name in files]:
                # A link may lead into the build tree.
                os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def start(self, *arguments):
        """Starts it and waits until it listens and answers."""
        offset = len(self.log())
        self.launch(*arguments)
        found = self.wait_for_log(r'listening.*?address\W+?([\[\w][^\s"]+)', START_TIMEOUT, offset)
        self.address = found.group(1)
        self.wait_for(lambda page: True, START_TIMEOUT, "the first answer")
        return self

    def stop(self):
        """An orderly end; returns (exit status, seconds)."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_TIMEOUT)
        return status, time.monotonic() - begin

    def end(self):
        """Ends it if it still runs, and all that is left of it; returns sentences about what should not be."""
        complaints = []
        if self.process and self.process.poll() is None:
            family = [self.process.pid] + processes.children(self.process.pid)
            for pid in family:
                processes.send(pid, signal.SIGCONT)
            try:
                status, _ = self.stop()
                if status != 0:
                    complaints.append(f"minotord ended with status {status}")
            except subprocess.TimeoutExpired:
                complaints.append(f"minotord was still there {STOP_TIMEOUT} s after SIGTERM")
                for pid in family:
                    processes.kill_now(pid)
                self.process.wait()
        complaints += self.leftovers()
        if self.address and self.is_listening():
            complaints.append(f"somebody still listens on {self.address}")
        shutil.rmtree(self.directory, ignore_errors=True)
        return complaints

    def leftovers(self):
        """Ends and names what minotord has left behind. The test has adopted every orphan."""
        complaints = []
        for pid in processes.children(os.getpid()):
            name = processes.title(pid)
            if pid not in self.bystanders and name.startswith(OURS):
                complaints.append(f"left behind: {name} ({pid}, state {processes.state(pid)})")
                processes.kill_now(pid)
                processes.wait_gone(pid, STOP_TIMEOUT)
        return complaints

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    # -- its processes ----------------------------------------------------------------------------------------

    @property
    def pid(self):
        return self.process.pid

    def children(self):
        """{title: pid}: "minotor: front", "minotor: worker kpi". Leaves out what is just being born or has died."""
        found = {}
        for pid in processes.children(self.pid):
            if processes.alive(pid) and processes.title(pid).startswith("minotor: "):
                found[processes.title(pid)] = pid
        return found

    def front(self):
        return self.children().get("minotor: front")

    def worker(self, slot="kpi"):
        return self.children().get("minotor: worker " + slot)

    def wait_for_child(self, which, other_than=None, timeout=10):
        """Waits for the front or a worker, or for its successor; returns (pid, seconds)."""
        begin = time.monotonic()
        while time.monotonic() - begin < timeout:
            pid = self.front() if which == "front" else self.worker(which)
            if pid and pid != other_than:
                return pid, time.monotonic() - begin
            time.sleep(0.005)
        raise AssertionError(f"no {which} within {timeout} s\n" + self.log_tail())

    # -- HTTP -----------------------------------------------------------------------------------------------

    @property
    def host_and_port(self):
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    def get(self, path="/metrics", method="GET", headers=None, timeout=5):
        begin = time.monotonic()
        connection = http.client.HTTPConnection(*self.host_and_port, timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        # Of the address that a test has chosen itself, too; else what looks for them in the end would find none.
        self.sockets = self.sockets or processes.listeners(self.host_and_port[1])
        assert self.sockets, f"nobody listens on {self.address}, who has just answered"
        return Answer(response, body, time.monotonic() - begin)

    def scrape(self, timeout=5):
        answer = self.get(timeout=timeout)
        assert answer.status == 200, answer.text
        return Page(answer.body)

    def is_listening(self):
        """Whether a socket of those that have answered is still there."""
        return bool(self.sockets & processes.listeners(self.host_and_port[1]))

    def wait_for(self, predicate, timeout=10, what="the page"):
        """Scrapes until predicate(page) is true; returns that page."""
        deadline = time.monotonic() + timeout
        page = None
        while time.monotonic() < deadline:
            try:
                page = self.scrape()
                if predicate(page):
                    return page
            except GONE:
                pass
            time.sleep(POLL)
        seen = "".join(f"  {key} {number}\n" for key, number in page.values.items()) if page else "  no page\n"
        raise AssertionError(f"waited {timeout} s in vain for {what}\n{seen}{self.log_tail()}")

    @staticmethod
    def rounds(page, collector="kpi"):
        """Rounds of all results that have ended."""
        return sum(number for labels, number in page.series("minotor_collector_rounds_total").items()
                   if dict(labels)["collector"] == collector)

    def next_round(self, collector="kpi", timeout=10):
        """The page after a round that began after this call: the one under way is not it, the one after is."""
        wanted = self.rounds(self.scrape(), collector) + 2
        return self.wait_for(lambda page: self.rounds(page, collector) >= wanted, timeout, f"two rounds of {collector}")

    def wait_until_good(self, collector="kpi", timeout=15):
        return self.wait_for(lambda page: page.collector("success", collector) == 1, timeout, f"a good round of {collector}")

    # -- log ------------------------------------------------------------------------------------------------

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_lines(self, pattern, offset=0):
        """Lines about layers of the sandbox that this machine lacks are only for those who ask for them."""
        return [line for line in self.log()[offset:].splitlines()
                if re.search(pattern, line) and ("sandbox" in pattern or ": sandbox: " not in line)]

    def log_tail(self, size=6000):
        return "---- log of minotord\n" + self.log()[-size:]

    def wait_for_log(self, pattern, timeout=10, offset=0):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = re.search(pattern, self.log()[offset:])
            if found:
                return found
            if self.process and self.process.poll() is not None:
                break
            time.sleep(POLL)
        status = self.process.poll() if self.process else None
        raise AssertionError(f"no {pattern!r} in the log (exit status {status})\n{self.log_tail()}")
