# SPDX-License-Identifier: Apache-2.0
"""One call of minotor's own processes fails, at a chosen place: what chaos has found once is looked for here directly."""

import errno
import os
import signal
import time

import pytest

import processes
from chaos.points import Points
from chaos.watch import SLOW
from exposition import Page
from minotor import GONE, HOSTILE, sanitized

PATIENCE_S = 30 * SLOW
COLLECTORS = ("pair", "good")
SELDOM_MS = 1500  # what the front does is then mostly about a pipe


def settings(name, interval):
    return {"interval": interval, "stale_after": "60s", "plugin": os.path.join(HOSTILE, name + ".so")}


@pytest.fixture
def faulty(minotor):
    daemon = minotor({name: settings(name, "200ms") for name in COLLECTORS})
    daemon.points = Points(os.path.join(daemon.directory, "faults"))
    daemon.environment = daemon.points.environment()
    daemon.start()
    for name in COLLECTORS:
        daemon.wait_until_good(name)
    return daemon


def wait_fresh(daemon, since=None):
    """Both have had a good round that began after that moment, and whoever is needed is there."""
    since_ms = 1000 * (time.monotonic() if since is None else since)
    rounds = daemon.rounds(daemon.wait_for(lambda page: True, PATIENCE_S, "an answer"), "good")
    fresh = daemon.wait_for(lambda page: all(page.collector("success", name) == 1 for name in COLLECTORS)
                            and (page.value("chaos_left", part="0") or 0) >= since_ms, PATIENCE_S, "fresh rounds of pair")
    if daemon.rounds(fresh, "good") < rounds:
        rounds = 0  # of another front
    return daemon.wait_for(lambda page: daemon.rounds(page, "good") > rounds, PATIENCE_S, "fresh rounds of good")


def restart_workers(daemon, number, interval_ms=200):
    """In good order: for failures there would be a longer pause each time."""
    for name in COLLECTORS:
        daemon.write_collector(name, settings(name, f"{interval_ms + number % 50}ms"))
    daemon.reload()


@pytest.mark.parametrize("skip", range(4))
@pytest.mark.parametrize("call", ("pipe2", "socketpair", "fork", "pidfd_open", "execveat", "fcntl"))
def test_a_front_is_born_with_trouble(faulty, call, skip):
    """`skip`: its log, then a data pipe for one slot after the other."""
    front = faulty.front()
    faulty.points.arm("supervisor", call, errno.EMFILE if call != "fork" else errno.EAGAIN, 1, skip)
    os.kill(front, signal.SIGKILL)
    faulty.wait_for_child("front", front, PATIENCE_S)
    wait_fresh(faulty)
    faulty.points.disarm("supervisor", call)


@pytest.mark.parametrize("error", (errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS), ids=errno.errorcode.get)
@pytest.mark.parametrize("skip", (0, 4, 7, 8, 9, 10, 11, 12))
def test_no_message_is_lost(faulty, error, skip):
    """Of those that a new front and the workers get: settings, listener, pipes. Each is sent, be it later."""
    front = faulty.front()
    workers = {name: faulty.worker(name) for name in COLLECTORS}
    faulty.points.arm("supervisor", "sendmsg", error, 1, skip)
    os.kill(front, signal.SIGKILL)
    successor, _ = faulty.wait_for_child("front", front, PATIENCE_S)
    wait_fresh(faulty)
    assert faulty.points.hits("supervisor", "sendmsg") == 1
    assert faulty.front() == successor and {name: faulty.worker(name) for name in COLLECTORS} == workers


def test_no_memory_to_wait(faulty):
    """poll() itself may fail for that; it is no reason to end everybody."""
    faulty.points.arm("supervisor", "poll", errno.ENOMEM, 5)
    faulty.reload()  # something to wake up for
    deadline = time.monotonic() + PATIENCE_S
    while faulty.points.hits("supervisor", "poll") < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wait_fresh(faulty)
    assert faulty.process.poll() is None


@pytest.mark.skipif(sanitized(), reason="a sanitized program has a malloc of its own")
def test_a_page_without_memory_is_the_old_page(faulty):
    """Allocation by allocation: a scrape gets a whole page, or none at all."""
    pages = lost = 0
    for skip in range(150):
        hits = faulty.points.hits("front", "memory")
        faulty.points.arm("front", "memory", errno.ENOMEM, 1, skip)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = faulty.get(timeout=PATIENCE_S)
                pages += answer.status == 200
                if answer.status == 200:
                    Page(answer.body)
            except GONE:
                lost += 1
            if faulty.points.hits("front", "memory") > hits:
                break
            assert time.monotonic() < deadline
        faulty.points.disarm("front", "memory")
    assert pages > lost
    wait_fresh(faulty)


@pytest.mark.skipif(sanitized(), reason="a sanitized program has a malloc of its own")
def test_a_front_without_memory_for_a_pipe(faulty):
    """A worker that nobody reads would write to nowhere for ever."""
    restart_workers(faulty, 10, SELDOM_MS)
    wait_fresh(faulty)
    for number in range(8):
        hits = faulty.points.hits("front", "memory")
        faulty.points.arm("front", "memory", errno.ENOMEM, 1, number)
        restart_workers(faulty, number, SELDOM_MS)
        deadline = time.monotonic() + PATIENCE_S
        while faulty.points.hits("front", "memory") == hits:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        wait_fresh(faulty)


def test_a_front_without_room_for_a_pipe(faulty):
    """The kernel drops the descriptor that comes with the message: the front notices and makes room for another."""
    front = faulty.front()
    assert processes.set_soft_limit(front, "nofile", 5)
    restart_workers(faulty, 1)
    faulty.wait_for_child("front", front, PATIENCE_S)
    wait_fresh(faulty)


@pytest.mark.skipif(sanitized(), reason="a sanitized program has a malloc of its own")
def test_a_reload_without_memory(faulty):
    """At each allocation of it: the old configuration stays in force, or the new one is."""
    for number in range(60):
        faulty.points.arm("supervisor", "memory", errno.ENOMEM, 1, number * 7)
        restart_workers(faulty, number)
        faulty.wait_for_log(r"was read again|the old one stays", PATIENCE_S)
        faulty.points.disarm("supervisor", "memory")
        assert faulty.process.poll() is None
    restart_workers(faulty, 60)
    wait_fresh(faulty)
