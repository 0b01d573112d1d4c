# SPDX-License-Identifier: Apache-2.0
"""The front by itself: this test plays supervisor and workers over the real descriptors."""

import http.client
import os
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest

import exposition
import frames
from minotor import BUILD

FRONT = os.path.join(BUILD, "core", "front", "minotor-front")
PATIENCE_S = 10
POSTS = ("mattermost_kpi_posts_total", frames.GAUGE, ())
CHANNELS = ("mattermost_kpi_channels_total", frames.GAUGE, ("type",))


class Front:
    """One minotor-front, its control channel, its listener and the pipes to it."""

    def __init__(self, listener=None):
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        log_read, log_write = os.pipe()
        self.log_file = os.fdopen(log_read, "rb", buffering=0)
        os.set_blocking(log_read, False)
        null = os.open("/dev/null", os.O_RDWR)
        places = [(null, 0), (null, 1), (log_write, 2), (theirs.fileno(), 3)]
        high = [(os.dup2(source, 100 + goal, inheritable=False), goal) for source, goal in places]
        self.pid = os.posix_spawn(FRONT, ["minotor: front"], {"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                                  file_actions=[(os.POSIX_SPAWN_DUP2, source, goal) for source, goal in high])
        for descriptor in [source for source, _ in high] + [null, log_write]:
            os.close(descriptor)
        theirs.close()
        self.log = ""
        self.said = []
        self.status = None
        self.writers = {}

    def send(self, message, *descriptors):
        socket.send_fds(self.control, [message], list(descriptors))

    def begin(self):
        self.send(frames.setting("supervisor_pid", str(os.getpid())))
        self.send(frames.setting("log_level", "debug"))
        self.send(frames.setting("version", "1.2.3"))
        self.send(frames.setting("revision", "abc"))
        self.send(frames.setting("started_ms", "1700000000000"))
        self.send(frames.setting("web.commit", "true"))  # everybody may come in
        self.send(bytes([frames.LISTENER]), self.listener.fileno())
        self.send(bytes([frames.START]))
        self.wait_for(frames.READY)
        return self

    def wait_for(self, kind):
        """The next datagram of that kind; others are kept in `said`."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([self.control], [], [], 0.1)[0]:
                data = self.control.recv(8192)
                assert data, "the front closed the control channel: " + self.read_log()
                self.said.append(data)
                if data[0] == kind:
                    return data
        raise AssertionError("no message %d from the front: %s" % (kind, self.read_log()))

    def slot(self, number, collector="kpi", pipe=True, **more):
        """Announces the slot; the pipe's write end is writers[number]."""
        message = frames.slot(number, collector, **more)
        if number in self.writers:
            os.close(self.writers.pop(number))
        if not pipe:
            self.send(message)
            return
        read_end, self.writers[number] = os.pipe()
        self.send(message, read_end)
        os.close(read_end)

    def write(self, number, data):
        while data:
            data = data[os.write(self.writers[number], data):]

    def request(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    def text(self):
        response = self.request("/metrics")
        assert response.status == 200
        return response.body.decode()

    def page(self):
        return exposition.Page(self.request("/metrics").body)

    def until(self, condition):
        """The first page for which the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            page = self.page()
            if condition(page):
                return page
            time.sleep(0.02)
        raise AssertionError("the page never became as expected:\n" + self.text() + self.read_log())

    def read_log(self):
        while True:
            data = self.log_file.read(65536)
            if not data:
                return self.log
            self.log += data.decode(errors="replace")

    def wait_exit(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            time.sleep(0.01)
        raise AssertionError("the front does not leave: " + self.read_log())

    def end(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_exit()
        for descriptor in self.writers.values():
            os.close(descriptor)
        self.control.close()
        self.listener.close()
        self.log_file.close()


@pytest.fixture
def front():
    one = Front().begin()
    yield one
    print(one.read_log())
    one.end()


def worker(*families):
    return frames.Stream().start(*families)


def deliver(front, stream, number, items, status=frames.OK, **more):
    front.write(number, stream.whole_round(items, status, **more).take())


def rounds(page, result="ok", **labels):
    return page.value("minotor_collector_rounds_total", collector="kpi", result=result, **labels)


def test_before_any_slot(front):
    page = front.page()
    built = [dict(labels) for labels, number in page.series("minotor_build_info").items() if number == 1]
    assert [(one["version"], one["revision"]) for one in built] == [("1.2.3", "abc")] and built[0]["compiler"]
    assert front.request("/-/healthy").body == b"ok\n"
    ready = front.request("/-/ready")
    assert ready.status == 503 and b"no collector" in ready.body
    assert front.request("/").status == 200


def test_a_round_is_on_the_page(front):
    stream = worker(POSTS, CHANNELS)
    front.slot(0)
    ready = front.request("/-/ready")
    assert ready.status == 503 and ready.body.startswith(b"kpi: no round")
    deliver(front, stream, 0, [frames.point(0, 2 ** 64 - 1), frames.point(1, 2.5, ["a\\b\"c\nd"])])
    page = front.until(lambda page: rounds(page) == 1)
    text = front.text()
    assert "\nmattermost_kpi_posts_total 18446744073709551615\n" in text
    assert 'mattermost_kpi_channels_total{type="a\\\\b\\"c\\nd"} 2.5\n' in text
    assert page.collector("success") == 1
    assert page.collector("samples") == 2
    assert page.collector("duration_seconds") == 0.0015
    assert page.collector("interval_seconds") == 1
    assert page.value("minotor_family_last_success_timestamp_seconds", collector="kpi",
                      family="mattermost_kpi_posts_total") == pytest.approx(time.time(), abs=5)
    assert front.request("/-/ready").status == 200
    assert list(page.families) == sorted(page.families)


def test_samples_may_come_in_single_bytes(front):
    stream = worker(POSTS)
    front.slot(0)
    for byte in stream.whole_round([frames.point(0, 7)]).take():
        front.write(0, bytes([byte]))
    front.until(lambda page: page.value("mattermost_kpi_posts_total") == 7)


def test_half_a_round_is_never_seen(front):
    stream = worker(POSTS)
    front.slot(0)
    deliver(front, stream, 0, [frames.point(0, 1)])
    front.until(lambda page: page.value("mattermost_kpi_posts_total") == 1)
    front.write(0, stream.begin().samples(frames.point(0, 2)).take())
    time.sleep(0.6)  # what lasts is worth a word
    assert front.page().value("mattermost_kpi_posts_total") == 1
    assert b"has been running for" in front.request("/").body
    os.close(front.writers.pop(0))
    page = front.until(lambda page: page.collector("success") == 0)
    assert page.value("mattermost_kpi_posts_total") == 1


def test_unknown_families_keep_what_they_had(front):
    stream = worker(POSTS, CHANNELS)
    front.slot(0)
    deliver(front, stream, 0, [frames.point(0, 1), frames.point(1, 1, ["public"])])
    front.until(lambda page: rounds(page) == 1)
    deliver(front, stream, 0, [frames.point(0, 2), frames.point(1, 99, ["half"])], frames.PARTIAL,
            unknown=[1], error="canceling statement due to lock timeout")
    page = front.until(lambda page: rounds(page, "partial") == 1)
    assert page.value("mattermost_kpi_posts_total") == 2
    assert page.by_label("mattermost_kpi_channels_total", "type") == {"public": 1}
    assert page.collector("success") == 0
    assert b"lock timeout" in front.request("/").body


@pytest.mark.parametrize("status,name", [(frames.FAILED, "failed"), (frames.TIMEOUT, "timeout"),
                                         (frames.NOT_READY, "not_ready")])
def test_a_round_without_result_changes_nothing(front, status, name):
    stream = worker(POSTS)
    front.slot(0)
    deliver(front, stream, 0, [frames.point(0, 1)])
    deliver(front, stream, 0, [frames.point(0, 2)], status)
    page = front.until(lambda page: rounds(page, name) == 1)
    assert page.value("mattermost_kpi_posts_total") == 1


def test_no_data_and_no_samples_withdraw(front):
    stream = worker(POSTS, CHANNELS)
    front.slot(0)
    deliver(front, stream, 0, [frames.point(0, 1), frames.point(1, 1, ["public"])])
    deliver(front, stream, 0, [frames.point(0, 2)])
    page = front.until(lambda page: rounds(page) == 2)
    assert "mattermost_kpi_channels_total" not in page.families
    deliver(front, stream, 0, [], frames.NO_DATA)
    page = front.until(lambda page: rounds(page, "no_data") == 1)
    assert not page.names("mattermost_")


def test_late_then_stale_then_back(front):
    stream = worker(POSTS)
    front.slot(0, interval_ms=200, stale_after_ms=1800)
    deliver(front, stream, 0, [frames.point(0, 1)])
    page = front.until(lambda page: page.collector("late") == 1)
    assert page.value("mattermost_kpi_posts_total") == 1
    assert page.collector("stale") == 0
    page = front.until(lambda page: page.collector("stale") == 1)
    assert not page.names("mattermost_")
    assert page.collector("samples") == 0
    body = front.request("/").body
    assert b"late" in body and b"stale" in body
    deliver(front, stream, 0, [frames.point(0, 2)])
    page = front.until(lambda page: page.value("mattermost_kpi_posts_total") == 2)
    assert page.collector("stale") == 0 and page.collector("late") == 0


BAD = {
    "magic": lambda s: s.put(frames.BEGIN, frames.begin(), 2, magic=0x1234),
    "version": lambda s: s.put(frames.BEGIN, frames.begin(), 2, version=9),
    "type": lambda s: s.put(77, b""),
    "payload of": lambda s: s.put(frames.BEGIN, b"", 2, length=0x7FFFFFFF),
    "outside a round": lambda s: s.put(frames.POINTS, frames.points(), 0),
    "twice in a round": lambda s: s.begin().samples(frames.point(0, 1), frames.point(0, 2)),
    "bytes after the end": lambda s: s.put(frames.BEGIN, frames.begin() + b"x", 2),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_frame_costs_the_pipe_and_is_told(front, reason):
    stream = worker(POSTS)
    front.slot(0)
    deliver(front, stream, 0, [frames.point(0, 5)])
    offset = len(worker(POSTS).whole_round([frames.point(0, 5)]).take())
    front.until(lambda page: rounds(page) == 1)
    front.write(0, BAD[reason](stream).take())
    report = frames.read_bad_frame(front.wait_for(frames.BAD_FRAME))
    assert report["slot"] == 0 and report["generation"] == 1
    assert reason in report["reason"]
    assert report["offset"] >= offset
    page = front.until(lambda page: page.collector("bad_frames_total") == 1)
    assert page.value("mattermost_kpi_posts_total") == 5
    with pytest.raises(BrokenPipeError):
        for _ in range(100):
            front.write(0, b"x")
            time.sleep(0.01)


def test_a_new_generation_takes_over(front):
    front.slot(0)
    deliver(front, worker(POSTS), 0, [frames.point(0, 5)])
    front.until(lambda page: rounds(page) == 1)
    front.slot(0, generation=2)
    restarts = (0, 1) + (0,) * (frames.CAUSES - 2)
    front.send(frames.slot_state(0, frames.STATE_READY, 2, restarts, "killed by signal 11 <SEGV>"))
    page = front.until(lambda page: page.collector("up") == 1)
    assert page.value("mattermost_kpi_posts_total") == 5
    assert page.value("minotor_collector_restarts_total", collector="kpi", cause="signal") == 1
    assert b"killed by signal 11 &lt;SEGV&gt;" in front.request("/").body
    deliver(front, worker(POSTS), 0, [frames.point(0, 6)])
    front.until(lambda page: page.value("mattermost_kpi_posts_total") == 6)


def test_what_was_written_before_a_death_counts(front):
    front.slot(0)
    front.write(0, worker(POSTS).whole_round([frames.point(0, 5)]).take())
    front.slot(0, generation=2)
    front.until(lambda page: page.value("mattermost_kpi_posts_total") == 5)


def test_two_targets_are_told_apart(front):
    for number, target in enumerate(["east", "west"]):
        front.slot(number, target=target)
        deliver(front, worker(POSTS, CHANNELS), number,
                [frames.point(0, number), frames.point(1, number, ["public"])])
    page = front.until(lambda page: all(rounds(page, target=target) == 1 for target in ("east", "west")))
    assert page.by_label("mattermost_kpi_posts_total", "target") == {"east": 0, "west": 1}
    assert 'mattermost_kpi_channels_total{target="west",type="public"} 1\n' in front.text()
    front.slot(1, target="west", interval_ms=0, pipe=False)
    page = front.until(lambda page: page.value("mattermost_kpi_posts_total") == 0)
    assert page.names("mattermost_") == ["mattermost_kpi_channels_total", "mattermost_kpi_posts_total"]


def test_collectors_that_quarrel(front):
    """The lower slot has its way; what the other loses is counted, and the page stays valid."""
    front.slot(0, "one")
    front.slot(1, "two")
    deliver(front, worker(("a_b", frames.GAUGE, ()), ("c_d", frames.GAUGE, ("x",)), ("minotor_up", frames.GAUGE, ())), 0,
            [frames.point(0, 1), frames.point(1, 1, ["same"]), frames.point(2, 1)])
    front.until(lambda page: page.collector("success", "one") == 1)
    deliver(front, worker(("a_b", frames.COUNTER, ()), ("c_d", frames.GAUGE, ("x",))), 1,
            [frames.point(0, 2), frames.point(1, 2, ["same"]), frames.point(1, 3, ["other"])])
    page = front.until(lambda page: page.collector("success", "two") == 1)
    assert page.value("a_b") == 1
    assert page.by_label("c_d", "x") == {"same": 1, "other": 3}
    assert page.collector("rejected_samples_total", "one", reason="reserved") == 1
    assert page.collector("rejected_samples_total", "two", reason="conflict") == 1
    assert page.collector("rejected_samples_total", "two", reason="duplicate") == 1


def test_http(front):
    get = front.request("/metrics")
    head = front.request("/metrics", "HEAD")
    assert get.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert int(get.getheader("Content-Length")) == len(get.body)
    assert get.getheader("Date")
    assert get.body.endswith(b"\n")
    assert head.status == 200 and head.body == b"" and int(head.getheader("Content-Length")) > 1000
    assert front.request("/plugins/org.ebuildy.plugin-minotor/metrics").status == 200
    assert front.request("/metrics?unknown=parameter").status == 200
    assert front.request("/metrics?collect[]=kpi").status == 400  # no slot has been announced
    for path in ("/nothing", "/metrics/", "/../etc/passwd", "/%2e%2e/metrics"):
        assert front.request(path).status == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        response = front.request("/metrics", method, b"x" * 100000 if method == "POST" else None)
        assert response.status == 405 and response.getheader("Allow") == "GET, HEAD"
        assert int(response.getheader("Content-Length")) == len(response.body)
    assert front.request("/-/healthy", "HEAD").status == 200
    page = front.page()
    assert page.value("promhttp_metric_handler_requests_total", code="200") >= 4
    assert page.value("promhttp_metric_handler_requests_total", code="500") == 0


def test_one_connection_serves_many_scrapes(front):
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE_S)
    for _ in range(20):
        connection.request("GET", "/metrics")
        connection.getresponse().read()
        mine = connection.sock.getsockname()
        connection.request("HEAD", "/metrics")
        connection.getresponse().read()
        assert connection.sock.getsockname() == mine
    connection.close()


def test_a_slow_reader_keeps_its_page(front):
    """A body that is being sent does not change, and does not hold up others, when a new round comes."""
    stream = worker(("big_family", frames.GAUGE, ("x",)))
    front.slot(0, stale_after_ms=60000)
    label = "v" * 800

    def many(value):
        front.write(0, stream.begin().take())
        count, size = 0, 0
        for chunk in range(100):
            items = [frames.point(0, value, ["%s%d" % (label, chunk * 70 + i)]) for i in range(70)]
            payload = frames.points(*items)
            front.write(0, stream.put(frames.POINTS, payload, stream.round).take())
            count, size = count + len(items), size + len(payload)
        front.write(0, stream.end(frames.OK, count, size).take())

    many(1)
    front.until(lambda page: page.collector("samples") == 7000)
    slow = http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE_S)
    slow.connect()
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    slow.request("GET", "/metrics")
    response = slow.getresponse()
    many(2)
    front.until(lambda page: rounds(page) == 2)
    body = response.read()
    slow.close()
    assert len(body) == int(response.getheader("Content-Length")) > 5_000_000
    values = {line.rsplit(b" ", 1)[1] for line in body.splitlines() if line.startswith(b"big_family{")}
    assert values == {b"1"}


def test_more_than_a_round_may_have(front):
    stream = worker(("big_family", frames.GAUGE, ("x",)))
    front.slot(0)
    front.write(0, stream.begin().take())
    front.slot(1, "other")
    with pytest.raises(BrokenPipeError):
        for chunk in range(21):
            front.write(0, stream.samples(*[frames.point(0, 1, ["%d" % (chunk * 1000 + i)]) for i in range(1000)]).take())
        time.sleep(1)
        front.write(0, b"x")
    assert "samples in a round" in frames.read_bad_frame(front.wait_for(frames.BAD_FRAME))["reason"]


def test_it_keeps_its_promises(front):
    before = time.monotonic()
    seen = 0
    while time.monotonic() < before + 2:
        data = front.wait_for(frames.IDLE)
        until_ms = int.from_bytes(data[1:9], "little")
        assert until_ms > time.monotonic() * 1000
        seen += 1
    assert 3 <= seen <= 6


def test_drain_finishes_and_leaves_the_listener(front):
    front.send(bytes([frames.DRAIN]))
    assert front.wait_exit() == 0
    waiting = socket.create_connection(("127.0.0.1", front.port))
    waiting.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    next_one = Front(socket.socket(fileno=os.dup(front.listener.fileno()))).begin()
    answer = waiting.makefile("rb").read()
    waiting.close()
    next_one.end()
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_drain_hears_who_was_let_in(front):
    """A client that has connected is about to ask; on a busy machine that takes a moment."""
    for _ in range(10):
        one = Front(socket.socket(fileno=os.dup(front.listener.fileno()))).begin()
        front.send(bytes([frames.DRAIN]))
        front.wait_exit()
        late = socket.create_connection(("127.0.0.1", one.port))
        assert one.request("/-/healthy").status == 200  # they are let in in the order in which they came
        one.send(bytes([frames.DRAIN]))
        time.sleep(0.05)
        try:
            late.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = late.makefile("rb").read()
        except OSError:
            answer = b""
        late.close()
        assert one.wait_exit() == 0
        front = one
        if answer.startswith(b"HTTP/1.1 200 "):
            return
    raise AssertionError("ten times nobody heard the client")


def test_term_is_an_orderly_end(front):
    os.kill(front.pid, signal.SIGTERM)
    assert front.wait_exit() == 0


def test_without_supervisor_it_leaves(front):
    front.control.shutdown(socket.SHUT_RDWR)
    assert front.wait_exit() == 71


def test_an_order_that_makes_no_sense_ends_it(front):
    front.send(frames.slot(1000, "kpi"))
    assert front.wait_exit() == 75


def test_promtool_has_nothing_to_say(front):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    front.slot(0)
    deliver(front, worker(("example_posts", frames.GAUGE, ()), ("example_posted_total", frames.COUNTER, ("kind",)),
                          ("example_build_info", frames.INFO, ("version",), "With \\ and\nline feed."),
                          ("example_unclear", frames.UNTYPED, ())), 0,
            [frames.point(0, float("nan")), frames.point(1, 1e300, ["é\t"]), frames.point(2, 1, ["1.0"]),
             frames.point(3, float("-inf"))])
    front.until(lambda page: rounds(page) == 1)
    result = subprocess.run([promtool, "check", "metrics"], input=front.text().encode(), capture_output=True, timeout=60)
    assert result.returncode == 0 and not result.stdout + result.stderr, (result.stdout + result.stderr).decode()


def test_a_flood_of_rounds_ends_its_pipe(front):
    stream = worker(POSTS)
    front.slot(0)
    with pytest.raises(BrokenPipeError):
        for _ in range(1000):
            for _ in range(200):
                stream.whole_round([frames.point(0, 1)])
            front.write(0, stream.take())
    assert "without a pause" in frames.read_bad_frame(front.wait_for(frames.BAD_FRAME))["reason"]
    assert front.page().value("mattermost_kpi_posts_total") == 1
