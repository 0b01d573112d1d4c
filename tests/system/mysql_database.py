# SPDX-License-Identifier: Apache-2.0
"""Mattermost databases on MariaDB for the tests: private, small, and counted by hand-written SQL."""

import gzip
import os
import subprocess
import sys

from minotor import SHARED, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "tests", "fixtures"))

import mattermost_fixture  # noqa: E402
from private_mariadb import PrivateMariaDB, PrivateMariaDBError, quoted  # noqa: E402,F401

# Everything that a connection string, a shell, a URL or a character set could stumble over.
PASSWORD = "Hush-7f3a #%?&@/:'\"\\ ;$(x)=üß\U0001f511end"
PASSWORD_MARK = "Hush-7f3a"
ROLE = "minotor"
REAL_DUMP = os.path.join(SHARED, "real", "mattermost-5.37-mariadb.sql.gz")
CHANNEL_TYPES = {"O": "public", "P": "private", "D": "direct", "G": "group"}
POSTS = 400

SESSIONS_OF_ROLE = f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{ROLE}'"


class Session:
    """One client that stays connected, to hold locks."""

    END = "end-of-answer"

    def __init__(self, server, database, more=()):
        self.process = subprocess.Popen([*server.client_command(database), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

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
        raise AssertionError("mariadb: " + " ".join(lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Mattermost:
    """A database of Mattermost's shape, and what is true of it."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def sql(self, text):
        return self.server.sql(text, self.name)

    def rows(self, text):
        return [line.split("\t") for line in self.sql(text).splitlines()]

    def number(self, text):
        answer = self.sql(text)
        return None if answer in ("", "NULL") else int(answer)

    def session(self):
        return Session(self.server, self.name)

    def settings(self, password_file, **more):
        """The `database` group of a target."""
        return {"driver": "mysql", "host": self.server.socket_dir, "name": self.name, "user": ROLE,
                "password_file": password_file, **more}

    def our_sessions(self):
        return self.number(SESSIONS_OF_ROLE)

    def kpi(self):
        """The samples of kpi as they have to be, by family and label value."""
        prefix = "mattermost_kpi_"
        live = "FROM Posts WHERE DeleteAt = 0"
        reacted = "FROM Reactions WHERE DeleteAt IS NULL OR DeleteAt = 0"
        newest = self.number(f"SELECT MAX(CreateAt) {live}")
        newest_reaction = self.number(f"SELECT MAX(CreateAt) {reacted}")
        samples = {
            (prefix + "posts_total",): self.number(f"SELECT COUNT(*) {live}"),
            (prefix + "reactions",): self.number(f"SELECT COUNT(*) {reacted}"),
            (prefix + "sessions_total",): self.number(
                "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR ExpiresAt > UNIX_TIMESTAMP(NOW(3)) * 1000"),
        }
        if newest is not None:
            samples[(prefix + "last_post_date",)] = newest
            samples[(prefix + "last_post_timestamp_seconds",)] = newest / 1000
        if newest_reaction is not None:
            samples[(prefix + "reaction_last_seconds",)] = newest_reaction / 1000
        for family, condition in (("channels_total", "DeleteAt = 0"), ("channels_archived", "DeleteAt > 0")):
            counted = dict(self.rows(f"SELECT Type, COUNT(*) FROM Channels WHERE {condition} GROUP BY Type"))
            samples.update({(prefix + family, label): int(counted.get(letter, 0))
                            for letter, label in CHANNEL_TYPES.items()})
        for emoji, count in self.rows(f"SELECT EmojiName, COUNT(*) {reacted} GROUP BY EmojiName "
                                      "ORDER BY COUNT(*) DESC, EmojiName LIMIT 5"):
            samples[(prefix + "reaction_total", emoji)] = int(count)
        return samples


def with_role(server, name, version):
    server.sql(mattermost_fixture.role_sql("mysql", version, PASSWORD, ROLE), name)
    return Mattermost(server, name)


def generated(server, name, version):
    """A generated installation with the exporter's role."""
    server.create_database(name)
    server.load(mattermost_fixture.database("mysql", version, posts=POSTS), name)
    return with_role(server, name, version)


def real(server, name):
    """A database that a Mattermost 5.37 has written itself."""
    server.create_database(name)
    with gzip.open(REAL_DUMP) as dump:
        server.load(iter(lambda: dump.read(1 << 20), b""), name)
    return with_role(server, name, "5.37")
