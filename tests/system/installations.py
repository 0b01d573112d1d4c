# SPDX-License-Identifier: Apache-2.0
"""Databases of both engines behind one door, read with exactly the role of etc/sql, and workers of any collector."""

import os
import re

import database
import lone_worker
import mysql_database
from minotor import BUILD, PATHS, SOURCE
from mysql_database import quoted

VERSIONS = [("postgresql", "5.37"), ("postgresql", "9.9"), ("postgresql", "11.6"), ("mysql", "5.37"), ("mysql", "9.9")]
MODULES = {"postgresql": database, "mysql": mysql_database}


def role_script(engine):
    with open(os.path.join(SOURCE, "etc", "sql", engine + "-role.sql"), encoding="utf-8") as file:
        return file.read()


def grant(server, engine, name):
    """What an administrator does, twice: it may be run again."""
    for _ in range(2):
        if engine == "postgresql":
            server.psql(role_script(engine), name)
        else:
            server.sql(role_script(engine), name)
    if engine == "postgresql":
        # Many workers of one test are one role's sessions.
        server.psql(f"ALTER ROLE minotor CONNECTION LIMIT 50 PASSWORD '{database.PASSWORD.replace(chr(39), chr(39) * 2)}'")
    else:
        server.sql(f"ALTER USER minotor@localhost IDENTIFIED BY {quoted(mysql_database.PASSWORD)}"
                   " WITH MAX_USER_CONNECTIONS 50 ACCOUNT UNLOCK")


def optional_grants(engine):
    """What a script of etc/sql leaves to the administrator: statements that give, and that take it back."""
    given = re.findall(r"^-- (GRANT .*;)$", role_script(engine), re.MULTILINE)
    return given, [statement.replace("GRANT ", "REVOKE ", 1).replace(" TO ", " FROM ") for statement in given]


def run_all(server, engine, statements):
    for statement in statements:
        (server.psql if engine == "postgresql" else server.sql)(statement)


def generated(server, engine, version, name, posts=400):
    fixture = MODULES[engine].mattermost_fixture
    server.create_database(name)
    server.load(fixture.database(engine, version, posts=posts), name)
    grant(server, engine, name)
    return MODULES[engine].Mattermost(server, name)


def real(server, engine, name):
    source = MODULES[engine].real(server, name)
    grant(server, engine, name)
    return source or MODULES[engine].Mattermost(server, name)


def module(collector):
    return os.path.join(BUILD, "collectors", collector, ".libs", collector + ".so")


def drivers(folder):
    """All drivers of the build tree in one folder, as they are installed."""
    for name in ("database/.libs/postgresql.so", "database/.libs/mysql.so", "api/.libs/api.so"):
        link = os.path.join(folder, os.path.basename(name))
        if not os.path.lexists(link):
            os.symlink(os.path.join(BUILD, "core", name), link)
    return folder


def with_drivers(one):
    """For a minotord, not yet started, whose collectors ask more than one database. Its configuration is not written."""
    folder = os.path.join(one.directory, "drivers")
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    one.settings["paths"] = {**PATHS, "drivers": drivers(folder)}


def place(source, engine, collector, driver_folder, own=None, **settings):
    """The settings of a lone worker; `own` are those of the collector."""
    given = {"slot": collector, "collector": collector, "target": "mattermost", "plugin": module(collector),
             "drivers": driver_folder, "interval_ms": 200, "timeout_ms": 5000, "first_delay_ms": 0,
             "database.driver": engine, "database.host": source.server.socket_dir,
             "database.port": 5432 if engine == "postgresql" else 3306, "database.name": source.name,
             "database.user": "minotor", "database.password": MODULES[engine].PASSWORD,
             "database.sslmode": "prefer"}
    given.update({"setting." + name: value for name, value in (own or {}).items()})
    given.update({name.replace("__", "."): value for name, value in settings.items()})
    return given


def worker(*arguments, state=None, **settings):
    return lone_worker.LoneWorker(place(*arguments, **settings), state=state)


class Reader:
    """The same installation through a client that stays connected: many questions cost no new process."""

    def __init__(self, source, engine):
        self.server, self.session = source.server, source.session()
        self.separator = "|" if engine == "postgresql" else "\t"

    def sql(self, text):
        return "\n".join(self.session(text))

    def rows(self, text):
        return [line.split(self.separator) for line in self.session(text)]

    def close(self):
        self.session.__exit__(None, None, None)
