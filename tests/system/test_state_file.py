# SPDX-License-Identifier: Apache-2.0
"""What collectors keep outlives an orderly end of minotord, and nothing that is wrong with the file costs more than
a count."""

import os
import signal
import stat
import time

import pytest

import database
import processes
from conftest import hostile
from minotor import AS_ROOT, UNPRIVILEGED

RECORD = 4096
FAREWELLS = "hostile_parting_value"
COUNTED = "mattermost_kpi_counted_timestamp_seconds"
POSTS = "mattermost_kpi_posts_total"
MESSAGES = "mattermost_messages_posted_total"
# Only what makes the worker count in full because it knows of nothing.
PATIENT = {"exact": False, "baseline_interval": "700h", "repair_interval": "700h", "unindexed_interval": "24h",
           "people_interval": "0s"}


def path_of(daemon):
    return os.path.join(daemon.directory, "state")


def farewells(daemon, collector="parting"):
    """How many workers the collector knows of, by the first page after a start."""
    page = daemon.wait_for(lambda page: page.value(FAREWELLS) is not None, 10, "a value of " + collector)
    return page.value(FAREWELLS)


def start_again(daemon):
    """Returns where the log of the new one begins."""
    offset = len(daemon.log())
    daemon.start()
    return offset


def restart(daemon, change=lambda path: None):
    """Ends it in good order, does something to the file, starts it."""
    assert daemon.stop()[0] == 0
    change(path_of(daemon))
    return start_again(daemon)


def kill(daemon):
    """No farewell, neither of minotord nor of its workers."""
    everybody = [daemon.pid] + processes.children(daemon.pid)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.process.wait()
    for pid in everybody:
        processes.wait_gone(pid, 10)


@pytest.fixture
def parting(minotor):
    daemon = minotor({"parting": hostile("parting")}).start()
    assert farewells(daemon) == 0
    return daemon


def test_it_outlives_an_orderly_end(parting):
    for times in (1, 2):
        restart(parting)
        assert not os.path.exists(path_of(parting)), "what is in use is not left lying about"
        assert farewells(parting) == times
    assert not parting.log_lines("level=warning")
    parting.stop()
    status = os.stat(path_of(parting))
    assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_uid == os.geteuid()
    assert status.st_size == RECORD
    assert not [name for name in os.listdir(parting.directory) if name.startswith("state.")]


def test_it_does_not_outlive_a_kill(parting):
    restart(parting)
    assert farewells(parting) == 1
    kill(parting)
    parting.start()
    assert farewells(parting) == 0
    assert not parting.log_lines("level=warning")


def test_a_hurried_end_keeps_what_was_said(minotor):
    daemon = minotor({"keeper": hostile("keeper"), "close_hangs": hostile("close_hangs")}).start()
    page = daemon.wait_for(lambda page: (page.value("hostile_keeper_value") or 0) > 2, 10, "rounds")
    before = page.value("hostile_keeper_value")
    daemon.wait_until_good("close_hangs")
    for _ in range(2):
        daemon.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    assert daemon.process.wait(10) == 0
    daemon.start()
    page = daemon.wait_for(lambda page: page.value("hostile_keeper_value") is not None, 10, "a value")
    assert page.value("hostile_keeper_value") > before


def test_switched_off(minotor):
    daemon = minotor({"parting": hostile("parting")}, settings={"state_file": ""}).start()
    before = sorted(os.listdir(daemon.directory))
    assert farewells(daemon) == 0
    restart(daemon)
    assert farewells(daemon) == 0
    daemon.stop()
    assert sorted(os.listdir(daemon.directory)) == before
    assert not daemon.log_lines("level=warning")


def write(content):
    def change(path):
        with open(path, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
    return change


def overwrite(offset, content):
    def change(path):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(content)
    return change


def append(content):
    def change(path):
        with open(path, "ab") as file:
            file.write(content)
    return change


def replace_by(make):
    def change(path):
        os.unlink(path)
        make(path)
    return change


# what: (what is done to the file, what the log says, whether the file is ours to be replaced at the end)
DAMAGES = {
    "a byte of the mark": (overwrite(0, b"x"), "was not written by minotor", False),
    "a byte of the version": (overwrite(4, b"\2"), "is of another release", True),
    "a byte of the checksum": (overwrite(9, b"\x99"), "is damaged", True),
    "a byte of the name": (overwrite(19, b"X"), "is damaged", True),
    "a byte of the rest": (overwrite(RECORD - 1, b"X"), "is damaged", True),
    "torn": (lambda path: os.truncate(path, 2048), "is damaged", True),
    "empty": (lambda path: os.truncate(path, 0), "is empty", True),
    "a page of zeros": (overwrite(0, bytes(RECORD)), "was not written by minotor", False),
    "something else": (write(b"root:x:0:0:root:/root:/bin/bash\n" * 200), "was not written by minotor", False),
    "too large": (lambda path: os.truncate(path, 2 ** 40), "is larger", True),
    "a link": (lambda path: (os.rename(path, path + "2"), os.symlink(path + "2", path)), "is a symbolic link", False),
    "a folder": (replace_by(os.mkdir), "is no regular file", False),
    "a pipe": (replace_by(os.mkfifo), "is no regular file", False),
    "open to others": (lambda path: os.chmod(path, 0o640), "mode 0600", True),
}
if AS_ROOT:
    DAMAGES["of another account"] = (lambda path: os.chown(path, 65534, 65534), "another account", True)


@pytest.mark.parametrize("what", DAMAGES)
def test_a_bad_file_costs_a_count_and_a_line(parting, what):
    damage, words, ours = DAMAGES[what]
    restart(parting)
    offset = restart(parting, damage)
    assert farewells(parting) == 0
    lines = parting.log_lines("level=warning", offset)
    assert len(lines) == 1 and words in lines[0] and path_of(parting) in lines[0], lines
    # Whatever it was, it harms nobody the next time, and what is not ours is left to its owner.
    seen = os.lstat(path_of(parting)) if not ours else None
    offset = len(parting.log())
    assert parting.stop()[0] == 0
    if ours:
        assert not parting.log_lines("level=warning", offset)
        start_again(parting)
        assert farewells(parting) == 1
    else:
        assert len(parting.log_lines("is no state file of minotor, so it is not replaced", offset)) == 1
        assert os.lstat(path_of(parting)).st_ino == seen.st_ino


def test_a_bad_record_costs_itself(minotor):
    daemon = minotor({"parting": hostile("parting"), "keeper": hostile("keeper")}).start()
    daemon.wait_for(lambda page: (page.value("hostile_keeper_value") or 0) > 3, 10, "rounds")
    farewells(daemon)
    assert daemon.stop()[0] == 0
    with open(path_of(daemon), "rb") as file:
        content = file.read()
    assert len(content) == 2 * RECORD
    keeper, parting = (content.index(name.encode()) // RECORD for name in ("keeper", "parting"))
    assert {keeper, parting} == {0, 1}
    overwrite(keeper * RECORD + 100, b"X")(path_of(daemon))
    append(b"and half a record more")(path_of(daemon))
    offset = start_again(daemon)
    assert farewells(daemon) == 1
    assert len(daemon.log_lines(r"2 of the 3 states in it are not used", offset)) == 1


def test_a_folder_that_is_not_there(minotor):
    """Said when it matters, and by --check; no failure."""
    daemon = minotor({"parting": hostile("parting")}, settings={"state_file": "nowhere/state"})
    checked = daemon.run("--check")
    assert checked.returncode == 0
    lines = checked.stderr.splitlines()
    assert len(lines) == 1 and "nowhere" in lines[0] and "minotor.conf:" in lines[0] and "warning" in lines[0], lines
    daemon.start()
    assert farewells(daemon) == 0
    assert not daemon.log_lines("level=warning")
    offset = restart(daemon)
    assert farewells(daemon) == 0
    assert not daemon.log_lines("level=warning", offset)
    lines = daemon.log_lines("level=warning")
    assert len(lines) == 1 and "nowhere" in lines[0] and "cannot be written" in lines[0], lines


def test_check_leaves_it_alone(parting):
    parting.stop()
    with open(path_of(parting), "rb") as file:
        before = file.read()
    checked = parting.run("--check")
    assert checked.returncode == 0 and not checked.stderr
    assert path_of(parting) + " ok" in checked.stdout
    with open(path_of(parting), "rb") as file:
        assert file.read() == before
    write(b"precious\n")(path_of(parting))
    checked = parting.run("--check")
    assert checked.returncode == 0 and "is no state file of minotor" in checked.stderr
    parting.start()


def test_a_start_that_fails_leaves_it_alone(parting):
    parting.settings["web"] = {"listen": [parting.address]}
    parting.write_config()
    other = parting.process
    with_file = write(b"whatever")
    with_file(path_of(parting))
    parting.launch()
    assert parting.process.wait(10) == 71, "the address is taken"
    assert os.path.exists(path_of(parting))
    parting.process = other


def test_a_leftover_of_a_write_that_was_interrupted(parting):
    with open(path_of(parting) + ".new", "wb") as file:
        file.write(b"half")
    restart(parting)
    assert farewells(parting) == 1
    assert not os.path.exists(path_of(parting) + ".new")


def elsewhere(daemon, host):
    """The target's database is on another host now."""
    target = daemon.settings["targets"][0]
    daemon.settings["targets"] = [{**target, "database": {**target["database"], "host": host}}]
    daemon.write_config()


def test_another_database_under_the_same_name(parting):
    assert parting.stop()[0] == 0
    elsewhere(parting, "/nowhere")
    parting.start()
    assert farewells(parting) == 0
    assert len(parting.log_lines("parting: .*another database")) == 1


def test_another_database_while_it_runs(parting):
    """The worker of the old one still speaks when the new one is known; nobody is given its words."""
    restart(parting)
    assert farewells(parting) == 1
    worker = parting.worker("parting")
    elsewhere(parting, "/nowhere")
    parting.reload()
    parting.wait_for_child("parting", worker)
    parting.wait_for(lambda page: page.value(FAREWELLS) == 0, 10, "a count from the beginning")
    # The same database again is kept on with.
    worker = parting.worker("parting")
    parting.write_collector("parting", hostile("parting", interval="250ms"))
    parting.reload()
    parting.wait_for_child("parting", worker)
    parting.wait_for(lambda page: page.value(FAREWELLS) == 1, 10, "a count that goes on")


def test_a_state_that_kills_is_forgotten(minotor):
    """Else not even a restart of minotord would heal it."""
    daemon = minotor({"good": hostile("good"), "poisoned": hostile("poisoned")}).start()
    daemon.wait_until_good("poisoned")
    restart(daemon)
    daemon.wait_for_log(r"level=warning.*poisoned: has ended \d+ times in a row without a good round.*forgotten", 30)
    daemon.wait_until_good("poisoned", 30)


# ---- the counts of kpi, on a database


@pytest.fixture
def counting(kpi, mattermost):
    return kpi(mattermost, own=PATIENT, stale_after="30s")


def counted(daemon):
    """(when each table was counted, the page)"""
    daemon.wait_until_good()
    page = daemon.next_round()
    return page.by_label(COUNTED, "table"), page


def agree(daemon, mattermost):
    truth = mattermost.truth()
    page = daemon.wait_for(lambda page: page.value(POSTS) == truth["posts_total"], 10, "the posts that there are")
    for name in ("posts_total", "last_post_date", "sessions_total"):
        assert page.value("mattermost_kpi_" + name) == truth[name], name
    assert page.by_label("mattermost_kpi_channels_total", "type") == truth["channels_total"]


def live_on(mattermost, mark):
    """What happens while nobody looks."""
    for number in range(3):
        mattermost.add_post(database.new_id(mark, number))
    mattermost.edit_post(database.new_id(mark, 0), database.new_id(mark + "copy"))
    mattermost.delete_post(database.new_id(mark, 1))
    old = mattermost.sql("SELECT id FROM posts WHERE deleteat = 0 AND rootid = '' AND id NOT IN (SELECT rootid FROM posts)"
                         " ORDER BY createat LIMIT 1")
    mattermost.delete_post(old)


ACCOUNTS = {"as the test": None}
if AS_ROOT:
    ACCOUNTS["as a plain user"] = UNPRIVILEGED


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_restart_needs_no_baseline(counting, mattermost, account):
    """Started as root its workers are not root; started as a plain user everything is the plain user's."""
    if ACCOUNTS[account]:
        counting.give_to(ACCOUNTS[account])
    counting.start()
    before, page = counted(counting)
    assert set(before) == {"posts", "files", "reactions"}
    messages = page.by_label(MESSAGES, "channel_type")
    assert counting.stop()[0] == 0
    assert os.stat(path_of(counting)).st_uid == (counting.account.pw_uid if counting.account else os.geteuid())
    live_on(mattermost, "away")
    counting.start()
    after, page = counted(counting)
    assert after == before
    agree(counting, mattermost)
    assert page.by_label(MESSAGES, "channel_type") == messages
    live_on(mattermost, "back")
    agree(counting, mattermost)
    assert not counting.log_lines("level=warning.*state")


def test_a_kill_makes_it_count_anew(counting, mattermost):
    counting.start()
    before, _ = counted(counting)
    restart(counting)
    assert counted(counting)[0] == before
    kill(counting)
    live_on(mattermost, "away")
    counting.start()
    after, _ = counted(counting)
    assert all(after[table] > before[table] for table in before), (before, after)
    agree(counting, mattermost)


def test_posts_of_another_database_are_not_counted_on(counting, mattermost, postgresql, templates, numbers):
    """Same target, same name of the collector, another database: not one figure is of the old one."""
    counting.start()
    before, _ = counted(counting)
    counting.stop()
    name = f"mattermost_{next(numbers)}"
    other = database.clone(postgresql, name, templates("11.6"))
    try:
        other.sql("DELETE FROM posts WHERE id IN (SELECT id FROM posts ORDER BY id LIMIT 100)")
        target = counting.settings["targets"][0]
        counting.settings["targets"] = [{**target, "database": other.settings(counting.password_file)}]
        counting.write_config()
        counting.start()
        after, _ = counted(counting)
        assert all(after[table] > before[table] for table in before), (before, after)
        agree(counting, other)
        counting.stop()
    finally:
        postgresql.psql(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_damaged_file_makes_kpi_count_anew(counting, mattermost):
    counting.start()
    before, _ = counted(counting)
    offset = restart(counting, overwrite(700, b"\xff\xff"))
    after, _ = counted(counting)
    assert all(after[table] > before[table] for table in before), (before, after)
    agree(counting, mattermost)
    assert len(counting.log_lines("level=warning.*1 of the 1 states in it are not used: the first is damaged", offset)) == 1
