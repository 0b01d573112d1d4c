# SPDX-License-Identifier: Apache-2.0
"""Who may come in: passwords, tokens, guesses, and what changes with a reload."""

import base64
import os
import statistics
import subprocess
import time

import pytest

# Of "the right password", at cost 10.
HASH = "$2b$10$saltsaltsaltsaltsaltsuF4NNLSo0HdH.u9EC8Ls2.S/LnjAZV/q"
# Of "the other password", at cost 5.
OTHER_HASH = "$2b$05$saltsaltsaltsaltsaltsuGquPaFkVluK0BrRly0zjcud3kR4GARS"
TOKEN = "d41d8cd98f00b204e9800998ecf8427e"


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


RIGHT = basic("prometheus", "the right password")
OTHER = basic("other", "the other password")
BEARER = {"Authorization": "Bearer " + TOKEN}


def guarded(minotor, **web):
    """One that asks, and that the fixture itself can scrape by its token."""
    server = minotor({})
    token = server.write("token", TOKEN + "\n", 0o600)
    server.settings["web"] = {"listen": ["127.0.0.1:0"], "bearer_token_file": token,
                              "basic_auth_users": {"prometheus": HASH, "other": OTHER_HASH}, **web}
    server.write_config()
    server.headers = BEARER
    return server


def status(server, headers, path="/metrics"):
    return server.get(path, headers={"Authorization": "", **headers}).status


def test_who_comes_in(minotor):
    server = guarded(minotor).start()
    answer = server.get(headers={"X-None": ""})
    assert answer.status == 401
    assert answer.headers.get_all("WWW-Authenticate") == ['Basic realm="minotor"', 'Bearer realm="minotor"']
    for path in ("/", "/metrics", "/plugins/org.ebuildy.plugin-minotor/metrics", "/nothing"):
        assert status(server, {}, path) == 401, path
    assert status(server, {}, "/-/healthy") == 200
    assert status(server, {}, "/-/ready") in (200, 503)
    assert status(server, RIGHT) == status(server, OTHER) == status(server, BEARER) == 200
    assert status(server, basic("prometheus", "the other password")) == 401
    assert status(server, basic("nobody", "the right password")) == 401
    assert status(server, {"Authorization": "Bearer " + TOKEN[:-1]}) == 401


def test_a_revoked_user(minotor):
    server = guarded(minotor).start()
    front = server.front()
    assert status(server, OTHER) == 200
    del server.settings["web"]["basic_auth_users"]["other"]
    server.write("token", TOKEN[::-1] + "\n", 0o600)
    server.write_config()
    offset = len(server.log())
    server.reload()
    server.wait_for_log("configuration was read again", 10, offset)
    deadline = time.monotonic() + 5
    while status(server, BEARER) == 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert status(server, BEARER) == status(server, OTHER) == 401
    server.headers = {"Authorization": "Bearer " + TOKEN[::-1]}
    assert status(server, server.headers) == status(server, RIGHT) == 200
    assert server.front() == front, "the front was restarted"


def test_a_thousand_guesses(minotor):
    """They are refused, and whoever has shown his password does not wait for them."""
    server = guarded(minotor).start()
    assert status(server, RIGHT) == 200
    statuses, seconds = [], []
    for number in range(1000):
        statuses.append(status(server, basic("prometheus", f"guess {number}")))
        if number % 10 == 0:
            begin = time.monotonic()
            assert status(server, RIGHT) == 200
            seconds.append(time.monotonic() - begin)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < 10
    seconds.sort()
    print(f"beside guesses: median {seconds[50] * 1e3:.2f} ms, 99th of 100 {seconds[98] * 1e3:.2f} ms; "
          f"{statuses.count(401)} of 1000 guesses were looked at")
    assert seconds[50] < 0.1


def test_an_unknown_user_costs_the_same(minotor):
    """In one life of the front each address has four tries: several addresses of the loopback try."""
    server = guarded(minotor, basic_auth_users={"prometheus": HASH}).start()
    seconds = {"prometheus": [], "nobody": []}
    for number in range(24):
        user = ("prometheus", "nobody")[number % 2]
        headers = basic(user, f"wrong {number}")
        begin = time.monotonic()
        out = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "--interface",
                              f"127.0.1.{number + 1}", "-H", "Authorization: " + headers["Authorization"],
                              f"http://{server.address}/metrics"], stdout=subprocess.PIPE, text=True, check=True).stdout
        code, spent = out.split()
        assert code == "401"
        seconds[user].append(float(spent))
        time.sleep(max(0.0, 1.05 - (time.monotonic() - begin)))
    known, unknown = statistics.median(seconds["prometheus"]), statistics.median(seconds["nobody"])
    print(f"wrong password {known * 1e3:.1f} ms, unknown user {unknown * 1e3:.1f} ms")
    assert 0.6 < known / unknown < 1.6


def refused(server):
    done = server.run("--check=files")
    assert done.returncode == 78, done.stderr
    return done.stderr


@pytest.mark.parametrize("web, words", [
    ({"basic_auth_users": {"a": "plain"}}, "has no bcrypt hash; allowed is what `htpasswd -nBC 10 a` prints"),
    ({"basic_auth_users": {"a": HASH.replace("$10$", "$14$")}}, "of a cost from 4 to 11"),
    ({"basic_auth_users": {}}, "basic_auth_users is empty; allowed is"),
    ({"basic_auth_users": {"a" * 64: HASH}}, "more than 63 bytes; allowed are so many"),
    ({"bearer_token_file": "missing"}, "cannot be read: No such file"),
])
def test_mistakes(minotor, web, words):
    server = minotor({})
    server.settings["web"].update(web)
    server.write_config()
    complaint = refused(server)
    assert words in complaint and "minotor.conf:" in complaint
    assert HASH[10:] not in complaint


def test_a_token_that_others_can_read(minotor):
    server = guarded(minotor)
    os.chmod(os.path.join(server.directory, "token"), 0o644)
    assert "can be read or written by others than its owner; allowed is mode 0600" in refused(server)
    server.write("token", "short\n", 0o600)
    os.chmod(os.path.join(server.directory, "token"), 0o600)
    assert "a token of 5 bytes; allowed are 16 to 255" in refused(server)


def test_a_public_address_needs_it(minotor):
    server = minotor({})
    server.settings["web"] = {"listen": ["0.0.0.0:0"]}
    server.write_config()
    complaint = refused(server)
    assert "without any authentication" in complaint and "basic_auth_users or bearer_token_file" in complaint
    server.settings["web"]["basic_auth_users"] = {"prometheus": HASH}
    server.write_config()
    assert server.run("--check=files").returncode == 0


def test_nothing_is_told(minotor):
    server = guarded(minotor).start()
    assert status(server, RIGHT) == 200
    status(server, basic("prometheus", "a wrong password"))
    front = server.front()
    with open(f"/proc/{front}/environ", "rb") as environment, open(f"/proc/{front}/cmdline", "rb") as line:
        told = (environment.read() + line.read()).decode() + server.log() + server.get().text + server.get("/").text
    for secret in (HASH[10:], TOKEN, "the right password", "a wrong password", RIGHT["Authorization"][6:]):
        assert secret not in told
