"""The whole system as separate processes: Valkey, web, workers, controls, and a fake provider.

Nothing here restarts what died: a test decides who lives.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from redis import Redis

from tests import valkey
from tests.chaos.process import ROOT, Process
from tests.chaos.waiting import until
from tests.fakes import Provider
from tests.hand import Hand
from workflows.wire import keys, log
from workflows.wire.events import Event

# A line for each poll would bury what failed.
logging.getLogger("httpx2").setLevel(logging.WARNING)
_FOLDER = tempfile.TemporaryDirectory(prefix="gxweb-furnished-")
_FURNISHED = Path(_FOLDER.name)
EACH = int(os.environ.get("EACH") or 0)
ENDED = {"completed", "failed", "cancelled"}
UVICORN = [
    *("-m", "uvicorn", "gxweb.asgi:application", "--host", "127.0.0.1", "--no-access-log"),
    *("--ws", "gxweb.sockets:Socket", "--ws-max-size", "65536", "--ws-ping-interval", "20"),
    *("--timeout-graceful-shutdown", "5"),
]


class Stack:
    """One installation on free ports, its state in `folder`."""

    def __init__(self, folder: Path, provider: Provider, environ: dict[str, str]) -> None:
        self.folder, self.provider = folder, provider
        self.spare: Provider | None = None  # the next in the chain of workers added from now on
        self.server = valkey.start(folder / "valkey", fsync=environ.pop("FSYNC", "always"))
        self.port = valkey.free_port()
        self.env = _environment(self, environ)
        self._hand = Hand(self.env)
        self.webs: list[Process] = []
        self.workers: list[Process] = []
        self.controls: list[Process] = []
        self.token = ""
        # No connection outlives its answer: a web process may have been killed in between.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.client = httpx2.Client(base_url=self.url, limits=limits, timeout=30, trust_env=False)

    # -- its processes
    def start(self, webs: int = 1, workers: int = 1, controls: int = 1) -> None:
        """Without a control it is for the test to wait until it is ready. EACH=2 in the environment
        starts that many of each that a test has at all."""
        webs, workers, controls = (max(n, EACH) if n else 0 for n in (webs, workers, controls))
        self.token = self._furnish()
        self.client.headers["Authorization"] = f"Bearer {self.token}"
        for _ in range(webs):
            self.add_web()
        for _ in range(workers):
            self.add_worker()
        for _ in range(controls):
            self.add_control()
        if controls:
            self.ready()

    def _furnish(self) -> str:
        """A database with its tables and one user; her token. Made once, copied after that."""
        database, made = self.folder / "db.sqlite3", _FURNISHED / "db.sqlite3"
        if not self.env["DATABASE_URL"].startswith("sqlite"):
            return self._furnished()
        if not made.exists():
            (_FURNISHED / "token").write_text(self._furnished())
            with sqlite3.connect(database) as source, sqlite3.connect(made) as target:
                source.backup(target)
            source.close()
            target.close()
        else:
            shutil.copy(made, database)
        return (_FURNISHED / "token").read_text()

    def _furnished(self) -> str:
        self.manage("migrate", "--verbosity", "0")
        printed = self.manage("issue_token", "ann@example.com", "--create")
        return next(word for word in printed.split() if word.startswith("gx_"))

    def add_web(self) -> Process:
        port = self.port if not self.webs else valkey.free_port()
        name, words = f"web{len(self.webs) + 1}", [*UVICORN, "--port", str(port)]
        self.webs.append(Process(name, words, self.env | {"PORT": str(port)}, self.folder).start())
        return self.webs[-1]

    def add_worker(self, *words: str, module: str = "workflows.worker") -> Process:
        env = {name: value for name, value in self.env.items() if name != "DJANGO_SETTINGS_MODULE"}
        name = f"worker{len(self.workers) + 1}"
        env["GX_PROVIDERS"] = providers(
            *(f"{p.root}/{name}/v1" for p in (self.provider, self.spare) if p)
        )
        self.workers.append(Process(name, ["-m", module, *words], env, self.folder).start())
        return self.workers[-1]

    def add_control(self) -> Process:
        name = f"control{len(self.controls) + 1}"
        words = ["manage.py", "control"]
        self.controls.append(Process(name, words, self.env, self.folder).start())
        return self.controls[-1]

    def ready(self, seconds: float = 60) -> None:
        path = "/readyz" if self.workers else "/healthz"
        try:
            until(lambda: self._answers(path), seconds, what=path)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tails()}") from None

    def _answers(self, path: str) -> bool:
        try:
            return self.client.get(path).status_code == 200
        except httpx2.HTTPError:
            return False

    def stop(self) -> None:
        for process in [*self.webs, *self.workers, *self.controls]:
            process.thaw()
            process.kill() if process.alive else None
        self._hand.close()
        self.server.stop()
        self.client.close()

    def restart_valkey(self) -> None:
        self.server = valkey.start(self.folder / "valkey", port=self.server.port)

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        """What it prints, with this installation's settings."""
        return self._hand.does(code)

    def tails(self) -> str:
        return "\n".join(p.tail() for p in [*self.webs, *self.workers, *self.controls])

    # -- its outside
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post_run(self, **brief: Any) -> httpx2.Response:
        return self.client.post("/api/workflows/blog/runs", json={"topic": "A licence", **brief})

    def begin(self, **brief: Any) -> str:
        answer = self.post_run(**brief)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/runs/{run}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, run: str, seconds: float = 120) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.run(run)
            return found if found["status"] in ENDED else None

        try:
            return until(look, seconds, every=0.2) or {}
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tails()}") from None

    def cancel(self, run: str) -> httpx2.Response:
        return self.client.post(f"/api/runs/{run}/cancellation", json={})

    def events(self, run: str) -> list[dict[str, Any]]:
        """The log as REST gives it, up to its tip."""
        accept = {"Accept": "application/x-ndjson"}
        path = f"/api/runs/{run}/events?follow=0"
        answer = until(lambda: _served(self.client.get(path, headers=accept)))
        assert answer is not None
        return [json.loads(line) for line in answer.text.splitlines() if line]

    # -- its inside
    def row(self, run: str) -> dict[str, Any]:
        """As SQL has it."""
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as database:
            database.row_factory = sqlite3.Row
            found = database.execute("SELECT * FROM runs_run WHERE id = ?", [UUID(run).hex])
            return dict(found.fetchone())

    def redis(self) -> Redis:
        return Redis.from_url(self.server.url)

    def log(self, run: str) -> list[Event]:
        with self.redis() as client:
            return log.read(client, run)

    def calls(self) -> list[dict[str, Any]]:
        """SQL's ledger, once all that was written down has been brought to it."""

        def brought() -> bool:
            with self.redis() as client:
                streams = [keys.spend(number) for number in range(keys.BUCKETS)]
                return not any(client.xlen(stream) for stream in streams)

        until(brought, 30, what="the ledger")
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM runs_call")]

    def starts(self, run: str) -> list[Event]:
        return [event for event in self.log(run) if event.kind == "run.started"]

    def owner(self, run: str) -> Process | None:
        """The worker process that opened the newest attempt."""
        starts = self.starts(run)
        name = starts[-1].body.worker if starts else ""  # type: ignore[union-attr]
        return next((w for w in self.workers if w.alive and str(w.pid) in name), None)


def providers(*base_urls: str) -> str:
    """GX_PROVIDERS: the fake ones. Each worker has an address of its own for each, so that the
    ledgers tell who called."""
    models = {"small": "fake-small", "large": "fake-large", "embedding": "fake-embedding"}
    fakes = [
        {"name": name, "base_url": url, "key_env": "FAKE_KEY", "models": models}
        for name, url in zip(("fake", "spare"), base_urls, strict=False)
    ]
    return json.dumps(fakes)


def _environment(stack: Stack, changes: dict[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "VAR": str(stack.folder / "var"),
        "PORT": str(stack.port),
        "PUBLIC_URL": f"http://127.0.0.1:{stack.port}",
        "DATABASE_URL": f"sqlite:///{stack.folder}/db.sqlite3",
        "REDIS_URL": stack.server.url,
        "DEBUG": "1",
        "FAKE_KEY": "sk-fake",
        "GX_USER_CONCURRENT_RUNS": "1000",
        "GX_USER_DAILY_USD": "100000",
        "GX_USER_DAILY_TOKENS": "1000000000",
        **changes,
    }


@contextmanager
def stack(
    folder: Path, *, webs: int = 1, workers: int = 1, controls: int = 1, latency: float = 0.2,
    tokens_per_second: float = 0, start: bool = True, **environ: str,
) -> Iterator[Stack]:  # fmt: skip
    """A running installation; everything it started is gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with Provider(latency=latency, tokens_per_second=tokens_per_second) as provider:
        made = Stack(folder, provider, environ)
        try:
            if start:
                made.start(webs, workers, controls)
            yield made
        finally:
            made.stop()


def now() -> float:
    return time.monotonic()


def _served(answer: httpx2.Response) -> httpx2.Response | None:
    """None: it says to come again, since Redis did not answer in time."""
    assert answer.status_code in (200, 503), answer.text
    return answer if answer.status_code == 200 else None
