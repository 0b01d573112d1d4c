# SPDX-License-Identifier: Apache-2.0
"""Hostile clients of all kinds at once: a scraper beside them loses nothing. HOSTILE_SECONDS=300 is the long run."""

import http.client
import multiprocessing
import os
import random
import socket
import statistics
import time

import frames
from test_front_alone import Front
from test_front_clients import descriptors, until

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "12"))
CALM_SECONDS = max(3.0, SECONDS / 30)
SLOW_ONES = 1000
SOURCES = ["127.0.0.%d" % i for i in range(1, 9)]  # the first is the scraper's own
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    GET + b"X: " + b"y" * 40000 + b"\r\n\r\n",
    b"GET /" + b"y" * 40000 + b" HTTP/1.1\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"z" * 20000,
    b"\0" * 3000,
    b"\r\n" * 3000,
    GET * 200,
]


def open_one(port, small=False):
    connection = socket.socket()
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(2)
    connection.bind((random.choice(SOURCES), 0))
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection


def say(connection, data):
    """Whether somebody still listens."""
    try:
        connection.send(data)
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True


def slowloris(port, end):
    """A thousand that send a header line now and then; those that are closed come again."""
    crowd = []
    while time.monotonic() < end:
        while len(crowd) < SLOW_ONES and time.monotonic() < end:
            try:
                crowd.append(open_one(port))
                say(crowd[-1], random.choice([b"", b"G", GET]))
            except OSError:
                break
            if len(crowd) % 20 == 0:
                time.sleep(0.01)
        kept = [one for one in crowd if say(one, b"X: y\r\n")]
        for one in set(crowd) - set(kept):
            one.close()
        crowd = kept
        time.sleep(0.2)


def deaf(port, end):
    """Ask for the page and never read it; some close their writing side, some ask a hundred times in a row."""
    crowd = []
    while time.monotonic() < end:
        try:
            one = open_one(port, small=True)
            say(one, random.choice([GET + b"\r\n", (GET + b"\r\n") * 100]))
            if random.random() < 0.3:
                one.shutdown(socket.SHUT_WR)
            crowd.append(one)
        except OSError:
            pass
        while len(crowd) > 60:
            crowd.pop(0).close()
        time.sleep(0.05)


def nonsense(port, end):
    while time.monotonic() < end:
        try:
            one = open_one(port)
            say(one, random.choice(GARBAGE))
            time.sleep(0.005)
            one.close()
        except OSError:
            pass


def flood(port, end):
    """Connections without a word, closed at once or left, as bursts."""
    while time.monotonic() < end:
        crowd = []
        for _ in range(50):
            try:
                crowd.append(open_one(port))
            except OSError:
                pass
        time.sleep(0.2)
        for one in crowd:
            one.close()


def scrape_for(port, seconds):
    """Times of scrapes in seconds, and what went wrong."""
    times, lost = [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/metrics")
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200 and b"big_family{" in body, response.status
            connection.close()
            times.append(time.monotonic() - begun)
        except (OSError, http.client.HTTPException, AssertionError) as problem:
            lost.append(repr(problem))
        time.sleep(0.03)
    return times, lost


def p99(times):
    return statistics.quantiles(times, n=100)[98] * 1000


def memory_kb(pid):
    with open("/proc/%d/status" % pid) as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def megabyte(front):
    stream = frames.Stream().start(("big_family", frames.GAUGE, ("x",)))
    front.slot(0, stale_after_ms=3600000)
    front.write(0, stream.begin().take())
    count, size = 0, 0
    for chunk in range(20):
        payload = frames.points(*[frames.point(0, 1, ["v" * 800 + str(chunk * 60 + i)]) for i in range(60)])
        front.write(0, stream.put(frames.POINTS, payload, stream.round).take())
        count, size = count + 60, size + len(payload)
    front.write(0, stream.end(frames.OK, count, size).take())
    front.until(lambda page: page.collector("samples") == count)


def test_a_scraper_beside_hostile_clients():
    front = Front().begin()
    attackers = []
    try:
        megabyte(front)
        calm, lost = scrape_for(front.port, CALM_SECONDS)
        assert not lost
        descriptors_before, memory_before = descriptors(front), memory_kb(front.pid)
        end = time.monotonic() + SECONDS
        attackers = [multiprocessing.Process(target=kind, args=(front.port, end))
                     for kind in (slowloris, deaf, nonsense, flood)]
        for attacker in attackers:
            attacker.start()
        beside, lost = scrape_for(front.port, SECONDS - 0.5)
        for attacker in attackers:
            attacker.join(30)
        front.read_log()
        front.log = ""
        until(lambda: descriptors(front) <= descriptors_before)
        after, _ = scrape_for(front.port, 1)
        memory_after = memory_kb(front.pid)
        text = [line for line in front.text().splitlines() if line.startswith("promhttp_metric_handler_refused")]
        print("calm: %d scrapes, p50 %.1f ms, p99 %.1f ms; beside: %d scrapes, %d lost, p50 %.1f ms, p99 %.1f ms; memory %d -> %d kB"
              % (len(calm), statistics.median(calm) * 1000, p99(calm), len(beside), len(lost),
                 statistics.median(beside) * 1000, p99(beside), memory_before, memory_after))
        print("\n".join(text))
        assert not lost, lost[:5]
        assert after
        # A machine that the attackers share with the front makes scrapes late by itself: the figures are for reading.
        assert p99(beside) < 3 * p99(calm) + 500
        assert memory_after < memory_before + 8 * 1024
    finally:
        for attacker in attackers:
            if attacker.is_alive():
                attacker.kill()
        front.end()
