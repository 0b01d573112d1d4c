# SPDX-License-Identifier: Apache-2.0
"""What scrapers are sent: both formats, packed and not, filtered, and as promtool and a real Prometheus read it."""

import gzip
import http.client
import http.server
import math
import shutil
import subprocess
import threading
import time

import pytest

import exposition
import frames
from test_front_alone import Front
from test_prometheus import Prometheus

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ASKS_FOR_OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
PROMETHEUS_3 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
                "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
ODD_NUMBERS = (0.0, 1, 0.1, -0.0, math.nan, math.inf, -math.inf, 2 ** 53 + 1, 2 ** 64 - 1, 5e-324, 1.7976931348623157e308,
               -123456.789e-12, 1e15, 1e21)
ODD_TEXTS = ("", " ", "plain", 'quotes "in" it', "back\\slash", "line\nfeed", "\\n", "tab\there", "carriage\rreturn", "\U0001f600 four bytes",
             "ü", "} 1", "# EOF", ",", "a=\"b\"", "{", "\x01\x7f")
FAMILIES = (
    ("odd_values", frames.GAUGE, ("number",), 'Help with "quotes", a back\\slash and\na line feed, and \U0001f600.'),
    ("odd_texts", frames.GAUGE, ("text",)),
    ("odd_events_total", frames.COUNTER, ("kind",)),
    ("odd_count", frames.COUNTER, ()),
    ("odd_build_info", frames.INFO, ("version",)),
    ("odd_thing", frames.UNTYPED, ()),
)


def odd_points():
    points = [frames.point(0, value, [str(number)]) for number, value in enumerate(ODD_NUMBERS)]
    points += [frames.point(1, number + 0.5, [text]) for number, text in enumerate(ODD_TEXTS)]
    return points + [frames.point(2, 7, ["a"]), frames.point(2, 2 ** 53 + 1, ["b"]), frames.point(3, 3), frames.point(4, 1, ["1.0"]),
                     frames.point(5, 4.5)]


def odd_series():
    """{(name, labels): number}, as sent."""
    series = {("odd_values", (("number", str(number)),)): value for number, value in enumerate(ODD_NUMBERS)}
    # An empty label is no label.
    series.update({("odd_texts", (("text", text),) if text else ()): number + 0.5 for number, text in enumerate(ODD_TEXTS)})
    series.update({("odd_events_total", (("kind", "a"),)): 7, ("odd_events_total", (("kind", "b"),)): 2 ** 53 + 1,
                   ("odd_count", ()): 3, ("odd_build_info", (("version", "1.0"),)): 1, ("odd_thing", ()): 4.5})
    return {key: float(value) for key, value in series.items()}


@pytest.fixture
def front():
    one = Front().begin()
    yield one
    print(one.read_log())
    one.end()


def deliver_odd(front):
    front.slot(0, "odd", interval_ms=600_000, stale_after_ms=3_600_000)
    front.write(0, frames.Stream().start(*FAMILIES).whole_round(odd_points()).take())
    front.until(lambda page: page.value("odd_thing") == 4.5)


def get(front, path="/metrics", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    response.body = response.read()
    connection.close()
    return response


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def test_the_headers_of_a_scrape(front):
    deliver_odd(front)
    for accept, kind in ((None, TEXT), ("*/*", TEXT), (PROMETHEUS_3, OPENMETRICS + "; escaping=allow-utf-8"),
                         ("application/openmetrics-text;version=1.0.0", OPENMETRICS), ("text/html", TEXT)):
        for encoding in (None, "gzip", "gzip;q=0"):
            headers = {name: value for name, value in (("Accept", accept), ("Accept_Encoding", encoding or "identity")) if value}
            answer, head = get(front, **headers), get(front, method="HEAD", **headers)
            assert answer.status == head.status == 200
            assert answer.getheader("Content-Type") == head.getheader("Content-Type") == kind
            assert answer.getheader("Vary") == head.getheader("Vary") == "Accept, Accept-Encoding"
            assert answer.getheader("Content-Encoding") == head.getheader("Content-Encoding") == ("gzip" if encoding == "gzip" else None)
            assert int(answer.getheader("Content-Length")) == len(answer.body)
            assert head.body == b"" and abs(int(head.getheader("Content-Length")) - len(answer.body)) < 100


def test_methods_and_paths(front):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = get(front, method=method)
        assert answer.status == 405 and answer.getheader("Allow") == "GET, HEAD"
        assert get(front, "/nowhere", method).status == 404
    for path in ("/nowhere", "/metrics/", "//metrics", "/Metrics"):
        answer = get(front, path)
        assert answer.status == 404 and int(answer.getheader("Content-Length")) == len(answer.body) > 0
        assert int(get(front, path, "HEAD").getheader("Content-Length")) == len(answer.body)


def test_gzip_is_the_same_page(front):
    """Also a large one, of which the first answer has parts that nobody has had time to pack."""
    stream = frames.Stream().start(("big_value", frames.GAUGE, ("number",)), ("small", frames.GAUGE, ()))
    front.slot(0, "big", interval_ms=600_000, stale_after_ms=3_600_000)
    points = [frames.point(0, number * 0.1, [f"{number:07}"]) for number in range(20000 - 1)] + [frames.point(1, 1)]
    stream.begin()
    size = 0
    for first in range(0, len(points), 1000):
        payload = frames.points(*points[first:first + 1000])
        size += len(payload)
        stream.put(frames.POINTS, payload, stream.round)
    front.write(0, stream.end(frames.OK, len(points), size).take())
    front.until(lambda page: page.value("small") == 1)
    plain = exposition.Page(get(front).body).series("big_value")
    sizes = []
    for _ in range(5):
        packed = get(front, Accept_Encoding="gzip").body
        sizes.append(len(packed))
        assert exposition.Page(gzip.decompress(packed)).series("big_value") == plain
        time.sleep(0.2)
    assert len(plain) == 20000 - 1
    assert sizes[-1] < len(get(front).body) / 5 and sizes[-1] <= sizes[0]
    if shutil.which("curl"):
        out = subprocess.run(["curl", "-sS", "--compressed", f"http://127.0.0.1:{front.port}/metrics"], check=True, capture_output=True)
        assert exposition.Page(out.stdout).series("big_value") == plain


def test_filters(front):
    deliver_odd(front)
    front.slot(1, "even", interval_ms=600_000, stale_after_ms=3_600_000)
    front.write(1, frames.Stream().start(("even", frames.GAUGE, ()), ("odd_thing", frames.UNTYPED, ("x",))).whole_round(
        [frames.point(0, 2)]).take())
    front.until(lambda page: page.value("even") == 2)

    def page(query):
        answer = get(front, "/metrics?" + query)
        assert answer.status == 200, answer.body
        return exposition.Page(answer.body)

    assert page("collect[]=even").names("odd_") == [] and page("collect[]=even").value("even") == 2
    assert page("collect%5B%5D=even").names("odd_") == []
    assert page("collect[]=even&collect[]=odd").value("odd_count") == 3
    assert page("exclude[]=even").value("even") is None and page("exclude[]=even").value("odd_count") == 3
    assert "process_open_fds" in page("collect[]=even").families and page("collect[]=even").names("minotor_")
    assert list(page("name[]=even&name[]=process_open_fds&name[]=none").families) == ["even", "process_open_fds"]
    assert list(page("name[]=odd_count&collect[]=even").families) == []
    assert list(page("name[]=e%76en").families) == ["even"]
    body = get(front, "/metrics?name[]=odd_events_total", **ASKS_FOR_OPENMETRICS).body.decode()
    assert body.splitlines()[0] == "# TYPE odd_events counter" and body.endswith("\n# EOF\n")
    for query in ("collect[]=nobody", "collect[]=", "exclude[]=Odd", "collect[]=odd&exclude[]=even", "name[]=a%00b"):
        answer = get(front, "/metrics?" + query)
        assert answer.status == 400 and answer.body.startswith(b"400 "), query
    assert get(front, "/metrics?" + "&".join(f"x{number}=1" for number in range(135))).status == 400


def test_openmetrics(front):
    deliver_odd(front)
    lines = get(front, **ASKS_FOR_OPENMETRICS).body.decode().split("\n")
    assert lines[-2:] == ["# EOF", ""] and lines.count("# EOF") == 1 and "" not in lines[:-1]
    types = dict(line.split(" ")[2:] for line in lines if line.startswith("# TYPE "))
    assert types["odd_events"] == "counter" and types["odd_build"] == "info" and types["odd_thing"] == "unknown"
    assert types["odd_count"] == "unknown", "a counter without _total"
    assert types["minotor_build"] == "info" and types["promhttp_metric_handler_requests"] == "counter"
    assert len(types) == sum(line.startswith("# TYPE ") for line in lines) == sum(line.startswith("# HELP ") for line in lines)
    assert '# HELP odd_values Help with \\"quotes\\", a back\\\\slash and\\na line feed, and \U0001f600.' in lines
    for place, line in enumerate(lines):
        if line.startswith("# HELP "):
            assert lines[place - 1].startswith(("# TYPE ", "# UNIT ")) and line.split(" ")[2] == lines[place - 1].split(" ")[2]


def test_samples_are_the_same_in_both_formats(front):
    deliver_odd(front)

    def samples(**headers):
        body = get(front, **headers).body.decode()
        return [line for line in body.split("\n") if line.startswith(("odd_", "minotor_"))]

    assert samples() == samples(**ASKS_FOR_OPENMETRICS)
    page = exposition.Page(get(front).body)
    for (name, labels), value in odd_series().items():
        labels = labels or ((("text", ""),) if name == "odd_texts" else ())
        assert same(page.value(name, **dict(labels)), value), (name, labels)


def test_promtool(front):
    if not shutil.which("promtool"):
        pytest.skip("no promtool is installed (Debian: prometheus)")
    front.slot(0, "kpi")
    front.write(0, frames.Stream().start(("mattermost_posts", frames.GAUGE, ("text",))).whole_round(
        [frames.point(0, number, [text]) for number, text in enumerate(ODD_TEXTS)]).take())
    front.until(lambda page: page.names("mattermost_"))
    done = subprocess.run(["promtool", "check", "metrics"], input=get(front).body, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done


class Narrow(http.server.BaseHTTPRequestHandler):
    """Passes scrapes on with an Accept of its own."""

    def do_GET(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.goal, timeout=10)
        connection.request("GET", self.path, headers={"Accept": self.server.accept, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name in ("Content-Type", "Content-Encoding", "Content-Length"):
            self.send_header(name, answer.getheader(name))
        self.end_headers()
        self.wfile.write(body)
        self.server.types.add(answer.getheader("Content-Type"))
        connection.close()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("accept, kind", [("text/plain;version=0.0.4", TEXT), ("application/openmetrics-text;version=1.0.0", OPENMETRICS)])
def test_prometheus_reads_every_series(front, tmp_path, accept, kind):
    if not shutil.which("prometheus"):
        pytest.skip("no prometheus is installed (Debian: prometheus)")
    deliver_odd(front)
    narrow = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Narrow)
    narrow.goal, narrow.accept, narrow.types = front.port, accept, set()
    threading.Thread(target=narrow.serve_forever, daemon=True).start()
    prometheus = Prometheus(tmp_path, f"127.0.0.1:{narrow.server_address[1]}")
    try:
        deadline = time.monotonic() + 60
        found = None
        while not found and time.monotonic() < deadline:
            time.sleep(0.2)
            found = prometheus.query('{__name__=~"odd_.*"}')
        (_, up), = prometheus.query("up")
    finally:
        prometheus.end()
        narrow.shutdown()
        narrow.server_close()
    assert up == [1] and narrow.types == {kind}
    seen = {(labels["__name__"], tuple(sorted((name, value) for name, value in labels.items()
                                              if name not in ("__name__", "job", "instance")))): values[0] for labels, values in found}
    sent = odd_series()
    assert set(seen) == set(sent)
    assert not [(key, seen[key], value) for key, value in sent.items() if not same(seen[key], value)]
