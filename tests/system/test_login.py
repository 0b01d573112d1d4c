# SPDX-License-Identifier: Apache-2.0
"""Logging in to Mattermost: once, in time, never again and again, and nothing of it is to be seen."""

import json
import os
import signal
import time

import pytest

import fake_mattermost
import installations
import lone_worker
import processes
from fake_mattermost import PASSWORD, TOKEN, USER
from lone_worker import LOGIN
from minotor import BUILD, HOSTILE, PATHS

VISITOR = os.path.join(HOSTILE, "visitor.so")
HEALTH = os.path.join(BUILD, "collectors/health/.libs/health.so")
DRIVERS = os.path.join(BUILD, "core/api/.libs")
EXIT_DONE, EXIT_DRIVER = 0, 77
FAILED = 4000  # minotor_http() times 1000, and the status
PING, STATUSES, CLUSTER = "/api/v4/system/ping", "/api/v4/plugins/statuses", "/api/v4/cluster/status"
LOGIN_PATH, LOGOUT_PATH = "/api/v4/users/login", "/api/v4/users/logout"
GRACE_S = 0.5  # what a loaded machine may add to a deadline
# How control_login tells of a login: places in the tuple, and troubles.
REFUSALS, FAILURES, LOGINS, TROUBLE = 1, 2, 3, 4
NONE, UNANSWERED, ENDED, REFUSED = range(4)


@pytest.fixture
def worker():
    """worker(url, ...): a worker that asks for rights in each round; ends with the test. `__` stands for a dot."""
    made = []

    def make(url, login=None, **settings):
        given = {"slot": "visitor", "collector": "visitor", "target": "mattermost", "plugin": VISITOR,
                 "drivers": DRIVERS, "interval_ms": 150, "timeout_ms": 2000, "first_delay_ms": 0, "api.url": url,
                 "api.login": USER, "api.password": PASSWORD}
        given.update({name.replace("__", "."): value for name, value in settings.items()})
        made.append(lone_worker.LoneWorker(given, login=login))
        return made[-1]

    yield make
    for one in made:
        one.end()
        print(one.log_text)
        assert PASSWORD not in one.log_text and "nobody-may-see" not in one.log_text
        assert "session00" not in one.log_text


def answers(found):
    """{path: (result and status, error)}"""
    assert all(key[3] == "" for key in found.samples), "a collector has seen the token of a session"
    return {key[1]: (value, key[2]) for key, value in found.samples.items()}


GOOD = {PING: (200, ""), STATUSES: (200, ""), CLUSTER: (200, "")}


def is_good(found):
    return answers(found) == GOOD


def rounds(one, count):
    """Waits for so many more rounds; returns the last."""
    number = one.round().number
    return one.round(lambda found: found.number >= number + count)


def refused(found):
    """The one reason of both requests that want rights; the ping is none of them."""
    said = answers(found)
    assert said[PING] == (200, "")
    assert said[STATUSES] == said[CLUSTER] and said[CLUSTER][0] == FAILED
    return said[CLUSTER][1]


# -- a session -----------------------------------------------------------------------------------------------------

def test_one_login_serves_all_rounds(server, worker):
    source = server()
    one = worker(source.url)
    one.round(is_good)
    rounds(one, 10)
    assert all(is_good(found) for found in one.pipe.rounds)
    assert (source.logins, len(source.all_sessions), len(source.sessions), source.logouts) == (1, 1, 1, 0)
    token, = source.sessions
    for path, headers in source.requests:
        expected = {PING: None, LOGIN_PATH: None}.get(path, "Bearer " + token)
        assert headers.get("Authorization") == expected, path
        assert "Cookie" not in headers and headers["User-Agent"].startswith("minotor/")
    assert source.paths()[:3] == [PING, LOGIN_PATH, STATUSES], "it logs in when rights are wanted, not before"
    one.wait(lambda: one.log_text.count("logged in") == 1)  # the log has a pipe of its own


def test_what_is_sent(server, worker, monkeypatch):
    seen = []
    source = server()

    def login(self, query, mode):
        seen.append((self.command, self.headers["Content-Type"], self.headers.get("Expect"), self.body))
        plain(self, query, mode)

    handler = source.server.RequestHandlerClass
    plain = handler.login
    monkeypatch.setattr(handler, "login", login)
    worker(source.url).round(is_good)
    (command, kind, expect, body), = seen
    assert (command, kind, expect) == ("POST", "application/json", None)
    assert json.loads(body) == {"login_id": USER, "password": PASSWORD}


def test_below_a_subpath_with_tls(server, worker, identity):
    source = server(tls=identity, subpath="/chat")
    worker(source.url, api__ca_file=identity[1]).round(is_good)
    assert "/chat" + LOGIN_PATH in source.paths() and source.logins == 1


def test_certificate_that_is_not_trusted_gets_no_password(server, worker, identity):
    source = server(tls=identity)
    found = worker(source.url).round()
    assert "not trusted" in answers(found)[CLUSTER][1] and source.requests == []


def test_token_goes_before_a_login(server, worker):
    source = server()
    worker(source.url, api__token=TOKEN).round(is_good)
    assert source.logins == 0


def test_pings_need_no_login(server, worker, tmp_path):
    """And where only local mode is there, everything is allowed without one."""
    path = str(tmp_path / "local.socket")
    source = server(unix_path=path)
    found = worker("", api__local_socket=path).round()
    assert answers(found)[PING][0] == 200 and source.logins == 0


def test_orderly_end_logs_out(server, worker):
    source = server()
    one = worker(source.url)
    one.round(is_good)
    assert len(source.sessions) == 1
    one.drain()
    assert one.exit_status() == EXIT_DONE
    assert source.sessions == set() and source.logouts == 1


def test_end_without_a_session_asks_nobody(server, worker):
    source = server()
    source.password = "another"
    one = worker(source.url)
    one.round()
    one.drain()
    assert one.exit_status() == EXIT_DONE and LOGOUT_PATH not in source.paths()


def test_end_does_not_wait_for_a_server(server, worker):
    source = server()
    source.modes = {LOGOUT_PATH: "silent"}
    one = worker(source.url)
    one.round(is_good)
    began = time.monotonic()
    one.drain()
    assert one.exit_status() == EXIT_DONE
    assert time.monotonic() - began < 1.5, "minotord would have killed it"


# -- a session that ends -------------------------------------------------------------------------------------------

def test_revoked_session_is_replaced_without_a_lost_round(server, worker):
    source = server()
    one = worker(source.url)
    one.round(is_good)
    source.sessions.clear()
    rounds(one, 4)
    assert all(is_good(found) for found in one.pipe.rounds)
    assert source.logins == 2 and len(source.sessions) == 1


def test_sessions_that_do_not_last_are_not_made_again_and_again(server, worker):
    source = server()
    source.keeps_sessions = False
    one = worker(source.url)
    found = one.round()
    assert "ended the session soon after" in refused(found)
    assert "ended the session soon after" in refused(rounds(one, 8))
    assert (source.logins, len(source.all_sessions)) == (2, 2)
    assert (one.login[LOGINS], one.login[TROUBLE]) == (2, ENDED)
    assert 10 < one.login[0] / 1000 - time.monotonic() <= 60


# -- refusals ------------------------------------------------------------------------------------------------------

def test_wrong_password_is_tried_once(server, worker):
    source = server()
    source.password = "another"
    one = worker(source.url)
    reason = refused(one.round())
    assert "does not accept the name or the password" in reason
    assert refused(rounds(one, 12)) == reason
    assert (source.wrong_passwords, source.logins) == (1, 1)
    assert (one.login[REFUSALS], one.login[TROUBLE]) == (1, REFUSED)
    assert 14 * 60 < one.login[0] / 1000 - time.monotonic() <= 15 * 60


@pytest.mark.parametrize("trouble, words", [
    ("mfa.validate_token.authenticate.app_error", "multi-factor authentication"),
    ("api.user.check_user_mfa.bad_code.app_error", "multi-factor authentication"),
    ("api.user.check_user_login_attempts.too_many.app_error", "locked"),
    ("api.user.login.inactive.app_error", "deactivated"),
    ("api.user.login.bot_login_forbidden.app_error", "bot"),
    ("api.user.login.not_verified.app_error", "not verified"),
])
def test_refusal_says_why(server, worker, trouble, words):
    source = server()
    source.login_trouble = trouble
    one = worker(source.url)
    assert words in refused(one.round())
    rounds(one, 3)
    assert source.logins == 1


def test_next_worker_does_not_begin_anew(server, worker):
    """One that has crashed may not lock the account, nor its successors together."""
    source = server()
    source.password = "another"
    first = worker(source.url)
    first.round()
    first.wait(lambda: first.login)
    first.process.send_signal(signal.SIGKILL)
    for _ in range(12):
        later = worker(source.url, login=first.login)
        assert "does not accept the name or the password" in refused(later.round())
        later.end()
    assert source.wrong_passwords == 1


def test_memory_that_cannot_be_is_no_sentence_for_life(server, worker):
    source = server()
    far = int(time.monotonic() * 1000) + 10 ** 12
    assert "too short a time ago" in refused(worker(source.url, login=(far, 255, 255, 255, 255)).round())
    worker(source.url, login=(1, 255, 255, 255, 255)).round(is_good)


# -- servers that do not behave ------------------------------------------------------------------------------------

BAD = {
    "silent": "no answer in time", "byte_by_byte": "answer in time", "garbage": "not HTTP", "huge": "too large",
    "headers_without_end": "too", "gzip_bomb": "status 200 without a session", "deep": "too large",
    "cut": "ended too early", "nothing": "without an answer", "redirect": "status 302 without a session",
    "bad_gateway": "status 502", "rate_limited": "status 429", "web_page": "status 200 without a session",
    "error_without_status": "status 500",
}


@pytest.mark.parametrize("mode", sorted(BAD))
def test_no_answer_to_the_login(server, worker, mode):
    """In time, told once, and not tried in each round; pings go on."""
    fake_mattermost.bomb()  # making it takes longer than the answer may
    other, source = server(), server()
    source.redirect_to = other.url + LOGIN_PATH
    source.modes = {LOGIN_PATH: mode}
    one = worker(source.url, timeout_ms=1000)
    one.wait(lambda: one.login)
    assert one.login[FAILURES] == 1, "the next worker would have known before the server did"
    found = one.round(lambda later: PING in answers(later))
    assert found.seconds < 1 + GRACE_S
    found = rounds(one, 4)
    assert BAD[mode] in refused(found), refused(found)
    assert source.count(LOGIN_PATH) == 1 and other.requests == []
    assert (one.login[FAILURES], one.login[TROUBLE]) == (1, UNANSWERED)
    assert source.poured < 16 << 20, "it was read to the end"


@pytest.mark.parametrize("token", ["", "x" * 129, "two words", "t\u00f6ken"])
def test_session_that_is_none(server, worker, token, monkeypatch):
    source = server()

    def login(self, query, mode):
        self.say(200, {}, [("Token", token)] if token else ())

    monkeypatch.setattr(source.server.RequestHandlerClass, "login", login)
    assert "status 200 without a session" in refused(worker(source.url).round())


def test_too_little_time_to_log_in(server, worker):
    """A round this short would only leave sessions behind that nobody knows."""
    source = server()
    found = worker(source.url, timeout_ms=150).round()
    assert source.logins == 0
    assert "too little time is left to log in" in answers(found)[CLUSTER][1]


def test_drain_ends_a_login_under_way(server, worker):
    source = server()
    source.modes = {LOGIN_PATH: "silent"}
    one = worker(source.url, timeout_ms=60000, interval_ms=60000)
    one.wait(lambda: LOGIN_PATH in source.paths())
    began = time.monotonic()
    one.drain()
    assert one.exit_status() == EXIT_DONE
    assert time.monotonic() - began < 1.5


# -- secrets -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("url, allowed, is_sent", [("http://mattermost.invalid", "", False),
                                                   ("http://mattermost.invalid", "true", True),
                                                   ("https://mattermost.invalid", "", True)])
def test_password_in_the_clear_needs_a_word(worker, url, allowed, is_sent):
    one = worker(url, timeout_ms=1000, api__insecure=allowed)
    if is_sent:
        one.round()
        one.wait(lambda: one.log_text.count("unencrypted") == bool(allowed))
    else:
        assert one.exit_status() == EXIT_DRIVER
        assert one.log_text.count("would go over the network unencrypted") == 1


def test_password_that_is_no_text_is_one_line(worker, server, monkeypatch):
    def send_setting(self, name, value, origin="kpi.conf:7"):
        texts = [part.encode("utf-8", "surrogateescape") for part in (name, value, origin)]
        self.control.send(bytes([lone_worker.SETTING])
                          + b"".join(len(text).to_bytes(2, "little") + text for text in texts))

    monkeypatch.setattr(lone_worker.LoneWorker, "send_setting", send_setting)
    one = worker(server().url, api__password="latin-\udcfc")
    assert one.exit_status() == EXIT_DRIVER and "api.password is not UTF-8" in one.log_text


def test_nothing_of_it_is_to_be_seen(server, worker):
    source = server()
    one = worker(source.url)
    one.round(is_good)
    token, = source.sessions
    for file in ("environ", "cmdline"):
        text = processes.read(one.process.pid, file)
        assert PASSWORD not in text and token not in text
    assert all(token.encode() not in frame.payload for frame in one.pipe.frames)
    assert one.said(LOGIN) > 0


# -- the whole program ---------------------------------------------------------------------------------------------

@pytest.fixture
def program(minotor, server):
    """program(source, password, collectors, api): a minotord, not yet started, whose API has that login."""
    def make(source, password=PASSWORD, collectors=None, **api):
        one = minotor(collectors or {"visitor": {"interval": "500ms", "plugin": VISITOR, "secrets": ["api"],
                                                 "stale_after": "60s"}})
        drivers = os.path.join(one.directory, "drivers")
        os.mkdir(drivers)
        os.chmod(drivers, 0o755)
        one.settings["paths"] = {**PATHS, "drivers": installations.drivers(drivers)}
        one.settings["targets"][0]["api"] = {
            "url": source.url, "login": USER,
            "password_file": one.write("api_password", password + "\n", 0o600), **api}
        one.write_config()
        return one

    return make


def values(page, path):
    """{error: result and status} of what the visitor has asked."""
    return {dict(labels)["error"]: number for labels, number in page.series("hostile_visitor_value").items()
            if dict(labels)["path"] == path}


def has_rights(page):
    return list(values(page, CLUSTER).values()) == [200]


def nowhere(one, *secrets):
    for pid in [one.pid, *one.children().values()]:
        for file in ("environ", "cmdline"):
            text = processes.read(pid, file)
            assert not any(secret in text for secret in secrets), (pid, file)
    for path in ("/", "/metrics"):
        text = one.get(path).text
        assert not any(secret in text for secret in secrets), path
    assert not any(secret in one.log() for secret in secrets)


def test_health_with_a_login(server, program):
    source = server()
    one = program(source, collectors={"health": {"interval": "2s", "plugin": HEALTH, "secrets": ["api"]}})
    one.start()
    page = one.wait_until_good("health")
    assert page.value("mattermost_websocket_connections") == 41
    assert page.value("mattermost_plugin_running", plugin_id="playbooks") == 1
    token, = source.sessions
    nowhere(one, PASSWORD, "nobody-may-see", token)
    status, _ = one.stop()
    assert status == 0 and source.sessions == set() and source.logins == 1
    assert token not in one.log() and "nobody-may-see" not in one.log()


def test_check_logs_in_and_out(server, program):
    source = server()
    one = program(source, collectors={"health": {"interval": "2s", "plugin": HEALTH, "secrets": ["api"]}})
    done = one.run("--check")
    assert done.returncode == 0 and "api_password ok" in done.stdout, done.stdout + done.stderr
    assert "nobody-may-see" not in done.stdout + done.stderr
    assert (source.logins, source.logouts, source.sessions) == (1, 1, set())
    source.password = "another"
    done = one.run("--check")
    assert done.returncode != 0 and "does not accept the name or the password" in done.stderr
    assert "nobody-may-see" not in done.stdout + done.stderr
    assert one.run("--check=files").returncode == 0 and source.logins == 2


def test_collector_without_the_secret_has_no_login(server, program):
    source = server()
    one = program(source, collectors={"visitor": {"interval": "500ms", "plugin": VISITOR, "secrets": ["database"]}})
    one.start()
    page = one.wait_until_good("visitor")
    assert source.logins == 0 and any("neither a token or a login" in error for error in values(page, CLUSTER))


def test_crashes_do_not_lock_the_account(server, program):
    source = server()
    one = program(source, password="wrong-one-nobody-may-see")
    one.start()
    one.wait_for(lambda page: any("does not accept" in error for error in values(page, CLUSTER)), what="the refusal")
    pid, _ = one.wait_for_child("visitor")
    for _ in range(4):
        processes.send(pid, signal.SIGKILL)
        pid, _ = one.wait_for_child("visitor", other_than=pid)
        page = one.next_round("visitor", timeout=30)
        assert all("does not accept" in error for error in values(page, CLUSTER))
    assert source.wrong_passwords == 1
    # An administrator who has put it right does not wait.
    one.write("api_password", PASSWORD + "\n", 0o600)
    one.reload()
    one.wait_for(has_rights, 20, "rights after the reload")
    nowhere(one, PASSWORD, "nobody-may-see")
    assert (source.logins, source.wrong_passwords) == (2, 0)


def test_reload_tries_a_refused_login_again(server, program):
    """What was wrong may have been put right at the server, so that nothing has changed here."""
    source = server()
    source.login_trouble = "api.user.check_user_login_attempts.too_many.app_error"
    one = program(source)
    one.start()
    one.wait_for(lambda page: any("locked" in error for error in values(page, CLUSTER)), what="the refusal")
    source.login_trouble = None
    one.next_round("visitor")
    assert source.logins == 1
    one.reload()
    one.wait_for(has_rights, 20, "rights after the reload")
    assert source.logins == 2


def test_crashes_do_not_fill_the_table_of_sessions(server, program):
    """The first one is forgiven; each leaves a session behind, as nobody could log out."""
    source = server()
    one = program(source)
    one.start()
    one.wait_for(has_rights, what="rights")
    began = time.monotonic()
    pid, _ = one.wait_for_child("visitor")
    for _ in range(4):
        processes.send(pid, signal.SIGKILL)
        pid, _ = one.wait_for_child("visitor", other_than=pid)
        page = one.next_round("visitor", timeout=30)
    if time.monotonic() - began > 55:
        pytest.skip("this machine is so slow that the next login was due")
    assert (source.logins, len(source.sessions)) == (2, 2)
    assert all("too short a time ago" in error for error in values(page, CLUSTER))


def test_reload_keeps_the_session_of_an_unchanged_slot(server, program):
    source = server()
    one = program(source)
    one.start()
    one.wait_for(has_rights, what="rights")
    offset = len(one.log())
    one.reload()
    one.wait_for_log("configuration was read again", 10, offset)
    one.next_round("visitor")
    assert source.logins == 1


@pytest.mark.parametrize("mode, text, words", [(0o644, "x\n", "can be read or written by others"),
                                               (0o600, "a\nb\n", "does not hold one line"),
                                               (0o600, "", "does not hold one line"),
                                               (0o600, None, "not UTF-8")])
def test_password_file_that_cannot_be_used(server, program, mode, text, words):
    one = program(server())
    path = one.write("api_password", text or "", mode)
    if text is None:
        with open(path, "wb") as file:
            file.write(b"latin-\xfc\n")
    done = one.run("--check")
    assert done.returncode != 0 and done.stdout == ""
    line, = done.stderr.splitlines()
    assert "password_file" in line and words in line and "minotor.conf:" in line


def test_login_over_plain_http_is_refused_by_the_configuration(server, program):
    source = server()
    one = program(source, url="http://chat.example.org:8065")
    line, = one.run("--check").stderr.splitlines()
    assert "minotor.conf:" in line and "unencrypted" in line and "insecure = true" in line
    one = program(source, url="http://chat.example.org:8065", insecure=True)
    assert one.run("--check=files").returncode == 0
