# SPDX-License-Identifier: Apache-2.0
"""Frames of the data pipe and datagrams of the control channel, made by hand: right ones, and wrong ones on purpose."""

import struct

MAGIC, VERSION = 0x4D6E, 1
HELLO, DESC, BEGIN, POINTS, END, BYE = range(1, 7)
GAUGE, COUNTER, INFO, UNTYPED = range(1, 5)
OK, PARTIAL, FAILED, TIMEOUT, NOT_READY, NO_DATA = range(6)

SETTING, START, LISTENER, SLOT, SLOT_STATE, DATA, DRAIN, READY, BUSY, IDLE, BAD_FRAME = range(1, 12)
DOWN, STARTING, STATE_READY, STATE_BUSY, STOPPING, BACKOFF, PARKED, STUCK = range(8)
CAUSES = 10
LIMITS = 6


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<H", len(data)) + data


def frame(kind, payload, round_number=0, sequence=0, magic=MAGIC, version=VERSION, length=None):
    size = len(payload) if length is None else length
    return struct.pack("<HBBIII", magic, version, kind, size, round_number, sequence) + payload


def hello(families, build="test", collector="kpi", version="1", major=1, minor=0):
    return struct.pack("<H", families) + text(build) + text(collector) + text(version) + struct.pack("<HH", major, minor)


def desc(number, name, kind=GAUGE, labels=(), help_text="A family.", unit=""):
    return struct.pack("<HBB", number, kind, len(labels)) + text(name) + text(unit) + text(help_text) + \
        b"".join(text(label) for label in labels)


def begin(wall_ms=1_700_000_000_000, timeout_ms=1000):
    return struct.pack("<qI", wall_ms, timeout_ms)


def point(family, value, labels=()):
    whole = isinstance(value, int)
    return struct.pack("<HBB", family, 0 if whole else 1, len(labels)) + b"".join(text(label) for label in labels) + \
        struct.pack("<Q" if whole else "<d", value)


def points(*items):
    return struct.pack("<H", len(items)) + b"".join(items)


def end(status, samples, size, duration_us=1500, error="", unknown=()):
    return struct.pack("<BIQQ", status, samples, size, duration_us) + text(error) + \
        struct.pack("<H", len(unknown)) + b"".join(struct.pack("<H", number) for number in unknown)


class Stream:
    """A worker's side of a data pipe: numbers the frames as the protocol wants them."""

    def __init__(self):
        self.sequence = 0
        self.round = 0
        self.out = b""

    def put(self, kind, payload, round_number=0, **wrong):
        self.out += frame(kind, payload, round_number, self.sequence, **wrong)
        self.sequence += 1
        return self

    def start(self, *families):
        """families: (name, kind, labels[, help])."""
        self.put(HELLO, hello(len(families)))
        for number, family in enumerate(families):
            self.put(DESC, desc(number, family[0], family[1], family[2], *family[3:]))
        return self

    def begin(self):
        self.round += 1
        return self.put(BEGIN, begin(), self.round)

    def samples(self, *items):
        return self.put(POINTS, points(*items), self.round)

    def end(self, status, samples, size, **more):
        return self.put(END, end(status, samples, size, **more), self.round)

    def whole_round(self, items, status=OK, **more):
        """items: made by point()."""
        self.begin()
        payload = points(*items)
        if items:
            self.put(POINTS, payload, self.round)
        return self.end(status, len(items), len(payload) if items else 0, **more)

    def take(self):
        out, self.out = self.out, b""
        return out


def setting(name, value):
    return bytes([SETTING]) + text(name) + text(value) + text("")


def slot(number, collector, target="mattermost", generation=1, interval_ms=1000, stale_after_ms=3000,
         samples_max=20000, bytes_max=8 << 20):
    return bytes([SLOT]) + struct.pack("<IIIIII", number, generation, interval_ms, stale_after_ms, samples_max, bytes_max) + \
        text(collector) + text(target)


def slot_state(number, state, generation=1, restarts=(0,) * CAUSES, error="", limit_hits=(0,) * LIMITS,
               lines_dropped=0, failures=0, since_ms=0, failing_since_ms=0, next_start_ms=0):
    return bytes([SLOT_STATE]) + struct.pack("<IIB", number, generation, state) + \
        struct.pack("<%dQ" % CAUSES, *restarts) + struct.pack("<%dQ" % LIMITS, *limit_hits) + \
        struct.pack("<QIqqq", lines_dropped, failures, since_ms, failing_since_ms, next_start_ms) + text(error)


def read_text(data, place):
    (size,) = struct.unpack_from("<H", data, place)
    return data[place + 2:place + 2 + size].decode(), place + 2 + size


def read_bad_frame(data):
    """{slot, generation, offset, reason, bytes_hex} of a BAD_FRAME datagram."""
    number, generation, offset = struct.unpack_from("<IIQ", data, 1)
    reason, place = read_text(data, 17)
    bytes_hex, place = read_text(data, place)
    assert place == len(data)
    return {"slot": number, "generation": generation, "offset": offset, "reason": reason, "bytes_hex": bytes_hex}
