"""Waiting without a worker: what is asked, how a run is parked, and what its next attempt knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from tests.bench.parked import AT_ONCE, held, park
from tests.chaos.parking import waits
from tests.patience import patience
from tests.workflows.engine.house import House, until
from workflows.engine import (
    Failure,
    ask,
    component,
    gather,
    rehearsed,
    signals,
    sleep,
    workflow,
)
from workflows.engine.execute import Executor
from workflows.wire import inbox, keys, lease
from workflows.wire.events import Event, RunAnswered, RunSignalled, RunWaiting
from workflows.wire.inbox import Letter
from workflows.wire.script import Answer, run_script

pytestmark = pytest.mark.contract


@dataclass(frozen=True)
class Shape:
    heading: str
    words: int = 100


calls: list[str] = []


@pytest.fixture(autouse=True)
def _fresh() -> None:
    calls.clear()


@component
async def work(name: str) -> str:
    calls.append(name)
    return name


@workflow("asks")
async def asks(seconds: float | None) -> str:
    await work("before")
    shape = await ask(Shape, title="Shape it", default=Shape("d"), timeout=seconds, key="shape")
    return f"{await work('after')} {shape.heading} {shape.words}"


@workflow("insists")
async def insists(seconds: float | None) -> str:
    return str(await ask(bool, title="Well?", timeout=seconds))


def waitings(events: list[Event]) -> list[RunWaiting]:
    return [event.body for event in events if isinstance(event.body, RunWaiting)]


def answers(events: list[Event]) -> list[RunAnswered]:
    return [event.body for event in events if isinstance(event.body, RunAnswered)]


def give(house: House, run: str, key: str, value: Any, by: str = "user") -> Answer:
    asked = house.state(run).asked[key].id
    call = inbox.answer_call(run, asked, Letter(by, value), nonce=uuid4().hex)
    return run_script(house.redis, call).answer


def send(house: House, run: str, name: str, value: Any = None) -> None:
    call = inbox.signal_call(run, RunSignalled(uuid4().hex, name, value))
    assert run_script(house.redis, call).ok


def over(house: House, run: str) -> bool:
    """Whether the question's time is over."""
    waiting = house.state(run).waiting
    return bool(waiting and waiting.until and waiting.until < lease.now_ms(house.redis))


def due(house: House, run: str) -> float:
    found = house.redis.zscore(keys.due(keys.bucket(run)), run)
    assert isinstance(found, float)
    return found


def parked(redis: Redis, run: str) -> bool:
    held = lease.lease(redis, run)
    return held is not None and held.released == inbox.PARKED


async def attempt(house: House, executor: Executor, run: str, flow: Any) -> None:
    async with asyncio.timeout(patience(15)):
        await executor.execute(house.order(run, flow))


async def test_a_run_that_asks_is_parked_and_goes_on_with_the_answer(house: House) -> None:
    run = house.queue(asks)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        assert parked(house.redis, run)
        assert executor.held == {}
        state = house.state(run)
        assert (state.status, state.waiting and state.waiting.key) == ("waiting", "shape")
        assert due(house, run) == float("inf")
        assert give(house, run, "shape", {"heading": "H", "words": 7}) is Answer.OK
        await attempt(house, executor, run, asks)
    state = house.state(run)
    assert (state.status, state.output, state.reason) == ("completed", "after H 7", "woken")
    assert calls == ["before", "after"], "what was finished is not done again"
    assert answers(house.events(run)) == [
        RunAnswered("shape", "user", {"heading": "H", "words": 7})
    ]


async def test_an_answered_question_is_not_asked_again(house: House) -> None:
    broken = asyncio.Event()

    @workflow("twice")
    async def twice(x: None) -> str:
        shape = await ask(Shape, key="shape")
        if not broken.is_set():
            broken.set()
            await asyncio.sleep(60)
        return shape.heading

    run = house.queue(twice)
    async with house.executor(twice) as executor:
        await attempt(house, executor, run, twice)
        give(house, run, "shape", {"heading": "H"})
        async with asyncio.TaskGroup() as group:
            group.create_task(attempt(house, executor, run, twice))
            await until(broken.is_set)
            group.create_task(attempt(house, executor, run, twice))
    assert house.state(run).output == "H"
    assert len(waitings(house.events(run))) == len(answers(house.events(run))) == 1


async def test_the_first_waiting_fixes_when_it_is_over(house: House) -> None:
    run = house.queue(asks, 1000.0)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        await attempt(house, executor, run, asks)
    first, second = waitings(house.events(run))
    assert first.until == second.until
    assert due(house, run) == pytest.approx(first.until, abs=1000)


async def test_when_the_time_is_over_the_default_counts(house: House) -> None:
    run = house.queue(asks, 0.4)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        if parked(house.redis, run):
            await until(lambda: over(house, run))
            await attempt(house, executor, run, asks)
    assert house.state(run).output == "after d 100"
    assert answers(house.events(run))[0].by == "timeout"


async def test_without_a_default_that_is_a_failure(house: House) -> None:
    run = house.queue(insists, 0.0)
    async with house.executor(insists) as executor:
        await attempt(house, executor, run, insists)
    error = house.state(run).error
    assert error is not None
    assert (error.type, error.message) == ("timeout", "Nobody answered in time: Well?")


async def test_a_late_answer_counts_until_somebody_acts(house: House) -> None:
    run = house.queue(asks, 0.6)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        assert parked(house.redis, run)
        await until(lambda: over(house, run))
        assert give(house, run, "shape", {"heading": "late"}) is Answer.OK
        await attempt(house, executor, run, asks)
    assert house.state(run).output == "after late 100"


async def test_beside_other_work_it_waits_in_its_place(house: House) -> None:
    go = asyncio.Event()

    @component
    async def long() -> str:
        await go.wait()
        return "long"

    @workflow("beside")
    async def beside(x: None) -> list[Any]:
        return list(await gather([ask(Shape, key="shape"), long()]))

    run = house.queue(beside)
    async with house.executor(beside) as executor, asyncio.TaskGroup() as group:
        group.create_task(attempt(house, executor, run, beside))
        await until(lambda: house.state(run).status == "waiting")
        give(house, run, "shape", {"heading": "H"})
        executor.nudge(run)
        await until(lambda: house.state(run).status == "running")
        go.set()
    assert house.state(run).output == [{"heading": "H", "words": 100}, "long"]
    assert house.state(run).starts == 1


async def test_it_parks_when_the_work_beside_it_is_done(house: House) -> None:
    @workflow("beside")
    async def beside(x: None) -> list[Any]:
        return list(await gather([ask(Shape, key="shape"), work("beside")]))

    run = house.queue(beside)
    async with house.executor(beside) as executor:
        await attempt(house, executor, run, beside)
        assert parked(house.redis, run)
        give(house, run, "shape", {"heading": "H"})
        await attempt(house, executor, run, beside)
    assert (house.state(run).status, calls) == ("completed", ["beside"])


async def test_questions_are_asked_one_after_the_other(house: House) -> None:
    @workflow("both")
    async def both(x: None) -> list[Any]:
        return list(await gather([ask(int, key="a"), ask(int, key="b")]))

    run = house.queue(both)
    async with house.executor(both) as executor:
        await attempt(house, executor, run, both)
        assert list(house.state(run).asked) == ["a"]
        give(house, run, "a", 1)
        await attempt(house, executor, run, both)
        give(house, run, "b", 2)
        await attempt(house, executor, run, both)
    assert house.state(run).output == [1, 2]


async def test_the_same_question_again_has_another_key(house: House) -> None:
    @workflow("loops")
    async def loops(x: None) -> list[int]:
        return [await ask(int, title="n") for _ in range(2)]

    run = house.queue(loops)
    async with house.executor(loops) as executor:
        await attempt(house, executor, run, loops)
        give(house, run, "int", 1)
        await attempt(house, executor, run, loops)
        assert give(house, run, "int", 5) is Answer.TAKEN
        give(house, run, "int-2", 2)
        await attempt(house, executor, run, loops)
    assert house.state(run).output == [1, 2]


async def test_an_answer_that_does_not_fit_is_asked_for_again(house: House) -> None:
    run = house.queue(insists)
    async with house.executor(insists) as executor:
        await attempt(house, executor, run, insists)
        give(house, run, "bool", {"no": "bool"})
        await attempt(house, executor, run, insists)
        state = house.state(run)
        assert (state.status, state.waiting and state.waiting.key) == ("waiting", "bool-2")
        assert "does not fit" in state.logs[-1][2]
        give(house, run, "bool-2", True)
        await attempt(house, executor, run, insists)
    assert house.state(run).output == "True"


async def test_a_long_sleep_is_parked_and_not_slept_again(house: House) -> None:
    @workflow("sleeps")
    async def sleeps(x: None) -> str:
        await gather([sleep(100), sleep(50)])
        return "awake"

    run = house.queue(sleeps)
    async with house.executor(sleeps) as executor:
        await attempt(house, executor, run, sleeps)
        assert parked(house.redis, run)
        state = house.state(run)
        first = min(asked.until or 0 for asked in state.asked.values())
        assert due(house, run) == pytest.approx(first, abs=1000)
        assert state.waiting is not None
        assert state.waiting.form_schema is None
        await attempt(house, executor, run, sleeps)
    again = {asked.until for asked in house.state(run).asked.values()}
    assert again == {asked.until for asked in state.asked.values()}


async def test_a_hold_stops_the_countdown(house: House) -> None:
    run = house.queue(asks, 1000.0)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        send(house, run, "hold")
        assert due(house, run) <= lease.now_ms(house.redis)
        await attempt(house, executor, run, asks)
        state = house.state(run)
        assert (state.status, state.waiting and state.waiting.until) == ("waiting", None)
        assert due(house, run) == float("inf")
        give(house, run, "shape", {"heading": "H"})
        await attempt(house, executor, run, asks)
    assert house.state(run).output == "after H 100"


async def test_signals_are_heard_in_place_and_by_every_later_attempt(house: House) -> None:
    seen: list[list[Any]] = []

    @workflow("hears")
    async def hears(x: None) -> bool:
        async for signal in signals():
            if signal.name == "finish":
                break
        seen.append(signals().values("add"))
        await ask(bool, key="ok")
        return signals().received("finish")

    run = house.queue(hears)
    async with house.executor(hears) as executor, asyncio.TaskGroup() as group:
        group.create_task(attempt(house, executor, run, hears))
        await until(lambda: house.state(run).spans)
        for name, value in (("add", 1), ("add", 2), ("finish", None)):
            send(house, run, name, value)
        executor.nudge(run)
    async with house.executor(hears) as executor:
        give(house, run, "ok", True)
        await attempt(house, executor, run, hears)
    assert house.state(run).output is True
    assert seen == [[1, 2], [1, 2]]
    names = [e.body.name for e in house.events(run) if isinstance(e.body, RunSignalled)]
    assert names == ["add", "add", "finish"]


async def test_the_deadline_does_not_count_the_wait(house: House) -> None:
    run = house.queue(asks, deadline_s=1.5)
    async with house.executor(asks) as executor:
        await attempt(house, executor, run, asks)
        await asyncio.sleep(1.6)
        give(house, run, "shape", {"heading": "H"})
        await attempt(house, executor, run, asks)
    assert house.state(run).status == "completed"


async def test_a_draining_worker_hands_over_what_waits_in_its_place(house: House) -> None:
    @component
    async def long() -> None:
        await asyncio.sleep(1)

    @workflow("beside")
    async def beside(x: None) -> None:
        await gather([ask(Shape, key="shape"), long()])

    run = house.queue(beside)
    async with house.executor(beside) as executor, asyncio.TaskGroup() as group:
        group.create_task(attempt(house, executor, run, beside))
        await until(lambda: house.state(run).status == "waiting")
        executor.drain()
        await executor.idle.wait()
    held = lease.lease(house.redis, run)
    assert held is not None
    assert held.released == "handed over"


async def test_outside_a_run_the_default_or_what_a_test_says() -> None:
    assert await ask(Shape, default=Shape("d")) == Shape("d")
    with pytest.raises(RuntimeError, match="outside a run"):
        await ask(Shape)
    with rehearsed(Shape("r"), signals={"finish": 1}):
        assert await ask(Shape) == Shape("r")
        assert signals().received("finish")
        assert [signal.value async for signal in signals()] == [1]
    assert not signals().received("finish")
    with pytest.raises(ValueError, match="does not fit"):
        await ask(bool, default="maybe")  # type: ignore[arg-type]


async def test_a_failure_for_want_of_an_answer_can_be_caught(house: House) -> None:
    @workflow("shrugs")
    async def shrugs(x: None) -> str:
        try:
            await ask(bool, timeout=0.0)
        except Failure as failure:
            return failure.type
        return "answered"

    state = await house.run(shrugs)
    assert state.output == "timeout"


async def test_parked_runs_hold_nothing(house: House) -> None:
    """However many: no run, no task, no thread, and no connection but those of the pool, which has
    as many as were in use at once."""
    async with house.executor(waits) as executor:
        await park(house, executor, 2 * AT_ONCE)
        before = held(executor)
        await park(house, executor, 2 * AT_ONCE)
        assert held(executor) == before
        assert before[0] == 0
