# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, broken or many: what comes back, and that the front goes on as before."""

import os
import socket
import time

import pytest

import frames
from test_front_alone import Front

PATIENCE_S = 10
HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
WHOLE = HEALTHY + b"Connection: close\r\n\r\n"


def start(**settings):
    one = Front()
    for name, value in settings.items():
        one.send(frames.setting("web_limit." + name, str(value)))
    return one.begin()


@pytest.fixture
def front():
    one = start(request_timeout=600, idle_timeout=1500, write_timeout=800)
    yield one
    print(one.read_log())
    one.end()


@pytest.fixture
def narrow():
    one = start(max_connections=40, max_connections_per_address=30)
    yield one
    print(one.read_log())
    one.end()


def connect(front, source="127.0.0.1"):
    connection = socket.socket()
    connection.settimeout(PATIENCE_S)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", front.port))
    return connection


def read_all(connection):
    data = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                return data
            data += more
    except ConnectionError:
        return data


def talk(front, data, half_close=False):
    """All that comes back until the front closes."""
    with connect(front) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        return read_all(connection)


def descriptors(front):
    return len(os.listdir("/proc/%d/fd" % front.pid))


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


def refused(front, reason):
    return front.page().value("promhttp_metric_handler_refused_total", reason=reason)


STRANGE = {
    "a whole request": (WHOLE, b"HTTP/1.1 200"),
    "half-closed": (HEALTHY + b"\r\n", b"HTTP/1.1 200"),
    "HTTP/1.0": (b"GET /-/healthy HTTP/1.0\r\n\r\n", b"HTTP/1.1 200"),
    "HTTP/1.1 without Host": (b"GET /-/healthy HTTP/1.1\r\nConnection: close\r\n\r\n", b"HTTP/1.1 400"),
    "a line of garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n", None),
    "a version that is none": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"HTTP/1.1 505"),
    "a head that is too large": (HEALTHY + b"X: " + b"y" * 40000 + b"\r\n\r\n", b"HTTP/1.1 431"),
    "many header lines": (HEALTHY + b"X: y\r\n" * 5000 + b"\r\n", b"HTTP/1.1 431"),
    "a URL that is too long": (b"GET /" + b"y" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 414"),
    "two lengths that differ": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", None),
    "a length that is none": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n", b"HTTP/1.1 400"),
    "a body with GET": (HEALTHY + b"Connection: close\r\nContent-Length: 5\r\n\r\nabcde", None),
    "a chunked body": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", b"HTTP/1.1 405"),
    "a body of chunks that are none": (b"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", None),
    "100-continue": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", b"HTTP/1.1 405"),
    "NUL in the path": (b"GET /metrics%00x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 400"),
    "NUL in the head": (b"GET /\0metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", None),
    "bare line feeds": (b"GET /-/healthy HTTP/1.1\nHost: x\nConnection: close\n\n", None),
    "a URI with its host": (b"GET http://x/-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200"),
    "an unknown method": (b"BREW /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 405"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_strange_requests(front, what):
    """One line each. Where None is expected, any answer of the class 4xx will do, or the end, or a 200 of what was meant."""
    data, expected = STRANGE[what]
    before = descriptors(front)
    answer = talk(front, data, half_close=what == "half-closed")
    print(what, "->", answer.split(b"\r\n")[0])
    if expected is not None:
        assert answer.startswith(expected), answer[:200]
    else:
        assert answer == b"" or answer.split(b" ")[1][:1] in (b"2", b"4"), answer[:200]
    assert front.request("/-/healthy").status == 200
    until(lambda: descriptors(front) <= before)


def test_requests_in_a_row_are_answered_in_order(front):
    answer = talk(front, (HEALTHY + b"\r\n") * 20 + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 20
    assert answer.rindex(b"HTTP/1.1 404 ") > answer.rindex(b"HTTP/1.1 200 ")


def test_a_head_in_drops_ends_by_the_clock(front):
    begun = time.monotonic()
    with connect(front) as drops:
        drops.sendall(b"GET /metrics HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(60):
                drops.sendall(b"X: y\r\n")
                time.sleep(0.05)
        except ConnectionError:
            pass
        try:
            answer = read_all(drops)
        except OSError:
            pass
    assert 0.5 < time.monotonic() - begun < 3
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    assert refused(front, "head_time") >= 1


def test_a_head_that_stops_gets_408(front):
    assert talk(front, b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ").startswith(b"HTTP/1.1 408 ")


def test_idling_ends_by_the_clock(front):
    with connect(front) as idle:
        idle.sendall(HEALTHY + b"\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200 ")
        begun = time.monotonic()
        assert read_all(idle) == b""
        assert 1 < time.monotonic() - begun < 5
    assert refused(front, "head_time") == 0


def big_page(front):
    stream = frames.Stream().start(("big_family", frames.GAUGE, ("x",)))
    front.slot(0, stale_after_ms=600000)
    front.write(0, stream.begin().take())
    count, size = 0, 0
    for chunk in range(100):
        payload = frames.points(*[frames.point(0, 1, ["v" * 800 + str(chunk * 70 + i)]) for i in range(70)])
        front.write(0, stream.put(frames.POINTS, payload, stream.round).take())
        count, size = count + 70, size + len(payload)
    front.write(0, stream.end(frames.OK, count, size).take())
    front.until(lambda page: page.collector("samples") == 7000)


def test_who_does_not_read_is_left(front):
    """His time grows with the 5.6 MB, to three minutes, which the unit test looks at: here nobody else notices him."""
    big_page(front)
    front.request("/-/healthy")
    before = None

    def is_settled():
        nonlocal before
        last, before = before, descriptors(front)
        return last == before
    until(is_settled)
    with connect(front) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: descriptors(front) > before)
        for _ in range(10):
            assert front.request("/-/healthy").status == 200
        until(lambda: descriptors(front) <= before + 1)
    until(lambda: descriptors(front) <= before)


@pytest.mark.parametrize("words", [b"", b"GET /metrics HTTP/1.1\r\n"])
def test_many_idle_ones_lock_nobody_out(words):
    front = start()
    crowd = []
    try:
        for i in range(1100):
            crowd.append(connect(front, "127.0.0.%d" % (1 + i % 4)))
            try:
                crowd[-1].sendall(words)
            except ConnectionError:
                pass
            if i % 100 == 99:
                assert front.request("/metrics").status == 200
        assert front.request("/metrics").status == 200
        until(lambda: refused(front, "connections") >= 1100 - 256)
        before = descriptors(front)
        assert before <= 256 + 40
    finally:
        for one in crowd:
            one.close()
    until(lambda: descriptors(front) < 40)
    print(front.read_log()[-2000:])
    front.end()


def test_a_kept_connection_outlives_a_flood(narrow):
    """Of one address, too: who has been served is dearer than who is silent."""
    with connect(narrow) as kept:
        kept.sendall(HEALTHY + b"\r\n")
        kept.recv(4096)
        crowd = [connect(narrow) for _ in range(200)]
        kept.sendall(WHOLE)
        assert read_all(kept).startswith(b"HTTP/1.1 200 ")
        for one in crowd:
            one.close()


def test_a_setting_out_of_bounds_ends_it():
    one = Front()
    one.send(frames.setting("web_limit.max_connections", "0"))
    assert one.wait_exit() == 75
    one.end()
