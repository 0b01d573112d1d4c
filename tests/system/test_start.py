# SPDX-License-Identifier: Apache-2.0
"""Whoever starts minotord may give it odd descriptors: closed ones, a log that nobody reads any more."""

import os
import socket
import subprocess
import time

import pytest

import processes
from conftest import hostile
from minotor import AS_ROOT

STUCK_SECONDS = 8


@pytest.fixture
def daemon(minotor):
    """Not started; it will listen at an address that was free a moment ago, for its log may be out of reach."""
    made = minotor({"good": hostile("good"), "flood": hostile("flood")})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made.address = f"127.0.0.1:{probe.getsockname()[1]}"
    return made


def command(daemon):
    return daemon.arguments("--web.listen-address=" + daemon.address)


def expect_life(daemon):
    """It works, and a worker that dies has a successor."""
    daemon.wait_until_good("good")
    worker = daemon.worker("good")
    processes.send(worker, 9)
    daemon.wait_for_child("good", worker)
    daemon.next_round("good")
    daemon.wait_until_good("good")


@pytest.mark.parametrize("closed", ("0<&-", "0<&- 1>&-", "2>&-", "0<&- 1>&- 2>&-"))
def test_closed_descriptors(daemon, closed):
    daemon.process = subprocess.Popen(["sh", "-c", f'exec "$@" {closed}', "sh", *command(daemon)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    expect_life(daemon)
    if AS_ROOT:
        found = processes.descriptors(daemon.worker("good"))
        assert set(found) == {0, 1, 2, 3, 4, 5, 6} and found[4].startswith("pipe:") and found[5].startswith("socket:")


def test_a_log_whose_reader_is_gone(daemon):
    reader, writer = os.pipe()
    daemon.process = subprocess.Popen(command(daemon), stdin=subprocess.DEVNULL, stderr=writer)
    os.close(writer)
    os.close(reader)
    expect_life(daemon)


def test_a_log_whose_reader_has_stopped(daemon, figure):
    """The pipe fills up. That costs lines, never a worker, a scrape or the end."""
    reader, writer = os.pipe()
    try:
        daemon.process = subprocess.Popen(command(daemon), stdin=subprocess.DEVNULL, stderr=writer)
        os.close(writer)
        daemon.wait_until_good("good")
        # Each line of the flood is short; reloads add more, until the pipe is full.
        deadline = time.monotonic() + STUCK_SECONDS
        while time.monotonic() < deadline:
            for _ in range(20):
                daemon.reload()
                time.sleep(0.01)
        expect_life(daemon)
        status, seconds = daemon.stop()
        figure(f"end with a stuck log: {seconds * 1000:.0f} ms")
        assert status == 0 and seconds < 5
    finally:
        os.close(reader)
