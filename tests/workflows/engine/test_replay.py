"""A second attempt answers from the log what the first one has finished."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.workflows.engine.house import House, until
from workflows.engine import Workflow, component, current, gather, text, workflow
from workflows.engine.errors import LeaseLost
from workflows.engine.replay import Found, Replay
from workflows.engine.values import freeze
from workflows.wire.events import Log, SpanStarted
from workflows.wire.state import Span, State

HELPERS = 20


async def killed(house: House, flow: Workflow[..., Any], run: str, when: Any) -> None:
    """An attempt that ends without a word."""
    async with house.executor(flow) as executor, asyncio.TaskGroup() as group:
        task = group.create_task(executor.execute(house.order(run, flow)))
        await until(lambda: run in executor.held or task.done())
        await when()
        if run in executor.held:
            executor.held[run].halt(LeaseLost("killed"))


async def finished(house: House, flow: Workflow[..., Any], run: str) -> State:
    async with house.executor(flow) as executor:
        await executor.execute(house.order(run, flow))
    return house.state(run)


class Racing:
    """Plain helper coroutines that race under one parent, and a count of what they really did."""

    def __init__(self, dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        racing = self

        @component
        async def fetch(n: int) -> str:
            await asyncio.sleep(dice.random() / 100)
            racing.done[f"fetch {n}"] += 1
            return f"page {n}"

        @component
        async def roll() -> float:
            await asyncio.sleep(dice.random() / 100)
            racing.done["roll"] += 1
            return dice.random()

        async def helper(n: int) -> list[Any]:
            await asyncio.sleep(dice.random() / 100)
            page = await fetch(n)
            await asyncio.sleep(dice.random() / 200)
            return [page, await fetch(n + 1000), await roll()]

        @workflow("races")
        async def races(_: Any) -> list[Any]:
            return list(await asyncio.gather(*(helper(n) for n in range(HELPERS))))

        self.flow = races


@pytest.mark.parametrize("decade", range(10))
async def test_racing_helpers_never_repeat_a_finished_span(house: House, decade: int) -> None:
    for seed in range(decade * 10, decade * 10 + 10):
        dice = random.Random(seed)
        racing = Racing(dice)
        run = house.queue(racing.flow)
        patience = dice.random() / 25
        await killed(house, racing.flow, run, lambda p=patience: asyncio.sleep(p))
        first = house.state(run)
        racing.done.clear()
        state = await finished(house, racing.flow, run)
        kept = Counter(s.name for s in first.spans.values() if s.status == "completed")
        again = Counter(name.split()[0] for name in racing.done.elements())
        assert state.status == "completed", f"seed {seed}"
        assert again["fetch"] == 2 * HELPERS - kept["fetch"], f"seed {seed}"
        assert again["roll"] == HELPERS - kept["roll"], f"seed {seed}"
        assert [row[:2] for row in state.output] == [
            [f"page {n}", f"page {n + 1000}"] for n in range(HELPERS)
        ]
        assert state.taken_over == sum(kept.values()) or first.ended
        assert len({span.hash for span in state.spans.values()}) == len(state.spans)


@dataclass(frozen=True)
class Fact:
    when: datetime
    tags: frozenset[str]


async def test_what_comes_back_is_what_it_was(house: House) -> None:
    made = 0
    fact = Fact(datetime(2026, 1, 1), frozenset({"a"}))  # noqa: DTZ001 - stays without a zone
    seen: list[Any] = []
    killing = asyncio.Event()

    @component
    async def make() -> dict[int, Fact]:
        nonlocal made
        made += 1
        return {1: fact}

    @workflow("facts")
    async def facts(_: Any) -> None:
        seen.append(await make())
        if not killing.is_set():
            killing.set()
            await asyncio.sleep(60)

    run = house.queue(facts)
    await killed(house, facts, run, killing.wait)
    state = await finished(house, facts, run)
    assert (state.status, made, seen) == ("completed", 1, [{1: fact}, {1: fact}])
    assert (state.reason, state.starts, state.taken_over) == ("crashed", 2, 1)
    span = state.spans["facts[0]/make[0]"]
    assert state.replayed(span)
    assert span.attempt == 1


async def test_a_step_is_not_paid_again_because_a_result_was_masked(house: House) -> None:
    """What the log has of a page is masked: whoever was given the page before the crash is the same
    step after it."""
    done: list[str] = []
    stop, stopped = [True], asyncio.Event()

    @component
    async def page(n: int) -> str:
        done.append(f"page {n}")
        return f'curl -H "Authorization: Bearer sk_test_{n}4eC39HqLyjWDarj" https://example.org'

    @component
    async def read(page: str) -> int:
        done.append("read")
        return len(page)

    @workflow("reads pages with tokens")
    async def reads(_: Any) -> list[int]:
        found = [await read(await page(n)) for n in range(2)]
        if stop:
            stop.clear()
            stopped.set()
            await asyncio.Event().wait()
        return found

    run = house.queue(reads)
    await killed(house, reads, run, stopped.wait)
    state = await finished(house, reads, run)
    assert state.status == "completed"
    assert done == ["page 0", "read", "page 1", "read"]
    assert "sk_test" not in str(state.spans)


async def test_what_cannot_come_back_is_made_again_and_that_is_said(house: House) -> None:
    made = 0
    killing = asyncio.Event()

    class Local:
        pass

    @component
    async def make() -> Local:
        nonlocal made
        made += 1
        return Local()

    @workflow("locals")
    async def flow(_: Any) -> str:
        made = await make()
        if not killing.is_set():
            killing.set()
            await asyncio.sleep(60)
        return type(made).__name__

    run = house.queue(flow)
    await killed(house, flow, run, killing.wait)
    state = await finished(house, flow, run)
    assert (state.output, made) == ("Local", 2)
    warnings = [e.body.message for e in house.events(run) if isinstance(e.body, Log)]
    assert warnings[0] == "The result of locals[0]/make[0] cannot be kept: it would be made again."
    assert warnings[1].startswith("locals[0]/make[0] runs again, its result cannot be read back")


async def test_calls_that_cannot_be_told_apart_never_swap_results(house: House) -> None:
    killing = asyncio.Event()
    made: list[str] = []

    class Tool:
        def __init__(self, name: str) -> None:
            self.name = name

    @component
    async def use(tool: Tool) -> str:
        made.append(tool.name)
        return tool.name

    @workflow("tools")
    async def tools(_: Any) -> list[str]:
        order = ["a", "b"] if not killing.is_set() else ["b", "a"]
        results = [await use(Tool(name)) for name in order]
        results += [await use.key(name)(Tool(name)) for name in order]
        if not killing.is_set():
            killing.set()
            await asyncio.sleep(60)
        return results

    run = house.queue(tools)
    await killed(house, tools, run, killing.wait)
    state = await finished(house, tools, run)
    assert state.output == ["b", "a", "b", "a"]
    # Without a key they ran again; with one they did not.
    assert made == ["a", "b", "a", "b", "b", "a"]
    assert sum("use runs again" in message for _, _, message in state.logs) == 2


async def test_an_unfinished_span_runs_again_under_its_own_path(house: House) -> None:
    killing = asyncio.Event()

    @component
    async def write(n: int) -> int:
        await text(f"s{n}").write("half" if not killing.is_set() else "whole")
        if not killing.is_set() and n == 1:
            scope = current()
            assert scope is not None
            await scope.fence()
            killing.set()
            await asyncio.sleep(60)
        return n

    @workflow("writes")
    async def writes(_: Any) -> list[int]:
        order = [0, 1] if not killing.is_set() else [2, 1, 0]
        return [await write(n) for n in order]

    run = house.queue(writes)
    await killed(house, writes, run, killing.wait)
    assert house.state(run).channels["s1"].text == "half"
    state = await finished(house, writes, run)
    assert state.output == [2, 1, 0]
    shown = {span.path: span.input_preview for span in state.spans.values()}
    assert shown == {
        "writes[0]": '{"_":null}',
        "writes[0]/write[0]": '{"n":0}',
        "writes[0]/write[1]": '{"n":1}',
        "writes[0]/write[2]": '{"n":2}',
    }
    assert state.channels["s1"].text == "whole"


async def test_a_finished_root_answers_without_running(house: House) -> None:
    ran = 0

    @workflow("rooted")
    async def rooted(_: Any) -> list[int]:
        nonlocal ran
        ran += 1
        return await gather([])

    run = house.queue(rooted)
    await finished(house, rooted, run)
    house.redis.xdel(f"gx:{{{int(run[:2], 16) % 16}}}:{run}:log", str(house.events(run)[-1].id))
    assert house.state(run).status == "running"
    state = await finished(house, rooted, run)
    assert (state.status, state.output, ran) == ("completed", [], 1)
    assert sum(isinstance(e.body, SpanStarted) for e in house.events(run)) == 1


def test_a_replay_is_a_look_up_by_identity() -> None:
    done = Span("f[0]", "f", "h1", 1, status="completed", output=freeze(None))
    lost = Span("f[1]", "f", "h2", 1, status="lost")
    replay = Replay.of(State(spans={s.path: s for s in (done, lost)}))
    assert len(replay) == 1
    assert replay.paths == {"h1": "f[0]", "h2": "f[1]"}
    assert replay.answer("h2") is None
    assert replay.answer("h1") == Found(None)
    assert replay.answer("h1") is None
