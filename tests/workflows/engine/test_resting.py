"""A step that waits for a turn: its clocks stand still, no drain waits for it, readers hear why."""

import asyncio
from typing import Any

import pytest

from tests.workflows.engine.desk import Desk
from tests.workflows.engine.house import House, until
from workflows.engine import component, status, workflow
from workflows.engine.clock import Clock
from workflows.engine.context import current
from workflows.engine.drain import drain
from workflows.engine.errors import Handover
from workflows.engine.heldup import HeldUp
from workflows.wire.events import Status


async def rest(turn: asyncio.Future[None]) -> None:
    scope = current()
    assert scope is not None
    await scope.idle(turn)


async def test_time_outs_stand_still_also_those_above(house: House) -> None:
    waited: list[float] = []

    @component(timeout=0.6)
    async def inner() -> str:
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.8, turn.set_result, None)
        await rest(turn)
        waited.append(0.8)
        return "done"

    @component(timeout=0.7)
    async def outer() -> str:
        return await inner()

    @workflow("rests")
    async def rests(_: Any) -> str:
        return await outer()

    state = await house.run(rests)
    assert (state.status, state.output, waited) == ("completed", "done", [0.8])


async def test_afterwards_they_go_on(house: House) -> None:
    @component(timeout=0.1)
    async def slow() -> None:
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, turn.set_result, None)
        await rest(turn)
        await asyncio.Event().wait()

    @workflow("rests")
    async def rests(_: Any) -> None:
        await slow()

    state = await house.run(rests)
    assert state.error is not None
    assert state.error.type == "timeout"


async def test_the_runs_deadline_does_not_stand_still(house: House) -> None:
    @workflow("rests")
    async def rests(_: Any) -> None:
        await rest(asyncio.get_running_loop().create_future())

    state = await house.run(rests, deadline_s=0.3)
    assert state.error is not None
    assert state.error.type == "deadline"


async def test_a_clock_is_stopped_as_often_as_it_is_stopped() -> None:
    async with asyncio.timeout(60) as timeout:
        clock = Clock(timeout)
        clock.stop()
        clock.stop()
        clock.go_on()
        assert timeout.when() is None
        clock.go_on()
        assert timeout.when() is not None
        await asyncio.sleep(0)
    clock.stop()
    clock.go_on()  # of a try that is over: nothing


async def test_a_drain_does_not_wait_for_who_waits(house: House) -> None:
    turns: list[asyncio.Future[None]] = []

    @component
    async def call() -> str:
        turns.append(asyncio.get_running_loop().create_future())
        await rest(turns[-1])
        return "asked"

    @workflow("rests")
    async def rests(_: Any) -> str:
        return await call()

    run = house.queue(rests)
    async with house.executor(rests) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, rests)))
        await until(lambda: turns)
        async with asyncio.timeout(2):
            await drain(executor, 60)
    async with house.executor(rests) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, rests)))
        await until(lambda: len(turns) == 2)
        turns[1].set_result(None)
    assert house.state(run).output == "asked"


async def test_a_drain_waits_for_a_call_beside_it() -> None:
    desk = Desk()
    frame = desk.frame()
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    hold = await frame.reserve(None, 1)
    beside = await frame.reserve(None, 1)
    resting = asyncio.create_task(frame.idle(turn))
    await asyncio.sleep(0)
    busy = [frame.busy]
    frame.budget.release(beside)
    busy.append(frame.busy)
    turn.set_result(None)
    await resting
    assert [*busy, frame.busy] == [True, False, True], "beside a call, alone, with its turn"
    frame.budget.release(hold)


async def test_the_run_says_what_holds_it_up(house: House) -> None:
    @component
    async def call() -> None:
        scope = current()
        assert scope is not None
        await scope.fence()  # so that what was said is not joined with what comes
        scope.held_up("Waiting for a turn at OpenAI, about 20 s.")
        scope.held_up("Waiting for a turn at OpenAI, about 15 s.")
        await scope.fence()
        scope.held_up("")

    @workflow("rests")
    async def rests(_: Any) -> None:
        status("Writing", done=1, total=2)
        await call()

    run = house.queue(rests)
    async with house.executor(rests) as executor:
        await executor.execute(house.order(run, rests))
    said = [(e.span, e.body) for e in house.events(run) if isinstance(e.body, Status)]
    assert said == [
        ("rests[0]", Status("Writing", 1, 2)),
        ("rests[0]", Status("Waiting for a turn at OpenAI, about 20 s.", 1, 2)),
        ("rests[0]", Status("Writing", 1, 2)),
    ]


def test_it_is_taken_back_when_the_last_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.engine.heldup.EVERY_S", 0.0)
    held = HeldUp()
    held.own = Status("Reading")
    assert held.because("a", "Waiting.") == Status("Waiting.")
    assert held.because("b", "Waiting.") is None, "it stands there"
    assert held.because("b", "Throttled.") == Status("Throttled.")
    assert held.because("a", "") is None
    assert held.because("b", "") == Status("Reading")
    assert held.because("b", "") is None


async def test_a_sleep_that_is_cut_short_is_over() -> None:
    """A call that waited for a provider was given up: what its step does then is work."""
    desk = Desk()
    frame = desk.frame()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await frame.sleep(60)
    assert frame.busy
    desk.attempt.frames.add(frame)
    desk.attempt.drain()
    await asyncio.sleep(0)
    assert desk.attempt.halted is None


async def test_a_drain_waits_for_the_call_beside_one_that_sleeps() -> None:
    """Two calls of one step: one waits for its provider to come back, the other is answered."""
    desk = Desk()
    frame = desk.frame()
    desk.attempt.frames.add(frame)
    asked = await desk.attempt.budget.reserve(frame, None, 10, lambda _: False)
    sleeper = asyncio.create_task(frame.sleep(60))
    await asyncio.sleep(0)
    desk.attempt.drain()
    await asyncio.sleep(0)
    assert desk.attempt.halted is None
    desk.attempt.budget.release(asked)
    desk.attempt.look_idle()
    sleeper.cancel()
    assert isinstance(desk.attempt.halted, Handover)
