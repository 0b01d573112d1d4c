# SPDX-License-Identifier: Apache-2.0
"""Who dies, who comes back and how soon, and what a scrape sees meanwhile. Every fixture looks for leftovers."""

import http.client
import os
import signal
import subprocess
import threading
import time

import pytest

import processes
from conftest import hostile
from exposition import Page

SOON = 10  # seconds; bounds, not measurements


def restarts(page, cause, collector="kpi"):
    return page.value("minotor_collector_restarts_total", collector=collector, cause=cause)


class Scraper(threading.Thread):
    """Scrapes all the time; keeps what went wrong and how long the slowest answer took."""

    def __init__(self, daemon, pause=0.01):
        super().__init__(daemon=True)
        self.minotor, self.pause = daemon, pause
        self.good, self.bad, self.slowest = 0, [], 0.0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            begin = time.monotonic()
            try:
                answer = self.minotor.get(timeout=15)
                Page(answer.body)
                if answer.status == 200:
                    self.good += 1
                else:
                    self.bad.append(f"status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.bad.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - begin)
            time.sleep(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def __str__(self):
        return f"{self.good} scrapes, {len(self.bad)} without answer, slowest {self.slowest * 1000:.1f} ms"


@pytest.fixture
def running(kpi, mattermost):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}, stale_after="30s").start()
    daemon.wait_until_good("kpi")
    daemon.wait_until_good("good")
    return daemon


def family(daemon):
    """(pid, start time) of all processes."""
    pids = [daemon.pid] + processes.children(daemon.pid)
    return [(pid, processes.started(pid)) for pid in pids]


@pytest.mark.parametrize("number", (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV), ids=lambda number: number.name)
def test_a_signal_kills_the_worker(running, figure, number):
    worker, front, other = running.worker("kpi"), running.front(), running.worker("good")
    posts = running.scrape().value("mattermost_kpi_posts_total")
    with Scraper(running) as scraper:
        os.kill(worker, number)
        successor, seconds = running.wait_for_child("kpi", worker, SOON)
        page = running.wait_for(lambda page: restarts(page, "signal") == 1, SOON, "a restart counted")
        running.next_round()
        running.wait_until_good()
    assert page.value("mattermost_kpi_posts_total") == posts, "the last values stay"
    figure(f"{number.name} to the worker: successor after {seconds * 1000:.0f} ms; {scraper}")
    assert successor != worker and not scraper.bad
    assert (running.front(), running.worker("good")) == (front, other), "nobody else was touched"
    assert len(running.log_lines(r"kpi.*signal|signal.*kpi")) >= 1


def test_kill_the_front(running, figure):
    workers = running.worker("kpi"), running.worker("good")
    front = running.front()
    with Scraper(running) as scraper:
        os.kill(front, signal.SIGKILL)
        _, seconds = running.wait_for_child("front", front, SOON)
        running.wait_until_good("kpi")
        running.wait_until_good("good")
        page = running.wait_for(lambda page: page.value("mattermost_kpi_posts_total") is not None, SOON, "values again")
    figure(f"SIGKILL to the front: successor after {seconds * 1000:.0f} ms; {scraper}")
    assert (running.worker("kpi"), running.worker("good")) == workers, "workers outlive the front"
    assert sum(page.series("minotor_collector_restarts_total").values()) == 0
    # Those whose request was under way lose it; nobody is refused.
    assert not [error for error in scraper.bad if "refused" in error]


def test_the_front_dies_again_and_again(running):
    for _ in range(3):
        front = running.front()
        os.kill(front, signal.SIGKILL)
        running.wait_for_child("front", front, SOON)
        running.wait_until_good("kpi")
    assert running.next_round("good").collector("success", "good") == 1


def test_clients_queue_while_there_is_no_front(running):
    """The listener belongs to the supervisor. It is stopped here so that the front stays dead for a while."""
    front = running.front()
    os.kill(running.pid, signal.SIGSTOP)
    try:
        os.kill(front, signal.SIGKILL)
        answers = []
        client = threading.Thread(target=lambda: answers.append(running.get(timeout=15)))
        client.start()
        time.sleep(1)
        assert not answers
    finally:
        os.kill(running.pid, signal.SIGCONT)
    client.join(15)
    assert answers and answers[0].status == 200, "the client that queued is served by the next front"
    assert running.front() != front


def test_kill_the_supervisor(running, figure):
    everybody = family(running)
    address = running.address
    os.kill(running.pid, signal.SIGKILL)
    begin = time.monotonic()
    running.process.wait(SOON)
    for pid, start in everybody:
        processes.wait_gone(pid, SOON, start)
    figure(f"SIGKILL to the supervisor: all {len(everybody)} processes gone after {(time.monotonic() - begin) * 1000:.0f} ms")
    assert not running.is_listening()
    # Its place is free again at once.
    running.launch("--web.listen-address=" + address)
    running.wait_for(lambda page: page.collector("success") == 1, 20, "a new minotord at the same address")


@pytest.mark.parametrize("which", ("kpi", "good"))
def test_stop_the_worker(running, figure, which):
    """Stopped, it breaks its promise and is killed, although it hears no TERM."""
    worker = running.worker(which)
    posts = running.scrape().value("mattermost_kpi_posts_total")
    with Scraper(running) as scraper:
        os.kill(worker, signal.SIGSTOP)
        begin = time.monotonic()
        _, _ = running.wait_for_child(which, worker, 20)
        seconds = time.monotonic() - begin
        page = running.wait_for(lambda page: restarts(page, "deadline", which) == 1, SOON, "a restart counted")
        running.wait_until_good(which)
    assert page.value("mattermost_kpi_posts_total") == posts
    assert page.collector("success", "kpi" if which == "good" else "good") == 1
    figure(f"SIGSTOP of worker {which}: successor after {seconds:.2f} s; {scraper}")
    assert not scraper.bad


def test_a_short_stop_of_the_worker_costs_nothing(running):
    worker = running.worker()
    os.kill(worker, signal.SIGSTOP)
    time.sleep(1)
    os.kill(worker, signal.SIGCONT)
    running.next_round()
    running.wait_until_good()
    assert running.worker() == worker


def test_stop_the_front(running, figure):
    front, worker = running.front(), running.worker()
    os.kill(front, signal.SIGSTOP)
    begin = time.monotonic()
    answer = running.get(timeout=20)  # queued in the kernel, served by the next front
    figure(f"SIGSTOP of the front: a client that connects then is answered after {time.monotonic() - begin:.2f} s")
    assert answer.status == 200
    assert running.front() != front
    running.wait_until_good()
    assert running.worker() == worker


def test_a_short_stop_of_the_front_costs_nothing(running):
    front = running.front()
    os.kill(front, signal.SIGSTOP)
    time.sleep(1)
    os.kill(front, signal.SIGCONT)
    assert running.get().status == 200
    running.next_round()
    assert running.front() == front


def test_stop_the_supervisor(running, figure):
    """Scrapes and rounds go on without it; woken, it blames nobody for what it did not hear."""
    everybody = sorted(family(running))
    os.kill(running.pid, signal.SIGSTOP)
    try:
        with Scraper(running) as scraper:
            time.sleep(6)
            page = running.next_round()
    finally:
        os.kill(running.pid, signal.SIGCONT)
    figure(f"SIGSTOP of the supervisor for 6 s: {scraper}")
    assert not scraper.bad
    assert page.collector("success") == 1
    time.sleep(1.5)
    running.next_round()
    assert sorted(family(running)) == everybody
    assert sum(running.scrape().series("minotor_collector_restarts_total").values()) == 0


def test_stop_the_database(kpi, postgresql, mattermost, figure):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}, interval="500ms", stale_after="3s").start()
    daemon.wait_until_good()
    with Scraper(daemon) as scraper:
        postgresql.sigstop()
        try:
            daemon.wait_for(lambda page: page.collector("success") == 0 and page.collector("late") == 1, 20, "a late kpi")
            page = daemon.wait_for(lambda page: page.collector("stale") == 1, 20, "stale values")
            assert page.collector("success", "good") == 1
            daemon.wait_for(lambda page: page.names("mattermost_kpi_") == [], 5, "values gone, not 0")
        finally:
            postgresql.sigcont()
        begin = time.monotonic()
        daemon.wait_for(lambda page: page.value("mattermost_kpi_posts_total") is not None, 45, "values again")
    figure(f"SIGSTOP of the database: values {time.monotonic() - begin:.2f} s after SIGCONT; {scraper}")
    assert not scraper.bad
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        count = mattermost.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'minotor%'")
        if count == 1:
            break
        time.sleep(0.1)
    assert count == 1, "those connections that could not be ended in time are ended now"


def hang(daemon, mattermost, session):
    """Returns when kpi's query waits for a lock that will not be given."""
    session("BEGIN")
    session("LOCK TABLE posts, channels, reactions, sessions IN ACCESS EXCLUSIVE MODE")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'minotor%' AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + SOON
    while mattermost.number(waiting) == 0:
        assert time.monotonic() < deadline, daemon.log_tail()
        time.sleep(0.02)


def test_term_during_a_hung_query(kpi, mattermost, figure):
    daemon = kpi(mattermost, interval="5s", stale_after="1h").start()
    daemon.wait_until_good()
    everybody = family(daemon)
    with mattermost.session() as other:
        hang(daemon, mattermost, other)
        status, seconds = daemon.stop()
        figure(f"SIGTERM during a hung query: all ended after {seconds * 1000:.0f} ms")
        assert status == 0 and seconds < 5
        for pid, start in everybody:
            processes.wait_gone(pid, 1, start)
        # Nor does the query wait on at the server.
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'minotor%'"
        begin = time.monotonic()
        while mattermost.number(ours) and time.monotonic() - begin < 15:
            time.sleep(0.1)
        assert mattermost.number(ours) == 0
        figure(f"the query was gone from the server {time.monotonic() - begin:.1f} s later")


def test_a_second_term_waits_for_nobody(running, figure):
    everybody = family(running)
    for pid, _ in everybody[1:]:
        os.kill(pid, signal.SIGSTOP)
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert running.process.poll() is None, "it waits for children that are stopped"
    begin = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    try:
        running.process.wait(SOON)
    except subprocess.TimeoutExpired:
        pytest.fail("a second SIGTERM did not end it")
    for pid, start in everybody:
        processes.wait_gone(pid, 1, start)
    figure(f"second SIGTERM: all ended after {(time.monotonic() - begin) * 1000:.0f} ms")


def test_an_end_with_stopped_children(running, figure):
    for pid in processes.children(running.pid):
        os.kill(pid, signal.SIGSTOP)
    status, seconds = running.stop()
    figure(f"SIGTERM with all children stopped: ended after {seconds:.2f} s")
    assert status == 0


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT), ids=lambda number: number.name)
def test_an_orderly_end(running, figure, number):
    everybody = family(running)
    running.process.send_signal(number)
    begin = time.monotonic()
    assert running.process.wait(SOON) == 0
    figure(f"{number.name}: ended after {(time.monotonic() - begin) * 1000:.0f} ms")
    for pid, start in everybody:
        processes.wait_gone(pid, 0.5, start)
    assert not running.is_listening()


def test_a_term_at_once_after_the_start(kpi, mattermost):
    """Before the children are ready."""
    for pause in (0, 0.01, 0.05, 0.1, 0.2):
        daemon = kpi(mattermost).launch()
        time.sleep(pause)
        daemon.process.send_signal(signal.SIGTERM)
        status = daemon.process.wait(SOON)
        assert status in (0, -signal.SIGTERM), daemon.log_tail()
