# SPDX-License-Identifier: Apache-2.0
"""A network that can be cut: a port of loopback in front of a server's unix socket."""

import os
import select
import socket
import struct

PIECE = 65536
QUIT = b"q"
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


class Network:
    """What the process of a proxy does until its owner goes away."""

    def __init__(self, target, listener, orders):
        self.target, self.listener, self.orders = target, listener, orders
        self.address = listener.getsockname()
        self.pairs, self.holds = {}, False

    def serve(self):
        while True:
            watched = [self.orders]
            if not self.holds:
                watched += [end for end, pair in self.pairs.items() if end in pair.open]
                watched += [self.listener] if self.listener else []
            ready, _, _ = select.select(watched, [], [])
            for one in ready:
                if one is self.orders:
                    order = self.orders.recv(1)
                    if order in (QUIT, b""):
                        return
                    ORDERS[order](self)
                    self.orders.send(order)
                    break  # what was ready may have been closed
                if one is self.listener:
                    self.admit()
                elif one in self.pairs and not self.pairs[one].forward(one):
                    self.forget(self.pairs[one])

    def admit(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.target)
        except OSError:
            server.close()
            client.close()
            return
        self.pairs[client] = self.pairs[server] = Pair(client, server)

    def forget(self, pair):
        for end in pair.ends:
            self.pairs.pop(end, None)
        pair.close()

    # -- orders ------------------------------------------------------------------------------------------------

    def hold(self):
        self.holds = True

    def let_pass(self):
        self.holds = False

    def refuse(self):
        self.listener.close()
        self.listener = None

    def accept(self):
        self.listener = listen(self.address)

    def reset(self):
        for pair in set(self.pairs.values()):
            if pair.reset():
                self.forget(pair)


ORDERS = {b"h": Network.hold, b"p": Network.let_pass, b"f": Network.refuse, b"a": Network.accept, b"r": Network.reset}


def listen(address):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(64)
    return listener


class Proxy:
    """A process of its own, so that what goes through it does not wait for the test's other threads."""

    def __init__(self, target):
        listener = listen(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.orders, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.orders.close()
            try:
                Network(target, listener, theirs).serve()
            finally:
                os._exit(0)
        theirs.close()
        listener.close()

    def order(self, order):
        self.orders.send(order)
        assert self.orders.recv(1) == order, "the network has broken down"

    def hold(self):
        """Nothing is let in, forwarded or ended, as behind a cable that was pulled."""
        self.order(b"h")

    def let_pass(self):
        self.order(b"p")

    def refuse(self):
        """Nobody is let in; those who are in stay."""
        self.order(b"f")

    def accept(self):
        self.order(b"a")

    def reset(self):
        """All connections are torn down."""
        self.order(b"r")

    def end(self):
        # Not by closing it: the process of another proxy may have inherited our end.
        self.orders.send(QUIT)
        os.waitpid(self.pid, 0)
        self.orders.close()
