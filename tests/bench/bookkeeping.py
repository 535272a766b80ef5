"""Many spans of 2 KB output: the bytes that they leave in the log, and the CPU that they take."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from redis import Redis

from tests import valkey
from tests.bench.appends import fields
from tests.bench.figure import Figure
from tests.workflows.engine.house import House
from workflows.engine import Workflow, component, gather, workflow
from workflows.wire import codec, keys
from workflows.wire.events import SpanCompleted

OUTPUT = "A sentence of forty characters, no more. " * 50
AT_ONCE = 20


@component
async def page(n: int) -> str:
    return f"{n} {OUTPUT}"


@workflow("in turn")
async def in_turn(n: int) -> int:
    return sum([len(await page(number)) for number in range(n)])


@workflow("together")
async def together(n: int) -> int:
    return sum(map(len, await gather((page(number) for number in range(n)), limit=AT_ONCE)))


def main(n: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey.running(Path(folder), fsync="everysec") as server,
        Redis.from_url(server.url) as redis,
    ):
        floor = bare_cpu(redis, n)
        for flow in (in_turn, together):
            cpu, size = asyncio.run(measure(server.url, redis, flow, n))
            name = f"{n} spans of 2 KB output, {flow.name}"
            Figure(f"{name}: log", size / 1e6, "MB", n * len(OUTPUT) / 1e6, n).show()
            Figure(f"{name}: CPU", cpu, "s", floor, n).show()


def bare_cpu(redis: Redis, n: int) -> float:
    """Of one XADD a span, without any engine."""
    packed = codec.encode(SpanCompleted(OUTPUT, 0.1), at=1)
    begun = time.process_time()
    for _ in range(n):
        redis.xadd("bare", fields(packed))
    return time.process_time() - begun


async def measure(url: str, redis: Redis, flow: Workflow[..., Any], n: int) -> tuple[float, float]:
    """Seconds of CPU from opening to end, and bytes in the log."""
    house = House(url)
    run = house.queue(flow, n)
    async with house.executor(flow) as executor:
        begun = time.process_time()
        await executor.execute(house.order(run, flow))
        took = time.process_time() - begun
    assert house.state(run).status == "completed"
    entries: Any = redis.xrange(keys.log(run))
    return took, sum(len(value) for _, entry in entries for value in entry.values())
