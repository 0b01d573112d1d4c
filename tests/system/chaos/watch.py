# SPDX-License-Identifier: Apache-2.0
"""What may never happen, whatever else does: looked for all the time, by threads of their own."""

import threading
import time

import mysql_database
import processes
from chaos.world import BUDGET, STALE_S, TIMEOUT_S, Questions
from exposition import Page
from minotor import GONE, sanitized

SLOW = 4 if sanitized() else 1
SCRAPE_PAUSE_S = 0.08
SCRAPERS = 2
ANSWER_S = 3 * SLOW  # a scrape, while there is a front that runs
ABSENT_S = 12 * SLOW  # without a front that runs; the supervisor needs 4 s for one that is stopped, and a fork may fail
GIVE_UP_S = 60
BORN_S = 1.0 * SLOW  # a front may be so young without listening
LATE_S = 1.5 * SLOW  # a page may be so much later than the moment at which something has become stale
COUNT_PAUSE_S = 0.1
LOOK_PAUSE_S = 0.01

LOOK = {
    "postgresql": "SELECT application_name || ' ' || COALESCE(state, '') || ' ' || left(query, 60) FROM pg_stat_activity"
                  " WHERE application_name LIKE 'minotor%' OR usename = 'minotor'",
    "mysql": "SELECT CONCAT_WS(' ', ID, COMMAND, TIME, STATE, REPLACE(LEFT(INFO, 60), '\\n', ' '))"
             " FROM information_schema.PROCESSLIST WHERE USER = 'minotor'",
}

# Never anything else, since the server never says anything else.
CONSTANT = {"mattermost_websocket_connections": {41}, "mattermost_up": {0, 1}}


class Watcher(threading.Thread):
    def __init__(self, look, pause):
        super().__init__(daemon=True)
        self.look, self.pause, self.over, self.error = look, pause, threading.Event(), None

    def run(self):
        try:
            while not self.over.wait(self.pause):
                self.look()
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def end(self):
        self.over.set()
        self.join(GIVE_UP_S + 10)
        assert not self.is_alive()
        if self.error:
            raise self.error


class Fronts:
    """Who was the front when, as seen from outside: a list of (since, pid or None, whether it runs)."""

    def __init__(self, daemon):
        self.daemon, self.seen, self.pids = daemon, [], {}

    def look(self):
        """The state now, by the pid that we know, looked for among the children when there is none."""
        pid = self.seen[-1][1] if self.seen else None
        state = processes.state(pid) if pid else ""
        if state in ("", "Z", "X"):
            pid = self.daemon.front()
            state = processes.state(pid) if pid else ""
        if pid and pid not in self.pids:
            self.pids[pid] = time.monotonic()
        runs = state in ("R", "S", "D")
        if not self.seen or self.seen[-1][1:] != (pid, runs):
            self.seen.append((time.monotonic(), pid, runs))

    def absence(self, begin, end):
        """(seconds of that time without a front that could answer, whether somebody's requests may have been lost)."""
        seen = list(self.seen)
        absent, lost = 0.0, False
        for i, (since, pid, runs) in enumerate(seen):
            until = seen[i + 1][0] if i + 1 < len(seen) else float("inf")
            if pid is None or not runs:
                if until > begin - LOOK_PAUSE_S * 5 and since < end + BORN_S:
                    lost = True
                absent += max(0.0, min(until, end) - max(since, begin))
            else:
                born = self.pids[pid]
                if begin < born < end + 0.1:
                    lost = True
                young_until = min(until, born + BORN_S)
                absent += max(0.0, min(young_until, end) - max(since, begin))
        return absent, lost

    def longest_absence(self, excused):
        """Of a time without a front that runs, less what is excused: a list of (begin, end)."""
        longest, begin = 0.0, None
        for since, _, runs in self.seen + [(time.monotonic(), None, True)]:
            if not runs and begin is None:
                begin = since
            elif runs and begin is not None:
                away = since - begin - sum(max(0.0, min(end, since) - max(start, begin)) for start, end in excused)
                longest, begin = max(longest, away), None
        return longest


class Checker:
    """Reads every page; `problems` are sentences."""

    def __init__(self, world):
        self.world, self.daemon = world, world.daemon
        self.fronts = Fronts(self.daemon)
        self.begin = time.monotonic()
        self.begun_at = time.strftime("%H:%M:%S", time.gmtime())
        self.problems, self.lock = [], threading.Lock()
        self.scrapes, self.lost, self.slowest, self.slowest_excused = 0, 0, 0.0, 0.0
        self.seconds = []
        self.excused = []  # [begin, end] in which a fault lets the front itself run out of something
        self.stops = []  # [begin, end] in which the supervisor stands still
        self.incarnations = {}  # collector: since when it is what it is; None while it is taken out of the configuration
        self.pair_last = (0.0, 0)
        self.counters = {}
        self.most_sessions = {name: 0 for name in world.sides}
        self.looks = {name: 0 for name in world.sides}
        self.pages = 0
        self.shown = {}

    def problem(self, text):
        with self.lock:
            if len(self.problems) < 40:
                self.problems.append(f"{time.monotonic() - self.begin:.2f} s: {text}")

    def is_excused(self, begin, end):
        return any(start < end and stop > begin for start, stop in list(self.excused))

    # -- scrapes ------------------------------------------------------------------------------------------------

    def scrape(self):
        begin = time.monotonic()
        error = answer = None
        try:
            answer = self.daemon.get(timeout=GIVE_UP_S)
        except GONE as gone:
            error = gone
        end = time.monotonic()
        self.fronts_settle(end)
        absent, lost = self.fronts.absence(begin, end)
        excused = self.is_excused(begin, end)
        with self.lock:
            self.scrapes += 1
            self.seconds.append(end - begin)
            if absent == 0 and not excused:
                self.slowest = max(self.slowest, end - begin)
            self.slowest_excused = max(self.slowest_excused, end - begin)
        if error is not None:
            with self.lock:
                self.lost += 1
            if isinstance(error, ConnectionRefusedError):
                self.problem("a scrape was refused")
            elif not (lost or excused):
                self.problem(f"a scrape got no answer although the front lived: {error!r} after {end - begin:.2f} s"
                             f" ({self.fronts.seen[-4:]})")
            return
        if end - begin - absent > ANSWER_S and not excused:
            self.problem(f"a scrape took {end - begin:.2f} s, {absent:.2f} s of them without a front")
        if answer.status != 200:
            if not excused:
                self.problem(f"a scrape was answered {answer.status}: {answer.text[:100]}")
            return
        try:
            page = Page(answer.body)
        except Exception as fault:  # pylint: disable=broad-except
            self.problem(f"a page that cannot be read: {fault}")
            return
        self.check(page, begin, end)

    def fronts_settle(self, moment):
        """Until the other thread has looked once more: a death is seen there a moment later than by a scrape."""
        deadline = time.monotonic() + 0.5
        while self.looked < moment and time.monotonic() < deadline:
            time.sleep(LOOK_PAUSE_S / 2)

    looked = 0.0

    def look_at_fronts(self):
        now = time.monotonic()
        self.fronts.look()
        self.looked = now

    # -- pages ----------------------------------------------------------------------------------------------------

    def check(self, page, begin, end):
        with self.lock:
            self.pages += 1
        self.check_pair(page, begin, end)
        for target, side in self.world.sides.items():
            self.check_posts(page, target, side.truth, begin, end)
        self.check_hostile(page)
        for name, allowed in CONSTANT.items():
            for labels, value in page.series(name).items():
                if value not in allowed:
                    self.problem(f"{name}{dict(labels)} is {value}, which was never true")
        for labels, value in page.series("mattermost_db_open_connections").items():
            if dict(labels)["pool"] == "minotor" and value > BUDGET:
                self.problem(f"minotor says that it has {value} connections to {dict(labels)['target']}")
        self.check_counters(page, begin)

    def check_pair(self, page, begin, end):
        values = set(page.series("chaos_left").values()) | set(page.series("chaos_right").values())
        if not values:
            return
        if len(values) > 1:
            self.problem(f"a torn round: {sorted(values)[:4]}")
            return
        value = values.pop()
        if value > end * 1000 + 1:
            self.problem(f"a round that began {value / 1000 - end:.3f} s after the answer")
        if begin * 1000 - value > (STALE_S + 1 + LATE_S) * 1000:
            self.problem(f"a round that began {begin - value / 1000:.2f} s before the request is shown")
        with self.lock:
            last_end, last = self.pair_last
            if end > last_end:
                self.pair_last = (end, max(last, value))
        if begin > last_end and value < last:
            self.problem(f"an older round after a newer one: {value} after {last}")

    def check_posts(self, page, target, truth, begin, end):
        value = page.value("mattermost_kpi_posts_total", target=target)
        if value is None:
            return
        self.shown[target] = self.shown.get(target, 0) + 1
        least, most = truth.least(begin - STALE_S - TIMEOUT_S - LATE_S), truth.most(end)
        if not least <= value <= most:
            self.problem(f"{value} posts on {target}; there were {least} to {most}")

    def check_hostile(self, page):
        for (name, _), value in page.values.items():
            if name.startswith("hostile_") and value != 1:
                self.problem(f"{name} is {value}, which was never true")

    def check_counters(self, page, begin):
        """Only grow, in the order of time: one that was asked for after the answer to another has more."""
        life = page.value("process_start_time_seconds")
        incarnations = dict(self.incarnations)
        found = {}
        for name in ("minotor_collector_restarts_total", "minotor_collector_rounds_total", "mattermost_messages_posted_total"):
            for labels, value in page.series(name).items():
                incarnation = incarnations.get(dict(labels).get("collector", "kpi"), 0.0)
                if incarnation is not None and begin > incarnation:
                    found[name, labels, incarnation, life if name.endswith("rounds_total") else None] = value
        now = time.monotonic()
        with self.lock:
            for key, value in found.items():
                seen, most = self.counters.get(key, (0.0, 0.0))
                if value < most and begin > seen:
                    self.problems.append(f"{now - self.begin:.2f} s: {key[0]}{dict(key[1])} fell from {most} to {value}")
                if value >= most:
                    self.counters[key] = (now, value)

    # -- sessions -------------------------------------------------------------------------------------------------

    def counter_of_sessions(self, name):
        side = self.world.sides[name]
        ask = Questions(side.source)

        def look():
            answer = ask(LOOK[side.engine])
            if answer is None:
                return
            self.looks[name] += 1
            self.most_sessions[name] = max(self.most_sessions[name], len(answer))
            if len(answer) > BUDGET:
                self.problem(f"{len(answer)} sessions on {name}: {answer}")
        return look

    def watchers(self):
        made = [Watcher(self.look_at_fronts, LOOK_PAUSE_S)]
        made += [Watcher(self.scrape, SCRAPE_PAUSE_S) for _ in range(SCRAPERS)]
        made += [Watcher(self.counter_of_sessions(name), COUNT_PAUSE_S) for name in self.world.sides]
        return made


class Footprint:
    """What minotord has of the machine; of descriptors None where a plain user may not look."""

    def __init__(self, daemon):
        pids = {"minotord": daemon.pid, "front": daemon.front()}
        self.descriptors = {name: processes.descriptor_count(pid) for name, pid in pids.items()}
        self.resident = {name: processes.memory_bytes(pid)[0] for name, pid in pids.items()}
        self.titles = sorted(daemon.children())
        self.zombies = [pid for pid in processes.children(daemon.pid) if processes.state(pid) == "Z"]

    def grow(self, other):
        """The most of both: sessions come and go."""
        for mine, its in ((self.descriptors, other.descriptors), (self.resident, other.resident)):
            for name, size in its.items():
                mine[name] = size if size is None or mine[name] is None else max(mine[name], size)
        return self

    def fits(self, before):
        """Whether this is no more than that was; of memory there may be more."""
        return self.titles == before.titles and not self.zombies and all(
            size is None or size <= before.descriptors[name] for name, size in self.descriptors.items())

    def __str__(self):
        memory = ", ".join(f"{name} {(size or 0) / 1e6:.1f} MB" for name, size in self.resident.items())
        return f"descriptors {self.descriptors}, {memory}, {len(self.titles)} children"


def sessions_left(side):
    ask = Questions(side.source)
    try:
        return ask(LOOK[side.engine])
    finally:
        ask.close()
