"""Workflows for worker processes of benchmarks: `--registry tests.bench.flows`.

The API takes only what is in the catalog: so all of them are `blog`, and its topic says which.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from workflows.catalog import Brief
from workflows.engine import Workflow, component, text, workflow
from workflows.llm import llm


async def end(_: str) -> None:
    """Nothing to do."""


async def write(given: str) -> None:
    """Texts with the moment of their writing: so many a second, so many in all."""
    rate, total = map(int, given.split())
    channel, begun = text("section-1"), time.monotonic()
    for number in range(total):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        await channel.write(f"@{time.monotonic_ns()};")


@component
async def ask(given: str) -> str:
    answer = await llm.chat.completions.create(
        model="small", messages=[{"role": "user", "content": f"Say something about {given}."}]
    )
    return str(answer.choices[0].message.content)


async def hold(given: str) -> None:
    """One call that is paid for, then a wait that has no end."""
    await ask(given)
    await asyncio.get_running_loop().create_future()


TOPICS: dict[str, Callable[[str], Awaitable[Any]]] = {
    "end": end,
    "write": write,
    "ask": ask,
    "hold": hold,
}


@workflow("blog")
async def bench(brief: Brief) -> None:
    name, _, rest = brief.topic.partition(" ")
    await TOPICS[name](rest)


REGISTRY: dict[str, Workflow[..., Any]] = {bench.name: bench}
WORDS = ("--registry", "tests.bench.flows")
