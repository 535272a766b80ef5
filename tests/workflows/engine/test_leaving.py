"""What a flow began and left: tasks that nobody waits for, questions that nobody needs any more."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tests.fakes.checker import log_violations
from tests.patience import patience
from tests.workflows.engine.house import House
from tests.workflows.engine.test_asking import attempt, due, parked
from workflows.engine import Failure, ask, component, current, sleep, workflow
from workflows.engine.attempt import now_ms
from workflows.engine.errors import LeaseLost
from workflows.llm.openai import open_door
from workflows.wire import lease
from workflows.wire.state import State

left: list[asyncio.Task[Any]] = []


@component
async def slow() -> None:
    await asyncio.sleep(60)


@workflow("strays")
async def strays(fails: bool) -> str:
    left[:] = [asyncio.create_task(slow())]
    await asyncio.sleep(0.01)
    if fails:
        raise Failure("unreachable", "Not there.")
    return "done"


@pytest.mark.parametrize("fails", [False, True])
async def test_a_step_that_nobody_waits_for_ends_with_the_run(house: House, fails: bool) -> None:
    state = await house.run(strays, fails)
    [run] = house.attempts
    assert log_violations(house.events(run)) == []
    assert state.status == ("failed" if fails else "completed")
    assert state.spans["strays[0]/slow[0]"].status == "failed"
    assert left[0].cancelled()


@pytest.mark.parametrize("how", ["taken away", "ends"])
async def test_a_call_that_nobody_waits_for_ends_with_the_run(house: House, how: str) -> None:
    """A flow may ask twice and go on with the first answer: a plain task of its own, no step."""
    open_calls, closed = asyncio.Event(), asyncio.Event()

    async def provider(request: httpx2.Request) -> httpx2.Response:
        open_calls.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            closed.set()
            raise
        raise AssertionError("never answered")

    door = open_door({"OPENAI_API_KEY": "none"}, transport=httpx2.MockTransport(provider))
    asked: Any = {"model": "small", "messages": [{"role": "user", "content": "Well?"}]}

    @workflow("asks twice")
    async def asks_twice(_: Any) -> str:
        left[:] = [asyncio.create_task(door.chat.completions.create(**asked))]
        await open_calls.wait()
        if how == "taken away":
            await asyncio.wait(left)
        return "done"

    run = house.queue(asks_twice)
    async with house.executor(asks_twice) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, asks_twice)))
        await open_calls.wait()
        if how == "taken away":
            executor.held[run].halt(LeaseLost("cancelled"))
        async with asyncio.timeout(patience(10)):
            assert await closed.wait()


async def impatient() -> None:
    try:
        async with asyncio.timeout(0.05):
            await ask(bool, title="Well?", key="well")
    except TimeoutError:
        pass


seen: list[State] = []


@pytest.mark.parametrize("beside", [False, True])
async def test_a_question_that_was_left_is_not_open(house: House, beside: bool) -> None:
    @workflow("leaves")
    async def leaves(_: Any) -> None:
        if beside:
            await asyncio.gather(impatient(), sleep(60))
            return
        await impatient()
        scope = current()
        assert scope is not None
        await scope.fence()
        seen[:] = [house.state(run)]
        await sleep(60)

    run = house.queue(leaves)
    async with house.executor(leaves) as executor:
        await attempt(house, executor, run, leaves)
    state = house.state(run)
    assert parked(house.redis, run)
    assert (state.status, state.waiting and state.waiting.key) == ("waiting", "sleep")
    if not beside:
        assert (seen[0].status, seen[0].waiting) == ("running", None)


async def test_a_run_is_not_parked_while_a_provider_works_for_it(house: House) -> None:
    """The call of a helper: no step of its own shows that it is at work."""

    async def helper() -> str:
        scope = current()
        assert scope is not None
        hold = await scope.reserve(0.0, 1)
        await asyncio.sleep(0.6)
        scope.budget.release(hold)
        answered.append("answer")
        return "answer"

    answered: list[str] = []

    @workflow("helps")
    async def helps(_: Any) -> None:
        await asyncio.gather(helper(), ask(bool, title="Well?"))

    run = house.queue(helps)
    async with house.executor(helps) as executor:
        await attempt(house, executor, run, helps)
    assert parked(house.redis, run)
    assert answered == ["answer"]


async def test_a_worker_whose_clock_is_wrong_parks_for_the_right_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engine.asking.now_ms", lambda: now_ms() - 3_600_000)

    @workflow("late")
    async def late(_: Any) -> None:
        await sleep(60)

    run = house.queue(late)
    async with house.executor(late) as executor:
        await attempt(house, executor, run, late)
    assert due(house, run) == pytest.approx(lease.now_ms(house.redis) + 60_000, abs=10_000)


@pytest.mark.parametrize("seconds", [float("inf"), 1e15, 10**30])
async def test_a_sleep_beyond_the_calendar_is_a_long_one(house: House, seconds: float) -> None:
    @workflow("sleeps_on")
    async def sleeps_on(_: Any) -> None:
        await sleep(seconds)

    run = house.queue(sleeps_on)
    async with house.executor(sleeps_on) as executor:
        await attempt(house, executor, run, sleeps_on)
    assert parked(house.redis, run)


@pytest.mark.parametrize("seconds", [0, -1, float("-inf")])
async def test_no_time_is_no_sleep(seconds: float) -> None:
    sleeping = asyncio.ensure_future(sleep(seconds))
    for _ in range(3):
        await asyncio.sleep(0)
    assert sleeping.done(), "it waits for a clock"


async def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        await sleep(float("nan"))
    with pytest.raises(ValueError, match="not a number"):
        await ask(bool, default=True, timeout=float("nan"))
