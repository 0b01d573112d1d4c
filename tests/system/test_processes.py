# SPDX-License-Identifier: Apache-2.0
"""How each process is born: descriptors, privileges, limits, environment, title."""

import os
import pwd
import re
import shutil
import stat
import time

import pytest

import minotor as programs
import processes
from conftest import hostile
from minotor import AS_ROOT, UNPRIVILEGED

ALLOWED_ENVIRONMENT = {"PATH", "LC_ALL", "TZ", "HOME", "RES_OPTIONS", "LANG"}


@pytest.fixture
def running(kpi, mattermost):
    daemon = kpi(mattermost, collectors={"good": hostile("good")}).start()
    daemon.wait_until_good("kpi")
    daemon.wait_until_good("good")
    return daemon


@pytest.mark.skipif(not programs.sanitized(), reason="this build is not sanitized")
def test_what_the_sanitizers_do_not_bear_is_off(running):
    states = {dict(labels)["layer"]: dict(labels)["state"]
              for labels in running.scrape().series("minotor_sandbox_info") if dict(labels)["slot"] == "good"}
    assert states["limits"] == states["seccomp"] == "off"
    assert states["landlock"] != "off" and states["no_new_privileges"] == "applied"


def descriptors(pid):
    try:
        return processes.descriptors(pid)
    except PermissionError:
        pytest.skip("children keep /proc/PID/fd to root; run as root to see it")


def test_titles(running):
    assert set(running.children()) == {"minotor: front", "minotor: worker kpi", "minotor: worker good",
                                       "minotor: broker kpi", "minotor: broker good"}
    for pid in running.children().values():
        assert not processes.read(pid, "comm").strip().isdigit(), "ps -e shows a name, not a descriptor's number"


def test_descriptors_of_a_worker(running):
    found = descriptors(running.worker("good"))
    assert found[0] == found[1] == "/dev/null"
    assert found[2].startswith("pipe:")
    assert found[3].startswith("socket:")
    assert found[4].startswith("pipe:")
    assert found[5].startswith("socket:")  # to its broker
    assert set(found) == {0, 1, 2, 3, 4, 5}, found


def test_descriptors_of_a_broker(running):
    """It keeps none of the connections that it makes."""
    found = descriptors(running.children()["minotor: broker kpi"])
    assert found[0] == found[1] == "/dev/null"
    assert found[2].startswith("pipe:")
    assert found[3].startswith("socket:")
    assert found[4].startswith("socket:")
    assert set(found) == {0, 1, 2, 3, 4}, found


def test_descriptors_of_a_worker_with_a_database(running):
    found = descriptors(running.worker("kpi"))
    more = [what for number, what in found.items() if number > 5]
    assert len(more) == 1 and more[0].startswith("socket:"), f"one connection and nothing else: {found}"


def test_descriptors_of_the_front(running):
    found = descriptors(running.front())
    assert found[0] == found[1] == "/dev/null"
    assert found[2].startswith("pipe:")
    assert found[3].startswith("socket:")
    pipes = [what for number, what in found.items() if number > 3 and what.startswith("pipe:")]
    listeners = [what for number, what in found.items() if number > 3 and what.startswith("socket:")]
    others = [what for number, what in found.items() if number > 3 and not what.startswith(("pipe:", "socket:", "anon_inode:"))]
    assert len(pipes) == 2, found
    assert 1 <= len(listeners) <= 2, found  # the listener, and perhaps a client that is just leaving
    # One of its own process_* may be open at this moment.
    assert all(what.startswith("/proc/") for what in others), found


def test_the_supervisor_holds_no_end_of_a_data_pipe(running):
    """A stray copy would hide the end of a worker from the front."""
    pipes = {descriptors(running.worker(name))[4] for name in ("kpi", "good")}
    assert len(pipes) == 2
    assert not pipes & set(descriptors(running.pid).values())
    assert pipes <= set(descriptors(running.front()).values())
    assert not {descriptors(running.worker("kpi"))[4]} & set(descriptors(running.worker("good")).values())


def test_descriptors_do_not_grow(running):
    """Nothing leaks when workers die: neither in the supervisor nor in the front."""
    def kill_one():
        worker = running.worker("good")
        processes.send(worker, 9)
        running.wait_for_child("good", worker)
        running.wait_until_good("good")

    kill_one()
    time.sleep(0.5)
    before = len(descriptors(running.pid)), len(descriptors(running.front()))
    for _ in range(3):
        kill_one()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        after = len(descriptors(running.pid)), len(descriptors(running.front()))
        if after[0] <= before[0] and after[1] <= before[1]:
            return
        time.sleep(0.05)
    assert after <= before


def test_privileges(running):
    for name, pid in running.children().items():
        status = processes.status(pid)
        assert status["NoNewPrivs"] == "1", name
        assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0, name
        assert status["Threads"] == "1", name
        if AS_ROOT:
            account = pwd.getpwnam(UNPRIVILEGED)
            assert status["Uid"].split() == [str(account.pw_uid)] * 4, name
            assert status["Gid"].split() == [str(account.pw_gid)] * 4, name
            assert status["Groups"] == "", name
        assert processes.stat(pid)[3] == str(pid), f"{name} leads a session of its own"


def test_memory_of_children_is_private(running):
    """Not dumpable: nobody of the same user reads a password out of a worker's memory."""
    for name, pid in running.children().items():
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, name


def test_limits(running):
    for name, pid in running.children().items():
        limits = processes.limits(pid)
        assert limits["Max core file size"] == ("0", "0"), name
        assert limits["Max file size"] == ("0", "0"), name
        if "broker" not in name:  # which needs more than it ever opens: BROKER_FILES_MAX
            assert int(limits["Max open files"][0]) <= 512, name
        if name.startswith("minotor: worker"):
            assert int(limits["Max open files"][0]) == 64, name
            if not programs.sanitized():
                assert limits["Max data size"][0] == str(256 << 20), name
            if AS_ROOT:
                assert limits["Max processes"][0] == "384", name


def test_environment(minotor, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "must-not-arrive")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/must/not/arrive")
    monkeypatch.setenv("MM_SQLSETTINGS_DATASOURCE", "postgres://must:not@arrive")
    daemon = minotor({"good": hostile("good")}).start()
    daemon.wait_until_good("good")
    for name, pid in daemon.children().items():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read().decode()
        except PermissionError:
            pytest.skip("children keep /proc/PID/environ to root; run as root to see it")
        names = {entry.split("=")[0] for entry in environment.split("\0") if entry}
        assert names <= ALLOWED_ENVIRONMENT, name
        assert "arrive" not in environment


def test_signals_are_those_of_a_new_process(minotor):
    """What the one who started minotord ignores or blocks is not inherited, but SIGPIPE ends nobody."""
    daemon = minotor({"good": hostile("good")}).start()
    daemon.wait_until_good("good")
    for name, pid in daemon.children().items():
        status = processes.status(pid)
        if name.startswith("minotor: worker"):
            assert int(status["SigBlk"], 16) == 0, name
        assert int(status["SigIgn"], 16) & (1 << (13 - 1)), f"{name} ignores SIGPIPE"
        assert not int(status["SigCgt"], 16) & (1 << (15 - 1)) or name == "minotor: front", "TERM has its default action"


def test_working_directory(running):
    for name, pid in running.children().items():
        try:
            assert os.readlink(f"/proc/{pid}/cwd") == "/", name
        except PermissionError:
            pytest.skip("children keep /proc/PID/cwd to root; run as root to see it")


def test_programs_may_be_replaced_while_it_runs(minotor):
    """An upgrade changes the files; a running minotord goes on starting the children that belong to it."""
    daemon = minotor({"good": hostile("good")})
    folder = os.path.join(daemon.directory, "programs")
    os.mkdir(folder, 0o755)
    os.chmod(folder, 0o755)
    copies = {}
    for name in ("worker", "front"):
        copies[name] = shutil.copy(programs.PATHS[name], folder)
    daemon.settings["paths"] = {**programs.PATHS, **copies}
    daemon.write_config()
    daemon.start()
    daemon.wait_until_good("good")
    for path in copies.values():
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho this is the next release, which must not be started; exit 1\n")
        os.chmod(path, 0o755)
    for which in ("good", "front"):
        old = daemon.front() if which == "front" else daemon.worker(which)
        processes.send(old, 9)
        daemon.wait_for_child(which, old)
    daemon.wait_until_good("good")
    assert "next release" not in daemon.log()


def test_files_of_the_build_are_not_writable_by_all():
    for path in [programs.MINOTORD, programs.PATHS["worker"], programs.PATHS["front"]]:
        assert not stat.S_IMODE(os.stat(path).st_mode) & 0o002, path


def test_version_and_help(minotor):
    daemon = minotor({})
    version = daemon.run("--version")
    assert version.returncode == 0
    assert re.match(r"minotord \S+", version.stdout), version.stdout
    help_text = daemon.run("--help")
    assert help_text.returncode == 0
    for flag in ("--config.file", "--check", "--web.listen-address", "--log.level", "--log.format", "--version"):
        assert flag in help_text.stdout
