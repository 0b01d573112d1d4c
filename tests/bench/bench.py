#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures minotor; not a test, because most figures are the machine's.

    bench.py [counting] [front] [peers]        without a name, all

`front` needs wrk and nginx (Debian: wrk, nginx-light), of which it starts one of its own on the loopback.

BENCH_POSTS    sizes of `counting`, separated by blanks or commas; default: 1000000 3000000 10000000
BENCH_ROUNDS   how many rounds of each collector are measured; default: 10
BENCH_SECONDS  how long wrk asks each time, for `front`; default: 3. BENCH_TURNS: how often; default: 3
BENCH_PEERS    a folder in which Debian's exporters have been unpacked, for `peers`; default: those that are installed
"""

import os
import platform
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import counting  # noqa: E402
import front  # noqa: E402
import grown  # noqa: E402
import peers  # noqa: E402
import processes  # noqa: E402

SIZES = "1000000 3000000 10000000"


def natural(name, text, least):
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < least:
        sys.exit(f"{name}: `{text}' is not a number from {least} on")
    return value


def run_counting():
    sizes = [natural("BENCH_POSTS", text, grown.LARGE.seed)
             for text in (os.environ.get("BENCH_POSTS") or SIZES).replace(",", " ").split()]
    counting.run(sorted(sizes), rounds=natural("BENCH_ROUNDS", os.environ.get("BENCH_ROUNDS") or "10", 1))


PARTS = {"counting": run_counting, "front": front.run, "peers": peers.run}


def main(names):
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"bench.py: no part `{unknown[0]}'; there are: {', '.join(PARTS)}")
    processes.adopt_orphans()
    print(f"# {platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in names or PARTS:
        print(f"\n== {name}", flush=True)
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
