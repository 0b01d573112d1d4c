# SPDX-License-Identifier: Apache-2.0
"""Each limit of a slot, reached by a collector through the real supervisor: told by its name in the log, on the status
page and in the metrics, and nobody else notices."""

import os
import pwd
import re
import subprocess
import sys
import time

import pytest

import minotor as programs
import processes
from conftest import hostile
from test_hostile import VALUE, Neighbour, restarts

NO_LIMIT_OF_MEMORY = "a sanitized worker has no limit of memory"


def hits(page, name):
    """{limit: how often}, without zeros."""
    return {dict(labels)["limit"]: number for labels, number in page.series("minotor_collector_limit_hits_total").items()
            if dict(labels)["collector"] == name and number}


def start(minotor, name, limits, **own):
    """Beside a good one, and with time enough to die of its own fault on a busy machine."""
    long = {"interval": "5s", "timeout": "5s", "stale_after": "15s"} if own.pop("long", False) else {}
    return minotor({"good": hostile("good"), name: hostile(name, limits=limits, **long, **own)}).start()


def told(daemon, name, words):
    """The page and the log say it, the log not for ever."""
    assert re.search(words, daemon.get("/").text), daemon.get("/").text
    lines = [line for line in daemon.log_lines(name) if "level=debug" not in line]
    assert any(re.search(words, line) for line in lines), lines


# name: (limits, cause, limit, words); all end the worker
ENDS = {
    "hog": ({"memory": "64M"}, "memory", "memory", r"reached limits\.memory.*exit code 76.*crashed by SIGABRT.*limits\.memory is 65536 KiB"),
    "leak": ({"memory": "32M"}, "memory", "memory", r"reached limits\.memory"),
    "holder": ({"descriptors": 32}, "exit", "descriptors", r"no descriptor left: reached limits\.descriptors"),
    "spin": ({"cpu": "200ms"}, "cpu", "cpu", r"limits\.cpu allows \([\d.]+ s of CPU time\); signal 27"),
    "deaf": ({"cpu": "200ms"}, "cpu", "cpu", r"limits\.cpu allows \([\d.]+ s of CPU time\); signal 9"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_limit_ends_the_worker(minotor, figure, name):
    limits, cause, limit, words = ENDS[name]
    if limit == "memory" and programs.sanitized():
        pytest.skip(NO_LIMIT_OF_MEMORY)
    daemon = start(minotor, name, limits, long=True)
    with Neighbour(daemon):
        begin = time.monotonic()
        page = daemon.wait_for(lambda page: restarts(page, name).get(cause, 0) >= 2, 60, "two ends by " + cause)
        figure(f"{name}: two ends in {time.monotonic() - begin:.1f} s")
        assert set(restarts(page, name)) == {cause}, restarts(page, name)
        assert hits(page, name).get(limit, 0) >= 2 and set(hits(page, name)) == {limit}
        told(daemon, name, words)
        assert f"limits reached: {limit} " in daemon.get("/").text


def test_a_thread_that_computes_between_rounds(minotor):
    daemon = start(minotor, "lurker", {"cpu": "300ms"}, interval="4s")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: restarts(page, "lurker").get("cpu", 0) >= 1, 30, "an end")
        assert set(restarts(page, "lurker")) == {"cpu"}
        assert page.value(VALUE.format("lurker")) == 1, "its rounds were good"
        assert "limits reached: cpu " in daemon.get("/").text
        assert daemon.log_lines(r"lurker.*limits\.cpu allows")


# name: (limits, limit, words, samples that may be on the page); none ends the worker
ROUNDS = {
    "many": ({"samples": 100}, "samples", r"too many samples: limits\.samples is 100"),
    "wide": ({"bytes": "16K"}, "bytes", r"too many bytes: limits\.bytes is 16 KiB"),
}


@pytest.mark.parametrize("name", ROUNDS)
def test_a_limit_makes_the_family_unknown(minotor, name):
    limits, limit, words = ROUNDS[name]
    daemon = start(minotor, name, limits)
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: hits(page, name).get(limit, 0) >= 3, 20, "rounds")
        assert restarts(page, name) == {} and set(hits(page, name)) == {limit}
        assert not page.series(VALUE.format(name)), "half a family would be a lie"
        assert page.value("minotor_collector_rounds_total", collector=name, result="partial") >= 3
        told(daemon, name, words)


def test_a_worker_that_does_not_keep_its_limit(minotor):
    """The plugin writes the frame itself; the front has the limit too."""
    daemon = start(minotor, "cheat", {"samples": 10})
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: restarts(page, "cheat").get("bad_frame", 0) >= 2, 20, "ends")
        assert set(restarts(page, "cheat")) == {"bad_frame"}
        assert not page.series(VALUE.format("cheat"))
        told(daemon, "cheat", r"too many samples in a round: limits\.samples is 10")


def test_too_many_words(minotor, figure):
    daemon = start(minotor, "flood", {"log_lines": 2})
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: hits(page, "flood").get("log_lines", 0) >= 3, 30, "lines dropped")
        lines = daemon.log_lines(r"flood\[?\d*\]?.*flood \d")
        dropped = page.collector("log_lines_dropped_total", "flood")
        figure(f"flood: {len(lines)} lines logged, {dropped:.0f} dropped")
        assert dropped > 1000 > len(lines)
        told(daemon, "flood", r"log_lines")
        assert daemon.log_lines(r"lines were dropped: more than limits\.log_lines, 2 in a second")


def test_killed_by_the_filter(minotor):
    daemon = start(minotor, "sigsys", {})
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: restarts(page, "sigsys").get("sandbox", 0) >= 2, 20, "ends")
        assert set(restarts(page, "sigsys")) == {"sandbox"} and hits(page, "sigsys") == {}
        told(daemon, "sigsys", r"the sandbox killed it for a system call.*type=1326.*SIGSYS")


def test_a_stack_that_is_full(minotor):
    """The last words are written on another stack; it is no want of memory."""
    if programs.sanitized():
        pytest.skip("a sanitized worker reports its crashes in its own way")
    daemon = start(minotor, "overflow", {})
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: restarts(page, "overflow").get("signal", 0) >= 2, 20, "ends")
        assert set(restarts(page, "overflow")) == {"signal"}
        told(daemon, "overflow", r"SIGSEGV.*last words: crashed by SIGSEGV at address 0x[0-9a-f]+, with \d+ KiB")


def test_late_because_it_computes(minotor):
    """The deadline is shorter than the limit of CPU time; the log tells computing from waiting."""
    daemon = minotor({"loop": hostile("loop", interval="300ms"), "sleeper": hostile("sleeper", interval="300ms")}).start()
    for name in ("loop", "sleeper"):
        daemon.wait_for(lambda page: restarts(page, name).get("deadline", 0) >= 1, 20, "an end")
    daemon.wait_for_log(r"loop.*did not speak again in time and was computing \(\d", 60)
    assert daemon.log_lines(r"sleeper.*did not speak again in time; signal")


def test_what_a_worker_is_given(minotor):
    limits = {"memory": "48M", "descriptors": 40, "nice": 13}
    daemon = minotor({"good": hostile("good", limits=limits)}).start()
    daemon.wait_until_good("good")
    worker = daemon.worker("good")

    def nice(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return int(stat.read().rpartition(")")[2].split()[16])

    assert nice(daemon.children()["minotor: broker good"]) == nice(worker)
    assert nice(worker) == max(13, nice(daemon.pid)) and nice(daemon.front()) == nice(daemon.pid)
    if not programs.AS_ROOT:
        pytest.skip("only root may read the limits of such a process")
    with open(f"/proc/{worker}/limits", encoding="ascii") as file:
        text = file.read()
    assert re.search(r"Max open files\s+40\s+40 ", text)
    assert re.search(r"Max processes\s+384\s+384 ", text)
    if not programs.sanitized():
        assert re.search(rf"Max data size\s+{48 << 20}\s+{48 << 20} ", text)
    group = f"/proc/{worker}/autogroup"
    if os.path.exists(group):
        with open(group, encoding="ascii") as file:
            found = file.read()
        assert not found or "nice 13" in found, found


CROWD = """
import threading, time
threading.stack_size(1 << 16)
for _ in range(400):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("there", flush=True)
time.sleep(600)
"""


def layer_limits(page):
    return {dict(labels)["state"] for labels in page.series("minotor_sandbox_info")
            if dict(labels)["layer"] == "limits" and dict(labels)["slot"] == "good"}


@pytest.mark.skipif(not programs.AS_ROOT, reason="needs root: an account whose processes are counted")
@pytest.mark.skipif(programs.sanitized(), reason="sanitizers start threads, and are not limited")
def test_an_account_that_is_used_for_more(minotor):
    """A limit that it has passed already would keep workers from all threads; without one, that is said. The plugin is not
    that account's, so the worker then leaves, but it has said how it was born."""
    account = pwd.getpwnam("games")
    crowd = subprocess.Popen([sys.executable, "-S", "-E", "-c", CROWD], user=account.pw_uid, group=account.pw_gid, extra_groups=[],
                             cwd="/", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert crowd.stdout.readline() == b"there\n"
        daemon = minotor({"good": hostile("good")})
        daemon.settings.pop("user", None)
        daemon.write_config()
        daemon.give_to("games")
        daemon.start()
        daemon.wait_for(lambda page: layer_limits(page) == {"partial"}, 20, "a worker that is not limited")
        daemon.wait_for_log(r"good\[\d+\]: sandbox: limits is partial .processes: its account has too many others", 20)
        assert not daemon.log_lines("front.*limits is partial")
    finally:
        crowd.kill()
        crowd.wait()
        crowd.stdout.close()
    daemon.stop()
    daemon.start()
    daemon.wait_for(lambda page: layer_limits(page) == {"applied"}, 20, "the limit of processes")


def test_the_least_is_enough(kpi, mattermost):
    """Of memory and descriptors, for a collector with a client library and its connection."""
    daemon = kpi(mattermost, limits={"memory": "16M", "descriptors": 24}).start()
    page = daemon.wait_until_good("kpi", 30)
    assert restarts(page, "kpi") == {} and hits(page, "kpi") == {}


def test_a_changed_limit_restarts_the_slot(minotor):
    daemon = minotor({"good": hostile("good"), "many": hostile("many", limits={"samples": 100})}).start()
    daemon.wait_for(lambda page: hits(page, "many").get("samples", 0) >= 1, 20, "a round")
    good, many = daemon.worker("good"), daemon.worker("many")
    daemon.write_collector("many", hostile("many", limits={"samples": 20}))
    daemon.reload()
    daemon.wait_for_child("many", many, 10)
    daemon.wait_for_log(r"limits\.samples is 20[^0]", 10)
    assert daemon.worker("good") == good
    daemon.write_collector("many", hostile("many", limits={"samples": 200000}))
    daemon.reload()
    daemon.wait_for_log(r"many\.conf:\d+: .*samples.*the integer 200000; allowed is an integer from 1 to 20000", 10)
    assert processes.alive(daemon.worker("good")) and daemon.worker("good") == good
