"""The version comes from the history, from a tarball, or is said to be unknown; never from a neighbour."""

import os
import re
import shutil
import subprocess

import pytest

SOURCE = os.environ.get("MINOTOR_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("MINOTOR_BUILD") or SOURCE
AUTHOR = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Tree:
    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory / "m4")
        shutil.copy(os.path.join(SOURCE, "m4/version.sh"), directory / "m4/version.sh")

    def git(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(["git", "-C", str(self.directory), *AUTHOR, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment).stdout.strip()

    def commit(self, text):
        self.git("commit", "-q", "--allow-empty", "-m", text)
        return self.git("rev-parse", "--short", "HEAD")

    def version(self, *arguments):
        return subprocess.run(["sh", str(self.directory / "m4/version.sh"), *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/").stdout.rstrip("\n")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "tree")


@pytest.fixture
def history(tree):
    tree.git("init", "-q")
    tree.first = tree.commit("first")
    return tree


@needs_git
def test_without_a_tag(history):
    assert history.version() == "0.0.0+" + history.first
    assert history.version("--revision") == history.first


@needs_git
def test_at_a_tag(history):
    history.git("tag", "v1.2.3")
    assert history.version() == "1.2.3"


@needs_git
def test_between_tags(history):
    history.git("tag", "v1.2.3")
    second = history.commit("second")
    assert history.version() == "1.2.3+" + second


@needs_git
def test_a_tag_that_is_no_version_does_not_count(history):
    history.git("tag", "vanity")
    assert history.version() == "0.0.0+" + history.first


@needs_git
def test_the_history_counts_more_than_a_file_left_over(history):
    (history.directory / ".tarball-version").write_text("9.9.9\n")
    assert history.version() == "0.0.0+" + history.first


def test_in_a_tarball(tree):
    (tree.directory / ".tarball-version").write_text("1.2.3+abc1234\n")
    assert tree.version() == "1.2.3+abc1234"
    assert tree.version("--revision") == "abc1234"


@needs_git
def test_in_a_tarball_inside_of_a_foreign_history(tmp_path):
    around = Tree(tmp_path / "around")
    around.git("init", "-q")
    around.commit("somebody else's")
    inner = Tree(tmp_path / "around" / "minotor")
    assert inner.version() == "0.0.0+unknown"
    (inner.directory / ".tarball-version").write_text("1.2.3\n")
    assert inner.version() == "1.2.3"


def test_without_anything(tree):
    assert tree.version() == "0.0.0+unknown"
    assert tree.version("--revision") == "unknown"


def test_the_daemon_says_the_version_of_its_build():
    with open(os.path.join(BUILD, "core/common/version.h"), encoding="utf-8") as header:
        version = re.search(r'MINOTOR_VERSION "(.*)"', header.read()).group(1)
    said = subprocess.run([os.path.join(BUILD, "core/supervisor/minotord"), "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert version in said.split()
