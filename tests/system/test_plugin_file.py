# SPDX-License-Identifier: Apache-2.0
"""Whose file a plugin is, and what happens when it is exchanged."""

import os
import pwd
import re
import shutil
import signal

import pytest

import minotor as programs
from conftest import FAST, hostile
from minotor import HOSTILE
from test_hostile import VALUE, Neighbour


@pytest.fixture
def plugin(minotor):
    """plugin(name): a daemon that has that collector in a file of its own, and the path of the file."""
    def make(name):
        daemon = minotor({"good": hostile("good")})
        folder = os.path.join(daemon.directory, "plugins")
        os.mkdir(folder, 0o755)
        os.chmod(folder, 0o755)
        path = os.path.join(folder, name + ".so")
        shutil.copy(os.path.join(HOSTILE, name + ".so"), path)
        os.chmod(path, 0o755)
        daemon.write_collector(name, {**FAST, "plugin": path})
        return daemon, path
    return make


def parked(page, name):
    return page.value("minotor_collector_state", collector=name, state="parked") == 1


def by_another(path):
    os.chown(path, pwd.getpwnam(programs.UNPRIVILEGED).pw_uid, 0)


MISTAKES = {
    "everybody": (lambda path: os.chmod(path, 0o757), r"everybody may write to it \(chmod o-w\)"),
    "folder": (lambda path: os.chmod(os.path.dirname(path), 0o777), r"everybody may replace it: its folder is open to all"),
    "owner": (by_another, r"it belongs to the user \d+; allowed are root and who starts minotord"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_others_may_have_written_is_not_loaded(minotor, plugin, mistake):
    if mistake == "owner" and not programs.AS_ROOT:
        pytest.skip("only root can give a file away")
    spoil, words = MISTAKES[mistake]
    daemon, path = plugin("keeper")
    spoil(path)
    check = daemon.run("--check=files")
    assert check.returncode == 78 and re.search(rf"keeper\.conf:\d+: the plugin \"{path}\" is not loaded: {words}", check.stderr), check.stderr
    daemon.start()
    with Neighbour(daemon):
        page = daemon.wait_for(lambda page: parked(page, "keeper"), 20, "a parked slot")
        assert page.collector("up", "keeper") == 0 and page.value(VALUE.format("keeper")) is None
        lines = [line for line in daemon.log_lines(words) if "level=debug" not in line]
        assert 1 <= len(lines) <= 2, lines
        assert re.search(words, daemon.get("/").text)
        # Put right, and said so.
        os.chown(path, os.geteuid(), os.getegid())
        os.chmod(path, 0o755)
        os.chmod(os.path.dirname(path), 0o755)
        daemon.reload()
        daemon.wait_until_good("keeper")


def test_another_file_in_its_place(plugin):
    """What runs goes on; one that is not to be trusted is not begun with, by a reload or after a death."""
    daemon, path = plugin("no_data")
    daemon.start()
    with Neighbour(daemon):
        daemon.wait_for(lambda page: daemon.rounds(page, "no_data") >= 1, 20, "a round")
        worker = daemon.worker("no_data")
        shutil.copy(path, path + ".new")
        os.chmod(path + ".new", 0o777)
        os.rename(path + ".new", path)
        daemon.next_round("no_data")
        assert daemon.worker("no_data") == worker
        daemon.reload()
        daemon.wait_for_log(r"the plugin .* is not loaded: everybody may write to it", 20)
        daemon.next_round("no_data")
        assert daemon.worker("no_data") == worker
        os.kill(worker, signal.SIGKILL)
        daemon.wait_for(lambda page: parked(page, "no_data"), 20, "a parked slot")
        os.chmod(path, 0o755)
        daemon.reload()
        daemon.wait_for(lambda page: page.collector("up", "no_data") == 1, 20, "a worker")


@pytest.mark.skipif(not programs.AS_ROOT, reason="only root may start it as somebody else")
def test_a_file_of_roots_is_good_for_any_account(minotor):
    """Also in a user namespace, where everybody else's files seem to be nobody's."""
    daemon = minotor({"good": hostile("good")})
    daemon.give_to("games")
    daemon.start().wait_until_good("good")
