# SPDX-License-Identifier: Apache-2.0
"""The unit for systemd: what systemd itself says of it, without running; and that minotor confines its workers behind the
system calls that it leaves, here without systemd, by a filter of the same list."""

import ctypes
import errno
import os
import re
import shutil
import socket
import subprocess

import pytest

import processes
from conftest import hostile
from minotor import AS_ROOT, BUILD, MINOTORD, UNPRIVILEGED, sanitized

UNIT = os.path.join(BUILD, "etc/systemd/minotor.service")
EXPOSURE_MAX = 1.5
# What minotor's own confinement takes, and groups of systemd 252 do not have.
NEEDED = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"}


@pytest.fixture(scope="module")
def analyze():
    """analyze(arguments): what systemd-analyze says."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("no systemd-analyze (Debian: systemd)")

    def run(*arguments):
        done = subprocess.run([program, "--no-pager", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60, check=False,
                              env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8", "SYSTEMD_LOG_LEVEL": "warning"})
        return done.returncode, done.stdout
    return run


def settings():
    """[(key, value)] of the unit, in order."""
    with open(UNIT, encoding="utf-8") as file:
        return re.findall(r"^(\w+)=(.*)$", file.read(), re.MULTILINE)


def test_exposure(analyze, figure, tmp_path):
    status, text = analyze("security", "--offline=yes", UNIT)
    found = re.search(r"Overall exposure level for minotor\.service: ([0-9.]+)", text)
    assert found, text
    figure(f"systemd-analyze security: exposure {found.group(1)}; what is left: "
           + ", ".join(re.findall(r"^\S*\u2717 (\S+)", text, re.MULTILINE)))
    assert float(found.group(1)) <= EXPOSURE_MAX, text
    status, text = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_MAX * 10:.0f}", UNIT)
    assert status == 0, text


def test_verify(analyze, tmp_path):
    """As installed: the programs are those of the build tree."""
    with open(UNIT, encoding="utf-8") as file:
        text = re.sub(r"^(Exec\w+=)\S*/minotord ", rf"\1{MINOTORD} ", file.read(), flags=re.MULTILINE)
    assert text.count(MINOTORD) == 2
    path = tmp_path / "minotor.service"
    path.write_text(text, encoding="utf-8")
    status, words = analyze("verify", "--man=no", str(path))
    own = [line for line in words.splitlines() if "minotor" in line and "Failed to prepare filename" not in line]
    assert (status, own) == (0, []), words


# ---------------------------------------------------------------------------------------------------- its system calls


def members(analyze, group):
    """The system calls of a group, groups in it included."""
    status, text = analyze("syscall-filter", group)
    assert status == 0, text
    found = set()
    for line in text.splitlines():
        name = line.strip()
        if line.startswith(" ") and not name.startswith("#"):
            found |= members(analyze, name) if name.startswith("@") else {name}
    return found


def allowed_calls(analyze):
    """What the lines of the unit add up to, as systemd reads them: the first makes it a list of what is allowed."""
    allowed = set()
    for key, value in settings():
        if key != "SystemCallFilter":
            continue
        names = set()
        for name in value.lstrip("~").split():
            names |= members(analyze, name) if name.startswith("@") else {name}
        allowed = allowed - names if value.startswith("~") else allowed | names
    # What systemd itself lets through, whatever is listed, so that a service can be executed.
    return allowed | members(analyze, "@default") | {"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn", "sigreturn"}


class Argument(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("datum_a", ctypes.c_uint64), ("datum_b", ctypes.c_uint64)]


EQUAL, MASKED = 4, 7
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PROT_EXEC, PROT_WRITE = 4, 2


def wall(allowed, families):
    """For preexec_fn: the filter, with the family of sockets, namespaces and W^X as the unit has them."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                               ctypes.POINTER(Argument)]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    numbers = {name: library.seccomp_syscall_resolve_name(name.encode()) for name in allowed}
    for name in ("unshare", "setns", "clone3", "socket", "mmap", "mprotect", "pkey_mprotect"):
        numbers.pop(name, None)
    call = {name: library.seccomp_syscall_resolve_name(name.encode())
            for name in ("clone3", "socket", "mmap", "mprotect", "unshare", "setns")}

    def rule(context, action, number, *arguments):
        array = (Argument * max(1, len(arguments)))(*[Argument(*one) for one in arguments])
        library.seccomp_rule_add_array(context, action, number, len(arguments), array)

    def enter():
        context = library.seccomp_init(ERRNO | errno.EPERM)
        for number in numbers.values():
            if number >= 0:
                rule(context, ALLOW, number)
        rule(context, ERRNO | errno.ENOSYS, call["clone3"])
        for family in families:
            rule(context, ALLOW, call["socket"], (0, EQUAL, family, 0))
        both = PROT_WRITE | PROT_EXEC
        for bits in (0, PROT_WRITE, PROT_EXEC):
            rule(context, ALLOW, call["mmap"], (2, MASKED, both, bits))
        rule(context, ALLOW, call["mprotect"], (2, MASKED, PROT_EXEC, 0))
        if library.seccomp_load(context) != 0:
            os._exit(125)
    return enter


@pytest.fixture
def wall_of_the_unit(analyze):
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("no libseccomp.so.2 to build the filter with")
    allowed = allowed_calls(analyze)
    assert NEEDED <= allowed and "mount" not in allowed and "setresuid" not in allowed
    names = dict(settings())["RestrictAddressFamilies"].split()
    return wall(allowed, [getattr(socket, name) for name in names])


def layers(page, slot):
    return {dict(labels)["layer"]: dict(labels)["state"] for labels, number in page.series("minotor_sandbox_info").items()
            if dict(labels)["slot"] == slot and number == 1}


def test_minotor_behind_its_wall(kpi, mattermost, wall_of_the_unit, figure):
    """Started as User= says, by nobody in particular; the database is at work, and a session is connected by the broker."""
    daemon = kpi(mattermost, collectors={"good": hostile("good")})
    if AS_ROOT:
        daemon.settings.pop("user")
        daemon.write_config()
        daemon.give_to(UNPRIVILEGED)
    daemon.before_exec = wall_of_the_unit
    daemon.start()
    daemon.wait_until_good()
    page = daemon.wait_until_good("good")
    assert page.value("mattermost_kpi_posts_total") is not None
    for pid in (daemon.pid, *daemon.children().values()):
        status = processes.status(pid)
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert status["CapEff"].strip("0") == ""
    for slot in ("front", "kpi", "good"):
        states = layers(page, slot)
        figure(f"behind the unit's wall, {slot}: {states}")
        if sanitized():
            continue
        assert states["capabilities"] in ("applied", "unneeded")
        assert states["seccomp"] == "applied" and states["no_new_privileges"] == "applied"
        assert states["landlock"] in ("applied", "partial") or "landlock" not in open_lsm(), states
    if not sanitized():
        assert layers(page, "kpi")["broker"] == "applied"
        filters = [int(processes.status(pid).get("Seccomp_filters", 2)) for pid in daemon.children().values()]
        assert min(filters) >= 2, "the wall, and one of their own"


def open_lsm():
    try:
        with open("/sys/kernel/security/lsm", encoding="ascii") as file:
            return file.read()
    except OSError:
        return "landlock"
