# SPDX-License-Identifier: Apache-2.0
"""A small run of `make bench`: what a round reads does not grow with the posts. Rows only; time is the machine's."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import counting  # noqa: E402
import grown  # noqa: E402
import processes  # noqa: E402

SIZES = (20_000, 60_000)
ROUNDS = 3
INTERVAL_MS = counting.SHORTEST_INTERVAL_MS
# The people who write do so by the clock, so that one round finds some more of their rows than another.
SLACK = 1.3


@pytest.fixture(scope="module")
def costs():
    """{what: its Cost at each size}"""
    processes.adopt_orphans()
    found = {"rounds": [], "exact": [], "seed": [], "posts": []}
    for posts in SIZES:
        with counting.Site(posts, grown.SMALL) as site:
            found["posts"].append(site.posts)
            found["rounds"].append(counting.measure_rounds(site, ("kpi", "usage"), ROUNDS, INTERVAL_MS))
            found["exact"].append(counting.measure_rounds(site, ("kpi",), 1, INTERVAL_MS, {"exact": True}))
            found["seed"].append(counting.measure_seed(site, 1)[1])
    return found


def test_a_round_reads_no_more_when_there_are_more_posts(costs):
    few, many = costs["rounds"]
    assert few.growing_rows > 0
    assert many.growing_rows <= few.growing_rows * SLACK, f"{few.by_table} and {many.by_table}"


def test_the_baseline_and_exact_counts_do_grow(costs):
    """Else the test above would have seen nothing."""
    more = (SIZES[1] - SIZES[0]) * 0.9
    assert costs["posts"][1] - costs["posts"][0] > more
    few, many = costs["exact"]
    assert many.rows - few.rows > more
    few, many = costs["rounds"]
    assert many.first.all_rows - few.first.all_rows > more


def test_the_queries_of_the_plugin_do_grow(costs):
    few, many = costs["seed"]
    assert many.rows - few.rows > (SIZES[1] - SIZES[0]) * 0.9
