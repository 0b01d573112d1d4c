# SPDX-License-Identifier: Apache-2.0
"""What a PostgreSQL server says it has read, and how long it took.

Rows read are those that came out of scans of tables and of indexes, whether they were counted, filtered out or given
to the client. Blocks and milliseconds are those of one role's statements, if pg_stat_statements is there to tell.
"""

import glob
import os

import private_postgresql

EXTENSION = "pg_stat_statements"
SCANS = """SELECT 'rows', relname, seq_tup_read FROM pg_stat_user_tables
           UNION ALL SELECT 'rows', relname, sum(idx_tup_read) FROM pg_stat_user_indexes GROUP BY relname"""
STATEMENTS = """SELECT rolname, sum(total_exec_time + total_plan_time), sum(shared_blks_hit + shared_blks_read)
                FROM pg_stat_statements JOIN pg_roles r ON r.oid = userid GROUP BY rolname"""


def server_settings(memory):
    """(lines of postgresql.conf for a server that is to be measured, whether it has the extension)"""
    library = os.path.join(os.path.dirname(private_postgresql.binary_directory()), "lib", EXTENSION + ".so")
    found = bool(glob.glob(library))
    lines = [
        f"shared_buffers = {memory}",
        "max_wal_size = 8GB",
        "autovacuum = off",  # at work or not, it would be in some figures and not in others
        "max_parallel_workers_per_gather = 0",  # else time is divided among processes, and says little of cost
        "jit = off",
    ]
    if found:
        lines += [f"shared_preload_libraries = '{EXTENSION}'", f"{EXTENSION}.track_planning = on"]
    return "\n".join(lines), found


class Reads:
    """Counters at a moment, or the difference of two: rows {table: number}; ms and blocks, None where unknown."""

    def __init__(self, rows, ms=None, blocks=None):
        self.rows, self.ms, self.blocks = rows, ms, blocks

    def __sub__(self, before):
        rows = {table: number - before.rows.get(table, 0) for table, number in self.rows.items()}
        known = self.ms is not None
        return Reads({table: number for table, number in rows.items() if number},
                     self.ms - before.ms if known else None, self.blocks - before.blocks if known else None)

    def rows_of(self, tables):
        return sum(number for table, number in self.rows.items() if table in tables)

    @property
    def all_rows(self):
        return sum(self.rows.values())


class Meter:
    """Reads the counters through a session of its own."""

    def __init__(self, source, has_statements):
        self._session = source.session()
        self._has_statements = has_statements
        if has_statements:
            self._session(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")

    def read(self, role):
        rows = {}
        for line in self._session(SCANS):
            _, table, number = line.split("|")
            rows[table] = rows.get(table, 0) + int(number or 0)
        if not self._has_statements:
            return Reads(rows)
        for line in self._session(STATEMENTS):
            name, ms, blocks = line.split("|")
            if name == role:
                return Reads(rows, float(ms), int(blocks))
        return Reads(rows, 0.0, 0)

    def close(self):
        self._session.close()


def flush(session):
    """A server process keeps its counters to itself for a while; this makes one tell them."""
    if int(session("SHOW server_version_num")[0]) >= 150000:
        session("SELECT pg_stat_force_next_flush()")
