"""A worker that leaves: open calls end, nothing new begins, another one goes on at once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.patience import patience
from tests.workflows.engine.house import House, until
from workflows.engine import component, exponential, gather, workflow
from workflows.engine.drain import drain
from workflows.engine.errors import Failure
from workflows.engine.retry import Retry
from workflows.wire import keys, lease


class Calls:
    """A flow of provider calls that end when the test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun: Counter[int] = Counter()

        @component
        async def call(n: int) -> int:
            self.begun[n] += 1
            if n in (2, 3):
                await self.go.wait()
            return n

        @workflow("calls")
        async def calls(_: Any) -> list[int]:
            first = [await call(0), await call(1)]
            both = await gather([call(2), call(3)])
            return [*first, *both, await call(4)]

        self.flow = calls


async def test_open_calls_end_and_the_next_worker_goes_on(house: House) -> None:
    calls = Calls()
    run = house.queue(calls.flow)
    async with house.executor(calls.flow) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, calls.flow)))
        await until(lambda: calls.begun[3])
        leaving = group.create_task(drain(executor, 10))
        await asyncio.sleep(0.05)
        assert not leaving.done()
        calls.go.set()
        await leaving
        assert executor.held == {}
    held = lease.lease(house.redis, run)
    assert held is not None
    assert held.released == "handed over"
    due = house.redis.zscore(keys.due(keys.bucket(run)), run)
    assert (due or 0) <= lease.now_ms(house.redis), "it is rung for again at once"
    async with house.executor(calls.flow) as executor:
        await executor.execute(house.order(run, calls.flow))
    state = house.state(run)
    assert (state.status, state.output, state.reason) == (
        "completed", [0, 1, 2, 3, 4], "handed over",
    )  # fmt: skip
    assert calls.begun == dict.fromkeys(range(5), 1)


async def test_the_grace_has_an_end(house: House) -> None:
    calls = Calls()
    run = house.queue(calls.flow)
    async with house.executor(calls.flow) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, calls.flow)))
        await until(lambda: calls.begun[3])
        await drain(executor, 0.05)
        assert executor.held == {}
    calls.go.set()
    async with house.executor(calls.flow) as executor:
        await executor.execute(house.order(run, calls.flow))
    assert house.state(run).output == [0, 1, 2, 3, 4]
    assert calls.begun == {0: 1, 1: 1, 2: 2, 3: 2, 4: 1}


async def test_a_run_that_waits_for_its_next_try_is_handed_over_at_once(house: House) -> None:
    tries = 0

    @component(retry=Retry(3, exponential(initial=60, max=60)))
    async def busy() -> None:
        nonlocal tries
        tries += 1
        raise Failure("rate_limited", "Busy.", retryable=True)

    @workflow("busy")
    async def flow(_: Any) -> None:
        await busy()

    run = house.queue(flow)
    async with house.executor(flow) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, flow)))
        await until(lambda: tries)
        await asyncio.wait_for(drain(executor, 60), patience(5))
    assert house.events(run)[-1].kind == "span.retrying"


async def test_a_run_that_ends_in_the_grace_ends_well(house: House) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    @workflow("ends")
    async def ends(_: Any) -> str:
        begun.set()
        await go.wait()
        return "done"

    run = house.queue(ends)
    async with house.executor(ends) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, ends)))
        await begun.wait()
        group.create_task(drain(executor, 10))
        await until(lambda: executor.draining)
        go.set()
    assert house.state(run).status == "completed"


async def test_a_draining_worker_opens_nothing(house: House) -> None:
    calls = Calls()
    run = house.queue(calls.flow)
    async with house.executor(calls.flow) as executor:
        await drain(executor, 1)
        await executor.execute(house.order(run, calls.flow))
    assert [event.kind for event in house.events(run)] == ["run.queued"]
    due = house.redis.zscore(keys.due(keys.bucket(run)), run)
    assert (due or 0) <= lease.now_ms(house.redis), "it is rung for again at once"


@pytest.mark.parametrize("rounds", range(3))
async def test_many_runs_are_left_within_a_moment(house: House, rounds: int) -> None:
    flows = [Calls() for _ in range(30)]
    runs = [house.queue(calls.flow) for calls in flows]
    async with house.executor(flows[0].flow) as executor, asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(executor.execute(house.order(run, flows[0].flow)))
        await until(lambda: flows[0].begun[3] == 30)
        group.create_task(drain(executor, 10))
        await asyncio.sleep(0.01 * rounds)
        flows[0].go.set()
        await asyncio.wait_for(executor.idle.wait(), patience(5))
    leases = [lease.lease(house.redis, run) for run in runs]
    assert {held.released for held in leases if held} == {"handed over"}
    assert flows[0].begun[4] == 0
