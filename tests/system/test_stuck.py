# SPDX-License-Identifier: Apache-2.0
"""A worker that sleeps in the kernel where no signal reaches it: given up, shown, not replaced, not waited for, and back
by itself when the kernel lets it go."""

import os
import time

import pytest

import processes
from conftest import hostile
from frozen_folder import FrozenFolder, Unavailable
from test_hostile import VALUE, Neighbour, restarts


@pytest.fixture
def folder():
    try:
        with FrozenFolder() as folder:
            yield folder
    except Unavailable as reason:
        pytest.skip(f"no file system can be frozen here: {reason}")


def start(minotor, folder):
    """A good one and one that works on the file system, both at work."""
    daemon = minotor({"good": hostile("good"), "frozen": hostile("frozen", sandbox="off", settings={
        "path": os.path.join(folder.path, "x")})}).start()
    daemon.wait_until_good("frozen")
    return daemon


def is_in(page, state):
    return page.value("minotor_collector_state", collector="frozen", state=state) == 1


def freeze_until_stuck(daemon, folder):
    """Returns the pid of the worker that hangs, and how long it took until it was given up."""
    worker = daemon.worker("frozen")
    folder.freeze()
    begin = time.monotonic()
    daemon.wait_for(lambda page: is_in(page, "stuck"), 40, "a stuck worker")
    return worker, time.monotonic() - begin


def test_it_is_given_up_and_comes_back(minotor, folder, figure):
    daemon = start(minotor, folder)
    with Neighbour(daemon):
        worker, seconds = freeze_until_stuck(daemon, folder)
        figure(f"stuck {seconds:.1f} s after the freeze, round of 0.2 s")
        assert processes.state(worker) == "D", "SIGKILL does not reach it"
        assert len(daemon.log_lines(r"frozen\[\d+\]: does not die of SIGKILL")) == 1
        page = daemon.scrape()
        assert page.collector("up", "frozen") == 0 and restarts(page, "frozen") == {}
        text = daemon.get("/").text.partition("<h2>Quarantine</h2>")[2]
        assert "<td>frozen</td>" in text and "stuck" in text and "when the kernel lets its process go" in text
        # Nothing is started in its place, not even by a reload.
        daemon.reload()
        daemon.next_round("good")
        assert [pid for title, pid in daemon.children().items() if "frozen" in title] == [worker]
        begin = time.monotonic()
        folder.thaw()
        page = daemon.wait_for(lambda page: is_in(page, "running") and page.collector("success", "frozen") == 1, 30, "it is back")
        figure(f"good again {time.monotonic() - begin:.1f} s after the thaw")
        assert restarts(page, "frozen") == {"deadline": 1}
        assert page.value(VALUE.format("frozen")) == 1
        assert daemon.worker("frozen") != worker and not processes.alive(worker)
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 4


def test_the_end_does_not_wait_for_it(minotor, folder, figure):
    daemon = start(minotor, folder)
    worker, _ = freeze_until_stuck(daemon, folder)
    try:
        status, seconds = daemon.stop()
        figure(f"the end with a stuck worker took {seconds:.2f} s")
        assert status == 0 and seconds < 3
        assert processes.state(worker) == "D"
        assert daemon.log_lines(r"frozen\[\d+\]: is left behind in the kernel")
    finally:
        folder.thaw()
    processes.wait_gone(worker, 10)


def test_an_end_while_it_hangs_and_nobody_knows_yet(minotor, folder, figure):
    """In the middle of the round that will never end."""
    daemon = start(minotor, folder)
    worker = daemon.worker("frozen")
    folder.freeze()
    try:
        deadline = time.monotonic() + 20
        while processes.state(worker) != "D" and time.monotonic() < deadline:
            time.sleep(0.01)
        status, seconds = daemon.stop()
        figure(f"the end with a worker in state D took {seconds:.2f} s")
        assert status == 0 and seconds < 8
    finally:
        folder.thaw()
    processes.wait_gone(worker, 10)
