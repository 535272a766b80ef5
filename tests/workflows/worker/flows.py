"""Small workflows for worker processes of tests: `--registry tests.workflows.worker.flows`."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

from workflows.engine import Workflow, component, current, gather, text, workflow


@component
async def nap(n: int, seconds: float) -> int:
    scope = current()
    if scope is not None:
        await scope.fence()
    await asyncio.sleep(seconds)
    return n


@workflow("naps")
async def naps(seconds: list[float]) -> list[int]:
    """One span after the other."""
    await text("note").write("begun")
    return [await nap(n, each) for n, each in enumerate(seconds)]


@workflow("crowd")
async def crowd(seconds: list[float]) -> int:
    """All spans at once."""
    return sum(await gather(nap(n, each) for n, each in enumerate(seconds)))


@workflow("stands")
async def stands(seconds: float) -> None:
    """Stops the whole loop, as careless code does."""
    time.sleep(seconds)  # noqa: ASYNC251 - that is the point


@workflow("stops")
async def stops(_: Any) -> None:
    """Stops its own process like a SIGSTOP from outside."""
    os.kill(os.getpid(), signal.SIGSTOP)


@component
def block(seconds: float) -> None:
    time.sleep(seconds)


@workflow("blocks")
async def blocks(seconds: float) -> None:
    """Holds a thread, which nobody can stop."""
    await block(seconds)


@component
def broken(how: str, times: int) -> str:
    """Ends its process, in one way or another, until it has done so `times` times."""
    marks = Path(os.environ["GX_TEST_MARKS"])
    if len(list(marks.iterdir())) >= times:
        return "mended"
    (marks / str(time.monotonic_ns())).touch()
    if how == "exit":
        os._exit(3)
    if how == "burn":
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
        while True:
            pass
    ctypes.string_at(0)
    return "unharmed"


@workflow("breaks")
async def breaks(how: list[Any]) -> list[Any]:
    """Something that no `except` can catch, then a nap."""
    return [await broken(*how), await nap(0, 0.0)]


@workflow("frozen")
async def frozen(_: Any) -> int:
    """How many objects no collection looks at."""
    return gc.get_freeze_count()


REGISTRY: dict[str, Workflow[..., Any]] = {
    f.name: f for f in (naps, crowd, stands, stops, blocks, breaks, frozen)
}
