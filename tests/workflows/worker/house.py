"""Real worker processes on one Redis; the test plays the API plane."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.compute.celery import CeleryCompute
from workflows.engine.component import Workflow
from workflows.wire import pulse

ROOT = Path(__file__).parents[3]
REGISTRY = "tests.workflows.worker.flows"


class Yard(House):
    """Starts workers and rings for them."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url)
        self.compute = CeleryCompute(url)
        self.folder = folder
        self._logs: dict[int, Path] = {}

    def ring(self, run: str, flow: Workflow[..., Any], lane: str = "interactive") -> None:
        self.compute.submit(self.order(run, flow), lane)

    @contextmanager
    def worker(self, *words: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
        process = self.spawn(*words, **environ)
        try:
            wait_for(lambda: self.alive(process), what=lambda: self.log(process))
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def spawn(self, *words: str, **environ: str) -> subprocess.Popen[bytes]:
        clean = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        out = (self.folder / f"worker-{time.monotonic_ns()}.log").open("wb")
        command = [sys.executable, "-m", "workflows.worker", "--registry", REGISTRY, *words]
        env = {**clean, "REDIS_URL": self.url, "GX_LEASE_SECONDS": "2", **environ}
        with out:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
        self._logs[process.pid] = Path(out.name)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> str:
        return self._logs[process.pid].read_text()

    def alive(self, process: subprocess.Popen[bytes]) -> bool:
        return any(beat.pid == process.pid for beat in pulse.workers(self.redis))

    def until(self, run: str, condition: Callable[[Any], bool], seconds: float = 30) -> None:
        wait_for(lambda: condition(self.state(run)), seconds, lambda: str(self.state(run)))


def wait_for(
    condition: Callable[[], bool], seconds: float = 30, what: Callable[[], str] = lambda: ""
) -> None:
    end = time.monotonic() + patience(seconds)
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience(seconds):g} s in vain. {what()}")
        time.sleep(0.01)
