"""A component that is tried again takes over what it had finished: nothing is paid twice."""

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest

from tests.workflows.engine.house import House, until
from workflows.engine import Failure, Retry, component, exponential, gather, workflow
from workflows.engine.errors import LeaseLost
from workflows.wire.events import SpanCompleted, SpanStarted
from workflows.wire.state import State

QUICK = exponential(initial=0.001, max=0.002)


def busy() -> Failure:
    return Failure("provider_unavailable", "Busy.", retryable=True)


class Work:
    """Steps, and how often each was really done."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.fails: Counter[str] = Counter()

        @component
        async def step(name: str) -> list[str]:
            self.done[name] += 1
            self.trip(name)
            return [name]

        self.step = step

    def trip(self, name: str) -> None:
        if self.fails[name]:
            self.fails[name] -= 1
            raise busy()


def started(house: House, run: str) -> Counter[str | None]:
    return Counter(e.span for e in house.events(run) if isinstance(e.body, SpanStarted))


async def carried_out(house: House, flow: Any, run: str) -> State:
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    return house.state(run)


async def test_a_retry_of_the_parent_takes_over_its_finished_children(house: House) -> None:
    work = Work()
    work.fails["last"] = 2

    @component(retry=Retry(5, QUICK))
    async def parent() -> list[str]:
        first = await work.step("first")
        twice = [await work.step("same"), await work.step("same")]
        first += (await work.step("last")) + [said for [said] in twice]
        return first

    @workflow("again")
    async def again(_: Any) -> list[str]:
        return await parent()

    run = house.queue(again)
    state = await carried_out(house, again, run)
    assert state.output == ["first", "last", "same", "same"]
    assert work.done == {"first": 1, "same": 2, "last": 3}
    assert state.spans["again[0]/parent[0]"].tries == 3
    # The step that failed ran again under its own path; the finished ones did not.
    assert started(house, run) == {
        "again[0]": 1,
        "again[0]/parent[0]": 1,
        "again[0]/parent[0]/step[0]": 1,
        "again[0]/parent[0]/step[1]": 1,
        "again[0]/parent[0]/step[2]": 1,
        "again[0]/parent[0]/step[3]": 3,
    }


async def test_what_is_changed_after_the_call_does_not_change_what_is_taken_over(
    house: House,
) -> None:
    seen: list[list[str]] = []
    work = Work()

    @component(retry=Retry(2, QUICK))
    async def parent() -> None:
        got = await work.step("list")
        seen.append(list(got))
        got.append("changed")
        if len(seen) < 2:
            raise busy()

    @workflow("mutable")
    async def mutable(_: Any) -> None:
        await parent()

    assert (await house.run(mutable)).status == "completed"
    assert (seen, work.done["list"]) == ([["list"], ["list"]], 1)


async def test_it_holds_through_every_layer_below_the_one_that_is_tried_again(
    house: House,
) -> None:
    work = Work()
    work.fails["deep 2"] = work.fails["high 2"] = 1

    @component
    async def middle() -> list[list[str]]:
        return [await work.step("deep 1"), await work.step("deep 2")]

    @component(retry=Retry(4, QUICK))
    async def top() -> list[list[str]]:
        return [*await middle(), await work.step("high 1"), await work.step("high 2")]

    @workflow("layers")
    async def layers(_: Any) -> list[list[str]]:
        return await top()

    assert (await house.run(layers)).status == "completed"
    assert work.done == {"deep 1": 1, "deep 2": 2, "high 1": 1, "high 2": 2}


async def test_a_fallback_takes_over_what_the_function_had_finished(house: House) -> None:
    work = Work()
    work.fails["bad"] = 1

    async def plainly() -> list[str]:
        return await work.step("good")

    @component(fallback=plainly)
    async def parent() -> list[str]:
        await work.step("good")
        return await work.step("bad")

    @workflow("falls")
    async def falls(_: Any) -> list[str]:
        return await parent()

    state = await house.run(falls)
    assert (state.output, work.done) == (["good"], {"good": 1, "bad": 1})


async def test_gathered_children_that_finished_stay_finished(house: House) -> None:
    work = Work()
    work.fails["5"] = 1
    others = asyncio.Event()

    @component
    async def one(n: int) -> int:
        if n == 5:
            await others.wait()
        await work.step(str(n))
        if work.done.total() >= 9:
            others.set()
        return n

    @component(retry=Retry(3, QUICK))
    async def all_of_them() -> list[int]:
        return await gather([one(n) for n in range(10)])

    @workflow("many")
    async def many(_: Any) -> list[int]:
        return await all_of_them()

    state = await house.run(many)
    assert state.output == list(range(10))
    assert work.done == {str(n): 2 if n == 5 else 1 for n in range(10)}


async def test_a_crash_between_two_tries_changes_nothing(house: House) -> None:
    work = Work()
    stopped = asyncio.Event()

    @component(retry=Retry(3, QUICK))
    async def parent() -> list[str]:
        first = await work.step("first")
        if not stopped.is_set():
            if work.done["second"]:
                stopped.set()
                await asyncio.sleep(60)
            work.fails["second"] = 1
        return first + await work.step("second")

    @workflow("crashes")
    async def crashes(_: Any) -> list[str]:
        return await parent()

    run = house.queue(crashes)
    async with house.executor(crashes) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, crashes)))
        await until(stopped.is_set)
        executor.held[run].halt(LeaseLost("killed"))
    state = await carried_out(house, crashes, run)
    assert state.output == ["first", "second"]
    assert work.done == {"first": 1, "second": 2}
    ends = [e.span for e in house.events(run) if isinstance(e.body, SpanCompleted)]
    assert len(ends) == len(set(ends))


async def test_a_call_of_an_earlier_try_that_goes_on_keeps_its_identity(house: House) -> None:
    go, calls = threading.Event(), Counter[str]()

    @component
    def slow(n: int) -> int:
        calls["slow"] += 1
        if calls["slow"] == 1:
            go.wait(10)
        return calls["slow"]

    @component(timeout=1, retry=Retry(2, QUICK))
    def parent() -> Any:
        # In a thread, which no time-out stops: the first try's call is under way for all of it.
        calls["parent"] += 1
        value = slow(1)
        go.set()
        return value

    @workflow("threads")
    async def threads(_: Any) -> Any:
        return await parent()

    run = house.queue(threads)
    state = await carried_out(house, threads, run)
    assert (state.output, calls) == (2, {"parent": 2, "slow": 2})
    assert sorted(path for path in state.spans if "slow" in path) == [
        "threads[0]/parent[0]/slow[0]",
        "threads[0]/parent[0]/slow[1]",
    ]


async def test_what_nobody_may_ask_for_again_is_not_kept(house: House) -> None:
    work = Work()
    kept: list[int] = []

    @component(retry=Retry(2, QUICK))
    async def patient() -> None:
        await gather([work.step(str(n)) for n in range(5)])
        kept.append(len(executor.held[run].replay))

    @workflow("light")
    async def light(_: Any) -> None:
        await gather([work.step(f"light {n}") for n in range(5)])
        kept.append(len(executor.held[run].replay))
        await patient()
        kept.append(len(executor.held[run].replay))

    run = house.queue(light)
    async with house.executor(light) as executor:
        await executor.execute(house.order(run, light))
    assert kept == [0, 5, 0]


async def test_layers_that_hide_what_was_tried_add_their_tries_and_do_not_multiply(
    house: House,
) -> None:
    tries = 0

    @component(retry=Retry(3, QUICK))
    async def inner() -> None:
        nonlocal tries
        tries += 1
        raise busy()

    @component(retry=Retry(3, QUICK))
    async def middle() -> None:
        try:
            await inner()
        except Failure as error:
            raise ValueError("another") from error

    @component(retry=Retry(3, QUICK))
    async def outer() -> None:
        try:
            await middle()
        except ValueError as error:
            raise LookupError("yet another") from error

    @workflow("hides")
    async def hides(_: Any) -> None:
        await outer()

    state = await house.run(hides)
    assert (state.status, tries) == ("failed", 3 + 2 + 2)


async def test_one_run_tries_again_so_often_and_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engine.attempt.TRIES_AGAIN", 7)
    work = Work()
    work.fails["always"] = 100

    @component(retry=Retry(3, QUICK))
    async def once(n: int) -> str:
        work.done["once"] += 1
        work.trip("always")
        return "never"

    @workflow("tires")
    async def tires(_: Any) -> list[str]:
        return [await once.fallback(str)(n) for n in range(10)]

    state = await house.run(tires)
    assert state.output == [str(n) for n in range(10)]
    assert work.done["once"] == 10 + 7
    assert any("as often as it may" in message for _, _, message in state.logs)
