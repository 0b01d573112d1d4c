# SPDX-License-Identifier: Apache-2.0
"""What goes wrong when: all of it comes out of the seed, before anything has begun."""

import collections
import errno
import random

MEAN_GAP_S = 0.45
QUIET_END_S = 0.5

Deed = collections.namedtuple("Deed", "moment lane kind seconds arguments")

SERVERS = ("pg", "maria")
MOODS = ("slow", "garbage", "torn", "liar", "flood", "bulk", "segv", "half", "exit", "loop", "hog")
API_MODES = ("silent", "garbage", "nothing", "byte_by_byte", "bad_gateway", "huge", "cut", "web_page", "rate_limited",
             "error_without_status", "database_down", "closed")
# (role, call, errno): what can be met in life.
POINTS = (
    ("supervisor", "memory", errno.ENOMEM), ("supervisor", "memory", errno.ENOMEM), ("supervisor", "fork", errno.EAGAIN),
    ("supervisor", "fork", errno.ENOMEM), ("supervisor", "pipe2", errno.EMFILE), ("supervisor", "pipe2", errno.ENFILE),
    ("supervisor", "socketpair", errno.EMFILE), ("supervisor", "sendmsg", errno.ENOBUFS),
    ("supervisor", "sendmsg", errno.ENOMEM), ("supervisor", "sendmsg", errno.ETOOMANYREFS),
    ("supervisor", "recvmsg", errno.ENOMEM), ("supervisor", "pidfd_open", errno.EMFILE),
    ("supervisor", "execveat", errno.ENOMEM), ("supervisor", "execveat", errno.EIO), ("supervisor", "fcntl", errno.EMFILE),
    ("supervisor", "poll", errno.ENOMEM), ("front", "memory", errno.ENOMEM), ("front", "accept4", errno.EMFILE),
    ("front", "accept4", errno.ENOBUFS), ("front", "recvmsg", errno.ENOMEM), ("front", "sendmsg", errno.ENOBUFS),
    ("front", "poll", errno.ENOMEM), ("worker", "memory", errno.ENOMEM), ("worker", "memory", errno.ENOMEM),
    ("worker", "socket", errno.EMFILE), ("worker", "sendmsg", errno.ENOBUFS), ("worker", "recvmsg", errno.ENOMEM),
    ("worker", "poll", errno.ENOMEM), ("broker", "memory", errno.ENOMEM), ("broker", "socket", errno.EMFILE),
    ("broker", "sendmsg", errno.ENOBUFS), ("broker", "recvmsg", errno.ENOMEM),
)
CLOCK_STEPS_S = (-86400, -3600, -30, -2, 2, 30, 3600, 86400)


class Dice(random.Random):
    def some(self, *bounds):
        return round(self.uniform(*bounds), 3)


def worker(dice, slots):
    return {"slot": dice.choice(slots)}


def point(dice, slots):
    role, call, error = dice.choice(POINTS)
    return {"role": role, "call": call, "error": error, "times": dice.choice((1, 1, 2, 5, 50)),
            "skip": dice.choice((0, 0, 1, 3, dice.randrange(1000))) if call in ("memory", "sendmsg", "recvmsg") else 0,
            "provoke": dice.choice(("worker", "front" if role == "supervisor" else "worker", "reload", "worker")),
            "slot": dice.choice(slots)}


# lane: (weight, {kind: (weight, (shortest, longest) or None, arguments)}). One lane does one thing at a time.
LANES = {
    "workers": (16, {
        "kill": (8, None, worker), "term": (2, None, worker), "segv": (2, None, worker), "stop": (3, (0.2, 2.0), worker),
        "stop_for_good": (1, None, worker), "limit_memory": (2, (0.5, 1.5), worker), "limit_descriptors": (2, (0.5, 1.5), worker)}),
    "more_workers": (16, {"kill": (8, None, worker), "stop": (2, (0.2, 2.0), worker)}),
    "brokers": (6, {
        "kill": (5, None, worker), "term": (1, None, worker), "stop": (3, (0.2, 3.0), worker), "stop_for_good": (1, None, worker)}),
    "front": (5, {
        "kill": (4, None, None), "term": (2, None, None), "stop": (3, (0.1, 1.0), None), "stop_for_good": (1, None, None),
        "limit_memory": (1, (0.3, 1.0), None), "limit_descriptors": (1, (0.3, 1.0), None), "clients": (2, (0.5, 3.0), None)}),
    "supervisor": (3, {"stop": (1, (0.1, 3.0), None)}),
    "points": (14, {"fail": (1, (0.2, 1.0), point)}),
    "clock": (3, {"step": (1, (0.5, 3.0), lambda dice, slots: {"step": dice.choice(CLOCK_STEPS_S)})}),
    "api": (5, {"mode": (1, (0.3, 4.0), lambda dice, slots: {"mode": dice.choice(API_MODES)})}),
    "config": (9, {
        "bad": (2, (0.2, 1.0), None), "interval": (2, (0.5, 2.0), lambda dice, slots: {"interval": dice.choice((700, 1500, 3000))}),
        "remove": (2, (0.5, 2.0), lambda dice, slots: {"collector": dice.choice(("jobs", "usage", "good", "kpi", "pair"))}),
        "storm": (2, None, None), "state_file_in_the_way": (1, (0.2, 1.0), None), "unreadable": (1, (0.2, 1.0), None), "no_password": (2, (0.5, 2.0), worker),
        "plugin_replaced": (1, None, None), "plugin_garbage": (1, (0.5, 2.0), None),
        "mood": (6, (1.0, 4.0), lambda dice, slots: {"mood": dice.choice(MOODS)})}),
}
for name in SERVERS:
    LANES[name] = (3, {
        "restart": (1, None, lambda dice, slots: {"immediate": False}), "crash": (1, None, lambda dice, slots: {"immediate": True}),
        "freeze": (3, (0.2, 4.0), None), "lock": (3, (0.3, 4.0), None), "terminate": (3, None, None)})
    LANES[name + "_net"] = (3, {"hold": (3, (0.2, 5.0), None), "reset": (3, None, None), "refuse": (2, (0.3, 2.0), None)})


def plan(seed, seconds, slots):
    """Deeds in order of time. `slots`: ("kpi", "pg") ..."""
    dice = Dice(seed)
    free = dict.fromkeys(LANES, 0.0)
    deeds, now = [], 0.0
    names = list(LANES)
    while (now := now + dice.expovariate(1 / MEAN_GAP_S)) < seconds - QUIET_END_S:
        lane = dice.choices(names, [LANES[name][0] if free[name] <= now else 0 for name in names])[0]
        kinds = LANES[lane][1]
        kind = dice.choices(list(kinds), [kinds[one][0] for one in kinds])[0]
        _, bounds, arguments = kinds[kind]
        duration = min(dice.some(*bounds), max(0.1, seconds - now)) if bounds else 0.0
        deeds.append(Deed(round(now, 3), lane, kind, duration, arguments(dice, slots) if arguments else {}))
        free[lane] = now + duration + 0.1
    return deeds
