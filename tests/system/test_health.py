# SPDX-License-Identifier: Apache-2.0
"""The collector health in a worker of its own, against servers that behave and servers that do not."""

import os
import shutil
import socket
import subprocess
import time

import pytest

import fake_mattermost
import lone_worker
import processes
from fake_mattermost import TOKEN
from minotor import BUILD, PATHS

MODULE = os.path.join(BUILD, "collectors/health/.libs/health.so")
DRIVERS = os.path.join(BUILD, "core/api/.libs")
EXIT_DONE, EXIT_DRIVER, EXIT_PLUGIN_SETTING = 0, 77, 81

UP, DURATION = ("mattermost_up",), ("mattermost_ping_duration_seconds",)
STATUS, DATABASE, FILESTORE = (("mattermost_usage_status",), ("mattermost_system_database_status",),
                               ("mattermost_system_filestore_status",))
FULL_TIME = ("mattermost_full_ping_timestamp_seconds",)
BACKEND = ("mattermost_search_backend_info", "database")
WEBSOCKETS = ("mattermost_websocket_connections",)
CONNECTIONS = "mattermost_server_database_connections"
STATUSES = [STATUS, DATABASE, FILESTORE]
MEASURED = {DURATION, FULL_TIME}  # whose values are not known beforehand
PLUGINS = {("mattermost_plugin_running", "playbooks"): 1, ("mattermost_plugin_info", "playbooks", "1.39.1"): 1,
           ("mattermost_plugin_running", "com.github.jitsi"): 0,
           ("mattermost_plugin_info", "com.github.jitsi", "2.0.1"): 1,
           ("mattermost_plugin_running", "com.mattermost.calls"): 0,
           ("mattermost_plugin_info", "com.mattermost.calls", "0.28.1"): 1}
ANALYTICS = {WEBSOCKETS: 41, (CONNECTIONS, "master"): 17, (CONNECTIONS, "replica"): 5}

TIMEOUT_MS = 2000
GRACE_S = 0.5  # what a loaded machine may add to a deadline


@pytest.fixture
def worker():
    """worker(url, **settings): a worker with health on that address; ends with the test. `__` stands for a dot."""
    made = []

    def make(url="", **settings):
        given = {"slot": "health", "collector": "health", "target": "mattermost", "plugin": MODULE,
                 "drivers": DRIVERS, "interval_ms": 200, "timeout_ms": TIMEOUT_MS, "first_delay_ms": 0}
        if url:
            given["api.url"] = url
        given.update({name.replace("__", "."): value for name, value in settings.items()})
        made.append(lone_worker.LoneWorker(given))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)
        assert TOKEN not in one.log_text


def values(found):
    return {key: value for key, value in found.samples.items() if key not in MEASURED}


def is_good(found):
    return found.status == "ok"


# -- what Mattermost says ------------------------------------------------------------------------------------------

HEALTHY = {UP: 1, STATUS: 1, DATABASE: 1, FILESTORE: 1}


@pytest.mark.parametrize("version", ["5.37", "9.9", "11.6"])
def test_healthy(server, worker, version):
    source = server(version)
    before = time.time()
    found = worker(source.url).round()
    assert (found.status, found.error, found.unknown) == ("ok", "", [])
    assert values(found) == {**HEALTHY, **({} if version == "5.37" else {BACKEND: 1})}
    assert 0 < found.samples[DURATION] < TIMEOUT_MS / 1000
    assert before - 1 <= found.samples[FULL_TIME] <= time.time() + 1


@pytest.mark.parametrize("version", ["5.37", "9.9", "11.6"])
@pytest.mark.parametrize("mode, down", [("database_down", DATABASE), ("filestore_down", FILESTORE)])
def test_unhealthy_is_an_answer(server, worker, version, mode, down):
    """Also with status 500, as servers before 9.6 give it."""
    found = worker(server(version, mode).url).round()
    assert (found.status, found.unknown) == ("ok", [])
    expected = {**HEALTHY, STATUS: 0, down: 0}
    assert {key: found.samples[key] for key in expected} == expected


def test_too_many_goroutines(server, worker):
    """The plain ping itself says that the server is not healthy, and the next full one is far away."""
    source = server("5.37")
    one = worker(source.url)
    one.round(is_good)
    source.mode = "busy"
    found = one.round(lambda later: later.samples.get(STATUS) == 0)
    assert values(found) == {UP: 1, STATUS: 0, DATABASE: 1, FILESTORE: 1}
    assert source.writes == 1


def test_the_ping_that_writes_is_rare(server, worker):
    source = server()
    one = worker(source.url, interval_ms=100)
    one.wait(lambda: len(one.pipe.rounds) >= 15)
    assert source.writes == 1
    assert source.count("/system/ping") >= 16
    assert all(found.samples[DATABASE] == 1 for found in one.pipe.rounds)
    assert len({found.samples[FULL_TIME] for found in one.pipe.rounds}) == 1
    assert source.connections == 1, "the connection is kept between rounds"


# -- ways to it ----------------------------------------------------------------------------------------------------

def test_tls_with_own_authority(server, worker, identity):
    found = worker(server(tls=identity).url, api__ca_file=identity[1]).round()
    assert found.status == "ok" and found.samples[UP] == 1


def test_tls_by_name(server, worker, identity):
    url = server(tls=identity).url.replace("127.0.0.1", "localhost")
    found = worker(url, api__ca_file=identity[1]).round()
    assert found.status == "ok" and found.samples[UP] == 1


def test_tls_not_trusted(server, worker, identity):
    source = server(tls=identity)
    found = worker(source.url, api__token=TOKEN).round()
    assert values(found) == {UP: 0}
    assert "the server's certificate is not trusted" in found.error
    assert source.requests == []


def test_tls_of_another_name(server, worker, identity):
    url = server(tls=identity).url.replace("127.0.0.1", "127.0.0.2")
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.2", 1)) not in (111,):
            pytest.skip("127.0.0.2 is not this host")
    found = worker(url, api__ca_file=identity[1]).round()
    assert values(found) == {UP: 0}


def test_plain_http_to_a_tls_port(server, worker, identity):
    found = worker(server(tls=identity).url.replace("https", "http")).round()
    assert values(found) == {UP: 0}


def test_subpath(server, worker):
    source = server(subpath="/chat/mattermost")
    found = worker(source.url + "/").round()
    assert found.status == "ok" and found.samples[UP] == 1
    assert set(source.paths()) == {"/chat/mattermost/api/v4/system/ping"}


def test_local_mode(server, worker, tmp_path):
    path = str(tmp_path / "local.socket")
    source = server(unix_path=path)
    found = worker(api__local_socket=path).round()
    assert (found.status, found.unknown) == ("ok", [])
    assert values(found) == {**HEALTHY, BACKEND: 1, **PLUGINS}
    assert all("Authorization" not in headers for _, headers in source.requests)


def test_local_mode_beside_an_address(server, worker, tmp_path):
    """Pings go where people go; what needs rights goes over the socket when there is no token."""
    path = str(tmp_path / "local.socket")
    site, local = server(), server(unix_path=path)
    found = worker(site.url, api__local_socket=path).round()
    assert values(found) == {**HEALTHY, BACKEND: 1, **PLUGINS}
    assert set(site.paths()) == {"/api/v4/system/ping"}
    assert local.count("/system/ping") == 0


def test_socket_that_is_not_there(worker, tmp_path):
    found = worker(api__local_socket=str(tmp_path / "none")).round()
    assert values(found) == {UP: 0} and "No such file or directory" in found.error


def test_no_address_at_all(worker):
    found = worker().round()
    assert (found.status, found.samples) == ("no_data", {})
    assert "no address" in found.error


@pytest.mark.parametrize("url, words", [
    ("ftp://127.0.0.1/", "neither http nor https"),
    ("127.0.0.1:8065", "is not of the form"),
    ("http://user:word@127.0.0.1/", "a token is a setting of its own"),
    ("http://127.0.0.1/?a=b", "has a query"),
    ("http://127.0.0.1:99999/", "is not of the form"),
])
def test_refused_address_is_one_line(worker, url, words):
    one = worker(url)
    assert one.exit_status() == EXIT_DRIVER
    lines = [line for line in one.log_text.splitlines() if line.startswith("E ")]
    assert len(lines) == 1 and words in lines[0] and "word@" not in lines[0]


def test_token_that_is_none_is_one_line(worker):
    one = worker("http://127.0.0.1:1", api__token=TOKEN + "\r\nX-Evil: 1")
    assert one.exit_status() == EXIT_DRIVER
    assert "api.token" in one.log_text


# -- the token -----------------------------------------------------------------------------------------------------

def test_token_gives_details(server, worker):
    source = server()
    found = worker(source.url, api__token=TOKEN).round()
    assert (found.status, found.unknown) == ("ok", [])
    assert values(found) == {**HEALTHY, BACKEND: 1, **ANALYTICS, **PLUGINS}
    sent = {path.split("?")[0]: headers.get("Authorization") for path, headers in source.requests}
    assert sent["/api/v4/system/ping"] is None, "a ping needs no token"
    assert sent["/api/v4/analytics/old"] == "Bearer " + TOKEN
    assert all(headers["User-Agent"].startswith("minotor/") and "Cookie" not in headers
               for _, headers in source.requests)


def test_no_token_asks_for_no_details(server, worker):
    source = server()
    worker(source.url).round()
    assert set(source.paths()) == {"/api/v4/system/ping"}


@pytest.mark.parametrize("setting, asked", [("false", 0), ("true", 1)])
def test_old_servers_are_not_made_to_count(server, worker, setting, asked):
    source = server("9.9")
    found = worker(source.url, api__token=TOKEN, setting__analytics_on_old_servers=setting).round()
    assert found.status == "ok" and source.count("/analytics/old") == asked
    assert (WEBSOCKETS in found.samples) == bool(asked)
    assert found.samples[("mattermost_plugin_running", "playbooks")] == 1


def test_names_are_what_promtool_likes(server, worker):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool here")
    source = server()
    source.nodes = [("node1", "11.6.0")]
    one = worker(source.url, api__token=TOKEN)
    found = one.round(is_good)
    page = ""
    for name, kind, _, text, labels in one.pipe.families.values():
        samples = {key: value for key, value in found.samples.items() if key[0] == name}
        assert samples, f"{name} has no sample here"
        page += f"# HELP {name} {text}\n# TYPE {name} gauge\n"
        for key, value in samples.items():
            pairs = ",".join(f'{label}="{one_value}"' for label, one_value in zip(labels, key[1:]))
            page += f"{name}{{{pairs}}} {value}\n"
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=30,
                          check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_cluster(server, worker):
    source = server()
    source.nodes = [("node1", "11.6.0"), ("node2", "11.6.1")]
    source.plugins = [("calls", "node1", "1.0", 2), ("calls", "node2", "1.0", 3), ("boards", "node1", "7.1", 2),
                      ("boards", "node2", "7.2", 2)]
    found = worker(source.url, api__token=TOKEN).round()
    assert found.status == "ok"
    assert {key: value for key, value in found.samples.items() if "cluster" in key[0] or "plugin" in key[0]} == {
        ("mattermost_cluster_nodes",): 2, ("mattermost_cluster_node_info", "node1", "11.6.0"): 1,
        ("mattermost_cluster_node_info", "node2", "11.6.1"): 1,
        ("mattermost_plugin_running", "calls"): 0, ("mattermost_plugin_running", "boards"): 1,
        ("mattermost_plugin_info", "calls", "1.0"): 1, ("mattermost_plugin_info", "boards", "7.1"): 1,
        ("mattermost_plugin_info", "boards", "7.2"): 1}


def test_token_without_rights(server, worker):
    source = server()
    source.forbidden = True
    one = worker(source.url, api__token=TOKEN)
    found = one.round()
    assert (found.status, found.unknown) == ("ok", [])
    assert values(found) == {**HEALTHY, BACKEND: 1}
    one.round()
    assert one.log_text.count("has no right") == 3, "each is told once"


def test_token_that_has_ended(server, worker):
    found = worker(server().url, api__token="another").round()
    assert found.status == "partial" and "does not accept the token" in found.error
    assert values(found) == {**HEALTHY, BACKEND: 1}


def test_token_does_not_follow_a_redirect(server, worker):
    other = server()
    source = server(mode="redirect")
    source.redirect_to = other.url + "/api/v4/system/ping"
    found = worker(source.url, api__token=TOKEN).round()
    assert values(found) == {UP: 0}
    assert "redirects to " + other.url in found.error
    source.mode, source.modes = "healthy", {"/api/v4/analytics/old": "redirect"}
    worker(source.url, api__token=TOKEN).round(lambda later: later.samples.get(UP) == 1)
    assert other.requests == []


@pytest.mark.parametrize("url, lines", [("http://127.0.0.1:1", 0), ("http://localhost:1/", 0), ("http://[::1]:1", 0),
                                        ("https://mattermost.invalid", 0), ("http://mattermost.invalid", 1),
                                        ("http://localhost.invalid", 1), ("http://127.0.0.1.invalid/", 1)])
def test_token_in_the_clear_is_told(worker, url, lines):
    one = worker(url, api__token=TOKEN)
    one.wait(lambda: one.messages)
    one.wait(lambda: one.log_text.count("unencrypted") == lines)  # the log has a pipe of its own


def test_token_is_nowhere_to_be_seen(server, worker):
    one = worker(server().url, api__token=TOKEN)
    one.round()
    assert TOKEN not in processes.read(one.process.pid, "environ")
    assert TOKEN not in processes.read(one.process.pid, "cmdline")


def test_counts_that_are_left_out_are_absent(server, worker):
    source = server()
    source.analytics = {"total_websocket_connections": -1, "total_master_db_connections": 17.0, "new_name": 1}
    found = worker(source.url, api__token=TOKEN).round()
    assert WEBSOCKETS not in found.samples and found.samples[(CONNECTIONS, "master")] == 17
    assert (CONNECTIONS, "replica") not in found.samples


# -- the whole program -------------------------------------------------------------------------------------------

def secret_file(directory, name, text):
    path = directory / name
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_on_the_page(server, minotor, tmp_path):
    """With supervisor and front: the token reaches the worker from a file, and nobody else."""
    source = server()
    nothing = {"driver": "postgresql", "host": str(tmp_path), "name": "none", "user": "minotor",
               "password_file": secret_file(tmp_path, "password", "none")}
    api = {"url": source.url, "token_file": secret_file(tmp_path, "token", TOKEN)}
    one = minotor({"health": {"interval": "300ms", "plugin": MODULE, "secrets": ["api"]}},
                  settings={"paths": {**PATHS, "drivers": DRIVERS},
                            "targets": [{"name": "mattermost", "database": nothing, "api": api}]})
    one.start()
    page = one.wait_until_good("health")
    for key, value in {**HEALTHY, BACKEND: 1, **ANALYTICS, **PLUGINS}.items():
        found = [number for labels, number in page.series(key[0]).items()
                 if sorted(dict(labels).values()) == sorted(key[1:])]
        assert found == [value], key
    for pid in [one.pid, *one.children().values()]:
        assert TOKEN not in processes.read(pid, "environ") and TOKEN not in processes.read(pid, "cmdline")
    source.close()
    one.wait_for(lambda later: list(later.series("mattermost_up").values()) == [0], what="a server that is down")
    assert TOKEN not in one.get("/").text and TOKEN not in one.log()


# -- servers that do not behave ------------------------------------------------------------------------------------

BAD = {
    "silent": "no answer in time", "byte_by_byte": "answer in time",
    "body_byte_by_byte": "no complete answer in time", "garbage": "not HTTP", "garbage_status": "not HTTP",
    "huge": "too large", "huge_announced": "too large", "huge_chunked": "too large",
    "headers_without_end": "too", "one_long_header": "too large", "interim_without_end": "too large",
    "gzip_bomb": "status 200 without", "deep": "too large", "cut": "ended too early", "nothing": "without an answer",
    "redirect": "redirects to", "unauthorized": "status 401|not accept", "bad_gateway": "status 502",
    "web_page": "status 200 without", "error_without_status": "status 500 without",
}


@pytest.mark.parametrize("mode", sorted(BAD))
def test_no_answer_to_the_ping(server, worker, mode):
    """Down, for a reason that is said in one line; in time; and all is well when the server is."""
    fake_mattermost.bomb()  # making it takes longer than the answer may
    source = server(mode=mode)
    one = worker(source.url, timeout_ms=1000, setting__ping_timeout="600ms")
    found = one.round()
    assert values(found) == {UP: 0} and DURATION not in found.samples
    assert found.status == "partial" and "\n" not in found.error
    assert any(words in found.error for words in BAD[mode].split("|")), found.error
    assert found.seconds < 1 + GRACE_S
    assert source.poured < 16 << 20, "it was read to the end"
    one.round(lambda later: later.number >= 3)
    assert one.log_text.count("\nW ") + one.log_text.startswith("W ") == 1, "the same trouble is told once"
    source.mode = "healthy"
    assert values(one.round(is_good)) == {**HEALTHY, BACKEND: 1}
    assert one.process.poll() is None


def test_rate_limited_is_neither_up_nor_down(server, worker):
    found = worker(server(mode="rate_limited").url).round()
    assert found.status == "partial" and values(found) == {} and "mattermost_up" in found.unknown


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connection_that_nobody_serves(worker, scheme):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        found = worker(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", timeout_ms=1000).round()
    assert values(found) == {UP: 0} and "no answer in time" in found.error
    assert found.seconds < 1 + GRACE_S


def test_connection_without_answer(worker):
    """A full queue drops what asks for a connection, as a firewall does."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        found = worker(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_ms=1000).round()
    assert values(found) == {UP: 0} and "no answer in time" in found.error
    assert found.seconds < 1 + GRACE_S


def test_nobody_listens(worker):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = worker(f"http://127.0.0.1:{taken.getsockname()[1]}").round()
    assert values(found) == {UP: 0} and found.error.endswith("cannot connect: Connection refused")


def test_name_that_does_not_exist(worker):
    found = worker("http://mattermost.invalid:8065", timeout_ms=3000).round()
    assert values(found) == {UP: 0} and "address of mattermost.invalid" in found.error
    assert found.seconds < 3 + GRACE_S


@pytest.mark.parametrize("mode", ["silent", "byte_by_byte", "error_without_status", "huge"])
def test_only_the_full_ping_fails(server, worker, mode, monkeypatch):
    """The server is up; of its database and file store nothing is known, so nothing is said."""
    source = server()
    plain = fake_mattermost.Handler.ping

    def ping(self, query, how):
        if "get_server_status" in query:
            getattr(self, "mode_" + mode)()
        else:
            plain(self, query, how)

    monkeypatch.setattr(fake_mattermost.Handler, "ping", ping)
    one = worker(source.url, timeout_ms=1000)
    found = one.round()
    assert values(found) == {UP: 1, BACKEND: 1} and found.status == "partial"
    assert found.unknown == [STATUS[0], DATABASE[0], FILESTORE[0], FULL_TIME[0]]
    assert found.seconds < 1 + GRACE_S
    later = one.round()
    assert values(later) == {UP: 1, BACKEND: 1} and later.error == found.error


@pytest.mark.parametrize("mode", ["silent", "byte_by_byte", "huge", "garbage", "web_page", "deep", "rate_limited"])
def test_only_details_fail(server, worker, mode):
    source = server()
    source.modes = {"/api/v4/analytics/old": mode}
    one = worker(source.url, timeout_ms=1500, api__token=TOKEN)
    found = one.round()
    assert found.status == "partial" and found.unknown == [WEBSOCKETS[0], CONNECTIONS]
    assert values(found) == {**HEALTHY, BACKEND: 1, **PLUGINS}
    assert found.seconds < 1.5 + GRACE_S
    one.round(lambda later: later.number >= 4)
    assert source.count("/analytics/old") == 1, "what fails is not asked in every round"


def test_server_goes_and_comes_back(server, worker):
    source = server()
    one = worker(source.url)
    one.round(is_good)
    port = source.port
    source.close()
    down = one.round(lambda found: found.samples.get(UP) == 0)
    assert values(down) == {UP: 0}
    server(port=port)
    assert one.round(is_good).samples[UP] == 1


def test_connection_closed_between_rounds_costs_no_round(server, worker):
    source = server()
    source.keeps_connections_s = 0.2
    one = worker(source.url, interval_ms=500)
    one.round(lambda found: found.number == 4)
    assert all(found.status == "ok" for found in one.pipe.rounds)
    assert source.connections >= 4


def test_drain_ends_a_request_under_way(server, worker):
    source = server(mode="silent")
    one = worker(source.url, timeout_ms=60000, interval_ms=60000, setting__ping_timeout="30s")
    one.wait(lambda: source.requests)
    began = time.monotonic()
    one.drain()
    assert one.exit_status() == EXIT_DONE
    assert time.monotonic() - began < 3


def test_rounds_do_not_leak(server, worker):
    """Descriptors and memory after many rounds with every kind of answer."""
    source = server()
    one = worker(source.url, interval_ms=100, timeout_ms=400, api__token=TOKEN)
    one.round(is_good)

    def state():
        pid = one.process.pid
        lines = processes.read(pid, "status").splitlines()
        memory = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return processes.descriptor_count(pid), memory

    def visit(modes):
        for mode in modes:
            source.mode = mode
            number = one.pipe.rounds[-1].number
            one.round(lambda found, after=number: found.number >= after + 3)
        source.mode = "healthy"
        one.round(lambda found: found.samples.get(UP) == 1)

    modes = ["huge", "garbage", "nothing", "cut", "headers_without_end", "redirect"]
    visit(modes)
    descriptors, memory = state()
    visit(modes * 2)
    later_descriptors, later_memory = state()
    assert later_memory <= memory + 4096
    if descriptors is None:
        pytest.skip("memory is well, but workers keep /proc/PID/fd to root; run as root to count them")
    assert later_descriptors <= descriptors + 1
