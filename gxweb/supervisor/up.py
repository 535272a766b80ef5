"""The order of things: lock, leftovers, Valkey, migrations, children, ready, and back again."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import redis

from gxweb.supervisor import children, leftovers, ports, valkey
from gxweb.supervisor.child import Child
from gxweb.supervisor.children import Site
from gxweb.supervisor.folder import Folder
from gxweb.supervisor.keeper import Keeper, Say
from gxweb.supervisor.readiness import is_ready
from gxweb.supervisor.refusal import Refused
from gxweb.supervisor.wakeup import Wakeup
from gxweb.supervisor.welcome import next_steps

# Web and worker go together, so that nothing new begins; control sees the worker's last words.
PHASES = (("web", "worker"), ("control",), ("valkey",))
# A process that is not our child ends without a signal to us.
LOOK_S = 0.5
PATIENCE_S = 60.0


class Stopped(Exception):
    """Somebody asked us to stop before everything was up."""


@dataclass
class Supervisor:
    """`site` is complete once Redis has its address."""

    site: Site
    folder: Folder
    say: Say
    asked: Callable[[], bool] = lambda: False
    sample: Child | None = None

    def run(self) -> None:
        """Until a signal; raises Refused when it cannot even start."""
        self.folder.make()
        with self.folder.lock(), Wakeup(self.asked) as wakeup:
            self._clear_the_way(wakeup)
            keeper = Keeper(self.folder, self.say)
            with self._stopping(keeper, wakeup):
                self._start(keeper, wakeup)
                self._watch(keeper, wakeup)

    def _clear_the_way(self, wakeup: Wakeup) -> None:
        ended = leftovers.end(self.site.var, wakeup.wait)
        if ended:
            self.say(f"ended {ended} processes of an earlier supervisor")
        if not ports.is_free(self.site.port):
            raise Refused(f"port {self.site.port} is in use: stop what uses it, or set PORT")

    def _start(self, keeper: Keeper, wakeup: Wakeup) -> None:
        self._start_redis(keeper, wakeup)
        self.folder.write_run_env(self.site.run_env())
        self._migrate()
        for command in children.commands(self.site):
            _go_on(wakeup)
            keeper.keep(command)

    def _start_redis(self, keeper: Keeper, wakeup: Wakeup) -> None:
        if self.site.redis_url:
            _check(self.site.redis_url)
            return
        server = valkey.at(self.site.var)
        adopted = valkey.running_in(server.folder)
        keeper.keep(server.command(), adopted)
        process = keeper.kept[0].process

        def alive() -> bool:
            _go_on(wakeup)
            return process is not None and process.ended() is None

        if not valkey.await_answer(server, alive, wakeup.wait):
            raise Refused(f"Valkey does not start: {self.folder.last_words('valkey')}")
        how = "adopted, it was still running" if adopted else "its AOF is in VAR"
        self.say(f"Valkey on port {server.port} ({how})")
        self.site = replace(self.site, redis_url=server.url)

    def _migrate(self) -> None:
        command = [sys.executable, str(self.site.root / "manage.py"), "migrate", "--noinput"]
        done = subprocess.run(
            [*command, "--verbosity", "0"],
            env=self.site.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            said = done.stdout.strip().splitlines() or ["it said nothing"]
            raise Refused(f"the database cannot be migrated: {said[-1]}")

    def _watch(self, keeper: Keeper, wakeup: Wakeup) -> None:
        self._become_ready(keeper, wakeup)
        while not wakeup.stops:
            wakeup.wait(min(keeper.step(), LOOK_S))
            if self.sample is not None:
                self.sample.ended()  # looked at, so that no zombie stays

    def _become_ready(self, keeper: Keeper, wakeup: Wakeup) -> None:
        began, patience = time.monotonic(), PATIENCE_S
        while not wakeup.stops:
            lived = time.monotonic() - began
            if is_ready(self.site.port, self.site.public_url):
                self._welcome(lived)
                # Once, and it may fail: the first page does without. What is left of it when we
                # stop goes with the leftovers.
                self.sample = Child(children.sample(self.site), self.folder)
                return
            if lived > patience:
                patience = math.inf
                self.say(f"not ready after {lived:.0f} s: see {self.folder.path / 'log'}")
            wakeup.wait(min(keeper.step(), 0.1))

    def _welcome(self, seconds: float) -> None:
        log = os.path.relpath(self.folder.path / "log")
        self.say(f"ready at {self.site.public_url} after {seconds:.1f} s")
        for line in next_steps(self.site):
            self.say(f"  {line}")
        self.say(f"The processes speak in {log}/. Ctrl-C stops everything.")

    @contextmanager
    def _stopping(self, keeper: Keeper, wakeup: Wakeup) -> Iterator[None]:
        try:
            yield
        except Stopped:
            pass
        finally:
            # Refusing is one line, and not ours to say.
            say = self.say if wakeup.stops else _nothing
            say("stopping")
            keeper.stop(PHASES, wakeup)
            leftovers.end(self.site.var, wakeup.wait, grace_s=1.0)
            self.folder.remove_run_env()
            say("stopped")


def _nothing(line: str) -> None:
    """For what need not be said."""


def _go_on(wakeup: Wakeup) -> None:
    if wakeup.stops:
        raise Stopped


def _check(url: str) -> None:
    """A Redis of somebody else: it is there, or it makes no sense to begin."""
    try:
        with redis.Redis.from_url(url, socket_timeout=5, retry=None) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Refused(f"REDIS_URL: no answer from there: {error}") from None
