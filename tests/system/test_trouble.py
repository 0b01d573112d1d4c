# SPDX-License-Identifier: Apache-2.0
"""Everyday trouble with the database: one clear line, values absent and never 0, recovery without a restart."""

import glob
import os
import time

import pytest

import database
import processes
from conftest import hostile

POSTS = "mattermost_kpi_posts_total"
CHANNELS = "mattermost_kpi_channels_total"


def values(page):
    return page.names("mattermost_kpi_")


def calm(daemon, offset, figure, seconds=3):
    """However many rounds fail in the same way, the log does not fill: returns its lines since then."""
    begin = daemon.rounds(daemon.scrape())
    time.sleep(seconds)
    lines = [line for line in daemon.log()[offset:].splitlines() if "level=error" in line or "level=warn" in line]
    rounds = daemon.rounds(daemon.scrape()) - begin
    figure(f"{len(lines)} lines of warnings and errors in {rounds:.0f} rounds; the first: {lines[0] if lines else None}")
    return lines


def test_wrong_password(kpi, mattermost, figure):
    daemon = kpi(mattermost, password="wrong-Hush-7f3a").start()
    page = daemon.wait_for(lambda page: page.collector("success") == 0 and daemon.rounds(page) > 0, 15, "a failed round")
    assert values(page) == []
    assert page.collector("up") == 1
    lines = calm(daemon, 0, figure)
    assert any("password" in line for line in lines), lines
    assert len(lines) <= 3, "one clear line, not one per round"
    assert "7f3a" not in daemon.log()
    # The administrator corrects the file and reloads.
    daemon.write("password", database.PASSWORD + "\n", 0o600)
    daemon.reload()
    page = daemon.wait_until_good()
    assert page.value(POSTS) == mattermost.number(database.LIVE_POSTS)


def test_wrong_password_corrected_in_the_database(kpi, postgresql, mattermost):
    """No reload: minotor goes on trying."""
    daemon = kpi(mattermost, password="another-Hush-7f3a").start()
    daemon.wait_for(lambda page: page.collector("success") == 0 and daemon.rounds(page) > 0, 15, "a failed round")
    worker = daemon.worker()
    postgresql.psql(f"ALTER ROLE {database.ROLE} PASSWORD 'another-Hush-7f3a'")
    try:
        daemon.wait_until_good()
        assert daemon.worker() == worker
    finally:
        postgresql.psql(f"ALTER ROLE {database.ROLE} PASSWORD '{database.PASSWORD.replace(chr(39), chr(39) * 2)}'")


def test_unknown_database(kpi, mattermost, figure):
    daemon = kpi(mattermost, database_settings={"name": "no_such_database"}).start()
    page = daemon.wait_for(lambda page: page.collector("success") == 0 and daemon.rounds(page) > 0, 15, "a failed round")
    assert values(page) == []
    assert any("no_such_database" in line for line in calm(daemon, 0, figure, 1))


@pytest.mark.parametrize("immediate", (False, True), ids=("orderly", "crash"))
def test_the_database_stops_and_starts(kpi, postgresql, mattermost, figure, immediate):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}, stale_after="2s").start()
    daemon.wait_until_good()
    worker = daemon.worker()
    offset = len(daemon.log())
    postgresql.stop(immediate)
    try:
        page = daemon.wait_for(lambda page: page.collector("success") == 0, 10, "a failed round")
        lines = calm(daemon, offset, figure)
        assert 1 <= len(lines) <= 4, lines
        page = daemon.wait_for(lambda page: page.collector("stale") == 1 and values(page) == [], 10, "values gone")
        assert page.collector("late") == 1
        assert page.collector("success", "good") == 1
    finally:
        postgresql.start()
    begin = time.monotonic()
    page = daemon.wait_until_good()
    figure(f"good again {time.monotonic() - begin:.2f} s after the database")
    assert page.value(POSTS) == mattermost.number(database.LIVE_POSTS)
    assert daemon.worker() == worker, "the worker outlives its database"


def test_started_before_the_database(kpi, postgresql, mattermost):
    postgresql.stop()
    try:
        daemon = kpi(mattermost).start()
        page = daemon.wait_for(lambda page: page.collector("success") == 0 and daemon.rounds(page) > 0, 15, "a failed round")
        assert values(page) == []
    finally:
        postgresql.start()
    daemon.wait_until_good()


def test_a_missing_table_costs_its_families_only(kpi, mattermost, figure):
    mattermost.sql("ALTER TABLE reactions RENAME TO reactions_gone")
    daemon = kpi(mattermost).start()
    page = daemon.wait_for(lambda page: page.value(POSTS) is not None, 15, "the other families")
    assert page.collector("success") == 0
    assert page.series("mattermost_kpi_reaction_total") == {}
    assert page.value("mattermost_kpi_reaction_last_seconds") is None
    assert len(page.series(CHANNELS)) == 4
    assert page.value("minotor_collector_rounds_total", collector="kpi", result="partial") > 0
    lines = calm(daemon, 0, figure)
    assert any("reactions" in line for line in lines), lines
    assert len(lines) <= 6, lines
    mattermost.sql("ALTER TABLE reactions_gone RENAME TO reactions")
    page = daemon.wait_until_good()
    assert page.series("mattermost_kpi_reaction_total")


def test_a_missing_grant_costs_its_families_only(kpi, mattermost, figure):
    mattermost.sql(f"REVOKE SELECT (expiresat) ON sessions FROM {database.ROLE}")
    daemon = kpi(mattermost).start()
    page = daemon.wait_for(lambda page: page.value(POSTS) is not None, 15, "the other families")
    assert page.value("mattermost_kpi_sessions_total") is None
    assert page.collector("success") == 0
    lines = calm(daemon, 0, figure)
    assert any("sessions" in line and "permission" in line for line in lines), lines
    mattermost.sql(f"GRANT SELECT (expiresat) ON sessions TO {database.ROLE}")
    assert daemon.wait_until_good().value("mattermost_kpi_sessions_total") is not None


def test_a_failing_family_becomes_stale_alone(kpi, mattermost):
    daemon = kpi(mattermost, stale_after="2s").start()
    daemon.wait_until_good()
    mattermost.sql("ALTER TABLE sessions RENAME TO sessions_gone")
    page = daemon.next_round()
    assert page.value("mattermost_kpi_sessions_total") is not None, "old values stay until they are stale"
    daemon.wait_for(lambda page: page.value("mattermost_kpi_sessions_total") is None, 10, "the sessions to go")
    page = daemon.next_round()
    assert page.value(POSTS) is not None and page.series(CHANNELS), "the others stay"
    mattermost.sql("ALTER TABLE sessions_gone RENAME TO sessions")
    daemon.wait_until_good()


def test_the_server_ends_the_connection(kpi, postgresql, mattermost):
    """An administrator's pg_terminate_backend() costs at most a round."""
    daemon = kpi(mattermost).start()
    daemon.wait_until_good()
    worker = daemon.worker()
    for _ in range(3):
        postgresql.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'minotor%'")
        daemon.next_round()
        daemon.wait_until_good()
    assert daemon.worker() == worker


def test_one_connection_that_only_reads(kpi, postgresql, mattermost):
    """And it says whose it is."""
    daemon = kpi(mattermost).start()
    daemon.wait_until_good()
    daemon.next_round()
    rows = mattermost.rows("SELECT application_name, usename FROM pg_stat_activity WHERE application_name LIKE 'minotor%'")
    assert len(rows) == 1
    assert "kpi" in rows[0][0] and rows[0][1] == database.ROLE


def test_the_password_is_nowhere(kpi, mattermost):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}).start()
    daemon.wait_until_good()
    places = {"page": daemon.get().text, "status page": daemon.get("/").text, "ready": daemon.get("/-/ready").text}
    for pid in [daemon.pid] + processes.children(daemon.pid):
        places[f"cmdline of {pid}"] = processes.read(pid, "cmdline")
        places[f"environ of {pid}"] = processes.read(pid, "environ")
    for path in glob.glob(os.path.join(daemon.directory, "**"), recursive=True):
        if os.path.isfile(path) and path != daemon.password_file:
            with open(path, encoding="utf-8", errors="replace") as file:
                places[path] = file.read()
    assert daemon.log_path in places
    for place, text in places.items():
        assert database.PASSWORD_MARK not in text, place


def test_the_front_never_had_the_password(kpi, mattermost):
    """Its memory is searched, which takes root."""
    daemon = kpi(mattermost).start()
    daemon.wait_until_good()
    try:
        assert found_in_memory(daemon.worker(), b"minotor: worker") is True
        assert found_in_memory(daemon.front(), b"minotor: front") is True
    except PermissionError:
        pytest.skip("children keep their memory to themselves; run as root to search it")
    assert found_in_memory(daemon.front(), database.PASSWORD.encode()) is False


def found_in_memory(pid, wanted):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            fields = line.split()
            if "r" not in fields[1] or fields[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(part, 16) for part in fields[0].split("-"))
            if end - start > 64 << 20:
                continue  # the shadow memory of sanitizers
            try:
                memory.seek(start)
                if wanted in memory.read(end - start):
                    return True
            except OSError as error:
                if isinstance(error, PermissionError):
                    raise
    return False
