# SPDX-License-Identifier: Apache-2.0
"""What a scrape costs, of minotor and of Debian's exporters in the same run, and how much memory each takes.

One client that keeps its connection scrapes without a pause: the latency is the server's best, and the processor's
time per scrape is that of all its processes, minotor's rounds and Go's collector of garbage included.
"""

import os
import shutil
import socket
import statistics
import subprocess
import time

import counting
import database
import grown
import processes
from minotor import GONE

PASSES = 3
SCRAPES = 2000
SECONDS = 2.5  # for those that are too slow for so many
START_TIMEOUT = 15


class Client:
    """One connection that is kept."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, encoding):
        """Returns (size of the body, seconds)."""
        request = f"GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: {encoding}\r\n\r\n".encode()
        begin = time.perf_counter()
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        assert b" 200 " in head.split(b"\r\n")[0], head
        if b"content-length" in lines:
            while len(body) < int(lines[b"content-length"]):
                body += self._receive()
        else:
            # Chunks, whose few bytes are counted: with one request at a time, the end of the last ends what comes.
            while not body.endswith(b"0\r\n\r\n"):
                body += self._receive()
        return len(body), time.perf_counter() - begin

    def _receive(self):
        data = self.socket.recv(1 << 18)
        assert data, "the server closed the connection"
        return data

    def close(self):
        self.socket.close()


class Server:
    """Something to scrape: its address and its processes."""

    def __init__(self, name, address, pids):
        self.name, self.address = name, address
        self.pids = pids  # a function: {title: pid}
        self.found = {}   # {encoding: [(bytes, p50 ms, p99 ms, processor ms per scrape)]}

    def processor_seconds(self):
        # The clock of a process, made of its id as the kernel wants it; counts threads that have ended, too.
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.pids().values())

    def measure(self, encoding):
        client = Client(*self.address)
        try:
            size, _ = client.get(encoding)
            taken = []
            before, end = self.processor_seconds(), time.monotonic() + SECONDS
            while len(taken) < SCRAPES and time.monotonic() < end:
                taken.append(client.get(encoding)[1] * 1000)
            spent = self.processor_seconds() - before
        finally:
            client.close()
        taken.sort()
        self.found.setdefault(encoding, []).append(
            (size, taken[len(taken) // 2], taken[len(taken) * 99 // 100], spent * 1000 / len(taken)))

    def line(self, encoding):
        size, middle, high, spent = (statistics.median(column) for column in zip(*self.found[encoding]))
        return (self.name, encoding, f"{size:,.0f}", f"{middle:.3f}", f"{high:.3f}", f"{spent:.3f}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find(program):
    """The path of one of Debian's exporters, or None."""
    unpacked = os.environ.get("BENCH_PEERS")
    places = ([os.path.join(unpacked, "usr", "bin"), unpacked] if unpacked else []) + os.get_exec_path()
    return shutil.which(program, path=os.pathsep.join(places))


def start_exporter(name, path, arguments, environment):
    """(Server, Popen) once it answers."""
    port = free_port()
    process = subprocess.Popen([path, f"--web.listen-address=127.0.0.1:{port}", *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return Server(name, ("127.0.0.1", port), lambda: {os.path.basename(path): process.pid}), process
        except OSError:
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError(f"{name} does not answer (exit status {process.returncode})")


def start_exporters(site):
    """[(Server, Popen)] of those that are there; says what is not."""
    node, postgres = "prometheus-node-exporter", "prometheus-postgres-exporter"
    source = f"host={site.server.socket_dir} user=postgres dbname={site.source.name} sslmode=disable"
    wanted = (
        ("node_exporter, no collectors", node, ["--collector.disable-defaults"], {}),
        ("node_exporter, as it comes", node, [], {}),
        ("postgres_exporter, as it comes", postgres, [], {"DATA_SOURCE_NAME": source}),
    )
    started = []
    for name, program, arguments, environment in wanted:
        path = find(program)
        if path is None:
            print(f"# left out: {name}: there is no {program}; install it, or unpack it and set BENCH_PEERS")
            continue
        try:
            started.append(start_exporter(name, path, arguments, environment))
        except AssertionError as error:
            print(f"# left out: {error}")
    return started


def start_minotor(site):
    daemon = counting.start_minotor(site, ("kpi",), 15_000, None)
    try:
        daemon.start()
        daemon.wait_until_good()
    except BaseException:
        daemon.end()
        raise
    return daemon


def private_bytes(pid):
    lines = (line.split() for line in processes.read(pid, "smaps_rollup").splitlines()[1:])
    return sum(int(line[1]) * 1024 for line in lines if line[0] in ("Private_Clean:", "Private_Dirty:"))


def megabytes(size):
    return "unknown" if size is None else f"{size / 1e6:.2f}"


def memory_lines(server):
    lines, sums = [], [0, 0, 0]
    pids = server.pids()
    for title, pid in pids.items():
        sizes = (*processes.memory_bytes(pid), private_bytes(pid))
        sums = [total + (size or 0) for total, size in zip(sums, sizes)]
        if len(pids) > 1:
            lines.append((server.name, title, *map(megabytes, sizes)))
    return lines + [(server.name, "all" if len(pids) > 1 else "", *map(megabytes, sums))]


def report(servers):
    encodings = ("identity", "gzip")
    for _ in range(PASSES):
        for server in servers:
            for encoding in encodings:
                server.measure(encoding)
    print(f"\nA scrape, one client, a kept connection; median of {PASSES} passes of at most {SCRAPES} scrapes; "
          f"load {os.getloadavg()[0]:.1f}")
    counting.print_table(("server", "encoding", "bytes", "p50 ms", "p99 ms", "processor ms"),
                         [server.line(encoding) for encoding in encodings for server in servers])
    print("\nMemory after that, in MB")
    counting.print_table(("server", "process", "resident", "proportional", "private"),
                         [line for server in servers for line in memory_lines(server)])


def run():
    with counting.Site(grown.SMALL.seed, grown.SMALL) as site:
        exporters, daemon = [], None
        try:
            exporters = start_exporters(site)
            daemon = start_minotor(site)
            ours = Server("minotor, kpi", daemon.host_and_port, lambda: {"minotord": daemon.pid, **daemon.children()})
            report([ours] + [server for server, _ in exporters])
        except GONE as error:
            raise SystemExit(f"a server went away: {error}") from error
        finally:
            for _, process in exporters:
                process.terminate()
                process.wait()
            complaints = daemon.end() if daemon else []
    for complaint in complaints:
        print("# " + complaint)
