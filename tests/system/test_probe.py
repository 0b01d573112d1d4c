# SPDX-License-Identifier: Apache-2.0
"""/probe?target=NAME, and what minotor tells of its own processes and configuration."""

import pytest

from conftest import hostile
from exposition import Page

OWN = ("minotor_", "process_", "promhttp_")


@pytest.fixture
def two(minotor):
    daemon = minotor({"good": hostile("good")})
    group = daemon.settings["targets"][0]["database"]
    daemon.settings["targets"].append({"name": "second", "database": group})
    daemon.write_config()
    daemon.start()
    daemon.wait_for(lambda page: len(page.series("hostile_good_value")) == 2, 10, "two targets")
    return daemon


def test_one_target_alone(two):
    for name in ("mattermost", "second"):
        answer = two.get(f"/probe?target={name}")
        assert answer.status == 200
        page = Page(answer.body)
        assert set(page.by_label("hostile_good_value", "target")) == {name}
        assert not [family for family in page.names() if family.startswith(OWN)]


@pytest.mark.parametrize("query, status", (("", 400), ("?target=", 400), ("?other=second", 400), ("?target=third", 404),
                                           ("?target=%3Cscript%3E", 404)))
def test_unknown_or_missing(two, query, status):
    answer = two.get("/probe" + query)
    assert answer.status == status and answer.text.count("\n") == 1
    assert "script" not in answer.text and "target" in answer.text


def test_processes(minotor):
    """CPU time of a worker outlives it; memory is of the one that lives."""
    daemon = minotor({"good": hostile("good"), "segv": hostile("segv")}).start()
    page = daemon.wait_for(lambda page: page.collector("resident_memory_bytes", "good") is not None, 15, "memory")
    assert 1 << 20 < page.collector("resident_memory_bytes", "good") < 100 << 20
    memory = page.by_label("minotor_process_resident_memory_bytes", "process")
    assert {"front", "supervisor"} <= set(memory) and all(1 << 19 < value < 200 << 20 for value in memory.values())
    assert {"front", "supervisor"} <= set(page.by_label("minotor_process_cpu_seconds_total", "process"))
    before = page.collector("cpu_seconds_total", "segv")
    daemon.wait_for(lambda page: page.collector("cpu_seconds_total", "segv") > before, 20, "CPU of the next generation")


def test_the_configuration(minotor):
    daemon = minotor({"good": hostile("good")}).start()
    page = daemon.wait_for(lambda page: page.value("minotor_config_last_reload_successful") == 1, 10, "configuration")
    first = page.value("minotor_config_last_reload_success_timestamp_seconds")
    with open(daemon.config_path, "a", encoding="utf-8") as file:
        file.write("nonsense = ;\n")
    daemon.reload()
    page = daemon.wait_for(lambda page: page.value("minotor_config_last_reload_successful") == 0, 10, "a mistake")
    assert page.value("minotor_config_last_reload_success_timestamp_seconds") == first
    assert "has mistakes" in daemon.get("/").text
    daemon.write_config()
    daemon.reload()
    page = daemon.wait_for(lambda page: page.value("minotor_config_last_reload_successful") == 1, 10, "put right")
    assert page.value("minotor_config_last_reload_success_timestamp_seconds") > first
