# SPDX-License-Identifier: Apache-2.0
"""Peers that stop in the middle of anything: every round ends at its deadline, says what it waited for, and the worker
lives on; the next one is good when the peer is; nothing is left at the server.

What a worker by itself does is in test_worker_alone and test_worker_mysql; here it is all of minotor, broker included.
"""

import re
import time

import pytest

import database
import hangs
import mysql_database
import network
import test_passwords
import test_worker_mysql
from conftest import hostile
from minotor import AS_ROOT

TIMEOUT_S = 1.0
# The server's own end, the cancel, and a busy machine; more than a second would be the worker's alarm, which kills it.
GRACE_S = 1.0
SCHEDULE = {"interval": "1s", "timeout": "1s", "stale_after": "120s"}
ROUNDS = 3
LONGEST_CUT_S = 35  # longer than the kernel tries by itself to reach a peer that a worker waits for
ROOT_ONLY = pytest.mark.skipif(not AS_ROOT, reason="a network of its own takes root")


@pytest.fixture(params=hangs.ENGINES)
def engine(request):
    return request.param


def failed_rounds(page, name):
    """0 before there is a worker."""
    return sum(page.value("minotor_collector_rounds_total", collector=name, result=result) or 0
               for result in ("failed", "timeout", "partial"))


def deaths(daemon):
    """Lines about workers that failed. A busy machine may keep a broker from its work for so long that its worker leaves."""
    return daemon.log_lines(r"generation \d+ failed(?!.*lost its broker)")


def assert_rounds_end(daemon, figure, what, words, names=("kpi", "health")):
    """Some rounds of each fail in time, for that reason, and nobody is killed for it."""
    before = {name: failed_rounds(daemon.scrape(), name) for name in names}
    longest = {name: 0 for name in names}

    def look(page):
        for name in names:
            longest[name] = max(longest[name], page.collector("duration_seconds", name) or 0)
        return all(failed_rounds(page, name) >= before[name] + ROUNDS for name in names)
    page = daemon.wait_for(look, 60, f"{ROUNDS} rounds that failed of {names}")
    told = {name: re.findall(rf"process={name} [^\n]*round \d+ \w+: ([^\"\n]*)", daemon.log()) for name in names}
    figure(f"{what}: rounds of {TIMEOUT_S:.0f} s took at most "
           + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in longest.items())
           + "; they said: " + "; ".join(f"{name}: {lines[-1] if lines else '-'}" for name, lines in told.items()))
    assert deaths(daemon) == []
    for name in names:
        assert 0 < longest[name] < TIMEOUT_S + GRACE_S, name
        assert any(re.search(words, line) for line in told[name]), told[name]
        assert page.collector("success", name) == 0 and page.collector("up", name) == 1
    return page


def prepare(site, minotor, kpi=None, health=None):
    """kpi and health and the one that asks nobody; the first two wait where they are told to."""
    one = site.daemon(minotor, **SCHEDULE)
    for name in ("dbpool", "jobs", "usage"):
        one.write_collector(name, None)
    one.write_collector("good", hostile("good"))
    one.settings["targets"][0]["database"].update(kpi or {})
    one.settings["targets"][0]["api"].update(health or {})
    one.write_config()
    return one


def recovers(daemon, site, figure, what):
    begin = time.monotonic()
    for name in ("kpi", "health"):
        daemon.wait_until_good(name, 60)
    figure(f"{what}: good again {time.monotonic() - begin:.1f} s after its end")
    site.wait_for_sessions(hangs.BUDGET)


def ends_clean(daemon, site):
    assert daemon.stop()[0] == 0
    site.wait_for_sessions(0)


NO_ANSWER = "no answer|no complete answer|not done within|timed out|Timeout was reached|no connection was free"


def test_established_and_silent(minotor, figure, engine):
    """The session is there, and the network swallows what is said in it."""
    with hangs.Site(engine) as site:
        daemon = prepare(site, minotor).start()
        for name in ("kpi", "health"):
            daemon.wait_until_good(name)
        hang, what = hangs.BlackHole(site), f"{engine}, established and silent"
        hang.begin()
        assert_rounds_end(daemon, figure, what, NO_ANSWER)
        hang.end()
        recovers(daemon, site, figure, what)
        ends_clean(daemon, site)


@pytest.mark.parametrize("hush", (0, 1, 60), ids=lambda hush: f"after_{hush}_bytes")
def test_handshake_stops(minotor, figure, engine, hush):
    """The server falls silent before its first word, after it, and in the middle of the login."""
    with hangs.Site(engine) as site:
        site.road.hush = site.api_road.hush = hush
        daemon, what = prepare(site, minotor).start(), f"{engine}, silent after {hush} bytes"
        assert_rounds_end(daemon, figure, what, NO_ANSWER)
        assert site.road.most <= hangs.BUDGET
        site.road.hush = site.api_road.hush = None
        recovers(daemon, site, figure, what)
        ends_clean(daemon, site)


def test_stopped_before_the_first_connection(minotor, figure, engine):
    """SIGSTOP: the kernel takes the connection for a server that never will."""
    with hangs.Site(engine) as site:
        hang, what = hangs.Stop(site), f"{engine}, stopped before the first connection"
        hang.begin()
        daemon = prepare(site, minotor).start()
        assert_rounds_end(daemon, figure, what, NO_ANSWER)
        hang.end()
        recovers(daemon, site, figure, what)
        ends_clean(daemon, site)


@pytest.fixture
def tls_without_end(engine):
    """They would speak TLS, hear the first word of it and say nothing more: (of that database, of a web server)."""
    if engine == "postgresql":
        first = test_passwords.BrokenTLS(b"", [b"S", b""])
    else:
        capabilities = test_worker_mysql.CAPABILITIES | test_worker_mysql.CLIENT_SSL
        first = test_passwords.BrokenTLS(test_worker_mysql.greeting(capabilities), [b"", b""])
    made = first, test_passwords.BrokenTLS(b"", [b"", b"", b""])
    yield made
    for one in made:
        one.close()


def test_tls_without_end(minotor, figure, engine, tls_without_end):
    of_database, of_web = tls_without_end
    with hangs.Site(engine) as site:
        daemon = prepare(site, minotor, {"port": of_database.port, "sslmode": "require"},
                         {"url": f"https://127.0.0.1:{of_web.port}"}).start()
        assert_rounds_end(daemon, figure, f"{engine}, TLS without end", NO_ANSWER)
        marks = [module.PASSWORD_MARK.encode() for module in (database, mysql_database)]
        assert of_database.heard and not any(mark in words for mark in marks for words in of_database.heard)
        ends_clean(daemon, site)


# ---------------------------------------------------------------------------------------------------- lost packets


@pytest.fixture
def cable():
    reason = network.why_no_cable()
    if reason:
        pytest.skip(reason)
    with network.Cable() as made:
        yield made


@ROOT_ONLY
def test_connect_into_nothing(minotor, figure, engine, cable):
    """The packets of the connect itself are lost."""
    with hangs.Site(engine, far=cable) as site:
        cable.pull()
        daemon, what = prepare(site, minotor).start(), f"{engine}, connect into nothing"
        assert_rounds_end(daemon, figure, what, NO_ANSWER)
        cable.plug()
        recovers(daemon, site, figure, what)
        ends_clean(daemon, site)


@ROOT_ONLY
@pytest.mark.parametrize("seconds", (5, LONGEST_CUT_S))
def test_half_open(minotor, figure, engine, cable, seconds):
    """Nobody is told that the other side is gone. When the network is back the server has not more sessions than before,
    and soon none that is not used."""
    with hangs.Site(engine, far=cable) as site:
        daemon, what = prepare(site, minotor).start(), f"{engine}, cut for {seconds} s"
        for name in ("kpi", "health"):
            daemon.wait_until_good(name)
        with hangs.Looks(site.sessions) as sessions:
            begin = time.monotonic()
            cable.pull()
            assert_rounds_end(daemon, figure, what, NO_ANSWER)
            time.sleep(max(0.0, begin + seconds - time.monotonic()))
            cable.plug()
            recovers(daemon, site, figure, what)
            begin = time.monotonic()
            while site.sessions() > 1:
                assert time.monotonic() - begin < 150, f"{site.sessions()} sessions"
                time.sleep(0.1)
            figure(f"{what}: one session is left at the server {time.monotonic() - begin:.1f} s later; most were {sessions.most}")
            assert sessions.most <= hangs.BUDGET
        ends_clean(daemon, site)
