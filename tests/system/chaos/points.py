# SPDX-License-Identifier: Apache-2.0
"""The file through which a test lets calls of minotor's processes fail; tests/hostile/faults.c reads it."""

import mmap
import os
import struct

from minotor import HOSTILE

# The order of both is that of faults.c.
ROLES = ("supervisor", "front", "worker", "broker")
CALLS = ("memory", "fork", "pipe2", "socketpair", "sendmsg", "recvmsg", "pidfd_open", "execveat", "socket", "accept4",
         "fcntl", "poll")
POINT = struct.Struct("=iiiI")  # error, skip, left, hits
CLOCK = struct.Struct("=q")
PLAN_BYTES = CLOCK.size + len(CALLS) * POINT.size
LIBRARY = os.path.join(HOSTILE, "faults.so")


class Points:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.truncate(len(ROLES) * PLAN_BYTES)
        with open(path, "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": LIBRARY, "MINOTOR_FAULTS": self.path}

    @staticmethod
    def place(role, call):
        return ROLES.index(role) * PLAN_BYTES + CLOCK.size + CALLS.index(call) * POINT.size

    def arm(self, role, call, error, times, skip=0):
        """After `skip` calls that work, `times` ones fail with that errno."""
        place = self.place(role, call)
        # `left` last: until then nothing fails.
        struct.pack_into("=ii", self.bytes, place, error, skip)
        struct.pack_into("=i", self.bytes, place + 8, times)

    def disarm(self, role, call):
        struct.pack_into("=i", self.bytes, self.place(role, call) + 8, 0)

    def hits(self, role, call):
        """How many have failed so far."""
        return POINT.unpack_from(self.bytes, self.place(role, call))[3]

    def all_hits(self):
        return {f"{role} {call}": self.hits(role, call) for role in ROLES for call in CALLS if self.hits(role, call)}

    def step_clock(self, milliseconds):
        """What all of them take for the wall clock is that far from the machine's."""
        for role in range(len(ROLES)):
            CLOCK.pack_into(self.bytes, role * PLAN_BYTES, milliseconds)
