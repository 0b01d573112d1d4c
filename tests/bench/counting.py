# SPDX-License-Identifier: Apache-2.0
"""What one round of the counting collectors costs the database, and what the queries of the plugin that minotor
replaces cost it, as the posts become more.

Of minotor's rounds those after the baseline are measured, one by one, while people write. Every figure is the mean of
the rounds, the median of the repetitions of a query.
"""

import os
import statistics
import time

import database
import grown
import installations
import minotor as programs
from reads import Meter, Reads, flush, server_settings

SEED_ROLE = "plugin"
# What the plugin has to ask at each scrape for the families on its page; its own text may differ in detail.
SEED_QUERIES = (
    ("newest post", "SELECT MAX(createat) FROM posts"),
    ("posts", "SELECT COUNT(*) FROM posts"),
    ("sessions", "SELECT COUNT(*) FROM sessions"),
    ("channels", "SELECT type, COUNT(*) FROM channels GROUP BY type"),
    ("reactions", "SELECT emojiname, COUNT(*), MAX(createat) FROM reactions GROUP BY emojiname"
                  " ORDER BY 2 DESC LIMIT 5"),
    ("jobs", "SELECT type, status, COUNT(*), MAX(lastactivityat) FROM jobs GROUP BY type, status"),
    ("files", "SELECT SUM(size) FROM fileinfo"),
)
# A server process tells its counters at most once a second, at the end of a transaction: rounds have to be further
# apart. What a round reads that comes too soon after another is told with the next one; neither is used then.
SHORTEST_INTERVAL_MS = 2000
TOO_SOON_SECONDS = 1.3
SETTLE_SECONDS = 0.1  # from the end of a round on the page to the end of its transaction
FIRST_ROUND_MS = 120_000
ATTEMPTS = 3

GROWING = tuple(grown.GROWING) + grown.GROWING_VIEWS


class Cost:
    """Of one round, or of one run of the plugin's queries."""

    def __init__(self, reads, round_ms=None, first=None):
        self.by_table = reads.rows
        self.rows = reads.all_rows
        self.growing_rows = reads.rows_of(GROWING)
        self.blocks, self.ms = reads.blocks, reads.ms
        self.round_ms = round_ms  # as minotor itself says
        self.first = first        # the Reads of the first four rounds: the first of them counts everything


def add(all_reads, divisor=1):
    """The sum of several Reads, or with their number as divisor their mean."""
    rows = {}
    for reads in all_reads:
        for table, number_of_rows in reads.rows.items():
            rows[table] = rows.get(table, 0) + number_of_rows / divisor
    if all_reads[0].ms is None:
        return Reads(rows)
    ms, blocks = (sum(getattr(reads, name) for reads in all_reads) / divisor for name in ("ms", "blocks"))
    return Reads(rows, ms, blocks)


class Site:
    """A grown Mattermost on a server of its own, with people at work in it."""

    def __init__(self, posts, crowd, memory="256MB"):
        lines, self.has_statements = server_settings(memory)
        self.server = database.PrivatePostgreSQL(settings=lines)
        try:
            self.server.start()
            self.source = grown.build(self.server, "mattermost", posts, crowd)
            self.server.psql(f"CREATE ROLE {SEED_ROLE}; GRANT pg_read_all_data TO {SEED_ROLE}")
            self.posts = self.source.number("SELECT COUNT(*) FROM posts")
            self.traffic = grown.Traffic(self.source)
            self.writer = self.source.session()
            self.meter = Meter(self.source, self.has_statements)
            self.write()
        except BaseException:
            self.server.remove()
            raise

    def write(self):
        self.writer(self.traffic.sql())
        flush(self.writer)

    def close(self):
        self.writer.close()
        self.meter.close()
        self.server.remove()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def collector_file(name, interval_ms, own):
    return {"interval": f"{interval_ms}ms", "timeout": f"{interval_ms}ms", "stale_after": "1h",
            "plugin": installations.module(name), **({"settings": own} if own else {})}


def start_minotor(site, collectors, interval_ms, own):
    daemon = programs.Minotor({name: collector_file(name, interval_ms, own) for name in collectors},
                              database=site.source.settings, password=database.PASSWORD)
    folder = os.path.join(daemon.directory, "drivers")
    os.mkdir(folder)
    daemon.settings["paths"] = {**programs.PATHS, "drivers": installations.drivers(folder)}
    daemon.write_config()
    return daemon


def hurry(daemon, collectors, interval_ms, own):
    """From now on the rounds come as often as that. The workers are new ones, but they know what was counted."""
    before = {name: daemon.worker(name) for name in collectors}
    for name in collectors:
        daemon.write_collector(name, collector_file(name, interval_ms, own))
    daemon.reload()
    for name, pid in before.items():
        daemon.wait_for_child(name, other_than=pid)


def wait_for_rounds(daemon, wanted, timeout):
    """Waits until each of the collectors {name: number} has ended so many rounds; returns the page."""
    page = daemon.wait_for(lambda page: all(daemon.rounds(page, name) >= number for name, number in wanted.items()),
                           timeout, f"rounds {wanted}")
    time.sleep(SETTLE_SECONDS)
    return page


def measure_rounds(site, collectors, rounds, interval_ms, own=None):
    """The Cost of one round of all these collectors together."""
    assert interval_ms >= SHORTEST_INTERVAL_MS
    read = lambda: site.meter.read(database.ROLE)  # noqa: E731
    beginning = read()
    daemon = start_minotor(site, collectors, FIRST_ROUND_MS, own)
    try:
        daemon.start()
        page = wait_for_rounds(daemon, dict.fromkeys(collectors, 1), FIRST_ROUND_MS / 1000)
        hurry(daemon, collectors, interval_ms, own)
        # Not all that the old worker knew is known to the new one, whose session may tell its counters a round late.
        page = wait_for_rounds(daemon, {name: daemon.rounds(page, name) + 3 for name in collectors},
                               10 + interval_ms / 1000 * 3)
        first = read() - beginning
        costs, durations = [], []
        last, was_too_soon = time.monotonic(), False
        for _ in range(rounds * ATTEMPTS):
            site.write()
            before = read()
            page = wait_for_rounds(daemon, {name: daemon.rounds(page, name) + 1 for name in collectors},
                                   10 + interval_ms / 1000 * 3)
            last, too_soon = time.monotonic(), time.monotonic() - last < TOO_SOON_SECONDS
            for name in collectors:
                assert page.collector("success", name) == 1, f"a round of {name} failed\n{daemon.log_tail()}"
            if not too_soon and not was_too_soon:
                costs.append(read() - before)
                durations.append(sum(page.collector("duration_seconds", name) * 1000 for name in collectors))
            was_too_soon = too_soon
            if len(costs) == rounds:
                break
    finally:
        complaints = daemon.end()
    assert not complaints, complaints
    assert len(costs) == rounds and all(cost.all_rows for cost in costs), "counters of the server that came too late"
    return Cost(add(costs, len(costs)), statistics.mean(durations), first)


def measure_seed(site, repetitions):
    """({name of a query: Cost}, the Cost of all together)."""
    with site.source.session() as session:
        session(f"SET ROLE {SEED_ROLE}")
        flush(session)
        costs = {}
        for name, query in SEED_QUERIES:
            session(query)  # the first one finds a cold cache
            flush(session)
            found = []
            for _ in range(repetitions):
                before = site.meter.read(SEED_ROLE)
                session(query)
                flush(session)
                found.append(site.meter.read(SEED_ROLE) - before)
            costs[name] = found
    if site.has_statements:
        # Two statements are measured with each query: the flush, some microseconds, is the other.
        middle = {name: sorted(found, key=lambda reads: reads.ms)[len(found) // 2] for name, found in costs.items()}
    else:
        middle = {name: found[0] for name, found in costs.items()}
    return {name: Cost(reads) for name, reads in middle.items()}, Cost(add(list(middle.values())))


# -- the report ------------------------------------------------------------------------------------------------------

HEAD = ("posts", "what", "rows read", "of them growing", "blocks", "server ms", "round ms", "baseline: rows", "ms")


def number(value, digits=0):
    return "unknown" if value is None else f"{value:,.{digits}f}"


def row(posts, what, cost):
    first = (number(cost.first.all_rows), number(cost.first.ms, 1)) if cost.first else ("", "")
    return (number(posts), what, number(cost.rows), number(cost.growing_rows), number(cost.blocks), number(cost.ms, 2),
            "" if cost.round_ms is None else number(cost.round_ms, 2)) + first


def ratio_row(posts, seed, what, ours):
    def ratio(many, few):
        return "" if not many or not few else f"{many / few:,.0f} x"
    return (number(posts), "the plugin's set / " + what, ratio(seed.rows, ours.rows),
            ratio(seed.growing_rows, ours.growing_rows), ratio(seed.blocks, ours.blocks), ratio(seed.ms, ours.ms),
            "", "", "")


def together(costs):
    """Of collectors that have been measured one after the other."""
    def total(values):
        values = list(values)
        return None if None in values else sum(values)

    joined = Cost(Reads({}))
    for name in ("rows", "growing_rows", "blocks", "ms", "round_ms"):
        setattr(joined, name, total(getattr(cost, name) for cost in costs))
    joined.first = Reads({"all": total(cost.first.all_rows for cost in costs)}, total(cost.first.ms for cost in costs))
    return joined


def print_table(head, rows):
    widths = [max(len(line[place]) for line in [head] + rows) for place in range(len(head))]
    for line in [head] + rows:
        cells = [text.ljust(width) if place == 1 else text.rjust(width)
                 for place, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip(), flush=True)


def where(what, cost):
    """Says which tables the rows of a round are of."""
    tables = sorted(cost.by_table.items(), key=lambda item: -item[1])[:6]
    print(f"#   {what}: " + ", ".join(f"{table} {number(rows)}" for table, rows in tables), flush=True)


def report_size(posts, rounds, repetitions, memory):
    """Measures one size; returns the lines of the table and the cost of kpi and usage together."""
    begin = time.monotonic()
    with Site(posts, grown.LARGE, memory) as site:
        size = site.source.sql("SELECT pg_size_pretty(pg_database_size(current_database())),"
                               " pg_size_pretty(pg_total_relation_size('posts'))").split("|")
        print(f"# {posts:,} posts asked for, {site.posts:,} rows in posts ({size[1]} of {size[0]}), made in "
              f"{time.monotonic() - begin:.0f} s; load {os.getloadavg()[0]:.1f}", flush=True)
        kpi, usage, jobs = (measure_rounds(site, (name,), rounds, SHORTEST_INTERVAL_MS)
                            for name in ("kpi", "usage", "jobs"))
        slow_ms = max(SHORTEST_INTERVAL_MS, posts // 1000)
        exact = measure_rounds(site, ("kpi",), 2, slow_ms, {"exact": True})
        queries, seed = measure_seed(site, repetitions)
        for name, cost in (("kpi", kpi), ("usage", usage), ("jobs", jobs)):
            where("a round of " + name, cost)
    ours, same = together((kpi, usage)), together((kpi, usage, jobs))
    lines = [row(posts, "kpi, a round", kpi), row(posts, "usage, a round", usage), row(posts, "kpi + usage", ours),
             row(posts, "jobs, a round", jobs), row(posts, "kpi with exact = true", exact)]
    lines += [row(posts, "plugin: " + name, cost) for name, cost in queries.items()]
    lines += [row(posts, "the plugin's set", seed), ratio_row(posts, seed, "kpi + usage", ours),
              ratio_row(posts, seed, "kpi + usage + jobs", same)]
    return lines, ours, seed


def quarter_of_memory():
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // 4 >> 20}MB"


def run(sizes, rounds=10, repetitions=3):
    rows, ours, seeds = [], [], []
    for posts in sizes:
        lines, our, seed = report_size(posts, rounds, repetitions, quarter_of_memory())
        rows += lines
        ours.append(our)
        seeds.append(seed)
    print(f"\nDatabase cost of one round after the baseline, mean of {rounds}; of the plugin's queries, median of "
          f"{repetitions}\n(baseline: the first four rounds, where everything is counted; growing: posts, reactions, "
          "files, threads\nand views of them. What has a longer interval of its own, as reactions, threads and people, is "
          "in the baseline and seldom in a round.)")
    print_table(HEAD, rows)
    if len(sizes) > 1:
        def times(name):
            return [f"{getattr(costs[-1], name) / getattr(costs[0], name):.2f}" for costs in (ours, seeds)]
        print(f"\nFrom {sizes[0]:,} to {sizes[-1]:,} posts: kpi + usage read {times('rows')[0]} times as many rows, "
              f"the plugin's set {times('rows')[1]} times; of the growing tables {times('growing_rows')[0]} and "
              f"{times('growing_rows')[1]} times.")
