"""Async generators: their items come live, and again from the log when they were whole."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.workflows.engine.house import House, until
from tests.workflows.engine.test_replay import finished, killed
from workflows.engine import (
    Failure,
    Retry,
    component,
    current,
    exponential,
    status,
    text,
    workflow,
)
from workflows.engine.drain import drain
from workflows.wire.events import SpanCompleted, SpanFailed, SpanStarted, Text


class Source:
    def __init__(self, count: int = 3) -> None:
        self.begun = 0
        self.made: list[str] = []
        self.closed = 0
        self.hold = asyncio.Event()
        self.hold.set()

        @component
        async def write(topic: str) -> AsyncIterator[str]:
            self.begun += 1
            try:
                for n in range(count):
                    await self.hold.wait()
                    self.made.append(delta := f"{topic} {n}.")
                    await text("draft").write(delta)
                    yield delta
            finally:
                self.closed += 1

        self.write = write


async def test_outside_a_run_it_is_the_generator() -> None:
    source = Source()
    assert [delta async for delta in source.write("a")] == ["a 0.", "a 1.", "a 2."]
    assert source.closed == 1


async def test_items_come_live_and_are_kept_when_it_has_ended(house: House) -> None:
    source, killing, seen = Source(), asyncio.Event(), list[list[str]]()

    @workflow("writes")
    async def writes(_: Any) -> str:
        got = []
        async for delta in source.write("a"):
            got.append(delta)
            # Each is made when it is asked for, inside its own span.
            assert seen or len(source.made) == len(got)
            scope = current()
            assert scope is not None
            assert scope.path == "writes[0]"
        seen.append(got)
        if not killing.is_set():
            killing.set()
            await asyncio.Event().wait()
        return "".join(got)

    run = house.queue(writes)
    await killed(house, writes, run, killing.wait)
    state = await finished(house, writes, run)
    assert state.output == "a 0.a 1.a 2."
    assert (source.begun, seen[0]) == (1, seen[1])
    span = state.spans["writes[0]/write[0]"]
    assert (span.status, span.output, state.replayed(span)) == ("completed", seen[0], True)
    assert state.channels["draft"].text == "a 0.a 1.a 2."
    assert {e.span for e in house.events(run) if isinstance(e.body, Text)} == {span.path}


async def test_one_that_was_cut_runs_again_from_its_beginning(house: House) -> None:
    source, killing = Source(), asyncio.Event()

    @workflow("cut")
    async def cut(_: Any) -> list[str]:
        got = []
        async for delta in source.write("a"):
            got.append(delta)
            if not killing.is_set() and len(got) == 2:
                killing.set()
                await asyncio.Event().wait()
        return got

    run = house.queue(cut)
    await killed(house, cut, run, killing.wait)
    state = await finished(house, cut, run)
    assert state.output == ["a 0.", "a 1.", "a 2."]
    assert (source.begun, source.closed) == (2, 2)
    assert state.channels["draft"].text == "a 0.a 1.a 2."


async def test_a_caller_that_leaves_stops_it(house: House) -> None:
    source = Source(100)

    @workflow("leaves")
    async def leaves(_: Any) -> str:
        async for delta in source.write("a"):
            return delta
        return "nothing"

    run = house.queue(leaves)
    state = await finished(house, leaves, run)
    assert (state.output, len(source.made), source.closed) == ("a 0.", 1, 1)
    ends = [e.body for e in house.events(run) if isinstance(e.body, SpanFailed)]
    assert len(ends) == 1
    assert not any(span.open for span in state.spans.values())


async def test_its_error_is_its_callers(house: House) -> None:
    @component
    async def fails(n: int) -> AsyncIterator[int]:
        yield n
        raise Failure("unreachable", "It is gone.")

    @workflow("meets an error")
    async def meets(_: Any) -> list[int]:
        got = []
        try:
            async for n in fails(1):
                got += [n]
        except Failure as error:
            status(error.message)
        return got

    state = await house.run(meets)
    assert state.output == [1]
    span = state.spans["meets an error[0]/fails[0]"]
    assert span.error is not None
    assert (span.status, span.error.type) == ("failed", "unreachable")


async def test_a_retry_above_takes_the_kept_items(house: House) -> None:
    source, tries = Source(), []

    @component(retry=3)
    async def above() -> list[str]:
        got = [delta async for delta in source.write("a")]
        tries.append(got)
        if len(tries) < 2:
            raise Failure("timeout", "Slow.", retryable=True)
        return got

    @workflow("above")
    async def flow(_: Any) -> list[str]:
        return await above()

    state = await house.run(flow)
    assert (state.output, source.begun, len(tries)) == (["a 0.", "a 1.", "a 2."], 1, 2)


async def test_only_its_own_time_counts() -> None:
    @component(timeout=0.8)
    async def quick() -> AsyncIterator[int]:
        for n in range(3):
            yield n

    @component
    async def slow() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    got = []
    async for n in quick():
        got.append(n)
        await asyncio.sleep(0.3)
    assert got == [0, 1, 2]
    with pytest.raises(Failure, match=r"slow took longer than 0\.01 s"):
        _ = [n async for n in slow.timeout(0.01)()]


async def test_a_time_out_of_its_own_code_keeps_its_type() -> None:
    @component(timeout=5)
    async def impatient() -> AsyncIterator[int]:
        yield 1
        raise TimeoutError

    with pytest.raises(TimeoutError):
        _ = [n async for n in impatient()]


async def test_calls_are_told_apart_and_named(house: House) -> None:
    source = Source(1)

    @workflow("many")
    async def many(_: Any) -> list[str]:
        writes = [source.write("a"), source.write.key("k").named("x").label("The x")("a")]
        return [delta for write in writes async for delta in write]

    state = await house.run(many)
    assert state.output == ["a 0.", "a 0."]
    assert sorted(state.spans) == ["many[0]", "many[0]/write[0]", 'many[0]/x["k"]']
    assert state.spans['many[0]/x["k"]'].label == "The x"


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="async generator"):

        @component(retry=3)
        async def tries() -> AsyncIterator[int]:
            yield 1


async def test_a_drain_waits_for_the_stream_and_no_longer(house: House) -> None:
    source = Source(2)
    source.hold.clear()

    @component
    async def after() -> None: ...

    @workflow("drains")
    async def drains(_: Any) -> None:
        async for _delta in source.write("a"):
            pass
        await after()

    run = house.queue(drains)
    async with house.executor(drains) as executor, asyncio.TaskGroup() as group:
        group.create_task(executor.execute(house.order(run, drains)))
        await until(lambda: source.begun)
        leaving = group.create_task(drain(executor, 20))
        await asyncio.sleep(0.05)
        assert not leaving.done()
        source.hold.set()
        await leaving
    ends = [e.body for e in house.events(run) if isinstance(e.body, SpanCompleted)]
    begun = [e.body.name for e in house.events(run) if isinstance(e.body, SpanStarted)]
    assert (len(ends), begun) == (1, ["drains", "write"])


async def test_the_stream_of_an_earlier_try_ends_with_that_try(house: House) -> None:
    source, tries = Source(), list[int]()

    @component(retry=Retry(2, exponential(initial=0.001)))
    async def above() -> list[str]:
        tries.append(1)
        got = []
        async for delta in source.write("a"):
            got.append(delta)
            if len(tries) == 1:
                raise Failure("timeout", "Slow.", retryable=True)
        return got

    @workflow("leaves one open")
    async def flow(_: Any) -> list[str]:
        return await above()

    run = house.queue(flow)
    state = await finished(house, flow, run)
    assert (state.output, source.begun) == (["a 0.", "a 1.", "a 2."], 2)
    path = "leaves one open[0]/above[0]/write[0]"
    kinds = [e.kind for e in house.events(run) if e.span == path and e.kind != "text"]
    assert kinds == ["span.started", "span.failed", "span.started", "span.completed"]


def test_a_method_is_no_component() -> None:
    with pytest.raises((TypeError, RuntimeError)) as refused:

        class Writer:
            @component
            async def write(self, topic: str) -> str:
                return topic

    error = refused.value
    assert "plain function" in f"{error} {error.__cause__}"
