"""Steps in threads: never out of them, never in the loop's own."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.engine import component, gather, workflow
from workflows.engine.threads import THREADS, in_thread


@component
def inner(n: int) -> int:
    return n


@component
def outer(n: int) -> int:
    time.sleep(0.02)  # until all threads are taken
    value: Any = inner(n)
    return int(value)


@workflow("nests")
async def nests(count: int) -> int:
    return sum(await gather(outer(n) for n in range(count)))


async def test_steps_that_call_steps_do_not_wait_for_each_others_threads(house: House) -> None:
    count = 2 * THREADS
    async with asyncio.timeout(patience(30)):
        state = await house.run(nests, count)
    assert state.output == sum(range(count))


async def test_steps_that_block_leave_the_loop_its_own_threads() -> None:
    enough = threading.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(2 * THREADS):
            group.create_task(in_thread(enough.wait, (), {}))
        try:
            async with asyncio.timeout(patience(10)):
                assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        finally:
            enough.set()
