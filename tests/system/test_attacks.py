# SPDX-License-Identifier: Apache-2.0
"""Every attack of tests/hostile/attacks, under every set of layers, beside healthy slots: what it gets is in attacks.py."""

import concurrent.futures
import itertools
import json
import os
import time

import pytest

import minotor as programs
from attack_stage import SLOTS, Stage
from attacks import ATTACKS
from minotor import AS_ROOT, UNPRIVILEGED

ALONE = ["network", "ipc", "write_execute", "broker"]
SETTINGS = {
    "root": {"sandbox": "off"},
    "off": {"sandbox": "off"},
    "landlock": {"sandbox_without": ["seccomp", *ALONE]},
    "seccomp": {"sandbox_without": ["landlock", *ALONE]},
    "direct": {"sandbox_without": ["broker"]},
    "all": {},
}
STARTERS = ("root", "plain") if AS_ROOT else ("plain",)
CELLS = [(starter, column) for starter in STARTERS for column in SETTINGS if starter == "root" or column != "root"]


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
    """{name: outcome}, two minotords at a time: their workers share an account, which may have 256 processes."""
    account = UNPRIVILEGED if starter == "plain" and AS_ROOT else None
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


@pytest.mark.parametrize("starter, column", CELLS, ids=[" ".join(cell) for cell in CELLS])
def test_matrix(starter, column, figure):
    expected = {name: attack.expected(column, starter == "root") for name, attack in ATTACKS.items()}
    attacks = {name: attack for name, attack in ATTACKS.items() if expected[name]}
    begin = time.monotonic()
    outcomes = run(attacks, starter=starter, settings=SETTINGS[column], user="root" if column == "root" else UNPRIVILEGED)
    hits = sum(outcome == "hit" for outcome in outcomes.values())
    figure(f"{starter} {column}: {len(outcomes)} attacks, {hits} succeed, {time.monotonic() - begin:.1f} s")
    if "ATTACKS_JSON" in os.environ:
        record(f"{starter} {column}", outcomes)
    wrong = compare(outcomes, expected)
    assert not wrong, "\n".join(wrong)


def record(cell, outcomes):
    path = os.environ["ATTACKS_JSON"]
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    known[cell] = outcomes
    with open(path, "w", encoding="utf-8") as file:
        json.dump(known, file)
