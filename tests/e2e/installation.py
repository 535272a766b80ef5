"""An installation as `make up` makes it, on a folder and a port of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gxweb.supervisor import processes, valkey
from tests.patience import patience
from tests.valkey import free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """One `make up`; `process` is that of make."""

    var: Path
    port: int
    speed: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def supervisor(self) -> int:
        """The child of make."""
        path = processes.PROC / f"{self.process.pid}/task/{self.process.pid}/children"
        return int(path.read_text().split()[0])

    def said(self) -> str:
        return self.var.with_name("said").read_text()

    def living(self) -> list[int]:
        mark = f"GX_SUPERVISED={self.var}".encode()
        marked = [pid for pid in processes.pids() if mark in processes.environment(pid)]
        server = valkey.running_in(self.var / "valkey")
        return marked + ([server.pid] if server else [])

    def manage(self, *words: str) -> str:
        command = [".venv/bin/python", "manage.py", *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment(self), check=True, capture_output=True, text=True
        ).stdout

    def call(self, method: str, path: str, token: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=patience(30)) as answer:
            return json.load(answer)

    def start(self) -> None:
        before = self.said().count("ready at") if self.var.with_name("said").exists() else 0
        with self.var.with_name("said").open("ab") as said:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                ["make", "up"],
                cwd=ROOT,
                env=environment(self),
                stdout=said,
                stderr=said,
                preexec_fn=_as_from_a_terminal,
            )
        eventually(
            lambda: self.said().count("ready at") > before or self.process.poll() is not None
        )
        assert self.said().count("ready at") > before, self.said()


def _as_from_a_terminal() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C, and all that comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def environment(it: Installation) -> dict[str, str]:
    """Nothing of the machine's own settings: no keys, no Redis, no other make."""
    ours = ("REDIS_URL", "DJANGO_SETTINGS_MODULE", "MAKEFLAGS", "MAKELEVEL", "OPENAI_", "GEMINI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "VAR": str(it.var), "PORT": str(it.port), "GX_OFFLINE_TOKENS_PER_SECOND": str(it.speed),
    }  # fmt: skip


def eventually(look: Callable[[], T], seconds: float = 120) -> T:
    deadline = time.monotonic() + patience(seconds)
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
    return found


@contextmanager
def installation(folder: Path, speed: int = 2000) -> Iterator[Installation]:
    """Up until the block ends. `speed`: of the offline model, in tokens per second."""
    it = Installation(folder / "var", free_port(), speed)
    try:
        it.start()
        yield it
    finally:
        print(it.said())  # shown when a test fails
        if it.process.poll() is None:
            it.process.terminate()
            it.process.wait(timeout=patience(60))
        processes.send(it.living(), signal.SIGKILL)
