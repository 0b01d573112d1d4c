# SPDX-License-Identifier: Apache-2.0
"""The manual pages against the program, and as their readers see them."""

import os
import re
import shutil
import subprocess

import pytest

import manual
from conftest import hostile
from minotor import SOURCE

# A limit that is not set is no family.
LIMITS = {"process_max_fds", "process_virtual_memory_max_bytes"}


@pytest.fixture
def running(minotor):
    """A minotord with one collector, which has had a good round."""
    one = minotor({"good": hostile("good")}).start()
    one.wait_until_good("good")
    return one


def rendered(page):
    """As text without marks and without line breaks."""
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc to look at manual pages with")
    done = subprocess.run(["mandoc", "-Tascii", os.path.join(SOURCE, page)], stdout=subprocess.PIPE, check=True, text=True)
    return " ".join(re.sub(".\b", "", done.stdout).split())


def test_each_family_of_minotors_own_is_in_the_manual(running):
    """And none is there that does not exist; with its labels."""
    told = manual.families(manual.DAEMON, "METRICS")
    page = running.scrape()
    shown = {family: {name for labels in page.series(family) for name, _ in labels}
             for family in page.names() if not family.startswith(("mattermost_", "hostile_"))}
    assert set(shown) <= set(told) and set(told) - set(shown) <= LIMITS
    assert {family: names for family, names in shown.items() if names != set(told[family])} == {}


def test_each_value_of_a_label_is_in_the_manual(running):
    text = " ".join(manual.section(manual.DAEMON, "METRICS"))
    page = running.scrape()
    for family, label in (("minotor_collector_rounds_total", "result"), ("minotor_collector_restarts_total", "cause"),
                          ("minotor_collector_rejected_samples_total", "reason"),
                          ("minotor_collector_state", "state"), ("minotor_collector_limit_hits_total", "limit"),
                          ("minotor_sandbox_info", "state"),
                          ("promhttp_metric_handler_errors_total", "cause")):
        for labels in page.series(family):
            assert f".Cm {dict(labels)[label]}" in text, f"{family}: {labels}"


def test_each_path_of_the_manual_is_answered(running):
    paths = re.findall(r"^\.(?:It )?Pa (/\S*)", "\n".join(manual.section(manual.DAEMON, "PROBES")), re.MULTILINE)
    assert {"/", "/metrics", "/-/healthy", "/-/ready"} <= set(paths)
    assert {path: running.get(path).status for path in paths} == dict.fromkeys(paths, 200)
    assert running.get("/-/other").status == 404


@pytest.mark.parametrize("page", manual.PAGES)
def test_headings_are_no_macros(page):
    """`In' and `Do' are macros as well as words: a heading that begins with one has to be shown as it was meant."""
    text = rendered(page)
    headings = [line.split(" ", 1)[1] for line in manual.lines(page) if line.startswith((".Sh ", ".Ss "))]
    assert headings and [one for one in headings if one.replace('"', "") not in text] == []


@pytest.mark.parametrize("page, title", [(manual.DAEMON, "METRICS"), *[(name, "FAMILIES") for name in manual.COLLECTORS]])
def test_families_are_shown_with_their_labels(page, title):
    text = rendered(page if page == manual.DAEMON else f"collectors/{page}/minotor-{page}.7")
    for family, labels in manual.families(page, title).items():
        shown = family + ("{" + ", ".join(labels) + "}" if labels else "")
        assert re.search(re.escape(shown) + r"(?![\w{])", text), shown


def test_pages_point_to_each_other():
    """Each to the configuration, the daemon and all collectors; none to what does not exist."""
    there = {os.path.basename(page).rpartition(".")[0] for page in manual.PAGES}
    for page in manual.PAGES:
        own = os.path.basename(page).rpartition(".")[0]
        named = {line.split()[1] for line in manual.section(page, "SEE ALSO") if line.startswith(".Xr ")}
        assert {name for name in named if name.startswith("minotor")} <= there
        assert there - {"minotor_collector"} <= named | {own}, page
