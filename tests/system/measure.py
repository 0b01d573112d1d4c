#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the cost of minotor with the collector kpi on a private database; not a test.

    top_builddir=DIR /usr/bin/python3 tests/system/measure.py
"""

import os
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import database  # noqa: E402
import minotor as programs  # noqa: E402
import processes  # noqa: E402
from conftest import FAST  # noqa: E402

STARTS = 5
SCRAPES = 2000
CODE = (".c", ".h", ".py", ".sh")


def megabytes(size):
    return "  unknown" if size is None else f"{size / 1e6:6.2f} MB"


def memory(daemon):
    print("\nMemory (resident, proportional)")
    sums = [0, 0]
    for name, pid in [("minotord", daemon.pid)] + sorted(daemon.children().items()):
        sizes = processes.memory_bytes(pid)
        print(f"  {name:24}{megabytes(sizes[0])}{megabytes(sizes[1]):>12}")
        sums = [total + (size or 0) for total, size in zip(sums, sizes)]
    print(f"  {'all':24}{megabytes(sums[0])}{megabytes(sums[1]):>12}")


def start_time(make):
    taken = []
    for _ in range(STARTS):
        daemon = make()
        begin = time.monotonic()
        daemon.start()
        daemon.wait_for(lambda page: page.value("mattermost_kpi_posts_total") is not None, 20, "values")
        taken.append((time.monotonic() - begin) * 1000)
        complaints = daemon.end()
        if complaints:
            print("  " + "\n  ".join(complaints))
    print(f"\nStart to first good scrape: median {statistics.median(taken):.0f} ms of {STARTS}, "
          f"from {min(taken):.0f} to {max(taken):.0f} ms")


def latency(daemon):
    taken = sorted(daemon.get().seconds * 1000 for _ in range(SCRAPES))
    body = daemon.get().body
    print(f"\nScrape, a new connection each, {SCRAPES} in sequence, {len(body)} bytes: p50 {taken[SCRAPES // 2]:.3f} ms, "
          f"p99 {taken[SCRAPES * 99 // 100]:.3f} ms, maximum {taken[-1]:.3f} ms (Python's client included)")


def lines_of_code():
    print("\nLines (files)")
    for top in ("include", "core", "collectors", "tests"):
        folders = [top] if top == "include" else sorted(
            os.path.join(top, name) for name in os.listdir(os.path.join(programs.SOURCE, top)))
        for folder in folders:
            files = [os.path.join(place, name) for place, _, names in os.walk(os.path.join(programs.SOURCE, folder))
                     for name in names if name.endswith(CODE)]
            count = 0
            for path in files:
                with open(path, encoding="utf-8") as file:
                    count += sum(1 for _ in file)
            if files:
                print(f"  {folder:24}{count:7} ({len(files)})")


def main():
    processes.adopt_orphans()
    with database.PrivatePostgreSQL() as server:
        source = database.generated(server, "mattermost", "11.6", 5000)

        def make():
            return programs.Minotor({"kpi": {**FAST, "interval": "1s"}}, database=source.settings, password=database.PASSWORD)

        start_time(make)
        daemon = make().start()
        try:
            daemon.wait_until_good()
            latency(daemon)
            time.sleep(3)
            memory(daemon)
        finally:
            complaints = daemon.end()
        if complaints:
            print("\n".join(complaints))
    lines_of_code()


if __name__ == "__main__":
    main()
