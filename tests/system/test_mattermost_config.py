# SPDX-License-Identifier: Apache-2.0
"""minotord learns its target from Mattermost's own configuration, and gives away none of its passwords."""

import json
import os
import re
import urllib.parse

import database
import libconfig
import processes
import pytest
from minotor import AS_ROOT, SOURCE

CONFIG_ERROR = 78
MARK = "Hush7f3a"
PASSWORDS = [
    MARK + "plain",
    MARK + "# % ? & @ / : ' \" \\ \u00fc end",
    MARK + "%41%zz%",
    "@" + MARK + "@host:5432/database?x=y#z",
    "'" + MARK + "\\'",
    "$(x)`" + MARK + "`${y}\u20ac+ =&sslmode=disable",
]


class Role:
    """One account that may read what ROLE may, with a password of its own."""

    def __init__(self, server, name, password):
        self.server, self.name, self.password = server, name, password
        server.create_role(name, password)
        server.psql(f'GRANT {database.ROLE} TO "{name}"')

    def change(self, password):
        secret = password.replace("'", "''")
        self.server.psql(f"""ALTER ROLE "{self.name}" PASSWORD '{secret}'""")
        self.password = password

    def url(self, base, name=None, **more):
        """As an administrator of Mattermost has to write it for Go."""
        query = urllib.parse.urlencode({"host": self.server.socket_dir, "connect_timeout": 10, "binary_parameters": "yes",
                                        "sslmode": "disable", **more})
        password = urllib.parse.quote(self.password, safe="")
        return f"postgres://{name or self.name}:{password}@/{base}?{query}"

    def pairs(self, base):
        quoted = self.password.replace("\\", "\\\\").replace("'", "\\'")
        return f"user={self.name} password='{quoted}' dbname={base} host={self.server.socket_dir} sslmode=disable"


@pytest.fixture
def role(mattermost, numbers):
    made = []

    def make(password=PASSWORDS[1]):
        made.append(Role(mattermost.server, f"mm_{next(numbers)}", password))
        return made[-1]

    yield make
    for one in made:
        mattermost.server.psql(f'DROP ROLE "{one.name}"')


def config_json(source, **more):
    """Go writes JSON like this: an & is \\u0026."""
    settings = {
        "ServiceSettings": {"SiteURL": "http://127.0.0.1:1", "ListenAddress": ":8065", "EnableLocalMode": False},
        "SqlSettings": {"DriverName": "postgres", "DataSource": source, "DataSourceReplicas": [], "MaxIdleConns": 20,
                        "MaxOpenConns": 300, **more},
        "MetricsSettings": {"Enable": False, "ListenAddress": ":8067"},
    }
    return json.dumps(settings, indent=4).replace("&", "\\u0026")


@pytest.fixture
def learner(minotor):
    """learner(files, **target): minotord whose one target is this; each member that names a file gets its path."""
    def make(files, **target):
        one = minotor({"kpi": {"interval": "500ms", "timeout": "500ms", "stale_after": "5s"}})
        paths = {name: one.write(name, text, 0o600) for name, text in files.items()}
        settings = {key: paths.get(value, value) if isinstance(value, str) else value for key, value in target.items()}
        one.settings["targets"] = [{"name": "mattermost", **settings}]
        one.write_config()
        return one
    return make


def spellings(password):
    """The password as it is and as the files have it."""
    return {password, urllib.parse.quote(password, safe=""), json.dumps(password)[1:-1], MARK}


def assert_secret(one, password):
    """Neither the log nor what /proc shows of any process has it."""
    for pid in [one.pid, *processes.children(one.pid)]:
        if AS_ROOT:
            seen = processes.read(pid, "environ") or not processes.alive(pid)  # who has died has nothing to show
            assert seen, f"/proc/{pid}/environ cannot be read, so nothing is shown by it"
        for name in ("cmdline", "environ", "comm"):
            for text in spellings(password):
                assert text not in processes.read(pid, name), f"{name} of {processes.title(pid)}"
    for text in spellings(password):
        assert text not in one.log()


def assert_true_page(one, mattermost, password):
    one.start()
    page = one.wait_until_good()
    assert page.value("mattermost_kpi_posts_total") == mattermost.truth()["posts_total"]
    assert_secret(one, password)
    assert MARK not in one.get("/metrics").text and MARK not in one.get("/").text


# ------------------------------------------------------------------------------------------- it connects

@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_url_in_config_json(learner, role, mattermost, number):
    account = role(PASSWORDS[number])
    one = learner({"config.json": config_json(account.url(mattermost.name))}, mattermost_config="config.json")
    assert_true_page(one, mattermost, account.password)


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_pairs_in_config_json(learner, role, mattermost, number):
    account = role(PASSWORDS[number])
    one = learner({"config.json": config_json(account.pairs(mattermost.name))}, mattermost_config="config.json")
    assert_true_page(one, mattermost, account.password)


def test_variable_goes_before_config_json(learner, role, mattermost):
    account = role()
    one = learner({"config.json": config_json("postgres://nobody:no@/nothing?host=/nowhere"),
                   "environment": f"# of Mattermost\nMM_SQLSETTINGS_DATASOURCE='{account.url(mattermost.name)}'\n"},
                  mattermost_config="config.json", mattermost_environment="environment")
    assert_true_page(one, mattermost, account.password)


def test_replica_goes_before_master(learner, role, mattermost):
    account = role()
    one = learner({"config.json": config_json("postgres://nobody:no@/nothing?host=/nowhere",
                                              DataSourceReplicas=[account.url(mattermost.name), "postgres://x@y/z"])},
                  mattermost_config="config.json")
    assert_true_page(one, mattermost, account.password)


@pytest.mark.parametrize("place", ["MM_CONFIG", "file"])
def test_configuration_in_the_database(learner, role, mattermost, place):
    account = role()
    source = account.url(mattermost.name)
    if place == "MM_CONFIG":
        one = learner({"environment": f"MM_CONFIG={source}\n"}, mattermost_environment="environment")
    else:
        one = learner({"dsn": source + "\n"}, mattermost_config_dsn_file="dsn")
    assert_true_page(one, mattermost, account.password)


def test_schema_of_the_data_source(learner, role, mattermost):
    """Tables elsewhere than in `public` are found as Mattermost finds them."""
    account = role()
    mattermost.sql("ALTER SCHEMA public RENAME TO chat; CREATE SCHEMA public")
    one = learner({"config.json": config_json(account.url(mattermost.name, search_path="nothing,chat"))},
                  mattermost_config="config.json")
    one.start()
    assert one.wait_until_good().value("mattermost_kpi_posts_total") == int(
        mattermost.sql("SELECT count(*) FROM chat.posts WHERE deleteat = 0"))


def test_explicit_role_goes_before_mattermosts(learner, role, mattermost):
    """An administrator gives minotor a role of its own; the place comes from Mattermost."""
    account = role()
    source = account.url(mattermost.name, name="mattermost_itself")
    one = learner({"config.json": config_json(source)}, mattermost_config="config.json")
    one.settings["targets"][0]["database"] = {"user": account.name,
                                              "password_file": one.write("own", account.password + "\n", 0o600)}
    one.write_config()
    assert_true_page(one, mattermost, account.password)


# ------------------------------------------------------------------------------------------- it changes

def test_new_password_after_reload(learner, role, mattermost):
    account = role()
    one = learner({"config.json": config_json(account.url(mattermost.name))}, mattermost_config="config.json")
    one.start()
    one.wait_until_good()
    first = one.worker()
    offset = len(one.log())
    one.reload()
    one.wait_for_log("1 slots unchanged, 0 restarted", offset=offset)
    one.next_round()
    assert one.worker() == first, "nothing had changed"
    account.change(PASSWORDS[3])
    one.write("config.json", config_json(account.url(mattermost.name)), 0o600)
    one.reload()
    one.wait_for_child("kpi", other_than=first)
    one.wait_until_good()
    for password in PASSWORDS:
        assert_secret(one, password)


def test_password_does_not_go_to_another_place(learner, role, mattermost):
    """Between two reloads the file may name another database: its password is for that one."""
    account = role()
    one = learner({"config.json": config_json(account.url(mattermost.name))}, mattermost_config="config.json")
    one.start()
    one.wait_until_good()
    one.write("config.json", config_json("postgres://other:" + MARK + "@elsewhere/d"), 0o600)
    processes.kill_now(one.worker())
    one.wait_for_log("SqlSettings.DataSource has changed and names another database or user; reload minotord")
    one.write("config.json", config_json(account.url(mattermost.name)), 0o600)
    one.wait_until_good()
    assert MARK not in one.log()


# ------------------------------------------------------------------------------------------- it says

def test_check_tells_where_from_and_no_password(learner, role, mattermost):
    account = role()
    one = learner({"config.json": config_json(account.url(mattermost.name, work_mem="1MB"))},
                  mattermost_config="config.json")
    done = one.run("--check")
    assert done.returncode == 0, done.stderr
    place = os.path.join(one.directory, "config.json") + ": SqlSettings.DataSource"
    for part in (f'postgresql database "{mattermost.name}" on "{mattermost.server.socket_dir}" port 5432 as user "{account.name}"',
                 f"from {place}", f"password from {place}", "1 session parameters"):
        assert part in done.stdout
    assert MARK not in done.stdout + done.stderr


@pytest.mark.parametrize("own", [False, True], ids=["mattermosts account", "own account"])
def test_the_template_does_as_its_comments_say(learner, mattermost, own):
    """Its `database' says where; deleted, or cut down to the account, it leaves that to Mattermost's configuration."""
    one = learner({"config.json": config_json("postgres://theirs:" + MARK + "@db.example.org:6000/chat?sslmode=disable")})
    with open(os.path.join(SOURCE, "etc", "minotor.conf"), encoding="utf-8") as file:
        text = file.read()
    config = os.path.join(one.directory, "config.json")
    text, found = re.subn(r'#(mattermost_config = )".*"', lambda match: match[1] + libconfig.quote(config), text)
    assert found == 1
    paths = "".join(f"{name} = {libconfig.value(one.settings[name])};\n" for name in ("user", "paths") if name in one.settings)
    one.write("minotor.conf", paths + text)
    as_installed = one.run("--check=files")
    assert 'database "mattermost" on "/run/postgresql" port ' in as_installed.stdout
    begin, end = text.index("        database = {\n"), text.index("        };\n", text.index("        database = {\n"))
    password_file = libconfig.quote(one.write("own", MARK + "\n", 0o600))
    rest = f"database = {{ user = \"minotor\"; password_file = {password_file}; }};\n" if own else ""
    one.write("minotor.conf", paths + text[:begin] + rest + text[end + len("        };\n"):])
    changed = one.run("--check=files")
    assert changed.returncode == 0, changed.stderr
    user = "minotor" if own else "theirs"
    assert f'database "chat" on "db.example.org" port 6000 as user "{user}"' in changed.stdout


@pytest.mark.parametrize("text, complaint", [
    (None, "config.json: cannot be read (No such file or directory)"),
    ("{\n\"SqlSettings\": {\n\"DataSource\": \"" + MARK, "config.json:3: "),
    (config_json("postgres://u:" + MARK + "#x@h/d"), "config.json: SqlSettings.DataSource cannot be used: a # stands in it"),
    (config_json("postgres://u:" + MARK + "/x@h/d"), "SqlSettings.DataSource cannot be used: the port"),
    (config_json(MARK), "SqlSettings.DataSource cannot be used: it is neither a URL nor"),
    (config_json("postgres://u:p@h/d", DriverName=MARK), "SqlSettings.DriverName is another text"),
    (config_json("postgres://u:p@h/d", MaxOpenConns=MARK), "\"SqlSettings.MaxOpenConns\" is of another type"),
], ids=["missing", "torn", "hash", "slash", "word", "driver", "number"])
@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
def test_bad_configuration_is_one_clear_line(learner, text, complaint, arguments):
    one = learner({} if text is None else {"config.json": text}, mattermost_config="config.json")
    done = one.run(*arguments)
    assert done.returncode == CONFIG_ERROR
    said = [line for line in (done.stdout + done.stderr).splitlines() if "config.json" in line]
    assert len(said) == 1 and complaint in said[0].replace('\\"', '"'), done.stderr
    assert MARK not in done.stdout + done.stderr


def test_contradictions_in_minotor_conf(learner):
    one = learner({"config.json": config_json("postgres://u:p@h/d")}, mattermost_config="config.json",
                  mattermost_config_dsn_file="dsn", database={"driver": "postgresql"})
    done = one.run("--check")
    assert done.returncode == CONFIG_ERROR
    assert 'both "mattermost_config" and "mattermost_config_dsn_file" are given' in done.stderr
    one = learner({"config.json": config_json("postgres://u:p@h/d")}, mattermost_config="config.json",
                  database={"driver": "mysql"}, api={"url": "http://user:" + MARK + "@chat"})
    done = one.run("--check")
    assert done.returncode == CONFIG_ERROR
    assert 'Mattermost\'s configuration says "postgresql"' in done.stderr
    assert '"url" is no URL that can be used' in done.stderr
    assert MARK not in done.stderr
