"""One worker process with many runs that wait for the provider: its memory, and that all end."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from subprocess import Popen

from redis import Redis

from tests import valkey
from tests.bench.figure import Figure
from tests.bench.flows import WORDS, bench
from tests.chaos.waiting import until
from tests.fakes import Provider
from tests.workflows.worker.house import Yard
from workflows.wire import log

ONE_RUN_S = 0.04  # a worker opens a run and asks in much less


def main(n: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey.running(Path(folder), fsync="everysec") as server,
        Provider() as provider,
    ):
        yard = Yard(server.url, Path(folder))
        words, environ = [*WORDS, "--concurrency", str(n)], provider.environ
        with yard.worker(*words, **environ, GX_LEASE_SECONDS="5") as worker:
            idle = rss_mb(worker)
            for runs in sorted({1, max(1, n // 5), n}):
                measure(yard, provider, worker, runs, idle)


def measure(yard: Yard, provider: Provider, worker: Popen[bytes], runs: int, idle: float) -> None:
    before = len(provider.calls())
    provider.pace(latency=5 + runs * ONE_RUN_S)
    begun = time.monotonic()
    started = [yard.queue(bench, {"topic": f"ask {number}"}) for number in range(runs)]
    for run in started:
        yard.ring(run, bench)
    until(lambda: open_calls(provider, before) == runs, 60, 0.3, f"{runs} open calls")
    waiting = rss_mb(worker)
    until(lambda: all(completed(yard.redis, run) for run in started), 120, 0.3, "all complete")
    name = f"worker with {runs} runs waiting for the provider"
    Figure(f"{name}: RSS", waiting, "MB", idle, runs).show()
    Figure(f"{name}: all complete after", time.monotonic() - begun, "s", 5 + runs * ONE_RUN_S,
           runs).show()  # fmt: skip


def open_calls(provider: Provider, before: int) -> int:
    return sum(call["status"] is None for call in provider.calls()[before:])


def completed(redis: Redis, run: str) -> bool:
    tip = log.tip(redis, run)
    assert tip is None or not tip.terminal or tip.kind == "run.completed", f"{run}: {tip}"
    return tip is not None and tip.terminal


def rss_mb(process: Popen[bytes]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in status if line.startswith("VmRSS:"))
    return int(kilobytes) / 1000
