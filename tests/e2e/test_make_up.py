"""`make up` as a person types it: ready, killed in mid-run, started again, stopped for good."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gxweb.supervisor import processes, valkey
from tests.valkey import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
NOTES = "\n\n".join(
    f"Chapter {n}. The river {name} rises in the hills and reaches the sea after {n}0 days."
    " Its ferries carry salt, wool and letters, and every ferry keeps a book of its own."
    for n, name in enumerate(("Alba", "Brenna", "Corva", "Dosna", "Elda", "Fornia"), start=1)
)


@dataclass
class Installation:
    """One `make up` on a VAR and a port of its own."""

    var: Path
    port: int
    process: "subprocess.Popen[bytes]"

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
            command, cwd=ROOT, env=_environment(self), check=True, capture_output=True, text=True
        ).stdout

    def call(self, method: str, path: str, token: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def start(self) -> None:
        before = self.said().count("ready at") if self.var.with_name("said").exists() else 0
        with self.var.with_name("said").open("ab") as said:
            self.process = subprocess.Popen(
                ["make", "up"], cwd=ROOT, env=_environment(self), stdout=said, stderr=said
            )
        eventually(
            lambda: self.said().count("ready at") > before or self.process.poll() is not None
        )
        assert self.said().count("ready at") > before, self.said()


def _environment(it: Installation) -> dict[str, str]:
    """Nothing of the machine's own settings: no keys, no Redis, no other make."""
    ours = ("REDIS_URL", "DJANGO_SETTINGS_MODULE", "MAKEFLAGS", "MAKELEVEL", "OPENAI_", "GEMINI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"VAR": str(it.var), "PORT": str(it.port), "GX_OFFLINE_TOKENS_PER_SECOND": "2000"}


def eventually(look: Callable[[], T], seconds: float = 120) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
    return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "var", free_port(), None)  # type: ignore[arg-type]
    it.start()
    yield it
    if it.process.poll() is None:
        it.process.terminate()
        it.process.wait(timeout=60)
    processes.send(it.living(), signal.SIGKILL)


def token(up: Installation) -> str:
    printed = up.manage("issue_token", "ann@example.com", "--create")
    return next(word for word in printed.split() if word.startswith("gx_"))


def finished(up: Installation, run: str, key: str) -> Any:
    def look() -> Any:
        found = up.call("GET", f"/api/runs/{run}", key)
        return found if found["status"] in {"completed", "failed", "cancelled"} else None

    return eventually(look)


def test_a_run_survives_the_supervisor_and_sigterm_leaves_nothing(up: Installation) -> None:
    key = token(up)
    body = {"topic": "Ferries", "notes": NOTES}
    run = up.call("POST", "/api/workflows/blog/runs", key, body)["id"]
    os.kill(up.supervisor, signal.SIGKILL)
    assert up.process.wait(timeout=10) != 0
    up.start()
    assert finished(up, run, key)["status"] == "completed"

    up.process.terminate()
    up.process.wait(timeout=60)
    assert eventually(lambda: not up.living(), seconds=5)
    left = {path.name for path in up.var.iterdir()} - {"db.sqlite3", "log", "valkey"}
    assert left == {"secret_key", "supervisor.lock"}


def test_an_interrupt_that_only_make_sees_stops_everything(up: Installation) -> None:
    up.process.send_signal(signal.SIGINT)
    up.process.wait(timeout=40)
    assert eventually(lambda: not up.living(), seconds=5)
    assert "gxweb: stopped\n" in up.said()


def test_a_killed_make_takes_everything_along(up: Installation) -> None:
    up.process.kill()
    up.process.wait()
    assert eventually(lambda: not up.living(), seconds=40)
    assert eventually(lambda: up.said().endswith("gxweb: stopped\n"), seconds=5)
