# SPDX-License-Identifier: Apache-2.0
"""A network that can be cut: a port of loopback in front of a server's unix socket."""

import select
import socket
import struct
import threading
import time

PIECE = 65536
TURN_S = 0.05
GOODBYE_S = 3.0  # so long a server may take to notice that its client has left


class Pair:
    """One client and its connection to the server. An end is passed on as what it is: the end of one direction."""

    def __init__(self, client, server):
        self.ends = {client: server, server: client}
        self.client, self.server = client, server
        self.open = {client, server}  # those from which more may come

    def forward(self, source):
        """False when both directions have ended."""
        target = self.ends[source]
        try:
            piece = source.recv(PIECE)
            if piece:
                target.sendall(piece)
                return True
            self.open.discard(source)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # Whatever broke, the other side hears of it; the client last, as it would of a real network.
            return False
        return bool(self.open)

    def close(self):
        self.server.close()
        self.client.close()

    def reset(self):
        """The server's side ends before the client hears a word; whether it did (one that is stopped does not)."""
        try:
            self.server.settimeout(GOODBYE_S)
            self.server.shutdown(socket.SHUT_WR)
            while self.server.recv(PIECE):
                pass
        except TimeoutError:
            self.server.settimeout(None)
            return False
        except OSError:
            pass
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
        return True


class Proxy(threading.Thread):
    """mode   "pass"; "hold": nothing is accepted, forwarded or ended, as behind a cable that was pulled"""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.mode, self.over = target, "pass", False
        self.pairs, self.lock = {}, threading.Lock()
        self.listener, self.port = None, 0
        self.listen()
        self.start()

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.listener, self.port = listener, listener.getsockname()[1]

    # -- what the test does ------------------------------------------------------------------------------------

    def hold(self):
        self.mode = "hold"

    def let_pass(self):
        self.mode = "pass"

    def refuse(self):
        """Nobody is let in; those who are in stay."""
        with self.lock:
            self.listener.close()
            self.listener = None

    def accept(self):
        with self.lock:
            self.listen()

    def reset(self):
        """All connections are torn down."""
        with self.lock:
            for pair in set(self.pairs.values()):
                if pair.reset():
                    self.forget(pair)

    def end(self):
        self.over = True
        self.join(10)
        with self.lock:
            for pair in set(self.pairs.values()):
                pair.close()
            if self.listener:
                self.listener.close()

    # -- its own life ------------------------------------------------------------------------------------------

    def run(self):
        while not self.over:
            if self.mode == "hold":
                time.sleep(TURN_S)
                continue
            with self.lock:
                watched = [end for end, pair in self.pairs.items() if end in pair.open]
                if self.listener:
                    watched.append(self.listener)
                ready, _, _ = select.select(watched, [], [], 0)
                for one in ready:
                    if one is self.listener:
                        self.admit()
                    elif one in self.pairs and not self.pairs[one].forward(one):
                        self.forget(self.pairs[one])
            if not ready:
                time.sleep(0.002)

    def admit(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            server.close()
            client.close()
            return
        pair = Pair(client, server)
        self.pairs[client] = self.pairs[server] = pair

    def forget(self, pair):
        for end in pair.ends:
            self.pairs.pop(end, None)
        pair.close()
