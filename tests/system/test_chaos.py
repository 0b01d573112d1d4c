# SPDX-License-Identifier: Apache-2.0
"""Everything goes wrong at random, two times a second, and what may never happen does not.

CHAOS_SECONDS=1200 in the environment makes one long run of it, CHAOS_SEED=N another one; a seed gives the same deeds
at the same moments, whatever comes of them.
"""

import os
import re
import shutil
import time

import pytest

import processes
from chaos.deeds import Doer
from chaos.plan import plan
from chaos.watch import ABSENT_S, SLOW, Checker, Footprint, sessions_left
from chaos.world import World
from minotor import BUILD, sanitized

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
SEEDS = [int(os.environ["CHAOS_SEED"])] if "CHAOS_SEED" in os.environ else [2164, 58, 1403]
if "CHAOS_SECONDS" in os.environ:
    SEEDS = SEEDS[:1]
# The longest pause before a start is 36 s, a failed question is asked again after ten times what it took, and rounds follow.
HEALED_S = 75 * SLOW
STOPPED_S = 5 * SLOW
BUSY_LOOK_S, BUSY_SHARE = 3, 0.4
# Of memory: pages and their rounds grow with what hostile collectors emit, and malloc gives little back.
GROWTH_BYTES = (16 << 20) * (32 if sanitized() else 1)  # AddressSanitizer keeps 256 MB of what was freed
WRONG = re.compile(r"(?i)assert|sanitizer|runtime error|double free|corrupted|stack smashing|unknown type")
REFUSED = re.compile(r"the configuration (was read again|has \d+ mistakes)")


def is_healthy(page, world, rounds, complaints=None):
    for name, target in world.slots():
        key = {"collector": name, "target": target}
        wrong = (page.value("minotor_collector_success", **key) != 1 or page.value("minotor_collector_up", **key) != 1 or
                 page.value("minotor_collector_stale", **key) != 0)
        if wrong and complaints is not None:
            complaints.append((name, target))
        if wrong and complaints is None:
            return False
    for name, side in world.sides.items():
        if page.value("mattermost_kpi_posts_total", target=name) != side.truth.count:
            if complaints is None:
                return False
            complaints.append(f"posts of {name}: {page.value('mattermost_kpi_posts_total', target=name)} of {side.truth.count}")
    return not complaints


def wait_until_healthy(world, timeout):
    """Seconds that it took."""
    begin = time.monotonic()
    page = None
    while time.monotonic() - begin < timeout:
        page = world.daemon.scrape(timeout=30)
        if is_healthy(page, world, None):
            return time.monotonic() - begin
        time.sleep(0.1)
    complaints = []
    is_healthy(page, world, None, complaints)
    for (name, labels), value in page.values.items():
        if name.startswith("minotor_") and any((dict(labels).get("collector"), dict(labels).get("target")) == one
                                               for one in complaints):
            print(name, dict(labels), value)
    raise AssertionError(f"not healthy {timeout} s after the last fault: {complaints}")


def footprint_over(daemon, seconds):
    """The most that was seen in that time."""
    most, begin = Footprint(daemon), time.monotonic()
    while time.monotonic() - begin < seconds:
        most.grow(Footprint(daemon))
        time.sleep(0.05)
    return most


def wait_for_footprint(daemon, before, timeout):
    deadline = time.monotonic() + timeout
    while not (now := Footprint(daemon)).fits(before):
        assert time.monotonic() < deadline, f"before: {before} {before.titles}\nafter: {now} {now.titles} {now.zombies}"
        time.sleep(0.2)
    return now


def busiest(daemon, seconds):
    """(share of a processor, title) of the one that computes most, when all is well: nobody turns round and round."""
    everybody = {"minotord": daemon.pid, **daemon.children()}
    before = {title: processes.cpu_seconds(pid) for title, pid in everybody.items()}
    time.sleep(seconds)
    return max(((processes.cpu_seconds(pid) or 0) - (before[title] or 0), title) for title, pid in everybody.items())


def settle(daemon):
    """A reload that a fault has made fail is done again, as an administrator would who reads the log."""
    found = REFUSED.findall(daemon.log())
    if found and found[-1] != "was read again":
        daemon.reload()


@pytest.mark.parametrize("seed", SEEDS)
def test_chaos(minotor, figure, seed):
    print(f"CHAOS_SEED={seed} CHAOS_SECONDS={SECONDS:g}")
    with World(minotor) as world:
        daemon = world.daemon.start()
        for side in world.sides.values():
            side.truth.start()
        checker = None
        try:
            for name, target in world.slots():
                daemon.wait_for(lambda page, key={"collector": name, "target": target}:
                                page.value("minotor_collector_success", **key) == 1, 30 * SLOW, f"a good round of {name}@{target}")
            before = footprint_over(daemon, 3)
            world.let_deadly(True)
            deeds = plan(seed, SECONDS, world.slots(healthy=False))
            checker = Checker(world)
            doer = Doer(world, checker)
            watchers = checker.watchers()
            for watcher in watchers:
                watcher.start()
            try:
                doer.rage(deeds)
                rage_s = time.monotonic() - checker.begin
                settle(daemon)
                for side in world.sides.values():
                    side.truth.end()
                healed_s = wait_until_healthy(world, HEALED_S)
                time.sleep(1)
            finally:
                for watcher in watchers:
                    watcher.end()
        except BaseException:
            if checker:
                tell(seed, world, checker, doer)
            raise
        report(figure, seed, doer, checker, world, rage_s, healed_s)
        if checker.problems:
            tell(seed, world, checker, doer)
        assert not checker.problems, "\n".join(checker.problems)
        longest = checker.fronts.longest_absence(checker.stops + checker.excused)
        assert longest < ABSENT_S, f"no front for {longest:.1f} s"
        assert all(world_looks > 0 for world_looks in checker.looks.values())
        assert checker.shown.keys() == world.sides.keys(), "no number of posts was ever shown"
        world.let_deadly(False)
        after = wait_for_footprint(daemon, before, 30 * SLOW)
        figure(f"seed {seed}: before: {before}; after: {after}")
        if None in after.descriptors.values():
            figure("descriptors are not counted: a plain user may not look at them")
        for name, size in after.resident.items():
            assert size < before.resident[name] + GROWTH_BYTES, f"{name}: {before.resident} before, {after.resident} after"
        used_s, title = busiest(daemon, BUSY_LOOK_S)
        figure(f"seed {seed}: afterwards {title} computes most: {100 * used_s / BUSY_LOOK_S:.0f} % of a processor")
        assert used_s < BUSY_SHARE * BUSY_LOOK_S, f"{title} has computed for {used_s:.2f} of {BUSY_LOOK_S} s"
        stop(world, seed)


def tell(seed, world, checker, doer):
    """What is wanted to find out why; minotord's whole log would be too long for ours."""
    kept = os.path.join(BUILD, f"chaos-{seed}.minotord.log")
    shutil.copy(world.daemon.log_path, kept)
    print(f"CHAOS_SEED={seed}, begun at {checker.begun_at}, minotord's log is {kept}")
    print("\n".join(checker.problems))
    print("deeds:\n" + "\n".join(doer.history))


def report(figure, seed, doer, checker, world, rage_s, healed_s):
    total = sum(doer.done.values())
    figure(f"seed {seed}: {total} faults in {rage_s:.0f} s ({sum(doer.missed.values())} more found nobody): "
           + ", ".join(f"{name} {count}" for name, count in sorted(doer.done.items())))
    figure(f"seed {seed}: calls that failed: {world.points.all_hits()}")
    taken = sorted(checker.seconds)
    figure(f"seed {seed}: {checker.scrapes} scrapes, {checker.pages} pages read, {checker.lost} lost with their front;"
           f" median {taken[len(taken) // 2] * 1000:.1f} ms, p99 {taken[len(taken) * 99 // 100] * 1000:.0f} ms, the slowest"
           f" {checker.slowest:.2f} s with a front that ran, {checker.slowest_excused:.2f} s with one that was killed or stopped")
    figure(f"seed {seed}: most sessions {checker.most_sessions} in {checker.looks} looks; all good {healed_s:.1f} s after the"
           f" last fault")


def stop(world, seed):
    """Every other seed finds that what collectors keep cannot be written."""
    daemon = world.daemon
    family = processes.children(daemon.pid)
    place = os.path.join(daemon.directory, "state")
    if seed % 2:
        os.makedirs(os.path.join(place, "full"))
    status, _ = daemon.stop()
    assert status == 0
    assert os.path.isfile(place) or seed % 2, "the state file is not there"
    assert [pid for pid in family if processes.alive(pid)] == []
    for name, side in world.sides.items():
        deadline = time.monotonic() + STOPPED_S
        while (left := sessions_left(side)) != []:
            assert time.monotonic() < deadline, f"{name}: {left}"
            time.sleep(0.1)
    wrong = [line for line in daemon.log().splitlines() if WRONG.search(line)]
    assert not wrong, "\n".join(wrong[:20])
