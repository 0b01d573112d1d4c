# SPDX-License-Identifier: Apache-2.0
"""How each thing goes wrong, and how it is put right again."""

import os
import queue
import shutil
import signal
import socket
import threading
import time
import traceback

import processes
from chaos.watch import LOOK, SLOW
from chaos.world import Questions
from fake_mattermost import FakeMattermost
from minotor import HOSTILE

RELOADS = 20
CLIENTS = 40
RECOVERY_S = 1.5 * SLOW  # of a front from a lack of memory or descriptors
GONE_S = 10


class Missed(Exception):
    """There was nobody to do it to."""


class Lane(threading.Thread):
    """Does the deeds of one kind of place, each when the last one has been put right."""

    def __init__(self, doer, name):
        super().__init__(daemon=True, name=name)
        self.doer, self.deeds, self.error = doer, queue.Queue(), None

    def run(self):
        while (deed := self.deeds.get()) is not None:
            try:
                self.doer.do(deed)
            except Exception:  # pylint: disable=broad-except
                self.error = self.error or f"{deed}: {traceback.format_exc()}"


class Doer:
    def __init__(self, world, checker):
        self.world, self.checker, self.daemon = world, checker, world.daemon
        self.done, self.missed, self.history = {}, {}, []
        self.lock = threading.Lock()
        self.stops = self.checker.stops
        self.locks = {name: Questions(side.source) for name, side in world.sides.items()}
        self.killers = {name: Questions(side.source) for name, side in world.sides.items()}
        self.hups = 0

    def rage(self, deeds):
        lanes = {}
        begin = self.checker.begin
        for deed in deeds:
            if deed.lane not in lanes:
                lanes[deed.lane] = Lane(self, deed.lane)
                lanes[deed.lane].start()
            time.sleep(max(0.0, begin + deed.moment - time.monotonic()))
            lanes[deed.lane].deeds.put(deed)
        for lane in lanes.values():
            lane.deeds.put(None)
        for lane in lanes.values():
            lane.join(120)
            assert not lane.is_alive(), f"{lane.name} hangs"
            assert lane.error is None, lane.error
        for one in list(self.locks.values()) + list(self.killers.values()):
            one.close()

    def do(self, deed):
        name = f"{deed.lane} {deed.kind}".replace("more_", "")
        steps = getattr(self, f"{deed.lane.replace('more_', '')}_{deed.kind}", None) or getattr(
            self, f"{'net' if deed.lane.endswith('_net') else 'server'}_{deed.kind}")
        begun = time.monotonic() - self.checker.begin
        try:
            # A deed is a generator: what it does before its first yield goes wrong, what comes after puts it right.
            running = steps(deed, **deed.arguments)
            if running is not None:
                next(running)
                time.sleep(deed.seconds)
                for _ in running:
                    pass
            count = self.done
        except Missed:
            count = self.missed
        with self.lock:
            count[name] = count.get(name, 0) + 1
            self.history.append(f"{begun:.2f} to {time.monotonic() - self.checker.begin:.2f}: {name} {deed.arguments}"
                                + (" (missed)" if count is self.missed else ""))

    # -- workers ----------------------------------------------------------------------------------------------------

    def worker(self, slot):
        pid = self.daemon.worker("@".join(slot))
        if not pid:
            raise Missed
        return pid

    def kill(self, pid, number):
        if not pid or not processes.send(pid, number):
            raise Missed

    def workers_kill(self, deed, slot):
        self.kill(self.worker(slot), signal.SIGKILL)

    def workers_term(self, deed, slot):
        self.kill(self.worker(slot), signal.SIGTERM)

    def workers_segv(self, deed, slot):
        self.kill(self.worker(slot), signal.SIGSEGV)

    def stop(self, pid):
        self.kill(pid, signal.SIGSTOP)
        yield
        processes.send(pid, signal.SIGCONT)

    def workers_stop(self, deed, slot):
        yield from self.stop(self.worker(slot))

    def workers_stop_for_good(self, deed, slot):
        self.kill(self.worker(slot), signal.SIGSTOP)

    def limit(self, pid, which, value):
        names = {"data": "Max data size", "nofile": "Max open files"}
        before = processes.limits(pid).get(names[which], (None,))[0] if pid else None
        if before is None or not processes.set_soft_limit(pid, which, value):
            raise Missed
        yield
        processes.set_soft_limit(pid, which, before)

    def workers_limit_memory(self, deed, slot):
        yield from self.limit(self.worker(slot), "data", 1 << 20)

    def workers_limit_descriptors(self, deed, slot):
        yield from self.limit(self.worker(slot), "nofile", 5)

    # -- brokers ----------------------------------------------------------------------------------------------------

    def broker(self, slot):
        pid = self.daemon.children().get("minotor: broker " + "@".join(slot))
        if not pid:
            raise Missed
        return pid

    def brokers_kill(self, deed, slot):
        self.kill(self.broker(slot), signal.SIGKILL)

    def brokers_term(self, deed, slot):
        self.kill(self.broker(slot), signal.SIGTERM)

    def brokers_stop(self, deed, slot):
        yield from self.stop(self.broker(slot))

    def brokers_stop_for_good(self, deed, slot):
        self.kill(self.broker(slot), signal.SIGSTOP)

    # -- the front ----------------------------------------------------------------------------------------------------

    def excused(self, steps):
        """What comes is short of memory or descriptors in the front itself: scrapes may be lost or late."""
        window = [time.monotonic(), float("inf")]
        self.checker.excused.append(window)
        try:
            yield from steps
        finally:
            window[1] = time.monotonic() + RECOVERY_S

    def front_kill(self, deed):
        self.kill(self.daemon.front(), signal.SIGKILL)

    def front_term(self, deed):
        self.kill(self.daemon.front(), signal.SIGTERM)

    def front_stop(self, deed):
        yield from self.stop(self.daemon.front())

    def front_stop_for_good(self, deed):
        self.kill(self.daemon.front(), signal.SIGSTOP)

    def front_limit_memory(self, deed):
        yield from self.excused(self.limit(self.daemon.front(), "data", 1 << 20))

    def front_limit_descriptors(self, deed):
        yield from self.excused(self.limit(self.daemon.front(), "nofile", 8))

    def front_clients(self, deed):
        """Many that say half of something, or nothing."""
        made = []
        for i in range(CLIENTS):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(self.daemon.host_and_port)
            made.append(one)
        for i, one in enumerate(made):
            try:
                one.send((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nX: ", b"\0\xff\r\n\r\n")[i % 4])
            except OSError:
                pass
        yield
        for one in made:
            one.close()

    # -- minotord -------------------------------------------------------------------------------------------------------

    def supervisor_stop(self, deed):
        window = [time.monotonic(), float("inf")]
        self.stops.append(window)
        yield from self.stop(self.daemon.pid)
        window[1] = time.monotonic()

    def points_fail(self, deed, role, call, error, times, skip, provoke, slot):
        def steps():
            self.world.points.arm(role, call, error, times, skip)
            try:
                if provoke == "worker":
                    processes.send(self.daemon.worker("@".join(slot)) or 0x7fffffff, signal.SIGKILL)
                elif provoke == "front":
                    processes.send(self.daemon.front() or 0x7fffffff, signal.SIGKILL)
                else:
                    self.daemon.reload()
                yield
            finally:
                self.world.points.disarm(role, call)
        yield from (self.excused(steps()) if role == "front" else steps())

    def clock_step(self, deed, step):
        self.world.points.step_clock(step * 1000)
        yield
        self.world.points.step_clock(0)

    # -- Mattermost ---------------------------------------------------------------------------------------------------

    def api_mode(self, deed, mode):
        api = self.world.api
        if mode == "closed":
            port = api.port
            api.close()
            yield
            self.world.api = FakeMattermost(port=port)
        else:
            api.mode = mode
            yield
            api.mode = "healthy"

    # -- configuration --------------------------------------------------------------------------------------------------

    def config_bad(self, deed):
        self.daemon.write("minotor.conf", "targets = ( { name = \"pg\";\n")
        self.daemon.reload()
        yield
        self.daemon.write_config()
        self.daemon.reload()

    def config_unreadable(self, deed):
        os.rename(self.daemon.config_path, self.daemon.config_path + ".away")
        self.daemon.reload()
        yield
        os.rename(self.daemon.config_path + ".away", self.daemon.config_path)
        self.daemon.reload()

    def config_state_file_in_the_way(self, deed):
        place = os.path.join(self.daemon.directory, "state")
        os.makedirs(os.path.join(place, "full"), exist_ok=True)
        self.daemon.reload()
        yield
        shutil.rmtree(place)

    def with_files(self, change):
        """Files of collectors as `change` makes them, then as they were."""
        files = self.world.files()
        before = {name: dict(file) for name, file in files.items()}
        changed = change(files)
        for name in changed:
            self.daemon.write_collector(name, files[name])
        self.daemon.reload()
        yield
        for name in changed:
            self.daemon.write_collector(name, before[name])
        self.daemon.reload()

    def config_interval(self, deed, interval):
        def change(files):
            for name in ("kpi", "dbpool", "pair"):
                files[name]["interval"] = f"{interval}ms"
            return ("kpi", "dbpool", "pair")
        yield from self.with_files(change)

    def config_mood(self, deed, mood):
        def change(files):
            files["pair"]["settings"] = {"mood": mood}
            return ("pair",)
        yield from self.with_files(change)

    def config_remove(self, deed, collector):
        """A new slot counts from zero; which one a page is about is known only when the old one has gone."""
        incarnations = self.checker.incarnations
        incarnations[collector] = None  # unknown
        self.daemon.write_collector(collector, {**self.world.files()[collector], "enabled": False})
        self.daemon.reload()
        yield
        self.daemon.write_collector(collector, self.world.files()[collector])
        self.daemon.reload()
        time.sleep(GONE_S)
        incarnations[collector] = time.monotonic()

    def config_storm(self, deed):
        for _ in range(RELOADS):
            self.daemon.reload()

    def config_no_password(self, deed, slot):
        path = self.daemon.password_file
        os.rename(path, path + ".away")
        processes.send(self.daemon.worker("@".join(slot)) or 0x7fffffff, signal.SIGKILL)
        yield
        os.rename(path + ".away", path)

    def plugin(self, write):
        new = self.world.pair_plugin + ".new"
        write(new)
        os.replace(new, self.world.pair_plugin)

    def good_plugin(self):
        self.plugin(lambda path: shutil.copy(os.path.join(HOSTILE, "pair.so"), path))
        self.daemon.reload()

    def config_plugin_replaced(self, deed):
        self.good_plugin()

    def config_plugin_garbage(self, deed):
        def garbage(path):
            with open(path, "wb") as file:
                file.write(b"\x7fELF but nothing else" * 50)
        self.plugin(garbage)
        self.daemon.reload()
        yield
        self.good_plugin()

    # -- servers ------------------------------------------------------------------------------------------------------

    def side(self, deed):
        return self.world.sides[deed.lane.removesuffix("_net")]

    def server_restart(self, deed, immediate):
        server = self.side(deed).server
        server.stop(immediate=immediate)
        server.start()

    server_crash = server_restart

    def server_freeze(self, deed):
        server = self.side(deed).server
        server.sigstop()
        yield
        server.sigcont()

    def server_lock(self, deed):
        ask = self.locks[self.side(deed).name]
        lock, unlock = {"postgresql": ("BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
                        "mysql": ("LOCK TABLES Posts WRITE", "UNLOCK TABLES")}[self.side(deed).engine]
        if ask(lock) is None:
            raise Missed
        yield
        ask(unlock)

    def server_terminate(self, deed):
        side = self.side(deed)
        ask = self.killers[side.name]
        if side.engine == "postgresql":
            if ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'minotor'") is None:
                raise Missed
            return
        for line in ask(LOOK["mysql"]) or ():
            ask("KILL " + line.split(" ")[0])  # may have gone by itself

    # -- networks -----------------------------------------------------------------------------------------------------

    def net_hold(self, deed):
        self.side(deed).proxy.hold()
        yield
        self.side(deed).proxy.let_pass()

    def net_reset(self, deed):
        self.side(deed).proxy.reset()

    def net_refuse(self, deed):
        self.side(deed).proxy.refuse()
        yield
        self.side(deed).proxy.accept()
