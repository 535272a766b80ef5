"""Steps in threads: never out of them, never in the loop's own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.engine import component, current, gather, text, workflow
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


@component
async def double(n: int) -> int:
    return 2 * n


@component
def adds(count: int) -> int:
    """Ordinary code, which runs async code as it would anywhere."""

    async def added() -> int:
        return sum(await gather([double(n) for n in range(count)]))

    return asyncio.run(added())


@workflow("goes abroad")
async def goes_abroad(count: int) -> int:
    return await adds(count)


async def test_a_step_in_a_thread_may_have_a_loop_of_its_own(house: House) -> None:
    async with asyncio.timeout(patience(10)):
        state = await house.run(goes_abroad, 3)
    assert (state.status, state.output) == ("completed", 6)
    assert [path for path, span in state.spans.items() if span.name == "double"] == [
        f"goes abroad[0]/adds[0]/double[{n}]" for n in range(3)
    ]


@component
async def counts() -> AsyncIterator[int]:
    yield 1


async def fences() -> None:
    scope = current()
    assert scope is not None
    await scope.fence()


async def reads() -> None:
    async for _ in counts():
        pass


@pytest.mark.parametrize("does", [fences, reads, lambda: text("note").write("Hello")])
async def test_what_can_not_be_done_from_there_is_said(house: House, does: Any) -> None:
    """It would wait for a loop that does not know of it, until the run's time is over."""

    @component
    def step() -> None:
        asyncio.run(does())

    @workflow("is told")
    async def is_told(_: Any) -> str:
        with pytest.raises(RuntimeError, match="loop of its own"):
            await step()
        return "told"

    async with asyncio.timeout(patience(10)):
        assert (await house.run(is_told)).output == "told"
