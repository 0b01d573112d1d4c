# SPDX-License-Identifier: Apache-2.0
"""All collectors hung at once, in every way that is known: scrapes do not notice, whoever is not hung goes on, who is
says so and is given up in time, the servers see no more than the budget and nothing in the end, and SIGTERM is heard.

HUNG_SCRAPES=1000 in the environment makes the measurement larger than the 100 scrapes of `make check`.
"""

import os
import time

import pytest

import every_collector
import hangs
import network
import processes
from conftest import hostile
from minotor import AS_ROOT
from test_death import family

SCRAPES = int(os.environ.get("HUNG_SCRAPES", "100"))
RATIO_LIMIT = 20  # far above noise: a scrape that waited for anything here would be hundreds of times slower
SLOWEST_MS = 2000
DEFAULT_NICE = 10  # of a collector whose file says nothing
TERM_LIMIT_S = 5  # the figure is what counts; this is for a machine that does something else
FIVE = [f"t{number}" for number in range(5)]
# Who asks the target's database in each round, and what for. The others have rounds in which nothing is due.
NEEDY = ("kpi",)
ASKED_FOR = ("mattermost_kpi_posts_total", "mattermost_kpi_channels_total", "mattermost_kpi_sessions_total")
ROOT_ONLY = pytest.mark.skipif(not AS_ROOT, reason="a network of its own takes root")


class Run:
    """One minotord, its hang, and what has been seen of both."""

    def __init__(self, daemon, figure, what, healthy, hung, targets=(None,)):
        self.daemon, self.figure, self.what, self.healthy, self.hung = daemon, figure, what, healthy, hung
        self.targets = targets

    def of(self, page, what, collector):
        """That figure of the collector, for each target."""
        return [page.collector(what, collector, **({"target": target} if target else {})) for target in self.targets]

    def all_of(self, page, what, value, collectors=None):
        return all(found == value for one in collectors or self.hung for found in self.of(page, what, one))

    def wait_until_good(self, seconds=40):
        return self.daemon.wait_for(lambda page: self.all_of(page, "success", 1), seconds, f"good rounds of {self.hung}")

    def scrapes_do_not_notice(self):
        meanwhile = hangs.Latency(self.daemon, SCRAPES)
        ratios = meanwhile.median / self.healthy.median, meanwhile.p99 / self.healthy.p99
        self.figure(f"{self.what}: {SCRAPES} scrapes, {meanwhile}; healthy {self.healthy};"
                    f" ratio of medians {ratios[0]:.2f}, of p99 {ratios[1]:.2f}")
        assert (meanwhile.bad, self.healthy.bad) == (0, 0)
        assert ratios[0] < RATIO_LIMIT and meanwhile.most < SLOWEST_MS

    def others_go_on(self):
        """The collector that asks nobody has a round after this, and all its values."""
        page = self.daemon.scrape()
        name = "minotor_family_last_success_timestamp_seconds"
        labels = {"target": self.targets[0]} if self.targets[0] else {}

        def at(page):
            return page.value(name, collector="good", family="hostile_good_value", **labels)
        before = at(page)
        page = self.daemon.wait_for(lambda page: at(page) > before, 10, "a round of good")
        for what, value in (("success", 1), ("late", 0), ("stale", 0), ("up", 1)):
            assert self.all_of(page, what, value, ["good"]), what
        assert not [dict(labels) for labels, number in page.series("minotor_collector_restarts_total").items()
                    if dict(labels)["collector"] == "good" and number]

    def hung_ones_say_so(self, shown):
        """That there is no success, at once; how old what they show is, throughout; that it is too old when `stale_after`
        is over, and then it is gone. Late is who delivers nothing at all."""
        begin = time.monotonic()
        told = {}
        for one in self.hung:
            self.daemon.wait_for(lambda page, one=one: self.all_of(page, "success", 0, [one]), 60, f"no success of {one}")
            told[one] = f"{time.monotonic() - begin:.1f} s"
        self.daemon.wait_for(lambda page: self.all_of(page, "late", 1, NEEDY), 30, "late ones")
        if shown:
            self.daemon.wait_for(lambda page: self.all_of(page, "stale", 1), 30, "stale ones")
        page = self.daemon.wait_for(lambda page: not self.values(page, ASKED_FOR), 30, "values withdrawn")
        self.figure(f"{self.what}: no success after {told}, stale and withdrawn after {time.monotonic() - begin:.1f} s")
        for one in self.hung:
            for at in self.of(page, "last_success_timestamp_seconds", one):
                assert at is None if not shown else at < time.time() - 1, one

    @staticmethod
    def values(page, prefixes):
        return [name for name in page.names("") if name.startswith(prefixes)]

    def restarts(self):
        return {key: int(number) for key, number in self.daemon.scrape().series("minotor_collector_restarts_total").items()
                if number}

    def term(self):
        everybody = family(self.daemon)
        status, seconds = self.daemon.stop()
        for pid, start in everybody:
            processes.wait_gone(pid, 1, start)
        self.figure(f"{self.what}: SIGTERM during the hang: all ended after {seconds * 1000:.0f} ms")
        assert status == 0 and seconds < TERM_LIMIT_S


def hang_and_recover(run, hang, shown=True):
    site, figure, what = hang.site, run.figure, run.what
    taken = site.road.total if site.road else 0
    with hangs.Looks(site.sessions) as sessions, hangs.Looks(site.open_roads) as roads, hangs.Looks(site.working) as working:
        hang.begin()
        try:
            run.hung_ones_say_so(shown)
            run.scrapes_do_not_notice()
            run.others_go_on()
            figure(f"{what}: restarts {run.restarts() or 'none'}")
            freed = {"on the way": roads.seen.count(0), "at work": working.seen.count(0)}
        finally:
            hang.end()
        begin = time.monotonic()
        run.wait_until_good()
        figure(f"{what}: all good again {time.monotonic() - begin:.1f} s after its end")
        hang.begin_again()
        try:
            run.daemon.wait_for(lambda page: run.all_of(page, "success", 0, NEEDY), 30, "hung once more")
            run.term()
        finally:
            hang.end()
        figure(f"{what}: no session left at the server {site.wait_for_sessions(0):.2f} s after the end of the hang")
    figure(f"{what}: most sessions at the server {sessions.most} in {len(sessions.seen)} looks, most connections on the way"
           f" {roads.most} in {len(roads.seen)}, of {hangs.BUDGET}; looks that found none: {freed}")
    assert sessions.most <= hangs.BUDGET
    # PostgreSQL is told to cancel by a connection beside the session's, which is none itself.
    assert roads.most <= hangs.BUDGET * (2 if site.engine is hangs.OnPostgreSQL else 1)
    # Others of the five may have taken the place in the same moment: then it is seen by there being more connections than places.
    renewed = site.road.total - taken if site.road else 0
    assert any(freed.values()) or renewed > hangs.BUDGET, "who waits in vain is given up at the deadline"


def healthy_run(daemon, figure, what, hung, **more):
    run = Run(daemon, figure, what, None, hung, **more)
    run.wait_until_good()
    run.healthy = hangs.Latency(daemon, SCRAPES)
    return run


@pytest.fixture(params=hangs.ENGINES)
def engine(request):
    return request.param


@pytest.mark.parametrize("kind", (hangs.Lock, hangs.Stop, hangs.BlackHole), ids=lambda kind: kind.__name__)
def test_servers(minotor, figure, engine, kind):
    with hangs.Site(engine) as site:
        hang = kind(site)
        run = healthy_run(site.daemon(minotor).start(), figure, f"{kind.__name__}, {engine}", hang.hung)
        hang_and_recover(run, hang)


@ROOT_ONLY
def test_lost_packets(minotor, figure, engine):
    reason = network.why_no_cable()
    if reason:
        pytest.skip(reason)
    with network.Cable() as cable, hangs.Site(engine, far=cable) as site:
        hang = hangs.Cut(site)
        run = healthy_run(site.daemon(minotor).start(), figure, f"lost packets, {engine}", hang.hung)
        hang_and_recover(run, hang)


@ROOT_ONLY
def test_dead_resolver(minotor, figure, engine, tmp_path):
    reason = network.why_no_cable()
    if reason:
        pytest.skip(reason)
    with network.Cable(), network.NameServer() as names, hangs.Site(engine) as site:
        hang = hangs.DeadResolver(site, names)
        daemon = site.daemon(minotor, host="database.test", api_host="chat.test")
        daemon.before_exec = network.private_resolver(str(tmp_path))
        run = Run(daemon.start(), figure, f"dead resolver, {engine}", None, hang.hung)
        daemon.wait_until_good("good")
        run.healthy = healthy_of_others(minotor, figure, site)
        hang_and_recover(run, hang, shown=False)
        assert names.questions > 0


def healthy_of_others(minotor, figure, site):
    """The same collectors where names are not needed."""
    daemon = site.daemon(minotor).start()
    latency = healthy_run(daemon, figure, "healthy", every_collector.NAMES).healthy
    daemon.stop()
    return latency


@pytest.mark.parametrize("name", ("loop", "sleeper", "constructor_sleeps"))
def test_hostile(minotor, figure, name):
    """Five slots of it beside five that are healthy."""
    targets = [{"name": target, "database": {"driver": "postgresql", "host": "/nonexistent", "name": "none", "user": "minotor"}}
               for target in FIVE]
    plain = minotor({"good": hostile("good")}, settings={"targets": targets}).start()
    healthy = healthy_run(plain, figure, "healthy", ["good"], targets=FIVE).healthy
    plain.stop()
    # The nice of the other tests is none, so that their short deadlines hold; here it is what collectors have by themselves.
    daemon = minotor({"good": hostile("good"), name: hostile(name, limits={"nice": DEFAULT_NICE})},
                     settings={"targets": targets}).start()
    run = Run(daemon, figure, name, healthy, [name], FIVE)
    daemon.wait_for(lambda page: run.all_of(page, "success", 1, ["good"]), 30, "good ones")
    run.scrapes_do_not_notice()
    run.others_go_on()
    page = daemon.wait_for(lambda page: sum(page.series("minotor_collector_restarts_total").values()) >= len(FIVE), 60, "restarts")
    assert not run.values(page, ("hostile_" + name,))
    assert all(found in (0, None) for found in run.of(page, "success", name))
    figure(f"{name}: restarts {run.restarts()}")
    run.term()
