# SPDX-License-Identifier: Apache-2.0
"""How children are confined: as far as the kernel and the walls around minotor let them, and what is missing is said."""

import os
import pwd
import re
import shutil
import time

import pytest

import installations
import minotor as programs
import processes
from conftest import hostile
from fake_mattermost import TOKEN

LAYERS = ["limits", "user", "capabilities", "network", "ipc", "no_new_privileges", "dumpable", "write_execute", "landlock",
          "seccomp", "broker"]
OPTIONAL = ["capabilities", "network", "ipc", "write_execute", "landlock", "seccomp", "broker"]
CHILDREN = ["front", "good"]
HAS_BROKER = "broker" in programs.PATHS  # one that connects for the workers
WALLED = ["landlock", "seccomp", "unshare", "close_range", "mdwe"]
OF_A_WORKER = [0, 1, 2, 3, 4] + [5] * HAS_BROKER  # its descriptors

pytestmark = pytest.mark.skipif(programs.sanitized(), reason="the sanitizers bear no filter of system calls")


@pytest.fixture(params=["root", "plain"])
def daemon(minotor, request):
    """daemon(own, ...): a Minotor that runs the healthy collector, started by root or by a plain user."""
    if request.param == "root" and not programs.AS_ROOT:
        pytest.skip("needs root")

    def make(own=None, outer=(), **settings):
        one = minotor({"good": hostile("good", **(own or {}))}, settings=settings)
        one.as_root = request.param == "root"
        one.outer = list(outer)
        if programs.AS_ROOT and not one.as_root:
            one.give_to(programs.UNPRIVILEGED)
        return one
    return make


def confinement(page):
    """{slot: {layer: state}}, and that every one is there once."""
    found = {}
    for labels, number in page.series("minotor_sandbox_info").items():
        labels = dict(labels)
        assert number == 1
        slot = found.setdefault(labels["slot"], {})
        assert labels["layer"] not in slot, "a layer with two states"
        slot[labels["layer"]] = labels["state"]
    assert all(sorted(layers) == sorted(LAYERS) for layers in found.values())
    return found


def everything(one, child):
    """The states of all layers where nothing is in the way."""
    states = dict.fromkeys(LAYERS, "applied")
    if not one.as_root:
        states["user"] = "unneeded"
    states["broker"] = "unneeded" if child == "front" else "applied" if HAS_BROKER else "missing"
    return states


def without(one, child, *layers):
    """The same behind walls."""
    states = everything(one, child)
    for layer in layers:
        if layer == "unshare":
            states["network"] = states["ipc"] = "missing"
            if not one.as_root:
                states["capabilities"] = "unneeded"  # there are none, and nobody may clear what bounds them
        elif layer == "mdwe":
            states["write_execute"] = "missing"
        elif layer in states:
            states[layer] = "missing"
    return states


def is_confined_as(one, expected):
    """Waits for the page to say of every child what expected(child) does, and for a good round."""
    wanted = {child: expected(child) for child in CHILDREN}
    one.wait_until_good("good")
    one.wait_for(lambda page: confinement(page) == wanted, 10, f"{wanted}")


def namespace(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


# ---------------------------------------------------------------------------------------------- nothing missing

def test_every_layer_is_applied_and_proc_agrees(daemon):
    one = daemon().start()
    is_confined_as(one, lambda child: everything(one, child))
    account = pwd.getpwnam(programs.UNPRIVILEGED).pw_uid if programs.AS_ROOT else os.geteuid()
    children = one.children()
    assert {"minotor: front", "minotor: worker good"} <= set(children)
    for title, pid in children.items():
        status = processes.status(pid)
        assert status["Uid"].split() == [str(account)] * 4, title
        assert status["Groups"] == "" or not one.as_root, title
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1"), title
        for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            if which == "CapBnd" and "broker" in title and not one.as_root:
                continue  # it stays in the host's user namespace, where a plain user may not clear it
            assert int(status[which], 16) == 0, (title, which)
        assert os.stat(f"/proc/{pid}/status").st_uid == 0, f"{title} can be dumped"
        limits = processes.limits(pid)
        assert limits["Max core file size"] == limits["Max file size"] == ("0", "0"), title
        assert ("PPid", str(one.pid)) in status.items()
        if programs.AS_ROOT and "broker" not in title:  # which is there to connect
            for kind in ("net", "ipc"):
                assert namespace(pid, kind) != namespace("self", kind), (title, kind)
            assert (namespace(pid, "user") == namespace("self", "user")) == one.as_root, title


@pytest.mark.skipif(not programs.AS_ROOT, reason="only root may look at the descriptors of others")
def test_no_child_has_a_descriptor_too_many(daemon):
    one = daemon().start()
    one.wait_until_good("good")
    worker = processes.descriptors(one.worker("good"))
    assert sorted(worker) == OF_A_WORKER
    assert worker[0] == worker[1] == "/dev/null"
    assert [worker[number].partition(":")[0] for number in (2, 3, 4)] == ["pipe", "socket", "pipe"]
    # Its log and the pipe of a worker; the control channel and a listener.
    expected = sorted(["/dev/null", "/dev/null", "pipe", "pipe", "socket", "socket", "anon_inode:[signalfd]",
                       "anon_inode:[eventpoll]", "stat", "statm", "fd"])
    kinds, deadline = [], time.monotonic() + 10
    while kinds != expected and time.monotonic() < deadline:  # clients that have just gone still have a socket
        kinds = sorted(re.sub(r":\[\d+\]|/proc/\d+/", "", name) for name in processes.descriptors(one.front()).values())
    assert kinds == expected


def test_nothing_is_said_twice(daemon):
    """A line when something is missing; none more when the next generation lacks the same."""
    one = daemon(outer=["--deny", "mdwe"]).start()
    one.wait_until_good("good")
    first = one.worker("good")
    processes.kill_now(first)
    one.wait_for_child("good", other_than=first)
    one.next_round("good")
    for child in CHILDREN:
        assert len(one.log_lines(child + r"\[\d+\]: sandbox: write_execute is missing")) == 1


def test_a_plain_users_worker_reads_a_database(kpi, mattermost):
    """From a user namespace in which it does not know itself."""
    one = kpi(mattermost)
    if programs.AS_ROOT:
        one.give_to(programs.UNPRIVILEGED)
    one.start()
    page = one.wait_until_good("kpi")
    assert confinement(page)["kpi"]["network"] == "applied"


# ------------------------------------------------------------------------------------------------------ walls

@pytest.mark.parametrize("abi", range(8))
def test_any_landlock(daemon, abi):
    state = "missing" if abi == 0 else "partial" if abi < 6 else "applied"
    one = daemon(outer=["--landlock-abi", str(abi)]).start()
    is_confined_as(one, lambda child: {**everything(one, child), "landlock": state})
    words = rf"front\[\d+\]: sandbox: landlock is {state} \(" + (rf"ABI {abi}\)" if abi else "Operation not supported")
    assert len(one.log_lines(words)) == (state != "applied")


@pytest.mark.parametrize("errno, words", (("EPERM", "Operation not permitted"), ("ENOSYS", "Function not implemented")))
@pytest.mark.parametrize("layer", ["landlock", "seccomp", "unshare", "mdwe"])
def test_a_wall_in_the_way(daemon, layer, errno, words):
    one = daemon(outer=["--errno", errno, "--deny", layer]).start()
    is_confined_as(one, lambda child: without(one, child, layer))
    for name, state in without(one, "front", layer).items():
        said = words if layer != "mdwe" else "Invalid argument"
        lines = one.log_lines(rf"front\[\d+\]: sandbox: .*\b{name} is missing \({said}\)")
        assert len(lines) == (state == "missing"), name


def test_the_older_way_to_seccomp(daemon):
    """A service manager's list of calls may have prctl() and not seccomp(): weaker, and much better than nothing."""
    one = daemon(outer=["--deny", "seccomp-call"]).start()
    is_confined_as(one, lambda child: {**everything(one, child), "seccomp": "partial"})
    assert len(one.log_lines(r"front\[\d+\]: sandbox: seccomp is partial \(it kills threads, not processes\)")) == 1


@pytest.mark.parametrize("errno", ("EPERM", "ENOSYS"))
def test_without_close_range(daemon, errno):
    """Whoever starts minotord may leave descriptors open in it: no child has one, however they are closed."""
    one = daemon(outer=["--errno", errno, "--deny", "close_range"])
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        one.start()
    finally:
        os.close(write)
        os.close(read)
    is_confined_as(one, lambda child: everything(one, child))
    if programs.AS_ROOT:
        assert sorted(processes.descriptors(one.worker("good"))) == OF_A_WORKER


def test_limits_that_may_not_be_set(daemon):
    one = daemon(outer=["--deny", "setrlimit"]).start()
    is_confined_as(one, lambda child: {**everything(one, child), "limits": "missing"})
    assert len(one.log_lines(r"front\[\d+\]: sandbox: limits is missing \(limit of .*Operation not permitted\)")) == 1


def test_behind_every_wall(daemon):
    one = daemon(outer=[word for layer in WALLED for word in ("--deny", layer)]).start()
    is_confined_as(one, lambda child: without(one, child, *WALLED))
    found = one.log_lines(r"front\[\d+\]: sandbox: ")
    assert len(found) == 1 and all(word in found[0] for word in ("network", "ipc", "write_execute", "landlock", "seccomp"))


# --------------------------------------------------------------------------------------------------- policies

STRICT = {"sandbox": "strict"} if HAS_BROKER else {"sandbox": "strict", "sandbox_without": ["broker"]}


def test_strict_is_content_with_everything(daemon):
    one = daemon(STRICT, sandbox="strict").start()
    states = {child: everything(one, child) for child in CHILDREN}
    if not HAS_BROKER:
        states["good"]["broker"] = "off"
    is_confined_as(one, lambda child: states[child])


@pytest.mark.parametrize("outer, layer", (
    (["--landlock-abi", "3"], "landlock is partial"),
    (["--deny", "landlock"], "landlock is missing"),
    (["--deny", "seccomp"], "seccomp is missing"),
    (["--deny", "seccomp-call"], "seccomp is partial"),
    (["--deny", "mdwe"], "write_execute is missing"),
) + ((["--deny", "unshare"], "network is missing"),) * (not HAS_BROKER))
def test_strict_refuses_and_is_parked(daemon, outer, layer):
    """The worker; the front, whose policy is another, serves and tells why."""
    one = daemon(STRICT, outer).start()
    page = one.wait_for(lambda page: page.series("minotor_collector_up") and "good" in confinement(page), 10, "its state")
    one.wait_for_log(r"parked until the configuration is read again", 10)
    name, _, state = layer.partition(" is ")
    assert confinement(page)["good"][name] == state
    assert one.scrape().collector("up", "good") == 0 and one.worker("good") is None
    found = one.log_lines(r'sandbox is .*"strict.*, but')
    assert len(found) == 2 and layer in found[0], "its own words, and its obituary"
    assert len(one.log_lines("could not be confined as the configuration demands")) == 1


def test_strict_bears_an_older_landlock(daemon):
    one = daemon(STRICT, ["--landlock-abi", "4"]).start()
    one.wait_until_good("good")


@pytest.mark.skipif(not HAS_BROKER, reason="there is no broker")
def test_strict_bears_the_hosts_network_where_others_connect(daemon):
    one = daemon(STRICT, ["--deny", "unshare"]).start()
    one.wait_until_good("good")
    assert confinement(one.scrape())["good"]["network"] == "missing"


@pytest.mark.skipif(HAS_BROKER, reason="there is one")
def test_strict_without_a_broker_is_refused(daemon):
    one = daemon({"sandbox": "strict"}).start()
    one.wait_for_log(r'but broker is missing', 10)
    one.wait_for_log(r"parked until", 10)


def test_a_strict_front_waits_for_better_times(daemon):
    """It is never parked: without it nobody would see anything."""
    one = daemon(outer=["--deny", "seccomp"], sandbox="strict").launch()
    one.wait_for_log(r'front.*sandbox is .*strict.*, but seccomp is missing', 20)
    one.wait_for_log(r"front\[\d+\]: generation 2 failed", 20)


def test_off(daemon):
    """What costs nothing stays; the rest is off."""
    one = daemon(sandbox="off").start()
    is_confined_as(one, lambda child: {layer: "off" if layer in OPTIONAL and (layer, child) != ("broker", "front") else state
                                       for layer, state in everything(one, child).items()})
    for title, pid in one.children().items():
        status = processes.status(pid)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0"), title
        assert int(status["CapEff"], 16) == 0, title
        if programs.AS_ROOT:
            assert namespace(pid, "net") == namespace("self", "net"), title
    assert one.log_lines("sandbox: ") == []


@pytest.mark.parametrize("layer", OPTIONAL)
def test_a_layer_left_out_on_purpose(daemon, layer):
    one = daemon({"sandbox_without": [layer]}).start()
    is_confined_as(one, lambda child: {**everything(one, child), **({layer: "off"} if child == "good" else {})})


def test_the_collectors_word_goes_before_the_others(daemon):
    one = daemon({"sandbox": "best-effort", "sandbox_without": []}, sandbox="off", sandbox_without=["seccomp"]).start()
    is_confined_as(one, lambda child: everything(one, child) if child == "good" else {
        layer: "off" if layer in OPTIONAL and layer != "broker" else state
        for layer, state in everything(one, child).items()})


def test_a_call_that_is_not_in_the_list_may_also_kill(daemon):
    one = daemon({"sandbox_unknown": "kill"}).start()
    is_confined_as(one, lambda child: everything(one, child))


# ----------------------------------------------------------------------------------------------------- reload

def test_a_policy_that_changes(minotor):
    """Of one collector: its slot is started again. Of all: also the front."""
    one = minotor({"good": hostile("good"), "no_data": hostile("no_data", sandbox="best-effort")}).start()
    one.wait_until_good("good")
    one.next_round("no_data")
    front, good, other = one.front(), one.worker("good"), one.worker("no_data")
    one.write_collector("good", hostile("good", sandbox_without=["landlock"]))
    one.reload()
    one.wait_for(lambda page: confinement(page)["good"]["landlock"] == "off", 10, "the new policy")
    assert (one.front(), one.worker("no_data")) == (front, other) and one.worker("good") != good
    one.write_collector("good", hostile("good"))
    one.settings["sandbox"] = "off"
    one.write_config()
    one.reload()
    one.wait_for(lambda page: {slot: layers["seccomp"] for slot, layers in confinement(page).items()} ==
                 {"front": "off", "good": "off", "no_data": "applied"}, 10, "the new policy")
    assert one.front() != front and one.worker("no_data") == other
    page = one.next_round("good")
    assert sum(page.series("minotor_collector_restarts_total").values()) == 0, "nobody is to blame"


# ------------------------------------------------------------------------------------------------- an account each

@pytest.mark.skipif(not programs.AS_ROOT, reason="needs root")
def test_each_worker_has_an_account_of_its_own(minotor):
    first = 61184
    one = minotor({name: hostile(name) for name in ("good", "keeper")},
                  settings={"worker_uids": f"{first}-{first + 63}"}).start()
    for name in ("good", "keeper"):
        one.wait_until_good(name)
    uids = {processes.status(one.worker(name))["Uid"].split()[0] for name in ("good", "keeper")}
    assert uids == {str(first), str(first + 1)}
    assert processes.status(one.front())["Uid"].split()[0] == str(pwd.getpwnam(programs.UNPRIVILEGED).pw_uid)
    one.settings["worker_uids"] = f"{first + 1000}-{first + 2000}"
    one.write_config()
    one.reload()
    one.wait_for(lambda page: one.worker("good") and
                 processes.status(one.worker("good")).get("Uid", "").startswith(str(first + 1000)), 10, "the new account")
    assert one.stop()[0] == 0
    assert os.path.exists(os.path.join(one.directory, "state")), "what keeper keeps"


# ------------------------------------------------------------------------------------------- files that are replaced

def replaced(path):
    """As certbot and the like do it: another file of that name."""
    shutil.copy(path, path + ".new")
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)


def test_a_certificate_that_is_replaced(minotor, server, identity):
    """The worker may not read the new file; it asks for a successor that may, and no round is lost."""
    one = minotor({"health": {**hostile("good", interval="2s", stale_after="20s", secrets=["api"]), "plugin": installations.module("health")}})
    installations.with_drivers(one)
    authority = one.write("ca.pem", "")
    shutil.copy(identity[1], authority)
    source = server(tls=identity)
    one.settings["targets"][0]["api"] = {"url": source.url, "ca_file": authority,
                                         "token_file": one.write("token", TOKEN + "\n", 0o600)}
    one.write_config()
    one.start()
    one.wait_until_good("health")
    first = one.worker("health")
    replaced(authority)
    one.wait_for_child("health", other_than=first, timeout=30)
    one.next_round("health")
    page = one.scrape()
    results = page.by_label("minotor_collector_rounds_total", "result")
    assert {result for result, number in results.items() if number} == {"ok"}, results
    assert sum(page.series("minotor_collector_restarts_total").values()) == 0, "nobody is to blame"
    assert one.log_lines("ca.pem was replaced") != []
    second = one.worker("health")
    one.next_round("health")
    assert one.worker("health") == second, "once"
