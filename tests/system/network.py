# SPDX-License-Identifier: Apache-2.0
"""Networks that fail: a proxy that stops forwarding, a cable that is pulled, a name server that is silent."""

import contextlib
import ctypes
import os
import select
import shutil
import socket
import struct
import subprocess
import threading

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(LIBC, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


# ---------------------------------------------------------------------------------------------------- a proxy


class Proxy:
    """Forwards 127.0.0.1:`port` to `place`: the path of a socket, or (host, port).

    open      connections that clients have now
    most      the most that there ever were at once
    black     nothing is forwarded any more, nothing is closed, and new clients are taken and hear nothing
    hush      so many bytes of the server reach each client, and then no more; None: all
    """

    def __init__(self, place, listener=None):
        self.place = place
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host, self.port = self.listener.getsockname()[:2]
        self.black, self.open, self.most, self.total = False, 0, 0, 0
        self.hush, self._heard = None, {}
        self._pairs = {}  # descriptor: (its socket, the other side's)
        self._clients = set()
        self._gone = set()  # clients that have left; those of them in _told, whose servers have been told so
        self._told = set()
        self._wake, self._woken = socket.socketpair()
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def turn(self, black):
        self.black = black
        self._wake.send(b"x")

    def close(self):
        self._over = True
        self._wake.send(b"x")
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _connect(self):
        if isinstance(self.place, tuple):
            server = socket.create_connection(self.place, 5)
            server.settimeout(None)
            return server
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.place)
        return server

    def _accept(self):
        client, _ = self.listener.accept()
        self.total += 1
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            self._pairs[one.fileno()] = (one, other)
        self._clients.add(client.fileno())
        self._count()

    def _count(self):
        self.open = len(self._clients - self._gone)
        self.most = max(self.most, self.open)

    def _drop(self, number):
        for one in self._pairs[number]:
            self._pairs.pop(one.fileno())
            self._clients.discard(one.fileno())
            self._gone.discard(one.fileno())
            self._told.discard(one.fileno())
            self._heard.pop(one.fileno(), None)
            one.close()
        self._count()

    def _forward(self, number):
        """All that there is to read, so that an end is seen in the turn in which it comes."""
        one, other = self._pairs[number]
        try:
            while data := one.recv(65536, socket.MSG_DONTWAIT):
                other.sendall(self._let_through(number, data))
            if number in self._clients:
                self._tell_end(number, other)
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(number)

    def _tell_end(self, number, server):
        """The client's end is heard there; its own comes back when the server has come to it."""
        server.shutdown(socket.SHUT_WR)
        self._told.add(number)
        self._gone.add(number)
        self._count()

    def _let_through(self, number, data):
        if self.hush is None or number in self._clients:
            return data
        before = self._heard.get(number, 0)
        self._heard[number] = before + len(data)
        return data[:max(0, self.hush - before)]

    def _turn(self):
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(self.listener, select.POLLIN)
        for number in self._pairs.keys() - self._told:
            if not self.black:
                poll.register(number, select.POLLIN)
            elif number in self._clients - self._gone:
                poll.register(number, select.POLLRDHUP)
        listener = self.listener.fileno()
        # A client that has left is not counted beside the one that came in its place.
        for number, _ in sorted(poll.poll(), key=lambda event: event[0] == listener):
            if number == self._woken.fileno():
                self._woken.recv(64)
            elif number == listener:
                self._accept()
            elif number not in self._pairs:
                continue  # ended with its other side
            elif self.black:
                self._gone.add(number)
                self._count()
            else:
                self._forward(number)

    def _run(self):
        while not self._over:
            self._turn()
        for number in list(self._pairs):
            if number in self._pairs:
                self._drop(number)
        for one in (self.listener, self._wake, self._woken):
            one.close()


# ---------------------------------------------------------------------------------------------------- a cable

NEAR, FAR = "10.99.0.1", "10.99.0.2"


def why_no_cable():
    """A reason, or None where this test may make networks."""
    if os.geteuid() != 0:
        return "a network of its own takes root"
    if not shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        return "no ip (Debian: iproute2)"
    try:
        with Cable():
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return f"this kernel or container gives no network of its own: {error}"


class Cable:
    """The thread that makes it, and all that it starts, live at NEAR until the end; at(FAR) things are started there.

    pull() loses every packet in both directions and tells nobody; plug() mends it.
    """

    def __init__(self):
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._far = self._near = -1

    @staticmethod
    def _ip(*arguments):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        return subprocess.run(["ip", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, "PATH": path}).stdout

    @staticmethod
    def _enter(descriptor):
        call("setns", descriptor, CLONE_NEWNET)

    def _new(self):
        call("unshare", CLONE_NEWNET)
        descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._ip("link", "set", "lo", "up")
        return descriptor

    def _address(self, device):
        return self._ip("-o", "link", "show", device).split("link/ether ")[1].split()[0]

    def __enter__(self):
        try:
            self._far = self._new()
            self._near = self._new()
            self._ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", f"/proc/{os.getpid()}/fd/{self._far}")
            self._ip("addr", "add", NEAR + "/24", "dev", "near")
            self._ip("link", "set", "near", "up")
            near = self._address("near")
            with self.at_far():
                self._ip("addr", "add", FAR + "/24", "dev", "far")
                self._ip("link", "set", "far", "up")
                far = self._address("far")
                # Nobody has to be asked who is where: a cable that is out is silence and not an error.
                self._ip("neigh", "replace", NEAR, "lladdr", near, "dev", "far", "nud", "permanent")
            self._ip("neigh", "replace", FAR, "lladdr", far, "dev", "near", "nud", "permanent")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._enter(self._home)
        for descriptor in (self._home, self._near, self._far):
            if descriptor >= 0:
                os.close(descriptor)

    @contextlib.contextmanager
    def at_far(self):
        self._enter(self._far)
        try:
            yield
        finally:
            self._enter(self._near)

    def pull(self):
        with self.at_far():
            self._ip("link", "set", "far", "down")

    def plug(self):
        with self.at_far():
            self._ip("link", "set", "far", "up")


# ---------------------------------------------------------------------------------------------------- names


class NameServer:
    """At port 53 of 127.0.0.1, in a network of its own: says nothing, or that every name is at `address`."""

    def __init__(self):
        self.address, self.questions, self._over = None, 0, False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _answer(self, question):
        """The question once more, with one A record when it was one; nothing for the other kinds."""
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack_from(">H", question, end - 4)[0]
        records = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(self.address) if kind == 1 else b""
        return question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if records else 0, 0, 0) + question[12:end] + records

    def _run(self):
        while not self._over:
            try:
                question, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.questions += 1
            if self.address is not None:
                self.socket.sendto(self._answer(question), client)
        self.socket.close()

    def close(self):
        self._over = True
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def private_resolver(folder):
    """For preexec_fn: from then on that process and its children ask only the name server at 127.0.0.1."""
    places = {"/etc/resolv.conf": "nameserver 127.0.0.1\n", "/etc/nsswitch.conf": "hosts: files dns\n"}
    for place, text in places.items():
        with open(os.path.join(folder, os.path.basename(place)), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(file.name, 0o644)

    def enter():
        call("unshare", CLONE_NEWNS)
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        for place in places:
            call("mount", os.path.join(folder, os.path.basename(place)).encode(), place.encode(), None, MS_BIND, None)
    return enter
