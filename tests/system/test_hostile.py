# SPDX-License-Identifier: Apache-2.0
"""Collectors that misbehave, one way each: only their own families suffer, and they come back or are parked."""

import os
import re
import time

import pytest

import minotor as programs
import processes
from conftest import hostile
from test_death import Scraper

VALUE = "hostile_{}_value"


class Neighbour:
    """The healthy collector beside the bad one, and all that must not change because of it."""

    def __init__(self, daemon, pause=0.01):
        self.minotor = daemon
        daemon.wait_until_good("good")
        self.before = daemon.pid, daemon.front(), daemon.worker("good")
        self.scraper = Scraper(daemon, pause)

    def __enter__(self):
        self.scraper.start()
        return self

    def __exit__(self, kind, *_):
        self.scraper.__exit__()
        if kind is not None:
            return
        daemon = self.minotor
        page = daemon.next_round("good")
        assert page.value(VALUE.format("good")) == 1
        assert page.collector("success", "good") == 1 and page.collector("late", "good") == 0
        assert sum(page.value("minotor_collector_restarts_total", collector="good", cause=cause)
                   for cause in page.by_label("minotor_collector_restarts_total", "cause")) == 0
        assert (daemon.pid, daemon.front(), daemon.worker("good")) == self.before, "somebody else died"
        assert not self.scraper.bad, self.scraper.bad[:3]


def restarts(page, name):
    """{cause: how often}, without zeros."""
    return {dict(labels)["cause"]: number
            for labels, number in page.series("minotor_collector_restarts_total").items()
            if dict(labels)["collector"] == name and number}


def start(minotor, name, **own):
    return minotor({"good": hostile("good"), name: hostile(name, **own)}).start()


# name: (cause of its restarts, words that its obituary has, whether it shows values before it dies)
DEADLY = {
    "segv": ("signal", "(?i)SEGV|segmentation", True),
    "abort": ("signal", "(?i)ABRT|abort", True),
    "exit": ("exit", "left|exit", False),
    "constructor": ("exit", "left|exit", False),
    "garbage": ("bad_frame", "(?i)magic|frame", True),
    "torn": ("bad_frame", "(?i)frame|magic|sequence|length", True),
    "half": ("signal", "(?i)KILL", True),
    "liar": ("protocol", "(?i)control|message", True),
    "forger": ("protocol", "(?i)control|message", True),
    "reporter": ("protocol", "(?i)control|message", None),  # heard before or after its first round
    "open_fails": ("exit", "no key for the door", False),
    "hog": ("memory", "limits.memory", False),
}


@pytest.mark.parametrize("name", DEADLY)
def test_it_dies_and_comes_back(minotor, figure, name):
    cause, words, shows = DEADLY[name]
    if name == "hog" and programs.sanitized():
        pytest.skip("a sanitized worker has no limit of memory")
    # Time enough to die of its own fault on a busy machine: filling the memory takes seconds there.
    daemon = start(minotor, name, **({"interval": "5s", "timeout": "5s", "stale_after": "15s"} if name == "hog" else {}))
    with Neighbour(daemon):
        begin = time.monotonic()
        page = daemon.wait_for(lambda page: restarts(page, name).get(cause, 0) >= 3, 30, "three restarts by " + cause)
        figure(f"{name}: three restarts in {time.monotonic() - begin:.1f} s")
        assert set(restarts(page, name)) == {cause}, restarts(page, name)
        if shows is None:
            assert page.value(VALUE.format(name)) in (None, 1)
        elif shows:
            assert page.value(VALUE.format(name)) == 1, "the values of its good rounds stay until they are stale"
        else:
            assert page.value(VALUE.format(name)) is None
    # The sanitizers look for leaks at exit(), and say at length that they may not.
    lines = [line for line in daemon.log_lines(name)
             if "level=debug" not in line and not (programs.sanitized() and re.search(r'msg="==\d+==', line))]
    assert any(re.search(words, line) for line in lines), lines
    deaths = sum(restarts(daemon.scrape(), name).values())
    assert len(lines) <= 4 * deaths + 4, "a death is a line or two, not a flood: " + "\n".join(lines)


def test_backoff_grows(minotor, figure):
    """A collector that dies at once is not started over and over again."""
    daemon = start(minotor, "constructor")
    with Neighbour(daemon):
        time.sleep(6)
        deaths = restarts(daemon.scrape(), "constructor").get("exit", 0)
        figure(f"{deaths:.0f} starts in 6 s")
        # 250 ms, 500 ms, 1 s, 2 s, 4 s with a fifth of jitter.
        assert 3 <= deaths <= 7


@pytest.mark.parametrize("name", ("loop", "sleeper"))
def test_it_hangs_past_its_deadline(minotor, figure, name):
    daemon = start(minotor, name, interval="300ms")
    with Neighbour(daemon):
        begin = time.monotonic()
        page = daemon.wait_for(lambda page: restarts(page, name).get("deadline", 0) >= 1, 20, "a kill for the deadline")
        figure(f"{name}: killed {time.monotonic() - begin:.1f} s after the start of a round of 0.3 s")
        assert set(restarts(page, name)) == {"deadline"}
        assert page.value(VALUE.format(name)) is None
        daemon.wait_for(lambda page: restarts(page, name).get("deadline", 0) >= 2, 20, "a second kill")
    assert daemon.log_lines(f"{name}.*(deadline|in time|SIGALRM)")


def rounds(page, name, result):
    return page.value("minotor_collector_rounds_total", collector=name, result=result) or 0


def test_a_round_that_is_a_little_late_is_used(minotor):
    """What it says is true, and the page says how long it took. It needs 700 ms."""
    daemon = start(minotor, "late", interval="1s", timeout="650ms")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: rounds(page, "late", "ok") >= 2, 15, "two rounds")
        assert restarts(page, "late") == {}
        assert page.value(VALUE.format("late")) == 1
        assert page.collector("duration_seconds", "late") > 0.6


def test_a_round_that_is_much_too_late_is_a_timeout(minotor):
    daemon = start(minotor, "late", interval="1s", timeout="100ms")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: rounds(page, "late", "timeout") >= 2, 15, "two rounds")
        assert restarts(page, "late") == {}, "late is not dead"
        assert page.value(VALUE.format("late")) is None
        assert page.collector("up", "late") == 1 and page.collector("success", "late") == 0


def test_a_round_that_is_cancelled_is_a_timeout(minotor):
    daemon = start(minotor, "cancelled", interval="500ms", timeout="200ms")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: rounds(page, "cancelled", "timeout") >= 3, 15, "three rounds")
        assert restarts(page, "cancelled") == {}, "who stops in time is not killed"
        assert page.value(VALUE.format("cancelled")) is None, "nothing of the round is used"
        assert page.collector("up", "cancelled") == 1 and page.collector("success", "cancelled") == 0
        assert 0.15 < page.collector("duration_seconds", "cancelled") < 2
    assert daemon.log_lines("(?i)cancelled.*200 ?ms")


def test_no_data_withdraws_at_once(minotor):
    daemon = start(minotor, "no_data", stale_after="60s")
    with Neighbour(daemon):
        daemon.wait_for(lambda page: page.value(VALUE.format("no_data")) == 1, 10, "values")
        page = daemon.wait_for(lambda page: rounds(page, "no_data", "no_data") >= 1, 10, "a round without data")
        assert page.value(VALUE.format("no_data")) is None
        assert restarts(page, "no_data") == {}


def test_not_ready_is_no_failure(minotor):
    daemon = start(minotor, "not_ready")
    with Neighbour(daemon):
        page = daemon.wait_until_good("not_ready")
        assert rounds(page, "not_ready", "not_ready") == 4
        assert rounds(page, "not_ready", "failed") == 0 and restarts(page, "not_ready") == {}
    assert not [line for line in daemon.log_lines("not_ready") if "level=error" in line]


def test_never_ready(minotor, figure):
    daemon = start(minotor, "never_ready")
    with Neighbour(daemon):
        begin = time.monotonic()
        page = daemon.wait_for(lambda page: restarts(page, "never_ready").get("start", 0) >= 1, 25, "an end of the waiting")
        figure(f"never_ready: killed after {time.monotonic() - begin:.1f} s")
        assert page.collector("up", "never_ready") == 0


def test_a_flood_of_words(minotor, figure):
    daemon = start(minotor, "flood")
    with Neighbour(daemon):
        time.sleep(5)
        lines = daemon.log_lines("flood")
        figure(f"flood: {len(lines)} lines and {len(daemon.log())} bytes of log after 5 s")
        assert len(lines) < 500
    assert daemon.log_lines("(?i)flood.*(drop|suppress|left out|more lines)"), "what is left out is counted"


def test_too_many_samples(minotor):
    daemon = start(minotor, "many", interval="2s")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: daemon.rounds(page, "many") + sum(restarts(page, "many").values()) >= 2, 30, "two rounds")
        assert len(page.series(VALUE.format("many"))) <= 20000
        assert page.collector("success", "many") in (None, 0), "a round that lost samples is no success"
    assert daemon.log_lines("(?i)many.*too many samples")


def test_the_same_series_twice(minotor):
    daemon = start(minotor, "duplicate")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: daemon.rounds(page, "duplicate") >= 2, 10, "two rounds")
        assert page.by_label(VALUE.format("duplicate"), "letter") == {"a": 1, "b": 3}
        assert restarts(page, "duplicate") == {}
    assert daemon.log_lines("(?i)duplicate.*(twice|refused)")


def test_texts_that_could_break_the_page(minotor):
    daemon = start(minotor, "bad_text")
    with Neighbour(daemon):
        page = daemon.wait_until_good("bad_text")
        texts = {number: text for text, number in page.by_label(VALUE.format("bad_text"), "text").items()}
        assert texts[2] == 'line\nfeed "quote" back\\slash'
        assert texts[3] == "\u20ac and \U0001f600"
        assert texts[1].startswith("bad \ufffd") and texts[1].endswith(" bytes")


def test_every_wrong_call(minotor):
    daemon = start(minotor, "misuse")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: daemon.rounds(page, "misuse") >= 3, 10, "rounds")
        assert restarts(page, "misuse") == {}
        assert page.value(VALUE.format("misuse")) == 1


@pytest.mark.parametrize("name, words", (("fails", "the kettle is cold"), ("nonsense", "4711")))
def test_a_round_that_fails(minotor, name, words):
    daemon = start(minotor, name)
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: rounds(page, name, "failed") >= 3, 10, "failed rounds")
        assert restarts(page, name) == {}
        assert page.value(VALUE.format(name)) is None
        assert page.collector("success", name) == 0 and page.collector("up", name) == 1
        assert words in daemon.get("/").text, "the status page says why"
    lines = [line for line in daemon.log_lines(words) if "level=debug" not in line]
    assert 1 <= len(lines) <= 2, "said once, not every round"


def test_descriptors_that_nobody_asked_for(minotor):
    """They are closed, each of them, and at once: also a socket that would rather wait for its reader."""
    daemon = start(minotor, "smuggler", interval="100ms", sandbox="off")  # its sockets would not be allowed
    with Neighbour(daemon):
        daemon.wait_for(lambda page: sum(restarts(page, "smuggler").values()) >= 1, 20, "the first life")
        before = len(processes.descriptors(daemon.pid)) if programs.AS_ROOT else None
        daemon.wait_for(lambda page: sum(restarts(page, "smuggler").values()) >= 4, 30, "lives")
        if programs.AS_ROOT:  # others may not look
            assert len(processes.descriptors(daemon.pid)) <= before + 6, "those of a worker come and go"
            assert "/dev/zero" not in processes.descriptors(daemon.pid).values()
    assert daemon.log_lines("stood still") == []


def test_its_descriptors_closed(minotor):
    daemon = start(minotor, "closer")
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: sum(restarts(page, "closer").values()) >= 2, 20, "restarts")
        assert page.value(VALUE.format("closer")) == 1


def test_a_child_of_its_own(minotor):
    """It holds copies of all descriptors: nobody may wait for their end."""
    daemon = start(minotor, "forker", sandbox="off")  # else it may make none
    with Neighbour(daemon):
        daemon.wait_for(lambda page: restarts(page, "forker").get("signal", 0) >= 2, 20, "restarts")
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 5
    time.sleep(3.2)  # the children that it left end by themselves
    for pid in processes.children(os.getpid()):
        if "forker" in processes.title(pid) or processes.state(pid) == "Z":
            processes.reap(pid)


def test_close_that_hangs(minotor, figure):
    daemon = start(minotor, "close_hangs")
    daemon.wait_until_good("close_hangs")
    status, seconds = daemon.stop()
    figure(f"close_hangs: the end took {seconds:.2f} s")
    assert status == 0 and seconds < 8


PARKED = {
    "bad_setting": "the moon is not a target",
    "descriptor_collect": "collect",
    "descriptor_families": "1000000",
    "descriptor_family_name": "not a name",
    "descriptor_family_type": "type 77",
    "descriptor_label": "__name__",
    "descriptor_magic": "0x12345678",
    "descriptor_major": "ABI 2[.]0",
    "descriptor_minor": "ABI 1[.]99",
    "descriptor_nothing": "(?i)no descriptor",
    "descriptor_size": "24 bytes",
    "descriptor_twice": "twice",
}


@pytest.mark.parametrize("name", PARKED)
def test_it_is_parked(minotor, name):
    """A restart cannot help: it waits for the administrator, and says what is wrong."""
    slot = name if name == "bad_setting" else "descriptor"
    daemon = minotor({"good": hostile("good"), slot: hostile(name)}).start()
    with Neighbour(daemon):
        daemon.wait_for_log(PARKED[name], 10)
        time.sleep(1)
        page = daemon.scrape()
        assert page.collector("up", slot) == 0
        deaths = sum(restarts(page, slot).values())
        assert deaths <= 1
        daemon.next_round("good")
        assert sum(restarts(daemon.scrape(), slot).values()) == deaths, "no further start"
        assert daemon.get("/-/ready").status == 200
    lines = [line for line in daemon.log_lines(PARKED[name]) if "level=debug" not in line]
    assert 1 <= len(lines) <= 2, lines


def test_the_whole_zoo(minotor):
    """All at once, and one that is healthy."""
    zoo = ["segv", "abort", "exit", "constructor", "garbage", "torn", "half", "liar", "loop", "flood", "many", "fails",
           "duplicate", "closer", "bad_text", "misuse", "bad_setting"]
    daemon = minotor({name: hostile(name) for name in ["good"] + zoo}).start()
    with Neighbour(daemon):
        for _ in range(20):
            daemon.next_round("good", timeout=20)
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 8


def test_who_answers_its_end_with_a_wish_for_a_successor(minotor):
    """It gets none when its slot is removed, nor at the end of minotord."""
    daemon = start(minotor, "phoenix", interval="100ms")
    with Neighbour(daemon):
        daemon.wait_until_good("phoenix")
        daemon.write_collector("phoenix", None)
        daemon.reload()
        daemon.wait_for(lambda page: page.collector("up", "phoenix") is None, 20, "the slot to go")
        assert daemon.worker("phoenix") is None
        daemon.write_collector("phoenix", hostile("phoenix", interval="100ms"))
        daemon.reload()
        daemon.wait_until_good("phoenix")
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 5
