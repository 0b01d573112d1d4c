# SPDX-License-Identifier: Apache-2.0
"""Every family of the page of the plugin that minotor replaces is there, with its labels, and it is true."""

import os
import re

import pytest

import installations
import truth
from database import PASSWORD_MARK, PrivatePostgreSQL
from fake_mattermost import FakeMattermost
from minotor import SHARED
from mysql_database import PrivateMariaDB

SEED_PAGE = os.path.join(SHARED, "seed-page.txt")
COLLECTORS = ("kpi", "jobs", "usage")
# Families of the seed's page that other parts of minotor own.
NOT_OURS = re.compile(r"mattermost_db_|mattermost_system_|mattermost_usage_status$|promhttp_")


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


@pytest.fixture(scope="module", params=installations.VERSIONS, ids="-".join)
def installation(request, servers):
    """(source, engine, version), read with the role of etc/sql."""
    engine, version = request.param
    name = "seed_" + version.replace(".", "_")
    return installations.generated(servers[engine], engine, version, name), engine, version


@pytest.fixture
def worker(tmp_path):
    made = []

    def make(source, engine, collector, **settings):
        made.append(installations.worker(source, engine, collector, installations.drivers(str(tmp_path)), **settings))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)
        assert PASSWORD_MARK not in one.log_text


def seed_families():
    """{family: label names} of the seed's page."""
    if not os.path.exists(SEED_PAGE):
        pytest.skip("no ../shared/seed-page.txt beside the source tree")
    with open(SEED_PAGE, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    return {line.split("{")[0].split(" ")[0]: set(re.findall(r'(\w+)="', line)) for line in lines}


def first_round(one):
    found = one.round()
    assert (found.status, found.error, found.unknown) == ("ok", "", [])
    return found


def test_every_family_and_label_of_the_seed_is_there(worker, installation):
    source, engine, _ = installation
    shown = {}
    for collector in COLLECTORS:
        one = worker(source, engine, collector)
        samples = first_round(one).samples
        families = {name: set(labels) for name, _, _, _, labels in one.pipe.families.values()}
        shown.update({name: families[name] for name in {key[0] for key in samples}})
    wanted = {name: labels for name, labels in seed_families().items() if not NOT_OURS.match(name)}
    assert len(wanted) == 13
    assert {name: shown.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("collector", COLLECTORS)
def test_every_value_is_true(worker, installation, collector):
    source, engine, _ = installation
    found = first_round(worker(source, engine, collector))
    expected = getattr(truth, collector)(source)
    if collector == "kpi":
        expected.update({("mattermost_messages_posted_total", label): value
                         for label, value in truth.messages(source).items()})
    assert truth.difference(truth.comparable(found.samples), expected) == {}


def test_sizes_are_those_of_the_engine(worker, installation):
    source, engine, _ = installation
    samples = first_round(worker(source, engine, "usage")).samples
    tables = {key[1]: value for key, value in samples.items() if key[0] == "mattermost_database_table_size_bytes"}
    assert {"posts", "reactions", "fileinfo", "jobs", "audits", "preferences"} <= set(tables)
    assert all(value > 0 for value in tables.values())
    assert samples[("mattermost_database_size_bytes",)] > max(tables.values())


def test_the_running_server_knows_better(worker, installation):
    source, engine, version = installation
    server = FakeMattermost(version)
    try:
        found = first_round(worker(source, engine, "usage", api__url=server.url))
    finally:
        server.close()
    info = [key for key in found.samples if key[0] == "mattermost_usage_info"]
    assert len(info) == 1 and re.fullmatch(r"\d+\.\d+\.\d+", info[0][1]) and info[0][1].startswith(version)
