"""What a durable span costs: one plain component call in the real executor and writer."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from redis import Redis

from tests import valkey
from tests.bench.appends import fields, took_ms
from tests.bench.figure import Figure, p50, p95
from tests.workflows.engine.house import House
from workflows.engine import Workflow, component, workflow
from workflows.wire import codec
from workflows.wire.events import SpanCompleted

WARM_UP = 50


@component
async def plain(n: int) -> int:
    return n


def main(n: int) -> None:
    for fsync in ("everysec", "always"):
        with (
            tempfile.TemporaryDirectory() as folder,
            valkey.running(Path(folder), fsync=fsync) as server,
            Redis.from_url(server.url) as redis,
        ):
            bare, ours = asyncio.run(measure(server.url, redis, n))
        name = f"durable span overhead, fsync {fsync}"
        Figure(f"{name}, p50", p50(ours), "ms", p50(bare), n).show()
        Figure(f"{name}, p95", p95(ours), "ms", p95(bare), n).show()


async def measure(url: str, redis: Redis, n: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a bare XADD and of a span, in turn."""
    bare: list[float] = []
    ours: list[float] = []
    flow = spans(redis, bare, ours)
    state = await House(url).run(flow, n + WARM_UP)
    assert state.status == "completed", state.error
    assert len(state.spans) == n + WARM_UP + 1
    return bare[WARM_UP:], ours[WARM_UP:]


def spans(redis: Redis, bare: list[float], ours: list[float]) -> Workflow[[int], None]:
    packed = codec.encode(SpanCompleted(1, 0.1), at=1, span="spans[0]/plain[0]")

    @workflow("spans")
    async def flow(n: int) -> None:
        for number in range(n):
            bare.append(took_ms(lambda: redis.xadd("bare", fields(packed))))
            begun = time.perf_counter()
            await plain(number)
            ours.append((time.perf_counter() - begun) * 1000)

    return flow
