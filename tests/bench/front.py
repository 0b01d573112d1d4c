# SPDX-License-Identifier: Apache-2.0
"""The front by itself beside nginx, which serves the same bytes as a static file (gzip: packed before, gzip_static).

Both have one process on the loopback, and are asked by wrk in turns. Then what a million series cost, and what a slot
that commits 100,000 series a second costs the scrapes beside it.
"""

import contextlib
import gzip
import http.client
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

import frames
import processes
import test_front_alone

SECONDS = int(os.environ.get("BENCH_SECONDS") or "3")
TURNS = int(os.environ.get("BENCH_TURNS") or "3")
# Name, connections, whether they are kept.
CROWDS = (("8 kept", 8, True), ("64 kept", 64, True), ("64 new", 64, False))
PAGES = (("6 kB", 6_000, 1.2), ("1 MB", 1_000_000, 2.0))
GAUGE = ("bench_value", frames.GAUGE, ("number", "name"))
LINE_BYTES = 60
POINTS_AT_ONCE = 800
CONFIG = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile {sendfile}; tcp_nopush {sendfile}; keepalive_requests 100000000; default_type text/plain;
  open_file_cache max=16; gzip_static on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    return processes.memory_bytes(pid)[0] / 1e6


class Series:
    """A stream of rounds with so many series of one family."""

    def __init__(self, count, name="bench_value"):
        self.count = count
        self.stream = frames.Stream().start((name, frames.GAUGE, ("number", "name")))
        self.round = 0

    def take(self):
        """The bytes of the next round; its values differ from those of the one before."""
        self.round += 1
        self.stream.begin()
        size = 0
        for first in range(0, self.count, POINTS_AT_ONCE):
            items = [frames.point(0, number * 0.25 + self.round, (str(number), "a-name-like-others"))
                     for number in range(first, min(first + POINTS_AT_ONCE, self.count))]
            payload = frames.points(*items)
            size += len(payload)
            self.stream.put(frames.POINTS, payload, self.stream.round)
        self.stream.end(frames.OK, self.count, size)
        return self.stream.take()


@contextlib.contextmanager
def one_front():
    front = test_front_alone.Front().begin()
    stop = threading.Event()

    def listen():
        """Reads promises and logs, so that the front is never held up by them."""
        while not stop.wait(0.05):
            with contextlib.suppress(BlockingIOError):
                while front.control.recv(8192, socket.MSG_DONTWAIT):
                    pass
            front.read_log()

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        yield front
    finally:
        stop.set()
        reader.join()
        front.end()


@contextlib.contextmanager
def one_nginx(folder, sendfile):
    port = free_port()
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(CONFIG.format(folder=folder, port=port, sendfile=sendfile))
    process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", path, "-e", os.path.join(folder, "error.log")])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Figures:
    """Of one run of wrk."""

    def __init__(self, text, cpu):
        milli = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}

        def percentile(name):
            number, unit = re.search(rf"^ +{name}% +([0-9.]+)(us|ms|s|m)$", text, re.MULTILINE).groups()
            return float(number) * milli[unit]

        requests = int(re.search(r"([0-9]+) requests in", text).group(1))
        self.rate = float(re.search(r"Requests/sec: +([0-9.]+)", text).group(1))
        self.p50, self.p99 = percentile(50), percentile(99)
        self.cpu_us = cpu * 1e6 / requests
        self.errors = re.findall(r"Socket errors:.*|Non-2xx.*", text)


def load(port, pid, path, connections, kept, packed, seconds=None):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds or SECONDS}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    if packed:
        command += ["-H", "Accept-Encoding: gzip"]
    if not kept:
        command += ["-H", "Connection: close"]
    before = cpu_seconds(pid)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Figures(text, cpu_seconds(pid) - before)


def body_of(port, packed):
    """As it is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"} if packed else {})
    body = connection.getresponse().read()
    connection.close()
    return body


def settled_body(port):
    """Packed; the first answers may hold what has not been packed yet."""
    body_of(port, True)
    time.sleep(0.5)
    return body_of(port, True)


def median(runs, name):
    return statistics.median(getattr(run, name) for run in runs)


def compare(front, folder, aim):
    plain, packed = body_of(front.port, False), settled_body(front.port)
    assert gzip.decompress(packed)
    root = os.path.join(folder, "root")
    os.makedirs(root, exist_ok=True)
    for name, body in (("metrics", plain), ("metrics.gz", packed)):
        with open(os.path.join(root, name), "wb") as file:
            file.write(body)
        os.chmod(os.path.join(root, name), 0o644)
    print(f"{len(plain)} bytes, {len(packed)} packed; aim {aim} where nginx reads the file (its default)")
    for sendfile in ("off", "on"):
        with one_nginx(folder, sendfile) as (port, pid):
            print(f"  nginx with sendfile {sendfile}; of each: requests/s, p50 ms, p99 ms, CPU us per request; ratio of requests, of CPU")
            beside(front, port, pid)


def beside(front, port, pid):
    for packed in (False, True):
        for name, connections, kept in CROWDS:
            ours, theirs = [], []
            for _ in range(TURNS):
                ours.append(load(front.port, front.pid, "/metrics", connections, kept, packed))
                theirs.append(load(port, pid, "/metrics", connections, kept, packed))
            for runs in (ours, theirs):
                assert not any(run.errors for run in runs), [run.errors for run in runs]
            cells = " | ".join(f"{median(runs, 'rate'):10.0f} {median(runs, 'p50'):9.3f} {median(runs, 'p99'):9.3f} "
                               f"{median(runs, 'cpu_us'):9.1f}" for runs in (ours, theirs))
            print(f"    {'gzip' if packed else 'plain':6}{name:8} {cells} | {median(ours, 'rate') / median(theirs, 'rate'):5.2f} "
                  f"{median(theirs, 'cpu_us') / median(ours, 'cpu_us'):5.2f}", flush=True)


def pages():
    for name, size, aim in PAGES:
        with one_front() as front, tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            front.slot(0, interval_ms=3_600_000, stale_after_ms=86_400_000)
            base = len(body_of(front.port, False))
            front.write(0, Series(max(1, (size - base) // LINE_BYTES)).take())
            time.sleep(0.5)
            print(f"\n{name}: ", end="")
            compare(front, folder, aim)


def million():
    slots, each = 50, 20_000
    print(f"\n{slots * each} series of {slots} slots")
    with one_front() as front:
        print(f"  empty: {resident_mb(front.pid):.0f} MB resident")
        for number in range(slots):
            data = Series(each, f"bench_{number:02}_value").take()
            before = cpu_seconds(front.pid)
            front.slot(number, f"c{number}", interval_ms=3_600_000, stale_after_ms=86_400_000)
            begin = time.monotonic()
            front.write(number, data)
            if number in (0, slots - 1):
                while f"bench_{number:02}_value".encode() not in body_of(front.port, False)[-20_000_000:]:
                    pass
                print(f"  round of slot {number}: {len(data) / 1e6:.1f} MB of frames, on the page after "
                      f"{(time.monotonic() - begin) * 1e3:.0f} ms, {(cpu_seconds(front.pid) - before) * 1e3:.0f} ms of CPU "
                      "with the scrapes that looked for it")
        time.sleep(1)
        for packed in (False, True):
            taken = []
            for _ in range(5):
                begin = time.monotonic()
                size = len(body_of(front.port, packed))
                taken.append((time.monotonic() - begin) * 1e3)
                time.sleep(1)
            print(f"  scrape {'gzip ' if packed else 'plain'}: {size / 1e6:.1f} MB, median {statistics.median(taken):.0f} ms, "
                  f"first {taken[0]:.0f} ms; {resident_mb(front.pid):.0f} MB resident")


def beside_commits():
    print("\nScrapes of a small collector's families while others commit 100,000 series a second (five slots with 20,000),"
          " beside an idle front")
    for packed in (False, True):
        with one_front() as front:
            for number in range(6):
                front.slot(number, f"c{number}", interval_ms=3_600_000, stale_after_ms=86_400_000)
            series = [Series(20_000, f"bench_{number}_value") for number in range(5)]
            rounds = [[one.take() for one in series] for _ in range(3 * SECONDS + 4)]  # before: Python is slower than the front
            front.write(5, Series(50, "small_value").take())
            for number, data in enumerate(rounds[0]):
                front.write(number, data)
            time.sleep(1)
            commits = {"done": 0}
            stop = threading.Event()

            def commit():
                for one in rounds[1:]:
                    begin = time.monotonic()
                    for number, data in enumerate(one):
                        front.write(number, data)
                    commits["done"] += 1
                    if stop.wait(max(0, 1 - (time.monotonic() - begin))):
                        return

            def ask():
                return (load(front.port, front.pid, "/metrics?collect[]=c5", 8, True, packed),
                        paced(front.port, "/metrics?collect[]=c5", packed, SECONDS))

            idle, idle_paced = ask()
            writer = threading.Thread(target=commit)
            writer.start()
            busy, busy_paced = ask()
            stop.set()
            writer.join()
            print(f"  {'gzip' if packed else 'plain':6} {commits['done']} commits; 8 kept connections without pause: p99 {idle.p99:.3f} ms idle, "
                  f"{busy.p99:.3f} ms ({busy.p99 / idle.p99:.2f}); one scrape every 5 ms: p99 {idle_paced:.3f} and {busy_paced:.3f} ms "
                  f"({busy_paced / idle_paced:.2f})", flush=True)


def paced(port, path, packed, seconds):
    """p99 in ms of scrapes 5 ms apart over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if packed else {})
        connection.getresponse().read()
        taken.append((time.monotonic() - begin) * 1e3)
        time.sleep(0.005)
    connection.close()
    return sorted(taken)[len(taken) * 99 // 100]


def run():
    if not shutil.which("wrk") or not (shutil.which("nginx") or os.path.exists("/usr/sbin/nginx")):
        print("needs wrk and nginx (Debian: wrk, nginx-light)")
        return
    pages()
    million()
    beside_commits()
