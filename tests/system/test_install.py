# SPDX-License-Identifier: Apache-2.0
"""`make install` and `make uninstall`: nothing of an administrator's is overwritten or removed, and nothing of ours is left."""

import os
import shutil
import subprocess

import pytest

from minotor import BUILD

# A tree that is being worked on is not made anew by a test.
QUIET = ["AUTOCONF=:", "AUTOMAKE=:", "ACLOCAL=:", "AUTOHEADER=:"]


@pytest.fixture
def make(tmp_path):
    """make("install"): what it said. It installs below tmp_path."""
    if not os.path.exists(os.path.join(BUILD, "Makefile")) or not shutil.which("make"):
        pytest.skip("there is no Makefile to install with")

    def run(target):
        # The make that runs the tests has no say in this one.
        kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR")}
        done = subprocess.run(["make", "-s", *QUIET, f"DESTDIR={tmp_path}", target], cwd=BUILD, env=kept, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)
        assert done.returncode == 0, done.stdout
        return done.stdout
    return run


def files(root):
    return {os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names}


def one(root, name):
    """The only file or folder of that name."""
    found = [os.path.join(folder, name) for folder, folders, names in os.walk(root) if name in names + folders]
    assert len(found) == 1, found
    return found[0]


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def test_what_was_only_installed_goes_without_a_word(make, tmp_path):
    make("install")
    assert len(files(tmp_path)) > 30
    said = make("uninstall")
    assert files(tmp_path) == set() and "kept" not in said
    ours = [folder for folder, _, _ in os.walk(tmp_path) if "minotor" in os.path.relpath(folder, tmp_path)]
    assert ours == []


def test_what_is_an_administrators_stays_and_is_told(make, tmp_path):
    make("install")
    kpi = one(tmp_path, "kpi.conf")
    etc = os.path.dirname(os.path.dirname(kpi))
    conf = os.path.join(etc, "minotor.conf")
    stranger = os.path.join(os.path.dirname(one(tmp_path, "kpi.so")), "stranger.so")
    os.mkdir(os.path.join(etc, "tls"))
    mine = {conf: "# mine\n", kpi: "enabled = false;\n", os.path.join(etc, "password"): "secret\n", stranger: "",
            os.path.join(etc, "tls", "ca.pem"): "certificates\n"}
    for path, text in mine.items():
        write(path, text)
    said = make("install")
    assert f"keeping {conf}; the new one is {conf}.new" in said
    assert {conf + ".new", kpi + ".new"} <= files(tmp_path)
    write(kpi + ".new", "# looked at\n")
    said = [line for line in make("uninstall").splitlines() if line.startswith("kept")]
    assert files(tmp_path) == {*mine, kpi + ".new"}
    assert len(said) == 1 and all(f" {path}" in said[0] for path in files(tmp_path))
    with open(conf, encoding="utf-8") as file:
        assert file.read() == mine[conf]
