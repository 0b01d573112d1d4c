# SPDX-License-Identifier: Apache-2.0
"""What a database server was asked by minotor, and how it went about each query: with the plan that was carried out.

    server = PrivatePostgreSQL(settings=query_log.POSTGRESQL)
    server = PrivateMariaDB(settings=query_log.MARIADB)
    log = query_log.of(server, engine)
    ...
    for query in log.read(): query.collector, query.text, query.steps
"""

import collections
import json
import re

POSTGRESQL = """
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_timing = off
auto_explain.log_format = json
log_line_prefix = '%a|'
log_destination = 'stderr'
"""
MARIADB = ["--slow-query-log=ON", "--slow-query-log-file=queries", "--long-query-time=0", "--log-slow-verbosity=query_plan,explain",
           "--log-output=FILE"]

# A step reads `rows` rows of a table, with an index or, where that is None, without.
Step = collections.namedtuple("Step", "table index rows")
Query = collections.namedtuple("Query", "collector text steps")


class Log:
    def __init__(self, path):
        self.path, self.offset = path, 0

    def new_text(self):
        """What was written since the last call, in whole lines."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        self.offset += len(text)
        return text.decode("utf-8", "replace")


class PostgreSQLLog(Log):
    """Plans in JSON, on lines that begin with a tab."""

    def read(self):
        for entry in re.split(r"^(?!\t)", self.new_text(), flags=re.MULTILINE):
            found = re.match(r"minotor/(\w+)\|LOG:  duration: [0-9.]+ ms  plan:\n(.*)\Z", entry, re.DOTALL)
            if found:
                plan = json.loads(found[2])
                yield Query(found[1], " ".join(plan["Query Text"].split()), list(self.steps(plan["Plan"])))

    def steps(self, node):
        if "Relation Name" in node:
            read = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
            is_bitmap = node["Node Type"] == "Bitmap Heap Scan"
            for index in self.bitmaps(node) if is_bitmap else [node.get("Index Name")]:
                yield Step(node["Relation Name"].lower(), index, read * node["Actual Loops"])
        for child in node.get("Plans", ()):
            yield from self.steps(child)

    def bitmaps(self, node):
        """The indexes that a bitmap is made of."""
        for child in node.get("Plans", ()):
            if child["Node Type"] == "Bitmap Index Scan":
                yield child["Index Name"]
            yield from self.bitmaps(child)


class MariaDBLog(Log):
    """An entry begins with comments; the plan is a table among them, with a line of names first."""

    def __init__(self, path, aliases):
        super().__init__(path)
        self.aliases = aliases

    def read(self):
        for entry in re.split(r"^(?=# User@Host: )", self.new_text(), flags=re.MULTILINE):
            if not entry.startswith("# User@Host: minotor["):
                continue
            comments = [line for line in entry.splitlines() if line.startswith("#")]
            rest = [line for line in entry.splitlines() if not line.startswith(("#", "SET timestamp=", "use "))]
            text = " ".join(" ".join(rest).rstrip("; ").split())
            plan = [line.removeprefix("# explain: ").split("\t") for line in comments if line.startswith("# explain: ")]
            yield Query(None, text, list(self.steps(plan)))

    def steps(self, plan):
        for cells in plan[1:]:
            row = dict(zip(plan[0], cells))
            if row["table"] in ("NULL", "") or row["table"].startswith("<"):
                continue
            read = 0 if row["r_rows"] == "NULL" else float(row["r_rows"])
            table = self.aliases.get(row["table"], row["table"])
            yield Step(table.lower(), None if row["key"] == "NULL" else row["key"], read)


def of(server, engine, aliases=None):
    """aliases   {name in a query: table}; PostgreSQL knows the table itself"""
    if engine == "postgresql":
        return PostgreSQLLog(server.log_path)
    return MariaDBLog(server.data_dir + "/queries", aliases or {})
