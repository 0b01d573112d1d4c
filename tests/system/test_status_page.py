# SPDX-License-Identifier: Apache-2.0
"""The page for people: what it says, that it is safe, that everybody can read it, and how it looks in Chromium.

MINOTOR_SCREENSHOTS=FOLDER in the environment keeps the pictures."""

import base64
import hashlib
import html.parser
import os
import re
import struct

import pytest

import browser
from conftest import hostile

PICTURES = os.environ.get("MINOTOR_SCREENSHOTS")
# {collector: (settings, the word of its state)}; `good` is well, `constructor_sleeps` never ends its start.
SLOTS = {
    "good": (hostile("good"), "running"),
    "sleeper": (hostile("sleeper", timeout="300ms", interval="30s", stale_after="10m"), "hung"),
    "segv": (hostile("segv"), "backoff"),
    "no_symbol": (hostile("no_symbol"), "parked"),
    "constructor_sleeps": (hostile("constructor_sleeps"), "starting"),
}
VOID = {"meta", "br", "path"}


class Reader(html.parser.HTMLParser):
    """Strict: everything that is opened is closed, in order. Keeps elements as (tag, attributes, text)."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, (tag, [one[0] for one in self.open])
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag, **attributes):
        return [one for one in self.elements if one[0] == tag and all(one[1].get(k) == v for k, v in attributes.items())]


def rows(reader):
    """{collector: what its row says}"""
    found = {}
    for index, (tag, attributes, text) in enumerate(reader.elements):
        if tag == "th" and attributes.get("id", "").startswith("slot-"):
            row = next(one for one in reversed(reader.elements[:index]) if one[0] == "tbody")
            found[text] = row[2]
    return found


@pytest.fixture
def sick(minotor):
    daemon = minotor({name: settings for name, (settings, _) in SLOTS.items()}).start()
    daemon.wait_for(lambda page: page.collector("up", "good") == 1 and page.value(
        "minotor_collector_state", collector="no_symbol", state="parked") == 1 and page.value(
        "minotor_collector_consecutive_failures", collector="segv") > 1, 15, "trouble")
    return daemon


def status(daemon):
    answer = daemon.get("/")
    assert answer.status == 200
    return answer, Reader(answer.text)


def wait_for_words(daemon, name, word, timeout=10):
    def is_there(_page):
        return word in rows(status(daemon)[1]).get(name, "")
    daemon.wait_for(is_there, timeout, f"{name}: {word}")


def test_every_state_and_why(sick):
    for name, (_, word) in SLOTS.items():
        if word:
            wait_for_words(sick, name, word)
    _, reader = status(sick)
    assert set(rows(reader)) == set(SLOTS)
    summary = next(one for one in reader.elements if one[1].get("aria-label") == "Summary")[2]
    assert re.search(r"[12] of 5 collectors (is|are) well", summary), summary
    for name in ("segv", "no_symbol"):
        assert name in summary
    assert "ends of its worker" in rows(reader)["segv"] and "signal" in rows(reader)["segv"]
    wait_for_words(sick, "sleeper", "has been running for")
    wait_for_words(sick, "good", " MiB")
    assert "Configuration in force" in next(one for one in reader.all("main"))[2]


def test_headers_and_nothing_foreign(sick):
    answer, reader = status(sick)
    style, = reader.all("style")
    digest = base64.b64encode(hashlib.sha256(style[2].encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not reader.all("script") and not reader.all("img") and not reader.all("link")
    for _, attributes, _ in reader.elements:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "/").startswith(("/", "#"))


def test_readable_by_everybody(sick):
    """Landmarks, headings in order, heads of tables with their scope, drawings with a title."""
    wait_for_words(sick, "good", "half within")
    _, reader = status(sick)
    assert reader.all("html")[0][1]["lang"] == "en" and reader.all("title")[0][2]
    for landmark in ("header", "nav", "main", "footer"):
        assert len(reader.all(landmark)) == 1
    levels = [int(tag[1]) for tag, _, _ in reader.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and set(levels[1:]) == {2}
    for _, attributes, _ in reader.all("th"):
        assert attributes["scope"] in ("row", "col")
    for _, attributes, text in reader.all("svg"):
        assert attributes["role"] == "img" and re.match(r"Last \d+ rounds?: half within", text)
    ids = [one[1]["id"] for one in reader.elements if "id" in one[1]]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in reader.all("a"):
        assert not attributes["href"].startswith("#") or attributes["href"][1:] in ids
    for _, attributes, text in reader.elements:
        if "badge" in attributes.get("class", ""):
            assert text.strip(), "a colour alone says nothing"


def test_contrast(sick):
    style = status(sick)[1].all("style")[0][2]
    for palette in browser.colours(style):
        for name in ("text", "dim", "link", "good", "wait", "warn", "bad"):
            for ground in ("ground", "card"):
                assert browser.contrast(palette[name], palette[ground]) >= 4.5, (name, ground, palette)
        assert browser.contrast(palette["bar"], palette["card"]) >= 3  # of drawings


def test_targets_are_grouped(minotor):
    daemon = minotor({"good": hostile("good"), "pair": hostile("pair")})
    group = daemon.settings["targets"][0]["database"]
    daemon.settings["targets"].append({"name": "second", "database": group})
    daemon.write_config()
    daemon.start()
    daemon.wait_for(lambda page: len(page.series("minotor_collector_up")) == 4, 10, "four slots")
    _, reader = status(daemon)
    assert [one[2] for one in reader.all("h2")][:2] == ["mattermost", "second"]
    assert len(reader.all("table")) >= 2


def size_of(path):
    with open(path, "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:])


@pytest.mark.skipif(not browser.program(), reason="no Chromium is installed (Debian: chromium)")
def test_in_chromium(sick, tmp_path, figure):
    """Phone and desktop, light and dark."""
    for name, (_, word) in SLOTS.items():
        if word:
            wait_for_words(sick, name, word)
    wait_for_words(sick, "good", "half within")
    folder = PICTURES or str(tmp_path)
    os.makedirs(folder, exist_ok=True)
    url = f"http://{sick.host_and_port[0]}:{sick.host_and_port[1]}/"
    for name, width, height in (("phone", 360, 3200), ("desktop", 1280, 1300)):
        for scheme in ("light", "dark"):
            path = os.path.join(folder, f"status-{name}-{scheme}.png")
            browser.picture(str(tmp_path), url, path, width=width, height=height, dark=scheme == "dark")
            assert size_of(path)[0] == width
    text = browser.document(str(tmp_path), url, width=360)
    for name in SLOTS:
        assert name in text
    figure(f"screenshots are in {folder}")
