# SPDX-License-Identifier: Apache-2.0
"""What /proc says of processes."""

import ctypes
import glob
import os
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Orphans among our descendants become our own children, so that none can hide from a test."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def cpu_seconds(pid):
    """Of user and system; None when it is gone."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else None


def read(pid, name):
    """A file of the process, or "" when it is gone or not for our eyes."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def stat(pid):
    """Fields of /proc/PID/stat after the name: state, parent ... Empty when it is gone."""
    return read(pid, "stat").rpartition(")")[2].split()


def state(pid):
    """'R', 'S', 'T', 'Z' ... or "" when it is gone."""
    fields = stat(pid)
    return fields[0] if fields else ""


def started(pid):
    """Start time in ticks: with the pid, the name of one process for ever."""
    fields = stat(pid)
    return int(fields[19]) if fields else None


def alive(pid):
    return state(pid) not in ("", "Z", "X")


def title(pid):
    """The command line; of a zombie the name that is left of it."""
    return read(pid, "cmdline").replace("\0", " ").strip() or read(pid, "comm").strip()


def children(parent):
    """Zombies included. `parent` is of one thread, or ourselves."""
    found = set()
    for path in glob.glob(f"/proc/{parent}/task/*/children"):
        try:
            with open(path, encoding="ascii") as file:
                found |= {int(pid) for pid in file.read().split()}
        except OSError:
            continue
    return sorted(found)


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = read(pid, "status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def listeners(port):
    """Inodes of the sockets that listen at that TCP port in this thread's network: a port may be taken by somebody else
    in the next moment, or be another's in another network, a socket is itself for ever."""
    found = set()
    for family in ("tcp", "tcp6"):
        for line in read("thread-self", "net/" + family).splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(int(fields[9]))
    return found


def descriptors(pid):
    """{number: what it refers to}; raises PermissionError when the process keeps it to itself."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
    return found


def descriptor_count(pid):
    """None: the process keeps that to itself."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return None


def limits(pid):
    """{"Max open files": (soft, hard) ...} as texts."""
    found = {}
    for line in read(pid, "limits").splitlines()[1:]:
        found[line[:26].strip()] = tuple(line[26:].split()[:2])
    return found


def set_soft_limit(pid, which, value):
    """Of another's process too, by one that has its identity; "unlimited" or a number. The hard limit stays, so that it
    can be taken back. Whether the process was there."""
    fields = status(pid)
    if not fields:
        return False
    identity = {}
    if os.geteuid() == 0:
        identity = {"user": int(fields["Uid"].split()[0]), "group": int(fields["Gid"].split()[0]), "extra_groups": []}
    done = subprocess.run(["prlimit", f"--pid={pid}", f"--{which}={value}:"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **identity)
    if done.returncode != 0 and alive(pid):
        raise OSError(f"prlimit: {done.stderr.strip()}")
    return done.returncode == 0


def memory_bytes(pid):
    """(resident, proportional) in bytes; proportional is None when the kernel does not tell us."""
    def field(text, name):
        for line in text.splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        return None
    return field(read(pid, "status"), "VmRSS"), field(read(pid, "smaps_rollup"), "Pss")


def send(pid, number):
    """Whether the process was there to get the signal."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_gone(pid, timeout, start=None):
    """Waits until that process has died; one that we have adopted is reaped. Returns the seconds that it took."""
    begin = time.monotonic()
    while time.monotonic() - begin < timeout:
        if state(pid) == "Z" and int(stat(pid)[1]) == os.getpid():
            reap(pid)
        if state(pid) == "" or (start is not None and started(pid) != start):
            return time.monotonic() - begin
        time.sleep(0.005)
    raise AssertionError(f"process {pid} ({title(pid)}, state {state(pid)}) is still there after {timeout} s")


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def kill_now(pid):
    send(pid, signal.SIGCONT)
    send(pid, signal.SIGKILL)
