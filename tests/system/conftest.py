# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: servers that end with their test, and a look at what they leave behind."""

import itertools
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import database  # noqa: E402
import fake_mattermost  # noqa: E402
import installations  # noqa: E402
import processes  # noqa: E402
from minotor import HOSTILE, Minotor  # noqa: E402

# The timeout is the interval when nothing else is said.
FAST = {"interval": "300ms", "stale_after": "4s"}


def pytest_configure():
    processes.adopt_orphans()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.test_failed = report.failed


@pytest.fixture
def figure(request):
    """figure("text"): something measured, for the report of a test that passes as well."""
    def say(text):
        print(text)
        request.node.user_properties.append(("figure", text))
    return say


@pytest.fixture
def minotor(request):
    """minotor(collectors, ...): a Minotor, not yet started, that ends with the test and must leave nothing."""
    made = []

    def make(collectors, **more):
        made.append(Minotor(collectors, **more))
        return made[-1]

    yield make
    complaints = []
    for one in reversed(made):
        log = one.log_tail()
        found = one.end()
        if found or getattr(request.node, "test_failed", True):
            print(log)
        complaints += found
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def server():
    """server(version, ...): a FakeMattermost that ends with the test."""
    made = []

    def make(*arguments, **more):
        made.append(fake_mattermost.FakeMattermost(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    """(key, certificate) of a server that is localhost and 127.0.0.1."""
    return fake_mattermost.certificate(str(tmp_path_factory.mktemp("identity")))


@pytest.fixture(scope="session")
def postgresql():
    with database.PrivatePostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def templates(postgresql):
    """templates(version): a generated database of that version that nobody changes; made when first wanted."""
    made = {}

    def get(version):
        if version not in made:
            made[version] = database.generated(postgresql, "template_" + version.replace(".", "_"), version)
        return made[version]
    return get


@pytest.fixture(scope="session")
def numbers():
    return itertools.count()


@pytest.fixture
def mattermost(postgresql, templates, numbers):
    """A database of the newest version for this test alone."""
    name = f"mattermost_{next(numbers)}"
    yield database.clone(postgresql, name, templates("11.6"))
    postgresql.psql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def kpi(minotor):
    """kpi(mattermost, interval=..., own={...}): a Minotor with kpi on that database, not yet started.

    own        the `settings` group of kpi.conf; everything is counted in each round where it does not say otherwise
    settings   more for minotor.conf
    """
    def make(source, collectors=None, settings=None, database_settings=None, password=database.PASSWORD, own=None,
             **schedule):
        def group(password_file):
            return source.settings(password_file, **(database_settings or {}))

        file = {**FAST, **schedule, "settings": {"exact": True, **(own or {})}}
        return minotor({"kpi": file, **(collectors or {})}, database=group, password=password,
                       settings=settings)
    return make


@pytest.fixture
def dbpool(tmp_path):
    """dbpool(source, engine, **settings): a worker of its own with that collector; `__` stands for a dot."""
    made = []

    def make(source, engine, own=None, **settings):
        made.append(installations.worker(source, engine, "dbpool", installations.drivers(str(tmp_path)), own=own, **settings))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)


def hostile(name, **own):
    """Settings of a collector from tests/hostile."""
    return {**FAST, "interval": "200ms", "plugin": os.path.join(HOSTILE, name + ".so"), **own}
