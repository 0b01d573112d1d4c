# SPDX-License-Identifier: Apache-2.0
"""The worker and its PostgreSQL driver, seen from where supervisor and front would be."""

import os
import signal
import socket
import time

import pytest

import database
import lone_worker
import processes
import truth
from minotor import PATHS

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'minotor' AND datname = '{name}'"
POSTS_FAMILIES = ["mattermost_kpi_posts_total", "mattermost_kpi_last_post_date",
                  "mattermost_kpi_last_post_timestamp_seconds"]
EXIT_DONE, EXIT_ORPHAN, EXIT_DRIVER, EXIT_PLUGIN_FILE, EXIT_PLUGIN_SETTING = 0, 71, 77, 78, 81


@pytest.fixture
def worker(mattermost):
    """worker(**settings): a worker with kpi on the test's database; ends with the test."""
    made = []

    def make(control_bytes=None, **settings):
        place = {"slot": "kpi", "collector": "kpi", "target": "mattermost",
                 "plugin": os.path.join(PATHS["collectors"], "kpi.so"), "drivers": PATHS["drivers"],
                 "setting.exact": "true", "interval_ms": 200, "timeout_ms": 2000, "first_delay_ms": 0,
                 "database.driver": "postgresql", "database.host": mattermost.server.socket_dir,
                 "database.port": 5432, "database.name": mattermost.name, "database.user": database.ROLE,
                 "database.password": database.PASSWORD, "database.sslmode": "prefer"}
        place.update({name.replace("__", "."): value for name, value in settings.items()})
        made.append(lone_worker.LoneWorker(place, control_bytes))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)
        assert database.PASSWORD_MARK not in one.log_text


def sessions(mattermost):
    return mattermost.number(SESSIONS.format(name=mattermost.name))


def warnings(one):
    """The same trouble is told once, however many rounds it lasts."""
    return [line for line in one.log_text.splitlines() if line.startswith("W ")]


def truth_of(mattermost):
    return truth.kpi(mattermost)


def comparable(samples):
    return truth.comparable(samples, "mattermost_messages_posted_total")


def test_says_hello_and_then_the_truth(worker, mattermost):
    one = worker()
    first = one.round()
    assert (first.status, first.error, first.unknown, first.number) == ("ok", "", [], 1)
    assert comparable(first.samples) == truth_of(mattermost)
    assert one.pipe.hello[2] == "kpi" and one.pipe.hello[4:] == (1, 0)
    kinds = [kind for kind, _, _ in one.messages[:4]]
    assert kinds == [lone_worker.SANDBOX, lone_worker.READY, lone_worker.IDLE, lone_worker.BUSY]


@pytest.mark.parametrize("version", ["5.37", "9.9"])
def test_older_schemas(worker, postgresql, templates, version):
    source = templates(version)
    one = worker(**{"database__name": source.name})
    assert comparable(one.round().samples) == truth_of(source)


def test_rounds_follow_the_database_and_their_interval(worker, mattermost):
    one = worker(interval_ms=100)
    one.round()
    mattermost.add_post(database.new_id("post"))
    after = one.round(lambda found: comparable(found.samples) == truth_of(mattermost))
    one.wait(lambda: len(one.pipe.rounds) >= after.number + 10)
    numbers = [found.number for found in one.pipe.rounds]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sessions(mattermost) == 1


def test_nothing_idles_in_a_transaction(worker, mattermost):
    one = worker(interval_ms=5000)
    one.round()
    one.wait(lambda: one.messages[-1][0] == lone_worker.IDLE and one.messages[-1][2] == 0)
    rows = mattermost.rows("SELECT state, application_name FROM pg_stat_activity WHERE usename = 'minotor'"
                           f" AND datname = '{mattermost.name}'")
    assert rows == [["idle", "minotor/kpi"]]


def test_a_locked_table_costs_its_families_and_comes_back(worker, mattermost):
    one = worker(timeout_ms=2000)
    one.round()
    with mattermost.session() as other:
        other("BEGIN; LOCK TABLE posts")
        locked = one.round(lambda found: found.status != "ok")
        assert locked.status == "partial" and set(locked.unknown) == set(POSTS_FAMILIES)
        assert locked.error == "newest post: ERROR: canceling statement due to lock timeout"
        assert comparable(locked.samples) == {key: value for key, value in truth_of_unlocked(one).items()
                                  if key[0] not in POSTS_FAMILIES}
        assert sessions(mattermost) == 1
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth_of(mattermost)
    assert sessions(mattermost) == 1


def truth_of_unlocked(one):
    return next(comparable(found.samples) for found in one.pipe.rounds if found.status == "ok")


def wait_for_sessions(mattermost, count):
    end = time.monotonic() + 10
    while sessions(mattermost) != count:
        assert time.monotonic() < end, f"not {count} sessions but {sessions(mattermost)}"
        time.sleep(0.05)


def test_a_query_without_end_is_ended_at_the_server(worker, mattermost):
    """A view in the place of a table: nothing to lock, only time that passes."""
    mattermost.sql("ALTER TABLE channels RENAME TO channels_before;"
                   "CREATE VIEW channels AS SELECT c.* FROM channels_before c, pg_sleep(60);"
                   "GRANT SELECT ON channels TO minotor")
    one = worker(timeout_ms=500, interval_ms=2000)
    late = one.round()
    assert late.status == "partial" and late.error == "channels: not done within the round's 500 ms"
    assert late.seconds < 1.5
    known = {key[0] for key in late.samples}
    assert known == {"mattermost_kpi_last_post_date", "mattermost_kpi_last_post_timestamp_seconds",
                     "mattermost_kpi_sessions_total"}, "what was read before the time ran out is used"
    rows = mattermost.rows(f"SELECT state FROM pg_stat_activity WHERE usename = 'minotor' AND datname = '{mattermost.name}'")
    assert [state for state, in rows] in (["idle"], [])
    mattermost.sql("DROP VIEW channels; ALTER TABLE channels_before RENAME TO channels")
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth_of(mattermost)


def test_a_missing_table_costs_its_families(worker, mattermost):
    mattermost.sql("ALTER TABLE sessions RENAME TO sessions_gone")
    one = worker()
    found = one.round()
    assert (found.status, found.unknown) == ("partial", ["mattermost_kpi_sessions_total"])
    assert found.error == 'sessions: ERROR: relation "sessions" does not exist'
    mattermost.sql("ALTER TABLE sessions_gone RENAME TO sessions")
    assert comparable(one.round(lambda later: later.status == "ok").samples) == truth_of(mattermost)
    assert len(warnings(one)) == 1


def test_a_wrong_password_is_one_line(worker, mattermost):
    one = worker(database__password="wrong")
    found = one.round()
    assert (found.status, found.samples) == ("failed", {})
    assert found.error == (f"cannot connect to database {mattermost.name} on {mattermost.server.socket_dir}"
                           f"/.s.PGSQL.5432 as minotor: "
                           "password authentication failed")


def test_no_server_there(worker):
    one = worker(database__host="/nonexistent")
    found = one.round()
    assert found.status == "failed" and found.error.endswith("as minotor: No such file or directory")


def test_server_that_says_nothing(worker):
    """It takes connections and never answers: as a firewall that swallows, but quicker to make."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = worker(database__host="127.0.0.1", database__port=silent.getsockname()[1], timeout_ms=400)
        found = one.round()
        assert found.status == "timeout" and found.seconds < 1.4
        assert found.error.endswith(f" on 127.0.0.1 port {silent.getsockname()[1]} as minotor: no answer within the round's 400 ms")
        assert one.round().error == found.error
    assert len(warnings(one)) == 1


def test_server_stopped_and_started_again(worker, mattermost):
    server = mattermost.server
    one = worker()
    one.round()
    server.stop()
    try:
        down = one.round(lambda found: found.status == "failed")
        assert "cannot connect" in down.error or "lost" in down.error
        one.round(lambda found: found.status == "failed" and "cannot connect" in found.error)
    finally:
        server.start()
    assert comparable(one.round(lambda found: found.status == "ok").samples) == truth_of(mattermost)
    assert sessions(mattermost) == 1


def test_session_killed_between_rounds_costs_no_round(worker, mattermost):
    one = worker(interval_ms=600)
    one.round()
    one.wait(lambda: one.messages[-1][0] == lone_worker.IDLE and one.messages[-1][2] == 0)
    mattermost.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'minotor'"
                   f" AND datname = '{mattermost.name}'")
    assert one.round().status == "ok"
    assert sessions(mattermost) == 1


def test_frozen_server(worker, mattermost):
    """Not even the request to cancel is answered: the worker lives on, and one connection is all it ever has."""
    server = mattermost.server
    one = worker(timeout_ms=400, interval_ms=400)
    one.round()
    server.sigstop()
    try:
        for _ in range(4):
            frozen = one.round(lambda found: found.status == "timeout")
            assert frozen.seconds < 1.4 and frozen.samples == {}
    finally:
        server.sigcont()
    one.round(lambda found: found.status == "ok")
    assert one.process.poll() is None
    one.wait(lambda: sessions(mattermost) == 1)


def test_front_restarts(worker):
    one = worker(interval_ms=5000)
    one.round()
    old = one.give_pipe()
    began = time.monotonic()
    first = one.wait(lambda: next(iter(one.pipe.rounds), None))  # it may be there before one looks
    assert first.status == "ok"
    assert time.monotonic() - began < 4, "a new front does not wait for the interval"
    assert one.pipe.hello and len(one.pipe.families) == one.pipe.hello[0]
    old.pump()
    assert old.ended
    old.close()


def test_front_gone_and_collection_goes_on(worker):
    one = worker(interval_ms=100)
    one.round()
    one.pipe.close()
    seen = len(one.messages)
    one.wait(lambda: [kind for kind, _, _ in one.messages[seen:]].count(lone_worker.BUSY) >= 5)
    one.give_pipe()
    assert one.round().status == "ok"


def test_front_that_does_not_read_gets_whole_rounds_later(worker):
    one = worker(interval_ms=100, timeout_ms=300)
    one.round()
    one.pipe.shrink()
    pipe, one.pipe = one.pipe, lone_worker.DataPipe()  # nobody reads the real one now
    deadline = time.monotonic() + 30
    while "does not read" not in one.log_text and time.monotonic() < deadline:
        one.pump(0.1)
    assert "does not read" in one.log_text
    one.pipe.close()
    one.pipe = pipe
    last = pipe.rounds[-1].number
    one.wait(lambda: "the front reads again" in one.log_text)
    one.wait(lambda: pipe.rounds[-1].number > last + 20)
    numbers = [found.number for found in pipe.rounds]
    assert numbers == sorted(set(numbers))


def test_drain_is_an_orderly_end(worker, mattermost):
    one = worker(interval_ms=5000)
    one.round()
    one.drain()
    assert one.exit_status() == EXIT_DONE
    assert one.pipe.bye == "told to leave"
    wait_for_sessions(mattermost, 0)


def test_drain_ends_a_query_under_way(worker, mattermost):
    with mattermost.session() as other:
        other("BEGIN; LOCK TABLE posts")
        one = worker(timeout_ms=60000, interval_ms=60000)
        one.wait(lambda: one.said(lone_worker.WANT))
        wait_for_sessions(mattermost, 1)
        began = time.monotonic()
        one.drain()
        assert one.exit_status() == EXIT_DONE
        assert time.monotonic() - began < 3
        wait_for_sessions(mattermost, 0)


def test_supervisor_gone(worker):
    one = worker()
    one.round()
    one.control.close()
    assert one.exit_status() == EXIT_ORPHAN


def test_supervisor_that_does_not_read_stops_nothing(worker):
    """Promises that find no room are dropped; the newest one is said when there is room again."""
    one = worker(control_bytes=1, interval_ms=100)
    one.round()
    seen, end = len(one.pipe.rounds), time.monotonic() + 60
    while len(one.pipe.rounds) < seen + 20 and time.monotonic() < end:
        time.sleep(0.05)
        one.pipe.pump()
    assert len(one.pipe.rounds) >= seen + 20
    read = len(one.promises())
    one.pump(0)
    assert len(one.promises()) - read < 2 * 20, "the channel was never full: the test shows nothing"
    one.wait(lambda: one.promises()[-1][1] > time.monotonic() * 1000 - 50)


def test_descriptors_and_title_give_nothing_away(worker):
    one = worker()
    one.round()
    pid = one.process.pid
    secret = database.PASSWORD_MARK
    assert secret not in processes.read(pid, "environ") and secret not in processes.read(pid, "cmdline")


@pytest.mark.parametrize("settings, status, line", [
    ({"setting.reactions_top": 1000}, EXIT_PLUGIN_SETTING,
     'E kpi.conf:7: reactions_top = "1000"; allowed: an integer from 0 to 100'),
    ({"setting.reaction_top": 3}, EXIT_PLUGIN_SETTING,
     "E kpi.conf:7: unknown setting reaction_top; allowed: reactions_top"),
    ({"plugin": "/nonexistent/kpi.so"}, EXIT_PLUGIN_FILE, "E plugin /nonexistent/kpi.so: No such file or directory"),
    ({"database.driver": "oracle"}, EXIT_DRIVER, "E database driver oracle: "),
    ({"database.driver": ""}, EXIT_DRIVER, "E collector kpi needs a database, but its target has none"),
])
def test_refusals_are_one_line(worker, settings, status, line):
    one = worker(**settings)
    assert one.exit_status() == status
    lines = [text for text in one.log_text.splitlines() if text.startswith("E ")]
    assert len(lines) == 1 and lines[0].startswith(line)


def test_reactions_top(worker, mattermost):
    everything = mattermost.number("SELECT count(*) FROM reactions WHERE COALESCE(deleteat, 0) = 0")
    for top in (0, 2):
        found = worker(**{"setting.reactions_top": top}).round()
        assert len([key for key in found.samples if key[0] == "mattermost_kpi_reaction_total"]) == top
        assert found.samples[("mattermost_kpi_reactions",)] == everything


def test_killed_worker_leaves_no_query_behind(worker, mattermost):
    with mattermost.session() as other:
        other("BEGIN; LOCK TABLE posts")
        one = worker(timeout_ms=1000, interval_ms=60000)
        one.wait(lambda: one.said(lone_worker.WANT))
        wait_for_sessions(mattermost, 1)
        processes.send(one.process.pid, signal.SIGKILL)
        one.pump(0.1)  # as its supervisor: the socket of the session lies in the channel
        wait_for_sessions(mattermost, 0)
