# SPDX-License-Identifier: Apache-2.0
"""A locked table: scrapes do not notice, the page says what is late, nothing is left behind in the database."""

import statistics
import threading
import time

SCRAPES = 200
PAUSE = 0.02
LOOKS = 150
RATIO_LIMIT = 3
OURS = "application_name LIKE 'minotor%'"


class Watcher(threading.Thread):
    """Looks at our connections all the time; keeps the most that there ever were."""

    def __init__(self, source):
        super().__init__(daemon=True)
        self.session = source.session()
        self.most = 0
        self.looks = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            count = int(self.session(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS}")[0])
            self.most = max(self.most, count)
            self.looks += 1
            time.sleep(0.01)

    def end(self):
        self.over.set()
        self.join()
        self.session.close()


def latencies(daemon):
    taken = []
    for _ in range(SCRAPES):
        answer = daemon.get()
        assert answer.status == 200
        taken.append(answer.seconds * 1000)
        time.sleep(PAUSE)
    return taken


def test_lock_on_posts(kpi, mattermost, figure):
    daemon = kpi(mattermost, interval="1s", timeout="500ms", stale_after="60s").start()
    good = daemon.wait_until_good()
    watcher = Watcher(mattermost)
    watcher.start()
    before = latencies(daemon)

    with mattermost.session() as other, mattermost.session() as observer:
        other("BEGIN")
        other("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        locked_at = time.time()
        meanwhile = latencies(daemon)

        medians = statistics.median(before), statistics.median(meanwhile)
        figure(f"scrape before the lock: median {medians[0]:.2f} ms, maximum {max(before):.2f} ms")
        figure(f"scrape during the lock: median {medians[1]:.2f} ms, maximum {max(meanwhile):.2f} ms")
        figure(f"ratio of medians {medians[1] / medians[0]:.2f}, of maxima {max(meanwhile) / max(before):.2f}")
        assert medians[1] / medians[0] < RATIO_LIMIT

        # It is late, and says so; what it has is still shown, and how old that is.
        page = daemon.wait_for(lambda page: page.collector("late") == 1, 10, "a late kpi")
        assert page.collector("success") == 0
        assert page.collector("up") == 1
        assert page.value("mattermost_kpi_posts_total") == good.value("mattermost_kpi_posts_total")
        assert page.value("minotor_family_last_success_timestamp_seconds", collector="kpi",
                          family="mattermost_kpi_posts_total") < locked_at + 0.5
        for family in ("channels_total", "sessions_total", "reaction_total"):
            at = page.value("minotor_family_last_success_timestamp_seconds", collector="kpi",
                            family="mattermost_kpi_" + family)
            assert at is not None and at > locked_at + 1, f"{family} is not fresh although its table is free"

        # Between two rounds no query of ours waits, though the lock is still held.
        free = 0
        for _ in range(LOOKS):
            free += observer(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS} AND state = 'active'") == ["0"]
            time.sleep(PAUSE)
        figure(f"{free} of {LOOKS} looks during the lock found no query of ours at the server")
        assert free > 0
        assert other("SELECT 1") == ["1"]

        other("ROLLBACK")
        unlocked = time.monotonic()
        daemon.wait_for(lambda page: page.collector("success") == 1 and page.collector("late") == 0, 10, "values again")
        figure(f"good again {time.monotonic() - unlocked:.2f} s after the end of the lock")
    watcher.end()
    figure(f"most connections ever seen: {watcher.most} in {watcher.looks} looks")
    assert watcher.most == 1
    assert sum(daemon.scrape().series("minotor_collector_restarts_total").values()) == 0


def test_everything_locked_and_the_deadline_holds(kpi, mattermost, figure):
    """What the locked tables hold goes when it is stale; each round ends in time all the same."""
    asked_each_round = {"mattermost_kpi_posts_total", "mattermost_kpi_last_post_date", "mattermost_kpi_channels_total",
                        "mattermost_kpi_sessions_total"}
    daemon = kpi(mattermost, interval="500ms", timeout="500ms", stale_after="2s").start()
    daemon.wait_until_good()
    with mattermost.session() as other:
        other("BEGIN")
        other("LOCK TABLE posts, channels, reactions, sessions IN ACCESS EXCLUSIVE MODE")
        page = daemon.wait_for(lambda page: page.collector("stale") == 1, 15, "stale values")
        daemon.wait_for(lambda page: not asked_each_round & set(page.names("mattermost_kpi_")), 5, "no values")
        assert page.collector("success") == 0
        figure(f"duration of a round in vain: {daemon.scrape().collector('duration_seconds'):.2f} s of 0.5 s allowed")
        other("ROLLBACK")
    daemon.wait_until_good()
    page = daemon.wait_for(lambda page: page.collector("stale") == 0, 5, "fresh values")
    assert page.value("mattermost_kpi_posts_total") is not None
