"""Turns at a provider: what a call pays that need not wait, and what is lost by those that do."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests import valkey
from tests.bench.figure import Figure, p50, p95
from tests.chaos.asking import many
from tests.chaos.waiting import until
from tests.fakes import Provider
from tests.workflows.llm.worlds import Scope
from tests.workflows.worker.house import Yard
from workflows.llm.limits import its_turn
from workflows.llm.prices import Tokens
from workflows.llm.providers import OPENAI_MODELS
from workflows.llm.providers import Provider as Configured
from workflows.wire.clients import connect_async

AT_ONCE, CALL_S, EACH, WORKERS = 50, 1.0, 25, 3
WIDE = Configured("wide", "http://127.0.0.1:9", "k", OPENAI_MODELS, 1_000_000, 10**9, 1000)


def main(n: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey.running(Path(folder), fsync="everysec") as server,
    ):
        bare, ours = asyncio.run(overheads(server.url, n))
        Figure("turn at a provider that is free, p50", p50(ours), "ms", p50(bare), n).show()
        Figure("turn at a provider that is free, p95", p95(ours), "ms", p95(bare), n).show()
        took = queued(Yard(server.url, Path(folder)), n)
        ideal = max(1, -(-n // AT_ONCE)) * CALL_S
        Figure(f"{n} calls of {CALL_S:g} s, {AT_ONCE} at once", took, "s", ideal, n).show()


async def overheads(url: str, n: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a PING and of a turn that is had at once, in turn."""
    redis, bare, ours = connect_async(url), list[float](), list[float]()
    scope = Scope(redis=redis)
    for _ in range(n):
        begun = time.perf_counter()
        await redis.ping()
        asked = time.perf_counter()
        taken = await its_turn(WIDE, "small", Tokens(10, 10), scope)
        bare.append((asked - begun) * 1000)
        ours.append((time.perf_counter() - asked) * 1000)
        assert taken is not None
        taken.end(Tokens(10, 10), ok=True)
        await asyncio.sleep(0.005)  # its end is told meanwhile
    await redis.aclose()
    return bare, ours


def queued(yard: Yard, n: int) -> float:
    """Seconds from the first call's arrival to the last answer."""
    with Provider(latency=CALL_S) as provider, ExitStack() as stack:
        models = {"small": "fake-small", "large": "fake-large"}
        fake = {"name": "fake", "base_url": provider.url, "key_env": "FAKE_KEY", "models": models}
        environ = {
            "GX_PROVIDERS": json.dumps([fake | {"concurrent": AT_ONCE}]),
            "FAKE_KEY": "k",
            "GX_LEASE_SECONDS": "5",
        }
        for _ in range(min(WORKERS, n)):
            stack.enter_context(yard.worker("--registry", "tests.chaos.asking", **environ))
        sizes = [min(EACH, n - start) for start in range(0, n, EACH)]
        runs = [yard.queue(many, size, owner=f"{i % 4}") for i, size in enumerate(sizes)]
        for run in runs:
            yard.ring(run, many)
        until(lambda: all(map(yard.ended, runs)), 120, 0.3, "all have ended")
        calls = provider.calls()
        yard.redis.close()
    assert len(calls) == n, f"{len(calls)} calls"
    return float(max(c["ended_at"] for c in calls) - min(c["started_at"] for c in calls))
