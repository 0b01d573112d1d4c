#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo: a private PostgreSQL with a made-up Mattermost in it, minotord on it, and the page as it moves.

    demo.py [--seconds N]      ends at Ctrl-C, SIGTERM, or after N seconds

Finds the sources and the build by $top_srcdir and $top_builddir. Leaves nothing behind.
"""

import argparse
import os
import secrets
import signal
import socket
import sys
import time

SOURCE = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for folder in ("fixtures", "system"):
    sys.path.insert(0, os.path.join(SOURCE, "tests", folder))

import mattermost_fixture  # noqa: E402
import processes  # noqa: E402
from minotor import GONE, Minotor  # noqa: E402
from private_postgresql import PrivatePostgreSQL, PrivatePostgreSQLError  # noqa: E402

VERSION = "11.6"
DATABASE = "mattermost"
ROLE = "minotor"
POSTS = 5000
PORT = 9806
ACTIONS_PER_SECOND = 4
SECONDS_BETWEEN_LINES = 3
READY_TIMEOUT_SECONDS = 30
LINES_OF_PAGE = 24
COLLECTOR = {"interval": "1s", "timeout": "1s", "settings": {"unindexed_interval": "2s"}}


class Interrupted(Exception):
    """Somebody wants the demo to end."""


def interrupt(number, _):
    # The next one must not interrupt the cleaning up.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)


def say(text=""):
    """Nobody may be reading any more (`| head`): that ends the show, but not the cleaning up."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGHUP)


def listen_address():
    """minotor's own port when it is free, else one that the kernel chooses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return "127.0.0.1:0"
    return f"127.0.0.1:{PORT}"


def fill(server, password):
    server.create_database(DATABASE)
    server.load(mattermost_fixture.database("postgresql", VERSION, posts=POSTS), DATABASE)
    server.psql(mattermost_fixture.role_sql("postgresql", VERSION, password, ROLE), DATABASE)


def prepare(server, password):
    """A minotord for that database, not yet started."""
    def database(password_file):
        return {"driver": "postgresql", "host": server.socket_dir, "port": 5432, "name": DATABASE, "user": ROLE,
                "password_file": password_file}

    return Minotor({"kpi": COLLECTOR}, database=database, password=password,
                   settings={"log": {"level": "info", "format": "logfmt"}, "web": {"listen": [listen_address()]}})


def wait_until_ready(minotor):
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            if minotor.get("/-/ready").status == 200:
                return
        except GONE:
            pass
        if minotor.process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"minotord is not ready\n{minotor.log_tail()}")


def show_page(minotor):
    lines = [line for line in minotor.get().text.splitlines() if line.partition("mattermost_")[1]]
    for line in lines[:LINES_OF_PAGE]:
        say("    " + line)
    if len(lines) > LINES_OF_PAGE:
        say(f"    ... {len(lines) - LINES_OF_PAGE} lines more, and those about minotor itself")


def figures(page):
    """What the demo's lines show of a page, in their order; what the page does not have is absent."""
    family = "mattermost_kpi_"
    sums = {name: sum(page.series(family + name).values()) for name in ("posts_total", "reaction_total", "sessions_total")
            if page.series(family + name)}
    last = page.series(family + "last_post_date")
    if last:
        sums["last_post"] = max(last.values()) / 1000
    return sums


def line_of(now, before):
    """One line: the figures, and by how much each has moved."""
    parts = []
    for name, title in (("posts_total", "posts"), ("reaction_total", "top reactions"), ("sessions_total", "sessions")):
        if name not in now:
            parts.append(f"{title} unknown")
            continue
        moved = now[name] - before.get(name, now[name])
        parts.append(f"{title} {now[name]:,.0f} ({moved:+.0f})")
    if "last_post" in now:
        parts.append(f"last post {max(0.0, time.time() - now['last_post']):.0f} s ago")
    return time.strftime("  %H:%M:%S  ") + "   ".join(parts)


def live(server, minotor, seconds):
    """Lets people write in the Mattermost, and shows what the page makes of it, until the time is over."""
    people = mattermost_fixture.Live("postgresql", VERSION)
    end = time.monotonic() + seconds if seconds else None
    before = figures(minotor.scrape())
    next_line = time.monotonic()
    while end is None or time.monotonic() < end:
        server.psql(people.batch(ACTIONS_PER_SECOND), DATABASE)
        time.sleep(1)
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            try:
                now = figures(minotor.scrape())
                say(line_of(now, before))
                before = now
            except GONE as error:
                say(f"  no page: {error}")
        if minotor.process.poll() is not None:
            raise SystemExit(f"minotord has ended\n{minotor.log_tail()}")


def run(server, minotor, seconds):
    minotor.start()
    wait_until_ready(minotor)
    url = f"http://{minotor.address}"
    say(f"== {url}/metrics says:")
    show_page(minotor)
    say(f"== look at {url}/ and {url}/metrics; people are writing now" +
        (f", for {seconds} s" if seconds else "; Ctrl-C ends it"))
    live(server, minotor, seconds)


def clean_up(server, minotor):
    """Returns the exit status: something that does not go is a fault."""
    say("== cleaning up: minotord, PostgreSQL and their directories")
    complaints = minotor.end() if minotor else []
    server.remove()
    for complaint in complaints:
        say("   " + complaint)
    say("== nothing is left" if not complaints else "== not clean")
    return 1 if complaints else 0


def main():
    parser = argparse.ArgumentParser(prog="bootstrap demo", description="Shows minotor at work.")
    parser.add_argument("--seconds", type=int, default=0, help="end after so long; default: at Ctrl-C")
    seconds = max(0, parser.parse_args().seconds)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    processes.adopt_orphans()
    server, minotor, status = PrivatePostgreSQL(), None, 0
    try:
        say(f"== a private PostgreSQL in {server.directory}, on a unix socket")
        server.start()
        say(f"== a Mattermost {VERSION} with {POSTS:,} posts, and the role {ROLE} that may count and not read")
        password = secrets.token_urlsafe(24)
        fill(server, password)
        minotor = prepare(server, password)
        say(f"== minotord, configured by {minotor.config_path}")
        run(server, minotor, seconds)
    except Interrupted as reason:
        say(f"\n== {reason}")
    except (PrivatePostgreSQLError, AssertionError) as error:
        say(f"== failed: {error}")
        status = 1
    finally:
        status = clean_up(server, minotor) or status
    return status


if __name__ == "__main__":
    sys.exit(main())
