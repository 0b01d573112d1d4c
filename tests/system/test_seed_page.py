# SPDX-License-Identifier: Apache-2.0
"""The page of a whole minotord against each engine and schema, as an administrator who comes from the plugin sets it up:
Mattermost's own config.json, a token, the role of etc/sql with the grants that it offers. Every family and label of the
plugin's page is there, every value is true, and what is different stands in the README."""

import fnmatch
import itertools
import json
import os
import re
import time

import pytest

import every_collector
import fake_mattermost
import installations
import licence
import manual
import server_truth
import truth
from database import PASSWORD_MARK, PrivatePostgreSQL
from fake_mattermost import FakeMattermost
from minotor import PATHS, SHARED, SOURCE, Minotor
from mysql_database import PrivateMariaDB, quoted

SEED_PAGE = os.path.join(SHARED, "seed-page.txt")
REAL = [("postgresql", "real"), ("mysql", "real")]
MAX_OPEN_CONNECTIONS = 123
BUDGET = 2  # the default
STARTED, STARTED_OF_FAKE = 1_700_000_000.5, 1_700_000_000.25
LICENSED = ("9.9", "real")
# How Mattermost's own metrics call what the plugin had.
POOL_NAMES = {"connections_idle": "idle_connections", "connections_in_use": "in_use_connections",
              "idle_connections_closed_total": "max_idle_closed_total",
              "idle_time_connections_closed_total": "max_idle_time_closed_total",
              "lifetime_connections_closed_total": "max_lifetime_closed_total", "max_open_connections": "max_open_connections",
              "open_connections": "open_connections", "wait_count": "wait_count_total",
              "wait_duration_seconds": "wait_duration_seconds_total"}
NEWEST_OF_SERVER = {"real": "5.37"}
LIMITS = {"mattermost_users_limit": 200, "mattermost_users_hard_limit": 250}
POOL = server_truth.POOL
STATE = server_truth.DATABASE + "connections"

# Of what the plugin had, and how it is different here; each stands in the README's table too.
OTHER_LABELS = {POOL + name: {"pool"} for name in POOL_NAMES}
OTHER_TYPES = {POOL + name: "counter" for name in
               "idle_connections_closed_total idle_time_connections_closed_total lifetime_connections_closed_total".split()}

# What cannot be everywhere, and where it is.
ON_POSTGRESQL = lambda engine, version: engine == "postgresql"  # noqa: E731
SINCE_6_4 = lambda engine, version: version not in ("5.37", "real")  # noqa: E731
SOMETIMES = {
    "mattermost_database_replication_lag_seconds": lambda *_: False,  # there is no replica here
    "mattermost_database_table_dead_rows": ON_POSTGRESQL,
    "mattermost_database_table_last_vacuum_timestamp_seconds": ON_POSTGRESQL,
    "mattermost_database_schema_version": SINCE_6_4,
    "mattermost_search_backend_info": SINCE_6_4,
    "mattermost_users_limit": SINCE_6_4,
    "mattermost_users_hard_limit": SINCE_6_4,
    "mattermost_license_expiry_timestamp_seconds": lambda engine, version: version in LICENSED,
    "mattermost_license_users": lambda engine, version: version in LICENSED,
}
JOBS = [("pending", 0, 0, 0), ("in_progress", 5000, 7000, 40), ("cancel_requested", 5000, 8000, 10), ("canceled", 0, 9000, 0),
        ("success", 5000, 9500, 100), ("warning", 6000, 9700, 100), ("error", 5000, 9800, -1)]


class Handler(fake_mattermost.Handler):
    """Also what usage asks."""

    def do_GET(self):
        owner, path = self.server.owner, self.path.split("?")[0]
        if path == "/metrics" and not owner.tells_of_pools:
            body = f"# TYPE mattermost_process_start_time_seconds gauge\nmattermost_process_start_time_seconds {STARTED}\n".encode()
            self.pour([b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body), body])
        elif path == "/api/v4/license/client" and "format=old" not in self.path:
            self.error(501 if owner.version < (9, 0) else 400, "api.license.client.old_format.app_error")
        elif path == "/api/v4/license/client":
            self.say(200, {"IsLicensed": "true", "SkuShortName": licence.SKU, "Users": str(licence.SEATS)} if owner.is_licensed
                     else {"IsLicensed": "false"})
        elif path == "/api/v4/limits/server" and owner.version >= (9, 0):
            if not self.refuses():
                self.say(200, {"maxUsersLimit": 200, "maxUsersHardLimit": 250, "activeUserCount": 7})
        else:
            super().do_GET()


class Server(FakeMattermost):
    """is_licensed      and says so
    tells_of_pools   on the page of its own metrics
    """

    handler, is_licensed, tells_of_pools = Handler, False, False


def make_real(server, engine, name):
    """A database that Mattermost 5.37 has filled itself. It has no jobs and no licence; these come from here."""
    if not os.path.exists(installations.MODULES[engine].REAL_DUMP):
        pytest.skip("no ../shared/real beside the source tree")
    source = installations.real(server, engine, name)
    for number, (status, start, end, progress) in enumerate(JOBS):
        source.sql("INSERT INTO Jobs (Id, Type, Priority, CreateAt, StartAt, LastActivityAt, Status, Progress) VALUES"
                   f" ('job{number}', 'ldap_sync', 0, 4000, {start}, {end}, '{status}', {progress})")
    source.sql(licence.sql())
    return source


def grant_as_told(server, engine, name):
    """The script as it is, the password, and the grants that it leaves to the administrator."""
    script = installations.role_script(engine)
    run = server.psql if engine == "postgresql" else server.sql
    run(script, name)
    offered, _ = installations.optional_grants(engine)
    assert offered
    for statement in offered:
        run(statement, name)
    password = quoted(installations.MODULES[engine].PASSWORD)
    if engine == "postgresql":
        run("ALTER ROLE minotor CONNECTION LIMIT 8 PASSWORD '%s'" % installations.MODULES[engine].PASSWORD.replace("'", "''"), name)
    else:
        run(f"ALTER USER minotor@localhost IDENTIFIED BY {password} WITH MAX_USER_CONNECTIONS 8 ACCOUNT UNLOCK", name)


class Traffic:
    """Sessions of others: one rests, one has a transaction open and holds a lock, one waits for that."""

    def __init__(self, source, engine):
        self.idle, self.holder, self.waiter = source.session(), source.session(), source.session()
        self.idle("SELECT 1")
        if engine == "postgresql":
            self.holder("BEGIN; SELECT pg_advisory_lock(1)")
            self.send(self.waiter, "SELECT pg_advisory_lock(1)")
        else:
            self.holder("BEGIN; SELECT COUNT(*) FROM Teams FOR UPDATE")
            self.waiter("SET innodb_lock_wait_timeout = 900")
            self.send(self.waiter, "SELECT COUNT(*) FROM Teams FOR UPDATE")

    @staticmethod
    def send(session, sql):
        session.process.stdin.write(sql + ";\n")
        session.process.stdin.flush()

    def close(self):
        self.waiter.process.kill()
        for one in (self.waiter, self.idle, self.holder):
            one.__exit__(None, None, None)


class Installation:
    """A Mattermost with its database, and a minotord that watches both."""

    def __init__(self, servers, engine, version):
        self.engine, self.version, name = engine, version, "seed_" + version.replace(".", "_")
        if version == "real":
            self.source = make_real(servers[engine], engine, name)
        else:
            self.source = installations.generated(servers[engine], engine, version, name)
            if version in LICENSED:
                self.source.sql(licence.sql())
        grant_as_told(servers[engine], engine, name)
        self.source.sql("VACUUM ANALYZE; UPDATE Jobs SET Priority = 1" if engine == "postgresql" else
                        "ANALYZE TABLE Posts, Reactions, Jobs, Users, Channels")
        self.api = Server(NEWEST_OF_SERVER.get(version, version))
        self.api.is_licensed = version in LICENSED
        self.api.tells_of_pools = version == "9.9"
        self.api.nodes = [("node1", "11.6.0")]
        self.reader = installations.Reader(self.source, engine)
        self.traffic = Traffic(self.source, engine)
        self.began = time.time()
        self.daemon = self.prepare().start()

    def data_source(self):
        if self.engine == "postgresql":
            return f"postgres://mmuser:secret@/{self.source.name}?host={self.source.server.socket_dir}&sslmode=disable"
        return f"mmuser:secret@unix({self.source.server.socket})/{self.source.name}?charset=utf8mb4,utf8&writeTimeout=30s"

    def prepare(self):
        now = {"people_interval": "0s", "unindexed_interval": "0s"}
        own = {"kpi": now, "jobs": {"history_interval": "0s"}, "usage": {"details_interval": "0s"},
               "health": {"analytics_on_old_servers": True}}
        one = every_collector.prepare(Minotor, self.source, self.engine, self.api, own=own, interval="1s")
        one.write_collector("usage", {**every_collector.settings_of("usage", {"interval": "1s", "stale_after": "120s"},
                                                                    own["usage"]), "secrets": ["database", "api"]})
        config = {"ServiceSettings": {"SiteURL": self.api.url},
                  "SqlSettings": {"DriverName": "postgres" if self.engine == "postgresql" else "mysql",
                                  "DataSource": self.data_source(), "MaxOpenConns": MAX_OPEN_CONNECTIONS}}
        target = one.settings["targets"][0]
        target["mattermost_config"] = one.write("config.json", json.dumps(config), 0o600)
        target["database"] = {"user": "minotor", "password_file": one.password_file}
        target["api"] = {"token_file": target["api"]["token_file"], "metrics_url": self.api.url}
        one.write_config()
        return one

    def close(self):
        complaints = self.daemon.end()
        self.traffic.close()
        self.reader.close()
        self.api.close()
        assert not complaints, complaints

    # -- what has to be shown ---------------------------------------------------------------------------------

    def health(self):
        def one(name, *labels):
            return ("mattermost_" + name, *labels)

        samples = {one(name): 1 for name in ("up", "usage_status", "system_database_status", "system_filestore_status",
                                             "cluster_nodes")}
        samples[one("cluster_node_info", "node1", "11.6.0")] = 1
        samples[one("websocket_connections")] = fake_mattermost.ANALYTICS["total_websocket_connections"]
        for role, value in (("master", "total_master_db_connections"), ("replica", "total_read_db_connections")):
            samples[one("server_database_connections", role)] = fake_mattermost.ANALYTICS[value]
        for plugin, _, version, state in fake_mattermost.PLUGINS:
            samples[one("plugin_running", plugin)] = int(state == 2)
            samples[one("plugin_info", plugin, version)] = 1
        if self.is_there("mattermost_search_backend_info"):
            samples[one("search_backend_info", "database")] = 1
        return samples

    def usage(self):
        server = NEWEST_OF_SERVER.get(self.version, self.version) + ".0"
        samples = truth.usage(self.reader, edition=licence.SKU if self.api.is_licensed else "free", version=server)
        samples[("mattermost_server_start_timestamp_seconds",)] = (
            STARTED_OF_FAKE if self.api.tells_of_pools else STARTED)
        if self.api.is_licensed:
            samples[("mattermost_license_expiry_timestamp_seconds",)] = licence.EXPIRY_MS / 1000
            samples[("mattermost_license_users",)] = licence.SEATS
        if self.is_there("mattermost_users_limit"):
            samples.update({(family,): value for family, value in LIMITS.items()})
        return samples

    def dbpool(self):
        samples = server_truth.dbpool(self.reader, MAX_OPEN_CONNECTIONS)
        if self.api.tells_of_pools:
            for name, theirs in POOL_NAMES.items():
                samples[(POOL + name, "mattermost")] = sum(pool[theirs] for pool in fake_mattermost.POOLS.values())
        return samples

    def truth(self):
        samples = {**truth.kpi(self.reader), **truth.jobs(self.reader), **self.usage(), **self.health(),
                   **server_truth.sizes(self.reader), **self.dbpool(),
                   ("promhttp_metric_handler_errors_total", "encoding"): 0,
                   ("promhttp_metric_handler_errors_total", "gathering"): 0, (POOL + "max_open_connections", "minotor"): BUDGET}
        samples.update({("mattermost_messages_posted_total", label): value
                        for label, value in truth.messages(self.reader).items()})
        return samples

    def is_there(self, family):
        return family not in SOMETIMES or SOMETIMES[family](self.engine, self.version)

    # -- what is shown ----------------------------------------------------------------------------------------

    def page(self):
        """After a good round of each."""
        for name in every_collector.NAMES:
            page = self.daemon.wait_until_good(name, 30)
        return page

    def samples(self, page):
        """{(family, values of its labels as the manual has them): number} of what is about Mattermost."""
        labels = {**manual.all_families(), "promhttp_metric_handler_errors_total": ["cause"]}
        return {(family, *[dict(pairs)[name] for name in labels[family]]): number
                for (family, pairs), number in page.values.items() if family in labels}


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


@pytest.fixture(scope="module", params=installations.VERSIONS + REAL, ids="-".join)
def watched(request, servers):
    made = Installation(servers, *request.param)
    yield made
    made.close()


def seed_page():
    """{family: (type, label names)} of the plugin's page, and its lines."""
    if not os.path.exists(SEED_PAGE):
        pytest.skip("no ../shared/seed-page.txt beside the source tree")
    with open(SEED_PAGE, encoding="utf-8") as file:
        lines = file.read().splitlines()
    types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE "))
    labels = {line.split("{")[0].split(" ")[0]: set(re.findall(r'(\w+)="', line)) for line in lines if not line.startswith("#")}
    assert set(types) == set(labels)
    return {family: (types[family], labels[family]) for family in types}


def label_names(page, family):
    return {frozenset(name for name, _ in labels) for labels in page.series(family)}


# -- the page ----------------------------------------------------------------------------------------------------------


def test_every_family_and_label_of_the_seed_is_there(watched):
    page = watched.page()
    wanted = {family: (OTHER_TYPES.get(family, kind), {frozenset(OTHER_LABELS.get(family, labels))})
              for family, (kind, labels) in seed_page().items()}
    assert len(wanted) == 26
    shown = {family: (page.families[family].type, label_names(page, family)) for family in wanted if family in page.families}
    assert shown == wanted


def exact_difference(watched, page):
    found, expected = watched.samples(page), watched.truth()
    measured = set(truth.MEASURED) - {"mattermost_database_size_bytes", "mattermost_database_table_size_bytes",
                                      "mattermost_database_table_rows"}
    measured |= {STATE, "mattermost_ping_duration_seconds", "mattermost_full_ping_timestamp_seconds"}
    found = {key: value for key, value in found.items()
             if key[0] not in measured and (key[1:] != ("minotor",) or key[0] == POOL + "max_open_connections")}
    return truth.difference(found, expected)


def test_every_value_is_true(watched):
    """What the database server measures of itself may be a moment late."""
    page, end = watched.page(), time.monotonic() + 30
    while wrong := exact_difference(watched, page):
        assert time.monotonic() < end, wrong
        page = watched.daemon.next_round(next(name for name in every_collector.NAMES))


def test_every_time_of_a_look_is_of_now(watched):
    samples, now = watched.samples(watched.page()), time.time()
    looks = {key: value for key, value in samples.items() if "counted_timestamp" in key[0] or "full_ping_timestamp" in key[0]}
    assert set(looks) == {("mattermost_kpi_counted_timestamp_seconds", table) for table in ("posts", "files", "reactions")} | {
        ("mattermost_usage_counted_timestamp_seconds", table) for table in ("posts", "files")} | {
        ("mattermost_jobs_counted_timestamp_seconds",), ("mattermost_full_ping_timestamp_seconds",)}
    assert all(watched.began - 1 <= value <= now + 1 for value in looks.values()), looks
    assert 0 < samples[("mattermost_ping_duration_seconds",)] < 10


def test_connections_are_those_of_the_server(watched):
    """Those of others exactly, and one or two of minotor, of which one asks."""
    def is_true(page):
        samples, others = watched.samples(page), server_truth.others_by_state(watched.reader)
        shown = {key[1]: value for key, value in samples.items() if key[0] == STATE}
        print(shown, others)
        return (1 <= sum(shown.values()) - sum(others.values()) <= BUDGET and others.keys() <= shown.keys() and
                all(others.get(state, 0) + (state == "active") <= count <= others.get(state, 0) + BUDGET
                    for state, count in shown.items()))

    # In the moment between page and question others may begin to work, or stop.
    watched.daemon.wait_for(is_true, 20, "what the server says")


def test_own_pool_is_what_the_server_sees(watched):
    def pool(page):
        return {name: page.value(POOL + name, pool="minotor") for name in
                ("open_connections", "connections_in_use", "connections_idle")}

    one = watched.daemon
    # In the moment between page and question one may come or go.
    page = one.wait_for(lambda page: 1 <= pool(page)["open_connections"] == server_truth.own_sessions(watched.reader), 20,
                        "as many as the server sees")
    assert pool(page)["open_connections"] <= BUDGET
    # One that is being closed is neither, and has its place until the server has noticed.
    assert pool(page)["connections_in_use"] + pool(page)["connections_idle"] <= pool(page)["open_connections"]
    later = one.next_round("dbpool")
    for name in ("wait_count", "wait_duration_seconds", "idle_connections_closed_total", "idle_time_connections_closed_total",
                 "lifetime_connections_closed_total"):
        assert 0 <= page.value(POOL + name, pool="minotor") <= later.value(POOL + name, pool="minotor")


def test_manual_pages_name_what_is_shown(watched):
    page = watched.page()
    ours = {family for family in page.families if family.startswith("mattermost_")}
    labels = manual.all_families()
    assert ours <= labels.keys()
    absent = labels.keys() - ours
    assert absent == {family for family in labels if not watched.is_there(family)}
    for family in ours:
        assert label_names(page, family) == {frozenset(labels[family])}, family


def test_it_is_quiet(watched):
    """Nothing is missing, so nothing is said; least of all a password. What the machine's kernel lacks is another matter."""
    log = watched.daemon.log()
    assert watched.daemon.log_lines("level=(warning|error)") == []
    assert PASSWORD_MARK not in log and "mmuser:secret" not in log


# -- the README's table --------------------------------------------------------------------------------------------------


def spelled_out(pattern):
    """The names that {a,b} in it stands for."""
    parts = [part.strip("{}").split(",") if part.startswith("{") else [part] for part in re.split(r"(\{[^}]*\})", pattern)]
    return {"".join(parts) for parts in itertools.product(*parts)}


def readme_rows():
    """[(the patterns of its first cell, the whole row)] of the table under "Coming from the plugin"."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        text = file.read().split("## Coming from the plugin", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [(set().union(*map(spelled_out, re.findall(r"`([^`]+)`", row.split("|")[1]))), row) for row in rows]


def test_readme_names_each_family_of_the_seed_once():
    rows = readme_rows()
    named = {family: [row for patterns, row in rows if any(fnmatch.fnmatchcase(family, one) for one in patterns)]
             for family in seed_page()}
    assert {family: len(found) for family, found in named.items() if len(found) != 1} == {}
    for patterns, row in rows:
        for pattern in patterns:
            assert fnmatch.filter(named, pattern), f"{pattern} is no family of the plugin"
    for family in OTHER_LABELS:
        assert "`pool=" in named[family][0]
    for family in OTHER_TYPES:
        assert "counter" in named[family][0]


def test_readme_names_families_that_exist():
    """Also those that came instead."""
    ours = set(manual.all_families()) | set(seed_page())
    for _, row in readme_rows():
        for name in set().union(*map(spelled_out, re.findall(r"`(mattermost_[^`]+)`", row))):
            assert fnmatch.filter(ours, name), name
