"""From `kill -9` of a worker to the next attempt on another one."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from tests.bench.figure import Figure, p50, p95
from tests.bench.flows import WORDS
from tests.bench.openings import Openings
from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until

LEASE_S = 5.0


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), workers=0, latency=0) as s:
        for _ in range(2):
            s.add_worker(*WORDS)
        s.ready()
        with Openings(s.server.url) as openings:
            took = [takeover_s(s, openings, number) for number in range(n)]
        repeated = len(s.provider.calls()) - n
    # The floor is the lease: before its end nobody may think that the worker is dead.
    Figure("takeover after kill -9, p50", p50(took), "s", LEASE_S, n).show()
    Figure("takeover after kill -9, p95", p95(took), "s", LEASE_S, n).show()
    Figure("takeover after kill -9, max", max(took), "s", LEASE_S, n).show()
    Figure("takeover after kill -9, finished calls repeated", repeated, "calls", n=n).show()


def takeover_s(s: Stack, openings: Openings, number: int) -> float:
    run = s.begin(topic=f"hold {number}")
    openings.at(run)
    until(lambda: any(event.kind == "span.completed" for event in s.log(run)), 20)
    owner = s.owner(run)
    assert owner is not None
    # Anywhere between two beats.
    time.sleep(random.uniform(0, 1))
    killed = time.perf_counter()
    owner.kill()
    s.add_worker(*WORDS)
    took = openings.at(run, 2) - killed
    s.cancel(run)
    return took
