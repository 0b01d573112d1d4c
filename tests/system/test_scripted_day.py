# SPDX-License-Identifier: Apache-2.0
"""A day in the life of an installation, watched by counts that go on from a baseline: equal to full counts after each
step, or off by what minotor-kpi(7) calls drift, until the next baseline repairs it."""

import itertools
import os
import time

import pytest

import installations
import truth
from installations import MODULES
from database import PrivatePostgreSQL
from mysql_database import PrivateMariaDB

NEVER = "700h"
LAG = "1500ms"  # longer than any transaction here takes on a busy machine
OFTEN = {"people_interval": "0s", "unindexed_interval": "0s"}
# Counts on and never looks back: shows each drift. Its watermark moves all the time.
FAITHFUL = {**OFTEN, "lag": LAG, "baseline_interval": NEVER, "repair_interval": NEVER}
# Looks into every suspicion.
WATCHFUL = {**OFTEN, "lag": LAG, "baseline_interval": NEVER, "repair_interval": "0s"}
USAGE = {"lag": LAG, "baseline_interval": NEVER, "repair_interval": "0s", "details_interval": "0s"}
POSTS = ("mattermost_kpi_posts_total",)
FILES = ("mattermost_files",)
SIZE = ("mattermost_files_size_bytes",)
MESSAGES = "mattermost_messages_posted_total"
REAL = [("postgresql", "real"), ("mysql", "real")]
VERSIONS = pytest.mark.parametrize("day", REAL + [("postgresql", "11.6"), ("mysql", "9.9")], indirect=True, ids="-".join)
# Where nothing but the engine makes a difference.
ENGINES = pytest.mark.parametrize("day", REAL, indirect=True, ids="-".join)
SEEDS = itertools.count(7)  # days of one installation have ids of their own
PAUSE = 3.2  # more than two lags: what happened is behind the watermark


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


class Day:
    """The installation and three workers that watch it."""

    def __init__(self, source, engine, version, folder):
        self.source, self.engine = source, engine
        self.reader = installations.Reader(source, engine)
        self.live = MODULES[engine].mattermost_fixture.Live(engine, "5.37" if version == "real" else version, next(SEEDS))
        self.folder = installations.drivers(folder)
        self.drift, self.number = {}, time.time_ns() // 10 ** 6
        self.start_workers()

    def start_workers(self):
        self.faithful = self.worker("kpi", FAITHFUL)
        self.watchful = self.worker("kpi", WATCHFUL)
        self.jobs = self.worker("jobs", {"history_interval": "0s"})
        self.usage = self.worker("usage", USAGE)
        for one in self.workers():
            assert one.round().status == "ok"

    def workers(self):
        return [self.faithful, self.watchful, self.jobs, self.usage]

    def worker(self, collector, own):
        return installations.worker(self.source, self.engine, collector, self.folder, own=own)

    def sql(self, *texts):
        """In one transaction, as a server would."""
        begin = "BEGIN;\n" if self.engine == "postgresql" else "START TRANSACTION;\n"
        self.source.sql(begin + ";\n".join(text.rstrip().rstrip(";") for text in texts) + ";\nCOMMIT;\n")

    def id(self, what):
        self.number += 1
        return f"{what}{self.number}".ljust(26, "x")

    def newest(self, condition, table="Posts"):
        return self.source.sql(f"SELECT Id FROM {table} WHERE {condition} ORDER BY CreateAt DESC LIMIT 1")

    def truths(self):
        expected = truth.kpi(self.reader)
        drifted = {**expected, **{key: expected[key] + value for key, value in self.drift.items()}}
        return [(self.faithful, drifted), (self.watchful, expected), (self.jobs, truth.jobs(self.reader)),
                (self.usage, truth.usage(self.reader))]

    @staticmethod
    def round_after(one, seen):
        """All have theirs at the same time."""
        one.wait(lambda: len(one.pipe.rounds) > seen)
        return one.pipe.rounds[seen]

    def settle(self, what, seconds=90, only=None):
        """All workers come to show what is true; what counts on does at once, the others when they look: a full count may cost a
        hundredth of the time, so on a busy machine the next is a while off."""
        end = time.monotonic() + seconds
        while True:
            for one in self.workers():
                one.pump(0)
            seen = {one: len(one.pipe.rounds) for one in self.workers()}
            pairs = [(one, expected) for one, expected in self.truths() if only is None or one in only]
            wrong = [truth.difference(truth.comparable(self.round_after(one, seen[one]).samples, MESSAGES), expected)
                     for one, expected in pairs]
            if not any(wrong):
                return
            assert time.monotonic() < end, f"after {what}: {wrong}"

    def pass_watermark(self):
        """The watermark follows the newest row: it passes all that has happened when something new does."""
        time.sleep(PAUSE)
        self.sql(self.live.new_post())

    def count_on(self, what):
        """Without a new baseline, in the next whole round."""
        before = self.baselines()
        self.faithful.round()
        found = self.faithful.round().samples
        expected = truth.kpi(self.reader)
        for key in (POSTS, FILES, SIZE, ("mattermost_kpi_last_post_date",)):
            assert found[key] == expected[key] + self.drift.get(key, 0), f"after {what}: {key}"
        assert self.baselines() == before, f"after {what}: the faithful one has counted in full"

    def baselines(self):
        samples = self.faithful.pipe.rounds[-1].samples
        return [samples[("mattermost_kpi_counted_timestamp_seconds", table)] for table in ("posts", "files")]

    @staticmethod
    def assert_counters_never_fall(one):
        """Whatever Mattermost's own counters do."""
        last = {}
        for found in one.pipe.rounds:
            for key, value in found.samples.items():
                if key[0] == MESSAGES:
                    assert value >= last.get(key, 0), (found.number, key)
                    last[key] = value

    def end(self):
        for one in self.workers():
            one.end()
            self.assert_counters_never_fall(one)
            print(one.log_text[-3000:])
        self.reader.close()


@pytest.fixture(scope="module")
def sources(servers):
    """sources(engine, version): one day of it comes after the other."""
    made = {}

    def get(engine, version):
        if (engine, version) not in made:
            name = "day_" + version.replace(".", "_")
            if version == "real" and not os.path.exists(MODULES[engine].REAL_DUMP):
                pytest.skip("no ../shared/real beside the source tree")
            make = installations.real if version == "real" else installations.generated
            made[engine, version] = make(servers[engine], engine, *(() if version == "real" else (version,)), name)
        return made[engine, version]

    return get


@pytest.fixture
def day(request, sources, tmp_path):
    engine, version = request.param
    made = Day(sources(engine, version), engine, version, str(tmp_path))
    yield made
    made.end()


def new_file(day, post, minutes_ago=0):
    """A file bears the time at which its upload began."""
    at = time.time_ns() // 10 ** 6 - minutes_ago * 60000
    return ("INSERT INTO FileInfo (Id, CreatorId, PostId, CreateAt, UpdateAt, DeleteAt, Path, ThumbnailPath, PreviewPath,"
            f" Name, Extension, Size, MimeType, Width, Height, HasPreviewImage) VALUES ('{day.id('file')}', '{day.id('user')}',"
            f" '{post}', {at}, {at}, 0, '', '', '', 'a', 'txt', 4711, 'text/plain', 0, 0, FALSE)")


def at_once(day):
    """(what, SQL): steps that a count which goes on sees in the next round."""
    live, now = day.live, lambda: time.time_ns() // 10 ** 6
    yield "new posts", [live.new_post() for _ in range(3)]
    post = day.newest("DeleteAt = 0 AND RootId = ''")
    yield "a reply", [live.new_reply()]
    yield "an edit, which leaves a copy", [live.edit_post()]
    yield "a second edit", [live.edit_post()]
    yield "a pin, which leaves a copy", [live.pin_post()]
    yield "a file", [new_file(day, post)]
    yield "the file deleted", [f"UPDATE FileInfo SET DeleteAt = {now()}, UpdateAt = {now()} WHERE PostId = '{post}'"]
    yield "a file whose upload took minutes", [new_file(day, post, minutes_ago=5)]
    yield "a post deleted", [f"UPDATE Posts SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{post}'"]
    old = day.source.sql("SELECT Id FROM Posts WHERE DeleteAt = 0 AND RootId = '' AND Id NOT IN"
                         " (SELECT RootId FROM Posts) ORDER BY CreateAt LIMIT 1")
    yield "an old post deleted", [f"UPDATE Posts SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{old}'"]
    yield "a join, which is no message", [live.new_post(), "UPDATE Channels SET TotalMsgCount = TotalMsgCount - 1"
          f" WHERE Id = (SELECT ChannelId FROM Posts WHERE CreateAt > {now() - 500} AND OriginalId = '' AND DeleteAt = 0"
          " ORDER BY CreateAt DESC LIMIT 1)", f"UPDATE Posts SET Type = 'system_join_channel' WHERE CreateAt > {now() - 100}"
          " AND OriginalId = '' AND DeleteAt = 0"]


def other_tables(day):
    """(what, SQL): steps in tables that are counted as a whole."""
    live, now = day.live, lambda: time.time_ns() // 10 ** 6
    channel = day.newest("DeleteAt = 0 AND Type = 'O'", "Channels")
    user = day.newest("DeleteAt = 0 AND Id NOT IN (SELECT UserId FROM Bots)", "Users")
    yield "a reaction", [live.react()]
    yield "a reaction taken back", [live.unreact()]
    yield "a reaction given again", [live.rereact()]
    yield "a channel archived", [f"UPDATE Channels SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{channel}'"]
    yield "a user deactivated", [f"UPDATE Users SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{user}'"]
    yield "sessions", [live.new_session(), live.expire_session()]
    yield "a job pending", [live.new_job()]
    yield "a job running", [live.claim_job()]
    yield "a job done", [live.finish_job()]
    yield "a job failed", [live.new_job("plugins"), live.claim_job("plugins"), live.finish_job("plugins", failed=True)]
    for status in ("cancel_requested", "canceled", "warning", "a_status_of_the_future"):
        yield f"a job {status}", [live.new_job("ldap_sync"), live.claim_job("ldap_sync"), f"UPDATE Jobs SET Status = '{status}'"
                                  " WHERE Type = 'ldap_sync' AND Status = 'in_progress'"]
    yield "a job cancelled before it began", [live.new_job("import_delete"), "UPDATE Jobs SET Status = 'canceled'"
                                              " WHERE Type = 'import_delete' AND Status = 'pending'"]


@VERSIONS
def test_steps_that_are_seen_at_once(day):
    for number, (what, texts) in enumerate(at_once(day)):
        day.sql(*texts)
        day.count_on(what)
        if number % 3 == 2:
            day.pass_watermark()
            day.count_on(what + ", behind the watermark")
    day.settle("the day")
    for what, texts in other_tables(day):
        day.sql(*texts)
        day.settle(what)
    day.pass_watermark()
    day.settle("all of it, behind the watermark")


def oldest_posts(count, beyond=0):
    """A subquery that MySQL accepts in a statement that changes the same table."""
    return (f"(SELECT Id FROM (SELECT Id FROM Posts WHERE DeleteAt = 0 AND RootId = '' ORDER BY CreateAt, Id LIMIT {count}"
            f" OFFSET {beyond}) AS chosen)")


def user_to_delete(day):
    """(id, how many posts go with it): somebody whose posts are neither the oldest nor the roots of others."""
    user, posts = day.source.rows(
        f"SELECT UserId, COUNT(*) FROM Posts WHERE DeleteAt = 0 AND RootId = '' AND UserId IN (SELECT Id FROM Users)"
        f" AND UserId NOT IN (SELECT UserId FROM Posts WHERE Id IN {oldest_posts(1)})"
        f" GROUP BY UserId ORDER BY COUNT(*), UserId LIMIT 1")[0]
    return user, int(posts)


def drifting(day):
    """(what, SQL, drift of the faithful one, who else notices): steps that minotor-kpi(7) names."""
    live, now = day.live, time.time_ns() // 10 ** 6
    everybody, on_postgresql = ("watchful", "usage"), day.engine == "postgresql"
    yield "a run of data retention", [
        f"DELETE FROM Posts WHERE Id IN {oldest_posts(20)}", live.new_job("data_retention"), live.claim_job("data_retention"),
        live.finish_job("data_retention")], {POSTS: 20}, everybody
    yield "an import by a job", [
        live.new_post(), f"UPDATE Posts SET CreateAt = CreateAt - 8000000000, UpdateAt = CreateAt WHERE CreateAt > {now}",
        live.new_job("import_process"), live.claim_job("import_process"), live.finish_job("import_process")], {POSTS: -1}, everybody
    # The counter of the channel goes with it, its posts are as good as gone.
    yield "posts and a channel deleted for good", [
        f"DELETE FROM Posts WHERE Id IN {oldest_posts(2, 40)}",
        "UPDATE Channels SET TotalMsgCount = 0 WHERE Id = (SELECT Id FROM (SELECT Id FROM Channels WHERE Type = 'O'"
        " AND TotalMsgCount > 5 ORDER BY Id LIMIT 1) AS chosen)"], {POSTS: 2}, everybody if on_postgresql else ("watchful",)
    user, posts = user_to_delete(day)
    yield "a user deleted for good", [
        f"DELETE FROM Posts WHERE UserId = '{user}' AND RootId = ''", f"DELETE FROM Users WHERE Id = '{user}'"], {
            POSTS: posts}, everybody if on_postgresql else ("watchful",)
    yield "the oldest posts purged by nobody's job", [
        f"DELETE FROM Posts WHERE Id IN {oldest_posts(5)}"], {POSTS: 5}, everybody
    yield "the oldest file purged", [
        "DELETE FROM FileInfo WHERE Id IN (SELECT Id FROM (SELECT Id FROM FileInfo ORDER BY CreateAt LIMIT 1) AS chosen)"], {
            FILES: 1, SIZE: 4711}, everybody
    yield "a hidden post that is kept after all", [
        f"UPDATE Posts SET DeleteAt = 0, UpdateAt = {now} WHERE Id = (SELECT Id FROM (SELECT Id FROM Posts"
        " WHERE DeleteAt > 0 AND OriginalId = '' AND RootId = '' ORDER BY DeleteAt LIMIT 1) AS chosen)"], {POSTS: -1}, ()
    yield "single posts deleted for good", [
        f"DELETE FROM Posts WHERE Id IN {oldest_posts(3, 50)}"], {POSTS: 3}, everybody if on_postgresql else ()


@ENGINES
def test_drift_and_its_repair(day):
    day.sql("DELETE FROM FileInfo")
    for _ in range(2):  # uploads of the last minutes are counted anew each time, so one is an hour older than the other
        day.sql(new_file(day, day.newest("DeleteAt = 0")), "UPDATE FileInfo SET CreateAt = CreateAt - 3600000")
    day.sql(f"UPDATE Posts SET DeleteAt = CreateAt + 1000, UpdateAt = CreateAt + 1000 WHERE Id IN {oldest_posts(1, 60)}")
    for one in day.workers():
        one.end()
    day.start_workers()
    for what, texts, drift, noticed_by in drifting(day):
        day.settle("before " + what)
        day.sql(*texts)
        for key, value in drift.items():
            day.drift[key] = day.drift.get(key, 0) + value
        day.settle(what, only=[day.faithful])
        # Where nothing tells, the next baseline does, here that of a worker which knows of no former one.
        if "watchful" not in noticed_by:
            day.watchful.end()
            day.watchful = day.worker("kpi", WATCHFUL)
        if "usage" not in noticed_by:
            day.usage.end()
            day.usage = day.worker("usage", USAGE)
        day.settle(what)
    # All of it together is repaired by a baseline that comes because it is time.
    state = day.faithful.wait(lambda: day.faithful.state)
    day.faithful.end()
    day.faithful, day.drift = installations.worker(day.source, day.engine, "kpi", day.folder, state=state,
                                                   own={**FAITHFUL, "baseline_interval": "1s"}), {}
    day.settle("the regular baseline")


@ENGINES
def test_an_import_without_a_job(day):
    """Mattermost's own counters grow, and no recent post explains it."""
    now = time.time_ns() // 10 ** 6
    day.sql(day.live.new_post(),
            f"UPDATE Posts SET CreateAt = CreateAt - 8000000000, UpdateAt = CreateAt WHERE CreateAt > {now}")
    day.drift[POSTS] = -1
    day.settle("an import", only=[day.faithful, day.watchful])


@ENGINES
def test_a_reply_that_was_deleted_before_its_root(day):
    """Deleted twice, taken off twice; a baseline repairs it."""
    source, now = day.source, lambda: time.time_ns() // 10 ** 6
    day.sql(day.live.new_post())
    root = day.newest("DeleteAt = 0 AND RootId = ''")
    day.sql(day.live.new_post(), "UPDATE Posts SET Type = Type")
    reply = day.newest(f"DeleteAt = 0 AND RootId = '' AND Id <> '{root}'")
    day.sql(f"UPDATE Posts SET RootId = '{root}' WHERE Id = '{reply}'")
    day.pass_watermark()
    day.sql(f"UPDATE Posts SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{reply}'")
    day.count_on("a reply deleted")
    day.pass_watermark()
    day.count_on("a reply deleted, behind the watermark")
    day.sql(f"UPDATE Posts SET DeleteAt = {now()}, UpdateAt = {now()} WHERE Id = '{root}' OR RootId = '{root}'")
    day.drift[POSTS] = -1
    day.pass_watermark()
    day.count_on("its root deleted")
    day.faithful.end()
    day.faithful, day.drift = day.worker("kpi", FAITHFUL), {}
    day.faithful.round()
    day.count_on("the next baseline")
    assert truth.number(source, "SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0") > 0


@ENGINES
def test_a_new_worker_goes_on_where_the_last_one_was(day):
    day.sql(day.live.new_post())
    day.count_on("a post")
    before = day.baselines()
    state = day.faithful.wait(lambda: day.faithful.state)
    day.faithful.end()
    day.sql(day.live.new_post(), day.live.edit_post())
    day.faithful = installations.worker(day.source, day.engine, "kpi", day.folder, own=FAITHFUL, state=state)
    day.faithful.round()
    assert day.baselines() == before
    day.count_on("a new worker")
