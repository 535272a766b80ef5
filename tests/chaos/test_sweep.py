"""The worker dies at each append that a blog run makes: before it, unheard, or just after it.

In this process, so that every point can be visited: a death closes everything and writes nothing.
The next attempt must end with the same post, do no finished span again and pay for no call twice
but for those that were open. `SWEEP=all` visits every point, else as many as a seed picks.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.chaos.verdict import SEED, notes, seeded, text_violations
from tests.fakes.checker import log_violations
from tests.workflows.engine.house import House
from workflows.blog.flow import write_blog
from workflows.engine.execute import Executor
from workflows.engine.journal import Journal
from workflows.engine.writer import Writer
from workflows.llm.offline import transport
from workflows.llm.openai import open_door
from workflows.wire.clients import connect_async, connect_writer
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.state import EMPTY, State

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

MODES = ("before", "unheard", "after", "reply lost")
SAMPLE = 5  # points of each mode
TOKENS_PER_SECOND = 2500
BRIEF = {"topic": "A licence", "notes": notes("Artistic")[:6000], "words": 300}


class Ledger(httpx2.AsyncBaseTransport):
    """The offline model, and what it was asked."""

    def __init__(self) -> None:
        self.asked: Counter[bytes] = Counter()
        self._model = transport(TOKENS_PER_SECOND)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked[await request.aread()] += 1
        return await self._model.handle_async_request(request)


class MortalWriter(Writer):
    """Its process dies at one of its appends."""

    def __init__(self, client: Any, mode: str, point: int) -> None:
        super().__init__(client)
        self._mode, self._point = mode, point
        self.sent = 0
        self.dead = asyncio.Event()

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        self.sent += 1
        if self._mode == "after" and self.sent == self._point + 1:
            await self._die()
        if self.sent != self._point or self._mode == "after":
            return await super()._send(commands)
        if self._mode == "before":
            await self._die()
        answers = await super()._send(commands)
        if self._mode == "unheard":
            await self._die()
        return [ConnectionError("the reply is lost") for _ in answers]

    def _widen(self, ready: list[Journal]) -> None:
        self._tick = 0.001  # many small appends: more places to die at

    async def _die(self) -> None:
        self.dead.set()
        await asyncio.get_running_loop().create_future()


@dataclass
class Sweep:
    """A house in which one run after the other is begun, killed, and begun again."""

    house: House
    ledger: Ledger
    wrong: list[str] = field(default_factory=list)

    def attempt(self, order: Order, mode: str = "", point: int = 0) -> int:
        """Carry out an order, until its end or its worker's; how many appends were made."""
        return asyncio.run(self._attempt(order, mode, point))

    async def _attempt(self, order: Order, mode: str, point: int) -> int:
        client, writing = connect_async(self.house.url), connect_writer(self.house.url)
        writer = MortalWriter(writing, mode, point)
        executor = Executor(
            {"blog": write_blog}, client=client, writer=writer, worker="mortal", lease_seconds=5
        )
        tasks = [asyncio.create_task(work) for work in (writer.run(), executor.execute(order))]
        dying = asyncio.create_task(writer.dead.wait())
        await asyncio.wait([dying, tasks[1]], return_when=asyncio.FIRST_COMPLETED)
        for task in (dying, *tasks):
            task.cancel()
        await asyncio.gather(dying, *tasks, return_exceptions=True)
        await client.aclose()
        await writing.aclose()
        return writer.sent

    def visit(self, mode: str, point: int, meant: State) -> None:
        """One run that dies there; what it did wrong is added to `wrong`."""
        self.ledger.asked.clear()
        run = self.house.queue(write_blog, BRIEF)
        self.attempt(self.house.order(run, write_blog), mode, point)
        before = self.house.events(run)
        left_open = open_calls(fold(EMPTY, before))
        if not before[-1].terminal:
            self.attempt(self.house.order(run, write_blog))
        events = self.house.events(run)
        state = fold(EMPTY, events)
        told = log_violations(events) + text_violations(state)
        if state.output != meant.output:
            told.append(f"ended as {state.status} with another post: {state.error}")
        if (again := self.ledger.asked.total() - len(self.ledger.asked)) > left_open:
            told.append(f"{again} calls were made again, {left_open} were open")
        self.wrong += [f"{mode} append {point}: {one}" for one in told]


def open_calls(state: State) -> int:
    """Calls that may have been under way: at most one in each step that had begun and not ended."""
    return sum(span.open and span.parent is not None for span in state.spans.values())


@pytest.fixture
def sweep(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    ledger = Ledger()
    door = open_door({"GX_OFFLINE_TOKENS_PER_SECOND": "0"}, transport=ledger)
    monkeypatch.setattr("workflows.llm.current_door", lambda: door)
    return Sweep(House(redis_url), ledger)


def undisturbed(sweep: Sweep) -> tuple[State, int]:
    """How the run ends when nobody dies, and its number of appends."""
    run = sweep.house.queue(write_blog, BRIEF)
    appends = sweep.attempt(sweep.house.order(run, write_blog))
    state = sweep.house.state(run)
    assert state.status == "completed", state.error
    assert sweep.ledger.asked.total() == len(sweep.ledger.asked), "equal calls in one run"
    return state, appends


@pytest.mark.parametrize("mode", MODES)
def test_a_death_at_any_append(sweep: Sweep, mode: str) -> None:
    meant, appends = undisturbed(sweep)
    points = list(range(1, appends + 1))
    if os.environ.get("SWEEP") != "all":
        points = sorted(seeded(mode).sample(points, min(SAMPLE, appends)))
    for point in points:
        sweep.visit(mode, point, meant)
    print(f"{mode}: {len(points)} of {appends} appends, SEED={SEED}")
    assert not sweep.wrong, "\n".join(sweep.wrong)


def test_a_run_whose_worker_dies_again_and_again_gets_on(sweep: Sweep) -> None:
    meant, _ = undisturbed(sweep)
    sweep.ledger.asked.clear()
    run = sweep.house.queue(write_blog, BRIEF)
    left_open = 0
    for life in range(3, 100):
        sweep.attempt(sweep.house.order(run, write_blog), "unheard", life)
        state = sweep.house.state(run)
        if state.ended:
            break
        left_open += open_calls(state)
    assert log_violations(sweep.house.events(run)) == []
    assert state.output == meant.output
    assert state.starts > 2
    assert sweep.ledger.asked.total() - len(sweep.ledger.asked) <= left_open
