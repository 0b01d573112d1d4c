# SPDX-License-Identifier: Apache-2.0
"""What the front answers, byte by byte."""

import os
import re
import shutil
import signal
import socket
import time
import subprocess

import pytest

from conftest import hostile
from exposition import Page

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ALIAS = "/plugins/org.ebuildy.plugin-minotor/metrics"
# promtool dislikes names that the seed has made; they are a contract.
SEED_FINDINGS = {
    "mattermost_kpi_channels_total", "mattermost_kpi_posts_total", "mattermost_kpi_reaction_total",
    "mattermost_kpi_sessions_total",
}
OWN = ("minotor_build_info", "minotor_collector_success", "minotor_collector_up", "minotor_collector_late",
       "minotor_collector_stale", "minotor_collector_last_run_timestamp_seconds",
       "minotor_collector_last_success_timestamp_seconds", "minotor_collector_duration_seconds",
       "minotor_collector_interval_seconds", "minotor_collector_samples", "minotor_collector_rounds_total",
       "minotor_collector_restarts_total", "minotor_collector_bad_frames_total",
       "minotor_collector_consecutive_failures", "minotor_collector_limit_hits_total",
       "minotor_collector_log_lines_dropped_total", "minotor_collector_state",
       "minotor_family_last_success_timestamp_seconds", "promhttp_metric_handler_requests_total",
       "promhttp_metric_handler_errors_total", "process_cpu_seconds_total", "process_resident_memory_bytes",
       "process_open_fds", "process_max_fds", "process_start_time_seconds")


@pytest.fixture
def good(minotor):
    daemon = minotor({"good": hostile("good")}).start()
    daemon.wait_until_good("good")
    return daemon


def raw(daemon, request, timeout=5):
    """Sends bytes, reads until the other side closes or has been silent for long."""
    with socket.create_connection(daemon.host_and_port, timeout) as connection:
        connection.sendall(request)
        received = b""
        try:
            while True:
                more = connection.recv(65536)
                if not more:
                    return received
                received += more
        except TimeoutError:
            return received


def test_headers_and_body(good):
    answer = good.get()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith(CONTENT_TYPE)
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert "Transfer-Encoding" not in answer.headers
    page = Page(answer.body)  # strict: see exposition.py
    assert page.value("hostile_good_value") == 1
    assert page.names() == sorted(page.names()), "families are sorted by name"


def test_own_families(good):
    page = good.scrape()
    missing = [name for name in OWN if name not in page.families]
    assert not missing
    assert page.collector("up", "good") == 1
    assert page.collector("late", "good") == 0
    assert page.collector("stale", "good") == 0
    assert page.collector("interval_seconds", "good") == 0.2
    assert page.collector("samples", "good") == 1
    assert set(page.by_label("minotor_collector_restarts_total", "cause")) == {
        "exit", "signal", "deadline", "start", "protocol", "bad_frame", "spawn", "memory", "cpu", "sandbox"}
    assert set(page.by_label("minotor_collector_limit_hits_total", "limit")) == {
        "memory", "descriptors", "cpu", "samples", "bytes", "log_lines"}
    assert {state for state, number in page.by_label("minotor_collector_state", "state").items() if number} == {"running"}
    assert set(page.by_label("minotor_collector_rounds_total", "result")) == {
        "ok", "partial", "failed", "timeout", "not_ready", "no_data"}
    assert {"200", "500", "503"} <= set(page.by_label("promhttp_metric_handler_requests_total", "code"))
    assert page.by_label("promhttp_metric_handler_errors_total", "cause") == {"encoding": 0, "gathering": 0}


def test_types_and_one_target_without_label(good):
    page = good.scrape()
    for family in page.families.values():
        assert family.help.strip()
        if family.name.startswith(("minotor_", "process_", "promhttp_")):
            assert (family.type == "counter") == family.name.endswith("_total"), family.name
    assert not any("target" in dict(labels) for _, labels in page.values)


def test_two_targets_get_a_label(minotor):
    daemon = minotor({"good": hostile("good")})
    group = daemon.settings["targets"][0]["database"]
    daemon.settings["targets"].append({"name": "second", "database": group})
    daemon.write_config()
    daemon.start()
    page = daemon.wait_for(lambda page: len(page.series("hostile_good_value")) == 2 and all(
        page.collector("up", "good", target=name) == 1 for name in ("mattermost", "second")), 10, "two targets")
    assert set(page.by_label("hostile_good_value", "target")) == {"mattermost", "second"}


def test_alias_of_the_plugin(good):
    answer = good.get(ALIAS)
    assert answer.status == 200
    assert set(Page(answer.body).names()) == set(good.scrape().names())


def test_head(good):
    answer = good.get(method="HEAD")
    assert answer.status == 200 and answer.body == b""
    assert int(answer.headers["Content-Length"]) > 0
    assert answer.headers["Content-Type"].startswith(CONTENT_TYPE)


@pytest.mark.parametrize("method", ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
def test_other_methods(good, method):
    answer = good.get(method=method)
    assert answer.status == 405
    assert [word.strip() for word in answer.headers["Allow"].split(",")] == ["GET", "HEAD"]
    assert int(answer.headers["Content-Length"]) == len(answer.body)


@pytest.mark.parametrize("path", ("/nothing", "/metrics/", "/metricsx", "/-/", "/../metrics", "/%2e%2e/etc/passwd"))
def test_not_found(good, path):
    answer = good.get(path)
    assert answer.status == 404
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert path not in answer.text, "an answer does not repeat what it was asked"


def test_a_query_string_changes_nothing(good):
    assert good.get("/metrics?x=1&y=%ff").status == 200


def test_healthy_ready_and_status_page(good):
    healthy = good.get("/-/healthy")
    assert healthy.status == 200 and healthy.text.strip().lower().startswith("ok")
    assert good.get("/-/ready").status == 200
    status = good.get("/")
    assert status.status == 200
    assert status.headers["Content-Type"].startswith("text/html")
    assert "good" in status.text and "/metrics" in status.text


def test_not_ready_before_the_first_round(minotor):
    daemon = minotor({"sleeper": hostile("sleeper", interval="30s", stale_after="60s")}).start()
    for _ in range(100):  # the front answers before it knows of any collector
        answer = daemon.get("/-/ready")
        assert answer.status == 503
        if "sleeper" in answer.text:
            break
        time.sleep(0.05)
    assert "sleeper" in answer.text
    assert daemon.get("/-/healthy").status == 200


def test_keep_alive(good):
    with socket.create_connection(good.host_and_port, 5) as connection:
        for _ in range(3):
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            wanted = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
            while len(body) < wanted:
                body += connection.recv(65536)
            assert len(body) == wanted


def test_http_1_0_and_close(good):
    for request in (b"GET /metrics HTTP/1.0\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"):
        answer = raw(good, request)
        assert re.match(rb"HTTP/1\.[01] 200", answer)
        Page(answer.partition(b"\r\n\r\n")[2])


def test_rubbish_does_not_hurt(good):
    front = good.front()
    for request in (b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 200000 + b"\r\n\r\n",
                    b"GET " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 99\r\n\r\nx"):
        try:
            answer = raw(good, request, 1)
        except OSError:
            continue  # closed on us: also an answer
        assert not answer.startswith(b"HTTP/1.1 200")
    assert good.get().status == 200
    assert good.front() == front


def test_slow_clients_do_not_slow_others(good):
    idle = [socket.create_connection(good.host_and_port, 5) for _ in range(40)]
    try:
        for connection in idle:
            connection.sendall(b"GET /metrics HTT")
        assert good.get().status == 200
    finally:
        for connection in idle:
            connection.close()


def test_stale_values_are_withdrawn(minotor):
    """Old values stay until stale_after, then go; they are never 0. The worker is stopped, not dead."""
    daemon = minotor({"good": hostile("good", stale_after="1s")}).start()
    daemon.wait_until_good("good")
    os.kill(daemon.worker("good"), signal.SIGSTOP)
    assert daemon.scrape().value("hostile_good_value") == 1
    page = daemon.wait_for(lambda page: page.collector("stale", "good") == 1, 10, "stale values")
    page = daemon.wait_for(lambda page: page.value("hostile_good_value") is None, 2, "no values")
    assert page.value("minotor_family_last_success_timestamp_seconds", collector="good",
                      family="hostile_good_value") is not None
    page = daemon.wait_for(lambda page: page.value("hostile_good_value") == 1, 15, "values of the next worker")
    assert page.collector("stale", "good") == 0


def lint(text):
    """{metric: [finding ...]} of promtool, None when there is no promtool."""
    promtool = shutil.which("promtool")
    if not promtool:
        return None
    done = subprocess.run([promtool, "check", "metrics"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "LC_ALL": "C"}, check=False)
    assert done.returncode in (0, 3), done.stdout
    found = {}
    for line in done.stdout.decode().splitlines():
        name, _, what = line.partition(" ")
        found.setdefault(name, []).append(what)
    return found


def test_promtool_finds_only_what_the_seed_has_named(kpi, mattermost, figure):
    daemon = kpi(mattermost).start()
    daemon.wait_until_good()
    found = lint(daemon.get().body)
    if found is None:
        pytest.skip("no promtool is installed (Debian: prometheus)")
    figure(f"promtool: {found}")
    assert set(found) <= SEED_FINDINGS
