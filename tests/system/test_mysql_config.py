# SPDX-License-Identifier: Apache-2.0
"""minotord on MariaDB with passwords of any characters, from Mattermost's configuration and from a file: they work and
are seen nowhere, also when they are wrong."""

import pytest

import database
import mysql_database
from mysql_database import quoted
from test_mattermost_config import MARK, PASSWORDS, assert_secret, config_json, learner, spellings  # noqa: F401

USER = "mattermost"


@pytest.fixture(scope="module")
def source():
    with mysql_database.PrivateMariaDB() as server:
        made = mysql_database.generated(server, "mattermost", "9.9")
        made.sql(f"CREATE USER {USER}@localhost; GRANT SELECT ON mattermost.* TO {USER}@localhost")
        yield made


def change(source, password):
    source.sql(f"ALTER USER {USER}@localhost IDENTIFIED BY {quoted(password)}")


def data_source(source, password):
    """As Go's driver wants it: nothing is escaped."""
    return (f"{USER}:{password}@unix({source.server.socket})/{source.name}?charset=utf8mb4,utf8&readTimeout=30s"
            "&writeTimeout=30s")


def assert_told(one, password, good):
    """The right number or a failure without the password, in log, page, argv and environ."""
    page = one.wait_for(lambda page: page.collector("success") == (1 if good else 0) and one.rounds(page) > 0, 15, "a round")
    shown = page.value("mattermost_kpi_posts_total")
    assert_secret(one, password)
    for text in spellings(password):
        assert text not in one.get("/metrics").text and text not in one.get("/").text
    return shown


@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_data_source_in_config_json(learner, source, number):  # noqa: F811
    password = PASSWORDS[number]
    change(source, password)
    text = config_json(data_source(source, password), DriverName="mysql")
    one = learner({"config.json": text}, mattermost_config="config.json").start()
    assert assert_told(one, password, True) == source.number("SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0")
    done = one.run("--check")
    assert MARK not in done.stdout + done.stderr


@pytest.mark.parametrize("good", (True, False), ids=("right", "wrong"))
@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_password_file(minotor, source, number, good):
    change(source, PASSWORDS[number] if good else "another")
    one = minotor({"kpi": {"interval": "500ms", "stale_after": "5s"}}, password=PASSWORDS[number],
                  database=lambda path: {**source.settings(path), "user": USER}).start()
    shown = assert_told(one, PASSWORDS[number], good)
    assert shown == (source.number("SELECT COUNT(*) FROM Posts WHERE DeleteAt = 0") if good else None)
    if not good:
        assert "Access denied" in one.log()


@pytest.mark.parametrize("good", (True, False), ids=("right", "wrong"))
@pytest.mark.parametrize("number", range(len(PASSWORDS)))
def test_password_file_on_postgresql(minotor, mattermost, numbers, number, good):
    name, server = f"filed_{next(numbers)}", mattermost.server
    server.create_role(name, PASSWORDS[number] if good else "another")
    server.psql(f"GRANT {database.ROLE} TO {name}")
    try:
        one = minotor({"kpi": {"interval": "500ms", "stale_after": "5s"}}, password=PASSWORDS[number],
                      database=lambda path: {**mattermost.settings(path), "user": name}).start()
        shown = assert_told(one, PASSWORDS[number], good)
        assert shown == (mattermost.number(database.LIVE_POSTS) if good else None)
        one.stop()
    finally:
        server.psql(f"DROP ROLE {name}")
