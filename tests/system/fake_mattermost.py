# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that answers as Mattermost 5.37, 9.9 or 11.6 does, and in every way in which it should not.

    with FakeMattermost("11.6") as server:
        server.mode = "database_down"
        ... server.url, server.requests, server.writes
"""

import decimal
import functools
import gzip
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import urllib.parse

VERSIONS = {"5.37": (5, 37), "9.9": (9, 9), "11.6": (11, 6)}
TOKEN = "xk3token-that-nobody-may-see9q"
USER, PASSWORD = "monitor@example.org", 'pq#% ?&@/:\'"\\\tü-nobody-may-see'
HEALTHY_MODES = ("healthy", "database_down", "filestore_down", "busy")
HUGE_BYTES = 1 << 30

ANALYTICS = {"channel_open_count": 12, "channel_private_count": 7, "post_count": 4321, "unique_user_count": 88,
             "team_count": 3, "total_websocket_connections": 41, "total_master_db_connections": 17,
             "total_read_db_connections": 5, "daily_active_users": 20, "monthly_active_users": 60,
             "inactive_user_count": -1}
# (plugin_id, node, version, state): 2 runs, 0 does not, 3 and 4 have failed
PLUGINS = [("playbooks", "node1", "1.39.1", 2), ("com.github.jitsi", "node1", "2.0.1", 0),
           ("com.mattermost.calls", "node1", "0.28.1", 4)]
NODES = []
# Of Mattermost's own metrics: {db_name: what Go's sql.DBStats has}; families in the order in which Go writes them.
POOL_FAMILIES = ("idle_connections", "in_use_connections", "max_idle_closed_total", "max_idle_time_closed_total",
                 "max_lifetime_closed_total", "max_open_connections", "open_connections", "wait_count_total",
                 "wait_duration_seconds_total")
POOLS = {"master": dict(zip(POOL_FAMILIES, (3, 7, 12345678, 5, 6, 300, 10, 42, 0.250000001))),
         "replica-0": dict(zip(POOL_FAMILIES, (20, 1, 0, 2, 4, 300, 21, 0, 0))),
         "searchreplica-0": dict(zip(POOL_FAMILIES, (0, 2, 1, 0, 0, 300, 2, 1234567, 1e-09)))}


def certificate(directory):
    """Makes a key and a certificate for localhost and 127.0.0.1 that signs itself; returns their paths."""
    key, chain = os.path.join(directory, "key.pem"), os.path.join(directory, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", chain], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return key, chain


@functools.lru_cache
def bomb():
    """64 MiB in some hundred bytes; it takes longer to make than a client may want to wait."""
    body = b" " * (64 << 20)
    for _ in range(3):
        body = gzip.compress(body)
    return body


def go_number(value):
    """As strconv.FormatFloat(value, 'g', -1, 64) writes it."""
    number = decimal.Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if not number or -4 <= exponent < 6:
        return format(number, "f")
    return f"{number.scaleb(-exponent):f}e{exponent:+03}"


def metrics_page(pools, names=()):
    """The page of Mattermost's own metrics, with a little of the rest; `names` are the families that are wanted."""
    families = {"go_goroutines": "go_goroutines 211\n",
                "mattermost_db_master_connections_total": "mattermost_db_master_connections_total 10\n",
                "mattermost_post_total": "mattermost_post_total 4.321e+06\n",
                "mattermost_process_start_time_seconds": "mattermost_process_start_time_seconds 1.70000000025e+09\n"}
    for family in POOL_FAMILIES if pools else ():
        families["go_sql_" + family] = "".join(
            f'go_sql_{family}{{db_name="{pool}"}} {go_number(pools[pool][family])}\n' for pool in sorted(pools))
    return "".join(f"# HELP {name} What it is.\n# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n{lines}"
                   for name, lines in sorted(families.items()) if not names or name in names).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Fake", ""

    def setup(self):
        super().setup()
        self.connection.settimeout(self.server.owner.keeps_connections_s)
        self.server.owner.open.add(self.connection)

    def finish(self):
        self.server.owner.open.discard(self.connection)
        super().finish()

    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"

    def do_GET(self):
        self.answer({"/system/ping": self.ping, "/analytics/old": self.analytics, "/plugins/statuses": self.plugin_statuses,
                     "/plugins": self.plugin_manifests, "/cluster/status": self.cluster})

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer({"/users/login": self.login, "/users/logout": self.logout})

    def answer(self, answers):
        owner = self.server.owner
        owner.requests.append((self.path, dict(self.headers)))
        split = urllib.parse.urlsplit(self.path)
        mode = owner.mode_of(split.path)
        path = split.path[len(owner.subpath + "/api/v4"):]
        if mode not in HEALTHY_MODES:
            getattr(self, "mode_" + mode)()
        elif split.path == owner.subpath + "/metrics" and self.command == "GET":
            self.metrics(split.query)
        elif not split.path.startswith(owner.subpath + "/api/v4/") or path not in answers:
            self.error(404, "api.context.404.app_error")
        else:
            answers[path](dict(urllib.parse.parse_qsl(split.query)), mode)

    # -- what Mattermost says -------------------------------------------------------------------------------------

    def say(self, status, document, headers=()):
        body = json.dumps(document).encode()
        self.send_response(status)
        version = ".".join(map(str, self.server.owner.version))
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body))),
                            ("X-Request-Id", "r" * 26), ("X-Version-Id", f"{version}.0.{version}.0.abcdef.false"),
                            *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, what):
        self.say(status, {"id": what, "message": "An error.", "detailed_error": "", "request_id": "r" * 26,
                          "status_code": status})

    def ping(self, query, mode):
        owner = self.server.owner
        document = {"status": "OK", "AndroidLatestVersion": "", "AndroidMinVersion": "", "IosLatestVersion": "",
                    "IosMinVersion": ""}
        if owner.version < (6, 0):
            document["DesktopLatestVersion"] = document["DesktopMinVersion"] = ""
        if owner.version >= (9, 0):
            document["ActiveSearchBackend"] = "database"
        if mode == "busy":
            document["status"] = "UNHEALTHY"
        headers = []
        wanted = query.get("get_server_status", "")
        if wanted == "true" or wanted and owner.version < (6, 0):
            owner.writes += 1
            document["database_status"] = "UNHEALTHY" if mode == "database_down" else "OK"
            document["filestore_status"] = "UNHEALTHY" if mode == "filestore_down" else "OK"
            if "UNHEALTHY" in document.values():
                document["status"] = "UNHEALTHY"
            headers = [(name.capitalize(), document[name]) for name in ("status", "database_status", "filestore_status")]
            if owner.version >= (11, 0) and self.is_trusted():
                document["root_status"] = False
        gentle = query.get("use_rest_semantics") == "true" and owner.version >= (9, 6)
        self.say(500 if document["status"] != "OK" and not gentle else 200, document, headers)

    @property
    def token(self):
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def is_trusted(self):
        return self.server.owner.is_local or self.token == TOKEN or self.token in self.server.owner.sessions

    def refuses(self):
        owner = self.server.owner
        if not self.is_trusted():
            self.error(401, "api.context.session_expired.app_error")
        elif owner.wants_mfa and self.token in owner.sessions:
            self.error(403, "api.context.mfa_required.app_error")
        elif owner.forbidden:
            self.error(403, "api.context.permissions.app_error")
        else:
            return False
        return True

    # -- logging in -----------------------------------------------------------------------------------------------

    def login(self, query, mode):
        """As api4/user.go: what could tell too much is called wrong credentials, whatever it was."""
        owner, trouble = self.server.owner, None
        owner.logins += 1
        try:
            given = json.loads(self.body)
        except ValueError:
            given = {}
        if owner.is_local:
            self.error(404, "api.context.404.app_error")
            return
        if owner.login_trouble:
            trouble = owner.login_trouble
        elif owner.wrong_passwords >= owner.login_attempts_max:
            trouble = "api.user.check_user_login_attempts.too_many.app_error"
        elif given.get("login_id") != USER or given.get("password") != owner.password:
            owner.wrong_passwords += 1
            trouble = "api.user.login.invalid_credentials_email_username"
        if trouble:
            self.error(401, trouble)
            return
        owner.wrong_passwords = 0
        token = f"session{len(owner.all_sessions):019}"
        owner.all_sessions.append(token)
        if owner.keeps_sessions:
            owner.sessions.add(token)
        self.say(200, {"id": "u" * 26, "username": "monitor", "email": USER, "roles": "system_admin"},
                 [("Token", token)] if owner.gives_tokens else ())

    def logout(self, query, mode):
        self.server.owner.logouts += self.token in self.server.owner.sessions
        self.server.owner.sessions.discard(self.token)
        self.say(200, {"status": "OK"})

    # -- what takes rights ----------------------------------------------------------------------------------------

    def analytics(self, query, mode):
        if self.server.owner.is_local:
            self.error(404, "api.context.404.app_error")
        elif not self.refuses():
            self.say(200, [{"name": name, "value": value} for name, value in self.server.owner.analytics.items()])

    def plugin_statuses(self, query, mode):
        if self.server.owner.is_local:
            self.error(404, "api.context.404.app_error")
        elif not self.refuses():
            self.say(200, [{"plugin_id": name, "cluster_id": node, "plugin_path": "plugins/" + name, "state": state,
                            "error": "", "name": name.title(), "description": "", "version": version}
                           for name, node, version, state in self.server.owner.plugins])

    def plugin_manifests(self, query, mode):
        if not self.refuses():
            lists = {"active": [], "inactive": []}
            for name, _, version, state in self.server.owner.plugins:
                lists["active" if state == 2 else "inactive"].append({"id": name, "name": name.title(), "version": version})
            self.say(200, lists)

    def cluster(self, query, mode):
        if self.server.owner.is_local:
            self.error(404, "api.context.404.app_error")
        elif not self.refuses():
            self.say(200, [{"id": "i" * 26, "version": version, "config_hash": "h", "ipaddress": "10.0.0.1",
                            "hostname": hostname} for hostname, version in self.server.owner.nodes])

    def metrics(self, query):
        """Licensed servers only, and pools since 7.8. Newer ones give only what is asked for."""
        owner = self.server.owner
        if owner.pools is None:
            self.pour([b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\n\r\n"
                       b"404 page not found\n"])
            return
        names = urllib.parse.parse_qs(query).get("name[]", []) if owner.version >= (11, 0) else ()
        body = metrics_page(owner.pools if owner.version >= (7, 8) else {}, names)
        if owner.torn_at is not None:
            # A proxy in between that has lost its server and says nothing of it.
            self.pour([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", body[:owner.torn_at]])
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # -- what it should not say -----------------------------------------------------------------------------------

    def wait(self, seconds):
        """False when the server ends."""
        return not self.server.owner.ended.wait(seconds)

    def pour(self, pieces, pause=0.0):
        """Sends until the client has had enough."""
        self.close_connection = True
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.server.owner.poured += len(piece)
                if pause and not self.wait(pause) or self.server.owner.ended.is_set():
                    break
        except OSError:
            self.server.owner.hung_up += 1

    def mode_silent(self):
        self.close_connection = True
        self.wait(600)

    def mode_byte_by_byte(self):
        body = b'{"status":"OK","database_status":"OK","filestore_status":"OK"}'
        text = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        self.pour((text[i:i + 1] for i in range(len(text))), pause=0.2)

    def mode_body_byte_by_byte(self):
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"])
        self.pour((b" " for _ in range(10000)), pause=0.05)

    def mode_garbage(self):
        self.pour([b"\x16\x03\x01 SSH-2.0 \xff\xfe nothing that is HTTP\r\n\r\n" * 20])

    def mode_garbage_status(self):
        self.pour([b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}"])

    def mode_huge(self):
        piece = b'{"status":"OK"}' + b" " * 65521
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"])
        self.pour(piece for _ in range(HUGE_BYTES // len(piece)))

    def mode_huge_announced(self):
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % HUGE_BYTES])
        self.pour(b" " * 65536 for _ in range(HUGE_BYTES // 65536))

    def mode_huge_chunked(self):
        self.pour([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
        self.pour(b"10000\r\n" + b" " * 65536 + b"\r\n" for _ in range(HUGE_BYTES // 65536))

    def mode_headers_without_end(self):
        self.pour([b"HTTP/1.1 200 OK\r\n"])
        self.pour(b"X-Header-%d: %s\r\n" % (i, b"v" * 100) for i in range(1 << 20))

    def mode_one_long_header(self):
        self.pour([b"HTTP/1.1 200 OK\r\nX-Header: "])
        self.pour(b"v" * 65536 for _ in range(1 << 10))

    def mode_interim_without_end(self):
        self.pour(b"HTTP/1.1 100 Continue\r\n\r\n" for _ in range(1 << 24))

    def mode_gzip_bomb(self):
        body = bomb()
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body])

    def mode_deep(self):
        body = b"[" * 500000
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body])

    def mode_cut(self):
        self.pour([b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":"OK"'])

    def mode_endless_page(self):
        body = metrics_page(POOLS)
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n", body])
        self.pour((b"mattermost_more_total 1\n" for _ in range(1 << 20)), pause=0.05)

    def mode_nothing(self):
        self.close_connection = True

    def mode_redirect(self):
        self.pour([b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
                   % self.server.owner.redirect_to.encode()])

    def mode_unauthorized(self):
        self.error(401, "api.context.session_expired.app_error")

    def mode_rate_limited(self):
        self.pour([b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 16\r\n\r\nlimit exceeded\r\n"])

    def mode_bad_gateway(self):
        self.pour([b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"])

    def mode_web_page(self):
        self.pour([b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"])

    def mode_error_without_status(self):
        self.error(500, "api.system.ping.app_error")


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads, block_on_close, allow_reuse_address, request_queue_size = True, False, True, 64

    def finish_request(self, request, client_address):
        self.owner.connections += 1
        try:
            if self.owner.tls is not None:
                request = self.owner.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            if self.owner.tls is not None:
                request.close()
        except (OSError, ValueError):
            pass  # the client left; many of these tests are about that

    def handle_error(self, request, client_address):
        pass


class UnixServer(Server):
    address_family = socket.AF_UNIX


class FakeMattermost:
    """mode       of all answers; `modes` {path: mode} goes before it
    pools      what the page of its own metrics says of them; None: there is no such page
    torn_at    how many bytes of that page come before the connection ends; None: all
    tls        (key, certificate): https
    unix_path  local mode, on that socket
    """

    handler = Handler

    def __init__(self, version="11.6", mode="healthy", tls=None, unix_path=None, subpath="", port=0):
        if mode == "gzip_bomb":
            bomb()
        self.version, self.mode, self.modes, self.subpath = VERSIONS[version], mode, {}, subpath
        self.analytics, self.plugins, self.nodes, self.forbidden = dict(ANALYTICS), list(PLUGINS), list(NODES), False
        self.redirect_to = "http://127.0.0.1:1/"
        self.pools, self.torn_at = {name: dict(pool) for name, pool in POOLS.items()}, None
        self.requests, self.writes, self.connections, self.poured, self.hung_up = [], 0, 0, 0, 0
        self.keeps_connections_s, self.open = 600, set()
        # Logging in: rows of Sessions now and ever, requests, and what goes wrong.
        self.sessions, self.all_sessions, self.logins, self.logouts = set(), [], 0, 0
        self.password, self.wrong_passwords, self.login_attempts_max = PASSWORD, 0, 10
        self.login_trouble, self.keeps_sessions, self.gives_tokens, self.wants_mfa = None, True, True, False
        self.ended = threading.Event()
        self.is_local = unix_path is not None
        self.tls = None
        if tls is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(tls[1], tls[0])
        self.server = UnixServer(unix_path, self.handler) if self.is_local else Server(("127.0.0.1", port), self.handler)
        self.server.owner = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{self.subpath}"

    def mode_of(self, path):
        return self.modes.get(path[len(self.subpath):], self.mode)

    def paths(self):
        return [urllib.parse.urlsplit(path).path for path, _ in list(self.requests)]

    def count(self, ending):
        return sum(path.endswith(ending) for path in self.paths())

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


