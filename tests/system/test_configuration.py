# SPDX-License-Identifier: Apache-2.0
"""Each kind of mistake in a configuration file: one line with file and line, exit status 78, nothing started."""

import os
import re

import pytest

import libconfig
from conftest import FAST, hostile
from minotor import AS_ROOT, PATHS

EX_USAGE, EX_CONFIG = 2, 78


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def line_of(path, wanted):
    for number, line in enumerate(lines_of(path), 1):
        if wanted in line:
            return number
    raise AssertionError(f"{wanted!r} is not in {path}")


def expect_refusal(daemon, place, words, arguments=()):
    """Both --check and a start say the same one line and leave with the same status."""
    for more in (("--check", *arguments), arguments):
        done = daemon.run(*more)
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        assert done.returncode == EX_CONFIG, f"status {done.returncode}: {said}"
        matching = [line for line in said if place in line]
        assert len(matching) == 1, f"not exactly one line with {place!r}: {said}"
        assert re.search(words, matching[0], re.IGNORECASE), f"{words!r} is not in {matching[0]!r}"
        problems = [line for line in said if "level=error" in line or "level=" not in line and not line.endswith(" ok")]
        assert len(problems) == 1, f"more than one line about one mistake: {said}"


# Replaces one line of minotor.conf: (its beginning, the new line, what the message has to say)
MAIN = {
    "syntax": ("log", 'log = { level = "info" ;;; };', "syntax"),
    "unclosed": ("targets", "targets = (", "syntax"),
    "unknown key": ("log", 'log = { level = "info"; colour = "red"; };', "colour"),
    "unknown group": ("log", 'lgo = { level = "info"; };', "lgo"),
    "wrong type": ("log", "log = { level = 3; };", "level"),
    "group instead of text": ("log", 'log = "info";', "log"),
    "bad level": ("log", 'log = { level = "loud"; };', "loud.*debug|loud.*info"),
    "bad format": ("log", 'log = { format = "xml"; };', "xml.*logfmt|xml.*json"),
    "bad address": ("web", 'web = { listen = [ "localhost:not-a-port" ]; };', "not-a-port"),
    "port too large": ("web", 'web = { listen = [ "127.0.0.1:70000" ]; };', "70000"),
    "listen is no list": ("web", 'web = { listen = 9806; };', "listen"),
    "public address": ("web", 'web = { listen = [ "0.0.0.0:0" ]; };', "insecure"),
    "public address v6": ("web", 'web = { listen = [ "[::]:0" ]; };', "insecure"),
}


@pytest.mark.parametrize("kind", MAIN)
def test_mistakes_in_minotor_conf(minotor, kind):
    start, replacement, words = MAIN[kind]
    daemon = minotor({"good": hostile("good")})
    lines = lines_of(daemon.config_path)
    number = next(number for number, line in enumerate(lines) if line.startswith(start + " "))
    lines[number] = replacement
    daemon.write("minotor.conf", "\n".join(lines) + "\n")
    # A parser finds an unclosed list where the file ends, not where it began.
    place = "minotor.conf:" if kind == "unclosed" else f"minotor.conf:{number + 1}: "
    expect_refusal(daemon, place, words)


def test_no_target(minotor):
    daemon = minotor({"good": hostile("good")}, settings={"targets": []})
    expect_refusal(daemon, f"minotor.conf:{line_of(daemon.config_path, 'targets')}: ", "1 to 16")


@pytest.mark.parametrize("program", ("worker", "front"))
def test_missing_programs(minotor, program):
    daemon = minotor({"good": hostile("good")}, settings={"paths": {**PATHS, program: "/nonexistent/program"}})
    line = line_of(daemon.config_path, "/nonexistent/program")
    expect_refusal(daemon, f"minotor.conf:{line}: ", "/nonexistent/program.*no such file")


def target(**changes):
    """One target, one setting per line."""
    group = {"driver": "postgresql", "host": "/nonexistent", "port": 5432, "name": "mattermost", "user": "minotor", **changes}
    inner = "".join(f"      {name} = {libconfig.value(value)};\n" for name, value in group.items())
    return '( {\n  name = "mattermost";\n  database = {\n' + inner + "    };\n} );\n"


TARGET = {
    "unknown driver": ({"driver": "oracle"}, 'driver = "', "oracle.*postgresql"),
    "port of zero": ({"port": 0}, "port", "0.*1.*65535"),
    "port as text": ({"port": "x"}, "port", "port"),
    "unknown key": ({"pasword_file": "/x"}, "pasword_file", "pasword_file"),
    "password in the file": ({"password": "Hush-7f3a"}, "password = ", "password_file"),
    "bad sslmode": ({"sslmode": "perhaps"}, "sslmode", "perhaps.*require"),
}


@pytest.mark.parametrize("kind", TARGET)
def test_mistakes_in_a_target(minotor, kind):
    changes, wanted, words = TARGET[kind]
    daemon = minotor({"good": hostile("good")})
    lines = [line for line in lines_of(daemon.config_path) if not line.startswith("targets ")]
    path = daemon.write("minotor.conf", "\n".join(lines) + "\ntargets = " + target(**changes))
    expect_refusal(daemon, f"minotor.conf:{line_of(path, wanted)}: ", words)
    assert "7f3a" not in daemon.run("--check").stderr


def spoil_missing(path):
    os.rename(path, path + ".away")
    return lambda: os.rename(path + ".away", path), "no such file"


def spoil_open(path):
    os.chmod(path, 0o644)
    return lambda: os.chmod(path, 0o600), "0600"


def spoil_folder(path):
    os.rename(path, path + ".away")
    os.mkdir(path)
    return lambda: (os.rmdir(path), os.rename(path + ".away", path)), "regular file|directory"


def spoil_empty(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8"):
        pass

    def mend():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return mend, "one line"


def spoil_forbidden(path):
    if AS_ROOT:
        pytest.skip("root can read every file")
    os.chmod(path, 0)
    return lambda: os.chmod(path, 0o600), "permission denied"


@pytest.mark.parametrize("spoil", (spoil_missing, spoil_open, spoil_folder, spoil_empty, spoil_forbidden))
def test_password_file_that_cannot_be_used(kpi, mattermost, spoil):
    """--check refuses it; a daemon goes on, tries again, and needs no reload when it is put right."""
    daemon = kpi(mattermost)
    line = line_of(daemon.config_path, "password_file")
    mend, words = spoil(daemon.password_file)
    done = daemon.run("--check")
    assert done.returncode == EX_CONFIG
    said = [text for text in (done.stdout + done.stderr).splitlines() if f"minotor.conf:{line}: " in text]
    assert len(said) == 1 and re.search(words, said[0], re.IGNORECASE), (said, done.stdout, done.stderr)
    daemon.start()
    daemon.wait_for_log(rf"(?i)minotor\.conf:{line}: .*({words})", 10)
    page = daemon.scrape()
    assert page.names("mattermost_kpi_") == [] and page.collector("up") == 0
    mend()
    daemon.wait_until_good(timeout=30)


def test_unknown_user(minotor):
    if not AS_ROOT:
        pytest.skip("only root may change the user; others get a notice")
    daemon = minotor({"good": hostile("good")}, settings={"user": "nobody-of-that-name"})
    line = line_of(daemon.config_path, "nobody-of-that-name")
    expect_refusal(daemon, f"minotor.conf:{line}: ", "nobody-of-that-name")


def test_user_without_root_is_a_notice(minotor):
    if AS_ROOT:
        pytest.skip("root may change the user")
    daemon = minotor({"good": hostile("good")}, settings={"user": "daemon"}).start()
    daemon.wait_until_good("good")
    assert daemon.log_lines("daemon")


# kpi.conf as a whole: (text, line of the mistake, what the message has to say)
COLLECTOR = {
    "syntax": ('enabled = true;\ninterval = = "1s";\n', 2, "syntax"),
    "unknown key": ('enabled = true;\n\ncolour = "red";\n', 3, "colour"),
    "enabled is a text": ('enabled = "yes";\n', 1, "enabled.*(true|boolean)"),
    "interval is a number": ("interval = 15;\n", 1, "interval"),
    "interval without unit": ('interval = "15";\n', 1, "15"),
    "interval too short": ('interval = "1ms";\n', 1, "1ms.*100 ?ms"),
    "interval too long": ('interval = "90d";\n', 1, "90d"),
    "timeout too short": ('timeout = "1ms";\n', 1, "1ms"),
    "timeout too long": ('timeout = "2d";\n', 1, "2d"),
    "unknown target": ('targets = [ "mattermost", "elsewhere" ];\n', 1, "elsewhere"),
    "targets is a text": ('targets = "mattermost";\n', 1, "targets"),
    "settings is a list": ("settings = [ 1 ];\n", 1, "settings"),
    "twice": ('interval = "1s";\ninterval = "2s";\n', 2, "."),
}


@pytest.mark.parametrize("kind", COLLECTOR)
def test_mistakes_in_a_collector_file(minotor, kind):
    text, number, words = COLLECTOR[kind]
    daemon = minotor({"kpi": FAST})
    daemon.write("collectors.d/kpi.conf", text)
    expect_refusal(daemon, f"kpi.conf:{number}: ", words)


def test_two_files_for_one_collector(minotor):
    daemon = minotor({"kpi": FAST, "other": {**FAST, "collector": "kpi"}})
    expect_refusal(daemon, "other.conf:", "kpi")


def test_two_targets_of_one_name(minotor):
    daemon = minotor({"good": hostile("good")})
    daemon.settings["targets"] *= 2
    daemon.write_config()
    expect_refusal(daemon, "minotor.conf:", "mattermost")


def test_no_configuration_file(minotor):
    daemon = minotor({})
    os.unlink(daemon.config_path)
    done = daemon.run()
    assert done.returncode == EX_CONFIG
    assert daemon.config_path in done.stderr and "No such file" in done.stderr


def test_no_folder_of_collectors(minotor):
    daemon = minotor({})
    os.rmdir(daemon.collectors_directory)
    expect_refusal(daemon, "collectors.d", "no such file")


def test_bad_flags(minotor):
    daemon = minotor({"good": hostile("good")})
    for flags in (["--no-such-flag"], ["--log.level=loud"], ["--web.listen-address=nowhere"], ["stray"]):
        done = daemon.run(*flags)
        assert done.returncode == EX_USAGE, (flags, done.returncode, done.stderr)
        assert done.stderr.strip()


def test_address_in_use(minotor):
    first = minotor({"good": hostile("good")}).start()
    second = minotor({"good": hostile("good")}, settings={"web": {"listen": [first.address]}})
    done = second.run()
    assert done.returncode not in (0, None)
    lines = [line for line in done.stderr.splitlines() if first.address in line and "in use" in line]
    assert len(lines) == 1, done.stderr


def test_check_of_a_good_configuration(minotor):
    daemon = minotor({"good": hostile("good")})
    done = daemon.run("--check")
    assert done.returncode == 0, done.stderr
    assert "level=error" not in done.stderr


def test_public_address_when_told(minotor):
    daemon = minotor({"good": hostile("good")}, settings={"web": {"listen": ["0.0.0.0:0"], "insecure": True}})
    assert daemon.run("--check").returncode == 0


def test_flags_beat_the_file(minotor):
    daemon = minotor({"good": hostile("good")}).start("--web.listen-address=127.0.0.2:0", "--log.format=json")
    assert daemon.address.startswith("127.0.0.2:")
    daemon.wait_until_good("good")
    assert all(line.startswith("{") for line in daemon.log().splitlines())


# What only the worker can see: the slot is parked with one line, the others go on.
PARKED = {
    "no such plugin": ("absent", hostile("absent"), "absent.so.*no such file"),
    "no plugin at all": ("no_symbol", hostile("no_symbol"), "minotor_collector"),
    "another collector": ("kpi", hostile("fails"), "fails.*kpi"),
    "unknown setting": ("fails", hostile("fails", settings={"colour": "red"}), r"fails\.conf:\d+: .*colour"),
}


@pytest.mark.parametrize("kind", PARKED)
def test_slots_that_are_parked(minotor, kind):
    slot, own, words = PARKED[kind]
    words = "(?i)" + words
    daemon = minotor({"good": hostile("good"), slot: own}).start()
    daemon.wait_until_good("good")
    page = daemon.wait_for(lambda page: page.collector("up", slot) == 0, 10, "the slot on the page")
    daemon.wait_for_log(words, 10)
    for _ in range(3):
        daemon.next_round("good")
    lines = [line for line in daemon.log_lines(words) if "level=debug" not in line]
    assert 1 <= len(lines) <= 2, lines  # the worker's word and the obituary that quotes it
    assert page.collector("success", slot) in (None, 0)
    assert daemon.get("/-/ready").status == 200, "a parked slot keeps nobody waiting"


@pytest.mark.parametrize("value, words", (
    ('"many"', "reactions_top"), ("-1", "reactions_top.*-1"), ("1000000", "reactions_top.*1000000"), ("true", "reactions_top"),
))
def test_bad_settings_of_kpi(kpi, mattermost, value, words):
    daemon = kpi(mattermost, collectors={"good": hostile("good")})
    daemon.write("collectors.d/kpi.conf", 'enabled = true;\ninterval = "1s";\nsettings = {\n    reactions_top = ' + value + ";\n};\n")
    daemon.start()
    daemon.wait_until_good("good")
    line = daemon.wait_for_log(rf"kpi\.conf:4: .*{words}|{words}.*kpi\.conf:4", 10)
    assert line
    assert daemon.scrape().names("mattermost_kpi_") == []
    # Put right and reloaded, it works.
    daemon.write_collector("kpi", {**FAST, "settings": {"reactions_top": 3}})
    daemon.reload()
    daemon.wait_until_good()
