# SPDX-License-Identifier: Apache-2.0
"""Counts of a hot standby that falls behind by more than the lag: never more than it shows, and nothing is missed when
it has caught up."""

import time

import pytest

import database
import installations
import truth
from private_postgresql import REPLICATED, PrivatePostgreSQL, PrivateStandby

LAG = "1500ms"
LAGS = 3.2  # seconds; more than two
NEVER = "700h"
OWN = {"lag": LAG, "baseline_interval": NEVER, "repair_interval": NEVER, "people_interval": "0s", "unindexed_interval": "0s"}
POSTS = ("mattermost_kpi_posts_total",)
COUNTED = ("mattermost_kpi_counted_timestamp_seconds", "posts")


@pytest.fixture(scope="module")
def primary():
    with PrivatePostgreSQL(settings=REPLICATED) as server:
        yield server


@pytest.fixture
def pair(primary):
    """(the installation on the primary, the standby)"""
    source = installations.generated(primary, "postgresql", "11.6", "replicated")
    with PrivateStandby(primary) as standby:
        yield source, standby


def expect(worker, source, what):
    """The worker shows what that server shows, and has not counted in full again."""
    # Asked again each time: what has been replayed may be seen a moment later.
    found = worker.round(lambda one: one.samples.get(POSTS) == truth.number(source, database.LIVE_POSTS))
    assert found.status == "ok", what
    assert found.samples[COUNTED] == worker.pipe.rounds[0].samples[COUNTED], what


def live_for(worker, source, live, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        source.sql(live.new_post())
        worker.pump(0.2)


def test_a_standby_that_falls_behind(pair, tmp_path):
    source, standby = pair
    replica = database.Mattermost(standby, source.name)
    live = database.mattermost_fixture.Live("postgresql", "11.6", 7)
    worker = installations.worker(replica, "postgresql", "kpi", installations.drivers(str(tmp_path)), own=OWN)
    try:
        assert worker.round().status == "ok"
        live_for(worker, source, live, LAGS)
        standby.catch_up()
        expect(worker, replica, "a standby that follows")
        for _ in range(2):
            standby.pause()
            before = truth.number(replica, database.LIVE_POSTS)
            live_for(worker, source, live, 2 * LAGS)
            assert truth.number(source, database.LIVE_POSTS) > before
            expect(worker, replica, "a standby that is behind")
            standby.resume()
            standby.catch_up()
            assert truth.number(replica, database.LIVE_POSTS) > before
            expect(worker, replica, "a standby that has caught up")
            live_for(worker, source, live, LAGS)
            standby.catch_up()
            expect(worker, replica, "later")
    finally:
        worker.end()
        print(worker.log_text[-3000:])
