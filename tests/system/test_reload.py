# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what has not changed is not touched, what is wrong changes nothing."""

import pytest

from conftest import hostile


@pytest.fixture
def running(minotor):
    daemon = minotor({"good": hostile("good"), "fails": hostile("fails")}).start()
    daemon.wait_until_good("good")
    daemon.wait_for(lambda page: page.collector("up", "fails") == 1, 10, "the other collector")
    return daemon


def test_nothing_changed_nothing_touched(running):
    before = running.children()
    offset = len(running.log())
    running.reload()
    running.wait_for_log(r"(?i)re-?(load|read)|configuration", 10, offset)
    running.next_round("good")
    assert running.children() == before


def test_a_changed_interval_takes_effect_in_its_slot_only(running):
    before = running.children()
    running.write_collector("fails", hostile("fails", interval="700ms"))
    running.reload()
    running.wait_for(lambda page: page.collector("interval_seconds", "fails") == 0.7, 10, "the new interval")
    page = running.wait_for(lambda page: page.collector("up", "fails") == 1, 10, "the new worker")
    assert running.children()["minotor: worker good"] == before["minotor: worker good"]
    assert running.children()["minotor: front"] == before["minotor: front"]
    assert page.value("minotor_collector_restarts_total", collector="good", cause="exit") == 0


@pytest.mark.parametrize("what, text", (
    ("syntax", "interval = \n"),
    ("unknown key", 'enabled = true;\ncolour = "red";\n'),
    ("range", 'enabled = true;\ninterval = "1ms";\n'),
))
def test_a_mistake_keeps_the_old_configuration(running, what, text):
    before = running.children()
    running.write("collectors.d/good.conf", text)
    offset = len(running.log())
    running.reload()
    running.wait_for_log(r"good\.conf:\d+: ", 10, offset)
    running.next_round("good")
    assert running.children() == before
    # Put right, it is taken.
    running.write_collector("good", hostile("good", interval="300ms"))
    running.reload()
    running.wait_for(lambda page: page.collector("interval_seconds", "good") == 0.3, 10, "the new interval")
    running.wait_until_good("good")


def test_a_mistake_in_a_collectors_own_settings_keeps_it_too(running):
    """Only the collector knows what its settings may be."""
    before = running.children()
    running.write_collector("good", hostile("good", settings={"colour": "red"}))
    running.write_collector("fails", hostile("fails", interval="700ms"))
    offset = len(running.log())
    running.reload()
    running.wait_for_log(r"good: .*good\.conf:\d+: .*colour", 20, offset)
    running.wait_for_log("the old one stays in force", 10, offset)
    page = running.next_round("good")
    assert running.children() == before
    assert page.collector("interval_seconds", "fails") != 0.7, "one mistake, and nothing changes"
    running.write_collector("good", hostile("good"))
    running.reload()
    running.wait_for(lambda page: page.collector("interval_seconds", "fails") == 0.7, 20, "the new interval")


def test_an_end_while_settings_are_looked_at(running):
    """A collector that hangs in its constructor keeps the look going, but neither the scrapes nor the end."""
    running.write_collector("sleeper", hostile("never_ready"))
    running.reload()
    running.next_round("good")
    status, seconds = running.stop()
    assert status == 0 and seconds < 5


def test_added_and_removed(running):
    before = running.children()
    running.write_collector("late", hostile("late", interval="1s"))
    running.reload()
    running.wait_until_good("late")
    assert running.scrape().value("hostile_late_value") == 1
    running.write_collector("late", None)
    running.reload()
    page = running.wait_for(lambda page: page.collector("up", "late") is None, 10, "the collector to go")
    assert page.value("hostile_late_value") is None
    assert not [labels for _, labels in page.values if ("collector", "late") in labels], "nothing of it is left on the page"
    running.next_round("good")
    assert running.children() == before


def test_disabled(running):
    running.write_collector("fails", hostile("fails", enabled=False))
    running.reload()
    running.wait_for(lambda page: page.collector("up", "fails") is None, 10, "the collector to go")
    assert "minotor: worker fails" not in running.children()


def test_log_level(running):
    running.settings["log"]["level"] = "error"
    running.write_config()
    running.reload()
    running.wait_until_good("good")


def test_a_parked_slot_waits_for_a_reload(minotor):
    daemon = minotor({"good": hostile("good"), "fails": hostile("descriptor_major")}).start()
    daemon.wait_until_good("good")
    good = daemon.worker("good")
    page = daemon.next_round("good")
    assert page.collector("up", "fails") == 0
    daemon.write_collector("fails", hostile("fails"))
    daemon.reload()
    daemon.wait_for(lambda page: page.collector("up", "fails") == 1, 10, "the slot to be tried again")
    assert daemon.worker("good") == good


def test_many_reloads_in_a_row(running):
    for _ in range(30):
        running.reload()
    running.next_round("good")
    assert running.process.poll() is None
    running.wait_until_good("good")
