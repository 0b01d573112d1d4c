# SPDX-License-Identifier: Apache-2.0
"""`minotord --check`: every collector does one round, and the administrator reads what this Mattermost gives, what it
does not give and what is missing. Nothing goes on running, nothing secret is printed."""

import os
import re

import pytest

import every_collector
import installations
import processes
from conftest import hostile
from database import PASSWORD_MARK, PrivatePostgreSQL
from fake_mattermost import TOKEN, FakeMattermost
from mysql_database import PrivateMariaDB

OK, UNAVAILABLE, CONFIG = 0, 69, 78
TRANSACTION = "mattermost_database_oldest_transaction_timestamp_seconds"  # comes and goes
BOTH_ENGINES = [("postgresql", "5.37"), ("postgresql", "11.6"), ("mysql", "9.9")]


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


@pytest.fixture(scope="module")
def sources(servers):
    made = {}

    def get(engine, version):
        if (engine, version) not in made:
            name = "check_" + version.replace(".", "_")
            made[engine, version] = installations.generated(servers[engine], engine, version, name)
        return made[engine, version]
    return get


@pytest.fixture
def api():
    with FakeMattermost() as server:
        yield server


def check(daemon, *more):
    done = daemon.run("--check", *more, timeout=60)
    said = done.stdout + done.stderr
    print(said)
    for secret in (PASSWORD_MARK, TOKEN):
        assert secret not in said
    assert [title for title in map(processes.title, processes.children(os.getpid())) if title.startswith("minotor")] == []
    return done


def families(text, slot, words):
    """The names in lines "SLOT: WORDS a, b: reason"."""
    found = set()
    for names in re.findall(rf"^{slot}: {words}:? ([a-z0-9_, ]+)", text, re.MULTILINE):
        found |= {name.strip() for name in names.split(",")}
    return found


@pytest.mark.parametrize("engine, version", BOTH_ENGINES)
def test_what_is_given_and_what_not(minotor, sources, api, engine, version):
    """What it lists is exactly what a running minotor has no sample of."""
    source = sources(engine, version)
    daemon = every_collector.prepare(minotor, source, engine, api, interval="1s")
    with source.session() as other:  # somebody whom the role does not see
        other("SELECT 1")
        done = check(daemon)
    assert (done.returncode, "unknown" in done.stderr) == (OK, False), done.stderr
    for name in every_collector.NAMES:
        assert re.search(rf"^{name}: round ok in \d+ ms: \d+ families, \d+ samples$", done.stdout, re.MULTILINE), name
    absent = {name: families(done.stdout, name, "not given here") for name in every_collector.NAMES}
    if engine == "mysql":
        assert {"mattermost_database_table_dead_rows"} <= absent["dbpool"]
        assert "GRANT PROCESS" in done.stderr
    else:
        assert "GRANT pg_read_all_stats" in done.stderr
    assert ("mattermost_database_schema_version" in absent["usage"]) == (version == "5.37")
    daemon.start()
    for name in every_collector.NAMES:
        page = daemon.wait_until_good(name)
    for name, names in absent.items():
        now_given = {family for family in names if page.series(family)} - {TRANSACTION}
        assert now_given == set(), name
    assert daemon.stop()[0] == 0


def test_families_that_could_not_be_read(minotor, sources, api):
    source = sources("postgresql", "11.6")
    source.sql("REVOKE SELECT (ExpiresAt) ON Sessions FROM minotor; REVOKE SELECT (EmojiName) ON Reactions FROM minotor")
    try:
        daemon = every_collector.prepare(minotor, source, "postgresql", api)
        done = check(daemon)
        assert done.returncode == UNAVAILABLE
        lines = [line for line in done.stderr.splitlines() if "unknown: " in line]
        assert len(lines) == 2, lines
        assert re.match(r"kpi: unknown: mattermost_kpi_sessions_total: sessions: .*denied.*sessions", lines[0]), lines
        assert re.match("kpi: unknown: mattermost_kpi_reactions, mattermost_kpi_reaction_total,"
                        " mattermost_kpi_reaction_last_seconds: reactions: .*denied", lines[1]), lines
        assert re.search(r"^kpi: round partial in \d+ ms: ", done.stdout, re.MULTILINE)
        assert re.search(r"^jobs: round ok ", done.stdout, re.MULTILINE)
        # Looking at files only is what a script does that has no database at hand.
        done = check(daemon, "--check=files")
        assert (done.returncode, "round" in done.stdout) == (OK, False)
    finally:
        installations.grant(source.server, "postgresql", source.name)


def test_no_database(minotor):
    daemon = minotor({"kpi": {"interval": "1s"}}, password=installations.MODULES["postgresql"].PASSWORD)
    done = check(daemon)
    assert done.returncode == UNAVAILABLE
    lines = [line for line in done.stderr.splitlines() if line.startswith("kpi: ")]
    assert len(lines) == 1 and re.match("kpi: round failed in [0-9]+ ms: .*(No such file|connect)", lines[0]), done.stderr


BAD = {
    "exit": (UNAVAILABLE, "exit: .*exit code"),
    "no_symbol": (CONFIG, "no_symbol: .*minotor_collector"),
    "fails": (UNAVAILABLE, "fails: round failed in .*the kettle is cold"),
    "loop": (UNAVAILABLE, "loop: .*(SIGALRM|alarm)"),
    "bad_setting": (CONFIG, "bad_setting: .*the moon is not a target"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_collector_beside_a_good_one(minotor, name):
    status, words = BAD[name]
    daemon = minotor({"good": hostile("good"), name: hostile(name)})
    done = check(daemon)
    assert done.returncode == status, done.stderr
    assert re.search("^" + words, done.stderr, re.MULTILINE), done.stderr
    assert re.search("^good: round ok ", done.stdout, re.MULTILINE)


def test_ends_when_it_is_told_to(minotor, sources):
    """Ctrl-C during a round that hangs."""
    source = sources("postgresql", "11.6")
    with source.session() as other:
        other("BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        daemon = minotor({"kpi": {"interval": "60s", "timeout": "30s"}}, database=source.settings,
                         password=installations.MODULES["postgresql"].PASSWORD)
        daemon.launch("--check")
        daemon.wait_for_child("kpi")
        status, seconds = daemon.stop()
        assert seconds < 5 and status != 0
        other("ROLLBACK")


def test_option_that_is_none(minotor):
    done = minotor({"good": hostile("good")}).run("--check=everything")
    assert done.returncode == 2 and "--check is \"everything\"; allowed is files, or nothing" in done.stderr


def test_a_mistake_is_told_once(minotor):
    daemon = minotor({"good": hostile("good"), "bad_setting": hostile("bad_setting")})
    assert check(daemon).stderr.count("moon") == 1


def test_files_alone_let_collectors_look_at_their_settings(minotor):
    """Nobody is asked: the one that fails in each round is as good as any."""
    daemon = minotor({"good": hostile("good"), "fails": hostile("fails")})
    done = daemon.run("--check=files")
    assert done.returncode == 0, done.stderr
    assert {"good: settings ok", "fails: settings ok"} <= set(done.stdout.splitlines())
    assert "round" not in done.stdout
    daemon.write_collector("bad_setting", hostile("bad_setting"))
    done = daemon.run("--check=files")
    assert done.returncode == CONFIG and "the moon is not a target" in done.stderr
