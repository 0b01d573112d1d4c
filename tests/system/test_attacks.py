# SPDX-License-Identifier: Apache-2.0
"""Every attack of tests/hostile/attacks, under every set of layers, beside healthy slots: what it gets is in attacks.py."""

import concurrent.futures
import itertools
import json
import os
import re
import time

import pytest

import minotor as programs
from attack_stage import ACCOUNT, SLOTS, Stage
from attacks import ATTACKS
from conftest import hostile
from minotor import AS_ROOT
from test_hostile import restarts

ALONE = ["network", "ipc", "write_execute", "broker"]
SETTINGS = {
    "root": {"sandbox": "off"},
    "off": {"sandbox": "off"},
    "landlock": {"sandbox_without": ["seccomp", *ALONE]},
    "seccomp": {"sandbox_without": ["landlock", *ALONE]},
    "direct": {"sandbox_without": ["broker"]},
    "all": {},
}
# What tests/hostile/outer takes away.
WALLS = {
    **{f"abi{abi}": ["--landlock-abi", str(abi)] for abi in range(7)},
    "unfiltered": ["--deny", "seccomp"],
    "undivided": ["--deny", "unshare"],
}
STARTERS = ("root", "plain") if AS_ROOT else ("plain",)
CELLS = [(starter, column) for starter in STARTERS for column in SETTINGS if starter == "root" or column != "root"]
WALLED = [("plain", column) for column in WALLS] + [("root", column) for column in ("abi0", "unfiltered") if AS_ROOT]


def chunks(names):
    names = iter(names)
    while chunk := list(itertools.islice(names, SLOTS)):
        yield chunk


def run_beside(stages, attacks):
    """{name: outcome} of stages that run at the same time."""
    outcomes, complaints = {}, []
    wanted = [{name: attacks[name] for name in chunk} for _, chunk in stages]
    try:
        with concurrent.futures.ThreadPoolExecutor(len(stages)) as pool:
            for found in pool.map(lambda pair: pair[0][0].run(pair[1]), zip(stages, wanted)):
                outcomes.update(found)
    finally:
        everybody = {stage.daemon.process.pid for stage, _ in stages if stage.daemon.process}
        for stage, chunk in stages:
            stage.daemon.bystanders |= everybody
            if not set(chunk) <= set(outcomes):
                print(stage.daemon.log_tail())
            complaints += stage.end()
    assert not complaints, complaints
    return outcomes


def run(attacks, starter, **stage):
    """{name: outcome}, two minotords at a time: their workers share an account, which may have 384 processes."""
    account = ACCOUNT if starter == "plain" and AS_ROOT else None
    outcomes, left = {}, list(chunks(attacks))
    while left:
        outcomes.update(run_beside([(Stage(account=account, **stage), chunk) for chunk in left[:2]], attacks))
        del left[:2]
    return outcomes


def compare(outcomes, expected):
    """A line for every attack that had another outcome than the table says."""
    return [f"{name}: {found}, expected {'|'.join(sorted(expected[name]))}"
            for name, found in outcomes.items() if found not in expected[name]]


@pytest.fixture(autouse=True)
def no_sanitizer():
    if programs.sanitized():
        pytest.skip("a sanitized worker is not confined")


def check(starter, column, figure, attacks, **stage):
    expected = {name: attack.expected(column, starter == "root") for name, attack in attacks.items()}
    begin = time.monotonic()
    outcomes = run({name: attack for name, attack in attacks.items() if expected[name]}, starter, **stage)
    hits = sum(outcome == "hit" for outcome in outcomes.values())
    figure(f"{starter} {column}: {len(outcomes)} attacks, {hits} succeed, {time.monotonic() - begin:.1f} s")
    if "ATTACKS_JSON" in os.environ:
        record(f"{starter} {column}", outcomes)
    wrong = compare(outcomes, expected)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("starter, column", CELLS, ids=["-".join(cell) for cell in CELLS])
def test_matrix(starter, column, figure):
    user = "root" if column == "root" else ACCOUNT
    check(starter, column, figure, ATTACKS, settings=SETTINGS[column], user=user)


@pytest.mark.parametrize("starter, column", WALLED, ids=["-".join(cell) for cell in WALLED])
def test_matrix_with_less_of_a_kernel(starter, column, figure):
    """The harmful ones only; what they get then is what README.md says of a kernel without that layer."""
    harmful = {name: attack for name, attack in ATTACKS.items() if not attack.reason and not name.endswith("_loop")}
    check(starter, column, figure, harmful, outer=WALLS[column])


def test_no_harmful_attack_succeeds():
    """With all layers, as root and as a plain user: what the two tests above compare with says so."""
    for attack in ATTACKS.values():
        succeeds = "hit" in attack.expected("all", True) | attack.expected("all", False)
        assert succeeds == bool(attack.reason), attack.name


def test_every_attack_of_the_sources_is_in_the_table():
    folder = os.path.join(programs.SOURCE, "tests/hostile/attacks")
    written = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            written |= set(re.findall(r'^    \{ "(\w+)", \w+ \},', file.read(), re.MULTILINE))
    assert written - {"sibling", "prey"} == {name for name, attack in ATTACKS.items() if attack.plugin.startswith("attacks")}


def test_the_readme_says_what_remains_open():
    with open(os.path.join(programs.SOURCE, "README.md"), encoding="utf-8") as file:
        section = file.read().partition("## Security\n")[2].partition("\n## ")[0]
    told = {word.lower() for word in re.findall(r"^\| \*(.+?)\* \|", section, re.MULTILINE)}
    assert told == {attack.reason for attack in ATTACKS.values() if attack.reason}


def test_a_place_at_the_database_is_not_kept_for_ever(kpi, mattermost):
    """One that takes both of them, in messages that it forges, is found out; the others get theirs."""
    daemon = kpi(mattermost, collectors={"hoard_places": hostile("attacks")}).start()
    daemon.wait_for(lambda page: restarts(page, "hoard_places").get("protocol", 0) >= 1, 40, "an end of the patience")
    daemon.next_round("kpi", timeout=30)
    daemon.wait_until_good("kpi", timeout=30)
    assert daemon.log_lines("hoard_places.*has kept a place")


def test_descriptors_in_flight_are_no_trap_for_others():
    """One account, one worker that leaves hundreds of them on the way: the broker of another still hands over its connection."""
    stage = Stage()
    first, second = ({name: ATTACKS[name]} for name in ("hoard_in_flight", "connect_as_configured"))
    try:
        assert stage.run(first) == {"hoard_in_flight": "hit"}
        stage.add(second)
        assert stage.wait(second) == {"connect_as_configured": "hit"}
    finally:
        print(stage.daemon.log_tail())
        complaints = stage.end()
    assert not complaints


def record(cell, outcomes):
    path = os.environ["ATTACKS_JSON"]
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    known[cell] = outcomes
    with open(path, "w", encoding="utf-8") as file:
        json.dump(known, file)
