# SPDX-License-Identifier: Apache-2.0
"""Mattermost databases for the tests: private, small, and counted by hand-written SQL."""

import os
import subprocess
import sys
import time

from minotor import SHARED, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "tests", "fixtures"))

import mattermost_fixture  # noqa: E402
import private_postgresql  # noqa: E402
from private_postgresql import PrivatePostgreSQL  # noqa: E402,F401

# Everything that a connection string, a shell or a URL could stumble over.
PASSWORD = "Hush-7f3a'\"\\@:/?#%20 &=$(x)end"
PASSWORD_MARK = "Hush-7f3a"
ROLE = "minotor"
REAL_DUMP = os.path.join(SHARED, "real", "mattermost-5.37-postgresql.dump")

LIVE_POSTS = "SELECT count(*) FROM posts WHERE deleteat = 0"
LAST_POST = "SELECT max(createat) FROM posts WHERE deleteat = 0"
CHANNELS = "SELECT type::text, count(*) FROM channels WHERE deleteat = 0 GROUP BY type"
REACTIONS = """SELECT emojiname, count(*) FROM reactions WHERE COALESCE(deleteat, 0) = 0
               GROUP BY emojiname ORDER BY count(*) DESC, emojiname"""
ALL_REACTIONS = "SELECT count(*) FROM reactions WHERE COALESCE(deleteat, 0) = 0"
ARCHIVED = "SELECT type::text, count(*) FROM channels WHERE deleteat > 0 GROUP BY type"
LAST_REACTION = "SELECT max(createat) FROM reactions WHERE COALESCE(deleteat, 0) = 0"
SESSIONS = """SELECT count(*) FROM sessions
              WHERE expiresat = 0 OR expiresat > (extract(epoch FROM clock_timestamp()) * 1000)::bigint"""
CHANNEL_TYPES = {"O": "public", "P": "private", "D": "direct", "G": "group"}


def now_ms():
    return time.time_ns() // 1_000_000


def new_id(mark, number=0):
    """An id of Mattermost's shape that no sample data contains."""
    return f"{mark}{number:04}".ljust(26, "x")


class Session:
    """One psql that stays connected: holds locks, and looks without the cost of a new connection."""

    END = "end-of-answer"

    def __init__(self, server, database):
        self.process = subprocess.Popen(
            [os.path.join(private_postgresql.binary_directory(), "psql"), "-X", "-q", "-A", "-t", "-w", "-v",
             "ON_ERROR_STOP=1", "-h", server.socket_dir, "-U", private_postgresql.SUPERUSER, "-d", database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __call__(self, sql):
        """Runs it and returns its rows as lines."""
        self.process.stdin.write(f"{sql};\nSELECT '{self.END}';\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line == self.END:
                return lines
            lines.append(line)
        raise AssertionError("psql: " + " ".join(lines))

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Mattermost:
    """A database of Mattermost's shape, and what is true of it."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def sql(self, text):
        return self.server.psql(text, self.name)

    def rows(self, text):
        return [line.split("|") for line in self.sql(text).splitlines()]

    def session(self):
        return Session(self.server, self.name)

    def number(self, text):
        answer = self.sql(text)
        return int(answer) if answer else None

    def settings(self, password_file, **more):
        """The `database` group of a target."""
        return {"driver": "postgresql", "host": self.server.socket_dir, "port": 5432, "name": self.name, "user": ROLE,
                "password_file": password_file, **more}

    def channels(self, query):
        counted = dict(self.rows(query))
        return {name: int(counted.get(letter, 0)) for letter, name in CHANNEL_TYPES.items()}

    def truth(self):
        """{family: number or {label value: number}} as the page has to show it."""
        return {
            "posts_total": self.number(LIVE_POSTS),
            "last_post_date": self.number(LAST_POST),
            "last_post_timestamp_seconds": self.number(LAST_POST) / 1000,
            "channels_total": self.channels(CHANNELS),
            "channels_archived": self.channels(ARCHIVED),
            "reactions": self.number(ALL_REACTIONS),
            "reaction_total": {name: int(count) for name, count in self.rows(REACTIONS + " LIMIT 5")},
            "reaction_last_seconds": self.number(LAST_REACTION) / 1000,
            "sessions_total": self.number(SESSIONS),
        }

    # -- what a Mattermost server would do, row by row ----------------------------------------------------------

    def _clone(self, table, where, changes):
        """Inserts a copy of one row with other values: no need to know the columns of every version."""
        assignments = ", ".join(f"{name} = {value}" for name, value in changes.items())
        self.sql(f"BEGIN; CREATE TEMP TABLE one ON COMMIT DROP AS SELECT * FROM {table} WHERE {where} LIMIT 1;"
                 f"UPDATE one SET {assignments}; INSERT INTO {table} SELECT * FROM one; COMMIT")

    def add_post(self, post, at=None):
        at = at or now_ms()
        self._clone("posts", "deleteat = 0 AND type = '' AND rootid = ''",
                    {"id": f"'{post}'", "createat": at, "updateat": at, "editat": 0, "deleteat": 0, "originalid": "''"})

    def edit_post(self, post, copy):
        """In place, and the old content as a row of its own with the original's CreateAt."""
        at = now_ms()
        self._clone("posts", f"id = '{post}'", {"id": f"'{copy}'", "originalid": f"'{post}'", "deleteat": at, "updateat": at})
        self.sql(f"UPDATE posts SET message = 'edited', editat = {at}, updateat = {at} WHERE id = '{post}'")

    def delete_post(self, post):
        self.sql(f"UPDATE posts SET deleteat = {now_ms()}, updateat = {now_ms()} WHERE id = '{post}' OR rootid = '{post}'")

    def react(self, post, emoji, at=None):
        at = at or now_ms()
        self._clone("reactions", "true", {"postid": f"'{post}'", "emojiname": f"'{emoji}'", "createat": at, "updateat": at,
                                          "deleteat": 0})

    def unreact(self, post, emoji):
        at = now_ms()
        self.sql(f"UPDATE reactions SET deleteat = {at}, updateat = {at} WHERE postid = '{post}' AND emojiname = '{emoji}'")

    def react_again(self, post, emoji):
        self.sql(f"UPDATE reactions SET deleteat = 0, updateat = {now_ms()} WHERE postid = '{post}' AND emojiname = '{emoji}'")

    def add_session(self, session, expires_at):
        self.sql("INSERT INTO sessions (id, token, createat, expiresat, lastactivityat, userid, props)"
                 f" VALUES ('{session}', '{session}', {now_ms()}, {expires_at}, {now_ms()}, '{session}', '{{}}')")


def generated(server, name, version, posts=400):
    """A generated installation with the exporter's role."""
    server.create_database(name)
    server.load(mattermost_fixture.database("postgresql", version, posts=posts), name)
    server.psql(mattermost_fixture.role_sql("postgresql", version, PASSWORD, ROLE), name)
    return Mattermost(server, name)


def real(server, name):
    """A database that a Mattermost 5.37 has written itself."""
    server.create_database(name)
    binary = os.path.join(private_postgresql.binary_directory(), "pg_restore")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    subprocess.run([binary, "--no-owner", "--no-privileges", "-h", server.socket_dir, "-U", private_postgresql.SUPERUSER,
                    "-d", name, REAL_DUMP], check=True, stdin=subprocess.DEVNULL, env=environment)
    server.psql(mattermost_fixture.role_sql("postgresql", "5.37", PASSWORD, ROLE), name)
    return Mattermost(server, name)


def clone(server, name, template):
    server.psql(f'CREATE DATABASE "{name}" TEMPLATE "{template.name}"')
    # The role reads columns through grants that the copy has kept.
    return Mattermost(server, name)
