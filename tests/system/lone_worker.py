# SPDX-License-Identifier: Apache-2.0
"""A worker without supervisor and front: the test plays both, at the other ends of its descriptors."""

import collections
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time

import processes
from minotor import PATHS

SETTING, START, LISTENER, SLOT, SLOT_STATE, DATA, DRAIN, READY, BUSY, IDLE, BAD_FRAME = range(1, 12)
WANT, USE, REST, RELEASED, GRANT, RECALL, ASK_POOL, POOL, STATE, LOGIN = range(12, 22)
SANDBOX, RENEW = 26, 27
LOGIN_LAYOUT = "<q4B"  # next_ms, refusals, failures, logins, trouble
HELLO, DESC, BEGIN, POINTS, END, BYE = range(1, 7)
STATUSES = ["ok", "partial", "failed", "timeout", "not_ready", "no_data", "none"]
FD_CONTROL, FD_DATA = 3, 4
HEADER = struct.Struct("<HBBIII")
MAGIC, VERSION = 0x4D6E, 1

Frame = collections.namedtuple("Frame", "type round sequence payload at")
Round = collections.namedtuple("Round", "number status error samples unknown seconds at")


class Reader:
    """Takes a frame's payload apart."""

    def __init__(self, payload):
        self.payload, self.position = payload, 0

    def take(self, layout):
        value = struct.unpack_from("<" + layout, self.payload, self.position)[0]
        self.position += struct.calcsize("<" + layout)
        return value

    def text(self):
        size = self.take("H")
        self.position += size
        return self.payload[self.position - size:self.position].decode()

    def done(self):
        assert self.position == len(self.payload), "bytes after the last field"


class DataPipe:
    """The front's end of a data pipe: reads whole frames and insists on their order."""

    def __init__(self):
        self.read_end, self.write_end = os.pipe2(os.O_CLOEXEC)
        fcntl.fcntl(self.read_end, fcntl.F_SETFL, os.O_NONBLOCK)
        self.bytes, self.frames, self.sequence, self.ended = b"", [], 0, False
        self.hello, self.families = None, {}
        self.rounds, self.begun, self.points, self.bye = [], None, [], None

    def shrink(self):
        """As small as a pipe gets, to be filled quickly."""
        fcntl.fcntl(self.read_end, fcntl.F_SETPIPE_SZ, 4096)

    def close(self):
        for name in ("read_end", "write_end"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)

    def pump(self):
        while not self.ended:
            try:
                got = os.read(self.read_end, 65536)
            except BlockingIOError:
                break
            self.ended = not got
            self.bytes += got
        while len(self.bytes) >= HEADER.size:
            magic, version, kind, size, number, sequence = HEADER.unpack_from(self.bytes)
            assert (magic, version, sequence) == (MAGIC, VERSION, self.sequence)
            if len(self.bytes) < HEADER.size + size:
                break
            payload = self.bytes[HEADER.size:HEADER.size + size]
            self.bytes = self.bytes[HEADER.size + size:]
            self.sequence += 1
            self.take(Frame(kind, number, sequence, payload, time.monotonic()))

    def take(self, frame):
        self.frames.append(frame)
        reader = Reader(frame.payload)
        if frame.type == HELLO:
            assert frame.sequence == 0
            self.hello = (reader.take("H"), reader.text(), reader.text(), reader.text(), reader.take("H"), reader.take("H"))
        elif frame.type == DESC:
            self.take_family(reader)
        elif frame.type == BEGIN:
            assert self.begun is None and len(self.families) == self.hello[0]
            self.begun, self.points = (frame.round, reader.take("q"), reader.take("I")), []
        elif frame.type == POINTS:
            assert self.begun[0] == frame.round
            for _ in range(reader.take("H")):
                self.take_point(reader)
        elif frame.type == END:
            self.take_end(frame, reader)
        else:
            assert frame.type == BYE and self.begun is None
            self.bye = reader.text()
        reader.done()

    def take_family(self, reader):
        number, kind, labels = reader.take("H"), reader.take("B"), reader.take("B")
        assert number == len(self.families)
        name, unit, text = reader.text(), reader.text(), reader.text()
        self.families[number] = (name, kind, unit, text, [reader.text() for _ in range(labels)])

    def take_point(self, reader):
        family, kind, labels = reader.take("H"), reader.take("B"), reader.take("B")
        name, _, _, _, label_names = self.families[family]
        assert labels == len(label_names)
        values = tuple(reader.text() for _ in range(labels))
        self.points.append((name, values, reader.take("Qd"[kind])))

    def take_end(self, frame, reader):
        status, count, size, took_us, error = (reader.take("B"), reader.take("I"), reader.take("Q"), reader.take("Q"),
                                               reader.text())
        unknown = [self.families[reader.take("H")][0] for _ in range(reader.take("H"))]
        assert self.begun[0] == frame.round and count == len(self.points)
        assert size == sum(len(one.payload) for one in self.frames if one.type == POINTS and one.round == frame.round)
        samples = {(name, *values): value for name, values, value in self.points}
        assert len(samples) == count, "a series twice"
        self.rounds.append(Round(frame.round, STATUSES[status], error, samples, unknown, took_us / 1e6, frame.at))
        self.begun = None


def state_checksum(version, content):
    """FNV-1a of the version and the bytes."""
    value = 0xcbf29ce484222325
    for byte in struct.pack("<I", version) + content:
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return value


class LoneWorker:
    """One worker process; `settings` is what the supervisor would send.

    control_bytes   room for its own control messages, where the system's default is too much to fill
    state           (version, bytes) that a worker before it has left
    login           (next_ms, refusals, failures, logins, trouble) likewise
    grants          whether it may open a database session as soon as it asks; a test may change it
    """

    def __init__(self, settings, control_bytes=None, state=None, grants=True, login=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if control_bytes:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, control_bytes)
        self.control = ours
        self.control.setblocking(False)
        self.pipe = DataPipe()
        self.messages = []  # (type, until_ms, status)
        self.grants = grants
        self.wanted = None  # the number of the last WANT
        self.pool = (2, 1, 1, 0, 3, 40, 5, 6, 7)  # what ASK_POOL is answered with; None: nothing
        self.state = None  # (version, bytes) that it has saved last
        self.login = None  # (next_ms, refusals, failures, logins, trouble) that it has told last
        self.log = b""
        log_read, log_write = os.pipe2(os.O_CLOEXEC)
        self.process = self.spawn(theirs.fileno(), self.pipe.write_end, log_write)
        theirs.close()
        os.close(log_write)
        os.close(self.pipe.write_end)
        self.pipe.write_end = -1
        self.log_reader = threading.Thread(target=self.read_log, args=(log_read,), daemon=True)
        self.log_reader.start()
        for name, value in {"supervisor_pid": os.getpid(), "log_level": "debug", **settings}.items():
            self.send_setting(name, str(value))
        if state:
            self.send_state(*state)
        if login:
            self.control.send(bytes([LOGIN]) + struct.pack(LOGIN_LAYOUT, *login))
        self.control.send(bytes([START]))

    @staticmethod
    def spawn(control, data, log):
        # Copies far above, so that moving one to its place never runs over another.
        places = [(fcntl.fcntl(fd, fcntl.F_DUPFD, 100), number)
                  for fd, number in ((control, FD_CONTROL), (data, FD_DATA))]

        def move():
            for copy, number in places:
                os.dup2(copy, number)

        try:
            return subprocess.Popen(
                ["minotor: worker"], executable=PATHS["worker"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=log, close_fds=False, preexec_fn=move,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent",
                     "RES_OPTIONS": "timeout:1 attempts:2"})
        finally:
            for copy, _ in places:
                os.close(copy)

    def read_log(self, descriptor):
        with os.fdopen(descriptor, "rb") as pipe:
            for line in pipe:
                self.log += line

    @property
    def log_text(self):
        return self.log.decode("utf-8", "replace")

    def send_setting(self, name, value, origin="kpi.conf:7"):
        texts = [part.encode() for part in (name, value, origin)]
        self.control.send(bytes([SETTING]) + b"".join(struct.pack("<H", len(text)) + text for text in texts))

    def send_state(self, version, content, checksum=None):
        checksum = state_checksum(version, content) if checksum is None else checksum
        self.control.send(bytes([STATE]) + struct.pack("<IQH", version, checksum, len(content)) + content)

    def grant(self, request=None):
        self.control.send(bytes([GRANT]) + struct.pack("<IB", self.wanted if request is None else request, 0))

    def recall(self):
        self.control.send(bytes([RECALL]))

    def said(self, kind):
        """How often it has sent a message of that type."""
        self.pump(0)
        return sum(1 for message in self.messages if message[0] == kind)

    def promises(self):
        """BUSY and IDLE, so far."""
        return [message for message in self.messages if message[0] in (BUSY, IDLE)]

    def answer(self, message):
        """What the supervisor would say at once."""
        if message[0] == WANT:
            self.wanted, = struct.unpack_from("<I", message, 1)
            if self.grants:
                self.grant()
        elif message[0] == ASK_POOL and self.pool:
            self.control.send(bytes([POOL]) + struct.pack("<4I5Q", *self.pool))
        elif message[0] == STATE:
            version, checksum, size = struct.unpack_from("<IQH", message, 1)
            content = message[1 + struct.calcsize("<IQH"):]
            assert len(content) == size and checksum == state_checksum(version, content)
            self.state = (version, content)
        elif message[0] == LOGIN:
            self.login = struct.unpack(LOGIN_LAYOUT, message[1:])

    def give_pipe(self):
        """A new data pipe, as after a restart of the front. The old one stays readable; returns it."""
        old, self.pipe = self.pipe, DataPipe()
        socket.send_fds(self.control, [bytes([DATA])], [self.pipe.write_end])
        os.close(self.pipe.write_end)
        self.pipe.write_end = -1
        return old

    def drain(self):
        self.control.send(bytes([DRAIN]))

    def pump(self, seconds=0.02):
        """Waits a little for anything, then takes all that has come."""
        waiting = [self.control] if self.control.fileno() >= 0 else []
        if self.pipe.read_end >= 0 and not self.pipe.ended:
            waiting.append(self.pipe.read_end)
        select.select(waiting, [], [], seconds)
        while self.control.fileno() >= 0:
            try:
                message = self.control.recv(4096)
            except (BlockingIOError, ConnectionResetError):
                break
            if not message:
                break
            until, status, _ = struct.unpack("<qBB", message[1:]) if message[0] in (BUSY, IDLE) else (None, None, None)
            self.messages.append((message[0], until, status))
            self.answer(message)
        if self.pipe.read_end >= 0:
            self.pipe.pump()

    def wait(self, condition, seconds=60):
        """Pumps until the condition holds; returns what it gave."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < end, f"not within {seconds} s; log:\n{self.log_text}"
            assert self.process.poll() is None or not self.pipe.ended, f"worker has left; log:\n{self.log_text}"
            self.pump()

    def round(self, condition=lambda one: True, seconds=60):
        """The next round that ends from now on and fulfils the condition."""
        self.pump(0)
        pipe, seen = self.pipe, len(self.pipe.rounds)
        return self.wait(lambda: next((one for one in pipe.rounds[seen:] if condition(one)), None), seconds)

    def exit_status(self, seconds=10):
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still there after {seconds} s; log:\n{self.log_text}"
            self.pump()
        self.pump(0)
        self.log_reader.join(5)
        return self.process.returncode

    def end(self):
        if self.process.poll() is None:
            processes.send(self.process.pid, signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self.log_reader.join(5)
        self.control.close()
        self.pipe.close()
