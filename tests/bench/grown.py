# SPDX-License-Identifier: Apache-2.0
"""A Mattermost database with as many posts as wanted, made quickly.

The generator of the fixtures writes a small installation; the server multiplies what grows with use, posts and all
that hangs on them, further and further into the past. People, channels, sessions and jobs are equally many at every
size, so that what grows in a measurement grows because of the posts.
"""

import collections
import re

import database
import installations
import mattermost_fixture
from database import now_ms
from mattermost.catalog import Catalog

ENGINE, VERSION = "postgresql", "11.6"
FIXTURE_AGE_MS = 240 * 24 * 3600 * 1000
MS_PER_POST = 31_536  # a million posts a year, at every size: a longer history, not a busier one
TEXT_INDEX = re.compile(r"CREATE INDEX \w+ ON \w+\s+USING gin\b.*?;\n", re.DOTALL)

# Tables that are multiplied, with their primary keys and the columns that name a post or a file.
GROWING = {
    "posts": ("id", ("id", "rootid", "originalid")),
    "reactions": ("postid, userid, emojiname", ("postid",)),
    "fileinfo": ("id", ("id", "postid")),
    "threads": ("postid", ("postid",)),
}
GROWING_VIEWS = ("poststats", "posts_by_team_day", "bot_posts_by_team_day", "file_stats")
TIMES = ("createat", "updateat", "deleteat", "editat", "lastreplyat", "threaddeleteat")

# What a size is made of besides its posts. `seed` posts come from the generator and are then multiplied.
Crowd = collections.namedtuple("Crowd", "seed channels sessions jobs")
LARGE = Crowd(seed=20_000, channels=5_000, sessions=120_000, jobs=500_000)
SMALL = Crowd(seed=2_000, channels=200, sessions=500, jobs=2_000)

TRAFFIC_STEP_MS = 200
TRAFFIC_PAST_MS = 10 * 60 * 1000


def _multiply(catalog, table, copies, seed, now):
    """SQL: the rows of a table again and again, each time with other ids and a while earlier."""
    key, ids = GROWING[table]
    while_ms = seed * MS_PER_POST
    shrink = max(1, FIXTURE_AGE_MS // while_ms)
    values = []
    for column in map(str.lower, catalog.columns(table)):
        if column in ids:
            value = f"CASE WHEN t.{column} = '' THEN '' ELSE left(md5(t.{column} || n), 26) END"
        elif column in TIMES:
            value = (f"CASE WHEN t.{column} > 0 THEN {now} - ({now} - t.{column}) / {shrink} - n * {while_ms}::bigint"
                     f" ELSE t.{column} END")
        else:
            value = "t." + column
        values.append(value)
    # The key is made again afterwards: ids are random, and a sorted build is much faster than as many insertions.
    return (f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey;\n"
            f"CREATE TABLE pattern AS SELECT * FROM {table};\nTRUNCATE {table};\nALTER TABLE {table} SET UNLOGGED;\n"
            f"INSERT INTO {table} SELECT {', '.join(values)}"
            f" FROM generate_series(0::bigint, {copies - 1}) AS n, pattern t;\n"
            f"DROP TABLE pattern;\nALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({key});\n")


def _fill_up(catalog, table, rows):
    """SQL: copies of the rows of a table, under other ids, until there are so many."""
    made = {"id": "left(md5(t.id || n), 26)", "token": "left(md5(t.token || n), 26)",
            "name": "left(md5(t.name || n), 40)"}
    columns = list(map(str.lower, catalog.columns(table)))
    return (f"WITH pattern AS (SELECT *, row_number() OVER () - 1 AS place FROM {table})"
            f" INSERT INTO {table} SELECT {', '.join(made.get(column, 't.' + column) for column in columns)}"
            f" FROM generate_series(1::bigint, {rows}) AS n JOIN pattern t"
            f" ON t.place = n % (SELECT count(*) FROM {table})"
            f" LIMIT GREATEST(0, {rows} - (SELECT count(*) FROM {table}));\n")


def _chunks(posts, crowd):
    catalog, now = Catalog(ENGINE, VERSION), now_ms()
    indexes = catalog.part("indexes")
    for chunk in mattermost_fixture.database(ENGINE, VERSION, posts=crowd.seed, now=now):
        if chunk == indexes:
            yield "SET work_mem = '256MB';\nSET maintenance_work_mem = '1GB';\n"
            for table in GROWING:
                yield _multiply(catalog, table, posts // crowd.seed, crowd.seed, now)
            for table in ("channels", "sessions", "jobs"):
                yield _fill_up(catalog, table, getattr(crowd, table))
            # The indexes for searching in texts would take most of the time, and nobody here searches.
            chunk = TEXT_INDEX.sub("", indexes)
        # The views have been made with their rows just now.
        if not chunk.startswith("REFRESH"):
            yield chunk


def build(server, name, posts, crowd):
    """Returns the Mattermost; read with the role of etc/sql."""
    server.create_database(name)
    server.load(_chunks(posts, crowd), name)
    installations.grant(server, ENGINE, name)
    return database.Mattermost(server, name)


class Traffic:
    """People who write: five posts a second, some of them edited, deleted or with a file, at every size.

    It reads nothing but the row of one channel, whose counter follows.
    """

    def __init__(self, source):
        self._user = source.sql("SELECT id FROM users WHERE deleteat = 0 LIMIT 1")
        self._channel = source.sql("SELECT id FROM channels WHERE deleteat = 0 LIMIT 1")
        self._until_ms = now_ms() - TRAFFIC_PAST_MS
        self._until_ms -= self._until_ms % TRAFFIC_STEP_MS

    def sql(self):
        """All that was written since the last call."""
        first, last = self._until_ms + TRAFFIC_STEP_MS, now_ms()
        if last < first:
            return "SELECT 1"
        count = (last - first) // TRAFFIC_STEP_MS + 1
        self._until_ms = first + (count - 1) * TRAFFIC_STEP_MS
        series = f"FROM generate_series({first}::bigint, {self._until_ms}, {TRAFFIC_STEP_MS}) AS at"
        each = f"at / {TRAFFIC_STEP_MS} %"
        columns = ("id, createat, updateat, deleteat, userid, channelid, rootid, originalid, message, type, props,"
                   " hashtags, filenames, fileids, hasreactions, editat, ispinned")

        def post(identity, deleted, original):
            return (f"INSERT INTO posts ({columns}) SELECT {identity}, at, at, {deleted}, '{self._user}',"
                    f" '{self._channel}', '', {original}, 'Good morning', '', '{{}}', '', '[]', '[]', false, 0, false"
                    f" {series}")

        name = "left(md5(at::text), 26)"
        return ";\n".join((
            post(name, f"CASE WHEN {each} 50 = 7 THEN at + 100 ELSE 0 END", "''"),
            post("left(md5(at || 'copy'), 26)", "at + 150", name) + f" WHERE {each} 10 = 3",
            "INSERT INTO fileinfo (id, creatorid, postid, createat, updateat, deleteat, path, name, extension, size,"
            f" mimetype, channelid) SELECT left(md5(at || 'file'), 26), '{self._user}', {name}, at, at, 0, '', 'a.txt',"
            f" 'txt', 1000, 'text/plain', '{self._channel}' {series} WHERE {each} 25 = 1",
            f"UPDATE channels SET totalmsgcount = totalmsgcount + {count}, lastpostat = {self._until_ms}"
            f" WHERE id = '{self._channel}'"))
