# SPDX-License-Identifier: Apache-2.0
"""Mattermost's configuration stands in its database: MM_CONFIG is a data source, and the row `Configurations` has the
rest, as config.json would. minotord reads it, applies what it says, and follows it at a reload."""

import json
import urllib.parse

import pytest

import every_collector
import installations
import processes
from database import PrivatePostgreSQL
from fake_mattermost import FakeMattermost
from minotor import AS_ROOT
from mysql_database import PrivateMariaDB, quoted

MARK = "Row-7f3a"
PASSWORD = MARK + "\u00fc'x"
ENGINES = [("postgresql", "11.6"), ("mysql", "9.9")]


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


class Installation:
    """A database with an account of Mattermost's own, which may read all of it."""

    def __init__(self, server, engine, version, name):
        self.source, self.engine, self.user = installations.generated(server, engine, version, name), engine, "mm_" + name
        if engine == "postgresql":
            server.create_role(self.user, PASSWORD)
            self.source.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {self.user};"
                            f" GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {self.user}")
        else:
            server.sql(f"CREATE USER {self.user}@localhost IDENTIFIED BY {quoted(PASSWORD)};"
                       f" GRANT SELECT ON {name}.* TO {self.user}@localhost")

    def data_source(self, name=None, scheme=True):
        name = name or self.source.name
        if self.engine == "mysql":
            return f"{'mysql://' if scheme else ''}{self.user}:{PASSWORD}@unix({self.source.server.socket_dir}/mysqld.sock)/{name}"
        query = urllib.parse.urlencode({"host": self.source.server.socket_dir, "sslmode": "disable", "binary_parameters": "yes"})
        return f"postgres://{self.user}:{urllib.parse.quote(PASSWORD, safe='')}@/{name}?{query}"

    def write(self, text):
        """As Mattermost does: the old one stays, and is active no more."""
        literal = "'" + text.replace("\\", "\\\\" if self.engine == "mysql" else "\\").replace("'", "''") + "'"
        number = self.source.number("SELECT COUNT(*) FROM Configurations")
        self.source.sql("UPDATE Configurations SET Active = NULL;"
                        " INSERT INTO Configurations (Id, Value, CreateAt, Active)"
                        f" VALUES ('{'c' * 24}{number:02}', {literal}, {1700000000000 + number}, TRUE)")

    def document(self, site_url="", **sql):
        return json.dumps({
            "ServiceSettings": {"SiteURL": site_url, "ListenAddress": ":1", "EnableLocalMode": False},
            "SqlSettings": {"DriverName": "mysql" if self.engine == "mysql" else "postgres", "MaxOpenConns": 71,
                            "DataSource": self.data_source(scheme=False), "DataSourceReplicas": [], **sql},
            "EmailSettings": {"SMTPPassword": MARK + "smtp"},
        }).replace("&", "\\u0026")


@pytest.fixture
def installation(request, servers, numbers):
    engine, version = request.param
    return Installation(servers[engine], engine, version, f"row_{next(numbers)}")


def each(test):
    return pytest.mark.parametrize("installation", ENGINES, indirect=True, ids="-".join)(test)


@pytest.fixture
def learner(minotor):
    def make(installation, variables="", names=("dbpool", "health", "kpi")):
        source = installation.source
        with FakeMattermost() as unused:
            one = every_collector.prepare(minotor, source, installation.engine, unused, names=names)
        path = one.write("environment", f"MM_CONFIG=\"{installation.data_source()}\"\n{variables}", 0o600)
        one.settings["targets"] = [{"name": "mattermost", "mattermost_environment": path}]
        one.write_config()
        return one
    return make


def assert_secret(one):
    for pid in [one.pid, *processes.children(one.pid)]:
        for name in ("cmdline", "environ"):
            assert MARK not in processes.read(pid, name)
        if AS_ROOT:
            assert processes.read(pid, "environ") or not processes.alive(pid)
    assert MARK not in one.log() and MARK not in one.get("/").text and MARK not in one.get("/metrics").text


def limit(page):
    return page.by_label("mattermost_db_max_open_connections", "pool").get("mattermost")


@each
def test_what_stands_there_is_applied_and_followed(learner, installation):
    with FakeMattermost() as server:
        installation.write(installation.document(server.url))
        one = learner(installation).start()
        for name in ("dbpool", "health", "kpi"):
            page = one.wait_until_good(name)
        assert limit(page) == 71 and page.value("mattermost_up") == 1
        # No worker was started without knowing: the first generation of each has it all.
        assert len(one.log_lines(r"\"[\w-]+\[\d+\]: generation 1 was started")) == 5 and one.log_lines("generation 2 ") == []
        assert one.worker("mattermost-config") is None, "the reader has ended"
        assert_secret(one)
        installation.write(installation.document(server.url, MaxOpenConns=72))
        one.reload()
        page = one.wait_for(lambda page: limit(page) == 72, 20, "the new limit")
        first = one.worker("kpi")
        # The same again: nobody is disturbed.
        offset = len(one.log())
        one.reload()
        one.wait_for_log(r"mattermost-config.*generation \d+ ended", 10, offset)
        one.next_round()
        assert one.worker("kpi") == first
        assert_secret(one)


@each
def test_variables_go_before_it(learner, installation):
    installation.write(installation.document("http://127.0.0.1:1/nobody"))
    with FakeMattermost() as server:
        one = learner(installation, f"MM_SERVICESETTINGS_SITEURL={server.url}\nMM_SQLSETTINGS_MAXOPENCONNS=73\n").start()
        page = one.wait_until_good("health")
        assert page.value("mattermost_up") == 1
        assert limit(one.wait_until_good("dbpool")) == 73


@each
def test_a_replica_that_stands_there(learner, installation, servers, numbers):
    """It has posts that the master has not, so that one sees who was asked."""
    other = Installation(servers[installation.engine], installation.engine, "9.9", f"row_{next(numbers)}")
    other.source.sql("DELETE FROM Posts")
    replica = other.data_source(scheme=False)
    installation.write(installation.document(DataSourceReplicas=[replica]))
    one = learner(installation, names=("kpi",)).start()
    assert one.wait_until_good().value("mattermost_kpi_posts_total") == 0
    assert_secret(one)


@each
def test_a_restart_goes_on(learner, installation, servers, numbers):
    """What is kept is about a database that minotord does not know of when it reads the state file."""
    other = Installation(servers[installation.engine], installation.engine, "9.9", f"row_{next(numbers)}")
    installation.write(installation.document(DataSourceReplicas=[other.data_source(scheme=False)]))
    one = learner(installation, names=("kpi",)).start()
    before = one.wait_until_good().by_label("mattermost_kpi_counted_timestamp_seconds", "table")
    assert set(before) == {"posts", "files", "reactions"}
    assert one.stop()[0] == 0
    one.start()
    assert one.wait_until_good().by_label("mattermost_kpi_counted_timestamp_seconds", "table") == before


@each
def test_nobody_waits_for_it_in_vain(learner, installation):
    """No row: what the data source alone says has to do, and when the row comes, it is noticed by itself."""
    one = learner(installation).start()
    page = one.wait_until_good("kpi")
    assert page.value("mattermost_kpi_posts_total") > 0
    assert limit(one.wait_until_good("dbpool")) is None
    assert one.log_lines("none of Mattermost's configurations is active")
    installation.write(installation.document())
    one.wait_for(lambda page: limit(page) == 71, 60, "the limit")
    assert_secret(one)


@each
def test_what_stands_there_is_nonsense(learner, installation):
    installation.write(installation.document(MaxOpenConns="many" + MARK))
    one = learner(installation).start()
    assert one.wait_until_good("kpi").value("mattermost_kpi_posts_total") > 0
    assert [line for line in one.log_lines("level=error") if "the database: " in line and "SqlSettings.MaxOpenConns" in line]
    # It is put right, and does not stand in the way of its own repair.
    installation.write(installation.document())
    one.reload()
    one.wait_for(lambda page: limit(page) == 71, 20, "the limit")
    assert_secret(one)


@each
def test_check(learner, installation):
    with FakeMattermost() as server:
        installation.write(installation.document(server.url))
        done = learner(installation).run("--check", timeout=60)
        assert done.returncode == 0, done.stderr
        assert "health: round ok" in done.stdout and MARK not in done.stdout + done.stderr
    installation.write(installation.document(MaxOpenConns="many"))
    done = learner(installation, names=("kpi",)).run("--check", timeout=60)
    assert done.returncode == 78 and "SqlSettings.MaxOpenConns" in done.stderr
    installation.source.sql("DELETE FROM Configurations")
    done = learner(installation, names=("kpi",)).run("--check", timeout=60)
    assert done.returncode == 69 and "none of Mattermost's configurations is active" in done.stderr, done.stderr
    assert "kpi: round ok" in done.stdout
