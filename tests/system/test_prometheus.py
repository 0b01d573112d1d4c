# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes once a second: every scrape counts. PROM_SECONDS says for how long."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import database

SECONDS = int(os.environ.get("PROM_SECONDS", "20"))
CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: minotor
    static_configs:
      - targets: [ "{address}" ]
"""


def free_port():
    """Prometheus cannot choose one itself and tell."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, folder, target):
        self.port = free_port()
        self.log_path = folder / "prometheus.log"
        (folder / "prometheus.yml").write_text(CONFIG.format(address=target), encoding="utf-8")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=debug"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def query(self, expression):
        """[(labels, [value, ...])] of an instant query; None while it does not answer."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query=" + urllib.parse.quote(expression)
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return [(one["metric"], [float(value) for _, value in one.get("values") or [one["value"]]]) for one in result]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")


def test_every_scrape_is_good(kpi, mattermost, tmp_path, figure):
    if not shutil.which("prometheus"):
        pytest.skip("no prometheus is installed (Debian: prometheus)")
    daemon = kpi(mattermost, interval="1s").start()
    daemon.wait_until_good()
    prometheus = Prometheus(tmp_path, daemon.address)
    try:
        deadline = time.monotonic() + 60
        while not prometheus.query("up") and time.monotonic() < deadline:
            time.sleep(0.2)
        begin = time.monotonic()
        for number in range(SECONDS):
            if number % 3 == 0:
                mattermost.add_post(database.new_id("prom", number))
            time.sleep(max(0, begin + number + 1 - time.monotonic()))
        (_, up), = prometheus.query(f"up[{SECONDS}s]")
        posts = [values for _, values in prometheus.query(f"mattermost_kpi_posts_total[{SECONDS}s]")]
        (_, duration), = prometheus.query("max_over_time(scrape_duration_seconds[1h])")
        (_, samples), = prometheus.query("scrape_samples_scraped")
    finally:
        prometheus.end()
    figure(f"Prometheus: {len(up)} scrapes in {SECONDS} s, up is 1 in {up.count(1)}, slowest {duration[0] * 1000:.1f} ms, "
           f"{samples[0]:.0f} samples")
    assert up and set(up) == {1}
    assert len(up) >= SECONDS * 0.8
    assert len(posts) == 1 and len(set(posts[0])) > 3 and posts[0] == sorted(posts[0]), "the figure moves with the posts"
    about = [line for line in prometheus.log().splitlines() if daemon.address in line or "scrape" in line.lower()]
    bad = [line for line in about if any(f"level={level}" in line.lower() for level in ("warn", "error"))]
    assert not bad, bad
