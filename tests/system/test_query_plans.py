# SPDX-License-Identifier: Apache-2.0
"""What the database is asked and how it finds it: each query stands in its collector's manual page with the plan that the
server really carries out, and nothing that runs in each round reads posts, reactions or files as a whole."""

import glob
import os
import re

import pytest

import installations
import licence
import manual
import query_log
from database import PrivatePostgreSQL
from minotor import SOURCE
from mysql_database import PrivateMariaDB

WITH_MANUAL = ("kpi", "jobs", "usage")
COLLECTORS = (*WITH_MANUAL, "dbpool")
NEWEST = {"postgresql": "11.6", "mysql": "9.9"}
OLDEST = "5.37"
PLACES = [("postgresql", NEWEST["postgresql"]), ("mysql", NEWEST["mysql"]), ("postgresql", OLDEST), ("mysql", OLDEST)]
EACH_ROUND = "In each round"

BIG = ("posts", "reactions", "fileinfo")
COPIES = {"Posts": ("Id", 4), "FileInfo": ("Id", 110), "Reactions": ("UserId", 20), "Jobs": ("Id", 10), "Sessions": ("Id", 50),
          "Status": ("UserId", 60)}
LEAST_ROWS = 15_000
# In a round: those of the last minutes, several times over.
MOST_ROWS = 1_000
OWN = {"kpi": {"lag": "300ms"}, "usage": {"lag": "300ms"}}
INTERVAL_MS, ROUNDS = 100, 10  # longer than two lags: by then the watermark has moved, which is asked for in another way
# What minotor asks for itself: what there is, what it may, and how its session is to be.
HOUSEKEEPING = re.compile(r"SET |START TRANSACTION|BEGIN|COMMIT|ROLLBACK|SELECT .*information_schema\.(COLUMNS|TABLES)"
                          r" WHERE TABLE_SCHEMA = COALESCE|SELECT .*has_(any_)?column_privilege")
# In each query where one has a second name; MariaDB tells that one.
ALIASES = {"b": "Bots", "u": "Users", "s": "Status"}


def multiply(source, engine):
    """As many rows as it takes for no server to think that reading them all is as good as any other plan."""
    schema = "current_schema()" if engine == "postgresql" else "DATABASE()"
    for table, (key, times) in COPIES.items():
        columns = [row[0] for row in source.rows(
            f"SELECT column_name FROM information_schema.columns WHERE table_schema = {schema}"
            f" AND lower(table_name) = '{table.lower()}' ORDER BY ordinal_position")]
        copied = [f"concat(substr({key}, 1, 22), '-', number)" if name.lower() == key.lower() else name for name in columns]
        numbers = " UNION ALL ".join(f"SELECT {number} AS number" for number in range(1, times))
        source.sql(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(copied)} FROM {table}, ({numbers}) AS numbers")
    source.sql("VACUUM ANALYZE" if engine == "postgresql" else "ANALYZE TABLE " + ", ".join(COPIES))
    for table in BIG:
        assert int(source.sql(f"SELECT COUNT(*) FROM {table if engine == 'postgresql' else spelled(table)}")) >= LEAST_ROWS


def spelled(table):
    return next(name for name in COPIES if name.lower() == table)


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL(settings=query_log.POSTGRESQL) as postgresql, PrivateMariaDB(settings=query_log.MARIADB) as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


class Watched:
    """first[collector] and later[collector]: the queries of the first round, and of some later ones while people write."""

    def __init__(self, server, engine, version, folder):
        self.engine, self.version = engine, version
        source = installations.generated(server, engine, version, "plans_" + version.replace(".", "_"), posts=5000)
        installations.run_all(server, engine, installations.optional_grants(engine)[0])
        source.sql(licence.sql())
        multiply(source, engine)
        log = query_log.of(server, engine, ALIASES)
        live = installations.MODULES[engine].mattermost_fixture.Live(engine, version, 7)
        self.first, self.later = {}, {}
        for collector in COLLECTORS:
            log.new_text()
            one = installations.worker(source, engine, collector, folder, own=OWN.get(collector), interval_ms=INTERVAL_MS)
            try:
                assert one.round().status == "ok"
                self.first[collector] = self.told(log, collector)
                source.sql(live.new_post() + ";" + live.edit_post() + ";" + live.new_reply())
                seen = len(one.pipe.rounds)
                one.wait(lambda: len(one.pipe.rounds) >= seen + ROUNDS)
                assert all(found.status == "ok" for found in one.pipe.rounds)
            finally:
                one.end()
            self.later[collector] = self.told(log, collector)

    @staticmethod
    def told(log, collector):
        found = [query for query in log.read() if not HOUSEKEEPING.match(query.text)]
        assert all(query.collector in (collector, None) for query in found)
        return found


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def watched(request, servers, tmp_path_factory):
    engine, version = request.param
    folder = tmp_path_factory.mktemp("drivers")
    folder.chmod(0o755)
    return Watched(servers[engine], engine, version, installations.drivers(str(folder)))


# -- cost --------------------------------------------------------------------------------------------------------------


def test_no_round_reads_posts_reactions_or_files_as_a_whole(watched, figure):
    most = {}
    for collector in COLLECTORS:
        for query in watched.later[collector]:
            for step in query.steps:
                if step.table in BIG:
                    assert step.index, f"{collector}: {query}"
                    assert step.rows <= MOST_ROWS, f"{collector}: {query}"
                    most[step.table] = max(most.get(step.table, 0), step.rows)
    assert {"posts", "fileinfo"} <= most.keys()
    figure(f"{watched.engine} {watched.version}: the most rows that a query of a round reads: {most}")


def test_the_first_round_is_seen_to_read_them(watched):
    """Else this would find nothing in any round."""
    read = {step.table: step.rows for query in watched.first["kpi"] for step in query.steps if step.rows > LEAST_ROWS / 2}
    assert set(BIG) <= read.keys()


def test_dbpool_reads_no_table_of_mattermost(watched):
    """Views of the server's memory only, each of which its manual names."""
    manual_text = "\n".join(manual.section("dbpool", manual.QUERIES))
    for query in watched.first["dbpool"] + watched.later["dbpool"]:
        for step in query.steps:
            shown = step.table in ("session_status", "slave_status")  # SHOW, as MariaDB runs it
            assert step.table.startswith("pg_") or step.table.upper() in query.text or shown, query
        for names in re.findall(r"pg_catalog\.(\w+)|information_schema\.(\w+)", query.text):
            assert "".join(names) in manual_text, query.text


# -- the manual ----------------------------------------------------------------------------------------------------------


def entry_of(entries, query):
    found = [entry for entry in entries if any(re.fullmatch(one, manual.normal(query.text)) for one in entry.patterns)]
    assert len(found) == 1, f"{len(found)} times in the manual: {query.text}"
    return found[0]


@pytest.mark.parametrize("collector", WITH_MANUAL)
def test_the_manual_has_each_query_and_no_other(watched, collector):
    entries = manual.queries(collector)
    texts = {}
    for query in watched.first[collector] + watched.later[collector]:
        texts.setdefault(tuple(entry_of(entries, query).names), set()).add(manual.normal(query.text))
    missing = [entry.names for entry in entries if len(texts.get(tuple(entry.names), ())) != len(entry.names)]
    before_6_4 = [["schema version"]] if watched.version == OLDEST and collector == "usage" else []
    assert missing == before_6_4


def test_the_manual_has_each_query_of_dbpool(watched):
    """Which has a list for each engine, and no plans but passes over memory. All of them run in each round."""
    title = {"postgresql": "PostgreSQL", "mysql": "MySQL and MariaDB"}[watched.engine]
    entries = [entry for entry in manual.queries("dbpool") if entry.when == title]
    seen = {tuple(entry_of(entries, query).names) for query in watched.later["dbpool"]}
    assert seen == {tuple(entry.names) for entry in entries}


@pytest.mark.parametrize("collector", WITH_MANUAL)
def test_the_manual_tells_what_runs_in_each_round(watched, collector):
    entries = manual.queries(collector)
    told = {tuple(entry.names) for entry in entries if entry.when == EACH_ROUND}
    seen = {tuple(entry_of(entries, query).names) for query in watched.later[collector]}
    # The one of jobs keeps its pace, too: in the fast rounds here it may not be due.
    assert seen <= told if collector == "jobs" else seen == told


@pytest.mark.parametrize("collector", WITH_MANUAL)
def test_the_manual_tells_the_plan(watched, collector):
    """Indexes by their names; what reads a whole table says so."""
    for query in watched.first[collector] + watched.later[collector]:
        entry = entry_of(manual.queries(collector), query)
        if re.search("small|by (its|their) key|catalog", entry.prose):
            continue
        for step in query.steps:
            if step.index is None:
                assert "whole" in entry.prose, query
            elif not step.index.endswith("_pkey") and step.index != "PRIMARY":
                assert step.index in entry.indexes, query


@pytest.mark.parametrize("collector", COLLECTORS)
def test_the_manual_has_the_names_of_the_source(collector):
    named = set()
    for path in glob.glob(os.path.join(SOURCE, "collectors", collector, "*.c")):
        with open(path, encoding="utf-8") as file:
            named |= set(re.findall(r'\.name = "([^"]+)",\s*(?:#define [^\n]*\s*)?(?:BOTH\(|RUNNING_|\.postgresql|\.mysql)', file.read()))
    assert {name for entry in manual.queries(collector) for name in entry.names} == named


def test_the_manual_names_no_index_in_vain():
    """Each is one of Mattermost's."""
    path = os.path.join(SOURCE, "tests", "fixtures", "schema")
    schemas = ""
    for name in os.listdir(path):
        with open(os.path.join(path, name), encoding="utf-8") as file:
            schemas += file.read()
    for collector in WITH_MANUAL:
        for entry in manual.queries(collector):
            for index in entry.indexes:
                assert re.search(rf"\b{index}\b", schemas), index
