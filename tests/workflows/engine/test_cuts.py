"""Flows of awkward shapes, cut off at each of their acknowledged writes, known to them or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fakes.checker import log_violations
from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.engine import (
    Failure,
    Retry,
    Workflow,
    component,
    exponential,
    gather,
    text,
    workflow,
)
from workflows.engine.errors import LeaseLost
from workflows.engine.journal import Journal

QUICK = exponential(initial=0.001)


@component
async def leaf(name: str) -> str:
    await asyncio.sleep(0)
    await text(name).write(f"{name} ")
    return name


@component
async def fails(name: str) -> str:
    await leaf(f"{name} below")
    raise Failure("unreachable", "Not there.", retryable=True)


async def helper(name: str) -> list[str]:
    first = await leaf(f"{name} 1")
    return [first, *await gather(leaf(f"{name} {n}") for n in (2, 3))]


@workflow("gathers")
async def gathers(_: Any) -> Any:
    """Gathers in gathers, plain helpers, and a failure that stops those beside it."""
    found = await gather((helper(name) for name in "ab"), limit=2)
    try:
        await gather([helper("c"), fails("d"), leaf("e")], limit=1)
    except Failure as failure:
        found.append([failure.type])
    return [found, await leaf("after")]


@component
async def tree(depth: int, name: str) -> list[str]:
    if depth == 0:
        return [await leaf(name)]
    parts = await gather([tree(depth - 1, f"{name}{n}") for n in range(2)])
    return [said for part in parts for said in part]


@workflow("recurses")
async def recurses(_: Any) -> Any:
    return await tree(3, "r")


@component
async def words(name: str) -> AsyncIterator[str]:
    for n in range(4):
        yield await leaf(f"{name} {n}")


@workflow("streams")
async def streams(_: Any) -> Any:
    """One that is closed early, one that is not, and one that is left to its own."""
    found = []
    async for word in words("early"):
        found.append(word)
        break
    stream = words("closed")
    found.append(await anext(stream))
    await stream.aclose()
    return [found, [word async for word in words("whole")], await leaf("after")]


@component
def in_a_thread(name: str) -> list[str]:
    below: list[Any] = [leaf(f"{name} {n}") for n in range(3)]
    try:
        below.append(fails(name))
    except Failure as failure:
        below.append(failure.type)
    return below


@workflow("threads")
async def threads(_: Any) -> Any:
    return [*await gather([in_a_thread("x"), in_a_thread("y")]), await leaf("after")]


@component(retry=Retry(2, QUICK))
async def messy(name: str) -> str:
    try:
        await fails(name)
    finally:
        await leaf(f"{name} finally")
    return "never"


@component
async def fallen(name: str) -> str:
    await leaf(f"{name} fallen")
    raise Failure("invalid_answer", "Neither.")


@component
async def waits(name: str) -> str:
    await leaf(f"{name} waits")
    await asyncio.sleep(60)
    return name


@workflow("fails_well")
async def fails_well(_: Any) -> Any:
    """Errors in `finally`, fallbacks that fail, a cancel inside an `except`, time-outs in tries."""
    said = []
    for call in (messy.fallback(fallen), waits.timeout(0.05).retry(2, QUICK)):
        try:
            said.append(await call("m"))
        except Failure as failure:
            task = asyncio.create_task(waits(failure.type))
            await leaf(f"{failure.type} handled")
            task.cancel()
            said.append(failure.type)
    return said


@workflow("keys")
async def keys(_: Any) -> Any:
    """Keys that are there twice, equal calls, and equal calls at once."""
    twice = [await leaf.key("k")("x"), await leaf.key("k")("y"), await leaf.key("k")("x")]
    return [twice, await gather([leaf("x") for _ in range(3)]), await leaf("x")]


FLOWS = (gathers, recurses, streams, threads, fails_well, keys)


class Cut:
    """Ends an attempt at its n-th acknowledged write: known to it, or `lost` on its way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen, self.at, self.lost = 0, 0, False
        whole: Callable[..., None] = Journal.acknowledge
        cut = self

        def acknowledge(journal: Journal, sent_at: float) -> None:
            cut.seen += 1
            if cut.seen == cut.at and cut.lost:
                journal.close(LeaseLost("cut"))
                return
            whole(journal, sent_at)
            if cut.seen == cut.at:
                journal.close(LeaseLost("cut"))

        monkeypatch.setattr(Journal, "acknowledge", acknowledge)

    async def attempt(
        self, house: House, run: str, flow: Workflow[..., Any], at: int = 0, lost: bool = False
    ) -> None:
        self.seen, self.at, self.lost = 0, at, lost
        async with asyncio.timeout(patience(20)), house.executor(flow) as executor:
            await executor.execute(house.order(run, flow))


@pytest.mark.parametrize("lost", [False, True], ids=["known", "lost"])
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: str(flow.name))
async def test_cut_off_anywhere_it_ends_the_same_and_finishes_nothing_again(
    house: House, flow: Workflow[..., Any], lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Cut(monkeypatch)
    run = house.queue(flow)
    await cut.attempt(house, run, flow)
    wanted, writes = house.state(run).output, cut.seen
    assert wanted is not None
    for at in range(1, writes + 1):
        run = house.queue(flow)
        await cut.attempt(house, run, flow, at, lost)
        await cut.attempt(house, run, flow, 1 + at // 2, not lost)
        await cut.attempt(house, run, flow)
        state = house.state(run)
        assert (state.status, state.output) == ("completed", wanted), f"cut at {at}"
        assert log_violations(house.events(run)) == [], f"cut at {at}"
        assert {span.status for span in state.spans.values()} <= {"completed", "failed", "lost"}
