# SPDX-License-Identifier: Apache-2.0
"""A server that does not behave, by every way that leads to it: health and usage show what is right or nothing, in time,
with little memory, and recover."""

import re

import pytest

import fake_mattermost
import installations
import processes
import truth
from database import PrivatePostgreSQL
from fake_mattermost import TOKEN, FakeMattermost
from minotor import sanitized
from test_health import BACKEND, BAD, GRACE_S, HEALTHY, PLUGINS, UP, values

WAYS = ("tcp", "tls", "path", "socket")
# The rest of test_health's is about the text of HTTP, which is the same by every way.
MODES = ("silent", "byte_by_byte", "body_byte_by_byte", "error_without_status", "garbage", "huge", "huge_announced",
         "huge_chunked", "gzip_bomb", "cut", "nothing", "redirect")
TIMEOUT_MS = 1000
MOST_READ_BYTES = 16 << 20
MOST_MEMORY_BYTES = 12 << 20  # more than in good times
# What usage has without the server's help.
MEASURED = ("mattermost_usage_info", "mattermost_server_start_timestamp_seconds")


class Way:
    """A server, and a worker with one of the collectors that ask it."""

    def __init__(self, way, folder, identity, start):
        self.way = way
        self.server = FakeMattermost(tls=identity if way == "tls" else None, subpath="/chat/mattermost" if way == "path" else "",
                                     unix_path=f"{folder}/local.socket" if way == "socket" else None)
        api = {"api__local_socket": f"{folder}/local.socket"} if way == "socket" else {"api__url": self.server.url}
        if way == "tls":
            api["api__ca_file"] = identity[1]
        self.worker = start(**api)

    def most_memory(self):
        return int(processes.status(self.worker.process.pid)["VmHWM"].split()[0]) * 1024

    def become(self, mode):
        self.worker.pump(0)
        self.server.mode, self.server.poured, self.asked = mode, 0, len(self.server.requests)
        self.under_way = self.worker.pipe.rounds[-1].number + 1

    def next_round(self):
        """The first that began after the server has become so."""
        seen = [found for found in self.worker.pipe.rounds if found.number > self.under_way]
        return seen[0] if seen else self.worker.round(lambda found: found.number > self.under_way)

    def assert_little_was_read(self):
        """Of each answer; there may have been several."""
        assert self.server.poured <= MOST_READ_BYTES * max(1, len(self.server.requests) - self.asked), self.way

    def close(self):
        self.worker.end()
        self.server.close()
        print(self.worker.log_text[-3000:])
        assert TOKEN not in self.worker.log_text


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return fake_mattermost.certificate(str(tmp_path_factory.mktemp("identity")))


@pytest.fixture(scope="module")
def elsewhere():
    """Where redirects lead, and nobody is to go."""
    with FakeMattermost() as server:
        yield server
        assert server.requests == []


@pytest.fixture(scope="module")
def source():
    with PrivatePostgreSQL() as server:
        yield installations.generated(server, "postgresql", "11.6", "mattermost")


def all_ways(tmp_path_factory, identity, elsewhere, start):
    made = []
    for way in WAYS:
        made.append(Way(way, str(tmp_path_factory.mktemp(way)), identity, start))
        made[-1].server.redirect_to = elsewhere.url + "/api/v4/system/ping"
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def health(tmp_path_factory, identity, elsewhere, source):
    """Of all ways, one worker each: they go on while another is waited for."""
    folder = installations.drivers(str(tmp_path_factory.mktemp("drivers")))
    fake_mattermost.bomb()  # takes longer to make than a ping may take

    def start(**api):
        return installations.worker(source, "postgresql", "health", folder, timeout_ms=TIMEOUT_MS, own={"ping_timeout": "600ms"},
                                    **api)

    yield from all_ways(tmp_path_factory, identity, elsewhere, start)


@pytest.fixture(scope="module")
def usage(tmp_path_factory, identity, elsewhere, source):
    folder = installations.drivers(str(tmp_path_factory.mktemp("drivers")))

    def start(**api):
        return installations.worker(source, "postgresql", "usage", folder, timeout_ms=2 * TIMEOUT_MS,
                                    own={"details_interval": "0s"}, api__token=TOKEN, **api)

    yield from all_ways(tmp_path_factory, identity, elsewhere, start)


def good_values(one):
    """By local mode there is more to be had without a token."""
    return {**HEALTHY, BACKEND: 1, **(PLUGINS if one.way == "socket" else {})}


def test_health_shows_the_truth_by_each_way(health):
    for one in health:
        found = one.worker.round(lambda found: found.status == "ok")
        assert values(found) == good_values(one), one.way
        one.memory = one.most_memory()


def rounds_of(ways, mode):
    """(way, its first round with a server that has become so); all wait at the same time."""
    for one in ways:
        one.become(mode)
    return [(one, one.next_round()) for one in ways]


def recover(ways):
    """(way, its next good round)."""
    for one in ways:
        one.server.mode = "healthy"
    return [(one, one.worker.round(lambda found: found.status == "ok", 40)) for one in ways]


def reasons(one, mode):
    """To newer releases of libcurl TLS that ends without the word for it is a connection that was lost."""
    return BAD[mode] + ("|the connection was lost" if one.way == "tls" and mode in ("cut", "nothing") else "")


@pytest.mark.parametrize("mode", MODES)
def test_health(health, mode):
    for one, found in rounds_of(health, mode):
        assert values(found) == {UP: 0} and found.status == "partial", one.way
        assert re.search(reasons(one, mode), found.error) and "\n" not in found.error, found.error
        assert found.seconds < TIMEOUT_MS / 1000 + GRACE_S, one.way
        one.assert_little_was_read()
    for one, found in recover(health):
        assert values(found) == good_values(one), one.way


@pytest.mark.parametrize("mode", ["database_down", "filestore_down", "busy"])
def test_a_server_that_is_not_well_is_one_that_answers(health, mode):
    """With status 500 and a document that says so."""
    for one, found in rounds_of(health, mode):
        assert found.samples[UP] == 1 and found.status == "ok", one.way
    recover(health)


def test_memory_of_health(health, figure):
    """After all of that, which was a gigabyte several times over, and seconds of nothing."""
    if sanitized():
        pytest.skip("memory of a build with sanitizers is not that of minotor")
    grown = {one.way: one.most_memory() - one.memory for one in health}
    assert max(grown.values()) < MOST_MEMORY_BYTES, grown
    figure(f"at most {max(grown.values()) >> 10} KiB more than in good times: {grown}")


def assert_right(one, found, source):
    expected = truth.usage(source, version=one.version)
    shown = truth.comparable(found.samples, *MEASURED)
    assert truth.difference(shown, {key: value for key, value in expected.items() if key[0] not in MEASURED}) == {}, one.way


def test_usage_shows_the_truth_by_each_way(usage, source):
    for one in usage:
        found = one.worker.round(lambda found: found.status == "ok")
        one.version = "11.6.0"
        assert_right(one, found, source)
        assert [key[1] for key in found.samples if key[0] == "mattermost_usage_info"] == [one.version], one.way
        one.memory = one.most_memory()


@pytest.mark.parametrize("mode", MODES)
def test_usage(usage, source, mode):
    """The database is read whatever the server does, and what the server said last is still so."""
    for one, found in rounds_of(usage, mode):
        assert found.status in ("ok", "partial") and "\n" not in found.error, one.way
        assert_right(one, found, source)
        assert [key[1] for key in found.samples if key[0] == "mattermost_usage_info"] == [one.version], one.way
        assert found.seconds < 2 * TIMEOUT_MS / 1000 + GRACE_S, one.way
        one.assert_little_was_read()
    recover(usage)  # what failed is asked again after ten times as long as it took


@pytest.mark.parametrize("mode", ["silent", "garbage", "error_without_status"])
def test_usage_of_a_server_that_never_answered(tmp_path, source, mode):
    """It is known by its schema."""
    with FakeMattermost(mode=mode) as server:
        one = installations.worker(source, "postgresql", "usage", installations.drivers(str(tmp_path)), timeout_ms=TIMEOUT_MS,
                                   api__url=server.url)
        try:
            found = one.round()
            assert truth.difference(truth.comparable(found.samples), truth.usage(source)) == {}
            assert found.seconds < TIMEOUT_MS / 1000 + GRACE_S
        finally:
            one.end()


def test_memory_of_usage(usage, figure):
    if sanitized():
        pytest.skip("memory of a build with sanitizers is not that of minotor")
    grown = {one.way: one.most_memory() - one.memory for one in usage}
    assert max(grown.values()) < MOST_MEMORY_BYTES, grown
    figure(f"at most {max(grown.values()) >> 10} KiB more than in good times: {grown}")
