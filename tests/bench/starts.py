"""From the POST that asks for a run to its `1-0 run.started`, with an idle worker."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx2

from tests.bench.appends import took_ms
from tests.bench.figure import Figure, p50, p95
from tests.bench.flows import WORDS
from tests.bench.openings import Openings
from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until
from workflows.wire import log

WARM_UP = 5


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), workers=0) as s:
        s.add_worker(*WORDS)
        s.ready()
        with (
            Openings(s.server.url) as openings,
            httpx2.Client(base_url=s.url, headers=s.client.headers, trust_env=False) as client,
        ):
            took = [start_ms(s, client, openings) for _ in range(WARM_UP + n)][WARM_UP:]
            floor = [took_ms(lambda: client.get("/healthz")) for _ in range(n)]
    Figure("POST to 1-0 run.started, p50", p50(took), "ms", p50(floor), n).show()
    Figure("POST to 1-0 run.started, p95", p95(took), "ms", p95(floor), n).show()


def start_ms(s: Stack, client: httpx2.Client, openings: Openings) -> float:
    begun = time.perf_counter()
    answer = client.post("/api/workflows/blog/runs", json={"topic": "end"})
    assert answer.status_code == 202, answer.text
    run = str(answer.json()["id"])
    took = (openings.at(run) - begun) * 1000
    until(lambda: ended(s, run), 20)
    return took


def ended(s: Stack, run: str) -> bool:
    with s.redis() as redis:
        tip = log.tip(redis, run)
    assert tip is None or not tip.terminal or tip.kind == "run.completed", tip
    return tip is not None and tip.terminal
