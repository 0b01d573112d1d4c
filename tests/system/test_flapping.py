# SPDX-License-Identifier: Apache-2.0
"""One that fails again and again: cheap, quiet, shown, and back by itself when its trouble is over."""

import re
import time

from conftest import hostile
from test_hostile import Neighbour, restarts

LOUD = "level=(error|warning|info)"


def quiet(minotor, name, **own):
    """Logs as in production: nothing of the debug level."""
    daemon = minotor({"good": hostile("good"), name: hostile(name, **own)}, settings={"log": {"level": "info", "format": "logfmt"}})
    return daemon.start()


def failures(page, name):
    return page.collector("consecutive_failures", name) or 0  # it may not be there yet


def test_one_that_never_worked(minotor, figure):
    daemon = quiet(minotor, "constructor")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: failures(page, "constructor") >= 6, 40, "six failures")
        deaths = sum(restarts(page, "constructor").values())
        lines = daemon.log_lines(r"\bconstructor\b.*" + "|" + LOUD + r".*\bconstructor\b")
        figure(f"constructor: {deaths:.0f} deaths, {len(lines)} lines of log")
        told = [line for line in lines if "failed after" in line]
        assert len(told) == 3, told
        assert len(lines) <= 6, "\n".join(lines)
        assert page.value("minotor_collector_state", collector="constructor", state="running") == 0


def test_a_reason_is_said_once_and_not_at_each_try(minotor):
    """Its worker writes the reason into the log itself, in each of its lives."""
    daemon = quiet(minotor, "open_fails")
    with Neighbour(daemon):
        daemon.wait_for(lambda page: failures(page, "open_fails") >= 6, 40, "six failures")
        lines = daemon.log_lines("no key for the door")
        assert len(lines) <= 6, "\n".join(lines)


def test_quarantine_and_return(minotor, figure):
    until = int(time.time()) + 6
    daemon = quiet(minotor, "moody", settings={"until": until})
    with Neighbour(daemon):
        daemon.wait_for(lambda page: failures(page, "moody") >= 3 and page.value(
            "minotor_collector_state", collector="moody", state="backoff") == 1, 20, "a backoff")
        text = daemon.get("/").text
        row = re.search(r"<h2>Quarantine</h2>.*?<tr><td>moody</td>(.*?)</tr>", text, re.DOTALL)
        assert row, text
        assert re.search(r"backoff|starting", row.group(1)) and "SIGABRT" in row.group(1)
        assert re.search(r"next try in \d|is being tried", row.group(1))
        assert re.search(r'<td class="n">[3-9]</td>', row.group(1)), "how often in a row"
        assert re.search(r'title="20\d\d-', row.group(1)), "since when"
        assert "<tr><td>good</td>" not in text.partition("<h2>Quarantine</h2>")[2]
        begin = time.monotonic()
        daemon.wait_until_good("moody", 60)
        figure(f"moody: good {time.time() - until:.1f} s after its trouble was over")
        page = daemon.wait_for(lambda page: failures(page, "moody") == 0, 40, "trust")
        figure(f"moody: trusted again {time.monotonic() - begin:.1f} s after the look at the quarantine")
        assert "Quarantine" not in daemon.get("/").text
        assert page.value("minotor_collector_state", collector="moody", state="running") == 1
    assert len(daemon.log_lines(r"moody\[\d+\]: works again, after [3-9] failures")) == 1


def test_parked_is_in_quarantine_too(minotor):
    daemon = quiet(minotor, "bad_setting")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: page.value(
            "minotor_collector_state", collector="bad_setting", state="parked") == 1, 20, "a parked slot")
        assert failures(page, "bad_setting") == 1
        text = daemon.get("/").text.partition("<h2>Quarantine</h2>")[2]
        assert "parked" in text and "when the configuration is read again" in text and "the moon is not a target" in text


def test_a_reload_gives_it_another_chance(minotor):
    daemon = quiet(minotor, "constructor")
    daemon.wait_for(lambda page: failures(page, "constructor") >= 4, 30, "failures")
    before = sum(restarts(daemon.scrape(), "constructor").values())
    offset = len(daemon.log())
    daemon.reload()
    page = daemon.wait_for(lambda page: sum(restarts(page, "constructor").values()) > before, 20, "a try at once")
    assert failures(page, "constructor") < 4, "it begins anew"
    daemon.wait_for_log(r"constructor\[\d+\]: generation \d+ failed", 10, offset)  # who asks wants to know
