"""Equal calls that come at once are made once, and nobody waits for the dead."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.workflows.engine.house import House, until
from workflows.engine import Failure, component, current, workflow
from workflows.engine import flight as flights
from workflows.engine.cache import Memory, Slot, Spent
from workflows.engine.flight import Flight
from workflows.engine.store import RedisStore
from workflows.wire.clients import connect_async
from workflows.wire.events import Body, Call, Saved, Status
from workflows.wire.state import State

HOUR = 3600.0


class Waiter:
    def __init__(self) -> None:
        self.said: list[Body] = []
        self.slept = 0

    def say(self, body: Body) -> None:
        self.said.append(body)

    async def sleep(self, seconds: float) -> None:
        self.slept += 1
        await asyncio.sleep(0)


class Work:
    """A step that takes until it is let, and how often it was really done."""

    def __init__(self, **options: Any) -> None:
        self.done = 0
        self.may_end = asyncio.Event()
        self.fails = 0

        @component(retry=1)
        async def step(n: int) -> int:
            self.done += 1
            await self.may_end.wait()
            if self.done <= self.fails:
                raise Failure("unreachable", "Not there.")
            if (scope := current()) is not None:
                scope.record(Call("p", "m", 30, 12, 0.5))
            return n

        @workflow("works")
        async def works(n: int) -> int:
            return await step.cache(HOUR, **options)(n)

        self.flow = works


async def begun(house: House, stack: AsyncExitStack, work: Work, owner: str = "ann") -> Any:
    """A run on a worker of its own: the task that carries it out, and the run."""
    executor = await stack.enter_async_context(house.executor(work.flow))
    run = house.queue(work.flow, 1, owner=owner)
    return asyncio.create_task(executor.execute(house.order(run, work.flow))), run


async def outcomes(house: House, begun: list[Any]) -> list[State]:
    await asyncio.gather(*(task for task, _ in begun))
    return [house.state(run) for _, run in begun]


async def test_ten_workers_do_it_once(house: House) -> None:
    work = Work()
    async with AsyncExitStack() as stack:
        going = [await begun(house, stack, work) for _ in range(10)]
        await until(lambda: work.done)
        work.may_end.set()
        states = await outcomes(house, going)
    assert [state.output for state in states] == [1] * 10
    assert work.done == 1
    spans = [state.spans["works[0]/step[0]"] for state in states]
    assert sum(span.cached for span in spans) == 9
    assert {span.usage.saved for span in spans} == {None, Saved(42, 0.5)}


@pytest.mark.parametrize(("shared", "done"), [(False, 2), (True, 1)])
async def test_another_owners_is_waited_for_only_if_it_is_shared(
    house: House, shared: bool, done: int
) -> None:
    work = Work(shared=shared)
    async with AsyncExitStack() as stack:
        going = [await begun(house, stack, work, owner) for owner in ("ann", "bob")]
        await until(lambda: work.done == done)
        work.may_end.set()
        assert [state.output for state in await outcomes(house, going)] == [1, 1]
    assert work.done == done


async def test_what_fails_is_tried_by_the_next(house: House) -> None:
    work = Work()
    work.fails = 1
    async with AsyncExitStack() as stack:
        going = [await begun(house, stack, work) for _ in range(3)]
        await until(lambda: work.done)
        work.may_end.set()
        states = await outcomes(house, going)
    assert sorted(state.status for state in states) == ["completed", "completed", "failed"]
    assert work.done == 2


async def test_who_waits_can_be_stopped(house: House) -> None:
    work = Work()
    async with AsyncExitStack() as stack:
        first, _ = await begun(house, stack, work)
        await until(lambda: work.done)
        second, run = await begun(house, stack, work)
        await until(lambda: "works[0]/step[0]" in house.state(run).spans)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        work.may_end.set()
        await first
    assert work.done == 1


@pytest.fixture(params=["memory", "redis"])
async def slot(request: pytest.FixtureRequest, redis_url: str) -> Any:
    client = connect_async(redis_url)
    store = Memory() if request.param == "memory" else RedisStore(client)
    yield Slot(store, "ann", "k", HOUR)
    await client.aclose()


async def test_a_holder_that_died_is_followed(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "HELD_S", 0.2)
    monkeypatch.setattr(flights, "TOLD_AFTER_S", 0.0)
    assert await slot.hold("dead", 0.2)
    waiter = Waiter()
    async with Flight(slot, waiter) as flight:
        assert await flight.find() is None
        await flight.keep(5, Spent())
    assert waiter.slept > 0
    assert waiter.said == [Status("The same is being done already: waiting for its result.")]
    assert (await slot.find()) is not None
    assert await slot.hold("next", 1)


async def test_a_holder_that_lives_keeps_it(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "HELD_S", 1)
    monkeypatch.setattr(flights, "RENEW_S", 0.1)
    async with Flight(slot, Waiter()) as flight:
        assert await flight.find() is None
        for _ in range(8):
            await asyncio.sleep(0.15)
            assert not await slot.hold("other", 1)
    assert await slot.hold("other", 1)


async def test_nobody_waits_for_ever(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "LONGEST_WAIT_S", 0.05)
    assert await slot.hold("slow", 60)
    async with Flight(slot, Waiter()) as flight:
        assert await flight.find() is None
        await flight.keep(5, Spent())
    found = await slot.find()
    assert found is not None
    assert found.value == 5
    assert not await slot.hold("other", 1)


async def test_only_who_holds_it_lets_it_go(slot: Slot) -> None:
    assert await slot.hold("one", 60)
    await slot.let_go("other")
    assert not await slot.hold("other", 60)
    await slot.let_go("one")
    assert await slot.hold("other", 60)
