# SPDX-License-Identifier: Apache-2.0
"""Mattermost's own metrics: exact where they are there, and never wrong, late or noisy where they are not."""

import re

import pytest

import database
import fake_mattermost
import installations
import mysql_database
from minotor import AS_ROOT
from fake_mattermost import POOL_FAMILIES, POOLS, TOKEN, FakeMattermost

ENGINES = ("postgresql", "mysql")
OURS = {"max_open_connections": "max_open_connections", "open_connections": "open_connections",
        "connections_in_use": "in_use_connections", "connections_idle": "idle_connections",
        "wait_count": "wait_count_total", "wait_duration_seconds": "wait_duration_seconds_total",
        "idle_connections_closed_total": "max_idle_closed_total",
        "idle_time_connections_closed_total": "max_idle_time_closed_total",
        "lifetime_connections_closed_total": "max_lifetime_closed_total"}
EXACT = {"max_open_connections": 900, "open_connections": 33, "connections_in_use": 10, "connections_idle": 23,
         "wait_count": 1234609, "wait_duration_seconds": 0.250000001 + 1e-09, "idle_connections_closed_total": 12345679,
         "idle_time_connections_closed_total": 7, "lifetime_connections_closed_total": 10}
MAX_CONNECTIONS = ("mattermost_database_max_connections",)
TIMEOUT_MS = 4000  # of which the page has a quarter
SILENT, AGAIN = "do not tell of its connections", "tell of its connections again"


@pytest.fixture(scope="module")
def sources():
    """{engine: an installation}, read with the role of etc/sql and the grants that it names."""
    with database.PrivatePostgreSQL() as postgresql, mysql_database.PrivateMariaDB() as mariadb:
        found = {}
        for engine, version, server in (("postgresql", "11.6", postgresql), ("mysql", "9.9", mariadb)):
            found[engine] = installations.generated(server, engine, version, "mattermost", posts=50)
            installations.run_all(server, engine, installations.optional_grants(engine)[0])
        yield found


@pytest.fixture
def server():
    """server(version, ...): a FakeMattermost that ends with the test."""
    made = []

    def make(*arguments, **more):
        made.append(FakeMattermost(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def ask(dbpool, sources):
    """ask(engine, server): a worker with dbpool on both."""
    def make(engine, source=None, **settings):
        if source is not None:
            settings["api__metrics_url"] = source.url
        return dbpool(sources[engine], engine, timeout_ms=TIMEOUT_MS, target__database__max_open_conns=300, **settings)
    return make


def pool(found):
    """Samples of Mattermost's pool by the end of their names."""
    return {key[0].removeprefix("mattermost_db_"): value for key, value in found.samples.items()
            if key[1:] == ("mattermost",)}


def is_exact(found):
    return pool(found) == EXACT


def is_of_the_database(found):
    """Nobody is connected but minotor; the limit is of the configuration."""
    return pool(found) == {"max_open_connections": 300, "open_connections": 0, "connections_in_use": 0,
                           "connections_idle": 0}


def check_whole(found):
    """The rest of the round is as it always is."""
    assert (found.status, found.error, found.unknown) == ("ok", "", [])
    assert found.samples[MAX_CONNECTIONS] > 0
    assert ("mattermost_database_lock_waits",) in found.samples
    assert sum(key[1:] == ("minotor",) for key in found.samples) == 9


def test_sums_of_the_test_itself():
    assert set(OURS.values()) == set(POOL_FAMILIES)
    for ours, theirs in OURS.items():
        assert EXACT[ours] == pytest.approx(sum(one[theirs] for one in POOLS.values()), rel=1e-15)


@pytest.mark.parametrize("version", ["9.9", "11.6"])
@pytest.mark.parametrize("engine", ENGINES)
def test_all_nine_are_exact(ask, server, engine, version):
    """Newer servers send only what is asked for, older ones everything. The token is for the API alone."""
    source = server(version)
    one = ask(engine, source, api__url=source.url, api__token=TOKEN)
    found = one.round()
    check_whole(found)
    assert pool(found) == EXACT
    source.pools["master"]["wait_count_total"] += 1
    del source.pools["replica-0"]
    one.round(lambda found: pool(found)["wait_count"] == EXACT["wait_count"] + 1
              and pool(found)["open_connections"] == 12 and pool(found)["max_open_connections"] == 600)
    source.pools["master"]["max_open_connections"] = 0
    one.round(lambda found: pool(found)["max_open_connections"] == 0)
    assert {path for path in source.paths()} == {"/metrics"}
    assert not [headers for _, headers in source.requests if "Authorization" in headers]
    assert "own metrics" not in one.log_text


@pytest.mark.parametrize("engine", ENGINES)
def test_without_an_address_nothing_is_different(ask, engine):
    """No line in the log, and nothing of the HTTP client in memory."""
    one = ask(engine)
    found = one.round(is_of_the_database)
    check_whole(found)
    assert "own metrics" not in one.log_text
    if not AS_ROOT:
        pytest.skip("only root may look into the memory map of a process that cannot be dumped")
    with open(f"/proc/{one.process.pid}/maps", encoding="utf-8") as file:
        loaded = file.read()
    assert "dbpool.so" in loaded and "libcurl" not in loaded and "api.so" not in loaded


def test_an_administrator_may_not_want_them(ask, server):
    source = server("9.9")
    one = ask("postgresql", source, own={"mattermost_metrics": "false"})
    check_whole(one.round(is_of_the_database))
    assert source.requests == [] and "own metrics" not in one.log_text


@pytest.mark.parametrize("engine", ENGINES)
def test_not_licensed_and_too_old(ask, server, engine):
    unlicensed = server("9.9")
    unlicensed.pools = None
    for source, words in ((unlicensed, "status 404"), (server("5.37"), "says nothing of Mattermost's pools")):
        one = ask(engine, source)
        for _ in range(3):
            found = one.round()
            check_whole(found)
            assert is_of_the_database(found)
        assert one.log_text.count(SILENT) == 1 and words in one.log_text
        one.end()  # to the next one its session would be somebody's with the same account


def test_a_server_that_goes_and_comes_back(ask, server):
    source = server("9.9")
    one = ask("postgresql", source)
    check_whole(one.round(is_exact))
    port = source.port
    source.close()
    for _ in range(3):
        check_whole(one.round(is_of_the_database))
    again = server("9.9", port=port)
    check_whole(one.round(is_exact))
    again.pools = None
    one.round(is_of_the_database)
    again.pools = POOLS
    one.round(is_exact)
    one.round(is_exact)
    lines = [line for line in one.log_text.splitlines() if SILENT in line or AGAIN in line]
    assert [SILENT in line for line in lines] == [True, False, True, False], lines
    assert "127.0.0.1" in lines[0] and "refused" in lines[0], lines


def test_half_a_page_is_none(ask, server):
    """Wherever the connection ends, and nobody says that there was more: all nine values, or none."""
    source = server("9.9")
    body = fake_mattermost.metrics_page(POOLS)
    ends = [found.end() for found in re.finditer(rb"\n", body)]
    last_of_ours = body.rindex(b"go_sql_")
    one = ask("postgresql", source, interval_ms=100)
    shown = {True: 0, False: 0}
    for cut in [*ends[::-1], *range(last_of_ours, last_of_ours + 70, 7)]:
        source.torn_at = cut
        asked = len(source.requests)
        found = one.round(lambda found: len(source.requests) > asked + 1)
        check_whole(found)
        assert is_exact(found) or is_of_the_database(found), (cut, pool(found))
        shown[is_exact(found)] += 1
    assert shown[True] >= 4 and shown[False] >= len(ends) - 12, shown


# How else a server can be wrong; of these the first three cost the page's time, and no more than that.
MODES = """silent byte_by_byte endless_page body_byte_by_byte garbage garbage_status huge huge_announced huge_chunked
headers_without_end one_long_header interim_without_end gzip_bomb cut nothing redirect unauthorized rate_limited bad_gateway
web_page deep""".split()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bad_server_costs_its_own_values_only(ask, server, engine):
    source = server("9.9")
    one = ask(engine, source)
    one.round(is_exact)
    for number, mode in enumerate(MODES, 1):
        source.modes["/metrics"] = mode
        one.round(is_of_the_database)
        found = one.round()
        check_whole(found)
        assert is_of_the_database(found), mode
        assert found.seconds < TIMEOUT_MS / 1000 * 3 / 4, (mode, found.seconds)
        one.wait(lambda: one.log_text.count(SILENT) == number)  # the log has a pipe of its own
        source.modes.clear()
        check_whole(one.round(is_exact))
    one.wait(lambda: one.log_text.count(AGAIN) == len(MODES))
    assert one.log_text.count(SILENT) == len(MODES)
    assert source.poured < 200 << 20  # bounded: of the four that would send 1 GiB and more, and the long ones


def test_the_page_of_minotor(minotor, sources, server):
    """Through the whole program; a target with that address and no other of its API."""
    source, mattermost = server("9.9"), sources["postgresql"]
    one = minotor({"dbpool": {"interval": "300ms", "stale_after": "9s", "plugin": installations.module("dbpool")}},
                  password=database.PASSWORD)
    installations.with_drivers(one)
    one.settings["targets"] = [{"name": "mattermost", "database": mattermost.settings(one.password_file),
                                "api": {"metrics_url": source.url}}]
    one.write_config()
    page = one.start().wait_until_good("dbpool")
    assert {name: page.value("mattermost_db_" + name, pool="mattermost") for name in OURS} == EXACT
    assert page.value("mattermost_db_max_open_connections", pool="minotor") == 2
    source.close()
    page = one.wait_for(lambda page: page.value("mattermost_db_open_connections", pool="mattermost") == 0, 20, "fallback")
    assert {labels for labels in page.series("mattermost_db_wait_count")} == {
        labels for labels in page.series("mattermost_db_wait_count") if ("pool", "minotor") in labels}
    assert page.collector("success", "dbpool") == 1
